"""Whether a quantity meets what a rule asks: exact for fractions, tolerant for numbers, never for what is unknown."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from toolkit.faults import UsageError
from toolkit.rules import Condition
from toolkit.scoring.conditions import asked, check, holds, known, meets, numbers, written


def condition(of="points", **asks):
    return Condition(of=of, **asks)


@pytest.mark.parametrize("value", [0, 0.0, "", "A", False, Fraction(0), np.float64(1), np.int64(0), float("inf")])
def test_what_is_there_is_known(value):
    assert known(value)


@pytest.mark.parametrize("value", [None, float("nan"), np.nan, np.float64("nan"), pd.NA])
def test_what_is_missing_is_not_known(value):
    assert not known(value)
    for bound in ({"min": -999}, {"above": -999}, {"max": 999}, {"below": 999}, {"among": ["nan", "None", "<NA>"]}):
        assert not meets(value, condition(**bound))


@pytest.mark.parametrize(
    ("key", "below", "at", "above"),
    [
        ("min", False, True, True),
        ("above", False, False, True),
        ("max", True, True, False),
        ("below", True, False, False),
    ],
)
def test_each_bound_at_its_edge(key, below, at, above):
    bound = Fraction(45)
    assert [holds(value, key, bound) for value in (44, 45, 46)] == [below, at, above]
    # numbers that differ by no more than 1e-9 are the same
    near, far = 5e-10, 5e-9
    assert [holds(45 + step, key, bound) for step in (-far, -near, near, far)] == [below, at, at, above]
    # fractions have no tolerance
    tiny = Fraction(1, 10**12)
    assert [holds(45 + step, key, bound) for step in (-tiny, Fraction(0), tiny)] == [below, at, above]


def test_shares_are_exact():
    half, third, thirty = Fraction(1, 2), Fraction(1, 3), Fraction("0.3")
    assert not holds(Fraction(50, 100), "below", half)
    assert holds(Fraction(49, 100), "below", half)
    assert not holds(Fraction(50, 100), "above", half)
    assert holds(Fraction(33, 99), "max", third)
    assert not holds(Fraction(34, 99), "max", third)
    # 50 of 167 prints as 30% and is below it; 51 of 170 is 30%
    assert not holds(Fraction(50, 167), "min", thirty)
    assert holds(Fraction(51, 170), "min", thirty)


def test_a_bound_below_nought():
    assert meets(-4, condition(min=-5))
    assert not meets(-6, condition(min=-5))


def test_several_bounds_are_all_to_be_met():
    between = condition(min=45, below=60)
    assert [meets(value, between) for value in (44, 45, 59.9, 60)] == [False, True, True, False]


def test_a_grade_is_one_of_some():
    good = condition("grade", among=["A", "B"])
    assert [meets(value, good) for value in ("A", "B", "C", "", None)] == [True, True, False, False, False]


def test_an_attribute_of_numbers_is_one_of_some_however_its_column_was_read():
    classes = condition("attribute.class", among=["01", "2", "2.5", "third"])
    for value in (1, 1.0, np.int64(1), np.float64(2), 2.5, Fraction(2)):
        assert meets(value, classes), value
    for value in (3, 0, 21, 2.25):
        assert not meets(value, classes), value
    # text is taken as it is written
    assert meets("01", classes)
    assert not meets("1", classes)


def test_an_attribute_may_be_one_of_some_and_within_bounds():
    both = condition("attribute.age", among=["30", "40"], max=35)
    assert [meets(value, both) for value in (30, 35, 40)] == [True, False, False]


def test_text_where_a_number_is_asked_is_told_and_not_taken_for_unmet():
    with pytest.raises(UsageError, match=r"attribute\.age is 'old', must be a number: a rule asks ≥ 18"):
        meets("old", condition("attribute.age", min=18))
    # of one of some nothing else is asked once it is none of them
    assert not meets("old", condition("attribute.age", among=["30"], min=18))


def test_numbers_of_a_quantity():
    mixed = pd.Series([1, Fraction(1, 4), None, np.nan, pd.NA, 2.5], list("abcdef"), dtype=object, name="points")
    found = numbers(mixed)
    assert found.dtype == float
    assert (found.index.tolist(), found.name) == (list("abcdef"), "points")
    np.testing.assert_array_equal(found, [1, 0.25, np.nan, np.nan, np.nan, 2.5])
    assert numbers(pd.Series([], dtype=object)).dtype == float
    with pytest.raises(UsageError, match=r"attribute\.rank of m2 is 'x', must be a number"):
        numbers(pd.Series([1, "x"], ["m1", "m2"], dtype=object, name="attribute.rank"))


# ------------------------------------------------------------------------------------------------------------- check


@pytest.fixture
def quantities():
    return pd.DataFrame(
        {
            "points": [50.0, 40.0, np.nan],
            "dissatisfied": pd.Series([Fraction(1, 4), None, Fraction(1, 2)], dtype=object, index=list("abc")),
            "grade": pd.Series(["A", "B", None], dtype=object, index=list("abc")),
        },
        index=list("abc"),
    )


ASKED = [
    condition(min=45),
    condition("dissatisfied", below="30%"),
    condition("grade", among=["A"]),
    condition("measure.hours", min=1),
]


def test_conditions_that_are_not_met_say_why(quantities):
    found = check(quantities, ASKED, about="stars 5", met=False)
    assert found.to_numpy().tolist() == [
        ["b", "stars 5", "unmet", "points", 40.0, "≥ 45"],
        ["c", "stars 5", "unknown", "points", None, "≥ 45"],
        ["b", "stars 5", "unknown", "dissatisfied", None, "< 0.3"],
        ["c", "stars 5", "unmet", "dissatisfied", Fraction(1, 2), "< 0.3"],
        ["b", "stars 5", "unmet", "grade", "B", "A"],
        ["c", "stars 5", "unknown", "grade", None, "A"],
        # a quantity that nobody has is not known of anybody
        ["a", "stars 5", "unknown", "measure.hours", None, "≥ 1"],
        ["b", "stars 5", "unknown", "measure.hours", None, "≥ 1"],
        ["c", "stars 5", "unknown", "measure.hours", None, "≥ 1"],
    ]


def test_conditions_that_are_met_say_by_what(quantities):
    found = check(quantities, ASKED, about="model", met=True)
    assert found.to_numpy().tolist() == [
        ["a", "model", "met", "points", 50.0, "≥ 45"],
        ["a", "model", "met", "dissatisfied", Fraction(1, 4), "< 0.3"],
        ["a", "model", "met", "grade", "A", "A"],
    ]


def test_values_keep_their_kind(quantities):
    found = check(quantities, [condition(min=45)], about="x", met=False)
    assert found["value"].dtype == object
    assert found["value"].iloc[1] is None
    assert {str(found[name].dtype) for name in ("ratee_id", "about", "code", "of", "bound")} == {"str"}
    empty = check(quantities.iloc[:0], ASKED, about="x", met=False)
    assert list(empty) == ["ratee_id", "about", "code", "of", "value", "bound"]
    assert len(empty) == 0
    assert check(quantities, [], about="x", met=True).empty


# -------------------------------------------------------------------------------------------------------------- text


@pytest.mark.parametrize(
    ("asks", "text"),
    [
        ({"min": 45}, "≥ 45"),
        ({"above": "50%"}, "> 0.5"),
        ({"max": "1/3"}, "≤ 1/3"),
        ({"below": -2.5}, "< -2.5"),
        ({"max": 60, "min": 45}, "≥ 45, ≤ 60"),
        ({"among": ["A", "B"]}, "A/B"),
        ({"among": ["A"], "min": 1}, "≥ 1, A"),
    ],
)
def test_what_a_condition_asks_as_text(asks, text):
    assert asked(condition("attribute.x", **asks)) == text


@pytest.mark.parametrize(
    ("bound", "text"),
    [
        (Fraction(45), "45"),
        (Fraction("0.3"), "0.3"),
        (Fraction(1, 3), "1/3"),
        (Fraction(-7, 2), "-3.5"),
        (Fraction(0), "0"),
        # ten digits are written out, of an eleventh the fraction is truer
        (Fraction("0.1234567891"), "0.1234567891"),
        (Fraction("0.12345678912"), "192901233/1562500000"),
    ],
)
def test_a_bound_is_written_as_it_was(bound, text):
    assert written(bound) == text

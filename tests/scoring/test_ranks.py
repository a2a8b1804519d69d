"""Ranks, cuts, grades and quotas: every number by hand."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from toolkit.rules import Grades
from toolkit.scoring.bands import places
from toolkit.scoring.grades import grade as propose
from toolkit.scoring.ranks import rank, reaches, settle

THIRD = Grades(bands={"A": 90, "B": 75, "C": 60, "D": 0}, quota={"A": {"max": "1/3", "within": "unit"}})


def table(scores, units="U", *, counts=True):
    frame = pd.DataFrame({"value": scores, "unit_id": units, "category": "member", "counts": counts})
    return frame.astype({"value": float})


def grade(ratees, rules):
    return propose(ratees, rules)[0]


def test_ties_share_the_best_place():
    assert rank([80, 90, 80, 70]).tolist() == [2, 1, 2, 4]
    assert rank([90, 80, 80, 70]).tolist() == [1, 2, 2, 4]


def test_ranks_have_a_tolerance_and_pass_over_missing_scores():
    found = rank([80.0, 80.0 + 5e-10, np.nan, 79.0, 80.0 + 5e-9])
    assert found[[0, 1, 3, 4]].tolist() == [2, 2, 4, 1]  # 5e-9 is a difference, 5e-10 is none
    assert np.isnan(found[2])
    assert rank([]).tolist() == []


def test_settle_makes_near_equal_scores_equal():
    assert settle([1.0, 1.0 + 4e-10, 2.0]).tolist() == [1.0 + 4e-10, 1.0 + 4e-10, 2.0]


def test_a_cut_is_left_closed():
    assert reaches([90, 89.9999999995, 89.99999, np.nan], 90).tolist() == [True, True, False, False]
    found = grade(table([90, 89.9, 75, 60, 59.99, 0, np.nan]), Grades(bands=THIRD.bands))
    assert found["grade"].tolist()[:6] == ["A", "B", "B", "C", "D", "D"]
    assert found["grade"].isna().tolist() == [False] * 6 + [True]


@pytest.mark.parametrize(("base", "expected"), [(29, 9), (32, 10), (33, 11), (2, 0), (3, 1), (0, 0)])
def test_a_third_is_exact(base, expected):
    assert places(np.array([base]), Fraction(1, 3)).tolist() == [expected]
    assert places(np.array([base]), THIRD.quota["A"].max).tolist() == [expected]


def test_thirty_per_cent_is_exact():
    # in floating point 0.3 * 10 * 10 is below 30 for some products; as a fraction 10 has exactly 3 places
    rules = Grades(bands=THIRD.bands, quota={"A": {"max": "30%"}})
    assert places(np.array([10, 9, 100]), rules.quota["A"].max).tolist() == [3, 2, 30]


@pytest.mark.parametrize(("base", "expected"), [(29, 9), (32, 10), (33, 11)])
def test_a_quota_takes_the_highest(base, expected):
    found = grade(table(np.linspace(100, 91, base)), THIRD)
    assert (found["grade"] == "A").sum() == expected
    assert found["grade"].tolist() == ["A"] * expected + ["B"] * (base - expected)
    assert found["band"].eq("A").all()
    assert found["places"].isna().sum() == expected
    assert found["places"].dropna().eq(expected).all()
    assert not found["tied"].any()


def test_a_straddling_tie_stays_out_whole_and_is_named():
    # six members have two places; the second and third are equal
    found = grade(table([99, 95, 95, 92, 80, 70]), THIRD)
    assert found["grade"].tolist() == ["A", "B", "B", "B", "B", "C"]
    assert found["tied"].tolist() == [False, True, True, False, False, False]
    # a tie that fits is no harm
    fits = grade(table([95, 95, 93, 92, 80, 70]), THIRD)
    assert fits["grade"].tolist() == ["A", "A", "B", "B", "B", "C"]
    assert not fits["tied"].any()


def test_a_quota_without_a_place_is_no_tie():
    found = grade(table([95, 95]), THIRD)
    assert found["grade"].tolist() == ["B", "B"]
    assert not found["tied"].any()


def test_exempt_members_neither_take_a_place_nor_are_limited():
    # three count: one place
    found = grade(table([99, 98, 97, 96], counts=[False, True, True, True]), THIRD)
    assert found["grade"].tolist() == ["A", "A", "B", "B"]


def test_unscored_members_are_outside_the_base():
    # without the two unscored four count, and a third of four is one place; with them there would be two
    found = grade(table([99, 98, 97, 96, np.nan, np.nan]), THIRD)
    assert found["grade"].tolist()[:4] == ["A", "B", "B", "B"]


def test_a_quota_holds_within_each_unit_or_over_the_study():
    scores = table([99, 98, 97, 91, 91.5, 70], units=["U", "U", "U", "V", "V", "V"])
    assert grade(scores, THIRD)["grade"].tolist() == ["A", "B", "B", "B", "A", "C"]
    study = Grades(bands=THIRD.bands, quota={"A": {"max": "1/3", "within": "study"}})
    assert grade(scores, study)["grade"].tolist() == ["A", "A", "B", "B", "B", "C"]


def test_who_stays_out_competes_for_the_next_grade():
    rules = Grades(bands=THIRD.bands, quota={"A": {"max": "1/3"}, "B": {"max": "1/3"}})
    # six: two places of each; 97 and 96 fall to B and take its places before 80 and 76
    found = grade(table([99, 98, 97, 96, 80, 76]), rules)
    assert found["grade"].tolist() == ["A", "A", "B", "B", "C", "C"]
    assert found["places"].tolist()[2:] == [2, 2, 2, 2]


def test_the_order_and_the_index_of_the_rows_do_not_matter():
    scores = table([99, 95, 95, 92, 80, 70]).sample(frac=1, random_state=1)
    found = grade(scores, THIRD).sort_index()
    assert found["grade"].tolist() == ["A", "B", "B", "B", "B", "C"]

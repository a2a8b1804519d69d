"""A fault says where it is, what was found, and what must be there, and never too much."""

import pytest

from toolkit.faults import MANY, Fault, StudyError, merged, one_of, several


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (
            Fault("members.csv", 3, "category", "cader", "must be one of cadre (nearest: cadre)"),
            "members.csv, row 3, category: 'cader': must be one of cadre (nearest: cadre)",
        ),
        (Fault("units.csv", None, "", "", "must be there"), "units.csv: must be there"),
        (Fault("t.csv", 2, "valid", "-1", "is wrong", 1), "t.csv, row 2, valid: '-1': is wrong (and 1 more row)"),
        (
            Fault("t.csv", 2, "valid", "-1", "is wrong", 4120),
            "t.csv, row 2, valid: '-1': is wrong (and 4,120 more rows)",
        ),
    ],
)
def test_a_fault_reads_as_a_sentence(fault, text):
    assert str(fault) == text


def test_a_long_value_is_cut():
    text = str(Fault("t.csv", 2, "name", "长" * 1000, "is long"))
    assert "长" * 60 + "...'" in text
    assert len(text) < 100


def test_an_error_counts_its_faults():
    one, two = Fault("a.csv", 1, "", "", "is wrong"), Fault("b.csv", 2, "", "", "is wrong")
    assert str(StudyError("folder", [one])).startswith("folder: 1 fault\n  a.csv, row 1: is wrong")
    error = StudyError("folder", iter([one, two]))
    assert error.faults == (one, two)
    assert str(error).splitlines()[0] == "folder: 2 faults"


@pytest.mark.parametrize(
    ("value", "known", "text"),
    [
        ("pear", ["peer", "public"], "must be one of peer, public (nearest: peer)"),
        ("zzz", ["peer", "public"], "must be one of peer, public"),
        ("1", ["0001", "001x", "11"], "must be one of 0001, 001x, 11 (nearest: 0001)"),  # Excel dropped the zeros
        ("m01", ["X01", "M01"], "must be one of X01, M01 (nearest: M01)"),
        ("", ["a"], "must be one of a"),
        ("x", [], "must be a known name, and there is none"),
    ],
)
def test_one_of_names_the_nearest(value, known, text):
    assert one_of(value, known) == text


def test_one_of_lists_some_names_only():
    text = one_of("M5000", [f"M{number:04}" for number in range(10_000)], "a member")
    assert text.startswith("must be a member: one of M0000, M0001")
    assert text.endswith("... (10,000 in all) (nearest: M5000)")
    assert len(text) < 200


def test_merged_keeps_the_first_row_and_counts_the_others():
    rows = [Fault("r.csv", row, "value", "x", "is wrong", more) for row, more in ((9, 0), (4, 2), (7, 0))]
    other = Fault("r.csv", 5, "value", "y", "is wrong")
    assert merged([*rows, other]) == [Fault("r.csv", 4, "value", "x", "is wrong", 4), other]


def test_several_lists_the_first_and_counts_the_rest():
    made = []

    def fault(number):
        made.append(number)
        return Fault("r.csv", number, "value", str(number), "is wrong")

    assert several([], fault) == []
    assert len(several(range(MANY), fault)) == MANY
    made.clear()
    faults = several(range(10_000), fault)
    assert len(faults) == MANY + 1
    assert faults[-1] == Fault("r.csv", None, "value", "", "9,980 further values are wrong in the same way")
    assert len(made) == MANY  # what a fault says may be costly: the nearest of ten thousand names

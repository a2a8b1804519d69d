"""Who is least satisfactory: every verdict by hand."""

from fractions import Fraction

import pytest
from small_opinions import PANELS, UNITS, bottom_of, of, row

from toolkit.scoring.bottom import VERDICTS

MANY = of(10, 1000, who="z")


def test_each_verdict_of_the_bottom_list():
    rows = [of(60, 100, who="a"), of(40, 100, who="b"), of(30, 100, who="c"), MANY, of(15, 20, who="f")]
    found = bottom_of(rows)
    assert found["verdict"].to_dict() == {"a": "bottom", "b": "bottom", "c": "other", "z": "unsupported", "f": "few"}
    assert set(found["verdict"]) == set(VERDICTS) - {"tied"}
    assert found["place"].tolist()[:2] == [1, 2]
    assert found["place"].isna().tolist() == [False, False, True, True, True]
    # about the others of a there are 100 + 100 + 1000 + 20 answers, of which 40 + 30 + 10 + 15 dissatisfied
    assert found["others"]["a"] == Fraction(95, 1220)
    assert found["others"]["z"] == Fraction(60 + 40 + 30 + 15, 320)
    assert found["dissatisfied"].tolist() == [
        Fraction(3, 5),
        Fraction(2, 5),
        Fraction(3, 10),
        Fraction(1, 100),
        Fraction(3, 4),
    ]
    assert found["n"].tolist() == [100, 100, 100, 1000, 20]
    assert found["kind"].eq("member").all()
    assert found["low"]["c"] == pytest.approx(0.2189, abs=1e-4)
    assert found["high"]["c"] == pytest.approx(0.3958, abs=1e-4)


def test_the_least_number_of_answers_is_enough():
    found = bottom_of([of(20, 30, who="a"), of(20, 29, who="b"), MANY])
    assert found["verdict"].tolist() == ["bottom", "few", "unsupported"]


def test_a_share_above_the_others_is_not_enough_if_its_interval_is_not():
    # 8 of 40 is twice 10%, but its interval begins at 0.105; 7 of 40 at 0.087
    found = bottom_of([of(8, 40, who="a"), of(100, 1000, who="z")])
    assert found["low"]["a"] == pytest.approx(0.1050, abs=1e-4)
    assert found["verdict"]["a"] == "bottom"
    found = bottom_of([of(7, 40, who="a"), of(100, 1000, who="z")])
    assert found["low"]["a"] == pytest.approx(0.0875, abs=1e-4)
    assert found["verdict"]["a"] == "unsupported"


def test_an_interval_that_begins_at_the_others_share_does_not_lie_above_it():
    found = bottom_of([of(20, 50, who="a", eligible=50), of(400, 1000, who="z")])
    assert found["low"]["a"] == float(found["others"]["a"]) == 0.4
    assert found["verdict"]["a"] == "unsupported"


def test_a_tie_that_straddles_the_last_place_stays_out_whole():
    rows = [of(60, 100, who="a"), of(40, 100, who="b"), of(80, 200, who="c"), of(30, 100, who="d"), MANY]
    found = bottom_of(rows)
    assert found["verdict"].tolist() == ["bottom", "tied", "tied", "other", "unsupported"]
    assert found["place"].isna().tolist() == [False, True, True, True, True]


def test_ties_share_a_place():
    rows = [of(60, 100, who="a"), of(60, 100, who="b"), of(40, 100, who="c"), MANY]
    found = bottom_of(rows, "bottom: {min: 30, places: 3}")
    assert found["verdict"].tolist() == ["bottom", "bottom", "bottom", "unsupported"]
    assert found["place"].tolist()[:3] == [1, 1, 3]
    found = bottom_of(rows, "bottom: {min: 30, places: 2}")
    assert found["verdict"].tolist() == ["bottom", "bottom", "other", "unsupported"]
    found = bottom_of(rows, "bottom: {min: 30, places: 1}")
    assert found["verdict"].tolist() == ["tied", "tied", "other", "unsupported"]


def test_who_is_not_shown_to_be_worse_takes_no_place():
    # of 3 of 6 little is known, with min 1 too
    found = bottom_of([of(3, 6, who="a"), of(40, 100, who="b"), of(100, 500, who="z")], "bottom: {min: 1, places: 1}")
    assert found["verdict"].tolist() == ["unsupported", "bottom", "unsupported"]
    assert found["place"]["b"] == 1


def test_members_and_units_are_lists_of_their_own():
    rows = [of(60, 100, who="a"), of(50, 100, who="O"), of(10, 1000, who="Q"), MANY]
    members = [{"member_id": name, "unit_id": "U"} for name in ("a", "z")]
    found = bottom_of(rows, "bottom: {places: 1}", members=members, units=UNITS)
    assert found["kind"].to_dict() == {"a": "member", "z": "member", "O": "unit", "Q": "unit"}
    assert found["others"].to_dict() == {
        "a": Fraction(1, 100), "z": Fraction(3, 5), "O": Fraction(1, 100), "Q": Fraction(1, 2),
    }  # fmt: skip
    assert found["place"].dropna().to_dict() == {"a": 1, "O": 1}


def test_nobody_is_worse_than_nobody():
    found = bottom_of([of(60, 100)])
    assert found["others"].tolist() == [None]
    assert found["verdict"].tolist() == ["unsupported"]


def test_nobody_is_worse_for_being_asked_about_by_a_stricter_panel():
    rows = [of(30, 60, who="a", panel="B"), of(500, 1000, who="z", panel="B"), of(10, 1000, who="z", panel="A")]
    # all others in one heap: 510/2000, and the interval of 30/60 begins at 0.377
    found = bottom_of(rows, "bottom: {}")
    assert found["others"]["a"] == Fraction(510, 2000)
    assert found["verdict"]["a"] == "bottom"
    # by weight a is compared with what B says of z
    found = bottom_of(rows, "bottom: {}, panels: {A: {weight: 0.5}, B: {weight: 0.5}}")
    assert found["others"].tolist() == [Fraction(1, 2), Fraction(1, 2)]
    assert found["verdict"]["a"] == "unsupported"


def test_others_weigh_by_panel_as_the_ratee_does():
    rows = [
        of(5, 10, who="a", panel="A"), of(5, 10, who="a", panel="B"),
        of(1, 10, who="k", panel="A"), of(8, 40, who="k", panel="B"), of(9, 10, who="k", panel="C"),
        of(3, 10, who="z", panel="A"),
    ]  # fmt: skip
    found = bottom_of(rows, f"bottom: {{}}, {PANELS}")
    # A: 4 of 20, B: 8 of 40; 1/5 in each
    assert found["others"]["a"] == Fraction(1, 5)
    # A: 8 of 20, B: 5 of 10; nobody else was asked about by C: (0.5 x 2/5 + 0.3 x 1/2) / 0.8
    assert found["others"]["k"] == Fraction(7, 16)
    assert found["others"]["z"] == Fraction(6, 20)
    # panels without weight or name have no say in it, though all that they say is bad
    silent = [of(10, 10, who=who, panel=panel) for who in "ak" for panel in ("D", "stranger")]
    more = PANELS.replace("C: {weight: 0.2}", "C: {weight: 0.2}, D: {weight: 0}")
    assert bottom_of([*rows, *silent], f"bottom: {{}}, {more}")["others"].equals(found["others"])
    assert bottom_of(silent, f"bottom: {{}}, {more}")["others"].tolist() == [None, None]
    # whom only C knows has nobody to be compared with
    found = bottom_of([rows[0], of(9, 10, who="k", panel="C")], f"bottom: {{}}, {PANELS}")
    assert found["others"].tolist() == [None, None]


def test_blank_answers_count_as_the_scheme_says_in_the_list_too():
    rows = [row("a", D=20, S=9, none=30), row("z", D=10, S=80, none=110)]
    outside = bottom_of(rows, "bottom: {min: 30}")
    assert outside[["n", "verdict", "others"]].loc["a"].tolist() == [29, "few", Fraction(10, 90)]
    inside = bottom_of(rows, "blank: inside, bottom: {min: 29}")
    assert inside[["n", "verdict", "others"]].loc["a"].tolist() == [29, "bottom", Fraction(10, 200)]
    assert inside["dissatisfied"]["a"] == Fraction(20, 59)
    silent = bottom_of([row("a", none=3), row("z", none=2)], "bottom: {}")
    assert silent["verdict"].tolist() == ["few", "few"]
    assert silent["others"].tolist() == silent["dissatisfied"].tolist() == [None, None]

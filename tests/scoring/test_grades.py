"""Grades by score, by votes, with conditions: every share exact, every number by hand."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from small_study import schemes_of

from toolkit.rules import Grades, Votes
from toolkit.scoring.grades import grade, vote_grades

SCHEME = schemes_of("""
scales:
  trust: {levels: {trust: 100, partly: 60, distrust: 0}, blank: [abstain]}
sources:
  mass: {weight: 0.6, scale: trust}
  peer: {weight: 0.4, scale: trust}
indicators:
  virtue: {weight: 0.5}
  results: {weight: 0.5, items: {delivery: {weight: 0.5}, service: {weight: 0.5}}}
""")["r"]
BANDS = {"excellent": 90, "good": 75, "fair": 60, "poor": 0}


def votes_of(*rules, **more):
    return Votes.model_validate({"source": "mass", "rules": list(rules)} | more)


def counts_of(ballots, source="mass"):
    """Rows of a tally from {(ratee, indicator): {level: count}}."""
    rows = [
        (ratee, source, indicator, level, count)
        for (ratee, indicator), levels in ballots.items()
        for level, count in levels.items()
    ]
    frame = pd.DataFrame(rows, columns=["ratee_id", "source", "indicator", "value", "count"])
    frame["weight"] = frame["count"].astype(float)
    return frame.astype(dict.fromkeys(["ratee_id", "source", "indicator", "value"], "category"))


def voted(ballots, votes, *more):
    counts = pd.concat([counts_of(ballots), *more], ignore_index=True)
    return vote_grades(counts, SCHEME, votes)


POOR = {"grade": "poor", "levels": ["trust"], "below": "1/2"}
FAIR = {"grade": "fair", "levels": ["trust"], "below": "2/3"}


# -------------------------------------------------------------------------------------------------------------- votes


def test_half_is_not_below_half():
    ballots = {
        ("m50", "overall"): {"trust": 50, "partly": 30, "distrust": 20},
        ("m49", "overall"): {"trust": 49, "partly": 31, "distrust": 20},
        ("m66", "overall"): {"trust": 66, "partly": 34},
        ("m200", "overall"): {"trust": 200, "partly": 100},
    }
    found = voted(ballots, votes_of(POOR, FAIR)).set_index("ratee_id")
    assert found["about"].to_dict() == {"m50": "fair", "m49": "poor", "m66": "fair"}  # 200 of 300 is 2/3 exactly
    assert found["value"].to_dict() == {"m50": Fraction(1, 2), "m49": Fraction(49, 100), "m66": Fraction(33, 50)}
    assert set(found["code"]) == {"votes"}
    assert set(found["of"]) == {"trust"}
    assert found["bound"].to_dict() == {"m50": "< 2/3", "m49": "< 0.5", "m66": "< 2/3"}


def test_the_first_rule_that_holds_decides():
    ballots = {("m", "overall"): {"trust": 1, "distrust": 9}}
    assert voted(ballots, votes_of(POOR, FAIR))["about"].tolist() == ["poor"]
    assert voted(ballots, votes_of(FAIR, POOR))["about"].tolist() == ["fair"]


def test_several_levels_are_added_and_all_bounds_must_hold():
    rule = {"grade": "good", "levels": ["trust", "partly"], "min": "1/3", "max": "2/3"}
    ballots = {
        ("a", "overall"): {"trust": 1, "partly": 0, "distrust": 3},  # 1/4
        ("b", "overall"): {"trust": 1, "partly": 1, "distrust": 4},  # 1/3
        ("c", "overall"): {"trust": 2, "partly": 2, "distrust": 2},  # 2/3
        ("d", "overall"): {"trust": 2, "partly": 3, "distrust": 2},  # 5/7
    }
    found = voted(ballots, votes_of(rule))
    assert found["ratee_id"].tolist() == ["b", "c"]
    assert found["value"].tolist() == [Fraction(1, 3), Fraction(2, 3)]
    assert found["of"].tolist() == ["trust/partly"] * 2
    assert found["bound"].tolist() == ["≥ 1/3, ≤ 2/3"] * 2


def test_a_rule_without_levels_always_holds():
    found = voted({("m", "overall"): {"trust": 9, "distrust": 1}}, votes_of(POOR, {"grade": "good"}))
    assert found.to_numpy().tolist() == [["m", "good", "votes", "", None, ""]]


def test_who_meets_no_rule_is_not_there():
    found = voted({("m", "overall"): {"trust": 9, "distrust": 1}}, votes_of(POOR))
    assert found.empty
    assert list(found) == ["ratee_id", "about", "code", "of", "value", "bound"]


@pytest.mark.parametrize(
    ("blank", "share", "graded"), [("outside", Fraction(1, 2), []), ("inside", Fraction(2, 5), ["poor"])]
)
def test_blank_votes_are_in_the_base_only_where_the_scheme_says_so(blank, share, graded):
    # 4 trust, 4 distrust; 1 abstains and 1 leaves the field empty: 4/8 or 4/10
    ballots = {("m", "overall"): {"trust": 4, "distrust": 4, "abstain": 1, "": 1}}
    assert voted(ballots, votes_of(POOR, blank=blank))["about"].tolist() == graded
    always = voted(ballots, votes_of({"grade": "good", "levels": ["trust"], "min": 0}, blank=blank))
    assert always["value"].tolist() == [share]


def test_blank_votes_are_outside_by_default():
    assert votes_of(POOR).blank == "outside"
    found = voted({("m", "overall"): {"trust": 4, "distrust": 4, "abstain": 2}}, votes_of(POOR))
    assert found.empty


@pytest.mark.parametrize("blank", ["outside", "inside"])
def test_without_a_valid_vote_nobody_is_graded(blank):
    ballots = {("m", "overall"): {"abstain": 5, "": 1}, ("k", "overall"): {"distrust": 1}}
    found = voted(ballots, votes_of(POOR, {"grade": "good"}, blank=blank))
    assert found["ratee_id"].tolist() == ["k"]


def test_only_the_votes_of_the_source_count():
    others = counts_of({("m", "overall"): {"trust": 100}, ("k", "overall"): {"distrust": 5}}, source="peer")
    found = voted({("m", "overall"): {"distrust": 1}}, votes_of(POOR), others)
    assert found["ratee_id"].tolist() == ["m"]
    assert found["value"].tolist() == [Fraction(0)]


@pytest.mark.parametrize(
    ("indicator", "share"),
    # virtue 1 of 2, results 0 of 1, delivery 3 of 4, service 0 of 3, the whole 10 of 10
    [("virtue", "1/2"), ("results", "3/8"), ("delivery", "3/4"), ("service", "0"), ("overall", "14/20")],
)
def test_votes_on_an_indicator_with_items_are_votes_on_all_of_them(indicator, share):
    ballots = {
        ("m", "virtue"): {"trust": 1, "distrust": 1},
        ("m", "results"): {"distrust": 1},
        ("m", "delivery"): {"trust": 3, "distrust": 1},
        ("m", "service"): {"distrust": 3},
        ("m", "overall"): {"trust": 10},
    }
    rule = {"grade": "good", "levels": ["trust"], "min": 0}
    assert voted(ballots, votes_of(rule, indicator=indicator))["value"].tolist() == [Fraction(share)]


def test_votes_are_on_the_whole_by_default_and_rounds_are_pooled():
    # two rounds of one ratee: 1 of 3 and 4 of 5, together 5 of 8
    rule = {"grade": "good", "levels": ["trust"], "min": "5/8"}
    again = counts_of({("m", "virtue"): {"trust": 4, "distrust": 1}})
    found = voted({("m", "overall"): {"trust": 1, "distrust": 2}}, votes_of(rule), again)
    assert found["value"].tolist() == [Fraction(5, 8)]


def test_no_votes_at_all():
    assert vote_grades(counts_of({}), SCHEME, votes_of(POOR)).empty


# ------------------------------------------------------------------------------------------------------------- grades


def ratees(values, *, counts=True):
    frame = pd.DataFrame({"value": values, "unit_id": "U", "category": "c", "counts": counts})
    return frame.set_axis([f"m{place}" for place in range(len(frame))]).astype({"value": float})


def by_votes(**grades):
    """What `vote_grades` returns, from the grade of each ratee."""
    rows = [(ratee, name, "votes", "trust", Fraction(1, 4), "< 0.5") for ratee, name in grades.items()]
    return pd.DataFrame(rows, columns=["ratee_id", "about", "code", "of", "value", "bound"])


def test_votes_take_the_place_of_the_score_in_both_directions_and_say_so():
    found, reasons = grade(
        ratees([95, 95, 10, np.nan]), Grades(bands=BANDS), votes=by_votes(m1="poor", m2="good", m3="fair")
    )
    assert found["grade"].tolist() == ["excellent", "poor", "good", "fair"]
    assert found["band"].tolist() == ["excellent", "poor", "good", "fair"]
    assert list(found) == ["grade", "band", "places", "tied"]
    assert reasons[["ratee_id", "about", "code", "value"]].to_numpy().tolist() == [
        ["m1", "poor", "votes", Fraction(1, 4)],
        ["m2", "good", "votes", Fraction(1, 4)],
        ["m3", "fair", "votes", Fraction(1, 4)],
    ]


def test_votes_on_somebody_else_change_nothing():
    found, reasons = grade(ratees([95]), Grades(bands=BANDS), votes=by_votes(other="poor"))
    assert found["grade"].tolist() == ["excellent"]
    assert reasons.empty


def test_no_votes_change_nothing():
    found, reasons = grade(ratees([95, np.nan]), Grades(bands=BANDS), votes=by_votes())
    assert found["grade"].tolist()[0] == "excellent"
    assert found["grade"].isna().tolist() == [False, True]
    assert reasons.empty


def test_a_grade_by_votes_must_meet_the_conditions_and_the_quota_too():
    rules = Grades(
        bands=BANDS, require={"excellent": [{"of": "vetoes", "max": 0}]}, quota={"excellent": {"max": "1/3"}}
    )
    quantities = pd.DataFrame({"vetoes": [0, 1, 0]}, ["m0", "m1", "m2"])
    # of three one may be excellent; m1 has a veto, m2 is voted excellent but m0 has the higher score
    found, reasons = grade(ratees([99, 98, 50]), rules, quantities, by_votes(m1="excellent", m2="excellent"))
    assert found["band"].tolist() == ["excellent"] * 3
    assert found["grade"].tolist() == ["excellent", "good", "good"]
    assert found["places"].isna().tolist() == [True, True, False]
    assert reasons[["ratee_id", "code"]].to_numpy().tolist() == [["m1", "votes"], ["m2", "votes"], ["m1", "unmet"]]
    assert reasons.index.tolist() == [0, 1, 2]


def test_without_quantities_nothing_that_is_asked_is_known():
    rules = Grades(bands=BANDS, require={"excellent": [{"of": "vetoes", "max": 0}]})
    found, reasons = grade(ratees([95, 80]), rules)
    assert found["grade"].tolist() == ["good", "good"]
    assert reasons[["ratee_id", "code"]].to_numpy().tolist() == [["m0", "unknown"]]


@pytest.mark.parametrize(("priority", "expected"), [("high", ["b", "b", "c"]), ("low", ["a", "b", "b"])])
def test_overlapping_grades_have_a_priority(priority, expected):
    bands = {"a": {"from": 0, "to": 70}, "b": {"from": 60, "to": 85}, "c": {"from": 80, "to": 100}}
    found, _ = grade(ratees([65, 75, 82]), Grades(bands=bands, priority=priority))
    assert found["grade"].tolist() == expected


def test_grades_by_points_may_begin_anywhere():
    found, _ = grade(ratees([-5, 0, 149, 150, 400]), Grades(of="points", bands={"low": -10, "middle": 0, "high": 150}))
    assert found["grade"].tolist() == ["low", "middle", "middle", "high", "high"]


def test_what_is_handed_in_stays_as_it_is():
    people, votes = ratees([95, 95]), by_votes(m1="poor")
    before = people.copy(), votes.copy()
    grade(people, Grades(bands=BANDS), votes=votes)
    pd.testing.assert_frame_equal(people, before[0])
    pd.testing.assert_frame_equal(votes, before[1])

"""Whole rounds, from ratings to grades, stars, targets and standards: every number by hand."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from small_rounds import (
    ONE,
    POINTS,
    SCALE,
    TWO_ROUNDS,
    YEAR,
    both,
    events,
    measures,
    people,
    rated,
    ratees_of,
    rows_of,
    values,
)
from small_study import ballots_of, make, ratings_of, schemes_of

from toolkit.faults import UsageError
from toolkit.scoring.scores import score

# -------------------------------------------------------------------------------------------------------------- grades


GRADED = (
    SCALE
    + ONE
    + """
measures: {hours: {}}
grades:
  bands: {excellent: 90, good: 70, poor: 0}
  quota: {excellent: {max: 1/3}}
  require: {excellent: [{of: measure.hours, min: 45}]}
"""
)


@pytest.mark.parametrize(("base", "places"), [(29, 9), (32, 10), (33, 11)])
def test_at_most_a_third_of_a_unit_is_excellent(base, places):
    scores = {f"m{place:02}": 100 - place / 10 for place in range(base)}
    hours = measures("r", "hours", **dict.fromkeys(scores, 45))
    found = ratees_of(score(make(GRADED, rated(scores), measures=hours)))
    assert found["grade"].tolist() == ["excellent"] * places + ["good"] * (base - places)
    assert found["band"].eq("excellent").all()
    assert found["places"].tolist()[places:] == [places] * (base - places)


def test_grades_with_their_reasons_ties_and_posts():
    post = {"post_id": "p", "member_id": "h", "unit_id": "U", "category": "", "share": 1}
    # six count, two places: of those with 45 hours 95, 95 and 93 stand for them; the tie at 95 fits
    ratings = rated({"m": 99, "k": 95, "n": 95, "o": 93, "p": 60, "z": 20})
    hours = measures("r", "hours", m=44, k=45, n=50, o=45)
    scores = score(make(GRADED, ratings, members=people(U="m k n o h z"), measures=hours, posts=[post]))
    found = ratees_of(scores)
    grades = {"m": "good", "k": "excellent", "n": "excellent", "o": "good", "h": "poor", "z": "poor", "p": None}
    assert values(found, "grade") == grades
    assert values(found, "band") == grades | {"m": "excellent", "o": "excellent"}
    assert values(found, "places") == dict.fromkeys(grades) | {"o": 2}
    assert not found["tied"].any()
    assert found["tied"].dtype == bool
    assert rows_of(scores.reasons, "round", "ratee_id", "about", "code", "value", "bound") == [
        ["r", "m", "grade excellent", "unmet", 44, "≥ 45"],
    ]
    tie = ratees_of(
        score(make(GRADED, rated({"m": 95, "k": 95, "n": 80}), measures=measures("r", "hours", m=45, k=45)))
    )
    assert values(tie, "tied") == {"m": True, "k": True, "n": False}
    assert values(tie, "grade") == {"m": "good", "k": "good", "n": "good"}


def test_units_neither_take_nor_need_a_place_among_the_members():
    text = GRADED.replace("grades:", "categories: {c: {}, body: {ratee: unit}}\ngrades:")
    units = [
        {"unit_id": "P", "category": "body", "parent_id": ""},
        {"unit_id": "U", "category": "body", "parent_id": "P"},
    ]
    members = [{"member_id": who, "unit_id": unit, "category": "c"} for who, unit in zip("mknh", "UUUP", strict=True)]
    everybody = {"m": 95, "k": 94, "n": 93, "h": 92, "U": 99, "P": 99}
    hours = measures("r", "hours", **dict.fromkeys(everybody, 45))
    found = ratees_of(score(make(text, rated(everybody), members=members, units=units, measures=hours)))
    assert values(found, "grade") == {
        "m": "excellent", "k": "good", "n": "good", "h": "good", "U": "excellent", "P": "excellent",
    }  # fmt: skip


def test_an_exempt_member_has_a_grade_and_takes_no_place():
    members = [{"member_id": who, "unit_id": "U", "exempt": "rating" if who == "m" else ""} for who in "mknh"]
    everybody = {"m": 99, "k": 95, "n": 94, "h": 93}
    hours = measures("r", "hours", **dict.fromkeys(everybody, 45))
    found = ratees_of(score(make(GRADED, rated(everybody), members=members, measures=hours)))
    assert values(found, "grade") == {"m": "excellent", "k": "excellent", "n": "good", "h": "good"}


def test_grades_by_index_or_by_points():
    text = SCALE + ONE + POINTS + "index: {components: {raters: {normalise: none}}}\ngrades: {of: %s, bands: {%s}}\n"
    happened = events(("2026-02-01", "m", "w", 15), ("2026-02-01", "k", "w", 5))
    ratings = ratings_of({("m", "a", "overall"): [80], ("k", "a", "overall"): [80] * 3})
    by_points = ratees_of(score(make(text % ("points", "top: 150, low: 0"), ratings, points=happened)))
    assert values(by_points, "grade") == {"m": "top", "k": "low"}
    by_index = ratees_of(score(make(text % ("index", "top: 2, low: 0"), ratings, points=happened)))
    assert values(by_index, "grade") == {"m": "low", "k": "top"}


def test_grades_by_an_attribute_that_is_text_are_refused():
    text = SCALE + ONE + "grades: {of: attribute.rank, bands: {a: 0}}\n"
    members = [{"member_id": "m", "unit_id": "U", "rank": "chief"}]
    with pytest.raises(UsageError, match=r"attribute\.rank of m is 'chief', must be a number"):
        score(make(text, rated({"m": 80}), members=members))


VOTED = (
    SCALE
    + """
sources: {a: {weight: 1, scale: s}, mass: {weight: 0, scale: v}}
grades:
  bands: {excellent: 90, good: 70, poor: 0}
  votes: {source: mass, rules: [{grade: poor, levels: ["yes"], below: 1/2}]}
"""
)


def test_half_of_the_trust_is_not_below_half():
    votes = {
        ("m", "mass", "overall"): {"yes": 50, "no": 50},
        ("k", "mass", "overall"): {"yes": 49, "no": 51, "unsure": 9},
    }
    scores = score(make(VOTED, rated({"m": 95, "k": 95, "h": 95}), ballots=ballots_of(votes)))
    assert values(ratees_of(scores), "grade") == {"m": "excellent", "k": "poor", "h": "excellent"}
    assert rows_of(scores.reasons, "ratee_id", "about", "code", "of", "value", "bound") == [
        ["k", "grade poor", "votes", "yes", Fraction(49, 100), "< 0.5"]
    ]


def test_votes_of_a_combined_round_are_those_of_its_rounds_and_votes_on_a_post_are_on_its_holder():
    ballots = {"r": {("m", "mass", "overall"): {"yes": 1, "no": 2}, ("p", "mass", "overall"): {"yes": 1, "no": 3}},
               "q": {("m", "mass", "overall"): {"yes": 2, "no": 1}, ("p", "mass", "overall"): {"yes": 1}}}  # fmt: skip
    paper = pd.concat([ballots_of(cells, name) for name, cells in ballots.items()], ignore_index=True).fillna("0")
    post = {"post_id": "p", "member_id": "h", "unit_id": "U", "category": "", "share": 1}
    ratings = both({"m": 95, "p": 95}, {"m": 95, "p": 95})
    scores = score(make(YEAR + VOTED, ratings, ballots=paper, members=people(U="m h"), posts=[post]))
    # m 1 of 3, 2 of 3, 3 of 6; h 1 of 4, 1 of 1, 2 of 5
    expected = {"r": ("poor", "poor"), "q": ("excellent", "excellent"), "y": ("excellent", "poor")}
    for name, (m, h) in expected.items():
        assert values(ratees_of(scores, name), "grade") == {"m": m, "h": h, "p": None}, name
    assert rows_of(scores.reasons, "round", "ratee_id", "value") == [
        ["r", "m", Fraction(1, 3)], ["r", "h", Fraction(1, 4)], ["y", "h", Fraction(2, 5)],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asks", "expected"),
    [
        ("{of: attribute.age, max: 60}", {"m": "good", "k": "poor", "h": "poor"}),
        ("{of: attribute.age, among: [59, 61]}", {"m": "good", "k": "good", "h": "poor"}),
        ("{of: attribute.rank, among: [chief]}", {"m": "good", "k": "poor", "h": "poor"}),
        ("{of: attribute.unheard_of, min: 0}", {"m": "poor", "k": "poor", "h": "poor"}),
    ],
)
def test_a_grade_may_ask_for_an_attribute(asks, expected):
    text = SCALE + ONE + f"grades: {{bands: {{good: 70, poor: 0}}, require: {{good: [{asks}]}}}}\n"
    cells = {"m": ("59", "chief"), "k": ("61", ""), "h": ("", "clerk")}
    members = [{"member_id": who, "unit_id": "U", "age": age, "rank": rank} for who, (age, rank) in cells.items()]
    found = ratees_of(score(make(text, rated(dict.fromkeys("mkh", 80)), members=members)))
    assert values(found, "grade") == expected


# --------------------------------------------------------------------------------------------------------------- stars


STARRED = (
    SCALE
    + ONE
    + """
categories: {farmer: {stars: {2: 55}}, office: {}, body: {ratee: unit}}
grades: {bands: {good: 70, poor: 0}}
stars:
  of: score
  bands: {1: 50, 2: 60, 3: 80}
  quota: {3: {max: 1/2, within: study}}
  require: {3: [{of: grade, among: [good]}, {of: raters, min: 1}]}
"""
)


def category_of(**kinds):
    return [{"member_id": who, "unit_id": "U", "category": kind} for who, kind in kinds.items()]


def test_stars_by_category_with_conditions_quota_and_ties():
    members = category_of(m="farmer", k="office", h="office", n="office", o="office")
    text = STARRED.replace("of: raters, min: 1", "of: raters, min: 2")
    given = {"m": [57, 57], "k": [57, 57], "h": [95], "n": [85, 85], "o": [40, 40], "U": [90, 90]}
    cells = {(ratee, "a", "overall"): values for ratee, values in given.items()}
    scores = score(make(text, ratings_of(cells), members=members, units=[{"unit_id": "U", "category": "body"}]))
    found = ratees_of(scores)
    # the unit alone has no place: half of one is none
    assert values(found, "stars") == {"m": 2, "k": 1, "h": 2, "n": 3, "o": 0, "U": 2}
    assert values(found, "star_band") == {"m": 2, "k": 1, "h": 3, "n": 3, "o": 0, "U": 3}
    assert values(found, "star_places") == {"m": None, "k": None, "h": None, "n": None, "o": None, "U": 0}
    assert found["star_tied"].dtype == bool
    assert not found["star_tied"].any()
    assert rows_of(scores.reasons, "ratee_id", "about", "of", "value") == [["h", "stars 3", "raters", 1]]
    assert values(scores.rungs["r"].quantities, "stars") == values(found, "stars")


def test_a_tie_for_the_last_place_of_stars():
    scores = score(
        make(STARRED, rated({"m": 95, "k": 90, "h": 90, "n": 50}), members=category_of(m="", k="", h="", n=""))
    )
    found = ratees_of(scores)
    assert values(found, "stars") == {"m": 3, "k": 2, "h": 2, "n": 1}
    assert values(found, "star_tied") == {"m": False, "k": True, "h": True, "n": False}


def test_stars_are_compared_with_those_of_the_round_before():
    text = STARRED.replace("scales:", TWO_ROUNDS + "scales:")
    members = category_of(m="", k="", h="", n="")
    scores = score(make(text, both({"m": 65, "k": 85, "h": 40}, {"m": 81, "k": 70, "n": 55}), members=members))
    first, second = ratees_of(scores), ratees_of(scores, "q")
    assert first[["stars_before", "value_before"]].isna().all(axis=None)
    assert values(second, "stars") == {"m": 3, "k": 2, "h": None, "n": 1}
    assert values(second, "stars_before") == {"m": 2, "k": 3, "h": 0, "n": None}
    assert values(second, "value_before") == {"m": 65, "k": 85, "h": 40, "n": None}


def test_a_combined_round_is_compared_with_the_combined_one_before():
    rounds = """rounds:
  r: {to: 2025-06-30}
  q: {to: 2025-12-31}
  old: {combine: {r: 0.5, q: 0.5}}
  s: {to: 2026-06-30}
  new: {combine: {s: 1}}
"""
    text = STARRED.replace("scales:", rounds + "scales:")
    parts = {"r": 50, "q": 70, "s": 90}
    rows = pd.concat(
        [ratings_of({("m", "a", "overall"): [value]}, name) for name, value in parts.items()], ignore_index=True
    )
    scores = score(make(text.replace("max: 1/2", "max: 1"), rows, members=category_of(m="")))
    found = scores.ratees.set_index("round")
    assert found["stars"].to_dict() == {"r": 1, "q": 2, "old": 2, "s": 3, "new": 3}
    assert values(found, "stars_before") == {"r": None, "q": 1, "old": None, "s": 2, "new": 2}
    assert values(found, "value_before") == {"r": None, "q": 50, "old": None, "s": 70, "new": 60}
    assert scores.ratees["round"].tolist() == ["r", "q", "old", "s", "new"]  # in the order of the scheme


def test_a_round_whose_scheme_has_no_stars_stands_before_one_that_has():
    plain = schemes_of(TWO_ROUNDS + SCALE + ONE)
    starred = schemes_of(STARRED.replace("scales:", TWO_ROUNDS + "scales:").replace("max: 1/2", "max: 1"))
    scores = score(make({"r": plain["r"], "q": starred["q"]}, both({"m": 65}, {"m": 81})))
    found = ratees_of(scores, "q").loc["m"]
    assert found["stars"] == 3
    assert np.isnan([found["stars_before"], found["value_before"]]).all()


CLUSTERED = (
    TWO_ROUNDS
    + SCALE
    + ONE
    + """
categories: {c: {}, body: {ratee: unit}}
stars: {of: score, cluster: {stars: 3, groups: 1, guardrail: 5}}
"""
)
LOW = {"a1": 10, "a2": 11, "a3": 12, "b1": 40, "b2": 41, "b3": 42, "c1": 80, "c2": 81, "c3": 82}
HIGH = {name: value + {"a": 0, "b": 20, "c": -20}[name[0]] for name, value in LOW.items()}


def clustered(first, second, units=()):
    members = [{"member_id": who, "unit_id": "U", "category": "c"} for who in LOW]
    bodies = [{"unit_id": "U", "category": ""}, *({"unit_id": unit, "category": "body"} for unit in units)]
    return score(make(CLUSTERED, both(first, second), members=members, units=bodies))


def test_cut_points_are_found_in_each_round_and_move_no_further_than_the_guardrail():
    # b rises from 40 to 60, c falls from 80 to 60: the middle and the upper cluster become 60, 60, 61, 61, 62, 62
    scores = clustered(LOW, {name: value + (20 if name[0] == "b" else 0) for name, value in LOW.items()})
    first, second = (scores.rungs[name].cuts["member"] for name in ("r", "q"))
    assert (first.found.tolist(), first.held.tolist()) == ([40, 80], [40, 80])
    assert (second.found.tolist(), second.held.tolist()) == ([60, 80], [45, 80])
    assert (
        ratees_of(scores)["stars"].tolist() == ratees_of(scores, "q")["stars"].tolist() == [1] * 3 + [2] * 3 + [3] * 3
    )
    down = clustered(LOW, {name: value - (20 if name[0] == "c" else 0) for name, value in LOW.items()})
    # c falls to 60-62, where the third star would begin; it begins at 75, and c has two
    assert down.rungs["q"].cuts["member"].found.tolist() == [40, 60]
    assert down.rungs["q"].cuts["member"].held.tolist() == [40, 75]
    assert ratees_of(down, "q")["stars"].tolist() == [1] * 3 + [2] * 6
    assert ratees_of(down, "q")["stars_before"].tolist() == [1] * 3 + [2] * 3 + [3] * 3


def test_cut_points_of_units_are_their_own_and_with_too_few_values_there_are_none():
    scores = clustered(LOW, LOW, units=["V", "W"])
    assert scores.rungs["r"].cuts["member"].held.tolist() == [40, 80]
    assert scores.rungs["r"].cuts["unit"].held.tolist() == []
    assert values(ratees_of(scores).loc[["V", "W"]], "stars") == {"V": None, "W": None}
    bodies = {"V": 20, "W": 50, "X": 90}
    scores = clustered(LOW | bodies, LOW, units=[*bodies])
    assert scores.rungs["r"].cuts["unit"].held.tolist() == [50, 90]
    assert values(ratees_of(scores).loc[[*bodies]], "stars") == {"V": 1, "W": 2, "X": 3}
    assert scores.rungs["q"].cuts["unit"].held.tolist() == []


def test_exempt_members_move_no_cut():
    members = [{"member_id": who, "unit_id": "U", "category": "c", "exempt": ""} for who in LOW]
    members += [{"member_id": f"x{k}", "unit_id": "U", "category": "c", "exempt": "rating"} for k in range(4)]
    study = make(CLUSTERED, both(LOW | {f"x{k}": 60 + k for k in range(4)}, {"a1": 1}), members=members)
    scores = score(study)
    assert scores.rungs["r"].cuts["member"].found.tolist() == [40, 80]
    assert ratees_of(scores).loc["x0", "stars"] == 2


def test_the_same_study_has_the_same_cuts():
    text = CLUSTERED.replace("groups: 1", "groups: 3")
    members = [{"member_id": who, "unit_id": "U", "category": "c"} for who in LOW]
    cuts = [
        score(make(text, both(LOW, HIGH), members=members)).rungs["r"].cuts["member"].found.tolist() for _ in range(2)
    ]
    assert cuts[0] == cuts[1]
    group = np.random.default_rng(0).permutation(9) % 3
    kept = [np.array(sorted(LOW.values()))[group != number] for number in range(3)]
    lowest = [[part[part >= 40].min(), part[part >= 80].min()] for part in kept]
    assert cuts[0] == pytest.approx(np.mean(lowest, axis=0))


# ----------------------------------------------------------------------------------------------- targets and standards


AIMED = (
    YEAR
    + SCALE
    + ONE
    + """
categories: {farmer: {targets: {score: 70}}, office: {}}
grades: {bands: {good: 75, poor: 0}}
stars: {of: score, bands: {1: 0, 2: 80}}
targets:
  - {reach: {score: 75}}
  - {from: 2026-07-01, reach: {stars: 2}}
  - {from: 2027-01-01, reach: {score: 99}}
  - {industries: [steel], reach: {score: 90}}
models: {star: {require: [{of: stars, min: 2}, {of: grade, among: [good]}]}}
"""
)


def test_targets_of_the_version_of_the_rounds_last_day_and_role_models():
    members = [
        {"member_id": who, "unit_id": unit, "category": kind}
        for who, unit, kind in (("m", "U", "farmer"), ("k", "V", "office"), ("h", "V", "farmer"))
    ]
    units = [{"unit_id": "U", "industry": ""}, {"unit_id": "V", "industry": "steel"}]
    study = make(AIMED, both({"m": 70, "k": 81, "h": 85}, {"m": 80, "k": 90}), members=members, units=units)
    scores = score(study)
    assert rows_of(scores.attainment, "round", "ratee_id", "of", "target", "value", "met", "since") == [
        ["r", "m", "score", 70, 70, True, ""],
        ["r", "k", "score", 90, 81, False, ""],
        ["r", "h", "score", 90, 85, False, ""],
        ["q", "m", "score", 70, 80, True, ""],
        ["q", "m", "stars", 2, 2, True, "2026-07-01"],
        ["q", "k", "score", 90, 90, True, ""],
        ["q", "k", "stars", 2, 2, True, "2026-07-01"],
        ["q", "h", "score", 90, None, False, ""],
        ["q", "h", "stars", 2, None, False, "2026-07-01"],
        # the year ends with its last round: m .4 x 70 + .6 x 80, k .4 x 81 + .6 x 90; h has .4 of it
        ["y", "m", "score", 70, pytest.approx(76), True, ""],
        ["y", "m", "stars", 2, 1, False, "2026-07-01"],
        ["y", "k", "score", 90, pytest.approx(86.4), False, ""],
        ["y", "k", "stars", 2, 2, True, "2026-07-01"],
        ["y", "h", "score", 90, None, False, ""],
        ["y", "h", "stars", 2, None, False, "2026-07-01"],
    ]
    assert rows_of(scores.models, "round", "ratee_id", "standard", "of", "value") == [
        ["r", "k", "star", "stars", 2], ["r", "k", "star", "grade", "good"],
        ["r", "h", "star", "stars", 2], ["r", "h", "star", "grade", "good"],
        ["q", "m", "star", "stars", 2], ["q", "m", "star", "grade", "good"],
        ["q", "k", "star", "stars", 2], ["q", "k", "star", "grade", "good"],
        ["y", "k", "star", "stars", 2], ["y", "k", "star", "grade", "good"],
    ]  # fmt: skip

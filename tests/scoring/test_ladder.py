"""Whole rounds, from ratings to points, satisfaction and the index: every number by hand."""

from dataclasses import replace
from fractions import Fraction

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
from small_study import ballots_of, make, ratings_of

from toolkit.scoring.scores import score

# --------------------------------------------------------------------------------------------- means that are practised


VOTES = {("m", "votes", "overall"): {"excellent": 21, "good": 7, "fair": 1, "poor": 1}}
OFFICE = """
scales:
  s: {low: 0, high: 100}
  w: {levels: {excellent: 100, good: 85, fair: 70, poor: 50}}
"""


def test_daily_points_at_60_and_votes_at_40_per_cent():
    # 21 x 100 + 7 x 85 + 70 + 50 = 2815 over 30: 93.8333; .6 x 88 + .4 x 93.8333 = 90.3333
    text = (
        OFFICE
        + """
sources: {votes: {weight: 1, scale: w}}
measures: {daily: {}}
index: {components: {daily: {of: measure.daily, weight: 0.6}, votes: {of: score, weight: 0.4}}}
"""
    )
    found = ratees_of(score(make(text, ballots=ballots_of(VOTES), measures=measures("r", "daily", m=88)))).loc["m"]
    assert found["score"] == pytest.approx(2815 / 30)
    assert found["index"] == pytest.approx(90.3333, abs=5e-5)
    # the same two as sources of one score
    text = OFFICE + "sources: {daily: {weight: 0.6, scale: s}, votes: {weight: 0.4, scale: w}}\n"
    study = make(text, rated({"m": 88}, "daily"), ballots=ballots_of(VOTES))
    assert ratees_of(score(study)).loc["m", "score"] == pytest.approx(90.3333, abs=5e-5)


def test_the_means_of_three_groups_of_raters_and_an_extra():
    # .2 x 90 + .4 x 85 + .4 x 88 = 18 + 34 + 35.2 = 87.2, and 2 more
    text = (
        SCALE
        + """
sources: {leader: {weight: 20, scale: s}, staff: {weight: 40, scale: s}, team: {weight: 40, scale: s}}
measures: {bonus: {}}
index: {components: {score: {}}, extras: {bonus: {of: measure.bonus}}}
"""
    )
    cells = {
        ("m", "leader", "overall"): [90],
        ("m", "staff", "overall"): [80, 90],
        ("m", "team", "overall"): [88, 88, 88],
    }
    found = ratees_of(score(make(text, ratings_of(cells), measures=measures("r", "bonus", m=2)))).loc["m"]
    assert found["score"] == pytest.approx(87.2)
    assert found["index"] == pytest.approx(89.2)


def test_with_more_than_5_raters_the_highest_and_the_lowest_are_dropped():
    text = SCALE + "sources: {a: {weight: 1, scale: s, trim: {drop: 1, above: 5}}}\n"
    # without 99 and 60: (95 + 90 + 88 + 70) / 4; five are left whole: 403 / 5
    cells = {("m", "a", "overall"): [95, 90, 88, 70, 99, 60], ("k", "a", "overall"): [95, 90, 88, 70, 60]}
    found = ratees_of(score(make(text, ratings_of(cells))))
    assert found.loc["m", "score"] == 85.75
    assert found.loc["k", "score"] == pytest.approx(80.6)


# ------------------------------------------------------------------------------------------------- points, satisfaction


def test_points_by_dimension_and_vetoes_can_be_asked():
    text = (
        TWO_ROUNDS
        + SCALE
        + ONE
        + POINTS
        + """
models:
  keen: {require: [{of: points.study, min: 4}]}
  clean: {require: [{of: vetoes, max: 0}, {of: points, min: 1}]}
"""
    )
    happened = events(
        ("2026-02-01", "m", "s", 3), ("2026-03-01", "k", "s", 2), ("2026-03-01", "k", "x", 1),
        ("2026-08-01", "h", "w", 1), ("2026-03-01", "p", "w", 1),
    )  # fmt: skip
    post = {"post_id": "p", "member_id": "h", "unit_id": "U", "category": "", "share": 1}
    study = make(
        text,
        both({"m": 80, "k": 80, "h": 80}, {"m": 80, "p": 80}),
        members=people(U="m k h"),
        points=happened,
        posts=[post],
    )
    scores = score(study)
    first, second = ratees_of(scores), ratees_of(scores, "q")
    # of h an event of his post; p itself has no points, as it has no quantities
    assert values(first, "points") == {"m": 6, "k": 0, "h": 10}
    assert values(first, "vetoes") == {"m": 0, "k": 1, "h": 0}
    assert values(second, "points") == {"m": 6, "k": 0, "h": 20, "p": None}
    assert rows_of(scores.models, "round", "ratee_id", "standard") == [
        ["r", "m", "keen"], ["r", "k", "keen"],
        ["r", "m", "clean"], ["r", "m", "clean"], ["r", "h", "clean"], ["r", "h", "clean"],
        ["q", "m", "keen"], ["q", "k", "keen"],
        ["q", "m", "clean"], ["q", "m", "clean"], ["q", "h", "clean"], ["q", "h", "clean"],
    ]  # fmt: skip
    assert set(scores.ledger["round"]) == set(scores.points["round"]) == {"r", "q"}
    assert scores.ledger["got"].sum() == pytest.approx(scores.points.query("dimension == ''")["points"].sum())


OPINIONS = "satisfaction: {scale: v, dissatisfied: [no], topics: {work: {}, style: {}}, panels: {p: {}}}\n"


def opinions(*rows):
    names = ("round", "subject_id", "topic", "yes", "no", "unsure")
    return [dict(zip(names, row, strict=True)) | {"panel": "p"} for row in rows]


def test_satisfaction_by_topic_and_exact_shares_can_be_asked():
    text = (
        SCALE
        + ONE
        + OPINIONS
        + """
grades:
  bands: {good: 60, fair: 0}
  require: {good: [{of: dissatisfied, below: 30%}, {of: satisfaction.style, min: 50}]}
index: {components: {score: {weight: 0.5}, satisfaction: {weight: 0.5}}}
"""
    )
    told = opinions(
        ("r", "m", "work", "117", "50", "9"), ("r", "m", "style", "0", "0", "9"),
        ("r", "k", "work", "7", "3", "0"), ("r", "k", "style", "1", "0", "0"),
        ("r", "h", "style", "71", "29", "0"),
    )  # fmt: skip
    scores = score(make(text, rated(dict.fromkeys("mkhn", 80)), satisfaction=told))
    found = ratees_of(scores)
    # m: 117 of 167 are satisfied, 50 of 167 are not; k 8 and 3 of 11; h 71 and 29 of 100
    assert values(found, "satisfaction") == pytest.approx({"m": 11700 / 167, "k": 800 / 11, "h": 71, "n": None})
    assert values(found, "dissatisfied") == pytest.approx({"m": 50 / 167, "k": 3 / 11, "h": 0.29, "n": None})
    assert found["dissatisfied"].dtype == float
    quantities = scores.rungs["r"].quantities
    assert quantities.loc["m", "dissatisfied"] == Fraction(50, 167)
    assert quantities.loc["n", "dissatisfied"] is None
    assert quantities.loc["k", "dissatisfied.work"] == Fraction(3, 10)
    # 50 of 167 is below 30%, but nobody said anything of the style of m; of n nothing is known
    assert values(found, "grade") == {"m": "fair", "k": "good", "h": "good", "n": "fair"}
    assert rows_of(scores.reasons, "ratee_id", "about", "code", "of") == [
        ["n", "grade good", "unknown", "dissatisfied"],
        ["m", "grade good", "unknown", "satisfaction.style"],
        ["n", "grade good", "unknown", "satisfaction.style"],
    ]
    assert found["index"].to_dict() == pytest.approx({"m": 40 + 5850 / 167, "k": 40 + 400 / 11, "h": 75.5, "n": 80})
    assert found["index_coverage"].to_dict() == pytest.approx({"m": 1, "k": 1, "h": 1, "n": 0.5})


def test_what_the_scheme_has_no_rules_for_is_missing():
    scores = score(make(SCALE + ONE, rated({"m": 80})))
    found = ratees_of(scores).loc["m"]
    missing = ["points", "vetoes", "satisfaction", "dissatisfied", "index", "index_low", "index_high", "index_coverage"]
    missing += ["level", "grade", "band", "places", "stars", "star_band", "star_places", "stars_before", "value_before"]
    assert found[missing].isna().all()
    assert (found["tied"], found["star_tied"]) == (False, False)
    assert scores.ratees["tied"].dtype == bool
    for frame in (scores.ledger, scores.points, scores.satisfaction, scores.bottom, scores.components,
                  scores.attainment, scores.models, scores.reasons):  # fmt: skip
        assert frame.empty
        assert frame.columns[0] == "round"
    assert scores.rungs["r"].cuts == {}


# ------------------------------------------------------------------------------------------------------------- index


def test_an_index_with_its_level_and_its_interval():
    text = (
        SCALE
        + ONE
        + """
measures: {hours: {}}
index:
  components: {score: {weight: 0.5}, hours: {of: measure.hours, weight: 0.5, high: 40}}
  bands: {low: 0, fair: 60, high: 80}
"""
    )
    cells = {("m", "a", "overall"): [85, 95], ("k", "a", "overall"): [90]}
    scores = score(
        make(text, ratings_of(cells), members=people(U="m k n"), measures=measures("r", "hours", m=28, k=10, n=10))
    )
    found = ratees_of(scores)
    # 28 hours are 70, 10 are 25: (90 + 70) / 2, (90 + 25) / 2, and 25 alone
    assert values(found, "index") == {"m": 80, "k": 57.5, "n": 25}
    assert values(found, "level") == {"m": "high", "k": "low", "n": "low"}
    assert values(found, "index_coverage") == {"m": 1, "k": 1, "n": 0.5}
    m = found.loc["m"]
    assert m["index_low"] == pytest.approx((m["low"] + 70) / 2)
    assert m["index_high"] == pytest.approx((m["high"] + 70) / 2)
    # one rater has no interval, and who has no score has none either
    assert found.loc[["k", "n"], ["index_low", "index_high"]].isna().all(axis=None)
    quantities = scores.rungs["r"].quantities
    assert values(quantities, "index") == {"m": 80, "k": 57.5, "n": 25}
    assert values(quantities, "index.hours") == {"m": 70, "k": 25, "n": 25}
    assert values(quantities, "index.score") == {"m": 90, "k": 90, "n": None}
    assert quantities["index_low"]["m"] == m["index_low"]
    assert quantities["index_high"]["m"] == m["index_high"]


def test_below_the_least_coverage_there_is_neither_index_nor_level_nor_stars():
    text = (
        SCALE
        + ONE
        + """
missing: {min_coverage: 0.6}
measures: {hours: {}}
index: {components: {score: {weight: 0.5}, hours: {of: measure.hours, weight: 0.5}}, bands: {all: 0}}
stars: {bands: {1: 0}}
"""
    )
    found = ratees_of(score(make(text, rated({"m": 80, "k": 80}), measures=measures("r", "hours", k=60))))
    assert values(found, "index") == {"m": None, "k": 70}
    assert values(found, "level") == {"m": None, "k": "all"}
    assert values(found, "stars") == {"m": None, "k": 1}
    assert values(found, "index_coverage") == {"m": 0.5, "k": 1}


def test_a_category_has_its_own_weights_of_the_index():
    text = (
        SCALE
        + ONE
        + """
measures: {hours: {}}
categories: {farmer: {index: {score: 0.2, hours: 0.8}}, office: {}}
index: {components: {score: {weight: 0.5}, hours: {of: measure.hours, weight: 0.5}}}
"""
    )
    members = [{"member_id": who, "unit_id": "U", "category": kind} for who, kind in (("m", "farmer"), ("k", "office"))]
    study = make(text, rated({"m": 90, "k": 90}), members=members, measures=measures("r", "hours", m=50, k=50))
    assert values(ratees_of(score(study)), "index") == pytest.approx({"m": 58, "k": 70})  # 18 + 40; 45 + 25


UNITS = (
    SCALE
    + ONE
    + """
measures: {hours: {}}
categories: {c: {}, body: {ratee: unit}}
index:
  components: {score: {}}
  units:
    components:
      people: {of: members.index, weight: 0.5}
      score: {weight: 0.3}
      hours: {of: members.measure.hours, weight: 0.2}
    extras: {own: {of: measure.hours}}
stars: {bands: {1: 0, 2: 70}, quota: {2: {max: 1/2}}}
"""
)
TREE = [
    {"unit_id": "P", "parent_id": "", "category": "body"},
    {"unit_id": "U", "parent_id": "P", "category": "body"},
    {"unit_id": "V", "parent_id": "P", "category": "body"},
    {"unit_id": "W", "parent_id": "V", "category": ""},
]


def tree_study(text=UNITS):
    members = [
        {"member_id": who, "unit_id": unit, "category": "c", "exempt": exempt}
        for who, unit, exempt in (("m", "U", ""), ("k", "U", ""), ("x", "U", "rating"), ("h", "W", ""))
    ]
    hours = measures("r", "hours", m=40, k=20, h=60, U=1) + measures("r", "hours", x=100)
    ratings = rated({"m": 90, "k": 70, "x": 10, "h": 60, "U": 50, "V": 100})
    return make(text, ratings, members=members, units=TREE, measures=hours)


def test_the_index_of_a_unit_is_made_of_its_members_and_those_of_the_units_below_without_the_exempt():
    scores = score(tree_study())
    found = ratees_of(scores)
    # U: members 80, its own score 50, hours 30: 40 + 15 + 6, and 1 of its own
    # V: h alone: .5 x 60 + .3 x 100 + .2 x 60 = 72
    # P: members (90 + 70 + 60) / 3, hours (40 + 20 + 60) / 3, no score: (.5 x 73.333 + .2 x 40) / .7
    assert values(found.loc[["m", "k", "x", "h"]], "index") == {"m": 90, "k": 70, "x": 10, "h": 60}
    assert found.loc[["U", "V", "P"], "index"].tolist() == pytest.approx([62, 72, (110 / 3 + 8) / 0.7])
    assert found.loc[["U", "V", "P"], "index_coverage"].tolist() == pytest.approx([1, 1, 0.7])
    assert "W" not in found.index  # nobody rates it
    people = scores.components[scores.components["component"] == "people"]
    assert rows_of(people, "ratee_id", "of", "value") == [
        ["P", "members.index", pytest.approx(220 / 3)], ["U", "members.index", 80], ["V", "members.index", 60],
    ]  # fmt: skip
    # components of members and of units with one name stand side by side
    assert values(scores.rungs["r"].quantities, "index.score") == {
        "m": 90, "k": 70, "x": 10, "h": 60, "P": None, "U": 50, "V": 100,
    }  # fmt: skip


def test_units_share_a_quota_with_those_below_the_same_parent():
    found = ratees_of(score(tree_study(UNITS.replace("2: 70", "2: 60"))))
    # U 62 and V 72 lie below P: one place. P stands alone: no place for a half
    assert values(found.loc[["P", "U", "V"]], "stars") == {"P": 1, "U": 1, "V": 2}
    assert values(found.loc[["P", "U", "V"]], "star_places") == {"P": 0, "U": 1, "V": None}
    # of the members in U m and k count: one place; x is exempt, h alone has none
    assert values(found.loc[["m", "k", "x", "h"]], "stars") == {"m": 2, "k": 1, "x": 1, "h": 1}


def test_members_alone_are_asked_for_the_index_of_a_unit_by_members():
    plain = score(tree_study(UNITS.replace("members.index", "members")))
    assert ratees_of(plain).loc["U", "index"] == pytest.approx(62)


def test_a_share_of_the_members_and_a_source_of_theirs_may_be_in_the_index_of_a_unit():
    text = (
        SCALE
        + ONE
        + OPINIONS
        + """
categories: {c: {}, body: {ratee: unit}}
index:
  components: {score: {}}
  units: {components: {bad: {of: members.dissatisfied, low: 1, high: 0}, a: {of: members.score.a}}}
"""
    )
    told = opinions(("r", "m", "work", "3", "1", "0"), ("r", "k", "work", "1", "1", "0"))
    members = [{"member_id": who, "unit_id": "U", "category": "c"} for who in "mkh"]
    study = make(
        text,
        rated({"m": 80, "k": 70}),
        members=members,
        units=[{"unit_id": "U", "category": "body"}],
        satisfaction=told,
    )
    # shares 1/4 and 1/2: 3/8, so 62.5; scores 80 and 70; of h nothing is known
    assert ratees_of(score(study)).loc["U", "index"] == pytest.approx((62.5 + 75) / 2)


def test_without_an_index_of_units_a_unit_has_none_and_without_members_there_is_that_of_units():
    text = (
        SCALE + ONE + "categories: {body: {ratee: unit}}\nindex: {components: {score: {}}%s}\nstars: {bands: {1: 0}}\n"
    )
    ratings, units = rated({"U": 80}), [{"unit_id": "U", "category": "body"}]
    none = make(text % "", ratings, members=people(U="m"), units=units)
    assert values(ratees_of(score(none)), "index") == {"m": None, "U": None}
    study = make(text % ", units: {components: {raters: {}}}", ratings, members=people(U="m"), units=units)
    alone = ratees_of(score(replace(study, members=study.members.iloc[:0])))
    assert values(alone, "index") == {"U": 1}
    assert values(alone, "stars") == {"U": 1}


# --------------------------------------------------------------------------------------------------- a combined round


HALVES = (
    YEAR
    + SCALE
    + ONE
    + """
measures: {hours: {combine: sum}}
index:
  components: {score: {weight: 0.5}, hours: {of: measure.hours, weight: 0.5, high: 40}}
  bands: {low: 0, high: 70}
stars: {bands: {1: 0, 2: 60, 3: 80}, require: {3: [{of: index.hours, min: 60}, {of: measure.hours, min: 50}]}}
"""
)


def test_the_index_of_a_combined_round_is_the_mean_of_those_of_its_rounds():
    hours = measures("r", "hours", m=20, k=40) + measures("q", "hours", m=30, k=40)
    scores = score(
        make(HALVES, both({"m": 80, "k": 90}, {"m": 90, "k": 95, "h": 70}), measures=hours, members=people(U="m k h n"))
    )
    first, second, year = (ratees_of(scores, name) for name in "rqy")
    # hours of m are 50 and 75: (80 + 50) / 2 and (90 + 75) / 2; k has 100 in both
    assert values(first, "index") == {"m": 65, "k": 95, "h": None, "n": None}
    assert values(second, "index") == {"m": 82.5, "k": 97.5, "h": 70, "n": None}
    # .4 x 65 + .6 x 82.5 = 75.5; .4 x 95 + .6 x 97.5 = 96.5; h has the second half alone, .6 of a half
    assert values(year, "index") == {"m": pytest.approx(75.5), "k": pytest.approx(96.5), "h": None, "n": None}
    assert values(year, "index_coverage") == pytest.approx({"m": 1, "k": 1, "h": 0.3, "n": 0})
    assert values(year, "level") == {"m": "high", "k": "high", "h": None, "n": None}
    mine = scores.components[(scores.components["round"] == "y") & (scores.components["ratee_id"] == "m")]
    assert rows_of(mine, "component", "of", "raw", "value", "weight", "adds") == [
        ["r", "index", 65, 65, 0.4, pytest.approx(26)], ["q", "index", 82.5, 82.5, 0.6, pytest.approx(49.5)],
    ]  # fmt: skip
    late = scores.components[(scores.components["round"] == "y") & (scores.components["ratee_id"] == "h")]
    assert rows_of(late, "component", "weight", "adds") == [["r", 0, None], ["q", 1, 70]]
    never = scores.components[(scores.components["round"] == "y") & (scores.components["ratee_id"] == "n")]
    assert rows_of(never, "component", "weight", "adds") == [["r", None, None], ["q", None, None]]


def test_rules_of_a_combined_round_may_ask_for_a_component_and_a_measure_of_it():
    hours = measures("r", "hours", m=20, k=10) + measures("q", "hours", m=40, k=40)
    scores = score(make(HALVES, both({"m": 100, "k": 100}, {"m": 100, "k": 100}), measures=hours))
    quantities = scores.rungs["y"].quantities
    # .4 x 50 + .6 x 100 = 80, .4 x 25 + .6 x 100 = 70
    assert values(quantities, "index.hours") == pytest.approx({"m": 80, "k": 70})
    assert values(quantities, "index.score") == pytest.approx({"m": 100, "k": 100})
    assert values(quantities, "measure.hours") == {"m": 60, "k": 50}
    assert values(ratees_of(scores, "y"), "stars") == {"m": 3, "k": 3}
    less = measures("r", "hours", m=0, k=40) + measures("q", "hours", m=30, k=0)
    scores = score(make(HALVES, both({"m": 100, "k": 100}, {"m": 100, "k": 100}), measures=less))
    # .6 x 75 = 45 for 30 hours; .4 x 100 = 40 for 40
    assert values(scores.rungs["y"].quantities, "index.hours") == pytest.approx({"m": 45, "k": 40})


def test_a_component_that_one_of_the_rounds_lacks_is_that_of_the_other():
    hours = measures("q", "hours", m=30)
    scores = score(make(HALVES, both({"m": 80}, {"m": 90}), measures=hours, members=people(U="m k")))
    assert values(scores.rungs["y"].quantities, "index.hours") == {"m": 75, "k": None}


def test_an_interval_that_one_of_the_rounds_lacks_is_lacking_in_the_whole():
    text = YEAR + SCALE + ONE + "index: {components: {score: {}}}\n"
    cells = {"r": {("m", "a", "overall"): [80, 90], ("k", "a", "overall"): [80]},
             "q": {("m", "a", "overall"): [80, 90], ("k", "a", "overall"): [80, 90]}}  # fmt: skip
    rows = pd.concat([ratings_of(cells[name], name) for name in cells], ignore_index=True)
    scores = score(make(text, rows))
    first, second, year = (ratees_of(scores, name) for name in "rqy")
    for end in ("index_low", "index_high"):
        halves = first.loc["m", end], second.loc["m", end]
        assert year.loc["m", end] == pytest.approx(0.4 * halves[0] + 0.6 * halves[1])
    assert year.loc["k", ["index_low", "index_high"]].isna().all()


def test_fail_leaves_no_index_where_a_round_is_missing():
    text = YEAR + SCALE + ONE + "missing: {rule: fail, min_coverage: 0}\nindex: {components: {score: {}}}\n"
    found = ratees_of(score(make(text, both({"m": 80}, {"m": 90, "k": 70}))), "y")
    assert values(found, "index") == {"m": pytest.approx(86), "k": None}


def test_the_index_of_a_unit_in_a_combined_round():
    text = UNITS.replace("measures:", YEAR + "measures:")
    text = text.replace("stars: {bands: {1: 0, 2: 70}, quota: {2: {max: 1/2}}}\n", "")
    members = [{"member_id": "m", "unit_id": "U", "category": "c"}]
    units = [{"unit_id": "U", "category": "body"}]
    scores = score(make(text, both({"m": 80, "U": 60}, {"m": 90, "U": 70}), members=members, units=units))
    # (.5 x 80 + .3 x 60) / .8 = 72.5 and (45 + 21) / .8 = 82.5: .4 x 72.5 + .6 x 82.5
    assert ratees_of(scores, "y").loc["U", "index"] == pytest.approx(78.5)
    assert ratees_of(scores, "y").loc["U", "index_coverage"] == pytest.approx(0.8)
    assert scores.rungs["y"].quantities["index.people"]["U"] == pytest.approx(86)

"""Whole small studies, from ratings to composites: every number by hand."""

import numpy as np
import pandas as pd
import pytest
from small_study import ballots_of, make, pick, ratings_of, schemes_of

from toolkit.scoring.evaluation import effective_weights
from toolkit.scoring.scores import score

SCALE = "scales: {s: {low: 0, high: 100}}\n"
THREE = "sources: {a: {weight: 0.3, scale: s}, b: {weight: 0.3, scale: s}, public: {weight: 0.4, scale: s}}\n"
TWO = "sources: {a: {weight: 0.5, scale: s}, b: {weight: 0.5, scale: s}}\n"
XY = "indicators: {x: {weight: 0.6}, y: {weight: 0.4}}\n"


def by_source(values, indicator="overall"):
    """Three raters who agree, for {(ratee, source): value}."""
    return ratings_of({(ratee, source, indicator): [value] * 3 for (ratee, source), value in values.items()})


def composite(study, ratee="m", name="r"):
    ratees = score(study).ratees
    return ratees[(ratees["ratee_id"] == ratee) & (ratees["round"] == name)].iloc[0]


# --------------------------------------------------------------------------------------------------- trees and ticks


def test_overall_ticks():
    scores = score(make(SCALE + THREE + XY, by_source({("m", "a"): 90, ("m", "b"): 80, ("m", "public"): 70})))
    assert pick(scores, "m")["score"] == pytest.approx(79)  # 27 + 24 + 28
    assert pick(scores, "m")["coverage"] == 1
    # a tick on the whole is not shown as a score of its parts
    assert set(scores.table["indicator"]) == {""}


NESTED = """
indicators:
  virtue: {weight: 0.4}
  results: {weight: 0.6, items: {delivery: {weight: 0.7}, service: {weight: 0.3, sources: [a]}}}
"""


def test_a_tick_on_an_inner_indicator_stands_for_those_below():
    rows = ratings_of(
        {
            ("m", "a", "virtue"): [90],
            ("m", "a", "results"): [70],
            ("m", "b", "virtue"): [80],
            ("m", "b", "delivery"): [60],
        }
    )
    scores = score(make(SCALE + TWO + NESTED, rows))
    assert pick(scores, "m", "a")["score"] == pytest.approx(78)  # .4 * 90 + .6 * 70
    assert pick(scores, "m", "b")["score"] == pytest.approx(68)  # service is not asked: .4 * 80 + .6 * 60
    assert pick(scores, "m", "a")["coverage"] == pick(scores, "m", "b")["coverage"] == 1
    assert pick(scores, "m", indicator="results")["score"] == pytest.approx(65)
    # a's tick is no score of delivery; b's answer is
    assert pick(scores, "m", "b", "delivery")["score"] == 60
    delivery = scores.table[(scores.table["source"] == "a") & (scores.table["indicator"] == "delivery")]
    assert delivery.empty


def test_nested_sources_renormalise_within_their_parent():
    superior = "{weight: 0.6, scale: s, items: {lead: {weight: 0.4}, team: {weight: 0.6}}}"
    sources = f"sources: {{up: {superior}, peer: {{weight: 0.4, scale: s}}}}\n"
    whole = by_source({("m", "lead"): 90, ("m", "team"): 80, ("m", "peer"): 70, ("k", "lead"): 90, ("k", "peer"): 70})
    scores = score(make(SCALE + sources, whole))
    assert pick(scores, "m", "up")["score"] == pytest.approx(84)  # 36 + 48
    assert pick(scores, "m")["score"] == pytest.approx(78.4)  # .6 * 84 + .4 * 70
    assert pick(scores, "k", "up")["score"] == pytest.approx(90)
    assert pick(scores, "k")["score"] == pytest.approx(82)  # .6 * 90 + .4 * 70: lead takes the weight of team alone
    assert pick(scores, "k")["coverage"] == pytest.approx(0.64)  # .6 * .4 + .4


def test_categories_have_their_own_weights():
    text = SCALE + THREE + "categories: {cadre: {sources: {a: 0.8, public: 0.2}}, office: {}}\n"
    rows = by_source({(who, source): value for who in "mk" for source, value in (("a", 90), ("b", 10), ("public", 70))})
    people = [
        {"member_id": "m", "unit_id": "U", "category": "cadre"},
        {"member_id": "k", "unit_id": "U", "category": "office"},
    ]
    scores = score(make(text, rows, members=people))
    assert pick(scores, "m")["score"] == pytest.approx(86)  # 72 + 14; b is not named and weighs nothing
    assert pick(scores, "k")["score"] == pytest.approx(58)  # 27 + 3 + 28


def test_a_weight_of_nought_is_shown_and_counts_for_nothing():
    sources = "sources: {a: {weight: 1, scale: s}, self: {weight: 0, scale: s, attributed: true}}\n"
    rows = by_source({("m", "a"): 80, ("m", "self"): 100, ("k", "a"): 80})
    scores = score(make(SCALE + sources, rows))
    assert pick(scores, "m")["score"] == pick(scores, "k")["score"] == 80
    assert pick(scores, "k")["coverage"] == 1
    assert pick(scores, "m", "self")["score"] == 100
    assert pick(scores, "k", "self")["coverage"] == 0


# --------------------------------------------------------------------------------------------------- what is missing


def test_coverage_multiplies_up_and_the_minimum_is_of_the_composite():
    rows = ratings_of({("m", "a", "x"): [90] * 3, ("m", "b", "x"): [80] * 3, ("m", "b", "y"): [80] * 3})
    found = composite(make(SCALE + THREE + XY, rows))
    # a covers .6, b all, the public nothing: .3 * .6 + .3 = .48, below .5, though both sources reach it
    assert found["coverage"] == pytest.approx(0.48)
    assert np.isnan(found["score"])
    assert np.isnan(found["low"])
    assert found["status"] == "thin"
    assert np.isnan(found["rank"])
    scores = score(make(SCALE + THREE + XY, rows))
    assert pick(scores, "m", "a")["score"] == 90
    # at exactly the minimum there is a score
    enough = composite(make(SCALE + THREE + XY + "missing: {min_coverage: 0.48}\n", rows))
    assert enough["score"] == pytest.approx(85)
    assert enough["status"] == "partial"


HARSH = {
    (f"k{k}", source): value for k in range(6) for source, value in (("a", 80 + k), ("b", 80 + k), ("public", 70 + k))
}


@pytest.mark.parametrize(("rule", "gain"), [("renormalise", 4), ("adjusted", 0)])
def test_a_member_whom_a_harsh_public_did_not_rate(rule, gain):
    values = HARSH | {("m", "a"): 82, ("m", "b"): 82}
    found = composite(make(SCALE + THREE + f"missing: {{rule: {rule}}}\n", by_source(values)))
    # with the public's 72 he would have .6 * 82 + .4 * 72 = 78
    assert found["score"] == pytest.approx(78 + gain)
    assert found["coverage"] == pytest.approx(0.6)
    assert found["status"] == "partial"


def test_the_gap_of_a_small_unit_is_the_studys():
    # in U the public is 10 harsher (4 members), in V 20 (6 members): (4 * -10 + 6 * -20) / 10 = -16
    people = {f"u{k}": "U" for k in range(5)} | {f"v{k}": "V" for k in range(7)}
    values = {(name, source): 80 for name in people for source in "ab"}
    values |= {(name, "public"): 70 if unit == "U" else 60 for name, unit in people.items() if name not in {"u4", "v6"}}
    members = [{"member_id": name, "unit_id": unit} for name, unit in people.items()]
    study = make(SCALE + THREE + "missing: {rule: adjusted}\n", by_source(values), members=members)
    assert composite(study, "u4")["score"] == pytest.approx(73.6)  # 80 - .4 * 16
    assert composite(study, "v6")["score"] == pytest.approx(72)  # 80 - .4 * 20


def test_fail():
    values = {("m", "a"): 82, ("m", "b"): 82} | HARSH
    found = composite(make(SCALE + THREE + "missing: {rule: fail}\n", by_source(values)))
    assert np.isnan(found["score"])
    assert found["status"] == "incomplete"
    assert found["coverage"] == pytest.approx(0.6)


def test_nobody_rated():
    people = [{"member_id": "m", "unit_id": "U"}, {"member_id": "k", "unit_id": "U"}]
    found = composite(make(SCALE + THREE, by_source({("k", "a"): 80}), members=people))
    assert found["status"] == "unrated"
    assert (found["coverage"], found["n"]) == (0, 0)


def test_n_above_is_the_smallest_below():
    cells = {
        ("m", "a", "x"): [80] * 9,
        ("m", "a", "y"): [80] * 7,
        ("m", "b", "x"): [80] * 4,
        ("m", "public", "y"): [80] * 5,
    }
    scores = score(make(SCALE + THREE + XY, ratings_of(cells)))
    expected = {("a", "x"): 9, ("a", ""): 7, ("b", ""): 4, ("", "x"): 4, ("", "y"): 5, ("", ""): 4, ("b", "y"): 0}
    assert {cell: pick(scores, "m", *cell)["n"] for cell in expected} == expected


# ------------------------------------------------------------------------------------------------- the order of means


NOT_ALL = "indicators: {x: {weight: 0.6}, y: {weight: 0.4, sources: [a]}}\n"
CELLS = {("m", "a", "x"): [90], ("m", "a", "y"): [50], ("m", "b", "x"): [70]}


@pytest.mark.parametrize(("first", "expected"), [("indicator", 72), ("source", 68)])
def test_the_orders_differ_where_a_source_is_not_asked_everything(first, expected):
    # indicators first: a = .6 * 90 + .4 * 50 = 74, b = 70, mean 72
    # sources first: x = 80, y = 50, .6 * 80 + .4 * 50 = 68
    found = composite(make(SCALE + TWO + NOT_ALL + f"first: {first}\n", ratings_of(CELLS)))
    assert found["score"] == pytest.approx(expected)
    assert found["coverage"] == 1


@pytest.mark.parametrize("first", ["indicator", "source"])
def test_the_orders_agree_where_everything_is_asked(first):
    rows = ratings_of(CELLS | {("m", "b", "y"): [40]})
    # .5 * (74 + .6 * 70 + .4 * 40) = .5 * (74 + 58) = 66
    assert composite(make(SCALE + TWO + XY + f"first: {first}\n", rows))["score"] == pytest.approx(66)


@pytest.mark.parametrize(
    ("first", "expected"), [("indicator", [[0.3, 0.2], [0.5, 0]]), ("source", [[0.3, 0.4], [0.3, 0]])]
)
def test_effective_weights(first, expected):
    scheme = schemes_of(SCALE + TWO + NOT_ALL + f"first: {first}\n")["r"]
    found = effective_weights(scheme)
    assert found.to_numpy() == pytest.approx(np.array(expected))
    assert found.to_numpy().sum() == pytest.approx(1)
    assert (found.index.tolist(), found.columns.tolist()) == (["a", "b"], ["x", "y"])


@pytest.mark.parametrize("rule", ["renormalise", "adjusted", "fail"])
def test_effective_weights_of_a_category_sum_to_one(rule):
    text = SCALE + THREE + NESTED.replace("[a]", "[a, public]")
    text += f"categories: {{cadre: {{sources: {{a: 0.8, public: 0.2}}}}}}\nmissing: {{rule: {rule}}}\n"
    found = effective_weights(schemes_of(text)["r"], "cadre")
    assert found.to_numpy().sum() == pytest.approx(1)
    assert found.loc["b"].sum() == 0
    # a's own .8 falls to virtue .4 and results .6 (delivery .7, service .3)
    assert found.loc["a"].tolist() == pytest.approx([0.32, 0.336, 0.144])


# -------------------------------------------------------------------------------------------------- posts and rounds


POSTS = [
    {"post_id": "p1", "member_id": "m", "unit_id": "U", "share": 3},
    {"post_id": "p2", "member_id": "m", "unit_id": "V", "share": 1},
]
PEOPLE = [{"member_id": "m", "unit_id": "U"}, {"member_id": "k", "unit_id": "U"}]
UNITS = [{"unit_id": "U"}, {"unit_id": "V"}]


def with_posts(values, posts=POSTS, **extra):
    text = SCALE + TWO + "".join(f"{key}: {value}\n" for key, value in extra.items())
    return make(text, by_source(values), members=PEOPLE, units=UNITS, posts=posts)


def test_a_holder_of_posts_has_the_mean_of_his_posts_by_share():
    values = {("p1", "a"): 90, ("p1", "b"): 80, ("p2", "a"): 60, ("k", "a"): 70, ("k", "b"): 70}
    scores = score(with_posts(values))
    found = pick(scores, "m")
    assert found["score"] == pytest.approx(78.75)  # p1 = 85, p2 = 60: (3 * 85 + 60) / 4
    assert found["coverage"] == pytest.approx(0.875)  # (3 * 1 + .5) / 4
    assert pick(scores, "m", "b")["score"] == pytest.approx(80)  # only p1 has it
    assert pick(scores, "m", "b")["coverage"] == pytest.approx(0.75)
    assert pick(scores, "p2")["score"] == 60
    ratees = scores.ratees.set_index("ratee_id")
    assert ratees.loc["m", "rank"] == 1
    assert ratees.loc[["p1", "p2"], "rank"].isna().all()
    # the unit's mean has him once
    unit = scores.units[
        (scores.units["unit_id"] == "U") & (scores.units["source"] == "") & (scores.units["indicator"] == "")
    ]
    assert unit["score"].item() == pytest.approx((78.75 + 70) / 2)
    assert unit["members"].item() == 2


def test_a_post_is_filled_by_the_gap_of_the_unit_whose_raters_rate_it():
    # b is 10 above a in U, 10 below in V; p2 lies in V, and its holder's home is U
    people = [{"member_id": f"{unit}{k}", "unit_id": unit} for unit in "UV" for k in range(5)]
    values = {(f"{unit}{k}", "a"): 80 for unit in "UV" for k in range(5)}
    values |= {(f"U{k}", "b"): 90 for k in range(5)} | {(f"V{k}", "b"): 70 for k in range(5)}
    values |= {("p1", "a"): 60, ("p1", "b"): 60, ("p2", "a"): 60}
    # p1 has both and stands in U: (5 * 10 + 0) / 6
    text = SCALE + TWO + "missing: {rule: adjusted}\n"
    study = make(text, by_source(values), members=[*PEOPLE, *people], units=UNITS, posts=POSTS)
    scores = score(study)
    assert pick(scores, "p2")["score"] == pytest.approx(55)  # (60 + 60 - 10) / 2
    assert pick(scores, "m")["score"] == pytest.approx(58.75)  # (3 * 60 + 55) / 4
    # the holder counts at home
    ratees = scores.ratees.set_index("ratee_id")
    assert ratees.loc[["m", "p2"], "unit_id"].tolist() == ["U", "U"]
    members = scores.units[(scores.units["source"] == "") & (scores.units["indicator"] == "")]
    assert members.set_index("unit_id").loc[["U", "V"], "members"].tolist() == [6, 5]


def test_a_post_that_nobody_rated_leaves_its_share_to_the_others():
    found = composite(with_posts({("p1", "a"): 90, ("p1", "b"): 80}))
    assert found["score"] == pytest.approx(85)
    assert found["coverage"] == pytest.approx(0.75)
    assert found["status"] == "partial"
    failed = composite(with_posts({("p1", "a"): 90, ("p1", "b"): 80}, missing="{rule: fail}"))
    assert failed["status"] == "incomplete"


def test_a_holder_of_posts_who_was_rated_in_person_keeps_his_scores():
    scores = score(with_posts({("m", "a"): 90, ("m", "b"): 80, ("k", "a"): 70, ("k", "b"): 70}))
    assert pick(scores, "m")["score"] == 85
    assert set(scores.ratees["ratee_id"]) == {"m", "k"}


ROUNDS = "rounds: {one: {}, two: {}, year: {combine: {one: 0.4, two: 0.6}}}\n"


def in_rounds(first, second, **extra):
    text = ROUNDS + SCALE + TWO + "".join(f"{key}: {value}\n" for key, value in extra.items())
    parts = [by_source(values).assign(round=name) for name, values in (("one", first), ("two", second))]
    return make(text, pd.concat(parts, ignore_index=True), members=PEOPLE)


BOTH = {("m", "a"): 90, ("m", "b"): 70, ("k", "a"): 60, ("k", "b"): 60}


def test_rounds_are_combined_by_weight():
    found = composite(in_rounds(BOTH, {("m", "a"): 60, ("m", "b"): 80} | {("k", "a"): 60}), name="year")
    assert found["score"] == pytest.approx(74)  # .4 * 80 + .6 * 70
    assert found["coverage"] == 1
    assert found["n"] == 3


def test_a_missing_round_is_renormalised_and_seen_in_coverage():
    study = in_rounds(BOTH, {("k", "a"): 60, ("k", "b"): 60}, missing="{min_coverage: 0.4}")
    found = composite(study, name="year")
    assert found["score"] == pytest.approx(80)
    assert found["coverage"] == pytest.approx(0.4)
    assert found["status"] == "partial"
    thin = composite(in_rounds(BOTH, {("k", "a"): 60, ("k", "b"): 60}), name="year")
    assert thin["status"] == "thin"  # .4 is below .5
    assert np.isnan(thin["score"])
    failed = composite(in_rounds(BOTH, {("k", "a"): 60, ("k", "b"): 60}, missing="{rule: fail}"), name="year")
    assert failed["status"] == "incomplete"


def test_a_round_without_a_score_covers_nothing():
    # in the second round half the weight was seen, below .6, so the year rests on the first alone
    study = in_rounds(BOTH, {("m", "a"): 50}, missing="{min_coverage: 0.6}")
    found = composite(study, name="year")
    assert found["coverage"] == pytest.approx(0.4)
    assert found["status"] == "thin"


def test_a_source_that_a_round_lacks_is_missing_there():
    # b rated in the first round only; it was asked in both
    first = {("m", "a"): 90, ("m", "b"): 70}
    study = in_rounds(first, {("m", "a"): 50})
    found = pick(score(study), "m", "b", name="year")
    assert found["score"] == 70
    assert found["coverage"] == pytest.approx(0.4)


def test_an_indicator_that_nobody_rated_in_a_round_is_missing_there():
    text = ROUNDS + SCALE + TWO + XY
    rows = [
        ratings_of({("m", "a", "x"): [90], ("m", "a", "y"): [80]}, "one"),
        ratings_of({("m", "a", "x"): [70]}, "two"),
    ]
    scores = score(make(text, pd.concat(rows, ignore_index=True)))
    assert pick(scores, "m", "a", "y", "two")["coverage"] == 0
    assert pick(scores, "m", "a", "y", "year")["coverage"] == pytest.approx(0.4)
    assert pick(scores, "m", "a", "y", "year")["score"] == 80


# ------------------------------------------------------------------------------------------------------------- units


TREE = [{"unit_id": "top"}, {"unit_id": "U", "parent_id": "top"}, {"unit_id": "V", "parent_id": "top"}]


def unit_of(scores, unit, source="", indicator=""):
    table = scores.units
    return table[(table["unit_id"] == unit) & (table["source"] == source) & (table["indicator"] == indicator)].iloc[0]


def test_a_units_mean_is_that_of_the_scored_members_of_its_subtree():
    people = [
        {"member_id": "u1", "unit_id": "U"},
        {"member_id": "u2", "unit_id": "U"},
        {"member_id": "exempt", "unit_id": "U", "exempt": "rating"},
        {"member_id": "thin", "unit_id": "U"},
        {"member_id": "v1", "unit_id": "V"},
        {"member_id": "head", "unit_id": "top"},
    ]
    values = {
        (name, source): value
        for name, value in (("u1", 90), ("u2", 70), ("exempt", 10), ("v1", 60), ("head", 100))
        for source in "ab"
    }
    values |= {("thin", "a"): 10}
    study = make(SCALE + TWO + "missing: {min_coverage: 0.6}\n", by_source(values), members=people, units=TREE)
    scores = score(study)
    assert unit_of(scores, "U")["score"] == pytest.approx(80)  # u1 and u2
    assert unit_of(scores, "U")["members"] == 2
    assert unit_of(scores, "U", "a")["score"] == pytest.approx(80)  # the thin member's cells are out too
    assert unit_of(scores, "top")["score"] == pytest.approx(80)  # (90 + 70 + 60 + 100) / 4
    assert unit_of(scores, "top")["members"] == 4
    assert unit_of(scores, "V")["score"] == 60
    ratees = scores.ratees.set_index("ratee_id")
    assert not ratees.loc["exempt", "counts"]
    assert ratees.loc["exempt", "score"] == 10
    assert ratees.loc[["u1", "u2"], "rank"].tolist() == [1, 2]


def test_a_combined_unit_is_the_mean_of_its_members_in_the_combined_round():
    # m was scored in both rounds, k in the second only, and thin in the first only, which is too little of the year
    first = {(name, source): value for name, value in (("m", 90), ("thin", 10)) for source in "ab"}
    second = {(name, source): value for name, value in (("m", 70), ("k", 50)) for source in "ab"}
    people = [{"member_id": name, "unit_id": "U"} for name in ("m", "k", "thin")]
    parts = [by_source(values).assign(round=name) for name, values in (("one", first), ("two", second))]
    text = ROUNDS + SCALE + TWO
    scores = score(make(text, pd.concat(parts, ignore_index=True), members=people))
    year = scores.units[scores.units["round"] == "year"].set_index(["source", "indicator"])
    assert pick(scores, "m", name="year")["score"] == pytest.approx(78)  # .4 * 90 + .6 * 70
    assert year.loc[("", ""), "score"] == pytest.approx(64)  # (78 + 50) / 2, not .4 * 50 + .6 * 60 = 56
    assert year.loc[("", ""), "coverage"] == pytest.approx(0.8)  # (1 + .6) / 2
    assert year.loc[("", ""), ["members", "n", "raters"]].tolist() == [2, 3, 3]
    assert year.loc[("a", ""), "score"] == pytest.approx(64)


def test_the_interval_of_a_combined_unit_is_as_wide_as_those_of_its_rounds():
    values = {"one": {"m": [99, 100, 93, 98], "k": [60, 70, 65, 71]}, "two": {"m": [70, 80, 75, 73]}}
    rows = [
        ratings_of({(who, source, "overall"): given for who, given in part.items() for source in "ab"}, name)
        for name, part in values.items()
    ]
    text = ROUNDS + SCALE + TWO + "missing: {min_coverage: 0}\n"
    found = score(make(text, pd.concat(rows, ignore_index=True))).units
    found = found[(found["source"] == "") & (found["indicator"] == "")].set_index("round")
    half = found["score"] - found["low"]
    assert half["year"] == pytest.approx(0.4 * half["one"] + 0.6 * half["two"])
    assert found.loc["year", "high"] == pytest.approx(found.loc["year", "score"] + half["year"])
    assert found.loc["year", "members"] == 2


def test_a_combined_round_in_which_nobody_is_scored_has_no_units():
    found = score(in_rounds({("m", "a"): 90}, {}, missing="{min_coverage: 1}"))
    assert found.units.empty


def test_units_are_ratees_beside_the_mean_of_their_members():
    text = SCALE + TWO + "categories: {body: {ratee: unit}}\n"
    units = [{"unit_id": "U", "category": "body"}]
    values = {("m", "a"): 90, ("m", "b"): 90, ("U", "a"): 50, ("U", "b"): 40}
    scores = score(make(text, by_source(values), members=[{"member_id": "m", "unit_id": "U"}], units=units))
    assert pick(scores, "U")["score"] == 45
    assert unit_of(scores, "U")["score"] == 90
    found = scores.ratees.set_index("ratee_id").loc["U"]
    assert (found["kind"], found["counts"]) == ("unit", False)


def test_grades_are_proposed_within_units():
    text = SCALE + TWO + "grades: {bands: {A: 90, B: 0}, quota: {A: {max: 1/3, within: unit}}}\n"
    values = {(f"m{k}", source): 99 - k for k in range(3) for source in "ab"}
    found = score(make(text, by_source(values))).ratees
    assert found["grade"].tolist() == ["A", "B", "B"]
    assert found["band"].tolist() == ["A", "A", "A"]


def test_ballots_score_like_ratings():
    text = "scales: {vote: {levels: {A: 100, B: 80, C: 60, D: 0}}}\n"
    text += "sources: {s: {scale: vote, trim: {drop: 1, above: 5}}}\n"
    single = make(text, ratings_of({("m", "s", "overall"): ["A", "A", "B", "B", "B", "C", "D"]}))
    paper = make(text, ballots=ballots_of({("m", "s", "overall"): {"A": 2, "B": 3, "C": 1, "D": 1}}))
    # without one A and the D: (100 + 3 * 80 + 60) / 5
    for study in (single, paper):
        found = composite(study)
        assert found["score"] == pytest.approx(80)
        assert found["n"] == 7
    assert composite(single)[["low", "high"]].tolist() == pytest.approx(composite(paper)[["low", "high"]].tolist())

"""What a composite is made of, and what moved it: exactly, cell by cell."""

from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from small_study import make, ratings_of, schemes_of

from toolkit.scoring.bridge import bridge, contributions
from toolkit.scoring.scores import score

NAN = np.nan
CELLS = ["source", "indicator", "score", "weight"]


def cells(*rows):
    return pd.DataFrame(list(rows), columns=CELLS)


def moved(found):
    """What each cell moved: {(source, indicator): (ratings, weights)}."""
    rows = found.set_index(["source", "indicator"])[["ratings", "weights"]]
    return {key: pytest.approx(tuple(row)) for key, row in zip(rows.index, rows.to_numpy().tolist(), strict=True)}


# ---------------------------------------------------------------------------------------------------------- by hand


def test_other_ratings():
    # 40 + 30 = 70 becomes 45 + 30 = 75
    found = bridge(cells(("a", "x", 80, 0.5), ("b", "x", 60, 0.5)), cells(("a", "x", 90, 0.5), ("b", "x", 60, 0.5)))
    assert list(found) == ["source", "indicator", "before", "after", "ratings", "weights"]
    assert found.to_numpy().tolist() == [["a", "x", 80, 90, 5, 0], ["b", "x", 60, 60, 0, 0]]


def test_other_weights():
    # 40 + 30 = 70 becomes 56 + 18 = 74, about 72: a gains .2 x 8, b loses .2 x -12
    found = bridge(cells(("a", "x", 80, 0.5), ("b", "x", 60, 0.5)), cells(("a", "x", 80, 0.7), ("b", "x", 60, 0.3)))
    assert moved(found) == {("a", "x"): (0, 1.6), ("b", "x"): (0, 2.4)}


def test_both_at_once():
    # 40 + 30 = 70 becomes 54 + 28 = 82, about 76
    # ratings: .55 x 10 and .45 x 10; weights: .1 x (85 - 76) and -.1 x (65 - 76)
    found = bridge(cells(("a", "x", 80, 0.5), ("b", "y", 60, 0.5)), cells(("b", "y", 70, 0.4), ("a", "x", 90, 0.6)))
    assert moved(found) == {("a", "x"): (5.5, 0.9), ("b", "y"): (4.5, 1.1)}


def test_a_cell_that_comes_or_goes_has_its_score_in_both_rounds():
    one, two = cells(("a", "x", 80, 1)), cells(("a", "x", 80, 0.5), ("b", "x", 60, 0.5))
    # 80 becomes 70, about 75: -.5 x 5 and .5 x -15
    found = bridge(one, two)
    assert moved(found) == {("a", "x"): (0, -2.5), ("b", "x"): (0, -7.5)}
    assert found["before"].tolist()[0] == 80
    assert found["before"].isna().tolist() == [False, True]
    back = bridge(two, one)
    assert moved(back) == {("a", "x"): (0, 2.5), ("b", "x"): (0, 7.5)}
    assert back["after"].isna().tolist() == [False, True]


def test_a_weight_that_moves_between_cells_of_the_average_score_moves_nothing():
    found = bridge(cells(("a", "x", 70, 0.5), ("b", "x", 70, 0.5)), cells(("a", "x", 70, 0.9), ("b", "x", 70, 0.1)))
    assert moved(found) == {("a", "x"): (0, 0), ("b", "x"): (0, 0)}


def test_what_was_filled_in_is_an_amount():
    plain = cells(("a", "x", 80, 1))
    filled = cells(("a", "x", 80, 1), ("", "filled", -4, 1))
    # 80 becomes 76; and 76 becomes 90 - .5 x 10 = 85
    assert moved(bridge(plain, filled)) == {("a", "x"): (0, 0), ("", "filled"): (-4, 0)}
    assert moved(bridge(filled, plain)) == {("a", "x"): (0, 0), ("", "filled"): (4, 0)}
    later = cells(("a", "x", 90, 1), ("", "filled", -10, 0.5))
    assert moved(bridge(filled, later)) == {("a", "x"): (10, 0), ("", "filled"): (-1, 0)}
    # an amount is no part of the average about which weights move: 80 - 4 becomes 56 + 18 - 4, about 77
    both = cells(("a", "x", 80, 0.7), ("b", "x", 60, 0.3), ("", "filled", -4, 1))
    assert moved(bridge(filled, both)) == {("a", "x"): (0, -0.9), ("b", "x"): (0, -5.1), ("", "filled"): (0, 0)}


def test_without_a_composite_in_either_round_there_is_no_change_to_split():
    there, none = cells(("a", "x", 80, 1)), cells()
    for before, after in ((there, none), (none, there), (none, none)):
        found = bridge(before, after)
        assert list(found) == ["source", "indicator", "before", "after", "ratings", "weights"]
        assert found.empty


# ------------------------------------------------------------------------------------------ what a composite is made of


SCALE = "scales: {s: {low: 0, high: 100}}\n"
TWO = "sources: {a: {weight: 0.6, scale: s}, b: {weight: 0.4, scale: s}}\n"
XY = "indicators: {x: {weight: 0.7}, y: {weight: 0.3}}\n"


def made_of(study, ratee="m", name="r"):
    """Cells of a composite, as {(source, indicator): (score, weight)}."""
    found = contributions(study, score(study).table, ratee, name)
    assert list(found) == CELLS
    assert found.index.tolist() == list(range(len(found)))
    return {(row.source, row.indicator): pytest.approx((row.score, row.weight)) for row in found.itertuples()}


def test_leaves_of_both_trees_with_their_weights():
    cells = {("m", "a", "x"): [90, 80], ("m", "a", "y"): [60], ("m", "b", "overall"): [70]}
    # a tick on the whole stands for x and y
    assert made_of(make(SCALE + TWO + XY, ratings_of(cells))) == {
        ("a", "x"): (85, 0.42), ("a", "y"): (60, 0.18), ("b", "x"): (70, 0.28), ("b", "y"): (70, 0.12),
    }  # fmt: skip


def test_what_is_missing_or_weighs_nothing_is_not_in_it():
    sources = "sources: {a: {weight: 1, scale: s}, b: {weight: 0, scale: s}}\n"
    cells = {("m", "a", "x"): [90], ("m", "b", "overall"): [70]}
    assert made_of(make(SCALE + sources + XY, ratings_of(cells))) == {("a", "x"): (90, 1)}


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("indicator", {("a", "x"): (90, 0.42), ("a", "y"): (60, 0.18), ("b", "x"): (70, 0.4)}),
        ("source", {("a", "x"): (90, 0.42), ("a", "y"): (60, 0.3), ("b", "x"): (70, 0.28)}),
    ],
)
def test_the_order_of_the_means(first, expected):
    cells = {("m", "a", "x"): [90], ("m", "a", "y"): [60], ("m", "b", "x"): [70]}
    assert made_of(make(SCALE + TWO + XY + f"first: {first}\n", ratings_of(cells))) == expected


def test_an_indicator_that_another_ratee_was_ticked_on_says_nothing_of_its_unseen_items():
    # a ticks k on z, and rates m on z1 alone: the score of m on z says nothing of z2
    text = SCALE + TWO + "indicators: {x: {weight: 0.5}, z: {weight: 0.5, items: {z1: {}, z2: {}}}}\nfirst: source\n"
    rows = {("m", "a", "z1"): [80], ("m", "b", "overall"): [60], ("k", "a", "z"): [50], ("k", "b", "overall"): [60]}
    study = make(text, ratings_of(rows))
    # x 60, z1 .6 x 80 + .4 x 60 = 72, z2 60: .5 x 60 + .25 x 72 + .25 x 60 = 63
    assert score(study).ratees["score"].iloc[0] == pytest.approx(63)
    assert made_of(study) == {
        ("a", "z1"): (80, 0.15), ("b", "x"): (60, 0.5), ("b", "z1"): (60, 0.1), ("b", "z2"): (60, 0.25),
    }  # fmt: skip
    assert made_of(study, "k")["a", "z2"] == (50, 0.15)  # a tick stands for both


def test_a_category_has_its_own_weights():
    units = "body: {ratee: unit, sources: {a: 0.2, b: 0.8}}"
    text = SCALE + TWO + f"categories: {{cadre: {{sources: {{a: 0.9, b: 0.1}}}}, office: {{}}, {units}}}\n"
    rows = ratings_of({(who, source, "overall"): [80] for who in ("m", "k", "p", "V") for source in "ab"})
    people = [
        {"member_id": "m", "unit_id": "U", "category": "cadre"},
        {"member_id": "k", "unit_id": "U", "category": "office"},
        {"member_id": "h", "unit_id": "U", "category": "office"},
    ]
    post = {"post_id": "p", "member_id": "h", "unit_id": "U", "category": "cadre", "share": 1}
    units = [{"unit_id": "U"}, {"unit_id": "V", "category": "body"}]
    study = make(text, rows, members=people, posts=[post], units=units)
    weights = {"m": 0.9, "k": 0.6, "p": 0.9, "h": 0.9, "V": 0.2}
    for ratee, weight in weights.items():
        assert made_of(study, ratee)["a", "overall"] == (80, weight), ratee
    assert made_of(study, "nobody") == {}


def test_without_a_composite_there_is_nothing():
    rows = ratings_of({("m", "b", "overall"): [80], ("k", "a", "overall"): [70], ("k", "b", "overall"): [70]})
    assert made_of(make(SCALE + TWO, rows)) == {}  # .4 of the weight is thin
    assert made_of(make(SCALE + TWO + "missing: {min_coverage: 0.4}\n", rows)) == {("b", "overall"): (80, 1)}
    assert made_of(make(SCALE + TWO + "missing: {rule: fail, min_coverage: 0}\n", rows)) == {}


def test_adjusted_has_a_row_for_what_was_filled_in_and_none_where_nothing_was():
    # of five others b lies 10 below a: 80 is filled by 70, and .6 x 80 + .4 x 70 = 76
    others = {(f"k{place}", source, "overall"): [80 if source == "a" else 70] for place in range(5) for source in "ab"}
    study = make(SCALE + TWO + "missing: {rule: adjusted}\n", ratings_of(others | {("m", "a", "overall"): [80]}))
    assert made_of(study) == {("a", "overall"): (80, 1), ("", "filled"): (-4, 1)}
    assert made_of(study, "k0") == {("a", "overall"): (80, 0.6), ("b", "overall"): (70, 0.4)}


POSTS = [
    {"post_id": "p1", "member_id": "m", "unit_id": "U", "category": "", "share": 0.75},
    {"post_id": "p2", "member_id": "m", "unit_id": "U", "category": "", "share": 0.25},
]
HOLDER = [{"member_id": "m", "unit_id": "U"}]


def test_who_holds_posts_has_the_mean_over_them():
    rows = ratings_of({("p1", "a", "overall"): [80], ("p1", "b", "overall"): [70], ("p2", "a", "overall"): [60]})
    # p1 .75 of .6 and .4; p2 .25 of a alone: a (.45 x 80 + .25 x 60) / .7 = 72.857
    study = make(SCALE + TWO, rows, members=HOLDER, posts=POSTS)
    assert made_of(study) == {("a", "overall"): (51 / 0.7, 0.7), ("b", "overall"): (70, 0.3)}
    assert made_of(study, "p2") == {("a", "overall"): (60, 1)}


def test_a_post_that_alone_rests_on_too_little_counts_for_its_holder():
    rows = ratings_of({("p1", "a", "overall"): [80], ("p1", "b", "overall"): [70], ("p2", "b", "overall"): [60]})
    study = make(SCALE + TWO, rows, members=HOLDER, posts=POSTS)
    # p2 has a coverage of .4, the holder .75 + .25 x .4 = .85: .75 x 76 + .25 x 60 = 72
    assert made_of(study, "p2") == {}
    assert made_of(study) == {("a", "overall"): (80, 0.45), ("b", "overall"): (36 / 0.55, 0.55)}
    assert score(study).ratees.set_index("ratee_id").loc["m", "score"] == pytest.approx(80 * 0.45 + 36)


def test_who_was_rated_in_person_and_not_in_the_posts():
    study = make(SCALE + TWO, ratings_of({("m", "a", "overall"): [80]}), members=HOLDER, posts=POSTS)
    assert made_of(study) == {("a", "overall"): (80, 1)}


def test_a_post_that_is_not_held_in_the_round_is_not_in_it():
    rounds = "rounds: {r: {from: 2026-01-01, to: 2026-06-30}}\n"
    posts = [POSTS[0] | {"from": ""}, POSTS[1] | {"from": "2026-07-01"}]
    rows = ratings_of({("p1", "a", "overall"): [80]})
    assert made_of(make(rounds + SCALE + TWO, rows, members=HOLDER, posts=posts)) == {("a", "overall"): (80, 1)}


YEAR = "rounds: {r: {}, q: {}, y: {combine: {r: WEIGHT, q: REST}}}\n"


def year(first, second, rows, more=""):
    text = YEAR.replace("WEIGHT", str(first)).replace("REST", str(second))
    return make(
        text + SCALE + TWO + more, pd.concat([ratings_of(rows[name], name) for name in rows], ignore_index=True)
    )


def test_a_combined_round_has_the_mean_over_its_rounds():
    rows = {"r": {("m", "a", "overall"): [80], ("m", "b", "overall"): [70]}, "q": {("m", "a", "overall"): [60]}}
    # .3 of .6 and .4, .7 of a alone: a (.18 x 80 + .7 x 60) / .88
    assert made_of(year(0.3, 0.7, rows), name="y") == {
        ("a", "overall"): (56.4 / 0.88, 0.88), ("b", "overall"): (70, 0.12),
    }  # fmt: skip
    assert made_of(year(0, 1, rows), name="y") == {("a", "overall"): (60, 1)}


def test_a_combined_round_leaves_out_a_round_without_a_composite_and_may_have_none_itself():
    rows = {"r": {("m", "b", "overall"): [80]}, "q": {("m", "a", "overall"): [60]}}
    assert made_of(year(0.3, 0.7, rows, "missing: {min_coverage: 0.42}\n"), name="y") == {("a", "overall"): (60, 1)}
    # .7 x .6 = .42 is too thin for a half, though the second half-year has a composite
    assert made_of(year(0.3, 0.7, rows), name="y") == {}
    assert made_of(year(0.3, 0.7, rows), name="q") == {("a", "overall"): (60, 1)}


# ------------------------------------------------------------------------------------------------------- on any study


RANDOM = """
rounds: {r: {}, q: {}, y: {combine: {r: 0.4, q: 0.6}}}
scales: {s: {low: 0, high: 100}}
sources:
  up: {weight: W1, scale: s, items: {lead: {weight: 0.4}, team: {weight: 0.6, TRIM}}}
  mass: {weight: W2, scale: s, min: 2}
  self: {weight: 0, scale: s, attributed: true}
indicators:
  x: {weight: V1}
  z: {weight: V2, items: {z1: {weight: 0.5}, z2: {weight: 0.5, sources: [up, self]}}}
categories: {c: {}, d: {sources: {up: 0.1, mass: 0.9}, indicators: {x: 0.9, z: 0.1}}}
first: FIRST
missing: {rule: RULE, min_coverage: LEAST}
"""
TICKS = {"none": [], "overall": ["overall"], "inner": ["x", "z"], "leaves": ["x", "z1", "z2"], "x": ["x"], "z1": ["z1"]}
PEOPLE = [{"member_id": name, "unit_id": "U", "category": "d" if name == "k" else "c"} for name in ("m", "k", "h")]
HELD = [
    {"post_id": "p1", "member_id": "h", "unit_id": "U", "category": "c", "share": 0.6},
    {"post_id": "p2", "member_id": "h", "unit_id": "U", "category": "d", "share": 0.4},
]
RATED = ("m", "k", "p1", "p2")


RULES = st.fixed_dictionaries(
    {
        "RULE": st.sampled_from(["renormalise", "adjusted", "fail"]),
        "FIRST": st.sampled_from(["indicator", "source"]),
        "LEAST": st.sampled_from(["0", "0.5"]),
        "TRIM": st.sampled_from(["trim: {drop: 1, above: 2}", "average: median", "average: mean"]),
    }
)


@st.composite
def ratings(draw):
    """Ratings of one round: every source ticks the whole, inner indicators, leaves, or some of them, or nothing."""
    cells = {}
    for ratee in RATED:
        for source in ("lead", "team", "mass", "self"):
            for indicator in TICKS[draw(st.sampled_from([*TICKS]))]:
                most = 1 if source == "self" else 4
                if (source, indicator) != ("mass", "z2"):
                    cells[ratee, source, indicator] = draw(st.lists(st.integers(0, 100), min_size=1, max_size=most))
    return cells


@cache
def schemes_by(*rules):
    """Schemes of two rounds and the year, with other weights in the second."""
    text = RANDOM
    for key, value in rules:
        text = text.replace(key, value)
    half, other = (
        schemes_of(text.replace("W1", w[0]).replace("W2", w[1]).replace("V1", w[2]).replace("V2", w[3]))
        for w in (("0.6", "0.4", "0.7", "0.3"), ("0.5", "0.5", "0.2", "0.8"))
    )
    return {"r": half["r"], "q": other["q"], "y": other["y"]}


def holds_of(rules, first, second):
    rows = pd.concat([ratings_of(first, "r"), ratings_of(second, "q")], ignore_index=True)
    study = make(schemes_by(*rules.items()), rows, members=PEOPLE, posts=HELD)
    scores = score(study)
    composite = scores.ratees.set_index(["round", "ratee_id"])["score"]
    for ratee in (*RATED, "h"):
        found = {name: contributions(study, scores.table, ratee, name) for name in study.schemes}
        for name, cells in found.items():
            expected = composite.get((name, ratee), NAN)
            assert cells.empty == np.isnan(expected)
            if len(cells):
                assert cells["score"] @ cells["weight"] == pytest.approx(expected, abs=1e-7)
                assert cells.loc[cells["indicator"] != "filled", "weight"].sum() == pytest.approx(1)
                assert not cells.duplicated(["source", "indicator"]).any()
                assert cells["weight"].gt(0).all()
        for before, after in pairwise(found):
            parts = bridge(found[before], found[after])
            change = composite.get((after, ratee), NAN) - composite.get((before, ratee), NAN)
            assert parts.empty == np.isnan(change)
            if len(parts):
                assert parts[["ratings", "weights"]].to_numpy().sum() == pytest.approx(change, abs=1e-7)


PHASES = [Phase.explicit, Phase.generate]


@settings(max_examples=8, deadline=None, derandomize=True, phases=PHASES)
@given(RULES, ratings(), ratings())
def test_on_any_study_cells_sum_to_the_composite_and_the_bridge_to_its_change(rules, first, second):
    holds_of(rules, first, second)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, phases=PHASES)
@given(RULES, ratings(), ratings())
def test_on_many_studies_cells_sum_to_the_composite_and_the_bridge_to_its_change(rules, first, second):
    holds_of(rules, first, second)

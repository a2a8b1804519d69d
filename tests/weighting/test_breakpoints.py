"""Breakpoints on a desk: between two of them nothing changes, at each of them something does."""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from small_study import make, ratings_of, schemes_of

import toolkit as tk
from toolkit.weighting.breakpoints import KINDS, breakpoints
from toolkit.weighting.desk import Desk, Node
from toolkit.weighting.league import SIDES, changed, league
from toolkit.weighting.model import model
from toolkit.weighting.outcomes import outcomes

SCHEME = """
scales: {score: {low: 0, high: 100}}
sources: {a: {weight: 0.5, scale: score}, b: {weight: 0.3, scale: score}, c: {weight: 0.2, scale: score}}
indicators: {x: {weight: 0.6}, y: {weight: 0.4}}
categories: {other: {sources: {a: 0.2, b: 0.6, c: 0.2}}}
grades: {bands: {good: 60, fair: 40, poor: 0}, quota: {good: {max: 1/3, within: unit}}}
stars: {of: score, bands: {2: 55, 1: 45}}
"""
A, B, C = (Node("sources", name) for name in "abc")
X = Node("indicators", "x")
EPS = 1e-6
here = partial(outcomes, kinds=KINDS)


@pytest.fixture(scope="module")
def round_():
    draw = np.random.default_rng(7)
    names = [f"M{number:02}" for number in range(24)]
    cells = {
        (name, source, indicator): list(draw.integers(20, 90, 3))
        for name in names
        for source in "abc"
        for indicator in "xy"
        if draw.random() > 0.05  # a few cells are missing
    }
    people = [
        {"member_id": name, "name": name, "unit_id": f"U{place % 2}", "category": "other" if place % 3 == 0 else ""}
        for place, name in enumerate(names)
    ]
    units = [{"unit_id": "T"}, {"unit_id": "U0", "parent_id": "T"}, {"unit_id": "U1", "parent_id": "T"}]
    study = make(SCHEME, ratings_of(cells), members=people, units=units)
    return model(study, tk.score(study))


def levels(round_, desk, node, weight):
    """What everybody has once a node weighs so much."""
    found = league(here(round_), here(round_, round_.weighting(desk.move(node, weight).scheme)))
    return found.sort_index()[["grade", "stars"]].fillna("")


def told(round_, desk, node):
    """Breakpoints, "" for none."""
    found = breakpoints(round_, desk, node)
    return found.fillna({"before": "", "at": "", "after": ""})


DESKS = {
    "as it is": lambda desk: desk,
    "another weight moved": lambda desk: desk.move(B, 0.15),
    "its sibling locked": lambda desk: desk.lock(B),
    "moved itself": lambda desk: desk.lock(C).move(A, 0.25),
    "drawn to the end": lambda desk: desk.move(A, 1),
}


@pytest.mark.parametrize("made", DESKS.values(), ids=DESKS)
def test_at_a_breakpoint_of_a_source_levels_change_and_between_two_they_do_not(round_, made):
    desk = made(Desk.of(round_.scheme))
    found = told(round_, desk, A)
    low, high = map(float, desk.room(A))
    assert len(found) >= 10
    assert found["weight"].between(low, high).all()
    assert found["weight"].is_monotonic_increasing
    inner = found[found["weight"].between(low + EPS, high - EPS)]
    for row in inner.itertuples():
        before, after = (levels(round_, desk, A, round(row.weight + step, 12)) for step in (-EPS, EPS))
        assert (before.at[row.ratee_id, row.about], after.at[row.ratee_id, row.about]) == (row.before, row.after)
    edges = np.unique([low, *found["weight"], high])
    for first, last in pairwise(edges):
        if last - first > 4 * EPS:
            ends = [levels(round_, desk, A, round(weight, 12)) for weight in (first + EPS, last - EPS)]
            assert ends[0].equals(ends[1])


def test_breakpoints_of_an_indicator_lie_between_the_points_of_a_grid(round_):
    desk = Desk.of(round_.scheme)
    found = told(round_, desk, X)
    assert len(found) > 5
    for row in found.itertuples():
        assert row.within == pytest.approx(0.0025)
        before, after = (levels(round_, desk, X, round(row.weight + step * row.within, 9)) for step in (-1, 1))
        assert (before.at[row.ratee_id, row.about], after.at[row.ratee_id, row.about]) == (row.before, row.after)


@pytest.mark.parametrize(
    ("more", "step"), [("missing: {rule: adjusted}", 0.0125), ("first: source", 0.0025)], ids=["adjusted", "ratios"]
)
def test_where_algebra_does_not_reach_a_grid_does(round_, more, step):
    text = SCHEME + more
    study = replace(round_.study, schemes=schemes_of(text))
    bent = model(study, tk.score(study))
    found = told(bent, Desk.of(bent.scheme), A)
    assert len(found) >= 10
    assert found["within"].eq(step).all()
    for row in found.itertuples():
        before, after = (levels(bent, Desk.of(bent.scheme), A, round(row.weight + side * step, 9)) for side in (-1, 1))
        assert (before.at[row.ratee_id, row.about], after.at[row.ratee_id, row.about]) == (row.before, row.after)


def test_where_there_is_no_room_there_are_no_breakpoints(round_):
    desk = Desk.of(round_.scheme)
    assert breakpoints(round_, desk.lock(B).lock(C), A).empty
    assert breakpoints(round_, desk.lock(A), A).empty


# ------------------------------------------------------------------------------------------------------- the league


def test_a_league_is_what_scoring_says_of_both_schemes(round_):
    scheme = round_.scheme.reweighted(a=0.9)
    found = league(here(round_), here(round_, round_.weighting(scheme)))
    study = round_.study
    for side, rules in (("_before", round_.scheme), ("", scheme)):
        rows = tk.score(replace(study, schemes={"r": rules})).ratees.set_index("ratee_id")
        rows = rows.loc[found.index]
        assert found[f"score{side}"].to_numpy() == pytest.approx(rows["score"].to_numpy(dtype=float), nan_ok=True)
        assert found[f"grade{side}"].fillna("").tolist() == rows["grade"].fillna("").tolist()
        shown = rows["stars"].map(lambda stars: "" if stars != stars else f"{stars:.0f}")  # noqa: PLR0124
        assert found[f"stars{side}"].fillna("").tolist() == shown.tolist()
    ranks = found["rank"].dropna().tolist()
    assert ranks == sorted(ranks)
    assert ranks[0] == 1
    assert found["score"].dropna().is_monotonic_decreasing
    assert found["score"].iloc[len(ranks) :].isna().all()


def test_a_league_of_a_unit_ranks_its_own_members(round_):
    whole, part = (league(here(round_), here(round_), unit) for unit in ("", "U1"))
    assert part["unit_id"].eq("U1").all()
    assert part["rank"].min() == 1
    assert len(league(here(round_), here(round_), "T")) == len(whole) == 24
    own = round_.study.members.set_index("member_id")["unit_id"]
    assert list(part.index) == [name for name in whole.index if own[name] == "U1"]


def test_only_who_has_another_grade_or_other_stars_has_changed(round_):
    still = league(here(round_), here(round_))
    assert changed(still).empty
    assert all(still[name].equals(still[f"{name}_before"].rename(name)) for name in SIDES)
    moved = league(here(round_), here(round_, round_.weighting(round_.scheme.reweighted(a=0))))
    names = set(changed(moved).index)
    for name, row in moved.iterrows():
        same = row["grade"] == row["grade_before"] and row["stars"] == row["stars_before"]
        assert (name in names) != same

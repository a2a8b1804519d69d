"""Stars by bands and by cut points that are found in the data."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toolkit.rules import Cluster, Stars
from toolkit.scheme import Category
from toolkit.scoring.stars import cut_points, outer_fences, star

ORACLES = Path(__file__).parents[1] / "oracles"
NAN = np.nan


@pytest.fixture
def fences():
    return json.loads((ORACLES / "tukey_outer_fence.json").read_text(encoding="utf-8"))


# -------------------------------------------------------------------------------------------------------- cut points


def test_outer_fences(fences):
    values, expected = fences["inputs"]["x"], fences["expected"]
    low, high = outer_fences(values)
    assert (low, high) == pytest.approx(expected["fences"], abs=fences["tolerance"])
    assert [value for value in values if not low <= value <= high] == expected["removed"]
    assert outer_fences([*values, NAN]) == (low, high)


def test_what_lies_beyond_the_fences_moves_no_cut(fences):
    rules = Cluster(stars=2, groups=1)
    values = fences["inputs"]["x"]
    # 54 and 55 join 50 and 52 (which adds 4 / 4 x 3.5^2 = 12.25) sooner than 56-60 (8 / 6 x 3.25^2 = 14.08)
    assert cut_points(values[1:-1], rules, seed=0).found.tolist() == [56]
    assert cut_points(values, rules, seed=0).found.tolist() == [56]


def test_what_lies_on_a_fence_is_within():
    # quartiles 50 and 60: fences at 20 and 90
    values = [20, 50, 50, 50, 55, 60, 60, 60, 90]
    assert outer_fences(values) == (20, 90)
    assert cut_points(values, Cluster(stars=4, groups=1), seed=0).found.tolist() == [50, 60, 90]


GROUPS = [10, 11, 12, 40, 41, 42, 80, 81, 82]


def test_cuts_are_the_lowest_values_of_the_clusters_but_the_first():
    cuts = cut_points([82, 10, NAN, 41, 80, 12, 40, 81, 11, 42], Cluster(stars=3, groups=1), seed=0)
    assert cuts.found.tolist() == [40, 80]
    assert cuts.held.tolist() == [40, 80]


def ward_by_hand(values, stars):
    """Merge the two neighbours whose merger adds least to the squares within, until so many clusters are left."""
    clusters = [[value] for value in sorted(values)]
    while len(clusters) > stars:
        cost = [len(a) * len(b) / (len(a) + len(b)) * (np.mean(b) - np.mean(a)) ** 2 for a, b in pairwise(clusters)]
        place = int(np.argmin(cost))
        clusters[place : place + 2] = [clusters[place] + clusters[place + 1]]
    return [cluster[0] for cluster in clusters[1:]]


@pytest.mark.parametrize("stars", [2, 3, 5])
def test_clusters_are_wards(stars):
    values = np.random.default_rng(5).normal(70, 10, 60)
    low, high = outer_fences(values)
    kept = values[(values >= low) & (values <= high)]
    assert cut_points(values, Cluster(stars=stars, groups=1), seed=0).found == pytest.approx(ward_by_hand(kept, stars))


def test_with_groups_a_cut_is_the_mean_of_those_found_without_each():
    values = np.random.default_rng(3).normal(70, 6, 47)
    assert len(values[(values >= outer_fences(values)[0]) & (values <= outer_fences(values)[1])]) == 47
    # who is in which group: a permutation, dealt out like cards
    group = np.random.default_rng(9).permutation(47) % 4
    ordered = np.sort(values)
    expected = np.mean([ward_by_hand(ordered[group != number], 3) for number in range(4)], axis=0)
    found = cut_points(values, Cluster(stars=3, groups=4), seed=9)
    assert found.found == pytest.approx(expected)
    # the order of the rows does not matter, the seed does
    assert cut_points(values[::-1], Cluster(stars=3, groups=4), seed=9).found == pytest.approx(expected)
    assert cut_points(values, Cluster(stars=3, groups=4), seed=10).found != pytest.approx(expected)


def test_two_groups_leave_each_half_out_in_turn():
    values = np.array([10.0, 11, 50, 51, 90, 91])
    group = np.random.default_rng(1).permutation(6) % 2
    halves = [values[group != number] for number in (0, 1)]
    assert [len(half) for half in halves] == [3, 3]
    rules = Cluster(stars=2, groups=2)
    expected = np.mean([ward_by_hand(half, 2) for half in halves], axis=0)
    assert cut_points(values, rules, seed=1).found == pytest.approx(expected)


def test_five_stars_of_ten_groups_and_a_guardrail_of_5_by_default():
    rules = Cluster()
    assert (rules.stars, rules.groups, rules.guardrail) == (5, 10, 5)


@pytest.mark.parametrize(
    ("before", "held"),
    [
        ([30, 90], [35, 85]),  # from 30 no further up than 35, from 90 no further down than 85
        ([50, 70], [45, 75]),
        ([36, 84], [40, 80]),  # 4 is less than 5
        ([35, 85], [40, 80]),  # 5 is allowed
        (None, [40, 80]),
        ([40], [40, 80]),  # another number of stars is no comparison
        ([], [40, 80]),
    ],
)
def test_a_cut_moves_no_further_than_the_guardrail(before, held):
    cuts = cut_points(GROUPS, Cluster(stars=3, groups=1), seed=0, before=before)
    assert cuts.found.tolist() == [40, 80]
    assert cuts.held.tolist() == held
    free = cut_points(GROUPS, Cluster(stars=3, groups=1, guardrail=None), seed=0, before=before)
    assert free.held.tolist() == [40, 80]


def test_too_few_values_give_no_cuts():
    one = Cluster(stars=3, groups=1)
    for values in ([], [NAN], [70, 80], [70, 70, 80, 80], [70, 70, 80, 80, NAN]):
        found = cut_points(values, one, seed=0, before=[10, 20])
        assert found.found.tolist() == found.held.tolist() == []
    assert cut_points([70, 80, 90], one, seed=0).found.tolist() == [80, 90]
    assert cut_points([70, 70, 80, 90], one, seed=0).found.tolist() == [80, 90]


def test_too_few_values_without_one_of_the_groups_give_no_cuts():
    assert cut_points([70, 80, 90], Cluster(stars=3, groups=3), seed=0).found.tolist() == []
    assert cut_points([70, 80, 90], Cluster(stars=2, groups=3), seed=0).found == pytest.approx([260 / 3])
    # left out are 70, 80 and 90 in turn: 80 | 90, 70 | 90, 70 | 80 begin at 90, 90, 80


def test_more_groups_than_values_leave_nobody_out_of_some():
    found = cut_points([10, 11, 90, 91], Cluster(stars=2, groups=10), seed=0)
    # without 90 the upper cluster begins at 91; in nine of ten it begins at 90
    assert found.found == pytest.approx([90.1])


@pytest.mark.parametrize(("values", "stars"), [([60, 70, 80, 90], 3), (range(0, 100, 5), 5), ([1, 2, 3, 4, 5, 6], 4)])
def test_evenly_spread_values_give_as_many_clusters_as_are_asked(values, stars):
    # many mergers are of the same height; one at a time is undone
    found = cut_points(list(values), Cluster(stars=stars, groups=1), seed=0).found
    assert len(found) == stars - 1
    assert (np.diff(found) > 0).all()
    assert set(found) <= set(values)
    assert found[0] > min(values)


# -------------------------------------------------------------------------------------------------------------- stars


def ratees(values, categories="c", units="U", *, counts=True):
    frame = pd.DataFrame({"value": values, "unit_id": units, "category": categories, "counts": counts})
    return frame.set_axis([f"m{place}" for place in range(len(frame))]).astype({"value": float})


def starred(rules, people, quantities=None, **more):
    quantities = pd.DataFrame(index=people.index) if quantities is None else quantities.set_axis(people.index)
    return star(people, rules, quantities, **more)


FIVE = {"5": 90, "4": 80, "3": 70, "2": 60, "1": 50}


def test_stars_by_bands():
    found, reasons = starred(Stars(bands=FIVE), ratees([90, 89.9, 70, 50, 49.9, 0, NAN]))
    assert list(found) == ["stars", "band", "places", "tied"]
    assert found["stars"].tolist()[:6] == [5, 4, 3, 1, 0, 0]  # below the first band there are none
    assert found["band"].tolist()[:6] == [5, 4, 3, 1, 0, 0]
    assert found[["stars", "band"]].iloc[6].isna().all()  # without a value nothing is known of stars
    assert found["stars"].dtype == found["band"].dtype == float
    assert found.index.tolist() == [f"m{place}" for place in range(7)]
    assert reasons.empty


def test_a_category_has_stars_that_begin_elsewhere():
    categories = {"farmer": Category(stars={"5": 85, "2": 55}), "office": Category()}
    people = ratees([86, 86, 57, 57, 86, 75], ["farmer", "office", "farmer", "office", "other", "farmer"])
    found, _ = starred(Stars(bands=FIVE), people, categories=categories)
    assert found["stars"].tolist() == [5, 4, 2, 1, 4, 3]  # what the farmers do not state holds for them too
    plain, _ = starred(Stars(bands=FIVE), people)
    assert plain["stars"].tolist() == [4, 4, 1, 1, 4, 3]


def test_without_a_category_the_stars_are_those_of_the_scheme():
    found, _ = starred(Stars(bands=FIVE), ratees([86, 57], [None, "farmer"]), categories={"farmer": Category()})
    assert found["stars"].tolist() == [4, 1]


def test_overlapping_stars_have_a_priority():
    bands = {"1": {"from": 0, "to": 70}, "2": {"from": 60, "to": 100}}
    assert starred(Stars(bands=bands, priority="high"), ratees([65]))[0]["stars"].tolist() == [2]
    assert starred(Stars(bands=bands, priority="low"), ratees([65]))[0]["stars"].tolist() == [1]


def test_conditions_take_one_star_at_a_time_and_the_last():
    rules = Stars(
        bands={"1": 50, "2": 80},
        require={"2": [{"of": "vetoes", "max": 0}], "1": [{"of": "measure.hours", "min": 45}]},
    )
    quantities = pd.DataFrame({"vetoes": [0, 1, 1, 0], "measure.hours": [45, 45, 44, 0]})
    found, reasons = starred(rules, ratees([90, 90, 90, 60]), quantities)
    assert found["stars"].tolist() == [2, 1, 0, 0]
    assert found["band"].tolist() == [2, 2, 2, 1]
    assert reasons[["ratee_id", "about", "of"]].to_numpy().tolist() == [
        ["m1", "2", "vetoes"],
        ["m2", "2", "vetoes"],
        ["m2", "1", "measure.hours"],
        ["m3", "1", "measure.hours"],
    ]


def test_a_quota_of_stars_with_a_tie():
    rules = Stars(bands={"1": 50, "2": 80}, quota={"2": {"max": "1/3", "within": "study"}})
    found, _ = starred(rules, ratees([99, 95, 95, 90, 60, 55], units=list("UUUVVV")))
    assert found["stars"].tolist() == [2, 1, 1, 1, 1, 1]
    assert found["band"].tolist() == [2, 2, 2, 2, 1, 1]
    assert found["tied"].tolist() == [False, True, True, False, False, False]
    assert found["places"].tolist()[1:4] == [2, 2, 2]
    free, _ = starred(rules, ratees([99, 95, 95, 90], counts=False))
    assert free["stars"].tolist() == [2, 2, 2, 2]


def test_stars_begin_at_the_cuts_and_everybody_below_the_first_has_one():
    rules = Stars(cluster=Cluster(stars=3))
    found, _ = starred(rules, ratees([0, 39.9, 40, 79.9, 80, 100, NAN]), cuts=[40, 80])
    assert found["stars"].tolist()[:6] == [1, 1, 2, 2, 3, 3]
    assert found.iloc[6][["stars", "band"]].isna().all()


@pytest.mark.parametrize("cuts", [None, [], np.zeros(0)])
def test_without_cuts_nobody_has_stars_and_nothing_is_asked_of_them(cuts):
    asked = {star: [{"of": "vetoes", "max": 0}] for star in "123"}
    found, reasons = starred(Stars(cluster=Cluster(stars=3), require=asked), ratees([10, 90]), cuts=cuts)
    assert found[["stars", "band"]].isna().all(axis=None)
    assert reasons.empty


def test_stars_of_clusters_have_conditions_and_are_named_by_their_number():
    rules = Stars(cluster=Cluster(stars=10), require={"10": [{"of": "raters", "min": 3}]})
    assert rules.names == ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]
    cuts = np.arange(10, 100, 10)
    found, reasons = starred(rules, ratees([95, 95, 5]), pd.DataFrame({"raters": [2, 3, 3]}), cuts=cuts)
    assert found["stars"].tolist() == [9, 10, 1]
    assert reasons["about"].tolist() == ["10"]


def test_nobody_to_give_stars_to():
    found, reasons = starred(Stars(bands=FIVE), ratees([]))
    assert list(found) == ["stars", "band", "places", "tied"]
    assert len(found) == len(reasons) == 0

"""Quantities normalised to 0-100, and means of them: every number by hand."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toolkit.faults import UsageError
from toolkit.rules import Component, Composition
from toolkit.scoring.index import average, normalise

ORACLES = Path(__file__).parents[1] / "oracles"
NAN = np.nan


def oracle(name):
    return json.loads((ORACLES / f"{name}.json").read_text(encoding="utf-8"))


def normal(raw, groups=None, **rule):
    """Values of a component from raw ones, all in one group where none are given."""
    series = pd.Series(raw, [f"m{place}" for place in range(len(raw))], dtype=float, name="points")
    groups = pd.Series("", series.index) if groups is None else pd.Series(groups, series.index)
    found = normalise(series, Component(**rule), groups)
    assert found.index.tolist() == series.index.tolist()
    return found.tolist()


# -------------------------------------------------------------------------------------------------------- normalising


def test_goalposts_are_straight_and_capped():
    # (65 - 40) / (90 - 40) = .5; 30 would be -20, 100 would be 120
    assert normal([40, 65, 90, 30, 100], low=40, high=90) == [0, 50, 100, 0, 100]
    assert normal([40, 65, 90, 30, 100], low=40, high=90, capped=False) == [0, 50, 100, -20, 120]


def test_goalposts_are_what_is_done_by_default_from_0_to_100():
    assert normal([0, 37, 100, -1, 101]) == [0, 37, 100, 0, 100]


def test_less_is_better_where_high_lies_below_low():
    # absences: 10 give 0, none give 100
    assert normal([10, 2, 0, 12, -1], low=10, high=0) == [0, 80, 100, 0, 100]
    assert normal([1, 3, 2], normalise="min-max", low=1, high=0) == [100, 0, 50]
    assert normal([60, 70, 80], normalise="z-score", low=1, high=0) == [60, 50, 40]
    assert normal([1, 2, 3, 4], normalise="percentile", low=1, high=0) == [87.5, 62.5, 37.5, 12.5]


def test_goalposts_in_logarithms():
    # from 10 to 1000: 100 lies in the middle; 0 and 1 lie below, and are capped
    assert normal([10, 100, 1000, 1, 0, -5, 10_000], low=10, high=1000, log=True) == pytest.approx(
        [0, 50, 100, 0, 0, 0, 100]
    )
    assert normal([1, 10_000], low=10, high=1000, log=True, capped=False) == pytest.approx([-50, 150])
    assert normal([100, 0, 1000], low=1000, high=10, log=True) == pytest.approx([50, 100, 0])


def test_min_max():
    assert normal([2, 4, 10], normalise="min-max") == [0, 25, 100]
    # .5, 1 and 2 as powers of ten
    assert normal([10, 100, 1000], normalise="min-max", log=True) == pytest.approx([0, 50, 100])


def test_z_scores_have_mean_50_and_10_for_a_standard_deviation_with_n_less_1():
    # mean 70, squares 100 + 0 + 100 over 2: standard deviation 10
    assert normal([60, 70, 80], normalise="z-score") == [40, 50, 60]
    # with n the standard deviation of 0 and 2 would be 1; with n - 1 it is 1.4142
    assert normal([0, 2], normalise="z-score") == pytest.approx([50 - 10 / 2**0.5, 50 + 10 / 2**0.5])


def test_a_z_score_far_out_is_capped():
    # one of 41 is 1: mean 1/41, variance (40/41) / 40 = 1/41, z = (40/41) sqrt(41) = 6.247
    raw = [0.0] * 40 + [1]
    assert normal(raw, normalise="z-score")[-1] == 100
    assert normal(raw, normalise="z-score", capped=False)[-1] == pytest.approx(50 + 400 / 41 * 41**0.5)


def test_percentiles_count_ties_by_half():
    # of 4: 0 below and half of himself; 1 below and half of two; 3 below and half of himself
    assert normal([10, 20, 20, 30], normalise="percentile") == [12.5, 50, 50, 87.5]


@pytest.mark.parametrize("way", ["min-max", "z-score", "percentile"])
def test_a_group_without_spread_has_50(way):
    assert normal([7, 7, 7], normalise=way) == [50, 50, 50]
    assert normal([7], normalise=way) == [50]
    assert normal([7], normalise=way, low=1, high=0) == [50]


@pytest.mark.parametrize("way", ["min-max", "z-score"])
def test_what_differs_by_less_than_the_tolerance_does_not_differ(way):
    assert normal([7, 7 + 5e-10], normalise=way) == pytest.approx([50, 50], abs=1e-6)
    assert normal([7, 7 + 5e-8], normalise=way)[1] > 55


@pytest.mark.parametrize("way", ["goalposts", "min-max", "z-score", "percentile", "none"])
def test_what_is_missing_stays_missing_and_is_nobodys_comparison(way):
    found = normal([60, NAN, 70, 80], normalise=way)
    whole = normal([60, 70, 80], normalise=way)
    assert np.isnan(found[1])
    assert [found[0], *found[2:]] == whole
    assert np.isnan(normal([NAN, NAN], normalise=way)).all()
    assert normal([], normalise=way) == []


@pytest.mark.parametrize(
    ("way", "expected"),
    [("min-max", [0, 100, 0, 100, 50]), ("z-score", None), ("percentile", [25, 75, 25, 75, 50])],
)
def test_each_is_compared_with_his_group(way, expected):
    found = normal([60, 80, 10, 20, 99], ["U", "U", "V", "V", "W"], normalise=way)
    half = 10 / 2**0.5  # two values lie half their distance from the mean, and the standard deviation is that x sqrt(2)
    assert found == pytest.approx(expected or [50 - half, 50 + half, 50 - half, 50 + half, 50])


def test_as_it_is():
    assert normal([-5, 50, 120], normalise="none") == [-5, 50, 120]
    assert normal([1 / np.e, 1, np.e], normalise="none", log=True) == [-1, 0, 1]


@pytest.mark.parametrize(
    "rule",
    [
        {"normalise": "goalposts", "low": 10, "high": 1000, "capped": False},
        {"normalise": "min-max"},
        {"normalise": "z-score"},
        {"normalise": "percentile"},
        {"normalise": "none"},
    ],
)
def test_a_logarithm_of_nought_is_refused_by_name_unless_the_goalposts_cap_it(rule):
    for wrong in (0, -3):
        with pytest.raises(UsageError, match=rf"index: points of m1 is {wrong}, must be above 0 for log: true"):
            normal([5, wrong, -1], log=True, **rule)
    assert np.isfinite(normal([5, 0.001], log=True, **rule)).all()


def test_the_income_index_of_the_undp():
    case = oracle("hdi_2020_technote")
    low, high = case["inputs"]["goalposts"]
    found = normal([case["inputs"]["gni"]], low=low, high=high, log=True)
    assert found[0] / 100 == pytest.approx(case["expected"]["income_index"], abs=case["tolerance"])


# ---------------------------------------------------------------------------------------------------------- averaging


def composition(mean="arithmetic", parts=2, **more):
    components = {f"c{place}": {"of": "points"} for place in range(parts)}
    return Composition.model_validate({"mean": mean, "components": components} | more)


def mean_of(values, weights=None, mean="arithmetic", **more):
    """Mean, coverage and shares of one ratee."""
    rest = {key: more.pop(key) for key in ("rule", "coverage") if key in more}
    weights = [1 / len(values)] * len(values) if weights is None else weights
    rule = composition(mean, len(values), **more)
    found, coverage, share = average(np.array([values], dtype=float), np.array([weights], dtype=float), rule, **rest)
    return found[0], coverage[0], share[0].tolist()


def test_the_arithmetic_mean():
    assert mean_of([90, 60], [0.2, 0.8]) == (pytest.approx(66), 1, [0.2, 0.8])  # 18 + 48


def test_the_geometric_mean():
    assert mean_of([16, 81], [0.25, 0.75], "geometric")[0] == pytest.approx(54)  # 2 x 27
    assert mean_of([4, 25], mean="geometric")[0] == pytest.approx(10)
    assert mean_of([0, 100], mean="geometric")[0] == 0
    assert mean_of([-5, 100], mean="geometric")[0] == 0  # what is below 0 is taken for 0


def test_a_component_of_no_weight_is_not_in_a_mean_even_if_it_is_nought():
    assert mean_of([0, 64], [0, 1], "geometric") == (pytest.approx(64), 1, [0, 1])
    assert mean_of([0, 64], [0, 1], "power", power=-1)[0] == pytest.approx(64)
    assert mean_of([NAN, 64], [0, 1], rule="fail") == (64, 1, [0, 1])
    assert mean_of([0, 64, 64], [0, 0.5, 0.5], "mpi")[0] == 64


def test_power_means():
    assert mean_of([40, 60], mean="power", power=-1)[0] == pytest.approx(48)  # 2 / (1/40 + 1/60) = 2 / (5/120)
    assert mean_of([40, 60], [0.25, 0.75], "power", power=-1)[0] == pytest.approx(160 / 3)  # 1 / (3/480 + 6/480)
    assert mean_of([10, 70], mean="power", power=2)[0] == pytest.approx(50)  # (100 + 4900) / 2 = 2500
    assert mean_of([100, 0], [0.36, 0.64], "power", power=2)[0] == pytest.approx(60)  # .36 x 10000 = 3600
    assert mean_of([0, 60], mean="power", power=-1)[0] == 0
    assert mean_of([-60, 60], mean="power", power=2)[0] == pytest.approx(60 / 2**0.5)  # not 60: -60 is taken for 0
    assert mean_of([90, 60], [0.2, 0.8], "power", power=1)[0] == pytest.approx(66)


def test_the_mean_of_mazziotta_and_pareto():
    case = oracle("mpi_hand")
    for values, expected in zip(case["inputs"]["z"], case["expected"]["mpi"], strict=True):
        assert mean_of(values, mean="mpi")[0] == pytest.approx(expected, abs=case["tolerance"])


def test_the_mpi_takes_off_for_imbalance_among_what_is_there():
    # of 90 and 110: mean 100, variance 200, cv^2 = .02
    assert mean_of([90, NAN, 110], mean="mpi") == (pytest.approx(98), pytest.approx(2 / 3), [0.5, 0, 0.5])
    assert mean_of([90, NAN, NAN], mean="mpi")[0] == pytest.approx(90)
    assert mean_of([0, 0], mean="mpi")[0] == 0
    assert np.isnan(mean_of([NAN, NAN], mean="mpi")[0])
    # below 0 as well: mean 1, variance 8, 1 - 8 = -7
    assert mean_of([-1, 3], mean="mpi")[0] == pytest.approx(-7)


def test_each_ratee_has_his_own_mpi():
    values = np.array([[90, 100, 110], [80, 120, 100], [NAN, 90, 110], [NAN, NAN, 70]], dtype=float)
    found, coverage, _ = average(values, np.full(values.shape, 1 / 3), composition("mpi", 3))
    assert found.tolist() == pytest.approx([99, 96, 98, 70])
    assert coverage.tolist() == pytest.approx([1, 1, 2 / 3, 1 / 3])


def test_the_human_development_index():
    case = oracle("hdi_2020_technote")
    parts = [case["inputs"]["health"], case["inputs"]["education"], case["expected"]["income_index"]]
    found, _, _ = mean_of([100 * value for value in parts], mean="geometric")
    assert found / 100 == pytest.approx(case["expected"]["hdi"], abs=case["tolerance"])


@pytest.mark.parametrize("mean", ["arithmetic", "geometric"])
def test_what_is_missing_leaves_its_weight_to_the_others(mean):
    found, coverage, share = mean_of([81, NAN, 16], [0.3, 0.6, 0.1], mean)
    # .75 and .25: 60.75 + 4 = 64.75, or 27 x 2 = 54
    assert found == pytest.approx({"arithmetic": 64.75, "geometric": 54}[mean])
    assert coverage == pytest.approx(0.4)
    assert share == pytest.approx([0.75, 0, 0.25])


def test_with_everything_missing_there_is_no_mean():
    found, coverage, share = mean_of([NAN, NAN])
    assert np.isnan(found)
    assert coverage == 0
    assert share == [0, 0]


def test_fail():
    found, coverage, _ = mean_of([80, NAN], rule="fail")
    assert np.isnan(found)
    assert coverage == 0.5
    assert mean_of([80, 60], rule="fail")[0] == 70


def test_coverage_of_the_components_multiplies_up():
    found, coverage, _ = mean_of([80, 60, NAN], [0.5, 0.3, 0.2], coverage=np.array([[0.6, 1, 1]]))
    assert found == pytest.approx(72.5)  # (40 + 18) / .8: the mean is not of coverage
    assert coverage == pytest.approx(0.6)  # .3 + .3


def test_adjusted_keeps_the_gap_of_the_group():
    # in group 0 the second lies 20 below the first, in group 1 40
    values = np.array([[80, 60]] * 5 + [[90, NAN]] + [[80, 40]] * 5 + [[90, NAN]], dtype=float)
    weights = np.full(values.shape, 0.5)
    groups = np.repeat([0, 1], 6)
    found, coverage, share = average(values, weights, composition(), rule="adjusted", groups=groups)
    assert found[5] == pytest.approx(80)  # (90 + 70) / 2
    assert found[11] == pytest.approx(70)  # (90 + 50) / 2
    assert coverage[5] == 0.5
    assert share[5].tolist() == [1, 0]
    overall, _, _ = average(values, weights, composition(), rule="adjusted")
    assert overall[5] == pytest.approx(75)  # (90 + 90 - 30) / 2

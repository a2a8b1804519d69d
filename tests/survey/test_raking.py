"""Weights agree with what R's survey package printed and svy computed, and say why where there are none."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.faults import UsageError
from toolkit.survey.raking import design_effect, influence, mean_of, rake

ORACLES = Path(__file__).parents[1] / "oracles"
R = json.loads((ORACLES / "rake_apiclus1.json").read_text(encoding="utf-8"))
SVY = json.loads((ORACLES / "rake_svy.json").read_text(encoding="utf-8"))
SCHOOLS = pd.DataFrame(R["rows"], columns=R["columns"])


def variables(*names):
    return {name: SCHOOLS[name] for name in names}


def clustered(values, weights, held):
    """Standard error of a mean of a sample of whole districts: influences are added up by district."""
    moved = pd.Series(influence(values, weights, held)).groupby(SCHOOLS["dnum"]).sum()
    n = len(moved)
    return np.sqrt(n / (n - 1) * (1 - n / R["districts"]) * ((moved - moved.mean()) ** 2).sum())


def test_the_example_of_rs_survey_package():
    held = variables("stype", "sch.wide")
    weights = rake(held, R["margins"]).weights
    assert np.average(SCHOOLS["api00"], weights=weights) == pytest.approx(R["mean_api00"], abs=0.005)
    assert clustered(SCHOOLS["api00"], weights, held) == pytest.approx(R["se_api00"], abs=0.0005)
    size = R["schools"]
    assert np.average(SCHOOLS["enroll"], weights=weights) * size == pytest.approx(R["total_enroll"], abs=0.5)
    assert clustered(SCHOOLS["enroll"], weights, held) * size == pytest.approx(R["se_enroll"], abs=0.5)
    assert SCHOOLS["api00"].mean() == pytest.approx(R["unweighted_mean_api00"], abs=0.005)


def test_the_example_with_crossed_variables():
    weights = rake(variables("stype", "sch.wide", "comp.imp"), R["crossed_margins"]).weights
    assert np.average(SCHOOLS["api00"], weights=weights) == pytest.approx(R["crossed_mean_api00"], abs=0.005)


def test_svy_has_the_same_weights_means_and_errors():
    held = variables("stype", "sch.wide", "comp.imp")
    weights = rake(held, SVY["margins"]).weights
    np.testing.assert_allclose(weights, SVY["weights"], atol=2e-9)
    found = mean_of(SCHOOLS["api00"], weights, held)
    assert found.mean == pytest.approx(SVY["mean_api00"], rel=1e-9)
    assert found.se == pytest.approx(SVY["se_api00"], rel=1e-6)


def test_post_stratification_is_raking_to_one_margin():
    held = variables("stype")
    raked = rake(held, {"stype": SVY["margins"]["stype"]})
    assert raked.sweeps == 1
    np.testing.assert_allclose(raked.weights, SVY["poststratified_weights"], atol=1e-12)
    found = mean_of(SCHOOLS["api00"], raked.weights, held)
    assert found.mean == pytest.approx(SVY["poststratified_mean_api00"], rel=1e-12)
    assert found.se == pytest.approx(SVY["poststratified_se_api00"], rel=1e-12)


def test_by_hand():
    """Two of three women, of whom there are half: 1/2 over 2/3 is 3/4 for each, and 1/2 over 1/3 is 3/2 for the man."""
    raked = rake({"sex": ["f", "f", "m"]}, {"sex": {"f": 50, "m": 50}})
    np.testing.assert_allclose(raked.weights, [0.75, 0.75, 1.5])
    assert raked.design_effect == pytest.approx(3 * (0.5625 + 0.5625 + 2.25) / 9)  # 1.125
    assert raked.effective_n == pytest.approx(3 / 1.125)
    # mean (0.75 x 80 + 0.75 x 60 + 1.5 x 40) / 3 = 55; residuals 25, 5, -15 x weight / 3: 6.25, 1.25, -7.5
    np.testing.assert_allclose(influence([80, 60, 40], raked.weights), [6.25, 1.25, -7.5])
    found = mean_of([80, 60, 40], raked.weights)
    assert found.mean == pytest.approx(55)
    assert found.se == pytest.approx(np.sqrt(3 / 2 * (6.25**2 + 1.25**2 + 7.5**2)))
    assert found.high - found.mean == pytest.approx(4.302652729696142 * found.se)  # t with 2 degrees of freedom
    # what the margin explains is no error: within women 10, -10, within men 0
    np.testing.assert_allclose(
        influence([80, 60, 40], raked.weights, {"sex": ["f", "f", "m"]}), [2.5, -2.5, 0], atol=1e-12
    )


def test_equal_weights_are_the_plain_mean_and_its_error():
    values = [3.0, 5.0, 10.0, 2.0]
    found = mean_of(values, np.ones(4))
    assert found.mean == 5
    assert found.se == pytest.approx(np.std(values, ddof=1) / 2)
    assert design_effect(np.ones(7)) == 1
    assert np.isnan(mean_of([3.0], [1.0]).se)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([None, 3.0, 5.0]))
def test_margins_are_met_and_caps_are_kept(seed, cap):
    rng = np.random.default_rng(seed)
    held = {f"v{k}": rng.choice(list("abc"), 300, p=[0.5, 0.3, 0.2]).astype(object) for k in range(3)}
    margins = {name: dict(zip("abc", rng.uniform(0.8, 1.2, 3), strict=True)) for name in held}
    raked = rake(held, margins, cap=cap)
    assert raked.weights.mean() == pytest.approx(1)
    assert raked.weights.min() > 0
    assert raked.weights.max() <= (cap or np.inf) * (1 + 1e-8)
    for name, margin in margins.items():
        for level, share in margin.items():
            found = raked.weights[held[name] == level].sum() / 300
            assert found == pytest.approx(share / sum(margin.values()), abs=1e-8)
    assert raked.effective_n == pytest.approx(raked.weights.sum() ** 2 / (raked.weights**2).sum())


def test_the_order_of_raters_levels_and_margins_changes_nothing():
    held = {"a": list("xxyyyx"), "b": list("uvuvvv")}
    margins = {"a": {"x": 0.4, "y": 0.6}, "b": {"u": 0.5, "v": 0.5}}
    first = rake(held, margins).weights
    turned = {"b": {"v": 1, "u": 1}, "a": {"y": 3, "x": 2}}
    again = rake({name: levels[::-1] for name, levels in held.items()}, turned).weights[::-1]
    np.testing.assert_allclose(first, again, atol=1e-9)


@pytest.mark.parametrize(
    ("held", "margins", "says"),
    [
        (
            {"sex": ["f", "m"]},
            {"sex": {"f": 1, "m": 1, "x": 2}},
            "margin sex: no rater is 'x', 50.0% of the population",
        ),
        ({"sex": ["f", "m", "d"]}, {"sex": {"f": 1, "m": 1}}, "margin sex: 1 raters are 'd', which it does not have"),
        (
            {"sex": ["f", "m", ""]},
            {"sex": {"f": 1, "m": 1}},
            "margin sex: 1 raters are 'blank', which it does not have",
        ),
        ({"sex": ["f", "m"]}, {"age": {"18": 1}}, "margin age: raters have no variable age"),
        ({"sex": ["f", "m"]}, {"sex*age": {"f*18": 1}}, "margin sex*age: raters have no variable age"),
        ({"sex": ["f", "m"]}, {"sex": {"f": 1, "m": 0}}, "margin sex: 'm' must have a share above 0, or no rater"),
        ({"sex": []}, {"sex": {"f": 1}}, "raters: there are none"),
        ({"sex": ["f"]}, {}, "margins: must hold at least one"),
        (
            {"a": list("xy"), "b": list("uv")},
            {"a": {"x": 0.5, "y": 0.5}, "b": {"u": 0.2, "v": 0.8}},
            "margins cannot all be met: after 2000 sweeps a 'y' is off by 30.00%: some combinations of levels have no",
        ),
    ],
)
def test_why_margins_cannot_be_met(held, margins, says):
    with pytest.raises(UsageError) as error:
        rake(held, margins)
    assert says in str(error.value)


def test_every_reason_is_told_at_once():
    with pytest.raises(UsageError) as error:
        rake({"sex": ["f", "d"]}, {"sex": {"f": 1, "m": 1}, "age": {"18": 1}})
    assert len(str(error.value).splitlines()) == 3


def test_a_cap_that_is_too_low():
    held = {"sex": ["f"] * 9 + ["m"]}
    with pytest.raises(UsageError, match=r"a cap of 2 times the mean weight may be too low"):
        rake(held, {"sex": {"f": 1, "m": 1}}, cap=2)
    assert rake(held, {"sex": {"f": 1, "m": 1}}, cap=5).weights.max() == pytest.approx(5)
    with pytest.raises(UsageError, match="must be above 1"):
        rake(held, {"sex": {"f": 1, "m": 1}}, cap=1)

"""Probabilities of ranks, grades, stars and of being ahead, against counting one draw after the other."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import model_of, scheme_of
from small_study import RATINGS, make, schemes_of

from toolkit import score
from toolkit.faults import UsageError
from toolkit.scoring.ranks import rank
from toolkit.voices import voices_of
from toolkit.weighting.draws import draw
from toolkit.weighting.ladders import ladders, levels
from toolkit.weighting.model import composites, model
from toolkit.weighting.noise import noise
from toolkit.weighting.outcomes import outcomes
from toolkit.weighting.pairs import expected_ranks, winning, winning_exactly
from toolkit.weighting.redraw import redraw
from toolkit.weighting.robustness import robustness

ORACLE = Path(__file__).parents[1] / "oracles" / "smaa_pairwise_closed_form.json"
SOURCES = {"superior": 0.4, "peer": 0.3, "public": 0.3}
GRADES = {
    "bands": {"excellent": 70, "good": 60, "pass": 50, "fail": 0},
    "quota": {"excellent": {"max": "1/3", "within": "unit"}, "good": {"max": "1/2", "within": "study"}},
}
STARS = {"of": "score", "bands": {"3": 75, "2": 65, "1": 55}, "quota": {"3": {"max": "1/5", "within": "study"}}}


def messy(seed, size=24, **sections):
    rng = np.random.default_rng(seed)
    cells = np.round(rng.uniform(40, 90, (size, 3)) / 10) * 10
    cells[rng.random(cells.shape) < 0.1] = np.nan
    cells[1] = cells[0] + 4e-10
    scheme = scheme_of(SOURCES, grades=GRADES, stars=STARS, **sections)
    return model_of(cells, scheme, units=rng.choice(list("abc"), size), exempt=np.arange(size) == 5)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6))
def test_many_weightings_at_once_have_the_levels_and_ranks_of_one_after_the_other(seed):
    made = messy(seed)
    found = outcomes(made, draw(made, draws=12, seed=seed))
    unit = made.quantities["unit_id"].factorize()[0]
    for number in range(12):
        for step in ladders(made):
            of, at = found.values[step.about], found.score[number, step.rows]  # noqa: PD011
            one = levels(step, of[number, step.rows], {"score": at})
            held = found.grade if step.about == "grade" else found.stars
            np.testing.assert_array_equal(held[number, step.rows], one)
        counted = np.where(found.counts[number], found.score[number], np.nan)
        np.testing.assert_array_equal(found.rank()[number], rank(counted))
        np.testing.assert_array_equal(found.rank(within="unit")[number], rank(counted, unit))


def test_shares_are_counts_of_draws():
    made = messy(1)
    weights = draw(made, draws=40, seed=1)
    found, counted = robustness(made, weights, best=(1, 4)), outcomes(made, weights)
    shares = found.chances.set_index(["ratee_id", "about", "place"])
    for about, held in (("grade", counted.grade), ("stars", counted.stars)):
        for place, (number, ratee) in product(range(-2, 3), enumerate(made.quantities.index)):
            row = shares.loc[(ratee, about, place)]
            assert row["share"] == pytest.approx((held[:, number] == place).mean())
            assert row["at_least"] == pytest.approx((held[:, number] >= place).mean())
            assert row["se"] == pytest.approx(np.sqrt(row["share"] * (1 - row["share"]) / 40))
    assert shares.groupby(["ratee_id", "about"])["now"].sum().eq(1).all()
    assert set(shares.loc[shares["quota"], "level"]) == {"excellent", "good", "3"}
    mine = ~made.quantities["exempt"].to_numpy()
    table = found.acceptability.set_index(["within", "best"])
    for within, best in product(["", "unit"], [1, 4]):
        expected = (counted.rank(within=within)[:, mine] <= best).mean(axis=0)
        assert table.loc[(within, best), "share"].to_numpy() == pytest.approx(expected)
    ranks = counted.rank()[:, mine]
    assert found.ratees["mean_rank"].to_numpy() == pytest.approx(np.nanmean(ranks, axis=0))
    assert found.ratees["mean"].to_numpy() == pytest.approx(np.nanmean(counted.score[:, mine], axis=0))


def test_central_weights_are_the_mean_of_those_that_put_somebody_first():
    made = model_of([[80.0, 60, 60], [60, 80, 60], [50, 50, 50]], scheme_of(SOURCES))
    weights = draw(made, draws=500, seed=2)
    found = robustness(made, weights, best=(1,)).central
    first = outcomes(made, weights).rank()[:, 0] == 1
    mine = found[(found["ratee_id"] == "M0") & (found["within"] == "")].set_index("node")
    assert mine["weight"].to_dict() == pytest.approx(
        dict(zip(SOURCES, weights.sources[first, 0, 1:].mean(axis=0), strict=True))
    )
    assert (mine["draws"] == first.sum()).all()
    assert found.loc[found["ratee_id"] == "M2", "weight"].isna().all()  # never first


def test_pairs_of_the_oracle_exactly_and_sampled():
    case = json.loads(ORACLE.read_text(encoding="utf-8"))
    for difference, expected in zip(case["inputs"]["d"], case["expected"]["p"], strict=True):
        names = [f"s{number}" for number in range(len(difference))]
        made = model_of(
            [50.0 + np.array(difference), [50.0] * len(names)], scheme_of(dict.fromkeys(names, 1 / len(names)))
        )
        exact = winning_exactly(made, pairs=[("M0", "M1")]).iloc[0]
        assert exact["ahead"] == pytest.approx(expected, abs=1e-14)
        drawn = winning(made, draw(made, draws=20_000, seed=1), pairs=[("M0", "M1")]).iloc[0]
        assert abs(drawn["ahead"] - expected) < 4 * drawn["ahead_se"]
        ranks = expected_ranks(made).set_index("ratee_id")["mean_rank"]
        assert ranks.to_dict() == pytest.approx({"M0": 2 - expected, "M1": 1 + expected})


def test_exact_pairs_and_ranks_are_where_sampling_leads():
    rng = np.random.default_rng(3)
    cells = np.round(rng.uniform(40, 90, (14, 3, 2)))
    cells[3] = cells[2]
    made = model_of(cells, scheme_of(SOURCES, {"a": 0.5, "b": 0.5}), units=list("aabbabababaabb"))
    weights = draw(made, draws=4000, seed=4)
    exact, drawn = winning_exactly(made), winning(made, weights)
    assert exact[["ratee_id", "other_id"]].equals(drawn[["ratee_id", "other_id"]])
    assert (np.abs(exact["ahead"] - drawn["ahead"]) <= 4.5 * drawn["ahead_se"] + 1e-3).all()
    tied = exact[exact["level"] == 1]
    assert tied[["ratee_id", "other_id"]].to_numpy().tolist() == [["M2", "M3"]]
    assert tied["ahead"].tolist() == [0.5]
    sampled = robustness(made, weights).ratees
    for within, name in (("", "mean_rank"), ("unit", "mean_unit_rank")):
        expected = expected_ranks(made, within=within)["mean_rank"].to_numpy()
        assert (np.abs(sampled[name] - expected) <= 4.5 * sampled[f"{name}_se"] + 1e-3).all()


def test_who_lacks_a_source_has_no_exact_probability():
    made = model_of([[80.0, 60, 60], [60, np.nan, 60], [50, 50, 50]], scheme_of(SOURCES))
    found = winning_exactly(made).set_index(["ratee_id", "other_id"])["ahead"]
    assert found.isna().to_dict() == {("M0", "M1"): True, ("M0", "M2"): False, ("M1", "M2"): True}
    assert expected_ranks(made)["mean_rank"].isna().all()


SCHEME = """
language: en
scales: {five: {low: 1, high: 5}}
sources:
  peer: {weight: 0.5, scale: five, trim: {drop: 1, above: 3}}
  public: {weight: 0.5, scale: five}
grades:
  bands: {excellent: 60, pass: 40, fail: 0}
  quota: {excellent: {max: 1/3, within: study}}
"""


def rated():
    rng = np.random.default_rng(6)
    rows = [
        ("r", f"M{ratee}", source, f"{source}{rater}", "overall", str(rng.integers(1, 6)))
        for ratee, source, rater in product(range(9), ["peer", "public"], range(6))
        if rng.random() < 0.8
    ]
    frame = pd.DataFrame(rows, columns=RATINGS)
    study = make(schemes_of(SCHEME), frame)
    return model(study, score(study)), voices_of(frame, study, "r")


def test_raters_and_weights_are_drawn_together():
    made, voices = rated()
    weights = draw(made, draws=30, seed=7)
    found = robustness(made, weights, voices=voices, seed=8)
    value = np.concatenate([part.value for part in redraw(made, voices, draws=30, seed=8)])
    one = [
        composites(made, weights._replace(sources=weights.sources[[number]]), value=value[number]).score[0]
        for number in range(30)
    ]
    assert found.ratees["mean"].to_numpy() == pytest.approx(np.nanmean(one, axis=0))
    assert found.ratees["sd"].to_numpy() == pytest.approx(np.nanstd(one, axis=0))
    own = robustness(made, voices=voices, draws=30, seed=8)
    assert own.central.empty
    assert (own.ratees["sd"] > 0).all()


def test_the_noise_floor_counts_changed_levels():
    made, voices = rated()
    found = noise(made, voices, draws=25, seed=9)
    value = np.concatenate([part.value for part in redraw(made, voices, draws=25, seed=9)])
    after = outcomes(made, value=value).grade
    changed = (after != outcomes(made).grade[0]).sum(axis=1)
    assert found.changed["grade"].tolist() == changed.tolist()
    row = found.table.set_index("about").loc["grade"]
    assert row["mean"] == pytest.approx(changed.mean())
    assert (row["low"], row["high"]) == tuple(np.quantile(changed, [0.025, 0.975]))
    assert row["ratees"] == 9
    assert found.alone == 0
    assert found.table["about"].tolist() == ["grade"]


def test_what_cannot_be_sampled():
    made, voices = rated()
    with pytest.raises(UsageError, match="nothing else varies"):
        robustness(made, draws=5)
    with pytest.raises(UsageError, match="draws: 5, must be the number of weights, 4"):
        robustness(made, draw(made, draws=4, seed=1), voices=voices, draws=5)
    with pytest.raises(UsageError, match="pairs: M99, must be members who are ranked"):
        winning_exactly(made, pairs=[("M0", "M99")])

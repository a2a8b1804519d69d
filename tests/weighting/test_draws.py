"""Weights drawn on the simplex, evenly or around the scheme's own, and who is ahead on all of it."""

import json
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from small_models import model_of, scheme_of

from toolkit.faults import UsageError
from toolkit.weighting.draws import draw, shares
from toolkit.weighting.simplex import ahead

ORACLE = Path(__file__).parents[1] / "oracles" / "smaa_pairwise_closed_form.json"
SOURCES = {"superior": 0.4, "peer": 0.3, "public": 0.3, "self": 0}
DRAWS = 4000


def round_of(**more):
    return model_of(np.full((3, 4, 2), 60.0), scheme_of(SOURCES, {"virtue": 0.5, "results": 0.5}, **more))


def test_published_volumes_of_the_simplex():
    case = json.loads(ORACLE.read_text(encoding="utf-8"))
    for difference, expected in zip(case["inputs"]["d"], case["expected"]["p"], strict=True):
        assert ahead(difference) == pytest.approx(expected, abs=1e-15)
        drawn = shares(np.ones(len(difference)), np.random.default_rng(1).random((20_000, len(difference))))
        share = (drawn @ difference > 0).mean()
        assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / 20_000)


def slowly(d):
    """The closed form for distinct differences, in fractions."""
    n = len(d)
    total = Fraction(0)
    for i, x in enumerate(d):
        if x > 0:
            below = Fraction(1)
            for j, y in enumerate(d):
                below *= (x - y) if j != i else 1
            total += Fraction(x) ** (n - 1) / below
    return total


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(-50, 50), min_size=2, max_size=6, unique=True))
def test_the_volume_is_that_of_the_formula(d):
    assert ahead(d) == pytest.approx(float(slowly(d)), abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-40, 40), min_size=2, max_size=6), st.floats(-1e-7, 1e-7))
def test_who_is_not_ahead_is_behind_or_level(d, push):
    d = np.array(d)
    level = np.all(np.abs(d) <= 1e-9)
    assert ahead(d) + ahead(-d) == pytest.approx(0 if level else 1, abs=1e-12)
    assert ahead(d) == pytest.approx(ahead(d[::-1]), abs=1e-12)
    if np.abs(d).max() > 1:  # equal and nearly equal differences are no trouble
        near = np.r_[d, d[0] + push]
        assert ahead(near) == pytest.approx(ahead(np.r_[d, d[0]]), abs=1e-5)


def test_nobody_is_ahead_of_his_equal_and_what_is_missing_stays_missing():
    assert ahead([[0, 0], [1, 0], [-1, 0], [np.nan, 1]]) == pytest.approx([0, 1, 0, np.nan], nan_ok=True)


def test_even_weights_are_uniform_on_the_simplex_and_zero_stays_zero():
    drawn = draw(round_of(), draws=DRAWS, seed=1)
    assert drawn.sources.shape == (DRAWS, 1, 5)
    assert drawn.indicators.shape == (1, 1, 3)
    weights = drawn.sources[:, 0, 1:]
    assert weights.sum(axis=1) == pytest.approx(1)
    assert (weights[:, 3] == 0).all()
    for column in weights.T[:3]:
        assert stats.kstest(column, stats.beta(1, 2).cdf).pvalue > 0.001


def test_weights_around_the_schemes_own_have_its_mean_and_the_stated_spread():
    weights = draw(round_of(), draws=DRAWS, concentration=50, seed=2).sources[:, 0, 1:]
    own = np.array([0.4, 0.3, 0.3])
    spread = np.sqrt(own * (1 - own) / 51)
    assert weights[:, :3].mean(axis=0) == pytest.approx(own, abs=4 * spread.max() / np.sqrt(DRAWS))
    assert weights[:, :3].std(axis=0) == pytest.approx(spread, rel=0.06)
    assert stats.kstest(weights[:, 0], stats.beta(20, 30).cdf).pvalue > 0.001


def test_a_full_order_is_exact():
    weights = draw(round_of(), draws=DRAWS, order=["public", "peer", "superior"], seed=3).sources[:, 0, 1:4]
    assert (np.diff(weights[:, [2, 1, 0]], axis=1) <= 0).all()
    centroid = np.array([1 / 3 + 1 / 2 + 1, 1 / 3 + 1 / 2, 1 / 3]) / 3  # rank order centroid weights
    assert weights.mean(axis=0) == pytest.approx(centroid[::-1], abs=0.01)


@pytest.mark.parametrize(
    "order", [["public", "superior"], ["public", ["superior", "peer"]], [["peer", "public"], "superior"]]
)
def test_a_partial_order_is_that_of_rejection(order):
    scheme = round_of()
    names = scheme.scheme.source_tree.names
    sorted_out = draw(scheme, draws=DRAWS, order=order, seed=4).sources[:, 0]
    free = draw(scheme, draws=4 * DRAWS, seed=5).sources[:, 0]
    tiers = [[tier] if isinstance(tier, str) else tier for tier in order]
    held = [free[:, [names.index(name) for name in tier]] for tier in tiers]
    kept = np.all([a.min(axis=1) >= b.max(axis=1) for a, b in pairwise(held)], axis=0)
    for node in (1, 2, 3):
        assert stats.ks_2samp(sorted_out[:, node], free[kept, node]).pvalue > 0.001
    lead, behind = held[0][kept], held[1][kept]
    assert (lead.min(axis=1) >= behind.max(axis=1)).all()


def test_categories_with_their_own_weights():
    categories = {"plain": {}, "clerk": {"sources": {"superior": 0.2, "peer": 0.8, "public": 0, "self": 0}}}
    scheme = scheme_of(SOURCES, categories=categories)
    made = model_of([[50, 60, 70, 80]] * 2, scheme, categories=["plain", "clerk"])
    clerk, plain = (draw(made, draws=DRAWS, seed=6).sources[:, place] for place in (0, 1))
    assert (clerk[:, 3] == 0).all()
    assert clerk[:, 1] == pytest.approx(plain[:, 1] / (plain[:, 1] + plain[:, 2]))  # the same random numbers
    clerk, plain = (draw(made, draws=DRAWS, concentration=40, seed=6).sources[:, place] for place in (0, 1))
    assert clerk[:, 1].mean() == pytest.approx(0.2, abs=0.01)
    assert plain[:, 1].mean() == pytest.approx(0.4, abs=0.01)
    assert np.corrcoef(clerk[:, 1], plain[:, 1])[0, 1] > 0.5


def test_indicators_are_drawn_too():
    drawn = draw(round_of(), draws=5, tree="indicators", seed=7)
    assert drawn.sources.shape == (1, 1, 5)
    assert drawn.indicators[:, 0, 1:].sum(axis=1) == pytest.approx(1)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0]), min_size=1, max_size=5).filter(any),
    st.one_of(st.none(), st.floats(1, 1000)),
    st.integers(0, 1000),
)
def test_weights_always_sum_to_one(own, concentration, seed):
    own = np.array(own)
    uniform = np.random.default_rng(seed).random((20, len(own)))
    uniform[0], uniform[1] = 0, 1
    made = shares(own, uniform, concentration=concentration)
    assert made.sum(axis=1) == pytest.approx(1)
    assert (made >= 0).all()
    assert (made[:, own == 0] == 0).all()


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"draws": 0}, "draws: 0, must be at least 1"),
        ({"parent": "peer"}, "parent: 'peer', must have sources below it: the root"),
        ({"order": ["boss", "peer"]}, "order: 'boss', must be among superior, peer, public, self"),
        ({"order": ["peer", "peer"]}, "order: 'peer', must be named once"),
        ({"order": ["peer", "public"], "concentration": 9}, "must be left out beside a concentration"),
        ({"concentration": 0.5}, "concentration: 0.5, must be at least 1"),
    ],
)
def test_what_cannot_be_drawn(asked, says):
    with pytest.raises(UsageError, match=says):
        draw(round_of(), **{"draws": 3, "seed": 1, **asked})

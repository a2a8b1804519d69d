"""Rank acceptability against ranks taken one weighting after the other."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from small_models import model_of, scheme_of

from toolkit.faults import UsageError
from toolkit.weighting.acceptability import acceptability
from toolkit.weighting.draws import draw
from toolkit.weighting.outcomes import outcomes

SOURCES = {"superior": 0.4, "peer": 0.3, "public": 0.3}
INDICATORS = {"virtue": 0.4, "results": 0.6}


def slowly(model, weights, best, within):
    ranks = outcomes(model, weights, kinds=("member",)).rank(within=within)
    mine = ~model.quantities["exempt"].to_numpy() & (model.quantities["kind"] == "member").to_numpy()
    return np.array([(ranks[:, mine] <= rank).sum(axis=0) for rank in best])


def messy(seed, size, grain, **sections):
    """Members in three units, with ties, near ties, gaps and somebody exempt."""
    rng = np.random.default_rng(seed)
    cells = np.round(rng.uniform(40, 90, (size, 3, 2)) / grain) * grain
    cells[rng.random(cells.shape) < 0.15] = np.nan
    for at in range(1, size, 3):  # the neighbour's cells, but for a trifle
        cells[at] = cells[at - 1] + rng.choice([0, 1e-11, 4e-10, 1e-8, 1e-6, 1e-5])
    exempt = np.arange(size) == 5
    scheme = scheme_of(SOURCES, INDICATORS, **sections)
    return model_of(cells, scheme, units=rng.choice(list("abc"), size, p=[0.6, 0.3, 0.1]), exempt=exempt)


@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 10**6),
    st.integers(6, 40),
    st.sampled_from([1e-6, 10.0]),
    st.tuples(st.sampled_from(["renormalise", "fail"]), st.sampled_from(["indicator", "source"])),
    st.sampled_from(["", "unit"]),
)
def test_ranks_are_counted_exactly(seed, size, grain, rules, within):
    rule, first = rules
    made = messy(seed, size, grain, missing={"rule": rule, "min_coverage": 0.6}, first=first)
    weights = draw(made, draws=30, seed=seed)
    best = (1, 2, 5, 100)
    found = acceptability(made, weights, best=best, within=within)
    np.testing.assert_array_equal(found.count, slowly(made, weights, best, within))


def test_a_long_run_of_near_ties_is_one_tie():
    size = 400
    cells = np.column_stack([60 + 8e-10 * np.arange(size)] * 3)  # from end to end 320 times what parts two scores
    made = model_of(np.vstack([cells, [[60 + 4e-7] * 3, [59.0] * 3]]), scheme_of(SOURCES))
    weights = draw(made, draws=12, seed=1)
    found = acceptability(made, weights, best=(1, 2, 300))
    np.testing.assert_array_equal(found.count, slowly(made, weights, (1, 2, 300), ""))
    assert (found.count[2, :size] == 12).all()


def test_weights_of_indicators_may_move_too():
    made = messy(3, 20, 1e-6)
    weights = draw(made, draws=300, seed=3)._replace(
        indicators=draw(made, draws=300, tree="indicators", seed=4).indicators
    )
    found = acceptability(made, weights)
    np.testing.assert_array_equal(found.count, slowly(made, weights, (1, 3, 10), ""))


@pytest.mark.parametrize("rule", ["renormalise", "adjusted"])
def test_holders_of_posts_and_filled_sources_take_the_long_way(rule):
    made = messy(4, 12, 1e-6, missing={"rule": rule})
    share = made.share.toarray()
    share[0, :2] = 0.5  # has a part in two rows
    made = replace(made, share=csr_array(share))
    weights = draw(made, draws=20, seed=5)
    for within in ("", "unit"):
        found = acceptability(made, weights, within=within)
        np.testing.assert_array_equal(found.count, slowly(made, weights, (1, 3, 10), within))


def test_a_table_of_shares_with_their_errors():
    made = model_of([[60.0, 70, 80], [80.0, 70, 60], [50.0, 50, 50]], scheme_of(SOURCES))
    found = acceptability(made, draw(made, draws=2000, seed=6), best=(1, 2))
    table = found.table.set_index(["ratee_id", "best"])
    assert table.loc[("M2", 2), "share"] == 0
    assert table.loc[("M0", 2), "share"] == 1
    assert table.loc[("M0", 1), "share"] == pytest.approx(0.5, abs=4 * table.loc[("M0", 1), "se"])
    assert table.loc[("M0", 1), "se"] == pytest.approx(np.sqrt(0.25 / 2000), rel=0.02)


def test_ranks_begin_at_one():
    made = model_of([[60.0, 70, 80]], scheme_of(SOURCES))
    with pytest.raises(UsageError, match="best: 0, must be ranks from 1 up"):
        acceptability(made, draw(made, draws=2, seed=6), best=(0, 1))

"""Weights by ranks and by combining: published numbers, numbers by hand, and what must hold of every one."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from published import oracle, steady

from toolkit.faults import UsageError
from toolkit.weighting.weights import combine, equal, rank_order_centroid


def test_equal():
    assert equal(["a", "b", "c", "d"]).to_dict() == dict.fromkeys("abcd", 0.25)
    with pytest.raises(UsageError, match="0 names, must be at least 1"):
        equal([])


def test_rank_order_centroid_as_published():
    inputs, expected, near = oracle("roc_barron_barrett_4")
    assert rank_order_centroid(inputs["ranks"]).to_numpy() == near(expected["weights"])


def test_tied_ranks_share_the_weights_of_their_places():
    found = rank_order_centroid({"peer": 2, "public": 1, "superior": 2, "self": 9})
    assert found["public"] == pytest.approx(25 / 48)
    assert found["peer"] == found["superior"] == pytest.approx((13 + 7) / 48 / 2)
    assert found["self"] == pytest.approx(3 / 48)
    assert rank_order_centroid([7, 7, 7]).tolist() == pytest.approx([1 / 3] * 3)
    assert rank_order_centroid({"alone": 3}).to_dict() == {"alone": 1}


def test_a_rank_that_is_missing_is_named():
    with pytest.raises(UsageError, match="of row 'b' is nan, must be a finite number"):
        rank_order_centroid({"a": 1, "b": float("nan")})


@steady
@given(st.lists(st.integers(1, 6), min_size=1, max_size=9))
def test_centroids_sum_to_one_and_follow_the_ranks(ranks):
    found = rank_order_centroid(ranks).to_numpy()
    assert found.sum() == pytest.approx(1)
    order = np.argsort(ranks, kind="stable")
    assert (np.diff(found[order]) <= 1e-12).all()


def test_combination_by_games_theory_by_hand():
    inputs, expected, near = oracle("game_theory_combination")
    found = combine({"experts": pd.Series(inputs["w1"]), "entropy": pd.Series(inputs["w2"])})
    assert found.alpha.tolist() == near(expected["alpha"])
    assert found.weights.tolist() == near(expected["w"])
    assert found.alpha.index.tolist() == ["experts", "entropy"]


def test_combination_solves_the_textbook_system():
    sets = np.array([[0.5, 0.3, 0.2], [0.3, 0.3, 0.4], [0.1, 0.1, 0.8]])
    found = combine(sets)
    alpha = np.abs(np.linalg.solve(sets @ sets.T, (sets**2).sum(axis=1)))
    assert found.alpha.tolist() == pytest.approx(alpha / alpha.sum())
    assert found.weights.sum() == pytest.approx(1)


def test_equal_sets_have_equal_shares():
    found = combine(np.array([[0.6, 0.4]] * 3))
    assert found.alpha.tolist() == pytest.approx([1 / 3] * 3)
    assert found.weights.tolist() == pytest.approx([0.6, 0.4])
    assert combine({"one": pd.Series({"a": 0.7, "b": 0.3})}).weights.to_dict() == pytest.approx({"a": 0.7, "b": 0.3})


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ({"x": pd.Series({"a": 0.6, "b": 0.35})}, "combine: x: weights sum to 0.95, must be 1"),
        ({"x": pd.Series({"a": 1.2, "b": -0.2})}, "'b' of row 'x' is -0.2, must be a finite number of at least 0"),
        ({"x": pd.Series({"a": 1.0}), "y": pd.Series({"b": 1.0})}, "'b' of row 'x' is nan"),
    ],
)
def test_what_is_no_set_of_weights(sets, message):
    with pytest.raises(UsageError, match=message):
        combine(sets)

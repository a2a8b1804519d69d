"""Judgements of many experts, and of a tree."""

import numpy as np
import pandas as pd
import pytest

from toolkit.faults import UsageError
from toolkit.scheme import Scheme
from toolkit.weighting.ahp import ahp
from toolkit.weighting.groups import pool_judgements, pool_priorities, synthesise

NONE = np.nan
NAMES = ["superior", "peer", "public"]


def judged(*upper, names=NAMES):
    """Judgements of three names by the cells above the diagonal."""
    ab, ac, bc = upper
    return pd.DataFrame([[1, ab, ac], [1 / ab, 1, bc], [1 / ac, 1 / bc, 1]], names, names)


ONE, TWO = judged(2, 4, 2), judged(8, 4, 1 / 2)


def test_judgements_are_pooled_by_their_geometric_mean():
    pooled = pool_judgements({"E1": ONE, "E2": TWO})
    assert pooled.loc["superior", "peer"] == pytest.approx(4)
    assert pooled.loc["peer", "public"] == pytest.approx(1)
    assert (pooled * pooled.T).to_numpy() == pytest.approx(np.ones((3, 3)))


def test_experts_may_weigh_differently():
    pooled = pool_judgements({"E1": ONE, "E2": TWO}, experts={"E2": 1, "E1": 3})
    assert pooled.loc["superior", "peer"] == pytest.approx(2 ** (3 / 4) * 8 ** (1 / 4))


def test_who_judged_shares_the_weight_of_who_did_not():
    silent = TWO.mask(TWO != 1).where(np.eye(3) == 1)
    silent.loc["superior", "public"], silent.loc["public", "superior"] = 9, 1 / 9
    pooled = pool_judgements({"E1": ONE, "E2": silent})
    assert pooled.loc["superior", "peer"] == 2
    assert pooled.loc["superior", "public"] == pytest.approx(6)


def test_one_of_two_opposite_cells_is_enough():
    upper = ONE.where(np.triu(np.ones((3, 3))) == 1)
    assert pool_judgements({"E1": upper, "E2": TWO}).equals(pool_judgements({"E1": ONE, "E2": TWO}))


def test_a_name_that_only_one_expert_has():
    pooled = pool_judgements({"E1": ONE, "E2": pd.DataFrame([[1, 3], [1 / 3, 1]], ["peer", "self"], ["peer", "self"])})
    assert list(pooled) == [*NAMES, "self"]
    assert pooled.loc["peer", "self"] == pytest.approx(3)
    assert np.isnan(pooled.loc["superior", "self"])
    assert ahp(pooled).weights["self"] == pytest.approx(ahp(pooled).weights["peer"] / 3)


def test_priorities_are_pooled_too():
    found = {"E1": ahp(ONE), "E2": ahp(TWO).weights}
    weights = {name: getattr(one, "weights", one) for name, one in found.items()}
    arithmetic = pool_priorities(found, mean="arithmetic")
    assert arithmetic.tolist() == pytest.approx(((weights["E1"] + weights["E2"]) / 2).tolist())
    geometric = pool_priorities(found, experts={"E1": 2, "E2": 1})
    by_hand = (weights["E1"] ** 2 * weights["E2"]) ** (1 / 3)
    assert geometric.tolist() == pytest.approx((by_hand / by_hand.sum()).tolist())


def test_by_geometric_means_both_ways_to_a_group_are_one():
    """Pooling commutes with the geometric method where everybody judged everything."""
    experts = {"E1": ONE, "E2": TWO, "E3": judged(1 / 3, 5, 6)}
    judgements = ahp(pool_judgements(experts), method="geometric").weights
    priorities = pool_priorities({name: ahp(matrix, method="geometric") for name, matrix in experts.items()})
    assert judgements.tolist() == pytest.approx(priorities.tolist())


@pytest.mark.parametrize(
    ("experts", "message"),
    [
        ({"E1": 1}, "experts: 'E2' is not given"),
        ({"E1": 1, "E2": 1, "E4": 1}, "experts: 'E4', must be one of E1, E2"),
        ({"E1": 1, "E2": -1}, "experts: 'E2' weighs -1, must be at least 0"),
        ({"E1": 1, "E2": NONE}, "experts: 'E2' weighs nan, must be at least 0"),
        ({"E1": 0, "E2": 0}, "experts: weights sum to 0, must be above 0"),
    ],
)
def test_every_expert_has_a_weight_or_none_has(experts, message):
    with pytest.raises(UsageError, match=message):
        pool_judgements({"E1": ONE, "E2": TWO}, experts=experts)


def test_what_cannot_be_pooled_is_named():
    with pytest.raises(UsageError, match="experts: 0, must be at least 1"):
        pool_judgements({})
    with pytest.raises(UsageError, match="E1: judgements: 'superior' over 'peer' is -2, must be above 0"):
        pool_judgements({"E1": ONE.replace(2.0, -2.0)})
    with pytest.raises(UsageError, match="'E2' has no weight for 'public', must have one"):
        pool_priorities({"E1": ahp(ONE), "E2": ahp(ONE.loc[NAMES[:2], NAMES[:2]])})


def test_weights_of_a_tree_by_hand():
    below = pd.DataFrame([[1, 3], [1 / 3, 1]], ["leader", "team"], ["leader", "team"])
    found = synthesise({"superior": below, "": ONE})
    assert list(found.local) == ["", "superior"]
    assert found.weights.to_dict() == pytest.approx(
        {"superior": 4 / 7, "peer": 2 / 7, "public": 1 / 7, "leader": 3 / 4, "team": 1 / 4}
    )
    assert found.leaves.to_dict() == pytest.approx({"peer": 2 / 7, "public": 1 / 7, "leader": 3 / 7, "team": 1 / 7})
    assert found.leaves.sum() == pytest.approx(1)
    assert found.remarks == {}
    assert synthesise({"": judged(8, 1 / 4, 5), "superior": below}, method="geometric").remarks.keys() == {""}


def test_weights_of_a_tree_plug_into_a_scheme():
    leaf = {"scale": "s"}
    scheme = Scheme.model_validate(
        {
            "title": "t",
            "rounds": {"2026": {}},
            "scales": {"s": {"low": 0, "high": 100}},
            "sources": {"superior": {"items": {"leader": leaf, "team": leaf}}, "peer": leaf, "public": leaf},
        }
    )
    below = pd.DataFrame([[1, 3], [1 / 3, 1]], ["leader", "team"], ["leader", "team"])
    found = synthesise({"": judged(3, 5, 2), "superior": below})
    weights = scheme.reweighted(found.weights).source_weights()
    assert {name: float(weight) for name, weight in weights.items()} == pytest.approx(found.weights.to_dict())
    assert weights["leader"] + weights["team"] == 1
    assert sum(weights[name] for name in NAMES) == 1


@pytest.mark.parametrize(
    ("judgements", "message"),
    [
        ({"peer": ONE}, "peer have parents, one set must stand at the top"),
        ({"": ONE, "peer": judged(1, 1, 1, names=["a", "b", "public"])}, "'public' stands under '' and 'peer'"),
        ({"": ONE, "pear": judged(1, 1, 1, names=list("abc"))}, "'pear' is a parent, must stand below the top itself"),
        (
            {"": ONE, "x": judged(1, 1, 1, names=["y", "b", "c"]), "y": judged(1, 1, 1, names=["x", "e", "f"])},
            "'x' is a parent, must stand below the top itself",
        ),
        (
            {"": ONE, "peer": judged(-1, 1, 1, names=list("abc"))},
            "peer: judgements: 'a' over 'b' is -1, must be above 0",
        ),
        ({"": ONE.replace(2.0, -1.0)}, "top: judgements: 'superior' over 'peer' is -1"),
    ],
)
def test_what_is_no_tree(judgements, message):
    with pytest.raises(UsageError, match=message):
        synthesise(judgements)

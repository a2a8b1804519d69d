"""Weights drawn at random: of any set of siblings, evenly or around the scheme's own, in a given order or in none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import gammaincinv

from toolkit.faults import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.scoring.evaluation import Weights
    from toolkit.weighting.model import Model

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

Branch = Literal["sources", "indicators"]
EDGE = 2.0**-53
"""How far a uniform number stays from 0 and 1, where its quantiles are 0 or without end."""


def draw(
    model: Model,
    *,
    draws: int,
    concentration: float | None = None,
    order: Sequence[str | Sequence[str]] = (),
    tree: Branch = "sources",
    parent: str = "",
    seed: int,
) -> Weights:
    """Draw weights for the children of one node; all other weights are the scheme's own.

    Parameters
    ----------
    model : Model
        The round.
    draws : int
        How many weightings.
    concentration : float, optional
        None: all weights that sum to 1 are equally likely, Dirichlet(1, ..., 1). A number: Dirichlet with
        `concentration` times the scheme's own weights, at least 1; a weight w then has the standard deviation
        sqrt(w (1 - w) / (concentration + 1)).
    order : sequence, optional
        Names whose weights do not rise from one to the next: `["superior", "public"]`. A sequence among them is a tier,
        whose members stand in no order: `["superior", ["public", "peer"]]`. Names left out are free.
    tree : {"sources", "indicators"}
        The tree.
    parent : str
        The node whose children are weighed; the root by default.
    seed : int
        Of the generator.

    Returns
    -------
    Weights
        (draws, categories, nodes) of the tree, (1, categories, nodes) of the other.

    Raises
    ------
    UsageError
        If there is no such node, `order` names no children of it, or it stands beside a concentration.

    Notes
    -----
    What weighs 0 in the scheme stays 0. Every category takes the same random numbers: drawn evenly, categories in which
    the same children weigh have the same weights; drawn around, each lies around its own. Within each category the
    distribution is the stated one.

    Exponential variables divided by their sum are uniform on the simplex, and so they are, given an order, once they
    are sorted, because their order does not depend on their values; within a tier each keeps the rank it was drawn
    with. Nothing is drawn in vain (Devroye 1986, Non-Uniform Random Variate Generation, ch. XI.4,
    doi:10.1007/978-1-4613-8643-8).
    """
    if draws < 1:
        raise UsageError(f"draws: {draws}, must be at least 1")
    children = siblings(model, tree, parent)
    uniform = np.random.default_rng(seed).random((draws, len(children)))
    return lay(model, uniform, concentration=concentration, order=order, tree=tree, parent=parent)


def siblings(model: Model, tree: Branch, parent: str) -> Places:
    """Places of the children of a node.

    Raises
    ------
    UsageError
        If there is no such node, or it has no children.
    """
    nodes = model.scheme.source_tree if tree == "sources" else model.scheme.indicator_tree
    inner = {nodes.names[node]: nodes.children(node) for node in sorted(nodes.inner)}
    found = inner.get(parent or nodes.names[0])
    if found is None:
        known = ", ".join(name for name in inner if name) or "the root"
        raise UsageError(f"parent: {parent!r}, must have {tree} below it: {known}")
    return np.array(found, dtype=np.intp)


def lay(
    model: Model,
    uniform: Floats,
    *,
    concentration: float | None = None,
    order: Sequence[str | Sequence[str]] = (),
    tree: Branch = "sources",
    parent: str = "",
) -> Weights:
    """Weights at some points (draws, children) of the unit cube, see `draw`; random ones, or spread out."""
    nodes = model.scheme.source_tree if tree == "sources" else model.scheme.indicator_tree
    children = siblings(model, tree, parent)
    tiers = _tiers(order, [nodes.names[child] for child in children])
    if concentration is not None and tiers:
        raise UsageError("order: must be left out beside a concentration: only weights drawn evenly can be ordered")
    if concentration is not None and not concentration >= 1:
        raise UsageError(f"concentration: {concentration:g}, must be at least 1")
    own = model.weights.sources[0] if tree == "sources" else model.weights.indicators[0]
    drawn = np.repeat(own[None], len(uniform), axis=0)
    for category, weights in enumerate(own[:, children]):
        drawn[:, category, children] = shares(weights, uniform, concentration=concentration, tiers=tiers)
    return model.weights._replace(**{tree: drawn})


def shares(
    own: Floats, uniform: Floats, *, concentration: float | None = None, tiers: Sequence[Sequence[int]] = ()
) -> Floats:
    """Weights (draws, children) that sum to 1, at points of the unit cube; what weighs 0 in `own` stays 0.

    Parameters
    ----------
    own : ndarray (children,)
        The scheme's own weights.
    uniform : ndarray (draws, children)
        Points, 0-1.
    concentration : float, optional
        See `draw`.
    tiers : sequence of sequence of int
        Children whose weights do not rise from tier to tier.
    """
    if not (own > 0).any():
        return np.broadcast_to(own, uniform.shape)
    inside = np.clip(uniform, EDGE, 1 - EDGE)
    if concentration is None:
        size = np.where(own > 0, -np.log1p(-inside), 0.0)
    else:
        size = np.where(own > 0, gammaincinv(np.maximum(concentration * own / own.sum(), EDGE), inside), 0.0)
    kept = [[child for child in tier if own[child] > 0] for tier in tiers]
    named = [child for tier in kept for child in tier]
    if len(named) > 1:
        falling = -np.sort(-size[:, named], axis=1)
        start = 0
        for tier in kept:
            held = falling[:, start : start + len(tier)]
            rank = np.argsort(np.argsort(-size[:, tier], axis=1), axis=1)
            size[:, tier] = np.take_along_axis(held, rank, axis=1)
            start += len(tier)
    return np.asarray(size / size.sum(axis=1, keepdims=True), dtype=float)


def _tiers(order: Sequence[str | Sequence[str]], names: list[str]) -> list[list[int]]:
    """Places of the names in each tier."""
    tiers = [[tier] if isinstance(tier, str) else list(tier) for tier in order]
    given = [name for tier in tiers for name in tier]
    unknown = [name for name in given if name not in names]
    if unknown:
        raise UsageError(f"order: {', '.join(map(repr, unknown))}, must be among {', '.join(names)}")
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise UsageError(f"order: {', '.join(map(repr, twice))}, must be named once")
    return [[names.index(name) for name in tier] for tier in tiers]

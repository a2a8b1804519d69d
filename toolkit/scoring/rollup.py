"""Weighted means up a tree, with a stated rule for what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.tree import Tree

Missing = Literal["renormalise", "adjusted", "fail"]
FEW = 5
"""With fewer ratees that have both, the gap of `adjusted` is taken over the study instead of the unit."""


@dataclass(frozen=True)
class Means:
    """Means at every node of a tree; the last axis of every array is the node.

    Attributes
    ----------
    value : ndarray
        Score, NaN where nothing was seen.
    coverage : ndarray
        Share (0-1) of the weight asked that was seen.
    asked : ndarray of bool
        Whether the node was asked anything that weighs.
    share : ndarray
        Weight of a node in its parent after renormalising; 0 where it was not seen.
    """

    value: NDArray[np.float64]
    coverage: NDArray[np.float64]
    asked: NDArray[np.bool_]
    share: NDArray[np.float64]

    def reach(self, tree: Tree, node: int) -> NDArray[np.float64]:
        """Weight of every leaf (last axis) in the mean of `node`: the product of the shares on the way."""
        weights = np.zeros((*self.share.shape[:-1], len(tree.leaves)))
        for place, leaf in enumerate(tree.leaves):
            path = tree.path(int(leaf))
            if node in path:
                weights[..., place] = self.share[..., path[: path.index(node)]].prod(axis=-1)
        return weights * ~np.isnan(self.value[..., node, None])


def roll_up(
    tree: Tree,
    value: NDArray[np.float64],
    coverage: NDArray[np.float64],
    asked: NDArray[np.bool_],
    *,
    weights: NDArray[np.float64],
    rule: Missing = "renormalise",
    groups: NDArray[np.intp] | None = None,
) -> Means:
    """Average the leaves of a tree up to its root, node by node.

    Parameters
    ----------
    tree : Tree
        The tree.
    value, coverage : ndarray (ratees, ..., leaves)
        Score of every leaf, NaN where missing, and the share of its own weight that was seen.
    asked : ndarray of bool, broadcasts to `value`
        What was asked; what is not asked is never missing.
    weights : ndarray (ratees, ..., nodes), broadcasts
        Weight of every node in its parent, as the scheme gives it; what weighs 0 is never missing.
    rule : {"renormalise", "adjusted", "fail"}
        `renormalise`: the weights of what was seen are scaled to 1. `adjusted`: a missing child is filled by the mean
        of its seen siblings plus the gap between it and them, over the ratees of the same group that have both (over
        all ratees where a group has fewer than 5), but never beyond 0-100. `fail`: a node with anything missing is
        missing.
    groups : ndarray (ratees,)
        Group of each ratee, for `adjusted`.

    Returns
    -------
    Means
    """
    shape = (*value.shape[:-1], len(tree))
    means = Means(np.full(shape, np.nan), np.zeros(shape), np.zeros(shape, dtype=bool), np.zeros(shape))
    means.value[..., tree.leaves] = value
    means.coverage[..., tree.leaves] = coverage
    means.asked[..., tree.leaves] = np.broadcast_to(asked, value.shape)
    weights = np.broadcast_to(weights, shape)
    for node in tree.inner:
        _average(means, node, tree.children(node), weights=weights, rule=rule, groups=groups)
    return means


def _average(
    means: Means,
    node: int,
    children: list[int],
    *,
    weights: NDArray[np.float64],
    rule: Missing,
    groups: NDArray[np.intp] | None,
) -> None:
    """Fill `node` of `means` from its children."""
    weight = weights[..., children] * means.asked[..., children]
    value = means.value[..., children]
    seen = ~np.isnan(value) & (weight > 0)
    seen_weight = np.where(seen, weight, 0.0)
    total, seen_total = weight.sum(axis=-1), seen_weight.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(seen, weight / seen_total[..., None], 0.0)
        coverage = (weight * means.coverage[..., children]).sum(axis=-1) / total
        mean = np.where(seen_total > 0, (share * np.where(seen, value, 0.0)).sum(axis=-1), np.nan)
    if rule == "fail":
        mean = np.where((seen | (weight == 0)).all(axis=-1), mean, np.nan)
    elif rule == "adjusted":
        mean = _filled(mean, value, weight, seen, groups)
    means.share[..., children] = share
    means.value[..., node] = mean
    means.coverage[..., node] = np.where(total > 0, coverage, 0.0)
    means.asked[..., node] = total > 0


def _filled(
    mean: NDArray[np.float64],
    value: NDArray[np.float64],
    weight: NDArray[np.float64],
    seen: NDArray[np.bool_],
    groups: NDArray[np.intp] | None,
) -> NDArray[np.float64]:
    """The mean of all children, where what is missing is the mean of its seen siblings plus its gap, within 0-100."""
    result = mean.copy()
    groups = np.zeros(len(value), dtype=np.intp) if groups is None else groups
    for middle in np.ndindex(*value.shape[1:-1]):
        at = (slice(None), *middle)
        of_seen, part, w, s = mean[at], value[at], weight[at], seen[at]
        holes = (w > 0) & ~s & s.any(axis=1, keepdims=True)
        # ratees alike in what they lack and in what weighs share their gaps
        pattern = np.hstack([np.where(s, w, 0.0), np.where(holes, w, 0.0)])
        for kind in np.unique(pattern[holes.any(axis=1)], axis=0):
            seen_weight, hole_weight = np.split(kind, 2)
            alike = (pattern == kind).all(axis=1)
            total = of_seen[alike] * seen_weight.sum()
            for child in np.flatnonzero(hole_weight):
                gap = _gap(part, seen_weight, int(child), groups)
                total += hole_weight[child] * np.clip(of_seen + gap, 0, 100)[alike]
            result[at][alike] = total / kind.sum()
    return result


def _gap(
    value: NDArray[np.float64], seen_weight: NDArray[np.float64], child: int, groups: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Mean of `child` minus the mean of its siblings, over the ratees of each ratee's group that have both."""
    siblings = np.flatnonzero(seen_weight)
    base = value[:, siblings] @ (seen_weight[siblings] / seen_weight.sum())
    gap = value[:, child] - base
    both = ~np.isnan(gap)
    overall = gap[both].mean() if both.any() else 0.0
    size = int(groups.max()) + 1
    n = np.bincount(groups[both], minlength=size)
    total = np.bincount(groups[both], weights=gap[both], minlength=size)
    by_group = np.where(n >= FEW, total / np.maximum(n, 1), overall)
    return by_group[groups]

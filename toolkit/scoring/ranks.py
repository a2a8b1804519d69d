"""One comparison for ranks, cuts and quotas, so that no two places disagree about a tie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

TOLERANCE = 1e-9
"""Scores closer than this are equal: sums of weights differ in their last digits by the order of adding."""


def settle(scores: ArrayLike) -> NDArray[np.float64]:
    """The scores with every run of near-equal values set to its highest, so that `==`, `<` and `>` are exact."""
    values = np.asarray(scores, dtype=float)
    order = np.argsort(-values)  # NaN last
    ordered = values[order]
    with np.errstate(invalid="ignore"):
        starts = np.r_[True, ~(np.abs(np.diff(ordered)) <= TOLERANCE)] if len(ordered) else np.zeros(0, dtype=bool)
    settled = np.empty_like(values)
    settled[order] = ordered[starts][np.cumsum(starts) - 1] if len(ordered) else ordered
    return settled


def reaches(scores: ArrayLike, cut: float) -> NDArray[np.bool_]:
    """Whether each score reaches a cut: `score >= cut`; no score reaches none."""
    return np.asarray(scores, dtype=float) >= cut - TOLERANCE


def rank(scores: ArrayLike, groups: ArrayLike | None = None) -> NDArray[np.float64]:
    """Places from the highest score of a group down; ties share the best place (1, 2, 2, 4), NaN has none.

    Parameters
    ----------
    scores : array
        NaN where missing.
    groups : array of int, optional
        Group of each; all are of one by default.
    """
    values = np.asarray(scores, dtype=float)
    group = np.zeros(len(values), dtype=np.int64) if groups is None else np.asarray(groups)
    here = np.flatnonzero(~np.isnan(values))
    order = here[np.lexsort((-values[here], group[here]))]
    ordered = group[order]
    begins = np.diff(ordered, prepend=-1 - ordered[:1]) != 0
    parted = begins | (np.abs(np.diff(values[order], prepend=np.nan)) > TOLERANCE)
    at = np.arange(len(order))
    first, best = (np.maximum.accumulate(np.where(starts, at, 0)) for starts in (begins, parted))
    places = np.full(len(values), np.nan)
    places[order] = best - first + 1
    return places

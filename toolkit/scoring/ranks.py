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
    order = np.argsort(-values, kind="stable")  # NaN last
    ordered = values[order]
    with np.errstate(invalid="ignore"):
        starts = np.r_[True, ~(np.abs(np.diff(ordered)) <= TOLERANCE)] if len(ordered) else np.zeros(0, dtype=bool)
    settled = np.empty_like(values)
    settled[order] = ordered[starts][np.cumsum(starts) - 1] if len(ordered) else ordered
    return settled


def reaches(scores: ArrayLike, cut: float) -> NDArray[np.bool_]:
    """Whether each score reaches a cut: `score >= cut`; no score reaches none."""
    return np.asarray(scores, dtype=float) >= cut - TOLERANCE


def rank(scores: ArrayLike) -> NDArray[np.float64]:
    """Places from the highest score down; ties share the best place (1, 2, 2, 4), NaN has none."""
    values = settle(scores)
    ordered = np.sort(-values[~np.isnan(values)])
    places = np.full(len(values), np.nan)
    here = ~np.isnan(values)
    places[here] = np.searchsorted(ordered, -values[here], side="left") + 1
    return places

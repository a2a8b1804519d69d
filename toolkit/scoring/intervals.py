"""95% intervals of weighted means of cells: how far other raters of the same kind would have moved a score.

A rater's indicators move together, so the covariance of the cells of one source comes from the cross-products that
counting kept; the raters of different sources are independent. Where cross-products are unknown (ballots) the standard
deviations add, a bound. Few raters say little of how raters spread, and five who all tick the top level say nothing,
so the covariance of a cell is moderated: it borrows four degrees of freedom from all ratees of the source (Smyth 2004,
Stat. Appl. Genet. Mol. Biol. 3:3, doi:10.2202/1544-6115.1027). The interval stays centred on the score: to move it
towards the source's mean would serve a single cell, but over several sources the moves add up while errors do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

LEVEL = 0.95
BORROWED = 4.0
"""Degrees of freedom that a covariance borrows, as many as the pseudo-observations of Agresti & Coull (1998, Am. Stat.
52:119-126, doi:10.1080/00031305.1998.10480550); simulation keeps 92-98% with them from 5 raters up."""


@dataclass(frozen=True)
class Spread:
    """How the cells of a group of ratees vary; arrays begin (ratees, sources) and end in one or two axes of indicators.

    Attributes
    ----------
    covariance : ndarray (ratees, sources, K, K)
        Covariance of one rater's answers, points squared; NaN in rows of cells with fewer than two raters.
    base : ndarray (ratees, sources, K)
        Raters that each mean rests on, 0 where it is missing.
    unseen : ndarray (ratees, sources, K)
        Share of the eligible raters who did not rate: 1 where the eligible are unknown or without bound, 0 in a census.
    """

    covariance: NDArray[np.float64]
    base: NDArray[np.float64]
    unseen: NDArray[np.float64]

    @property
    def pair(self) -> NDArray[np.float64]:
        """Raters that each covariance rests on, (ratees, sources, K, K)."""
        root = np.sqrt(self.base)
        return np.asarray(root[..., :, None] * root[..., None, :])

    @property
    def freedom(self) -> NDArray[np.float64]:
        """Degrees of freedom of each covariance, 0 where it is unknown."""
        return np.where(np.isnan(self.covariance), 0.0, np.maximum(self.pair - 1, 0))


@dataclass(frozen=True)
class Prior:
    """How the raters of each source spread about a ratee's mean: covariance and degrees of freedom (sources, K, K)."""

    covariance: NDArray[np.float64]
    freedom: NDArray[np.float64]


def correlate(residual: NDArray[np.float64], ballot: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation of the indicators of one rater.

    Parameters
    ----------
    residual : ndarray (..., K, K)
        Cross-products of the raters' residuals.
    ballot : ndarray (..., K)
        Sums of squares from ballots, whose cross-products are unknown and taken as large as they can be.
    """
    root = np.sqrt(ballot)
    joint = residual + root[..., :, None] * root[..., None, :]
    own = np.sqrt(np.clip(np.diagonal(joint, axis1=-2, axis2=-1), 0, None))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation: NDArray[np.float64] = np.nan_to_num(joint / (own[..., :, None] * own[..., None, :]))
    return correlation.clip(-1, 1)


def pool(spreads: Iterable[Spread]) -> Prior:
    """Covariance of every source, pooled over the ratees of a round, given in parts; 0 where no spread is known."""
    freedom = products = np.zeros(())
    for spread in spreads:
        freedom = freedom + spread.freedom.sum(axis=0)
        products = products + (spread.freedom * np.nan_to_num(spread.covariance)).sum(axis=0)
    return Prior(np.divide(products, freedom, out=np.zeros_like(products), where=freedom > 0), freedom)


@dataclass(frozen=True)
class Moderated:
    """Cells with what they borrowed: covariance of the means, degrees of freedom, and whether a spread is unknown."""

    covariance: NDArray[np.float64]
    freedom: NDArray[np.float64]
    unknown: NDArray[np.bool_]


def moderate(spread: Spread, prior: Prior) -> Moderated:
    """Let every cell borrow from its source.

    The covariance is the mean of the cell's own and the source's, by degrees of freedom: n - 1 and 4, or as many as the
    other ratees have. What the eligible who did not rate would have said is all that is uncertain, hence `unseen`.
    """
    borrowed = np.clip(prior.freedom - spread.freedom, 0, BORROWED)
    freedom = spread.freedom + borrowed
    root = np.sqrt(spread.unseen)
    joint = spread.freedom * np.nan_to_num(spread.covariance) + borrowed * prior.covariance
    joint = joint * root[..., :, None] * root[..., None, :]
    scale = freedom * spread.pair
    alone = np.isnan(np.diagonal(spread.covariance, axis1=-2, axis2=-1))
    return Moderated(
        covariance=np.divide(joint, scale, out=np.zeros_like(joint), where=scale > 0),
        freedom=np.diagonal(freedom, axis1=-2, axis2=-1),
        unknown=alone & (spread.unseen > 0),
    )


def interval(
    score: NDArray[np.float64], weights: NDArray[np.float64], cells: Moderated
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95% interval of weighted means of cells.

    Parameters
    ----------
    score : ndarray (ratees,)
        The scores, 0-100; NaN where there is none.
    weights : ndarray (ratees, sources, K)
        Weight of every cell in its score.
    cells : Moderated
        The cells.

    Returns
    -------
    low, high : ndarray (ratees,)
        Ends, within 0-100; NaN where there is no score or a source that weighs has a single rater. The t quantile has
        Welch's and Satterthwaite's degrees of freedom over the sources (Welch 1947, Biometrika 34:28-35).
    """
    variance = np.clip(np.einsum("rsi,rsij,rsj->rs", weights, cells.covariance, weights, optimize=True), 0, None)
    weighs = weights > 0
    freedom = np.where(weighs & (cells.freedom > 0), cells.freedom, np.inf).min(axis=-1)
    total = variance.sum(axis=1)
    parts = np.divide(variance**2, freedom, out=np.zeros_like(variance), where=variance > 0).sum(axis=1)
    welch = np.divide(total**2, parts, out=np.ones_like(total), where=parts > 0)
    half = stdtrit(welch, (1 + LEVEL) / 2) * np.sqrt(total)
    # one person alone says nothing of how others would have rated; a question that one of several answered leaves the
    # spread to what it borrows, if there is anything
    single = weighs & cells.unknown
    alone = np.any(single, axis=2) & ~np.any(weighs & ~cells.unknown, axis=2)
    lost = np.any(alone, axis=1) | np.any(single & (cells.freedom == 0), axis=(1, 2))
    half = np.where(lost, np.nan, half)
    return np.clip(score - half, 0, 100), np.clip(score + half, 0, 100)

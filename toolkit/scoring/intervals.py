"""95% intervals of weighted means of cells: how far other raters of the same kind would have moved a score.

A rater's indicators move together, so the covariance of the cells of one source comes from the cross-products that
counting kept; the raters of different sources are independent. Where cross-products are unknown (ballots) the standard
deviations add, a bound. With few raters the spread of a cell is shrunk: two pseudo-raters at the source's mean and
covariance join it, in the spirit of Agresti & Coull (1998, Am. Stat. 52:119-126, doi:10.1080/00031305.1998.10480550).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVEL = 0.95
PSEUDO_RATERS = 2


@dataclass(frozen=True)
class Spread:
    """How the cells of a group of ratees vary; arrays begin (ratees, sources) and end in one or two axes of indicators.

    Attributes
    ----------
    mean : ndarray (ratees, sources, K)
        Means of the cells, NaN where missing.
    covariance : ndarray (ratees, sources, K, K)
        Covariance of one rater's answers; NaN in rows of cells with fewer than two raters.
    base : ndarray (ratees, sources, K)
        Raters that each mean rests on.
    unseen : ndarray (ratees, sources, K)
        Share of the eligible raters who did not rate: 1 where the eligible are unknown or without bound, 0 in a census.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    base: NDArray[np.float64]
    unseen: NDArray[np.float64]


@dataclass(frozen=True)
class Prior:
    """What the raters of each source are like: mean (sources, K) and covariance (sources, K, K) of their answers."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]


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
        correlation = np.nan_to_num(joint / (own[..., :, None] * own[..., None, :]))
    return np.clip(correlation, -1, 1)


class Pool:
    """Gathers the prior of every source over the ratees of a round, part by part."""

    def __init__(self, sources: int, indicators: int) -> None:
        self._freedom = np.zeros((sources, indicators, indicators))
        self._products = np.zeros((sources, indicators, indicators))
        self._n = np.zeros((sources, indicators))
        self._total = np.zeros((sources, indicators))

    def add(self, spread: Spread) -> None:
        """Add some ratees."""
        covariance = spread.covariance
        known = ~np.isnan(covariance)
        base = np.where(np.isnan(spread.mean), 0.0, spread.base)
        freedom = np.clip(np.sqrt(base[..., :, None] * base[..., None, :]) - 1, 0, None) * known
        self._freedom += freedom.sum(axis=0)
        self._products += (freedom * np.where(known, covariance, 0.0)).sum(axis=0)
        self._n += base.sum(axis=0)
        self._total += (base * np.nan_to_num(spread.mean)).sum(axis=0)

    def prior(self) -> Prior:
        """Mean and pooled covariance by source; 0 where nobody rated."""
        return Prior(
            mean=self._total / np.maximum(self._n, 1e-300),
            covariance=self._products / np.maximum(self._freedom, 1e-300),
        )


@dataclass(frozen=True)
class Shrunk:
    """Cells with their pseudo-raters: shift of each mean, covariance of the means, degrees of freedom, known or not."""

    shift: NDArray[np.float64]
    covariance: NDArray[np.float64]
    freedom: NDArray[np.float64]
    unknown: NDArray[np.bool_]


def shrink(spread: Spread, prior: Prior) -> Shrunk:
    """Let the pseudo-raters join every cell.

    With n ratings of mean m and covariance S, and k pseudo-raters of mean u and covariance P, the joint covariance is
    ((n - 1) S + k P + n k / (n + k) (m - u)(m - u)') / (n + k - 1). What the eligible who did not rate would have
    said is all that is uncertain, hence the factor `unseen`.
    """
    k = PSEUDO_RATERS
    n = spread.base
    gap = np.nan_to_num(spread.mean - prior.mean)
    pair = np.sqrt(n[..., :, None] * n[..., None, :])
    off = gap[..., :, None] * gap[..., None, :]
    joint = (pair - 1) * np.nan_to_num(spread.covariance) + k * prior.covariance + pair * k / (pair + k) * off
    with np.errstate(invalid="ignore", divide="ignore"):
        joint = joint / (pair + k - 1) / np.sqrt((n[..., :, None] + k) * (n[..., None, :] + k))
    root = np.sqrt(spread.unseen)
    covariance = joint * root[..., :, None] * root[..., None, :]
    own = np.diagonal(spread.covariance, axis1=-2, axis2=-1)
    return Shrunk(
        shift=-gap * k / (n + k) * spread.unseen,
        covariance=np.nan_to_num(covariance),
        freedom=n + k - 1,
        unknown=np.isnan(own) & (spread.unseen > 0),
    )


def interval(
    score: NDArray[np.float64], weights: NDArray[np.float64], cells: Shrunk
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95% interval of weighted means of cells.

    Parameters
    ----------
    score : ndarray (ratees,)
        The scores, 0-100; NaN where there is none.
    weights : ndarray (ratees, sources, K)
        Weight of every cell in its score.
    cells : Shrunk
        The cells.

    Returns
    -------
    low, high : ndarray (ratees,)
        Ends, within 0-100; NaN where there is no score or a source that weighs has a single rater. The t quantile has
        Welch's and Satterthwaite's degrees of freedom over the sources (Welch 1947, Biometrika 34:28-35).
    """
    variance = np.clip(np.einsum("rsi,rsij,rsj->rs", weights, cells.covariance, weights, optimize=True), 0, None)
    freedom = np.where(weights > 0, cells.freedom, np.inf).min(axis=-1)
    total = variance.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        welch = total**2 / (variance**2 / freedom).sum(axis=1)
    half = np.where(total > 0, student.ppf((1 + LEVEL) / 2, np.where(total > 0, welch, 1.0)), 0.0) * np.sqrt(total)
    centre = score + (weights * cells.shift).sum(axis=(1, 2))
    # one person alone says nothing of how others would have rated; a question that one of several answered leaves the
    # spread to the pseudo-raters
    single, several = (weights > 0) & cells.unknown, (weights > 0) & ~cells.unknown
    alone = single.any(axis=2) & ~several.any(axis=2)
    centre = np.where(alone.any(axis=1), np.nan, centre)
    # the pseudo-raters of many sources may pull the centre further than the spread reaches; the score stays inside
    low, high = np.minimum(centre - half, score), np.maximum(centre + half, score)
    nowhere = np.isnan(centre)
    return np.where(nowhere, np.nan, np.clip(low, 0, 100)), np.where(nowhere, np.nan, np.clip(high, 0, 100))

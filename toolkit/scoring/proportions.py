"""Shares of answers: how far other people would have moved them, and what shares of several panels are worth."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from toolkit.scoring.intervals import LEVEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from toolkit.rules import Panel

    Floats = NDArray[np.float64]
    Whole = NDArray[Any]  # numbers of 64 bits, or Python's

QUANTILE = float(ndtri((1 + LEVEL) / 2))
UNKNOWN = float("nan")


def wilson(share: ArrayLike, n: ArrayLike, eligible: ArrayLike = UNKNOWN) -> tuple[Floats, Floats]:
    """95% score interval of a share, corrected for a finite population.

    Parameters
    ----------
    share : array
        0-1, NaN where there is none.
    n : array
        Answers it rests on, not necessarily whole; without bound (inf) the interval is the share itself.
    eligible : array
        How many could have answered, NaN where that is not known. Where all did, the interval is the share itself.

    Returns
    -------
    low, high : ndarray
        Ends, within 0-1 and about the share; NaN where there is none.

    References
    ----------
    Wilson (1927), J. Am. Stat. Assoc. 22:209-212, doi:10.1080/01621459.1927.10502953. The correction replaces n by
    n(N - 1)/(N - n), which gives the variance p(1 - p)/n x (N - n)/(N - 1) of draws without replacement (Cochran 1977,
    Sampling Techniques, section 3.2).
    """
    p = np.asarray(share, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        u = QUANTILE**2 / corrected(n, eligible)
        middle = (p + u / 2) / (1 + u)
        half = np.sqrt(u * p * (1 - p) + u**2 / 4) / (1 + u)
    return np.clip(middle - half, 0, p), np.clip(middle + half, p, 1)


def corrected(n: ArrayLike, eligible: ArrayLike) -> Floats:
    """n(N - 1)/(N - n): how many drawn without bound say as much as n of N; inf where all were asked."""
    drawn, size = np.asarray(n, dtype=float), np.asarray(eligible, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        known = np.where(size > drawn, drawn * (size - 1) / (size - drawn), np.inf)
    return np.where(np.isnan(size), drawn, known)


def clustered(answers: ArrayLike, axis: int = -1) -> Floats:
    """How many independent answers the answers on several topics are worth.

    Parameters
    ----------
    answers : array of int
        Answers on each topic.
    axis : int
        The axis of the topics.

    Notes
    -----
    Who answered what was not kept. The bound: as many people as can be answered several topics, and each of them the
    same on all. Then it is n^2 / sum(k^2) over people with k answers each (Kish 1965, Survey Sampling): 40
    people who all answer three topics are worth 40 answers, not 120.
    """
    counts = np.moveaxis(np.asarray(answers, dtype=float), axis, 0)
    total, pairs = counts.sum(axis=0), np.zeros(counts.shape[1:])
    for one in counts:
        pairs += np.minimum(one, counts).sum(axis=0)
    worth: Floats = np.divide(total**2, pairs, out=np.zeros_like(pairs), where=pairs > 0)
    return worth


def effective(shares: ArrayLike, people: ArrayLike, weights: ArrayLike) -> Floats:
    """How many answers a weighted mean of shares is worth.

    Parameters
    ----------
    shares : array (..., panels)
        Share (0-1) of each panel.
    people : array (..., panels)
        Answers each rests on; inf where everybody answered.
    weights : array (..., panels)
        Weight of each; they sum to 1. A panel that weighs 0 has no part in it.

    Returns
    -------
    ndarray (...)
        The smaller of p(1 - p) / sum(w^2 p_i(1 - p_i) / n_i), which gives Wilson's interval the variance of the mean,
        and Kish's 1 / sum(w^2 / n_i), which does not take three who all agree for certain. Of one panel both are n, of
        panels weighted by their numbers the second is the sum of them. inf where every panel is.

    References
    ----------
    Kish (1992), J. Off. Stat. 8:183-200. Franco, Little, Louis & Slud (2019), J. Surv. Stat. Methodol. 7:334-364,
    doi:10.1093/jssam/smy019 (Wilson's interval at an effective number).
    """
    share, size, part = (np.asarray(values, dtype=float) for values in (shares, people, weights))
    mean = np.vecdot(part, share)
    spread, unequal = (part**2 * share * (1 - share) / size).sum(axis=-1), (part**2 / size).sum(axis=-1)
    endless = np.full(spread.shape, np.inf)
    by_spread = np.divide(mean * (1 - mean), spread, out=endless.copy(), where=spread > 0)
    least: Floats = np.minimum(by_spread, np.divide(1, unequal, out=endless, where=unequal > 0))
    return least


def weights_of(panels: Mapping[str, Panel]) -> dict[str, Fraction] | None:
    """Weights of panels, None where none has any."""
    given = {name: panel.weight for name, panel in panels.items() if panel.weight is not None}
    return given or None


def whole_weights(panels: Sequence[str], weights: Mapping[str, Fraction] | None) -> tuple[NDArray[np.int64], int]:
    """Weight of each panel in whole numbers, and how many of them make 1; all weigh 1 where none has a weight."""
    given = dict.fromkeys(panels, Fraction(1)) if weights is None else weights
    unit = lcm(*(weight.denominator for weight in given.values()))
    return np.array([int(given.get(panel, 0) * unit) for panel in panels], dtype=np.int64), unit


def mean_of_shares(counts: Whole, bases: Whole, weights: Whole) -> tuple[Whole, Whole]:
    """Weighted means of the shares counts / bases over the last axis, exactly: numerators and denominators.

    What weighs 0 has no part in it; where everything does, the denominator is 0. The numbers are Python's, for a
    product of many bases is beyond 64 bits.
    """
    above, below = (np.full(counts.shape[:-1], number, dtype=object) for number in (0, 1))
    for place in range(counts.shape[-1]):
        count, base, weight = (values[..., place].astype(object) for values in (counts, bases, weights))
        base = np.where(weight > 0, base, 1)
        above, below = above * base + weight * count * below, below * base
    return above, below * weights.sum(axis=-1)


def fractions(above: Whole, below: Whole) -> list[Fraction | None]:
    """Whole numbers over whole numbers as fractions, None over 0."""
    return [Fraction(one, other) if other else None for one, other in zip(above.tolist(), below.tolist(), strict=True)]


def ratios(above: Whole, below: Whole) -> Floats:
    """Whole numbers over whole numbers, rounded once; NaN over 0."""
    pairs = zip(above.tolist(), below.tolist(), strict=True)
    return np.array([one / other if other else UNKNOWN for one, other in pairs], dtype=float)

"""Shares of answers: how far other people would have moved them, and what shares of several panels are worth."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from toolkit.scoring.intervals import LEVEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from toolkit.rules import Panel

    Floats = NDArray[np.float64]
    Number = float | Fraction

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


def clustered(answers: Sequence[int]) -> float:
    """How many independent answers the answers on several topics are worth.

    Parameters
    ----------
    answers : sequence of int
        Answers on each topic.

    Notes
    -----
    Who answered what was not kept. The bound: as many people as can be answered several topics, and each of them the
    same on all. Then it is n^2 / sum(k^2) over people with k answers each (Kish 1965, Survey Sampling): 40
    people who all answer three topics are worth 40 answers, not 120.
    """
    counts = np.asarray(answers, dtype=float)
    pairs = np.minimum.outer(counts, counts).sum()
    return float(counts.sum() ** 2 / pairs) if pairs else 0.0


def effective(shares: Sequence[Number], people: Sequence[float], weights: Sequence[Number]) -> float:
    """How many answers a weighted mean of shares is worth.

    Parameters
    ----------
    shares : sequence of number
        Share (0-1) of each panel.
    people : sequence of float
        Answers each rests on; inf where everybody answered.
    weights : sequence of number
        Weight of each; they sum to 1.

    Returns
    -------
    float
        The smaller of p(1 - p) / sum(w^2 p_i(1 - p_i) / n_i), which gives Wilson's interval the variance of the mean,
        and Kish's 1 / sum(w^2 / n_i), which does not take three who all agree for certain. Of one panel both are n, of
        panels weighted by their numbers the second is the sum of them. inf where every panel is.

    References
    ----------
    Kish (1992), J. Off. Stat. 8:183-200. Franco, Little, Louis & Slud (2019), J. Surv. Stat. Methodol. 7:334-364,
    doi:10.1093/jssam/smy019 (Wilson's interval at an effective number).
    """
    share, size, part = (np.asarray(values, dtype=float) for values in (shares, people, weights))
    mean = float(part @ share)
    spread, unequal = float((part**2 * share * (1 - share) / size).sum()), float((part**2 / size).sum())
    by_spread = mean * (1 - mean) / spread if spread > 0 else np.inf
    return float(min(by_spread, 1 / unequal if unequal > 0 else np.inf))


def weights_of(panels: Mapping[str, Panel]) -> dict[str, Fraction] | None:
    """Weights of panels, None where none has any."""
    given = {name: panel.weight for name, panel in panels.items() if panel.weight is not None}
    return given or None


def parts(numbers: Mapping[str, int], weights: Mapping[str, Fraction] | None) -> dict[str, Fraction]:
    """What each panel is of the whole: by its weight among these panels, else by its number of answers."""
    given = {panel: Fraction(number) if weights is None else weights[panel] for panel, number in numbers.items()}
    total = sum(given.values())
    return {panel: value / total for panel, value in given.items()}

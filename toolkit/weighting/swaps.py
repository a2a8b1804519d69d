"""Who changes places with whom as one weight moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import kendalltau

from toolkit.scoring.ranks import settle
from toolkit.weighting.pieces import meetings, pairs_within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.weighting.curves import Ratio
    from toolkit.weighting.pieces import Pieces

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

NEAR = 1e-11
SMALL = 64
"""So few are compared each with each; SciPy wants at least three."""
BATCH = 2_000_000
"""Pairs that are looked at together."""


def count_swaps(held: Pieces) -> int:
    """How often two ratees change places.

    Parameters
    ----------
    held : Pieces
        One for each ratee.

    Notes
    -----
    Two whose scores have the same denominator on the same stretch meet at most once, so their swaps are the discordant
    pairs of the orders at its ends: Kendall's, by SciPy. Other pairs may meet twice; each of them is looked at. A pair
    that only touches, or is tied at an end, does not change places there.
    """
    total, kinds = 0, _kinds(held)
    for place, mine in enumerate(kinds):
        part = held.take(mine)
        total += _discordant(*(settle(part.value.a + part.value.b * end) for end in (part.low, part.high)))
        for others in kinds[place + 1 :]:
            total += _between(held, mine, others)
    return total


def _kinds(held: Pieces) -> list[Places]:
    """Pieces with one denominator on one stretch."""
    marks = np.column_stack([held.value.c, held.value.d, held.low, held.high]).round(12)
    if len(marks) and (marks == marks[0]).all():
        return [np.arange(len(marks))]
    _, kind = np.unique(marks, axis=0, return_inverse=True)
    return [np.flatnonzero(kind == number) for number in range(int(kind.max(initial=-1)) + 1)]


def _discordant(one: Floats, other: Floats) -> int:
    """Kendall's discordant pairs, from the coefficient that counts ties apart."""
    if len(one) <= SMALL:
        signs = [np.sign(values[:, None] - values) for values in (one, other)]
        return int((signs[0] * signs[1] < 0).sum()) // 2
    pairs = len(one) * (len(one) - 1) // 2
    tied_one, tied_other = (_tied(values) for values in (one, other))
    # ties in both: the first order tells which of the second are compared
    tied_both = _tied(one + 1j * other) if tied_one and tied_other else 0
    if pairs in {tied_one, tied_other}:
        return 0
    tau = float(kendalltau(one, other, variant="b", method="asymptotic").statistic)
    less = tau * np.sqrt(float(pairs - tied_one)) * np.sqrt(float(pairs - tied_other))  # concordant less discordant
    return int(pairs - tied_one - tied_other + tied_both - round(less)) // 2


def _tied(values: Floats) -> int:
    _, size = np.unique(values, return_counts=True)
    return int((size * (size - 1) // 2).sum())


def _between(held: Pieces, mine: Places, others: Places) -> int:
    """Swaps between ratees of two kinds."""
    total = 0
    step = max(BATCH // max(len(others), 1), 1)
    for start in range(0, len(mine), step):
        one = np.repeat(mine[start : start + step], len(others))
        other = np.tile(others, len(mine[start : start + step]))
        total += sum(int(found.sum()) for found, _ in _meetings(held, one, other))
    return total


def _meetings(held: Pieces, one: Places, other: Places) -> list[tuple[NDArray[np.bool_], Floats]]:
    """Where pairs change places: which of them do, and where, for each of the two roots."""
    low = np.maximum(held.low[one], held.low[other])
    high = np.minimum(held.high[one], held.high[other])
    roots = meetings(held.value.take(one), held.value.take(other))
    touch = np.abs(roots[0] - roots[1]) <= NEAR
    return [((root > low + NEAR) & (root < high - NEAR) & ~touch, root) for root in roots]


def list_swaps(held: Pieces, group: Places) -> tuple[Places, Places, Floats]:
    """Who changes places with whom within a group, and where, from weight 0 up; the first stands above before."""
    order = np.argsort(group, kind="stable")
    one, other = (order[place] for place in pairs_within(group[order]))
    parts = [(one[found], other[found], root[found]) for found, root in _meetings(held, one, other)]
    one, other, where = (np.concatenate(part) for part in zip(*parts, strict=True))
    back = np.minimum(where / 2, NEAR * 100)
    above = _gap(held.value, one, other, where - back) > 0
    upper, lower = np.where(above, one, other), np.where(above, other, one)
    sorted_ = np.argsort(where, kind="stable")
    return held.ratee[upper[sorted_]], held.ratee[lower[sorted_]], where[sorted_]


def _gap(value: Ratio, one: Places, other: Places, t: Floats) -> Floats:
    return value.take(one).at(t) - value.take(other).at(t)

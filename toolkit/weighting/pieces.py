"""What a ladder's bands are of, along a path: a few stretches for each ratee, on each a ratio of straight lines."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from toolkit.scoring.bands import TOP
from toolkit.scoring.ranks import TOLERANCE
from toolkit.weighting.curves import Ratio, stretch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from toolkit.weighting.curves import Curves
    from toolkit.weighting.ladders import Ladder, Line

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]


@dataclass(frozen=True)
class Pieces:
    """Stretches; every array is (pieces,).

    Attributes
    ----------
    ratee : ndarray
        Place in the ladder.
    low, high : ndarray
        Where the stretch begins and ends, within 0-1.
    value : Ratio
        The value on it.
    counts : ndarray of bool
        Whether the ratee belongs to the base of quotas on it.
    """

    ratee: Places
    low: Floats
    high: Floats
    value: Ratio
    counts: NDArray[np.bool_]

    def take(self, places: Places | NDArray[np.bool_]) -> Pieces:
        """Some of the pieces."""
        part = self.value.take(places)
        return Pieces(self.ratee[places], self.low[places], self.high[places], part, self.counts[places])


def pieces(ladder: Ladder, line: Line, found: Curves) -> Pieces:
    """The values of a ladder along a path, where it has a line and the scores are curves.

    Notes
    -----
    A ratee whose coverage is too small has no score there, and the value that the line gives without one; a value that
    is capped is level at its cap.
    """
    at = ladder.rows
    score = found.score.take(at)
    low, high = found.low[at], found.high[at]
    # an index may want more coverage than the score
    first, last = stretch(found.cover.take(at), line.least)
    first, last = np.maximum(first, low), np.minimum(last, high)
    value = Ratio(
        line.start * score.c + line.slope * score.a, line.start * score.d + line.slope * score.b, score.c, score.d
    )
    everybody = np.arange(len(at))
    parts = list(_capped(first, last, value) if line.capped else [(everybody, first, last, value)])
    counts = [ladder.base[part[0]] for part in parts]
    none = high < low
    for start, end in ((np.zeros(len(at)), np.where(none, 1.0, low)), (high, np.where(none, high, 1.0))):
        here = np.flatnonzero(~np.isnan(line.absent) & (end > start))
        flat, one = line.absent[here], np.ones(len(here))
        parts.append((here, start[here], end[here], Ratio(flat, 0 * one, one, 0 * one)))
        counts.append(ladder.base[here] & (ladder.kind == "unit"))
    ratee, begin, stop = (np.concatenate([part[place] for part in parts]) for place in range(3))
    ratio = Ratio(*(np.concatenate(held) for held in zip(*(part[3] for part in parts), strict=True)))
    whole = Pieces(ratee, begin, stop, ratio, np.concatenate(counts))
    return whole.take(whole.high > whole.low)


Part = tuple["Places", "Floats", "Floats", Ratio]


def _capped(low: Floats, high: Floats, value: Ratio) -> Iterator[Part]:
    """Pieces below 0, between, and above 100."""
    ends = [value.at(np.clip(end, TINY, 1 - TINY)) for end in (low, high)]
    outside = (np.minimum(*ends) < 0) | (np.maximum(*ends) > TOP)
    inside = np.flatnonzero(~outside)
    yield inside, low[inside], high[inside], value.take(inside)
    for place in np.flatnonzero(outside):
        at = np.array([place])
        turns = [
            float(root) for cap in (0, TOP) if low[place] < (root := crossing(value.take(at), cap)[0]) < high[place]
        ]
        steps = [low[place], *sorted(turns), high[place]]
        for start, end in pairwise(steps):
            middle = float(value.take(at).at((start + end) / 2)[0])
            flat = Ratio(*(np.array([part]) for part in (np.clip(middle, 0, TOP), 0.0, 1.0, 0.0)))
            held = value.take(at) if 0 <= middle <= TOP else flat
            yield at, np.array([start]), np.array([end]), held


TINY = 1e-12
"""As near to 0 and 1 as a curve is looked at: at the ends themselves it may be 0 / 0."""


DUST = 1e-13
"""A discriminant is 0 where it is so small beside its parts: two ratios touch, and rounding would part the roots."""


def crossing(value: Ratio, level: float | Floats) -> Floats:
    """Where ratios reach a level; NaN where they never do, or always are there."""
    slope = value.b - level * value.d
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (level * value.c - value.a) / slope
    return np.where(np.abs(slope) <= TOLERANCE**1.5, np.nan, found)


def meetings(one: Ratio, other: Ratio) -> Floats:
    """Where two ratios are equal, (2, pairs): the roots of a quadratic; NaN for none, and where they are the same."""
    square = one.b * other.d - other.b * one.d
    straight = one.a * other.d + one.b * other.c - other.a * one.d - other.b * one.c
    flat = one.a * other.c - other.a * one.c
    roots = np.full((2, len(flat)), np.nan)
    bent = np.abs(square) > TINY * (np.abs(straight) + np.abs(flat))
    with np.errstate(invalid="ignore", divide="ignore"):
        roots[0] = np.where(np.abs(straight) > TINY, -flat / straight, np.nan)
        if bent.any():
            p, q, r = square[bent], straight[bent], flat[bent]
            # the stable form: never the difference of two numbers that are nearly the same
            under = q * q - 4 * p * r
            under[np.abs(under) <= DUST * (q * q + 4 * np.abs(p * r))] = 0
            half = -(q + np.copysign(np.sqrt(under), q)) / 2
            roots[0, bent], roots[1, bent] = half / p, r / half
    return roots


def counted(sizes: NDArray[np.intp]) -> NDArray[np.intp]:
    """0, 1, ... for each of some sizes, one after the other: 2, 0, 3 give 0, 1, 0, 1, 2."""
    return np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def pairs_within(group: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Places of all pairs of one group; `group` is sorted."""
    later = np.searchsorted(group, group, side="right") - np.arange(len(group)) - 1
    one = np.repeat(np.arange(len(group)), later)
    return one, one + 1 + counted(later)

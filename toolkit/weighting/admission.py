"""Ranks, and who is let into a band, under many weightings at once; the same as scoring's own code row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.scoring.bands import places
from toolkit.scoring.ranks import TOLERANCE, settle
from toolkit.weighting.ladders import NO_VALUE, banded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from numpy.typing import NDArray

    from toolkit.scoring.bands import Gate
    from toolkit.weighting.ladders import Ladder

    Floats = NDArray[np.float64]
    Levels = NDArray[np.int8]
    Bools = NDArray[np.bool_]
    Places = NDArray[np.intp]
    Whole = NDArray[np.int64]


class Crowds(NamedTuple):
    """Groups of one size, whose members stand side by side, group after group, from `start` on."""

    start: int
    number: int
    size: int


def crowds_of(group: Whole) -> tuple[Places, list[Crowds]]:
    """Members in the order of their groups, and where they stand then, the smallest groups first."""
    _, group = np.unique(group, return_inverse=True)
    size = np.bincount(group)
    order = np.lexsort((group, size[group]))
    sizes, members = np.unique(size[group], return_counts=True)
    starts = np.cumsum(members) - members
    return order, [
        Crowds(int(start), int(count // one), int(one))
        for start, count, one in zip(starts, members, sizes, strict=True)
    ]


def settle_rows(values: Floats) -> Floats:
    """See `settle`; `values` (weightings, ratees)."""
    rising = np.sort(values, axis=1)
    with np.errstate(invalid="ignore"):
        gap = np.diff(rising, axis=1)
    close = ((gap > 0) & (gap <= TOLERANCE)).any(axis=1)
    if not close.any():
        return values
    settled = values.copy()
    for row in np.flatnonzero(close):
        settled[row] = settle(values[row])
    return settled


def rank_rows(values: Floats, group: Whole | None = None) -> Floats:
    """See `rank`; `values` (weightings, ratees), NaN for none; of a group or of all."""
    falling = -values
    order = np.argsort(falling, axis=1)
    if group is not None:
        _, code = np.unique(group, return_inverse=True)
        code = code.astype(np.int16 if len(code) < np.iinfo(np.int16).max else np.int64)
        order = np.take_along_axis(order, np.argsort(code[order], axis=1, kind="stable"), axis=1)
    ordered = np.take_along_axis(falling, order, axis=1)
    at = np.arange(values.shape[1])
    begins = np.broadcast_to(at == 0, order.shape)
    if group is not None:
        begins = np.diff(code[order], axis=1, prepend=-1) != 0
    with np.errstate(invalid="ignore"):
        level = np.diff(ordered, axis=1, prepend=np.nan) <= TOLERANCE
    best = np.maximum.accumulate(np.where(level & ~begins, 0, at), axis=1) if level.any() else at
    first = np.maximum.accumulate(np.where(begins, at, 0), axis=1) if group is not None else 0
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, np.broadcast_to(best - first + 1.0, order.shape), axis=1)
    ranks[np.isnan(values)] = np.nan
    return ranks


def band_rows(ladder: Ladder, value: Floats, fixed: Whole | None = None) -> Levels:
    """See `banded`; `value` and `fixed` (weightings, ratees)."""
    if ladder.priority is not None or any(band.end is not None for _, bands in ladder.bands for band in bands.values()):
        return banded(ladder, value, fixed=fixed).astype(np.int8)
    level = np.full(value.shape, -1, dtype=np.int8)
    for ratees, bands in ladder.bands:
        whole = len(ratees) == value.shape[1]
        part = value if whole else value[:, ratees]
        held = np.full(part.shape, -1, dtype=np.int8)
        for band in bands.values():
            held += part >= band.start - TOLERANCE
        level = held if whole else level
        if not whole:
            level[:, ratees] = held
    level[np.isnan(value)] = NO_VALUE
    voted = ladder.fixed if fixed is None else fixed
    return np.where(voted != NO_VALUE, voted, level).astype(np.int8) if (voted != NO_VALUE).any() else level


def admit_rows(level: Levels, value: Floats, counts: Bools, gates: Mapping[int, Gate]) -> Levels:
    """Let everybody pass the gates from the best band down, see `admit`.

    Parameters
    ----------
    level : ndarray of int8 (weightings, ratees)
        Place of the band that holds each value.
    value : ndarray (weightings, ratees)
        Settled; NaN for none.
    counts : ndarray of bool (weightings, ratees)
        Who belongs to the base of quotas.
    gates : mapping
        By the place of the band.
    """
    level = level.copy()
    for place in sorted(gates, reverse=True):
        gate = gates[place]
        if gate.barred is not None:
            level -= (level == place) & gate.barred
        if gate.share is not None:
            level -= _left_out(np.where(counts & (level == place), value, -np.inf), counts, gate.group, gate.share)
    return level


def _left_out(candidates: Floats, counts: Bools, group: Whole, share: Fraction) -> Bools:
    """Which candidates (others are -inf) find no place in their group: those not above the first that is out."""
    order, crowds = crowds_of(group)
    in_order = bool((np.diff(order) == 1).all())
    lined, base = (candidates, counts) if in_order else (candidates[:, order], counts[:, order])
    everybody = bool(base.all())
    out = np.empty(lined.shape, dtype=bool)
    for start, number, size in crowds:
        mine = slice(start, start + number * size)
        of_crowds = lined[:, mine].reshape(-1, number, size)
        counted = base[:, mine].reshape(of_crowds.shape)
        total = np.full(counted.shape[:2], size) if everybody else counted.sum(axis=2)
        allowed = places(total, share)
        rising = np.sort(of_crowds, axis=2)
        first_out = np.take_along_axis(rising, np.maximum(size - 1 - allowed, 0)[:, :, None], axis=2)
        first_out[allowed >= size] = -np.inf
        out[:, mine] = ((of_crowds <= first_out) & (of_crowds > -np.inf)).reshape(len(lined), -1)
    if in_order:
        return out
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return out[:, back]

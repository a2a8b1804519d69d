"""Who holds which band along a path, where quotas leave only some places: exactly, by branching and pruning.

A quota lets in whoever has at most so many values at or above his own. On a short stretch of the path most of the group
cannot cross the last place, whatever happens there: their values are bounded by those at the ends, since a ratio of two
straight lines rises or falls all the way. They are settled; of the others the stretch is halved, until so few are left
that all their meetings can be looked at. A group with a part of its people settled is a smaller group with fewer places
(who is let in takes one; who is turned away has enough above him that are still there).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.scoring.bands import places
from toolkit.scoring.ranks import TOLERANCE
from toolkit.weighting.pieces import counted, crossing, meetings, pairs_within

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray

    from toolkit.weighting.pieces import Pieces

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]
    Whole = NDArray[np.int64]

FEW = 5
"""So many in a cell are looked at one by one."""
DEEP = 16
"""A stretch is not halved more often; who still is not settled meets others at its end."""
SPLIT = 0.48731
"""Where a stretch is cut: not at a round number, at which values like to meet."""
SAFE = 1e-6
"""Bounds are widened by so many points: they only decide what is looked at closely."""
NEAR = 1e-11
"""Events that lie nearer are one."""
RANGE = 4096.0
"""More than any value: with it group and value make one number to sort by."""


@dataclass(frozen=True)
class Contest:
    """Pieces that compete for the places of quotas.

    Attributes
    ----------
    pieces : Pieces
        Only such as count; `times` says how many ratees share each (they are always tied).
    times : ndarray
        How many ratees each piece stands for.
    cuts : ndarray (sets, bands)
        Where bands begin, from the lowest up.
    held : ndarray (pieces,)
        Which set of cuts each has.
    fixed : ndarray (pieces,)
        Level that votes decided, -2 for none.
    barred : dict of ndarray of bool (pieces,)
        By level: who misses a condition of it.
    share : dict of Fraction
        By level: the share of a group that may hold it.
    """

    pieces: Pieces
    times: Whole
    cuts: Floats
    held: Places
    fixed: Whole
    barred: dict[int, NDArray[np.bool_]]
    share: dict[int, Fraction]

    def take(self, at: Places) -> Contest:
        """Some of the pieces."""
        return Contest(
            pieces=self.pieces.take(at),
            times=self.times[at],
            cuts=self.cuts,
            held=self.held[at],
            fixed=self.fixed[at],
            barred={place: out[at] for place, out in self.barred.items()},
            share=self.share,
        )

    def level(self, piece: Places, value: Floats) -> Whole:
        """Band that holds a value, before conditions and quotas."""
        reached = np.zeros(len(piece), dtype=np.int64)
        for cut in self.cuts.T:
            reached += value >= cut[self.held[piece]] - TOLERANCE
        return np.where(self.fixed[piece] >= -1, self.fixed[piece], reached - 1)


class Cells(NamedTuple):
    """Stretches of groups: from `start` to `end` of the path, with the places that are left by level."""

    start: Floats
    end: Floats
    left: dict[int, Whole]


class Found(NamedTuple):
    """Levels: on stretches (piece, start, end, level), and at points (piece, at, level)."""

    stretches: list[tuple[Places, Floats, Floats, Whole]]
    points: list[tuple[Places, Floats, Whole]]


def contend(contest: Contest, cells: Cells, cell: Places, piece: Places) -> Found:
    """Levels of all pieces along the path.

    Parameters
    ----------
    contest : Contest
        The rules.
    cells : Cells
        A cell for each stretch of each group on which its base is the same.
    cell, piece : ndarray (entries,)
        Which pieces are in which cell.
    """
    found = Found([], [])
    for depth in range(DEEP + 1):
        if not len(cell):
            break
        low, high, whole = _bounds(contest, cells, cell, piece)
        least, most = _judge(contest, cells, (cell, piece, whole), low, high)
        settled = (least == most) & whole
        _keep(found, contest, cells, (cell[settled], piece[settled]), least[settled])
        cells = _fewer(contest, cells, (cell[settled], piece[settled]), least[settled])
        cell, piece = cell[~settled], piece[~settled]
        size = np.bincount(cell, minlength=len(cells.start))
        few = (size <= FEW) | (depth == DEEP)
        at = few[cell]
        _look(found, contest, cells, cell[at], piece[at])
        cells, cell, piece = _halve(contest, cells, cell[~at], piece[~at])
    return found


def _bounds(contest: Contest, cells: Cells, cell: Places, piece: Places) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Lowest and highest value of each entry in its cell, and whether it is there all the time."""
    held = contest.pieces
    start, end = np.maximum(cells.start[cell], held.low[piece]), np.minimum(cells.end[cell], held.high[piece])
    ratio = held.value.take(piece)
    values = [ratio.at(np.clip(edge, NEAR, 1 - NEAR)) for edge in (start, end)]
    whole = (held.low[piece] <= cells.start[cell]) & (held.high[piece] >= cells.end[cell])
    return np.minimum(*values) - SAFE, np.maximum(*values) + SAFE, whole


def _judge(
    contest: Contest, cells: Cells, entries: tuple[Places, Places, NDArray[np.bool_]], low: Floats, high: Floats
) -> tuple[Whole, Whole]:
    """The lowest and the highest level that each entry can have in its cell."""
    cell, piece, whole = entries
    least, most = contest.level(piece, low), contest.level(piece, high)
    top = len(contest.cuts.T) - 1
    for place in range(top, -1, -1):
        if place in contest.barred:
            out = contest.barred[place][piece]
            least, most = (np.where(out & (level == place), place - 1, level) for level in (least, most))
        if place not in contest.share:
            continue
        may = (least <= place) & (most >= place)
        must = may & (least == most) & whole
        if not may.any():
            continue
        times, left = contest.times[piece], cells.left[place][cell]
        at = cell * RANGE
        # whoever may stand at or above the lowest that this one can be, himself included; whoever surely stands above
        worst = _above(at[may] + high[may], times[may], at + low, cell[may], cell)
        best = _above(at[must] + low[must], times[must], at + high, cell[must], cell)
        # who is out only because several are always tied with him stays: he bars those below him
        lost = may & (best >= left)
        held = may & (worst <= left)
        unsure = may & ~held & ~lost
        most = np.where(lost & (most == place), place - 1, most)
        least = np.where((lost | unsure) & (least == place), place - 1, least)
    return least, most


def _above(keys: Floats, times: Whole, asked: Floats, cell: Places, of: Places) -> Whole:
    """How many of a cell have a key at or above what is asked."""
    order = np.argsort(keys)
    total = np.concatenate([[0], np.cumsum(times[order])])
    ends = np.searchsorted(cell, of, side="right")  # entries are sorted by cell
    return np.asarray(total[ends] - total[np.minimum(np.searchsorted(keys[order], asked), ends)])


def _keep(found: Found, contest: Contest, cells: Cells, entries: tuple[Places, Places], level: Whole) -> None:
    cell, piece = entries
    held = contest.pieces
    found.stretches.append(
        (piece, np.maximum(cells.start[cell], held.low[piece]), np.minimum(cells.end[cell], held.high[piece]), level)
    )


def _fewer(contest: Contest, cells: Cells, entries: tuple[Places, Places], level: Whole) -> Cells:
    """The places that are left when the settled have theirs."""
    cell, piece = entries
    left = dict(cells.left)
    for place, before in cells.left.items():
        taken = level == place
        gone = np.bincount(cell[taken], contest.times[piece[taken]], minlength=len(cells.start))
        left[place] = before - gone.astype(np.int64)
    return cells._replace(left=left)


def _halve(contest: Contest, cells: Cells, cell: Places, piece: Places) -> tuple[Cells, Places, Places]:
    """Two cells in place of each that still has entries."""
    open_cells, number = np.unique(cell, return_inverse=True)
    start, end = cells.start[open_cells], cells.end[open_cells]
    middle = start + SPLIT * (end - start)
    count = len(open_cells)
    both = Cells(
        np.concatenate([start, middle]),
        np.concatenate([middle, end]),
        {place: np.tile(left[open_cells], 2) for place, left in cells.left.items()},
    )
    held = contest.pieces
    left, right = held.low[piece] < middle[number], held.high[piece] > middle[number]
    return both, np.concatenate([number[left], number[right] + count]), np.concatenate([piece[left], piece[right]])


# ------------------------------------------------------------------------------------------------------ one by one


def _look(found: Found, contest: Contest, cells: Cells, cell: Places, piece: Places) -> None:
    """Find every event of small cells, and the levels between and at the events."""
    if not len(cell):
        return
    at, when = _events(contest, cells, cell, piece)
    size = np.bincount(cell, minlength=len(cells.start))
    # the points of a cell: between its events, at the events; its ends close it
    turn, time, kind = _moments(cells, np.flatnonzero(size), at, when)
    first = np.searchsorted(cell, np.arange(len(cells.start)))
    count = size[turn]
    moment = np.repeat(np.arange(len(turn)), count)
    entry = first[turn][moment] + counted(count)
    held, now = piece[entry], time[moment]
    here = (contest.pieces.low[held] <= now) & ((now < contest.pieces.high[held]) | (contest.pieces.high[held] >= 1))
    moment, held, now = moment[here], held[here], now[here]
    value = contest.pieces.value.take(held).at(now)
    level = _let_in(contest, cells, turn, (moment, held), value)
    open_ = kind[moment] == 0
    found.points.append((held[~open_], now[~open_], level[~open_]))
    before, after = _between(cells, turn, time)
    shown = moment[open_]
    found.stretches.append((held[open_], before[shown], after[shown], level[open_]))


def _events(contest: Contest, cells: Cells, cell: Places, piece: Places) -> tuple[Places, Floats]:
    """Where in which cell two values meet, a value reaches a cut, or a piece ends."""
    held = contest.pieces
    one, other = pairs_within(cell)
    values = held.value.take(piece)
    roots = meetings(values.take(one), values.take(other))
    parts = [(cell[one], root, one, other) for root in roots]
    everyone = np.arange(len(cell))
    cuts = [cut[contest.held[piece]] for cut in contest.cuts.T]
    parts += [(cell, crossing(values, cut), everyone, everyone) for cut in cuts]
    parts += [(cell, edge[piece], everyone, everyone) for edge in (held.low, held.high)]
    at, when, one, other = (np.concatenate([part[place] for part in parts]) for place in range(4))
    start = np.maximum(cells.start[at], np.maximum(held.low[piece[one]], held.low[piece[other]]) - NEAR)
    end = np.minimum(cells.end[at], np.minimum(held.high[piece[one]], held.high[piece[other]]) + NEAR)
    inside = (when > np.maximum(start, cells.start[at] + NEAR)) & (when < np.minimum(end, cells.end[at] - NEAR))
    return at[inside], when[inside]


def _moments(cells: Cells, there: Places, at: Places, when: Floats) -> tuple[Places, Floats, Whole]:
    """For every cell a moment between any two of its events (kind 0) and one at each event (kind 1), in order."""
    order = np.lexsort((when, at))
    at, when = at[order], when[order]
    again = np.zeros(len(at), dtype=bool)
    again[1:] = (at[1:] == at[:-1]) & (when[1:] - when[:-1] <= NEAR)
    at, when = at[~again], when[~again]
    follows = np.append(at[1:] == at[:-1], False)
    until = np.where(follows, np.append(when[1:], 0.0), cells.end[at])
    begins = np.searchsorted(at, there)
    some = begins < len(at)
    some[some] = at[begins[some]] == there[some]
    first_end = cells.end[there].copy()
    first_end[some] = when[begins[some]]
    turn = np.concatenate([there, at, at])
    time = np.concatenate([(cells.start[there] + first_end) / 2, when, (when + until) / 2])
    kind = np.concatenate([np.zeros(len(there)), np.ones(len(at)), np.zeros(len(at))]).astype(np.int64)
    order = np.lexsort((time, turn))
    return turn[order], time[order], kind[order]


def _between(cells: Cells, turn: Places, time: Floats) -> tuple[Floats, Floats]:
    """Where the stretch about every moment between events begins and ends: at the moments beside it."""
    before, after = cells.start[turn].copy(), cells.end[turn].copy()
    same = turn[1:] == turn[:-1]
    before[1:] = np.where(same, time[:-1], before[1:])
    after[:-1] = np.where(same, time[1:], after[:-1])
    return before, after


def _let_in(contest: Contest, cells: Cells, turn: Places, rows: tuple[Places, Places], value: Floats) -> Whole:
    """Levels of some entries at some moments, with the places that are left."""
    moment, piece = rows
    level = contest.level(piece, value)
    order = np.lexsort((-value, moment))
    first = np.searchsorted(moment, moment)
    next_apart = np.ones(len(order), dtype=bool)
    ordered, of = value[order], moment[order]
    next_apart[:-1] = (of[1:] != of[:-1]) | (ordered[:-1] - ordered[1:] > TOLERANCE)
    last = np.flatnonzero(next_apart)
    run_end = last[np.cumsum(np.concatenate([[0], next_apart[:-1]]).astype(np.int64))]
    for place in range(len(contest.cuts.T) - 1, -1, -1):
        if place in contest.barred:
            level[(level == place) & contest.barred[place][piece]] = place - 1
        if place in contest.share:
            inside = level == place
            total = np.cumsum(np.where(inside, contest.times[piece], 0)[order])
            start = np.concatenate([[0], total])[first[order]]
            at_or_above = np.empty(len(order), dtype=np.int64)
            at_or_above[order] = total[run_end] - start
            level[inside & (at_or_above > cells.left[place][turn[moment]])] = place - 1
    return level


# ---------------------------------------------------------------------------------------------------------- set up


def compete(contest: Contest, group: Places, spans: tuple[Places, Floats, Floats]) -> Found:
    """Levels of all pieces, where the base of every group gives it so many places.

    Parameters
    ----------
    contest : Contest
        The rules.
    group : ndarray (pieces,)
        Group of each piece.
    spans : tuple of ndarray (ratees,)
        Group of every ratee that ever counts, and from where to where he does.

    Returns
    -------
    Found
        By ratee, not by piece.
    """
    merged, first, number = _merged(contest, group)
    cells, base_of = _stretches(*spans)
    base = np.bincount(base_of, minlength=len(cells.start))
    left = {place: places(base, share) for place, share in contest.share.items()}
    cell, piece = _among(cells, group[first], merged.pieces.low, merged.pieces.high)
    found = contend(merged, Cells(cells.start, cells.end, left), cell, piece)
    order = np.argsort(number, kind="stable")
    ratee, begins, size = (
        contest.pieces.ratee[order],
        np.searchsorted(number[order], np.arange(len(first))),
        merged.times,
    )

    def told(parts: tuple[NDArray[np.generic], ...]) -> tuple[NDArray[np.generic], ...]:
        of, rest = np.asarray(parts[0], dtype=np.intp), parts[1:]
        count = size[of]
        places_of = np.repeat(begins[of], count) + counted(count)
        return ratee[places_of], *(np.repeat(part, count) for part in rest)

    return Found([told(part) for part in found.stretches], [told(part) for part in found.points])  # type: ignore[misc]


class _Stretches(NamedTuple):
    """Stretches of groups on which the base stays the same, in the order of the groups."""

    group: Places
    start: Floats
    end: Floats


def _stretches(group: Places, low: Floats, high: Floats) -> tuple[_Stretches, Places]:
    """Stretches on which nobody begins or ceases to count, and for every ratee in it a row with the stretch."""
    everyone = np.unique(group)
    time = np.concatenate([np.zeros(len(everyone)), low, high])
    of = np.concatenate([everyone, group, group])
    inner = (time < 1 - NEAR) & ((time > NEAR) | (np.arange(len(time)) < len(everyone)))
    time, of = time[inner], of[inner]
    order = np.lexsort((time, of))
    time, of = time[order], of[order]
    apart = np.ones(len(time), dtype=bool)
    apart[1:] = (of[1:] != of[:-1]) | (np.diff(time) > NEAR)
    time, of = time[apart], of[apart]
    end = np.ones(len(time))
    end[:-1] = np.where(of[1:] == of[:-1], time[1:], 1.0)
    found = _Stretches(of, time, end)
    return found, _among(found, group, low, high)[0]


def _among(stretches: _Stretches, group: Places, low: Floats, high: Floats) -> tuple[Places, Places]:
    """Which of some intervals lie in which stretches of their groups, sorted by stretch."""
    keys = 2.0 * stretches.group + stretches.start
    gap = max(NEAR, 1e-15 * float(keys[-1]) * 4) if len(keys) else NEAR
    first = np.searchsorted(keys, 2.0 * group + low + gap, side="right") - 1
    last = np.searchsorted(keys, 2.0 * group + high - gap, side="left") - 1
    count = np.maximum(last - first + 1, 0)
    interval = np.repeat(np.arange(len(group)), count)
    stretch = np.repeat(first, count) + counted(count)
    order = np.argsort(stretch, kind="stable")
    return stretch[order], interval[order]


def _merged(contest: Contest, group: Places) -> tuple[Contest, Places, Places]:
    """The contest with one piece in place of those that are always tied, one of each kind, and the kind of each."""
    held = contest.pieces
    marks = [group, contest.held, contest.fixed, *contest.barred.values(), held.low, held.high]
    marks += [held.value.at(0.31415), held.value.at(0.71828)]
    order = np.lexsort(marks)
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.any([np.abs(np.diff(np.asarray(mark, dtype=float)[order])) > NEAR for mark in marks], axis=0)
    number = np.empty(len(order), dtype=np.intp)
    number[order] = np.cumsum(new) - 1
    first = order[new]
    times = np.bincount(number, contest.times).astype(np.int64)
    return replace(contest.take(first), times=times), first, number

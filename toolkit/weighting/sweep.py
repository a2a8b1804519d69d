"""What changes, and exactly where, as the weight of one source goes from 0 to 1: grades, stars, ranks.

Where a score is a ratio of two straight lines of the weight (see `curves`) every change is a root, found by algebra.
Where it is not - sums of ratios, missing sources filled from others, an index that is no straight line of the score,
stars by clusters - changes are bracketed on a grid and the brackets halved, or left as wide as the grid; that is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.scoring.ranks import TOLERANCE
from toolkit.weighting.curves import curves, path
from toolkit.weighting.grid import bracketed
from toolkit.weighting.ladders import KINDS, Changes, ladders, levels, names_of
from toolkit.weighting.model import composites
from toolkit.weighting.pieces import Pieces, crossing, pieces
from toolkit.weighting.seats import NEAR, Contest, Found, compete
from toolkit.weighting.swaps import count_swaps, list_swaps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from toolkit.weighting.curves import Along, Curves, Path
    from toolkit.weighting.ladders import Ladder
    from toolkit.weighting.model import Model

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]
    Whole = NDArray[np.int64]

CHANGES = ["weight", "ratee_id", "about", "before", "at", "after", "within"]
STANDING = ["ratee_id", "about", "level", "low", "high", "nearest"]
DIGITS = 9
CLOSE = 10.0**-DIGITS
"""Two points of the path at which somebody begins or ceases to count are one if they are nearer."""
UNKNOWN = -9
"""Level at a point that is still to be looked at."""


@dataclass(frozen=True)
class Sweep:
    """What changes as one weight moves.

    Attributes
    ----------
    source : str
        Whose weight moves.
    now : float
        Its weight in the scheme (of the default weights).
    changes : DataFrame
        `weight` (0-1), `ratee_id, about` ("grade", "stars"), `before, at, after`: what it is just below the weight, at
        it, and just above (None for none; at 0 `before` is that at 0, at 1 `after` is that at 1). `within`: how far the
        weight may lie from the true one: 0 where it is a root, else half the width of the bracket.
    standing : DataFrame
        `ratee_id, about, level`, `low, high` (the weights about the present one between which it stands), `nearest`
        (distance to the nearest change; NaN for none).
    swaps : int or None
        How often two scored, non-exempt members change places; None where that was not counted, see `notes`.
    pairs : DataFrame
        `unit_id, ratee_id, other_id, weight`: who changes places with whom in a unit; the first is above before.
    notes : list of str
        What is not exact, and why.
    """

    source: str
    now: float
    changes: pd.DataFrame
    standing: pd.DataFrame
    swaps: int | None
    pairs: pd.DataFrame
    notes: list[str]

    def between(self, low: float, high: float) -> pd.DataFrame:
        """Changes whose net effect between two weights is another level: `ratee_id, about, before, after`."""
        inside = self.changes[(self.changes["weight"] >= low) & (self.changes["weight"] <= high)]
        keys = ["ratee_id", "about"]
        first = inside.drop_duplicates(keys)[[*keys, "before"]]
        sides = first.merge(inside.drop_duplicates(keys, keep="last")[[*keys, "after"]], on=keys)
        return sides[sides["before"].fillna("") != sides["after"].fillna("")].reset_index(drop=True)


def sweep(model: Model, source: str, *, along: Along = "weight", kinds: Sequence[str] = KINDS) -> Sweep:
    """Move the weight of one source from 0 to 1; its siblings keep their proportions.

    Parameters
    ----------
    model : Model
        A plain round.
    source : str
        Any node of the source tree.
    along : {"weight", "odds"}
        See `path`.
    kinds : sequence of str
        Whose grades and stars are wanted: "member", "unit"; those of units that rest on their members are slow.

    Returns
    -------
    Sweep

    Raises
    ------
    UsageError
        If there is no such source, or nobody to share the rest of the weight.

    Notes
    -----
    Missing data: as in scoring. Whose coverage falls below `min_coverage` has no score from there on, a change too; at
    weight 1 whoever lacks the source has none. What votes decided, points and measures do not move.
    """
    road = path(model, source, along=along)
    found = curves(model, road)
    parts, standing, notes = [], [], []
    for ladder, changes, note in _by_ladder(model, road, found, kinds):
        notes += note
        parts.append(_told(model, ladder, changes))
        standing.append(_standing(model, ladder, changes, road.now))
    swaps, pairs, uncounted = _ranks(model, found)
    held = pd.concat(standing, ignore_index=True) if standing else pd.DataFrame(columns=STANDING)
    return Sweep(source, road.now, _ordered(parts), held, swaps, pairs, [*notes, *uncounted])


def changes_along(model: Model, road: Path, *, kinds: Sequence[str] = KINDS) -> tuple[pd.DataFrame, list[str]]:
    """What changes along any path, as in `Sweep.changes`, and `notes`; `weight` is how far along it.

    `kinds` are those whose grades and stars are wanted: "member", "unit".
    """
    found = list(_by_ladder(model, road, curves(model, road), kinds))
    return _ordered([_told(model, *part[:2]) for part in found]), [line for *_, note in found for line in note]


def _by_ladder(
    model: Model, road: Path, found: Curves | str, kinds: Sequence[str]
) -> Iterator[tuple[Ladder, Changes, list[str]]]:
    """Every ladder with its changes, and what is not exact about them."""
    for ladder in ladders(model):
        if ladder.kind not in kinds:
            continue
        why = ladder.why if ladder.line is None else found if isinstance(found, str) else _unlike(ladder)
        if why or isinstance(found, str):
            changes, width = bracketed(model, road, ladder)
            yield ladder, changes, [f"{ladder.about} ({ladder.kind}): {why}; changes are bracketed, {width}"]
        else:
            yield ladder, _changes(model, road, ladder, found), []


def _ordered(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Changes of all ladders by weight."""
    if not parts:
        return pd.DataFrame(columns=CHANGES)
    return pd.concat(parts, ignore_index=True).sort_values("weight", kind="stable", ignore_index=True)


# ----------------------------------------------------------------------------------------------------- by algebra


def _unlike(ladder: Ladder) -> str:
    """Why the bands of a ladder are no plain steps, or "" where they are."""
    if ladder.priority is not None or any(band.end is not None for _, bands in ladder.bands for band in bands.values()):
        return "bands overlap, or leave gaps"
    groups = [gate.group for gate in ladder.gates.values() if gate.share is not None]
    if any((group != groups[0]).any() for group in groups[1:]):
        return "quotas are of different groups"
    return ""


def _changes(model: Model, road: Path, ladder: Ladder, found: Curves) -> Changes:
    """All changes of the ratees of a ladder."""
    line = ladder.line
    if line is None:
        raise ValueError("ladder must have a line")
    whole = pieces(ladder, line, found)
    everyone = np.arange(len(whole.ratee))
    contest = _contest(ladder, whole)
    limited = bool(contest.share)
    parts = [_gaps(ladder, whole)]
    free = everyone[~whole.counts] if limited else everyone
    parts.append(_alone(contest, free))
    if limited and whole.counts.any():
        parts.append(_together(ladder, contest, np.flatnonzero(whole.counts), found))
    stretches = [np.concatenate(held) for held in zip(*(row for part in parts for row in part.stretches), strict=True)]
    points = [row for part in parts for row in part.points] or [
        (everyone[:0], np.zeros(0), np.zeros(0, dtype=np.int64))
    ]
    joined = _joined(stretches, [np.concatenate(held) for held in zip(*points, strict=True)])
    return _settled(model, road, ladder, found, joined)


def _contest(ladder: Ladder, whole: Pieces) -> Contest:
    """The rules of a ladder over its pieces."""
    cuts = np.array([sorted(band.start for band in bands.values()) for _, bands in ladder.bands])
    held = np.zeros(len(ladder.rows), dtype=np.intp)
    for number, (rows, _) in enumerate(ladder.bands):
        held[rows] = number
    at = whole.ratee
    return Contest(
        pieces=whole,
        times=np.ones(len(at), dtype=np.int64),
        cuts=cuts,
        held=held[at],
        fixed=ladder.fixed[at],
        barred={place: gate.barred[at] for place, gate in ladder.gates.items() if gate.barred is not None},
        share={place: gate.share for place, gate in ladder.gates.items() if gate.share is not None},
    )


def _gaps(ladder: Ladder, whole: Pieces) -> Found:
    """Where a ratee has no value: no level, or what votes decided."""
    level = ladder.fixed.copy()
    for place in sorted(ladder.gates, reverse=True):
        barred = ladder.gates[place].barred
        if barred is not None:
            level[(level == place) & barred] = place - 1
    # a gap lies between the end of a piece, or 0, and the beginning of the next piece of the same ratee, or 1
    size = len(ladder.rows)
    everyone = np.arange(size)
    ratee = np.sort(np.concatenate([everyone, whole.ratee]))
    start, stop = (
        ends[np.lexsort((ends, np.concatenate([everyone, whole.ratee])))]
        for ends in (np.concatenate([np.zeros(size), whole.high]), np.concatenate([np.ones(size), whole.low]))
    )
    there = stop - start > NEAR
    return Found([(ratee[there], start[there], stop[there], level[ratee[there]])], [])


def _alone(contest: Contest, places: Places) -> Found:
    """Levels of pieces that no quota limits: they change where a value reaches a cut."""
    held = contest.pieces.take(places)
    contest = contest.take(places)
    roots = np.sort(
        [_inside(crossing(held.value, cut[contest.held]), held) for cut in contest.cuts.T], axis=0
    )  # NaN last
    ends = np.where(np.isnan(roots), held.high, roots)
    starts = np.vstack([held.low, ends])
    stops = np.vstack([ends, held.high])
    everyone = np.arange(len(places))
    stretches, points = [], []
    for start, stop in zip(starts, stops, strict=True):
        there = np.flatnonzero(stop > start)
        middle = (start[there] + stop[there]) / 2
        stretches.append((held.ratee[there], start[there], stop[there], _dropped(contest, there, held, middle)))
    for root in roots:
        there = everyone[~np.isnan(root)]
        points.append((held.ratee[there], root[there], _dropped(contest, there, held, root[there])))
    return Found(stretches, points)


def _inside(roots: Floats, held: Pieces) -> Floats:
    return np.where((roots > held.low + NEAR) & (roots < held.high - NEAR), roots, np.nan)


def _dropped(contest: Contest, at: Places, held: Pieces, t: Floats) -> Whole:
    """Levels after conditions."""
    level = contest.level(at, held.value.take(at).at(t))
    for place in sorted(contest.barred, reverse=True):
        level[(level == place) & contest.barred[place][at]] = place - 1
    return level


def _together(ladder: Ladder, contest: Contest, at: Places, found: Curves) -> Found:
    """Levels of pieces that compete for places."""
    counted = contest.pieces.take(at)
    group = next(gate.group for gate in ladder.gates.values() if gate.share is not None)
    contest = contest.take(at)
    # who counts does so from the beginning of his first piece to the end of his last
    low, high = np.full(len(ladder.rows), 2.0), np.full(len(ladder.rows), -1.0)
    np.minimum.at(low, counted.ratee, counted.low)
    np.maximum.at(high, counted.ratee, counted.high)
    there = np.flatnonzero(high > low)
    spans = group[there].astype(np.intp), low[there], high[there]
    result = compete(contest, group[counted.ratee].astype(np.intp), spans)
    # where somebody begins or ceases to count, places and values may change at once, and the point itself be another
    # matter than both its sides: everybody of the group is looked at there
    ends, of = np.concatenate(spans[1:]), np.tile(spans[0], 2)
    inner = (ends > NEAR) & (ends < 1 - NEAR)
    ends, of = ends[inner], of[inner]
    for time in np.unique(np.round(ends, DIGITS)):
        here = np.abs(ends - time) <= CLOSE
        t, mine = float(ends[here][0]), there[np.isin(spans[0], of[here])]
        level = _at(ladder, *_scores(found, ladder, t))
        result.points.append((mine, np.full(len(mine), t), level[mine]))
    return result


def _joined(stretches: list[NDArray[np.generic]], points: list[NDArray[np.generic]]) -> tuple[Changes, Whole, Whole]:
    """Changes between the stretches of every ratee, with the levels at the points between them; levels at both ends."""
    ratee = np.concatenate([points[0], stretches[0]]).astype(np.intp)
    time = np.concatenate([points[1], stretches[1]]).astype(float)
    level = np.concatenate([points[2], stretches[3]]).astype(np.int64)
    point = np.arange(len(ratee)) < len(points[0])
    # by ratee and time; a point stands before the stretch that begins at it
    order = np.argsort(2.0 * ratee + time + 10 * NEAR * ~point)
    ratee, time, level, point = ratee[order], time[order], level[order], point[order]
    here = np.flatnonzero(~point)
    before, after = here[:-1], here[1:]
    same = ratee[before] == ratee[after]
    first = level[here[np.append(True, ~same)]]
    last = level[here[np.append(~same, True)]]
    before, after = before[same], after[same]
    at = np.full(len(after), UNKNOWN)
    told = point[after - 1] & (np.abs(time[after - 1] - time[after]) <= CLOSE)
    at[told] = level[after[told] - 1]
    differs = np.flatnonzero((level[before] != level[after]) | (told & (at != level[before])))
    before, after = before[differs], after[differs]
    exact = np.zeros(len(after))
    return Changes(ratee[after], time[after], level[before], at[differs], level[after], exact), first, last


def _settled(model: Model, road: Path, ladder: Ladder, found: Curves, joined: tuple[Changes, Whole, Whole]) -> Changes:
    """Look at the points that are still unknown, and at both ends of the path."""
    changes, near, far = joined
    at = changes.at.copy()
    unknown = np.flatnonzero(at == UNKNOWN)
    weights, which = np.unique(changes.weight[unknown], return_inverse=True)
    for number, weight in enumerate(weights):
        rows = unknown[which == number]
        at[rows] = _at(ladder, *_scores(found, ladder, float(weight)))[changes.ratee[rows]]
    made = composites(model, road.at([0.0, 1.0]))
    score, coverage = made.score[:, ladder.rows], made.coverage[:, ladder.rows]
    first, last = (_at(ladder, score[end], coverage[end]) for end in (0, 1))
    rows = [Changes(changes.ratee, changes.weight, changes.before, at, changes.after, changes.within)]
    for weight, before, here, after in ((0.0, first, first, near), (1.0, far, last, last)):
        moved = np.flatnonzero(before != after)
        flat = np.full(len(moved), weight)
        rows.append(Changes(moved, flat, before[moved], here[moved], after[moved], 0 * flat))
    return Changes(*(np.concatenate(held) for held in zip(*rows, strict=True)))


def _scores(found: Curves, ladder: Ladder, t: float) -> tuple[Floats, Floats]:
    """Scores and coverage of the ratees of a ladder at a point."""
    at = ladder.rows
    there = (found.low[at] - CLOSE <= t) & (t <= found.high[at] + CLOSE)
    score = found.score.take(at).at(t)
    return np.where(there, score, np.nan), found.cover.take(at).at(t)


def _at(ladder: Ladder, score: Floats, coverage: Floats) -> Whole:
    line = ladder.line
    if line is None:
        raise ValueError("ladder must have a line")
    return levels(ladder, line.of(score, coverage), {"score": score})


# ------------------------------------------------------------------------------------------------------- as tables


def _told(model: Model, ladder: Ladder, changes: Changes) -> pd.DataFrame:
    ids = model.quantities.index.to_numpy(dtype=object)
    frame = {
        "weight": changes.weight,
        "ratee_id": ids[ladder.rows[changes.ratee]],
        "about": ladder.about,
        # as objects, or None would become NaN
        **{
            side: pd.Series(names_of(ladder, getattr(changes, side)), dtype=object)
            for side in ("before", "at", "after")
        },
        "within": changes.within,
    }
    return pd.DataFrame(frame, columns=CHANGES)


def _standing(model: Model, ladder: Ladder, changes: Changes, now: float) -> pd.DataFrame:
    """Between which weights the present level stands."""
    size = len(ladder.rows)
    low, high = np.zeros(size), np.ones(size)
    nearest = np.full(size, np.inf)
    below = changes.weight <= now + TOLERANCE
    np.maximum.at(low, changes.ratee[below], changes.weight[below])
    above = changes.weight >= now - TOLERANCE
    np.minimum.at(high, changes.ratee[above], changes.weight[above])
    np.minimum.at(nearest, changes.ratee, np.abs(changes.weight - now))
    ids = model.quantities.index.to_numpy(dtype=object)[ladder.rows]
    frame = {
        "ratee_id": ids,
        "about": ladder.about,
        "level": pd.Series(names_of(ladder, ladder.own), dtype=object),
        "low": low,
        "high": high,
        "nearest": np.where(np.isinf(nearest), np.nan, nearest),
    }
    return pd.DataFrame(frame, columns=STANDING)


def _ranks(model: Model, found: Curves | str) -> tuple[int | None, pd.DataFrame, list[str]]:
    """Swaps of ranks among the scored, non-exempt members: how many in all, and those within units."""
    empty = pd.DataFrame(columns=["unit_id", "ratee_id", "other_id", "weight"])
    if isinstance(found, str):
        return None, empty, [f"ranks: {found}; swaps are not counted"]
    mine = model.quantities
    counts = ((mine["kind"] == "member") & ~mine["exempt"].astype(bool)).to_numpy()
    here = np.flatnonzero(counts & (found.high > found.low))
    score = found.score.take(here)
    held = Pieces(here, found.low[here], found.high[here], score, np.ones(len(here), dtype=bool))
    unit = pd.factorize(mine["unit_id"].iloc[here])[0]
    upper, lower, where = list_swaps(held, unit)
    ids = mine.index.to_numpy(dtype=object)
    pairs = {
        "unit_id": mine["unit_id"].to_numpy(dtype=object)[upper],
        "ratee_id": ids[upper],
        "other_id": ids[lower],
        "weight": where,
    }
    return count_swaps(held), pd.DataFrame(pairs), []

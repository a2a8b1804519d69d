"""How often everybody is among the best under weights drawn at random: rank acceptability, exact with ties.

Scores are made in single precision, a few draws at a time, so that they stay in the cache; where a score lies so near
to the last that is let in that single precision cannot tell, those near are scored again in double precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd
from tqdm import tqdm

from toolkit.faults import UsageError
from toolkit.scoring.ranks import TOLERANCE
from toolkit.weighting.admission import Crowds, crowds_of
from toolkit.weighting.model import alike, composites, reach

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from toolkit.scoring.evaluation import Weights
    from toolkit.weighting.model import Model

    Floats = NDArray[np.float64]
    Singles = NDArray[np.float32]
    Bools = NDArray[np.bool_]
    Places = NDArray[np.intp]
    Whole = NDArray[np.int64]

Within = Literal["", "unit"]
BEST = (1, 3, 10)
"""Ranks of which it is told how often somebody has them or better."""
HELD = 80_000
"""Scores that are held at a time: with a copy to be sorted they fill half a megabyte of cache."""
CELLS = 2_000_000
"""Weights of cells (draws x patterns x cells) that are held at a time."""
BYTE = 255
"""Draws after which a count of bytes is full."""
ROUNDING = 2.0**-24
"""Relative error of one operation in single precision."""
SAME = 1e-12
"""How far the weights of a source's cells may lie from their mean over the draws and be the same."""
SECONDS = 2.0
"""Progress is shown of what takes longer."""


@dataclass(frozen=True)
class Acceptability:
    """How often everybody had a rank or a better one.

    Attributes
    ----------
    draws : int
        How many weightings were drawn.
    within : str
        "" among all, "unit" within the unit.
    best : tuple of int
        The ranks.
    ratees : Index
        The members who can be ranked.
    count : ndarray of int (best, ratees)
        In how many draws the rank was as good; ties share the best place.
    """

    draws: int
    within: Within
    best: tuple[int, ...]
    ratees: pd.Index[str]
    count: Whole

    @property
    def table(self) -> pd.DataFrame:
        """`ratee_id, within, best, share` (0-1), `se` (its Monte Carlo standard error), ratee by ratee."""
        share = self.count.T / self.draws
        frame = {
            "ratee_id": np.repeat(self.ratees, len(self.best)),
            "within": self.within,
            "best": np.tile(self.best, len(self.ratees)),
            "share": share.ravel(),
            "se": standard_error(share, self.draws).ravel(),
        }
        return pd.DataFrame(frame)


def standard_error(share: Floats, draws: int) -> Floats:
    """Monte Carlo standard error of a share of so many draws; of 0 and 1 it is 0, the truth being within 3 / draws."""
    return np.sqrt(np.clip(share * (1 - share), 0, None) / draws)


def acceptability(
    model: Model, weights: Weights, *, best: Sequence[int] = BEST, within: Within = "", progress: bool = True
) -> Acceptability:
    """Count how often everybody is among the best.

    Parameters
    ----------
    model : Model
        The round.
    weights : Weights
        See `draw`.
    best : sequence of int
        Ranks: 1 is the best; a share of all that is to be looked at is turned into its rank by the caller.
    within : {"", "unit"}
        Among whom.
    progress : bool
        Whether a bar is shown of what takes long.

    Raises
    ------
    UsageError
        If a rank is not positive.

    Notes
    -----
    Scored, non-exempt members are ranked, as in scoring; who has no score under a weighting has no rank in it. The rank
    is at most b if the score reaches the b-th largest, or is tied with it by runs of scores nearer than 1e-9.

    References
    ----------
    Lahdelma R, Salminen P (2001) SMAA-2: stochastic multicriteria acceptability analysis for group decision making.
    Operations Research 49:444-454, doi:10.1287/opre.49.3.444.11220.
    """
    wrong = [rank for rank in best if rank < 1]
    if wrong or not best:
        raise UsageError(f"best: {', '.join(map(str, wrong)) or 'nothing'}, must be ranks from 1 up")
    weights = alike(weights)
    mine, crowds = _crowds(model, within)
    count = np.zeros((len(best), len(mine)), dtype=np.int64)
    singly = model.scheme.missing.rule != "adjusted" and bool((np.diff(model.share.indptr)[mine] == 1).all())
    scored = _sheets(model, weights, mine) if singly else _plain_sheets(model, weights, mine)
    with tqdm(total=len(weights.sources), desc="draws", unit="draw", delay=SECONDS, disable=not progress) as bar:
        held, full = np.zeros(count.shape, dtype=np.uint8), 0
        for sheet in scored:
            if full + len(sheet.score) > BYTE:
                count += held
                held[:], full = 0, 0
            for crowd in crowds:
                _count(sheet, crowd, best, held)
            full += len(sheet.score)
            bar.update(len(sheet.score))
        count += held
    order = np.argsort(mine)
    return Acceptability(
        len(weights.sources), within, tuple(best), model.quantities.index[mine[order]], count[:, order]
    )


def ranked(model: Model) -> Places:
    """Places of the members who can be ranked."""
    rows = (model.quantities["kind"] == "member") & ~model.quantities["exempt"].astype(bool)
    return np.flatnonzero(rows.to_numpy())


def _crowds(model: Model, within: Within) -> tuple[Places, list[Crowds]]:
    """Places of all who are ranked, crowd by crowd."""
    mine = ranked(model)
    unit = model.quantities["unit_id"].iloc[mine].factorize()[0] if within == "unit" else np.zeros(len(mine))
    order, crowds = crowds_of(unit.astype(np.int64))
    return mine[order], crowds


# ----------------------------------------------------------------------------------------------------------- scores


class _Sheet(NamedTuple):
    """Scores of some draws (draws, members) but for a constant, -inf for none, and how to score members exactly.

    They are within `error` of the truth; `cells` (draws, patterns, cells), `solid` (members, cells) and `pattern`
    (members,) are what they are made of, in double precision.
    """

    score: Singles | Floats
    error: float
    cells: Floats
    solid: Floats
    pattern: Places

    def exact(self, draw: int, members: Places) -> Floats:
        """Scores of some members in one draw."""
        if not self.error:
            return np.asarray(self.score[draw, members], dtype=float)
        made = np.einsum("mk,mk->m", self.solid[members], self.cells[draw, self.pattern[members]])
        return np.where(np.isneginf(self.score[draw, members]), -np.inf, made)


def _plain_sheets(model: Model, weights: Weights, mine: Places) -> Iterator[_Sheet]:
    """Scores by `composites`, where somebody's is more than one sum: holders of posts, the rule `adjusted`."""
    none = np.zeros((0, 0, 0)), np.zeros((0, 0)), np.zeros(0, dtype=np.intp)
    step = int(np.clip(HELD // max(len(mine), 1), 1, BYTE))
    for start in range(0, len(weights.sources), step):
        part = type(weights)(*(array[start : start + step] for array in weights))
        score = composites(model, part).score[:, mine]
        yield _Sheet(np.where(np.isnan(score), -np.inf, score), 0.0, *none)


def _sheets(model: Model, weights: Weights, mine: Places) -> Iterator[_Sheet]:
    """Scores as products of cells and their weights, members of one pattern side by side."""
    rows = model.share.indices[model.share.indptr[mine]]
    pattern = model.patterns.row[rows]
    order = np.argsort(pattern, kind="stable")
    kinds, first = np.unique(pattern[order], return_index=True)
    pattern = np.searchsorted(kinds, pattern)
    ends = [*first, len(mine)]
    solid = model.solid[rows] - (_middle(model) * ~np.isnan(model.value[rows])).reshape(len(rows), -1)
    held = max(1, CELLS // (len(model.patterns.kind) * solid.shape[1]))
    step = int(np.clip(HELD // max(len(mine), 1), 1, BYTE))
    score = np.empty((step, len(mine)), dtype=np.float32)
    in_order = np.empty_like(score)
    back = np.argsort(order) if len(kinds) > 1 else None
    for start in range(0, len(weights.sources), held):
        part = type(weights)(*(array[start : start + held] for array in weights))
        cells, nothing = _reached(model, part, kinds)
        packed, dense = _packed(model, cells, solid, pattern)
        factors = np.ascontiguousarray(packed.swapaxes(0, 1), dtype=np.float32)  # patterns, draws, cells
        points = np.ascontiguousarray(dense[order].T, dtype=np.float32)
        error = (packed.shape[2] + 2) * ROUNDING * float(np.abs(dense).max(initial=0.0))
        for begin in range(0, len(packed), step):
            draws = slice(begin, min(begin + step, len(packed)))
            size = draws.stop - begin
            for place, (one, end) in enumerate(pairwise(ends)):
                np.matmul(factors[place, draws], points[:, one:end], out=in_order[:size, one:end])
                if nothing[draws, place].any():
                    in_order[:size, one:end][nothing[draws, place]] = -np.inf
            made = in_order[:size]
            if back is not None:
                made = np.take(in_order[:size], back, axis=1, out=score[:size], mode="clip")
            yield _Sheet(made, error, packed[draws], dense, pattern)


def _middle(model: Model) -> float:
    """What is taken off every cell, so that few digits are lost; a score loses the same."""
    there = model.value[~np.isnan(model.value)]
    return float(there.min() + there.max()) / 2 if len(there) else 0.0


def _reached(model: Model, weights: Weights, kinds: Places) -> tuple[Floats, Bools]:
    """Weights of the cells (draws, patterns, cells), and which patterns have no score in a draw."""
    cells, coverage = (part[:, kinds] for part in reach(model, weights))
    missing = model.scheme.missing
    nothing = (cells.sum(axis=2) == 0) | (coverage < float(missing.min_coverage) - TOLERANCE)
    if missing.rule == "fail":
        nothing |= coverage < 1 - TOLERANCE
    return cells, nothing


def _packed(model: Model, cells: Floats, solid: Floats, pattern: Places) -> tuple[Floats, Floats]:
    """Sources in place of cells, where the weights of a source's cells keep their proportions in all draws."""
    draws, kinds = cells.shape[:2]
    split = cells.reshape(draws, kinds, *model.value.shape[1:])
    outer = split.sum(axis=3)
    total = outer.sum(axis=0)
    inner = np.divide(split.sum(axis=0), total[:, :, None], out=np.zeros(split.shape[1:]), where=total[:, :, None] > 0)
    if np.abs(outer[..., None] * inner - split).max(initial=0.0) > SAME:
        return cells, solid
    return outer, np.einsum("msi,msi->ms", solid.reshape(-1, *model.value.shape[1:]), inner[pattern])


# ------------------------------------------------------------------------------------------------------------ counts


def _count(sheet: _Sheet, crowds: Crowds, best: Sequence[int], held: NDArray[np.uint8]) -> None:
    """Add to the bytes (best, members) in how many draws everybody was among the best of his crowd."""
    start, number, size = crowds
    mine = slice(start, start + number * size)
    score = sheet.score[:, mine].reshape(-1, number, size)
    rising = np.sort(score, axis=2)
    gap = 2 * sheet.error + TOLERANCE
    lowest = np.finfo(score.dtype).min
    inside = np.empty(score.shape, dtype=bool)
    for place, rank in enumerate(best):
        last = rising[:, :, max(size - rank, 0)]
        np.greater_equal(score, np.maximum(last, lowest)[:, :, None], out=inside)
        if rank < size:
            near = (last - np.maximum(rising[:, :, size - rank - 1], lowest) <= gap) & (last > lowest)
            for draw, group in zip(*np.nonzero(near), strict=True):
                first = start + int(group) * size
                crowd = np.arange(first, first + size)
                _settle(sheet, crowd, (int(draw), rank, float(last[draw, group])), inside[draw, group])
        held[place, mine] += np.add.reduce(inside.view(np.uint8), axis=0, dtype=np.uint8).ravel()


def _settle(sheet: _Sheet, crowd: Places, at: tuple[int, int, float], inside: Bools) -> None:
    """Say exactly who of a crowd is among the best, where the last one in and the first one out are too near."""
    draw, rank, last = at
    wide = 4 * sheet.error + 4 * TOLERANCE
    distance = sheet.score[draw, crowd] - last
    near = np.flatnonzero(np.abs(distance) <= wide)
    above = int(np.count_nonzero(distance > wide))
    value = sheet.exact(draw, crowd[near])
    cut = _last_in(value, rank - above)
    if cut <= last - wide + sheet.error + TOLERANCE:  # a run of ties that may go on below
        near, value = np.arange(len(crowd)), sheet.exact(draw, crowd)
        cut = _last_in(value, rank)
    inside[near] = value >= cut


def _last_in(value: Floats, rank: int) -> float:
    """The lowest value that is tied with the `rank`-th largest."""
    falling = -np.sort(-value)
    with np.errstate(invalid="ignore"):  # of two without a score
        parted = np.flatnonzero(-np.diff(falling[rank - 1 :]) > TOLERANCE)
    return float(falling[rank - 1 + parted[0]] if len(parted) else falling[-1])

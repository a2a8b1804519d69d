"""The score of everybody as one weight moves from 0 to 1: a ratio of two straight lines.

While a weight moves its siblings keep their proportions, so all weights of the set are straight lines of the one that
moves. A mean over what was seen divides one straight line by another; where nothing is missing, by 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from toolkit.faults import UsageError
from toolkit.scoring.evaluation import Weights
from toolkit.scoring.ranks import TOLERANCE
from toolkit.weighting.model import reach

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from toolkit.weighting.model import Model

    Floats = NDArray[np.float64]

Along = Literal["weight", "odds"]
TRIED = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
"""Weights at which a curve is tried, to see whether it is what it should be."""
STRAIGHT = 1e-10
"""How far a share may lie from its curve."""


@dataclass(frozen=True)
class Path:
    """How one weight moves.

    Attributes
    ----------
    source : str
        Whose weight it is.
    along : {"weight", "odds"}
        `weight`: in every category it is t. `odds`: it is t where the scheme's own weights hold, and in a category with
        other weights its odds are multiplied by the same factor.
    now : float
        The weight by the scheme's own weights.
    start, end : ndarray (categories, nodes)
        Weights of the source tree at t = 0 and t = 1, between which they are straight lines; within a set of siblings
        they need not sum to 1.
    indicators : ndarray (categories, nodes)
        Weights of the indicator tree, which do not move.
    """

    source: str
    along: Along
    now: float
    start: Floats
    end: Floats
    indicators: Floats

    def at(self, t: ArrayLike) -> Weights:
        """Weights at some points of the path, for `composites`."""
        points = np.atleast_1d(np.asarray(t, dtype=float))[:, None, None]
        return Weights((1 - points) * self.start + points * self.end, self.indicators[None])


def path(model: Model, source: str, *, along: Along = "weight") -> Path:
    """How a weight moves from 0 to 1 while its siblings keep their proportions.

    Raises
    ------
    UsageError
        If there is no such source, or the others have no weight to share.
    """
    tree = model.scheme.source_tree
    if source not in tree.names[1:]:
        raise UsageError(f"source: {source!r}, must be one of {', '.join(tree.names[1:])}")
    node = tree.position[source]
    others = [child for child in tree.children(tree.parents[node]) if child != node]
    weights, indicators = (part[0] for part in model.weights)
    mine, rest = weights[:, node], weights[:, others].sum(axis=1)
    now = float(model.scheme.source_weights()[source])
    alone = (rest == 0).all() or ((rest == 0).any() and along == "weight")  # odds of 1 stay what they are
    if alone:
        where = "" if (rest == 0).all() else f" in category {model.categories[int(np.argmin(rest))]}"
        raise UsageError(f"source: {source} weighs 1{where}, must leave its siblings a weight to share")
    start, end = weights.copy(), weights.copy()
    start[:, node], end[:, others] = 0, 0
    if along == "weight":
        start[:, others] /= rest[:, None]
        end[:, node] = 1
    else:
        if not 0 < now < 1:
            raise UsageError(f"source: {source} weighs {now:g}, must lie between 0 and 1 to have odds")
        start[:, others] *= now
        end[:, node] = (1 - now) * mine
    return Path(source, along, now, start, end, indicators)


class Ratio(NamedTuple):
    """(a + b t) / (c + d t)."""

    a: Floats
    b: Floats
    c: Floats
    d: Floats

    def at(self, t: float | Floats) -> Floats:
        """Its value; NaN where both lines are 0."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((self.a + self.b * t) / (self.c + self.d * t), dtype=float)

    def take(self, places: NDArray[np.intp] | NDArray[np.bool_]) -> Ratio:
        """Some of many."""
        return Ratio(*(part[places] for part in self))


@dataclass(frozen=True)
class Curves:
    """Scores along a path, for low <= t <= high; elsewhere none. Each array is (ratees,).

    Attributes
    ----------
    score : Ratio
        Its lower line is above 0 for 0 < t < 1.
    low, high : ndarray
        Where the coverage reaches the scheme's minimum; low lies above high where it never does.
    cover : Ratio
        The coverage.
    """

    score: Ratio
    low: Floats
    high: Floats
    cover: Ratio


def curves(model: Model, along: Path) -> Curves | str:
    """Scores of everybody along a path, or why they are no such curves."""
    if model.scheme.missing.rule == "adjusted":
        return "what is missing is filled in from the scores of others (missing: adjusted)"
    found = _of_patterns(model, along)
    if found is None:
        return "a score is a sum of ratios (first: source, and something is missing)"
    cells, cover = found
    row = model.patterns.row
    top = [np.einsum("rc,rc->r", part[row], model.solid) for part in cells[:2]]
    by_row = Ratio(*top, *(part[row] for part in cells[2:]))
    score, share = _of_ratees(model, by_row), _of_ratees(model, cover.take(row), whole=True)
    if score is None or share is None:
        return "somebody holds posts that lack different sources"
    missing = model.scheme.missing
    least = 1.0 if missing.rule == "fail" else float(missing.min_coverage)
    low, high = stretch(share, least)
    never = share.at(float(TRIED[0])) <= 0
    level = score.at(float(TRIED[2]))
    # one line over its like is a constant; written as such it cannot meet another where both of its lines are 0
    flat = never | (np.abs(score.a * score.d - score.b * score.c) < STRAIGHT)
    plain = (np.where(never, 0.0, level), np.zeros(len(level)), np.ones(len(level)), np.zeros(len(level)))
    solid = Ratio(*(np.where(flat, short, part) for part, short in zip(score, plain, strict=True)))
    return Curves(solid, np.where(never, 1.0, low), np.where(never, 0.0, high), share)


def stretch(cover: Ratio, least: float | Floats) -> tuple[Floats, Floats]:
    """From where to where a coverage reaches `least`, within 0-1; from 1 to 0 where it never does."""
    ends = [np.nan_to_num(cover.at(end)) for end in (0.0, 1.0)]
    starts, stops = (end >= least - TOLERANCE for end in ends)
    with np.errstate(invalid="ignore", divide="ignore"):
        turn = np.clip((least * cover.c - cover.a) / (cover.b - least * cover.d), 0, 1)
    low = np.where(starts, 0.0, np.where(stops, turn, 1.0))
    high = np.where(stops, 1.0, np.where(starts, turn, 0.0))
    return low, high


def _of_patterns(model: Model, along: Path) -> tuple[Ratio, Ratio] | None:
    """What cells (patterns, cells) weigh along a path, and the coverage (patterns,); None where they are no ratios.

    Notes
    -----
    The lines below are sums of the weights of those siblings that were seen, or asked; that the shares scoring finds
    are straight lines over them is tried, not taken for granted.
    """
    shares, covered = reach(model, along.at(TRIED))
    tree, patterns = model.scheme.source_tree, model.patterns
    node = tree.position[along.source]
    siblings = tree.children(tree.parents[node])
    below = tree.below[siblings].T
    found = []
    for values, there in ((shares, patterns.seen), (covered, np.broadcast_to(model.scheme.asked, patterns.seen.shape))):
        held = there.any(axis=2) @ below  # patterns, siblings
        ends = [(weights[patterns.kind][:, siblings] * held).sum(axis=1) for weights in (along.start, along.end)]
        lone = (ends[0] == 0) & (ends[1] == 0)
        start, slope = np.where(lone, 1.0, ends[0]), np.where(lone, 0.0, ends[1] - ends[0])
        bottom = start + slope * TRIED[:, None]
        top = values * bottom.reshape(bottom.shape + (1,) * (values.ndim - 2))
        step = (top[-1] - top[0]) / (TRIED[-1] - TRIED[0])
        at = TRIED.reshape(-1, *(1,) * (top.ndim - 1))
        if np.abs(top - top[0] - step * (at - TRIED[0])).max(initial=0.0) > STRAIGHT:
            return None
        found.append(Ratio(top[0] - step * TRIED[0], step, start, slope))
    return found[0], found[1]


def _of_ratees(model: Model, rows: Ratio, *, whole: bool = False) -> Ratio | None:
    """From rows to ratees: means by the share of posts, of all posts where `whole`; None where they are no ratios."""
    share = model.share
    count = np.diff(share.indptr)
    first = share.indices[np.minimum(share.indptr[:-1], max(len(share.indices) - 1, 0))] if share.nnz else count
    result = Ratio(*(part[first].copy() for part in rows))
    for ratee in np.flatnonzero(count != 1):
        mine = slice(share.indptr[ratee], share.indptr[ratee + 1])
        at, amount = share.indices[mine], share.data[mine]
        there = ~np.isnan(rows.take(at).at(float(TRIED[2])))
        if not whole:
            at, amount = at[there], amount[there]
        if not len(at):
            values = (0.0, 0.0, 0.0, 0.0)
        else:
            bottom = np.array([rows.c[at], rows.d[at]])
            bottom /= bottom[0] + bottom[1] * TRIED[2]
            if np.abs(bottom - bottom[:, :1]).max() > STRAIGHT:
                return None
            scale = amount / amount.sum() / (rows.c[at] + rows.d[at] * TRIED[2])
            values = (scale @ rows.a[at], scale @ rows.b[at], bottom[0, 0], bottom[1, 0])
        for part, value in zip(result, values, strict=True):
            part[ratee] = value
    return result

"""A round as it would have been with other raters: the raters' bootstrap, from answers to cells and votes.

Raters are redrawn with all that they rated, within a source, among those who rated the same people directly or through
each other; so every such circle keeps its number of raters. Ballots, of which nobody knows who cast them, are redrawn
within their cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from toolkit.faults import UsageError
from toolkit.rules import bounds
from toolkit.scoring.cells import worth
from toolkit.scoring.conditions import TESTS, keeps
from toolkit.scoring.evaluation import stand_in
from toolkit.scoring.ratees import list_ratees
from toolkit.weighting.ladders import NO_VALUE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from toolkit.rules import Votes
    from toolkit.scheme import Scheme, Source
    from toolkit.voices import Voices
    from toolkit.weighting.model import Model

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]
    Whole = NDArray[np.int64]

HELD = 2_000_000
"""Counts of answers (answers x draws) that are held at a time."""


class Redrawn(NamedTuple):
    """A round with other raters, several times.

    Attributes
    ----------
    value : ndarray (draws, rows, leaf sources, leaf indicators)
        Cells, as in `Model.value`.
    fixed : ndarray of int (draws, ratees), or None
        Grades that votes decide, `NO_VALUE` where they do not; None where the scheme has none by votes.
    """

    value: Floats
    fixed: Whole | None


def counts_of(model: Model) -> pd.DataFrame:
    """Counted answers of the round."""
    counts = model.study.tally.counts
    return counts[counts["round"] == model.name].reset_index(drop=True)


def redraw(model: Model, voices: Voices, *, draws: int, seed: int) -> Iterator[Redrawn]:
    """Redraw the raters of a round, some draws at a time.

    Parameters
    ----------
    model : Model
        The round.
    voices : Voices
        Who gave which answers in it.
    draws : int
        How many times.
    seed : int
        Of the generator; the draws do not depend on how many are made at a time.

    Raises
    ------
    UsageError
        If `voices` are of another round.

    Notes
    -----
    A rater who is alone in his circle is always drawn, so a source with one rater of each ratee does not vary; of a
    circle of n the bootstrap shows (n - 1) / n of the variance of a mean. Whom nobody rates in a draw lacks the cell
    in it, by the same rules as in scoring (`min`, coverage).

    References
    ----------
    Efron B (1979) Bootstrap methods: another look at the jackknife. Annals of Statistics 7:1-26,
    doi:10.1214/aos/1176344552. Davison AC, Hinkley DV (1997) Bootstrap Methods and their Application, ch. 3.8
    (hierarchical data), doi:10.1017/CBO9780511802843.
    """
    if voices.round != model.name:
        raise UsageError(f"voices: of round {voices.round}, must be of {model.name}")
    counts = counts_of(model)
    rows, booth = answer_rows(counts, model), booth_of(counts, model)
    for count, weight in recount(model, voices, draws=draws, seed=seed):
        yield Redrawn(cells_of(model, rows, count, weight), voted(booth, weight) if booth else None)


def recount(model: Model, voices: Voices, *, draws: int, seed: int) -> Iterator[tuple[Floats, Floats]]:
    """Counts and weights of the answers (answers, draws) of a round when raters are redrawn, see `redraw`."""
    counts = counts_of(model)
    urn = _urn(counts)
    of_raters, of_ballots = (np.random.default_rng(part) for part in np.random.SeedSequence(seed).spawn(2))
    step = max(1, HELD // max(len(counts), len(voices.circle), 1))
    for start in range(0, draws, step):
        size = min(step, draws - start)
        often = multiplicities(voices.circle, size, of_raters)
        count = voices.given @ often
        weight = count if voices.weight is voices.given else voices.weight @ often
        cast = _cast(urn, size, of_ballots)
        count[urn.rows] += cast
        if weight is not count:
            weight[urn.rows] += cast
        yield count, weight


def multiplicities(circle: Places, draws: int, rng: np.random.Generator) -> Floats:
    """How often each rater is drawn (raters, draws): every circle is drawn from itself, with replacement."""
    raters = len(circle)
    order = np.argsort(circle, kind="stable")
    size = np.bincount(circle)[circle[order]] if raters else np.zeros(0)
    first = np.searchsorted(circle[order], circle[order])
    drawn = order[first + (rng.random((draws, raters)) * size).astype(np.intp)]
    flat = drawn + raters * np.arange(draws)[:, None]
    return np.bincount(flat.ravel(), minlength=draws * raters).reshape(draws, raters).T.astype(float)


# ---------------------------------------------------------------------------------------------------------- ballots


class _Urn(NamedTuple):
    """Ballots of every cell: its places (cells, answers) among the rows of ballots, shares (0 beyond), and how many."""

    rows: Places
    place: Places
    share: Floats
    total: Whole


def _urn(counts: pd.DataFrame) -> _Urn:
    rows = np.flatnonzero(counts["ballot"].to_numpy(dtype=bool))
    paper = counts.iloc[rows]
    keys = [paper[name].astype(str) for name in ("ratee_id", "source", "indicator")]
    cell = paper.groupby([key.to_numpy() for key in keys], sort=True).ngroup().to_numpy()
    count = paper["count"].to_numpy(dtype=np.int64)
    order = np.argsort(cell, kind="stable")
    column = np.arange(len(rows)) - np.searchsorted(cell[order], cell[order])
    shape = (int(cell.max()) + 1 if len(cell) else 0, int(column.max()) + 1 if len(cell) else 1)
    place, cast = np.full(shape, -1), np.zeros(shape, dtype=np.int64)
    place[cell[order], column], cast[cell[order], column] = order, count[order]
    total = cast.sum(axis=1)
    return _Urn(rows, place.astype(np.intp), cast / total[:, None], total)


def _cast(urn: _Urn, draws: int, rng: np.random.Generator) -> Floats:
    """Redrawn ballots (rows of ballots, draws)."""
    cast = np.zeros((len(urn.rows), draws))
    if len(urn.rows):
        drawn = rng.multinomial(urn.total, urn.share, size=(draws, len(urn.total)))
        there = urn.place >= 0
        cast[urn.place[there]] = drawn[:, there].T
    return cast


# ------------------------------------------------------------------------------------------------------------ cells


@dataclass(frozen=True)
class Rows:
    """Answers of a round that are not blank, by source, cell and points.

    Attributes
    ----------
    answer : ndarray
        Place of the row in the counts.
    points : ndarray
        What it is worth, 0-100.
    first : ndarray
        Where each cell begins.
    at : tuple of ndarray
        Row of the model, leaf source and indicator node of each cell.
    """

    answer: Places
    points: Floats
    first: Places
    at: tuple[Places, Places, Places]


def answer_rows(counts: pd.DataFrame, model: Model, scheme: Scheme | None = None) -> Rows:
    """Answers of a round; what they are worth may be said by another scheme with the same sources and indicators."""
    scheme = scheme or model.scheme
    keys = [counts[name].astype("category") for name in ("source", "indicator", "value", "ratee_id")]
    source, indicator, value, ratee = (key.cat.codes.to_numpy().astype(np.int64) for key in keys)
    sources, indicators, values, ids = (pd.Index(key.cat.categories.astype(str)) for key in keys)
    joint = (source * len(indicators) + indicator) * len(values) + value
    _, first, kind = np.unique(joint, return_index=True, return_inverse=True)
    named = zip(sources[source[first]], indicators[indicator[first]], values[value[first]], strict=True)
    worthy = np.array([worth(scheme, *names) for names in named])[kind] if len(counts) else np.zeros(0)
    ratees = pd.Index(list_ratees(model.study, model.name)["ratee_id"])
    at = (
        pd.Index(list(scheme.leaf_sources)).get_indexer(sources)[source],
        ratees.get_indexer(ids)[ratee],
        pd.Index(scheme.indicator_tree.names).get_indexer(indicators)[indicator],
    )
    cell = np.zeros(0, dtype=np.intp)
    if len(counts):
        cell = np.ravel_multi_index(at, (len(scheme.leaf_sources), len(ratees), len(scheme.indicator_tree)))
    valid = np.flatnonzero(~np.isnan(worthy))
    order = valid[np.lexsort((worthy[valid], cell[valid]))]
    first = np.flatnonzero(np.diff(cell[order], prepend=-1))
    of_source, of_ratee, of_node = (part[order[first]].astype(np.intp) for part in at)
    return Rows(order, worthy[order], first, (of_ratee, of_source, of_node))


def cells_of(
    model: Model, rows: Rows, count: Floats, weight: Floats, *, sources: Mapping[str, Source] | None = None
) -> Floats:
    """Cells (draws, rows, leaf sources, leaf indicators) of counts and weights of answers (answers, draws).

    By the rules of `toolkit.scoring.cells`: plain, weighted and trimmed means, medians, `min`, as the scheme's leaf
    sources have them, or others; a tick above stands for the leaf.
    """
    scheme, draws = model.scheme, count.shape[1]
    mean = np.full((draws, len(model.value), len(scheme.leaf_sources), len(scheme.indicator_tree)), np.nan)
    ratee, source, node = rows.at
    ends = np.append(rows.first, len(rows.answer))
    for place, rules in enumerate((sources or scheme.leaf_sources).values()):
        mine = np.flatnonzero(source == place)
        if not len(mine):
            continue
        part = slice(ends[mine[0]], ends[mine[-1] + 1])
        first = rows.first[mine] - part.start
        answers = rows.answer[part]
        given = count[answers]
        weighed = given if weight is count else weight[answers]
        n = np.add.reduceat(given, first, axis=0)
        of_cells = _means(rules, _Answers(rows.points[part], first, given, weighed, n))
        mean[:, ratee[mine], place, node[mine]] = of_cells.T
        if (rules.min or 1) > 1:  # a cell without answers is missing anyhow
            rated = np.flatnonzero(np.diff(ratee[mine], prepend=-1))
            few = np.maximum.reduceat(n, rated, axis=0) < rules.min
            mean[:, ratee[mine[rated]], place] = np.where(few.T[:, :, None], np.nan, mean[:, ratee[mine[rated]], place])
    value, _ = stand_in(scheme, mean.reshape(-1, *mean.shape[2:]))
    return value.reshape(draws, -1, *value.shape[1:])


class _Answers(NamedTuple):
    """Answers of one source by cell and points, with counts and weights (answers, draws), and n (cells, draws)."""

    points: Floats
    first: Places
    counts: Floats
    weight: Floats
    n: Floats


def _means(rules: Source, answers: _Answers) -> Floats:
    """Mean, trimmed mean or median (cells, draws) of the cells of one source; NaN where there is no answer."""
    points, first, count, weight, n = answers
    x = points[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        total = n if weight is count else np.add.reduceat(weight, first, axis=0)
        mean = np.add.reduceat(weight * x, first, axis=0) / total
    if not (rules.trim or rules.average == "median"):
        return np.asarray(mean, dtype=float)
    cell = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(points))))
    upto = np.cumsum(count, axis=0)
    last = upto - np.vstack([np.zeros_like(upto[:1]), upto])[first][cell]  # ranks within the cell
    before, size = last - count, n[cell]
    if rules.trim:
        drop = rules.trim.drop
        kept = np.clip(np.minimum(last, size - drop) - np.maximum(before, drop), 0, None)
        changed = n > rules.trim.above
        total = np.add.reduceat(kept * x, first, axis=0)
        base = n - 2 * drop
    else:
        low, high = np.floor((size + 1) / 2), np.ceil((size + 1) / 2)
        middle = ((before < low) & (low <= last)) * 0.5 + ((before < high) & (high <= last)) * 0.5
        changed = n > 0
        total = np.add.reduceat(middle * x, first, axis=0)
        base = np.ones_like(n)
    return np.where(changed, total / np.where(changed, base, 1), mean)


# ------------------------------------------------------------------------------------------------------------ votes


class Booth(NamedTuple):
    """Votes on grades: their rows, ratees and levels among `names`, and the rules."""

    rows: Places
    ratee: Places
    level: Places
    names: list[str]
    blank: NDArray[np.bool_]
    votes: Votes
    order: list[str]
    size: int


def booth_of(counts: pd.DataFrame, model: Model) -> Booth | None:
    """Who was voted on; votes on a post are votes on its holder. None where the scheme has no grades by votes."""
    scheme = model.scheme
    if scheme.grades is None or scheme.grades.votes is None:
        return None
    votes = scheme.grades.votes
    tree = scheme.indicator_tree
    below = [name for name, place in tree.position.items() if tree.position[votes.indicator] in tree.path(place)]
    holders = dict(zip(model.study.posts["post_id"], model.study.posts["member_id"], strict=True))
    ratee = model.quantities.index.get_indexer(pd.Index(counts["ratee_id"].astype(str).replace(holders)))
    asked = (counts["source"] == votes.source).to_numpy() & counts["indicator"].isin(below).to_numpy()
    rows = np.flatnonzero(asked & (ratee >= 0))
    level, names = pd.factorize(counts["value"].astype(str).iloc[rows])
    blank = np.array([not name or name in _blank(scheme, votes) for name in names], dtype=bool)
    return Booth(rows, ratee[rows], level.astype(np.intp), list(names), blank, votes, scheme.grades.order, len(model))


def _blank(scheme: Scheme, votes: Votes) -> list[str]:
    return scheme.scales[scheme.leaf_sources[votes.source].scale or ""].blank


def voted(booth: Booth, weight: Floats) -> Whole:
    """Grades (draws, ratees) by the first rule that holds, exactly for whole votes, see `vote_grades`.

    Votes that are weighted are no whole numbers: their shares are compared with the tolerance of all numbers.
    """
    draws, given = weight.shape[1], weight[booth.rows]
    whole = bool((given == np.rint(given)).all())
    cast = np.zeros((booth.size, len(booth.names), draws), dtype=np.int64 if whole else np.float64)
    np.add.at(cast, (booth.ratee, booth.level), given.astype(cast.dtype))
    blank = cast[:, booth.blank].sum(axis=1)
    valid = cast.sum(axis=1) - blank
    base = valid + (blank if booth.votes.blank == "inside" else 0)
    held = np.full((booth.size, draws), NO_VALUE)
    for rule in reversed(booth.votes.rules):
        share = cast[:, [name in rule.levels for name in booth.names]].sum(axis=1)
        holds = valid > 0
        for key, bound in bounds(rule):
            if whole:
                holds &= np.asarray(TESTS[key](share * bound.denominator, base * bound.numerator), dtype=bool)
            else:
                holds &= keeps(np.divide(share, base, out=np.zeros_like(share), where=base > 0), key, bound)
        held[holds] = booth.order.index(rule.grade)
    return held.T

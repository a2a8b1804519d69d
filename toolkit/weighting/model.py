"""A round of a study as a function of its weights: the composites of everybody under any number of weightings at once.

Whoever lacks the same cells and is weighed alike has the same weights after renormalising. So weights go up the trees
once for every such pattern, by scoring's own code, and a matrix product does the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from toolkit.faults import UsageError
from toolkit.scoring.evaluation import Weights, climb_trees, lay_out
from toolkit.scoring.ranks import TOLERANCE
from toolkit.scoring.rounds import before

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.scheme import Scheme
    from toolkit.scoring.scores import Scores
    from toolkit.study import Study

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Model:
    """A plain round laid out to be scored again.

    Attributes
    ----------
    study : Study
        Its tables.
    name : str
        The round.
    scheme : Scheme
        The round's scheme.
    quantities : DataFrame
        What rules may ask of a ratee under the scheme's own weights, by `ratee_id`; members and units, not posts.
    value : ndarray (rows, leaf sources, leaf indicators)
        Points (0-100) of the cells of everybody who is rated, posts too; NaN where nothing was rated.
    categories : tuple of str
        The categories that there are.
    kind : ndarray (rows,)
        Place of each row's category.
    groups : ndarray (rows,)
        The unit whose raters rate, for the rule `adjusted`.
    share : sparse array (ratees, rows)
        What each row counts for in a ratee: 1, or the share of a post.
    reasons : DataFrame
        `Scores.reasons` of the round, for what votes decided.
    cuts_before : dict
        Where stars began in the round before, by kind of ratee, if they are clusters.
    """

    study: Study
    name: str
    scheme: Scheme
    quantities: pd.DataFrame
    value: Floats
    categories: tuple[str, ...]
    kind: NDArray[np.intp]
    groups: NDArray[np.intp]
    share: csr_array
    reasons: pd.DataFrame
    cuts_before: dict[str, Floats]

    def __len__(self) -> int:
        return len(self.quantities)

    @cached_property
    def weights(self) -> Weights:
        """The scheme's own weights, one weighting: (1, categories, nodes) for each tree."""
        own = Weights.of(self.scheme, np.array(self.categories, dtype=object))
        return Weights(own.sources[None], own.indicators[None])

    def weighting(self, scheme: Scheme) -> Weights:
        """Weights of another scheme with the same trees, as one weighting."""
        return replace(self, scheme=scheme).weights

    @cached_property
    def patterns(self) -> Patterns:
        """Who lacks the same and is of one category."""
        there = ~np.isnan(self.value).reshape(len(self.value), -1)
        codes = self.kind.astype(np.uint32)[:, None].view(np.uint8).reshape(len(there), -1)
        keys = np.ascontiguousarray(np.hstack([codes, np.packbits(there, axis=1)]))
        whole = keys.view([("", np.void, keys.shape[1])]).ravel()
        _, first, row = np.unique(whole, return_index=True, return_inverse=True)
        return Patterns(there[first].reshape(-1, *self.value.shape[1:]), self.kind[first], row.astype(np.intp))

    def reach_of_scores(self, ratees: pd.Index[str]) -> tuple[Floats, Floats]:
        """Lowest and highest cell of every ratee, between which his score lies whatever the weights; NaN for none."""
        flat = self.value.reshape(len(self.value), -1)
        ends = [np.where(np.isnan(flat), side, flat) for side in (np.inf, -np.inf)]
        low, high = ends[0].min(axis=1), ends[1].max(axis=1)
        rows = self.share.tocoo()
        lowest, highest = np.full(len(self), np.inf), np.full(len(self), -np.inf)
        np.minimum.at(lowest, rows.row, low[rows.col])
        np.maximum.at(highest, rows.row, high[rows.col])
        places = self.quantities.index.get_indexer(ratees)
        return tuple(np.where(np.isfinite(end), end, np.nan)[places] for end in (lowest, highest))  # type: ignore[return-value]

    @cached_property
    def solid(self) -> Floats:
        """Cells as a matrix (rows, leaf sources x leaf indicators), 0 where nothing was rated."""
        return np.nan_to_num(self.value).reshape(len(self.value), -1)


@dataclass(frozen=True)
class Patterns:
    """What was seen (patterns, leaf sources, leaf indicators), the category of each pattern, and each row's pattern."""

    seen: NDArray[np.bool_]
    kind: NDArray[np.intp]
    row: NDArray[np.intp]

    @property
    def members(self) -> list[NDArray[np.intp]]:
        """The rows of each pattern."""
        order = np.argsort(self.row, kind="stable")
        return np.split(order, np.searchsorted(self.row[order], np.arange(1, len(self.kind))))


class Composites(NamedTuple):
    """Scores of everybody under every weighting, (weightings, ratees).

    Attributes
    ----------
    score : ndarray
        0-100; NaN where the scheme gives none: nothing seen, less than `min_coverage`, or, by the rule `fail`, anything
        missing.
    coverage : ndarray
        Share (0-1) of the weight asked that was seen.
    """

    score: Floats
    coverage: Floats


def model(study: Study, scores: Scores, name: str = "") -> Model:
    """Lay a plain round out to be scored again.

    Parameters
    ----------
    study : Study
        The study.
    scores : Scores
        `score` of it.
    name : str
        The round; the newest plain one by default.

    Raises
    ------
    UsageError
        If there is no such round, or it combines others.
    """
    name = name or study.round
    plain = [turn for turn, scheme in study.schemes.items() if scheme.rounds[turn].combine is None]
    if name not in plain:
        raise UsageError(f"round: {name!r}, must be a plain round: {', '.join(plain)}")
    laid = lay_out(study, name)
    categories, kind = np.unique(laid.ratees["category"].astype(str), return_inverse=True)
    quantities = scores.rungs[name].quantities
    last = scores.rungs.get(before(study, name) or "")
    return Model(
        study=study,
        name=name,
        scheme=study.schemes[name],
        quantities=quantities,
        value=laid.value,
        categories=tuple(map(str, categories)),
        kind=kind.astype(np.intp),
        groups=laid.groups,
        share=_shares(laid.ratees, laid.value, quantities.index),
        reasons=scores.rungs[name].frames["reasons"],
        cuts_before={kind: cuts.held for kind, cuts in last.cuts.items()} if last else {},
    )


def _shares(ratees: pd.DataFrame, value: Floats, ids: pd.Index[str]) -> csr_array:
    """What every row counts for in whom: a member who was rated in any of his posts is rated in all of them."""
    place = np.arange(len(ratees))
    post = (ratees["kind"] == "post").to_numpy()
    rated = ~np.isnan(value).all(axis=(1, 2))
    holders = ratees["owner"][post & rated]
    by_post = ratees["owner"].isin(holders).to_numpy()
    counts = by_post == post  # a post of somebody rated in person counts for nobody
    owner = ids.get_indexer(pd.Index(ratees["owner"]))
    counts &= owner >= 0
    amount = np.where(post, ratees["share"].to_numpy(dtype=float), 1.0)
    return csr_array((amount[counts], (owner[counts], place[counts])), shape=(len(ids), len(ratees)))


def composites(
    model: Model, weights: Weights | None = None, *, source: str = "", indicator: str = "", value: Floats | None = None
) -> Composites:
    """Scores of everybody under many weightings.

    Parameters
    ----------
    model : Model
        The round.
    weights : Weights, optional
        Of both trees, each (weightings, categories, nodes), or with a first axis of 1 where one tree has the same in
        all; the scheme's own by default.
    source, indicator : str
        Score of a node of each tree; the composite by default.
    value : ndarray, optional
        Other cells than the model's (as when raters are redrawn): (rows, leaf sources, leaf indicators) under all
        weightings, or with a first axis of one for each weighting.

    Notes
    -----
    The same as `score` with the scheme reweighted, to the last digits (sums are taken in another order).
    """
    weights = model.weights if weights is None else weights
    weights = alike(weights)
    if value is not None:
        value = value[None] if value.ndim == model.value.ndim else value
        count = max(len(weights.sources), len(value))
        weights = Weights(*(np.broadcast_to(part, (count, *part.shape[1:])) for part in weights))
        value = np.broadcast_to(value, (count, *value.shape[1:]))
    target = (
        model.scheme.source_tree.position[source],
        model.scheme.indicator_tree.position[indicator] if indicator else 0,
    )
    if model.scheme.missing.rule == "adjusted":
        score, coverage = _filled(model, weights, target, value)
    elif value is not None:
        score, coverage = _of_cells(model, weights, target, value)
    else:
        score, coverage = _by_pattern(model, weights, target)
    score, coverage = _of_ratees(model, score, coverage)
    missing = model.scheme.missing
    if missing.rule == "fail":
        score = np.where(coverage < 1 - TOLERANCE, np.nan, score)
    if target == (0, 0):
        score = np.where(coverage < float(missing.min_coverage) - TOLERANCE, np.nan, score)
    return Composites(score, coverage)


def alike(weights: Weights) -> Weights:
    """Both trees with as many weightings."""
    count = max(len(weights.sources), len(weights.indicators))
    return Weights(*(np.broadcast_to(part, (count, *part.shape[1:])) for part in weights))


def reach(model: Model, weights: Weights, target: tuple[int, int] = (0, 0)) -> tuple[Floats, Floats]:
    """Weights of the leaf cells after renormalising (weightings, patterns, cells), and coverage by pattern."""
    weights, patterns = alike(weights), model.patterns
    count, size = len(weights.sources), len(patterns.kind)
    sources, indicators = (part[:, patterns.kind].reshape(count * size, -1) for part in weights)
    seen = np.where(patterns.seen, 1.0, np.nan)
    tiled = np.broadcast_to(seen, (count, *seen.shape)).reshape(count * size, *seen.shape[1:])
    climb = climb_trees(model.scheme, tiled, Weights(sources, indicators), groups=None)
    coverage = climb.at(climb.second.coverage, *target)
    return climb.reach(*target).reshape(count, size, -1), coverage.reshape(count, size)


def _by_pattern(model: Model, weights: Weights, target: tuple[int, int]) -> Composites:
    cells, covered = reach(model, weights, target)
    row, solid = model.patterns.row, model.solid
    score = np.empty((len(cells), len(row)))
    for pattern, mine in enumerate(model.patterns.members):
        score[:, mine] = cells[:, pattern] @ solid[mine].T
    nothing = (cells.sum(axis=2) == 0)[:, row]
    score[nothing] = np.nan
    return Composites(score, covered[:, row])


def _of_cells(model: Model, weights: Weights, target: tuple[int, int], value: Floats) -> Composites:
    """With other cells: who lacks what he lacked before has the weights of his pattern, the others climb themselves."""
    cells, covered = reach(model, weights, target)
    row = model.patterns.row
    there = ~np.isnan(value)
    solid = np.where(there, value, 0.0).reshape(*value.shape[:2], -1)
    score, coverage = np.empty(value.shape[:2]), covered[:, row]
    for pattern, mine in enumerate(model.patterns.members):
        score[:, mine] = (solid[:, mine] @ cells[:, pattern, :, None])[..., 0]
    score[(cells.sum(axis=2) == 0)[:, row]] = np.nan
    draw, other = np.nonzero((there != model.patterns.seen[row]).any(axis=(2, 3)))
    if len(draw):
        own = Weights(*(part[draw, model.kind[other]] for part in weights))
        climb = climb_trees(model.scheme, value[draw, other], own, groups=None)
        score[draw, other] = climb.at(climb.second.value, *target)
        coverage[draw, other] = climb.at(climb.second.coverage, *target)
    return Composites(score, coverage)


def _filled(model: Model, weights: Weights, target: tuple[int, int], value: Floats | None) -> Composites:
    """By the rule `adjusted` what is missing is learned from others, so everybody climbs, a weighting at a time."""
    found = []
    for place, (sources, indicators) in enumerate(zip(*weights, strict=True)):
        mine = Weights(sources[model.kind], indicators[model.kind])
        cells = model.value if value is None else value[place]
        climb = climb_trees(model.scheme, cells, mine, groups=model.groups)
        found.append([climb.at(part, *target) for part in (climb.second.value, climb.second.coverage)])
    score, coverage = np.array(found).swapaxes(0, 1)
    return Composites(score, coverage)


def _of_ratees(model: Model, score: Floats, coverage: Floats) -> Composites:
    """From rows to ratees: a holder of posts has the mean of those in which he has a score, by share."""
    share = model.share
    alone = np.diff(share.indptr) == 1
    single = np.flatnonzero(alone)
    result = Composites(*(np.full((len(score), len(model)), np.nan) for _ in "sc"))
    at = share.indices[share.indptr[single]]
    result.score[:, single], result.coverage[:, single] = score[:, at], coverage[:, at]
    for ratee in np.flatnonzero(~alone):
        rows = slice(share.indptr[ratee], share.indptr[ratee + 1])
        at, amount = share.indices[rows], share.data[rows]
        there = ~np.isnan(score[:, at]) * amount
        with np.errstate(invalid="ignore"):
            result.score[:, ratee] = (np.nan_to_num(score[:, at]) * there).sum(axis=1) / there.sum(axis=1)
            result.coverage[:, ratee] = (coverage[:, at] * there).sum(axis=1) / amount.sum()
    return result

"""From a tally to scores: means of means, for every ratee, source and indicator, with interval and coverage.

A score is a weighted mean of cells (ratee x source x indicator). Two trees are climbed, the indicators' and the
sources', in the order that the scheme states; a tick on an inner indicator stands for every indicator below it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import pandas as pd

from toolkit.scoring import combine, units
from toolkit.scoring.cells import Cells, cells
from toolkit.scoring.intervals import Spread, correlate, interval, moderate, pool
from toolkit.scoring.ranks import TOLERANCE
from toolkit.scoring.ratees import list_ratees, unseen_share
from toolkit.scoring.residuals import locate, residuals
from toolkit.scoring.rollup import roll_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from toolkit.scheme import Scheme
    from toolkit.scoring.rollup import Means, Missing
    from toolkit.scoring.tally import Products
    from toolkit.study import Study

T = TypeVar("T", np.float64, np.bool_)

PART = 4096
"""Ratees whose covariance matrices are held at a time."""
VALUES = ["score", "low", "high", "n", "coverage"]
COLUMNS = ["round", "ratee_id", "source", "indicator", *VALUES]


def evaluate(study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of every ratee and means of every unit, in every round of a study.

    Returns
    -------
    table, units : DataFrame
        See `Scores`.

    Notes
    -----
    Missing data: see `roll_up` and the scheme's `missing`; a composite whose coverage lies below `min_coverage` is
    null and its status says so. A member with posts has the mean of his posts' scores by share, a combined round the
    mean of its rounds by weight; of both, the ends of the intervals are averaged like the scores, which is a bound,
    since the same raters may stand behind every part. In every round a unit has the mean of its members' scores.
    """
    tables, by_unit = {}, {}
    for name, scheme in study.schemes.items():
        if scheme.rounds[name].combine is None:
            tables[name], by_unit[name] = _round(study, name, scheme)
    for name, scheme in study.schemes.items():
        parts = scheme.rounds[name].combine
        if parts:
            weights = {part: float(weight / sum(parts.values())) for part, weight in parts.items()}
            tables[name] = combine.rounds(tables, weights, name, "ratee_id", scheme)
            groups = units.groups(study, list_ratees(study, name), tables[name])
            by_round = combine.rounds(by_unit, weights, name, "unit_id", scheme)
            by_unit[name] = units.combined(name, groups, tables[name], by_round)
    order = [name for name in study.schemes if name in tables]
    table = pd.concat([tables[name] for name in order], ignore_index=True)
    return table[COLUMNS], pd.concat([by_unit[name] for name in order], ignore_index=True)


def effective_weights(scheme: Scheme, category: str | None = None) -> pd.DataFrame:
    """Weight of every leaf source and leaf indicator in the composite of a ratee of whom nothing is missing.

    Returns
    -------
    DataFrame
        Leaf sources x leaf indicators, shares that sum to 1.
    """
    weights = Weights.of(scheme, np.array([category], dtype=object))
    asked = scheme.asked
    ladder = climb_trees(scheme, np.where(asked, 1.0, np.nan)[None], weights, groups=None)
    reach = ladder.reach(0, 0)[0]
    sources, indicators = scheme.source_tree, scheme.indicator_tree
    return pd.DataFrame(
        reach,
        index=[sources.names[leaf] for leaf in sources.leaves],
        columns=[indicators.names[leaf] for leaf in indicators.leaves],
    )


def reach_of(scheme: Scheme, rows: pd.DataFrame, category: str) -> pd.DataFrame:
    """Score of every leaf cell of one ratee, and its weight in the composite.

    Parameters
    ----------
    scheme : Scheme
        The round's scheme.
    rows : DataFrame
        The ratee's rows of `Scores.table` in the round.
    category : str
        His category.

    Returns
    -------
    DataFrame
        `source, indicator` (leaves), `score` (0-100, NaN where nothing was seen), `weight` (0 there).
    """
    sources = [scheme.source_tree.names[leaf] for leaf in scheme.source_tree.leaves]
    tree = scheme.indicator_tree
    keys = zip(rows["source"].astype(str), rows["indicator"].astype(str), strict=True)
    found = dict(zip(keys, rows[["score", "coverage"]].to_numpy(dtype=float), strict=True))
    value = np.full((1, len(sources), len(tree.leaves)), np.nan)
    for row, source in enumerate(sources):
        for column, leaf in enumerate(tree.leaves):
            line = [(source, tree.names[node] if node else "") for node in tree.path(int(leaf))]
            place, key = next((step for step in enumerate(line) if step[1] in found), (0, ("", "")))
            score, coverage = found.get(key, (np.nan, 0.0))
            # an indicator above the leaf says something of it where it was ticked, not where its other items were rated
            value[0, row, column] = score if place == 0 or coverage > 1 - TOLERANCE else np.nan
    value[:, ~scheme.asked] = np.nan
    ladder = climb_trees(scheme, value, Weights.of(scheme, np.array([category], dtype=object)), groups=None)
    cells = pd.MultiIndex.from_product([sources, [tree.names[leaf] for leaf in tree.leaves]])
    made = pd.DataFrame(
        {"score": value.ravel(), "weight": ladder.reach(0, 0).ravel()}, cells.set_names(["source", "indicator"])
    )
    return made.reset_index()


class Weights(NamedTuple):
    """Weights (ratees, nodes) of the source tree and of the indicator tree."""

    sources: NDArray[np.float64]
    indicators: NDArray[np.float64]

    @classmethod
    def of(cls, scheme: Scheme, categories: NDArray[np.object_]) -> Weights:
        """The weights by which a scheme weighs ratees of these categories."""
        known, codes = np.unique(categories.astype(str), return_inverse=True)
        by_source = [scheme.source_weights(name) for name in known]
        by_indicator = [scheme.indicator_weights(name) for name in known]
        sources = [[float(part.get(name, 1)) for name in scheme.source_tree.names] for part in by_source]
        indicators = [[float(part.get(name, 1)) for name in scheme.indicator_tree.names] for part in by_indicator]
        return cls(np.array(sources)[codes], np.array(indicators)[codes])


@dataclass(frozen=True)
class Climb:
    """Both climbs of some ratees; `second` has an axis for the nodes of the tree that was climbed first."""

    scheme: Scheme
    first: Means
    second: Means

    def at(self, array: NDArray[T], source: int, indicator: int) -> NDArray[T]:
        """The part of an array of `second` for one node of each tree."""
        return array[:, indicator, source] if self.scheme.first == "indicator" else array[:, source, indicator]

    def reach(self, source: int, indicator: int) -> NDArray[np.float64]:
        """Weights (ratees, leaf sources, leaf indicators) of the cells in the score of a source and an indicator."""
        sources, indicators = self.scheme.source_tree, self.scheme.indicator_tree
        if self.scheme.first == "indicator":
            outer = self.second.reach(sources, source)[:, indicator]  # ratees, leaf sources
            return outer[:, :, None] * self.first.reach(indicators, indicator)
        outer = self.second.reach(indicators, indicator)[:, source]  # ratees, leaf indicators
        return outer[:, None, :] * np.swapaxes(self.first.reach(sources, source), 1, 2)


def climb_trees(
    scheme: Scheme, value: NDArray[np.float64], weights: Weights, *, groups: NDArray[np.intp] | None
) -> Climb:
    """Climb both trees from cells (ratees, leaf sources, leaf indicators)."""
    rule = scheme.missing.rule
    # what a source lacks of its own indicators is renormalised; the adjusted rule is about missing sources
    own_rule: Missing = "renormalise" if rule == "adjusted" else rule
    by_indicator = partial(roll_up, scheme.indicator_tree, weights=weights.indicators[:, None], rule=own_rule)
    by_source = partial(roll_up, scheme.source_tree, weights=weights.sources[:, None], rule=rule, groups=groups)
    if scheme.first == "indicator":
        climbs, asked = (by_indicator, by_source), scheme.asked
    else:
        climbs, asked, value = (by_source, by_indicator), scheme.asked.T, np.swapaxes(value, 1, 2)
    first = climbs[0](value, np.where(np.isnan(value), 0.0, 1.0), asked)
    second = climbs[1](first.value.swapaxes(1, 2), first.coverage.swapaxes(1, 2), first.asked.swapaxes(1, 2))
    return Climb(scheme, first, second)


class _Round(NamedTuple):
    """What scoring one round needs, as arrays whose first axis is the ratee."""

    scheme: Scheme
    ratees: pd.DataFrame
    cells: Cells
    ladder: Climb
    node: NDArray[np.intp]  # (ratees, leaf sources, leaf indicators): the indicator whose tick stands for the leaf
    targets: list[tuple[int, int]]
    unseen: NDArray[np.float64]  # (ratees, leaf sources, nodes): share of the eligible raters who did not rate


class Laid(NamedTuple):
    """One round laid out to be climbed; every array begins with the axis of `ratees`.

    Attributes
    ----------
    ratees : DataFrame
        `list_ratees`: also posts, and members who are rated in their posts.
    cells : Cells
        Means of what was rated.
    value : ndarray (ratees, leaf sources, leaf indicators)
        Points (0-100) of every leaf cell, NaN where nothing was rated; a tick above a leaf stands for it.
    node : ndarray (ratees, leaf sources, leaf indicators)
        The indicator whose tick stands for the leaf.
    weights : Weights
        Of both trees.
    groups : ndarray (ratees,)
        The unit whose raters rate, for the rule `adjusted`.
    """

    ratees: pd.DataFrame
    cells: Cells
    value: NDArray[np.float64]
    node: NDArray[np.intp]
    weights: Weights
    groups: NDArray[np.intp]

    def of(self, kept: NDArray[np.bool_]) -> Laid:
        """The same for some of the ratees."""
        cells = Cells(*(array[kept] for array in vars(self.cells).values()))
        weights = Weights(*(array[kept] for array in self.weights))
        ratees = self.ratees[kept].reset_index(drop=True)
        return Laid(ratees, cells, self.value[kept], self.node[kept], weights, self.groups[kept])


def lay_out(study: Study, name: str) -> Laid:
    """Lay a plain round out: who is rated, what of, and by which weights."""
    scheme = study.schemes[name]
    ratees = list_ratees(study, name)
    counts = study.tally.counts[study.tally.counts["round"] == name]
    means = cells(counts, scheme, pd.Index(ratees["ratee_id"]))
    value, node = stand_in(scheme, means.mean)
    weights = Weights.of(scheme, ratees["category"].to_numpy(dtype=object))
    return Laid(ratees, means, value, node, weights, pd.factorize(ratees["where"])[0].astype(np.intp))


def compositions(scheme: Scheme, laid: Laid) -> Iterator[tuple[tuple[str, str], NDArray[np.float64]]]:
    """What the scores of one round are made of, whatever was answered.

    Yields
    ------
    (source, indicator), reach
        A target (blank: all of them) and an array (ratees, leaf sources, indicator nodes) of weights: the score of a
        ratee is the sum of weight x mean over the cells that were rated; all 0 where there is no score. Under the rule
        `adjusted` what was filled in is not in it, as if it had been renormalised.
    """
    ladder = climb_trees(scheme, laid.value, laid.weights, groups=laid.groups)
    targets = _targets(scheme, laid.cells)
    sources, indicators = ("", *scheme.source_tree.names[1:]), ("", *scheme.indicator_tree.names[1:])
    keys = [(sources[source], indicators[indicator]) for source, indicator in targets]
    yield from zip(keys, _reaches(scheme, ladder, laid.node, targets), strict=True)


def _round(study: Study, name: str, scheme: Scheme) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Table and units of one round."""
    laid = lay_out(study, name)
    ladder = climb_trees(scheme, laid.value, laid.weights, groups=laid.groups)
    unseen = unseen_share(study, name, scheme, laid.ratees, laid.cells.n)
    turn = _Round(scheme, laid.ratees, laid.cells, ladder, laid.node, _targets(scheme, laid.cells), unseen)
    spreads = _spreads(turn, study.tally.ratees, name)
    table = combine.posts(_long(turn, _values(turn, spreads), name), laid.ratees, scheme)
    table = combine.judged(table, scheme)
    return table, _unit_means(study, name, turn, table)


def stand_in(scheme: Scheme, mean: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Value of every leaf indicator, and the node that was rated: the leaf itself or the nearest above it."""
    tree = scheme.indicator_tree
    shape = (*mean.shape[:2], len(tree.leaves))
    value, node = np.full(shape, np.nan), np.zeros(shape, dtype=np.intp)
    for place, leaf in enumerate(tree.leaves):
        for step in reversed(tree.path(int(leaf))):
            rated = ~np.isnan(mean[..., step])
            value[..., place] = np.where(rated, mean[..., step], value[..., place])
            node[..., place] = np.where(rated, step, node[..., place])
    value[:, ~scheme.asked] = np.nan
    return value, node


def _targets(scheme: Scheme, means: Cells) -> list[tuple[int, int]]:
    """Pairs of a source node and an indicator node to be scored: all that was asked, but not below a tick."""
    sources, indicators = scheme.source_tree, scheme.indicator_tree
    ticked = np.any(means.n > 0, axis=0)  # leaf sources, indicator nodes
    at_or_below = np.array(
        [[node in indicators.path(other) for other in range(len(indicators))] for node in range(len(indicators))]
    )
    rated, stood_for = ticked @ at_or_below.T, ticked @ at_or_below
    asked = scheme.asked @ indicators.below.T & (rated | ~stood_for)
    return [
        (source, indicator)
        for source in range(len(sources))
        for indicator in range(len(indicators))
        if indicator == 0 or asked[sources.below[source], indicator].any()
    ]


def _reaches(
    scheme: Scheme, ladder: Climb, node: NDArray[np.intp], targets: Iterable[tuple[int, int]]
) -> Iterator[NDArray[np.float64]]:
    """Weights (ratees, leaf sources, indicator nodes) of the rated cells in every target, one target at a time."""
    tree = scheme.indicator_tree
    inner = np.setdiff1d(node, tree.leaves)
    for target in targets:
        leaf = ladder.reach(*target)
        reach = np.zeros((*leaf.shape[:2], len(tree)))
        reach[..., tree.leaves] = np.where(node == tree.leaves, leaf, 0.0)
        for inside in inner:
            reach[..., inside] = np.where(node == inside, leaf, 0.0).sum(axis=-1)
        yield reach


def _spreads(turn: _Round, products: Products, name: str) -> list[Spread]:
    """How cells vary, in parts of the ratees."""
    spreads = []
    lookup = locate(products, name, turn.ratees["ratee_id"], list(turn.scheme.leaf_sources))
    for start in range(0, len(turn.ratees), PART):
        part = slice(start, start + PART)
        means = turn.cells
        residual, _, _ = residuals(products, lookup[part], turn.scheme.indicator_tree)
        one = means.se[part] * np.sqrt(means.base[part])
        correlation = correlate(residual, np.nan_to_num(one) ** 2 * means.ballot[part])
        covariance = correlation * one[..., :, None] * one[..., None, :]
        base = np.where(np.isnan(means.mean[part]), 0.0, means.base[part])
        spreads.append(Spread(covariance, base, turn.unseen[part]))
    return spreads


def _values(turn: _Round, spreads: list[Spread]) -> dict[str, NDArray[np.float64]]:
    """Score, ends of the interval, n and coverage, each (ratees, targets)."""
    prior = pool(spreads)
    moderated = [moderate(spread, prior) for spread in spreads]
    second = turn.ladder.second
    result = {name: np.full((len(turn.ratees), len(turn.targets)), np.nan) for name in VALUES}
    n = np.where(np.isnan(turn.cells.mean), np.inf, turn.cells.n)
    for place, (target, reach) in enumerate(
        zip(turn.targets, _reaches(turn.scheme, turn.ladder, turn.node, turn.targets), strict=True)
    ):
        value = turn.ladder.at(second.value, *target)
        result["score"][:, place] = value
        asked = turn.ladder.at(second.asked, *target)
        result["coverage"][:, place] = np.where(asked, turn.ladder.at(second.coverage, *target), np.nan)
        least = np.where(reach > 0, n, np.inf).min(axis=(1, 2))
        result["n"][:, place] = np.where(np.isfinite(least), least, 0)
        for number, part in enumerate(moderated):
            rows = slice(number * PART, number * PART + PART)
            low, high = interval(value[rows], reach[rows], part)
            result["low"][rows, place], result["high"][rows, place] = low, high
    return result


def _long(turn: _Round, found: dict[str, NDArray[np.float64]], name: str) -> pd.DataFrame:
    """One row for each ratee and target that was asked."""
    sources, indicators = ("", *turn.scheme.source_tree.names[1:]), ("", *turn.scheme.indicator_tree.names[1:])
    keep = ~np.isnan(found["coverage"])
    row, column = np.nonzero(keep)
    source, indicator = np.array(turn.targets)[column].T
    keys: dict[str, tuple[NDArray[np.intp], Iterable[str]]] = {
        "round": (np.zeros_like(row), [name]),
        "ratee_id": (row, turn.ratees["ratee_id"]),
    }
    keys |= {"source": (source, sources), "indicator": (indicator, indicators)}
    columns = {key: pd.Categorical.from_codes(codes, pd.Index(list(names))) for key, (codes, names) in keys.items()}
    return pd.DataFrame({**columns, **{key: array[keep] for key, array in found.items()}})


def _unit_means(study: Study, name: str, turn: _Round, table: pd.DataFrame) -> pd.DataFrame:
    """Means and intervals of every unit in one round."""
    groups = units.groups(study, turn.ratees, table)
    spread = units.spread(groups, turn.cells, turn.unseen, study.tally.units, name=name, scheme=turn.scheme)
    sources, indicators = ("", *turn.scheme.source_tree.names[1:]), ("", *turn.scheme.indicator_tree.names[1:])
    labels = [(sources[source], indicators[indicator]) for source, indicator in turn.targets]
    return units.means(
        name,
        groups,
        spread,
        table,
        zip(labels, _reaches(turn.scheme, turn.ladder, turn.node, turn.targets), strict=True),
    )

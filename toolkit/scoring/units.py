"""Means of units over the members of their subtrees, with intervals that know that one rater rates many members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from toolkit.scoring.intervals import Pool, Spread, correlate, interval, shrink
from toolkit.scoring.residuals import locate, residuals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from toolkit.scheme import Scheme
    from toolkit.scoring.cells import Cells
    from toolkit.scoring.tally import Products
    from toolkit.study import Study


@dataclass(frozen=True)
class Groups:
    """Which ratees count to which unit.

    Attributes
    ----------
    ids : Series
        Units, in the study's order.
    rows : sparse array (units, ratees)
        What each row of the ratees adds to the sum of a unit: 1 for a member, the share for a post.
    scored : DataFrame
        `ratee_id, unit_id`: the scored, non-exempt members of each unit's subtree.
    """

    ids: pd.Series
    rows: csr_array
    scored: pd.DataFrame

    def add(self, array: NDArray[np.float64] | NDArray[np.bool_]) -> NDArray[np.float64]:
        """Sum an array (ratees, ...) over the members of every unit."""
        flat = self.rows @ array.reshape(len(array), -1).astype(float)
        return np.asarray(flat.reshape(len(self.ids), *array.shape[1:]))

    def most(self, array: NDArray[np.float64]) -> NDArray[np.float64]:
        """Largest value of an array (ratees, ...) among the members of every unit."""
        pairs = self.rows.tocoo()
        result = np.zeros((len(self.ids), *array.shape[1:]))
        np.maximum.at(result, pairs.row, array[pairs.col])
        return result


def groups(study: Study, ratees: pd.DataFrame, table: pd.DataFrame) -> Groups:
    """The scored, non-exempt members of every unit and of the units below it."""
    composite = table[(table["source"] == "") & (table["indicator"] == "") & table["score"].notna()]
    scored = ratees["owner"].isin(composite["ratee_id"].astype(str)) & ~ratees["exempt"] & (ratees["kind"] != "unit")
    rows = ratees[scored].reset_index(names="row").merge(study.ancestors, left_on="owner", right_on="ratee_id")
    # a holder of posts is rated by his posts; his own row holds no cell of its own
    total = rows[rows["kind"] == "post"].groupby(["owner", "unit_id_y"])["share"].transform("sum")
    amount = rows["share"].where(rows["kind"] != "post", rows["share"] / total)
    ids = study.units["unit_id"]
    place = pd.Index(ids).get_indexer(rows["unit_id_y"])
    matrix = csr_array((amount.to_numpy(dtype=float), (place, rows["row"].to_numpy())), shape=(len(ids), len(ratees)))
    people = rows[rows["kind"] == "member"][["owner", "unit_id_y"]].set_axis(["ratee_id", "unit_id"], axis=1)
    return Groups(ids, matrix, people)


def spread(  # noqa: PLR0913
    groups: Groups,
    cells: Cells,
    unseen: NDArray[np.float64],
    products: Products,
    name: str,
    scheme: Scheme,
) -> Spread:
    """How the mean of a unit's cells varies over raters.

    Notes
    -----
    A rater's points are summed over the members whom he rated, so that his leniency counts once. Where raters rate
    different members the differences between members stay in the spread, which makes it a little too wide, never too
    narrow. Trimming is not repeated. For ballots it is unknown who rated whom: the standard errors of the members add,
    a bound. What is a census of every member is a census of the unit.
    """
    lookup = locate(products, name, groups.ids, list(scheme.leaf_sources))
    residual, weight = residuals(products, lookup, scheme.indicator_tree)
    seen = ~np.isnan(cells.mean)
    held = groups.add(seen)
    raters = np.where(lookup >= 0, np.append(products.keys["raters"].to_numpy(), 0)[lookup], 0)[..., None] * (weight > 0)
    ballots = (groups.add(cells.ballot > 0) > 0).any(axis=-1)[..., None]
    base = np.where(ballots, groups.most(np.where(seen, cells.n, 0.0)), raters).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = groups.add(np.nan_to_num(cells.mean)) / held
        share = np.nan_to_num(groups.add(unseen * seen) / held, nan=1.0)
        bound = groups.add(np.nan_to_num(cells.se)) / held
        own = np.diagonal(residual, axis1=-2, axis2=-1) / weight**2
        se = np.where(ballots, bound, np.sqrt(own * base / (base - 1)))
        one = np.where(base > 1, se * np.sqrt(base), np.nan)
    correlation = correlate(np.where(ballots[..., None], 0.0, residual), np.where(ballots, np.nan_to_num(bound) ** 2, 0.0))
    covariance = correlation * one[..., :, None] * one[..., None, :]
    return Spread(mean, covariance, base, share)


def means(
    name: str,
    groups: Groups,
    spread: Spread,
    table: pd.DataFrame,
    reaches: Iterable[tuple[tuple[str, str], NDArray[np.float64]]],
) -> pd.DataFrame:
    """Mean and interval of every unit for every target.

    Parameters
    ----------
    name : str
        The round.
    groups : Groups
        Who counts to which unit.
    spread : Spread
        How the units' cells vary.
    table : DataFrame
        Scores of the ratees in the round.
    reaches : iterable of ((source, indicator), ndarray)
        For every target the weights (ratees, leaf sources, nodes) of the cells in a ratee's score.
    """
    pool = Pool(*spread.mean.shape[1:])
    pool.add(spread)
    shrunk = shrink(spread, pool.prior())
    averages = _averages(groups, table)
    parts = []
    for (source, indicator), reach in reaches:
        part = averages.loc[(averages["source"] == source) & (averages["indicator"] == indicator)]
        part = part.set_index("unit_id").reindex(groups.ids)
        with np.errstate(invalid="ignore", divide="ignore"):
            weights = np.nan_to_num(groups.add(reach) / part["members"].to_numpy()[:, None, None])
        low, high = interval(part["score"].to_numpy(), weights, shrunk)
        raters = np.where(weights > 0, spread.base, np.inf).min(axis=(1, 2))
        part = part.assign(low=low, high=high, raters=np.where(np.isfinite(raters), raters, 0))
        parts.append(part.assign(round=name, source=source, indicator=indicator).reset_index())
    columns = ["round", "unit_id", "source", "indicator", "score", "low", "high", "n", "coverage", "members", "raters"]
    found = pd.concat(parts, ignore_index=True)[columns]
    found = found[found["coverage"].notna()].astype({"unit_id": pd.CategoricalDtype(groups.ids)})
    return found.sort_values("unit_id", kind="stable", ignore_index=True).astype({"unit_id": str})


def _averages(groups: Groups, table: pd.DataFrame) -> pd.DataFrame:
    """Plain means over the members; n is the smallest, coverage the mean of everybody who was asked."""
    rows = table.astype({"ratee_id": str, "source": str, "indicator": str}).merge(groups.scored, on="ratee_id")
    keys = rows.groupby(["unit_id", "source", "indicator"], sort=False)
    found = keys.agg(score=("score", "mean"), coverage=("coverage", "mean"), members=("score", "count"))
    least = rows[rows["score"].notna()].groupby(["unit_id", "source", "indicator"], sort=False)["n"].min()
    return found.join(least.rename("n")).fillna({"n": 0}).reset_index()

"""Means of units over the members of their subtrees, with intervals that know that one rater rates many members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from toolkit.scoring.intervals import Spread, interval, moderate, pool
from toolkit.scoring.residuals import locate, residuals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from toolkit.scheme import Scheme
    from toolkit.scoring.cells import Cells
    from toolkit.scoring.tally import Products
    from toolkit.study import Study

KEYS = ["unit_id", "source", "indicator"]
COLUMNS = ["round", *KEYS, "score", "low", "high", "n", "coverage", "members", "raters"]


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
    composite = table[(table["source"] == "") & (table["indicator"] == "")]
    scored = ratees["owner"].isin(composite.loc[composite["score"].notna(), "ratee_id"])
    # a holder of posts is rated by those posts that anybody rated
    rated = (ratees["kind"] == "member") | ratees["ratee_id"].isin(composite.loc[composite["coverage"] > 0, "ratee_id"])
    held = ratees[scored & rated & ~ratees["exempt"] & (ratees["kind"] != "unit")].reset_index(names="row")
    held["amount"] = held["share"] / held.groupby(["owner", "kind"])["share"].transform("sum")
    above = study.ancestors.rename(columns={"ratee_id": "owner", "unit_id": "above"})
    rows = held.merge(above, on="owner")
    ids = pd.Series([*study.units["unit_id"], *([] if study.top else [""])], name="unit_id", dtype=str)
    place = pd.Index(ids).get_indexer(pd.Index(rows["above"]))
    matrix = csr_array(
        (rows["amount"].to_numpy(dtype=float), (place, rows["row"].to_numpy())), shape=(len(ids), len(ratees))
    )
    people = rows[rows["kind"] == "member"][["owner", "above"]].set_axis(["ratee_id", "unit_id"], axis=1)
    return Groups(ids, matrix, people)


def spread(
    groups: Groups,
    cells: Cells,
    unseen: NDArray[np.float64],
    products: Products,
    *,
    name: str,
    scheme: Scheme,
) -> Spread:
    """How the mean of a unit's cells varies over raters.

    Notes
    -----
    A rater counts once: what he moved the means of all the members whom he rated is summed. For ballots it is unknown
    who rated whom: the standard errors of the members add, a bound. A member with a single rater shows no spread and is
    taken to have that of the others. Trimming is not repeated. A census of every member is a census of the unit.
    """
    lookup = locate(products, name, groups.ids, list(scheme.leaf_sources))
    residual, weight, raters = residuals(products, lookup, scheme.indicator_tree)
    seen = ~np.isnan(cells.mean)
    known = seen & (cells.base > 1)
    ballot = known & (cells.ballot > 0)
    base = raters + groups.most(np.where(seen, cells.ballot, 0.0))
    root = np.sqrt(base)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.nan_to_num(groups.add(unseen * seen) / groups.add(seen), nan=1.0)
        paper = np.nan_to_num(groups.add(ballot) / groups.add(known))
        bound = np.nan_to_num(groups.add(np.where(ballot, cells.se, 0.0)) / groups.add(known)) * root
        single = np.nan_to_num((1 - paper) / weight, posinf=0.0) * root
    covariance = residual * single[..., :, None] * single[..., None, :] + bound[..., :, None] * bound[..., None, :]
    lone = (base <= 1) | (groups.add(known) == 0)
    return Spread(np.where(lone[..., :, None] | lone[..., None, :], np.nan, covariance), base, share)


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
    moderated = moderate(spread, pool([spread]))
    averages = _averages(groups, table)
    parts = []
    for (source, indicator), reach in reaches:
        part = averages.loc[(averages["source"] == source) & (averages["indicator"] == indicator)]
        part = part.set_index("unit_id").reindex(groups.ids)
        with np.errstate(invalid="ignore", divide="ignore"):
            weights = np.nan_to_num(groups.add(reach) / part["members"].to_numpy()[:, None, None])
        low, high = interval(part["score"].to_numpy(), weights, moderated)
        raters = np.where(weights > 0, spread.base, np.inf).min(axis=(1, 2))
        part = part.assign(low=low, high=high, raters=np.where(np.isfinite(raters), raters, 0))
        parts.append(part.assign(round=name, source=source, indicator=indicator).reset_index())
    found = pd.concat(parts, ignore_index=True)
    return _in_order(found[found["coverage"].notna()], groups)


def combined(name: str, groups: Groups, table: pd.DataFrame, by_round: pd.DataFrame) -> pd.DataFrame:
    """Mean and interval of every unit in a combined round.

    Parameters
    ----------
    name : str
        The combined round.
    groups : Groups
        Who counts to which unit in it.
    table : DataFrame
        Scores of the ratees in it.
    by_round : DataFrame
        Means over the rounds of the units' own scores and ends, and `raters`, the fewest of any round.

    Notes
    -----
    The mean of the members is not that of the rounds where not all were scored in every round. The interval is as wide
    as those of the rounds on average, a bound; the longer side is taken, for the other may end at 0 or 100.
    """
    ends = by_round[[*KEYS, "raters"]].assign(
        half=np.maximum(by_round["score"] - by_round["low"], by_round["high"] - by_round["score"])
    )
    found = _averages(groups, table).merge(ends, on=KEYS, how="left").fillna({"raters": 0})
    low, high = ((found["score"] + side * found["half"]).clip(0, 100) for side in (-1, 1))
    return _in_order(found.assign(round=name, low=low, high=high), groups)


def _averages(groups: Groups, table: pd.DataFrame) -> pd.DataFrame:
    """Plain means over the members; n is the smallest, coverage the mean of everybody who was asked."""
    coded = table.astype(dict.fromkeys(["ratee_id", "source", "indicator"], "category"))
    coded["n"] = coded["n"].where(coded["score"].notna())
    members = groups.scored.astype({"ratee_id": coded["ratee_id"].dtype, "unit_id": "category"})
    keys = coded.merge(members, on="ratee_id").groupby(KEYS, observed=True, sort=False)
    found = keys.agg(score=("score", "mean"), n=("n", "min"), coverage=("coverage", "mean"), members=("score", "count"))
    return found.fillna({"n": 0}).reset_index().astype(dict.fromkeys(KEYS, str))


def _in_order(found: pd.DataFrame, groups: Groups) -> pd.DataFrame:
    """The contract's columns, units in the study's order."""
    found = found[COLUMNS].astype({"unit_id": pd.CategoricalDtype(groups.ids)})
    return found.sort_values("unit_id", kind="stable", ignore_index=True).astype({"unit_id": str})

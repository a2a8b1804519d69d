"""Weights that suit each unit best: data envelopment with one input, the benefit of the doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from toolkit.faults import UsageError
from toolkit.scoring.ranks import TOLERANCE
from toolkit.weighting.columns import read_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.weighting.columns import Table

    Floats = NDArray[np.float64]


class BenefitOfDoubt(NamedTuple):
    """What each unit scores under the weights that suit it best.

    Attributes
    ----------
    scores : Series (units,)
        0-1; 1 where no unit does better under the weights of this one.
    by_unit : DataFrame (units, columns)
        Its weights, per unit of the column; where several are as good, one of them.
    shares : DataFrame (units, columns)
        What each column contributes to the score; sums to 1.
    weights : Series (columns,)
        Mean over the units of their weights, each scaled to sum to 1; sums to 1. It means something where the columns
        are on one scale.
    """

    scores: pd.Series[float]
    by_unit: pd.DataFrame
    shares: pd.DataFrame
    weights: pd.Series[float]


def benefit_of_doubt(data: Table, *, low: float = 0, high: float = 1) -> BenefitOfDoubt:
    """Score every unit by the weights that are best for it.

    Parameters
    ----------
    data : DataFrame or array (units, columns)
        More is better; no value below 0, and no unit with nothing but 0.
    low, high : float
        What each column must and may contribute to a unit's score, as a share of it (0-1).

    Returns
    -------
    BenefitOfDoubt
        Scores, weights by unit, shares, and the mean weights.

    Raises
    ------
    UsageError
        If a value is missing or negative, a unit has nothing but 0, the bounds of shares cannot be met, or a unit has
        0 where something must be contributed.

    Notes
    -----
    For each unit the linear programme: greatest sum_k w_k y_k with w >= 0 and no unit above 1. A constant column above
    0 gives everybody a score of 1 unless `high` is below 1; a column of 0 weighs 0.

    References
    ----------
    Cherchye, Moesen, Rogge & Van Puyenbroeck (2007), Social Indicators Research 82:111-145,
    doi:10.1007/s11205-006-9029-7.
    """
    table = read_table(data, "benefit_of_doubt", least=0)
    _check(table, low, high)
    values = table.to_numpy()
    scale = values.max(axis=0)
    unit = values / np.where(scale > 0, scale, 1)  # the solver works on one scale, whatever the columns have
    found = np.array([_best(unit, row, low, high) for row in range(len(unit))]) / np.where(scale > 0, scale, 1)
    parts = found * values
    scores = parts.sum(axis=1)
    by_unit = pd.DataFrame(found, table.index, table.columns)
    mean = (found / found.sum(axis=1, keepdims=True)).mean(axis=0)
    return BenefitOfDoubt(
        pd.Series(scores, table.index, name="score"),
        by_unit,
        pd.DataFrame(parts / scores[:, None], table.index, table.columns),
        pd.Series(mean, table.columns, name="weight"),
    )


def _check(table: pd.DataFrame, low: float, high: float) -> None:
    count = table.shape[1]
    if not 0 <= low * count <= 1:
        raise UsageError(f"benefit_of_doubt: low is {low:g}, must be from 0 to {1 / count:.4g} for {count} columns")
    if not 1 / count - TOLERANCE <= high <= 1:
        raise UsageError(f"benefit_of_doubt: high is {high:g}, must be from {1 / count:.4g} to 1 for {count} columns")
    for name, total in table.sum(axis=1).items():
        if total == 0:
            raise UsageError(f"benefit_of_doubt: row {name!r} sums to 0, must be above 0")
    nothing = np.argwhere(table.to_numpy() == 0)
    there = (table > 0).sum(axis=1)
    for row, column in nothing:
        place = f"{table.columns[column]!r} of row {table.index[row]!r} is 0"
        if low > 0:
            raise UsageError(f"benefit_of_doubt: {place}, must be above 0 to contribute a share of at least {low:g}")
        if there.iloc[row] * high < 1 - TOLERANCE:
            raise UsageError(f"benefit_of_doubt: {place}; the other columns cannot contribute more than {high:g} each")


def _best(values: Floats, row: int, low: float, high: float) -> Floats:
    """The weights that give a unit its greatest score."""
    count = values.shape[1]
    own = values[row]
    limits, bounds = [values], [np.ones(len(values))]
    for share, sign in ((low, -1), (high, 1)):
        if 0 < share < 1:
            limits.append(sign * (np.diag(own) - share * np.tile(own, (count, 1))))
            bounds.append(np.zeros(count))
    top = [(0, None) if seen else (0, 0) for seen in values.max(axis=0)]
    result = linprog(-own, A_ub=np.vstack(limits), b_ub=np.concatenate(bounds), bounds=top, method="highs")
    if result.status != 0:
        raise UsageError(f"benefit_of_doubt: row number {row + 1} has no weights within the bounds: {result.message}")
    return np.asarray(result.x, dtype=float)

"""What methods are handed: a table of finite numbers, a weight for each column, and which way a column is good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.faults import UsageError, one_of
from toolkit.scoring.ranks import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Table = pd.DataFrame | Floats | Sequence[Sequence[float]]
    ByColumn = Mapping[str, float] | pd.Series[float] | Floats | Sequence[float]

BENEFIT, COST = 1, -1


def read_table(data: Table, what: str, *, least: float | None = None, rows: int = 1) -> pd.DataFrame:
    """A table as floats; every method refuses what is missing.

    Parameters
    ----------
    data : DataFrame or array (rows, columns)
        Numbers.
    what : str
        Name of the method, for messages.
    least : float, optional
        The least that a value may be.
    rows : int
        How many rows there must be.

    Raises
    ------
    UsageError
        If there are too few rows or no column, or the first cell that is no finite number or below `least`.
    """
    try:
        table = pd.DataFrame(data).astype(float)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{what}: every value must be a number: {error}") from None
    if len(table) < rows:
        raise UsageError(f"{what}: {len(table)} rows, must be at least {rows}")
    if table.shape[1] == 0:
        raise UsageError(f"{what}: 0 columns, must be at least 1")
    if not table.columns.is_unique:
        name = table.columns[table.columns.duplicated()][0]
        raise UsageError(f"{what}: column {name!r} must not be there twice")
    values = table.to_numpy()
    wrong = ~np.isfinite(values) if least is None else ~(np.isfinite(values) & (values >= least))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        must = "a finite number" + (f" of at least {least:g}" if least is not None else "")
        place = f"{table.columns[column]!r} of row {table.index[row]!r}"
        raise UsageError(f"{what}: {place} is {values[row, column]:g}, must be {must}")
    return table


def check_choice(value: str, known: Collection[str], what: str) -> None:
    """Refuse a choice that there is not; a name that nobody checks would stand for another."""
    if value not in known:
        raise UsageError(f"{what}: {value!r}, {one_of(value, known)}")


def varying(table: pd.DataFrame, what: str) -> list[bool]:
    """Which columns have a spread.

    Raises
    ------
    UsageError
        If none has: then the data cannot tell weights.
    """
    spread = table.max() - table.min() > TOLERANCE * table.abs().max().clip(lower=1)
    if not spread.any():
        raise UsageError(f"{what}: {', '.join(map(str, table.columns))} are constant, at least one must vary")
    return [bool(value) for value in spread]


def by_column(given: ByColumn, columns: pd.Index, what: str) -> Floats:
    """Numbers by column in the order of the columns; a sequence has them in that order already.

    Raises
    ------
    UsageError
        If their number or their names are others.
    """
    if isinstance(given, Mapping | pd.Series):
        values = dict(given)
        for name in values:
            if name not in columns:
                raise UsageError(f"{what}: {name!r}, {one_of(str(name), columns)}")
        for name in columns:
            if name not in values:
                raise UsageError(f"{what}: {name!r} is not given, must be")
        return np.array([values[name] for name in columns], dtype=float)
    found = np.asarray(given, dtype=float)
    if found.shape != (len(columns),):
        raise UsageError(f"{what}: {found.size} given, must be {len(columns)}, one for each column")
    return found


def read_weights(given: ByColumn | None, columns: pd.Index, what: str) -> Floats:
    """Weights of columns, the same for all where none are given.

    Raises
    ------
    UsageError
        If one is negative or missing, or they do not sum to 1.
    """
    if given is None:
        return np.full(len(columns), 1 / len(columns))
    weights = by_column(given, columns, f"{what}: weights")
    for name, weight in zip(columns, weights, strict=True):
        if not weight >= 0:
            raise UsageError(f"{what}: weight of {name!r} is {weight:g}, must be at least 0")
    if not abs(weights.sum() - 1) <= TOLERANCE:
        raise UsageError(f"{what}: weights sum to {weights.sum():.12g}, must be 1")
    return np.asarray(weights / weights.sum(), dtype=float)


def read_signs(benefit: ByColumn | None, columns: pd.Index, what: str) -> Floats:
    """1 for each column of which more is better, -1 where less is; all are better high where nothing is said.

    Raises
    ------
    UsageError
        If one is neither True or 1 nor False or -1.
    """
    if benefit is None:
        return np.ones(len(columns))
    given = by_column(benefit, columns, f"{what}: benefit")
    for name, value in zip(columns, given, strict=True):
        if value not in {0, BENEFIT, COST}:
            raise UsageError(f"{what}: benefit of {name!r} is {value:g}, must be True (or 1) or False (or -1)")
    return np.where(given > 0, BENEFIT, COST).astype(float)


def stretched(table: pd.DataFrame, signs: Floats) -> pd.DataFrame:
    """Every column from 0, its worst value, to 1, its best; one without spread is NaN."""
    turned = table * signs
    spread = turned.max() - turned.min()
    return (turned - turned.min()) / spread.where(spread > 0)

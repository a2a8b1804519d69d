"""The analytic hierarchy process: from pairwise judgements to weights, and how far they contradict themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components

from toolkit.faults import UsageError
from toolkit.weighting.columns import check_choice

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.weighting.columns import Table

    Floats = NDArray[np.float64]

Method = Literal["eigenvector", "geometric"]

RANDOM_INDEX = {
    "saaty": (0, 0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59),
    "alonso-lamata": (
        *(0, 0, 0.5245, 0.8815, 1.1086, 1.2479, 1.3417, 1.4056),
        *(1.4499, 1.4854, 1.5141, 1.5365, 1.5551, 1.5713, 1.5838),
    ),
}
"""Mean consistency index of random judgements on 1, 2, ... names: Saaty (1980), The Analytic Hierarchy Process, of 500
matrices each; Alonso & Lamata (2006), doi:10.1142/S0218488506004114, of 100,000."""
TOLERATED = 0.10
"""Consistency ratio above which judgements are to be looked at again (Saaty)."""
ROUNDED = 0.02
"""How far two opposite judgements may be from being reciprocal: 0.33 stands for 1/3, and 0.14 for 1/7."""


@dataclass(frozen=True)
class Priorities:
    """Weights from one set of judgements.

    Attributes
    ----------
    weights : Series
        Weight of each name, summing to 1.
    lambda_max : float
        Principal eigenvalue of the judgements, whatever the weights were made by.
    consistency_index : float
        (lambda_max - n) / (n - 1); 0 where nothing contradicts itself.
    consistency_ratio : float
        The index as a share of that of random judgements.
    random_index : str
        Name of the table that says what random judgements have.
    """

    weights: pd.Series[float]
    lambda_max: float
    consistency_index: float
    consistency_ratio: float
    random_index: str

    @property
    def consistent(self) -> bool:
        """Whether the consistency ratio is at most 0.10."""
        return self.consistency_ratio <= TOLERATED

    @property
    def remark(self) -> str:
        """What is to be said about the judgements, blank where nothing is."""
        if self.consistent:
            return ""
        return f"consistency ratio is {self.consistency_ratio:.3f} ({self.random_index}), must be at most {TOLERATED:g}"


def ahp(matrix: Table, *, method: Method = "eigenvector", random_index: str = "saaty") -> Priorities:
    """Weights from pairwise judgements.

    Parameters
    ----------
    matrix : DataFrame or array (names, names)
        How many times as important the row is as the column: positive, 1 on the diagonal, reciprocal to within 2%, of
        which the judgement of at least 1 holds. NaN where nobody judged; one of two opposite cells is enough.
    method : {"eigenvector", "geometric"}
        The principal eigenvector, or the geometric means of rows (logarithmic least squares).
    random_index : {"saaty", "alonso-lamata"}
        Table of random consistency.

    Returns
    -------
    Priorities
        The weights and their consistency; `remark` says when that is too little.

    Raises
    ------
    UsageError
        If the matrix is not square, a judgement is not positive or not reciprocal, what was judged does not connect
        all names, the table ends before their number, or there is no such method or table.

    Notes
    -----
    Missing judgements: the eigenvector is that of Harker, who puts the ratio of the weights themselves in their place;
    the geometric method minimises over what was judged. With m missing pairs the random index of the table is taken
    times 1 - 2m / ((n - 1)(n - 2)). Two names, or judgements that form a tree, cannot contradict themselves: their
    ratio is 0.

    References
    ----------
    Saaty (1990), European Journal of Operational Research 48:9-26, doi:10.1016/0377-2217(90)90057-I. Crawford &
    Williams (1985), Journal of Mathematical Psychology 29:387-405, doi:10.1016/0022-2496(85)90002-1. Harker (1987),
    Mathematical Modelling 9:837-848, doi:10.1016/0270-0255(87)90503-3. Bozoki, Fulop & Ronyai (2010), Mathematical and
    Computer Modelling 52:318-333, doi:10.1016/j.mcm.2010.02.047. Agoston & Csato (2022), Omega 108, arXiv:2102.10558,
    for the random index: theirs is of the best completion, to which Harker's comes close.
    """
    check_choice(method, ("eigenvector", "geometric"), "method")
    judged = reciprocal(matrix)
    values = judged.to_numpy()
    _check_connected(judged.index, values)
    value, vector = _eigen(values)
    weights = vector if method == "eigenvector" else _least_squares(values)
    n = len(values)
    index = max((value - n) / (n - 1), 0.0) if n > 1 else 0.0
    random = _random(n, int(np.isnan(values).sum()) // 2, random_index)
    return Priorities(
        pd.Series(weights, judged.index, name="weight"),
        value,
        index,
        index / random if random > 0 else 0.0,
        random_index,
    )


def reciprocal(matrix: Table) -> pd.DataFrame:
    """Judgements that are reciprocal exactly, NaN where there are none; see `ahp`.

    Raises
    ------
    UsageError
        If the matrix is not square, or naming the first cell that is not what it must be.
    """
    try:
        frame = pd.DataFrame(matrix).astype(float)
    except (TypeError, ValueError) as error:
        raise UsageError(f"judgements: every value must be a number: {error}") from None
    if frame.shape[0] != frame.shape[1] or frame.empty:
        raise UsageError(f"judgements: {frame.shape[0]} rows and {frame.shape[1]} columns, must be as many of either")
    if list(frame.index) != list(frame.columns):
        raise UsageError(f"judgements: rows are {list(frame.index)}, must be the columns, {list(frame.columns)}")
    values = frame.to_numpy(copy=True)
    for row, column in np.argwhere(~np.isnan(values)):
        place = f"judgements: {frame.index[row]!r} over {frame.columns[column]!r} is {values[row, column]:g}"
        if not 0 < values[row, column] < np.inf:
            raise UsageError(f"{place}, must be above 0")
        if row == column and values[row, column] != 1:
            raise UsageError(f"{place}, must be 1")
        if not np.isnan(values[column, row]) and abs(values[row, column] * values[column, row] - 1) > ROUNDED:
            opposite = f"{1 / values[column, row]:.4g}, as the opposite is {values[column, row]:g}"
            raise UsageError(f"{place}, must be {opposite}")
    values = np.where(np.isnan(values), 1 / values.T, values)
    # of two opposite cells the greater is exact: people write 3, and round 1/3
    values = np.where(values >= values.T, values, 1 / values.T)
    np.fill_diagonal(values, 1.0)
    return pd.DataFrame(values, frame.index, frame.columns)


def _check_connected(names: pd.Index, values: Floats) -> None:
    parts, part = connected_components(~np.isnan(values), directed=False)
    if parts > 1:
        first, others = (", ".join(map(str, names[where])) for where in (part == part[0], part != part[0]))
        raise UsageError(f"judgements: nothing compares {first} with {others}; at least one pair must be judged")


def _eigen(values: Floats) -> tuple[float, Floats]:
    """Principal eigenvalue and eigenvector, with Harker's diagonal for what is missing."""
    missing = np.isnan(values)
    filled = np.where(missing, 0.0, values) + np.diag(missing.sum(axis=1).astype(float))
    found, vectors = np.linalg.eig(filled)
    first = int(np.argmax(found.real))
    vector = np.abs(vectors[:, first].real)
    return float(found[first].real), vector / vector.sum()


def _least_squares(values: Floats) -> Floats:
    """Geometric means of rows, or what comes nearest to the logarithms that are there."""
    there = ~np.isnan(values)
    logs = np.log(np.where(there, values, 1.0))
    laplacian = np.diag(there.sum(axis=1).astype(float)) - there
    heights = np.linalg.lstsq(laplacian, logs.sum(axis=1))[0]
    weights = np.exp(heights - heights.max())
    return np.asarray(weights / weights.sum(), dtype=float)


def _random(n: int, missing: int, table: str) -> float:
    """Consistency index of random judgements on n names, of which some pairs are missing."""
    check_choice(table, RANDOM_INDEX, "random_index")
    row = RANDOM_INDEX[table]
    if n > len(row):
        raise UsageError(f"judgements: {n} names, must be at most {len(row)} for the random index {table!r}")
    free = (n - 1) * (n - 2)
    return row[n - 1] * (1 - 2 * missing / free) if free else 0.0

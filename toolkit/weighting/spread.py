"""Weights that data say: how much a column tells its rows apart, and how little others tell it already.

They describe the data at hand, not what matters: a column that everybody masters weighs nothing. In every function a
missing value is refused and its cell named, a column without spread weighs 0, and if none has spread nothing is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from toolkit.faults import UsageError
from toolkit.scoring.ranks import TOLERANCE
from toolkit.weighting.columns import check_choice, read_signs, read_table, stretched, varying

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.weighting.columns import ByColumn, Table

    Floats = NDArray[np.float64]

KAISER = 1.0
"""A component with a smaller eigenvalue says less than a single column."""
ROUNDS = 1000
"""Steps after which a rotation that still moves is given up."""


def entropy(data: Table) -> pd.Series[float]:
    """Entropy weights of raw data.

    Parameters
    ----------
    data : DataFrame or array (rows, columns)
        At least two rows; no value below 0, and no column that sums to 0.

    Returns
    -------
    Series
        Weight of each column, summing to 1: 1 - e_j over the sum of these, where e_j is the entropy of the shares of
        the rows in column j, divided by its greatest, ln(rows).

    Raises
    ------
    UsageError
        If a value is missing or negative, a column sums to 0, no column varies, or there is one row.

    Notes
    -----
    Shares depend on the zero of a scale: adding 100 to a column takes most of its weight. 0 ln 0 is 0.

    References
    ----------
    Hwang & Yoon (1981), Multiple Attribute Decision Making, Springer, doi:10.1007/978-3-642-48318-9, chapter 3.
    """
    table = read_table(data, "entropy", least=0, rows=2)
    sums = table.sum()
    for name, total in sums.items():
        if total == 0:
            raise UsageError(f"entropy: column {name!r} sums to 0, must be above 0 to have shares")
    keep = varying(table, "entropy")
    shares = (table / sums).to_numpy()
    logs = np.log(np.where(shares > 0, shares, 1))
    diversity = np.where(keep, 1 + (shares * logs).sum(axis=0) / np.log(len(table)), 0).clip(min=0)
    return pd.Series(diversity / diversity.sum(), table.columns, name="weight")


def critic(
    data: Table, *, benefit: ByColumn | None = None, correlation: Literal["pearson", "spearman"] = "pearson"
) -> pd.Series[float]:
    """CRITIC weights: the spread of a column times its conflict with the others.

    Parameters
    ----------
    data : DataFrame or array (rows, columns)
        At least two rows; negative values are welcome.
    benefit : mapping, Series or sequence of bool, optional
        Of which columns more is better; of all by default.
    correlation : {"pearson", "spearman"}
        How conflict is measured.

    Returns
    -------
    Series
        Weight of each column, summing to 1: s_j sum_k (1 - r_jk) over the sum of these, with columns stretched to 0-1
        (whether s_j has n or n - 1 below cancels out). A column that alone varies weighs 1.

    Raises
    ------
    UsageError
        If a value is missing, no column varies, all that vary are perfectly correlated, or there is one row.

    References
    ----------
    Diakoulaki, Mavrotas & Papayannakis (1995), Computers & Operations Research 22(7):763-770,
    doi:10.1016/0305-0548(94)00059-H.
    """
    check_choice(correlation, ("pearson", "spearman"), "critic: correlation")
    table = read_table(data, "critic", rows=2)
    signs = read_signs(benefit, table.columns, "critic")
    keep = varying(table, "critic")
    values = stretched(table, signs).to_numpy()[:, keep]
    told = values if correlation == "pearson" else rankdata(values, axis=0)
    conflict = (1 - np.atleast_2d(np.corrcoef(told, rowvar=False))).sum(axis=1)
    said = values.std(axis=0, ddof=1) * (conflict if sum(keep) > 1 else 1)
    if not said.sum() > TOLERANCE:
        names = ", ".join(str(name) for name, kept in zip(table.columns, keep, strict=True) if kept)
        raise UsageError(f"critic: {names} are perfectly correlated, at least two must differ")
    weights = np.zeros(table.shape[1])
    weights[keep] = said / said.sum()
    return pd.Series(weights, table.columns, name="weight")


def pca(data: Table, *, components: int | None = None) -> pd.Series[float]:
    """Weights from the loadings of rotated principal components, as in the OECD's handbook.

    Parameters
    ----------
    data : DataFrame or array (rows, columns)
        At least two rows.
    components : int, optional
        How many to keep; by default those with an eigenvalue of at least 1, and one at the least.

    Returns
    -------
    Series
        Weight of each column, summing to 1: see `loading_weights`.

    Raises
    ------
    UsageError
        If a value is missing, no column varies, there is one row, or fewer components than asked for.

    Notes
    -----
    The components are those of the correlation matrix, rotated by varimax with Kaiser's normalisation. Weights say
    what goes together in the data, and change sign with nothing: a column that counts against the others weighs too.

    References
    ----------
    OECD & JRC (2008), Handbook on Constructing Composite Indicators, step 6 (weights based on principal components
    analysis or factor analysis), doi:10.1787/9789264043466-en. Nicoletti, Scarpetta & Boylaud (2000), OECD Economics
    Department Working Papers 226, doi:10.1787/215182844604.
    """
    table = read_table(data, "pca", rows=2)
    keep = varying(table, "pca")
    correlations = np.atleast_2d(np.corrcoef(table.to_numpy()[:, keep], rowvar=False))
    values, vectors = np.linalg.eigh(correlations)
    values, vectors = values[::-1].clip(min=0), vectors[:, ::-1]
    there = int((values > TOLERANCE).sum())
    count = max(int((values >= KAISER - TOLERANCE).sum()), 1) if components is None else components
    if not 1 <= count <= there:
        raise UsageError(f"pca: {count} components, must be from 1 to {there}")
    loadings = varimax(vectors[:, :count] * np.sqrt(values[:count]))
    weights = np.zeros(table.shape[1])
    weights[keep] = loading_weights(loadings)
    return pd.Series(weights, table.columns, name="weight")


def loading_weights(loadings: Floats) -> Floats:
    """Weights of columns by their loadings.

    Parameters
    ----------
    loadings : ndarray (columns, components)
        Rotated.

    Returns
    -------
    ndarray (columns,)
        Each column belongs to the component on which it loads most. It has its squared loading there, divided by the
        sum of all squared loadings on that component, times the component's share of the variance that all of them
        explain; then all are scaled to sum to 1.
    """
    squares = loadings**2
    explained = squares.sum(axis=0)
    # (square / explained) x (explained / all) is the square over all: only the largest of each column counts
    largest = squares.max(axis=1) / explained.sum()
    return np.asarray(largest / largest.sum(), dtype=float)


def varimax(loadings: Floats) -> Floats:
    """Rotate loadings so that each component has few large ones and many small.

    Parameters
    ----------
    loadings : ndarray (columns, components)
        As extracted; rows are scaled to length 1 for the rotation (Kaiser's normalisation).

    Returns
    -------
    ndarray (columns, components)
        As rotated; communalities stay.

    Raises
    ------
    UsageError
        If the rotation does not settle.

    References
    ----------
    Kaiser (1958), Psychometrika 23:187-200, doi:10.1007/BF02289233; by singular values, as in Horst (1965).
    """
    rows, count = loadings.shape
    lengths = np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    unit = loadings / np.where(lengths > 0, lengths, 1)
    rotation, before = np.eye(count), 0.0
    for _ in range(ROUNDS):
        turned = unit @ rotation
        slope = unit.T @ (turned**3 - turned * (turned**2).sum(axis=0) / rows)
        left, singular, right = np.linalg.svd(slope)
        rotation, after = left @ right, float(singular.sum())
        if after <= before * (1 + TOLERANCE**2) + TOLERANCE**2:
            return np.asarray(loadings @ rotation, dtype=float)
        before = after
    raise UsageError(f"pca: the rotation of {count} components does not settle after {ROUNDS} steps; ask for fewer")

"""Weights that somebody says: equal ones, ranks, and several sets of weights made one.

Each function returns a Series by name that sums to 1; `scheme.reweighted(weights)` takes it for a set of siblings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from toolkit.faults import UsageError
from toolkit.weighting.columns import read_table, read_weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from toolkit.weighting.columns import Table


def equal(names: Iterable[str]) -> pd.Series[float]:
    """The same weight for every name; summing to 1.

    Raises
    ------
    UsageError
        If there is no name.
    """
    index = pd.Index(list(names))
    if index.empty:
        raise UsageError("equal: 0 names, must be at least 1")
    return pd.Series(1 / len(index), index, name="weight")


def rank_order_centroid(ranks: Mapping[str, float] | pd.Series[float] | Sequence[float]) -> pd.Series[float]:
    """Weights of which only the order is known: the centroid of all weights that have this order.

    Parameters
    ----------
    ranks : mapping, Series or sequence (names,)
        Rank of each name, the most important first; only the order counts. Names of one rank share the weights of
        their places.

    Returns
    -------
    Series
        Weight of each name, summing to 1: at place i of n it is (1/i + ... + 1/n) / n.

    Raises
    ------
    UsageError
        If there is no name, or a rank is missing.

    References
    ----------
    Barron & Barrett (1996), Management Science 42(11):1515-1523, doi:10.1287/mnsc.42.11.1515.
    """
    given = pd.Series(dict(ranks) if isinstance(ranks, Mapping) else ranks, name="weight")
    table = read_table(given.to_frame(), "rank_order_centroid")
    n = len(table)
    centroid = np.cumsum(1 / np.arange(n, 0, -1))[::-1] / n
    values = table["weight"].to_numpy()
    first, last = (rankdata(values, method=method).astype(int) for method in ("min", "max"))
    summed = np.r_[0.0, np.cumsum(centroid)]
    return pd.Series((summed[last] - summed[first - 1]) / (last - first + 1), table.index, name="weight")


class Combination(NamedTuple):
    """Several sets of weights made one.

    Attributes
    ----------
    weights : Series
        Weight of each name, summing to 1.
    alpha : Series
        Share of each set in them, 0-1, summing to 1.
    """

    weights: pd.Series[float]
    alpha: pd.Series[float]


def combine(sets: Mapping[str, pd.Series[float]] | Table) -> Combination:
    """Combine sets of weights as games theory does (博弈论组合赋权).

    Parameters
    ----------
    sets : mapping of Series, DataFrame or array (sets, names)
        Each set sums to 1, has no negative weight and lacks no name.

    Returns
    -------
    Combination
        The weights, and the share of each set.

    Raises
    ------
    UsageError
        If a weight is missing or negative, or a set does not sum to 1.

    Notes
    -----
    With the sets w_k as rows of W, alpha solves W W' alpha = diag(w_k . w_k) and is then divided by the sum of its
    absolute values. The textbooks derive this system from min sum_k ||W' alpha - w_k||^2, of which it is not the
    solution: that has the right side sum_i w_i . w_k. Sets that depend on each other leave more than one alpha; the
    shortest is taken, so that equal sets have equal shares. An alpha below 0 counts by its size, as in the textbooks.

    The method is common in Chinese evaluation practice, and has no one source; the tests are worked by hand.
    """
    table = pd.DataFrame(sets).T if isinstance(sets, Mapping) else pd.DataFrame(sets)
    table = read_table(table, "combine", least=0)
    rows = [read_weights(row.to_numpy(), table.columns, f"combine: {name}") for name, row in table.iterrows()]
    W = np.array(rows)
    gram = W @ W.T
    alpha = np.abs(np.linalg.lstsq(gram, np.diag(gram))[0])
    alpha /= alpha.sum()
    return Combination(pd.Series(alpha @ W, table.columns, name="weight"), pd.Series(alpha, table.index, name="alpha"))

"""The mean of every cell (ratee x source x indicator), its standard error, and how many raters it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import betainc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.scheme import Scheme, Source

    Estimate = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Cells:
    """Arrays (ratees, leaf sources, indicator nodes).

    Attributes
    ----------
    mean : ndarray
        Mean (plain, trimmed or median) in points, 0-100; NaN where nobody rated, and in every cell of a source by which
        fewer than its `min` rated the ratee: it has as many raters as the cell that has most.
    se : ndarray
        Standard error; NaN with fewer than two raters.
    n : ndarray
        Raters who gave an answer that is not blank.
    base : ndarray
        Ratings that the standard error rests on: n, what trimming left, or Kish's effective n of weighted ratings.
    ballot : ndarray
        Answers, not blank, that were counted on ballots.
    """

    mean: NDArray[np.float64]
    se: NDArray[np.float64]
    n: NDArray[np.float64]
    base: NDArray[np.float64]
    ballot: NDArray[np.float64]


@dataclass(frozen=True)
class _Rows:
    """Counted answers of one round, sorted by cell and points."""

    cell: NDArray[np.intp]
    points: NDArray[np.float64]
    count: NDArray[np.float64]
    weight: NDArray[np.float64]
    weight2: NDArray[np.float64]
    ballot: NDArray[np.bool_]
    size: int

    def total(self, amount: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum by cell."""
        return np.bincount(self.cell, weights=amount, minlength=self.size).astype(np.float64, copy=False)

    def take(self, places: NDArray[np.intp]) -> _Rows:
        """Some of the rows, in the order of their places."""
        return _Rows(
            cell=self.cell[places],
            points=self.points[places],
            count=self.count[places],
            weight=self.weight[places],
            weight2=self.weight2[places],
            ballot=self.ballot[places],
            size=self.size,
        )


def cells(counts: pd.DataFrame, scheme: Scheme, ratees: pd.Index) -> Cells:
    """Means, standard errors and numbers of raters of every cell of one round.

    Parameters
    ----------
    counts : DataFrame
        `Tally.counts` of one round.
    scheme : Scheme
        The round's scheme.
    ratees : Index
        Ratees, in the order of the first axis.

    Notes
    -----
    Trimmed means have Yuen's standard error from the winsorised sum of squares (Yuen 1974, Biometrika 61:165-170,
    doi:10.1093/biomet/61.1.165); medians that of Maritz & Jarrett (1978, JASA 73:194-196,
    doi:10.1080/01621459.1978.10480027), the exact bootstrap variance.
    """
    shape = (len(ratees), len(scheme.leaf_sources), len(scheme.indicator_tree))
    rows = _rows(counts, scheme, ratees, shape)
    mean, se, base = (array.reshape(shape) for array in _plain(rows))
    n = rows.total(rows.count).reshape(shape)
    for place, source in enumerate(scheme.leaf_sources.values()):
        if source.trim or source.average == "median":
            mine = rows.take(np.flatnonzero((rows.cell // shape[2]) % shape[1] == place))
            changed, found = _ordered(mine, source)
            for array, new in zip((mean, se, base), found, strict=True):
                array[changed.reshape(shape)] = new[changed]
        mean[n[:, place].max(axis=-1) < (source.min or 1), place] = np.nan
    return Cells(mean, se, n, base, rows.total(rows.count * rows.ballot).reshape(shape))


def _rows(counts: pd.DataFrame, scheme: Scheme, ratees: pd.Index, shape: tuple[int, ...]) -> _Rows:
    keys = [counts[name].astype("category") for name in ("source", "indicator", "value", "ratee_id")]
    source, indicator, value, ratee = (key.cat.codes.to_numpy().astype(np.int64) for key in keys)
    sources, indicators, values, ids = (key.cat.categories for key in keys)
    # what an answer is worth depends on its source and indicator: each combination is asked once
    joint = (source * len(indicators) + indicator) * len(values) + value
    distinct, first, inverse = np.unique(joint, return_index=True, return_inverse=True)
    points = np.empty(len(distinct))
    for place, row in enumerate(first):
        points[place] = worth(scheme, sources[source[row]], indicators[indicator[row]], values[value[row]])
    at = (
        ratees.get_indexer(ids)[ratee],
        pd.Index(list(scheme.leaf_sources)).get_indexer(sources)[source],
        pd.Index(scheme.indicator_tree.names).get_indexer(indicators)[indicator],
    )
    cell = np.ravel_multi_index(at, shape) if len(counts) else np.zeros(0, dtype=np.intp)
    x = points[inverse]
    count, weight, weight2 = (counts[name].to_numpy(dtype=float) for name in ("count", "weight", "weight2"))
    rows = _Rows(cell, x, count, weight, weight2, counts["ballot"].to_numpy(dtype=bool), int(np.prod(shape)))
    valid = np.flatnonzero(~np.isnan(x))
    return rows.take(valid[np.lexsort((x[valid], cell[valid]))])


def worth(scheme: Scheme, source: str, indicator: str, value: str) -> float:
    """Points (0-100) of an answer, NaN for a blank one.

    Raises
    ------
    ValueError
        If the answer is none of the source's scale.
    """
    scale = scheme.scales[scheme.leaf_sources[source].scale or ""]
    points = scale.points(value, reverse=scheme.indicator(indicator).reverse)
    return float("nan") if points is None else points


def _plain(rows: _Rows) -> Estimate:
    with np.errstate(invalid="ignore", divide="ignore"):
        total = rows.total(rows.weight)
        mean = rows.total(rows.weight * rows.points) / total
        base = total**2 / rows.total(rows.weight2)
        squares = rows.total(rows.weight2 * (rows.points - mean[rows.cell]) ** 2)
        variance = squares / total**2 * base / (base - 1)
        se = np.where(rows.total(rows.count) > 1, np.sqrt(variance), np.nan)
    return mean, se, np.nan_to_num(base)


def _ordered(rows: _Rows, source: Source) -> tuple[NDArray[np.bool_], Estimate]:
    """Trimmed means or medians of one source, and the cells that have them in place of plain means."""
    n = rows.total(rows.count)
    last = np.cumsum(rows.count) - (np.cumsum(n) - n)[rows.cell]
    first = last - rows.count
    if source.trim:
        return n > source.trim.above, _trimmed(rows, n, first, last, source.trim.drop)
    return n > 0, _median(rows, n, first, last)


def _trimmed(
    rows: _Rows, n: NDArray[np.float64], first: NDArray[np.float64], last: NDArray[np.float64], drop: int
) -> Estimate:
    """Trimmed mean, Yuen's standard error, and what trimming left; a row holds the ranks `first` + 1 to `last`."""
    top = n[rows.cell] - drop
    kept = np.clip(np.minimum(last, top) - np.maximum(first, drop), 0, None)
    ends = ((first <= drop) & (drop < last)).astype(float) + ((first < top) & (top <= last))
    winsorised = kept + drop * ends * (kept > 0)
    base = n - 2 * drop
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = rows.total(kept * rows.points) / base
        centre = rows.total(winsorised * rows.points) / n
        squares = rows.total(winsorised * (rows.points - centre[rows.cell]) ** 2)
        se = np.where(base > 1, np.sqrt(squares / (base * (base - 1))), np.nan)
    return mean, se, base


def _median(rows: _Rows, n: NDArray[np.float64], first: NDArray[np.float64], last: NDArray[np.float64]) -> Estimate:
    """Median, Maritz and Jarrett's standard error, and n."""
    size = n[rows.cell]
    low, high = np.floor((size + 1) / 2), np.ceil((size + 1) / 2)
    middle = ((first < low) & (low <= last)) * 0.5 + ((first < high) & (high <= last)) * 0.5
    half = (size + 1) / 2
    weight = betainc(half, half, last / size) - betainc(half, half, first / size)
    moment = rows.total(weight * rows.points)
    variance = rows.total(weight * (rows.points - moment[rows.cell]) ** 2)
    return rows.total(middle * rows.points), np.where(n > 1, np.sqrt(variance), np.nan), n

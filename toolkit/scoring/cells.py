"""The mean of every cell (ratee x source x indicator), its standard error, and how many raters it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.scheme import Scheme, Source



@dataclass(frozen=True)
class Cells:
    """Arrays (ratees, leaf sources, indicator nodes).

    Attributes
    ----------
    mean : ndarray
        Mean (plain, trimmed or median) in points, 0-100; NaN where nobody rated or fewer than the source's `min` did.
    se : ndarray
        Standard error; NaN with fewer than two raters.
    n : ndarray
        Raters who gave an answer that is not blank.
    base : ndarray
        Ratings that the standard error rests on: n, what trimming left, or Kish's effective n of weighted ratings.
    ballot : ndarray
        Sum of squares of the answers counted on ballots, about their mean.
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
        return np.bincount(self.cell, weights=amount, minlength=self.size)


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
    sources = list(scheme.leaf_sources)
    shape = (len(ratees), len(sources), len(scheme.indicator_tree))
    rows = _rows(counts, scheme, ratees, shape)
    mean, se, base = _plain(rows)
    n = rows.total(rows.count)
    arrays = [array.reshape(shape) for array in (mean, se, base, n)]
    mean, se, base, n = arrays
    for place, source in enumerate(scheme.leaf_sources.values()):
        if source.trim or source.average == "median":
            _replace(rows, source, place, shape, (mean, se, base))
        few = n[:, place] < (source.min or 1)
        mean[:, place][few] = np.nan
    return Cells(mean, se, n, base, _ballot_squares(rows).reshape(shape))


def _rows(counts: pd.DataFrame, scheme: Scheme, ratees: pd.Index, shape: tuple[int, ...]) -> _Rows:
    keys = counts[["source", "indicator", "value"]].astype("category")
    codes = [keys[name].cat.codes.to_numpy().astype(np.int64) for name in keys]
    levels = [keys[name].cat.categories for name in keys]
    joint = (codes[0] * len(levels[1]) + codes[1]) * len(levels[2]) + codes[2]
    distinct, inverse = np.unique(joint, return_inverse=True)
    points = np.empty(len(distinct))
    for place, code in enumerate(distinct):
        rest, value = divmod(int(code), len(levels[2]))
        source, indicator = divmod(rest, len(levels[1]))
        points[place] = worth(scheme, levels[0][source], levels[1][indicator], levels[2][value])
    s = np.array([list(scheme.leaf_sources).index(name) for name in levels[0]], dtype=np.intp)
    k = np.array([scheme.indicator_tree.position[name] for name in levels[1]], dtype=np.intp)
    ratee = counts["ratee_id"].astype("category")
    r = ratees.get_indexer(ratee.cat.categories)[ratee.cat.codes]
    cell = np.ravel_multi_index((r, s[codes[0]], k[codes[1]]), shape) if len(counts) else np.zeros(0, dtype=np.intp)
    x = points[inverse]
    valid = np.flatnonzero(~np.isnan(x))
    order = valid[np.lexsort((x[valid], cell[valid]))]
    numbers = (counts[name].to_numpy(dtype=float)[order] for name in ("count", "weight", "weight2"))
    return _Rows(cell[order], x[order], *numbers, counts["ballot"].to_numpy(dtype=bool)[order], int(np.prod(shape)))


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


def _plain(rows: _Rows) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    with np.errstate(invalid="ignore", divide="ignore"):
        total = rows.total(rows.weight)
        mean = rows.total(rows.weight * rows.points) / total
        base = total**2 / rows.total(rows.weight2)
        squares = rows.total(rows.weight2 * (rows.points - mean[rows.cell]) ** 2)
        variance = squares / total**2 * base / (base - 1)
        se = np.where(rows.total(rows.count) > 1, np.sqrt(variance), np.nan)
    return mean, se, np.nan_to_num(base)


def _ballot_squares(rows: _Rows) -> NDArray[np.float64]:
    count = rows.count * rows.ballot
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = rows.total(count * rows.points) / rows.total(count)
    return rows.total(np.where(rows.ballot, count * (rows.points - mean[rows.cell]) ** 2, 0.0))


def _replace(
    rows: _Rows,
    source: Source,
    place: int,
    shape: tuple[int, ...],
    arrays: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
) -> None:
    """Put the trimmed means or the medians of one source in place of its plain means."""
    mine = (rows.cell // shape[2]) % shape[1] == place
    part = _Rows(*(getattr(rows, name)[mine] for name in ("cell", "points", "count", "weight", "weight2", "ballot")), rows.size)
    n = part.total(part.count)
    last = np.cumsum(part.count) - (np.cumsum(n) - n)[part.cell]
    first = last - part.count
    if source.average == "median":
        changed, found = n > 0, _median(part, n, first, last)
    elif source.trim:
        changed, found = n > source.trim.above, _trimmed(part, n, first, last, source.trim.drop)
    changed = changed.reshape(shape)
    for array, new in zip(arrays, found, strict=True):
        array[changed] = new.reshape(shape)[changed]


def _trimmed(
    rows: _Rows, n: NDArray[np.float64], first: NDArray[np.float64], last: NDArray[np.float64], drop: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Trimmed mean, Yuen's standard error, and what trimming left; the row of ranks `first`+1 .. `last` has one value."""
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


def _median(
    rows: _Rows, n: NDArray[np.float64], first: NDArray[np.float64], last: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Median, Maritz and Jarrett's standard error, and n."""
    size = n[rows.cell]
    low, high = np.floor((size + 1) / 2), np.ceil((size + 1) / 2)
    middle = ((first < low) & (low <= last)) * 0.5 + ((first < high) & (high <= last)) * 0.5
    half = (size + 1) / 2
    weight = betainc(half, half, last / size) - betainc(half, half, first / size)
    moment = rows.total(weight * rows.points)
    variance = rows.total(weight * (rows.points - moment[rows.cell]) ** 2)
    return rows.total(middle * rows.points), np.where(n > 1, np.sqrt(variance), np.nan), n

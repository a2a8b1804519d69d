"""From ratings to a tally: counts of every answer, and how a rater's indicators move together.

Counting is the only step that meets big data, so it is written for any dataframe engine (pandas, Polars, DuckDB, Dask,
through Narwhals). What comes out is small, holds no rater, and is all that scoring ever sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from narwhals.typing import IntoFrame
    from numpy.typing import NDArray

CELL = ["round", "ratee_id", "source", "indicator"]
COUNTS = [*CELL, "value", "count", "weight", "weight2", "ballot"]


@dataclass(frozen=True)
class Products:
    """Cross-products of the indicators of one rater, summed over the raters of a group.

    Attributes
    ----------
    keys : DataFrame
        `round`, `id` (a ratee or a unit), `source`, `raters` (how many raters rated anything); a row per group.
    indicators : tuple of str
        The K indicators that were rated, in the order of the matrices.
    w, x : ndarray (groups, K)
        Sums over raters of w_i and of (w x)_i.
    ww, wx, xx : ndarray (groups, K, K)
        Sums over raters of w_i w_j, of w_i (w x)_j and of (w x)_i (w x)_j, where `w` is the sum of a rater's weights
        (0 where he did not rate) and `w x` of his weighted points (0-100).
    """

    keys: pd.DataFrame
    indicators: tuple[str, ...]
    w: NDArray[np.float64]
    x: NDArray[np.float64]
    ww: NDArray[np.float64]
    wx: NDArray[np.float64]
    xx: NDArray[np.float64]


@dataclass(frozen=True)
class Tally:
    """What is left of ratings and ballots when the raters are gone.

    Attributes
    ----------
    counts : DataFrame
        `round, ratee_id, source, indicator, value, count, weight, weight2, ballot`: how often each answer was given, the
        sums of its weights and of their squares, and whether it was counted on ballots. `value` is a level or a number
        as text; a blank answer is there too.
    ratees : Products
        Cross-products by ratee and source, from ratings; ballots have none.
    units : Products
        The same by unit: a rater's points summed over the members of the unit whom he rated.
    """

    counts: pd.DataFrame
    ratees: Products
    units: Products


def answers(ratings: IntoFrame) -> pd.DataFrame:
    """Every distinct answer of a table of ratings.

    Parameters
    ----------
    ratings : frame
        Columns of `ratings.csv`, and `row`, the row number; any engine that Narwhals knows.

    Returns
    -------
    DataFrame
        `round, source, indicator, value, anonymous` (no rater id), `row` (the first), `rows` (how many); all text but
        the last three.
    """
    keys = ["round", "source", "indicator", "value", "anonymous"]
    frame = text(ratings).with_columns(anonymous=nw.col("rater_id") == "")
    found = frame.group_by(*keys).agg(nw.col("row").min(), nw.len().alias("rows"))
    return collected(found).sort_values("row", ignore_index=True)


def text(ratings: IntoFrame) -> nw.LazyFrame[Any]:
    """The ratings as a lazy frame whose keys and values are text and whose nulls are empty."""
    frame = nw.from_native(ratings).lazy()
    columns = [*CELL, "rater_id", "value"]
    return frame.with_columns(*(nw.col(name).cast(nw.String).fill_null("") for name in columns))


def collected(frame: nw.LazyFrame[Any]) -> pd.DataFrame:
    """Bring a small result up from its engine; text becomes categories, so that millions of rows stay small."""
    table = frame.collect(backend="pyarrow").to_native()
    for place, column in enumerate(table.schema):
        if str(column.type) in {"string", "large_string", "string_view"}:
            table = table.set_column(place, column.name, table.column(place).cast("string").dictionary_encode())
    result = table.to_pandas()
    for name in result.select_dtypes("category"):
        # engines meet the names in different orders
        result[name] = result[name].cat.reorder_categories(sorted(result[name].cat.categories))
    return result  # type: ignore[no-any-return]


def count(ratings: IntoFrame, points: pd.DataFrame, members: pd.DataFrame) -> Tally:
    """Count the ratings.

    Parameters
    ----------
    ratings : frame
        `round, ratee_id, source, rater_id, indicator, value` and `weight` (absent or null: 1); any engine.
    points : DataFrame
        `round, source, indicator, value, points`: what each distinct answer is worth (0-100); NaN for a blank answer.
    members : DataFrame
        `ratee_id, unit_id`: the units (its own and those above) to which each ratee counts.

    Returns
    -------
    Tally
        Identical on every engine.
    """
    frame = text(ratings)
    weighted = "weight" in frame.collect_schema().names()
    weight = nw.col("weight").cast(nw.Float64).fill_null(1.0) if weighted else nw.lit(1.0)
    frame = frame.with_columns(weight=weight).with_columns(weight2=nw.col("weight") * nw.col("weight"))
    sums = (nw.len().alias("count"), nw.col("weight").sum(), nw.col("weight2").sum())
    counts = collected(frame.group_by(*CELL, "value").agg(*sums))
    counts["ballot"] = False

    worth = points.dropna(subset="points")
    indicators = tuple(sorted(worth["indicator"].astype(str).unique()))
    raters = _by_rater(frame, worth, indicators)
    belongs = _same_engine(members, raters)
    return Tally(
        counts=counts.sort_values([*CELL, "value"], ignore_index=True)[COUNTS],
        ratees=_products(raters.rename({"ratee_id": "id"}), indicators),
        units=_products(_by_unit(raters.join(belongs, on="ratee_id", how="inner"), indicators), indicators),
    )


def _same_engine(small: pd.DataFrame, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    plain = small.astype({name: object for name in small.columns if isinstance(small[name].dtype, pd.CategoricalDtype)})
    eager = nw.from_native(plain, eager_only=True)
    engine = frame.implementation
    return eager.lazy() if engine.is_pandas() else eager.lazy(backend=engine)  # type: ignore[arg-type]


def _by_rater(frame: nw.LazyFrame[Any], worth: pd.DataFrame, indicators: tuple[str, ...]) -> nw.LazyFrame[Any]:
    """One row for each rater of a ratee: his weights `w0, w1, ...` and weighted points `x0, x1, ...`."""
    keys = ["round", "source", "indicator", "value"]
    worth = worth[[*keys, "points"]].drop_duplicates(keys)
    rated = frame.join(_same_engine(worth, frame), on=keys, how="inner")
    rated = rated.with_columns(points=nw.col("points") * nw.col("weight"))
    spread = {}
    for place, name in enumerate(indicators):
        here = nw.col("indicator") == name
        spread[f"w{place}"] = nw.when(here).then(nw.col("weight")).otherwise(0.0)
        spread[f"x{place}"] = nw.when(here).then(nw.col("points")).otherwise(0.0)
    rows = rated.select("round", "ratee_id", "source", "rater_id", **spread)
    return rows.group_by("round", "ratee_id", "source", "rater_id").agg(*(nw.col(name).sum() for name in spread))


def _by_unit(raters: nw.LazyFrame[Any], indicators: tuple[str, ...]) -> nw.LazyFrame[Any]:
    sums = [nw.col(f"{kind}{place}").sum() for kind in "wx" for place in range(len(indicators))]
    # A blank rater id stands for one rater of each ratee (a self rating), not for one rater of them all.
    someone = nw.when(nw.col("rater_id") == "").then(nw.col("ratee_id")).otherwise(nw.col("rater_id"))
    by_unit = raters.with_columns(rater_id=someone).group_by("round", "unit_id", "source", "rater_id").agg(*sums)
    return by_unit.rename({"unit_id": "id"})


def _products(raters: nw.LazyFrame[Any], indicators: tuple[str, ...]) -> Products:
    size = range(len(indicators))
    pairs = [(i, j) for i, j in product(size, size) if i <= j]
    terms = {f"ww_{i}_{j}": nw.col(f"w{i}") * nw.col(f"w{j}") for i, j in pairs}
    terms |= {f"xx_{i}_{j}": nw.col(f"x{i}") * nw.col(f"x{j}") for i, j in pairs}
    terms |= {f"wx_{i}_{j}": nw.col(f"w{i}") * nw.col(f"x{j}") for i, j in product(size, size)}
    terms |= {f"{kind}_{i}": nw.col(f"{kind}{i}") for kind in "wx" for i in size}
    rows = raters.select("round", "id", "source", **terms)
    sums = rows.group_by("round", "id", "source").agg(nw.len().alias("raters"), *(nw.col(name).sum() for name in terms))
    found = collected(sums).sort_values(["round", "id", "source"], ignore_index=True)
    arrays = {kind: np.zeros((len(found), *[len(size)] * len(kind))) for kind in ("w", "x", "ww", "wx", "xx")}
    for name in terms:
        kind, *places = name.split("_")
        at = tuple(int(place) for place in places)
        arrays[kind][:, *at] = found[name]
        if kind in {"ww", "xx"}:
            arrays[kind][:, *at[::-1]] = found[name]
    return Products(keys=found[["round", "id", "source", "raters"]], indicators=indicators, **arrays)

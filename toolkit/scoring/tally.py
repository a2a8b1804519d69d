"""From ratings to a tally: counts of every answer, and how a rater's indicators move together.

Counting is the only step that meets big data, so it is written for any dataframe engine (pandas, Polars, DuckDB, Dask,
through Narwhals). What comes out is small, holds no rater, and is all that scoring ever sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import product
from operator import mul
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    from narwhals.typing import IntoFrame
    from numpy.typing import NDArray

CELL = ["round", "ratee_id", "source", "indicator"]
COUNTS = [*CELL, "value", "count", "weight", "weight2", "ballot"]
NOTHING = 1e-9
"""Share of a cell's weight below which it is a single rater's."""


@dataclass(frozen=True)
class Products:
    """How the indicators of one rater move together, summed over the raters of every group.

    Attributes
    ----------
    keys : DataFrame
        `round`, `id` (a ratee or a unit), `source`; a row per group.
    indicators : tuple of str
        The K indicators that were rated, in the order of the arrays.
    weight : ndarray (groups, K)
        What the residuals are to be divided by: the sum of the raters' weights; of a unit, how many of its members have
        two raters or more, so that their spread is known.
    raters : ndarray (groups, K)
        How many persons gave an answer that is not blank.
    residual : ndarray (groups, K, K)
        Sums over raters of r_i r_j. Of a ratee, r_i is the weight times the distance of the rater's points (0-100)
        from the mean of all raters; of a unit, the sum over its members of what the rater moved a member's mean.
    """

    keys: pd.DataFrame
    indicators: tuple[str, ...]
    weight: NDArray[np.float64]
    raters: NDArray[np.float64]
    residual: NDArray[np.float64]


@dataclass(frozen=True)
class Tally:
    """What is left of ratings and ballots when the raters are gone.

    Attributes
    ----------
    counts : DataFrame
        `round, ratee_id, source, indicator, value, count, weight, weight2, ballot`: how often each answer was given,
        the sums of its weights and of their squares, and whether it was counted on ballots. `value` is a level or a
        number as text; a blank answer is there too.
    ratees : Products
        Cross-products by ratee and source, from ratings; ballots have none.
    units : Products
        The same by unit, so that a rater's leniency to all the members whom he rated counts once.
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
    names = frame.collect_schema().names()  # Dask brings its index along
    table = frame.collect(backend="pyarrow").to_native().select(names).replace_schema_metadata(None)
    for place, column in enumerate(table.schema):
        values = table.column(place)
        if pa.types.is_integer(column.type):
            table = table.set_column(place, column.name, values.cast("int64"))
        elif not (pa.types.is_floating(column.type) or pa.types.is_boolean(column.type)):
            table = table.set_column(place, column.name, values.cast("string").dictionary_encode())
    result: pd.DataFrame = table.to_pandas()
    for name in result.select_dtypes("category"):
        # engines meet the names in different orders
        result[name] = result[name].cat.reorder_categories(sorted(result[name].cat.categories))
    return result


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
    # a round at a time: what is made of a rating takes several times its place
    rounds = sorted(worth["round"].astype(str).unique()) or [""]
    made = [_products(frame.filter(nw.col("round") == turn), worth, members, indicators) for turn in rounds]
    return Tally(
        counts=counts.sort_values([*CELL, "value"], ignore_index=True)[COUNTS],
        ratees=_together([ratees for ratees, _ in made]),
        units=_together([units for _, units in made]),
    )


def _products(
    frame: nw.LazyFrame[Any], worth: pd.DataFrame, members: pd.DataFrame, indicators: tuple[str, ...]
) -> tuple[Products, Products]:
    """Cross-products of one round, by ratee and by unit."""
    raters = _by_rater(frame, worth, indicators)
    ratees, pull = _of_ratees(raters, indicators)
    return ratees, _of_units(raters, pull, members, indicators)


def _together(rounds: list[Products]) -> Products:
    """Products of several rounds, one after the other."""
    if len(rounds) == 1:
        return rounds[0]
    keys = pd.concat([part.keys.astype(str) for part in rounds], ignore_index=True).astype("category")
    arrays = ([getattr(part, name) for part in rounds] for name in ("weight", "raters", "residual"))
    return Products(keys, rounds[0].indicators, *map(np.concatenate, arrays))


def same_engine(small: pd.DataFrame, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """A small table in the engine of a frame, to be joined with it."""
    plain = small.astype({name: object for name in small.columns if isinstance(small[name].dtype, pd.CategoricalDtype)})
    eager = nw.from_native(plain, eager_only=True)
    engine = frame.implementation
    return eager.lazy() if engine.is_pandas() else eager.lazy(backend=engine)


def _by_rater(frame: nw.LazyFrame[Any], worth: pd.DataFrame, indicators: tuple[str, ...]) -> nw.LazyFrame[Any]:
    """One row for each rater of a ratee: his weights `w0, w1, ...` and weighted points `x0, x1, ...`."""
    keys = ["round", "source", "indicator", "value"]
    worth = worth[[*keys, "points"]].drop_duplicates(keys)
    rated = frame.select(*keys, "ratee_id", "rater_id", "weight").join(same_engine(worth, frame), on=keys, how="inner")
    rated = rated.with_columns(points=nw.col("points") * nw.col("weight"))
    spread = {}
    for place, name in enumerate(indicators):
        here = nw.col("indicator") == name
        spread[f"w{place}"] = nw.when(here).then(nw.col("weight")).otherwise(0.0)
        spread[f"x{place}"] = nw.when(here).then(nw.col("points")).otherwise(0.0)
    rows = rated.select("round", "ratee_id", "source", "rater_id", **spread)
    return rows.group_by("round", "ratee_id", "source", "rater_id").agg(*(nw.col(name).sum() for name in spread))


def _of_ratees(raters: nw.LazyFrame[Any], indicators: tuple[str, ...]) -> tuple[Products, pd.DataFrame]:
    """Cross-products by ratee, and how far a rater pulls a ratee's mean.

    Returns
    -------
    products : Products
    pull : DataFrame
        `round, ratee_id, source` and for every indicator `mean`, `known` (what a unit of weight adds to the members
        whose spread is known) and `per` (what a unit of weighted distance moves the mean); `per` makes good that the
        mean was fitted to the same ratings, for n equal weights by the factor sqrt(n / (n - 1)).
    """
    size = range(len(indicators))
    held = [f"{kind}{i}" for kind in "wx" for i in size]
    rated = {f"n{i}": (nw.col(f"w{i}") > 0).cast(nw.Float64) for i in size}
    groups = raters.select("round", nw.col("ratee_id").alias("id"), "source", *held, **rated)
    kinds = ("n", "w", "x", "ww", "wx", "xx")
    keys, (n, w, x, ww, wx, xx) = _summed(groups, kinds, len(indicators))
    mean = np.divide(x, w, out=np.zeros_like(x), where=w > 0)
    cross = mean[:, :, None] * wx
    residual = xx - cross - np.swapaxes(cross, 1, 2) + mean[:, :, None] * mean[:, None, :] * ww
    known = np.divide(1, w, out=np.zeros_like(w), where=w > 0)
    left = 1 - np.diagonal(ww, axis1=1, axis2=2) * known**2  # 1 - 1/n with n equal weights
    known[left < NOTHING] = 0
    per = known / np.sqrt(np.where(known > 0, left, 1))
    pull = keys[["round", "id", "source"]].rename(columns={"id": "ratee_id"})
    for kind, array in (("mean", mean), ("known", known), ("per", per)):
        pull = pull.assign(**{f"{kind}{place}": column for place, column in enumerate(array.T)})
    return Products(keys, indicators, w, n, residual), pull


def _of_units(
    raters: nw.LazyFrame[Any], pull: pd.DataFrame, members: pd.DataFrame, indicators: tuple[str, ...]
) -> Products:
    size = range(len(indicators))
    rated = raters.join(same_engine(pull, raters), on=["round", "ratee_id", "source"], how="inner")
    rated = rated.join(same_engine(members, raters), on="ratee_id", how="inner")
    distance = {i: nw.col(f"x{i}") - nw.col(f"mean{i}") * nw.col(f"w{i}") for i in size}
    moved = {f"r{i}": distance[i] * nw.col(f"per{i}") for i in size}
    known = {f"k{i}": nw.col(f"w{i}") * nw.col(f"known{i}") for i in size}
    rates = {f"n{i}": (nw.col(f"w{i}") > 0).cast(nw.Float64) for i in size}
    # A blank rater id stands for one rater of each ratee (a self rating), not for one rater of them all.
    someone = nw.when(nw.col("rater_id") == "").then(nw.col("ratee_id")).otherwise(nw.col("rater_id"))
    rows = rated.select(
        "round", "source", someone.alias("rater_id"), nw.col("unit_id").alias("id"), **moved, **known, **rates
    )
    sums = [nw.col(name).sum() for name in (*moved, *known)]
    once = [nw.col(name).max() for name in rates]  # who rates ten members is one person
    by_rater = rows.group_by("round", "id", "source", "rater_id").agg(nw.len(), *sums, *once)
    keys, (weight, rated_by, residual) = _summed(by_rater, ("k", "n", "rr"), len(indicators))
    return Products(keys, indicators, weight, rated_by, residual)


def _summed(
    raters: nw.LazyFrame[Any], kinds: tuple[str, ...], size: int
) -> tuple[pd.DataFrame, list[NDArray[np.float64]]]:
    """Sum products of columns over the raters of every group: the kind "wx" is the matrix of all w_i x_j."""
    terms, entries = {}, []
    for kind in kinds:
        symmetric = len(set(kind)) < len(kind)
        for at in product(range(size), repeat=len(kind)):
            if not symmetric or at == tuple(sorted(at)):
                name = "_".join([kind, *map(str, at)])
                factors = [nw.col(f"{column}{place}") for column, place in zip(kind, at, strict=True)]
                terms[name] = reduce(mul, factors)
                entries.append((name, kind, {at, at[::-1]} if symmetric else {at}))
    rows = raters.select("round", "id", "source", **terms)
    # where nothing was rated there is nothing to sum, and engines want something
    sums = rows.group_by("round", "id", "source").agg(nw.len(), *(nw.col(name).sum() for name in terms))
    found = collected(sums).sort_values(["round", "id", "source"], ignore_index=True)
    arrays = {kind: np.zeros((*[size] * len(kind), len(found))) for kind in kinds}
    for name, kind, places in entries:
        for at in places:
            arrays[kind][at] = found[name]
    return found[["round", "id", "source"]], [np.moveaxis(arrays[kind], -1, 0) for kind in kinds]

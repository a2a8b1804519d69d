"""Single ratings: where they stand, and whether every one of them is right, on any dataframe engine."""

from __future__ import annotations

import glob
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd

from toolkit.contract import (
    EXCEL_ERROR,
    OPTIONAL,
    REQUIRED,
    SHORTENED,
    check_cells,
    check_columns,
    known,
    misplaced,
    number,
)
from toolkit.faults import Fault, merged, several
from toolkit.files import read_table
from toolkit.scoring.cells import worth
from toolkit.scoring.tally import CELL, answers, collected, same_engine, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from narwhals.typing import IntoFrame

    from toolkit.files import Sheet
    from toolkit.scheme import Scheme

KEY = [*CELL, "rater_id"]
FLOATS = ("FLOAT", "DOUBLE", "DECIMAL")
NUMBERS = (
    *FLOATS,
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
)
WEIGHT = number(above=0)
SECONDS = number()
NO_RATINGS = pd.DataFrame({**{name: pd.Series(dtype=str) for name in REQUIRED["ratings"]}, "row": pd.Series(dtype=int)})


WEIGHTS = "weights.csv"
WEIGHED = ["round", "source", "rater_id"]
"""Of whom `weights.csv` tells a weight."""


@dataclass(frozen=True)
class Ratings:
    """A table of ratings and the file it stands in; `frame` has the columns of the contract and `row`.

    `weights` holds `round, source, rater_id, raked`, what `weights.csv` says of each rater, by its rows; None without
    that file.
    """

    file: str
    frame: IntoFrame
    weights: pd.DataFrame | None = None


def open_ratings(folder: Path, sheet: Sheet | None, *, weighed: bool = True) -> tuple[Ratings | None, list[Fault]]:
    """Find the ratings of a study: Parquet stays on disk and is read by DuckDB, CSV and Excel are held by pandas.

    A weight in `weights.csv` multiplies those of all ratings of its rater, unless `weighed` is False.
    """
    ratings, faults = _open(folder, sheet)
    if ratings is None or not weighed or not (folder / WEIGHTS).is_file():
        return ratings, faults
    weights, found = read_weights(folder / WEIGHTS)
    if found:
        return ratings, faults + found
    frame = text(ratings.frame)
    frame = frame.join(same_engine(weights.reset_index(drop=True), frame), on=WEIGHED, how="left")
    own = nw.col("weight").cast(nw.Float64) if "weight" in frame.collect_schema().names() else nw.lit(1.0)
    frame = frame.with_columns(weight=own.fill_null(1.0) * nw.col("raked").fill_null(1.0)).drop("raked")
    return replace(ratings, frame=frame.to_native(), weights=weights), faults


def read_weights(path: Path) -> tuple[pd.DataFrame, list[Fault]]:
    """What a file of weights says, without a rater in its faults."""
    columns = [*WEIGHED, "weight"]
    sheet, faults = read_table(path, columns)
    faults += [Fault(sheet.file, 1, name, "", "column must be there") for name in columns if name not in sheet.frame]
    if faults:
        return pd.DataFrame(), faults
    faults += check_cells(sheet.file, "weight", sheet.frame["weight"], WEIGHT)
    again = sheet.frame.index[sheet.frame.duplicated(WEIGHED)]
    expected = "must not be there twice: a rater has one weight in a round and source"
    faults += several([*again], lambda row: Fault(sheet.file, int(row), ", ".join(WEIGHED), "", expected))
    raked = pd.to_numeric(sheet.frame["weight"], errors="coerce").astype(float)
    return sheet.frame[WEIGHED].assign(raked=raked), faults


def strange_weights(ratings: Ratings, schemes: Mapping[str, Scheme]) -> list[Fault]:
    """Rounds and sources of `weights.csv` that do not exist: a slip of the pen would weigh nobody, unseen."""
    return [] if ratings.weights is None else strange_places(WEIGHTS, ratings.weights, schemes)


def strange_places(
    file: str, frame: pd.DataFrame, schemes: Mapping[str, Scheme], *, blank: bool = False
) -> list[Fault]:
    """Plain rounds, which may be `blank`, and sources of a table that no scheme has."""
    rounds = [name for name, scheme in schemes.items() if scheme.rounds[name].combine is None]
    sources = dict.fromkeys(source for scheme in schemes.values() for source in scheme.leaf_sources)
    demands = {"round": known(rounds, "a round", blank=blank), "source": known(list(sources), "a source")}
    asked = [name for name in demands if name in frame]
    return [fault for name in asked for fault in check_cells(file, name, frame[name], demands[name])]


def unweighed(ratings: Ratings, frame: IntoFrame) -> list[Fault]:
    """Once a source has weights, everybody of it who counts has one; `frame` holds the ratings that count."""
    if ratings.weights is None:
        return []
    pairs = ratings.weights[["round", "source"]].drop_duplicates()
    rows = text(frame)
    rows = rows.join(same_engine(pairs, rows), on=["round", "source"], how="inner").select(*WEIGHED).unique(WEIGHED)
    weighed = ratings.weights[WEIGHED].reset_index(drop=True)
    rows = rows.join(same_engine(weighed, rows), on=WEIGHED, how="anti")
    lacking = collected(rows.group_by("round", "source").agg(nw.len().alias("raters"))).sort_values(["round", "source"])
    return [
        Fault(WEIGHTS, None, "round, source", f"{turn}, {source}", f"{raters} raters have no weight; run rake again")
        for turn, source, raters in lacking.itertuples(index=False, name=None)
    ]


def no_id(names: pd.Series[str]) -> pd.Series[bool]:
    """Which texts are no rater, but an error of Excel or a number that Excel shortened."""
    return names.str.fullmatch(f"{EXCEL_ERROR}|{SHORTENED}")


def _open(folder: Path, sheet: Sheet | None) -> tuple[Ratings | None, list[Fault]]:
    path = folder / "ratings.parquet"
    if path.is_file():
        ratings, faults = _open_parquet(path)
        if sheet is not None:
            faults.append(Fault(sheet.file, None, "", "", f"must not stand beside {path.name}: which holds?"))
        return ratings, faults
    if sheet is None or not len(sheet.frame.columns):
        return None, []
    faults = check_columns("ratings", sheet.file, sheet.frame.columns.tolist())
    frame = sheet.frame.assign(row=sheet.frame.index)
    if "rater_id" in frame:
        wrong = frame.index[no_id(frame["rater_id"])]
        expected = "must be a rater's pseudonym, not an error of Excel or a number that Excel shortened"
        faults += several(list(wrong), lambda row: Fault(sheet.file, int(row), "rater_id", "", expected))
    if "weight" in frame:
        faults += check_cells(sheet.file, "weight", frame.loc[frame["weight"] != "", "weight"], WEIGHT)
        weight = pd.to_numeric(frame["weight"], errors="coerce")
        frame["weight"] = weight.where((weight > 0) & (weight < float("inf")))
    if "seconds" in frame:
        faults += check_cells(sheet.file, "seconds", frame.loc[frame["seconds"] != "", "seconds"], SECONDS)
        frame["seconds"] = pd.to_numeric(frame["seconds"], errors="coerce")
    whole = set(REQUIRED["ratings"]) <= set(frame)
    return (Ratings(sheet.file, frame) if whole else None), faults


def _open_parquet(path: Path) -> tuple[Ratings | None, list[Fault]]:
    """Ratings as text, whatever their type: a whole number is written without a point, as in a CSV file."""
    place = [glob.escape(str(path))]
    try:
        found: Any = duckdb.sql("select * from read_parquet(?)", params=place)
        types = dict(zip(found.columns, map(str, found.types), strict=True))
    except duckdb.Error as error:
        reason = str(error).replace(str(path), path.name).splitlines()[0]
        return None, [Fault(path.name, None, "", "", f"must be a Parquet file: {reason}")]
    faults = check_columns("ratings", path.name, list(types))
    numbers = {name: types[name] for name in OPTIONAL["ratings"] if name in types}
    for name, kind in numbers.items():
        if not kind.startswith(NUMBERS):
            faults.append(Fault(path.name, None, name, kind, "must be a column of numbers"))
    if not set(REQUIRED["ratings"]) <= set(types):
        return None, faults
    columns = [
        f"regexp_replace(cast({name} as varchar), '[.]0*$', '') as {name}"
        if types[name].startswith(FLOATS)
        else f"cast({name} as varchar) as {name}"
        for name in REQUIRED["ratings"]
    ]
    columns += [f"cast({name} as double) as {name}" for name, kind in numbers.items() if kind.startswith(NUMBERS)]
    query = f"select {', '.join(columns)}, file_row_number + 1 as row from read_parquet(?, file_row_number = true)"  # noqa: S608
    frame: Any = duckdb.sql(query, params=place)
    return Ratings(path.name, frame), faults


def rated_cells(ratings: Ratings) -> pd.DataFrame:
    """`file, round, ratee_id, source, indicator, row` (the first), `rows` and `raters` of every cell."""
    groups = text(ratings.frame).group_by(*CELL).agg(nw.col("row").min(), nw.len().alias("rows"))
    found = collected(groups).astype(dict.fromkeys(CELL, str)).sort_values("row", ignore_index=True)
    return found.assign(file=ratings.file, raters=found["rows"])


def check_ratings(ratings: Ratings, schemes: Mapping[str, Scheme]) -> tuple[pd.DataFrame, list[Fault]]:
    """Check the answers and the raters of all ratings; `check_rated` sees to the cells they stand in.

    Returns
    -------
    points : DataFrame
        `round, source, indicator, value, points` of every distinct answer; NaN points for a blank answer.
    faults : list of Fault
    """
    keys = ["round", "source", "indicator", "value"]
    found = answers(ratings.frame).astype(dict.fromkeys(keys, str))
    points: list[float] = []
    faults: list[Fault] = []
    for *place, value, anonymous, row, rows in found[[*keys, "anonymous", "row", "rows"]].itertuples(
        index=False, name=None
    ):
        wrong, worthy = _judge(schemes, place, value, anonymous=bool(anonymous))
        points.append(worthy)
        faults += [Fault(ratings.file, int(row), column, cell, says, int(rows) - 1) for column, cell, says in wrong]
    faults = _shortened(merged(faults)) + _twice(ratings, found["indicator"].unique().tolist(), schemes)
    if "weight" in nw.from_native(ratings.frame).collect_schema().names():
        faults += _weights(ratings, schemes)
    return found[keys].assign(points=points), faults


def _judge(
    schemes: Mapping[str, Scheme], place: list[str], value: str, *, anonymous: bool
) -> tuple[list[tuple[str, str, str]], float]:
    """What is wrong with an answer (column, value, expectation), and its points."""
    turn, name, indicator = place
    if any(misplaced(schemes, turn, name, indicator)):
        return [], float("nan")
    scheme = schemes[turn]
    source = scheme.leaf_sources[name]
    wrong = []
    if anonymous and not source.attributed:
        wrong.append(("rater_id", "", f"must not be blank for source {name}"))
    if source.scale not in scheme.scales:
        return wrong, float("nan")
    try:
        return wrong, worth(scheme, name, indicator, value)
    except ValueError as error:
        return [*wrong, ("value", value, f"{error} (scale {source.scale})")], float("nan")


def _shortened(faults: list[Fault]) -> list[Fault]:
    """No more wrong values of one source than anybody reads."""
    kinds: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        kinds.setdefault((fault.column, fault.expected), []).append(fault)
    return [fault for kind in kinds.values() for fault in several(kind, lambda fault: fault)]


def _twice(ratings: Ratings, indicators: list[str], schemes: Mapping[str, Scheme]) -> list[Fault]:
    """Nobody says the same thing twice, unless the rules of his source void such ballots."""
    if not _any_twice(ratings, indicators):
        return []
    places = (nw.col("row").min(), nw.col("row").max().alias("last"), nw.len().alias("rows"))
    groups = text(ratings.frame).group_by(*KEY).agg(*places)
    found = collected(groups.filter(nw.col("rows") > 1).drop("rater_id")).sort_values("last")
    rules = {turn: scheme.ballot_rules for turn, scheme in schemes.items()}
    void = {(turn, source) for turn, part in rules.items() for source in part if part[source].once}
    pairs = zip(found["round"], found["source"], strict=True)
    found = found[np.array([pair not in void for pair in pairs], dtype=bool)]

    def fault(case: tuple[object, ...]) -> Fault:
        *cell, row, last, rows = case
        expected = f"must not be there twice for one rater, who stays unnamed here; it stands in row {row} too"
        return Fault(
            ratings.file, int(str(last)), ", ".join(CELL), ", ".join(map(str, cell)), expected, int(str(rows)) - 2
        )

    return several(list(found[[*CELL, "row", "last", "rows"]].itertuples(index=False, name=None)), fault)


def _any_twice(ratings: Ratings, indicators: list[str]) -> bool:
    """Whether any rater rated one indicator of a ratee twice; counted by rater, of whom there are far fewer."""
    rows = {f"rows{place}": (nw.col("indicator") == name).cast(nw.Int64) for place, name in enumerate(indicators)}
    if not rows:
        return False
    keys = [key for key in KEY if key != "indicator"]
    counts = text(ratings.frame).select(*keys, **rows).group_by(*keys).agg(*(nw.col(name).sum() for name in rows))
    return not collected(counts.filter(nw.max_horizontal(*rows) > 1).select("round").head(1)).empty


def untimed(ratings: Ratings, schemes: Mapping[str, Scheme]) -> list[Fault]:
    """A rule on the time taken asks for a column of times."""
    if "seconds" in nw.from_native(ratings.frame).collect_schema().names():
        return []
    asked = dict.fromkeys(
        source for scheme in schemes.values() for source, rules in scheme.ballot_rules.items() if rules.seconds
    )
    return [
        Fault(ratings.file, 1, "seconds", "", f"column must be there: ballots.{name} has a least time")
        for name in asked
    ]


def _weights(ratings: Ratings, schemes: Mapping[str, Scheme]) -> list[Fault]:
    """Weights must be positive, and serve plain means only."""
    weight = nw.col("weight").cast(nw.Float64)
    given = text(ratings.frame).with_columns(weight=weight).filter(~nw.col("weight").is_null())
    rows = (nw.col("row").min(), nw.len().alias("rows"))
    fits = (nw.col("weight") > 0) & (nw.col("weight") < float("inf"))
    wrong = collected(given.filter(~fits).group_by("weight").agg(*rows)).sort_values("row")
    faults = several(
        list(wrong.itertuples(index=False, name=None)),
        lambda case: Fault(ratings.file, int(case[1]), "weight", f"{case[0]:g}", WEIGHT.expected, int(case[2]) - 1),
    )
    uneven = collected(given.filter(fits & (nw.col("weight") != 1)).group_by("round", "source").agg(*rows)).sort_values(
        "row"
    )
    for turn, name, row, size in uneven.itertuples(index=False, name=None):
        source = schemes[str(turn)].leaf_sources.get(str(name)) if str(turn) in schemes else None
        if source and (source.trim or source.average == "median"):
            if _is_weighed(ratings, str(turn), str(name)):
                expected = f"must not be there: source {name} is trimmed or a median, which has no weights"
                faults.append(Fault(WEIGHTS, None, "round, source", f"{turn}, {name}", expected))
                continue
            expected = f"must be blank or 1: source {name} is trimmed or a median, which has no weights"
            faults.append(Fault(ratings.file, int(row), "weight", "", expected, int(size) - 1))
    return merged(faults)


def _is_weighed(ratings: Ratings, turn: str, source: str) -> bool:
    """Whether `weights.csv` holds weights of a source."""
    weights = ratings.weights
    return weights is not None and bool(((weights["round"] == turn) & (weights["source"] == source)).any())

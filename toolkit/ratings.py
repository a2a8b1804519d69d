"""Single ratings: where they stand, and whether every one of them is right, on any dataframe engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import narwhals as nw
import pandas as pd

from toolkit.contract import OPTIONAL, REQUIRED
from toolkit.faults import Fault, one_of
from toolkit.files import read_sheets
from toolkit.scoring.cells import worth
from toolkit.scoring.tally import answers, collected, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from narwhals.typing import IntoFrame

    from toolkit.scheme import Scheme

KEY = ["round", "ratee_id", "source", "rater_id", "indicator"]
MANY = 20
"""How many rows of one kind of fault are listed."""
NO_RATINGS = pd.DataFrame({**{name: pd.Series(dtype=str) for name in REQUIRED["ratings"]}, "row": pd.Series(dtype=int)})


@dataclass(frozen=True)
class Ratings:
    """A table of ratings and the file it stands in; `frame` has the columns of the contract and `row`."""

    file: str
    frame: IntoFrame


def open_ratings(folder: Path) -> tuple[Ratings | None, list[Fault]]:
    """Find the ratings of a study: Parquet stays on disk and is read by DuckDB, CSV and Excel are held by pandas."""
    path = folder / "ratings.parquet"
    sheets, faults = read_sheets(folder, ["ratings"])
    if path.is_file():
        if "ratings" in sheets:
            faults.append(Fault(sheets["ratings"].file, None, "", "", f"must not stand beside {path.name}: which holds?"))
        try:
            query = "select *, file_row_number + 1 as row from read_parquet(?, file_row_number = true)"
            frame: Any = duckdb.sql(query, params=[str(path)])
            columns = [name for name in frame.columns if name not in {"row", "file_row_number"}]
        except duckdb.Error as error:
            return None, [*faults, Fault(path.name, None, "", "", f"must be a Parquet file: {error}")]
        found = _columns(path.name, columns)
        return (None if found else Ratings(path.name, frame)), faults + found
    # the workbook's own faults are told by whoever reads the other tables
    faults = [fault for fault in faults if fault.file.startswith("ratings")]
    if "ratings" not in sheets or not len(sheets["ratings"].frame.columns):
        return None, faults
    sheet = sheets["ratings"]
    found = _columns(sheet.file, list(sheet.frame.columns))
    frame = sheet.frame.assign(row=sheet.frame.index)
    if "weight" in frame:
        numbers = pd.to_numeric(frame["weight"], errors="coerce")
        wrong = frame[(frame["weight"] != "") & ~(numbers > 0)]
        found += [
            Fault(sheet.file, int(row), "weight", value, "must be a number above 0, or blank for 1")
            for row, value in wrong["weight"].head(MANY).items()
        ]
        frame["weight"] = numbers
    return (None if found else Ratings(sheet.file, frame)), faults + found


def _columns(file: str, columns: list[str]) -> list[Fault]:
    names = [*REQUIRED["ratings"], *OPTIONAL["ratings"]]
    faults = [Fault(file, 1, name, "", "column must be there") for name in REQUIRED["ratings"] if name not in columns]
    unknown = [name for name in columns if name not in names]
    return faults + [Fault(file, 1, name, name, "unknown column; " + one_of(name, names)) for name in unknown]


def check_ratings(ratings: Ratings, schemes: dict[str, Scheme], ratees: dict[str, str]) -> tuple[pd.DataFrame, list[Fault]]:
    """Check every rating against the schemes and the list of ratees.

    Returns
    -------
    points : DataFrame
        `round, source, indicator, value, points` of every distinct answer; NaN points for a blank answer.
    faults : list of Fault
    """
    found = answers(ratings.frame)
    distinct = found.astype({name: str for name in ("round", "source", "indicator", "value")})
    points, faults = [], []
    for row in distinct.itertuples(index=False):
        wrong = list(_wrong(row, schemes))
        faults += [Fault(ratings.file, int(row.row), column, value, says, int(row.rows) - 1) for column, value, says in wrong]
        points.append(float("nan") if wrong else worth(schemes[row.round], row.source, row.indicator, row.value))
    distinct["points"] = points
    frame = text(ratings.frame)
    faults = _merged(faults) + _unknown_ratees(ratings.file, frame, ratees) + _twice(ratings.file, frame)
    if "weight" in frame.collect_schema().names():
        faults += _weights(ratings.file, frame, schemes)
    return distinct.drop(columns=["anonymous", "row", "rows"]), faults


def _wrong(row: Any, schemes: dict[str, Scheme]) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401
    """Faults of one distinct answer: column, value, expectation."""
    plain = [name for name in schemes if schemes[name].rounds[name].combine is None]
    if row.round not in plain:
        combined = "is a combination of rounds; " if row.round in schemes else ""
        yield "round", row.round, combined + one_of(row.round, plain, "a round")
        return
    scheme = schemes[row.round]
    source = scheme.leaf_sources.get(row.source)
    if source is None:
        inner = "has items, which rate for it; " if row.source in scheme.source_tree.names[1:] else ""
        yield "source", row.source, inner + one_of(row.source, scheme.leaf_sources)
    elif row.anonymous and not source.attributed:
        yield "rater_id", "", f"must not be blank for source {row.source}"
    place = scheme.indicator_tree.position.get(row.indicator)
    if place is None:
        yield "indicator", row.indicator, one_of(row.indicator, scheme.indicator_tree.names)
    elif source is not None:
        asked = scheme.asked[list(scheme.leaf_sources).index(row.source)] & scheme.indicator_tree.below[place]
        if not asked.any():
            yield "indicator", row.indicator, f"must be one that source {row.source} is asked"
        try:
            worth(scheme, row.source, row.indicator, row.value)
        except ValueError as error:
            yield "value", row.value, f"{error} (scale {source.scale})"


def _merged(faults: list[Fault]) -> list[Fault]:
    """One fault for all rows with the same column, value and expectation."""
    merged: dict[tuple[str, str, str], Fault] = {}
    for fault in faults:
        key = (fault.column, fault.value, fault.expected)
        first = merged.get(key)
        if first is None:
            merged[key] = fault
        else:
            row = min(first.row or 0, fault.row or 0)
            merged[key] = Fault(fault.file, row, *key, first.more + fault.more + 1)
    return list(merged.values())


def _unknown_ratees(file: str, frame: nw.LazyFrame[Any], ratees: dict[str, str]) -> list[Fault]:
    found = collected(frame.group_by("ratee_id").agg(nw.col("row").min(), nw.len().alias("rows")))
    found["ratee_id"] = found["ratee_id"].astype(str)
    kind = found["ratee_id"].map(ratees)
    faults = []
    for name, row, rows in found[kind.isna()].sort_values("row").itertuples(index=False):
        faults.append(Fault(file, int(row), "ratee_id", name, one_of(name, ratees, "a member, post or unit"), int(rows) - 1))
    for name, row, rows in found[kind == "unit that is not rated"].itertuples(index=False):
        expected = "a unit that is rated must have a category with ratee: unit"
        faults.append(Fault(file, int(row), "ratee_id", name, expected, int(rows) - 1))
    return faults


def _twice(file: str, frame: nw.LazyFrame[Any]) -> list[Fault]:
    groups = frame.group_by(*KEY).agg(nw.col("row").min(), nw.col("row").max().alias("last"), nw.len().alias("rows"))
    found = collected(groups.filter(nw.col("rows") > 1)).sort_values("row")
    faults = []
    for *key, row, last, rows in found.head(MANY).itertuples(index=False):
        named = [part for column, part in zip(KEY, key, strict=True) if column != "rater_id"]  # raters stay unnamed
        expected = f"must not be there twice for one rater; it stands in row {row} too"
        faults.append(Fault(file, int(last), "round, ratee_id, source, indicator", ", ".join(named), expected, int(rows) - 2))
    if len(found) > MANY:
        faults.append(Fault(file, None, "", "", f"{len(found) - MANY:,} further ratings are there twice"))
    return faults


def _weights(file: str, frame: nw.LazyFrame[Any], schemes: dict[str, Scheme]) -> list[Fault]:
    """Weights must be positive, and serve plain means only."""
    weight = nw.col("weight").cast(nw.Float64)
    given = frame.with_columns(weight=weight).filter(~nw.col("weight").is_null())
    wrong = collected(given.filter(~(nw.col("weight") > 0)).group_by("weight").agg(nw.col("row").min(), nw.len().alias("rows")))
    faults = [
        Fault(file, int(row), "weight", f"{value:g}", "must be a number above 0, or blank for 1", int(rows) - 1)
        for value, row, rows in wrong.itertuples(index=False)
    ]
    uneven = given.filter(nw.col("weight") != 1)
    sources = collected(uneven.group_by("source").agg(nw.col("row").min(), nw.len().alias("rows")))
    ordered = {name for scheme in schemes.values() for name, source in scheme.leaf_sources.items() if source.trim or source.average == "median"}
    for name, row, rows in sources.itertuples(index=False):
        if str(name) in ordered:
            expected = f"must be blank or 1: source {name} is trimmed or a median, which has no weights"
            faults.append(Fault(file, int(row), "weight", "", expected, int(rows) - 1))
    return faults


def check_counts(counts: pd.DataFrame, schemes: dict[str, Scheme], posts: pd.DataFrame, turnout: pd.DataFrame) -> list[Fault]:
    """What only the counts can tell: nodes rated above and below each other, posts, more raters than eligible."""
    return [*_nested(counts, schemes), *_double(counts, posts), *_too_many(counts, schemes, turnout)]


def _nested(counts: pd.DataFrame, schemes: dict[str, Scheme]) -> Iterator[Fault]:
    """A source rates an indicator or those below it, not both for one ratee: which would hold?"""
    for (name, source), part in counts.groupby(["round", "source"], observed=True):
        tree = schemes[str(name)].indicator_tree
        rated = [tree.position[node] for node in part["indicator"].unique()]
        for node in rated:
            above = set(tree.path(node)[1:]) & set(rated)
            for other in above:
                low, high = (part.loc[part["indicator"] == tree.names[place], "ratee_id"] for place in (node, other))
                for ratee in sorted(set(low) & set(high))[:MANY]:
                    expected = f"source {source} must not rate both {tree.names[other]} and {tree.names[node]} below it in {name}"
                    yield Fault("ratings", None, "indicator", ratee, expected)


def _double(counts: pd.DataFrame, posts: pd.DataFrame) -> Iterator[Fault]:
    held = posts.set_index("post_id")["member_id"]
    rated = counts[["round", "ratee_id"]].drop_duplicates()
    rated = rated.assign(owner=rated["ratee_id"].map(held))
    by_post = set(rated.dropna()[["round", "owner"]].itertuples(index=False, name=None))
    for name, member in sorted(by_post & set(rated[["round", "ratee_id"]].itertuples(index=False, name=None))):
        yield Fault("ratings", None, "ratee_id", member, f"must be rated in {name} either himself or by his posts, not both")


def _too_many(counts: pd.DataFrame, schemes: dict[str, Scheme], turnout: pd.DataFrame) -> Iterator[Fault]:
    limits = turnout[(turnout["ratee_id"] != "") & turnout["eligible"].notna()]
    if limits.empty:
        return
    keys = ["round", "ratee_id", "source"]
    n = counts.groupby([*keys, "indicator"], observed=True)["count"].sum().groupby(keys, observed=True).max()
    rows = limits.reset_index(names="row").merge(n.rename("raters").reset_index().astype(dict.fromkeys(keys, str)), on=keys)
    for row in rows[rows["raters"] > rows["eligible"]].itertuples(index=False):
        expected = f"must be at least the number of raters of {row.ratee_id} by {row.source}, {row.raters}"
        yield Fault("turnout", int(row.row), "eligible", f"{row.eligible:g}", expected)

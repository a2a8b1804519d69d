"""The tables of a study: their columns, their keys, and what a cell must be."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from toolkit.faults import Fault, one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from toolkit.files import Sheet

REQUIRED: dict[str, tuple[str, ...]] = {
    "units": ("unit_id", "name"),
    "members": ("member_id", "name", "unit_id", "category"),
    "posts": ("post_id", "member_id", "unit_id", "category", "from", "to", "share"),
    "ratings": ("round", "ratee_id", "source", "rater_id", "indicator", "value"),
    "ballots": ("round", "ratee_id", "source", "indicator"),
    "turnout": ("round", "unit_id", "source", "eligible", "issued", "returned", "valid"),
    "points": ("date", "subject_id", "rule", "quantity"),
    "satisfaction": ("round", "subject_id", "panel", "topic"),
    "measures": ("round", "subject_id", "measure", "value"),
}
"""Columns that every table must have, in the order in which an empty table is written."""

OPTIONAL: dict[str, tuple[str, ...]] = {
    "units": ("parent_id", "industry", "category"),
    "members": ("exempt",),
    "ratings": ("weight",),
    "turnout": ("ratee_id",),
    "points": ("evidence",),
}

KEYS: dict[str, tuple[str, ...]] = {
    "units": ("unit_id",),
    "members": ("member_id",),
    "posts": ("post_id",),
    "ballots": ("round", "ratee_id", "source", "indicator"),
    "turnout": ("round", "unit_id", "source", "ratee_id"),
    "satisfaction": ("round", "subject_id", "panel", "topic"),
    "measures": ("round", "subject_id", "measure"),
}
FREE_COLUMNS = {"members", "ballots", "satisfaction"}
"""Tables whose further columns are attributes or levels."""

# A unit's id becomes the name of a folder, on Windows too.
FORBIDDEN_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f]|^\.|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)', re.IGNORECASE)


@dataclass(frozen=True)
class Demand:
    """What the cells of a column must be.

    Attributes
    ----------
    holds : callable
        Column -> boolean column.
    expected : str
        The end of an error message: "must be ...".
    known : collection of str
        The names allowed, to suggest the nearest.
    blank : bool
        Whether an empty cell is right too.
    """

    holds: Callable[[pd.Series], pd.Series]
    expected: str
    known: Collection[str] = field(default=())
    blank: bool = False

    def says(self, value: str) -> str:
        """The expectation, with the nearest known name for `value`."""
        return one_of(value, self.known, self.expected) if self.known else self.expected


def known(names: Collection[str], what: str, *, blank: bool = False) -> Demand:
    """A cell must be one of `names`."""
    allowed = set(names)
    expected = f"must be {what}" if names else f"must be {what}, and there is none"
    return Demand(lambda cells: cells.isin(allowed), what if names else expected, list(names), blank)


def number(*, least: float | None = None, above: float | None = None, blank: bool = False) -> Demand:
    """A cell must be a finite number, at least `least` and above `above`."""

    def holds(cells: pd.Series) -> pd.Series:
        value = pd.to_numeric(cells, errors="coerce")
        right = value.abs() < float("inf")
        right = right if least is None else right & (value >= least)
        return right if above is None else right & (value > above)

    bound = f" of at least {least:g}" if least is not None else f" above {above:g}" if above is not None else ""
    return Demand(holds, f"must be a number{bound}", blank=blank)


def count(*, blank: bool = False) -> Demand:
    """A cell must be a whole number that is not negative."""
    return Demand(lambda cells: cells.str.fullmatch(r"\d{1,12}"), "must be a whole number, 0 or more", blank=blank)


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


DATE = Demand(lambda cells: cells.map(_is_date), "must be a date such as 2026-06-30")
OPEN_DATE = Demand(DATE.holds, DATE.expected, blank=True)
TEXT = Demand(lambda cells: cells != "", "must not be blank")
UNIT_ID = Demand(
    lambda cells: (cells != "") & ~cells.map(lambda text: bool(FORBIDDEN_IN_NAMES.search(text))),
    'must not be blank and must be able to name a folder: none of < > : " / \\ | ? *, no dot at its ends, not CON, NUL, ...',
)
EXEMPT = Demand(
    lambda cells: cells.str.fullmatch(r"(rating|satisfaction)(\|(rating|satisfaction))?"),
    "must be rating, satisfaction, or rating|satisfaction",
    blank=True,
)


def check(table: str, sheet: Sheet, demands: dict[str, Demand]) -> list[Fault]:
    """Every fault of a table: columns, cells and keys.

    Parameters
    ----------
    table : str
        A name of `REQUIRED`.
    sheet : Sheet
        The table as text.
    demands : dict
        Demand on the cells of each column that is there.
    """
    frame = sheet.frame
    faults = _columns(table, sheet)
    columns = {
        name: pa.Column(checks=pa.Check(_lenient(demand), error=name), required=False)
        for name, demand in demands.items()
    }
    try:
        pa.DataFrameSchema(columns).validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        for (column, value), rows in cases.groupby(["column", "failure_case"], sort=False)["index"]:
            expected = demands[str(column)].says(str(value))
            faults.append(Fault(sheet.file, int(min(rows)), str(column), str(value), expected, len(rows) - 1))
    return faults + _duplicates(sheet, [key for key in KEYS.get(table, ()) if key in frame])


def _lenient(demand: Demand) -> Callable[[pd.Series], pd.Series]:
    def holds(cells: pd.Series) -> pd.Series:
        right = demand.holds(cells).fillna(value=False).astype(bool)
        return right | (cells == "") if demand.blank else right

    return holds


def _columns(table: str, sheet: Sheet) -> list[Fault]:
    names = [*REQUIRED[table], *OPTIONAL.get(table, ())]
    lacking = [name for name in REQUIRED[table] if name not in sheet.frame]
    faults = [Fault(sheet.file, 1, name, "", "column must be there") for name in lacking]
    for name in sheet.frame.columns:
        if name in names:
            continue
        absent = [other for other in names if other not in sheet.frame]
        if table not in FREE_COLUMNS:
            faults.append(Fault(sheet.file, 1, name, name, "unknown column; " + one_of(name, names)))
        elif get_close_matches(name.lower(), absent, n=1, cutoff=0.8):
            faults.append(Fault(sheet.file, 1, name, name, "unknown column; " + one_of(name.lower(), absent)))
    return faults


def _duplicates(sheet: Sheet, keys: Sequence[str]) -> list[Fault]:
    if not keys:
        return []
    again = sheet.frame[sheet.frame.duplicated(list(keys))]
    first = sheet.frame.drop_duplicates(list(keys)).reset_index(names="first_row")
    found = again.reset_index(names="row").merge(first[["first_row", *keys]], on=list(keys))
    return [
        Fault(sheet.file, row, ", ".join(keys), ", ".join(cells), f"must not be there twice; it stands in row {first_row} too")
        for row, first_row, *cells in found[["row", "first_row", *keys]].itertuples(index=False)
    ]

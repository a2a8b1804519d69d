"""The tables of a study: their columns, their keys, and what a cell must be."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.faults import Fault, merged, one_of, several
from toolkit.files import NAMES_A_FOLDER, names_a_folder
from toolkit.scoring.tally import CELL

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from toolkit.files import Sheet
    from toolkit.scheme import Scheme

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
    "criteria": ("layer", "criterion", "text"),
    "decisions": ("round", "subject_id", "matter", "decision", "date", "decided_by"),
    "evidence": ("round", "subject_id", "item", "date"),
    "replies": ("round", "subject_id", "date", "text"),
    "themes": ("theme", "label", "words"),
    "opinions": ("id", "date", "channel", "unit_id", "text"),
    "submissions": ("round", "source", "unit_id", "submitted"),
}
"""Columns that every table must have, in the order in which an empty table is written."""

OPTIONAL: dict[str, tuple[str, ...]] = {
    "units": ("parent_id", "industry", "category"),
    "members": ("exempt",),
    "ratings": ("weight", "seconds"),
    "turnout": ("ratee_id",),
    "points": ("evidence",),
    "satisfaction": ("eligible",),
    "criteria": ("unit_id", "indicator"),
    "decisions": ("reason", "due", "helper"),
    "evidence": ("note",),
    "themes": ("owner", "days"),
    "opinions": ("source", "theme", "owner", "opened", "closed", "reply"),
    "submissions": ("seconds",),
}

KEYS: dict[str, tuple[str, ...]] = {
    "units": ("unit_id",),
    "members": ("member_id",),
    "posts": ("post_id",),
    "ballots": ("round", "ratee_id", "source", "indicator"),
    "turnout": ("round", "unit_id", "source", "ratee_id"),
    "satisfaction": ("round", "subject_id", "panel", "topic"),
    "measures": ("round", "subject_id", "measure"),
    "criteria": ("layer", "criterion", "unit_id"),
    "themes": ("theme",),
    "opinions": ("id",),
}
FREE_COLUMNS = {"members", "ballots", "satisfaction"}
"""Tables whose further columns are attributes or levels."""


EXCEL_ERROR = "#(REF|VALUE|DIV/0|NAME|NULL|NUM|N/A|SPILL|CALC)[!?]?"
SHORTENED = r"[0-9](\.[0-9]+)?[Ee]\+[0-9]{2,}"
"""How Excel writes a number of more digits than it keeps, such as a citizen's id."""
NOT_BLANK = "must not be blank"
SERIAL = re.compile(r"[2-6][0-9]{4}")
"""A day as Excel keeps it: days since its epoch, from 1954 to 2091."""
EXCEL_EPOCH = dt.date(1899, 12, 30)
DATE_PARTS = re.compile(r"([0-9]{4})([-/.]|年)([0-9]{1,2})(?:\2|月)([0-9]{1,2})日?")


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
    hint : callable
        Wrong cell -> what was probably meant, or "".
    """

    holds: Callable[[pd.Series[str]], pd.Series[bool]]
    expected: str
    known: Collection[str] = field(default=())
    blank: bool = False
    hint: Callable[[str], str] = field(default=lambda _: "")

    def right(self, cells: pd.Series[str]) -> pd.Series[bool]:
        """Whether each cell is what it must be."""
        right = self.holds(cells).fillna(value=False).astype(bool) & ~cells.str.fullmatch(EXCEL_ERROR)
        return right | (cells == "") if self.blank else right

    def says(self, value: str) -> str:
        """The expectation, with the nearest known name for `value`, or what it was probably meant to be."""
        expected = one_of(value, self.known, self.expected) if self.known else self.expected
        if not value and (self.known or expected.startswith(NOT_BLANK)):
            return f"{NOT_BLANK}; {expected}" if self.known else NOT_BLANK
        hint = self.hint(value)
        return f"{expected} ({hint})" if hint else expected


def known(names: Collection[str], what: str, *, blank: bool = False) -> Demand:
    """A cell must be one of `names`."""
    expected = what if names else f"must be {what}, and there is none"
    return Demand(lambda cells: cells.isin(set(names)), expected, list(names), blank)


def number(*, above: float | None = None, least: float | None = None) -> Demand:
    """A cell must be a finite number, greater than `above`, or `least` or more."""

    def holds(cells: pd.Series[str]) -> pd.Series[bool]:
        value = pd.to_numeric(cells, errors="coerce")
        right = value.abs() < float("inf")
        right = right if above is None else right & (value > above)
        return right if least is None else right & (value >= least)

    bound = f" above {above:g}" if above is not None else f", {least:g} or more" if least is not None else ""
    return Demand(holds, f"must be a number{bound}")


def count() -> Demand:
    """A cell must be blank or a whole number that is not negative."""
    expected = "must be a whole number, 0 or more"
    return Demand(lambda cells: cells.str.fullmatch(r"[0-9]{1,12}(\.0+)?"), expected, blank=True)


def iso_date(text: str) -> str:
    """A date as Excel may write it (2026/6/30, 2026年6月30日) as 2026-06-30; "" if it is none."""
    parts = DATE_PARTS.fullmatch(text)
    try:
        return dt.date(int(parts[1]), int(parts[3]), int(parts[4])).isoformat() if parts else ""
    except ValueError:
        return ""


def _date_hint(text: str) -> str:
    """Why a cell that somebody takes for a date is none."""
    if DATE_PARTS.fullmatch(text):
        return "there is no such day"
    if SERIAL.fullmatch(text):
        day = EXCEL_EPOCH + dt.timedelta(days=int(text))
        return f"{text} is how Excel keeps {day}; format such a column as date or text"
    return ""


def _not_shortened(cells: pd.Series[str]) -> pd.Series[bool]:
    return ~cells.str.fullmatch(SHORTENED)


DATE = Demand(
    lambda cells: cells.map(lambda text: bool(iso_date(text))), "must be a date such as 2026-06-30", hint=_date_hint
)
OPEN_DATE = Demand(DATE.holds, DATE.expected, blank=True, hint=_date_hint)
TEXT = Demand(
    lambda cells: (cells != "") & _not_shortened(cells),
    f"{NOT_BLANK}, an error of Excel, or a number that Excel shortened (format such a column as text)",
)
FREE = Demand(_not_shortened, TEXT.expected.replace("blank, ", ""), blank=True)
UNIT_ID = Demand(
    lambda cells: TEXT.holds(cells) & cells.map(names_a_folder).astype(bool),
    f"{NOT_BLANK}, nor a number that Excel shortened, and {NAMES_A_FOLDER}",
)
EXEMPT = Demand(
    lambda cells: cells.str.fullmatch(r"(rating|satisfaction)(\|(rating|satisfaction))?"),
    "must be rating, satisfaction, or rating|satisfaction",
    blank=True,
)


def check(table: str, sheet: Sheet, demands: Mapping[str, Demand]) -> list[Fault]:
    """Every fault of a table: columns, cells and keys.

    Parameters
    ----------
    table : str
        A name of `REQUIRED`.
    sheet : Sheet
        The table as text.
    demands : mapping
        Demand on the cells of each column that is there.
    """
    frame = sheet.frame
    faults = check_columns(table, sheet.file, frame.columns.tolist())
    for name, demand in demands.items():
        if name in frame:
            faults += check_cells(sheet.file, name, frame[name], demand)
    if table == "members":
        for name in frame.columns.difference([*REQUIRED[table], *OPTIONAL.get(table, ())], sort=False):
            faults += check_cells(sheet.file, name, frame[name], FREE)
    return faults + _duplicates(sheet, [key for key in KEYS.get(table, ()) if key in frame])


def check_cells(file: str, column: str, cells: pd.Series[str], demand: Demand) -> list[Fault]:
    """A fault for every wrong value of a column, at the first row that holds it."""
    wrong = cells[~demand.right(cells)]
    rows = pd.DataFrame({"value": wrong, "row": wrong.index}).groupby("value", sort=False)["row"].agg(["min", "size"])
    found = list(rows.itertuples(name=None))

    def fault(case: tuple[str, int, int]) -> Fault:
        value, row, size = case
        return Fault(file, int(row), column, value, demand.says(value), int(size) - 1)

    return several(found, fault)


def check_columns(table: str, file: str, columns: Sequence[str]) -> list[Fault]:
    """Columns that are lacking, and those that nobody knows."""
    names = [*REQUIRED[table], *OPTIONAL.get(table, ())]
    faults = [Fault(file, 1, name, "", "column must be there") for name in REQUIRED[table] if name not in columns]
    absent = [name for name in names if name not in columns]
    for name in columns:
        if name in names:
            continue
        if table not in FREE_COLUMNS:
            faults.append(Fault(file, 1, name, name, "unknown column; " + one_of(name, names)))
        elif get_close_matches(name.lower(), absent, n=1, cutoff=0.8):
            faults.append(Fault(file, 1, name, name, "unknown column; " + one_of(name.lower(), absent)))
    return faults


def _duplicates(sheet: Sheet, keys: Sequence[str]) -> list[Fault]:
    if not keys:
        return []
    again = sheet.frame[sheet.frame.duplicated(list(keys))]
    first = sheet.frame.drop_duplicates(list(keys)).reset_index(names="first_row")
    found = again.reset_index(names="row").merge(first[["first_row", *keys]], on=list(keys))
    found = found[(found[list(keys)] != "").any(axis=1)]  # blank keys are faults of their own

    def fault(case: tuple[object, ...]) -> Fault:
        row, first_row, *cells = case
        expected = f"must not be there twice; it stands in row {first_row} too"
        return Fault(sheet.file, int(str(row)), ", ".join(keys), ", ".join(map(str, cells)), expected)

    return several(list(found[["row", "first_row", *keys]].itertuples(index=False, name=None)), fault)


def check_rated(
    file: str, rated: pd.DataFrame, schemes: Mapping[str, Scheme], ratees: Mapping[str, Mapping[str, str]] | None
) -> list[Fault]:
    """Whether rounds, sources, indicators and ratees are known, and belong together.

    Parameters
    ----------
    file : str
        Where the cells stand.
    rated : DataFrame
        `round, ratee_id, source, indicator, row` (the first) and `rows` (how many) of every cell that was rated.
    schemes : mapping
        Scheme of each round.
    ratees : mapping or None
        For each round everybody there is, and why he cannot be rated ("" where he can); None where it is not known.
    """
    sums = {"row": ("row", "min"), "rows": ("rows", "sum")}
    places = rated.groupby(["round", "source", "indicator"], observed=True, sort=False).agg(**sums).reset_index()
    faults = merged(
        Fault(file, int(row), column, value, expected, int(rows) - 1)
        for turn, source, indicator, row, rows in places.itertuples(index=False, name=None)
        for column, value, expected in misplaced(schemes, str(turn), str(source), str(indicator))
    )
    if ratees is not None:
        pairs = rated.groupby(["round", "ratee_id"], observed=True, sort=False).agg(**sums).reset_index()
        faults += _no_ratees(file, pairs.astype({"round": str, "ratee_id": str}), ratees)
    return faults


def _no_ratees(file: str, pairs: pd.DataFrame, ratees: Mapping[str, Mapping[str, str]]) -> list[Fault]:
    anybody = dict.fromkeys(next(iter(ratees.values()), {}), "")  # in a round that there is not
    cases = zip(pairs["round"], pairs["ratee_id"], strict=True)
    pairs["reason"] = pd.Series([ratees.get(turn, anybody).get(ratee) for turn, ratee in cases], dtype=object)
    strangers = (
        pairs[pairs["reason"].isna()].groupby("ratee_id", sort=False).agg(row=("row", "min"), rows=("rows", "sum"))
    )

    def unknown(case: tuple[str, int, int]) -> Fault:
        name, row, rows = case
        return Fault(file, int(row), "ratee_id", name, one_of(name, anybody, "a member, post or unit"), int(rows) - 1)

    faults = several(list(strangers.sort_values("row").itertuples(name=None)), unknown)
    for name, reason, row, rows in pairs.loc[
        pairs["reason"].fillna("") != "", ["ratee_id", "reason", "row", "rows"]
    ].to_numpy():
        faults.append(Fault(file, int(row), "ratee_id", name, reason, int(rows) - 1))
    return merged(faults)


def misplaced(schemes: Mapping[str, Scheme], turn: str, source: str, indicator: str) -> Iterator[tuple[str, str, str]]:
    """What is wrong with the place of a rating: column, value and expectation of each name."""
    plain = [name for name in schemes if schemes[name].rounds[name].combine is None]
    if turn not in plain:
        yield (
            "round",
            turn,
            ("is a combination of rounds; " if turn in schemes else "") + one_of(turn, plain, "a round"),
        )
        return
    scheme = schemes[turn]
    sources, tree = scheme.leaf_sources, scheme.indicator_tree
    if source not in sources:
        inner = "has items, which rate for it; " if source in scheme.source_tree.names[1:] else ""
        yield "source", source, inner + one_of(source, sources)
    if indicator not in tree.names:
        yield "indicator", indicator, one_of(indicator, tree.names)
    elif (
        source in sources
        and not (scheme.asked[list(sources).index(source)] & tree.below[tree.position[indicator]]).any()
    ):
        yield "indicator", indicator, f"must be one that source {source} is asked"


def check_together(rated: pd.DataFrame, schemes: Mapping[str, Scheme], turnout: Sheet | None) -> list[Fault]:
    """What only all cells together can tell.

    Parameters
    ----------
    rated : DataFrame
        `file, round, ratee_id, source, indicator, row` (the first) and `raters` of every cell of ratings and ballots;
        those whose names are wrong are left out.
    schemes : mapping
        Scheme of each round.
    turnout : Sheet or None
        To compare the eligible raters of a ratee with those who rated.
    """
    place = ["round", "source", "indicator"]
    places = rated[place].drop_duplicates()
    right = [not any(misplaced(schemes, *names)) for names in places.itertuples(index=False, name=None)]
    rated = rated.merge(places.loc[right], on=place)
    return [*_both(rated, schemes), *_nested(rated, schemes), *(_too_many(rated, turnout) if turnout else [])]


def _both(rated: pd.DataFrame, schemes: Mapping[str, Scheme]) -> list[Fault]:
    """The same cell in ratings and in ballots would count somebody twice, unless its source says otherwise."""
    cells = rated.drop_duplicates(["file", *CELL])
    again = cells.loc[cells.duplicated(CELL), ["file", "row", *CELL]]
    found = [
        case for case in again.itertuples(index=False, name=None) if not schemes[case[2]].leaf_sources[case[4]].adds
    ]
    expected = "must not be in ratings too, unless its source says adds: true"
    return several(found, lambda case: Fault(case[0], int(case[1]), ", ".join(CELL), ", ".join(case[2:]), expected))


def _nested(rated: pd.DataFrame, schemes: Mapping[str, Scheme]) -> list[Fault]:
    """A source rates an indicator or those below it, not both for one ratee, or it would be unclear which holds."""
    faults = []
    for (turn, source), part in rated.groupby(["round", "source"], sort=False):
        tree = schemes[str(turn)].indicator_tree
        rated_here = set(part["indicator"].unique())
        for name in sorted(rated_here):
            for other in sorted({tree.names[node] for node in tree.path(tree.position[name])[1:]} & rated_here):
                low = part.loc[part["indicator"] == name, "ratee_id"]
                again = part.loc[(part["indicator"] == other) & part["ratee_id"].isin(low), ["file", "row", "ratee_id"]]
                says = f"source {source} must not rate both {other} and {name} below it"
                found = [Fault(file, int(row), "indicator", ratee, says) for file, row, ratee in again.to_numpy()]
                faults += several(found, lambda fault: fault)
    return faults


def _too_many(rated: pd.DataFrame, turnout: Sheet) -> list[Fault]:
    """Nobody rates who is not eligible."""
    keys = ["round", "ratee_id", "source"]
    if not {*keys, "eligible"} <= set(turnout.frame):
        return []
    raters = rated.groupby([*keys, "indicator"])["raters"].sum().groupby(keys).max().reset_index()
    found = turnout.frame[[*keys, "eligible"]].reset_index(names="row").merge(raters, on=keys)
    found = found[found["raters"] > pd.to_numeric(found["eligible"], errors="coerce")]
    says = "must be at least the number of raters of {} by {}, {}"
    return several(
        list(found[["row", "eligible", "ratee_id", "source", "raters"]].itertuples(index=False, name=None)),
        lambda case: Fault(turnout.file, int(case[0]), "eligible", case[1], says.format(*case[2:])),
    )

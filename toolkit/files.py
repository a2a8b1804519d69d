"""The tables of a study folder as text, however an office saved them: CSV or the sheets of a workbook."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import re
from dataclasses import dataclass
from html import unescape
from itertools import islice
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

import pandas as pd
import pyarrow as pa
from openpyxl import load_workbook
from pyarrow import csv as arrow
from python_calamine import CalamineError, CalamineWorkbook

from toolkit.faults import Fault, StudyError, UsageError, one_of, several

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from openpyxl.cell import Cell, MergedCell

# What a file begins with that is called .csv and is none; the last two are Excel's own formats.
NO_TEXT = {
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"PK": "a workbook",
    b"\xd0\xcf\x11\xe0": "a workbook",
}
BOM = b"\xef\xbb\xbf"
BLANKS = " \t\r\n\v\f\xa0\u3000\u200b\u200e\u200f\ufeff"
"""What is no content at the ends of a cell, the ideographic space of Chinese keyboards among it."""
HEADER_WITHIN = 10
"""Rows among which the header is looked for: offices put titles above it."""
TWO_BYTES = 0x7FF
"""No gb18030 text that is also UTF-8 holds a character beyond this one, other than by design."""
WIDE = str.maketrans("０１２３４５６７８９．－＋％／", "0123456789.-+%/")
WIDE_NUMBER = re.compile("[0-9.+%/-]*[０-９．－＋％／][０-９．－＋％／0-9.+%/-]*")
"""A number, percentage or date with full-width characters."""


# Parts of a workbook, which is a zip archive of XML (ECMA-376).
BOOK, BOOK_PARTS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
ATTRIBUTE = re.compile(r"""(?:\w+:)?(\w+)=(?:"([^"]*)"|'([^']*)')""")
HAS_VALUES = re.compile(rb"<(?:\w+:)?(?:v|is)[ >]")
"""A cell that holds something: one that is only coloured has neither a value nor a text."""
FORMULA = re.compile(rb"<f[ >/]")
UNCOMPUTED = re.compile(rb"<c ([^>]*)>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>")
"""A cell with a formula and no value; a computed text that is blank says so by t="str"."""
PLACE = re.compile(rb'\br="([A-Z]+[0-9]+)"')
LETTERS, DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"

CHECKS, LISTS = "checks", "lists"
OWN = {CHECKS, LISTS}
"""Sheets that the toolkit adds to a workbook for those who fill it in; nothing in them is data."""
CHECKED = ".checked.xlsx"
"""The end of the name of a copy in which faults are painted."""

# Ids of units and labels of rounds become the names of folders, on Windows too.
FORBIDDEN_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f]|^\.|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)', re.IGNORECASE)
NAMES_A_FOLDER = 'must be able to name a folder: none of < > : " / \\ | ? *, no dot at its ends, not CON, NUL, ...'


def names_a_folder(text: str) -> bool:
    """Whether a folder may have this name on every system."""
    return bool(text) and not FORBIDDEN_IN_NAMES.search(text)


@dataclass(frozen=True)
class Sheet:
    """One table as it was found: every cell is text without blanks at its ends.

    Attributes
    ----------
    file : str
        Where it stands: `members.csv` or `study.xlsx[members]`.
    frame : DataFrame
        Cells as str, `""` for an empty one; the index is the row number that Excel shows. Without columns if there is
        no header.
    """

    file: str
    frame: pd.DataFrame


def read_sheets(
    folder: Path, tables: Mapping[str, Collection[str]], *, whole: bool = False
) -> tuple[dict[str, Sheet], list[Fault]]:
    """Read every table of a folder that stands in a CSV file or in the folder's one workbook.

    Parameters
    ----------
    folder : Path
        The study's folder.
    tables : mapping
        Name of each table and the columns by which its header is known.
    whole : bool
        Whether these are all tables that there may be, so that a sheet of another name with the columns of one of them
        is a fault.

    Returns
    -------
    sheets : dict
        The tables found.
    faults : list of Fault
        What kept a table from being read, wholly or in part.
    """
    sheets, faults = _read_book(folder, tables, whole=whole)
    faults += _misnamed(folder, tables)
    for table, columns in tables.items():
        path = folder / f"{table}.csv"
        if not path.is_file():
            continue
        if table in sheets:
            faults.append(Fault(sheets[table].file, None, "", "", f"must not stand beside {path.name}: which holds?"))
        frame, found = _read_csv(path, columns)
        sheets[table] = Sheet(path.name, frame)
        faults += found
    return sheets, faults


def read_table(path: Path, columns: Collection[str], sheet: str = "") -> tuple[Sheet, list[Fault]]:
    """Read one CSV file, or a sheet of a workbook, the first by default, whose header holds half of `columns`.

    See `read_sheets`; `the_sheet` finds out which one is meant.
    """
    if not is_book(path):
        frame, faults = _read_csv(path, columns)
        return Sheet(path.name, frame), faults
    try:
        found = _cells(path)
    except (CalamineError, BadZipFile, OSError) as error:
        return Sheet(path.name, pd.DataFrame()), [Fault(path.name, None, "", "", f"must be an Excel workbook: {error}")]
    name = sheet or next(iter(found))
    frame, faults = _from_rows(found[name], columns, f"{path.name}[{name}]")
    return Sheet(f"{path.name}[{name}]", frame), faults + _uncomputed(path, lambda other: other == name)


def the_sheet(path: Path, wanted: str = "") -> str:
    """The sheet of a file that is read: the one that is wanted, else the only one that is shown and holds cells.

    Returns
    -------
    str
        "" for a CSV file, and where the workbook cannot be read: whoever reads it says why.

    Raises
    ------
    UsageError
        If there is no such sheet, or several hold cells and none is wanted.
    """
    if not is_book(path):
        if wanted:
            raise UsageError(f"--sheet: {wanted!r}, but {path.name} is no workbook")
        return ""
    try:
        with ZipFile(path) as parts:
            listed = _listed(parts)
            filled = [name for name, (part, shown) in listed.items() if shown and HAS_VALUES.search(parts.read(part))]
    except (BadZipFile, OSError):
        return ""
    if wanted and wanted not in listed:
        raise UsageError(f"--sheet: {wanted!r}, {one_of(wanted, listed)}")
    if not wanted and len(filled) > 1:
        raise UsageError(f"{path.name}: holds several sheets: {', '.join(filled)}; say which by --sheet")
    return wanted or next(iter(filled), "")


def read_grid(path: Path, sheet: str = "") -> pd.DataFrame:
    """Every cell of a CSV file, or of a sheet of a workbook, as text.

    Parameters
    ----------
    path : Path
        CSV in UTF-8 or gb18030, separated by commas, semicolons or tabs; or .xlsx.
    sheet : str
        A sheet of the workbook; see `the_sheet`.

    Returns
    -------
    DataFrame
        Cells as `Sheet.frame` has them, no header among them; the index is the row number that Excel shows.

    Raises
    ------
    StudyError
        If the file cannot be read.
    UsageError
        If the file has several sheets and none is named.
    """
    if is_book(path):
        name = the_sheet(path, sheet)
        try:
            found = _cells(path, seen=True)
            rows = [[_cell(value) for value in row] for row in found.get(name or next(iter(found), ""), [])]
            faults = _uncomputed(path, lambda other: other == name)
        except (CalamineError, BadZipFile, OSError) as error:
            raise StudyError(path.name, [Fault(path.name, None, "", "", f"must be a workbook: {error}")]) from None
        if faults:
            raise StudyError(path.name, faults)
    else:
        rows = _split(path)
    width = max(map(len, rows), default=0)
    cells = pd.DataFrame([row + [""] * (width - len(row)) for row in rows], dtype=str).apply(_clean)
    cells.index = pd.Index(range(1, len(rows) + 1))
    if not width or (cells == "").all(axis=None):
        raise StudyError(path.name, [Fault(path.name, 1, "", "", "is empty")])
    return cells


def _split(path: Path) -> list[list[str]]:
    """Records of a CSV file, separated by whatever makes most cells of its first lines."""
    try:
        text, row, problem = _decoded(path.read_bytes())
    except OSError as error:
        text, row, problem = "", None, f"must be readable: {error.strerror}"
    if not problem and text.count('"') % 2:
        problem = "must be CSV; is a quotation mark never closed?"
    if problem:
        raise StudyError(path.name, [Fault(path.name, row, "", "", problem)])
    start = "".join(text.splitlines(keepends=True)[:HEADER_WITHIN])
    mark = max(",;\t", key=start.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
    except csv.Error as error:
        raise StudyError(path.name, [Fault(path.name, None, "", "", f"must be CSV: {error}")]) from None


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def is_book(path: Path) -> bool:
    """Whether a file is a workbook of tables.

    What Excel (`~$study.xlsx`) or WPS (`.~study.xlsx`) puts beside an open one is none, nor a copy with its faults.
    """
    name = path.name.casefold()
    return name.endswith(".xlsx") and not name.startswith(("~", ".")) and not name.endswith(CHECKED)


def _misnamed(folder: Path, tables: Collection[str]) -> list[Fault]:
    """Files that some computers would take for a table and others would overlook."""
    suffixes = {".csv": ".csv", ".txt": ".csv", ".xls": ".csv", ".parquet": ".parquet"}
    faults = []
    for path in sorted(folder.iterdir()):
        table, suffix = path.stem.strip().casefold(), suffixes.get(path.suffix.casefold())
        if table in tables and suffix and path.name != table + suffix:
            faults.append(Fault(path.name, None, "", "", f"must be saved as {table}{suffix}, or have another name"))
    return faults


def _read_csv(path: Path, columns: Collection[str]) -> tuple[pd.DataFrame, list[Fault]]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        return pd.DataFrame(), [Fault(path.name, None, "", "", f"must be readable: {error.strerror}")]
    text, row, problem = _decoded(raw)
    del raw  # of a large table every copy counts
    if problem:
        return pd.DataFrame(), [Fault(path.name, row, "", "", problem)]
    if not text.strip(BLANKS + ","):
        expected = f"is empty; must begin with a header row: {','.join(columns)}"
        return pd.DataFrame(), [Fault(path.name, 1, "", "", expected)]
    place, header = _header(_records(text), columns)
    if not header:
        return pd.DataFrame(), [Fault(path.name, 1, "", "", _no_header(text, columns))]
    cells, faults = _rows(text, place, len(header), path.name)
    del text
    frame, found = _table(cells, place, path.name)
    return frame, faults + found


def _decoded(raw: bytes) -> tuple[str, int | None, str]:
    """Text of a CSV file, or the row and the reason why there is none."""
    advice = "must be saved as CSV UTF-8 (or gb18030)"
    for start, kind in NO_TEXT.items():
        if raw.startswith(start):
            return "", None, f"is {kind}; {advice}"
    raw = raw.removeprefix(BOM)
    if b"\0" in raw:
        return "", None, f"is no text; {advice}"
    try:
        return raw.decode(), None, ""
    except UnicodeDecodeError as error:
        first = error.start
    # gb18030 takes nearly any bytes: rows in UTF-8 would come out as other Chinese characters
    lines = raw.split(b"\n")
    mixed = any(max(line.decode(errors="ignore"), default="") > chr(TWO_BYTES) and _is_utf8(line) for line in lines)
    if mixed:
        row = raw.count(b"\n", 0, first) + 1
        return "", row, f"is not UTF-8, as other rows are; the file {advice}, whole"
    try:
        return raw.decode("gb18030"), None, ""
    except UnicodeDecodeError as error:
        return "", raw.count(b"\n", 0, error.start) + 1, advice


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _records(text: str) -> list[list[str]]:
    """The first records of a CSV text."""
    try:
        return list(islice(csv.reader(io.StringIO(text, newline=None)), HEADER_WITHIN))
    except csv.Error:  # a quotation mark that never closes swallows more than a cell may hold
        return []


def _header(rows: Iterable[Sequence[str]], columns: Collection[str]) -> tuple[int, list[str]]:
    """Number and cells of the first row that holds at least half of the columns."""
    for place, row in enumerate(rows, start=1):
        cells = [cell.strip(BLANKS).casefold() for cell in row]
        if 2 * len(set(columns) & set(cells)) >= len(columns):
            return place, list(row)
    return 0, []


def _no_header(text: str, columns: Collection[str]) -> str:
    """Why no header was found; the row itself may hold a rater and is not shown."""
    lines = text.splitlines()[:HEADER_WITHIN]
    for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("，", "full-width commas")):
        if _header((line.split(mark) for line in lines), columns)[1]:
            return f"must separate columns by commas, not by {name}"
    return f"must have a header row: {','.join(columns)}"


def _rows(text: str, start: int, width: int, file: str) -> tuple[pd.DataFrame, list[Fault]]:
    """Cells of all rows as wide as the header; every other row is a fault, unless what it has more is blank."""
    other: dict[int, list[str]] = {}

    def keep(row: Any) -> str:  # noqa: ANN401  (pyarrow's own)
        other[row.number] = next(csv.reader([row.text]), [])
        return "skip"

    names = [str(place) for place in range(width)]
    raw = text.encode()
    try:
        table = arrow.read_csv(
            io.BytesIO(raw),
            arrow.ReadOptions(use_threads=False, block_size=min(len(raw) + 1, 2**31 - 1), column_names=names),
            arrow.ParseOptions(newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=keep),
            arrow.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        return pd.DataFrame(), [Fault(file, None, "", "", "must be CSV; is a quotation mark never closed?")]
    last = len(table) + len(other)
    cells = table.to_pandas().set_axis(range(width), axis=1)
    cells.index = pd.Index(sorted(set(range(1, last + 1)) - set(other)) if other else range(1, last + 1))
    end = other.get(last) or list(cells.loc[last])
    if text.count('"') % 2 and any("\n" in cell for cell in end):
        cells = cells.drop(index=last, errors="ignore")
        other.pop(last, None)
        faults = [Fault(file, last, "", "", "a quotation mark opens here and never closes")]
    else:
        faults = []
    full = {row: found for row, found in other.items() if row > start and "".join(found).strip(BLANKS)}
    fits = {row: found[:width] for row, found in full.items() if len(found) > width and not any(found[width:])}
    if fits:
        cells = pd.concat([cells, pd.DataFrame.from_dict(fits, orient="index", dtype=str)]).sort_index()
    ragged = [(row, len(found)) for row, found in full.items() if row not in fits]
    says = "has {} cells, must have {} as the header has; a cell with a comma needs quotation marks"
    return cells, faults + several(ragged, lambda row: Fault(file, row[0], "", "", says.format(row[1], width)))


def _table(cells: pd.DataFrame, start: int, file: str) -> tuple[pd.DataFrame, list[Fault]]:
    """Put the header in its place, strip the cells, and leave out what has no content."""
    if cells.empty:
        return pd.DataFrame(), []
    cells = cells.apply(_clean)
    header = [str(name) for name in cells.loc[start]]
    body = cells.loc[start + 1 :]
    body = _without(body, (body == "").all(axis=1))
    again = body.eq(cells.loc[start], axis=1).all(axis=1)
    faults = several(
        list(body.index[again]), lambda row: Fault(file, int(row), "", "", "must not hold the header again")
    )
    body, kept = _without(body, again), list[int]()
    for place, name in enumerate(header):
        filled = body.index[body[place] != ""]
        if not name and len(filled):
            faults.append(
                Fault(file, int(filled[0]), "", "", f"a cell stands in column {place + 1}, which has no name")
            )
        elif name and header.index(name) < place:
            faults.append(Fault(file, start, name, name, "column must not be there twice"))
        elif name:
            kept.append(place)
    return body[kept].set_axis([header[place] for place in kept], axis=1), faults


def _without(body: pd.DataFrame, rows: pd.Series[bool]) -> pd.DataFrame:
    """A frame without some rows, which seldom are any: then nothing is copied."""
    return body[~rows] if rows.any() else body


def _clean(column: pd.Series[str]) -> pd.Series[str]:
    column = column.str.strip(BLANKS)
    wide = column.str.contains("[０-９．－＋％／]", regex=True)
    if wide.any():
        column = column.where(
            ~wide, column.map(lambda cell: cell.translate(WIDE) if WIDE_NUMBER.fullmatch(cell) else cell)
        )
    return column


def _read_book(
    folder: Path, tables: Mapping[str, Collection[str]], *, whole: bool
) -> tuple[dict[str, Sheet], list[Fault]]:
    paths = sorted(filter(is_book, folder.iterdir()))
    if not paths:
        return {}, []
    if len(paths) > 1:
        names = ", ".join(path.name for path in paths)
        return {}, [Fault(names, None, "", "", "a study folder must hold at most one workbook")]
    path = paths[0]
    try:
        found = _cells(path)
    except (CalamineError, BadZipFile, OSError) as error:
        return {}, [Fault(path.name, None, "", "", f"must be an Excel workbook: {error}")]
    sheets: dict[str, Sheet] = {}
    faults: list[Fault] = []
    for name, rows in found.items():
        table = name.strip().casefold()
        if table in sheets and rows:
            expected = f"must not be there beside {sheets[table].file}: which of them holds?"
            faults.append(Fault(f"{path.name}[{name}]", None, "", "", expected))
        elif table in tables and rows:
            frame, wrong = _from_rows(rows, tables[table], f"{path.name}[{name}]")
            sheets[table] = Sheet(f"{path.name}[{name}]", frame)
            faults += wrong
        elif whole and table not in OWN and (meant := _holds(rows, tables)):
            expected = f"holds the columns of {meant}: must be called {meant}, or be taken out of the workbook"
            faults.append(Fault(f"{path.name}[{name}]", None, "", "", expected))
    return sheets, faults + _uncomputed(path, lambda name: name.strip().casefold() in tables)


def _holds(rows: Sequence[Sequence[object]], tables: Mapping[str, Collection[str]]) -> str:
    """The table whose columns all stand in one of the first rows, that of most columns; "" where there is none."""
    found = {""}
    for row in rows[:HEADER_WITHIN]:
        cells = {str(cell).strip(BLANKS).casefold() for cell in row}
        found |= {table for table, columns in tables.items() if cells >= set(columns)}
    return max(found, key=lambda table: len(tables.get(table, ())))


def _uncomputed(path: Path, asked: Callable[[str], bool]) -> list[Fault]:
    """Formulas whose values no program has computed yet: they would be read as blank cells."""
    faults = []
    with ZipFile(path) as parts:
        for name, (part, _) in _listed(parts).items():
            content = parts.read(part) if asked(name) else b""
            cells = UNCOMPUTED.findall(content) if FORMULA.search(content) else []
            places = [place[1].decode() for cell in cells if b't="str"' not in cell and (place := PLACE.search(cell))]
            if places:
                expected = "a formula that was never computed: open and save the file in Excel, or type its value in"
                row, column = int(places[0].lstrip(LETTERS)), places[0].rstrip(DIGITS)
                faults.append(Fault(f"{path.name}[{name}]", row, column, "", expected, len(places) - 1))
    return faults


def _listed(parts: ZipFile) -> dict[str, tuple[str, bool]]:
    """Every sheet of a workbook: the part that holds it, and whether it is shown."""
    names = set(parts.namelist())
    if not {BOOK, BOOK_PARTS} <= names:
        return {}
    places = {tag.get("Id"): tag.get("Target", "") for tag in _tags(parts, BOOK_PARTS, "Relationship")}
    found = {}
    for about in _tags(parts, BOOK, "sheet"):
        target = places.get(about.get("id"), "")
        part = target[1:] if target.startswith("/") else f"xl/{target}"
        if part in names:
            found[about.get("name", "")] = part, about.get("state", "visible") == "visible"
    return found


def _tags(parts: ZipFile, part: str, name: str) -> Iterator[dict[str, str]]:
    """The attributes of every element of a part that is called so, whatever its prefix."""
    text = parts.read(part).decode("utf-8", errors="replace")
    for tag in re.findall(rf"<(?:\w+:)?{name}\b[^>]*>", text):
        yield {key: unescape(one or other) for key, one, other in ATTRIBUTE.findall(tag)}


def _cells(path: Path, *, seen: bool = False) -> dict[str, Sequence[Sequence[object]]]:
    """Rows of every sheet of a workbook; where cells are wanted as they are `seen`, 0.85 may be 85%."""
    with ZipFile(path) as parts:
        sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/")]
        errors = any(b't="e"' in parts.read(name) for name in sheets)
        percents = seen and "xl/styles.xml" in parts.namelist() and _holds_percents(parts.read("xl/styles.xml"))
    # calamine takes an error such as #REF! for an empty cell and knows no formats; openpyxl needs nine times as long
    if errors or percents:
        try:
            slow = load_workbook(path, data_only=True)
        except Exception as error:  # openpyxl raises whatever an odd style or part makes it raise
            raise BadZipFile(f"save it anew in Excel: {error}") from error
        shown = _as_seen if percents else lambda cell: cell.value
        return {sheet.title: [[*map(shown, row)] for row in sheet.iter_rows()] for sheet in slow.worksheets}
    book = CalamineWorkbook.from_path(str(path))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def _holds_percents(styles: bytes) -> bool:
    """Whether a format of cells is a percentage: 9 and 10 of Excel's own, or one that is written with the sign."""
    formats = re.findall(rb"<numFmt\b[^>]*>", styles)
    own = {number[1] for tag in formats if b"%" in tag and (number := re.search(rb'numFmtId="(\d+)"', tag))}
    used = styles.partition(b"<cellXfs")[2].partition(b"</cellXfs>")[0]
    return bool({*re.findall(rb'numFmtId="(\d+)"', used)} & {b"9", b"10", *own})


def _as_seen(cell: Cell | MergedCell) -> object:
    """A number that is shown as a percentage is one."""
    if isinstance(cell.value, int | float) and "%" in str(cell.number_format):
        return f"{cell.value * 100:.10g}%"
    return cell.value


def _from_rows(
    rows: Sequence[Sequence[object]], columns: Collection[str], file: str
) -> tuple[pd.DataFrame, list[Fault]]:
    cells = pd.DataFrame([[_cell(value) for value in row] for row in rows], dtype=str)
    cells.index = pd.Index(range(1, len(rows) + 1))
    place, header = _header(cells.head(HEADER_WITHIN).to_numpy().tolist(), columns)
    if not header:
        return pd.DataFrame(), [Fault(file, 1, "", "", f"must have a header row: {','.join(columns)}")]
    return _table(cells, place, file)


def _cell(value: object) -> str:
    """What a person sees in the cell: 3, not 3.0; 0.3, not 0.30000000000000004; 2026-06-30, not a time at midnight."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.15g}"  # Excel keeps no more digits: what had more is shown as 1.1e+17
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return "" if value is None else str(value)

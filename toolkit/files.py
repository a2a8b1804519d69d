"""The tables of a study folder as text, however an office saved them: CSV, a workbook's sheets, Parquet."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook

from toolkit.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Sheet:
    """One table as it was found: every cell is text without blanks at its ends.

    Attributes
    ----------
    file : str
        Where it stands: `members.csv` or `study.xlsx[members]`.
    frame : DataFrame
        Cells as str, `""` for an empty one; the index is the row number that an editor or Excel shows.
    """

    file: str
    frame: pd.DataFrame


def read_sheets(folder: Path, tables: Iterable[str]) -> tuple[dict[str, Sheet], list[Fault]]:
    """Read every table of a folder that stands in a CSV file or in the folder's one workbook."""
    sheets: dict[str, Sheet] = {}
    faults: list[Fault] = []
    books, found = _books(folder)
    faults += found
    for table in tables:
        path = folder / f"{table}.csv"
        if path.is_file():
            frame, found = _read_csv(path)
            sheets[table] = Sheet(path.name, frame)
            faults += found
            if table in books:
                faults.append(Fault(books[table].file, None, "", "", f"must not stand beside {path.name}: which holds?"))
        elif table in books:
            sheets[table] = books[table]
    return sheets, faults


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _read_csv(path: Path) -> tuple[pd.DataFrame, list[Fault]]:
    raw = path.read_bytes()
    if raw.startswith(UTF16):
        return pd.DataFrame(), [Fault(path.name, None, "", "", "is UTF-16; must be saved as CSV UTF-8 (or gb18030)")]
    text = None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if text is None:
        return pd.DataFrame(), [Fault(path.name, None, "", "", "must be UTF-8 or gb18030 text")]
    if not text.strip():
        return pd.DataFrame(), [Fault(path.name, 1, "", "", "is empty; must begin with a header row")]
    header = text.partition("\n")[0]
    if "," not in header and (";" in header or "\t" in header):
        return pd.DataFrame(), [Fault(path.name, 1, "", header.strip(), "must separate columns by commas")]
    return _parse(text, path.name)


def _parse(text: str, file: str) -> tuple[pd.DataFrame, list[Fault]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                io.StringIO(text), dtype=str, na_filter=False, skip_blank_lines=False, index_col=False
            )
        if not frame.isna().to_numpy().any():
            return _tidy(frame), []
    except (pd.errors.ParserError, pd.errors.ParserWarning):
        pass
    return _ragged(text, file)


def _ragged(text: str, file: str) -> tuple[pd.DataFrame, list[Fault]]:
    """Rows of unequal length: read what has the header's length, name every row that has not."""
    reader = csv.reader(io.StringIO(text))
    header = next(reader)
    rows, faults, start = {}, [], reader.line_num + 1
    try:
        for row in reader:
            if len(row) == len(header):
                rows[start] = row
            elif any(cell.strip() for cell in row):
                expected = f"has {len(row)} cells, must have {len(header)} as the header"
                faults.append(Fault(file, start, "", ",".join(row)[:60], expected))
            start = reader.line_num + 1
    except csv.Error as error:
        faults.append(Fault(file, start, "", "", f"must be CSV: {error}"))
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=header, dtype=str)
    frame.index -= 2
    return _tidy(frame), faults


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """Strip cells and headers, number the rows as editors do, leave out rows without any content."""
    frame = frame.rename(columns=lambda name: str(name).strip().lstrip("\ufeff"))
    frame.index = frame.index + 2
    for column in frame.columns:
        frame[column] = frame[column].astype(str).str.strip()
    empty = (frame == "").to_numpy().all(axis=1) if len(frame.columns) else []
    return frame[~empty] if len(frame.columns) else frame


def _books(folder: Path) -> tuple[dict[str, Sheet], list[Fault]]:
    # Excel's lock file `~$study.xlsx` appears while somebody has the workbook open
    books = sorted(path for path in folder.glob("*.xlsx") if not path.name.startswith("~$"))
    if not books:
        return {}, []
    if len(books) > 1:
        names = ", ".join(path.name for path in books)
        return {}, [Fault(names, None, "", "", "a study folder must hold at most one workbook")]
    path = books[0]
    try:
        book = CalamineWorkbook.from_path(str(path))
        found = {name.strip(): book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    except (CalamineError, OSError) as error:
        return {}, [Fault(path.name, None, "", "", f"must be an Excel workbook: {error}")]
    return {name: Sheet(f"{path.name}[{name}]", _from_rows(rows)) for name, rows in found.items() if rows}, []


def _from_rows(rows: list[list[object]]) -> pd.DataFrame:
    header = [_cell(value) for value in rows[0]]
    used = [place for place, name in enumerate(header) if name or any(_cell(row[place]) for row in rows[1:])]
    cells = [[_cell(row[place]) for place in used] for row in rows[1:]]
    return _tidy(pd.DataFrame(cells, columns=[header[place] for place in used], dtype=str))


def _cell(value: object) -> str:
    """What a person sees in the cell: 3, not 3.0; 2026-06-30, not a timestamp at midnight."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return str(value)

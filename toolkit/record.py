"""Write down what people decided, what was handed in and what members replied: one row after the others.

Rows are added, never changed or taken away. Who decides otherwise later adds a further row; the last one holds.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import shutil
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.contract import OPTIONAL, REQUIRED, check_cells, iso_date
from toolkit.demands import check_records, demands_of
from toolkit.faults import UsageError
from toolkit.files import BLANKS, BOM, HEADER_WITHIN, Sheet, is_book
from toolkit.study import read_study

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from toolkit.study import Study

LINE_END = re.compile("\r\n|\n|\r")
FREE = ("decided_by", "reason", "note", "text", "reply")
"""Cells that hold what people write."""
DAYS = ("date", "due", "opened", "closed")
FORMULA = tuple("=+-@＝＋－＠")
"""What a spreadsheet takes for the beginning of a formula, and spoils."""


def record_decision(
    folder: str | Path,
    *,
    round: str = "",  # noqa: A002  (the contract's word)
    subject: str,
    matter: str,
    decision: str,
    date: str,
    by: str,
    reason: str = "",
    due: str = "",
    helper: str = "",
) -> Path:
    """Add a decision to decisions.csv.

    Parameters
    ----------
    folder : path
        The study's folder.
    round : str
        The round that it is about; blank for the newest.
    subject : str
        Id of a member, post or unit.
    matter, decision : str
        What is decided on, and what: "registration" and "admit", "remediation" and "order", a grade, so many stars.
    date, due : str
        The day of the decision, and the day by which something is to be mended (blank: as the rules say), such as
        2026-06-30.
    by, reason : str
        Who decided, and why.
    helper : str
        Id of the member who helps (1+1).

    Returns
    -------
    path
        The file, made if it was not there.

    Raises
    ------
    StudyError
        If the study cannot be read.
    UsageError
        If a value is not what it must be, if the row is there already, if the study keeps its tables in a workbook, or
        if somebody else writes at the same time. Then nothing is written.
    """
    study = read_study(folder)
    row = {
        "round": round or study.round, "subject_id": subject, "matter": matter, "decision": decision, "date": date,
        "decided_by": by, "reason": reason, "due": due, "helper": helper,
    }  # fmt: skip
    return _record(Path(folder), study, "decisions", [row])


def record_evidence(
    folder: str | Path,
    *,
    round: str = "",  # noqa: A002
    subject: str,
    item: str,
    date: str,
    note: str = "",
) -> Path:
    """Add a paper that was handed in, one that the scheme asks for, to evidence.csv; see `record_decision`."""
    study = read_study(folder)
    row = {"round": round or study.round, "subject_id": subject, "item": item, "date": date, "note": note}
    return _record(Path(folder), study, "evidence", [row])


def record_reply(folder: str | Path, *, round: str = "", subject: str, text: str, date: str) -> Path:  # noqa: A002
    """Add what a member replied to his result to replies.csv; see `record_decision`."""
    study = read_study(folder)
    row = {"round": round or study.round, "subject_id": subject, "date": date, "text": text}
    return _record(Path(folder), study, "replies", [row])


def record_opinions(folder: str | Path, rows: pd.DataFrame) -> Path:
    """Add opinions, redacted as the inbox hands them over, to opinions.csv; see `record_decision`.

    Parameters
    ----------
    folder : path
        The study's folder.
    rows : DataFrame
        Text under columns of opinions.csv; all rows are written, or none.
    """
    return _record(
        Path(folder),
        read_study(folder),
        "opinions",
        [{str(name): str(cell) for name, cell in row.items()} for row in rows.to_dict("records")],
    )


def _record(folder: Path, study: Study, table: str, rows: Sequence[dict[str, str]]) -> Path:
    rows = [_clean(row) for row in rows]
    _check(study, table, pd.DataFrame(rows, dtype=str))
    frame: pd.DataFrame = getattr(study, table)
    there = set(map(tuple, frame[list(rows[0])].to_numpy())) if rows else set()
    for row in rows:
        if tuple(row.values()) in there:
            raise UsageError(f"{table}.csv: {', '.join(filter(None, row.values()))}: this row is there already")
    path = folder / f"{table}.csv"
    books = [book.name for book in sorted(folder.iterdir()) if is_book(book)]
    if books and not path.is_file():
        cells = ", ".join(f"{name} {value}" for name, value in rows[0].items() if value)
        raise UsageError(f"{folder}: keeps its tables in {books[0]}; add the row to its sheet {table}: {cells}")
    append(path, table, pd.DataFrame(rows, dtype=str), study.digests.get(path.name, ""))
    return path


def _clean(row: dict[str, str]) -> dict[str, str]:
    row = {name: value.strip(BLANKS).replace("\r\n", "\n").replace("\r", "\n") for name, value in row.items()}
    return row | {name: iso_date(row[name]) or row[name] for name in DAYS if name in row}


# ----------------------------------------------------------------------------------------------------------- checks


def _check(study: Study, table: str, rows: pd.DataFrame) -> None:
    """Every cell must be what it must be when the study is read."""
    sheets = {name: Sheet(f"{name}.csv", getattr(study, name)) for name in ("units", "members", "posts")}
    sheets |= {"themes": Sheet("themes.csv", study.themes)} if len(study.themes) else {}
    demands = demands_of(sheets, study.schemes)[table]
    wrong = []
    for name, cells in rows.items():
        faults = check_cells(f"{table}.csv", str(name), cells, demands[name]) if name in demands else []
        wrong += [f"{name}: {fault.value!r}, {fault.expected}" for fault in faults]
        wrong += [
            f"{name}: {value!r}, must be text that no spreadsheet takes for a formula: no = + - @ in front"
            for value in (cells if name in FREE else ())
            if "\0" in value or value.startswith(FORMULA)
        ]
    together = check_records(Sheet(f"{table}.csv", rows), study.schemes)
    wrong += [f"{fault.column}: {fault.value!r}, {fault.expected}" for fault in together]
    if wrong:
        raise UsageError("\n".join(dict.fromkeys(wrong)))


# ---------------------------------------------------------------------------------------------------------- writing


def append(path: Path, table: str, rows: pd.DataFrame, known_digest: str) -> None:
    """Put rows behind the others: see `appended`."""
    with appended(path, table, rows, known_digest):
        pass


def no_formula(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


@contextmanager
def appended(path: Path, table: str, rows: pd.DataFrame, known_digest: str) -> Iterator[None]:
    """Put rows behind the others once the block has ended well, so that several tables are written, or none.

    The file is whole at every moment, and what stood in it stays byte for byte.

    Parameters
    ----------
    path : Path
        The table's file, made if it is not there.
    table : str
        A name of `REQUIRED`.
    rows : DataFrame
        Cells as str; what the checks of a study would say of them has been seen to.
    known_digest : str
        SHA-256 of the file as it was read, "" where there was none.

    Raises
    ------
    UsageError
        If the file is another one by now, somebody else writes it, or it lacks a column that is to be filled.
    """
    path = path.resolve()  # a link stays one
    fresh = path.with_name(f".{path.name}.new")
    try:
        target = fresh.open("xb")
    except FileExistsError:
        expected = f"is being written by somebody else; if nobody does, delete {fresh.name}"
        raise UsageError(f"{path.name}: {expected}") from None
    try:
        with target:
            raw = _unchanged(path, known_digest)
            target.write(_extended(raw, table, rows))
            target.flush()
            os.fsync(target.fileno())
        if raw:
            shutil.copymode(path, fresh)
        yield
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def _unchanged(path: Path, known_digest: str) -> bytes:
    """What stands in a file, none where there is no file; it must be what the study was read from."""
    raw = path.read_bytes() if path.is_file() else b""
    if known_digest != (hashlib.sha256(raw).hexdigest() if raw else ""):
        raise UsageError(f"{path.name}: was changed at this moment; try again")
    return raw


def _extended(raw: bytes, table: str, rows: pd.DataFrame) -> bytes:
    """The bytes of a table with more rows, in its encoding, with its line ends and in the order of its columns."""
    if not raw:
        columns = [*REQUIRED[table], *OPTIONAL.get(table, ())]
        header = ",".join(columns) + "\n"
        return BOM + (header + _lines(rows, columns, "\n")).encode()  # by the mark Excel knows that it is UTF-8
    text, encoding = _decoded(raw)
    columns = _header(text, table)
    for name in rows.columns.difference(columns, sort=False):
        for value in rows.loc[rows[name] != "", name].head(1):
            raise UsageError(f"{table}.csv: has no column {name}; add it to the header to write {value!r}")
    ends = LINE_END.search(text)
    end = ends[0] if ends else "\n"
    start = "" if text.endswith(("\n", "\r")) else end
    return raw + (start + _lines(rows, columns, end)).encode(encoding)


def _decoded(raw: bytes) -> tuple[str, str]:
    """Text of a table and its encoding: UTF-8, or else gb18030, as in reading."""
    try:
        return raw.removeprefix(BOM).decode(), "utf-8"
    except UnicodeDecodeError:
        return raw.decode("gb18030"), "gb18030"


def _header(text: str, table: str) -> list[str]:
    """The columns of a table in their order; offices put titles above them."""
    rows = islice(csv.reader(io.StringIO(text, newline="")), HEADER_WITHIN)
    named = ([cell.strip(BLANKS) for cell in cells] for cells in rows)
    return next(names for names in named if set(REQUIRED[table]) <= set(names))  # without it there were no study


def _lines(rows: pd.DataFrame, columns: list[str], end: str) -> str:
    """Rows as CSV; no cell holds a line end of Windows, so that those written here are the ends of rows."""
    text = rows.reindex(columns=columns, fill_value="").to_csv(header=False, index=False, lineterminator="\r\n")
    return text.replace("\r\n", end)

"""A platform's export as it was found: headings, and cells as text; a row is the header by what it says."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.faults import Fault, StudyError, UsageError
from toolkit.files import HEADER_WITHIN, read_grid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SUFFIXES = (".xlsx", ".csv", ".txt", ".tsv", ".sav")


@dataclass(frozen=True)
class Export:
    """One file of answers.

    Attributes
    ----------
    file : str
        Its name.
    headings : list of str
        Of each column; `labels` are what SPSS adds to the name of a variable, else blank.
    labels : list of str
    cells : DataFrame
        Cells as str, `""` for an empty one; a column for each heading, by its place; the index is the row number that
        Excel shows, of an SPSS file the number of the case.
    """

    file: str
    headings: list[str]
    labels: list[str]
    cells: pd.DataFrame


@dataclass(frozen=True)
class Raw:
    """A file before its header is known: every cell as text, and what SPSS adds to the names of its variables."""

    file: str
    grid: pd.DataFrame
    labels: dict[str, str]


def read_raw(path: Path, sheet: str = "") -> Raw:
    """Read the file of a platform: .xlsx, .csv (UTF-8 or gb18030; commas, semicolons or tabs), or .sav.

    Of a workbook the sheet that is named; else the only one that is shown and holds cells.

    Raises
    ------
    StudyError
        If it cannot be read.
    UsageError
        If it is of another kind, or has several sheets and none is named.
    """
    if path.suffix.casefold() not in SUFFIXES:
        raise UsageError(f"{path.name}: must be one of {', '.join(SUFFIXES)}; save it as .xlsx or .csv")
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file")
    return _read_sav(path) if path.suffix.casefold() == ".sav" else Raw(path.name, read_grid(path, sheet), {})


def headed(raw: Raw, known: Callable[[str], bool]) -> Export:
    """Find the header of a file.

    Parameters
    ----------
    raw : Raw
    known : callable
        Whether a heading means something. The header is that of the first rows that has most of those; titles may
        stand above it. It may have two rows, the upper one merged over several columns: 张三 over 德, 能, 勤.

    Raises
    ------
    StudyError
        If no row is a header.
    """
    place, headings = _header(raw, known)
    if not headings:
        # the cells are not shown: without a header the first of them are somebody's name and address
        expected = (
            f"must have a header row in which at least one question of the questionnaire stands, within its first "
            f"{HEADER_WITHIN} rows; it has {raw.grid.shape[1]} columns"
        )
        raise StudyError(raw.file, [Fault(raw.file, 1, "", "", expected)])
    cells = raw.grid.iloc[place:]
    filled = cells[(cells != "").any(axis=1)]
    return Export(raw.file, headings, [raw.labels.get(name, "") for name in headings], filled)


def _header(raw: Raw, known: Callable[[str], bool]) -> tuple[int, list[str]]:
    """How many rows end with the header, and its headings."""
    best: tuple[int, int, list[str]] = (0, 0, [])
    rows = raw.grid.head(HEADER_WITHIN + 1).to_numpy().tolist()
    for place, row in enumerate(rows[:HEADER_WITHIN]):
        tried = [(place + 1, row)]
        if place + 1 < len(rows):
            tried.append((place + 2, _joined(row, rows[place + 1])))
        for end, headings in tried:
            count = sum(known(name) or known(raw.labels.get(name, "")) for name in headings if name)
            if count > best[0]:
                best = count, end, headings
    return best[1], best[2]


def _joined(upper: list[str], lower: list[str]) -> list[str]:
    """Headings of two rows, of which the upper one stands over all columns up to the next."""
    held, headings = "", []
    for above, below in zip(upper, lower, strict=True):
        held = above or held
        headings.append(f"{held} {below}" if below else above)
    return headings


def _read_sav(path: Path) -> Raw:
    try:
        pyreadstat: Any = importlib.import_module("pyreadstat")
    except ModuleNotFoundError:
        raise UsageError(".sav needs pyreadstat: pip install toolkit[survey]") from None
    try:
        frame, about = pyreadstat.read_sav(str(path))  # what its user calls missing is
    except pyreadstat.ReadstatError as error:
        raise StudyError(path.name, [Fault(path.name, None, "", "", f"must be an SPSS file: {error}")]) from None
    names = list(frame.columns)
    columns = [[name, *_shown(frame[name], about.variable_value_labels.get(name, {}))] for name in names]
    grid = pd.DataFrame(dict(enumerate(columns)), dtype=str)
    return Raw(path.name, grid, {name: label for name, label in about.column_names_to_labels.items() if label})


def _shown(column: pd.Series[Any], labels: dict[Any, str]) -> list[str]:
    """Cells of a variable: what its value label says, else the number as it is written."""
    found = column.dropna().unique()
    shown = {value: labels.get(value, f"{value:.15g}" if isinstance(value, float) else str(value)) for value in found}
    return [shown.get(value, "") for value in column]

"""Finished reports, read as those read them to whom they are handed: tables and sentences of the pages."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from toolkit.documents.html_tables import html_lines, html_tables
from toolkit.faults import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from toolkit.documents.blocks import Table

PAGE, SCORES, WORD = "report.html", "scores.csv", "report.docx"


class Grid(NamedTuple):
    """A table as it is read: caption, titles of its columns, and cells."""

    caption: str
    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, table: Table) -> Grid:
        """The text of a table."""
        rows = tuple(tuple(" ".join(cell.split()) for cell in row) for row in table.rows)
        return cls(table.caption, tuple(column.title for column in table.columns), rows)


@dataclass(frozen=True)
class Page:
    """One report.

    Attributes
    ----------
    place : str
        Where it lies, below the folder of the reports.
    round, notebook, name : str
        Of which round; of which notebook (blank: the report of every unit, and the overview); of whom.
    tables : tuple of Grid
        Its tables.
    lines : tuple of str
        Its paragraphs and items of lists.
    scores : tuple of mapping
        Rows of the file of scores beside it.
    """

    place: str
    round: str
    notebook: str
    name: str
    tables: tuple[Grid, ...] = ()
    lines: tuple[str, ...] = ()
    scores: tuple[Mapping[str, str], ...] = ()


def read_pages(reports: Path, rounds: Iterable[str]) -> Iterator[Page]:
    """Read every report below a folder, one after the other.

    Parameters
    ----------
    reports : path
        `reports/STUDY`, a run (`reports/STUDY/ROUND` or `ROUND.NOTEBOOK`), or the folder of one unit or member.
    rounds : iterable of str
        The rounds of the study: a run is named by its round.

    Raises
    ------
    UsageError
        If there is no report, a run is of no round of the study, or a Word document beside a page has other tables.
    """
    known = sorted(rounds, key=len, reverse=True)
    found = sorted(reports.rglob(PAGE))
    if not found:
        raise UsageError(f"{reports}: no {PAGE} in it or below it")
    for path in found:
        run = path.parent.parent.name
        turn = next((name for name in known if run == name or run.startswith(f"{name}.")), None)
        if turn is None:
            raise UsageError(f"{path}: {run!r} is the run of no round of the study, which are {', '.join(known)}")
        yield _page(path, path.parent.relative_to(reports.parent), turn, run[len(turn) + 1 :])


def _page(path: Path, place: Path, turn: str, notebook: str) -> Page:
    html = path.read_text(encoding="utf-8")
    tables = tuple(map(Grid.of, html_tables(html))) if "<table" in html else ()
    word = path.with_name(WORD)
    if word.is_file():
        _compare(word, tables)
    beside = path.with_name(SCORES)
    text = beside.read_text(encoding="utf-8-sig") if beside.is_file() else ""
    rows = tuple(csv.DictReader(StringIO(text)))
    return Page(place.as_posix(), turn, notebook, path.parent.name, tables, html_lines(html), rows)


def _compare(word: Path, tables: tuple[Grid, ...]) -> None:
    """Check that a Word document holds the tables of its page: both are written from the same blocks."""
    from docx import Document  # noqa: PLC0415  (slow to import, and few runs have Word)

    told = {_cells([table.titles, *table.rows]) for table in tables}
    for table in Document(str(word)).tables:
        rows = [[cell.text for cell in row.cells] for row in table.rows]
        if _cells(rows) not in told:
            first = " | ".join(rows[0]) if rows else ""
            raise UsageError(f"{word}: the table {first!r} is not in {PAGE} beside it; the audit reads pages")


def _cells(rows: Iterable[Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(" ".join(cell.split()) for cell in row) for row in rows)

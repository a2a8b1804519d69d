"""A table of text that Jupyter shows, and how numbers are printed: the only place where they become text."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import compress
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from unicodedata import east_asian_width

import pandas as pd

from toolkit.reporting.privacy import DIGITS, settled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Align: TypeAlias = Literal["left", "right"]
Column: TypeAlias = tuple[str, Align, Any]
"""Title, alignment, and whether the column has something to show."""
DASH = "—"
TABLE_SCHEMA = "application/vnd.dataresource+json"


@dataclass(frozen=True)
class Table:
    """A table of text that Jupyter shows and `documents` carries into a report.

    Attributes
    ----------
    columns : tuple of (title, align)
        `align` is "left" or "right".
    rows : tuple of tuple of str
        Cells as they are read.
    caption, note : str
        What stands above and below.
    mark : tuple of int
        Rows to point out.
    """

    columns: tuple[tuple[str, Align], ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str
    note: str = ""
    mark: tuple[int, ...] = ()

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {"text/plain": self.plain(), "text/html": self.html(), TABLE_SCHEMA: self.resource()}

    def resource(self) -> dict[str, Any]:
        """The table as Table Schema (a Frictionless data resource)."""
        names = [f"c{place}" for place in range(len(self.columns))]
        schema = [
            {"name": name, "title": title, "type": "string", "align": align}
            for name, (title, align) in zip(names, self.columns, strict=True)
        ]
        return {
            "schema": {"fields": schema},
            "data": [dict(zip(names, row, strict=True)) for row in self.rows],
            "caption": self.caption,
            "note": self.note,
            "mark": list(self.mark),
        }

    def plain(self) -> str:
        """The table in a terminal's columns; Chinese characters are two columns wide."""
        lines = [tuple(title for title, _ in self.columns), *self.rows]
        widths = [max(_width(line[place]) for line in lines) for place in range(len(self.columns))]
        shown = [
            "  ".join(
                _padded(text, width, align) for text, width, (_, align) in zip(line, widths, self.columns, strict=True)
            ).rstrip()
            for line in lines
        ]
        return "\n".join(part for part in (self.caption, *shown, self.note) if part)

    def html(self) -> str:
        """The table as HTML for a notebook."""
        head = "".join(
            f'<th scope="col" style="text-align:{align}">{escape(title)}</th>' for title, align in self.columns
        )
        body = "".join(
            "<tr>"
            + "".join(
                f'<td style="text-align:{align}">{escape(cell)}</td>'
                for cell, (_, align) in zip(row, self.columns, strict=True)
            )
            + "</tr>"
            for row in self.rows
        )
        note = f"<p>{escape(self.note)}</p>" if self.note else ""
        caption = f"<caption>{escape(self.caption)}</caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _padded(text: str, width: int, align: str) -> str:
    space = " " * (width - _width(text))
    return space + text if align == "right" else text + space


def points(value: float | None) -> str:
    """A score as it is printed: one decimal, a dash where there is none."""
    return DASH if value is None or pd.isna(value) else f"{settled(value):.{DIGITS}f}"


def gap(value: float | None) -> str:
    """A difference as it is printed, with its sign; a dash where there is none."""
    return DASH if value is None or pd.isna(value) else f"{settled(value):+.{DIGITS}f}"


def span(low: float | None, high: float | None) -> str:
    """An interval as it is printed; ends that were made coarse are whole."""
    if low is None or high is None or pd.isna(low) or pd.isna(high):
        return DASH
    whole = float(low).is_integer() and float(high).is_integer()
    return f"{low:.0f}–{high:.0f}" if whole else f"{points(low)}–{points(high)}"


def whole(value: float | None) -> str:
    """A count as it is printed."""
    return DASH if value is None or pd.isna(value) else f"{value:.0f}"


def percent(part: float, base: float) -> str:
    """A part of a base in percent, a dash without a base."""
    return DASH if pd.isna(part) or not base > 0 else share(100 * part / base)


def amount(value: float | None) -> str:
    """Points of a ledger as they are printed: 2, 1.5, -2."""
    return DASH if value is None or pd.isna(value) else f"{value:.2f}".rstrip("0").rstrip(".")


def stars(value: float | None) -> str:
    """Stars as they are printed."""
    return DASH if value is None or pd.isna(value) else f"{value:.0f} ★"


def share(percent: float) -> str:
    """Percents as they are printed."""
    return DASH if pd.isna(percent) else f"{percent:.1f}%"


def weigh(weight: float) -> str:
    """A weight (0-1) as it is printed: as exact as it was written."""
    return DASH if pd.isna(weight) else f"{100 * weight:.4g}%"


def coefficient(value: float) -> str:
    """A coefficient between -1 and 1 as it is printed."""
    return DASH if pd.isna(value) else f"{value:.3f}"


def made(columns: Sequence[Column], rows: Iterable[Sequence[str]], caption: str, **more: Any) -> Table:  # noqa: ANN401
    """Make a table of those columns that have something to show: title, alignment, whether it is kept."""
    kept = [bool(keep) for _, _, keep in columns]
    titles = tuple((title, align) for title, align, keep in columns if keep)
    return Table(titles, tuple(tuple(compress(row, kept)) for row in rows), caption, **more)

"""How wide the columns of a table are on paper, so that all of them are on the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.documents.blocks import Table
    from toolkit.documents.layout import Layout

PADDING = 0.7
"""Space beside a text in its cell, left and right together, in em."""
LONG = 16.0
"""A text that is longer may be broken into lines, in em."""
MOST = 60.0
"""What there is room for beyond that goes to longer texts, up to this."""
SHORT = 4.0
"""A text that is shorter is not, and a title not into shorter lines, in em."""
LATIN = 0.58
"""Mean width of a character that is not Chinese, in em: digits of Noto Sans take 0.56, those of Times 0.5."""
BOLD = 0.64
"""Likewise of a bold one, as titles are."""
MONOSPACED = 0.61
"""Width of a character of a monospaced font, in em."""
TALLEST = 12
"""A row of more lines than this may be divided between two pages, and so may a table."""
_TOKEN = re.compile(r"[\u1100-\uffef]|[^ \u1100-\uffef]+")  # what a line cannot be broken within


@dataclass(frozen=True)
class Fit:
    """How a table lies on the page.

    Attributes
    ----------
    size : float
        Of its text, in pt.
    landscape : bool
        Whether it takes a page that is turned.
    widths : tuple of float
        Of its columns, in pt; together the width of the text.
    whole : tuple of bool
        Whether a row must not be divided between two pages.
    together : bool
        Whether the table must not.
    """

    size: float
    landscape: bool
    widths: tuple[float, ...]
    whole: tuple[bool, ...]
    together: bool


def fit(table: Table, layout: Layout, width: float | None = None) -> Fit:
    """Fit a table into the page: smaller where it is wide, and on a page that is turned where that is not enough.

    What is still too wide is squeezed, so that words are broken; nothing runs over the edge. A table inside a list or a
    note has only a `width` there, and no page of its own.
    """
    columns = [(column.title, column.align, [row[i] for row in table.rows]) for i, column in enumerate(table.columns)]
    least = [_least(*column) + PADDING for column in columns]
    best = [
        max(_best(title, cells, LONG) + PADDING, low) for (title, _, cells), low in zip(columns, least, strict=True)
    ]
    most = [
        max(_best(title, cells, MOST) + PADDING, low) for (title, _, cells), low in zip(columns, least, strict=True)
    ]
    upright = layout.width if width is None else width
    turned = layout.turned if width is None and layout.turns else upright
    for size, room in ((layout.table, upright), (layout.small, upright), (layout.small, turned)):
        if sum(least) * size <= room:
            break
    widths = _shared(room / size, least, best, most)
    lines = [max(map(_lines, row, widths), default=1) for row in table.rows]
    points = tuple(round(size * each, 2) for each in widths)
    whole = tuple(count <= TALLEST for count in lines)
    return Fit(size, room > upright, points, whole, together=sum(lines) <= TALLEST)


def monospaced_size(text: str, layout: Layout, width: float) -> float:
    """Size in pt at which a text's longest line stands in the width, between 6 and that of notes."""
    longest = max((length(line, latin=MONOSPACED) for line in text.splitlines()), default=0.0)
    return round(min(layout.note, max(6.0, 0.96 * width / longest)), 2) if longest else layout.note


def length(text: str, *, latin: float = LATIN) -> float:
    """Length of a line in em; Chinese characters are square."""
    return sum(1.0 if east_asian_width(character) in "WFA" else latin for character in text)


def _least(title: str, align: str, cells: Sequence[str]) -> float:
    """Width without which a column is hard to read: numbers stand in one line, texts are broken between words."""
    words = (length(token) for text in cells for token in _TOKEN.findall(text))
    longest = max(*(length(token, latin=BOLD) for token in _TOKEN.findall(title)), *words, 0.0, 0.0)
    if align == "right":
        return max(longest, min(length(title), SHORT), *map(length, cells), 0.0)
    return max(longest, *(min(length(text), SHORT) for text in (title, *cells)))


def _best(title: str, cells: Sequence[str], most: float) -> float:
    """Width at which every text of a column stands in one line, unless that takes too much."""
    return max(min(length(text), most) for text in (title, *cells))


def _shared(width: float, *widths: Sequence[float]) -> list[float]:
    """The width divided between columns, all of it: what each needs, then what is good for it, then in proportion."""
    if sum(widths[0]) > width:
        return [width * each / sum(widths[0]) for each in widths[0]]
    for few, many in pairwise(widths):
        if sum(many) > width:
            share = (width - sum(few)) / (sum(many) - sum(few))
            return [less + share * (more - less) for less, more in zip(few, many, strict=True)]
    return [width * each / sum(widths[-1]) for each in widths[-1]]


def _lines(text: str, width: float) -> int:
    return int(length(text) / max(width - PADDING, 1)) + 1

"""What a document is made of: headings, prose, tables and figures, the same for every format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Align: TypeAlias = Literal["left", "right", "center"]


class DocumentError(ValueError):
    """A notebook holds something that a document cannot carry; the message names the cell."""


@dataclass(frozen=True)
class Heading:
    """A heading in plain text; level 1 is the highest."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of inline markdown (emphasis, code, links); raw HTML in it is text."""

    markdown: str


@dataclass(frozen=True)
class ListBlock:
    """A list; an item holds blocks, so that lists nest."""

    ordered: bool
    items: tuple[tuple[Block, ...], ...]


@dataclass(frozen=True)
class Note:
    """An aside, set apart from the text: markdown's block quote."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Preformatted:
    """Text whose line breaks and spaces stand as they are."""

    text: str


@dataclass(frozen=True)
class Column:
    """A column of a table; the cells of a `header` column name their rows."""

    title: str
    align: Align = "left"
    header: bool = False


@dataclass(frozen=True)
class Table:
    """A table of display strings; `marked` holds the positions of the rows to highlight."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    note: str = ""
    marked: frozenset[int] = frozenset()

    @property
    def heads(self) -> frozenset[int]:
        """Positions of the columns that name their rows: those said to, else the first column of words with a title."""
        said = [place for place, column in enumerate(self.columns) if column.header]
        words = [place for place, column in enumerate(self.columns) if column.align == "left" and column.title]
        return frozenset(said or words[:1])


@dataclass(frozen=True)
class Figure:
    """A figure as clean SVG, as PNG, or as both; `svg` and `png` are empty where there is none."""

    svg: str = ""
    alt: str = ""
    caption: str = ""
    png: bytes = b""


Block: TypeAlias = Heading | Paragraph | ListBlock | Note | Preformatted | Table | Figure


@dataclass(frozen=True)
class Document:
    """The blocks of a report in reading order, and how many warnings (stderr streams) were left out of it.

    `cells` holds the number of the cell that each block came from; it is empty for a document of no notebook.
    """

    blocks: tuple[Block, ...]
    warnings: int = 0
    cells: tuple[int, ...] = ()


def walk(blocks: Iterable[Block]) -> Iterator[Block]:
    """All blocks, those inside lists and notes too."""
    for block in blocks:
        yield block
        if isinstance(block, ListBlock):
            yield from walk(inner for item in block.items for inner in item)
        elif isinstance(block, Note):
            yield from walk(block.blocks)

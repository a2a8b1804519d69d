"""The outline of a document on paper: its title, and headings that a reader's list of contents can follow."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from toolkit.documents.blocks import Figure, Heading, Paragraph, Preformatted, Table, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from toolkit.documents.blocks import Block, Document

COUNTED = (Heading, Paragraph, Preformatted, Table, Figure)


def outlined(document: Document, title: str) -> list[tuple[int, Block]]:
    """The blocks of a document, each with the number of its cell (0 where that is not known).

    A first heading that only repeats the title is left out. Headings begin at level 1 and go down one by one,
    whatever the notebook's: PDF/UA-1 refuses an outline that skips a level.

    Examples
    --------
    >>> from toolkit.documents.blocks import Document, Heading
    >>> headings = (Heading(1, "A"), Heading(2, "B"), Heading(4, "C"), Heading(3, "D"))
    >>> [(block.level, block.text) for _, block in outlined(Document(headings), title="A")]
    [(1, 'B'), (2, 'C'), (2, 'D')]
    """
    blocks = list(zip(document.cells or (0,) * len(document.blocks), document.blocks, strict=True))
    match blocks:
        case [(_, Heading(text=text)), *rest] if text == title:
            blocks = rest
    above: list[int] = []  # levels of the headings over the one we are at
    found: list[tuple[int, Block]] = []
    for cell, block in blocks:
        if isinstance(block, Heading):
            above = [level for level in above if level < block.level] + [block.level]
            found.append((cell, replace(block, level=len(above))))
        else:
            found.append((cell, block))
    return found


def tally(blocks: Iterable[Block]) -> Counter[str]:
    """How many headings, paragraphs, texts as they stand, tables, cells of tables and figures there are."""
    found: Counter[str] = Counter()
    for block in walk(blocks):
        if isinstance(block, COUNTED):
            found[type(block).__name__.lower()] += 1
        if isinstance(block, Table):
            found["cell"] += (len(block.rows) + has_head(block)) * len(block.columns)
    return found


def has_head(table: Table) -> bool:
    """Whether a table has a row of titles."""
    return any(column.title for column in table.columns)

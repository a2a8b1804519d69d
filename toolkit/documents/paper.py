"""A document laid out on paper: what the templates of Word and PDF fill in, the same for both."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from toolkit.documents.blocks import (
    DocumentError,
    Figure,
    Heading,
    ListBlock,
    Note,
    Paragraph,
    Preformatted,
    Table,
    walk,
)  # fmt: skip
from toolkit.documents.layout import GUTTER
from toolkit.documents.markdown import spans
from toolkit.documents.outline import has_head, outlined, tally
from toolkit.documents.pictures import as_svg, figure_size
from toolkit.documents.widths import fit, monospaced_size
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from toolkit.documents.blocks import Block, Document
    from toolkit.documents.layout import Layout
    from toolkit.documents.markdown import Span

Data = dict[str, Any]
# What no page can hold: controls, halves of surrogate pairs and what is no character.
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_WHITE = re.compile(r"[ \t\n\r\f\v]+")


def lay_out(document: Document, *, title: str, layout: Layout) -> Data:
    """Lay a document out.

    Parameters
    ----------
    document
        The blocks to write.
    title
        The title of the document; a first heading that only repeats it is left out.
    layout
        The page, see `layout_of`.

    Returns
    -------
    dict
        `title`, `language`, `layout`, `counts` (see `tally`), and `pages`: stretches of pages that are alike, each with
        `landscape`, `columns` and `blocks`. A block has its `kind`, the number of its `cell`, and texts that can be
        printed as they are.

    Raises
    ------
    DocumentError
        If a block cannot be carried; the message names the cell.
    """
    blocks = outlined(document, title)
    last = _last_section(blocks) if layout.last_apart else len(blocks)
    texts = not any(isinstance(block, Table | Figure) for block in walk(block for _, block in blocks[last:]))
    laid = [_placed(cell, block, layout, layout.width) for cell, block in blocks[:last]]
    apart = [_placed(cell, block, layout, layout.column if texts else layout.width) for cell, block in blocks[last:]]
    pages = _pages(laid)
    if apart:
        pages += [{**page, "columns": 2 if texts else 1} for page in _pages(apart)]
    return {
        "title": line(title) or words(layout.language)("Report"),
        "language": layout.language,
        "layout": layout,
        "gutter": GUTTER,
        "counts": dict(tally(block for _, block in blocks)),
        "pages": pages,
    }


def blame(data: Data, attempt: Callable[[Data], object], fault: DocumentError) -> DocumentError:
    """The fault again, naming the first cell whose blocks cannot be written alone."""
    for page in data["pages"]:
        for block in page["blocks"]:
            try:
                attempt(data | {"counts": {}, "pages": [page | {"blocks": [block | {"level": 1}]}]})
            except DocumentError as own:
                return DocumentError(f"cell {block['cell']}: {own}")
    return fault


def _last_section(blocks: Sequence[tuple[int, Block]]) -> int:
    """Where the last section begins; after the last block if there are not two."""
    sections = [place for place, (_, block) in enumerate(blocks) if isinstance(block, Heading) and block.level == 1]
    return sections[-1] if len(sections) > 1 else len(blocks)


def _placed(cell: int, block: Block, layout: Layout, width: float) -> Data:
    try:
        return _laid(block, layout, width) | {"cell": cell}
    except DocumentError as fault:
        raise DocumentError(f"cell {cell}: {fault}") from fault


def _pages(blocks: Iterable[Data]) -> list[Data]:
    """Stretches of one orientation; headings go with the table before which they stand."""
    pages: list[Data] = [{"landscape": False, "columns": 1, "blocks": []}]
    for block in blocks:
        landscape = block.get("landscape", False)
        if landscape != pages[-1]["landscape"]:
            moved: list[Data] = []
            while landscape and pages[-1]["blocks"] and pages[-1]["blocks"][-1]["kind"] == "heading":
                moved.insert(0, pages[-1]["blocks"].pop())
            pages.append({"landscape": landscape, "columns": 1, "blocks": moved})
        pages[-1]["blocks"].append(block)
    return pages


def _laid(block: Block, layout: Layout, width: float) -> Data:
    narrow = width - 2 * layout.body
    match block:
        case Heading(level, text):
            data: Data = {"level": level, "text": line(text)}
        case Paragraph(markdown):
            pieces = spans(markdown)
            leads = bool(pieces) and all(piece.strong for piece in pieces)  # a heading in all but name
            data = {"leads": leads, "spans": [vars(piece) | {"text": _inline(piece)} for piece in pieces]}
        case ListBlock(ordered, items):
            data = {"ordered": ordered, "items": [_inside(item, layout, narrow) for item in items]}
        case Note(blocks):
            data = {"blocks": _inside(blocks, layout, narrow)}
        case Preformatted(text):
            text = _printable("\n".join(text.expandtabs().splitlines()))
            data = {"text": text, "size": monospaced_size(text, layout, width)}
        case Table():
            data = _table(block, layout, width)
        case Figure():
            data = _figure(block, layout, width)
    return {"kind": type(block).__name__.lower(), **data}


def _inside(blocks: Sequence[Block], layout: Layout, width: float) -> list[Data]:
    return [_laid(block, layout, width) for block in blocks]


def _table(table: Table, layout: Layout, width: float) -> Data:
    if not table.columns:
        raise DocumentError("a table without columns")
    return {
        **vars(fit(table, layout, None if width == layout.width else width)),
        "aligns": [column.align for column in table.columns],
        "head": [line(column.title) for column in table.columns] if has_head(table) else [],
        "rows": [[line(cell) for cell in row] for row in table.rows],
        "marked": sorted(table.marked),
        "caption": line(table.caption),
        "note": line(table.note),
    }


def _figure(figure: Figure, layout: Layout, width: float) -> Data:
    across, down = figure_size(figure, layout, width)
    return {
        "svg": as_svg(figure),
        "png": "" if figure.svg else b64encode(figure.png).decode(),
        "width": across,
        "height": down,
        "alt": line(figure.alt or figure.caption or words(layout.language)("Figure")),
        "caption": line(figure.caption),
    }


def line(text: str) -> str:
    """A text as one line: white space is one space, as in HTML, and controls are left out."""
    return _WHITE.sub(" ", _printable(text)).strip()


def _inline(span: Span) -> str:
    return span.text if span.text == "\n" else _WHITE.sub(" ", _printable(span.text))


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("", text)

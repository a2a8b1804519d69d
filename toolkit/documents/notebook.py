"""An executed notebook as a document: read into blocks once, written from the same blocks in every format.

The notebook is the one truth. Its outputs are standard MIME bundles (a table as Table Schema, a figure as SVG),
so `read` takes any executed notebook, and whatever it cannot carry into a document it refuses by cell number:
a report that lost a table without a word would be worse than none.
"""

from __future__ import annotations

import re
from base64 import b64decode
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast, get_args

from toolkit.documents.blocks import (
    Align,
    Block,
    Column,
    Document,
    DocumentError,
    Figure,
    Preformatted,
    Table,
    walk,
)
from toolkit.documents.html_tables import html_tables
from toolkit.documents.markdown import markdown_blocks, tables_in_markdown
from toolkit.documents.svg import clean_svg

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nbformat import NotebookNode

HIDDEN_TAGS = {"remove_cell", "parameters", "injected-parameters"}


class Mime(StrEnum):
    """What a document can carry, richest first."""

    TABLE = "application/vnd.dataresource+json"
    SVG = "image/svg+xml"
    PNG = "image/png"
    MARKDOWN = "text/markdown"
    HTML = "text/html"
    PLAIN = "text/plain"


_TERMINAL_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def read(notebook: NotebookNode) -> Document:
    """Read an executed notebook into the blocks of a document.

    Code is never shown, and cells tagged `remove_cell`, `parameters` or `injected-parameters` contribute nothing.

    Parameters
    ----------
    notebook
        An executed notebook, format 4.

    Raises
    ------
    DocumentError
        If a cell failed, or holds something that a document cannot carry, or if the tables and figures of the
        document are not as many as those of the notebook.
    """
    blocks: list[Block] = []
    cells: list[int] = []
    expected = {Table: 0, Figure: 0}
    warnings = 0
    for number, cell in enumerate(notebook.cells, start=1):
        try:
            _refuse_failure(cell)
            for position, part in enumerate(_parts(cell), start=1):
                warnings += _is_warning(part)
                expected[Table] += _tables_in(part)
                expected[Figure] += _carrier(part) in {Mime.SVG, Mime.PNG}
                found = blocks_of(part, prefix=f"c{number}o{position}")
                blocks.extend(found)
                cells.extend([number] * len(found))
        except DocumentError as fault:
            raise DocumentError(f"cell {number}: {fault}") from fault
    for kind, count in expected.items():
        carried = sum(isinstance(block, kind) for block in walk(blocks))
        if carried != count:
            raise DocumentError(f"{kind.__name__.lower()}s: {count} in the notebook, {carried} in the document")
    return Document(tuple(blocks), warnings, tuple(cells))


def _refuse_failure(cell: NotebookNode) -> None:
    """A failure stops the reading even in a hidden cell: what follows it was not computed."""
    for output in cell.get("outputs", ()):
        if output.output_type == "error":
            raise DocumentError(f"failed with {output.ename}: {output.evalue}")


def _parts(cell: NotebookNode) -> Iterator[Mapping[str, Any]]:
    """What a cell shows, as outputs: its own text, if it is prose, counts as a display of markdown."""
    if HIDDEN_TAGS & set(cell.metadata.get("tags", ())):
        return
    if cell.cell_type == "markdown":
        yield {"output_type": "display_data", "data": {Mime.MARKDOWN: cell.source}, "metadata": {}}
    yield from cell.get("outputs", ())


def _is_warning(part: Mapping[str, Any]) -> bool:
    return bool(part["output_type"] == "stream" and part["name"] == "stderr")


def _carrier(part: Mapping[str, Any]) -> Mime | None:
    """The richest MIME type of an output that a document can carry; None for a stream or an empty output."""
    data = part.get("data", {})
    if not data:
        return None
    found = next((mime for mime in Mime if mime in data), None)
    # Beside a type that is not carried, plain text is only its stand-in ("<IPython.core.display.Javascript object>").
    if found is None or (found is Mime.PLAIN and set(data) != {Mime.PLAIN}) or any("widget" in mime for mime in data):
        raise DocumentError(f"cannot be carried into a document: {', '.join(sorted(data))}")
    return found


def _tables_in(part: Mapping[str, Any]) -> int:
    """The tables of an output, counted without reading them."""
    match _carrier(part):
        case Mime.TABLE:
            return 1
        case Mime.HTML:
            return len(re.findall(r"<table\b", part["data"][Mime.HTML], re.IGNORECASE))
        case Mime.MARKDOWN:
            return tables_in_markdown(part["data"][Mime.MARKDOWN])
    return 0


def blocks_of(part: Mapping[str, Any], prefix: str) -> tuple[Block, ...]:
    """The blocks of one output; `prefix` makes the ids of its figure unique in the document."""
    carrier = _carrier(part)
    if carrier is None:
        return preformatted("" if _is_warning(part) else part.get("text", ""))
    content = part["data"][carrier]
    match carrier:
        case Mime.TABLE:
            return (_schema_table(content),)
        case Mime.SVG | Mime.PNG:
            return (_figure(part, prefix),)
        case Mime.MARKDOWN:
            return markdown_blocks(content)
        case Mime.HTML:
            return html_tables(content)
        case Mime.PLAIN:
            return preformatted(content)


def preformatted(text: str) -> tuple[Block, ...]:
    """A text as it stands, without the colours of a terminal; nothing if it is blank."""
    text = _TERMINAL_COLOURS.sub("", text).strip("\n")
    return (Preformatted(text),) if text.strip() else ()


def _schema_table(resource: Mapping[str, Any]) -> Table:
    """A Table Schema resource; its values are display strings already."""
    try:
        schema, data = resource["schema"], resource["data"]
        keys = schema.get("primaryKey", ())
        keys = {keys} if isinstance(keys, str) else set(keys)
        names = [field["name"] for field in schema["fields"]]
        rows = tuple(tuple(_text(row[name]) for name in names) for row in data)
        columns = tuple(
            Column(_text(field.get("title", field["name"])), _schema_align(field), field["name"] in keys)
            for field in schema["fields"]
        )
    except (KeyError, TypeError, AttributeError) as fault:
        raise DocumentError(f"a table that is not a Table Schema resource ({fault!r})") from fault
    marked = frozenset(resource.get("mark", ()))
    if not marked <= set(range(len(rows))):
        raise DocumentError(f"a table of {len(rows)} rows marks row {max(marked)}")
    return Table(columns, rows, resource.get("caption", ""), resource.get("note", ""), marked)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _schema_align(field: Mapping[str, Any]) -> Align:
    align = field.get("align", "right" if field.get("type") in {"number", "integer"} else "left")
    if align not in get_args(Align):
        raise DocumentError(f"a table with align: {align!r}, must be one of {', '.join(get_args(Align))}")
    return cast("Align", align)


def _figure(part: Mapping[str, Any], prefix: str) -> Figure:
    data = part["data"]
    metadata = {**part["metadata"].get(Mime.PNG, {}), **part["metadata"].get(Mime.SVG, {})}
    svg = clean_svg(data[Mime.SVG], prefix) if Mime.SVG in data else ""
    png = _png(data[Mime.PNG]) if Mime.PNG in data else b""
    return Figure(svg, metadata.get("alt", ""), metadata.get("caption", ""), png)


def _png(text: str) -> bytes:
    try:
        png = b64decode(text)
    except ValueError as fault:
        raise DocumentError(f"a PNG that is not base64 ({fault})") from fault
    if not png.startswith(b"\x89PNG\r\n"):
        raise DocumentError("a PNG that is none")
    return png

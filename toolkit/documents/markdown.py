"""Prose: markdown as blocks, and the markup within a paragraph as HTML."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from toolkit.documents.blocks import Column, DocumentError, Heading, ListBlock, Note, Paragraph, Preformatted, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from toolkit.documents.blocks import Align, Block


def markdown_blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a text in markdown (CommonMark with tables); raw HTML in it is text."""
    return _prose(SyntaxTreeNode(_markdown().parse(text)).children)


def tables_in_markdown(text: str) -> int:
    """How many tables a text in markdown holds."""
    if "|" not in text:  # no table is without one, and parsing takes longer than all else
        return 0
    return sum(token.type == "table_open" for token in _markdown().parse(text))


def inline_html(text: str) -> str:
    """Inline markdown as HTML."""
    return str(_markdown().renderInline(text))


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _prose(nodes: Iterable[SyntaxTreeNode]) -> tuple[Block, ...]:
    return tuple(_prose_block(node) for node in nodes if node.type != "hr")


def _prose_block(node: SyntaxTreeNode) -> Block:
    if any(inner.type == "image" for inner in node.walk()):
        raise DocumentError("a picture in markdown cannot be carried into a document; display the figure instead")
    match node.type:
        case "heading":
            return Heading(int(node.tag[1:]), _plain(node))
        case "bullet_list" | "ordered_list":
            items = tuple(_prose(item.children) for item in node.children)
            return ListBlock(ordered=node.type == "ordered_list", items=items)
        case "blockquote":
            return Note(_prose(node.children))
        case "fence" | "code_block":
            return Preformatted(node.content.rstrip("\n"))
        case "table":
            return _markdown_table(node)
        case "paragraph":
            return Paragraph(node.children[0].content)
    raise DocumentError(f"markdown: {node.type} cannot be carried into a document")


def _plain(node: SyntaxTreeNode) -> str:
    """The text of a block without its markup."""
    breaks = {"softbreak": " ", "hardbreak": " "}
    texts = {"text", "code_inline", *breaks}
    return "".join(breaks.get(inner.type, inner.content) for inner in node.walk() if inner.type in texts)


def _markdown_table(node: SyntaxTreeNode) -> Table:
    head, *body = (row.children for part in node.children for row in part.children)
    columns = tuple(Column(_plain(cell), _markdown_align(cell)) for cell in head)
    return Table(columns, rows=tuple(tuple(_plain(cell) for cell in row) for row in body))


def _markdown_align(cell: SyntaxTreeNode) -> Align:
    name = str(cell.attrs.get("style", "")).removeprefix("text-align:")
    return "right" if name == "right" else "center" if name == "center" else "left"

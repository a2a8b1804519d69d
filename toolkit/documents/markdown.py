"""Prose: markdown as blocks, and the markup within a paragraph as HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from toolkit.documents.blocks import Column, DocumentError, Heading, ListBlock, Note, Paragraph, Preformatted, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from markdown_it.token import Token

    from toolkit.documents.blocks import Align, Block


_CHINESE = re.compile("[\u2e80-\u9fff\uf900-\uffef]")


@dataclass(frozen=True)
class Span:
    """A piece of a paragraph that looks alike; a text that is a line feed is the end of a line."""

    text: str
    strong: bool = False
    emphasis: bool = False
    code: bool = False
    link: str = ""


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


def spans(text: str) -> tuple[Span, ...]:
    """Inline markdown as pieces of text.

    Where the source breaks a line stands a space, and between two Chinese characters nothing.

    Examples
    --------
    >>> [(span.text, span.strong) for span in spans("共 **28** 名")]
    [('共 ', False), ('28', True), (' 名', False)]
    """
    (paragraph,) = _markdown().parseInline(text)
    return tuple(_spans(paragraph.children or []))


def _spans(tokens: list[Token]) -> Iterator[Span]:
    open_marks: list[str] = []
    links: list[str] = []
    for place, token in enumerate(tokens):
        match token.type:
            case "strong_open" | "em_open":
                open_marks.append(token.tag)
            case "strong_close" | "em_close":
                open_marks.remove(token.tag)
            case "link_open":
                links.append(str(token.attrs.get("href", "")))
            case "link_close":
                links.pop()
            case _ if text := _text_of(token, tokens, place):
                strong, emphasis = "strong" in open_marks, "em" in open_marks
                yield Span(text, strong, emphasis, token.type == "code_inline", links[-1] if links else "")


def _text_of(token: Token, tokens: list[Token], place: int) -> str:
    if token.type == "hardbreak":
        return "\n"
    if token.type == "softbreak":
        before = "".join(each.content for each in tokens[:place])[-1:]
        after = "".join(each.content for each in tokens[place + 1 :])[:1]
        return "" if _CHINESE.match(before) and _CHINESE.match(after) else " "
    return token.content


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

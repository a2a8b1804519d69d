"""Tables that come as HTML, as pandas or statsmodels make them."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, ClassVar
from xml.etree import ElementTree as ET

from toolkit.documents.blocks import Column, DocumentError, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBER = re.compile(r"[-+−]?[\d,]*\.?\d+(e[-+]?\d+)?%?|NaN|", re.IGNORECASE)


class _TreeParser(HTMLParser):
    """Parses an HTML fragment into an element tree, closing what HTML lets stand open."""

    VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
    CLOSED_BY: ClassVar = {"td": {"td", "th"}, "th": {"td", "th"}, "tr": {"td", "th", "tr"}}

    def __init__(self) -> None:
        super().__init__()
        self.root = ET.Element("fragment")
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        while self.open[-1].tag in self.CLOSED_BY.get(tag, ()):
            self.open.pop()
        element = ET.SubElement(self.open[-1], tag, {name: value or "" for name, value in attrs})
        if tag not in self.VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if any(element.tag == tag for element in self.open[1:]):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        parent = self.open[-1]
        if len(parent):
            parent[-1].tail = (parent[-1].tail or "") + data
        else:
            parent.text = (parent.text or "") + data


def _parsed(html: str) -> ET.Element:
    parser = _TreeParser()
    parser.feed(html)
    parser.close()
    return parser.root


def html_tables(html: str) -> tuple[Table, ...]:
    """The tables of an HTML output, as pandas or statsmodels make them; text around them is the last one's note."""
    root = _parsed(html)
    tables = [_html_table(element) for element in root.iter("table")]
    if not tables:
        raise DocumentError("text/html without a table cannot be carried into a document")
    tables[-1] = replace(tables[-1], note=" ".join(_text_outside(root, {"table", "style", "script"}).split()))
    return tuple(tables)


def html_text(html: str) -> str:
    """What a fragment of HTML says, without its markup, styles and scripts."""
    return " ".join(_text_outside(_parsed(html), {"style", "script"}).split())


def html_lines(html: str) -> tuple[str, ...]:
    """The paragraphs, headings and items of lists of a page, one by one, without tables and figures."""
    found: list[str] = []
    waiting = [_parsed(html)]
    while waiting:
        element = waiting.pop()
        if element.tag in {"p", "li", "h1", "h2", "h3", "h4"}:
            found.append(_flat_text(element))
        elif element.tag not in {"table", "style", "script", "svg", "figure", "head"}:
            waiting += reversed(element)
    return tuple(filter(None, found))


def _text_outside(element: ET.Element, excluded: set[str]) -> str:
    if element.tag in excluded:
        return ""
    return (element.text or "") + "".join(_text_outside(inner, excluded) + (inner.tail or "") for inner in element)


def _html_table(element: ET.Element) -> Table:
    if element.find(".//table") is not None:
        raise DocumentError("a table in a table cannot be carried into a document")
    rows = list(element.iter("tr"))
    head = len(list(element.iterfind("thead/tr")))
    grid = _grid(rows)
    # Several head rows (a name of the index, levels of columns) become one: "level / sublevel".
    titles = [" / ".join(dict.fromkeys(filter(None, column))) for column in zip(*grid[:head], strict=True)]
    titles = titles or [""] * len(grid[0] if grid else ())
    cells = list(zip(*grid[head:], strict=True)) or [()] * len(titles)
    names = sum(_span(cell, "colspan") for cell in rows[head].iterfind("th")) if rows[head:] else 0
    columns = tuple(
        Column(title, "right" if all(map(_NUMBER.fullmatch, column)) else "left", header=position < names)
        for position, (title, column) in enumerate(zip(titles, cells, strict=True))
    )
    return Table(columns, tuple(grid[head:]), caption=_flat_text(element.find("caption")))


def _grid(rows: Sequence[ET.Element]) -> list[tuple[str, ...]]:
    """Rows of texts of one length: a cell over several columns is repeated, below itself it leaves blanks."""
    taken: dict[tuple[int, int], str] = {}
    for y, row in enumerate(rows):
        x = 0
        for cell in row:
            while (y, x) in taken:
                x += 1
            width, height = _span(cell, "colspan"), min(_span(cell, "rowspan"), len(rows) - y)
            for below in range(height):
                for beside in range(width):
                    taken[y + below, x + beside] = "" if below else _flat_text(cell)
    width = max((x for _, x in taken), default=-1) + 1
    return [tuple(taken.get((y, x), "") for x in range(width)) for y in range(len(rows))]


def _span(cell: ET.Element, name: str) -> int:
    value = cell.get(name, "")
    return min(max(int(value), 1), 1000) if value.isdecimal() else 1  # 1000 is the limit of HTML itself


def _flat_text(element: ET.Element | None) -> str:
    return "" if element is None else " ".join("".join(element.itertext()).split())

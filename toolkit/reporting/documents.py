"""An executed notebook as a document: read into blocks once, written from the same blocks in every format.

The notebook is the one truth. Its outputs are standard MIME bundles (a table as Table Schema, a figure as SVG),
so `read` takes any executed notebook, and whatever it cannot carry into a document it refuses by cell number:
a report that lost a table without a word would be worse than none.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from copy import copy
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, partial
from html import escape
from html.parser import HTMLParser
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, cast, get_args
from xml.etree import ElementTree as ET

from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable
from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fontTools.ttLib.tables.DefaultTable import DefaultTable
    from nbformat import NotebookNode

Align: TypeAlias = Literal["left", "right", "center"]

LOCALES = {"zh": "zh-CN", "en": "en"}


class DocumentError(ValueError):
    """A notebook holds something that a document cannot carry; the message names the cell."""


# Blocks ---------------------------------------------------------------------------------------------------------


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
    """The blocks of a report in reading order, and how many warnings (stderr streams) were left out of it."""

    blocks: tuple[Block, ...]
    warnings: int = 0


# From the notebook ----------------------------------------------------------------------------------------------

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
    expected = {Table: 0, Figure: 0}
    warnings = 0
    for number, cell in enumerate(notebook.cells, start=1):
        try:
            _refuse_failure(cell)
            for position, part in enumerate(_parts(cell), start=1):
                warnings += _is_warning(part)
                expected[Table] += _tables_in(part)
                expected[Figure] += _carrier(part) in {Mime.SVG, Mime.PNG}
                blocks.extend(_blocks(part, prefix=f"c{number}o{position}"))
        except DocumentError as fault:
            raise DocumentError(f"cell {number}: {fault}") from fault
    for kind, count in expected.items():
        found = sum(isinstance(block, kind) for block in _walk(blocks))
        if found != count:
            raise DocumentError(f"{kind.__name__.lower()}s: {count} in the notebook, {found} in the document")
    return Document(tuple(blocks), warnings)


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
            return sum(token.type == "table_open" for token in _markdown().parse(part["data"][Mime.MARKDOWN]))
    return 0


def _walk(blocks: Iterable[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, ListBlock):
            yield from _walk(inner for item in block.items for inner in item)
        elif isinstance(block, Note):
            yield from _walk(block.blocks)


def _blocks(part: Mapping[str, Any], prefix: str) -> tuple[Block, ...]:
    """The blocks of one output; `prefix` makes the ids of its figure unique in the document."""
    carrier = _carrier(part)
    if carrier is None:
        return _preformatted("" if _is_warning(part) else part.get("text", ""))
    content = part["data"][carrier]
    match carrier:
        case Mime.TABLE:
            return (_schema_table(content),)
        case Mime.SVG | Mime.PNG:
            return (_figure(part, prefix),)
        case Mime.MARKDOWN:
            return _prose(SyntaxTreeNode(_markdown().parse(content)).children)
        case Mime.HTML:
            return _html_tables(content)
        case Mime.PLAIN:
            return _preformatted(content)


def _preformatted(text: str) -> tuple[Block, ...]:
    text = _TERMINAL_COLOURS.sub("", text).strip("\n")
    return (Preformatted(text),) if text.strip() else ()


# Prose ----------------------------------------------------------------------------------------------------------


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


# Tables ---------------------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"[-+−]?[\d,]*\.?\d+(e[-+]?\d+)?%?|NaN|", re.IGNORECASE)


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


def _html_tables(html: str) -> tuple[Table, ...]:
    """The tables of an HTML output, as pandas or statsmodels make them; text around them is the last one's note."""
    parser = _TreeParser()
    parser.feed(html)
    parser.close()
    tables = [_html_table(element) for element in parser.root.iter("table")]
    if not tables:
        raise DocumentError("text/html without a table cannot be carried into a document")
    tables[-1] = replace(tables[-1], note=" ".join(_text_outside_tables(parser.root).split()))
    return tuple(tables)


def _text_outside_tables(element: ET.Element) -> str:
    if element.tag in {"table", "style", "script"}:
        return ""
    return (element.text or "") + "".join(_text_outside_tables(inner) + (inner.tail or "") for inner in element)


def _html_table(element: ET.Element) -> Table:
    rows = list(element.iter("tr"))
    head = len(list(element.iterfind("thead/tr")))
    grid = _grid(rows)
    # Several head rows (a name of the index, levels of columns) become one: "level / sublevel".
    titles = [" / ".join(dict.fromkeys(filter(None, column))) for column in zip(*grid[:head], strict=True)]
    titles = titles or [""] * len(grid[0] if grid else ())
    cells = list(zip(*grid[head:], strict=True)) or [()] * len(titles)
    names = sum(int(cell.get("colspan", 1)) for cell in rows[head].iterfind("th")) if rows[head:] else 0
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


# Figures --------------------------------------------------------------------------------------------------------

_SVG = "http://www.w3.org/2000/svg"
_XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_SVG_ELEMENTS = frozenset(
    {"svg", "g", "a", "defs", "symbol", "use", "title", "desc", "style", "text", "tspan", "textPath", "image"}
    | {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "clipPath", "mask", "pattern", "marker"}
    | {"linearGradient", "radialGradient", "stop"}
)
# What would load or run something: a backslash could spell the rest past this list.
_UNSAFE = re.compile(r"\\|@|javascript:|expression\(|(?:image-set|image|src)\(|url\(\s*+['\"]?+(?!#)", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=\s]*")
_LOCAL_URL = re.compile(r"url\(\s*['\"]?#([^'\")]+)['\"]?\s*\)")
_RULE = re.compile(r"([^{}@<]+)\{([^{}@<]*)\}")


def _figure(part: Mapping[str, Any], prefix: str) -> Figure:
    data = part["data"]
    metadata = {**part["metadata"].get(Mime.PNG, {}), **part["metadata"].get(Mime.SVG, {})}
    svg = _clean_svg(data[Mime.SVG], prefix) if Mime.SVG in data else ""
    png = _png(data[Mime.PNG]) if Mime.PNG in data else b""
    return Figure(svg, metadata.get("alt", ""), metadata.get("caption", ""), png)


def _png(text: str) -> bytes:
    try:
        png = b64decode(text)
    except Base64Error as fault:
        raise DocumentError(f"a PNG that is not base64 ({fault})") from fault
    if not png.startswith(b"\x89PNG\r\n"):
        raise DocumentError("a PNG that is none")
    return png


def _clean_svg(text: str, prefix: str) -> str:
    """A figure as the one form that documents carry.

    No declaration, metadata, script or outside reference is left; ids and style rules hold inside this figure only,
    so that figures can stand on one page.
    """
    try:
        source = ET.fromstring(text)  # noqa: S314 -- opens no outside entity, and expat stops those that explode
    except ET.ParseError as fault:
        raise DocumentError(f"an SVG that is not well formed ({fault})") from fault
    if _tag(source) != "svg":
        raise DocumentError("an SVG without an svg element")
    clean = _clean_element(source, prefix)
    attributes = dict(clean.attrib)
    if "viewBox" not in attributes:
        sides = [attributes.get(side, "").removesuffix("px") for side in ("width", "height")]
        if not all(map(_NUMBER.fullmatch, sides)) or "" in sides:
            raise DocumentError("an SVG without viewBox cannot be scaled")
        attributes["viewBox"] = f"0 0 {sides[0]} {sides[1]}"
    attributes["class"] = f"{attributes.get('class', '')} {prefix}".strip()
    clean.attrib.clear()
    clean.attrib.update({"xmlns": _SVG, **attributes})
    return ET.tostring(clean, encoding="unicode")


def _tag(element: ET.Element) -> str:
    return element.tag.removeprefix(f"{{{_SVG}}}")


def _clean_element(element: ET.Element, prefix: str) -> ET.Element:
    clean = ET.Element(_tag(element), dict(_clean_attributes(element, prefix)))
    clean.text = _scoped(element.text or "", prefix) if clean.tag == "style" else element.text
    clean.tail = element.tail
    clean.extend(_clean_element(inner, prefix) for inner in element if _tag(inner) in _SVG_ELEMENTS)
    return clean


def _clean_attributes(element: ET.Element, prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in element.attrib.items():
        plain = name.lower()  # HTML, where the figure will stand, does not tell onload from OnLoad
        if name == _XLINK_HREF or plain == "href":
            if value.startswith("#"):
                yield "href", f"#{prefix}-{value[1:]}"
            elif _PICTURE.fullmatch(value):
                yield "href", value
        elif name == "id":
            yield "id", f"{prefix}-{value}"
        elif name == _XML_SPACE or not (plain.startswith(("{", "on", "aria-", "role")) or _UNSAFE.search(value)):
            yield name, _local_urls(value, prefix)


def _local_urls(value: str, prefix: str) -> str:
    return _LOCAL_URL.sub(rf"url(#{prefix}-\1)", value)


def _scoped(css: str, prefix: str) -> str:
    """The rules of a style sheet, held inside the figure whose class is `prefix`."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    if _UNSAFE.search(css) or _RULE.sub("", css).strip():
        raise DocumentError("an SVG with a style sheet that cannot be carried")
    rules = []
    for selectors, declarations in _RULE.findall(css):
        own = [re.sub(r"#(?=[\w-])", f"#{prefix}-", selector.strip()) for selector in selectors.split(",")]
        scoped = ",".join(selector if selector.startswith("#") else f".{prefix} {selector}" for selector in own)
        rules.append(f"{scoped}{{{_local_urls(declarations.strip(), prefix)}}}")
    return "".join(rules)


# To HTML --------------------------------------------------------------------------------------------------------


def to_html(document: Document, *, title: str, language: str, font: bytes | None = None) -> str:
    """Write a document as one self-contained HTML page: no script, no outside resource, no time stamp.

    Parameters
    ----------
    document
        The blocks to write.
    title
        The title of the page; a first heading that only repeats it is left out.
    language
        "zh" or "en".
    font
        A font to embed under the name that the figures use, see `page_font`. Without one the page relies on the
        reader's fonts.
    """
    match document.blocks:
        case (Heading(text=text), *rest) if text == title:
            blocks = tuple(rest)
        case blocks:
            pass
    return page("report.html.j2", language=language, font=font, title=title, blocks=blocks)


def page(template: str, *, language: str, font: bytes | None, **content: object) -> str:
    """Fill a template of this package; every text in `content` is escaped."""
    return _templates().get_template(template).render(content, _=words(language), locale=LOCALES[language], font=font)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("toolkit.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests.update({kind.__name__.lower(): partial(_is_instance, kind) for kind in get_args(Block)})
    environment.filters.update(inline=_markdown().renderInline, svg=_inline_svg, base64=_base64)
    return environment


def _is_instance(kind: type, value: object) -> bool:
    return isinstance(value, kind)


def _inline_svg(svg: str, label: str) -> str:
    """An SVG for a page of HTML, where it needs no namespace but a name for those who cannot see it."""
    return svg.replace(f'<svg xmlns="{_SVG}"', f'<svg role="img" aria-label="{escape(label)}"', 1)


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


# The font of a page ---------------------------------------------------------------------------------------------

ASCII = "".join(map(chr, range(0x20, 0x7F)))


def page_font(text: str) -> bytes:
    """A WOFF font holding the characters of `text` and ASCII, so that a page needs no Chinese font on the machine.

    The same characters give the same bytes. What the font lacks is left to the reader's fonts.

    WOFF, not WOFF2: for 500 Chinese characters it takes 20 ms and 125 kB, against 580 ms and 99 kB (fontTools
    leaves no choice of brotli's level), and a batch writes thousands of pages.
    """
    source = _noto_sans()
    characters = source.getBestCmap()
    glyphs = {code: characters[code] for code in sorted(set(map(ord, ASCII + text))) if code in characters}
    order = [".notdef", *dict.fromkeys(glyphs.values())]
    # The glyphs are handed on as they lie in the file, never parsed: a subset costs milliseconds, and the shared
    # source stays as it was. No glyph of this font is made of others.
    font = TTFont(recalcBBoxes=False, recalcTimestamp=False)
    font.setGlyphOrder(order)
    for tag in ("head", "hhea", "maxp", "OS/2", "name", "post"):
        font[tag] = copy(source[tag])
    font["post"].formatType = 3.0  # no glyph names
    font["glyf"], font["loca"], font["hmtx"] = newTable("glyf"), newTable("loca"), newTable("hmtx")
    font["glyf"].glyphs = {name: source["glyf"].glyphs[name] for name in order}
    font["hmtx"].metrics = {name: source["hmtx"].metrics[name] for name in order}
    font["cmap"] = _character_map(glyphs)
    font.flavor = "woff"
    target = BytesIO()
    font.save(target)
    return target.getvalue()


def _character_map(glyphs: dict[int, str]) -> DefaultTable:
    table = newTable("cmap")
    table.tableVersion = 0
    subtable = CmapSubtable.newSubtable(12)  # reaches the rare characters beyond U+FFFF, format 4 does not
    subtable.platformID, subtable.platEncID, subtable.language = 3, 10, 0
    subtable.cmap = glyphs
    table.tables = [subtable]
    return table


@cache
def _noto_sans() -> TTFont:
    """The Noto Sans SC that zhplot carries, found without importing zhplot, which would import matplotlib."""
    package = find_spec("zhplot")
    if package is None or package.submodule_search_locations is None:
        raise ModuleNotFoundError("zhplot, which carries the Chinese font, is not installed")
    path = Path(package.submodule_search_locations[0], "fonts", "NotoSansSC-Regular.ttf")
    font = TTFont(BytesIO(path.read_bytes()))
    for tag in ("glyf", "hmtx", "cmap"):
        font[tag]  # parsed now, once, not by the first page of every forked child
    return font

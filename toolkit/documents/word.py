"""A document as a Word file whose look is in its styles."""

from __future__ import annotations

from base64 import b64decode
from collections import Counter
from functools import cache, partial
from io import BytesIO
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import docx
from docx.opc.constants import RELATIONSHIP_TYPE as RELATION
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from jinja2 import Environment, PackageLoader, StrictUndefined

from toolkit.documents.blocks import DocumentError
from toolkit.documents.layout import MM, layout_of
from toolkit.documents.paper import blame, lay_out
from toolkit.documents.press import draw
from toolkit.documents.svg import plain_svg

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from docx.document import Document as WordDocument
    from docx.oxml.xmlchemy import BaseOxmlElement

    from toolkit.documents.blocks import Document
    from toolkit.documents.layout import Layout
    from toolkit.documents.paper import Data

LOCALES = {"zh": "zh-CN", "en": "en-GB"}
PARTS = {
    "[Content_Types].xml": "content_types.xml",
    "_rels/.rels": "package_rels.xml",
    "docProps/core.xml": "core.xml",
    "word/document.xml": "document.xml",
    "word/_rels/document.xml.rels": "document_rels.xml",
    "word/styles.xml": "styles.xml.j2",
    "word/numbering.xml": "numbering.xml",
    "word/settings.xml": "settings.xml.j2",
    "word/fontTable.xml": "fontTable.xml",
    "word/footer1.xml": "footer.xml.j2",
    "word/footer2.xml": "footer.xml.j2",
}
PARAGRAPHS = frozenset({"BodyText", "ListBullet", "ListNumber", "ListContinue", "Note"})
LEVELS = 4
"""Levels of lists that are told apart."""


def to_docx(document: Document, *, title: str, language: str, compact: bool = False) -> bytes:
    """Write a document as a Word file: named styles, repeated table heads, pictures with their texts, no time stamp.

    The layout is that of GB/T 9704 for Chinese, a plain one for English. Fonts are named, not embedded: those of an
    office, each with others to take its place.

    Parameters
    ----------
    document
        The blocks to write.
    title
        The title of the document; a first heading that only repeats it is left out.
    language
        "zh" or "en".
    compact
        Set it small, the last section on a page of its own.

    Raises
    ------
    DocumentError
        If it holds what cannot be carried (the message names the cell), or if something of it is not in the file.
    """
    layout = layout_of(language, compact=compact)
    data = lay_out(document, title=title, layout=layout)
    try:
        return _written(data, layout)
    except DocumentError as fault:
        raise blame(data, lambda part: _written(part, layout), fault) from fault


def make_ready() -> None:
    """Make what every document begins with."""
    for language in LOCALES:
        docx.Document(BytesIO(blank(layout_of(language))))
    _templates().get_template("body.xml.j2")


def _written(data: Data, layout: Layout) -> bytes:
    word = docx.Document(BytesIO(blank(layout)))
    body = parse_xml(body_xml(word, data))
    word.element.replace(word.element.body, body)
    check(body, data["counts"])
    word.core_properties.title = data["title"]
    word.core_properties.language = LOCALES[data["language"]]
    return packed(word)


@cache
def blank(layout: Layout) -> bytes:
    """A Word file with styles and nothing in it."""
    target = BytesIO()
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name, template in PARTS.items():
            side = "center" if not layout.edges else "left" if name.endswith("footer2.xml") else "right"
            archive.writestr(name, _templates().get_template(template).render(layout=layout, side=side))
    return target.getvalue()


class Lists(NamedTuple):
    """The number of the list of points, and of the kind of list that counts, in a Word file."""

    bullet: int = 1
    counting: int = 2


def body_xml(word: WordDocument, data: Data, lists: Lists = Lists()) -> str:  # noqa: B008  (cannot be changed)
    """The body of a document, as XML of a Word file that gets its pictures, links and lists."""
    _put_in(word, [figure for page in data["pages"] for figure in _figures(page["blocks"])])
    content = data | {"rel": partial(_link, word), "number": partial(_list, word, lists)}
    return _templates().get_template("body.xml.j2").render(content)


def _figures(blocks: Iterable[Data]) -> Iterator[Data]:
    for block in blocks:
        if block["kind"] == "figure":
            yield block
        for inside in (block.get("blocks", ()), *block.get("items", ())):
            yield from _figures(inside)


def _put_in(word: WordDocument, figures: Sequence[Data]) -> None:
    """Put pictures into a Word file and note their ids: PNG, which every Word shows, and SVG, which new ones do."""
    drawn = [figure for figure in figures if not figure["png"]]
    pictures = iter(draw([figure["svg"] for figure in drawn], [figure["width"] for figure in drawn]))
    for number, figure in enumerate(figures, start=1):
        png = b64decode(figure["png"]) if figure["png"] else next(pictures)
        figure["id"], figure["vector"] = number, ""
        figure["png_id"] = word.part.relate_to(_media(word, "png", "image/png", png), RELATION.IMAGE)
        if not figure["png"]:
            svg = plain_svg(figure["svg"]).encode()
            figure["vector"] = word.part.relate_to(_media(word, "svg", "image/svg+xml", svg), RELATION.IMAGE)


def _media(word: WordDocument, ending: str, mime: str, content: bytes) -> Part:
    package = word.part.package
    return Part(package.next_partname(f"/word/media/figure%d.{ending}"), mime, content, package)


def _link(word: WordDocument, address: str) -> str:
    return word.part.relate_to(address, RELATION.HYPERLINK, is_external=True)


def _list(word: WordDocument, lists: Lists, ordered: bool) -> int:  # noqa: FBT001  (called by a template)
    """The number of a list: points all are of one, each that counts begins anew."""
    if not ordered:
        return lists.bullet
    added = word.part.numbering_part.element.add_num(lists.counting)
    for level in range(LEVELS):
        added.add_lvlOverride(ilvl=level).add_startOverride(1)
    return int(added.numId)


def check(body: BaseOxmlElement, counts: Mapping[str, int], styles: Mapping[str, str] = MappingProxyType({})) -> None:
    """Count what a body holds, and raise a DocumentError if it is not what the notebook held.

    Where styles have other ids than ours, `styles` tells ours.
    """
    found = Counter(_kind(styles.get(each.style or "", each.style or "")) for each in body.iter(qn("w:p")))
    found |= {"table": len(list(body.iter(qn("w:tbl")))), "cell": len(list(body.iter(qn("w:tc"))))}
    found["figure"] = len(list(body.iter(qn("w:drawing"))))
    for kind, count in counts.items():
        if found[kind] != count:
            raise DocumentError(f"{kind}s: {count} in the notebook, {found[kind]} in the document")


def _kind(style: str) -> str:
    if style in PARAGRAPHS:
        return "paragraph"
    return {"HTMLPreformatted": "preformatted"}.get(style, "heading" if style.startswith("Heading") else "")


def packed(word: WordDocument) -> bytes:
    """A Word file as bytes, the same on every machine and at any time."""
    saved = BytesIO()
    word.save(saved)
    target = BytesIO()
    with ZipFile(saved) as source, ZipFile(target, "w") as archive:
        for name in source.namelist():
            info = ZipInfo(name)  # of 1 January 1980
            info.create_system = 0
            info.compress_type = ZIP_STORED if name.endswith(".png") else ZIP_DEFLATED
            archive.writestr(info, source.read(name))
    return target.getvalue()


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__, "templates/word"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    units = {"half": 2.0, "twips": 20.0, "mm": 20 * MM, "emu": 12700.0}
    environment.filters.update({name: partial(_whole, unit) for name, unit in units.items()})
    return environment


def _whole(unit: float, value: float) -> int:
    return round(unit * value)

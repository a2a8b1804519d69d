"""A Word template of one's own: its page and its styles, with the report where it asks for it.

A template is a Word file in which stand `{{ body }}`, alone in its paragraph, and where it likes `{{ title }}`, or
single tables and figures by their number, `{{ table_1 }}`, `{{ figure_2 }}`, also alone in their paragraphs. The rest
of docxtpl's syntax holds too. Styles are found by their names: what the template calls Heading 1, Body Text, Caption or
Table Text looks as it looks there, and only what it lacks is added.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import replace
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import docx
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.exceptions import PackageNotFoundError
from docx.opc.packuri import PackURI
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn
from docx.parts.numbering import NumberingPart
from jinja2 import TemplateError
from jinja2.sandbox import SandboxedEnvironment

from toolkit.documents.blocks import DocumentError
from toolkit.documents.layout import EMU, MM, OFFICIAL, PAGE, layout_of
from toolkit.documents.paper import blame, lay_out
from toolkit.documents.word import LOCALES, Lists, blank, body_xml, check, packed
from toolkit.faults import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from docx.document import Document as WordDocument
    from docx.oxml.xmlchemy import BaseOxmlElement
    from docxtpl import DocxTemplate

    from toolkit.documents.blocks import Document
    from toolkit.documents.layout import Layout
    from toolkit.documents.paper import Data

PLACES = re.compile(r"body|(table|figure)_[1-9][0-9]*")
NAMES = "title, body, table_1, table_2, ..., figure_1, figure_2, ..."
MARK = "\ue000{}\ue001"
"""What docxtpl is given in place of blocks: private characters, so that no report can hold it."""
MARKED = re.compile("\ue000(.*?)\ue001")


def require_template(path: Path) -> None:
    """Check that a template can be filled.

    Raises
    ------
    UsageError
        If docxtpl is not installed, the file is no Word file, it does not say where the body goes, or it asks for
        something that a report does not have.
    """
    names = _names(path)
    unknown = sorted(name for name in names if name != "title" and not PLACES.fullmatch(name))
    if unknown:
        raise UsageError(f"{path}: {{{{ {unknown[0]} }}}}, must be one of {NAMES}")
    if "body" not in names:
        raise UsageError(f"{path}: must hold {{{{ body }}}}, alone in a paragraph, where the report goes")


def _names(path: Path) -> set[str]:
    if find_spec("docxtpl") is None:
        raise UsageError("a Word template needs docxtpl: pip install toolkit[template]")
    if not path.is_file():
        raise UsageError(f"{path}: no such file")
    try:
        found: set[str] = _template(path).get_undeclared_template_variables(_environment())
    except TemplateError as fault:
        raise UsageError(f"{path}: {fault}") from fault
    except (PackageNotFoundError, BadZipFile, KeyError, ValueError) as fault:
        raise UsageError(f"{path}: must be a Word file (.docx)") from fault
    return found


def _template(path: Path) -> DocxTemplate:
    from docxtpl import DocxTemplate  # noqa: PLC0415  (an extra)

    return DocxTemplate(BytesIO(path.read_bytes()))


def _environment() -> SandboxedEnvironment:
    return SandboxedEnvironment(autoescape=True)


def fill_template(document: Document, path: Path, *, title: str, language: str, compact: bool = False) -> bytes:
    """Write a document by a template; see `toolkit.documents.word.to_docx` for its parameters.

    Raises
    ------
    UsageError
        As `require_template`.
    DocumentError
        If the document has not what the template asks for, or cannot be carried.
    """
    require_template(path)
    names = _names(path) - {"title"}
    template = _template(path)
    word = template.get_docx()
    layout = _layout_within(word, layout_of(language, compact=compact))
    data = lay_out(document, title=title, layout=layout)
    try:
        bodies = _bodies(word, layout, data, names)
    except DocumentError as fault:
        raise blame(data, lambda part: _bodies(_template(path).get_docx(), layout, part, {"body"}), fault) from fault
    template.render({"title": data["title"], **{name: MARK.format(name) for name in names}}, _environment())
    placed = {_place(paragraph, bodies) for paragraph in _marked(word)}
    if "body" not in placed:
        raise DocumentError(f"{path.name}: {{{{ body }}}} is nowhere in it once it is filled")
    for number, picture in enumerate(word.element.body.iter(qn("wp:docPr")), start=1):
        picture.set("id", str(number))
    word.core_properties.title = data["title"]
    word.core_properties.language = LOCALES[language]
    return packed(word)


def _layout_within(word: WordDocument, layout: Layout) -> Layout:
    """The layout with the width of the template's text; its pages are the template's, so none is turned."""
    section = word.sections[0]
    width = ((section.page_width or 0) - (section.left_margin or 0) - (section.right_margin or 0)) / EMU
    side = (PAGE[0] - width / MM) / 2
    margins = (layout.margins[0], side, layout.margins[2], side)
    return replace(layout, margins=margins, turns=False, last_apart=False) if width > 0 else layout


def _bodies(word: WordDocument, layout: Layout, data: Data, names: Collection[str]) -> dict[str, BaseOxmlElement]:
    """The whole, and the tables and figures that are asked for, as elements of this file."""
    ids, lists = _add_styles(word, layout), _add_lists(word)
    whole = data | {"title": ""}
    blocks = [block for page in data["pages"] for block in page["blocks"]]
    parts = {"body": whole}
    for kind in ("table", "figure"):
        of_kind = (block for block in blocks if block["kind"] == kind)
        for number, block in enumerate(of_kind, start=1):
            parts[f"{kind}_{number}"] = whole | {"pages": [data["pages"][0] | {"blocks": [block]}]}
    for name in sorted(names):
        if name not in parts:
            counts = ", ".join(f"{sum(key.startswith(kind) for key in parts)} {kind}s" for kind in ("table", "figure"))
            raise DocumentError(f"the template asks for {name}: there are {counts}")
    bodies = {name: _element(word, parts[name], lists, ids) for name in sorted(names)}
    check(bodies["body"], data["counts"], {ids[style]: style for style in ids})
    return bodies


def _element(word: WordDocument, data: Data, lists: Lists, ids: Mapping[str, str]) -> BaseOxmlElement:
    body = parse_xml(body_xml(word, data, lists))
    for section in list(body.iter(qn("w:sectPr"))):
        section.getparent().remove(section)
    _rename(body, ids)
    return body


# Where it goes ----------------------------------------------------------------------------------------------------


def _marked(word: WordDocument) -> list[BaseOxmlElement]:
    """Paragraphs in which a block was asked for."""
    for part in word.part.package.iter_parts():
        if part is not word.part and MARKED.search(part.blob.decode(errors="ignore")):
            raise DocumentError(f"the template asks for blocks in {part.partname}; only its text can hold them")
    return [each for each in word.element.body.iter(qn("w:p")) if MARKED.search(_text(each))]


def _text(paragraph: BaseOxmlElement) -> str:
    return "".join(each.text or "" for each in paragraph.iter(qn("w:t")))


def _place(paragraph: BaseOxmlElement, bodies: Mapping[str, BaseOxmlElement]) -> str:
    """Put blocks in the place of a paragraph, and give their name."""
    found = MARKED.fullmatch(_text(paragraph).strip())
    if found is None:
        said = MARKED.sub(r"{{ \1 }}", _text(paragraph))
        raise DocumentError(f"the template says {said!r}: what is more than text must stand alone in its paragraph")
    for element in bodies[found[1]]:
        paragraph.addprevious(deepcopy(element))
    cell = paragraph.getparent()
    cell.remove(paragraph)
    if cell.tag == qn("w:tc") and (len(cell) == 0 or cell[-1].tag != qn("w:p")):
        cell.append(OxmlElement("w:p"))  # a cell ends with a paragraph
    return found[1]


# Styles and lists -------------------------------------------------------------------------------------------------


def _add_styles(word: WordDocument, layout: Layout) -> dict[str, str]:
    """Add the styles that a template lacks, and give the id that each of ours has in it.

    A template without a style for texts has one for everything; what is added takes its lines from it, too.
    """
    styles = word.styles.element
    own = {_name(style): str(style.get(qn("w:styleId"))) for style in styles.iterchildren(qn("w:style"))}
    own.setdefault("body text", own.get("normal", "Normal"))
    ours = list(docx.Document(BytesIO(blank(layout))).styles.element.iterchildren(qn("w:style")))
    ids = {key: own.get(_name(style), f"Toolkit{key}") for style in ours if (key := str(style.get(qn("w:styleId"))))}
    for style in ours:
        if _name(style) not in own:
            style.set(qn("w:styleId"), ids[str(style.get(qn("w:styleId")))])
            _rename(style, ids)
            for spacing in style.iter(qn("w:spacing")) if not _name(style).startswith("table") else ():
                for name in ("line", "lineRule"):
                    spacing.attrib.pop(qn(f"w:{name}"), None)
            styles.append(style)
    return ids


def _name(style: BaseOxmlElement) -> str:
    return str(style.find(qn("w:name")).get(qn("w:val"))).casefold()


def _rename(element: BaseOxmlElement, ids: Mapping[str, str]) -> None:
    """Name styles by the ids that they have in this file."""
    for name in ("pStyle", "rStyle", "tblStyle", "basedOn", "next", "link"):
        for each in element.iter(qn(f"w:{name}")):
            each.set(qn("w:val"), ids.get(str(each.get(qn("w:val"))), str(each.get(qn("w:val")))))


def _add_lists(word: WordDocument) -> Lists:
    """Add our kinds of lists to those of a template."""
    part = word.part
    if not any(relation.reltype == RELATIONSHIP_TYPE.NUMBERING for relation in part.rels.values()):
        empty = b'<w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"/>'
        name, kind = PackURI("/word/numbering.xml"), CONTENT_TYPE.WML_NUMBERING
        part.relate_to(NumberingPart.load(name, kind, empty, part.package), RELATIONSHIP_TYPE.NUMBERING)
    numbering = part.numbering_part.element
    taken = [int(each.get(qn("w:abstractNumId"))) for each in numbering.iterchildren(qn("w:abstractNum"))]
    first = max(taken, default=0) + 1
    for place, kind in enumerate(docx.Document(BytesIO(blank(OFFICIAL))).part.numbering_part.element[:2]):
        kind.set(qn("w:abstractNumId"), str(first + place))
        for tie in list(kind.iter(qn("w:pStyle"))):
            tie.getparent().remove(tie)
        numbering.insert(len(taken) + place, kind)
    return Lists(bullet=numbering.add_num(first).numId, counting=first + 1)

"""A questionnaire on paper: ratees as rows, grades as columns with boxes, room for problems; PDF by typst, or Word.

Above the table stand the figures that the tellers fill in: how many were to come, came, were given a ballot, gave it
back, and gave back a valid one. The header is repeated on every page, and no page ends within a ratee.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

import typst
from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from toolkit.survey.office import settled
from toolkit.words import words

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.section import Section
    from docx.table import Table, _Cell
    from docx.text.paragraph import Paragraph

    from toolkit.survey.questionnaire import Questionnaire

BOX = "□"
FONTS = {"zh": ("Times New Roman", "仿宋_GB2312", "黑体"), "en": ("Calibri", "仿宋_GB2312", "黑体")}
"""Of Word: for Latin letters, for Chinese characters, and for Chinese headings; where they are not, the nearest."""
NUMBER, NAME, INDICATOR, WRITTEN, LEAST = 9, 22, 26, 26, 24
"""Widths of columns in mm: of the last, the problems, what is left, but at least this."""
UPRIGHT, LYING = 174, 261
"""Widths of the text on A4, in mm."""
BROAD, SLIM, MARGIN, NARROWEST, COMFORTABLE = 3.3, 1.9, 3.0, 8.0, 12.0
"""Widths in mm of a Chinese character and of a Latin letter in a heading, of what stands beside them, and of a box."""
MANY = 7
"""More levels than this share the page in columns as narrow as they can be."""
SMALL = Pt(9)


@dataclass(frozen=True)
class Row:
    """A ratee: what he is asked, a line for each question."""

    name: str
    asked: tuple[str, ...]


@dataclass(frozen=True)
class BallotPaper:
    """What stands on a ballot.

    Attributes
    ----------
    title, about : str
        Two lines of heading.
    counts : tuple of str
        Figures for the tellers to fill in, after `tellers`.
    notes : tuple of str
        How to answer, and who sees it.
    sign : str
        What stands before the line for a name; "" where nobody is to give one.
    number, person, indicator, problems : str
        Headings of the columns; `indicator` is "" where everybody is rated once, `person` where one rates himself.
    columns : tuple of str
        The levels; one column where a number is written in.
    mark : str
        What stands in their cells: a box, or nothing.
    widths : tuple of float
        Of all columns, in mm.
    """

    language: str
    title: str
    about: str
    tellers: str
    counts: tuple[str, ...]
    notes: tuple[str, ...]
    sign: str
    number: str
    person: str
    indicator: str
    columns: tuple[str, ...]
    mark: str
    problems: str
    rows: tuple[Row, ...]
    widths: tuple[float, ...]
    page: str

    @property
    def lying(self) -> bool:
        """Whether the page must lie on its side to hold all columns."""
        return sum(self.widths) > UPRIGHT


def ballot_paper(form: Questionnaire) -> BallotPaper:
    """Lay out the ballot of a questionnaire."""
    _ = words(form.language)
    ticked = [choice.label for choice in form.answers.choices]
    low, high = f"{form.answers.low:g}", f"{form.answers.high:g}"
    how = (
        _("Tick one box in every row; a row with two ticks does not count.")
        if ticked
        else _("Write a number from {low} to {high} into every row.").format(low=low, high=high)
    )
    title, _dot, about = form.title.partition(" · ")
    about = " · ".join(filter(None, [about, form.round]))
    one = all(len(block.questions) == 1 for block in form.blocks)
    rows = (
        [Row(question.label, ("",)) for question in form.blocks[0].questions]
        if form.chooser
        else [
            Row(block.label or block.questions[0].label, ("",) if one else tuple(q.label for q in block.questions))
            for block in form.blocks
        ]
    )
    columns = tuple(ticked) or (_("Score ({low}–{high})").format(low=low, high=high),)
    led = not one and not form.chooser
    return BallotPaper(
        form.language, title, about, _("Filled in by the tellers"),
        () if form.chooser else (_("To attend"), _("Attended"), _("Issued"), _("Returned"), _("Valid")),
        (how, *form.notes),
        form.chooser.label if form.chooser else "",
        _("#"),
        _("Item") if form.chooser else _("Name"),
        _("Item") if led else "",
        columns,
        BOX if ticked else "",
        _("Problems and suggestions"),
        tuple(rows),
        _widths(columns, led=led, typed=not ticked),
        _("Page {page} of {pages}"),
    )  # fmt: skip


def _widths(columns: tuple[str, ...], *, led: bool, typed: bool) -> tuple[float, ...]:
    """Widths of all columns: those of the levels hold their longest word, Chinese ones are broken after four."""
    least = NARROWEST if len(columns) > MANY else COMFORTABLE
    levels = [WRITTEN if typed else max(least, MARGIN + max(map(_word, column.split()))) for column in columns]
    start = [NUMBER, NAME, *([INDICATOR] if led else []), *levels]
    page = UPRIGHT if sum(start) + LEAST <= UPRIGHT else LYING
    return (*start, max(LEAST, page - sum(start)))


def _word(word: str) -> float:
    """How wide a word must be able to stand, in mm."""
    broad = sum(east_asian_width(letter) in "WF" for letter in word)
    return min(broad, 4) * BROAD + (len(word) - broad) * SLIM


# -------------------------------------------------------------------------------------------------------------- PDF


def as_pdf(paper: BallotPaper) -> bytes:
    """The ballot as a PDF of A4 pages, fonts embedded; the same ballot gives the same bytes."""
    template = files("toolkit").joinpath("survey", "templates", "ballot.typ").read_bytes()
    data = json.dumps(asdict(paper) | {"lying": paper.lying}, ensure_ascii=False)
    return typst.compile(template, font_paths=_fonts(), sys_inputs={"paper": data}, format="pdf")


@cache
def _fonts() -> typst.Fonts:
    """The Noto Sans SC that zhplot carries; zhplot itself, which is slow, is not imported."""
    package = find_spec("zhplot")
    if package is None or package.submodule_search_locations is None:
        raise ModuleNotFoundError("zhplot, which carries the Chinese font, is not installed")
    folder = Path(package.submodule_search_locations[0], "fonts")
    return typst.Fonts(include_system_fonts=False, font_paths=[folder])


# ------------------------------------------------------------------------------------------------------------- Word


def as_word(paper: BallotPaper) -> bytes:
    """The ballot as a Word file whose styles can be changed; the same ballot gives the same bytes."""
    document = Document()
    _styles(document, paper.language)
    _page(document.sections[0], paper)
    _line(document, paper.title, "Title")
    _line(document, paper.about, "Subtitle")
    if paper.counts:
        _counts(document, paper)
    for note in paper.notes:
        _line(document, note, "List Bullet")
    if paper.sign:
        _line(document, f"{paper.sign}: {'_' * 24}", "Normal")
    _votes(document, paper)
    target = BytesIO()
    document.save(target)
    return settled(target.getvalue())


def _styles(document: WordDocument, language: str) -> None:
    latin, text, heading = FONTS[language]
    for name, size, chinese in (
        ("Normal", 11, text),
        ("Title", 18, heading),
        ("Subtitle", 12, text),
        ("List Bullet", 10.5, text),
    ):
        style: Any = document.styles[name]
        style.font.name, style.font.size, style.font.italic = latin, Pt(size), False
        style.font.color.rgb = None
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:eastAsia"), chinese)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(0), Pt(3)
        borders = style.element.pPr.find(qn("w:pBdr")) if style.element.pPr is not None else None
        if borders is not None:
            style.element.pPr.remove(borders)


def _page(section: Section, paper: BallotPaper) -> None:
    width, height = (297, 210) if paper.lying else (210, 297)
    section.page_width, section.page_height = Mm(width), Mm(height)
    section.orientation = WD_ORIENT.LANDSCAPE if paper.lying else WD_ORIENT.PORTRAIT
    section.left_margin = section.right_margin = Mm(18)
    section.top_margin = section.bottom_margin = Mm(18)
    line = section.footer.paragraphs[0]
    line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    before, rest = paper.page.split("{page}")
    between, after = rest.split("{pages}")
    for text, field in ((before, "PAGE"), (between, "NUMPAGES"), (after, "")):
        line.add_run(text)
        if field:
            _field(line, field)


def _field(line: Paragraph, name: str) -> None:
    """A number that Word reckons itself."""
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), name)
    run, text = OxmlElement("w:r"), OxmlElement("w:t")
    text.text = "1"
    run.append(text)
    field.append(run)
    line._p.append(field)  # noqa: SLF001  (python-docx has no fields)


def _line(document: WordDocument, text: str, style: str) -> None:
    line = document.add_paragraph(text, style=style)
    if style in {"Title", "Subtitle"}:
        line.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _counts(document: WordDocument, paper: BallotPaper) -> None:
    table = document.add_table(2, 1 + len(paper.counts), style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    _put(table.cell(0, 0).merge(table.cell(1, 0)), paper.tellers)
    for place, label in enumerate(paper.counts, start=1):
        _put(table.cell(0, place), label)
    document.add_paragraph().paragraph_format.space_after = Pt(0)


def _votes(document: WordDocument, paper: BallotPaper) -> None:
    lead = [paper.number, paper.person, *([paper.indicator] if paper.indicator else [])]
    header = [*lead, *paper.columns, paper.problems]
    table = document.add_table(1 + sum(len(row.asked) for row in paper.rows), len(header), style="Table Grid")
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    for column, width in zip(table.columns, paper.widths, strict=True):
        column._gridCol.w = Mm(width)  # noqa: SLF001  (setting .width walks through all cells once more)
    cells = [list(row.cells) for row in table.rows]  # of a large table every further look-up counts
    for line in cells:
        for cell, width in zip(line, paper.widths, strict=True):
            cell.width = Mm(width)
    for cell, text in zip(cells[0], header, strict=True):
        _put(cell, text)
        cell.paragraphs[0].runs[0].font.size = SMALL
    _tighten(table)
    at = 1
    for number, row in enumerate(paper.rows, start=1):
        _ratee(cells[at : at + len(row.asked)], paper, row, number)
        at += len(row.asked)
    _whole(table, paper)


def _tighten(table: Table) -> None:
    """Less room beside the text of a cell than Word leaves by itself."""
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), "40")
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    table._tbl.tblPr.append(margins)  # noqa: SLF001  (python-docx has none of this)


def _ratee(cells: list[list[_Cell]], paper: BallotPaper, row: Row, number: int) -> None:
    """The lines of one ratee; his number, name and problems stand over all of them."""
    for place, text in ((0, str(number)), (1, row.name), (-1, "")):
        _put(cells[0][place].merge(cells[-1][place]) if len(cells) > 1 else cells[0][place], text)
    start = 3 if paper.indicator else 2
    for line, asked in zip(cells, row.asked, strict=True):
        if paper.indicator:
            _put(line[2], asked)
        for cell in line[start:-1]:
            _put(cell, paper.mark)


def _whole(table: Table, paper: BallotPaper) -> None:
    """The header stands on every page, no line is torn in two, and the lines of a ratee are kept together."""
    last = {0}
    for row in paper.rows:
        last.add(max(last) + len(row.asked))
    for place, line in enumerate(table.rows):
        about = line._tr.get_or_add_trPr()  # noqa: SLF001  (python-docx has none of this)
        about.append(OxmlElement("w:cantSplit"))
        if place == 0:
            about.append(OxmlElement("w:tblHeader"))
        if place not in last:
            for paragraph in line._tr.iter(qn("w:p")):  # noqa: SLF001
                paragraph.get_or_add_pPr().append(OxmlElement("w:keepNext"))


def _put(cell: _Cell, text: str) -> None:
    cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
    line = cell.paragraphs[0]
    line.text = text
    line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    line.paragraph_format.space_before = line.paragraph_format.space_after = Pt(2)

"""A Word file holds everything, in named styles, and is the same every time."""

import re
import sys
from io import BytesIO
from subprocess import run
from zipfile import ZipFile

import docx
import pytest
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from every_block import CELLS, HOSTILE, RARE, TITLES, document, shows, table, wide
from matplotlib.image import imread
from nbformat.v4 import new_markdown_cell

from toolkit.documents import word
from toolkit.documents.blocks import Column, Document, DocumentError, Figure, Heading, Paragraph, Preformatted, Table
from toolkit.documents.word import to_docx

LANGUAGES = ("zh", "en")
EMPTY = Table((Column("a"),), ())


def made(*cells, language="zh", title="题", **options):
    return to_docx(document(*cells), title=title, language=language, **options)


def opened(*cells, **options):
    return docx.Document(BytesIO(made(*cells, **options)))


def texts(file, style):
    return [paragraph.text for paragraph in file.paragraphs if paragraph.style.name == style]


def marks(element, name):
    return [found.get(qn("w:val")) for found in element.iter(qn(name))]


# What is in it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_block_has_a_style_of_its_name(language):
    file = opened(language=language, title=TITLES[language])
    assert texts(file, "Title") == [TITLES[language]]
    assert texts(file, "Heading 1") == ["一、总体", "二、名单", "三、回执"]
    assert texts(file, "Heading 2") == ["细目"]
    assert texts(file, "Body Text") == ["共 28 名，其中一名 免评，见说明。", RARE, "文"]
    assert texts(file, "List Bullet") == ["优秀", "合格"]
    assert texts(file, "List Number") == ["其一", "其二", "甲", "乙"]
    assert texts(file, "List Continue") == ["续"]
    assert texts(file, "Note") == ["含本数。"]
    assert texts(file, "HTML Preformatted") == ["a  b\n  c"]
    assert texts(file, "Caption") == ["党员得分", "宽表"]
    assert texts(file, "Figure Caption") == ["平均分", "色块"]
    assert texts(file, "Table Note") == ["注：满分 100。"]
    assert [[cell.text for cell in row.cells] for row in file.tables[0].rows] == [
        ["姓名", "得分"], ["张三", "88.2"], ["李四", "9.5"]
    ]  # fmt: skip
    assert {each.style.name for each in file.tables} == {"Report Table"}


def test_hostile_texts_stand_as_they_are():
    file = opened(table([(text, "1") for text in HOSTILE]), new_markdown_cell("`" + "`\n\n`".join(HOSTILE[:3]) + "`"))
    assert [row.cells[0].text for row in file.tables[0].rows][1:] == HOSTILE
    assert texts(file, "Body Text") == HOSTILE[:3]


def test_emphasis_code_and_links_are_kept():
    file = opened(new_markdown_cell("a **b** *c* `d` [e](https://example.org/?x=1&y=2)  \nf"))
    paragraph = next(each for each in file.paragraphs if each.style.name == "Body Text")
    assert [each.text for each in paragraph.runs if each.bold] == ["b"]
    assert [each.text for each in paragraph.runs if each.italic] == ["c"]
    assert [each.text for each in paragraph.runs if each.style.name == "HTML Code"] == ["d"]
    assert [(link.text, link.address) for link in paragraph.hyperlinks] == [("e", "https://example.org/?x=1&y=2")]
    assert paragraph.text.endswith("\nf")


def test_a_list_that_counts_begins_anew():
    file = opened(new_markdown_cell("1. a\n2. b\n\nx\n\n1. c\n   1. d"))
    lists = [
        (marks(each._p, "w:numId"), marks(each._p, "w:ilvl")) for each in file.paragraphs if "List" in each.style.name
    ]
    numbers = [number for (number,), _ in lists]
    assert numbers[0] == numbers[1] != numbers[2]
    assert [level for _, (level,) in lists] == ["0", "0", "0", "1"]
    assert len(set(numbers)) == 3
    starts = file.part.numbering_part.element.xpath("w:num[position() > 2]/w:lvlOverride/w:startOverride/@w:val")
    assert set(starts) == {"1"}


def test_a_figure_is_a_picture_with_its_text_and_the_drawing_beside_it():
    content = made()
    file = docx.Document(BytesIO(content))
    assert [shape._inline.docPr.get("descr") for shape in file.inline_shapes] == ["一条线", "色块"]
    assert [(shape.width, shape.height) for shape in file.inline_shapes] == [(Pt(300), Pt(60)), (Pt(3), Pt(1.5))]
    vectors = file.element.body.xpath("//*[local-name()='svgBlip']/@r:embed")
    (drawing,) = [file.part.related_parts[key] for key in vectors]
    assert drawing.content_type == "image/svg+xml"
    assert b"paint-order" not in drawing.blob
    assert drawing.blob.count("平均分".encode()) == 2  # its outline, and itself
    with ZipFile(BytesIO(content)) as archive:
        picture = imread(archive.open("word/media/figure1.png"))
        assert archive.read("word/media/figure2.png").startswith(b"\x89PNG")
    height, width = picture.shape[:2]
    assert (width, height) == (pytest.approx(300 / 72 * 220, abs=2), pytest.approx(60 / 72 * 220, abs=2))
    assert picture[..., :3].min() < 0.2  # there is ink


def test_a_picture_shows_rare_characters():
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20" width="20pt" font-family="Noto Sans SC">'
    cells = [shows("image/svg+xml", f'{head}<text x="2" y="16" font-size="16">{each}</text></svg>') for each in RARE]
    with ZipFile(BytesIO(made(*cells))) as archive:
        pictures = {archive.read(name) for name in archive.namelist() if name.endswith(".png")}
    assert len(pictures) == len(RARE)  # a box in place of a character would always look the same


# How it looks ---------------------------------------------------------------------------------------------------


def test_a_chinese_document_is_laid_out_as_gb_t_9704_asks():
    file = opened()
    section = file.sections[0]
    assert [section.page_width, section.page_height] == [
        pytest.approx(Mm(210), abs=700),
        pytest.approx(Mm(297), abs=700),
    ]
    margins = [section.top_margin, section.bottom_margin, section.left_margin, section.right_margin]
    assert margins == [pytest.approx(Mm(side), abs=700) for side in (37, 35, 28, 26)]
    title, body = file.styles["Title"], file.styles["Body Text"]
    assert (title.font.size, title.paragraph_format.alignment) == (Pt(22), ALIGN.CENTER)
    assert title.element.rPr.rFonts.get(qn("w:eastAsia")) == "方正小标宋简体"
    assert body.paragraph_format.line_spacing == Pt(28.95)
    assert body.element.pPr.ind.get(qn("w:firstLineChars")) == "200"
    defaults = file.styles.element.find(f".//{qn('w:rPrDefault')}//{qn('w:rFonts')}")
    assert defaults.get(qn("w:eastAsia")) == "仿宋_GB2312"
    assert marks(file.styles.element.find(qn("w:docDefaults")), "w:sz") == ["32"]
    names = [file.styles[f"Heading {level}"].element.rPr.rFonts.get(qn("w:eastAsia")) for level in (1, 2, 3)]
    assert names == ["黑体", "楷体_GB2312", "仿宋_GB2312"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_headings_and_texts_are_indented(language):
    """An indent of no characters does not undo one of two: whoever inherits it, inherits it for good."""
    styles = opened(language=language).styles.element
    indented = {style.get(qn("w:styleId")) for style in styles.xpath("w:style[w:pPr/w:ind/@w:firstLineChars]")}
    assert indented == ({"BodyText", *(f"Heading{level}" for level in range(1, 7))} if language == "zh" else set())
    assert not indented & set(styles.xpath("w:style/w:basedOn/@w:val"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_document_is_restyled_by_its_styles_alone(language):
    """Nothing but what a cell of a table or a piece of text is for is said at its place."""
    body = opened(language=language).element.body
    paragraph = {child.tag for each in body.iter(qn("w:pPr")) for child in each}
    assert paragraph <= {qn(f"w:{name}") for name in ("pStyle", "numPr", "keepNext", "jc", "sectPr")}
    piece = {child.tag for each in body.iter(qn("w:rPr")) for child in each}
    assert piece <= {qn(f"w:{name}") for name in ("rStyle", "b", "bCs", "i", "iCs")}
    assert all(each.pPr is not None for each in body.iter(qn("w:p")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_style_in_use_is_there(language):
    file = opened(language=language)
    known = set(file.styles.element.xpath("w:style/@w:styleId"))
    used = {value for name in ("w:pStyle", "w:rStyle", "w:tblStyle") for value in marks(file.element.body, name)}
    assert used <= known
    assert set(file.styles.element.xpath("//w:basedOn/@w:val | //w:next/@w:val | //w:link/@w:val")) <= known


def test_headings_and_captions_stay_with_what_follows():
    file = opened(new_markdown_cell("## 甲"), table(caption="表", note="注"), CELLS[3])
    assert file.styles["Heading 1"].paragraph_format.keep_with_next
    captions = [each for each in file.paragraphs if "Caption" in each.style.name]
    assert [each.paragraph_format.keep_with_next for each in captions] == [True, None]  # over a table, under a figure
    assert [each.paragraph_format.keep_with_next for each in file.paragraphs if each.style.name == "Figure"] == [True]
    assert tied(file.tables[0]) == [True, True, True]  # it is short: all rows together, and with the note


def tied(grid):
    return [row.cells[0].paragraphs[0].paragraph_format.keep_with_next for row in grid.rows]


def test_a_long_table_is_divided_but_neither_after_its_head_nor_before_its_note():
    rows = [(f"党员{number}", "1") for number in range(13)]
    file = opened(table(rows), table(rows, note="注"), table(rows[:12]))
    assert tied(file.tables[0]) == [True, *[None] * 13]
    assert tied(file.tables[1]) == [True, *[None] * 12, True]
    assert tied(file.tables[2]) == [*[True] * 12, None]


def test_a_table_repeats_its_head_and_keeps_its_rows_whole():
    file = opened(table(mark=[1], caption="党员得分"))
    (grid,) = file.tables
    assert [len(row._tr.xpath("w:trPr/w:tblHeader")) for row in grid.rows] == [1, 0, 0]
    assert [len(row._tr.xpath("w:trPr/w:cantSplit")) for row in grid.rows] == [1, 1, 1]
    assert [cell.paragraphs[0].alignment for cell in grid.rows[1].cells] == [ALIGN.LEFT, ALIGN.RIGHT]
    assert [marks(row._tr, "w:tblHeader") or row._tr.xpath(".//w:shd/@w:fill") for row in grid.rows][1:] == [
        [], ["FAEEEC", "FAEEEC"]
    ]  # fmt: skip
    assert [cell.paragraphs[0].runs[0].bold for row in grid.rows[1:] for cell in row.cells] == [None, None, True, True]
    assert grid._tbl.tblPr.xpath("w:tblCaption/@w:val") == ["党员得分"]
    assert {each.style.name for each in grid.rows[0].cells[0].paragraphs} == {"Table Header"}
    assert {each.style.name for each in grid.rows[1].cells[0].paragraphs} == {"Table Text"}


def test_a_wide_table_stands_small_on_a_turned_page():
    file = opened(new_markdown_cell("文"), wide(), new_markdown_cell("尾"))
    orientations = [section.orientation for section in file.sections]
    assert orientations == [WD_ORIENT.PORTRAIT, WD_ORIENT.LANDSCAPE, WD_ORIENT.PORTRAIT]
    turned = file.sections[1]
    width = sum(column.width for column in file.tables[0].columns)
    assert width <= turned.page_width - turned.left_margin - turned.right_margin + Pt(1)
    assert file.tables[0].rows[1].cells[0].paragraphs[0].style.name == "Table Text Small"


@pytest.mark.parametrize(("language", "sides"), [("zh", ["right", "left"]), ("en", ["center"])])
def test_pages_are_numbered(language, sides):
    file = opened(wide(), language=language)
    assert file.settings.odd_and_even_pages_header_footer == (language == "zh")
    for section in file.sections:
        footers = [section.footer, section.even_page_footer][: len(sides)]
        assert [each.paragraphs[0].text for each in footers] == ["—  —"] * len(sides)
        assert [marks(each._element, "w:jc") for each in footers] == [[side] for side in sides]
        assert all(each._element.xpath(".//w:fldSimple/@w:instr") == [" PAGE "] for each in footers)


@pytest.mark.parametrize(("language", "locale", "latin"), [("zh", "zh-CN", "en-US"), ("en", "en-GB", "en-GB")])
def test_language_and_title_are_noted(language, locale, latin):
    file = opened(language=language, title=" 甲\n乙 ")
    assert (file.core_properties.language, file.core_properties.title) == (locale, "甲 乙")
    # Numbers that were said to be Chinese would be broken over lines.
    (said,) = file.styles.element.iter(qn("w:lang"))
    assert (said.get(qn("w:val")), said.get(qn("w:eastAsia"))) == (latin, "zh-CN")


def test_fonts_have_others_to_take_their_place():
    file = opened()
    part = next(part for part in file.part.package.iter_parts() if part.partname == "/word/fontTable.xml")
    named = re.findall('w:name="([^"]+)"><w:altName', part.blob.decode())
    used = set(file.styles.element.xpath("//w:rFonts/@w:ascii | //w:rFonts/@w:eastAsia"))
    assert used <= set(named)


def test_the_last_section_of_a_sheet_begins_a_page_of_two_columns():
    body = opened(compact=True).element.body
    (break_,) = [each for each in body.iter(qn("w:p")) if each.xpath("w:pPr/w:sectPr")][-1:]
    assert break_.getnext().text == "三、回执"
    assert body.xpath("//w:sectPr/w:cols/@w:num") == ["2"]
    assert body.xpath("w:sectPr/w:cols/@w:num") == ["2"]
    assert docx.Document(BytesIO(made(compact=True))).styles["Body Text"].paragraph_format.line_spacing == Pt(13.5)


def test_a_paragraph_that_is_all_bold_stays_with_what_follows():
    file = opened(new_markdown_cell("**甲**\n\n- 乙\n\n**丙** 丁"))
    assert [each.paragraph_format.keep_with_next for each in file.paragraphs][1:] == [True, None, None]


# Nothing is lost ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "before", "after", "fault"),
    [
        ("table", "<w:tbl><w:tblPr>", "<w:hidden/><w:tblPr>", "tables: 3 in the notebook, 0 in the document"),
        ("row", "{% for row in it.rows %}", "{% for row in it.rows[1:] %}", "cells: 106 in the notebook, 76 in"),
        ("figure", "{{ figure(it) }}", "", "figures: 2 in the notebook, 0 in the document"),
        ("heading", "Heading{{", "Other{{", "headings: 4 in the notebook, 0 in the document"),
        (
            "item",
            '<w:pStyle w:val="{{ "ListNumber"',
            '<w:pStyle w:val="{{ "Other"',
            "paragraphs: 11 in the notebook, 7 in",
        ),
        ("text", '<w:pStyle w:val="HTMLPreformatted"/>', "", "preformatteds: 1 in the notebook, 0 in"),
    ],
)
def test_a_writer_that_loses_something_is_caught(kind, before, after, fault, monkeypatch):
    loader = word._templates().loader
    source = loader.get_source(word._templates(), "body.xml.j2")[0]
    assert before in source, kind
    corrupted = source.replace(before, after)
    if kind == "table":
        corrupted = corrupted.replace("</w:tbl>", "</w:hidden>").replace("<w:hidden/>", "<w:hidden>")
    monkeypatch.setattr(loader, "get_source", _instead(loader.get_source, corrupted))
    monkeypatch.setattr(word._templates(), "cache", {})
    with pytest.raises(DocumentError, match=re.escape(fault)):
        made()


def _instead(get_source, corrupted):
    def found(environment, name):
        source, file, fresh = get_source(environment, name)
        return (corrupted if name == "body.xml.j2" else source), file, fresh

    return found


def test_what_cannot_be_carried_names_its_cell():
    broken = Document((Paragraph("文"), Figure('<svg xmlns="x" viewBox="0 0 9 9" width="9"></svg>')), cells=(1, 4))
    with pytest.raises(DocumentError, match=r"^cell 4: "):
        to_docx(broken, title="题", language="zh")


@pytest.mark.parametrize("blocks", [(), (Heading(3, ""),), (Preformatted(""),), (Paragraph(""),), (EMPTY,)])
def test_what_is_empty_is_a_document(blocks):
    file = docx.Document(BytesIO(to_docx(Document(blocks), title="", language="en")))
    assert file.core_properties.title == "Report"


# The same every time --------------------------------------------------------------------------------------------


def test_no_time_of_day_is_in_a_file():
    with ZipFile(BytesIO(made())) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.create_system for info in archive.infolist()} == {0}
        core = archive.read("docProps/core.xml").decode()
    assert not re.search(r"created|modified|creator|20\d\d-", core)


def test_the_same_document_gives_the_same_bytes_in_another_process():
    code = (
        "import sys; from every_block import document; from toolkit.documents.word import to_docx; "
        "sys.stdout.buffer.write(to_docx(document(), title='题', language='zh'))"
    )
    path = [folder for folder in sys.path if folder]
    ours = made()
    for seed in ("1", "2"):
        environment = {"PYTHONPATH": ":".join(path), "PYTHONHASHSEED": seed}
        assert run([sys.executable, "-c", code], env=environment, check=True, capture_output=True).stdout == ours
    assert made() == ours

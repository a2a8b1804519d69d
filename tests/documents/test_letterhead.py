"""A template of one's own keeps its look, gets the whole report, and is refused where it says too little."""

import re
from io import BytesIO
from zipfile import ZipFile

import docx
import pytest
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from every_block import CELLS, RARE, TITLES, document, table, wide
from nbformat.v4 import new_markdown_cell

from toolkit.documents import letterhead
from toolkit.documents.blocks import DocumentError
from toolkit.documents.letterhead import fill_template, require_template
from toolkit.faults import UsageError


@pytest.fixture
def template(tmp_path):
    """Return a function that writes a template with paragraphs of these texts."""

    def write(*texts, prepare=lambda _: None, name="letter.docx"):
        file = docx.Document()
        for text in texts:
            file.add_paragraph(text)
        prepare(file)
        file.save(tmp_path / name)
        return tmp_path / name

    return write


def filled(path, *cells, language="zh", title=TITLES["zh"]):
    return docx.Document(BytesIO(fill_template(document(*cells), path, title=title, language=language)))


def names(file):
    return [paragraph.style.name for paragraph in file.paragraphs]


def test_the_report_stands_where_the_body_goes(template):
    file = filled(template("某某单位文件", "{{ title }}", "{{ body }}", "印发"))
    shown = [paragraph.text for paragraph in file.paragraphs]
    assert shown[:3] == ["某某单位文件", TITLES["zh"], "一、总体"]
    assert shown[-1] == "印发"
    assert RARE in shown
    assert len(file.tables) == 3
    assert len(file.inline_shapes) == 2
    assert "Title" not in names(file)


def test_a_placeholder_may_be_typed_in_pieces_and_stand_in_a_cell(template):
    def prepare(file):
        cell = file.add_table(1, 1).cell(0, 0)
        for piece in ("{", "{ bo", "dy ", "}}"):
            cell.paragraphs[0].add_run(piece)

    file = filled(template("头", prepare=prepare), table())
    cell = file.tables[0].cell(0, 0)
    assert [row.cells[0].text for row in cell.tables[0].rows] == ["姓名", "张三", "李四"]
    assert cell._tc[-1].tag == qn("w:p")


def test_styles_of_the_template_hold_whatever_their_ids_are(template):
    def prepare(file):
        heading = file.styles["Heading 1"]
        heading.font.color.rgb = RGBColor(1, 2, 3)
        heading.element.set(qn("w:styleId"), "2")
        file.styles["Body Text"].font.size = Pt(7)

    file = filled(template("{{ body }}", prepare=prepare))
    heading = next(each for each in file.paragraphs if each.text == "一、总体")
    assert (heading.style.style_id, heading.style.font.color.rgb) == ("2", RGBColor(1, 2, 3))
    assert file.styles["Body Text"].font.size == Pt(7)
    assert {"Heading 1", "Heading 2", "Body Text", "List Bullet", "Note", "Table Note", "Figure Caption"} <= set(
        names(file)
    )
    assert [style.name for style in file.styles].count("Heading 1") == 1
    known = set(file.styles.element.xpath("w:style/@w:styleId"))
    assert set(file.element.body.xpath("//w:pStyle/@w:val | //w:rStyle/@w:val | //w:tblStyle/@w:val")) <= known


def test_a_template_without_a_style_for_texts_has_one_for_everything(template):
    def prepare(file):
        file.styles["Body Text"].delete()

    file = filled(template("{{ body }}", prepare=prepare), new_markdown_cell("文"))
    assert names(file) == ["Normal"]


def test_tables_and_figures_can_be_placed_alone(template):
    file = filled(template("{{ table_3 }}", "{{ figure_1 }}", "{{ body }}"))
    assert len(file.tables) == 4
    assert file.tables[0].rows[0].cells[1].text == "指标01"
    assert [shape._inline.docPr.get("descr") for shape in file.inline_shapes] == ["一条线", "一条线", "色块"]
    ids = file.element.body.xpath("//wp:docPr/@id")
    assert len(set(ids)) == len(ids) == 3


def test_a_wide_table_is_held_within_the_page_of_the_template(template):
    def prepare(file):
        file.sections[0].page_width, file.sections[0].left_margin, file.sections[0].right_margin = Cm(15), Cm(2), Cm(3)

    file = filled(template("{{ body }}", prepare=prepare), wide())
    assert len(file.sections) == 1
    assert sum(column.width for column in file.tables[0].columns) == pytest.approx(Cm(10), rel=0.01)


def test_lists_of_the_template_go_on_and_ours_begin_anew(template):
    def prepare(file):
        file.add_paragraph("旧", style="List Number")

    file = filled(template("{{ body }}", prepare=prepare), new_markdown_cell("1. 甲\n\n文\n\n1. 乙\n\n- 点"))
    numbering = file.part.numbering_part.element
    kinds = {
        each.get(qn("w:numId")): each.find(qn("w:abstractNumId")).get(qn("w:val"))
        for each in numbering.iterchildren(qn("w:num"))
    }
    used = file.element.body.xpath("w:p/w:pPr/w:numPr/w:numId/@w:val")
    assert len(set(used)) == 3
    formats = {
        each.get(qn("w:abstractNumId")): next(each.iter(qn("w:numFmt"))).get(qn("w:val"))
        for each in numbering.iterchildren(qn("w:abstractNum"))
    }
    assert [formats[kinds[number]] for number in used] == ["decimal", "decimal", "bullet"]


def test_a_template_without_lists_gets_them(template):
    def prepare(file):
        for key, relation in list(file.part.rels.items()):
            if relation.reltype.endswith("/numbering"):
                del file.part.rels[key]
        for style in list(file.styles.element.iter(qn("w:numPr"))):
            style.getparent().remove(style)

    file = filled(template("{{ body }}", prepare=prepare), new_markdown_cell("1. 甲"))
    assert file.part.numbering_part.element.xpath("w:num/@w:numId")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["正文"], "must hold {{ body }}, alone in a paragraph, where the report goes"),
        (["{{ body }}", "{{ author }}"], "{{ author }}, must be one of title, body, table_1"),
        (["{{ body }}", "{{ table_0 }}"], "{{ table_0 }}, must be one of"),
        (["{{ body }"], "unexpected '}'"),
        (["{{ body }}", "{% if %}"], "Expected an expression"),
        (["{{ body | nonsense }}"], "No filter named 'nonsense'"),
    ],
)
def test_a_template_that_says_too_little_or_too_much_is_refused(template, texts, message):
    path = template(*texts)
    with pytest.raises(UsageError, match=re.escape(message)) as caught:
        require_template(path)
    assert str(caught.value).startswith(str(path))


def test_what_is_no_template_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        require_template(tmp_path / "none.docx")
    (tmp_path / "text.docx").write_text("文", encoding="utf-8")
    with pytest.raises(UsageError, match="must be a Word file"):
        require_template(tmp_path / "text.docx")
    with ZipFile(tmp_path / "zip.docx", "w") as archive:
        archive.writestr("a", "b")
    with pytest.raises(UsageError, match="must be a Word file"):
        require_template(tmp_path / "zip.docx")


def test_who_lacks_the_extra_is_told_which(template, monkeypatch):
    path = template("{{ body }}")
    monkeypatch.setattr(letterhead, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install toolkit\[template\]"):
        require_template(path)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["前 {{ body }} 后"], "the template says '前 {{ body }} 后': what is more than text must stand alone"),
        (["{{ body }}", "{{ table_9 }}"], "the template asks for table_9: there are 3 tables, 2 figures"),
        (["{% if title == '' %}{{ body }}{% endif %}"], "{{ body }} is nowhere in it once it is filled"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused(template, texts, message):
    with pytest.raises(DocumentError, match=re.escape(message)):
        filled(template(*texts))


def test_no_block_stands_in_a_header(template):
    def prepare(file):
        file.sections[0].header.paragraphs[0].text = "{{ table_1 }}"

    with pytest.raises(DocumentError, match=r"asks for blocks in /word/header1\.xml"):
        filled(template("{{ body }}", prepare=prepare))


def test_a_header_may_hold_the_title(template):
    def prepare(file):
        file.sections[0].header.paragraphs[0].text = "{{ title }}"

    file = filled(template("{{ body }}", prepare=prepare), title="甲<乙>&")
    assert file.sections[0].header.paragraphs[0].text == "甲<乙>&"


def test_the_same_template_gives_the_same_bytes(template):
    path = template("{{ title }}", "{{ body }}")
    made = {fill_template(document(), path, title="题", language="en") for _ in range(2)}
    assert len(made) == 1


def test_a_template_cannot_reach_beyond_the_report(template):
    with pytest.raises(Exception, match="unsafe"):
        filled(template("{{ body }}", "{{ title.__class__.__mro__ }}"), *CELLS[:1])

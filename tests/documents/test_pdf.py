"""A PDF holds everything, can be followed by a screen reader, and is the same every time."""

import re
import sys
from io import BytesIO
from subprocess import run

import pytest
import typst
from every_block import CELLS, HOSTILE, RARE, TITLES, document, shows, table, wide
from nbformat.v4 import new_markdown_cell
from pypdf import PdfReader

from toolkit.documents import press
from toolkit.documents.blocks import Column, Document, DocumentError, Figure, Heading, Paragraph, Preformatted, Table
from toolkit.documents.pdf import to_pdf

LANGUAGES = ("zh", "en")
A4 = (595, 842)


def made(*cells, language="zh", title="题", **options):
    return to_pdf(document(*cells), title=title, language=language, **options)


def opened(*cells, **options):
    return PdfReader(BytesIO(made(*cells, **options)))


def text(file):
    return "".join(page.extract_text() for page in file.pages)


def tags(file):
    """Every element of the structure: its tag, its own alternative text, and its children's tags."""
    found = []

    def visit(node):
        node = node.get_object()
        if isinstance(node, list):
            for each in node:
                visit(each)
        elif isinstance(node, dict) and "/S" in node:
            found.append((node["/S"].removeprefix("/"), node.get("/Alt"), node))
        if isinstance(node, dict) and "/K" in node:
            visit(node["/K"])

    visit(file.trailer["/Root"]["/StructTreeRoot"])
    return found


def names(file):
    return [name for name, _, _ in tags(file)]


def bookmarks(outline, depth=1):
    for entry in outline:
        if isinstance(entry, list):
            yield from bookmarks(entry, depth + 1)
        else:
            yield depth, entry.title


# What is in it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_on_the_pages(language):
    file = opened(language=language, title=TITLES[language])
    shown = re.sub(r"\s", "", text(file))
    for part in (
        TITLES[language],
        "一、总体",
        "共28名，其中一名免评，见说明。",
        "优秀",
        "1.其一",
        "续",
        "含本数。",
        "党员得分",
        "注：满分100。",
        "张三88.2",
    ):
        assert part.replace(" ", "") in shown, part
    assert "平均分" in shown  # inside the figure


def test_rare_characters_are_drawn_and_can_be_copied():
    """PDF/UA-1 forbids a box in place of a character, and Typst refuses to write one: see the next test."""
    file = opened(new_markdown_cell(RARE + "𬭎"))
    assert RARE + "𬭎" in text(file)
    fonts = [font.get_object() for page in file.pages for font in page["/Resources"]["/Font"].values()]
    inner = [font["/DescendantFonts"][0].get_object()["/FontDescriptor"] for font in fonts]
    assert inner
    assert all("/FontFile2" in each or "/FontFile3" in each for each in inner)  # embedded


def test_a_character_that_no_font_has_is_an_error_that_names_it_and_its_cell(monkeypatch):
    folder = str(press.font_path().parent)
    ours = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])
    monkeypatch.setattr(press, "_fonts", lambda **_: ours)
    with pytest.raises(DocumentError, match=r"^cell 2: .*u\{10fffd\}.* could not be displayed"):
        made(new_markdown_cell("一"), new_markdown_cell("二\U0010fffd"))


def test_a_character_that_only_the_machine_has_is_taken_from_there(monkeypatch):
    asked = []
    compile_ = press._compile

    def watched(*arguments, system):
        asked.append(system)
        if not system:
            raise _refusal()
        return compile_(*arguments, system=False)

    monkeypatch.setattr(press, "_compile", watched)
    assert made(new_markdown_cell("一")).startswith(b"%PDF-1.7")
    assert asked == [False, True]


def _refusal():
    fault = typst.TypstError.__new__(typst.TypstError)
    fault.message = "the text could not be displayed"
    return fault


def test_hostile_texts_stand_as_they_are():
    shown = text(opened(table([(each, "1") for each in HOSTILE])))
    for each in HOSTILE:
        assert re.sub(r"\s", "", each) in re.sub(r"\s", "", shown), each
    paragraphs = text(opened(new_markdown_cell("`" + "`\n\n`".join(HOSTILE[:3]) + "`")))
    assert all(each in paragraphs for each in HOSTILE[:3])


def test_a_link_leads_where_it_did():
    file = opened(new_markdown_cell("[说明](https://example.org/a?b=1&c=2) [空]()"))
    targets = [note.get_object()["/A"]["/URI"] for page in file.pages for note in page.get("/Annots", [])]
    assert targets == ["https://example.org/a?b=1&c=2"]


# Access ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "locale"), [("zh", "zh-CN"), ("en", "en-GB")])
def test_a_document_says_what_it_is(language, locale):
    file = opened(language=language, title=TITLES[language])
    root = file.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == locale
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert file.metadata.title == TITLES[language]
    assert re.search(r"pdfuaid:part>1<", root["/Metadata"].get_object().get_data().decode())


def test_structure_is_tagged():
    file = opened(language="zh", title=TITLES["zh"])
    found = names(file)
    assert [found.count(name) for name in ("H1", "H2", "Table", "Figure", "BlockQuote")][:3] == [3, 1, 3]
    assert found.count("TH") == 2 + 2 + 26
    assert found.count("TD") == 4 + 2 * len(HOSTILE) + 2 * 26
    assert found.count("LI") == 2 + 2 + 1 + 1
    assert [alt for name, alt, _ in tags(file) if name == "Figure"] == ["一条线", "色块"]
    scopes = {str(node["/A"]) for name, _, node in tags(file) if name == "TH"}
    assert all("/Column" in scope for scope in scopes)


def test_headings_are_bookmarks():
    assert list(bookmarks(opened().outline)) == [(1, "一、总体"), (2, "细目"), (1, "二、名单"), (1, "三、回执")]


def test_a_figure_without_words_is_called_a_figure():
    figure = shows("image/svg+xml", '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>')
    for language, word in (("zh", "图"), ("en", "Figure")):
        assert [alt for name, alt, _ in tags(opened(figure, language=language)) if name == "Figure"] == [word]


# Pages ----------------------------------------------------------------------------------------------------------


def test_a_wide_table_stands_on_a_turned_page():
    file = opened(new_markdown_cell("文"), wide(), new_markdown_cell("尾"))
    assert [tuple(map(round, page.mediabox[2:])) for page in file.pages] == [A4, A4[::-1], A4]


def test_a_page_of_gb_t_9704_has_22_lines_of_28_characters():
    file = opened(new_markdown_cell("\n\n".join(["行"] * 3)), new_markdown_cell("党" * 28 * 44))
    lines = [line.strip() for line in file.pages[1].extract_text().splitlines() if "党" in line]
    assert [len(line) for line in lines] == [28] * 22


def test_the_head_of_a_long_table_stands_on_each_page_and_is_read_once():
    file = opened(table([(f"党员{number:03}", "1") for number in range(120)], caption="长表"))
    assert len(file.pages) > 2
    assert all("姓名" in page.extract_text() for page in file.pages)
    assert names(file).count("TH") == 2


@pytest.mark.parametrize(
    ("language", "lines"), [*(("zh", lines) for lines in range(13, 23)), *(("en", lines) for lines in range(23, 34))]
)
def test_nothing_is_left_alone_at_the_foot_of_a_page(language, lines):
    """A heading, a caption and the head of a table go to the next page with the first row."""
    filler = new_markdown_cell("\n\n".join(["行"] * lines))
    file = opened(filler, new_markdown_cell("## 标题"), table(caption="表题"), language=language)
    place = {
        part: [n for n, page in enumerate(file.pages) if part in page.extract_text()]
        for part in ("标题", "表题", "张三")
    }
    assert place["标题"] == place["表题"] == place["张三"]
    figure = opened(filler, new_markdown_cell("## 标题"), CELLS[3], language=language)
    place = {
        part: [n for n, page in enumerate(figure.pages) if part in page.extract_text()] for part in ("标题", "平均分")
    }
    assert place["标题"] == place["平均分"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_are_numbered(language):
    file = opened(language=language)
    assert [f"— {number} —" in page.extract_text() for number, page in enumerate(file.pages, start=1)] == [True] * len(
        file.pages
    )


def test_the_last_section_of_a_sheet_begins_a_page():
    pages = [page.extract_text() for page in opened(compact=True).pages]
    assert pages[-1].lstrip().startswith("三、回执")
    assert len(pages) < len(opened().pages) + 1


# Nothing is lost ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("show-table(it)\n", "[]\n", "tables: 3 in the notebook, 0 on the pages"),
        ("it.rows.enumerate()", "it.rows.slice(1).enumerate()", "cells: 106 in the notebook, 76 on the pages"),
        ("show-figure(it)\n", "[]\n", "figures: 2 in the notebook, 0 on the pages"),
        ("heading(level: it.level, it.text)", "[]", "headings: 4 in the notebook, 0 on the pages"),
        ("if it.ordered { enum(..items) }", "if it.ordered { [] }", "paragraphs: 11 in the notebook, 6 on the pages"),
        ("raw(it.text, block: true)", "[]", "preformatteds: 1 in the notebook, 0 on the pages"),
    ],
)
def test_a_template_that_loses_something_is_caught(before, after, fault, monkeypatch, tmp_path):
    folder = press.files("toolkit.documents")
    source = folder.joinpath("templates", "paper.typ").read_text(encoding="utf-8")
    assert before in source
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "paper.typ").write_text(source.replace(before, after), encoding="utf-8")
    monkeypatch.setattr(press, "files", lambda _: tmp_path)
    with pytest.raises(DocumentError, match=re.escape(fault)):
        made()


def test_what_cannot_be_set_names_its_cell():
    broken = Document((Paragraph("文"), Figure('<svg xmlns="x" viewBox="0 0 9 9"></svg>')), cells=(1, 4))
    with pytest.raises(DocumentError, match=r"^cell 4: "):
        to_pdf(broken, title="题", language="zh")


@pytest.mark.parametrize(
    "blocks", [(), (Heading(3, ""),), (Preformatted(""),), (Paragraph(""),), (Table((Column("a"),), ()),)]
)
def test_what_is_empty_is_a_document(blocks):
    file = PdfReader(BytesIO(to_pdf(Document(blocks), title="", language="en")))
    assert file.metadata.title == "Report"


# The same every time --------------------------------------------------------------------------------------------


def test_no_time_of_day_is_in_a_file():
    content = made()
    assert not re.search(rb"CreationDate|ModDate|CreateDate|ModifyDate", content)


def test_the_same_document_gives_the_same_bytes_in_another_process():
    code = (
        "import sys; from every_block import document; from toolkit.documents.pdf import to_pdf; "
        "sys.stdout.buffer.write(to_pdf(document(), title='题', language='zh'))"
    )
    path = [folder for folder in sys.path if folder]
    ours = made()
    for seed in ("1", "2"):
        environment = {"PYTHONPATH": ":".join(path), "PYTHONHASHSEED": seed, "RAYON_NUM_THREADS": seed}
        assert run([sys.executable, "-c", code], env=environment, check=True, capture_output=True).stdout == ours
    assert made() == ours

"""LibreOffice opens what we write, and lays it out as it is meant."""

import re
from shutil import which
from subprocess import run

import docx
import pytest
from every_block import CELLS, RARE, TITLES, document, table, wide
from matplotlib.image import imread
from nbformat.v4 import new_markdown_cell
from pypdf import PdfReader

from toolkit.documents.letterhead import fill_template
from toolkit.documents.word import to_docx

pytestmark = pytest.mark.office
PROGRAMS = ("soffice", "pdftoppm")


@pytest.fixture(scope="module", autouse=True)
def _programs():
    lacking = [program for program in PROGRAMS if which(program) is None]
    assert not lacking, f"not on PATH: {', '.join(lacking)}"


@pytest.fixture
def converted(tmp_path):
    """Return a function that has LibreOffice make a PDF of a Word file."""

    def convert(content, name="report"):
        path = tmp_path / f"{name}.docx"
        path.write_bytes(content)
        home = f"-env:UserInstallation=file://{tmp_path}/home"
        command = ["soffice", home, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(path)]
        run(command, check=True, capture_output=True, timeout=180)
        return PdfReader(tmp_path / f"{name}.pdf")

    return convert


def shown(file):
    return re.sub(r"\s", "", "".join(page.extract_text() for page in file.pages))


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_everything_is_on_the_pages(converted, language, compact):
    file = converted(to_docx(document(*CELLS), title=TITLES[language], language=language, compact=compact))
    parts = (
        TITLES[language],
        "一、总体",
        "共28名，其中一名免评，见说明。",
        "优秀",
        "1.其一",
        "2.其二",
        "续",
        "含本数。",
        "党员得分",
        RARE,
    )
    for part in (*parts, "注：满分100。", "张三88.2", "平均分", "色块", "指标25", "1.甲", "1.乙"):
        assert part.replace(" ", "") in shown(file), part
    assert f"—{len(file.pages)}—" in shown(file)


def test_pages_are_a4_and_only_that_of_the_wide_table_is_turned(converted):
    file = converted(
        to_docx(document(new_markdown_cell("文"), wide(), new_markdown_cell("尾")), title="题", language="zh")
    )
    assert [tuple(map(round, page.mediabox[2:])) for page in file.pages] == [(595, 842), (842, 595), (595, 842)]


def test_the_head_of_a_long_table_stands_on_each_page(converted):
    rows = [(f"党员{number:03}", "1") for number in range(120)]
    file = converted(to_docx(document(table(rows)), title="题", language="zh"))
    assert len(file.pages) > 2
    assert all("姓名" in page.extract_text() for page in file.pages)


def test_a_page_of_gb_t_9704_has_22_lines_of_28_characters(converted):
    text = "党" * 28 * 44
    file = converted(
        to_docx(
            document(new_markdown_cell("\n\n".join(["行"] * 3)), new_markdown_cell(text)), title="题", language="zh"
        )
    )
    lines = [line for line in file.pages[1].extract_text().splitlines() if "党" in line]
    assert len(lines) == 22
    assert {len(line.strip()) for line in lines} == {28}


def test_a_figure_is_drawn(converted, tmp_path):
    converted(to_docx(document(CELLS[3]), title="", language="zh"))
    run([which("pdftoppm"), "-r", "50", "-png", "report.pdf", "page"], cwd=tmp_path, check=True)
    (picture,) = tmp_path.glob("page*.png")
    assert (imread(picture)[..., :3].min(axis=2) < 0.3).sum() > 150  # the line of the figure, 200 dots long


def test_a_template_that_is_filled_can_be_opened(converted, tmp_path):
    template = docx.Document()
    for text in ("某某单位", "{{ title }}", "{{ body }}"):
        template.add_paragraph(text)
    template.save(tmp_path / "letter.docx")
    file = converted(fill_template(document(*CELLS), tmp_path / "letter.docx", title="报告", language="zh"))
    for part in ("某某单位", "报告", "一、总体", "党员得分", RARE):
        assert part in shown(file), part

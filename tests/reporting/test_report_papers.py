"""Every report of the demo in Word and PDF holds what its page holds, in both languages."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import docx
import nbformat
import pytest
from pypdf import PdfReader

from toolkit.batch import manifest
from toolkit.batch.runner import run_units
from toolkit.documents.papers import PdfExporter, WordExporter
from toolkit.files import digest
from toolkit.reporting import run
from toolkit.reporting.edition import OVERVIEW, Edition
from toolkit.reporting.trial import read_plan
from toolkit.reporting.trial_run import place, unit_of

ROOT = Path(__file__).parents[2]
DEMO, NOTEBOOKS = ROOT / "surveys" / "demo", ROOT / "notebooks"
EXPORTERS = run.exporters_of("html,docx,pdf")
REPORTS = [
    (Edition(), "B12"),
    (Edition(), OVERVIEW),
    (Edition("member_feedback", "member"), "M0231"),
    (Edition("change"), "B12"),
    (Edition("public_notice"), "B12"),
]


class Page(HTMLParser):
    """The cells of the tables of a page, its headings, and its number of figures."""

    def __init__(self, text):
        super().__init__()
        self.cells, self.headings, self.figures, self.into = [], [], 0, None
        self.feed(text)

    def handle_starttag(self, tag, _):
        self.figures += tag == "figure"
        self.into = {"td": self.cells, "th": self.cells, "h2": self.headings, "h3": self.headings}.get(tag)
        if self.into is not None:
            self.into.append("")

    def handle_endtag(self, tag):
        if tag in {"td", "th", "h2", "h3"}:
            self.into = None

    def handle_data(self, data):
        if self.into is not None:
            self.into[-1] += data


def same(folder, title, language):
    """Hold the three files of a folder against each other."""
    page = Page((folder / "report.html").read_text(encoding="utf-8"))
    word = docx.Document(folder / "report.docx")
    pdf = PdfReader(BytesIO((folder / "report.pdf").read_bytes()))
    cells = [cell.text for grid in word.tables for row in grid.rows for cell in row.cells]
    assert cells == [re.sub(r"[ \t\n\r]+", " ", cell).strip() for cell in page.cells]
    assert [each.text for each in word.paragraphs if each.style.name.startswith("Heading")] == page.headings
    assert len(word.inline_shapes) == page.figures
    assert all(shape._inline.docPr.get("descr") for shape in word.inline_shapes)
    shown = re.sub(r"\s", "", "".join(sheet.extract_text() for sheet in pdf.pages))
    lacking = {cell for cell in map("".join, map(str.split, cells)) if cell not in shown}
    assert not lacking
    assert pdf.metadata.title == word.core_properties.title == title
    assert pdf.trailer["/Root"]["/Lang"] == {"zh": "zh-CN", "en": "en-GB"}[language]


@pytest.mark.slow
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("edition", "name"), REPORTS)
def test_a_report_is_the_same_in_three_formats(study, scores, tmp_path, edition, name, language):  # noqa: PLR0917
    planned = run.plan(
        study, scores, tmp_path, notebooks=NOTEBOOKS, edition=edition, language=language, exporters=EXPORTERS
    )
    (outcome,) = run.perform_all(replace(planned, names=(name,)), 1)
    assert outcome.outcome == "done", outcome.error
    same(tmp_path / name, planned.unit(name).metadata["title"], language)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["zh", "en"])
def test_experiments_are_the_same_in_three_formats(study, tmp_path, language):
    plan = read_plan(DEMO, study)
    out = place(tmp_path, study, plan)
    unit = unit_of(DEMO, study, plan, out, notebooks=NOTEBOOKS, language=language, exporters=EXPORTERS)
    (outcome,) = run_units([unit], out / manifest.FILE, workers=1)
    assert outcome.outcome == "done", outcome.error
    same(Path(unit.folder), unit.metadata["title"], language)


@pytest.mark.slow
def test_another_folder_and_number_of_processes_give_the_same_bytes(study, scores, tmp_path):
    found = []
    for workers in (1, 2):
        planned = run.plan(study, scores, tmp_path / str(workers), notebooks=NOTEBOOKS, exporters=EXPORTERS)
        outcomes = list(run.perform_all(replace(planned, names=("B12", "B03", "B05", OVERVIEW)), workers))
        found.append(sorted((outcome.name, outcome.files) for outcome in outcomes))
    assert found[0] == found[1]
    assert all({"report.docx", "report.pdf"} <= set(files) for _, files in found[0])


@pytest.mark.slow
def test_the_executed_notebook_gives_its_papers_once_more(study, scores, tmp_path):
    planned = run.plan(study, scores, tmp_path, notebooks=NOTEBOOKS, exporters=EXPORTERS)
    list(run.perform_all(replace(planned, names=("B12",)), 1))
    executed = nbformat.read(tmp_path / "B12" / "unit_report.ipynb", as_version=4)
    assert WordExporter().from_notebook_node(executed)[0] == (tmp_path / "B12" / "report.docx").read_bytes()
    assert PdfExporter().from_notebook_node(executed)[0] == (tmp_path / "B12" / "report.pdf").read_bytes()


def test_another_template_makes_reports_anew(study, scores, tmp_path):
    keys = []
    for text in ("甲", "乙"):
        file = docx.Document()
        for each in (text, "{{ body }}"):
            file.add_paragraph(each)
        file.save(tmp_path / "letter.docx")
        options = {"notebooks": NOTEBOOKS, "exporters": EXPORTERS, "template": tmp_path / "letter.docx"}
        unit = run.plan(study, scores, tmp_path, **options).unit("B12")
        assert unit.metadata["toolkit"]["template"] == digest(tmp_path / "letter.docx")
        assert unit.settings == {"WordExporter": {"template": str(tmp_path / "letter.docx")}}
        keys.append(unit.key(""))
    assert keys[0] != keys[1]

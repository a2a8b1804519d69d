"""A notebook becomes a document by nbconvert: that of a run, or a record that nothing in a cell can stop."""

import os
import re
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from subprocess import run

import nbformat
import pytest
from nbconvert.utils.exceptions import ConversionException
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from traitlets.config import Config

from toolkit.batch.link import SINGLE
from toolkit.documents.blocks import DocumentError
from toolkit.documents.exporters import RecordExporter, ReportExporter
from toolkit.documents.font import with_font
from toolkit.documents.notebook import read
from toolkit.documents.pages import to_html
from toolkit.documents.papers import PdfExporter, WordExporter
from toolkit.documents.pdf import to_pdf
from toolkit.documents.steps import LONGEST
from toolkit.documents.word import to_docx

GROUP = "nbconvert.exporters"
PAGES = {"toolkit-html": ReportExporter, "toolkit-record": RecordExporter}
PAPERS = {"toolkit-docx": WordExporter, "toolkit-pdf": PdfExporter}
EXPORTERS = PAGES | PAPERS
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0L9 9"/></svg>'
TABLE = {"schema": {"fields": [{"name": "a", "title": "得分"}]}, "data": [{"a": "88.2"}], "caption": "表 1"}


def shows(data, source="x", count=1):
    return new_code_cell(source, execution_count=count, outputs=[new_output("display_data", data)])


def notebook(*cells, **metadata):
    return new_notebook(cells=list(cells), metadata=metadata)


def report(*cells, **metadata):
    return ReportExporter().from_notebook_node(notebook(*cells, **metadata))[0]


def record(*cells, **metadata):
    return RecordExporter().from_notebook_node(notebook(*cells, **metadata))[0]


def visible(page):
    """The text of a page between its tags."""
    return re.sub(r"<[^>]*>", "", page.partition("<main>")[2])


FAILED = new_code_cell(
    "1/0",
    execution_count=7,
    outputs=[
        new_output(
            "error",
            ename="ZeroDivisionError",
            evalue="division by zero",
            traceback=["\x1b[0;31mTraceback\x1b[0m", "----> 1 \x1b[38;5;241m1\x1b[39m/0", "<b>"],
        )
    ],
)

# What nbconvert finds -------------------------------------------------------------------------------------------


def test_the_project_declares_its_exporters():
    text = Path(__file__).parents[2].joinpath("pyproject.toml").read_text(encoding="utf-8")
    declared = tomllib.loads(text)["project"]["entry-points"][GROUP]
    assert {name: EntryPoint(name, value, GROUP).load() for name, value in declared.items()} == EXPORTERS


@pytest.fixture
def installed(tmp_path):
    """An environment in which the project is installed as it is declared now, whatever was installed before."""
    text = Path(__file__).parents[2].joinpath("pyproject.toml").read_text(encoding="utf-8")
    declared = tomllib.loads(text)["project"]["entry-points"][GROUP]
    folder = tmp_path / "site" / "toolkit-0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: toolkit\nVersion: 0\n", encoding="utf-8")
    lines = [f"[{GROUP}]", *(f"{name} = {value}" for name, value in declared.items())]
    (folder / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(folder.parent), *filter(None, sys.path)])}


@pytest.mark.parametrize(("name", "start"), {"toolkit-docx": b"PK", "toolkit-pdf": b"%PDF-1.7"}.items())
def test_the_command_writes_a_paper_beside_the_notebook(name, start, installed, tmp_path):
    nbformat.write(notebook(new_markdown_cell("一"), title="报告"), tmp_path / "x.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--to", name, "x.ipynb"]
    run(command, cwd=tmp_path, check=True, capture_output=True, env=installed)
    content = (tmp_path / f"x{EXPORTERS[name]().file_extension}").read_bytes()
    assert content == EXPORTERS[name]().from_filename(str(tmp_path / "x.ipynb"))[0]
    assert content.startswith(start)


def test_the_command_writes_a_page_beside_the_notebook(tmp_path):
    nbformat.write(notebook(new_markdown_cell("一"), title="报告"), tmp_path / "x.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--to", "toolkit.documents.exporters.ReportExporter", "x.ipynb"]
    run(command, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "x.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("exporter", PAGES.values())
def test_an_exporter_writes_html(exporter):
    _, resources = exporter().from_notebook_node(notebook())
    assert (exporter().file_extension, exporter.output_mimetype) == (".html", "text/html")
    assert resources["output_extension"] == ".html"


# The report -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("compact", [True, False])
def test_a_report_is_the_page_of_a_run(language, compact):
    cells = [new_markdown_cell("# 甲\n\n## 乙"), shows({"image/svg+xml": SVG}), shows({"text/plain": "n"})]
    own = report(*cells, title="甲", toolkit={"language": language, "compact": compact})
    assert own == with_font(to_html(read(notebook(*cells)), title="甲", language=language, compact=compact))


@pytest.mark.parametrize("compact", [True, False])
@pytest.mark.parametrize(("exporter", "write"), [(WordExporter, to_docx), (PdfExporter, to_pdf)])
def test_a_paper_is_that_of_a_run(exporter, write, compact):
    source = notebook(
        new_markdown_cell("# 甲\n\n## 乙"), shows({"image/svg+xml": SVG}), shows({"text/plain": "n"}),
        title="甲", toolkit={"language": "en", "compact": compact},
    )  # fmt: skip
    content, resources = exporter().from_notebook_node(source)
    assert content == write(read(source), title="甲", language="en", compact=compact)
    assert resources["output_extension"] == exporter().file_extension


@pytest.mark.parametrize("exporter", PAPERS.values())
def test_what_is_made_ready_starts_no_thread(exporter):
    """Threads do not survive the fork that follows: whoever was forked would wait for them for ever."""
    code = (
        "import os, sys; from nbformat.v4 import new_notebook; from toolkit.batch.perform import _exporter; "
        "running = lambda: len(os.listdir('/proc/self/task')); before = running(); "
        "_exporter(sys.argv[1], '{}').warm(new_notebook()); print(running() - before)"
    )
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **dict.fromkeys(SINGLE, "1")}
    command = [sys.executable, "-c", code, f"{exporter.__module__}.{exporter.__name__}"]
    assert run(command, env=environment, check=True, capture_output=True, text=True).stdout == "0\n"


def test_a_title_falls_back_to_the_first_heading_and_then_to_the_file(tmp_path):
    assert "<title>甲</title>" in report(new_markdown_cell("文\n\n## 甲\n\n## 乙"))
    nbformat.write(notebook(new_markdown_cell("文")), tmp_path / "june.ipynb")
    for exporter in (ReportExporter(), RecordExporter()):
        assert "<title>june</title>" in exporter.from_filename(str(tmp_path / "june.ipynb"))[0]


@pytest.mark.parametrize(("text", "locale"), [("Score 甲", "zh-CN"), ("Score α", "en")])
def test_a_language_falls_back_to_that_of_the_text(text, locale):
    assert f'<html lang="{locale}">' in report(new_markdown_cell(text))
    assert f'<html lang="{locale}">' in record(new_markdown_cell(text))


def test_a_notebook_that_failed_is_one_error_that_names_file_and_cell():
    with pytest.raises(ConversionException, match=r"^Notebook: cell 2: failed with ZeroDivisionError") as caught:
        report(new_markdown_cell("一"), FAILED)
    assert isinstance(caught.value, DocumentError)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("settings", [{"language": "fr"}, {"language": ["zh"]}, "zh"])
@pytest.mark.parametrize("export", [report, record])
def test_metadata_that_mean_nothing_are_refused(export, settings):
    with pytest.raises(DocumentError, match=r"in the metadata: .* must be"):
        export(toolkit=settings)


# Lean, and yet nbconvert's --------------------------------------------------------------------------------------


@pytest.mark.parametrize("exporter", EXPORTERS.values())
def test_a_notebook_is_neither_copied_nor_changed(exporter, monkeypatch):
    source = notebook(new_markdown_cell("一"), shows({"application/vnd.dataresource+json": TABLE}))
    before = nbformat.writes(source)
    with monkeypatch.context() as patch:
        patch.setattr("copy.deepcopy", None)
        exporter().from_notebook_node(source)
    assert nbformat.writes(source) == before


@pytest.mark.parametrize("exporter", PAGES.values())
def test_a_preprocessor_that_is_enabled_is_honoured(exporter):
    settings = {"enabled": True, "remove_cell_tags": {"private"}}
    source = notebook(new_markdown_cell("公开"), new_markdown_cell("秘密", metadata={"tags": ["private"]}))
    page, _ = exporter(config=Config(TagRemovePreprocessor=settings)).from_notebook_node(source)
    assert "公开" in page
    assert "秘密" not in page
    assert len(source.cells) == 2


def test_a_preprocessor_may_be_a_function():
    def shout(source, resources):
        source.cells[0].source = "喊"
        return source, resources

    page, _ = ReportExporter(preprocessors=[shout]).from_notebook_node(notebook(new_markdown_cell("说")))
    assert "喊" in page


@pytest.mark.parametrize("exporter", EXPORTERS.values())
def test_the_same_notebook_gives_the_same_bytes(exporter):
    source = notebook(new_markdown_cell("一"), shows({"image/svg+xml": SVG}))
    pages = {exporter().from_notebook_node(source)[0] for _ in range(2)}
    assert len(pages) == 1


# The record -----------------------------------------------------------------------------------------------------


def test_a_record_shows_every_cell_in_order_with_its_count():
    page = record(
        new_markdown_cell("其一", metadata={"tags": ["remove_cell"]}),
        new_code_cell("其二 = 1", execution_count=12, metadata={"tags": ["parameters"]}),
        new_raw_cell("其三"),
        new_code_cell("其四"),
    )
    assert re.findall(r"其.|\[12\]|\[ \]", visible(page)) == ["其一", "[12]", "其二", "其三", "[ ]", "其四"]


def test_code_is_highlighted_and_escaped():
    page = record(new_code_cell('def f():\n    return "<script>"'))
    assert '<span class="k">def</span>' in page
    assert "&lt;script&gt;" in page
    assert page.count("<script") == 1  # the page's own


def test_a_record_carries_what_a_report_carries():
    page = record(
        new_markdown_cell("# 题\n\n共 **2** 项"),
        shows({"application/vnd.dataresource+json": TABLE, "text/plain": "得分"}),
        shows({"image/svg+xml": SVG}),
        new_code_cell(
            outputs=[new_output("stream", name="stdout", text="输出"), new_output("stream", name="stderr", text="警告")]
        ),
        title="题",
    )
    assert page.count("题") == 2  # <title> and <h1>
    assert "<strong>2</strong>" in page
    assert "<caption>表 1</caption>" in page
    assert '<svg role="img"' in page
    assert '<div class="part warning">\n<pre tabindex="0">警告</pre>' in page
    assert 'class="mime"' not in page


def test_a_failure_is_shown_without_the_colours_of_a_terminal():
    page = record(FAILED)
    assert '<div class="part error">\n<pre tabindex="0">Traceback\n----&gt; 1 1/0\n&lt;b&gt;</pre>' in page
    assert "\x1b" not in page
    silent = new_code_cell(outputs=[new_output("error", ename="KeyError", evalue="'x'", traceback=[])])
    assert "KeyError: &#39;x&#39;" in record(silent)


@pytest.mark.parametrize(
    ("data", "mime", "text"),
    [
        ({"application/vnd.jupyter.widget-view+json": {"model_id": "m"}, "text/plain": "IntSlider(value=0)"},
         "application/vnd.jupyter.widget-view+json", "IntSlider(value=0)"),
        ({"text/html": "<b>粗</b><script>x</script>", "text/plain": "<HTML object>"}, "text/html", "粗"),
        ({"application/vnd.dataresource+json": {**TABLE, "mark": 1}, "text/plain": "表"},
         "application/vnd.dataresource+json", "表"),
        ({"image/png": "图", "text/plain": "一"}, "image/png", "一"),
        ({"text/latex": "$a$", "text/plain": "<Latex object>"}, "text/latex", "$a$"),
        ({"application/json": {"键": 1}}, "application/json", '"键": 1'),
        ({"image/png": "bm9uZQ==", "text/plain": "图"}, "image/png", "图"),
        ({"image/svg+xml": "<svg", "text/plain": "图"}, "image/svg+xml", "图"),
        ({"application/vnd.dataresource+json": {"data": []}, "text/plain": "表"},
         "application/vnd.dataresource+json", "表"),
    ],
)  # fmt: skip
def test_what_a_record_cannot_carry_is_text_under_its_type(data, mime, text):
    page = record(shows(data))
    assert f'<p class="mime">{mime}</p>' in page
    assert text in visible(page).replace("&#34;", '"')


def test_markdown_that_cannot_be_carried_keeps_its_source():
    page = record(new_markdown_cell("![图](a.png)"))
    assert '<p class="mime">text/markdown</p>\n<pre tabindex="0">![图](a.png)</pre>' in page


def test_a_text_that_stands_in_is_cut():
    page = record(shows({"application/x": "长" * 3 * LONGEST}))
    assert page.count("长") == LONGEST - 1  # and the quote of JSON


def test_a_record_loads_nothing_and_runs_nothing():
    page = record(shows({"image/svg+xml": SVG, "application/javascript": "alert(1)"}), new_markdown_cell("[x](y)"))
    assert not re.search(r"https?://|<script [^>]|<link|@import", page)
    assert page.count("<script>") == 1  # the page's own

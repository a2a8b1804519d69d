"""Word and PDF come out of a batch as they do alone: after a fork, from any number of workers, from stock kernels."""

import docx
import nbformat
import pytest
from small_notebooks import forks

from toolkit.documents.papers import PdfExporter, WordExporter

EXPORTERS = {
    f"report.{kind.file_extension.default_value.strip('.')}": f"{kind.__module__}.{kind.__name__}"
    for kind in (WordExporter, PdfExporter)
}
SVG = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 90 9' width='90pt'><text y='8' font-size='8'>{}</text></svg>"
)
CELLS = (
    "from IPython.display import SVG, Markdown",
    "display(Markdown(f'## 第{x}支部\\n\\n得分 **{x}**'), SVG(data=svg.format(f'垚{x}')))",
)


@forks
def test_bytes_depend_neither_on_workers_nor_on_the_way(make, batch, monkeypatch, tmp_path):
    notebook = make(*CELLS, before=(f"svg = {SVG!r}",))
    options = {"exporters": EXPORTERS, "metadata": {"title": "报告", "toolkit": {"language": "zh"}}}
    one = batch(notebook, range(6), workers=1, out="one", **options)
    two = batch(notebook, range(6), workers=2, out="two", **options)
    monkeypatch.setenv("TOOLKIT_FORK", "0")
    stock = batch(notebook, range(6), workers=2, out="stock", **options)
    assert [outcome.outcome for outcome in one] == ["done"] * 6, one[0].error
    assert (
        len({outcome.files["report.pdf"] for outcome in one})
        == len({outcome.files["report.docx"] for outcome in one})
        == 6
    )
    for others in (two, stock):
        assert [outcome.files for outcome in others] == [outcome.files for outcome in one]
    executed = nbformat.read(tmp_path / "one" / "u3" / "notebook.ipynb", as_version=4)
    for exporter, file in ((WordExporter, "report.docx"), (PdfExporter, "report.pdf")):
        assert exporter().from_notebook_node(executed)[0] == (tmp_path / "one" / "u3" / file).read_bytes()


@forks
@pytest.mark.parametrize("name", EXPORTERS)
def test_a_paper_that_cannot_be_made_fails_its_unit_alone(make, batch, name):
    cell = "from IPython.display import HTML\ndisplay(HTML('<b>x</b>') if x == 1 else HTML('<table><tr><td>x</table>'))"
    found = batch(make(cell), range(3), exporters={name: EXPORTERS[name]})
    assert [outcome.outcome for outcome in found] == ["done", "failed", "done"]
    assert "cell 3: text/html without a table cannot be carried" in found[1].error
    assert name not in found[1].files


@forks
def test_settings_reach_the_exporters_and_belong_to_the_inputs(make, batch, tmp_path):
    options = {"exporters": {"report.md": "markdown"}}
    batch(make("1"), [0], **options)
    settings = {"TemplateExporter": {"exclude_input": True}}
    (outcome,) = batch(make("1"), [0], settings=settings, **options)
    assert outcome.outcome == "done"
    assert "```" not in (tmp_path / "out" / "u0" / "report.md").read_text(encoding="utf-8")
    (outcome,) = batch(make("1"), [0], settings=settings, **options)
    assert outcome.outcome == "kept"


@forks
def test_a_template_reaches_the_exporter_in_its_process(make, batch, tmp_path):
    template = docx.Document()
    template.add_paragraph("某某单位")
    template.add_paragraph("{{ body }}")
    template.save(tmp_path / "letter.docx")
    (outcome,) = batch(
        make("from IPython.display import Markdown\ndisplay(Markdown('正文'))"),
        [0],
        exporters={"report.docx": EXPORTERS["report.docx"]},
        settings={"WordExporter": {"template": str(tmp_path / "letter.docx")}},
    )
    assert outcome.outcome == "done", outcome.error
    made = docx.Document(tmp_path / "out" / "u0" / "report.docx")
    assert [paragraph.text for paragraph in made.paragraphs] == ["某某单位", "正文", "The end."]

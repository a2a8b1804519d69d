"""Exporters for nbconvert that write on paper: any executed notebook as a Word file or as a PDF.

    jupyter nbconvert --to toolkit-docx notebook.ipynb
    jupyter nbconvert --to toolkit-docx --WordExporter.template=letter.docx notebook.ipynb
    jupyter nbconvert --to toolkit-pdf notebook.ipynb

They read the same metadata as `toolkit.documents.exporters`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nbconvert.exporters.exporter import FilenameExtension
from traitlets import Unicode

from toolkit.documents.exporters import LeanExporter, report_options
from toolkit.documents.notebook import read
from toolkit.documents.pdf import to_pdf
from toolkit.documents.press import make_ready
from toolkit.documents.word import make_ready as make_word_ready
from toolkit.documents.word import to_docx

if TYPE_CHECKING:
    from nbformat import NotebookNode


class WordExporter(LeanExporter):
    """`toolkit-docx`: a report as a Word file."""

    export_from_notebook = "Report (Word)"
    file_extension = FilenameExtension(".docx").tag(config=True)
    output_mimetype = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

    template = Unicode("", help="a Word file with {{ body }} in it; see toolkit.documents.letterhead").tag(config=True)

    def written(self, notebook: NotebookNode, name: str) -> bytes:
        """The report; its code is not shown."""
        document = read(notebook)
        options = report_options(notebook.metadata, document.blocks, name)
        if not self.template:
            return to_docx(document, **options)
        from toolkit.documents.letterhead import fill_template  # noqa: PLC0415  (needs an extra)

        return fill_template(document, Path(self.template), **options)

    def warm(self, notebook: NotebookNode) -> None:  # noqa: ARG002
        """Have styles, templates and fonts ready; figures are drawn in threads, which no fork would survive."""
        make_ready()
        make_word_ready()


class PdfExporter(LeanExporter):
    """`toolkit-pdf`: a report as a PDF."""

    export_from_notebook = "Report (PDF)"
    file_extension = FilenameExtension(".pdf").tag(config=True)
    output_mimetype = "application/pdf"

    def written(self, notebook: NotebookNode, name: str) -> bytes:
        """The report; its code is not shown."""
        document = read(notebook)
        return to_pdf(document, **report_options(notebook.metadata, document.blocks, name))

    def warm(self, notebook: NotebookNode) -> None:  # noqa: ARG002
        """Have the fonts ready; a document is set in threads, which no fork would survive."""
        make_ready()

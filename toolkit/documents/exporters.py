"""Exporters for nbconvert: any executed notebook as a report (`toolkit-html`) or as a record (`toolkit-record`).

    jupyter nbconvert --to toolkit-html notebook.ipynb

Those that write on paper are in `papers`.

The metadata of the notebook may say what the page is called and how it looks, all of it optional::

    {"title": "第一支部测评报告", "toolkit": {"language": "zh", "compact": false}}
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nbconvert.exporters.exporter import Exporter, FilenameExtension
from nbconvert.utils.exceptions import ConversionException

from toolkit.documents.blocks import Block, DocumentError, Heading
from toolkit.documents.font import with_font
from toolkit.documents.notebook import read
from toolkit.documents.pages import to_html
from toolkit.documents.steps import read_steps, record_html
from toolkit.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nbformat import NotebookNode

_CHINESE = re.compile("[\u3400-\u9fff]")


class ExportError(DocumentError, ConversionException):
    """A notebook that cannot become a page; nbconvert's command tells of it and stops."""


class LeanExporter(Exporter):
    """An exporter without the copies of the notebook that nbconvert makes."""

    # An exporter of text or bytes gives these, as nbconvert's own do against the type of their base.
    def from_notebook_node(  # type: ignore[override]
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: object
    ) -> tuple[str | bytes, dict[str, Any]]:
        """Write a notebook; it is copied only where a preprocessor is enabled that could change it.

        Raises
        ------
        ExportError
            If the notebook, or its metadata, holds what cannot be carried.
        """
        if any(getattr(preprocessor, "enabled", True) for preprocessor in self._preprocessors):
            nb, resources = super().from_notebook_node(nb, resources, **kw)
        else:
            resources = self._init_resources(resources)  # type: ignore[no-untyped-call]
        name = resources["metadata"]["name"]
        try:
            return self.written(nb, name), resources
        except DocumentError as fault:
            raise ExportError(f"{name}: {fault}") from None

    def written(self, notebook: NotebookNode, name: str) -> str | bytes:
        """The content of the file that a notebook becomes, from a file of this name."""
        raise NotImplementedError

    def warm(self, notebook: NotebookNode) -> None:
        """Do in advance what need not be done in every process that is forked from this one."""
        self.from_notebook_node(notebook)


class PageExporter(LeanExporter):
    """An exporter to one self-contained page."""

    file_extension = FilenameExtension(".html").tag(config=True)
    output_mimetype = "text/html"

    def written(self, notebook: NotebookNode, name: str) -> str:
        """The page with the font of its characters."""
        return with_font(self.page(notebook, name))

    def page(self, notebook: NotebookNode, name: str) -> str:
        """The page of a notebook from a file of this name."""
        raise NotImplementedError


class ReportExporter(PageExporter):
    """`toolkit-html`: the page that a run makes of an executed notebook."""

    export_from_notebook = "Report (HTML)"

    def page(self, notebook: NotebookNode, name: str) -> str:
        """The report; its code is not shown."""
        document = read(notebook)
        return to_html(document, **report_options(notebook.metadata, document.blocks, name))


class RecordExporter(PageExporter):
    """`toolkit-record`: every cell of a notebook with its code, whatever became of it."""

    export_from_notebook = "Record with code (HTML)"

    def page(self, notebook: NotebookNode, name: str) -> str:
        """The record; the text of failures stands where they occurred."""
        steps = read_steps(notebook)
        blocks = [block for step in steps for part in step.parts for block in part.blocks]
        return record_html(steps, **_options(notebook.metadata, blocks, name))


def report_options(metadata: NotebookNode, blocks: Sequence[Block], name: str) -> dict[str, Any]:
    """Title, language and whether it is compact."""
    return {**_options(metadata, blocks, name), "compact": bool(_settings(metadata).get("compact"))}


def _options(metadata: NotebookNode, blocks: Sequence[Block], name: str) -> dict[str, str]:
    """Title and language: as the notebook says, or as its content tells."""
    heading = next((block.text for block in blocks if isinstance(block, Heading)), "")
    language = _settings(metadata).get("language") or ("zh" if _CHINESE.search(repr(blocks)) else "en")
    if language not in LANGUAGES:
        raise DocumentError(f"language in the metadata: {language!r}, must be one of {', '.join(LANGUAGES)}")
    return {"title": str(metadata.get("title") or heading or name), "language": language}


def _settings(metadata: NotebookNode) -> Mapping[str, Any]:
    settings = metadata.get("toolkit", {})
    if not isinstance(settings, dict):
        raise DocumentError(f"toolkit in the metadata: {settings!r}, must be an object")
    return settings

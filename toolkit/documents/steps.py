"""An executed notebook as a record of work: every cell in order, its code and what came of it, on one page.

A report refuses what it cannot carry; a record shows it as text under the name of its type, for it is read by those
who want to know what was done, above all where something failed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers.python import PythonLexer

from toolkit.documents.blocks import Block, Heading, Preformatted
from toolkit.documents.html_tables import html_text
from toolkit.documents.notebook import Mime, blocks_of, preformatted
from toolkit.documents.pages import page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nbformat import NotebookNode

LONGEST = 5_000  # characters of a text that stands in for what cannot be shown: the scripts of a chart are megabytes


@dataclass(frozen=True)
class Part:
    """Something that a cell shows.

    Attributes
    ----------
    kind : str
        "prose", "raw", "output", "warning" (stderr), "error", or "foreign" for what a page cannot carry.
    blocks : tuple of blocks
        To be shown as in a report.
    mime : str
        The types of what is foreign.
    """

    kind: str
    blocks: tuple[Block, ...]
    mime: str = ""


@dataclass(frozen=True)
class Step:
    """A cell: its code as HTML, blank where it has none, its execution count, and what it shows."""

    code: str
    count: str
    parts: tuple[Part, ...]


def read_steps(notebook: NotebookNode) -> tuple[Step, ...]:
    """Read every cell of a notebook, executed or not; no content makes this fail."""
    return tuple(_step(cell, f"c{number}") for number, cell in enumerate(notebook.cells, start=1))


def _step(cell: NotebookNode, prefix: str) -> Step:
    if cell.cell_type == "code":
        parts = (_output(part, f"{prefix}o{position}") for position, part in enumerate(cell.outputs, start=1))
        shown = tuple(part for part in parts if part.blocks or part.mime)
        return Step(_highlighted(cell.source), str(cell.execution_count or " "), shown)
    if cell.cell_type == "markdown":
        bundle = {"output_type": "display_data", "data": {Mime.MARKDOWN: cell.source}, "metadata": {}}
        part = _display(bundle, prefix)
        return Step("", "", (Part("prose", part.blocks) if part.kind == "output" else part,))
    return Step("", "", (Part("raw", preformatted(cell.source)),))


def _output(part: Mapping[str, Any], prefix: str) -> Part:
    match part["output_type"]:
        case "stream":
            return Part("warning" if part["name"] == "stderr" else "output", preformatted(part["text"]))
        case "error":
            trace = "\n".join(part["traceback"]) or f"{part['ename']}: {part['evalue']}"
            return Part("error", preformatted(trace))
    return _display(part, prefix)


def _display(part: Mapping[str, Any], prefix: str) -> Part:
    try:
        return Part("output", blocks_of(part, prefix))
    except Exception:  # noqa: BLE001  (whatever is wrong with it, it must not cost the reader the rest)
        mimes = [mime for mime in part["data"] if mime != Mime.PLAIN] or [Mime.PLAIN]
        return Part("foreign", (Preformatted(_stand_in(part["data"])),), ", ".join(mimes))


def _stand_in(data: Mapping[str, Any]) -> str:
    """The text that tells most of what cannot be shown."""
    candidates = [
        html_text(str(data.get(Mime.HTML, ""))),
        *(str(data[mime]) for mime in data if mime.startswith("text/") and mime not in {Mime.HTML, Mime.PLAIN}),
        str(data.get(Mime.PLAIN, "")),
        *(json.dumps(content, ensure_ascii=False, indent=1) for content in data.values()),
    ]
    text = next((candidate for candidate in candidates if candidate.strip()), "")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


@lru_cache(maxsize=1024)  # the notebooks of a run hold the same code
def _highlighted(code: str) -> str:
    lexer, formatter = _pygments()
    return str(highlight(code, lexer, formatter)).rstrip("\n")


@cache
def _pygments() -> tuple[PythonLexer, HtmlFormatter]:
    return PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)


def record_html(steps: Sequence[Step], *, title: str, language: str) -> str:
    """Write a record as one self-contained HTML page, in the look of a report.

    Parameters
    ----------
    steps
        What `read_steps` gives.
    title
        The title of the page; a first heading that only repeats it is left out.
    language
        "zh" or "en".
    """
    match steps:
        case (Step(parts=(Part(blocks=(Heading(text=text), *rest)) as part, *_)) as first, *others) if text == title:
            steps = (replace(first, parts=(replace(part, blocks=tuple(rest)), *first.parts[1:])), *others)
    return page("record.html.j2", language=language, title=title, steps=steps)

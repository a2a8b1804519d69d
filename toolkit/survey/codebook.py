"""What every variable of a questionnaire is, and what its codes mean: as a page to read, and as labels in SPSS."""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.faults import UsageError
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toolkit.survey.questionnaire import Questionnaire

MISSING = {-3: "skipped", -2: "empty"}
"""Codes of no answer, as 问卷星 has them; in SPSS they are missing."""
TIME, UNTIMED = slice(92, 109), b"01 Jan 8000:00:00"
"""Where an SPSS file holds the day and the time at which it was written, and what stands there instead."""


def as_page(form: Questionnaire) -> str:
    """The codebook in Markdown: every variable with ratee and indicator, and every code with its points (0-100)."""
    _ = words(form.language)
    title = _("Codebook")
    parts = [f"# {title}: {form.title}", "\n".join(f"- {note}" for note in form.notes)]
    heads = (_("Variable"), _("Question"), _("Ratee"), _("Indicator"))
    parts.append(_table(heads, _variables(form)))
    low, high = f"{form.answers.low:g}", f"{form.answers.high:g}"
    if form.answers.choices:
        coded = [
            (choice.name, choice.label, choice.value, "" if choice.points is None else f"{choice.points:.10g}")
            for choice in form.answers.choices
        ]
        parts.append(_table((_("Code"), _("Answer"), _("In ratings.csv"), _("Points (0–100)")), coded))
        parts.append(_("An answer without points is blank: it is counted, and leaves the base."))
    else:
        parts.append(_("Every answer is a number from {low} to {high}.").format(low=low, high=high))
    if form.ratees:
        chosen = [(choice.name, choice.label, choice.value) for choice in form.ratees]
        parts.append(_table((_("Code"), _("Answer"), _("Ratee")), chosen))
    return "\n\n".join(parts) + "\n"


def _variables(form: Questionnaire) -> Iterator[tuple[str, str, str, str]]:
    if form.chooser:
        yield form.chooser.name, form.chooser.label, "", ""
    for block in form.blocks:
        for question in block.questions:
            label = f"{block.label}: {question.label}" if block.label else question.label
            yield question.name, label, block.ratee, question.indicator


def _table(header: tuple[str, ...], rows: Any) -> str:  # noqa: ANN401  (any rows of texts)
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in lines)


def as_sav(form: Questionnaire) -> bytes:
    """An SPSS file without cases that holds the labels of all variables and codes, to type or paste data into.

    Raises
    ------
    UsageError
        If pyreadstat is not installed.
    """
    try:
        pyreadstat: Any = importlib.import_module("pyreadstat")
    except ModuleNotFoundError:
        raise UsageError(".sav needs pyreadstat: pip install toolkit[survey]") from None
    labels = {"id": "id"} | {name: label for name, label, _, _ in _variables(form)}
    codes: dict[int, str] = {int(choice.name): choice.label for choice in form.answers.choices}
    asked = [name for name in labels if name not in {"id", form.chooser.name if form.chooser else ""}]
    frame = pd.DataFrame({name: pd.Series(dtype=float if name in asked else object) for name in labels})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "codebook.sav")
        pyreadstat.write_sav(
            frame,
            str(path),
            column_labels=list(labels.values()),
            variable_value_labels=dict.fromkeys(asked, codes | MISSING),
            missing_ranges={name: [*MISSING] for name in asked},
            variable_measure=dict.fromkeys(asked, "ordinal" if codes else "scale"),
        )
        raw = path.read_bytes()
    return raw[: TIME.start] + UNTIMED + raw[TIME.stop :]

"""A questionnaire as an XLSForm, for KoboToolbox and ODK: readable Markdown in the study, a workbook made of it.

Beside XLSForm's own columns stand ours: `x_source`, `x_ratee` and `x_indicator` say which cell a question rates,
`x_value` and `x_score` what a choice is in ratings.csv and how many points (0-100) it has. Whoever edits the Markdown
may change every text and add questions of his own; what has no `x_indicator` rates nobody. See https://xlsform.org.
"""

from __future__ import annotations

import re
from io import BytesIO
from shutil import which
from typing import TYPE_CHECKING

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from toolkit.contract import misplaced
from toolkit.faults import Fault, StudyError, one_of
from toolkit.survey.office import settled
from toolkit.survey.questionnaire import CHOSEN, Answers, Block, Choice, Question, Questionnaire, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from toolkit.scheme import Scheme

SURVEY = ("type", "name", "label", "required", "appearance", "constraint", "x_source", "x_ratee", "x_indicator")
CHOICES = ("list_name", "name", "label", "x_value", "x_score")
SETTINGS = ("form_title", "form_id", "default_language", "style", "x_round", "x_source", "x_unit")
NEEDED = {"survey": SURVEY[:3], "choices": CHOICES[:4], "settings": ("form_title", "form_id", *SETTINGS[4:])}
BEGIN, END = ("begin_group", "begin group"), ("end_group", "end group")
TICKED, TYPED = "select_one", ("decimal", "integer")
CELL = re.compile(r"(?<!\\)\|")
LANGUAGES = {"zh": "中文 (zh)", "en": "English (en)"}

Sheets = dict[str, list[tuple[int, dict[str, str]]]]
"""Rows of each sheet, each with its line in the file."""


# ---------------------------------------------------------------------------------------------------------- writing


def written(form: Questionnaire) -> str:
    """The Markdown of a questionnaire: a table for each sheet, which pyxform reads as it stands."""
    rows = {"survey": _survey_rows(form), "choices": _choice_rows(form), "settings": [_settings(form)]}
    columns = {"survey": SURVEY, "choices": CHOICES, "settings": SETTINGS}
    parts = [f"# {form.title}\n"]
    for sheet, lines in rows.items():
        cells = [columns[sheet], *(tuple(line.get(name, "") for name in columns[sheet]) for line in lines)]
        parts.append(f"| {sheet} |\n" + "".join(f"| | {' | '.join(map(_escaped, row))} |\n" for row in cells))
    return "\n".join(parts)


def _escaped(cell: str) -> str:
    return " ".join(cell.split()).replace("|", "\\|")


def _survey_rows(form: Questionnaire) -> Iterator[dict[str, str]]:
    for place, note in enumerate(form.notes, start=1):
        yield {"type": "note", "name": f"note{place}", "label": note}
    if form.chooser:
        first = form.chooser
        yield {
            "type": f"{TICKED} ratees", "name": first.name, "label": first.label, "required": "yes", "x_ratee": CHOSEN,
        }  # fmt: skip
    typed = form.answers
    within = {"constraint": f". >= {typed.low:g} and . <= {typed.high:g}"} if not typed.choices else {}
    kind = f"{TICKED} answers" if typed.choices else TYPED[0]
    for block in form.blocks:
        ours = {"x_source": form.source, "x_ratee": block.ratee}
        yield {
            "type": BEGIN[0],
            "name": block.name,
            "label": block.label,
            "appearance": "field-list",
            "x_ratee": block.ratee,
        }
        for question in block.questions:
            yield {
                "type": kind, "name": question.name, "label": question.label, **within, **ours,
                "x_indicator": question.indicator,
            }  # fmt: skip
        yield {"type": END[0]}


def _choice_rows(form: Questionnaire) -> Iterator[dict[str, str]]:
    for listed, choices in (("answers", form.answers.choices), ("ratees", form.ratees)):
        for choice in choices:
            score = "" if choice.points is None else f"{choice.points:.10g}"
            yield {
                "list_name": listed, "name": choice.name, "label": choice.label, "x_value": choice.value,
                "x_score": score,
            }  # fmt: skip


def _settings(form: Questionnaire) -> dict[str, str]:
    return {
        "form_title": form.title, "form_id": f"{form.name}-{form.round}", "default_language": LANGUAGES[form.language],
        "style": "pages", "x_round": form.round, "x_source": form.source, "x_unit": form.unit,
    }  # fmt: skip


def workbook(text: str) -> bytes:
    """The XLSForm workbook of a questionnaire's Markdown, a sheet for each table; from the same text the same bytes."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in _sheets(text).items():
        sheet = book.create_sheet(name)
        header = list(dict.fromkeys(column for _, row in rows for column in row))
        for place, row in enumerate([dict(zip(header, header, strict=True)), *(row for _, row in rows)], start=1):
            for column, title in enumerate(header, start=1):
                if row.get(title):
                    cell = sheet.cell(place, column, row[title])
                    cell.data_type, cell.number_format = "s", "@"  # a text such as =1 or 2026-06 stays one
        for column, title in enumerate(header, start=1):
            sheet.cell(1, column).font = Font(bold=True)
            sheet.column_dimensions[get_column_letter(column)].width = 44 if title == "label" else 16
        sheet.freeze_panes = "A2"
    target = BytesIO()
    book.save(target)
    return settled(target.getvalue())


# ---------------------------------------------------------------------------------------------------------- reading


def parsed(
    text: str, file: str, schemes: Mapping[str, Scheme], ratees: Mapping[str, Mapping[str, str]]
) -> Questionnaire:
    """Read a questionnaire's Markdown, and hold it against the scheme.

    Parameters
    ----------
    text, file : str
        The Markdown, and how errors call it.
    schemes : mapping
        Scheme of each round.
    ratees : mapping
        For each round everybody there is, and why he cannot be rated ("" where he can).

    Raises
    ------
    StudyError
        With every fault: a sheet or column that is lacking, a name that is there twice, a question on an indicator that
        the source is not asked or on nobody who is rated, a choice that is no answer of the scale or has other points.
    """
    sheets = _sheets(text)
    faults = _absent(sheets, file)
    if faults:
        raise StudyError(file, faults)
    line, settings = sheets["settings"][0]
    turn, source = settings.get("x_round", ""), settings.get("x_source", "")
    faults = [
        Fault(file, line, f"settings.x_{column}", value, expected)
        for column, value, expected in misplaced(schemes, turn, source, "overall")
        if column != "indicator"
    ]
    if faults:
        raise StudyError(file, faults)
    reader = _Reader(file, schemes[turn], source, turn, ratees[turn])
    form = reader.form(sheets, settings)
    if reader.faults:
        raise StudyError(file, reader.faults)
    return form


def _sheets(text: str) -> Sheets:
    """Rows of each table; a table begins with its name in the first cell, then come its header and its rows."""
    sheets: Sheets = {}
    header: list[str] = []
    name = ""
    for line, raw in enumerate(text.splitlines(), start=1):
        if not raw.strip().startswith("|"):
            continue
        first, *cells = (cell.strip().replace("\\|", "|") for cell in CELL.split(raw.strip())[1:-1])
        if first:
            name, header = first.casefold(), []
            sheets.setdefault(name, [])
        elif name and not header:
            header = cells
        elif name and any(cells) and not set("".join(cells)) <= set("-: "):
            sheets[name].append((line, {key: cell for key, cell in zip(header, cells, strict=False) if key}))
    return sheets


def _absent(sheets: Sheets, file: str) -> list[Fault]:
    faults = []
    for name, columns in NEEDED.items():
        rows = sheets.get(name, [])
        if name == "choices" and not rows:
            continue  # where every answer is typed in
        if not rows:
            faults.append(Fault(file, None, name, "", "must be a table of this file, with at least one row"))
        elif lacking := [column for column in columns if column not in rows[0][1]]:
            faults.append(Fault(file, rows[0][0], name, "", f"must have the columns {', '.join(lacking)}"))
    return faults


class _Reader:
    """Reads the rows of one form and gathers what is wrong with them."""

    def __init__(self, file: str, scheme: Scheme, source: str, turn: str, ratees: Mapping[str, str]) -> None:
        self.file, self.scheme, self.source, self.turn, self.ratees = file, scheme, source, turn, ratees
        self.faults: list[Fault] = []

    def wrong(self, line: int, column: str, value: str, expected: str) -> None:
        self.faults.append(Fault(self.file, line, column, value, expected))

    def form(self, sheets: Sheets, settings: Mapping[str, str]) -> Questionnaire:
        lists: dict[str, list[tuple[int, dict[str, str]]]] = {}
        for line, row in sheets.get("choices", []):
            lists.setdefault(row["list_name"], []).append((line, row))
        rated, notes, others, first = self._survey(sheets["survey"], lists)
        people = lists.get(first["type"].split()[-1], []) if first else []
        blocks = self._blocks(rated)
        self._unlike(rated, blocks)
        used = {row["type"].split()[-1] for _, row, _ in rated if row["type"].startswith(TICKED)}
        ticked = [item for name in lists if name in used for item in lists[name]]
        kinds = {row["type"] for _, row, _ in rated}
        if len(kinds) > 1:
            self.wrong(rated[0][0], "type", ", ".join(sorted(kinds)), "must be the same for every question that rates")
        choices = tuple(self._choice(line, row) for line, row in ticked)
        scale = self.scheme.scales[self.scheme.leaf_sources[self.source].scale or ""]
        return Questionnaire(
            settings["form_id"].removesuffix(f"-{self.turn}"), settings["form_title"], self.turn, self.source,
            settings.get("x_unit", ""), next((key for key, name in LANGUAGES.items()
                                              if name == settings.get("default_language")), self.scheme.language),
            tuple(notes), Answers(choices, scale.low or 0.0, scale.high or 0.0), blocks,
            tuple(self._person(line, row) for line, row in people),
            Question(first["name"], first["label"], "") if first else None, tuple(others),
        )  # fmt: skip

    def _survey(
        self, rows: Sequence[tuple[int, dict[str, str]]], lists: Mapping[str, list[tuple[int, dict[str, str]]]]
    ) -> tuple[list[tuple[int, dict[str, str], dict[str, str]]], list[str], list[str], dict[str, str]]:
        """Questions that rate, each with its group; notes; names of other questions; who can be chosen."""
        rated, notes, others = [], [], []
        first: dict[str, str] = {}
        groups: list[dict[str, str]] = []
        names: dict[str, int] = {}
        for line, row in rows:
            kind, name = row["type"], row.get("name", "")
            if kind in END:
                groups[-1:] = []
                continue
            if names.setdefault(name.casefold(), line) != line:
                self.wrong(
                    line, "name", name, f"must not be there twice; it stands in row {names[name.casefold()]} too"
                )
            if kind.startswith(TICKED) and kind.split()[-1] not in lists:
                self.wrong(line, "type", kind, one_of(kind.split()[-1], lists, "a list of choices"))
            if kind in BEGIN:
                groups.append(row)
            elif row.get("x_indicator"):
                rated.append((line, row, groups[-1] if groups else {}))
            elif row.get("x_ratee") == CHOSEN:
                first = row
            elif kind == "note":
                notes.append(row.get("label", ""))
            else:
                others.append(name)
        return rated, notes, others, first

    def _blocks(self, rated: Iterable[tuple[int, dict[str, str], dict[str, str]]]) -> tuple[Block, ...]:
        held: dict[str, tuple[str, str, list[Question]]] = {}
        cells: dict[tuple[str, str], int] = {}
        for line, row, group in rated:
            indicator, ratee = row["x_indicator"], row.get("x_ratee") or group.get("x_ratee", "")
            self._place(line, row, ratee)
            if cells.setdefault((ratee, indicator), line) != line:
                self.wrong(line, "x_ratee, x_indicator", f"{ratee}, {indicator}", "must not be there twice")
            name, label = (group.get("name", ""), group.get("label", "")) if group else (row["name"], "")
            held.setdefault(ratee, (name, label, []))[2].append(Question(row["name"], row.get("label", ""), indicator))
        if not held:
            self.wrong(1, "x_indicator", "", "must be filled in for at least one question")
        return tuple(Block(name, label, ratee, tuple(asked)) for ratee, (name, label, asked) in held.items())

    def _place(self, line: int, row: Mapping[str, str], ratee: str) -> None:
        """A question must rate something that its source is asked, of somebody who is rated."""
        kind = row["type"]
        if row.get("x_source", self.source) != self.source:
            self.wrong(line, "x_source", row["x_source"], f"must be that of the form, {self.source}")
        for column, value, expected in misplaced({self.turn: self.scheme}, self.turn, self.source, row["x_indicator"]):
            self.wrong(line, f"x_{column}", value, expected)
        if ratee != CHOSEN and ratee not in self.ratees:
            self.wrong(line, "x_ratee", ratee, one_of(ratee, self.ratees, "a member, post or unit"))
        elif ratee != CHOSEN and self.ratees[ratee]:
            self.wrong(line, "x_ratee", ratee, self.ratees[ratee])
        if not kind.startswith(f"{TICKED} ") and kind not in TYPED:
            self.wrong(line, "type", kind, f"must be {TICKED} with a list, or one of {', '.join(TYPED)}")

    def _unlike(self, rated: Sequence[tuple[int, dict[str, str], dict[str, str]]], blocks: Sequence[Block]) -> None:
        """No two questions may look alike, or an export could not tell them apart."""
        seen: dict[str, str] = {}
        lines = {row["name"]: line for line, row, _ in rated}
        for block in blocks:
            for question in block.questions:
                text = plain(block.label + question.label)
                if seen.setdefault(text, question.name) != question.name:
                    expected = f"must differ from that of {seen[text]} by more than blanks and punctuation"
                    self.wrong(lines[question.name], "label", f"{block.label}: {question.label}", expected)

    def _choice(self, line: int, row: Mapping[str, str]) -> Choice:
        """A choice must be an answer of the source's scale, with the points that the scheme gives."""
        scale = self.scheme.scales[self.scheme.leaf_sources[self.source].scale or ""]
        value, score = row.get("x_value", ""), row.get("x_score", "")
        try:
            points = scale.points(value)
        except ValueError as error:
            self.wrong(line, "x_value", value, str(error))
            points = None
        else:
            expected = "" if points is None else f"{points:.10g}"
            if score != expected:
                self.wrong(line, "x_score", score, f"must be what the scheme gives: {expected or 'blank'}")
        return Choice(row.get("name", ""), row.get("label", ""), value, points)

    def _person(self, line: int, row: Mapping[str, str]) -> Choice:
        ratee = row.get("x_value", "")
        if self.ratees.get(ratee, "unknown"):
            self.wrong(line, "x_value", ratee, self.ratees.get(ratee) or one_of(ratee, self.ratees, "a member or post"))
        return Choice(row.get("name", ""), row.get("label", ""), ratee)


# ------------------------------------------------------------------------------------------------------- validation


def checked(text: str) -> str:
    """Have pyxform and, where Java is there, ODK Validate check a questionnaire; say by whom it was checked.

    Raises
    ------
    StudyError
        With what they say, if one of them finds it wrong.
    """
    try:
        from pyxform.errors import PyXFormError  # noqa: PLC0415  (an extra; slow)
        from pyxform.validators.odk_validate import ODKValidateError  # noqa: PLC0415
        from pyxform.xls2xform import convert  # noqa: PLC0415
    except ModuleNotFoundError:
        return "not checked: pyxform is not installed (pip install toolkit[survey])"
    java = which("java") is not None
    try:
        convert(text, file_type=".md", validate=java)
    except (PyXFormError, ODKValidateError) as error:
        raise StudyError("XLSForm", [Fault("XLSForm", None, "", "", str(error))]) from None
    return (
        "checked by pyxform and ODK Validate" if java else "checked by pyxform; not by ODK Validate: there is no Java"
    )

"""LimeSurvey: its tab-separated survey structure, and its CSV exports; codes `rM1[q1]`, or texts `张三 [德]`.

The structure has a row for every setting (S), text of the survey (SL), group (G), question (Q), row of an array (SQ)
and answer (A): https://www.limesurvey.org/manual/Tab_Separated_Value_survey_structure. A question's code has at most 20
characters, an answer's 5; both are letters and digits.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from toolkit.files import BOM
from toolkit.survey.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toolkit.survey.questionnaire import Block, Choice, Questionnaire

COLUMNS = (
    "class", "type/scale", "name", "relevance", "text", "help", "language", "validation", "mandatory", "other",
    "default", "same_default", "min_num_value_n", "max_num_value_n",
)  # fmt: skip
LANGUAGES = {"zh": "zh-Hans", "en": "en"}
ARRAY, NUMBERS, LIST = "F", "K", "!"
"""LimeSurvey's letters of question types: rows with the same answers, rows with numbers, a drop-down list."""
PRIVATE = {"anonymized": "Y", "ipaddr": "N", "refurl": "N", "datestamp": "N", "savetimings": "N"}


def written(form: Questionnaire) -> bytes:
    """The file (.txt) that LimeSurvey imports as a survey: UTF-8 with byte order mark, separated by tabs."""
    target = io.StringIO()
    rows = csv.DictWriter(target, COLUMNS, restval="", delimiter="\t", lineterminator="\n")
    rows.writeheader()
    for row in _rows(form):
        rows.writerow(row)
    return BOM + target.getvalue().encode()


def _rows(form: Questionnaire) -> Iterator[dict[str, str]]:
    language = LANGUAGES[form.language]
    settings = PRIVATE | {"language": language, "format": "G", "shownoanswer": "Y", "allowprev": "Y"}
    yield from ({"class": "S", "name": name, "text": text} for name, text in settings.items())
    said = {"surveyls_title": form.title, "surveyls_welcometext": "<br />".join(form.notes)}
    yield from ({"class": "SL", "name": name, "text": text, "language": language} for name, text in said.items())
    for place, block in enumerate(form.blocks):
        shown = {"class": "G", "type/scale": f"G{place}", "name": block.label, "relevance": "1", "language": language}
        yield shown
        if form.chooser:
            yield _question(LIST, form.chooser.name, form.chooser.label, language) | {"mandatory": "Y"}
            for choice in form.ratees:
                yield _answer(choice, language)
        yield from _array(form, block, language)


def _array(form: Questionnaire, block: Block, language: str) -> Iterator[dict[str, str]]:
    typed = not form.answers.choices
    ends = {"min_num_value_n": f"{form.answers.low:g}", "max_num_value_n": f"{form.answers.high:g}"} if typed else {}
    yield _question(NUMBERS if typed else ARRAY, block.name, block.label, language) | ends
    for question in block.questions:
        code = question.name.removeprefix(block.name)
        row = {"class": "SQ", "type/scale": "0", "name": code, "relevance": "1", "text": question.label}
        yield row | {"language": language}
    for choice in form.answers.choices:
        yield _answer(choice, language)


def _question(kind: str, code: str, text: str, language: str) -> dict[str, str]:
    shown = {"class": "Q", "type/scale": kind, "name": code, "relevance": "1", "text": text, "language": language}
    return shown | {"mandatory": "N", "other": "N"}


def _answer(choice: Choice, language: str) -> dict[str, str]:
    return {"class": "A", "type/scale": "0", "name": choice.name, "text": choice.label, "language": language}


def bare(heading: str) -> list[str]:
    """A heading as it is; of `code. text` each part too."""
    code, dot, text = heading.partition(". ")
    return [heading, *([code, text] if dot else [])]


SYSTEM = {
    "id": ("Response ID", "答复ID", "响应ID"),
    "submitdate": ("Date submitted", "提交日期", "提交时间"),
    "lastpage": ("Last page", "末页", "最后一页"),
    "startlanguage": ("Start language", "起始语言", "开始语言"),
    "seed": ("Seed", "种子"),
    "startdate": ("Date started", "开始日期"),
    "datestamp": ("Date last action", "最后操作日期"),
    "ipaddr": ("IP address", "IP地址"),
    "refurl": ("Referrer URL",),
    "interviewtime": ("Total time", "总计时间"),
}
"""LimeSurvey's own columns: the code, and what stands for it where an export has full headings."""


def called(*codes: str) -> tuple[str, ...]:
    """All headings of LimeSurvey's own columns: by code, by text, or `code. text`."""
    return tuple(name for code in codes for text in SYSTEM[code] for name in (code, text, f"{code}. {text}"))


LIMESURVEY = Platform(
    "LimeSurvey",
    ids=called("id"),
    about=called("lastpage", "startlanguage", "seed", "ipaddr", "refurl"),
    empty=("N/A",),
    submitted=called("submitdate"),
    came=called("submitdate"),
    took=called("interviewtime"),
    began=called("startdate"),
    ended=called("datestamp"),
    bare=bare,
)

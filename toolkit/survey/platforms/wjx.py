"""问卷星 (wjx.cn): text for its bulk import, and its exports by text or by code.

A block becomes a matrix [矩阵单选题]: the ratee is its title and the indicators are its rows; where everybody is rated
once there is one matrix, whose rows are the ratees. Exports head its columns `第2题(德)`, single questions `2、题干`.
Skipped questions are -3 or (跳过), empty ones -2 or (空); several choices are joined by ┋.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from toolkit.survey.platform import Platform, unambiguous

if TYPE_CHECKING:
    from toolkit.survey.questionnaire import Answers, Choice, Question, Questionnaire

NUMBERED = re.compile(r"^\s*(?:q|第)?\s*[0-9]+\s*(?:题)?\s*[、.．:：]\s*", re.IGNORECASE)


def pages(form: Questionnaire) -> list[tuple[str, list[tuple[str, Question]]]]:
    """Title and rows of each matrix: a ratee and his indicators, or one question and everybody."""
    single = {question.label for block in form.blocks for question in block.questions}
    if len(form.blocks) > 1 and len(single) == 1 and all(len(block.questions) == 1 for block in form.blocks):
        return [(next(iter(single)), [(block.label, block.questions[0]) for block in form.blocks])]
    return [(block.label, [(question.label, question) for question in block.questions]) for block in form.blocks]


def written(form: Questionnaire) -> str:
    """The text that 问卷星 turns into a questionnaire (创建问卷, 文本导入)."""
    options = [option(form.answers, choice) for choice in form.answers.choices]
    parts = [form.title, "\n".join(form.notes)]
    place = 0
    if form.chooser:
        place += 1
        parts.append("\n".join([f"{place}. {form.chooser.label}[单选题]", *(choice.label for choice in form.ratees)]))
    for title, rows in pages(form):
        if options and not any(" " in text for text in options):
            place += 1
            parts.append("\n".join([f"{place}. {title}[矩阵单选题]", " ".join(options), *(label for label, _ in rows)]))
            continue
        for label, _question in rows:
            place += 1
            kind = "[单选题]" if options else "[填空题]"
            parts.append("\n".join([f"{place}. {title}：{label}{kind}", *options]))
    return "\n\n".join(parts) + "\n"


def option(answers: Answers, choice: Choice) -> str:
    """A choice as 问卷星 shows it: 0 of a scale from 0 is 0分, or its code, which is its place, would be another."""
    return f"{choice.label}分" if _misleads(answers) else choice.label


def read(answers: Answers) -> dict[str, str]:
    """What a cell may hold: label or code; of a scale of numbers that does not begin with 1 the label alone.

    A code is the place of a choice among those that are asked: who takes a level out of a questionnaire moves the rest.
    """
    if _misleads(answers):
        return unambiguous((option(answers, choice), choice) for choice in answers.choices)
    places = enumerate(answers.choices, start=1)
    return unambiguous((text, choice) for place, choice in places for text in (str(place), choice.label, choice.value))


def bare(heading: str) -> list[str]:
    """A heading as it is, and without its number."""
    return [heading, NUMBERED.sub("", heading)]


def _misleads(answers: Answers) -> bool:
    """Whether choices are numbers, and others than their places, by which 问卷星 codes them."""
    numbers = answers.low < answers.high
    return numbers and any(choice.name != str(place) for place, choice in enumerate(answers.choices, start=1))


WJX = Platform(
    "问卷星",
    ids=("序号", "答卷编号"),
    about=("来源", "来源详情", "来自IP", "总分"),
    empty=("-3", "-2", "(跳过)", "(空)"),
    joins="┋",
    came=("提交答卷时间", "提交时间", "答卷时间", "填写时间"),
    took=("所用时间",),
    began=("开始答卷时间",),
    ended=("提交答卷时间", "提交时间"),
    bare=bare,
    read=read,
)  # fmt: skip

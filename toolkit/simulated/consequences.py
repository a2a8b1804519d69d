"""What follows in a made-up town: its criteria, what people decided, what was handed in, and what members replied.

Who is to mend something is known from his true quality. Where chance moved a score over a cut, people decided
otherwise than the program proposes, as they do elsewhere.
"""

from __future__ import annotations

import datetime as dt
from itertools import chain, repeat
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from toolkit.simulated.deeds import vetoed
from toolkit.simulated.opinions import RECTIFY, REDO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from toolkit.simulated.halves import Half
    from toolkit.simulated.town import Town

    Floats = NDArray[np.float64]
    Row = tuple[str, ...]

LOW, FEWEST = 70, 4
"""True quality (0-100) below which members are to mend something; at least so many are."""
OUTCOMES = ("closed", "overdue", "waived", "reopened")
"""What becomes of the first of them; of all others it is found done."""
SETTLED, REGISTERED, TERM = 14, 20, 90
"""Days from the feedback to the decisions and to the registration; days to mend something, as the scheme says."""
REGISTERS = 2
"""So many branches, the first, keep their register in the study; of the others it tells who was deferred."""
MEETING, OFFICE = "支部党员大会", "镇党委组织办"
PLAN, REPORT, FORM, MERITS = "整改方案", "整改报告", "考核登记表", "事迹材料"

CRITERIA = (
    ("constitution", "faith", "坚定共产主义理想和中国特色社会主义信念", "virtue"),
    ("constitution", "learning", "认真学习党的基本知识和业务知识", "ability"),
    ("constitution", "service", "密切联系群众，维护群众的正当利益", "service"),
    ("constitution", "work", "在生产、工作、学习和社会生活中起先锋模范作用", "results"),
    ("constitution", "discipline", "自觉遵守党的纪律和国家的法律法规", "integrity"),
    ("six", "faith", "坚持理想信念", "virtue"),
    ("six", "learning", "坚持勤奋学习，每年集中学习不少于 45 学时", "ability"),
    ("six", "diligence", "坚持勤奋工作", "diligence"),
    ("six", "plainness", "坚持“两个务必”", ""),
)
"""Layer, criterion, text and indicator; what holds for every branch."""
OWN = (
    ("service", "每月到便民服务窗口值班一天", "service"),
    ("learning", "集中学习每两周一次，每次不少于 2 学时", "ability"),
    ("learning", "行动不便的党员送学上门，不计缺勤", "ability"),
    ("work", "农忙时节每人结对帮助一户困难群众", "results"),
    ("neighbours", "调解邻里纠纷，每年至少一件", ""),
)
"""Criterion, text and indicator: what the first branches ask, one each."""
REPLIES = (
    (4, "接受评议结果。上半年照顾住院的家人，学习落下较多，已订补学计划。"),
    (9, "对“任务完成”一项有不同意见：两项任务因上级调整而中止，请核实后重新认定。"),
    (13, "感谢支部的肯定。优秀名额请让给长期在一线的同志。"),
)
"""Days after the feedback, and the reply; the last comes after the ten days that the scheme gives."""


class Case(NamedTuple):
    """Who is to mend something, who helps him, and what becomes of it."""

    subject: str
    helper: str
    outcome: str


def consequences(town: Town, quality: Floats, first: Half) -> dict[str, pd.DataFrame]:
    """The tables criteria, decisions, evidence and replies; what was decided is about the first round."""
    cases, good = _cases(town, quality)
    decided = [*_honours(cases[0], good, first), *_remediation(town, cases, first), *_register(town, cases, first)]
    columns = ["subject_id", "matter", "decision", "date", "decided_by", "reason", "due", "helper"]
    tables = {
        "decisions": pd.DataFrame(decided, columns=columns).sort_values("date", kind="stable", ignore_index=True),
        "evidence": pd.DataFrame(_papers(cases, good, first), columns=["subject_id", "item", "date", "note"]),
        "replies": pd.DataFrame(
            [
                (subject, _day(first, days), text)
                for subject, (days, text) in zip((cases[1].subject, cases[2].subject, good[0]), REPLIES, strict=True)
            ],
            columns=["subject_id", "date", "text"],
        ),
    }
    for table in tables.values():
        table.insert(0, "round", first.label)
    columns = ["layer", "criterion", "text", "unit_id", "indicator"]
    return {"criteria": pd.DataFrame(_criteria(town), columns=columns), **tables}


def _cases(town: Town, quality: Floats) -> tuple[list[Case], list[str]]:
    """Who is to mend something, first the one with a veto; the best of the branches, first those who help nobody."""
    ids, branch = town.people["member_id"].to_numpy(), town.people["branch"].to_numpy()
    worth, culprit = quality[0].mean(axis=1), vetoed(town, quality)
    rated = town.people["member_id"].isin(town.ratees["ratee_id"]).to_numpy() & ~town.people["silent"].to_numpy()
    rated[culprit] = False
    outcomes = chain(OUTCOMES, repeat(OUTCOMES[0]))
    order = [int(member) for member in np.argsort(worth, kind="stable") if rated[member]]
    low = [member for place, member in enumerate(order) if worth[member] < LOW or place < FEWEST]
    best = {int(branch[member]): str(ids[member]) for member in order if member not in low}  # the last is the best
    cases = [
        Case(str(ids[member]), best.get(int(branch[member]), ""), outcome)
        for member, outcome in zip([culprit, *low], outcomes, strict=False)
    ]
    helpers = {case.helper for case in cases}
    return cases, sorted(best.values(), key=lambda member: (member in helpers, member))


def _day(first: Half, days: int) -> str:
    """So many days after the feedback on the first round."""
    return (first.feedback + dt.timedelta(days)).isoformat()


def _criteria(town: Town) -> Iterator[Row]:
    for layer, criterion, text, indicator in CRITERIA:
        yield layer, criterion, text, "", indicator
    for unit, (criterion, text, indicator) in zip(town.units["unit_id"].iloc[1:], OWN, strict=False):
        yield "own", criterion, text, unit, indicator


def _honours(culprit: Case, good: list[str], first: Half) -> Iterator[Row]:
    """A grade and stars that were decided otherwise than proposed."""
    day = _day(first, SETTLED)
    yield good[0], "grade", "合格", day, MEETING, "本人主动让出优秀名额", "", ""
    yield culprit.subject, "stars", "0", day, OFFICE, "一票否决，取消本期星级", "", ""


def _remediation(town: Town, cases: list[Case], first: Half) -> Iterator[Row]:
    """Orders with a helper and a date, and what came of them."""
    ordered, due = _day(first, SETTLED), _day(first, SETTLED + TERM)
    for subject, helper, outcome in cases:
        if outcome == "waived":
            yield subject, "remediation", "waive", ordered, MEETING, "因病住院，暂不列入", "", ""
            continue
        yield subject, "remediation", "order", ordered, MEETING, "", due, helper
        if outcome != "overdue":
            yield subject, "remediation", "close", _day(first, SETTLED + TERM - 10), MEETING, "", "", ""
        if outcome == "reopened":
            again = _day(first, SETTLED + 2 * TERM)
            yield (
                subject,
                "remediation",
                "reopen",
                _day(first, SETTLED + TERM + 30),
                OFFICE,
                "回头看发现反弹",
                again,
                "",
            )
    for place, unit in enumerate(town.units["unit_id"].iloc[1:]):
        if place in {REDO, RECTIFY} and place != town.branches - 1:
            yield unit, "remediation", "order", ordered, OFFICE, "群众满意度测评未达标", due, ""
        if place == REDO and place != town.branches - 1:
            yield unit, "remediation", "close", _day(first, SETTLED + TERM - 5), OFFICE, "", "", ""


def _register(town: Town, cases: list[Case], first: Half) -> Iterator[Row]:
    day, low = _day(first, REGISTERED), {case.subject: case for case in cases}
    for subject, branch in zip(town.people["member_id"], town.people["branch"], strict=True):
        if subject in low:
            yield subject, "registration", "defer", day, MEETING, "整改期间缓期登记", "", ""
        elif branch < REGISTERS:
            yield subject, "registration", "admit", day, MEETING, "", "", ""


def _papers(cases: list[Case], good: list[str], first: Half) -> Iterator[Row]:
    """What was handed in to show that something is mended, and what is filed; of both a part is still missing."""
    for subject, _, outcome in cases:
        if outcome != "waived":
            yield subject, PLAN, _day(first, SETTLED + 12), ""
        if outcome in {"closed", "reopened"}:
            yield subject, REPORT, _day(first, SETTLED + TERM - 12), "支部书记已核"
    for place, subject in enumerate(good):
        yield subject, FORM, _day(first, SETTLED), ""
        if place % 2 == 0:
            yield subject, MERITS, _day(first, SETTLED + 3), "2 页"

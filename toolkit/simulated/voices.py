"""What the public of a made-up town says to its branches through six channels, and what becomes of it."""

from __future__ import annotations

import datetime as dt
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.random import Generator

    from toolkit.simulated.halves import Half
    from toolkit.simulated.town import Town

CHANNELS = {"meeting": 0.25, "interview": 0.1, "questionnaire": 0.25, "box": 0.1, "hotline": 0.15, "web": 0.15}
"""By which channel how large a share comes in."""


class Theme(NamedTuple):
    """A theme of themes.csv, and the texts of its opinions."""

    label: str
    words: str
    owner: str
    days: int
    texts: tuple[str, ...]


THEMES = {
    "roads": Theme("道路照明", "路灯|照明|道路|坑洼|村道", "村镇建设办", 30, (
        "村口的路灯坏了两个月没人修",
        "通往小学的道路坑洼，下雨天孩子难走", "主街照明太暗，晚上散步不安全",
        "希望把村道硬化到户",
    )),
    "counter": Theme("窗口服务", "窗口|办事|证明|排队|便民", "便民服务中心", 15, (
        "便民窗口中午没人值班，白跑一趟", "开证明要跑三个部门，希望一次办好",
        "办事排队太久，能不能预约", "窗口人员态度好，但材料清单说不清楚",
    )),
    "elderly": Theme("养老助餐", "养老|老人|助餐|食堂|独居", "民政办", 30, (
        "老年食堂的饭菜偏咸，老人吃不惯", "希望给独居老人装呼叫器",
        "养老补贴发放晚了一个月", "助餐点离后街太远，腿脚不便的去不了",
    )),
    "water": Theme("饮水环境", "饮水|自来水|垃圾|污水|河道", "农业农村办", 45, (
        "自来水时有时无，水压太低", "河道边堆了垃圾，夏天有异味", "污水管网没有接到我们组", "希望定期公布饮水检测结果",
    )),
    "courses": Theme("学习活动", "学习|党课|讲座|活动室|夜校", "组织办", 20, (
        "党课内容离生产太远，多讲讲种植技术", "活动室晚上不开门，上班的去不了",
        "希望学习安排避开农忙", "夜校讲座很实用，可以多办几场",
    )),
}  # fmt: skip
UNMATCHED = (
    "希望干部多到组里坐坐，听听大家的想法", "上次提的事情一直没有回音",
    "村里的账目请公布得再细一点", "招聘信息能不能早点通知",
)  # fmt: skip
"""Texts in which no theme has a word."""
LOUD = 2
"""The branch that hears most; the others hear as many opinions as a meeting brings."""
FIRST, LATER, OTHERS = 40, 60, 2
"""Opinions of the loud branch in the first round and in later ones, and of any other one in each."""
SHARES, RISEN = (0.15, 0.25, 0.2, 0.2, 0.2), (0.45, 0.2, 0.15, 0.1, 0.1)
"""Shares of the themes in the first round and later: the first of them rises."""
UNTHEMED, UNCODED = 0.06, 0.06
"""Shares of the opinions without a word of a theme, and of the others those that nobody has coded yet."""
OPENED, OPEN, LATE = 4, 0.2, 0.25
"""Days until a matter is taken up, at most; shares of those that stay open, and of the others that take too long."""


def themes() -> pd.DataFrame:
    """The dictionary of themes: `theme, label, words, owner, days`."""
    rows = [(name, theme.label, theme.words, theme.owner, theme.days) for name, theme in THEMES.items()]
    return pd.DataFrame(rows, columns=["theme", "label", "words", "owner", "days"])


def voices(town: Town, turns: Sequence[Half], rng: Generator) -> pd.DataFrame:
    """The table of opinions, by day: all of it is made up, and nothing in it names a person."""
    units, last = town.units["unit_id"].iloc[1:].tolist(), max(half.feedback for half in turns)
    rows = sorted(
        row
        for place, half in enumerate(turns)
        for branch, unit in enumerate(units)
        for row in _said(unit, half, last, rng, n=_number(branch, len(units), place), risen=place > 0)
    )
    columns = ["date", "channel", "source", "unit_id", "text", "theme", "owner", "opened", "closed", "reply"]
    table = pd.DataFrame(rows, columns=columns)
    table.insert(0, "id", [f"O{number:05}" for number, _ in zip(count(1), rows, strict=False)])
    return table


def _number(branch: int, branches: int, place: int) -> int:
    return (FIRST if place == 0 else LATER) if branch == LOUD % branches else OTHERS


def _said(unit: str, half: Half, last: dt.date, rng: Generator, *, n: int, risen: bool) -> Iterator[tuple[str, ...]]:
    """What a branch hears in a round."""
    length, names = (half.end - half.start).days, [*THEMES]
    for _ in range(n):
        day = half.start + dt.timedelta(int(rng.integers(length - OPENED)))
        channel = [*CHANNELS][int(rng.choice(len(CHANNELS), p=[*CHANNELS.values()]))]
        name = names[int(rng.choice(len(names), p=RISEN if risen else SHARES))]
        text = int(rng.integers(len(UNMATCHED)))
        themed, coded = rng.random() >= UNTHEMED, rng.random() >= UNCODED
        opened, closed, reply = _course(day, last, THEMES[name].days, rng)
        source = "public" if channel == "questionnaire" else ""
        told = THEMES[name].texts[text] if themed else UNMATCHED[text]
        theme = name if themed and coded else ""
        yield str(day), channel, source, unit, told, theme, "", opened, closed, reply if theme else ""


def _course(day: dt.date, last: dt.date, days: int, rng: Generator) -> tuple[str, str, str]:
    """When a matter was taken up and settled, and what was answered, as far as is known on the last day."""
    opened = day + dt.timedelta(int(rng.integers(OPENED)))
    late = rng.random() < LATE
    took = int(rng.integers(days + 1, 2 * days)) if late else int(rng.integers(2, days + 1))
    closed = opened + dt.timedelta(took)
    if rng.random() < OPEN or closed > last:
        return str(opened), "", ""
    return str(opened), str(closed), "已办结，结果已在公示栏公布"


def submissions(turnout: pd.DataFrame, turns: Sequence[Half], rng: Generator) -> pd.DataFrame:
    """When the public handed in its questionnaires, as many as turnout says, and how long each took.

    They come in over the last six weeks before the round is due, thick at first and thin later; of some the link was
    opened and ticked through.
    """
    weeks, usual, hasty = 6, 240, 0.03
    public = turnout[(turnout["source"] == "public") & (turnout["ratee_id"] == "")]
    due = {half.label: half.due for half in turns}
    rows = []
    for turn, unit, returned in zip(public["round"], public["unit_id"], public["returned"], strict=True):
        after = np.minimum(rng.exponential(14, int(returned)).astype(int), 7 * weeks - 1)
        seconds = np.where(rng.random(int(returned)) < hasty, rng.integers(15, 60, int(returned)),
                           np.exp(rng.normal(np.log(usual), 0.35, int(returned))).astype(int))  # fmt: skip
        start = due[turn] - dt.timedelta(7 * weeks - 1)
        rows += sorted(
            (turn, "public", unit, str(start + dt.timedelta(int(day))), int(second))
            for day, second in zip(after, seconds, strict=True)
        )
    return pd.DataFrame(rows, columns=["round", "source", "unit_id", "submitted", "seconds"])

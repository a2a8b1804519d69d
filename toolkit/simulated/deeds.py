"""What the members and branches of a made-up town did: events that give points, and measures."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from toolkit.simulated.halves import year_before
from toolkit.simulated.town import CADRES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from toolkit.simulated.halves import Half
    from toolkit.simulated.town import Town

    Floats = NDArray[np.float64]

USUAL = 82
"""True quality (0-100) of the usual member."""


class Deed(NamedTuple):
    """A kind of event: how often in a half-year, how much oftener for every point of quality, and what is noted."""

    rule: str
    often: float
    quality: float
    notes: tuple[str, ...]


DEEDS = (
    Deed("session", 3.2, 0.02, ("支部集中学习", "主题党日", "专题党课")),
    Deed("volunteer", 1.7, 0.04, ("人居环境整治", "文明交通劝导", "走访困难群众", "防汛值守")),
    Deed("proposal", 0.5, 0.03, ("被镇党委采纳",)),
    Deed("lecture", 0.15, 0.05, ("支部大会讲党课",)),
    Deed("award", 0.12, 0.08, ("镇级优秀共产党员", "县级先进个人")),
    Deed("absent", 0.45, -0.09, ("集中学习缺勤", "支部大会迟到")),
)
BUSY = (
    {"session": 22, "volunteer": 7, "lecture": 3},
    {"session": 19, "volunteer": 6, "award": 1},
    {"absent": 7},
)
"""What three members do in every half-year besides: more than the caps of the rules give points for."""
VETOED = 3
"""The branch whose best member breaks the law."""
VIOLATION = dt.timedelta(days=107)
"""When, from the first day of the first round."""
HOURS, TASKS, ACTIVITIES = (23.0, 3.5), (88, 7), (91, 6)
"""Mean and standard deviation of measures: hours of study in a half-year, tasks and branch meetings in per cent."""
LACKS = 0.02
"""Share of the measures that nobody handed in."""


def vetoed(town: Town, quality: Floats) -> int:
    """The member who breaks the law: the best of his branch who is no cadre."""
    branch = (town.people["branch"] == VETOED % town.branches).to_numpy()
    rated = town.people["member_id"].isin(town.ratees["ratee_id"]).to_numpy()
    plain = (town.people["category"] != "cadre").to_numpy() & ~town.people["silent"].to_numpy()
    return int(np.argmax(np.where(branch & rated & plain, quality[0].mean(axis=1), -np.inf)))


def points(town: Town, quality: Floats, turns: Sequence[Half], rng: Generator) -> pd.DataFrame:
    """Events of the year before the first round and of every round: `date, subject_id, rule, quantity, evidence`."""
    subjects = np.array([*town.people["member_id"], *town.units["unit_id"].iloc[1:]], dtype=object)
    general = quality.mean(axis=2)
    branch = np.array([general[:, town.people["branch"] == place].mean(axis=1) for place in range(town.branches)]).T
    worth = np.hstack([general, branch])
    busy = rng.choice(np.flatnonzero(town.people["category"] != "cadre"), len(BUSY), replace=False)
    parts = []
    for place, half in enumerate([year_before(turns[0]), *turns]):
        for deed in DEEDS:
            often = deed.often * np.exp(deed.quality * (worth[max(place - 1, 0)] - USUAL))
            count = rng.poisson(often)
            for member, more in zip(busy, BUSY, strict=True):
                count[member] += more.get(deed.rule, 0) if place else 0
            parts.append(_events(subjects, count, deed, half, rng))
    parts.append(pd.DataFrame(_rare(town, quality, turns[0]), columns=[*parts[0]]))
    found = pd.concat(parts, ignore_index=True)
    return found.sort_values(["date", "subject_id", "rule"], kind="stable", ignore_index=True)


def _events(
    subjects: NDArray[np.object_], count: NDArray[np.int64], deed: Deed, half: Half, rng: Generator
) -> pd.DataFrame:
    total = int(count.sum())
    days = rng.integers(0, (half.end - half.start).days, total, endpoint=True)
    return pd.DataFrame(
        {
            "date": [(half.start + dt.timedelta(days=int(day))).isoformat() for day in days],
            "subject_id": np.repeat(subjects, count),
            "rule": deed.rule,
            "quantity": 1,
            "evidence": [deed.notes[note] for note in rng.integers(0, len(deed.notes), total)],
        }
    )


def _rare(town: Town, quality: Floats, first: Half) -> Iterator[tuple[str, str, str, int, str]]:
    """An award that was entered twice and taken back, and the violation."""
    day, lucky = (first.start + VIOLATION).isoformat(), town.people["member_id"].iloc[CADRES]
    yield day, lucky, "award", 1, "县级先进个人"
    yield day, lucky, "award", 1, "县级先进个人（重复登记）"
    yield day, lucky, "award", -1, "冲销重复登记"
    culprit = town.people["member_id"].iloc[vetoed(town, quality)]
    yield day, culprit, "violation", 1, f"酒后驾驶，行政处罚决定书〔{first.start.year}〕第 17 号"


def measures(town: Town, quality: Floats, turns: Sequence[Half], rng: Generator) -> pd.DataFrame:
    """`round, subject_id, measure, value` of members, and of branches, whose hours are the mean of their members'."""
    ids, units = town.people["member_id"].to_numpy(), town.units["unit_id"].iloc[1:].to_numpy()
    retired = (town.people["category"] == "retired").to_numpy()
    parts = []
    for place, half in enumerate(turns):
        above = quality[place].mean(axis=1) - USUAL
        hours = np.round(2 * rng.normal(HOURS[0] + 0.3 * above, HOURS[1]).clip(4, 40)) / 2
        tasks = np.round(rng.normal(TASKS[0] + 0.9 * above, TASKS[1]).clip(30, 100))
        lacks = rng.random((2, len(ids))) < LACKS
        of_branch = [round(float(hours[town.people["branch"] == number].mean()), 1) for number in range(len(units))]
        meetings = np.round(rng.normal(*ACTIVITIES, len(units)).clip(50, 100))
        for measure, subjects, values in (
            ("hours", ids[~lacks[0]], hours[~lacks[0]]),
            ("hours", units, of_branch),
            ("tasks", ids[~retired & ~lacks[1]], tasks[~retired & ~lacks[1]]),
            ("activities", units, meetings),
        ):
            rows = {"round": half.label, "subject_id": subjects, "measure": measure}
            parts.append(pd.DataFrame({**rows, "value": [f"{value:g}" for value in values]}))
    return pd.concat(parts, ignore_index=True)

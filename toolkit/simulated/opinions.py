"""How satisfied five panels are with the branches and cadres of a made-up town."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.simulated.deeds import USUAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from toolkit.simulated.halves import Half
    from toolkit.simulated.town import Town

    Floats = NDArray[np.float64]
    Counts = tuple[int, int, int, int]

ANSWERS = ("满意", "基本满意", "不满意", "不了解")
PANELS = {"party": 10, "deputies": 10, "advisers": 10, "masses": 167, "clients": 30}
"""How many of each panel are asked about a branch."""
FEW = {"party": 2, "deputies": 2, "advisers": 2, "masses": 5, "clients": 2}
"""How many are asked about the last branch: less than a list of the least satisfactory needs."""
OF_CADRES = 24
"""How many of the masses are asked about a cadre."""
TOPICS = ("education", "mended")
REDO, RECTIFY, NEAR, UNHEARD = 5, 7, 8, 6
"""Branches with which in the first round exactly 30%, more than half, and just less than 30% are dissatisfied, and one
that one of the panels never answers on."""
SILENT_PANEL = "clients"


def satisfaction(town: Town, quality: Floats, turns: Sequence[Half], rng: Generator) -> pd.DataFrame:
    """`round, subject_id, panel, topic, eligible` and the count of each answer."""
    rows = [
        (half.label, *row)
        for place, half in enumerate(turns)
        for row in (*_branches(town, quality[place], rng, first=place == 0), *_cadres(town, quality[place], rng))
    ]
    return pd.DataFrame(rows, columns=["round", "subject_id", "panel", "topic", "eligible", *ANSWERS])


def _branches(
    town: Town, quality: Floats, rng: Generator, *, first: bool
) -> Iterator[tuple[str, str, str, int, int, int, int, int]]:
    for branch, unit in enumerate(town.units["unit_id"].iloc[1:]):
        members = (town.people["branch"] == branch).to_numpy()
        asked = FEW if branch == town.branches - 1 else PANELS
        for panel, eligible in asked.items():
            if branch == UNHEARD and panel == SILENT_PANEL:
                continue
            for topic in TOPICS:
                drawn = _draw(float(quality[members].mean()), eligible, rng)
                ordered = _ordered(branch, eligible) if first else None
                yield unit, panel, topic, eligible, *(ordered or drawn)


def _cadres(town: Town, quality: Floats, rng: Generator) -> Iterator[tuple[str, str, str, int, int, int, int, int]]:
    for member in np.flatnonzero(town.people["category"] == "cadre"):
        for topic in TOPICS:
            counts = _draw(float(quality[member].mean()), OF_CADRES, rng)
            yield town.people["member_id"].iloc[member], "masses", topic, OF_CADRES, *counts


def _draw(worth: float, eligible: int, rng: Generator) -> Counts:
    """Answers about somebody of a true quality; some of those who are asked do not answer."""
    bad = np.clip(0.07 - 0.02 * (worth - USUAL), 0.02, 0.6)
    fair = min(0.22, 0.9 - bad)
    given = rng.binomial(eligible, 0.93)
    counts = rng.multinomial(given, [0.95 - bad - fair, fair, bad, 0.05])
    return (int(counts[0]), int(counts[1]), int(counts[2]), int(counts[3]))


def _ordered(branch: int, eligible: int) -> Counts | None:
    """Answers about a branch that is to lie on one side of a threshold, or on it."""
    everybody = eligible - eligible % 10
    if branch == REDO:
        return everybody * 4 // 10, everybody * 3 // 10, everybody * 3 // 10, eligible % 10
    if branch == NEAR:  # 3 of 10, but 50 of 167
        return eligible - eligible * 6 // 10, eligible * 6 // 10 - eligible * 3 // 10, eligible * 3 // 10, 0
    if branch == RECTIFY:
        bad = eligible * 6 // 10
        return eligible // 10, eligible - eligible // 10 - bad, bad, 0
    return None

"""A chart of values that pile up on one scale."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from toolkit.reporting.chart import EDGE, GREY, PALE, RED, SOFT, TEXT, TINY, WIDTH, Chart, Scale, ems
from toolkit.scoring.ranks import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAP = f'fill="{GREY}" stroke="#fff" stroke-width=".6"'
BINS = (0.5, 1, 2.5, 5)
"""Widths of bars: the ends of a scale are multiples of five."""
ROOM = 14
"""The least room of a bar, for its count."""


class Piles(Chart):
    """Values on one horizontal scale, piled up where they meet: a mark for each, or bars where they are many.

    Parameters
    ----------
    values : sequence of (float, int)
        Values with how many there are of each.
    ends : tuple of float
        Values at the ends of the scale.
    title : str
        What the scale measures.
    own : float, optional
        A value that is pointed out.
    name : str
        What is written above it.
    """

    SIZE, MOST, CROWD, BARS = 4.0, 9, 150, 56.0

    def __init__(
        self,
        values: Sequence[tuple[float, int]],
        ends: tuple[float, float],
        title: str,
        *,
        own: float | None = None,
        name: str = "",
    ) -> None:
        top = EDGE + (16 if own is not None else 4)
        self.scale = Scale(*ends, EDGE + 16, WIDTH - 16)
        crowd = sum(count for _, count in values) > self.CROWD
        placed = [] if crowd else self._placed(values, own)
        highest = max((level for _, level in placed), default=0)
        bars = crowd or highest > self.MOST
        self._base = top + (self.BARS + 10 if bars else 2 * self.SIZE * (highest + 1.5))
        super().__init__(self._base + 30)
        ticks = [(self.scale.at(value), f"{value:g}") for value in self.scale.ticks(24)]
        self.lines((((x, top), (x, self._base + 3)) for x, _ in ticks), PALE, width=0.6)
        if own is not None:
            self.lines([((self.scale.at(own), EDGE + 12), (self.scale.at(own), self._base))], RED, width=0.8)
        if bars:
            self._bars(values)
        else:
            self._marks((self.at(level, value) for value, level in placed), "circle", self.SIZE, HEAP)
        self.lines([((self.scale.start, self._base), (self.scale.end, self._base))], GREY)
        if own is not None:
            self.marks([own], "diamond", RED, size=5)
            half = ems(name) * TEXT / 2
            middle = min(max(self.scale.at(own), EDGE + half), WIDTH - EDGE - half)
            self.texts([(middle, EDGE + 8, name)], "middle", RED)
        self.texts(((x, self._base + 12.5, text) for x, text in ticks), "middle", SOFT)
        self.texts([((self.scale.start + self.scale.end) / 2, self._base + 24.5, title)], "middle")

    def at(self, place: int, value: float) -> tuple[float, float]:
        """Where a value lies on a level, the lowest first."""
        return self.scale.at(value), self._base - 2 * self.SIZE * (place + 0.75)

    def _placed(self, values: Sequence[tuple[float, int]], own: float | None) -> list[tuple[float, int]]:
        """Every value with its level: the lowest on which its mark meets no other."""
        held: list[list[float]] = [[] if own is None else [self.scale.at(own)]]
        placed = []
        for value, count in values:
            x = self.scale.at(value)
            for _again in range(count):
                level = next((level for level, places in enumerate(held) if self._free(x, places)), len(held))
                held += [[]] * (level == len(held))
                held[level] = [*held[level], x]
                placed.append((value, level))
        return placed

    def _free(self, x: float, places: Sequence[float]) -> bool:
        return all(abs(x - place) >= 2 * self.SIZE for place in places)

    def _bars(self, values: Sequence[tuple[float, int]]) -> None:
        """Bars of the counts between round values, each with its count."""
        low, high = self.scale.low, self.scale.high
        room = (self.scale.end - self.scale.start) / (high - low)
        step = next((step for step in BINS if step * room >= ROOM), 2 * BINS[-1])
        counts: dict[int, int] = {}
        for value, count in values:
            place = min(int((value - low) / step + TOLERANCE), math.ceil((high - low) / step) - 1)
            counts[place] = counts.get(place, 0) + count
        most = max(counts.values())
        corners, told = [], []
        for place, count in counts.items():
            left, right = (self.scale.at(min(low + step * side, high)) for side in (place, place + 1))
            top = self._base - self.BARS * count / most
            corners.append(((left + 0.5, top), (right - 0.5, self._base)))
            told.append(((left + right) / 2, top - 2.5, str(count)))
        self.boxes(corners, GREY)
        self.texts(told, "middle", SOFT, size=TINY)

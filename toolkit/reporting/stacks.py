"""A chart of rows that are cut up into parts."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from toolkit.reporting.chart import EDGE, SMALL, SOFT, TEXT, WIDTH, Chart, Scale, ems, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence


class Stacks(Chart):
    """Labelled rows, each of them cut up into its parts from left to right; what stands behind a row is told there.

    Parameters
    ----------
    names, told : sequence of str
        Labels of the rows, from the top, and what is written behind each.
    """

    PITCH = 21.0

    def __init__(self, names: Sequence[str], told: Sequence[str]) -> None:
        super().__init__(EDGE + self.PITCH * len(names) + 4)
        shown = [shortened(name) for name in names]
        left = EDGE + max(map(ems, shown), default=0) * TEXT + 8
        behind = max(map(ems, told), default=0) * TEXT
        self.scale = Scale(0, 1, left, WIDTH - EDGE - (behind + 8 if behind else 0))
        middles = [self.at(place, 0)[1] for place in range(len(names))]
        self.texts(((left - 8, y + 3.2, name) for y, name in zip(middles, shown, strict=True)), "end")
        self.texts(((self.scale.end + 8, y + 3.2, text) for y, text in zip(middles, told, strict=True)), "start")

    def at(self, place: int, value: float) -> tuple[float, float]:
        """Where a part of a row (0-1) ends."""
        return self.scale.at(value), EDGE + self.PITCH * (place + 0.5)

    def part(self, counts: Sequence[Sequence[int]], number: int, colour: str, ink: str, name: str) -> None:
        """One part of every row, with its count where there is room, and its name in the legend."""
        corners, texts = [], []
        for place, row in enumerate(counts):
            if row[number]:
                start, y = self.at(place, sum(row[:number]) / sum(row))
                end, _ = self.at(place, sum(row[: number + 1]) / sum(row))
                corners.append(((start, y - 7.5), (end, y + 7.5)))
                text = str(row[number])
                texts += [((start + end) / 2, y + 2.8, text)] if ems(text) * SMALL + 2 < end - start else []
        self.boxes(corners, colour)
        outline = [
            side
            for (x, y), (right, foot) in corners
            for side in pairwise(((x, y), (right, y), (right, foot), (x, foot), (x, y)))
        ]
        self.lines(outline, SOFT, width=0.6)
        self.texts([(x, y, text) for x, y, text in texts], "middle", ink, size=SMALL, edge=False)
        self._key.append((name, "square", colour))

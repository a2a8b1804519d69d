"""A chart of shaded cells with their values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from toolkit.reporting.chart import EDGE, SMALL, SOFT, TEXT, WIDTH, Chart, ems, fitted, folded, shade, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence


class Cells(Chart):
    """A table of shaded cells with their values: labelled rows below the names of the columns.

    Parameters
    ----------
    names, columns : sequence of str
        Labels of the rows, from the top, and of the columns, from the left.
    ends : tuple of float
        Values of the lightest and the darkest shade.
    apart : int
        So many columns, from the right, stand apart from the others.
    """

    WIDE, LINE, GAP = 74.0, 10.0, 6.0

    def __init__(
        self, names: Sequence[str], columns: Sequence[str], ends: tuple[float, float], *, apart: int = 0
    ) -> None:
        shown = [shortened(name) for name in names]
        self._pitch = fitted(16.5, len(names))
        self._ends, self._first = ends, len(columns) - apart
        self._left = EDGE + max(map(ems, shown), default=0) * TEXT + 8
        self._wide = min((WIDTH - EDGE - self.GAP - self._left) / max(len(columns), 1), self.WIDE)
        heads = [folded(name, self._wide / SMALL - 0.5) for name in columns]
        self._head = self.LINE * max(map(len, heads), default=1) + 6
        super().__init__(self._head + self._pitch * len(names) + EDGE)
        middles = [self.at(place, 0)[1] + self._pitch / 2 for place in range(len(names))]
        self.texts(((self._left - 6, y + 3.2, name) for y, name in zip(middles, shown, strict=True)), "end")
        lines = (
            (self.at(0, place + 0.5)[0], self._head - 5 - self.LINE * above, text)
            for place, parts in enumerate(heads)
            for above, text in enumerate(reversed(parts))
        )
        self.texts(lines, "middle", size=SMALL)

    def at(self, place: int, value: float) -> tuple[float, float]:
        """The upper left corner of the cell of a row and a column."""
        gap = self.GAP if value >= self._first > 0 else 0
        return self._left + self._wide * value + gap, self._head + self._pitch * place

    def fill(self, values: Sequence[Sequence[float]], written: Sequence[Sequence[str]]) -> None:
        """Values, row by row, and what is written in their cells; what is not a number has no shade."""
        shades: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for place, row in enumerate(values):
            for column, value in enumerate(row):
                key = ("#fff", SOFT) if math.isnan(value) else shade(value, self._ends)
                shades.setdefault(key, []).append((place, column))
        for (colour, ink), places in sorted(shades.items()):
            corners = [self.at(place, column) for place, column in places]
            self.boxes((((x, y), (x + self._wide - 1, y + self._pitch - 1)) for x, y in corners), colour)
            middles = ((x + self._wide / 2, y + self._pitch / 2 + 2.8) for x, y in corners)
            told = ((x, y, written[place][column]) for (x, y), (place, column) in zip(middles, places, strict=True))
            self.texts(told, "middle", ink, size=SMALL, edge=False)

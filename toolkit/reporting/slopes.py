"""Figures of the explorer: places before and after as sloping lines, and a strip of breakpoints along a slider."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from toolkit.reporting.chart import COLOURS, EDGE, FAINT, GREY, INK, RED, SOFT, WIDTH, Chart, ems, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LETTER = 17
"""Size of a text: on a screen the figure is narrower than on a page."""
PITCH = 25
"""From row to row."""
HEAD = 28
NAMES = 9
"""The longest name, in ems."""
TICKS = {"grade": (RED, 0, 7), "stars": (COLOURS[0], 21, 7), "own": (INK, 8, 12)}
"""Colour, top and length of the lines of a strip."""
STEPS = 400
"""Places of a strip: what lies closer together is drawn as one."""
TOLD = 4
"""How many changes at one place of a strip are named."""


@dataclass(frozen=True)
class Slope:
    """A member in the figure: what stands at both ends, his row at each, and whether he is pointed out."""

    left: str
    right: str
    start: int
    end: int
    marked: bool


class Slopes(Chart):
    """Two columns of as many rows, a line for each member.

    Parameters
    ----------
    slopes : sequence of Slope
        In any order.
    titles : tuple of str
        What stands above the columns.
    """

    def __init__(self, slopes: Sequence[Slope], titles: tuple[str, str]) -> None:
        super().__init__(HEAD + PITCH * len(slopes) + EDGE)
        room = max((ems(part) for slope in slopes for part in (slope.left, slope.right)), default=0) * LETTER + 10
        self._ends = (EDGE + room, WIDTH - EDGE - room)
        for marked, colour, width in ((False, FAINT, 1.0), (True, RED, 1.6)):
            mine = [slope for slope in slopes if slope.marked == marked]
            ends = [(self.at(0, slope.start), self.at(1, slope.end)) for slope in mine]
            self.lines(ends, colour, width=width)
            dots = [place for pair in ends for place in pair]
            self._marks(dots, "circle", 2.6, f'fill="{colour if marked else GREY}"')
            ink = RED if marked else INK
            self.texts(
                ((x - 7, y + 5, s.left) for s, ((x, y), _) in zip(mine, ends, strict=True)), "end", ink, size=LETTER
            )
            self.texts(
                ((x + 7, y + 5, s.right) for s, (_, (x, y)) in zip(mine, ends, strict=True)), "start", ink, size=LETTER
            )
        self.texts([(EDGE, HEAD - 11, titles[0])], "start", SOFT, size=LETTER)
        self.texts([(WIDTH - EDGE, HEAD - 11, titles[1])], "end", SOFT, size=LETTER)

    def at(self, place: int, value: float) -> tuple[float, float]:
        """Where a row of a column lies."""
        return self._ends[place], HEAD + PITCH * (value + 0.5)


def slope(name: str, ranks: tuple[str, str], places: tuple[int, int], *, marked: bool) -> Slope:
    """A member with his rank beside his name, at both ends."""
    short = shortened(name, NAMES)
    return Slope(f"{short} {ranks[0]}", f"{ranks[1]} {short}", *places, marked)


def strip(ticks: Iterable[tuple[float, str, str]], own: float) -> str:
    """Breakpoints along a slider, as SVG as wide and as high as what holds it: grades above the track, stars below.

    Parameters
    ----------
    ticks : iterable of (float, str, str)
        Weight (0-1), "grade" or "stars", and what changes there, in words.
    own : float
        The weight in the scheme, marked by a line across; the present one is where the slider's handle is.
    """
    held: dict[tuple[str, int], list[str]] = {}
    for weight, about, text in ticks:
        held.setdefault((about, round(STEPS * weight)), []).append(text)
    parts = [_tick(own, "own")]
    for (about, place), texts in sorted(held.items()):
        parts.append(_tick(place / STEPS, about, "\n".join(texts[:TOLD]) + ("\n…" if len(texts) > TOLD else "")))
    return f'<svg class="tk-strip" width="100%" height="28" aria-hidden="true">{"".join(parts)}</svg>'


def _tick(weight: float, kind: str, told: str = "") -> str:
    colour, top, length = TICKS[kind]
    place = f'x1="{100 * weight:g}%" x2="{100 * weight:g}%" y1="{top}" y2="{top + length}"'
    title = f"<title>{escape(told)}</title>" if told else ""
    return f'<line class="tk-{kind}" {place} stroke="{colour}" stroke-width="1.5" stroke-opacity=".6">{title}</line>'

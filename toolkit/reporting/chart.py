"""Charts as small SVG: rows or columns with marks on one scale, in one hand for all reports.

The SVG is written out directly, since a batch draws tens of thousands of figures. It holds no id and no style sheet,
so that figures cannot disturb each other on a page; its text stays text; the same data give the same bytes.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Literal
from unicodedata import east_asian_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Mark = Literal["circle", "square", "triangle", "diamond", "wedge", "plus", "bar"]
Anchor = Literal["start", "middle", "end"]

RED, INK, SOFT, GREY, FAINT, PALE = "#9e1b1b", "#333", "#69645b", "#8c8c8c", "#bdb8af", "#e3e0da"
# Told apart by colour-blind readers, and all dark enough on white: Okabe and Ito's first two, the others after theirs.
# The marks differ too, for grey prints.
COLOURS = ("#0072b2", "#d55e00", "#00805c", "#c9689c", "#6e4b00", "#1b2f6e")
MARKS: tuple[Mark, ...] = ("circle", "square", "triangle", "diamond", "wedge", "plus")
FONTS = "Noto Sans SC, Microsoft YaHei, PingFang SC, Source Han Sans SC, sans-serif"

RAMP = ("#eaf1f6", "#cfe0ec", "#b0cce0", "#92b8d4", "#75a4ca", "#3f78a6", "#265a86", "#143d61")
"""Shades from the lowest value to the highest, darker step by step in a grey print too."""
WIDTH = 442.2
"""All lengths are points: 156 mm, as wide as the text of an official document on A4, where texts keep their size."""
TEXT, SMALL, TINY = 9, 8, 7
EDGE = 4
"""Room that is left free at the edges of a figure."""
FULL = 100
"""The most that a score can be; an index may lie above."""
LABEL = 17
"""The longest label of a row, in ems."""
TALL = 504
"""The most that the rows of a figure may be high: it has to stand on a page, with its caption."""
KEY = 18
"""Room of what a mark stands for, beside its text."""
LIGHT = 5
"""So many shades of the ramp, from the first, are light enough for dark texts."""
STEPS = (1, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Steps of a scale: its ends are multiples of five, so that of these all but the long ones meet both."""

# Corners of the marks around their place, for a size of one.
_ARM, _CORE = 1.15, 0.4
_CORNERS: dict[str, tuple[tuple[float, float], ...]] = {
    "square": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "triangle": ((0, -1.2), (1.15, 0.85), (-1.15, 0.85)),
    "diamond": ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
    "wedge": ((0, 1.2), (-1.15, -0.85), (1.15, -0.85)),
    "plus": (
        *((-_CORE, -_ARM), (_CORE, -_ARM), (_CORE, -_CORE), (_ARM, -_CORE), (_ARM, _CORE), (_CORE, _CORE)),
        *((_CORE, _ARM), (-_CORE, _ARM), (-_CORE, _CORE), (-_ARM, _CORE), (-_ARM, -_CORE), (-_CORE, -_CORE)),
    ),
    "bar": ((-0.45, -2.2), (0.45, -2.2), (0.45, 2.2), (-0.45, 2.2)),
}

# ------------------------------------------------------------------------------------------------------ text and scale

# Upper bounds of the widths in Noto Sans SC; what is not listed is as wide as a small letter or a capital.
_WIDTHS = {
    letter: width
    for width, letters in (
        (0.34, " !'(),.:;I[]ijl{|}"),
        (0.4, "-/\\frt"),
        (0.57, '0123456789"#$*+<=>?^_~acegksvxyz'),
        (1.0, "MWmw%@"),
    )
    for letter in letters
}

# XML has no place for them, not even as entities.
_CONTROLS = dict.fromkeys(range(0x20), " ")


def ems(text: str) -> float:
    """Width of a text, rather too wide: a Chinese character is an em wide, and so is an ambiguous one in its font."""
    return sum(map(_em, text))


@cache
def _em(letter: str) -> float:
    if letter in _WIDTHS:
        return _WIDTHS[letter]
    if east_asian_width(letter) in "WFA":
        return 1.0
    return 0.63 if letter.islower() else 0.75


def shortened(name: str, most: float = LABEL) -> str:
    """A label of at most so many ems."""
    if ems(name) <= most:
        return name
    kept = sum(width <= most - 1 for width in accumulate(map(_em, name)))
    return name[:kept].rstrip() + "…"


def folded(name: str, most: float) -> list[str]:
    """A label in one line of at most so many ems, or in two, between words where it has some."""
    if ems(name) <= most:
        return [name]
    kept = sum(width <= most for width in accumulate(map(_em, name)))
    cut = name.rfind(" ", 1, kept + 1)
    cut = cut if cut > 0 else kept
    return [name[:cut].rstrip(), shortened(name[cut:].lstrip(), most)]


def fitted(pitch: float, rows: int) -> float:
    """The way from row to row, less where so many would not stand on a page."""
    return min(pitch, TALL / max(rows, 1))


def limits(*values: Iterable[float]) -> tuple[float, float]:
    """A stretch of the scale from 0 to 100 that holds all values, in fives; wider only if a value lies outside it."""
    known = [value for series in values for value in series if not math.isnan(value)]
    if not known:
        return 0, FULL
    low, high = 5 * math.floor(min(known) / 5 - 0.2), 5 * math.ceil(max(known) / 5 + 0.2)
    return (max(low, 0) if min(known) >= 0 else low), (min(high, FULL) if max(known) <= FULL else high)


@dataclass(frozen=True)
class Scale:
    """A linear scale: the values at its ends, and where in the figure the ends lie."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value lies."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, least: float) -> list[float]:
        """Round values whose places are at least so far from each other."""
        room = abs(self.end - self.start) / (self.high - self.low)
        step = next((step for step in STEPS if step * room >= least), self.high - self.low)
        return [step * place for place in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]


def apart(places: Sequence[float], least: float, lowest: float) -> list[float]:
    """Heights for labels at these places that do not cover each other, none of them below `lowest` in the figure."""
    order = sorted(range(len(places)), key=places.__getitem__)
    heights = list(accumulate((places[place] for place in order), lambda above, own: max(own, above + least)))
    for number in reversed(range(len(heights))):
        heights[number] = min(heights[number], lowest - least * (len(heights) - 1 - number))
    result = [0.0] * len(places)
    for place, height in zip(order, heights, strict=True):
        result[place] = height
    return result


def spread(centres: Sequence[float], widths: Sequence[float], ends: tuple[float, float]) -> list[float]:
    """Where texts of these widths begin, side by side between two ends and as near to their centres as that allows."""
    order = sorted(range(len(centres)), key=centres.__getitem__)
    starts, free = [0.0] * len(centres), ends[0]
    for place in order:
        starts[place] = max(centres[place] - widths[place] / 2, free)
        free = starts[place] + widths[place]
    free = ends[1]
    for place in reversed(order):
        starts[place] = min(starts[place], free - widths[place])
        free = starts[place]
    return starts


def shade(value: float, ends: tuple[float, float]) -> tuple[str, str]:
    """The shade of a value between two ends, and the colour of a text that is read on it."""
    step = min(int((value - ends[0]) / (ends[1] - ends[0]) * len(RAMP)), len(RAMP) - 1)
    return RAMP[step], INK if step < LIGHT else "#fff"


def _written(text: str) -> str:
    return escape(text, quote=False).translate(_CONTROLS)


def _number(value: float) -> str:
    """A coordinate: two decimals at most, no zero at its end and no minus before a zero."""
    return f"{round(value, 2) + 0.0:.10g}"


@cache
def _outline(mark: Mark, size: float) -> str:
    """A mark as a path that starts from its place."""
    if mark == "circle":
        radius, across = _number(size), _number(2 * size)
        half = f"a{radius} {radius} 0 1 0 "
        return f"m-{radius} 0{half}{across} 0{half}-{across} 0z"
    corners = [(x * size, y * size) for x, y in _CORNERS[mark]]
    steps = [(x - a, y - b) for (a, b), (x, y) in pairwise(((0.0, 0.0), *corners))]
    return "m" + " ".join(f"{_number(x)} {_number(y)}" for x, y in steps) + "z"


# --------------------------------------------------------------------------------------------------------------- charts


class Chart(ABC):
    """What is drawn so far, from the back to the front.

    Series have a value for each row or column; what is not a number is left out.
    """

    def __init__(self, height: float) -> None:
        self.height = height
        self._parts: list[str] = []
        self._key: list[tuple[str, Mark, str]] = []

    @abstractmethod
    def at(self, place: int, value: float) -> tuple[float, float]:
        """Where a value of a row or column lies."""

    def marks(
        self,
        values: Sequence[float],
        mark: Mark,
        colour: str,
        *,
        size: float = 3,
        hollow: bool = False,
    ) -> None:
        """A mark for each value."""
        places = [self.at(place, value) for place, value in enumerate(values) if not math.isnan(value)]
        paint = f'fill="#fff" stroke="{colour}"' if hollow else f'fill="{colour}" stroke="#fff" stroke-width=".6"'
        self._marks(places, mark, size, paint)

    def spans(self, one: Sequence[float], other: Sequence[float]) -> None:
        """A line from one value to the other in each row or column."""
        ends = [
            (self.at(place, low), self.at(place, high))
            for place, (low, high) in enumerate(zip(one, other, strict=True))
            if not (math.isnan(low) or math.isnan(high))
        ]
        self.lines(ends, GREY, width=1.5)

    def trail(self, values: Sequence[float], colour: str, *, width: float = 1.5, dash: str = "") -> None:
        """A line from value to value."""
        places = [self.at(place, value) for place, value in enumerate(values)]
        ends = [(a, b) for a, b in pairwise(places) if not math.isnan(a[1] + b[1] + a[0] + b[0])]
        self.lines(ends, colour, width=width, dash=dash)

    def lines(
        self,
        ends: Iterable[tuple[tuple[float, float], tuple[float, float]]],
        colour: str,
        *,
        width: float = 0.8,
        dash: str = "",
    ) -> None:
        """Straight lines of one kind, as a single path."""
        path = "".join(f"M{_number(a)} {_number(b)}L{_number(x)} {_number(y)}" for (a, b), (x, y) in ends)
        if path:
            dashes = f' stroke-dasharray="{dash}"' if dash else ""
            self._parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dashes}/>')

    def boxes(
        self, corners: Iterable[tuple[tuple[float, float], tuple[float, float]]], colour: str, *, opacity: float = 1
    ) -> None:
        """Filled rectangles of one kind, each by two opposite corners, as a single path."""
        path = "".join(
            f"M{_number(a)} {_number(b)}H{_number(x)}V{_number(y)}H{_number(a)}z" for (a, b), (x, y) in corners
        )
        if path:
            faint = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
            self._parts.append(f'<path d="{path}" fill="{colour}"{faint}/>')

    def texts(
        self,
        labels: Iterable[tuple[float, float, str]],
        anchor: Anchor,
        colour: str = INK,
        *,
        size: float = TEXT,
        edge: bool = True,
    ) -> None:
        """Texts of one kind, each with the place of its line's end or middle; a white edge parts them from lines."""
        inner = "".join(
            f'<text x="{_number(x)}" y="{_number(y)}">{_written(text)}</text>' for x, y, text in labels if text
        )
        if inner:
            style = f'text-anchor="{anchor}" font-size="{size:g}" fill="{colour}"'
            halo = ' stroke="#fff" stroke-width="2.5" stroke-linejoin="round" paint-order="stroke"' if edge else ""
            self._parts.append(f"<g {style}{halo}>{inner}</g>")

    def svg(self) -> str:
        """The figure."""
        self._legend()
        self._key.clear()
        size = f'width="{_number(WIDTH)}pt" height="{_number(self.height)}pt"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {_number(WIDTH)} {_number(self.height)}"'
            f' font-family="{FONTS}"><path d="M0 0h{_number(WIDTH)}v{_number(self.height)}H0z" fill="#fff"/>'
            f"{''.join(self._parts)}</svg>\n"
        )

    def _marks(self, places: Iterable[tuple[float, float]], mark: Mark, size: float, paint: str) -> None:
        outline = _outline(mark, size)
        inner = "".join(f'<path d="M{_number(x)} {_number(y)}{outline}"/>' for x, y in places)
        if inner:
            self._parts.append(f"<g {paint}>{inner}</g>")

    def _legend(self) -> None:
        """What the marks stand for, below the chart, in as many lines as it takes."""
        before, after = 10, 18
        lines: list[list[tuple[str, Mark, str, float]]] = []
        room = 0.0
        for name, mark, colour in self._key:
            width = before + ems(name) * SMALL + after
            if width > room:
                lines.append([])
                room = WIDTH - 2 * EDGE + after
            room -= width
            lines[-1].append((name, mark, colour, width))
        for line in lines:
            self.height += 14
            x = (WIDTH - sum(width for *_, width in line) + after) / 2
            for name, mark, colour, width in line:
                outline = f' stroke="{SOFT}" stroke-width=".6"' if colour in RAMP else ""
                paint = f'fill="{colour}"{outline}'
                self._marks([(x, self.height - 9)], mark, 2.2 if mark == "bar" else 3, paint)
                self.texts([(x + before, self.height - 6, name)], "start", size=SMALL)
                x += width


class Rows(Chart):
    """Labelled rows above a horizontal scale.

    Parameters
    ----------
    names : sequence of str
        Labels of the rows, from the top.
    ends : tuple of float
        Values at the ends of the scale.
    title : str
        What the scale measures.
    pitch : float
        From row to row.
    flags : sequence of tuple
        Names and values at which a line stands across all rows.
    keys : sequence of tuple
        Of the marks: name, mark, colour, and the value in the first row. Where there is room they are told above that
        row, with a line to it; else in a legend.
    """

    def __init__(
        self,
        names: Sequence[str],
        ends: tuple[float, float],
        title: str,
        *,
        pitch: float = 18.5,
        flags: Sequence[tuple[str, float]] = (),
        keys: Sequence[tuple[str, Mark, str, float]] = (),
    ) -> None:
        shown = [shortened(name) for name in names]
        widest = max(map(ems, shown), default=0) * TEXT
        self.left, right = EDGE + max(widest + 8, 10), WIDTH - 16
        self.scale = Scale(*ends, self.left, right)
        poles = self._poles(flags)
        wide = [ems(shortened(name)) * SMALL + KEY for name, *_ in keys]
        direct = bool(keys) and sum(wide) <= WIDTH - 2 * EDGE and not any(math.isnan(value) for *_, value in keys)
        self._top = EDGE + 9.5 * max((level + 1 for *_, level in poles), default=0) + (16 if direct else 0)
        self._pitch = pitch
        base = self._top + pitch * len(shown)
        super().__init__(base + 30)
        heights = [self.at(place, ends[0])[1] for place in range(len(shown))]
        self.lines((((self.left, y), (right, y)) for y in heights), PALE, width=0.6)
        ticks = [(self.scale.at(value), f"{value:g}") for value in self.scale.ticks(24)]
        self.lines((((x, self._top), (x, base + 3)) for x, _ in ticks), PALE, width=0.6)
        self.lines([((self.left, base), (right, base))], GREY)
        self._draw(poles, base)
        self.texts(((self.left - 8, y + 3.2, name) for name, y in zip(shown, heights, strict=True)), "end")
        self.texts(((x, base + 12.5, text) for x, text in ticks), "middle", SOFT)
        self.texts([((self.left + right) / 2, base + 24.5, title)], "middle")
        if direct:
            self._tell(keys, wide)
        else:
            self._key += [(shortened(name), mark, colour) for name, mark, colour, _ in keys]

    def at(self, place: int, value: float) -> tuple[float, float]:
        """Where a value of a row lies."""
        return self.scale.at(value), self._top + self._pitch * (place + 0.5)

    def _tell(self, keys: Sequence[tuple[str, Mark, str, float]], wide: Sequence[float]) -> None:
        """What the marks of the first row stand for, above it."""
        places = [self.at(0, value) for *_, value in keys]
        starts = spread([x for x, _ in places], wide, (EDGE, WIDTH - EDGE))
        foot = EDGE + 11
        for (name, mark, colour, _), (x, y), start, width in zip(keys, places, starts, wide, strict=True):
            self.lines([((start + width / 2, foot), (x, y))], colour, width=0.6)
            self._marks([(start + 5, EDGE + 5)], mark, 2.2 if mark == "bar" else 3, f'fill="{colour}"')
            self.texts([(start + 11, EDGE + 8, shortened(name))], "start", size=SMALL)

    def _poles(self, flags: Sequence[tuple[str, float]]) -> list[tuple[float, float, str, int]]:
        """Lines across the rows with what is written at their tops: at x, from a start, on a level above the rows.

        A pole that stands left of another whose text it would meet is higher, so that no pole crosses a text.
        """
        poles: list[tuple[float, float, str, int]] = []
        inside = ((value, name) for name, value in flags if self.scale.low < value < self.scale.high)
        for value, name in sorted(inside, reverse=True):
            x, text = self.scale.at(value), shortened(name)
            width = ems(text) * TINY
            start = min(x + 3, WIDTH - EDGE - width)
            level = max((level + 1 for _, other, _, level in poles if other - 6 < start + width), default=0)
            poles.append((x, start, text, level))
        return poles

    def _draw(self, poles: Iterable[tuple[float, float, str, int]], base: float) -> None:
        for x, start, text, level in poles:
            top = self._top - 9.5 * level
            self.lines([((x, top - 8), (x, base))], SOFT, width=0.7, dash="3 2")
            self.texts([(start, top - 2.5, text)], "start", SOFT, size=TINY)


class Columns(Chart):
    """Labelled columns beside a vertical scale.

    Parameters
    ----------
    names : sequence of str
        Labels of the columns, from the left.
    ends : tuple of float
        Values at the ends of the scale.
    told : sequence of tuple
        What is written behind the last column: value, text, colour.
    height : float
        Of the figure.
    """

    def __init__(
        self, names: Sequence[str], ends: tuple[float, float], told: Sequence[tuple[float, str, str]], *, height: float
    ) -> None:
        super().__init__(height)
        shown = [shortened(name, 8) for name in names]
        widest = max(map(ems, shown)) * TEXT
        left, base = 30, height - 20
        self._first = left + max(widest / 2, 18)
        self._last = WIDTH - EDGE - max(widest / 2, 14 + TEXT * max((ems(text) for _, text, _ in told), default=0))
        self._step = (self._last - self._first) / max(len(shown) - 1, 1)
        self.scale = Scale(*ends, base, EDGE + 5)
        ticks = [(self.scale.at(value), f"{value:g}") for value in self.scale.ticks(15)]
        self.lines((((left, y), (self._last, y)) for y, _ in ticks), PALE, width=0.6)
        self.lines([((left, base), (self._last, base))], GREY)
        self.texts(((left - 4, y + 3.2, text) for y, text in ticks), "end", SOFT)
        # Of labels that would meet only every second, third ... is written, and the last in any case.
        every = math.ceil((widest + 6) / self._step)
        written = [(place, name) for place, name in enumerate(shown) if (len(shown) - 1 - place) % every == 0]
        self.texts(((self.at(place, ends[0])[0], base + 13, name) for place, name in written), "middle")
        self._tell(told)

    def at(self, place: int, value: float) -> tuple[float, float]:
        """Where a value of a column lies."""
        return self._first + self._step * place, self.scale.at(value)

    def _tell(self, told: Sequence[tuple[float, str, str]]) -> None:
        places = [self.scale.at(value) for value, *_ in told]
        heights = apart(places, TEXT + 3, self.scale.start)
        for place, height, (_, text, colour) in zip(places, heights, told, strict=True):
            self.lines([((self._last + 4, place), (self._last + 11, height))], colour, width=0.6)
            self.texts([(self._last + 13, height + 3.2, text)], "start", colour)

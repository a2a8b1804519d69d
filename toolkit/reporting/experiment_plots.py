"""Figures of experiments: places before and after, what changes along a weight, and places whatever the weights."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from toolkit.reporting.captions import experiment as captions
from toolkit.reporting.captions.rules import spoken, titled
from toolkit.reporting.chart import (
    COLOURS,
    EDGE,
    FAINT,
    GREY,
    INK,
    PALE,
    RED,
    SMALL,
    SOFT,
    TEXT,
    TINY,
    WIDTH,
    Chart,
    Scale,
    apart,
    ems,
    shortened,
)
from toolkit.reporting.plots import Plot, Plots
from toolkit.reporting.table import weigh, whole
from toolkit.scoring.ranks import TOLERANCE
from toolkit.weighting.departures import count_departures
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.reporting.chart import Mark
    from toolkit.reporting.trial import Trial
    from toolkit.weighting.comparison import Comparison
    from toolkit.weighting.experiment import Step
    from toolkit.weighting.sweep import Sweep

RISING, FALLING = COLOURS[0], COLOURS[1]
HUES = {"grade": RED, "stars": COLOURS[0]}
SHAPES: dict[str, Mark] = {"grade": "circle", "stars": "square"}
"""Marks by which one curve is told from the other in a grey print."""
NAMED = 14
"""How many of those who move most are named."""


# ------------------------------------------------------------------------------------------------- places, both ways


class Ranks(Chart):
    """Two columns of places, the first at the top.

    Parameters
    ----------
    titles : tuple of str
        What stands above the columns.
    last : float
        The last place.
    """

    def __init__(self, titles: tuple[str, str], last: float) -> None:
        super().__init__(300)
        self.scale = Scale(1, max(last, 2), 30, self.height - 10)
        self._ends = (WIDTH * 0.27, WIDTH * 0.73)
        self.lines((((x, self.scale.start), (x, self.scale.end)) for x in self._ends), PALE)
        for x, text in zip(self._ends, titles, strict=True):
            self.texts([(x, 14, shortened(text, 16))], "middle")

    def at(self, place: int, value: float) -> tuple[float, float]:
        """Where a place of a column lies."""
        return self._ends[place], self.scale.at(value)

    def name(self, place: int, told: Sequence[tuple[float, str, str]]) -> None:
        """Texts beside a column, each with its place and colour, apart from each other."""
        way = 1 if place else -1
        places = [self.at(place, value) for value, *_ in told]
        heights = apart([y for _, y in places], TEXT + 2, self.scale.end)
        for (x, y), height, (_, text, colour) in zip(places, heights, told, strict=True):
            self.lines([((x + 4 * way, y), (x + 12 * way, height))], colour, width=0.6)
            self.texts([(x + 14 * way, height + 3.2, text)], "start" if place else "end", colour)


def slopes(view: Trial) -> Plots:
    """Ranks under every variant that changes any, beside those under the scheme."""
    found = (slope(view, part) for part in view.comparisons)
    return Plots(tuple(plot for plot in found if plot is not None))


def slope(view: Trial, found: Comparison) -> Plot | None:
    """Ranks of the members under a variant beside those under the scheme; None where none changes.

    A line for each member who is ranked in both; those who move most are named.
    """
    _ = words(view.language)
    shift = found.shift
    most = shift[shift != 0].abs().nlargest(NAMED, keep="first").index
    if most.empty:
        return None
    names = found.members["name"]
    places = {ratee: (before, after) for ratee, before, after in found.ranks.itertuples(name=None)}
    chart = Ranks((_("The scheme"), view.variant(found.name)), max(max(pair) for pair in places.values()))
    ends = {ratee: (chart.at(0, before), chart.at(1, after)) for ratee, (before, after) in places.items()}
    chart.lines((ends[ratee] for ratee in places if ratee not in most), FAINT, width=min(0.5, 100 / len(places)))
    sides: tuple[list[tuple[float, str, str]], list[tuple[float, str, str]]] = ([], [])
    for ratee in most:
        before, after = places[ratee]
        colour, name = RISING if after < before else FALLING, shortened(str(names[ratee]), 9)
        chart.lines([ends[ratee]], colour, width=1.3)
        sides[0].append((before, f"{name} {whole(before)}", colour))
        sides[1].append(
            (after, f"{whole(after)} {name} {'↑' if after < before else '↓'}{whole(abs(after - before))}", colour)
        )
    for side, told in enumerate(sides):
        chart.name(side, told)
    title = _('Ranks of {n} members under "{variant}" beside those by the scheme; those who move most are named')
    title = title.format(n=len(places), variant=view.variant(found.name))
    caption = titled(title, captions.slope(names, shift, view.language), view.language)
    values = (f"{names[ratee]} {' → '.join(map(whole, places[ratee]))}" for ratee in most)
    return Plot(chart.svg(), spoken(caption, values), caption)


# ----------------------------------------------------------------------------------------------------- along a weight


class Drift(Chart):
    """Steps above a weight from 0 to 100%, and lanes of ticks below them.

    Parameters
    ----------
    title : str
        What the weight is.
    most : float
        The highest step.
    lanes : sequence of str
        Labels of the lanes, from the top.
    """

    TALL, PITCH = 120.0, 15.0

    def __init__(self, title: str, most: float, lanes: Sequence[str]) -> None:
        shown = [shortened(name, 10) for name in lanes]
        left, right = EDGE + max([34.0, *(ems(name) * TEXT + 8 for name in shown)]), WIDTH - 16
        self._base = EDGE + 14 + self.TALL
        foot = self._base + 6 + self.PITCH * len(shown)
        super().__init__(foot + 32)
        self.scale = Scale(0, 100, left, right)
        self.count = Scale(0, max(5 * -(-most // 5), 5), self._base, EDGE + 14)
        ticks = [(self.scale.at(value), f"{value:g}%") for value in self.scale.ticks(24)]
        self.lines((((x, EDGE + 14), (x, foot + 3)) for x, _ in ticks), PALE, width=0.6)
        steps = [(self.count.at(value), f"{value:g}") for value in self.count.ticks(15)]
        self.lines((((left, y), (right, y)) for y, _ in steps), PALE, width=0.6)
        self.texts(((left - 4, y + 3.2, text) for y, text in steps), "end", SOFT)
        middles = [self._middle(place) for place in range(len(shown))]
        self.lines((((left, y), (right, y)) for y in middles), PALE, width=0.6)
        self.texts(((left - 4, y + 3.2, name) for y, name in zip(middles, shown, strict=True)), "end")
        self.lines([((left, self._base), (right, self._base)), ((left, foot), (right, foot))], GREY)
        self.texts(((x, foot + 12.5, text) for x, text in ticks), "middle", SOFT)
        self.texts([((left + right) / 2, foot + 25, title)], "middle")

    def _middle(self, lane: int) -> float:
        return self._base + 6 + self.PITCH * (lane + 0.5)

    def at(self, place: int, value: float) -> tuple[float, float]:
        """Where a weight (0-100) lies in a lane."""
        return self.scale.at(value), self._middle(place)

    def band(self, low: float, high: float, colour: str, text: str) -> None:
        """Heights of the steps that are pointed out, all along the weight; what they are, above them."""
        one, other = (self.scale.start, self.count.at(high)), (self.scale.end, self.count.at(low))
        self.boxes([(one, other)], colour, opacity=0.13)
        self.texts([(self.scale.end - 3, one[1] - 2.5, text)], "end", colour, size=TINY)

    def stairs(self, weights: Sequence[float], counts: Sequence[float], colour: str, name: str, mark: Mark) -> None:
        """Counts that hold from one weight to the next, the last to the end, a mark in the middle of each tenth."""
        ends = [*weights[1:], 100.0]
        flat = [
            ((self.scale.at(start), self.count.at(n)), (self.scale.at(end), self.count.at(n)))
            for start, end, n in zip(weights, ends, counts, strict=True)
        ]
        rise = [(one[1], other[0]) for one, other in pairwise(flat)]
        self.lines([*flat, *rise], colour, width=1.2)
        middles = [at for at in range(5, 100, 10) if at >= weights[0]]
        held = [counts[bisect_right(weights, at) - 1] for at in middles]
        places = [(self.scale.at(at), self.count.at(n)) for at, n in zip(middles, held, strict=True)]
        self._marks(places, mark, 2.4, f'fill="{colour}" stroke="#fff" stroke-width=".6"')
        self._key.append((name, mark, colour))

    def ticks(self, lane: int, weights: Iterable[float], colour: str) -> None:
        """Ticks in a lane."""
        places = (self.at(lane, weight) for weight in weights)
        self.lines((((x, y - 4.5), (x, y + 4.5)) for x, y in places), colour, width=0.7)

    def now(self, weight: float, text: str) -> None:
        """A line across all at the present weight."""
        x, foot = self.scale.at(weight), self.height - 32
        self.lines([((x, EDGE + 11), (x, foot))], INK, width=0.9, dash="3 2")
        half = ems(text) * SMALL / 2
        self.texts([(min(max(x, EDGE + half), WIDTH - EDGE - half), EDGE + 7, text)], "middle", size=SMALL)


def drifts(view: Trial) -> Plots:
    """What changes along every weight that is moved."""
    found = (drift(view, step, part) for step, part in zip(view.plan.sweep, view.sweeps, strict=True))
    return Plots(tuple(plot for plot in found if plot is not None))


def drift(view: Trial, step: Step, found: Sweep) -> Plot | None:
    """How many members have another grade or other stars than now along a weight; None where there are neither."""
    _ = words(view.language)
    source = view.moved(step)
    names = {"grade": _("Another grade than now"), "stars": _("Other stars than now")}
    lanes = {about: _boundaries(view, about) for about in names}
    stairs = {about: count_departures(found, about, view.members) for about, levels in lanes.items() if levels}
    if not stairs:
        return None
    floor = {about: (low, high) for about, (_mean, low, high) in view.floor.items()}
    top = max(floor, key=lambda about: floor[about][1], default="")
    most = max([*(float(part["count"].max()) for part in stairs.values()), *(high for _low, high in floor.values())])
    labels = [view.level(about, name) for about, levels in lanes.items() for name in levels]
    chart = Drift(_('Weight of "{source}"').format(source=source), most, labels)
    for about, (low, high) in floor.items():
        chart.band(low, high, HUES[about], _("raters redrawn alone") if about == top else "")
    for about, part in stairs.items():
        weights, counts = (100 * part["weight"]).tolist(), part["count"].tolist()
        chart.stairs(weights, counts, HUES[about], names[about], SHAPES[about])
    place = 0
    for about, levels in lanes.items():
        mine = found.changes[(found.changes["about"] == about) & found.changes["ratee_id"].isin(view.members)]
        crossed = np.array(_crossed(levels, mine), dtype=object)
        for name in levels:
            chart.ticks(place, (100 * mine.loc[crossed == name, "weight"]).tolist(), HUES[about])
            place += 1
    chart.now(100 * found.now, _("now {weight}").format(weight=weigh(found.now)))
    title = _('Members with another grade or other stars than now, by the weight of "{source}"; ticks: changes')
    finding = captions.drift(
        {names[about]: part for about, part in stairs.items()},
        {names[about]: ends for about, ends in floor.items()},
        view.language,
    )
    caption = titled(title.format(source=source), finding, view.language)
    told = [f"{names[about]}, {weigh(at)}: {n}" for about, part in stairs.items() for at, n in _sampled(part)]
    return Plot(chart.svg(), spoken(caption, told), caption)


def _boundaries(view: Trial, about: str) -> list[str]:
    """Levels that can be gained or lost, from the highest down."""
    grades, stars = view.model.scheme.grades, view.model.scheme.stars
    if about == "grade":
        return grades.order[:0:-1] if grades else []
    return stars.names[:0:-1] if stars else []


def _crossed(levels: list[str], changes: pd.DataFrame) -> list[str | None]:
    """The higher of the two levels of every change, which is gained or lost there."""
    height = {name: -place for place, name in enumerate(levels)}
    sides = changes[["before", "after"]].itertuples(index=False, name=None)
    return [max(pair, key=lambda name: height.get(name, -len(levels))) for pair in sides]


def _sampled(part: pd.DataFrame) -> list[tuple[float, int]]:
    """Steps at every tenth of the weight, for those who cannot see them."""
    at = [tenth / 10 for tenth in range(11)]
    places = part["weight"].searchsorted(at, side="right") - 1
    return list(zip(at, part["count"].to_numpy()[places].tolist(), strict=True))


# ---------------------------------------------------------------------------------------------- whatever the weights


SHADES = ("#f6e9e4", "#e8c4b8", "#d79484", "#c05c50", RED)
"""Probabilities from just above 0 to 1, a fifth each."""


class Heat(Chart):
    """Rows of shaded cells below the names of their columns.

    Parameters
    ----------
    names : sequence of str
        Of the rows, from the top; told where there is room.
    columns : sequence of str
        Of the cells of a row.
    """

    TALL = 420.0

    def __init__(self, names: Sequence[str], columns: Sequence[str]) -> None:
        self._pitch = min(max(self.TALL / max(len(names), 1), 0.6), 13)
        super().__init__(24 + self._pitch * len(names) + 22)
        every = max(1, -(-10 // self._pitch))
        shown = [shortened(name, 10) if place % every == 0 else "" for place, name in enumerate(names)]
        self._left = EDGE + max(map(ems, shown), default=0) * SMALL + 6
        self._wide = (WIDTH - EDGE - self._left) / max(len(columns), 1)
        middles = (self.at(0, place)[1] + self._pitch / 2 for place in range(len(names)))
        self.texts(((self._left - 4, y + 2.8, name) for y, name in zip(middles, shown, strict=True)), "end", size=SMALL)
        heads = ((self.at(place + 0.5, 0)[0], 17, name) for place, name in enumerate(columns))
        self.texts(heads, "middle", SOFT, size=SMALL)

    def at(self, place: float, value: float) -> tuple[float, float]:
        """The upper left corner of the cell of a column and a row."""
        return self._left + self._wide * place, 24 + self._pitch * value

    def fill(self, cells: Iterable[tuple[int, int]], colour: str, name: str) -> None:
        """Cells by column and row."""
        self.boxes(((self.at(x, y), self.at(x + 1, y + 1)) for x, y in cells), colour)
        self._key.append((name, "square", colour))


def tenths(view: Trial) -> Plot | None:
    """How often everybody has a rank of each tenth under the weights drawn; None where none were."""
    rows = view.tenths
    if rows.empty:
        return None
    _ = words(view.language)
    names = view.model.quantities.loc[rows.index, "name"].tolist()
    ends = [int(last) for last in rows.columns]
    firsts = [1, *(last + 1 for last in ends[:-1])]
    heads = [f"{one}–{last}" if one < last else f"{one}" for one, last in zip(firsts, ends, strict=True)]
    chart = Heat(names, heads)
    shares = rows.to_numpy(dtype=float)
    shade = np.where(shares > 0, np.ceil(shares * len(SHADES) - TOLERANCE), 0).astype(int)
    for number, colour in enumerate(SHADES, start=1):
        cells = [(int(x), int(y)) for y, x in np.argwhere(shade == number)]
        chart.fill(cells, colour, f"≤ {weigh(number / len(SHADES))}")
    title = _("How often each member has which rank under weights drawn at random; the best on average first")
    caption = titled(title, captions.tenths(shares[:, 0].tolist(), heads[0], view.language), view.language)
    most = [f"{name} {heads[place]} {weigh(part)}" for name, place, part in _likeliest(names, shares)]
    return Plot(chart.svg(), spoken(caption, most), caption)


def _likeliest(names: list[str], shares: NDArray[np.float64]) -> list[tuple[str, int, float]]:
    """The likeliest group of each of the first, for those who cannot see the figure."""
    places = shares.argmax(axis=1)
    found = zip(names, places.tolist(), shares.max(axis=1).tolist(), strict=True)
    return list(found)[:NAMED]

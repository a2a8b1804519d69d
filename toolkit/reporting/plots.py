"""Frames -> figures: what of a slice is drawn, and what a figure says in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from IPython.display import display

from toolkit.reporting.captions import results as outcomes
from toolkit.reporting.captions import scores as captions
from toolkit.reporting.captions.rules import spoken, titled
from toolkit.reporting.cells import Cells
from toolkit.reporting.chart import (
    COLOURS,
    GREY,
    INK,
    LIGHT,
    MARKS,
    RAMP,
    RED,
    Mark,
    Rows,
    fitted,
    limits,
    shortened,
)
from toolkit.reporting.frames import grouped, picked
from toolkit.reporting.piles import Piles
from toolkit.reporting.privacy import FEWEST
from toolkit.reporting.stacks import Stacks
from toolkit.reporting.table import DASH, gap, points, span
from toolkit.reporting.table import stars as starred
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from toolkit.reporting.slices import Slice

PAGE = 48
"""Members of a league whose figure has room on a page with its caption."""
CATEGORIES = 20
"""More are not told apart."""
FEW = 2
"""Fewer sources, or indicators, make no table of cells."""


@dataclass(frozen=True)
class Plot:
    """A figure that Jupyter shows and `documents` carries into a report."""

    svg: str
    alt: str
    caption: str

    def _ipython_display_(self) -> None:
        # shown rather than returned: the committed notebooks keep results (tables) and are stripped of figures
        named = {"alt": self.alt, "caption": self.caption}
        display({"image/svg+xml": self.svg, "text/plain": self.alt}, metadata={"image/svg+xml": named}, raw=True)  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Plots:
    """Several figures, one below the other."""

    plots: tuple[Plot, ...]

    def _ipython_display_(self) -> None:
        for plot in self.plots:
            plot._ipython_display_()


def numbers(column: pd.Series[float]) -> list[float]:
    """A column to draw; what is missing is not a number."""
    return column.to_numpy(dtype=float).tolist()


def distribution(view: Slice) -> Plot | None:
    """The unit's mean among the anonymous means of all units at its level; None where there is nothing to draw."""
    n = int(view.units["count"].sum())
    if n < FEWEST:
        return None
    _ = words(view.language)
    scores = numbers(view.units["score"])
    counts, mine = view.units["count"].tolist(), view.units["own"].tolist()
    own = next((score for score, is_own in zip(scores, mine, strict=True) if is_own), None)
    others = [(score, count) for score, count, is_own in zip(scores, counts, mine, strict=True) if not is_own]
    this = _("This unit")
    chart = Piles(others, limits(scores), _("Mean score of a unit (0-100)"), own=own, name=f"{this} {points(own)}")
    title = _("Mean scores of {n} units") if own is None else _("The unit among all {n} units at its level")
    finding = captions.distribution(view.units, (view.facts["low"], view.facts["high"]), view.language)
    caption = titled(title.format(n=n), finding, view.language)
    times = [f" ({count} ×)" if count > 1 else "" for count in counts]
    alt = spoken(caption, (points(value) + more for value, more in zip(scores, times, strict=True)))
    return Plot(chart.svg(), alt, caption)


def league(view: Slice) -> Plot | Plots | None:
    """Scores of the members with their intervals, many in several figures; None where there is nothing to draw."""
    rows = view.league[view.league["score"].notna()]
    if rows.empty:
        return None
    _ = words(view.language)
    title = _("Scores of the members with their intervals")
    caption = titled(title, captions.cutoffs(rows, _cuts(view), view.language), view.language)
    parts = math.ceil(len(rows) / PAGE)
    if parts == 1:
        return _league(view, rows, rows, caption)
    size = math.ceil(len(rows) / parts)
    again = _("{title}, {part} of {parts}")
    titles = [caption, *(again.format(title=title, part=part + 1, parts=parts) for part in range(1, parts))]
    return Plots(
        tuple(_league(view, rows, rows.iloc[size * part : size * (part + 1)], titles[part]) for part in range(parts))
    )


def _cuts(view: Slice) -> list[tuple[str, float]]:
    """Grades with the scores from which they are given; none where they are given by something else."""
    if view.method["graded_by"] != "score":
        return []
    return [(view.method["grade_labels"][name], cut) for name, cut in view.method["bands"].items()]


def _league(view: Slice, everybody: pd.DataFrame, rows: pd.DataFrame, caption: str) -> Plot:
    """Some members of a league on the scale of all."""
    _ = words(view.language)
    names = [shortened(name) for name in rows["name"]]
    score, low, high = (numbers(rows[name]) for name in ("score", "low", "high"))
    counted = rows["rank"].notna().tolist()
    ends = limits(*(numbers(everybody[name]) for name in ("score", "low", "high")))
    chart = Rows(names, ends, _("Score (0-100) with 95% interval"), pitch=fitted(15, len(rows)), flags=_cuts(view))
    chart.spans(low, high)
    chart.marks([s if c else math.nan for s, c in zip(score, counted, strict=True)], "circle", RED, size=2.8)
    chart.marks(
        [math.nan if c else s for s, c in zip(score, counted, strict=True)], "circle", GREY, size=2.4, hollow=True
    )
    told = (
        f"{name} {points(value)}" + (f" ({span(one, other)})" if one == one else "")  # noqa: PLR0124  (is a number)
        for name, value, one, other in zip(names, score, low, high, strict=True)
    )
    return Plot(chart.svg(), spoken(caption, told), caption)


def profile(view: Slice) -> Plot | None:
    """Indicators by source: a mark for each source on each indicator's line; None where there is nothing to draw."""
    rows = view.matrix[view.matrix["indicator"] != ""]
    if rows.empty:
        return None
    _ = words(view.language)
    names = [shortened(label) for label in rows["label"]]
    everything = numbers(rows["score"])
    series: list[tuple[str, Mark, str, list[float]]] = []
    for number, source in enumerate(view.by_source.columns):
        again, hue = divmod(number, len(COLOURS))
        mark = MARKS[(hue + again) % len(MARKS)]
        series.append((view.labels[source], mark, COLOURS[hue], numbers(view.by_source[source].loc[rows.index])))
    series.append((_("All sources"), "bar", INK, everything))
    keys = [(name, mark, colour, values[0]) for name, mark, colour, values in series]
    ends = limits(*(values for *_, values in series))
    chart = Rows(names, ends, _("Mean score (0-100)"), pitch=fitted(18.5, len(names)), keys=keys)
    for _name, mark, colour, values in series:
        chart.marks(values, mark, colour)
    title = _("Each source on every indicator; the bar is the mean of all sources")
    finding = captions.order(view.matrix, view.by_source, view.labels, view.language)
    caption = titled(title, finding, view.language)
    told = (f"{label} {points(value)}" for label, value in zip(names, everything, strict=True))
    return Plot(chart.svg(), spoken(caption, told), caption)


def heat(view: Slice) -> Plot | None:
    """Means by indicator and source in shaded cells; None where fewer than two sources, or indicators, are shown."""
    rows = view.matrix
    if len(rows) <= FEW or len(view.by_source.columns) < FEW:
        return None
    _ = words(view.language)
    names = [
        "　" * max(int(depth) - 1, 0) + (label or _("All indicators"))
        for label, depth in zip(rows["label"], rows["depth"], strict=True)
    ]
    columns = [*(numbers(view.by_source[name]) for name in view.by_source.columns), numbers(rows["score"])]
    heads = [*(view.labels[name] for name in view.by_source.columns), _("All sources")]
    values = list(zip(*columns, strict=True))
    written = [[points(value) for value in row] for row in values]
    chart = Cells(names, heads, limits(*columns), apart=1)
    chart.fill(values, written)
    title = _("Sources and indicators at a glance; darker is higher")
    finding = captions.cells(view.matrix, view.by_source, view.labels, view.language)
    caption = titled(title, finding, view.language)
    told = (f"{name.strip()} ({_valued(heads, row)})" for name, row in zip(names, written, strict=True))
    return Plot(chart.svg(), spoken(caption, told), caption)


def _valued(names: Sequence[str], values: Sequence[str]) -> str:
    """Names with their values; those without one are left out."""
    return ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=True) if value != DASH)


def selves(view: Slice) -> Plot | None:
    """Self against others, by indicator; None where there is nothing to draw."""
    rows = view.selves[view.selves["label"] != ""]
    if rows.empty:
        return None
    _ = words(view.language)
    names = [shortened(label) for label in rows["label"]]
    own, others = numbers(rows["self"]), numbers(rows["others"])
    keys: list[tuple[str, Mark, str, float]] = [
        (_("Self"), "square", COLOURS[0], own[0]),
        (_("Others"), "circle", RED, others[0]),
    ]
    chart = Rows(names, limits(own, others), _("Mean score (0-100)"), pitch=fitted(18.5, len(names)), keys=keys)
    chart.spans(own, others)
    chart.marks(own, "square", COLOURS[0], size=3.3)
    chart.marks(others, "circle", RED)
    title = _("How the members see themselves and how others see them")
    caption = titled(title, captions.sides(view.selves, view.language), view.language)
    told = (f"{label} {gap(value)}" for label, value in zip(names, rows["gap"], strict=True))
    return Plot(chart.svg(), spoken(caption, told), caption)


def stars(view: Slice) -> Plot | None:
    """Stars of the members, all together and by category, and how many rose and fell; None where there are none."""
    rows = [row for row in picked(view.results, "ratee_id", "stars", "stars_before") if not math.isnan(row["stars"])]
    if not rows:
        return None
    _ = words(view.language)
    categories = dict(zip(view.league["member_id"].tolist(), view.league["category"].tolist(), strict=True))
    groups = {_("All members"): rows}
    held = grouped([row | {"category": categories.get(row["ratee_id"], "")} for row in rows], "category")
    groups |= {name: those for (name,), those in held.items()} if 1 < len(held) <= CATEGORIES else {}
    levels = sorted({row["stars"] for row in rows}, reverse=True)
    counts = [[sum(row["stars"] == level for row in those) for level in levels] for those in groups.values()]
    names = [f"{shortened(name or DASH, 13)} ({len(those)})" for name, those in groups.items()]
    moves = [_steps(those) for those in groups.values()]
    chart = Stacks(names, moves)
    for number, level in enumerate(levels):
        place = len(RAMP) - 1 - round(number * (len(RAMP) - 1) / max(len(levels) - 1, 1))
        chart.part(counts, number, RAMP[place], INK if place < LIGHT else "#fff", starred(level))
    title = _("Proposed stars of the members")
    caption = titled(title, outcomes.most_stars(view.results, view.language), view.language)
    heads = [starred(level) for level in levels]
    told = (
        f"{name}: {_valued(heads, list(map(str, row)))} {move}".rstrip()
        for name, row, move in zip(names, counts, moves, strict=True)
    )
    return Plot(chart.svg(), spoken(caption, told), caption)


def _steps(rows: Sequence[Mapping[str, float]]) -> str:
    """How many of some members rose and fell in stars; blank without a round before."""
    change = [row["stars"] - row["stars_before"] for row in rows if not math.isnan(row["stars_before"])]
    return f"↑ {sum(step > 0 for step in change)}  ↓ {sum(step < 0 for step in change)}" if change else ""

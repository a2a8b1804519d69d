"""Frames -> figures: what of a slice is drawn, and what a figure says in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from IPython.display import display

from toolkit.reporting.chart import COLOURS, GREY, INK, MARKS, RED, Rows, limits, shortened
from toolkit.reporting.privacy import FEWEST
from toolkit.reporting.table import gap, points
from toolkit.words import words

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.reporting.slices import Slice


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
    own, others = (numbers(view.units.loc[view.units["own"] == mine, "score"]) for mine in (True, False))
    chart = Rows([""], limits(scores), _("Mean score of a unit (0-100)"), pitch=44)
    chart.marks(others, "circle", GREY, size=4, together=True)
    if own:
        chart.marks([own[0]], "diamond", RED, size=5)
        name = _("This unit")
        chart.label(0, own[0], f"{name} {points(own[0])}", RED)
    caption = (
        _("The unit among all {n} units at its level").format(n=n) if own else _("Mean scores of {n} units").format(n=n)
    )
    times = [f" ({count} ×)" if count > 1 else "" for count in view.units["count"]]
    alt = f"{caption}: {', '.join(points(value) + more for value, more in zip(scores, times, strict=True))}"
    return Plot(chart.svg(), alt, caption)


def league(view: Slice) -> Plot | None:
    """Scores of the members with their intervals; None where there is nothing to draw."""
    rows = view.league[view.league["score"].notna()]
    if rows.empty:
        return None
    _ = words(view.language)
    names = [shortened(name) for name in rows["name"]]
    score, low, high = (numbers(rows[name]) for name in ("score", "low", "high"))
    counted = rows["rank"].notna().tolist()
    flags = [(view.method["grade_labels"][name], cut) for name, cut in view.method["bands"].items()]
    chart = Rows(names, limits(score, low, high), _("Score (0-100) with 95% interval"), pitch=15, flags=flags)
    chart.spans(low, high)
    chart.marks([s if c else math.nan for s, c in zip(score, counted, strict=True)], "circle", RED, size=2.8)
    chart.marks(
        [math.nan if c else s for s, c in zip(score, counted, strict=True)], "circle", GREY, size=2.4, hollow=True
    )
    caption = _("Scores of the members with their intervals")
    alt = f"{caption}: " + ", ".join(f"{name} {points(value)}" for name, value in zip(names, score, strict=True))
    return Plot(chart.svg(), alt, caption)


def profile(view: Slice) -> Plot | None:
    """Indicators by source: a mark for each source on each indicator's line; None where there is nothing to draw."""
    rows = view.matrix[view.matrix["indicator"] != ""]
    if rows.empty:
        return None
    _ = words(view.language)
    names = [shortened(label) for label in rows["label"]]
    by_source = view.by_source.loc[rows.index]
    values = {name: numbers(by_source[name]) for name in by_source.columns}
    everything = numbers(rows["score"])
    chart = Rows(names, limits(everything, *values.values()), _("Mean score (0-100)"))
    for number, (source, value) in enumerate(values.items()):
        again, colour = divmod(number, len(COLOURS))
        chart.marks(value, MARKS[(colour + again) % len(MARKS)], COLOURS[colour], name=view.labels[source])
    chart.marks(everything, "bar", INK, name=_("All sources"))
    caption = _("Each source on every indicator; the bar is the mean of all sources")
    alt = f"{caption}: " + ", ".join(f"{label} {points(value)}" for label, value in zip(names, everything, strict=True))
    return Plot(chart.svg(), alt, caption)


def selves(view: Slice) -> Plot | None:
    """Self against others, by indicator; None where there is nothing to draw."""
    rows = view.selves[view.selves["label"] != ""]
    if rows.empty:
        return None
    _ = words(view.language)
    names = [shortened(label) for label in rows["label"]]
    own, others = numbers(rows["self"]), numbers(rows["others"])
    chart = Rows(names, limits(own, others), _("Mean score (0-100)"))
    chart.spans(own, others)
    chart.marks(own, "square", COLOURS[0], size=3.3, name=_("Self"))
    chart.marks(others, "circle", RED, name=_("Others"))
    caption = _("How the members see themselves and how others see them")
    alt = f"{caption}: " + ", ".join(f"{label} {gap(value)}" for label, value in zip(names, rows["gap"], strict=True))
    return Plot(chart.svg(), alt, caption)

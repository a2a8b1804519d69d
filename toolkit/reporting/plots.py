"""Frames -> figures: matplotlib, as small deterministic SVG whose text stays text."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

import matplotlib as mpl
import numpy as np
from IPython.display import display
from matplotlib import font_manager
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from toolkit.reporting.privacy import FEWEST
from toolkit.reporting.table import gap, points
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from toolkit.reporting.slices import Slice

RED, INK, GREY, PALE = "#9e1b1b", "#333333", "#8c8c8c", "#e3e0da"
# Okabe and Ito's colours are told apart by colour-blind readers; the marks differ too, for grey prints.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
MARKS = ("o", "s", "^", "D", "v", "P")
STYLE: dict[Any, Any] = {
    "font.family": "Noto Sans SC",
    "font.size": 9,
    "svg.fonttype": "none",
    "svg.hashsalt": "toolkit",
    "text.parse_math": False,  # a name with two dollars is a name
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.unicode_minus": False,
}
WIDTH = 6.6


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


@cache
def font_file() -> Path:
    """The Chinese font that the figures carry, found without importing its package (which loads pyplot)."""
    spec = find_spec("zhplot")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("zhplot must be installed: it carries the Chinese font")
    path = Path(spec.origin).parent / "fonts" / "NotoSansSC-Regular.ttf"
    font_manager.fontManager.addfont(path)
    return path


def style() -> dict[Any, Any]:
    """Settings of every figure."""
    font_file()  # matplotlib must know the font before it is named
    return STYLE


def drawn(figure: Figure, alt: str, caption: str) -> Plot:
    """A figure as SVG, the same bytes for the same figure."""
    buffer = io.StringIO()
    with mpl.rc_context(style()):  # how text is written, and ids are made, is asked for only now
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})  # type: ignore[no-untyped-call]
    return Plot(buffer.getvalue(), alt, caption)


def axes_of(height: float, left: float, *, bottom: float = 0.45, right: float = 0.25) -> tuple[Figure, Axes]:
    """A figure of the report's width with one axes at a fixed place, all in inches."""
    figure = Figure(figsize=(WIDTH, height))
    place = (left / WIDTH, bottom / height, (WIDTH - left - right) / WIDTH, (height - bottom - 0.12) / height)
    return figure, figure.add_axes(place)


def limits(*values: NDArray[np.float64]) -> tuple[float, float]:
    """A stretch of the scale from 0 to 100 that holds all values, in fives."""
    flat = np.concatenate(values)
    flat = flat[~np.isnan(flat)]
    if not len(flat):
        return 0, 100
    return max(0, 5 * np.floor(flat.min() / 5 - 0.2)), min(100, 5 * np.ceil(flat.max() / 5 + 0.2))


def _ems(name: str) -> float:
    """Width of a text: a Chinese character is an em wide, a Latin one about half."""
    return sum(1.0 if east_asian_width(letter) in "WF" else 0.56 for letter in name)


def room_for(names: Sequence[str]) -> float:
    """Room for labels, in inches."""
    return 0.35 + max(map(_ems, names), default=0) * 9 / 72


def shortened(name: str, most: float = 17) -> str:
    """A label of at most so many ems."""
    if _ems(name) <= most:
        return name
    while _ems(name) > most - 1:
        name = name[:-1]
    return name + "…"


def _legend(axes: Axes, names: Sequence[str], rows: int) -> None:
    """What the marks stand for, below the axes of so many rows.

    The names are handed over: of labels found on the marks matplotlib leaves out those that begin with an underscore.
    """
    below = (0.5, -0.46 / (0.27 * max(rows, 1) + 0.13))
    shown = [shortened(name) for name in names]
    axes.legend(axes.get_lines(), shown, loc="upper center", bbox_to_anchor=below, ncols=5, frameon=False, fontsize=8)


def distribution(view: Slice) -> Plot | None:
    """The unit's mean among the anonymous means of all units at its level; None where there is nothing to draw."""
    if len(view.units) < FEWEST:
        return None
    _ = words(view.language)
    scores = view.units["score"].to_numpy(dtype=float)
    own = view.units["own"].to_numpy(dtype=bool)
    with mpl.rc_context(style()):
        figure, axes = axes_of(1.25, 0.3)
        axes.set_yticks([])
        axes.set_ylim(-0.6, 1)
        axes.set_xlim(*limits(scores))
        axes.axhline(0, color=PALE, zorder=0)
        axes.plot(scores[~own], np.zeros((~own).sum()), "o", color=GREY, ms=8, alpha=0.7, mec="white")
        if own.any():
            axes.plot(scores[own], [0], "D", color=RED, ms=10, mec="white")
            name = _("This unit") + f" {points(scores[own][0])}"
            axes.annotate(name, (scores[own][0], 0.3), ha="center", color=RED)
        axes.set_xlabel(_("Mean score of a unit (0-100)"))
    caption = (
        _("The unit among all {n} units at its level").format(n=len(scores))
        if own.any()
        else _("Mean scores of {n} units").format(n=len(scores))
    )
    alt = f"{caption}: {', '.join(points(value) for value in scores)}"
    return drawn(figure, alt, caption)


def league(view: Slice) -> Plot | None:
    """Scores of the members with their intervals; None where there is nothing to draw."""
    if view.league["score"].isna().all():
        return None
    _ = words(view.language)
    rows = view.league[view.league["score"].notna()].iloc[::-1]
    names = [shortened(name) for name in rows["name"]]
    score, low, high = (rows[name].to_numpy(dtype=float) for name in ("score", "low", "high"))
    counted = rows["rank"].notna().to_numpy()
    place = np.arange(len(rows))
    with mpl.rc_context(style()):
        figure, axes = axes_of(0.7 + 0.21 * max(len(rows), 1), room_for(names))
        axes.set_xlim(*limits(score, low, high))
        axes.set_ylim(-0.7, len(rows) - 0.3)
        for name, cut in view.method["bands"].items():
            if axes.get_xlim()[0] < cut < axes.get_xlim()[1]:
                axes.axvline(cut, color=PALE, zorder=0)
                axes.annotate(
                    shortened(view.method["grade_labels"][name]),
                    (cut, len(rows) - 0.35),
                    color=GREY,
                    fontsize=7,
                    ha="left",
                    va="top",
                    xytext=(2, 4),
                    textcoords="offset points",
                )
        axes.hlines(place, low, high, color=GREY, lw=1.6)
        axes.plot(score[counted], place[counted], "o", color=RED, ms=4.5)
        axes.plot(score[~counted], place[~counted], "o", color="white", mec=GREY, ms=4.5)
        axes.set_yticks(place, names)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(_("Score (0-100) with 95% interval"))
    caption = _("Scores of the members with their intervals")
    alt = f"{caption}: " + ", ".join(
        f"{name} {points(value)}" for name, value in zip(names[::-1], score[::-1], strict=True)
    )
    return drawn(figure, alt, caption)


def profile(view: Slice) -> Plot | None:
    """Indicators by source: a mark for each source on each indicator's line; None where there is nothing to draw."""
    if (view.matrix["indicator"] == "").all():
        return None
    _ = words(view.language)
    rows = view.matrix[view.matrix["indicator"] != ""].iloc[::-1]
    place = np.arange(len(rows))
    names = [shortened(label) for label in rows["label"]]
    values = [view.by_source[name].loc[rows.index].to_numpy(dtype=float) for name in view.by_source.columns]
    with mpl.rc_context(style()):
        figure, axes = axes_of(1.1 + 0.27 * max(len(rows), 1), room_for(names), bottom=0.85)
        everything = rows["score"].to_numpy(dtype=float)
        axes.set_xlim(*limits(everything, *values))
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.hlines(place, *axes.get_xlim(), color=PALE, lw=0.8, zorder=0)
        for number, value in enumerate(values):
            again, colour = divmod(number, len(COLOURS))
            mark = MARKS[(colour + again) % len(MARKS)]
            axes.plot(value, place, mark, color=COLOURS[colour], ms=6, mec="white", mew=0.5)
        axes.plot(everything, place, "|", color=INK, ms=13, mew=2)
        axes.set_yticks(place, names)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(_("Mean score (0-100)"))
        _legend(axes, [*(view.labels[name] for name in view.by_source.columns), _("All sources")], len(rows))
    caption = _("Each source on every indicator; the bar is the mean of all sources")
    alt = f"{caption}: " + ", ".join(
        f"{label} {points(value)}" for label, value in zip(names[::-1], everything[::-1], strict=True)
    )
    return drawn(figure, alt, caption)


def selves(view: Slice) -> Plot | None:
    """Self against others, by indicator; None where there is nothing to draw."""
    if (view.selves["label"] == "").all():
        return None
    _ = words(view.language)
    rows = view.selves[view.selves["label"] != ""].iloc[::-1]
    names = [shortened(label) for label in rows["label"]]
    own, others = rows["self"].to_numpy(dtype=float), rows["others"].to_numpy(dtype=float)
    place = np.arange(len(rows))
    with mpl.rc_context(style()):
        figure, axes = axes_of(1.1 + 0.27 * max(len(rows), 1), room_for(names), bottom=0.85)
        axes.set_xlim(*limits(own, others))
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.hlines(place, own, others, color=GREY, lw=1.2, zorder=0)
        axes.plot(own, place, "s", color=COLOURS[0], ms=6, mec="white")
        axes.plot(others, place, "o", color=RED, ms=6, mec="white")
        axes.set_yticks(place, names)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(_("Mean score (0-100)"))
        _legend(axes, [_("Self"), _("Others")], len(rows))
    caption = _("How the members see themselves and how others see them")
    alt = f"{caption}: " + ", ".join(
        f"{label} {gap(value)}" for label, value in zip(names[::-1], rows["gap"][::-1], strict=True)
    )
    return drawn(figure, alt, caption)

"""The explorer: weights under one's hands, and what becomes of everybody; for the organisers, since it names members.

A thin shell of widgets: `weighting.desk` moves the weights, `weighting.outcomes` says what becomes of the members, and
`reporting.explorer` writes it. Nothing in the study changes. Whatever goes wrong is said in the page.
"""

from __future__ import annotations

import asyncio
import sys
from functools import partial, wraps
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from IPython.display import display

from toolkit.faults import UsageError
from toolkit.fields import exact
from toolkit.reporting import explorer as show
from toolkit.reporting.slopes import strip
from toolkit.reporting.unit_tree import UnitTree
from toolkit.rulebook.writing import replace_sections
from toolkit.scheme import ROOT_INDICATOR, ROOT_SOURCE, said
from toolkit.scoring.scores import score
from toolkit.study import read_study
from toolkit.weighting.breakpoints import KINDS, breakpoints
from toolkit.weighting.desk import Desk
from toolkit.weighting.league import league
from toolkit.weighting.model import model
from toolkit.weighting.outcomes import outcomes
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    import pandas as pd

    from toolkit.weighting.desk import Node, Section
    from toolkit.weighting.model import Model

FULL = 100
"""Weights are shown in percent."""
REST = 0.3
"""Seconds that a weight must rest before its breakpoints are looked for."""
ROWS = (10, 20, 50, 100)
DRAWN = 40
"""The most lines of the figure."""


def explore(study: str | Path, round: str = "") -> None:  # noqa: A002  (the contract's word)
    """Show the explorer of a study in a notebook.

    Parameters
    ----------
    study : path
        The folder of the study.
    round : str
        A plain round; the newest one by default.

    Notes
    -----
    What is wrong with the study is shown as text; nothing is raised.
    """
    place = widgets.VBox([widgets.HTML(f"<p>{escape(str(study))} …</p>")])
    display(place)  # type: ignore[no-untyped-call]
    try:
        read = read_study(study)
        place.children = (Explorer(model(read, score(read), round), Path(study)).box,)
    except (UsageError, OSError) as error:
        place.children = (widgets.HTML(f"<pre>{escape(str(error))}</pre>"),)


def _guarded(handler: Callable[..., None]) -> Callable[..., None]:
    """Say in the page what a handler raises: whoever uses it has no place for a traceback."""

    @wraps(handler)
    def run(self: Explorer, *args: Any) -> None:  # noqa: ANN401  (what widgets hand over)
        try:
            handler(self, *args)
        except Exception as error:  # noqa: BLE001  (see above)
            self.tell(self._("This did not work: {why}").format(why=f"{type(error).__name__}: {error}"))

    return run


class Row:
    """A node on the desk: its name, a slider with a strip of breakpoints, its weight as a number, its lock."""

    def __init__(self, label: str, lock: str) -> None:
        self.slider = widgets.FloatSlider(min=0, max=FULL, step=1, readout=False)
        self.number = widgets.BoundedFloatText(min=0, max=FULL, step=0.1)
        self.lock = widgets.ToggleButton(tooltip=f"{lock}: {label}").add_class("tk-lock")
        self.strip = widgets.HTML()
        name = widgets.HTML(escape(label)).add_class("tk-name")
        track = widgets.Box([self.strip, self.slider]).add_class("tk-track")
        self.number.add_class("tk-number")
        self.box = widgets.HBox([name, track, self.number, self.lock]).add_class("tk-line")

    def put(self, weight: float, *, locked: bool, free: bool) -> None:
        """Show a weight (0-1), and whether it is locked or else can move."""
        self.slider.value, self.number.value = FULL * weight, round(FULL * weight, 1)
        self.lock.value, self.lock.icon = locked, "lock" if locked else "unlock"
        self.slider.disabled = self.number.disabled = not free


class Explorer:
    """The page of one round.

    Parameters
    ----------
    plain : Model
        A plain round.
    folder : Path
        Of the study: where its scheme files lie.
    """

    def __init__(self, plain: Model, folder: Path) -> None:
        self.model, self.folder, self.scheme = plain, folder, plain.scheme
        self._ = words(self.scheme.language)
        self.units = dict(zip(plain.study.units["unit_id"], plain.study.units["name"], strict=True))
        self.desk = Desk.of(self.scheme)
        self.before = self.after = outcomes(plain, kinds=KINDS)
        self.rows = {node: self._row(node) for group in self.desk.sets.values() for node in group}
        self.focus = next(iter(self.rows), None)
        self._found: tuple[tuple[object, ...], pd.DataFrame | None] = ((), None)
        self._quiet = False
        self._timer: asyncio.TimerHandle | None = None
        self.message, self.summary, self.standings, self.nearest, self.changes, self.figure, self.saved = (
            widgets.HTML() for _ in range(7)
        )
        self.reset = widgets.Button(description=self._("Back to the scheme"), icon="undo").add_class("tk-reset")
        self.unit = widgets.Dropdown(options=self._units(), description=self._("Unit"))
        options = [*((str(count), count) for count in ROWS), (self._("all"), sys.maxsize)]
        self.most = widgets.Dropdown(options=options, value=ROWS[1], description=self._("Rows"))
        self.text = widgets.HTML().add_class("tk-yaml")
        place = folder.resolve() / f"scheme-{plain.name}-explored.yaml"
        self.place = widgets.Text(value=str(place), description=self._("Save as")).add_class("tk-place")
        self.save = widgets.Button(description=self._("Save"), icon="download").add_class("tk-save")
        self._listen()
        self.box = self._laid_out()
        self._show()
        self._rest()

    def tell(self, text: str = "") -> None:
        """Say what could not be done, or take it back."""
        self.message.value = f'<div class="tk-alert" role="alert">{escape(text)}</div>' if text else ""

    # ------------------------------------------------------------------------------------------------------- its parts

    def _row(self, node: Node) -> Row:
        tree = self.scheme.source_tree if node.section == "sources" else self.scheme.indicator_tree
        row = Row(self.scheme.label(node.name), self._("Lock"))
        row.box.add_class(f"tk-{node.section}-{tree.position[node.name]}")
        return row

    def _units(self) -> list[tuple[str, str]]:
        """Every unit below those that hold it."""
        depth = UnitTree.of(self.model.study.units).depth
        whole = [] if self.model.study.top else [(self._("All units"), "")]
        return whole + [("\u2003" * level + self.units[unit], unit) for unit, level in depth.items()]

    def _listen(self) -> None:
        for node, row in self.rows.items():
            row.slider.observe(partial(self._moved, node), "value")
            row.number.observe(partial(self._moved, node), "value")
            row.lock.observe(partial(self._locked, node), "value")
        self.reset.on_click(self._reset)
        self.unit.observe(self._chosen, "value")
        self.most.observe(self._chosen, "value")
        self.save.on_click(self._save)

    def _laid_out(self) -> widgets.Widget:
        body = widgets.HBox([self._controls(), self._league(), self._consequences()]).add_class("tk-body")
        return widgets.VBox([self._head(), body, self._export()]).add_class("tk-explorer")

    def _head(self) -> widgets.Widget:
        scheme, _ = self.scheme, self._
        style = files("toolkit").joinpath("reporting", "templates", "explorer.css").read_text(encoding="utf-8")
        title = _("Weights explored: {title}").format(title=said(scheme.title, scheme.language))
        turn = _("Round: {round}").format(round=scheme.label(self.model.name))
        notice = _("This page names members and is for the organisers only. Nothing moved here changes the study.")
        return widgets.HTML(
            f"<style>{style}</style><h1>{escape(title)}</h1><p>{escape(turn)}</p>"
            f'<p class="tk-notice">{escape(notice)}</p>'
        )

    def _controls(self) -> widgets.Widget:
        _ = self._
        top = widgets.HBox([self.reset, self.message])
        signs = {"grade": _("a grade changes"), "stars": _("stars change"), "own": _("the scheme's own weight")}
        told = "".join(f'<span><i class="tk-{sign}"></i>{escape(text)}</span>' for sign, text in signs.items())
        sets = [self._set(*key, group) for key, group in self.desk.sets.items()]
        return widgets.VBox([top, *sets, widgets.HTML(f'<p class="tk-key">{told}</p>')]).add_class("tk-controls")

    def _league(self) -> widgets.Widget:
        return widgets.VBox([widgets.HBox([self.unit, self.most]), self.summary, self.standings]).add_class("tk-ranks")

    def _consequences(self) -> widgets.Widget:
        who, ranks = _heading(self._("Who changes")), _heading(self._("Ranks before and now"))
        self.nearest.add_class("tk-nearest")
        self.changes.add_class("tk-changes")
        return widgets.VBox([self.nearest, who, self.changes, ranks, self.figure]).add_class("tk-right")

    def _export(self) -> widgets.Widget:
        head, line = _heading(self._("This scheme as YAML")), widgets.HBox([self.place, self.save])
        return widgets.VBox([head, self.text, line, self.saved]).add_class("tk-export")

    def _set(self, section: Section, parent: str, group: list[Node]) -> widgets.Widget:
        """A set of siblings below a heading."""
        _ = self._
        top = {"sources": _("Weights of the sources"), "indicators": _("Weights of the indicators")}[section]
        nested = _("Within {name}").format(name=self.scheme.label(parent))
        head = _heading(f"{top} (%)") if parent in {ROOT_SOURCE, ROOT_INDICATOR} else _heading(nested, 3)
        own = [self.scheme.label(name) for name in self.desk.categories(group[0])]
        told = _("Weights of their own: {categories}; a move acts there too.")
        told = told.format(categories=("、" if self.scheme.language == "zh" else ", ").join(own))
        note = [widgets.HTML(f'<p class="tk-note">{escape(told)}</p>')] if own else []
        return widgets.VBox([head, *note, *(self.rows[node].box for node in group)]).add_class("tk-set")

    # ---------------------------------------------------------------------------------------------------- what is done

    @_guarded
    def _moved(self, node: Node, change: Mapping[str, Any]) -> None:
        if self._quiet:
            return
        self.tell()
        name, target = self.scheme.label(node.name), exact(change["new"]) / FULL
        low, high = self.desk.room(node)
        if target > high:
            most = f"{float(high):.1%}"
            self.tell(self._("{name} can weigh at most {most}: the rest is locked.").format(name=name, most=most))
        try:
            self.desk = self.desk.move(node, min(max(target, low), high))
        except UsageError:
            self.tell(self._("{name} cannot move: what would share the rest weighs nothing.").format(name=name))
        self.focus = node
        self._update()

    @_guarded
    def _locked(self, node: Node, change: Mapping[str, Any]) -> None:
        if self._quiet:
            return
        self.tell()
        self.desk = self.desk.lock(node, locked=change["new"])
        free = [one for one in self.desk.siblings(node) if one not in self.desk.locked]
        if len(free) == 1:
            name = self.scheme.label(free[0].name)
            self.tell(self._("{name} cannot move: all others are locked.").format(name=name))
        self._update()

    @_guarded
    def _reset(self, _button: widgets.Button) -> None:
        self.tell()
        self.desk = self.desk.reset()
        self._update()

    @_guarded
    def _chosen(self, _change: Mapping[str, Any]) -> None:
        self._update()

    @_guarded
    def _save(self, _button: widgets.Button) -> None:
        self.tell()
        place = Path(self.place.value).expanduser().resolve()
        try:
            with place.open("x", encoding="utf-8", newline="\n") as file:
                file.write(self._yaml())
        except FileExistsError:
            self.tell(self._("{place} is there already: name another file.").format(place=place))
        except OSError as error:
            self.tell(self._("{place} cannot be written: {why}").format(place=place, why=error.strerror))
        else:
            told = self._("Saved as {place}. It holds once {round} names it as its `scheme` in scheme.yaml.")
            self.saved.value = f"<p>{escape(told.format(place=place, round=self.model.name))}</p>"

    # --------------------------------------------------------------------------------------------------- what is shown

    def _update(self) -> None:
        """Show what holds now, and look for breakpoints once the weights rest."""
        self._show()
        if self._timer is not None:
            self._timer.cancel()
        try:
            self._timer = asyncio.get_running_loop().call_later(REST, self._rest)
        except RuntimeError:  # nobody waits outside of a kernel
            self._rest()

    def _show(self) -> None:
        self._quiet = True  # what is set here was not moved by anybody
        try:
            for node, row in self.rows.items():
                low, high = self.desk.room(node)
                row.put(float(self.desk.weight(node)), locked=node in self.desk.locked, free=low < high)
        finally:
            self._quiet = False
        self.after = outcomes(self.model, self.model.weighting(self.desk.scheme), kinds=KINDS)
        self.table = table = league(self.before, self.after, self.unit.value)
        self.summary.value = show.summary(table, self.scheme)
        self.standings.value = show.standings(table, self.scheme, self.units, self.most.value)
        self.changes.value = show.changes(table, self.scheme)
        self.figure.value = show.figure(table, self.scheme, min(self.most.value, DRAWN))
        self._mark()

    @_guarded
    def _rest(self) -> None:
        """What may take a second: breakpoints of what was moved last, by the others as they are now; the YAML."""
        self.text.value = f'<textarea rows="12" readonly>{escape(self._yaml())}</textarea>'
        if self.focus is None:
            return
        if self._found[0] != self._way:
            try:
                found = breakpoints(self.model, self.desk, self.focus)
            except UsageError:  # nobody is there to share the rest
                found = None
            self._found = (self._way, found)
        listed = self._listed()
        if listed is not None:
            ticks = [(turn["weight"], turn["about"], self._said(turn)) for turn in listed.to_dict("records")]
            self.rows[self.focus].strip.value = strip(ticks, float(Desk.of(self.scheme).weight(self.focus)))
        self._mark()

    @property
    def _way(self) -> tuple[object, ...]:
        """What breakpoints depend on: while one weight goes on moving they stay where they are."""
        start = self.desk.start if self.focus == self.desk.last else self.desk.scheme
        return (self.focus, start, self.desk.locked)

    def _listed(self) -> pd.DataFrame | None:
        """The breakpoints of those who are listed; None where they are not known."""
        way, found = self._found
        return found[found["ratee_id"].isin(self.table.index)] if found is not None and way == self._way else None

    def _said(self, turn: Mapping[Hashable, Any]) -> str:
        """A breakpoint in words."""
        told = show.change(self.scheme, turn["about"], turn["before"], turn["after"])
        return f"{turn['weight']:.1%} {self.table.at[turn['ratee_id'], 'name']!s} {told}"

    def _mark(self) -> None:
        """The nearest breakpoints in words; what is no longer true is taken away."""
        listed = self._listed()
        if self.focus is None or listed is None:
            self.nearest.value = ""
            for row in self.rows.values():
                row.strip.value = ""
            return
        title = self._("Nearest changes: {name}").format(name=self.scheme.label(self.focus.name))
        told = show.nearest(listed, float(self.desk.weight(self.focus)), self._said, self.scheme)
        self.nearest.value = f"<h2>{escape(title)}</h2>{told}"

    def _yaml(self) -> str:
        """The file of the round with these weights."""
        own = self.scheme.rounds[self.model.name].scheme
        text = (self.folder / own).read_text(encoding="utf-8-sig") if own else ""
        return replace_sections(text, self.desk.scheme)


def _heading(text: str, rank: int = 2) -> widgets.Widget:
    return widgets.HTML(f"<h{rank}>{escape(text)}</h{rank}>")

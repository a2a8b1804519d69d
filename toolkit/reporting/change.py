"""What a comparison of two rounds shows: sentences, tables and a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from toolkit.reporting.captions import rounds as captions
from toolkit.reporting.captions.rules import spoken, titled
from toolkit.reporting.captions.scores import states as by_state
from toolkit.reporting.chart import GREY, RED, Columns, limits, shortened
from toolkit.reporting.plots import Plot, numbers
from toolkit.reporting.prose import Text, joined, plain
from toolkit.reporting.results import moved
from toolkit.reporting.table import DASH, Column, Table, amount, gap, made, points, share, stars, whole
from toolkit.words import words

if TYPE_CHECKING:
    from toolkit.reporting.compare import Change


MANY = 18
"""So many lines are drawn in full; more are thinner."""


def title(view: Change) -> Text:
    """The unit, and the rounds that are compared."""
    _ = words(view.language)
    space = "" if view.language == "zh" else " "
    head = f"# {plain(view.unit)}{space}{_('Change between rounds')}"
    if not view.before:
        return Text(
            f"{head}\n\n{plain(view.title)}\n\n{_('There is no round before {round}.').format(round=plain(view.after))}"
        )
    between = f"{plain(view.before)} → {plain(view.after)}"
    return Text(f"{head}\n\n{plain(view.title)}\n\n{between}")


def summary(view: Change) -> Text | None:
    """How the mean moved, and what of it came from members who came or left; None where it is not shown."""
    _ = words(view.language)
    facts = view.facts
    if facts["before"] is None:
        return Text(_("No mean of both rounds can be shown.")) if view.before else None
    sentences = [
        _("The mean score went from {before} to {after}.").format(
            before=points(facts["before"]), after=points(facts["after"])
        ),
        _("Of the members who were scored in both rounds ({n}) it moved by {change}.").format(
            n=facts["stayed"], change=gap(facts["moved"])
        ),
    ]
    if facts["others"]:
        sentences.append(_("Members who came or left moved it by {change}.").format(change=gap(facts["others"])))
    return Text(joined(sentences, view.language))


def members(view: Change) -> Table | None:
    """Members in both rounds; None for a first round."""
    if view.members.empty:
        return None
    _ = words(view.language)
    rows = view.members
    columns: list[Column] = [
        (_("Name"), "left", True), (view.before, "right", True), (view.after, "right", True),
        (_("Change"), "right", True),
        (_("Grade"), "left", (rows["grade"] != "").any()), (_("Stars"), "right", rows["stars"].notna().any()),
        (_("Points"), "right", rows["points"].notna().any()),
    ]  # fmt: skip
    cells = [
        [
            row["name"], points(row["before"]), points(row["after"]),
            DASH if pd.isna(row["change"]) else gap(row["change"]),
            _pair(row["grade_before"] or DASH, row["grade"] or DASH),
            f"{stars(row['stars'])} {moved(row['stars'], row['stars_before'], _)}".strip(),
            _pair(amount(row["points_before"]), amount(row["points"])),
        ]
        for row in rows.to_dict("records")
    ]  # fmt: skip
    finding = captions.members(rows, view.language)
    return made(columns, cells, titled(_("Members, round against round"), finding, view.language))


def _pair(one: str, other: str) -> str:
    return one if one == other else f"{one} → {other}"


def by_source(view: Change) -> Table | None:
    """What each source moved; None where nothing can be shown."""
    _ = words(view.language)
    return _bridge(view, view.sources, _("Source"), _("What moved the mean, by source"))


def by_indicator(view: Change) -> Table | None:
    """What each indicator moved; None where nothing can be shown."""
    _ = words(view.language)
    return _bridge(view, view.indicators, _("Indicator"), _("What moved the mean, by indicator"))


def _bridge(view: Change, rows: pd.DataFrame, head: str, caption: str) -> Table | None:
    if rows.empty:
        return None
    _ = words(view.language)
    cells = [
        [row["label"], gap(row["ratings"]), gap(row["weights"]), gap(row["ratings"] + row["weights"])]
        for row in rows.to_dict("records")
    ]
    cells.append([_("Together"), *(gap(view.facts[name]) for name in ("by_ratings", "by_weights", "moved"))])
    columns: list[Column] = [
        (head, "left", True), (_("By other ratings"), "right", True), (_("By other weights"), "right", True),
        (_("Together"), "right", True),
    ]  # fmt: skip
    note = _(
        "The parts add up to the change exactly, before they are rounded; of those who were scored in both rounds."
    )
    finding = captions.bridge(rows, view.language)
    return made(columns, cells, titled(caption, finding, view.language), note=note, mark=(len(cells) - 1,))


def cases(view: Change) -> Table | None:
    """What was to be mended, and whether it is; None where there was nothing."""
    if view.cases.empty:
        return None
    _ = words(view.language)
    columns: list[Column] = [
        (_("Name"), "left", True), (_("Reasons"), "left", True), (_("Decided"), "left", True), (_("Due"), "left", True),
        (_("State"), "left", True),
    ]  # fmt: skip
    cells = [
        [row["name"], row["why"] or DASH, row["decision"] or _("not yet"), row["due"] or DASH, row["state"]]
        for row in view.cases.to_dict("records")
    ]
    note = _("As of {date}.").format(date=view.facts["as_of"]) if view.facts["as_of"] else ""
    title = _("What was to be mended after {round}").format(round=view.before)
    finding = by_state(view.cases["state"].tolist(), view.language)
    return made(columns, cells, titled(title, finding, view.language), note=note)


def converted(view: Change) -> Table | None:
    """How many have mended, over the rounds; None where nobody had to."""
    rows = view.conversion[view.conversion["called"] > 0] if len(view.conversion) else view.conversion
    if rows.empty:
        return None
    _ = words(view.language)
    columns: list[Column] = [
        (_("Round"), "left", True), (_("Had to mend"), "right", True), (_("Converted"), "right", True),
        (_("Rate"), "right", True), (_("Days, median"), "right", rows["days"].notna().any()),
    ]  # fmt: skip
    cells = [
        [row["round"], whole(row["called"]), whole(row["converted"]), share(row["rate"]), whole(row["days"])]
        for row in rows.to_dict("records")
    ]
    finding = captions.converted(rows, view.language)
    return made(columns, cells, titled(_("Conversion over the rounds"), finding, view.language))


def rounds(view: Change) -> Table:
    """The calendar: rounds that are done, due or overdue."""
    _ = words(view.language)
    states = {
        "planned": _("planned"), "running": _("running"), "due": _("due"), "overdue": _("overdue"),
        "done": _("completed"),
    }  # fmt: skip
    columns: list[Column] = [
        (_("Round"), "left", True), (_("From"), "left", True), (_("To"), "left", True),
        (_("Ratings due"), "left", True),
        (_("Told on"), "left", True), (_("Days to feedback"), "right", True), (_("State"), "left", True),
    ]  # fmt: skip
    cells = [
        [
            row["round"], row["from"] or DASH, row["to"] or DASH, row["due"] or DASH, row["feedback"] or DASH,
            whole(row["days_to_feedback"]), states.get(row["state"], row["state"]),
        ]
        for row in view.calendar.to_dict("records")
    ]  # fmt: skip
    note = _("As of {date}.").format(date=view.facts["as_of"]) if view.facts["as_of"] else ""
    finding = by_state([row[-1] for row in cells], view.language)
    return made(columns, cells, titled(_("Rounds"), finding, view.language), note=note)


def slope(view: Change) -> Plot | None:
    """Scores of the members, round against round, a line each; None for a first round."""
    rows = view.members[view.members[["before", "after"]].notna().all(axis=1)]
    if rows.empty:
        return None
    _ = words(view.language)
    old, new = numbers(rows["before"]), numbers(rows["after"])
    step = [after - before for before, after in zip(old, new, strict=True)]
    most = sorted(range(len(step)), key=lambda number: -abs(step[number]))[:3]
    names = rows["name"].tolist()
    told = [(new[number], f"{shortened(names[number], 9)} {gap(step[number])}", RED) for number in most]
    chart = Columns([view.before, view.after], limits(old, new), told, height=230)
    width = max(min(0.6, MANY / len(names)), 0.15)
    for number, pair in enumerate(zip(old, new, strict=True)):
        if number not in most:
            chart.trail(pair, GREY, width=width)
            chart.marks(pair, "circle", GREY, size=2)
    for number in most:
        chart.trail((old[number], new[number]), RED)
        chart.marks((old[number], new[number]), "circle", RED, size=2.5)
    title = _("Scores of the members from {before} to {after}; the three that moved most are named")
    title = title.format(before=view.before, after=view.after)
    caption = titled(title, captions.members(rows, view.language), view.language)
    values = (f"{name} {points(a)} → {points(b)}" for name, a, b in zip(names, old, new, strict=True))
    return Plot(chart.svg(), spoken(caption, values), caption)

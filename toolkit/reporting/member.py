"""A member's sheet: sentences, tables and figures for one pair of eyes; no colleague is named."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toolkit.reporting.captions import results as outcomes
from toolkit.reporting.captions import rounds as captions
from toolkit.reporting.captions.rules import spoken, titled
from toolkit.reporting.captions.scores import furthest, peaks
from toolkit.reporting.chart import COLOURS, GREY, RED, Columns, Mark, Rows, fitted, limits, shortened
from toolkit.reporting.frames import picked, records
from toolkit.reporting.plots import Plot, numbers
from toolkit.reporting.prose import Text, joined, plain
from toolkit.reporting.results import moved
from toolkit.reporting.table import DASH, Column, Table, amount, gap, made, points, span, stars, whole
from toolkit.scheme import PUBLIC, SELF
from toolkit.words import words

if TYPE_CHECKING:
    from toolkit.reporting.sheet import Sheet

LOWEST = 3
"""How many of the lowest items a sheet points out."""
FEWEST, LINE = 2, 3
"""Rounds that can be compared, and rounds that make a figure."""


def title(sheet: Sheet) -> Text:
    """Whose sheet it is, of which appraisal."""
    _ = words(sheet.language)
    who = " · ".join(plain(part) for part in (sheet.unit, sheet.category) if part)
    period = _("Round: {round}").format(round=plain(sheet.round)) + (
        f" ({plain(sheet.period)})" if sheet.period else ""
    )
    space = "" if sheet.language == "zh" else " "
    head = f"# {plain(sheet.name)}{space}{_('Personal feedback')}"
    private = _("For the member alone. Nobody else is named in it.")
    return Text(f"{head}\n\n{plain(sheet.title)}\n\n{who}\n\n{period}\n\n> {private}")


def summary(sheet: Sheet) -> Text:
    """The result in a paragraph."""
    _ = words(sheet.language)
    facts = sheet.facts
    if facts["score"] is None:
        why = {
            "withheld": _("Your score is not shown, since it would tell what a few raters have said."),
            "unrated": _("Ballots on you were handed in, but none of them counts by the rules.")
            if facts["void"]
            else _("You were not rated in this round."),
            "thin": _("Too little was rated for a score."),
            "incomplete": _("A part of the ratings is missing, so that there is no score."),
        }
        return Text(why.get(facts["status"], _("There is no score.")))
    sentences = [
        _("Your score is {score} of 100 (95% interval {interval}).").format(
            score=points(facts["score"]), interval=span(facts["low"], facts["high"])
        )
        if facts["low"] is not None
        else _("Your score is {score} of 100.").format(score=points(facts["score"]))
    ]
    if facts["rank"] is not None:
        place = _("That is place {rank} of {n} in your branch.")
        sentences.append(place.format(rank=whole(facts["rank"]), n=facts["ranked"]))
    if facts["status"] == "partial":
        sentences.append(_("Part of the ratings is missing; {share}% were seen.").format(share=facts["coverage"]))
    told = {
        _("Index: {value}.").format(value=_with(points(facts["index"]), facts["level"], sheet)): facts["index"],
        _("Points: {value}.").format(value=amount(facts["points"])): facts["points"],
        _("Proposed grade: {grade}.").format(grade=plain(facts["grade"])): facts["grade"] or None,
        _("Proposed stars: {value}.").format(value=_starred(facts, sheet)): facts["stars"],
    }
    sentences += [text for text, value in told.items() if value is not None]
    return Text(joined(sentences, sheet.language))


def _with(value: str, label: str | None, sheet: Sheet) -> str:
    if not label:
        return value
    return f"{value}（{plain(label)}）" if sheet.language == "zh" else f"{value} ({plain(label)})"


def _starred(facts: dict[str, Any], sheet: Sheet) -> str:
    now = stars(facts["stars"])
    if facts["stars"] is None or facts["stars_before"] is None:
        return now
    return _with(now, moved(facts["stars"], facts["stars_before"], words(sheet.language)), sheet)


def feedback(sheet: Sheet) -> Text | None:
    """When the result was told, and how to reply."""
    _ = words(sheet.language)
    facts = sheet.facts
    sentences = []
    if facts["feedback_days"] is not None:
        told = _("Results are told on {date}, {n} days after the last day of the round.")
        sentences.append(told.format(date=facts["feedback"], n=facts["feedback_days"]))
    if facts["reply_by"]:
        ask = _("You may reply in writing within {n} days, until {date}; your reply is kept beside this finding.")
        sentences.append(ask.format(n=facts["reply_days"], date=facts["reply_by"]))
    sentences.append(_("Proposals are made by the rules. People decide, after they have read your reply."))
    lines = [
        _("Your reply of {date}: {text}").format(date=row["date"], text=plain(row["text"]))
        + ("" if row["in_time"] else " " + _("(after the date)"))
        for row in records(sheet.replies)
    ]
    return Text("\n\n".join([joined(sentences, sheet.language), *lines]))


def profile(sheet: Sheet) -> Table:
    """Own scores by indicator and source; oneself against the others and the public; the mean of the branch."""
    _ = words(sheet.language)
    labels = [
        "　" * max(int(depth) - 1, 0) + (label or _("All indicators"))
        for label, depth in zip(sheet.profile["label"], sheet.profile["depth"], strict=True)
    ]
    own = sheet.by_source[SELF] if SELF in sheet.by_source else pd.Series(np.nan, sheet.profile.index)
    public = sheet.by_source[PUBLIC] if PUBLIC in sheet.by_source else own * np.nan
    others = sheet.profile["score"]
    gaps = [own - others, own - public]
    columns: list[Column] = [
        (_("Indicator"), "left", True),
        *((sheet.labels[name], "right", True) for name in sheet.by_source.columns),
        (_("All sources"), "right", True), (_("Mean of the branch"), "right", True),
        (_("Self minus all"), "right", gaps[0].notna().any()), (_("Self minus public"), "right", gaps[1].notna().any()),
    ]  # fmt: skip
    shown = [*(sheet.by_source[name] for name in sheet.by_source.columns), others, sheet.profile["unit"]]
    cells = [*([points(value) for value in column] for column in shown), *(list(map(_signed, part)) for part in gaps)]
    notes = [
        _("A dash: not asked, not rated, or not shown to protect raters."),
        _("Above 0 you see yourself higher than others do: there may lie a blind spot.") * bool(gaps[0].notna().any()),
    ]
    rows = list(zip(labels, *cells, strict=True))
    caption = titled(_("Your profile"), _profiled(sheet, gaps[0]), sheet.language)
    return made(columns, rows, caption, note=joined(notes, sheet.language), mark=(0,))


def _profiled(sheet: Sheet, gaps: pd.Series[float]) -> str:
    """What the profile finds: where one sees oneself otherwise than others do, or else what is highest and lowest."""
    rows = [row | {"gap": gap} for row, gap in zip(picked(sheet.profile, "label", "leaf"), gaps.tolist(), strict=True)]
    told = [row for row in rows if row["leaf"] and row["label"]] or rows
    found = furthest([row["label"] for row in told], [row["gap"] for row in told], sheet.language, you=True)
    return found or peaks(sheet.profile, sheet.by_source, sheet.language)


def _signed(value: float) -> str:
    return DASH if pd.isna(value) else gap(value)


def lowest(sheet: Sheet) -> Text | None:
    """The lowest items, on which to work; None where too little is shown by indicator."""
    rows = sheet.profile[sheet.profile["leaf"] & (sheet.profile["indicator"] != "") & sheet.profile["score"].notna()]
    if len(rows) <= LOWEST:
        return None
    _ = words(sheet.language)
    rows = rows.sort_values("score", kind="stable")
    last = rows["score"].iloc[LOWEST - 1]
    one = _("{label} {score} (branch {unit})")
    items = [
        one.format(label=plain(row["label"]), score=points(row["score"]), unit=points(row["unit"]))
        for row in rows[rows["score"] <= last].to_dict("records")
    ]
    listed = ("、" if sheet.language == "zh" else ", ").join(items)
    return Text(_("The lowest items, to work on first: {items}.").format(items=listed))


def ledger(sheet: Sheet) -> Table | None:
    """Points, line by line: what each asked, what it got, and why; None without points."""
    if sheet.ledger.empty:
        return None
    _ = words(sheet.language)
    rows = [
        [
            row["date"] or "", row["rule"] or row["why"], row["evidence"],
            amount(row["quantity"]) if row["rule"] else "", amount(row["asked"]), amount(row["got"]),
            row["why"] if row["rule"] else "",
        ]
        for row in records(sheet.ledger)
    ]  # fmt: skip
    whole_points = sheet.balances.loc[sheet.balances["dimension"] == "", "points"].iloc[0]
    rows.append([_("Balance"), "", "", "", "", amount(whole_points), ""])
    columns: list[Column] = [
        (_("Date"), "left", True), (_("For"), "left", True), (_("Evidence"), "left", any(row[2] for row in rows)),
        (_("Quantity"), "right", True), (_("Asked"), "right", True), (_("Got"), "right", True),
        (_("Why"), "left", True),
    ]  # fmt: skip
    caption = titled(_("Points, line by line"), outcomes.ledger(sheet.ledger, sheet.language), sheet.language)
    return made(columns, rows, caption, mark=(len(rows) - 1,))


def rounds(sheet: Sheet) -> Table | None:
    """The rounds so far; None for the first."""
    rows = sheet.rounds
    if len(rows) < FEWEST:
        return None
    _ = words(sheet.language)
    columns: list[Column] = [
        (_("Round"), "left", True), (_("Score"), "right", True), (_("95% interval"), "right", True),
        (_("Index"), "right", rows["index"].notna().any()), (_("Points"), "right", rows["points"].notna().any()),
        (_("Stars"), "right", rows["stars"].notna().any()), (_("Proposed grade"), "left", (rows["grade"] != "").any()),
    ]  # fmt: skip
    cells = [
        [
            row["round"], points(row["score"]), span(row["low"], row["high"]), points(row["index"]),
            amount(row["points"]), stars(row["stars"]), row["grade"] or DASH,
        ]
        for row in records(rows)
    ]  # fmt: skip
    return made(columns, cells, titled(_("Round by round"), captions.latest(rows, sheet.language), sheet.language))


def way(sheet: Sheet) -> Text | None:
    """Whether the score goes up or down, in a sentence; None with a single round."""
    found = sheet.facts["trend"]
    if not found:
        return None
    _ = words(sheet.language)
    if found["low"] is None:
        text = _("From round to round the score moved by {slope}; how sure that is cannot be said.")
        return Text(text.format(slope=gap(found["slope"])))
    says = {
        "up": _("The score rises by {slope} a round (95% interval {low} to {high})."),
        "down": _("The score falls: {slope} a round (95% interval {low} to {high})."),
        "steady": _(
            "The score moved by {slope} a round (95% interval {low} to {high}):"
            " other raters could have made as much of a difference."
        ),
    }
    return Text(says[found["way"]].format(slope=gap(found["slope"]), low=gap(found["low"]), high=gap(found["high"])))


def why(sheet: Sheet) -> Text:
    """Why this score: every step with its numbers."""
    _ = words(sheet.language)
    head = [
        _("Numbers are rounded to one decimal, so that the last digit of a line may differ by one."),
        _("Where fewer than {n} persons voted, their votes are not counted up, only averaged."),
    ]
    blocks = [joined(head, sheet.language).format(n=sheet.facts["min_votes"])]
    for name, lines in sheet.steps.groupby("title", sort=False)["line"]:
        blocks.append("\n".join([f"**{plain(name)}**", "", *(f"- {plain(line)}" for line in lines)]))
    return Text("\n\n".join(blocks))


def hidden(sheet: Sheet) -> Text:
    """What is not shown, and why."""
    _ = words(sheet.language)
    least = sheet.facts["min_raters"]
    reasons = {
        "few": _("{source}: fewer than {n} persons rated, so they could be recognised."),
        "complement": _("{source}: otherwise the source above could be found by subtraction."),
    }
    lines = [
        "- " + reasons[row["reason"]].format(source=plain(row["label"]) or _("Composite"), n=least)
        for row in records(sheet.hidden.sort_values("reason", ascending=False, kind="stable"))
    ]
    if not lines:
        return Text(_("No source had to be hidden."))
    return Text("\n".join([_("These sources are part of the score and are not shown on their own:"), "", *lines]))


# ---------------------------------------------------------------------------------------------------------- figures


def outline(sheet: Sheet) -> Plot | None:
    """Own score on every indicator, beside the branch's mean and one's own view; None where nothing is shown."""
    rows = sheet.profile[(sheet.profile["indicator"] != "") & sheet.profile["score"].notna()]
    if rows.empty:
        return None
    _ = words(sheet.language)
    names = [shortened(label) for label in rows["label"]]
    own, branch = numbers(rows["score"]), numbers(rows["unit"])
    mine = numbers(sheet.by_source[SELF].loc[rows.index]) if SELF in sheet.by_source else []
    marks: list[tuple[str, Mark, str, list[float], float]] = [
        (_("Mean of the branch"), "bar", GREY, branch, 3),
        (_("Your score"), "circle", RED, own, 3.8),
        (_("Self"), "square", COLOURS[0], mine, 2.7),  # seen within the circle of the same value
    ]
    marks = [series for series in marks if not all(map(math.isnan, series[3]))]
    keys = [(name, mark, colour, values[0]) for name, mark, colour, values, _size in marks]
    chart = Rows(names, limits(own, branch, mine), _("Score (0-100)"), pitch=fitted(13, len(names)), keys=keys)
    for _name, mark, colour, values, size in marks:
        chart.marks(values, mark, colour, size=size)
    title = _("Your score on every indicator, beside the mean of the branch")
    caption = titled(title, captions.outline(sheet.profile, sheet.facts, sheet.language), sheet.language)
    told = (f"{a} {points(b)} ({points(c)})" for a, b, c in zip(names, own, branch, strict=True))
    return Plot(chart.svg(), spoken(caption, told), caption)


def line(sheet: Sheet) -> Plot | None:
    """The score from round to round with its interval; None for the first two: a table says as much."""
    rows = sheet.rounds[sheet.rounds["score"].notna()]
    if len(rows) < LINE:
        return None
    _ = words(sheet.language)
    score, low, high, index = (numbers(rows[name]) for name in ("score", "low", "high", "index"))
    told = [(score[-1], _("Score"), RED), (index[-1], _("Index"), COLOURS[0])]
    told = [end for end in told if not math.isnan(end[0])]
    chart = Columns(list(rows["round"]), limits(score, low, high, index), told, height=137)
    chart.spans(low, high)
    chart.trail(score, RED)
    chart.marks(score, "circle", RED, size=3.2)
    chart.trail(index, COLOURS[0], width=1, dash="4 2")
    chart.marks(index, "square", COLOURS[0], size=2.2)
    title = _("Your score from round to round, with its 95% interval")
    caption = titled(title, captions.path(rows, sheet.facts["trend"], sheet.language), sheet.language)
    values = (f"{a} {points(b)} ({span(c, d)})" for a, b, c, d in zip(rows["round"], score, low, high, strict=True))
    return Plot(chart.svg(), spoken(caption, values), caption)

"""Captions of what changes from round to round, of a member and of a unit."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from toolkit.reporting.captions.rules import highest, named
from toolkit.reporting.frames import picked, records
from toolkit.reporting.prose import joined
from toolkit.reporting.table import gap, percent, points, span
from toolkit.scoring.ranks import TOLERANCE
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

PAIR = 2


def outline(rows: pd.DataFrame, facts: Mapping[str, Any], language: str) -> str:
    """Where one's own scores lie beside the means of the branch.

    Parameters
    ----------
    rows : DataFrame
        `indicator, label, leaf, score, unit`, see `Sheet.profile`; indicators that lack either number are left out.
    facts : mapping
        `low, high`: the interval of the score on all indicators, beside which the mean of the branch is held.
    language : str
        "zh" or "en".
    """
    _ = words(language)
    both = [
        row
        for row in picked(rows, "indicator", "label", "leaf", "score", "unit")
        if not isnan(row["score"] - row["unit"])
    ]
    steps = [(row["label"], float(gap(row["score"] - row["unit"]))) for row in both if row["indicator"] and row["leaf"]]
    told = []
    if steps:
        text = _("Above the mean of the branch on {n} of {total} indicators.")
        told.append(text.format(n=sum(step > 0 for _label, step in steps), total=len(steps)))
        least = min(step for _label, step in steps)
        if least < 0:
            names = named([label for label, step in steps if step == least], language)
            told.append(_("Furthest below it: {names}, by {gap} points.").format(names=names, gap=points(-least)))
    of_all = next((row["unit"] for row in both if not row["indicator"]), None)
    if of_all is not None and facts["low"] is not None:
        within = facts["low"] - TOLERANCE <= of_all <= facts["high"] + TOLERANCE
        text = (
            _("Over all indicators the mean, {mean}, lies within your interval ({span}): no difference is shown.")
            if within
            else _("Over all indicators the mean, {mean}, lies outside your interval ({span}).")
        )
        told.append(text.format(mean=points(of_all), span=span(facts["low"], facts["high"])))
    return joined(told, language)


def latest(rows: pd.DataFrame, language: str) -> str:
    """The score of the last of some rounds beside the one before (see `Sheet.rounds`); blank with fewer than two."""
    known = [row for row in picked(rows, "round", "score", "low", "high") if not isnan(row["score"])]
    if len(known) < PAIR:
        return ""
    _ = words(language)
    text = _("From {before} to {after} the score went from {old} to {new}.")
    before, after = known[-2:]
    told = text.format(before=before["round"], after=after["round"], old=points(before["score"]),
                       new=points(after["score"]))  # fmt: skip
    return joined([told, _told_apart(before, after, language)], language)


def _told_apart(one: Mapping[str, Any], other: Mapping[str, Any], language: str) -> str:
    """Whether the intervals of two scores overlap."""
    _ = words(language)
    if any(isnan(row[end]) for row in (one, other) for end in ("low", "high")):
        return _("Without intervals no difference is shown.")
    if max(one["low"], other["low"]) <= min(one["high"], other["high"]) + TOLERANCE:
        return _("The two intervals overlap, so that no difference is shown.")
    return _("The two intervals do not overlap.")


def path(rows: pd.DataFrame, trend: Mapping[str, Any] | None, language: str) -> str:
    """Where the score was highest and lowest, and whether it is shown to rise or fall (see `Sheet.rounds`, `facts`)."""
    known = [row for row in picked(rows, "round", "score", "low", "high") if not isnan(row["score"])]
    _ = words(language)
    text = _("Highest in {high} with {most}, lowest in {low} with {least}.")
    scores = [float(points(row["score"])) for row in known]
    high, low = ([row["round"] for row, score in zip(known, scores, strict=True) if score == end(scores)]
                 for end in (max, min))  # fmt: skip
    if len(high) == len(known):
        return _("The score is {score} in every round.").format(score=points(scores[0]))
    told = text.format(high=named(high, language), most=points(max(scores)), low=named(low, language),
                       least=points(min(scores)))  # fmt: skip
    ways = {
        "up": _("Over all rounds it is shown to rise."), "down": _("Over all rounds it is shown to fall."),
        "steady": _("Neither a rise nor a fall is shown."),
    }  # fmt: skip
    sure = ways["steady" if trend["low"] is None else trend["way"]] if trend else ""
    return joined([told, sure], language)


def members(rows: pd.DataFrame, language: str) -> str:
    """How many have a higher score than in the round before, and whose score is furthest from it.

    Rows are those of `Change.members`; no intervals stand behind single changes.
    """
    steps = [
        (row["name"], float(gap(row["change"]))) for row in picked(rows, "name", "change") if not isnan(row["change"])
    ]
    if not steps:
        return ""
    _ = words(language)
    up, down = sum(step > 0 for _name, step in steps), sum(step < 0 for _name, step in steps)
    text = _("Of {n} members with both scores {up} have a higher one than before and {down} a lower one.")
    told = [text.format(n=len(steps), up=up, down=down)]
    wide = highest([abs(step) for _name, step in steps])
    step = steps[wide[0]][1]
    if step:
        shown = gap(step) if len({steps[place][1] for place in wide}) == 1 else f"±{points(abs(step))}"
        names = named([steps[place][0] for place in wide], language)
        told.append(_("Furthest: {names}, {change}.").format(names=names, change=shown))
        told.append(_("Without intervals no difference is shown."))
    return joined(told, language)


def bridge(rows: pd.DataFrame, language: str) -> str:
    """Which of the parts that are shown moved the mean most (see `Change.sources`); those without a number are not."""
    pairs = zip(rows["label"].tolist(), rows["ratings"].tolist(), rows["weights"].tolist(), strict=True)
    parts = [(label, float(gap(one + other))) for label, one, other in pairs if not isnan(one + other)]
    if not parts:
        return ""
    _ = words(language)
    wide = highest([abs(step) for _label, step in parts])
    step = parts[wide[0]][1]
    if not step:
        return _("No part that is shown moved it.")
    steps = {parts[place][1] for place in wide}
    names = named([parts[place][0] for place in wide], language)
    shown = gap(step) if len(steps) == 1 else f"±{points(abs(step))}"
    return _("The largest part that is shown: {names}, {change}.").format(names=names, change=shown)


def converted(rows: pd.DataFrame, language: str) -> str:
    """How many of those who had to mend have, in the last round in which anybody had to (see `Change.conversion`)."""
    last = records(rows)[-1]
    _ = words(language)
    text = _("In {round} {converted} of {called} have mended ({share}).")
    return text.format(round=last["round"], converted=f"{last['converted']:.0f}", called=f"{last['called']:.0f}",
                       share=percent(last["converted"], last["called"]))  # fmt: skip

"""Captions of what became of scores: stars, index, satisfaction, targets, and what follows."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import isnan
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.reporting.captions.rules import apart, counted, highest, lowest, named
from toolkit.reporting.frames import grouped, picked
from toolkit.reporting.prose import joined
from toolkit.reporting.table import amount, percent, points, share, span, stars
from toolkit.scoring.ranks import TOLERANCE
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Callable


def standing(rows: pd.DataFrame, language: str) -> str:
    """Who went up or down in stars; else how many stars most have, or how far index or points range.

    Rows are those of `Results.results`; those without a value are left out.
    """
    if not all(map(isnan, rows["stars"].tolist())):
        return moves(rows, language) or most_stars(rows, language)
    _ = words(language)
    ends: dict[str, tuple[str, Callable[[float], str]]] = {
        "index": (_("The index runs from {low} to {high}."), points),
        "points": (_("Points run from {low} to {high}."), amount),
    }
    for name, (text, printed) in ends.items():
        known = [value for value in rows[name].tolist() if not isnan(value)]
        if known:
            return text.format(low=printed(min(known)), high=printed(max(known)))
    return ""


def moves(rows: pd.DataFrame, language: str) -> str:
    """How many have more stars, or fewer, than in the round before; blank where there was none."""
    pairs = zip(rows["stars"].tolist(), rows["stars_before"].tolist(), strict=True)
    steps = [now - before for now, before in pairs if not (isnan(now) or isnan(before))]
    if not steps:
        return ""
    _ = words(language)
    text = _("More stars than in the round before: {up} of {n} members; fewer: {down}.")
    return text.format(up=sum(step > 0 for step in steps), down=sum(step < 0 for step in steps), n=len(steps))


def most_stars(rows: pd.DataFrame, language: str) -> str:
    """How many stars are proposed for most members."""
    held = sorted((star for star in rows["stars"].tolist() if not isnan(star)), reverse=True)
    if not held:
        return ""
    counts = {star: held.count(star) for star in held}
    most = max(counts.values())
    _ = words(language)
    text = _("Proposed most often: {stars}, for {n} of {total} members.")
    tie = _("Proposed most often: {stars}, each for {n} of {total} members.")
    names = [stars(star) for star, n in counts.items() if n == most]
    return (text if len(names) == 1 else tie).format(stars=named(names, language), n=most, total=len(held))


def index(rows: pd.DataFrame, language: str) -> str:
    """Which component adds most, or where adding means nothing, which is lowest (see `Results.components`)."""
    _ = words(language)
    column, text, end = "adds", _("Most is added by {names}: {value}."), highest
    if all(map(pd.isna, rows["adds"].tolist())):
        column, text, end = "value", _("Lowest: {names} with {value}."), lowest
    known = [
        (row["label"], float(points(row[column]))) for row in picked(rows, "label", column) if pd.notna(row[column])
    ]
    if not known:
        return ""
    places = end([value for _label, value in known])
    names = named([known[place][0] for place in places], language)
    return text.format(names=names, value=points(known[places[0]][1]))


def satisfaction(rows: pd.DataFrame, language: str) -> str:
    """Who is least satisfied, and whether that is a difference (see `Results.satisfaction`).

    Panels are compared over all topics, or topics over all panels; where there is but one, the share of all is told.
    """
    _ = words(language)
    columns = ("topic", "panel", "dissatisfied", "low", "high")
    known = [row for row in picked(rows, *columns) if not isnan(row["dissatisfied"])]
    for kind, other in (("panel", "topic"), ("topic", "panel")):
        found = [row for row in known if row[kind] and not row[other]]
        if len(found) > 1:
            worst = highest([float(f"{row['dissatisfied']:.1f}") for row in found])
            names = named([found[place][kind] for place in worst], language)
            text = _("The largest share of dissatisfied answers: {names}, {share}.")
            told = text.format(names=names, share=share(found[worst[0]]["dissatisfied"]))
            return joined(
                [told, apart([row["low"] for row in found], [row["high"] for row in found], worst, language)], language
            )
    whole = [row for row in known if not row["topic"] and not row["panel"]] or known
    if len(whole) != 1:
        return ""
    text = _("{share} of the answers are dissatisfied (95% interval {span}).")
    (row,) = whole
    if isnan(row["low"]):
        return _("{share} of the answers are dissatisfied.").format(share=share(row["dissatisfied"]))
    return text.format(share=share(row["dissatisfied"]), span=f"{span(row['low'], row['high'])}%")


def targets(rows: pd.DataFrame, language: str) -> str:
    """How many targets are met, and which is furthest off by its attainment (see `Results.targets`)."""
    _ = words(language)
    found = picked(rows, "what", "met", "attainment")
    told = [_("Met: {met} of {n}.").format(met=sum(bool(row["met"]) for row in found), n=len(found))]
    short = [row for row in found if not row["met"] and pd.notna(row["attainment"])]
    if short:
        least = lowest([float(f"{row['attainment']:.1f}") for row in short])
        names = named([short[place]["what"] for place in least], language)
        text = _("Furthest off: {names}, with {share} of the target.")
        told.append(text.format(names=names, share=share(short[least[0]]["attainment"])))
    return joined(told, language)


def target_counts(rows: pd.DataFrame, language: str) -> str:
    """Which target the smallest share of members met; shares are compared exactly."""
    _ = words(language)
    groups = {
        what: [bool(row["met"]) for row in those]
        for (what,), those in grouped(picked(rows, "what", "met"), "what").items()
    }
    rates = {what: Fraction(sum(met), len(met)) for what, met in groups.items()}
    least = [what for what, rate in rates.items() if rate == min(rates.values())]
    met = groups[least[0]]
    if len(rates) == 1:
        return _("Met by {met} of {n} members.").format(met=sum(met), n=len(met))
    text = _("Met least often: {names}, by {share} of those who have the target.")
    return text.format(names=named(least, language), share=percent(sum(met), len(met)))


def shortfalls(rows: pd.DataFrame, language: str) -> str:
    """How many of those with targets miss any."""
    pairs = list(zip(rows["name"].tolist(), rows["met"].tolist(), strict=True))
    held, short = {name for name, _met in pairs}, {name for name, met in pairs if not met}
    _ = words(language)
    return _("Members who miss a target: {n} of {total}.").format(n=len(short), total=len(held))


def models(rows: pd.DataFrame, language: str) -> str:
    """How many meet which standard."""
    counts = Counter(rows["standard"].tolist()).items()
    _ = words(language)
    return _("By standard: {counts}.").format(counts=counted(counts, language))


def proposals(rows: pd.DataFrame, language: str) -> str:
    """How much of what is proposed people have decided."""
    decided = sum(decision != "" for decision in rows["decision"].tolist())
    _ = words(language)
    return _("Decided so far: {n} of {total}.").format(n=decided, total=len(rows))


def papers(rows: pd.DataFrame, language: str) -> str:
    """How many have filed all papers."""
    complete = sum(missing == "" for missing in rows["missing"].tolist())
    _ = words(language)
    return _("Complete: {n} of {total}.").format(n=complete, total=len(rows))


def criteria(rows: pd.DataFrame, language: str) -> str:
    """How many criteria there are, by the layer whose words hold."""
    counts = Counter(rows["layer"].tolist()).items()
    _ = words(language)
    text = _("{n} in all; by the layer whose words hold: {counts}.")
    return text.format(n=len(rows), counts=counted(counts, language))


def bottom(rows: pd.DataFrame, language: str) -> str:
    """Which units are shown to satisfy less than all others together (see `Slice.bottom`)."""
    _ = words(language)
    told = [row for row in picked(rows, "name", "dissatisfied", "verdict") if not isnan(row["dissatisfied"])]
    worse = [row["name"] for row in told if row["verdict"] in {"bottom", "tied", "other"}]
    if not worse:
        return _("No unit is shown to satisfy less than all others together.")
    return _("The interval lies above the share of all others: {names}.").format(names=named(worse, language))


def ledger(rows: pd.DataFrame, language: str) -> str:
    """Which rule gave most points, and how many lines got less than they asked (see `Sheet.ledger`)."""
    _ = words(language)
    sums: dict[str, float] = {}
    cut = 0
    for row in picked(rows, "rule", "asked", "got"):
        if row["rule"] and pd.notna(row["got"]):
            sums[row["rule"]] = sums.get(row["rule"], 0.0) + row["got"]
            cut += bool(pd.notna(row["asked"]) and row["asked"] > row["got"] + TOLERANCE)
    told = []
    if sums and max(sums.values()) > 0:
        most = highest(list(sums.values()))
        names = named([list(sums)[place] for place in most], language)
        told.append(_("Most points: {names}, {amount}.").format(names=names, amount=amount(max(sums.values()))))
    if cut:
        told.append(_("Lines that got less than they asked: {n}.").format(n=cut))
    return joined(told, language)

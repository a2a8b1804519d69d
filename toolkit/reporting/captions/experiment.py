"""Captions of experiments. They name members: for organisers and researchers."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from toolkit.reporting.captions.rules import highest, lowest, named
from toolkit.reporting.table import coefficient, share, weigh, whole
from toolkit.scoring.ranks import TOLERANCE
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

ALWAYS = 1 - TOLERANCE
"""Share of the draws that is all of them."""


def order(taus: Sequence[tuple[str, float]], language: str) -> str:
    """Which variant changes the order of the members most, by Kendall's tau of each; ties are named together."""
    known = [(name, tau) for name, tau in taus if not isnan(tau)]
    if not known:
        return ""
    _ = words(language)
    printed = [float(coefficient(tau)) for _name, tau in known]
    if min(printed) == 1:
        return _("No variant changes the order.")
    names = named([known[place][0] for place in lowest(printed)], language)
    text = _("The order changes most under {names} (tau {tau}).")
    return text.format(names=names, tau=coefficient(min(printed)))


def moves(counts: Sequence[tuple[str, int]], language: str) -> str:
    """Under which variant most members have another grade or other stars."""
    most = max((n for _name, n in counts), default=0)
    if not most:
        return ""
    _ = words(language)
    text = _("Most members change under {names}: {n}.")
    return text.format(names=named([name for name, n in counts if n == most], language), n=most)


def people(n: int, total: int, language: str) -> str:
    """How many members differ under any variant."""
    _ = words(language)
    return _("Members who differ under any variant: {n} of {total}.").format(n=n, total=total)


def nearest(rows: Sequence[tuple[str, float]], language: str) -> str:
    """Who is nearest to a change: names, and how far the weight has to move (0-1)."""
    _ = words(language)
    near = min(distance for _name, distance in rows)
    names = [name for name, distance in rows if weigh(distance) == weigh(near)]
    text = _("Nearest: {names}, for whom the weight has to move by {points} points.")
    return text.format(names=named(list(dict.fromkeys(names)), language), points=f"{100 * near:.2g}")


def carried(labels: Sequence[str], rows: pd.DataFrame, language: str) -> str:
    """Which source or indicator carries furthest more, or less, than it weighs (`nominal, carried`: 0-1)."""
    _ = words(language)
    weights = rows[["nominal", "carried"]].itertuples(index=False, name=None)
    found = [(label, weight, part) for label, (weight, part) in zip(labels, weights, strict=True) if not isnan(part)]
    if not found:
        return ""
    wide = highest([abs(float(f"{100 * (part - weight):.1f}")) for _label, weight, part in found])
    label, weight, part = found[wide[0]]
    text = _("Weight and share are furthest apart for {name}: it weighs {weight} and carries {share}.")
    return text.format(name=label, weight=share(100 * weight), share=share(100 * part))


def range_carried(shares: Mapping[str, Sequence[float]], language: str) -> str:
    """For which source what it carries ranges widest under the scheme and the variants (0-1)."""
    known = {name: [part for part in parts if not isnan(part)] for name, parts in shares.items()}
    ends = {name: (min(parts), max(parts)) for name, parts in known.items() if parts}
    if not ends:
        return ""
    wide = highest([float(f"{100 * (high - low):.1f}") for low, high in ends.values()])
    name = list(ends)[wide[0]]
    low, high = ends[name]
    _ = words(language)
    text = _("What {name} carries differs most: from {low} to {high}.")
    return text.format(name=name, low=share(100 * low), high=share(100 * high))


def slope(names: pd.Series[str], shift: pd.Series[float], language: str) -> str:
    """Who moves furthest, and how many at all; `shift` is in places by id, above 0 for those who rise."""
    _ = words(language)
    moved = shift[shift != 0]
    far = moved.abs().max()
    told = named([str(names[ratee]) for ratee in moved.index[moved.abs() == far]], language)
    text = _("{n} of {total} change places; furthest, by {places}: {names}.")
    return text.format(n=len(moved), total=len(shift), places=whole(far), names=told)


def drift(stairs: Mapping[str, pd.DataFrame], floor: Mapping[str, tuple[float, float]], language: str) -> str:
    """How many differ at most, and at which weight, beside how many differ when raters alone are redrawn.

    Parameters
    ----------
    stairs : mapping
        By what differs, in words: `weight` (0-1) from which `count` differ.
    floor : mapping
        By the same words: from how many to how many differ in 95% of the draws.
    language : str
        "zh" or "en".
    """
    _ = words(language)
    told = []
    for name, part in stairs.items():
        most = int(part["count"].max())
        if not most:
            told.append(_("{name}: at no weight.").format(name=name))
            continue
        at = weigh(float(part.loc[part["count"] == most, "weight"].iloc[0]))
        text = _("{name}: at most {n}, first at a weight of {weight}.")
        noise = _("{name}: at most {n}, first at a weight of {weight}; {low} to {high} by other raters alone.")
        low, high = map(whole, floor.get(name, (float("nan"),) * 2))
        told.append((noise if name in floor else text).format(name=name, n=most, weight=at, low=low, high=high))
    return (" " if language == "en" else "").join(told)


def tenths(best: Sequence[float], first: str, language: str) -> str:
    """How many have a place among the first under all weights drawn (share of the draws, 0-1)."""
    _ = words(language)
    text = _("On ranks {first} under all weights drawn: {n} of {total} members; under some: {some}.")
    always = sum(part >= ALWAYS for part in best)
    return text.format(first=first, n=always, total=len(best), some=sum(0 < part < ALWAYS for part in best))

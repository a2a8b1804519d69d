"""What all captions share: a title before its finding, who stands first, and which intervals overlap."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from toolkit.scoring.ranks import TOLERANCE
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NAMED = 3
"""How many are named who share a place."""


def titled(title: str, finding: str, language: str) -> str:
    """A caption: what a table or figure is called, and what it finds; the title alone where it finds nothing."""
    if not finding:
        return title
    return f"{title}：{finding}" if language == "zh" else f"{title}. {finding}"


def spoken(caption: str, values: Iterable[str]) -> str:
    """A figure for those who cannot see it: its caption and its values."""
    listed = ", ".join(values)
    return f"{caption} {listed}" if caption.endswith((".", "。")) else f"{caption}: {listed}"


def listed(parts: Iterable[str], language: str) -> str:
    """Parts one after the other."""
    return (", " if language == "en" else "、").join(parts)


def named(names: Sequence[str], language: str) -> str:
    """Those who share a place by name; of many the first, and how many they are."""
    told = listed(names[:NAMED], language)
    _ = words(language)
    return _("{names} ({n} in all)").format(names=told, n=len(names)) if len(names) > NAMED else told


def counted(counts: Iterable[tuple[str, int]], language: str) -> str:
    """Names with how many each has."""
    return listed((f"{name} {n}" for name, n in counts), language)


def highest(values: Sequence[float]) -> list[int]:
    """Places of the highest values; ties share it, what is not a number has none."""
    known = [value for value in values if not isnan(value)]
    return [place for place, value in enumerate(values) if value >= max(known) - TOLERANCE] if known else []


def lowest(values: Sequence[float]) -> list[int]:
    """Places of the lowest values; see `highest`."""
    return highest([-value for value in values])


def overlaps(low: Sequence[float], high: Sequence[float], first: Sequence[int]) -> tuple[int, int] | None:
    """How many other intervals reach those of the first, of how many; None where either is not known."""
    floor = min((low[place] for place in first), default=float("nan"))
    others = [high[place] for place in range(len(high)) if place not in set(first) and not isnan(high[place])]
    if isnan(floor) or not others:
        return None
    return sum(value >= floor - TOLERANCE for value in others), len(others)


def apart(low: Sequence[float], high: Sequence[float], first: Sequence[int], language: str) -> str:
    """How many other intervals overlap with those of the first, as a sentence; blank where that is not known."""
    found = overlaps(low, high, first)
    if found is None:
        return ""
    _ = words(language)
    if not found[0]:
        return _("No other interval overlaps with it.")
    text = _("Intervals that overlap with it, so that no difference is shown: {n} of {total}.")
    return text.format(n=found[0], total=found[1])

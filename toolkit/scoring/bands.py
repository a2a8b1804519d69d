"""Bands of scores: where a score lies, who is kept out of a better band by a condition or a quota, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.scoring.conditions import REASONS, check
from toolkit.scoring.ranks import TOLERANCE, reaches, settle

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from numpy.typing import ArrayLike, NDArray

    from toolkit.rules import Band, Bands, Quota

TOP = 100
"""A band that ends at the highest score holds it."""


def locate(scores: ArrayLike, bands: Mapping[str, Band], priority: str | None = None) -> NDArray[np.int64]:
    """Place of the band (0 is the lowest) that holds each score, -1 where none does or there is no score.

    Parameters
    ----------
    scores : array
        0-100, NaN where missing.
    bands : mapping
        A band holds from its start (included, `score >= start`) to its end (not included, unless it is 100). Without an
        end it reaches up to the next.
    priority : {"high", "low"}, optional
        Which of two bands that overlap holds.
    """
    values = np.asarray(scores, dtype=float)
    level = np.full(len(values), -1)
    order = sorted(bands, key=lambda name: bands[name].start)
    next_start = [*(bands[name].start for name in order[1:]), np.inf]
    steps = list(enumerate(order))
    for place, name in reversed(steps) if priority == "low" else steps:
        band = bands[name]
        inside = reaches(values, band.start) & ~reaches(values, next_start[place] if band.end is None else band.end)
        if band.end == TOP:
            inside |= np.abs(values - TOP) <= TOLERANCE
        level[inside] = place
    return level


def places(base: NDArray[np.int64], share: Fraction) -> NDArray[np.int64]:
    """How many places a quota leaves: the whole number not above `base` times `share`, exactly (1/3 of 33 is 11)."""
    return base * share.numerator // share.denominator


def assign(
    ratees: pd.DataFrame, rules: Bands, names: list[str], level: NDArray[np.int64], quantities: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take those out of a band who miss one of its conditions or find no place in its quota; they get the next one.

    Parameters
    ----------
    ratees : DataFrame
        Index: the ratee. `value` (NaN: none), `unit_id`, `category`, `counts` (whether the ratee belongs to a
        quota's base: a scored, non-exempt member).
    rules : Bands
        Conditions and quotas.
    names : list of str
        The bands from the lowest up.
    level : ndarray of int
        Place of each ratee's band in `names`, -1 for none.
    quantities : DataFrame
        See `quantities`; same index.

    Returns
    -------
    bands : DataFrame
        `band` (where the value lies), `final` (after conditions and quotas), `places` (of the quota that took a band
        away; NaN elsewhere) and `tied` (whether a tie that straddles the quota kept the ratee out); same index.
    reasons : DataFrame
        Conditions that were not met, see `check`; `about` is the band.

    Notes
    -----
    From the best band down: who misses a condition takes no place of the quota. Places go to the highest values. A
    tie that straddles the last place stays out whole: to let part of it in would need a reason that the values do not
    give. Ratees that do not count neither take a place nor are limited by one.
    """
    level = level.copy()
    result = pd.DataFrame({"band": named(level, names), "places": np.nan, "tied": False}, index=ratees.index)
    value = settle(ratees["value"].to_numpy(dtype=float))
    counts = ratees["counts"].to_numpy(dtype=bool) & ~np.isnan(value)
    reasons = [pd.DataFrame(columns=REASONS)]
    for place in reversed(range(len(names))):
        name = names[place]
        inside = level == place
        if name in rules.require and inside.any():
            unmet = check(quantities[inside], rules.require[name], about=name, met=False)
            out = inside & ratees.index.isin(unmet["ratee_id"])
            level[out] = place - 1
            reasons.append(unmet)
        if name in rules.quota:
            candidates = np.flatnonzero(counts & (level == place))
            out, tied, allowed = _beyond(ratees, rules.quota[name], value, counts, candidates)
            level[candidates[out]] = place - 1
            result.loc[ratees.index[candidates[out]], "places"] = allowed[out]
            result.loc[ratees.index[candidates[tied]], "tied"] = True
    result.insert(0, "final", named(level, names))
    return result, pd.concat([part for part in reasons if len(part)] or reasons, ignore_index=True)


def _beyond(
    ratees: pd.DataFrame,
    quota: Quota,
    value: NDArray[np.float64],
    counts: NDArray[np.bool_],
    candidates: NDArray[np.intp],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int64]]:
    """Which candidates find no place, which of them for a tie, and how many places their group has."""
    within = {"unit": "unit_id", "category": "category"}.get(quota.within)
    group = pd.factorize(ratees[within].astype(str))[0] if within else np.zeros(len(ratees), dtype=np.int64)
    allowed = places(np.bincount(group[counts], minlength=len(ratees)), quota.max)
    out, tied = _left_out(value[candidates], group[candidates], allowed)
    return out, tied, allowed[group[candidates]]


def named(level: NDArray[np.int64], names: list[str]) -> list[str | None]:
    """Names of bands by their place."""
    return [names[place] if place >= 0 else None for place in level]


def _left_out(
    score: NDArray[np.float64], group: NDArray[np.int64], allowed: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Who of the candidates finds no place in his group, and who of them because he is in a tie that straddles it."""
    order = np.lexsort((-score, group))
    place = np.arange(len(order)) - np.searchsorted(group[order], group[order])
    first_out, last_in = np.full(len(allowed), -np.inf), np.full(len(allowed), np.nan)
    for ends, wanted in ((first_out, allowed), (last_in, allowed - 1)):
        at = order[place == wanted[group[order]]]
        ends[group[at]] = score[at]
    out = score <= first_out[group]
    return out, out & (score == last_in[group])

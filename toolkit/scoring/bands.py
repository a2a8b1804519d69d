"""Bands of scores: where a score lies, who is kept out of a better band by a condition or a quota, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from toolkit.scoring.conditions import REASONS, check, fulfil
from toolkit.scoring.ranks import TOLERANCE, reaches, settle

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from numpy.typing import ArrayLike, NDArray

    from toolkit.rules import Band, Bands

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
    result = pd.DataFrame({"band": named(level, names), "places": np.nan, "tied": False}, index=ratees.index)
    value = settle(ratees["value"].to_numpy(dtype=float))
    counts = ratees["counts"].to_numpy(dtype=bool) & ~np.isnan(value)
    gates = {place: gate(ratees, rules, name, quantities) for place, name in enumerate(names)}
    level, turned = admit(level, value, counts, gates)
    reasons = [pd.DataFrame(columns=REASONS)]
    for place, (barred, out, tied) in turned.items():
        name = names[place]
        if barred.any():
            reasons.append(check(quantities[barred], rules.require[name], about=name, met=False))
        if out.any():
            group = gates[place].group
            allowed = places(np.bincount(group[counts], minlength=len(ratees)), rules.quota[name].max)
            result.loc[ratees.index[out], "places"] = allowed[group[out]]
            result.loc[ratees.index[tied], "tied"] = True
    result.insert(0, "final", named(level, names))
    return result, pd.concat([part for part in reasons if len(part)] or reasons, ignore_index=True)


class Gate(NamedTuple):
    """What keeps some out of a band: who misses a condition (None: nobody), and the groups of a quota and its share."""

    barred: NDArray[np.bool_] | None
    group: NDArray[np.int64]
    share: Fraction | None


class Turned(NamedTuple):
    """Who was turned away at a gate: barred by a condition, out of places, and out for a tie that straddles them."""

    barred: NDArray[np.bool_]
    out: NDArray[np.bool_]
    tied: NDArray[np.bool_]


def gate(ratees: pd.DataFrame, rules: Bands, name: str, quantities: pd.DataFrame) -> Gate:
    """The gate before the band `name`, see `assign` for the frames."""
    barred = None
    if name in rules.require:
        barred = ~np.logical_and.reduce([fulfil(quantities, condition) for condition in rules.require[name]])
    if name not in rules.quota:
        return Gate(barred, np.zeros(0, dtype=np.int64), None)
    within = {"unit": "unit_id", "category": "category"}.get(rules.quota[name].within)
    group = pd.factorize(ratees[within].astype(str))[0] if within else np.zeros(len(ratees))
    return Gate(barred, group.astype(np.int64), rules.quota[name].max)


def admit(
    level: NDArray[np.int64], value: NDArray[np.float64], counts: NDArray[np.bool_], gates: Mapping[int, Gate]
) -> tuple[NDArray[np.int64], dict[int, Turned]]:
    """Let everybody pass the gates from the best band down.

    Parameters
    ----------
    level : ndarray of int (ratees,)
        Place of the band that holds each value, -1 for none.
    value : ndarray (ratees,)
        Settled, see `settle`; NaN for none.
    counts : ndarray of bool (ratees,)
        Who belongs to the base of quotas.
    gates : mapping
        By the place of the band.

    Returns
    -------
    level : ndarray of int
        After conditions and quotas.
    turned : dict
        Who was turned away, by place, from the best band down.
    """
    level = level.copy()
    nobody = np.zeros(len(level), dtype=bool)
    turned = {}
    for place in sorted(gates, reverse=True):
        barred, out, tied = nobody, nobody, nobody
        if gates[place].barred is not None:
            barred = (level == place) & gates[place].barred
            level[barred] = place - 1
        share = gates[place].share
        if share is not None:
            group = gates[place].group
            candidates = np.flatnonzero(counts & (level == place))
            allowed = places(np.bincount(group[counts], minlength=len(level)), share)
            late, even = _left_out(value[candidates], group[candidates], allowed)
            out, tied = nobody.copy(), nobody.copy()
            out[candidates[late]], tied[candidates[even]] = True, True
            level[out] = place - 1
        turned[place] = Turned(barred, out, tied)
    return level, turned


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

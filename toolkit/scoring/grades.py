"""Grades by score, with quotas: what the rules propose, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.scoring.ranks import reaches, settle

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray

    from toolkit.scheme import Grades


def places(base: NDArray[np.int64], share: Fraction) -> NDArray[np.int64]:
    """How many places a quota leaves: the whole number not above `base` times `share`, exactly (1/3 of 33 is 11)."""
    return base * share.numerator // share.denominator


def grade(scores: pd.DataFrame, rules: Grades) -> pd.DataFrame:
    """Propose a grade for every scored ratee.

    Parameters
    ----------
    scores : DataFrame
        `score` (0-100, NaN: no grade), `unit_id`, and `counts`: whether the ratee belongs to a quota's base (a scored,
        non-exempt member).
    rules : Grades
        Bands, each beginning at its cut, and quotas.

    Returns
    -------
    DataFrame
        `grade` (missing without a score), `band` (the grade before quotas), `places` (of the quota that took the grade
        away; NaN elsewhere) and `tied` (whether a tie that straddles the quota kept the ratee out); same index.

    Notes
    -----
    Places go to the highest scores. A tie that straddles the last place stays out whole: to let part of it in would
    need a reason that the scores do not give. Who stays out gets the next band. Exempt members neither take a place
    nor are limited by one.
    """
    bands = sorted(rules.bands, key=rules.bands.__getitem__)
    score = scores["score"].to_numpy(dtype=float)
    level = np.full(len(scores), -1)
    for place, cut in enumerate(sorted(rules.bands.values())):
        level[reaches(score, cut)] = place
    result = pd.DataFrame({"band": _named(level, bands), "places": np.nan, "tied": False}, index=scores.index)
    settled = settle(score)
    counts = scores["counts"].to_numpy(dtype=bool) & ~np.isnan(score)
    units = pd.factorize(scores["unit_id"].astype(str))[0]
    for name in sorted(rules.quota, key=rules.bands.__getitem__, reverse=True):
        quota, band = rules.quota[name], bands.index(name)
        group = units if quota.within == "unit" else np.zeros_like(units)
        allowed = places(np.bincount(group[counts], minlength=len(scores)), quota.max)
        candidates = np.flatnonzero(counts & (level == band))
        out, tied = _left_out(settled[candidates], group[candidates], allowed)
        level[candidates[out]] = band - 1
        result.loc[result.index[candidates[out]], "places"] = allowed[group[candidates[out]]]
        result.loc[result.index[candidates[tied]], "tied"] = True
    result.insert(0, "grade", _named(level, bands))
    return result


def _named(level: NDArray[np.int64], bands: list[str]) -> list[str | None]:
    return [bands[place] if place >= 0 else None for place in level]


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

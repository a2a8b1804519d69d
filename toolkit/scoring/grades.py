"""Grades by score, with quotas: what the rules propose, and why."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.scoring.ranks import reaches, settle

if TYPE_CHECKING:
    from fractions import Fraction

    from toolkit.scheme import Grades


def places(base: int, share: Fraction) -> int:
    """How many places a quota leaves: the whole number below `base` times `share`, exactly (1/3 of 33 is 11)."""
    return math.floor(base * share)


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
        `grade` (None without a score), `band` (the grade before quotas), `places` (of the quota that took the grade
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
    for place, band in enumerate(bands):
        level[reaches(score, rules.bands[band])] = place
    result = pd.DataFrame({"band": _named(level, bands), "places": np.nan, "tied": False}, index=scores.index)
    settled = settle(score)
    for name in sorted(rules.quota, key=rules.bands.__getitem__, reverse=True):
        quota, band = rules.quota[name], bands.index(name)
        groups = scores["unit_id"].astype(str) if quota.within == "unit" else pd.Series("", index=scores.index)
        counts = scores["counts"].to_numpy(dtype=bool) & ~np.isnan(score)
        for group in pd.unique(groups[counts]):
            member = counts & (groups == group).to_numpy()
            allowed = places(int(member.sum()), quota.max)
            out = _left_out(np.where(member & (level == band), settled, np.nan), allowed)
            level[out > 0] = band - 1
            result.loc[out > 0, "places"] = allowed
            result.loc[out == 2, "tied"] = True  # noqa: PLR2004
    result.insert(0, "grade", _named(level, bands))
    return result


def _named(level: np.ndarray, bands: list[str]) -> list[str | None]:
    return [bands[place] if place >= 0 else None for place in level]


def _left_out(candidates: np.ndarray, allowed: int) -> np.ndarray:
    """0: keeps the grade (or is no candidate), 1: beyond the places, 2: in a tie that straddles the last place."""
    out = np.zeros(len(candidates), dtype=int)
    values = np.sort(candidates[~np.isnan(candidates)])[::-1]
    if len(values) <= allowed:
        return out
    first_out = values[allowed]
    straddles = allowed > 0 and values[allowed - 1] == first_out
    with np.errstate(invalid="ignore"):
        out[candidates < first_out] = 1
        out[candidates == first_out] = 2 if straddles else 1
    return out

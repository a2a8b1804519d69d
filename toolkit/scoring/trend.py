"""Where a score is going: its slope over rounds (后劲), with an interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t

from toolkit.scoring.ranks import TOLERANCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVEL = 0.95
FEWEST, SCATTER = 2, 3
"""Rounds that make a slope, and rounds whose scatter about it says how sure it is."""
TREND = ["ratee_id", "rounds", "level", "slope", "slope_low", "slope_high", "way"]


def trend(scores: pd.DataFrame) -> pd.DataFrame:
    """Slope of every ratee's scores over rounds.

    Parameters
    ----------
    scores : DataFrame
        `ratee_id, score, low, high`, a row for each ratee and round in order of time. Points of 0-100; a row without a
        score is a round that passed all the same.

    Returns
    -------
    DataFrame
        A row for every ratee that was scored: `ratee_id, rounds` (that were scored), `level` (the last score), `slope`
        (points a round, by least squares; NaN with one round), `slope_low, slope_high` (95%) and `way`: "up" or "down"
        where the interval leaves 0 out, else "steady"; "unknown" where there is no interval.

    Notes
    -----
    Two things make a slope uncertain: other raters might have said something else (the rounds' own intervals, taken as
    independent), and with three rounds or more the scores scatter about the line (t with n - 2 degrees of freedom).
    The wider interval holds.
    """
    rows = [
        (ratee, *slope(*part[["score", "low", "high"]].to_numpy(dtype=float).T))
        for ratee, part in scores.groupby("ratee_id", observed=True, sort=False)
        if part["score"].notna().any()
    ]
    return pd.DataFrame(rows, columns=TREND).astype({"ratee_id": str})


def slope(
    score: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[int, float, float, float, float, str]:
    """What `trend` tells of one ratee: rounds, level, slope and its ends, and the way; scores NaN where missing."""
    time = np.flatnonzero(~np.isnan(score)).astype(float)
    score, low, high = (values[~np.isnan(score)] for values in (score, low, high))
    n = len(score)
    if n < FEWEST:
        return n, float(score[-1]) if n else np.nan, np.nan, np.nan, np.nan, "unknown"
    time -= time.mean()
    pull = time / (time**2).sum()
    rise = float(pull @ score)
    # of an interval that ends at 0 or 100 the longer side says how sure the score is
    half = np.maximum(score - low, high - score)
    widths = [float(np.sqrt((pull**2) @ half**2))] if not np.isnan(half).any() else []
    if n >= SCATTER:
        rest = score - score.mean() - rise * time
        widths.append(float(np.sqrt((rest @ rest) / (n - 2) / (time**2).sum()) * t.ppf(0.5 + LEVEL / 2, n - 2)))
    if not widths:
        return n, float(score[-1]), rise, np.nan, np.nan, "unknown"
    ends = rise - max(widths), rise + max(widths)
    way = "up" if ends[0] > TOLERANCE else "down" if ends[1] < -TOLERANCE else "steady"
    return n, float(score[-1]), rise, *ends, way

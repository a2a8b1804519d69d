"""Raters with a halo: what they tick, and what endlessly many of them would have ticked."""

import numpy as np
import pandas as pd
from scipy.special import ndtr
from small_study import RATINGS, make

INDICATORS = ("virtue", "ability", "diligence", "results", "integrity")
HALO = 0.7
"""Correlation of a rater's errors on two indicators."""
SHARED = 0.8
"""Share of the variance of quality that the indicators and the sources have in common."""
VIEWS = {
    # answers, points, cuts of a rater's view, standard deviation of his error, mean and deviation of quality
    "vote": (("D", "C", "B", "A"), (0, 60, 80, 100), (52, 66, 81), 11, 90, 8),  # three in four are the top level
    "star": (tuple("12345"), (0, 25, 50, 75, 100), (12.5, 37.5, 62.5, 87.5), 18, 74, 7),
    "score": (tuple(map(str, range(101))), tuple(range(101)), tuple(k + 0.5 for k in range(100)), 6, 84, 7),
}
SCHEME = """
scales:
  vote: {levels: {A: 100, B: 80, C: 60, D: 0}}
  star: {low: 1, high: 5}
  score: {low: 0, high: 100}
sources:
  vote: {weight: 0.3, scale: vote RULE}
  star: {weight: 0.3, scale: star RULE}
  score: {weight: 0.4, scale: score RULE}
indicators:
  virtue: {weight: 0.25}
  ability: {weight: 0.2}
  diligence: {weight: 0.15}
  results: {weight: 0.3}
  integrity: {weight: 0.1}
"""
WEIGHTS = np.array([0.25, 0.2, 0.15, 0.3, 0.1])
TRIM = ", trim: {drop: 1, above: 5}"


def qualities(rng, ratees):
    """Quality of every ratee as each source sees it, by indicator."""
    common = rng.standard_normal((ratees, 1))
    return {
        name: mean + spread * (np.sqrt(SHARED) * common + np.sqrt(1 - SHARED) * rng.standard_normal((ratees, 5)))
        for name, (*_, mean, spread) in VIEWS.items()
    }


def ticked(rng, name, quality, raters, severity=0.0):
    """Places of the answers (ratees, raters, indicators) in the scale."""
    _, _, cuts, spread, _, _ = VIEWS[name]
    halo = rng.standard_normal((len(quality), raters, 1))
    noise = rng.standard_normal((len(quality), raters, 5))
    error = np.sqrt(1 - severity) * (np.sqrt(HALO) * halo + np.sqrt(1 - HALO) * noise)
    if severity:  # the same raters rate everybody
        error = error + np.sqrt(severity) * rng.standard_normal((1, raters, 1))
    return np.searchsorted(cuts, quality[:, None, :] + spread * error)


def shares(name, quality):
    """Probability of every answer; the last axis is the answer."""
    _, _, cuts, spread, _, _ = VIEWS[name]
    below = ndtr((np.array(cuts) - quality[..., None]) / spread)
    edge = np.zeros((*quality.shape, 1))
    return np.diff(np.concatenate([edge, below, edge + 1], axis=-1), axis=-1)


def expected(name, quality, raters=0):
    """Expectation of a rating, or of the mean of `raters` ratings without the highest and the lowest.

    E[trimmed] = (n E[x] - E[max] - E[min]) / (n - 2), with P(max <= a) = F(a)^n and P(min >= a) = (1 - F(a-))^n.
    """
    share, points = shares(name, quality), np.array(VIEWS[name][1], dtype=float)
    mean = share @ points
    if not raters:
        return mean
    upto = np.cumsum(share, axis=-1).clip(0, 1)
    before = np.concatenate([np.zeros((*quality.shape, 1)), upto[..., :-1]], axis=-1)
    highest = (upto**raters - before**raters) @ points
    lowest = ((1 - before) ** raters - (1 - upto) ** raters) @ points
    return (raters * mean - highest - lowest) / (raters - 2)


def ratings(answers, raters=None, weight=None):
    """Ratings from {source: places}; `raters` are the ids (ratees, raters), a negative place was not answered."""
    parts = []
    for source, places in answers.items():
        ratee, rater, item = (axis.ravel() for axis in np.indices(places.shape))
        given = places.ravel() >= 0
        ids = ratee * places.shape[1] + rater if raters is None else raters[ratee, rater]
        columns = ("r", np.char.add("M", ratee.astype(str)), source, np.char.add("R", ids.astype(str)))
        values = np.array(INDICATORS)[item], np.array(VIEWS[source][0])[np.maximum(places.ravel(), 0)]
        part = pd.DataFrame(dict(zip(RATINGS, (*columns, *values), strict=True)))
        if weight is not None:
            part["weight"] = weight[source].ravel()
        parts.append(part[given])
    return pd.concat(parts, ignore_index=True)


def study(frame, ratees, rule="", unit=20, **tables):
    """The ratings as a study with so many ratees to a unit."""
    members = [{"member_id": f"M{k}", "unit_id": f"U{k // unit}"} for k in range(ratees)]
    return make(SCHEME.replace(" RULE", rule), frame, members=members, **tables)


def within(table, source, indicator, truth):
    """Whether each interval of one source and indicator holds the truth, in the order of the ratees."""
    part = table[(table["source"] == source) & (table["indicator"] == indicator)]
    return ((part["low"] <= truth + 1e-9) & (part["high"] >= truth - 1e-9)).to_numpy()


def coverage(table, truths):
    """Percentage of intervals that hold the truth: of cells and of each source, and of the composite.

    Parameters
    ----------
    table : DataFrame
        `Scores.table`.
    truths : dict
        True score (ratees, indicators) by source.
    """
    found = {}
    for name, truth in truths.items():
        cells = [within(table, name, item, truth[:, k]) for k, item in enumerate(INDICATORS)]
        found[f"{name} cells"] = 100 * np.mean(cells)
        found[f"{name} source"] = 100 * within(table, name, "", truth @ WEIGHTS).mean()
    whole = sum(share * truths[name] @ WEIGHTS for name, share in (("vote", 0.3), ("star", 0.3), ("score", 0.4)))
    found["composite"] = 100 * within(table, "", "", whole).mean()
    return found

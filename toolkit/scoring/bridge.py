"""What a composite is made of, cell by cell, and what moved it from one round to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.scoring.evaluation import reach_of
from toolkit.scoring.ranks import TOLERANCE
from toolkit.scoring.rounds import combined

if TYPE_CHECKING:
    from toolkit.study import Study

CELLS = ["source", "indicator", "score", "weight"]
FILLED = "filled"
"""Indicator of the row that holds what the rule `adjusted` filled in for missing sources."""


def contributions(study: Study, table: pd.DataFrame, ratee: str, name: str) -> pd.DataFrame:
    """Score and weight of every cell in the composite of a ratee.

    Parameters
    ----------
    study : Study
        The rules.
    table : DataFrame
        `Scores.table`.
    ratee : str
        A member, post or rated unit.
    name : str
        A round, plain or combined.

    Returns
    -------
    DataFrame
        `source, indicator` (leaves of both trees; a tick on an inner indicator stands for those below it), `score`
        (0-100) and `weight` (sums to 1). The sum of score x weight is the composite; under the rule `adjusted` a row
        of weight 1 more, indicator "filled", makes good the difference. Of a combined round a mean over its rounds; of
        who holds posts a mean over them. Empty where there is no composite.
    """
    rows = table[(table["round"] == name) & (table["ratee_id"] == ratee)]
    composite = rows.loc[(rows["source"] == "") & (rows["indicator"] == ""), "score"]
    if composite.isna().all():
        return pd.DataFrame(columns=CELLS)
    weights = combined(study, name)
    if weights is not None:
        return _merged([(contributions(study, table, ratee, part), weight) for part, weight in weights.items()])
    posts = study.posts_in(name)
    held = posts[posts["member_id"] == ratee]
    # a post alone may rest on too little, and counts for the member all the same
    of_posts = [
        (_cells(study, table, post, name), share) for post, share in zip(held["post_id"], held["share"], strict=True)
    ]
    cells = _merged(of_posts)
    cells = cells if len(cells) else _cells(study, table, ratee, name)
    rest = composite.to_numpy(dtype=float)[0] - float((cells["score"] * cells["weight"]).sum())
    if study.schemes[name].missing.rule == "adjusted" and abs(rest) > TOLERANCE:
        row = pd.DataFrame([("", FILLED, rest, 1.0)], columns=CELLS)
        cells = pd.concat([cells, row], ignore_index=True)
    return cells


def _cells(study: Study, table: pd.DataFrame, ratee: str, name: str) -> pd.DataFrame:
    """What was rated in a plain round, whether or not it is enough for a composite."""
    rows = table[(table["round"] == name) & (table["ratee_id"] == ratee)]
    cells = reach_of(study.schemes[name], rows, _category(study, ratee))
    return cells[cells["weight"] > 0].reset_index(drop=True)


def _category(study: Study, ratee: str) -> str:
    for frame, key in ((study.members, "member_id"), (study.posts, "post_id"), (study.units, "unit_id")):
        found = frame.loc[frame[key] == ratee, "category"]
        if len(found):
            return str(found.iloc[0])
    return ""


def _merged(parts: list[tuple[pd.DataFrame, float]]) -> pd.DataFrame:
    """The mean by weight of those compositions that hold anything and weigh anything."""
    parts = [(cells, float(weight)) for cells, weight in parts if len(cells) and weight > 0]
    if not parts:
        return pd.DataFrame(columns=CELLS)
    total = sum(weight for _, weight in parts)
    cells = pd.concat([part.assign(weight=part["weight"] * weight / total) for part, weight in parts])
    cells["score"] *= cells["weight"]
    made = cells.groupby(["source", "indicator"], sort=False)[["score", "weight"]].sum()
    return made.assign(score=made["score"] / made["weight"]).reset_index()[CELLS]


def bridge(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Split the change of a composite exactly into what each source and indicator moved.

    Parameters
    ----------
    before, after : DataFrame
        `contributions` of two rounds.

    Returns
    -------
    DataFrame
        `source, indicator, before, after` (scores; NaN where the cell was not there), `ratings` (points that other
        ratings moved the composite) and `weights` (points that another weight moved it). The sum of both columns over
        all rows is the change of the composite. Empty where either round has no composite.

    Notes
    -----
    Bennet's (1920, JRSS 83:455-462, doi:10.2307/2340964) split: the mean weight times the change of the score, and
    the mean score, as its distance from the mean of both composites, times the change of the weight. The distance is
    taken because weights sum to 1: what one gains others lose, and a weight that moves to a cell of an average score
    moves nothing. A cell that is there in one round only has its score in both.
    """
    keys = ["source", "indicator"]
    if before.empty or after.empty:
        return pd.DataFrame(columns=[*keys, "before", "after", "ratings", "weights"])
    both = before.merge(after, on=keys, how="outer", suffixes=("_before", "_after"), sort=False)
    filled = (both["indicator"] == FILLED).to_numpy()
    x, y = (both[f"score_{when}"].to_numpy(dtype=float) for when in ("before", "after"))
    v, w = (both[f"weight_{when}"].fillna(0).to_numpy(dtype=float) for when in ("before", "after"))
    old, new = np.where(np.isnan(x), y, x), np.where(np.isnan(y), x, y)
    centre = (np.nansum(np.where(filled, 0, x) * v) + np.nansum(np.where(filled, 0, y) * w)) / 2
    ratings = (v + w) / 2 * (new - old)
    weights = ((old + new) / 2 - centre) * (w - v)
    # what was filled in is an amount, not a score with a weight
    ratings = np.where(filled, np.nan_to_num(y) * w - np.nan_to_num(x) * v, ratings)
    weights = np.where(filled, 0.0, weights)
    return both[keys].assign(before=x, after=y, ratings=ratings, weights=weights)

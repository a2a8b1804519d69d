"""Members under two weightings side by side: score, rank, grade and stars before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit.scoring.ranks import rank
from toolkit.weighting.ladders import ladders, names_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.weighting.outcomes import Outcomes

SIDES = ("score", "rank", "grade", "stars")


def league(before: Outcomes, after: Outcomes, unit: str = "") -> pd.DataFrame:
    """The members of a unit and of all units below it, the best first.

    Parameters
    ----------
    before, after : Outcomes
        Of one model; the first weighting of each.
    unit : str
        A unit; the whole study by default.

    Returns
    -------
    DataFrame
        By `ratee_id`: `name, unit_id`; `score_before, score` (0-100, NaN for none), `rank_before, rank` (among those
        listed who are scored and not exempt, ties share the best place; NaN for the others, who stand last),
        `grade_before, grade, stars_before, stars` (names, None where there is none, "0" below the first star).
    """
    mine = before.model.quantities
    member = (mine["kind"] == "member").to_numpy()
    belonging = before.model.study.ancestors
    inside = mine.index.isin(belonging.loc[belonging["unit_id"] == unit, "ratee_id"]) if unit else True
    rows = np.flatnonzero(member & inside)
    found = mine.iloc[rows][["name", "unit_id"]].copy()
    sides = {"_before": _side(before, rows), "": _side(after, rows)}
    for name in SIDES:
        for side, held in sides.items():
            found[name + side] = held[name]
    order = np.lexsort((np.arange(len(rows)), -np.nan_to_num(found["score"], nan=-1), found["rank"].fillna(np.inf)))
    return found.iloc[order]


def changed(table: pd.DataFrame) -> pd.DataFrame:
    """Those rows of a league in which a grade or stars changed."""
    differs = [table[name].fillna("") != table[f"{name}_before"].fillna("") for name in ("grade", "stars")]
    return table[differs[0] | differs[1]]


def _side(found: Outcomes, rows: NDArray[np.intp]) -> dict[str, NDArray[np.generic]]:
    """What one weighting makes of some ratees."""
    score = found.score[0, rows]
    names: dict[str, NDArray[np.generic]] = {
        about: np.full(len(found.model), None, dtype=object) for about in ("grade", "stars")
    }
    for ladder in ladders(found.model):
        names[ladder.about][ladder.rows] = names_of(ladder, getattr(found, ladder.about)[0, ladder.rows])
    ranked = rank(np.where(found.counts[0, rows], score, np.nan))
    return {"score": score, "rank": ranked, **{about: held[rows] for about, held in names.items()}}

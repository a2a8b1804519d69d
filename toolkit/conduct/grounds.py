"""What a consequence may rest on: the quantities of a round, without the ratings of those whom ratings do not bind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.scoring.conditions import REASONS, check

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from toolkit.rules import Condition

OF_RATINGS = ("score", "raters", "coverage", "index", "grade", "stars")
"""Quantities that rest on ratings, wholly or in part."""


def grounds(quantities: pd.DataFrame) -> pd.DataFrame:
    """The quantities on which proposals rest.

    Who is exempt from rating may have been rated all the same. Nothing follows from that: what rests on ratings is not
    known of him here. Points, vetoes, measures and satisfaction are facts of another kind, and stay.
    """
    found = quantities.copy()
    exempt = found["exempt"].astype(bool)
    for column in found:
        if str(column).partition(".")[0] in OF_RATINGS and exempt.any():
            found[column] = found[column].astype(object).where(~exempt, None)
    return found


def met(quantities: pd.DataFrame, conditions: Sequence[Condition], matter: str) -> pd.DataFrame:
    """Conditions that are met, as reasons `ratee_id, matter, code, of, value, bound`, ratee by ratee."""
    return _sorted(check(quantities, conditions, about=matter, met=True), quantities.index)


def unknown(quantities: pd.DataFrame, conditions: Sequence[Condition], matter: str) -> pd.DataFrame:
    """Conditions that could not be asked, for want of their quantity, as reasons."""
    reasons = check(quantities, conditions, about=matter, met=False)
    return _sorted(reasons[reasons["code"] == "unknown"], quantities.index)


def _sorted(reasons: pd.DataFrame, ratees: pd.Index) -> pd.DataFrame:
    place = {ratee: number for number, ratee in enumerate(ratees)}
    found = reasons.sort_values("ratee_id", key=lambda ids: ids.map(place), kind="stable", ignore_index=True)
    return found[REASONS].rename(columns={"about": "matter"})

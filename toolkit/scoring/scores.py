"""All that scoring finds: scores, and the points, index, grades, stars and targets that are made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.scoring.evaluation import evaluate
from toolkit.scoring.ratees import composites

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.study import Study


@dataclass(frozen=True)
class Scores:
    """The scores of a study; every frame is ordered by round, then by the study's own order of ratees or units.

    Attributes
    ----------
    table : DataFrame
        `round, ratee_id, source, indicator, score, low, high, n, coverage`, the contract's columns: a row for every
        node of the source tree by every node of the indicator tree that was asked; blank source = all sources, blank
        indicator = all indicators. Scores and ends of the 95% interval are points (0-100), NaN where missing; `n` is
        the smallest number of raters below, `coverage` the share (0-1) of the weight asked that was seen.
    ratees : DataFrame
        The composite of every ratee: `round, ratee_id, name, kind, unit_id, category, exempt, counts` (a scored
        member, not exempt), the values above, `status`, `rank` in the unit, `grade, band, places, tied` (`grade`).
    units : DataFrame
        Mean of the scored, non-exempt members of every unit's subtree: `round, unit_id` (blank: the whole study, where
        several units stand at its top), `source, indicator`, the values above, `members` (how many have that score),
        `raters` (how many persons rated, the fewest of any cell below).
    """

    table: pd.DataFrame
    ratees: pd.DataFrame
    units: pd.DataFrame

    @property
    def sources(self) -> pd.DataFrame:
        """Scores by source, over all indicators."""
        return self.table[(self.table["source"] != "") & (self.table["indicator"] == "")]

    @property
    def indicators(self) -> pd.DataFrame:
        """Scores by indicator, over all sources."""
        return self.table[(self.table["source"] == "") & (self.table["indicator"] != "")]

    @property
    def cells(self) -> pd.DataFrame:
        """Scores by source and indicator."""
        return self.table[(self.table["source"] != "") & (self.table["indicator"] != "")]


def score(study: Study) -> Scores:
    """Score every round of a study.

    Parameters
    ----------
    study : Study
        The tally, the tables and the schemes.

    Returns
    -------
    Scores

    Notes
    -----
    See `evaluate` for what is missing.
    """
    table, units = evaluate(study)
    return Scores(table=table, ratees=composites(table, study), units=units)

"""All that scoring finds: scores, and the points, index, grades, stars and targets that are made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.scoring.evaluation import evaluate
from toolkit.scoring.ladder import climb
from toolkit.scoring.ratees import composites

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toolkit.scoring.ladder import Rung
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
        A row for every ratee: `round, ratee_id, name, kind, unit_id, category, exempt, counts` (a scored member, not
        exempt), the composite's values above, `status`, `rank` in the unit; `points, vetoes` (`keep`), `satisfaction,
        dissatisfied` (share, 0-1); `index, index_low, index_high, index_coverage, level` (`compose`); `grade, band,
        places, tied` (`grade`); `stars, star_band, star_places, star_tied` (`star`), `stars_before` and `value_before`
        (in the round before). What the scheme has no rules for is missing.
    units : DataFrame
        Mean of the scored, non-exempt members of every unit's subtree: `round, unit_id` (blank: the whole study, where
        several units stand at its top), `source, indicator`, the values above, `members` (how many have that score),
        `raters` (how many persons rated, the fewest of any cell below).
        rungs : dict
        By round: `quantities`, all that rules may ask of a ratee, and the tables of which `Scores` shows all rounds.
    """

    table: pd.DataFrame
    ratees: pd.DataFrame
    units: pd.DataFrame
    rungs: Mapping[str, Rung]

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

    @property
    def ledger(self) -> pd.DataFrame:
        """Every line of the points of every round: what it asked, what it got, and why; see `keep`."""
        return self._every("ledger")

    @property
    def points(self) -> pd.DataFrame:
        """Balances by dimension."""
        return self._every("points")

    @property
    def satisfaction(self) -> pd.DataFrame:
        """Satisfaction by topic and panel, see `satisfy`."""
        return self._every("satisfaction")

    @property
    def bottom(self) -> pd.DataFrame:
        """Who satisfies least, and whether that can be said, see `satisfy`."""
        return self._every("bottom")

    @property
    def components(self) -> pd.DataFrame:
        """What every index is made of, see `compose`."""
        return self._every("components")

    @property
    def attainment(self) -> pd.DataFrame:
        """Targets, gaps and attainment, see `attain`."""
        return self._every("attainment")

    @property
    def models(self) -> pd.DataFrame:
        """Role models with the standard that each met, see `role_models`."""
        return self._every("models")

    @property
    def reasons(self) -> pd.DataFrame:
        """Why somebody has no better grade or no more stars, see `assign`, and votes that decided a grade."""
        return self._every("reasons")

    def at(self, round: str, name: str) -> pd.DataFrame:  # noqa: A002  (the contract's word)
        """One of these tables in one round: "ledger", "points", "satisfaction", ..."""
        frame = self.rungs[round].frames[name].drop(columns="round", errors="ignore")
        return frame.assign(round=round)[["round", *frame.columns]]

    def _every(self, name: str) -> pd.DataFrame:
        """A table of all rounds, the round as its first column."""
        parts = [self.at(turn, name) for turn in self.rungs]
        return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)


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
    rungs = climb(study, composites(table, study), table)
    ratees = pd.concat([rungs[name].ratees for name in study.schemes if name in rungs], ignore_index=True)
    return Scores(table, ratees, units, {name: rungs[name] for name in study.schemes if name in rungs})

"""Everybody under a variant of the scheme beside everybody under the scheme itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from toolkit.scoring.ranks import rank, settle
from toolkit.scoring.scores import score
from toolkit.weighting.carried import carried
from toolkit.weighting.ladders import ladders, names_of
from toolkit.weighting.model import model as lay_out
from toolkit.weighting.outcomes import outcomes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.weighting.experiment import Variant
    from toolkit.weighting.model import Model
    from toolkit.weighting.outcomes import Outcomes

ABOUT = ("grade", "stars")
CHANGES = ["ratee_id", "about", "before", "after"]


@dataclass(frozen=True)
class Comparison:
    """What a variant makes of everybody.

    Attributes
    ----------
    name : str
        The variant.
    everybody : DataFrame
        By `ratee_id`: `name, kind, unit_id`; under the scheme and under the variant `score_before, score` (0-100, NaN
        where there is none), `rank_before, rank` among all scored, non-exempt members and `place_before, place` among
        those of the unit (ties share the best place, NaN for others), `grade_before, grade, stars_before, stars`
        (names, None where there is none, "0" below the first star).
    changes : DataFrame
        `ratee_id, about` ("grade", "stars"), `before, after`: whose grade or stars are others.
    tau : float
        Kendall's tau-b of the scores of the members who are ranked in both, in which 1 is the same order; NaN with
        fewer than two of them or where all are equal.
    carried : DataFrame
        See `carried`, under the variant.

    References
    ----------
    Kendall, M. G. (1945). The treatment of ties in ranking problems. Biometrika 33:239-251,
    doi:10.1093/biomet/33.3.239.
    """

    name: str
    everybody: pd.DataFrame
    changes: pd.DataFrame
    tau: float
    carried: pd.DataFrame

    @property
    def members(self) -> pd.DataFrame:
        """The rows of members."""
        return self.everybody[self.everybody["kind"] == "member"]

    @property
    def ranks(self) -> pd.DataFrame:
        """`before, after`: places of the members who are ranked under both among themselves, by `ratee_id`."""
        mine = self.members[self.members[["rank_before", "rank"]].notna().all(axis=1)]
        sides = {
            side: mine[name].to_numpy(dtype=float) for side, name in (("before", "score_before"), ("after", "score"))
        }
        return pd.DataFrame({side: rank(score) for side, score in sides.items()}, index=mine.index)

    @property
    def shift(self) -> pd.Series[float]:
        """Places by which each of them rises, see `ranks`; below 0 for those who fall."""
        return self.ranks["before"] - self.ranks["after"]

    def differ(self, about: str) -> tuple[int, int]:
        """How many members have another grade, or other stars, and how many have any in either."""
        mine = self.members[[f"{about}_before", about]]
        differs = mine[f"{about}_before"].fillna("") != mine[about].fillna("")
        return int(differs.sum()), int(mine.notna().any(axis=1).sum())


def compare(model: Model, name: str, variant: Variant) -> Comparison:
    """Hold a variant against the scheme.

    Parameters
    ----------
    model : Model
        The round, under the scheme.
    name : str
        The variant's name.
    variant : Variant
        Weights alone are only applied; where rules change too, the study is scored again, rounds before included.

    Raises
    ------
    UsageError
        See `Variant.applied`.
    """
    other, found = _under(model, variant)
    before, after = _standing(outcomes(model)), _standing(found)
    about = model.quantities[["name", "kind", "unit_id"]]
    everybody = about.join(before.add_suffix("_before")).join(after)
    weights = other.weighting(variant.applied(model.scheme)) if other is model else None
    return Comparison(name, everybody, _changes(everybody), _tau(everybody), carried(other, weights))


def _under(model: Model, variant: Variant) -> tuple[Model, Outcomes]:
    """The round under a variant."""
    scheme = variant.applied(model.scheme)
    if not variant.sections:
        return model, outcomes(model, model.weighting(scheme))
    study = replace(model.study, schemes={**model.study.schemes, model.name: scheme})
    other = lay_out(study, score(study), model.name)
    return other, outcomes(other)


def _standing(found: Outcomes) -> pd.DataFrame:
    """Score, rank, place, grade and stars of everybody under one weighting, by `ratee_id`."""
    held: dict[str, NDArray[np.generic]] = {
        "score": found.score[0],
        "rank": found.rank()[0],
        "place": found.rank(within="unit")[0],
        **{about: np.full(len(found.model), None, dtype=object) for about in ABOUT},
    }
    for ladder in ladders(found.model):
        held[ladder.about][ladder.rows] = names_of(ladder, getattr(found, ladder.about)[0, ladder.rows])
    return pd.DataFrame(held, index=found.model.quantities.index)


def _changes(everybody: pd.DataFrame) -> pd.DataFrame:
    parts = []
    for about in ABOUT:
        before, after = everybody[f"{about}_before"], everybody[about]
        rows = before.fillna("") != after.fillna("")
        held = {"ratee_id": everybody.index[rows], "about": about, "before": before[rows], "after": after[rows]}
        parts.append(pd.DataFrame(held, columns=CHANGES, dtype=object).reset_index(drop=True))
    return pd.concat(parts, ignore_index=True)


def _tau(everybody: pd.DataFrame) -> float:
    ranked = everybody[everybody[["rank_before", "rank"]].notna().all(axis=1)]
    if len(ranked) < 2:  # noqa: PLR2004  (an order needs two)
        return float("nan")
    before, after = (settle(ranked[side].to_numpy(dtype=float)) for side in ("score_before", "score"))
    return float(kendalltau(before, after).statistic)

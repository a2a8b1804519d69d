"""How sure ranks, grades and stars are: how often they come out as they do when weights, or raters, are drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.weighting.acceptability import BEST, Acceptability, Within, ranked, standard_error
from toolkit.weighting.ladders import NO_VALUE, ladders, names_of
from toolkit.weighting.sampled import sampled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.scoring.evaluation import Weights
    from toolkit.voices import Voices
    from toolkit.weighting.ladders import About
    from toolkit.weighting.model import Model
    from toolkit.weighting.outcomes import Outcomes

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]
    Whole = NDArray[np.int64]

WITHIN: tuple[Within, ...] = ("", "unit")
CHANCES = ["ratee_id", "about", "level", "place", "share", "se", "at_least", "at_least_se", "quota", "now"]


@dataclass(frozen=True)
class Robustness:
    """What became of everybody in many draws; shares are 0-1 of all draws, `se` their Monte Carlo standard errors.

    Attributes
    ----------
    draws : int
        How many.
    ratees : DataFrame
        `ratee_id, unit_id, score, rank, unit_rank` (as they are), `scored, scored_se` (share of the draws in which
        there is a score), `mean, sd` (of the score over these), `mean_rank, mean_rank_se, mean_unit_rank,
        mean_unit_rank_se`; members who can be ranked.
    acceptability : DataFrame
        `ratee_id, within` ("" all, "unit"), `best, share, se`: how often the rank was that or better.
    chances : DataFrame
        `ratee_id, about` ("grade", "stars"), `level` (None: none), `place` (in the bands from the lowest up, -1 below
        the lowest, -2 without a value), `share, se, at_least, at_least_se` (this level or a better one), `quota`
        (whether the level has one: `at_least` is then the share of the draws in which a place in it, or above, is
        found), `now` (whether it is the level that is held).
    central : DataFrame
        `ratee_id, within, best, node, weight, draws`: mean of the weights (0-1) under which the rank was that or
        better, and in how many draws it was; NaN where it never was. Empty where no weights were drawn.
    """

    draws: int
    ratees: pd.DataFrame
    acceptability: pd.DataFrame
    chances: pd.DataFrame
    central: pd.DataFrame


def robustness(
    model: Model,
    weights: Weights | None = None,
    *,
    voices: Voices | None = None,
    draws: int | None = None,
    best: Sequence[int] = BEST,
    kinds: Sequence[str] = ("member",),
    seed: int = 0,
    progress: bool = True,
) -> Robustness:
    """Count what becomes of everybody when weights, raters or both are drawn.

    Parameters
    ----------
    model : Model
        The round.
    weights : Weights, optional
        See `draw`; the scheme's own by default.
    voices : Voices, optional
        Raters to be redrawn, see `redraw`; they stay by default.
    draws : int, optional
        How often raters are redrawn, where no weights are drawn.
    best : sequence of int
        Ranks that are looked at; 1 is the best.
    kinds : sequence of str
        Whose grades and stars: "member", "unit".
    seed : int
        Of the raters; weights have their own.
    progress : bool
        Whether a bar is shown of what takes long.

    Raises
    ------
    UsageError
        If nothing is drawn.

    Notes
    -----
    Missing data: whoever has no score in a draw has neither rank nor, where it is of the score, grade in it, and the
    draw counts all the same in shares; means are over the draws in which there is a value. Ranks, ties, quotas and
    conditions are those of scoring. The mean of the weights that put somebody first is the central weight vector.

    References
    ----------
    Lahdelma R, Salminen P (2001) SMAA-2: stochastic multicriteria acceptability analysis for group decision making.
    Operations Research 49:444-454, doi:10.1287/opre.49.3.444.11220.
    """
    count = _Count(model, tuple(best))
    for part, found in sampled(model, weights, voices, draws=draws, seed=seed, kinds=kinds, progress=progress):
        count.add(part, found)
    varies = [] if weights is None else count.varying(weights)
    return Robustness(
        count.draws,
        count.standing(),
        pd.concat([count.accepted(within).table for within in WITHIN], ignore_index=True),
        count.chances(kinds),
        count.central(varies),
    )


@dataclass
class _Count:
    """Sums over the draws."""

    model: Model
    best: tuple[int, ...]
    draws: int = 0
    sums: dict[str, Floats] = field(default_factory=dict)
    levels: dict[About, Whole] = field(default_factory=dict)

    @property
    def mine(self) -> Places:
        return ranked(self.model)

    def add(self, weights: Weights, found: Outcomes) -> None:
        """Add some draws."""
        mine = self.mine
        self.draws += len(found.score)
        score = found.score[:, mine]
        self._sum("n", (~np.isnan(score)).sum(axis=0))
        self._moments("score", score - self._centre)
        flat = np.concatenate([part.reshape(*part.shape[:2], -1) for part in weights], axis=2)
        for within in WITHIN:
            rank = found.rank(within=within)[:, mine]
            self._moments(f"rank{within}", rank)
            for best in self.best:
                inside = (rank <= best).astype(float)
                self._sum(f"in{within}{best}", inside.sum(axis=0))
                for category in range(flat.shape[1]):
                    self._sum(f"weights{within}{best}", inside.T @ flat[:, category] * self._of(category)[:, None])
        for about, names, level in (("grade", found.grades, found.grade), ("stars", found.star_names, found.stars)):
            if names:
                held = np.array([(level == place).sum(axis=0) for place in range(NO_VALUE, len(names))])
                self.levels[about] = self.levels.get(about, 0) + held  # type: ignore[index, call-overload]

    @property
    def _centre(self) -> Floats:
        """The score as it is, so that squares lose no digits."""
        score: Floats = self.model.quantities["score"].to_numpy(dtype=float)
        return np.nan_to_num(score[self.mine])

    def _of(self, category: int) -> NDArray[np.bool_]:
        """Who is weighed by a category's weights: a holder of posts by those of his first."""
        share = self.model.share
        return np.asarray(self.model.kind[share.indices[share.indptr[self.mine]]] == category)

    def _sum(self, name: str, amount: Floats | Whole) -> None:
        self.sums[name] = self.sums.get(name, np.zeros(())) + amount

    def _moments(self, name: str, value: Floats) -> None:
        self._sum(name, np.nansum(value, axis=0))
        self._sum(f"{name}2", np.nansum(value**2, axis=0))

    def _mean(self, name: str) -> tuple[Floats, Floats]:
        """Mean and standard deviation over the draws in which there is a value."""
        n = np.where(self.sums["n"] > 0, self.sums["n"], np.nan)
        mean = self.sums[name] / n
        return mean, np.sqrt(np.clip(self.sums[f"{name}2"] / n - mean**2, 0, None))

    def standing(self) -> pd.DataFrame:
        """See `Robustness.ratees`."""
        mine = self.model.quantities.iloc[self.mine]
        own = next(sampled(self.model, kinds=()))[1]
        mean, sd = self._mean("score")
        frame = {"ratee_id": mine.index, "unit_id": mine["unit_id"].to_numpy(), "score": own.score[0, self.mine]}
        frame |= {"rank": own.rank()[0, self.mine], "unit_rank": own.rank(within="unit")[0, self.mine]}
        scored = self.sums["n"] / self.draws
        frame |= {
            "scored": scored,
            "scored_se": standard_error(scored, self.draws),
            "mean": mean + self._centre,
            "sd": sd,
        }
        for within, name in (("", "mean_rank"), ("unit", "mean_unit_rank")):
            mean, sd = self._mean(f"rank{within}")
            frame |= {name: mean, f"{name}_se": sd / np.sqrt(np.maximum(self.sums["n"], 1))}
        return pd.DataFrame(frame)

    def accepted(self, within: Within) -> Acceptability:
        """See `Robustness.acceptability`."""
        count = np.array([self.sums[f"in{within}{best}"] for best in self.best]).astype(np.int64)
        return Acceptability(self.draws, within, self.best, self.model.quantities.index[self.mine], count)

    def chances(self, kinds: Sequence[str]) -> pd.DataFrame:
        """See `Robustness.chances`."""
        frames = [pd.DataFrame(columns=CHANCES)]
        for ladder in (step for step in ladders(self.model) if step.kind in kinds):
            share = self.levels[ladder.about][:, ladder.rows].T / self.draws  # ratees, levels
            above = np.cumsum(share[:, ::-1], axis=1)[:, ::-1]
            places = np.arange(NO_VALUE, len(ladder.names))
            rules = self.model.scheme.grades if ladder.about == "grade" else self.model.scheme.stars
            own = np.where(self._unjudged(ladder.about)[ladder.rows], NO_VALUE, ladder.own)
            frame = {
                "ratee_id": np.repeat(self.model.quantities.index[ladder.rows], len(places)),
                "about": ladder.about,
                "level": np.tile(names_of(ladder, places), len(share)),
                "place": np.tile(places, len(share)),
                "share": share.ravel(),
                "se": standard_error(share, self.draws).ravel(),
                "at_least": above.ravel(),
                "at_least_se": standard_error(above, self.draws).ravel(),
                "quota": np.tile([name in rules.quota for name in ["", "", *ladder.names]], len(share))
                if rules
                else (),
                "now": (places == own[:, None]).ravel(),
            }
            frames.append(pd.DataFrame(frame))
        return pd.concat([part for part in frames if len(part)] or frames, ignore_index=True)

    def _unjudged(self, about: About) -> NDArray[np.bool_]:
        """Who has no value to be judged by as things are."""
        rules = self.model.scheme.grades if about == "grade" else self.model.scheme.stars
        held = self.model.quantities
        value = held[rules.of] if rules and rules.of in held else pd.Series(np.nan, held.index)
        return np.asarray(value.isna() & held[about].isna())

    def varying(self, weights: Weights) -> list[int]:
        """Nodes of both trees, one after the other, whose weights were drawn."""
        flat = np.concatenate([np.ptp(part, axis=0).max(axis=0) for part in weights])
        return list(np.flatnonzero(flat > 0))

    def central(self, nodes: list[int]) -> pd.DataFrame:
        """See `Robustness.central`."""
        trees = self.model.scheme.source_tree, self.model.scheme.indicator_tree
        names = np.array([name for tree in trees for name in tree.names], dtype=object)[nodes]
        ids = self.model.quantities.index[self.mine]
        frames = [pd.DataFrame(columns=["ratee_id", "within", "best", "node", "weight", "draws"])]
        for within in WITHIN if nodes else ():
            for best in self.best:
                inside = self.sums[f"in{within}{best}"]
                mean = self.sums[f"weights{within}{best}"][:, nodes] / np.where(inside > 0, inside, np.nan)[:, None]
                frame = {"ratee_id": np.repeat(ids, len(nodes)), "within": within, "best": best}
                frame |= {"node": np.tile(names, len(ids)), "weight": mean.ravel()}
                frames.append(pd.DataFrame(frame | {"draws": np.repeat(inside, len(nodes)).astype(int)}))
        return pd.concat([part for part in frames if len(part)] or frames, ignore_index=True)

"""Sources and indicators that weigh something, and tell nobody apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from toolkit.lint.doubts import percent
from toolkit.scoring.evaluation import effective_weights, reach_of
from toolkit.scoring.ranks import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toolkit.rulebook.findings import Finding, Path
    from toolkit.scheme import Scheme
    from toolkit.scoring.scores import Scores
    from toolkit.study import Study
    from toolkit.tree import Tree

TOP = 100
LITTLE = 0.05
"""A greater weight is meant, however few there are whose ranks it could change."""


class Pull(NamedTuple):
    """What one source, or indicator, does in one round.

    Attributes
    ----------
    turn : str
        The round.
    weight : float
        The most that it weighs in anybody's composite, 0-1.
    alike : bool
        Whether all who have a score there have the same.
    gap : float
        The smallest difference between two neighbours in a unit who are not equal; inf where there are none.
    """

    turn: str
    weight: float
    alike: bool
    gap: float

    @property
    def reach(self) -> float:
        """How many points closer two scores can come if all answers there change, or are taken away."""
        return 2 * TOP * self.weight / (1 - self.weight) if self.weight < 1 else np.inf


def idle_weights(study: Study, scores: Scores) -> Iterator[tuple[str, Finding]]:
    """Weights that move nobody in any round, each with the first round in which it stands.

    Notes
    -----
    A source that weighs w moves no score by more than 100 w where its answers change, nor by more than 100 w / (1 - w)
    where it is taken away and the others share its weight; two scores by twice that. Where neighbours are further
    apart, it decides between equals alone. Its weight is the greatest that it has for any scored member, whatever that
    member lacks.
    """
    pulls: dict[Path, list[Pull]] = {}
    for name, scheme in study.schemes.items():
        people = scores.ratees[(scores.ratees["round"] == name) & scores.ratees["counts"]]
        if scheme.rounds[name].combine is None and len(people) > 1:
            table = scores.table[(scores.table["round"] == name) & scores.table["ratee_id"].isin(people["ratee_id"])]
            rows = table.astype({"ratee_id": str, "source": str, "indicator": str})
            for path, pull in _pulls(scheme, name, people, rows):
                pulls.setdefault(path, []).append(pull)
    for path, found in pulls.items():
        weight = percent(max(pull.weight for pull in found))
        reach, gap = max(pull.reach for pull in found), min(pull.gap for pull in found)
        if all(pull.alike for pull in found):
            yield found[0].turn, (path, weight, "tells nobody apart: all who have a score there have the same")
        elif all(pull.weight < LITTLE for pull in found) and reach < gap < np.inf:
            says = (
                f"is so little that it decides between equals alone: it moves two scores by {reach:.2g} points at most"
            )
            yield found[0].turn, (path, weight, f"{says}, and others lie {gap:.2g} or more apart")


def _pulls(scheme: Scheme, turn: str, people: pd.DataFrame, rows: pd.DataFrame) -> Iterator[tuple[Path, Pull]]:
    """What every leaf of both trees that weighs, and that somebody has a score of, does in a round."""
    gap = _gap(people)
    kinds = [effective_weights(scheme, str(name)) for name in people["category"].unique()]
    weights = _most(kinds)
    if any(0 < weight < LITTLE for part in weights.values() for weight in part.values()):
        weights = _most([*kinds, *_of_members(scheme, people, rows)])
    for section, tree, key, other in (
        ("sources", scheme.source_tree, "source", "indicator"),
        ("indicators", scheme.indicator_tree, "indicator", "source"),
    ):
        values = rows[rows[other] == ""].dropna(subset="score").groupby(key)["score"]
        spread = (values.max() - values.min()).where(values.count() > 1)
        for leaf in tree.leaves if len(tree) > 1 else ():
            name = tree.names[leaf]
            weight = weights[key][name]
            if name in spread and weight > 0:
                yield leaf_path(section, tree, int(leaf)), Pull(turn, weight, spread[name] <= TOLERANCE, gap)


def _most(kinds: list[pd.DataFrame]) -> dict[str, dict[str, float]]:
    """The most that every leaf source and every leaf indicator weighs for any kind of member."""
    sums = {"source": [kind.sum(axis=1) for kind in kinds], "indicator": [kind.sum(axis=0) for kind in kinds]}
    most = {key: pd.concat(parts, axis=1).max(axis=1) for key, parts in sums.items()}
    return {key: {str(name): float(weight) for name, weight in part.items()} for key, part in most.items()}


def _of_members(scheme: Scheme, people: pd.DataFrame, rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Weights of all cells for each kind of member: of one category, with scores in the same cells."""
    seen = rows.assign(seen=rows["score"].notna()).pivot_table("seen", "ratee_id", ["source", "indicator"])
    category = people.set_index("ratee_id")["category"].astype(str).reindex(seen.index)
    pattern = pd.Series([row.tobytes() for row in seen.fillna(0).to_numpy(dtype=bool)], seen.index)
    for (name, _), members in category.groupby([category, pattern]):
        cells = reach_of(scheme, rows[rows["ratee_id"] == members.index[0]], str(name))
        yield cells.pivot_table("weight", "source", "indicator")


def _gap(people: pd.DataFrame) -> float:
    """The smallest difference between neighbours in a unit who are not equal."""
    gaps = people.sort_values("score").groupby("unit_id")["score"].diff()
    return float(gaps[gaps > TOLERANCE].min()) if (gaps > TOLERANCE).any() else np.inf


def leaf_path(section: str, tree: Tree, leaf: int) -> Path:
    """Place of a leaf in the scheme."""
    first, *others = [tree.names[node] for node in reversed(tree.path(leaf)[:-1])]
    return (section, first, *(part for name in others for part in ("items", name)))

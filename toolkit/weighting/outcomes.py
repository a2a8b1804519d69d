"""What becomes of everybody under many weightings: score, index, grade, stars, all by the rules of the scheme."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from toolkit.scoring.index import compose
from toolkit.scoring.ladder import SEED, compositions, of_members
from toolkit.scoring.stars import cut_points
from toolkit.weighting.admission import admit_rows, band_rows, rank_rows, settle_rows
from toolkit.weighting.ladders import KINDS, NO_VALUE, index_line, ladders, levels, moves
from toolkit.weighting.model import Composites, composites

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.scoring.evaluation import Weights
    from toolkit.weighting.ladders import Ladder, Line
    from toolkit.weighting.model import Model

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Levels = NDArray[np.int8]


@dataclass(frozen=True)
class Outcomes:
    """What becomes of everybody; every array is (weightings, ratees), ratees as in `Model.quantities`.

    Attributes
    ----------
    model : Model
        The round.
    score, coverage : ndarray
        The composite (0-100, NaN where there is none) and the share (0-1) of the weight asked that was seen.
    grade, stars : ndarray of int
        Place in `grades` or `star_names`; -1 below the lowest band, `NO_VALUE` (-2) where there is no value to judge.
    values : dict
        By "grade" and "stars": what their bands are of (score, index, ...), NaN for none.
    """

    model: Model
    score: Floats
    coverage: Floats
    grade: Levels
    stars: Levels
    values: dict[str, Floats]

    @property
    def grades(self) -> list[str]:
        """Names of the grades from the lowest up."""
        return self.model.scheme.grades.order if self.model.scheme.grades else []

    @property
    def star_names(self) -> list[str]:
        """Names of the stars from the fewest up."""
        return self.model.scheme.stars.names if self.model.scheme.stars else []

    @cached_property
    def counts(self) -> NDArray[np.bool_]:
        """Who is ranked: the scored, non-exempt members."""
        mine = self.model.quantities
        base = ((mine["kind"] == "member") & ~mine["exempt"].astype(bool)).to_numpy()
        return np.asarray(base & ~np.isnan(self.score))

    def rank(self, *, within: str = "") -> Floats:
        """Place of every scored, non-exempt member among all, or `within="unit"`; ties share the best place."""
        groups = self.model.quantities["unit_id"].factorize()[0] if within == "unit" else None
        return rank_rows(np.where(self.counts, self.score, np.nan), groups)


def outcomes(
    model: Model,
    weights: Weights | None = None,
    *,
    value: Floats | None = None,
    fixed: Whole | None = None,
    kinds: Sequence[str] = KINDS,
) -> Outcomes:
    """What becomes of everybody under many weightings.

    Parameters
    ----------
    model : Model
        The round.
    weights : Weights, optional
        See `composites`; the scheme's own by default.
    value : ndarray, optional
        Other cells than the model's, see `composites`.
    fixed : ndarray of int (weightings, ratees), optional
        Grades that votes decide, `NO_VALUE` where they do not, if they are others than the round's.
    kinds : sequence of str
        Whose grades and stars are wanted: "member", "unit"; those of units are slow where they rest on their members.

    Notes
    -----
    The same as `score` of the study with its scheme reweighted. Grades and stars whose value is a straight line of the
    composite are made of arrays; others, such as those of a unit by the index of its members, are composed for each
    weighting by scoring's own code. What votes decided, points, measures and satisfaction stay as they are.
    """
    found = composites(model, weights, value=value)
    steps = [step for step in ladders(model) if step.kind in kinds]
    size = found.score.shape
    held = {about: np.full(size, NO_VALUE, dtype=np.int8) for about in ("grade", "stars")}
    values = {about: np.full(size, np.nan) for about in ("grade", "stars")}
    if value is not None:  # a line was tried where the model's cells let a score be
        steps = [replace(step, line=None) if step.of == "index" else step for step in steps]
    for step in [step for step in steps if step.line is not None]:
        of, level = _straight(step, found, fixed if step.about == "grade" else None)
        values[step.about][:, step.rows], held[step.about][:, step.rows] = of, level
    steps = [step for step in steps if step.line is None]
    line = index_line(model) if value is None else None
    moving = _moving(model, steps, weights, value)
    for number in range(size[0] if steps else 0):
        at = Composites(found.score[number], found.coverage[number])
        asked = {name: array[number] for name, array in moving.items()} | {"score": at.score, "coverage": at.coverage}
        asked |= {"index": index_under(model, asked, line), "grade": held["grade"][number].astype(float)}
        for step in steps:
            mine = {name: array[step.rows] for name, array in asked.items()}
            of = _value(model, step, mine)
            if fixed is not None and step.about == "grade":
                step = replace(step, fixed=fixed[number, step.rows])  # noqa: PLW2901
            whole = levels(step, of, mine, _cuts(step, of, mine["score"]))
            values[step.about][number, step.rows] = of
            held[step.about][number, step.rows] = whole
            if step.about == "grade":
                asked["grade"] = held["grade"][number].astype(float)
    return Outcomes(model, found.score, found.coverage, held["grade"], held["stars"], values)


def _straight(step: Ladder, found: Composites, fixed: Whole | None) -> tuple[Floats, Levels]:
    """What the bands of a ladder are of, and levels, where that is a straight line of the score."""
    if step.line is None:
        raise ValueError(f"{step.about} of {step.kind}s: {step.why}")
    score = found.score[:, step.rows]
    value = score if step.of == "score" else step.line.of(score, found.coverage[:, step.rows])
    counts = step.base & ~np.isnan(value)
    if step.kind == "member":
        counts &= ~np.isnan(score)
    level = band_rows(step, value, None if fixed is None else fixed[:, step.rows])
    even = settle_rows(value) if any(gate.share is not None for gate in step.gates.values()) else value
    admitted = admit_rows(level, even, counts, step.gates)
    admitted[level == NO_VALUE] = NO_VALUE
    return value, admitted


def _moving(model: Model, steps: list[Ladder], weights: Weights | None, value: Floats | None) -> dict[str, Floats]:
    """Scores of single sources and indicators that rules ask, and how much of them was seen."""
    if all(step.line is not None for step in steps):
        return {}
    found: dict[str, Floats] = {}
    for of in sorted(model.scheme.quantities):
        kind, _, part = of.partition(".")
        if kind == "score" and part:
            node = {"source": part} if part in model.scheme.source_tree.names else {"indicator": part}
            made = composites(model, weights, value=value, **node)
            found |= {of: made.score, f"coverage.{part}": made.coverage}
    return found


def index_under(model: Model, asked: Mapping[str, Floats], line: Line | None) -> Floats:
    """Index of everybody under one weighting, where the scheme has one; of members by its line, if that is known."""
    scheme = model.scheme
    quantities = model.quantities.assign(**{name: array for name, array in asked.items() if name != "grade"})
    quantities["low"] = quantities["high"] = np.nan
    index = np.full(len(model), np.nan)
    for kind, composition in compositions(scheme) if scheme.index else ():
        rows = (quantities["kind"] == kind).to_numpy()
        mine: pd.DataFrame = quantities[rows]
        if kind == "member" and line is not None:
            index[rows] = line.of(asked["score"][rows], asked["coverage"][rows])
        elif len(mine):
            if kind == "unit":
                mine = of_members(model.study, scheme, mine, quantities)
            index[rows] = compose(mine, composition, scheme)[0]["index"].to_numpy(dtype=float)
        quantities["index"] = index
    return index


def _value(model: Model, step: Ladder, mine: Mapping[str, Floats]) -> Floats:
    """What the bands of a ladder are of."""
    if step.line is not None:
        return step.line.of(mine["score"], mine["coverage"])
    if step.of in mine:
        return mine[step.of]
    if moves(step.of):
        raise ValueError(f"{step.of}: must be score, index, or the score of a source or indicator")
    return model.quantities[step.of].to_numpy(dtype=float)[step.rows]


def _cuts(step: Ladder, value: Floats, score: Floats) -> Floats | None:
    """Where stars begin, if that is found in the values."""
    if step.cluster is None or step.cluster.cluster is None:
        return None
    counts = step.base & ~np.isnan(value)
    if step.kind == "member":
        counts &= ~np.isnan(score)
    return cut_points(value[counts], step.cluster.cluster, seed=SEED, before=step.before).held

"""From composites under many weightings to grades and stars, by the rules of the scheme: bands, conditions, quotas."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from toolkit.rules import Stars, bounds
from toolkit.scoring.bands import TOP, Gate, admit, gate, locate
from toolkit.scoring.conditions import keeps, numbers
from toolkit.scoring.index import compose
from toolkit.scoring.ladder import compositions
from toolkit.scoring.ranks import TOLERANCE, settle
from toolkit.scoring.stars import star_bands

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.rules import Band, Component, Composition, Condition, Extra, Grades
    from toolkit.weighting.model import Model

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]
    Whole = NDArray[np.int64]

About = Literal["grade", "stars"]
KINDS = ("member", "unit")
NO_VALUE = -2
"""Level of whoever has no value; -1 lies below the lowest band."""
PROBES = 5
"""Scores at which a quantity is tried, to see whether it is a straight line."""
MOVING = frozenset({"score", "coverage", "low", "high", "index", "grade", "stars", "members"})
"""What the names of quantities begin with that move with the weights."""
BENT = 1e-7
"""Points by which a straight line may be missed."""
STRAIGHT = frozenset({"goalposts", "none"})


class Line(NamedTuple):
    """A quantity as a straight line of the composite score, for every ratee of a ladder.

    Attributes
    ----------
    start, slope : ndarray (ratees,)
        The quantity is start + slope x score, kept within 0-100 where it is `capped`.
    absent : ndarray (ratees,)
        What it is without a score; NaN for nothing.
    least : ndarray (ratees,)
        Coverage of the score below which there is no quantity, though there is a score.
    """

    start: Floats
    slope: Floats
    absent: Floats
    least: Floats
    capped: bool = False

    def of(self, score: Floats, coverage: Floats) -> Floats:
        """The quantity for scores (..., ratees) with their coverage."""
        straight = self.start + self.slope * score
        if self.capped:
            straight = np.clip(straight, 0, TOP)
        there = np.where(coverage < self.least - TOLERANCE, np.nan, straight)
        return np.where(np.isnan(score), self.absent, there)


@dataclass(frozen=True)
class Ladder:
    """How the members, or the units, of a round come to their grade or their stars.

    Attributes
    ----------
    about, kind : str
        "grade" or "stars"; "member" or "unit".
    of : str
        What the bands are of: "score", "index", ...
    names : list of str
        The bands from the lowest up; a place in this list is a level.
    rows : ndarray
        Places of the ratees in the model.
    line : Line or None
        What the bands are of; None where it is no straight line of the score, where its cuts lie in the data, or
        where a condition moves.
    why : str
        Why an exact sweep cannot use the line, or there is none.
    bands : list of (ndarray, dict)
        Places (in `rows`) of those who share bands, and these bands.
    priority : str or None
        Which of two bands that overlap holds.
    gates : dict
        Conditions that do not move with the weights, and quotas, by level.
    moving : list of (int, Condition)
        Conditions that do, with their level.
    base : ndarray of bool
        Who belongs to the base of a quota, if he has a value and, being a member, a score.
    fixed : ndarray of int
        Level that votes decided, `NO_VALUE` where they did not.
    own : ndarray of int
        Level under the scheme's own weights.
    cluster : Stars or None
        Rules by which stars begin where clusters of the values do, and `before`, where they began in the last round.
    grades : list of str
        Names of grades, for a condition that asks the grade.
    """

    about: About
    kind: str
    of: str
    names: list[str]
    rows: NDArray[np.intp]
    line: Line | None
    why: str
    bands: list[tuple[NDArray[np.intp], dict[str, Band]]]
    priority: str | None
    gates: dict[int, Gate]
    moving: list[tuple[int, Condition]]
    base: NDArray[np.bool_]
    fixed: Whole
    own: Whole
    cluster: Stars | None = None
    before: Floats | None = None
    grades: list[str] = field(default_factory=list)


class Changes(NamedTuple):
    """Changes of the ratees of a ladder: place in the ladder, where, and levels before, at, after."""

    ratee: Places
    weight: Floats
    before: Whole
    at: Whole
    after: Whole
    within: Floats


def names_of(ladder: Ladder, level: Whole) -> NDArray[np.object_]:
    """Names of levels; None for none, 0 stars below the first."""
    below = "0" if ladder.about == "stars" else None
    names = np.array([None, below, *ladder.names], dtype=object)
    return names[np.asarray(level) - NO_VALUE]


@lru_cache(maxsize=8)
def ladders(model: Model) -> list[Ladder]:
    """Every ladder of a round that has rules and ratees."""
    found = []
    rules_of: dict[About, Grades | Stars | None] = {"grade": model.scheme.grades, "stars": model.scheme.stars}
    for about, rules in rules_of.items():
        for kind in KINDS:
            rows = np.flatnonzero((model.quantities["kind"] == kind).to_numpy())
            if rules is not None and len(rows):
                found.append(_ladder(model, about, kind, rules, rows))
    return found


def _ladder(model: Model, about: About, kind: str, rules: Grades | Stars, rows: NDArray[np.intp]) -> Ladder:
    mine = model.quantities.iloc[rows]
    names = rules.names if isinstance(rules, Stars) else rules.order
    moving = [(names.index(name), part) for name, asks in rules.require.items() for part in asks if moves(part.of)]
    still = rules.model_copy(
        update={
            "require": {name: [part for part in asks if not moves(part.of)] for name, asks in rules.require.items()}
        }
    )
    gates = {place: gate(mine, still, name, mine) for place, name in enumerate(names)}
    gates = {place: part for place, part in gates.items() if part.share is not None or part.barred is not None}
    units = (mine["kind"] == "unit").to_numpy() & (about == "stars")
    base = units | ((mine["kind"] == "member") & ~mine["exempt"].astype(bool)).to_numpy()
    line, why = _line(model, rules.of, kind, mine)
    clustered = isinstance(rules, Stars) and rules.cluster is not None
    if clustered:
        line, why = None, "stars begin where clusters of the values do"
    if moving:
        line, why = None, f"a condition asks {moving[0][1].of}, which moves with the weights"
    return Ladder(
        about=about,
        kind=kind,
        of=rules.of,
        names=names,
        rows=rows,
        line=line,
        why=why,
        bands=[] if clustered else list(_bands(model, rules, mine)),
        priority=rules.priority,
        gates=gates,
        moving=moving,
        base=base,
        fixed=_voted(model, mine, names) if about == "grade" else np.full(len(rows), NO_VALUE),
        own=_own(mine, about, rules.of, names),
        cluster=rules if isinstance(rules, Stars) and clustered else None,
        before=model.cuts_before.get(kind),
        grades=model.scheme.grades.order if model.scheme.grades else [],
    )


def moves(of: str) -> bool:
    """Whether a quantity moves with the weights."""
    return of.partition(".")[0] in MOVING


def _bands(
    model: Model, rules: Grades | Stars, mine: pd.DataFrame
) -> Iterator[tuple[NDArray[np.intp], dict[str, Band]]]:
    """Who shares bands: categories may have other stars."""
    if not isinstance(rules, Stars):
        yield np.arange(len(mine)), dict(rules.bands)
        return
    other = {name: category.stars for name, category in model.scheme.categories.items() if category.stars}
    key = mine["category"].astype(str).where(mine["category"].isin(list(other)), "")
    for name, places in key.groupby(key.to_numpy()).indices.items():
        yield np.asarray(places, dtype=np.intp), star_bands(rules, other.get(str(name), {}), None)


def _voted(model: Model, mine: pd.DataFrame, names: list[str]) -> Whole:
    """Levels that votes decided."""
    reasons = model.reasons
    voted = reasons[reasons["code"] == "votes"]
    place = {f"grade {name}": number for number, name in enumerate(names)}
    level = voted["about"].map(place).set_axis(voted["ratee_id"])
    return np.asarray(level.reindex(mine.index).astype(float).fillna(NO_VALUE), dtype=np.int64)


def _own(mine: pd.DataFrame, about: About, of: str, names: list[str]) -> Whole:
    """Levels under the scheme's own weights, as scoring found them."""
    held = mine[about]
    if about == "stars":
        held = held.map(lambda stars: None if stars != stars or stars == 0 else f"{stars:g}")  # noqa: PLR0124
    judged = about if about == "stars" else of
    valued = mine[judged].notna().to_numpy() if judged in mine else np.zeros(len(mine), dtype=bool)
    place = {name: number for number, name in enumerate(names)}
    level = held.map(place).astype(float).to_numpy()
    return np.where(np.isnan(level), np.where(valued, -1, NO_VALUE), np.nan_to_num(level)).astype(np.int64)


# -------------------------------------------------------------------------------------------------- what bands are of


def _line(model: Model, of: str, kind: str, mine: pd.DataFrame) -> tuple[Line | None, str]:
    """What the bands are of, as a straight line of the score; or why it is none."""
    size = len(mine)
    zero, one = np.zeros(size), np.ones(size)
    if of == "score":
        return Line(zero, one, np.full(size, np.nan), zero), ""
    if not moves(of):
        value = np.asarray(numbers(mine[of]), dtype=float) if of in mine else np.full(size, np.nan)
        return Line(value, zero, value, zero), ""
    made = dict(compositions(model.scheme)).get(kind)
    if of != "index" or made is None:
        return None, f"they are of {of}"
    parts: dict[str, Component | Extra] = {**made.components, **made.extras}
    asked = {name: part.of or name for name, part in parts.items()}
    bent = [name for name, part in made.components.items() if asked[name] == "score" and part.normalise not in STRAIGHT]
    bent += [name for name in asked if moves(asked[name]) and (asked[name] != "score" or name in made.extras)]
    if bent or made.mean != "arithmetic" or model.scheme.missing.rule == "adjusted":
        return None, f"their index is no straight line of the score: {', '.join(bent) or made.mean}"
    return _probed(model, made, mine)


@lru_cache(maxsize=8)
def index_line(model: Model) -> Line | None:
    """Index of the members as a straight line of the score, if it is one."""
    mine = model.quantities[model.quantities["kind"] == "member"]
    return _line(model, "index", "member", mine)[0] if len(mine) and model.scheme.index else None


def _probed(model: Model, made: Composition, mine: pd.DataFrame) -> tuple[Line | None, str]:
    """The index at some scores, within what each ratee's score can be."""
    low, high = model.reach_of_scores(mine.index)
    trial = mine.astype({"score": float, "coverage": float})

    def at(score: Floats, coverage: float = 1.0) -> tuple[pd.DataFrame, Floats]:
        found, parts = compose(trial.assign(score=score, low=score, high=score, coverage=coverage), made, model.scheme)
        return found, parts.groupby("ratee_id")["adds"].sum().reindex(mine.index).to_numpy(
            dtype=float
        )  # before the cap

    steps = np.array([low + (high - low) * step / (PROBES - 1) for step in range(PROBES)])
    found = np.array([at(step)[1] for step in steps])
    width = np.where(high > low, high - low, 1.0)
    slope = np.where(high > low, (found[-1] - found[0]) / width, 0.0)
    bent = np.nanmax(np.abs(found - found[0] - slope * np.nan_to_num(steps - low)), axis=0) > BENT
    if bent.any():
        return None, f"the index of {mine.index[bent][0]} is no straight line of the score: goalposts cap it"
    nothing = at(np.full(len(mine), np.nan))[0]["index"].to_numpy(dtype=float)
    bare, full = (at(low, coverage)[0]["coverage"].to_numpy(dtype=float) for coverage in (0.0, 1.0))
    least = np.zeros(len(mine))
    lacks = float(model.scheme.missing.min_coverage) - bare
    needs = (full > bare) & (lacks > 0)
    least[needs] = lacks[needs] / (full - bare)[needs]
    # a score, all of it seen, may still not be enough: for the rule `fail`, or where it weighs too little
    never = np.isnan(at(low)[0]["index"].to_numpy(dtype=float))
    return Line(np.where(never, np.nan, found[0] - slope * np.nan_to_num(low)), slope, nothing, least, capped=True), ""


# ------------------------------------------------------------------------------------------------------------ levels


def levels(ladder: Ladder, value: Floats, asked: Mapping[str, Floats], cuts: Floats | None = None) -> Whole:
    """Levels of the ratees of a ladder under one weighting.

    Parameters
    ----------
    ladder : Ladder
        The rules.
    value : ndarray (ratees,)
        What the bands are of; NaN where there is none.
    asked : mapping of ndarray (ratees,)
        `score` (NaN where there is none), and whatever moving conditions ask: grades as levels of their own ladder.
    cuts : ndarray, optional
        Where stars begin, of clusters.

    Returns
    -------
    ndarray of int
        Place in `ladder.names`, -1 below the lowest band, `NO_VALUE` without a value.
    """
    level = banded(ladder, value, cuts)
    counts = ladder.base & ~np.isnan(value)
    if ladder.kind == "member":
        counts &= ~np.isnan(asked["score"])
    gates = ladder.gates if not ladder.moving else _moved(ladder, asked)
    admitted, _ = admit(level, settle(value), counts, gates)
    return np.where(level == NO_VALUE, NO_VALUE, admitted)


def banded(ladder: Ladder, value: Floats, cuts: Floats | None = None, *, fixed: Whole | None = None) -> Whole:
    """Level of the band that holds each value (..., ratees), before conditions and quotas; votes decide before it.

    Votes decide as they did (`Ladder.fixed`), unless others are given (..., ratees).
    """
    level = np.full(value.shape, NO_VALUE)
    bands = ladder.bands
    if ladder.cluster is not None and cuts is not None and len(cuts):
        bands = [(np.arange(value.shape[-1]), star_bands(ladder.cluster, {}, cuts))]
    for places, held in bands:
        part = value[..., places]
        found = locate(part.ravel(), held, ladder.priority).reshape(part.shape)
        level[..., places] = np.where(np.isnan(part), NO_VALUE, found)
    voted = ladder.fixed if fixed is None else fixed
    return np.where(voted != NO_VALUE, voted, level)


def _moved(ladder: Ladder, asked: Mapping[str, Floats]) -> dict[int, Gate]:
    """Gates with those conditions that move."""
    nobody = np.zeros(0, dtype=np.int64)
    gates = dict(ladder.gates)
    for place, condition in ladder.moving:
        out = ~_meets(asked[condition.of], condition, ladder.grades)
        old = gates.get(place, Gate(None, nobody, None))
        gates[place] = old._replace(barred=out if old.barred is None else out | old.barred)
    return gates


def _meets(values: Floats, condition: Condition, grades: list[str]) -> NDArray[np.bool_]:
    """Who meets a condition; of a grade the values are levels."""
    if condition.among is not None:
        return np.isin(values, [place for place, name in enumerate(grades) if name in condition.among])
    meets = ~np.isnan(values)
    for key, bound in bounds(condition):
        meets &= keeps(values, key, bound)
    return meets

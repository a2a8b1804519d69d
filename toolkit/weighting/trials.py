"""A round scored by other choices: how ratings are averaged and mapped, in which order, by which weights and raters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit.scheme import Trim
from toolkit.scoring.evaluation import Weights, climb_trees
from toolkit.weighting.acceptability import ranked
from toolkit.weighting.draws import lay, siblings
from toolkit.weighting.model import Composites, finished, reach
from toolkit.weighting.outcomes import judged, outcomes, rest_on_composites
from toolkit.weighting.redraw import answer_rows, booth_of, cells_of, counts_of, recount, voted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from toolkit.scheme import Scheme, Source
    from toolkit.voices import Voices
    from toolkit.weighting.model import Model
    from toolkit.weighting.outcomes import Outcomes

    Floats = NDArray[np.float64]
    Singles = NDArray[np.float32]
    Places = NDArray[np.intp]
    Whole = NDArray[np.int64]

ABOUT = ("score", "rank", "grade", "stars")
WEIGHTS, RATERS = "weights", "raters"
AVERAGES, MAPS = ("mean", "trimmed", "median"), ("min-max", "share")
OWN = ""
"""The average, or the map, that the scheme has."""
TOGETHER = 16
"""Points whose grades and stars are found together."""


@dataclass(frozen=True)
class Trial:
    """What is needed to score a round at points of the unit cube, of which each choice takes a column, or several.

    Attributes
    ----------
    model : Model
        The round as it is.
    choices : dict
        Options of each choice; of weights there are none.
    columns : dict
        Where the points of each choice stand.
    mine : ndarray
        Places of the members who can be ranked.
    cells : dict
        By place of the leaf source, average and map: cells (sets of raters, rows, leaf indicators), 0 for none.
    seen : ndarray of bool (sets of raters, rows, leaf sources, leaf indicators)
        Which cells there are.
    changed : list of ndarray
        Of each set of raters, the rows that lack other cells than in the round as it is.
    fixed : ndarray of int (sets of raters, ratees), or None
        Grades by votes, if there are any and raters are redrawn.
    models : dict
        The round by the tree over which the first mean is taken and the rule for what is missing.
    spread : dict
        `concentration` and `order` of the weights, see `draw`.
    middle : dict
        What is taken off the results: those of the round as it is, so that squares lose no digits.
    """

    model: Model
    choices: Mapping[str, list[str]]
    columns: Mapping[str, slice]
    mine: Places
    cells: Mapping[tuple[int, str, str], Floats]
    seen: NDArray[np.bool_]
    changed: list[Places]
    fixed: Whole | None
    models: Mapping[tuple[str, str], Model]
    spread: Mapping[str, Any]
    middle: Mapping[str, Singles | Floats]

    def evaluate(self, points: Floats) -> dict[str, Singles]:
        """Results (points, members), less `middle`, at some points (points, inputs), by what they are about."""
        option = self._options(points)
        weights = self._weights(points)
        made: dict[str, Singles] = {about: np.empty((len(points), len(self.mine)), np.float32) for about in ABOUT}
        rows = Composites(*(np.empty((len(points), len(self.seen[0]))) for _ in "sc"))
        slow = not rest_on_composites(self.model, ("member",))
        for chosen, mine in _alike(option, len(points)):
            sources = weights.sources[mine] if len(weights.sources) > 1 else weights.sources
            part = weights._replace(sources=np.broadcast_to(sources, (len(mine), *sources.shape[1:])))
            if slow or self._round(chosen).scheme.missing.rule == "adjusted":
                self._keep(made, mine, self._composed(chosen, part))
            else:
                rows.score[mine], rows.coverage[mine] = self._of_rows(chosen, part)
        self._judge(made, rows, option)
        return made

    def _judge(self, made: dict[str, Singles], rows: Composites, option: Mapping[str, Places]) -> None:
        """Results of scores of rows, some points at a time."""
        if not rest_on_composites(self.model, ("member",)):
            return
        raters = option.get(RATERS, np.zeros(len(rows.score), dtype=np.intp))
        ways = {name: option[name] for name in ("first", "missing") if name in option}
        for chosen, mine in _alike(ways, len(rows.score)):
            model = self._round(chosen)
            if model.scheme.missing.rule == "adjusted":
                continue
            for start in range(0, len(mine), TOGETHER):
                some = mine[start : start + TOGETHER]
                at = finished(model, *(part[some] for part in rows))
                fixed = None if self.fixed is None else self.fixed[raters[some]]
                self._keep(made, some, judged(self.model, at, fixed=fixed, kinds=("member",)))

    def results(self, found: Outcomes) -> dict[str, Any]:
        """Numbers (draws, members) of each kind of result."""
        mine = self.mine if len(self.mine) < len(self.model) else slice(None)
        made = {"score": found.score[:, mine], "rank": found.rank()[:, mine]}
        return made | {"grade": found.grade[:, mine], "stars": found.stars[:, mine]}

    def _keep(self, made: dict[str, Singles], points: Places, found: Outcomes) -> None:
        for about, part in self.results(found).items():
            made[about][points] = part - self.middle[about]

    def _options(self, points: Floats) -> dict[str, Places]:
        """Which option each choice takes at each point."""
        found = {}
        for name, options in self.choices.items():
            if name != WEIGHTS:
                place = (points[:, self.columns[name].start] * len(options)).astype(np.intp)
                found[name] = np.minimum(place, len(options) - 1)
        return found

    def _weights(self, points: Floats) -> Weights:
        if WEIGHTS not in self.choices:
            return self.model.weights
        return lay(self.model, points[:, self.columns[WEIGHTS]], **self.spread)

    def _option(self, chosen: Mapping[str, int], name: str, own: str) -> str:
        """The option that is chosen, or what the scheme has where there is no choice."""
        return self.choices[name][chosen[name]] if name in chosen else own

    def _round(self, chosen: Mapping[str, int]) -> Model:
        """The round by the options chosen."""
        scheme = self.model.scheme
        first = self._option(chosen, "first", scheme.first)
        return self.models[first, self._option(chosen, "missing", scheme.missing.rule)]

    def _cells(self, chosen: Mapping[str, int]) -> list[Floats]:
        """Cells (rows, leaf indicators) of each leaf source by the options chosen."""
        found = []
        for place, (name, source) in enumerate(self.model.scheme.leaf_sources.items()):
            average = self._option(chosen, f"average {name}", OWN)
            way = self._option(chosen, f"map {source.scale}", OWN)
            found.append(self.cells[place, average, way][chosen.get(RATERS, 0)])
        return found

    def _of_rows(self, chosen: Mapping[str, int], weights: Weights) -> Composites:
        """Scores of rows under some weightings, by the options chosen."""
        model, cells, raters = self._round(chosen), self._cells(chosen), chosen.get(RATERS, 0)
        patterns = model.patterns
        share, covered = reach(model, weights)
        by_source = share.reshape(*share.shape[:2], *self.seen.shape[2:])
        score = np.zeros((len(share), self.seen.shape[1]))
        for place, part in enumerate(cells):
            if len(patterns.kind) == 1:
                score += by_source[:, 0, place] @ part.T
            else:
                score += np.einsum("dri,ri->dr", by_source[:, patterns.row, place], part)
        nothing = share.sum(axis=2) == 0
        if nothing.any():
            score[nothing[:, patterns.row]] = np.nan
        coverage = covered[:, patterns.row]
        changed = self.changed[raters]
        if len(changed):
            value = np.where(self.seen[raters, changed], np.stack([part[changed] for part in cells], axis=1), np.nan)
            for draw in range(len(score)):
                own = Weights(*(part[draw % len(part), model.kind[changed]] for part in weights))
                climb = climb_trees(model.scheme, value, own, groups=None)
                score[draw, changed] = climb.at(climb.second.value, 0, 0)
                coverage[draw, changed] = climb.at(climb.second.coverage, 0, 0)
        return Composites(score, coverage)

    def _composed(self, chosen: Mapping[str, int], weights: Weights) -> Outcomes:
        """The long way, where grades or stars rest on more than the composite."""
        model, cells, raters = self._round(chosen), self._cells(chosen), chosen.get(RATERS, 0)
        value = np.where(self.seen[raters], np.stack(cells, axis=1), np.nan)
        fixed = None
        if self.fixed is not None:
            fixed = np.broadcast_to(self.fixed[raters], (len(weights.sources), self.fixed.shape[1]))
        return outcomes(model, weights, value=value, fixed=fixed, kinds=("member",))


def _alike(option: Mapping[str, Places], points: int) -> Iterator[tuple[dict[str, int], Places]]:
    """Points at which the options are the same."""
    table = np.array([*option.values()], dtype=np.intp).T.reshape(points, -1)
    kinds, kind = np.unique(table, axis=0, return_inverse=True)
    order = np.argsort(kind.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(kind.ravel()))
    for number, mine in enumerate(np.split(order, ends[:-1])):
        yield dict(zip(option, map(int, kinds[number]), strict=True)), mine


def trial_of(
    model: Model, choices: Mapping[str, list[str]], voices: Voices | None, spread: Mapping[str, Any], *, seed: int
) -> Trial:
    """Make ready to score a round by some choices, see `Trial`; the options of RATERS are as many sets of raters."""
    columns, start = {}, 0
    for name in choices:
        size = len(siblings(model, "sources", "")) if name == WEIGHTS else 1
        columns[name] = slice(start, start + size)
        start += size
    cells, seen, fixed = _bank(model, choices, voices, seed)
    scheme, missing = model.scheme, model.scheme.missing
    models = {
        (first, rule): replace(
            model,
            scheme=scheme.model_copy(update={"first": first, "missing": missing.model_copy(update={"rule": rule})}),
        )
        for first, rule in product(choices.get("first", [scheme.first]), choices.get("missing", [missing.rule]))
    }
    patterns = model.patterns
    changed = [np.flatnonzero((part != patterns.seen[patterns.row]).any(axis=(1, 2))) for part in seen]
    trial = Trial(model, choices, columns, ranked(model), cells, seen, changed, fixed, models, spread, {})
    own = trial.results(outcomes(model, kinds=("member",)))
    return replace(trial, middle={about: np.nan_to_num(part[0]) for about, part in own.items()})


def _bank(
    model: Model, choices: Mapping[str, list[str]], voices: Voices | None, seed: int
) -> tuple[dict[tuple[int, str, str], Floats], NDArray[np.bool_], Whole | None]:
    """Cells by leaf source, average and map, which of them there are, and grades by votes, of every set of raters."""
    scheme, counts = model.scheme, counts_of(model)
    wanted = {
        place: list(product(choices.get(f"average {name}", [OWN]), choices.get(f"map {source.scale}", [OWN])))
        for place, (name, source) in enumerate(scheme.leaf_sources.items())
    }
    ways = {way: None for kinds in wanted.values() for way in kinds}
    rows = {way: answer_rows(counts, model, _mapped(scheme, way)) for way in {way for _, way in ways}}
    made: dict[tuple[int, str, str], list[Floats]] = {(place, *way): [] for place in wanted for way in wanted[place]}
    drawn: Iterable[tuple[Floats, Floats]] = [
        (counts[["count"]].to_numpy(dtype=float), counts[["weight"]].to_numpy(dtype=float))
    ]
    booth = None
    if RATERS in choices and voices is not None:
        drawn = recount(model, voices, draws=len(choices[RATERS]), seed=seed)
        booth = booth_of(counts, model)
    seen, fixed = [], []
    for count, weight in drawn:
        for average, way in ways:
            sources = {name: _averaged(source, average) for name, source in scheme.leaf_sources.items()}
            value = cells_of(model, rows[way], count, weight, sources=sources)
            for place in (place for place in wanted if (average, way) in wanted[place]):
                made[place, average, way].append(np.nan_to_num(value[:, :, place]))
        seen.append(~np.isnan(value))
        if booth is not None:
            fixed.append(voted(booth, weight))
    whole = {key: np.concatenate(parts) for key, parts in made.items()}
    return whole, np.concatenate(seen), np.concatenate(fixed) if fixed else None


def _averaged(source: Source, average: str) -> Source:
    """A source with another average."""
    if average == OWN:
        return source
    kind = "median" if average == "median" else "mean"
    trim = (source.trim or Trim()) if average == "trimmed" else None
    return source.model_copy(update={"average": kind, "trim": trim})


def _mapped(scheme: Scheme, way: str) -> Scheme:
    """The scheme with its scales of numbers mapped in another way."""
    if way == OWN:
        return scheme
    scales = {
        name: scale if scale.low is None else scale.model_copy(update={"map": way})
        for name, scale in scheme.scales.items()
    }
    return scheme.model_copy(update={"scales": scales})

"""Which choice matters: whatever was chosen in making scores, tried together, with other weights and other raters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from toolkit.faults import UsageError
from toolkit.scheme import Trim
from toolkit.weighting.acceptability import ranked
from toolkit.weighting.draws import lay, siblings
from toolkit.weighting.outcomes import outcomes
from toolkit.weighting.redraw import answer_rows, booth_of, cells_of, counts_of, recount, voted
from toolkit.weighting.sobol import BLOCKS, NORMAL, Sums, mixed, spread_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from toolkit.scheme import Scheme, Source
    from toolkit.scoring.evaluation import Weights
    from toolkit.voices import Voices
    from toolkit.weighting.model import Model
    from toolkit.weighting.outcomes import Outcomes
    from toolkit.weighting.sobol import Indices

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

ABOUT = ("score", "rank", "grade", "stars")
WEIGHTS, RATERS = "weights", "raters"
AVERAGES, MAPS = ("mean", "trimmed", "median"), ("min-max", "share")
OWN = ""
"""The average, or the map, that the scheme has."""
COMPARED = 3
"""Ratings of a cell below which mean, trimmed mean and median are one."""
SECONDS = 2.0
"""Progress is shown of what takes longer."""
EFFECTS = [
    "ratee_id",
    "about",
    "choice",
    "first",
    "first_low",
    "first_high",
    "total",
    "total_low",
    "total_high",
    "reason",
]
UNCHANGED = "never changes"
UNSCORED = "has no score under some choices"


@dataclass(frozen=True)
class Effects:
    """How much of what becomes of everybody hangs on each choice.

    Attributes
    ----------
    choices : dict
        Options of every choice that was tried; of weights and raters there are as many as were drawn.
    evaluations : int
        How often the round was scored.
    table : DataFrame
        `ratee_id, about` ("score", "rank" among all, "grade", "stars"), `choice`, `first` (share of the variance that
        the choice makes by itself), `total` (with others too), each with the ends of a 95% bootstrap interval, and
        `reason` why there is none: "never changes", or "has no score under some choices". Estimates may lie somewhat
        beyond 0-1. A grade or stars count as their place, none as one below the lowest.
    overall : DataFrame
        `about, choice, first, total`: of all ratees together, sums of parts over the sum of the variances.
    """

    choices: dict[str, list[str]]
    evaluations: int
    table: pd.DataFrame
    overall: pd.DataFrame


def choices_of(model: Model) -> dict[str, list[str]]:
    """The choices that a scheme leaves open, with their options.

    `average <source>`: mean, trimmed (by the source's own rule, else the lowest and highest of more than five) or
    median, where its answers have no weights and somebody has three of them; `first`: over indicators or over sources,
    where there are several of both; `missing`: by which rule, where something is missing; `map <scale>`: min-max or
    share, where the scale is one of numbers above 0.
    """
    scheme, counts = model.scheme, counts_of(model)
    found = {}
    plain = counts.assign(even=counts["weight"] == counts["count"])
    by_source = plain.groupby(plain["source"].astype(str))["even"].all()
    keys = [plain[key].astype(str) for key in ("source", "ratee_id", "indicator")]
    most = plain.groupby(keys)["count"].sum().groupby(level=0).max()
    for name in scheme.leaf_sources:
        if bool(by_source.get(name, False)) and most[name] >= COMPARED:
            found[f"average {name}"] = list(AVERAGES)
    if len(scheme.source_tree.leaves) > 1 and len(scheme.indicator_tree.leaves) > 1:
        found["first"] = ["indicator", "source"]
    if (model.quantities["coverage"] < 1).any():
        found["missing"] = ["renormalise", "adjusted", "fail"]
    used = {source.scale for source in scheme.leaf_sources.values()}
    for name, scale in scheme.scales.items():
        if name in used and scale.low is not None and scale.low > 0:
            found[f"map {name}"] = list(MAPS)
    return found


def effects(
    model: Model,
    *,
    only: Sequence[str] | None = None,
    base: int = 512,
    concentration: float | None = None,
    order: Sequence[str | Sequence[str]] = (),
    voices: Voices | None = None,
    redraws: int = 32,
    seed: int,
) -> Effects:
    """Try all choices together, and say which of them matters to whom.

    Parameters
    ----------
    model : Model
        The round.
    only : sequence of str, optional
        Choices to be tried, of those of `choices_of`, "weights" and "raters"; all by default.
    base : int
        Points of each of two samples, a power of 2, at least 32; the round is scored base x (choices + 2) times.
    concentration, order
        Of the weights of the top sources, see `draw`.
    voices : Voices, optional
        Raters to be redrawn; without, they are no choice.
    redraws : int
        How many sets of raters there are to choose from.
    seed : int
        Of everything that is drawn.

    Returns
    -------
    Effects

    Raises
    ------
    UsageError
        If there is no choice, or one that there is not is named, or `base` is no power of 2.

    Notes
    -----
    Options of a choice are equally likely. What votes decided, points, measures and satisfaction stay as they are; an
    index is composed anew for every scoring, which is slow. Members who can be ranked are looked at.

    References
    ----------
    Saisana M, Saltelli A, Tarantola S (2005) Uncertainty and sensitivity analysis techniques as tools for the quality
    assessment of composite indicators. Journal of the Royal Statistical Society A 168:307-323,
    doi:10.1111/j.1467-985X.2005.00350.x. See also `Sums.indices`.
    """
    if base < BLOCKS or base & (base - 1):
        raise UsageError(f"base: {base}, must be a power of 2, at least {BLOCKS}")
    spread = {"concentration": concentration, "order": order}
    trial = _trial(model, only, voices, redraws, spread, seed=seed)
    groups = [column.stop - column.start for column in trial.columns.values()]
    one, other = spread_out(sum(groups), base, seed=seed)
    between = mixed(one, other, groups)
    sums = {about: Sums(len(groups), len(trial.mine)) for about in ABOUT}
    step = base // BLOCKS
    own = trial.results(outcomes(model, kinds=("member",)))
    middle = {about: np.nan_to_num(part[0]) for about, part in own.items()}
    with tqdm(total=base * (len(groups) + 2), desc="choices", unit="scoring", delay=SECONDS) as bar:
        for block in range(BLOCKS):
            mine = slice(block * step, (block + 1) * step)
            points = np.concatenate([one[mine], other[mine], *between[:, mine]])
            found = trial.evaluate(points)
            for about, part in found.items():
                of = (part - middle[about]).reshape(len(groups) + 2, step, -1)
                sums[about].add(block, of[0], of[1], of[2:])
            bar.update(len(points))
    return _told(trial, sums, base * (len(groups) + 2), seed)


@dataclass
class _Trial:
    """What is needed to score a round at points of the unit cube.

    Attributes
    ----------
    model : Model
        The round as it is.
    choices : dict
        Options of each choice.
    columns : dict
        Where the points of each choice stand.
    mine : ndarray
        Places of the members who can be ranked.
    cells : dict
        By average and map of the scale: cells (sets of raters, rows, leaf sources, leaf indicators).
    fixed : list
        Grades by votes of each set of raters; empty where there are none or raters stay.
    models : dict
        The round by the tree over which the first mean is taken and the rule for what is missing.
    spread : dict
        `concentration` and `order` of the weights.
    """

    model: Model
    choices: dict[str, list[str]]
    columns: dict[str, slice]
    mine: NDArray[np.intp]
    cells: dict[tuple[str, str], Floats]
    fixed: list[Whole]
    models: dict[tuple[str, str], Model]
    spread: dict[str, Any]

    def evaluate(self, points: Floats) -> dict[str, Floats]:
        """Results (points, members) at some points (points, inputs), by what they are about."""
        names = [name for name in self.choices if name != WEIGHTS]
        option = np.zeros((len(points), len(names)), dtype=np.intp)
        for place, name in enumerate(names):
            count = len(self.choices[name])
            option[:, place] = np.minimum(points[:, self.columns[name].start] * count, count - 1)
        weights = self._weights(points)
        found = {about: np.empty((len(points), len(self.mine))) for about in ABOUT}
        kinds, kind = np.unique(option, axis=0, return_inverse=True)
        for number, key in enumerate(kinds):
            mine = np.flatnonzero(kind.ravel() == number)
            chosen = {name: int(place) for name, place in zip(names, key, strict=True)}
            sources = weights.sources[mine] if len(weights.sources) > 1 else weights.sources
            made = self._score(chosen, weights._replace(sources=sources))
            for about, part in made.items():
                found[about][mine] = part
        return found

    def _weights(self, points: Floats) -> Weights:
        if WEIGHTS not in self.choices:
            return self.model.weights
        return lay(self.model, points[:, self.columns[WEIGHTS]], **self.spread)

    def _score(self, chosen: dict[str, int], weights: Weights) -> dict[str, Floats]:
        """Results under some weightings, by the options chosen."""

        def option(name: str, own: str) -> str:
            return self.choices[name][chosen[name]] if name in chosen else own

        scheme, raters = self.model.scheme, chosen.get(RATERS, 0)
        value = np.empty_like(self.model.value)
        for place, (name, source) in enumerate(scheme.leaf_sources.items()):
            made_by = option(f"average {name}", OWN), option(f"map {source.scale}", OWN)
            value[:, place] = self.cells[made_by][raters, :, place]
        model = self.models[option("first", scheme.first), option("missing", scheme.missing.rule)]
        fixed = np.repeat(self.fixed[raters][None], len(weights.sources), axis=0) if self.fixed else None
        return self.results(outcomes(model, weights, value=value, fixed=fixed, kinds=("member",)))

    def results(self, found: Outcomes) -> dict[str, Floats]:
        """Numbers (draws, members) of each kind of result."""
        mine = self.mine
        made = {"score": found.score[:, mine], "rank": found.rank()[:, mine]}
        return made | {"grade": found.grade[:, mine].astype(float), "stars": found.stars[:, mine].astype(float)}


def _trial(
    model: Model, only: Sequence[str] | None, voices: Voices | None, redraws: int, spread: dict[str, Any], *, seed: int
) -> _Trial:
    choices = _chosen(model, only, voices, redraws)
    columns, start = {}, 0
    for name in choices:
        size = len(siblings(model, "sources", "")) if name == WEIGHTS else 1
        columns[name] = slice(start, start + size)
        start += size
    cells, fixed = _bank(model, choices, voices, seed)
    scheme = model.scheme
    missing = scheme.missing
    models = {
        (first, rule): replace(
            model,
            scheme=scheme.model_copy(update={"first": first, "missing": missing.model_copy(update={"rule": rule})}),
        )
        for first, rule in product(choices.get("first", [scheme.first]), choices.get("missing", [missing.rule]))
    }
    return _Trial(model, choices, columns, ranked(model), cells, fixed, models, spread)


def _chosen(model: Model, only: Sequence[str] | None, voices: Voices | None, redraws: int) -> dict[str, list[str]]:
    """The choices to be tried, with their options."""
    known = {**choices_of(model), WEIGHTS: []}
    if voices is not None:
        known[RATERS] = [str(number) for number in range(redraws)]
    unknown = [name for name in only or () if name not in known]
    if unknown:
        raise UsageError(f"only: {', '.join(map(repr, unknown))}, must be among {', '.join(known)}")
    found = {name: options for name, options in known.items() if only is None or name in only}
    if not found:
        raise UsageError(f"only: nothing, must be among {', '.join(known)}")
    return found


def _bank(
    model: Model, choices: dict[str, list[str]], voices: Voices | None, seed: int
) -> tuple[dict[tuple[str, str], Floats], list[Whole]]:
    """Cells and grades by votes of every set of raters, by average and map."""
    scheme, counts = model.scheme, counts_of(model)
    averages = [OWN, *AVERAGES] if any(name.startswith("average ") for name in choices) else [OWN]
    maps = [OWN, *MAPS] if any(name.startswith("map ") for name in choices) else [OWN]
    rows = {way: answer_rows(counts, model, _mapped(scheme, way)) for way in maps}
    made: dict[tuple[str, str], list[Floats]] = {key: [] for key in product(averages, maps)}
    fixed: list[Whole] = []
    drawn: Iterable[tuple[Floats, Floats]] = [
        (counts[["count"]].to_numpy(dtype=float), counts[["weight"]].to_numpy(dtype=float))
    ]
    if RATERS in choices and voices is not None:
        drawn = recount(model, voices, draws=len(choices[RATERS]), seed=seed)
        booth = booth_of(counts, model)
    else:
        booth = None
    for count, weight in drawn:
        for (average, way), parts in made.items():
            sources = {name: _averaged(source, average) for name, source in scheme.leaf_sources.items()}
            parts.append(cells_of(model, rows[way], count, weight, sources=sources))
        if booth is not None:
            fixed += list(voted(booth, count))
    return {key: np.concatenate(parts) for key, parts in made.items()}, fixed


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


def _told(trial: _Trial, sums: dict[str, Sums], evaluations: int, seed: int) -> Effects:
    """Indices as frames."""
    names = list(trial.choices)
    ids = trial.model.quantities.index[trial.mine]
    rules = {"grade": trial.model.scheme.grades, "stars": trial.model.scheme.stars}
    frames, overall = [], []
    for about, part in sums.items():
        if rules.get(about, True) is None:
            continue
        found = part.indices(seed=seed)
        frames.append(_table(found, ids, names).assign(about=about))
        rows = {"about": about, "choice": names, "first": found.overall_first, "total": found.overall_total}
        overall.append(pd.DataFrame(rows))
    table = pd.concat(frames, ignore_index=True)[EFFECTS]
    return Effects(trial.choices, evaluations, table, pd.concat(overall, ignore_index=True))


def _table(found: Indices, ids: pd.Index[str], names: list[str]) -> pd.DataFrame:
    frame = {"ratee_id": np.repeat(ids, len(names)), "choice": np.tile(names, len(ids))}
    for name, share, error in (("first", found.first, found.first_se), ("total", found.total, found.total_se)):
        frame |= {name: share.T.ravel()}
        frame |= {
            f"{name}_{end}": (share + sign * NORMAL * error).T.ravel() for end, sign in (("low", -1), ("high", 1))
        }
    why = np.where(np.isnan(found.variance), UNSCORED, np.where(np.isnan(found.first[0]), UNCHANGED, ""))
    return pd.DataFrame(frame).assign(reason=np.repeat(why, len(names)))

"""Which choice matters: whatever was chosen in making scores, tried together, with other weights and other raters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from tqdm import tqdm

from toolkit.faults import UsageError
from toolkit.weighting.redraw import counts_of
from toolkit.weighting.sobol import BLOCKS, NORMAL, Sums, mixed, spread_out
from toolkit.weighting.trials import ABOUT, AVERAGES, MAPS, RATERS, WEIGHTS, trial_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from toolkit.voices import Voices
    from toolkit.weighting.model import Model
    from toolkit.weighting.sobol import Indices
    from toolkit.weighting.trials import Trial

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

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

    choices: Mapping[str, list[str]]
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
    uneven = set(counts["source"][counts["weight"] != counts["count"]].astype(str))
    most = counts.groupby(["source", "ratee_id", "indicator"], observed=True)["count"].sum().groupby(level=0).max()
    for name in scheme.leaf_sources:
        if name not in uneven and most.get(name, 0) >= COMPARED:
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
    spread = {"concentration": concentration, "order": order}
    trial = trial_of(model, _chosen(model, only, voices, redraws), voices, spread, seed=seed)
    groups = [column.stop - column.start for column in trial.columns.values()]
    one, other = spread_out(sum(groups), base, seed=seed)
    between = mixed(one, other, groups)
    sums = {about: Sums(len(groups), len(trial.mine)) for about in ABOUT}
    step = base // BLOCKS
    with tqdm(total=base * (len(groups) + 2), desc="choices", unit="scoring", delay=SECONDS) as bar:
        for block in range(BLOCKS):
            mine = slice(block * step, (block + 1) * step)
            points = np.concatenate([one[mine], other[mine], *between[:, mine]])
            found = trial.evaluate(points)
            for about, part in found.items():
                of = part.reshape(len(groups) + 2, step, -1)
                sums[about].add(block, of[0], of[1], of[2:])
            bar.update(len(points))
    return _told(trial, sums, base * (len(groups) + 2), seed)


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


def _told(trial: Trial, sums: dict[str, Sums], evaluations: int, seed: int) -> Effects:
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

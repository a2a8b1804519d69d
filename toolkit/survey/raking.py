"""Weights that make the raters of a source look like the population that they speak for.

Raking fits one margin after the other until all hold; with a single margin it is post-stratification, and a margin of
crossed variables is fitted like any other. Raters who agree in all variables get the same weight, so what is fitted is
the table of their combinations, however many raters there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from toolkit.faults import UsageError
from toolkit.scoring.intervals import LEVEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Levels = Sequence[str] | NDArray[np.object_] | pd.Series[str]

CONVERGED = 1e-10
"""Largest distance between a share and its margin that is none."""
SWEEPS = 2000
"""Sweeps over all margins after which weights that fit are given up."""
CROSS = "*"
"""What stands between the variables, and between the levels, of a crossed margin: `sex*age`, `女*18-39`."""


@dataclass(frozen=True)
class Raked:
    """Weights, and what they cost.

    Attributes
    ----------
    weights : ndarray (n,)
        Above 0, with mean 1.
    design_effect : float
        Kish's 1 + cv(w)^2: by how much unequal weights alone widen a variance.
    effective_n : float
        n / design effect.
    sweeps : int
        How often all margins were fitted.
    """

    weights: Floats
    design_effect: float
    effective_n: float
    sweeps: int


class Mean(NamedTuple):
    """A weighted mean with its linearised standard error and 95% interval."""

    mean: float
    se: float
    low: float
    high: float


def rake(
    variables: Mapping[str, Levels],
    margins: Mapping[str, Mapping[str, float]],
    *,
    cap: float | None = None,
) -> Raked:
    """Weigh raters so that their weighted shares are those of the population.

    Parameters
    ----------
    variables : mapping
        The level of every rater (n,), by variable.
    margins : mapping
        Of each margin the level and its share or count in the population; a margin is a variable, or several with `*`
        between them, and so are its levels. Each is brought to a sum of 1.
    cap : float, optional
        The largest weight, as a multiple of the mean weight; above 1.

    Returns
    -------
    Raked

    Raises
    ------
    UsageError
        Everything that keeps the margins from being met: a variable that raters do not have, a level that the margin
        does not have, a level of the population that no rater has, or of which there is nobody; else the margin that is
        farthest off when nothing changes any more.

    Notes
    -----
    With a cap, weights above it are cut after every sweep. Both steps are projections in the sense of the
    Kullback-Leibler distance, so they converge to weights that keep both, where there are any.

    References
    ----------
    Deming, W. E. and Stephan, F. F. (1940). On a least squares adjustment of a sampled frequency table when the
    expected marginal totals are known. Annals of Mathematical Statistics 11:427-444, doi:10.1214/aoms/1177731829.
    Kish, L. (1992). Weighting for unequal Pi. Journal of Official Statistics 8:183-200.
    Bregman, L. M. (1967). USSR Computational Mathematics and Mathematical Physics 7:200-217,
    doi:10.1016/0041-5553(67)90040-7.
    """
    if cap is not None and not cap > 1:
        raise UsageError(f"cap: {cap:g}, must be above 1: a multiple of the mean weight")
    codes, shares = _coded(variables, margins)
    # raters who agree in everything are one cell
    joint, where, size = np.unique(
        np.ravel_multi_index(codes, [len(share) for share in shares]), return_inverse=True, return_counts=True
    )
    cells = np.unravel_index(joint, [len(share) for share in shares])
    total = size.sum()
    mass, sweeps = size / total, 0
    most = np.inf if cap is None else cap * size / total
    while True:
        gaps = [np.abs(np.bincount(cell, mass, len(share)) - share) for cell, share in zip(cells, shares, strict=True)]
        if max(gap.max() for gap in gaps) <= CONVERGED:
            break
        if sweeps == SWEEPS:
            raise UsageError(_why_not(margins, gaps, cap))
        for cell, share in zip(cells, shares, strict=True):
            mass = mass * (share / np.bincount(cell, mass, len(share)))[cell]
        mass, sweeps = np.minimum(mass, most), sweeps + 1
    weights = (mass * total / size)[where]
    effect = design_effect(weights)
    return Raked(weights, effect, len(weights) / effect, sweeps)


def design_effect(weights: ArrayLike) -> float:
    """Kish's design effect of unequal weights: n sum(w^2) / (sum w)^2, 1 where all are the same."""
    w = np.asarray(weights, dtype=float)
    return float(len(w) * (w**2).sum() / w.sum() ** 2)


def influence(values: ArrayLike, weights: ArrayLike, variables: Mapping[str, Levels] | None = None) -> Floats:
    """What each rater moves a weighted mean by (n,), linearised.

    Parameters
    ----------
    values, weights : array (n,)
        What is averaged, and the weights.
    variables : mapping, optional
        The variables (or crossed ones) whose margins the weights meet. What they explain of the values is no error any
        more: the residuals of a regression on them count.

    References
    ----------
    Deville, J.-C. and Särndal, C.-E. (1992). Calibration estimators in survey sampling. JASA 87:376-382,
    doi:10.1080/01621459.1992.10475217.
    """
    y, w = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    rest = y - np.average(y, weights=w)
    if variables:
        held = [pd.factorize(crossed(variables, name), sort=True) for name in variables]
        design = np.concatenate([np.eye(len(levels))[place] for place, levels in held], axis=1)
        rest = rest - design @ np.linalg.lstsq(design, rest, rcond=None)[0]
    return np.asarray(w * rest / w.sum(), dtype=float)


def mean_of(values: ArrayLike, weights: ArrayLike, variables: Mapping[str, Levels] | None = None) -> Mean:
    """Weighted mean with its linearised standard error, see `influence`; NaN for the error of a single value.

    The variance is n / (n - 1) times the sum of squares of the influences about their mean (Taylor); the interval
    has Student's t with n - 1 degrees of freedom.
    """
    y, w = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    n, mean = len(y), float(np.average(y, weights=w))
    moved = influence(y, w, variables)
    se = float(np.sqrt(n / (n - 1) * ((moved - moved.mean()) ** 2).sum())) if n > 1 else float("nan")
    half = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * se if n > 1 else float("nan")
    return Mean(mean, se, mean - half, mean + half)


def crossed(variables: Mapping[str, Levels], name: str) -> Any:  # noqa: ANN401  (whatever pandas can factorise)
    """The level of every rater of a variable, or of several that are crossed."""
    if name in variables:
        return variables[name] if isinstance(variables[name], pd.Series) else np.asarray(variables[name], dtype=object)
    parts = pd.DataFrame({part: pd.Series(variables[part], dtype=str) for part in name.split(CROSS)})
    return parts.agg(CROSS.join, axis=1)


def _coded(
    variables: Mapping[str, Levels], margins: Mapping[str, Mapping[str, float]]
) -> tuple[list[NDArray[np.intp]], list[Floats]]:
    """Levels as numbers (n,) and the shares of each margin, or everything that is wrong with them."""
    wrong: list[str] = []
    codes, shares = [], []
    for name, margin in margins.items():
        lacking = [part for part in name.split(CROSS) if name not in variables and part not in variables]
        if lacking:
            wrong.append(f"margin {name}: raters have no variable {', '.join(lacking)}")
            continue
        place, found = pd.factorize(crossed(variables, name), sort=True)
        seen = dict(zip(found.tolist(), np.bincount(place, minlength=len(found)).tolist(), strict=True))
        wrong += [
            f"margin {name}: {number} raters are {str(level) or 'blank'!r}, which it does not have"
            for level, number in seen.items()
            if level not in margin
        ]
        wrong += [f"margin {name}: {level!r} must have a share above 0, or no rater" for level in seen
                  if not margin.get(level, 1) > 0]  # fmt: skip
        wrong += [
            f"margin {name}: no rater is {level!r}, {share / sum(margin.values()):.1%} of the population: "
            "put it together with another level, in both tables"
            for level, share in margin.items()
            if share > 0 and level not in seen
        ]
        levels = [level for level in margin if level in seen]
        order = np.array([levels.index(level) if level in levels else 0 for level in found.tolist()], dtype=np.intp)
        codes.append(order[place])
        shares.append(np.array([margin[level] for level in levels], dtype=float) / (sum(margin.values()) or 1))
    if not margins:
        wrong.append("margins: must hold at least one")
    elif variables and not all(len(levels) for levels in variables.values()):
        wrong = ["raters: there are none"]
    if wrong:
        raise UsageError("\n".join(wrong))
    return codes, shares


def _why_not(margins: Mapping[str, Mapping[str, float]], gaps: Sequence[Floats], cap: float | None) -> str:
    """Which margin cannot be met."""
    worst = int(np.argmax([gap.max() for gap in gaps]))
    name = list(margins)[worst]
    level = [level for level, share in margins[name].items() if share > 0][int(gaps[worst].argmax())]
    advice = "some combinations of levels have no rater; leave out a margin or put levels together"
    if cap is not None:
        advice = f"a cap of {cap:g} times the mean weight may be too low, or " + advice
    return (
        f"margins cannot all be met: after {SWEEPS} sweeps {name} {level!r} is off by {gaps[worst].max():.2%}: {advice}"
    )

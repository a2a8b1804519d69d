"""Variance-based sensitivity: how much of the variance of a result each group of inputs makes, alone and together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.stats import qmc

from toolkit.faults import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Numbers = NDArray[np.float64] | NDArray[np.float32]

BLOCKS = 32
"""Stretches of the sample between which the bootstrap draws."""
RESAMPLES = 50
"""Of the bootstrap."""
NORMAL = 1.959963984540054
"""Standard deviations on either side that hold 95% of a normal distribution."""
PART = 64
"""Results whose bootstrap is held at a time."""
NOTHING = 1e-18
"""Variance of what never changes: of scores that are equal."""


class Indices(NamedTuple):
    """Shares of the variance (groups, results), NaN for a result that never changes.

    Attributes
    ----------
    first, total : ndarray
        First-order index: what a group does by itself; total index: what it does together with others too. About 0-1:
        estimates may lie somewhat beyond.
    first_se, total_se : ndarray
        Bootstrap standard errors.
    variance : ndarray (results,)
        Of each result; NaN where one of its values is NaN.
    overall_first, overall_total : ndarray (groups,)
        The same of all results together: sums of parts over the sum of the variances.
    """

    first: Floats
    first_se: Floats
    total: Floats
    total_se: Floats
    variance: Floats
    overall_first: Floats
    overall_total: Floats


def spread_out(inputs: int, base: int, *, seed: int) -> tuple[Floats, Floats]:
    """Two samples (base, inputs) of the unit cube, each spread out evenly: scrambled Sobol points of both together."""
    if base < BLOCKS or base & (base - 1):
        raise UsageError(f"base: {base}, must be a power of 2, at least {BLOCKS}")
    points = qmc.Sobol(2 * inputs, rng=seed).random(base)
    return points[:, :inputs], points[:, inputs:]


def mixed(one: Floats, other: Floats, groups: Sequence[int]) -> Floats:
    """The first sample with one group of columns after the other taken from the second: (groups, base, inputs)."""
    ends = np.cumsum(groups)
    found = np.repeat(one[None], len(groups), axis=0)
    for place, (size, end) in enumerate(zip(groups, ends, strict=True)):
        found[place, :, end - size : end] = other[:, end - size : end]
    return found


@dataclass
class Sums:
    """Sums over the sample, by block, from which indices and their errors are made.

    Attributes
    ----------
    groups, results : int
        How many.
    sums : ndarray (blocks, 3 + 2 x groups, results)
        Number, sum and sum of squares of both samples; then, by group, the products and the squared differences.
    """

    groups: int
    results: int
    sums: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.sums = np.zeros((BLOCKS, 3 + 2 * self.groups, self.results))

    def add(self, block: int, one: Numbers, other: Numbers, between: Numbers) -> None:
        """Add results (points, results) of both samples and (groups, points, results) of the mixed ones.

        They are best given less some value that lies among them.
        """
        held = self.sums[block]
        held[0] += 2 * len(one)
        held[1] += one.sum(axis=0) + other.sum(axis=0)
        held[2] += np.einsum("ij,ij->j", one, one) + np.einsum("ij,ij->j", other, other)
        for group, part in enumerate(between):
            apart = part - one
            held[3 + group] += 2 * np.einsum("ij,ij->j", other, apart)
            held[3 + self.groups + group] += np.einsum("ij,ij->j", apart, apart)

    def indices(self, *, seed: int) -> Indices:
        """See `Indices`; `seed` of the bootstrap.

        Notes
        -----
        First order by Saltelli's estimator, mean of f(B) (f(A with B's group) - f(A)); total by Jansen's, half the mean
        of (f(A) - f(A with B's group))^2. The bootstrap draws blocks of neighbouring points.

        References
        ----------
        Saltelli A, Annoni P, Azzini I, Campolongo F, Ratto M, Tarantola S (2010) Variance based sensitivity analysis of
        model output. Computer Physics Communications 181:259-270, doi:10.1016/j.cpc.2009.09.018. Jansen MJW (1999)
        Analysis of variance designs for model output. Computer Physics Communications 117:35-43,
        doi:10.1016/S0010-4655(98)00154-4. Of all results together: Gamboa F, Janon A, Klein T, Lagnoux A (2014)
        Sensitivity analysis for multidimensional and functional outputs. Electronic Journal of Statistics 8:575-603,
        doi:10.1214/14-EJS895.
        """
        part, variance = self._parts(self.sums.sum(axis=0))
        drawn = np.random.default_rng(seed).multinomial(BLOCKS, np.full(BLOCKS, 1 / BLOCKS), RESAMPLES).astype(float)
        error = np.empty_like(part)
        for start in range(0, self.results, PART):
            mine = slice(start, start + PART)
            again = np.tensordot(self.sums[:, :, mine], drawn, axes=(0, 1))
            error[:, mine] = _share(*self._parts(again)).std(axis=-1, ddof=1)
        whole = np.nansum(variance)
        summed = np.where(np.isnan(variance), 0.0, part).sum(axis=1)
        together = summed / whole if whole > NOTHING * self.results else np.full(len(part), np.nan)
        share = _share(part, variance)
        error[:, np.isnan(share[0])] = np.nan
        size = self.groups
        return Indices(
            share[:size], error[:size], share[size:], error[size:], variance, together[:size], together[size:]
        )

    @staticmethod
    def _parts(sums: Floats) -> tuple[Floats, Floats]:
        """Parts of the variance (2 x groups, results), and the variance."""
        n = sums[0]
        variance = np.clip(sums[2] / n - (sums[1] / n) ** 2, 0, None)
        return sums[3:] / n, variance


def _share(part: Floats, variance: Floats) -> Floats:
    return np.asarray(part / np.where(variance > NOTHING, variance, np.nan), dtype=float)


def sensitivity(function: Callable[[Floats], Floats], groups: Sequence[int], *, base: int, seed: int) -> Indices:
    """Indices of a plain function of the unit cube.

    Parameters
    ----------
    function : callable
        From points (points, inputs), 0-1, to results (points, results).
    groups : sequence of int
        How many inputs each group has, one after the other.
    base : int
        Points of each sample, a power of 2, at least 32; the function is called with base x (groups + 2) points.
    seed : int
        Of the points and the bootstrap.

    Raises
    ------
    UsageError
        If `base` is another number.
    """
    one, other = spread_out(sum(groups), base, seed=seed)
    between = mixed(one, other, groups)
    of_one = function(one)
    middle = of_one.mean(axis=0)
    results = [of_one - middle, function(other) - middle, np.array([function(part) - middle for part in between])]
    sums = Sums(len(groups), of_one.shape[1])
    step = max(1, base // BLOCKS)
    for block, start in enumerate(range(0, base, step)):
        mine = slice(start, start + step)
        sums.add(block, results[0][mine], results[1][mine], results[2][:, mine])
    return sums.indices(seed=seed)

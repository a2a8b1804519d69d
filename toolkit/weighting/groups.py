"""Judgements of many: several experts are made one, and every set of siblings the weights of a tree."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
import pandas as pd

from toolkit.faults import UsageError
from toolkit.weighting.ahp import Method, Priorities, ahp, reciprocal
from toolkit.weighting.columns import by_column, check_choice

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from toolkit.weighting.columns import Table

    Floats = NDArray[np.float64]

T = TypeVar("T")

TOP = ""
"""The parent of what stands at the top."""


def pool_judgements(judgements: Mapping[str, Table], *, experts: Mapping[str, float] | None = None) -> pd.DataFrame:
    """One matrix of the judgements of several experts: their geometric mean, cell by cell.

    Parameters
    ----------
    judgements : mapping of DataFrame or array (names, names)
        Of each expert; NaN where he did not judge. A name that he does not have he did not judge.
    experts : mapping, optional
        Weight of each expert on any scale; the same for all by default. In every cell those who judged share it.

    Returns
    -------
    DataFrame (names, names)
        Reciprocal; NaN where nobody judged.

    Raises
    ------
    UsageError
        If there is no expert, a weight of one is missing or negative, or a judgement is not what it must be, see `ahp`.

    References
    ----------
    Aczel & Saaty (1983), Journal of Mathematical Psychology 27:93-102, doi:10.1016/0022-2496(83)90028-7; Forman &
    Peniwati (1998), European Journal of Operational Research 108:165-169, doi:10.1016/S0377-2217(97)00244-0 (AIJ).
    """
    weights = _expert_weights(judgements, experts)
    frames = {expert: _of(expert, reciprocal, matrix) for expert, matrix in judgements.items()}
    names = pd.Index(dict.fromkeys(name for frame in frames.values() for name in frame.index))
    logs = np.stack([np.log(frame.reindex(index=names, columns=names).to_numpy()) for frame in frames.values()])
    share = np.where(np.isnan(logs), 0.0, weights[:, None, None])
    with np.errstate(invalid="ignore"):
        mean = (share * np.nan_to_num(logs)).sum(axis=0) / share.sum(axis=0)
    return pd.DataFrame(np.exp(mean), names, names)


def pool_priorities(
    priorities: Mapping[str, Priorities | pd.Series[float]],
    *,
    experts: Mapping[str, float] | None = None,
    mean: Literal["geometric", "arithmetic"] = "geometric",
) -> pd.Series[float]:
    """One set of weights of those of several experts.

    Parameters
    ----------
    priorities : mapping
        Weights that each expert's own judgements gave; all of the same names.
    experts : mapping, optional
        Weight of each expert on any scale; the same for all by default.
    mean : {"geometric", "arithmetic"}
        How they are averaged, name by name.

    Returns
    -------
    Series
        Weight of each name, summing to 1.

    Raises
    ------
    UsageError
        If there is no expert, one lacks a name, or a weight of an expert is missing or negative.

    References
    ----------
    Forman & Peniwati (1998), European Journal of Operational Research 108:165-169,
    doi:10.1016/S0377-2217(97)00244-0 (AIP).
    """
    check_choice(mean, ("geometric", "arithmetic"), "mean")
    sets = {name: found.weights if isinstance(found, Priorities) else found for name, found in priorities.items()}
    weights = _expert_weights(sets, experts)
    table = pd.DataFrame(sets)
    for expert in table:
        for name in table.index[table[expert].isna()]:
            raise UsageError(f"pool_priorities: {expert!r} has no weight for {name!r}, must have one")
    values = table.to_numpy()
    with np.errstate(divide="ignore"):
        pooled = np.exp(np.log(values) @ weights) if mean == "geometric" else values @ weights
    return pd.Series(pooled / pooled.sum(), table.index, name="weight")


def _expert_weights(found: Mapping[str, object], experts: Mapping[str, float] | None) -> Floats:
    """Weights of experts, summing to 1."""
    if not found:
        raise UsageError("experts: 0, must be at least 1")
    if experts is None:
        return np.full(len(found), 1 / len(found))
    weights = by_column(experts, pd.Index(list(found)), "experts")
    for name, weight in zip(found, weights, strict=True):
        if not 0 <= weight < np.inf:
            raise UsageError(f"experts: {name!r} weighs {weight:g}, must be at least 0")
    if not weights.sum() > 0:
        raise UsageError("experts: weights sum to 0, must be above 0")
    return np.asarray(weights / weights.sum(), dtype=float)


@dataclass(frozen=True)
class Hierarchy:
    """Weights of a tree.

    Attributes
    ----------
    local : dict
        Parent -> weights of its children and their consistency; parents first, "" for the top.
    """

    local: dict[str, Priorities]

    @property
    def weights(self) -> pd.Series[float]:
        """Weight of every name within its parent, as a scheme has it: `scheme.reweighted(hierarchy.weights)`."""
        return pd.concat([found.weights for found in self.local.values()]).rename("weight")

    @property
    def leaves(self) -> pd.Series[float]:
        """Weight of every leaf in the whole; sums to 1."""
        whole = {TOP: 1.0}
        for parent, found in self.local.items():
            whole |= {str(name): whole[parent] * weight for name, weight in found.weights.items()}
        return pd.Series({name: weight for name, weight in whole.items() if name not in self.local}, name="weight")

    @property
    def remarks(self) -> dict[str, str]:
        """Parents whose judgements contradict themselves too much, and what is to be said."""
        return {parent: found.remark for parent, found in self.local.items() if found.remark}


def synthesise(
    judgements: Mapping[str, Table], *, method: Method = "eigenvector", random_index: str = "saaty"
) -> Hierarchy:
    """Weights of a tree from the judgements of each set of siblings.

    Parameters
    ----------
    judgements : mapping of DataFrame
        Parent -> judgements of its children, "" for the top; of several experts pooled before.
    method, random_index
        See `ahp`.

    Returns
    -------
    Hierarchy
        Local weights of every set, and global ones of the leaves.

    Raises
    ------
    UsageError
        If nothing stands at the top, a name stands under two parents, or a parent stands nowhere. What is wrong with
        the judgements of a set is said with its parent.

    References
    ----------
    Saaty (1990), European Journal of Operational Research 48:9-26, doi:10.1016/0377-2217(90)90057-I.
    """
    frames = {parent: pd.DataFrame(matrix) for parent, matrix in judgements.items()}
    if TOP not in frames:
        raise UsageError(f"judgements: {', '.join(frames)} have parents, one set must stand at the top (parent blank)")
    above: dict[str, str] = {}
    for parent, frame in frames.items():
        for name in map(str, frame.index):
            if name in above:
                raise UsageError(f"judgements: {name!r} stands under {above[name]!r} and {parent!r}, must under one")
            above[name] = parent
    order = [TOP]
    for parent in order:
        order += [name for name in map(str, frames[parent].index) if name in frames and name not in order]
    for parent in frames:
        if parent not in order:
            raise UsageError(f"judgements: {parent!r} is a parent, must stand below the top itself")
    made = partial(ahp, method=method, random_index=random_index)
    return Hierarchy({parent: _of(parent or "top", made, frames[parent]) for parent in order})


def _of(whose: str, made: Callable[[Table], T], matrix: Table) -> T:
    """What is made of judgements; an error says whose they are."""
    try:
        return made(matrix)
    except UsageError as error:
        raise UsageError(f"{whose}: {error}") from None

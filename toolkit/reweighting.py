"""Other weights for a set of siblings: what is given stands, the others share the rest in their proportions."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

from toolkit.faults import UsageError, one_of
from toolkit.fields import exact

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from pydantic import BaseModel

    Weights = dict[str, Fraction]

N = TypeVar("N", bound=Any)
C = TypeVar("C", bound="BaseModel")
Along = Literal["weight", "odds"]

TOTALS = (1, 100)
"""What all siblings together may sum to."""
NEAR = Fraction(1, 10**9)
"""How far from it they may lie: weights that were computed are sums of floats."""


def reweight(
    section: str,
    given: Mapping[str, object],
    groups: Iterable[Mapping[str, object]],
    weights: Mapping[str | None, Weights],
    categories: Mapping[str, C],
    *,
    along: Along = "weight",
    keep: Collection[str] = (),
) -> tuple[Weights, dict[str, C]]:
    """New weights of the nodes of a tree, and the categories with theirs.

    Parameters
    ----------
    section : {"sources", "indicators"}
        Which tree it is.
    given : mapping
        Name -> weight within its parent, 0-1; of all siblings they may sum to 100 too.
    groups : iterable of mapping
        Every set of siblings of the tree, by name.
    weights : mapping
        For every category, and None for what holds by default: weights of all nodes within their parents.
    categories : mapping
        By name; each holds its own weights under `section`.
    along : {"weight", "odds"}
        See `Scheme.reweighted`.
    keep : collection of str
        Nodes whose weight stays what it is in each category, though a sibling's changes.

    Returns
    -------
    weights : dict
        Of the sets of siblings that change.
    categories : dict
        Where one has weights of its own for such a set, with all of them.

    Raises
    ------
    UsageError
        See `Scheme.reweighted`.
    """
    if along not in get_args(Along):
        raise UsageError(f"along: {along!r}, {one_of(along, get_args(Along))}")
    sets = list(groups)
    asked = _read(section, given, [name for group in sets for name in group])
    made = [
        (group, _change(section, own, group, weights[None], along, keep=set(keep) & group.keys() - own.keys()))
        for group in sets
        if (own := {name: weight for name, weight in asked.items() if name in group})
    ]

    def changed(category: str | None, named: Collection[str]) -> Weights:
        found: Weights = {}
        for group, change in made:
            if group.keys() & set(named):
                found |= change({name: weights[category][name] for name in group})
        return found

    def updated(name: str, category: C) -> C:
        own: Weights = getattr(category, section)
        return category.model_copy(update={section: {**own, **changed(name, own)}}) if own else category

    return changed(None, asked), {name: updated(name, category) for name, category in categories.items()}


def rebuilt(nodes: Mapping[str, N], weights: Weights) -> dict[str, N]:
    """The nodes of a tree with other weights; whatever else they say stays."""
    return {
        name: node.model_copy(
            update=({"weight": weights[name]} if name in weights else {})
            | ({"items": rebuilt(node.items, weights)} if node.items else {})
        )
        for name, node in nodes.items()
    }


def _read(section: str, given: Mapping[str, object], known: list[str]) -> Weights:
    """The exact weights that were given."""
    weights = {}
    for name, value in given.items():
        if name not in known:
            raise UsageError(f"{section}: {name!r}, {one_of(name, known)}")
        try:
            weights[name] = exact(value)
        except ValueError as error:
            raise UsageError(f"{section}: {name} weighs {value!r}, {error}") from None
    return weights


def _change(
    section: str, given: Weights, group: Mapping[str, object], default: Weights, along: Along, *, keep: Collection[str]
) -> Callable[[Weights], Weights]:
    """What makes of the weights of a set of siblings the new ones."""
    whole = _whole(section, given, group)
    if along == "odds":
        return _tilt(section, whole, default, keep)
    return lambda weights: _share_kept(section, weights, whole, keep)


def _whole(section: str, given: Weights, group: Mapping[str, object]) -> Weights:
    """The given weights on the scale of 1; what sums to nearly 1 sums to exactly 1."""
    total = sum(given.values(), Fraction(0))
    every = given.keys() == group.keys()
    if any(abs(total / whole - 1) <= NEAR for whole in (TOTALS if every else TOTALS[:1])):
        return {name: weight / total for name, weight in given.items()}
    most = max(given, key=given.__getitem__)
    if not every and given[most] > 1:
        raise UsageError(f"{section}: {most} weighs {_shown(given[most])}, must be at most 1")
    if every or total > 1:
        bound = "must be 1" if every else "must be at most 1"
        raise UsageError(f"{section}: weights of {', '.join(given)} sum to {_shown(total)}, {bound}")
    return given


def _share_kept(section: str, weights: Weights, given: Weights, keep: Collection[str]) -> Weights:
    """As `share`, where some of the others keep what they have."""
    return share(section, weights, {**given, **{name: weights[name] for name in weights if name in keep}})


def _tilt(section: str, given: Weights, default: Weights, keep: Collection[str]) -> Callable[[Weights], Weights]:
    """Move the odds of one node by the same factor, whatever it weighs."""
    if len(given) > 1:
        raise UsageError(f"{section}: {', '.join(given)} are siblings; along the odds only one of them can be given")
    ((name, target),) = given.items()
    start = default[name]
    if start in {0, 1}:
        raise UsageError(f"{section}: {name} weighs {start}, must lie between 0 and 1 to have odds that can change")

    def tilt(weights: Weights) -> Weights:
        # factor = up / down, left as two numbers so that a target of 0 or 1 needs no infinity
        up, down = target * (1 - start), (1 - target) * start
        for_it, against = up * weights[name], down * (1 - weights[name])
        if not for_it + against:  # it weighs all or nothing here, and does at any odds
            return weights
        return _share_kept(section, weights, {name: for_it / (for_it + against)}, keep)

    return tilt


def share(section: str, weights: Weights, given: Weights) -> Weights:
    """Weights of siblings in which some are given and the others share the rest in their proportions.

    Parameters
    ----------
    section : str
        For messages.
    weights : dict
        All siblings, summing to 1.
    given : dict
        Some of them, or all; at most 1 together.

    Returns
    -------
    dict
        As `weights`, summing to 1.

    Raises
    ------
    UsageError
        If the given weights sum to more than 1, or leave a rest and the others have no weight to share it by.
    """
    total = sum(given.values(), Fraction(0))
    if total > 1:
        raise UsageError(f"{section}: weights of {', '.join(given)} sum to {_shown(total)}, must be at most 1")
    rest = sum((weight for name, weight in weights.items() if name not in given), Fraction(0))
    if rest == 0 and total != 1:
        names, weigh = ", ".join(given), "weighs" if len(given) == 1 else "weigh"
        raise UsageError(f"{section}: {names} {weigh} {_shown(total)}, must be 1: its siblings have no weight to share")
    keep = (1 - total) / rest if rest else Fraction(0)
    return {name: given[name] if name in given else weight * keep for name, weight in weights.items()}


def _shown(weight: Fraction) -> str:
    return f"{float(weight):.12g}"

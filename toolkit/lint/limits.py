"""The most and the least that a quantity can be under a scheme, as far as the scheme alone tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.rules import parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from toolkit.rules import Component, Points, Windows
    from toolkit.scheme import Scale, Scheme

TOP = 100
WINDOWS = {"week": 54, "month": 12, "year": 1}
"""How many windows of a cap one calendar year can touch."""


def highest(of: str, scheme: Scheme, category: str | None = None) -> float | None:
    """The most that a quantity can be.

    Parameters
    ----------
    of : str
        As a rule names it. What the scheme lacks has no bound.
    scheme : Scheme
        Its scales, caps and bands are what bounds it.
    category : str, optional
        Of whom; of anybody by default.

    Returns
    -------
    float or None
        In the quantity's own unit (scores and indices 0-100, shares 0-1); None where the scheme sets no bound.
    """
    kind, part = parts(of)
    if kind == "members":
        return highest(part or "index", scheme)
    found: dict[str, Callable[[], float | None]] = {
        "score": lambda: _score(scheme, part, 1),
        "satisfaction": lambda: _satisfaction(scheme, 1),
        "points": lambda: _points(scheme, part, category),
        "index": lambda: _component(part, scheme) if part else TOP,
        "stars": lambda: float(max(map(int, scheme.stars.names), default=0)) if scheme.stars else None,
        "coverage": lambda: 1.0,
        "dissatisfied": lambda: 1.0,
    }
    return found[kind]() if kind in found else None


def lowest(of: str, scheme: Scheme) -> float | None:
    """The least that a quantity can be where it is known; parameters as for `highest`."""
    kind, part = parts(of)
    if kind == "members":
        return lowest(part or "index", scheme)
    if kind == "score":
        return _score(scheme, part, 0)
    if kind == "satisfaction":
        return _satisfaction(scheme, 0)
    if kind == "points" and scheme.points and not part:
        floor = scheme.points.floor
        return None if floor is None else min(floor, 0)  # a veto leaves 0, whatever the floor is
    known = {"coverage": 0, "dissatisfied": 0, "vetoes": 0, "stars": 0, "index": 0, "raters": 1}
    return None if part and kind == "index" else known.get(kind)


# ---------------------------------------------------------------------------------------------------------- scores


def _score(scheme: Scheme, source: str, end: int) -> float:
    """The least (0) or the most (1) of a score; what `adjusted` fills in knows no bound but those of all scores."""
    return (0, TOP)[end] if scheme.missing.rule == "adjusted" else (min, max)[end](_ends(_scales(scheme, source), end))


def _satisfaction(scheme: Scheme, end: int) -> float | None:
    return _ends([scheme.scales[scheme.satisfaction.scale]], end)[0] if scheme.satisfaction else None


def _scales(scheme: Scheme, source: str) -> list[Scale]:
    """Scales of the sources that make a score, those of all of them where `source` is none."""
    tree = scheme.source_tree
    node = tree.position.get(source, 0)
    leaves = [name for name in scheme.leaf_sources if node in tree.path(tree.position[name])]
    return [scheme.scales[scheme.leaf_sources[name].scale or ""] for name in leaves]


def _ends(scales: Iterable[Scale], end: int) -> list[float]:
    """The least (0) or the most (1) points that each scale gives."""
    return [(min, max)[end](_points_of(scale)) for scale in scales]


def _points_of(scale: Scale) -> list[float]:
    if scale.levels is not None:
        return [*scale.levels.values()]
    low, high = scale.low or 0.0, scale.high or 0.0
    return [TOP * low / high if scale.map == "share" and high else 0.0, TOP]


def _component(name: str, scheme: Scheme) -> float | None:
    """The most that a component of the index can be after it was normalised."""
    made = [part for part in (scheme.index, scheme.index.units if scheme.index else None) if part]
    tops = [_normalised(part.components[name], name, scheme) for part in made if name in part.components]
    return None if None in tops else max((top for top in tops if top is not None), default=None)


def _normalised(component: Component, name: str, scheme: Scheme) -> float | None:
    if component.normalise == "none":
        return highest(component.of or name, scheme)
    return TOP if component.capped or component.normalise in {"min-max", "percentile"} else None


# ---------------------------------------------------------------------------------------------------------- points


def _points(scheme: Scheme, dimension: str, category: str | None) -> float | None:
    """The most of a dimension, or of the balance, if every rule gives all that its caps leave."""
    points = scheme.points
    years = _years(scheme)
    if points is None or years is None:
        return None if points is None or dimension else points.ceiling
    if dimension:
        return _of_dimension(points, dimension, years)
    named = {rule.dimension for rule in points.rules.values()}
    tops = [_of_dimension(points, name, years) for name in named]
    if None in tops or points.carry >= 1:
        return points.ceiling
    bases = [points.bases.get(category, points.base)] if category else [points.base, *points.bases.values()]
    # what is carried over is a share of a balance that had the same bound
    balance = (max(bases) + sum(top for top in tops if top is not None)) / float(1 - points.carry)
    return balance if points.ceiling is None else min(balance, points.ceiling)


def _years(scheme: Scheme) -> int | None:
    """How many calendar years a period of points can touch, None where a round without days holds all events."""
    turns = [turn for turn in scheme.rounds.values() if turn.combine is None]
    first = [turn.start.year for turn in turns if turn.start]
    last = [turn.end.year for turn in turns if turn.end]
    if min(len(first), len(last)) < len(turns) or not turns:
        return None
    return 1 if scheme.points and scheme.points.period == "year" else max(last) - min(first) + 1


def _of_dimension(points: Points, dimension: str | None, years: int) -> float | None:
    rules = [rule for rule in points.rules.values() if rule.dimension == dimension and rule.points > 0]
    tops = [_most(rule.cap, years) for rule in rules]
    own = points.dimensions[dimension].cap if dimension in points.dimensions else {}
    total = None if None in tops else sum(top for top in tops if top is not None)
    return min((top for top in (total, _most(own, years)) if top is not None), default=None)


def _most(cap: Windows | Mapping[str, float], years: int) -> float | None:
    """What the caps of some windows leave in a period."""
    return min((most * WINDOWS[window] * years for window, most in cap.items()), default=None)

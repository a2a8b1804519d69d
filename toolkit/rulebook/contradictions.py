"""What is wrong between the parts of a scheme, each of which is well formed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolkit.faults import one_of
from toolkit.files import NAMES_A_FOLDER, names_a_folder
from toolkit.rulebook.findings import in_order, lacking, share, total, unknown, unknown_keys
from toolkit.rulebook.mentions import compositions, misnamed
from toolkit.rulebook.thresholds import misplaced
from toolkit.rules import STEPS
from toolkit.scheme import siblings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction

    from toolkit.rulebook.findings import Finding, Path
    from toolkit.rules import Composition, Multiplier, Points
    from toolkit.scheme import Category, Round, Scheme


def contradictions(scheme: Scheme) -> Iterator[Finding]:
    """Everything that is wrong between the parts of a scheme, in the order of its sections but for what is shared."""
    names = [
        *_names(("sources",), scheme.sources, scheme.source_tree.names[0]),
        *_names(("indicators",), scheme.indicators, scheme.indicator_tree.names[0]),
    ]
    yield from names
    yield from _sums(("sources",), scheme.sources)
    yield from _sums(("indicators",), scheme.indicators)
    yield from _source_rules(scheme)
    yield from _indicator_rules(scheme)
    for name, category in scheme.categories.items():
        if not names:  # else a name means two things
            yield from _override(("categories", name, "sources"), category.sources, scheme.sources)
            yield from _override(("categories", name, "indicators"), category.indicators, scheme.indicators)
        yield from _index_override(("categories", name, "index"), category, scheme)
    yield from _ballot_rules(scheme)
    yield from _round_rules(scheme)
    yield from share(("missing", "min_coverage"), scheme.missing.min_coverage)
    yield from _point_rules(scheme)
    yield from _satisfaction_rules(scheme)
    for path, made in compositions(scheme):
        yield from _index_rules(path, made, scheme)
    yield from misplaced(scheme)
    yield from misnamed(scheme)


# ----------------------------------------------------------------------------------------------- sources, indicators


def _walk(path: Path, nodes: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Every node of a tree with its place in the document, parents first."""
    for name, node in nodes.items():
        yield (*path, name), node
        yield from _walk((*path, name, "items"), node.items)


def _names(path: Path, nodes: Mapping[str, Any], root: str) -> Iterator[Finding]:
    """Names stand in tables as they are, so a tree cannot hold one twice, nor that of its root."""
    seen: set[str] = set()
    for place, _ in _walk(path, nodes):
        name = place[-1]
        if name == root:
            yield place, name, "is the name of all indicators together; must be another name"
        elif name in seen:
            yield place, name, "stands twice in the tree; every name must be its own"
        seen.add(name)


def _sums(path: Path, nodes: Mapping[str, Any]) -> Iterator[Finding]:
    yield from total(path, {name: node.weight for name, node in nodes.items()})
    for name, node in nodes.items():
        if node.items:
            yield from _sums((*path, name, "items"), node.items)


def _override(path: Path, override: Mapping[str, Fraction], nodes: Mapping[str, Any]) -> Iterator[Finding]:
    groups = list(siblings(nodes))
    yield from unknown_keys(path, override, [name for group in groups for name in group])
    for group in groups:
        if not set(group) & set(override):
            continue
        # a sibling that the override does not name weighs nothing in this category
        yield from total(path, {name: override[name] for name in group if name in override})


def _source_rules(scheme: Scheme) -> Iterator[Finding]:
    for path, node in _walk(("sources",), scheme.sources):
        if node.items:
            continue
        source = scheme.leaf_sources[path[-1]]
        if source.scale is None:
            yield path, "", "must name a scale: " + ", ".join(scheme.scales)
        elif source.scale not in scheme.scales:
            yield (*path, "scale"), source.scale, one_of(source.scale, scheme.scales, "a scale")
        if source.trim and source.average == "median":
            yield (*path, "trim"), "", "must not stand beside average: median; a median needs no trimming"
        leaf = list(scheme.leaf_sources).index(path[-1])
        if not scheme.asked[leaf].any():
            yield path, path[-1], "must be asked at least one indicator"


def _indicator_rules(scheme: Scheme) -> Iterator[Finding]:
    known = scheme.source_tree.names[1:]
    for path, node in _walk(("indicators",), scheme.indicators):
        yield from unknown((*path, "sources"), node.sources, known, "a source")
        if node.sources is not None and not node.sources:
            yield (*path, "sources"), "", "must name at least one source, or be left out"


def _ballot_rules(scheme: Scheme) -> Iterator[Finding]:
    yield from unknown_keys(("ballots",), scheme.ballots, scheme.source_tree.names[1:], "a source")
    for name, rules in scheme.ballots.items():
        path: Path = ("ballots", name)
        for place, quorum in enumerate(rules.quorum):
            at = (*path, "quorum", str(place))
            yield from share((*at, "min"), quorum.min)
            if STEPS.index(quorum.over) >= STEPS.index(quorum.of):
                yield (*at, "over"), quorum.over, f"must be a step before {quorum.of}: {', '.join(STEPS)}"
        below = [leaf for leaf, held in scheme.ballot_rules.items() if held is rules]
        scales = [scheme.scales.get(scheme.leaf_sources[leaf].scale or "") for leaf in below]
        levels = [level for scale in scales if scale for level in scale.levels or {}]
        for place, limit in enumerate(rules.limits):
            at = (*path, "limits", str(place))
            yield from unknown((*at, "indicator"), [limit.indicator], scheme.indicator_tree.names, "an indicator")
            yield from unknown((*at, "levels"), limit.levels, levels, f"a level of {name}")
            yield from lacking((*at, "levels"), limit.levels)


# ------------------------------------------------------------------------------------------------------------ rounds


def _round_rules(scheme: Scheme) -> Iterator[Finding]:
    plain = [name for name, turn in scheme.rounds.items() if turn.combine is None]
    if not plain:
        yield ("rounds",), "", "must hold at least one round that is not a combination"
    for name, turn in scheme.rounds.items():
        path: Path = ("rounds", name)
        if not names_a_folder(name):
            yield path, name, NAMES_A_FOLDER
        yield from _days(path, turn)
        if turn.combine is not None:
            yield from unknown((*path, "combine"), turn.combine, plain, "a round that is no combination")
            yield from total((*path, "combine"), turn.combine)


def _days(path: Path, turn: Round) -> Iterator[Finding]:
    """Nothing is due, and nobody told, before a round begins."""
    yield from in_order(path, turn.start, turn.end)
    for key, day in (("due", turn.due), ("feedback", turn.feedback)):
        if turn.start and day and day < turn.start:
            yield (*path, key), str(day), f"must not be before from: {turn.start}"


# --------------------------------------------------------------------------------------- points, satisfaction, index


def _point_rules(scheme: Scheme) -> Iterator[Finding]:
    points = scheme.points
    if points is None:
        return
    if not points.rules:
        yield ("points", "rules"), "", "must hold at least one rule"
    for name, rule in points.rules.items():
        asked = [rule.dimension] if rule.dimension is not None else []
        yield from unknown(("points", "rules", name, "dimension"), asked, points.dimensions, "a dimension")
    yield from unknown_keys(("points", "bases"), points.bases, scheme.categories, "a category")
    yield from share(("points", "carry"), points.carry)
    if points.floor is not None and points.ceiling is not None and points.floor > points.ceiling:
        yield ("points", "floor"), f"{points.floor:g}", f"must not be above ceiling: {points.ceiling:g}"
    for place, multiplier in enumerate(points.multipliers):
        yield from _multiplier(("points", "multipliers", str(place)), multiplier, points, scheme)


def _multiplier(path: Path, multiplier: Multiplier, points: Points, scheme: Scheme) -> Iterator[Finding]:
    for key, names, known, what in (
        ("rules", multiplier.rules, [*points.rules], "a rule of points"),
        ("categories", multiplier.categories, [*scheme.categories], "a category"),
    ):
        yield from unknown((*path, key), names, known, what)
        yield from lacking((*path, key), names)
    yield from in_order(path, multiplier.start, multiplier.end)


def _satisfaction_rules(scheme: Scheme) -> Iterator[Finding]:
    rules, path = scheme.satisfaction, ("satisfaction",)
    if rules is None:
        return
    scale = scheme.scales.get(rules.scale)
    yield from unknown((*path, "scale"), [rules.scale], scheme.scales, "a scale")
    if scale and scale.levels is None:
        yield (*path, "scale"), rules.scale, "must be a scale of levels"
    elif scale:
        yield from unknown((*path, "dissatisfied"), rules.dissatisfied, scale.levels or {}, "a level")
    yield from total((*path, "panels"), {name: panel.weight for name, panel in rules.panels.items()})
    yield from unknown((*path, "exempt"), rules.exempt, scheme.categories, "a category")


def _index_rules(path: Path, made: Composition, scheme: Scheme) -> Iterator[Finding]:
    weights = {name: part.weight for name, part in made.components.items()}
    if not weights:
        yield (*path, "components"), "", "must hold at least one component"
    yield from total((*path, "components"), weights)
    if made.mean == "mpi" and len(set(weights.values())) > 1:
        yield (*path, "components"), "", "weights must be the same, or not be there, for mean: mpi"
    if made.mean != "arithmetic" and scheme.missing.rule == "adjusted":
        # the gap between components is a difference, which no other mean leaves as it is
        yield (*path, "mean"), made.mean, "must be arithmetic where missing: adjusted"


def _index_override(path: Path, category: Category, scheme: Scheme) -> Iterator[Finding]:
    """Weights of a category replace those of the components."""
    if not category.index:
        return
    if scheme.index is None:
        yield path, "", "needs a section index"
        return
    parts = [made for _, made in compositions(scheme)]
    known = [name for made in parts for name in made.components]
    if not known:
        return  # which is a fault of the index
    yield from unknown_keys(path, category.index, known, "a component")
    for made in parts if set(category.index) <= set(known) else ():
        given = {name: weight for name, weight in category.index.items() if name in made.components}
        yield from total(path, given)
        if made.mean == "mpi" and len({given.get(name) for name in made.components}) > 1 and given:
            yield path, "", "weights must be the same for all components, for mean: mpi"

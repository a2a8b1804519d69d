"""From the text of scheme.yaml to the scheme of every round, or to everything that is wrong with it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.scalarfloat import ScalarFloat

from toolkit import scheme as rules
from toolkit.faults import Fault, one_of
from toolkit.scheme import Scheme, siblings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from fractions import Fraction

Document = dict[str, Any]
Finding = tuple[tuple[str, ...], str, str]
"""Path in the document, value found, what was expected."""
PASSES = 1e-9
"""Tolerance of a sum of weights."""


def read_rulebook(read: Callable[[str], str], file: str = "scheme.yaml") -> tuple[dict[str, Scheme], list[Fault]]:
    """Read the scheme of every round.

    Parameters
    ----------
    read : callable
        Returns the text of a file of the study folder, by name; raises `OSError` where there is none.
    file : str
        Name of the scheme's file.

    Returns
    -------
    schemes : dict
        Scheme of each round, in the order of the file; empty where the file cannot be used at all.
    faults : list of Fault
        All that is wrong, with the line of the file.
    """
    base, faults = _document(read, file)
    scheme, found = _scheme(base, file) if base else (None, [])
    faults += found
    schemes: dict[str, Scheme] = {}
    for name, turn in (scheme.rounds if scheme else {}).items():
        schemes[name] = scheme  # type: ignore[assignment]
        if turn.scheme:
            changes, found = _document(read, turn.scheme)
            faults += found
            if "rounds" in changes:
                faults.append(Fault(turn.scheme, _line(changes, ("rounds",)), "rounds", "", "must stand in scheme.yaml"))
            own, found = _scheme({**base, **changes, "rounds": base["rounds"]}, turn.scheme)
            faults += [fault for fault in found if fault.column.partition(".")[0] in changes]
            schemes[name] = own or schemes[name]
    return schemes, faults


def _document(read: Callable[[str], str], file: str) -> tuple[Document, list[Fault]]:
    try:
        document = YAML(typ="rt").load(read(file))
    except OSError as error:
        return {}, [Fault(file, None, "", "", f"must be there and readable: {error.strerror or error}")]
    except UnicodeDecodeError:
        return {}, [Fault(file, None, "", "", "must be UTF-8 text")]
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(str(error.problem or error.context).split())
        return {}, [Fault(file, mark.line + 1 if mark else None, "", "", f"must be YAML: {problem}")]
    except ValueError as error:
        return {}, [Fault(file, None, "", "", f"must be YAML: {error}")]
    if not isinstance(document, dict):
        return {}, [Fault(file, 1, "", "", "must be a YAML mapping that begins with title: ...")]
    return document, []


def _scheme(document: Document, file: str) -> tuple[Scheme | None, list[Fault]]:
    try:
        scheme = Scheme.model_validate(_plain(document))
    except ValidationError as error:
        found = [_finding(detail, document) for detail in error.errors()]
        return None, [_fault(document, file, finding) for finding in found]
    return scheme, [_fault(document, file, finding) for finding in _contradictions(scheme)]


def _plain(value: object) -> object:
    """ruamel's nodes as plain Python values; numbers keep what was written (0.30 stays 0.3, not a binary fraction)."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, ScalarFloat):
        return float(value)
    if isinstance(value, dt.datetime):
        return value.date() if value.time() == dt.time() else str(value)
    return value


def _finding(detail: Any, document: Document) -> Finding:  # noqa: ANN401  (a TypedDict of pydantic's own)
    path = tuple(str(part) for part in detail["loc"] if part not in {"str", "[key]"} and "[" not in str(part))
    if detail["type"] == "extra_forbidden":
        names = {
            field.alias or name
            for model in vars(rules).values()
            if isinstance(model, type) and issubclass(model, BaseModel)
            for name, field in model.model_fields.items()
        }
        return path, path[-1], "unknown key; " + one_of(path[-1], sorted(names))
    message = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] == "missing":
        return path, "", "must be given"
    value = detail["input"]
    message = message.replace("Input should be", "must be")
    return path, "" if isinstance(value, dict | list | BaseModel) else str(value), message


def _line(document: object, path: tuple[str, ...]) -> int | None:
    """Line of the deepest part of `path` that the document has."""
    line = None
    for part in path:
        if not isinstance(document, dict):
            break
        key = next((key for key in document if str(key) == part), None)
        if key is None:
            break
        marks = getattr(getattr(document, "lc", None), "data", None) or {}
        line = marks[key][0] + 1 if key in marks else line
        document = document[key]
    return line


def _fault(document: Document, file: str, finding: Finding) -> Fault:
    path, value, expected = finding
    return Fault(file, _line(document, path), ".".join(path), value, expected)


def _contradictions(scheme: Scheme) -> Iterator[Finding]:
    """What is wrong between the parts of a scheme."""
    yield from _names(scheme)
    yield from _sums(("sources",), scheme.sources)
    yield from _sums(("indicators",), scheme.indicators)
    yield from _source_rules(scheme)
    yield from _indicator_rules(scheme)
    for name, category in scheme.categories.items():
        yield from _override(("categories", name, "sources"), category.sources, scheme.sources)
        yield from _override(("categories", name, "indicators"), category.indicators, scheme.indicators)
    yield from _round_rules(scheme)
    yield from _grade_rules(scheme)


def _names(scheme: Scheme) -> Iterator[Finding]:
    """Names stand in tables as they are, so a tree cannot hold one twice, nor one that means something else."""
    for part, tree in (("sources", scheme.source_tree), ("indicators", scheme.indicator_tree)):
        for name in sorted({name for name in tree.names if tree.names.count(name) > 1}):
            expected = "is the name of the root" if name == tree.names[0] else "stands twice in the tree"
            yield (part,), name, f"{expected}; every name must be its own"


def _total(path: tuple[str, ...], weights: Mapping[str, Fraction | None]) -> Iterator[Finding]:
    given = {name: weight for name, weight in weights.items() if weight is not None}
    if not given:
        return
    silent = [name for name in weights if name not in given]
    if silent:
        yield path, "", f"weights: {', '.join(silent)} must have a weight too, or none of the siblings"
        return
    total = sum(given.values())
    if min(abs(total - 1), abs(total - 100)) > PASSES:
        yield path, "", f"weights of {', '.join(given)} sum to {float(total):.10g}, must be 1 (or 100)"


def _sums(path: tuple[str, ...], nodes: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _total(path, {name: node.weight for name, node in nodes.items()})
    for name, node in nodes.items():
        if node.items:
            yield from _sums((*path, name, "items"), node.items)


def _override(path: tuple[str, ...], override: Mapping[str, Fraction], nodes: Mapping[str, Any]) -> Iterator[Finding]:
    groups = list(siblings(nodes))
    known = [name for group in groups for name in group]
    for name in override:
        if name not in known:
            yield (*path, name), name, one_of(name, known)
    for group in groups:
        if not set(group) & set(override):
            continue
        # a sibling that the override does not name weighs nothing in this category
        yield from _total(path, {name: override[name] for name in group if name in override})


def _source_rules(scheme: Scheme) -> Iterator[Finding]:
    for name, source in scheme.leaf_sources.items():
        path = ("sources", *_path(scheme.source_tree.names, scheme.source_tree.parents, name))
        if source.scale is None:
            yield path, "", "must name a scale: " + ", ".join(scheme.scales)
        elif source.scale not in scheme.scales:
            yield (*path, "scale"), source.scale, one_of(source.scale, scheme.scales)
        if source.trim and source.average == "median":
            yield (*path, "trim"), "", "must not stand beside average: median; a median needs no trimming"


def _path(names: tuple[str, ...], parents: tuple[int, ...], name: str) -> list[str]:
    """Keys that lead to a node of a tree in the document."""
    keys = [name]
    place = parents[names.index(name)]
    while place > 0:
        keys = [names[place], "items", *keys]
        place = parents[place]
    return keys


def _indicator_rules(scheme: Scheme) -> Iterator[Finding]:
    tree, sources = scheme.indicator_tree, scheme.source_tree.names[1:]
    known = True
    for name in tree.names[1:]:
        for source in scheme.indicator(name).sources or []:
            if source not in sources:
                known = False
                path = ("indicators", *_path(tree.names, tree.parents, name), "sources")
                yield path, source, one_of(source, sources)
    if known:
        for place, name in enumerate(scheme.source_tree.names[i] for i in scheme.source_tree.leaves):
            if not scheme.asked[place].any():
                yield ("sources", name), "", "must be asked at least one indicator"


def _round_rules(scheme: Scheme) -> Iterator[Finding]:
    plain = [name for name, turn in scheme.rounds.items() if turn.combine is None]
    if not plain:
        yield ("rounds",), "", "must hold at least one round that is not a combination"
    for name, turn in scheme.rounds.items():
        path = ("rounds", name)
        if turn.start and turn.end and turn.start > turn.end:
            yield (*path, "from"), str(turn.start), f"must not be after to: {turn.end}"
        if turn.combine is None:
            continue
        for part in turn.combine:
            if part not in plain:
                yield (*path, "combine"), part, one_of(part, plain, "a plain round")
        yield from _total((*path, "combine"), turn.combine)


def _grade_rules(scheme: Scheme) -> Iterator[Finding]:
    if scheme.missing.min_coverage > 1:
        coverage = float(scheme.missing.min_coverage)
        yield ("missing", "min_coverage"), f"{coverage:g}", "must be a share from 0 to 1"
    if scheme.grades is None:
        return
    bands = scheme.grades.bands
    cuts = list(bands.values())
    if len(set(cuts)) < len(cuts):
        yield ("grades", "bands"), "", "two bands begin at the same cut"
    if bands and min(cuts) > 0:
        yield ("grades", "bands"), f"{min(cuts):g}", "the lowest band must begin at 0, or low scores have no grade"
    lowest = min(bands, key=bands.__getitem__) if bands else ""
    for name, quota in scheme.grades.quota.items():
        path = ("grades", "quota", name)
        if name not in bands:
            yield path, name, one_of(name, bands, "a band")
        elif name == lowest:
            yield path, name, "must not limit the lowest band: there is no grade below it"
        if quota.max > 1:
            yield (*path, "max"), f"{float(quota.max):g}", "must be a share from 0 to 1"



"""From the text of scheme.yaml to the scheme of every round, or to everything that is wrong with it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.scalarfloat import ScalarFloat

from toolkit.faults import Fault, one_of
from toolkit.files import NAMES_A_FOLDER, names_a_folder
from toolkit.scheme import Scheme, siblings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from fractions import Fraction

Document = dict[str, Any]
Path = tuple[str, ...]
Finding = tuple[Path, str, str]
"""Path in the document, value found, what was expected."""
PASSES = 1e-9
"""Tolerance of a sum of weights."""
POINTS = 100
CUT = object()
EXPECTED = {
    "missing": "must be given",
    "model_type": "must be a mapping (key: value)",
    "dict_type": "must be a mapping (key: value)",
    "list_type": "must be a list: [a, b]",
    "string_type": "must be a text",
    "string_pattern_mismatch": "must be the name of a file beside scheme.yaml",
    "float": "must be a number",
    "int": "must be a whole number",
}
"""What pydantic says in other words."""


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
        Scheme of each round, in the order of the file. Where there are faults these are good for checking tables, and
        for nothing else; empty where the file cannot be used at all.
    faults : list of Fault
        All that is wrong, with the line of the file.
    """
    base, faults = _document(read, file)
    scheme, findings = _scheme(base) if base else (None, [])
    faults += [_fault(base, file, finding) for finding in findings]
    schemes: dict[str, Scheme] = {}
    for name, turn in (scheme.rounds if scheme else {}).items():
        own = None
        if turn.scheme:
            own, found = _own_scheme(read, turn.scheme, base, findings)
            faults += found
        schemes[name] = own or scheme  # type: ignore[assignment]
    order = {turn.scheme: place for place, turn in enumerate(scheme.rounds.values(), start=1)} if scheme else {}
    return schemes, sorted(dict.fromkeys(faults), key=lambda fault: (order.get(fault.file, 0), fault.row or 0))


def _own_scheme(
    read: Callable[[str], str], file: str, base: Document, known: list[Finding]
) -> tuple[Scheme | None, list[Fault]]:
    """The scheme of a round that has a file of its own, and what is wrong beyond the faults `known` of scheme.yaml."""
    changes, faults = _document(read, file)
    if not changes:
        return None, faults
    if "rounds" in changes:
        faults.append(Fault(file, _line(changes, ("rounds",)), "rounds", "", "must stand in scheme.yaml alone"))
    scheme, findings = _scheme({**base, **changes, "rounds": base["rounds"]})
    for finding in findings:
        path, value, expected = finding
        if path[0] in changes:
            faults.append(_fault(changes, file, finding))
        elif finding not in known:
            faults.append(
                Fault(file, None, ".".join(path), value, f"{expected} (in scheme.yaml, which this file changes)")
            )
    return scheme, faults


def _document(read: Callable[[str], str], file: str) -> tuple[Document, list[Fault]]:
    try:
        text = read(file)
        faults = [
            Fault(file, line, ".".join(path), path[-1], "key must not be there twice")
            for path, line in _twice(YAML().compose(text), ())
        ]
        yaml = YAML(typ="rt")
        yaml.Constructor = _Constructor
        yaml.allow_duplicate_keys = True
        document = yaml.load(text)
    except OSError as error:
        return {}, [Fault(file, None, "", "", f"must be there and readable: {error.strerror or error}")]
    except UnicodeDecodeError:
        return {}, [Fault(file, None, "", "", "must be saved as UTF-8 text")]
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(str(error.problem or error.context).split())
        return {}, [Fault(file, mark.line + 1 if mark else None, "", "", f"must be YAML: {problem}")]
    except (YAMLError, ValueError, TypeError, RecursionError) as error:
        return {}, [Fault(file, None, "", "", f"must be YAML: {' '.join(str(error).split())}")]
    if not isinstance(document, dict):
        return {}, [Fault(file, 1, "", "", "must be a YAML mapping that begins with title: ...")]
    return document, faults


class _Constructor(RoundTripConstructor):
    """Leaves dates as they were written: 2026-06-31 is a fault of its line, not of the whole file."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_scalar)


def _twice(node: object, path: Path) -> Iterator[tuple[Path, int]]:
    """Keys that stand twice in a mapping, with their lines."""
    if isinstance(node, SequenceNode):
        for item in node.value:
            yield from _twice(item, path)
    if isinstance(node, MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value) if isinstance(key, ScalarNode) else ""
            if name in seen:
                yield (*path, name), key.start_mark.line + 1
            seen.add(name)
            yield from _twice(value, (*path, name))


def _scheme(document: Document) -> tuple[Scheme | None, list[Finding]]:
    plain = _plain(document)
    try:
        scheme = Scheme.model_validate(plain)
    except ValidationError as error:
        details = error.errors()
    else:
        return scheme, list(_contradictions(scheme))
    findings = {_path(detail): _finding(detail) for detail in reversed(details)}  # of a union the first reason
    for path, (_, _, expected) in list(findings.items()):
        meant = expected.partition("(nearest: ")[2].removesuffix(")")
        if (
            expected.startswith("unknown key")
            and findings.get((*path[:-1], meant), ("", "", ""))[2] == EXPECTED["missing"]
        ):
            del findings[*path[:-1], meant]  # it is there, only misspelt
    mended = _mended(plain, details)
    follow = [finding for finding in _contradictions(mended) if not _follows(finding, findings)] if mended else []
    return mended, [*reversed(findings.values()), *follow]


def _mended(document: Any, details: list[Any]) -> Scheme | None:  # noqa: ANN401  (whatever stands in the file)
    """A scheme for checking the tables all the same.

    What is wrong gives way to an empty mapping, to 0, or is cut out, in this order: a name stays known while it can.
    """
    document = copy.deepcopy(document)
    for stand_in in ({}, 0, CUT, CUT, CUT):
        for detail in details:
            path = _path(detail)
            if detail["type"] == "missing" and len(path) > 1:
                _put(document, path[:-1], CUT)
            else:
                _put(document, path, CUT if detail["type"] == "extra_forbidden" else stand_in)
        try:
            return Scheme.model_validate(document)
        except ValidationError as error:
            details = error.errors()
    return None


def _put(document: Any, path: Path, value: object) -> None:  # noqa: ANN401  (whatever stands in the file)
    for part in path[:-1]:
        if not isinstance(document.get(part), dict):
            path = (part,)
            break
        document = document[part]
    if value is CUT:
        document.pop(path[-1], None)
    else:
        document[path[-1]] = value


def _follows(finding: Finding, findings: Mapping[Path, Finding]) -> bool:
    """Whether a contradiction may follow from a part that had to give way."""
    path, value, _ = finding
    return any(path == wrong[: len(path)] or wrong == path[: len(wrong)] or value in wrong for wrong in findings)


def _plain(value: object) -> Any:  # noqa: ANN401  (whatever stands in the file)
    """Nodes of the YAML document as plain Python values, with text as keys."""
    if isinstance(value, dict):
        return {str(key).lower() if isinstance(key, bool) else str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, ScalarFloat):
        return float(value)
    return value


def _path(detail: Any) -> Path:  # noqa: ANN401  (a TypedDict of pydantic's own)
    """Where the document is wrong, without what pydantic adds for keys and for the kinds of a label."""
    place = tuple(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return place
    return tuple(part for part in place if part not in {"str", "[key]"} and not part.startswith("dict["))


def _finding(detail: Any) -> Finding:  # noqa: ANN401  (a TypedDict of pydantic's own)
    path, kind = _path(detail), str(detail["type"]).removesuffix("_parsing")
    if kind == "extra_forbidden":
        return path, path[-1], "unknown key; " + one_of(path[-1], _keys(path[:-1]))
    value = "" if isinstance(detail["input"], dict | list | BaseModel) else str(detail["input"])
    said = str(detail["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    return path, value, EXPECTED.get(kind, said)


def _keys(path: Path) -> list[str]:
    """The keys that the part of a scheme at `path` may have."""
    model: type[BaseModel] = Scheme
    for part in path:
        for name, field in model.model_fields.items():
            inner = _model(field.annotation) if part == (field.alias or name) else None
            model = inner or model
            if inner:
                break
    return [field.alias or name for name, field in model.model_fields.items()]


def _model(annotation: object) -> type[BaseModel] | None:
    """The model in an annotation such as `dict[Name, Source]` or `Trim | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model, get_args(annotation))), None)


def _line(document: object, path: Path) -> int | None:
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
    names = [
        *_names(("sources",), scheme.sources, scheme.source_tree.names[0]),
        *_names(("indicators",), scheme.indicators, scheme.indicator_tree.names[0]),
    ]
    yield from names
    yield from _sums(("sources",), scheme.sources)
    yield from _sums(("indicators",), scheme.indicators)
    yield from _source_rules(scheme)
    yield from _indicator_rules(scheme)
    for name, category in scheme.categories.items() if not names else ():  # else a name means two things
        yield from _override(("categories", name, "sources"), category.sources, scheme.sources)
        yield from _override(("categories", name, "indicators"), category.indicators, scheme.indicators)
    yield from _round_rules(scheme)
    yield from _grade_rules(scheme)


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


def _total(path: Path, weights: Mapping[str, Fraction | None]) -> Iterator[Finding]:
    given = {name: weight for name, weight in weights.items() if weight is not None}
    if not given:
        return
    silent = [name for name in weights if name not in given]
    if silent:
        yield path, "", f"weights: {', '.join(silent)} must have a weight too, or none of the siblings"
        return
    total = float(sum(given.values()))
    if min(abs(total - 1), abs(total - 100)) > PASSES:
        yield path, "", f"weights of {', '.join(given)} sum to {total:.10g}, must be 1 (or 100)"


def _sums(path: Path, nodes: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _total(path, {name: node.weight for name, node in nodes.items()})
    for name, node in nodes.items():
        if node.items:
            yield from _sums((*path, name, "items"), node.items)


def _override(path: Path, override: Mapping[str, Fraction], nodes: Mapping[str, Any]) -> Iterator[Finding]:
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
        for source in node.sources or []:
            if source not in known:
                yield (*path, "sources"), source, one_of(source, known, "a source")
        if node.sources is not None and not node.sources:
            yield (*path, "sources"), "", "must name at least one source, or be left out"


def _round_rules(scheme: Scheme) -> Iterator[Finding]:
    plain = [name for name, turn in scheme.rounds.items() if turn.combine is None]
    if not plain:
        yield ("rounds",), "", "must hold at least one round that is not a combination"
    for name, turn in scheme.rounds.items():
        path: Path = ("rounds", name)
        if not names_a_folder(name):
            yield path, name, NAMES_A_FOLDER
        if turn.start and turn.end and turn.start > turn.end:
            yield (*path, "from"), str(turn.start), f"must not be after to: {turn.end}"
        if turn.combine is None:
            continue
        for part in turn.combine:
            if part not in plain:
                yield (*path, "combine"), part, one_of(part, plain, "a round that is no combination")
        yield from _total((*path, "combine"), turn.combine)


def _grade_rules(scheme: Scheme) -> Iterator[Finding]:
    if scheme.missing.min_coverage > 1:
        coverage = float(scheme.missing.min_coverage)
        yield ("missing", "min_coverage"), f"{coverage:g}", "must be a share from 0 to 1"
    if scheme.grades is None:
        return
    bands = scheme.grades.cuts
    yield from _band_rules(bands)
    lowest = min(bands, key=bands.__getitem__, default="")
    for name, quota in scheme.grades.quota.items():
        path = ("grades", "quota", name)
        if name not in bands:
            yield path, name, one_of(name, bands, "a band")
        elif name == lowest:
            yield path, name, "must not be the lowest band: there is no grade below it"
        if quota.max > 1:
            yield (*path, "max"), f"{float(quota.max):g}", "must be a share from 0 to 1"


def _band_rules(bands: Mapping[str, float]) -> Iterator[Finding]:
    path = ("grades", "bands")
    if not bands:
        yield path, "", "must hold at least one grade"
    begun: dict[float, str] = {}
    for name, cut in bands.items():
        if not 0 <= cut <= POINTS:
            yield (*path, name), f"{cut:g}", "must lie within 0-100"
        if begun.setdefault(cut, name) != name:
            yield path, f"{cut:g}", f"must not be the beginning of both {begun[cut]} and {name}"
    if bands and min(bands.values()) > 0:
        yield path, f"{min(bands.values()):g}", "must be 0 for the lowest band, or low scores have no grade"

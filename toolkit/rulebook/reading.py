"""From the text of scheme.yaml to the scheme of every round, or to everything that is wrong with it."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.scalarfloat import ScalarFloat

from toolkit.faults import Fault, one_of
from toolkit.files import WIDE, WIDE_NUMBER
from toolkit.rulebook.contradictions import contradictions
from toolkit.scheme import Scheme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from toolkit.rulebook.findings import Finding, Path

Document = dict[str, Any]
CUT = object()
WIDE_MARK = re.compile(r"""\s*(- +)?[^\s:：'"]+：|[^'"]*[｛［]|[^'"]*[{\[][^'"]*[，｝］]""")
"""A row in which a full-width mark stands where YAML asks for its own."""
EXPECTED = {
    "missing": "must be given",
    "model_type": "must be a mapping (key: value)",
    "dict_type": "must be a mapping (key: value)",
    "list_type": "must be a list: [a, b]",
    "too_short": "must not be empty",
    "bool": "must be true or false",
    "bool_type": "must be true or false",
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
    changes, faults = _document(read, file, "must be a YAML mapping of the sections that it changes")
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


def _document(
    read: Callable[[str], str], file: str, must: str = "must be a YAML mapping that begins with title: ..."
) -> tuple[Document, list[Fault]]:
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
        line, hint = _spoilt(text, mark.line) if mark else (None, "")
        return {}, [Fault(file, line, "", "", f"must be YAML: {problem}{hint}")]
    except (YAMLError, ValueError, TypeError, RecursionError) as error:
        return {}, [Fault(file, None, "", "", f"must be YAML: {' '.join(str(error).split())}")]
    if not isinstance(document, dict):
        return {}, [Fault(file, 1, "", "", must)]
    return document, faults


def _spoilt(text: str, line: int) -> tuple[int, str]:
    """The row that keeps a text from being YAML, and why; it is seen at `line`, or only at the one after it."""
    rows = text.splitlines()
    for place in (line, line - 1):
        row = rows[place].partition(" #")[0] if 0 <= place < len(rows) else ""
        if "\t" in row[: len(row) - len(row.lstrip())]:
            return place + 1, "; indent by blanks, not by tabs"
        if WIDE_MARK.match(row):
            return place + 1, "; a full-width mark stands here, which is none to YAML: write : , { } [ ]"
    return line + 1, ""


class _Constructor(RoundTripConstructor):
    """Leaves dates as they were written: 2026-06-31 is a fault of its line, not of the whole file."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_scalar)


def _twice(node: object, path: Path) -> Iterator[tuple[Path, int]]:
    """Keys that stand twice in a mapping, with their lines."""
    if isinstance(node, SequenceNode):
        for place, item in enumerate(node.value):
            yield from _twice(item, (*path, str(place)))
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
        return scheme, list(contradictions(scheme))
    findings = {_path(detail): _finding(detail) for detail in reversed(details)}  # of a union the first reason
    for path, (_, _, expected) in list(findings.items()):
        meant = (*path[:-1], _meant(expected))
        if expected.startswith("unknown key") and findings.get(meant, ("", "", ""))[2] == EXPECTED["missing"]:
            del findings[meant]  # it is there, only misspelt
    mended = _mended(plain, details)
    follow = [finding for finding in contradictions(mended) if not _follows(finding, findings)] if mended else []
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
            elif detail["type"] == "extra_forbidden":
                _rename(document, path)
            else:
                _put(document, path, stand_in)
        document = _cut(document)
        try:
            return Scheme.model_validate(document)
        except ValidationError as error:
            details = error.errors()
    return None


def _rename(document: Any, path: Path) -> None:  # noqa: ANN401  (whatever stands in the file)
    """Cut out an unknown key; if it is only misspelt, what it holds stays under its right name."""
    holder = document
    for part in path[:-1]:
        holder = holder[int(part)] if isinstance(holder, list) else holder.get(part, {})
    meant = _meant(_finding_of_key(path)[2])
    if isinstance(holder, dict) and meant and meant not in holder:
        holder[meant] = holder.get(path[-1])
    _put(document, path, CUT)


def _put(document: Any, path: Path, value: object) -> None:  # noqa: ANN401  (whatever stands in the file)
    for depth, part in enumerate(path, start=1):
        key: Any = int(part) if isinstance(document, list) else part
        inner = document[key] if isinstance(document, list) else document.get(key)
        if depth == len(path) or not isinstance(inner, dict | list):
            document[key] = value
            return
        document = inner


def _cut(document: Any) -> Any:  # noqa: ANN401  (whatever stands in the file)
    """A document without what is marked to be cut out; until then an item of a list keeps its place."""
    if isinstance(document, dict):
        return {key: _cut(item) for key, item in document.items() if item is not CUT}
    return [_cut(item) for item in document if item is not CUT] if isinstance(document, list) else document


def _follows(finding: Finding, findings: Mapping[Path, Finding]) -> bool:
    """Whether a contradiction may follow from a part that had to give way."""
    path, value, expected = finding
    causes = {value, expected.removeprefix("needs a section ")}
    return any(path == wrong[: len(path)] or wrong == path[: len(wrong)] or causes & {*wrong} for wrong in findings)


def _plain(value: object) -> Any:  # noqa: ANN401  (whatever stands in the file)
    """Nodes of the YAML document as plain Python values, with text as keys."""
    if isinstance(value, dict):
        return {str(key).lower() if isinstance(key, bool) else str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, ScalarFloat):
        return float(value)
    if isinstance(value, str) and WIDE_NUMBER.fullmatch(value):
        return value.translate(WIDE)  # as in tables
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
        return _finding_of_key(path)
    value = "" if isinstance(detail["input"], dict | list | BaseModel) else str(detail["input"])
    said = str(detail["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    return path, value, EXPECTED.get(kind, said)


def _finding_of_key(path: Path) -> Finding:
    return path, path[-1], "unknown key; " + one_of(path[-1], _keys(path[:-1]))


def _meant(expected: str) -> str:
    """The nearest name that an expectation tells, "" where it tells none."""
    return expected.partition("(nearest: ")[2].removesuffix(")")


def _keys(path: Path) -> list[str]:
    """The keys that the part of a scheme at `path` may have."""
    model: type[BaseModel] = Scheme
    inside = 0
    for part in path:
        if inside:  # a name in a mapping, or a place in a list
            inside -= 1
            continue
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        inner, inside = _model(fields[part].annotation) if part in fields else (None, 0)
        model = inner or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model(annotation: object) -> tuple[type[BaseModel] | None, int]:
    """The model in an annotation such as `dict[Name, list[Condition]]`, and in how many mappings and lists it lies."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, 0
    within = get_origin(annotation) in {dict, list}
    found = next(((model, depth) for model, depth in map(_model, get_args(annotation)) if model), (None, 0))
    return found[0], found[1] + within


def _line(document: Any, path: Path) -> int | None:  # noqa: ANN401  (whatever stands in the file)
    """Line of the deepest part of `path` that the document has."""
    line = None
    for part in path:
        if isinstance(document, list):
            key: Any = int(part) if part.isdecimal() and int(part) < len(document) else None
        else:
            key = next((key for key in document if str(key) == part), None) if isinstance(document, dict) else None
        if key is None:
            break
        marks = getattr(getattr(document, "lc", None), "data", None) or {}
        line = marks[key][0] + 1 if key in marks else line
        document = document[key]
    return line


def _fault(document: Document, file: str, finding: Finding) -> Fault:
    path, value, expected = finding
    return Fault(file, _line(document, path), ".".join(path), value, expected)

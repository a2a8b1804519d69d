"""A file of rules as a document: its text is read, what pydantic says of it is put in the words of faults."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.scalarfloat import ScalarFloat

from toolkit.faults import Fault, one_of
from toolkit.files import WIDE, WIDE_NUMBER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from toolkit.rulebook.findings import Finding, Path

Document = dict[str, Any]
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


# ------------------------------------------------------------------------------------------------------------- text


def read_document(
    read: Callable[[str], str], file: str, must: str = "must be a YAML mapping that begins with title: ..."
) -> tuple[Document, list[Fault]]:
    """Read a YAML mapping that knows its lines.

    Parameters
    ----------
    read : callable
        Returns the text of a file, by name; raises `OSError` where there is none.
    file : str
        The file.
    must : str
        What its content is expected to be.

    Returns
    -------
    document : dict
        Empty where the file cannot be used at all.
    faults : list of Fault
        Why not, or keys that stand there twice.
    """
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


def plain(value: object) -> Any:  # noqa: ANN401  (whatever stands in the file)
    """Nodes of the YAML document as plain Python values, with text as keys."""
    if isinstance(value, dict):
        return {str(key).lower() if isinstance(key, bool) else str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, ScalarFloat):
        return float(value)
    if isinstance(value, str) and WIDE_NUMBER.fullmatch(value):
        return value.translate(WIDE)  # as in tables
    return value


# --------------------------------------------------------------------------------------------------------- findings


def findings_of(model: type[BaseModel], details: Iterable[Any]) -> dict[Path, Finding]:
    """What pydantic found wrong, by place, the first first; what is only misspelt does not lack as well.

    Parameters
    ----------
    model : type
        What the document was held to be.
    details : list
        `ValidationError.errors()`.
    """
    found = {path_of(detail): _finding(model, detail) for detail in reversed([*details])}  # of a union the first reason
    for path, (_, _, expected) in list(found.items()):
        intended = (*path[:-1], meant(expected))
        if expected.startswith("unknown key") and found.get(intended, ("", "", ""))[2] == EXPECTED["missing"]:
            del found[intended]
    return dict(reversed(found.items()))


def path_of(detail: Any) -> Path:  # noqa: ANN401  (a TypedDict of pydantic's own)
    """Where the document is wrong, without what pydantic adds for keys, for the kinds of a label and in brackets."""
    place = tuple(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return tuple(part for part in place[:-1] if not _added(part)) + place[-1:]
    return tuple(part for part in place if part != "str" and not _added(part) and not part.startswith("dict["))


def _added(part: str) -> bool:
    return part.startswith("[") and part.endswith("]")


def _finding(model: type[BaseModel], detail: Any) -> Finding:  # noqa: ANN401  (a TypedDict of pydantic's own)
    path, kind = path_of(detail), str(detail["type"]).removesuffix("_parsing")
    if kind == "extra_forbidden":
        return finding_of_key(model, path)
    value = "" if isinstance(detail["input"], dict | list | BaseModel) else str(detail["input"])
    said = str(detail["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    return path, value, EXPECTED.get(kind, said)


def finding_of_key(model: type[BaseModel], path: Path) -> Finding:
    """A key that nobody reads, with the nearest that somebody does."""
    return path, path[-1], "unknown key; " + one_of(path[-1], _keys(model, path[:-1]))


def meant(expected: str) -> str:
    """The nearest name that an expectation tells, "" where it tells none."""
    return expected.partition("(nearest: ")[2].removesuffix(")")


def _keys(model: type[BaseModel], path: Path) -> list[str]:
    """The keys that the part of a document at `path` may have."""
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


def line_of(document: Any, path: Path) -> int | None:  # noqa: ANN401  (whatever stands in the file)
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


def fault_of(document: Document, file: str, finding: Finding) -> Fault:
    """A finding with its file and line."""
    path, value, expected = finding
    return Fault(file, line_of(document, path), ".".join(path), value, expected)

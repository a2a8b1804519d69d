"""From the text of scheme.yaml to the scheme of every round, or to everything that is wrong with it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from toolkit.faults import Fault
from toolkit.rulebook.contradictions import contradictions
from toolkit.rulebook.document import (
    fault_of,
    finding_of_key,
    findings_of,
    line_of,
    meant,
    path_of,
    plain,
    read_document,
)
from toolkit.scheme import Scheme

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from toolkit.rulebook.document import Document
    from toolkit.rulebook.findings import Finding, Path

CUT = object()


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
    base, faults = read_document(read, file)
    scheme, findings = _scheme(base) if base else (None, [])
    faults += [fault_of(base, file, finding) for finding in findings]
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
    changes, faults = read_document(read, file, "must be a YAML mapping of the sections that it changes")
    if not changes:
        return None, faults
    if "rounds" in changes:
        faults.append(Fault(file, line_of(changes, ("rounds",)), "rounds", "", "must stand in scheme.yaml alone"))
    scheme, findings = _scheme({**base, **changes, "rounds": base["rounds"]})
    for finding in findings:
        path, value, expected = finding
        if path[0] in changes:
            faults.append(fault_of(changes, file, finding))
        elif finding not in known:
            faults.append(
                Fault(file, None, ".".join(path), value, f"{expected} (in scheme.yaml, which this file changes)")
            )
    return scheme, faults


def _scheme(document: Document) -> tuple[Scheme | None, list[Finding]]:
    held = plain(document)
    try:
        scheme = Scheme.model_validate(held)
    except ValidationError as error:
        details = error.errors()
    else:
        return scheme, list(contradictions(scheme))
    findings = findings_of(Scheme, details)
    mended = _mended(held, details)
    follow = [finding for finding in contradictions(mended) if not _follows(finding, findings)] if mended else []
    return mended, [*findings.values(), *follow]


def _mended(document: Any, details: list[Any]) -> Scheme | None:  # noqa: ANN401  (whatever stands in the file)
    """A scheme for checking the tables all the same.

    What is wrong gives way to an empty mapping, to 0, or is cut out, in this order: a name stays known while it can.
    """
    document = copy.deepcopy(document)
    for stand_in in ({}, 0, CUT, CUT, CUT):
        for detail in details:
            path = path_of(detail)
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
    name = meant(finding_of_key(Scheme, path)[2])
    if isinstance(holder, dict) and name and name not in holder:
        holder[name] = holder.get(path[-1])
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

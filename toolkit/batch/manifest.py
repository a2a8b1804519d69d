"""The record of a run: a line of JSON for the run and for each unit, written as they come."""

from __future__ import annotations

import json
from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from toolkit.batch.units import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from toolkit.batch.units import Unit

FILE = "manifest.jsonl"


def read(path: Path) -> dict[str, Outcome]:
    """What became last of every unit; a line that a run could not finish is passed over."""
    found: dict[str, Outcome] = {}
    for text in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            continue
        if isinstance(line, dict) and "outcome" in line:
            found[line["name"]] = Outcome(**{name: line[name] for name in line if name in FIELDS})
    return found


FIELDS = frozenset(Outcome.__dataclass_fields__)


def append(path: Path, line: Mapping[str, Any] | Outcome) -> None:
    """Add a line; what is written is there whatever happens next."""
    data = asdict(line) if isinstance(line, Outcome) else dict(line)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(data, ensure_ascii=False) + "\n")


def rewrite(path: Path, run: Mapping[str, Any], outcomes: Iterable[Outcome]) -> None:
    """Write the whole record anew, so that nobody ever reads half of it."""
    lines = [json.dumps(part, ensure_ascii=False) for part in (dict(run), *map(asdict, outcomes))]
    work = path.with_name(f".{path.name}.partial")
    work.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    work.replace(path)


def holds(outcome: Outcome, unit: Unit, key: str) -> bool:
    """Whether a unit was done from the same inputs and its files are as they were then."""
    from pathlib import Path  # noqa: PLC0415

    if outcome.outcome not in {"done", "kept"} or outcome.key != key or not outcome.files:
        return False
    try:
        return all(
            sha256(Path(unit.folder, name).read_bytes()).hexdigest() == sum_ for name, sum_ in outcome.files.items()
        )
    except OSError:
        return False

"""A unit of a batch, and what became of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd


@dataclass(frozen=True)
class Unit:
    """One run of a notebook.

    Attributes
    ----------
    name : str
        Told in progress, errors and the manifest.
    notebook : str
        Path of the notebook.
    folder : str
        Where its files go, as a whole or not at all. The notebook runs in it.
    parameters : mapping
        For the cell tagged `parameters`.
    files : mapping
        Texts that are laid into the folder before, by file name.
    metadata : mapping
        Noted in the executed notebook, for exporters to read.
    exporters : mapping
        Names of nbconvert exporters by the name of the file that each writes.
    settings : mapping
        Configuration of nbconvert for them: options by the name of a class.
    error : str
        Why it cannot be run, if it cannot.
    """

    name: str
    notebook: str
    folder: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    exporters: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""

    def key(self, fingerprint: str) -> str:
        """A digest of everything that its files depend on; `fingerprint` stands for code and versions."""
        facts = (
            fingerprint,
            sha256(Path(self.notebook).read_bytes()).hexdigest(),
            dict(self.parameters),
            {name: sha256(text.encode()).hexdigest() for name, text in self.files.items()},
            dict(self.metadata),
            dict(self.exporters),
            dict(self.settings),
        )
        return sha256(json.dumps(facts, sort_keys=True, ensure_ascii=False, default=repr).encode()).hexdigest()


@dataclass(frozen=True)
class Bounds:
    """What a unit may take.

    Attributes
    ----------
    seconds : float, optional
        Then it is interrupted, so that the notebook shows how far it came.
    memory : int, optional
        Megabytes beyond what is there when it starts; then it fails with a MemoryError.
    retries : int
        How often a unit whose process died is run again. A notebook that raises is not.
    """

    seconds: float | None = None
    memory: int | None = None
    retries: int = 1


@dataclass(frozen=True)
class Outcome:
    """What became of a unit.

    Attributes
    ----------
    name : str
        The unit.
    outcome : str
        "done", "failed", or "kept": done before, from the same inputs.
    seconds, cpu : float
        Wall time, and seconds of CPU of its process; 0 where that is not known.
    memory : int
        Megabytes that its process held at the most; 0 where that is not known.
    attempts : int
        How often it was run.
    files : dict
        SHA-256 of every file, by name.
    error : str
        Traceback or reason of a failure.
    key : str
        See `Unit.key`.
    """

    name: str
    outcome: str
    seconds: float
    files: dict[str, str] = field(default_factory=dict)
    error: str = ""
    cpu: float = 0.0
    memory: int = 0
    attempts: int = 1
    key: str = ""


def fingerprint(packages: Iterable[str]) -> str:
    """A digest of Python, of versions, and of the code of those packages that are worked on where they lie."""
    facts = [python_version(), *(f"{name} {version(name)} {_code(name)}" for name in sorted(packages))]
    return sha256("\n".join(facts).encode()).hexdigest()


def _code(package: str) -> str:
    found = find_spec(package.replace("-", "_"))
    if found is None or not found.submodule_search_locations or "site-packages" in str(found.origin):
        return ""
    digest = sha256()
    for folder in found.submodule_search_locations:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def summary(outcomes: Iterable[Outcome]) -> pd.DataFrame:
    """Outcomes as a table: `outcome, units, seconds, cpu, memory` (the longest, all, and the most)."""
    import pandas as pd  # noqa: PLC0415  (a unit is read in every process, a summary in one)

    frame = pd.DataFrame(
        [(each.outcome, each.seconds, each.cpu, each.memory) for each in outcomes],
        columns=["outcome", "seconds", "cpu", "memory"],
    )
    found = frame.groupby("outcome").agg(
        units=("outcome", "size"), seconds=("seconds", "max"), cpu=("cpu", "sum"), memory=("memory", "max")
    )
    return found.reset_index()

"""What is wrong with a study: every fault with its file, row, column, value and what was expected."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

T = TypeVar("T")

MANY = 20
"""How many different faults of one kind are listed."""
NAMES = 12
"""How many of the right names an error lists."""
WIDTH = 60
"""How much of a wrong value an error shows."""


@dataclass(frozen=True)
class Fault:
    """One fault of a study.

    Attributes
    ----------
    file : str
        File name, with the sheet in a workbook: `study.xlsx[members]`.
    row : int or None
        Row as Excel counts it (the first is 1), line of a YAML file, record of a Parquet file; None where no row is at
        fault.
    column : str
        Column of a table or path in the scheme (`sources.peer.weight`).
    value : str
        The value found.
    expected : str
        What the rule asks for, as the end of a sentence: "must be one of ...".
    more : int
        How many further rows hold the same fault.
    """

    file: str
    row: int | None
    column: str
    value: str
    expected: str
    more: int = 0

    def __str__(self) -> str:
        place = self.file
        if self.row is not None:
            place += f", row {self.row}"
        if self.column:
            place += f", {self.column}"
        shown = self.value if len(self.value) <= WIDTH else self.value[:WIDTH] + "..."
        value = f"{shown!r}: " if shown else ""
        others = f" (and {self.more:,} more row{'s' if self.more > 1 else ''})" if self.more else ""
        return f"{place}: {value}{self.expected}{others}"


class UsageError(ValueError):
    """Something that the user asked for cannot be had; the message says what can."""


class StudyError(UsageError):
    """A study that cannot be read; `faults` lists everything that is wrong with it."""

    def __init__(self, folder: str, faults: Iterable[Fault]) -> None:
        self.folder = folder
        self.faults = tuple(faults)
        count = f"{len(self.faults)} fault{'s' if len(self.faults) != 1 else ''}"
        super().__init__("\n".join([f"{folder}: {count}", *(f"  {fault}" for fault in self.faults)]))


def several(found: Sequence[T], fault: Callable[[T], Fault]) -> list[Fault]:
    """Make a fault of each of the first rows found, and one that counts the rest."""
    faults = [fault(row) for row in found[:MANY]]
    if len(found) > MANY:
        rest = f"{len(found) - MANY:,} further values are wrong in the same way"
        faults.append(replace(faults[-1], row=None, value="", expected=rest, more=0))
    return faults


def merged(faults: Iterable[Fault]) -> list[Fault]:
    """One fault for all rows with the same column, value and expectation, at the first of these rows."""
    found: dict[Fault, Fault] = {}
    for fault in faults:
        kind = replace(fault, row=None, more=0)
        first = found.get(kind)
        if first is None:
            found[kind] = fault
        else:
            rows = [row for row in (first.row, fault.row) if row is not None]
            found[kind] = replace(first, row=min(rows, default=None), more=first.more + fault.more + 1)
    return list(found.values())


def one_of(value: str, known: Iterable[str], what: str = "") -> str:
    """Say what a name must be, with the nearest known one: "must be one of a, b (nearest: a)"."""
    names = [str(name) for name in known]
    if not names:
        return f"must be {what or 'a known name'}, and there is none"
    listed = ", ".join(names[:NAMES]) + (f", ... ({len(names):,} in all)" if len(names) > NAMES else "")
    near = _nearest(value, names)
    return f"must be {what + ': ' if what else ''}one of {listed}{f' (nearest: {near})' if near else ''}"


def _nearest(value: str, names: list[str]) -> str:
    """The name that was probably meant; Excel turns 001 into 1, and people forget which letters are capital."""
    bare = value.lstrip("0").casefold()
    alike = [name for name in names if name.lstrip("0").casefold() == bare] if bare else []
    return next(iter(alike or get_close_matches(value, names, n=1, cutoff=0.5)), "")

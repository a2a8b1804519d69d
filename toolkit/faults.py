"""What is wrong with a study: every fault with its file, row, column, value and what was expected."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Fault:
    """One fault of a study.

    Attributes
    ----------
    file : str
        File name, with the sheet in a workbook: `study.xlsx[members]`.
    row : int or None
        Line of the file as an editor or Excel counts it (the header is row 1); None where no row is at fault.
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
        value = f"{self.value!r}: " if self.value else ""
        others = f" (and {self.more:,} more rows)" if self.more else ""
        return f"{place}: {value}{self.expected}{others}"


class StudyError(ValueError):
    """A study that cannot be read; `faults` lists everything that is wrong with it."""

    def __init__(self, folder: str, faults: Iterable[Fault]) -> None:
        self.folder = folder
        self.faults = tuple(faults)
        count = f"{len(self.faults)} fault{'s' if len(self.faults) != 1 else ''}"
        super().__init__("\n".join([f"{folder}: {count}", *(f"  {fault}" for fault in self.faults)]))


def one_of(value: str, known: Iterable[str], what: str = "") -> str:
    """Say what a name must be, with the nearest known one: "must be one of a, b (nearest: a)"."""
    names = [str(name) for name in known]
    listed = ", ".join(names[:12]) + (f", ... ({len(names)} in all)" if len(names) > 12 else "")  # noqa: PLR2004
    near = get_close_matches(value, names, n=1, cutoff=0.5)
    hint = f" (nearest: {near[0]})" if near else ""
    if not names:
        return f"no {what or 'name'} is known here"
    return f"must be {what + ': ' if what else ''}one of {listed}{hint}"

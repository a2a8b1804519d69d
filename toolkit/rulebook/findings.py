"""What is wrong in a scheme, by its place in the document; the checks that several parts share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.faults import one_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from fractions import Fraction

Path = tuple[str, ...]
Finding = tuple[Path, str, str]
"""Path in the document, value found, what was expected."""
PASSES = 1e-9
"""Tolerance of a sum of weights."""


def total(path: Path, weights: Mapping[str, Fraction | None]) -> Iterator[Finding]:
    """Weights of siblings sum to 1 or to 100, or none of them has one."""
    given = {name: weight for name, weight in weights.items() if weight is not None}
    if not given:
        return
    silent = [name for name in weights if name not in given]
    if silent:
        yield path, "", f"weights: {', '.join(silent)} must have a weight too, or none of the siblings"
        return
    found = float(sum(given.values()))
    if min(abs(found - 1), abs(found - 100)) > PASSES:
        yield path, "", f"weights of {', '.join(given)} sum to {found:.10g}, must be 1 (or 100)"


def unknown(path: Path, names: Iterable[str] | None, known: Collection[str], what: str) -> Iterator[Finding]:
    """Names in a list, or alone, that nothing has."""
    for name in names or ():
        if name not in known:
            yield path, name, one_of(name, known, what)


def unknown_keys(path: Path, names: Iterable[str], known: Collection[str], what: str = "") -> Iterator[Finding]:
    """Keys of a mapping that nothing is called."""
    for name in names:
        if name not in known:
            yield (*path, name), name, one_of(name, known, what)


def lacking(path: Path, names: Collection[str] | None) -> Iterator[Finding]:
    """A list of the only ones that something is for, and nobody in it."""
    if names is not None and not names:
        yield path, "", "must name at least one, or be left out"


def share(path: Path, value: Fraction | None) -> Iterator[Finding]:
    """A share of a whole is no more than the whole."""
    if value is not None and value > 1:
        yield path, f"{float(value):g}", "must be a share from 0 to 1"


def in_order(path: Path, start: dt.date | None, end: dt.date | None) -> Iterator[Finding]:
    """Nothing ends before it begins."""
    if start and end and start > end:
        yield (*path, "from"), str(start), f"must not be after to: {end}"

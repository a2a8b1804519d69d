"""Small frames, made at once out of typed columns: a report is handed some twenty of them."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toolkit.reporting.privacy import settled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from toolkit.reporting.books import Record


def typed(columns: Mapping[str, list[Any]]) -> pd.DataFrame:
    """A frame of columns of cells; numbers some or all of which are missing (None) are floats."""
    if not any(columns.values()):
        return pd.DataFrame(np.empty((0, len(columns)), dtype=object), columns=list(columns))
    return pd.DataFrame({name: _typed(cells) for name, cells in columns.items()})


def tabled(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Rows as a frame, every number that is not whole rounded to the digits that are printed."""
    rows = list(rows)
    return typed({name: rounded([row[name] for row in rows]) for name in columns})


def rounded(cells: list[Any]) -> list[Any]:
    """Cells rounded like `published` where they are numbers and not all whole; what is missing is None."""
    if not any(isinstance(cell, float) for cell in cells):
        return cells
    if any(isinstance(cell, bool | str) for cell in cells):
        return missing(cells)
    numbers = settled(np.array([np.nan if cell is None else cell for cell in cells], dtype=float))
    return [None if isnan(number) else number for number in numbers.tolist()]


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dicts, as `to_dict("records")` gives them in five times as long."""
    names = list(map(str, frame))
    return [
        dict(zip(names, cells, strict=True))
        for cells in zip(*(part.tolist() for _, part in frame.items()), strict=True)
    ]


def picked(frame: pd.DataFrame, *names: str) -> list[dict[str, Any]]:
    """Rows as dicts of some columns: most of what `records` takes goes into those of text."""
    return [
        dict(zip(names, cells, strict=True)) for cells in zip(*(frame[name].tolist() for name in names), strict=True)
    ]


def _typed(cells: list[Any]) -> Any:  # noqa: ANN401  (what makes a column)
    there = [cell for cell in cells if cell is not None]
    if len(there) < len(cells) and not any(isinstance(cell, bool | str) for cell in there):
        return np.array([np.nan if cell is None else cell for cell in cells], dtype=float)
    return cells


def missing(cells: list[Any]) -> list[Any]:
    """Cells with None for what is missing."""
    if all(cell == cell for cell in cells):  # noqa: PLR0124  (only what is missing differs from itself)
        return cells
    return [None if cell != cell else cell for cell in cells]  # noqa: PLR0124


def highest(score: float) -> tuple[bool, float]:
    """What sorts scores from the highest down, those that are missing last."""
    return (True, 0.0) if isnan(score) else (False, -score)


def grouped(rows: Iterable[Record], *keys: str) -> dict[tuple[str, ...], list[Record]]:
    """Rows by some columns, in the order in which each first stands."""
    found: dict[tuple[str, ...], list[Record]] = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return found

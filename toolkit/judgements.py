"""Pairwise judgements of many experts as they stand in a CSV file: which of two siblings weighs more, and how much."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.faults import Fault, StudyError, merged, one_of
from toolkit.fields import exact
from toolkit.files import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from toolkit.files import Sheet

    Row = Mapping[str, str]

COLUMNS = ("expert", "parent", "left", "right", "value")
LEAST, MOST = Fraction(11, 100), Fraction(9)
"""Ends of Saaty's scale; who rounds 1/9 writes 0.11."""
EXPECTED = "must be a number or fraction from 1/9 to 9, such as 3, 1/3 or 0.333"
DAY = re.compile(r"[0-9]{1,2}[-/][A-Za-z]{3}|[A-Za-z]{3}[-/ ][0-9]{1,2}|[0-9]{1,2}月[0-9]{1,2}日|[0-9]{4}[-/].*")
"""What Excel makes of 1/3."""


def read_judgements(path: str | Path) -> dict[str, dict[str, pd.DataFrame]]:
    """Read the judgements of many experts.

    Parameters
    ----------
    path : path
        A CSV file with the columns `expert`, `parent` (blank: the top), `left`, `right`, `value`: how many times as
        much left weighs as right, from 1/9 to 9. An expert may leave pairs out.

    Returns
    -------
    dict
        Parent -> expert -> DataFrame (siblings, siblings): value of the row over the column, its reciprocal opposite,
        1 on the diagonal, NaN where he said nothing. Siblings are all that somebody judged below that parent, in the
        order of the file.

    Raises
    ------
    StudyError
        With every fault of the file: its row, column, value and what was expected.
    """
    path = Path(path)
    sheet, faults = read_table(path, COLUMNS)
    missing = [name for name in COLUMNS if len(sheet.frame.columns) and name not in sheet.frame]
    faults += [Fault(sheet.file, None, name, "", "column must be there") for name in missing]
    if not missing:
        faults += merged(_cell_faults(sheet))
        faults += _pair_faults(sheet)
        faults += _tree_faults(sheet)
    if not faults and sheet.frame.empty:
        faults.append(Fault(sheet.file, None, "", "", "must hold at least one judgement"))
    if faults:
        raise StudyError(str(path), faults)
    return {str(parent): _matrices(rows) for parent, rows in sheet.frame.groupby("parent", sort=False)}


def _value(text: str) -> Fraction | None:
    """A judgement, None where it is none."""
    try:
        value = exact(text)
    except ValueError:
        return None
    return value if LEAST <= value <= MOST else None


def _rows(sheet: Sheet) -> Iterator[tuple[int, Row]]:
    """Every row with its number."""
    for number, row in zip(sheet.frame.index, sheet.frame.to_dict("records"), strict=True):
        yield int(number), {str(name): cell for name, cell in row.items()}


def _cell_faults(sheet: Sheet) -> Iterator[Fault]:
    for number, row in _rows(sheet):
        for name in ("expert", "left", "right"):
            if not row[name]:
                yield Fault(sheet.file, number, name, "", "must not be blank")
        if _value(row["value"]) is None:
            hint = "; Excel takes 1/3 for a day unless the cell is text" if DAY.fullmatch(row["value"]) else ""
            yield Fault(sheet.file, number, "value", row["value"], EXPECTED + hint)
        if row["left"] and row["left"] == row["right"]:
            yield Fault(sheet.file, number, "right", row["right"], "must be another name than left")


def _pair_faults(sheet: Sheet) -> Iterator[Fault]:
    """Pairs that an expert judged twice, either way round."""
    first: dict[tuple[str, str, frozenset[str]], int] = {}
    for number, row in _rows(sheet):
        key = (row["expert"], row["parent"], frozenset((row["left"], row["right"])))
        if key in first:
            pair = f"{row['left']}, {row['right']}"
            yield Fault(sheet.file, number, "right", pair, f"must be judged once by an expert; see row {first[key]}")
        first.setdefault(key, number)


def _tree_faults(sheet: Sheet) -> Iterator[Fault]:
    """Names that stand under two parents, parents that stand nowhere, and sets that nothing connects."""
    above: dict[str, tuple[str, int]] = {}
    first: dict[str, int] = {}
    sets: dict[str, list[set[str]]] = {}
    for number, row in _rows(sheet):
        parent, pair = row["parent"], {row["left"], row["right"]} - {""}
        first.setdefault(parent, number)
        joined = [part for part in sets.get(parent, []) if part & pair]
        sets[parent] = [part for part in sets.get(parent, []) if not part & pair] + [pair.union(*joined)]
        for column in ("left", "right"):
            other, seen = above.setdefault(row[column], (parent, number)) if row[column] else (parent, number)
            if other != parent:
                where = f"under {other}" if other else "at the top"
                expected = f"must stand below one parent; in row {seen} it stands {where}"
                yield Fault(sheet.file, number, column, row[column], expected)
    for parent, number in first.items():
        if parent and parent not in above:
            yield Fault(sheet.file, number, "parent", parent, f"{one_of(parent, above, 'blank or a name')}")
        elif parent in _upwards(parent, above):
            yield Fault(sheet.file, number, "parent", parent, "must not stand below itself")
        if len(sets[parent]) > 1:
            parts = " with ".join(", ".join(sorted(part)) for part in sets[parent])
            yield Fault(sheet.file, number, "parent", parent, f"somebody must compare {parts}")


def _upwards(name: str, above: Mapping[str, tuple[str, int]]) -> list[str]:
    """Everything above a name, as far as that does not lead in a circle."""
    line: list[str] = []
    while (step := above.get(name, ("", 0))[0]) and step not in line:
        line.append(step)
        name = step
    return line


def _matrices(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The judgements of one set of siblings, a matrix for each expert."""
    names = list(dict.fromkeys(name for pair in zip(rows["left"], rows["right"], strict=True) for name in pair))
    found: dict[str, pd.DataFrame] = {}
    for expert, left, right, text in zip(rows["expert"], rows["left"], rows["right"], rows["value"], strict=True):
        if expert not in found:
            found[expert] = pd.DataFrame(float("nan"), index=names, columns=names)
            for name in names:
                found[expert].at[name, name] = 1.0
        value = exact(text)
        found[expert].at[left, right], found[expert].at[right, left] = float(value), float(1 / value)
    return found

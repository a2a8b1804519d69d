"""Whether a quantity meets what a rule asks of it; one that is not known meets nothing."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toolkit.faults import UsageError
from toolkit.fields import NUMBER
from toolkit.rules import bounds
from toolkit.scoring.ranks import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from toolkit.rules import Condition, VoteRule

TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "min": lambda value, bound: value >= bound,
    "above": lambda value, bound: value > bound,
    "max": lambda value, bound: value <= bound,
    "below": lambda value, bound: value < bound,
}
REASONS = ["ratee_id", "about", "code", "of", "value", "bound"]
"""Columns of a frame of reasons: about what (a grade, stars, ...), why, and by which value against which bound."""
TEXT = [column for column in REASONS if column != "value"]


def known(value: object) -> bool:
    """Whether a quantity is known."""
    return not (value is None or value is pd.NA or (isinstance(value, float) and value != value))  # noqa: PLR0124


def holds(value: Any, key: str, bound: Fraction) -> bool:  # noqa: ANN401  (a number, a fraction or text)
    """Whether a value keeps a bound: exactly for fractions, else with the one tolerance of all comparisons.

    Parameters
    ----------
    value : number or Fraction
        Known.
    key : {"min", "above", "max", "below"}
        "min" is `value >= bound`.
    bound : Fraction
        As it is written in the scheme.
    """
    if isinstance(value, Fraction):
        return TESTS[key](value, bound)
    gap = float(value) - float(bound)
    return TESTS[key](0.0 if abs(gap) <= TOLERANCE else gap, 0.0)


def keeps(values: NDArray[np.float64], key: str, bound: Fraction) -> NDArray[np.bool_]:
    """Which of some numbers keep a bound, see `holds`; NaN keeps none."""
    gap = values - float(bound)
    return np.asarray(TESTS[key](np.where(np.abs(gap) <= TOLERANCE, 0.0, gap), 0.0), dtype=bool)


def numbers(values: pd.Series[Any]) -> pd.Series[float]:
    """A quantity as numbers, NaN where it is not known.

    Raises
    ------
    UsageError
        If it is text of somebody, as an attribute may be.
    """
    if values.dtype == float:
        return values
    found = []
    for ratee, value in values.items():
        if isinstance(value, str):
            raise UsageError(f"{values.name} of {ratee} is {value!r}, must be a number: a rule reckons with it")
        found.append(float(value) if known(value) else float("nan"))
    return pd.Series(found, values.index, dtype=float, name=values.name)


def meets(value: object, condition: Condition) -> bool:
    """Whether a value meets a condition; one that is not known does not.

    Raises
    ------
    UsageError
        If the value is text, and the condition has bounds.
    """
    if not known(value):
        return False
    if condition.among is not None and not _among(value, condition.among):
        return False
    if isinstance(value, str) and bounds(condition):
        raise UsageError(f"{condition.of} is {value!r}, must be a number: a rule asks {asked(condition)}")
    return all(holds(value, key, bound) for key, bound in bounds(condition))


def _among(value: Any, names: Sequence[str]) -> bool:  # noqa: ANN401  (a number, a fraction or text)
    """Whether a value is one of some; an attribute that is a number of everybody is one here too, and 1 is 01."""
    if isinstance(value, str):
        return value in names
    return any(NUMBER.fullmatch(name) and float(name) == float(value) for name in names)


def check(quantities: pd.DataFrame, conditions: Sequence[Condition], *, about: str, met: bool) -> pd.DataFrame:
    """Say of every ratee which conditions it meets, or which it does not.

    Parameters
    ----------
    quantities : DataFrame
        A column for each quantity that is known of anybody, ratees as the index.
    conditions : sequence of Condition
        What is asked.
    about : str
        What the conditions are about, such as "stars 5".
    met : bool
        Give the reasons for those that are met; else for those that are not.

    Returns
    -------
    DataFrame
        `ratee_id, about, code` ("met", "unmet", or "unknown" where the value is missing), `of, value, bound`; a row
        for each ratee and condition concerned. `bound` is text such as "≥ 45".
    """
    rows: list[tuple[object, ...]] = []
    for condition in conditions:
        column = _column(quantities, condition.of)
        asks, there = asked(condition), column[_meet(column, condition) == met]
        for ratee, value in zip(there.index, there.tolist(), strict=True):
            code = "met" if met else "unmet" if known(value) else "unknown"
            rows.append((ratee, about, code, condition.of, value if known(value) else None, asks))
    # through object, or None and whole numbers beside fractions of others would change
    return pd.DataFrame(rows, columns=REASONS, dtype=object).astype(dict.fromkeys(TEXT, str))


def fulfil(quantities: pd.DataFrame, condition: Condition) -> NDArray[np.bool_]:
    """Who meets a condition."""
    return _meet(_column(quantities, condition.of), condition)


def _column(quantities: pd.DataFrame, of: str) -> pd.Series[Any]:
    """A quantity of everybody; what nobody has is not known."""
    return quantities[of] if of in quantities else pd.Series(None, quantities.index, object)


def _meet(column: pd.Series[Any], condition: Condition) -> NDArray[np.bool_]:
    """Who meets a condition; numbers are compared all at once."""
    if column.dtype != float or condition.among is not None:
        return np.array([meets(value, condition) for value in column], dtype=bool)
    values = column.to_numpy(dtype=float)
    found: NDArray[np.bool_] = ~np.isnan(values)
    for key, bound in bounds(condition):
        found &= keeps(values, key, bound)
    return found


def asked(rule: Condition | VoteRule) -> str:
    """What a condition, or a rule over votes, asks, as text: "≥ 45"."""
    signs = {"min": "≥", "above": ">", "max": "≤", "below": "<"}
    found = [f"{signs[key]} {written(bound)}" for key, bound in bounds(rule)]
    among = getattr(rule, "among", None)
    return ", ".join([*found, *(["/".join(among)] if among is not None else [])])


def written(bound: Fraction) -> str:
    """A bound as a person writes it: 45, 0.3, 1/3."""
    short = f"{float(bound):.10g}"
    return short if Fraction(short) == bound else str(bound)

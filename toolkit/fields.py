"""What the keys of a scheme's file hold: names, labels, days, exact weights and bounds."""

from __future__ import annotations

import datetime as dt
import re
from contextlib import suppress
from difflib import get_close_matches
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

FRACTION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(?:(%)|/\s*([0-9]+))?\s*")

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
WHOLE = re.compile(r"(-?[0-9]+)\.0*")
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")


def exact(value: object) -> Fraction:
    """Read 0.3, "1/3" or "30%" as the exact fraction that was written.

    Raises
    ------
    ValueError
        If `value` is not a non-negative number, fraction or percentage.
    """
    if isinstance(value, str):
        match = FRACTION.fullmatch(value)
        if match and int(match[3] or 1):
            return Fraction(match[1]) / (100 if match[2] else int(match[3] or 1))
    elif not isinstance(value, bool) and isinstance(value, int | float | Fraction) and 0 <= value < float("inf"):
        return Fraction(str(value))  # of a float the number that was written, not its binary neighbour
    raise ValueError("must be a number, fraction or percentage that is not negative, such as 0.3, 1/3 or 30%")


def _text(value: object) -> object:
    """YAML reads 2026 and 2026-06-30 as numbers and dates; where a name is asked for they are text."""
    return str(value) if isinstance(value, int | float) or hasattr(value, "isoformat") else value


def _day(value: object) -> dt.date:
    """Read a date as YAML has it; pydantic alone would read numbers too, as seconds since 1970."""
    text = str(value)
    if DAY.fullmatch(text):
        with suppress(ValueError):
            return dt.date.fromisoformat(text)
    raise ValueError("must be a date such as 2026-06-30")


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


Name = Annotated[str, BeforeValidator(_text), AfterValidator(_not_blank)]
Day = Annotated[dt.date, BeforeValidator(_day)]
Weight = Annotated[
    Fraction,
    BeforeValidator(exact),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": f"^{FRACTION.pattern}$"}]}
    ),
]
Label = Annotated[
    str | Annotated[dict[Literal["zh", "en"], str], Field(min_length=1)],
    BeforeValidator(_text),
    Field(description="a text, or {zh: ..., en: ...}"),
]


KINDS = {
    "score": "a source or an indicator",
    "raters": "",
    "coverage": "",
    "points": "a dimension",
    "vetoes": "",
    "satisfaction": "a topic",
    "dissatisfied": "a topic",
    "measure": "a measure",
    "attribute": "a column of members.csv",
    "members": "a quantity of the members",
    "index": "a component",
    "grade": "",
    "stars": "",
}
"""Quantities that a rule may name, and what the name after a dot (`points.study`) stands for; "" where none may be."""
NAMED = ("measure", "attribute")
"""Quantities that nothing is without the name after the dot."""


def bound(value: object) -> Fraction:
    """Read a bound such as 45, -5, "1/3" or "30%" exactly.

    Raises
    ------
    ValueError
        If `value` is not a number, fraction or percentage.
    """
    text = str(value).strip() if not isinstance(value, bool) else ""
    try:
        return -exact(text[1:]) if text.startswith("-") else exact(value)
    except ValueError:
        raise ValueError("must be a number, fraction or percentage, such as 45, -5, 1/3 or 30%") from None


def _quantity(value: str) -> str:
    kind, dot, part = value.partition(".")
    if kind in KINDS and (part if dot else kind not in NAMED) and (KINDS[kind] or not dot):
        return value
    known = [f"{name}.NAME" if name in NAMED else name for name in KINDS]
    near = "".join(f" (nearest: {name})" for name in get_close_matches(kind, KINDS, n=1))
    raise ValueError(f"must be a quantity, one of {', '.join(known)}, such as points or points.study{near}")


Quantity = Annotated[str, AfterValidator(_quantity), Field(description="score, points, points.NAME, measure.NAME, ...")]
Bound = Annotated[Fraction, BeforeValidator(bound), WithJsonSchema({"type": ["number", "string"]})]


class Rule(BaseModel):
    """Base of every part of a scheme: frozen, and no key that nobody reads."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

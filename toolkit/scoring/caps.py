"""What events ask of a ledger of points, and what they get under the caps of their rule and of their dimension.

An event asks quantity x points x the multipliers that apply. It may get less, never more:

1. The caps of its rule, first by week, then by month, then by year, each on what the one before left.
2. The caps of its dimension in the same order, on what rules that give points have left. What is deducted in a
   dimension neither frees its cap nor is given back by it.

In each window events are served in order of date, then as they stand in the table: together they get what they ask, at
most the cap. A cap on a rule that deducts bounds what is deducted. Weeks run from Monday to Sunday; where a week lies
in two months, what the first month takes away stays used in the week.

A quantity below 0 takes an earlier entry back. With the date of that entry it leaves everything as if the entry had
never been made: it takes away what the entry got, not what it asked, and frees its cap.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from toolkit.rules import Multiplier, Points, Windows

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Whole = NDArray[Any]  # numbers of 64 bits, or Python's

WINDOWS = ("week", "month", "year")
"""Windows of caps in the order in which they act."""
LAST_DAY = "9999-12-31"
BITS = 53
"""Sums below 2 ** 53 are whole numbers as floats too; greater ones are Python's whole numbers, which are slower."""


class Cap(NamedTuple):
    """A cap by one window: the code of what it takes away, the account of every event, and the most that each holds."""

    code: str
    window: str
    account: Codes
    most: list[Fraction | None]


def enter(lines: pd.DataFrame, rules: Points, dimensions: Sequence[str]) -> tuple[pd.DataFrame, Whole, int]:
    """Work out what events ask and get.

    Parameters
    ----------
    lines : DataFrame
        `place` (number of the subject), `date` (ISO), `rule, quantity, category` (of the subject), in order of date
        within each subject.
    rules : Points
        What events are worth.
    dimensions : sequence of str
        Of these rules.

    Returns
    -------
    lines : DataFrame
        With `dimension` and `part` (its place in `dimensions`, -1 for none), `times` (product of the multipliers),
        `asked, got` (points), `code` (blank where the event got all that it asked, else the window of the rule's cap or
        "dimension", whichever took most; "unknown" for a rule that there is not, which is worth nothing) and `bound`
        (that cap; NaN).
    got, unit : ndarray, int
        What each event got in whole numbers, of which `unit` make a point: sums of them are exact.
    """
    ruled = [*rules.rules.values()]
    rule = pd.Index([*rules.rules]).get_indexer(pd.Index(lines["rule"]))
    # -1, a rule that there is not, is the last of every list by rule
    part = np.array([*(dimensions.index(each.dimension) if each.dimension else -1 for each in ruled), -1])[rule]
    gives = np.array([*(each.points > 0 for each in ruled), False])[rule]
    kind, asked, times = _asked(lines, rules, rule)
    own = [rules.dimensions[name].cap if name in rules.dimensions else {} for name in dimensions]
    caps = [*_caps("", rule, [each.cap for each in ruled]), *_caps("dimension", np.where(gives, part, -1), own)]
    most = [bound for cap in caps for bound in cap.most if bound is not None]
    unit = math.lcm(*(value.denominator for value in [*asked, *most]))
    numbers = np.bincount(kind, minlength=len(asked)).tolist()
    all_asked = sum((abs(value) * number for value, number in zip(asked, numbers, strict=True)), start=Fraction(1))
    dtype: type = np.int64 if max([all_asked, *most]) * unit < 2**BITS else object
    got, code, bound = _limit(lines, _in_units(asked, unit, dtype)[kind], caps, unit)
    code[rule < 0] = "unknown"
    entered = lines.assign(
        dimension=np.array([*dimensions, ""], dtype=object)[part],
        part=part,
        times=times,
        asked=np.array([float(value) for value in asked])[kind],
        got=_as_points(got, unit),
        code=code,
        bound=bound,
    )
    return entered, got, unit


def _in_units(values: Sequence[Fraction | None], unit: int, dtype: type) -> Whole:
    """Points in whole numbers; none is 0."""
    return np.array([int((value or 0) * unit) for value in values], dtype=dtype)


def _as_points(numbers: Whole, unit: int) -> Floats:
    """Whole numbers in points, rounded once."""
    return np.asarray(numbers / unit, dtype=float)


def _asked(lines: pd.DataFrame, rules: Points, rule: Codes) -> tuple[Codes, list[Fraction], Floats]:
    """The kind of each event, what each kind asks, and how many times each event counts."""
    worth = [*(Fraction(str(each.points)) for each in rules.rules.values()), Fraction(0)]
    product, products = _products(lines, rules.multipliers)
    quantity, quantities = pd.factorize(lines["quantity"])
    shape = (len(worth), max(len(products), 1), max(len(quantities), 1))
    kinds, kind = np.unique(np.ravel_multi_index((rule % len(worth), product, quantity), shape), return_inverse=True)
    asked = [
        worth[of] * products[times] * Fraction(str(quantities[number]))
        for of, times, number in zip(*np.unravel_index(kinds, shape), strict=True)
    ]
    return kind, asked, np.array([float(value) for value in products])[product]


def _products(lines: pd.DataFrame, multipliers: Sequence[Multiplier]) -> tuple[Codes, list[Fraction]]:
    """Which product of multipliers is each event's, and the products."""
    product, products = np.zeros(len(lines), dtype=np.int64), [Fraction(1)]
    for each in multipliers:
        applies = (lines["date"] >= str(each.start or "")) & (lines["date"] <= str(each.end or LAST_DAY))
        for column, only in (("rule", each.rules), ("category", each.categories)):
            if only is not None:
                applies &= lines[column].isin(only)
        both = [*products, *(value * each.times for value in products)]
        there, product = np.unique(product + len(products) * applies.to_numpy(), return_inverse=True)
        products = [both[place] for place in there]
    return product, products


def _caps(code: str, account: Codes, windows: Sequence[Windows]) -> Iterator[Cap]:
    """The caps of some accounts, window by window; the account -1 has none."""
    for window in WINDOWS:
        most = [Fraction(str(caps[window])) if window in caps else None for caps in windows]
        if any(bound is not None for bound in most):
            yield Cap(code or window, window, account, [*most, None])


def _limit(lines: pd.DataFrame, asked: Whole, caps: Sequence[Cap], unit: int) -> tuple[Whole, NDArray[Any], Floats]:
    """What events get, and the code and height of the cap that took most from each, of equal ones the first."""
    got, taken = asked.copy(), np.zeros_like(asked)
    code, bound = np.full(len(lines), "", dtype=object), np.full(len(lines), np.nan)
    place, window = lines["place"].to_numpy(), _windows(lines["date"])
    for cap in caps:
        there = np.flatnonzero(np.array([most is not None for most in cap.most])[cap.account])
        account, number = cap.account[there], window[cap.window][there]
        group = (place[there] * len(cap.most) + account) * (number.max(initial=0) + 1) + number
        most = _in_units(cap.most, unit, asked.dtype.type)[account]
        left = _bounded(got[there], group, most)
        takes = np.abs(got[there]) - np.abs(left)
        more = takes > taken[there]
        got[there] = left
        taken[there[more]], code[there[more]] = takes[more], cap.code
        bound[there[more]] = _as_points(most[more], unit)
    return got, code, bound


def _windows(dates: pd.Series[str]) -> dict[str, Codes]:
    """Number of the week, month and year of each date, from 0 up."""
    days = dates.to_numpy(dtype=object).astype("datetime64[D]")
    numbers = {"week": (days.astype(np.int64) + 3) // 7}  # day 0, 1970-01-01, was a Thursday
    numbers |= {"month": days.astype("datetime64[M]").astype(np.int64)}
    numbers |= {"year": days.astype("datetime64[Y]").astype(np.int64)}
    return {window: number - number.min(initial=0) for window, number in numbers.items()}


def _bounded(amounts: Whole, groups: Codes, most: Whole) -> Whole:
    """What each amount, in its order, adds to the sum of its group where that is kept within -most and most."""
    if not len(amounts):
        return amounts
    order = np.argsort(groups, kind="stable")
    ordered, group, limit = amounts[order], groups[order], most[order]
    first = np.r_[True, group[1:] != group[:-1]]
    sums = np.cumsum(ordered)
    sums -= (sums - ordered)[first][np.cumsum(first) - 1]
    kept = np.maximum(np.minimum(sums, limit), -limit)
    before = np.r_[np.zeros(1, dtype=kept.dtype), kept[:-1]]
    before[first] = 0
    added = np.empty_like(amounts)
    added[order] = kept - before
    return added

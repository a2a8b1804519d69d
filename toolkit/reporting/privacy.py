"""What may be shown: sources with too few raters, and no more digits than a reader is meant to see."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

DIGITS = 1
"""Decimals that leave the program; more would let a reader solve for single votes."""
FEW = 12
"""Up to so many raters mean, standard error and number together give a whole vote away."""
FEWEST = 3
"""Among fewer units a unit's report would state the mean of another one."""
# A spreadsheet takes a cell that begins so for a formula; some of East Asia take the wide forms too.
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")

T = TypeVar("T", "float", "pd.Series", "NDArray[np.float64]")
Reason = Literal["few", "members", "complement"]


@dataclass(frozen=True)
class Part:
    """A source in the mean of a ratee or unit.

    Attributes
    ----------
    name : str
        The source.
    raters : int
        How few persons stand behind any of its scores.
    attributed : bool
        Whether its raters are known by name, and know it.
    counts : bool
        Whether it weighs in the composite and was seen.
    """

    name: str
    raters: int
    attributed: bool
    counts: bool


@dataclass(frozen=True)
class Guarded:
    """What must go beside what few have said, since votes are whole; see `Guard`.

    Attributes
    ----------
    sources : mapping
        Sources that must not be shown, with the reason.
    indicators : frozenset of str
        Indicators whose mean of all sources must not be shown.
    whole : bool
        Whether the composite is not shown.
    """

    sources: Mapping[str, Reason] = field(default_factory=dict)
    indicators: frozenset[str] = frozenset()
    whole: bool = False


NOTHING = Guarded()


def hidden_sources(
    parts: Iterable[Part], min_raters: int, also: Mapping[str, Reason] = MappingProxyType({})
) -> dict[str, Reason]:
    """Which sources must not be shown beside a composite that is.

    Parameters
    ----------
    parts : iterable of Part
        The sources that make up the composite.
    min_raters : int
        A source that is not attributed needs as many raters.
    also : mapping
        Sources that must be hidden too, with the reason, see `Guard`.

    Returns
    -------
    dict
        Reason for every hidden source: "few" raters; "members": few raters of a member, whose answers its mean would
        tell; or "complement": it is hidden so that the first cannot be found by subtracting the others from the
        composite. The blank name stands for the composite itself: it must go where a hidden source is all that it
        holds.
    """
    parts = list(parts)
    few: dict[str, Reason] = {
        part.name: "few" for part in parts if not part.attributed and 0 < part.raters < min_raters
    }
    hidden = _covered(few, parts)
    return _covered(hidden | {part.name: also[part.name] for part in parts if part.name in also.keys() - hidden}, parts)


def _covered(hidden: dict[str, Reason], parts: list[Part]) -> dict[str, Reason]:
    """The same with another that counts, where just one of those that count is hidden."""
    counted = [part for part in parts if part.counts]
    if sum(part.name in hidden for part in counted) != 1:
        return hidden
    others = [part for part in counted if part.name not in hidden]
    if not others:
        return {**hidden, "": "complement"}
    # attributed sources are known to many; hiding one of them protects less
    second = min(others, key=lambda part: (part.attributed, part.raters, part.name))
    return {**hidden, second.name: "complement"}


def rests_on_few(seen: Collection[tuple[str, float]], attributed: Mapping[str, bool], min_raters: int) -> bool:
    """Whether a composite is the score of a single source that must not be shown.

    Parameters
    ----------
    seen : collection of (source, raters)
        The sources that weigh in the composite and were seen.
    attributed : mapping
        Whether the raters of a source are known by name.
    min_raters : int
        A source that is not attributed needs as many raters.
    """
    sources = dict(seen)
    return len(sources) == 1 and all(not attributed[name] and n < min_raters for name, n in sources.items())


def hidden_units(bare: Iterable[str], children: Mapping[str, list[str]], scored: Mapping[str, float]) -> set[str]:
    """Which units must have no mean in a list that holds the units above and beside them.

    The mean of a unit is that of the units right below, by their scored members (its own members are in its report), so
    that where just one of these is unknown, the others give it away: then another goes, the smallest.

    Parameters
    ----------
    bare : iterable of str
        Units whose own report must hide the mean.
    children : mapping
        Units right below every unit, parents first; those at the top below "".
    scored : mapping
        Scored members of every unit that has any.
    """
    hidden = set(bare)
    for unit, below in children.items():
        seen = [child for child in below if scored.get(child, 0) > 0]
        known = [child for child in seen if child not in hidden]
        if len({unit, *seen} & hidden) == 1 and known:
            hidden.add(min(known, key=lambda child: (scored[child], child)))
    return hidden


def published(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with every number that is not whole rounded to the digits that are printed."""
    shown = frame.copy()
    for name, kind in frame.dtypes.items():
        if kind.kind == "f":
            shown[name] = settled(frame[name])
    return shown


def settled(number: T) -> T:
    """A number, or a column of them, rounded to the digits that are printed; what rounds to nothing has no sign.

    Python and NumPy round 76.55 differently; here a number is NumPy's too, so that it is the same wherever it stands.
    """
    return (float(np.round(number, DIGITS)) if isinstance(number, float | int) else number.round(DIGITS)) + 0.0


def coarse(low: ArrayLike, high: ArrayLike, n: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of intervals, moved outward to whole points where few raters stand behind them."""
    few = np.asarray(n, dtype=float) <= FEW
    lows, highs = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    return np.where(few, np.floor(lows), lows), np.where(few, np.ceil(highs), highs)


def cell(value: object) -> object:
    """A cell of a CSV file or workbook that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    if isinstance(value, float) and math.isnan(value):
        return ""
    return value


def safe(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame whose text can be opened in a spreadsheet, headers included."""
    text = {str(name): frame[name].astype(object).map(cell) for name in frame.select_dtypes(exclude="number")}
    return frame.assign(**text).rename(columns=lambda name: str(cell(str(name))))

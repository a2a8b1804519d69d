"""When a submission came in, and how long it took: what a platform says of each row of its export."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.contract import iso_date

if TYPE_CHECKING:
    from collections.abc import Callable

    from toolkit.survey.export import Export

MOMENT = re.compile(
    r"(?P<day>[0-9]{4}(?:[-/.][0-9]{1,2}[-/.][0-9]{1,2}|年[0-9]{1,2}月[0-9]{1,2}日?))"
    r"(?:[T ]*(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}(?:\.[0-9]+)?))?"
    r" *(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
"""2026/6/20 9:05:00, 2026年6月20日 9:05, 2026-06-20T09:05:00.000+08:00; the day alone is enough."""
SPENT = re.compile(
    r"(?:(?P<hours>[0-9]+) *(?:小时|时|h) *)?(?:(?P<minutes>[0-9]+) *(?:分钟|分|min|m) *)?"
    r"(?:(?P<seconds>[0-9]+(?:\.[0-9]+)?) *(?:秒|sec|s)?)?"
)
"""61秒, 1分2秒, 75; 00:01:15 is `CLOCK`."""
CLOCK = re.compile(r"(?P<hours>[0-9]+):(?P<minutes>[0-9]{2}):(?P<seconds>[0-9]{2}(?:\.[0-9]+)?)")
NO_DAY = "1980-01-01"
"""What LimeSurvey writes where a survey keeps no days."""


@dataclass(frozen=True)
class Times:
    """Places of the columns that tell of a submission's time; None where there is none.

    `came` says when it came in, `took` how long it took; where nothing does, that is from `began` to `ended`.
    """

    came: int | None = None
    took: int | None = None
    began: int | None = None
    ended: int | None = None

    @property
    def places(self) -> set[int]:
        """All of them."""
        return {place for place in (self.came, self.took, self.began, self.ended) if place is not None}

    @property
    def tell_seconds(self) -> bool:
        """Whether they say how long a submission took."""
        return self.took is not None or (self.began is not None and self.ended is not None)


def times_of(export: Export, times: Times) -> pd.DataFrame:
    """When every row of an export came in, and how long it took.

    Returns
    -------
    DataFrame
        The index of the cells, `day` (ISO), `seconds` (a number of 0 or more, as text), both "" where the row does not
        say it, and `unread`: whether something stands there that is no time.
    """
    came, took, began, ended = (
        export.cells[place] if place is not None else pd.Series("", export.cells.index)
        for place in (times.came, times.took, times.began, times.ended)
    )
    days = _mapped(came, _day)
    spent = _mapped(took, _seconds)
    if times.took is None and times.tell_seconds:
        pairs = zip(began, ended, strict=True)
        spent = pd.Series([_between(first, last) for first, last in pairs], export.cells.index, dtype=object)
        took = began.where(began != "", ended)
    unread = ((came != "") & days.isna()) | ((took != "") & spent.isna())
    return pd.DataFrame({"day": days.fillna(""), "seconds": spent.fillna(""), "unread": unread})


def _mapped(cells: pd.Series[str], read: Callable[[str], str | None]) -> pd.Series[str]:
    meant = {cell: read(cell) for cell in cells.unique()}
    return pd.Series([meant[cell] for cell in cells], cells.index, dtype=object)


def _day(cell: str) -> str | None:
    """The day of a moment, "" where none is kept; None where the cell is no moment."""
    found = MOMENT.fullmatch(_narrow(cell))
    day = iso_date(found["day"]) if found else ""
    return "" if day == NO_DAY or not cell else day or None


def _seconds(cell: str) -> str | None:
    """How long 1分2秒 is; None where the cell is no such time: 1:15 may be minutes or hours."""
    text = _narrow(cell)
    found = CLOCK.fullmatch(text) or SPENT.fullmatch(text)
    if not cell:
        return ""
    if not found or not any(found.groups()):
        return None
    hours, minutes, seconds = (float(found[name] or 0) for name in ("hours", "minutes", "seconds"))
    return f"{3600 * hours + 60 * minutes + seconds:.10g}"


def _between(first: str, last: str) -> str | None:
    """Seconds from one moment to another; None where one of them is none, or they are in the wrong order."""
    if not first and not last:
        return ""
    began, ended = (MOMENT.fullmatch(_narrow(cell)) for cell in (first, last))
    if not (began and ended and began["hour"] and ended["hour"] and began["zone"] == ended["zone"]):
        return None
    start, end = (_moment(found) for found in (began, ended))
    return f"{(end - start).total_seconds():.10g}" if start is not None and end is not None and end >= start else None


def _moment(found: re.Match[str]) -> pd.Timestamp | None:
    day = iso_date(found["day"])
    if not day:
        return None
    clock = pd.Timedelta(hours=int(found["hour"]), minutes=int(found["minute"]), seconds=float(found["second"] or 0))
    return pd.Timestamp(day) + clock


def _narrow(cell: str) -> str:
    return unicodedata.normalize("NFKC", cell).strip().casefold().replace("z", "Z").replace("t", "T")

"""The half-years in which a made-up study is rated."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, NamedTuple

from toolkit.faults import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

HALF = re.compile(r"(\d{4})H([12])")
RATED, TOLD = dt.timedelta(days=-5), dt.timedelta(days=10)
"""When ratings are due and members are told, from the last day of a half-year."""


class Half(NamedTuple):
    """A half-year, such as 2026H1, and its days."""

    label: str
    start: dt.date
    end: dt.date

    @property
    def due(self) -> dt.date:
        """Day by which its ratings are in."""
        return self.end + RATED

    @property
    def feedback(self) -> dt.date:
        """Day on which members are told."""
        return self.end + TOLD


def halves(rounds: Sequence[str]) -> list[Half]:
    """The days of every round; UsageError where they are not different half-years."""
    found = [HALF.fullmatch(label) for label in rounds]
    if not rounds or len(set(rounds)) < len(rounds) or not all(found):
        raise UsageError(f"rounds: {', '.join(rounds)}, must be different half-years such as 2026H1")
    return [_half(label) for label in rounds]


def _half(label: str) -> Half:
    year = int(label[:4])
    if label.endswith("H1"):
        return Half(label, dt.date(year, 1, 1), dt.date(year, 6, 30))
    return Half(label, dt.date(year, 7, 1), dt.date(year, 12, 31))


def year_before(half: Half) -> Half:
    """The calendar year before that of a half-year, as if it were one."""
    year = half.start.year - 1
    return Half(str(year), dt.date(year, 1, 1), dt.date(year, 12, 31))

"""The calendar of the rounds: which are planned, running, due, overdue or done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.conduct.decisions import day_of
from toolkit.scoring.rounds import combined, in_time, last_day

if TYPE_CHECKING:
    import datetime as dt

    from toolkit.study import Study

CALENDAR = ["round", "from", "to", "due", "feedback", "days_to_feedback", "ratings", "state"]


def calendar(study: Study, as_of: dt.date | None = None) -> pd.DataFrame:
    """Every round with its days and where it stands.

    Parameters
    ----------
    study : Study
        Rounds and tally.
    as_of : date, optional
        See `day_of`; the day stands in `attrs["as_of"]` of the result, ISO.

    Returns
    -------
    DataFrame
        In time: `round, from, to, due, feedback` (ISO, `""` where there is none), `days_to_feedback` (from the last
        day; NaN where one of the two is missing), `ratings` (how many there are) and `state`.

    Notes
    -----
    "planned" before the first day; "overdue" after the day by which ratings are due (without one, after the last day)
    as long as there are none; "running" up to the last day, or until that day with ratings; "done" from then on with
    ratings; "due" after it without any, up to the day by which they are due. A round without days is done once it is
    rated, and planned until then. A combined round has the days and ratings of its rounds where it has none itself, and
    is rated once all of them are.
    """
    day = day_of(study, as_of)
    counts = study.tally.counts.groupby("round", observed=True)["count"].sum()
    found = pd.DataFrame([_row(study, name, day, counts) for name in in_time(study)], columns=CALENDAR)
    found.attrs["as_of"] = day
    return found


def _row(study: Study, name: str, day: str, counts: pd.Series[int]) -> tuple[object, ...]:
    rounds = study.schemes[name].rounds
    parts = list(combined(study, name) or [name])
    ratings = [int(counts.get(part, 0)) for part in parts]
    starts = [rounds[part].start for part in parts]
    start = rounds[name].start or min((first for first in starts if first), default=None)
    end, due, told = last_day(study, name), rounds[name].due, rounds[name].feedback
    days = (told - end).days if told and end else np.nan
    texts = [str(date or "") for date in (start, end, due, told)]
    return name, *texts, days, sum(ratings), _state(day, *texts[:3], rated=all(ratings))


def _state(day: str, start: str, end: str, due: str, *, rated: bool) -> str:
    if day < start:
        return "planned"
    if not rated and (due or end) and day > (due or end):
        return "overdue"
    if end and (day < end or (day == end and not rated)):
        return "running"
    if rated:
        return "done"
    return "due" if due else "planned"

"""What members reply to a result, and whether that comes in time."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from toolkit.scoring.rounds import last_day

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.study import Study

REPLIES = ["round", "ratee_id", "date", "text", "due", "state"]


def reply_by(study: Study, name: str) -> str:
    """Last day for a reply, ISO: `reply_days` after the feedback, or after the round's last day; else `""`."""
    scheme = study.schemes[name]
    told = scheme.rounds[name].feedback or last_day(study, name)
    return str(told + dt.timedelta(scheme.conduct.reply_days)) if told else ""


def replies(study: Study, name: str, day: str | None = None) -> pd.DataFrame:
    """Every reply to the results of a round, up to a day (ISO) if there is one.

    Returns
    -------
    DataFrame
        In time: `round, ratee_id, date, text`, `due` (see `reply_by`) and `state`: "in time", "late", or `""` where the
        round has no days. A late reply stands as well as any other.
    """
    rows = study.replies[study.replies["round"] == name].rename(columns={"subject_id": "ratee_id"})
    rows = rows if day is None else rows[rows["date"] <= day]
    due = reply_by(study, name)
    state = np.where(rows["date"] <= due, "in time", "late") if due else ""
    return rows.assign(due=due, state=state)[REPLIES].sort_values("date", kind="stable", ignore_index=True)


def replies_of(study: Study, name: str, ratee: str) -> pd.DataFrame:
    """The replies of one ratee to the results of a round, see `replies`."""
    found = replies(study, name)
    return found[found["ratee_id"] == ratee].reset_index(drop=True)

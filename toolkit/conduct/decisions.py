"""What people decided, in time, and the day as of which it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.scoring.rounds import last_day

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from toolkit.study import Study

DATED = ("decisions", "evidence", "replies")


def day_of(study: Study, as_of: dt.date | None = None, name: str = "") -> str:
    """The day as of which states are told, as ISO text.

    Parameters
    ----------
    study : Study
        Rounds and tables.
    as_of : date, optional
        A day; else the last one that the study knows of, so that the same study always tells the same: the latest of
        the dates of decisions, evidence and replies and of the last days of the rounds that are rated.
    name : str
        A round whose last day counts too, rated or not.

    Returns
    -------
    str
        `""` where the study has no dates at all: then nothing is due.
    """
    if as_of is not None:
        return as_of.isoformat()
    rated = {str(turn) for turn in study.tally.counts["round"].unique()}
    days = [str(last_day(study, turn) or "") for turn in study.schemes if turn in rated or turn == name]
    for table in DATED:
        days += [str(day) for day in getattr(study, table)["date"].unique()]
    return max(days, default="")


def history(study: Study, name: str, day: str) -> pd.DataFrame:
    """Every decision of a round up to a day: the columns of decisions.csv, in time; on one day as they stand there."""
    rows = study.decisions
    rows = rows[(rows["round"] == name) & (rows["date"] <= day)]
    return rows.sort_values("date", kind="stable", ignore_index=True)


def latest(rows: pd.DataFrame) -> pd.DataFrame:
    """Of `history` the last decision on every subject and matter: it is the one that holds."""
    return rows.drop_duplicates(["subject_id", "matter"], keep="last")


def decided(rows: pd.DataFrame, matter: str) -> dict[str, str]:
    """Of `history` the decision that holds on a matter, by subject."""
    last = latest(rows[rows["matter"] == matter])
    return dict(zip(last["subject_id"], last["decision"], strict=True))

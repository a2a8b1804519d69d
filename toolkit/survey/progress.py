"""How far a round in the field has come: who has taken part, what is missing, who was hasty, what is still to come."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import beta, binom

from toolkit.faults import UsageError, one_of

if TYPE_CHECKING:
    from toolkit.scheme import Scheme
    from toolkit.study import Study

WEEK = 7
"""Days whose returns say how readily people answer now."""
HASTY = 0.5
"""Who takes less than this part of the usual time of his source is hasty."""
FEWEST = 10
"""With fewer times of a source nobody can say what is usual."""
COVERED = 0.95
GRID = 400
"""Equally likely values of an uncertain probability over which is averaged."""
STEPS = ["eligible", "issued", "returned", "valid"]


class Forecast(NamedTuple):
    """How many of the eligible will have answered on the last day: what is expected, and the ends of a 95% interval."""

    expected: float
    low: int
    high: int


def participation(study: Study, turn: str) -> pd.DataFrame:
    """Who took part in a round so far, by source and unit.

    Parameters
    ----------
    study : Study
        With turnout; rows that tell of one ratee only are left out. Where it says neither how many ballots were
        returned nor how many are valid, those are counted that came in as submissions.
    turn : str
        A plain round.

    Returns
    -------
    DataFrame
        `source, unit_id, eligible, issued, returned, valid` (NaN where turnout does not say), `missing` (eligible less
        returned, NaN where either is not known) and `state`: `none` (nothing was returned), `part`, `all`, or
        `unknown`. Units of which nothing is known for a source, though of others it is, have a row `unknown`.

    Raises
    ------
    UsageError
        If the round is unknown or a combined one.
    """
    scheme = _plain(study, turn)
    rows = study.turnout[(study.turnout["round"] == turn) & (study.turnout["ratee_id"] == "")]
    keys = ["source", "unit_id"]
    rows = rows.groupby(keys, sort=False)[STEPS].sum(min_count=1)
    came = study.submissions[study.submissions["round"] == turn].groupby(keys, sort=False).size()
    told = [set(index.get_level_values(key)) for key in keys for index in [rows.index.union(came.index)]]
    sources = [source for source in scheme.leaf_sources if source in told[0]]
    units = [unit for unit in study.units["unit_id"] if unit in told[1]]
    table = rows.reindex(pd.MultiIndex.from_product([sources, units], names=keys))
    unsaid = table["returned"].isna() & table["valid"].isna()
    table.loc[unsaid, "returned"] = table.loc[unsaid, "valid"] = came.reindex(table.index)[unsaid]
    table = table.reset_index()
    missing = table["eligible"] - table["returned"]
    state = np.select(
        [missing.isna(), missing <= 0, table["returned"] == 0], ["unknown", "all", "none"], default="part"
    )
    return table.assign(missing=missing, state=state)


def _plain(study: Study, turn: str) -> Scheme:
    plain = [name for name in study.schemes if study.schemes[name].rounds[name].combine is None]
    if turn not in plain:
        raise UsageError(f"round: {turn!r}, {one_of(turn, plain, 'a plain round')}")
    return study.schemes[turn]


def last_day(study: Study, turn: str) -> dt.date | None:
    """The day by which a round's ratings are to be in: when they are due, else the last of the round."""
    of = study.schemes[turn].rounds[turn]
    return of.due or of.end


def returns(study: Study, turn: str, as_of: dt.date | None) -> pd.DataFrame:
    """What was handed in up to a day, a row for each submission of the round: `source, unit_id, submitted, seconds`."""
    rows = study.submissions[study.submissions["round"] == turn]
    rows = rows if as_of is None else rows[rows["submitted"] <= str(as_of)]
    return rows[["source", "unit_id", "submitted", "seconds"]]


def by_day(rows: pd.DataFrame) -> pd.DataFrame:
    """How many came in by source on every day from the first to the last: `source, day, n, total` (so far)."""
    parts = []
    for source, part in rows.groupby("source", sort=False):
        counts = part["submitted"].value_counts()
        days = [str(day.date()) for day in pd.date_range(counts.index.min(), counts.index.max())]
        n = counts.reindex(days, fill_value=0).to_numpy()
        parts.append(pd.DataFrame({"source": source, "day": days, "n": n, "total": n.cumsum()}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["source", "day", "n", "total"])


def hasty(rows: pd.DataFrame) -> pd.DataFrame:
    """How many were handed in after far too little time, by source and unit.

    Parameters
    ----------
    rows : DataFrame
        See `returns`.

    Returns
    -------
    DataFrame
        `source, unit_id, timed` (submissions whose time is known), `usual` (median seconds of the source) and `hasty`:
        those that took less than half of that. Sources with fewer than `FEWEST` times are left out.

    References
    ----------
    Greszki, R., Meyer, M., Schoen, H. (2015). Exploring the effects of removing "too fast" responses and respondents
    from web surveys. Public Opinion Quarterly 79(2), 471-503. doi:10.1093/poq/nfu058: more than 30, 40 or 50% faster
    than the median; this is the last.
    """
    timed = rows[rows["seconds"].notna()]
    usual = timed.groupby("source")["seconds"].transform("median")
    enough = timed.groupby("source")["seconds"].transform("size") >= FEWEST
    timed = timed.assign(usual=usual, fast=timed["seconds"] < HASTY * usual)[enough]
    keys = ["source", "unit_id"]
    return (
        timed.groupby(keys, sort=False)
        .agg(timed=("fast", "size"), usual=("usual", "first"), hasty=("fast", "sum"))
        .reset_index()
    )


def forecast(eligible: int, returned: int, recent: int, days: int, days_left: int) -> Forecast | None:
    """How many will have answered on the last day, if people go on as in the last days.

    Parameters
    ----------
    eligible, returned : int
        How many may answer, and how many have.
    recent, days : int
        How many of them have in the last so many days.
    days_left : int
        Days until the last, itself included; 0 or fewer when it is over.

    Returns
    -------
    Forecast or None
        None where there are no days to go by, or more have answered than may.

    Notes
    -----
    Whoever has not answered yet does so on any day with the same probability. It is judged from the last days by
    Jeffreys' prior: of the person-days on which somebody had not answered yet, `recent` were his last. The number still
    to come is then binomial with an uncertain probability, and the interval holds the middle 95% of that mixture. The
    willing answer first, so this is more often too high than too low; reminders work the other way.

    References
    ----------
    Brown, L. D., Cai, T. T., DasGupta, A. (2001). Interval estimation for a binomial proportion. Statistical Science
    16(2), 101-133. doi:10.1214/ss/1009213286 (Jeffreys' prior)
    """
    left = eligible - returned
    if days <= 0 or left < 0:
        return None
    if days_left <= 0 or left == 0:
        return Forecast(float(returned), returned, returned)
    waited = days * left + recent * (days + 1) / 2  # those who came in these days waited half of them
    chance = beta(recent + 0.5, max(waited - recent, 0) + 0.5).ppf((np.arange(GRID) + 0.5) / GRID)
    come = 1 - (1 - chance) ** days_left
    tail = (1 - COVERED) / 2
    low, high = (_mixed(share, left, come) for share in (tail, 1 - tail))
    return Forecast(returned + left * float(come.mean()), returned + low, returned + high)


def _mixed(share: float, n: int, come: np.ndarray[tuple[int], np.dtype[np.float64]]) -> int:
    """Quantile of a mixture of binomials: the least k that so large a share does not exceed."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if binom.cdf(middle, n, come).mean() >= share:
            high = middle
        else:
            low = middle + 1
    return low


def forecasts(study: Study, turn: str, as_of: dt.date) -> pd.DataFrame:
    """The forecast of every source whose submissions have days.

    Returns
    -------
    DataFrame
        `source, eligible, returned` (submissions up to the day), `recent, days, days_left`, and `expected, low, high`
        (NaN where nothing can be said). Who got no form cannot hand one in: where turnout says how many were issued,
        these are the ones who may answer. Sources without submissions, or of whom turnout does not say how many are
        eligible, are not there; nor is any where the round has no last day.
    """
    table, rows, last = participation(study, turn), returns(study, turn, as_of), last_day(study, turn)
    found = []
    for source, part in rows.groupby("source", sort=False):
        eligible, issued = table.loc[table["source"] == source, ["eligible", "issued"]].sum(min_count=1)
        if last is None or np.isnan(eligible):
            continue
        first = dt.date.fromisoformat(part["submitted"].min())
        days = min(WEEK, (as_of - first).days + 1)
        recent = int((part["submitted"] > str(as_of - dt.timedelta(days))).sum())
        days_left = max((last - as_of).days, 0)
        told = forecast(int(eligible if np.isnan(issued) else issued), len(part), recent, days, days_left)
        found.append((source, int(eligible), len(part), recent, days, days_left, *(told or (np.nan,) * 3)))
    columns = ["source", "eligible", "returned", "recent", "days", "days_left", "expected", "low", "high"]
    return pd.DataFrame(found, columns=columns)

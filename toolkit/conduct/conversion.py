"""How many of those who were to mend something have done so in later rounds, and how long that took."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from toolkit.conduct.decisions import day_of, history
from toolkit.conduct.grounds import grounds
from toolkit.conduct.remediation import call, cases
from toolkit.scoring.conditions import known, meets
from toolkit.scoring.rounds import combined, in_time, last_day

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from toolkit.scoring.scores import Scores
    from toolkit.study import Study

CONVERSION = ["round", "called", "ordered", "proposed", "converted", "expelled", "open", "rate", "days"]


class Course(NamedTuple):
    """How it went on with one who was called: days from the call to the last round that tells, and how that ended."""

    days: int | None
    end: str


def conversion(study: Study, scores: Scores, *, ratees: Collection[str] | None = None) -> pd.DataFrame:
    """How many of those called in each plain round have mended it since.

    Parameters
    ----------
    study : Study
        Rules and decisions.
    scores : Scores
        Quantities of every round.
    ratees : collection of str, optional
        The only ones who are counted.

    Returns
    -------
    DataFrame
        For every plain round whose scheme has rules of remediation, in time: `round, called` (the sum of the next two),
        `ordered` (by people), `proposed` (by the rules, nothing is decided), `converted, expelled, open` (neither),
        `rate` (converted / called, exact; None where nobody was called) and `days`, the median time to convert (NaN
        where fewer than half have).

    Notes
    -----
    Whom people waived was not called. Somebody has converted in the first later plain round in which he meets no
    condition of `when`, in its scheme. A round tells that only if it knows again the quantities for which he was called
    (where he met no condition, all that `when` asks and that was known of him): not to be rated is not to have mended.
    Time runs from the first order, else from the last day of the round in which he was called, to the last day of the
    round in which he converted; a round that has ended by then tells nothing. Of those who are open, or were expelled,
    it is known only that up to the last round that tells they had not converted, and `median` takes that into account.
    As long as fewer than half of those called have converted, it would rest on the few who were followed longest.
    """
    turns = [turn for turn in in_time(study) if combined(study, turn) is None and turn in scores.rungs]
    turns = [turn for turn in turns if study.schemes[turn].conduct.remediation]
    facts = {turn: grounds(scores.rungs[turn].quantities) for turn in turns}
    rows = [_row(study, turns[place:], facts, ratees) for place in range(len(turns))]
    return pd.DataFrame(rows, columns=CONVERSION).astype({"rate": object, "days": float})


def _row(
    study: Study, turns: Sequence[str], facts: dict[str, pd.DataFrame], ratees: Collection[str] | None
) -> tuple[object, ...]:
    """The first of some rounds, seen from all of them."""
    name, rules, day = turns[0], study.schemes[turns[0]].conduct.remediation, day_of(study, name=turns[0])
    found, _ = call(facts[name], rules)
    called = cases(study, name, found.index, history(study, name, day), day)
    called = called[called["state"] != "waived"]
    if ratees is not None:
        called = called[called["ratee_id"].isin(list(ratees))]
    courses = [_course(study, turns, facts, case) for case in called.to_dict("records")]
    ends = [course.end for course in courses]
    proposed, done = int((called["state"] == "proposed").sum()), ends.count("converted")
    timed = [(course.days, course.end == "converted") for course in courses if course.days is not None]
    middle = median([days for days, _ in timed], [event for _, event in timed])
    days = np.nan if middle is None or 2 * done < len(ends) else middle
    rate = Fraction(done, len(ends)) if ends else None
    counts = len(ends), len(ends) - proposed, proposed, done, ends.count("expelled"), ends.count("open")
    return name, *counts, rate, days


def _course(study: Study, turns: Sequence[str], facts: dict[str, pd.DataFrame], case: dict[Any, Any]) -> Course:
    """Follow one who was called through the later rounds."""
    ratee, start = str(case["ratee_id"]), case["ordered"] or str(last_day(study, turns[0]) or "")
    asked = _asked(study, turns[0], facts[turns[0]], ratee)
    told = ""
    for turn in turns[1:]:
        end, rules = str(last_day(study, turn) or ""), study.schemes[turn].conduct.remediation
        if rules is None or ratee not in facts[turn].index or (start and end and end <= start):
            continue
        row = facts[turn].loc[ratee]
        if not asked or not all(known(row.get(of)) for of in asked):
            continue
        if not any(meets(row.get(condition.of), condition) for condition in rules.when):
            return Course(_between(start, end), "converted")
        told = end
    return Course(_between(start, told), "expelled" if case["state"] == "expelled" else "open")


def _asked(study: Study, name: str, facts: pd.DataFrame, ratee: str) -> list[str]:
    """Quantities for which somebody was called, or those known of him where people alone called him."""
    rules = study.schemes[name].conduct.remediation
    if rules is None or ratee not in facts.index:
        return []
    row = facts.loc[ratee]
    found = [condition.of for condition in rules.when if meets(row.get(condition.of), condition)]
    return found or [condition.of for condition in rules.when if known(row.get(condition.of))]


def _between(start: str, end: str) -> int | None:
    """Days from one day to another (ISO), None where one is not known."""
    return (dt.date.fromisoformat(end) - dt.date.fromisoformat(start)).days if start and end else None


def median(days: Sequence[int], converted: Sequence[bool]) -> int | None:
    """Median time to convert where not all have converted yet; see `quantile`."""
    return quantile(days, converted, Fraction(1, 2))


def quantile(days: Sequence[int], ended: Sequence[bool], share: Fraction) -> int | None:
    """Time until a share has ended, where some have only been seen to last.

    Parameters
    ----------
    days : sequence of int
        Time until something ended, or until it was last seen.
    ended : sequence of bool
        Whether it had.
    share : Fraction
        Between 0 and 1.

    Returns
    -------
    int or None
        The first time by which at least this share has ended, by Kaplan and Meier's estimate; None where less has.

    Notes
    -----
    The estimate is a product of fractions and is taken exactly: floats would move it where just the share has ended.

    References
    ----------
    Kaplan, E. L., Meier, P. (1958). Nonparametric estimation from incomplete observations. JASA 53, 457-481.
    doi:10.2307/2281868
    """
    left = Fraction(1)
    ends = Counter(day for day, event in zip(days, ended, strict=True) if event)
    ordered = sorted(days)
    for time in sorted(ends):
        left *= 1 - Fraction(ends[time], len(ordered) - bisect_left(ordered, time))
        if left <= 1 - share:
            return time
    return None

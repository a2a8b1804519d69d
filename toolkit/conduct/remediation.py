"""Remediation: who is called to mend something, by when, what is handed in, and where each case stands."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from toolkit.conduct.evidence import handed
from toolkit.conduct.grounds import met

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from toolkit.rules import Remediation
    from toolkit.study import Study

MATTER = "remediation"
CASES = ["round", "ratee_id", "state", "ordered", "due", "handed", "missing", "complete", "helper_decided"]
BEGINS = ("order", "reopen")
"""Decisions with which a term begins."""
STATES = {"order": "open", "reopen": "reopened", "close": "closed", "waive": "waived", "expel": "expelled"}
"""Where a case stands after a decision, as far as that alone tells."""
ENDED = ("closed", "waived", "expelled")
ORDERED = ("order", "reopen", "close", "expel")
"""Decisions that say that there was something to mend."""


class Case(NamedTuple):
    """What people decided on one ratee: where that leaves it, and the term that runs or ran.

    `ordered` is the day of the first order, `since` the day from which papers count, `due` the day by which they are
    due (ISO, `""` where there is none); `helper` is the last one named.
    """

    state: str = "proposed"
    ordered: str = ""
    since: str = ""
    due: str = ""
    helper: str = ""


def call(quantities: pd.DataFrame, rules: Remediation | None) -> tuple[pd.Series[str], pd.DataFrame]:
    """Propose who is to mend something: whoever meets any condition.

    Parameters
    ----------
    quantities : DataFrame
        See `grounds`.
    rules : Remediation or None
        Conditions; None proposes nothing.

    Returns
    -------
    proposals : Series of str
        "order" for each member and unit that is called.
    reasons : DataFrame
        `ratee_id, matter, code` ("met"), `of, value, bound`: the conditions that each meets.
    """
    reasons = met(quantities, rules.when if rules else [], MATTER)
    called = list(dict.fromkeys(reasons["ratee_id"]))
    return pd.Series("order", called, dtype=str), reasons


def cases(study: Study, name: str, called: Iterable[str], decisions: pd.DataFrame, day: str) -> pd.DataFrame:
    """Every case of a round and where it stands on a day.

    Parameters
    ----------
    study : Study
        Rules and evidence.
    name : str
        The round.
    called : iterable of str
        Those for whom an order is proposed.
    decisions : DataFrame
        See `history`.
    day : str
        ISO; evidence of later days is not there yet.

    Returns
    -------
    DataFrame
        `round, ratee_id, state, ordered` (day of the first order), `due, handed` and `missing` (papers that the rules
        ask, joined by "|"), `complete` (day on which the last of them came), `helper_decided`; `""` where there is
        none. Those called first, then those whom people alone ordered.

    Notes
    -----
    "proposed" as long as nothing is decided; "waived", "closed" and "expelled" by the last decision. A term begins with
    an order or a reopening and ends on the day that the decision names, else `days` after it. Until it is closed a case
    is "handed in" once all papers are there, even late: then it is for others to act; else "overdue" after its last
    day; else "open", or "reopened". After a reopening, or an order on a case that had ended, only papers that come from
    that day on count. Where the rules ask for no papers none are ever handed in.
    """
    rules = study.schemes[name].conduct.remediation
    rows = decisions[decisions["matter"] == MATTER]
    by_subject = dict(list(rows.groupby("subject_id", sort=False)))
    subjects = dict.fromkeys([*called, *map(str, by_subject)])
    begun = {subject: _case(by_subject.get(subject), rules) for subject in subjects}
    filed = {since: handed(study, name, day, since) for since in {case.since for case in begun.values()}}
    found = [(name, subject, *_row(rules, subject, case, filed[case.since], day)) for subject, case in begun.items()]
    return pd.DataFrame(found, columns=CASES, dtype=str)


def _case(rows: pd.DataFrame | None, rules: Remediation | None) -> Case:
    """Follow the decisions on one ratee through time."""
    case = Case()
    for row in rows.to_dict("records") if rows is not None else ():
        decision, date = str(row["decision"]), str(row["date"])
        if decision in BEGINS:
            again = decision == "reopen" or case.state in ENDED
            case = case._replace(
                ordered=case.ordered or date,
                since=date if again else case.since,
                due=str(row["due"]) or (str(dt.date.fromisoformat(date) + dt.timedelta(rules.days)) if rules else ""),
            )
        case = case._replace(state=STATES[decision], helper=str(row["helper"]) or case.helper)
    return case


def _row(
    rules: Remediation | None, subject: str, case: Case, filed: Mapping[tuple[str, str], str], day: str
) -> tuple[str, ...]:
    """State, order, due, papers and helper of a case."""
    asked = rules.evidence if rules and case.state not in {"proposed", "waived"} else []
    there = {item: filed[subject, item] for item in asked if (subject, item) in filed}
    missing = [item for item in asked if item not in there]
    complete = max(there.values()) if there and not missing else ""
    state = case.state
    if state in {"open", "reopened"}:
        state = "handed in" if complete else "overdue" if case.due and day > case.due else state
    return state, case.ordered, case.due, "|".join(there), "|".join(missing), complete, case.helper

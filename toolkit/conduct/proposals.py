"""What the rules propose for everybody, why, and what people decided; the one never takes the other's place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.conduct.archive import grades
from toolkit.conduct.decisions import day_of, history, latest
from toolkit.conduct.grounds import grounds
from toolkit.conduct.pairs import pair
from toolkit.conduct.registration import register
from toolkit.conduct.remediation import ENDED, ORDERED, call, cases
from toolkit.conduct.replies import replies
from toolkit.faults import UsageError, one_of
from toolkit.scoring.conditions import known

if TYPE_CHECKING:
    import datetime as dt

    from toolkit.scoring.scores import Scores
    from toolkit.study import Study

MATTERS = ("grade", "stars", "registration", "remediation")
PROPOSALS = ["round", "ratee_id", "matter", "proposal", "decision", "date", "decided_by", "decision_reason", "agrees"]
PROPOSALS += ["due", "helper", "helper_proposed", "helper_decided", "state"]
WHY = ["round", "ratee_id", "matter", "code", "of", "value", "bound"]
DECIDED = {"subject_id": "ratee_id", "reason": "decision_reason", "helper": "helper_decided"}
NONE = "none"


@dataclass(frozen=True)
class Proposals:
    """What follows from the results of a round, as of a day.

    Attributes
    ----------
    round : str
        The round.
    as_of : str
        The day (ISO) as of which states are told; later decisions, papers and replies are left out.
    proposals : DataFrame
        `round, ratee_id, matter` ("grade", "stars", "registration", "remediation"), `proposal` (`""` where the rules
        have none; "none" where they leave a registration to people); of the last decision `decision, date, decided_by,
        decision_reason` (`""` where nobody decided); `agrees` (None where there is nothing to compare); `due` (the day
        that was decided, or follows from the rules); `helper` (the one decided on, else, until a case has ended, the
        one proposed), `helper_proposed, helper_decided`; `state` of a remediation. A row for every ratee and matter
        with a proposal or a decision, in the order of the ratees.
    reasons : DataFrame
        `round, ratee_id, matter, code, of, value, bound`: why, for registration and remediation; see `register` and
        `call`. Why a grade is no better is told by `Scores.reasons`.
    history : DataFrame
        Every decision of the round, in time: the columns of decisions.csv.
    cases : DataFrame
        Who is to mend something, with deadline, papers and state, see `cases`; and `helper_proposed`.
    replies : DataFrame
        What members replied to their results, see `replies`.
    """

    round: str
    as_of: str
    proposals: pd.DataFrame
    reasons: pd.DataFrame
    history: pd.DataFrame
    cases: pd.DataFrame
    replies: pd.DataFrame


def propose(study: Study, scores: Scores, name: str, *, as_of: dt.date | None = None) -> Proposals:
    """Propose what follows from the results of a round, and set it beside what people decided.

    Parameters
    ----------
    study : Study
        Rules, decisions, evidence and replies.
    scores : Scores
        Grades, stars and quantities.
    name : str
        A round, plain or combined.
    as_of : date, optional
        See `day_of`.

    Raises
    ------
    UsageError
        If the round is unknown.

    Notes
    -----
    A decision agrees with a proposed grade, stars or registration if it is the same; with a proposed order if people
    called for something to be mended too, whatever came of it, and not with none if they did.
    """
    if name not in scores.rungs:
        raise UsageError(f"round: {name!r}, {one_of(name, scores.rungs)}")
    day, rung, conduct = day_of(study, as_of, name), scores.rungs[name], study.schemes[name].conduct
    past, facts = history(study, name, day), grounds(rung.quantities)
    orders, why_order = call(facts, conduct.remediation)
    admissions, why_admission = register(facts, conduct.registration)
    proposed = {
        "grade": rung.ratees["grade"].map(lambda grade: grade if known(grade) else ""),
        "stars": rung.ratees["stars"].map(lambda stars: f"{stars:.0f}" if known(stars) else ""),
        "registration": admissions,
        "remediation": orders,
    }
    mending = cases(study, name, orders.index, past, day)
    mending["helper_proposed"] = _helpers(study, scores, mending, name, day)
    table = _with_cases(_beside(proposed, past, list(rung.ratees.index)), mending)
    table["agrees"] = _agreement(table, set(facts.index) if conduct.remediation else set())
    reasons = pd.concat([part for part in (why_admission, why_order) if len(part)] or [why_order])
    told = table.assign(round=name)[PROPOSALS], _sorted(reasons, list(facts.index)).assign(round=name)[WHY]
    return Proposals(name, day, *told, past, mending, replies(study, name, day))


def _beside(proposed: dict[str, pd.Series[str]], past: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """Every proposal with the last decision on it, and every decision to which there is no proposal."""
    parts = [
        pd.DataFrame({"ratee_id": list(found.index), "matter": matter, "proposal": list(found)}, dtype=str)
        for matter, found in proposed.items()
    ]
    columns = ["ratee_id", "matter", "decision", "date", "decided_by", "decision_reason", "due", "helper_decided"]
    last = latest(past).rename(columns=DECIDED)[columns]
    table = pd.concat(parts).merge(last.astype(str), on=["ratee_id", "matter"], how="outer").fillna("")
    table = table[(table["proposal"] != "") | (table["decision"] != "")]
    return _sorted(table, list(dict.fromkeys([*order, *past["subject_id"]])))


def _sorted(table: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """Rows in the order of the ratees, then of the matters."""
    place = {
        key: {name: at for at, name in enumerate(names)} for key, names in (("ratee_id", order), ("matter", MATTERS))
    }
    key = [*place]
    return table.sort_values(key, key=lambda cells: cells.map(place[str(cells.name)]), kind="stable", ignore_index=True)


def _with_cases(table: pd.DataFrame, mending: pd.DataFrame) -> pd.DataFrame:
    """The state, due day and helpers of every remediation; other matters have the due day and helper of a decision."""
    columns = ["due", "helper_decided", "helper_proposed", "state"]
    case = mending.set_index("ratee_id")[columns].reindex(table["ratee_id"]).set_axis(table.index)
    mine = table["matter"] == "remediation"
    found = table.assign(helper_proposed="", state="")
    found[columns] = found[columns].where(~mine, case)
    named = (found["helper_decided"] != "") | found["state"].isin(ENDED)
    return found.assign(helper=found["helper_decided"].where(named, found["helper_proposed"]))


def _agreement(table: pd.DataFrame, asked: set[str]) -> pd.Series[bool]:
    """Whether each decision agrees with its proposal; None where one of them is lacking."""
    found: list[bool | None] = []
    for row in table.to_dict("records"):
        if not row["decision"] or row["proposal"] == NONE:
            found.append(None)
        elif row["matter"] == "remediation":
            called = bool(row["proposal"]) == (row["decision"] in ORDERED)
            found.append(called if row["ratee_id"] in asked else None)
        else:
            found.append(row["proposal"] == row["decision"] if row["proposal"] else None)
    return pd.Series(found, table.index, dtype=object)


def _helpers(study: Study, scores: Scores, mending: pd.DataFrame, name: str, day: str) -> list[str]:
    """Helper proposed for every case, whether or not people chose another.

    Where people chose one it is who was proposed before they did; to the others those whom they chose are busy. Nobody
    helps who is himself to mend something.
    """
    rules, found = study.schemes[name].conduct.remediation, dict.fromkeys(mending["ratee_id"], "")
    if rules is None or not rules.helpers:
        return [*found.values()]
    people = study.members.set_index("member_id")[["unit_id"]]
    people["score"] = scores.rungs[name].ratees["score"].reindex(people.index)
    graded = grades(study, scores, name, day)
    running = mending[~mending["state"].isin(ENDED)]
    people["helps"] = [graded.get(member) in rules.helpers for member in people.index]
    people.loc[people.index.isin(running["ratee_id"]), "helps"] = False
    needy = [ratee for ratee in mending["ratee_id"] if ratee in people.index]
    found |= pair(needy, people)
    chosen = mending.set_index("ratee_id")["helper_decided"]
    rest = [ratee for ratee in needy if not chosen[ratee] and ratee in set(running["ratee_id"])]
    found |= pair(rest, people, chosen[chosen != ""])
    return [*found.values()]

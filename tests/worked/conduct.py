"""What follows from a result, and what people decide."""

import datetime as dt

import pandas as pd
from small_study import make

from toolkit.conduct.archive import archive
from toolkit.conduct.calendar import calendar
from toolkit.conduct.conversion import conversion
from toolkit.conduct.proposals import propose
from toolkit.conduct.replies import replies
from toolkit.scoring.scores import score
from worked.cases import marked, marks, measured, member, names
from worked.table import rule


def decided(what, date, matter="remediation"):
    return {
        "round": "r",
        "subject_id": "m00",
        "matter": matter,
        "decision": what,
        "date": date,
        "decided_by": "meeting",
    }


def filed(item, date):
    return {"round": "r", "subject_id": "m00", "item": item, "date": date}


def proposed(row, *values, **tables):
    """What is proposed and decided on members who have these marks."""
    return propose(*marked(row, *values, **tables), "r")


def cell(table, who, matter, column):
    found = table[(table["ratee_id"] == who) & (table["matter"] == matter)]
    return found[column].item() if len(found) else None


@rule("Remediation")
def remediation(row):
    found = proposed(row, *row.given[::2], measures=measured(*row.given[1::2]))
    orders = [cell(found.proposals, who, "remediation", "proposal") for who in names(3)]
    reasons = [cell(found.reasons, who, "remediation", "value") for who in names(2)]
    return [orders[0], reasons[0], orders[1], reasons[1], orders[2]]


@rule("Deadline")
def deadline(row):
    mark, date = row.given
    return proposed(row, mark, decisions=[decided("order", date)]).cases["due"].tolist()


@rule("States of a case")
def states(row):
    mark, ordered, plan, report, closed, again = row.given
    decisions = [decided(*each) for each in (("order", ordered), ("close", closed), ("reopen", again))]
    papers = [filed("plan", plan), filed("report", report)]
    late = str(dt.date.fromisoformat(ordered) + dt.timedelta(31))
    days = [str(dt.date.fromisoformat(ordered) - dt.timedelta(1)), ordered, late, report, closed, again]
    study, scores = marked(row, mark, decisions=decisions, evidence=papers)
    cases = [propose(study, scores, "r", as_of=dt.date.fromisoformat(day)).cases for day in days]
    assert cases[2]["missing"].item() == "report"
    return [case["state"].item() for case in cases]


@rule("Pairs (1+1)")
def pairs(row):
    found = proposed(row, *row.given)
    score_of = dict(zip(names(5), row.given, strict=True))
    return [score_of[cell(found.proposals, who, "remediation", "helper")] for who in names(5)[2:]]


@rule("Registration")
def registration(row):
    hours = measured(*row.given[1::2])
    found = proposed(row, *row.given[::2], None, measures=hours, members=[member(name) for name in names(5)])
    return [cell(found.proposals, who, "registration", "proposal") for who in names(5)]


@rule("Archive")
def papers(row):
    mark, date = row.given
    study, found = marked(row, mark, evidence=[filed("form", date)])
    return [day or "missing" for day in archive(study, found, "r")["filed"]]


@rule("Decision beside proposal")
def decision(row):
    mark, date = row.given
    found = proposed(row, mark, decisions=[decided("合格", date, "grade")]).proposals
    agrees = cell(found, "m00", "grade", "agrees")
    return [
        *(cell(found, "m00", "grade", name) for name in ("proposal", "decision")),
        "no" if agrees is False else "yes",
    ]


@rule("Conversion")
def converted(row):
    half = len(row.given) // 2
    parts = [marks(dict(zip(names(half), part, strict=True)), name=name)
             for part, name in ((row.given[:half], "H1"), (row.given[half:], "H2"))]  # fmt: skip
    study = make(row.text(), pd.concat(parts))
    first = conversion(study, score(study)).iloc[0]
    return [first["converted"], first["called"], first["rate"], first["days"]]


@rule("Reply")
def reply(row):
    rows = [{"round": "H1", "subject_id": "m00", "date": date, "text": "thanks"} for date in row.given]
    found = replies(make(row.text(), members=[member("m00")], replies=rows), "H1")
    return [found["due"].iloc[0], *found["state"]]


@rule("Due and overdue")
def due(row):
    empty, rated = (
        make(row.text(), rows, members=[member("m00")])
        for rows in (marks({}, name="H1"), marks({"m00": 80}, name="H1"))
    )
    days = [dt.date.fromisoformat(day) for day in row.given]
    found = [calendar(empty, day)["state"].item() for day in days]
    return [*found, calendar(rated, dt.date(2026, 6, 30))["state"].item()]

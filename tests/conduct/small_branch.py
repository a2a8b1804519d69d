"""A small branch that is rated by its peers in two half-years, with rules on what follows."""

import pandas as pd
from small_study import make, ratings_of

from toolkit.scoring.scores import score

SCHEME = """\
rounds:
  h1: {from: 2026-01-01, to: 2026-06-30, feedback: 2026-07-10}
  h2: {from: 2026-07-01, to: 2026-12-31}
scales: {score: {low: 0, high: 100}}
sources: {peer: {scale: score}}
measures: {hours: {}}
grades: {bands: {A: 85, B: 70, C: 60, D: 0}}
stars: {of: score, bands: {2: 80, 1: 0}}
conduct:
  remediation: {when: [{of: grade, among: [C, D]}], days: 30, evidence: [plan, report], helpers: [A]}
  registration: {deny: [{of: grade, among: [D]}], defer: [{of: grade, among: [C]}, {of: measure.hours, below: 12}]}
  archive: {A: [form, merits], D: [talk]}
  reply_days: 10
"""


def branch(first, second=None, *, scheme=SCHEME, **tables):
    """Study and scores of members who have these scores in the first round, and in the second."""
    rounds = {"h1": first, "h2": second or {}}
    parts = [
        ratings_of({(member, "peer", "overall"): [value] for member, value in scores.items()}, name)
        for name, scores in rounds.items()
        if scores
    ]
    study = make(scheme, pd.concat(parts), **tables)
    return study, score(study)


def member(name, unit="U", **more):
    """A row of the members."""
    return {"member_id": name, "name": name, "unit_id": unit, "category": "", **more}


def decision(subject, matter, what, date, **more):
    """A row of the decisions on the first round."""
    return {
        "round": "h1", "subject_id": subject, "matter": matter, "decision": what, "date": date, "decided_by": "meeting",
        "reason": "", "due": "", "helper": "", **more,
    }  # fmt: skip


def paper(subject, item, date, name="h1"):
    """A row of the evidence."""
    return {"round": name, "subject_id": subject, "item": item, "date": date}


def hours(**values):
    """Measures of the first round."""
    return [{"round": "h1", "subject_id": name, "measure": "hours", "value": value} for name, value in values.items()]

"""Rounds that are planned, running, due, overdue or done."""

import datetime as dt

import numpy as np
import pytest
from small_study import make, ratings_of

from toolkit.conduct.calendar import calendar

SCHEME = """\
rounds:
  spring: {from: 2026-01-01, to: 2026-06-30, due: 2026-07-05, feedback: 2026-07-10}
  autumn: {from: 2026-07-01, to: 2026-12-31}
  early: {from: 2027-01-01, to: 2027-06-30, due: 2027-06-20, feedback: 2027-06-25}
  year: {combine: {spring: 0.5, autumn: 0.5}}
  bare: {}
scales: {score: {low: 0, high: 100}}
sources: {peer: {scale: score}}
"""


def months(*rated, day=None, **tables):
    """The calendar with three ratings in each round that is named."""
    parts = [ratings_of({("a", "peer", "overall"): [1, 2, 3]}, name) for name in rated]
    rows = [row for part in parts for row in part.to_dict("records")]
    study = make(
        SCHEME,
        [list(row.values()) for row in rows],
        members=[{"member_id": "a", "unit_id": "U", "category": ""}],
        **tables,
    )
    return calendar(study, dt.date.fromisoformat(day) if day else None).set_index("round")


@pytest.mark.parametrize(
    ("name", "day", "rated", "state"),
    [
        ("spring", "2025-12-31", False, "planned"),
        ("spring", "2026-01-01", False, "running"),
        ("spring", "2026-06-29", True, "running"),
        ("spring", "2026-06-30", False, "running"),
        ("spring", "2026-06-30", True, "done"),
        ("spring", "2026-07-01", False, "due"),
        ("spring", "2026-07-05", False, "due"),
        ("spring", "2026-07-06", False, "overdue"),
        ("spring", "2026-07-06", True, "done"),
        ("autumn", "2026-12-31", False, "running"),
        ("autumn", "2027-01-01", False, "overdue"),  # nothing says that it is due later than its last day
        ("autumn", "2027-01-01", True, "done"),
        ("early", "2027-06-20", False, "running"),
        ("early", "2027-06-21", False, "overdue"),  # ratings are due before the last day
        ("early", "2027-06-21", True, "running"),
        ("bare", "2027-01-01", False, "planned"),
        ("bare", "2027-01-01", True, "done"),
    ],
)
def test_the_state_of_a_round_follows_from_its_days_and_its_ratings(name, day, rated, state):
    found = months(*([name] if rated else []), day=day)
    assert found.loc[name, "state"] == state
    assert found.loc[name, "ratings"] == (3 if rated else 0)


@pytest.mark.parametrize(
    ("rated", "day", "state"),
    [
        (["spring", "autumn"], "2026-12-31", "done"),
        (["spring"], "2026-12-31", "running"),
        (["spring"], "2027-01-01", "overdue"),
        ([], "2025-12-31", "planned"),
    ],
)
def test_a_combined_round_is_rated_once_all_of_its_rounds_are(rated, day, state):
    year = months(*rated, day=day).loc["year"]
    assert year[["from", "to", "due", "state"]].to_list() == ["2026-01-01", "2026-12-31", "", state]
    assert year["ratings"] == 3 * len(rated)


def test_days_to_the_feedback_are_counted_from_the_last_day():
    days = months(day="2026-07-01")["days_to_feedback"]
    assert days["spring"] == 10
    assert days["early"] == -5  # told before the round is over
    assert np.isnan(days["autumn"])


def test_rounds_stand_in_time_and_days_are_text():
    found = months(day="2026-07-01")
    assert list(found.index) == ["bare", "spring", "autumn", "early", "year"]
    assert found.loc["spring", ["from", "to", "due", "feedback"]].to_list() == [
        "2026-01-01", "2026-06-30", "2026-07-05", "2026-07-10",
    ]  # fmt: skip
    assert found.loc["bare", ["from", "to", "due", "feedback"]].to_list() == [""] * 4


def test_without_a_day_it_is_the_last_one_that_the_study_knows_of():
    found = months("spring")
    assert found.attrs["as_of"] == "2026-06-30"
    assert found["state"].to_dict() == {
        "bare": "planned", "spring": "done", "autumn": "planned", "early": "planned", "year": "running",
    }  # fmt: skip
    replies = [{"round": "spring", "subject_id": "a", "date": "2026-07-03", "text": "yes"}]
    assert months("spring", replies=replies).attrs["as_of"] == "2026-07-03"
    assert months().attrs["as_of"] == ""

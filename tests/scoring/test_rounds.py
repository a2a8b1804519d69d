"""Rounds in time: which comes before which, and what a combined one is made of."""

import datetime as dt

import pytest
from small_study import make, schemes_of

from toolkit.scoring.rounds import before, combined, in_time, last_day

SCHEME = """
rounds:
  year: {combine: {second: 60, first: 40}}
  second: {from: 2026-07-01, to: 2026-12-31}
  late: {}
  first: {from: 2026-01-01, to: 2026-06-30}
  early: {}
  third: {from: 2027-01-01, to: 2027-06-30}
  past: {combine: {first: 1}}
  own: {to: 2026-12-30, combine: {second: 0.5, third: 0.5}}
  open: {combine: {late: 1/3, early: 2/3}}
scales: {s: {low: 0, high: 100}}
sources: {a: {weight: 1, scale: s}}
"""


@pytest.fixture(scope="module")
def study():
    return make(schemes_of(SCHEME), members=[{"member_id": "m", "unit_id": "U"}])


def test_rounds_stand_by_their_last_day_and_those_without_one_as_they_are_listed_combined_ones_last(study):
    plain = ["late", "early", "first", "second", "third"]
    # open has no day; past ends with the first half-year, own on a day of its own, the year with the second
    assert in_time(study) == [*plain, "open", "past", "own", "year"]


def test_a_combined_round_ends_with_the_last_of_its_rounds_or_on_a_day_of_its_own(study):
    days = {name: last_day(study, name) for name in study.schemes}
    assert days == {
        "year": dt.date(2026, 12, 31), "second": dt.date(2026, 12, 31), "late": None, "first": dt.date(2026, 6, 30),
        "early": None, "third": dt.date(2027, 6, 30), "past": dt.date(2026, 6, 30), "own": dt.date(2026, 12, 30),
        "open": None,
    }  # fmt: skip


def test_weights_of_what_is_combined_sum_to_1(study):
    assert combined(study, "first") is None
    assert combined(study, "year") == {"second": pytest.approx(0.6), "first": pytest.approx(0.4)}
    assert [*combined(study, "year")] == ["second", "first"]
    assert combined(study, "open") == {"late": pytest.approx(1 / 3), "early": pytest.approx(2 / 3)}
    assert combined(study, "past") == {"first": 1}


def test_a_round_comes_after_one_of_its_kind(study):
    found = {name: before(study, name) for name in study.schemes}
    assert found == {
        "late": None, "early": "late", "first": "early", "second": "first", "third": "second",
        "open": None, "past": "open", "own": "past", "year": "own",
    }  # fmt: skip

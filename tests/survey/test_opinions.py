"""Opinions by theme: which rise, how long they take, what is overdue; against published numbers and by hand."""

import datetime as dt
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from toolkit.rulebook import read_rulebook
from toolkit.survey.opinions import due, during, last_known, overdue, quartiles, rising, settled, states

ORACLES = Path(__file__).parents[1] / "oracles"
THEMES = pd.DataFrame(
    {"theme": ["roads", "food"], "label": ["", ""], "words": ["", ""], "owner": ["Works", ""], "days": [10.0, np.nan]}
)


def oracle(name):
    return json.loads((ORACLES / f"{name}.json").read_text(encoding="utf-8"))


def opinions(*rows):
    """A table of opinions; what a row does not tell is blank."""
    columns = ["id", "date", "channel", "unit_id", "text", "source", "theme", "owner", "opened", "closed", "reply"]
    return pd.DataFrame([dict.fromkeys(columns, "") | row for row in rows], columns=columns)


def test_the_exact_test_is_fishers():
    case = oracle("fisher_twins")
    found = rising(case["inputs"]["now"], case["inputs"]["before"])
    expected = Fraction(case["expected"]["numerator"], case["expected"]["denominator"])
    assert found["p"][0] == pytest.approx(float(expected), rel=1e-12)
    # of two shares one can only rise as the other falls; by Holm the smaller p counts twice
    assert found["adjusted"][0] == pytest.approx(2 * float(expected), rel=1e-12)
    assert found["rises"].tolist() == [True, False]
    assert found["share"].tolist() == pytest.approx([1000 / 13, 300 / 13])


def test_holm_rejects_what_bounds_the_familywise_error_in_the_published_example():
    case = oracle("holm_benjamini_hochberg_1995")
    adjusted = multipletests(case["inputs"]["p"], method="holm")[1]
    by_hand = case["expected"]["smallest_adjusted_by_hand"]
    assert adjusted[:4] == pytest.approx(by_hand)
    assert (adjusted <= 0.05).sum() == case["expected"]["rejected"]


@pytest.mark.slow
def test_of_many_themes_none_of_which_rises_hardly_ever_one_is_called_rising():
    """The familywise error: at most 5% of 200 made-up pairs of rounds, give or take the error of 200 draws."""
    rng = np.random.default_rng(1)
    shares = np.array([0.3, 0.2, 0.2, 0.1, 0.1, 0.05, 0.05])
    names = list("abcdefg")
    called = 0
    for _ in range(200):
        now, before = (dict(zip(names, rng.multinomial(60, shares).tolist(), strict=True)) for _ in "ab")
        called += rising(now, before)["rises"].any()
    assert called <= 200 * 0.05 + 3 * np.sqrt(200 * 0.05 * 0.95)


def test_without_a_round_before_nothing_rises_and_nothing_is_made_up():
    found = rising({"a": 3, "b": 1}, {})
    assert found["n"].tolist() == [3, 1]
    assert found["before"].tolist() == [0, 0]
    assert found[["share_before", "p", "adjusted"]].isna().all(axis=None)
    assert not found["rises"].any()
    assert rising({}, {}).empty
    assert rising({}, {"a": 2})["share"].isna().all()


def test_quartiles_are_those_of_the_published_estimate():
    case = oracle("kaplan_meier_freireich_6mp")
    told = {}
    for arm, data in case["inputs"].items():
        days = [*data["ended"], *data["censored"]]
        closed = [True] * len(data["ended"]) + [False] * len(data["censored"])
        told[arm] = quartiles(days, closed)
    for arm, expected in case["expected"]["median"].items():
        assert list(told[arm][1][1:]) == expected
    survival = {int(week): share for week, share in case["expected"]["survival"].items()}
    first = [
        min((week for week, left in survival.items() if left <= bound), default=None) for bound in (0.75, 0.5, 0.25)
    ]
    assert [part.days for part in told["6-MP"]] == first == [13, 23, None]


def test_a_quartile_that_is_just_reached_is_reached():
    """Of four that are all settled a quarter is by the first day, half by the second; floats would pass some over."""
    assert [part.days for part in quartiles([1, 2, 3, 4], [True] * 4)] == [1, 2, 3]
    assert [part.days for part in quartiles([5, 6], [False, False])] == [None] * 3
    assert quartiles([], [])[1][1:] == (None, None, None)
    assert [part.days for part in quartiles([3, 3], [True, True])] == [3, 3, 3]


def test_time_runs_from_when_a_matter_was_taken_up_and_open_ones_last_until_the_day():
    rows = opinions(
        {"date": "2026-01-01", "opened": "2026-01-03", "closed": "2026-01-05"},  # 2 days
        {"date": "2026-01-01", "closed": "2026-01-11"},  # 10 days
        {"date": "2026-01-02", "closed": "2026-03-01"},  # still open on the day
        {"date": "2026-02-20", "closed": "2026-02-21"},  # not there on the day
    )
    found = settled(rows, dt.date(2026, 1, 31))
    assert (found.n, found.closed) == (3, 2)
    assert [part.days for part in found.quartiles] == [2, 10, None]  # a third, two thirds


def test_what_is_due_overdue_and_late():
    rows = opinions(
        {"date": "2026-01-01", "theme": "roads"},
        {"date": "2026-01-01", "opened": "2026-01-11", "theme": "roads", "owner": "Mayor"},
        {"date": "2026-01-01", "theme": "roads", "closed": "2026-01-12"},
        {"date": "2026-01-01", "theme": "roads", "closed": "2026-01-11"},
        {"date": "2026-01-01", "theme": "food"},
        {"date": "2026-01-01"},
    )
    found = due(rows, THEMES)
    assert found["due"].tolist() == ["2026-01-11", "2026-01-21", "2026-01-11", "2026-01-11", "", ""]
    assert found["owner"].tolist() == ["Works", "Mayor", "Works", "Works", "", ""]
    on = dt.date(2026, 1, 21)
    assert states(rows, THEMES, on).tolist() == ["overdue", "open", "late", "settled", "open", "open"]
    day_before = states(rows, THEMES, dt.date(2026, 1, 11)).tolist()
    assert day_before == ["open", "open", "open", "settled", "open", "open"]
    late = overdue(rows, THEMES, dt.date(2026, 1, 22))
    assert late.to_dict("list") == {"owner": ["Works", "Mayor"], "n": [1, 1], "longest": [11, 1]}
    assert overdue(rows.iloc[4:], THEMES, on).empty


SCHEME = """title: t
rounds:
  h1: {from: 2026-01-01, to: 2026-06-30}
  h2: {from: 2026-07-01, to: 2026-12-31}
  year: {combine: {h1: 1/2, h2: 1/2}}
scales: {v: {low: 0, high: 100}}
sources: {s: {scale: v}}
"""


def test_an_opinion_belongs_to_the_round_of_its_day():
    schemes, faults = read_rulebook(lambda _: SCHEME)
    assert not faults
    rows = opinions(
        *({"date": day} for day in ("2025-12-31", "2026-01-01", "2026-06-30", "2026-07-01", "2026-12-31", "2027-01-01"))
    )
    told = {turn: during(rows, schemes, turn)["date"].tolist() for turn in schemes}
    assert told["h1"] == ["2026-01-01", "2026-06-30"]
    assert told["h2"] == ["2026-07-01", "2026-12-31"]
    assert told["year"] == [*told["h1"], *told["h2"]]
    assert last_known(rows, schemes) == dt.date(2026, 12, 31)  # 2027-01-01 is of no round
    assert last_known(opinions({"date": "2026-12-31", "closed": "2027-01-05"}), schemes) == dt.date(2027, 1, 5)
    assert last_known(rows.iloc[:0], schemes) is None

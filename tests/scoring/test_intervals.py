"""When an interval is none, a point, or a bound; and what it borrows."""

import numpy as np
import pytest
from scipy import stats
from small_study import ballots_of, make, pick, ratings_of

from toolkit.scoring.scores import score

TEXT = "scales: {s: {low: 0, high: 100}}\nsources: {a: {scale: s}}\n"
VOTES = "scales: {s: {levels: {A: 100, B: 80, C: 60, D: 0}}}\nsources: {a: {scale: s}}\nindicators: {x: {}, y: {}}\n"


def ends(found):
    return found["low"], found["high"]


def test_a_study_of_one_ratee_has_students_interval():
    found = pick(score(make(TEXT, ratings_of({("m", "a", "overall"): [60, 70, 80, 90, 90]}))), "m")
    # mean 78, standard error sqrt(680 / 4 / 5), 4 degrees of freedom: there is nobody to borrow from
    half = stats.t.ppf(0.975, 4) * np.sqrt(34)
    assert ends(found) == pytest.approx((78 - half, 78 + half))


def test_a_cell_borrows_four_degrees_of_freedom():
    rows = ratings_of({("m", "a", "overall"): [80, 80, 80], ("k", "a", "overall"): [50, 60, 70, 80, 90]})
    found = pick(score(make(TEXT, rows)), "m")
    # pooled (2 * 0 + 4 * 250) / 6; own 0 with 2 degrees, borrowed 4; over 3 raters
    variance = (2 * 0 + 4 * 1000 / 6) / 6 / 3
    half = stats.t.ppf(0.975, 6) * np.sqrt(variance)
    assert ends(found) == pytest.approx((80 - half, min(80 + half, 100)))


def test_two_indicators_of_the_same_raters_are_no_more_than_one():
    text = TEXT + "indicators: {x: {weight: 0.5}, y: {weight: 0.5}}\n"
    values = [60, 70, 80, 90, 90]
    found = pick(score(make(text, ratings_of({("m", "a", "x"): values, ("m", "a", "y"): values}))), "m")
    half = stats.t.ppf(0.975, 4) * np.sqrt(34)  # as for one of them, not that divided by sqrt(2)
    assert ends(found) == pytest.approx((78 - half, 78 + half))


def test_two_sources_are_independent():
    text = "scales: {s: {low: 0, high: 100}}\nsources: {a: {scale: s, weight: 0.5}, b: {scale: s, weight: 0.5}}\n"
    values = [60, 70, 80, 90, 90]
    found = pick(score(make(text, ratings_of({("m", "a", "overall"): values, ("m", "b", "overall"): values}))), "m")
    half = stats.t.ppf(0.975, 8) * np.sqrt(34 / 2)  # (34 + 34) / 4, and Welch's degrees of freedom are 4 + 4
    assert ends(found) == pytest.approx((78 - half, 78 + half))


def test_one_rater_has_no_interval_whoever_else_has():
    rows = ratings_of({("m", "a", "overall"): [80], ("k", "a", "overall"): [50, 60, 70]})
    scores = score(make(TEXT, rows))
    assert np.isnan(ends(pick(scores, "m"))).all()
    assert not np.isnan(ends(pick(scores, "k"))).any()


def eligible(number, ratee="m", unit="U"):
    return [{"round": "r", "unit_id": unit, "source": "a", "ratee_id": ratee, "eligible": number}]


def test_the_finite_population_correction_answers_had_everyone_voted():
    values = [60, 70, 80, 90, 90]
    found = pick(score(make(TEXT, ratings_of({("m", "a", "overall"): values}), turnout=eligible(8))), "m")
    half = stats.t.ppf(0.975, 4) * np.sqrt(34 * (1 - 5 / 8))
    assert ends(found) == pytest.approx((78 - half, 78 + half))


def test_a_census_is_a_point():
    values = [60, 70, 80, 90, 90]
    found = pick(score(make(TEXT, ratings_of({("m", "a", "overall"): values}), turnout=eligible(5))), "m")
    assert ends(found) == (78, 78)


def test_what_a_unit_is_eligible_to_is_no_census_of_a_member():
    rows = ratings_of({("m", "a", "overall"): [60, 70, 80, 90, 90], ("k", "a", "overall"): [80]})
    scores = score(make(TEXT, rows, turnout=eligible(6, ratee="")))
    assert ends(pick(scores, "m"))[0] < 70
    # nor is it where as many rated as there are: they may be others
    scores = score(make(TEXT, rows, turnout=eligible(5, ratee="")))
    assert ends(pick(scores, "m"))[0] < 70
    scores = score(make(TEXT, rows, turnout=eligible(1, ratee="")))
    assert np.isnan(ends(pick(scores, "k"))).all()
    # the one leader of that ratee rated: there is nobody else to ask
    scores = score(make(TEXT, rows, turnout=eligible(1, ratee="k")))
    assert ends(pick(scores, "k")) == (80, 80)


def test_ballots_bound_what_ratings_know():
    columns = {("m", "a", "x"): ["A", "A", "B", "C"], ("m", "a", "y"): ["B", "C", "A", "A"]}
    paper = {cell: {level: values.count(level) for level in "ABCD"} for cell, values in columns.items()}
    single = pick(score(make(VOTES, ratings_of(columns))), "m")
    bound = pick(score(make(VOTES, ballots=ballots_of(paper))), "m")
    assert bound["score"] == single["score"] == 85
    # the standard deviations of the two cells add: that of one cell, with squares 225 + 225 + 25 + 625 = 1100
    half = stats.t.ppf(0.975, 3) * np.sqrt(1100 / 3 / 4)
    assert bound["high"] == pytest.approx(min(85 + half, 100))
    assert bound["low"] == pytest.approx(85 - half)
    assert single["low"] > bound["low"]  # who was strict in x was kind in y


def unit_row(study):
    units = score(study).units
    return units[(units["source"] == "") & (units["indicator"] == "")].iloc[0]


def test_a_rater_of_many_members_counts_once():
    # the same five raters rate both members with the same severity: no more is known than of one
    values = [60, 70, 80, 90, 90]
    rows = ratings_of({("m", "a", "overall"): values, ("k", "a", "overall"): values})
    found = unit_row(make(TEXT, rows))
    half = stats.t.ppf(0.975, 4) * np.sqrt(34)
    assert ends(found) == pytest.approx((78 - half, 78 + half))
    assert found["raters"] == 5


def test_other_raters_of_each_member_are_independent():
    rows = ratings_of({("m", "a", "overall"): [60, 70, 80, 90, 90], ("k", "a", "overall"): [60, 70, 80, 90, 90]})
    rows["rater_id"] += rows["ratee_id"]
    found = unit_row(make(TEXT, rows))
    half = stats.t.ppf(0.975, 9) * np.sqrt(34 / 2)  # (34 + 34) / 4, ten raters
    assert ends(found) == pytest.approx((78 - half, 78 + half))
    assert found["raters"] == 10


def test_ballots_of_members_bound_the_units_interval():
    paper = {(who, "a", "x"): {"A": 2, "B": 1, "C": 1, "D": 0} for who in "mk"}
    text = VOTES.replace("{x: {}, y: {}}", "{x: {}}")
    found = unit_row(make(text, ballots=ballots_of(paper)))
    half = stats.t.ppf(0.975, 3) * np.sqrt(1100 / 3 / 4)  # as of one member, for the same voters may stand behind both
    assert ends(found) == pytest.approx((85 - half, min(85 + half, 100)))

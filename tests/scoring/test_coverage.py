"""The 95% intervals hold the truth 92 to 98 times in 100, from 5 raters up, with a halo of .7 between indicators.

Truth is the expectation of a rating; for trimmed means that of the trimmed mean of as many ratings. Every study has
cells, sources (means over 5 indicators) and composites (3 sources: skewed votes, stars, scores from 0 to 100) of
ratees who differ in quality. With 2,000 ratees the standard error of a percentage is about 0.5.
"""

import numpy as np
import pytest
from halo import TRIM, VIEWS, coverage, expected, qualities, ratings, study, ticked

from toolkit.scoring.scores import score

LEAST, MOST = 92, 98


def hold(found, most=MOST):
    """Every percentage must lie within the limits."""
    outside = {name: round(share, 1) for name, share in found.items() if not LEAST <= share <= most}
    assert not outside


def drawn(raters, ratees, *, seed, severity=0.0):
    """Quality, answers, and the random numbers to go on with."""
    rng = np.random.default_rng(seed)
    quality = qualities(rng, ratees)
    return rng, quality, {name: ticked(rng, name, quality[name], raters, severity) for name in VIEWS}


def truth(quality, trimmed=0):
    return {name: expected(name, quality[name], trimmed) for name in quality}


def plain_or_trimmed(raters, ratees, rule, seed):
    _, quality, answers = drawn(raters, ratees, seed=seed)
    table = score(study(ratings(answers), ratees, rule)).table
    return coverage(table, truth(quality, raters if rule and raters > 5 else 0))


@pytest.mark.parametrize(("raters", "rule"), [(5, ""), (12, ""), (6, TRIM), (12, TRIM)])
def test_means(raters, rule):
    hold(plain_or_trimmed(raters, 2000, rule, seed=raters))


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["", TRIM])
@pytest.mark.parametrize("raters", [5, 6, 8, 12, 20, 50])
def test_means_over_the_whole_grid(raters, rule):
    hold(plain_or_trimmed(raters, 4000, rule, seed=100 + raters))


@pytest.mark.parametrize("raters", [6, pytest.param(12, marks=pytest.mark.slow)])
def test_questions_left_out(raters):
    rng, quality, answers = drawn(raters, 2000, seed=raters)
    answers = {name: np.where(rng.random(places.shape) < 0.2, -1, places) for name, places in answers.items()}
    hold(coverage(score(study(ratings(answers), 2000)).table, truth(quality)))


@pytest.mark.parametrize("raters", [6, pytest.param(20, marks=pytest.mark.slow)])
def test_weighted_ratings(raters):
    rng, quality, answers = drawn(raters, 2000, seed=raters)
    weight = {name: np.repeat(rng.choice([0.5, 1, 2.5], (2000, raters, 1)), 5, axis=2) for name in answers}
    hold(coverage(score(study(ratings(answers, weight=weight), 2000)).table, truth(quality)))


@pytest.mark.parametrize(("rated", "everybody"), [(12, 20), pytest.param(6, 8, marks=pytest.mark.slow)])
def test_had_everyone_voted(rated, everybody):
    """Where turnout gives the eligible, the interval is about what all of them would have said."""
    _, _, answers = drawn(everybody, 2000, seed=rated)
    whole = {name: np.array(VIEWS[name][1], dtype=float)[places].mean(axis=1) for name, places in answers.items()}
    turnout = [
        {"round": "r", "unit_id": "", "source": name, "ratee_id": f"M{k}", "eligible": everybody}
        for k in range(2000)
        for name in VIEWS
    ]
    sample = {name: places[:, :rated] for name, places in answers.items()}
    hold(coverage(score(study(ratings(sample), 2000, turnout=turnout)).table, whole))


def circles(ratees, raters, size):
    """Ids of raters (ratees, raters) who rate all the ratees of a circle."""
    return np.arange(ratees)[:, None] // size * raters + np.arange(raters)


@pytest.mark.parametrize("size", [4, 2, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("raters", [6, pytest.param(30, marks=pytest.mark.slow)])
def test_units(raters, size):
    """Raters of a severity of their own rate all four members of a unit, two of them, or one."""
    units, ratees = 2000, 8000
    rng, quality, _ = drawn(1, ratees, seed=raters + size)
    answers = {name: np.empty((ratees, raters, 5), dtype=int) for name in VIEWS}
    for name, places in answers.items():
        for start in range(0, ratees, size):
            part = slice(start, start + size)
            places[part] = ticked(rng, name, quality[name][part], raters, severity=0.3)
    table = score(study(ratings(answers, circles(ratees, raters, size)), ratees, unit=4)).units
    table = table[table["unit_id"] != ""]  # the whole study
    hold(coverage(table, {name: points.reshape(units, 4, 5).mean(axis=1) for name, points in truth(quality).items()}))

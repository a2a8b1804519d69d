"""What hidden cells can be: a table that was published, cells worked by hand, and brute force."""

import json
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest

from toolkit.audit import bounds
from toolkit.audit.bounds import Claim, Contradiction, Program
from toolkit.audit.votes import Votes, multisets

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "cell_suppression.json").read_text(encoding="utf-8"))
LEVELS = (0.0, 60.0, 80.0, 100.0)
STARS = (0.0, 25.0, 50.0, 75.0, 100.0)


def printed(row, value):
    return Claim(row, round(value, 1) - 0.05, round(value, 1) + 0.05)


def test_of_a_published_table_every_suppressed_cell_lies_as_far_apart_as_by_hand():
    """With x for (II, C): (II, A) = 30 - x, (III, C) = 34 - x and (III, A) = x - 5, so that x is 5 to 30.

    A cell is the sum of 100 parts that are 0 or 1, of which the mean is their number.
    """
    table = np.array(ORACLE["table"])
    hidden = [tuple(cell) for cell in ORACLE["suppressed"]]
    number = {cell: place for place, cell in enumerate(hidden)}
    claims = []
    for line in range(3):
        row = {number[line, column]: 1.0 for column in range(3) if (line, column) in number}
        column = {number[other, line]: 1.0 for other in range(3) if (other, line) in number}
        for cells, total, shown in (
            (row, table[line, 3], [table[line, other] for other in range(3) if (line, other) not in number]),
            (column, table[3, line], [table[other, line] for other in range(3) if (other, line) not in number]),
        ):
            claims.append(Claim(cells, float(total - sum(shown)), float(total - sum(shown))))
    program = Program(claims, lambda _: Votes(100, (0.0, 100.0)))
    found = {cell: program.span({place: 1.0}) for cell, place in number.items()}
    assert {cell: (round(span.low), round(span.high)) for cell, span in found.items()} == {
        (1, 0): (0, 25),
        (1, 2): (5, 30),
        (2, 0): (0, 25),
        (2, 2): (4, 29),
    }
    assert all(span.reached == pytest.approx(span.width) for span in found.values())


def test_a_hidden_cell_that_a_linear_reader_does_not_find_a_reader_of_whole_votes_does():
    """0.4 a + 0.6 b = 52.0 of two votes and of five votes by stars, against every pair of means that there is."""
    votes = {0: Votes(2, STARS), 1: Votes(5, STARS)}
    claim = printed({0: 0.4, 1: 0.6}, 0.4 * 25 + 0.6 * 70)
    program = Program([claim], votes.__getitem__)
    whole = [
        (a, b)
        for a, b in product(np.arange(9) * 12.5, np.arange(21) * 5.0)
        if claim.low - 1e-9 <= 0.4 * a + 0.6 * b <= claim.high + 1e-9
    ]
    span = program.span({0: 1.0})
    assert (span.low, span.high) == pytest.approx((min(a for a, _ in whole), max(a for a, _ in whole)))
    loose = Program([claim], lambda _: Votes(2)).span({0: 1.0})
    assert (loose.low, loose.high) == pytest.approx((0, 100))


@pytest.mark.parametrize("seed", range(12))
def test_bounds_are_those_of_trying_every_vote(seed):
    """Three hidden cells, of even and of uneven levels, and two printed means of them."""
    rng = np.random.default_rng(seed)
    scales = [LEVELS, STARS, LEVELS]
    votes = [Votes(int(rng.integers(1, 4)), scale) for scale in scales]
    truth = [float(np.mean(rng.choice(each.points, each.n))) for each in votes]
    rows = [{cell: w for cell, w in enumerate(rng.dirichlet(np.ones(3)).round(2)) if w > 0}, {0: 0.5, 2: 0.5}]
    claims = [printed(row, sum(weight * truth[cell] for cell, weight in row.items())) for row in rows]
    options = [sorted({sum(cast) / each.n for cast in multisets(each, 0, 100)}) for each in votes]
    possible = [
        means
        for means in product(*options)
        if all(c.low - 1e-9 <= sum(w * means[cell] for cell, w in c.row.items()) <= c.high + 1e-9 for c in claims)
    ]
    assert tuple(truth) in [pytest.approx(means) for means in possible]
    program = Program(claims, votes.__getitem__)
    for cell in range(3):
        span = program.span({cell: 1.0})
        means = [each[cell] for each in possible]
        assert (span.low, span.high) == pytest.approx((min(means), max(means)), abs=1e-5)


@pytest.mark.parametrize("scale", [LEVELS, STARS])
def test_a_rater_who_knows_his_own_vote_sees_further(scale):
    """Three votes with a mean of 60 to 80; he has given the lowest, 0, so the others are no lower than 90."""
    votes = Votes(3, scale)
    program = Program([Claim({0: 1.0}, 59.0, 81.0)], lambda _: votes)
    own = scale[0]
    found = program.span({0: 1.0}, {0: own})
    means = [sum(cast) / 3 for cast in multisets(votes, 59, 81) if own in cast]
    assert (found.low, found.high) == pytest.approx((min(means), max(means)))


@pytest.mark.parametrize("scale", [(0, 3, 4, 5), (0, 1), (0, 5, 7), (0, 2, 9), (0, 1, 4, 6), (0, 1, 2, 3, 4)])
def test_sums_of_votes_are_those_that_there_are(scale):
    """Against sums added one vote after the other, up to far beyond where more votes only stretch the middle."""
    points = tuple(60 + 2.5 * step for step in scale)
    sums = {0}
    for n in range(1, 3 * scale[-1] + 4):
        fewer, sums = sums, {total + step for total in sums for step in scale}
        votes = Votes(n, points)
        found = votes._sums_of(n)  # `runs` are these unless they are many
        assert {total for first, last in found for total in range(first, last + 1)} == sums
        assert all(last + 1 < first for (_, last), (first, _) in pairwise(found))
        assert votes.runs in (found, ())
        own = scale[1]
        others = votes.runs_with(points[1])
        assert {total for first, last in others for total in range(first, last + 1)} == {x + own for x in fewer}


def test_ends_are_means_that_votes_can_have():
    votes = Votes(3, LEVELS)
    assert votes.within(1, 15) == (20, 0)  # nothing lies there, so the first end is above the last
    assert votes.within(1, 50) == (20, pytest.approx(140 / 3))
    assert Votes(2, (0.0, 33.3, 66.7, 100.0)).within(1, 99) == pytest.approx((16.65, 83.35))


def test_a_vote_is_taken_off_where_the_others_come_to_less_in_more_runs():
    """Three of these votes come to 14 runs, four to 12; whoever gave the highest knows what the others can be."""
    scale = (0.0, 7.0, 10.0, 17.0, 19.0, 22.0, 26.0)
    votes = Votes(4, scale)
    assert votes.runs
    assert not Votes(3, scale).runs
    program = Program([Claim({0: 1.0}, 6.6, 8.4)], lambda _: votes)
    span = program.span({0: 1.0}, {0: 26.0})
    means = [sum(cast) / 4 for cast in multisets(votes, 6.6, 8.4) if 26.0 in cast]
    assert (span.low, span.high) == pytest.approx((min(means), max(means)))


def test_what_is_printed_must_be_so():
    claims = [Claim({0: 1.0}, 74.95, 75.05, "page 1"), Claim({1: 1.0}, 49.95, 50.05, "page 2")]
    truth = {0: 75.0, 1: 60.0}
    with pytest.raises(Contradiction, match=r"page 2: 49\.95 to 50\.05, must hold 60\.00"):
        Program(claims, lambda _: Votes(20, STARS), truth.__getitem__)


def test_what_nothing_speaks_of_can_be_anything():
    span = Program([], lambda _: Votes(3, LEVELS)).span({7: 1.0})
    assert span == (0, 100, 100)
    assert span.width == 100


def test_what_cannot_all_be_true_is_said():
    claims = [Claim({0: 1.0}, 10, 20, "page 1"), Claim({0: 1.0}, 30, 40, "page 2")]
    with pytest.raises(Contradiction, match="page"):
        Program(claims, lambda _: Votes(3))
    claims = [Claim({0: 0.5, 1: 0.5}, 50, 50), Claim({0: 0.5, 1: 0.5}, 55, 55)]
    with pytest.raises(Contradiction):
        Program(claims, lambda _: Votes(3)).span({0: 1.0})


def test_without_time_the_bounds_are_too_wide_and_say_so(monkeypatch):
    monkeypatch.setattr(bounds, "SECONDS", 0.0)
    rng = np.random.default_rng(1)
    claims = [printed(dict(enumerate(rng.dirichlet(np.ones(8)))), 50.0) for _ in range(3)]
    span = Program(claims, lambda _: Votes(4, LEVELS)).span({0: 1.0})
    assert span.reached < span.width
    assert span.low <= 50 <= span.high

"""Intervals of shares, and what shares of several panels are worth: every number by hand or published."""

from fractions import Fraction

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from toolkit.rules import Panel, Satisfaction
from toolkit.scoring.proportions import (
    clustered,
    corrected,
    effective,
    fractions,
    mean_of_shares,
    ratios,
    weights_of,
    whole_weights,
    wilson,
)


def test_the_interval_of_ten_in_a_hundred_by_hand():
    # z = 1.959964, z^2 = 3.841459: middle (0.1 + 3.841459 / 200) / (1 + 3.841459 / 100) = 0.1192073 / 1.0384146
    # half 1.959964 x sqrt(0.09 / 100 + 3.841459 / 40000) / 1.0384146 = 1.959964 x 0.0315601 / 1.0384146
    low, high = wilson(0.1, 100)
    assert low == pytest.approx(0.1147974 - 0.0595683, abs=1e-6)
    assert high == pytest.approx(0.1147974 + 0.0595683, abs=1e-6)


@pytest.mark.parametrize(
    ("bad", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_of_newcombe(bad, n, low, high):
    # Newcombe (1998), Stat. Med. 17:857-872, table I, method 3
    found = wilson(bad / n, n)
    assert (round(float(found[0]), 4), round(float(found[1]), 4)) == (low, high)


def test_the_interval_is_that_of_statsmodels():
    n = np.repeat([1, 2, 7, 30, 167, 5000], 5)
    bad = np.round(n * np.tile([0, 0.1, 0.3, 0.5, 1], 6))
    low, high = wilson(bad / n, n)
    expected = proportion_confint(bad, n, alpha=0.05, method="wilson")
    np.testing.assert_allclose(low, np.clip(expected[0], 0, 1), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(high, expected[1], rtol=1e-9, atol=1e-12)


def test_few_who_could_have_answered_narrow_the_interval():
    # 50 of 100: 50 x 99 / 50 = 99
    assert corrected(50, 100) == 99
    assert corrected([50, 50, 50], [np.nan, 100, 50]).tolist() == [50, 99, np.inf]
    np.testing.assert_allclose(wilson(0.2, 50, 100), wilson(0.2, 99))
    np.testing.assert_allclose(wilson(0.2, 50, np.nan), wilson(0.2, 50))
    np.testing.assert_allclose(wilson(0.2, 50, 1e15), wilson(0.2, 50))


def test_where_all_answered_the_interval_is_the_share():
    for share in (0, 0.2, 1):
        assert [float(end) for end in wilson(share, 50, 50)] == [share, share]
    assert [float(end) for end in wilson(1, 1, 1)] == [1, 1]


def test_rounding_takes_no_end_beyond_its_share_nor_out_of_0_and_1():
    n = np.arange(1, 2000)
    assert (wilson(np.zeros(len(n)), n)[0] == 0).all()
    assert (wilson(np.ones(len(n)), n)[1] == 1).all()
    low, high = wilson(np.full(len(n), 1 / 3), np.full(len(n), 1e18) * n)
    assert ((low <= 1 / 3) & (high >= 1 / 3)).all()


def test_without_a_share_there_is_no_interval():
    assert np.isnan(wilson([np.nan, np.nan, np.nan], [0, 5, np.inf])).all()


def test_answers_of_the_same_people_on_several_topics_are_worth_no_more_than_people():
    assert clustered([40, 40, 40]) == 40
    assert clustered([40]) == 40
    # 100 and 50: fifty people gave two answers, fifty gave one: 150^2 / (50 x 4 + 50 x 1) = 90
    assert clustered([100, 50]) == clustered([50, 100]) == 90
    assert clustered([7, 0]) == 7
    assert clustered([0, 0]) == 0


def test_of_panels_the_interval_has_the_variance_of_their_weighted_mean():
    # p = 0.5 x 0.2 + 0.5 x 0.4 = 0.3; variance 0.25 x 0.16 / 20 + 0.25 x 0.24 / 30 = 0.004; 0.21 / 0.004 = 52.5,
    # more than Kish's 1 / (0.25 / 20 + 0.25 / 30) = 48
    assert effective([0.2, 0.4], [20, 30], [0.5, 0.5]) == pytest.approx(48)
    # p = 0.5 x 0.5 + 0.5 x 0 = 0.25; variance 0.25 x 0.25 / 5 = 0.0125; 0.1875 / 0.0125 = 15,
    # less than Kish's 1 / (0.25 / 5 + 0.25 / 1000) = 19.9
    assert effective([0.5, 0], [5, 1000], [0.5, 0.5]) == pytest.approx(15)
    assert effective([0.3], [17], [1]) == pytest.approx(17)
    # where nobody is dissatisfied, or all are, no variance is seen, and Kish's number is left
    assert effective([0, 0], [20, 30], [0.5, 0.5]) == effective([1, 0], [20, 30], [0.5, 0.5]) == pytest.approx(48)
    # weighted by their numbers they are the sum of them
    assert effective([0.2, 0.2], [20, 30], [0.4, 0.6]) == pytest.approx(50)
    # a panel of which all answered adds no doubt: 1 / (0.25 / 20)
    assert effective([0.2, 0.2], [20, np.inf], [0.5, 0.5]) == pytest.approx(80)
    assert effective([0.2, 0.4], [np.inf, np.inf], [0.5, 0.5]) == np.inf


@pytest.mark.parametrize(
    ("shares", "people", "weights"),
    [
        ([0.05, 0.1, 0.2, 0.3, 0.5], [8, 20, 50, 10, 5], [0.3, 0.2, 0.2, 0.2, 0.1]),
        ([0.5, 0.02], [5, 1000], [0.5, 0.5]),
        ([0.02, 0.3], [30, 30], [0.9, 0.1]),
    ],
)
def test_the_interval_of_weighted_panels_holds_the_truth_as_often_as_it_says(shares, people, weights):
    drawn = np.random.default_rng(1).binomial(people, shares, size=(2000, len(shares))) / people
    worth = [effective(each, people, weights) for each in drawn]
    low, high = wilson(drawn @ weights, worth)
    truth = np.dot(shares, weights)
    assert 0.92 <= np.mean((low <= truth) & (truth <= high)) <= 0.99  # the standard error is 0.005


def test_weights_of_panels():
    rules = Satisfaction(scale="v", dissatisfied=["D"], panels={"A": {"weight": "1/3"}, "B": {"weight": "2/3"}})
    assert weights_of(rules.panels) == {"A": Fraction(1, 3), "B": Fraction(2, 3)}
    assert weights_of({}) is None
    assert weights_of({"A": Panel(weight=0), "B": Panel(weight=1), "C": Panel()}) == {"A": 0, "B": 1}


def test_weighted_shares_are_exact_whatever_they_are_of():
    weights, unit = whole_weights(["A", "B", "C"], {"A": Fraction(1, 3), "B": Fraction(2, 3)})
    assert (weights.tolist(), unit) == ([1, 2, 0], 3)
    assert whole_weights(["A", "B"], None)[0].tolist() == [1, 1]
    huge = 10**9 + 7
    counts, bases = np.array([[1, 2, 5], [0, 3, 5]]), np.array([[huge, huge - 1, 0], [0, 4, 0]])
    shares = mean_of_shares(counts, bases, np.where(bases > 0, weights, 0))
    assert fractions(*shares) == [
        Fraction(1, 3) * Fraction(1, huge) + Fraction(2, 3) * Fraction(2, huge - 1),
        Fraction(3, 4),
    ]
    assert ratios(*shares).tolist() == [float(share) for share in fractions(*shares)]
    nothing = mean_of_shares(counts, bases, np.zeros_like(bases))
    assert fractions(*nothing) == [None, None]
    assert np.isnan(ratios(*nothing)).all()

"""Where a score is going: slopes by hand, and against statsmodels."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import t

from toolkit.scoring.trend import trend

NAN = np.nan


def history(*rows, ratee="m"):
    """Rounds of one ratee: (score, low, high), or a score without an interval."""
    full = [row if isinstance(row, tuple) else (row, NAN, NAN) for row in rows]
    return pd.DataFrame(full, columns=["score", "low", "high"]).assign(ratee_id=ratee)


def row(*rows):
    found = trend(history(*rows))
    assert len(found) == 1
    return found.iloc[0]


def test_two_rounds_have_the_interval_of_their_difference():
    # half widths 3 and 4: the difference has 5
    found = row((70, 67, 73), (80, 76, 84))
    assert found[["ratee_id", "rounds", "level", "slope"]].tolist() == ["m", 2, 80, 10]
    assert found[["slope_low", "slope_high"]].tolist() == pytest.approx([5, 15])
    assert found["way"] == "up"
    back = row((80, 76, 84), (70, 67, 73))
    assert back[["level", "slope", "slope_low", "slope_high"]].tolist() == pytest.approx([70, -10, -15, -5])
    assert back["way"] == "down"


@pytest.mark.parametrize(
    ("last", "way"), [(74, "steady"), (75, "steady"), (75.1, "up"), (65, "steady"), (64.9, "down")]
)
def test_a_slope_whose_interval_touches_nought_is_steady(last, way):
    assert row((70, 67, 73), (last, last - 4, last + 4))["way"] == way


def test_the_longer_side_of_an_interval_that_ends_at_the_scales_end():
    # 98 with 88 to 100: 10 below, 2 above; 90 without any doubt
    found = row((90, 90, 90), (98, 88, 100))
    assert found[["slope_low", "slope_high"]].tolist() == pytest.approx([-2, 18])
    found = row((2, 0, 12), (10, 10, 10))
    assert found[["slope_low", "slope_high"]].tolist() == pytest.approx([-2, 18])


def test_three_rounds_by_hand():
    # 70, 74, 81: slope (81 - 70) / 2 = 5.5; the line has 69.5, 75, 80.5, the rest is .5, -1, .5 with squares 1.5
    # scatter: sqrt(1.5 / 1 / 2) = .8660, t with 1 degree of freedom 12.7062: 11.0039
    found = row(70, 74, 81)
    assert (found["rounds"], found["level"], found["slope"]) == (3, 81, pytest.approx(5.5))
    assert found[["slope_low", "slope_high"]].tolist() == pytest.approx([5.5 - 11.0039, 5.5 + 11.0039], abs=1e-4)
    assert found["way"] == "steady"


def test_the_wider_of_both_intervals_holds():
    # the middle round does not pull: sqrt(30^2 + 40^2) / 2 = 25 is wider than the scatter's 11
    wide = row((70, 40, 100), (74, 74, 74), (81, 41, 100))
    assert wide[["slope_low", "slope_high"]].tolist() == pytest.approx([5.5 - 25, 5.5 + 25])
    # sqrt(3^2 + 4^2) / 2 = 2.5 is narrower
    narrow = row((70, 67, 73), (74, 74, 74), (81, 77, 85))
    assert narrow["slope_low"] == pytest.approx(5.5 - 11.0039, abs=1e-4)


@pytest.mark.parametrize("rounds", [3, 4, 7, 12])
def test_the_scatter_is_that_of_least_squares(rounds):
    scores = np.random.default_rng(rounds).uniform(40, 90, rounds)
    fit = sm.OLS(scores, sm.add_constant(np.arange(rounds))).fit()
    found = row(*scores)
    assert found["slope"] == pytest.approx(fit.params[1])
    assert found[["slope_low", "slope_high"]].tolist() == pytest.approx(fit.conf_int(0.05)[1].tolist())


def test_the_raters_part_of_four_rounds_by_hand():
    # times -1.5, -.5, .5, 1.5, squares 5: pulls -.3, -.1, .1, .3
    # half widths 10, 20, 20, 10: sqrt(9 + 4 + 4 + 9) = 5.0990; the scores lie on a line
    found = row((60, 50, 70), (62, 42, 82), (64, 44, 84), (66, 56, 76))
    assert found["slope"] == pytest.approx(2)
    assert found[["slope_low", "slope_high"]].tolist() == pytest.approx([2 - 26**0.5, 2 + 26**0.5])


def test_a_round_that_was_missed_passed_all_the_same():
    # 70, -, 80: 5 a round, and half of the half width 5
    found = row((70, 67, 73), NAN, (80, 76, 84))
    assert found[["rounds", "level", "slope", "slope_low", "slope_high"]].tolist() == pytest.approx(
        [2, 80, 5, 2.5, 7.5]
    )
    # 70, -, 76, 82 at times 0, 2, 3
    fit = sm.OLS([70, 76, 82], sm.add_constant([0, 2, 3])).fit()
    found = row(70, NAN, 76, 82)
    assert found["slope"] == pytest.approx(fit.params[1])
    assert found[["slope_low", "slope_high"]].tolist() == pytest.approx(fit.conf_int(0.05)[1].tolist())
    # before the first score and after the last nothing passed
    assert row(NAN, (70, 67, 73), (80, 76, 84), NAN)["slope_low"] == pytest.approx(5)


def test_one_round_has_a_level_and_no_slope():
    found = row(NAN, (70, 60, 80))
    assert (found["rounds"], found["level"], found["way"]) == (1, 70, "unknown")
    assert found[["slope", "slope_low", "slope_high"]].isna().all()


def test_two_rounds_without_an_interval_have_a_slope_that_nobody_can_judge():
    for first in (70, (70, 60, 80)):
        found = row(first, 80)
        assert (found["rounds"], found["level"], found["slope"], found["way"]) == (2, 80, 10, "unknown")
        assert found[["slope_low", "slope_high"]].isna().all()


def test_with_one_interval_missing_the_scatter_alone_is_judged():
    found = row((70, 10, 100), 74, (81, 10, 100))
    assert found["slope_high"] == pytest.approx(5.5 + 11.0039, abs=1e-4)


def test_scores_that_only_rounding_moves_are_steady():
    assert row(80.0, 80.0 + 1e-13, 80.0 + 2e-13)["way"] == "steady"
    assert row(80.0, 80.0 - 1e-13, 80.0 - 2e-13)["way"] == "steady"
    assert row(80, 81, 82)["way"] == "up"
    assert row(82, 81, 80)["way"] == "down"


def test_each_ratee_has_his_own_and_who_was_never_scored_has_none():
    rows = pd.concat(
        [history(70, 80, ratee="z"), history(NAN, ratee="y"), history(60, ratee="a"), history(90, ratee="z")]
    )
    found = trend(rows.astype({"ratee_id": "category"}))
    assert list(found) == ["ratee_id", "rounds", "level", "slope", "slope_low", "slope_high", "way"]
    assert found["ratee_id"].tolist() == ["z", "a"]
    assert found["rounds"].tolist() == [3, 1]
    assert found["slope"].iloc[0] == pytest.approx(10)
    assert found["ratee_id"].dtype == "str"
    assert trend(history(NAN)).empty
    assert trend(history(NAN))["ratee_id"].dtype == "str"
    assert list(trend(history()).columns) == list(found)


def test_the_quantile_is_of_95_per_cent():
    found = row(70, 74, 81, 79)
    fit = sm.OLS([70, 74, 81, 79], sm.add_constant(np.arange(4))).fit()
    assert (found["slope_high"] - found["slope"]) / fit.bse[1] == pytest.approx(t.ppf(0.975, 2))

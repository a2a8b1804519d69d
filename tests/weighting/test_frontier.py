"""The benefit of the doubt: by hand, and what bounds do."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from published import oracle, steady

from toolkit.faults import UsageError
from toolkit.weighting.frontier import benefit_of_doubt

UNITS = pd.DataFrame({"peer": [0.9, 0.6, 0.5, 0.3], "public": [0.3, 0.8, 0.5, 0.9]}, index=["U1", "U2", "U3", "U4"])


def test_scores_by_hand():
    inputs, expected, near = oracle("bod_hand_2indicators")
    assert benefit_of_doubt(inputs["matrix"]).scores.tolist() == near(expected["score"])


def test_the_weights_make_the_scores():
    found = benefit_of_doubt(UNITS)
    assert (found.by_unit * UNITS).sum(axis=1).tolist() == pytest.approx(found.scores.tolist())
    assert found.by_unit.loc["U3"].tolist() == pytest.approx([5 / 5.4, 3 / 5.4])  # the frontier 5x + 3y = 5.4
    assert found.shares.sum(axis=1).tolist() == pytest.approx([1] * 4)
    assert found.weights.sum() == pytest.approx(1)
    assert found.weights.index.tolist() == ["peer", "public"]


def test_bounds_of_shares_hold():
    found = benefit_of_doubt(UNITS, low=0.3, high=0.6)
    assert found.shares.min().min() >= 0.4 - 1e-9  # of two columns neither has less than the other leaves
    assert found.shares.max().max() <= 0.6 + 1e-9
    assert (found.scores <= benefit_of_doubt(UNITS).scores + 1e-9).all()


def test_a_constant_column_and_one_of_nothing():
    assert benefit_of_doubt(UNITS.assign(flat=1.0)).scores.tolist() == pytest.approx([1] * 4)
    found = benefit_of_doubt(UNITS.assign(none=0.0))
    assert found.by_unit["none"].tolist() == [0] * 4
    assert found.scores.tolist() == pytest.approx(benefit_of_doubt(UNITS).scores.tolist())


def test_one_unit_and_one_column():
    assert benefit_of_doubt(UNITS[:1]).scores.tolist() == pytest.approx([1])
    assert benefit_of_doubt(UNITS[["peer"]]).scores.tolist() == pytest.approx([1, 2 / 3, 5 / 9, 1 / 3])


@pytest.mark.parametrize(
    ("table", "bounds", "message"),
    [
        (UNITS.replace(0.5, np.nan), {}, "'peer' of row 'U3' is nan"),
        (-UNITS, {}, "'peer' of row 'U1' is -0.9, must be a finite number of at least 0"),
        (UNITS.mul([1, 1, 0, 1], axis=0), {}, "row 'U3' sums to 0, must be above 0"),
        (UNITS, {"low": 0.6}, "low is 0.6, must be from 0 to 0.5 for 2 columns"),
        (UNITS, {"high": 0.4}, "high is 0.4, must be from 0.5 to 1 for 2 columns"),
        (UNITS.replace(0.3, 0), {"low": 0.1}, "'public' of row 'U1' is 0, must be above 0 to contribute a share"),
        (UNITS.replace(0.3, 0), {"high": 0.8}, "'public' of row 'U1' is 0; the other columns cannot contribute more"),
    ],
)
def test_what_cannot_be_scored_is_named(table, bounds, message):
    with pytest.raises(UsageError, match=message):
        benefit_of_doubt(table, **bounds)


@steady
@given(arrays(float, st.tuples(st.integers(1, 6), st.integers(1, 4)), elements=st.integers(1, 100).map(float)))
def test_nobody_scores_above_one_and_units_do_not_matter(values):
    found = benefit_of_doubt(values)
    assert (found.scores <= 1 + 1e-7).all()
    assert found.scores.max() == pytest.approx(1)
    assert (found.by_unit.to_numpy() @ values.T <= 1 + 1e-7).all()
    scale = np.arange(1, values.shape[1] + 1) * 1e3
    assert benefit_of_doubt(values * scale).scores.tolist() == pytest.approx(found.scores.tolist(), abs=1e-7)

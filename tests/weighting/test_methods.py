"""Other ways to a ranking: published numbers, another package, and what they say of odd data."""

import numpy as np
import pandas as pd
import pymcdm.methods
import pymcdm.normalizations
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from published import oracle, steady
from scipy.stats import kendalltau, spearmanr

from toolkit.faults import UsageError
from toolkit.weighting.methods import agreement, borda, copeland, fuzzy, grey_relation, rank_sum_ratio, topsis

METHODS = [topsis, grey_relation, rank_sum_ratio, borda, copeland]
SCORES = pd.DataFrame(
    {"superior": [81.0, 74, 90, 66], "peer": [70.0, 88, 79, 91], "public": [60.0, 62, 61, 85]},
    index=["M1", "M2", "M3", "M4"],
)
EQUAL = SCORES * 0 + 7
tables = arrays(float, st.tuples(st.integers(2, 7), st.integers(1, 4)), elements=st.integers(0, 9).map(float))


def first(found):
    """Values of a method, of several that it returns the first."""
    return found[0] if isinstance(found, tuple) else found


def test_topsis_of_the_fighters():
    inputs, expected, near = oracle("topsis_hwang_yoon_fighter")
    found = topsis(inputs["matrix"], inputs["weights"], benefit=inputs["benefit"])
    assert found.tolist() == near(expected["closeness"])
    assert found.rank(ascending=False).tolist() == expected["rank"]


@pytest.mark.parametrize("seed", range(3))
def test_topsis_of_another_package(seed):
    values = np.random.default_rng(seed).uniform(1, 9, (10, 4))
    weights, benefit = np.array([0.4, 0.3, 0.2, 0.1]), np.array([1, -1, 1, -1])
    theirs = pymcdm.methods.TOPSIS(pymcdm.normalizations.vector_normalization)(values, weights, benefit)
    assert topsis(values, weights, benefit=benefit).tolist() == pytest.approx(theirs)


def test_grey_relation_of_the_suppliers():
    inputs, expected, near = oracle("gra_suppliers")
    found = grey_relation(inputs["matrix_suppliers_by_indicator"], benefit=inputs["benefit"], rho=inputs["rho"])
    assert found.tolist() == near(expected["grade"])


def test_rank_sum_ratio_of_the_hospital():
    inputs, expected, near = oracle("rsr_hospital")
    found = rank_sum_ratio(inputs["matrix_years_1983_1992"], inputs["weights"], benefit=inputs["benefit"])
    assert found.ratio.tolist() == near(expected["WRSR"])
    assert sorted(found.fit) == near(expected["fit_sorted"])
    assert found.probit.is_monotonic_increasing == found.ratio.is_monotonic_increasing


def test_ratees_with_one_rank_sum_ratio_have_one_probit():
    found = rank_sum_ratio([[1.0, 4], [2, 3], [4, 4.5], [0, 0]])
    assert found.ratio.tolist() == pytest.approx([2.5 / 4, 2.5 / 4, 1, 1 / 4])
    assert found.probit[0] == found.probit[1] == pytest.approx(5 + 0.31863936)  # mean place 2.5 of 4
    assert found.fit[0] == found.fit[1]


@pytest.mark.parametrize(("name", "operator"), [("fce_staff_one_level", "product"), ("fce_zadeh_operator", "min-max")])
def test_fuzzy_evaluation(name, operator):
    inputs, expected, near = oracle(name)
    found = fuzzy(inputs["R"], inputs["weights"], operator=operator)
    assert found.tolist() == near(expected["B"])


def test_fuzzy_evaluation_names_factors_and_grades():
    votes = pd.DataFrame({"优秀": [0.5, 0.2], "合格": [0.5, 0.8]}, index=["virtue", "results"])
    found = fuzzy(votes, {"results": 0.75, "virtue": 0.25})
    assert found.to_dict() == pytest.approx({"优秀": 0.275, "合格": 0.725})
    with pytest.raises(UsageError, match="membership of '合格' is 80, must be at most 1"):
        fuzzy(votes.replace(0.8, 80))
    with pytest.raises(UsageError, match="'优秀' of row 'results' is nan"):
        fuzzy(votes.replace(0.2, np.nan))


def test_borda_and_copeland_by_hand():
    # M1: third, last, last; M2: second last, second, second; M3: first, third, third; M4: last, first, first
    assert borda(SCORES).tolist() == pytest.approx([(2 + 0 + 0) / 3, (1 + 2 + 2) / 3, (3 + 1 + 1) / 3, (0 + 3 + 3) / 3])
    assert copeland(SCORES).tolist() == [-3, 1, -1, 3]
    heavy = {"superior": 0.6, "peer": 0.2, "public": 0.2}
    assert copeland(SCORES, heavy).tolist() == [1, -1, 3, -3]  # one source has the majority alone
    assert copeland(SCORES[["superior", "peer"]]).tolist() == [-1, 0, 1, 0]
    assert borda([[5.0], [5], [1]]).tolist() == [1.5, 1.5, 0]


@pytest.mark.parametrize("method", METHODS)
def test_ratees_keep_their_names(method):
    assert first(method(SCORES)).index.tolist() == SCORES.index.tolist()


@pytest.mark.parametrize(
    ("method", "value"), [(topsis, 0.5), (grey_relation, 1), (rank_sum_ratio, 2.5 / 4), (borda, 1.5), (copeland, 0)]
)
def test_equals_are_equal(method, value):
    assert first(method(EQUAL)).tolist() == pytest.approx([value] * 4)
    assert first(method(EQUAL * 0)).tolist() == pytest.approx([value] * 4)


@pytest.mark.parametrize(
    ("method", "value"), [(topsis, 0.5), (grey_relation, 1), (rank_sum_ratio, 1), (borda, 0), (copeland, 0)]
)
def test_one_ratee_alone(method, value):
    assert first(method(SCORES[:1])).tolist() == pytest.approx([value])


def test_equal_ratios_are_not_fitted():
    assert rank_sum_ratio(EQUAL).fit.tolist() == pytest.approx([2.5 / 4] * 4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data": SCORES.replace(88.0, np.nan)}, "'peer' of row 'M2' is nan, must be a finite number"),
        ({"weights": [0.5, 0.3, 0.15]}, "weights sum to 0.95, must be 1"),
        ({"weights": [1.5, -0.5, 0]}, "weight of 'peer' is -0.5, must be at least 0"),
        ({"weights": [0.5, 0.5]}, "weights: 2 given, must be 3"),
        ({"weights": {"superior": 1}}, "weights: 'peer' is not given"),
        ({"weights": {"superior": 0.5, "pear": 0.5}}, "weights: 'pear', must be one of superior, peer, public"),
        ({"benefit": [1, 1, 3]}, "benefit of 'public' is 3, must be True"),
        ({"data": SCORES[:0]}, "0 rows, must be at least 1"),
    ],
)
def test_what_is_wrong_is_named(method, options, message):
    with pytest.raises(UsageError, match=f"{method.__name__}: {message}"):
        method(**{"data": SCORES, **options})


def test_rho_has_bounds():
    with pytest.raises(UsageError, match="rho is 0, must be above 0 and at most 1"):
        grey_relation(SCORES, rho=0)


@pytest.mark.parametrize("method", METHODS)
@steady
@given(tables)
def test_less_is_better_turns_the_table_round(method, values):
    signs = [(-1) ** column for column in range(values.shape[1])]
    turned = first(method(values * signs, benefit=signs))
    assert turned.tolist() == pytest.approx(first(method(values)).tolist(), abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
@steady
@given(tables)
def test_who_is_better_in_everything_is_not_behind(method, values):
    found = first(method(values)).to_numpy()
    better = (values[:, None] >= values).all(axis=2)
    assert (found[:, None] >= found - 1e-9)[better].all()


@steady
@given(tables)
def test_all_pairwise_margins_cancel(values):
    assert copeland(values).sum() == 0
    n = len(values)
    assert borda(values).sum() == pytest.approx(n * (n - 1) / 2)


def test_agreement_by_hand():
    a = pd.Series({"M1": 90, "M2": 80, "M3": 70, "M4": 60, "M5": np.nan})
    b = pd.Series({"M4": 60, "M3": 85, "M2": 80, "M1": 90, "M6": 50})
    found = agreement(a, b, top=2)
    assert (found.pairs, found.left_out) == (4, 2)
    assert found.kendall == pytest.approx(4 / 6)  # one of six pairs is turned round
    assert found.spearman == pytest.approx(1 - 6 * 2 / 60)
    assert found.overlap == 0.5


def test_agreement_with_ties_is_that_of_scipy():
    rng = np.random.default_rng(4)
    a, b = rng.integers(0, 6, 50), rng.integers(0, 6, 50)
    found = agreement(a, b, top=5)
    assert found.kendall == pytest.approx(kendalltau(a, b).statistic)
    assert found.spearman == pytest.approx(spearmanr(a, b).statistic)
    assert agreement(a, a + 1e-12 * rng.normal(size=50), top=5).kendall == pytest.approx(1)


def test_a_tie_at_the_last_place_of_the_top_is_in():
    assert agreement([3, 2, 2, 1], [4, 3, 2, 1], top=2).overlap == pytest.approx(2 / 3)
    assert agreement([3, 2, 1], [3, 2, 1], top=9).overlap == 1


def test_no_correlation_without_spread():
    found = agreement([1, 1, 1], [1, 2, 3], top=1)
    assert np.isnan([found.kendall, found.spearman]).all()
    assert found.overlap == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("a", "b", "top", "message"),
    [
        ([1, 2], [1, 2], 0, "top is 0, must be at least 1"),
        ([1, 2], [1, 2, 3], 1, "2 and 3 scores, must be as many of either"),
        ([1, np.nan], [np.nan, 2], 1, "nobody has both scores"),
    ],
)
def test_what_cannot_be_compared(a, b, top, message):
    with pytest.raises(UsageError, match=message):
        agreement(a, b, top=top)

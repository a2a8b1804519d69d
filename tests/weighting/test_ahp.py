"""The analytic hierarchy process: Saaty's house, judgements that are missing, and what is no judgement."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from published import oracle, steady

from toolkit.faults import UsageError
from toolkit.weighting.ahp import RANDOM_INDEX, ahp

NONE = np.nan
SCALE = [1 / k for k in range(9, 1, -1)] + list(range(1, 10))


def house():
    inputs, _, _ = oracle("ahp_saaty_house")
    return pd.DataFrame(inputs["pairwise_matrix"], inputs["order"], inputs["order"])


def consistent(weights):
    weights = np.asarray(weights, dtype=float)
    return weights[:, None] / weights


def random_judgements(n, rng):
    upper = np.triu(rng.choice(SCALE, size=(n, n)), 1)
    return upper + np.eye(n) + np.tril(1 / np.where(upper.T > 0, upper.T, 1), -1)


def test_saatys_house():
    _, expected, near = oracle("ahp_saaty_house")
    found = ahp(house())
    assert found.weights.to_numpy() == near(expected["weights"])
    assert found.weights.index.tolist() == house().index.tolist()
    assert found.lambda_max == near(expected["lambda_max"])
    assert found.consistency_ratio == near(expected["CR"])
    assert found.random_index == "saaty"


def test_judgements_that_contradict_themselves_are_flagged():
    found = ahp(house())
    assert not found.consistent
    assert found.remark == "consistency ratio is 0.169 (saaty), must be at most 0.1"
    other = ahp(house(), random_index="alonso-lamata")
    assert other.consistency_ratio == pytest.approx(found.consistency_index / 1.4056)
    assert ahp(consistent([4, 2, 1])).remark == ""


def test_saatys_house_by_geometric_means():
    _, expected, near = oracle("ahp_house_geometric")
    found = ahp(house(), method="geometric")
    assert found.weights.to_numpy() == near(expected["weights"])
    means = np.exp(np.log(house().to_numpy()).mean(axis=1))
    assert found.weights.to_numpy() == pytest.approx(means / means.sum())
    assert found.consistency_ratio == ahp(house()).consistency_ratio  # it is the judgements', not the method's


@pytest.mark.parametrize("method", ["eigenvector", "geometric"])
@steady
@given(st.lists(st.integers(1, 9), min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_consistent_judgements_give_their_weights_back_whatever_is_missing(method, weights, random):
    matrix = consistent(weights)
    order = list(range(len(weights)))
    random.shuffle(order)
    tree = {frozenset((order[place], order[random.randrange(place)])) for place in range(1, len(order))}
    for row in range(len(weights)):
        for column in range(row):
            if frozenset((row, column)) not in tree and random.random() < 0.5:
                matrix[row, column] = matrix[column, row] = NONE
    found = ahp(matrix, method=method)
    assert found.weights.to_numpy() == pytest.approx(np.array(weights) / sum(weights), abs=1e-9)
    assert found.consistency_ratio == pytest.approx(0, abs=1e-6)


def test_harkers_eigenvector_fills_in_what_it_finds():
    matrix = house().to_numpy(copy=True)
    matrix[0, 3] = matrix[3, 0] = matrix[2, 6] = matrix[6, 2] = NONE
    found = ahp(matrix)
    ratios = consistent(found.weights)
    filled = np.where(np.isnan(matrix), ratios, matrix)
    assert filled @ found.weights.to_numpy() == pytest.approx(found.lambda_max * found.weights.to_numpy())
    assert found.consistency_ratio == pytest.approx(found.consistency_index / (1.41 * (1 - 4 / 42)))


def test_incomplete_least_squares_is_the_least():
    matrix = house().to_numpy(copy=True)
    matrix[0, 3] = matrix[3, 0] = matrix[2, 6] = matrix[6, 2] = NONE
    best = ahp(matrix, method="geometric").weights.to_numpy()

    def error(weights):
        return np.nansum((np.log(matrix) - np.log(consistent(weights))) ** 2)

    rng = np.random.default_rng(1)
    assert all(error(best) < error(best * np.exp(rng.normal(0, 0.01, 8))) for _ in range(50))


def test_one_of_two_opposite_cells_is_enough_and_the_greater_is_exact():
    full = ahp([[1, 3, 7], [1 / 3, 1, 2], [1 / 7, 1 / 2, 1]]).weights.tolist()
    assert ahp([[NONE, 3, 7], [NONE, NONE, 2], [NONE, NONE, NONE]]).weights.tolist() == pytest.approx(full)
    assert ahp([[1, 3, 7], [0.33, 1, 2], [0.14, 0.5, 1]]).weights.tolist() == pytest.approx(full)


def test_one_name_and_two():
    assert ahp([[1]]).weights.tolist() == [1]
    pair = ahp([[1, 9], [1 / 9, 1]])
    assert pair.weights.tolist() == pytest.approx([0.9, 0.1])
    assert (pair.consistency_ratio, pair.consistent) == (0, True)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[1, 2, 3], [0.5, 1, 1]], "2 rows and 3 columns, must be as many"),
        ([[1, 2], [0.4, 1]], "0 over 1 is 2, must be 2.5, as the opposite is 0.4"),
        ([[1, -2], [-0.5, 1]], "0 over 1 is -2, must be above 0"),
        ([[1, 0], [NONE, 1]], "0 over 1 is 0, must be above 0"),
        ([[1, np.inf], [NONE, 1]], "0 over 1 is inf, must be above 0"),
        ([[1, "three"], [NONE, 1]], "every value must be a number"),
        ([[2, 1], [1, 1]], "0 over 0 is 2, must be 1"),
        (pd.DataFrame([[1, 2], [0.5, 1]], ["a", "b"], ["b", "a"]), r"rows are \['a', 'b'\], must be the columns"),
        (
            pd.DataFrame([[1, 2, NONE], [NONE, 1, NONE], [NONE, NONE, 1]], list("abc"), list("abc")),
            "nothing compares a, b with c; at least one pair must be judged",
        ),
        (consistent(range(1, 17)), "16 names, must be at most 15 for the random index 'saaty'"),
    ],
)
def test_what_is_no_matrix_of_judgements(matrix, message):
    with pytest.raises(UsageError, match=message):
        ahp(matrix)


def test_tables_of_random_consistency_are_known_by_name():
    with pytest.raises(UsageError, match="random_index: 'saati', must be one of saaty, alonso-lamata"):
        ahp([[1, 2], [0.5, 1]], random_index="saati")
    with pytest.raises(UsageError, match="method: 'eigen', must be one of eigenvector, geometric"):
        ahp([[1, 2], [0.5, 1]], method="eigen")


@pytest.mark.parametrize("n", [3, 4, 5, 8])
def test_random_judgements_have_the_random_index(n):
    rng = np.random.default_rng(n)
    drawn = np.stack([random_judgements(n, rng) for _ in range(4000)])
    index = (np.linalg.eigvals(drawn).real.max(axis=1) - n) / (n - 1)
    error = index.std() / np.sqrt(len(index))
    assert index.mean() == pytest.approx(RANDOM_INDEX["alonso-lamata"][n - 1], abs=4 * error)
    assert index.mean() == pytest.approx(RANDOM_INDEX["saaty"][n - 1], abs=0.08)

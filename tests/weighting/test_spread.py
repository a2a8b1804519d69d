"""Weights that data say: published numbers, other packages, and what they say of odd data."""

import numpy as np
import pandas as pd
import pymcdm.weights as other
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from published import oracle, steady
from skcriteria.preprocessing import weighters
from statsmodels.multivariate.factor_rotation import rotate_factors

from toolkit.faults import UsageError
from toolkit.weighting.spread import critic, entropy, loading_weights, pca, varimax

METHODS = [entropy, critic, pca]
SCORES = pd.DataFrame(
    {"superior": [81.0, 74, 90, 66], "peer": [70.0, 88, 79, 91], "public": [60.0, 62, 61, 85]},
    index=["M1", "M2", "M3", "M4"],
)
tables = arrays(float, st.tuples(st.integers(3, 8), st.integers(2, 5)), elements=st.integers(1, 100).map(float))


def test_entropy_of_the_fighters():
    inputs, expected, near = oracle("entropy_hwang_yoon_fighter")
    found = entropy(pd.DataFrame(inputs["matrix"], columns=inputs["columns"]))
    assert found.index.tolist() == inputs["columns"]
    assert found.tolist() == near(expected["weights"])


def test_critic_as_published():
    inputs, expected, near = oracle("critic_diakoulaki_1995")
    assert critic(inputs["matrix"], benefit=inputs["benefit"]).tolist() == near(expected["weights"])
    assert critic(inputs["matrix"], correlation="spearman").tolist() == near(expected["spearman"])


@pytest.mark.parametrize("seed", range(3))
def test_two_other_packages_agree(seed):
    values = np.random.default_rng(seed).uniform(1, 9, (12, 5))
    assert entropy(values).tolist() == pytest.approx(other.entropy_weights(values))
    assert critic(values).tolist() == pytest.approx(other.critic_weights(values))
    assert entropy(values).tolist() == pytest.approx(weighters.entropy_weights(values))
    assert critic(values).tolist() == pytest.approx(weighters.critic_weights(values, [1] * 5))


def test_components_of_the_handbook():
    inputs, expected, near = oracle("pca_oecd_tai")
    values = np.array(inputs["matrix"])
    found, vectors = np.linalg.eigh(np.corrcoef(values, rowvar=False))
    assert found[::-1] == near(expected["eigenvalues"])
    loadings = varimax(vectors[:, ::-1][:, :4] * np.sqrt(found[::-1][:4]))
    assert sorted(abs(loadings[0])) == pytest.approx(sorted(expected["patents"]), abs=0.015)
    scaled = loadings**2 / (loadings**2).sum(axis=0)
    assert sorted(scaled[0]) == pytest.approx(sorted(expected["patents_scaled"]), abs=0.02)
    # each column on the component where it loads most, that component by what it explains
    explained = (loadings**2).sum(axis=0) / (loadings**2).sum()
    place = abs(loadings).argmax(axis=1)
    by_hand = scaled[range(8), place] * explained[place]
    table = pd.DataFrame(values, columns=inputs["columns"])
    assert pca(table, components=inputs["components"]).tolist() == pytest.approx(by_hand / by_hand.sum())


def test_the_rotation_is_that_of_statsmodels():
    values = np.random.default_rng(3).normal(size=(40, 6))
    values[:, 1] += values[:, 0]
    values[:, 4] -= 2 * values[:, 3]
    found, vectors = np.linalg.eigh(np.corrcoef(values, rowvar=False))
    raw = vectors[:, -3:] * np.sqrt(found[-3:])
    lengths = np.sqrt((raw**2).sum(axis=1, keepdims=True))
    theirs = rotate_factors(raw / lengths, "varimax", tol=1e-10, max_tries=5000)[0] * lengths
    ours = varimax(raw)
    assert np.sort((ours**2).sum(axis=0)) == pytest.approx(np.sort((theirs**2).sum(axis=0)), abs=1e-6)
    assert loading_weights(ours) == pytest.approx(loading_weights(theirs), abs=1e-6)


def test_one_component_weighs_by_squared_loadings():
    values = SCORES.to_numpy()
    found, vectors = np.linalg.eigh(np.corrcoef(values, rowvar=False))
    squares = vectors[:, -1] ** 2
    assert pca(values, components=1).tolist() == pytest.approx(squares / squares.sum())
    assert found[-1] > 1


@pytest.mark.parametrize("method", METHODS)
def test_names_of_columns_are_kept(method):
    found = method(SCORES)
    assert found.index.tolist() == SCORES.columns.tolist()
    assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_column_weighs_nothing(method):
    found = method(SCORES.assign(flat=70.0))
    assert found["flat"] == 0
    assert found[SCORES.columns].tolist() == pytest.approx(method(SCORES).tolist())


@pytest.mark.parametrize("method", METHODS)
def test_a_single_column_weighs_all(method):
    assert method(SCORES[["peer"]]).to_dict() == {"peer": pytest.approx(1)}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("table", "message"),
    [
        (SCORES.assign(peer=[70.0, np.nan, 79, 91]), "'peer' of row 'M2' is nan, must be a finite number"),
        (SCORES.assign(peer=[70.0, np.inf, 79, 91]), "'peer' of row 'M2' is inf, must be a finite number"),
        (SCORES.assign(peer="high"), "every value must be a number"),
        (SCORES[:1], "1 rows, must be at least 2"),
        (SCORES[[]], "0 columns, must be at least 1"),
        (SCORES * 0 + 7, "superior, peer, public are constant, at least one must vary"),
        (pd.concat([SCORES, SCORES[["peer"]]], axis=1), "column 'peer' must not be there twice"),
    ],
)
def test_what_says_nothing_is_named(method, table, message):
    with pytest.raises(UsageError, match=f"{method.__name__}: {message}"):
        method(table)


def test_entropy_needs_shares():
    with pytest.raises(UsageError, match="'peer' of row 'M1' is -1, must be a finite number of at least 0"):
        entropy(SCORES.assign(peer=[-1.0, 2, 3, 4]))
    with pytest.raises(UsageError, match="column 'peer' sums to 0, must be above 0"):
        entropy(SCORES.assign(peer=0.0))
    assert entropy([[0.0, 1.0], [2.0, 1.1]])[0] > 0.99  # 0 ln 0 is 0, and the whole column lies in one row


def test_critic_needs_two_that_differ():
    with pytest.raises(UsageError, match="peer, twice are perfectly correlated, at least two must differ"):
        critic(pd.DataFrame({"peer": SCORES["peer"], "twice": 2 * SCORES["peer"]}))


def test_less_may_be_better():
    turned = SCORES.assign(peer=-SCORES["peer"])
    assert critic(turned, benefit={"superior": True, "peer": False, "public": True}).tolist() == pytest.approx(
        critic(SCORES).tolist()
    )
    with pytest.raises(UsageError, match="critic: correlation: 'kendall', must be one of pearson, spearman"):
        critic(SCORES, correlation="kendall")
    with pytest.raises(UsageError, match="benefit of 'peer' is 2, must be True"):
        critic(SCORES, benefit=[1, 2, 1])
    with pytest.raises(UsageError, match="critic: benefit: 'pear', must be one of superior, peer, public"):
        critic(SCORES, benefit={"pear": 1})


@pytest.mark.parametrize("components", [0, 4])
def test_so_many_components_there_are_not(components):
    with pytest.raises(UsageError, match=f"pca: {components} components, must be from 1 to 3"):
        pca(SCORES, components=components)


@steady
@given(tables)
def test_weights_sum_to_one_and_do_not_mind_the_unit(values):
    assume((np.ptp(values, axis=0) > 0).any())
    found = entropy(values)
    assert found.sum() == pytest.approx(1)
    assert (found >= 0).all()
    assert entropy(values * 7.5).tolist() == pytest.approx(found.tolist(), abs=1e-9)


@steady
@given(tables)
def test_critic_does_not_mind_the_scale(values):
    try:
        found = critic(values)
    except UsageError:
        assume(condition=False)
    assert found.sum() == pytest.approx(1)
    assert critic(3 * values - 50).tolist() == pytest.approx(found.tolist(), abs=1e-7)

"""Numbers that others published for weights that a missing source leaves behind."""

import json
from pathlib import Path

import numpy as np
import pytest
from small_study import make, pick, ratings_of

from toolkit.scoring.rollup import roll_up
from toolkit.scoring.scores import score
from toolkit.tree import Tree

ORACLES = Path(__file__).parents[1] / "oracles"


def oracle(name):
    return json.loads((ORACLES / f"{name}.json").read_text(encoding="utf-8"))


def rolled(values, weights):
    """Mean and shares of one flat group."""
    tree = Tree(("", *(f"s{k}" for k in range(len(values)))), (-1, *[0] * len(values)))
    value = np.array([values], dtype=float)
    seen = np.where(np.isnan(value), 0.0, 1.0)
    means = roll_up(tree, value, seen, np.ones(len(values), dtype=bool), weights=np.array([1, *weights], dtype=float))
    return means.value[0, 0], means.share[0, 1:]


def study(values, weights, scale):
    """One ratee, a source for every value."""
    names = [f"s{k}" for k in range(len(values))]
    sources = ", ".join(f"{name}: {{weight: {w}, scale: s}}" for name, w in zip(names, weights, strict=True))
    rows = {("m", name, "overall"): [value] * 3 for name, value in zip(names, values, strict=True) if value is not None}
    return make(f"scales: {{s: {scale}}}\nsources: {{{sources}}}\n", ratings_of(rows))


def test_a_missing_source_is_not_a_zero():
    case = oracle("missing_source_renormalise")
    values, expected = case["inputs"]["scores"], case["expected"]["score"]
    mean, _ = rolled([np.nan if value is None else value for value in values], case["inputs"]["weights"])
    assert mean == pytest.approx(expected, abs=case["tolerance"])
    thirds = ["1/3"] * 3
    found = pick(score(study(values, thirds, "{low: 0, high: 5}")), "m")
    assert found["score"] / 20 == pytest.approx(expected, abs=case["tolerance"])  # 100 points are 5 marks
    assert found["score"] / 20 != pytest.approx(case["expected"]["wrong"], abs=0.1)
    assert found["coverage"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("number", range(3))
def test_weights_of_missing_groups_are_shared_in_proportion(number):
    case = oracle("cms_weight_redistribution")
    groups, missing = case["inputs"]["groups"], case["inputs"]["missing"][number]
    expected = np.array(case["expected"]["weights"][number])
    values = [None if name in missing else 10 * (place + 1) for place, name in enumerate(groups)]
    mean, shares = rolled([np.nan if value is None else value for value in values], groups.values())
    assert shares == pytest.approx(expected, abs=case["tolerance"])
    # 10, 20, 30, 40, 50 points with the weights of the oracle
    whole = (expected * [10, 20, 30, 40, 50]).sum()
    assert mean == pytest.approx(whole, abs=1e-9)
    scores = score(study(values, groups.values(), "{low: 0, high: 100}"))
    assert pick(scores, "m")["score"] == pytest.approx(whole, abs=1e-9)
    assert pick(scores, "m")["coverage"] == pytest.approx(1 - sum(groups[name] for name in missing) / 100)

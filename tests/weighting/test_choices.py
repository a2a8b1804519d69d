"""Which choice matters: the estimators against published and other software's numbers, the scorings against `score`."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_models import model_of, scheme_of
from small_study import RATINGS, make, schemes_of

from toolkit import score
from toolkit.faults import UsageError
from toolkit.scoring.ranks import rank
from toolkit.voices import voices_of
from toolkit.weighting.choices import choices_of, effects
from toolkit.weighting.model import model
from toolkit.weighting.redraw import redraw
from toolkit.weighting.sobol import mixed, sensitivity, spread_out
from toolkit.weighting.trials import trial_of

ORACLE = Path(__file__).parents[1] / "oracles" / "sobol_ishigami.json"
BOUNDS = [[-np.pi, np.pi]] * 3


def ishigami(points):
    x = (2 * points - 1) * np.pi
    return (np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))[:, None]


def test_the_indices_of_ishigami():
    case = json.loads(ORACLE.read_text(encoding="utf-8"))
    found = sensitivity(ishigami, [1, 1, 1], base=2**14, seed=1)
    assert found.first[:, 0] == pytest.approx(case["expected"]["S1"], abs=case["tolerance"])
    assert found.total[:, 0] == pytest.approx(case["expected"]["ST"], abs=case["tolerance"])
    assert found.overall_first == pytest.approx(found.first[:, 0])


def test_the_indices_are_those_of_salib_from_the_same_points():
    sobol = pytest.importorskip("SALib.analyze.sobol")
    one, other = spread_out(3, 512, seed=3)
    between = mixed(one, other, [1, 1, 1])
    # their rows: A, A with the first from B, ..., B
    rows = np.stack([one, *between, other], axis=1).reshape(-1, 3)
    problem = {"num_vars": 3, "names": list("abc"), "bounds": BOUNDS}
    # they centre by the mean of all rows, and divide by the variance of A and B
    theirs = sobol.analyze(problem, ishigami(rows)[:, 0], calc_second_order=False, seed=1)
    ours = sensitivity(ishigami, [1, 1, 1], base=512, seed=3)
    assert ours.first[:, 0] == pytest.approx(theirs["S1"], abs=0.005)
    assert ours.total[:, 0] == pytest.approx(theirs["ST"], abs=0.002)


def test_groups_take_their_inputs_together():
    found = sensitivity(lambda u: u[:, :1] + 3 * u[:, 1:2] * u[:, 2:3], [2, 1], base=2**13, seed=2)
    # variances: 1/12 of the first, 9 (1/9 - 1/16) of the product, 9/4 of it by each factor alone / 12
    whole = 1 / 12 + 9 * (1 / 9 - 1 / 16)
    alone = 9 / 4 / 12
    assert found.first[:, 0] == pytest.approx([(1 / 12 + alone) / whole, alone / whole], abs=0.005)
    assert found.total[:, 0] == pytest.approx([1 - alone / whole, (whole - 1 / 12 - alone) / whole], abs=0.005)
    assert (np.abs(found.first[:, 0] - [(1 / 12 + alone) / whole, alone / whole]) < 5 * found.first_se[:, 0]).all()


SCHEME = """
language: en
scales: {five: {low: 1, high: 5, map: MAP}}
sources:
  peer: {weight: 0.5, scale: five, PEER}
  public: {weight: 0.3, scale: five, PUBLIC}
  boss: {weight: 0.2, scale: five}
indicators: {virtue: {weight: 0.4}, results: {weight: 0.6}}
first: FIRST
missing: {rule: RULE, min_coverage: 0.1}
grades:
  bands: {excellent: 60, pass: 40, fail: 0}
  quota: {excellent: {max: 1/3, within: study}}
"""
AVERAGE = {"mean": "average: mean", "trimmed": "trim: {drop: 1, above: 5}", "median": "average: median"}
PEOPLE = [{"member_id": f"M{number}", "name": "", "unit_id": "UV"[number % 2]} for number in range(8)]


def rules_text(way="min-max", peer="mean", public="mean", first="indicator", rule="renormalise"):
    text = SCHEME.replace("MAP", way).replace("PEER", AVERAGE[peer]).replace("PUBLIC", AVERAGE[public])
    return text.replace("FIRST", first).replace("RULE", rule)


def scheme(*choice):
    return schemes_of(rules_text(*choice))


def rated():
    rng = np.random.default_rng(6)
    rows = [
        ("r", f"M{ratee}", source, f"{source}{rater}", indicator, str(rng.integers(1, 6) if ratee < 7 else 5))
        for ratee, (source, raters), indicator in product(
            range(8), {"peer": 8, "public": 7, "boss": 1}.items(), ["virtue", "results"]
        )
        for rater in range(raters)
        if rng.random() < (0.8 if source != "boss" else 0.6)
    ]
    return pd.DataFrame(rows, columns=RATINGS)


def test_every_combination_is_scored_as_its_scheme_would():
    frame = rated()
    made = model(study := make(scheme(), frame, members=PEOPLE), score(study))
    options = choices_of(made)
    assert {name: len(of) for name, of in options.items()} == {
        "average peer": 3, "average public": 3, "first": 2, "missing": 3, "map five": 2,
    }  # fmt: skip
    trial = trial_of(made, options, None, {}, seed=1)
    rng = np.random.default_rng(2)
    points = rng.random((14, 5))
    found = trial.evaluate(points)
    for place, point in enumerate(points):
        peer, public, first, rule, way = (of[int(x * len(of))] for x, of in zip(point, options.values(), strict=True))
        again = score(make(scheme(way, peer, public, first, rule), frame, members=PEOPLE))
        rows = again.ratees.set_index("ratee_id").loc[made.quantities.index]
        middle = np.nan_to_num(trial.middle["score"])
        np.testing.assert_allclose(found["score"][place] + middle, rows["score"].to_numpy(float), atol=1e-4)
        order = ["fail", "pass", "excellent"]
        grade = [order.index(grade) if isinstance(grade, str) else -2 for grade in rows["grade"]]
        assert (found["grade"][place] + trial.middle["grade"]).tolist() == grade
        counted = np.where(rows["exempt"], np.nan, rows["score"].to_numpy(float))
        np.testing.assert_array_equal(found["rank"][place] + trial.middle["rank"], rank(counted))


def test_grades_of_an_index_take_the_long_way():
    index = "index: {components: {score: {weight: 1, low: 30, high: 70}}}\ngrades:\n  of: index"
    frame = rated()

    def given(*choice):
        return schemes_of(rules_text(*choice).replace("grades:", index))

    study = make(given(), frame, members=PEOPLE)
    made = model(study, score(study))
    trial = trial_of(made, {"average peer": ["mean", "median"], "map five": ["min-max", "share"]}, None, {}, seed=1)
    found = trial.evaluate(np.array([[0.1, 0.1], [0.1, 0.9], [0.9, 0.1], [0.9, 0.9]]))
    for place, (peer, way) in enumerate(product(["mean", "median"], ["min-max", "share"])):
        again = score(make(given(way, peer), frame, members=PEOPLE)).ratees.set_index("ratee_id")
        order = ["fail", "pass", "excellent"]
        expected = [order.index(grade) for grade in again["grade"].reindex(made.quantities.index)]
        assert (found["grade"][place] + trial.middle["grade"]).tolist() == expected


def test_effects_of_choices_weights_and_raters():
    frame = rated()
    made = model(study := make(scheme(), frame, members=PEOPLE), score(study))
    voices = voices_of(frame, study, "r")
    only = ["average peer", "map five", "weights", "raters"]
    found = effects(made, only=only, base=64, voices=voices, redraws=8, seed=1)
    assert found.evaluations == 64 * 6
    assert set(found.table["about"]) == {"score", "rank", "grade"}
    of_scores = found.overall[found.overall["about"] == "score"].set_index("choice")
    assert of_scores.loc["map five", "total"] > of_scores.loc["average peer", "total"]
    assert (of_scores["total"] > 0).all()
    told = found.table[found.table["reason"] == ""]
    assert told[["first", "total", "first_low", "total_high"]].notna().all(axis=None)
    again = effects(made, only=only, base=64, voices=voices, redraws=8, seed=1)
    pd.testing.assert_frame_equal(found.table, again.table)


def test_the_raters_that_are_tried_are_those_redrawn():
    frame = rated()
    made = model(study := make(scheme(), frame, members=PEOPLE), score(study))
    voices = voices_of(frame, study, "r")
    trial = trial_of(made, {"raters": list("abcd")}, voices, {}, seed=3)
    value = np.concatenate([part.value for part in redraw(made, voices, draws=4, seed=3)])
    for place in range(3):
        np.testing.assert_array_equal(trial.cells[place, "", ""], np.nan_to_num(value[:, :, place]))
    assert len(np.unique(trial.evaluate(np.arange(4)[:, None] / 4)["score"], axis=0)) == 4


def test_what_never_changes_has_no_index_and_says_so():
    study = make(scheme(), rated(), members=PEOPLE)
    made = model(study, score(study))
    found = effects(made, only=["weights"], base=32, seed=1).table
    lone = found[(found["about"] == "score") & (found["ratee_id"] != "M7")]
    assert lone["total"].to_numpy() == pytest.approx(1, abs=0.5)  # all the variance is that of the only choice
    still = found[found["reason"] == "never changes"]
    assert set(still.loc[still["about"] == "score", "ratee_id"]) == {"M7"}  # has 100 whatever weighs
    assert still[["first", "total", "first_low"]].isna().all(axis=None)
    missing = effects(made, only=["missing", "weights"], base=32, seed=1).table
    lacking = missing[(missing["about"] == "score") & missing["reason"].str.startswith("has no score")]
    assert set(lacking["ratee_id"]) == set(made.quantities.index[made.quantities["coverage"] < 1])


def test_a_round_without_numbers_or_gaps_leaves_few_choices():
    cells = [[60.0, 70, 80]] * 3
    study = make(
        schemes_of("scales: {vote: {levels: {good: 100}}}\nsources: {a: {weight: 1, scale: vote}}"),
        [("r", "M0", "a", "x", "overall", "good")],
    )
    assert choices_of(model(study, score(study))) == {}
    assert model_of(cells, scheme_of({"a": 0.5, "b": 0.3, "c": 0.2})).quantities["coverage"].eq(1).all()


def test_what_cannot_be_tried():
    study = make(scheme(), rated(), members=PEOPLE)
    made = model(study, score(study))
    with pytest.raises(UsageError, match="base: 100, must be a power of 2, at least 32"):
        effects(made, base=100, seed=1)
    with pytest.raises(UsageError, match=r"only: 'raters', must be among average peer, .*, weights"):
        effects(made, only=["raters"], seed=1)
    with pytest.raises(UsageError, match="only: nothing"):
        effects(made, only=[], seed=1)

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import model_of, scheme_of

from toolkit.faults import UsageError
from toolkit.weighting.curves import curves, path
from toolkit.weighting.ladders import ladders, names_of
from toolkit.weighting.outcomes import outcomes
from toolkit.weighting.sweep import sweep

ORACLES = Path(__file__).parents[1] / "oracles"
ONE_BAND = {"of": "score", "bands": {"in": 0, "out": -1}}


def oracle(name):
    return json.loads((ORACLES / f"{name}.json").read_text(encoding="utf-8"))


def where(changes, ratee):
    return changes.loc[changes["ratee_id"] == ratee, "weight"].tolist()


def test_the_public_crosses_where_it_was_worked_out():
    case = oracle("public_weight_crossing")
    given, expected = case["inputs"], case["expected"]
    cells = [[given[name]["rest"], given[name]["public"]] for name in "ABC"]
    grades = {"bands": {"pass": given["cut"], "fail": 0}}
    made = sweep(model_of(cells, scheme_of({"rest": 0.6, "public": 0.4}, grades=grades)), "public")
    pairs = {(row.ratee_id, row.other_id): row.weight for row in made.pairs.itertuples()}
    assert pairs == {
        ("M0", "M1"): pytest.approx(expected["t_AB"], abs=1e-12),
        ("M0", "M2"): pytest.approx(expected["t_AC"], abs=1e-12),
        ("M2", "M1"): pytest.approx(expected["t_BC"], abs=1e-12),
    }
    assert made.swaps == 3
    assert where(made.changes, "M0") == pytest.approx([expected["t_A_below_82"]], abs=1e-12)
    assert where(made.changes, "M1") == pytest.approx([expected["t_B_above_82"]], abs=1e-12)
    assert where(made.changes, "M2") == []
    first = made.changes.set_index("ratee_id").loc["M0"]
    assert (first["before"], first["at"], first["after"]) == (
        "pass",
        "pass",
        "fail",
    )  # a cut belongs to what begins there


def test_swaps_are_kendalls_discordant_pairs_and_the_best_fifth_changes_as_often_as_the_walk_says():
    case = oracle("sweep_kendall_identity")
    rng = np.random.default_rng(5)
    quality = rng.normal(82, 6, 600)
    cells = np.column_stack([quality + rng.normal(0, 2, 600), quality + rng.normal(0, 5, 600)])
    grades = {**ONE_BAND, "quota": {"in": {"max": "1/5", "within": "study"}}}
    made = sweep(model_of(cells, scheme_of({"rest": 0.5, "public": 0.5}, grades=grades)), "public")
    assert made.swaps == case["expected"]["swaps"] == len(made.pairs)
    entered = made.changes[made.changes["after"] == "in"]
    assert len(entered) == 63
    assert made.changes["weight"].nunique() == 63  # one comes in as another goes out
    assert made.notes == []


def test_two_ratees_of_whom_one_lacks_a_source_can_change_places_twice():
    scheme = scheme_of({"first": 0.3, "second": 0.3, "third": 0.4})
    made = sweep(model_of([[60, np.nan, 80], [60, 64, 84]], scheme), "third")
    expected = [(4 - 5**0.5) / 11, (4 + 5**0.5) / 11]
    assert made.pairs["weight"].tolist() == pytest.approx(expected, abs=1e-12)
    assert made.swaps == 2
    assert made.pairs["ratee_id"].tolist() == ["M1", "M0"]


def test_a_score_ends_where_its_coverage_does():
    grades = {"bands": {"good": 70, "poor": 0}}
    scheme = scheme_of({"a": 0.5, "b": 0.5}, grades=grades, missing={"min_coverage": 0.4})
    made = sweep(model_of([[80, np.nan], [np.nan, 90], [60, 60]], scheme), "b")
    told = made.changes[["weight", "ratee_id", "before", "at", "after"]].values.tolist()
    assert told == [[pytest.approx(0.4), "M1", None, "good", "good"], [pytest.approx(0.6), "M0", "good", "good", None]]


def test_without_a_least_coverage_a_score_is_lost_at_the_very_end():
    grades = {"bands": {"good": 70, "poor": 0}}
    scheme = scheme_of({"a": 0.5, "b": 0.5}, grades=grades, missing={"min_coverage": 0})
    changes = sweep(model_of([[80, np.nan]], scheme), "b").changes
    assert changes[["weight", "before", "at", "after"]].values.tolist() == [[1.0, "good", None, None]]


def test_a_tie_at_the_last_place_keeps_both_out_where_they_meet():
    grades = {**ONE_BAND, "quota": {"in": {"max": "1/2", "within": "study"}}}
    made = sweep(model_of([[80, 60], [60, 80]], scheme_of({"a": 0.5, "b": 0.5}, grades=grades)), "b")
    told = made.changes.set_index("ratee_id")[["weight", "before", "at", "after"]]
    assert told.loc["M0"].tolist() == [pytest.approx(0.5), "in", "out", "out"]
    assert told.loc["M1"].tolist() == [pytest.approx(0.5), "out", "out", "in"]


def test_between_which_weights_a_grade_stands():
    grades = {"bands": {"pass": 70, "fail": 0}}
    made = sweep(model_of([[80, 60], [75, 75]], scheme_of({"a": 0.6, "b": 0.4}, grades=grades)), "b")
    first, second = made.standing.itertuples()
    assert (first.level, first.low, first.high, first.nearest) == ("pass", 0, pytest.approx(0.5), pytest.approx(0.1))
    assert (second.low, second.high) == (0, 1)
    assert np.isnan(second.nearest)


def test_of_several_changes_only_the_net_effect_is_told():
    scheme = scheme_of({"a": 0.5, "b": 0.5}, grades={"bands": {"pass": 70, "fail": 0}})
    made = sweep(model_of([[80, 60], [60, 80]], scheme), "b")
    assert made.between(0.4, 0.6)[["ratee_id", "before", "after"]].values.tolist() == [
        ["M0", "pass", "fail"],
        ["M1", "fail", "pass"],
    ]
    assert made.between(0.6, 0.9).empty


def test_whoever_had_no_grade_before_is_told_with_none():
    grades = {"bands": {"A": 85, "B": 0}}
    scheme = scheme_of({"a": 0.5, "b": 0.2, "c": 0.3}, grades=grades, missing={"min_coverage": 0.4})
    # b and c are seen: too little below t = 1/25, then A until (1 - t) 3/8 90 + 60 t = 85 ((1 - t) 3/8 + t), then B
    made = sweep(model_of([[np.nan, 60, 90]], scheme), "b")
    assert made.changes["weight"].tolist() == pytest.approx([1 / 25, 3 / 43])
    assert made.between(0, 1)[["before", "after"]].values.tolist() == [[None, "B"]]


def test_a_source_that_is_not_there_is_named():
    model = model_of([[80, 60]], scheme_of({"a": 0.5, "b": 0.5}))
    with pytest.raises(UsageError, match="source: 'c', must be one of a, b"):
        sweep(model, "c")


def test_a_source_that_weighs_all_leaves_nothing_to_share():
    model = model_of([[80, 60]], scheme_of({"a": 1, "b": 0}))
    with pytest.raises(UsageError, match="a weighs 1, must leave its siblings a weight to share"):
        sweep(model, "a")


def test_sums_of_ratios_are_bracketed_and_it_is_said():
    grades = {"bands": {"pass": 70, "fail": 0}}
    scheme = scheme_of({"a": 0.25, "b": 0.5, "c": 0.25}, {"x": 0.5, "y": 0.5}, grades=grades, first="source")
    made = sweep(model_of([[[60, 90], [80, 50], [np.nan, 90]], [[80, 80], [55, 50], [60, 60]]], scheme), "b")
    assert "sum of ratios" in made.notes[0]
    assert made.swaps is None
    # x is (30 + 50 t) / (.5 + .5 t), y is 90 - 40 t; their mean is 70 where 20 t² - 5 t - 5 = 0
    assert where(made.changes, "M0") == pytest.approx([(5 + 425**0.5) / 40], abs=1e-8)
    assert 0 < made.changes.set_index("ratee_id").at["M0", "within"] <= 1e-8


def test_clusters_are_looked_at_on_a_grid_and_it_is_said():
    stars = {"of": "score", "cluster": {"stars": 2, "groups": 1, "guardrail": None}}
    rng = np.random.default_rng(1)
    made = sweep(model_of(rng.uniform(0, 100, (12, 2)), scheme_of({"a": 0.5, "b": 0.5}, stars=stars)), "b")
    assert "on a grid of 201 weights" in made.notes[0]
    assert len(made.changes)
    inner = made.changes[(made.changes["weight"] > 0) & (made.changes["weight"] < 1)]
    assert inner["within"].tolist() == pytest.approx([1 / 400] * len(inner))


def test_odds_move_categories_alike():
    scheme = scheme_of(
        {"a": 0.75, "b": 0.25}, categories={"x": {"sources": {"a": 0.5, "b": 0.5}}}, grades={"bands": {"p": 70, "f": 0}}
    )
    model = model_of([[60, 80], [60, 80]], scheme, categories=["x", "y"])
    found = sweep(model, "b", along="odds").changes.set_index("ratee_id")["weight"]
    # in y b weighs t itself; in x its odds are three times as high
    assert found["M1"] == pytest.approx(0.5)
    assert found["M0"] == pytest.approx(0.25)


levels_of_cut = st.sampled_from([55.0, 60.0, 65.0, 70.0])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.booleans(), st.sampled_from(["unit", "study"]))
def test_a_sweep_is_what_a_grid_shows(seed, lacking, coarse, within):
    """Random studies with missing sources, ties and quotas, against scoring's own rules at many weights."""
    rng = np.random.default_rng(seed)
    size, sources = int(rng.integers(2, 25)), int(rng.integers(2, 5))
    cells = rng.normal(70, 8, (size, sources)).clip(0, 100)
    if coarse:
        cells = np.round(cells / 5) * 5
    if lacking:
        cells[rng.random(cells.shape) < 0.25] = np.nan
    weights = (1 + rng.multinomial(100 - sources, rng.dirichlet(np.ones(sources)))) / 100
    bands = {"A": 76, "B": 70, "C": 62, "D": 0}
    quota = {"A": {"max": "1/3", "within": within}, **({"B": {"max": "1/2", "within": within}} if seed % 2 else {})}
    stars = {"of": "score", "bands": {"3": 75, "2": 65, "1": 0}, "quota": {"3": {"max": "20%", "within": "study"}}}
    names = dict(zip("pqrs", weights.tolist(), strict=False))
    scheme = scheme_of(
        names,
        grades={"of": "score", "bands": bands, "quota": quota},
        stars=stars,
        missing={"min_coverage": float(rng.choice([0, 0.3, 0.5]))},
    )
    model = model_of(cells, scheme, units=rng.integers(0, 3, size).astype(str), exempt=rng.random(size) < 0.1)
    made = sweep(model, "q")
    assert made.notes == []
    points = np.unique(np.concatenate([[0, 1], rng.random(60), made.changes["weight"].head(60)]))
    found = outcomes(model, path(model, "q").at(points))
    for ladder in ladders(model):
        shown = names_of(ladder, getattr(found, ladder.about)[:, ladder.rows])
        mine = made.changes[made.changes["about"] == ladder.about]
        told = dict(iter(mine.groupby("ratee_id")))
        for column, name in enumerate(model.quantities.index[ladder.rows]):
            expected = [expect(told.get(name), point, shown[0, column]) for point in points]
            assert expected == shown[:, column].tolist(), name
    swapped = sum(crossings(model, path(model, "q")))
    assert made.swaps == swapped


def expect(rows, point, first):
    """What a ratee has at a weight, by his changes."""
    if rows is None:
        return first
    here = rows[np.abs(rows["weight"] - point) < 1e-9]
    if len(here):
        return here["at"].iloc[-1]
    before = rows[rows["weight"] < point]
    return before["after"].iloc[-1] if len(before) else rows["before"].iloc[0]


def crossings(model, road):
    """Sign changes of the difference of every pair over a fine grid, where both have a score."""
    found = curves(model, road)  # scores begin and end where they do, not where the grid has a point
    ends = np.concatenate([found.low, found.high])
    fine = np.sort(np.concatenate([np.linspace(0, 1, 1001), ends - 5e-8, ends + 5e-8]))
    fine = fine[(fine > 0) & (fine < 1)]
    score = outcomes(model, road.at(fine)).score[:, ~model.quantities["exempt"].to_numpy()]
    for one in range(score.shape[1]):
        gap = score[:, one + 1 :] - score[:, [one]]
        sign = np.where(np.abs(gap) < 1e-10, 0, np.sign(gap))
        for column in sign.T:
            known = column[~np.isnan(column) & (column != 0)]
            yield int((known[1:] != known[:-1]).sum())

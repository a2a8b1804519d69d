"""experiments.yaml: what is read, and everything that is wrong with it; variants held against the scheme."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from ruamel.yaml import YAML
from scipy.stats import kendalltau
from small_models import model_of, scheme_of

import toolkit as tk
from toolkit.weighting.acceptability import acceptability
from toolkit.weighting.carried import carried
from toolkit.weighting.comparison import compare
from toolkit.weighting.departures import count_departures, list_nearest
from toolkit.weighting.draws import draw
from toolkit.weighting.experiment import Variant, experiments_schema, read_experiments
from toolkit.weighting.tenths import list_ends, share_out

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "surveys" / "demo"
GRADES = {"bands": {"high": 80, "middle": 70, "low": 0}}


@pytest.fixture(scope="module")
def study():
    return tk.read_study(DEMO)


@pytest.fixture(scope="module")
def model(study):
    return tk.model(study, tk.score(study))


@pytest.fixture(scope="module")
def plan(study):
    return read_experiments(lambda file: (DEMO / file).read_text(encoding="utf-8"), study)


def faults(study, text):
    with pytest.raises(tk.StudyError) as error:
        read_experiments(lambda _: text, study)
    return error.value.faults


# ----------------------------------------------------------------------------------------------------------- reading


def test_a_plan_is_read_as_it_was_written(study, plan):
    assert plan.round == study.round == "2026H2"
    assert [(step.source, step.along) for step in plan.sweep] == [("public", "weight"), ("peer", "odds")]
    assert plan.variants["equal"].weights("sources")["peer"] == Fraction(1, 3)
    assert plan.variants["deeds"].weights("indicators") == {"results": Fraction(1, 2), "service": Fraction(3, 5)}
    assert plan.variants["untrimmed"].weights("sources") == {}
    assert list(plan.variants["untrimmed"].sections) == ["sources"]
    assert plan.robustness.draws == 1000


def test_a_variant_changes_what_it_says_and_nothing_else(study, plan):
    scheme = study.scheme
    louder = plan.variants["louder"].applied(scheme)
    assert louder.source_weights("retired")["public"] == Fraction(3, 5)
    assert louder.grades == scheme.grades
    untrimmed = plan.variants["untrimmed"].applied(scheme)
    assert untrimmed.leaf_sources["peer"].trim is None
    assert untrimmed.source_weights("retired") == scheme.source_weights("retired")
    assert plan.variants["sources_first"].applied(scheme).first == "source"


def test_ten_faults_give_ten(study):
    text = """\
round: 2026H3
swep: []
sweep:
  - {source: pubic}
  - {source: self, along: odds}
variants:
  one: {sources: {peer: 60x, publik: 0.6}}
  two: {indicators: {results: 150%}}
  three: {missing: {rule: fial}}
  four: {label: nothing}
robustness: {order: [public, pear], weights: order}
"""
    told = [
        (1, "round", "2026H3", "nearest: 2026H2"),
        (2, "swep", "swep", "nearest: sweep"),
        (4, "sweep.0.source", "pubic", "nearest: public"),
        (5, "sweep.1.source", "self", "must lie between 0 and 1"),
        (7, "variants.one.sources.peer", "60x", "must be a number, fraction or percentage"),
        (7, "variants.one.sources.publik", "publik", "nearest: public"),
        (8, "variants.two.indicators.results", "", "must be at most 1"),
        (9, "variants.three.missing.rule", "fial", "'fail'"),
        (10, "variants.four", "", "must change a weight or a section"),
        (11, "robustness.order.1", "pear", "nearest: peer"),
    ]
    found = faults(study, text)
    assert [(fault.row, fault.column, fault.value) for fault in found] == [part[:3] for part in told]
    assert all(part[3] in fault.expected for fault, part in zip(found, told, strict=True))
    assert {fault.file for fault in found} == {"experiments.yaml"}


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("", "", "must be a YAML mapping"),
        ("variants: {a: 3}", "variants.a", "must be a mapping"),
        ("variants: {a: {sources: {peer: 0.5, public: {weight: 1, scale: star}}}}", "variants.a", "weights alone"),
        ("variants: {a: {sources: {public: 0.7, peer: 0.6}}}", "variants.a.sources.public", "at most 1"),
        ("variants: {a: {grades: {bands: {x: 80, y: 70}}}}", "variants.a.grades.bands", "must be 0 for the lowest"),
        ("variants: {a: {missing: {rule: adjusted}}}", "variants.a", "index.units.mean in the scheme"),
        ("variants: {a: {conduct: {}}}", "variants.a.conduct", "unknown key"),
        ("robustness: {weights: around}", "robustness", "concentration"),
        ("robustness: {draws: 0}", "robustness.draws", "greater than or equal to 1"),
        ("robustness: {weights: order, order: [peer, peer]}", "robustness.order.1", "twice"),
        ("sweep: [{source: peer}, {source: peer, along: odd}]", "sweep.1.along", "'odds'"),
        ("round: 2026", "round", "a plain round: one of 2026H1, 2026H2"),
    ],
)
def test_a_fault_is_told_where_it_is(study, text, column, expected):
    (fault,) = faults(study, text)
    assert fault.column == column
    assert expected in fault.expected


def test_an_answer_must_still_mean_something(study):
    scales = json.loads(study.scheme.model_dump_json(include={"scales"}))["scales"]
    scales["star"]["high"] = 4
    given = faults(study, json.dumps({"variants": {"a": {"scales": scales}}}))
    assert [fault.column for fault in given] == ["variants.a.scales"]
    assert given[0].value == "5"
    assert "was answered by public, must be a number from 1 to 4" in given[0].expected


def test_a_file_that_is_not_there_is_a_fault(study):
    def read(_):
        raise FileNotFoundError(2, "No such file")

    with pytest.raises(tk.StudyError, match=r"experiments\.yaml: must be there"):
        read_experiments(read, study)


def test_the_round_of_the_command_goes_before_that_of_the_file(study):
    assert read_experiments(lambda _: "round: 2026H2", study, "2026H1").round == "2026H1"
    with pytest.raises(ValueError, match="must be a plain round"):
        read_experiments(lambda _: "round: 2026H2", study, "2026")


def test_the_committed_schema_is_current():
    text = (ROOT / "surveys" / "experiments.schema.json").read_text(encoding="utf-8")
    assert json.loads(text) == json.loads(json.dumps(experiments_schema()))


@pytest.mark.parametrize("name", ["demo", "insteval"])
def test_experiments_follow_the_schema(name):
    text = (ROOT / "surveys" / name / "experiments.yaml").read_text(encoding="utf-8")
    document = json.loads(json.dumps(YAML(typ="safe").load(text)))
    validator = jsonschema.Draft202012Validator(experiments_schema())
    assert list(validator.iter_errors(document)) == []
    assert list(validator.iter_errors(document | {"swep": []})) != []


# -------------------------------------------------------------------------------------------------------- comparison


@pytest.mark.parametrize("name", ["louder", "deeds", "untrimmed"])
def test_a_variant_is_what_scoring_makes_of_its_scheme(study, model, plan, name):
    found = compare(model, name, plan.variants[name])
    scheme = plan.variants[name].applied(study.scheme)
    scored = tk.score(replace(study, schemes={**study.schemes, "2026H2": scheme})).rungs["2026H2"].quantities
    np.testing.assert_allclose(found.everybody["score"], scored["score"].to_numpy(dtype=float), atol=1e-9)
    assert found.everybody["grade"].fillna("").tolist() == scored["grade"].fillna("").tolist()
    own = model.quantities["grade"].fillna("")
    told = found.changes[found.changes["about"] == "grade"].set_index("ratee_id")
    assert set(told.index) == set(own.index[own != scored["grade"].fillna("")])
    assert told["before"].fillna("").tolist() == own[told.index].tolist()


def test_ranks_are_compared_among_those_who_have_both(model, plan):
    found = compare(model, "complete", plan.variants["complete"])
    both = found.everybody[found.everybody[["rank_before", "rank"]].notna().all(axis=1)]
    assert len(both) < found.everybody["rank_before"].notna().sum()
    assert found.ranks["before"].max() <= len(both)
    assert (found.shift == 0).all()  # who lacks nothing keeps his score
    assert found.tau == pytest.approx(1)


def test_tau_is_that_of_the_scores(model, plan):
    found = compare(model, "louder", plan.variants["louder"])
    both = found.everybody.loc[found.ranks.index]
    assert found.tau == pytest.approx(kendalltau(both["score_before"], both["score"]).statistic)
    assert found.differ("grade")[0] == (found.changes["about"] == "grade").sum()


def three(**more):
    return model_of([[60, 70], [80, 80], [100, 90]], scheme_of({"peer": 0.5, "public": 0.5}), **more)


def test_what_sources_carry_by_hand():
    model = three()
    found = carried(model).set_index("name")
    assert found["carried"].to_dict() == pytest.approx({"peer": 2 / 3, "public": 1 / 3})
    assert found["nominal"].to_dict() == found["used"].to_dict() == pytest.approx({"peer": 0.5, "public": 0.5})
    louder = carried(model, model.weighting(model.scheme.reweighted(public=0.8))).set_index("name")
    assert louder["carried"].to_dict() == pytest.approx({"peer": 1 / 3, "public": 2 / 3})


def test_shares_sum_to_one_and_what_is_missing_weighs_with_the_others():
    rng = np.random.default_rng(1)
    cells = rng.uniform(0, 100, (40, 3))
    cells[rng.random(cells.shape) < 0.2] = np.nan
    sources = {"a": 0.5, "b": 0.3, "c": 0.2}
    found = carried(model_of(cells, scheme_of(sources)))
    assert found[["nominal", "used", "carried"]].sum().tolist() == pytest.approx([1, 1, 1])
    assert dict(zip(found["name"], found["nominal"], strict=True)) == pytest.approx(sources)
    weight = np.where(np.isnan(cells), 0, list(sources.values()))
    enough = weight.sum(axis=1) >= 0.5 - 1e-9
    mean = (weight[enough] / weight[enough].sum(axis=1, keepdims=True)).mean(axis=0)
    assert found["used"].tolist() == pytest.approx(mean.tolist())


def test_nothing_is_carried_where_all_are_alike():
    found = carried(model_of([[80, 80], [80, 80]], scheme_of({"peer": 0.5, "public": 0.5})))
    assert found["carried"].isna().all()
    assert found["used"].tolist() == [0.5, 0.5]


# -------------------------------------------------------------------------------------------------- along one weight


def test_departures_by_hand():
    model = model_of([[90, 60], [60, 90], [75, 75]], scheme_of({"peer": 0.5, "public": 0.5}, grades=GRADES))
    found = tk.sweep(model, "public")
    # 90 - 30 w is high to 1/3 and middle to 2/3; 60 + 30 w is middle from 1/3 and high from 2/3; the third stays
    steps = count_departures(found, "grade", ["M0", "M1", "M2"])
    assert steps["weight"].tolist() == pytest.approx([0, 1 / 3, 2 / 3])
    assert steps["count"].tolist() == [2, 0, 2]
    assert count_departures(found, "grade", ["M2"])["count"].tolist() == [0]
    near = list_nearest(found, ["M0", "M1", "M2"])
    assert near["ratee_id"].tolist() in (["M0", "M1"], ["M1", "M0"])
    assert near["distance"].tolist() == pytest.approx([1 / 6, 1 / 6])
    assert near["present"].tolist() == ["middle", "middle"]


def test_departures_are_those_of_every_weight():
    rng = np.random.default_rng(2)
    cells = rng.uniform(50, 100, (60, 3)).round()
    cells[rng.random(cells.shape) < 0.1] = np.nan
    grades = GRADES | {"quota": {"high": {"max": "1/5", "within": "study"}}}
    model = model_of(cells, scheme_of({"a": 0.4, "b": 0.4, "public": 0.2}, grades=grades))
    steps = count_departures(tk.sweep(model, "public"), "grade", model.quantities.index)
    own = tk.outcomes(model).grade[0]
    for weight in np.linspace(0.013, 0.987, 40):  # not at 0.5, where coverage is just enough
        there = tk.outcomes(model, model.weighting(model.scheme.reweighted(public=float(weight)))).grade[0]
        known = steps["count"][steps["weight"].searchsorted(weight, side="right") - 1]
        assert known == (there != own).sum(), weight


def test_an_empty_sweep_has_no_departures():
    found = tk.sweep(three(), "public")
    assert count_departures(found, "grade", ["M0"]).to_numpy().tolist() == [[0, 0]]
    assert list_nearest(found, ["M0"]).empty


# ------------------------------------------------------------------------------------------------------------ tenths


def test_ends_of_tenths():
    assert list_ends(100) == list(range(10, 101, 10))
    assert list_ends(3) == [1, 2, 3]
    assert list_ends(0) == []
    assert list_ends(25)[-1] == 25


def test_everybody_has_some_rank_in_every_draw():
    model = three()
    found = share_out(acceptability(model, draw(model, draws=50, seed=1), best=list_ends(3), progress=False).table)
    assert found.sum(axis=1).tolist() == pytest.approx([1, 1, 1])
    assert found.index.tolist() == ["M2", "M1", "M0"]
    assert found.loc["M2", 1] == 1
    assert share_out(acceptability(model, draw(model, draws=5, seed=1), best=[2, 3]).table).loc["M0", 3] == 1


def test_weights_are_exact_and_no_section():
    variant = Variant(sources={"public": "60%"})
    assert variant.weights("sources") == {"public": Fraction(3, 5)}
    assert variant.sections == {}

"""Targets in force, what is missing to them, and who is a role model."""

import datetime as dt
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from small_study import schemes_of

from toolkit.scoring.targets import Aim, attain, in_force, role_models

NAN = np.nan
BASE = """
scales:
  s: {low: 0, high: 100}
  content: {levels: {yes: 100, no: 0}}
sources: {a: {weight: 1, scale: s}}
measures: {hours: {}}
points: {rules: {x: {points: 1}}}
satisfaction: {scale: content, dissatisfied: [no]}
categories: {farmer: {targets: {points: 70, score: 75}}, office: {}, branch: {ratee: unit}}
"""


def scheme_of(text):
    return schemes_of(BASE + text)["r"]


def day(text):
    return dt.date.fromisoformat(text)


TARGETS = scheme_of("""
targets:
  - {reach: {points: 60, measure.hours: 45}}
  - {from: 2026-07-01, reach: {measure.hours: 50}}
  - {from: 2025-01-01, reach: {measure.hours: 40}}
  - {categories: [office], reach: {points: 80}}
  - {industries: [steel], reach: {points: 85}}
  - {industries: [steel], categories: [office], from: 2026-04-01, reach: {points: 90}}
  - {categories: [farmer], from: 2026-07-01, reach: {points: 72}}
""")


# ------------------------------------------------------------------------------------------------------------ in force


def reach(category, industry, on, of):
    aims = in_force(TARGETS, category, industry, day(on) if on else None)
    return float(aims[of].reach), str(aims[of].since or "")


def test_the_newest_version_in_force_holds_however_they_are_listed():
    assert reach("", "", "2024-12-31", "measure.hours") == (45, "")
    assert reach("", "", "2025-01-01", "measure.hours") == (40, "2025-01-01")  # the first day is in
    assert reach("", "", "2026-06-30", "measure.hours") == (40, "2025-01-01")
    assert reach("", "", "2026-07-01", "measure.hours") == (50, "2026-07-01")


def test_without_a_day_every_version_is_in_force():
    assert reach("", "", None, "measure.hours") == (50, "2026-07-01")


def test_the_most_particular_holds():
    on = "2026-05-01"
    assert reach("", "", on, "points") == (60, "")
    assert reach("office", "", on, "points") == (80, "")
    assert reach("", "steel", on, "points") == (85, "")
    assert reach("office", "steel", on, "points") == (90, "2026-04-01")
    assert reach("office", "coal", on, "points") == (80, "")
    # an industry comes before a category, also where the target of both is not yet in force
    assert reach("office", "steel", "2026-03-31", "points") == (85, "")


def test_an_older_particular_target_holds_before_a_newer_general_one():
    scheme = scheme_of("""
targets:
  - {categories: [office], from: 2020-01-01, reach: {points: 80}}
  - {from: 2026-01-01, reach: {points: 60}}
""")
    assert in_force(scheme, "office", "", day("2026-06-30"))["points"] == Aim(Fraction(80), day("2020-01-01"))


def test_what_a_category_states_is_for_the_category_and_the_oldest():
    assert reach("farmer", "", "2026-06-30", "points") == (70, "")  # before the 60 for everybody
    assert reach("farmer", "", "2026-07-01", "points") == (72, "2026-07-01")
    assert reach("farmer", "steel", "2026-07-01", "points") == (85, "")  # after one for the industry
    assert reach("farmer", "", "2026-07-01", "score") == (75, "")
    plain = scheme_of("targets: [{categories: [farmer], reach: {points: 73}}]\n")
    assert in_force(plain, "farmer", "", None)["points"] == Aim(Fraction(73), None)


def test_of_two_alike_the_later_in_the_list_holds():
    scheme = scheme_of("targets: [{reach: {points: 60}}, {reach: {points: 61}}]\n")
    assert in_force(scheme, "", "", None)["points"].reach == 61


def test_without_targets_there_are_none():
    assert in_force(scheme_of(""), "office", "steel", None) == {}
    assert in_force(scheme_of(""), "unheard of", "", None) == {}


# ---------------------------------------------------------------------------------------------------------- attainment


def people(**columns):
    count = len(next(iter(columns.values())))
    frame = pd.DataFrame({"kind": ["member"] * count, "category": "", "industry": ""})
    return frame.assign(**columns).set_axis([f"m{place}" for place in range(count)])


def objects(*values):
    return pd.Series(values, dtype=object).to_numpy()


def test_gap_and_attainment():
    scheme = scheme_of("targets: [{from: 2026-01-01, reach: {points: 80}}]\n")
    found = attain(people(points=[100.0, 80, 60, NAN]), scheme, day("2026-06-30"))
    assert list(found) == ["ratee_id", "of", "target", "value", "gap", "attainment", "met", "since"]
    assert found["ratee_id"].tolist() == ["m0", "m1", "m2", "m3"]
    assert found["of"].eq("points").all()
    assert found["target"].tolist() == [80] * 4
    assert found["value"].tolist()[:3] == [100, 80, 60]
    assert found["gap"].tolist()[:3] == [20, 0, -20]
    assert found["attainment"].tolist()[:3] == [1.25, 1, 0.75]
    assert found["met"].tolist() == [True, True, False, False]
    assert found[["value", "gap", "attainment"]].iloc[3].isna().all()
    assert found["since"].tolist() == ["2026-01-01"] * 4


def test_numbers_have_the_tolerance_and_shares_are_exact():
    scheme = scheme_of("targets: [{reach: {points: 80}}]\n")
    assert attain(people(points=[80 - 5e-10, 80 - 5e-9]), scheme, None)["met"].tolist() == [True, False]
    scheme = scheme_of("targets: [{reach: {dissatisfied: 30%}}]\n")
    shares = objects(Fraction(50, 167), Fraction(51, 170), Fraction(3, 10) - Fraction(1, 10**12), None)
    found = attain(people(dissatisfied=shares), scheme, None)
    assert found["met"].tolist() == [False, True, False, False]
    assert found["value"].tolist()[:2] == pytest.approx([50 / 167, 0.3])
    assert found["value"].dtype == float
    assert found["attainment"].iloc[1] == pytest.approx(1)


def test_a_target_of_nought_has_no_attainment():
    scheme = scheme_of("targets: [{reach: {points: 0}}]\n")
    found = attain(people(points=[5.0, -1]), scheme, None)
    assert found["gap"].tolist() == [5, -1]
    assert found["attainment"].isna().all()
    assert found["met"].tolist() == [True, False]
    assert found["since"].tolist() == ["", ""]


def test_each_has_the_targets_of_his_category_and_industry_in_the_order_of_the_study():
    columns = {"points": [75.0] * 4, "score": [80.0] * 4, "measure.hours": [NAN, 50, 50, 50]}
    found = attain(
        people(category=["office", "farmer", "office", "farmer"], industry=["", "", "steel", ""], **columns),
        TARGETS,
        day("2026-06-30"),
    )
    assert found[["ratee_id", "of", "target", "met"]].to_numpy().tolist() == [
        ["m0", "points", 80, False],
        ["m0", "measure.hours", 40, False],
        ["m1", "points", 70, True],
        ["m1", "score", 75, True],
        ["m1", "measure.hours", 40, True],
        ["m2", "points", 90, False],
        ["m2", "measure.hours", 40, True],
        ["m3", "points", 70, True],
        ["m3", "score", 75, True],
        ["m3", "measure.hours", 40, True],
    ]
    assert found.index.tolist() == list(range(10))


def test_a_quantity_that_nobody_has_is_not_known():
    found = attain(people(points=[70.0]), scheme_of("targets: [{reach: {measure.hours: 45}}]\n"), None)
    assert found[["target", "met"]].to_numpy().tolist() == [[45, False]]
    assert found[["value", "gap", "attainment"]].isna().all(axis=None)


def test_nothing_to_attain():
    assert attain(people(points=[70.0]), scheme_of(""), None).empty
    found = attain(people(points=[]), TARGETS, None)
    assert list(found) == ["ratee_id", "of", "target", "value", "gap", "attainment", "met", "since"]
    assert found.empty


# --------------------------------------------------------------------------------------------------------- role models


MODELS = scheme_of("""
models:
  study: {require: [{of: points, min: 90}, {of: measure.hours, min: 45}]}
  pioneer: {require: [{of: points, above: 95}]}
  flag: {ratee: unit, require: [{of: points, min: 50}]}
""")


def test_a_role_model_meets_every_condition_of_a_standard():
    quantities = people(points=[90.0, 96, 100, 95], **{"measure.hours": [45.0, 44, 60, NAN]})
    found = role_models(quantities, MODELS)
    assert found.to_numpy().tolist() == [
        ["m0", "study", "points", 90, "≥ 90"],
        ["m0", "study", "measure.hours", 45, "≥ 45"],
        ["m2", "study", "points", 100, "≥ 90"],
        ["m2", "study", "measure.hours", 60, "≥ 45"],
        ["m1", "pioneer", "points", 96, "> 95"],
        ["m2", "pioneer", "points", 100, "> 95"],
    ]
    assert list(found) == ["ratee_id", "standard", "of", "value", "bound"]
    assert found.index.tolist() == list(range(6))


def test_a_standard_is_for_members_or_for_units():
    quantities = people(points=[60.0, 60, 100], kind=["unit", "member", "unit"], **{"measure.hours": [50.0] * 3})
    found = role_models(quantities, MODELS)
    assert found[["ratee_id", "standard"]].to_numpy().tolist() == [["m0", "flag"], ["m2", "flag"]]


def test_of_many_role_models_each_has_his_conditions_in_their_order():
    found = role_models(people(points=[95.0] * 60, **{"measure.hours": [60.0] * 60}), MODELS)
    assert found["ratee_id"].tolist() == [f"m{place}" for place in range(60) for _ in range(2)]
    assert found["of"].tolist() == ["points", "measure.hours"] * 60


def test_two_conditions_on_one_quantity_are_both_to_be_met():
    scheme = scheme_of("models: {steady: {require: [{of: points, min: 80}, {of: points, max: 90}]}}\n")
    found = role_models(people(points=[79.0, 85, 91]), scheme)
    assert found[["ratee_id", "bound"]].to_numpy().tolist() == [["m1", "≥ 80"], ["m1", "≤ 90"]]


def test_no_role_models():
    for found in (
        role_models(people(points=[60.0]), scheme_of("")),
        role_models(people(points=[60.0]), MODELS),
        role_models(people(points=[]), MODELS),
    ):
        assert list(found) == ["ratee_id", "standard", "of", "value", "bound"]
        assert found.empty

"""Every rule that a scheme can have meets its case in the demo."""

from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest

import toolkit as tk
from toolkit.lint import lint

DEMO = Path(__file__).parents[1] / "surveys" / "demo"


@pytest.fixture(scope="module")
def demo():
    return tk.read_study(DEMO)


@pytest.fixture(scope="module")
def scored(demo):
    return tk.score(demo)


def test_every_section_of_a_scheme_is_used(demo):
    schemes = demo.schemes.values()
    sections = {name for scheme in schemes for name in type(scheme).model_fields if getattr(scheme, name)}
    assert sections == set(type(demo.scheme).model_fields)
    conduct, category = demo.scheme.conduct, demo.scheme.categories
    assert all(getattr(conduct, name) for name in type(conduct).model_fields)
    assert category["retired"].index
    assert category["branch"].stars
    assert all(turn.due and turn.feedback for turn in demo.scheme.rounds.values() if turn.combine is None)


def test_every_kind_of_grade_level_and_star_is_held_by_somebody(scored):
    for turn, rows in scored.ratees[scored.ratees["kind"] == "member"].groupby("round"):
        assert set(rows["grade"].dropna()) == {"优秀", "合格", "基本合格", "不合格"}, turn
        assert set(rows["level"].dropna()) == {"红旗", "先进", "达标", "后进"}, turn
        assert set(rows["stars"].dropna()) == {1, 2, 3, 4, 5}, turn


def test_every_rule_has_its_case(scored):
    assert set(scored.ledger["code"]) >= {"month", "year", "dimension", "base", "carry", "veto", "ceiling"}
    assert set(scored.reasons["of"]) >= {"vetoes", "measure.hours", "不合格"}
    assert set(scored.models["standard"]) == {"pioneer", "stronghold"}
    assert set(scored.attainment["met"]) == {True, False}
    veto = scored.ratees[scored.ratees["vetoes"] > 0]
    assert (veto["points"] == 0).all()
    assert set(veto["band"]) == {"优秀"}  # but for the veto
    assert set(veto["grade"]) == {"合格"}


def test_a_cancelled_award_counts_once(demo, scored):
    member = demo.members["member_id"].iloc[3]
    awards = scored.ledger[(scored.ledger["ratee_id"] == member) & (scored.ledger["rule"] == "award")]
    awards = awards[awards["round"] == "2026H1"]
    assert sorted(awards["quantity"]) == [-1, 1, 1]
    assert awards["got"].sum() == 10


def test_branches_stand_on_either_side_of_every_threshold(scored):
    first = scored.satisfaction.query("round == '2026H1' and topic == '' and panel == ''").set_index("ratee_id")
    shares = first["dissatisfied"]
    assert shares["B06"] == Fraction(3, 10)
    assert shares["B08"] > Fraction(1, 2)
    # all panels but the masses have 3 of 10, the masses, who weigh .3, have 50 of 167
    assert shares["B09"] == Fraction(7, 10) * Fraction(3, 10) + Fraction(3, 10) * Fraction(50, 167)
    assert first.loc[["B06", "B08", "B09"], "follows"].tolist() == ["redo", "redo|rectify", ""]
    assert first.loc["B07", "coverage"] == pytest.approx(0.8)
    assert (first.drop(["B07"]).filter(like="B", axis=0)["coverage"] == 1).all()
    assert first.loc["B12", "n"] < 30


def test_hours_of_a_whole_year_are_asked_of_a_whole_year(demo, scored):
    hours = scored.attainment.query("of == 'measure.hours'").groupby("round")["target"].unique()
    assert {turn: list(values) for turn, values in hours.items()} == {"2026": [45], "2026H1": [20], "2026H2": [22.5]}
    measured = demo.measures[demo.measures["measure"] == "hours"]
    assert 0 < measured["subject_id"].isin(demo.members["member_id"]).sum() < 2 * len(demo.members)
    retired = demo.members["member_id"][demo.members["category"] == "retired"]
    assert not demo.measures.query("measure == 'tasks'")["subject_id"].isin(retired).any()


def test_who_is_ordered_to_mend_something_is_low_indeed(demo, scored):
    first = scored.ratees[scored.ratees["round"] == "2026H1"].set_index("ratee_id")
    ordered = demo.decisions.query("matter == 'remediation' and decision == 'order'")
    people = first.loc[ordered["subject_id"]].query("kind == 'member'")
    assert len(people) > 6
    assert (people["grade"].isin(["基本合格", "不合格"]) | (people["vetoes"] > 0)).mean() > 0.8
    helped = demo.decisions[demo.decisions["helper"] != ""]
    unit = demo.members.set_index("member_id")["unit_id"]
    assert (unit[helped["helper"]].to_numpy() == unit[helped["subject_id"]].to_numpy()).all()
    assert not set(helped["helper"]) & set(ordered["subject_id"])


def test_decisions_are_kept_missed_waived_and_taken_back(demo):
    steps = demo.decisions.query("matter == 'remediation'").groupby("subject_id")["decision"].agg(tuple)
    people = steps[steps.index.isin(demo.members["member_id"])]
    assert people.value_counts().to_dict() == {
        ("order", "close"): 7,
        ("order", "close", "reopen"): 1,
        ("order",): 1,
        ("waive",): 1,
    }
    assert steps.drop(people.index).to_dict() == {"B06": ("order", "close"), "B08": ("order",)}
    explained = demo.decisions.query("decision in ['waive', 'reopen', 'defer', '0']")
    assert (explained["reason"] != "").all()
    assert set(demo.decisions.query("matter == 'registration'")["decision"]) == {"admit", "defer"}


def test_a_grade_is_decided_otherwise_than_proposed(demo, scored):
    decided = demo.decisions.query("matter == 'grade'").iloc[0]
    proposed = scored.ratees.query("round == '2026H1'").set_index("ratee_id").loc[decided["subject_id"], "grade"]
    assert (proposed, decided["decision"]) == ("优秀", "合格")


def test_of_papers_some_are_missing_and_of_replies_one_is_late(demo):
    papers = demo.evidence.groupby("item").size()
    assert papers["整改方案"] > papers["整改报告"]
    assert papers["考核登记表"] > papers["事迹材料"]
    late = pd.to_datetime(demo.replies["date"]) > pd.Timestamp("2026-07-20")  # ten days after the feedback
    assert late.tolist() == [False, False, True]


def test_criteria_come_in_three_layers_and_branches_restate_some(demo):
    criteria = demo.criteria
    assert list(criteria["layer"].unique()) == ["constitution", "six", "own"]
    own = criteria[criteria["layer"] == "own"]
    assert (own["unit_id"] != "").all()
    assert own["criterion"].isin(criteria["criterion"][criteria["layer"] != "own"]).sum() == 4
    assert len(own) == 5


def test_nothing_in_the_demo_is_odd(demo, scored):
    assert lint(demo, scored) == []

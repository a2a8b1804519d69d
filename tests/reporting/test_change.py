"""Two rounds side by side: parts add up, and what was to be mended is followed."""

import pandas as pd
import pytest
from small_study import make, ratings_of

from toolkit.faults import UsageError
from toolkit.reporting import change
from toolkit.reporting.compare import Change, compare
from toolkit.scoring.scores import score


@pytest.fixture(scope="module")
def changes(study, scores):
    return {unit: compare(study, scores, unit, "2026H2", language="en") for unit in ("B01", "B12", "P00")}


def test_the_parts_add_up_to_the_change_of_the_mean(changes, scores):
    view = changes["B01"]
    facts = view.facts
    mean = scores.units[(scores.units["unit_id"] == "B01") & (scores.units["source"] == "")]
    mean = mean[mean["indicator"] == ""].set_index("round")["score"]
    assert facts["after"] - facts["before"] == pytest.approx(mean["2026H2"] - mean["2026H1"], abs=0.1)
    assert facts["moved"] + facts["others"] == pytest.approx(mean["2026H2"] - mean["2026H1"], abs=0.11)
    assert facts["by_ratings"] + facts["by_weights"] == pytest.approx(facts["moved"], abs=0.11)
    for frame in (view.sources, view.indicators):
        total = frame[["ratings", "weights"]].to_numpy().sum()
        assert total == pytest.approx(facts["moved"], abs=0.05 * frame.size)


def test_a_hidden_source_is_part_of_the_others(changes):
    labels = changes["B12"].sources["label"].tolist()
    assert "The public" not in labels
    assert "Other sources" in labels
    assert len(changes["B12"].indicators) == 0


def test_a_first_round_has_nothing_to_be_compared_with(study, scores):
    view = compare(study, scores, "B01", "2026H1", language="en")
    assert view.before == ""
    assert "There is no round before 2026H1." in change.title(view).markdown
    assert change.members(view) is None
    assert change.slope(view) is None
    assert change.summary(view) is None
    assert change.by_source(view) is None
    assert change.cases(view) is None
    assert len(change.rounds(view).rows) == 3


def test_an_unknown_round_is_refused(study, scores):
    with pytest.raises(UsageError, match=r"round: '2027', must be one of"):
        compare(study, scores, "B01", "2027")


def test_what_is_handed_over_can_be_read_again(changes):
    view = changes["B01"]
    again = Change.from_json(view.to_json())
    assert again.to_json() == view.to_json()
    pd.testing.assert_frame_equal(again.members, view.members, check_dtype=False)


def test_members_are_those_of_the_unit_and_in_order_of_their_change(study, changes):
    members = changes["B01"].members
    own = study.members.loc[study.members["unit_id"] == "B01", "name"]
    assert set(members["name"]) <= set(own)
    steps = members["change"].dropna().tolist()
    assert steps == sorted(steps, reverse=True)
    table = change.members(changes["B01"])
    assert [title for title, _ in table.columns][:4] == ["Name", "2026H1", "2026H2", "Change"]


def test_the_three_that_moved_most_are_named_in_the_figure(changes):
    plot = change.slope(changes["B01"])
    far = changes["B01"].members.dropna(subset=["change"])
    far = far.reindex(far["change"].abs().sort_values(ascending=False).index)["name"].head(3)
    assert all(name in plot.svg for name in far)
    assert plot.alt.count("→") == len(changes["B01"].members.dropna(subset=["change"]))


TWO = """
rounds:
  a: {from: 2026-01-01, to: 2026-06-30, due: 2026-06-25, feedback: 2026-07-10}
  b: {from: 2026-07-01, to: 2026-12-31}
scales: {score: {low: 0, high: 100}}
sources: {boss: {weight: 0.5, scale: score, attributed: true}, peer: {weight: 0.5, scale: score, attributed: true}}
grades: {bands: {good: 60, bad: 0}}
conduct: {remediation: {when: [{of: grade, among: [bad]}], days: 30, evidence: [plan]}}
"""


def two_rounds(**more):
    one = {("m", "boss", "overall"): [50], ("m", "peer", "overall"): [60], ("k", "boss", "overall"): [80]}
    two = {("m", "boss", "overall"): [70], ("m", "peer", "overall"): [60], ("k", "boss", "overall"): [80]}
    study = make(TWO, pd.concat([ratings_of(one, "a"), ratings_of(two, "b")]), **more)
    return study, score(study)


def test_by_hand():
    view = compare(*two_rounds(), "U", "b", language="en")
    # m: 55 -> 65, k: 80 -> 80; the mean 67.5 -> 72.5, all of it by the boss of m: 0.5 x 20 / 2
    assert view.facts | {"as_of": ""} == {
        "before": 67.5, "after": 72.5, "stayed": 2, "moved": 5.0, "by_ratings": 5.0, "by_weights": 0.0, "others": 0.0,
        "as_of": "",
    }  # fmt: skip
    assert view.sources.set_index("label")["ratings"].to_dict() == {"boss": 5.0, "peer": 0.0}
    assert change.summary(view).markdown == (
        "The mean score went from 67.5 to 72.5. Of the members who were scored in both rounds (2) it moved by +5.0."
    )
    (row,) = change.converted(view).rows[:1]
    assert row[:4] == ("a", "1", "1", "100.0%")


def test_who_was_to_mend_is_followed():
    decision = {"round": "a", "subject_id": "m", "matter": "remediation", "decision": "order", "date": "2026-07-15"}
    study, scores = two_rounds(decisions=[decision | {"decided_by": "branch"}])
    view = compare(study, scores, "U", "b", language="en")
    (row,) = change.cases(view).rows
    assert row[0] == "m"
    assert row[2:] == ("mend by a date", "2026-08-14", "overdue")  # 30 days; as of the last day known, and no paper
    assert view.facts["as_of"] == "2026-12-31"

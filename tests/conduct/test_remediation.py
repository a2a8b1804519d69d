"""Cases: deadlines, papers and states."""

import datetime as dt

import pytest
from small_branch import SCHEME, branch, decision, paper

from toolkit.conduct.proposals import propose

ORDER = decision("a", "remediation", "order", "2026-07-20")  # due 30 days later, 2026-08-19
PLAN, REPORT = paper("a", "plan", "2026-08-01"), paper("a", "report", "2026-08-10")


def case(decisions=(), evidence=(), day="2026-08-01", *, score=65, scheme=SCHEME):
    """The case of a, whom the rules call with a score below 70."""
    study, scores = branch({"a": score}, scheme=scheme, decisions=list(decisions), evidence=list(evidence))
    found = propose(study, scores, "h1", as_of=dt.date.fromisoformat(day))
    return found.cases.set_index("ratee_id").loc["a"]


def test_a_case_is_proposed_as_long_as_nothing_is_decided():
    found = case(evidence=[PLAN])
    assert found["state"] == "proposed"
    assert found[["ordered", "due", "handed", "missing", "complete", "helper_decided"]].to_list() == [""] * 6


@pytest.mark.parametrize(
    ("evidence", "day", "state", "handed", "missing"),
    [
        ([], "2026-08-19", "open", "", "plan|report"),  # the last day is not over
        ([], "2026-08-20", "overdue", "", "plan|report"),
        ([PLAN], "2026-08-20", "overdue", "plan", "report"),
        ([PLAN], "2026-08-05", "open", "plan", "report"),
        ([PLAN, REPORT], "2026-08-09", "open", "plan", "report"),  # the report is yet to come
        ([REPORT, PLAN], "2026-08-10", "handed in", "plan|report", ""),
        ([PLAN, REPORT], "2026-12-31", "handed in", "plan|report", ""),  # others are to look at it
        ([PLAN, paper("a", "report", "2026-09-10")], "2026-09-09", "overdue", "plan", "report"),
        ([PLAN, paper("a", "report", "2026-09-10")], "2026-09-10", "handed in", "plan|report", ""),  # late, but there
        ([PLAN, paper("b", "report", "2026-08-10")], "2026-08-10", "open", "plan", "report"),  # another's
        ([PLAN, paper("a", "report", "2026-08-10", "h2")], "2026-08-10", "open", "plan", "report"),  # another round's
        ([PLAN, paper("a", "merits", "2026-08-10")], "2026-08-10", "open", "plan", "report"),  # another paper
    ],
)
def test_an_order_runs_until_it_is_due_or_all_papers_are_there(evidence, day, state, handed, missing):
    found = case([ORDER], evidence, day)
    assert found[["state", "handed", "missing"]].to_list() == [state, handed, missing]
    assert found[["ordered", "due"]].to_list() == ["2026-07-20", "2026-08-19"]


def test_papers_are_complete_on_the_day_of_the_last_and_a_second_copy_changes_nothing():
    again = paper("a", "plan", "2026-08-30")
    assert case([ORDER], [again, REPORT, PLAN], "2026-09-30")["complete"] == "2026-08-10"


def test_the_day_that_was_decided_takes_the_place_of_the_days_of_the_rules():
    order = decision("a", "remediation", "order", "2026-07-20", due="2026-10-01")
    assert case([order], day="2026-10-01")[["state", "due"]].to_list() == ["open", "2026-10-01"]
    assert case([order], day="2026-10-02")["state"] == "overdue"


def test_a_further_order_prolongs_the_term_and_the_papers_stay():
    longer = decision("a", "remediation", "order", "2026-08-15", due="2026-09-30")
    found = case([ORDER, longer], [PLAN], "2026-09-01")
    assert found[["state", "ordered", "due", "handed"]].to_list() == ["open", "2026-07-20", "2026-09-30", "plan"]


@pytest.mark.parametrize(("what", "state"), [("close", "closed"), ("waive", "waived"), ("expel", "expelled")])
def test_a_case_that_has_ended_is_never_overdue(what, state):
    assert case([ORDER, decision("a", "remediation", what, "2026-08-12")], [], "2026-12-31")["state"] == state


def test_after_a_reopening_a_new_term_runs_and_only_new_papers_count():
    close, reopen = (
        decision("a", "remediation", what, f"2026-09-{day}") for what, day in (("close", "01"), ("reopen", "10"))
    )
    decisions, papers = [ORDER, close, reopen], [PLAN, REPORT]
    found = case(decisions, papers, "2026-10-10")  # 30 days after the reopening
    assert found[["state", "due", "missing"]].to_list() == ["reopened", "2026-10-10", "plan|report"]
    assert found["ordered"] == "2026-07-20"
    assert case(decisions, papers, "2026-10-11")["state"] == "overdue"
    papers += [paper("a", "plan", "2026-09-10"), paper("a", "report", "2026-09-12")]  # the first on the day itself
    assert case(decisions, papers, "2026-10-11")[["state", "complete"]].to_list() == ["handed in", "2026-09-12"]


def test_an_order_after_an_end_begins_anew_as_well():
    decisions = [ORDER, decision("a", "remediation", "waive", "2026-08-12"), {**ORDER, "date": "2026-09-01"}]
    assert case(decisions, [PLAN, REPORT], "2026-09-02")[["state", "missing"]].to_list() == ["open", "plan|report"]


def test_without_papers_in_the_rules_nothing_is_ever_handed_in():
    scheme = SCHEME.replace("evidence: [plan, report], ", "")
    assert case([ORDER], [PLAN], "2026-08-05", scheme=scheme)[["state", "complete"]].to_list() == ["open", ""]


def test_the_last_helper_named_holds_though_later_decisions_name_none():
    decisions = [{**ORDER, "helper": "b"}, decision("a", "remediation", "order", "2026-08-01", helper="c")]
    decisions.append(decision("a", "remediation", "close", "2026-08-12"))
    assert case(decisions, day="2026-08-30")["helper_decided"] == "c"


def test_whom_people_alone_call_has_a_case_too():
    assert case([ORDER], day="2026-08-20", score=90)["state"] == "overdue"


def test_cases_stand_in_the_table_of_proposals():
    study, scores = branch({"a": 65}, decisions=[ORDER])
    table = propose(study, scores, "h1", as_of=dt.date(2026, 8, 20)).proposals.set_index("matter")
    assert table.loc["remediation", ["state", "due"]].to_list() == ["overdue", "2026-08-19"]
    assert table.loc["grade", ["state", "due"]].to_list() == ["", ""]

"""What is proposed, why, and what was decided beside it."""

import datetime as dt

import pytest
from small_branch import SCHEME, branch, decision, hours, member, paper

from toolkit.conduct.proposals import propose
from toolkit.faults import UsageError


def rows(found, matter):
    """Proposals on one matter by ratee."""
    table = found.proposals
    return table[table["matter"] == matter].set_index("ratee_id")


def why(found, ratee, matter):
    """Reasons of one proposal: code, quantity, value and bound."""
    table = found.reasons[(found.reasons["ratee_id"] == ratee) & (found.reasons["matter"] == matter)]
    return list(table[["code", "of", "value", "bound"]].itertuples(index=False, name=None))


def test_every_member_has_a_row_for_each_matter_in_the_order_of_the_study():
    # a 90 is an A and 2 stars; b 65 is a C: deferred, and called to mend it; c 75 is a B and 1 star
    found = propose(*branch({"a": 90, "b": 65, "c": 75}), "h1")
    table = found.proposals
    assert list(table[["ratee_id", "matter", "proposal"]].itertuples(index=False, name=None)) == [
        ("a", "grade", "A"), ("a", "stars", "2"), ("a", "registration", "admit"),
        ("b", "grade", "C"), ("b", "stars", "1"), ("b", "registration", "defer"), ("b", "remediation", "order"),
        ("c", "grade", "B"), ("c", "stars", "1"), ("c", "registration", "admit"),
    ]  # fmt: skip
    assert set(table["round"]) == {"h1"}
    assert set(table["decision"]) == {""}
    assert list(table["agrees"]) == [None] * len(table)


def test_a_registration_is_denied_before_it_is_deferred_and_says_by_which_condition():
    found = propose(*branch({"a": 55, "b": 65, "c": 90}, measures=hours(a=3, b=12, c=11.5)), "h1")
    assert rows(found, "registration")["proposal"].to_dict() == {"a": "deny", "b": "defer", "c": "defer"}
    assert why(found, "a", "registration") == [("met", "grade", "D", "D")]
    assert why(found, "b", "registration") == [("met", "grade", "C", "C")]
    assert why(found, "c", "registration") == [("met", "measure.hours", 11.5, "< 12")]


def test_who_is_admitted_is_so_since_nothing_known_is_against_it_and_what_is_not_known_is_said():
    found = propose(*branch({"a": 90, "b": 90}, measures=hours(a=12)), "h1")
    assert rows(found, "registration")["proposal"].to_dict() == {"a": "admit", "b": "admit"}
    assert why(found, "a", "registration") == [("none", "", None, "")]
    assert why(found, "b", "registration") == [("none", "", None, ""), ("unknown", "measure.hours", None, "< 12")]


def test_of_whom_nothing_is_known_nothing_is_proposed_and_the_reason_says_so():
    found = propose(*branch({"a": 90}, members=[member("a"), member("x")], measures=hours(a=20, x=20)), "h1")
    assert rows(found, "registration").loc["x", "proposal"] == "none"
    assert why(found, "x", "registration") == [("unknown", "grade", None, "D"), ("unknown", "grade", None, "C")]
    assert "x" not in rows(found, "grade").index
    # where no condition asks for what is missing, the score is
    scheme = SCHEME.replace("deny: [{of: grade, among: [D]}], ", "").replace(
        "{of: grade, among: [C]}, {of: m", "{of: m"
    )
    found = propose(*branch({"a": 90}, scheme=scheme, members=[member("a"), member("x")], measures=hours(x=20)), "h1")
    assert why(found, "x", "registration") == [("unknown", "score", None, "")]


def test_ratings_do_not_bind_who_is_exempt_from_them_but_other_facts_do():
    people = [member("a", exempt="rating"), member("b", exempt="rating|satisfaction"), member("c")]
    found = propose(*branch({"a": 50, "b": 50, "c": 50}, members=people, measures=hours(a=20, b=5)), "h1")
    assert rows(found, "registration")["proposal"].to_dict() == {"a": "none", "b": "defer", "c": "deny"}
    assert why(found, "a", "registration") == [("exempt", "", None, "")]
    assert why(found, "b", "registration") == [("met", "measure.hours", 5.0, "< 12")]
    assert list(rows(found, "remediation").index) == ["c"]


def test_units_that_are_rated_are_called_and_graded_but_not_registered():
    scheme = SCHEME.replace("measures:", "categories: {person: {}, office: {ratee: unit}}\nmeasures:")
    units = [{"unit_id": "U", "name": "U", "category": "office"}]
    people = [member("a", category="person")]
    found = propose(*branch({"a": 90, "U": 65}, scheme=scheme, units=units, members=people), "h1")
    mine = found.proposals[found.proposals["ratee_id"] == "U"]
    assert list(mine["matter"]) == ["grade", "stars", "remediation"]
    assert rows(found, "remediation").loc["U", "helper_proposed"] == ""


def test_the_last_decision_in_time_stands_beside_the_proposal_and_all_others_stay():
    decisions = [
        decision("a", "grade", "B", "2026-07-20", reason="second thoughts"),
        decision("a", "grade", "C", "2026-07-15"),
        decision("a", "grade", "A", "2026-07-20", decided_by="office"),  # the same day: the later row holds
        decision("a", "stars", "1", "2026-07-15"),
    ]
    found = propose(*branch({"a": 90}, decisions=decisions), "h1")
    grade, stars = rows(found, "grade").loc["a"], rows(found, "stars").loc["a"]
    assert (grade["proposal"], grade["decision"], grade["date"]) == ("A", "A", "2026-07-20")
    assert (grade["decided_by"], grade["decision_reason"]) == ("office", "")
    assert grade["agrees"] is True
    assert (stars["proposal"], stars["decision"]) == ("2", "1")
    assert stars["agrees"] is False
    assert list(found.history["decision"]) == ["C", "1", "B", "A"]


def test_decisions_on_other_rounds_are_not_of_this_one():
    found = propose(*branch({"a": 90}, {"a": 90}, decisions=[decision("a", "grade", "B", "2026-07-20")]), "h2")
    assert rows(found, "grade").loc["a", "decision"] == ""
    assert found.history.empty


def test_a_decision_without_a_proposal_is_there_and_agrees_with_nothing():
    decisions = [decision("x", "grade", "B", "2026-07-20"), decision("U", "registration", "admit", "2026-07-20")]
    found = propose(*branch({"a": 90}, members=[member("a"), member("x")], decisions=decisions), "h1")
    grade, unit = rows(found, "grade").loc["x"], rows(found, "registration").loc["U"]
    assert (grade["proposal"], grade["decision"], grade["agrees"]) == ("", "B", None)
    assert (unit["proposal"], unit["decision"], unit["agrees"]) == ("", "admit", None)
    assert found.proposals["ratee_id"].iloc[-1] == "U"


def test_whether_people_agree_with_a_call_is_whether_they_called_too():
    decisions = [
        decision("a", "remediation", "order", "2026-07-20"), decision("a", "remediation", "close", "2026-08-01"),
        decision("b", "remediation", "waive", "2026-07-20"), decision("c", "remediation", "order", "2026-07-20"),
        decision("d", "remediation", "waive", "2026-07-20"),
    ]  # fmt: skip
    found = propose(*branch({"a": 65, "b": 65, "c": 90, "d": 90, "e": 65}, decisions=decisions), "h1")
    table = rows(found, "remediation")
    assert table["agrees"].to_dict() == {"a": True, "b": False, "c": False, "d": True, "e": None}
    assert table["proposal"].to_dict() == {"a": "order", "b": "order", "c": "", "d": "", "e": "order"}


def test_people_may_mend_without_rules():
    scheme = SCHEME[: SCHEME.index("conduct:")]
    found = propose(
        *branch({"a": 50}, scheme=scheme, decisions=[decision("a", "remediation", "order", "2026-07-20")]), "h1"
    )
    row = rows(found, "remediation").loc["a"]
    assert (row["proposal"], row["decision"], row["due"], row["state"], row["agrees"]) == (
        "",
        "order",
        "",
        "open",
        None,
    )
    assert set(found.proposals["matter"]) == {"grade", "stars", "remediation"}


def test_people_decide_on_a_none_without_agreeing_or_not():
    people = [member("a", exempt="rating")]
    found = propose(
        *branch({"a": 90}, members=people, decisions=[decision("a", "registration", "admit", "2026-07-20")]), "h1"
    )
    assert rows(found, "registration").loc["a", ["proposal", "decision", "agrees"]].to_list() == ["none", "admit", None]


def test_the_day_is_the_last_that_the_study_knows_of_or_the_one_that_is_asked_for():
    study, scores = branch(
        {"a": 65},
        decisions=[decision("a", "remediation", "order", "2026-07-20")],
        evidence=[paper("a", "plan", "2026-08-03")],
        replies=[{"round": "h1", "subject_id": "a", "date": "2026-08-02", "text": "well"}],
    )
    assert propose(study, scores, "h1").as_of == "2026-08-03"
    assert propose(study, scores, "h2").as_of == "2026-12-31"  # not rated, but asked for
    early = propose(study, scores, "h1", as_of=dt.date(2026, 7, 19))
    assert early.as_of == "2026-07-19"
    assert rows(early, "remediation").loc["a", ["decision", "state"]].to_list() == ["", "proposed"]
    assert early.history.empty
    assert early.replies.empty
    assert len(propose(study, scores, "h1").replies) == 1


def test_the_last_day_of_a_later_round_that_is_rated_is_known():
    assert propose(*branch({"a": 65}, {"a": 65}), "h1").as_of == "2026-12-31"


def test_a_decision_of_the_day_itself_counts():
    study, scores = branch({"a": 65}, decisions=[decision("a", "remediation", "order", "2026-07-20")])
    assert rows(propose(study, scores, "h1", as_of=dt.date(2026, 7, 20)), "remediation").loc["a", "decision"] == "order"


def test_a_round_that_there_is_not_is_said_so():
    with pytest.raises(UsageError, match=r"round: 'h3', must be one of h1, h2 \(nearest: h2\)"):
        propose(*branch({"a": 65}), "h3")


# pairs ----------------------------------------------------------------------------------------------------------


def test_a_helper_of_the_same_unit_is_proposed_the_best_first_and_each_but_once():
    # in U a 90 and b 95 are A; in V nobody is
    people = [member(name) for name in "abcd"] + [member("e", "V"), member("f", "V")]
    found = propose(*branch({"a": 90, "b": 95, "c": 65, "d": 50, "e": 65, "f": 80}, members=people), "h1")
    assert rows(found, "remediation")["helper"].to_dict() == {"c": "b", "d": "a", "e": ""}


def test_the_grade_that_people_decided_says_who_can_help():
    decisions = [decision("a", "grade", "B", "2026-07-20"), decision("b", "grade", "A", "2026-07-20")]
    found = propose(*branch({"a": 95, "b": 80, "c": 65}, decisions=decisions), "h1")
    assert rows(found, "remediation").loc["c", "helper"] == "b"


def test_the_helper_whom_people_chose_stands_beside_the_proposed_one_and_is_busy_for_others():
    # proposed without any decision: c gets b (95), d gets a (90); people gave a to c, so that d gets b
    decisions = [decision("c", "remediation", "order", "2026-07-20", helper="a")]
    found = propose(*branch({"a": 90, "b": 95, "c": 65, "d": 50}, decisions=decisions), "h1")
    columns = ["helper", "helper_proposed", "helper_decided"]
    assert rows(found, "remediation").loc["c", columns].to_list() == ["a", "b", "a"]
    assert rows(found, "remediation").loc["d", columns].to_list() == ["b", "b", ""]


def test_what_was_proposed_before_people_chose_stays_though_they_chose_the_same():
    # c gets b, as proposed; b is busy then, so that d gets a
    decisions = [decision("c", "remediation", "order", "2026-07-20", helper="b")]
    found = propose(*branch({"a": 90, "b": 95, "c": 65, "d": 50}, decisions=decisions), "h1")
    assert rows(found, "remediation")["helper_proposed"].to_dict() == {"c": "b", "d": "a"}


def test_nobody_helps_who_is_himself_to_mend_something():
    decisions = [decision("a", "remediation", "order", "2026-07-20")]
    found = propose(*branch({"a": 95, "b": 90, "c": 65}, decisions=decisions), "h1")
    assert rows(found, "remediation")["helper"].to_dict() == {"a": "b", "c": "b"}


def test_a_case_that_has_ended_needs_no_helper_any_more():
    decisions = [decision("c", "remediation", "waive", "2026-07-20")]
    found = propose(*branch({"a": 90, "c": 65}, decisions=decisions), "h1")
    assert rows(found, "remediation").loc["c", ["helper", "helper_proposed"]].to_list() == ["", "a"]


def test_without_grades_of_helpers_nobody_is_paired():
    found = propose(*branch({"a": 90, "c": 65}, scheme=SCHEME.replace(", helpers: [A]", "")), "h1")
    assert rows(found, "remediation").loc["c", "helper"] == ""

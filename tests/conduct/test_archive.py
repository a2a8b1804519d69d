"""Papers that grades call for."""

import datetime as dt

from small_branch import branch, decision, paper

from toolkit.conduct.archive import archive

# A calls for form and merits, D for talk
EVIDENCE = [
    paper("a", "form", "2026-08-02"), paper("a", "form", "2026-07-20"), paper("a", "merits", "2026-07-01", "h2"),
    paper("b", "talk", "2026-07-21"),
]  # fmt: skip


def listed(found):
    """Rows without the round."""
    return list(found[["ratee_id", "grade", "item", "filed"]].itertuples(index=False, name=None))


def test_every_paper_is_listed_with_the_first_day_on_which_it_was_filed():
    study, scores = branch({"a": 90, "b": 50, "c": 75}, evidence=EVIDENCE)
    assert listed(archive(study, scores, "h1")) == [
        ("a", "A", "form", "2026-07-20"), ("a", "A", "merits", ""), ("b", "D", "talk", "2026-07-21"),
    ]  # fmt: skip


def test_the_grade_that_people_decided_says_which_papers_are_due():
    decisions = [decision("a", "grade", "B", "2026-07-20"), decision("c", "grade", "D", "2026-07-20")]
    study, scores = branch({"a": 90, "c": 75}, evidence=EVIDENCE, decisions=decisions)
    assert listed(archive(study, scores, "h1")) == [("c", "D", "talk", "")]
    # before they decided, the proposed one
    assert [row[0] for row in listed(archive(study, scores, "h1", as_of=dt.date(2026, 7, 19)))] == ["a", "a"]


def test_what_is_filed_later_is_not_filed_yet():
    study, scores = branch({"a": 90}, evidence=EVIDENCE)
    assert listed(archive(study, scores, "h1", as_of=dt.date(2026, 7, 19)))[0][3] == ""


def test_nothing_is_listed_where_no_grade_calls_for_papers():
    study, scores = branch({"c": 75})
    found = archive(study, scores, "h1")
    assert found.empty
    assert list(found) == ["round", "ratee_id", "grade", "item", "filed"]

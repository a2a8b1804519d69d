"""Replies, and whether they come in time."""

from small_branch import SCHEME, branch

from toolkit.conduct.replies import replies, replies_of, reply_by


def reply(subject, date, text, name="h1"):
    """A row of the replies."""
    return {"round": name, "subject_id": subject, "date": date, "text": text}


GIVEN = [
    reply("b", "2026-07-21", "too late"),
    reply("a", "2026-07-20", "the last day"),  # ten days after 2026-07-10
    reply("a", "2026-07-12", "the first reply"),
    reply("a", "2027-01-10", "another round", "h2"),
]


def test_a_reply_is_due_so_many_days_after_the_feedback_and_late_ones_stay():
    study, _ = branch({"a": 90, "b": 90}, replies=GIVEN)
    found = replies(study, "h1")
    assert list(found[["ratee_id", "date", "due", "state"]].itertuples(index=False, name=None)) == [
        ("a", "2026-07-12", "2026-07-20", "in time"),
        ("a", "2026-07-20", "2026-07-20", "in time"),
        ("b", "2026-07-21", "2026-07-20", "late"),
    ]
    assert list(replies_of(study, "h1", "a")["text"]) == ["the first reply", "the last day"]
    assert replies_of(study, "h1", "c").empty


def test_without_feedback_it_is_due_after_the_last_day_and_without_days_never():
    study, _ = branch({"a": 90}, replies=GIVEN)
    assert reply_by(study, "h2") == "2027-01-10"
    assert list(replies(study, "h2")["state"]) == ["in time"]
    bare = SCHEME.replace("{from: 2026-01-01, to: 2026-06-30, feedback: 2026-07-10}", "{}")
    study, _ = branch({"a": 90}, scheme=bare, replies=GIVEN)
    assert reply_by(study, "h1") == ""
    assert set(replies(study, "h1")["state"]) == {""}


def test_replies_up_to_a_day_hold_those_of_the_day_itself():
    study, _ = branch({"a": 90, "b": 90}, replies=GIVEN)
    assert list(replies(study, "h1", "2026-07-20")["date"]) == ["2026-07-12", "2026-07-20"]
    assert list(replies(study, "h1", "2026-07-19")["date"]) == ["2026-07-12"]

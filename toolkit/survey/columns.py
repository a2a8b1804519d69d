"""What the columns of a study's tables mean, for people who fill them in and read no English."""

from __future__ import annotations

from toolkit.words import words


def meaning(column: str, language: str) -> str:
    """What a column of the contract is called by people; "" where it is none of it, but their own."""
    _ = words(language)
    return {
        "round": _("Round"), "source": _("Source"), "indicator": _("Indicator"), "value": _("Answer or value"),
        "ratee_id": _("Id of who is rated"), "rater_id": _("Id of who rates"), "unit_id": _("Id of the unit"),
        "member_id": _("Id of the member"), "post_id": _("Id of the post"), "parent_id": _("Id of the unit above"),
        "subject_id": _("Id of the member, post or unit"), "name": _("Name of the person or unit"),
        "industry": _("Industry"), "category": _("Category"), "exempt": _("Exempt: rating, satisfaction"),
        "from": _("First day"), "to": _("Last day"), "share": _("Share of the post"), "weight": _("Weight"),
        "seconds": _("Seconds taken"), "eligible": _("Eligible"), "issued": _("Issued"), "returned": _("Returned"),
        "valid": _("Valid"), "date": _("Date"), "rule": _("Rule of points"), "quantity": _("Quantity"),
        "evidence": _("Evidence"), "panel": _("Panel"), "topic": _("Topic"), "measure": _("Measure"),
        "layer": _("Layer of criteria"), "criterion": _("Criterion"), "text": _("Text"), "matter": _("Matter"),
        "decision": _("Decision"), "decided_by": _("Decided by"), "reason": _("Reason"), "due": _("Due"),
        "helper": _("Helper"), "item": _("Paper"), "note": _("Note"), "theme": _("Theme"), "label": _("Label"),
        "words": _("Words, with | between them"), "owner": _("Who settles it"), "days": _("Days to settle it"),
        "id": _("Number"), "channel": _("Channel"), "opened": _("Taken up on"), "closed": _("Settled on"),
        "reply": _("Reply"), "submitted": _("Handed in on"),
    }.get(column, "")  # fmt: skip

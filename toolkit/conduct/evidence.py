"""What was handed in: papers that show that something is mended, and papers for the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolkit.study import Study


def handed(study: Study, name: str, day: str, since: str = "") -> dict[tuple[str, str], str]:
    """First day on which evidence of a round came in, by subject and item, from one day to another (ISO)."""
    rows = study.evidence
    rows = rows[(rows["round"] == name) & (rows["date"] <= day) & (rows["date"] >= since)]
    first = rows.sort_values("date", kind="stable").drop_duplicates(["subject_id", "item"])
    return {(str(row["subject_id"]), str(row["item"])): str(row["date"]) for row in first.to_dict("records")}

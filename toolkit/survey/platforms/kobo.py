"""KoboToolbox and ODK: CSV or Excel by XML values or by labels; groups stand before a question, `rM1/rM1q1`."""

from __future__ import annotations

import re
from dataclasses import replace

from toolkit.survey.platform import Platform

GROUPS = re.compile("[/:.-]")
ABOUT = (
    "today", "_submitted_by", "_validation_status", "_notes", "_status",
    "__version__", "_tags", "_index", "meta/rootUuid", "formhub/uuid", "deviceid", "SubmitterID",
    "SubmitterName", "AttachmentsPresent", "AttachmentsExpected", "Status", "ReviewState", "DeviceID", "Edits",
    "FormVersion", "_xform_id_string", "note1", "note2",
)  # fmt: skip


def bare(heading: str) -> list[str]:
    """A heading as it is, and without the groups before it."""
    return [heading, GROUPS.split(heading)[-1]]


CAME = ("_submission_time", "SubmissionDate", "end")

KOBO = Platform(
    "KoboToolbox",
    ids=("_uuid", "_id", "meta/instanceID", "instanceID"),
    about=(*ABOUT, "KEY"),
    joins=" ",
    came=CAME,
    began=("start",),
    ended=("end",),
    bare=bare,
)
ODK = replace(KOBO, title="ODK", ids=("KEY", "instanceID", "meta-instanceID", "_uuid"), about=ABOUT)

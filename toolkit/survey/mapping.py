"""What the columns and answers of a table are, where its headings do not say it: one YAML file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from toolkit.faults import Fault, StudyError
from toolkit.fields import Name, Rule

if TYPE_CHECKING:
    from pathlib import Path


class Cell(Rule):
    """What a column rates: an indicator of one ratee."""

    ratee: Name
    indicator: Name


class Mapping(Rule):
    """Headings and answers of a table, as they stand in it.

    `id` may name a person, such as a staff number: it becomes a pseudonym like any other, and then one person is one
    rater whichever questionnaire he answers.
    """

    id: Name | None = Field(default=None, description="column that identifies a rater or a submission")
    ratee: Name | None = Field(default=None, description="column that says whom a row rates, by id or by name")
    columns: dict[Name, Name | Cell] = Field(
        default_factory=dict, description="heading: an indicator (of whom the row rates), or {ratee, indicator}"
    )
    answers: dict[Name, Name] = Field(default_factory=dict, description="what stands in a cell: a level or a number")
    submitted: Name | None = Field(default=None, description="column that says on which day it was handed in")
    seconds: Name | None = Field(default=None, description="column that says how long it took to fill in")
    drop: list[Name] = Field(default_factory=list, description="columns that are left out")


def read_mapping(path: Path) -> Mapping:
    """Read a mapping.

    Raises
    ------
    StudyError
        If the file is no YAML mapping, or has keys or values that mean nothing.
    """
    try:
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8-sig"))
    except (YAMLError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise StudyError(path.name, [Fault(path.name, None, "", "", f"must be YAML in UTF-8: {reason}")]) from None
    if not isinstance(document, dict):
        expected = f"must be a YAML mapping of {', '.join(Mapping.model_fields)}"
        raise StudyError(path.name, [Fault(path.name, None, "", "", expected)])
    try:
        return Mapping.model_validate({key: value for key, value in document.items() if value is not None})
    except ValidationError as error:
        faults = [
            Fault(path.name, None, ".".join(map(str, detail["loc"])), "", detail["msg"]) for detail in error.errors()
        ]
        raise StudyError(path.name, faults) from None

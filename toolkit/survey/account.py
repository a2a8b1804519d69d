"""What became of a file that was imported: every answer is counted, taken or refused, and every column is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from toolkit.faults import MANY
from toolkit.survey.answers import REASONS, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

    from toolkit.rules import BallotRules
    from toolkit.survey.headings import Headings
    from toolkit.survey.platform import Platform
    from toolkit.survey.questionnaire import Questionnaire


@dataclass(frozen=True)
class Intake:
    """What became of a file. `read` is always `taken` plus all that is refused.

    Attributes
    ----------
    questionnaire : str
        The questionnaire that it answers, and in which round.
    rows, read, taken : int
        Rows of the file, answers in them, and those that were written to ratings.csv. Whoever left all questions on a
        ratee empty has not rated him, and none of those is counted; whoever answered some of them has left the others
        blank, and those are answers.
    refused : dict
        Reason -> how many answers.
    headings : Headings
        What every column was.
    unknown : DataFrame
        `indicator, answer, count` of answers that the questionnaire does not have, the most frequent first.
    submissions : int
        How many were added to submissions.csv: one for each row that was taken, if the file tells its day.
    untold : list of str
        What the file does not tell of times, though somebody will ask.
    written : list of Path
        The files that were changed.
    """

    questionnaire: str
    rows: int
    read: int
    taken: int
    refused: dict[str, int]
    headings: Headings
    unknown: pd.DataFrame = field(repr=False)
    submissions: int
    untold: list[str]
    written: list[Path]


def account(
    form: Questionnaire,
    rows: int,
    headings: Headings,
    answers: pd.DataFrame,
    *,
    submissions: int,
    untold: list[str],
    written: list[Path],
) -> Intake:
    """Count what became of all answers; see `Intake` and `toolkit.survey.answers.long_table`."""
    refused = answers["reason"][answers["reason"] != ""].value_counts()
    counts = {reason: int(refused[reason]) for reason in REASONS if reason in refused}
    unknown = answers[answers["reason"] == UNKNOWN].groupby(["indicator", "cell"], sort=False).size()
    listed = unknown.sort_values(ascending=False, kind="stable").rename("count").reset_index()
    return Intake(
        f"{form.name}, round {form.round}",
        rows,
        len(answers),
        len(answers) - sum(counts.values()),
        counts,
        headings,
        listed.rename(columns={"cell": "answer"}),
        submissions,
        untold,
        written,
    )


def lacking_times(kind: Platform, headings: Headings, times: pd.DataFrame, rules: BallotRules | None) -> Iterator[str]:
    """What a file does not tell of times, though somebody will ask."""
    unread = times.index[times["unread"]]
    if len(unread):
        yield f"{len(unread):,} rows have a time that cannot be read, the first of them row {unread[0]}"
    if rules and rules.seconds and not headings.times.tell_seconds:
        yield f"no column says how long a ballot took, of which the rules ask at least {rules.seconds:g} seconds"
    if kind.submitted and headings.submitted is None:
        wanted = ", ".join(kind.submitted)
        yield f"no column says who came to the end ({wanted}): who left before it was taken too"


def lines(intake: Intake) -> list[str]:
    """What became of a file, for the one who imported it."""
    refused = sum(intake.refused.values())
    counts = f"{intake.read:,} answers read: {intake.taken:,} taken, {refused:,} refused"
    parts = [f"{intake.questionnaire}: {intake.rows:,} rows, {counts}"]
    parts += [f"  refused {count:,}: {reason}" for reason, count in intake.refused.items()]
    unknown = intake.unknown.head(MANY).itertuples(index=False, name=None)
    parts += [f"    {answer!r} {count:,} times ({indicator})" for indicator, answer, count in unknown]
    said = {
        "left out, since they may tell who somebody is": intake.headings.personal,
        "left out, since they rate nobody": intake.headings.about,
        "columns that match no question": intake.headings.unmatched,
        "questions without a column": intake.headings.absent,
    }
    parts += [f"  {what}: {', '.join(names)}" for what, names in said.items() if names]
    parts += [f"  {what}" for what in intake.untold]
    parts += [f"  submissions added: {intake.submissions:,}"] if intake.submissions else []
    return parts + [str(path) for path in intake.written]

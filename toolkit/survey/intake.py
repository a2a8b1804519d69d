"""From a platform's export to ratings: every answer is taken, or refused with its reason."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from toolkit import ballots as paper
from toolkit.contract import REQUIRED, check_rated, check_together
from toolkit.faults import MANY, StudyError, UsageError, one_of
from toolkit.files import digest, is_book, read_sheets
from toolkit.ratings import KEY, Ratings, check_ratings, rated_cells
from toolkit.record import append
from toolkit.scheme import SELF
from toolkit.study import ratable
from toolkit.survey.answers import CHANGED, REASONS, THERE, TORN, UNKNOWN, Taking, long_table
from toolkit.survey.export import headed, read_raw
from toolkit.survey.forms import choose, newest_asked, read_forms
from toolkit.survey.headings import Headings, is_known, match
from toolkit.survey.mapping import Mapping
from toolkit.survey.platforms import PLATFORMS
from toolkit.survey.questionnaire import plain

if TYPE_CHECKING:
    from pathlib import Path

    from toolkit.study import Study

FOLDER = "imports"
LOG = "log.csv"
LOGGED = ("file", "platform", "questionnaire", "round", "source", "read", "taken", "refused")
REFUSED = ("row", "ratee_id", "indicator", "answer", "reason")
DIGEST = 16
"""Hexadecimal digits of a file's SHA-256 by which it is called: its own name may name a person."""
SHOWN = 60
"""How much of an answer that was refused is written down."""


@dataclass(frozen=True)
class Intake:
    """What became of a file. `read` is always `taken` plus all that is refused.

    Attributes
    ----------
    questionnaire : str
        The questionnaire that it answers.
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
    written: list[Path]


def import_answers(
    folder: Path,
    study: Study,
    path: Path,
    platform: str,
    *,
    key: bytes,
    round: str = "",  # noqa: A002  (the contract's word)
    source: str = "",
    unit: str = "",
    mapping: Mapping | None = None,
) -> Intake:
    """Add the answers of an export to the ratings of a study.

    Who answered becomes a pseudonym before anything else is done; columns that may tell who he is are never looked at.
    Answers that are in ratings.csv already are refused as such, so that importing a file twice changes nothing, and
    importing it again when more people have answered adds theirs. What is refused is listed, by row, in
    `imports/DIGEST.refused.csv`.

    Parameters
    ----------
    folder : Path
        The study's folder.
    study : Study
        `read_study` of it.
    path : Path
        The export.
    platform : str
        A name of `PLATFORMS`.
    key : bytes
        Of the pseudonyms: `read_key`.
    round : str
        The newest that has questionnaires by default.
    source, unit : str
        Which questionnaire it answers, where its headings fit several.
    mapping : Mapping, optional
        What headings and answers mean, where they do not say it.

    Raises
    ------
    UsageError
        If there is no such platform or questionnaire, several fit, the study keeps its ratings elsewhere than in
        ratings.csv, or no column says who answered.
    StudyError
        If a file cannot be read, two columns are the same question, or the ratings would contradict each other or the
        ballots. Then nothing is written.
    """
    if platform not in PLATFORMS:
        raise UsageError(f"platform: {platform!r}, {one_of(platform, PLATFORMS)}")
    kind, mapping = PLATFORMS[platform], mapping or Mapping()
    turn = round or newest_asked(folder, study)
    if turn not in study.schemes:
        raise UsageError(f"round: {turn!r}, {one_of(turn, study.schemes)}")
    raw = read_raw(path)
    forms = read_forms(folder, study, turn)
    form, keys = choose(forms, study, raw, kind, mapping, source=source, unit=unit, turn=turn)
    export = headed(raw, partial(is_known, keys=keys, platform=kind, mapping=mapping))
    headings = match(export, keys, kind, mapping, form)
    if headings.faults:
        raise StudyError(path.name, headings.faults)
    if headings.identity is None and form.source != SELF:
        raise UsageError(f"{path.name}: no column says who answered: {', '.join(kind.ids)}; name it in a mapping as id")
    answers = long_table(export, headings, Taking(form, kind, study.schemes[turn], mapping, key, _names(study, turn)))
    present = _present(folder)
    answers = _against(present, answers)
    taken = answers[answers["reason"] == ""]
    if len(taken):
        _check(folder, study, present, taken)
    written = _write(folder, study, path, (platform, form.name, form.round, form.source), answers)
    return _intake(form.name, len(export.cells), headings, answers, written)


def _names(study: Study, turn: str) -> dict[str, str]:
    """What may stand for somebody who is rated in a round, his id or a name that nobody else has -> his id."""
    rated = [name for name, why in ratable(_tables(study), study.schemes)[turn].items() if not why]
    tables = ((study.members, "member_id"), (study.units, "unit_id"))
    pairs = [
        (plain(name), ratee) for frame, key in tables for ratee, name in frame[[key, "name"]].itertuples(index=False)
    ]
    times = Counter(name for name, _ in pairs)
    names = {name: str(ratee) for name, ratee in pairs if times[name] == 1 and ratee in rated}
    return names | {plain(ratee): ratee for ratee in rated}


def _tables(study: Study) -> dict[str, pd.DataFrame]:
    return {name: getattr(study, name) for name in ("units", "members", "posts")}


def _intake(name: str, rows: int, headings: Headings, answers: pd.DataFrame, written: list[Path]) -> Intake:
    """Count what became of all answers."""
    refused = answers["reason"][answers["reason"] != ""].value_counts()
    counts = {reason: int(refused[reason]) for reason in REASONS if reason in refused}
    unknown = answers[answers["reason"] == UNKNOWN].groupby(["indicator", "cell"], sort=False).size()
    listed = unknown.sort_values(ascending=False, kind="stable").rename("count").reset_index()
    taken = len(answers) - sum(counts.values())
    return Intake(name, rows, len(answers), taken, counts, headings, listed.rename(columns={"cell": "answer"}), written)


def _present(folder: Path) -> pd.DataFrame:
    """The ratings that the study has, as text."""
    if (folder / "ratings.parquet").is_file():
        raise UsageError(f"{folder}: keeps its ratings in ratings.parquet; answers are added to ratings.csv alone")
    sheets, faults = read_sheets(folder, {"ratings": REQUIRED["ratings"]})
    if faults:
        raise StudyError(str(folder), faults)
    if "ratings" not in sheets:
        return pd.DataFrame(columns=list(REQUIRED["ratings"]), dtype=str)
    if any(is_book(book) and sheets["ratings"].file.startswith(book.name) for book in folder.iterdir()):
        place = sheets["ratings"].file
        raise UsageError(f"{folder}: keeps its ratings in {place}; answers are added to ratings.csv alone")
    return sheets["ratings"].frame


def _against(present: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Refuse what is there already, and what would change it."""
    there = present[[*KEY, "value"]].drop_duplicates(KEY).rename(columns={"value": "there"})
    found = answers.reset_index(drop=True).merge(there, on=KEY, how="left", validate="many_to_one")
    free = found["reason"] == ""
    known = found["there"].notna() & free
    found.loc[known & (found["there"] == found["value"]), "reason"] = THERE
    found.loc[known & (found["there"] != found["value"]), "reason"] = CHANGED
    return found.drop(columns="there")


def _check(folder: Path, study: Study, present: pd.DataFrame, taken: pd.DataFrame) -> None:
    """What only all ratings and ballots together can tell."""
    columns = list(REQUIRED["ratings"])
    start = int(present.index.max()) if len(present) else 1
    added = taken[columns].set_axis(pd.RangeIndex(start + 1, start + 1 + len(taken)))
    frame = pd.concat([present[columns], added])
    ratings = Ratings("ratings.csv", frame.assign(row=frame.index))
    faults = check_ratings(ratings, study.schemes)[1]
    cells = [rated_cells(ratings)]
    faults += check_rated("ratings.csv", cells[0], study.schemes, ratable(_tables(study), study.schemes))
    sheets, _ = read_sheets(folder, {name: REQUIRED[name] for name in ("ballots", "turnout")})
    if "ballots" in sheets:
        cells.append(paper.rated_cells(sheets["ballots"]))
    faults += check_together(pd.concat(cells, ignore_index=True), study.schemes, sheets.get("turnout"))
    if faults:
        raise StudyError(f"{folder} with these answers", dict.fromkeys(faults))


def _write(folder: Path, study: Study, path: Path, about: tuple[str, ...], answers: pd.DataFrame) -> list[Path]:
    """Write what is refused, then the ratings, then the log: who is stopped between them imports the file once more."""
    name, written = digest(path)[:DIGEST], []
    # by pseudonym: the order in which people answered would tell those who saw them do so who is who
    taken = answers[answers["reason"] == ""].sort_values(["rater_id", "ratee_id"], kind="stable")
    refused = answers[~answers["reason"].isin(["", THERE])]
    log, listed = folder / FOLDER / LOG, folder / FOLDER / f"{name}.refused.csv"
    lines = _logged(log)
    if len(refused):
        # in a torn row a name or an address may stand where an answer should
        torn = refused["reason"] == TORN
        shown = refused.assign(answer=refused["cell"].str.slice(0, SHOWN).mask(torn, ""))
        written += _replaced(listed, _csv([REFUSED, *shown[list(REFUSED)].itertuples(index=False, name=None)]))
    if len(taken):
        append(
            folder / "ratings.csv", "ratings", taken[list(REQUIRED["ratings"])], study.digests.get("ratings.csv", "")
        )
        written.append(folder / "ratings.csv")
    counts = (len(answers), len(taken), len(answers) - len(taken))
    line = [name, *about, *map(str, counts)]
    if len(taken) or name not in {row[0] for row in lines if row}:
        written += _replaced(log, _csv([*lines, line]))
    return written


def _logged(log: Path) -> list[list[str]]:
    """The log so far; read before anything is written, so that who cannot write it changes nothing."""
    log.parent.mkdir(exist_ok=True)
    if not log.is_file():
        return [list(LOGGED)]
    try:
        return list(csv.reader(io.StringIO(log.read_text(encoding="utf-8-sig"))))
    except UnicodeDecodeError as error:
        raise UsageError(f"{log}: must be UTF-8 text; save it as such, or take it out of the folder") from error


def _csv(rows: list[object]) -> str:
    target = io.StringIO()
    csv.writer(target, lineterminator="\n").writerows(rows)  # type: ignore[arg-type]
    return target.getvalue()


def _replaced(path: Path, text: str) -> list[Path]:
    """Write a file that is whole at every moment; say so unless it is as it was."""
    raw = text.encode("utf-8-sig")
    if path.is_file() and path.read_bytes() == raw:
        return []
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(raw)
    fresh.replace(path)
    return [path]


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
    return parts + [str(path) for path in intake.written]

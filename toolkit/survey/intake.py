"""From a platform's export to ratings: every answer is taken, or refused with its reason."""

from __future__ import annotations

import csv
import io
from collections import Counter
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from toolkit import ballots as paper
from toolkit.contract import REQUIRED, check_rated, check_together
from toolkit.faults import StudyError, UsageError, one_of
from toolkit.files import digest, is_book, read_sheets
from toolkit.ratings import KEY, Ratings, check_ratings, rated_cells
from toolkit.record import appended, no_formula
from toolkit.scheme import SELF
from toolkit.study import ratable
from toolkit.survey.account import account, lacking_times
from toolkit.survey.answers import CHANGED, THERE, TORN, Taking, long_table, meant
from toolkit.survey.export import headed, read_raw
from toolkit.survey.forms import choose, newest_asked, read_forms
from toolkit.survey.headings import is_known, match
from toolkit.survey.mapping import Mapping
from toolkit.survey.platforms import PLATFORMS
from toolkit.survey.questionnaire import plain
from toolkit.survey.times import times_of

if TYPE_CHECKING:
    from pathlib import Path

    from toolkit.scheme import Scheme
    from toolkit.study import Study
    from toolkit.survey.account import Intake
    from toolkit.survey.questionnaire import Questionnaire

FOLDER = "imports"
LOG = "log.csv"
LOGGED = ("file", "platform", "questionnaire", "round", "source", "read", "taken", "refused")
REFUSED = ("row", "ratee_id", "indicator", "answer", "reason")
DIGEST = 16
"""Hexadecimal digits of a file's SHA-256 by which it is called: its own name may name a person."""
SHOWN = 60
"""How much of an answer that was refused is written down."""


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
    sheet: str = "",
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
    sheet : str
        Which sheet of a workbook it is, where several hold cells.
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
    raw = read_raw(path, sheet)
    forms = read_forms(folder, study, turn)
    form, keys = choose(forms, study, raw, kind, mapping, source=source, unit=unit, turn=turn)
    export = headed(raw, partial(is_known, keys=keys, platform=kind, mapping=mapping))
    headings = match(export, keys, kind, mapping, form)
    if headings.faults:
        raise StudyError(path.name, headings.faults)
    if headings.identity is None and form.source != SELF:
        raise UsageError(f"{path.name}: no column says who answered: {', '.join(kind.ids)}; name it in a mapping as id")
    scheme = study.schemes[turn]
    answers = long_table(export, headings, Taking(form, kind, scheme, mapping, key, _names(study, turn)))
    present = _present(folder, "ratings")
    answers = _against(present, answers, scheme, form.source)
    taken = answers[answers["reason"] == ""]
    if len(taken):
        _check(folder, study, present, taken)
    times, hurried = times_of(export, headings.times), _asks_time(scheme, form.source)
    answers = answers.assign(seconds=times["seconds"].reindex(answers["row"]).to_numpy() if hurried else "")
    sent = _sent(form, answers, times.assign(seconds="") if hurried else times)
    if len(sent):
        _present(folder, "submissions")
    about = (digest(path)[:DIGEST], platform, form.name, form.round, form.source)
    written = _write(folder, study, about, answers, sent)
    untold = list(lacking_times(kind, headings, times, scheme.ballot_rules.get(form.source)))
    rows = len(export.cells)
    return account(form, rows, headings, answers, submissions=len(sent), untold=untold, written=written)


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


def _asks_time(scheme: Scheme, source: str) -> bool:
    """Whether a rule asks how long a ballot took. Then ratings.csv tells it, and submissions.csv does not.

    In both it would tell on which day each rater answered: those who saw him do so would know who he is.
    """
    rules = scheme.ballot_rules.get(source)
    return rules is not None and rules.seconds is not None


def _sent(form: Questionnaire, answers: pd.DataFrame, times: pd.DataFrame) -> pd.DataFrame:
    """Rows of submissions.csv: those of the file of which all that is taken is new, by day, not as people answered."""
    known = set(answers.loc[answers["reason"].isin([THERE, CHANGED]), "row"])
    rows = [row for row in answers.loc[answers["reason"] == "", "row"].unique() if row not in known]
    found = times.loc[rows]
    found = found[(found["day"] != "") & (form.unit != "")].sort_values(["day", "seconds"], ignore_index=True)
    about = {"round": form.round, "source": form.source, "unit_id": form.unit}
    seconds = found["seconds"].replace("0", "")  # nobody needs none: minutes alone were kept
    return pd.DataFrame(about, found.index).assign(submitted=found["day"], seconds=seconds)


def _present(folder: Path, table: str) -> pd.DataFrame:
    """The rows of a table that the study has, as text."""
    if (folder / f"{table}.parquet").is_file():
        raise UsageError(f"{folder}: keeps its {table} in {table}.parquet; answers are added to {table}.csv alone")
    sheets, faults = read_sheets(folder, {table: REQUIRED[table]})
    if faults:
        raise StudyError(str(folder), faults)
    if table not in sheets:
        return pd.DataFrame(columns=list(REQUIRED[table]), dtype=str)
    if any(is_book(book) and sheets[table].file.startswith(book.name) for book in folder.iterdir()):
        place = sheets[table].file
        raise UsageError(f"{folder}: keeps its {table} in {place}; answers are added to {table}.csv alone")
    return sheets[table].frame


def _against(present: pd.DataFrame, answers: pd.DataFrame, scheme: Scheme, source: str) -> pd.DataFrame:
    """Refuse what is there already, and what would change it."""
    there = present.loc[present["source"] == source, [*KEY, "value"]].drop_duplicates(KEY)
    values = {value: meant(scheme, source, value) for value in there["value"].unique()}
    there = there.drop(columns="value").assign(there=there["value"].map(values))
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


def _write(folder: Path, study: Study, about: tuple[str, ...], answers: pd.DataFrame, sent: pd.DataFrame) -> list[Path]:
    """Write what is refused, then the ratings, then the log: who is stopped between them imports the file once more."""
    name = about[0]
    # by pseudonym: the order in which people answered would tell those who saw them do so who is who
    taken = answers[answers["reason"] == ""].sort_values(["rater_id", "ratee_id"], kind="stable")
    refused = answers[~answers["reason"].isin(["", THERE])]
    log, listed = folder / FOLDER / LOG, folder / FOLDER / f"{name}.refused.csv"
    lines = _logged(log)
    tables = {"ratings": taken[[*REQUIRED["ratings"], "seconds"]], "submissions": sent}
    tables = {f"{table}.csv": rows for table, rows in tables.items() if len(rows)}
    with ExitStack() as together:
        for file, rows in tables.items():
            added = appended(folder / file, file.removesuffix(".csv"), rows, study.digests.get(file, ""))
            together.enter_context(added)
        # in a torn row a name or an address may stand where an answer should
        shown = refused["cell"].str.slice(0, SHOWN).mask(refused["reason"] == TORN, "").map(no_formula)
        cells = refused.assign(answer=shown)[list(REFUSED)].itertuples(index=False, name=None)
        written = _replaced(listed, _csv([REFUSED, *cells])) if len(refused) else []
    written += [folder / file for file in tables]
    counts = (len(answers), len(taken), len(answers) - len(taken))
    line = [*about, *map(str, counts)]
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

"""Raw opinions come in: checked, and redacted before anything of them is stored."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from tqdm import tqdm

from toolkit.contract import OPTIONAL, REQUIRED, check_cells, iso_date
from toolkit.demands import CHANNELS, demands_of, opinion_days
from toolkit.faults import Fault, StudyError
from toolkit.files import Sheet, read_table, the_sheet
from toolkit.survey.redaction import Redactor
from toolkit.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from toolkit.study import Study

ASKED = REQUIRED["opinions"][1:]
"""What a raw file must hold; ids are given here."""
HEADINGS = {
    "日期": "date", "渠道": "channel", "单位": "unit_id", "意见": "text", "来源": "source", "主题": "theme",
    "责任人": "owner", "受理日期": "opened", "办结日期": "closed", "答复": "reply",
}  # fmt: skip
"""Headings of an office that stand for columns."""
WRITTEN = ("text", "reply")
"""Columns in which people write what they like."""
BULLETS = "=+-@＝＋－＠•·* \t"
"""What may stand before a text as a bullet; a spreadsheet would take some of it for the beginning of a formula."""
ID = "O{:05}"
SAME = ["date", "channel", "source", "unit_id", "text"]
"""Columns by which an opinion is known again."""


@dataclass(frozen=True)
class Inbox:
    """What a file brought.

    Attributes
    ----------
    rows : DataFrame
        New rows of opinions.csv, redacted, with their ids.
    read, again : int
        Rows of the file, and how many of them the study holds already.
    redacted : Counter
        How often each kind of what identifies a person was taken out of the new rows.
    left_out : list of str
        Columns of the file that no opinion has; nothing of them is kept.
    """

    rows: pd.DataFrame
    read: int
    again: int
    redacted: Counter[str]
    left_out: list[str]


def open_inbox(path: Path, study: Study, sheet: str = "") -> Inbox:
    """Read a file of raw opinions and redact it.

    Parameters
    ----------
    path : path
        A CSV file or a sheet of a workbook with the columns `date, channel, unit_id, text`, and any of `source,
        theme, owner, opened, closed, reply`; or with the headings of `HEADINGS`. A channel may go by its Chinese name,
        a unit by its name if no other has it.
    study : Study
        The study; its members' names are taken out of the texts.
    sheet : str
        Which sheet of a workbook it is, where several hold cells.

    Returns
    -------
    Inbox
        A row that the study holds already (same day, channel, source, unit and redacted text) is not taken again: as
        often as the study holds it, so that reading a file twice changes nothing. Texts are compared as they would be
        redacted today: members may have come, or the language changed, since some were stored.

    Raises
    ------
    StudyError
        With every fault of the file; texts are not shown.
    UsageError
        If the file has several sheets and none is named.
    """
    table, left_out, faults = _read(path, the_sheet(path, sheet))
    if not faults:
        table = Sheet(table.file, _named(table.frame, study))
        faults = _faults(table, study)
    if faults:
        raise StudyError(str(path), faults)
    rows, found = _redacted(table.frame, study)
    fresh = _unknown(rows, study)
    redacted: Counter[str] = sum((found[int(str(row))] for row in fresh.index), Counter())
    fresh = fresh.reset_index(drop=True)
    fresh.insert(0, "id", _ids(study.opinions["id"].tolist(), len(fresh)))
    return Inbox(fresh, len(rows), len(rows) - len(fresh), redacted, left_out)


def _read(path: Path, name: str) -> tuple[Sheet, list[str], list[Fault]]:
    """The columns of the file that an opinion has, under their names, and those that it has not."""
    sheet, faults = read_table(path, ASKED, name)
    if not len(sheet.frame.columns):
        chinese, more = read_table(path, [*HEADINGS][: len(ASKED)], name)
        sheet, faults = (chinese, more) if len(chinese.frame.columns) else (sheet, faults)
    known = [*ASKED, *OPTIONAL["opinions"]]
    frame = sheet.frame.rename(columns=HEADINGS)
    left_out = [str(name) for name in frame if name not in known]
    if len(frame.columns):
        faults += [Fault(sheet.file, 1, name, "", "column must be there") for name in ASKED if name not in frame]
        twice = frame.columns[frame.columns.duplicated()]
        faults += [
            Fault(sheet.file, 1, str(name), "", "column must be there once, by one of its names") for name in twice
        ]
    frame = frame[[name for name in frame if name in known]]
    return Sheet(sheet.file, frame.assign(**{name: "" for name in known if name not in frame})), left_out, faults


def _named(frame: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Channels and units by their keys, days as 2026-06-30."""
    keys = {label: key for key, label in CHANNELS.items()}
    once = study.units.drop_duplicates("name", keep=False)
    units = dict(zip(once["name"], once["unit_id"], strict=True))
    days = {name: frame[name].map(lambda cell: iso_date(cell) or cell) for name in ("date", "opened", "closed")}
    return frame.assign(
        channel=frame["channel"].map(lambda cell: keys.get(cell, cell)),
        unit_id=frame["unit_id"].map(lambda cell: units.get(cell, cell)),
        **days,
    )


def _faults(sheet: Sheet, study: Study) -> list[Fault]:
    tables = {name: Sheet(f"{name}.csv", getattr(study, name)) for name in ("units", "members", "posts", "themes")}
    demands = demands_of({name: table for name, table in tables.items() if len(table.frame)}, study.schemes)["opinions"]
    faults: list[Fault] = []
    for name in (column for column in sheet.frame if column not in WRITTEN):
        faults += check_cells(sheet.file, str(name), sheet.frame[name], demands[str(name)])
    blank = sheet.frame.index[sheet.frame["text"].str.strip(BULLETS) == ""]
    faults += [Fault(sheet.file, int(row), "text", "", "must not be blank") for row in blank]
    return faults + opinion_days(sheet)


def _redacted(frame: pd.DataFrame, study: Study) -> tuple[pd.DataFrame, dict[int, Counter[str]]]:
    redactor = Redactor(study.members["name"].tolist(), study.scheme.language)
    found: dict[int, Counter[str]] = {}
    cells: dict[str, list[str]] = {name: [] for name in WRITTEN}
    for row, *texts in tqdm(frame[[*WRITTEN]].itertuples(name=None), total=len(frame), desc="opinions", delay=2):
        found[int(row)] = Counter()
        for name, text in zip(WRITTEN, texts, strict=True):
            clean, kinds = redactor.redact(" ".join(text.split()).lstrip(BULLETS))
            cells[name].append(clean)
            found[int(row)] += kinds
    return frame.assign(**cells), found


def _unknown(rows: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Rows that are not stored, each as often as the file holds it more often than the study."""
    place = SAME[:-1]
    stored = study.opinions
    alike = pd.MultiIndex.from_frame(stored[place]).isin(pd.MultiIndex.from_frame(rows[place]))
    times = Counter(_known_by(stored[alike], study))
    fresh = []
    for row in _known_by(rows, study):
        fresh.append(times[row] <= 0)
        times[row] -= 1
    return rows[fresh]


def _known_by(rows: pd.DataFrame, study: Study) -> list[tuple[str, ...]]:
    """By what each row is known again, its text redacted as today, with the marks of today's language."""
    redactor = Redactor(study.members["name"].tolist(), study.scheme.language)
    marks = {
        mark: redactor.marks[kind] for language in LANGUAGES for kind, mark in Redactor((), language).marks.items()
    }
    texts = []
    for text in rows["text"]:
        for mark, now in marks.items():
            text = text.replace(mark, now)  # noqa: PLW2901
        texts.append(redactor.redact(text)[0])
    return list(rows.assign(text=texts)[SAME].itertuples(index=False, name=None))


def _ids(taken: Sequence[str], n: int) -> list[str]:
    """Ids that follow the highest of those that were given so far."""
    numbers = [int(name[1:]) for name in taken if name[:1] == ID[0] and name[1:].isdecimal()]
    first = max(numbers, default=0) + 1
    return [ID.format(number) for number in range(first, first + n)]

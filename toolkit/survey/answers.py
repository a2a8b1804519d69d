"""The answers of an export as one long table: a row for each, with what it becomes or why it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.ratings import KEY, no_id
from toolkit.scheme import SELF
from toolkit.survey.platform import squeezed
from toolkit.survey.pseudonyms import pseudonym
from toolkit.survey.questionnaire import CHOSEN, plain

if TYPE_CHECKING:
    from collections.abc import Mapping as Map

    from toolkit.scheme import Scheme
    from toolkit.survey.export import Export
    from toolkit.survey.headings import Headings
    from toolkit.survey.mapping import Mapping
    from toolkit.survey.platform import Platform
    from toolkit.survey.questionnaire import Questionnaire

UNKNOWN = "no answer of the questionnaire"
SEVERAL = "several answers, where one is asked for"
NOBODY = "nobody who can be rated is meant"
NAMELESS = "nothing says who answered"
UNFINISHED = "was not submitted"
TORN = "the row has more cells than the header"
AGAIN = "the same answer stands in another row of the file too"
DIFFERS = "another row of the file has a different answer of the same rater"
THERE = "is there already"
CHANGED = "ratings.csv has a different answer of the same rater"
REASONS = (UNKNOWN, SEVERAL, NOBODY, NAMELESS, UNFINISHED, TORN, AGAIN, DIFFERS, THERE, CHANGED)
"""Why an answer is refused. What is wrong with a row holds for all that stands in it."""


@dataclass(frozen=True)
class Taking:
    """By what answers are read: questionnaire, platform, scheme, mapping, key, and who may be meant by a name."""

    form: Questionnaire
    platform: Platform
    scheme: Scheme
    mapping: Mapping
    key: bytes
    names: Map[str, str]


def long_table(export: Export, headings: Headings, taking: Taking) -> pd.DataFrame:
    """A row for every answer.

    Returns
    -------
    DataFrame
        `round, ratee_id, source, rater_id, indicator, value` as in ratings.csv, a number of a scale written in one way
        (85.50 is 85.5); `row` of the file, `cell` as it stood there, `reason` ("" where it is taken; a name of
        `REASONS`).
    """
    cells = _answered(export, headings, taking)
    rows = _rows(export, headings, taking)
    parts = []
    for ratee in dict.fromkeys(ratee for ratee, _ in headings.rated.values()):
        places = [place for place, (other, _) in headings.rated.items() if other == ratee]
        given = (cells[places] != "").any(axis=1)
        held = rows[given]
        for place in places:
            who = held["chosen"] if ratee == CHOSEN else ratee
            parts.append(held.assign(ratee_id=who, indicator=headings.rated[place][1], cell=cells.loc[given, place]))
    if not parts:
        parts = [rows.head(0).assign(ratee_id="", indicator="", cell="")]
    found = pd.concat(parts, ignore_index=True)
    found.loc[(found["reason"] == "") & (found["ratee_id"] == ""), "reason"] = NOBODY
    found = _read(found, taking)
    found = found.assign(round=taking.form.round, source=taking.form.source)
    found = _once(found).sort_values("row", kind="stable", ignore_index=True)
    return found[["round", "ratee_id", "source", "rater_id", "indicator", "value", "row", "cell", "reason"]]


def _answered(export: Export, headings: Headings, taking: Taking) -> pd.DataFrame:
    """Cells of the questions; "" where nobody answered."""
    cells = export.cells[list(headings.rated)]
    blank = {squeezed(text) for text in taking.platform.empty}
    empty = {text for name in cells for text in cells[name].unique() if squeezed(text) in blank}
    return cells.mask(cells.isin(empty), "") if empty else cells


def _rows(export: Export, headings: Headings, taking: Taking) -> pd.DataFrame:
    """Of each row its rater's pseudonym, whom he chose, and why nothing in it is taken."""
    form, index = taking.form, export.cells.index
    rows = pd.DataFrame({"row": index, "rater_id": "", "chosen": "", "reason": ""}, index=index)
    if form.source != SELF and headings.identity is not None:
        identity = export.cells[headings.identity]
        within = "" if taking.mapping.id else f"{form.name}/"  # a running number is one of its questionnaire alone
        known = {
            name: pseudonym(taking.key, form.round, form.source, within + name) for name in identity.unique() if name
        }
        rows["rater_id"] = _looked_up(identity, known)
        rows.loc[(identity == "") | no_id(identity), "reason"] = NAMELESS
    if headings.chooser is not None:
        chosen = export.cells[headings.chooser]
        meant = {name: _meant(name, taking) for name in chosen.unique()}
        rows["chosen"] = _looked_up(chosen, meant)
    if headings.submitted is not None:
        rows.loc[export.cells[headings.submitted] == "", "reason"] = UNFINISHED
    rows.loc[_torn(export), "reason"] = TORN
    return rows


def _meant(name: str, taking: Taking) -> str:
    """The id of whom a name, an id or a code stands for; "" where nobody, or several, may be meant."""
    people = {text: choice.value for choice in taking.form.ratees for text in (choice.label, choice.name, choice.value)}
    if people:
        return {plain(text): value for text, value in people.items()}.get(plain(name), "")
    return taking.names.get(plain(name), "")


def _torn(export: Export) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Rows that go on where the header has ended: a cell was torn in two there, and nothing is in its place."""
    last = max((place for place, heading in enumerate(export.headings) if heading), default=-1)
    return np.asarray((export.cells.iloc[:, last + 1 :] != "").any(axis=1))


def _read(found: pd.DataFrame, taking: Taking) -> pd.DataFrame:
    """The value of each cell in ratings.csv, or why it has none."""
    form = taking.form
    known = taking.platform.read(form.answers) if form.answers.choices else {}
    own = {squeezed(text): value for text, value in taking.mapping.answers.items()}
    values: dict[str, str] = {"": ""}
    reasons: dict[str, str] = {}
    for cell in found["cell"].unique():
        text = squeezed(cell)
        value = own.get(text) or (known.get(text) if form.answers.choices else text)
        if cell and (not value or not _fits(taking.scheme, form.source, value)):
            joined = taking.platform.joins
            reasons[cell] = SEVERAL if joined and joined in cell else UNKNOWN
        else:
            values[cell] = meant(taking.scheme, form.source, value or "")
    wrong = _looked_up(found["cell"], reasons)
    return found.assign(
        value=_looked_up(found["cell"], values), reason=found["reason"].where(found["reason"] != "", wrong)
    )


def _looked_up(cells: pd.Series[str], known: Map[str, str]) -> pd.Series[str]:
    """What each text stands for, "" where it stands for nothing."""
    places, texts = pd.factorize(cells)
    stands = np.array([known.get(text, "") for text in texts], dtype=object)
    return pd.Series(stands[places], index=cells.index, dtype=str)


def meant(scheme: Scheme, source: str, value: str) -> str:
    """An answer in the one way in which it is written here: a level for its code, 85.5 for 85.50."""
    scale = scheme.scales[scheme.leaf_sources[source].scale or ""]
    level = scale.level(value)
    return f"{float(level):.15g}" if level and scale.levels is None and level not in scale.blank else level


def _fits(scheme: Scheme, source: str, value: str) -> bool:
    """Whether a value is an answer of the source's scale."""
    try:
        scheme.scales[scheme.leaf_sources[source].scale or ""].points(value)
    except ValueError:
        return False
    return True


def _once(found: pd.DataFrame) -> pd.DataFrame:
    """One rater answers once: of the same answer twice one is taken, of different ones none."""
    free = found[found["reason"] == ""]
    again = free[free.duplicated(KEY, keep=False)]
    if again.empty:
        return found
    differ = again.groupby(KEY)["value"].transform("nunique") > 1
    found.loc[again.index[differ], "reason"] = DIFFERS
    same = again[~differ]
    found.loc[same.index[same.duplicated(KEY)], "reason"] = AGAIN
    return found

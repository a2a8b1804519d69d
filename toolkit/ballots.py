"""Counted ballots, as they lie on the table: a column for every level and every blank answer, holding counts."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.contract import OPTIONAL, REQUIRED, check_cells, count, misplaced
from toolkit.faults import Fault, one_of, several
from toolkit.files import Sheet
from toolkit.scoring.tally import CELL, COUNTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from toolkit.scheme import Scale, Scheme


NAME = "name"
"""A column of ballots for who counts them: it is held against the ratee's name, and tells nothing else."""


def without_names(sheet: Sheet, names: Mapping[str, str]) -> tuple[Sheet, list[Fault]]:
    """Ballots without their column of names; a name that is not the ratee's is a fault, for rows may have slipped."""
    if NAME not in sheet.frame:
        return sheet, []
    given, ratee = sheet.frame[NAME], sheet.frame.get("ratee_id", pd.Series(dtype=str))
    right = ratee.map(names).reindex(given.index)
    wrong = given.index[(given != "") & right.notna() & (given != right)]
    faults = several(
        [*wrong],
        lambda row: Fault(sheet.file, int(row), NAME, given[row], f"must be the name of {ratee[row]}: {right[row]}"),
    )
    return Sheet(sheet.file, sheet.frame.drop(columns=NAME)), faults


def answer_columns(schemes: Mapping[str, Scheme], table: str = "ballots") -> list[str]:
    """Columns that a table of counts may have: levels and blank answers of every scale that its answers may be of."""
    scales = [scale for scheme in schemes.values() for scale in scheme.scales.values()]
    if table == "satisfaction" and any(scheme.satisfaction for scheme in schemes.values()):
        scales = [scale for turn in schemes if (scale := _scale_of_opinions(schemes, turn))]
    return list(dict.fromkeys(name for scale in scales for name in [*(scale.levels or {}), *scale.blank]))


def check_counts(table: str, sheet: Sheet, schemes: Mapping[str, Scheme]) -> list[Fault]:
    """Columns beyond the keys must be answers of some scale, and hold counts."""
    known = answer_columns(schemes, table)
    faults = []
    keys = [*REQUIRED[table], *OPTIONAL.get(table, ())]
    for name in sheet.frame.columns.difference(keys, sort=False):
        if _is_answer(name, schemes):
            faults += check_cells(sheet.file, name, sheet.frame[name], count())
        else:
            faults.append(Fault(sheet.file, 1, name, name, "unknown column; " + one_of(name, [*keys, *known])))
    return faults


def _is_answer(name: str, schemes: Mapping[str, Scheme]) -> bool:
    """Whether a column is a level, a code, a blank answer, or a number on a numeric scale."""
    for scheme in schemes.values():
        for scale in scheme.scales.values():
            try:
                scale.points(name)
            except ValueError:
                continue
            return True
    return False


def rated_cells(sheet: Sheet) -> pd.DataFrame:
    """`file, round, ratee_id, source, indicator, row, rows` and `raters` of every row: who is rated by how many."""
    levels = sheet.frame.columns.difference(list(REQUIRED["ballots"]))
    ballots = sheet.frame[levels].apply(pd.to_numeric, errors="coerce").astype(float).sum(axis=1)
    return sheet.frame[CELL].assign(file=sheet.file, row=sheet.frame.index, rows=1, raters=ballots.astype(int))


def check_ballots(sheet: Sheet, schemes: Mapping[str, Scheme]) -> list[Fault]:
    """Check that every answer counted is one of the scale of its source, and that votes for every level are told.

    `check_rated` sees to the cells.
    """
    faults = list(_untold(sheet, schemes))
    for name in sheet.frame.columns.difference(list(REQUIRED["ballots"]), sort=False):
        given = sheet.frame[sheet.frame[name].str.strip("0.") != ""]
        for (turn, source, indicator), rows in given.groupby(["round", "source", "indicator"], sort=False):
            places = str(turn), str(source), str(indicator)
            if not _is_answer(name, schemes) or any(misplaced(schemes, *places)):
                continue
            scheme = schemes[places[0]]
            scale = scheme.scales.get(scheme.leaf_sources[places[1]].scale or "")
            try:
                if scale:
                    scale.points(name)
            except ValueError as error:
                expected = f"must be 0 or blank: an answer of {source} {error}"
                faults.append(Fault(sheet.file, int(rows.index[0]), name, rows[name].iloc[0], expected, len(rows) - 1))
    return faults


def _untold(sheet: Sheet, schemes: Mapping[str, Scheme]) -> Iterator[Fault]:
    """Levels of sources that are counted here without a column: who voted so would be lost."""
    names = sheet.frame.columns.difference(list(REQUIRED["ballots"]), sort=False).tolist()
    misspelt = [name for name in names if not _is_answer(name, schemes)]  # told of as unknown columns
    lacking: dict[str, list[str]] = {}
    for turn, source in sheet.frame[["round", "source"]].drop_duplicates().itertuples(index=False, name=None):
        scheme = schemes.get(turn)
        held = scheme.leaf_sources.get(source) if scheme else None
        scale = scheme.scales.get(held.scale or "") if scheme and held else None
        there = {scale.level(name) for name in names} if scale else set()
        for level in (scale.levels or {}) if scale else ():
            if level not in there and not get_close_matches(level, misspelt, n=1):
                lacking.setdefault(level, []).append(source)
    for level, sources in lacking.items():
        who = ", ".join(dict.fromkeys(sources))
        yield Fault(sheet.file, 1, level, "", f"column must be there: a count for every level that {who} may choose")


def counted(ballots: pd.DataFrame) -> pd.DataFrame:
    """Ballots as rows of a tally's counts; the weight of a ballot is 1.

    Parameters
    ----------
    ballots : DataFrame
        The table as text, without faults.
    """
    levels = ballots.columns.difference(CELL, sort=False).tolist()
    long = ballots.melt(id_vars=CELL, value_vars=levels, var_name="value", value_name="count")
    long["count"] = pd.to_numeric(long["count"].replace("", "0")).astype("int64")
    long = long[long["count"] > 0].reset_index(drop=True)
    return long.assign(weight=long["count"].astype(float), weight2=long["count"].astype(float), ballot=True)[COUNTS]


def opinions(satisfaction: pd.DataFrame, schemes: Mapping[str, Scheme]) -> pd.DataFrame:
    """Counts of satisfaction, a row for every answer that somebody gave; a code becomes its level.

    Parameters
    ----------
    satisfaction : DataFrame
        The table as text but for `eligible`, without faults.
    schemes : mapping
        Scheme of each round.

    Returns
    -------
    DataFrame
        `round, subject_id, panel, topic, eligible, level, count`.
    """
    keys = [*REQUIRED["satisfaction"], *OPTIONAL["satisfaction"]]
    levels = satisfaction.columns.difference(keys, sort=False).tolist()
    long = satisfaction.melt(id_vars=keys, value_vars=levels, var_name="level", value_name="count")
    long["count"] = pd.to_numeric(long["count"].replace("", "0")).fillna(0).astype("int64")
    long = long[long["count"] > 0].reset_index(drop=True)
    rules = {name: scheme.satisfaction for name, scheme in schemes.items()}
    long["level"] = [
        schemes[turn].scales[rule.scale].level(level) if (rule := rules[turn]) else level
        for turn, level in zip(long["round"], long["level"], strict=True)
    ]
    return long


def check_opinions(sheet: Sheet, schemes: Mapping[str, Scheme]) -> list[Fault]:
    """Check that every answer counted is one of the scale of satisfaction, and that no more answer than may."""
    frame = sheet.frame
    keys = [*REQUIRED["satisfaction"], *OPTIONAL["satisfaction"]]
    levels = frame.columns.difference(keys, sort=False).tolist()
    faults = [fault for name in levels if _is_answer(name, schemes) for fault in _strange(sheet, name, schemes)]
    turns = [turn for turn in frame["round"].unique() if turn in schemes]
    scales = [scale for turn in turns if (scale := _scale_of_opinions(schemes, turn))]
    there = {scale.level(name) for scale in scales for name in levels}
    misspelt = [name for name in levels if not _is_answer(name, schemes)]  # told of as unknown columns
    lacking = dict.fromkeys(name for scale in scales for name in scale.levels or {} if name not in there)
    faults += [
        Fault(sheet.file, 1, name, "", "column must be there: a count for every level")
        for name in lacking
        if not get_close_matches(name, misspelt, n=1)
    ]
    if "eligible" in frame:
        given = frame[levels].apply(pd.to_numeric, errors="coerce").astype(float).sum(axis=1)
        eligible = pd.to_numeric(frame["eligible"].where(count().right(frame["eligible"])), errors="coerce")
        for row in frame.index[given > eligible.astype(float)]:
            expected = f"must be at least the answers given: {given[row]:.0f}"
            faults.append(Fault(sheet.file, int(row), "eligible", str(frame.loc[row, "eligible"]), expected))
    return faults


def _scale_of_opinions(schemes: Mapping[str, Scheme], turn: str) -> Scale | None:
    """The scale of levels by which a round asks for satisfaction, None where there is none, or a wrong one."""
    rules = schemes[turn].satisfaction if turn in schemes else None
    scale = schemes[turn].scales.get(rules.scale) if rules else None
    return scale if scale and scale.levels is not None else None


def _strange(sheet: Sheet, name: str, schemes: Mapping[str, Scheme]) -> list[Fault]:
    """A column of counts that holds some where it is no answer of the scale of satisfaction."""
    found: dict[str, list[int]] = {}
    for turn, rows in sheet.frame[sheet.frame[name].str.strip("0.") != ""].groupby("round", sort=False):
        scale = _scale_of_opinions(schemes, str(turn))
        try:
            if scale:
                scale.points(name)
        except ValueError as error:
            found.setdefault(f"must be 0 or blank: an answer about satisfaction {error}", []).extend(rows.index)
    return [
        Fault(sheet.file, min(rows), name, str(sheet.frame.loc[min(rows), name]), expected, len(rows) - 1)
        for expected, rows in found.items()
    ]

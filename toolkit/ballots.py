"""Counted ballots, as they lie on the table: a column for every level and every blank answer, holding counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from toolkit.contract import REQUIRED
from toolkit.faults import Fault, one_of
from toolkit.scoring.tally import CELL, COUNTS

if TYPE_CHECKING:
    from toolkit.files import Sheet
    from toolkit.scheme import Scheme

NUMBERS = ("count", "weight", "weight2", "ballot")


def answer_columns(schemes: dict[str, Scheme]) -> list[str]:
    """Columns that a table of counts may have: levels and blank answers of every scale."""
    names: dict[str, None] = {}
    for scheme in schemes.values():
        for scale in scheme.scales.values():
            names |= dict.fromkeys([*(scale.levels or {}), *scale.blank])
    return list(names)


def _is_answer(name: str, schemes: dict[str, Scheme]) -> bool:
    """Whether a column is a level, a blank answer, or a number on a numeric scale."""
    for scheme in schemes.values():
        for scale in scheme.scales.values():
            try:
                scale.points(name)
            except ValueError:
                continue
            return True
    return False


def check_columns(table: str, sheet: Sheet, known: list[str], schemes: dict[str, Scheme] | None = None) -> list[Fault]:
    """Columns beyond the keys must be answers, and hold counts."""
    faults = []
    for name in sheet.frame.columns:
        if name in REQUIRED[table]:
            continue
        if name not in known and not (schemes and _is_answer(name, schemes)):
            faults.append(Fault(sheet.file, 1, name, name, "unknown column; " + one_of(name, [*REQUIRED[table], *known])))
            continue
        cells = sheet.frame[name]
        for row, value in cells[~cells.str.fullmatch(r"\d{0,12}")].items():
            faults.append(Fault(sheet.file, int(str(row)), name, value, "must be a whole number of ballots, 0 or more"))
    return faults


def check_ballots(sheet: Sheet, schemes: dict[str, Scheme], ratees: dict[str, str]) -> list[Fault]:
    """Check the counts against the scheme of their round, row by row."""
    faults = check_columns("ballots", sheet, answer_columns(schemes), schemes)
    if not set(REQUIRED["ballots"]) <= set(sheet.frame):
        return faults
    levels = [name for name in sheet.frame.columns if name not in REQUIRED["ballots"]]
    plain = [name for name in schemes if schemes[name].rounds[name].combine is None]
    for place, row in sheet.frame.iterrows():
        number = int(str(place))
        if row["round"] not in plain:
            faults.append(Fault(sheet.file, number, "round", row["round"], one_of(row["round"], plain, "a round")))
            continue
        scheme = schemes[row["round"]]
        if ratees.get(row["ratee_id"], "unit that is not rated") == "unit that is not rated":
            expected = one_of(row["ratee_id"], ratees, "a member, post or unit that is rated")
            faults.append(Fault(sheet.file, number, "ratee_id", row["ratee_id"], expected))
        if row["indicator"] not in scheme.indicator_tree.names:
            faults.append(Fault(sheet.file, number, "indicator", row["indicator"], one_of(row["indicator"], scheme.indicator_tree.names)))
        elif row["source"] in scheme.leaf_sources:
            faults += _answers(sheet.file, number, row, levels, scheme)
        if row["source"] not in scheme.leaf_sources:
            faults.append(Fault(sheet.file, number, "source", row["source"], one_of(row["source"], scheme.leaf_sources)))
    return faults


def _answers(file: str, number: int, row: pd.Series, levels: list[str], scheme: Scheme) -> list[Fault]:
    faults = []
    source = list(scheme.leaf_sources).index(row["source"])
    node = scheme.indicator_tree.position[row["indicator"]]
    if not (scheme.asked[source] & scheme.indicator_tree.below[node]).any():
        expected = f"must be one that source {row['source']} is asked"
        faults.append(Fault(file, number, "indicator", row["indicator"], expected))
    scale = scheme.scales[scheme.leaf_sources[row["source"]].scale or ""]
    for level in levels:
        if row[level].strip("0"):
            try:
                scale.points(level)
            except ValueError as error:
                faults.append(Fault(file, number, level, row[level], f"must be 0 or blank: an answer of {row['source']} {error}"))
    return faults


def counted(ballots: pd.DataFrame, schemes: dict[str, Scheme]) -> pd.DataFrame:
    """Ballots as rows of a tally's counts; the weight of a ballot is 1.

    Parameters
    ----------
    ballots : DataFrame
        The table as text, without faults.
    schemes : dict
        Scheme of each round.
    """
    levels = [name for name in ballots.columns if name not in CELL]
    long = ballots.melt(id_vars=CELL, value_vars=levels, var_name="value", value_name="count")
    long["count"] = pd.to_numeric(long["count"].replace("", "0")).astype("int64")
    long = long[long["count"] > 0].reset_index(drop=True)
    scale = {(name, source): scheme.scales[part.scale or ""] for name, scheme in schemes.items() for source, part in scheme.leaf_sources.items()}
    long["value"] = [scale[turn, source].level(value) for turn, source, value in long[["round", "source", "value"]].itertuples(index=False)]
    return long.assign(weight=long["count"].astype(float), weight2=long["count"].astype(float), ballot=True)[COUNTS]


def check_cells(single: pd.DataFrame, ballots: pd.DataFrame, schemes: dict[str, Scheme]) -> list[Fault]:
    """The same cell in ratings and in ballots is a fault unless its source says `adds: true`."""
    both = ballots[CELL].drop_duplicates().merge(single[CELL].astype(str).drop_duplicates(), on=CELL)
    return [
        Fault("ballots", None, ", ".join(CELL), ", ".join(cell), "must not be in ratings too, unless its source says adds: true")
        for cell in both.itertuples(index=False, name=None)
        if not schemes[cell[0]].leaf_sources[cell[2]].adds
    ]

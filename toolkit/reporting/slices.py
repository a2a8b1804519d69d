"""What one report is handed: a unit's own rows, anonymous distributions, and nothing else.

What is not in a slice cannot leak. Sources with too few raters are gone from it, and numbers have the digits that are
printed, so a slice may lie beside its report and the notebook can be run again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.reporting.view import Results

if TYPE_CHECKING:
    import pandas as pd

FILE = "slice.json"


@dataclass(frozen=True)
class Slice(Results):
    """Everything that a unit's report, or the overview, may show.

    Attributes
    ----------
    language : str
        "zh" or "en".
    title, round, period : str
        Of the appraisal, in that language.
    unit_id, unit : str
        Id and name; blank in the overview.
    facts : dict
        Single numbers and words: score, low, high, members, scored, partial, thin, unrated, exempt, min_raters,
        own_score, grades (grade -> members), unshown (labels of indicators whose mean would give a source away),
        admitted (members to be registered as a matter of course), void (what does not count: a list of label, rule, box
        and number, None where it is too small to be shown), turnout_by_ratee (whether turnout tells of
        single ratees here), own (points, index, level, stars, stars_before of the
        unit itself), opinions (what became of them, see `heard`).
    method : dict
        What the scheme says, see `method_facts`.
    turnout : DataFrame
        `source, label, eligible, issued, returned, valid, blank` (percent of the answers, of shown sources).
    league : DataFrame
        Members: `member_id, name, category, score, low, high, coverage, status, rank, grade, places, tied, exempt`.
    units : DataFrame
        Units of the same level without their names: `score, own, count`, those with the same printed score in one row;
        none where they are too few. In the overview, the units without any below.
    children : DataFrame
        Units below, in the overview all units: `unit_id, name, depth, members, scored, score, low, high, coverage`.
    matrix : DataFrame
        `indicator, label, depth, leaf, score` (of all sources).
    by_source : DataFrame
        A column of scores for each shown source, row by row as in `matrix`.
    selves : DataFrame
        `label, self, others, gap` by indicator, where enough members rated themselves.
    hidden : DataFrame
        `label, reason`: sources that are not shown.
    opinions : DataFrame
        Opinions on the unit by theme, see `heard`: `label, n, before, share, share_before, adjusted, rises`.
    bottom : DataFrame
        In the overview, who satisfies least: `name, n, dissatisfied, low, high, others` (percent), `verdict`.
    labels : dict
        Labels of the shown sources.
    """

    title: str
    round: str
    period: str
    unit_id: str
    unit: str
    facts: dict[str, Any]
    method: dict[str, Any]
    turnout: pd.DataFrame
    league: pd.DataFrame
    units: pd.DataFrame
    children: pd.DataFrame
    matrix: pd.DataFrame
    by_source: pd.DataFrame
    selves: pd.DataFrame
    hidden: pd.DataFrame
    opinions: pd.DataFrame
    bottom: pd.DataFrame
    labels: dict[str, str] = field(default_factory=dict)


def open_slice(study: str | Path, unit: str = "", round: str = "") -> Slice:  # noqa: A002  (the contract's word)
    """Open the slice that a report was handed, or cut it from a study folder.

    Parameters
    ----------
    study : path
        A slice file, or a study folder.
    unit : str
        Unit to cut from a folder; blank for the overview of the whole study.
    round : str
        Round to cut; blank for the newest.
    """
    path = Path(study)
    if path.is_file():
        return Slice.from_json(path.read_text(encoding="utf-8"))
    # a report is handed its slice, and need not know how studies are read and scored
    from toolkit.reporting.cutting import cut  # noqa: PLC0415
    from toolkit.scoring.scores import score  # noqa: PLC0415
    from toolkit.study import read_study  # noqa: PLC0415

    found = read_study(path)
    return cut(found, score(found), unit, round or found.round)

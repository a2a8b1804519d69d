"""What one member is handed: his own rows, the means of his unit, and no colleague."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.reporting.view import Results

if TYPE_CHECKING:
    import pandas as pd

FILE = "sheet.json"


@dataclass(frozen=True)
class Sheet(Results):
    """Everything that a member's sheet may show.

    Attributes
    ----------
    title, round, period : str
        Of the appraisal.
    member_id, name, unit, category : str
        Of the member; the unit and the category by their names.
    facts : dict
        score, low, high, rank, ranked (how many are), status, void (whether a source has handed in ballots none of
        which counts), coverage (percent), min_raters, min_votes, feedback (date), feedback_days (from the last day of
        the round), reply_by (date), trend (slope, low, high, way), index, index_low, index_high, points, level, grade,
        stars, stars_before, has_self, weighs_self.
    profile : DataFrame
        `indicator, label, depth, leaf, score, unit` (mean of the unit): what is hidden is missing.
    by_source : DataFrame
        A column of scores for each shown source, the member's own view among them; rows as in `profile`.
    labels : dict
        Labels of the shown sources.
    ledger, balances : DataFrame
        The points, line by line and by dimension.
    rounds : DataFrame
        `round, score, low, high, index, points, stars, grade` of every plain round up to this one, or of the parts of a
        combined one.
    steps : DataFrame
        `title, line`: why this score.
    replies : DataFrame
        `date, text, in_time`: what the member has replied.
    hidden : DataFrame
        `label, reason`: sources that are not shown.
    """

    title: str
    round: str
    period: str
    member_id: str
    name: str
    unit: str
    category: str
    facts: dict[str, Any]
    profile: pd.DataFrame
    by_source: pd.DataFrame
    labels: dict[str, str]
    ledger: pd.DataFrame
    balances: pd.DataFrame
    rounds: pd.DataFrame
    steps: pd.DataFrame
    replies: pd.DataFrame
    hidden: pd.DataFrame


def open_sheet(study: str | Path, member: str = "", round: str = "") -> Sheet:  # noqa: A002  (the contract's word)
    """Open the sheet that a notebook was handed, or cut it from a study folder.

    Parameters
    ----------
    study : path
        A sheet file, or a study folder.
    member : str
        A member's id; blank for the first member of the study.
    round : str
        Blank for the newest.
    """
    path = Path(study)
    if path.is_file():
        return Sheet.from_json(path.read_text(encoding="utf-8"))
    # a sheet is handed what it shows, and need not know how studies are read and scored
    from toolkit.reporting.sheets import Sheets  # noqa: PLC0415
    from toolkit.scoring.scores import score  # noqa: PLC0415
    from toolkit.study import read_study  # noqa: PLC0415

    found = read_study(path)
    return Sheets(found, score(found), round or found.round).cut(member or str(found.members["member_id"].iloc[0]))

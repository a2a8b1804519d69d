"""The papers that a grade calls for, and which of them are not yet filed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from toolkit.conduct.decisions import day_of, decided, history
from toolkit.conduct.evidence import handed
from toolkit.scoring.conditions import known

if TYPE_CHECKING:
    import datetime as dt

    from toolkit.scoring.scores import Scores
    from toolkit.study import Study

PAPERS = ["round", "ratee_id", "grade", "item", "filed"]


def archive(study: Study, scores: Scores, name: str, *, as_of: dt.date | None = None) -> pd.DataFrame:
    """List the papers to be filed on everybody whose grade calls for some.

    Parameters
    ----------
    study : Study
        Rules, decisions and evidence.
    scores : Scores
        Proposed grades.
    name : str
        A round.
    as_of : date, optional
        See `day_of`; what is filed later is not filed yet.

    Returns
    -------
    DataFrame
        `round, ratee_id, grade` (the decided one, else the proposed), `item` and `filed`: the first day on which
        evidence.csv has it for this round, `""` where it is missing. In the order of ratees, then as the scheme lists
        the papers.
    """
    day = day_of(study, as_of, name)
    papers = study.schemes[name].conduct.archive
    filed = handed(study, name, day)
    rows = [
        (name, ratee, grade, item, filed.get((ratee, item), ""))
        for ratee, grade in grades(study, scores, name, day).items()
        for item in papers.get(grade, [])
    ]
    return pd.DataFrame(rows, columns=PAPERS, dtype=str)


def grades(study: Study, scores: Scores, name: str, day: str) -> dict[str, str]:
    """Grade of everybody who has one: the decided one where people decided up to a day (ISO), else the proposed."""
    proposed = scores.rungs[name].ratees["grade"]
    found = {str(ratee): str(grade) for ratee, grade in proposed.items() if known(grade)}
    return found | decided(history(study, name, day), "grade")

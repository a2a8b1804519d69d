"""Void ballots as a list, and scores with and without them side by side: for the organisers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from toolkit.faults import UsageError
from toolkit.reporting.privacy import safe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from toolkit.scoring.scores import Scores

FORMATS = (".csv", ".xlsx")
KEYS = ["round", "ratee_id", "source"]
BOTH = [*KEYS, "all", "counted", "change", "n_all", "n_counted"]


def beside(everything: Scores, counted: Scores) -> pd.DataFrame:
    """Scores made of every ballot beside those made of the ballots that count.

    Parameters
    ----------
    everything, counted : Scores
        Of the study read with `void=False`, and as its rules have it.

    Returns
    -------
    DataFrame
        `round, ratee_id, source` (blank: all sources), `all` and `counted` (scores over all indicators, 0-100, NaN for
        none), `change` and the raters `n_all` and `n_counted`: a row for everything that the void ballots touch, in the
        order of the scores.
    """
    parts = []
    for scores in (everything, counted):
        table = scores.table.astype({"indicator": str})
        rows = table.loc[table["indicator"] == "", [*KEYS, "score", "n"]]
        parts.append(rows.astype(dict.fromkeys(KEYS, str)))
    found = parts[0].merge(parts[1], on=KEYS, how="left", suffixes=("_all", "_counted"))
    found = found.rename(columns={"score_all": "all", "score_counted": "counted"})
    found["change"] = found["counted"] - found["all"]
    same = (found["all"].fillna(-1) == found["counted"].fillna(-1)) & (found["n_all"] == found["n_counted"])
    return found.loc[~same, BOTH].reset_index(drop=True)


def lines(void: pd.DataFrame, both: pd.DataFrame) -> Iterator[str]:
    """A line for every rule that a ballot breaks, then one for every score that changes; tabs between."""
    for row in void.to_dict("records"):
        ballot = f"ballot {row['ballot']}" if row["ballot"] else "every ballot"
        place = "/".join(filter(None, [row["unit_id"], row["ratee_id"]]))
        yield "\t".join([row["round"], row["source"], place, ballot, row["rule"], row["found"]])
    for row in both.to_dict("records"):
        scores = f"{_written(row['all'])} -> {_written(row['counted'])}"
        raters = f"{row['n_all']:.0f} -> {row['n_counted']:.0f} raters"
        yield "\t".join([row["round"], row["source"] or "all sources", row["ratee_id"], scores, raters])


def write_void(void: pd.DataFrame, both: pd.DataFrame, path: Path) -> list[Path]:
    """Write the void ballots and the scores side by side, unsuppressed: the organisers' file.

    Parameters
    ----------
    void : DataFrame
        `Study.void`.
    both : DataFrame
        See `beside`.
    path : path
        `.csv` holds the ballots, and `NAME.scores.csv` beside it the scores; a workbook has a sheet for each.

    Raises
    ------
    UsageError
        If the format is neither.
    """
    if path.suffix not in FORMATS:
        raise UsageError(f"--out: {path.name!r}, must end in one of {', '.join(FORMATS)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".xlsx":
        with pd.ExcelWriter(path, engine="openpyxl") as book:
            for name, frame in (("ballots", void), ("scores", both)):
                safe(frame).to_excel(book, sheet_name=name, index=False, freeze_panes=(1, 0))
        return [path]
    scores = path.with_suffix(".scores.csv")
    for target, frame in ((path, void), (scores, both)):
        safe(frame).to_csv(target, index=False, lineterminator="\n", encoding="utf-8-sig")
    return [path, scores]


def _written(score: float) -> str:
    return "-" if pd.isna(score) else f"{score:.2f}"

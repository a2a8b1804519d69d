"""Scores as files: the organisers' working file, and the part of it that a unit may hold."""

from __future__ import annotations

import csv
from fractions import Fraction
from io import StringIO
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.faults import UsageError
from toolkit.reporting.privacy import cell, safe

if TYPE_CHECKING:
    from pathlib import Path

    from toolkit.reporting.slices import Slice
    from toolkit.scoring.scores import Scores

FORMATS = (".csv", ".parquet", ".xlsx")
RESULTS = ("ledger", "points", "satisfaction", "bottom", "components", "attainment", "models", "reasons")
"""Tables of `Scores` that the schemes of some studies fill."""


def unit_scores(view: Slice) -> str:
    """CSV of what a unit's report shows: means of the unit by source and indicator, then its members' scores.

    Columns `ratee_id, name, source, indicator, score, low, high, grade`; blank source = all sources, blank indicator =
    all indicators. Sources that the report hides are not there.
    """
    text = StringIO()
    out = csv.writer(text, lineterminator="\n")  # a frame would take longer than everything else that a unit is handed
    out.writerow(["ratee_id", "name", "source", "indicator", "score", "low", "high", "grade"])
    indicators = view.matrix["indicator"].tolist()
    for source, column in (*view.by_source.items(), ("", view.matrix["score"])):
        for indicator, score in zip(indicators, column.tolist(), strict=True):
            if not pd.isna(score):
                out.writerow([cell(view.unit_id), cell(view.unit), source, indicator, score, "", "", ""])
    numbers = ("score", "low", "high")
    for row in view.league.to_dict("records"):
        told = ["" if pd.isna(row[name]) else row[name] for name in numbers]
        out.writerow([cell(row["member_id"]), cell(row["name"]), "", "", *told, cell(row["grade"])])
    return text.getvalue()


def numeric(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame whose exact fractions are plain numbers, as files have them; what is of several kinds is text."""
    plain = frame.copy()
    for name in [column for column in frame if frame[column].dtype == object]:
        values = [float(value) if isinstance(value, Fraction) else value for value in frame[name]]
        mixed = any(isinstance(value, str) for value in values)
        texts = ["" if value is None else str(value) for value in values]
        plain[name] = texts if mixed else pd.Series(values, frame.index, dtype=float)
    return plain


def write_scores(scores: Scores, path: Path) -> list[Path]:
    """Write all scores, unsuppressed: the organisers' working file.

    Parameters
    ----------
    scores : Scores
        The scores of a study.
    path : path
        `.csv`, `.parquet` or `.xlsx`. A workbook holds the sheets `scores`, `ratees`, `units` and of `RESULTS` those
        that hold anything; the other formats get a file for each, such as `NAME.ratees.csv`, beside the one named.

    Returns
    -------
    list of path
        Every file written.

    Raises
    ------
    UsageError
        If the format is none of these.
    """
    if path.suffix not in FORMATS:
        raise UsageError(f"--out: {path.name!r}, must end in one of {', '.join(FORMATS)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    keys = ["round", "ratee_id", "source", "indicator"]
    frames = {"scores": scores.table.astype(dict.fromkeys(keys, str)), "ratees": scores.ratees, "units": scores.units}
    results = {name: numeric(getattr(scores, name)) for name in RESULTS}
    frames |= {name: frame for name, frame in results.items() if len(frame)}
    if path.suffix == ".xlsx":
        with pd.ExcelWriter(path, engine="openpyxl") as book:
            for name, frame in frames.items():
                safe(frame).to_excel(book, sheet_name=name, index=False, freeze_panes=(1, 0))
        return [path]
    written = []
    for name, frame in frames.items():
        target = path if name == "scores" else path.with_suffix(f".{name}{path.suffix}")
        if path.suffix == ".parquet":
            frame.to_parquet(target, index=False)
        else:
            safe(frame).to_csv(target, index=False, lineterminator="\n", encoding="utf-8-sig")
        written.append(target)
    return written

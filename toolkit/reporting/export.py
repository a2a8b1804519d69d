"""Scores as files: the organisers' working file, and the part of it that a unit may hold."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.faults import UsageError
from toolkit.reporting.privacy import safe

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
    indicators = view.matrix["indicator"]
    scores = {**{name: view.by_source[name] for name in view.by_source}, "": view.matrix["score"]}
    means = pd.concat(
        [pd.DataFrame({"source": name, "indicator": indicators, "score": column}) for name, column in scores.items()]
    )
    means = means[means["score"].notna()].assign(ratee_id=view.unit_id, name=view.unit)
    people = view.league.rename(columns={"member_id": "ratee_id"}).assign(source="", indicator="")
    columns = ["ratee_id", "name", "source", "indicator", "score", "low", "high", "grade"]
    frame = pd.concat(
        [part.reindex(columns=columns) for part in (means, people) if len(part)] or [pd.DataFrame(columns=columns)]
    )
    return safe(frame).to_csv(index=False, lineterminator="\n")


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

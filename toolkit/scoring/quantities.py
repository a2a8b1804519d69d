"""What rules can ask of a ratee: one frame of quantities for each round.

A quantity is named as in a scheme: `score`, `points.study`, `measure.hours`. Scores, points and indices stand as
numbers, shares as exact fractions (0-1), grades and attributes as text. What is not known is missing (NaN or None).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.scheme import SELF
from toolkit.scoring.rounds import combined, in_time

if TYPE_CHECKING:
    from toolkit.scheme import Scheme
    from toolkit.study import Study


def gather(study: Study, name: str, rows: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """What rules may ask, as far as scores and tables tell it."""
    scheme = study.schemes[name]
    rated = rows[rows["kind"] != "post"]
    columns = ["kind", "name", "category", "counts", "exempt", "score", "low", "high", "coverage"]
    found = rated[columns].copy()
    parent = study.units.set_index("unit_id")["parent_id"]
    own = rated["kind"] == "unit"
    # a unit stands among those below the same parent
    found["unit_id"] = rated["unit_id"].where(~own, rated["unit_id"].map(parent)).fillna("")
    industry = study.units.set_index("unit_id")["industry"]
    found["industry"] = rated["unit_id"].map(industry).fillna("")
    found["counts"] = rated["counts"] | own
    mine = table[(table["round"] == name) & table["ratee_id"].isin(rated.index)]
    found["raters"] = _raters(scheme, mine).reindex(found.index)
    for of in scheme.quantities:
        kind, _, part = of.removeprefix("members.").partition(".")
        if kind == "score" and part:
            key = ("source", "indicator") if part in scheme.source_tree.names else ("indicator", "source")
            scores = mine[(mine[key[0]] == part) & (mine[key[1]] == "")]
            scores = scores.set_index(scores["ratee_id"].astype(str)).reindex(found.index)
            found[f"score.{part}"], found[f"coverage.{part}"] = scores["score"], scores["coverage"]
        elif kind == "measure":
            found[f"measure.{part}"] = _measure(study, name, part).reindex(found.index)
        elif kind == "attribute":
            found[f"attribute.{part}"] = _attribute(study, part).reindex(found.index)
    return found


def _raters(scheme: Scheme, rows: pd.DataFrame) -> pd.Series[float]:
    """How many have rated everybody: of each source those of its most answered indicator; not oneself."""
    others = [name for name in scheme.leaf_sources if name != SELF]
    rated = rows[rows["source"].isin(others) & (rows["n"] > 0)].astype({"ratee_id": str, "source": str})
    return rated.groupby(["ratee_id", "source"])["n"].max().groupby("ratee_id").sum()


def _measure(study: Study, name: str, measure: str) -> pd.Series[float]:
    """A measure of everybody who has it; in a combined round its own, else made of those of its rounds."""
    scheme = study.schemes[name]
    rows = study.measures[study.measures["measure"] == measure]
    own = rows[rows["round"] == name].set_index("subject_id")["value"]
    weights = combined(study, name)
    if weights is None:
        return own
    parts = rows[rows["round"].isin(weights)]
    how = scheme.measures[measure].combine if measure in scheme.measures else "mean"
    if how == "sum":
        # where a round is not recorded the sum is not known: less would be taken for a shortfall
        made = parts.groupby("subject_id")["value"].sum()[parts.groupby("subject_id").size() == len(weights)]
    elif how == "last":
        turn = [part for part in in_time(study) if part in weights]
        made = parts.sort_values("round", key=lambda names: names.map(turn.index)).groupby("subject_id")["value"].last()
    else:
        weight = parts["round"].map(weights)
        sums = (parts["value"] * weight).groupby(parts["subject_id"]).sum()
        made = sums / weight.groupby(parts["subject_id"]).sum()
    return own.combine_first(made)


def _attribute(study: Study, column: str) -> pd.Series[Any]:
    """A column of the members: numbers where all of it are, else text; blank is not known."""
    cells = study.members.set_index("member_id")[column] if column in study.members else pd.Series(dtype=str)
    numbers = pd.to_numeric(cells.where(cells != ""), errors="coerce")
    whole = bool(((cells == "") | numbers.notna()).all())
    return numbers if whole else cells.astype(object).where(cells != "", None)

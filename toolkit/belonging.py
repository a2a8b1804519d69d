"""Which unit stands above which, and who belongs to it."""

from __future__ import annotations

import pandas as pd


def belonging(members: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """`ratee_id, unit_id`: every member with his unit and every unit above it, up to `top_of` the units."""
    parent = dict(zip(units["unit_id"], units["parent_id"], strict=True))
    whole = [] if top_of(units) else [""]
    above = {unit: upwards(unit, parent) + whole for unit in parent}
    pairs = pd.DataFrame({"ratee_id": members["member_id"], "unit_id": members["unit_id"].map(above)})
    return pairs.explode("unit_id", ignore_index=True).dropna()


def top_of(units: pd.DataFrame) -> str:
    """The one unit above all others, or `""`, the whole study, where several stand at the top."""
    tops = units["unit_id"][~units["parent_id"].isin(units["unit_id"])]
    return str(tops.iloc[0]) if len(tops) == 1 else ""


def upwards(unit: str, parent: dict[str, str]) -> list[str]:
    """A unit and every unit above it, as far as that does not lead in a circle."""
    line = [unit]
    while (step := parent.get(line[-1], "")) and step not in line:
        line.append(step)
    return line

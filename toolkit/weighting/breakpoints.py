"""Where, as one weight of a desk moves, a member's grade or stars change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.scoring.evaluation import Weights
from toolkit.weighting.curves import Path, curves
from toolkit.weighting.ladders import ladders, names_of
from toolkit.weighting.outcomes import outcomes
from toolkit.weighting.sweep import CHANGES, changes_along

if TYPE_CHECKING:
    from toolkit.weighting.desk import Desk, Node
    from toolkit.weighting.model import Model

KINDS = ("member",)
POINTS, FEW = 201, 41
"""Points of the grid where changes are no roots; few of them where each weighting takes a climb of everybody."""


def breakpoints(model: Model, desk: Desk, node: Node) -> pd.DataFrame:
    """Changes of members as the weight of a node moves through its room, under the other weights as they are now.

    Parameters
    ----------
    model : Model
        The round.
    desk : Desk
        The weights; its locked ones stay, and the others keep their proportions.
    node : Node
        What is moved.

    Returns
    -------
    DataFrame
        `weight` (0-1), `ratee_id, about, before, at, after, within` as in `Sweep.changes`: roots for a source, where a
        sweep finds roots; else, and for an indicator, between two points of a grid, where what changes and changes back
        is not seen. Empty where the node has no room.

    Raises
    ------
    UsageError
        See `Desk.move`.
    """
    low, high = desk.room(node)
    if low == high:
        return pd.DataFrame(columns=CHANGES)
    start, end = (model.weighting(desk.move(node, weight).scheme) for weight in (low, high))
    now = float(desk.weight(node) / high)
    road = Path(node.name, "weight", now, start.sources[0], end.sources[0], start.indicators[0])
    if node.section == "sources" and _straight(model, road):
        found, _ = changes_along(model, road, kinds=KINDS)
    else:
        found = _gridded(model, start, end)
    return found.assign(weight=found["weight"] * float(high), within=found["within"] * float(high))


def _straight(model: Model, road: Path) -> bool:
    """Whether scores and what bands are of are curves that algebra can follow."""
    lines = [step.line for step in ladders(model) if step.kind in KINDS]
    return all(line is not None for line in lines) and not isinstance(curves(model, road), str)


def _gridded(model: Model, start: Weights, end: Weights) -> pd.DataFrame:
    """Changes between the points of a grid from one weighting to another."""
    points = FEW if model.scheme.missing.rule == "adjusted" else POINTS
    at = np.linspace(0, 1, points)[:, None, None]
    made = (first + at * (last - first) for first, last in zip(start, end, strict=True))
    found = outcomes(model, Weights(*made), kinds=KINDS)
    parts = []
    for ladder in (step for step in ladders(model) if step.kind in KINDS):
        level = getattr(found, ladder.about)[:, ladder.rows]
        step, ratee = np.nonzero(level[1:] != level[:-1])
        before, after = names_of(ladder, level[step, ratee]), names_of(ladder, level[step + 1, ratee])
        ids = model.quantities.index.to_numpy(dtype=object)[ladder.rows[ratee]]
        half = 0.5 / (points - 1)
        columns = [(step + 0.5) / (points - 1), ids, ladder.about, before, after, after, half]
        parts.append(pd.DataFrame(dict(zip(CHANGES, columns, strict=True))))
    whole = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=CHANGES)
    return whole.sort_values("weight", kind="stable", ignore_index=True)

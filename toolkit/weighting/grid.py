"""Changes along a path where algebra does not reach: seen between the points of a grid, and brackets halved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit.weighting.ladders import Changes
from toolkit.weighting.outcomes import outcomes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.weighting.curves import Path
    from toolkit.weighting.ladders import Ladder
    from toolkit.weighting.model import Model

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

POINTS = 201
"""Points of the grid; what changes and changes back between two of them is not seen."""
HALVED = 20
"""How often a bracket is halved: to 5e-9."""
EDGE = 1e-9
"""So near to an end of the path is just above 0, or just below 1."""


def bracketed(model: Model, road: Path, ladder: Ladder) -> tuple[Changes, str]:
    """Changes of the ratees of a ladder, and how exact they are, in words.

    Notes
    -----
    Clusters jump from one grouping to another for reasons that lie anywhere, so their brackets are left as they are.
    """

    def held(weights: Floats) -> Whole:
        found = outcomes(model, road.at(weights), kinds=(ladder.kind,))
        return np.asarray(getattr(found, ladder.about)[:, ladder.rows])

    inner = np.linspace(0, 1, POINTS)
    grid = np.concatenate([[0.0, EDGE], inner[1:-1], [1 - EDGE, 1.0]])
    level = held(grid)
    step, ratee = np.nonzero(level[1:] != level[:-1])
    low, high = grid[step], grid[step + 1]
    before, after = level[step, ratee], level[step + 1, ratee]
    ends = (step == 0) | (step == len(grid) - 2)
    halved = np.zeros_like(ends) if ladder.cluster is not None else ~ends
    for _ in range(HALVED if halved.any() else 0):
        middle, which = np.unique((low[halved] + high[halved]) / 2, return_inverse=True)
        here = held(middle)[which, ratee[halved]]
        low[halved] = np.where(here == before[halved], middle[which], low[halved])
        high[halved] = np.where(here == before[halved], high[halved], middle[which])
        after[halved] = np.where(here == before[halved], after[halved], here)
    first, last = step == 0, step == len(grid) - 2
    weight = np.where(first, 0.0, np.where(last, 1.0, (low + high) / 2))
    at = np.where(first, before, after)
    width = f"on a grid of {POINTS} weights" if ladder.cluster is not None else "and halved to 5e-9"
    return Changes(ratee, weight, before, at, after, np.where(ends, 0.0, (high - low) / 2)), width

"""How many have another grade than now, weight by weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Collection

    from toolkit.weighting.sweep import Sweep


def departures(found: Sweep, about: str, ratees: Collection[str]) -> pd.DataFrame:
    """How many of some ratees have another grade, or other stars, than under the present weight.

    Parameters
    ----------
    found : Sweep
        A sweep.
    about : {"grade", "stars"}
        What is looked at.
    ratees : collection of str
        Ids; others do not count.

    Returns
    -------
    DataFrame
        `weight` (0-1, ascending, the first is 0), `count`: from this weight to the next. What holds at a single weight
        only, such as a tie, does not count; who has no grade has another one than he who has.
    """
    mine = found.changes[(found.changes["about"] == about) & found.changes["ratee_id"].isin(ratees)]
    present = found.standing[found.standing["about"] == about].set_index("ratee_id")["level"].fillna("")
    now = mine["ratee_id"].map(present)
    away = {side: (mine[side].fillna("") != now).astype(int) for side in ("before", "after")}
    first = ~mine["ratee_id"].duplicated()
    step = (away["after"] - away["before"]).groupby(mine["weight"].to_numpy()).sum()
    start = int(away["before"][first].sum())
    weight = np.append(0.0, step.index.to_numpy(dtype=float))
    count = start + np.append(0, np.cumsum(step.to_numpy(dtype=int)))
    last = np.append(weight[1:] > weight[:-1], True)  # a change at 0 leaves but its outcome
    return pd.DataFrame({"weight": weight[last], "count": count[last]})

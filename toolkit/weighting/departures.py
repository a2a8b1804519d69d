"""Who would have another grade than now, and how many: weight by weight, and the nearest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Collection

    from toolkit.weighting.sweep import Sweep

NEAREST = ["ratee_id", "about", "weight", "present", "then", "distance"]


def count_departures(found: Sweep, about: str, ratees: Collection[str]) -> pd.DataFrame:
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
    step = (away["after"] - away["before"]).groupby(mine["weight"].to_numpy(dtype=float)).sum()
    weight = np.append(0.0, step.index.to_numpy(dtype=float))
    count = int(away["before"][first].sum()) + np.append(0, np.cumsum(step.to_numpy(dtype=int)))
    last = np.append(weight[1:] > weight[:-1], True)  # a change at 0 leaves but its outcome
    return pd.DataFrame({"weight": weight[last], "count": count[last]})


def list_nearest(found: Sweep, ratees: Collection[str]) -> pd.DataFrame:
    """The change of each ratee's grade, and of his stars, that is nearest to the present weight.

    Returns
    -------
    DataFrame
        `ratee_id, about, weight` (0-1), `present, then` (names, None for none), `distance` (of the weights); the
        nearest first. Who has the same at every weight is not in it.
    """
    mine = found.changes[found.changes["ratee_id"].isin(ratees)]
    distance = (mine["weight"].astype(float) - found.now).abs()
    here = found.standing.set_index(["ratee_id", "about"])["level"]
    present = here.reindex(pd.MultiIndex.from_frame(mine[["ratee_id", "about"]])).to_numpy(dtype=object)
    beyond = np.where(mine["weight"] < found.now, mine["before"], mine["after"])
    # what changes at a single weight only is the same on both sides of it
    only = pd.Series(beyond, dtype=object).fillna("") == pd.Series(present, dtype=object).fillna("")
    then = np.where(only, mine["at"], beyond)
    held = mine[["ratee_id", "about", "weight"]].assign(present=present, then=then, distance=distance)
    ordered = held.sort_values("distance", kind="stable").drop_duplicates(["ratee_id", "about"])
    return ordered.reset_index(drop=True)[NEAREST]

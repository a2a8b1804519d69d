"""Pairs (1+1): who helps whom to mend something."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd


def pair(needy: Iterable[str], people: pd.DataFrame, busy: Iterable[str] = ()) -> dict[str, str]:
    """Find a helper in his own unit for everybody who is to mend something.

    Parameters
    ----------
    needy : iterable of str
        Members, in the order in which they are served.
    people : DataFrame
        Index: the member. `unit_id`, `score` (0-100, NaN where missing) and `helps` (whether he can help).
    busy : iterable of str
        Members who help somebody already, once for each whom they help.

    Returns
    -------
    dict
        Helper by member, `""` where the unit has none. Of those who help the fewest the one with the highest score is
        taken, ties by id: nobody helps twice as long as another helps nobody.
    """
    able = people[people["helps"]].assign(ratee_id=people.index[people["helps"]])
    able = able.sort_values(["score", "ratee_id"], ascending=[False, True], na_position="last")
    by_unit = {str(unit): list(part["ratee_id"]) for unit, part in able.groupby("unit_id")}
    load = Counter(busy)
    found = {}
    for member in needy:
        unit = str(people["unit_id"].get(member, ""))
        others = [helper for helper in by_unit.get(unit, []) if helper != member]
        found[member] = min(others, key=lambda helper: load[helper], default="")  # min takes the first of several
        load[found[member]] += 1
    return found

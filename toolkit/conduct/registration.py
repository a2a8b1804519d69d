"""Registration: admit, defer or deny, with the conditions that call for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from toolkit.conduct.grounds import met, unknown
from toolkit.scoring.conditions import known

if TYPE_CHECKING:
    from toolkit.rules import Registration

MATTER = "registration"
COLUMNS = ["ratee_id", "matter", "code", "of", "value", "bound"]


def register(quantities: pd.DataFrame, rules: Registration | None) -> tuple[pd.Series[str], pd.DataFrame]:
    """Propose to admit, defer or deny every member.

    Parameters
    ----------
    quantities : DataFrame
        See `grounds`; units are passed over.
    rules : Registration or None
        Conditions; None proposes nothing.

    Returns
    -------
    proposals : Series of str
        By member: "deny" (meets a condition of `deny`), else "defer" (meets one of `defer`), else "admit" (is graded or
        scored), else "none": of him too little is known, and people alone decide.
    reasons : DataFrame
        `ratee_id, matter, code, of, value, bound`; at least one for each proposal. "met": the conditions that call for
        it. To admit has the code "none" (no condition is against it), and "unknown" for each condition that could not
        be asked. "none" has the code "exempt" (from rating), or "unknown" for what is not known.
    """
    people = quantities[quantities["kind"] == "member"]
    if rules is None:
        return pd.Series(dtype=str), pd.DataFrame(columns=COLUMNS)
    deny, defer = met(people, rules.deny, MATTER), met(people, rules.defer, MATTER)
    defer = defer[~defer["ratee_id"].isin(deny["ratee_id"])]
    found = pd.Series("none", people.index, dtype=str)
    found[_rated(people)] = "admit"
    found[people.index.isin(defer["ratee_id"])] = "defer"
    found[people.index.isin(deny["ratee_id"])] = "deny"
    rest = people[found.isin(["admit", "none"])]
    dark = unknown(rest[~rest["exempt"].astype(bool)], [*rules.deny, *rules.defer], MATTER)
    plain = _plainly(rest, found, set(dark["ratee_id"]))
    parts = [part for part in (deny, defer, plain, dark) if len(part)]
    return found, pd.concat(parts or [deny], ignore_index=True)[COLUMNS]


def _rated(people: pd.DataFrame) -> pd.Series[bool]:
    """Whether a member is graded or scored."""
    there = people["score"].map(known)
    return (there | people["grade"].map(known) if "grade" in people else there).astype(bool)


def _plainly(people: pd.DataFrame, proposed: pd.Series[str], dark: set[str]) -> pd.DataFrame:
    """Reasons that are no conditions."""
    rows = []
    for ratee, exempt in people["exempt"].items():
        if proposed[str(ratee)] == "admit":
            rows.append((ratee, MATTER, "none", "", None, ""))
        elif exempt:
            rows.append((ratee, MATTER, "exempt", "", None, ""))
        elif ratee not in dark:
            rows.append((ratee, MATTER, "unknown", "score", None, ""))
    return pd.DataFrame(rows, columns=COLUMNS).astype({"value": object})

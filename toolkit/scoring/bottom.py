"""Who is least satisfactory, as far as the answers support it."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toolkit.scoring.conditions import holds
from toolkit.scoring.proportions import parts, weights_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toolkit.rules import Bottom, Satisfaction

COLUMNS = ["ratee_id", "kind", "n", "dissatisfied", "low", "high", "others", "verdict", "place"]
VERDICTS = ("few", "unsupported", "bottom", "tied", "other")
"""See `list_bottom`."""


def list_bottom(table: pd.DataFrame, kinds: Mapping[str, str], rules: Satisfaction) -> pd.DataFrame:
    """List who is least satisfactory, as far as the answers support it.

    Parameters
    ----------
    table : DataFrame
        See `tabulate`.
    kinds : mapping
        "member" or "unit" for each ratee: each is compared with, and placed among, its own kind.
    rules : Satisfaction
        With fewer valid answers than `bottom.min` there is not enough data; at most `bottom.places` are listed.

    Returns
    -------
    DataFrame
        A row for each ratee: `ratee_id, kind, n, dissatisfied, low, high` (on all topics, of all panels), `others`, an
        exact share (0-1; None where there are none), `verdict` and `place` (NaN unless "bottom").

        - "few": not enough data.
        - "unsupported": the interval does not lie above `others`; the ratee is not shown to be worse.
        - "bottom": supported, and among the most dissatisfied of those who are; ties share the place.
        - "tied": so too, but in a tie that straddles the last place, which stays out whole.
        - "other": supported, beyond the places.

    Notes
    -----
    `others` is the share of the answers about all the others of the kind, added up. Where panels have weights, it is
    added up within each panel of the ratee and weighted as the ratee's own, renormalised over the panels that know
    others: a ratee is not worse for being asked about by a stricter panel.
    """
    if rules.bottom is None:
        return pd.DataFrame(columns=COLUMNS)
    whole = table[table["topic"] == ""]
    found = whole[whole["panel"] == ""].reset_index(drop=True)
    found["kind"] = found["ratee_id"].map(kinds)
    others = _others(whole[whole["panel"] != ""], kinds, rules)
    found["others"] = pd.Series([others[ratee] for ratee in found["ratee_id"]], dtype=object)
    ends = zip(found["low"], found["others"], strict=True)
    worse = np.array([share is not None and holds(low, "above", share) for low, share in ends], dtype=bool)
    found["verdict"] = np.select([found["n"] < rules.bottom.min, ~worse], ["few", "unsupported"], "other")
    found["place"] = np.nan
    for _, rows in found[found["verdict"] == "other"].groupby("kind"):
        placed = _places(rows["dissatisfied"], rules.bottom)
        found.loc[rows.index, "verdict"], found.loc[rows.index, "place"] = placed["verdict"], placed["place"]
    return found[COLUMNS]


def _others(panels: pd.DataFrame, kinds: Mapping[str, str], rules: Satisfaction) -> dict[str, Fraction | None]:
    """Share of dissatisfied answers about all others of a ratee's kind, None where there are none."""
    weights = weights_of(rules.panels)
    bad, base = _answers(panels, rules)
    found: dict[str, Fraction | None] = {}
    for kind in set(kinds.values()):
        alike = [ratee for ratee in base if kinds[ratee] == kind]
        all_bad, all_base = (sum((counts[ratee] for ratee in alike), Counter()) for counts in (bad, base))
        for ratee in alike:
            known = [*all_base] if weights is None else [name for name in base[ratee] if weights.get(name)]
            left = {name: all_base[name] - base[ratee][name] for name in known if all_base[name] > base[ratee][name]}
            shares = [
                part * Fraction(all_bad[name] - bad[ratee][name], left[name])
                for name, part in parts(left, weights).items()
            ]
            found[ratee] = sum(shares, start=Fraction(0)) if shares else None
    return found


def _answers(panels: pd.DataFrame, rules: Satisfaction) -> tuple[dict[str, Counter[str]], dict[str, Counter[str]]]:
    """Of each ratee by panel: dissatisfied answers, and the base of their share; panels without a base are left out."""
    bad: dict[str, Counter[str]] = {ratee: Counter() for ratee in panels["ratee_id"]}
    base: dict[str, Counter[str]] = {ratee: Counter() for ratee in panels["ratee_id"]}
    sizes = panels["n"] + (panels["blank"] if rules.blank == "inside" else 0)
    for ratee, panel, share, size in zip(
        panels["ratee_id"], panels["panel"], panels["dissatisfied"], sizes, strict=True
    ):
        if share is not None:
            bad[ratee][panel], base[ratee][panel] = int(share * size), size
    return bad, base


def _places(shares: pd.Series[Any], bottom: Bottom) -> pd.DataFrame:
    """`verdict, place` of those who are shown to be worse than the others, placed from the largest share down."""
    rows = []
    for share in shares:
        place = 1 + sum(other > share for other in shares)
        last = place - 1 + sum(other == share for other in shares)
        verdict = "other" if place > bottom.places else "tied" if last > bottom.places else "bottom"
        rows.append((verdict, float(place) if verdict == "bottom" else np.nan))
    return pd.DataFrame(rows, columns=["verdict", "place"], index=shares.index)

"""Who is least satisfactory, as far as the answers support it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toolkit.scoring.proportions import fractions, mean_of_shares, ratios, weights_of, whole_weights
from toolkit.scoring.ranks import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from numpy.typing import NDArray

    from toolkit.rules import Bottom, Satisfaction

    Codes = NDArray[np.int64]
    Whole = NDArray[Any]  # numbers of 64 bits, or Python's

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
    others = _others(found, whole[whole["panel"] != ""], rules)
    found["others"] = pd.Series(fractions(*others), dtype=object)
    worse = found["low"].to_numpy(dtype=float) - ratios(*others) > TOLERANCE
    found["verdict"] = np.select([found["n"] < rules.bottom.min, ~worse], ["few", "unsupported"], "other")
    found["place"] = np.nan
    for _, rows in found[found["verdict"] == "other"].groupby("kind"):
        placed = _places(rows["dissatisfied"], rules.bottom)
        found.loc[rows.index, "verdict"], found.loc[rows.index, "place"] = placed["verdict"], placed["place"]
    return found[COLUMNS]


def _others(found: pd.DataFrame, panels: pd.DataFrame, rules: Satisfaction) -> tuple[Whole, Whole]:
    """Share of dissatisfied answers about all others of each ratee's kind, in whole numbers; 0 over 0 without any."""
    weights = weights_of(rules.panels)
    known = panels[panels["dissatisfied"].notna()]  # panels without a base are left out
    panel, names = pd.factorize(known["panel"])
    at = pd.Index(found["ratee_id"]).get_indexer(pd.Index(known["ratee_id"])), panel
    base, bad = (np.zeros((len(found), len(names)), dtype=np.int64) for _ in range(2))
    base[at] = known["n"] + (known["blank"] if rules.blank == "inside" else 0)
    bad[at] = np.rint(base[at] * known["dissatisfied"].to_numpy(dtype=float))
    kind, kinds = pd.factorize(found["kind"])
    left_bad, left = (_of_others(counts, kind, len(kinds)) for counts in (bad, base))
    weight, _ = whole_weights([str(name) for name in names], weights)
    return mean_of_shares(left_bad, left, left if weights is None else np.where((base > 0) & (left > 0), weight, 0))


def _of_others(counts: Codes, kind: Codes, kinds: int) -> Codes:
    """What all others of the same kind have, column by column."""
    totals = np.zeros((kinds, counts.shape[1]), dtype=np.int64)
    np.add.at(totals, kind, counts)
    return totals[kind] - counts


def _places(shares: pd.Series[Any], bottom: Bottom) -> pd.DataFrame:
    """`verdict, place` of those who are shown to be worse than the others, placed from the largest share down."""
    given: dict[Fraction, tuple[str, float]] = {}
    numbers, place = Counter(shares), 1
    for share in sorted(numbers, reverse=True):
        last = place - 1 + numbers[share]
        verdict = "other" if place > bottom.places else "tied" if last > bottom.places else "bottom"
        given[share] = verdict, float(place) if verdict == "bottom" else np.nan
        place = last + 1
    return pd.DataFrame([given[share] for share in shares], columns=["verdict", "place"], index=shares.index)

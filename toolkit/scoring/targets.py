"""Targets by category and industry, in the version that is in force; and who meets the standard of a role model."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from toolkit.scoring.conditions import check, holds, keeps, known

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from toolkit.rules import Target
    from toolkit.scheme import Scheme

ATTAINED = ["ratee_id", "of", "target", "value", "gap", "attainment", "met", "since"]
MODELS = ["ratee_id", "standard", "of", "value", "bound"]


class Aim(NamedTuple):
    """What is to be reached, and since when that version is in force (None: since ever)."""

    reach: Fraction
    since: dt.date | None


def in_force(scheme: Scheme, category: str, industry: str, day: dt.date | None) -> dict[str, Aim]:
    """Targets of a category in an industry on a day, by quantity.

    Of several the most particular holds: one for the industry before one for the category, both before either, and
    one for everybody last; of these the newest that is in force. The targets that a category states itself are for the
    category, and the oldest. Without a day every version is in force.
    """
    own = scheme.categories[category].targets if category in scheme.categories else {}
    found: dict[str, tuple[tuple[int, str], Aim]] = {of: ((1, ""), Aim(reach, None)) for of, reach in own.items()}
    for target in _applying(scheme.targets, category, industry, day):
        particular = (target.categories is not None) + 2 * (target.industries is not None)
        key = (particular, str(target.start or ""))
        for of, reach in target.reach.items():
            if of not in found or key >= found[of][0]:
                found[of] = key, Aim(reach, target.start)
    return {of: aim for of, (_, aim) in found.items()}


def _applying(targets: Iterable[Target], category: str, industry: str, day: dt.date | None) -> list[Target]:
    return [
        target
        for target in targets
        if (target.categories is None or category in target.categories)
        and (target.industries is None or industry in target.industries)
        and (target.start is None or day is None or target.start <= day)
    ]


def attain(quantities: pd.DataFrame, scheme: Scheme, day: dt.date | None) -> pd.DataFrame:
    """Gap and attainment of every ratee for each of its targets.

    Parameters
    ----------
    quantities : DataFrame
        Index: the ratee. A column for each quantity, and `category, industry`.
    scheme : Scheme
        Targets.
    day : date or None
        The round's last day: the version of the targets is that of this day.

    Returns
    -------
    DataFrame
        `ratee_id, of, target, value` (NaN where not known), `gap` (value - target: below 0 it falls short),
        `attainment` (value / target; NaN for a target of 0), `met` (value >= target; False where not known), `since`
        (first day of the version, "" where it has none).
    """
    parts = [pd.DataFrame(columns=ATTAINED)]
    for (category, industry), group in quantities.groupby(["category", "industry"], sort=False):
        for of, aim in in_force(scheme, str(category), str(industry), day).items():
            column = group[of] if of in group else pd.Series(None, group.index, dtype=object)
            parts.append(_attained(column, of, aim))
    found = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    order = {ratee: place for place, ratee in enumerate(quantities.index)}
    return found.sort_values("ratee_id", key=lambda ids: ids.map(order), kind="stable", ignore_index=True)


def _attained(column: pd.Series[Any], of: str, aim: Aim) -> pd.DataFrame:
    """How some ratees stand to one target."""
    values = column.tolist()
    number = np.array([float(value) if known(value) else np.nan for value in values])
    reach = float(aim.reach)
    met = keeps(number, "min", aim.reach)
    for place, value in enumerate(values):
        if isinstance(value, Fraction):
            met[place] = holds(value, "min", aim.reach)
    row = {"of": of, "target": reach, "value": number, "gap": number - reach}
    row |= {"attainment": number / reach if reach else np.nan, "met": met, "since": str(aim.since or "")}
    return pd.DataFrame({"ratee_id": column.index, **row})


def role_models(quantities: pd.DataFrame, scheme: Scheme) -> pd.DataFrame:
    """Who meets every condition of a standard, with the value that meets each.

    Parameters
    ----------
    quantities : DataFrame
        Index: the ratee. A column for each quantity, and `kind`.
    scheme : Scheme
        Its `models`.

    Returns
    -------
    DataFrame
        `ratee_id, standard, of, value, bound`: a row for each condition that a role model met.
    """
    parts = []
    for name, standard in scheme.models.items():
        group = quantities[quantities["kind"] == standard.ratee]
        met = check(group, standard.require, about=name, met=True)
        whole = met["ratee_id"].value_counts()
        kept = met[met["ratee_id"].isin(whole.index[whole == len(standard.require)])]
        order = {ratee: place for place, ratee in enumerate(group.index)}
        parts.append(kept.sort_values("ratee_id", key=lambda ids: ids.map(order), kind="stable"))
    if not parts:
        return pd.DataFrame(columns=MODELS)
    return pd.concat(parts, ignore_index=True).rename(columns={"about": "standard"})[MODELS]

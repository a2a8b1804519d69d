"""Scores that are means of other scores: a member's of his posts, a year's of its rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toolkit.scheme import Scheme

BETWEEN = 1e-9


def posts(table: pd.DataFrame, ratees: pd.DataFrame) -> pd.DataFrame:
    """Give every holder of posts the mean of his posts' scores by share; the posts stay in the table.

    Parameters
    ----------
    table : DataFrame
        Scores of one round, `ratee_id` categorical in the order of the study.
    ratees : DataFrame
        `list_ratees` of the round.
    """
    held = ratees[ratees["kind"] == "post"]
    if held.empty:
        return table
    own = table["ratee_id"].isin(held["owner"])
    parts = table[table["ratee_id"].isin(held["ratee_id"])]
    known = held.set_index("ratee_id")
    ids = parts["ratee_id"].astype(str)
    weight = known["share"].reindex(ids).to_numpy()
    owner = pd.Categorical(known["owner"].reindex(ids), categories=table["ratee_id"].cat.categories)
    made = _mean(parts.assign(ratee_id=owner, weight=weight), ["round", "ratee_id", "source", "indicator"])
    return _sorted(pd.concat([table[~own], made[table.columns]], ignore_index=True), table, "ratee_id")


def rounds(
    tables: Mapping[str, pd.DataFrame], weights: Mapping[str, float], name: str, key: str, scheme: Scheme
) -> pd.DataFrame:
    """Scores of a combined round: the mean of its rounds by weight, with the missing rule of the scheme.

    Parameters
    ----------
    tables : mapping
        Table of every plain round.
    weights : mapping
        Weight of each round that is combined; sums to 1.
    name : str
        The combined round.
    key : str
        Column of what is scored: `ratee_id` or `unit_id`.
    """
    keys = [key, "source", "indicator"]
    parts = pd.concat([tables[part].astype(dict.fromkeys(keys, str)).assign(weight=weight) for part, weight in weights.items()])
    ids = pd.unique(pd.concat([tables[part][key].astype(str) for part in weights]))
    made = _mean(parts.astype({key: pd.CategoricalDtype(ids)}), keys)
    made["round"] = name
    if scheme.missing.rule == "fail":
        lacking = made["coverage"] < 1 - BETWEEN
        made = made.assign(**{column: made[column].mask(lacking) for column in ("score", "low", "high")})
    made = judged(made, scheme)
    first = tables[next(iter(weights))]
    return _sorted(made[first.columns], made, key)


def _mean(parts: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Weighted means by `keys`; scores are renormalised over what is there, coverage is not."""
    seen = parts["score"].notna()
    work = parts[keys].copy()
    work["asked"] = parts["weight"]
    work["seen"] = parts["weight"].where(seen, 0.0)
    for column in ("score", "low", "high"):
        work[column] = (parts[column] * parts["weight"]).where(seen, 0.0)
    work["coverage"] = parts["coverage"] * parts["weight"]
    counted = [column for column in ("n", "members", "raters") if column in parts]
    groups = work.groupby(keys, observed=True, sort=False)
    # one part without an interval leaves the whole without one: skipna would make it narrower
    made = groups[["asked", "seen", "score", "coverage"]].sum()
    for column in ("low", "high"):
        made[column] = groups[column].sum().mask(work[column].isna().groupby([work[key] for key in keys], observed=True).any())
        made[column] = made[column] / made["seen"].where(made["seen"] > 0)
    made["score"] = made["score"] / made["seen"].where(made["seen"] > 0)
    made["coverage"] = made["coverage"] / made["asked"]
    least = parts[keys].join(parts[counted].where(seen)).groupby(keys, observed=True, sort=False)[counted].min()
    return made.join(least.fillna(0)).reset_index()


def judged(table: pd.DataFrame, scheme: Scheme) -> pd.DataFrame:
    """Take away composites of ratees that rest on less coverage than the scheme demands."""
    if "ratee_id" not in table:
        return table
    composite = (table["source"] == "") & (table["indicator"] == "")
    thin = composite & (table["coverage"] < float(scheme.missing.min_coverage) - BETWEEN)
    return table.assign(**{name: table[name].mask(thin) for name in ("score", "low", "high")})


def _sorted(table: pd.DataFrame, like: pd.DataFrame, key: str) -> pd.DataFrame:
    order = table[key].astype(like[key].dtype).cat.codes
    return table.assign(**{key: table[key].astype(like[key].dtype)}).iloc[order.argsort(kind="stable")].reset_index(drop=True)

"""Scores that are means of other scores: a member's of his posts, a year's of its rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from toolkit.scoring.ranks import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toolkit.scheme import Scheme

VALUES = ["score", "low", "high"]


def posts(table: pd.DataFrame, ratees: pd.DataFrame, scheme: Scheme) -> pd.DataFrame:
    """Give every member who was rated in his posts the mean of their scores by share; those posts stay in the table.

    Parameters
    ----------
    table : DataFrame
        Scores of one round, `ratee_id` categorical in the order of the study.
    ratees : DataFrame
        `list_ratees` of the round.
    scheme : Scheme
        The round's scheme.
    """
    held = ratees[ratees["kind"] == "post"].set_index("ratee_id")
    if held.empty:
        return table
    rated = held.index.isin(table.loc[table["coverage"] > 0, "ratee_id"])
    by_post = held[held["owner"].isin(held["owner"][rated])]
    # whoever was rated in person is no less so for holding posts
    rest = table[~table["ratee_id"].isin([*by_post["owner"], *held.index])]
    parts = table[table["ratee_id"].isin(by_post.index)]
    post = by_post.reindex(parts["ratee_id"].astype(str))
    owner = pd.Categorical(post["owner"], categories=table["ratee_id"].cat.categories)
    weighted = parts.assign(ratee_id=owner, weight=post["share"].to_numpy())
    made = _mean(weighted, ["round", "ratee_id", "source", "indicator"], scheme)
    return _sorted(pd.concat([rest, parts, made[table.columns]], ignore_index=True), table, "ratee_id")


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
    parts = pd.concat(
        [tables[part].astype(dict.fromkeys(keys, str)).assign(weight=weight) for part, weight in weights.items()]
    )
    ids = pd.Index(pd.concat([tables[part][key].astype(str) for part in weights]).unique())
    made = _mean(parts.astype({key: pd.CategoricalDtype(ids)}), keys, scheme)
    made["round"] = name
    made = judged(made, scheme)
    first = tables[next(iter(weights))]
    return _sorted(made[first.columns], made, key)


def _mean(parts: pd.DataFrame, keys: list[str], scheme: Scheme) -> pd.DataFrame:
    """Weighted means by `keys`; scores are renormalised over what is there, coverage is not."""
    seen = parts["score"].notna()
    weight = parts["weight"].where(seen, 0.0)
    work = parts[keys].assign(asked=parts["weight"], seen=weight, unbounded=seen & parts["low"].isna())
    for column in ("score", "low", "high", "coverage"):
        work[column] = (parts[column] * weight).where(seen, 0.0)
    for column in ("n", "members", "raters"):
        if column in parts:
            work[column] = parts[column].where(seen)
    sums = dict.fromkeys(["asked", "seen", "score", "low", "high", "coverage"], "sum")
    least = {column: "min" for column in ("n", "members", "raters") if column in parts}
    made = work.groupby(keys, observed=True, sort=False).agg(sums | least | {"unbounded": "any"})
    made["coverage"] = made["coverage"] / made["asked"]
    for column in VALUES:
        made[column] = made[column] / made["seen"].where(made["seen"] > 0)
    made = made.fillna(dict.fromkeys(least, 0))
    # one part without an interval leaves the whole without one: to leave it out would make it narrower
    made[["low", "high"]] = made[["low", "high"]].mask(made["unbounded"])
    if scheme.missing.rule == "fail":
        made[VALUES] = made[VALUES].mask(made["coverage"] < 1 - TOLERANCE)
    return made.reset_index()


def judged(table: pd.DataFrame, scheme: Scheme) -> pd.DataFrame:
    """Take away composites of ratees that rest on less coverage than the scheme demands."""
    if "ratee_id" not in table:
        return table
    composite = (table["source"] == "") & (table["indicator"] == "")
    thin = composite & (table["coverage"] < float(scheme.missing.min_coverage) - TOLERANCE)
    return table.assign(**{name: table[name].mask(thin) for name in VALUES})


def _sorted(table: pd.DataFrame, like: pd.DataFrame, key: str) -> pd.DataFrame:
    ids = table[key].astype(like[key].dtype)
    return table.assign(**{key: ids}).iloc[ids.cat.codes.argsort(kind="stable")].reset_index(drop=True)

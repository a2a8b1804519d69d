"""Grades by score, index, points or votes, with conditions and quotas: what the rules propose, and why."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.rules import bounds
from toolkit.scoring.bands import assign, locate
from toolkit.scoring.conditions import REASONS, asked, holds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toolkit.rules import Grades, VoteRule, Votes
    from toolkit.scheme import Scheme


def grade(
    ratees: pd.DataFrame,
    rules: Grades,
    quantities: pd.DataFrame | None = None,
    votes: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Propose a grade for every ratee that has a value.

    Parameters
    ----------
    ratees : DataFrame
        Index: the ratee. `value` (score, index or points; NaN: no grade), `unit_id`, `category`, and `counts`: whether
        the ratee belongs to a quota's base (a scored, non-exempt member).
    rules : Grades
        Bands, each beginning at its cut, conditions, quotas, and rules over votes.
    quantities : DataFrame, optional
        What conditions ask, see `quantities`; same index.
    votes : DataFrame, optional
        `vote_grades`; the grade of a ratee by votes takes the place of that by score.

    Returns
    -------
    grades : DataFrame
        `grade` (missing without a value), `band` (the grade before conditions and quotas), `places` (of the quota that
        took the grade away; NaN elsewhere) and `tied` (whether a tie that straddles the quota kept the ratee out); same
        index.
    reasons : DataFrame
        `ratee_id, about, code, of, value, bound`: conditions of a grade that were not met, and the shares of votes that
        decided (code "votes").
    """
    quantities = pd.DataFrame(index=ratees.index) if quantities is None else quantities
    level = locate(ratees["value"], rules.bands, rules.priority)
    reasons = pd.DataFrame(columns=REASONS)
    if votes is not None:
        place = {name: number for number, name in enumerate(rules.order)}
        decided = votes.set_index("ratee_id")["about"].map(place).reindex(ratees.index)
        level[decided.notna()] = decided.dropna()
        reasons = votes[votes["ratee_id"].isin(ratees.index)]
    found, unmet = assign(ratees, rules, rules.order, level, quantities)
    parts = [part for part in (reasons, unmet) if len(part)]
    return found.rename(columns={"final": "grade"}), pd.concat(parts or [unmet], ignore_index=True)


def vote_grades(counts: pd.DataFrame, scheme: Scheme, votes: Votes) -> pd.DataFrame:
    """Grade everybody who was voted on by the first rule that holds.

    Parameters
    ----------
    counts : DataFrame
        `ratee_id, source, indicator, value, count, weight` of a round, a row for every answer of a cell, as in
        `Tally.counts`.
    scheme : Scheme
        The round's scheme.
    votes : Votes
        Whose votes on what, whether blank ones are in the base, and the rules in the order of their priority.

    Returns
    -------
    DataFrame
        As reasons: `ratee_id, about` (the grade), `code` ("votes"), `of` (the levels, or "" where a rule always holds),
        `value` (their share: an exact fraction, of weighted votes a number) and `bound`. Who has no valid vote, or
        meets no rule, is not there.
    """
    tree, scale = scheme.indicator_tree, scheme.scales[scheme.leaf_sources[votes.source].scale or ""]
    node = tree.position[votes.indicator]
    below = {name for name, place in tree.position.items() if node in tree.path(place)}
    mine = counts[(counts["source"] == votes.source) & counts["indicator"].isin(below)]
    # whole votes make exact shares; weights are estimates, and so are shares of them
    amount = "count" if (mine["weight"] == mine["count"]).all() else "weight"
    cast: dict[str, dict[str, float]] = {}
    sums = mine.groupby(["ratee_id", "value"], observed=True, sort=False, as_index=False)[amount].sum()
    for ratee, level, count in zip(sums["ratee_id"], sums["value"], sums[amount].tolist(), strict=True):
        cast.setdefault(str(ratee), {})[str(level)] = count
    rows = []
    for ratee, levels in cast.items():
        blank = sum(count for level, count in levels.items() if not level or level in scale.blank)
        valid = sum(levels.values()) - blank
        base = valid + (blank if votes.blank == "inside" else 0)
        found = _decided(levels, base, votes) if valid else None
        if found:
            rule, share = found
            share_of = share if rule.levels else None
            rows.append((ratee, rule.grade, "votes", "/".join(rule.levels), share_of, asked(rule)))
    return pd.DataFrame(rows, columns=REASONS)


def _decided(levels: Mapping[str, float], base: float, votes: Votes) -> tuple[VoteRule, Fraction | float] | None:
    """The first rule that holds, and the share of the votes that it asks."""
    for rule in votes.rules:
        given = sum(levels.get(level, 0) for level in rule.levels)
        share = Fraction(int(given), base) if isinstance(base, int) else given / base
        if all(holds(share, key, bound) for key, bound in bounds(rule)):
            return rule, share
    return None

"""Satisfaction: exact shares of dissatisfied answers, an index, and what follows from a share.

Answers on all topics are added up within each panel. Panels are combined by their weights, renormalised over those that
answered, or added up where none has a weight; a panel that weighs 0, or that the scheme of the round does not name, has
rows of its own and no part in the whole. Panels look from different directions (下评上, 民评官, 企业评机关), and not
everybody is seen from each: weights are renormalised over what a ratee has, and coverage says how much that is. The
share of a combined round is made of the answers of its rounds added up, each answer judged by the rules of its round.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from toolkit.faults import UsageError
from toolkit.scoring.bottom import list_bottom
from toolkit.scoring.opinions import Count, tabulate
from toolkit.scoring.proportions import weights_of
from toolkit.scoring.rounds import combined

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from toolkit.rules import Satisfaction
    from toolkit.scheme import Scheme
    from toolkit.scoring.opinions import Heard
    from toolkit.study import Study

TABLE = {
    "round": "str", "ratee_id": "str", "topic": "str", "panel": "str", "n": "int64", "blank": "int64",
    "eligible": "float", "index": "float", "dissatisfied": "object", "low": "float", "high": "float",
    "coverage": "float", "follows": "str",
}  # fmt: skip
BOTTOM = {
    "round": "str", "ratee_id": "str", "kind": "str", "n": "int64", "dissatisfied": "object", "low": "float",
    "high": "float", "others": "object", "verdict": "str", "place": "float",
}  # fmt: skip


class Subject(NamedTuple):
    """Whom an answer counts to: a post's to its holder."""

    ratee_id: str
    kind: str
    category: str
    exempt: bool


def satisfy(study: Study, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Satisfaction of one round, plain or combined.

    Parameters
    ----------
    study : Study
        Answers about a post count to its holder. A member or post that is exempt (from `satisfaction`, or by category)
        has no row and no part in any total.
    name : str
        The round. A combined one adds up the answers of its rounds (and who could have given them), each judged by the
        levels of its own round; weights, thresholds, exemptions and places are those of the combined round.

    Returns
    -------
    table : DataFrame
        `round, ratee_id, topic, panel`: a row for each ratee, topic and panel; a blank topic is all topics, a blank
        panel all panels. A ratee without answers has none.

        - `n, blank`: valid and blank answers; `eligible`: how many could have been given, NaN where that is not known
          of some part.
        - `index`: mean points (0-100) of the valid answers; NaN without any.
        - `dissatisfied`: share (0-1) of the answers that are dissatisfied, an exact fraction; None where its base is
          empty. Blank answers are in the base where the scheme says `blank: inside`.
        - `low, high`: its 95% interval, NaN where it is None; see `wilson` (where `eligible` is known the population is
          finite), `clustered` (on several topics the same people answer) and `effective` (of several panels). The
          answers of several rounds, and about several posts, count as those of different people.
        - `coverage`: share (0-1) of the panels' weight that gave valid answers, of the weight of all panels that look
          from any direction from which somebody of the same kind and category was seen. Of a single panel, and where
          panels have no weights, 1. It is 0 without a valid answer.
        - `follows`: names of the thresholds that the share meets, joined by `|`; only in rows of all panels.
    bottom : DataFrame
        See `list_bottom`, with the column `round`; empty where the scheme has no `bottom`.

        Both are without rows where the scheme has no section `satisfaction`.

    Raises
    ------
    UsageError
        If an answer is about nobody in the study.
    """
    rules = study.schemes[name].satisfaction
    if rules is None:
        return _frame([], TABLE), _frame([], BOTTOM)
    subjects = _subjects(study, rules)
    heard = _collect(study, name, subjects)
    table = tabulate(heard, rules, _asked(heard, subjects, rules))
    kinds = {ratee: subjects[ratee].kind for ratee in heard}
    bottom = list_bottom(table, kinds, rules)
    return _frame(table.assign(round=name), TABLE), _frame(bottom.assign(round=name), BOTTOM)


def _frame(rows: Any, columns: Mapping[str, str]) -> pd.DataFrame:  # noqa: ANN401  (whatever makes a frame)
    return pd.DataFrame(rows, columns=[*columns]).astype(dict(columns))


# ---------------------------------------------------------------------------------------------------------- answers


def _subjects(study: Study, rules: Satisfaction) -> dict[str, Subject]:
    """Everybody about whom something may be answered, members and units before posts."""
    found: dict[str, Subject] = {}
    people = study.members
    for key, category, exempt in zip(people["member_id"], people["category"], people["exempt"], strict=True):
        found[key] = Subject(key, "member", category, "satisfaction" in exempt or category in rules.exempt)
    for key, category in zip(study.units["unit_id"], study.units["category"], strict=True):
        found[key] = Subject(key, "unit", category, category in rules.exempt)
    posts = study.posts
    for key, holder, category in zip(posts["post_id"], posts["member_id"], posts["category"], strict=True):
        found[key] = found[holder]._replace(exempt=found[holder].exempt or category in rules.exempt)
    return found


def _collect(study: Study, name: str, subjects: Mapping[str, Subject]) -> dict[str, Heard]:
    """What was answered about each ratee who is not exempt, in the order of members and units."""
    cells: dict[str, dict[tuple[str, str], list[Count]]] = {ratee: {} for ratee in subjects}
    for turn, rows in study.satisfaction.groupby("round", sort=False):
        scheme = study.schemes[str(turn)]
        if turn not in (combined(study, name) or {name: 1}) or scheme.satisfaction is None:
            continue
        for (key, panel, topic), count in _counts(rows, scheme, scheme.satisfaction).items():
            if key not in subjects:
                raise UsageError(f"satisfaction: an answer is about {key}, must be about a member, post or unit")
            if not subjects[key].exempt:
                cells[subjects[key].ratee_id].setdefault((topic, panel), []).append(count)
    return {ratee: {key: _total(counts) for key, counts in found.items()} for ratee, found in cells.items() if found}


def _total(counts: list[Count]) -> Count:
    """Counts added up; what is not known of one is not known of all."""
    return counts[0] if len(counts) == 1 else Count(*(sum(column) for column in zip(*counts, strict=True)))


def _counts(rows: pd.DataFrame, scheme: Scheme, rules: Satisfaction) -> dict[tuple[str, str, str], Count]:
    """Answers of one round by subject, panel and topic."""
    scale, bad = scheme.scales[rules.scale], set(rules.dissatisfied)
    points = {level: scale.points(level) for level in rows["level"].unique()}
    exact = {level: None if value is None else Fraction(str(value)) for level, value in points.items()}
    # whole numbers add up much faster than fractions
    unit = lcm(*(value.denominator for value in exact.values() if value is not None))
    worth = {level: 0 if value is None else int(value * unit) for level, value in exact.items()}
    number, level = rows["count"], rows["level"]
    sums = {
        "n": number.where(level.map({name: value is not None for name, value in exact.items()}).astype(bool), 0),
        "blank": number.where(level.map({name: value is None for name, value in exact.items()}).astype(bool), 0),
        "bad": number.where(level.isin([name for name in bad if exact.get(name) is not None]), 0),
        "points": number * level.map(worth),
    }
    keys = ["subject_id", "panel", "topic"]
    cells = rows[[*keys, "eligible"]].assign(**sums).groupby(keys, sort=False)
    found = cells[[*sums]].sum().assign(eligible=cells["eligible"].nth(0).to_numpy()).reset_index()
    columns = [found[name].tolist() for name in [*keys, *sums, "eligible"]]
    return {
        (subject, panel, topic): Count(n, blank, ill, Fraction(total, unit), eligible)
        for subject, panel, topic, n, blank, ill, total, eligible in zip(*columns, strict=True)
    }


def _asked(heard: Mapping[str, Heard], subjects: Mapping[str, Subject], rules: Satisfaction) -> dict[str, Fraction]:
    """Weight of the panels that look from any direction from which somebody of a ratee's kind and category was seen."""
    direction = {name: str(panel.direction) for name, panel in rules.panels.items()}
    seen: dict[tuple[str, str], set[str]] = {}
    for ratee, counts in heard.items():
        alike = seen.setdefault(subjects[ratee][1:3], set())
        alike |= {direction[panel] for _, panel in counts if panel in direction}
    weights = weights_of(rules.panels) or {}
    return {
        ratee: sum(
            (weight for name, weight in weights.items() if direction[name] in seen[subjects[ratee][1:3]]), Fraction(0)
        )
        for ratee in heard
    }

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
from toolkit.rules import bounds
from toolkit.scoring.bottom import list_bottom
from toolkit.scoring.conditions import holds
from toolkit.scoring.proportions import UNKNOWN, clustered, corrected, effective, parts, weights_of, wilson
from toolkit.scoring.rounds import combined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from toolkit.rules import Satisfaction
    from toolkit.scheme import Scheme
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


class Count(NamedTuple):
    """Answers: valid ones, blank ones, dissatisfied ones, points of all valid ones, and how many could have been given.

    `eligible` is NaN where it is not known.
    """

    n: int
    blank: int
    bad: int
    points: Fraction
    eligible: float


Heard = dict[tuple[str, str], Count]
"""What was answered about one ratee, by topic and panel."""


class Subject(NamedTuple):
    """Whom an answer counts to: a post's to its holder."""

    ratee_id: str
    kind: str
    category: str
    exempt: bool


class Row(NamedTuple):
    """A row of the table, with `base`, the answers in the share, and `people`, on how many people it rests."""

    topic: str
    panel: str
    n: int
    blank: int
    eligible: float
    mean: Fraction | None
    dissatisfied: Fraction | None
    coverage: float
    base: int
    people: float


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


# ------------------------------------------------------------------------------------------------------------ table


def tabulate(heard: Mapping[str, Heard], rules: Satisfaction, asked: Mapping[str, Fraction]) -> pd.DataFrame:
    """Make the table of some ratees.

    Parameters
    ----------
    heard : mapping
        Ratees and what was answered about each.
    rules : Satisfaction
        Order of topics and panels, weights, base, thresholds.
    asked : mapping
        Weight of the panels that were asked about each ratee; read where panels have weights.

    Returns
    -------
    DataFrame
        As `satisfy` has it, without the round.
    """
    made = [(ratee, row) for ratee, counts in heard.items() for row in _rows(counts, rules, asked.get(ratee))]
    table = pd.DataFrame([row for _, row in made], columns=[*Row._fields])
    table.insert(0, "ratee_id", [ratee for ratee, _ in made])
    shares = [row.dissatisfied for _, row in made]
    numbers = [UNKNOWN if share is None else float(share) for share in shares]
    table["low"], table["high"] = wilson(numbers, [row.people for _, row in made])
    table["index"] = [UNKNOWN if row.mean is None else float(row.mean) for _, row in made]
    table["dissatisfied"] = pd.Series(shares, dtype=object)
    table["follows"] = ["" if row.panel else follows(row.dissatisfied, rules) for _, row in made]
    return table[[column for column in TABLE if column != "round"]]


def follows(share: Fraction | None, rules: Satisfaction) -> str:
    """Names of the thresholds that a share meets, in the order of the scheme, joined by `|`."""
    if share is None:
        return ""
    return "|".join(
        name for name, rule in rules.rules.items() if all(holds(share, key, bound) for key, bound in bounds(rule))
    )


def _rows(heard: Heard, rules: Satisfaction, asked: Fraction | None) -> Iterator[Row]:
    """All rows of a ratee: on all topics, then on each; of all panels, then of each."""
    weights = weights_of(rules.panels)
    topics = _in_order([topic for topic, _ in heard], rules.topics)
    panels = _in_order([panel for _, panel in heard], rules.panels)
    for topic in ["", *topics]:
        about = topics if topic == "" else [topic]
        found = {panel: [heard[part, panel] for part in about if (part, panel) in heard] for panel in panels}
        rows = [_of_panel(topic, panel, counts, rules) for panel, counts in found.items() if counts]
        yield _of_all(topic, rows, weights, asked)
        yield from rows


def _in_order(names: Iterable[str], declared: Iterable[str]) -> list[str]:
    """Each name once, in the order of the scheme, then as they come."""
    places = {name: place for place, name in enumerate(declared)}
    return sorted(dict.fromkeys(names), key=lambda name: places.get(name, len(places)))


def _of_panel(topic: str, panel: str, counts: Sequence[Count], rules: Satisfaction) -> Row:
    n, blank, bad, points, eligible = _total(counts)
    inside = rules.blank == "inside"
    bases = [count.n + count.blank * inside for count in counts]
    base, people = sum(bases), clustered(bases)
    # who does not know is no longer among those who might have said
    might = eligible if inside else eligible - blank
    return Row(
        topic,
        panel,
        n,
        blank,
        eligible,
        points / n if n else None,
        Fraction(bad, base) if base else None,
        float(n > 0),
        base,
        float(corrected(people, might * people / base)) if base else 0.0,
    )


def _total(counts: Iterable[Count]) -> Count:
    """Counts added up; what is not known of one is not known of all."""
    return Count(*(sum(column) for column in zip(*counts, strict=True)))


def _of_all(topic: str, rows: Sequence[Row], weights: Mapping[str, Fraction] | None, asked: Fraction | None) -> Row:
    """All panels together."""
    rows = [row for row in rows if weights is None or weights.get(row.panel)]
    shares = {row.panel: row.dissatisfied for row in rows if row.dissatisfied is not None}
    means = {row.panel: row.mean for row in rows if row.mean is not None}
    of_shares = parts({row.panel: row.base for row in rows if row.panel in shares}, weights)
    of_means = parts({row.panel: row.n for row in rows if row.panel in means}, weights)
    seen = sum((weights[panel] for panel in means), start=Fraction(0)) if weights else Fraction(bool(means))
    people = {row.panel: row.people for row in rows}
    return Row(
        topic,
        "",
        n=sum(row.n for row in rows),
        blank=sum(row.blank for row in rows),
        eligible=sum(row.eligible for row in rows) if rows else UNKNOWN,
        mean=_mean(means, of_means),
        dissatisfied=_mean(shares, of_shares),
        coverage=float(seen / asked if weights and asked else seen),
        base=sum(row.base for row in rows),
        people=effective([*shares.values()], [people[panel] for panel in shares], [*of_shares.values()]),
    )


def _mean(values: Mapping[str, Fraction], weights: Mapping[str, Fraction]) -> Fraction | None:
    return sum((weights[panel] * value for panel, value in values.items()), start=Fraction(0)) if values else None


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


def _counts(rows: pd.DataFrame, scheme: Scheme, rules: Satisfaction) -> dict[tuple[str, str, str], Count]:
    """Answers of one round by subject, panel and topic."""
    scale, bad = scheme.scales[rules.scale], set(rules.dissatisfied)
    points = {level: scale.points(level) for level in rows["level"].unique()}
    exact = {level: None if value is None else Fraction(str(value)) for level, value in points.items()}
    # whole numbers add up much faster than fractions
    parts_of = lcm(*(value.denominator for value in exact.values() if value is not None))
    whole = {level: None if value is None else int(value * parts_of) for level, value in exact.items()}
    found: dict[tuple[str, str, str], tuple[int, int, int, int, float]] = {}
    columns = [rows[name] for name in ("subject_id", "panel", "topic", "level", "count", "eligible")]
    for *key, level, number, eligible in zip(*(column.tolist() for column in columns), strict=True):
        subject, panel, topic = key
        worth = whole[level]
        n, blank, ill, total, might = found.get((subject, panel, topic), (0, 0, 0, 0, eligible))
        if worth is None:
            blank += number
        else:
            n, ill, total = n + number, ill + number * (level in bad), total + number * worth
        found[subject, panel, topic] = n, blank, ill, total, might
    return {
        key: Count(n, blank, ill, Fraction(total, parts_of), might)
        for key, (n, blank, ill, total, might) in found.items()
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

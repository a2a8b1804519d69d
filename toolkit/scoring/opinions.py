"""The table of satisfaction: what was answered about many ratees, by topic and panel, worked out for all at once.

Shares are exact: they are kept as whole numbers, numerators beside denominators.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from toolkit.rules import bounds
from toolkit.scoring.conditions import TESTS
from toolkit.scoring.proportions import (
    UNKNOWN,
    clustered,
    corrected,
    effective,
    fractions,
    mean_of_shares,
    ratios,
    weights_of,
    whole_weights,
    wilson,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from toolkit.rules import Satisfaction

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Whole = NDArray[Any]  # numbers of 64 bits, or Python's


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


class Names(NamedTuple):
    """Topics or panels, in the order of the scheme, then as they come.

    `place` (ratees, names) is where each stands among those of a ratee; `code` is that of every answer.
    """

    names: list[str]
    code: Codes
    place: Codes


class Answers(NamedTuple):
    """Answers by ratee, topic (the first is all topics together) and panel.

    `base` are those in the share, `people` on how many people it rests; of `points` so many as `unit` make one.
    """

    there: NDArray[np.bool_]
    n: Codes
    blank: Codes
    bad: Codes
    base: Codes
    points: Whole
    eligible: Floats
    people: Floats
    unit: int


class Rows(NamedTuple):
    """Rows of the table, of whatever shape; the mean and the share are whole numbers over whole numbers."""

    n: Codes
    blank: Codes
    eligible: Floats
    mean: tuple[Whole, Whole]
    share: tuple[Whole, Whole]
    people: Floats
    coverage: Floats

    def at(self, where: NDArray[np.bool_]) -> Rows:
        """Some of the rows, one after the other."""
        mean, share = ((above[where], below[where]) for above, below in (self.mean, self.share))
        n, blank, eligible = self.n[where], self.blank[where], self.eligible[where]
        return Rows(n, blank, eligible, mean, share, self.people[where], self.coverage[where])


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
        As `satisfy` has it, without the round: of every ratee all topics, then each; of all panels, then of each.
    """
    owner = np.repeat(np.arange(len(heard)), [len(cells) for cells in heard.values()])
    keys = [key for cells in heard.values() for key in cells]
    topics = _named([topic for topic, _ in keys], rules.topics, owner, len(heard))
    panels = _named([panel for _, panel in keys], rules.panels, owner, len(heard))
    answers = _answers([count for cells in heard.values() for count in cells.values()], owner, topics, panels, rules)
    everybody = [asked.get(ratee) or Fraction(1) for ratee in heard]
    alone, together = _of_panels(answers), _of_all(answers, panels.names, rules, everybody)
    there = np.any(answers.there, axis=2)
    first, second = (pd.DataFrame(_columns(rows.at(at))) for rows, at in ((together, there), (alone, answers.there)))
    first["follows"] = follows(first["dissatisfied"].tolist(), rules)
    table = pd.concat([first, second.assign(follows="")], ignore_index=True)
    ratee, topic, panel = (
        np.concatenate(pair)
        for pair in zip((*np.nonzero(there), np.full(int(there.sum()), -1)), np.nonzero(answers.there), strict=True)
    )
    table.insert(0, "ratee_id", np.array([*heard], dtype=object)[ratee])
    table.insert(1, "topic", np.array(["", *topics.names], dtype=object)[topic])
    table.insert(2, "panel", np.array([*panels.names, ""], dtype=object)[panel])
    order = np.lexsort((_places(panels, ratee, panel), _places(topics, ratee, topic - 1), ratee))
    return table.take(order).reset_index(drop=True)


def follows(shares: Sequence[Fraction | None], rules: Satisfaction) -> list[str]:
    """Names of the thresholds that each share meets, in the order of the scheme, joined by `|`."""
    asked = [(name, bounds(rule)) for name, rule in rules.rules.items()]
    return [
        ""
        if share is None
        else "|".join(name for name, limits in asked if all(TESTS[key](share, bound) for key, bound in limits))
        for share in shares
    ]


def _named(given: Sequence[str], declared: Collection[str], owner: Codes, ratees: int) -> Names:
    """Number the topics, or the panels, of all answers."""
    there = dict.fromkeys(given)
    names = [*(name for name in declared if name in there), *(name for name in there if name not in declared)]
    number = {name: place for place, name in enumerate(names)}
    code = np.array([number[name] for name in given], dtype=np.int64)
    first = np.full((ratees, len(names)), len(given))
    np.minimum.at(first, (owner, code), np.arange(len(given)))
    told = np.array([name in declared for name in names], dtype=bool)
    return Names(names, code, np.where(told, np.arange(len(names)), len(names) + first))


def _places(names: Names, ratee: Codes, code: Codes) -> Codes:
    """Where each row stands among those of its ratee; what is of all, -1, comes first."""
    places = np.column_stack([names.place, np.full(len(names.place), -1)])
    return places[ratee, code]


def _answers(counts: Sequence[Count], owner: Codes, topics: Names, panels: Names, rules: Satisfaction) -> Answers:
    """Arrange counts by ratee, topic and panel, and add up the topics; what is not known of one is not of all."""
    shape = (len(topics.place), len(topics.names) + 1, len(panels.names))

    def spread(values: Sequence[Any], kind: type) -> Whole:
        array: Whole = np.zeros(shape, dtype=kind)
        array[owner, topics.code + 1, panels.code] = values
        array[:, 0] = array[:, 1:].sum(axis=1)
        return array

    unit = lcm(*{count.points.denominator for count in counts})
    n, blank, bad = (spread([count[place] for count in counts], np.int64) for place in range(3))
    inside = rules.blank == "inside"
    base = n + blank * inside
    eligible = spread([count.eligible for count in counts], float)
    # who does not know is no longer among those who might have said
    might = eligible if inside else eligible - blank
    people = base.astype(float)
    people[:, 0] = clustered(base[:, 1:], axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        people = np.where(base > 0, corrected(people, might * people / base), 0.0)
    points = spread([count.points.numerator * (unit // count.points.denominator) for count in counts], object)
    there = spread([True] * len(counts), bool)
    return Answers(there, n, blank, bad, base, points, eligible, people, unit)


def _of_panels(answers: Answers) -> Rows:
    """Each panel by itself."""
    mean, share = (answers.points, answers.n.astype(object) * answers.unit), (answers.bad, answers.base)
    heard = (answers.n > 0).astype(float)
    return Rows(answers.n, answers.blank, answers.eligible, mean, share, answers.people, heard)


def _of_all(answers: Answers, panels: Sequence[str], rules: Satisfaction, asked: Sequence[Fraction]) -> Rows:
    """All panels together; one that weighs 0 has no part in it."""
    weights = weights_of(rules.panels)
    weight, unit = whole_weights(panels, weights)
    use = answers.there & (weight > 0)
    of_shares, of_means = (
        np.where(use & (number > 0), number if weights is None else weight, 0) for number in (answers.base, answers.n)
    )
    seen = of_means.sum(axis=2)
    # shares of the weight are of whole numbers too
    of = [np.array([getattr(part, end) for part in asked], dtype=np.int64) for end in ("numerator", "denominator")]
    above, below = of[0][:, None], of[1][:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(of_shares > 0, answers.bad / answers.base, 0.0)
        part = np.nan_to_num(of_shares / of_shares.sum(axis=2, keepdims=True))
    points, n = mean_of_shares(answers.points, answers.n, of_means)
    return Rows(
        np.where(use, answers.n, 0).sum(axis=2),
        np.where(use, answers.blank, 0).sum(axis=2),
        np.where(use.any(axis=2), np.where(use, answers.eligible, 0.0).sum(axis=2), UNKNOWN),
        (points, n * answers.unit),
        mean_of_shares(answers.bad, answers.base, of_shares),
        effective(share, np.where(of_shares > 0, answers.people, np.inf), part),
        (seen > 0).astype(float) if weights is None else seen * below / (above * unit),
    )


def _columns(rows: Rows) -> dict[str, Any]:
    """Public columns of rows that stand one after the other."""
    low, high = wilson(ratios(*rows.share), rows.people)
    return {
        "n": rows.n,
        "blank": rows.blank,
        "eligible": rows.eligible,
        "index": ratios(*rows.mean),
        "dissatisfied": pd.Series(fractions(*rows.share), dtype=object),
        "low": low,
        "high": high,
        "coverage": rows.coverage,
    }

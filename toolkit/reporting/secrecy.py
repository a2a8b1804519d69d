"""Which quantities of a ratee must not be told, since few raters stand behind them or would be found from them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import nan
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.reporting.privacy import Part, hidden_sources
from toolkit.rules import parts
from toolkit.scoring.proportions import weights_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from toolkit.reporting.books import Book, Record
    from toolkit.rules import Composition
    from toolkit.scheme import Scheme

OF_SCORES = ("score", "index", "grade", "stars", "members")
"""Quantities from which a score could be found, or nearly."""
OF_PANELS = ("satisfaction", "dissatisfied")
BEFORE = "stars_before"
"""Stars in the round before: they tell of that round, whatever is told of this one."""


@dataclass(frozen=True)
class Secrecy:
    """Decides for one round, and the readers of one report.

    Attributes
    ----------
    book : Book
        The round's tables.
    withheld : collection of str
        Ratees whose score is not shown: nothing that rests on it is either.
    hidden : callable
        Ratee -> sources and indicators whose mean must not be told, see `Disclosure.secrets`; of a unit those of its
        members' means too.
    elsewhere : callable
        Another round -> what its report keeps from the same readers.
    single : bool
        Whether the mean of one ratee's source may be told where it is not hidden: in his own sheet it may, in the
        report of a unit it may not.
    """

    book: Book
    withheld: Collection[str]
    hidden: Callable[[str], Collection[str]]
    elsewhere: Callable[[str], Secrecy]
    single: bool = False
    _answers: dict[str, list[Record]] = field(default_factory=dict, init=False, compare=False)
    _seals: dict[str, bool] = field(default_factory=dict, init=False, compare=False)

    @property
    def _scheme(self) -> Scheme:
        return self.book.scheme

    def hides(self, ratee: str, of: str) -> bool:
        """Whether nothing may tell the value of a quantity, or let it be found."""
        return (parts(of)[0] in OF_SCORES and ratee in self.withheld) or self._hides_itself(ratee, of)

    def _hides_itself(self, ratee: str, of: str) -> bool:
        """Whether it must not be told of somebody whose score is shown."""
        kind, part = parts(of)
        rules = {"grade": self._scheme.grades, "stars": self._scheme.stars}.get(kind)
        hide = False
        if kind == "members":
            hide = self._hides_mean(ratee, part or "index")
        elif kind == "score" and part:
            hide = part in self.hidden(ratee)
        elif kind in OF_PANELS:
            hide = self._few_answered(ratee, part)
        elif kind == "index":
            hide = self.seals(ratee)
        elif kind == BEFORE and self._scheme.stars is not None:
            last = self.book.before
            hide = last is not None and self.elsewhere(last).hides(ratee, "stars")
        elif rules is not None:
            hide = self.hides(ratee, rules.of)
        return hide

    def tells(self, ratee: str, of: str) -> bool:
        """Whether the value of a quantity may be told as a reason."""
        kind, part = parts(of)
        return not self.hides(ratee, of) and (self.single or kind != "score" or not part)

    def tells_votes(self, ratee: str) -> bool:
        """Whether the share of the votes that decided a grade may be told."""
        rules = self._scheme.grades.votes if self._scheme.grades else None
        if rules is None or rules.source in self.hidden(ratee):
            return False
        leaf = self._scheme.leaf_sources.get(rules.source)
        n = [row["n"] for row in self.book.table.of(ratee) if row["source"] == rules.source and row["n"] > 0]
        return bool(leaf and leaf.attributed) or (bool(n) and min(n) >= self._scheme.privacy.min_votes)

    def apart(self, ratee: str) -> bool:
        """Whether the rounds that a combined one is made of may be told beside it: each follows from the others."""
        rounds = self.book.combined or {}
        return not any(self.elsewhere(part).hides(ratee, of) for part in rounds for of in ("score", "index"))

    # ----------------------------------------------------------------------------------------------------- the index

    def seals(self, ratee: str) -> bool:
        """Whether a component of the index is a secret: it would follow from the index and all that is known."""
        if ratee not in self._seals:
            self._seals[ratee] = self._has_secret(ratee)
        return self._seals[ratee]

    def _has_secret(self, ratee: str) -> bool:
        rounds = self.book.combined
        if rounds is not None:
            return self._is_of_one_withheld(ratee) or any(self.elsewhere(part).seals(ratee) for part in rounds)
        made = self._composition(ratee)
        return made is not None and any(self._hides_itself(ratee, of) for of in _made_of(made))

    def _is_of_one_withheld(self, ratee: str) -> bool:
        """Whether the index of a combined round is that of a single round in which the score is withheld."""
        rungs = self.book.scores.rungs
        rounds = [part for part in self.book.combined or {} if part in rungs]
        there = [part for part in rounds if pd.notna(rungs[part].ratees["index"].get(ratee))]
        return len(there) == 1 and self.elsewhere(there[0]).hides(ratee, "score")

    def _composition(self, ratee: str) -> Composition | None:
        made = self._scheme.index
        return made.units if made and ratee in self.book.books.unit_names else made

    def _hides_mean(self, unit: str, of: str) -> bool:
        """Whether the mean over the members of a unit would tell that of a source or indicator which is hidden."""
        kind, part = parts(of)
        if kind == "index" and self._scheme.index is not None:
            return any(self._hides_mean(unit, other) for other in _made_of(self._scheme.index))
        return kind == "score" and bool(part) and part in self.hidden(unit)

    # ------------------------------------------------------------------------------------------------- satisfaction

    def answers(self, ratee: str) -> list[Record]:
        """Rows of the round's satisfaction that may be shown of a ratee.

        Panels of few answers are hidden, with another that weighs where one alone could be found from the whole; where
        one alone is hidden on some topic, only the whole of all topics is shown.
        """
        if ratee not in self._answers:
            self._answers[ratee] = self._told(self.book.frame("satisfaction").of(ratee))
        return self._answers[ratee]

    def _told(self, rows: list[Record]) -> list[Record]:
        rules, least = self._scheme.satisfaction, self._scheme.privacy.min_raters
        if not rows or rules is None:
            return rows
        weights = weights_of(rules.panels)
        asked = [row for row in rows if row["panel"] and row["n"] > 0]
        panels = [
            Part(name, int(min(row["n"] for row in asked if row["panel"] == name)), attributed=False, counts=counts)
            for name in dict.fromkeys(row["panel"] for row in asked)
            for counts in [weights is None or bool(weights.get(name))]
        ]
        hidden = hidden_sources(panels, least)
        weighing = {part.name for part in panels if part.counts}
        alone = Counter(row["topic"] for row in asked if row["panel"] in weighing & set(hidden))
        few = [row for row in rows if not row["panel"] and 0 < _people(rows, row) < least]
        gone = {id(row) for row in (*few, *(row for row in rows if row["panel"] in set(hidden) - {""}))}
        if "" in hidden:
            gone |= {id(row) for row in rows if not row["panel"]}
        if 1 in alone.values() or any(row["topic"] for row in few):
            gone |= {id(row) for row in rows if not row["panel"] and row["topic"]}
        return [row for row in rows if id(row) not in gone]

    def _few_answered(self, ratee: str, topic: str) -> bool:
        there = any(row["panel"] == "" and row["topic"] == topic for row in self.book.frame("satisfaction").of(ratee))
        return there and not any(row["panel"] == "" and row["topic"] == topic for row in self.answers(ratee))


def _people(rows: list[Record], whole: Record) -> float:
    """Persons behind a row of all panels: on all topics together the same people have answered."""
    of_topics = [row["n"] for row in rows if not row["panel"] and row["topic"]]
    by_topic = any(row["topic"] for row in rows)
    return float(whole["n"] if whole["topic"] or not by_topic else max(of_topics, default=nan))


def _made_of(made: Composition) -> list[str]:
    """Quantities of the components of an index, and of what is added to it."""
    return [part.of or name for pieces in (made.components, made.extras) for name, part in pieces.items()]

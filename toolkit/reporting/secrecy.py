"""Which quantities of a ratee must not be told, since few raters stand behind them or would be found from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.reporting.privacy import Part, hidden_sources
from toolkit.rules import parts
from toolkit.scoring.proportions import weights_of
from toolkit.scoring.rounds import before, combined

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from toolkit.rules import Composition
    from toolkit.scheme import Scheme
    from toolkit.scoring.scores import Scores
    from toolkit.study import Study

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
    study, scores
        The study and its scores.
    round : str
        The round.
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

    study: Study
    scores: Scores
    round: str
    withheld: Collection[str]
    hidden: Callable[[str], Collection[str]]
    elsewhere: Callable[[str], Secrecy]
    single: bool = False

    @property
    def _scheme(self) -> Scheme:
        return self.study.schemes[self.round]

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
            last = before(self.study, self.round)
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
        table = self.scores.table
        mine = table[(table["round"] == self.round) & (table["ratee_id"] == ratee) & (table["source"] == rules.source)]
        leaf = self._scheme.leaf_sources.get(rules.source)
        n = mine.loc[mine["n"] > 0, "n"]
        return bool(leaf and leaf.attributed) or (len(n) > 0 and bool(n.min() >= self._scheme.privacy.min_votes))

    def apart(self, ratee: str) -> bool:
        """Whether the rounds that a combined one is made of may be told beside it: each follows from the others."""
        rounds = combined(self.study, self.round) or {}
        return not any(self.elsewhere(part).hides(ratee, of) for part in rounds for of in ("score", "index"))

    # ----------------------------------------------------------------------------------------------------- the index

    def seals(self, ratee: str) -> bool:
        """Whether a component of the index is a secret: it would follow from the index and all that is known."""
        rounds = combined(self.study, self.round)
        if rounds is not None:
            return self._is_of_one_withheld(ratee) or any(self.elsewhere(part).seals(ratee) for part in rounds)
        made = self._composition(ratee)
        return made is not None and any(self._hides_itself(ratee, of) for of in _made_of(made))

    def _is_of_one_withheld(self, ratee: str) -> bool:
        """Whether the index of a combined round is that of a single round in which the score is withheld."""
        rounds = [part for part in combined(self.study, self.round) or {} if part in self.scores.rungs]
        there = [part for part in rounds if pd.notna(self.scores.rungs[part].ratees["index"].get(ratee))]
        return len(there) == 1 and self.elsewhere(there[0]).hides(ratee, "score")

    def _composition(self, ratee: str) -> Composition | None:
        made = self._scheme.index
        return made.units if made and ratee in set(self.study.units["unit_id"]) else made

    def _hides_mean(self, unit: str, of: str) -> bool:
        """Whether the mean over the members of a unit would tell that of a source or indicator which is hidden."""
        kind, part = parts(of)
        if kind == "index" and self._scheme.index is not None:
            return any(self._hides_mean(unit, other) for other in _made_of(self._scheme.index))
        return kind == "score" and bool(part) and part in self.hidden(unit)

    # ------------------------------------------------------------------------------------------------- satisfaction

    def answers(self, ratee: str) -> pd.DataFrame:
        """Rows of the round's satisfaction that may be shown of a ratee.

        Panels of few answers are hidden, with another that weighs where one alone could be found from the whole; where
        one alone is hidden on some topic, only the whole of all topics is shown.
        """
        rows = self.scores.rungs[self.round].frames["satisfaction"]
        rows = rows[rows["ratee_id"] == ratee]
        rules, least = self._scheme.satisfaction, self._scheme.privacy.min_raters
        if rows.empty or rules is None:
            return rows
        weights = weights_of(rules.panels)
        asked = rows[(rows["panel"] != "") & (rows["n"] > 0)]
        asked = asked.assign(counts=[weights is None or bool(weights.get(name)) for name in asked["panel"]])
        found = asked.groupby("panel", sort=False).agg(n=("n", "min"), counts=("counts", "first"))
        panels = [Part(str(name), int(n), attributed=False, counts=bool(yes)) for name, n, yes in found.itertuples()]
        hidden = hidden_sources(panels, least)
        whole, by_topic = rows["panel"] == "", rows["topic"] != ""
        # on all topics together the same people have answered
        people = rows["n"].where(by_topic | (not by_topic.any()), rows.loc[whole & by_topic, "n"].max())
        few = whole & (people > 0) & (people < least)
        alone = asked[asked["counts"] & asked["panel"].isin(hidden)].groupby("topic").size() == 1
        gone = rows["panel"].isin(set(hidden) - {""}) | few
        if "" in hidden:
            gone |= whole
        if alone.any() or (few & by_topic).any():
            gone |= whole & by_topic
        return rows[~gone]

    def _few_answered(self, ratee: str, topic: str) -> bool:
        rows = self.scores.rungs[self.round].frames["satisfaction"]
        there = ((rows["ratee_id"] == ratee) & (rows["panel"] == "") & (rows["topic"] == topic)).any()
        shown = self.answers(ratee)
        return bool(there) and not bool(((shown["panel"] == "") & (shown["topic"] == topic)).any())


def _made_of(made: Composition) -> list[str]:
    """Quantities of the components of an index, and of what is added to it."""
    return [part.of or name for pieces in (made.components, made.extras) for name, part in pieces.items()]

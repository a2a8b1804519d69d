"""Whom a report is about, and what it may show of them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.reporting.disclosure import Disclosure
from toolkit.reporting.privacy import hidden_units
from toolkit.reporting.secrecy import Secrecy
from toolkit.reporting.standing import Standing, follow
from toolkit.reporting.unit_tree import UnitTree
from toolkit.rules import parts

if TYPE_CHECKING:
    from toolkit.reporting.standing import Follow
    from toolkit.scheme import Scheme
    from toolkit.scoring.scores import Scores
    from toolkit.study import Study


class Scope:
    """One unit in one round, or with a blank unit the whole study.

    Attributes
    ----------
    scheme, parts : Scheme, dict
        Of the round, and of the rounds that it combines (or of itself).
    people : set of str
        Members of the unit's subtree.
    table, means : DataFrame
        `Scores.table` of the round, and the composites of all units.
    open : Disclosure
        What may be shown of the unit's means.
    members, own : DataFrame
        Rows of `Scores.ratees` of these members, and of the unit where it is rated itself, without what is withheld.
    bare : set of str
        Units whose mean is not shown.
    standing : Standing
        What became of the scores.
    """

    def __init__(
        self, study: Study, scores: Scores, unit: str, turn: str, language: str, *, follows: Follow | None = None
    ) -> None:
        self.study, self.scores, self.unit, self.round, self.language = study, scores, unit, turn, language
        self.scheme: Scheme = study.schemes[turn]
        self.parts = {name: study.schemes[name] for name in self.scheme.rounds[turn].combine or [turn]}
        self.tree = UnitTree.of(study.units)
        self.scope = unit or study.top
        self.people = set(study.ancestors.loc[study.ancestors["unit_id"] == self.scope, "ratee_id"])
        self.table = scores.table[scores.table["round"] == turn]
        units = scores.units[scores.units["round"] == turn].astype({"source": str, "indicator": str})
        self.means = units[(units["source"] == "") & (units["indicator"] == "")]
        ratees = scores.ratees[scores.ratees["round"] == turn]
        own = ratees[(ratees["kind"] == "unit") & (ratees["ratee_id"] == unit)]
        members = ratees[(ratees["kind"] == "member") & ratees["ratee_id"].isin(self.people)]
        self.categories = self._rated_as(members)
        rows = units[units["unit_id"] == self.scope]
        self.open = Disclosure(self.scheme, [*self.parts.values()], rows, self.categories)
        self.members = self.open.members(members, self.table, unit)
        self.own = self.open.members(own, self.table, unit)
        bare = self.open.bare_units(units) | ({self.scope} if "" in self.open.hidden else set())
        scored = dict(zip(self.means["unit_id"], self.means["members"], strict=True))
        # a unit's own report has its mean, unless that in itself must be hidden
        self.bare = hidden_units(bare, self.tree.children, scored) - ({self.scope} - bare)
        told = pd.concat([self.members, self.own])
        withheld = set(told.loc[told["status"] == "withheld", "ratee_id"]) | self.bare
        self._follows = follows or follow(study, scores)
        self._others: dict[str, Scope] = {}
        self._open: dict[str, Disclosure] = {}
        self.secrecy = Secrecy(study, scores, turn, withheld, self._hidden_of, lambda other: self.at(other).secrecy)
        self.standing = Standing(study, scores, turn, language, self._follows, self.secrecy)

    def _rated_as(self, members: pd.DataFrame) -> dict[str, set[str]]:
        """Categories in which each member is rated: those of his posts where these were rated, else his own."""
        rated = self.scores.ratees[(self.scores.ratees["kind"] == "post") & (self.scores.ratees["coverage"] > 0)]
        rated = rated[rated["round"].isin(self.parts)]
        holder = dict(zip(self.study.posts["post_id"], self.study.posts["member_id"], strict=True))
        held: dict[str, set[str]] = {}
        for post, category in zip(rated["ratee_id"], rated["category"], strict=True):
            held.setdefault(holder[post], set()).add(category)
        return {
            ratee: held.get(ratee, {category})
            for ratee, category in zip(members["ratee_id"], members["category"], strict=True)
        }

    def at(self, turn: str) -> Scope:
        """The same for another round."""
        if turn == self.round:
            return self
        if turn not in self._others:
            self._others[turn] = Scope(self.study, self.scores, self.unit, turn, self.language, follows=self._follows)
        return self._others[turn]

    def disclosure(self, ratee: str) -> Disclosure:
        """What may be shown of one ratee's own sources."""
        if ratee not in self._open:
            categories = self.categories.get(ratee) or set(self.own["category"])
            self._open[ratee] = Disclosure.of_ratee(self.scheme, [*self.parts.values()], self.table, ratee, categories)
        return self._open[ratee]

    def _hidden_of(self, ratee: str) -> set[str]:
        """What must not be told of a ratee: told of every member it would be told of the unit."""
        return self.disclosure(ratee).secrets | self.open.secrets | self._beside.get(ratee, set())

    @cached_property
    def _beside(self) -> dict[str, set[str]]:
        """Where the index of one member alone would tell what few have said, it would follow from the unit's mean.

        From the index of every other follows what was said of him; so another is hidden too.
        """
        rows = self.members[(self.members["unit_id"] == self.unit) & self.members["counts"]]
        asked = {part for part in map(parts, self.scheme.quantities) if part[0] == "score" and part[1]}
        secret = {ratee: {name for _, name in asked} & self.disclosure(ratee).secrets for ratee in rows["ratee_id"]}
        lone = [ratee for ratee, names in secret.items() if names]
        others = [ratee for ratee in secret if ratee not in lone]
        return {others[0]: secret[lone[0]]} if len(lone) == 1 and others else {}

    @property
    def unit_name(self) -> str:
        """Name of the unit; blank in the overview."""
        names = self.study.units.set_index("unit_id")["name"]
        return str(names[self.unit]) if self.unit else ""

    def label(self, name: str) -> str:
        """Label of a name of the scheme, or of a part that alone knows it, in the language of the slice."""
        labels = (scheme.label(name, self.language) for scheme in (self.scheme, *self.parts.values()))
        return next((label for label in labels if label != name), name)

"""Whom a report is about, and what it may show of them."""

from __future__ import annotations

from functools import cached_property
from math import isnan
from typing import TYPE_CHECKING, Any

from toolkit.reporting.frames import rounded, typed
from toolkit.reporting.secrecy import Secrecy
from toolkit.reporting.standing import Standing
from toolkit.rules import parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from toolkit.reporting.books import Books, Record
    from toolkit.reporting.disclosure import Disclosure


class Scope:
    """One unit in one round, or with a blank unit the whole study.

    Attributes
    ----------
    scheme, parts : Scheme, dict
        Of the round, and of the rounds that it combines (or of itself).
    people : list of str
        Members of the unit's subtree.
    book : Book
        The round's tables.
    open : Disclosure
        What may be shown of the unit's means.
    members, own : list of mapping
        Rows of `Scores.ratees` of these members, and of the unit where it is rated itself, without what is withheld.
    bare : set of str
        Units whose mean is not shown.
    standing : Standing
        What became of the scores.
    """

    def __init__(self, books: Books, unit: str, turn: str, language: str) -> None:
        self.books, self.study, self.unit, self.round, self.language = books, books.study, unit, turn, language
        self.book = book = books.at(turn)
        self.scheme, self.parts, self.tree = book.scheme, book.parts, books.tree
        self.scope = unit or books.top
        self.people = books.people.get(self.scope, [])
        members = [row for row in book.ratees.of_all(self.people) if row["kind"] == "member"]
        own = [row for row in book.ratees.of(unit) if row["kind"] == "unit"]
        self.categories = {row["ratee_id"]: book.held.get(row["ratee_id"], {row["category"]}) for row in members}
        self.open = book.guard.open(self.scope)
        self.members = self.open.members(members, book.seen, unit, book.guard.barred)
        self.own = self.open.members(own, book.seen, unit, book.guard.barred)
        # a unit's own report has its mean, unless that in itself must be hidden
        self.bare = book.hidden_units(self.scope)
        withheld = {row["ratee_id"] for row in (*self.members, *self.own) if row["status"] == "withheld"} | self.bare
        self._others: dict[str, Scope] = {}
        self.secrecy: Secrecy = Secrecy(book, withheld, self._hidden_of, lambda other: self.at(other).secrecy)
        self.standing = Standing(book, language, self.secrecy)

    @property
    def staff(self) -> list[Record]:
        """Rows of the unit's own members; nobody's in the overview."""
        return [row for row in self.members if row["unit_id"] == self.unit] if self.unit else []

    def at(self, turn: str) -> Scope:
        """The same for another round."""
        if turn == self.round:
            return self
        if turn not in self._others:
            self._others[turn] = Scope(self.books, self.unit, turn, self.language)
        return self._others[turn]

    def disclosure(self, ratee: str) -> Disclosure:
        """What may be shown of one ratee's own sources."""
        return self.book.guard.of(ratee)

    def _hidden_of(self, ratee: str) -> set[str]:
        """What must not be told of a ratee: told of every member it would be told of the unit."""
        return self.disclosure(ratee).secrets | self.open.secrets | self._beside.get(ratee, set())

    @cached_property
    def _beside(self) -> dict[str, set[str]]:
        """Where the index of one member alone would tell what few have said, it would follow from the unit's mean.

        From the index of every other follows what was said of him; so another is hidden too.
        """
        asked = {part for part in map(parts, self.scheme.quantities) if part[0] == "score" and part[1]}
        if not asked:
            return {}
        staff = [row["ratee_id"] for row in self.members if row["unit_id"] == self.unit and row["counts"]]
        secret = {ratee: {name for _, name in asked} & self.disclosure(ratee).secrets for ratee in staff}
        lone = [ratee for ratee, names in secret.items() if names]
        others = [ratee for ratee in secret if ratee not in lone]
        return {others[0]: secret[lone[0]]} if len(lone) == 1 and others else {}

    def profile(
        self, columns: Mapping[str, list[float]], by_source: Mapping[str, list[float]]
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Scores by indicator, and of each source beside them; where neither shows anything there is no row.

        Parameters
        ----------
        columns : mapping
            `score` of all sources, and what stands beside it: a number for each of `indicators`.
        by_source : mapping
            The same for every source; they stand apart, so that they may have any name.
        """
        tree = self.scheme.indicator_tree
        shown = [columns["score"], *by_source.values()]
        kept = [node for node in range(len(tree)) if not node or not all(isnan(scores[node]) for scores in shown)]
        told: dict[str, list[Any]] = {
            "indicator": [self.indicators[node] for node in kept],
            "label": [self.label(self.indicators[node]) if node else "" for node in kept],
            "depth": [len(tree.path(node)) - 1 for node in kept],
            "leaf": [node in tree.leaves for node in kept],
        }
        numbers, sources = (
            {name: rounded([scores[node] for node in kept]) for name, scores in given.items()}
            for given in (columns, by_source)
        )
        return typed(told | numbers), typed(sources)

    @property
    def indicators(self) -> list[str]:
        """Names of the indicators, "" for all of them."""
        return ["", *self.scheme.indicator_tree.names[1:]]

    @property
    def unit_name(self) -> str:
        """Name of the unit; blank in the overview."""
        return self.books.unit_names[self.unit] if self.unit else ""

    def label(self, name: str) -> str:
        """Label of a name of the scheme, or of a part that alone knows it, in the language of the slice."""
        return self.book.label(name, self.language)

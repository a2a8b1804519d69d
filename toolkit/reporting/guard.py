"""What must go beside what few have said, so that it cannot be found from all reports of a round together.

Votes are whole. Where a mean is printed to a decimal, and two or three answers of a short scale are all that is not
known of it, they follow from it; and a unit's mean, less what the sheets of all others show, is what one sheet hides.
"""

from __future__ import annotations

from functools import cached_property
from math import isnan
from typing import TYPE_CHECKING

import numpy as np

from toolkit.audit.bounds import Claim, Program
from toolkit.audit.findings import WIDTH, Audit
from toolkit.audit.ground import Ground
from toolkit.audit.votes import Votes
from toolkit.reporting.disclosure import Disclosure
from toolkit.reporting.privacy import DIGITS, NOTHING, Guarded, settled
from toolkit.scheme import SELF

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from toolkit.audit.ground import Row, Secret
    from toolkit.reporting.books import Book, Record
    from toolkit.reporting.privacy import Reason

    Groups = dict[tuple[str, str], set[str]]
    """Members by what is hidden of them: (source, "") or ("", indicator)."""

HALF = 0.5 * 10.0**-DIGITS
"""By how much a printed number may be off."""
ROOM = 2 * WIDTH
"""Points by which a hidden mean must be free within its own reports, to stay free by `WIDTH` in all of them."""
SHORT = 11
"""Answers of a scale that is short: a few of them together can take few values."""
HANDFUL = 8
"""Of no more hidden means the votes are counted as whole; more of them leave each other room, and nobody that time."""
FEW, CROWD = 2, 5
"""Of so many members the hidden means may be known together, the latter where a scale is short."""


class Guard:
    """Decides for one round what goes of members and of units, with all of them in view.

    Parameters
    ----------
    book : Book
        The round's tables.

    Notes
    -----
    Of a member whom few have rated the means by indicator go where the scale of a hidden source is short; then further
    sources, until what is left lets what few have said be anything over `ROOM` points; at last the composite.

    A unit's mean of a source goes if it would tell what the sheets of its members hide: unless it is a mean of so many
    that its last digit leaves `ROOM` points to one of them, or of at least `CROWD` who are hidden, and not all of them
    high or low. Members of units below that show it are known together already. What a round hides a combined round
    hides too, or the other rounds would tell it.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        self._found: dict[str, Disclosure] = {}
        self._parts = [book.books.at(part).guard for part in book.combined or {}]

    # ----------------------------------------------------------------------------------------------------- members

    def of(self, ratee: str) -> Disclosure:
        """What may be shown of one ratee's own sources."""
        if ratee not in self._found:
            self._found[ratee] = self._decide(ratee)
        return self._found[ratee]

    @cached_property
    def guarded(self) -> set[str]:
        """Ratees of whom few have rated some source that is not attributed."""
        design, book = self.book.design, self.book
        names = {leaf for top in design.tops if top != SELF and not design.attributed[top] for leaf in design.line[top]}
        rows = book.scores.table
        rows = rows[(rows["round"] == book.round) & (rows["n"] > 0) & (rows["n"] < design.min_raters)]
        rows = rows[rows["source"].isin(names) & rows["score"].notna()]
        return set(rows["ratee_id"].astype(str)).union(*(part.guarded for part in self._parts))

    @cached_property
    def barred(self) -> set[str]:
        """Guarded ratees whose composite must go."""
        return {ratee for ratee in self.guarded if "" in self.of(ratee).hidden}

    def _disclosure(self, ratee: str, guarded: Guarded) -> Disclosure:
        book = self.book
        categories = book.held.get(ratee) or {row["category"] for row in book.ratees.of(ratee)}
        return Disclosure.of_ratee(book.design, book.table.of(ratee), ratee, categories, guarded)

    def _decide(self, ratee: str) -> Disclosure:
        if ratee not in self.guarded:
            return self._disclosure(ratee, NOTHING)
        if self._parts:
            return self._disclosure(ratee, _joined(part.of(ratee) for part in self._parts))
        found = self._disclosure(ratee, NOTHING)
        if not found.hides:
            return found
        also: dict[str, Reason] = {}
        every = frozenset(self.book.scheme.indicator_tree.names[1:])
        indicators = every if self._is_short(ratee, found) else frozenset[str]()
        while True:
            found = self._disclosure(ratee, Guarded(also, indicators))
            if "" in found.hidden or not self._tells(ratee, found):
                return found
            left = [part for part in found.parts if part.counts and part.name not in found.hidden]
            if not indicators and every:
                indicators = every
            elif left:
                also[min(left, key=lambda part: (part.attributed, part.raters, part.name)).name] = "complement"
            else:
                return self._disclosure(ratee, Guarded(also, every, whole=True))

    @cached_property
    def _ground(self) -> Ground:
        posts = self.book.study.posts_in(self.book.round)
        held = set(posts.loc[posts["member_id"].isin(self.guarded), "post_id"])
        return Ground(self.book.study, self.book.scores, self.guarded | held, [self.book.round])

    def _hidden_row(self, ratee: str, found: Disclosure, source: str, indicator: str) -> tuple[Row, float]:
        """The part of a score that a reader of the sheet does not know, and the sum of what he knows of it."""
        ground, line = self._ground, self.book.design.line
        secret = {name for top in found.hidden for name in line.get(top, ())}
        row = ground.of_ratee(self.book.round, ratee, source, indicator)
        unknown = {cell: weight for cell, weight in row.items() if ground.cell(cell).source in secret}
        return unknown, sum(weight * ground.truth(cell) for cell, weight in row.items() if cell not in unknown)

    def _is_short(self, ratee: str, found: Disclosure) -> bool:
        """Whether a hidden source has a scale of few answers."""
        row, _ = self._hidden_row(ratee, found, "", "")
        return any(0 < len(self._ground.votes(cell).points) <= SHORT for cell in row)

    def _has_short(self, ratee: str) -> bool:
        """The same of a ratee in any of the rounds that are combined."""
        guards = self._parts or [self]
        return any(ratee in guard.guarded and guard._is_short(ratee, guard.of(ratee)) for guard in guards)  # noqa: SLF001

    def _tells(self, ratee: str, found: Disclosure) -> bool:
        """Whether the composites of a sheet tell what few have said of the ratee."""
        ground = self._ground
        claims = []
        for indicator in ["", *self.book.scheme.indicator_tree.names[1:]]:
            score = found.mean("", indicator)
            row, known = self._hidden_row(ratee, found, "", indicator)
            if score is not None and row and indicator not in found.unshown:
                rest = settled(float(score["score"])) - known
                claims.append(Claim(row, rest - HALF, rest + HALF))
        secrets = self._secrets.get(ratee, ())
        unknown = {cell for claim in claims for cell in claim.row}
        if len(unknown) > HANDFUL or not self._is_short(ratee, found):
            program = Program(claims, lambda cell: Votes(ground.votes(cell).n))
            return any(program.span(row).width < ROOM for *_, row in secrets)
        audit = Audit(ground, claims, secrets, ROOM)
        return not all(map(audit.is_safe, audit.secrets))

    @cached_property
    def _secrets(self) -> dict[str, list[Secret]]:
        """What few have said, by ratee; of a member with posts it is said of his posts."""
        posts = self.book.study.posts
        holder = dict(zip(posts["post_id"], posts["member_id"], strict=True))
        found: dict[str, list[Secret]] = {}
        for secret in self._ground.secrets():
            for ratee in {secret[1], holder.get(secret[1], secret[1])}:
                found.setdefault(ratee, []).append(secret)
        return found

    # ------------------------------------------------------------------------------------------------------- units

    def unit(self, unit: str) -> Guarded:
        """What must go of a unit's means beyond what its own raters ask for; blank for the whole study."""
        return self._units.get(unit, NOTHING)

    def people(self, ratees: Collection[str]) -> Guarded:
        """The same for the mean of some members: what is hidden of any of them."""
        hidden = [self.of(ratee) for ratee in ratees if ratee in self.guarded]
        found = _joined(hidden)
        return Guarded(dict.fromkeys(found.sources, "members"), found.indicators)

    @cached_property
    def _units(self) -> Mapping[str, Guarded]:
        """Of every unit below which somebody is guarded; those below a unit come before it."""
        held = self._held()
        if not held:
            return {}
        tree, found = self.book.books.tree, dict[str, Guarded]()
        known = [part._units for part in self._parts]  # noqa: SLF001  (the same for the rounds that are combined)
        unsettled: dict[str, Groups] = {}
        for unit in self._upward():
            groups: Groups = {key: set(ratees) for key, ratees in held.get(unit, {}).items()}
            for child in tree.children.get(unit, ()):
                for key, ratees in unsettled.get(child, {}).items():
                    groups.setdefault(key, set()).update(ratees)
            tells = {key for key, ratees in groups.items() if ratees and self._unit_tells(unit, *key, ratees)}
            for part in known:
                of_part = part.get(unit, NOTHING)
                tells |= {(name, "") for name in of_part.sources} | {("", name) for name in of_part.indicators}
            unsettled[unit] = {key: groups.get(key, set()) for key in tells}
            if tells:
                sources: dict[str, Reason] = {name: "members" for name, _ in sorted(tells) if name}
                found[unit] = Guarded(sources, frozenset(indicator for _, indicator in tells if indicator))
        return found

    def _held(self) -> dict[str, Groups]:
        """Counted members of every unit by what their sheets hide: a source, or an indicator of all sources."""
        home = self.book.books.members
        counted = {row["ratee_id"] for row in self.book.ratees.of_all(self.guarded) if row["counts"]}
        held: dict[str, Groups] = {}
        for ratee in sorted(counted & home.keys()):
            found = self.of(ratee)
            keys = [(name, "") for name in found.hidden if name and found.mean(name, "") is not None]
            keys += [("", name) for name in found.unshown if name and found.mean("", name) is not None]
            for key in keys:
                held.setdefault(str(home[ratee]["unit_id"]), {}).setdefault(key, set()).add(ratee)
        return held

    def _upward(self) -> list[str]:
        """Every unit after those below it, and at last the study where several stand at its top."""
        tree = self.book.books.tree
        order = sorted(tree.depth, key=lambda unit: -tree.depth[unit])
        return [*order, ""] if self.book.books.top == "" else order

    def _unit_tells(self, unit: str, source: str, indicator: str, hidden: set[str]) -> bool:
        """Whether a unit's means of a source, or of all on an indicator, tell what is hidden of some of its members."""
        whole = [row for row in self.book.units.of(unit) if _is_of(row, source, indicator) and row["members"] > 0]
        off = HALF * max((row["members"] for row in whole), default=0.0)
        if 2 * off >= ROOM:
            return False
        if len(hidden) < (CROWD if any(map(self._has_short, hidden)) else FEW):
            return True
        rows = self.book.table.of_all(hidden)
        rows = [row for row in rows if _is_of(row, source, indicator) and not isnan(row["score"])]
        for name in {row["indicator"] for row in rows}:
            scores = np.array([row["score"] for row in rows if row["indicator"] == name])
            if min(scores.sum(), (100 - scores).sum()) + off < ROOM:
                return True
        return False


def _is_of(row: Record, source: str, indicator: str) -> bool:
    """Whether a row is of a source, on whatever indicator, or of all sources on one."""
    return bool(row["source"] == source and (source or row["indicator"] == indicator))


def _joined(found: Iterable[Disclosure]) -> Guarded:
    """All that is hidden in any of several."""
    parts = list(found)
    sources: dict[str, Reason] = {name: "complement" for each in parts for name in each.hidden if name}
    return Guarded(sources, frozenset(name for each in parts if each.hides for name in each.unshown if name))

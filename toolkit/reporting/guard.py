"""What must go beside what few have said, so that it cannot be found from all reports of a round together.

Votes are whole. Where a mean is printed to a decimal, and two or three answers of a short scale are all that is not
known of it, they follow from it; and a unit's mean, less what the sheets of all others show, is what one sheet hides.
So what the reports would state is held against what it hides, as a reader would do who has them all, before any of them
is written; and more goes until none of it tells too much.
"""

from __future__ import annotations

from functools import cached_property
from math import isnan
from typing import TYPE_CHECKING, TypeVar

from tqdm import tqdm

from toolkit.audit.bounds import Claim
from toolkit.audit.findings import Audit
from toolkit.audit.ground import Ground
from toolkit.reporting.disclosure import Disclosure
from toolkit.reporting.privacy import DIGITS, NOTHING, Guarded, settled
from toolkit.scheme import SELF

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from toolkit.audit.ground import Row, Secret
    from toolkit.reporting.books import Book
    from toolkit.reporting.privacy import Reason

T = TypeVar("T")
HALF = 0.5 * 10.0**-DIGITS
"""By how much a printed number may be off."""
WAIT = 2.0
"""Seconds after which progress is shown."""


class Guard:
    """Decides for one round what goes of members and of units, with all of them in view.

    Parameters
    ----------
    book : Book
        The round's tables.

    Notes
    -----
    A source with few raters is hidden, and another beside it (`hidden_sources`). What is then stated of the guarded, on
    their own sheets and in the means of their units, is audited: every mean that few have given must stay free by
    `findings.WIDTH` points, for whoever has read everything and for each of its raters, who knows his own vote. What is
    not hidden is taken for known to the last digit.

    Of a sheet that tells too much for itself the means by indicator go, then one source after the other, at last the
    composite. What is told by all reports together is hidden of the units: the means of the sources that are hidden on
    the sheet, of the smallest unit first; then more of the sheet; then the unit's means of all sources; at last, of a
    combined round, the sheets of others and the means of other units. What a round hides a combined round hides too, or
    the other rounds would tell it.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        self._parts = [book.books.at(part).guard for part in book.combined or {}]
        self._sheets: dict[str, Guarded] = {}
        self._units: dict[str, Guarded] = {}
        self._found: dict[str, Disclosure] = {}
        self._opened: dict[str, Disclosure] = {}
        self._is_settled = False

    def of(self, ratee: str) -> Disclosure:
        """What may be shown of one ratee's own sources."""
        self._settle()
        return self._sheet(ratee)

    def open(self, unit: str) -> Disclosure:
        """What may be shown of a unit's means; blank for the whole study."""
        self._settle()
        return self._open(unit)

    def people(self, ratees: Collection[str]) -> Guarded:
        """The same for the mean of some members: what is hidden of any of them."""
        found = _hidden_in(self.of(ratee) for ratee in ratees if ratee in self.guarded)
        return Guarded(dict.fromkeys(found.sources, "members"), found.indicators)

    @cached_property
    def barred(self) -> set[str]:
        """Guarded ratees whose composite must go."""
        return {ratee for ratee in self.guarded if "" in self.of(ratee).hidden}

    @cached_property
    def guarded(self) -> set[str]:
        """Ratees of whom few have rated some source that is not attributed."""
        design, book = self.book.design, self.book
        names = {
            leaf for top in design.tops if top != SELF and not design.attributed[top] for leaf in design.voices[top]
        }
        rows = book.scores.table
        rows = rows[(rows["round"] == book.round) & (rows["n"] > 0) & (rows["n"] < design.min_raters)]
        rows = rows[rows["source"].isin(names) & rows["score"].notna()]
        return set(rows["ratee_id"].astype(str)).union(*(part.guarded for part in self._parts))

    # ------------------------------------------------------------------------------------------------------ settling

    def _settle(self) -> None:
        """Hide until nothing that is stated tells too much; every pass hides more, so there is a last one."""
        if self._is_settled:
            return
        self._is_settled = True
        for part in self._parts:
            part._settle()  # noqa: SLF001  (of the same kind)
        if self._parts:
            found = [part._units for part in self._parts]  # noqa: SLF001
            self._units = {
                unit: _joined(units.get(unit, NOTHING) for units in found) for unit in self.book.books.tree.depth
            }
        if not self.guarded:
            return
        for ratee in self._shown(self._secrets, "sheet"):
            while self._tells(ratee) and self._hide_of_sheet(ratee):
                pass
        waiting = [secret for found in self._secrets.values() for secret in found]
        while waiting:
            audit = Audit(self._ground, self._statements(self._ground), waiting)
            told = [secret for secret in self._shown(waiting, "mean") if not audit.is_safe(secret)]
            sources = {(self._holder(ratee), source): None for _, ratee, source, *_ in told}
            waiting = told if any([self._hide_of(*key) for key in sources]) else []  # noqa: C419  (of all of them)

    def _shown(self, waiting: Collection[T], unit: str) -> Iterable[T]:
        return tqdm(waiting, desc=f"privacy {self.book.round}", unit=unit, delay=WAIT, leave=False)

    def _tells(self, ratee: str) -> bool:
        """Whether a sheet by itself tells too much."""
        secrets = self._secrets[ratee]
        audit = Audit(self._ground, self._of_sheet(ratee, self._ground), secrets)
        return not all(map(audit.is_safe, secrets))

    def _hide_of(self, ratee: str, source: str) -> bool:
        """Hide a little more of what tells what a source has said of a ratee; False where nothing is left to hide."""
        own = [*self._upward(ratee)]
        others = [unit for unit in self._guarded_in if unit not in own]
        return (
            self._hide_sources(own, ratee, source)
            or self._hide_of_sheet(ratee)
            or self._hide_means(own)
            # a combined round tells of others what with the means of its parts tells of this one
            or any(self._hide_of_sheet(other) for other in self._secrets)
            or self._hide_sources(others, ratee, source)
            or self._hide_means(others)
        )

    def _hide_sources(self, units: Iterable[str], ratee: str, source: str) -> bool:
        """Hide of the first unit that shows one the mean of a source that the sheet of a ratee hides."""
        line = self.book.design.line
        names = sorted(self._sheet(ratee).hidden.keys() - {""}, key=lambda name: (source not in line[name], name))
        for unit in units:
            found = self._open(unit)
            for name in names:
                if name not in found.hidden and found.mean(name, "") is not None:
                    return self._hide_of_unit(unit, Guarded({name: "members"}))
        return False

    def _hide_means(self, units: Iterable[str]) -> bool:
        """Hide of the first unit that shows any its means of all sources: first by indicator, then of all of them."""
        for unit in units:
            found = self._open(unit)
            if not self._indicators <= found.unshown:
                return self._hide_of_unit(unit, Guarded(indicators=self._indicators))
            if "" not in found.hidden:
                return self._hide_of_unit(unit, Guarded(whole=True))
        return False

    @cached_property
    def _indicators(self) -> frozenset[str]:
        return frozenset(self.book.scheme.indicator_tree.names[1:])

    @cached_property
    def _ground(self) -> Ground:
        held = {post for post, member in self._holders.items() if member in self.guarded}
        return Ground(self.book.study, self.book.scores, self.guarded | held, [*self.book.parts])

    @cached_property
    def _holders(self) -> dict[str, str]:
        posts = self.book.study.posts
        return dict(zip(posts["post_id"], posts["member_id"], strict=True))

    def _holder(self, ratee: str) -> str:
        """The member who holds a post; any other ratee is himself."""
        return self._holders.get(ratee, ratee)

    @cached_property
    def _secrets(self) -> dict[str, list[Secret]]:
        """What few have said, by ratee; of a member with posts it is said of his posts."""
        found: dict[str, list[Secret]] = {}
        for secret in self._ground.secrets():
            found.setdefault(self._holder(secret[1]), []).append(secret)
        return found

    # -------------------------------------------------------------------------------------------------------- sheets

    def _sheet(self, ratee: str) -> Disclosure:
        if ratee not in self._found:
            if ratee not in self._sheets:
                self._sheets[ratee] = _hidden_in([part.of(ratee) for part in self._parts])
            book = self.book
            categories = book.held.get(ratee) or {row["category"] for row in book.ratees.of(ratee)}
            rows = book.table.of(ratee)
            self._found[ratee] = Disclosure.of_ratee(book.design, rows, ratee, categories, self._sheets[ratee])
        return self._found[ratee]

    def _hide_of_sheet(self, ratee: str) -> bool:
        """Hide a little more of a ratee's sheet; False where its composite is hidden already."""
        found = self._sheet(ratee)
        left = [part for part in found.parts if part.counts and part.name not in found.hidden]
        if "" in found.hidden:
            return False
        if not self._indicators <= found.unshown:
            more = Guarded(indicators=self._indicators)
        elif left and not self._parts:
            least = min(left, key=lambda part: (part.attributed, part.raters, part.name))
            more = Guarded({least.name: "complement"})
        else:
            more = Guarded(whole=True)
        self._sheets[ratee] = _joined([_hidden_by(found), more])
        del self._found[ratee]
        return True

    def _of_sheet(self, ratee: str, ground: Ground) -> Iterator[Claim]:
        """What a sheet states of what its readers do not know: the means of all sources."""
        found = self._sheet(ratee)
        for indicator in ["", *self.book.scheme.indicator_tree.names[1:]]:
            row = self._unknown(ratee, "", indicator, ground)
            if row and not isnan(score := found.shown("", indicator)):
                yield _claim(row, score, ground)

    def _unknown(self, ratee: str, source: str, indicator: str, ground: Ground) -> Row:
        """The part of a ratee's score that readers of his sheet do not know."""
        row = ground.of_ratee(self.book.round, ratee, source, indicator)
        return {cell: weight for cell, weight in row.items() if self._is_hidden(*ground.cell(cell)[:3])}

    def _is_hidden(self, turn: str, ratee: str, source: str) -> bool:
        """Whether the sheet of a plain round hides what a source has said."""
        guard = self.book.books.at(turn).guard
        return guard.book.design.top_of[source] in guard._sheet(self._holder(ratee)).hidden  # noqa: SLF001

    # --------------------------------------------------------------------------------------------------------- units

    def _statements(self, ground: Ground) -> list[Claim]:
        """What all reports of the round, and of those that it combines, state of what is hidden on any sheet."""
        made = [claim for ratee in self._secrets for claim in self._of_sheet(ratee, ground)]
        made += [claim for unit in self._guarded_in for claim in self._of_unit(unit, ground)]
        return made + [claim for part in self._parts for claim in part._statements(ground)]  # noqa: SLF001

    def _of_unit(self, unit: str, ground: Ground) -> Iterator[Claim]:
        """What the means of a unit state of the guarded among its members."""
        found, top_of = self._open(unit), self.book.design.top_of
        for mean in self.book.units.of(unit):
            source, indicator = mean["source"], mean["indicator"]
            if top_of.get(source, source) in found.hidden or isnan(found.shown(source, indicator)):
                continue
            row: Row = {}
            for ratee in self._guarded_in[unit]:
                for cell, weight in self._unknown(ratee, source, indicator, ground).items():
                    row[cell] = row.get(cell, 0.0) + weight / mean["members"]
            if row:
                yield _claim(row, mean["score"], ground)

    @cached_property
    def _guarded_in(self) -> dict[str, list[str]]:
        """Counted ratees of every unit, and of those below it, of whom few have said something."""
        found: dict[str, list[str]] = {}
        for row in self.book.ratees.of_all(self._secrets):
            for unit in self._upward(row["ratee_id"]) if row["counts"] else ():
                found.setdefault(unit, []).append(row["ratee_id"])
        return found

    def _upward(self, ratee: str) -> Iterator[str]:
        """The unit of a member, those above it, and the study where several stand at its top; none of a unit itself."""
        books = self.book.books
        unit = books.members[ratee]["unit_id"] if ratee in books.members else ""
        while unit:
            yield unit
            unit = books.tree.parent[unit]
        if ratee in books.members and books.top == "":
            yield ""

    def _open(self, unit: str) -> Disclosure:
        """What may be shown of a unit's means."""
        if unit not in self._opened:
            book = self.book
            guarded = self._units.get(unit, NOTHING)
            self._opened[unit] = Disclosure(book.design, book.units.of(unit), self._categories(unit), guarded)
        return self._opened[unit]

    def _categories(self, unit: str) -> dict[str, set[str]]:
        book = self.book
        rows = book.ratees.of_all(book.books.people.get(unit, ()))
        return {row["ratee_id"]: book.held.get(row["ratee_id"], {row["category"]}) for row in rows}

    def _hide_of_unit(self, unit: str, more: Guarded) -> bool:
        self._units[unit] = _joined([_hidden_by(self._open(unit)), more])
        del self._opened[unit]
        return True


def _claim(row: Row, score: float, ground: Ground) -> Claim:
    """What a printed score states of its unknown part, when all else is known."""
    rest = settled(score) - score + sum(weight * ground.truth(cell) for cell, weight in row.items())
    return Claim(row, rest - HALF, rest + HALF)


def _joined(found: Iterable[Guarded]) -> Guarded:
    """All that goes by any of several."""
    parts = list(found)
    sources = {name: reason for part in parts for name, reason in part.sources.items()}
    indicators = frozenset[str]().union(*(part.indicators for part in parts))
    return Guarded(sources, indicators, any(part.whole for part in parts))


def _hidden_by(found: Disclosure) -> Guarded:
    """All that is hidden: it stays so when more is, though less might do then."""
    sources = {name: reason for name, reason in found.hidden.items() if name}
    return Guarded(sources, frozenset(found.unshown - {""}), "" in found.unshown or "" in found.hidden)


def _hidden_in(found: Iterable[Disclosure]) -> Guarded:
    """All that is hidden in any of several."""
    parts = list(found)
    sources: dict[str, Reason] = {name: "complement" for part in parts for name in part.hidden if name}
    indicators = frozenset(name for part in parts if part.hides for name in part.unshown if name)
    return Guarded(sources, indicators)

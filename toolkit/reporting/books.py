"""What the reports of a run share: the tables of a study, looked up by ratee or unit instead of walked through."""

from __future__ import annotations

from collections import Counter
from functools import cached_property, partial
from math import isnan
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from toolkit.conduct.archive import archive
from toolkit.conduct.criteria import merge
from toolkit.conduct.proposals import propose
from toolkit.reporting.design import Design
from toolkit.reporting.frames import rounded
from toolkit.reporting.guard import Guard
from toolkit.reporting.method import method_facts
from toolkit.reporting.privacy import hidden_units
from toolkit.reporting.unit_tree import UnitTree
from toolkit.scoring.rounds import before, combined, in_time
from toolkit.survey.opinions import during

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from toolkit.conduct.proposals import Proposals
    from toolkit.scheme import Scheme
    from toolkit.scoring.scores import Scores
    from toolkit.study import Study

Record = dict[str, Any]
"""A row by its columns."""


class Rows:
    """Rows of a frame by one of its columns.

    Parameters
    ----------
    frame : DataFrame
        The rows.
    key : str
        The column by which they are looked up.
    """

    def __init__(self, frame: pd.DataFrame, key: str) -> None:
        self.columns = [str(name) for name in frame]
        self._cells = [frame[name].to_numpy() for name in frame]
        codes, names = pd.factorize(frame[key])
        order = np.argsort(codes, kind="stable")
        ends = np.searchsorted(codes[order], np.arange(len(names)), side="right")
        self._places = dict(zip(map(str, names), np.split(order, ends)[: len(names)], strict=True))

    def of(self, name: str) -> list[Record]:
        """The rows of one, in the order of the frame."""
        places = self._places.get(name)
        return [] if places is None else self._at(places)

    def of_all(self, names: Iterable[str]) -> list[Record]:
        """The rows of several, in the order of the frame."""
        found = [self._places[name] for name in dict.fromkeys(names) if name in self._places]
        return self._at(np.sort(np.concatenate(found))) if found else []

    def _at(self, places: np.ndarray[Any, Any]) -> list[Record]:
        cells = [column[places].tolist() for column in self._cells]
        return [dict(zip(self.columns, row, strict=True)) for row in zip(*cells, strict=True)]


class Book:
    """One round, as the reports of a run look it up."""

    def __init__(self, books: Books, turn: str) -> None:
        self.books, self.study, self.scores, self.round = books, books.study, books.scores, turn
        self.scheme: Scheme = self.study.schemes[turn]
        self.parts = {name: self.study.schemes[name] for name in self.scheme.rounds[turn].combine or [turn]}
        self.before, self.combined = before(self.study, turn), combined(self.study, turn)
        self.design = Design(self.scheme, [*self.parts.values()])
        self._frames: dict[str, Rows] = {}
        self._criteria: dict[str, list[Record]] = {}
        self._levels: dict[int | None, dict[str, float]] = {}
        self._method: dict[tuple[tuple[str, ...], str], dict[str, Any]] = {}

    def _of_round(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["round"] == self.round]

    @cached_property
    def ratees(self) -> Rows:
        """Rows of `Scores.ratees`, by ratee."""
        return Rows(self._of_round(self.scores.ratees), "ratee_id")

    @cached_property
    def table(self) -> Rows:
        """Rows of `Scores.table`, by ratee."""
        return Rows(self._of_round(self.scores.table), "ratee_id")

    @cached_property
    def seen(self) -> dict[str, list[tuple[str, float]]]:
        """Top sources over all indicators that have rated somebody, and how many raters they were: by ratee.

        Of a source that holds others it is the least of those within it that are not known by name.
        """
        rows = self._of_round(self.scores.table)
        top_of = {leaf: top for top, leaves in self.design.voices.items() for leaf in leaves}
        rows = rows[rows["source"].isin(top_of) & (rows["indicator"] == "") & (rows["n"] > 0)]
        least = rows.assign(top=rows["source"].map(top_of)).groupby(["ratee_id", "top"], sort=False)["n"].min()
        found: dict[str, list[tuple[str, float]]] = {}
        for ratee, top, n in least.reset_index().itertuples(index=False):
            found.setdefault(ratee, []).append((top, n))
        return found

    @cached_property
    def units(self) -> Rows:
        """Rows of `Scores.units`, by unit."""
        return Rows(self._of_round(self.scores.units), "unit_id")

    @cached_property
    def means(self) -> Rows:
        """Composites of all units."""
        rows = self._of_round(self.scores.units)
        return Rows(rows[(rows["source"] == "") & (rows["indicator"] == "")], "unit_id")

    def peers(self, depth: int | None) -> dict[str, float]:
        """Published means of the units of one level, or with None of those without any below, the best first."""
        if depth not in self._levels:
            tree = self.books.tree
            rows = self.means.of_all(tree.leaves if depth is None else tree.levels[depth])
            scores = rounded([row["score"] for row in rows])
            told = {row["unit_id"]: score for row, score in zip(rows, scores, strict=True) if score is not None}
            order = sorted(told, key=lambda unit: (-told[unit], unit))
            self._levels[depth] = {unit: told[unit] for unit in order}
        return self._levels[depth]

    def method(self, categories: Sequence[str], language: str) -> dict[str, Any]:
        """See `method_facts`: what holds for some categories, in one language."""
        key = tuple(categories), language
        if key not in self._method:
            label = partial(self.label, language=language)
            self._method[key] = method_facts(self.scheme, self.round, self.parts, categories, label)
        return self._method[key]

    def label(self, name: str, language: str) -> str:
        """Label of a name of the scheme, or of a part that alone knows it."""
        labels = (scheme.label(name, language) for scheme in (self.scheme, *self.parts.values()))
        return next((label for label in labels if label != name), name)

    @cached_property
    def scored(self) -> dict[str, float]:
        """Scored members of every unit that has any."""
        rows = self._of_round(self.scores.units)
        rows = rows[(rows["source"] == "") & (rows["indicator"] == "")]
        return dict(zip(rows["unit_id"], rows["members"], strict=True))

    @cached_property
    def votes(self) -> Rows:
        """Rows of the tally of this one round, by ratee."""
        return Rows(self._of_round(self.study.tally.counts), "ratee_id")

    @cached_property
    def posts(self) -> Rows:
        """Posts that are held in the round, by member."""
        return Rows(self.study.posts_in(self.round), "member_id")

    @cached_property
    def answers(self) -> Rows:
        """How many answers every source has given on a ratee, and how many of them were blank: by ratee."""
        counts = self.study.tally.counts
        counts = counts[counts["round"].isin(self.parts)]
        scales = [scale for scheme in self.parts.values() for scale in scheme.scales.values()]
        blank = counts["value"].isin({"", *(name for scale in scales for name in scale.blank)})
        frame = counts[["ratee_id", "source", "count"]].assign(blank=counts["count"].where(blank, 0))
        summed = frame.groupby(["ratee_id", "source"], observed=True, sort=False)[["count", "blank"]].sum()
        return Rows(summed.reset_index(), "ratee_id")

    @cached_property
    def turnout(self) -> Rows:
        """Rows of turnout that are told of a unit, by unit."""
        rows = self.study.turnout
        return Rows(rows[rows["round"].isin(self.parts) & (rows["ratee_id"] == "")], "unit_id")

    @cached_property
    def told_by_ratee(self) -> set[str]:
        """Units of some of whose ratees turnout tells by name."""
        rows = self.study.turnout
        return set(rows.loc[rows["round"].isin(self.parts) & (rows["ratee_id"] != ""), "unit_id"])

    @cached_property
    def void(self) -> Rows:
        """Boxes and ballots that do not count, by unit."""
        return Rows(self.study.void[self.study.void["round"].isin(self.parts)], "unit_id")

    @cached_property
    def silenced(self) -> set[str]:
        """Members and units on whom, or on whose posts, a source has handed in ballots none of which counts."""
        rows = self.study.silenced
        holder = dict(zip(self.study.posts["post_id"], self.study.posts["member_id"], strict=True))
        return {holder.get(ratee, ratee) for ratee in rows.loc[rows["round"].isin(self.parts), "ratee_id"]}

    @cached_property
    def opinions(self) -> Rows:
        """Opinions that came in during the round, by unit."""
        return Rows(during(self.study.opinions, self.study.schemes, self.round), "unit_id")

    def frame(self, name: str) -> Rows:
        """One of the tables of the round's `Rung`, by ratee."""
        if name not in self._frames:
            self._frames[name] = Rows(self.scores.rungs[self.round].frames[name], "ratee_id")
        return self._frames[name]

    @cached_property
    def proposed(self) -> Proposals:
        """What follows from the results."""
        return propose(self.study, self.scores, self.round)

    @cached_property
    def proposals(self) -> Rows:
        """Proposals by ratee."""
        return Rows(self.proposed.proposals, "ratee_id")

    @cached_property
    def grounds(self) -> Rows:
        """Reasons of proposals, by ratee."""
        return Rows(self.proposed.reasons, "ratee_id")

    @cached_property
    def papers(self) -> Rows:
        """Papers that grades call for, by ratee."""
        return Rows(archive(self.study, self.scores, self.round), "ratee_id")

    def criteria(self, unit: str) -> list[Record]:
        """Criteria that hold for a unit, see `merge`: those of the next above it that states any."""
        while unit and unit not in self._stating:
            unit = self.books.tree.parent[unit]
        if unit not in self._criteria:
            self._criteria[unit] = merge(self.study, unit, self.scheme).to_dict("records")  # type: ignore[assignment]
        return self._criteria[unit]

    @cached_property
    def _stating(self) -> set[str]:
        return set(self.study.criteria["unit_id"])

    @cached_property
    def held(self) -> dict[str, set[str]]:
        """Categories of the posts of every member who was rated in them."""
        rows = self.scores.ratees
        rows = rows[(rows["kind"] == "post") & (rows["coverage"] > 0) & rows["round"].isin(self.parts)]
        posts = self.study.posts
        holder = dict(zip(posts["post_id"], posts["member_id"], strict=True))
        held: dict[str, set[str]] = {}
        for post, category in zip(rows["ratee_id"], rows["category"], strict=True):
            held.setdefault(holder[post], set()).add(category)
        return held

    @cached_property
    def guard(self) -> Guard:
        """What must go beside what few have said, with all reports of the round in view."""
        return Guard(self)

    # -------------------------------------------------------------------------- units whose mean their report must hide

    @cached_property
    def bare(self) -> set[str]:
        """Units whose own report must hide the mean."""
        return {unit for unit in self.scored if isnan(self.guard.open(unit).shown("", ""))}

    @cached_property
    def _hidden(self) -> set[str]:
        return hidden_units(self.bare, self.books.tree.children, self.scored)

    def hidden_units(self, unit: str) -> set[str]:
        """Units without a mean in the report of one of them; see `privacy.hidden_units`."""
        # its mean may be known there, unless that in itself must be hidden
        return self._hidden if unit in self.bare else self._hidden - {unit}


class Books:
    """The rounds of a study, each looked up as soon as a report asks for it."""

    _last: ClassVar[Books | None] = None

    def __init__(self, study: Study, scores: Scores) -> None:
        self.study, self.scores = study, scores
        self._books: dict[str, Book] = {}

    @classmethod
    def of(cls, study: Study, scores: Scores) -> Books:
        """The books of a study; those asked for last where they are of the same: what they settle takes a while."""
        last = Books._last
        if last is None or last.study is not study or last.scores is not scores:
            last = Books._last = cls(study, scores)
        return last

    def at(self, turn: str) -> Book:
        """One round."""
        if turn not in self._books:
            self._books[turn] = Book(self, turn)
        return self._books[turn]

    @cached_property
    def tree(self) -> UnitTree:
        """The tree of the units."""
        return UnitTree.of(self.study.units)

    @cached_property
    def top(self) -> str:
        """See `Study.top`."""
        return self.study.top

    @cached_property
    def unit_names(self) -> dict[str, str]:
        """Name of every unit."""
        return dict(zip(self.study.units["unit_id"], self.study.units["name"], strict=True))

    @cached_property
    def members(self) -> dict[str, Record]:
        """Every member's row."""
        return {row["member_id"]: row for row in self.study.members.to_dict("records")}  # type: ignore[misc]

    @cached_property
    def in_time(self) -> list[str]:
        """See `rounds.in_time`."""
        return in_time(self.study)

    @cached_property
    def replies(self) -> Rows:
        """What members have replied, by member."""
        return Rows(self.study.replies, "subject_id")

    @cached_property
    def _called(self) -> Counter[str]:
        return Counter(name for member in self.members.values() for name in {member["member_id"], member["name"]})

    def is_another(self, name: str, member: str) -> bool:
        """Whether a name or an id is that of a member other than this one."""
        own = self.members[member]
        return self._called[name] > (name in {own["member_id"], own["name"]})

    @cached_property
    def people(self) -> dict[str, list[str]]:
        """Members of every unit and of those below it."""
        rows = self.study.ancestors
        found: dict[str, list[str]] = {}
        for ratee, unit in zip(rows["ratee_id"], rows["unit_id"], strict=True):
            found.setdefault(unit, []).append(ratee)
        return found

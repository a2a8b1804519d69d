"""What of a unit's scores may be shown, so that what is hidden cannot be found from what is not."""

from __future__ import annotations

from functools import cached_property, partial
from math import isnan, nan
from typing import TYPE_CHECKING, Self

import numpy as np

from toolkit.audit.means import Means, follows
from toolkit.reporting.design import tops
from toolkit.reporting.privacy import FEWEST, NOTHING, Guarded, Part, hidden_sources, rests_on_few
from toolkit.scheme import SELF
from toolkit.scoring.ranks import rank

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from toolkit.audit.means import Row
    from toolkit.reporting.books import Record
    from toolkit.reporting.design import Design
    from toolkit.reporting.privacy import Reason

    Categories = Mapping[str, Collection[str]]
    Seen = Mapping[str, Sequence[tuple[str, float]]]


class Disclosure:
    """Decides for one unit and round.

    Parameters
    ----------
    design : Design
        What the round's schemes say of their sources.
    means : sequence of mapping
        The unit's rows of `Scores.units` in the round.
    categories : mapping
        Categories in which every member of its subtree is rated: his own, or those of his posts.
    guarded : Guarded
        What else must go, since votes are whole.

    Attributes
    ----------
    tops : list of str
        The sources right below the root, of all schemes.
    parts : list of Part
        Those that were seen, as parts of the composite.
    min_raters : int
        The most that any of them asks for.
    hidden : dict
        See `hidden_sources`.
    unshown : set of str
        Indicators ("" for all) whose mean of all sources would give a hidden source away.
    open_selves : bool
        Whether views of oneself count as attributed: they do where they weigh nothing.
    """

    def __init__(
        self, design: Design, means: Sequence[Record], categories: Categories, guarded: Guarded = NOTHING
    ) -> None:
        self._design, self._categories = design, categories
        self._rows = {(row["source"], row["indicator"]): row for row in means}
        self.tops, self.min_raters = design.tops, design.min_raters
        self._all_categories = {category for own in categories.values() for category in own}
        self.parts = sources = self._parts()
        self.open_selves = all(part.attributed for part in sources if part.name == SELF)
        self._attributed = {part.name: part.attributed for part in sources}
        self.hidden: dict[str, Reason] = hidden_sources(sources, self.min_raters, guarded.sources)
        if guarded.whole:
            self.hidden[""] = "complement"
        counted = {part.name for part in sources if part.counts}
        self._hidden_parts = [name for name in self.hidden if name in counted]
        self.unshown = guarded.indicators | (self._unshown() if self._hidden_parts else set[str]())

    @classmethod
    def of_ratee(
        cls,
        design: Design,
        rows: Iterable[Record],
        ratee: str,
        categories: Collection[str],
        guarded: Guarded = NOTHING,
    ) -> Self:
        """Decide for a single ratee.

        His view of himself is no secret to him, and so protects nobody: it is left out.

        Parameters
        ----------
        design
            See above.
        rows : iterable of mapping
            The ratee's rows of `Scores.table` in the round.
        ratee : str
            The ratee.
        categories : collection of str
            In which he is rated.
        guarded
            See above.
        """
        seen = [row for row in rows if row["source"] != SELF and not isnan(row["score"])]
        means = [row | {"members": 1.0, "raters": row["n"]} for row in seen]
        return cls(design, means, {ratee: categories}, guarded)

    @property
    def sources(self) -> list[str]:
        """The sources that are shown; a self rating is for the member's own eyes."""
        return [name for name in self.tops if name not in self.hidden and name != SELF]

    @property
    def hides(self) -> bool:
        """Whether a source that weighs is hidden."""
        return bool(self._hidden_parts)

    @cached_property
    def secrets(self) -> set[str]:
        """Sources, with those below them, and indicators whose mean must not be told anywhere."""
        line = self._design.line
        return {name for top in self.hidden for name in line.get(top, ())} | (self.unshown - {""})

    def mean(self, source: str, indicator: str) -> Record | None:
        """The unit's row for a source and an indicator, whether it may be shown or not; None where there is none."""
        return self._rows.get((source, indicator))

    def shown(self, source: str, indicator: str) -> float:
        """The unit's mean, NaN where it is hidden."""
        mean, whole = self.mean(source, indicator), self.mean("", "")
        if mean is None or source in self.hidden or (source == "" and indicator in self.unshown):
            return float("nan")
        # a mean of one or two of many is nearly theirs, and with it what few others have said of them
        few = whole is not None and mean["members"] < min(FEWEST, whole["members"])
        return float("nan") if few else float(mean["score"])

    def members(self, members: Sequence[Record], seen: Seen, unit: str, barred: Collection[str] = ()) -> list[Record]:
        """Ratees without the composites that would show what a few raters of a single source have said.

        Those that are left are ranked among themselves: a place that nobody holds would say where another stands.

        Parameters
        ----------
        members : sequence of mapping
            Rows of `Scores.ratees`.
        seen : mapping
            The sources that have rated each, and how many raters they were.
        unit : str
            Where just one of its members is withheld, another is, or the first could be found from the unit's mean.
        barred : collection of str
            Ratees whose composite must go too.
        """
        bare = {row["ratee_id"] for row in members if row["ratee_id"] in barred or self._rests_on_few(row, seen)}
        own = [row for row in members if row["unit_id"] == unit and row["counts"]]
        lone = [row for row in own if row["ratee_id"] in bare]
        others = [row for row in own if row["ratee_id"] not in bare]
        if len(lone) == 1 and others:
            # one of his category if there is: elsewhere the score weighs otherwise in an index, and two sums give two
            category = lone[0]["category"]
            bare.add(min(others, key=lambda row: (row["category"] != category, row["n"], row["ratee_id"]))["ratee_id"])
        # a tie with nobody to be seen would tell the score of one who is withheld
        bands = {row["band"] for row in members if row["tied"] and row["ratee_id"] in bare}
        told = [row | {"tied": False} if row["tied"] and row["band"] in bands else row for row in members]
        return _ranked([_withheld(row) if row["ratee_id"] in bare else row for row in told])

    def _rests_on_few(self, row: Record, seen: Seen) -> bool:
        ratee = row["ratee_id"]
        weighing = self._design.weighing(self._categories.get(ratee) or {row["category"]})
        sources = [(source, n) for source, n in seen.get(ratee, ()) if source in weighing]
        return rests_on_few(sources, self._attributed, self.min_raters)

    def _parts(self) -> list[Part]:
        weighing, rows = self._design.weighing(self._all_categories), [*self._rows.values()]
        parts = []
        for name in self.tops:
            # what weighs nothing in it is told beside it all the same
            voices = self._design.voices[name]
            seen = [row for row in rows if row["raters"] > 0]
            mine = [row for row in seen if row["source"] in voices]
            counts = name in weighing and any(row["source"] == name for row in seen)
            # views of oneself are shown as a mean of the unit alone, so that their raters are the members
            raters = [row["members" if name == SELF else "raters"] for row in mine]
            attributed = not counts if name == SELF else self._design.attributed[name]
            parts.append(Part(name, int(min(raters, default=0)), attributed, counts))
        return parts

    def _unshown(self) -> set[str]:
        """Indicators without a mean of all sources, as few as keep what few have said from being found."""
        tree = self._design.scheme.indicator_tree
        order = sorted(range(len(tree)), key=lambda node: (node == 0, node in tree.inner, node))
        names = [tree.names[node] if node else "" for node in order]
        unshown = {name for name in names if sum(self._saw(source, name) for source in self._hidden_parts) == 1}
        left = [name for name in names if name not in unshown and self.mean("", name) is not None]
        while left and any(self._finds(left, category) for category in self._all_categories):
            rated = [name for name in left if any(self._saw(source, name) for source in self._hidden_parts)]
            enough = (
                name for name in rated
                if not any(self._finds(_but(left, name), category) for category in self._all_categories)
            )  # fmt: skip
            gone = next(enough, rated[0])
            unshown.add(gone)
            left = _but(left, gone)
        return unshown

    def _finds(self, shown: Sequence[str], category: str) -> bool:
        """Whether what few have said follows from the means of all sources on these indicators."""
        few = [name for name in self._hidden_parts if self.hidden[name] != "complement"]
        names = ["", *self._design.scheme.indicator_tree.names[1:]]
        equations: list[Row] = [{} for _ in shown]
        sums: list[Row] = [{} for _ in few for _ in names]
        single: list[Row] = []
        for place, part in enumerate(self._design.schemes):
            means, unknown = Means(part, category, partial(self._stand, place)), partial(self._unknown, place)
            of_all = [unknown(means.of_all(name, tops([part]))) for name in shown]
            of_few = [unknown(means.of_source(source, name)) for source in few for name in names]
            equations = [row | more for row, more in zip(equations, of_all, strict=True)]
            sums = [row | more for row, more in zip(sums, of_few, strict=True)]
            single += of_few
        return follows(equations, [*sums, *single])

    def _unknown(self, place: int, row: Row) -> Row:
        """What a reader does not know of a row, in one of the rounds that are combined."""
        return {(f"{place} {key[0]}", key[1]): weight for key, weight in row.items() if key[0] in self._hidden_parts}

    def _saw(self, source: str, indicator: str) -> bool:
        """Whether a source was asked an indicator, or anything below it, and rated it."""
        places = range(len(self._design.schemes))
        return any(self._stand(place, source, indicator) is not None for place in places)

    def _stand(self, place: int, source: str, indicator: str) -> str | None:
        """The indicator that a source has rated: this one, or the next above it that stands for it; None for none."""
        tree = self._design.schemes[place].indicator_tree
        line = [tree.names[node] if node else "" for node in tree.path(tree.position.get(indicator, 0))]
        mean, name = next(((mean, name) for name in line if (mean := self.mean(source, name))), (None, ""))
        return name if mean and mean["members"] > 0 and self._design.asks(place, source, indicator) else None


def _withheld(row: Record) -> Record:
    blank = dict.fromkeys(("score", "low", "high", "grade", "band", "places"), nan)
    return row | blank | ({} if isnan(row["score"]) else {"status": "withheld"})


def _ranked(rows: list[Record]) -> list[Record]:
    """Rows with the ranks of those who count, unit by unit."""
    ranks = dict.fromkeys((row["ratee_id"] for row in rows), nan)
    by_unit: dict[str, list[Record]] = {}
    for row in rows:
        if row["counts"] and not isnan(row["score"]):
            by_unit.setdefault(row["unit_id"], []).append(row)
    for own in by_unit.values():
        places = rank(np.array([row["score"] for row in own]))
        ranks |= dict(zip((row["ratee_id"] for row in own), places.tolist(), strict=True))
    return [row | {"rank": ranks[row["ratee_id"]]} for row in rows]


def _but(names: Sequence[str], gone: str) -> list[str]:
    return [name for name in names if name != gone]

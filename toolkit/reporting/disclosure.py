"""What of a unit's scores may be shown, so that what is hidden cannot be found from what is not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from toolkit.reporting.audit import Means, follows
from toolkit.reporting.privacy import FEWEST, Part, hidden_sources, resting_on_few
from toolkit.scheme import SELF
from toolkit.scoring.ranks import rank

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence

    from toolkit.reporting.audit import Row
    from toolkit.reporting.privacy import Reason
    from toolkit.scheme import Scheme, Source

    Categories = Mapping[str, Collection[str]]


class Disclosure:
    """Decides for one unit and round.

    Parameters
    ----------
    scheme : Scheme
        The round's scheme.
    parts : sequence of Scheme
        Those of the rounds that it combines, or of itself: what anybody was asked is seen here.
    means : DataFrame
        The unit's rows of `Scores.units` in the round.
    categories : mapping
        Categories in which every member of its subtree is rated: his own, or those of his posts.

    Attributes
    ----------
    tops : list of str
        The sources right below the root, of all parts.
    min_raters : int
        The most that any part asks for.
    hidden : dict
        See `hidden_sources`.
    unshown : set of str
        Indicators ("" for all) whose mean of all sources would give a hidden source away.
    """

    def __init__(self, scheme: Scheme, parts: Sequence[Scheme], means: pd.DataFrame, categories: Categories) -> None:
        self._scheme, self._schemes, self._means, self._categories = scheme, parts, means, categories
        rows = means.to_dict("records") if len(set(means["unit_id"])) == 1 else []
        self._rows: dict[tuple[str, str], dict[Hashable, Any]] = {
            (row["source"], row["indicator"]): row for row in rows
        }
        self.tops = tops(parts)
        self.min_raters = max(part.privacy.min_raters for part in (scheme, *parts))
        sources = self._parts({category for own in categories.values() for category in own})
        self._attributed = {part.name: part.attributed for part in sources}
        self._counted = {part.name for part in sources if part.counts}
        self.hidden: dict[str, Reason] = hidden_sources(sources, self.min_raters)
        self.unshown = self._unshown()

    @classmethod
    def of_ratee(
        cls, scheme: Scheme, parts: Sequence[Scheme], table: pd.DataFrame, ratee: str, categories: Collection[str]
    ) -> Self:
        """Decide for a single ratee.

        His view of himself is no secret to him, and so protects nobody: it is left out.

        Parameters
        ----------
        scheme, parts
            See above.
        table : DataFrame
            `Scores.table` of the round.
        ratee : str
            The ratee.
        categories : collection of str
            In which he is rated.
        """
        rows = table[(table["ratee_id"] == ratee) & (table["source"] != SELF) & table["score"].notna()]
        means = rows.astype({"source": str, "indicator": str}).assign(unit_id="", members=1.0)
        return cls(scheme, parts, means.assign(raters=means["n"]), {ratee: categories})

    @property
    def sources(self) -> list[str]:
        """The sources that are shown; a self rating is for the member's own eyes."""
        return [name for name in self.tops if name not in self.hidden and name != SELF]

    @property
    def hides(self) -> bool:
        """Whether a source that weighs is hidden."""
        return bool(self._hidden_parts)

    @property
    def secrets(self) -> set[str]:
        """Sources, with those below them, and indicators whose mean must not be told anywhere."""
        below = {leaf for part in self._schemes for leaf in within(part, self.hidden)}
        return {*self.hidden, *below, *self.unshown} - {""}

    def mean(self, source: str, indicator: str) -> dict[Hashable, Any] | None:
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

    def members(self, members: pd.DataFrame, table: pd.DataFrame, unit: str) -> pd.DataFrame:
        """Ratees without the composites that would show what a few raters of a single source have said.

        Those that are left are ranked among themselves: a place that nobody holds would say where another stands.

        Parameters
        ----------
        members : DataFrame
            Rows of `Scores.ratees`.
        table : DataFrame
            `Scores.table` of the round.
        unit : str
            Where just one of its members is withheld, another is, or the first could be found from the unit's mean.
        """
        bare: set[str] = set()
        rated_as = members["ratee_id"].map(lambda ratee: "|".join(sorted(self._categories.get(ratee, ()))))
        for _, group in members.groupby(rated_as):
            rows = table[table["ratee_id"].isin(group["ratee_id"])]
            categories = self._categories.get(group["ratee_id"].iloc[0], group["category"].unique())
            bare |= self._resting_on_few(rows, "ratee_id", "n", categories)
        own = members[(members["unit_id"] == unit) & members["counts"]]
        lone, others = own[own["ratee_id"].isin(bare)], own[~own["ratee_id"].isin(bare)]
        if len(lone) == 1:
            # one of his category if there is: elsewhere the score weighs otherwise in an index, and two sums give two
            others = others.assign(unlike=others["category"] != lone["category"].iloc[0])
            bare |= set(others.sort_values(["unlike", "n", "ratee_id"])["ratee_id"].head(1))
        gone = members["ratee_id"].isin(bare)
        # a tie with nobody to be seen would tell the score of one who is withheld
        tied = members["tied"] & ~members["band"].isin(members["band"][gone & members["tied"]])
        blank = {name: members[name].mask(gone) for name in ("score", "low", "high", "grade", "band", "places")}
        status = members["status"].mask(gone & members["score"].notna(), "withheld")
        ranked = blank["score"].where(members["counts"]).groupby(members["unit_id"])
        places = ranked.transform(lambda scores: pd.Series(rank(scores), scores.index))
        return members.assign(**blank, status=status, rank=places, tied=tied)

    def bare_units(self, units: pd.DataFrame) -> set[str]:
        """Which units (rows of `Scores.units` in the round) have a mean that their own report must hide."""
        everybody = {"", *(category for scheme in self._schemes for category in scheme.categories)}
        return self._resting_on_few(units, "unit_id", "raters", everybody)

    def _parts(self, categories: Iterable[str]) -> list[Part]:
        weighing = self._weighing(categories)
        parts = []
        for name in self.tops:
            # what weighs nothing in it is told beside it all the same
            line = {name, *(leaf for scheme in self._schemes for leaf in within(scheme, [name]))}
            rows = self._means[self._means["source"].isin(line) & (self._means["raters"] > 0)]
            counts = bool((rows["source"] == name).any()) and name in weighing
            if name == SELF:  # shown as a mean of the unit alone, so that its raters are the members
                raters, attributed = rows["members"], not counts
            else:
                leaves = [leaf for scheme in self._schemes for leaf in leaves_below(scheme, name)]
                raters, attributed = rows["raters"], all(leaf.attributed for leaf in leaves)
            parts.append(Part(name, int(raters.min()) if len(rows) else 0, attributed, counts))
        return parts

    def _weighing(self, categories: Iterable[str]) -> list[str]:
        """The top sources that weigh anything in one of these categories, in any part."""
        weights = [scheme.source_weights(category) for scheme in self._schemes for category in categories]
        return [name for name in self.tops if any(part.get(name, 0) > 0 for part in weights)]

    def _resting_on_few(self, rows: pd.DataFrame, key: str, raters: str, categories: Iterable[str]) -> set[str]:
        seen = rows["source"].isin(self._weighing(categories)) & (rows["indicator"] == "") & (rows[raters] > 0)
        rows = rows[seen].astype({key: str, "source": str})
        if rows.empty:
            return set()
        attributed = rows["source"].map(self._attributed).astype(bool)
        counted = pd.DataFrame({"id": rows[key], "raters": rows[raters], "attributed": attributed})
        return resting_on_few(counted, self.min_raters)

    def _unshown(self) -> set[str]:
        """Indicators without a mean of all sources, as few as keep what few have said from being found."""
        tree = self._scheme.indicator_tree
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

    @property
    def _hidden_parts(self) -> list[str]:
        return [name for name in self.hidden if name in self._counted]

    @property
    def _all_categories(self) -> set[str]:
        return {category for own in self._categories.values() for category in own}

    def _finds(self, shown: Sequence[str], category: str) -> bool:
        """Whether what few have said follows from the means of all sources on these indicators."""
        few = [name for name in self._hidden_parts if self.hidden[name] == "few"]
        names = ["", *self._scheme.indicator_tree.names[1:]]
        equations: list[Row] = [{} for _ in shown]
        sums: list[Row] = [{} for _ in few for _ in names]
        single: list[Row] = []
        for place, part in enumerate(self._schemes):
            means, unknown = Means(part, category, partial(self._stand, part)), partial(self._unknown, place)
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
        return any(self._stand(part, source, indicator) is not None for part in self._schemes)

    def _stand(self, part: Scheme, source: str, indicator: str) -> str | None:
        """The indicator that a source has rated: this one, or the next above it that stands for it; None for none."""
        tree = part.indicator_tree
        line = [tree.names[node] if node else "" for node in tree.path(tree.position.get(indicator, 0))]
        mean, name = next(((mean, name) for name in line if (mean := self.mean(source, name))), (None, ""))
        return name if mean and mean["members"] > 0 and _asks(part, source, indicator) else None


def _but(names: Sequence[str], gone: str) -> list[str]:
    return [name for name in names if name != gone]


def tops(schemes: Iterable[Scheme]) -> list[str]:
    """The sources right below the root of any of these schemes."""
    trees = [scheme.source_tree for scheme in schemes]
    return list(dict.fromkeys(tree.names[place] for tree in trees for place in tree.children(0)))


def within(scheme: Scheme, names: Iterable[str]) -> set[str]:
    """Names of the sources below some sources."""
    tree = scheme.source_tree
    places = {tree.position[name] for name in names if name and name in tree.position}
    return {tree.names[node] for node in range(len(tree)) if places & set(tree.path(node)[1:])}


def _asks(scheme: Scheme, source: str, indicator: str) -> bool:
    """Whether a scheme asks a source this indicator, or anything below it."""
    sources, indicators = scheme.source_tree, scheme.indicator_tree
    if source not in sources.position:
        return False
    rows, columns = sources.below[sources.position[source]], indicators.below[indicators.position.get(indicator, 0)]
    return bool(scheme.asked[rows][:, columns].any())


def leaves_below(scheme: Scheme, name: str) -> list[Source]:
    """The sources that rate within a source; none where the scheme does not have it."""
    tree = scheme.source_tree
    node = tree.position.get(name, -1)
    return [leaf for key, leaf in scheme.leaf_sources.items() if node in tree.path(tree.position[key])]

"""What of a unit's scores may be shown, so that what is hidden cannot be found from what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.reporting.privacy import Part, hidden_sources, resting_on_few

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from toolkit.reporting.privacy import Reason
    from toolkit.scheme import Scheme


class Disclosure:
    """Decides for one unit and round.

    Parameters
    ----------
    scheme : Scheme
        The round's scheme.
    means : DataFrame
        The unit's rows of `Scores.units` in the round.
    members : DataFrame
        The rows of `Scores.ratees` of the members of its subtree.

    Attributes
    ----------
    tops : list of str
        The sources that reports show: those right below the root.
    hidden : dict
        See `hidden_sources`.
    unshown : set of str
        Indicators ("" for all) whose mean of all sources would give a hidden source away.
    """

    def __init__(self, scheme: Scheme, means: pd.DataFrame, members: pd.DataFrame) -> None:
        self._scheme, self._means = scheme, means
        rows = means.to_dict("records") if len(set(means["unit_id"])) == 1 else []
        self._rows: dict[tuple[str, str], dict[Hashable, Any]] = {
            (row["source"], row["indicator"]): row for row in rows
        }
        self.tops = [scheme.source_tree.names[place] for place in scheme.source_tree.children(0)]
        parts = self._parts(members["category"].unique())
        self._attributed = {part.name: part.attributed for part in parts}
        self._counted = {part.name for part in parts if part.counts}
        self.hidden: dict[str, Reason] = hidden_sources(parts, scheme.privacy.min_raters)
        self.unshown = self._unshown()

    def mean(self, source: str, indicator: str) -> dict[Hashable, Any] | None:
        """The unit's row for a source and an indicator, whether it may be shown or not; None where there is none."""
        return self._rows.get((source, indicator))

    def shown(self, source: str, indicator: str) -> float:
        """The unit's mean, NaN where it is hidden."""
        mean = self.mean(source, indicator)
        hide = source in self.hidden or (source == "" and indicator in self.unshown)
        return float("nan") if mean is None or hide else float(mean["score"])

    def members(self, members: pd.DataFrame, table: pd.DataFrame, unit: str) -> pd.DataFrame:
        """Ratees without the composites that would show what a few raters of a single source have said.

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
        for category, group in members.groupby("category"):
            rows = table[table["ratee_id"].isin(group["ratee_id"])]
            bare |= self._resting_on_few(rows, "ratee_id", "n", [str(category)])
        own = members[(members["unit_id"] == unit) & members["counts"]]
        others = own[~own["ratee_id"].isin(bare)]
        if len(own) - len(others) == 1:
            bare |= set(others.sort_values(["n", "ratee_id"])["ratee_id"].head(1))
        gone = members["ratee_id"].isin(bare)
        blank = {name: members[name].mask(gone) for name in ("score", "low", "high", "rank", "grade", "band", "places")}
        status = members["status"].mask(gone & members["score"].notna(), "withheld")
        return members.assign(**blank, status=status, tied=members["tied"] & ~gone)

    def bare_units(self, units: pd.DataFrame) -> set[str]:
        """Which units (rows of `Scores.units` in the round) have a mean that their own report must hide."""
        return self._resting_on_few(units, "unit_id", "raters", [*self._scheme.categories, ""])

    def _parts(self, categories: Iterable[str]) -> list[Part]:
        leaves, tree = self._scheme.leaf_sources, self._scheme.source_tree
        weighing = self._weighing(categories)
        parts = []
        for name in self.tops:
            rows = self._means[(self._means["source"] == name) & (self._means["raters"] > 0)]
            below = [leaf for leaf in leaves if tree.position[name] in tree.path(tree.position[leaf])]
            attributed = all(leaves[leaf].attributed for leaf in below)
            least = int(rows["raters"].min()) if len(rows) else 0
            parts.append(Part(name, least, attributed, counts=len(rows) > 0 and name in weighing))
        return parts

    def _weighing(self, categories: Iterable[str]) -> list[str]:
        """The top sources that weigh anything in one of these categories."""
        weights = [self._scheme.source_weights(category) for category in categories]
        return [name for name in self.tops if any(part[name] > 0 for part in weights)]

    def _resting_on_few(self, rows: pd.DataFrame, key: str, raters: str, categories: Iterable[str]) -> set[str]:
        seen = rows["source"].isin(self._weighing(categories)) & (rows["indicator"] == "") & (rows[raters] > 0)
        rows = rows[seen].astype({key: str, "source": str})
        if rows.empty:
            return set()
        attributed = rows["source"].map(self._attributed).astype(bool)
        counted = pd.DataFrame({"id": rows[key], "raters": rows[raters], "attributed": attributed})
        return resting_on_few(counted, self._scheme.privacy.min_raters)

    def _unshown(self) -> set[str]:
        tree = self._scheme.indicator_tree
        names = ["", *tree.names[1:]]
        unshown = {name for name in names if self._one_is_hidden(name)}
        if self._scheme.first == "indicator":
            return unshown
        # here an indicator's mean is that of its parts, so that a part could be found from the whole and the others
        for node, name in enumerate(names):
            parts = [child for child in tree.children(node) if self.mean("", names[child]) is not None]
            gone = [child for child in parts if names[child] in unshown]
            lacking = (1 if name in unshown else 2 if gone else 0) - len(gone)
            others = sorted(set(parts) - set(gone), key=lambda child: (child in tree.inner, child))
            unshown |= {names[child] for child in others[: max(lacking, 0)]}
        return unshown

    def _one_is_hidden(self, indicator: str) -> bool:
        """Whether just one hidden source was asked this indicator: it could be found from the mean of all."""
        parts = [self.mean(source, indicator) for source in self.hidden if source in self._counted]
        return sum(1 for part in parts if part and part["members"] > 0) == 1

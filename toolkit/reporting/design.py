"""What the schemes of a round say of their sources, worked out once for all who are reported on."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from toolkit.scheme import SELF

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from toolkit.scheme import Scheme, Source


class Design:
    """The sources of one round.

    Parameters
    ----------
    scheme : Scheme
        The round's scheme.
    schemes : sequence of Scheme
        Those of the rounds that it combines, or of itself: what anybody was asked is seen here.

    Attributes
    ----------
    tops : list of str
        The sources right below the root, of all schemes.
    min_raters : int
        The most that any scheme asks for.
    """

    def __init__(self, scheme: Scheme, schemes: Sequence[Scheme]) -> None:
        self.scheme, self.schemes = scheme, schemes
        self.tops = tops(schemes)
        self.min_raters = max(part.privacy.min_raters for part in (scheme, *schemes))
        self._weighing: dict[str, frozenset[str]] = {}
        self._asks: dict[tuple[int, str, str], bool] = {}

    @cached_property
    def line(self) -> dict[str, set[str]]:
        """Every top source with all that lie below it."""
        return {name: {name, *(leaf for part in self.schemes for leaf in within(part, [name]))} for name in self.tops}

    @cached_property
    def attributed(self) -> dict[str, bool]:
        """Whether the raters of a top source are known by name; of views of oneself a report has to decide."""
        leaves = {
            name: [leaf for part in self.schemes for leaf in leaves_below(part, name).values()] for name in self.tops
        }
        return {name: name != SELF and all(leaf.attributed for leaf in found) for name, found in leaves.items()}

    @cached_property
    def voices(self) -> dict[str, set[str]]:
        """The sources below a top one, or itself, that rate without a name; where all are known by name, these."""
        found = {}
        for name in self.tops:
            leaves = [item for part in self.schemes for item in leaves_below(part, name).items()]
            anonymous = {leaf for leaf, source in leaves if not source.attributed}
            found[name] = anonymous or {leaf for leaf, _ in leaves}
        return found

    @cached_property
    def top_of(self) -> dict[str, str]:
        """Every source with the one that holds it right below the root."""
        trees = [part.source_tree for part in self.schemes]
        return {name: tree.names[tree.path(node)[-2]] for tree in trees for name, node in tree.position.items() if node}

    def weighing(self, categories: Iterable[str]) -> frozenset[str]:
        """The top sources that weigh anything in one of these categories, in any scheme."""
        return frozenset[str]().union(*map(self._weighing_in, categories))

    def _weighing_in(self, category: str) -> frozenset[str]:
        if category not in self._weighing:
            weights = [part.source_weights(category) for part in self.schemes]
            self._weighing[category] = frozenset(
                name for name in self.tops if any(part.get(name, 0) > 0 for part in weights)
            )
        return self._weighing[category]

    def asks(self, place: int, source: str, indicator: str) -> bool:
        """Whether one of the schemes asks a source this indicator, or anything below it."""
        key = place, source, indicator
        if key not in self._asks:
            self._asks[key] = _asks(self.schemes[place], source, indicator)
        return self._asks[key]


def tops(schemes: Iterable[Scheme]) -> list[str]:
    """The sources right below the root of any of these schemes."""
    trees = [scheme.source_tree for scheme in schemes]
    return list(dict.fromkeys(tree.names[place] for tree in trees for place in tree.children(0)))


def within(scheme: Scheme, names: Iterable[str]) -> set[str]:
    """Names of the sources below some sources."""
    tree = scheme.source_tree
    places = {tree.position[name] for name in names if name and name in tree.position}
    return {tree.names[node] for node in range(len(tree)) if places & set(tree.path(node)[1:])}


def leaves_below(scheme: Scheme, name: str) -> dict[str, Source]:
    """The sources that rate within a source; none where the scheme does not have it."""
    tree = scheme.source_tree
    node = tree.position.get(name, -1)
    return {key: leaf for key, leaf in scheme.leaf_sources.items() if node in tree.path(tree.position[key])}


def _asks(scheme: Scheme, source: str, indicator: str) -> bool:
    sources, indicators = scheme.source_tree, scheme.indicator_tree
    if source not in sources.position:
        return False
    rows, columns = sources.below[sources.position[source]], indicators.below[indicators.position.get(indicator, 0)]
    return bool(scheme.asked[rows][:, columns].any())

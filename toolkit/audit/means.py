"""Whether a hidden mean follows from what is shown: equations in what a reader does not know, solved as he would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit.scoring.ranks import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from numpy.typing import NDArray

    from toolkit.scheme import Scheme

    Row = dict[tuple[str, str], float]
    """Weights of what is not known, the mean of a source on an indicator."""
    Stands = Callable[[str, str], str | None]


def follows(equations: Iterable[Row], wanted: Iterable[Row]) -> bool:
    """Whether any of the wanted sums is a weighted sum of the equations."""
    equations, wanted = list(equations), list(wanted)
    names = {name: place for place, name in enumerate({name: 0 for row in [*equations, *wanted] for name in row})}

    def matrix(rows: list[Row]) -> NDArray[np.float64]:
        made = np.zeros((len(rows), len(names)))
        for place, row in enumerate(rows):
            for name, weight in row.items():
                made[place, names[name]] = weight
        return made

    known, asked = matrix(equations), matrix(wanted)
    asked = asked[np.abs(asked).max(axis=1, initial=0) > TOLERANCE]
    if not len(known) or not len(asked):
        return False
    solved, *_ = np.linalg.lstsq(known.T, asked.T, rcond=None)
    return bool((np.abs(known.T @ solved - asked.T).max(axis=0) < TOLERANCE).any())


class Means:
    """Means of a scheme as weighted sums of what its top sources have said on its leaf indicators.

    Parameters
    ----------
    scheme : Scheme
        Trees, weights, and which tree is climbed first.
    category : str
        The ratee's.
    stands : callable
        Top source and leaf indicator -> the indicator that the source has rated in its place, None for none.
    """

    def __init__(self, scheme: Scheme, category: str, stands: Stands) -> None:
        self._scheme, self._stands = scheme, stands
        self._sources = {name: float(weight) for name, weight in scheme.source_weights(category).items() if weight > 0}
        self._weights = {name: float(weight) for name, weight in scheme.indicator_weights(category).items()}

    def of_source(self, source: str, indicator: str) -> Row:
        """A source's mean of an indicator, over what it has rated below."""
        return self._up(indicator, lambda leaf: self._leaf(source, leaf))

    def of_all(self, indicator: str, tops: Collection[str]) -> Row:
        """The mean of all sources."""
        if self._scheme.first == "source":
            return self._up(indicator, lambda leaf: self._over(tops, lambda source: self._leaf(source, leaf)))
        return self._over(tops, lambda source: self.of_source(source, indicator))

    def _leaf(self, source: str, leaf: str) -> Row:
        name = self._stands(source, leaf)
        return {} if name is None else {(source, name): 1.0}

    def _over(self, tops: Collection[str], row: Callable[[str], Row]) -> Row:
        return _mean([(self._sources[name], row(name)) for name in tops if name in self._sources])

    def _up(self, indicator: str, row: Callable[[str], Row]) -> Row:
        tree = self._scheme.indicator_tree
        node = tree.position.get(indicator, 0)
        below = tree.children(node)
        if not below:
            return row(tree.names[node])
        return _mean([(self._weights[tree.names[child]], self._up(tree.names[child], row)) for child in below])


def _mean(parts: list[tuple[float, Row]]) -> Row:
    """Mean by weight of those that hold anything."""
    parts = [(weight, row) for weight, row in parts if row and weight > 0]
    total = sum(weight for weight, _ in parts)
    made: Row = {}
    for weight, row in parts:
        for name, share in row.items():
            made[name] = made.get(name, 0.0) + weight * share / total
    return made

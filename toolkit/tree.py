"""A tree of sources or of indicators, flattened: parents before children, the root first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Tree:
    """Nodes of a tree in pre-order.

    Attributes
    ----------
    names : tuple of str
        Name of each node, unique; the root's name comes first.
    parents : tuple of int
        Position of each node's parent, -1 for the root.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.names)

    def children(self, node: int) -> list[int]:
        """Positions of the children of `node`."""
        return [child for child, parent in enumerate(self.parents) if parent == node]

    @cached_property
    def position(self) -> dict[str, int]:
        """Position of each name."""
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def leaves(self) -> NDArray[np.intp]:
        """Positions of the nodes without children (the root alone is a leaf)."""
        return np.array([node for node in range(len(self)) if not self.children(node)], dtype=np.intp)

    @cached_property
    def inner(self) -> list[int]:
        """Positions of the nodes with children, children before parents."""
        return [node for node in reversed(range(len(self))) if self.children(node)]

    @cached_property
    def below(self) -> NDArray[np.bool_]:
        """Matrix (nodes, leaves): whether the leaf is the node or lies below it."""
        matrix = np.zeros((len(self), len(self.leaves)), dtype=bool)
        matrix[self.leaves, np.arange(len(self.leaves))] = True
        for node in self.inner:
            matrix[node] = matrix[self.children(node)].any(axis=0)
        return matrix

    def path(self, node: int) -> list[int]:
        """Positions from `node` up to the root."""
        path = [node]
        while self.parents[path[-1]] >= 0:
            path.append(self.parents[path[-1]])
        return path

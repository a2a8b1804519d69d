"""What a number of votes can come to, when every one of them is an answer of a scale."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

TOLERANCE = 1e-7
"""Points by which a printed number may be off beyond its rounding: sums of binary fractions."""


@dataclass(frozen=True)
class Votes:
    """The votes of which one mean is made.

    Attributes
    ----------
    n : int
        How many they are.
    points : tuple of float
        What a single one can be worth (0-100), in ascending order; empty where it can be anything: a scale on which
        somebody gave a number that is not whole, weighted votes, a median.
    """

    n: int
    points: tuple[float, ...] = ()

    @property
    def lowest(self) -> float:
        """The least that their mean can be."""
        return self.points[0] if self.points else 0.0

    @property
    def highest(self) -> float:
        """The most that their mean can be."""
        return self.points[-1] if self.points else 100.0

    @cached_property
    def step(self) -> float:
        """Points between neighbours where all are equally far apart, else 0."""
        gaps = np.diff(self.points)
        return float(gaps[0]) if len(gaps) and np.ptp(gaps) < TOLERANCE else 0.0

    def within(self, low: float, high: float) -> tuple[float, float]:
        """The lowest and the highest mean that these votes can have between two ends; as they are where unknown."""
        low, high = max(low, self.lowest), min(high, self.highest)
        if not self.step:
            return low, high
        grain = self.step / self.n
        first = np.ceil((low - self.lowest - TOLERANCE) / grain)
        last = np.floor((high - self.lowest + TOLERANCE) / grain)
        return float(self.lowest + first * grain), float(self.lowest + last * grain)


def multisets(votes: Votes, low: float, high: float) -> Iterator[tuple[float, ...]]:
    """Every way to cast the votes whose mean lies between two ends, each in ascending order."""
    for cast in combinations_with_replacement(votes.points, votes.n):
        if low - TOLERANCE <= sum(cast) / votes.n <= high + TOLERANCE:
            yield cast

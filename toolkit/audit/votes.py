"""What a number of votes can come to, when every one of them is an answer of a scale."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache, reduce
from itertools import combinations_with_replacement
from math import gcd, lcm
from operator import or_
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    Runs = tuple[tuple[int, int], ...]
    """First and last of every run of neighbours."""

TOLERANCE = 1e-7
"""Points by which a printed number may be off beyond its rounding: sums of binary fractions."""
FINE = 1_000
"""Steps between the lowest and the highest answer up to which sums are listed."""
HOLES = 12
"""Runs of sums up to which they are listed."""


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
        """Points of which all answers are multiples above the lowest; 0 where a vote can be anything."""
        gaps = [Fraction(point - self.points[0]).limit_denominator(10_000) for point in self.points[1:]]
        least = reduce(_common, gaps, Fraction(0))
        return float(least) if least and self.points[-1] - self.points[0] <= FINE * least else 0.0

    @property
    def grain(self) -> float:
        """Points of which their mean is a multiple above the lowest."""
        return self.step / self.n

    @cached_property
    def runs(self) -> Runs:
        """What the votes can come to, in steps above the least, as runs of neighbours.

        Three votes of 0, 60, 80 and 100 come to 0, or to anything from 3 to 15 steps of 20 points. Empty where there is
        no step, or where so many sums are missing that counting the answers is simpler.
        """
        found = self._sums_of(self.n) if self.step else ()
        return found if len(found) <= HOLES else ()

    def runs_with(self, own: float) -> Runs:
        """As `runs` where there are any, if one of the votes is known: the others may come to less in more runs."""
        shift = round((own - self.lowest) / self.step)
        return tuple((first + shift, last + shift) for first, last in self._sums_of(self.n - 1))

    def _sums_of(self, n: int) -> Runs:
        return _sums(tuple(round((point - self.lowest) / self.step) for point in self.points), n)

    def within(self, low: float, high: float) -> tuple[float, float]:
        """The lowest and the highest mean that these votes can have between two ends; as they are where unknown."""
        low, high = max(low, self.lowest), min(high, self.highest)
        if not self.runs:
            return low, high
        least = int(np.ceil((low - self.lowest - TOLERANCE) / self.grain))
        most = int(np.floor((high - self.lowest + TOLERANCE) / self.grain))
        first = next((max(least, start) for start, end in self.runs if end >= least), least)
        last = next((min(most, end) for start, end in reversed(self.runs) if start <= most), most)
        return self.lowest + first * self.grain, self.lowest + last * self.grain


def _common(one: Fraction, other: Fraction) -> Fraction:
    """The greatest number of which both are multiples."""
    shared = lcm(one.denominator, other.denominator)
    return Fraction(gcd(int(one * shared), int(other * shared)), shared)


@lru_cache(maxsize=4096)
def _sums(answers: tuple[int, ...], n: int) -> Runs:
    """Sums of n answers, the least of them 0 and all together without a common divisor, as runs of neighbours.

    From 2 * max(answers) votes on, more votes only stretch the middle, in which no sum is missing (Granville & Walker
    2021, A tight structure theorem for sumsets, doi:10.1090/proc/15608).
    """
    highest = answers[-1]
    stretch = max(n - 2 * highest, 0)
    sums = 1
    for _ in range(n - stretch):
        sums = reduce(or_, (sums << answer for answer in answers))
    runs, place = [], 0
    while sums >> place:
        first = place + _zeros(sums >> place)
        place = first + _zeros(~(sums >> first))
        runs.append((first, place - 1))
    middle = highest * highest if stretch else 0
    return tuple(
        (first + (first > middle) * stretch * highest, last + (last > middle or not stretch) * stretch * highest)
        for first, last in runs
    )


def _zeros(bits: int) -> int:
    """How many of the lowest bits are not set."""
    return (bits & -bits).bit_length() - 1


def multisets(votes: Votes, low: float, high: float) -> Iterator[tuple[float, ...]]:
    """Every way to cast the votes whose mean lies between two ends, each in ascending order."""
    for cast in combinations_with_replacement(votes.points, votes.n):
        if low - TOLERANCE <= sum(cast) / votes.n <= high + TOLERANCE:
            yield cast

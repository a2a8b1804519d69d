"""How far a hidden mean is known: the least and the most that it can be, if all that is printed holds.

Votes are whole, so this is an integer program; its linear relaxation would call safe what is not. HiGHS solves it
(Huangfu & Hall 2018, Math. Prog. Comp. 10:119-142, doi:10.1007/s12532-017-0130-5), by way of `scipy.optimize.milp`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import Bounds as Box
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import coo_array

from toolkit.audit.votes import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from toolkit.audit.ground import Row
    from toolkit.audit.votes import Votes

SECONDS = 10.0
"""After so long a solver gives what it has shown so far: bounds that may be too wide, and are told to be."""
PASSES = 20
"""How often bounds of one cell are used to tighten those of the others before the solver is asked."""
INFEASIBLE, OPTIMAL = 2, 0


class Contradiction(ValueError):  # noqa: N818  (that is what it is)
    """What is printed cannot all be true: something was misread, or documents are of different data."""


@dataclass(frozen=True)
class Claim:
    """A printed number: the mean of some cells lies between two ends.

    Attributes
    ----------
    row : mapping of int to float
        Weights of the cells.
    low, high : float
        What it can have been before it was rounded (0-100).
    where : str
        Document and place.
    """

    row: Row
    low: float
    high: float
    where: str = ""


class Span(NamedTuple):
    """What a mean can be.

    Attributes
    ----------
    low, high : float
        The least and the most, points.
    proved : bool
        Whether both are reached; where the solver ran out of time the truth may lie closer together.
    """

    low: float
    high: float
    proved: bool

    @property
    def width(self) -> float:
        """Points between the ends."""
        return self.high - self.low


class Program:
    """All that is printed, as constraints on votes.

    Parameters
    ----------
    claims : iterable of Claim
        What is printed.
    votes : callable
        Cell -> its votes.

    Raises
    ------
    Contradiction
        If not all of it can be true.
    """

    def __init__(self, claims: Iterable[Claim], votes: Callable[[int], Votes]) -> None:
        claims = list(claims)
        cells = dict.fromkeys(cell for claim in claims for cell in claim.row)
        self._votes_of = votes
        self.votes: dict[int, Votes] = {cell: votes(cell) for cell in cells}
        self.ends = {cell: (found.lowest, found.highest) for cell, found in self.votes.items()}
        self.open = self._tighten([claim for claim in claims if claim.row])
        self._claims_of: dict[int, list[Claim]] = {}
        for claim in self.open:
            for cell in claim.row:
                if not self._is_known(cell):
                    self._claims_of.setdefault(cell, []).append(claim)

    def _is_known(self, cell: int) -> bool:
        low, high = self.ends[cell]
        return high - low < TOLERANCE

    # -------------------------------------------------------------------------------------------------- tightening

    def _tighten(self, claims: list[Claim]) -> list[Claim]:
        """Narrow the ends of single cells by what is printed; the claims that still say more than these ends."""
        for _ in range(PASSES):
            moved = [self._narrow(claim) for claim in claims]
            claims = [claim for claim in claims if self._says_more(claim)]
            if not any(moved):
                break
        return claims

    def _narrow(self, claim: Claim) -> bool:
        moved = False
        least = sum(weight * self.ends[cell][0] for cell, weight in claim.row.items())
        most = sum(weight * self.ends[cell][1] for cell, weight in claim.row.items())
        for cell, weight in claim.row.items():
            low, high = self.ends[cell]
            found = self.votes[cell].within(
                max(low, (claim.low - (most - weight * high)) / weight),
                min(high, (claim.high - (least - weight * low)) / weight),
            )
            if found[0] > found[1] + TOLERANCE:
                raise Contradiction(f"{claim.where}: {claim.low:.2f} to {claim.high:.2f} cannot be, by all else")
            if found[0] > low + TOLERANCE or found[1] < high - TOLERANCE:
                self.ends[cell] = found
                least += weight * (found[0] - low)
                most += weight * (found[1] - high)
                moved = True
        return moved

    def _says_more(self, claim: Claim) -> bool:
        """Whether a claim could still bind: it holds two cells or more that are not known, and not anything they do."""
        unknown = [cell for cell in claim.row if not self._is_known(cell)]
        if not unknown or (len(unknown) == 1 and self.votes[unknown[0]].step):
            return False
        least = sum(weight * self.ends[cell][0] for cell, weight in claim.row.items())
        most = sum(weight * self.ends[cell][1] for cell, weight in claim.row.items())
        return least < claim.low - TOLERANCE or most > claim.high + TOLERANCE

    # ------------------------------------------------------------------------------------------------------ solving

    def span(self, row: Row, given: Mapping[int, float] | None = None) -> Span:
        """What a mean can be.

        Parameters
        ----------
        row : mapping
            The mean, as weights of cells; cells that nothing printed speaks of can be anything.
        given : mapping, optional
            A vote (points) in some cells that the reader has cast himself.

        Raises
        ------
        Contradiction
            If not all that is printed can be true together.
        """
        for cell in row:
            if cell not in self.votes:
                self.votes[cell] = self._votes_of(cell)
                self.ends[cell] = self.votes[cell].lowest, self.votes[cell].highest
        claims = self._around(row)
        if not claims and not given:
            low, high = (sum(weight * self.ends[cell][side] for cell, weight in row.items()) for side in (0, 1))
            return Span(low, high, proved=True)
        return self._solved(_Model(self, claims, row, given or {}))

    def _around(self, row: Row) -> list[Claim]:
        """The claims that touch a mean, directly or through each other."""
        reached, found, waiting = set(row), dict[int, Claim](), list(row)
        while waiting:
            for claim in self._claims_of.get(waiting.pop(), ()):
                if id(claim) not in found:
                    found[id(claim)] = claim
                    new = {cell for cell in claim.row if not self._is_known(cell)} - reached
                    reached |= new
                    waiting += new
        return list(found.values())

    @staticmethod
    def _solved(model: _Model) -> Span:
        (low, sure), (high, certain) = model.least(1.0), model.least(-1.0)
        return Span(low, -high, proved=sure and certain)


class _Model:
    """The integer program around one mean; a class, since it is solved in both directions."""

    def __init__(self, program: Program, claims: list[Claim], row: Row, given: Mapping[int, float]) -> None:
        self.program, self.row, self.given = program, row, given
        self.columns: dict[int, list[tuple[int, float]]] = {}
        self.constant: dict[int, float] = {}
        self.low: list[float] = []
        self.high: list[float] = []
        self.whole: list[bool] = []
        self._rows: list[tuple[list[tuple[int, float]], float, float]] = []
        for cell in dict.fromkeys([*row, *(cell for claim in claims for cell in claim.row)]):
            self._add(cell)
        for claim in claims:
            terms, constant = self._terms(claim.row)
            self._rows.append((terms, claim.low - constant - TOLERANCE, claim.high - constant + TOLERANCE))

    def _add(self, cell: int) -> None:
        """The unknowns of a cell: the sum of its votes in steps, how often each answer was given, or its mean."""
        votes, (low, high) = self.program.votes[cell], self.program.ends[cell]
        given = self.given.get(cell)
        if votes.step:
            grain = votes.step / votes.n
            if given is not None:  # the others have cast what is left
                rest = (given + side * (votes.n - 1) for side in (votes.lowest, votes.highest))
                low, high = (
                    pick(end, each / votes.n) for pick, end, each in zip((max, min), (low, high), rest, strict=True)
                )
            self._unknown(cell, grain, round((low - votes.lowest) / grain), round((high - votes.lowest) / grain))
            self.constant[cell] = votes.lowest
        elif not votes.points:
            self._unknown(cell, 1.0, low, high, whole=False)
        else:
            for points in votes.points:
                self._unknown(cell, points / votes.n, 1 if points == given else 0, votes.n)
            terms = self.columns[cell]
            self._rows.append(([(place, 1.0) for place, _ in terms], votes.n, votes.n))
            self._rows.append((terms, low - TOLERANCE, high + TOLERANCE))

    def _unknown(self, cell: int, weight: float, low: float, high: float, *, whole: bool = True) -> None:
        self.columns.setdefault(cell, []).append((len(self.low), weight))
        self.low.append(low)
        self.high.append(high)
        self.whole.append(whole)

    def _terms(self, row: Row) -> tuple[list[tuple[int, float]], float]:
        terms = [(place, weight * part) for cell, weight in row.items() for place, part in self.columns[cell]]
        return terms, sum(weight * self.constant.get(cell, 0.0) for cell, weight in row.items())

    def least(self, sign: float) -> tuple[float, bool]:
        """The least that `sign` times the mean can be, and whether it is reached."""
        terms, constant = self._terms(self.row)
        aim = np.zeros(len(self.low))
        for place, weight in terms:
            aim[place] += sign * weight
        if any(low > high for low, high in zip(self.low, self.high, strict=True)):
            raise Contradiction("what is printed cannot all be true")
        found = milp(
            aim,
            integrality=np.array(self.whole, dtype=int),
            bounds=Box(np.array(self.low), np.array(self.high)),
            constraints=self._constraints(),
            options={"time_limit": SECONDS, "mip_rel_gap": 0.0},
        )
        if found.status == INFEASIBLE:
            raise Contradiction("what is printed cannot all be true")
        if found.status == OPTIMAL:
            return float(found.fun) + sign * constant, True
        shown = found.mip_dual_bound if found.mip_dual_bound is not None else -np.inf
        outer = sum(min(sign * weight * end for end in self.program.ends[cell]) for cell, weight in self.row.items())
        return max(float(shown) + sign * constant, outer), False

    def _constraints(self) -> list[LinearConstraint]:
        if not self._rows:
            return []
        places = [(line, place, weight) for line, (terms, *_) in enumerate(self._rows) for place, weight in terms]
        lines, columns, weights = (np.array(part) for part in zip(*places, strict=True))
        matrix = coo_array((weights, (lines, columns)), shape=(len(self._rows), len(self.low))).tocsr()
        lows, highs = (np.array([row[side] for row in self._rows]) for side in (1, 2))
        return [LinearConstraint(matrix, lows, highs)]

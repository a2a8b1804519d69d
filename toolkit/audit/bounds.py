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

from toolkit.audit.hush import hushed
from toolkit.audit.votes import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray
    from scipy.optimize import OptimizeResult

    from toolkit.audit.ground import Row
    from toolkit.audit.votes import Runs, Votes

    Line = tuple[list[tuple[int, float]], float, float]
    """A constraint: weights of unknowns by their places, and the ends of their sum."""

SECONDS = 2.0
"""After so long a solver gives what it has shown so far, see `Span`."""
PASSES = 20
"""How often bounds of one cell are used to tighten those of the others before the solver is asked."""
INFEASIBLE, OPTIMAL = 2, 0
ROUGH = 1e-6
"""Points by which a true mean may lie outside of what is printed: sums of many binary fractions."""
LOOSE = 1.0
"""Points between the ends of a cell from which on it can give way to another."""
LARGE = 600
"""Cells from which on a program is not solved as a whole: its relaxation bounds a mean, and votes are sought nearby."""
SMALL = 24
"""Cells up to which votes are sought in a program as a whole, else nearby first."""
NEAR = 4, 8, 24
"""Of each printed number so many cells are let go around a mean, first few and then more of them."""
GLANCE = 3_000
"""Nodes of its search tree after which a solver gives up finding votes; what it finds must not hang on time."""


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
        The least and the most, points; where the solver ran out of time the truth may lie closer together.
    reached : float
        Points between the lowest and the highest for which votes were found: the mean is at least as free.
    """

    low: float
    high: float
    reached: float

    @property
    def width(self) -> float:
        """Points between the ends: the mean is at most as free."""
        return self.high - self.low


class _Part(NamedTuple):
    """Claims that touch each other, and how many cells they hold."""

    claims: list[Claim]
    size: int


class Program:
    """All that is printed, as constraints on votes.

    Parameters
    ----------
    claims : iterable of Claim
        What is printed.
    votes : callable
        Cell -> its votes.
    truth : callable, optional
        Cell -> its mean. With it a mean in a large program is moved among the cells near it, while all others stay what
        they are: what is found so agrees with everything that is printed, however much that is.

    Raises
    ------
    Contradiction
        If not all of it can be true, or with `truth` is not.
    """

    def __init__(
        self,
        claims: Iterable[Claim],
        votes: Callable[[int], Votes],
        truth: Callable[[int], float] | None = None,
    ) -> None:
        self._truth = truth
        claims = _merged(claims)
        cells = dict.fromkeys(cell for claim in claims for cell in claim.row)
        self._votes_of = votes
        self.votes: dict[int, Votes] = {cell: votes(cell) for cell in cells}
        self.ends = {cell: (found.lowest, found.highest) for cell, found in self.votes.items()}
        self.open = self._tighten([claim for claim in claims if claim.row])
        self._pool: list[dict[int, float]] = []
        self._claims_of: dict[int, list[Claim]] = {}
        for claim in self.open:
            for cell in claim.row:
                if not self._is_known(cell):
                    self._claims_of.setdefault(cell, []).append(claim)
        self._parts = self._connected()
        self._at_truth = {} if truth is None else {id(claim): self._checked(claim, truth) for claim in claims}

    @staticmethod
    def _checked(claim: Claim, truth: Callable[[int], float]) -> float:
        """What a claim is about, in truth; votes are moved from there, so it must be what is printed."""
        mean = sum(weight * truth(cell) for cell, weight in claim.row.items())
        if not claim.low - ROUGH <= mean <= claim.high + ROUGH:
            raise Contradiction(f"{claim.where}: {claim.low:.2f} to {claim.high:.2f}, must hold {mean:.2f}")
        return mean

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
        """Whether a claim could still bind: it holds cells that are not known, and not anything they do."""
        if all(self._is_known(cell) for cell in claim.row):
            return False
        least = sum(weight * self.ends[cell][0] for cell, weight in claim.row.items())
        most = sum(weight * self.ends[cell][1] for cell, weight in claim.row.items())
        return least < claim.low - TOLERANCE or most > claim.high + TOLERANCE

    # ------------------------------------------------------------------------------------------------------ solving

    def span(self, row: Row, given: Mapping[int, float] | None = None, enough: float = np.inf) -> Span:
        """What a mean can be.

        Parameters
        ----------
        row : mapping
            The mean, as weights of cells; cells that nothing printed speaks of can be anything.
        given : mapping, optional
            A vote (points) in some cells that the reader has cast himself.
        enough : float
            Points: a mean that is found to be as free is not looked at any further, and its ends are those found.

        Raises
        ------
        Contradiction
            If not all that is printed can be true together.
        """
        given = given or {}
        met = self._reach(row, given, enough)
        if met and max(met) - min(met) >= enough - TOLERANCE:
            return Span(min(met), max(met), max(met) - min(met))
        model = _Model(self, self._around(row), row, given)
        if self.is_large(row):
            return Span(model.relaxed(1.0), -model.relaxed(-1.0), max(met, default=0.0) - min(met, default=0.0))
        (low, lowest), (high, highest) = self._least(model, 1.0), self._least(model, -1.0)
        return Span(low, -high, max(-highest - lowest, 0.0))

    def is_free(self, row: Row, enough: float, given: Mapping[int, float] | None = None) -> bool:
        """Whether votes are found with which a mean lies as far apart; see `span`, which costs more if they are not."""
        met = self._reach(row, given or {}, enough)
        return bool(met) and max(met) - min(met) >= enough - TOLERANCE

    def _reach(self, row: Row, given: Mapping[int, float], enough: float) -> list[float]:
        """Values of a mean for which votes are found, no further apart than is enough."""
        for cell in row:
            if cell not in self.votes:
                self.votes[cell] = self._votes_of(cell)
                self.ends[cell] = self.votes[cell].lowest, self.votes[cell].highest
        claims = self._around(row)
        if not claims and not given:
            return [sum(weight * self.ends[cell][side] for cell, weight in row.items()) for side in (0, 1)]
        met: list[float] = []
        for part in (self._near(row) if self._size(row) > SMALL else [claims]) if np.isfinite(enough) else ():
            met = self._moved(_Model(self, part, row, given), row, given, enough)
            if met and max(met) - min(met) >= enough - TOLERANCE:
                break
        return met

    def is_large(self, row: Row) -> bool:
        """Whether so much is printed around a mean that votes are sought nearby only."""
        return self._size(row) > LARGE

    def _size(self, row: Row) -> int:
        return sum(part.size for part in self._parts_of(row))

    def _moved(self, model: _Model, row: Row, given: Mapping[int, float], enough: float) -> list[float]:
        """Values of a mean for which votes are found, as far apart as they must be if the model lets them."""
        met = self._met(row, given)
        if not met and self._truth is not None:
            met = [sum(weight * self._truth(cell) for cell, weight in row.items())]
        for sign in (1.0, -1.0):
            if met and max(met) - min(met) < enough - TOLERANCE:
                self._keep(model, model.far(sign, (min if sign > 0 else max)(met) + sign * enough))
                met += self._met(row, given)
        return met

    def _near(self, row: Row) -> Iterator[list[Claim]]:
        """What is printed, as it binds the cells around a mean that can give way, while all others are as they are."""
        if self._truth is None:
            return
        for most in NEAR:
            free = set(row)
            for claim in self._touching(row):
                loose = [cell for cell in claim.row if self._is_loose(cell)]
                free.update(sorted(loose, key=lambda cell: min(abs(cell - own) for own in row))[:most])
            for claim in self._touching(free):
                loose = [cell for cell in claim.row if self._is_loose(cell)]
                free.update(loose if len(loose) <= most else ())
            yield [self._with_truth(claim, free) for claim in self._touching(free)]

    def _touching(self, cells: Iterable[int]) -> list[Claim]:
        """The claims about some cells."""
        return list({id(claim): claim for cell in cells for claim in self._claims_of.get(cell, ())}.values())

    def _is_loose(self, cell: int) -> bool:
        low, high = self.ends[cell]
        return high - low > LOOSE

    def _with_truth(self, claim: Claim, free: set[int]) -> Claim:
        """A claim about the free cells alone."""
        if self._truth is None:
            return claim
        own = {cell: weight for cell, weight in claim.row.items() if cell in free}
        rest = self._at_truth[id(claim)] - sum(weight * self._truth(cell) for cell, weight in own.items())
        return Claim(own, claim.low - rest, claim.high - rest, claim.where)

    def _least(self, model: _Model, sign: float) -> tuple[float, float]:
        found, *ends = model.least(sign)
        self._keep(model, found)
        return ends[0], ends[1]

    def _keep(self, model: _Model, found: NDArray[np.float64] | None) -> None:
        """Remember votes that agree with all that is printed: they say of other means too how free they are."""
        if found is not None:
            self._pool.append(model.read(found))

    def _met(self, row: Row, given: Mapping[int, float]) -> list[float]:
        """Values of a mean in the votes that were found, if they hold those that are given."""
        return [
            sum(weight * votes[cell] for cell, weight in row.items())
            for votes in self._pool
            if row.keys() <= votes.keys() and all(self._holds(cell, own, votes[cell]) for cell, own in given.items())
        ]

    def _holds(self, cell: int, own: float, mean: float) -> bool:
        """Whether one of the votes that were found can be this one, as far as their mean tells."""
        votes = self.votes[cell]
        if not votes.runs:
            return False
        sum_ = round((mean - votes.lowest) / votes.grain)
        return any(first <= sum_ <= last for first, last in votes.runs_with(own))

    def _connected(self) -> dict[int, _Part]:
        """Claims that touch each other, directly or through others, by each of their cells."""
        found: dict[int, _Part] = {}
        for start in self._claims_of:
            if start not in found:
                reached, claims, waiting = {start}, dict[int, Claim](), [start]
                while waiting:
                    for claim in self._claims_of[waiting.pop()]:
                        if id(claim) not in claims:
                            claims[id(claim)] = claim
                            new = {cell for cell in claim.row if cell in self._claims_of} - reached
                            reached |= new
                            waiting += new
                cells = {cell for claim in claims.values() for cell in claim.row}
                found |= dict.fromkeys(reached, _Part(list(claims.values()), len(cells)))
        return found

    def _parts_of(self, row: Row) -> list[_Part]:
        return list({id(part): part for cell in row if (part := self._parts.get(cell))}.values())

    def _around(self, row: Row) -> list[Claim]:
        """The claims that touch a mean, directly or through each other."""
        return [claim for part in self._parts_of(row) for claim in part.claims]


def _merged(claims: Iterable[Claim]) -> list[Claim]:
    """One claim about every mean: what is printed of it in several places holds together, or something was misread."""
    found: dict[frozenset[tuple[int, float]], Claim] = {}
    for claim in claims:
        row = frozenset(claim.row.items())
        last = found.get(row, claim)
        low, high = max(last.low, claim.low), min(last.high, claim.high)
        if low > high + TOLERANCE:
            raise Contradiction(f"{claim.where}: {claim.low:.2f} to {claim.high:.2f} cannot be, by {last.where}")
        found[row] = Claim(claim.row, low, high, claim.where)
    return list(found.values())


class _Model:
    """The integer program around one mean; a class, since it is solved in both directions."""

    def __init__(self, program: Program, claims: list[Claim], row: Row, given: Mapping[int, float]) -> None:
        self.program, self.row, self.given = program, row, given
        self.columns: dict[int, list[tuple[int, float]]] = {}
        self.constant: dict[int, float] = {}
        self.low: list[float] = []
        self.high: list[float] = []
        self.whole: list[bool] = []
        self._rows: list[Line] = []
        for cell in dict.fromkeys([*row, *(cell for claim in claims for cell in claim.row)]):
            self._add(cell)
        for claim in claims:
            terms, constant = self._terms(claim.row)
            self._rows.append((terms, claim.low - constant - TOLERANCE, claim.high - constant + TOLERANCE))

    def _add(self, cell: int) -> None:
        """The unknowns of a cell: the sum of its votes in steps, how often each answer was given, or its mean."""
        votes, (low, high) = self.program.votes[cell], self.program.ends[cell]
        given = self.given.get(cell)
        if votes.runs:
            self._add_sum(cell, votes.runs if given is None else votes.runs_with(given))
        elif not votes.points:
            self._unknown(cell, 1.0, low, high, whole=False)
        else:
            for points in votes.points:
                self._unknown(cell, points / votes.n, 1 if points == given else 0, votes.n)
            terms = self.columns[cell]
            self._rows.append(([(place, 1.0) for place, _ in terms], votes.n, votes.n))
            self._rows.append((terms, low - TOLERANCE, high + TOLERANCE))

    def _add_sum(self, cell: int, runs: Runs) -> None:
        """The sum of a cell's votes; an unknown for each run tells whether it lies there."""
        votes, ends = self.program.votes[cell], self.program.ends[cell]
        least, most = (round((end - votes.lowest) / votes.grain) for end in ends)
        runs = tuple((max(first, least), min(last, most)) for first, last in runs if first <= most and last >= least)
        self.constant[cell] = votes.lowest
        self._unknown(cell, votes.grain, *((runs[0][0], runs[-1][1]) if runs else (1, 0)))
        if len(runs) > 1:
            place = len(self.low) - 1
            picks = range(len(self.low), len(self.low) + len(runs))
            self.low += [0] * len(runs)
            self.high += [1] * len(runs)
            self.whole += [True] * len(runs)
            self._rows.append(([(pick, 1.0) for pick in picks], 1, 1))
            for side, ends in enumerate(((0, np.inf), (-np.inf, 0))):
                terms = [(pick, -float(run[side])) for pick, run in zip(picks, runs, strict=True)]
                self._rows.append(([(place, 1.0), *terms], *ends))

    def _unknown(self, cell: int, weight: float, low: float, high: float, *, whole: bool = True) -> None:
        self.columns.setdefault(cell, []).append((len(self.low), weight))
        self.low.append(low)
        self.high.append(high)
        self.whole.append(whole)

    def _terms(self, row: Row) -> tuple[list[tuple[int, float]], float]:
        terms = [(place, weight * part) for cell, weight in row.items() for place, part in self.columns[cell]]
        return terms, sum(weight * self.constant.get(cell, 0.0) for cell, weight in row.items())

    def least(self, sign: float) -> tuple[NDArray[np.float64] | None, float, float]:
        """Votes that were found, the least that `sign` times the mean can be, and the least that was found."""
        terms, constant = self._terms(self.row)
        found = self._run(self._aim(terms, sign))
        if found.status == INFEASIBLE or any(low > high for low, high in zip(self.low, self.high, strict=True)):
            raise Contradiction("what is printed cannot all be true")
        if found.status == OPTIMAL:
            return (found.x, *(float(found.fun) + sign * constant,) * 2)
        shown = found.mip_dual_bound if found.mip_dual_bound is not None else -np.inf
        outer = sum(min(sign * weight * end for end in self.program.ends[cell]) for cell, weight in self.row.items())
        met = float(found.fun) if found.x is not None else np.inf
        return found.x, max(float(shown) + sign * constant, outer), met + sign * constant

    def far(self, sign: float, end: float) -> NDArray[np.float64] | None:
        """Any votes whose mean lies at an end or beyond it; None where none were found."""
        terms, constant = self._terms(self.row)
        ends = (end - constant, np.inf) if sign > 0 else (-np.inf, end - constant)
        found = self._run(np.zeros(len(self.low)), (terms, *ends), nodes=GLANCE)
        return found.x  # type: ignore[no-any-return]

    def relaxed(self, sign: float) -> float:
        """The least that `sign` times the mean can be if votes could be split: at most what it is."""
        terms, constant = self._terms(self.row)
        found = self._run(self._aim(terms, sign), whole=False, seconds=10 * SECONDS)
        outer = sum(min(sign * weight * end for end in self.program.ends[cell]) for cell, weight in self.row.items())
        return max(float(found.fun) + sign * constant, outer) if found.status == OPTIMAL else outer

    def _aim(self, terms: list[tuple[int, float]], sign: float) -> NDArray[np.float64]:
        aim = np.zeros(len(self.low))
        for place, weight in terms:
            aim[place] += sign * weight
        return aim

    def _run(
        self,
        aim: NDArray[np.float64],
        *more: Line,
        whole: bool = True,
        seconds: float | None = None,
        nodes: int | None = None,
    ) -> OptimizeResult:
        limits = {"time_limit": SECONDS if seconds is None else seconds} if nodes is None else {"node_limit": nodes}
        with hushed():
            return milp(
                aim,
                integrality=np.array(self.whole, dtype=int) * whole,
                bounds=Box(np.array(self.low), np.maximum(self.low, self.high)),
                constraints=_constraints([*self._rows, *more], len(self.low)),
                options=limits | {"mip_rel_gap": 0.0},
            )

    def read(self, found: NDArray[np.float64]) -> dict[int, float]:
        """Mean of every cell in votes that were found."""
        read = {}
        for cell, parts in self.columns.items():
            amounts = [round(found[place]) if self.whole[place] else found[place] for place, _ in parts]
            read[cell] = self.constant.get(cell, 0.0) + sum(n * w for n, (_, w) in zip(amounts, parts, strict=True))
        return read


def _constraints(rows: list[Line], size: int) -> list[LinearConstraint]:
    if not rows:
        return []
    places = [(line, place, weight) for line, (terms, *_) in enumerate(rows) for place, weight in terms]
    lines, columns, weights = (np.array(part) for part in zip(*places, strict=True))
    matrix = coo_array((weights, (lines, columns)), shape=(len(rows), size)).tocsr()
    lows, highs = (np.array([row[side] for row in rows]) for side in (1, 2))
    return [LinearConstraint(matrix, lows, highs)]

"""Every hidden mean with what readers can know of it, and whether that is too much."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.audit.bounds import Program, Span
from toolkit.audit.votes import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from toolkit.audit.bounds import Claim
    from toolkit.audit.ground import Ground, Row, Secret

WIDTH = 10.0
"""Points of 100 by which nobody may know a hidden mean better; on a scale whose answers lie closer, half of it."""
ANYBODY = ""


@dataclass(frozen=True)
class Finding:
    """What a reader knows of a hidden mean.

    Attributes
    ----------
    round, ratee, source, indicator : str
        The mean; indicator blank for all of them.
    n : int
        How many have given it, the fewest of any cell.
    reader : str
        Blank for whoever has read everything; else the vote (points) of one of its raters who takes off his own, and
        then the ends are those of the mean of the others.
    low, high : float
        The least and the most that it can be (0-100); of what is safe as far apart as was looked for.
    verdict : str
        "safe", "tight" (ends closer than `WIDTH`), "exact", or "unproved" (the solver ran out of time).
    """

    round: str
    ratee: str
    source: str
    indicator: str
    n: int
    reader: str
    low: float
    high: float
    verdict: str

    @property
    def fails(self) -> bool:
        """Whether it must not be published so."""
        return self.verdict in {"tight", "exact"}


class Audit:
    """All that is printed of a study, and the hidden means that it is held against.

    Parameters
    ----------
    ground : Ground
        What every reader knows.
    claims : iterable of Claim
        What the documents state, all of them together: whoever has read them all is the reader who knows most.
    secrets : iterable, optional
        The hidden means; all those of `Ground.secrets` by default.
    width : float
        Points by which nobody may know one better.

    Raises
    ------
    Contradiction
        If not all of it can be true.
    """

    def __init__(
        self, ground: Ground, claims: Iterable[Claim], secrets: Iterable[Secret] | None = None, width: float = WIDTH
    ) -> None:
        self.ground, self.program, self.width = ground, Program(claims, ground.votes, ground.truth), width
        self.secrets = list(ground.secrets() if secrets is None else secrets)

    def __len__(self) -> int:
        """How many hidden means there are."""
        return len(self.secrets)

    def __iter__(self) -> Iterator[list[Finding]]:
        """Findings of one hidden mean after the other: of whoever reads, then of its own raters."""
        for *key, row in self.secrets:
            yield [*self._of(*key, row=row)]

    def is_safe(self, secret: Secret) -> bool:
        """Whether it is shown that nobody knows a hidden mean too well; what is not safe is not looked at further."""
        *_, row = secret
        enough = self._enough(row)
        if not self.program.is_free(row, enough):
            return False
        return all(
            self.program.is_free(row, least, {cell: own}) if self._tells_more(cell) else least <= enough
            for cell, own, least in self._readers(row, enough)
        )

    def _enough(self, row: Row) -> float:
        votes = [self.ground.votes(cell) for cell in row]
        return min(self.width, (max(each.highest for each in votes) - min(each.lowest for each in votes)) / 2)

    def _readers(self, row: Row, enough: float) -> Iterator[tuple[int, float, float]]:
        """Each vote that a reader may have cast: its cell, and how free the mean must be for the rest to be as free."""
        [cell, *others] = row
        n = self.ground.votes(cell).n
        if not others and n > 1:
            yield from ((cell, own, enough * (n - 1) / n) for own in dict.fromkeys(self.ground.cast(cell)))

    def _tells_more(self, cell: int) -> bool:
        """Whether one's own vote tells more of a mean; that of a trimmed one may not be in it."""
        votes = self.ground.votes(cell)
        return bool(votes.points) and votes.n >= len(self.ground.cast(cell))

    def _of(self, turn: str, ratee: str, source: str, indicator: str, *, row: Row) -> Iterator[Finding]:
        votes = [self.ground.votes(cell) for cell in row]
        key = turn, ratee, source, indicator, min(each.n for each in votes)
        enough = self._enough(row)
        span = self.program.span(row, enough=enough)
        yield Finding(*key, ANYBODY, span.low, span.high, _verdict(span, enough))
        for cell, own, least in self._readers(row, enough):
            n = votes[0].n
            known = self._own(cell, own, span, least)
            low, high = ((n * end - own) / (n - 1) for end in (known.low, known.high))
            low, high = max(low, votes[0].lowest), min(high, votes[0].highest)
            rest = Span(low, high, min(known.reached * n / (n - 1), high - low))
            yield Finding(*key, f"{own:g}", rest.low, rest.high, _verdict(rest, enough))

    def _own(self, cell: int, own: float, span: Span, enough: float) -> Span:
        """What a mean can be for somebody who has given one of its votes."""
        if not self._tells_more(cell):
            return span
        if span.reached < enough and self.program.is_large({cell: 1.0}):
            return span._replace(reached=0.0)  # he knows what anybody knows; what more he knows is not looked for
        return self.program.span({cell: 1.0}, {cell: own}, enough)


def _verdict(span: Span, enough: float) -> str:
    if span.width < TOLERANCE * 100:
        return "exact"
    if span.width < enough - TOLERANCE:
        return "tight"
    return "safe" if span.reached >= enough - 2 * TOLERANCE else "unproved"


def frame(findings: Iterable[Finding]) -> pd.DataFrame:
    """Findings as a table, the most telling first; columns as the attributes of `Finding`, and `width`."""
    rows = [asdict(found) | {"width": found.high - found.low} for found in findings]
    columns = [*Finding.__dataclass_fields__, "width"]
    table = pd.DataFrame(rows, columns=columns).round({"low": 1, "high": 1, "width": 1})
    return table.sort_values("width", kind="stable", ignore_index=True)

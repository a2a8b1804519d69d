"""Reports of a study, read and held against what they hide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.audit.claims import Claims
from toolkit.audit.findings import Audit
from toolkit.audit.ground import Ground

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from toolkit.audit.pages import Page
    from toolkit.scoring.scores import Scores
    from toolkit.study import Study


@dataclass(frozen=True)
class Examination:
    """What was read, and the audit of it.

    Attributes
    ----------
    pages, claims : int
        How many reports were read, and how many numbers in them state a mean.
    unread : mapping
        Captions of tables with numbers that the audit does not know how to read, and how many there are.
    audit : Audit
        Goes through the hidden means one by one.
    """

    pages: int
    claims: int
    unread: Mapping[str, int]
    audit: Audit


def examine(study: Study, scores: Scores, pages: Iterable[Page]) -> Examination:
    """Read reports and hold all that they state, together, against every mean that few have given.

    Parameters
    ----------
    study, scores
        What every reader knows is taken from them: the scheme, who was rated, by how many, who has a score. Of what
        raters have said nothing is used but what each of them knows of himself.
    pages : iterable of Page
        See `read_pages`.

    Raises
    ------
    Contradiction
        If the reports cannot all be true: they are of other data than the study.
    """
    claims, count = Claims(Ground(study, scores)), 0
    for page in pages:
        claims.read(page)
        count += 1
    return Examination(count, len(claims.found), claims.unread, Audit(claims.ground, claims.found))

"""In which tenth of the ranks everybody lies, and how often, under weights drawn at random."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from toolkit.weighting.acceptability import Acceptability

BINS = 10


def list_ends(members: int) -> list[int]:
    """The last rank of every tenth of so many members; of fewer than ten each rank is a bin."""
    return sorted({ceil(members * tenth / BINS) for tenth in range(1, BINS + 1)} - {0})


def share_out(found: Acceptability) -> pd.DataFrame:
    """How often everybody has a rank of each bin.

    Parameters
    ----------
    found : Acceptability
        For the last ranks of the bins, see `list_ends`.

    Returns
    -------
    DataFrame
        By `ratee_id`, a column for each bin, named by its last rank: shares (0-1) of the draws; what a row lacks to 1
        are draws in which he has no rank. The best come first: who on average lies in the highest bin in those draws in
        which he has a rank; then who never has one. Ties stand in the study's own order.
    """
    upto = found.count.T / found.draws
    shares = np.diff(upto, prepend=0.0, axis=1)
    ranked = upto[:, -1]
    height = np.divide(upto.sum(axis=1), ranked, out=np.zeros_like(ranked), where=ranked > 0)
    order = np.argsort(-height, kind="stable")
    return pd.DataFrame(shares[order], index=found.ratees[order], columns=list(found.best))

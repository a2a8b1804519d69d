"""In which tenth of the ranks everybody lies, and how often, under weights drawn at random."""

from __future__ import annotations

from math import ceil

import pandas as pd

BINS = 10


def list_ends(members: int) -> list[int]:
    """The last rank of every tenth of so many members; of fewer than ten each rank is a bin."""
    return sorted({ceil(members * tenth / BINS) for tenth in range(1, BINS + 1)} - {0})


def share_out(table: pd.DataFrame) -> pd.DataFrame:
    """How often everybody has a rank of each bin.

    Parameters
    ----------
    table : DataFrame
        `ratee_id, best, share` of `Acceptability.table`, for the last ranks of the bins, see `list_ends`.

    Returns
    -------
    DataFrame
        By `ratee_id`, a column for each bin, named by its last rank: shares (0-1) of the draws; what a row lacks to 1
        are draws in which he has no rank. The best come first: who on average lies in the highest bin in those draws in
        which he has a rank; then who never has one. Ties stand in the order of the table.
    """
    upto = table.pivot_table("share", "ratee_id", "best", sort=False)
    upto = upto.sort_index(axis=1)
    ranked = upto.iloc[:, -1] if len(upto.columns) else pd.Series(dtype=float)
    height = (upto.sum(axis=1) / ranked.where(ranked > 0)).fillna(0.0)
    shares = upto.diff(axis=1).fillna(upto)
    return shares.loc[height.sort_values(ascending=False, kind="stable").index].rename_axis(index=None, columns=None)

"""Who is ahead of whom under all weightings alike: the share of the simplex on which a difference is positive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit.scoring.ranks import TOLERANCE

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


def ahead(difference: ArrayLike) -> Floats:
    """Probability that w . d > 0 for weights w that are uniform on the simplex.

    Parameters
    ----------
    difference : array (..., sources)
        Score of one less score of the other by source; NaN where one of them lacks the source.

    Returns
    -------
    ndarray (...)
        0-1, exact. A difference of 0 throughout is a tie and gives 0: who is level is not ahead. NaN if any is NaN.

    Notes
    -----
    The volume is the divided difference of max(x, 0)^(n-1) at d: where all are distinct, the sum over positive d_i of
    d_i^(n-1) / prod_{j != i} (d_i - d_j). To be exact where some are equal or nearly so, it is built up from smaller
    simplices, with x a positive and -y another d: P = (x P(without -y) + y P(without x)) / (x + y), sums of positive
    terms only.

    References
    ----------
    Varsi G (1973) The multidimensional content of the frustum of the simplex. Pacific Journal of Mathematics
    46:303-314, doi:10.2140/pjm.1973.46.303. Ali MM (1973) Content of the frustum of a simplex. Pacific Journal of
    Mathematics 48:313-322, doi:10.2140/pjm.1973.48.313.
    """
    d = np.asarray(difference, dtype=float)
    flat = np.where(np.abs(d) <= TOLERANCE, 0.0, d).reshape(-1, d.shape[-1])
    falling = -np.sort(-flat, axis=1)
    positive = (falling > 0).sum(axis=1)
    found = np.full(len(flat), np.nan)
    whole = ~np.isnan(flat).any(axis=1)
    for count in range(d.shape[-1] + 1):
        mine = whole & (positive == count)
        found[mine] = _slice(falling[mine, :count], -falling[mine, count:])
    return found.reshape(d.shape[:-1])


def _slice(above: Floats, below: Floats) -> Floats:
    """Volume of w . (above, -below) > 0, where all above are positive and none below is negative."""
    size = len(above)
    if not above.shape[1]:
        return np.zeros(size)
    # last[b] is the volume with the first a of above and the first b of below
    last = [np.ones(size)] + [np.zeros(size)] * below.shape[1]
    for x in above.T:
        row = [np.ones(size)]
        for b, y in enumerate(below.T, start=1):
            row.append((x * row[b - 1] + y * last[b]) / (x + y))
        last = row
    return last[-1]

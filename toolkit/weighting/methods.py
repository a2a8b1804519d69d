"""Other ways from a table to a ranking: what the scores of an appraisal can be held against.

Each takes a table (ratees, columns) without missing values, weights that sum to 1 (equal ones by default) and, as
`benefit`, of which columns more is better (of all by default). A missing value is refused and its cell named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import kendalltau, linregress, norm, rankdata, spearmanr

from toolkit.faults import UsageError
from toolkit.scoring.ranks import rank
from toolkit.weighting.columns import check_choice, read_signs, read_table, read_weights, stretched

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from toolkit.weighting.columns import ByColumn, Table

    Floats = NDArray[np.float64]

PROBIT = 5
"""What is added to a normal quantile to make it a probit, which is seldom negative."""


def topsis(data: Table, weights: ByColumn | None = None, *, benefit: ByColumn | None = None) -> pd.Series[float]:
    """Closeness to the best that was seen in every column, after vector normalisation.

    Parameters
    ----------
    data, weights, benefit
        See the module.

    Returns
    -------
    Series
        d- / (d+ + d-), 0-1, with the distances to the best and to the worst; 0.5 where all ratees are equal. A column
        of zeros says nothing.

    Raises
    ------
    UsageError
        If a value is missing or weights do not sum to 1.

    References
    ----------
    Hwang & Yoon (1981), Multiple Attribute Decision Making, Springer, doi:10.1007/978-3-642-48318-9, chapter 3.
    """
    table = read_table(data, "topsis")
    shares = read_weights(weights, table.columns, "topsis")
    values = table.to_numpy() * read_signs(benefit, table.columns, "topsis")
    lengths = np.sqrt((values**2).sum(axis=0))
    weighted = shares * values / np.where(lengths > 0, lengths, 1)
    to_best, to_worst = (np.linalg.norm(weighted - end, axis=1) for end in (weighted.max(axis=0), weighted.min(axis=0)))
    whole = to_best + to_worst
    return pd.Series(np.where(whole > 0, to_worst / np.where(whole > 0, whole, 1), 0.5), table.index, name="topsis")


def grey_relation(
    data: Table, weights: ByColumn | None = None, *, benefit: ByColumn | None = None, rho: float = 0.5
) -> pd.Series[float]:
    """Grey relational grade (邓氏灰色关联度) to a ratee who is the best in every column.

    Parameters
    ----------
    data, weights, benefit
        See the module.
    rho : float
        Distinguishing coefficient, above 0 and at most 1.

    Returns
    -------
    Series
        Weighted mean of (m + rho M) / (d + rho M), above 0 and at most 1, where d is how far a value, stretched to 0-1,
        is from 1, m the least of all d and M the greatest. In a column without spread nobody is far from the best.

    Raises
    ------
    UsageError
        If a value is missing, weights do not sum to 1, or rho is out of bounds.

    References
    ----------
    Deng (1982), Systems & Control Letters 1(5):288-294, doi:10.1016/S0167-6911(82)80025-X.
    """
    table = read_table(data, "grey_relation")
    shares = read_weights(weights, table.columns, "grey_relation")
    if not 0 < rho <= 1:
        raise UsageError(f"grey_relation: rho is {rho:g}, must be above 0 and at most 1")
    far = 1 - stretched(table, read_signs(benefit, table.columns, "grey_relation")).fillna(1.0).to_numpy()
    reach = rho * far.max()
    relation = (far.min() + reach) / (far + reach) if reach > 0 else np.ones_like(far)
    return pd.Series(relation @ shares, table.index, name="grey_relation")


class RankSumRatio(NamedTuple):
    """Weighted rank-sum ratios and their regression on probits.

    Attributes
    ----------
    ratio : Series
        Above 0 and at most 1; more is better.
    fit : Series
        Ratio by the regression; the ratio itself where all are equal.
    probit : Series
        Normal quantile of the cumulative share, plus 5.
    """

    ratio: pd.Series[float]
    fit: pd.Series[float]
    probit: pd.Series[float]


def rank_sum_ratio(data: Table, weights: ByColumn | None = None, *, benefit: ByColumn | None = None) -> RankSumRatio:
    """Rank-sum ratio (秩和比): the weighted mean of ranks, the worst 1, divided by the number of ratees.

    Parameters
    ----------
    data, weights, benefit
        See the module.

    Returns
    -------
    RankSumRatio
        Ratios, what the regression makes of them, and probits.

    Raises
    ------
    UsageError
        If a value is missing or weights do not sum to 1.

    Notes
    -----
    Ties in a column have their mean rank. The regression is that of the distinct ratios on their probits: the share
    of a ratio is the mean place of those who have it over n, that of the highest 1 - 1/(4n).

    References
    ----------
    田凤调 (1993), 秩和比法及其应用, 中国医药科技出版社.
    """
    table = read_table(data, "rank_sum_ratio")
    shares = read_weights(weights, table.columns, "rank_sum_ratio")
    n = len(table)
    ratio = rankdata(table.to_numpy() * read_signs(benefit, table.columns, "rank_sum_ratio"), axis=0) @ shares / n
    worst_first = n + 1 - rank(ratio)  # equal to within the tolerance: those on one place, the best of which is this
    below = rankdata(worst_first) / n
    below[worst_first == worst_first.max()] = 1 - 1 / (4 * n)
    probit = norm.ppf(below) + PROBIT
    places = np.unique(probit, return_index=True)[1]
    fit = ratio
    if len(places) > 1:
        line = linregress(probit[places], ratio[places])
        fit = line.intercept + line.slope * probit
    return RankSumRatio(
        *(
            pd.Series(values, table.index, name=name)
            for name, values in (("ratio", ratio), ("fit", fit), ("probit", probit))
        )
    )


def fuzzy(
    memberships: Table, weights: ByColumn | None = None, *, operator: Literal["product", "min-max"] = "product"
) -> pd.Series[float]:
    """Fuzzy comprehensive evaluation (模糊综合评价) of one ratee.

    Parameters
    ----------
    memberships : DataFrame or array (factors, grades)
        How far each factor belongs to each grade, 0-1: the share of the votes.
    weights : mapping, Series or sequence (factors,), optional
        Summing to 1.
    operator : {"product", "min-max"}
        M(*, +), the weighted mean; or M(min, max), in which the heaviest factor drowns the others.

    Returns
    -------
    Series
        Membership of each grade, 0-1. That of `min-max` need not sum to 1.

    Raises
    ------
    UsageError
        If a membership is missing or not within 0-1, or weights do not sum to 1.

    References
    ----------
    Zadeh (1965), Information and Control 8:338-353, doi:10.1016/S0019-9958(65)90241-X (the composition of relations).
    """
    check_choice(operator, ("product", "min-max"), "fuzzy: operator")
    table = read_table(memberships, "fuzzy", least=0)
    for grade, most in table.max().items():
        if most > 1:
            raise UsageError(f"fuzzy: membership of {grade!r} is {most:g}, must be at most 1")
    shares = read_weights(weights, table.index, "fuzzy")
    values = table.to_numpy()
    found = shares @ values if operator == "product" else np.minimum(shares[:, None], values).max(axis=0)
    return pd.Series(found, table.columns, name="fuzzy")


def borda(data: Table, weights: ByColumn | None = None, *, benefit: ByColumn | None = None) -> pd.Series[float]:
    """Weighted Borda count: how many others a ratee stands above, column by column.

    Parameters
    ----------
    data, weights, benefit
        See the module.

    Returns
    -------
    Series
        Weighted mean of the number of others below him, 0 to n - 1; one who is equal counts half.

    Raises
    ------
    UsageError
        If a value is missing or weights do not sum to 1.

    References
    ----------
    Borda (1781), Mémoire sur les élections au scrutin. Saari (1995), Basic Geometry of Voting, Springer,
    doi:10.1007/978-3-642-57748-2.
    """
    table = read_table(data, "borda")
    shares = read_weights(weights, table.columns, "borda")
    ranks = rankdata(table.to_numpy() * read_signs(benefit, table.columns, "borda"), axis=0)
    return pd.Series((ranks - 1) @ shares, table.index, name="borda")


def copeland(data: Table, weights: ByColumn | None = None, *, benefit: ByColumn | None = None) -> pd.Series[float]:
    """Copeland's score: pairwise majorities won less those lost, the columns voting with their weights.

    Parameters
    ----------
    data, weights, benefit
        See the module.

    Returns
    -------
    Series
        From -(n - 1) to n - 1; he who has n - 1 is the Condorcet winner.

    Raises
    ------
    UsageError
        If a value is missing or weights do not sum to 1.

    References
    ----------
    Saari & Merlin (1996), Economic Theory 8:51-76, doi:10.1007/BF01212012.
    """
    table = read_table(data, "copeland")
    shares = read_weights(weights, table.columns, "copeland")
    values = table.to_numpy() * read_signs(benefit, table.columns, "copeland")
    lead = sum(
        (share * np.sign(column[:, None] - column) for share, column in zip(shares, values.T, strict=True)),
        start=np.zeros((len(table), len(table))),
    )
    won = np.where(np.isclose(lead, 0, atol=1e-12), 0, np.sign(lead))
    return pd.Series(won.sum(axis=1), table.index, name="copeland")


class Agreement(NamedTuple):
    """How far two rankings say the same.

    Attributes
    ----------
    kendall, spearman : float
        Tau-b and rank correlation, -1 to 1; NaN where one of the two has no spread.
    overlap : float
        Share (0-1) of those within the top places of either who are so in both; a tie at the last place is in.
    pairs, left_out : int
        Ratees compared, and those who lack one of the two scores.
    """

    kendall: float
    spearman: float
    overlap: float
    pairs: int
    left_out: int


def agreement(a: ArrayLike, b: ArrayLike, *, top: int) -> Agreement:
    """Hold two rankings of the same ratees against each other.

    Parameters
    ----------
    a, b : Series or array (ratees,)
        Scores, the higher the better; Series are aligned by their index. Whoever lacks one is left out and counted.
    top : int
        How many places are the top.

    Returns
    -------
    Agreement
        Correlations of ranks and the overlap of the top.

    Raises
    ------
    UsageError
        If the two have another number of ratees, nobody has both scores, or top is below 1.

    Notes
    -----
    Scores closer than 1e-9 are ties, as everywhere. The overlap is the number in both over that in the larger of the
    two tops, which without ties is `top`.

    References
    ----------
    Kendall (1945), Biometrika 33:239-251, doi:10.1093/biomet/33.3.239 (tau-b).
    """
    if top < 1:
        raise UsageError(f"agreement: top is {top}, must be at least 1")
    if isinstance(a, pd.Series) and isinstance(b, pd.Series):
        a, b = a.align(b)
    one, other = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if one.shape != other.shape:
        raise UsageError(f"agreement: {len(one)} and {len(other)} scores, must be as many of either")
    both = ~np.isnan(one) & ~np.isnan(other)
    if not both.any():
        raise UsageError("agreement: nobody has both scores")
    first, second = rank(one[both]), rank(other[both])
    spread = len(np.unique(first)) > 1 and len(np.unique(second)) > 1
    kendall, spearman = (
        (float(measure(first, second).statistic) if spread else np.nan) for measure in (kendalltau, spearmanr)
    )
    best = [set(np.flatnonzero(places <= top)) for places in (first, second)]
    overlap = len(best[0] & best[1]) / max(map(len, best))
    return Agreement(kendall, spearman, overlap, int(both.sum()), int((~both).sum()))

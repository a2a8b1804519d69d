"""Stars by bands, or by cut points found in the data, with conditions and quotas; and whether they went up or down."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.cluster.hierarchy import fcluster, ward

from toolkit.rules import Band
from toolkit.scoring.bands import assign, locate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.rules import Cluster, Stars
    from toolkit.scheme import Category

    Floats = NDArray[np.float64]

FENCE = 3
"""Tukey's outer fences lie so many interquartile ranges beyond the quartiles."""


class Cuts(NamedTuple):
    """Where stars begin: `found` in the data of a round, and `held` within the guardrail about the last round's."""

    found: Floats
    held: Floats


def outer_fences(values: ArrayLike) -> tuple[float, float]:
    """Tukey's outer fences: three interquartile ranges below the first quartile and above the third.

    Parameters
    ----------
    values : array
        NaN is left out. Quartiles are interpolated (NumPy's "linear").

    Notes
    -----
    Tukey (1977), Exploratory Data Analysis, section 2C; used so before clustering by 42 CFR 422.166(a)(2)(i).
    """
    there = np.asarray(values, dtype=float)
    first, third = np.quantile(there[~np.isnan(there)], [0.25, 0.75])
    reach = FENCE * (third - first)
    return float(first - reach), float(third + reach)


def cut_points(values: ArrayLike, rules: Cluster, *, seed: int, before: Sequence[float] | Floats | None = None) -> Cuts:
    """Find where stars begin by clustering, as the US Medicare star ratings do.

    Parameters
    ----------
    values : array
        0-100; NaN is left out, and so is what lies beyond Tukey's outer fences.
    rules : Cluster
        How many stars; how far a cut may move from `before`; in how many groups values are left out in turn.
    seed : int
        Who is in which group.
    before : sequence of float, optional
        The cuts (`held`) of the round before.

    Returns
    -------
    Cuts
        The lowest value of each cluster but the first, ascending. Empty where fewer different values than stars are
        left, also in any of the groups.

    Notes
    -----
    Ward's (1963, doi:10.1080/01621459.1963.10500845) hierarchical clustering; with groups the mean of the cuts found
    without each of them ("mean resampling", 42 CFR 422.166(a)(2)). Memory grows with the square of
    the number of values.
    """
    there = np.asarray(values, dtype=float)
    there = np.sort(there[~np.isnan(there)])
    if len(there):
        low, high = outer_fences(there)
        there = there[(there >= low) & (there <= high)]
    group = np.random.default_rng(seed).permutation(len(there)) % rules.groups
    kept = [there[group != number] for number in range(rules.groups)] if rules.groups > 1 else [there]
    if any(len(np.unique(part)) < rules.stars for part in kept):
        return Cuts(np.zeros(0), np.zeros(0))
    found = np.mean([_beginnings(part, rules.stars) for part in kept], axis=0)
    if before is None or rules.guardrail is None or len(before) != len(found):
        return Cuts(found, found)
    last = np.asarray(before, dtype=float)
    return Cuts(found, np.clip(found, last - rules.guardrail, last + rules.guardrail))


def _beginnings(values: Floats, stars: int) -> Floats:
    """Lowest value of every cluster but the first; clusters of numbers on a line are stretches of it."""
    tree = ward(values[:, None])
    tree[:, 2] = np.arange(len(tree))  # mergers of one height (60 with 70, 80 with 90) would be undone all at once
    cluster = fcluster(tree, stars, criterion="maxclust")
    return np.sort([values[cluster == number].min() for number in range(1, stars + 1)])[1:]


def star(
    ratees: pd.DataFrame,
    rules: Stars,
    quantities: pd.DataFrame,
    *,
    categories: Mapping[str, Category] | None = None,
    cuts: Sequence[float] | Floats | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Propose stars for every ratee that has a value.

    Parameters
    ----------
    ratees : DataFrame
        Index: the ratee. `value` (0-100, NaN: no stars), `unit_id, category, counts`, see `assign`.
    rules : Stars
        Bands, or clusters; conditions and quotas.
    quantities : DataFrame
        What conditions ask; same index.
    categories : mapping, optional
        Categories with bands of their own.
    cuts : sequence of float, optional
        Where stars begin, of clusters.

    Returns
    -------
    stars : DataFrame
        `stars` and `band` (before conditions and quotas) as whole numbers in floats (NaN without a value; 0 below the
        first band), `places`, `tied`; same index.
    reasons : DataFrame
        Conditions that were not met.
    """
    names = rules.names
    level = np.full(len(ratees), -1)
    for category, group in ratees.groupby("category", observed=True, dropna=False):
        own = (categories or {}).get(str(category))
        bands = star_bands(rules, own.stars if own else {}, cuts)
        if bands:
            level[ratees.index.get_indexer(group.index)] = locate(group["value"], bands, rules.priority)
    found, reasons = assign(ratees, rules, names, level, quantities)
    valued = ratees["value"].notna() & (bool(rules.bands) or bool(cuts is not None and len(cuts)))
    for column in ("final", "band"):
        number = found[column].map(lambda name: np.nan if name is None else float(name)).astype(float)
        found[column] = number.fillna(0.0).where(valued)
    return found.rename(columns={"final": "stars"}), reasons


def star_bands(rules: Stars, own: Mapping[str, float], cuts: Sequence[float] | Floats | None) -> dict[str, Band]:
    """Where stars begin for a category with cuts of its `own`, or by the `cuts` found in the data."""
    if rules.cluster is None:
        return dict(rules.bands) | {name: Band.model_validate({"from": cut}) for name, cut in own.items()}
    if cuts is None or not len(cuts):
        return {}
    starts = [-np.inf, *cuts]
    return {name: Band.model_construct(start=start) for name, start in zip(rules.names, starts, strict=True)}

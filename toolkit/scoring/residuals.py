"""Cross-products of the raters, laid out for the trees of a scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.scoring.tally import Products
    from toolkit.tree import Tree


def locate(products: Products, name: str, ids: pd.Series, sources: Sequence[str]) -> NDArray[np.intp]:
    """Group of `products` for every id and source of the round `name`, -1 where there is none."""
    keys = products.keys
    here = np.flatnonzero((keys["round"] == name).to_numpy())
    found = np.full((len(ids), len(sources)), -1, dtype=np.intp)
    groups = keys.iloc[here][["id", "source"]].astype("category")
    rows = pd.Index(ids).get_indexer(groups["id"].cat.categories)[groups["id"].cat.codes]
    columns = pd.Index(sources).get_indexer(groups["source"].cat.categories)[groups["source"].cat.codes]
    known = (rows >= 0) & (columns >= 0)
    found[rows[known], columns[known]] = here[known]
    return found


def residuals(
    products: Products, lookup: NDArray[np.intp], tree: Tree
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Lay cross-products out over the nodes of an indicator tree.

    Parameters
    ----------
    products : Products
        Cross-products of the groups.
    lookup : ndarray (ids, sources)
        Group of each id and source, see `locate`.
    tree : Tree
        Indicator tree, whose nodes order the result.

    Returns
    -------
    residual : ndarray (ids, sources, nodes, nodes)
        See `Products`; 0 where nobody rated.
    weight, raters : ndarray (ids, sources, nodes)
        Likewise.
    """
    nodes = np.array([tree.position.get(name, -1) for name in products.indicators], dtype=np.intp)
    kept = np.flatnonzero(nodes >= 0)
    at = nodes[kept]
    have = np.nonzero(lookup >= 0)
    groups = lookup[have]
    residual = np.zeros((*lookup.shape, len(tree), len(tree)))
    weight = np.zeros((*lookup.shape, len(tree)))
    residual[have[0][:, None, None], have[1][:, None, None], at[:, None], at] = products.residual[
        np.ix_(groups, kept, kept)
    ]
    raters = np.zeros_like(weight)
    weight[have[0][:, None], have[1][:, None], at] = products.weight[np.ix_(groups, kept)]
    raters[have[0][:, None], have[1][:, None], at] = products.raters[np.ix_(groups, kept)]
    return residual, weight, raters

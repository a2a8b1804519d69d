"""Cross-products of what raters gave beyond the mean, laid out for the trees of a scheme."""

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
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums over raters of r_i r_j, where r_i = (w x)_i - m_i w_i and m_i is the mean of the group.

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
        0 where nobody rated.
    weight : ndarray (ids, sources, nodes)
        Sum of the raters' weights.
    """
    nodes = [tree.position.get(name, -1) for name in products.indicators]
    kept = [place for place, node in enumerate(nodes) if node >= 0]
    at = [nodes[place] for place in kept]
    residual = np.zeros((*lookup.shape, len(tree), len(tree)))
    weight = np.zeros((*lookup.shape, len(tree)))
    have = np.nonzero(lookup >= 0)
    groups = lookup[have]
    w, x = products.w[np.ix_(groups, kept)], products.x[np.ix_(groups, kept)]
    m = np.divide(x, w, out=np.zeros_like(x), where=w > 0)
    ww, wx, xx = (matrix[np.ix_(groups, kept, kept)] for matrix in (products.ww, products.wx, products.xx))
    cross = m[:, :, None] * wx
    matrix = np.zeros((len(groups), len(tree), len(tree)))
    matrix[:, np.array(at, dtype=int)[:, None], at] = (
        xx - cross - np.swapaxes(cross, 1, 2) + m[:, :, None] * m[:, None, :] * ww
    )
    residual[have] = matrix
    total = np.zeros((len(groups), len(tree)))
    total[:, at] = w
    weight[have] = total
    return residual, weight

"""What sources and indicators really carry: their share in the variance of the composite, beside their weight."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.scoring.ranks import TOLERANCE
from toolkit.weighting.model import composites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from toolkit.scheme import Scheme
    from toolkit.scoring.evaluation import Weights
    from toolkit.weighting.model import Model

CARRIED = ["tree", "name", "nominal", "used", "carried"]


def carried(model: Model, weights: Weights | None = None) -> pd.DataFrame:
    """What every source, and every indicator, right below the root of its tree weighs, and what it carries.

    Parameters
    ----------
    model : Model
        The round.
    weights : Weights, optional
        One weighting; the scheme's own by default.

    Returns
    -------
    DataFrame
        `tree` ("sources", "indicators"), `name`; shares (0-1, each column sums to 1 over a tree, where it is not
        missing): `nominal`, its weight in the composite of somebody of whom nothing is missing; `used`, its weight
        once what was missing has been shared out; both are means over the scored, non-exempt members. `carried` =
        cov(its part of the composite, composite) / var(composite) over them: below 0 where it pulls against the others,
        NaN where fewer than two are scored or all scores are the same.

    Notes
    -----
    A composite is a sum of parts, a weight times a mean each, so that their covariances with it sum to its variance.
    What somebody lacks adds nothing to his composite, and its weight is with the others (`renormalise`). By the rule
    `adjusted` what is filled in is nobody's own, so only members of whom nothing is missing are looked at.

    References
    ----------
    Shorrocks, A. F. (1982). Inequality decomposition by factor components. Econometrica 50:193-211,
    doi:10.2307/1912537. Paruolo, P., Saisana, M. and Saltelli, A. (2013). Ratings and rankings: voodoo or science?
    Journal of the Royal Statistical Society A 176:609-634, doi:10.1111/j.1467-985X.2012.01059.x.
    """
    mine = model.quantities
    member = ((mine["kind"] == "member") & ~mine["exempt"].astype(bool)).to_numpy()
    found = composites(model, weights)
    score = found.score[0]
    base = member & ~np.isnan(score)
    if model.scheme.missing.rule == "adjusted":
        base &= found.coverage[0] >= 1 - TOLERANCE
    seen = 0 * model.value
    whole = replace(model, value=np.where(model.scheme.asked, 0.0, np.nan) + np.zeros_like(model.value))

    def part(of: Model, value: NDArray[np.float64]) -> NDArray[np.float64]:
        added: NDArray[np.float64] = composites(of, weights, value=value).score[0, base]
        return added

    rows = [
        (
            tree, name,
            part(whole, here + whole.value).mean() if base.any() else np.nan,
            part(model, here + seen).mean() if base.any() else np.nan,
            _share(part(model, np.where(here, model.value, seen)), score[base]),
        )
        for tree, name, here in _nodes(model.scheme)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=CARRIED)


def _nodes(scheme: Scheme) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """What lies right below each root, with the cells (leaf sources, leaf indicators) that it holds."""
    shape = scheme.asked.shape
    sources, indicators = scheme.source_tree, scheme.indicator_tree
    for node in sources.children(0):
        yield "sources", sources.names[node], np.broadcast_to(sources.below[node][:, None], shape)
    for node in indicators.children(0):
        yield "indicators", indicators.names[node], np.broadcast_to(indicators.below[node], shape)


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> float:
    centred = whole - whole.mean() if len(whole) else whole
    variance = float(centred @ centred)
    return float(part @ centred) / variance if variance > 0 else float("nan")

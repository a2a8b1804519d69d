"""Who is ahead of whom: sampled for any round, exact for even weights where nothing is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from tqdm import tqdm

from toolkit.faults import UsageError
from toolkit.scoring.ranks import TOLERANCE
from toolkit.weighting.acceptability import ranked
from toolkit.weighting.draws import lay, siblings
from toolkit.weighting.model import composites
from toolkit.weighting.sampled import SECONDS, sampled
from toolkit.weighting.simplex import ahead

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.scoring.evaluation import Weights
    from toolkit.voices import Voices
    from toolkit.weighting.acceptability import Within
    from toolkit.weighting.model import Model

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

MOST = 1_000_000
"""Pairs that are compared unless they are named."""
HELD = 2_000_000
"""Differences (pairs x sources) that are held at a time."""
PAIRS = ["unit_id", "ratee_id", "other_id", "ahead", "ahead_se", "level", "draws"]


def winning(
    model: Model,
    weights: Weights | None = None,
    *,
    voices: Voices | None = None,
    draws: int | None = None,
    pairs: Sequence[tuple[str, str]] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """How often one member is ahead of another in draws, see `robustness` for what is drawn.

    Parameters
    ----------
    pairs : sequence of (ratee_id, ratee_id), optional
        Whom to compare; all pairs within each unit by default, the first being the one with the higher score.

    Returns
    -------
    DataFrame
        `unit_id` (of the first), `ratee_id, other_id, ahead` (0-1: how often the first scores higher, a tie counting
        half), `ahead_se` (Monte Carlo standard error), `level` (share of ties), `draws` (in which both have a score;
        `ahead` is NaN where there are none).

    Raises
    ------
    UsageError
        If somebody is no member who can be ranked, or there are more than a million pairs and none are named.
    """
    one, two = _places(model, pairs)
    wins, ties, both = (np.zeros(len(one)) for _ in "wtb")
    for _, found in sampled(model, weights, voices, draws=draws, seed=seed, kinds=()):
        for score in found.score:
            difference = score[one] - score[two]
            wins += difference > TOLERANCE
            ties += np.abs(difference) <= TOLERANCE
            both += ~np.isnan(difference)
    n = np.where(both > 0, both, np.nan)
    share = (wins + ties / 2) / n
    error = np.sqrt(np.clip((wins + ties / 4) / n - share**2, 0, None) / n)
    made = _frame(model, one, two)
    return made.assign(ahead=share, ahead_se=error, level=ties / n, draws=both.astype(int))[PAIRS]


def winning_exactly(model: Model, *, pairs: Sequence[tuple[str, str]] | None = None) -> pd.DataFrame:
    """How often one member is ahead of another under all weights of the top sources alike, exactly; see `ahead`.

    Returns
    -------
    DataFrame
        `unit_id, ratee_id, other_id, ahead` (0-1; a tie under all weights counts half), `level` (whether there is such
        a tie, 1 or 0). NaN for a pair of whom one lacks something, so that his score is no weighted mean of his
        sources', or who are not weighed by the same sources.

    Raises
    ------
    UsageError
        See `winning`.
    """
    one, two = _places(model, pairs)
    value, weighed = by_source(model)
    share, level = np.full(len(one), np.nan), np.full(len(one), np.nan)
    for kind in np.unique(weighed, axis=0):
        mine = (weighed[one] == kind).all(axis=1) & (weighed[two] == kind).all(axis=1)
        difference = (value[one[mine]] - value[two[mine]])[:, kind]
        level[mine] = np.where(np.isnan(difference).any(axis=1), np.nan, np.abs(difference).max(axis=1) <= TOLERANCE)
        share[mine] = ahead(difference) + level[mine] / 2
    return _frame(model, one, two).assign(ahead=share, level=level)[PAIRS[:4] + PAIRS[5:6]]


def expected_ranks(model: Model, *, within: Within = "") -> pd.DataFrame:
    """Mean rank of every member under all weights of the top sources alike, exactly.

    Returns
    -------
    DataFrame
        `ratee_id, mean_rank`: 1 and the probabilities that each other one is ahead; ties share the best place. NaN for
        all who are ranked with somebody of whom no probability is known, see `winning_exactly`.
    """
    mine = ranked(model)
    value, weighed = by_source(model)
    unit = model.quantities["unit_id"].factorize()[0]
    group = unit[mine] if within == "unit" else np.zeros(len(mine), dtype=np.intp)
    mean = np.full(len(mine), np.nan)
    with tqdm(total=len(mine), desc="ranks", unit="member", delay=SECONDS) as bar:
        for number in np.unique(group):
            places = np.flatnonzero(group == number)
            rows = mine[places]
            alike = (weighed[rows] == weighed[rows[0]]).all()
            cells = value[rows][:, weighed[rows[0]]]
            step = max(1, HELD // max(cells.size, 1))
            for start in range(0, len(rows), step) if alike else ():
                part = cells[start : start + step]
                mean[places[start : start + step]] = 1 + ahead(cells[None] - part[:, None]).sum(axis=1)
            bar.update(len(rows))
    return pd.DataFrame({"ratee_id": model.quantities.index[mine], "mean_rank": mean})


def by_source(model: Model) -> tuple[Floats, NDArray[np.bool_]]:
    """Scores (ratees, top sources) of which every composite is the weighted mean, and which sources weigh.

    NaN for whom it is not: the composite is tried under a few weightings.
    """
    children = siblings(model, "sources", "")
    names = [model.scheme.source_tree.names[child] for child in children]
    value = np.stack([composites(model, source=name).score[0] for name in names], axis=1)
    trial = lay(model, np.random.default_rng(0).random((3, len(names))))
    share = model.share
    first = share.indices[np.minimum(share.indptr[:-1], max(share.nnz - 1, 0))]
    category = model.kind[first]
    weights = trial.sources[:, category][:, :, children]  # draws, ratees, sources
    weighed = weights[0] > 0
    made = (weights * np.where(weighed, value, 0.0)).sum(axis=2)
    straight = (np.abs(made - composites(model, trial).score) <= TOLERANCE).all(axis=0)
    return np.where(straight[:, None], value, np.nan), weighed


def _places(model: Model, pairs: Sequence[tuple[str, str]] | None) -> tuple[Places, Places]:
    """Places of both of each pair."""
    mine = ranked(model)
    ids = model.quantities.index
    if pairs is not None:
        given = np.array([list(pair) for pair in pairs], dtype=object).reshape(-1, 2)
        unknown = sorted(set(map(str, given.ravel())) - set(ids[mine]))
        if unknown:
            raise UsageError(f"pairs: {', '.join(unknown[:12])}, must be members who are ranked")
        return ids.get_indexer(pd.Index(given[:, 0])), ids.get_indexer(pd.Index(given[:, 1]))
    score = np.nan_to_num(model.quantities["score"].to_numpy(dtype=float)[mine], nan=-np.inf)
    unit = model.quantities["unit_id"].factorize()[0][mine]
    size = np.bincount(unit) if len(unit) else np.zeros(0, dtype=int)
    total = int((size * (size - 1) // 2).sum())
    if total > MOST:
        raise UsageError(f"pairs: {total:,} within units, must be named where there are more than {MOST:,}")
    order = mine[np.lexsort((-score, unit))]
    ends = np.cumsum(size)
    found = [np.array(np.triu_indices(n, 1)) + end - n for n, end in zip(size, ends, strict=True)]
    one, two = np.concatenate(found, axis=1) if found else np.zeros((2, 0), dtype=np.intp)
    return order[one], order[two]


def _frame(model: Model, one: Places, two: Places) -> pd.DataFrame:
    ids = model.quantities.index
    unit = model.quantities["unit_id"].to_numpy()[one]
    return pd.DataFrame({"unit_id": unit, "ratee_id": ids[one], "other_id": ids[two]})

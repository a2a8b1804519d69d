"""The noise floor: how many grades and stars would be others if other raters had rated, by the same rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.weighting.outcomes import outcomes
from toolkit.weighting.sampled import sampled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.voices import Voices
    from toolkit.weighting.model import Model

ENDS = (0.025, 0.975)


@dataclass(frozen=True)
class Noise:
    """How many levels change when raters are redrawn under the scheme's own weights.

    Attributes
    ----------
    table : DataFrame
        `about` ("grade", "stars"), `mean, low, high` (changed levels in a draw: the mean and the middle 95% of the
        draws), `se` (Monte Carlo standard error of the mean), `ratees` (who has a level or could have one).
    changed : DataFrame
        `draw, grade, stars`: how many changed in each draw.
    alone : int
        Raters for whom nobody can stand in, see `Voices`: their part of the noise is not in it.
    """

    table: pd.DataFrame
    changed: pd.DataFrame
    alone: int


def noise(
    model: Model,
    voices: Voices,
    *,
    draws: int,
    seed: int = 0,
    kinds: Sequence[str] = ("member",),
    progress: bool = True,
) -> Noise:
    """Count the grades and stars that change when raters are redrawn.

    Parameters
    ----------
    model : Model
        The round.
    voices : Voices
        Who gave which answers.
    draws : int
        How often raters are redrawn.
    seed : int
        Of the generator.
    kinds : sequence of str
        Whose levels: "member", "unit".
    progress : bool
        Whether a bar is shown of what takes long.

    Notes
    -----
    A change of weights that moves fewer levels than this cannot be told from a change of raters. The bootstrap adds
    noise to ratings that have noise already, so the number is that of two sets of raters who differ by one draw; of few
    raters it shows too little, see `redraw`. Whoever has no level in one of both counts as changed.
    """
    own = outcomes(model, kinds=kinds)
    of_kind = model.quantities["kind"].isin(list(kinds)).to_numpy()
    counts: dict[str, list[NDArray[np.int64]]] = {"grade": [], "stars": []}
    for _, found in sampled(model, voices=voices, draws=draws, seed=seed, kinds=kinds, progress=progress):
        for about, before, after in (("grade", own.grade, found.grade), ("stars", own.stars, found.stars)):
            counts[about].append(((after != before) & of_kind).sum(axis=1))
    changed = pd.DataFrame({about: np.concatenate(parts) for about, parts in counts.items()})
    rules = {"grade": model.scheme.grades, "stars": model.scheme.stars}
    rows = []
    for about in (name for name, given in rules.items() if given is not None):
        number = changed[about].to_numpy(dtype=float)
        low, high = np.quantile(number, ENDS)
        error = number.std(ddof=1) / np.sqrt(draws) if draws > 1 else np.nan
        rows.append((about, number.mean(), low, high, error, int(of_kind.sum())))
    table = pd.DataFrame(rows, columns=["about", "mean", "low", "high", "se", "ratees"])
    return Noise(table, changed.rename_axis("draw").reset_index(), voices.alone)

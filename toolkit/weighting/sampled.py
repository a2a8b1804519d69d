"""A round again and again, under weights that were drawn, with raters who were redrawn, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from toolkit.faults import UsageError
from toolkit.scoring.evaluation import Weights
from toolkit.weighting.ladders import KINDS
from toolkit.weighting.model import alike
from toolkit.weighting.outcomes import outcomes
from toolkit.weighting.redraw import redraw

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from toolkit.voices import Voices
    from toolkit.weighting.model import Model
    from toolkit.weighting.outcomes import Outcomes

    _Part = tuple[int, NDArray[np.float64] | None, NDArray[np.int64] | None]

HELD = 200_000
"""Scores that are held at a time."""
SECONDS = 2.0
"""Progress is shown of what takes longer."""


def sampled(
    model: Model,
    weights: Weights | None = None,
    voices: Voices | None = None,
    *,
    draws: int | None = None,
    seed: int = 0,
    kinds: Sequence[str] = KINDS,
    progress: bool = True,
) -> Iterator[tuple[Weights, Outcomes]]:
    """What becomes of everybody, some draws at a time.

    Parameters
    ----------
    model : Model
        The round.
    weights : Weights, optional
        See `draw`; the scheme's own by default.
    voices : Voices, optional
        Raters to be redrawn, anew for every weighting; they stay by default.
    draws : int, optional
        How often; as often as weights were drawn by default.
    seed : int
        Of the raters; weights have their own.
    kinds : sequence of str
        Whose grades and stars, see `outcomes`.
    progress : bool
        Whether a bar is shown of what takes long.

    Yields
    ------
    weights : Weights
        Those of these draws.
    outcomes : Outcomes
        What they lead to.

    Raises
    ------
    UsageError
        If nothing is drawn, or `draws` is another number than that of the weights.
    """
    weights = alike(model.weights if weights is None else weights)
    count = len(weights.sources) if draws is None else draws
    if count < 1 or len(weights.sources) not in {1, count}:
        raise UsageError(f"draws: {count}, must be the number of weights, {len(weights.sources)}")
    if voices is None and len(weights.sources) < count:
        raise UsageError("voices: must be there, or as many weights as draws: nothing else varies")
    weights = Weights(*(np.broadcast_to(part, (count, *part.shape[1:])) for part in weights))
    with tqdm(total=count, desc="draws", unit="draw", delay=SECONDS, disable=not progress) as bar:
        start = 0
        for size, value, fixed in _parts(model, voices, count, seed):
            part = Weights(*(array[start : start + size] for array in weights))
            yield part, outcomes(model, part, value=value, fixed=fixed, kinds=kinds)
            start += size
            bar.update(size)


def _parts(model: Model, voices: Voices | None, draws: int, seed: int) -> Iterator[_Part]:
    """How many draws are made together, with their cells and votes, if they are others."""
    if voices is not None:
        for part in redraw(model, voices, draws=draws, seed=seed):
            yield len(part.value), part.value, part.fixed
        return
    step = max(1, HELD // max(len(model), 1))
    for start in range(0, draws, step):
        yield min(step, draws - start), None, None

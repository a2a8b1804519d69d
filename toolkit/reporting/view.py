"""What a report is handed, as data that can lie beside it and be read again."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any, Self

import pandas as pd

from toolkit.reporting.frames import missing, typed


@dataclass(frozen=True)
class View:
    """Frames, texts and numbers of one report; what is not in it cannot leak.

    Attributes
    ----------
    language : str
        "zh" or "en".
    """

    language: str

    def to_json(self) -> str:
        """The view as text; the same view gives the same text."""
        data = {
            part.name: _columns(value) if isinstance(value := getattr(self, part.name), pd.DataFrame) else value
            for part in fields(self)
        }
        return json.dumps(data, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        data = json.loads(text)
        for part in fields(cls):
            if part.type == "pd.DataFrame":
                data[part.name] = typed(data[part.name])
        return cls(**data)


@dataclass(frozen=True)
class Results(View):
    """What became of scores, as a unit's report and a member's sheet both hold it; names are labels.

    Attributes
    ----------
    results : DataFrame
        `ratee_id, name, points, index, level, stars, stars_before, grade, why`.
    components : DataFrame
        What the index of the unit or member is made of: `label, raw, value, weight, adds`.
    satisfaction : DataFrame
        `topic, panel, direction, n, index, dissatisfied, low, high, coverage, follows`.
    targets : DataFrame
        `ratee_id, what, target, value, gap, attainment, met, since`.
    models : DataFrame
        `ratee_id, standard, why`.
    proposals : DataFrame
        `ratee_id, matter, proposal, why, decision, date, decided_by, decision_reason, due, helper, state`.
    papers : DataFrame
        `ratee_id, grade, filed, missing`: papers that a grade calls for, as lists in words.
    criteria : DataFrame
        `criterion, text, layer, origin`.

    Where a report names several ratees, targets, models, proposals and papers have a column `name` too.
    """

    results: pd.DataFrame
    components: pd.DataFrame
    satisfaction: pd.DataFrame
    targets: pd.DataFrame
    models: pd.DataFrame
    proposals: pd.DataFrame
    papers: pd.DataFrame
    criteria: pd.DataFrame


def _columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    return {str(name): _cells(cells) for name, cells in frame.items()}


def _cells(cells: pd.Series) -> list[Any]:
    """Cells of a column, None for what is missing; whole numbers never are."""
    return cells.tolist() if cells.dtype.kind in "biu" else missing(cells.tolist())

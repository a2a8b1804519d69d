"""The criteria that hold for a unit: several layers merged into one list, each with its origin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from toolkit.belonging import upwards
from toolkit.faults import UsageError, one_of

if TYPE_CHECKING:
    from toolkit.scheme import Scheme
    from toolkit.study import Study

CRITERIA = ["criterion", "text", "layer", "origin", "restated", "indicator"]
JOINT = " > "


def merge(study: Study, unit: str, scheme: Scheme) -> pd.DataFrame:
    """Merge the criteria that hold for a unit: its own, those of the units above it, and those of everybody.

    Parameters
    ----------
    study : Study
        Criteria and units.
    unit : str
        A unit; `""` asks for what holds everywhere.
    scheme : Scheme
        Its layers, the highest first. Criteria of a layer that it does not have do not hold; without any layers all
        hold, in the order in which they first stand in the table.

    Returns
    -------
    DataFrame
        `criterion, text` and `layer` (those of the last statement, in whose words it holds), `origin` (every layer that
        states it, the highest first, joined by " > "), `restated` (stated more than once) and `indicator` (the last one
        that is named, `""` for none). In the order of the layers, as they first stand.

    Raises
    ------
    UsageError
        If there is no such unit.

    Notes
    -----
    What a lower layer says of a criterion takes the place of what a higher one says, and within a layer what a unit
    says that of the units above it.
    """
    parent = dict(zip(study.units["unit_id"], study.units["parent_id"], strict=True))
    if unit and unit not in parent:
        raise UsageError(f"unit: {unit!r}, {one_of(unit, parent)}")
    line = ["", *reversed(upwards(unit, parent))] if unit else [""]
    rows = study.criteria[study.criteria["unit_id"].isin(line)]
    layers = list(scheme.layers) or list(rows["layer"].unique())
    rows = rows[rows["layer"].isin(layers)]
    place = rows.assign(layer=rows["layer"].map(layers.index), unit_id=rows["unit_id"].map(line.index))
    rows = rows.loc[place.sort_values(["layer", "unit_id"], kind="stable").index]
    found = [_statement(str(name), said) for name, said in rows.groupby("criterion", sort=False)]
    return pd.DataFrame(found, columns=CRITERIA).astype({"restated": bool})


def _statement(criterion: str, said: pd.DataFrame) -> tuple[str, str, str, str, bool, str]:
    """One criterion out of all that is said of it, the highest first."""
    last = said.iloc[-1]
    named = [str(name) for name in said["indicator"] if name]
    origin = JOINT.join(dict.fromkeys(said["layer"]))
    return criterion, str(last["text"]), str(last["layer"]), origin, len(said) > 1, named[-1] if named else ""

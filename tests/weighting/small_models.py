"""Rounds made of arrays, without files: members with cells, a scheme, and what scoring would make of them."""

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from toolkit.scheme import Scheme
from toolkit.scoring.conditions import REASONS
from toolkit.weighting.ladders import NO_VALUE
from toolkit.weighting.model import Model, composites
from toolkit.weighting.outcomes import outcomes

RULES = {
    "title": "made up",
    "language": "en",
    "rounds": {"one": {}},
    "scales": {"score": {"low": 0, "high": 100}},
}


def scheme_of(sources, indicators=None, **sections):
    """A scheme with these weights of sources; one indicator unless others are named."""
    leaves = {name: {"weight": weight, "scale": "score"} for name, weight in sources.items()}
    nodes = {name: {"weight": weight} for name, weight in (indicators or {}).items()}
    return Scheme.model_validate({**RULES, "sources": leaves, "indicators": nodes, **sections})


def model_of(cells, scheme, units=None, categories=None, **columns):
    """A round of members with cells (members, sources) or (members, sources, indicators)."""
    value = np.asarray(cells, dtype=float)
    value = value[:, :, None] if value.ndim == 2 else value
    size = len(value)
    ids = pd.Index([f"M{number}" for number in range(size)])
    category = np.full(size, "") if categories is None else np.asarray(categories)
    names, kind = np.unique(category, return_inverse=True)
    frame = {
        "kind": "member",
        "name": ids,
        "category": category,
        "exempt": False,
        "unit_id": "U" if units is None else np.asarray(units),
        "industry": "",
    }
    made = Model(
        study=None,
        name="one",
        scheme=scheme,
        quantities=pd.DataFrame({**frame, **columns}, index=ids),
        value=value,
        categories=tuple(map(str, names)),
        kind=kind.astype(np.intp),
        groups=np.zeros(size, dtype=np.intp),
        share=csr_array((np.ones(size), (np.arange(size), np.arange(size))), shape=(size, size)),
        reasons=pd.DataFrame(columns=REASONS),
        cuts_before={},
    )
    found = composites(made)
    made.quantities["score"], made.quantities["coverage"] = found.score[0], found.coverage[0]
    made.quantities["counts"] = ~made.quantities["exempt"] & ~np.isnan(found.score[0])
    return with_outcomes(made)


def with_outcomes(model):
    """A model whose quantities hold the grades and stars that the rules give."""
    blank = {"grade": pd.Series(None, model.quantities.index, dtype=object), "stars": np.nan}
    found = outcomes(replace(model, quantities=model.quantities.assign(**blank)))
    grade = [found.grades[level] if level >= 0 else None for level in found.grade[0]]
    stars = [float(found.star_names[level]) if level >= 0 else level + 1.0 for level in found.stars[0]]
    held = {"grade": pd.Series(grade, model.quantities.index, dtype=object), "stars": stars}
    made = model.quantities.assign(**held)
    made.loc[found.stars[0] == NO_VALUE, "stars"] = np.nan
    return replace(model, quantities=made)

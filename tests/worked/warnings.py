"""What `check` warns of."""

import pandas as pd
from small_study import make, ratings_of

from toolkit.lint import lint
from worked.cases import marks, member, names
from worked.table import rule


def warned(row, ratings=(), **tables):
    """What the manual says, if the one warning stands where it says and begins so; else the warning."""
    (doubt,) = [doubt for doubt in lint(make(row.text(), ratings, **tables)) if doubt.file == "scheme.yaml"]
    told = f"{doubt.path}: **{doubt.says}"
    return row.results if told.startswith(row.worked.rstrip("*")) else [told]


def people(*values):
    return {"ratings": marks(dict(zip(names(len(values)), values, strict=True)))}


ANYBODY = {"members": [member("m00")], "ratings": marks({"m00": 80})}


for name in ("Without a consequence", "Measure that nothing asks for", "Never to be met", "Hole between bands"):
    rule(name)(lambda row: warned(row, **ANYBODY))


@rule("Indicator that nobody rates")
def unrated(row):
    cells = {(who, "peer", "virtue"): [value] for who, value in zip(names(2), (row.given[0], 90), strict=True)}
    return warned(row, ratings_of(cells))


@rule("Weight too small")
def idle(row):
    half = len(row.given) // 2
    parts = [
        marks(dict(zip(names(half), values, strict=True)), source)
        for source, values in (("peer", row.given[:half]), ("public", row.given[half:]))
    ]
    return warned(row, pd.concat(parts))


@rule("Quotas against each other")
@rule("Quota without a place")
def quotas(row):
    return warned(row, **people(*row.given))

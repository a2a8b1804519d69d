"""Whole rounds in memory: one rating for each ratee, measures, events, and the rows that they come to."""

import pandas as pd
from small_study import ratings_of

SCALE = "scales:\n  s: {low: 0, high: 100}\n  v: {levels: {yes: 100, partly: 60, no: 0}, blank: [unsure]}\n"
ONE = "sources: {a: {weight: 1, scale: s}}\n"
TWO_ROUNDS = "rounds: {r: {from: 2026-01-01, to: 2026-06-30}, q: {from: 2026-07-01, to: 2026-12-31}}\n"
YEAR = TWO_ROUNDS.replace("}}", "}, y: {combine: {r: 0.4, q: 0.6}}}")


def rated(values, source="a"):
    """One rating for each ratee."""
    return ratings_of({(ratee, source, "overall"): [value] for ratee, value in values.items()})


def both(first, second):
    """One rating for each ratee in rounds r and q."""
    cells = ({(ratee, "a", "overall"): [value] for ratee, value in values.items()} for values in (first, second))
    parts = [ratings_of(part, name) for part, name in zip(cells, ("r", "q"), strict=True)]
    return pd.concat(parts, ignore_index=True)


def people(**units):
    """Members by unit: people(U="m k", V="h")."""
    return [{"member_id": name, "unit_id": unit} for unit, names in units.items() for name in names.split()]


def measures(name, measure, **values):
    return [{"round": name, "subject_id": who, "measure": measure, "value": value} for who, value in values.items()]


def ratees_of(scores, name="r"):
    return scores.ratees[scores.ratees["round"] == name].set_index("ratee_id")


def values(frame, column):
    return {ratee: None if pd.isna(value) else value for ratee, value in frame[column].items()}


def rows_of(frame, *columns):
    """Rows as lists, with None for what is missing."""
    return [
        [None if pd.isna(cell) else cell for cell in row] for row in frame[[*columns]].to_numpy(dtype=object).tolist()
    ]


POINTS = (
    "points: {dimensions: {study: {}}, rules: {s: {points: 2, dimension: study}, w: {points: 10}, x: {veto: true}}}\n"
)


def events(*rows):
    return [dict(zip(("date", "subject_id", "rule", "quantity"), row, strict=True)) for row in rows]

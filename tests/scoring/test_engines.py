"""Counting is the same on every engine."""

import dask.dataframe as dd
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from small_study import points_of, schemes_of

from toolkit.scoring.tally import answers, count

SCHEME = """
scales:
  vote: {levels: {A: 100, B: 80, C: 60, D: 0}, blank: [abstained]}
  score: {low: 0, high: 100}
sources:
  peer: {weight: 0.5, scale: vote}
  public: {weight: 0.5, scale: score}
  self: {weight: 0, scale: vote, attributed: true}
indicators: {x: {}, y: {}, z: {}}
"""
UNITS = pd.DataFrame({"ratee_id": ["m0", "m0", "m1", "m1", "m2"], "unit_id": ["U", "top", "U", "top", "top"]})


@pytest.fixture(scope="module")
def table():
    """Ratings with weights, null rater ids of self ratings, blank and null answers."""
    rng = np.random.default_rng(3)
    size = 400
    keys = {"source": rng.choice(["peer", "public"], size), "ratee_id": rng.choice(["m0", "m1", "m2"], size)}
    keys |= {
        "rater_id": np.char.add("r", rng.integers(0, 12, size).astype(str)),
        "indicator": rng.choice(list("xyz"), size),
    }
    rows = pd.DataFrame({"round": "r", **keys}).drop_duplicates(ignore_index=True)
    votes = rng.choice(["A", "B", "C", "D", "abstained", ""], len(rows))
    rows["value"] = np.where(rows["source"] == "peer", votes, rng.integers(0, 101, len(rows)).astype(str))
    rows["weight"] = np.where(rng.random(len(rows)) < 0.3, np.nan, rng.uniform(0.2, 3, len(rows)))
    own = pd.DataFrame(
        {
            "round": "r",
            "ratee_id": ["m0", "m1"] * 3,
            "source": "self",
            "indicator": list("xxyyzz"),
            "value": list("ABACBD"),
        }
    )
    rows = pd.concat([rows, own], ignore_index=True)  # without rater id and weight
    return rows.assign(row=np.arange(1, len(rows) + 1)).replace({"value": {"": None}})


ENGINES = {
    "pandas": lambda table: table,
    "polars": pl.from_pandas,
    "polars lazy": lambda table: pl.from_pandas(table).lazy(),
    "duckdb": duckdb.from_df,
    "dask": lambda table: dd.from_pandas(table, npartitions=3),
}


@pytest.fixture(scope="module", params=ENGINES)
def frame(request, table):
    """The same ratings on each engine."""
    return ENGINES[request.param](table)


@pytest.fixture(scope="module")
def worth(table):
    """Points of every distinct answer."""
    plain = table.fillna({"rater_id": "", "value": ""})
    return points_of(plain, schemes_of(SCHEME))


@pytest.fixture(scope="module")
def expected(table, worth):
    """The tally by plain pandas."""
    return count(table, worth, UNITS)


def plain(frame):
    return frame.astype(dict.fromkeys(frame.select_dtypes("category"), str))


def test_answers(frame, table):
    pd.testing.assert_frame_equal(plain(answers(frame)), plain(answers(table)))


def test_counts(frame, worth, expected):
    pd.testing.assert_frame_equal(plain(count(frame, worth, UNITS).counts), plain(expected.counts), rtol=1e-12)


@pytest.mark.parametrize("groups", ["ratees", "units"])
def test_cross_products(frame, worth, expected, groups):
    found, wanted = getattr(count(frame, worth, UNITS), groups), getattr(expected, groups)
    pd.testing.assert_frame_equal(plain(found.keys), plain(wanted.keys))
    assert found.indicators == wanted.indicators
    np.testing.assert_allclose(found.weight, wanted.weight, rtol=1e-9)
    np.testing.assert_array_equal(found.raters, wanted.raters)
    np.testing.assert_allclose(found.residual, wanted.residual, rtol=1e-9, atol=1e-9 * np.abs(wanted.residual).max())


def test_the_numbers_are_those_of_the_definition(table, worth, expected):
    """One cell and one unit, straight from the ratings."""
    known = table.fillna({"value": "", "weight": 1.0}).merge(worth, on=["round", "source", "indicator", "value"])
    known = known[known["points"].notna() & (known["source"] == "public") & (known["ratee_id"] != "m2")]
    persons = known.groupby("indicator")["rater_id"].nunique()
    moved = {}
    for (ratee, item), part in known.groupby(["ratee_id", "indicator"]):
        mean = np.average(part["points"], weights=part["weight"])
        share = part["weight"] / part["weight"].sum()
        shift = share * (part["points"] - mean) / np.sqrt(1 - (share**2).sum())
        moved[ratee, item] = pd.Series(shift.to_numpy(), index=part["rater_id"])
        row = expected.ratees.keys.query("id == @ratee and source == 'public'").index[0]
        place = expected.ratees.indicators.index(item)
        squares = ((part["weight"] * (part["points"] - mean)) ** 2).sum()
        assert expected.ratees.residual[row, place, place] == pytest.approx(squares)
        assert expected.ratees.weight[row, place] == pytest.approx(part["weight"].sum())
    by_rater = pd.DataFrame({item: moved["m0", item].add(moved["m1", item], fill_value=0) for item in "xyz"}).fillna(0)
    row = expected.units.keys.query("id == 'U' and source == 'public'").index[0]
    assert expected.units.residual[row] == pytest.approx((by_rater.T @ by_rater).to_numpy())
    assert expected.units.weight[row] == pytest.approx([2, 2, 2])
    assert expected.units.raters[row] == pytest.approx(persons.loc[list("xyz")])


def test_blank_answers_are_counted_and_self_ratings_are_each_their_own(expected):
    counts = plain(expected.counts)
    assert {"abstained", ""} <= set(counts["value"])
    own = expected.units.keys.query("id == 'U' and source == 'self'").index[0]
    assert expected.units.raters[own].max() == 2


def test_nothing_rated(worth):
    empty = pd.DataFrame(
        {name: pd.Series(dtype=str) for name in ["round", "ratee_id", "source", "rater_id", "indicator", "value"]}
    )
    found = count(empty, worth.iloc[:0], UNITS)
    assert found.counts.empty
    assert found.ratees.residual.shape == (0, 0, 0)

"""What must hold of every study, however it was rated."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from small_study import ballots_of, make, ratings_of, schemes_of

from toolkit.scoring.scores import score

SCHEME = """
scales: {vote: {levels: {A: 100, B: 80, C: 60, D: 0}, blank: [none]}}
sources: {a: {weight: 0.5, scale: vote RULE}, b: {weight: 0.3, scale: vote RULE}, c: {weight: 0.2, scale: vote RULE}}
indicators: {x: {weight: 0.6}, y: {weight: 0.4}}
"""
TRIM = ", trim: {drop: 1, above: 5}"
LEVELS = "DCBA"
RULES = {
    (rule, first, missing): schemes_of(
        SCHEME.replace(" RULE", rule) + f"first: {first}\nmissing: {{rule: {missing}, min_coverage: 0}}\n"
    )
    for rule in ("", TRIM)
    for first in ("indicator", "source")
    for missing in ("renormalise", "adjusted", "fail")
}
CELLS = [(ratee, source, item) for ratee in ("m", "k") for source in "abc" for item in "xy"]
answers = st.lists(st.sampled_from([*LEVELS, "none", None]), max_size=8)
tables = st.fixed_dictionaries(dict.fromkeys(CELLS, answers))
full = st.fixed_dictionaries(dict.fromkeys(CELLS, st.lists(st.sampled_from(LEVELS), min_size=1, max_size=8)))
rules = st.sampled_from(["", TRIM])
firsts = st.sampled_from(["indicator", "source"])
missing = st.sampled_from(["renormalise", "adjusted", "fail"])


def scored(cells, rule="", first="indicator", missing="renormalise", **tables):
    """All tables of a study of two members; rows in one order, whatever was rated."""
    members = [{"member_id": name, "unit_id": "U"} for name in ("m", "k")]
    return score(make(RULES[rule, first, missing], ratings_of(cells), members=members, **tables))


def values(scores):
    keys = ["round", "ratee_id", "source", "indicator"]
    return scores.table.astype(dict.fromkeys(keys, str)).set_index(keys).sort_index()


def same(one, other, columns=("score", "low", "high", "n", "coverage")):
    pd.testing.assert_frame_equal(values(one)[list(columns)], values(other)[list(columns)], rtol=1e-9, atol=1e-9)


# without shrinking: a study takes a tenth of a second
few = settings(max_examples=10, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])


@few
@given(tables, rules, firsts, missing)
def test_scores_and_ends_lie_within_0_and_100_and_the_interval_holds_the_score(cells, rule, first, missing):
    assume(any(values for values in cells.values()))
    scores = scored(cells, rule, first, missing)
    for table in (values(scores), scores.units):
        seen = table[table["score"].notna()]
        assert seen["score"].between(-1e-9, 100 + 1e-9).all()
        known = table[table["low"].notna()]
        assert known["low"].between(0, 100).all()
        assert known["high"].between(0, 100).all()
        assert (known["low"] <= known["high"]).all()
        inside = seen[seen["low"].notna()]
        assert (inside["low"] <= inside["score"] + 1e-9).all()
        assert (inside["score"] <= inside["high"] + 1e-9).all()
        assert table["coverage"].between(0, 1 + 1e-9).all()
        assert (table["score"].isna() | (table["n"] > 0)).all()
        assert not np.signbit(table.select_dtypes("number").dropna().to_numpy()).any()  # nor a minus zero


extreme = st.sampled_from([["A"], ["D"], ["A", "A", "B"], []])


@few
@given(st.lists(st.tuples(extreme, extreme, extreme), min_size=7, max_size=7), firsts)
def test_adjusted_scores_lie_within_0_and_100_and_in_their_intervals(ratees, first):
    members = [{"member_id": f"m{k}", "unit_id": "U"} for k in range(len(ratees))]
    cells = {
        (f"m{k}", source, item): values
        for k, mine in enumerate(ratees)
        for source, values in zip("abc", mine, strict=True)
        for item in "xy"
    }
    assume(any(cells.values()))
    # whoever has both shows a gap of 100, and he who lacks one already stands at an end of the scale
    gap = {(f"g{k}", "a", item): ["D"] for k in range(5) for item in "xy"}
    gap |= {(f"g{k}", "b", item): ["A"] for k in range(5) for item in "xy"}
    members += [{"member_id": f"g{k}", "unit_id": "U"} for k in range(5)]
    found = score(make(RULES["", first, "adjusted"], ratings_of(gap | cells), members=members)).table
    seen = found[found["score"].notna()]
    assert seen["score"].between(-1e-9, 100 + 1e-9).all()
    inside = seen[seen["low"].notna()]
    assert (inside["low"] <= inside["score"] + 1e-9).all()
    assert (inside["score"] <= inside["high"] + 1e-9).all()


@few
@given(full, rules, firsts, st.data())
def test_a_better_answer_never_lowers_a_score(cells, rule, first, data):
    cell = data.draw(st.sampled_from(CELLS))
    place = data.draw(st.integers(0, len(cells[cell]) - 1))
    level = data.draw(st.sampled_from(LEVELS[LEVELS.index(cells[cell][place]) :]))
    better = cells | {cell: [level if k == place else value for k, value in enumerate(cells[cell])]}
    before, after = (values(scored(each, rule, first))["score"] for each in (cells, better))
    assert (after >= before - 1e-9).all()


@few
@given(tables, rules, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(cells, rule, random):
    rows = ratings_of(cells)
    assume(len(rows))
    members = [{"member_id": name, "unit_id": "U"} for name in ("m", "k")]
    order = random.sample(range(len(rows)), len(rows))
    study = make(RULES[rule, "indicator", "renormalise"], rows.iloc[order].reset_index(drop=True), members=members)
    same(score(study), scored(cells, rule))


@few
@given(tables, rules, firsts)
def test_ballots_score_as_ratings_do_and_their_intervals_are_no_narrower(cells, rule, first):
    assume(any(value for values in cells.values() for value in values))
    paper = {cell: {level: given.count(level) for level in [*LEVELS, "none"]} for cell, given in cells.items()}
    counted = scored({}, rule, first, ballots=ballots_of(paper))
    single = scored(cells, rule, first)
    same(counted, single, columns=("score", "n", "coverage"))
    # cell by cell the two know the same
    keys = values(single).reset_index()
    cell = ((keys["source"] != "") & (keys["indicator"] != "")).to_numpy()
    ends = ["low", "high"]
    np.testing.assert_allclose(values(counted)[ends][cell], values(single)[ends][cell], rtol=1e-6, atol=1e-6)


@few
@given(full, rules)
def test_both_orders_agree_where_all_is_asked_and_seen(cells, rule):
    one, other = (scored(cells, rule, first) for first in ("indicator", "source"))
    same(one, other)
    assert values(one)["coverage"].to_numpy() == pytest.approx(1)


@few
@given(full, st.lists(st.sampled_from(LEVELS), max_size=6), firsts)
def test_a_source_of_no_weight_changes_nothing(cells, own, first):
    text = SCHEME.replace(" RULE", "").replace("}}\nind", "}, self: {weight: 0, scale: vote}}\nind")
    text += f"first: {first}\n"
    rows = ratings_of(cells | {("m", "self", "x"): own})
    members = [{"member_id": name, "unit_id": "U"} for name in ("m", "k")]
    found = values(score(make(schemes_of(text), rows, members=members)))
    found = found[found.index.get_level_values("source") != "self"]
    expected = values(scored(cells, first=first))
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9, atol=1e-9)

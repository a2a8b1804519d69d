"""What may be shown: worked by hand on the smallest cases."""

import io

import numpy as np
import pandas as pd
import pytest

from toolkit.reporting.privacy import FEW, Part, cell, coarse, hidden_sources, hidden_units, published, safe


def part(name, raters, *, attributed=False, counts=True):
    return Part(name, raters, attributed, counts)


SUPERIOR = part("superior", 1, attributed=True)


@pytest.mark.parametrize(("raters", "hidden"), [(4, True), (5, False)])
def test_as_many_raters_as_the_minimum_are_enough(raters, hidden):
    parts = [part("a", raters), part("b", raters), part("c", 9)]
    assert ("a" in hidden_sources(parts, 5)) is hidden


def test_a_second_source_hides_the_first():
    parts = [SUPERIOR, part("peer", 9), part("public", 4)]
    assert hidden_sources(parts, 5) == {"public": "few", "peer": "complement"}


def test_the_second_is_not_attributed_if_that_can_be():
    # the superior has fewer raters, but everybody knows who he is
    parts = [SUPERIOR, part("peer", 500), part("public", 4)]
    assert hidden_sources(parts, 5)["peer"] == "complement"
    assert hidden_sources([SUPERIOR, part("public", 4)], 5) == {"public": "few", "superior": "complement"}


def test_among_equals_the_second_has_the_fewest_raters():
    parts = [part("many", 40), part("some", 20), part("few", 2), part("more", 60)]
    assert hidden_sources(parts, 5) == {"few": "few", "some": "complement"}


def test_two_with_few_raters_protect_each_other():
    parts = [SUPERIOR, part("peer", 3), part("public", 4), part("panel", 30)]
    assert hidden_sources(parts, 5) == {"peer": "few", "public": "few"}


def test_a_source_alone_takes_the_composite_with_it():
    assert hidden_sources([part("public", 4)], 5) == {"public": "few", "": "complement"}


@pytest.mark.parametrize("idle", [part("idle", 30, counts=False), part("idle", 0, counts=False)])
def test_a_source_that_does_not_count_cannot_protect(idle):
    """It weighs 0 or was not seen: the composite is made of the others alone."""
    parts = [idle, SUPERIOR, part("public", 4)]
    assert hidden_sources(parts, 5) == {"public": "few", "superior": "complement"}
    assert hidden_sources([idle, part("public", 4)], 5) == {"public": "few", "": "complement"}


def test_a_source_that_does_not_count_needs_no_second():
    parts = [SUPERIOR, part("peer", 9), part("idle", 2, counts=False)]
    assert hidden_sources(parts, 5) == {"idle": "few"}


def test_attributed_and_unseen_sources_are_never_few():
    assert hidden_sources([SUPERIOR, part("self", 3, attributed=True), part("public", 0, counts=False)], 5) == {}
    assert hidden_sources([], 5) == {}


def test_an_interval_of_few_raters_is_widened_to_whole_points():
    low, high = coarse(pd.Series([71.2, 71.2, np.nan]), pd.Series([88.1, 88.1, np.nan]), pd.Series([FEW, FEW + 1, 1]))
    assert list(low[:2]) == [71, 71.2]
    assert list(high[:2]) == [89, 88.1]
    assert np.isnan([low[2], high[2]]).all()


# One parent, four below it, of which the second has two below.
TREE = {"": ["p"], "p": ["a", "b", "c", "d"], "a": [], "b": ["x", "y"], "x": [], "y": [], "c": [], "d": []}
SCORED = {"p": 20, "a": 4, "b": 5, "x": 2, "y": 3, "c": 6, "d": 5}


@pytest.mark.parametrize(
    ("bare", "hidden"),
    [
        ("", ""),
        ("c", "ac"),  # the parent less the others would be it
        ("cd", "cd"),
        ("a", "abx"),  # of the unit that is hidden with it, those below would tell
        ("x", "xy"),
        ("p", "ap"),
    ],
)
def test_no_unit_is_hidden_alone(bare, hidden):
    assert hidden_units(bare, TREE, SCORED) == set(hidden)


def test_a_unit_without_scored_members_hides_no_other():
    assert hidden_units("c", TREE, {**SCORED, "a": 0}) == {"b", "c", "x"}


def test_nothing_is_printed_below_nothing():
    frame = published(pd.DataFrame({"self": [-0.04, 0.04, -0.06]}))
    assert [str(value) for value in frame["self"]] == ["0.0", "0.0", "-0.1"]


def test_published_numbers_have_one_digit():
    frame = published(pd.DataFrame({"score": [70.2499, np.nan], "n": [3, 4], "name": ["0.123", None]}))
    assert frame["score"][0] == 70.2
    assert frame["n"].tolist() == [3, 4]
    assert frame["name"][0] == "0.123"


# Spreadsheets ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx"])
def test_no_text_is_a_formula(text):
    assert cell(text) == "'" + text


@pytest.mark.parametrize("value", ["a=b", "1", "", " =x", "第一支部", -3.5, -2, True, None])
def test_everything_else_stays(value):
    assert cell(value) is value


def test_a_table_is_safe_from_its_head_down():
    frame = pd.DataFrame(
        {"=head": ["=1+1", None], "n": [-3.5, np.nan], "whole": [-2, 7], "kind": pd.Categorical(["+x", "y"])}
    )
    text = safe(frame).to_csv(index=False, lineterminator="\n")
    assert text == "'=head,n,whole,kind\n'=1+1,-3.5,-2,'+x\n,,7,y\n"
    assert pd.read_csv(io.StringIO(text))["n"].dtype == float
    assert frame["=head"][0] == "=1+1"

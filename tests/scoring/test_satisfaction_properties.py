"""What must hold of satisfaction, whatever was answered."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.rules import Satisfaction
from toolkit.scoring.bottom import COLUMNS, list_bottom
from toolkit.scoring.opinions import Count, tabulate

RULEBOOKS = [
    Satisfaction(scale="v", dissatisfied=["D"], blank=blank, panels=panels, bottom={"min": 5, "places": 2})
    for blank in ("outside", "inside")
    for panels in ({}, {"A": {"weight": "1/7"}, "B": {"weight": "2/7"}, "C": {"weight": "4/7"}})
]


number = st.integers(0, 60)


cell = st.tuples(number, number, number, st.integers(0, 60) | st.none())


people = st.dictionaries(
    st.sampled_from("abcd"), st.dictionaries(st.tuples(st.sampled_from("xy"), st.sampled_from("ABC")), cell, min_size=1)
)


def counted(good, bad, blank, unseen):
    eligible = np.nan if unseen is None else good + bad + blank + unseen
    return Count(good + bad, blank, bad, Fraction(100 * good), eligible)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(people, st.sampled_from(RULEBOOKS))
def test_shares_are_exact_and_lie_in_their_intervals(cells, rules):
    heard = {who: {key: counted(*answers) for key, answers in mine.items()} for who, mine in cells.items()}
    table = tabulate(heard, rules, dict.fromkeys(heard, Fraction(1)))
    for found in table.itertuples():
        mine = {key: count for key, count in heard[found.ratee_id].items() if found.topic in {"", key[0]}}
        inside = rules.blank == "inside"
        sums = {  # dissatisfied and base of each panel
            panel: (
                sum(count.bad for key, count in mine.items() if key[1] == panel),
                sum(count.n + count.blank * inside for key, count in mine.items() if key[1] == panel),
            )
            for panel in "ABC"
            if found.panel in {"", panel}
        }
        seen = {panel: of for panel, of in sums.items() if of[1]}
        weight = {panel: rules.panels[panel].weight if rules.panels else of[1] for panel, of in seen.items()}
        if not seen:
            assert found.dissatisfied is None
            assert np.isnan([found.index, found.low, found.high]).all()
            continue
        total = sum(weight.values())
        assert found.dissatisfied == sum(weight[panel] * Fraction(*of) for panel, of in seen.items()) / total
        assert 0 <= found.low <= float(found.dissatisfied) <= found.high <= 1
        assert 0 <= found.coverage <= 1
        assert (found.coverage == 0) == (found.n == 0) == bool(np.isnan(found.index))
        if not inside and not np.isnan(found.index):
            # here an answer has 100 points or is dissatisfied
            assert found.index == pytest.approx(100 * (1 - float(found.dissatisfied)))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(people, st.sampled_from(RULEBOOKS))
def test_nobody_is_listed_without_support_and_no_more_than_there_are_places(cells, rules):
    heard = {who: {key: counted(*answers) for key, answers in mine.items()} for who, mine in cells.items()}
    table = tabulate(heard, rules, dict.fromkeys(heard, Fraction(1)))
    found = list_bottom(table, dict.fromkeys(heard, "member"), rules)
    assert found.columns.tolist() == COLUMNS
    assert found["ratee_id"].tolist() == [*heard]
    listed = found[found["verdict"] == "bottom"]
    assert len(listed) <= 2
    assert (listed["n"] >= 5).all()
    assert (listed["low"] > listed["others"].astype(float)).all()
    assert found["place"].notna().equals(found["verdict"] == "bottom")
    beyond = found[found["verdict"].isin(["tied", "other"])]["dissatisfied"]
    assert all(kept > out for kept in listed["dissatisfied"] for out in beyond)

"""What must hold of every ledger of points."""

import datetime as dt
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_book import balance, booked

from toolkit.rules import Points
from toolkit.scoring.points import CLOSING, Brought

RULES = {
    "base": 5,
    "carry": "1/3",
    "ceiling": 40,
    "dimensions": {"d": {"cap": {"week": 7, "month": 9.5}}, "e": {"cap": {"year": 20}}},
    "multipliers": [{"times": 1.5, "categories": ["cadre"]}, {"times": "1/3", "from": "2026-01-01", "rules": ["b"]}],
    "rules": {
        "a": {"points": 2, "dimension": "d", "cap": {"week": 5, "month": 6}},
        "b": {"points": 0.7, "dimension": "d", "cap": {"year": 4}},
        "c": {"points": -1.1, "dimension": "d", "cap": {"week": 3}},
        "d": {"points": 3, "dimension": "e", "cap": {"month": 8, "year": 11}},
        "e": {"points": 1},
        "v": {"points": -1, "veto": True},
    },
}
PEOPLE = [("m", "cadre"), ("k", ""), ("n", "")]
BROUGHT = Brought("before", {"m": Fraction(10), "k": Fraction(-4, 7)})
days = st.dates(dt.date(2025, 12, 22), dt.date(2026, 2, 8)).map(str)
amounts = st.sampled_from([0.0, 0.1, 0.3, 1.0, 1.7, 2.0, 5.0])
harmless = st.sampled_from("abcde")
seldom = st.sampled_from("aabbccddeev")
rows = st.lists(st.tuples(days, harmless, amounts, st.sampled_from("mk")), max_size=25)
any_rows = st.lists(
    st.tuples(
        days, seldom, st.builds(lambda x, sign: x * sign, amounts, st.sampled_from([1, 1, -1])), st.sampled_from("mk")
    ),
    max_size=25,
)
quick = settings(deadline=None, derandomize=True, max_examples=60)


def shared(events, **rules):
    return booked({**RULES, **rules}, events, subjects=PEOPLE, brought=BROUGHT)


@quick
@given(any_rows, st.sampled_from([0, None, 12]))
def test_the_lines_of_everybody_sum_to_his_balance_and_nobody_gets_more_than_was_asked(events, floor):
    ledger, balances, exact = shared(events, floor=floor)
    sums = ledger.groupby("ratee_id")["got"].sum()
    for who, _ in PEOPLE:
        assert sums[who] == pytest.approx(balance(balances, who), abs=1e-9)
        assert balance(balances, who) == float(exact[who])
        assert balance(balances, who) <= 40
        assert floor is None or balance(balances, who) >= floor or balance(balances, who, column="vetoes")
    entries = ledger[~ledger["code"].isin(CLOSING)]
    assert len(entries) == len(events)
    assert (entries["got"].abs() <= entries["asked"].abs()).all()
    assert (entries["got"] * entries["asked"] >= 0).all()
    assert ((entries["code"] == "") == (entries["got"] == entries["asked"])).all()
    assert ((entries["code"] == "") == entries["bound"].isna()).all()
    for name in "de":
        parts = entries[entries["dimension"] == name].groupby("ratee_id")["got"].sum()
        for who, _ in PEOPLE:
            assert balance(balances, who, name) == pytest.approx(parts.get(who, 0.0), abs=1e-9)


def windows_of(day):
    date = dt.date.fromisoformat(day)
    return {"week": tuple(date.isocalendar())[:2], "month": day[:7], "year": day[:4]}


@quick
@given(rows)
def test_no_window_holds_more_than_its_cap(events):
    ledger = shared(events, base=0, carry=0, ceiling=None, floor=None).ledger
    for window in ("week", "month", "year"):
        of = ledger["date"].map(lambda day, window=window: str(windows_of(day)[window]))
        by_rule = ledger["got"].abs().groupby([ledger["ratee_id"], ledger["rule"], of]).sum()
        for (_, rule, _), held in by_rule.items():
            assert held <= RULES["rules"][rule].get("cap", {}).get(window, np.inf) + 1e-9
        gains = ledger[ledger["got"] > 0]
        by_dimension = gains["got"].groupby([gains["ratee_id"], gains["dimension"], of]).sum()
        for (_, name, _), held in by_dimension.items():
            assert held <= RULES["dimensions"].get(name, {"cap": {}})["cap"].get(window, np.inf) + 1e-9


def one_after_another(events):
    """What every event gets, cap by cap and event by event, in the order of the ledger."""
    rules = Points.model_validate(RULES)
    category = dict(PEOPLE)
    order = sorted(events, key=lambda event: ("mkn".index(event[3]), event[0]))
    left = []
    for day, rule, quantity, who in order:
        amount = Fraction(str(quantity)) * Fraction(str(rules.rules[rule].points))
        amount *= Fraction(3, 2) if category[who] == "cadre" else 1
        left.append(amount / 3 if day >= "2026-01-01" and rule == "b" else amount)
    stages = [(own, window) for own in (True, False) for window in ("week", "month", "year")]
    for own, window in stages:
        used = {}
        for place, (day, rule, _, who) in enumerate(order):
            held = rules.rules[rule] if own else rules.dimensions.get(rules.rules[rule].dimension)
            if held is None or window not in held.cap or (not own and left[place] < 0):
                continue
            key = (who, rule if own else rules.rules[rule].dimension, windows_of(day)[window])
            room = Fraction(str(held.cap[window])) - used.get(key, 0)
            got = min(abs(left[place]), room)
            used[key] = used.get(key, 0) + got
            left[place] = got if left[place] >= 0 else -got
    return [float(amount) for amount in left]


@quick
@given(rows)
def test_all_at_once_is_as_one_after_another(events):
    ledger = shared(events, base=0, carry=0, ceiling=None, floor=None).ledger
    assert ledger["got"].tolist() == one_after_another(events)


@quick
@given(any_rows, st.tuples(days, seldom, amounts, st.sampled_from("mk")), st.integers(0, 25), st.integers(0, 25))
def test_an_entry_taken_back_on_its_day_leaves_all_balances_as_if_it_had_never_been_made(events, entry, first, second):
    day, rule, quantity, who = entry
    corrected = [*events[:first], entry, *events[first:]]
    corrected = [*corrected[:second], (day, rule, -quantity, who), *corrected[second:]]
    before, after = shared(events), shared(corrected)
    assert before.exact == after.exact
    parts = ["ratee_id", "dimension", "points"]
    pd.testing.assert_frame_equal(before.balances[parts], after.balances[parts])


@quick
@given(any_rows, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_matters_to_no_balance(events, random):
    mixed = random.sample(events, len(events))
    assert shared(events).exact == shared(mixed).exact
    pd.testing.assert_frame_equal(shared(events).balances, shared(mixed).balances)

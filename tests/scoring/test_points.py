"""Balances of points, by period: every number by hand."""

from fractions import Fraction

import pandas as pd
import pytest
from small_book import COLUMNS, balance, booked, lines
from small_study import make

from toolkit.faults import UsageError
from toolkit.rulebook import read_rulebook
from toolkit.rules import Points
from toolkit.scoring.points import BALANCES, LEDGER, Brought, book, keep


def kept(text, points, *, members=({"member_id": "m", "unit_id": "U"},), name="r", **tables):
    """Ledger and balances of a round of a small study; points are (date, rule, quantity), of m, or of a fourth."""
    rows = [
        {"date": date, "subject_id": more[0] if more else "m", "rule": rule, "quantity": quantity, "evidence": ""}
        for date, rule, quantity, *more in points
    ]
    scheme = text if isinstance(text, dict) else BASICS + text
    return keep(make(scheme, members=list(members), points=rows, **tables), name)


BASICS = "scales: {s: {low: 0, high: 100}}\nsources: {a: {scale: s}}\n"
YEARS = "rounds: {'2025': {to: 2025-12-20}, r: {from: 2026-01-01, to: 2026-12-31}}\n"
HALVES = """
rounds:
  H1: {from: 2026-01-01, to: 2026-06-30}
  H2: {from: 2026-07-01, to: 2026-12-31}
  year: {combine: {H1: 0.5, H2: 0.5}}
"""


# --------------------------------------------------------------------------------------- base, carry, floor and ceiling


def test_whoever_has_no_event_has_his_base():
    rules = {"base": 60, "bases": {"cadre": 70, "new": 0}, "rules": {"help": {"points": 2}}}
    ledger, balances, _ = booked(rules, [], subjects=[("m", "cadre"), ("k", "farmer"), ("n", "new")])
    assert [balance(balances, who) for who in "mkn"] == [70, 60, 0]
    assert lines(ledger, "m", "asked", "got", "code", "rule", "date") == [(70, 70, "base", "", "")]
    assert lines(ledger, "n") == []  # a base of 0 changes nothing
    assert ledger[["quantity", "times", "bound"]].isna().all(axis=None)


def test_no_balance_is_below_the_floor():
    late = {"late": {"points": -4}}
    events = [(f"2026-0{month}-01", "late", 1) for month in (1, 2, 3)]
    ledger, balances, _ = booked({"base": 10, "rules": late}, events)
    assert lines(ledger, "m", "got", "code", "bound")[-1] == (2, "floor", 0)  # 10 - 12
    assert balance(balances) == 0
    assert balance(booked({"base": 10, "floor": None, "rules": late}, events).balances) == -2
    ledger, balances, _ = booked({"base": 10, "floor": -2, "rules": late}, events)
    assert balance(balances) == -2
    assert "floor" not in set(ledger["code"])  # it only reaches the floor


def test_a_floor_is_of_the_end_of_the_period_and_not_of_each_event():
    rules = {"rules": {"late": {"points": -4}, "help": {"points": 3}}}
    ledger, balances, _ = booked(rules, [("2026-01-01", "late", 1), ("2026-02-01", "help", 2)])
    assert balance(balances) == 2  # not 0 + 6
    assert "floor" not in set(ledger["code"])


def test_no_balance_is_above_the_ceiling():
    rules = {"base": 60, "ceiling": 100, "rules": {"help": {"points": 10}}}
    ledger, balances, _ = booked(rules, [("2026-01-01", "help", 5)])
    assert lines(ledger, "m", "asked", "got", "code", "bound")[-1] == (-10, -10, "ceiling", 100)
    assert balance(balances) == 100
    assert "ceiling" not in set(booked(rules, [("2026-01-01", "help", 4)]).ledger["code"])


CARRY = "points: {base: 60, carry: 20%, rules: {help: {points: 10}}}\n"


def test_a_fifth_of_last_years_balance_is_added_to_the_base():
    # 2025, all of it, beyond its round's last day too: 60 + 20 = 80; 2026: 60 + 20% of 80
    events = [("2025-01-01", "help", 1), ("2025-12-31", "help", 1)]
    ledger, balances = kept(YEARS + CARRY, events)
    columns = ("quantity", "times", "asked", "got", "code", "evidence")
    assert lines(ledger, "m", *columns)[1] == (80, 0.2, 16, 16, "carry", "2025")
    assert lines(ledger)[0] == (60, "base")
    assert balance(balances) == 76
    assert balance(kept(YEARS + CARRY, events, name="2025")[1]) == 70  # on 20 December; nothing is carried to it


def test_carrying_goes_back_to_the_year_of_the_first_event_and_no_further():
    # 2024: 60 + 40 = 100, to which nothing is carried; 2025, without events: 60 + 20 = 80; 2026: 60 + 16
    assert balance(kept(YEARS + CARRY, [("2024-05-01", "help", 4)])[1]) == 76
    ledger, balances = kept(YEARS + CARRY, [("2026-05-01", "help", 4)])
    assert balance(balances) == 100
    assert lines(ledger) == [(60, "base"), (40, "")]


def test_whoever_was_not_there_last_year_carries_nothing():
    rules = {"base": 60, "carry": 0.2, "rules": {"help": {"points": 10}}}
    brought = Brought("2025", {"m": Fraction(80)})
    balances = booked(rules, [], subjects=[("m", ""), ("new", "")], brought=brought).balances
    assert [balance(balances, who) for who in ("m", "new")] == [76, 60]


def test_without_events_nothing_is_carried():
    ledger, balances = kept(YEARS + CARRY, [])
    assert lines(ledger) == [(60, "base")]
    assert balance(balances) == balance(balances, "U") == 60


def test_the_next_base_may_be_what_is_carried_alone():
    text = YEARS + "points: {carry: 0.2, rules: {help: {points: 10}}}\n"
    assert balance(kept(text, [("2025-05-01", "help", 5), ("2026-05-01", "help", 1)])[1]) == 20  # 20% of 50, and 10


def test_a_debt_is_carried_where_no_floor_forgives_it():
    text = YEARS + "points: {carry: 0.5, FLOOR rules: {late: {points: -10}}}\n"
    events = [("2025-05-01", "late", 4)]
    assert balance(kept(text.replace("FLOOR", "floor: null,"), events)[1]) == -20
    ledger, balances = kept(text.replace("FLOOR", ""), events)
    assert balance(balances) == 0
    assert lines(ledger) == []


def test_last_year_is_kept_by_its_own_rules():
    older = BASICS + "points: {base: 50, carry: 0.9, rules: {help: {points: 1}}}\n"
    newer = (
        "title: T\nrounds: {spring: {to: 2025-06-30}, '2025': {to: 2025-12-31, scheme: old.yaml}, "
        "r: {to: 2026-12-31}, both: {combine: {spring: 0.5, '2025': 0.5}}}\n" + BASICS + CARRY
    )
    schemes, faults = read_rulebook(lambda file: newer if file == "scheme.yaml" else older)
    assert not faults
    events = [("2025-05-01", "help", 4), ("2026-05-01", "help", 1)]
    # 2025: 50 + 4 = 54 by the rules of its last plain round; 2026: 60 + 20% of 54 + 10
    assert balance(kept(schemes, events)[1]) == pytest.approx(80.8)
    assert balance(kept(schemes, events, name="2025")[1]) == 54


def test_a_round_that_keeps_no_points_by_year_leaves_last_year_to_the_later_rules():
    newer = "title: T\nrounds: {'2025': {to: 2025-12-31, scheme: old.yaml}, r: {to: 2026-12-31}}\n" + BASICS + CARRY
    for section in ("points: {period: round, rules: {help: {points: 1}}}\n", "points: null\n"):
        older = BASICS + section
        schemes, faults = read_rulebook(lambda file, older=older: newer if file == "scheme.yaml" else older)
        assert not faults
        assert balance(kept(schemes, [("2025-05-01", "help", 4)])[1]) == 80  # 60 + 20% of (60 + 40)


def test_carrying_stops_at_a_year_whose_rules_carry_nothing():
    older = BASICS + "points: {rules: {help: {points: 1}}}\n"
    newer = "title: T\nrounds: {'2025': {to: 2025-12-31, scheme: old.yaml}, r: {to: 2026-12-31}}\n" + BASICS + CARRY
    schemes, _ = read_rulebook(lambda file: newer if file == "scheme.yaml" else older)
    # 2025 has 5, and nothing of the 40 of 2024; 2026: 60 + 1
    assert balance(kept(schemes, [("2024-05-01", "help", 40), ("2025-05-01", "help", 5)])[1]) == 61


def test_by_round_the_share_is_of_the_round_that_ended_last_before():
    text = "points: {period: round, base: 10, carry: 0.5, rules: {help: {points: 1}}}\n"
    events = [("2026-05-01", "help", 30), ("2026-08-01", "help", 4)]
    ledger, balances = kept(HALVES + text, events, name="H2")
    assert lines(ledger, "m", "got", "code", "evidence") == [(10, "base", ""), (20, "carry", "H1"), (4, "", "")]
    assert balance(balances) == 34  # 10 + half of 40 + 4
    assert balance(kept(HALVES + text, events, name="H1")[1]) == 40
    assert balance(kept(HALVES + text, events, name="year")[1]) == 44  # 10 + 30 + 4, and no round before
    third = HALVES.replace("year:", "H3: {from: 2027-01-01, to: 2027-06-30}\n  year:") + text
    assert balance(kept(third, events, name="H3")[1]) == 27  # 10 + half of 34


def test_a_round_that_has_not_ended_when_another_begins_leaves_it_nothing():
    text = "rounds: {H1: {to: 2026-07-01}, open: {from: 2026-01-01}, r: {from: 2026-07-01, to: 2026-12-31}}\n"
    text += "points: {period: round, carry: 0.5, rules: {help: {points: 1}}}\n"
    assert balance(kept(text, [("2026-05-01", "help", 30), ("2026-07-01", "help", 2)])[1]) == 2


# --------------------------------------------------------------------------------------------------------------- vetoes

VETO = {
    "base": 60,
    "floor": 20,
    "dimensions": {"service": {}},
    "rules": {
        "help": {"points": 10, "dimension": "service"},
        "fraud": {"veto": True},
        "drunk": {"points": -5, "veto": True},
    },
}


def test_a_veto_takes_the_whole_balance_whatever_else_there_is_and_says_why():
    rows = [
        ("m", "2026-03-01", "help", 4.0, ""),
        ("m", "2026-05-01", "drunk", 1.0, "police 7"),
        ("m", "2026-04-01", "fraud", 2.0, "court 12"),
        ("k", "2026-04-01", "help", 1.0, ""),
    ]
    people = pd.DataFrame({"ratee_id": ["m", "k"], "category": ["", ""]}, dtype=str)
    brought = Brought("2025", {"m": Fraction(80), "k": Fraction(80)})
    rules = Points.model_validate({**VETO, "carry": "20%"})
    ledger, balances, exact = book(pd.DataFrame(rows, columns=COLUMNS), rules, people, brought=brought)
    assert lines(ledger, "m", "date", "rule", "evidence", "asked", "got", "code") == [
        ("", "", "", 60, 60, "base"),
        ("", "", "2025", 16, 16, "carry"),
        ("2026-03-01", "help", "", 40, 40, ""),
        ("2026-04-01", "fraud", "court 12", 0, 0, ""),
        ("2026-05-01", "drunk", "police 7", -5, -5, ""),
        ("2026-04-01", "fraud", "court 12", -111, -111, "veto"),  # the first of them; no floor lifts it
    ]
    assert balance(balances) == exact["m"] == 0
    assert balance(balances, column="vetoes") == 2
    assert balance(balances, dimension="service", column="vetoes") == 0
    assert balance(balances, dimension="service") == 40  # what events got; a veto takes the balance
    assert balance(balances, "k") == 86
    assert balance(balances, "k", column="vetoes") == 0


def test_a_veto_sets_a_debt_to_nought_too_and_is_named_even_where_there_is_nothing_to_take():
    rules = {"rules": {"fraud": {"veto": True}, "late": {"points": -3}}, "floor": None}
    assert lines(booked(rules, [("2026-04-01", "fraud", 1)]).ledger) == [(0, ""), (0, "veto")]
    nought = booked(rules, [("2026-03-01", "fraud", 0), ("2026-04-01", "fraud", 1)]).ledger
    assert lines(nought, "m", "code", "date")[-1] == ("veto", "2026-04-01")
    ledger, balances, _ = booked(rules, [("2026-04-01", "fraud", 1), ("2026-04-01", "late", 1)])
    assert lines(ledger)[-1] == (3, "veto")
    assert balance(balances) == 0


def test_whoever_was_vetoed_last_year_carries_nothing():
    text = YEARS + "points: {base: 60, carry: 20%, rules: {help: {points: 10}, fraud: {veto: true}}}\n"
    ledger, balances = kept(text, [("2025-03-01", "help", 2), ("2025-04-01", "fraud", 1)])
    assert balance(balances) == 60
    assert balance(balances, "U") == 72  # the unit, in the same year: 60 + 12
    assert lines(ledger) == [(60, "base")]
    assert balance(balances, column="vetoes") == 0  # it is of last year


def test_a_veto_counts_in_its_period_only():
    events = [("2026-08-01", "fraud", 1)]
    text = HALVES + "points: {base: 60, rules: {fraud: {veto: true}}}\n"
    assert balance(kept(text, events, name="H1")[1]) == 60
    assert balance(kept(text, events, name="H2")[1]) == 0
    assert balance(kept(text, events, name="year")[1]) == 0


def test_a_veto_that_is_taken_back_is_none():
    events = [("2026-04-01", "fraud", 1), ("2026-04-01", "help", 1), ("2026-05-01", "fraud", -1)]
    ledger, balances, _ = booked(VETO, events)
    assert balance(balances) == 70
    assert balance(balances, column="vetoes") == 0
    assert "veto" not in set(ledger["code"])
    again = booked(VETO, [*events, ("2026-06-01", "fraud", 1)])
    assert balance(again.balances) == 0
    assert balance(again.balances, column="vetoes") == 1
    one = booked(VETO, [("2026-04-01", "fraud", 0.3), ("2026-05-01", "fraud", -0.1), ("2026-05-02", "fraud", -0.1)])
    assert balance(one.balances, column="vetoes") == 1  # a part of it stands
    none = booked(VETO, [("2026-04-01", "fraud", 0.3), ("2026-05-01", "fraud", -0.1), ("2026-05-02", "fraud", -0.2)])
    assert balance(none.balances, column="vetoes") == 0  # 0.3 - 0.1 - 0.2 is 0, though not in floats
    nought = booked(VETO, [("2026-04-01", "fraud", 0)])
    assert balance(nought.balances) == 60


def test_another_rules_veto_is_not_taken_back():
    events = [("2026-04-01", "fraud", 1), ("2026-04-01", "drunk", -1), ("2026-05-01", "fraud", -1, "k")]
    balances = booked(VETO, events, subjects=[("m", ""), ("k", "")]).balances
    assert balance(balances) == 0
    assert balance(balances, column="vetoes") == 1
    assert balance(balances, "k") == 60


# -------------------------------------------------------------------------------------------------- subjects and rounds


def test_events_of_a_post_count_to_its_holder():
    posts = [{"post_id": "p", "member_id": "m", "unit_id": "V"}, {"post_id": "q", "member_id": "k", "unit_id": "U"}]
    people = [{"member_id": "m", "unit_id": "U", "category": "cadre"}, {"member_id": "k", "unit_id": "U"}]
    text = "categories: {cadre: {}}\npoints:\n  multipliers: [{times: 2, categories: [cadre]}]\n"
    text += "  rules: {help: {points: 3, cap: {year: 10}}}\n"
    events = [("2026-01-01", "help", 1, "p"), ("2026-01-02", "help", 1), ("2026-01-03", "help", 1, "q")]
    ledger, balances = kept(text, events, members=people, posts=posts, units=[{"unit_id": "U"}, {"unit_id": "V"}])
    assert lines(ledger, "m", "asked", "got") == [(6, 6), (6, 4)]  # both against one cap
    assert balance(balances, "k") == 3
    assert balances["ratee_id"].tolist() == ["m", "k", "U", "V"]


def test_a_unit_has_a_ledger_of_its_own():
    text = "categories: {office: {ratee: unit}}\npoints: {base: 5, bases: {office: 50}, rules: {help: {points: 3}}}\n"
    units = [{"unit_id": "U", "category": "office"}, {"unit_id": "V"}]
    ledger, balances = kept(text, [("2026-01-01", "help", 1, "U"), ("2026-01-01", "help", 2)], units=units)
    assert lines(ledger, "U") == [(50, "base"), (3, "")]
    assert [balance(balances, who) for who in "mUV"] == [11, 53, 5]  # a member's points are not his unit's


def test_members_who_are_exempt_from_rating_keep_their_points():
    people = [{"member_id": "m", "unit_id": "U", "exempt": "rating"}]
    assert balance(kept("points: {rules: {help: {points: 3}}}\n", [("2026-01-01", "help", 1)], members=people)[1]) == 3


EVENTS = [("2025-12-31", "help", 100), ("2026-01-01", "help", 1), ("2026-06-30", "help", 2), ("2026-07-01", "help", 4)]
EVENTS += [("2026-12-31", "help", 8), ("2027-01-01", "help", 100)]


def test_a_year_is_kept_up_to_the_last_day_of_the_round():
    text = HALVES + "points: {rules: {help: {points: 1}}}\n"
    found = {name: balance(kept(text, EVENTS, name=name)[1]) for name in ("H1", "H2", "year")}
    assert found == {"H1": 3, "H2": 15, "year": 15}


def test_a_period_of_a_round_begins_with_the_round():
    text = HALVES + "points: {period: round, rules: {help: {points: 1}}}\n"
    found = {name: balance(kept(text, EVENTS, name=name)[1]) for name in ("H1", "H2", "year")}
    assert found == {"H1": 3, "H2": 12, "year": 15}


def test_days_that_a_combined_round_states_hold_before_those_of_its_rounds():
    text = HALVES.replace("year: {", "year: {from: 2026-06-30, to: 2026-07-31, ")
    text += "points: {period: round, rules: {help: {points: 1}}}\n"
    assert balance(kept(text, EVENTS, name="year")[1]) == 6  # 2 + 4


def test_rounds_that_are_open_at_an_end_or_at_both():
    by_round = "points: {period: round, carry: 1, rules: {help: {points: 1}}}\n"
    by_year = by_round.replace("round", "year").replace("carry: 1, ", "")
    first, last = "rounds: {r: {from: 2026-06-30}}\n", "rounds: {r: {to: 2026-06-30}}\n"
    assert balance(kept(by_round, EVENTS)[1]) == balance(kept(by_year, EVENTS)[1]) == 215
    assert balance(kept(first + by_round, EVENTS)[1]) == 114  # 2 + 4 + 8 + 100
    assert balance(kept(last + by_round, EVENTS)[1]) == 103
    assert balance(kept(first + by_year, EVENTS)[1]) == 15  # the whole year of its first day
    assert balance(kept(last + by_year, EVENTS)[1]) == 3


def test_a_study_without_rules_of_points_has_neither_ledger_nor_balances():
    ledger, balances = kept("", [])
    assert [*ledger] == [*LEDGER]
    assert [*balances] == [*BALANCES]
    assert ledger.empty
    assert balances.empty
    assert {name: str(kind) for name, kind in ledger.dtypes.items()} == LEDGER
    assert {name: str(kind) for name, kind in balances.dtypes.items()} == BALANCES


def test_columns_are_those_that_are_promised():
    ledger, balances = kept(YEARS + CARRY, [("2026-05-01", "help", 4)])
    assert {name: str(kind) for name, kind in ledger.dtypes.items()} == LEDGER
    assert {name: str(kind) for name, kind in balances.dtypes.items()} == BALANCES
    assert set(ledger["round"]) == set(balances["round"]) == {"r"}


def test_an_event_of_nobody_is_refused():
    with pytest.raises(UsageError, match="an event is of x, must be of one of the subjects"):
        booked({"rules": {"help": {}}}, [("2026-05-01", "help", 4, "m"), ("2026-05-01", "help", 4, "x")])

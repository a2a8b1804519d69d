"""What events ask and get: every number by hand."""

from fractions import Fraction

import pytest
from small_book import balance, booked, lines


def test_study_of_two_points_a_time_is_worth_no_more_than_its_cap_however_often():
    rules = {"rules": {"study": {"points": 2, "cap": {"year": 12}}, "service": {"points": 4}}}
    times = [(f"2026-{month:02}-05", "study", 1) for month in range(1, 13)] + [("2026-12-06", "study", 1)] * 3
    ledger, balances, exact = booked(rules, [*times, ("2026-03-01", "service", 1), ("2026-09-01", "service", 1)])
    assert len(ledger) == 17
    assert ledger["asked"].sum() == 38  # 15 * 2 + 4 + 4
    assert balance(balances) == 20  # 12 + 4 + 4
    assert exact == {"m": 20}
    study = ledger[ledger["rule"] == "study"]
    assert study["got"].tolist() == [2] * 6 + [0] * 9
    assert study["code"].tolist() == [""] * 6 + ["year"] * 9
    assert study["bound"].tolist()[6:] == [12] * 9
    assert study["bound"].isna().tolist() == [True] * 6 + [False] * 9
    assert ledger["date"].is_monotonic_increasing


# ----------------------------------------------------------------------------------------------------------------- caps

WEEKLY = {"rules": {"visit": {"points": 3, "cap": {"week": 5}}}}
TURN = [(day, "visit", 1) for day in ("2026-12-27", "2026-12-28", "2026-12-31", "2027-01-03", "2027-01-04")]


def test_a_week_runs_from_monday_to_sunday_across_the_end_of_the_year():
    ledger = booked(WEEKLY, TURN).ledger
    # Sunday alone; Monday, Thursday and Sunday share 5; Monday begins anew
    assert lines(ledger) == [(3, ""), (3, ""), (2, "week"), (0, "week"), (3, "")]
    assert lines(ledger, "m", "bound")[2:4] == [(5,), (5,)]


def test_a_week_in_which_the_period_changes_is_one_window_in_either_period():
    assert lines(booked(WEEKLY, TURN, end="2026-12-31").ledger) == [(3, ""), (3, ""), (2, "week")]
    assert lines(booked(WEEKLY, TURN, start="2027-01-01").ledger) == [(3, ""), (3, "")]


def test_first_and_last_day_belong_to_the_period():
    inside = booked(WEEKLY, TURN, start="2026-12-28", end="2027-01-03").ledger
    assert inside["date"].tolist() == ["2026-12-28", "2026-12-31", "2027-01-03"]


def test_months_and_years_are_those_of_the_calendar():
    rules = {"rules": {"visit": {"points": 3, "cap": {"month": 4, "year": 9}}}}
    days = ["2026-10-31", "2026-11-01", "2026-11-30", "2026-12-01", "2026-12-02", "2027-12-01"]
    ledger = booked(rules, [(day, "visit", 1) for day in days]).ledger
    # 3; 3 + 1 of November; December's 3 find 9 - 7 = 2 of the year left, its next 1 none
    assert lines(ledger) == [(3, ""), (3, ""), (1, "month"), (2, "year"), (0, "month"), (3, "")]
    # of the last but one the month took 2, the year 1: the month is named
    assert lines(ledger, "m", "bound")[2:5] == [(4,), (9,), (4,)]


def test_smaller_windows_act_first_and_what_a_month_takes_stays_used_in_the_week():
    rules = {"rules": {"visit": {"points": 4, "cap": {"week": 6, "month": 10}}}}
    days = ["2026-06-01", "2026-06-02", "2026-06-08", "2026-06-30", "2026-07-01", "2026-07-06"]  # 1 June is a Monday
    ledger = booked(rules, [(day, "visit", 1) for day in days]).ledger
    # 4 + 2 + 4 fill June; on 30 June the week lets 4 pass and the month none; the week has 2 left for 1 July
    assert lines(ledger) == [(4, ""), (2, "week"), (4, ""), (0, "month"), (2, "week"), (4, "")]


def test_of_two_windows_that_take_the_same_the_smaller_is_named():
    rules = {"rules": {"visit": {"points": 4, "cap": {"week": 6, "month": 8}}}}
    ledger = booked(rules, [(day, "visit", 1) for day in ("2026-06-01", "2026-06-08", "2026-06-09")]).ledger
    assert lines(ledger, "m", "got", "code", "bound")[2] == (0, "week", 6)  # week: 4 -> 2, month: 2 -> 0


def test_a_cap_on_a_deduction_bounds_what_is_deducted():
    rules = {"base": 60, "rules": {"late": {"points": -2, "cap": {"year": 5}}}}
    ledger, balances, _ = booked(rules, [(f"2026-0{month}-01", "late", 1) for month in (1, 2, 3, 4)])
    assert lines(ledger) == [(60, "base"), (-2, ""), (-2, ""), (-1, "year"), (0, "year")]
    assert balance(balances) == 55


def test_a_cap_of_nought_gives_nothing():
    rules = {"rules": {"visit": {"points": 4, "cap": {"week": 0}}}}
    assert lines(booked(rules, [("2026-06-01", "visit", 1)]).ledger, "m", "asked", "got", "code", "bound") == [
        (4, 0, "week", 0)
    ]


def test_caps_are_of_each_member_and_each_rule_alone():
    rules = {"rules": {"visit": {"points": 4, "cap": {"month": 5}}, "talk": {"points": 4, "cap": {"month": 6}}}}
    both = [("2026-06-01", rule, 1, who) for who in "mk" for rule in ("visit", "talk")] * 2
    ledger, balances, _ = booked(rules, both, subjects=[("m", ""), ("k", "")])
    assert balance(balances, "m") == balance(balances, "k") == 11  # 5 + 6
    assert ledger["ratee_id"].tolist() == ["m"] * 4 + ["k"] * 4
    assert lines(ledger, "k") == [(4, ""), (4, ""), (1, "month"), (2, "month")]


def test_the_last_window_of_one_rule_is_not_the_first_of_the_next():
    rules = {"rules": {name: {"points": 1, "cap": {"week": 3}} for name in ("visit", "talk", "read")}}
    days = [f"2026-06-{day:02}" for day in (1, 8, 15, 22)]
    ledger = booked(rules, [(day, rule, 3) for day in days for rule in rules["rules"]]).ledger
    assert ledger["got"].tolist() == [3] * 12


def test_events_of_one_day_are_served_as_they_stand_and_all_others_by_date():
    rules = {"rules": {"visit": {"points": 1, "cap": {"month": 5}}}}
    events = [("2026-06-02", "visit", 4), ("2026-06-01", "visit", 3), ("2026-06-01", "visit", 1.5)]
    ledger = booked(rules, events).ledger
    assert lines(ledger, "m", "date", "quantity", "got") == [
        ("2026-06-01", 3, 3),
        ("2026-06-01", 1.5, 1.5),
        ("2026-06-02", 4, 0.5),
    ]


DIMENSIONS = {
    "base": 10,
    "dimensions": {"service": {}, "study": {"cap": {"month": 6}}},
    "rules": {
        "read": {"points": 1, "dimension": "study", "cap": {"week": 4}},
        "talk": {"points": 3, "dimension": "study"},
        "absent": {"points": -5, "dimension": "study"},
        "help": {"points": 2, "dimension": "service"},
        "other": {"points": 7},
    },
}


def test_a_cap_of_a_dimension_bounds_what_its_rules_have_left_and_gives_no_deduction_back():
    events = [
        ("2026-06-01", "read", 5),  # the week leaves 4
        ("2026-06-02", "absent", 1),  # frees nothing of the 6
        ("2026-06-03", "talk", 1),  # 6 - 4 = 2 left
        ("2026-06-09", "read", 1),  # none left
        ("2026-06-10", "absent", 1),
        ("2026-06-11", "help", 3),
        ("2026-06-11", "other", 1),
        ("2026-07-01", "talk", 1),  # a new month
    ]
    ledger, balances, _ = booked(DIMENSIONS, events)
    assert lines(ledger, "m", "rule", "dimension", "asked", "got", "code") == [
        ("", "", 10, 10, "base"),
        ("read", "study", 5, 4, "week"),
        ("absent", "study", -5, -5, ""),
        ("talk", "study", 3, 2, "dimension"),
        ("read", "study", 1, 0, "dimension"),
        ("absent", "study", -5, -5, ""),
        ("help", "service", 6, 6, ""),
        ("other", "", 7, 7, ""),
        ("talk", "study", 3, 3, ""),
    ]
    assert ledger["bound"].dropna().tolist() == [4, 6, 6]
    assert balance(balances, dimension="study") == -1  # 4 + 2 + 3 - 10
    assert balance(balances, dimension="service") == 6
    assert balance(balances) == 22  # 10 - 1 + 6 + 7
    assert balances["dimension"].tolist() == ["", "service", "study"]


def test_the_cap_that_took_most_is_named_whether_of_the_rule_or_of_the_dimension():
    rules = {
        "dimensions": {"d": {"cap": {"week": 5, "year": 8}}},
        "rules": {"a": {"points": 1, "dimension": "d", "cap": {"year": 9}}},
    }
    ledger = booked(rules, [("2026-06-01", "a", 6), ("2026-06-08", "a", 6), ("2026-06-15", "a", 1)]).ledger
    # 6 -> 5 by week; 6 -> 3 (year of the rule) -> 3 (week) -> 3; 0 left of the rule's 9
    assert lines(ledger, "m", "got", "code", "bound") == [(5, "dimension", 5), (3, "year", 9), (0, "year", 9)]
    narrow = {**rules, "dimensions": {"d": {"cap": {"week": 5, "year": 6}}}}
    ledger = booked(narrow, [("2026-06-01", "a", 6), ("2026-06-08", "a", 4)]).ledger
    # 4 -> 3 by the rule's year, -> 1 by the dimension's
    assert lines(ledger, "m", "got", "code", "bound") == [(5, "dimension", 5), (1, "dimension", 6)]


def test_a_dimension_that_only_a_rule_names_has_a_balance_and_no_cap():
    balances = booked({"rules": {"a": {"points": 50, "dimension": "d"}}}, [("2026-06-01", "a", 2)]).balances
    assert balance(balances, dimension="d") == balance(balances) == 100


# ----------------------------------------------------------------------------------------------------- what counts more


def test_multipliers_of_category_rule_and_date_multiply_each_other():
    rules = {
        "multipliers": [
            {"times": 1.5, "categories": ["cadre"]},
            {"times": 2, "from": "2026-07-01", "to": "2026-07-31", "rules": ["help"]},
            {"times": "1/3", "rules": ["chat"]},
        ],
        "rules": {"help": {"points": 2}, "chat": {"points": 2}, "late": {"points": -1}},
    }
    events = [
        ("2026-06-30", "help", 1),
        ("2026-07-01", "help", 1),
        ("2026-07-31", "help", 2),
        ("2026-08-01", "help", 1),
        ("2026-08-02", "chat", 1),
        ("2026-08-03", "late", 1),
    ]
    both = [(*event, who) for who in "mk" for event in events]
    ledger, balances, exact = booked(rules, both, subjects=[("m", "cadre"), ("k", "")])
    assert lines(ledger, "m", "times", "got") == [(1.5, 3), (3, 6), (3, 12), (1.5, 3), (0.5, 1), (1.5, -1.5)]
    assert lines(ledger, "k", "times", "got")[:4] == [(1, 2), (2, 4), (2, 8), (1, 2)]
    assert balance(balances) == 23.5
    assert exact["k"] == 15 + Fraction(2, 3)  # 2 + 4 + 8 + 2 + 2/3 - 1


def test_a_cap_is_on_points_after_multiplying():
    rules = {"multipliers": [{"times": 2}], "rules": {"help": {"points": 2, "cap": {"year": 5}}}}
    ledger = booked(rules, [("2026-06-01", "help", 1), ("2026-06-02", "help", 1)]).ledger
    assert lines(ledger, "m", "asked", "got") == [(4, 4), (4, 1)]


def test_an_event_of_a_rule_that_only_another_round_has_stands_in_the_ledger_and_is_worth_nothing():
    rules = {"multipliers": [{"times": 2}], "rules": {"help": {"points": 3, "cap": {"year": 1}}}}
    ledger, balances, _ = booked(rules, [("2026-05-01", "sing", 4), ("2026-05-01", "help", 4)])
    sung, helped = lines(ledger, "m", "rule", "dimension", "quantity", "asked", "got", "code")
    assert sung == ("sing", "", 4, 0, 0, "unknown")
    assert helped == ("help", "", 4, 24, 1, "year")
    assert ledger["bound"].isna().tolist() == [True, False]
    assert balance(balances) == 1


# ---------------------------------------------------------------------------------------------------------- corrections


def test_a_correction_takes_away_what_the_entry_got_and_frees_its_cap():
    rules = {"rules": {"help": {"points": 2, "cap": {"month": 5}}}}
    events = [
        ("2026-06-01", "help", 1),
        ("2026-06-02", "help", 1),
        ("2026-06-03", "help", 1),  # 1 of 2
        ("2026-06-04", "help", 1),  # 0 of 2
        ("2026-06-03", "help", -1),  # takes 1 back, and the 4th gets it
    ]
    ledger, balances, _ = booked(rules, events)
    assert lines(ledger, "m", "date", "asked", "got", "code") == [
        ("2026-06-01", 2, 2, ""),
        ("2026-06-02", 2, 2, ""),
        ("2026-06-03", 2, 1, "month"),
        ("2026-06-03", -2, -1, "month"),
        ("2026-06-04", 2, 1, "month"),
    ]
    assert balance(balances) == 5


def test_a_correction_of_what_the_cap_had_taken_already_takes_nothing():
    rules = {"rules": {"help": {"points": 2, "cap": {"month": 2}}}}
    events = [("2026-06-01", "help", 1), ("2026-06-03", "help", 1), ("2026-06-03", "help", -1)]
    assert lines(booked(rules, events).ledger) == [(2, ""), (0, "month"), (0, "month")]


def test_a_deduction_taken_back_is_no_gain_of_its_dimension():
    events = [("2026-06-01", "talk", 2), ("2026-06-02", "absent", 1), ("2026-06-02", "absent", -1)]
    balances = booked(DIMENSIONS, events).balances
    assert balance(balances, dimension="study") == 6  # the cap holds the talks; -5 and 5 are beside it
    gain = booked(DIMENSIONS, [*events, ("2026-06-01", "talk", -1)]).balances
    assert balance(gain, dimension="study") == 3


# ------------------------------------------------------------------------------------------------------------ exactness


def test_ten_times_a_tenth_is_one():
    rules = {"rules": {"read": {"points": 0.1, "cap": {"year": 12}}}, "ceiling": 12}
    ledger, balances, exact = booked(rules, [("2026-05-01", "read", 1)] * 121)
    assert ledger["code"].tolist() == [""] * 120 + ["year"]
    assert ledger["got"].tolist() == [0.1] * 120 + [0]
    assert balance(balances) == 12
    assert exact["m"] == 12
    thirds = {"multipliers": [{"times": "1/3"}], "rules": {"read": {"points": 1, "cap": {"year": 1}}}}
    ledger = booked(thirds, [("2026-05-01", "read", 1)] * 4).ledger
    assert lines(ledger) == [(1 / 3, "")] * 3 + [(0, "year")]


@pytest.mark.parametrize("quantity", [1e15 + 0.5, 123456789.123456])
def test_numbers_that_no_float_and_no_64_bits_hold_are_added_exactly(quantity):
    rules = {
        "dimensions": {"d": {}},
        "multipliers": [{"times": "1/7"}],
        "rules": {"read": {"points": 1, "cap": {"year": 3e15}, "dimension": "d"}},
    }
    ledger, balances, exact = booked(rules, [("2026-05-01", "read", quantity)] * 3)
    assert exact["m"] == Fraction(str(quantity)) * 3 / 7
    assert balance(balances) == balance(balances, dimension="d") == float(exact["m"])
    assert ledger["got"].tolist() == ledger["asked"].tolist() == [float(Fraction(str(quantity)) / 7)] * 3
    ledger = booked(rules, [("2026-05-01", "read", 2e16), ("2026-05-02", "read", quantity)]).ledger
    assert lines(ledger)[1][0] == float(min(Fraction(str(quantity)) / 7, 3 * 10**15 - Fraction(2 * 10**16, 7)))


def test_an_amount_that_loses_nothing_is_what_was_asked_to_the_last_digit():
    quantities = [0.1, 0.7, 1 / 3, 2.675, 1e-7, 19.99]
    rules = {"multipliers": [{"times": "2/3"}], "rules": {"read": {"points": 0.3, "cap": {"week": 1000}}}}
    ledger = booked(rules, [("2026-05-01", "read", quantity) for quantity in quantities]).ledger
    assert ledger["got"].tolist() == ledger["asked"].tolist()
    assert ledger["asked"].tolist() == [float(Fraction(str(each)) * Fraction(1, 5)) for each in quantities]

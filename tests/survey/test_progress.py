"""A round in the field: who took part, who was hasty, and what is to be expected."""

import datetime as dt

import numpy as np
import pytest
from scipy.stats import binom
from typer.testing import CliRunner

import toolkit as tk
from toolkit.__main__ import app
from toolkit.survey.progress import by_day, forecast, forecasts, hasty, last_day, participation, returns

TURNOUT = """round,unit_id,source,eligible,issued,returned,valid,ratee_id
2026H1,B1,peer,10,10,4,3,
2026H1,B2,peer,8,8,0,0,
2026H1,B1,superior,1,1,1,1,
2026H1,B1,peer,9,9,4,4,M1
"""
SUBMISSIONS = "round,source,unit_id,submitted,seconds\n" + "".join(
    f"2026H1,peer,{unit},2026-06-{day:02},{seconds}\n"
    for unit, day, seconds in [
        ("B1", 1, 100), ("B1", 1, 110), ("B1", 3, 49), ("B1", 3, 50), ("B2", 3, 90), ("B2", 4, 100), ("B2", 4, 120),
        ("B2", 4, 100), ("B1", 5, 100), ("B1", 5, ""), ("B1", 6, 130),
    ]
)  # fmt: skip


@pytest.fixture
def study(make_study):
    return tk.read_study(make_study(turnout=TURNOUT, submissions=SUBMISSIONS))


def test_participation_by_source_and_unit_and_what_nobody_knows(study):
    rows = participation(study, "2026H1").set_index(["source", "unit_id"])
    assert rows["state"].to_dict() == {
        ("superior", "B1"): "all", ("superior", "B2"): "unknown", ("peer", "B1"): "part", ("peer", "B2"): "none",
    }  # fmt: skip
    assert rows.loc[("peer", "B1"), "missing"] == 6
    assert np.isnan(rows.loc[("superior", "B2"), "missing"])
    with pytest.raises(tk.StudyError.__mro__[1], match="a plain round: one of 2026H1"):
        participation(study, "2027")


def test_returns_up_to_a_day_and_a_day_without_any(study):
    rows = returns(study, "2026H1", dt.date(2026, 6, 4))
    assert len(rows) == 8
    assert by_day(rows).to_numpy().tolist() == [
        ["peer", "2026-06-01", 2, 2], ["peer", "2026-06-02", 0, 2], ["peer", "2026-06-03", 3, 5],
        ["peer", "2026-06-04", 3, 8],
    ]  # fmt: skip
    assert by_day(rows.iloc[:0]).empty


def test_hasty_is_less_than_half_of_the_median(study):
    """By hand: ten times with the median 100; 49 is hasty, 50 is not; the eleventh has no time."""
    found = hasty(returns(study, "2026H1", None)).set_index("unit_id")
    assert found["hasty"].to_dict() == {"B1": 1, "B2": 0}
    assert found["timed"].to_dict() == {"B1": 6, "B2": 4}
    assert (found["usual"] == 100).all()
    assert hasty(returns(study, "2026H1", dt.date(2026, 6, 5))).empty  # nine times are too few


def test_a_forecast_worked_by_hand():
    """Of 100, 50 have answered, 10 in the last 5 days: 50 waited 5 days each, 10 waited 3 on average, 280 days in all.

    A day brings 10.5 of 281 (Jeffreys), so that of 50 in 10 days 1 - (1 - .0374)^10 = 31.7% are expected: 65.8 in all.
    """
    found = forecast(100, 50, 10, 5, 10)
    assert found.expected == pytest.approx(50 + 50 * (1 - (1 - 10.5 / 281) ** 10), abs=0.3)
    assert found.low < 60 < found.expected < 72 < found.high


def test_with_a_certain_probability_the_interval_is_the_binomial_one():
    n, chance = 1000, 0.02
    days = 10**7
    found = forecast(n, 0, int(days * n * chance), days, 5)
    come = 1 - (1 - found_chance(n, int(days * n * chance), days)) ** 5
    assert (found.low, found.high) == (binom.ppf(0.025, n, come), binom.ppf(0.975, n, come))


def found_chance(left, recent, days):
    return recent / (days * left + recent * (days + 1) / 2)


def test_the_interval_covers_what_then_comes():
    """Made-up rounds in which everybody answers on any day with the same probability: 95% lie within."""
    rng = np.random.default_rng(3)
    inside = 0
    for _ in range(200):
        days = rng.geometric(0.04, 150)  # the day on which each answers
        now, ahead = 10, 12
        returned, recent = int((days <= now).sum()), int(((days <= now) & (days > now - 7)).sum())
        found = forecast(150, returned, recent, 7, ahead)
        inside += found.low <= (days <= now + ahead).sum() <= found.high
    assert 0.9 <= inside / 200 <= 0.995


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((10, 4, 2, 0, 5), None), ((10, 12, 2, 3, 5), None), ((10, 4, 2, 3, 0), (4, 4, 4)),
        ((4, 4, 2, 3, 9), (4, 4, 4)),
    ],
)  # fmt: skip
def test_ends_of_the_forecast(given, expected):
    assert forecast(*given) == expected


def test_forecasts_of_a_study_and_of_one_without_days(study, make_study):
    (row,) = forecasts(study, "2026H1", dt.date(2026, 6, 6)).to_dict("records")
    told = {name: row[name] for name in ("source", "eligible", "returned", "recent", "days", "days_left")}
    assert told == {"source": "peer", "eligible": 18, "returned": 11, "recent": 11, "days": 6, "days_left": 24}
    assert 11 <= row["low"] <= row["expected"] <= row["high"] <= 18
    bare = tk.read_study(make_study(turnout=TURNOUT))
    assert forecasts(bare, "2026H1", dt.date(2026, 6, 6)).empty
    assert last_day(bare, "2026H1") == dt.date(2026, 6, 30)


def test_by_the_command_line(make_study):
    folder = make_study(turnout=TURNOUT, submissions=SUBMISSIONS)
    shown = CliRunner().invoke(app, ["progress", str(folder)])
    assert shown.exit_code == 0, shown.output
    assert "截至 2026-06-06。评价截止日为 2026-06-30，还剩 24 天。" in shown.stdout
    assert "尚无交回" in shown.stdout
    bare = CliRunner().invoke(app, ["progress", str(make_study(turnout=TURNOUT))])
    assert "无法预测" in bare.stdout
    for wrong in (["--as-of", "soon"], ["--round", "none"]):
        refused = CliRunner().invoke(app, ["progress", str(folder), *wrong])
        assert refused.exit_code == 1
        assert "must be" in refused.stderr


BY_RATEE = "round,unit_id,source,eligible,issued,returned,valid,ratee_id\n2026H1,B1,peer,9,9,4,4,M1\n"


@pytest.mark.parametrize(
    ("turnout", "says", "of_unit"),
    [
        (
            BY_RATEE,
            "参评人数仅按被评对象逐一统计，无法显示各来源、各单位参评情况。",
            "参评人数仅按被评对象逐一统计，未作单位汇总。",
        ),
        (None, "未提供本轮参评人数统计。", "未提供本单位参评人数统计。"),
    ],
)
def test_turnout_of_single_ratees_is_not_called_none(make_study, turnout, says, of_unit):
    folder = make_study(turnout=turnout)
    shown = CliRunner().invoke(app, ["progress", str(folder)]).stdout
    assert shown.split("\n\n")[3] == says
    assert "参评率" not in shown
    assert tk.prose.participation(tk.open_slice(folder, "B1")).markdown == of_unit


def test_turnout_of_single_ratees_beside_that_of_units_is_said_to_be_left_out(study, make_study):
    alone = tk.read_study(make_study(turnout=TURNOUT.replace("2026H1,B1,peer,9,9,4,4,M1\n", "")))
    notes = [tk.fieldwork.sources(tk.open_fieldwork(found)).note for found in (study, alone)]
    assert notes == [
        "以参评情况表的现有数字为准，不随截止日期变化。按被评对象逐一统计的参评人数未计入。",
        "以参评情况表的现有数字为准，不随截止日期变化。",
    ]


def test_figure_and_tables_in_english(study, plain_scheme, make_study):
    scheme = plain_scheme.replace("rounds:", "language: en\nrounds:", 1)
    field = tk.open_fieldwork(make_study(scheme=scheme, turnout=TURNOUT, submissions=SUBMISSIONS))
    assert tk.fieldwork.course(field).alt == "Handed in so far, in percent of the eligible: peer 61.1%"
    assert tk.fieldwork.units(field).rows == (("第一支部", "100.0%", "30.0%"), ("第二支部", "—", "0.0%"))
    assert tk.fieldwork.sources(field).rows[1] == ("peer", "18", "18", "4", "3", "14", "16.7%")
    assert ("第二支部", "peer", "nothing handed in", "8") in tk.fieldwork.missing(field).rows
    assert tk.fieldwork.speeders(field).rows == (("peer", "10", "100", "1", "10.0%"),)
    first = tk.open_fieldwork(study, as_of="2026-06-01")
    assert tk.fieldwork.course(first) is None
    assert tk.fieldwork.speeders(first) is None

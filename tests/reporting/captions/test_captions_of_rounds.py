"""Captions on rounds and on changes; numbers by hand."""

import pandas as pd
import pytest

from toolkit.reporting.captions import rounds

NAN = float("nan")
UNKNOWN = {"low": None, "high": None}


def compared(*rows):
    """Indicator, own score, mean of the branch."""
    frame = pd.DataFrame(rows, columns=["indicator", "score", "unit"])
    return frame.assign(label=frame["indicator"], leaf=frame["indicator"] != "")


def test_own_scores_beside_the_means_of_the_branch():
    rows = compared(("", 84.0, 80.0), ("德", 90.0, 85.0), ("能", 70.0, 76.3), ("绩", 80.0, 80.04), ("廉", 99.0, NAN))
    assert rounds.outline(rows, {"low": 80.0, "high": 88.0}, "en") == (
        "Above the mean of the branch on 1 of 3 indicators. Furthest below it: 能, by 6.3 points."
        " Over all indicators the mean, 80.0, lies within your interval (80–88): no difference is shown."
    )
    found = rounds.outline(rows, {"low": 80.1, "high": 88.0}, "zh")
    assert found.endswith("就全部指标而言，支部平均 80.0 分落在您的区间（80.1–88.0）之外。")
    assert "interval" not in rounds.outline(rows, UNKNOWN, "en")
    assert rounds.outline(rows.assign(unit=NAN), UNKNOWN, "en") == ""
    assert rounds.outline(rows.iloc[1:2], UNKNOWN, "en") == "Above the mean of the branch on 1 of 1 indicators."


def history(*rows):
    return pd.DataFrame(rows, columns=["round", "score", "low", "high"])


ONE, TWO, THREE = ("1", 80.0, 78.0, 82.0), ("2", 84.0, 82.0, 86.0), ("3", 90.0, 88.0, 92.0)


def test_the_last_round_is_held_beside_the_one_before():
    assert rounds.latest(history(ONE, TWO), "en") == (
        "From 1 to 2 the score went from 80.0 to 84.0. The two intervals overlap, so that no difference is shown."
    )
    assert rounds.latest(history(ONE, ("gone", NAN, NAN, NAN), THREE), "zh") == (
        "从 1 到 3，得分由 80.0 变为 90.0。两个区间不重叠。"
    )
    assert rounds.latest(history(("1", 80.0, NAN, NAN), TWO), "en").endswith(
        "Without intervals no difference is shown."
    )
    assert rounds.latest(history(ONE), "en") == rounds.latest(history(ONE).iloc[:0], "en") == ""


@pytest.mark.parametrize(
    ("trend", "told"),
    [
        ({"way": "up", "low": 1.0}, " Over all rounds it is shown to rise."),
        ({"way": "down", "low": -3.0}, " Over all rounds it is shown to fall."),
        ({"way": "steady", "low": -1.0}, " Neither a rise nor a fall is shown."),
        ({"way": "up", "low": None}, " Neither a rise nor a fall is shown."),
        (None, ""),
    ],
)
def test_a_path_is_only_called_a_rise_where_that_is_shown(trend, told):
    found = rounds.path(history(ONE, TWO, THREE, ("4", 80.0, 78.0, 82.0)), trend, "en")
    assert found == "Highest in 3 with 90.0, lowest in 1, 4 with 80.0." + told


def test_a_level_path():
    assert rounds.path(history(ONE, ("2", 80.04, 1.0, 99.0)), None, "en") == "The score is 80.0 in every round."


def changes(*rows):
    return pd.DataFrame(rows, columns=["name", "change"])


def test_members_up_and_down():
    rows = changes(("A", 3.0), ("B", -3.0), ("C", 0.04), ("Hidden", NAN))
    assert rounds.members(rows, "en") == (
        "Of 3 members with both scores 1 have a higher one than before and 1 a lower one. Furthest: A, B, ±3.0."
        " Without intervals no difference is shown."
    )
    assert rounds.members(changes(("A", 3.0), ("B", 2.0)), "zh") == (
        "两轮均有得分的 2 人中，高于上一轮的有 2 人，低于的有 0 人。变化最大的是A（+3.0）。缺少区间，不能认定有差异。"
    )
    assert rounds.members(changes(("A", 0.0)), "en").endswith("0 have a higher one than before and 0 a lower one.")
    assert rounds.members(changes(("A", NAN)), "en") == ""


def parts(*rows):
    return pd.DataFrame(rows, columns=["label", "ratings", "weights"])


def test_the_part_that_moved_the_mean_most_is_one_that_is_shown():
    rows = parts(("Peers", 1.0, 1.0), ("Public", -3.0, 0.5), ("Other sources", NAN, NAN))
    assert rounds.bridge(rows, "en") == "The largest part that is shown: Public, -2.5."
    assert (
        rounds.bridge(parts(("A", 1.0, 0.0), ("B", -1.0, 0.0)), "en") == "The largest part that is shown: A, B, ±1.0."
    )
    assert rounds.bridge(parts(("A", 0.0, 0.0)), "en") == "No part that is shown moved it."
    assert rounds.bridge(rows.iloc[2:], "en") == ""


def test_how_many_have_mended():
    rows = pd.DataFrame([("a", 2.0, 2.0), ("b", 4.0, 3.0)], columns=["round", "called", "converted"])
    assert rounds.converted(rows, "en") == "In b 3 of 4 have mended (75.0%)."
    assert rounds.converted(rows, "zh") == "b 应整改的 4 人中，已转化 3 人（75.0%）。"

"""Captions on scores say what their numbers say, and nothing of what is missing; numbers by hand."""

import math
import re

import numpy as np
import pandas as pd
import pytest

from toolkit.reporting.captions import rules, scores

NAN = float("nan")


def people(*rows):
    """Members or units: name, score, low, high."""
    frame = pd.DataFrame(rows, columns=["name", "score", "low", "high"])
    return frame.assign(rank=frame["score"].rank(ascending=False, method="min"), depth=0)


def indicators(*rows, sources=("A", "B")):
    """A matrix: indicator, score of all sources, and of each source."""
    frame = pd.DataFrame(rows, columns=["indicator", "score", *sources])
    matrix = frame[["indicator", "score"]].assign(
        label=frame["indicator"], depth=(frame["indicator"] != "").astype(int), leaf=frame["indicator"] != ""
    )
    return matrix, frame[list(sources)].astype(float)


LABELS = {"A": "Peers", "B": "Public", "C": "Superiors"}

# What all share -------------------------------------------------------------------------------------------------------


def test_a_title_stands_before_its_finding():
    assert rules.titled("Units", "B is first.", "en") == "Units. B is first."
    assert rules.titled("单位", "乙居首。", "zh") == "单位：乙居首。"
    assert rules.titled("Units", "", "en") == "Units"


def test_a_figure_is_spoken_as_its_caption_and_its_values():
    assert rules.spoken("Units. B is first.", ["B 2", "A 1"]) == "Units. B is first. B 2, A 1"
    assert rules.spoken("Units", ["B 2"]) == "Units: B 2"


def test_of_many_who_share_a_place_three_are_named():
    assert rules.named(["a", "b", "c"], "en") == "a, b, c"
    assert rules.named(["a", "b", "c", "d", "e"], "en") == "a, b, c (5 in all)"
    assert rules.named(["甲", "乙", "丙", "丁"], "zh") == "甲、乙、丙等 4 个"


@pytest.mark.parametrize(
    ("values", "high", "low"),
    [
        ([3.0, 1.0, 2.0], [0], [1]),
        ([2.0, 1.0, 2.0, 1.0], [0, 2], [1, 3]),
        ([0.1 + 0.2, 0.3], [0, 1], [0, 1]),  # they differ in the last digit alone
        ([NAN, 1.0], [1], [1]),
        ([NAN], [], []),
        ([], [], []),
    ],
)
def test_ties_share_the_highest_and_the_lowest(values, high, low):
    assert rules.highest(values) == high
    assert rules.lowest(values) == low


def test_intervals_that_touch_overlap():
    low, high = [88.0, 80.0, 70.0, NAN], [94.0, 88.0, 87.9, NAN]
    assert rules.overlaps(low, high, [0]) == (1, 2)
    assert rules.overlaps(low, high, [0, 1]) == (1, 1)  # of those who tie the lower end counts
    assert rules.overlaps(low, high, [3]) is None
    assert rules.overlaps([1.0], [2.0], [0]) is None


# Participation --------------------------------------------------------------------------------------------------------


def turned_out(*rows):
    return pd.DataFrame(rows, columns=["label", "eligible", "valid"])


def test_participation_is_compared_as_exact_shares():
    rows = turned_out(("Peers", 3.0, 1.0), ("Public", 6.0, 2.0), ("Superiors", 4.0, 4.0))
    assert scores.turnout(rows, "en") == "It is lowest for Peers, Public (33.3%) and highest for Superiors (100.0%)."
    assert scores.turnout(rows, "zh") == "最低的是Peers、Public（33.3%），最高的是Superiors（100.0%）。"
    assert scores.turnout(rows.iloc[:2], "en") == "Of those who could vote 33.3% did."
    assert scores.turnout(turned_out(("Peers", 3.0, NAN), ("Public", 0.0, 0.0)), "en") == ""


# Who comes first ------------------------------------------------------------------------------------------------------


def test_the_first_is_told_from_those_whose_intervals_lie_below():
    rows = people(("A", 90.0, 88.0, 92.0), ("B", 87.0, 85.0, 89.0), ("C", 70.0, 68.0, 72.0))
    found = "A comes first with 90.0. Intervals that overlap with it, so that no difference is shown: 1 of 2."
    assert scores.league(rows, "en") == found
    assert scores.units(rows, "en") == found
    assert scores.league(rows, "zh") == "A以 90.0 分居首。其余 2 个区间中有 1 个与之重叠，不能认定有差异。"
    apart = scores.league(rows.drop(index=1), "en")
    assert apart == "A comes first with 90.0. No other interval overlaps with it."


def test_a_shared_first_place_is_shared():
    rows = people(("A", 90.0, 88.0, 92.0), ("B", 90.0, 80.0, 99.0), ("C", 70.0, 68.0, 81.0))
    found = scores.league(rows, "en")
    assert found.startswith("A, B share the first place with 90.0.")
    assert found.endswith("1 of 1.")  # C reaches B's interval
    assert scores.league(rows.iloc[:2], "en") == "All 2 share the first place with 90.0."
    assert scores.league(rows.iloc[:2], "zh") == "全部 2 个得分均为 90.0 分，并列第一。"


def test_scores_printed_alike_keep_the_places_that_the_table_gives_them():
    rows = people(("A", 90.0, 88.0, 92.0), ("B", 90.0, 88.0, 92.0)).assign(rank=[1.0, 2.0])
    assert scores.league(rows, "en").startswith("A comes first with 90.0.")


def test_one_row_and_none():
    rows = people(("A", 90.0, 88.0, 92.0))
    assert scores.league(rows, "en") == "A has 90.0."
    assert scores.league(rows.iloc[:0], "en") == scores.units(rows.iloc[:0], "en") == ""


def test_without_intervals_nobody_is_told_apart():
    rows = people(("A", 90.0, NAN, NAN), ("B", 87.0, NAN, NAN))
    assert scores.league(rows, "en") == "A comes first with 90.0. Without intervals no difference is shown."


def test_who_has_no_score_or_no_place_is_not_mentioned():
    rows = people(
        ("A", 90.0, 88.0, 92.0), ("Hidden", NAN, NAN, NAN), ("Exempt", 95.0, 94.0, 96.0), ("B", 80.0, 79.0, 81.0)
    )
    rows.loc[2, "rank"] = NAN
    found = scores.league(rows, "en")
    assert found == "A comes first with 90.0. No other interval overlaps with it."


def test_units_above_others_are_not_compared_with_them():
    rows = people(("All", 99.0, 98.0, 100.0), ("A", 80.0, 79.0, 81.0), ("B", 90.0, 89.0, 91.0), ("C", NAN, NAN, NAN))
    rows["depth"] = [0, 1, 1, 1]
    assert scores.units(rows, "en") == "B comes first with 90.0. No other interval overlaps with it."


# Cut-offs -------------------------------------------------------------------------------------------------------------


def test_intervals_that_include_a_cut_are_counted():
    rows = people(("A", 90.0, 85.0, 95.0), ("B", 84.0, 80.0, 90.0), ("C", 70.0, 65.0, 92.0), ("D", NAN, NAN, NAN))
    cuts = [("Good", 90.0), ("Fair", 65.0), ("Poor", 0.0)]
    assert scores.cutoffs(rows, cuts, "en") == (
        "The interval includes the cut-off of a grade for 3 of 3 members (Good 3, Fair 1):"
        " other raters could have moved them across it."
    )
    assert "3 名党员中有 3 名的区间包含等次分数线（Good 3、Fair 1）" in scores.cutoffs(rows, cuts, "zh")
    assert scores.cutoffs(rows, [("Good", 96.0)], "en") == "No interval includes the cut-off of a grade."
    assert scores.cutoffs(rows, [], "en") == "Scores run from 70.0 to 90.0."
    assert scores.cutoffs(rows.assign(low=NAN, high=NAN), cuts, "en") == "Scores run from 70.0 to 90.0."
    assert scores.cutoffs(rows.iloc[3:], cuts, "en") == ""


def test_two_grades_with_one_label_are_counted_apart():
    rows = people(("A", 90.0, 60.0, 95.0))
    assert "(Same 1, Same 1)" in scores.cutoffs(rows, [("Same", 90.0), ("Same", 65.0)], "en")


# A unit among others --------------------------------------------------------------------------------------------------


def among(own, *others):
    rows = [(own, True, 1)] * (own is not None) + [(score, False, n) for score, n in others]
    return pd.DataFrame(rows, columns=["score", "own", "count"])


def test_units_within_the_interval_are_neither_above_nor_below():
    units = among(80.0, (90.0, 2), (82.0, 1), (81.9, 1), (78.0, 3), (77.9, 1))
    assert scores.distribution(units, (78.0, 82.0), "en") == (
        "By its 95% interval (78–82) it stands above 1 and below 2 of the 8 others."
        " Others within the interval, from which no difference is shown: 5."
    )
    assert scores.distribution(units, (78.0, 82.0), "zh") == (
        "按 95% 区间（78–82）判断，在其他 8 个单位中高于 1 个、低于 2 个。另有 5 个落在区间内，不能认定有差异。"
    )


def test_without_an_interval_means_are_compared_and_no_difference_is_claimed():
    found = scores.distribution(among(80.0, (90.0, 1), (80.0, 1), (70.0, 1)), (None, None), "en")
    assert found == (
        "By the means it stands above 1 and below 1 of the 3 others. Others with the same mean: 1."
        " Without intervals no difference is shown."
    )


def test_of_all_units_the_middle_is_told():
    found = scores.distribution(among(None, (90.0, 1), (80.0, 1), (70.0, 2)), (80.0, 81.0), "en")
    assert found == "The means run from 70.0 to 90.0; the median is 75.0."


# Indicators and sources -----------------------------------------------------------------------------------------------


def test_the_widest_gap_is_that_of_the_numbers_that_are_shown():
    matrix, by_source = indicators(("", 85, 90, 60), ("德", 84, 90.3, 84), ("能", 88, 88, 87))
    assert scores.gaps(matrix, by_source, LABELS, "en") == (
        "Public is 6.3 points below Peers on 德, the widest gap between two sources."
    )
    assert scores.gaps(matrix, by_source, LABELS, "zh") == "在“德”上，Public比Peers低 6.3 分，为来源之间的最大差距。"


def test_a_gap_on_several_indicators_is_told_of_all():
    matrix, by_source = indicators(("德", 84, 90, 84), ("能", 88, 82, 88), ("绩", 80, 80, 81))
    found = scores.gaps(matrix, by_source, LABELS, "en")
    assert found == "The widest gap between two sources is 6.0 points, on 德, 能."
    same = scores.gaps(*indicators(("德", 84, 84, 84)), LABELS, "en")
    assert same == "On no indicator is there a gap between the sources."


def test_a_source_that_is_not_shown_on_an_indicator_is_not_compared_there():
    matrix, by_source = indicators(("德", 84, 90, NAN), ("能", 88, 88, 87))
    assert "on 能" in scores.gaps(matrix, by_source, LABELS, "en")
    alone = scores.gaps(matrix, by_source[["A"]], LABELS, "en")
    assert alone == "Highest: 能, 88.0; lowest: 德, 84.0."
    assert scores.order(matrix, by_source[["A"]], LABELS, "en") == alone


def test_the_only_source_stands_for_all_where_these_are_hidden():
    matrix, by_source = indicators(("德", NAN, 90), ("能", NAN, 88), sources=("A",))
    assert scores.peaks(matrix, by_source, "en") == "Highest: 德, 90.0; lowest: 能, 88.0."


def test_which_source_is_lowest_and_highest_on_most_indicators():
    matrix, by_source = indicators(("德", 1, 90, 80, 85), ("能", 1, 70, 80, 90), ("绩", 1, 90, 80, NAN), sources="ABC")
    assert scores.order(matrix, by_source, LABELS, "en") == (
        "Most often lowest: Public, on 2 of 3 indicators. Most often highest: Peers, on 2 of 3 indicators."
    )
    level = scores.order(*indicators(("德", 1, 80, 80)), LABELS, "en")
    assert level == "On no indicator is there a gap between the sources."


def test_the_extreme_cells_are_named_by_source_and_indicator():
    matrix, by_source = indicators(("", 85, 99, 10), ("德", 84, 90, 84), ("能", 88, 88, 90))
    assert scores.cells(matrix, by_source, LABELS, "en") == (
        "Highest: Peers on 德, Public on 能, 90.0; lowest: Public on 德, 84.0."
    )
    assert scores.cells(matrix, by_source, LABELS, "zh").startswith("最高为德（Peers）、能（Public），90.0 分；")
    assert scores.cells(matrix, by_source * NAN, LABELS, "en") == ""


def test_extremes_are_those_of_the_leaves():
    matrix, _ = indicators(("", 85, 1, 1), ("德", 84, 1, 1), ("能", 90, 1, 1), ("绩", 84, 1, 1), ("廉", NAN, 1, 1))
    assert scores.extremes(matrix, "en") == "Highest: 能, 90.0; lowest: 德, 绩, 84.0."
    assert scores.extremes(matrix.assign(score=80.0), "en") == "All stand at 80.0."
    assert scores.extremes(matrix.iloc[:1], "en") == "All indicators has 85.0."
    assert scores.extremes(matrix.assign(score=NAN), "en") == ""


def test_a_view_of_oneself_is_furthest_where_the_gap_is_widest():
    rows = pd.DataFrame({"label": ["", "德", "能"], "gap": [9.0, -2.0, 1.5]})
    assert scores.selves(rows, "en") == ("They see themselves 2.0 points lower than others do on 德, the widest gap.")
    assert (
        scores.selves(rows.assign(gap=[0.0, 2.0, 2.0]), "zh") == "党员在“德、能”上的自评比他人评价高 2.0 分，差距最大。"
    )
    assert scores.selves(rows.assign(gap=[0.0, 2.0, -2.0]), "en") == "The widest gap is 2.0 points, on 德, 能."
    assert scores.selves(rows.assign(gap=0.0), "en") == "They see themselves as others do."
    assert scores.selves(rows.iloc[:1], "en").endswith(
        "9.0 points higher than others do on All indicators, the widest gap."
    )
    assert scores.furthest(["德"], [3.0], "zh", you=True) == "您在“德”上的自评比他人评价高 3.0 分，差距最大。"
    assert scores.furthest(["德"], [NAN], "en", you=True) == ""
    assert scores.sides(rows, "en") == (
        "Indicators on which they see themselves higher than others do: 1 of 2; lower: 1."
    )


# Counts and weights ---------------------------------------------------------------------------------------------------


def test_the_most_frequent_grade_and_a_tie():
    assert scores.shares([("Good", 3), ("Fair", 1)], "en") == "Most frequent: Good, 3 of 4 members."
    assert scores.shares([("Same", 2), ("Same", 2), ("Poor", 0)], "en") == (
        "Most frequent: Same, Same, each with 2 of 4 members."
    )
    assert scores.shares([("Good", 0)], "en") == scores.shares([], "en") == ""


def weighed(*rows):
    return [{"weights": row} for row in rows]


def test_what_weighs_most():
    labels = {"a": "A", "b": "B"}
    one = weighed({"a": 30.0, "b": 70.0})
    assert scores.weights(one, labels, ".4g", "en") == "The greatest weight is that of B, 70%."
    both = weighed({"a": 30.0, "b": 70.0}, {"a": 40.0, "b": 60.0})
    assert scores.weights(both, labels, ".4g", "en") == (
        "The greatest weight in every row is that of B, from 60% to 70%."
    )
    crossed = weighed({"a": 30.0, "b": 70.0}, {"a": 60.0, "b": 35.0})
    assert scores.weights(crossed, labels, ".1f", "en") == (
        "What differs most between the rows is the weight of B, from 35.0% to 70.0%."
    )
    tied = weighed({"a": 50.0, "b": 50.0}, {"a": 50.0, "b": 50.0})
    assert scores.weights(tied, labels, ".4g", "zh") == "各项权重相等。"
    gone = weighed({"a": 100.0}, {"b": 100.0})
    assert scores.weights(gone, labels, ".4g", "en") == "The greatest weight is that of A, B, 100%."
    assert scores.weights([], labels, ".4g", "en") == ""


def test_states_are_counted_in_their_order():
    assert scores.states(["due", "", "done", "due"], "en") == "By state: due 2, done 1."
    assert scores.states([""], "en") == ""


# Nothing but what is shown --------------------------------------------------------------------------------------------

DECIMAL = re.compile(r"\d+\.\d")


@pytest.mark.parametrize("seed", range(20))
def test_every_number_of_a_caption_stands_in_its_table_or_is_a_difference_of_two(seed):
    draw = np.random.default_rng(seed)
    names, sources = [f"i{n}" for n in range(5)], list("ABC")
    cells = draw.uniform(60, 100, (5, 3)).round(1)
    cells[draw.uniform(size=(5, 3)) < 0.3] = NAN
    matrix, by_source = indicators(
        *[(name, 80.0, *row) for name, row in zip(names, cells, strict=True)], sources=sources
    )
    shown = {value for value in cells.ravel() if not math.isnan(value)} | {80.0}
    allowed = {f"{value:.1f}" for value in shown} | {f"{one - other:.1f}" for one in shown for other in shown}
    for name in ("gaps", "order", "cells"):
        told = getattr(scores, name)(matrix, by_source, LABELS, "en")
        assert set(DECIMAL.findall(told)) <= allowed
        gone = {LABELS[source] for source in sources if by_source[source].isna().all()}
        assert not [label for label in gone if label in told]

"""Captions on what became of scores; numbers by hand."""

import pandas as pd
import pytest

from toolkit.reporting.captions import results

NAN = float("nan")


def held(stars, before=None, index=None, points=None):
    n = len(stars)
    return pd.DataFrame(
        {
            "stars": stars,
            "stars_before": before or [NAN] * n,
            "index": index or [NAN] * n,
            "points": points or [NAN] * n,
        },
        dtype=float,
    )


def test_stars_that_rose_and_fell():
    rows = held([5, 3, 3, NAN, 4], [4, 3, 5, 4, NAN])
    assert results.standing(rows, "en") == "More stars than in the round before: 1 of 3 members; fewer: 1."
    assert results.standing(rows, "zh") == "与上一轮相比，3 人中星级上升 1 人，下降 1 人。"


def test_stars_of_a_first_round_are_counted():
    assert results.standing(held([5, 3, 3, NAN]), "en") == "Proposed most often: 3 ★, for 2 of 3 members."
    assert results.most_stars(held([3, 5]), "en") == "Proposed most often: 5 ★, 3 ★, each for 1 of 2 members."
    assert results.most_stars(held([NAN]), "en") == ""


def test_without_stars_the_index_or_the_points_range():
    rows = held([NAN, NAN, NAN], index=[90.14, NAN, 70.0], points=[3, 1.5, NAN])
    assert results.standing(rows, "en") == "The index runs from 70.0 to 90.1."
    assert results.standing(rows.assign(index=NAN), "en") == "Points run from 1.5 to 3."
    assert results.standing(rows.assign(index=NAN, points=NAN), "en") == ""


def components(*rows):
    return pd.DataFrame(rows, columns=["label", "value", "adds"])


def test_what_adds_most_to_an_index():
    rows = components(("Score", 90.0, 54.0), ("Study", 80.0, 54.04), ("Gone", NAN, NAN))
    assert results.index(rows, "en") == "Most is added by Score, Study: 54.0."
    assert results.index(rows.assign(adds=None), "en") == "Lowest: Study with 80.0."
    assert results.index(rows.iloc[2:], "en") == ""


def asked(*rows):
    return pd.DataFrame(rows, columns=["topic", "panel", "dissatisfied", "low", "high"])


ALL = ("", "", 30.0, 22.0, 39.6)


def test_the_least_satisfied_panel_and_whether_it_differs():
    rows = asked(ALL, ("", "Public", 35.0, 30.0, 40.0), ("", "Peers", 20.0, 10.0, 30.0), ("", "Clients", 5.0, 1.0, 9.0))
    assert results.satisfaction(rows, "en") == (
        "The largest share of dissatisfied answers: Public, 35.0%."
        " Intervals that overlap with it, so that no difference is shown: 1 of 2."
    )
    apart = asked(ALL, ("", "Public", 35.0, 30.1, 40.0), ("", "Peers", 20.0, 10.0, 30.0))
    assert results.satisfaction(apart, "zh") == "不满意比例最高的是Public，为 35.0%。其余区间均不与之重叠。"


def test_a_hidden_panel_is_not_mentioned():
    rows = asked(ALL, ("", "Public", 35.0, 30.1, 40.0), ("", "Hidden", NAN, NAN, NAN))
    assert results.satisfaction(rows, "en") == "30.0% of the answers are dissatisfied (95% interval 22.0–39.6%)."
    assert results.satisfaction(asked(("", "", 30.0, NAN, NAN)), "en") == "30.0% of the answers are dissatisfied."
    assert results.satisfaction(asked(("", "", NAN, NAN, NAN)), "en") == ""


def test_topics_are_compared_where_there_is_one_panel():
    rows = asked(
        ALL, ("Work", "", 35.0, 30.1, 40.0), ("Life", "", 35.04, 10.0, 50.0), ("Work", "Public", 90.0, 80.0, 99.0)
    )
    found = results.satisfaction(rows, "en")
    assert found.startswith("The largest share of dissatisfied answers: Work, Life, 35.0%.")


def aimed(*rows):
    return pd.DataFrame(rows, columns=["name", "what", "met", "attainment"])


def test_targets_that_are_met_and_missed():
    rows = aimed(("m", "Points", True, 101.0), ("m", "Index", False, 80.0), ("m", "Stars", False, NAN))
    assert results.targets(rows, "en") == "Met: 1 of 3. Furthest off: Index, with 80.0% of the target."
    assert results.targets(rows.iloc[:1], "zh") == "1 项目标中已达到 1 项。"


def test_the_target_that_is_met_least_is_found_by_exact_shares():
    rows = aimed(*[("m", "Points", met, NAN) for met in (True, False, False)])
    rows = pd.concat(
        [rows, aimed(*[("m", "Index", place < 2, NAN) for place in range(6)]), aimed(("m", "Stars", True, NAN))]
    )
    assert results.target_counts(rows, "en") == "Met least often: Points, Index, by 33.3% of those who have the target."
    assert results.target_counts(rows.iloc[:3], "en") == "Met by 1 of 3 members."


def test_who_misses_any_target_is_counted_once():
    rows = aimed(
        ("a", "Points", True, 1.0), ("a", "Index", False, 1.0), ("a", "Stars", False, 1.0), ("b", "Points", True, 1.0)
    )
    assert results.shortfalls(rows, "en") == "Members who miss a target: 1 of 2."


def test_counts_of_what_follows():
    assert results.models(pd.DataFrame({"standard": ["P", "Q", "P"]}), "en") == "By standard: P 2, Q 1."
    assert results.proposals(pd.DataFrame({"decision": ["", "waived", ""]}), "en") == "Decided so far: 1 of 3."
    assert results.proposals(pd.DataFrame({"decision": ["", "waived", ""]}), "zh") == "共 3 项，已作决定 1 项。"
    assert results.papers(pd.DataFrame({"missing": ["", "Ballot"]}), "en") == "Complete: 1 of 2."
    layers = pd.DataFrame({"layer": ["Constitution", "Branch", "Branch"]})
    assert results.criteria(layers, "en") == "3 in all; by the layer whose words hold: Constitution 1, Branch 2."


def test_only_units_shown_to_be_worse_are_named_and_none_whose_share_is_hidden():
    rows = pd.DataFrame(
        [
            ("A", 40.0, "bottom"), ("B", 39.0, "other"), ("C", 38.0, "unsupported"), ("D", 99.0, "few"),
            ("Hidden", NAN, "bottom"),
        ],
        columns=["name", "dissatisfied", "verdict"],
    )  # fmt: skip
    assert results.bottom(rows, "en") == "The interval lies above the share of all others: A, B."
    assert results.bottom(rows.iloc[2:], "en") == "No unit is shown to satisfy less than all others together."


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_ledger_tells_what_gave_most_and_what_was_cut(language):
    rows = pd.DataFrame(
        [("", 60.0, 60.0), ("Study", 5.0, 5.0), ("Help", 4.0, 3.0), ("Help", 2.0, 2.0), ("Fault", -2.0, -2.0)],
        columns=["rule", "asked", "got"],
    )
    told = {
        "en": "Most points: Study, Help, 5. Lines that got less than they asked: 1.",
        "zh": "积分最多的项目是Study、Help，计 5 分。实得少于应得的有 1 项。",
    }
    assert results.ledger(rows, language) == told[language]
    assert results.ledger(rows.iloc[4:], language) == ""

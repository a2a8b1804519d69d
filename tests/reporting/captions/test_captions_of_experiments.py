"""Captions on experiments; numbers by hand."""

import pandas as pd

from toolkit.reporting.captions import experiment

NAN = float("nan")


def test_the_variant_that_changes_the_order_most():
    taus = [("a", 0.9), ("b", 0.85), ("c", NAN), ("d", 0.8504)]
    assert experiment.order(taus, "en") == "The order changes most under b, d (tau 0.850)."
    assert experiment.order([("a", 1.0)], "en") == "No variant changes the order."
    assert experiment.order([("a", NAN)], "en") == ""
    assert experiment.order(taus[:1], "zh") == "排序变化最大的是a（tau 0.900）。"


def test_how_many_change():
    assert experiment.moves([("a", 3), ("b", 3), ("c", 1)], "en") == "Most members change under a, b: 3."
    assert experiment.moves([("a", 0)], "en") == experiment.moves([], "en") == ""
    assert experiment.people(3, 60, "en") == "Members who differ under any variant: 3 of 60."


def test_who_is_nearest_to_a_change():
    near = [("A", 0.021), ("B", 0.2), ("C", 0.021), ("A", 0.021)]
    assert experiment.nearest(near, "en") == "Nearest: A, C, for whom the weight has to move by 2.1 points."


def test_what_carries_otherwise_than_it_weighs():
    rows = pd.DataFrame({"nominal": [0.3, 0.7, 0.1], "carried": [0.55, 0.45, NAN]})
    assert experiment.carried(["Peers", "Public", "Self"], rows, "en") == (
        "Weight and share are furthest apart for Peers: it weighs 30.0% and carries 55.0%."
    )
    assert experiment.carried(["Self"], rows.iloc[2:], "en") == ""
    shares = {"Peers": [0.2, 0.6, NAN], "Public": [0.5, 0.55, 0.5], "Gone": [NAN, NAN, NAN]}
    assert experiment.range_carried(shares, "en") == "What Peers carries differs most: from 20.0% to 60.0%."
    assert experiment.range_carried({"Gone": [NAN]}, "en") == ""


def test_who_moves_furthest_in_rank():
    shift = pd.Series({"a": 2.0, "b": -2.0, "c": 0.0})
    assert experiment.slope(pd.Series({"a": "A", "b": "B", "c": "C"}), shift, "en") == (
        "2 of 3 change places; furthest, by 2: A, B."
    )


def test_how_many_differ_along_a_weight_beside_what_raters_make():
    stairs = {"Grade": pd.DataFrame({"weight": [0.0, 0.5, 0.8], "count": [4, 0, 4]})}
    assert experiment.drift(stairs, {}, "en") == "Grade: at most 4, first at a weight of 0%."
    assert (
        experiment.drift(stairs, {"Grade": (2.0, 6.0)}, "zh")
        == "Grade：最多 4 人，首见于权重 0%；仅换评价人时为 2 至 6 人。"
    )
    assert experiment.drift({"Stars": stairs["Grade"].assign(count=0)}, {}, "en") == "Stars: at no weight."


def test_who_stays_among_the_first():
    assert experiment.tenths([1.0, 0.999, 0.0, 0.2], "1–2", "en") == (
        "On ranks 1–2 under all weights drawn: 1 of 4 members; under some: 2."
    )

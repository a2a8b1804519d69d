"""Who helps whom."""

import numpy as np
import pandas as pd

from toolkit.conduct.pairs import pair


def people(**rows):
    """Members from their unit, score and whether they can help."""
    return pd.DataFrame.from_dict(rows, orient="index", columns=["unit_id", "score", "helps"])


def test_the_highest_score_helps_first_ties_go_by_id_and_a_missing_score_last():
    found = people(
        w=("U", 60.0, False), x=("U", 61.0, False), y=("U", 62.0, False), z=("U", 63.0, False),
        d=("U", np.nan, True), b=("U", 90.0, True), a=("U", 90.0, True), c=("U", 95.0, True),
    )  # fmt: skip
    assert pair(["w", "x", "y", "z"], found) == {"w": "c", "x": "a", "y": "b", "z": "d"}


def test_nobody_helps_twice_as_long_as_another_helps_nobody():
    found = people(
        x=("U", 60.0, False), y=("U", 60.0, False), z=("U", 60.0, False), a=("U", 95.0, True), b=("U", 90.0, True)
    )
    assert pair(["x", "y", "z"], found) == {"x": "a", "y": "b", "z": "a"}
    assert pair(["x"], found, busy=["a"]) == {"x": "b"}
    assert pair(["x"], found, busy=["a", "b", "b"]) == {"x": "a"}


def test_nobody_helps_himself_nor_a_member_of_another_unit():
    found = people(a=("U", 95.0, True), b=("U", 90.0, True), c=("V", 99.0, True), d=("W", 50.0, False))
    assert pair(["a", "d"], found) == {"a": "b", "d": ""}
    assert pair(["c"], found) == {"c": ""}


def test_where_nobody_can_help_nobody_is_named():
    assert pair(["a"], people(a=("U", 50.0, False))) == {"a": ""}

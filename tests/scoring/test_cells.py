"""What an answer is worth, and the mean of a cell: every number by hand."""

import numpy as np
import pandas as pd
import pytest
from small_study import ballots_of, make, pick, ratings_of, schemes_of

from toolkit.scoring.cells import cells, worth
from toolkit.scoring.scores import score

SCALES = """
scales:
  vote: {levels: {A: 100, B: 80, C: 60, D: 0}, codes: {1: A, 2: B, 3: C, 4: D}, blank: [abstained]}
  star: {low: 1, high: 5}
  share: {low: 0, high: 8, map: share}
  likert: {low: 1, high: 5, map: share}
  score: {low: 0, high: 100}
"""


def scheme(rule, indicator="{}"):
    return f"{SCALES}sources: {{s: {rule}}}\nindicators: {{x: {indicator}}}\n"


def mean_of(rule, values, indicator="{}"):
    """Score of one cell."""
    return pick(score(make(scheme(rule, indicator), ratings_of({("m", "s", "x"): values}))), "m", "s", "x")


@pytest.mark.parametrize(
    ("scale", "reverse", "answer", "points"),
    [
        ("vote", "false", "B", 80),  # levels' points stand as written
        ("vote", "false", "3", 60),  # a code is its level
        ("vote", "false", "3.0", 60),  # as Excel writes it
        ("vote", "true", "B", 20),  # mirrored between 0 and 100: 100 - 80
        ("vote", "false", "abstained", np.nan),
        ("star", "false", "4", 75),  # (4 - 1) / (5 - 1)
        ("star", "false", "1", 0),
        ("star", "true", "4", 25),  # 1 + 5 - 4 = 2; (2 - 1) / 4
        ("share", "false", "6", 75),  # 6 / 8
        ("likert", "false", "4", 80),  # 4 / 5, so that 1 star is 20 points
        ("likert", "true", "4", 40),  # 2 / 5
        ("score", "false", "87.5", 87.5),
    ],
)
def test_worth(scale, reverse, answer, points):
    rules = schemes_of(scheme(f"{{scale: {scale}}}", f"{{reverse: {reverse}}}"))["r"]
    assert worth(rules, "s", "x", answer) == pytest.approx(points, nan_ok=True)


@pytest.mark.parametrize(
    ("scale", "answer"), [("vote", "E"), ("vote", "5"), ("star", "6"), ("star", "0"), ("star", "A")]
)
def test_what_is_no_answer_is_refused(scale, answer):
    rules = schemes_of(scheme(f"{{scale: {scale}}}"))["r"]
    with pytest.raises(ValueError, match="must be"):
        worth(rules, "s", "x", answer)


def test_plain_mean_leaves_blank_answers_out_of_the_base():
    found = mean_of("{scale: vote}", ["A", "A", "B", "D", "abstained"])
    assert found["score"] == pytest.approx(70)  # (100 + 100 + 80 + 0) / 4
    assert found["n"] == 4


TRIMMED = "{scale: score, trim: {drop: 1, above: 5}}"


def test_six_raters_are_trimmed():
    found = mean_of(TRIMMED, [95, 90, 88, 70, 99, 60])
    assert found["score"] == pytest.approx(85.75)  # without 99 and 60: (95 + 90 + 88 + 70) / 4 = 343 / 4
    assert found["n"] == 6


def test_five_raters_are_not_trimmed():
    assert mean_of(TRIMMED, [95, 90, 88, 70, 99])["score"] == pytest.approx(88.4)  # 442 / 5


def test_blank_answers_do_not_count_towards_trimming():
    found = mean_of("{scale: vote, trim: {drop: 1, above: 5}}", ["A", "A", "B", "B", "D", "abstained"])
    assert found["score"] == pytest.approx(72)  # 360 / 5, all five


def test_two_are_dropped_at_each_end():
    found = mean_of("{scale: score, trim: {drop: 2, above: 4}}", [0, 10, 50, 60, 80, 90, 100])
    assert found["score"] == pytest.approx(190 / 3)  # 50, 60, 80


def test_median():
    assert mean_of("{scale: score, average: median}", [10, 90, 60])["score"] == 60
    assert mean_of("{scale: score, average: median}", [10, 90, 60, 70])["score"] == 65  # (60 + 70) / 2


def test_too_few_raters_of_a_source_are_missing():
    few = mean_of("{scale: score, min: 3}", [80, 90])
    assert np.isnan(few["score"])
    assert few["coverage"] == 0
    assert mean_of("{scale: score, min: 3}", [80, 90, 70])["score"] == pytest.approx(80)


def test_the_raters_of_a_source_are_those_of_its_best_answered_indicator():
    text = SCALES + "sources: {s: {scale: score, min: 3}}\nindicators: {x: {weight: 0.5}, y: {weight: 0.5}}\n"
    rows = ratings_of(
        {
            ("m", "s", "x"): [80, 90, 70],
            ("m", "s", "y"): [60, None, None],  # three rated him, one of them answered y
            ("k", "s", "x"): [80, 90],
            ("k", "s", "y"): [80, 90],
        }
    )
    scores = score(make(text, rows))
    assert pick(scores, "m", "s", "y")["score"] == 60
    assert pick(scores, "m")["score"] == pytest.approx(70)  # (80 + 60) / 2
    assert pick(scores, "m")["coverage"] == 1
    assert pick(scores, "m")["n"] == 1
    assert pick(scores, "k")["coverage"] == 0
    assert np.isnan(pick(scores, "k", "s", "x")["score"])


def test_ballots_and_ratings_meet_in_one_cell():
    rows = ratings_of({("m", "s", "x"): ["A", "B"]})
    paper = ballots_of({("m", "s", "x"): {"A": 3, "C": 1, "abstained": 2}})
    found = pick(score(make(scheme("{scale: vote, adds: true}"), rows, ballots=paper)), "m", "s", "x")
    assert found["n"] == 6
    assert found["score"] == pytest.approx(90)  # (100 + 80 + 3 * 100 + 60) / 6 = 540 / 6


def arrays(rule, values, weights=None):
    rows = ratings_of({("m", "s", "x"): values})
    if weights:
        rows["weight"] = weights
    study = make(scheme(rule), rows)
    found = cells(study.tally.counts, study.schemes["r"], pd.Index(["m"]))
    return tuple(float(array[0, 0, 1]) for array in (found.mean, found.se, found.base))


def test_standard_error_of_a_plain_mean():
    mean, se, base = arrays("{scale: score}", [60, 70, 80, 90, 90])
    # mean 78, squares 324 + 64 + 4 + 144 + 144 = 680; 680 / 4 / 5 = 34
    assert (mean, se, base) == pytest.approx((78, np.sqrt(34), 5))


def test_standard_error_of_a_trimmed_mean_is_yuens():
    mean, se, base = arrays(TRIMMED, [95, 90, 88, 70, 99, 60])
    # winsorised: 70, 70, 88, 90, 95, 95; squares 43,694 - 508^2 / 6 = 2050 / 3; of the 4 left: 2050 / 3 / (4 * 3)
    assert (mean, se, base) == pytest.approx((85.75, np.sqrt(2050 / 36), 4))


def test_standard_error_of_a_median_is_that_of_the_exact_bootstrap():
    _, se, base = arrays("{scale: score, average: median}", [90, 0, 60])
    # the median of 3 of 3 drawn anew is the lowest or the highest with 7/27 each, the middle with 13/27:
    # mean (13 * 60 + 7 * 90) / 27 = 470 / 9, mean square (13 * 3600 + 7 * 8100) / 27 = 11,500 / 3
    assert se == pytest.approx(np.sqrt(11500 / 3 - (470 / 9) ** 2))
    assert base == 3


def test_weighted_mean_and_kishs_base():
    mean, se, base = arrays("{scale: score}", [60, 90, 80], [1, 2, 1])
    assert mean == pytest.approx(80)  # (60 + 180 + 80) / 4
    assert base == pytest.approx(16 / 6)  # 4^2 / (1 + 4 + 1)
    # sum of w^2 (x - mean)^2 = 400 + 400 + 0 = 800; 800 / 16 * base / (base - 1) = 50 * 1.6
    assert se == pytest.approx(np.sqrt(80))


def test_a_source_of_another_round_is_no_hindrance():
    text = SCALES + "rounds: {one: {}, two: {scheme: two.yaml}}\nsources: {s: {scale: score}}\n"
    rules = schemes_of(text.replace(", two: {scheme: two.yaml}", ", two: {}"))
    later = schemes_of(text.replace("two: {scheme: two.yaml}", "two: {}").replace("{s:", "{t:"))["two"]
    rows = pd.concat(
        [ratings_of({("m", "s", "overall"): [50, 60]}, "one"), ratings_of({("m", "t", "overall"): [70, 80]}, "two")]
    )
    scores = score(make({"one": rules["one"], "two": later}, rows))
    assert pick(scores, "m", name="one")["score"] == 55
    assert pick(scores, "m", name="two")["score"] == 75

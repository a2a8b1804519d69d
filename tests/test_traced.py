"""One member followed from ballots to stars and to what is proposed, step by step, in plain arithmetic.

Li is one of six members of a branch. Every step is worked out here first, then the scores, the proposals and the page
"why this score" are held to it.
"""

from fractions import Fraction

import pytest
from small_study import ballots_of, make, pick, ratings_of
from worked.table import calculated

import toolkit as tk
from toolkit.conduct.archive import archive
from toolkit.conduct.proposals import propose
from toolkit.reporting.explain import explanation

SCHEME = """
rounds:
  2026: {from: 2026-01-01, to: 2026-12-31}
scales:
  vote: {levels: {excellent: 100, good: 80, fair: 60, poor: 0}, blank: [abstained]}
  mark: {low: 0, high: 100}
sources:
  superior: {weight: 0.3, scale: mark, attributed: true}
  peer: {weight: 0.3, scale: vote, trim: {drop: 1, above: 5}}
  public: {weight: 0.4, scale: vote}
indicators:
  virtue: {weight: 0.4}
  results: {weight: 0.6}
missing: {min_coverage: 0.3}
measures: {hours: {}}
points:
  base: 60
  carry: 10%
  dimensions: {study: {}, honour: {}, order: {}}
  rules:
    class: {points: 2, dimension: study, cap: {year: 12}}
    award: {points: 4, dimension: honour}
    absent: {points: -2, dimension: order}
index:
  components:
    score: {weight: 0.5}
    points: {weight: 0.3, low: 40, high: 90}
    hours: {of: measure.hours, weight: 0.2, high: 45}
  extras:
    awards: {of: points.honour, times: 0.25, max: 1.5}
grades:
  bands: {excellent: 85, good: 70, poor: 0}
  quota: {excellent: {max: 1/3, within: unit}}
stars:
  of: index
  bands: {5: 88, 4: 80, 3: 70, 2: 60, 1: 0}
  require: {5: [{of: measure.hours, min: 40}]}
targets:
  - {reach: {points: 75}}
  - {from: 2026-07-01, reach: {points: 80, index: 90}}
conduct:
  remediation: {when: [{of: measure.hours, below: 40}], days: 60, evidence: [plan], helpers: [excellent]}
  registration: {deny: [{of: grade, among: [poor]}], defer: [{of: measure.hours, below: 20}]}
  archive: {good: [form]}
"""
# Ballots as they lie on the table, and the marks of the superiors.
BALLOTS = {
    ("li", "peer", "virtue"): {"excellent": 5, "good": 3, "fair": 1, "abstained": 1},
    ("li", "peer", "results"): {"excellent": 4, "good": 6},
    ("li", "public", "overall"): {"excellent": 21, "good": 7, "fair": 1, "poor": 1},
}
MARKS = {("li", "superior", "virtue"): [86, 90], ("li", "superior", "results"): [84]}
# Nobody but the superiors has rated the other five, so that their marks are their scores; two of them are above Li.
OTHERS = {"an": 96, "bo": 92, "cai": 88, "du": 75, "e": 60}
EVENTS = [
    ("2025-04-01", "award", 5),
    *[("2026-03-02", "class", 1)] * 8,
    ("2026-05-04", "award", 1),
    ("2026-06-01", "award", 1),
    ("2026-09-01", "absent", 1),
]
ORDER = {
    "round": "2026", "subject_id": "li", "matter": "remediation", "decision": "order", "date": "2027-01-15",
    "decided_by": "branch meeting",
}  # fmt: skip
HOURS = 36


# ------------------------------------------------------------------------------------------- with pencil and paper

# 1. Votes and marks -> means of each source on each indicator. Of more than five peers one vote at either end goes.
SUPERIOR_VIRTUE = Fraction(86 + 90, 2)  # 88
SUPERIOR_RESULTS = Fraction(84)
PEER_VIRTUE = Fraction(4 * 100 + 3 * 80, 7)  # of 100 x 5, 80 x 3, 60 x 1; who abstained is not there: 91.43
PEER_RESULTS = Fraction(3 * 100 + 5 * 80, 8)  # of 100 x 4, 80 x 6: 87.5
PUBLIC = Fraction(21 * 100 + 7 * 80 + 1 * 60 + 1 * 0, 30)  # one tick for everything: 90.67

# 2. Means over indicators, .4 and .6 -> sources.
SUPERIOR = Fraction(4, 10) * SUPERIOR_VIRTUE + Fraction(6, 10) * SUPERIOR_RESULTS  # 35.2 + 50.4 = 85.6
PEER = Fraction(4, 10) * PEER_VIRTUE + Fraction(6, 10) * PEER_RESULTS  # 36.57 + 52.5 = 89.07

# 3. Mean over sources, .3, .3 and .4 -> composite.
SCORE = Fraction(3, 10) * SUPERIOR + Fraction(3, 10) * PEER + Fraction(4, 10) * PUBLIC  # 25.68 + 26.72 + 36.27 = 88.67

# 4. Points. Last year 60 + 5 x 4 = 80, of which a tenth is carried over; eight classes are worth 16, of which the cap
#    leaves 12; two awards 8; one absence -2.
LAST_YEAR = 60 + 5 * 4
POINTS = 60 + Fraction(LAST_YEAR, 10) + min(8 * 2, 12) + 2 * 4 - 2  # 60 + 8 + 12 + 8 - 2 = 86

# 5. Index. Points between 40 and 90, hours of 45; two awards are 8 points, a quarter of which is 2, at most 1.5.
POINTS_VALUE = 100 * (POINTS - 40) / (90 - 40)  # 92
HOURS_VALUE = Fraction(100 * HOURS, 45)  # 80
INDEX = SCORE / 2 + Fraction(3, 10) * POINTS_VALUE + Fraction(2, 10) * HOURS_VALUE + min(Fraction(8, 4), Fraction(3, 2))
# 44.33 + 27.6 + 16 + 1.5 = 89.43

# 6. Grade. 88.67 is 85 or more; a third of six leaves two places, which go to 96 and 92.
PLACES = 6 // 3
ABOVE = sum(mark > SCORE for mark in OTHERS.values())
GRADE = "excellent" if ABOVE < PLACES else "good"

# 7. Stars. 89.43 is 88 or more, which is five; that takes 40 hours, and 36 are not.
BAND = 5
STARS = BAND if HOURS >= 40 else BAND - 1

# 8. Targets of the version of July: 80 points and an index of 90.
GAPS = {"points": POINTS - 80, "index": INDEX - 90}  # 6 above, .57 below

# 9. What is proposed. Fewer than 40 hours are to be mended within 60 days: January has 16 left, February 28, 16 more.
DUE = "2027-03-16"


@pytest.fixture(scope="module")
def study():
    marks = MARKS | {(name, "superior", "overall"): [mark] for name, mark in OTHERS.items()}
    return make(
        SCHEME,
        ratings_of(marks, "2026"),
        ballots=ballots_of(BALLOTS, "2026"),
        points=[{"date": day, "subject_id": "li", "rule": rule, "quantity": n} for day, rule, n in EVENTS],
        measures=[{"round": "2026", "subject_id": "li", "measure": "hours", "value": HOURS}],
        decisions=[ORDER],
    )


@pytest.fixture(scope="module")
def scores(study):
    return tk.score(study)


@pytest.fixture(scope="module")
def li(scores):
    """Li's row of the results."""
    return scores.ratees.set_index("ratee_id").loc["li"]


def near(value):
    return pytest.approx(float(value), abs=1e-9)


def mine(frame, *columns):
    """Chosen cells of Li's rows, as tuples."""
    rows = frame[frame["ratee_id"] == "li"]
    return [*rows[list(columns)].itertuples(index=False, name=None)]


def test_what_was_worked_out_by_hand_is_what_it_should_be():
    rounded = [round(float(value), 2) for value in (SUPERIOR, PEER, PUBLIC, SCORE, POINTS, INDEX)]
    assert rounded == [85.6, 89.07, 90.67, 88.67, 86, 89.43]
    assert (GRADE, STARS) == ("good", 4)


def test_from_votes_to_the_composite(scores, li):
    cells = {("superior", "virtue"): SUPERIOR_VIRTUE, ("superior", "results"): SUPERIOR_RESULTS,
             ("peer", "virtue"): PEER_VIRTUE, ("peer", "results"): PEER_RESULTS, ("public", ""): PUBLIC,
             ("superior", ""): SUPERIOR, ("peer", ""): PEER, ("", ""): SCORE}  # fmt: skip
    for (source, indicator), expected in cells.items():
        assert pick(scores, "li", source, indicator, "2026")["score"] == near(expected)
    assert (li["score"], li["coverage"], li["rank"]) == (near(SCORE), near(1), 3)


def test_the_ledger_line_by_line(scores, li):
    assert mine(scores.ledger, "quantity", "times", "evidence")[1] == (LAST_YEAR, 0.1, "2025")
    lines = mine(scores.ledger, "code", "rule", "asked", "got")
    assert lines == [
        ("base", "", 60, 60),
        ("carry", "", 8, 8),
        *[("", "class", 2, 2)] * 6,
        *[("year", "class", 2, 0)] * 2,
        *[("", "award", 4, 4)] * 2,
        ("", "absent", -2, -2),
    ]
    assert sum(got for *_, got in lines) == li["points"] == POINTS
    assert mine(scores.points, "dimension", "points") == [("", 86), ("study", 12), ("honour", 8), ("order", -2)]


def test_the_index_component_by_component(scores, li):
    assert mine(scores.components, "component", "raw", "value", "adds") == [
        ("score", near(SCORE), near(SCORE), near(SCORE / 2)),
        ("points", 86, near(POINTS_VALUE), near(Fraction(3, 10) * POINTS_VALUE)),
        ("hours", 36, near(HOURS_VALUE), near(Fraction(2, 10) * HOURS_VALUE)),
        ("awards", 8, pytest.approx(float("nan"), nan_ok=True), 1.5),
    ]
    assert li["index"] == near(INDEX)


def test_the_grade_finds_no_place_and_the_stars_a_condition(scores, li):
    assert (li["band"], li["grade"], li["places"], li["tied"]) == ("excellent", GRADE, PLACES, False)
    assert (li["star_band"], li["stars"]) == (BAND, STARS)
    assert mine(scores.reasons, "about", "code", "of", "value", "bound") == [
        ("stars 5", "unmet", "measure.hours", HOURS, "≥ 40")
    ]
    graded = scores.ratees.set_index("ratee_id")["grade"]
    assert graded[["an", "bo", "cai", "du", "e"]].tolist() == ["excellent", "excellent", "good", "good", "poor"]


def test_targets(scores):
    found = {of: (gap, met) for of, gap, met in mine(scores.attainment, "of", "gap", "met")}
    assert found == {"points": (near(GAPS["points"]), True), "index": (near(GAPS["index"]), False)}
    assert mine(scores.attainment, "attainment", "since")[0] == (near(Fraction(86, 80)), "2026-07-01")


def test_what_is_proposed_and_decided(study, scores):
    found = propose(study, scores, "2026")
    told = mine(found.proposals, "matter", "proposal", "decision", "state", "due", "helper")
    assert told == [
        ("grade", GRADE, "", "", "", ""),
        ("stars", str(STARS), "", "", "", ""),
        ("registration", "admit", "", "", "", ""),
        ("remediation", "order", "order", "open", DUE, "an"),  # of the two excellent ones the first
    ]
    assert mine(found.reasons, "matter", "code", "of", "value", "bound") == [
        ("registration", "none", "", None, ""),
        ("remediation", "met", "measure.hours", HOURS, "< 40"),
    ]
    assert mine(archive(study, scores, "2026"), "grade", "item", "filed") == [(GRADE, "form", "")]


# What the page says, and what it comes to above.
PAGE = [
    ("superior · virtue: (1 × 90 + 1 × 86) / 2 = 88", SUPERIOR_VIRTUE),
    ("superior · results: 1 × 84 = 84", SUPERIOR_RESULTS),
    ("peer · virtue: (4 × 100 + 3 × 80) / 7 = 91.4286", PEER_VIRTUE),
    ("peer · results: (3 × 100 + 5 × 80) / 8 = 87.5", PEER_RESULTS),
    ("public: (21 × 100 + 7 × 80 + 1 × 60 + 1 × 0) / 30 = 90.6667", PUBLIC),
    ("superior: 0.4 × 88 + 0.6 × 84 = 85.6", SUPERIOR),
    ("peer: 0.4 × 91.4286 + 0.6 × 87.5 = 89.0714", PEER),
    ("Composite: 0.3 × 85.6 + 0.3 × 89.0714 + 0.4 × 90.6667 = 88.6681", SCORE),
    ("Balance: 60 + 8 + 12 + 8 + (-2) = 86", POINTS),
    ("Points: 100 × (86 - 40) / (90 - 40) = 92", POINTS_VALUE),
    ("hours: 100 × 36 / 45 = 80", HOURS_VALUE),
    ("Index: 0.5 × 88.6681 + 0.3 × 92 + 0.2 × 80 + 1.5 = 89.434", INDEX),
]
WORDS = [
    "Score 88.6681 ≥ 85: excellent",
    "excellent: beyond the quota, which has 2 places",
    "Proposed grade: good",
    "Index 89.434 ≥ 88: 5",
    "5: hours is 36, asked: ≥ 40",
    "Proposed stars: 4",
]


def test_the_page_says_the_same_in_the_same_order(study, scores):
    page = explanation(study, scores, "li", "2026", language="en")
    places = [page.index(f"\n  {text}") for text in [*(line for line, _ in PAGE), *WORDS]]
    assert places == sorted(places)
    for line, value in PAGE:
        expression, _, result = line.partition(": ")[2].partition(" = ")
        assert float(result) == pytest.approx(float(value), abs=5e-5)
        assert calculated(expression) == pytest.approx(float(value), abs=2e-4)  # of numbers with four decimals

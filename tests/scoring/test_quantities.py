"""What rules can ask of a ratee, as far as scores and tables tell it."""

import numpy as np
import pandas as pd
import pytest
from small_study import make, ratings_of, schemes_of

from toolkit.scoring.evaluation import evaluate
from toolkit.scoring.quantities import gather
from toolkit.scoring.ratees import composites

NAN = np.nan
TEXT = """
rounds:
  r: {from: 2026-01-01, to: 2026-06-30}
  q: {from: 2026-07-01, to: 2026-12-31}
  y: {combine: {q: 0.75, r: 0.25}}
scales: {s: {low: 0, high: 100}}
sources: {a: {weight: 0.6, scale: s}, b: {weight: 0.4, scale: s}}
indicators: {x: {weight: 0.5}, z: {weight: 0.5}}
categories: {c: {}, body: {ratee: unit}}
missing: {min_coverage: 0.4}
measures: {hours: {combine: sum}, tasks: {}, exam: {combine: last}}
"""
ASK = "models: {all: {require: [%s]}}\n"
UNITS = [
    {"unit_id": "P", "industry": "steel", "category": "", "parent_id": ""},
    {"unit_id": "U", "industry": "coal", "category": "body", "parent_id": "P"},
    {"unit_id": "V", "industry": "", "category": "body", "parent_id": ""},
]
PEOPLE = [
    {"member_id": "m", "name": "M", "unit_id": "U", "category": "c", "exempt": ""},
    {"member_id": "k", "name": "K", "unit_id": "V", "category": "c", "exempt": "rating"},
    {"member_id": "h", "name": "H", "unit_id": "P", "category": "c", "exempt": ""},
]
POST = {"post_id": "p", "member_id": "h", "unit_id": "V", "category": "c", "share": 1}
RATED = {
    ("m", "a", "x"): [90, 70], ("m", "b", "overall"): [60], ("k", "a", "overall"): [50],
    ("p", "a", "overall"): [40] * 3, ("U", "a", "overall"): [30],
}  # fmt: skip


def frame_of(study, name):
    """The quantities of one round."""
    table, _ = evaluate(study)
    ratees = composites(table, study)
    return gather(
        study, name, ratees[ratees["round"] == name].set_index("ratee_id", drop=False).rename_axis(None), table
    )


def gathered(*of, name="r", members=PEOPLE, text=TEXT, **tables):
    asked = ", ".join(f"{{of: {each}, min: 0}}" for each in of)
    schemes = schemes_of(text + (ASK % asked if of else ""))
    rows = pd.concat([ratings_of(RATED, "r"), ratings_of({("m", "a", "overall"): [40]}, "q")], ignore_index=True)
    return frame_of(make(schemes, rows, members=members, units=UNITS, posts=[POST], **tables), name)


def values(found, column):
    return {ratee: None if pd.isna(value) else value for ratee, value in found[column].items()}


def test_members_and_rated_units_have_a_row_and_posts_have_none():
    found = gathered()
    assert found.index.tolist() == ["m", "k", "h", "U", "V"]
    assert found["kind"].tolist() == ["member"] * 3 + ["unit"] * 2
    assert found["name"].tolist()[:3] == ["M", "K", "H"]


def test_a_unit_stands_among_those_below_the_same_parent():
    found = gathered()
    assert values(found, "unit_id") == {"m": "U", "k": "V", "h": "P", "U": "P", "V": ""}
    # its industry is its own, a member's that of the unit
    assert values(found, "industry") == {"m": "coal", "k": "", "h": "steel", "U": "coal", "V": ""}
    assert values(found, "category") == {"m": "c", "k": "c", "h": "c", "U": "body", "V": "body"}


def test_every_unit_counts_and_of_the_members_those_that_are_scored_and_not_exempt():
    found = gathered()
    assert values(found, "counts") == {"m": True, "k": False, "h": True, "U": True, "V": True}
    assert values(found, "exempt") == {"m": False, "k": True, "h": False, "U": False, "V": False}
    assert values(gathered(name="q"), "counts") == {"m": True, "k": False, "h": False, "U": True, "V": True}


def test_score_coverage_and_raters():
    found = gathered()
    # m: a 80 on x alone, b 60: .6 x 80 + .4 x 60 = 72, coverage .3 + .4
    assert values(found, "score") == pytest.approx({"m": 72, "k": 50, "h": 40, "U": 30, "V": None})
    assert values(found, "coverage") == pytest.approx({"m": 0.7, "k": 0.6, "h": 0.6, "U": 0.6, "V": 0})
    assert found.loc["h", "low"] == 40
    assert found.loc[["V"], ["low", "high"]].isna().all(axis=None)


def test_raters_are_those_of_all_sources_of_each_those_of_its_most_answered_indicator_and_not_oneself():
    # m: two from a on x, one from b; nobody is no number of raters
    assert values(gathered(), "raters") == {"m": 3, "k": 1, "h": 3, "U": 1, "V": None}
    text = TEXT.replace("b: {weight: 0.4, scale: s}", "self: {weight: 0.4, scale: s, attributed: true}")
    cells = {("m", "a", "x"): [90, 70], ("m", "a", "z"): [1, 2, 3, 4], ("m", "self", "overall"): [50]}
    study = make(schemes_of(text), ratings_of(cells), members=PEOPLE[:1], units=UNITS)
    assert values(frame_of(study, "r"), "raters") == {"m": 4, "U": None, "V": None}


def test_the_score_by_a_source_and_on_an_indicator_with_what_they_cover():
    found = gathered("score.a", "score.b", "score.x", "score")
    assert values(found, "score.a") == pytest.approx({"m": 80, "k": 50, "h": 40, "U": 30, "V": None})
    assert values(found, "coverage.a") == pytest.approx({"m": 0.5, "k": 1, "h": 1, "U": 1, "V": 0})
    assert values(found, "score.b") == {"m": 60, "k": None, "h": None, "U": None, "V": None}
    assert found["score.x"]["m"] == pytest.approx(72)
    assert found["coverage.x"]["m"] == 1
    # of the round that is asked about, and of another nothing
    assert values(gathered("score.a", name="q"), "score.a") == {"m": 40, "k": None, "h": None, "U": None, "V": None}
    assert "score.b" not in gathered("score.a")


def test_a_score_of_the_members_is_there_for_the_index_of_their_unit():
    index = "index: {components: {score: {}}, units: {components: {people: {of: members.score.a}}}}\n"
    assert gathered(text=TEXT + index)["score.a"]["m"] == pytest.approx(80)


# ----------------------------------------------------------------------------------------------------------- measures


def measured(*rows):
    return [dict(zip(("round", "subject_id", "measure", "value"), row, strict=True)) for row in rows]


ROWS = measured(
    ("r", "m", "hours", 20), ("q", "m", "hours", 30), ("r", "m", "tasks", 60), ("q", "m", "tasks", 80),
    ("q", "m", "exam", 70), ("r", "m", "exam", 90), ("r", "k", "hours", 5), ("r", "k", "tasks", 50),
    ("r", "k", "exam", 40), ("r", "U", "hours", 100), ("y", "h", "hours", 99), ("q", "h", "hours", 1),
    ("y", "h", "tasks", 33), ("y", "V", "exam", 0),
)  # fmt: skip


def test_a_measure_is_that_of_the_round():
    found = gathered("measure.hours", "measure.tasks", measures=ROWS)
    assert values(found, "measure.hours") == {"m": 20, "k": 5, "h": None, "U": 100, "V": None}
    assert values(found, "measure.tasks") == {"m": 60, "k": 50, "h": None, "U": None, "V": None}
    assert "measure.exam" not in found


def test_in_a_combined_round_a_measure_is_its_own_else_made_of_those_of_its_rounds():
    found = gathered("measure.hours", "measure.tasks", "measure.exam", name="y", measures=ROWS)
    # a sum, not known where it is not known of every round; h has a row of the year itself
    assert values(found, "measure.hours") == {"m": 50, "k": None, "h": 99, "U": None, "V": None}
    # a mean by weight: .25 x 60 + .75 x 80; of k the first half-year is all there is
    assert values(found, "measure.tasks") == {"m": 75, "k": 50, "h": 33, "U": None, "V": None}
    # the last in time, however the rows and the rounds are listed
    assert values(found, "measure.exam") == {"m": 70, "k": 40, "h": None, "U": None, "V": 0}


def test_a_measure_that_the_scheme_does_not_declare_is_a_mean():
    text = TEXT.replace("measures: {hours: {combine: sum}, tasks: {}, exam: {combine: last}}\n", "")
    found = gathered("measure.hours", name="y", text=text, measures=ROWS)
    assert found["measure.hours"]["m"] == pytest.approx(27.5)  # .25 x 20 + .75 x 30


def test_nobody_has_the_measure():
    for name in ("r", "y"):
        assert gathered("measure.hours", name=name)["measure.hours"].isna().all()


# --------------------------------------------------------------------------------------------------------- attributes


def attributes(*cells):
    people = [person | {"rank": cell} for person, cell in zip(PEOPLE, cells, strict=True)]
    return gathered("attribute.rank", members=people)["attribute.rank"]


def test_an_attribute_of_numbers_is_a_number_and_blank_is_not_known():
    found = attributes("3", "", "2.5")
    assert found.dtype == float
    assert found.tolist()[:3] == pytest.approx([3, NAN, 2.5], nan_ok=True)
    assert found[["U", "V"]].isna().all()  # units have none


def test_an_attribute_with_any_text_is_text():
    found = attributes("3", "", "chief")
    assert [found[name] for name in ("m", "h")] == ["3", "chief"]
    assert pd.isna(found["k"])
    assert pd.isna(found["U"])


def test_a_blank_attribute_and_one_that_there_is_not():
    assert attributes("", "", "").isna().all()
    assert gathered("attribute.rank")["attribute.rank"].isna().all()

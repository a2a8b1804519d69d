"""Criteria in layers."""

import pytest
from small_branch import SCHEME
from small_study import make

from toolkit.conduct.criteria import merge
from toolkit.faults import UsageError

LAYERED = SCHEME + "layers: {charter: {}, six: {}, own: {}}\n"
UNITS = [
    {"unit_id": "P", "name": "P", "parent_id": ""},
    {"unit_id": "U", "name": "U", "parent_id": "P"},
    {"unit_id": "V", "name": "V", "parent_id": "P"},
]
CRITERIA = [
    # written from the bottom up: the order in the table does not decide
    {"layer": "own", "criterion": "study", "text": "study on Mondays", "unit_id": "U", "indicator": ""},
    {"layer": "own", "criterion": "study", "text": "study on Tuesdays", "unit_id": "V"},
    {"layer": "own", "criterion": "study", "text": "study in the evening", "unit_id": "P"},
    {"layer": "six", "criterion": "study", "text": "study hard", "indicator": "ability"},
    {"layer": "six", "criterion": "work", "text": "work hard"},
    {"layer": "charter", "criterion": "study", "text": "study", "indicator": "virtue"},
    {"layer": "charter", "criterion": "faith", "text": "believe"},
    {"layer": "own", "criterion": "visits", "text": "visit the old", "unit_id": "V"},
]


def merged(unit, *, scheme=LAYERED):
    """Criteria of a unit by name."""
    criteria = [{"unit_id": "", "indicator": "", **row} for row in CRITERIA]
    study = make(scheme, members=[{"member_id": "m", "unit_id": "U", "category": ""}], units=UNITS, criteria=criteria)
    return merge(study, unit, study.schemes["h1"]).set_index("criterion")


def test_the_lowest_layer_and_in_it_the_unit_itself_has_the_last_word():
    found = merged("U")
    assert found["text"].to_dict() == {"study": "study on Mondays", "faith": "believe", "work": "work hard"}
    assert found["layer"].to_dict() == {"study": "own", "faith": "charter", "work": "six"}
    assert found["restated"].to_dict() == {"study": True, "faith": False, "work": False}


def test_the_origin_names_every_layer_once_the_highest_first():
    assert merged("U").loc["study", "origin"] == "charter > six > own"  # own twice: of P and of U
    assert merged("U").loc["work", "origin"] == "six"


def test_an_indicator_holds_until_another_one_is_named():
    found = merged("U")
    assert found.loc["study", "indicator"] == "ability"
    assert found.loc["faith", "indicator"] == ""


def test_other_units_have_their_own_and_what_stands_above():
    assert merged("V").loc["study", "text"] == "study on Tuesdays"
    assert merged("V").loc["visits", "text"] == "visit the old"
    assert merged("P").loc["study", "text"] == "study in the evening"
    everywhere = merged("").loc["study", ["text", "origin", "restated"]]
    assert everywhere.to_list() == ["study hard", "charter > six", True]


def test_a_layer_that_the_round_does_not_have_does_not_hold_there():
    found = merged("U", scheme=LAYERED.replace("six: {}, ", ""))
    assert list(found.index) == ["study", "faith"]
    assert found.loc["study", "origin"] == "charter > own"


def test_without_layers_in_the_scheme_they_follow_each_other_as_they_first_stand():
    found = merged("U", scheme=SCHEME)
    assert found.loc["study", ["text", "origin"]].to_list() == ["study", "own > six > charter"]


def test_a_unit_that_there_is_not_is_said_so():
    with pytest.raises(UsageError, match="unit: 'X', must be one of P, U, V"):
        merged("X")

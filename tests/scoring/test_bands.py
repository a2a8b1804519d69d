"""Where a score lies, and who is kept out of a band: every number by hand."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from toolkit.rules import Bands
from toolkit.scoring.bands import assign, locate, named, places

NONE = -1
PLAIN = Bands(bands={"high": 80, "low": 0, "middle": 60}).bands


def ratees(values, units="U", *, counts=True, categories="c"):
    frame = pd.DataFrame({"value": values, "unit_id": units, "category": categories, "counts": counts})
    frame.index = [f"m{place}" for place in range(len(frame))]
    return frame.astype({"value": float})


def assigned(rules, found, quantities=None):
    """Bands and reasons of some ratees, by the values of `found`."""
    level = locate(found["value"], rules.bands, rules.priority)
    quantities = pd.DataFrame(index=found.index) if quantities is None else quantities.set_index(found.index)
    return assign(found, rules, rules.order, level, quantities)


# -------------------------------------------------------------------------------------------------- where a score lies


def test_a_band_begins_at_its_start_and_reaches_up_to_the_next_however_they_are_listed():
    assert locate([0, 59.99, 60, 79.99, 80, 100], PLAIN).tolist() == [0, 0, 1, 1, 2, 2]


def test_a_score_below_the_lowest_band_and_a_missing_one_lie_nowhere():
    bands = Bands(bands={"a": 10, "b": 50}).bands
    assert locate([9.99, 10, np.nan], bands).tolist() == [NONE, 0, NONE]
    assert locate([], bands).tolist() == []
    assert locate([50], {}).tolist() == [NONE]


def test_a_start_and_an_end_have_the_tolerance_of_every_comparison():
    bands = Bands(bands={"a": 0, "b": {"from": 50, "to": 60}}).bands
    # 5e-10 is no difference, 5e-9 is one
    assert locate([50 - 5e-10, 50 - 5e-9, 60 - 5e-9, 60 - 5e-10, 60], bands).tolist() == [1, 0, 1, NONE, NONE]


def test_an_end_is_not_in_the_band_unless_it_is_100():
    bands = Bands(bands={"a": {"from": 0, "to": 60}, "b": {"from": 60, "to": 100}}).bands
    assert locate([59.9, 60, 100, 100 + 5e-10, 100 + 5e-9], bands).tolist() == [0, 1, 1, 1, NONE]
    points = Bands(bands={"a": {"from": 0, "to": 99}, "b": {"from": 100, "to": 150}}).bands
    # nor is 99, nor 150, up to which points may go
    assert locate([98, 99, 99.5, 100, 149, 150], points).tolist() == [0, NONE, NONE, 1, 1, NONE]


def test_a_band_that_ends_at_100_holds_100_and_no_more_of_what_lies_below_it():
    bands = Bands(bands={"a": {"from": 90, "to": 100}}).bands
    assert locate([89.9, 90, 99.9, 100, 101], bands).tolist() == [NONE, 0, 0, 0, NONE]


@pytest.mark.parametrize("priority", [None, "high", "low"])
def test_a_hole_above_a_band_is_not_filled_by_the_band_below(priority):
    bands = Bands(bands={"a": 0, "b": {"from": 60, "to": 80}, "c": 90}).bands
    # a has no end and reaches up to b; between 80 and 90 there is nothing
    assert locate([59, 60, 79, 80, 85, 90, 95], bands, priority).tolist() == [0, 1, 1, NONE, NONE, 2, 2]


@pytest.mark.parametrize(("priority", "expected"), [("high", [0, 1, 1, 2, 2]), ("low", [0, 0, 1, 1, 2])])
def test_of_overlapping_bands_that_of_the_stated_priority_holds(priority, expected):
    bands = Bands(bands={"c": {"from": 80, "to": 100}, "a": {"from": 0, "to": 70}, "b": {"from": 60, "to": 90}}).bands
    # 65 lies in a and b, 75 in b alone, 85 in b and c
    assert locate([50, 65, 75, 85, 95], bands, priority).tolist() == expected


@pytest.mark.parametrize(("priority", "expected"), [("high", [0, 1, 2, 2]), ("low", [0, 1, 1, 2])])
def test_a_band_without_an_end_overlaps_only_with_those_that_reach_above_the_next(priority, expected):
    bands = Bands(bands={"a": 0, "b": {"from": 60, "to": 85}, "c": 80}).bands
    assert locate([59, 60, 82, 85], bands, priority).tolist() == expected


def test_names_of_bands():
    assert named(np.array([1, -1, 0]), ["low", "high"]) == ["high", None, "low"]


def test_places_are_whole_numbers_not_above_the_share():
    found = places(np.array([0, 2, 3, 29, 32, 33, 10**12]), Fraction(1, 3))
    assert found.tolist() == [0, 0, 1, 9, 10, 11, 333333333333]
    # .3 * 10 is 3 exactly; .29 * 100 in floating point is 28.999999999999996
    assert places(np.array([10, 100]), Fraction("0.3")).tolist() == [3, 30]
    assert places(np.array([100]), Fraction("0.29")).tolist() == [29]


# ------------------------------------------------------------------------------------------------ conditions and quotas


def test_without_conditions_and_quotas_the_band_is_final():
    found, reasons = assigned(Bands(bands={"low": 0, "high": 80}), ratees([90, 10, np.nan]))
    assert found["band"].tolist()[:2] == found["final"].tolist()[:2] == ["high", "low"]
    assert found[["band", "final"]].isna().iloc[2].all()
    assert found["places"].isna().all()
    assert found["tied"].tolist() == [False, False, False]
    assert found.index.tolist() == ["m0", "m1", "m2"]
    assert reasons.empty
    assert list(reasons) == ["ratee_id", "about", "code", "of", "value", "bound"]


def test_who_misses_a_condition_gets_the_next_band_and_the_reason():
    rules = Bands(
        bands={"low": 0, "middle": 60, "high": 80},
        require={"high": [{"of": "vetoes", "max": 0}, {"of": "measure.hours", "min": 45}]},
    )
    quantities = pd.DataFrame({"vetoes": [0, 0, 1, 1, 5], "measure.hours": [45, 44, 50, np.nan, 0]})
    found, reasons = assigned(rules, ratees([90, 90, 90, 90, 70]), quantities)
    assert found["band"].tolist() == ["high"] * 4 + ["middle"]
    assert found["final"].tolist() == ["high", "middle", "middle", "middle", "middle"]
    # of the last nothing is asked: he does not lie in the band
    assert reasons[["ratee_id", "about", "code", "of"]].to_numpy().tolist() == [
        ["m2", "high", "unmet", "vetoes"],
        ["m3", "high", "unmet", "vetoes"],
        ["m1", "high", "unmet", "measure.hours"],
        ["m3", "high", "unknown", "measure.hours"],
    ]
    assert found["places"].isna().all()
    assert not found["tied"].any()


def test_who_falls_must_meet_the_conditions_of_the_next_band_too():
    rules = Bands(
        bands={"low": 0, "middle": 60, "high": 80},
        require={"high": [{"of": "points", "min": 9}], "middle": [{"of": "points", "min": 5}]},
    )
    found, reasons = assigned(rules, ratees([90, 90, 90, 70]), pd.DataFrame({"points": [9, 5, 4, 4]}))
    assert found["final"].tolist() == ["high", "middle", "low", "low"]
    assert reasons["about"].tolist() == ["high", "high", "middle", "middle"]
    assert reasons["ratee_id"].tolist() == ["m1", "m2", "m2", "m3"]
    assert reasons.index.tolist() == [0, 1, 2, 3]


def test_who_misses_a_condition_of_the_lowest_band_has_none():
    rules = Bands(bands={"1": 50, "2": 80}, require={"1": [{"of": "raters", "min": 3}]})
    found, _ = assigned(rules, ratees([90, 60, 60]), pd.DataFrame({"raters": [1, 1, 3]}))
    assert found["final"].tolist()[0] == "2"
    assert found["final"].isna().tolist() == [False, True, False]


def test_who_misses_a_condition_takes_no_place_of_the_quota():
    rules = Bands(
        bands={"low": 0, "high": 80}, require={"high": [{"of": "vetoes", "max": 0}]}, quota={"high": {"max": "1/3"}}
    )
    # three count: one place. The best has a veto, so it goes to the second
    found, _ = assigned(rules, ratees([99, 98, 97]), pd.DataFrame({"vetoes": [1, 0, 0]}))
    assert found["final"].tolist() == ["low", "high", "low"]
    assert found["places"].isna().tolist() == [True, True, False]
    assert found["places"].iloc[2] == 1


def test_a_quota_of_a_lower_band_counts_those_who_fell_into_it():
    rules = Bands(bands={"low": 0, "middle": 60, "high": 80}, quota={"high": {"max": "1/4"}, "middle": {"max": "1/2"}})
    # four count: one place above, two in the middle; 99 stays, 98 and 97 fall and take both, 70 finds none
    found, _ = assigned(rules, ratees([99, 98, 97, 70]))
    assert found["final"].tolist() == ["high", "middle", "middle", "low"]
    assert found["places"].tolist()[1:] == [1, 1, 2]


def test_a_quota_holds_within_a_unit_a_category_or_the_study():
    values, units, categories = [99, 98, 97, 96, 95, 94], ["U", "U", "U", "V", "V", "V"], ["x", "y", "y", "y", "x", "x"]
    expected = {
        "unit": ["high", "low", "low", "high", "low", "low"],
        "category": ["high", "high", "low", "low", "low", "low"],
        "study": ["high", "high", "low", "low", "low", "low"],
    }
    for within, bands in expected.items():
        rules = Bands(bands={"low": 0, "high": 80}, quota={"high": {"max": "1/3", "within": within}})
        found, _ = assigned(rules, ratees(values, units, categories=categories))
        assert found["final"].tolist() == bands, within
    # of the six in the study two have a place; three of a unit, or of a category, have one
    assert found["places"].dropna().tolist() == [2, 2, 2, 2]


def test_a_category_and_the_study_differ_where_the_best_are_of_one():
    values, categories = [99, 98, 97, 96, 95, 94], ["x", "x", "x", "y", "y", "y"]
    for within, bands in {"category": "HLLHLL", "study": "HHLLLL"}.items():
        rules = Bands(bands={"L": 0, "H": 80}, quota={"H": {"max": "1/3", "within": within}})
        found, _ = assigned(rules, ratees(values, categories=categories))
        assert "".join(found["final"]) == bands


def test_within_a_unit_is_what_a_quota_says_by_default():
    rules = Bands(bands={"L": 0, "H": 80}, quota={"H": {"max": "1/2"}})
    found, _ = assigned(rules, ratees([99, 98, 97, 96], ["U", "U", "V", "V"]))
    assert "".join(found["final"]) == "HLHL"


def test_near_equal_values_are_a_tie_and_the_first_out_decides():
    rules = Bands(bands={"L": 0, "H": 80}, quota={"H": {"max": "1/2"}})
    # four count: two places; the second and the third differ by less than the tolerance
    found, _ = assigned(rules, ratees([99, 95, 95 + 5e-10, 90]))
    assert "".join(found["final"]) == "HLLL"
    assert found["tied"].tolist() == [False, True, True, False]
    assert found["places"].tolist()[1:] == [2, 2, 2]


def test_who_does_not_count_is_neither_in_the_base_nor_limited_and_a_missing_value_never_counts():
    rules = Bands(bands={"L": 0, "H": 80}, quota={"H": {"max": "1/2"}})
    found, _ = assigned(rules, ratees([99, 98, 97, 96, np.nan], counts=[False, True, True, False, True]))
    # two count: one place
    assert found["final"].tolist()[:4] == ["H", "H", "L", "H"]
    assert found["places"].dropna().tolist() == [1]


def test_a_share_of_one_leaves_everybody_in():
    rules = Bands(bands={"L": 0, "H": 80}, quota={"H": {"max": 1}})
    found, _ = assigned(rules, ratees([99, 99, 98]))
    assert "".join(found["final"]) == "HHH"
    assert not found["tied"].any()


def test_a_share_of_nought_leaves_nobody_in_and_is_no_tie():
    rules = Bands(bands={"L": 0, "H": 80}, quota={"H": {"max": 0}})
    found, _ = assigned(rules, ratees([99, 99, 70]))
    assert "".join(found["final"]) == "LLL"
    assert found["places"].tolist()[:2] == [0, 0]
    assert np.isnan(found["places"].iloc[2])
    assert not found["tied"].any()


def test_the_levels_that_are_handed_in_stay_as_they_are():
    rules = Bands(bands={"L": 0, "H": 80}, quota={"H": {"max": 0}})
    found = ratees([99.0])
    level = np.array([1])
    assign(found, rules, ["L", "H"], level, pd.DataFrame(index=found.index))
    assert level.tolist() == [1]


def test_nobody_to_assign():
    rules = Bands(bands={"L": 0, "H": 80}, quota={"H": {"max": "1/3"}}, require={"H": [{"of": "points", "min": 1}]})
    found, reasons = assigned(rules, ratees([]))
    assert list(found) == ["final", "band", "places", "tied"]
    assert len(found) == len(reasons) == 0

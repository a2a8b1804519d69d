"""How many have mended, and how long that took."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_branch import SCHEME, branch, decision, hours, member
from small_study import make, ratings_of
from statsmodels.duration.survfunc import SurvfuncRight

from toolkit.conduct.conversion import conversion, median
from toolkit.scoring.scores import score

THREE = SCHEME.replace(
    "  h2: {from: 2026-07-01, to: 2026-12-31}\n",
    "  h2: {from: 2026-07-01, to: 2026-12-31}\n  h3: {from: 2027-01-01, to: 2027-06-30}\n"
    "  year: {combine: {h1: 0.5, h2: 0.5}}\n",
)
COUNTS = ["called", "ordered", "proposed", "converted", "expelled", "open"]


def first(found):
    """The row of the first round."""
    return found.set_index("round").loc["h1"]


def test_orders_and_proposals_are_counted_apart_and_who_was_waived_not_at_all():
    # a and b are ordered to mend it, c is only proposed, d is waived, e was called by people alone, f by nobody
    decisions = [
        decision("a", "remediation", "order", "2026-07-20"), decision("b", "remediation", "order", "2026-07-20"),
        decision("b", "remediation", "close", "2026-08-20"), decision("d", "remediation", "waive", "2026-07-20"),
        decision("e", "remediation", "order", "2026-07-20"),
    ]  # fmt: skip
    scores = {"a": 65, "b": 65, "c": 65, "d": 65, "e": 90, "f": 90}
    found = first(conversion(*branch(scores, decisions=decisions)))
    assert found[COUNTS].to_list() == [4, 3, 1, 0, 0, 4]
    assert found["rate"] == Fraction(0)


def test_who_no_longer_meets_the_conditions_in_a_later_round_has_converted():
    # 70 is no C any more; 69 is; time runs from the order (2026-07-20 to 2026-12-31: 164 days), for c and d, on whom
    # nothing was decided, from the last day of the round (2026-06-30: 184 days)
    decisions = [decision(name, "remediation", "order", "2026-07-20") for name in "ab"]
    study, scores = branch(dict.fromkeys("abcd", 65), {"a": 70, "b": 69, "c": 85, "d": 100}, decisions=decisions)
    found = conversion(study, scores)
    assert first(found)[COUNTS].to_list() == [4, 2, 2, 3, 0, 1]
    assert first(found)["rate"] == Fraction(3, 4)
    # left after 164 days 3 of 4, where b is last seen; the two who remain both convert after 184
    assert first(found)["days"] == 184
    second = found.set_index("round").loc["h2"]
    assert second[COUNTS].to_list() == [1, 0, 1, 0, 0, 1]  # b again, and nothing has come after


def test_a_round_in_which_somebody_is_not_rated_tells_nothing():
    found = first(conversion(*branch({"a": 65, "b": 65}, {"b": 75})))
    assert found[["called", "converted", "open"]].to_list() == [2, 1, 1]


def test_the_first_later_round_in_which_it_is_mended_counts_even_after_one_that_tells_nothing():
    decisions = [decision("a", "remediation", "order", "2026-07-20")]
    study, scores = branch({"a": 65}, scheme=THREE, decisions=decisions)
    assert list(conversion(study, scores)["round"]) == ["h1", "h2", "h3"]  # the combined one is none of its own
    rows = {"h1": {"a": 65}, "h2": {"a": 60}, "h3": {"a": 80}}
    found = first(conversion(*three(rows, decisions)))
    assert found[["converted", "days"]].to_list() == [1, 345]  # 2026-07-20 to 2027-06-30
    del rows["h2"]
    assert first(conversion(*three(rows, decisions)))[["converted", "days"]].to_list() == [1, 345]
    rows["h2"] = {"a": 75}
    rows["h3"] = {"a": 50}  # relapsed: called anew, but once converted
    assert first(conversion(*three(rows, decisions)))[["converted", "days"]].to_list() == [1, 164]


def three(rounds, decisions=()):
    """Study and scores of three rounds."""
    parts = [
        ratings_of({(name, "peer", "overall"): [value] for name, value in rows.items()}, turn)
        for turn, rows in rounds.items()
    ]
    study = make(THREE, pd.concat(parts), decisions=list(decisions))
    return study, score(study)


def test_a_round_that_was_over_before_the_order_tells_nothing_of_it():
    decisions = [decision("a", "remediation", "order", "2026-12-31")]
    found = first(conversion(*branch({"a": 65}, {"a": 90}, decisions=decisions)))
    assert found[["converted", "open"]].to_list() == [0, 1]
    decisions = [decision("a", "remediation", "order", "2026-12-30")]
    found = first(conversion(*branch({"a": 65}, {"a": 90}, decisions=decisions)))
    assert found[["converted", "days"]].to_list() == [1, 1]


def test_whom_people_alone_called_must_be_known_again_by_all_that_the_rules_ask():
    scheme = SCHEME.replace(
        "when: [{of: grade, among: [C, D]}]", "when: [{of: grade, among: [D]}, {of: measure.hours, below: 12}]"
    )
    decisions = [decision(name, "remediation", "order", "2026-07-20") for name in "ab"]
    later = [{"round": "h2", "subject_id": "a", "measure": "hours", "value": 20}]
    study, scores = branch(
        {"a": 75, "b": 75, "c": 50}, {"a": 75, "b": 75, "c": 90}, scheme=scheme, decisions=decisions,
        measures=[*hours(a=15, b=15, c=15), *later],
    )  # fmt: skip
    # of b the hours were known in the first round and are not in the second; c was called by the grade alone
    assert first(conversion(study, scores))[["called", "converted", "open"]].to_list() == [3, 2, 1]


def test_one_condition_that_is_still_met_is_enough_to_stay_open():
    scheme = SCHEME.replace("when: [{of: grade", "when: [{of: measure.hours, below: 12}, {of: grade")
    later = [{"round": "h2", "subject_id": "a", "measure": "hours", "value": 5}]
    study, scores = branch({"a": 65}, {"a": 90}, scheme=scheme, measures=later)
    assert first(conversion(study, scores))[["converted", "open"]].to_list() == [0, 1]


def test_who_was_expelled_is_neither_converted_nor_open():
    decisions = [decision("a", "remediation", what, "2026-07-20") for what in ("order", "expel")]
    found = first(conversion(*branch({"a": 65, "b": 65}, {"a": 65, "b": 90}, decisions=decisions)))
    assert found[COUNTS].to_list() == [2, 1, 1, 1, 1, 0]
    assert found["rate"] == Fraction(1, 2)


def test_ratings_from_which_somebody_is_exempt_call_nobody():
    study, scores = branch({"a": 65, "b": 65}, members=[member("a", exempt="rating"), member("b")])
    assert first(conversion(study, scores))["called"] == 1


def test_as_long_as_fewer_than_half_have_converted_there_is_no_median():
    # one of three after 184 days; the other two were ordered and last seen after 164: left are 0 of 1 at 184
    decisions = [decision(name, "remediation", "order", "2026-07-20") for name in "ab"]
    study, scores = branch(dict.fromkeys("abc", 65), {"a": 60, "b": 60, "c": 90}, decisions=decisions)
    found = first(conversion(study, scores))
    assert found["rate"] == Fraction(1, 3)
    assert np.isnan(found["days"])
    # one of two is half
    assert first(conversion(*branch({"a": 65, "b": 65}, {"a": 90, "b": 60})))[["converted", "days"]].to_list() == [
        1,
        184,
    ]


def test_without_days_of_rounds_the_rate_is_known_and_the_time_is_not():
    scheme = SCHEME.replace("{from: 2026-07-01, to: 2026-12-31}", "{}").replace(
        "{from: 2026-01-01, to: 2026-06-30, feedback: 2026-07-10}", "{}"
    )
    found = first(conversion(*branch({"a": 65}, {"a": 90}, scheme=scheme)))
    assert found[["converted", "rate"]].to_list() == [1, 1]
    assert np.isnan(found["days"])


def test_only_those_who_are_asked_for_are_counted():
    study, scores = branch({"a": 65, "b": 65}, {"a": 90, "b": 65})
    assert first(conversion(study, scores, ratees={"a"}))[["called", "rate"]].to_list() == [1, 1]
    nobody = first(conversion(study, scores, ratees=set()))
    assert nobody["called"] == 0
    assert nobody["rate"] is None


def test_a_unit_that_nobody_rates_may_be_called_and_no_round_tells_what_became_of_it():
    study, scores = branch({"a": 90}, {"a": 90}, decisions=[decision("U", "remediation", "order", "2026-07-20")])
    assert first(conversion(study, scores))[COUNTS].to_list() == [1, 1, 0, 0, 0, 1]


def test_without_rules_there_is_nothing_to_count():
    assert conversion(*branch({"a": 65}, scheme=SCHEME[: SCHEME.index("conduct:")])).empty


# median ---------------------------------------------------------------------------------------------------------

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "kaplan_meier_gehan.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("group", list(ORACLE["inputs"]))
def test_the_median_is_that_of_kaplan_and_meier(group):
    ended, censored = (ORACLE["inputs"][group][name] for name in ("ended", "censored"))
    found = median([*ended, *censored], [*[True] * len(ended), *[False] * len(censored)])
    assert found == ORACLE["expected"][group]


def test_just_half_is_half():
    # left: 3/4, then 3/4 x 2/3 = 1/2 exactly, which floats may miss
    assert median([10, 20, 30, 40], [True, True, True, True]) == 20
    assert median([10, 20, 30, 40], [True, False, False, False]) is None
    assert median([], []) is None


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=12))
def test_the_median_agrees_with_statsmodels_wherever_the_share_left_is_not_just_half(cases):
    days, events = zip(*cases, strict=True)
    found = SurvfuncRight(np.array(days, dtype=float), np.array(events, dtype=int))
    if not np.isclose(found.surv_prob, 0.5).any():
        expected = found.quantile(0.5)
        assert median(days, events) == (None if np.isnan(expected) else expected)

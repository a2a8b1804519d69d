"""An index composed of its components: what is missing, what is added, its interval; every number by hand."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from small_study import schemes_of

from toolkit.faults import UsageError
from toolkit.scoring.index import compose

NAN = np.nan

BASE = "scales: {s: {low: 0, high: 100}}\nsources: {a: {weight: 1, scale: s}}\nmeasures: {hours: {}, tasks: {}}\n"


def scheme_of(index, more=""):
    return schemes_of(f"{BASE}index:\n  {index}\n{more}")["r"]


def people(**columns):
    """Quantities of members m0, m1, ..."""
    count = max(len(values) for values in columns.values())
    given = {"kind": "member", "unit_id": "U", "category": "", "low": NAN, "high": NAN, "coverage": 1.0, "score": NAN}
    frame = pd.DataFrame({name: [value] * count for name, value in given.items()})
    return frame.assign(**columns).set_axis([f"m{place}" for place in range(count)])


def composed(scheme, **columns):
    return compose(people(**columns), scheme.index, scheme)


HALVES = "components: {score: {weight: 0.5}, hours: {of: measure.hours, weight: 0.5, high: 40}}"


def test_an_index_and_what_each_component_adds():
    found, components = composed(scheme_of(HALVES), score=[90.0, 70.0], **{"measure.hours": [20.0, 50.0]})
    # 20 of 40 hours are 50, and 50 of 40 are no more than 100
    assert found["index"].tolist() == [70, 85]
    assert list(found) == ["index", "low", "high", "coverage"]
    assert found.index.tolist() == ["m0", "m1"]
    assert found["coverage"].tolist() == [1, 1]
    assert list(components) == ["ratee_id", "component", "of", "raw", "value", "weight", "adds"]
    assert components.to_numpy().tolist() == [
        ["m0", "score", "score", 90, 90, 0.5, 45],
        ["m1", "score", "score", 70, 70, 0.5, 35],
        ["m0", "hours", "measure.hours", 20, 50, 0.5, 25],
        ["m1", "hours", "measure.hours", 50, 100, 0.5, 50],
    ]
    assert components.index.tolist() == [0, 1, 2, 3]


def test_components_without_weights_weigh_the_same():
    scheme = scheme_of("components: {score: {}, coverage: {of: coverage, high: 1}, raters: {normalise: none}}")
    found, _ = composed(scheme, score=[90.0], raters=[30.0])
    assert found["index"].tolist() == pytest.approx([220 / 3])  # 90, 100 and 30


def test_a_category_has_its_own_weights():
    more = "categories: {farmer: {index: {score: 0.2, hours: 0.8}}, office: {}}\n"
    found, components = composed(
        scheme_of(HALVES, more),
        score=[90.0] * 3, category=["farmer", "office", ""], **{"measure.hours": [20.0] * 3},
    )  # fmt: skip
    assert found["index"].tolist() == pytest.approx([58, 70, 70])  # 18 + 40; 45 + 25
    assert components["weight"].tolist() == pytest.approx([0.2, 0.5, 0.5, 0.8, 0.5, 0.5])


def test_a_missing_component_leaves_its_weight_and_is_shown_without_any():
    found, components = composed(scheme_of(HALVES), score=[90.0, NAN], **{"measure.hours": [NAN, 20.0]})
    assert found["index"].tolist() == [90, 50]
    assert found["coverage"].tolist() == [0.5, 0.5]
    assert components["weight"].tolist() == [1, 0, 0, 1]
    assert components["adds"].fillna(-1).tolist() == [90, -1, -1, 50]
    # a quantity that nobody has is missing too
    nobody, rows = composed(scheme_of(HALVES), score=[90.0])
    assert nobody["index"].tolist() == [90]
    assert rows["raw"].isna().tolist() == [False, True]


@pytest.mark.parametrize(("least", "there"), [(0.5, True), (0.51, False), (0, True)])
def test_below_the_least_coverage_there_is_no_index(least, there):
    scheme = scheme_of(HALVES, f"missing: {{min_coverage: {least}}}\n")
    found, components = composed(scheme, score=[90.0], low=[80.0], high=[95.0])
    assert found[["index", "low", "high"]].notna().to_numpy().tolist() == [[there] * 3]
    assert found["coverage"].tolist() == [0.5]
    assert components["adds"].tolist()[0] == 90


def test_with_nothing_there_is_no_index_even_where_no_coverage_is_asked():
    found, _ = composed(scheme_of(HALVES, "missing: {min_coverage: 0}\n"), score=[NAN])
    assert found[["index", "low", "high"]].isna().all(axis=None)
    assert found["coverage"].tolist() == [0]


def test_a_score_that_rests_on_a_part_of_its_ratings_covers_no_more():
    scheme = scheme_of("components: {score: {weight: 0.8}, peers: {of: score.a, weight: 0.2}}")
    found, _ = composed(
        scheme, score=[90.0, 90.0], coverage=[0.6, 1], **{"score.a": [70.0, 70.0], "coverage.a": [0.5, 1]}
    )
    assert found["coverage"].tolist() == pytest.approx([0.58, 1])  # .48 + .1
    assert found["index"].tolist() == pytest.approx([86, 86])


def test_satisfaction_covers_what_its_panels_cover():
    text = """
scales:
  s: {low: 0, high: 100}
  t: {levels: {yes: 100, no: 0}}
sources: {a: {weight: 1, scale: s}}
satisfaction: {scale: t, dissatisfied: [no], panels: {p: {}}, topics: {x: {}}}
index: {components: {satisfaction: {weight: 0.5}, satisfaction.x: {weight: 0.3}, score: {weight: 0.2}}}
"""
    scheme = schemes_of(text)["r"]
    columns = {"satisfaction": [80.0], "satisfied_coverage": [0.4], "satisfaction.x": [60.0]}
    found, _ = composed(scheme, score=[50.0], **columns, **{"satisfied_coverage.x": [0.5]})
    assert found["index"].tolist() == pytest.approx([68])  # 40 + 18 + 10
    assert found["coverage"].tolist() == pytest.approx([0.55])  # .2 + .15 + .2


def test_exact_shares_and_whole_numbers_become_numbers():
    scheme = scheme_of(
        "components: {bad: {of: measure.hours, weight: 0.5, low: 1, high: 0}, n: {of: raters, weight: 0.5}}"
    )
    shares = pd.Series([Fraction(1, 4), None], dtype=object).to_numpy()
    found, components = composed(scheme, **{"measure.hours": shares, "raters": [20, 30]})
    assert found["index"].tolist() == [47.5, 30]  # (75 + 20) / 2
    assert components["raw"].dtype == float


def test_text_is_refused_by_name():
    scheme = scheme_of("components: {rank: {of: attribute.rank}}")
    ranks = pd.Series([3, "chief"], dtype=object).to_numpy()
    with pytest.raises(UsageError, match=r"attribute\.rank of m1 is 'chief', must be a number"):
        composed(scheme, **{"attribute.rank": ranks})


@pytest.mark.parametrize(
    ("within", "expected"),
    [("study", [100 / 3, 100, 0, 200 / 3]), ("unit", [0, 100, 0, 100]), ("category", [100, 100, 0, 0])],
)
def test_whose_values_a_component_is_compared_with(within, expected):
    scheme = scheme_of(f"components: {{hours: {{of: measure.hours, normalise: min-max, within: {within}}}}}")
    hours = {"measure.hours": [20.0, 40.0, 10.0, 30.0]}
    found, _ = composed(scheme, unit_id=["U", "U", "V", "V"], category=["x", "y", "x", "y"], **hours)
    assert found["index"].tolist() == pytest.approx(expected)


def test_the_whole_study_is_what_a_component_is_compared_with_by_default():
    scheme = scheme_of("components: {hours: {of: measure.hours, normalise: min-max}}")
    found, _ = composed(scheme, unit_id=["U", "U", "V"], **{"measure.hours": [20.0, 40.0, 10.0]})
    assert found["index"].tolist() == pytest.approx([100 / 3, 100, 0])


def test_other_means_say_not_what_a_component_adds():
    for mean, expected in (("geometric", 60), ("mpi", 65 * (1 - 1250 / 65**2)), ("power, power: 2", 4850**0.5)):
        scheme = scheme_of(f"{{mean: {mean}, components: {{score: {{}}, raters: {{normalise: none}}}}}}")
        found, components = composed(scheme, score=[90.0], raters=[40.0])
        assert found["index"].tolist() == pytest.approx([expected])  # variance 1250; (8100 + 1600) / 2
        assert components["adds"].isna().all()
        assert components["value"].tolist() == [90, 40]


# ---------------------------------------------------------------------------------------------------- extras, adjusted


EXTRAS = "{components: {score: {}}, extras: {bonus: {of: measure.hours, times: 0.1, max: 2}, raters: {}}}"


def test_extras_are_added_up_to_their_most_and_an_unknown_one_adds_nothing():
    hours = {"measure.hours": [15.0, 30.0, -30.0, NAN, -5.0]}
    found, components = composed(scheme_of(EXTRAS), score=[80.0] * 5, raters=[0.0, 0, 0, 7, 3], **hours)
    # a tenth of the hours, at most 2 either way; raters as they are
    assert found["index"].tolist() == pytest.approx([81.5, 82, 78, 87, 82.5])
    bonus = components[components["component"] == "bonus"]
    assert bonus["adds"].tolist() == pytest.approx([1.5, 2, -2, 0, -0.5])
    assert bonus["raw"].fillna(-1).tolist() == [15, 30, -30, -1, -5]
    assert bonus["of"].eq("measure.hours").all()
    assert bonus[["value", "weight"]].isna().all(axis=None)
    raters = components[components["component"] == "raters"]
    assert raters["of"].tolist() == ["raters"] * 5
    assert raters["adds"].tolist() == [0, 0, 0, 7, 3]
    assert found["coverage"].eq(1).all()  # an extra is never missing


def test_an_extra_of_which_nobody_has_any_and_the_ends_of_the_scale():
    found, _ = composed(scheme_of(EXTRAS), score=[95.0, 5.0, NAN], raters=[10.0, -10.0, 50.0])
    assert found["index"].tolist()[:2] == [100, 0]
    assert np.isnan(found["index"].iloc[2])  # an extra alone is no index


def test_an_extra_of_at_most_nought_adds_nothing():
    scheme = scheme_of("{components: {score: {}}, extras: {raters: {max: 0}}}")
    assert composed(scheme, score=[80.0], raters=[10.0])[0]["index"].tolist() == [80]


GAP = {"score": [80.0] * 6 + [90.0], "measure.hours": [24.0] * 6 + [NAN]}


def test_adjusted_fills_the_gap_and_says_what_it_filled():
    scheme = scheme_of(HALVES, "missing: {rule: adjusted}\n")
    found, components = composed(scheme, **GAP, low=[75.0] * 6 + [80.0], high=[85.0] * 6 + [100.0])
    # 24 of 40 hours are 60, 20 below the score: (90 + 70) / 2
    assert found["index"].tolist() == pytest.approx([70] * 6 + [80])
    mine = components[components["ratee_id"] == "m6"]
    assert mine["component"].tolist() == ["score", "hours", "filled"]
    assert mine["of"].tolist() == ["score", "measure.hours", "index"]
    assert mine["adds"].fillna(0).tolist() == pytest.approx([90, 0, -10])
    assert mine[["raw", "value", "weight"]].iloc[2].isna().all()
    # nothing was filled in of the others
    assert components["component"].value_counts().to_dict() == {"score": 7, "hours": 7, "filled": 1}
    # what is filled in keeps its distance: (80 + 60) / 2 and (100 + 80) / 2
    assert found.iloc[6][["low", "high"]].tolist() == pytest.approx([70, 90])


def test_adjusted_takes_the_gap_of_the_unit():
    hours = [24.0] * 5 + [NAN] + [8.0] * 5 + [NAN]
    scheme = scheme_of(HALVES, "missing: {rule: adjusted}\n")
    found, _ = composed(scheme, score=[80.0] * 12, unit_id=["U"] * 6 + ["V"] * 6, **{"measure.hours": hours})
    assert found["index"].iloc[[5, 11]].tolist() == pytest.approx([70, 50])  # gaps of 20 and 60


def test_fail_leaves_no_index_where_anything_is_missing():
    found, components = composed(scheme_of(HALVES, "missing: {rule: fail}\n"), **GAP)
    assert found["index"].notna().tolist() == [True] * 6 + [False]
    assert "filled" not in set(components["component"])


# ----------------------------------------------------------------------------------------------------------- intervals


def ends(scheme, **columns):
    found, _ = composed(scheme, **columns)
    return found[["low", "index", "high"]].to_numpy().tolist()


def test_the_ends_are_the_index_at_the_ends_of_the_score():
    columns = {"score": [80.0], "low": [70.0], "high": [95.0], "measure.hours": [24.0]}
    # hours are 60: (70 + 60) / 2, (80 + 60) / 2, (95 + 60) / 2
    assert ends(scheme_of(HALVES), **columns) == [[65, 70, 77.5]]


def test_the_ends_of_a_score_that_is_not_mapped_and_of_one_with_another_name():
    scheme = scheme_of(
        "components: {appraisal: {of: score, normalise: none, weight: 0.4}, raters: {normalise: none, weight: 0.6}}"
    )
    assert ends(scheme, score=[80.0], low=[70.0], high=[95.0], raters=[10.0]) == [pytest.approx([34, 38, 44])]


def test_the_ends_change_places_where_a_low_score_is_a_good_one():
    scheme = scheme_of("components: {score: {low: 100, high: 0, weight: 0.5}, raters: {weight: 0.5}}")
    # 100 - 20 = 80, 100 - 30 = 70, 100 - 5 = 95; raters 60
    assert ends(scheme, score=[20.0], low=[5.0], high=[30.0], raters=[60.0]) == [[65, 70, 77.5]]


def test_the_ends_are_capped_as_the_index_is_and_moved_by_extras():
    scheme = scheme_of(
        "{components: {score: {high: 90, weight: 0.5}, coverage: {weight: 0.5, high: 1}}, extras: {raters: {}}}"
    )
    # 45 / 90 = 50, 90 / 90 = 100, 99 is capped; with 100 for the coverage and 5 more
    assert ends(scheme, score=[90.0], low=[45.0], high=[99.0], raters=[-5.0]) == [[70, 95, 95]]
    assert ends(scheme, score=[90.0], low=[81.0], high=[99.0], raters=[5.0]) == [[100, 100, 100]]


def test_the_ends_in_another_mean():
    scheme = scheme_of("{mean: geometric, components: {score: {}, raters: {}}}")
    # sqrt(45 x 20) = 30, sqrt(80 x 20) = 40, sqrt(96.8 x 20) = 44
    assert ends(scheme, score=[80.0], low=[45.0], high=[96.8], raters=[20.0]) == [pytest.approx([30, 40, 44])]


def test_without_a_score_in_it_an_index_has_no_ends():
    known = {"low": [70.0], "high": [95.0], "measure.hours": [24.0]}
    for columns in ({"score": [NAN], **known}, {"score": [80.0], **known, "low": [NAN], "high": [NAN]}):
        found = ends(scheme_of(HALVES, "missing: {min_coverage: 0}\n"), **columns)[0]
        assert np.isnan([found[0], found[2]]).all()
        assert not np.isnan(found[1])
    # nor where the score is compared with others, weighs nothing, or is only an extra; nor has mpi
    for index in (
        "components: {score: {normalise: min-max}, hours: {of: measure.hours}}",
        "components: {score: {normalise: z-score}, hours: {of: measure.hours}}",
        "components: {score: {normalise: percentile}, hours: {of: measure.hours}}",
        "components: {score: {weight: 0}, hours: {of: measure.hours, weight: 1}}",
        "{components: {hours: {of: measure.hours}}, extras: {score: {times: 0.01}}}",
        "components: {score.a: {}, hours: {of: measure.hours}}",
        "{mean: mpi, components: {score: {}, hours: {of: measure.hours}}}",
    ):
        found = ends(scheme_of(index), score=[80.0], **{"score.a": [80.0]}, **known)[0]
        assert np.isnan([found[0], found[2]]).all(), index
        assert not np.isnan(found[1])


def test_each_has_his_own_ends():
    found = ends(
        scheme_of(HALVES),
        score=[80.0, 80, 80],
        low=[70.0, NAN, 60],
        high=[90.0, NAN, 85],
        **{"measure.hours": [24.0] * 3},
    )
    assert found[0] == [65, 70, 75]
    assert np.isnan([found[1][0], found[1][2]]).all()
    assert found[2] == [60, 70, 72.5]


def test_a_score_that_weighs_nothing_for_a_category_gives_it_no_ends():
    more = "categories: {x: {index: {score: 0, hours: 1}}, y: {}}\n"
    hours = {"measure.hours": [24.0, 24.0]}
    found = ends(
        scheme_of(HALVES, more), score=[80.0] * 2, low=[70.0] * 2, high=[90.0] * 2, category=["x", "y"], **hours
    )
    assert found[0][1] == 60
    assert np.isnan([found[0][0], found[0][2]]).all()
    assert found[1] == [65, 70, 75]


def test_a_score_counted_twice_moves_twice():
    scheme = scheme_of(
        "components: {score: {weight: 0.5}, again: {of: score, normalise: none, weight: 0.3}, raters: {weight: 0.2}}"
    )
    assert ends(scheme, score=[80.0], low=[70.0], high=[90.0], raters=[0.0]) == [pytest.approx([56, 64, 72])]

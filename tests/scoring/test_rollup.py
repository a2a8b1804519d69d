"""Means up a tree with something missing: every number by hand."""

import numpy as np
import pytest

from toolkit.scoring.rollup import roll_up
from toolkit.tree import Tree

FLAT = Tree(("", "a", "b", "c"), (-1, 0, 0, 0))
NESTED = Tree(("", "a", "b", "b1", "b2", "c"), (-1, 0, 0, 2, 2, 0))
"""a, b = (b1, b2), c; the leaves are a, b1, b2, c."""
NAN = np.nan


def rolled(tree, value, weights, *, asked=True, rule="renormalise", groups=None):
    value = np.array(value, dtype=float)
    seen = np.where(np.isnan(value), 0.0, 1.0)
    weights = np.array(weights, dtype=float)
    return roll_up(tree, value, seen, np.array(asked), weights=weights, rule=rule, groups=groups)


def test_weighted_mean():
    means = rolled(FLAT, [[90, 80, 70]], [1, 0.5, 0.3, 0.2])
    assert means.value[0, 0] == pytest.approx(83)  # 45 + 24 + 14
    assert means.coverage[0, 0] == 1
    assert means.reach(FLAT, 0)[0] == pytest.approx([0.5, 0.3, 0.2])


def test_renormalising_goes_node_by_node():
    means = rolled(NESTED, [[90, NAN, 60, 70]], [1, 0.5, 0.3, 0.4, 0.6, 0.2])
    # b is b2 alone: 60, not a mixture over the whole tree; then 45 + 18 + 14 = 77
    assert means.value[0] == pytest.approx([77, 90, 60, NAN, 60, 70], nan_ok=True)
    # b covers .6 of itself: .5 + .3 * .6 + .2 = .88
    assert means.coverage[0, [2, 0]] == pytest.approx([0.6, 0.88])
    assert means.reach(NESTED, 0)[0] == pytest.approx([0.5, 0, 0.3, 0.2])
    assert means.reach(NESTED, 2)[0] == pytest.approx([0, 0, 1, 0])


def test_a_missing_node_leaves_its_weight_to_its_siblings():
    means = rolled(NESTED, [[90, NAN, NAN, 70]], [1, 0.5, 0.3, 0.4, 0.6, 0.2])
    assert means.value[0, 0] == pytest.approx(590 / 7)  # (45 + 14) / .7
    assert means.coverage[0, [0, 2]] == pytest.approx([0.7, 0])
    assert means.reach(NESTED, 0)[0] == pytest.approx([5 / 7, 0, 0, 2 / 7])


def test_what_weighs_nothing_or_is_not_asked_is_never_missing():
    nothing = rolled(FLAT, [[90, 80, NAN]], [1, 0.6, 0.4, 0])
    assert (nothing.value[0, 0], nothing.coverage[0, 0]) == pytest.approx((86, 1))  # 54 + 32
    unasked = rolled(FLAT, [[90, 80, NAN]], [1, 0.5, 0.3, 0.2], asked=[[True, True, False]])
    assert (unasked.value[0, 0], unasked.coverage[0, 0]) == pytest.approx((86.25, 1))  # (45 + 24) / .8
    for rule in ("fail", "adjusted"):
        same = rolled(FLAT, [[90, 80, NAN]], [1, 0.5, 0.3, 0.2], asked=[[True, True, False]], rule=rule)
        assert same.value[0, 0] == pytest.approx(86.25)


def test_a_node_whose_leaves_are_not_asked_is_not_asked():
    means = rolled(NESTED, [[90, NAN, NAN, 70]], [1, 0.5, 0.3, 0.4, 0.6, 0.2], asked=[[True, False, False, True]])
    assert not means.asked[0, 2]
    assert means.coverage[0, 0] == 1


def test_fail_leaves_no_score_where_anything_lacks():
    means = rolled(NESTED, [[90, NAN, 60, 70]], [1, 0.5, 0.3, 0.4, 0.6, 0.2], rule="fail")
    assert np.isnan(means.value[0, [0, 2]]).all()
    assert means.coverage[0, 0] == pytest.approx(0.88)  # what was seen was seen: .5 + .3 * .6 + .2


def test_nothing_seen_is_no_score_and_no_coverage():
    means = rolled(FLAT, [[NAN, NAN, NAN]], [1, 0.5, 0.3, 0.2])
    assert np.isnan(means.value[0, 0])
    assert means.coverage[0, 0] == 0


def test_adjusted_adds_the_gap_of_the_unit():
    # c is 10 below the mean of a and b wherever both are known (.6 * 90 + .4 * 80 = 86, c = 76), in six of one unit
    rows = [[90 + k, 80 + k, 76 + k] for k in range(5)] + [[95, 85, NAN]]
    means = rolled(FLAT, rows, [1, 0.36, 0.24, 0.4], rule="adjusted", groups=np.zeros(6, dtype=int))
    # seen: 91; filled: 91 - 10 = 81; .6 * 91 + .4 * 81 = 87
    assert means.value[5, 0] == pytest.approx(87)
    assert means.coverage[5, 0] == pytest.approx(0.6)
    assert rolled(FLAT, rows, [1, 0.36, 0.24, 0.4]).value[5, 0] == pytest.approx(91)


@pytest.mark.parametrize(
    ("have", "seen", "expected"),
    [
        ([80, 95], 98, 99),  # 98 + 15 is filled as 100; (98 + 100) / 2, not 105.5
        ([95, 80], 2, 1),  # 2 - 15 is filled as 0
    ],
)
def test_what_is_filled_lies_on_the_scale(have, seen, expected):
    means = rolled(Tree(("", "a", "b"), (-1, 0, 0)), [have] * 5 + [[seen, NAN]], [1, 0.5, 0.5], rule="adjusted")
    assert means.value[5, 0] == pytest.approx(expected)


def test_each_of_two_that_are_filled_lies_on_the_scale():
    rows = [[80, 95, 70]] * 5 + [[98, NAN, NAN]]
    means = rolled(FLAT, rows, [1, 0.5, 0.3, 0.2], rule="adjusted")
    assert means.value[5, 0] == pytest.approx(96.6)  # .5 * 98 + .3 * 100 + .2 * 88


@pytest.mark.parametrize(("both", "gap"), [(5, -10.0), (4, -16.0)])
def test_the_gap_is_the_units_where_five_have_both_and_else_the_studys(both, gap):
    tree = Tree(("", "a", "b"), (-1, 0, 0))
    mine = [[90, 80]] * both + [[90, NAN]]
    others = [[90, 70]] * 6
    groups = np.array([0] * len(mine) + [1] * len(others))
    means = rolled(tree, mine + others, [1, 0.5, 0.5], rule="adjusted", groups=groups)
    # over the study with 4: (4 * -10 + 6 * -20) / 10 = -16
    assert means.value[both, 0] == pytest.approx(90 + gap / 2)


def test_a_gap_counts_only_ratees_who_have_every_source_seen():
    # the last lacks c and has a and b; the second last has no b, so he does not tell how c lies to a and b
    rows = [[90, 80, 75]] * 5 + [[90, NAN, 0], [90, 80, NAN]]
    means = rolled(FLAT, rows, [1, 0.25, 0.25, 0.5], rule="adjusted")
    assert means.value[6, 0] == pytest.approx(80)  # .5 * 85 + .5 * (85 - 10)


def test_without_anybody_who_has_both_nothing_is_added():
    means = rolled(Tree(("", "a", "b"), (-1, 0, 0)), [[90, NAN], [80, NAN]], [1, 0.5, 0.5], rule="adjusted")
    assert means.value[:, 0] == pytest.approx([90, 80])

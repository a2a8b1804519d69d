"""The tree of units, as a table gives it: in any order."""

import pandas as pd

from toolkit.reporting.unit_tree import UnitTree

TREE = UnitTree.of(pd.DataFrame({"unit_id": [*"xapby"], "parent_id": ["b", "p", "", "p", "b"]}))


def test_every_unit_has_those_below_it_right_after_it():
    assert TREE.depth == {"p": 0, "a": 1, "b": 1, "x": 2, "y": 2}
    assert list(TREE.depth) == [*"pabxy"]


def test_units_have_neighbours():
    assert TREE.children == {"": ["p"], "p": ["a", "b"], "b": ["x", "y"], "a": [], "x": [], "y": []}
    assert TREE.below("b") == {"b", "x", "y"}
    assert TREE.below("") == set("pabxy") | {""}
    assert TREE.level("a") == ["a", "b"]
    assert TREE.leaves == ["a", "x", "y"]


def test_a_tree_of_thousands_is_no_deeper_than_the_stack():
    ids = [str(number) for number in range(5000)]
    chain = UnitTree.of(pd.DataFrame({"unit_id": ids, "parent_id": ["", *ids[:-1]]}))
    assert chain.depth["4999"] == 4999

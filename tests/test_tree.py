"""A flattened tree knows its leaves, its paths, and what lies below a node."""

import pytest

from toolkit.tree import Tree

#  root - a - a1, a2
#       - b
TREE = Tree(("root", "a", "a1", "a2", "b"), (-1, 0, 1, 1, 0))


def test_leaves_come_in_order_and_children_before_parents():
    assert TREE.leaves.tolist() == [2, 3, 4]
    assert TREE.inner == [1, 0]


@pytest.mark.parametrize(("node", "path"), [(0, [0]), (3, [3, 1, 0]), (4, [4, 0])])
def test_path_leads_to_the_root(node, path):
    assert TREE.path(node) == path


def test_below_holds_the_node_itself_if_it_is_a_leaf():
    assert TREE.below.tolist() == [
        [True, True, True],
        [True, True, False],
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]


def test_a_root_alone_is_a_leaf():
    alone = Tree(("root",), (-1,))
    assert alone.leaves.tolist() == [0]
    assert alone.inner == []
    assert alone.below.tolist() == [[True]]
    assert len(alone) == 1
    assert TREE.position["a2"] == 3
    assert TREE.children(1) == [2, 3]

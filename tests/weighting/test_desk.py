"""A desk: what is moved weighs what was asked, locked ones stay, the others keep their proportions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_study import schemes_of

from toolkit.faults import UsageError
from toolkit.weighting.desk import Desk, Node

SCHEME = schemes_of("""
scales: {score: {low: 0, high: 100}}
sources:
  superior: {weight: 0.3, scale: score, items: {leader: {weight: 0.4}, team: {weight: 0.6}}}
  peer: {weight: 0.3, scale: score}
  public: {weight: 0.35, scale: score}
  self: {weight: 0.05, scale: score}
indicators:
  virtue: {weight: 1/3}
  ability: {weight: 1/3}
  results: {weight: 1/3, items: {delivery: {}, service: {}, alone: {items: {only: {}}}}}
categories:
  cadre: {sources: {superior: 0.5, peer: 0.2, public: 0.3, self: 0}}
  farmer: {indicators: {virtue: 0.5, ability: 0.25, results: 0.25}}
""")["r"]
DESK = Desk.of(SCHEME)
PEER, PUBLIC, SUPERIOR, SELF = (Node("sources", name) for name in ("peer", "public", "superior", "self"))
NODES = [node for group in DESK.sets.values() for node in group]


def weights(scheme, section, category=None):
    return scheme.source_weights(category) if section == "sources" else scheme.indicator_weights(category)


def every(desk):
    """Weights of every set of siblings in every category."""
    for (section, _), group in desk.sets.items():
        for category in (None, *desk.scheme.categories):
            held = weights(desk.scheme, section, category)
            yield section, category, {node.name: held[node.name] for node in group}


steps = st.lists(
    st.one_of(
        st.tuples(st.just("move"), st.sampled_from(NODES), st.fractions(0, 1, max_denominator=100)),
        st.tuples(st.sampled_from(["lock", "unlock"]), st.sampled_from(NODES), st.just(Fraction(0))),
        st.tuples(st.just("reset"), st.just(PEER), st.just(Fraction(0))),
    ),
    max_size=12,
)


def done(desk, step):
    """A step on a desk; what cannot be done leaves it as it is."""
    kind, node, part = step
    if kind == "move":
        low, high = desk.room(node)
        try:
            return desk.move(node, low + part * (high - low))
        except UsageError:  # those that would share the rest weigh nothing
            return desk
    return desk.reset() if kind == "reset" else desk.lock(node, locked=kind == "lock")


@given(steps)
def test_whatever_is_done_siblings_sum_to_one_and_none_is_negative(path):
    desk = DESK
    for step in path:
        desk = done(desk, step)
    for section, category, held in every(desk):
        assert sum(held.values()) == 1, (section, category)
        assert min(held.values()) >= 0


@given(steps, st.sampled_from(NODES), st.fractions(0, 1, max_denominator=1000))
def test_a_move_keeps_locks_and_proportions_in_every_category(path, node, part):
    desk = DESK
    for step in path:
        desk = done(desk, step)
    low, high = desk.room(node)
    after = done(desk, ("move", node, part))
    others = [one.name for one in desk.siblings(node) if one != node]
    locked = [one.name for one in desk.siblings(node) if one in desk.locked]
    free = [name for name in others if name not in locked]
    start = desk.start if desk.last == node else desk.scheme
    if after is not desk:
        assert after.weight(node) == low + part * (high - low)
    for category in (None, *desk.categories(node)):
        old, new = (weights(scheme, node.section, category) for scheme in (start, after.scheme))
        assert all(new[name] == weights(desk.scheme, node.section, category)[name] for name in locked)
        if after is not desk:
            rest = [sum(held[name] for name in free) for held in (old, new)]
            assert all(old[name] * rest[1] == new[name] * rest[0] for name in free)
    for section, category, held in every(after):
        if node.name not in held:
            assert held.items() <= weights(desk.scheme, section, category).items()


def test_a_set_is_all_siblings_and_a_node_alone_is_none():
    assert {key: [node.name for node in group] for key, group in DESK.sets.items()} == {
        ("sources", ""): ["superior", "peer", "public", "self"],
        ("sources", "superior"): ["leader", "team"],
        ("indicators", "overall"): ["virtue", "ability", "results"],
        ("indicators", "results"): ["delivery", "service", "alone"],
    }
    with pytest.raises(UsageError, match="indicators: 'only', must be one of virtue, ability, results, delivery"):
        DESK.move(Node("indicators", "only"), 1)


def test_a_weight_drawn_to_the_end_and_back_has_changed_nothing():
    there = DESK.move(PUBLIC, 1)
    assert there.weight(PEER) == 0
    assert there.move(PUBLIC, 0.35).scheme.source_weights() == SCHEME.source_weights()
    assert there.move(PUBLIC, 0.35).moved == []


def test_a_move_by_hand():
    """0.3 + 0.3 + 0.05 share 0.5, of which the locked 0.3 stays: 0.2 between 0.3 and 0.05."""
    desk = DESK.lock(PEER).move(PUBLIC, "50%")
    expected = {"peer": "0.3", "public": "0.5", "superior": "6/35", "self": "1/35"}
    assert {node.name: desk.weight(node) for node in (PEER, PUBLIC, SUPERIOR, SELF)} == {
        name: Fraction(weight) for name, weight in expected.items()
    }
    assert desk.scheme.source_weights("cadre")["peer"] == Fraction(1, 5)
    assert desk.scheme.source_weights("cadre")["superior"] == Fraction(3, 10)
    assert desk.moved == [SUPERIOR, PUBLIC, SELF]
    assert desk.reset().scheme is SCHEME
    assert desk.reset().locked == {PEER}


def test_the_room_is_what_locks_leave_in_every_category():
    assert DESK.room(PUBLIC) == (0, 1)
    assert DESK.lock(PEER).room(PUBLIC) == (0, Fraction(7, 10))
    assert DESK.lock(SUPERIOR).room(PUBLIC) == (0, Fraction(1, 2))  # of a cadre the superior keeps half


def test_what_cannot_be_moved_is_refused_with_its_bound():
    locked = DESK.lock(PEER)
    with pytest.raises(
        UsageError, match=r"sources: public weighs 0\.8, must lie between 0 and 0\.7 while peer is locked"
    ):
        locked.move(PUBLIC, 0.8)
    with pytest.raises(UsageError, match=r"peer weighs 0\.2, must stay 0\.3 while peer is locked"):
        locked.move(PEER, 0.2)
    last = locked.lock(SUPERIOR).lock(SELF)
    with pytest.raises(UsageError, match=r"public weighs 0\.4, must stay 0\.35 while superior, peer, self is locked"):
        last.move(PUBLIC, 0.4)
    assert last.move(PUBLIC, 0.35) is last
    assert last.lock(SELF, locked=False).room(PUBLIC)[1] > 0
    with pytest.raises(UsageError, match=r"sources: public weighs '-1', must be a number"):
        DESK.move(PUBLIC, "-1")
    with pytest.raises(UsageError, match="sources: 'press', must be one of"):
        DESK.lock(Node("sources", "press"))


def test_who_has_nothing_to_share_cannot_take_a_rest():
    desk = DESK.move(PUBLIC, 1).lock(SELF).lock(SELF, locked=False)
    with pytest.raises(UsageError, match="its siblings have no weight to share"):
        desk.move(PUBLIC, 0.5)


def test_categories_with_weights_of_their_own_are_named():
    assert DESK.categories(PUBLIC) == ["cadre"]
    assert DESK.categories(Node("indicators", "virtue")) == ["farmer"]
    assert DESK.categories(Node("sources", "team")) == []

"""Weights on a desk: one is moved, locked ones stay, the others keep their proportions; siblings always sum to 1."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from toolkit.faults import UsageError, one_of
from toolkit.fields import exact

if TYPE_CHECKING:
    from toolkit.scheme import Scheme
    from toolkit.tree import Tree

Section = Literal["sources", "indicators"]
SECTIONS: tuple[Section, ...] = ("sources", "indicators")


class Node(NamedTuple):
    """A source or an indicator."""

    section: Section
    name: str


@dataclass(frozen=True)
class Desk:
    """A scheme, and what has become of its weights.

    Attributes
    ----------
    own : Scheme
        As it was laid on the desk.
    scheme : Scheme
        With the weights as they are now. A move acts in every category, see `Scheme.reweighted`.
    locked : frozenset of Node
        Whose weights stay.
    last : Node or None
        What was moved last, and `start`, the scheme before it began to move: while the same weight goes on moving, what
        the others keep are their proportions there. So one that is drawn to 1 and back changes nothing.
    """

    own: Scheme
    scheme: Scheme
    locked: frozenset[Node] = frozenset()
    last: Node | None = None
    start: Scheme | None = None

    @classmethod
    def of(cls, scheme: Scheme) -> Desk:
        """A desk with a scheme as it is."""
        return cls(scheme, scheme)

    @property
    def sets(self) -> dict[tuple[Section, str], list[Node]]:
        """Every set of siblings that can be weighed against each other, by section and parent (the root's name)."""
        found: dict[tuple[Section, str], list[Node]] = {}
        for section in SECTIONS:
            tree = _tree(self.own, section)
            for place, parent in enumerate(tree.names):
                children = tree.children(place)
                if len(children) > 1:
                    found[section, parent] = [Node(section, tree.names[child]) for child in children]
        return found

    def siblings(self, node: Node) -> list[Node]:
        """A node and its siblings.

        Raises
        ------
        UsageError
            If there is no such node, or it has no siblings.
        """
        found = next((group for group in self.sets.values() if node in group), None)
        if found is None:
            known = [one.name for group in self.sets.values() for one in group if one.section == node.section]
            raise UsageError(f"{node.section}: {node.name!r}, {one_of(node.name, known)}")
        return found

    def weight(self, node: Node) -> Fraction:
        """What a node weighs within its parent, 0-1, where no category says otherwise."""
        return _weights(self.scheme, node.section, None)[node.name]

    def categories(self, node: Node) -> list[str]:
        """The categories that have weights of their own for a node and its siblings."""
        names = {one.name for one in self.siblings(node)}
        return [name for name, category in self.own.categories.items() if names & set(getattr(category, node.section))]

    def room(self, node: Node) -> tuple[Fraction, Fraction]:
        """Between which weights a node can be moved: both are its own where it is locked, or all its siblings are."""
        others = [one for one in self.siblings(node) if one != node]
        if node in self.locked or self.locked.issuperset(others):
            return self.weight(node), self.weight(node)
        kept = [one.name for one in others if one in self.locked]
        held = [_weights(self.scheme, node.section, name) for name in (None, *self.categories(node))]
        return Fraction(0), min(1 - sum((weights[name] for name in kept), Fraction(0)) for weights in held)

    def move(self, node: Node, weight: object) -> Desk:
        """Give a node another weight; its locked siblings stay, the others share the rest in their proportions.

        Parameters
        ----------
        node : Node
            A source or an indicator.
        weight : number or str
            0-1, as a number, "1/3" or "30%".

        Raises
        ------
        UsageError
            If there is no such node, it cannot move so far, or not at all because of what is locked, or those that
            would have to share the rest weigh nothing.
        """
        low, high = self.room(node)
        try:
            target = exact(weight)
        except ValueError as error:
            raise UsageError(f"{node.section}: {node.name} weighs {weight!r}, {error}") from None
        if not low <= target <= high:
            bound = f"must stay {float(low):.12g}" if low == high else f"must lie between 0 and {float(high):.12g}"
            held = ", ".join(one.name for one in self.siblings(node) if one in self.locked)
            locked = f" while {held} is locked" if held else ""
            raise UsageError(f"{node.section}: {node.name} weighs {float(target):.12g}, {bound}{locked}")
        if low == high:
            return self
        start = self.start if self.start is not None and node == self.last else self.scheme
        keep = [one.name for one in self.siblings(node) if one in self.locked]
        given: dict[str, Any] = {node.name: target}
        made = (
            start.reweighted(given, keep=keep)
            if node.section == "sources"
            else start.reweighted(indicators=given, keep=keep)
        )
        return replace(self, scheme=made, last=node, start=start)

    def lock(self, node: Node, *, locked: bool = True) -> Desk:
        """Lock a weight where it is, or unlock it."""
        self.siblings(node)
        held = self.locked | {node} if locked else self.locked - {node}
        return replace(self, locked=held, last=None, start=None)

    def reset(self) -> Desk:
        """The scheme's own weights again; locks stay."""
        return replace(self, scheme=self.own, last=None, start=None)

    @property
    def moved(self) -> list[Node]:
        """What does not weigh what it did."""
        own = {section: _weights(self.own, section, None) for section in SECTIONS}
        return [
            node for group in self.sets.values() for node in group if self.weight(node) != own[node.section][node.name]
        ]


def _tree(scheme: Scheme, section: Section) -> Tree:
    return scheme.source_tree if section == "sources" else scheme.indicator_tree


def _weights(scheme: Scheme, section: Section, category: str | None) -> dict[str, Fraction]:
    return scheme.source_weights(category) if section == "sources" else scheme.indicator_weights(category)

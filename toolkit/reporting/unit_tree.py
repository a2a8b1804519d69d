"""The tree of the units, walked once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class UnitTree:
    """Which unit lies below which.

    Attributes
    ----------
    children : dict
        The units right below every unit, and those at the top below "".
    parent : dict
        The unit right above every unit, "" above those at the top.
    depth : dict
        How deep every unit lies, 0 at the top; in the order of the tree: each unit, then all below it.
    """

    children: dict[str, list[str]]
    parent: dict[str, str]
    depth: dict[str, int]

    @classmethod
    def of(cls, units: pd.DataFrame) -> UnitTree:
        """The tree of a study's `units`."""
        parent = dict(zip(units["unit_id"], units["parent_id"], strict=True))
        children: dict[str, list[str]] = {unit: [] for unit in ["", *parent]}
        parent = {unit: above if above in parent else "" for unit, above in parent.items()}
        for unit, above in parent.items():
            children[above].append(unit)
        depth: dict[str, int] = {}
        ahead = [(unit, 0) for unit in reversed(children[""])]
        while ahead:
            unit, level = ahead.pop()
            depth[unit] = level
            ahead += [(child, level + 1) for child in reversed(children[unit])]
        return cls(children, parent, depth)

    @cached_property
    def leaves(self) -> list[str]:
        """The units without units below."""
        return [unit for unit in self.depth if not self.children[unit]]

    @cached_property
    def levels(self) -> dict[int, list[str]]:
        """Units by how deep they lie."""
        found: dict[int, list[str]] = {}
        for unit, depth in self.depth.items():
            found.setdefault(depth, []).append(unit)
        return found

    def level(self, unit: str) -> list[str]:
        """The units as deep as this one."""
        return self.levels[self.depth[unit]]

    def below(self, unit: str) -> set[str]:
        """A unit and all below it."""
        found = [unit]
        for each in found:
            found += self.children[each]
        return set(found)

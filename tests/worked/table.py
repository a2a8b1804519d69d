"""The tables of worked examples in surveys/README.md: rows read as they stand, and checked against what is computed."""

from __future__ import annotations

import ast
import operator
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MANUAL = Path(__file__).parents[2] / "surveys" / "README.md"
HEADER = "| rule | scheme | given | worked |"
BOLD = re.compile(r"\*\*(.+?)\*\*")
TOKEN = re.compile(r"(?<![\w.])(?:\d{4}-\d\d-\d\d|-?\d+(?:\.\d+)?)(?!\w)")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
SUM = re.compile(r"(?<![\w.])([-(]*\d[-\d.()×+/^ ]*[×+/^-][-\d.()×+/^ ]*) = (-?\d+(?:\.\d+)?)")
OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}  # fmt: skip
WORKED: dict[str, Callable[[Row], Iterable[Any]]] = {}
"""What each rule gives, by its name in the first column."""


@dataclass(frozen=True)
class Row:
    """A row of a table of worked examples.

    Attributes
    ----------
    rule, worked : str
        The first and the last cell.
    fragments : tuple of str
        Sections of a scheme, as YAML.
    given : tuple
        The numbers of the third cell, days as text.
    """

    rule: str
    fragments: tuple[str, ...]
    given: tuple[Any, ...]
    worked: str

    @property
    def results(self) -> list[str]:
        """What the row says comes of it: all that is bold."""
        return BOLD.findall(self.worked)

    @property
    def sums(self) -> list[tuple[str, str]]:
        """Every line of arithmetic: what stands before an equals sign, and after it."""
        return SUM.findall(self.worked.replace("**", ""))

    def text(self, *changes: tuple[str, str]) -> str:
        """Scheme of the example: the common sections that it does not state itself, and its own."""
        stated = {fragment.partition(":")[0] for fragment in self.fragments}
        parts = [part for part in common() if part.partition(":")[0] not in stated]
        text = "\n".join([*parts, *self.fragments]) + "\n"
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        return text


def rule(name: str) -> Callable[[Callable[[Row], Iterable[Any]]], Callable[[Row], Iterable[Any]]]:
    """Mark a function as the test of the row called `name`: it returns what the row says in bold, in that order."""

    def add(function: Callable[[Row], Iterable[Any]]) -> Callable[[Row], Iterable[Any]]:
        assert name not in WORKED, name
        WORKED[name] = function
        return function

    return add


def common() -> list[str]:
    """The sections on which all examples rest: the indented block above the tables, section by section."""
    (block,) = re.findall(r"\n((?:    .*\n)+)\n[^|]*?(?=### |\| rule)", examples())
    lines = re.sub(r"^    ", "", block, flags=re.MULTILINE)
    return [part.rstrip() for part in re.split(r"^(?=\w)", lines, flags=re.MULTILINE) if part.strip()]


def examples() -> str:
    """The part of the manual that holds the tables."""
    text = MANUAL.read_text(encoding="utf-8")
    return text.partition("\n## Worked examples\n")[2].partition("\n## ")[0]


def rows() -> list[Row]:
    """Every row of every table."""
    lines = [line for line in examples().splitlines() if line.startswith("|")]
    return [_row(line) for line in lines if line != HEADER and not set(line) <= set("|- ")]


def _row(line: str) -> Row:
    cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
    assert len(cells) == 4, line
    name, fragments, given, worked = cells
    numbers = (token if DAY.fullmatch(token) else float(token) if "." in token else int(token)
               for token in TOKEN.findall(given))  # fmt: skip
    return Row(name, tuple(re.findall(r"`([^`]+)`", fragments)), tuple(numbers), worked)


def sections_of(fragment: str) -> dict[str, Any]:
    """A fragment as YAML."""
    return YAML(typ="safe").load(fragment)


def calculated(text: str) -> float:
    """The value of a line of arithmetic, by a calculator that knows + - × / ^ and brackets."""

    def value(node: ast.AST) -> float:
        if isinstance(node, ast.BinOp):
            return OPERATORS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.UnaryOp):
            return -value(node.operand)
        assert isinstance(node, ast.Constant)
        return node.value

    return value(ast.parse(text.strip().replace("×", "*").replace("^", "**"), mode="eval").body)


def says(text: str, value: Any) -> bool:
    """Whether a text of the manual is a value: words and fractions exactly, numbers as far as they are written."""
    if isinstance(value, str):
        return text == value
    if value is None or value is pd.NA or value != value:  # noqa: PLR0124
        return text == "none"
    if "/" in text or isinstance(value, Fraction):
        return Fraction(text) == value
    if not TOKEN.fullmatch(text):
        return False
    digits = len(text.partition(".")[2])
    return abs(float(text) - float(value)) <= (0.5 * 10**-digits if digits else 0) + 1e-9

"""Numbers that others published, by the id of their file."""

import json
from pathlib import Path

import pytest
from hypothesis import settings

ORACLES = Path(__file__).parents[1] / "oracles"
steady = settings(deadline=None, derandomize=True)
"""Of tests that look for an exception to what must hold: the same cases in every run."""


def oracle(name):
    """Inputs, what is expected, and a function that says how near is near enough."""
    case = json.loads((ORACLES / f"{name}.json").read_text(encoding="utf-8"))
    return case["inputs"], case["expected"], lambda value: pytest.approx(value, abs=case["tolerance"])

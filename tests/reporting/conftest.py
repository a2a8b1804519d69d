"""The demo, read and scored once, and a slice made by hand."""

from dataclasses import replace
from pathlib import Path

import pytest

import toolkit as tk
from toolkit.reporting.slices import Slice

DEMO = Path(__file__).parents[2] / "surveys" / "demo"


@pytest.fixture(scope="session")
def study_folder():
    return DEMO


@pytest.fixture(scope="session")
def study(study_folder):
    return tk.read_study(study_folder)


@pytest.fixture(scope="session")
def scores(study):
    return tk.score(study)


def hand_made(language="en", **changes):
    """A small slice whose every number is known: three members, two sources, four indicators."""
    text = Path(__file__).with_name(f"slice.{language}.json").read_text(encoding="utf-8")
    return replace(Slice.from_json(text), **changes)


@pytest.fixture
def make_view():
    return hand_made

"""Captions and alt texts of every unit and of many members of the demo: of nobody else, and of nothing hidden."""

import ast
import re
from pathlib import Path

import pytest

from toolkit.reporting import change, member, notice, plots, results, tables
from toolkit.reporting.compare import compare
from toolkit.reporting.cutting import cut
from toolkit.reporting.plots import Plot, Plots
from toolkit.reporting.sheets import Sheets
from toolkit.reporting.table import Table

ROUND = "2026H2"


def captions(view, *rooms):
    """What stands in captions and alt texts of whatever these rooms make of a view."""
    told = {}
    for room in rooms:
        tree = ast.parse(Path(room.__file__).read_text(encoding="utf-8"))
        makers = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
        for maker in makers:
            if [argument.arg for argument in maker.args.args] in (["view"], ["sheet"]):
                shown = getattr(room, maker.name)(view)
                for part in shown.plots if isinstance(shown, Plots) else (shown,):
                    if isinstance(part, Table):
                        told[f"{room.__name__}.{maker.name}"] = part.caption
                    if isinstance(part, Plot):
                        told[f"{room.__name__}.{maker.name} drawn"] = f"{part.caption} {part.alt}"
    return told


def named(texts, names):
    """Which of these names stand in a text as a word of their own."""
    whole = {word for text in texts for word in re.findall(r"[\u4e00-\u9fff]+", text)}
    return {name for name in names if name in whole or any(len(name) > 3 and name in text for text in texts)}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("unit", [f"B{n:02d}" for n in range(1, 13)])
def test_a_units_captions_are_about_the_unit_alone(study, scores, unit, language):
    view = cut(study, scores, unit, ROUND, language)
    told = captions(view, tables, plots, results, notice)
    told |= captions(compare(study, scores, unit, ROUND, language=language), change)
    assert len(told) > 20
    own = study.members["unit_id"] == unit
    assert named(told.values(), set(study.members.loc[own, "name"]))
    people = set(study.members.loc[~own, "name"]) - set(study.members.loc[own, "name"])
    units = set(study.units.loc[study.units["unit_id"] != unit, "name"])
    assert not named(told.values(), people | units)


def test_no_caption_speaks_of_a_source_that_is_hidden(study, scores):
    hidden = shown = 0
    for unit in study.units["unit_id"]:
        view = cut(study, scores, unit, ROUND, "en")
        told = captions(view, tables, plots)
        # participation and the weights of the scheme are told of every source
        about = [text for name, text in told.items() if not name.endswith((".turnout", ".weights"))]
        shown += sum(label in text for text in about for label in view.labels.values())
        for label in view.hidden["label"]:
            hidden += 1
            assert not [text for text in about if label and label in text], unit
    assert min(hidden, shown) > 0


def test_a_members_captions_name_nobody(study, scores):
    sheets = Sheets(study, scores, ROUND, "zh")
    hidden = 0
    for ratee in study.members["member_id"].iloc[::7]:
        sheet = sheets.cut(ratee)
        told = captions(sheet, member)
        assert not named(told.values(), set(study.members["name"]) | set(study.units["name"]))
        for label in sheet.hidden["label"]:
            hidden += 1
            assert not [text for text in told.values() if label and label in text], ratee
    assert hidden > 0

"""Every figure is small, well formed, the same each time, and says in words what it shows."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from toolkit.documents.notebook import read
from toolkit.reporting import plots, prose
from toolkit.reporting.chart import WIDTH, shortened

NAMES = ["distribution", "league", "profile", "selves"]
HOSTILE = ["$x$", "$\\frac{", "<b>x</b>", "_a_", "_", "*", "]]>", "&amp;", "%s {0}", "\\alpha", "长" * 300, "W" * 300]
SVG = "{http://www.w3.org/2000/svg}"


def texts(plot):
    """What stands in a figure, as text."""
    return ["".join(element.itertext()) for element in ET.fromstring(plot.svg).iter(f"{SVG}text")]  # noqa: S314


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", NAMES)
def test_a_figure_is_svg_with_text_in_the_chinese_font(make_view, name, language):
    plot = getattr(plots, name)(make_view(language))
    root = ET.fromstring(plot.svg)  # noqa: S314
    assert root.get("width") == f"{WIDTH:g}pt"
    assert len(plot.svg) < 5_000
    assert list(root.iter(f"{SVG}text"))
    assert root.get("font-family").startswith("Noto Sans SC, ")


def test_a_distribution_names_no_unit_but_this(make_view):
    plot = plots.distribution(make_view())
    assert "This unit 89.6" in texts(plot)
    assert plot.caption == "The unit among all 4 units at its level"
    assert plot.alt == "The unit among all 4 units at its level: 92.0, 89.6, 80.0, 75.5"
    overview = make_view("zh", units=make_view().units.assign(own=False))
    assert plots.distribution(overview).caption == "4 个单位的平均分"


def test_units_with_the_same_score_are_one_mark_and_all_count(make_view):
    units = pd.DataFrame({"score": [92.0, 89.6, 80.0], "own": [False, True, False], "count": [7, 1, 1]})
    plot = plots.distribution(make_view(units=units))
    assert plot.alt == "The unit among all 9 units at its level: 92.0 (7 ×), 89.6, 80.0"
    assert prose.summary(make_view(units=units)).markdown.count("1 of the 8 other units") == 1


def test_a_league_has_the_members_with_a_score(make_view):
    view = make_view("zh")
    plot = plots.league(make_view("zh", method={**view.method, "bands": {"good": 90.0, "fair": 60.0}}))
    assert "合格" not in texts(plot)  # its cut lies outside the figure
    assert {"张三", "Li Si", "优秀"} <= set(texts(plot))
    assert "欧阳修" not in texts(plot)
    assert plot.alt == "党员得分及置信区间: 张三 91.2, Li Si 88.0"


def test_a_profile_has_the_indicators_and_sources(make_view):
    plot = plots.profile(make_view())
    assert {"Virtue", "Ability", "Diligence", "Results", "Superiors", "Peers", "All sources"} <= set(texts(plot))
    assert plot.alt.endswith("Virtue 92.0, Ability 90.0, Diligence 88.0, Results 86.0")


def test_selves_tell_the_gap(make_view):
    plot = plots.selves(make_view())
    assert {"Ability", "Self", "Others"} <= set(texts(plot))
    assert plot.alt.endswith(": Ability -1.0")


def test_where_there_is_nothing_there_is_no_figure(make_view):
    view = make_view()
    assert plots.distribution(make_view(units=view.units.iloc[:2])) is None
    assert plots.league(make_view(league=view.league.assign(score=np.nan))) is None
    assert plots.league(make_view(league=view.league.iloc[:0])) is None
    assert plots.profile(make_view(matrix=view.matrix.iloc[:1])) is None
    assert plots.selves(make_view(selves=view.selves.iloc[:1])) is None
    assert plots.selves(make_view(selves=view.selves.iloc[:0])) is None


def test_what_is_missing_is_left_out(make_view):
    """Hidden means, members without an interval, schemes without grades."""
    view = make_view()
    matrix = view.matrix.assign(score=np.nan)
    assert "Virtue —" in plots.profile(make_view(matrix=matrix)).alt
    assert plots.profile(make_view(matrix=matrix, by_source=view.by_source * np.nan)) is not None
    league = view.league.assign(low=np.nan, high=np.nan)
    assert plots.league(make_view(league=league, method={**view.method, "bands": {}})) is not None


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_only_text(make_view, name):
    short = shortened(name)
    labels = dict.fromkeys(make_view().labels, name)
    view = make_view(labels=labels, league=make_view().league.assign(name=name))
    view = make_view(
        labels=labels,
        league=view.league,
        matrix=view.matrix.assign(label=name),
        selves=view.selves.assign(label=name),
        method={**view.method, "bands": {"good": 89.0}, "grade_labels": {"good": name}},
    )
    assert texts(plots.league(view)).count(short) >= 2
    assert texts(plots.profile(view)).count(short) == len(view.matrix) - 1 + 2
    assert texts(plots.selves(view)).count(short) == len(view.selves)


def test_a_document_takes_every_figure_with_its_words(make_view):
    for name in NAMES:
        plot = getattr(plots, name)(make_view())
        named = {"alt": plot.alt, "caption": plot.caption}
        output = new_output("display_data", {"image/svg+xml": plot.svg}, metadata={"image/svg+xml": named})
        (figure,) = read(new_notebook(cells=[new_code_cell(outputs=[output])])).blocks
        assert (figure.alt, figure.caption) == (plot.alt, plot.caption)
        assert "</text>" in figure.svg


def test_more_sources_than_colours_are_all_drawn(make_view):
    many = [f"s{place}" for place in range(9)]
    by_source = pd.DataFrame(80.0, index=make_view().matrix.index, columns=many)
    plot = plots.profile(make_view(by_source=by_source, labels={name: name.upper() for name in many}))
    assert {name.upper() for name in many} <= set(texts(plot))


def test_a_league_grows_with_its_members(make_view):
    row = make_view().league.iloc[[0]]
    leagues = [plots.league(make_view(league=pd.concat([row] * n, ignore_index=True))) for n in (1, 2, 60)]
    one, two, sixty = (float(ET.fromstring(plot.svg).get("height").removesuffix("pt")) for plot in leagues)  # noqa: S314
    assert sixty - one == pytest.approx(59 * (two - one))


SCRIPT = """
import hashlib, pathlib, sys
from toolkit.reporting import plots
from toolkit.reporting.slices import Slice
view = Slice.from_json(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
for name in sys.argv[2:]:
    print(hashlib.sha256(getattr(plots, name)(view).svg.encode()).hexdigest())
print("matplotlib" in sys.modules)
"""


def test_two_processes_draw_the_same_bytes(make_view):
    file = Path(__file__).with_name("slice.zh.json")
    there = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(file), *NAMES],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split()
    here = [sha256(getattr(plots, name)(make_view("zh")).svg.encode()).hexdigest() for name in NAMES]
    assert there == [*here, "False"]  # and figures of our own need no matplotlib

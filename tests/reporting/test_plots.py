"""Every figure is small, well formed, the same each time, and says in words what it shows."""

import os
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from toolkit.documents.notebook import read
from toolkit.reporting import plots, prose, tables
from toolkit.reporting.chart import WIDTH, shortened

NAMES = ["distribution", "league", "profile", "heat", "stars", "selves"]
HOSTILE = ["$x$", "$\\frac{", "<b>x</b>", "_a_", "_", "*", "]]>", "&amp;", "%s {0}", "\\alpha", "长" * 300, "W" * 300]
SVG = "{http://www.w3.org/2000/svg}"
PAGE_HEIGHT = 590
"""Points that an official page has for a figure above a caption of three lines: 225 mm less 16 mm."""


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
    caption = (
        "The unit among all 4 units at its level."
        " By its 95% interval (88–91) it stands above 2 and below 1 of the 3 others."
    )
    assert plot.caption == caption
    assert plot.alt == f"{caption} 92.0, 89.6, 80.0, 75.5"
    overview = make_view("zh", units=make_view().units.assign(own=False))
    assert plots.distribution(overview).caption.startswith("4 个单位的平均分：")


def test_units_with_the_same_score_are_one_mark_and_all_count(make_view):
    units = pd.DataFrame({"score": [92.0, 89.6, 80.0], "own": [False, True, False], "count": [7, 1, 1]})
    plot = plots.distribution(make_view(units=units))
    assert plot.alt.endswith(" it stands above 1 and below 7 of the 8 others. 92.0 (7 ×), 89.6, 80.0")
    assert prose.summary(make_view(units=units)).markdown.count("1 of the 8 other units") == 1


def test_a_league_has_the_members_with_a_score(make_view):
    view = make_view("zh")
    plot = plots.league(make_view("zh", method={**view.method, "bands": {"good": 90.0, "fair": 60.0}}))
    assert "合格" not in texts(plot)  # its cut lies outside the figure
    assert {"张三", "Li Si", "优秀"} <= set(texts(plot))
    assert "欧阳修" not in texts(plot)
    assert plot.alt == (
        "党员得分及置信区间：2 名党员中有 1 名的区间包含等次分数线（优秀 1）：换一批评价人，得分可能落到线的另一侧。"
        " 张三 91.2 (90–93), Li Si 88.0 (86.5–89.5)"
    )


def test_cuts_of_something_else_than_scores_do_not_stand_among_scores(make_view):
    method = {**make_view().method, "bands": {"good": 89.0}, "graded_by": "index"}
    plot = plots.league(make_view(method=method))
    assert "Good" not in texts(plot)
    assert plot.caption == "Scores of the members with their intervals. Scores run from 88.0 to 91.2."


def test_a_profile_has_the_indicators_and_sources(make_view):
    plot = plots.profile(make_view())
    assert {"Virtue", "Ability", "Diligence", "Results", "Superiors", "Peers", "All sources"} <= set(texts(plot))
    assert plot.alt.endswith("Virtue 92.0, Ability 90.0, Diligence 88.0, Results 86.0")


def test_selves_tell_the_gap(make_view):
    plot = plots.selves(make_view())
    assert {"Ability", "Self", "Others"} <= set(texts(plot))
    assert plot.alt.endswith(". Ability -1.0")


def test_a_heat_map_has_every_mean_that_is_shown(make_view):
    plot = plots.heat(make_view())
    found = texts(plot)
    assert found[-25:].count("—") == 1
    assert {"Superiors", "Peers", "All sources", "All indicators", "Virtue", "94.0", "84.0"} <= set(found)
    assert "Results (Superiors 84.0, All sources 86.0)" in plot.alt
    one = make_view().by_source[["peer"]]
    assert plots.heat(make_view(by_source=one)) is None
    assert plots.heat(make_view(matrix=make_view().matrix.iloc[:2], by_source=make_view().by_source.iloc[:2])) is None


def test_stars_are_counted_by_category_where_there_are_several(make_view):
    view = make_view()
    plot = plots.stars(view)
    assert {"All members (2)", "↑ 1  ↓ 0", "5 ★", "3 ★"} <= set(texts(plot))
    assert "Cadres (2)" not in texts(plot)
    league = view.league.assign(category=["Cadres", "Farmers", "Farmers"])
    plot = plots.stars(make_view(league=league))
    assert {"Cadres (1)", "Farmers (1)"} <= set(texts(plot))
    assert plot.alt.endswith("All members (2): 5 ★ 1, 3 ★ 1 ↑ 1  ↓ 0, Cadres (1): 5 ★ 1, 3 ★ 0 ↑ 1  ↓ 0, "
                             "Farmers (1): 5 ★ 0, 3 ★ 1 ↑ 0  ↓ 0")  # fmt: skip
    first = view.results.assign(stars_before=np.nan)
    assert not [text for text in texts(plots.stars(make_view(results=first))) if "↑" in text]
    assert plots.stars(make_view(results=view.results.assign(stars=np.nan))) is None


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
    assert texts(plots.heat(view)).count(short) >= len(view.matrix)
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
    leagues = [plots.league(make_view(league=pd.concat([row] * n, ignore_index=True))) for n in (1, 2, 30)]
    one, two, thirty = (height(plot) for plot in leagues)
    assert thirty - one == pytest.approx(29 * (two - one))


@pytest.mark.parametrize(("members", "parts"), [(48, 1), (49, 2), (150, 4)])
def test_a_long_league_is_cut_into_pages_on_one_scale(make_view, members, parts):
    league = pd.concat([make_view().league.iloc[[0]]] * members, ignore_index=True)
    league = league.assign(name=[f"N{place}" for place in range(members)], score=np.linspace(95, 60, members).round(1))
    found = plots.league(make_view(league=league))
    figures = getattr(found, "plots", (found,))
    assert len(figures) == parts
    names = [text for plot in figures for text in texts(plot) if text.startswith("N")]
    assert names == league["name"].tolist()
    assert max(map(height, figures)) < PAGE_HEIGHT
    ticks = [[text for text in texts(plot) if text.isdigit()] for plot in figures]
    assert ticks == ticks[:1] * parts
    if parts > 1:
        title = "Scores of the members with their intervals"
        assert [plot.caption for plot in figures[1:]] == [f"{title}, {n} of {parts}" for n in range(2, parts + 1)]
        assert figures[0].caption.startswith(f"{title}. ")


@pytest.mark.parametrize("name", ["profile", "heat", "selves"])
def test_many_indicators_stand_on_a_page(make_view, name):
    labels = [f"I{place}" for place in range(44)]
    rows = pd.DataFrame({"indicator": labels, "label": labels, "depth": 1, "leaf": True, "score": 80.0})
    view = make_view(
        matrix=rows,
        by_source=pd.DataFrame({"superior": 80.0, "peer": 90.0}, index=rows.index),
        selves=pd.DataFrame({"label": labels, "self": 90.0, "others": 80.0, "gap": 10.0}),
    )
    plot = getattr(plots, name)(view)
    assert set(labels) <= set(texts(plot))
    assert height(plot) < PAGE_HEIGHT


def test_more_categories_than_a_figure_holds_are_not_told_apart(make_view):
    view = make_view()
    many = pd.concat([view.results.iloc[[0]]] * 21, ignore_index=True).assign(ratee_id=[f"X{n}" for n in range(21)])
    league = pd.concat([view.league.iloc[[0]]] * 21, ignore_index=True)
    league = league.assign(member_id=many["ratee_id"], category=[f"C{n}" for n in range(21)])
    assert "C3 (1)" not in texts(plots.stars(make_view(results=many, league=league)))
    assert "C3 (1)" in texts(plots.stars(make_view(results=many.iloc[:20], league=league.iloc[:20])))


def height(plot):
    return float(ET.fromstring(plot.svg).get("height").removesuffix("pt"))  # noqa: S314


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


def test_a_profile_without_any_source_shows_what_all_have_said(make_view):
    """Where every source is hidden their table has neither columns nor rows."""
    view = make_view()
    view = replace(view, by_source=pd.DataFrame(), labels={})
    assert "All sources" in plots.profile(view).svg
    assert plots.heat(view) is None
    assert tables.matrix(view).rows

"""What the explorer draws and writes: well-formed, nothing unescaped, and what has not changed is not pointed out."""

import re
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

import toolkit as tk
from toolkit.reporting import explorer as show
from toolkit.reporting.chart import RED, WIDTH
from toolkit.reporting.slopes import STEPS, TOLD, strip

SCHEME = tk.Scheme.model_validate(
    {
        "title": "t",
        "language": "en",
        "rounds": {"r": {}},
        "scales": {"s": {"low": 0, "high": 1}},
        "sources": {"a": {"scale": "s"}},
        "labels": {"good": "Very <good>"},
    }
)


@pytest.fixture
def table():
    """Three members: one changes his grade, one falls in rank, and one has no score."""
    columns = {
        "name": ["<b>A</b> & Co", "B", "C"],
        "unit_id": ["U", "U", "V"],
        "score_before": [70.0, 80.0, float("nan")],
        "score": [90.0, 80.0, float("nan")],
        "rank_before": [2.0, 1.0, float("nan")],
        "rank": [1.0, 2.0, float("nan")],
        "grade_before": ["fair", "good", None],
        "grade": ["good", "good", None],
        "stars_before": [None, "3", None],
        "stars": [None, "3", None],
    }
    return pd.DataFrame(columns, index=["M1", "M2", "M3"])


def test_the_figure_is_well_formed_and_marks_who_has_another_grade(table):
    figure = show.figure(table, SCHEME, 10)
    root = ET.fromstring(figure)  # noqa: S314 -- our own
    texts = ["".join(part.itertext()) for part in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "<b>A</b> & Co 2" in texts
    assert "1 <b>A</b> & Co" in texts
    assert {"C —", "— C"} <= set(texts)
    assert figure.count(f'stroke="{RED}"') == 1  # the line of one member
    assert all(0 <= float(text.get("x")) <= WIDTH for text in root.iter("{http://www.w3.org/2000/svg}text"))


def test_the_figure_of_nobody_is_empty(table):
    ET.fromstring(show.figure(table.head(0), SCHEME, 10))  # noqa: S314 -- our own
    assert show.changes(table.head(0), SCHEME) == "<p>No grade and no stars change.</p>"
    assert show.standings(table.head(0), SCHEME, {}, 10).count("<tr>") == 1


def test_a_table_says_what_was_and_what_is(table):
    html = show.standings(table, SCHEME, {"U": "Unit <1>"}, 2)
    assert "Unit &lt;1&gt;" in html
    assert '<td class="n up">↑1</td><td class="name">&lt;b&gt;A&lt;/b&gt; &amp; Co</td>' in html
    assert '<td class="changed"><s>fair</s> <span>Very &lt;good&gt;</span></td><td class="">—</td>' in html
    assert '<td class="n down">↓1</td>' in html
    assert "+20.0" in html
    assert "<td>C" not in html  # two rows were asked


def test_changes_are_counted_and_named(table):
    assert show.summary(table, SCHEME) == (
        "<p>Changed against the scheme: grades 1, stars 0, ranks 2; members listed: 3.</p>"
    )
    expected = "<ul><li><b>&lt;b&gt;A&lt;/b&gt; &amp; Co</b> Grade fair → Very &lt;good&gt;</li></ul>"
    assert show.changes(table, SCHEME) == expected


def test_the_nearest_breakpoints_are_two_on_each_side():
    found = pd.DataFrame({"weight": [0.1, 0.2, 0.3, 0.5, 0.6, 0.7]})
    told = show.nearest(found, 0.4, lambda row: f"at {row['weight']:g}", SCHEME)
    assert re.findall(r"at ([\d.]+)", told) == ["0.2", "0.3", "0.5", "0.6"]
    assert show.nearest(found.head(0), 0.4, str, SCHEME).startswith("<p>Wherever it is moved")


def test_a_strip_has_a_tick_for_each_place_and_names_the_first_changes():
    many = [(0.25, "stars", f"<{number}>") for number in range(TOLD + 1)]
    figure = strip([(0.5, "grade", "A & B"), (0.5 + 0.1 / STEPS, "grade", "C"), *many], 0.3)
    root = ET.fromstring(figure)  # noqa: S314 -- our own
    ticks = {line.get("class"): (line.get("x1"), "".join(line.itertext())) for line in root}
    assert ticks["tk-grade"] == ("50%", "A & B\nC")
    assert ticks["tk-stars"] == ("25%", "<0>\n<1>\n<2>\n<3>\n…")
    assert ticks["tk-own"] == ("30%", "")
    assert len(root) == 3

"""Every sentence of a report, from the numbers that make it true."""

from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from toolkit.documents.blocks import Heading
from toolkit.documents.notebook import read
from toolkit.documents.pages import to_html
from toolkit.reporting import prose

HOSTILE = [
    "$x$",
    "<b>x</b>",
    "_a_",
    "*a*",
    "# a",
    "1. a",
    "- a",
    "[x](http://e.org)",
    "a|b",
    "`a`",
    "&lt;",
    "~~a~~",
    "a\\b",
]


def facts(view, **changes):
    return {**view.facts, **changes}


def test_the_title_names_the_unit_the_appraisal_and_the_round(make_view):
    assert prose.title(make_view()).markdown.splitlines() == [
        "# Branch One Assessment report",
        "",
        "Appraisal 2026",
        "",
        "Round: 2026H1 (2026-01-01 – 2026-06-30)",
    ]
    assert prose.title(make_view("zh")).markdown.startswith("# 第一支部考核评价报告\n")
    assert prose.title(make_view(unit="", unit_id="")).markdown.startswith("# Overview of the study\n")
    assert prose.title(make_view(period="")).markdown.endswith("Round: 2026H1")


def test_the_summary_says_what_there_is(make_view):
    assert prose.summary(make_view()).markdown == (
        "Members: 3; scored, so that they count: 2. Their mean score is 89.6 of 100 (95% interval 88–91). "
        "It is higher than that of 2 of the 3 other units at its level. "
        "Members with a part of the ratings missing: 1. Exempt members, who do not count: 1."
    )
    assert prose.summary(make_view("zh")).markdown == (
        "共有党员 3 名，其中 2 名已评分并计入平均。平均得分 89.6 分（满分 100 分，95% 置信区间 88–91）。"
        "在同级其他 3 个单位中，高于 2 个。其中 1 名党员缺少部分评价。1 名党员免于测评，不计入。"
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"score": None, "low": None, "high": None}, "No mean score can be shown."),
        ({"low": None, "high": None}, "Their mean score is 89.6 of 100. "),
        ({"score": 95.0}, "It is the highest of the 4 units at its level."),
        ({"score": 70.0}, "None of the 3 other units at its level has a lower one."),
        ({"unrated": 1, "thin": 2}, "Members without a score, since too little was rated: 3."),
        ({"own_score": 77.0}, "The unit itself was rated 77.0; this stands beside the mean of its members."),
    ],
)
def test_a_sentence_for_every_case(make_view, changes, sentence):
    view = make_view()
    assert sentence in prose.summary(make_view(facts=facts(view, **changes))).markdown
    assert sentence not in prose.summary(view).markdown


def test_a_unit_as_good_as_the_best_is_not_called_the_highest(make_view):
    view = make_view(units=pd.DataFrame({"score": [89.6, 89.6, 80.0], "own": [False, True, False], "count": [1, 1, 1]}))
    assert "higher than that of 1 of the 2" in prose.summary(view).markdown


def test_without_a_score_or_other_units_there_is_no_standing(make_view):
    view = make_view()
    hidden = make_view(facts=facts(view, score=None, low=None, high=None))
    alone = make_view(units=view.units[view.units["own"]])
    for one in (hidden, alone, make_view(unit="", unit_id="")):
        assert "its level" not in prose.summary(one).markdown


def test_grades_are_listed_and_missing_where_there_are_none(make_view):
    assert prose.grades(make_view()).markdown == "Proposed grades: Good 1, Fair 1."
    assert prose.grades(make_view("zh")).markdown == "建议等次：优秀 1，合格 1。"
    assert prose.grades(make_view(facts=facts(make_view(), grades={"good": 0, "fair": 0}))) is None


def test_a_section_without_content_has_no_heading(make_view):
    view = make_view("zh")
    assert prose.section(view, "Participation").markdown == "## 参评情况"
    assert prose.section(view, "Participation", view.league).markdown == "## 参评情况"
    empty = view.league.iloc[:0]
    assert prose.section(view, "Participation", empty) is None
    assert prose.section(view, "Participation", empty, None) is None
    assert prose.section(view, "Participation", None, view.league).markdown == "## 参评情况"
    assert prose.section(view, "Participation", empty, prose.Text("x")).markdown == "## 参评情况"


def test_hidden_sources_are_listed_with_their_reason(make_view):
    assert "No source had to be hidden: every source shown" in prose.hidden(make_view()).markdown
    box = {"label": "Peers", "rule": "quorum", "box": True, "number": 3}
    void = make_view(facts=facts(make_view(), void=[box]))
    assert prose.hidden(void).markdown == "No source had to be hidden."  # how many are left of Peers it does not say
    rows = [("Peers", "complement"), ("", "complement"), ("Public", "few")]
    view = make_view(hidden=pd.DataFrame(rows, columns=["label", "reason"]))
    assert prose.hidden(view).markdown.splitlines()[2:] == [
        "- Public: fewer than 5 persons rated, so they could be recognised.",
        "- Peers: otherwise the source above could be found by subtraction.",
        "- Mean of the unit: otherwise the source above could be found by subtraction.",
    ]


def test_what_else_is_hidden_is_said_too(make_view):
    view = make_view()
    hidden = make_view(
        facts=facts(view, unshown=["Virtue", "a_b"]),
        league=view.league.assign(status="withheld"),
        children=view.children.assign(score=np.nan),
    )
    assert prose.hidden(hidden).markdown.split("\n\n") == [
        "Members whose score is not shown, since it would tell what a few raters have said: 3.",
        "Units whose mean is not shown, since it would tell what a few raters have said: 1.",
        "Indicators without a mean of all sources, since a hidden source could be found from it: Virtue, a\\_b.",
    ]


def test_participation_is_that_of_the_source_that_took_part_least(make_view):
    assert prose.participation(make_view()).markdown == "The lowest participation is that of Peers, 75.0%."
    turnout = make_view().turnout
    alone = make_view(turnout=turnout[turnout["label"] == "Peers"])
    assert prose.participation(alone).markdown == "Participation of Peers: 75.0%."
    for column in ("eligible", "valid"):
        view = make_view(turnout=turnout.assign(**{column: np.nan}))
        assert prose.participation(view).markdown == "The study states no turnout of the unit."
    assert (
        prose.participation(make_view(turnout=turnout.iloc[:0])).markdown == "The study states no turnout of the unit."
    )
    assert (
        prose.participation(make_view(turnout=turnout.assign(eligible=0.0))).markdown
        == "The study states no turnout of the unit."
    )


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("missing", ["renormalise", "adjusted", "fail"])
@pytest.mark.parametrize("order", ["indicator", "source"])
def test_the_method_says_every_rule(make_view, language, missing, order):
    method = {**make_view(language).method, "order": order, "missing": missing}
    text = prose.method(make_view(language, method=method)).markdown
    others = [
        prose.method(make_view(language, method={**method, key: value})).markdown
        for key, value in [
            ("order", "source" if order == "indicator" else "indicator"),
            ("missing", "fail" if missing == "adjusted" else "adjusted"),
            ("trimmed", []),
            ("minima", []),
            ("medians", ["x"]),
            ("attributed", []),
            ("quotas", []),
            ("combine", [{"label": "x", "percent": 40.0}]),
            ("bands", {}),
        ]
    ]
    assert text not in others
    assert len(set(others)) == len(others)
    assert "{" not in text
    assert "1/3" in text


def test_the_method_has_the_numbers_of_the_scheme(make_view):
    method = {
        **make_view().method,
        "combine": [{"label": "first", "percent": 40.0}, {"label": "second", "percent": 60.0}],
        "medians": ["Superiors"],
        "attributed": ["A", "B"],
    }
    text = prose.method(make_view(method=method)).markdown
    for part in (
        "- A score that rests on less than 50% of the weight is not given.",
        "Peers: with more than 5 raters the 1 highest and 1 lowest ratings are dropped.",
        "Peers: with fewer than 3 raters it counts as missing.",
        "Superiors: the median is taken.",
        "Grades by score: Good from 85, Fair from 60.",
        "At most 1/3 of the scored members of a unit may be graded Good",
        "This round combines others: first 40%, second 60%.",
        "Known by name, and told so before they rated, are the raters of: A, B.",
    ):
        assert part in text


# Names that mean something to Markdown --------------------------------------------------------------------------


class Page(HTMLParser):
    """The visible text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):  # noqa: ARG002
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def document(*texts):
    outputs = [new_output("execute_result", text._repr_mimebundle_(), execution_count=1) for text in texts]
    return read(new_notebook(cells=[new_code_cell(outputs=[output]) for output in outputs]))


def view_full_of(make_view, name):
    method = {
        **make_view().method,
        "medians": [name],
        "combine": [{"label": name, "percent": 50.0}],
        "attributed": [name],
    }
    method |= {"grade_labels": {"good": name, "fair": name}}
    hidden = pd.DataFrame([(name, "few"), (name, "complement")], columns=["label", "reason"])
    turnout = make_view().turnout.assign(label=name)
    return make_view(unit=name, title=name, round=name, period=name, method=method, hidden=hidden, turnout=turnout)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_only_text(make_view, name):
    made = {}
    for text in (name, "harmless"):
        view = view_full_of(make_view, text)
        parts = [
            prose.title(view),
            prose.grades(view),
            prose.hidden(view),
            prose.participation(view),
            prose.method(view),
        ]
        made[text] = document(*parts)
    assert made[name].blocks[0] == Heading(1, f"{name} Assessment report")
    pages = [Page(to_html(made[text], title="t", language="en")) for text in (name, "harmless")]
    assert pages[0].tags == pages[1].tags
    assert pages[0].text.replace(name, "harmless") == pages[1].text


@pytest.mark.parametrize("name", ["a\n\n# b", "a\r\n- b", "  a  ", "a\tb"])
def test_a_name_of_several_lines_becomes_one(make_view, name):
    blocks = document(prose.title(make_view(unit=name))).blocks
    assert blocks[0] == Heading(1, f"{' '.join(name.split())} Assessment report")
    assert len(blocks) == 3

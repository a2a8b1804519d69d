"""Every table of a report, as it is read."""

from html.parser import HTMLParser
from unicodedata import east_asian_width

import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from toolkit.documents.notebook import read
from toolkit.reporting import prose, tables
from toolkit.reporting.table import DASH, TABLE_SCHEMA, Table, gap, percent, points, span, whole

HOSTILE = ["$x$", "<b>x</b>", "_a_", "*", "a|b", "&amp;", "]]>", "长" * 300]
ALL = ["turnout", "league", "matrix", "selves", "extremes", "children", "grades", "weights", "effective"]


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (points(88.25), "88.2"),
        (points(0.0), "0.0"),
        (points(-0.04), "0.0"),
        (gap(-0.04), "+0.0"),
        (gap(-0.06), "-0.1"),
        (points(None), DASH),
        (points(np.nan), DASH),
        (span(85.0, 91.0), "85–91"),
        (span(85.0, 91.5), "85.0–91.5"),
        (span(np.nan, 91.0), DASH),
        (whole(3.0), "3"),
        (whole(np.nan), DASH),
        (percent(1, 3), "33.3%"),
        (percent(0, 3), "0.0%"),
        (percent(np.nan, 3), DASH),
        (percent(0, 0), DASH),
        (percent(1, np.nan), DASH),
    ],
)
def test_a_number_becomes_text(shown, text):
    assert shown == text


LEAVES = (
    "A source that is not asked an indicator leaves its share to its other indicators, "
    "so these differ from the weights of the scheme."
)
EN = {
    "turnout": """\
Participation by source. It is lowest for Peers (75.0%) and highest for Superiors (100.0%).
Source     Eligible  Issued  Returned  Valid  Participation rate  Blank answers
Superiors         3       3         3      3              100.0%           0.0%
Peers            20       —        16     15               75.0%           6.7%
Participation is valid over eligible. Blank answers (abstentions and the like) are left out of every mean.""",
    "league": """\
Members in order of their score. 张三 comes first with 91.2. No other interval overlaps with it.
Place  Name    Category  Score  95% interval  Proposed grade  Remark
    1  张三    Cadres     91.2         90–93  Good
    2  Li Si   Cadres     88.0     86.5–89.5  Fair            part missing, 60% seen; beyond the quota of 1
    —  欧阳修  Cadres        —             —  —               no valid rating; exempt
Equal scores share a place. The grade is a proposal by the rules; people decide.""",
    "matrix": """\
Indicators by source. The widest gap between two sources is 4.0 points, on Virtue, Ability, Diligence.
Indicator       Superiors  Peers  All sources
All indicators       88.0   91.2         89.6
Virtue               90.0   94.0         92.0
Ability              88.0   92.0         90.0
Diligence            86.0   90.0         88.0
Results              84.0      —         86.0
Means of the scored members, 0-100. A dash: not asked, not rated, or not shown to protect raters.""",
    "selves": """\
Self against others. They see themselves 1.0 points lower than others do on Ability, the widest gap.
Indicator       Self  Others   Gap
All indicators  95.0    89.6  +5.4
Ability         89.0    90.0  -1.0
Means of the unit. Single self ratings are for the member's own eyes and weigh nothing in the score.""",
    "extremes": """\
Strongest and weakest indicators. Highest: Virtue, 92.0; lowest: Results, 86.0.
           Indicator  Score
Strongest  Virtue      92.0
Strongest  Ability     90.0
Weakest    Results     86.0
Weakest    Diligence   88.0""",
    "children": """\
Units
Unit       Members  Scored members  Score  95% interval
第一支部         3               2   89.6         88–91
　A group        1               0      —             —""",
    "grades": """\
Proposed grades. Most frequent: Good, Fair, each with 1 of 2 members.
Proposed grade  Members  Share
Good                  1  50.0%
Fair                  1  50.0%""",
    "weights": """\
Weights of the sources. The greatest weight is that of Peers, 66.67%.
Category  Superiors   Peers
Cadres       33.33%  66.67%""",
    "effective": f"""\
Effective weights of the indicators. The greatest weight is that of Virtue, 62.5%.
Category     Virtue  Ability
All members   62.5%    37.5%
{LEAVES}""",
}  # fmt: skip
ZH = {
    "turnout": """\
各来源参评情况：最低的是同事（75.0%），最高的是上级（100.0%）。
来源  应参评  发出  收回  有效  参评率  空白及弃权
上级       3     3     3     3  100.0%        0.0%
同事      20     —    16    15   75.0%        6.7%
参评率为有效票数除以应参评人数；空白、弃权等答案不计入任何平均分。""",
    "league": """\
党员得分排序：张三以 91.2 分居首。其余区间均不与之重叠。
名次  姓名    类别  得分   95% 区间  建议等次  备注
   1  张三    干部  91.2      90–93  优秀
   2  Li Si   干部  88.0  86.5–89.5  合格      部分缺失，已评权重 60%；超出名额（共 1 个）
   —  欧阳修  干部     —          —  —         无有效评价；免测评
得分相同者名次并列。等次是按规则提出的建议，由组织研究决定。""",
    "matrix": """\
各指标分来源得分：来源之间的最大差距为 4.0 分，出现在德、能、勤。
指标      上级  同事  全部来源
全部指标  88.0  91.2      89.6
德        90.0  94.0      92.0
能        88.0  92.0      90.0
勤        86.0  90.0      88.0
绩        84.0     —      86.0
已评分党员的平均分（0–100）。“—”表示未设此项、无人评价，或为保护评价人不予显示。""",
}


@pytest.mark.parametrize("name", EN)
def test_a_table_in_english(make_view, name):
    assert getattr(tables, name)(make_view("en")).plain() == EN[name]


@pytest.mark.parametrize("name", ZH)
def test_a_table_in_chinese(make_view, name):
    assert getattr(tables, name)(make_view("zh")).plain() == ZH[name]


def test_every_table_is_tried():
    made = {name for name in vars(tables) if name in ALL or name.startswith("test")}
    assert made == set(ALL) == set(EN)


def width(text):
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def test_columns_stand_below_each_other_in_either_script():
    rows = (("第一支部", "1"), ("ABC", "22"), ("ｘ", "333"))
    lines = Table((("单位 unit", "left"), ("n", "right")), rows, "c").plain().splitlines()[1:]
    assert {width(line) for line in lines} == {width("单位 unit") + 2 + 3}


def test_what_holds_nothing_is_no_table(make_view):
    nobody = make_view()
    for name in ("league", "children", "selves"):
        assert getattr(tables, name)(make_view(**{name: getattr(nobody, name).iloc[:0]})) is None
    assert tables.grades(make_view(facts={**nobody.facts, "grades": {"good": 0}})) is None
    assert tables.grades(make_view(facts={**nobody.facts, "grades": {}})) is None
    assert tables.extremes(make_view(matrix=nobody.matrix.iloc[:4])) is None


def test_no_indicator_is_both_strong_and_weak(make_view):
    matrix = make_view().matrix
    matrix.loc[matrix["indicator"] == "virtue", "score"] = np.nan  # hidden: three of the four are left
    found = tables.extremes(make_view(matrix=matrix))
    assert found is None


@pytest.mark.parametrize(
    ("status", "remark"),
    [
        ("scored", ""),
        ("thin", "too little seen"),
        ("incomplete", "incomplete"),
        ("unrated", "no valid rating"),
        ("withheld", "not shown to protect raters"),
        ("partial", "part missing, 60% seen"),
    ],
)
def test_a_remark_for_every_status(make_view, status, remark):
    league = make_view().league.assign(status=status, coverage=60.0, exempt=False, places=np.nan)
    assert {row[-1] for row in tables.league(make_view(league=league)).rows} == {remark}


def test_a_tie_over_the_quota_is_told_from_a_place_beyond_it(make_view):
    league = make_view().league.assign(
        status="scored", exempt=False, places=[np.nan, 2.0, 2.0], tied=[False, True, False]
    )
    remarks = [row[-1] for row in tables.league(make_view(league=league)).rows]
    assert remarks == ["", "tied across the quota of 2", "beyond the quota of 2"]


def test_facts_with_the_same_label_are_two(make_view):
    """Two grades, and two indicators, may be called the same."""
    method = make_view().method
    same = {
        **method,
        "indicator_labels": dict.fromkeys(method["indicator_labels"], "Same"),
        "grade_labels": dict.fromkeys(method["grade_labels"], "Same"),
    }
    view = make_view(method=same)
    assert [title for title, _ in tables.effective(view).columns] == ["Category", "Same", "Same"]
    assert [row[0] for row in tables.grades(view).rows] == ["Same", "Same"]
    assert "Same from 85, Same from 60" in prose.method(view).markdown


def test_one_indicator_has_no_table_of_weights(make_view):
    method = {**make_view().method, "indicator_labels": {"overall": "overall"}}
    assert tables.effective(make_view(method=method)) is None


# Where tables go ------------------------------------------------------------------------------------------------


class Text(HTMLParser):
    """The cells and tags of a table in HTML."""

    def __init__(self, text):
        super().__init__()
        self.cells, self.tags = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):  # noqa: ARG002
        self.tags.append(tag)
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_data(self, data):
        if self.cells:
            self.cells[-1] += data


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text_in_every_form(make_view, name):
    league = make_view().league.assign(name=name)
    table = tables.league(make_view(league=league))
    bundle = table._repr_mimebundle_()
    assert [name in line for line in bundle["text/plain"].splitlines()[2:5]] == [True] * 3
    page = Text(bundle["text/html"])
    assert page.cells.count(name) == 3
    assert set(page.tags) == {"table", "caption", "thead", "tbody", "tr", "th", "td", "p"}
    assert [row["c1"] for row in bundle[TABLE_SCHEMA]["data"]] == [name] * 3


@pytest.mark.parametrize("name", ALL)
def test_a_document_carries_what_the_table_says(make_view, name):
    table = getattr(tables, name)(make_view("zh"))
    output = new_output("execute_result", table._repr_mimebundle_(), execution_count=1)
    (block,) = read(new_notebook(cells=[new_code_cell(outputs=[output])])).blocks
    assert block.rows == table.rows
    assert [(column.title, column.align) for column in block.columns] == list(table.columns)
    assert (block.caption, block.note, block.marked) == (table.caption, table.note, frozenset(table.mark))


def test_the_row_of_all_indicators_is_marked(make_view):
    assert tables.matrix(make_view()).mark == (0,)


def test_deeper_indicators_and_units_are_indented(make_view):
    matrix = make_view().matrix.assign(depth=[0, 1, 2, 3, 1])
    assert [row[0] for row in tables.matrix(make_view(matrix=matrix)).rows][1:4] == [
        "Virtue",
        "　Ability",
        "　　Diligence",
    ]


def test_counts_of_a_file_are_printed_like_counts(make_view):
    """After a trip through JSON a count may be a float, or null."""
    turnout = make_view().turnout.assign(eligible=pd.Series([None, None], dtype=float))
    assert [row[1] for row in tables.turnout(make_view(turnout=turnout)).rows] == [DASH, DASH]

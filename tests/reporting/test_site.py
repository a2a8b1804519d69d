"""The index leads to every report, tells which failed, and escapes what it is told."""

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html import unescape
from urllib.parse import unquote

import pytest

from toolkit.documents.font import with_font
from toolkit.reporting.site import IndexPage, IndexRow, RunRow, href, index_html, study_html

ROW = IndexRow(
    "u1",
    "第一支部",
    1,
    "done",
    "u1/report.html",
    files=(("Word", "u1/report.docx"),),
    parent="镇党委",
    category="党支部",
    score="88.2",
    interval="85.4–91.0",
    members="28",
    scored="27",
    coverage="82%",
    grade="优秀",
    stars="4 ★",
)


def page(*rows, language="zh", **options):
    return index_html(IndexPage("考核评价", "2026H1", language, rows, **options))


def body(text):
    """The rows of the index itself."""
    return re.search(r"<tbody>(.*?)</tbody>", text, flags=re.DOTALL)[1]


def cells(text):
    return re.findall(r"<td[^>]*>([^<]*)</td>", body(text))


def choices(text):
    """What can be chosen, by the title of each choice."""
    found = re.findall(r"<label>([^<]+)<select>(.*?)</select>", text, flags=re.DOTALL)
    return {title: dict(re.findall(r'value="(\w+)">([^<]+)<', options)) for title, options in found}


def test_a_row_shows_what_it_is_told():
    text = page(ROW)
    assert cells(text) == ["88.2", "85.4–91.0", "28", "27", "82%", "优秀", "4 ★", "已生成"]
    assert '<a class="name" href="u1/report.html">第一支部</a>' in text
    assert '<small><span class="id">u1</span> · 镇党委 · 党支部</small>' in text
    assert '<a href="u1/report.docx">Word</a>' in text
    assert "--depth: 1" in text


def test_a_column_of_which_nothing_is_known_is_left_out():
    text = page(replace(ROW, score="", interval="", grade="", stars="", coverage="", files=()))
    assert cells(text) == ["28", "27", "已生成"]
    assert re.findall(r'<th scope="col"[^>]*>([^<]*)<', text) == ["单位", "党员数", "已评分党员", "报告"]


def test_rows_can_be_chosen_by_what_differs():
    rows = (
        IndexRow("u0", "镇党委", 0, "done", within=("u0",)),
        ROW,
        replace(ROW, unit_id="u2", grade="合格", stars="5 ★", status="failed", error="Traceback\nValueError: x"),
        replace(ROW, unit_id="u3", grade="", stars="", within=("u0",)),
    )
    text = page(*rows, grades=("优秀", "合格", "不合格"))
    found = choices(text)
    assert found == {
        "等次": {"g0": "优秀 (1)", "g1": "合格 (1)"},
        "星级": {"s0": "5 ★ (1)", "s1": "4 ★ (1)"},
        "报告": {"r0": "已生成 (3)", "r1": "生成失败 (1)"},
    }
    assert re.findall(r'<tr class="([^"]*)"', body(text)) == ["r0", "g0 s1 r0", "g1 s0 r1 broken", "fault", "r0"]


def test_units_with_the_same_name_are_told_apart_as_places():
    rows = [IndexRow(f"t{n}", "党委", 0, "done", within=(f"t{n}",)) for n in range(2)]
    rows += [IndexRow("u", "支部", 1, "done", within=("t1",))]
    text = page(*rows)
    assert choices(text)["所属范围"] == {"w0": "党委 (1)", "w1": "党委 (2)"}
    assert re.findall(r'<tr class="([^"]*)"', body(text)) == ["w0", "w1", "w1"]


def test_a_failure_keeps_its_traceback():
    error = 'Traceback:\n  File "x.py"\nValueError: <script> 没有评分\n'
    text = page(IndexRow("u2", "第二支部", 0, "failed", error=error))
    assert "<summary>ValueError: &lt;script&gt; 没有评分</summary>" in text
    assert error in unescape(body(text))
    assert "<script" not in body(text)
    assert "生成失败的报告：1 份" in text
    assert "<a " not in body(text)


def test_facts_and_overview_are_shown_if_there_are_any():
    text = page(ROW, facts=(("单位", "4"), ("轮次", "2")), overview=(("报告", "overview/report.html"),))
    assert "<dt>单位</dt><dd>4</dd>" in text
    assert '<a href="overview/report.html">' in text
    assert "<dl>" not in page(ROW)
    assert "overview/" not in page(ROW)


def test_how_reports_were_made_is_told():
    text = page(ROW, made=(("版本", (("pandas", "3.0"), ("numpy", "2.4"))),))
    assert '<tr><th scope="row">pandas</th><td>3.0</td></tr>' in text
    assert "报告生成信息" in text
    assert "报告生成信息" not in page(ROW)


@pytest.mark.parametrize(("language", "words"), [("zh", "仅供组织者"), ("en", "for the organisers only")])
def test_the_pages_say_who_they_are_for(language, words):
    assert words in page(ROW, language=language)
    assert words in study_html("考核", language, ())


@pytest.mark.parametrize("name", ["<b>x</b>", "\"'&", "]]>", "=cmd()", "无" * 300, "垚镕喆堃赟珺玥昇旸祎"])
def test_a_hostile_name_is_only_text(name):
    texts = dict.fromkeys(
        ("parent", "category", "industry", "score", "interval", "members", "scored", "coverage", "grade", "stars"), name
    )
    row = IndexRow(name, name, 0, name, href(name, "report.html"), ((name, href(name, "x")),), name, (name,), **texts)
    text = page(row, caption=name, facts=((name, name),), made=((name, ((name, name),)),))
    assert "<b>" not in text
    assert unescape(text).count(name) >= 24


@pytest.mark.parametrize("unit", ["第一支部", "a b", "50%", "#1?x=y", "c:d", '"><b>', "a/b"])
def test_a_link_leads_to_the_folder_of_its_unit(unit):
    link = href(unit, "report.html")
    assert link.isascii()
    assert unquote(link) == f"{unit}/report.html"
    assert f'href="{link}">' in page(IndexRow("u", "x", 0, "done", link))


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "http://e.org", "//e.org/x", "/x", "一/report.html", "a b", "x?y"]
)
def test_a_link_that_is_not_relative_and_encoded_is_refused(link):
    run = RunRow("2026H1", "报告", link, "", 0, 0)
    for write in (
        lambda: page(replace(ROW, href=link)),
        lambda: page(replace(ROW, files=(("PDF", link),))),
        lambda: page(overview=(("PDF", link),)),
        lambda: page(up_href=link),
        lambda: study_html("考核", "zh", (run,)),
    ):
        with pytest.raises(ValueError, match="href: "):
            write()


def test_the_index_loads_nothing_and_runs_only_what_its_policy_names():
    index = IndexPage("考核评价", "2026H1", "zh", (ROW,))
    text = with_font(index_html(index))
    assert "font/woff;base64," in text
    assert not re.search(r"https?://|<script [^>]|<link|@import", text)
    scripts = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    hashes = [b64encode(sha256(script.encode()).digest()).decode() for script in scripts]
    assert re.search(r"script-src ([^;]*);", text)[1] == " ".join(f"'sha256-{hash_}'" for hash_ in hashes)
    assert len(hashes) == 2
    assert with_font(index_html(index)) == text


def test_the_index_of_a_study_leads_to_its_runs():
    runs = (
        RunRow("2026H1", "考核评价报告", "2026H1/index.html", "2026-07-02 09:30", 12, 0),
        RunRow("2026H1", "个人反馈单", "2026H1.member_feedback/index.html", "2026-07-02 09:31", 239, 1),
    )
    text = study_html("考核评价", "zh", runs)
    assert re.findall(r'href="([^"]+)"', text) == [run.href for run in runs]
    assert cells(text) == ["2026H1", "12", "0", "2026-07-02 09:30", "2026H1", "239", "1", "2026-07-02 09:31"]

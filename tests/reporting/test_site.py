"""The index leads to every report, tells which failed, and escapes what it is told."""

import re
from html import unescape
from urllib.parse import unquote

import pytest

from toolkit.documents.font import with_font
from toolkit.reporting.site import IndexPage, IndexRow, href, index_html

ROW = IndexRow("u1", "第一支部", 1, "28", "27", "88.2", "85.4–91.0", "done", "u1/report.html", coverage="0.82")


def page(*rows, language="zh", **options):
    return index_html(IndexPage("考核评价", "2026H1", language, rows, **options))


def test_a_row_shows_what_it_is_told():
    text = page(ROW)
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", text)
    assert cells == ["88.2", "85.4–91.0", "28", "27", "0.82", "已生成"]
    assert '<a href="u1/report.html">第一支部</a>' in text
    assert "padding-left: 2.0rem" in text
    assert '<p class="period">2026H1</p>' in text


def test_a_failure_keeps_its_traceback():
    error = 'Traceback:\n  File "x.py"\nValueError: <script> 没有评分\n'
    text = page(IndexRow("u2", "第二支部", 0, "31", "0", "", "", "failed", "", error), failures=1)
    assert "<summary>ValueError: &lt;script&gt; 没有评分</summary>" in text
    assert error in unescape(text)
    assert "<script" not in text
    assert "生成失败的报告：1 份" in text
    assert "<a href" not in text


def test_facts_and_overview_are_shown_if_there_are_any():
    text = page(ROW, facts=(("单位", "4"), ("轮次", "2")), overview_href="overview/report.html")
    assert "<dt>单位</dt><dd>4</dd>" in text
    assert '<a href="overview/report.html">' in text
    assert "<dl>" not in page(ROW)
    assert "overview/" not in page(ROW)


@pytest.mark.parametrize(("language", "words"), [("zh", "仅供组织者"), ("en", "for the organisers only")])
def test_the_page_says_who_it_is_for(language, words):
    assert words in page(ROW, language=language)


@pytest.mark.parametrize("name", ["<b>x</b>", "\"'&", "]]>", "=cmd()", "无" * 300, "垚镕喆堃赟珺玥昇旸祎"])
def test_a_hostile_name_is_only_text(name):
    text = page(IndexRow(name, name, 0, name, name, name, name, name, href(name, "report.html"), name, name))
    assert "<b>" not in text
    assert unescape(text).count(name) >= 9


@pytest.mark.parametrize("unit", ["第一支部", "a b", "50%", "#1?x=y", "c:d", '"><b>', "a/b"])
def test_a_link_leads_to_the_folder_of_its_unit(unit):
    link = href(unit, "report.html")
    assert link.isascii()
    assert unquote(link) == f"{unit}/report.html"
    assert f'<a href="{link}">' in page(IndexRow("u", "x", 0, "", "", "", "", "done", link))


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "http://e.org", "//e.org/x", "/x", "一/report.html", "a b", "x?y"]
)
def test_a_link_that_is_not_relative_and_encoded_is_refused(link):
    with pytest.raises(ValueError, match="href: "):
        page(IndexRow("u", "x", 0, "", "", "", "", "done", link))
    with pytest.raises(ValueError, match="href: "):
        page(overview_href=link)


def test_the_index_loads_nothing_and_is_the_same_every_time():
    index = IndexPage("考核评价", "2026H1", "zh", (ROW,))
    text = with_font(index_html(index))
    assert "font/woff;base64," in text
    assert not re.search(r"https?://|<script|<link|@import", text)
    assert with_font(index_html(index)) == text

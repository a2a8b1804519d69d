"""The index and the tables of reports in a browser: searched, filtered and sorted, on a phone, in the dark, by axe."""

import os
import re
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

import toolkit as tk
from toolkit.batch import manifest
from toolkit.batch.runner import run_units
from toolkit.documents.font import with_font
from toolkit.reporting import run, trial_run
from toolkit.reporting.edition import OVERVIEW, Edition
from toolkit.reporting.site import IndexPage, IndexRow, index_html
from toolkit.reporting.trial import read_plan

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[1]
NOTEBOOKS = ROOT / "notebooks"
LANGUAGES = ("zh", "en")
WAIT = 30_000
"""Milliseconds that anything may take on a busy machine."""
MANY = 10_000
SLICE = 200
EDITIONS = {
    Edition(): (OVERVIEW, "B12"),
    Edition("change"): ("B12",),
    Edition("public_notice"): ("P00",),
    Edition("member_feedback", "member"): ("M0231",),
}
PAGES = (
    "index.html",
    "2026H2/index.html",
    "2026H2/overview/report.html",
    "2026H2/B12/report.html",
    "2026H2/B12/record.html",
    "2026H2.change/B12/report.html",
    "2026H2.public_notice/P00/report.html",
    "2026H2.member_feedback/index.html",
    "2026H2.member_feedback/M0231/report.html",
    "2026H2.weighting_experiment/experiment/report.html",
)
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Runs of every kind of report in both languages; a folder for each language."""
    out = tmp_path_factory.mktemp("评 价 #1")
    study = tk.read_study(ROOT / "surveys" / "demo")
    scores = tk.score(study)
    for language in LANGUAGES:
        folder = out / language / study.name
        for edition, names in EDITIONS.items():
            _report(study, scores, folder, edition=edition, names=names, language=language)
        _experiment(study, out / language, language)
    return {language: out / language / study.name for language in LANGUAGES}


def _report(study, scores, folder, *, edition, names, language):
    place = edition.folder(folder, "2026H2")
    exporters = run.EXPORTERS | {run.RECORD: "toolkit-record"}
    planned = run.plan(
        study, scores, place, notebooks=NOTEBOOKS, edition=edition, language=language, exporters=exporters
    )
    outcomes = list(run.perform_all(replace(planned, names=names), 1))
    assert {outcome.outcome for outcome in outcomes} == {"done"}, outcomes
    run.finish(study, scores, place, outcomes, turn="2026H2", language=language, edition=edition)


def _experiment(study, out, language):
    source = ROOT / "surveys" / "demo"
    plan = read_plan(source, study, "")
    place = trial_run.place(out, study, plan)
    unit = trial_run.unit_of(source, study, plan, place, notebooks=NOTEBOOKS, language=language)
    outcomes = list(run_units([unit], place / manifest.FILE, workers=1, fingerprint="test"))
    assert [outcome.outcome for outcome in outcomes] == ["done"], outcomes
    trial_run.finish(study, plan, place, outcomes, language=language)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    program = os.environ.get("CHROMIUM")
    if not program:
        pytest.fail("CHROMIUM must name the browser")
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # who has no sandbox
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=program, args=["--no-sandbox"] if root else [])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser):
    """Return a function that opens a page; whatever it says on the console, or asks for, is a failure."""
    contexts, said = [], []

    def open_(path, *, width=1100, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(("file:", "data:")) else said.append(request))
        page.set_default_timeout(WAIT)
        page.goto(path.as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert said == []


def column(page, place):
    """Texts of a column of the first table with a head, row by row."""
    rows = page.locator("table:has(thead)").first.locator("tbody tr:not(.fault)")
    return rows.evaluate_all("(rows, place) => rows.map(row => row.cells[place].innerText.trim())", place)


# Sorting ----------------------------------------------------------------------------------------------------------

ROWS = [
    # name, score, share, interval, text with digits, date
    ("张伟", "88.2", "100.0%", "80–90", "第10组", "2026-10-02"),
    ("李娜", "9.5", "7.5%", "9–10", "第2组", "2026-09-30"),
    ("阿依", "—", "", "—", "", "—"),
    ("王芳", "-3.1", "33.3%", "70–99", "第2组", "2025-12-31"),
    ("陈静", "1,024.0", "8%", "9–9", "第1组", "2026-01-05"),
]
PINYIN = ["阿依", "陈静", "李娜", "王芳", "张伟"]


@pytest.fixture
def small(tmp_path):
    """A report with one table, whose order is known."""
    from toolkit.documents.blocks import Column, Document, Table  # noqa: PLC0415
    from toolkit.documents.pages import to_html  # noqa: PLC0415

    titles = ("姓名", "得分", "占比", "区间", "组别", "日期")
    columns = tuple(Column(title, "right" if place else "left") for place, title in enumerate(titles))
    path = tmp_path / "small.html"
    path.write_text(to_html(Document((Table(columns, tuple(ROWS)),)), title="表", language="zh"), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("place", "names"),
    [
        (0, PINYIN),
        (1, ["王芳", "李娜", "张伟", "陈静", "阿依"]),
        (2, ["李娜", "陈静", "王芳", "张伟", "阿依"]),
        (3, ["李娜", "陈静", "王芳", "张伟", "阿依"]),
        (4, ["陈静", "李娜", "王芳", "张伟", "阿依"]),
        (5, ["王芳", "陈静", "李娜", "张伟", "阿依"]),
    ],
)
def test_a_column_is_sorted_up_and_down_and_back(open_page, small, place, names):
    page = open_page(small)
    head = page.locator("thead th").nth(place)
    before = column(page, 0)
    button = head.locator("button")
    button.click()
    assert column(page, 0) == names
    assert head.get_attribute("aria-sort") == "ascending"
    button.click()
    down = column(page, 0)
    # ties stand as they stood, and blanks last, both ways; an interval begins with its lower end
    starts = {row[0]: row[place].partition("–")[0] for row in ROWS}
    filled = [name for name in names if starts[name] not in {"", "—"}]
    ties = {start: [name for name in filled if starts[name] == start] for start in map(starts.get, filled)}
    assert down == [*(name for tied in reversed(ties.values()) for name in tied), *names[len(filled) :]]
    assert head.get_attribute("aria-sort") == "descending"
    button.click()
    assert column(page, 0) == before
    assert head.get_attribute("aria-sort") is None


def test_a_table_is_sorted_by_the_keyboard(open_page, small):
    page = open_page(small)
    for _ in range(3):  # the table, which may be scrolled, then its heads
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "得分"
    page.keyboard.press("Enter")
    assert column(page, 0)[0] == "王芳"
    page.keyboard.press("Space")
    assert column(page, 0)[0] == "陈静"
    assert page.locator("th[aria-sort]").count() == 1
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert column(page, 0) == PINYIN
    assert page.locator("th[aria-sort]").count() == 1


def test_without_scripts_a_page_is_whole(open_page, small, reports):
    assert column(open_page(small, java_script_enabled=False), 0) == [row[0] for row in ROWS]
    page = open_page(reports["zh"] / "2026H2" / "index.html", java_script_enabled=False)
    assert len(column(page, 0)) == 13
    assert page.locator("table").first.is_visible()
    assert not page.locator("[role=search]").is_visible()
    assert not page.locator("#more").is_visible()
    assert page.locator("button:visible").count() == 0


def test_a_printed_table_shows_no_buttons(open_page, small):
    page = open_page(small)
    page.emulate_media(media="print")
    style = page.locator("thead button").nth(1).evaluate("button => getComputedStyle(button).textDecorationLine")
    assert style == "none"


# The index --------------------------------------------------------------------------------------------------------


@pytest.fixture
def index(open_page, reports):
    return open_page(reports["zh"] / "2026H2" / "index.html")


def test_units_are_found_by_name_and_id(index):
    query = index.get_by_label("名称或编号")
    for text in ("杏花", "b12", "Ｂ１２", "杏花 b1"):
        query.fill(text)
        assert [name.splitlines()[0] for name in column(index, 0)] == ["杏花村党支部"]
        assert index.locator("output").inner_text() == "共 13 行，显示 1 行"
    query.fill("没有这个")
    assert column(index, 0) == []
    index.get_by_role("button", name="清除").click()
    assert len(column(index, 0)) == 13
    assert index.evaluate("document.activeElement.type") == "search"


def test_units_are_filtered_by_what_they_are(index):
    index.get_by_label("星级").select_option(label="5 ★ (2)")
    starred = [name.splitlines()[0] for name in column(index, 0)]
    assert starred == ["中心小学党支部", "槐树村党支部"]
    index.get_by_label("行业").select_option(label="教育 (1)")
    assert [name.splitlines()[0] for name in column(index, 0)] == ["中心小学党支部"]
    index.get_by_label("星级").select_option(value="")
    index.get_by_label("行业").select_option(value="")
    index.locator("[role=search] select").last.select_option(label="未生成 (12)")
    assert len(column(index, 0)) == 12
    assert "杏花村党支部" not in str(column(index, 0))


def test_units_are_sorted_by_score_and_filtered_then(index):
    index.get_by_role("button", name="得分", exact=True).click()
    scores = [float(text) for text in column(index, 1)]
    assert scores == sorted(scores)
    assert len(scores) == 13
    index.get_by_label("名称或编号").fill("村党支部")
    scores = [float(text) for text in column(index, 1)]
    assert scores == sorted(scores)
    assert 1 < len(scores) < 13


def test_the_index_leads_to_reports_and_back(index, reports):
    index.get_by_role("link", name="杏花村党支部").click()
    assert index.title() == "杏花村党支部考核评价报告"
    index.go_back()
    index.get_by_role("link", name="本项考核的全部报告").click()
    index.get_by_role("link", name="个人反馈单").click()
    assert index.url == (reports["zh"] / "2026H2.member_feedback" / "index.html").as_uri()


def test_the_index_says_how_reports_were_made(index):
    index.locator("summary", has_text="报告生成信息").click()
    told = index.locator(".made").inner_text()
    for part in ("完成时间", "程序代码指纹", "pandas", "ratings"):
        assert part in told


# Ten thousand -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """An index of ten thousand units; every hundredth has failed."""
    rows = [
        IndexRow(
            f"B{place:05}",
            f"第{place}党支部",
            2,
            "failed" if place % 100 == 99 else "done",
            "" if place % 100 == 99 else f"B{place:05}/report.html",
            files=(("Word", f"B{place:05}/report.docx"), ("PDF", f"B{place:05}/report.pdf")),
            error=f"Traceback\nValueError: {place}" if place % 100 == 99 else "",
            industry=("农业", "教育", "卫生")[place % 3],
            score=f"{(place * 7919) % 1000 / 10:.1f}",
            interval="80–82",
            members="12",
            scored="12",
            coverage="100%",
            stars=f"{place % 5 + 1} ★",
        )
        for place in range(MANY)
    ]
    path = tmp_path_factory.mktemp("large") / "index.html"
    index = IndexPage("大规模考核", "2026H2", "zh", tuple(rows), caption="考核评价报告")
    path.write_text(with_font(index_html(index)), encoding="utf-8")
    return path


def test_of_ten_thousand_units_a_slice_is_drawn_and_all_are_found(open_page, large):
    page = open_page(large)
    assert len(column(page, 0)) == SLICE
    page.get_by_role("button", name="显示更多").click()
    assert len(column(page, 0)) == 2 * SLICE
    page.get_by_label("名称或编号").fill("B09998")
    assert [name.splitlines()[0] for name in column(page, 0)] == ["第9998党支部"]
    assert not page.locator("#more").is_visible()
    page.get_by_label("名称或编号").fill("")
    page.locator("[role=search] select").last.select_option(label="生成失败 (100)")
    assert page.locator("tr.fault").count() == 100
    assert page.locator("tbody tr").nth(1).inner_text() == "ValueError: 99"
    for _ in range(2):
        page.get_by_role("button", name="得分").click()
    scores = [float(text) for text in column(page, 1)]
    assert scores == sorted(scores, reverse=True)
    assert [row[-2:] for row in page.locator("tr.fault summary").all_inner_texts()] == ["99"] * 100
    assert page.locator("output").inner_text() == f"共 {MANY} 行，显示 100 行"


def test_what_is_printed_is_all_that_was_found(open_page, large):
    page = open_page(large)
    page.get_by_label("星级").select_option(label="5 ★ (2000)")
    page.get_by_label("行业").select_option(label="教育 (3333)")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert len(column(page, 0)) == 667
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert len(column(page, 0)) == SLICE


# Every page -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_passes_axe(open_page, reports, language, name):
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415

    for scheme in ("light", "dark"):
        page = open_page(reports[language] / name, color_scheme=scheme, bypass_csp=True)
        for summary in page.locator("summary").all():
            summary.click()
        found = Axe().run(page).response["violations"]
        grave = [(each["id"], [node["html"] for node in each["nodes"]]) for each in found if each["impact"] in SERIOUS]
        assert grave == [], scheme


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_fits_a_phone_and_has_headings_in_order(open_page, reports, language, name):
    page = open_page(reports[language] / name, width=320)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    levels = page.locator("h1, h2, h3, h4, h5, h6").evaluate_all("heads => heads.map(head => Number(head.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_dark_in_the_dark_and_light_on_paper(open_page, reports, name, tmp_path):
    page = open_page(reports["zh"] / name, color_scheme="dark")
    colour = "getComputedStyle(document.querySelector('main')).backgroundColor"
    assert page.evaluate(colour) == "rgb(29, 27, 26)"
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(33, 31, 28)"
    page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    assert _words_of(tmp_path / "page.pdf") >= _words(page.inner_text("h1"))


def _words(text):
    return set(re.findall(r"\w+", text))


def _words_of(path):
    from pypdf import PdfReader  # noqa: PLC0415

    return _words("\n".join(page.extract_text() for page in PdfReader(path).pages))


def test_a_typical_report_is_small(reports):
    units = ("B12", "P00", "M0231", OVERVIEW)
    sizes = [
        path.stat().st_size for name in units for path in reports["zh"].parents[1].glob(f"*/*/*/{name}/report.html")
    ]
    assert max(sizes) < 250_000
    assert len(sizes) == 10


def test_a_folder_handed_over_alone_opens(open_page, reports, tmp_path):
    alone = tmp_path / "给支部"
    shutil.copytree(reports["zh"] / "2026H2" / "B12", alone)
    page = open_page(alone / "report.html")
    assert page.locator("h1").inner_text() == "杏花村党支部考核评价报告"
    assert page.locator("a[href]").count() == 0

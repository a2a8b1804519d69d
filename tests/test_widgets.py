"""The explorer without a browser: what its widgets say after each thing that is done to them."""

import asyncio
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import ipywidgets
import pytest

import toolkit as tk
from toolkit import widgets
from toolkit.weighting.desk import Node
from toolkit.weighting.model import model

SURVEYS = Path(__file__).parents[1] / "surveys"
CHINESE = re.compile(r"[\u4e00-\u9fff]+")
PUBLIC, PEER, SUPERIOR, SELF = (Node("sources", name) for name in ("public", "peer", "superior", "self"))


@pytest.fixture(scope="module")
def round_():
    study = tk.read_study(SURVEYS / "demo")
    return model(study, tk.score(study))


@pytest.fixture
def page(round_, tmp_path):
    """The explorer of the demo, whose folder is a copy that can be written to."""
    shutil.copytree(SURVEYS / "demo", tmp_path / "demo")
    return widgets.Explorer(round_, tmp_path / "demo")


def weights(page, *nodes):
    return [page.rows[node].number.value for node in nodes]


def shown(page):
    return [part.value for part in (page.standings, page.changes, page.figure, page.summary)]


def test_at_first_nothing_has_changed(page):
    assert weights(page, SUPERIOR, PEER, PUBLIC, SELF) == [30, 30, 40, 0]
    assert "等次和星级均无变动" in page.changes.value
    assert "等次变动 0 人" in page.summary.value
    assert page.standings.value.count("<tr>") == 21
    assert "changed" not in page.standings.value
    assert "tk-grade" in page.rows[SUPERIOR].strip.value
    assert not page.message.value


def test_a_slider_moves_the_others_and_the_league(page):
    before = shown(page)
    page.rows[PUBLIC].slider.value = 60
    assert weights(page, SUPERIOR, PEER, PUBLIC, SELF) == [20, 20, 60, 0]
    assert page.rows[PEER].slider.value == pytest.approx(20)
    assert all(now != old for now, old in zip(shown(page), before, strict=True))
    assert page.changes.value.count("<li>") > 10
    assert re.search(r"等次 合格 → 优秀", page.changes.value)
    assert "最近的变动点：群众评价" in page.nearest.value
    assert "tk-grade" in page.rows[PUBLIC].strip.value
    assert not page.rows[SUPERIOR].strip.value


def test_changes_are_those_between_the_two_schemes(page, round_):
    page.rows[PUBLIC].slider.value = 60
    schemes = {**round_.study.schemes, round_.name: page.desk.scheme}
    moved = tk.score(replace(round_.study, schemes=schemes)).ratees
    own = tk.score(round_.study).ratees
    sides = [rows[(rows["round"] == round_.name) & (rows["kind"] == "member")] for rows in (own, moved)]
    columns = [rows.set_index("ratee_id")[["grade", "stars"]].fillna({"grade": "-", "stars": -1}) for rows in sides]
    differs = (columns[0] != columns[1]).any(axis=1)
    names = sides[0].set_index("ratee_id")["name"][differs]
    assert sorted(re.findall(r"<b>(.+?)</b>", page.changes.value)) == sorted(names)


def test_reset_shows_what_stood_there_at_first(page):
    before = shown(page)
    page.rows[PUBLIC].slider.value = 60
    page.rows[Node("indicators", "virtue")].number.value = 12.5
    assert page.desk.moved
    page.reset.click()
    assert page.desk.moved == []
    assert shown(page) == before


def test_a_typed_weight_is_taken_exactly(page):
    page.rows[Node("indicators", "service")].number.value = 33.3
    assert str(page.desk.weight(Node("indicators", "service"))) == "333/1000"
    assert weights(page, Node("indicators", "delivery")) == [66.7]


def test_a_locked_weight_stays_and_bounds_the_others(page):
    page.rows[PEER].lock.value = True
    assert page.rows[PEER].slider.disabled
    page.rows[PUBLIC].slider.value = 60
    assert weights(page, SUPERIOR, PEER, PUBLIC, SELF) == [10, 30, 60, 0]
    page.rows[PUBLIC].slider.value = 90  # retired members keep 40% for their peers
    assert weights(page, PUBLIC) == [60]
    assert "群众评价至多占 60.0%：其余已锁定" in page.message.value
    page.rows[PUBLIC].slider.value = 50
    assert not page.message.value
    page.rows[PEER].lock.value = False
    assert not page.rows[PEER].slider.disabled


def test_where_all_others_are_locked_the_last_one_cannot_move(page):
    for node in (SUPERIOR, PEER, SELF):
        page.rows[node].lock.value = True
    assert "群众评价无法调整：其余各项均已锁定" in page.message.value
    assert page.rows[PUBLIC].slider.disabled
    page.rows[PUBLIC].slider.value = 70  # as if a message were still under way
    assert weights(page, PUBLIC) == [40]
    page.rows[SELF].lock.value = False
    assert not page.rows[PUBLIC].slider.disabled


def test_a_rest_that_nobody_can_share_is_said(page):
    page.rows[PUBLIC].slider.value = 100
    page.rows[PEER].lock.value = True
    page.rows[PUBLIC].slider.value = 50
    assert weights(page, PUBLIC) == [100]
    assert "群众评价无法调整" in page.message.value


def test_a_unit_and_the_number_of_rows_are_chosen(page):
    page.most.value = 10
    assert page.standings.value.count("<tr>") == 11
    page.unit.value = "B03"
    assert "离退休干部党支部" not in page.standings.value  # there is but one
    own = set(page.model.study.members.query("unit_id == 'B03'")["name"])
    assert set(re.findall(r'<td class="name">(.+?)</td>', page.standings.value)) <= own
    page.most.value = sys.maxsize
    assert page.standings.value.count("<tr>") == len(own) + 1


def test_the_scheme_is_saved_where_it_is_asked_and_nothing_is_overwritten(page, tmp_path):
    page.rows[PUBLIC].slider.value = 55
    page.rows[Node("sources", "team")].number.value = 12.5
    folder = tmp_path / "demo"
    page.place.value = str(folder / "louder.yaml")
    page.save.click()
    assert "louder.yaml" in page.saved.value
    main = folder / "scheme.yaml"
    main.write_text(main.read_text(encoding="utf-8").replace("scheme-2026H2.yaml", "louder.yaml"), encoding="utf-8")
    read = tk.read_study(folder).schemes["2026H2"]
    for category in (None, *read.categories):
        assert read.source_weights(category) == page.desk.scheme.source_weights(category)
        assert read.indicator_weights(category) == page.desk.scheme.indicator_weights(category)
    assert read.index == page.scheme.index
    written = (folder / "louder.yaml").read_bytes()
    page.rows[PUBLIC].slider.value = 20
    page.save.click()
    assert "louder.yaml 已存在" in page.message.value
    assert (folder / "louder.yaml").read_bytes() == written
    page.place.value = str(tmp_path / "nowhere" / "a.yaml")
    page.save.click()
    assert "无法写入" in page.message.value


def test_the_text_is_what_is_saved(page, tmp_path):
    page.rows[PUBLIC].slider.value = 55
    page.save.click()
    text = (tmp_path / "demo" / "scheme-2026H2-explored.yaml").read_text(encoding="utf-8")
    assert "weight: 0.55" in text
    assert widgets.escape(text) in page.text.value


def test_what_goes_wrong_is_said_in_the_page(page, monkeypatch):
    def fails(*_args, **_more):
        raise RuntimeError("<all> is lost")

    monkeypatch.setattr(widgets, "outcomes", fails)
    page.rows[PUBLIC].slider.value = 60
    assert "未能完成：RuntimeError: &lt;all&gt; is lost" in page.message.value


def test_breakpoints_wait_until_the_weights_rest(page, monkeypatch):
    monkeypatch.setattr(widgets, "REST", 0.05)
    asked = []
    monkeypatch.setattr(widgets, "breakpoints", lambda *given: asked.append(given) or found(*given))

    async def drag():
        for weight in (41, 45, 50):
            page.rows[PUBLIC].slider.value = weight
        assert asked == []
        await asyncio.sleep(0.2)
        assert len(asked) == 1
        page.rows[PUBLIC].slider.value = 52  # what is known of this way still holds
        assert page.rows[PUBLIC].strip.value

    found = tk.weighting.breakpoints.breakpoints
    asyncio.run(drag())


@pytest.mark.parametrize("name", ["village", "office"])
def test_other_studies_have_an_explorer_too(name):
    study = tk.read_study(SURVEYS / name)
    page = widgets.Explorer(model(study, tk.score(study)), SURVEYS / name)
    for row in page.rows.values():
        row.slider.value = 33
    assert "RuntimeError" not in page.message.value
    assert "<tr>" in page.standings.value


def texts(widget):
    """All texts of a page."""
    for key in ("value", "description", "tooltip"):
        if isinstance(text := getattr(widget, key, None), str) and not isinstance(widget, ipywidgets.Text):
            yield text
    for child in getattr(widget, "children", ()):
        yield from texts(child)


def test_an_english_page_holds_no_chinese_but_names(tmp_path):
    shutil.copytree(SURVEYS / "demo", tmp_path / "demo")
    main = tmp_path / "demo" / "scheme.yaml"
    main.write_text(main.read_text(encoding="utf-8").replace("language: zh", "language: en"), encoding="utf-8")
    study = tk.read_study(tmp_path / "demo")
    page = widgets.Explorer(model(study, tk.score(study)), tmp_path / "demo")
    page.rows[PUBLIC].slider.value = 60
    known = {*study.units["name"], *study.members["name"]}
    found = {word for text in texts(page.box) if "<textarea" not in text for word in CHINESE.findall(text)}
    assert {word for word in found if word not in known} == set()


def test_a_study_with_faults_is_told_and_nothing_is_raised(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(widgets, "display", shown.append)
    tk.explore(tmp_path / "nowhere")
    tk.explore(SURVEYS / "demo", round="2026")
    tk.explore(SURVEYS / "village")
    told = [place.children[0] for place in shown]
    assert "must be a folder that holds scheme.yaml" in told[0].value
    assert "must be a plain round: 2026H1, 2026H2" in told[1].value
    assert "权重推演" in "".join(texts(told[2]))


def test_the_package_needs_no_widgets():
    code = "import sys; sys.modules['ipywidgets'] = None; import toolkit as tk; tk.read_study; tk.results; tk.plots"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

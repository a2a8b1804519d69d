"""What the words of themes propose, and what is suggested after people's own coding."""

import pandas as pd
import pytest

from toolkit.faults import UsageError
from toolkit.survey import themes
from toolkit.survey.themes import code, suggest

THEMES = pd.DataFrame(
    {
        "theme": ["food", "light", "bus", "land"],
        "words": ["食堂|饭菜|伙食", "灯光|路灯|street light", "公交|bus", "中国"],
    }
)
FOOD = ["食堂的菜太贵", "食堂排队太久", "饭菜不新鲜", "伙食单调", "食堂饭菜太咸"]
LIGHT = ["路灯坏了", "路灯太暗", "晚上没有灯", "灯光太暗", "晚上灯不亮"]


@pytest.mark.parametrize(
    ("text", "theme", "why"),
    [
        ("食堂饭菜太贵", "food", "food: 食堂, 饭菜"),
        ("公交车太少", "bus", "bus: 公交"),
        ("The Street Light is off, bus BUS", "bus", "light: street light; bus: bus ×2"),
        ("路灯和食堂", "", "light: 路灯; food: 食堂"),  # nothing speaks for one of them
        ("发展中国家", "", ""),
        ("busy streets, lights", "", ""),
        ("没有意见", "", ""),
        ("", "", ""),
    ],
)
def test_a_theme_is_proposed_by_its_words(text, theme, why):
    found = code([text], THEMES).iloc[0]
    assert found["proposed"] == theme
    assert set(found["why"].split("; ")) == set(why.split("; "))


def test_a_word_that_the_segmenter_does_not_know_is_found_whole():
    names = pd.DataFrame({"theme": ["subsidy"], "words": ["青溪取暖补贴"]})
    assert code(["青溪取暖补贴没有发", "取暖用的补贴"], names)["proposed"].tolist() == ["subsidy", ""]


def test_without_themes_nothing_is_proposed():
    assert code(["食堂"], THEMES.iloc[:0]).to_dict("list") == {"proposed": [""], "why": [""]}


def test_suggestions_follow_what_people_have_coded_and_say_why():
    texts = [*FOOD, *LIGHT, "食堂太吵", "今晚路灯又灭了", "开证明太慢"]
    found = suggest(texts, ["food"] * 5 + ["light"] * 5 + [""] * 3)
    assert found["suggested"].tolist() == [""] * 10 + ["food", "light", ""]
    assert "食堂" in found["after"][10]
    assert "路灯" in found["after"][11]
    assert (found["likely"].dropna() >= 50).all()
    assert found["likely"].notna().tolist() == [False] * 10 + [True, True, False]


def test_only_those_asked_get_a_suggestion_and_a_coded_one_never():
    texts = [*FOOD, *LIGHT, "食堂太吵", "食堂太贵"]
    coded = ["food"] * 5 + ["light"] * 5 + ["", ""]
    found = suggest(texts, coded, among=[True] * 11 + [False])
    assert found["suggested"].tolist() == [""] * 10 + ["food", ""]


@pytest.mark.parametrize("coded", [["food"] * 5 + [""] * 6, ["food"] * 5 + ["light"] * 4 + [""] * 2, [""] * 11])
def test_too_little_that_is_coded_teaches_nothing(coded):
    assert (suggest([*FOOD, *LIGHT, "食堂太吵"], coded)["suggested"] == "").all()


def test_three_themes_are_told_apart_too():
    water = ["自来水停了", "水压太低", "自来水发黄", "停水没有通知", "水质太差"]
    texts = [*FOOD, *LIGHT, *water, "自来水又停了"]
    found = suggest(texts, ["food"] * 5 + ["light"] * 5 + ["water"] * 5 + [""])
    assert found["suggested"].iloc[-1] == "water"


def test_the_same_texts_give_the_same_suggestions():
    texts, coded = [*FOOD, *LIGHT, "食堂太吵"], ["food"] * 5 + ["light"] * 5 + [""]
    pd.testing.assert_frame_equal(suggest(texts, coded), suggest(texts, coded))


@pytest.mark.parametrize(("module", "package"), [("rjieba", "rjieba"), ("sklearn", "scikit-learn")])
def test_what_is_missing_is_named_with_its_extra(monkeypatch, module, package):
    def import_module(name):
        if name.partition(".")[0] == module:
            raise ImportError(name)
        return __import__(name, fromlist=["_"])

    monkeypatch.setattr(themes, "import_module", import_module)
    with pytest.raises(UsageError, match=rf"^{package} is needed: install the extra survey"):
        suggest([*FOOD, *LIGHT, "食堂"], ["food"] * 5 + ["light"] * 5 + [""])

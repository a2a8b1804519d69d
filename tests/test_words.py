"""Every phrase of a report has its Chinese, and the two have the same gaps."""

import ast
import json
import re
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import toolkit as tk
from toolkit.reporting.cutting import cut
from toolkit.words import LANGUAGES, words

ROOT = Path(__file__).parents[1]
CHINESE = re.compile(r"[\u3001-\u303f\u4e00-\u9fff\uff01-\uff5e]+")
# What the run calls its outcomes and templates translate: `_(row.status)`.
SPOKEN_BY_NAME = {"done", "failed", "kept", "not run"}


def used():
    """Phrases in `_("...")` of the code and templates, and headings of the notebooks."""
    methods = [("**.py", "python"), ("**.j2", "jinja2.ext:babel_extract")]
    found = extract_from_dir(ROOT / "toolkit", methods, keywords={"_": None})
    phrases = {message for _, _, message, _, _ in found}
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                phrases |= headings("".join(cell["source"]))
    return phrases | SPOKEN_BY_NAME


def headings(source):
    """The heading of every `tk.prose.section(view, "...")`."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return {call.args[1].value for call in calls if ast.unparse(call.func).endswith("section")}


def fields(text):
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


@pytest.fixture(scope="module")
def phrases():
    return used()


@pytest.fixture(scope="module")
def catalogue():
    with (ROOT / "toolkit" / "locale" / "zh.po").open("rb") as file:
        return {message.id: message for message in read_po(file, locale="zh") if message.id}


def test_phrases_are_found_where_they_are(phrases):
    assert {
        "Participation",
        "Weights of the sources",
        "This unit",
        "All reports of this study",
        "Assessment report",
    } <= phrases
    assert headings("tk.prose.section(view, 'A', view.league)\nx = 1") == {"A"}


def test_every_phrase_is_translated(phrases, catalogue):
    assert sorted(phrases - set(catalogue)) == []
    assert [name for name, message in catalogue.items() if not message.string or message.fuzzy] == []


def test_no_translation_is_left_of_a_phrase_that_is_gone(phrases, catalogue):
    assert sorted(set(catalogue) - phrases) == []


def test_both_languages_have_the_same_gaps(catalogue):
    differing = {name for name, message in catalogue.items() if fields(name) != fields(message.string)}
    assert differing == set()


def test_a_translation_has_chinese_and_a_phrase_has_none(catalogue):
    assert [name for name in catalogue if CHINESE.search(name)] == []
    assert [name for name, message in catalogue.items() if not CHINESE.search(message.string)] == []


def test_a_phrase_begins_and_ends_like_its_translation(catalogue):
    """A full stop ends a sentence in both; what is joined in front of it must not begin with a blank in Chinese."""
    for name, message in catalogue.items():
        assert name.endswith(".") == message.string.endswith("。"), name
        assert message.string == message.string.strip(), name


def test_words_are_those_of_the_language():
    assert words("en")("Participation") == "Participation"
    assert words("zh")("Participation") == "参评情况"
    assert words("zh")("no such phrase") == "no such phrase"


@pytest.mark.parametrize("language", ["fr", "", "ZH"])
def test_an_unknown_language_is_refused_by_name(language):
    with pytest.raises(ValueError, match=f"language: '{language}', must be one of {', '.join(LANGUAGES)}"):
        words(language)


# A report in English --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo():
    study = tk.read_study(ROOT / "surveys" / "demo")
    return study, tk.score(study)


def shown(view):
    """All tables, texts and figures of a report."""
    for room in (tk.tables, tk.prose, tk.plots):
        tree = ast.parse(Path(room.__file__).read_text(encoding="utf-8"))
        makers = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
        for maker in makers:
            if [argument.arg for argument in maker.args.args] == ["view"]:
                yield maker.name, getattr(room, maker.name)(view)


def text_of(part):
    if isinstance(part, tk.tables.Table):
        return part.plain()
    return part.markdown if isinstance(part, tk.prose.Text) else part.svg + part.alt + part.caption


@pytest.mark.parametrize("unit", ["", "P00", "B02", "B12"])
@pytest.mark.parametrize("turn", ["2026H2", "2026"])
def test_an_english_report_holds_no_chinese_but_names(demo, unit, turn):
    study, scores = demo
    names = {*study.units["name"], *study.members["name"]}
    parts = dict(shown(cut(study, scores, unit, turn, "en")))
    assert {"summary", "method", "matrix", "weights"} <= set(parts)
    for name, part in parts.items():
        found = set(CHINESE.findall(text_of(part))) if part else set()
        assert found <= names, name


def test_a_chinese_report_holds_no_english_sentence(demo):
    study, scores = demo
    for name, part in shown(cut(study, scores, "B12", "2026H2", "zh")):
        text = text_of(part) if isinstance(part, tk.tables.Table | tk.prose.Text) else ""
        assert not re.search(r"[A-Za-z]{3,}", text), name

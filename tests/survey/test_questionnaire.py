"""A questionnaire asks a source what the scheme says, of those who can be rated; its text can be read and changed."""

import re

import pytest
from pyxform.xls2xform import convert

import toolkit as tk
from toolkit.faults import UsageError
from toolkit.study import ratable
from toolkit.survey import xlsform
from toolkit.survey.forms import departures, read_form, write_form
from toolkit.survey.questionnaire import CHOSEN, Choice, answers_of, draft, units_with_ratees


@pytest.fixture(scope="module")
def study(small_town):
    return tk.read_study(small_town[0])


def parse(text, study):
    tables = {name: getattr(study, name) for name in ("units", "members", "posts")}
    return xlsform.parsed(text, "peer.md", study.schemes, ratable(tables, study.schemes))


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        ("peer", ["virtue", "delivery", "service", "integrity"]),
        ("public", ["virtue", "delivery", "service"]),
    ],
)
def test_only_what_the_source_rates(study, source, asked):
    form = draft(study, source, "B1")
    assert [block.ratee for block in form.blocks] == ["M1", "M2", "M3", "M4", "党员-5"]  # M6 is exempt
    assert {tuple(question.indicator for question in block.questions) for block in form.blocks} == {tuple(asked)}


def test_a_unit_holds_those_below_it(study):
    assert [block.ratee for block in draft(study, "peer", "P").blocks][-2:] == ["N1", "N2"]
    assert units_with_ratees(study) == ["B1", "B2"]
    assert [block.ratee for block in draft(study, "peer", "P", units=True).blocks] == ["B2"]
    assert units_with_ratees(study, units=True) == ["P"]


def test_once_about_each(study):
    form = draft(study, "peer", "B1", overall=True)
    assert {question.indicator for block in form.blocks for question in block.questions} == {"overall"}


def test_who_rates_himself_says_who_he_is(study):
    form = draft(study, "self", "B1")
    assert [block.ratee for block in form.blocks] == [CHOSEN]
    assert [choice.value for choice in form.ratees] == ["M1", "M2", "M3", "M4", "党员-5"]
    assert form.chooser.label == "您的姓名"


def test_two_of_one_name_are_told_apart(study):
    assert [block.label for block in draft(study, "peer", "B1").blocks][:3] == ["张三 (M1)", "李四", "张三 (M3)"]


def test_names_that_every_platform_takes(study):
    """LimeSurvey takes 20 letters and digits for a question, and 5 for an answer."""
    names = [question.name for block in draft(study, "peer", "B1").blocks for question in block.questions]
    assert len(names) == len({name.casefold() for name in names})
    assert all(re.fullmatch("[a-z][A-Za-z0-9]{1,19}", name) for name in names)
    codes = [choice.name for choice in draft(study, "self", "B1").ratees]
    assert all(re.fullmatch("[A-Za-z0-9]{1,5}", code) for code in codes)
    assert codes[0] == "M1"


def test_answers_by_the_scale(study):
    scheme = study.scheme
    assert answers_of(scheme, "peer", "en").choices[:2] == (
        Choice("1", "Excellent", "优秀", 100.0), Choice("2", "Qualified", "合格", 80.0),
    )  # fmt: skip
    assert answers_of(scheme, "peer").choices[-1] == Choice("5", "弃权", "弃权", None)
    assert [choice.points for choice in answers_of(scheme, "public").choices] == [0, 25, 50, 75, 100]
    assert [choice.name for choice in answers_of(scheme, "client").choices] == [str(number) for number in range(11)]
    typed = answers_of(scheme, "superior")
    assert (typed.choices, typed.low, typed.high) == ((), 0, 100)


def test_whoever_answers_is_told_who_sees_it(study):
    assert "请勿署名" in draft(study, "peer", "B1").notes[1]
    assert "实名评价" in draft(study, "superior", "B1").notes[1]
    assert "只有您本人和组织者" in draft(study, "self", "B1").notes[0]
    assert draft(study, "peer", "B1", language="en").notes[1].startswith("Give no name")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"source": "peers"}, "source: 'peers', must be one of.*nearest: peer"),
        ({"unit": "B9"}, "unit: 'B9', must be one of"),
        ({"round": "2026H3"}, "round: '2026H3', must be one of"),
        ({"unit": "B1", "units": True}, "there is no unit whose category says ratee: unit"),
    ],
)
def test_what_cannot_be_asked(study, how, said):
    with pytest.raises(UsageError, match=said):
        draft(study, **({"source": "peer", "unit": "B1"} | how))


# ----------------------------------------------------------------------------------------------------------- XLSForm

EVERY = [
    (source, language, overall)
    for source in ("superior", "peer", "client", "public", "self")
    for language, overall in (("zh", False), ("en", True))
]


@pytest.mark.parametrize(("source", "language", "overall"), EVERY)
def test_its_text_says_all_of_it(study, source, language, overall):
    form = draft(study, source, "B1", language=language, overall=overall)
    assert parse(xlsform.written(form), study) == form


@pytest.mark.parametrize(("source", "language", "overall"), EVERY)
def test_pyxform_accepts_text_and_workbook(study, source, language, overall, tmp_path):
    text = xlsform.written(draft(study, source, "B1", language=language, overall=overall))
    path = tmp_path / "form.xlsx"
    path.write_bytes(xlsform.workbook(text))
    warnings = []
    made = [convert(text, file_type=".md", warnings=warnings), convert(str(path), warnings=warnings)]
    assert warnings == []
    assert made[0].xform == made[1].xform


def test_what_is_checked_and_by_whom(study, monkeypatch):
    text = xlsform.written(draft(study, "peer", "B1"))
    monkeypatch.setattr(xlsform, "which", lambda _: None)
    assert xlsform.checked(text) == "checked by pyxform; not by ODK Validate: there is no Java"
    with pytest.raises(tk.StudyError, match="XLSForm"):
        xlsform.checked(text.replace("begin_group", "begin_grup", 1))


def test_java_finds_what_pyxform_does_not(study):
    """ODK Validate reads expressions; where there is no Java, what it would say is not known, and that is said."""
    text = xlsform.written(draft(study, "superior", "B1"))
    if xlsform.which("java") is None:
        assert "not by ODK Validate" in xlsform.checked(text)
    else:
        assert xlsform.checked(text) == "checked by pyxform and ODK Validate"
        with pytest.raises(tk.StudyError, match="XLSForm"):
            xlsform.checked(text.replace(". >= 0 and . <= 100", ". >=", 1))


def test_the_same_workbook_twice(study):
    text = xlsform.written(draft(study, "peer", "B1"))
    assert xlsform.workbook(text) == xlsform.workbook(text)


def test_odd_characters_of_a_name(make_study):
    folder = make_study(
        members="member_id,name,unit_id,category\nM|1,a|b  *c*,B1,member\n=2,=1+1,B1,member\n", ratings=None
    )
    study = tk.read_study(folder)
    form = draft(study, "peer", "B1")
    text = xlsform.written(form)
    read = parse(text, study)
    assert [(block.ratee, block.label) for block in read.blocks] == [("M|1", "a|b *c*"), ("=2", "=1+1")]
    assert convert(text, file_type=".md").xform


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("| survey |", "| suvey |", "survey: must be a table"),
        ("| settings |", "| set |", "settings: must be a table"),
        (" | x_value |", " | y_value |", "choices: must have the columns x_value"),
        ("| 2026H2 | peer |", "| 2026H9 | peer |", "settings.x_round: '2026H9'"),
        ("| 2026H2 | peer |", "| 2026H2 | pier |", "settings.x_source: 'pier'.*nearest: peer"),
        ("| peer | M2 | virtue |", "| peer | M2 | virtu |", "row 14, x_indicator: 'virtu'.*nearest: virtue"),
        ("| peer | M2 | virtue |", "| peer | M9 | virtue |", "row 14, x_ratee: 'M9'"),
        ("| peer | M2 | virtue |", "| peer | B1 | virtue |", "x_ratee: 'B1': a unit that is rated must have"),
        ("| peer | M2 | virtue |", "| public | M2 | virtue |", "x_source: 'public': must be that of the form, peer"),
        (
            "| peer | M2 | virtue |",
            "| peer | M2 | delivery |",
            "x_ratee, x_indicator: 'M2, delivery'|must not be there twice",
        ),
        ("| rM2q1 |", "| rM2q2 |", "name: 'rM2q2': must not be there twice; it stands in row 14 too"),
        ("select_one answers | rM2q1", "select_one answer | rM2q1", "'answer'|must be a list of choices"),
        ("select_one answers | rM2q1", "text | rM2q1", "type: 'text': must be select_one with a list"),
        ("| rM2q1 | 德 |", "| rM2q1 | 廉 |", "must differ from that of rM2q1 by more than blanks"),
        ("| 合格 | 合格 | 80 |", "| 合格 | 中等 | 80 |", "x_value: '中等': must be one of the levels"),
        ("| 合格 | 合格 | 80 |", "| 合格 | 合格 | 85 |", "x_score: '85': must be what the scheme gives: 80"),
    ],
)
def test_what_an_edited_text_has_wrong(study, old, new, said):
    text = xlsform.written(draft(study, "peer", "B1"))
    assert old in text
    with pytest.raises(tk.StudyError) as error:
        parse(text.replace(old, new, 1), study)
    assert any(re.search(part, str(error.value)) for part in said.split("|")), error.value


def test_ten_faults_give_ten(study):
    text = xlsform.written(draft(study, "peer", "B1"))
    for indicator in ("virtue", "delivery"):
        text = text.replace(f" {indicator} |", f" {indicator}x |")
    with pytest.raises(tk.StudyError) as error:
        parse(text, study)
    assert len(error.value.faults) == 10


def test_who_has_edited_it_keeps_what_he_wrote(study, tmp_path):
    form = draft(study, "peer", "B1")
    path, is_new = write_form(tmp_path, form)
    assert is_new
    path.write_text(path.read_text(encoding="utf-8").replace("| 德 |", "| 政治品德 |"), encoding="utf-8")
    assert write_form(tmp_path, form) == (path, False)
    assert read_form(path, study).blocks[0].questions[0].label == "政治品德"


def test_a_kept_questionnaire_on_members_is_none_on_units_nor_on_the_whole(study):
    members, units = (draft(study, "superior", "P", units=units) for units in (False, True))
    assert departures(members, members) == departures(units, units) == []
    assert departures(members, units) == ["--units"]
    assert departures(members, draft(study, "superior", "P", overall=True, language="en")) == [
        "--language",
        "--overall",
    ]
    assert departures(draft(study, "self", "B1"), draft(study, "self", "B1")) == []

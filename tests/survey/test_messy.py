"""Files as offices bring them: the right result, or a clear list of what is wrong with them."""

import codecs

import layouts
import pandas as pd
import pyreadstat
import pytest
from openpyxl import Workbook

import toolkit as tk
from toolkit.faults import UsageError
from toolkit.survey.account import lines
from toolkit.survey.forms import read_form, write_form
from toolkit.survey.intake import import_answers
from toolkit.survey.mapping import Mapping, read_mapping
from toolkit.survey.platforms.wjx import written
from toolkit.survey.questionnaire import draft

UNKNOWN = "no answer of the questionnaire"
KEY = b"a key of the tests, long enough"
HEAD = ["序号", "提交答卷时间", "来自IP", "第1题(德)", "第1题(任务完成)", "第1题(服务群众)", "第1题(廉)", "第2题(德)"]
"""Of the peers' questionnaire on the first branch: 张三 (M1) comes first, then 李四."""
ROW = [1, "2026/7/1 9:05:00", "10.0.0.1", "优秀", "合格", "基本合格", "不合格", "优秀"]


@pytest.fixture
def town(bare_town):
    """A study with questionnaires of every source about its first branch, and a function that imports rows."""
    study = tk.read_study(bare_town)
    for source in study.scheme.leaf_sources:
        write_form(bare_town, draft(study, source, "B1"))
    return bare_town


def take(town, rows, platform="wjx", *, source="peer", name="export.csv", mapping=None, **how):
    path = town.parent / name
    if rows is not None:
        (layouts.xlsx if name.endswith(".xlsx") else layouts.text)(path, rows, **how)
    return import_answers(town, tk.read_study(town), path, platform, key=KEY, source=source, mapping=mapping)


def values(town):
    frame = pd.read_csv(town / "ratings.csv", dtype=str, keep_default_na=False)
    return {(row.ratee_id, row.indicator): row.value for row in frame.itertuples()}


M1 = {
    ("M1", "virtue"): "优秀",
    ("M1", "delivery"): "合格",
    ("M1", "service"): "基本合格",
    ("M1", "integrity"): "不合格",
}
ALL = M1 | {("M2", "virtue"): "优秀"}


# ------------------------------------------------------------------------------------------------ right all the same


@pytest.mark.parametrize(
    ("rows", "how"),
    [
        ([HEAD, ROW], {}),
        ([["民主评议结果"], [], HEAD, ROW], {}),
        ([HEAD, ROW, [], [""] * 8, []], {}),
        ([[f"  {name}　" for name in HEAD], [f"\u3000{cell} " for cell in ROW]], {}),
        ([[name.replace("(", "（").replace(")", "）").replace("1", "１") for name in HEAD], ROW], {}),
        ([HEAD, [*ROW[:3], "1", "2", "３", "4.0", "1"]], {}),
        ([HEAD, ROW], {"encoding": "gb18030"}),
        ([HEAD, ROW], {"encoding": "utf-8"}),
        ([HEAD, ROW], {"delimiter": ";"}),
        ([HEAD, ROW], {"delimiter": "\t"}),
        ([HEAD, ROW], {"name": "export.xlsx"}),
        ([[*HEAD[:3], "1、张三 (M1)：德", *HEAD[4:]], ROW], {}),
        ([[*HEAD[:3], "1、张三（Ｍ１）—德", *HEAD[4:]], ROW], {}),
        ([[*HEAD[:3], "rM1q1", "rM1 q2", "RM1Q3", *HEAD[6:]], ROW], {}),
        (
            [
                ["序号", "时间", "IP", "张三(M1)", "", "", "", "李四"],
                ["", "", "", "德", "任务完成", "服务群众", "廉", "德"],
                ROW,
            ],
            {},
        ),
        ([[*HEAD, "总分", "来源", "", ""], [*ROW, "300", "微信", "", ""]], {}),
        ([HEAD, [*ROW[:7], "(跳过)"], [2, *[""] * 2, *["(空)"] * 5], [3, "", "", *["-3"] * 5]], {"wanted": M1}),
        ([HEAD, [*ROW[:5], "", "(空)", ""]], {"wanted": M1 | {("M1", "service"): "", ("M1", "integrity"): ""}}),
    ],
)
def test_the_same_answers_however_they_stand_there(town, rows, how):
    wanted = how.pop("wanted", ALL)
    came = take(town, rows, **how)
    assert values(town) == wanted
    assert (came.read, came.taken, came.refused) == (len(wanted), len(wanted), {})


def test_columns_that_nobody_knows_are_listed_and_nothing_is_guessed(town):
    head = [*HEAD, "第2题(亷)", "您的手机号", "微信昵称", "openid", "填表地点(GPS)", "意见"]
    came = take(town, [head, [*ROW, "优秀", "13800000000", "小明", "o1", "39.9", "很好"]])
    assert values(town) == ALL
    assert came.headings.unmatched == ["第2题(亷)", "意见"]
    assert came.headings.personal == ["来自IP", "您的手机号", "微信昵称", "openid", "填表地点(GPS)"]
    assert "李四 廉" in came.headings.absent
    said = "\n".join(lines(came))
    assert "columns that match no question: 第2题(亷), 意见" in said
    assert "13800000000" not in said


def test_a_question_of_ones_own_is_no_stranger(town):
    path = next((town / "questionnaires").rglob("peer-B1.md"))
    text = path.read_text(encoding="utf-8")
    own = "| | text | wishes | 您的意见 |  |  |  |  |  |  |\n"
    path.write_text(text.replace("\n\n| choices", f"\n{own}\n| choices"), encoding="utf-8")
    came = take(town, [["_id", "rM1/rM1q1", "wishes"], [7, "1", "很好"]], "kobo")
    assert (came.headings.unmatched, came.headings.about) == ([], ["wishes"])


# ----------------------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("place", "head", "rows", "refused"),
    [
        ("wjx peer", HEAD, [[*ROW[:3], "很好", *ROW[4:]]], {UNKNOWN: 1}),
        ("wjx peer", HEAD, [[*ROW[:3], "优秀┋合格", *ROW[4:]]], {"several answers, where one is asked for": 1}),
        ("wjx peer", HEAD, [[*ROW[:3], "5.5", *ROW[4:]]], {UNKNOWN: 1}),
        ("wjx peer", HEAD, [[*ROW[:3], "9", *ROW[4:]]], {UNKNOWN: 1}),
        ("wjx peer", HEAD, [["", *ROW[1:]]], {"nothing says who answered": 5}),
        ("wjx peer", HEAD, [["#N/A", *ROW[1:]]], {"nothing says who answered": 5}),
        ("wjx peer", HEAD, [["1.1E+17", *ROW[1:]]], {"nothing says who answered": 5}),
        ("wjx peer", HEAD, [ROW, ROW], {"the same answer stands in another row of the file too": 5}),
        (
            "wjx peer", HEAD, [ROW, [*ROW[:3], "合格", *ROW[4:]]],
            {
                "the same answer stands in another row of the file too": 4,
                "another row of the file has a different answer of the same rater": 2,
            },
        ),
        ("wjx peer", HEAD, [[*ROW[:4], "合", "格", *ROW[5:]]], {"the row has more cells than the header": 5}),
        ("wjx client", ["序号", "第1题(德)"], [[1, "5"]], {UNKNOWN: 1}),
        ("kobo client", ["_uuid", "rM1/rM1q1"], [["u1", "1 0"]], {"several answers, where one is asked for": 1}),
        ("table superior", ["id", "rM1q1"], [["u1", "8 9"], ["u2", "8 . 5"]], {UNKNOWN: 2}),
        ("kobo peer", ["_uuid", "rM1/rM1q1"], [["u1", "1 2"]], {"several answers, where one is asked for": 1}),
        ("kobo peer", ["_uuid", "rM1/rM1q1"], [["u1", "优秀 "], ["u2", "c1"]], {UNKNOWN: 1}),
        ("kobo superior", ["_uuid", "rM1/rM1q1"], [["u1", "100.5"], ["u2", "-1"]], {UNKNOWN: 2}),
        ("odk superior", ["KEY", "rM1-rM1q1"], [["u1", "八十"], ["u2", "8O"]], {UNKNOWN: 2}),
        ("odk superior", ["KEY", "rM1-rM1q1"], [["u1", "1e1"], ["u2", "80%"]], {UNKNOWN: 2}),
        ("limesurvey peer", ["id", "submitdate", "rM1[q1]"], [[1, "", "1"]], {"was not submitted": 1}),
        ("limesurvey public", ["id", "submitdate", "rM1[q1]"], [[1, "x", "A1"]], {UNKNOWN: 1}),
        ("txwj public", ["编号", "1.李四:德"], [[1, "6"], [2, "0"]], {UNKNOWN: 2}),
        ("kobo self", ["_id", "ratee", "own/ownq1"], [[1, "", "1"]], {"nobody who can be rated is meant": 1}),
        ("kobo self", ["_id", "ratee", "own/ownq1"], [[1, "N1", "1"]], {"nobody who can be rated is meant": 1}),
        ("wjx self", ["序号", "1、您的姓名", "第2题(德)"], [[1, "张三", "1"]], {"nobody who can be rated is meant": 1}),
        (
            "wjx self", ["序号", "1、您的姓名", "第2题(德)"], [[1, "李四", "1"], [2, "李四", "2"]],
            {"another row of the file has a different answer of the same rater": 2},
        ),
    ],
)  # fmt: skip
def test_what_is_refused_is_counted_and_listed(town, place, head, rows, refused):
    platform, source = place.split()
    came = take(town, [head, *rows], platform, source=source)
    assert came.refused == refused
    assert came.read == came.taken + sum(refused.values())
    listed = next((town / "imports").glob("*.refused.csv"))
    assert len(pd.read_csv(listed)) == sum(refused.values())


def test_a_refused_answer_is_told_with_its_row(town):
    take(town, [["民主评议"], HEAD, ROW, [2, *ROW[1:3], "一般", *[""] * 4]])
    listed = next((town / "imports").glob("*.refused.csv")).read_text(encoding="utf-8-sig")
    assert listed.splitlines() == [
        "row,ratee_id,indicator,answer,reason",
        "4,M1,virtue,一般,no answer of the questionnaire",
    ]


def test_a_changed_answer_does_not_replace_the_first(town):
    take(town, [HEAD, ROW])
    came = take(town, [HEAD, [*ROW[:3], "合格", *ROW[4:]]])
    assert came.refused == {"is there already": 4, "ratings.csv has a different answer of the same rater": 1}
    assert values(town) == ALL


def test_a_number_is_the_same_however_it_is_written(town):
    head = ["id", "rM1q1"]
    take(town, [head, [1, "85.50"], [2, "90"]], "table", source="superior")
    came = take(town, [head, [1, "85.5"], [2, "90.0"], [3, "８５．５０"], [3, "85.5"]], "table", source="superior")
    assert came.refused == {"the same answer stands in another row of the file too": 1, "is there already": 2}
    assert values(town) == {("M1", "virtue"): "85.5"}
    assert (town / "ratings.csv").read_text(encoding="utf-8-sig").count("85.5,") == 2


def test_wjx_counts_the_levels_that_are_asked(town):
    """Without 合格 the third level, 基本合格, has the code 2, as 问卷星 counts its options."""
    path = next((town / "questionnaires").rglob("peer-B1.md"))
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "| 合格 |" not in line), encoding="utf-8")
    assert "优秀 基本合格 不合格" in written(read_form(path, tk.read_study(town)))
    came = take(town, [HEAD[:1] + HEAD[3:6], [1, "1", "2", "不合格"], [2, "合格", "", ""]])
    assert came.refused == {UNKNOWN: 1}
    assert values(town) == {
        ("M1", "virtue"): "优秀", ("M1", "delivery"): "基本合格", ("M1", "service"): "不合格",
    }  # fmt: skip


def test_no_refused_answer_becomes_a_formula(town):
    take(town, [HEAD, [*ROW[:3], '=HYPERLINK("http://x")', *ROW[4:]]])
    listed = next((town / "imports").glob("*.refused.csv"))
    assert pd.read_csv(listed)["answer"].tolist() == ['\'=HYPERLINK("http://x")']


def test_all_that_a_mapping_gets_wrong_is_told(town):
    mapping = Mapping(id="工号", ratee="被评人", columns={"德": "virtu", "绩": "result", "廉": "integrity"})
    with pytest.raises(UsageError) as error:
        take(town, [["工号", "被评人", "德"], ["a", "M1", "优秀"]], "table", mapping=mapping)
    assert [line.partition(",")[0] for line in str(error.value).splitlines()] == [
        "columns: 'virtu'",
        "columns: 'result'",
    ]


def test_codes_of_spss_without_labels(town):
    frame = pd.DataFrame({"id": [1.0, 2.0], "rM1q1": [1.0, 9.0]})
    pyreadstat.write_sav(frame, str(town.parent / "export.sav"))
    came = take(town, None, "spss", name="export.sav")
    assert came.refused == {UNKNOWN: 1}
    assert values(town) == {("M1", "virtue"): "优秀"}


@pytest.mark.parametrize("ratee", ["M9", "", "张三", "B1"])
def test_a_row_of_a_table_about_nobody(town, ratee):
    """No such id, none, a name that two members have, a unit that is not rated."""
    mapping = Mapping(id="工号", ratee="被评人", columns={"德": "virtue"})
    came = take(town, [["工号", "被评人", "德"], ["a", ratee, "优秀"], ["a", "李四", "合格"]], "table", mapping=mapping)
    assert came.refused == {"nobody who can be rated is meant": 1}
    assert values(town) == {("M2", "virtue"): "合格"}


def test_a_mapping_says_what_answers_mean(town):
    mapping = Mapping(columns={"张三的品德": {"ratee": "M1", "indicator": "virtue"}}, answers={"A": "优秀", "D": "差"})
    came = take(town, [["序号", "张三的品德", "第2题(德)"], [1, "Ａ", "a"], [2, "D", ""]], mapping=mapping)
    assert came.refused == {UNKNOWN: 1}
    assert values(town) == {("M1", "virtue"): "优秀", ("M2", "virtue"): "优秀"}


# ------------------------------------------------------------------------------------------- nothing can be taken


def book(path, **sheets):
    made = Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.save(path)


def line(row):
    return ",".join(map(str, row))


RIGHT = f"{line(HEAD)}\n{line(ROW)}\n"
FILES = {
    "there is no such file": ("gone.csv", None),
    "must be one of .xlsx, .csv": ("export.xls", b"\xd0\xcf\x11\xe0"),
    "save it as .xlsx or .csv": ("export.docx", b"PK"),
    "is empty": ("export.csv", b""),
    "export.csv, row 1: is empty": ("export.csv", b",,,\n , ,\n"),
    "UTF-16 text": ("export.csv", RIGHT.encode("utf-16")),
    "is no text": ("export.csv", b"a,b\n\0\0,1\n"),
    "is a workbook": ("export.csv", b"PK\x03\x04"),
    "must be a workbook": ("export.xlsx", RIGHT.encode()),
    "export.xlsx: must be a workbook": ("export.xlsx", b"PK\x03\x04\x00\x00"),
    "quotation mark never closed": ("export.csv", (RIGHT + '2,"x').encode()),
    "is not UTF-8, as other rows are": ("export.csv", RIGHT.encode() + "2,,,优秀\n".encode("gb18030")),
    "must be saved as CSV UTF-8": ("export.csv", codecs.BOM_UTF8 + b"a,\xff\xff\xff\n"),
    "no heading is a question|header row": ("export.csv", "编号,满意度\n1,5\n".encode()),
    "no column says who answered: 序号, 答卷编号": ("export.csv", "来源,第1题(德)\n微信,优秀\n".encode()),
    "第1题(德): must not be there twice": ("export.csv", "序号,第1题(德),第1题(德)\n1,优秀,优秀\n".encode()),
    "第1题(德) is the same question": ("export.csv", "序号,第1题(德),rM1q1\n1,优秀,合格\n".encode()),
    "must be an SPSS file": ("export.sav", b"$FL2 no SPSS"),
}


@pytest.mark.parametrize("said", FILES)
def test_a_file_that_cannot_be_used(town, said):
    name, raw = FILES[said]
    if raw is not None:
        (town.parent / name).write_bytes(raw)
    platform = "spss" if name.endswith(".sav") else "wjx"
    with pytest.raises(UsageError) as error:
        take(town, None, platform, name=name)
    assert any(part in str(error.value) for part in said.split("|")), error.value
    assert not (town / "ratings.csv").exists()
    assert not (town / "imports").exists()


def test_a_workbook_without_a_cell(town):
    book(town.parent / "export.xlsx", a=[], b=[])
    with pytest.raises(UsageError, match="is empty"):
        take(town, None, name="export.xlsx")


def test_an_unknown_platform(town):
    with pytest.raises(UsageError, match=r"'wjy', must be one of wjx, txwj.*nearest: wjx"):
        take(town, [HEAD, ROW], "wjy")


def test_no_questionnaire_yet(bare_town):
    with pytest.raises(UsageError, match="holds no questionnaire that is asked for; make it first: python -m toolkit"):
        take(bare_town, [HEAD, ROW])


def test_headings_that_fit_several_questionnaires(town):
    """Peers and the public are asked the same about the same people."""
    with pytest.raises(UsageError, match="equally well; say which it answers by --source"):
        take(town, [HEAD[:6], ROW[:6]], source="")


@pytest.mark.parametrize("own", ["1、您的性别", "第1题(收入)", "1.手机"])
def test_a_question_of_ones_own_before_ours_would_shift_all_numbers(town, own):
    head = ["序号", own, "第2题(德)", "第2题(任务完成)"]
    with pytest.raises(tk.StudyError, match="is not question 1 of peer-B1, so that numbers do not say whom") as error:
        take(town, [head, [1, "x", "优秀", "合格"]])
    assert len(error.value.faults) == 1
    assert not (town / "ratings.csv").exists()


def test_a_question_of_ones_own_behind_ours_does_no_harm(town):
    came = take(town, [[*HEAD, "6、您的性别", "第7题(收入)"], [*ROW, "男", "高"]])
    assert came.taken == 5
    assert came.headings.unmatched == ["6、您的性别", "第7题(收入)"]


def test_two_columns_are_all_told(town):
    head = ["序号", *HEAD[3:5], *HEAD[3:5]]
    with pytest.raises(tk.StudyError) as error:
        take(town, [head, [1, *ROW[3:5], *ROW[3:5]]])
    assert len(error.value.faults) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "must be YAML in UTF-8"),
        ("- a\n- b\n", "must be a YAML mapping of id, ratee, columns, answers, submitted, seconds, drop"),
        ("", "must be a YAML mapping"),
        ("name: 工号\n", "name: Extra inputs are not permitted"),
        ("columns: {德: {ratee: M1}}\n", "columns.德"),
        ("id: ''\n", "id: "),
        ("drop: 手机\n", "drop: "),
    ],
)
def test_a_mapping_that_means_nothing(tmp_path, text, said):
    path = tmp_path / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(tk.StudyError, match=r"mapping\.yaml") as error:
        read_mapping(path)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("mapping", "source", "said"),
    [
        ({"columns": {"德": "virtu"}}, "peer", "'virtu', must be one of overall, virtue"),
        ({"columns": {"德": "virtue"}}, "peers", "'peers', must be a source"),
        ({"columns": {"德": "integrity"}}, "public", "must be one that source public is asked"),
    ],
)
def test_a_mapping_to_what_is_not_asked(town, mapping, source, said):
    rows = [["工号", "被评人", "德"], ["a", "M1", "5" if source == "public" else "优秀"]]
    with pytest.raises(UsageError) as error:
        take(town, rows, "table", source=source, mapping=Mapping(id="工号", ratee="被评人", **mapping))
    assert said in str(error.value)
    assert not (town / "ratings.csv").exists()


def test_what_was_counted_on_paper_is_not_counted_again(town):
    (town / "ballots.csv").write_text(
        "round,ratee_id,source,indicator,优秀,合格,基本合格,不合格,弃权\n2026H2,M1,peer,virtue,3,1,0,0,0\n",
        encoding="utf-8",
    )
    with pytest.raises(tk.StudyError, match="must not be in ratings too"):
        take(town, [HEAD, ROW])
    assert not (town / "ratings.csv").exists()


def test_who_ticked_once_does_not_rate_every_indicator_too(town):
    (town / "ratings.csv").write_text(
        "round,ratee_id,source,rater_id,indicator,value\n2026H2,M1,peer,x,overall,优秀\n", encoding="utf-8"
    )
    with pytest.raises(tk.StudyError, match="must not rate both overall and virtue below it"):
        take(town, [HEAD, ROW])
    assert (town / "ratings.csv").read_text(encoding="utf-8").count("\n") == 2


def test_ratings_that_stand_elsewhere(town):
    pd.DataFrame(columns=["round", "ratee_id", "source", "rater_id", "indicator", "value"], dtype=str).to_parquet(
        town / "ratings.parquet"
    )
    with pytest.raises(UsageError, match=r"keeps its ratings in ratings.parquet"):
        take(town, [HEAD, ROW])
    (town / "ratings.parquet").unlink()
    book(town / "all.xlsx", ratings=[["round", "ratee_id", "source", "rater_id", "indicator", "value"]])
    with pytest.raises(UsageError, match=r"keeps its ratings in all.xlsx\[ratings\]"):
        take(town, [HEAD, ROW])


def test_ratings_in_gb18030_stay_so(town):
    head = "round,ratee_id,source,rater_id,indicator,value\r\n"
    (town / "ratings.csv").write_bytes((head + "2026H1,M1,peer,x,virtue,优秀\r\n").encode("gb18030"))
    take(town, [HEAD, ROW])
    text = (town / "ratings.csv").read_bytes().decode("gb18030")
    assert text.startswith(head)
    assert text.count("\r\n") == text.count("\n") == 7


def test_of_a_torn_row_no_cell_is_written(town):
    """A comma in a nickname moves the address into the place of an answer."""
    take(town, [HEAD, [1, "2026/7/1", "王", "小明", "10.0.0.9", "合格", "合格", "合格", "合格", "合格"]])
    assert "10.0.0.9" not in next((town / "imports").glob("*.refused.csv")).read_text(encoding="utf-8-sig")


@pytest.mark.parametrize("spoil", ["a log in gb18030", "no folder"])
def test_where_the_log_cannot_be_written_nothing_is(town, spoil):
    before = values(town) if (town / "ratings.csv").is_file() else None
    if spoil == "no folder":
        (town / "imports").write_text("x", encoding="utf-8")
    else:
        (town / "imports").mkdir()
        (town / "imports" / "log.csv").write_bytes("表,第一支部\n".encode("gb18030"))
    with pytest.raises((UsageError, OSError)):
        take(town, [HEAD, ROW, [2, *ROW[1:3], "一般", *ROW[4:]]])
    assert (values(town) if (town / "ratings.csv").is_file() else None) == before
    assert not [*town.glob("imports/*.refused.csv")]


def test_a_percentage_is_no_score_of_less_than_one(town):
    """A cell that shows 85% holds 0.85, which would be a score on a scale of 0 to 100."""
    path = town.parent / "export.xlsx"
    made = Workbook()
    sheet = made.active
    for row in (["序号", "第1题(德)", "第2题(德)"], [1, 0.85, 85]):
        sheet.append(row)
    sheet["B2"].number_format = "0%"
    made.save(path)
    came = take(town, None, source="superior", name="export.xlsx")
    assert (came.taken, came.refused) == (1, {UNKNOWN: 1})
    assert came.unknown["answer"].tolist() == ["85%"]

"""Raw opinions come in redacted, checked, once."""

import pandas as pd
import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

import toolkit as tk
from toolkit.__main__ import app
from toolkit.record import record_opinions
from toolkit.survey.inbox import open_inbox

RAW = """date,channel,unit_id,text,姓名,手机
2026/3/1,座谈会,第一支部,张三说食堂太贵，请打13812345678,赵六,13900000000
2026-03-02,hotline,B2,-路灯坏了,,
2026-03-02,hotline,B2,-路灯坏了,,
"""
STORED = "id,date,channel,unit_id,text,source,theme,owner,opened,closed,reply\n"


@pytest.fixture
def bring(make_study, tmp_path):
    """Return a function that brings a raw file into a study and returns the study, the inbox and the raw file."""

    def run(raw=RAW, **tables):
        folder = make_study(**tables)
        path = tmp_path / "raw.csv"
        path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
        return folder, open_inbox(path, tk.read_study(folder)), path

    return run


def faults(bring, raw, **tables):
    with pytest.raises(tk.StudyError) as caught:
        bring(raw, **tables)
    return [(fault.row, fault.column, fault.value) for fault in caught.value.faults]


def test_what_comes_in_is_redacted_and_named(bring):
    _, inbox, _ = bring()
    assert inbox.read == 3
    assert inbox.rows[["id", "date", "channel", "unit_id", "text"]].to_numpy().tolist() == [
        ["O00001", "2026-03-01", "meeting", "B1", "［姓名］说食堂太贵，请打［电话］"],
        ["O00002", "2026-03-02", "hotline", "B2", "路灯坏了"],
        ["O00003", "2026-03-02", "hotline", "B2", "路灯坏了"],  # two people may say the same
    ]
    assert inbox.redacted == {"name": 1, "telephone": 1}
    assert inbox.left_out == ["姓名", "手机"]


def test_what_is_stored_is_a_study_again_and_a_file_read_twice_changes_nothing(bring):
    folder, inbox, path = bring()
    record_opinions(folder, inbox.rows)
    raw = (folder / "opinions.csv").read_bytes()
    assert not [text for text in ("13812345678", "张三", "赵六", "13900000000") if text.encode() in raw]
    study = tk.read_study(folder)
    assert study.opinions["id"].tolist() == ["O00001", "O00002", "O00003"]
    again = open_inbox(path, study)
    assert (len(again.rows), again.again, again.redacted) == (0, 3, {})


@pytest.mark.parametrize("change", ["a new member", "another language"])
def test_opinions_are_known_again_though_they_would_be_redacted_otherwise_now(bring, change):
    """赵六 was no member when his name was stored; the marks of an English study are others."""
    raw = "date,channel,unit_id,text\n2026-03-01,box,B1,赵六办事很慢，请打13812345678\n"
    folder, inbox, path = bring(raw)
    assert inbox.rows["text"].tolist() == ["赵六办事很慢，请打［电话］"]
    record_opinions(folder, inbox.rows)
    name, old, new = {
        "a new member": ("members.csv", "\nM2,", "\nM77,赵六,B1,member,\nM2,"),
        "another language": ("scheme.yaml", "title:", "language: en\ntitle:"),
    }[change]
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    again = open_inbox(path, tk.read_study(folder))
    assert (len(again.rows), again.again) == (0, 1)


def test_a_file_that_has_grown_adds_what_is_new(bring):
    folder, inbox, path = bring()
    record_opinions(folder, inbox.rows)
    path.write_text(RAW + "2026-03-02,hotline,B2,路灯坏了,,\n2026-03-05,box,P,谢谢,,\n", encoding="utf-8")
    more = open_inbox(path, tk.read_study(folder))
    assert more.rows[["id", "text"]].to_numpy().tolist() == [["O00004", "路灯坏了"], ["O00005", "谢谢"]]


def test_headings_and_encoding_of_an_office_and_a_workbook(bring, make_study, tmp_path):
    text = "日期,渠道,单位,意见,责任人\n2026年3月1日,意见箱,第二支部,活动室不开门,办公室\n"
    _, inbox, _ = bring(text.encode("gb18030"))
    assert inbox.rows[["date", "channel", "unit_id", "owner"]].to_numpy().tolist() == [
        ["2026-03-01", "box", "B2", "办公室"]
    ]
    book = Workbook()
    for row in ("群众意见汇总",), ("日期", "渠道", "单位", "意见"), ("2026-03-01", "网络", "B1", "路灯坏了"):
        book.active.append(row)
    book.save(tmp_path / "raw.xlsx")
    found = open_inbox(tmp_path / "raw.xlsx", tk.read_study(make_study()))
    assert found.rows["channel"].tolist() == ["web"]


def test_every_fault_is_listed_and_no_text_is_shown(bring):
    raw = (
        "date,channel,unit_id,text,source,theme,closed\n"
        "2026-13-01,meeting,B1,张三13812345678,,,\n"
        "2026-03-01,电话,B1,a,,,\n"
        "2026-03-01,box,第三支部,a,,,\n"
        "2026-03-01,box,B1,——,,,\n"
        "2026-03-01,box,B1,- ,,,\n"
        "2026-03-01,box,B1,a,citizens,,\n"
        "2026-03-01,box,B1,a,,,soon\n"
    )
    assert faults(bring, raw) == [
        (2, "date", "2026-13-01"), (3, "channel", "电话"), (4, "unit_id", "第三支部"), (7, "source", "citizens"),
        (8, "closed", "soon"), (6, "text", ""),
    ]  # fmt: skip


def test_a_theme_must_be_one_of_the_study(bring):
    tables = {"themes": "theme,label,words\nroads,道路,路灯\n"}
    raw = "date,channel,unit_id,text,theme\n2026-03-01,box,B1,a,roads\n2026-03-01,box,B1,a,food\n"
    assert faults(bring, raw, **tables) == [(3, "theme", "food")]


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "date,channel,text\n2026-03-01,box,a\n",
        "a;b\n1;2\n",
        b"\xff\xfed\x00a\x00",
        'date,channel,unit_id,text\n"2026',
    ],
)
def test_a_file_that_is_none(bring, raw):
    assert faults(bring, raw)


def test_by_the_command_line(make_study, tmp_path):
    folder = make_study(themes="theme,label,words,days\nroads,道路,路灯,5\n")
    (tmp_path / "raw.csv").write_text(RAW, encoding="utf-8")
    run = CliRunner().invoke
    done = run(app, ["opinions", str(folder), "--import", str(tmp_path / "raw.csv")])
    assert done.exit_code == 0
    assert "read 3, added 3, there already 0" in done.stderr
    assert "taken out: name 1, telephone 1; columns left out: 姓名, 手机" in done.stderr
    shown = run(app, ["opinions", str(folder), "--out", str(tmp_path / "list.csv"), "--as-of", "2026-03-10"])
    assert shown.exit_code == 0, shown.output
    assert "渠道\t热线（hotline） 2、座谈会（meeting） 1" in shown.stdout
    table = pd.read_csv(tmp_path / "list.csv", dtype=str, keep_default_na=False)
    assert table["proposed"].tolist() == ["", "roads", "roads"]
    assert table["theme"].tolist() == ["", "", ""]
    assert run(app, ["opinions", str(folder), "--round", "none"]).exit_code == 1


OPINIONS = (
    STORED
    + """O1,2026-03-01,box,B1,一,,roads,,,,
O2,2026-03-01,hotline,B1,二,,roads,组织办,2026-03-02,2026-03-04,已修
O3,2026-03-02,hotline,B2,三,,,民政办,2026-03-02,,
"""
)


def told(folder):
    shown = CliRunner().invoke(app, ["opinions", str(folder), "--as-of", "2026-03-10"])
    assert shown.exit_code == 0, shown.output
    return [line.split("\t") for line in shown.stdout.splitlines()]


def test_what_is_told_is_in_the_language_of_the_study_with_labels_beside_ids(make_study):
    """Both coded opinions are on roads: one was settled in 2 days; the other, of 9 days, is 4 beyond the 5 it has."""
    folder = make_study(opinions=OPINIONS, themes="theme,label,words,days\nroads,道路,路灯,5\n")
    assert told(folder) == [
        ["主题", "考核周期：2026H1", "无上一轮", "校正 p 值"],
        ["道路（roads）", "2 (100.0%)", "0 (—%)"],
        ["尚未归类", "1", "0"],
        ["渠道", "热线（hotline） 2、意见箱（box） 1"],
        ["单位", "第一支部（B1） 2、第二支部（B2） 1"],
        ["截至 2026-03-10 已办结 1 件（共 3 件）", "25% 在 2 天内办结（2-）；50% 尚未达到；75% 尚未达到"],
        ["逾期", "无人负责", "1 件，最长逾期 4 天"],
    ]
    scheme = (folder / "scheme.yaml").read_text(encoding="utf-8")
    (folder / "scheme.yaml").write_text("language: en\n" + scheme.replace("language: zh\n", ""), encoding="utf-8")
    assert told(folder)[1:4] + told(folder)[-1:] == [
        ["道路 (roads)", "2 (100.0%)", "0 (—%)"],
        ["not coded yet", "1", "0"],
        ["Channel", "hotline 2, box 1"],
        ["overdue", "nobody", "1; days overdue at most: 4"],
    ]


def test_what_somebody_typed_into_the_table_unredacted_is_redacted_in_the_list_and_named(make_study, tmp_path):
    folder = make_study(opinions=STORED + "O1,2026-03-01,box,B1,找李四 13812345678,,,,,,\n")
    done = CliRunner().invoke(app, ["opinions", str(folder), "--out", str(tmp_path / "list.csv")])
    assert "opinions.csv holds what identifies a person in O1" in done.stderr
    assert "13812345678" not in (tmp_path / "list.csv").read_text(encoding="utf-8")


def test_days_that_contradict_each_other_are_refused_at_the_door(bring):
    raw = "date,channel,unit_id,text,opened,closed\n2026-03-02,hotline,B2,路灯坏了,2026-03-01,2026-02-01\n"
    assert faults(bring, raw) == [
        (2, "opened", "2026-03-01"),
        (2, "closed", "2026-02-01"),
        (2, "closed", "2026-02-01"),
    ]


def test_a_column_under_both_its_names_is_a_fault(bring):
    raw = "date,日期,channel,unit_id,text\n2026-03-02,2026-03-02,hotline,B2,路灯坏了\n"
    assert (1, "date", "") in faults(bring, raw)

"""A workbook is read back as the same study, guides who fills it in, and shows what is wrong with it."""

from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

import toolkit as tk
from toolkit.__main__ import app
from toolkit.contract import OPTIONAL, REQUIRED
from toolkit.faults import UsageError
from toolkit.survey.columns import meaning
from toolkit.survey.workbook import paint_faults, write_workbook

STUDIES = Path(__file__).parents[2] / "surveys"
SCHEME = """\
title: 民主评议
language: zh
rounds: {H1: {to: 2026-06-30}, H2: {to: 2026-12-31}}
scales: {vote: {levels: {优秀: 100, 不合格: 0}, codes: {1: 优秀, 2: 不合格}, blank: [弃权]}, mark: {low: 0, high: 100}}
sources:
  peer: {scale: vote, weight: 0.5}
  team: {scale: mark, weight: 0.5}
  self: {scale: vote, weight: 0, attributed: true}
indicators: {virtue: {weight: 0.5}, results: {weight: 0.5, sources: [team]}}
categories: {member: {}, office: {ratee: unit}}
measures: {hours: {}}
"""
UNITS = "unit_id,name,parent_id,category\nP,镇党委,,\nB1,第一支部,P,\nO1,办公室,P,office\n"
MEMBERS = (
    "member_id,name,unit_id,category,exempt,age\n"
    "001,=张三,B1,member,,35\nM2,李四,B1,member,,\nM3,王五,B1,member,rating,60\nM4,赵六,O1,member,,\n"
)
RATINGS = "round,ratee_id,source,rater_id,indicator,value\nH1,001,team,s1,virtue,88.50\nH2,001,team,s1,virtue,90\n"
BALLOTS = "round,ratee_id,source,indicator,优秀,不合格,弃权\nH2,001,peer,virtue,3,1,0\n"
TURNOUT = "round,unit_id,source,eligible,issued,returned,valid,ratee_id\nH2,B1,peer,5,5,4,4,001\nH2,B1,team,,1,1,1,\n"


@pytest.fixture
def folder(make_study):
    def make(**parts):
        tables = {
            "units": UNITS, "members": MEMBERS, "ratings": RATINGS, "ballots": BALLOTS,
            "turnout": TURNOUT, "measures": "round,subject_id,measure,value\nH2,001,hours,12.50\nH2,M2,hours,7\n",
            "posts": "post_id,member_id,unit_id,category,from,to,share\nQ4,M4,B1,member,2026-01-01,,1\n",
        }  # fmt: skip
        return make_study(scheme=SCHEME, **tables | parts)

    return make


@pytest.fixture
def filled(folder, tmp_path):
    """A folder with nothing but the scheme and the workbook that was made of another folder."""

    def make(**parts):
        place = folder(**parts)
        target = tmp_path / "back"
        target.mkdir()
        write_workbook(place, target / "study.xlsx", sources=parts.pop("sources", ()))
        (target / "scheme.yaml").write_bytes((place / "scheme.yaml").read_bytes())
        return place, target

    return make


def test_a_workbook_is_read_back_as_the_same_study(filled):
    one, other = map(tk.read_study, filled())
    for part in fields(one):
        first, second = getattr(one, part.name), getattr(other, part.name)
        if isinstance(first, pd.DataFrame):
            pd.testing.assert_frame_equal(first[sorted(first)], second[sorted(first)])
    text = ["round", "ratee_id", "source", "indicator", "value"]
    pd.testing.assert_frame_equal(
        one.tally.counts.astype(dict.fromkeys(text, str)), other.tally.counts.astype(dict.fromkeys(text, str))
    )
    pd.testing.assert_frame_equal(tk.score(one).table, tk.score(other).table)


@pytest.mark.parametrize("name", ["office", "village"])
def test_real_studies_come_back(name, tmp_path):
    place = STUDIES / name
    target = tmp_path / name
    target.mkdir()
    write_workbook(place, target / "study.xlsx")
    for scheme in place.glob("*.yaml"):
        (target / scheme.name).write_bytes(scheme.read_bytes())
    one, other = tk.read_study(place), tk.read_study(target)
    pd.testing.assert_frame_equal(tk.score(one).table, tk.score(other).table)
    pd.testing.assert_frame_equal(one.turnout, other.turnout)


def rows(sheet, width=4):
    return [tuple(cell.value for cell in row[:width]) for row in sheet.iter_rows(min_row=2)]


def test_ballots_are_made_ready_for_everybody_whom_a_source_has_not_rated(filled):
    _, target = filled()
    book = load_workbook(target / "study.xlsx")
    # 001 is rated; M3 is exempt; M4 is rated by his post; peers are asked virtue alone
    assert rows(book["ballots"], 5) == [
        ("H2", "001", "=张三", "peer", "virtue"),
        ("H2", "M2", "李四", "peer", "virtue"),
        ("H2", "Q4", "赵六", "peer", "virtue"),
        ("H2", "O1", "办公室", "peer", "virtue"),
    ]
    assert rows(book["turnout"], 3) == [("H2", "B1", "peer"), ("H2", "B1", "team"), ("H2", "O1", "peer")]
    assert set(REQUIRED) | {"checks", "lists"} == set(book.sheetnames)
    assert book["lists"].sheet_state == "hidden"


def test_a_name_that_slipped_into_another_row_is_a_fault(filled):
    _, target = filled()
    spoil(target / "study.xlsx", {("ballots", "C3"): "赵六"})
    with pytest.raises(
        tk.StudyError, match=r"study.xlsx\[ballots\], row 3, name: '赵六': must be the name of M2: 李四"
    ):
        tk.read_study(target)
    spoil(target / "study.xlsx", {("ballots", "C3"): None})
    tk.read_study(target)  # nobody needs to write it


def test_who_ticks_once_is_asked_once(filled):
    _, target = filled(ballots=BALLOTS.replace("virtue", "overall"))
    assert {row[4] for row in rows(load_workbook(target / "study.xlsx")["ballots"], 5)} == {"overall"}


def test_drop_downs_locks_and_panes(filled):
    _, target = filled()
    book = load_workbook(target / "study.xlsx")
    ballots = book["ballots"]
    lists = {str(rule.sqref).split(":")[0]: rule for rule in ballots.data_validations.dataValidation}
    area = lists["D2"].formula1.removeprefix("lists!").replace("$", "").removeprefix("=lists!")
    names = [cell[0].value for cell in book["lists"][area]]
    assert names == ["peer", "team", "self"]
    assert (lists["B2"].promptTitle, lists["B2"].prompt) == ("被评对象编号", "ratee_id")
    assert (lists["F2"].promptTitle, lists["F2"].showInputMessage) == ("票数：优秀", True)
    assert (lists["F2"].type, lists["F2"].operator, lists["F2"].formula1) == ("whole", "greaterThanOrEqual", "0")
    assert ballots.freeze_panes == "F2"
    assert ballots.protection.sheet
    assert not ballots.protection.insertRows
    assert ballots["A1"].protection.locked
    assert not ballots["A2"].protection.locked
    assert not ballots.column_dimensions["F"].protection.locked
    assert book["members"]["A2"].value == "001"
    assert (book["members"]["B2"].value, book["members"]["B2"].data_type) == ("=张三", "s")
    assert book["turnout"]["D2"].value == 5


def test_the_same_study_gives_the_same_bytes(folder, tmp_path):
    place = folder()
    first = write_workbook(place, tmp_path / "a" / "x.xlsx").read_bytes()
    assert write_workbook(place, tmp_path / "b" / "x.xlsx").read_bytes() == first


def test_numbers_that_excel_would_change_stay_text(filled):
    place, target = filled()
    book = load_workbook(target / "study.xlsx")
    assert [row[3] for row in rows(book["measures"])] == ["12.50", 7]
    again = tk.read_study(target)
    assert again.measures["value"].tolist() == [12.5, 7]
    assert tk.read_study(place).digests != again.digests


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        ({"path": "out.xls"}, "out.xls: must end in .xlsx"),
        ({"path": "there.xlsx"}, "is there already, and somebody may have filled it in"),
        ({"path": "study/out.xlsx"}, "must not lie in the study's folder"),
        ({"round": "H3"}, "--round: 'H3', must be one of H1, H2"),
        ({"sources": ["team"]}, "--source: 'team', must be one that votes by levels: peer, self"),
    ],
)
def test_what_cannot_be_written(folder, tmp_path, ask, says):
    (tmp_path / "there.xlsx").write_bytes(b"mine")
    place = folder()
    with pytest.raises(UsageError) as error:
        write_workbook(place, tmp_path / ask.pop("path", "new.xlsx"), **ask)
    assert says in str(error.value)
    assert (tmp_path / "there.xlsx").read_bytes() == b"mine"


# -------------------------------------------------------------------------------------------------------------- faults


def spoil(path, changes):
    book = load_workbook(path)
    for (sheet, cell), value in changes.items():
        book[sheet][cell] = value
    book.save(path)


def test_check_paints_what_is_wrong_into_a_copy(filled):
    _, target = filled()
    path = target / "study.xlsx"
    spoil(path, {("members", "D3"): "membr", ("members", "D4"): "membr", ("ballots", "F3"): -1, ("turnout", "F2"): 9})
    before = path.read_bytes()
    shown = CliRunner().invoke(app, ["check", str(target)])
    assert shown.exit_code == 1
    assert "study.checked.xlsx: a copy with its faults painted" in shown.stderr
    assert path.read_bytes() == before
    book = load_workbook(target / "study.checked.xlsx")
    painted = {
        (sheet.title, cell.coordinate)
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.fill.fill_type == "solid" and cell.fill.fgColor.rgb == "FFF4B6B6"
    }
    assert {("members", "D3"), ("members", "D4"), ("ballots", "F3"), ("turnout", "F2")} <= painted
    assert ("members", "D2") not in painted
    said = book["members"].cell(3, book["members"].max_column).value
    assert said.startswith("category: must be a category of members")
    assert "nearest: member" in said
    assert "must be at most what was" in book["turnout"].cell(2, book["turnout"].max_column).value


def test_the_copy_is_no_second_workbook(filled):
    _, target = filled()
    spoil(target / "study.xlsx", {("ballots", "F3"): -1})
    for _ in range(2):
        with pytest.raises(tk.StudyError) as error:
            tk.read_study(target)
        assert {fault.file for fault in error.value.faults} == {"study.xlsx[ballots]"}
        assert paint_faults(target, error.value.faults).name == "study.checked.xlsx"


def test_what_is_wrong_is_told_where_no_copy_can_be_written(filled):
    _, target = filled()
    spoil(target / "study.xlsx", {("ballots", "F3"): -1})
    (target / "study.checked.xlsx").mkdir()
    shown = CliRunner().invoke(app, ["check", str(target)])
    assert shown.exit_code == 1
    assert "study.xlsx[ballots]" in shown.stderr
    assert "no copy with its faults painted could be written" in shown.stderr


def test_two_sheets_of_one_table_are_a_fault(filled):
    _, target = filled()
    book = load_workbook(target / "study.xlsx")
    book.copy_worksheet(book["ballots"]).title = "Ballots "
    book.save(target / "study.xlsx")
    with pytest.raises(tk.StudyError, match="must not be there beside"):
        tk.read_study(target)


def test_a_study_in_csv_has_no_copy(folder):
    place = folder(members=MEMBERS.replace("B1,member,,35", "B9,member,,35"))
    shown = CliRunner().invoke(app, ["check", str(place)])
    assert shown.exit_code == 1
    assert not list(place.glob("*.xlsx"))


def test_the_command_writes_a_workbook(folder, tmp_path):
    out = tmp_path / "out.xlsx"
    done = CliRunner().invoke(app, ["workbook", str(folder()), str(out), "--source", "peer", "--round", "H1"])
    assert done.exit_code == 0, done.output
    assert ("H1", "M2", "李四", "peer", "virtue") in rows(load_workbook(out)["ballots"], 5)


def test_one_vote_on_each_where_it_is_asked_for(folder, tmp_path):
    made = CliRunner().invoke(app, ["workbook", str(folder()), str(tmp_path / "one.xlsx"), "--overall"])
    assert made.exit_code == 0, made.output
    found = rows(load_workbook(tmp_path / "one.xlsx")["ballots"], 5)
    assert {row[4] for row in found[1:]} == {"overall"}
    assert [row[1] for row in found[1:]] == ["M2", "Q4", "O1"]


def test_the_copy_goes_when_there_are_no_faults_any_more(filled):
    _, target = filled()
    book = target / "study.xlsx"
    spoil(book, {("ballots", "F3"): -1})
    assert CliRunner().invoke(app, ["check", str(target)]).exit_code == 1
    copy = target / "study.checked.xlsx"
    assert copy.is_file()
    spoil(book, {("ballots", "F3"): 1})
    mended = CliRunner().invoke(app, ["check", str(target)])
    assert mended.exit_code == 0
    assert "study.checked.xlsx: taken away, since there are no faults" in mended.output
    assert not copy.exists()


def test_every_column_of_a_table_has_a_meaning():
    columns = {name for tables in (REQUIRED, OPTIONAL) for names in tables.values() for name in names}
    assert {name: meaning(name, language) for name in columns for language in ("zh", "en")}.keys() == columns
    assert not [name for name in columns for language in ("zh", "en") if not 0 < len(meaning(name, language)) <= 32]
    assert meaning("age", "zh") == ""

"""Decisions, evidence and replies are added row by row; what stood there stays byte for byte."""

import datetime as dt
import stat
import sys

import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

import toolkit as tk
from toolkit.__main__ import app
from toolkit.faults import StudyError, UsageError
from toolkit.record import record_decision, record_evidence, record_reply

RULES = """\
grades: {bands: {优秀: 85, 合格: 60, 不合格: 0}}
conduct:
  remediation: {when: [{of: grade, among: [不合格]}], days: 90, evidence: [方案], helpers: [优秀]}
  registration: {deny: [{of: grade, among: [不合格]}]}
  archive: {优秀: [事迹]}
"""
DECISIONS = "round,subject_id,matter,decision,date,decided_by,reason,due,helper\n"
OLD = "2026H1,M1,registration,admit,2026-07-01,大会,,,\n"
GIVEN = {"subject": "M1", "matter": "registration", "decision": "defer", "date": "2026-07-20", "by": "支部大会"}
NEW = "2026H1,M1,registration,defer,2026-07-20,支部大会,,,"


@pytest.fixture
def folder(make_study, plain_scheme):
    """Return a function that writes a study with rules on what follows, and further tables."""

    def make(**tables):
        return make_study(scheme=plain_scheme + RULES, **tables)

    return make


def text_of(path):
    return path.read_bytes().decode("utf-8-sig")


# what is written ------------------------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_made_with_its_header_so_that_excel_knows_it_for_utf_8(folder):
    place = folder()
    path = record_decision(place, **GIVEN)
    assert path == place / "decisions.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert text_of(path) == DECISIONS + NEW + "\n"
    assert tk.read_study(place).decisions.iloc[0].to_list() == NEW.split(",")


def test_evidence_and_replies_have_their_own_files(folder):
    place = folder()
    record_evidence(place, subject="M1", item="方案", date="2026/8/1", note="两页")
    record_reply(place, round="2026H1", subject="B2", text='我们"同意", 谢谢', date="2026年7月3日")
    assert text_of(place / "evidence.csv") == "round,subject_id,item,date,note\n2026H1,M1,方案,2026-08-01,两页\n"
    reply = 'round,subject_id,date,text\n2026H1,B2,2026-07-03,"我们""同意"", 谢谢"\n'
    assert text_of(place / "replies.csv") == reply
    assert tk.read_study(place).replies["text"].to_list() == ['我们"同意", 谢谢']


def test_every_part_of_a_decision_is_written(folder):
    place = folder()
    path = record_decision(
        place, round="2026H1", subject="M1", matter="remediation", decision="order", date="2026-07-20", by="大会",
        reason="缺课, 迟到", due="2026-10-01", helper="M2",
    )  # fmt: skip
    assert text_of(path) == DECISIONS + '2026H1,M1,remediation,order,2026-07-20,大会,"缺课, 迟到",2026-10-01,M2\n'


def test_blanks_at_the_ends_go_and_a_text_of_several_lines_stays_one_row(folder):
    place = folder()
    record_reply(place, subject=" M1\u3000", text="\n第一行\r\n第二行 ", date="2026-07-03")
    assert tk.read_study(place).replies["text"].to_list() == ["第一行\n第二行"]


@pytest.mark.parametrize(
    ("raw", "row"),
    [
        ((DECISIONS + OLD).encode(), (NEW + "\n").encode()),
        ((DECISIONS + OLD).encode("utf-8-sig"), (NEW + "\n").encode()),
        ((DECISIONS + OLD).encode("gb18030"), (NEW + "\n").encode("gb18030")),
        ((DECISIONS + OLD).replace("\n", "\r\n").encode("gb18030"), (NEW + "\r\n").encode("gb18030")),
        ((DECISIONS + OLD).replace("\n", "\r\n").encode(), (NEW + "\r\n").encode()),
        ((DECISIONS + OLD).strip().encode(), ("\n" + NEW + "\n").encode()),
        (DECISIONS.strip().encode(), ("\n" + NEW + "\n").encode()),
        (("决定登记表,,,,,,,,\n" + DECISIONS + OLD).encode(), (NEW + "\n").encode()),
        ((DECISIONS + OLD + ",,,,,,,,\n\n").encode(), (NEW + "\n").encode()),
        (
            (DECISIONS + '2026H1,M1,grade,合格,2026-07-01,大会,"两\r\n行",,\n').encode(),
            (NEW + "\n").encode(),
        ),
    ],
    ids=[
        "utf-8",
        "bom",
        "gb18030",
        "gb18030-crlf",
        "crlf",
        "no-end",
        "header",
        "title",
        "blank-rows",
        "crlf-in-a-cell",
    ],
)
def test_what_stood_there_stays_byte_for_byte_and_the_row_is_written_alike(folder, raw, row):
    place = folder(decisions=raw)
    before = len(tk.read_study(place).decisions)
    path = record_decision(place, **GIVEN)
    assert path.read_bytes() == raw + row
    decisions = tk.read_study(place).decisions
    assert len(decisions) == before + 1
    assert decisions["decided_by"].iloc[-1] == "支部大会"


def test_a_later_decision_is_a_further_row_and_never_takes_the_place_of_an_earlier_one(folder):
    place = folder(decisions=DECISIONS + OLD)
    for decision in ("defer", "deny", "admit"):
        record_decision(place, **{**GIVEN, "decision": decision})
    assert tk.read_study(place).decisions["decision"].to_list() == ["admit", "defer", "deny", "admit"]


def test_columns_are_written_in_the_order_that_the_file_has(folder):
    place = folder(decisions="date,decision,,matter,subject_id,round,decided_by\n")
    path = record_decision(place, **GIVEN)
    assert path.read_bytes().endswith("2026-07-20,defer,,registration,M1,2026H1,支部大会\n".encode())


def test_a_column_that_the_file_lacks_is_asked_for_and_nothing_is_written(folder):
    raw = "round,subject_id,matter,decision,date,decided_by\n"
    place = folder(decisions=raw)
    with pytest.raises(UsageError, match=r"decisions\.csv: has no column reason; add it to the header to write '缺课'"):
        record_decision(place, **GIVEN, reason="缺课")
    assert text_of(place / "decisions.csv") == raw
    assert not list(place.glob(".*"))
    record_decision(place, **GIVEN)  # without a reason it can be written


# what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"subject": "M9"}, r"subject_id: 'M9', must be a member, post or unit: one of M1, M2, M3, P, B1, B2"),
        ({"matter": "grades"}, r"matter: 'grades', must be a matter: one of grade, stars, .* \(nearest: grade\)"),
        ({"decision": "order"}, "decision: 'order', must be a decision on registration: one of admit, defer, deny"),
        ({"matter": "grade"}, "decision: 'defer', must be a decision on grade: one of 不合格, 合格, 优秀"),
        ({"matter": "stars", "decision": "3"}, "decision: '3', must be a decision on stars: one of 0"),
        ({"round": "2027"}, "round: '2027', must be a round: one of 2026H1"),
        ({"date": "yesterday"}, "date: 'yesterday', must be a date such as 2026-06-30"),
        ({"by": " "}, "decided_by: '', must not be blank"),
        ({"due": "soon"}, "due: 'soon', must be a date such as 2026-06-30"),
        ({"due": "2026-7-19"}, "due: '2026-07-19', must not be before the decision, 2026-07-20"),
        ({"helper": "B1"}, "helper: 'B1', must be a member_id: one of M1, M2, M3"),
        ({"helper": "M1"}, "helper: 'M1', must be somebody else"),
        ({"reason": "=1+1"}, "reason: '=1\\+1', must be text that no spreadsheet takes for a formula"),
        ({"reason": "a\0b"}, "reason: 'a\\\\x00b', must be text"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_what_was_expected(folder, wrong, says):
    place = folder()
    with pytest.raises(UsageError, match=says):
        record_decision(place, **{**GIVEN, **wrong})
    assert not (place / "decisions.csv").exists()


def test_everything_that_is_wrong_is_said_at_once(folder):
    with pytest.raises(UsageError) as caught:
        record_decision(folder(), **{**GIVEN, "subject": "M9", "decision": "order", "date": "x"})
    assert len(str(caught.value).splitlines()) == 3


def test_a_paper_that_the_scheme_does_not_ask_for_is_refused(folder, make_study):
    with pytest.raises(UsageError, match=r"item: '方桉', must be a paper that the scheme asks for: one of 方案, 事迹"):
        record_evidence(folder(), subject="M1", item="方桉", date="2026-08-01")
    free = make_study()  # its scheme names no papers
    record_evidence(free, subject="M1", item="方桉", date="2026-08-01")
    assert tk.read_study(free).evidence["item"].to_list() == ["方桉"]


@pytest.mark.parametrize("more", [{}, {"date": "2026/7/20"}])
def test_the_same_row_is_not_written_twice(folder, more):
    place = folder()
    path = record_decision(place, **GIVEN)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="M1, registration, defer, 2026-07-20, 支部大会: this row is there already"):
        record_decision(place, **{**GIVEN, **more})
    assert path.read_bytes() == before
    record_decision(place, **GIVEN, reason="补记")  # not the same


def test_a_study_with_faults_takes_no_decision(folder):
    place = folder(members="member_id,name,unit_id,category\nM1,张三,B9,member\n")
    with pytest.raises(StudyError, match="B9"):
        record_decision(place, **GIVEN)
    assert not (place / "decisions.csv").exists()


def test_a_workbook_is_left_to_those_who_keep_it_and_they_are_told_what_to_write(
    make_study, plain_scheme, plain_tables
):
    place = make_study(scheme=plain_scheme + RULES, members=None)
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "members"
    for line in plain_tables["members"].splitlines():
        sheet.append(line.split(","))
    book.save(place / "study.xlsx")
    with pytest.raises(
        UsageError, match=r"tables in study.xlsx; add the row to its sheet decisions: round 2026H1, subj"
    ):
        record_decision(place, **GIVEN)
    assert not (place / "decisions.csv").exists()
    (place / "decisions.csv").write_text(DECISIONS, encoding="utf-8")  # they keep this one beside it
    record_decision(place, **GIVEN)
    assert text_of(place / "decisions.csv") == DECISIONS + NEW + "\n"


# the file is whole at every moment ------------------------------------------------------------------------------


def test_while_somebody_else_writes_nobody_does(folder):
    place = folder(decisions=DECISIONS)
    lock = place / ".decisions.csv.new"
    lock.write_bytes(b"theirs")
    with pytest.raises(
        UsageError, match=r"being written by somebody else; if nobody does, delete \.decisions\.csv\.new"
    ):
        record_decision(place, **GIVEN)
    assert lock.read_bytes() == b"theirs"
    assert text_of(place / "decisions.csv") == DECISIONS


def test_a_file_that_changed_since_it_was_read_is_left_as_it_is(folder, monkeypatch):
    place = folder(decisions=DECISIONS)
    path = place / "decisions.csv"

    def read(where):
        study = tk.read_study(where)
        path.write_text(DECISIONS + OLD, encoding="utf-8")
        return study

    monkeypatch.setattr("toolkit.record.read_study", read)
    with pytest.raises(UsageError, match=r"decisions\.csv: was changed at this moment; try again"):
        record_decision(place, **GIVEN)
    assert text_of(path) == DECISIONS + OLD
    assert not list(place.glob(".*"))


def test_a_disk_that_is_full_leaves_the_file_as_it_was(folder, monkeypatch):
    place = folder(decisions=DECISIONS)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("toolkit.record.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        record_decision(place, **GIVEN)
    assert text_of(place / "decisions.csv") == DECISIONS
    assert not list(place.glob(".*"))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such permissions")
def test_a_file_keeps_its_permissions_and_a_link_stays_a_link(folder, tmp_path):
    place = folder()
    shared = tmp_path / "shared.csv"
    shared.write_text(DECISIONS, encoding="utf-8")
    shared.chmod(0o664)
    (place / "decisions.csv").symlink_to(shared)
    record_decision(place, **GIVEN)
    assert (place / "decisions.csv").is_symlink()
    assert text_of(shared) == DECISIONS + NEW + "\n"
    assert stat.S_IMODE(shared.stat().st_mode) == 0o664


# the command line -----------------------------------------------------------------------------------------------


def invoke(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_decide_writes_a_row_and_prints_the_file(folder):
    place = folder()
    options = ["--by", "大会", "--round", "2026H1", "--date", "2026-07-20", "--due", "2026-09-01"]
    result = invoke("decide", place, "M1", "remediation", "order", *options, "--reason", "缺课", "--helper", "M2")
    assert result.exit_code == 0
    assert result.output.strip() == str(place / "decisions.csv")
    row = "2026H1,M1,remediation,order,2026-07-20,大会,缺课,2026-09-01,M2\n"
    assert text_of(place / "decisions.csv") == DECISIONS + row


def test_evidence_and_reply_are_of_today_and_of_the_newest_round(folder):
    place = folder()
    before = dt.datetime.now().astimezone().date().isoformat()
    assert invoke("evidence", place, "M1", "方案", "--note", "收").exit_code == 0
    assert invoke("reply", place, "M1", "无异议").exit_code == 0
    after = dt.datetime.now().astimezone().date().isoformat()
    evidence, reply = text_of(place / "evidence.csv").splitlines()[1], text_of(place / "replies.csv").splitlines()[1]
    assert evidence in {f"2026H1,M1,方案,{day},收" for day in (before, after)}
    assert reply in {f"2026H1,M1,{day},无异议" for day in (before, after)}


@pytest.mark.parametrize(
    "command",
    [
        ["decide", "M9", "grade", "合格", "--by", "大会"],
        ["evidence", "M9", "方案"],
        ["reply", "M9", "无异议"],
    ],
)
def test_a_mistake_on_the_command_line_is_said_plainly(folder, command):
    name, *rest = command
    result = invoke(name, folder(), *rest)
    assert result.exit_code == 1
    assert "subject_id: 'M9'" in result.stderr
    assert "Traceback" not in result.output


def test_who_decided_must_be_said(folder):
    result = invoke("decide", folder(), "M1", "grade", "合格")
    assert result.exit_code == 2
    assert "--by" in result.stderr


def test_proposals_stand_beside_decisions_on_the_screen(folder):
    place = folder()
    invoke("decide", place, "M1", "registration", "defer", "--by", "大会", "--date", "2026-07-20", "--reason", "缺课")
    result = invoke("proposals", place)
    assert result.exit_code == 0
    line = next(line for line in result.stdout.splitlines() if line.startswith("M1\tregistration"))
    assert line == "M1\tregistration\tadmit (no condition is against it)\tdecided: defer (2026-07-20, 大会, 缺课)"
    assert "as of 2026-07-20; not for handing round" in result.stderr
    early = invoke("proposals", place, "--as-of", "2026-07-19", "--round", "2026H1")
    assert "decided" not in early.stdout


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--round", "2027"], "round: '2027', must be one of 2026H1"),
        (["--as-of", "soon"], "--as-of: 'soon', must be a date such as 2026-06-30"),
        (["--out", "p.docx"], "--out: 'p.docx', must end in one of .csv, .xlsx"),
    ],
)
def test_proposals_say_what_they_cannot_do(folder, options, says):
    result = invoke("proposals", folder(), *options)
    assert result.exit_code == 1
    assert says in result.stderr


def test_proposals_are_written_where_they_are_asked_for(folder, tmp_path):
    path = tmp_path / "out" / "proposals.csv"
    result = invoke("proposals", folder(), "--out", path)
    assert result.exit_code == 0
    assert result.stdout.strip() == str(path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbfround,ratee_id,matter,proposal,reasons,")

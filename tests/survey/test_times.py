"""When a submission came in, and how long it took: from the exports of every platform into the study."""

import layouts
import pandas as pd
import pytest
from openpyxl import load_workbook

import toolkit as tk
from toolkit.faults import UsageError
from toolkit.survey.account import lines
from toolkit.survey.export import Export
from toolkit.survey.forms import write_form
from toolkit.survey.intake import import_answers
from toolkit.survey.mapping import Mapping
from toolkit.survey.progress import participation
from toolkit.survey.questionnaire import draft
from toolkit.survey.times import Times, times_of

KEY = b"a key of the tests, long enough"
HEAD = ["序号", "提交答卷时间", "所用时间", "第1题(德)", "第2题(德)"]
ROWS = [
    [1, "2026/7/1 9:05:00", "61秒", "优秀", "合格"],
    [2, "2026/7/3 11:20:00", "1分2秒", "合格", ""],
    [3, "2026/7/1 9:00:00", "9秒", "优秀", "优秀"],
]


def told(platform, rows):
    """Days and seconds as the columns of a platform say them."""
    frame = pd.DataFrame(rows, dtype=str, index=range(2, 2 + len(rows)))
    found = times_of(Export("export.csv", [""] * len(frame.columns), [], frame), platform)
    return found[["day", "seconds", "unread"]].to_numpy().tolist()


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026/6/20 9:05:00", "2026-06-20"),
        ("2026-06-20", "2026-06-20"),
        ("2026年6月20日 9:05", "2026-06-20"),
        ("2026-06-20T09:05:00.000+08:00", "2026-06-20"),
        ("２０２６/６/２０  9:05", "2026-06-20"),
        ("2026-06-20T01:05:00Z", "2026-06-20"),
        ("1980-01-01 00:00:00", ""),
        ("", ""),
    ],
)
def test_the_day_of_a_moment(cell, day):
    """LimeSurvey writes 1980-01-01 where a survey keeps no days."""
    assert told(Times(came=0), [[cell]]) == [[day, "", False]]


@pytest.mark.parametrize("cell", ["6/20/2026", "46000.38", "昨天", "2026-02-30 9:00"])
def test_what_is_no_moment_is_told(cell):
    assert told(Times(came=0), [[cell]]) == [["", "", True]]


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [("61秒", "61"), ("1分2秒", "62"), ("1小时 2 分钟", "3720"), ("75.5", "75.5"), ("00:01:15", "75"), ("6１ s", "61")],
)
def test_how_long_it_took(cell, seconds):
    assert told(Times(took=0), [[cell]]) == [["", seconds, False]]


@pytest.mark.parametrize("cell", ["1:15", "-3", "快", "秒"])
def test_what_is_no_length_of_time_is_told(cell):
    """1:15 may be minutes or hours."""
    assert told(Times(took=0), [[cell]]) == [["", "", True]]


@pytest.mark.parametrize(
    ("began", "ended", "seconds"),
    [
        ("2026-07-01T23:59:30.000+08:00", "2026-07-02T00:00:10.500+08:00", "40.5"),
        ("2026/7/1 9:00", "2026/7/1 9:02", "120"),
        ("2026-07-01T09:00:00+08:00", "2026-07-01T09:00:00+00:00", None),
        ("2026-07-01 09:00:01", "2026-07-01 09:00:00", None),
        ("2026-07-01", "2026-07-01", None),
        ("2026-07-01 09:00:01", "", None),
        ("", "", ""),
    ],
)
def test_from_beginning_to_end(began, ended, seconds):
    """Clocks of two zones, an end before the beginning and days without a time tell nothing."""
    assert told(Times(began=0, ended=1), [[began, ended]]) == [["", seconds or "", seconds is None]]


# ---------------------------------------------------------------------------------------------- into the study


@pytest.fixture
def town(bare_town):
    study = tk.read_study(bare_town)
    for source in study.scheme.leaf_sources:
        write_form(bare_town, draft(study, source, "B1"))
    return bare_town


def take(town, rows, platform="wjx", *, source="peer", mapping=None):
    path = layouts.text(town.parent / "export.csv", rows)
    return import_answers(town, tk.read_study(town), path, platform, key=KEY, source=source, mapping=mapping)


def submissions(town):
    frame = pd.read_csv(town / "submissions.csv", dtype=str, keep_default_na=False)
    return frame[["round", "source", "unit_id", "submitted", "seconds"]].to_numpy().tolist()


def ask_for_a_minute(town):
    text = (town / "scheme.yaml").read_text(encoding="utf-8")
    (town / "scheme.yaml").write_text(f"{text}ballots:\n  peer: {{seconds: 60}}\n", encoding="utf-8")


def test_an_import_tells_progress_what_came_in(town):
    came = take(town, [HEAD, *ROWS])
    assert came.submissions == 3
    assert "  submissions added: 3" in lines(came)
    assert submissions(town) == [
        ["2026H2", "peer", "B1", "2026-07-01", "61"],
        ["2026H2", "peer", "B1", "2026-07-01", "9"],
        ["2026H2", "peer", "B1", "2026-07-03", "62"],
    ]
    (town / "turnout.csv").write_text(
        "round,unit_id,source,eligible,issued,returned,valid\n2026H2,B1,peer,8,,,\n", encoding="utf-8"
    )
    row = participation(tk.read_study(town), "2026H2").iloc[0]
    assert (row["returned"], row["valid"], row["missing"], row["state"]) == (3, 3, 5, "part")


def test_what_turnout_says_holds(town):
    take(town, [HEAD, *ROWS])
    (town / "turnout.csv").write_text(
        "round,unit_id,source,eligible,issued,returned,valid\n2026H2,B1,peer,8,8,4,\n", encoding="utf-8"
    )
    row = participation(tk.read_study(town), "2026H2").iloc[0]
    assert row["returned"] == 4
    assert pd.isna(row["valid"])


def test_twice_the_same_and_a_later_export(town):
    take(town, [HEAD, *ROWS[:2]])
    held = submissions(town)
    assert take(town, [HEAD, *ROWS[:2]]).submissions == 0
    assert submissions(town) == held
    assert take(town, [HEAD, *ROWS]).submissions == 1
    assert len(submissions(town)) == 3


def test_what_is_refused_is_no_submission(town):
    came = take(town, [HEAD, ROWS[0], [4, "2026/7/2", "70秒", "很好", ""], ["", "2026/7/2", "70秒", "优秀", ""]])
    assert (came.submissions, len(submissions(town))) == (1, 1)


def test_a_rule_on_time_voids_what_was_imported(town):
    """61 and 62 seconds are enough, 9 are not."""
    ask_for_a_minute(town)
    take(town, [HEAD, *ROWS])
    void = tk.read_study(town).void
    assert void[["source", "rule", "found"]].to_numpy().tolist() == [
        ["peer", "seconds", "9 seconds, must be at least 60"]
    ]


def test_days_and_times_never_stand_together(town):
    """On which day each rater answered would tell those who saw him do so who he is."""
    ask_for_a_minute(town)
    take(town, [HEAD, *ROWS])
    assert [row[4] for row in submissions(town)] == ["", "", ""]
    ratings = pd.read_csv(town / "ratings.csv", dtype=str)
    assert sorted(ratings["seconds"].unique()) == ["61", "62", "9"]
    (town / "ratings.csv").unlink()
    (town / "submissions.csv").unlink()
    text = (town / "scheme.yaml").read_text(encoding="utf-8")
    (town / "scheme.yaml").write_text(text.partition("ballots:")[0], encoding="utf-8")
    take(town, [HEAD, *ROWS])
    assert pd.read_csv(town / "ratings.csv", dtype=str)["seconds"].isna().all()


def test_a_rule_on_time_without_times_is_told(town):
    ask_for_a_minute(town)
    came = take(town, [["序号", "第1题(德)"], [1, "优秀"]])
    assert came.untold == ["no column says how long a ballot took, of which the rules ask at least 60 seconds"]


def test_times_that_cannot_be_read_are_counted(town):
    came = take(town, [HEAD, ROWS[0], [2, "昨天", "61秒", "优秀", ""], [3, "2026/7/1", "快", "优秀", ""]])
    assert came.untold == ["2 rows have a time that cannot be read, the first of them row 3"]
    assert (came.taken, came.submissions) == (4, 2)


def test_kobo_says_from_when_to_when(town):
    head = ["start", "end", "rM1/rM1q1", "_uuid", "_submission_time"]
    row = ["2026-07-01T23:00:00.000+08:00", "2026-07-01T23:05:00.000+08:00", "1", "u1", "2026-07-02T01:00:00"]
    assert take(town, [head, row], "kobo").submissions == 1
    assert submissions(town) == [["2026H2", "peer", "B1", "2026-07-02", "300"]]


@pytest.mark.parametrize(
    "head", [("id", "submitdate"), ("Response ID", "Date submitted"), ("id. Response ID", "submitdate. Date submitted")]
)
def test_limesurvey_by_whatever_headings(town, head):
    """Who left before the end has no day there, and an anonymous survey keeps no other than 1980-01-01."""
    rows = [[*head, "rM1[q1]"], [1, "2026-07-01 09:00:00", "1"], [2, "", "1"], [3, "1980-01-01 00:00:00", "2"]]
    came = take(town, rows, "limesurvey")
    assert (came.taken, came.refused, came.untold) == (2, {"was not submitted": 1}, [])
    assert submissions(town) == [["2026H2", "peer", "B1", "2026-07-01", ""]]


def test_limesurvey_without_the_column_that_tells_who_came_to_the_end(town):
    came = take(town, [["id", "rM1[q1]"], [1, "1"]], "limesurvey")
    assert came.taken == 1
    assert "no column says who came to the end (submitdate, Date submitted" in came.untold[0]


def test_a_mapping_names_the_columns_of_times(town):
    mapping = Mapping(id="工号", submitted="交卷", seconds="用时")
    rows = [["工号", "交卷", "用时", "第1题(德)"], ["a", "2026/7/1", "70", "优秀"]]
    assert take(town, rows, "table", mapping=mapping).submissions == 1
    assert submissions(town) == [["2026H2", "peer", "B1", "2026-07-01", "70"]]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("submissions.csv", "round,source,unit_id,submitted\n", "has no column seconds"),
        (".submissions.csv.new", "", "is being written by somebody else"),
    ],
)
def test_where_one_table_cannot_be_written_none_is(town, name, text, said):
    (town / name).write_text(text, encoding="utf-8")
    before = {path: path.read_bytes() for path in town.iterdir() if path.is_file()}
    with pytest.raises(UsageError, match=said):
        take(town, [HEAD, *ROWS])
    assert {path: path.read_bytes() for path in town.iterdir() if path.is_file()} == before
    assert not [*(town / "imports").glob("*")]


def test_submissions_in_a_workbook_are_not_added_to_a_second_table(town):
    layouts.xlsx(town / "all.xlsx", [["round", "source", "unit_id", "submitted"]])
    book = load_workbook(town / "all.xlsx")
    book.active.title = "submissions"
    book.save(town / "all.xlsx")
    with pytest.raises(UsageError, match=r"keeps its submissions in all.xlsx\[submissions\]"):
        take(town, [HEAD, *ROWS])
    assert not (town / "ratings.csv").exists()

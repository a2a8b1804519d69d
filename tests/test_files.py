"""Tables as offices save them: read rightly, or refused with the file, the row and the reason."""

import datetime as dt
import io
import re
from zipfile import ZipFile

import pandas as pd
import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles import PatternFill

from toolkit.faults import StudyError, UsageError
from toolkit.files import digest, read_grid, read_sheets, the_sheet

TABLES = {"members": ("member_id", "name", "unit_id"), "units": ("unit_id", "name"), "ratings": ("round", "value")}
ROWS = "member_id,name,unit_id\nM1,张三,B1\nM2,李四,B1\n"


@pytest.fixture
def read(tmp_path):
    """Read a folder with these files: the frame of `members` (or of the only table), and the faults as text."""

    def go(**files):
        for name, content in files.items():
            path = tmp_path / name.replace("__", " ").replace("_", ".")
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        sheets, faults = read_sheets(tmp_path, TABLES)
        frame = sheets["members"].frame if "members" in sheets else pd.DataFrame()
        return frame, [str(fault) for fault in faults]

    return go


def book(**sheets):
    """A workbook, as bytes, with a sheet for each list of rows."""
    work = Workbook()
    work.remove(work.worksheets[0])
    for name, rows in sheets.items():
        sheet = work.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    work.save(out)
    return out.getvalue()


def good(frame):
    """Whether the frame is what ROWS holds."""
    return frame.to_csv(index=False) == ROWS and list(frame.index) == [2, 3]


@pytest.mark.parametrize(
    "content",
    [
        ROWS,
        ROWS.encode("utf-8-sig"),
        ROWS.encode("gb18030"),
        b"\xef\xbb\xbf" + ROWS.encode("gb18030"),  # GBK that somebody gave a mark of UTF-8
        ROWS.replace("\n", "\r\n"),
        ROWS.replace("\n", "\r"),
        ROWS.rstrip("\n"),
        ROWS.replace("张三", '"张三"'),
        ROWS.replace("张三", "\u3000张三 \xa0").replace("M1", " M1\t").replace("李四", "\u200b李四\ufeff"),
        ROWS.replace("name", " name "),
        ROWS.replace("\n", ",,\n"),  # empty columns at the right
        ROWS + ",,\n\n   \n,,,,,,\n",
        ROWS + ",,\n" * 100_000,
        ROWS.replace("M2,李四,B1", "M2,李四,B1,,,"),  # one row with more commas, and nothing between them
        ROWS.replace("M1,", "Ｍ1,").replace("Ｍ", "M"),
    ],
)
def test_the_same_table_however_it_was_saved(read, content):
    frame, faults = read(members_csv=content)
    assert faults == []
    assert good(frame)


def test_titles_above_the_header_are_passed_over(read):
    frame, faults = read(members_csv="党员名册,,\n2026年6月,,\n" + ROWS)
    assert faults == []
    assert frame.to_csv(index=False) == ROWS
    assert list(frame.index) == [4, 5]
    frame, faults = read(members_csv="党员名册\n\n" + ROWS)
    assert (faults, list(frame.index)) == ([], [4, 5])


def test_rows_are_counted_as_excel_does(read):
    text = 'member_id,name,unit_id\n\nM1,"张\n三",B1\n,,\nM2,李四,B1,x\nM3,王五,B1\n'
    frame, faults = read(members_csv=text)
    assert list(frame.index) == [3, 6]
    assert frame.loc[3, "name"] == "张\n三"
    assert faults == [
        "members.csv, row 5: has 4 cells, must have 3 as the header has; a cell with a comma needs quotation marks"
    ]


def test_every_ragged_row_is_named(read):
    frame, faults = read(members_csv=ROWS + "M3,王,五,B1\nM4,赵六\nM5\nM6,孙七,B1\n")
    assert [fault.partition(",")[2][:18] for fault in faults] == [
        " row 4: has 4 cell",
        " row 5: has 2 cell",
        " row 6: has 1 cell",
    ]
    assert list(frame["member_id"]) == ["M1", "M2", "M6"]


def test_ten_thousand_ragged_rows_are_told_in_brief(read):
    _, faults = read(members_csv=ROWS + "M3,王,五,B1\n" * 10_000)
    assert len(faults) == 21
    assert faults[-1].endswith("9,980 further values are wrong in the same way")


def test_a_ragged_row_shows_no_rater(read):
    _, faults = read(ratings_csv="round,value,rater_id\n2026,5,secret,x\n2026,secret\n")
    assert len(faults) == 2
    assert not any("secret" in fault for fault in faults)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (ROWS.encode("utf-16"), "members.csv: is UTF-16 text; must be saved as CSV UTF-8 (or gb18030)"),
        (ROWS.encode("utf-16-le"), "members.csv: is no text; must be saved as CSV UTF-8 (or gb18030)"),
        (book(members=[["member_id"]]), "members.csv: is a workbook; must be saved as CSV UTF-8 (or gb18030)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "members.csv: is a workbook; must be saved as CSV UTF-8 (or gb18030)"),
        (ROWS.encode() + b"M3,\xff\xff,B1\n", "members.csv, row 4: is not UTF-8, as other rows are"),
        (ROWS.encode() + "M3,王五,B1\n".encode("gbk"), "members.csv, row 4: is not UTF-8, as other rows are"),
        (
            b"member_id,name,unit_id\nM1,\x81\x30\xff,B1\n",
            "members.csv, row 2: must be saved as CSV UTF-8 (or gb18030)",
        ),
        ("", "members.csv, row 1: is empty; must begin with a header row: member_id,name,unit_id"),
        (b"\xef\xbb\xbf\r\n,,\r\n", "members.csv, row 1: is empty; must begin"),
        (ROWS.replace(",", ";"), "members.csv, row 1: must separate columns by commas, not by semicolons"),
        (ROWS.replace(",", "\t"), "members.csv, row 1: must separate columns by commas, not by tabs"),
        (ROWS.replace(",", "，"), "members.csv, row 1: must separate columns by commas, not by full-width commas"),
        ("M1,张三,B1\nM2,李四,B1\n", "members.csv, row 1: must have a header row: member_id,name,unit_id"),
        ("编号,姓名,支部\nM1,张三,B1\n", "members.csv, row 1: must have a header row: member_id,name,unit_id"),
        (ROWS + 'M3,王五,"B1\nM4,赵六,B1\n', "members.csv, row 4: a quotation mark opens here and never closes"),
        (ROWS + 'M3,"王五,B1\nM4,赵六,B1\n', "members.csv, row 4: a quotation mark opens here and never closes"),
        ('"' + ROWS, "members.csv, row 1: must have a header row"),
        (ROWS.replace("name", "unit_id"), "members.csv, row 1, unit_id: 'unit_id': column must not be there twice"),
        (ROWS.replace("name", ""), "members.csv, row 2: a cell stands in column 2, which has no name"),
        (ROWS + ROWS, "members.csv, row 4: must not hold the header again"),
    ],
)
def test_one_fault_for_what_cannot_be_read(read, content, says):
    _, faults = read(members_csv=content)
    assert len(faults) == 1
    assert faults[0].startswith(says)


def test_a_quotation_mark_within_a_cell_is_only_a_character(read):
    frame, faults = read(members_csv=ROWS.replace("张三", '张"三'))
    assert faults == []
    assert frame.loc[2, "name"] == '张"三'


def test_a_header_alone_is_an_empty_table(read):
    frame, faults = read(members_csv="member_id,name,unit_id\n")
    assert faults == []
    assert frame.empty
    assert list(frame.columns) == ["member_id", "name", "unit_id"]


def test_full_width_numbers_are_numbers_and_names_stay(read):
    frame, _ = read(
        members_csv="member_id,name,unit_id\n００１,张三（东）,２０２６－０６－３０\n－１．５,３楼,３０％\n"
    )
    assert frame.to_numpy().tolist() == [["001", "张三（东）", "2026-06-30"], ["-1.5", "３楼", "30%"]]


def test_a_workbook_gives_what_is_seen_in_its_cells(read):
    day = dt.datetime(2026, 6, 1)  # noqa: DTZ001  (what Excel makes of 2026-06)
    rows = [
        ["member_id", "name", "unit_id", None, "share"],
        [1, " 张三 ", day, None, 0.1 + 0.2],
        [2.0, "李四", dt.date(2026, 6, 30), None, True],
        [None, None, None, None, None],
        [110101199001011234, "李四", dt.datetime(2026, 6, 1, 8, 30), None, 2.5],  # noqa: DTZ001
    ]
    frame, faults = read(study_xlsx=book(Members=rows, notes=[["anything"]]))
    assert faults == []
    assert list(frame.index) == [2, 3, 5]
    assert frame.to_numpy().tolist()[0] == ["1", "张三", "2026-06-01", "0.3"]
    assert frame.loc[3, "member_id"] == "2"
    assert frame.loc[3, "unit_id"] == "2026-06-30"
    assert frame.loc[3, "share"] == "TRUE"
    assert frame.loc[5, "member_id"] == "1.10101199001011e+17"  # Excel itself has lost the last digits
    assert frame.loc[5, "unit_id"] == "2026-06-01 08:30:00"


def test_a_formula_that_nobody_has_computed_is_no_blank_cell(read):
    """A program that writes no values leaves them to Excel; the sheets beside it are for people alone."""
    rows = [["member_id", "name", "unit_id"], ["M1", "张三", "=A2"], ["M2", "李四", '=IF(A3="","","x")']]
    _, faults = read(study_xlsx=book(Members=rows, notes=[["=1/0"]]))
    expected = "a formula that was never computed: open and save the file in Excel, or type its value in"
    assert faults == [f"study.xlsx[Members], row 2, C: {expected} (and 1 more row)"]


def test_merged_cells_above_the_header_of_a_sheet(read):
    rows = [
        ["2026年党员名册", None, None],
        ["基本信息", None, "组织"],
        ["member_id", "name", "unit_id"],
        ["M1", "张三", "B1"],
    ]
    work = Workbook()
    sheet = work.active
    sheet.title = "members"
    for row in rows:
        sheet.append(row)
    sheet.merge_cells("A1:C1")
    sheet.merge_cells("A2:B2")
    out = io.BytesIO()
    work.save(out)
    frame, faults = read(study_xlsx=out.getvalue())
    assert faults == []
    assert frame.to_numpy().tolist() == [["M1", "张三", "B1"]]
    assert list(frame.index) == [4]


def test_an_error_of_excel_is_what_the_cell_holds(read):
    work = Workbook()
    sheet = work.active
    sheet.title = "members"
    for row in [["member_id", "name", "unit_id"], ["M1", "#REF!", "#N/A"]]:
        sheet.append(row)
    assert sheet["B2"].data_type == "e"
    out = io.BytesIO()
    work.save(out)
    frame, faults = read(study_xlsx=out.getvalue())
    assert faults == []
    assert frame.to_numpy().tolist() == [["M1", "#REF!", "#N/A"]]


def test_formatted_rows_without_content_are_passed_over(read):
    work = Workbook()
    sheet = work.active
    sheet.title = "members"
    for row in ROWS.splitlines():
        sheet.append(row.split(","))
    for row in range(4, 3000):
        sheet.cell(row, 2).number_format = "@"
    out = io.BytesIO()
    work.save(out)
    frame, faults = read(study_xlsx=out.getvalue())
    assert faults == []
    assert good(frame)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"study_xlsx": b"PK no workbook"}, "study.xlsx: must be an Excel workbook"),
        (
            {"a_xlsx": book(x=[[1]]), "b_xlsx": book(x=[[1]])},
            "a.xlsx, b.xlsx: a study folder must hold at most one workbook",
        ),
        (
            {"study_xlsx": book(members=[["编号"], ["M1"]])},
            "study.xlsx[members], row 1: must have a header row: member_id",
        ),
        (
            {"study_xlsx": book(members=[["member_id", "name"]]), "members_csv": ROWS},
            "study.xlsx[members]: must not stand beside members.csv: which holds?",
        ),
        ({"Members_csv": ROWS}, "Members.csv: must be saved as members.csv, or have another name"),
        ({"members_CSV": ROWS}, "members.CSV: must be saved as members.csv, or have another name"),
        ({"ratings_xls": b"old"}, "ratings.xls: must be saved as ratings.csv, or have another name"),
        ({"Ratings_parquet": b"PAR1"}, "Ratings.parquet: must be saved as ratings.parquet, or have another name"),
    ],
)
def test_one_fault_for_a_folder_that_is_unclear(read, files, says):
    _, faults = read(**files)
    assert len(faults) == 1
    assert faults[0].startswith(says)


def test_what_is_no_table_is_left_alone(read):
    frame, faults = read(
        members_csv=ROWS,
        **{"~$study_xlsx": b"lock", "members__(1)_csv": "x", "notes_txt": "x", "truth_csv": b"\xff\xfe"},
    )
    assert faults == []
    assert good(frame)


def test_an_empty_sheet_is_no_table(read):
    frame, faults = read(study_xlsx=book(members=[]))
    assert (faults, frame.empty) == ([], True)


def test_a_file_that_nobody_may_read(read, tmp_path, monkeypatch):
    (tmp_path / "members.csv").write_text(ROWS)

    def locked(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", locked)
    assert read()[1] == ["members.csv: must be readable: Permission denied"]


def test_digest_is_sha256(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    assert digest(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


# ------------------------------------------------------------------------------------------------ sheets of a workbook


@pytest.mark.parametrize(
    ("header", "table"), [(["member_id", "name", "unit_id", "age"], "members"), (["unit_id", "name"], "units")]
)
def test_a_sheet_of_another_name_with_the_columns_of_a_table(tmp_path, header, table):
    """Somebody has renamed it, or keeps a copy: either way its rows would be lost, or counted once too seldom."""
    (tmp_path / "study.xlsx").write_bytes(book(名单=[["党员名册"], header, ["M1", "张三", "B1"]], 备注=[["x"]]))
    tables = {"units": ("unit_id", "name"), "members": ("member_id", "name", "unit_id")}
    _, faults = read_sheets(tmp_path, tables, whole=True)
    expected = f"holds the columns of {table}: must be called {table}, or be taken out of the workbook"
    assert [str(fault) for fault in faults] == [f"study.xlsx[名单]: {expected}"]
    assert read_sheets(tmp_path, tables)[1] == []


def sheets(tmp_path, *, hidden=()):
    path = tmp_path / "answers.xlsx"
    path.write_bytes(book(甲=[["a"], ["1"]], 乙=[["a"], ["2"]], Sheet3=[]))
    found = load_workbook(path)
    found["Sheet3"]["B2"].fill = PatternFill("solid", fgColor="FFFF0000")
    for name in hidden:
        found[name].sheet_state = "hidden"
    found.save(path)
    return path


def test_of_several_sheets_one_must_be_named(tmp_path):
    path = sheets(tmp_path)
    with pytest.raises(UsageError, match=r"answers.xlsx: holds several sheets: 甲, 乙; say which by --sheet"):
        read_grid(path)
    assert read_grid(path, "乙").to_numpy().tolist() == [["a"], ["2"]]
    with pytest.raises(UsageError, match="--sheet: '丙', must be one of 甲, 乙, Sheet3"):
        read_grid(path, "丙")
    with pytest.raises(StudyError, match="is empty"):
        read_grid(path, "Sheet3")


def test_a_hidden_sheet_is_read_only_if_it_is_named(tmp_path):
    path = sheets(tmp_path, hidden=["甲"])
    assert read_grid(path).to_numpy().tolist() == [["a"], ["2"]]
    assert read_grid(path, "甲").to_numpy().tolist() == [["a"], ["1"]]


def test_a_workbook_whose_attributes_stand_in_single_quotation_marks(tmp_path):
    path, other = sheets(tmp_path, hidden=["甲"]), tmp_path / "other.xlsx"
    with ZipFile(path) as parts, ZipFile(other, "w") as out:
        for name in parts.namelist():
            text = parts.read(name).decode()
            out.writestr(name, re.sub('="([^"]*)"', r"='\1'", text) if name.startswith("xl/workbook") else text)
    assert read_grid(other).to_numpy().tolist() == [["a"], ["2"]]
    assert read_grid(other, "甲").to_numpy().tolist() == [["a"], ["1"]]


def test_a_csv_file_has_no_sheets(tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"--sheet: '甲', but a\.csv is no workbook"):
        the_sheet(tmp_path / "a.csv", "甲")


def test_an_export_with_a_formula_that_nobody_has_computed(tmp_path):
    path = tmp_path / "answers.xlsx"
    path.write_bytes(book(甲=[["a", "b"], ["1", "=A2"]]))
    with pytest.raises(StudyError, match=r"answers.xlsx\[甲\], row 2, B: a formula that was never computed"):
        read_grid(path)

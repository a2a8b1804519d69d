"""What a cell must be, and what is said of one that is not."""

import pandas as pd
import pytest

from toolkit import contract
from toolkit.contract import DATE, EXEMPT, FREE, OPEN_DATE, TEXT, UNIT_ID, check, count, iso_date, known, number
from toolkit.files import Sheet


def right(demand, *cells):
    return demand.right(pd.Series(cells, dtype=str)).tolist()


def sheet(text, file="t.csv"):
    header, *rows = [line.split(",") for line in text.split()]
    frame = pd.DataFrame([[cell.replace("_", "") for cell in row] for row in rows], columns=header, dtype=str)
    frame.index += 2
    return Sheet(file, frame)


@pytest.mark.parametrize(
    ("demand", "good", "bad"),
    [
        (TEXT, ["x", "张三", "0", "1.5"], ["", "#REF!", "#N/A", "#DIV/0!", "1.10101E+17", "1e+17"]),
        (FREE, ["x", "", "E+17"], ["#VALUE!", "1.1E+17"]),
        (number(), ["0", "-1.5", "1e3"], ["", "x", "nan", "inf", "30%", "1,5", "#NUM!"]),
        (number(above=0), ["0.1"], ["0", "-1", ""]),
        (count(), ["0", "12", "12.0", ""], ["-1", "1.5", "x", "１", "1234567890123"]),
        (
            DATE,
            ["2026-06-30", "2026/6/30", "2026.6.30", "2026年6月30日"],
            ["", "2026-06-31", "2026-06", "20260630", "30/6/2026"],
        ),
        (OPEN_DATE, ["", "2026-06-30"], ["2026-6-30/7", "2026-06/30", "June"]),
        (EXEMPT, ["", "rating", "satisfaction|rating"], ["yes", "rating|", "rating,satisfaction"]),
        (known(["a", "b"], "a letter"), ["a"], ["A", "", "c"]),
        (known(["a"], "a letter", blank=True), ["a", ""], ["b"]),
    ],
)
def test_demands(demand, good, bad):
    assert right(demand, *good) == [True] * len(good)
    assert right(demand, *bad) == [False] * len(bad)


@pytest.mark.parametrize("name", ["B01", "第一支部", "B 1", "B-1.2", "COM", "console", "a&b", "B_1"])
def test_ids_that_can_name_a_folder(name):
    assert right(UNIT_ID, name) == [True]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a/b",
        "a\\b",
        "a:b",
        "a*",
        "a?",
        '"a"',
        "<a>",
        "a|b",
        ".a",
        "a.",
        "CON",
        "nul",
        "com1",
        "LPT9.x",
        "a\tb",
        "#REF!",
    ],
)
def test_ids_that_cannot(name):
    assert right(UNIT_ID, name) == [False]


def test_a_date_as_excel_writes_it():
    assert iso_date("2026/6/3") == "2026-06-03"
    assert iso_date("2026年12月3日") == "2026-12-03"
    assert iso_date("2026/2/30") == ""


def test_each_wrong_value_is_told_once_with_its_first_row():
    rows = sheet("measure,value a,1 b,x c,x d,y")
    faults = check("measures", rows, {"value": number()})
    assert [(fault.row, fault.value, fault.more) for fault in faults if fault.column == "value"] == [
        (3, "x", 1),
        (5, "y", 0),
    ]


def test_a_blank_cell_is_told_what_it_must_be():
    (fault,) = check("units", sheet("unit_id,name,parent_id B1,x,_ _,y,B1"), {"unit_id": known(["B1"], "a unit_id")})
    assert (fault.row, fault.value) == (3, "")
    assert fault.expected == "must not be blank; must be a unit_id: one of B1"


def test_columns_that_are_lacking_or_unknown():
    faults = check("turnout", sheet("round,unit,source,eligible,issued,valid"), {})
    assert [(fault.row, fault.column, fault.value) for fault in faults] == [
        (1, "unit_id", ""),
        (1, "returned", ""),
        (1, "unit", "unit"),
    ]
    assert faults[2].expected.startswith("unknown column; must be one of round, unit_id")
    assert faults[2].expected.endswith("(nearest: unit_id)")


def test_attributes_of_members_are_free_unless_they_are_misspelt():
    faults = check("members", sheet("member_id,name,unit_id,category,role,Exempt,exmept a,b,c,d,#REF!,_,_"), {})
    assert [(fault.row, fault.column) for fault in faults] == [(1, "Exempt"), (1, "exmept"), (2, "role")]


def test_duplicates_name_both_rows():
    header = "round,unit_id,source,eligible,issued,returned,valid,ratee_id "
    text = header + "a,B1,s,1,1,1,1,_ a,B1,s,1,1,1,1,M1 a,B1,s,2,1,1,1,_"
    (fault,) = check("turnout", sheet(text), {})
    assert str(fault) == (
        "t.csv, row 4, round, unit_id, source, ratee_id: 'a, B1, s, ': must not be there twice; it stands in row 2 too"
    )


def test_a_table_that_was_pasted_twice_is_told_in_brief():
    rows = "unit_id,name " + " ".join(f"B{number},x" for number in range(1000)) + " "
    faults = check("units", sheet(rows + rows.partition(" ")[2]), {})
    assert len(faults) == 21
    assert faults[-1].expected == "980 further values are wrong in the same way"


def test_every_table_has_its_keys_among_its_columns():
    for table, keys in contract.KEYS.items():
        assert set(keys) <= {*contract.REQUIRED[table], *contract.OPTIONAL.get(table, ())}

"""Tables of opinions, their themes and submissions: what their cells must be."""

import pytest

OPINIONS = "id,date,channel,unit_id,text,source,theme,owner,opened,closed,reply\n"
THEMES = "theme,label,words,owner,days\n"
RIGHT = "O1,2026-03-01,box,B1,路灯,peer,roads,,2026-03-02,2026/3/9,已修\n"


def test_right_tables_have_no_fault(faults_of):
    assert not faults_of(opinions=OPINIONS + RIGHT, themes=THEMES + "roads,道路,路灯|村道,建设办,30\n")
    assert not faults_of(opinions=OPINIONS + RIGHT)  # without themes.csv a theme is any text
    assert not faults_of(opinions="id,date,channel,unit_id,text\nO1,2026-03-01,web,P,a\n")
    assert not faults_of(submissions="round,source,unit_id,submitted\n2026H1,peer,B1,2026-03-01\n")


@pytest.mark.parametrize(
    ("row", "column", "expected"),
    [
        ("O1,2026-02-30,box,B1,a,,,,,,", "date", "there is no such day"),
        ("O1,2026-03-01,意见箱,B1,a,,,,,,", "channel", "意见箱 is box"),
        ("O1,2026-03-01,post,B1,a,,,,,,", "channel", "must be a channel: one of meeting"),
        ("O1,2026-03-01,box,B9,a,,,,,,", "unit_id", "must be a unit_id"),
        ("O1,2026-03-01,box,B1,,,,,,,", "text", "must not be blank"),
        (",2026-03-01,box,B1,a,,,,,,", "id", "must not be blank"),
        ("O1,2026-03-01,box,B1,a,citizen,,,,,", "source", "must be a source"),
        ("O1,2026-03-01,box,B1,a,,road,,,,", "theme", "(nearest: roads)"),
        ("O1,2026-03-01,box,B1,a,,,,2026-02-01,,", "opened", "must not be before date: 2026-03-01"),
        ("O1,2026-03-01,box,B1,a,,,,2026-03-05,2026-03-04,", "closed", "must not be before opened: 2026-03-05"),
        ("O1,2026-03-01,box,B1,a,,,,,2026-02-04,", "closed", "must not be before date: 2026-03-01"),
    ],
)
def test_a_wrong_cell_of_an_opinion_is_named(faults_of, row, column, expected):
    (fault,) = faults_of(opinions=OPINIONS + row + "\n", themes=THEMES + "roads,道路,路灯,,\n")
    assert (fault.file, fault.row, fault.column) == ("opinions.csv", 2, column)
    assert expected in fault.expected


@pytest.mark.parametrize(
    ("rows", "column", "expected"),
    [
        ("roads,道路,路灯,,\nlight,照明,灯光|路灯,,", "words", "must not be a word of theme roads too"),
        ("roads,道路,路灯,,\nroads,照明,灯光,,", "theme", "must not be there twice"),
        ("roads,道路,路灯,,soon", "days", "must be a whole number"),
        ("roads,,路灯,,", "label", "must not be blank"),
    ],
)
def test_a_wrong_theme_is_named(faults_of, rows, column, expected):
    (fault,) = faults_of(themes=THEMES + rows + "\n")
    assert (fault.file, fault.column) == ("themes.csv", column)
    assert expected in fault.expected


@pytest.mark.parametrize(
    ("row", "column"),
    [("2027H1,peer,B1,2026-03-01,9", "round"), ("2026H1,peers,B1,2026-03-01,9", "source"),
     ("2026H1,peer,B9,2026-03-01,9", "unit_id"), ("2026H1,peer,B1,today,9", "submitted"),
     ("2026H1,peer,B1,2026-03-01,0", "seconds"), ("2026H1,peer,B1,2026-03-01,fast", "seconds")],
)  # fmt: skip
def test_a_wrong_submission_is_named(faults_of, row, column):
    (fault,) = faults_of(submissions="round,source,unit_id,submitted,seconds\n" + row + "\n")
    assert (fault.file, fault.row, fault.column) == ("submissions.csv", 2, column)


def test_ten_faults_give_ten(faults_of):
    rows = "".join(f"O{n},2026-03-0{n},box{n},B1,a,,,,,,\n" for n in range(1, 10)) + "O1,2026-03-01,box,B1,a,,,,,,\n"
    assert len(faults_of(opinions=OPINIONS + rows)) == 10


def test_opinions_need_rounds_with_days(faults_of, plain_scheme):
    scheme = plain_scheme.replace("{from: 2026-01-01, to: 2026-06-30}", "{from: 2026-01-01}")
    (fault,) = faults_of(scheme=scheme, opinions=OPINIONS + RIGHT)
    assert (fault.file, fault.column) == ("scheme.yaml", "rounds.2026H1")
    assert not faults_of(scheme=scheme)

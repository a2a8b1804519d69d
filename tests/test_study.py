"""From a folder to a study, or to everything that is wrong with it in one go."""

import csv
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook

import toolkit as tk
from toolkit.contract import OPTIONAL, REQUIRED

ROUND = "2026H1: {from: 2026-01-01, to: 2026-06-30}"
POSTS = "post_id,member_id,unit_id,category,from,to,share\n"
TURNOUT = "round,unit_id,source,eligible,issued,returned,valid,ratee_id\n"
UNITS = "unit_id,name,parent_id,category\n"
MEMBERS = "member_id,name,unit_id,category\n"
RATINGS = "round,ratee_id,source,rater_id,indicator,value\n"


def told(faults):
    return [(fault.file, fault.row, fault.column, fault.value) for fault in faults]


def place(fault):
    return " ".join(str(part) for part in (fault.file, fault.row, fault.column, fault.value) if part)


# ------------------------------------------------------------------------------------------------ twenty faults at once

TWENTY_SCHEME = """\
title: 民主评议
rounds:
  2026H1: {from: 2026-01-01, to: 2026-06-30}
  2026: {combine: {2026H1: 0.9}}
scales:
  vote: {levels: {优秀: 100, 合格: 80, 不合格: 0}, blank: [弃权]}
  score: {low: 0, high: 100}
sources:
  superior: {weight: 0.4, scale: score, attributed: true, wieght: 0.4}
  peer: {weight: 0.6, scale: vote}
indicators:
  virtue: {weight: 0.5}
  results: {weight: 0.5, items: {delivery: {weight: 0.6}, service: {weight: 0.4}}}
categories:
  member: {}
missing: {rule: guess}
"""
TWENTY_TABLES = {
    "units": "unit_id,name,parent_id\nP,镇党委,\nB1,第一支部,P\nB2,第二支部,P9\nNUL,第三支部,P\n",
    "members": MEMBERS + "M1,张三,B1,member\nM2,李四,B1,cader\nM3,,B2,member\nM1,张三,B1,member\nM5,钱,七,B1,member\n",
    "posts": POSTS + "T1,M2,B1,member,2026-01-01,,0.5\nT2,M3,B2,member,2026-05-01,2026-04-01,zero\n",
    "ratings": (
        RATINGS
        + "2026H1,M1,peer,secret1,virtue,优秀\n"
        + "2026H1,M1,peer,secret1,virtue,合格\n"  # twice by one rater
        + "2026H1,M1,peers,secret2,virtue,优秀\n"
        + "2026H1,M1,superior,,virtue,101\n"
        + "2026H1,M1,superior,secret3,virtue,101\n"
        + "2026H1,M7,peer,secret4,virtue,优秀\n"
        + "2026H1,M1,peer,,results,优秀\n"
        + "2026H1,M1,peer,secret5,delivery,优秀\n"
        + "2026,T1,superior,secret6,virtue,90\n"
    ),
    "ballots": (
        "round,ratee_id,source,indicator,优秀,合格,不合格,弃权\n"
        "2026H1,T1,peer,service,3,x,,\n"
        "2026H1,T1,superior,service,3,,,\n"
        "2026H1,M1,peer,virtue,3,,,\n"
    ),
    "turnout": TURNOUT + "2026H1,B1,peer,9,8,10,,\n2026H1,B1,peer,3,3,3,3,T1\n2026H1,B1,peer,2,2,2,2,M1\n",
}
TWENTY = [
    ("scheme.yaml", 4, "rounds.2026.combine", "", "weights of 2026H1 sum to 0.9, must be 1"),
    ("scheme.yaml", 9, "sources.superior.wieght", "wieght", "unknown key; must be one of label, weight"),
    ("scheme.yaml", 16, "missing.rule", "guess", "must be 'renormalise', 'adjusted' or 'fail'"),
    ("members.csv", 6, "", "", "has 5 cells, must have 4"),
    ("units.csv", 4, "parent_id", "P9", "must be a unit_id: one of P, B1, B2, NUL (nearest: P)"),
    ("units.csv", 5, "unit_id", "NUL", "must be able to name a folder"),
    ("members.csv", 3, "category", "cader", "must be a category of members"),
    ("members.csv", 4, "name", "", "must not be blank"),
    ("members.csv", 5, "member_id", "M1", "must not be there twice; it stands in row 2 too"),
    ("posts.csv", 3, "share", "zero", "must be a number above 0"),
    ("posts.csv", 3, "from", "2026-05-01", "must not be after to: 2026-04-01"),
    ("turnout.csv", 2, "returned", "10", "must be at most what was eligible or issued: 8"),
    ("turnout.csv", 4, "eligible", "2", "must be at least the number of raters of M1 by peer, 5"),
    ("ratings.csv", 3, "round, ratee_id, source, indicator", "2026H1, M1, peer, virtue", "twice for one rater"),
    ("ratings.csv", 4, "source", "peers", "must be one of superior, peer (nearest: peer)"),
    ("ratings.csv", 5, "value", "101", "must be a number from 0 to 100 (scale score)"),
    ("ratings.csv", 7, "ratee_id", "M7", "must be a member, post or unit: one of P, B1, B2, NUL, M1, M2, M3"),
    ("ratings.csv", 8, "rater_id", "", "must not be blank for source peer"),
    ("ratings.csv", 8, "indicator", "M1", "source peer must not rate both results and delivery below it"),
    ("ratings.csv", 10, "round", "2026", "is a combination of rounds; must be a round: one of 2026H1"),
    ("ballots.csv", 2, "合格", "x", "must be a whole number, 0 or more"),
    ("ballots.csv", 3, "优秀", "3", "must be 0 or blank: an answer of superior must be a number from 0 to 100"),
    ("ballots.csv", 4, "round, ratee_id, source, indicator", "2026H1, M1, peer, virtue", "must not be in ratings too"),
]


def test_a_study_with_faults_everywhere_reports_them_all(faults_of):
    faults = faults_of(scheme=TWENTY_SCHEME, **TWENTY_TABLES)
    assert sorted(told(faults), key=str) == sorted((fault[:4] for fault in TWENTY), key=str)
    for file, row, column, value, part in TWENTY:
        assert any(told([fault]) == [(file, row, column, value)] and part in fault.expected for fault in faults), part
    assert len(TWENTY) >= 20
    assert len({fault[4] for fault in TWENTY}) == len(TWENTY)
    assert not any("secret" in str(fault) for fault in faults)


# ------------------------------------------------------------------------------------------------------- a right study


def test_what_a_study_holds(make_study):
    folder = make_study(
        members="member_id,name,unit_id,category,exempt,职务\nM1,张三,B1,member,rating,书记\n", ratings=None
    )
    study = tk.read_study(folder)
    assert study.name == "study"
    assert study.round == "2026H1"
    assert study.members.loc[2].to_dict() == {
        "member_id": "M1",
        "name": "张三",
        "unit_id": "B1",
        "category": "member",
        "exempt": "rating",
        "职务": "书记",
    }
    assert set(study.digests) == {"scheme.yaml", "units.csv", "members.csv"}
    assert list(study.units["industry"]) == ["", "", ""]
    assert study.turnout.empty
    assert study.turnout["eligible"].dtype == float
    assert study.tally.counts.empty


def test_members_count_to_every_unit_above(make_study):
    units = UNITS + "P,党委,,\nC,总支,P,\nB1,第一支部,C,\nB2,第二支部,P,\n"
    study = tk.read_study(make_study(units=units, ratings=None))
    pairs = study.ancestors.groupby("ratee_id")["unit_id"].agg(list).to_dict()
    assert pairs == {"M1": ["B1", "C", "P"], "M2": ["B1", "C", "P"], "M3": ["B2", "P"]}


def test_the_newest_round_is_the_last_by_date(make_study, plain_scheme):
    rounds = "2026H1: {to: 2026-12-31}\n  2025H2: {to: 2025-12-31}\n  2026: {combine: {2026H1: 1}}"
    study = tk.read_study(make_study(scheme=plain_scheme.replace(ROUND, rounds)))
    assert study.round == "2026H1"
    assert study.scheme is study.schemes["2026H1"]


def test_posts_count_while_they_are_held(make_study):
    posts = POSTS + "T1,M2,B1,member,2025/1/1,2025年12月31日,1\nT2,M2,B2,member,2026-06-30,,1\n"
    study = tk.read_study(make_study(posts=posts, ratings=None))
    assert list(study.posts["to"]) == ["2025-12-31", ""]
    assert list(study.posts_in("2026H1")["post_id"]) == ["T2"]


# -------------------------------------------------------------------------------------------- the same study, otherwise

CSVS = {
    "posts": POSTS + "T1,M2,B1,member,,,0.5\nT2,M2,B2,member,,,1.5\n",
    "ratings": (
        RATINGS
        + "2026H1,M1,peer,01,virtue,优秀\n2026H1,M1,peer,02,virtue,2\n2026H1,M1,superior,s,overall,85\n"
        + "2026H1,T1,peer,01,delivery,弃权\n2026H1,T2,superior,s,virtue,77.5\n2026H1,B2,superior,,virtue,90\n"
    ),
    "ballots": "round,ratee_id,source,indicator,优秀,合格,不合格,弃权\n2026H1,M3,peer,overall,3,2,,1\n",
    "turnout": TURNOUT + "2026H1,B1,peer,3,3,2,2,M1\n",
}


def typed(cell):
    """A cell as Excel would hold it."""
    return float(cell) if cell.replace(".", "", 1).isdigit() and not cell.startswith("0") else cell


def workbook(tables, path):
    book = Workbook()
    book.remove(book.worksheets[0])
    for table, text in tables.items():
        sheet = book.create_sheet(table)
        for row in csv.reader(io.StringIO(text)):
            sheet.append([typed(cell) if cell else None for cell in row])
    book.save(path)


def test_one_workbook_is_as_good_as_tables(make_study, plain_tables):
    plain = make_study(**CSVS)
    other = make_study(name="other", **dict.fromkeys([*plain_tables, *CSVS]))
    workbook(plain_tables | CSVS, other / "study.xlsx")
    one, two = tk.read_study(plain), tk.read_study(other)
    pd.testing.assert_frame_equal(one.tally.counts, two.tally.counts)
    pd.testing.assert_frame_equal(tk.score(one).table, tk.score(two).table)
    assert set(two.digests) == {"scheme.yaml", "study.xlsx"}
    assert two.posts["share"].tolist() == [0.5, 1.5]


@pytest.mark.parametrize("kind", ["text", "category", "numbers"])
def test_parquet_is_as_good_as_csv(make_study, kind):
    plain = make_study(**CSVS)
    frame = pd.read_csv(io.StringIO(CSVS["ratings"]), dtype=str)
    if kind == "category":
        frame = frame.astype("category")
    if kind == "numbers":
        frame = frame[frame["source"] == "superior"].assign(value=lambda rows: rows["value"].astype(float))
        text = frame.assign(value=["85", "77.5", "90"]).to_csv(index=False)
        plain = make_study(name="superiors", **(CSVS | {"ratings": text}))
    other = make_study(name="2026 [1]", **(CSVS | {"ratings": None}))
    frame.to_parquet(other / "ratings.parquet", index=False)
    one, two = tk.read_study(plain), tk.read_study(other)
    pd.testing.assert_frame_equal(one.tally.counts, two.tally.counts)
    pd.testing.assert_frame_equal(tk.score(one).table, tk.score(two).table)
    assert "ratings.parquet" in two.digests


def test_codes_levels_and_ballots_count_as_one_answer(make_study, faults_of, plain_scheme):
    ballots = "round,ratee_id,source,indicator,优秀,合格,1,不合格\n2026H1,M1,peer,virtue,4,0,1,0\n"
    folder = make_study(scheme=plain_scheme.replace("scale: vote}", "scale: vote, adds: true}"), ballots=ballots)
    counts = tk.read_study(folder).tally.counts
    cell = counts[(counts["ratee_id"] == "M1") & (counts["indicator"] == "virtue")]
    assert cell[["value", "count", "ballot"]].to_numpy().tolist() == [
        ["优秀", 1, False],
        ["优秀", 5, True],
        ["合格", 1, False],
    ]
    assert told(faults_of(ballots=ballots)) == [
        ("ballots.csv", 2, "round, ratee_id, source, indicator", "2026H1, M1, peer, virtue")
    ]


def test_combined_rounds_are_scored_from_their_parts(make_study, plain_scheme):
    rounds = "2026H1: {}\n  2026H2: {}\n  2026: {combine: {2026H1: 25, 2026H2: 75}}"
    ratings = RATINGS + "".join(
        f"{turn},M1,{source},r,overall,{value}\n"
        for turn, points in (("2026H1", ("60", "1")), ("2026H2", ("80", "2")))
        for source, value in zip(("superior", "peer"), points, strict=True)
    )
    study = tk.read_study(make_study(scheme=plain_scheme.replace(ROUND, rounds), ratings=ratings))
    scores = tk.score(study).ratees.set_index(["round", "ratee_id"])["score"]
    assert scores["2026H1", "M1"] == pytest.approx(0.4 * 60 + 0.6 * 100)
    assert scores["2026H2", "M1"] == pytest.approx(80)
    assert scores["2026", "M1"] == pytest.approx(0.25 * 84 + 0.75 * 80)
    assert study.round == "2026H2"


# ----------------------------------------------------------------------------------------------------- faults of tables


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"units": None}, ["units.csv"]),
        ({"units": UNITS}, ["units.csv 2"]),
        ({"members": MEMBERS, "units": "unit_id,name\nB1,x\n", "ratings": None}, ["members.csv 2"]),
        (
            {"units": UNITS + "P,a,B1,\nB1,b,P,\nB2,c,B2,office\n"},
            ["units.csv 2 parent_id B1", "units.csv 4 parent_id B2"],
        ),
        ({"units": UNITS + "P,a,,\nB1,b,P,\nB2,c,P,office\nb1,d,P,\n"}, ["units.csv 5 unit_id b1"]),
        ({"units": UNITS + "P,a,,\nB1,b,P,\nB2,c,P,office\nM1,d,P,\n"}, ["members.csv 2 member_id M1"]),
        ({"posts": POSTS + "B1,M3,B1,member,,,1\n"}, ["posts.csv 2 post_id B1"]),
        ({"units": UNITS + "P,a,,\nB1,b,P,\nB2,c,P,member\n"}, ["ratings.csv 6 ratee_id B2"]),
        (
            {"units": UNITS + "P,a,,\nB1,b,P,\nB2,c,P,people\n"},
            ["units.csv 4 category people", "ratings.csv 6 ratee_id B2"],
        ),
        ({"members": MEMBERS + "M1,张三,B1,office\nM2,李四,B1,member\n"}, ["members.csv 2 category office"]),
        ({"members": MEMBERS + "M1,张三,,\nM2,李四,B1,member\n"}, ["members.csv 2 unit_id", "members.csv 2 category"]),
        (
            {"members": MEMBERS.replace("name", "Name") + "M1,张三,B1,member\nM2,李四,B1,member\n"},
            ["members.csv 1 name", "members.csv 1 Name Name"],
        ),
        (
            {"members": "member_id,name,unit_id,category,exempt\nM1,张三,B1,member,yes\nM2,李四,B1,member,\n"},
            ["members.csv 2 exempt yes"],
        ),
        ({"posts": POSTS + "T1,M1,B1,member,,,1\n"}, ["ratings.csv 2 ratee_id M1"]),
        (
            {"posts": POSTS + "T1,M9,B1,member,2026-13-01,,0\n"},
            ["posts.csv 2 member_id M9", "posts.csv 2 from 2026-13-01", "posts.csv 2 share 0"],
        ),
        (
            {"turnout": TURNOUT + "2026H1,B1,peer,5,,6,,\n2026H1,B9,public,5,-1,x,5.5,M9\n"},
            [
                "turnout.csv 3 unit_id B9",
                "turnout.csv 3 source public",
                "turnout.csv 3 ratee_id M9",
                "turnout.csv 3 issued -1",
                "turnout.csv 3 returned x",
                "turnout.csv 3 valid 5.5",
                "turnout.csv 2 returned 6",
            ],
        ),
        (
            {"points": "date,subject_id,rule,quantity\n2026/6/1,M1,a,1\n6-1,M9,,x\n"},
            ["points.csv 3 date 6-1", "points.csv 3 subject_id M9", "points.csv 3 rule", "points.csv 3 quantity x"],
        ),
        (
            {"satisfaction": "round,subject_id,panel,topic,优秀,满意\n2026H1,M1,群众,作风,x,1\n"},
            ["satisfaction.csv 2 优秀 x", "satisfaction.csv 1 满意 满意"],
        ),
        (
            {"measures": "round,subject_id,measure,value\n2026H1,M1,hours,45\n2026H1,M1,hours,46\n"},
            ["measures.csv 3 round, subject_id, measure 2026H1, M1, hours"],
        ),
        ({"scheme": None}, ["scheme.yaml"]),
        (
            {"scheme": "title: t\n", "ratings": None},
            ["scheme.yaml rounds", "scheme.yaml scales", "scheme.yaml sources"],
        ),
    ],
)
def test_faults_of_tables(faults_of, parts, expected):
    assert [place(fault) for fault in faults_of(**parts)] == expected


def test_a_folder_that_is_none(tmp_path):
    with pytest.raises(tk.StudyError, match="must be a folder that holds"):
        tk.read_study(tmp_path / "nowhere")


def test_tables_are_checked_without_a_scheme(faults_of):
    faults = faults_of(scheme="title: [", members=MEMBERS + "M1,,B9,any\n")
    assert told(faults) == [
        ("scheme.yaml", 1, "", ""),
        ("members.csv", 2, "name", ""),
        ("members.csv", 2, "unit_id", "B9"),
    ]


def test_a_category_must_be_there_in_every_round(faults_of, plain_scheme):
    scheme = plain_scheme.replace(ROUND, ROUND + "\n  2026H2: {scheme: later.yaml}")
    faults = faults_of(scheme=scheme, files={"later.yaml": "categories: {member: {}}\n"})
    assert told(faults) == [
        ("units.csv", 4, "category", "office"),
    ]
    faults = faults_of(scheme=scheme, files={"later.yaml": "categories: {office: {ratee: unit}}\n"})
    assert told(faults) == [("members.csv", 2, "category", "member")]


def test_a_unit_is_rated_only_where_its_category_says_so(faults_of, plain_scheme):
    scheme = plain_scheme.replace(ROUND, ROUND + "\n  2026H2: {scheme: later.yaml}")
    later = {"later.yaml": "categories: {member: {}, office: {}}\n"}
    ratings = RATINGS + "2026H1,B2,superior,,virtue,90\n2026H2,B2,superior,,virtue,90\n"
    assert told(faults_of(scheme=scheme, files=later, ratings=ratings)) == [("ratings.csv", 3, "ratee_id", "B2")]


def test_a_post_is_rated_only_while_it_is_held(faults_of):
    posts = POSTS + "T1,M3,B1,member,2026-07-01,,1\n"
    faults = faults_of(posts=posts, ratings=RATINGS + "2026H1,T1,superior,s,virtue,90\n")
    assert told(faults) == [("ratings.csv", 2, "ratee_id", "T1")]
    assert faults[0].expected == "is not held in round 2026H1"


def test_an_id_that_lost_its_zeros_is_recognised(faults_of):
    members = MEMBERS + "001,张三,B1,member\n010,李四,B1,member\n"
    (fault,) = faults_of(members=members, ratings=RATINGS + "2026H1,1,superior,s,virtue,90\n")
    assert told([fault]) == [("ratings.csv", 2, "ratee_id", "1")]
    assert fault.expected.endswith("(nearest: 001)")


def test_ids_that_excel_spoiled(faults_of):
    members = MEMBERS + "1.10101E+17,张三,B1,member\n#REF!,李四,B1,member\nM3,#N/A,B1,member\n"
    faults = faults_of(members=members, ratings=None)
    assert told(faults) == [
        ("members.csv", 2, "member_id", "1.10101E+17"),
        ("members.csv", 3, "member_id", "#REF!"),
        ("members.csv", 4, "name", "#N/A"),
    ]


def test_a_round_that_became_a_date(faults_of, plain_scheme):
    scheme = plain_scheme.replace("2026H1:", "2026-06:")
    (fault,) = faults_of(scheme=scheme, ratings=RATINGS + "2026-06-01,M1,superior,s,virtue,90\n")
    assert told([fault]) == [("ratings.csv", 2, "round", "2026-06-01")]
    assert fault.expected == "must be a round: one of 2026-06 (nearest: 2026-06)"


# ----------------------------------------------------------------------------------------------------------- the manual


def test_the_example_of_the_manual(make_study):
    manual = (Path(__file__).parents[1] / "surveys" / "README.md").read_text(encoding="utf-8")
    scheme, units, members, ratings, ballots = re.findall(r"```(?:yaml|csv)\n(.*?)```", manual, flags=re.DOTALL)
    folder = make_study(scheme=scheme, units=units, members=members, ratings=ratings, ballots=ballots)
    found = tk.score(tk.read_study(folder)).ratees.set_index("ratee_id")
    assert found["score"].tolist() == pytest.approx([86, 90])
    assert found["coverage"].tolist() == pytest.approx([1, 0.6])
    assert found["grade"].tolist() == ["合格", "优秀"]


def test_the_manual_names_every_column():
    manual = (Path(__file__).parents[1] / "surveys" / "README.md").read_text(encoding="utf-8")
    for table, columns in REQUIRED.items():
        (row,) = re.findall(rf"^\| `{table}`.*$", manual, flags=re.MULTILINE)
        assert ",".join(columns) in row
        assert ",".join(OPTIONAL.get(table, ())) in row


def test_a_round_declared_before_anybody_rates_in_it_is_not_the_newest(make_study, plain_scheme, plain_tables):
    later = plain_scheme.replace("rounds:", 'rounds:\n  "2099": {from: 2099-01-01, to: 2099-12-31}', 1)
    assert later != plain_scheme
    study = tk.read_study(make_study(scheme=later, **plain_tables))
    assert "2099" in study.schemes
    assert study.round != "2099"

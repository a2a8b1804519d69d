"""Ratings are right, or every wrong one is named; no rater ever is."""

import duckdb
import pandas as pd
import pytest

import toolkit as tk

HEADER = "round,ratee_id,source,rater_id,indicator,value\n"
WEIGHTED = "round,ratee_id,source,rater_id,indicator,value,weight\n"


@pytest.fixture
def wrong(faults_of):
    """Return a function: ratings -> faults as `row column value`, having made sure that no rater is shown."""

    def read(*rows, header=HEADER, **parts):
        faults = faults_of(ratings=header + "\n".join(rows) + "\n", **parts)
        assert not any("secret" in str(fault) for fault in faults)
        assert {fault.file for fault in faults} <= {"ratings.csv"}
        return [f"{fault.row} {fault.column} {fault.value}".strip() for fault in faults], faults

    return read


@pytest.mark.parametrize(
    ("row", "place", "says"),
    [
        ("2026h1,M1,peer,secret,virtue,优秀", "2 round 2026h1", "must be a round: one of 2026H1 (nearest: 2026H1)"),
        (",M1,peer,secret,virtue,优秀", "2 round", "must be a round: one of 2026H1"),
        ("2026H1,M1,per,secret,virtue,优秀", "2 source per", "must be one of superior, peer (nearest: peer)"),
        ("2026H1,M1,peer,secret,virtu,优秀", "2 indicator virtu", "service (nearest: virtue)"),
        (
            "2026H1,M1,peer,secret,virtue,良好",
            "2 value 良好",
            "must be one of the levels 优秀, 合格, 不合格 or a code: 1, 2, 3",
        ),
        ("2026H1,M1,peer,secret,virtue,#REF!", "2 value #REF!", "must be one of the levels"),
        ("2026H1,M1,superior,secret,virtue,85%", "2 value 85%", "must be a number from 0 to 100 (scale score)"),
        ("2026H1,M1,superior,secret,virtue,1e1", "2 value 1e1", "must be a number from 0 to 100"),
        ("2026H1,M1,peer,,virtue,优秀", "2 rater_id", "must not be blank for source peer"),
        ("2026H1,M1,peer,#REF!,virtue,优秀", "2 rater_id", "not an error of Excel"),
        ("2026H1,M1,peer,1.10101E+17,virtue,优秀", "2 rater_id", "a number that Excel shortened"),
        ("2026H1,M9,peer,secret,virtue,优秀", "2 ratee_id M9", "must be a member, post or unit: one of P, B1, B2, M1"),
        ("2026H1,,peer,secret,virtue,优秀", "2 ratee_id", "must be a member, post or unit"),
        (
            "2026H1,B1,peer,secret,virtue,优秀",
            "2 ratee_id B1",
            "a unit that is rated must have a category with ratee: unit",
        ),
    ],
)
def test_one_wrong_rating(wrong, row, place, says):
    places, (fault,) = wrong(row)
    assert places == [place]
    assert says in fault.expected


@pytest.mark.parametrize(
    "row",
    [
        "2026H1,M1,peer,a,virtue,１",  # a full-width digit
        "2026H1,M1,peer,a,virtue,1.0",
        "2026H1,M1,peer,a,virtue,弃权",
        "2026H1,M1,peer,a,virtue,",
        "2026H1,\u3000M1 ,peer,a,overall, 优秀\u3000",
        "2026H1,M1,superior,,results,８５．５",
    ],
)
def test_one_right_rating(wrong, row):
    assert wrong(row) == ([], [])


def test_what_a_source_is_not_asked(wrong, plain_scheme):
    scheme = plain_scheme.replace("service: {weight: 0.4}", "service: {weight: 0.4, sources: [superior]}")
    rows = ["2026H1,M1,peer,a,service,优秀", "2026H1,M1,superior,a,service,5", "2026H1,M1,peer,a,virtue,优秀"]
    places, (fault,) = wrong(*rows, scheme=scheme)
    assert places == ["2 indicator service"]
    assert fault.expected == "must be one that source peer is asked"


def test_a_source_with_items_does_not_rate_itself(wrong, plain_scheme):
    scheme = plain_scheme.replace("peer: {", "peer: {items: {near: {}, far: {}}, ")
    places, (fault,) = wrong("2026H1,M1,peer,a,virtue,优秀", "2026H1,M1,near,a,virtue,优秀", scheme=scheme)
    assert places == ["2 source peer"]
    assert fault.expected.startswith("has items, which rate for it; must be one of superior, near, far")


def test_what_one_rater_says_twice(wrong):
    rows = [
        "2026H1,M1,peer,secret,virtue,优秀",
        "2026H1,M1,peer,other,virtue,优秀",
        *["2026H1,M1,peer,secret,virtue,1"] * 2,
    ]
    places, (fault,) = wrong(*rows)
    assert places == ["5 round, ratee_id, source, indicator 2026H1, M1, peer, virtue"]
    assert "it stands in row 2 too" in fault.expected
    assert fault.more == 1


def test_a_superior_without_a_name_rates_once(wrong):
    assert wrong("2026H1,M1,superior,,virtue,5", "2026H1,M2,superior,,virtue,5") == ([], [])
    places, _ = wrong(*["2026H1,M1,superior,,virtue,5"] * 2)
    assert len(places) == 1


def test_a_node_and_what_lies_below_it(wrong):
    rows = ["2026H1,M1,peer,a,delivery,优秀", "2026H1,M1,peer,b,results,优秀", "2026H1,M1,peer,c,overall,优秀"]
    assert sorted(wrong(*rows)[0]) == ["3 indicator M1", "4 indicator M1", "4 indicator M1"]
    # another ratee, another source, or another branch of the tree is another matter
    rows = ["2026H1,M2,peer,b,results,优秀", "2026H1,M1,superior,b,results,5", "2026H1,M1,peer,b,virtue,优秀"]
    assert wrong("2026H1,M1,peer,a,delivery,优秀", *rows) == ([], [])


def test_ten_thousand_identical_faults_are_one(wrong):
    places, (fault,) = wrong(*(f"2026H1,M1,peer,secret{number},virtue,好" for number in range(10_000)))
    assert places == ["2 value 好"]
    assert fault.more == 9_999


def test_ten_thousand_different_faults_are_told_in_brief(wrong):
    rows = (f"2026H1,X{number},superior,secret,virtue,{101 + number}" for number in range(10_000))
    places, faults = wrong(*rows)
    assert len(faults) == 42
    assert [fault.expected for fault in faults if fault.row is None] == [
        "9,980 further values are wrong in the same way"
    ] * 2
    assert places[0] == "2 value 101"


def test_weights(wrong):
    rows = ["2026H1,M1,superior,a,virtue,5,0", "2026H1,M1,superior,b,virtue,5,x", "2026H1,M1,superior,c,virtue,5,-1"]
    rows += ["2026H1,M1,superior,d,virtue,5,inf", "2026H1,M1,superior,e,virtue,5,2.5", "2026H1,M1,superior,f,virtue,5,"]
    places, faults = wrong(*rows, header=WEIGHTED)
    assert places == ["2 weight 0", "3 weight x", "4 weight -1", "5 weight inf"]
    assert {fault.expected for fault in faults} == {"must be a number above 0"}


@pytest.mark.parametrize("option", ["trim: {}", "average: median"])
def test_weights_serve_plain_means_only(wrong, plain_scheme, option):
    scheme = plain_scheme.replace("scale: vote}", "scale: vote, " + option + "}")
    rows = ["2026H1,M1,peer,a,virtue,1,1", "2026H1,M1,peer,b,virtue,1,", "2026H1,M1,superior,b,virtue,1,2"]
    assert wrong(*rows, header=WEIGHTED, scheme=scheme) == ([], [])
    places, (fault,) = wrong(*rows, "2026H1,M1,peer,c,virtue,1,2", header=WEIGHTED, scheme=scheme)
    assert places == ["5 weight"]
    assert "source peer is trimmed or a median" in fault.expected


def test_columns(wrong):
    places, faults = wrong("2026H1,M1,peer,secret,virtue", header=HEADER.replace(",value", ""))
    assert places == ["1 value"]
    places, faults = wrong("2026H1,M1,peer,secret,virtue,优秀,secret", header=HEADER.replace("\n", ",wieght\n"))
    assert places == ["1 wieght wieght"]
    assert faults[0].expected.endswith("(nearest: weight)")


def test_a_table_of_ratings_without_a_header_shows_no_rater(wrong):
    places, (fault,) = wrong("2026H1,M1,peer,secret2,virtue,优秀", header="2026H1,M1,peer,secret1,virtue,优秀\n")
    assert places == ["1"]
    assert fault.expected == "must have a header row: round,ratee_id,source,rater_id,indicator,value"


# ---------------------------------------------------------------------------------------------------------- Parquet

COLUMNS = ["round", "ratee_id", "source", "rater_id", "indicator", "value"]
ROWS = [["2026H1", "M1", "superior", "secret1", "virtue", 85], ["2026H1", "M2", "superior", "secret2", "virtue", 90]]


@pytest.fixture
def parquet(make_study):
    """Return a function: a frame (or bytes) as ratings.parquet -> study, or faults as text."""

    def read(content, **parts):
        folder = make_study(**({"ratings": None} | parts))
        path = folder / "ratings.parquet"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            content.to_parquet(path, index=False)
        try:
            return tk.read_study(folder)
        except tk.StudyError as error:
            return ["a rater!"] if "secret" in str(error) else [str(fault) for fault in error.faults]

    return read


def test_numbers_in_a_parquet_file(parquet):
    frame = pd.DataFrame(ROWS, columns=COLUMNS)
    for kind in ("int8", "int64", "float32", "float64", "Int64", "object"):
        counts = parquet(frame.astype({"value": kind})).tally.counts
        assert counts["value"].tolist() == ["85", "90"]
    halves = parquet(frame.assign(value=[85.5, 90.25])).tally.counts
    assert halves["value"].tolist() == ["85.5", "90.25"]


def test_nulls_in_a_parquet_file(parquet):
    rows = [[None, "M1", "superior", "a", "virtue", 1.0], ["2026H1", None, "superior", "a", "virtue", None]]
    rows += [["2026H1", "M1", "peer", None, "virtue", 1.0], ["2026H1", "M2", None, "a", None, 1.0]]
    faults = parquet(pd.DataFrame(rows, columns=COLUMNS))
    assert [fault.partition(":")[0] for fault in faults] == [
        "ratings.parquet, row 3, rater_id",
        "ratings.parquet, row 1, round",
        "ratings.parquet, row 4, source",
        "ratings.parquet, row 4, indicator",
        "ratings.parquet, row 2, ratee_id",
    ]


def test_columns_of_a_parquet_file(parquet):
    frame = pd.DataFrame(ROWS, columns=COLUMNS)
    assert parquet(frame.drop(columns=["value", "round"])) == [
        "ratings.parquet, row 1, round: column must be there",
        "ratings.parquet, row 1, value: column must be there",
    ]
    assert parquet(frame.assign(row=1))[0].startswith("ratings.parquet, row 1, row: 'row': unknown column")
    assert parquet(frame.assign(weight="1"))[0].startswith(
        "ratings.parquet, weight: 'VARCHAR': must be a column of numbers"
    )
    assert parquet(frame.assign(weight=[2.0, None])).tally.counts["weight"].tolist() == [2, 1]
    assert parquet(frame.assign(weight=[0.0, float("inf")])) == [
        "ratings.parquet, row 1, weight: '0': must be a number above 0",
        "ratings.parquet, row 2, weight: 'inf': must be a number above 0",
    ]


def test_values_of_a_parquet_file(parquet):
    frame = pd.DataFrame(ROWS, columns=COLUMNS)
    assert parquet(frame.assign(value=[101, 85])) == [
        "ratings.parquet, row 1, value: '101': must be a number from 0 to 100 (scale score)"
    ]
    assert len(parquet(frame.assign(value=[[1], [2]]))) == 2
    assert len(parquet(frame.assign(value=[float("inf"), 5.0]))) == 1
    day = pd.to_datetime(["2026-06-01", "2026-06-01"])
    (fault,) = parquet(frame.assign(round=day))
    assert fault.startswith("ratings.parquet, row 1, round: '2026-06-01")
    assert fault.endswith("(and 1 more row)")


def test_a_file_that_is_no_parquet(parquet):
    for content in (b"", b"round,value\n", b"PAR1PAR1"):
        (fault,) = parquet(content)
        assert fault.startswith("ratings.parquet: must be a Parquet file: ")
        assert "/" not in fault.partition("must")[2].replace("input/output", "")


def test_parquet_beside_csv(parquet):
    (fault,) = parquet(pd.DataFrame(ROWS, columns=COLUMNS), ratings=HEADER)
    assert fault == "ratings.csv: must not stand beside ratings.parquet: which holds?"


def test_rows_of_a_parquet_file_in_several_groups(parquet, tmp_path):
    path = tmp_path / "many.parquet"
    query = """copy (select '2026H1' as round, 'M1' as ratee_id, 'superior' as source, 'r' || i as rater_id,
        'virtue' as indicator, case when i = 5000 then 200 else 50 end as value from range(6000) t(i))
        to '{}' (format parquet, row_group_size 2048)"""
    duckdb.sql(query.format(path))
    (fault,) = parquet(path.read_bytes())
    assert fault.startswith("ratings.parquet, row 5001, value: '200'")

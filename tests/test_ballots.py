"""Counted ballots are right, or every wrong count is named."""

import pytest

import toolkit as tk
from toolkit.scheme import Scheme

BALLOTS = "round,ratee_id,source,indicator,优秀,合格,不合格,弃权\n"
TURNOUT = "round,unit_id,source,eligible,issued,returned,valid,ratee_id\n"


@pytest.fixture
def wrong(faults_of):
    """Return a function: rows of ballots -> faults as `file row column value`."""

    def read(*rows, header=BALLOTS, **parts):
        faults = faults_of(ballots=header + "\n".join(rows) + "\n", **({"ratings": None} | parts))
        return [f"{fault.file} {fault.row} {fault.column} {fault.value}".strip() for fault in faults], faults

    return read


@pytest.mark.parametrize(
    ("row", "place", "says"),
    [
        ("2026,M1,peer,virtue,1,1,1,1", "round 2026", "must be a round: one of 2026H1"),
        ("2026H1,M9,peer,virtue,1,1,1,1", "ratee_id M9", "must be a member, post or unit"),
        ("2026H1,B1,peer,virtue,1,1,1,1", "ratee_id B1", "must have a category with ratee: unit"),
        ("2026H1,M1,pear,virtue,1,1,1,1", "source pear", "must be one of superior, peer (nearest: peer)"),
        ("2026H1,M1,peer,vertue,1,1,1,1", "indicator vertue", "(nearest: virtue)"),
        ("2026H1,M1,peer,virtue,-1,1,1,1", "优秀 -1", "must be a whole number, 0 or more"),
        ("2026H1,M1,peer,virtue,1.5,1,1,1", "优秀 1.5", "must be a whole number, 0 or more"),
        ("2026H1,M1,peer,virtue,1,三,1,1", "合格 三", "must be a whole number, 0 or more"),
        ("2026H1,M1,peer,virtue,1,#REF!,1,1", "合格 #REF!", "must be a whole number, 0 or more"),
        (
            "2026H1,M1,superior,virtue,,2,0,0",
            "合格 2",
            "must be 0 or blank: an answer of superior must be a number from 0",
        ),
    ],
)
def test_one_wrong_row(wrong, row, place, says):
    places, (fault,) = wrong(row)
    assert places == [f"ballots.csv 2 {place}"]
    assert says in fault.expected


def test_counts_as_excel_and_people_write_them(make_study):
    folder = make_study(ballots=BALLOTS + "2026H1,M1,peer,virtue,12.0,１０,,0\n", ratings=None)
    counts = tk.read_study(folder).tally.counts
    assert counts[["value", "count", "weight", "weight2", "ballot"]].to_numpy().tolist() == [
        ["优秀", 12, 12.0, 12.0, True],
        ["合格", 10, 10.0, 10.0, True],
    ]


def test_columns_of_levels(wrong):
    places, faults = wrong(
        "2026H1,M1,peer,virtue,1,1", header=BALLOTS.replace(",不合格,弃权", "").replace("合格", "合恪")
    )
    assert places == ["ballots.csv 1 合恪 合恪", "ballots.csv 1 合格", "ballots.csv 1 不合格"]
    assert "a count for every level that peer may choose" in faults[1].expected
    assert faults[0].expected.endswith("(nearest: 合格)")
    assert wrong("2026H1,M1,peer,virtue,3,4", header="round,ratee_id,source,indicator,优秀,弃权\n")[0] == [
        "ballots.csv 1 合格",
        "ballots.csv 1 不合格",
    ]
    assert wrong("2026H1,M1,superior,virtue,3,4", header="round,ratee_id,source,indicator,75,80.5\n")[0] == []
    assert wrong("2026H1,M1,superior,virtue,3", header="round,ratee_id,source,indicator,101\n")[0] == [
        "ballots.csv 1 101 101"
    ]
    assert wrong("M1,peer,virtue,3", header="ratee_id,source,indicator,优秀\n")[0] == ["ballots.csv 1 round"]


def test_keys_are_unique(wrong):
    places, _ = wrong("2026H1,M1,peer,virtue,1,1,1,1", "2026H1,M1,peer,virtue,2,2,2,2")
    assert places == ["ballots.csv 3 round, ratee_id, source, indicator 2026H1, M1, peer, virtue"]


def test_overall_ticks_and_nested_nodes(wrong):
    assert wrong("2026H1,M1,peer,overall,1,1,1,1", "2026H1,M2,peer,virtue,1,1,1,1") == ([], [])
    places, (fault,) = wrong("2026H1,M1,peer,overall,1,1,1,1", "2026H1,M1,peer,virtue,1,1,1,1")
    assert places == ["ballots.csv 2 indicator M1"]
    assert fault.expected == "source peer must not rate both overall and virtue below it"


def test_nodes_nested_between_ratings_and_ballots(wrong):
    ratings = "round,ratee_id,source,rater_id,indicator,value\n2026H1,M1,peer,a,results,优秀\n"
    places, _ = wrong("2026H1,M1,peer,service,1,1,1,1", ratings=ratings)
    assert places == ["ratings.csv 2 indicator M1"]


def test_more_raters_than_eligible(wrong):
    rows = ["2026H1,M1,peer,virtue,3,1,,1", "2026H1,M1,peer,results,1,,,", "2026H1,M2,peer,virtue,3,,,"]
    turnout = TURNOUT + "2026H1,B1,peer,1,1,1,1,\n2026H1,B1,peer,4,4,4,4,M1\n2026H1,B1,peer,3,3,3,3,M2\n"
    places, (fault,) = wrong(*rows, turnout=turnout)
    assert places == ["turnout.csv 3 eligible 4"]
    assert fault.expected == "must be at least the number of raters of M1 by peer, 5"


def test_ballots_that_add_to_ratings_count_among_the_raters(wrong, plain_scheme):
    scheme = plain_scheme.replace("scale: vote}", "scale: vote, adds: true}")
    ratings = "round,ratee_id,source,rater_id,indicator,value\n2026H1,M1,peer,a,virtue,优秀\n"
    row, turnout = "2026H1,M1,peer,virtue,2,,,", TURNOUT + "2026H1,B1,peer,{0},{0},{0},{0},M1\n"
    assert wrong(row, scheme=scheme, ratings=ratings, turnout=turnout.format(3)) == ([], [])
    assert wrong(row, scheme=scheme, ratings=ratings, turnout=turnout.format(2))[0] == ["turnout.csv 2 eligible 2"]
    places, (fault,) = wrong(row, ratings=ratings)
    assert places == ["ballots.csv 2 round, ratee_id, source, indicator 2026H1, M1, peer, virtue"]
    assert fault.expected.endswith("adds: true")


def test_ballots_are_scored_like_ratings(make_study):
    ratings = "round,ratee_id,source,rater_id,indicator,value\n" + "".join(
        f"2026H1,M1,peer,r{number},overall,{value}\n"
        for number, value in enumerate(["优秀", "优秀", "合格", "不合格", "弃权"])
    )
    one = tk.score(tk.read_study(make_study(ratings=ratings)))
    two = tk.score(tk.read_study(make_study(ratings=None, ballots=BALLOTS + "2026H1,M1,peer,overall,2,1,1,1\n")))
    for scores in (one, two):
        first = scores.ratees.iloc[0]
        assert first["score"] == pytest.approx((100 + 100 + 80 + 0) / 4)
        assert first["n"] == 4
    assert isinstance(tk.read_study(make_study()).scheme, Scheme)

"""Which ballots count: every rule by hand, on paper and on single ratings, and on every engine."""

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pytest

import toolkit as tk
from toolkit.validity import counted, find_void, stands
from toolkit.voices import read_voices

SCHEME = """\
title: 民主评议
rounds: {R: {}}
scales:
  vote: {levels: {优秀: 100, 合格: 80, 不合格: 0}, codes: {1: 优秀, 2: 合格, 3: 不合格}, blank: [弃权]}
  mark: {low: 0, high: 100}
sources:
  peer: {scale: vote, weight: 0.5}
  team: {scale: mark, weight: 0.5, items: {inner: {weight: 0.5}, outer: {weight: 0.5}}}
indicators: {virtue: {weight: 0.75}, results: {weight: 0.25}}
categories: {member: {}, cadre: {indicators: {virtue: 0.25, results: 0.75}}, office: {ratee: unit}}
"""
HEADER = "round,ratee_id,source,rater_id,indicator,value"
TURNOUT = "round,unit_id,source,eligible,issued,returned,valid,ratee_id\n"
UNITS = "unit_id,name,parent_id,category\nP,镇,,\nB1,一支部,P,\nB2,二支部,P,\nO1,甲办,P,office\nO2,乙办,P,office\n"
MEMBERS = "member_id,name,unit_id,category\nM1,张三,B1,member\nM2,李四,B1,member\nM3,王五,B1,cadre\nM4,赵六,B2,member\n"


@pytest.fixture
def study(make_study):
    """Return a function: the section `ballots`, and rows of ratings -> the folder of a study."""

    def make(section, *rows, header=HEADER, **tables):
        text = "\n".join([header, *rows]) + "\n" if rows else None
        return make_study(scheme=SCHEME + f"ballots: {section}\n", units=UNITS, members=MEMBERS, ratings=text, **tables)

    return make


def votes(*ballots, ratees=("M1", "M2", "M3"), source="peer", indicator="overall"):
    """Rows of ratings: each ballot is a value for each ratee; rater k is called secretk."""
    return [
        f"R,{ratee},{source},secret{place},{indicator},{value}"
        for place, ballot in enumerate(ballots)
        for ratee, value in zip(ratees, ballot, strict=False)
        if value is not None
    ]


def told(folder):
    table = tk.read_study(folder).void
    assert "secret" not in table.to_csv()
    return list(table[["unit_id", "ballot", "rule", "found"]].itertuples(index=False, name=None))


def test_at_most_so_many_of_a_level_and_at_least_so_many_below_a_score(study):
    rules = "{peer: {limits: [{levels: [优秀], most: 1}, {below: 70, least: 1}]}}"
    folder = study(
        rules, *votes(["优秀", "合格", "不合格"], ["优秀", 1, "不合格"], ["优秀", "合格", "合格"], ["弃权", 3, "合格"])
    )
    assert told(folder) == [
        ("B1", 2, "limits", "2 of 3 given 优秀, must be at most 1"),
        ("B1", 3, "limits", "0 of 3 given below 70, must be at least 1"),
    ]
    counts = tk.read_study(folder).tally.counts
    assert counts["count"].sum() == 6
    m1 = counts[counts["ratee_id"] == "M1"].set_index("value")["count"].to_dict()
    assert m1 == {"优秀": 1, "弃权": 1}


def test_a_share_of_the_ratees_is_exact_and_its_base_is_those_who_were_rated(study):
    limit = "{peer: {limits: [{levels: [优秀], most: 1/3}]}}"
    assert told(study(limit, *votes(["优秀", "合格", "合格"]))) == []
    assert told(study(limit, *votes(["优秀", "弃权", "合格"]))) == [
        ("B1", 1, "limits", "1 of 2 given 优秀, must be at most 1/3 of them")
    ]
    assert told(study(limit, *votes(["弃权", "弃权", "弃权"]))) == []  # who abstains breaks nothing


def test_points_on_a_ballot_are_weighted_as_the_category_of_the_ratee_has_it(study):
    rows = votes([80, 80], ratees=["M1", "M3"], source="inner", indicator="virtue")
    rows += votes([40, 40], ratees=["M1", "M3"], source="inner", indicator="results")
    # M1: 0.75 x 80 + 0.25 x 40 = 70, M3, a cadre: 0.25 x 80 + 0.75 x 40 = 50
    assert told(study("{team: {limits: [{below: 70, most: 1}]}}", *rows)) == []
    assert told(study("{team: {limits: [{max: 70, most: 1}]}}", *rows)) == [
        ("B1", 1, "limits", "2 of 2 given at most 70, must be at most 1")
    ]
    assert told(study("{inner: {limits: [{indicator: virtue, min: 80, most: 1}]}}", *rows)) == [
        ("B1", 1, "limits", "2 of 2 given at least 80, must be at most 1")
    ]
    # what was not answered has no weight
    assert told(study("{team: {limits: [{above: 79, most: 1}]}}", *rows[:2])) == [
        ("B1", 1, "limits", "2 of 2 given above 79, must be at most 1")
    ]


def test_with_several_indicators_a_level_is_that_of_all_answers(study):
    rows = [
        *votes(["优秀", "优秀"], indicator="virtue"),
        *votes(["优秀", "合格"], indicator="results"),
    ]
    assert told(study("{peer: {limits: [{levels: [优秀], least: 1}]}}", *rows)) == []
    assert told(study("{peer: {limits: [{levels: [优秀], least: 2}]}}", *rows)) == [
        ("B1", 1, "limits", "1 of 2 given 优秀, must be at least 2")
    ]


def test_the_same_answer_everywhere(study):
    rules = "{peer: {alike: 3}}"
    ballots = [["合格", 2, "合格"], ["合格", "合格", "弃权"], ["合格", "合格", "优秀"]]
    assert told(study(rules, *votes(*ballots))) == [("B1", 1, "alike", "the same answer 3 times")]
    marks = votes([80, "80.0", "８０"], source="outer")
    assert told(study("{outer: {alike: 3}}", *marks)) == [("B1", 1, "alike", "the same answer 3 times")]


def test_a_ballot_filled_in_too_fast_and_one_whose_time_is_not_known(study):
    rows = [f"{row},{time}" for row, time in zip(votes(["优秀"], ["优秀"], ["优秀"]), (59.5, 60, ""), strict=True)]
    folder = study("{peer: {seconds: 60}}", *rows, header=HEADER + ",seconds")
    assert told(folder) == [("B1", 1, "seconds", "59.5 seconds, must be at least 60")]


def test_a_rule_on_time_needs_a_column_of_times(study):
    with pytest.raises(tk.StudyError, match=r"row 1, seconds: column must be there: ballots.peer has a least time"):
        tk.read_study(study("{peer: {seconds: 60}}", *votes(["优秀"])))


def test_who_hands_in_twice_is_a_fault_or_void(study):
    rows = votes(["优秀", "合格"], ["合格", "合格"])
    rows += rows[:1]
    with pytest.raises(tk.StudyError, match="must not be there twice for one rater") as error:
        tk.read_study(study("{peer: {alike: 9}}", *rows))
    assert "secret" not in str(error.value)
    folder = study("{peer: {once: true}}", *rows)
    assert told(folder) == [("B1", 1, "once", "handed in twice")]
    assert tk.read_study(folder).tally.counts["count"].sum() == 2
    assert tk.read_study(folder, void=False).tally.counts["count"].sum() == 5


def test_a_ballot_is_one_of_a_unit_and_rated_units_stand_on_that_of_the_unit_above(study):
    rules = "{peer: {limits: [{levels: [优秀], most: 1}]}}"
    rows = votes(["优秀", "优秀"], ratees=["M1", "M4"])  # of two branches
    assert told(study(rules, *rows)) == []
    rows = votes(["优秀", "优秀"], ratees=["O1", "O2"])
    assert told(study(rules, *rows)) == [("P", 1, "limits", "2 of 2 given 优秀, must be at most 1")]


def test_items_have_the_rules_of_the_nearest_source_above(study):
    rows = votes([80, 80, 80], source="inner") + votes([80, 80, 80], source="outer")
    folder = study("{team: {alike: 3}, outer: {alike: 4}}", *rows)
    assert list(tk.read_study(folder).void["source"]) == ["inner"]


def test_a_blank_rater_is_one_of_each_ratee(study):
    scheme = SCHEME.replace("peer: {scale", "peer: {attributed: true, scale")
    rows = [f"R,{who},peer,,{what},优秀" for who in ("M1", "M2") for what in ("virtue", "results")]
    folder = study("{peer: {alike: 3}}", *rows)
    (folder / "scheme.yaml").write_text(scheme + "ballots: {peer: {alike: 3}}\n", encoding="utf-8")
    assert told(folder) == []
    (folder / "scheme.yaml").write_text(scheme + "ballots: {peer: {alike: 2}}\n", encoding="utf-8")
    assert [place for _, place, *_ in told(folder)] == [1, 2]


# -------------------------------------------------------------------------------------------------------------- boxes


def paper(*rows):
    return "round,ratee_id,source,indicator,优秀,合格,不合格\n" + "".join(f"R,{row},0\n" for row in rows)


@pytest.mark.parametrize(("returned", "void"), [(24, False), (23, True)])
def test_a_quorum_is_an_exact_share(study, returned, void):
    turnout = TURNOUT + f"R,B1,peer,30,30,{returned},,\n"
    folder = study(
        "{peer: {quorum: [{of: returned, min: 4/5}]}}", ballots=paper("M1,peer,overall,9,9"), turnout=turnout
    )
    found = [("B1", 0, "quorum", "returned 23 of 30 eligible, must be at least 0.8")]
    assert told(folder) == (found if void else [])
    assert tk.read_study(folder).tally.counts["count"].sum() == (0 if void else 18)


def test_more_returned_than_issued_is_a_fault_or_void_for_the_whole_box(study):
    turnout = TURNOUT + "R,B1,peer,30,20,21,20,\nR,B2,peer,30,20,20,20,\n"
    ballots = paper("M1,peer,overall,9,9", "M4,peer,overall,5,5")
    with pytest.raises(tk.StudyError, match="must be at most what was eligible or issued: 20"):
        tk.read_study(study("{}", ballots=ballots, turnout=turnout))
    folder = study("{peer: {overfull: true}}", ballots=ballots, turnout=turnout)
    assert told(folder) == [("B1", 0, "overfull", "21 returned of 20 issued")]
    assert set(tk.read_study(folder).tally.counts["ratee_id"]) == {"M4"}


def test_a_ratee_with_a_row_of_his_own_is_a_box_of_his_own(study):
    turnout = TURNOUT + "R,B1,peer,10,10,2,,\nR,B1,peer,10,10,9,,M2\n"
    rows = votes(["优秀", "优秀", "合格"], ["优秀", "合格", "合格"])
    folder = study("{peer: {quorum: [{of: returned, min: 1/2}], alike: 2}}", *rows, turnout=turnout)
    assert told(folder) == [("B1", 0, "quorum", "returned 2 of 10 eligible, must be at least 0.5")]
    assert set(tk.read_study(folder).tally.counts["ratee_id"]) == {"M2"}


def test_several_quorums_and_steps(study):
    rules = "{peer: {quorum: [{of: issued, min: 4/5}, {of: valid, over: returned, min: 1/2}]}}"
    turnout = TURNOUT + "R,B1,peer,10,7,7,3,\n"
    assert [found for *_, found in told(study(rules, *votes(["优秀"]), turnout=turnout))] == [
        "issued 7 of 10 eligible, must be at least 0.8",
        "valid 3 of 7 returned, must be at least 0.5",
    ]


def test_turnout_must_tell_what_a_quorum_asks(study):
    rules = "{peer: {quorum: [{of: returned, min: 1/2}]}}"
    says = "turnout.csv, round, unit_id, source: 'R, B1, peer': must tell eligible and returned: ballots.peer asks"
    with pytest.raises(tk.StudyError, match=says):
        tk.read_study(study(rules, *votes(["优秀"])))
    with pytest.raises(tk.StudyError, match="'R, B1, peer': must tell returned"):
        tk.read_study(study(rules, *votes(["优秀"]), turnout=TURNOUT + "R,B1,peer,10,10,,,\n"))


# ------------------------------------------------------------------------------------------------------------ engines


def test_parquet_voids_what_csv_does_and_so_does_every_engine(study):
    rules = "{peer: {alike: 3, seconds: 30, limits: [{levels: [优秀], most: 50%}]}}"
    ballots = [["合格", 2, "合格"], ["优秀", "优秀", "合格"], ["优秀", "合格", "弃权"], [None, "不合格", "合格"]]
    rows = [f"{row},{20 if 'secret0' in row else 40}" for row in votes(*ballots)]
    folder = study(rules, *rows, header=HEADER + ",seconds")
    plain = tk.read_study(folder)
    assert list(plain.void["rule"]) == ["seconds", "alike", "limits"]
    frame = pd.read_csv(folder / "ratings.csv", dtype=str).assign(row=lambda table: range(2, len(table) + 2))
    frame["seconds"] = frame["seconds"].astype(float)
    cells = frame[["round", "source", "ratee_id"]].drop_duplicates()
    standing = stands(plain.members, plain.posts, plain.units)
    for engine in (frame, duckdb.from_df(frame), pl.from_pandas(frame)):
        void = find_void(engine, cells, plain.schemes, standing, plain.turnout)
        pd.testing.assert_frame_equal(void.table, plain.void, check_dtype=False)
        kept = nw.from_native(counted(engine, void)).lazy().collect()
        assert len(kept) == plain.tally.counts["count"].sum()
    frame.drop(columns="row").to_parquet(folder / "ratings.parquet")
    (folder / "ratings.csv").unlink()
    again = tk.read_study(folder)
    pd.testing.assert_frame_equal(again.void, plain.void)
    pd.testing.assert_frame_equal(again.tally.counts.astype(str), plain.tally.counts.astype(str))


def test_raters_are_redrawn_from_ballots_that_count(study):
    rules = "{peer: {alike: 3}}"
    folder = study(rules, *votes(["合格", 2, "合格"], ["优秀", "合格", "合格"], ["优秀", "优秀", "合格"]))
    found = tk.read_study(folder)
    assert len(found.void) == 1
    assert read_voices(folder, found).given.shape[1] == 2


@pytest.mark.parametrize(
    ("ballots", "says"),
    [
        ("{pear: {alike: 3}}", "must be a source: one of peer, team, inner, outer (nearest: peer)"),
        ("{peer: {quorum: [{of: issued, over: returned, min: 1/2}]}}", "must be a step before issued"),
        ("{peer: {quorum: [{of: issued, min: 1.5}]}}", "must be a share from 0 to 1"),
        ("{peer: {limits: [{levels: [好], most: 1}]}}", "must be a level of peer: one of 优秀, 合格, 不合格"),
        ("{peer: {limits: [{levels: [优秀]}]}}", "must have most or least"),
        ("{peer: {limits: [{most: 2}]}}", "must have either levels, or bounds of points"),
        ("{peer: {limits: [{levels: [优秀], below: 3, most: 2}]}}", "must have either levels, or bounds of points"),
        ("{peer: {limits: [{below: 70, least: 1.5}]}}", "least is 1.5, must be a whole number of ratees, or a share"),
        ("{peer: {limits: [{indicator: virtu, below: 70, least: 1}]}}", "(nearest: virtue)"),
        ("{peer: {alike: 1}}", "greater than or equal to 2"),
    ],
)
def test_what_a_scheme_cannot_say(study, ballots, says):
    with pytest.raises(tk.StudyError) as error:
        tk.read_study(study(ballots, *votes(["优秀"])))
    assert says in str(error.value.faults[0])
    assert {fault.file for fault in error.value.faults[1:]} <= {"turnout.csv"}

"""Satisfaction: shares, indices, thresholds, who is judged by whom, every number by hand."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from small_opinions import PANELS, RULES, SCHEME, UNITS, of, pick, row, scheme, study, table_of
from small_study import schemes_of
from statsmodels.stats.proportion import proportion_confint

from toolkit.faults import UsageError
from toolkit.rules import Satisfaction
from toolkit.scoring.opinions import follows
from toolkit.scoring.proportions import wilson
from toolkit.scoring.satisfaction import BOTTOM, TABLE, satisfy


def test_thirty_forty_twenty_five_five_give_an_index_of_75_and_a_half():
    table = table_of([row(S=30, A=40, B=20, C=5, D=5)])
    whole = pick(table)
    # (30 x 100 + 40 x 80 + 20 x 60 + 5 x 30 + 5 x 0) / 100 = (3000 + 3200 + 1200 + 150) / 100
    assert whole["index"] == 75.5
    assert whole["dissatisfied"] == Fraction(10, 100)
    assert isinstance(whole["dissatisfied"], Fraction)
    assert (whole["n"], whole["blank"], whole["coverage"], whole["follows"]) == (100, 0, 1, "")
    assert np.isnan(whole["eligible"])
    assert (round(whole["low"], 4), round(whole["high"], 4)) == (0.0552, 0.1744)


def test_a_row_for_every_topic_and_panel_and_for_all_of_them():
    more = "panels: {q: {}, p: {}}, topics: {u: {}, t: {}}"
    rows = [of(1, 2, topic="t"), of(1, 2, topic="u"), of(1, 2, panel="q", topic="t"), of(0, 3, who="k", panel="q")]
    table = table_of(rows, more, members=[{"member_id": name, "unit_id": "U"} for name in ("k", "m", "silent")])
    found = list(zip(table["ratee_id"], table["topic"], table["panel"], table["n"], strict=True))
    assert found == [  # members as they are listed, topics and panels as the scheme has them
        ("k", "", "", 3), ("k", "", "q", 3), ("k", "t", "", 3), ("k", "t", "q", 3),
        ("m", "", "", 6), ("m", "", "q", 2), ("m", "", "p", 4),
        ("m", "u", "", 2), ("m", "u", "p", 2),
        ("m", "t", "", 4), ("m", "t", "q", 2), ("m", "t", "p", 2),
    ]  # fmt: skip
    assert table["round"].eq("r").all()


def test_panels_and_topics_that_the_scheme_does_not_name_come_last_as_they_come():
    rows = [of(1, 2, panel=panel, topic=topic) for panel, topic in (("z", "y"), ("b", "y"), ("p", "x"), ("b", "t"))]
    table = table_of(rows, "panels: {p: {}}, topics: {t: {}}")
    assert list(dict.fromkeys(table["topic"])) == ["", "t", "y", "x"]
    assert table["panel"][table["topic"] == ""].tolist() == ["", "p", "z", "b"]


@pytest.mark.parametrize(
    ("blank", "share", "met"), [("outside", Fraction(29, 90), "redo"), ("inside", Fraction(29, 100), "")]
)
def test_who_does_not_know_is_outside_the_base_or_inside_it(blank, share, met):
    table = table_of([row(S=61, D=29, none=7, lost=3)], f"blank: {blank}, {RULES}")
    whole = pick(table)
    assert (whole["n"], whole["blank"], whole["dissatisfied"]) == (90, 10, share)  # 29/90 = 32%, 29/100 = 29%
    assert whole["index"] == pytest.approx(6100 / 90)  # a blank answer has no points
    assert whole["follows"] == met
    base = 90 if blank == "outside" else 100
    assert (whole["low"], whole["high"]) == pytest.approx(proportion_confint(29, base, method="wilson"))


def test_answers_that_are_all_blank_have_no_share_outside_the_base_and_none_dissatisfied_inside_it():
    for panels in ("", ", panels: {p: {weight: 1}}"):
        for found in table_of([row(none=4)], f"blank: outside, {RULES}{panels}").itertuples():
            assert (found.n, found.blank, found.coverage, found.follows) == (0, 4, 0, "")
            assert found.dissatisfied is None
            assert np.isnan([found.index, found.low, found.high]).all()
        for found in table_of([row(none=4)], f"blank: inside{panels}").itertuples():
            assert (found.n, found.dissatisfied, found.coverage) == (0, 0, 0)
            assert np.isnan(found.index)
            assert (found.low, found.high) == pytest.approx(proportion_confint(0, 4, method="wilson"))


def test_a_code_as_a_column_is_its_level():
    # 1 stands for S, 5 for D; what stands under the level itself is added
    table = table_of([row(one=6, five=3, D=1)])
    assert pick(table)["dissatisfied"] == Fraction(4, 10)
    assert pick(table)["index"] == 60


@pytest.mark.parametrize(
    ("bad", "n", "met"),
    [
        (50, 167, ""),  # 29.94%
        (29, 100, ""),
        (30, 100, "redo"),
        (3, 10, "redo"),
        (50, 100, "redo"),
        (51, 100, "redo|again"),
        (500_001, 1_000_000, "redo|again"),
    ],
)
def test_thirty_per_cent_is_at_least_and_fifty_is_more_than(bad, n, met):
    table = table_of([of(bad, n)], RULES)
    assert pick(table)["dissatisfied"] == Fraction(bad, n)
    assert pick(table)["follows"] == met
    assert pick(table, topic="t")["follows"] == met
    assert pick(table, panel="p")["follows"] == pick(table, topic="t", panel="p")["follows"] == ""


def test_thresholds_are_exact_and_named_in_the_order_of_the_scheme():
    rules = Satisfaction(
        scale="vote",
        dissatisfied=["D"],
        rules={"most": {"above": "1/2"}, "third": {"min": "1/3"}, "tenth": {"above": "0.1"}},
    )
    near = Fraction(10**12 - 1, 3 * 10**12)  # nearer to a third than any tolerance
    above = Fraction(10**12 + 1, 2 * 10**12)
    found = follows([Fraction(1, 3), near, Fraction(1, 10), above, None], rules)
    assert found == ["third|tenth", "tenth", "", "most|third|tenth", ""]


def test_a_topic_can_follow_where_the_whole_does_not():
    table = table_of([of(4, 10, topic="t"), of(1, 10, topic="u")], RULES)
    assert [pick(table, topic=topic)["follows"] for topic in ("", "t", "u")] == ["", "redo", ""]  # 5/20, 4/10, 1/10


def test_the_table_knows_how_many_could_have_answered():
    table = table_of([of(10, 50, eligible=100)])
    assert pick(table)["eligible"] == 100
    for panel in ("", "p"):
        found = pick(table, panel=panel)
        np.testing.assert_allclose([found["low"], found["high"]], wilson(0.2, 99))
    whole = pick(table_of([of(10, 50, eligible=50)]))
    assert whole["low"] == whole["high"] == 0.2


def test_who_does_not_know_is_not_among_those_who_might_have_said():
    # all 25 were asked, 5 do not know: of the 20 who can say, all have said
    whole = pick(table_of([row(D=5, S=15, none=5, eligible=25)]))
    assert (whole["eligible"], whole["low"], whole["high"]) == (25, 0.25, 0.25)
    # 30 could have answered: 20 of 25, 20 x 24 / 5 = 96
    whole = pick(table_of([row(D=5, S=15, none=5, eligible=30)]))
    np.testing.assert_allclose([whole["low"], whole["high"]], wilson(0.25, 96))
    # inside the base they have said: 25 of 30, 25 x 29 / 5 = 145
    whole = pick(table_of([row(D=5, S=15, none=5, eligible=30)], "blank: inside"))
    np.testing.assert_allclose([whole["low"], whole["high"]], wilson(0.2, 145))


def test_forty_people_who_answer_three_topics_are_forty():
    table = table_of([of(4, 40, topic=topic) for topic in "xyz"])
    assert pick(table)["n"] == 120
    for topic in ("", "x"):
        found = pick(table, topic=topic)
        np.testing.assert_allclose([found["low"], found["high"]], wilson(0.1, 40))


def test_forty_people_of_eighty_who_answer_three_topics_are_forty_of_eighty():
    table = table_of([of(4, 40, topic=topic, eligible=80) for topic in "xyz"])
    whole = pick(table)
    assert (whole["n"], whole["eligible"]) == (120, 240)
    np.testing.assert_allclose([whole["low"], whole["high"]], wilson(0.1, 40, 80))


def test_who_could_have_answered_narrows_the_interval_of_each_panel():
    rows = [of(4, 20, panel="A", eligible=40), of(12, 30, panel="B", eligible=30)]
    table = table_of(rows, "panels: {A: {weight: 0.5}, B: {weight: 0.5}}")
    whole = pick(table)
    assert (whole["eligible"], whole["dissatisfied"]) == (70, Fraction(3, 10))
    # 20 x 39 / 20 = 39 in A, all of B: variance 0.25 x 0.16 / 39; 0.21 x 39 / 0.04 = 204.75; Kish 39 / 0.25 = 156
    np.testing.assert_allclose([whole["low"], whole["high"]], wilson(0.3, 156))
    assert pick(table, panel="B")["low"] == pick(table, panel="B")["high"] == 0.4


def test_panels_weigh_as_the_scheme_says_and_what_is_missing_is_told():
    # A half of 1/10, B three tenths of 0; C did not answer: 0.5 x 0.1 / 0.8 = 1/16
    table = table_of([of(10, 100, panel="A"), of(0, 10, panel="B")], PANELS)
    whole = pick(table)
    assert whole["dissatisfied"] == Fraction(1, 16)
    assert whole["index"] == pytest.approx(93.75)  # (0.5 x 90 + 0.3 x 100) / 0.8
    assert (whole["n"], whole["coverage"]) == (110, 0.8)
    assert pick(table, panel="A")["coverage"] == 1
    # variance (5/8)^2 x 0.09 / 100, 15/256 / it = 166.67; Kish 1 / ((5/8)^2 / 100 + (3/8)^2 / 10) = 55.65
    np.testing.assert_allclose([whole["low"], whole["high"]], wilson(1 / 16, 64 / (25 / 100 + 9 / 10)))


def test_weights_in_per_cent_are_the_same():
    percent = "panels: {A: {weight: 50}, B: {weight: 30}, C: {weight: 20}}"
    rows = [of(10, 100, panel="A"), of(1, 10, panel="C")]
    pd.testing.assert_frame_equal(table_of(rows, percent), table_of(rows, PANELS))
    assert pick(table_of(rows, percent))["coverage"] == 0.7


def test_panels_without_weights_are_added_up():
    whole = pick(table_of([of(10, 100, panel="A"), of(0, 10, panel="B")], "panels: {A: {}, B: {}, C: {}}"))
    assert whole["dissatisfied"] == Fraction(10, 110)
    assert whole["index"] == pytest.approx(100 * 100 / 110)
    assert (whole["n"], whole["coverage"]) == (110, 1)
    # blank answers inside the base weigh for the share alone: 5 of 8 + 7, and 3 + 2 of 10 at 100
    whole = pick(table_of([of(5, 8, panel="A"), row(panel="B", S=2, none=5)], "blank: inside"))
    assert (whole["dissatisfied"], whole["index"]) == (Fraction(5, 15), 50)


def test_topics_are_added_up_within_a_panel_before_panels_are_weighed():
    rows = [of(1, 10, panel="A", topic="x"), of(5, 10, panel="A", topic="y"), of(0, 40, panel="B", topic="x")]
    table = table_of(rows, "panels: {A: {weight: 0.5}, B: {weight: 0.5}}")
    assert pick(table, panel="A")["dissatisfied"] == Fraction(6, 20)
    assert pick(table)["dissatisfied"] == Fraction(3, 20)  # half of 6/20 and half of 0; all in one heap: 6/60
    assert pick(table, topic="x")["dissatisfied"] == Fraction(1, 20)
    assert pick(table, topic="y")["dissatisfied"] == Fraction(1, 2)
    assert [pick(table, topic=topic)["coverage"] for topic in ("", "x", "y")] == [1, 1, 0.5]


def test_a_panel_of_blank_answers_is_missing_from_the_whole():
    rows = [of(5, 10, panel="A"), row(panel="B", none=10)]
    whole = pick(table_of(rows, PANELS))
    assert (whole["dissatisfied"], whole["n"], whole["blank"], whole["coverage"]) == (Fraction(1, 2), 10, 10, 0.5)
    # inside the base its ten say nothing bad: (0.5 x 1/2 + 0.3 x 0) / 0.8; the index still has nothing of it
    whole = pick(table_of(rows, "blank: inside, " + PANELS))
    assert (whole["dissatisfied"], whole["index"], whole["coverage"]) == (Fraction(5, 16), 50, 0.5)


def test_a_panel_of_no_weight_or_no_name_has_rows_and_no_part_in_the_whole():
    panels = "panels: {A: {weight: 1}, B: {weight: 0}}"
    rows = [of(1, 10, panel=panel, eligible=10) for panel in ("B", "stranger")]
    table = table_of([*rows, of(2, 10, panel="A", eligible=10)], panels)
    assert pick(table, panel="B")["dissatisfied"] == pick(table, panel="stranger")["dissatisfied"] == Fraction(1, 10)
    whole = pick(table)
    assert (whole["dissatisfied"], whole["n"], whole["eligible"], whole["coverage"]) == (Fraction(1, 5), 10, 10, 1)
    alone = pick(table_of(rows, panels))
    assert alone["dissatisfied"] is None
    assert (alone["n"], alone["coverage"]) == (0, 0)
    assert np.isnan(alone[["eligible", "index", "low", "high"]].astype(float)).all()


def test_an_unknown_number_in_one_part_is_unknown_in_the_whole():
    table = table_of([of(1, 10, panel="A", eligible=20), of(1, 10, panel="B"), of(1, 10, panel="A", topic="u")])
    assert pick(table, topic="t", panel="A")["eligible"] == 20
    assert np.isnan(
        [pick(table)["eligible"], pick(table, panel="A")["eligible"], pick(table, "m", "t")["eligible"]]
    ).all()


SIGHTS = (
    "panels: {below: {weight: 0.4, direction: 下评上}, public: {weight: 0.2, direction: {zh: 民评官, en: bottom up}}, "
    "deputies: {weight: 0.1, direction: {zh: 民评官, en: bottom up}}, firms: {weight: 0.3, direction: 企业评机关}}"
)


def test_units_are_judged_and_weights_go_to_the_directions_from_which_they_are_seen():
    rows = [of(3, 10, who="O", panel="firms"), of(1, 10, panel="below"), of(2, 10, panel="public")]
    table = table_of(rows, SIGHTS, units=UNITS, members=[{"member_id": "m", "unit_id": "U"}])
    assert table["ratee_id"].unique().tolist() == ["m", "O"]
    # no office was seen from any other direction: firms are all that it has
    assert (pick(table, "O")["dissatisfied"], pick(table, "O")["coverage"]) == (Fraction(3, 10), 1)
    # (0.4 x 1/10 + 0.2 x 2/10) / 0.6; of its directions the deputies are missing: 0.6 / 0.7
    assert pick(table)["dissatisfied"] == Fraction(2, 15)
    assert pick(table)["coverage"] == pytest.approx(6 / 7)


def test_a_direction_from_which_others_of_the_category_were_seen_is_missing():
    rows = [of(3, 10, who="O", panel="firms"), of(3, 10, who="Q", panel="firms"), of(1, 10, who="Q", panel="below")]
    table = table_of(rows, SIGHTS, units=UNITS, members=[{"member_id": "m", "unit_id": "U"}])
    assert pick(table, "Q")["coverage"] == 1
    assert pick(table, "O")["coverage"] == pytest.approx(3 / 7)
    # nor a member by them, who has no category either; nor a unit of another category
    other = [UNITS[0], UNITS[1], {"unit_id": "Q", "category": ""}]
    table = table_of(
        [*rows, of(1, 9, panel="below")], SIGHTS, units=other, members=[{"member_id": "m", "unit_id": "U"}]
    )
    assert [pick(table, who)["coverage"] for who in ("O", "Q", "m")] == [1, 1, 1]


def test_exempt_members_and_categories_have_no_rows_and_no_part_in_any_total():
    people = {
        "m": ("worker", ""), "k": ("worker", ""), "rated": ("worker", "rating"),
        "out": ("worker", "rating|satisfaction"), "old": ("retired", ""),
    }  # fmt: skip
    members = [
        {"member_id": name, "unit_id": "U", "category": category, "exempt": exempt}
        for name, (category, exempt) in people.items()
    ]
    posts = [
        {"post_id": "of old", "member_id": "old", "unit_id": "U", "category": "worker"},
        {"post_id": "of out", "member_id": "out", "unit_id": "U", "category": "worker"},
        {"post_id": "retired", "member_id": "k", "unit_id": "U", "category": "retired"},
    ]
    names = ["m", "k", "rated", "out", "old", "of old", "of out", "retired", "O"]
    rows = [of(4, 10, who=who) for who in names]
    rows = [*rows[:1], of(1, 10, who="k"), *rows[2:]]
    more = "exempt: [retired, office], bottom: {min: 1}"
    table, bottom = satisfy(study(rows, more, members=members, posts=posts, units=UNITS), "r")
    assert table["ratee_id"].unique().tolist() == bottom["ratee_id"].tolist() == ["m", "k", "rated"]
    assert pick(table, "k")["n"] == 10  # without the post whose category is exempt
    assert bottom["others"].tolist() == [Fraction(5, 20), Fraction(8, 20), Fraction(5, 20)]


def test_posts_count_to_their_holder():
    posts = [{"post_id": name, "member_id": "m", "unit_id": "U", "from": "", "to": ""} for name in ("P1", "P2")]
    rows = [of(1, 10, eligible=20), of(3, 10, who="P1", eligible=30), of(5, 20, who="P2", panel="q", eligible=40)]
    table, bottom = satisfy(study(rows, "bottom: {}", members=[{"member_id": "m", "unit_id": "U"}], posts=posts), "r")
    assert table["ratee_id"].unique().tolist() == bottom["ratee_id"].tolist() == ["m"]
    assert pick(table, panel="p")[["n", "eligible", "dissatisfied"]].tolist() == [20, 50, Fraction(4, 20)]
    assert pick(table)[["n", "eligible", "dissatisfied"]].tolist() == [40, 90, Fraction(9, 40)]
    # they are other people: 10 and 10 are 20, not as with topics 10
    found = pick(table, panel="p")
    np.testing.assert_allclose([found["low"], found["high"]], wilson(0.2, 20, 50))


def test_an_answer_about_nobody_is_refused():
    with pytest.raises(UsageError, match=r"satisfaction: an answer is about x, must be about a member, post or unit"):
        table_of([of(1, 2, who="x")], members=[{"member_id": "m", "unit_id": "U"}])


ROUNDS = "rounds: {a: {}, b: {}, other: {}, both: {combine: {a: 0.4, b: 0.6}}}"


def test_a_combined_round_adds_up_the_answers_of_its_rounds():
    rows = [
        of(1, 10, round="a", eligible=20), of(8, 30, round="b", eligible=40), of(9, 10, round="other"),
        of(1, 5, who="k", round="b"), of(1, 1, who="j", round="other"),
    ]  # fmt: skip
    made = study(rows, "bottom: {min: 30}", rounds=ROUNDS)
    table, bottom = satisfy(made, "both")
    whole = pick(table)
    assert whole[["n", "eligible", "dissatisfied"]].tolist() == [40, 60, Fraction(9, 40)]  # whatever the rounds weigh
    np.testing.assert_allclose([whole["low"], whole["high"]], wilson(9 / 40, 40, 60))
    assert table["round"].eq("both").all()
    assert table["ratee_id"].unique().tolist() == ["m", "k"]
    assert bottom.set_index("ratee_id")["others"].to_dict() == {"m": Fraction(1, 5), "k": Fraction(9, 40)}
    assert pick(satisfy(made, "a")[0])["dissatisfied"] == Fraction(1, 10)


def test_each_answer_is_judged_by_the_rules_of_its_round():
    schemes = schemes_of(scheme(RULES, ROUNDS))
    stricter = schemes["b"].satisfaction.model_copy(update={"dissatisfied": ["B", "D"]})
    schemes["b"] = schemes["b"].model_copy(update={"satisfaction": stricter})
    schemes["other"] = schemes["other"].model_copy(update={"satisfaction": None})
    rows = [row(round="a", S=6, B=3, D=1), row(round="b", S=4, B=5, D=1), row(round="other", S=1)]
    made = study(rows, schemes)
    assert pick(satisfy(made, "both")[0])["dissatisfied"] == Fraction(1 + 6, 20)
    assert pick(satisfy(made, "both")[0])["follows"] == "redo"
    assert satisfy(made, "other")[0].empty
    # a combined round without rules has nothing, and rounds without rules add nothing
    without = {**schemes, "both": schemes["both"].model_copy(update={"satisfaction": None})}
    assert satisfy(study(rows, without), "both")[0].empty
    half = {**schemes, "a": schemes["a"].model_copy(update={"satisfaction": None})}
    assert pick(satisfy(study(rows, half), "both")[0])["dissatisfied"] == Fraction(6, 10)


def test_weights_and_exemptions_of_a_combined_round_are_its_own():
    schemes = schemes_of(scheme(PANELS, ROUNDS))
    even = schemes_of(scheme("panels: {A: {weight: 0.5}, B: {weight: 0.5}}, exempt: [retired]", ROUNDS))
    schemes["both"] = even["both"]
    members = [
        {"member_id": "m", "unit_id": "U", "category": ""},
        {"member_id": "k", "unit_id": "U", "category": "retired"},
    ]
    rows = [of(4, 10, who=who, panel=panel, round=turn) for who in "mk" for panel, turn in (("A", "a"), ("B", "b"))]
    rows[1] |= {"D": "0", "S": "10"}
    made = study(rows, schemes, members=members)
    assert satisfy(made, "a")[0]["ratee_id"].unique().tolist() == ["m", "k"]
    assert satisfy(made, "both")[0]["ratee_id"].unique().tolist() == ["m"]
    assert pick(satisfy(made, "both")[0])["dissatisfied"] == Fraction(1, 5)


def right(frame, columns):
    return {name: str(kind) for name, kind in frame.dtypes.items()} == {
        name: "float64" if kind == "float" else kind for name, kind in columns.items()
    }


def test_frames_have_their_columns_with_rows_or_without():
    plain = schemes_of(SCHEME.format("blank: outside").rpartition("satisfaction:")[0])
    full = schemes_of(scheme("bottom: {}"))
    for schemes, rows, lengths in (
        (plain, [of(1, 2)], (0, 0)),
        (full, [], (0, 0)),
        (full, [of(1, 2)], (4, 1)),
        (schemes_of(scheme()), [of(1, 2)], (4, 0)),
    ):
        table, bottom = satisfy(study(rows, schemes, members=[{"member_id": "m", "unit_id": "U"}]), "r")
        assert (len(table), len(bottom)) == lengths
        assert right(table, TABLE)
        assert right(bottom, BOTTOM)

"""The two studies modelled on practice are whole, and give the numbers that their READMEs work by hand."""

from fractions import Fraction
from pathlib import Path

import pytest

import toolkit as tk
from toolkit.lint import lint

SURVEYS = Path(__file__).parents[1] / "surveys"


@pytest.fixture(scope="module", params=["village", "office"])
def example(request):
    study = tk.read_study(SURVEYS / request.param)
    return study, tk.score(study)


@pytest.fixture(scope="module")
def village():
    return tk.score(tk.read_study(SURVEYS / "village"))


@pytest.fixture(scope="module")
def office():
    return tk.score(tk.read_study(SURVEYS / "office"))


def of(scores, turn, ratee):
    """What a ratee has in a round."""
    rows = scores.ratees[(scores.ratees["round"] == turn) & (scores.ratees["ratee_id"] == ratee)]
    return rows.iloc[0]


def rows_of(frame, **cells):
    """The rows of a frame that hold some cells."""
    for column, cell in cells.items():
        frame = frame[frame[column] == cell]
    return frame


def source(scores, turn, ratee, name):
    return rows_of(scores.sources, round=turn, ratee_id=ratee, source=name)["score"].item()


def test_an_example_has_nothing_odd(example):
    study, scores = example
    assert lint(study, scores) == []


def test_everybody_but_the_exempt_has_a_grade_and_stars(example):
    _, scores = example
    people = scores.ratees[(scores.ratees["kind"] == "member") & ~scores.ratees["exempt"]]
    assert len(people) >= 34
    assert people[["score", "index", "grade", "stars"]].notna().all(axis=None)


def test_a_decision_may_differ_from_what_is_proposed(village, office):
    studies = {"village": (village, "M13", "2026H2"), "office": (office, "S02", "2026")}
    decided = {
        name: rows_of(tk.read_study(SURVEYS / name).decisions, subject_id=member, round=turn)["decision"].tolist()
        for name, (_, member, turn) in studies.items()
    }
    assert decided == {"village": ["admit"], "office": ["admit", "合格"]}
    assert of(village, "2026H2", "M13")["points"] < 60  # which the scheme defers
    assert of(office, "2026", "S02")["grade"] == "优秀"


# ------------------------------------------------------------------------------------------------------- the village


def test_fifteen_classes_give_twelve_and_two_quarrels_eight(village):
    balances = rows_of(village.points, round="2026", ratee_id="M05").set_index("dimension")["points"]
    assert balances["study"] == 12
    assert balances["pioneer"] == 4 + 4
    assert balances["study"] + balances["pioneer"] == 20
    classes = rows_of(village.ledger, round="2026", ratee_id="M05", rule="class")
    assert len(classes) == 15
    assert classes["got"].tolist() == [2] * 6 + [0] * 9
    assert set(classes["code"][6:]) == {"year"}


def test_a_balance_begins_with_a_base_and_a_fifth_of_last_year(village):
    assert of(village, "2026H1", "M05")["points"] == 40 + 16 + 15 + 12 + 2 + 4
    assert of(village, "2026H2", "M05")["points"] == 40 + 16 + 30 + 12 + 4 + 8


def test_an_old_member_s_volunteer_work_counts_double_within_the_month(village):
    duty = rows_of(village.ledger, round="2026H2", ratee_id="M07", rule="duty")
    assert duty["asked"].tolist() == [4, 4, 4, 4]
    assert duty["got"].tolist() == [4, 4, 2, 4]
    assert of(village, "2026H2", "M07")["points"] == 55 + 16 + 18 + 4 + 14


def test_absences_take_no_more_than_their_cap(village):
    absent = rows_of(village.ledger, round="2026H2", ratee_id="M13", rule="absent")
    assert absent["asked"].sum() == -14
    assert absent["got"].sum() == -10
    assert of(village, "2026H2", "M13")["points"] == 40 + 9 + 12 + 2 + 2 - 10 - 5


def test_one_study_online_a_week_and_three_a_month(village):
    march = rows_of(village.ledger, round="2026H1", ratee_id="M09", rule="online").head(5)
    assert march["date"].tolist() == ["2026-03-03", "2026-03-10", "2026-03-12", "2026-03-17", "2026-03-24"]
    assert march["got"].tolist() == [1, 1, 0, 1, 0]
    assert march["code"].tolist() == ["", "", "week", "", "month"]


def test_a_veto_takes_the_second_half_and_leaves_the_first(village):
    assert of(village, "2026H1", "M06")["points"] == 40 + 14 + 18 + 6  # 70 last year; six theme days, three classes
    assert of(village, "2026H2", "M06")["points"] == 0
    veto = rows_of(village.ledger, round="2026H2", ratee_id="M06", code="veto")
    assert veto["evidence"].item() == "醉酒驾驶，移送司法机关"


def test_votes_of_members_and_villagers_by_weight(village):
    assert source(village, "2026H1", "M05", "peer") == pytest.approx(88)
    assert source(village, "2026H1", "M05", "villagers") == pytest.approx(92)
    assert of(village, "2026H1", "M05")["score"] == pytest.approx(89.6)


def test_points_weigh_most_in_the_index(village):
    assert of(village, "2026H1", "M05")["index"] == pytest.approx(84.9)
    second = 0.6 * 100 * (110 - 40) / (130 - 40) + 0.25 * of(village, "2026H2", "M05")["score"] + 0.15 * 90
    assert of(village, "2026H2", "M05")["index"] == pytest.approx(second)
    assert of(village, "2026", "M05")["index"] == pytest.approx((84.9 + second) / 2)


def test_more_than_half_of_the_members_votes_decide_the_grade(village):
    votes = rows_of(village.reasons, round="2026H1", ratee_id="M13", code="votes")
    assert votes["value"].item() == Fraction(7, 11)
    assert of(village, "2026H1", "M13")["grade"] == "基本合格"


def test_five_stars_for_a_fifth_of_fourteen(village):
    for turn in ("2026H1", "2026H2", "2026"):
        people = rows_of(village.ratees, round=turn)
        assert len(people) == 14
        assert (people["stars"] == 5).sum() == 2  # 14 / 5 is 2.8
        assert (people["star_band"] == 5).sum() > 2


# -------------------------------------------------------------------------------------------------------- the office


def test_votes_and_daily_work_make_the_index(office):
    member = of(office, "2026", "S04")
    assert member["score"] == pytest.approx(2815 / 30)
    assert member["index"] == pytest.approx(90 + 1 / 3)


def test_three_groups_and_a_bonus_for_heads(office):
    assert [source(office, "2026", "S02", name) for name in ("leaders", "staff", "team")] == pytest.approx([90, 85, 88])
    assert of(office, "2026", "S02")["score"] == pytest.approx(87.2)
    assert of(office, "2026", "S02")["index"] == pytest.approx(89.2)


def test_of_six_marks_the_highest_and_the_lowest_are_dropped(office):
    assert source(office, "2026", "S01", "staff") == pytest.approx(85.75)
    assert of(office, "2026", "S01")["index"] == pytest.approx(0.2 * 90 + 0.4 * 85.75 + 0.4 * 88)


def test_five_of_seventeen_are_excellent(office):
    people = rows_of(office.ratees, round="2026", kind="member")
    assert people["counts"].sum() == 17
    assert set(people["ratee_id"][people["grade"] == "优秀"]) == {"S02", "S04", "S05", "S08", "S15"}
    assert set(people["ratee_id"][people["places"] == 5]) == {"S01", "S13"}
    hours = rows_of(office.reasons, round="2026", about="grade 优秀")
    assert hours[["ratee_id", "code", "of", "value"]].to_numpy().tolist() == [["S10", "unmet", "measure.hours", 44]]


def test_an_abstention_is_no_trust(office):
    votes = rows_of(office.reasons, round="2026", code="votes").set_index("ratee_id")
    assert votes["value"].to_dict() == {"S11": Fraction(18, 30), "S16": Fraction(14, 30)}
    assert votes["about"].to_dict() == {"S11": "grade 基本合格", "S16": "grade 不合格"}


def test_a_cut_point_rises_by_five_at_most(office):
    before, now = (office.rungs[turn].cuts["member"] for turn in ("2025", "2026"))
    assert before.held[-1] == pytest.approx(82.2)
    assert now.found[-1] == pytest.approx(89.2)
    assert now.held[-1] == pytest.approx(87.2)
    assert of(office, "2026", "S01")[["index", "stars"]].tolist() == pytest.approx([87.5, 3])
    assert of(office, "2026", "S13")[["index", "stars"]].tolist() == pytest.approx([87, 2])


def test_satisfaction_of_firms_with_a_section(office):
    firms = rows_of(office.satisfaction, round="2026", ratee_id="G1", topic="", panel="firms")
    assert firms["index"].item() == pytest.approx(75.5)


def test_exactly_thirty_per_cent_must_mend_and_just_less_must_not(office):
    whole = rows_of(office.satisfaction, round="2026", topic="", panel="").set_index("ratee_id")
    assert whole.loc["G2", "dissatisfied"] == Fraction(3, 10)
    assert whole.loc["G3", "dissatisfied"] == Fraction(3, 5) * Fraction(50, 167) + Fraction(2, 5) * Fraction(6, 20)
    assert f"{float(whole.loc['G3', 'dissatisfied']):.1%}" == "30.0%"
    assert whole["follows"].to_dict() == {"G1": "", "G2": "redo", "G3": ""}

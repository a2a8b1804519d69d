"""Tables and sentences of results: what they say of a slice made by hand, in both languages."""

import pandas as pd
import pytest

from toolkit.reporting import notice, results
from toolkit.reporting.notice import gathered


def cells(table):
    return {row[0]: row[1:] for row in table.rows}


def test_standing_says_what_everybody_has_and_why_not_more(make_view):
    table = results.standing(make_view())
    assert [title for title, _ in table.columns] == [
        "Name", "Points", "Index", "Level", "Stars", "Change", "Proposed grade", "Why not more",
    ]  # fmt: skip
    rows = cells(table)
    assert rows["张三"] == ("101", "90.1", "Red banner", "5 ★", "↑ 1", "Excellent", "")
    assert rows["Li Si"] == (
        "89.6",
        "79.5",
        "Up to standard",
        "3 ★",
        "same",
        "Qualified",
        "5 ★: beyond the quota of 1",
    )
    assert rows["欧阳修"] == ("60", "—", "—", "—", "", "—", "")
    assert "people decide" in table.note


def test_standing_leaves_out_what_no_scheme_asks(make_view):
    view = make_view()
    bare = view.results.assign(points=float("nan"), stars=float("nan"), stars_before=float("nan"), level="", why="")
    table = results.standing(make_view(results=bare))
    assert [title for title, _ in table.columns] == ["Name", "Index", "Proposed grade"]
    assert results.standing(make_view(results=bare.assign(index=float("nan")))) is None


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [(4.0, 3.0, "↑ 1"), (2.0, 5.0, "↓ 3"), (3.0, 3.0, "same"), (None, 3.0, ""), (3.0, None, "")],
)
def test_stars_go_up_or_down(now, before, told):
    assert results.moved(now, before, str) == told


@pytest.mark.parametrize(("value", "told"), [(2, "2"), (1.5, "1.5"), (-2.0, "-2"), (0.125, "0.12"), (None, "—")])
def test_amounts_have_no_needless_digits(value, told):
    assert results.amount(value) == told


def test_the_index_shows_what_is_missing_and_what_it_adds(make_view):
    rows = cells(results.index(make_view()))
    assert rows["Score"] == ("84.6", "84.6", "100.0%", "84.6")
    assert rows["Hours of study"] == ("—", "—", "0.0%", "—")


def test_satisfaction_marks_the_whole_and_says_what_follows(make_view):
    table = results.satisfaction(make_view())
    assert table.mark == (0,)
    assert table.rows[0] == ("All panels", "100", "75.5", "30.0%", "22.0–39.6%", "100.0%", "Study again")
    assert table.rows[1][0] == "The masses"
    text = results.dissatisfied(make_view()).markdown
    assert text == (
        "Of 100 answers 30.0% are dissatisfied (95% interval 22.0–39.6%). By the rules this calls for: Study again."
    )


def test_targets_that_were_not_met_stand_in_a_line_for_each(make_view):
    assert results.shortfalls(make_view()).rows == (("Li Si", "Points 89.6/90"),)
    counts = results.target_counts(make_view())
    assert counts.rows == (("Points", "2", "2", "1", "50.0%"),)
    view = make_view()
    met = view.targets.assign(met=True)
    assert results.shortfalls(make_view(targets=met)) is None
    assert results.shortfalls(make_view(targets=met.iloc[:0])) is None


def test_a_proposal_stands_beside_its_decision(make_view):
    (row,) = results.proposals(make_view()).rows
    assert row == (
        "Li Si", "Remediation", "mend by a date", "Grade Barely qualified", "waived, 2026-07-20, Branch meeting, ill",
        "waived", "张三",
    )  # fmt: skip
    undecided = make_view().proposals.assign(decision="", date="", decided_by="", decision_reason="")
    (row,) = results.proposals(make_view(proposals=undecided)).rows
    assert row[4] == "not yet"
    assert results.admitted(make_view()).markdown.startswith("To be registered, with nothing said against it: 2.")


def test_models_criteria_and_the_least_satisfied(make_view):
    assert results.models(make_view()).rows == (("张三", "Pioneer", "Points 101 (≥ 90)"),)
    assert results.criteria(make_view()).rows == (("Study", "45 hours a year", "Constitution > Branch"),)
    assert results.papers(make_view()).rows == (("张三", "Excellent", "Deeds 2027-01-12", "Ballot form"),)
    (row,) = results.bottom(make_view()).rows
    assert row == ("First branch", "100", "30.0%", "22.0–39.6%", "12.0%", "among the least")


def test_what_the_unit_itself_has_come_to(make_view):
    text = results.own(make_view()).markdown
    assert text == (
        "The unit itself has 82.5 points. Its index is 86.3. That is the level Advanced. It is proposed for 4 ★."
        " Against the round before: ↓ 1."
    )
    facts = make_view().facts
    nothing = {**facts, "own": dict.fromkeys(facts["own"])}
    assert results.own(make_view(facts=nothing)) is None


SHOWN = [
    "standing",
    "index",
    "satisfaction",
    "shortfalls",
    "target_counts",
    "targets",
    "models",
    "proposals",
    "criteria",
    "papers",
]


@pytest.mark.parametrize("name", SHOWN)
def test_a_table_in_chinese_has_chinese_heads(make_view, name):
    table = getattr(results, name)(make_view("zh"))
    assert all(
        any("\u4e00" <= letter <= "\u9fff" for letter in title) for title, _ in table.columns if "%" not in title
    )


@pytest.mark.parametrize("name", [*SHOWN, "bottom", "dissatisfied"])
def test_what_holds_nothing_is_not_shown(make_view, name):
    view = make_view()
    empty = {
        part: getattr(view, part).iloc[:0]
        for part in (
            "results",
            "components",
            "satisfaction",
            "targets",
            "models",
            "proposals",
            "criteria",
            "bottom",
            "papers",
        )
    }
    assert getattr(results, name)(make_view(**empty)) is None


# The notice ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "cells_of"),
    [
        ({"A": 5, "B": 12, "C": 4}, [(["A"], 5), (["B"], 12), (["C"], 4)]),
        ({"A": 5, "B": 12, "C": 1}, [(["A"], 5), (["B", "C"], 13)]),
        ({"A": 1, "B": 1, "C": 9}, [(["A", "B", "C"], 11)]),
        ({"A": 0, "B": 7, "C": 0, "D": 1}, [(["A", "B", "C", "D"], 8)]),
        ({"A": 1, "B": 1}, [(["A", "B"], 2)]),
        ({}, []),
    ],
)
def test_small_cells_are_taken_together(counts, cells_of):
    assert gathered(counts) == cells_of


def test_a_notice_names_role_models_only(study, scores):
    from toolkit.reporting.cutting import cut  # noqa: PLC0415

    view = cut(study, scores, "B03", "2026H2")
    texts = [notice.title(view).markdown, notice.summary(view).markdown]
    texts += [table.plain() for table in (notice.grades(view), notice.stars(view)) if table]
    names = study.members["name"]
    assert not [name for name in names if any(name in text for text in texts)]
    for table in (notice.grades(view), notice.stars(view)):
        counts = [int(row[1]) for row in table.rows]
        assert min(counts) >= notice.FEWEST
    assert sum(int(row[1]) for row in notice.grades(view).rows) == view.facts["scored"]


def test_the_board_reads_of_role_models_without_their_values(make_view):
    assert notice.models(make_view()).rows == (("张三", "Pioneer"),)
    assert notice.models(make_view(models=make_view().models.iloc[:0])) is None


def test_a_branch_of_two_has_no_counts(make_view):
    view = make_view()
    assert notice.grades(view) is None  # two are graded
    assert notice.stars(view) is None
    many = pd.DataFrame({"ratee_id": [*"abcd"], "stars": [5.0, 5.0, 5.0, 4.0]})
    table = notice.stars(make_view(results=many))
    assert [row[:2] for row in table.rows] == [("5 ★, 4 ★, 3 ★, 2 ★, 1 ★, 0 ★", "4")]

"""Void ballots are listed with what they broke, and scores stand side by side with and without them."""

from dataclasses import replace

import pandas as pd
import pytest
from small_study import make, ratings_of
from typer.testing import CliRunner

import toolkit as tk
from toolkit.__main__ import app
from toolkit.reporting.void_ballots import BOTH, beside, lines, write_void
from toolkit.validity import VOID

SCHEME = """\
title: 民主评议
language: en
rounds: {R: {}}
scales: {vote: {levels: {good: 100, poor: 0}}}
sources: {peer: {scale: vote, label: Peers}}
categories: {member: {}}
ballots: {peer: {alike: 2}}
privacy: {min_raters: 3}
"""
UNITS = "unit_id,name\nB1,Branch One\n"
MEMBERS = "member_id,name,unit_id,category\nM1,A,B1,member\nM2,B,B1,member\n"


@pytest.fixture
def folder(make_study):
    """Of 4 ballots on two members two say the same twice: M1 gets 100, 0 rather than 100, 0, 100, 100."""
    ballots = [("good", "poor"), ("poor", "good"), ("good", "good"), ("good", "good")]
    rows = [
        f"R,{who},peer,secret{place},overall,{value}"
        for place, ballot in enumerate(ballots)
        for who, value in zip(("M1", "M2"), ballot, strict=True)
    ]
    text = "round,ratee_id,source,rater_id,indicator,value\n" + "\n".join(rows) + "\n"
    return make_study(scheme=SCHEME, units=UNITS, members=MEMBERS, ratings=text)


def test_scores_with_and_without_void_ballots(folder):
    both = beside(tk.score(tk.read_study(folder, void=False)), tk.score(tk.read_study(folder)))
    found = both[both["source"] == ""].set_index("ratee_id")
    assert found["all"].to_dict() == {"M1": 75, "M2": 75}
    assert found["counted"].to_dict() == {"M1": 50, "M2": 50}
    assert found["change"].to_dict() == {"M1": -25, "M2": -25}
    assert found["n_all"].tolist() == [4, 4]
    assert found["n_counted"].tolist() == [2, 2]


def test_what_nothing_touches_is_not_listed():
    study = make(SCHEME.replace("title: 民主评议\n", ""), ratings_of({("M1", "peer", "overall"): ["good"]}, "R"))
    assert beside(tk.score(study), tk.score(study)).empty


def test_the_command_prints_and_writes_both_and_names_no_rater(folder, tmp_path):
    shown = CliRunner().invoke(app, ["ballots", str(folder)])
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[:3] == [
        "R\tPeers (peer)\tBranch One (B1)\tballot 3\tthe same answer everywhere\tthe same answer 2 times",
        "R\tPeers (peer)\tBranch One (B1)\tballot 4\tthe same answer everywhere\tthe same answer 2 times",
        "R\tAll sources\tA (M1)\t75.00 -> 50.00\traters: 4 -> 2",
    ]
    written = CliRunner().invoke(app, ["ballots", str(folder), "--out", str(tmp_path / "void.csv")])
    assert written.exit_code == 0, written.output
    files = [tmp_path / "void.csv", tmp_path / "void.scores.csv"]
    assert "secret" not in shown.output + "".join(path.read_text(encoding="utf-8") for path in files)
    assert pd.read_csv(files[0])["ballot"].tolist() == [3, 4]
    refused = CliRunner().invoke(app, ["ballots", str(folder), "--out", str(tmp_path / "void.txt")])
    assert refused.exit_code == 1
    assert "must end in one of .csv, .xlsx" in refused.stderr


def test_a_whole_box_and_a_workbook(folder, tmp_path):
    row = ["R", "peer", "B1", "M1", 0, "quorum", "returned 1 of 9 eligible, must be at least 0.5"]
    void = pd.DataFrame([row], columns=["round", "source", "unit_id", "ratee_id", "ballot", "rule", "found"])
    nothing = float("nan")
    both = pd.DataFrame([["R", "M1", "", 80.0, nothing, nothing, 1, 0]], columns=BOTH)
    told = replace(tk.read_study(folder), void=void)
    why = "too few took part\treturned 1 of 9 eligible, must be at least 0.5"
    assert list(lines(told, both)) == [
        f"R\tPeers (peer)\tBranch One (B1)/A (M1)\tevery ballot\t{why}",
        "R\tAll sources\tA (M1)\t80.00 -> -\traters: 1 -> 0",
    ]
    (path,) = write_void(void, both, tmp_path / "void.xlsx")
    assert pd.read_excel(path, sheet_name="scores", engine="calamine")["all"].tolist() == [80]


def test_a_chinese_study_is_told_in_chinese(folder):
    """Each of the two ballots that say `good` twice, of 4, gives it 2 of 2; the rule allows 1 of them."""
    scheme = SCHEME.replace("language: en", "language: zh").replace("Peers", "党员互评")
    scheme = scheme.replace("alike: 2", "alike: 2, limits: [{levels: [good], most: 1/2}]") + "labels: {good: 优秀}\n"
    (folder / "scheme.yaml").write_text(scheme, encoding="utf-8")
    shown = CliRunner().invoke(app, ["ballots", str(folder)])
    assert shown.exit_code == 0, shown.output
    ballot = "R\t党员互评（peer）\tBranch One（B1）\t第 3 张票"
    assert shown.stdout.splitlines()[:2] + shown.stdout.splitlines()[4:5] == [
        f"{ballot}\t全部选项相同\t2 项回答完全相同",
        f"{ballot}\t评某一档次的人数不合规定\t所评 2 名中有 2 名为优秀，应不超过 0.5（占所评人数）",
        "R\t全部来源\tA（M1）\t75.00 -> 50.00\t评价人数：4 -> 2",
    ]


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ("handed in twice", "重复提交"),
        ("9 seconds, must be at least 60", "用时 9 秒，应不少于 60 秒"),
        ("12 returned of 10 issued", "收回 12 张，发出 10 张"),
        ("returned 1 of 9 eligible, must be at least 1/2", "收回 1、应参评 9，比例应不低于 1/2"),
        (
            "3 of 4 given at least 60 and below 90, must be at most 1",
            "所评 4 名中有 3 名为不低于 60 且低于 90，应不超过 1",
        ),
    ],
)
def test_what_was_found_is_told_in_chinese(folder, found, told):
    row = ["R", "peer", "B1", "", 1, "once", found]
    scheme = SCHEME.replace("language: en", "language: zh") + 'labels: {"9": 优秀}\n'
    (folder / "scheme.yaml").write_text(scheme, encoding="utf-8")
    study = replace(tk.read_study(folder), void=pd.DataFrame([row], columns=VOID))
    assert next(lines(study, pd.DataFrame(columns=BOTH))).split("\t")[-1] == told


def test_the_report_says_how_many_ballots_are_void_unless_they_are_too_few(folder):
    few = tk.open_slice(folder, "B1")
    assert "Void ballots of Peers: fewer than 3 (the same answer everywhere)." in tk.prose.participation(few).markdown
    with (folder / "ratings.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"R,{who},peer,more,overall,poor\n" for who in ("M1", "M2"))
    text = tk.prose.participation(tk.open_slice(folder, "B1")).markdown
    assert text.endswith("Void ballots of Peers: 3 (the same answer everywhere).")
    assert tk.prose.participation(tk.open_slice(folder)).markdown == text


def test_the_report_says_that_no_ballot_of_a_box_counts(folder):
    scheme = SCHEME.replace("alike: 2", "quorum: [{of: returned, min: 1/2}]").replace("language: en", "language: zh")
    (folder / "scheme.yaml").write_text(scheme, encoding="utf-8")
    (folder / "turnout.csv").write_text(
        "round,unit_id,source,eligible,issued,returned,valid\nR,B1,peer,10,10,4,4\n", encoding="utf-8"
    )
    text = tk.prose.participation(tk.open_slice(folder, "B1")).markdown
    assert text == "Peers参评率为 40.0%。Peers整组投票无效 1 次（参评人数不足）。"


def test_whose_ballots_are_all_void_is_not_told_that_nobody_rated_him(folder):
    """Every ballot on M1 and M2 says the same twice; M3 stands on none. How many there were is not told."""
    ratings = (folder / "ratings.csv").read_text(encoding="utf-8").replace("poor", "good")
    (folder / "ratings.csv").write_text(ratings, encoding="utf-8")
    (folder / "members.csv").write_text(MEMBERS + "M3,C,B1,member\n", encoding="utf-8")
    study = tk.read_study(folder)
    assert study.silenced.to_numpy().tolist() == [["R", "peer", "M1"], ["R", "peer", "M2"]]
    told = {who: tk.member.summary(tk.open_sheet(folder, who)).markdown for who in ("M1", "M3")}
    assert told == {
        "M1": "Ballots on you were handed in, but none of them counts by the rules.",
        "M3": "You were not rated in this round.",
    }


def test_who_keeps_a_ballot_that_counts_is_not_silenced(folder):
    assert tk.read_study(folder).silenced.empty

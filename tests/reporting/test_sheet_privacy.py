"""What a member's sheet must not give away: what few have said of him, a single vote, a colleague, a rater."""

import json
import re
from itertools import product

import pandas as pd
import pytest
from black_box import Reader, all_digits
from small_study import make, ratings_of

from toolkit.reporting.sheet import Sheet
from toolkit.reporting.sheets import Sheets
from toolkit.scoring.scores import score

SCALE = "scales: {s: {low: 0, high: 100}, v: {levels: {good: 100, bad: 0}, blank: [none]}}\n"
SOURCES = """sources:
  superior: {scale: s, weight: 0.3, attributed: true}
  peer: {scale: s, weight: 0.3}
  public: {scale: s, weight: 0.4}
missing: {min_coverage: 0}
"""
HALVES = "rounds: {r: {from: 2026-01-01, to: 2026-06-30}, q: {from: 2026-07-01, to: 2026-12-31}"
TWO = HALVES + "}\n"
YEAR = HALVES + ", y: {combine: {r: 0.4, q: 0.6}}}\n"
ENOUGH = {"superior": [80], "peer": [70] * 6, "public": [60] * 3}
"""Three of the public are few, so that peers are hidden beside them: 0.3 x 80 + 0.3 x 70 + 0.4 x 60 = 69."""


def of(member, name="r", **sources):
    """One member's ratings by source."""
    return ratings_of({(member, source, "overall"): values for source, values in sources.items()}, name)


def people(*names, unit="U"):
    return [{"member_id": name, "name": f"name of {name}", "unit_id": unit} for name in names]


def sheet_of(scheme, *ratings, member="a", turn="r", **tables):
    study = make(SCALE + scheme, pd.concat(ratings, ignore_index=True), **tables)
    return Sheets(study, score(study), turn, "en").cut(member)


def lines(sheet, title=None):
    return [line for head, line in sheet.steps[["title", "line"]].to_numpy() if title in {None, head}]


# By addition and subtraction ---------------------------------------------------------------------------------------

INDICATORS = "indicators: {virtue: {weight: 0.6}, clean: {weight: 0.4, sources: [superior, peer]}}\n"
DESIGNS = {
    "index of a hidden source": SOURCES + INDICATORS + "index: {components: {score: {}, open: {of: score.public}}}\n",
    "index of an indicator": SOURCES + INDICATORS + "index: {components: {score: {}, virtue: {of: score.virtue}}}\n",
    "conditions": SOURCES + INDICATORS
    + "grades: {bands: {good: 5, bad: 0}, require: {good: [{of: score.public, min: 90}]}}\n",
    "targets and models": SOURCES + INDICATORS
    + "targets: [{reach: {score.public: 80, score.clean: 80}}]\nmodels: {m: {require: [{of: score.peer, min: 1}]}}\n",
    "first the sources": SOURCES + INDICATORS + "first: source\n",
    "self weighs": SOURCES.replace("0.4}", "0.2}\n  self: {scale: s, weight: 0.2, attributed: true}") + INDICATORS,
    "filled": SOURCES.replace("{min", "{rule: adjusted, min") + INDICATORS,
}  # fmt: skip
NUMBERS = {"superior": 1, "peer": 6, "public": 3, "self": 1}
QUICK = ("index of a hidden source", "filled")


@pytest.mark.parametrize(
    "design", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in DESIGNS]
)
def test_neither_what_few_have_said_nor_a_colleague_is_found(design, monkeypatch):
    """Of four members the public has rated all but one; a's sheet is read."""
    all_digits(monkeypatch)
    scheme = SCALE + DESIGNS[design]
    sources = [name for name in NUMBERS if f"  {name}:" in scheme]
    lacking = ("a", "public") if design == "filled" else ("d", "public")
    raters = {
        ("r", member, source, indicator): NUMBERS[source]
        for member, source, indicator in product("abcd", sources, ("virtue", "clean"))
        if (member, source) != lacking and (indicator == "virtue" or source in {"superior", "peer"})
    }
    knows = [cell for cell in raters if cell[1:3] == ("a", "self")]
    page = lambda study, scores: Sheets(study, scores, "r", "en").cut("a")  # noqa: E731
    reader = Reader(scheme, raters, page, knows=knows)
    assert len(reader.rows) > 2  # he does read something
    assert reader.found(ratees={"a"}, sources={"public"}) == []
    assert reader.found(ratees={*"bcd"}) == []
    if design == "filled":
        assert reader.found(units={"U"}, sources={"public"}) == []


def test_a_tick_that_stands_for_an_indicator_is_not_left_over(monkeypatch):
    """Peers alone were asked of clean, and ticked once for all: the whole less 0.6 x virtue is 0.4 of theirs."""
    all_digits(monkeypatch)
    scheme = SOURCES + "indicators: {virtue: {weight: 0.6}, clean: {weight: 0.4, sources: [peer]}}\nfirst: source\n"
    numbers = {("superior", "virtue"): 1, ("peer", "overall"): 4, ("public", "virtue"): 6}
    raters = {("r", "a", *cell): n for cell, n in numbers.items()}
    reader = Reader(SCALE + scheme, raters, lambda *found: Sheets(*found, "r", "en").cut("a"))
    assert reader.found(ratees={"a"}, sources={"peer"}) == []


def test_the_machine_finds_what_is_there_to_be_found(monkeypatch):
    """With five of the public nothing is hidden, and every source is found."""
    all_digits(monkeypatch)
    raters = {("r", "a", source, "overall"): max(n, 5) for source, n in NUMBERS.items() if source != "self"}
    reader = Reader(SCALE + SOURCES, raters, lambda study, scores: Sheets(study, scores, "r", "en").cut("a"))
    assert {key[2] for key in reader.found(ratees={"a"})} == {"", "superior", "peer", "public"}


def test_one_tick_of_the_public_does_not_stand_alone_on_what_peers_were_not_asked():
    """Clean is (0.3 x 80 + 0.4 x public) / 0.7: of those who are hidden the public alone stand behind it."""
    indicators = "indicators: {virtue: {}, clean: {sources: [superior, public]}}\n"
    cells = {("a", "superior", name): [80] for name in ("virtue", "clean")}
    cells |= {("a", "peer", "virtue"): [70] * 6, ("a", "public", "overall"): [60] * 3}
    sheet = sheet_of(SOURCES + indicators, ratings_of(cells))
    assert sheet.profile.set_index("indicator")["score"].to_dict() == pytest.approx(
        {"": 69.0, "virtue": 69.0, "clean": float("nan")}, nan_ok=True
    )
    assert sheet.by_source["superior"].tolist() == [80, 80, 80]


# Index, stars and grade --------------------------------------------------------------------------------------------

INDEX = """index: {components: {score: {weight: 0.5}, open: {of: score.public, weight: 0.5}}}
stars: {bands: {2: 50, 1: 0}}
"""


def test_an_index_of_a_hidden_source_is_not_shown_with_what_rests_on_it():
    """The index is (69 + 60) / 2 = 64.5: twice that less 69 would be the public's mean."""
    sheet = sheet_of(SOURCES + INDEX + "targets: [{reach: {index: 80}}]\n", of("a", **ENOUGH))
    assert sheet.facts["score"] == 69
    assert [sheet.facts[name] for name in ("index", "index_low", "index_high", "stars")] == [None] * 4
    assert sheet.rounds["score"].tolist() == [69]
    assert sheet.rounds[["index", "stars"]].isna().all(axis=None)
    assert all(part.empty for part in (sheet.components, sheet.targets, sheet.proposals))
    assert not [title for title in sheet.steps["title"] if title in {"Index", "Stars"}]


def test_with_enough_of_the_public_it_is():
    sheet = sheet_of(SOURCES + INDEX, of("a", **(ENOUGH | {"public": [60] * 5})))
    assert (sheet.facts["index"], sheet.facts["stars"]) == (64.5, 2)
    assert sheet.components["raw"].tolist() == [69, 60]


def test_a_condition_on_a_hidden_source_is_told_without_its_value():
    grades = "grades: {bands: {top: 60, low: 0}, require: {top: [{of: score.public, min: 61}]}}\n"
    sheet = sheet_of(SOURCES + grades, of("a", **ENOUGH))
    told = "Score (public) decides; its value is not shown to protect raters"
    assert f"top: {told}" in lines(sheet, "Grade")
    assert sheet.results["why"].tolist() == [f"top: {told}"]


def test_bands_of_a_hidden_source_are_told_without_its_value():
    sheet = sheet_of(SOURCES + "stars: {of: score.public, bands: {2: 50, 1: 0}}\n", of("a", **ENOUGH))
    assert sheet.facts["stars"] is None
    assert lines(sheet, "Stars") == []


VOTES = """sources:
  superior: {scale: s, weight: 0.5, attributed: true}
  peer: {scale: v, weight: 0.25}
  public: {scale: s, weight: 0.25}
grades: {bands: {ok: 1, no: 0}, votes: {source: peer, rules: [{grade: "no", levels: [bad], above: 30%}]}}
"""


@pytest.mark.parametrize(("n", "told"), [(3, False), (6, False), (12, True)])
def test_the_share_of_votes_that_decided_is_told_where_votes_are_counted(n, told):
    """Two thirds of three are two votes; up to ten no single votes are told."""
    votes = ["bad"] * (2 * n // 3) + ["good"] * (n // 3)
    sheet = sheet_of(VOTES, of("a", superior=[80], peer=votes, public=[31, 42, 53, 64, 75, 86]))
    said = [*lines(sheet, "Grade"), *sheet.results["why"]]
    assert any("66.7%" in text for text in said) is told
    assert any("peer decides; its value is not shown to protect raters" in text for text in said) is not told
    assert sheet.facts["grade"] == "no"


def test_a_cut_found_in_the_data_is_rounded():
    """Where stars begin is what a colleague has."""
    members = {
        name: of(name, superior=[value]) for name, value in zip("abcd", (20.123, 20.456, 80.123, 80.456), strict=True)
    }
    stars = "stars: {of: score, cluster: {stars: 2, groups: 1}}\n"
    sheet = sheet_of("sources: {superior: {scale: s, attributed: true}}\n" + stars, *members.values(), member="d")
    assert lines(sheet, "Stars")[0] == "Score 80.5 ≥ 80.1: 2"


# Withheld ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["indicator", "source"])
def test_no_step_holds_a_score_that_is_withheld(first):
    """Three peers alone have rated a: 70, which is theirs."""
    scheme = SOURCES + "indicators: {virtue: {}, work: {}}\nfirst: " + first + "\n"
    cells = {("a", "peer", name): [value] * 3 for name, value in (("virtue", 61), ("work", 79))}
    sheet = sheet_of(scheme, ratings_of(cells))
    assert sheet.facts["status"] == "withheld"
    assert not re.search(r"\b(61|70|79)\b", json.dumps([lines(sheet), sheet.facts, sheet.rounds.to_dict("list")]))


def test_his_own_view_does_not_protect_the_few_in_an_earlier_round_either():
    """He knows his own 90: 0.5 x 90 + 0.5 x 70 = 80 would give the 70 of three peers."""
    scheme = TWO + "sources: {peer: {scale: s, weight: 0.5}, self: {scale: s, weight: 0.5, attributed: true}}\n"
    sheet = sheet_of(scheme, of("a", peer=[70] * 3, self=[90]), of("a", "q", peer=[70] * 6, self=[90]), turn="q")
    assert sheet.rounds["score"].isna().tolist() == [True, False]
    assert sheet.facts["trend"] is None


def test_stars_of_a_round_in_which_he_was_withheld_are_not_told_later():
    scheme = TWO + SOURCES + "stars: {of: score, bands: {2: 50, 1: 0}}\n"
    first = of("a", peer=[70] * 3)
    sheet = sheet_of(scheme, first, of("a", "q", **ENOUGH), turn="q")
    assert (sheet.facts["stars"], sheet.facts["stars_before"]) == (2, None)
    assert sheet.rounds["stars"].isna().tolist() == [True, False]
    assert not [line for line in lines(sheet) if "before" in line]


def test_of_a_year_none_of_its_rounds_is_told_where_one_is_withheld():
    """0.4 x 69 + 0.6 x 70 = 69.6: his sheet of the first would give the second, which three peers alone have rated."""
    scheme = YEAR + SOURCES + "index: {components: {score: {}}}\n"
    sheet = sheet_of(scheme, of("a", **ENOUGH), of("a", "q", peer=[70] * 3), turn="y")
    assert sheet.facts["score"] is sheet.facts["index"] is None
    assert sheet.rounds[["score", "index"]].isna().all(axis=None)
    assert sheet.components.empty
    assert not [title for title in sheet.steps["title"] if title in {"Over rounds", "Index"}]


def test_of_other_years_the_rounds_are_told():
    sheet = sheet_of(YEAR + SOURCES, of("a", **ENOUGH), of("a", "q", **ENOUGH), turn="y")
    assert sheet.rounds["score"].tolist() == [69, 69]
    assert lines(sheet, "Over rounds") == ["r + q: 0.4 × 69 + 0.6 × 69 = 69"]


def test_posts_are_not_told_apart_where_a_source_is_hidden():
    """On one post three peers alone have rated him: its score is theirs."""
    posts = [
        {"post_id": post, "member_id": "a", "unit_id": "U", "category": "", "from": "", "to": "", "share": 0.5}
        for post in ("one", "two")
    ]
    few, many = of("one", peer=[71] * 3), of("two", superior=[80], peer=[70] * 6)
    sheet = sheet_of(SOURCES, few, many, posts=posts, members=people("a"))
    assert sheet.facts["score"] == pytest.approx(73.0)  # (71 + (0.3 x 80 + 0.3 x 70) / 0.6) / 2
    assert lines(sheet, "Over posts") == []
    enough = sheet_of(SOURCES, of("one", peer=[71] * 6), many, posts=posts, members=people("a"))
    assert lines(enough, "Over posts") == ["one + two: 0.5 × 71 + 0.5 × 75 = 73"]


# A single vote -----------------------------------------------------------------------------------------------------


def test_a_source_of_no_weight_within_another_is_hidden_with_it():
    """The board weighs nothing in the panel; its two members would be told beside it."""
    scheme = """sources:
  superior: {scale: s, weight: 0.5, attributed: true}
  panel: {scale: s, weight: 0.5, items: {jury: {weight: 1}, board: {weight: 0}}}
"""
    sheet = sheet_of(scheme, of("a", superior=[80], jury=[70] * 12, board=[41, 43]))
    assert sheet.hidden["label"].tolist() == ["panel", "superior"]
    assert not [line for line in lines(sheet) if "board" in line or "42" in line]


def test_attributed_is_inherited_from_the_parent_and_may_be_taken_back():
    """The leader is known by name, the team is not."""
    scheme = """sources:
  superior:
    {scale: v, weight: 0.5, attributed: true, items: {leader: {weight: 0.5}, team: {weight: 0.5, attributed: false}}}
  peer: {scale: v, weight: 0.5}
"""
    sheet = sheet_of(scheme, of("a", leader=["good"], team=["bad", "bad"], peer=["good"] * 6))
    # and the composite, since of so few answers there are not two ways to it
    assert sheet.hidden["label"].tolist() == ["superior", "peer", ""]
    assert not [line for line in lines(sheet) if "team" in line]


@pytest.mark.parametrize(("n", "counted"), [(5, False), (9, False), (10, True)])
def test_votes_are_counted_up_from_ten(n, counted):
    scheme = "sources: {superior: {scale: s, weight: 0.5, attributed: true}, peer: {scale: v, weight: 0.5}}\n"
    sheet = sheet_of(scheme, of("a", superior=[80], peer=["bad"] + ["good"] * (n - 1)))
    line = next(line for line in lines(sheet) if line.startswith("peer:"))
    assert ("1 × 0" in line) is counted
    assert (f"{n} raters, mean" in line) is not counted


def test_so_few_blanks_are_not_counted_either():
    scheme = "sources: {superior: {scale: s, weight: 0.5, attributed: true}, peer: {scale: v, weight: 0.5}}\n"
    sheet = sheet_of(scheme, of("a", superior=[80], peer=["none", "none"]))
    assert "peer: no answer" in lines(sheet)


def test_weights_of_single_raters_are_not_told():
    """A weight of 2.7 would point at the one rater who has it."""
    scheme = "sources: {superior: {scale: s, weight: 0.5, attributed: true}, peer: {scale: v, weight: 0.5}}\n"
    ratings = of("a", superior=[80], peer=["bad"] + ["good"] * 11)
    ratings["weight"] = [1.0, 2.7, *[1.0] * 11]
    told = lines(sheet_of(scheme, ratings))
    assert "peer: 12 raters, mean 80.3" in told  # 100 x 11 / 13.7
    assert not [line for line in told if "2.7" in line]


# A colleague -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("others", "shown"), [(1, False), (2, False), (3, True)])
def test_the_mean_of_the_branch_is_shown_beside_enough_others(others, shown):
    """Of two the one finds the other's score; with a standardised index a third is found too."""
    names = "abcd"[: others + 1]
    sheet = sheet_of(SOURCES, *(of(name, **ENOUGH) for name in names))
    assert sheet.profile["unit"].notna().all() == shown
    assert sheet.profile["score"].tolist() == [69]


def test_they_are_counted_indicator_by_indicator():
    """On work one colleague alone was rated, besides him: its mean would be his."""
    cells = {(name, "peer", "virtue"): [70] * 6 for name in "abcd"} | {
        (name, "peer", "work"): [60] * 6 for name in "ab"
    }
    sheet = sheet_of("sources: {peer: {scale: s}}\nindicators: {virtue: {}, work: {}}\n", ratings_of(cells))
    assert sheet.profile.set_index("indicator")["unit"].notna().to_dict() == {"": True, "virtue": True, "work": False}


def test_no_colleague_is_named_as_helper_or_as_the_one_who_decided():
    decisions = [
        {"round": "r", "subject_id": "a", "matter": "remediation", "decision": "order", "date": "2026-07-01",
         "decided_by": who, "helper": "b"}
        for who in ("name of b",)
    ]  # fmt: skip
    conduct = "conduct: {remediation: {when: [{of: score, below: 99}]}}\n"
    sheet = sheet_of(
        SOURCES + conduct, of("a", **ENOUGH), of("b", **ENOUGH), members=people("a", "b"), decisions=decisions
    )
    assert sheet.proposals["decision"].tolist() == ["mend by a date"]
    assert "name of b" not in sheet.to_json()


def test_a_committee_that_decided_is_named():
    decisions = [
        {
            "round": "r",
            "subject_id": "a",
            "matter": "stars",
            "decision": "1",
            "date": "2026-07-01",
            "decided_by": "Committee",
        }
    ]
    sheet = sheet_of(SOURCES, of("a", **ENOUGH), decisions=decisions)
    assert sheet.proposals["decided_by"].tolist() == ["Committee"]


def test_who_protects_a_colleague_in_the_report_of_the_unit_has_his_score_on_his_own_sheet():
    """Three peers alone have rated a; the unit's report withholds b too, whose sheet tells all his sources anyway."""
    full = ENOUGH | {"public": [60] * 5}
    ratings = [of("a", peer=[70] * 3), *(of(name, **full) for name in "bcd")]
    assert sheet_of(SOURCES, *ratings).facts["status"] == "withheld"
    mine = sheet_of(SOURCES, *ratings, member="b")
    assert (mine.facts["score"], mine.facts["status"], mine.facts["rank"]) == (69, "scored", None)


# The demo ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["2026H1", "2026H2", "2026"])
def demo(request, study, scores):
    """Sheets of three branches: one of the fewest members, one that is written out, one of offices."""
    sheets = Sheets(study, scores, request.param)
    members = study.members.loc[study.members["unit_id"].isin(["B12", "B03", "B02"]), "member_id"]
    ratees = scores.ratees[scores.ratees["round"] == request.param].set_index("ratee_id")
    return {member: (sheets.cut(member), ratees.loc[member]) for member in members}


def test_a_sheet_of_the_demo_names_nobody_else(demo, study, study_folder):
    raters = set(pd.read_csv(study_folder / "ratings.csv", dtype=str)["rater_id"].dropna())
    assert len(raters) > 100
    names = dict(zip(study.members["member_id"], study.members["name"], strict=True))
    for member, (sheet, _) in demo.items():
        text = sheet.to_json()
        others = {name for other, name in names.items() if other != member and name not in names[member]}
        assert not [name for name in others if name in text], member
        assert set(re.findall(r"\bM\d{4}\b", text)) == {member}
        assert not raters & set(re.findall(r"\b[0-9a-f]{12}\b", text))


def test_a_sheet_of_the_demo_has_the_composite_where_it_may(demo):
    withheld = [member for member, (sheet, _) in demo.items() if sheet.facts["status"] == "withheld"]
    assert len(withheld) < len(demo) / 10
    for member, (sheet, row) in demo.items():
        expected = None if member in withheld or pd.isna(row["score"]) else round(row["score"], 1)
        assert sheet.facts["score"] == expected, member
        assert expected is None or sheet.profile["score"].iloc[0] == expected
        assert expected is None or any(str(expected).removesuffix(".0") in line for line in sheet.steps["line"])


def test_a_sheet_of_the_demo_has_his_own_view(demo, scores):
    rows = scores.table[(scores.table["source"] == "self") & (scores.table["indicator"] == "")]
    own = rows.astype({"round": str, "ratee_id": str}).set_index(["round", "ratee_id"])["score"].dropna()
    seen = 0
    for member, (sheet, row) in demo.items():
        mine = own.get((row["round"], member))
        assert sheet.facts["has_self"] == (mine is not None)
        if mine is not None:
            seen += 1
            assert sheet.by_source["self"].iloc[0] == pytest.approx(mine, abs=0.0501)
    assert seen > 0


def test_a_sheet_is_the_same_when_it_is_read_again(demo):
    for sheet, _ in demo.values():
        again = Sheet.from_json(sheet.to_json())
        assert again.to_json() == sheet.to_json()
        for name in ("profile", "steps", "rounds", "results", "proposals", "ledger"):
            pd.testing.assert_frame_equal(getattr(again, name), getattr(sheet, name), check_dtype=False)

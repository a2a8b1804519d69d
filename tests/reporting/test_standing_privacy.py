"""What a unit's report, the overview and a comparison must not give away by what became of scores."""

from itertools import product

import pandas as pd
import pytest
from black_box import Reader, all_digits
from small_study import make, ratings_of

from toolkit.reporting.compare import compare
from toolkit.reporting.cutting import cut
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
FULL = {"superior": [80], "peer": [70] * 6, "public": [60] * 6}
"""0.3 x 80 + 0.3 x 70 + 0.4 x 60 = 69."""
LONE = {"peer": [95] * 3}
"""Three peers alone: 95 is what they have said, and is withheld."""


def of(member, name="r", **sources):
    """One member's ratings by source."""
    return ratings_of({(member, source, "overall"): values for source, values in sources.items()}, name)


def people(names="", **categories):
    rows = [{"member_id": name, "name": name, "unit_id": "U", "category": ""} for name in names]
    return rows + [
        {"member_id": name, "name": name, "unit_id": "U", "category": category} for name, category in categories.items()
    ]


def studied(scheme, *ratings, **tables):
    study = make(SCALE + scheme, pd.concat(ratings, ignore_index=True), **tables)
    return study, score(study)


def view_of(scheme, *ratings, unit="U", turn="r", **tables):
    return cut(*studied(scheme, *ratings, **tables), unit, turn, "en")


def change_of(scheme, *ratings, turn="q", **tables):
    return compare(*studied(TWO + scheme, *ratings, **tables), "U", turn, language="en")


# By addition and subtraction ---------------------------------------------------------------------------------------

LEAVES = "indicators: {virtue: {weight: 0.6}, clean: {weight: 0.4, sources: [superior, peer, self]}}\n"
THREE = SOURCES.replace("0.4}", "0.2}\n  self: {scale: s, weight: 0.2, attributed: true}")


@pytest.mark.parametrize(
    "index",
    ["", pytest.param("index: {components: {score: {}, virtue: {of: score.virtue}}}\n", marks=pytest.mark.slow)],
)
def test_of_three_hidden_sources_the_one_that_was_asked_less_is_not_left_over(index, monkeypatch):
    """All less 0.6 x virtue and 0.4 x 0.8 x clean leaves the public alone, however many are hidden beside them."""
    all_digits(monkeypatch)
    raters = {
        ("r", member, source, indicator): {"superior": 1, "self": 1}.get(source, 3)
        for member, source, indicator in product("ab", ("superior", "peer", "public", "self"), ("virtue", "clean"))
        if (source, indicator) != ("public", "clean")
    }
    reader = Reader(SCALE + THREE + LEAVES + index, raters, lambda *found: cut(*found, "U", "r", "en"))
    assert len(reader.rows) > 2
    assert reader.found(units={"U"}, sources={"peer", "public"}) == []


# Index -------------------------------------------------------------------------------------------------------------

OPEN = """index: {components: {score: {weight: 0.5}, open: {of: score.public, weight: 0.5}}}
stars: {bands: {2: 50, 1: 0}}
"""


def test_an_index_that_holds_what_few_have_said_of_a_member_is_not_shown():
    """Three of the public have rated a, of others six: twice his index less his score would be their mean."""
    ratings = [of("a", **(FULL | {"public": [60] * 3})), of("b", **FULL), of("c", **FULL)]
    view = view_of(SOURCES + OPEN, *ratings)
    # from the means of the unit, less what the sheets of the others show, would follow what the sheet of a hides
    assert view.hidden.to_dict("list") == {"label": ["public", "peer"], "reason": ["members", "complement"]}
    shown = view.results.set_index("ratee_id")[["index", "stars"]].notna().all(axis=1)
    # and with all others that of a would follow from the mean of the unit
    assert not shown.any()
    assert view.league["score"].notna().all()


UNITS = """categories: {body: {ratee: unit}}
index: {components: {score: {}}, units: {components: {members: {}, open: {of: members.score.public}}}}
"""


@pytest.mark.parametrize(("n", "shown"), [(3, False), (6, True)])
def test_an_index_of_a_unit_holds_no_hidden_source_of_its_members(n, shown):
    """Twice the unit's index less the mean of its members is what the public have said."""
    ratings = [of(name, **(FULL | {"public": [60] * n})) for name in "abc"]
    view = view_of(SOURCES + UNITS, *ratings, units=[{"unit_id": "U", "name": "U", "category": "body"}])
    assert view.facts["score"] == 69
    assert view.facts["own"]["index"] == (64.5 if shown else None)
    assert view.components["raw"].tolist() == ([69, 60] if shown else [])


def test_what_few_have_said_of_the_unit_itself_is_not_in_its_index():
    """Three peers alone have rated the unit."""
    scheme = (
        SOURCES
        + "categories: {body: {ratee: unit}}\nindex: {components: {score: {}}, units: {components: {score: {}}}}\n"
    )
    units = [{"unit_id": "U", "name": "U", "category": "body"}]
    view = view_of(scheme, of("a", **FULL), of("U", **LONE), units=units, members=people("a"))
    assert (view.facts["own_score"], view.facts["own"]["index"]) == (None, None)
    assert view.components.empty


# Satisfaction ------------------------------------------------------------------------------------------------------

PANELS = """sources: {superior: {scale: s, attributed: true}}
satisfaction: {scale: v, dissatisfied: [bad], panels: {%s}, topics: {one: {}, two: {}}}
"""


def answers(panel, topic="one", *, bad, n, none=0, who="U"):
    row = {"round": "r", "subject_id": who, "panel": panel, "topic": topic, "eligible": ""}
    return row | {"bad": str(bad), "good": str(n - bad), "none": str(none)}


def told(panels, *rows, more="", **tables):
    """Rows of satisfaction that the report of the unit shows: {(topic, panel): percent of the dissatisfied}."""
    tables = {"members": people("a")} | tables
    view = view_of(PANELS % panels + more, of("a", superior=[80]), satisfaction=list(rows), **tables)
    rows = view.satisfaction
    return dict(zip(zip(rows["topic"], rows["panel"], strict=True), rows["dissatisfied"], strict=True)), view


def test_a_topic_that_nobody_could_judge_does_not_bring_out_the_few_on_another():
    rows = [answers("A", bad=0, n=0, none=2), answers("A", "two", bad=1, n=2), answers("B", bad=3, n=30)]
    shown, _ = told("A: {}, B: {}, C: {}", *rows, answers("C", bad=4, n=40))
    assert {panel for _, panel in shown} == {"", "C"}


def test_a_panel_that_weighs_nothing_does_not_protect_the_few():
    """B weighs nothing: all less C would be A."""
    panels = "A: {weight: 0.5}, B: {weight: 0}, C: {weight: 0.5}"
    shown, _ = told(panels, answers("A", bad=2, n=3), answers("B", bad=5, n=10), answers("C", bad=20, n=100))
    assert ("one", "C") not in shown
    assert ("", "C") not in shown
    assert shown["", ""] == pytest.approx(43.3)  # (2/3 + 20/100) / 2


def test_on_a_topic_where_one_alone_is_hidden_all_panels_are_not_told():
    """A and B are hidden; on two A and C were asked, so that all less C would be A."""
    rows = [answers("A", bad=1, n=3), answers("A", "two", bad=2, n=3), answers("B", bad=3, n=30)]
    rows += [answers("C", bad=4, n=40), answers("C", "two", bad=5, n=40)]
    shown, _ = told("A: {}, B: {}, C: {}", *rows)
    assert set(shown) == {("", ""), ("", "C"), ("one", "C"), ("two", "C")}
    assert shown["", ""] == pytest.approx(12.9)  # 15 of 116


def test_the_same_few_on_two_topics_are_no_more_persons():
    """Three persons have given six answers."""
    rows = [answers(panel, topic, bad=1, n=n) for panel, n in (("A", 2), ("B", 1)) for topic in ("one", "two")]
    body = "categories: {body: {ratee: unit}}\nmodels: {m: {ratee: unit, require: [{of: satisfaction, min: 1}]}}\n"
    units = [{"unit_id": "U", "name": "U", "category": "body"}]
    shown, view = told("A: {}, B: {}", *rows, more=body, units=units)
    assert shown == {}
    assert view.models["why"].tolist() == ["Satisfaction decides; its value is not shown to protect raters"]


def test_what_few_have_answered_is_in_no_index_target_or_reason():
    more = """categories: {body: {ratee: unit, targets: {satisfaction: 80, satisfaction.two: 70}}}
index: {components: {score: {}}, units: {components: {members: {}, satisfaction: {}}}}
models: {m: {ratee: unit, require: [{of: dissatisfied.two, below: 90%}]}}
conduct: {remediation: {when: [{of: dissatisfied.two, min: 10%}]}}
"""
    units = [{"unit_id": "U", "name": "U", "category": "body"}]
    few = [answers("A", bad=4, n=40), answers("A", "two", bad=1, n=3)]
    shown, view = told("A: {}", *few, more=more, units=units)
    assert shown == {}
    assert view.facts["own"]["index"] is None
    assert view.components.empty
    said = "Share of dissatisfied answers (two) decides; its value is not shown to protect raters"
    assert view.models["why"].tolist() == [said]
    assert view.proposals["why"].tolist() == [said]
    enough = [answers("A", bad=4, n=40), answers("A", "two", bad=1, n=5)]
    shown, view = told("A: {}", *enough, more=more, units=units)
    assert shown["two", ""] == 20
    assert view.components["raw"].tolist() == [80, 88.9]  # 100 less 5 of 45
    assert "20.0%" in view.models["why"].iloc[0]


def test_the_share_of_all_others_does_not_give_the_one_unit_that_is_hidden():
    """The others of B are A and C: their share less A's is C's."""
    names = "ABC"
    rows = [answers("P", bad=4, n=40, who="A"), answers("P", bad=8, n=40, who="B"), answers("P", bad=2, n=3, who="C")]
    scheme = (PANELS % "P: {}").replace("topics", "bottom: {min: 5, places: 1}, topics")
    tables = {"units": [{"unit_id": name, "name": name} for name in names], "members": people("a")}
    tables["members"][0]["unit_id"] = "A"
    view = view_of(scheme, of("a", superior=[80]), unit="", satisfaction=rows, **tables)
    bottom = view.bottom.set_index("name")
    assert bottom["dissatisfied"].notna().to_dict() == {"A": True, "B": True, "C": False}
    assert bottom["others"].isna().all()


# Those who are withheld --------------------------------------------------------------------------------------------

GRADES = "grades: {bands: {top: 90, mid: 60, low: 0}}\n"


def test_who_is_withheld_is_not_proposed_as_a_helper():
    """Helpers are proposed by their grade: to be one is to have it."""
    conduct = "conduct: {remediation: {when: [{of: grade, among: [low]}], helpers: [top]}}\n"
    ratings = [
        of("w", **LONE),
        of("a", **FULL),
        of("b", **FULL),
        of("x", superior=[10], peer=[10] * 6, public=[10] * 6),
    ]
    study, scores = studied(SOURCES + GRADES + conduct, *ratings)
    view = cut(study, scores, "U", "r", "en")
    assert view.league.set_index("member_id")["status"]["w"] == "withheld"
    assert view.proposals.set_index("ratee_id")["helper"].to_dict() == {"x": ""}
    order = {"round": "r", "subject_id": "x", "matter": "remediation", "decision": "order", "date": "2026-07-01"}
    chosen = make(
        SCALE + SOURCES + GRADES + conduct, pd.concat(ratings), decisions=[order | {"decided_by": "C", "helper": "w"}]
    )
    view = cut(chosen, score(chosen), "U", "r", "en")
    assert view.proposals.set_index("ratee_id")["helper"].to_dict() == {"x": "w"}


def test_who_is_withheld_is_not_counted_among_those_to_be_registered():
    """Whoever were neither counted nor listed would have a grade that is against it."""
    conduct = "conduct: {registration: {deny: [{of: grade, among: [low]}]}}\n"
    view = view_of(SOURCES + GRADES + conduct, of("w", **LONE), *(of(name, **FULL) for name in "abc"))
    withheld = view.league.loc[view.league["status"] == "withheld", "member_id"]
    assert sorted(withheld) == ["a", "w"]
    assert view.facts["admitted"] == 2
    assert view.proposals.empty


def test_a_tie_with_who_is_withheld_is_not_told():
    """One of four may be top: z and w, who is withheld, both have 95, and z's tie would tell w's score."""
    quota = GRADES.replace("}}", "}, quota: {top: {max: 1/4}}}")
    quota += "stars: {of: score, bands: {2: 90, 1: 0}, quota: {2: {max: 1/4}}}\n"
    same = of("z", superior=[95], peer=[95] * 6, public=[95] * 6)
    view = view_of(SOURCES + quota, of("w", **LONE), of("a", **FULL), of("b", **FULL), same)
    league = view.league.set_index("member_id")
    assert league.loc["w", "status"] == "withheld"
    assert (league.loc["z", "score"], league.loc["z", "tied"], league.loc["z", "places"]) == (95, False, 1)
    why = view.results.set_index("ratee_id")["why"]["z"]
    assert why == "top: beyond the quota of 1; 2 stars: beyond the quota of 1"


def test_a_tie_among_those_who_are_shown_is_told():
    quota = GRADES.replace("}}", "}, quota: {top: {max: 1/4}}}")
    best = [of(name, superior=[95], peer=[95] * 6, public=[95] * 6) for name in "ab"]
    view = view_of(SOURCES + quota, *best, of("c", **FULL), of("d", **FULL))
    assert view.league.set_index("member_id")["tied"].to_dict() == {"a": True, "b": True, "c": False, "d": False}


def test_who_protects_the_one_withheld_is_of_his_category_where_there_is_one():
    """In an index the score weighs otherwise in another category, so that two sums would give both."""
    members = people(w="old", a="young", b="young", c="old", d="young")
    scheme = SOURCES + "categories: {old: {}, young: {}}\n"
    view = view_of(scheme, of("w", **LONE), *(of(name, **FULL) for name in "abcd"), members=members)
    league = view.league
    assert sorted(league.loc[league["status"] == "withheld", "member_id"]) == ["c", "w"]


def test_stars_of_a_round_in_which_somebody_was_withheld_are_not_told_later():
    scheme = TWO + SOURCES + "stars: {of: score, bands: {2: 60, 1: 0}}\n"
    first = [of("w", **LONE), *(of(name, **FULL) for name in "abc")]
    view = view_of(scheme, *first, *(of(name, "q", **FULL) for name in "wabc"), turn="q")
    results = view.results.set_index("ratee_id")
    assert results["stars"].to_dict() == dict.fromkeys("abcw", 2)
    assert results["stars_before"].isna().to_dict() == {"w": True, "a": True, "b": False, "c": False}


def test_an_index_of_a_year_is_not_taken_apart_where_a_unit_hides_one_of_its_rounds():
    """In the second round three peers alone have rated anybody."""
    bodies = "categories: {body: {ratee: unit}}\nindex: {components: {score: {}}, units: {components: {members: {}}}}\n"
    units = [{"unit_id": "U", "name": "U", "category": "body"}]
    first = [of(name, **FULL) for name in "abc"]
    few = view_of(YEAR + SOURCES + bodies, *first, *(of(name, "q", **LONE) for name in "abc"), turn="y", units=units)
    assert few.components.empty
    full = view_of(YEAR + SOURCES + bodies, *first, *(of(name, "q", **FULL) for name in "abc"), turn="y", units=units)
    assert full.components["raw"].tolist() == [69, 69]


def test_votes_of_few_that_decided_are_told_without_their_share():
    votes = """sources:
  superior: {scale: s, weight: 0.5, attributed: true}
  peer: {scale: v, weight: 0.25}
  public: {scale: s, weight: 0.25}
grades: {bands: {ok: 1, no: 0}, votes: {source: peer, rules: [{grade: "no", levels: [bad], above: 30%}]}}
"""
    public = [31, 42, 53, 64, 75, 86]
    few, many = (
        of(name, superior=[80], peer=["bad"] * 2 * n + ["good"] * n, public=public) for name, n in (("a", 1), ("b", 4))
    )
    why = view_of(votes, few, many).results.set_index("ratee_id")["why"]
    assert "66.7%" not in why["a"]
    assert "peer decides; its value is not shown to protect raters" in why["a"]
    assert why["b"] == why["a"]  # from b and the whole would follow a
    assert "66.7%" in view_of(votes, many).results["why"].iloc[0]  # of twelve, and nobody beside them


def test_the_overview_tells_of_nobody_whether_he_met_his_targets():
    """Neither by a value nor by the order of the rows."""
    ratings = [of(name, superior=[value]) for name, value in (("a", 91.7), ("b", 33.3), ("c", 77.7), ("d", 66.1))]
    scheme = "sources: {superior: {scale: s, attributed: true}}\ntargets: [{reach: {score: 70}}]\n"
    view = view_of(scheme, *ratings, unit="")
    assert view.targets["met"].tolist() == [False, False, True, True]
    assert not [value for value in ("91.7", "33.3", "77.7", "66.1") if value in view.to_json()]
    assert set(view.targets["name"]) | set(view.targets["ratee_id"]) == {""}


# Two rounds --------------------------------------------------------------------------------------------------------


def test_the_change_of_those_who_stayed_does_not_tell_the_score_of_one_who_is_withheld():
    """Had w (withheld in q alone) been among them, their change less that of the others would be his."""
    first = [of(name, **FULL) for name in "wabc"]
    then = [of("w", "q", **LONE), *(of(name, "q", superior=[80], peer=[74] * 6, public=[60] * 6) for name in "abc")]
    change = change_of(SOURCES, *first, *then)
    rows = change.members.set_index("name")
    assert rows["after"].isna().to_dict() == {"w": True, "a": True, "b": False, "c": False}
    assert change.facts["stayed"] == 2
    # nor does the mean of the unit, less what the sheets of the others say
    assert change.facts["after"] is None
    assert change.facts["moved"] is None


def test_few_who_have_rated_those_who_stayed_are_not_shown_though_more_have_rated_the_unit():
    """Of six peers three have rated a, who alone stayed."""
    rows = [
        of("a", superior=[80], peer=[70] * 3, public=[60] * 6),
        of("a", "q", superior=[80], peer=[90] * 3, public=[60] * 6),
    ]
    cells = {
        ("b", "superior", "overall"): [80],
        ("b", "peer", "overall"): [None] * 3 + [70] * 3,
        ("b", "public", "overall"): [60] * 6,
    }
    rows.append(ratings_of(cells))
    rows.append(ratings_of({("c", *cell[1:]): values for cell, values in cells.items()}, "q"))
    change = change_of(SOURCES, *rows)
    assert change.facts["stayed"] == 1
    assert "peer" not in change.sources["label"].tolist()
    assert change.sources["label"].tolist() == ["superior", "Other sources"]
    assert change.sources.loc[1, ["ratings", "weights"]].isna().all()
    assert change.indicators.empty
    assert change.facts["by_ratings"] is None


def test_with_all_who_stayed_every_source_is_told():
    rows = [of(name, **FULL) for name in "ab"]
    rows += [of(name, "q", superior=[80], peer=[90] * 6, public=[60] * 6) for name in "ab"]
    change = change_of(SOURCES, *rows)
    assert change.sources.set_index("label")["ratings"].to_dict() == {"superior": 0, "peer": 6, "public": 0}
    assert change.facts["by_ratings"] == 6


def test_views_of_themselves_that_weigh_do_not_stand_alone():
    """Two have rated themselves; what is neither superiors nor peers would be they."""
    own = "  self: {scale: s, weight: 0.4, attributed: true}"
    scheme = SOURCES.replace("  public: {scale: s, weight: 0.4}", own)
    rows = [
        of(name, turn, superior=[80], peer=[70] * 6, self=[mine])
        for turn, mine in (("r", 60), ("q", 90))
        for name in "ab"
    ]
    change = change_of(scheme, *rows)
    assert change.sources["label"].tolist() == ["superior", "Other sources"]
    assert change.sources["ratings"].isna().tolist() == [False, True]


def test_what_is_hidden_does_not_come_apart_by_ratings_and_weights(monkeypatch):
    """In r the public alone have rated a, so that his score is theirs; what few peers have said in q is not found."""
    all_digits(monkeypatch)
    numbers = {"superior": 1, "peer": 3, "public": 12}
    seen = [("r", "a", "public"), *(("r", "b", name) for name in numbers)]
    seen += [("q", member, name) for member in "ab" for name in ("peer", "public")]
    raters = {(*cell, "overall"): numbers[cell[2]] for cell in seen}
    reader = Reader(SCALE + TWO + SOURCES, raters, lambda *found: compare(*found, "U", "q", language="en"))
    assert len(reader.rows) > 4
    assert reader.found(ratees={*"ab"}, sources={"peer"}) == []
    assert reader.found(units={"U"}, sources={"peer"}) == []


def test_conversion_counts_nobody_who_is_withheld_in_any_round():
    """Of three cases two are listed: the third would be his."""
    conduct = "conduct: {remediation: {when: [{of: score, below: 80}]}}\n"
    first = [of("w", peer=[10] * 3), *(of(name, **FULL) for name in "abc")]
    change = change_of(SOURCES + conduct, *first, *(of(name, "q", **FULL) for name in "wabc"))
    listed = change.cases["name"].tolist()
    assert listed == ["b", "c"]
    assert change.conversion.set_index("round")["called"]["r"] == len(listed)

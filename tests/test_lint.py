"""What is odd in a study though nothing is wrong with it: every warning once, and none where nothing is odd."""

import re

import pytest
from typer.testing import CliRunner

import toolkit as tk
from toolkit.__main__ import app
from toolkit.lint import Doubt, lint
from toolkit.lint.limits import highest, lowest

SCHEME = """\
title: t
rounds:
  2026H1: {from: 2026-01-01, to: 2026-06-30}
scales:
  vote: {levels: {good: 100, fair: 60, bad: 0}}
  number: {low: 0, high: 100}
sources:
  superior: {weight: 0.4, scale: number, attributed: true}
  peer: {weight: 0.6, scale: vote}
indicators:
  virtue: {weight: 0.5}
  results: {weight: 0.5, items: {delivery: {}}}
categories:
  member: {targets: {index: 90}}
grades:
  bands: {A: 85, B: {from: 60, to: 85}, C: 0}
  quota: {A: {max: 1/3, within: study}}
  require: {A: [{of: points, min: 40}]}
measures:
  hours: {}
points:
  base: 20
  dimensions:
    study: {cap: {year: 30}}
  rules:
    course: {points: 2, dimension: study}
    crime: {veto: true}
satisfaction:
  scale: vote
  dissatisfied: [bad]
  rules: {redo: {min: 30%}}
index:
  components:
    score: {weight: 0.6}
    hours: {of: measure.hours, weight: 0.4, high: 50}
stars:
  of: index
  bands: {1: 60, 2: 70, 3: 80}
  quota: {3: {max: 1/3}}
  require: {3: [{of: measure.hours, min: 20}, {of: attribute.rank, among: [head]}]}
targets:
  - {industries: [grain], reach: {points: 50, stars: 3}}
layers:
  charter: {}
conduct:
  archive: {A: [report]}
"""
# M1 has 0.4 x 85 + 0.6 x 100 = 94, M2 0.4 x 72.5 + 0.6 x 66.7 = 69, M3 0.4 x 55 + 0.6 x 33.3 = 42
TABLES = {
    "units": "unit_id,name,industry\nB1,a,grain\n",
    "members": "member_id,name,unit_id,category,rank\nM1,a,B1,member,head\nM2,b,B1,member,\nM3,c,B1,member,\n",
    "ratings": (
        "round,ratee_id,source,rater_id,indicator,value\n"
        "2026H1,M1,superior,,virtue,90\n2026H1,M1,superior,,results,80\n"
        "2026H1,M2,superior,,virtue,70\n2026H1,M2,superior,,results,75\n"
        "2026H1,M3,superior,,virtue,60\n2026H1,M3,superior,,results,50\n"
    ),
    "ballots": (
        "round,ratee_id,source,indicator,good,fair,bad\n"
        "2026H1,M1,peer,overall,3,0,0\n2026H1,M2,peer,overall,2,0,1\n2026H1,M3,peer,overall,1,0,2\n"
    ),
    "measures": "round,subject_id,measure,value\n2026H1,M1,hours,40\n",
    "points": "date,subject_id,rule,quantity\n2026-03-01,M1,course,3\n",
    "criteria": "layer,criterion,text\ncharter,c1,serve the people\n",
}


@pytest.fixture
def doubts_of(make_study):
    """Return a function that lints the study with some texts replaced: `doubts_of(("old", "new"), members=...)`."""

    def read(*changes, files=None, **tables):
        scheme = SCHEME
        for old, new in changes:
            assert scheme.count(old) == 1, old
            scheme = scheme.replace(old, new)
        return lint(tk.read_study(make_study(scheme=scheme, files=files, **(TABLES | tables))))

    return read


def without(section):
    """A section of the scheme, to be replaced by nothing."""
    return re.search(rf"^{section}:.*\n( .*\n)*", SCHEME, re.MULTILINE)[0], ""


def test_a_study_in_which_nothing_is_odd(doubts_of):
    assert doubts_of() == []


@pytest.mark.parametrize(
    ("old", "new", "path", "value", "says"),
    [
        # rules without a consequence
        ("crime: {veto: true}", "crime: {}", "points.rules.crime", "crime",
         "is worth 0 points and is no veto: its events change nothing"),
        ("study: {cap: {year: 30}}", "study: {cap: {year: 30}}\n    work: {}", "points.dimensions.work", "work",
         "no rule gives points of this dimension"),
        ("  rules:\n    course", "  multipliers: [{times: 1}]\n  rules:\n    course", "points.multipliers.0.times", "1",
         "changes nothing"),
        ("  hours: {}", "  hours: {}\n  days: {}", "measures.days", "days",
         "no index, grade, star, target or condition asks for it"),
        ("  rules: {redo: {min: 30%}}\n", "", "satisfaction", "", "nothing follows from satisfaction: no index, grade"),
        ("stars:\n  of: index", "  extras: {points: {max: 0}}\nstars:\n  of: index", "index.extras.points", "points",
         "adds 0, whatever it is"),
        ("{A: [report]}", "{A: []}", "conduct.archive.A", "A", "names no papers: nothing is to be filed"),
        ("C: 0}", "C: 0}\n  priority: high", "grades.priority", "high", "no two bands overlap, so it decides nothing"),
        ("charter: {}", "charter: {}\n  own: {}", "layers.own", "own", "criteria.csv holds no criterion of this layer"),
        # what can never be
        ("{of: points, min: 40}", "{of: points, min: 51}", "grades.require.A.0.min", "51",
         "can never be met: points is at most 50"),
        ("{of: points, min: 40}", "{of: points, above: 50}", "grades.require.A.0.above", "50",
         "can never be met: points is at most 50"),
        ("{of: points, min: 40}", "{of: points, min: 40, max: 30}", "grades.require.A.0", "",
         "can never be met: no number is at least 40 and at most 30"),
        ("{of: points, min: 40}", "{of: points, min: 40, below: 40}", "grades.require.A.0", "",
         "can never be met: no number is at least 40 and less than 40"),
        ("{of: points, min: 40}", "{of: points, below: 0}", "grades.require.A.0.below", "0",
         "can never be met: points is at least 0"),
        ("{of: points, min: 40}", "{of: coverage, min: 80}", "grades.require.A.0.min", "80",
         "can never be met: coverage is at most 1"),
        ("{redo: {min: 30%}}", "{redo: {min: 30}}", "satisfaction.rules.redo.min", "30",
         "can never be met: a share is at most 1"),
        ("{redo: {min: 30%}}", "{redo: {above: 100%}}", "satisfaction.rules.redo.above", "1",
         "can never be met: a share is at most 1"),
        ("reach: {points: 50,", "reach: {points: 60,", "targets.0.reach.points", "60",
         "can never be reached: points is at most 50"),
        ("stars: 3}", "stars: 4}", "targets.0.reach.stars", "4", "can never be reached: stars is at most 3"),
        ("{index: 90}", "{index: 110}", "categories.member.targets.index", "110",
         "can never be reached: index is at most 100"),
        ("of: index\n  bands: {1: 60, 2: 70, 3: 80}", "of: points\n  bands: {1: 10, 2: 20, 3: 80}", "stars.bands.3",
         "80", "can never be reached: points is at most 50"),
        ("min: 40}]}", "min: 40}]}\n  votes: {source: peer, rules: [{grade: C, levels: [bad], above: 50%, max: 40%}]}",
         "grades.votes.rules.0", "", "no number is more than 0.5 and at most 0.4"),
        ("  hours: {}\n", "  hours: {}\n  days: {}\nmodels: {good: {require: [{of: measure.days, min: 9}]}}\n",
         "models.good.require.0.of", "measure.days", "nobody has this measure: measures.csv does not hold it"),
        ("attribute.rank", "attribute.grade", "stars.require.3.1.of", "attribute.grade",
         "nobody has this attribute: members.csv has no column grade"),
        ("industries: [grain]", "industries: [grain, steel]", "targets.0.industries", "steel",
         "no unit is of this industry"),
        # holes
        ("B: {from: 60, to: 85}", "B: {from: 60, to: 80}", "grades.bands.B.to", "80",
         "leaves a hole: score from 80 to below 85 has no grade"),
        ("A: 85, B", "A: {from: 85, to: 95}, B", "grades.bands.A.to", "95", "leaves a hole: score from 95 up has no"),
        ("stars:\n  of: index", "  bands: {high: 80, low: 10}\nstars:\n  of: index", "index.bands.low", "10",
         "leaves a hole: index below 10 has no level"),
        ("2: 70,", "2: {from: 70, to: 75},", "stars.bands.2.to", "75", "index from 75 to below 80 has 0 stars"),
        # quotas
        ("{A: {max: 1/3, within: study}}", "{A: {max: 0}}", "grades.quota.A.max", "0", "lets nobody have A"),
        ("{A: {max: 1/3, within: study}}", "{A: {max: 1}}", "grades.quota.A.max", "1",
         "keeps nobody out: it is as large as the whole"),
        ("{A: {max: 1/3, within: study}}", "{A: {max: 1/3}, B: {max: 1/2}}", "grades.quota", "A, B",
         "leave places for 83.3%: at least 16.7% stay below B, whatever they score"),
        ("quota: {3: {max: 1/3}}", "quota: {3: {max: 1/4}}", "stars.quota.3.max", "25%",
         "leaves nobody a place: of 3 members, the most in any unit, it is less than one"),
        # weights
        ("indicators:\n  virtue: {weight: 0.5}\n  results: {weight: 0.5, items: {delivery: {}}}",
         "indicators:\n  virtue: {weight: 0.4}\n  results: {weight: 0.5}\n  integrity: {weight: 0.1, sources: [self]}",
         "indicators.integrity", "10%", "has a weight, and no source that weighs is asked about it"),
    ],
)  # fmt: skip
def test_each_warning(  # noqa: PLR0917
    doubts_of, old, new, path, value, says
):
    changes = [(old, new)]
    if "[self]" in new:
        changes.append(("  peer: {", "  self: {weight: 0, scale: vote, attributed: true}\n  peer: {"))
    found = doubts_of(*changes)
    assert [(doubt.file, doubt.path, doubt.value) for doubt in found] == [("scheme.yaml", path, value)]
    assert says in found[0].says


def test_stars_of_a_category_that_nobody_can_reach(doubts_of):
    of_points = ("of: index\n  bands: {1: 60, 2: 70, 3: 80}", "of: points\n  bands: {1: 10, 2: 20, 3: 40}")
    (doubt,) = doubts_of(of_points, ("{targets: {index: 90}}", "{targets: {index: 90}, stars: {3: 51}}"))
    assert (doubt.path, doubt.value) == ("categories.member.stars.3", "51")
    assert doubt.says == "can never be reached: points is at most 50"
    # with the base of the category it can: 25 and 30
    bases = ("base: 20", "base: 20\n  bases: {member: 25}")
    assert doubts_of(of_points, bases, ("{targets: {index: 90}}", "{targets: {index: 90}, stars: {3: 51}}")) == []


def test_a_scheme_without_indicators(doubts_of):
    plain = "indicators:\n  virtue: {weight: 0.5}\n  results: {weight: 0.5, items: {delivery: {}}}\n"
    ratings = re.sub(r".*results.*\n", "", TABLES["ratings"]).replace("virtue", "overall")
    assert doubts_of((plain, ""), ratings=ratings) == []


def test_points_that_nothing_asks_for(doubts_of):
    changes = [
        ("  require: {A: [{of: points, min: 40}]}\n", ""),
        ("reach: {points: 50, stars: 3}", "reach: {stars: 3}"),
    ]
    says = "nothing follows from points: no index, grade, star, target or condition asks for it"
    assert doubts_of(*changes) == [Doubt("scheme.yaml", "points", "", says)]


def test_an_index_that_nothing_asks_for(doubts_of):
    # neither targets nor stars; that of units rests on it, and nothing rests on that
    units = "  units: {components: {people: {of: members.index}}}\nstars:"
    changes = [
        ("{targets: {index: 90}}", "{}"),
        ("reach: {points: 50, stars: 3}", "reach: {points: 50}"),
        (without("stars")[0], units.removesuffix("stars:")),
    ]
    (doubt,) = doubts_of(*changes)
    assert (doubt.path, doubt.says.endswith("and it has no bands")) == ("index", True)
    assert doubts_of(*changes[:2]) == []
    levels = (
        "    hours: {of: measure.hours, weight: 0.4, high: 50}\n",
        "    hours: {of: measure.hours, weight: 0.4, high: 50}\n  bands: {low: 0}\n",
    )
    assert doubts_of(*changes, levels) == []


TWO = ("to: 2026-06-30}", "to: 2026-06-30}\n  2026H2: {scheme: later.yaml}")


def test_what_a_later_round_asks_has_its_consequence(doubts_of):
    days = ("  hours: {}", "  hours: {}\n  days: {}")
    with_days = TABLES["measures"] + "2026H2,M1,days,3\n"
    later = {"later.yaml": "models: {good: {require: [{of: measure.days, min: 3}]}}\n"}
    assert doubts_of(TWO, days, files=later, measures=with_days) == []
    (doubt,) = doubts_of(TWO, days, files={"later.yaml": "privacy: {min_raters: 6}\n"}, measures=with_days)
    assert (doubt.file, doubt.path) == ("scheme.yaml", "measures.days")


def test_a_doubt_of_a_file_of_its_own_is_told_with_that_file(doubts_of):
    own = {"later.yaml": "grades: {bands: {A: 85, C: 0}, quota: {A: {max: 0}}}\n"}
    assert doubts_of(TWO, files=own) == [Doubt("later.yaml", "grades.quota.A.max", "0", "lets nobody have A")]


def test_tables_that_no_section_reads(doubts_of):
    points = [
        without("points"),
        ("  require: {A: [{of: points, min: 40}]}\n", ""),
        ("reach: {points: 50, stars: 3}", "reach: {stars: 3}"),
    ]
    says = "the scheme has no section points, so nothing follows from its rows"
    assert [str(doubt) for doubt in doubts_of(*points)] == [f"points.csv: {says}"]
    opinions = "round,subject_id,panel,topic,good,bad\n2026H1,M1,all,work,5,2\n"
    assert [doubt.file for doubt in doubts_of(without("satisfaction"), satisfaction=opinions)] == ["satisfaction.csv"]
    measures = TABLES["measures"] + "2026H1,M1,days,3\n2026H1,M2,days,3\n"
    undeclared = ("measures:\n  hours: {}\n", "")
    assert doubts_of(undeclared, measures=measures) == [
        Doubt("measures.csv", "measure", "days", "no rule asks for it, so 2 rows change nothing")
    ]
    evidence = "round,subject_id,item,date\n2026H1,M1,report,2026-07-01\n"
    assert [doubt.file for doubt in doubts_of(without("conduct"), evidence=evidence)] == ["evidence.csv"]
    assert doubts_of(evidence=evidence) == []


def test_stars_that_ask_for_a_grade_that_fewer_can_have(doubts_of):
    asks = ("{of: attribute.rank, among: [head]}", "{of: grade, among: [A]}")
    (doubt,) = doubts_of(asks, ("quota: {3: {max: 1/3}}", "quota: {3: {max: 1/2}}"))
    assert (doubt.path, doubt.value) == ("stars.quota.3.max", "50%")
    assert doubt.says == "is never used up: 3 stars ask for A, which only 33.3% may have"
    assert doubts_of(asks) == []  # a third of the members may have either
    both = ("{of: attribute.rank, among: [head]}", "{of: grade, among: [A, B]}")
    assert doubts_of(both, ("quota: {3: {max: 1/3}}", "quota: {3: {max: 1/2}}")) == []  # B is for everybody


def test_check_prints_warnings_after_the_faults_and_ends_well(make_study):
    folder = make_study(scheme=SCHEME.replace("A: {max: 1/3, within: study}", "A: {max: 0}"), **TABLES)
    result = CliRunner().invoke(app, ["check", str(folder)])
    assert result.exit_code == 0
    first, *others = result.output.splitlines()
    assert first == f"{folder}: no faults. 1 units, 3 members, rounds 2026H1."
    assert others == ["warning: scheme.yaml, grades.quota.A.max: '0': lets nobody have A"]


# ------------------------------------------------------------------------------------------------------------ ratings


def test_sources_and_indicators_that_have_no_rating(doubts_of):
    no_peers = TABLES["ballots"].partition("\n")[0] + "\n"
    assert [(doubt.path, doubt.value, doubt.says) for doubt in doubts_of(ballots=no_peers)] == [
        ("sources.peer", "60%", "has a weight, and rates nobody in any round"),
    ]
    # what the peers tick as a whole would rate it; the superior rates virtue alone
    only_virtue = "".join(line + "\n" for line in TABLES["ratings"].splitlines() if "results" not in line)
    found = doubts_of(ballots=no_peers, ratings=only_virtue)
    assert [(doubt.path, doubt.value, doubt.says) for doubt in found] == [
        ("sources.peer", "60%", "has a weight, and rates nobody in any round"),
        ("indicators.results.items.delivery", "50%", "has a weight, and nobody rates it in any round"),
    ]
    assert doubts_of(ratings=only_virtue) == []


def test_a_source_that_is_meant_to_weigh_nothing(doubts_of):
    assert doubts_of(("  peer: {weight: 0.6,", "  public: {weight: 0, scale: vote}\n  peer: {weight: 0.6,")) == []


def test_a_rating_in_another_round_is_one(doubts_of):
    rounds = (
        "  2026H1: {from: 2026-01-01, to: 2026-06-30}",
        "  2026H1: {from: 2026-01-01, to: 2026-06-30}\n  2026H2: {}",
    )
    later = TABLES["ballots"].replace("2026H1", "2026H2")
    assert doubts_of(rounds, ballots=later) == []


LITTLE = [("superior: {weight: 0.4", "superior: {weight: 0.001"), ("peer: {weight: 0.6", "peer: {weight: 0.999")]


def test_a_weight_that_no_rank_feels(doubts_of):
    # 2 x 100 x 0.001 / 0.999 = 0.2002; M1 has 99.985, M2 0.0725 + 66.6 = 66.6725, M3 0.055 + 33.3 = 33.355
    (doubt,) = doubts_of(*LITTLE)
    assert (doubt.path, doubt.value) == ("sources.superior", "0.1%")
    assert doubt.says == (
        "is so little that it decides between equals alone: it moves two scores by 0.2 points at most, "
        "and others lie 33 or more apart"
    )


def test_equals_are_no_neighbours_that_a_weight_could_bring_closer(doubts_of):
    # the peers leave M2 and M3 equal: 0.001 x (72.5 - 55) = 0.0175 is all that parts them
    close = TABLES["ballots"].replace("M3,peer,overall,1,0,2", "M3,peer,overall,2,0,1")
    assert doubts_of(*LITTLE, ballots=close) == []
    same = TABLES["ratings"].replace("60\n", "70\n").replace("50\n", "75\n")
    assert [doubt.path for doubt in doubts_of(*LITTLE, ballots=close, ratings=same)] == ["sources.superior"]


def test_a_weight_is_not_little_for_whom_the_others_did_not_rate(doubts_of):
    # without the peers all of M3's score is the superior's; he is scored where coverage may be next to nothing
    some = TABLES["ballots"].replace("2026H1,M3,peer,overall,1,0,2\n", "")
    lenient = ("categories:", "missing: {min_coverage: 0}\ncategories:")
    assert doubts_of(*LITTLE, lenient, ballots=some) == []
    # else he has no score, and of M1 and M2 it is little still
    assert "sources.superior" in [doubt.path for doubt in doubts_of(*LITTLE, ballots=some)]


def test_a_weight_that_is_meant_is_not_called_little(doubts_of):
    # 2 x 100 x 0.06 / 0.94 = 12.8 is less than the 25 between M1 and M2, but only for want of members
    meant = [("superior: {weight: 0.4", "superior: {weight: 0.06"), ("peer: {weight: 0.6", "peer: {weight: 0.94")]
    assert doubts_of(*meant) == []


def test_who_gives_everybody_the_same(doubts_of):
    alike = TABLES["ballots"].replace("2,0,1", "3,0,0").replace("1,0,2", "3,0,0")
    assert [(doubt.path, doubt.value, doubt.says) for doubt in doubts_of(ballots=alike)] == [
        ("sources.peer", "60%", "tells nobody apart: all who have a score there have the same")
    ]
    # where the peers voted on M1 alone there is nobody from whom they could tell him
    one = TABLES["ballots"].partition("2026H1,M2")[0]
    lenient = ("categories:", "missing: {min_coverage: 0}\ncategories:")
    assert doubts_of(lenient, ballots=one) == []


# ------------------------------------------------------------------------------------------------------------- limits


def scheme_of(make_study, *changes):
    text = SCHEME
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return tk.read_study(make_study(scheme=text, **TABLES)).scheme


@pytest.mark.parametrize(
    ("changes", "of", "least", "most"),
    [
        ([], "score", 0, 100),
        ([("good: 100, fair: 60, bad: 0", "good: 90, fair: 60, bad: 10")], "score.peer", 10, 90),
        ([("good: 100, fair: 60, bad: 0", "good: 90, fair: 60, bad: 10")], "score", 0, 100),  # superiors give 0-100
        ([("good: 100, fair: 60, bad: 0", "good: 90, fair: 60, bad: 10")], "satisfaction", 10, 90),
        ([("{low: 0, high: 100}", "{low: 45, high: 90, map: share}")], "score.superior", 50, 100),  # 45 / 90
        ([], "coverage", 0, 1),
        ([], "members.coverage", 0, 1),
        ([], "dissatisfied", 0, 1),
        ([], "index", 0, 100),
        ([], "index.hours", None, 100),
        ([("weight: 0.4, high: 50}", "weight: 0.4, high: 50, capped: false}")], "index.hours", None, None),
        ([("high: 50}", "high: 50, normalise: none}")], "index.hours", None, None),
        ([("score: {weight: 0.6}", "score: {weight: 0.6, normalise: none}")], "index.score", None, 100),
        ([], "stars", 0, 3),
        ([], "measure.hours", None, None),
        # points: base 20 and at most 30 a year for study
        ([], "points", 0, 50),
        ([], "points.study", None, 30),
        ([("base: 20", "base: 20\n  ceiling: 45")], "points", 0, 45),
        ([("base: 20", "base: 20\n  floor: -10")], "points", -10, 50),
        ([("base: 20", "base: 20\n  floor: 10")], "points", 0, 50),  # a veto leaves 0
        ([("base: 20", "base: 20\n  bases: {member: 25}")], "points", 0, 55),
        ([("base: 20", "base: 20\n  carry: 20%")], "points", 0, 62.5),  # 50 + 0.2 x 62.5
        ([("{cap: {year: 30}}", "{}")], "points", 0, None),
        ([("{cap: {year: 30}}", "{}"), ("points: 2, dim", "points: 2, cap: {month: 1}, dim")], "points", 0, 32),
        ([("{cap: {year: 30}}", "{}"), ("s: 2, dim", "s: 2, cap: {week: 1, year: 60}, dim")], "points", 0, 74),
        # a round that touches two years
        ([("base: 20", "base: 20\n  period: round"), ("to: 2026-06-30", "to: 2027-06-30")], "points", 0, 80),
        ([("to: 2026-06-30", "label: t")], "points", 0, None),  # a round without days holds all events
    ],
)  # fmt: skip
def test_the_most_and_the_least_that_a_quantity_can_be(make_study, changes, of, least, most):
    scheme = scheme_of(make_study, *changes)
    assert lowest(of, scheme) == least
    assert highest(of, scheme) == (pytest.approx(most) if most is not None else None)


def test_more_votes_than_ballots(doubts_of):
    """M1 and M2 have three votes each, M3 too; two ballots were returned."""
    turnout = "round,unit_id,source,eligible,issued,returned,valid\n2026H1,B1,peer,5,4,2,2\n"
    says = "2026H1, B1, peer: M1 has 3 votes, and 2 more have too many"
    assert doubts_of(turnout=turnout) == [Doubt("turnout.csv", "returned", "2", says)]


def test_opinions_of_no_round(doubts_of):
    """A year of four digits was mistyped twice; the last day of the round belongs to it."""
    opinions = "id,date,channel,unit_id,text\nO1,2026-06-30,box,B1,a\nO2,2062-01-05,box,B1,b\nO3,2025-12-31,box,B1,c\n"
    said = "is in no round, so that no report counts opinion O2, nor are 1 more"
    assert doubts_of(opinions=opinions) == [Doubt("opinions.csv", "date", "2062-01-05", said)]
    kept = opinions.splitlines(keepends=True)[:2]
    assert doubts_of(opinions="".join(kept)) == []

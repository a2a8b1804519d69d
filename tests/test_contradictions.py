"""What the parts of a scheme above its scores must be to each other; each fault with its line."""

import pytest

from toolkit.rulebook import read_rulebook

SCHEME = """\
title: t
rounds:
  a: {from: 2026-01-01, to: 2026-06-30, due: 2026-06-30, feedback: 2026-07-10}
scales:
  vote: {levels: {good: 100, fair: 60, bad: 0}, blank: [unsure]}
  star: {low: 1, high: 5}
sources:
  peer: {weight: 0.5, scale: vote}
  public: {weight: 0.5, scale: star}
indicators:
  virtue: {weight: 0.5}
  ability: {weight: 0.5, sources: [public]}
categories:
  cadre:
    index: {score: 0.6, study: 0.4}
    stars: {1: 50}
    targets: {points: 80, index: 85}
  farmer: {}
  office: {ratee: unit, index: {people: 0.5, image: 0.5}}
missing: {rule: renormalise}
grades:
  of: score
  bands: {A: 90, B: {from: 60, to: 90}, C: 0}
  quota: {A: {max: 1/3}}
  require:
    A:
      - {of: index, min: 80}
      - {of: vetoes, max: 0}
  votes:
    source: peer
    indicator: virtue
    rules:
      - {grade: C, levels: [bad], min: 1/3}
      - {grade: B, levels: [good, fair], above: 50%}
measures:
  hours: {}
points:
  base: 50
  bases: {cadre: 60}
  carry: 20%
  floor: 0
  ceiling: 200
  dimensions:
    study: {cap: {year: 40}}
  multipliers:
    - {times: 2, rules: [course], categories: [cadre], from: 2026-05-01, to: 2026-05-31}
  rules:
    course: {points: 2, dimension: study, cap: {month: 12}}
    crime: {veto: true}
satisfaction:
  scale: vote
  dissatisfied: [bad]
  panels: {party: {weight: 0.4}, people: {weight: 0.6}}
  topics: {style: {}}
  exempt: [farmer]
  rules: {redo: {min: 30%}, again: {above: 50%}}
index:
  mean: arithmetic
  components:
    score: {weight: 0.5}
    study: {of: points.study, weight: 0.5, high: 40}
  extras:
    bonus: {of: measure.hours, times: 0.1, max: 2}
  bands: {high: 80, low: 0}
  units:
    components:
      people: {of: members.index, weight: 0.5}
      image: {of: satisfaction.style, weight: 0.5}
stars:
  of: index
  bands: {1: 60, 2: 70, 3: 80}
  quota: {3: {max: 1/5}}
  require:
    3:
      - {of: grade, among: [A, B]}
      - {of: raters, min: 5}
targets:
  - {categories: [farmer], industries: [grain], reach: {points.study: 20, stars: 2}}
models:
  example:
    require:
      - {of: stars, min: 3}
      - {of: attribute.rank, among: [head]}
conduct:
  remediation:
    when:
      - {of: grade, among: [C]}
    helpers: [A]
  registration:
    deny:
      - {of: dissatisfied.style, above: 50%}
    defer:
      - {of: score.virtue, below: 60}
  archive: {A: [report]}
"""


ELSEWHERE = {
    "index.components": "  components:\n    score",
    "index.units.components": "    components:\n      people",
    "satisfaction.panels": "  panels",
    "index": "index:\n  mean",
    "stars": "stars:\n  of",
    "grades.votes.rules.1": "      - {grade: B",
}
"""Faults that are told elsewhere than where the text was changed."""


def found(text):
    """Faults as (row, column, value, expected)."""
    _, faults = read_rulebook(lambda _: text)
    return [(fault.row, fault.column, fault.value, fault.expected) for fault in faults]


def changed(*changes):
    """The scheme with some of its text replaced; every text must stand in it once."""
    text = SCHEME
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def row_of(text, part):
    """The line of the only place where a text stands."""
    assert text.count(part) == 1, part
    return text[: text.index(part)].count("\n") + 1


def test_a_scheme_with_every_section_and_no_fault():
    assert found(SCHEME) == []


@pytest.mark.parametrize(
    ("old", "new", "column", "value", "expected"),
    [
        # rounds
        ("  a: {from", "  NUL: {from", "rounds.NUL", "NUL", "must be able to name a folder"),
        ("due: 2026-06-30", "due: 2025-06-30", "rounds.a.due", "2025-06-30", "must not be before from: 2026-01-01"),
        ("feedback: 2026-07-10", "feedback: 2025-07-10", "rounds.a.feedback", "2025-07-10", "must not be before from"),
        # points
        ("dimension: study,", "dimension: studdy,", "points.rules.course.dimension", "studdy",
         "must be a dimension: one of study (nearest: study)"),
        ("bases: {cadre: 60}", "bases: {cadr: 60}", "points.bases.cadr", "cadr", "must be a category: one of cadre, f"),
        ("carry: 20%", "carry: 20", "points.carry", "20", "must be a share from 0 to 1"),
        ("floor: 0", "floor: 300", "points.floor", "300", "must not be above ceiling: 200"),
        ("rules: [course]", "rules: [curse]", "points.multipliers.0.rules", "curse",
         "must be a rule of points: one of"),
        ("rules: [course]", "rules: []", "points.multipliers.0.rules", "", "must name at least one, or be left out"),
        ("categories: [cadre]", "categories: [boss]", "points.multipliers.0.categories", "boss", "must be a category"),
        ("from: 2026-05-01", "from: 2026-06-01", "points.multipliers.0.from", "2026-06-01", "not be after to: 2026-05"),
        # satisfaction
        ("satisfaction:\n  scale: vote", "satisfaction:\n  scale: votes", "satisfaction.scale", "votes",
         "must be a scale: one of vote, star (nearest: vote)"),
        ("satisfaction:\n  scale: vote", "satisfaction:\n  scale: star", "satisfaction.scale", "star",
         "must be a scale of levels"),
        ("dissatisfied: [bad]", "dissatisfied: [unsure]", "satisfaction.dissatisfied", "unsure",
         "must be a level: one of good, fair, bad"),
        ("people: {weight: 0.6}", "people: {weight: 0.5}", "satisfaction.panels", "", "party, people sum to 0.9"),
        ("exempt: [farmer]", "exempt: [farmers]", "satisfaction.exempt", "farmers", "must be a category: one of cadre"),
        # the index
        ("score: {weight: 0.5}", "score: {weight: 0.4}", "index.components", "", "score, study sum to 0.9, must be 1"),
        ("score: {weight: 0.5}", "score: {}", "index.components", "", "score must have a weight too"),
        ("study: {of: points.study, ", "study: {", "index.components.study", "study",
         "without of its name must be a quantity: one of score, raters, .*, measure.NAME, "),
        ("image: {of: satisfaction.style, w", "image: {of: satisfaction.stile, w", "index.units.components.image.of",
         "stile", "must be a topic: one of style (nearest: style)"),
        ("image: {of: satisfaction.style, weight: 0.5}", "image: {of: satisfaction.style, weight: 0.6}",
         "index.units.components", "", "people, image sum to 1.1"),
        ("bonus: {of: measure.hours", "bonus: {of: measure.hour", "index.extras.bonus.of", "hour",
         "must be a measure: one of hours (nearest: hours)"),
        ("study: {of: points.study", "study: {of: index.score", "index.components.study.of", "index.score",
         "must not be made of itself"),
        ("study: {of: points.study", "study: {of: grade", "index.components.study.of", "grade",
         "must not be grade, which comes after the index"),
        ("study: {of: points.study", "study: {of: stars", "index.components.study.of", "stars",
         "must not be stars, which comes after the index"),
        ("study: {of: points.study", "study: {of: members.score", "index.components.study.of", "members.score",
         "members.NAME stands in index.units only"),
        ("people: {of: members.index", "people: {of: index", "index.units.components.people.of", "index",
         "must not be made of itself"),
        ("people: {of: members.index", "people: {of: members.stars", "index.units.components.people.of",
         "members.stars", "must not be stars, which comes after the index"),
        ("people: {of: members.index", "people: {of: members.indx", "index.units.components.people.of",
         "members.indx", "what follows members. must be a quantity: one of .* (nearest: index)"),
        ("index: {score: 0.6, study: 0.4}", "index: {score: 0.6, study: 0.3}", "categories.cadre.index", "",
         "score, study sum to 0.9"),
        ("index: {score: 0.6, study: 0.4}", "index: {score: 0.6, studdy: 0.4}", "categories.cadre.index.studdy",
         "studdy", "must be a component: one of score, study, people, image (nearest: study)"),
        ("bands: {high: 80, low: 0}", "bands: {high: 80, low: {from: 0, to: 90}}", "index.bands.low.to", "90",
         "must be at most 80, where high begins"),
        ("bands: {high: 80, low: 0}", "bands: {high: 180, low: 0}", "index.bands.high", "180", "must lie within 0-100"),
        # bands of grades and stars
        ("B: {from: 60, to: 90}", "B: {from: 60, to: 60}", "grades.bands.B.to", "60", "must be above from: 60"),
        ("B: {from: 60, to: 90}", "B: {from: 60, to: 95}", "grades.bands.B.to", "95",
         "must be at most 90, where A begins, or priority must say which of the two holds: high or low"),
        ("B: {from: 60, to: 90}", "B: {from: 60, to: 190}", "grades.bands.B.to", "190", "must lie within 0-100"),
        ("bands: {1: 60, 2: 70", "bands: {1: 60, 2: 60", "stars.bands", "60", "beginning of both 1 and 2"),
        ("bands: {1: 60, 2: 70", "bands: {1: 71, 2: 70", "stars.bands.1", "71", "below 70, where 2 stars begin"),
        ("bands: {1: 60, 2: 70", "bands: {one: 60, 2: 70", "stars.bands.one", "one", "must be a number of stars"),
        ("bands: {1: 60, 2: 70", "bands: {0: 60, 2: 70", "stars.bands.0", "0", "must be a number of stars"),
        ("2: 70, 3: 80}", "2: 70, 3: 800}", "stars.bands.3", "800", "must lie within 0-100"),
        ("  bands: {1: 60, 2: 70, 3: 80}\n", "  bands: {1: 60, 2: 70, 3: 80}\n  cluster: {stars: 3}\n", "stars", "",
         "must have either bands or cluster"),
        ("stars: {1: 50}", "stars: {4: 50}", "categories.cadre.stars.4", "4", "must be one of the stars: one of 1, 2,"),
        ("stars: {1: 50}", "stars: {1: 75}", "categories.cadre.stars.1", "75", "2 stars above 1, which begin at 75"),
        ("stars: {1: 50}", "stars: {1: -5}", "categories.cadre.stars.1", "-5", "must lie within 0-100"),
        # what they are of
        ("of: score\n", "of: grade\n", "grades.of", "grade", "must not be made of itself"),
        ("of: score\n", "of: stars\n", "grades.of", "stars", "must not be stars, which comes after grades"),
        ("of: score\n", "of: score.virtu\n", "grades.of", "virtu",
         "must be a source or an indicator: one of peer, public, virtue, ability (nearest: virtue)"),
        ("of: score\n", "of: skore\n", "grades.of", "skore", "must be a quantity, one of score"),
        ("stars:\n  of: index", "stars:\n  of: stars", "stars.of", "stars", "must not be made of itself"),
        ("stars:\n  of: index", "stars:\n  of: grade", "stars.of", "grade", "must be a number, and a grade is none"),
        # quotas and conditions
        ("quota: {3: {max: 1/5}}", "quota: {4: {max: 1/5}}", "stars.quota.4", "4", "must be a band: one of 1, 2, 3"),
        ("quota: {3: {max: 1/5}}", "quota: {3: {max: 5}}", "stars.quota.3.max", "5", "must be a share from 0 to 1"),
        ("    3:\n", "    4:\n", "stars.require.4", "4", "must be a band: one of 1, 2, 3"),
        ("    A:\n", "    D:\n", "grades.require.D", "D", "must be a band: one of A, B, C"),
        ("    A:\n", "    C:\n", "grades.require.C", "C", "must not be the lowest band: there is no grade below it"),
        ("{of: vetoes, max: 0}", "{of: stars, max: 0}", "grades.require.A.1.of", "stars", "which comes after grades"),
        ("{of: vetoes, max: 0}", "{of: grade, among: [A]}", "grades.require.A.1.of", "grade", "not be made of itself"),
        ("{of: vetoes, max: 0}", "{of: vetoes, among: [no]}", "grades.require.A.1.among", "",
         "must be min, above, max or below, since vetoes is a number"),
        ("{of: vetoes, max: 0}", "{of: vetos, max: 0}", "grades.require.A.1.of", "vetos", "must be a quantity"),
        ("{of: raters, min: 5}", "{of: stars, min: 5}", "stars.require.3.1.of", "stars", "must not be made of itself"),
        ("among: [A, B]", "among: [A, D]", "stars.require.3.0.among", "D", "must be a grade: one of A, B, C"),
        ("among: [A, B]", "among: []", "stars.require.3.0.among", "", "must name at least one"),
        ("among: [A, B]", "min: 60", "stars.require.3.0.min", "60", "must be among: [...], since a grade is no number"),
        # votes
        ("source: peer\n", "source: peers\n", "grades.votes.source", "peers",
         "must be a source that rates: one of peer"),
        ("source: peer\n", "source: public\n", "grades.votes.source", "public",
         "must have a scale of levels; star has"),
        ("indicator: virtue", "indicator: virtu", "grades.votes.indicator", "virtu", "must be an indicator: one of ov"),
        ("indicator: virtue", "indicator: ability", "grades.votes.indicator", "ability",
         "must be one that peer is ask"),
        ("{grade: C, levels", "{grade: D, levels", "grades.votes.rules.0.grade", "D",
         "must be a grade: one of A, B, C"),
        ("levels: [bad]", "levels: [unsure]", "grades.votes.rules.0.levels", "unsure", "must be a level: one of good"),
        ("fair], above: 50%}", "fair], above: 50}", "grades.votes.rules.1.above", "50", "must be a share from 0 to 1"),
        ("{grade: C, levels: [bad], min: 1/3}", "{grade: C}", "grades.votes.rules.1", "B",
         "is never asked: rule 1, without levels, holds"),
        # targets, models, conduct
        ("categories: [farmer]", "categories: [farmers]", "targets.0.categories", "farmers", "must be a category"),
        ("categories: [farmer]", "categories: []", "targets.0.categories", "", "must name at least one"),
        ("industries: [grain]", "industries: []", "targets.0.industries", "", "must name at least one"),
        ("{points.study: 20, stars: 2}", "{points.studi: 20, stars: 2}", "targets.0.reach.points.studi", "studi",
         "must be a dimension: one of study (nearest: study)"),
        ("{points.study: 20, stars: 2}", "{grade: 20}", "targets.0.reach.grade", "grade", "a grade is none"),
        ("{points.study: 20, stars: 2}", "{members.index: 20}", "targets.0.reach.members.index", "members.index",
         "stands in index.units only"),
        ("{points.study: 20, stars: 2}", "{}", "targets.0.reach", "", "must name at least one quantity"),
        ("targets: {points: 80, index: 85}", "targets: {points: 80, index.skore: 85}",
         "categories.cadre.targets.index.skore", "skore", "must be a component: one of score, study"),
        ("{of: stars, min: 3}", "{of: points.studi, min: 3}", "models.example.require.0.of", "studi", "a dimension"),
        ("among: [C]", "among: [D]", "conduct.remediation.when.0.among", "D", "must be a grade: one of A, B, C"),
        ("helpers: [A]", "helpers: [D]", "conduct.remediation.helpers", "D", "must be a grade: one of A, B, C"),
        ("dissatisfied.style", "dissatisfied.stile", "conduct.registration.deny.0.of", "stile", "must be a topic"),
        ("score.virtue,", "score.virtu,", "conduct.registration.defer.0.of", "virtu", "a source or an indicator"),
        ("archive: {A:", "archive: {D:", "conduct.archive.D", "D", "must be a grade: one of A, B, C"),
        # what a key or a value must be, deep in lists and mappings
        ("{of: raters, min: 5}", "{of: raters, mim: 5}", "stars.require.3.1.mim", "mim",
         "unknown key; must be one of of, min, above, max, below, among (nearest: min)"),
        ("{points: 2, dim", "{pionts: 2, dim", "points.rules.course.pionts", "pionts", "(nearest: points)"),
        ("cap: {month: 12}", "cap: {day: 12}", "points.rules.course.cap.day", "day",
         "must be 'week', 'month' or 'year'"),
        ("cap: {month: 12}", "cap: {month: -1}", "points.rules.course.cap.month", "-1",
         "must be greater than or equal"),
        ("reach: {points.study: 20", "raech: {points.study: 20", "targets.0.raech", "raech",
         "unknown key; must be one of from, categories, industries, reach (nearest: reach)"),
        ("{points.study: 20", "{pionts.study: 20", "targets.0.reach.pionts.study", "pionts.study",
         "must be a quantity"),
        ("{points.study: 20", "{points.study: much", "targets.0.reach.points.study", "much",
         "must be a number, fraction"),
        ("{times: 2, rules", "{time: 2, rules", "points.multipliers.0.time", "time", "(nearest: times)"),
        ("crime: {veto: true}", "crime: {veto: maybe}", "points.rules.crime.veto", "maybe", "must be true or false"),
        ("study: {cap: {year: 40}}", "study: {cup: {year: 40}}", "points.dimensions.study.cup", "cup",
         "(nearest: cap)"),
        ("high: 40}", "hihg: 40}", "index.components.study.hihg", "hihg", "(nearest: high)"),
        ("weight: 0.5, high: 40}", "weight: 0.5, high: 0}", "index.components.study", "", "low and high are both 0"),
        ("levels: [bad], min: 1/3", "levels: [bad]", "grades.votes.rules.0", "", "must have min, above, max or below"),
        ("redo: {min: 30%}", "redo: {min: 30%, above: 20%}", "satisfaction.rules.redo", "", "either min or above"),
        ("dissatisfied: [bad]", "dissatisfied: []", "satisfaction.dissatisfied", "", "must not be empty"),
        ("mean: arithmetic", "mean: power", "index", "", "power must stand beside mean: power, and nowhere else"),
        ("bands: {high: 80,", "bands: {high: {form: 80},", "index.bands.high.form", "form",
         "one of from, to (nearest: from)"),
        ("bands: {high: 80,", "bands: {high: much,", "index.bands.high", "much",
         "must be the score at which it begins"),
        ("{of: attribute.rank", "{of: attribute", "models.example.require.1.of", "attribute", "must be a quantity"),
        ("  archive: {A: [report]}", "  archive: [report]", "conduct.archive", "", "must be a mapping"),
    ],
)  # fmt: skip
def test_each_fault_with_its_line(old, new, column, value, expected):
    text = changed((old, new))
    faults = found(text)
    assert [fault[1:3] for fault in faults] == [(column, value)]
    for part in expected.split(".*"):
        assert part in faults[0][3]
    line = ELSEWHERE.get(column, new.strip("\n").rpartition("\n")[2])
    start = text.index(line) if column in ELSEWHERE else SCHEME.index(old) + new.index(line)
    assert faults[0][0] == text[:start].count("\n") + 1


def test_an_index_of_other_means_asks_for_more():
    # a gap between components is a difference, which only an arithmetic mean leaves as it is
    text = changed(("mean: arithmetic", "mean: geometric"), ("rule: renormalise", "rule: adjusted"))
    assert found(text) == [(58, "index.mean", "geometric", "must be arithmetic where missing: adjusted")]
    assert found(changed(("mean: arithmetic", "mean: geometric"))) == []
    # mpi knows no weights
    text = changed(("mean: arithmetic", "mean: mpi"))
    same = "weights must be the same for all components, for mean: mpi"
    assert found(text) == [(15, "categories.cadre.index", "", same)]
    even = ("index: {score: 0.6, study: 0.4}", "index: {score: 0.5, study: 0.5}")
    assert found(changed(("mean: arithmetic", "mean: mpi"), even)) == []
    uneven = [("score: {weight: 0.5}", "score: {weight: 0.4}"), ("study, weight: 0.5", "study, weight: 0.6")]
    found_ = found(changed(("mean: arithmetic", "mean: mpi"), even, *uneven))
    assert found_ == [(59, "index.components", "", "weights must be the same, or not be there, for mean: mpi")]


def test_sections_that_hold_nothing():
    text = changed(("    course: {points: 2, dimension: study, cap: {month: 12}}\n    crime: {veto: true}\n", ""))
    text = text.replace("  rules:\nsat", "  rules: {}\nsat").replace("[course]", "[crime]")
    assert ("points.rules", "must hold at least one rule") in [(fault[1], fault[3]) for fault in found(text)]
    text = changed(("  bands: {1: 60, 2: 70, 3: 80}\n", ""))
    assert (row_of(text, "stars:\n  of"), "stars", "", "must have either bands or cluster") in found(text)
    text = changed(("bands: {A: 90, B: {from: 60, to: 90}, C: 0}", "bands: {}"))
    assert (23, "grades.bands", "", "must hold at least one grade") in found(text)
    start, end = SCHEME.index("    score: {weight: 0.5}"), SCHEME.index("  extras:")
    text = SCHEME[:start].replace("index: {score: 0.6, study: 0.4}", "label: c").rstrip() + " {}\n" + SCHEME[end:]
    assert found(text) == [(59, "index.components", "", "must hold at least one component")]


def test_bands_that_overlap_with_a_priority():
    text = changed(("B: {from: 60, to: 90}, C: 0}", "B: {from: 60, to: 95}, C: 0}\n  priority: high"))
    assert found(text) == []


def test_bands_of_points_may_begin_anywhere():
    text = changed(("of: score\n", "of: points\n"), ("{A: 90, B: {from: 60, to: 90}, C: 0}", "{A: 150, B: 90, C: 40}"))
    assert found(text) == []
    text = changed(("{A: 90, B: {from: 60, to: 90}, C: 0}", "{A: 90, B: 60, C: 40}"))
    assert found(text) == [(23, "grades.bands", "40", "must be 0 for the lowest band, or low scores have no grade")]
    assert found(changed(("stars:\n  of: index", "stars:\n  of: points"), ("3: 80}\n", "3: 180}\n"))) == []


def test_the_lowest_star_may_have_conditions_since_there_is_none_below_it():
    assert found(changed(("    3:\n", "    1:\n"), ("quota: {3: {max: 1/5}}", "quota: {1: {max: 1/5}}"))) == []


def test_stars_of_a_cluster_have_numbers_for_names():
    bands = "bands: {1: 60, 2: 70, 3: 80}"
    text = changed((bands, "cluster: {stars: 3}"), ("    stars: {1: 50}\n", ""))
    assert found(text) == []
    text = changed((bands, "cluster: {stars: 2}"), ("    stars: {1: 50}\n", ""))
    assert [fault[1:] for fault in found(text)] == [
        ("stars.quota.3", "3", "must be a band: one of 1, 2"),
        ("stars.require.3", "3", "must be a band: one of 1, 2"),
    ]
    text = changed((bands, "cluster: {stars: 3}"))
    says = "must not stand beside stars.cluster, which finds where stars begin"
    assert found(text) == [(16, "categories.cadre.stars", "", says)]


def without(section):
    """The scheme without a section."""
    lines = SCHEME.splitlines(keepends=True)
    start = next(place for place, line in enumerate(lines) if line.startswith(f"{section}:"))
    end = next(place for place in range(start + 1, len(lines)) if not lines[place].startswith(" "))
    return "".join(lines[:start] + lines[end:])


@pytest.mark.parametrize(
    ("section", "asking"),
    [
        ("points", {
            "grades.require.A.1.of": "vetoes", "index.components.study.of": "points.study",
            "targets.0.reach.points.study": "points.study", "categories.cadre.targets.points": "points",
        }),
        ("satisfaction", {
            "index.units.components.image.of": "satisfaction.style",
            "conduct.registration.deny.0.of": "dissatisfied.style",
        }),
        ("index", {
            "grades.require.A.0.of": "index", "stars.of": "index", "categories.cadre.targets.index": "index",
            "categories.cadre.index": "", "categories.office.index": "",
        }),
        ("grades", {
            "stars.require.3.0.of": "grade", "conduct.remediation.when.0.of": "grade",
            "conduct.remediation.helpers": "A", "conduct.archive.A": "A",
        }),
        ("stars", {
            "models.example.require.0.of": "stars", "targets.0.reach.stars": "stars", "categories.cadre.stars": "",
        }),
    ],
)  # fmt: skip
def test_what_asks_for_a_section_that_is_not_there(section, asking):
    faults = found(without(section))
    assert {column: value for _, column, value, _ in faults} == asking
    for _, column, _, expected in faults:
        named = column.split(".")[-1] in {"helpers", "A"}
        assert expected == ("must be a grade, and there is none" if named else f"needs a section {section}")


def test_names_that_nobody_declares_may_be_any():
    # measures and topics are then what the tables hold
    text = without("measures").replace("measure.hours", "measure.anything").replace("  topics: {style: {}}\n", "")
    assert found(text) == []
    text = SCHEME.replace("  dimensions:\n    study: {cap: {year: 40}}\n", "").replace(", dimension: study", "")
    assert {(value, expected) for *_, value, expected in found(text)} == {
        ("study", "must be a dimension, and there is none")
    }


def test_a_section_that_gave_way_is_not_asked_for():
    text = changed(
        ("  rules:\n    course: {points: 2, dimension: study, cap: {month: 12}}\n    crime: {veto: true}\n", "")
    )
    assert found(text) == [(37, "points.rules", "", "must be given")]


def test_all_faults_of_a_list_are_told_at_once_and_none_hides_another():
    text = changed(
        ("{of: index, min: 80}", "{of: indx, min: 80}"),
        ("{of: vetoes, max: 0}", "{of: vetoes}"),
        ("{of: raters, min: 5}", "{of: raters, min: x}"),
        ("- {of: stars, min: 3}", "- {of: stars, min: 3, max: 2, mean: 1}"),
        ("{grade: C, levels: [bad], min: 1/3}", "{levels: [bad], min: 1/3}"),
        ("archive: {A: [report]}", "archive: {D: [report]}"),
    )
    assert [(row_of(text, part), column) for part, column in (
        ("{of: indx", "grades.require.A.0.of"),
        ("{of: vetoes}", "grades.require.A.1"),
        ("{levels: [bad], min: 1/3}", "grades.votes.rules.0.grade"),
        ("min: x}", "stars.require.3.1.min"),
        ("mean: 1}", "models.example.require.0.mean"),
        ("archive: {D", "conduct.archive.D"),
    )] == [fault[:2] for fault in found(text)]  # fmt: skip


def test_a_key_that_is_called_like_its_section_takes_nothing_else_with_it():
    text = changed(("{points: 2, dim", "{points: much, dim"), ("{cadre: 60}", "{cadr: 60}"), ("[course]", "[curse]"))
    columns = ["points.bases.cadr", "points.multipliers.0.rules", "points.rules.course.points"]
    assert [fault[1] for fault in found(text)] == columns


def test_a_key_that_stands_twice_in_an_item_of_a_list():
    text = changed(("{of: raters, min: 5}", "{of: raters, min: 5, min: 6}"))
    assert [fault[1:3] for fault in found(text)] == [("stars.require.3.1.min", "min")]

"""Everything that is wrong with a scheme, each with its line."""

import pytest

from toolkit.rulebook import read_rulebook

SCHEME = """\
title: t
rounds:
  a: {from: 2026-01-01, to: 2026-06-30}
  b: {from: 2026-07-01, to: 2026-12-31}
  year: {combine: {a: 1/3, b: 2/3}}
scales:
  vote: {levels: {good: 100, bad: 0}}
  star: {low: 1, high: 5}
sources:
  superior:
    weight: 30%
    scale: vote
    items:
      leader: {weight: 40}
      team: {weight: 60}
  public: {weight: 0.7, scale: star}
indicators:
  virtue: {weight: 1/3}
  ability: {weight: 1/3}
  results:
    weight: 1/3
    items:
      delivery: {}
      service: {sources: [superior]}
categories:
  cadre:
    sources: {superior: 1}
    indicators: {delivery: 0.5, service: 0.5}
missing: {min_coverage: 0.5}
grades:
  bands: {A: 90, B: 60, C: 0}
  quota: {A: {max: 1/3}, B: {max: 0.5, within: study}}
"""


def reader(**texts):
    files = {name.replace("_", ".", 1): text for name, text in texts.items()}

    def read(name):
        if name not in files:
            raise FileNotFoundError(2, "No such file or directory")
        return files[name]

    return read


def found(text, **others):
    """Faults as (row, column, value, expected)."""
    _, faults = read_rulebook(reader(scheme_yaml=text, **others))
    return [(fault.row, fault.column, fault.value, fault.expected) for fault in faults]


def one(old, new):
    """The only fault of the scheme with `old` replaced by `new`."""
    assert SCHEME.count(old) == 1
    faults = found(SCHEME.replace(old, new))
    assert len(faults) == 1, faults
    return faults[0]


def test_a_scheme_without_faults():
    schemes, faults = read_rulebook(reader(scheme_yaml=SCHEME))
    assert faults == []
    assert list(schemes) == ["a", "b", "year"]
    assert schemes["a"] is schemes["year"]


@pytest.mark.parametrize(
    ("old", "new", "row", "column", "value", "expected"),
    [
        # what a key or a value must be
        ("title: t", "titel: t", 1, "titel", "titel", "unknown key; must be one of title, .* (nearest: title)"),
        ("  public: {weight", "  public: {wieght", 16, "sources.public.wieght", "wieght", "nearest: weight"),
        ("low: 1", "lwo: 1", 8, "scales.star.lwo", "lwo", "one of levels, codes, blank, low, high, map"),
        ("high: 5", "high: five", 8, "scales.star.high", "five", "must be a number"),
        ("good: 100", "good: much", 7, "scales.vote.levels.good", "much", "must be a number"),
        ("2026-12-31", "2026-12-32", 4, "rounds.b.to", "2026-12-32", "must be a date such as 2026-06-30"),
        ("2026-12-31", "2026/12/31", 4, "rounds.b.to", "2026/12/31", "must be a date such as 2026-06-30"),
        ("weight: 40", "weight: -1", 14, "sources.superior.items.leader.weight", "-1", "must be a number, fraction or"),
        ("within: study", "within: town", 32, "grades.quota.B.within", "town", "must be 'unit', 'study' or"),
        ("{max: 1/3}", "{within: unit}", 32, "grades.quota.A.max", "", "must be given"),
        ("sources: [superior]", "sources: superior", 24, "results.items.service.sources", "superior", "must be a list"),
        ("{min_coverage: 0.5}", "0.5", 29, "missing", "0.5", "must be a mapping"),
        ("{low: 1, high: 5}", "{low: 5, high: 1}", 8, "scales.star", "", "low is 5, must be below high, 1"),
        ("title: t", "title: {}", 1, "title", "", ""),
        ("title: t", "title: [t]", 1, "title", "", "must be a text"),
        ("title: t", "title: t\nstr: t", 2, "str", "str", "unknown key"),
        ("title: t", 'title: t\n"dict[": t', 2, "dict[", "dict[", "unknown key"),
        # what its parts must be to each other
        ("weight: 30%", "weight: 0.2", 9, "sources", "", "superior, public sum to 0.9, must be 1 (or 100)"),
        ("weight: 60}", "weight: 61}", 13, "sources.superior.items", "", "leader, team sum to 101, must be 1 (or 100)"),
        ("virtue: {weight: 1/3}", "virtue: {}", 17, "indicators", "", "virtue must have a weight too"),
        ("virtue: {w", "overall: {w", 18, "indicators.overall", "overall", "name of all indicators together"),
        ("virtue: {w", "service: {w", 24, "indicators.results.items.service", "service", "stands twice"),
        ("scale: star", "scale: stars", 16, "sources.public.scale", "stars", "one of vote, star (nearest: star)"),
        (", scale: star", "", 16, "sources.public", "", "must name a scale: vote, star"),
        (
            "sources: [superior]",
            "sources: [boss]",
            24,
            "results.items.service.sources",
            "boss",
            "one of superior, leader",
        ),
        ("sources: [superior]", "sources: []", 24, "results.items.service.sources", "", "at least one source"),
        (
            "scale: star",
            "scale: star, trim: {}, average: median",
            16,
            "sources.public.trim",
            "",
            "beside average: median",
        ),
        ("{superior: 1}", "{superior: 0.9}", 27, "categories.cadre.sources", "", "superior sum to 0.9"),
        (
            "{superior: 1}",
            "{boss: 1}",
            27,
            "categories.cadre.sources.boss",
            "boss",
            "one of superior, public, leader, team",
        ),
        (
            "{delivery: 0.5, s",
            "{delivery: 0.6, s",
            28,
            "categories.cadre.indicators",
            "",
            "delivery, service sum to 1.1",
        ),
        (
            "{from: 2026-07-01",
            "{from: 2027-07-01",
            4,
            "rounds.b.from",
            "2027-07-01",
            "must not be after to: 2026-12-31",
        ),
        ("b: 2/3", "c: 2/3", 5, "rounds.year.combine", "c", "must be a round that is no combination: one of a, b"),
        ("b: 2/3", "b: 0.66", 5, "rounds.year.combine", "", "a, b sum to 0.99333"),
        ("min_coverage: 0.5", "min_coverage: 50", 29, "missing.min_coverage", "50", "must be a share from 0 to 1"),
        ("C: 0}", "C: 10}", 31, "grades.bands", "10", "must be 0 for the lowest band"),
        ("B: 60", "B: 90", 31, "grades.bands", "90", "must not be the beginning of both A and B"),
        ("A: 90", "A: 900", 31, "grades.bands.A", "900", "must lie within 0-100"),
        ("{max: 1/3}", "{max: 33}", 32, "grades.quota.A.max", "33", "must be a share from 0 to 1"),
        ("quota: {A:", "quota: {a:", 32, "grades.quota.a", "a", "must be a band: one of A, B, C (nearest: A)"),
        ("quota: {A:", "quota: {C:", 32, "grades.quota.C", "C", "must not be the lowest band"),
    ],
)
def test_each_fault_with_its_line(  # noqa: PLR0917
    old, new, row, column, value, expected
):
    fault = one(old, new)
    assert fault[:1] + fault[2:3] == (row, value)
    assert fault[1].endswith(column)
    for part in expected.split(".*"):
        assert part in fault[3]


def test_a_source_that_is_asked_nothing():
    text = SCHEME.replace("{weight: 1/3}", "{weight: 1/3, sources: [superior]}")
    text = text.replace("    weight: 1/3\n", "    weight: 1/3\n    sources: [superior]\n")
    assert [fault[1:3] for fault in found(text)] == [("sources.public", "public")]


def test_rounds_that_are_all_combinations():
    text = SCHEME.replace("  a: {from: 2026-01-01, to: 2026-06-30}\n  b: {from: 2026-07-01, to: 2026-12-31}\n", "")
    faults = found(text)
    assert (2, "rounds", "", "must hold at least one round that is not a combination") in faults


def test_wrong_values_and_contradictions_are_told_together():
    text = (
        SCHEME.replace("weight: 60}", "weight: 61}").replace("high: 5", "hihg: 5").replace("to: 2026-06-30", "to: June")
    )
    text = text.replace("scale: vote", "scale: vot").replace("B: 60", "B: x")
    assert [(row, column) for row, column, *_ in found(text)] == [
        (3, "rounds.a.to"),
        (8, "scales.star.hihg"),
        (13, "sources.superior.items"),
        (14, "sources.superior.items.leader.scale"),
        (15, "sources.superior.items.team.scale"),
        (31, "grades.bands.B"),
    ]


def test_what_gave_way_is_not_told_twice():
    # without its weight the sum is wrong, and without its scale the source has none: both follow
    text = SCHEME.replace("weight: 0.7, scale: star", "weight: x, scale: star").replace("high: 5", "high: x")
    assert [column for _, column, *_ in found(text)] == ["scales.star.high", "sources.public.weight"]


@pytest.mark.parametrize("broken", ["weight: 0.7, scale: star", "{low: 1, high: 5}", "{combine: {a: 1/3, b: 2/3}}"])
def test_a_scheme_with_faults_still_knows_its_names(broken):
    schemes, faults = read_rulebook(
        reader(scheme_yaml=SCHEME.replace(broken, "{x: y}".strip("{}") if ", s" in broken else "5"))
    )
    assert faults
    assert {"a", "b"} <= set(schemes)
    assert "public" in schemes["a"].leaf_sources
    assert list(schemes["a"].categories) == ["cadre"]


@pytest.mark.parametrize("lacking", ["title", "rounds", "scales", "sources"])
def test_a_section_that_is_not_there(lacking):
    lines = SCHEME.splitlines(keepends=True)
    start = next(place for place, line in enumerate(lines) if line.startswith(lacking))
    end = next(place for place in range(start + 1, len(lines)) if not lines[place].startswith(" "))
    faults = found("".join(lines[:start] + lines[end:]))
    assert (None, lacking, "", "must be given") in faults


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("title: t\nrounds:\n\ta: {}\n", 3, "must be YAML: found character '\\t'"),
        ("title: t\nrounds: {a: {}\nscales: {}\n", 3, "must be YAML"),
        ("title: 't\n", 2, "must be YAML: found unexpected end of stream"),
        ("title: t\n---\ntitle: u\n", 2, "must be YAML: but found another document"),
        ("- title\n", 1, "must be a YAML mapping"),
        ("", 1, "must be a YAML mapping"),
        ("title: \x07\n", None, "must be YAML"),
        ("title: t\nrounds: &x\n  a: *x\n", None, "must be YAML"),
        ("title: t\nrounds: {{a: {}}: 1}\n", None, "must be YAML"),
        ("title: 优秀：好\nrounds：{}\n", 2, "must be YAML"),
    ],
)
def test_what_is_no_yaml(text, row, expected):
    schemes, faults = read_rulebook(reader(scheme_yaml=text))
    assert schemes == {}
    assert len(faults) == 1
    assert faults[0].row == row
    assert faults[0].expected.startswith(expected)


def test_a_file_that_cannot_be_read():
    def gbk(_):
        return "title: 民主".encode("gbk").decode("utf-8")

    assert [str(fault) for fault in read_rulebook(gbk)[1]] == ["scheme.yaml: must be saved as UTF-8 text"]
    missing = read_rulebook(reader())[1]
    assert [str(fault) for fault in missing] == ["scheme.yaml: must be there and readable: No such file or directory"]


def test_keys_that_stand_twice_hide_nothing_else():
    text = SCHEME.replace("  public:", "  superior: {weight: 1}\n  public:") + "title: again\nfirst: both\n"
    faults = found(text)
    assert [fault[:3] for fault in faults] == [
        (16, "sources.superior", "superior"),
        (34, "title", "title"),
        (35, "first", "both"),
    ]


HALF = SCHEME.replace("b: {from", "b: {scheme: half.yaml, from")


def test_a_round_with_a_scheme_of_its_own():
    half = "sources:\n  superior: {weight: 1, scale: vote}\ncategories: {}\nindicators: {x: {}}\n"
    schemes, faults = read_rulebook(reader(scheme_yaml=HALF, half_yaml=half))
    assert faults == []
    assert list(schemes["b"].leaf_sources) == ["superior"]
    assert schemes["b"].grades == schemes["a"].grades
    assert list(schemes["a"].leaf_sources) == ["leader", "team", "public"]


def test_faults_of_a_scheme_of_a_round_stand_in_its_file():
    _, faults = read_rulebook(reader(scheme_yaml=HALF, half_yaml="missing:\n  rule: guess\nrounds: {}\n"))
    assert [(fault.file, fault.row, fault.column, fault.value) for fault in faults] == [
        ("half.yaml", 2, "missing.rule", "guess"),
        ("half.yaml", 3, "rounds", ""),
    ]


def test_what_a_scheme_of_a_round_breaks_in_scheme_yaml():
    # the categories still speak of a source that this round has not
    _, faults = read_rulebook(reader(scheme_yaml=HALF, half_yaml="sources:\n  public: {scale: star}\n"))
    assert [(fault.file, fault.row, fault.column, fault.value) for fault in faults] == [
        ("half.yaml", None, "indicators.results.items.service.sources", "superior"),
        ("half.yaml", None, "categories.cadre.sources.superior", "superior"),
    ]
    assert all("which this file changes" in fault.expected for fault in faults)


def test_a_fault_of_scheme_yaml_is_told_once():
    text = HALF.replace("C: 0}", "C: 10}").replace("year: {combine", "year: {scheme: half.yaml, combine")
    _, faults = read_rulebook(reader(scheme_yaml=text, half_yaml="first: none\n"))
    assert [(fault.file, fault.column) for fault in faults] == [
        ("scheme.yaml", "grades.bands"),
        ("half.yaml", "first"),
    ]


def test_a_scheme_of_a_round_that_is_not_there_or_elsewhere():
    _, faults = read_rulebook(reader(scheme_yaml=HALF))
    assert [(fault.file, fault.row) for fault in faults] == [("half.yaml", None)]
    _, faults = read_rulebook(reader(scheme_yaml=HALF.replace("half.yaml", "../half.yaml")))
    assert [(fault.row, fault.value, fault.expected) for fault in faults] == [
        (4, "../half.yaml", "must be the name of a file beside scheme.yaml")
    ]

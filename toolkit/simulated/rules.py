"""The scheme of a made-up study: the texts of scheme.yaml and of the file that changes it in a later round."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING

from toolkit.simulated.halves import halves
from toolkit.simulated.standards import FURTHER, FURTHER_LABELS, INDEX_RULES, STAR_RULES, TARGETS, YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from toolkit.simulated.halves import Half

MADE_UP = "# A made-up study."
"""By this line of its scheme a simulated study is known, which another may replace."""
SCHEME = Template("""\
# yaml-language-server: $$schema=../scheme.schema.json
# A made-up study. Labels stand in Chinese and in English; `language` says which of them a report shows.
title: {zh: 2026 年党员先进性考核评价, en: Appraisal of party members 2026}
language: zh

# Two half-years and the year that they make up. In the second the public counts for more.
rounds:
$rounds
scales:
  vote:
    levels: {优秀: 100, 合格: 80, 基本合格: 60, 不合格: 0}
    codes: {1: 优秀, 2: 合格, 3: 基本合格, 4: 不合格}
    blank: [弃权, 不了解] # these leave the base and are counted
  content: {levels: {满意: 100, 基本满意: 70, 不满意: 0}, blank: [不了解]}
  star: {low: 1, high: 5}
  score: {low: 0, high: 100}

$sources
# The integrity of a member is not a question for the public.
indicators:
  virtue: {label: {zh: 德, en: Virtue}, weight: 0.25}
  ability: {label: {zh: 能, en: Ability}, weight: 0.2}
  diligence: {label: {zh: 勤, en: Diligence}, weight: 0.15}
  results:
    label: {zh: 绩, en: Results}
    weight: 0.3
    items:
      delivery: {label: {zh: 任务完成, en: Tasks completed}, weight: 0.6}
      service: {label: {zh: 服务群众, en: Service to the public}, weight: 0.4}
  integrity: {label: {zh: 廉, en: Integrity}, weight: 0.1, sources: [superior, peer, self]}

$categories
# A box of which most ballots are spoilt does not count.
ballots: {public: {quorum: [{of: valid, over: returned, min: 1/2}]}}

first: indicator # indicators within a source, then the sources
missing: {rule: renormalise, min_coverage: 0.5}

$further
privacy: {min_raters: 5}

# Levels and grades are named in Chinese in the tables.
labels:
  优秀: {zh: 优秀, en: Excellent}
  合格: {zh: 合格, en: Qualified}
  基本合格: {zh: 基本合格, en: Barely qualified}
  不合格: {zh: 不合格, en: Unqualified}
  弃权: {zh: 弃权, en: Abstained}
  不了解: {zh: 不了解, en: Cannot judge}
$labels""")

CHANGES = Template("""\
# yaml-language-server: $$schema=../scheme.schema.json
# What changes in this round: each section replaces that of scheme.yaml as a whole.
$sources
$categories
$index""")

SOURCE_RULES = Template("""\
# Who rates. A member's own view is shown beside the others and counts for nothing.
sources:
  superior:
    label: {zh: 上级考核, en: Superiors}
    weight: 0.3
    scale: score
    attributed: true
    items:
      leader: {label: {zh: 分管领导, en: Leader in charge}, weight: 0.4}
      team: {label: {zh: 考核组, en: Assessment group}, weight: 0.6}
  peer:
    label: {zh: 支部党员民主评议, en: Peers in the branch}
    weight: $peer
    scale: vote
    trim: {drop: 1, above: 5} # with more than 5 raters, one highest and one lowest vote are dropped
  public: {label: {zh: 群众评价, en: The public}, weight: $public, scale: star, min: 3}
  self: {label: {zh: 自评, en: Self}, weight: 0, scale: vote, attributed: true}
""")

CATEGORY_RULES = Template("""\
# An override replaces a whole set of siblings.
categories:
  cadre:
    label: {zh: 党员领导干部, en: Leading cadres}
    sources: {superior: $cadre_superior, peer: 0.2, public: $public, self: 0}
    targets: {points: 90, index: 85, stars: 4}
  office:
    label: {zh: 机关和事业单位党员, en: Members in offices}
    targets: {points: 80, index: 80, stars: 3}
  farmer:
    label: {zh: 农村党员, en: Members in villages}
    indicators: {virtue: 0.25, ability: 0.15, diligence: 0.15, results: 0.35, integrity: 0.1}
    targets: {points: 70, index: 75, stars: 3}
  retired:
    label: {zh: 离退休党员, en: Retired members}
    sources: {superior: 0.2, peer: $retired_peer, public: $public, self: 0}
    index: {score: 0.6, points: 0.2, hours: 0.2} # nobody gives them tasks
    targets: {points: 80, index: 70, stars: 3}
  branch:
    label: {zh: 党支部, en: Branches}
    ratee: unit # nobody rates them; they have points, measures, satisfaction, and an index
    stars: {5: 87, 3: 76}
""")

# Weights, and the points that are full marks.
FIRST = {"peer": "0.4", "public": "0.3", "cadre_superior": "0.5", "retired_peer": "0.5", "points": "90"}
LATER = {"peer": "0.3", "public": "0.4", "cadre_superior": "0.4", "retired_peer": "0.4", "points": "110"}


def schemes_of(rounds: Sequence[str]) -> dict[str, str]:
    """Texts of the schemes by file name; the second round brings the change, later ones keep it."""
    turns = halves(rounds)
    changed = f"scheme-{rounds[1]}.yaml" if len(rounds) > 1 else ""
    years = sorted(label[:4] for label in rounds if label.endswith("H2") and f"{label[:4]}H1" in rounds)
    first, later = _sections(FIRST), _sections(LATER)
    year = turns[0].start.year
    days = {"first": turns[0].start, "second": [*turns, *halves([f"{year}H2"])][1].start}
    stars, targets = STAR_RULES.substitute(hours=20), TARGETS.substitute(days)
    further = FURTHER.substitute(index=first["index"], stars=stars, targets=targets, campaign=f"{year}-06")
    lines = "".join([*_rounds(turns, changed), *map(_combination, years)])
    text = SCHEME.substitute(first, rounds=lines, further=further, labels=FURTHER_LABELS)
    schemes = {"scheme.yaml": text, **({changed: CHANGES.substitute(later)} if changed else {})}
    return schemes | {f"scheme-{year}.yaml": YEAR.substitute(stars=STAR_RULES.substitute(hours=45)) for year in years}


def _sections(values: Mapping[str, str]) -> dict[str, str]:
    templates = {"sources": SOURCE_RULES, "categories": CATEGORY_RULES, "index": INDEX_RULES}
    return {name: template.substitute(values) for name, template in templates.items()}


def _rounds(turns: Sequence[Half], changed: str) -> Iterator[str]:
    for place, turn in enumerate(turns):
        days = f"from: {turn.start}, to: {turn.end}, due: {turn.due}, feedback: {turn.feedback}"
        yield f"  {turn.label}: {{{days}{f', scheme: {changed}' if place else ''}}}\n"


def _combination(year: str) -> str:
    return f'  "{year}": {{combine: {{{year}H1: 0.4, {year}H2: 0.6}}, scheme: scheme-{year}.yaml}}\n'

"""A study whose truth is known: a made-up town, what its members are worth, and what raters say of them.

Every member has a true quality per indicator. A rater sees it through a severity of his own, a halo (his view of a
ratee moves all indicators together) and noise, and then ticks the nearest answer of his scale. What a cell would show
with endlessly many raters is therefore known exactly, and stands in `Simulated.truth`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

# ---------------------------------------------------------------------------------------------------------- people

RARE = "垚镕喆堃赟珺玥昇旸祎"
"""Characters that fonts and old encodings lack."""
SURNAMES = (
    *"王李张刘陈杨赵黄周吴徐孙胡朱郭何罗梁宋郑谢韩唐冯董萧曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴钟汪田姜范姚谭",
    *"廖邹熊陆郝孔崔康毛邱秦顾侯邵孟钱汤尹黎武乔贺赖龚",
    *("欧阳", "上官", "司徒", "慕容"),
)
# No character of FIRST is a surname or rare: so no name of two characters lies within a longer one.
FIRST = "建志国晓海春秀玉桂德俊永家立红丽雪宏振学兴明少子思雅佳嘉新正天庆世素美瑞泽慧淑凤"
SECOND = "华军平芳英强兰霞斌涛辉鹏娟敏静磊杰勇伟梅玲萍峰宁波林生民才福仁义信成东云珍琴莲荣安祥" + RARE

TOWN = "青溪镇党委"
ROOT = "P00"
BRANCHES = (
    ("机关第一党支部", "office", "机关"),
    ("机关第二党支部", "office", "机关"),
    ("离退休干部党支部", "retired", "离退休"),
    ("柳林村党支部", "farmer", "农业"),
    ("枫桥村党支部", "farmer", "农业"),
    ("中心小学党支部", "office", "教育"),
    ("镇卫生院党支部", "office", "卫生"),
    ("槐树村党支部", "farmer", "农业"),
    ("芦花村党支部", "farmer", "农业"),
    ("东门社区党支部", "office", "社区"),
    ("农机站党支部", "office", "农业服务"),
    ("杏花村党支部", "farmer", "农业"),
)
"""Name, category of most members, and industry of the first branches; any further ones are named after places."""
PLACES = tuple(
    a + b
    for b in "河湾坪岭桥塘沟堡寨屯庄坡井泉岗埠浦洲渡店"
    for a in "上下东西南北前后大小新老青红金长高双三四五七九石沙"
)
KINDS = (
    ("村党支部", "farmer", "农业"),
    ("社区党支部", "office", "社区"),
    ("小学党支部", "office", "教育"),
    ("离退休党支部", "retired", "离退休"),
)

BALLOTS, SILENT, DUAL = 4, 1, 2
"""Branches that counts its peers' votes on paper, holds a member without ratings, and one with two posts."""
TIED = (0, 5, 6, 7, 9)
"""Branches with two members whose ratings agree in everything."""
CADRES, PENSIONERS = 3, 0.08
"""Cadres of every branch, and the share of its other members who are retired."""
LAPSED = 0.05
"""Share of the members who fall far behind; without them the lowest grades would stay empty."""
SMALLEST = 0.55
"""Size of the last branch, where a usual one is 0.6-1.6."""
FEWEST = 10
"""Members per branch, at least, on average."""
LARGEST, GROUP = 50, 12
"""Above the one, a branch votes in groups of about the other (党小组)."""

# ------------------------------------------------------------------------------------------------- scales and sources


@dataclass(frozen=True)
class _Scale:
    """Answers from the lowest up, their points, and the views at which one gives way to the next."""

    answers: tuple[str, ...]
    points: tuple[float, ...]
    cuts: tuple[float, ...]


@dataclass(frozen=True)
class _Source:
    """Who rates: how much higher than the truth, how widely about it, and how often without an answer."""

    name: str
    scale: _Scale
    bias: float
    spread: float
    abstains: float = 0.0
    skips: float = 0.015
    asked: int = 6


VOTE = _Scale(("不合格", "基本合格", "合格", "优秀"), (0, 60, 80, 100), (52, 66, 81))
STAR = _Scale(tuple("12345"), (0, 25, 50, 75, 100), (12.5, 37.5, 62.5, 87.5))
SCORE = _Scale(tuple(map(str, range(101))), tuple(range(101)), tuple(k + 0.5 for k in range(100)))
BLANK = ("弃权", "不了解")
VALUES = (*SCORE.answers, *VOTE.answers, *BLANK)
"""Every answer there is: the code of an answer is its place here (stars share theirs with the scores 1 to 5)."""

INDICATORS = ("virtue", "ability", "diligence", "delivery", "service", "integrity")
"""The last is not asked of the public."""
SOURCES = (
    _Source("leader", SCORE, bias=0, spread=5, skips=0.005),
    _Source("team", SCORE, bias=-1, spread=6),
    _Source("peer", VOTE, bias=1, spread=11, abstains=0.04),
    _Source("public", STAR, bias=-10, spread=18, asked=5),
    _Source("self", VOTE, bias=4, spread=7, skips=0),
)
# Shares of a rater's error variance; what two indicators share, severity and halo, makes their correlation .7.
SEVERITY, HALO, NOISE = 0.2, 0.5, 0.3
ATTENDS, TICKS = 0.9, 0.95
"""Share of the peers who come to the meeting, and of the ratees whom one who came rates."""
TEAM = 3
PUBLIC, FEW = (8, 20), (2, 4)
"""Members of the public who rate a member, from and to; in the smallest branch."""
UNSEEN = 0.05
"""Share of the ratees whom the public does not rate."""
RATED_BY_ONE = 3
"""Members whom one of the public rates, at most."""
PEOPLE_SERVED = 25
"""The public of a branch, per member."""

# --------------------------------------------------------------------------------------------------------- the scheme

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
first: indicator # indicators within a source, then the sources
missing: {rule: renormalise, min_coverage: 0.5}
grades:
  bands: {优秀: 85, 合格: 70, 基本合格: 60, 不合格: 0}
  quota: {优秀: {max: 1/3, within: unit}}
privacy: {min_raters: 5}

# Levels and grades are named in Chinese in the tables.
labels:
  优秀: {zh: 优秀, en: Excellent}
  合格: {zh: 合格, en: Qualified}
  基本合格: {zh: 基本合格, en: Barely qualified}
  不合格: {zh: 不合格, en: Unqualified}
  弃权: {zh: 弃权, en: Abstained}
  不了解: {zh: 不了解, en: Cannot judge}
""")

CHANGES = Template("""\
# yaml-language-server: $$schema=../scheme.schema.json
# What changes in this round: each section replaces that of scheme.yaml as a whole.
$sources
$categories""")

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
    targets: {points: 60, index: 75, stars: 3}
  retired:
    label: {zh: 离退休党员, en: Retired members}
    sources: {superior: 0.2, peer: $retired_peer, public: $public, self: 0}
    targets: {points: 50, index: 70, stars: 3}
""")

FIRST_WEIGHTS = {"peer": "0.4", "public": "0.3", "cadre_superior": "0.5", "retired_peer": "0.5"}
LATER_WEIGHTS = {"peer": "0.3", "public": "0.4", "cadre_superior": "0.4", "retired_peer": "0.4"}


@dataclass(frozen=True, eq=False)
class Simulated:
    """A study and its truth.

    Attributes
    ----------
    scheme : str
        Text of scheme.yaml.
    more_schemes : mapping of str to str
        Name and text of the files that hold what changes in later rounds.
    tables : mapping of str to DataFrame
        The tables of the study by name: units, members, posts, ratings, ballots, turnout.
    truth : DataFrame
        Columns round, ratee_id, source, indicator, expected: the expected score (0-100) of one rating in that cell,
        over all raters who might have given it.
    """

    scheme: str
    more_schemes: Mapping[str, str]
    tables: Mapping[str, pd.DataFrame]
    truth: pd.DataFrame


@dataclass(frozen=True, eq=False)
class _Town:
    """Who there is.

    `people` has a row per member, branch by branch; `ratees` one for everyone who is rated, a post or a member, whose
    place among the people is `member`. Branches and circles (who votes with whom) are numbered.
    """

    units: pd.DataFrame
    people: pd.DataFrame
    posts: pd.DataFrame
    ratees: pd.DataFrame

    @property
    def branches(self) -> int:
        return len(self.units) - 1


@dataclass(frozen=True, eq=False)
class _Block:
    """What one source says in one round: a row per pair of ratee and rater, a column of answers per indicator.

    `raters` are pseudonyms in order, `rater` a place among them; `answers` are places in `VALUES`, -1 where not ticked.
    """

    turn: int
    source: int
    ratee: Ints
    rater: Ints
    raters: Ints
    answers: NDArray[np.int16]

    def where(self, keep: NDArray[np.bool_]) -> _Block:
        return _Block(self.turn, self.source, self.ratee[keep], self.rater[keep], self.raters, self.answers[keep])


def simulate(
    *, units: int = 12, members: int = 240, rounds: Sequence[str] = ("2026H1", "2026H2"), seed: int = 2026
) -> Simulated:
    """Make up a study.

    Parameters
    ----------
    units : int
        Number of branches; the committee above them comes on top.
    members : int
        Number of members, at least 10 per branch.
    rounds : sequence of str
        Half-years such as 2026H1; where a year has both, they are also combined.
    seed : int
        Same seed, same study.

    Returns
    -------
    Simulated
        The study. The text columns of its ratings are categorical.

    Raises
    ------
    ValueError
        If there are too few members, too many branches, or rounds that are not half-years.
    """
    most = len(BRANCHES) + len(PLACES) * len(KINDS)
    if not 1 <= units <= most:
        raise ValueError(f"units: {units}, must be from 1 to {most}")
    if members < FEWEST * units:
        raise ValueError(f"members: {members}, must be at least {FEWEST} per unit, here {FEWEST * units}")
    schemes = _schemes(rounds)
    rng = np.random.default_rng(seed)
    town = _town(units, members, rng)
    quality = _quality(town, len(rounds), rng)
    twins = _twins(town, quality)
    for one, other in twins:
        quality[:, other] = quality[:, one]
    # Each source of each round has a stream of its own, so that a change in one leaves the others as they were.
    blocks = [
        _block(town, quality[turn], twins, turn=turn, source=source, label=label, seed=seed)
        for turn, label in enumerate(rounds)
        for source in range(len(SOURCES))
    ]
    members_table = town.people[["member_id", "name", "unit_id", "category", "exempt", "role"]]
    tables = {"units": town.units, "members": members_table, "posts": town.posts, **_counts(town, blocks, rounds, rng)}
    return Simulated(schemes.pop("scheme.yaml"), schemes, tables, _truth(town, quality, rounds))


def write(simulated: Simulated, folder: str | Path, *, truth: bool = False) -> None:
    """Write a study folder, with truth.csv beside the tables if asked."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {"scheme.yaml": simulated.scheme, **simulated.more_schemes}.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    for name, table in {**simulated.tables, **({"truth": simulated.truth} if truth else {})}.items():
        table.to_csv(folder / f"{name}.csv", index=False, encoding="utf-8", lineterminator="\n")


# ---------------------------------------------------------------------------------------------------------- the rules


def _schemes(rounds: Sequence[str]) -> dict[str, str]:
    """Texts of the schemes by file name; the second round brings the change, later ones keep it."""
    if not rounds or len(set(rounds)) < len(rounds) or not all(re.fullmatch(r"\d{4}H[12]", label) for label in rounds):
        raise ValueError(f"rounds: {', '.join(rounds)}, must be different half-years such as 2026H1")
    changed = f"scheme-{rounds[1]}.yaml" if len(rounds) > 1 else ""
    lines = []
    for place, label in enumerate(rounds):
        year, half = label[:4], label[4:]
        days = f"from: {year}-01-01, to: {year}-06-30" if half == "H1" else f"from: {year}-07-01, to: {year}-12-31"
        lines.append(f"  {label}: {{{days}{f', scheme: {changed}' if place else ''}}}\n")
    years = [label[:4] for label in rounds if label.endswith("H2") and f"{label[:4]}H1" in rounds]
    lines += [f'  "{year}": {{combine: {{{year}H1: 0.4, {year}H2: 0.6}}}}\n' for year in sorted(years)]

    def sections(weights: Mapping[str, str]) -> dict[str, str]:
        return {"sources": SOURCE_RULES.substitute(weights), "categories": CATEGORY_RULES.substitute(weights)}

    schemes = {"scheme.yaml": SCHEME.substitute(sections(FIRST_WEIGHTS), rounds="".join(lines))}
    if changed:
        schemes[changed] = CHANGES.substitute(sections(LATER_WEIGHTS))
    return schemes


# --------------------------------------------------------------------------------------------------------- the people


def _town(units: int, members: int, rng: Generator) -> _Town:
    branches = _branches(units)
    table = pd.DataFrame(
        {
            "unit_id": [ROOT, *branches["unit_id"]],
            "name": [TOWN, *branches["name"]],
            "parent_id": ["", *[ROOT] * units],
            "industry": ["", *branches["industry"]],
        }
    )
    people = _people(branches, members, rng)
    dual = int(np.flatnonzero(people["branch"] == DUAL % units)[1])
    homes = [DUAL % units, (DUAL + 1) % units]
    posts = pd.DataFrame(
        {
            "post_id": ["POST1", "POST2"],
            "member_id": people["member_id"].iloc[[dual, dual]].to_list(),
            "unit_id": branches["unit_id"].iloc[homes].to_list(),
            "category": ["cadre", "office"],
            "from": "2024-03-01",
            "to": "",
            "share": [0.6, 0.4],
        }
    )
    columns = ["ratee_id", "member", "branch", "circle", "silent"]
    rated = people.assign(ratee_id=people["member_id"], member=np.arange(members))
    held = pd.DataFrame({"ratee_id": posts["post_id"], "member": dual, "branch": homes, "silent": False})
    held["circle"] = [int(people.loc[people["branch"] == branch, "circle"].iloc[0]) for branch in homes]
    rated = rated[(rated["exempt"] == "") & (rated["member"] != dual)]
    return _Town(table, people, posts, pd.concat([rated[columns], held[columns]], ignore_index=True))


def _branches(units: int) -> pd.DataFrame:
    named = list(BRANCHES[:units])
    for extra in range(units - len(named)):
        place, (suffix, category, industry) = PLACES[extra // len(KINDS)], KINDS[extra % len(KINDS)]
        named.append((place + suffix, category, industry))
    width = max(2, len(str(units)))
    ids = [f"B{number:0{width}}" for number in range(1, units + 1)]
    return pd.DataFrame(named, columns=["name", "category", "industry"]).assign(unit_id=ids)


def _people(branches: pd.DataFrame, members: int, rng: Generator) -> pd.DataFrame:
    """The members, branch by branch: first the secretary and two committee members, then the others."""
    size = rng.uniform(0.6, 1.6, len(branches))
    size[-1] = SMALLEST
    ends = np.round(np.cumsum(size) / size.sum() * members).astype(np.int64)
    branch, place = _runs(np.diff(ends, prepend=0))
    office = np.where(rng.random(members) < PENSIONERS, "retired", branches["category"].to_numpy(dtype=object)[branch])
    category = np.where(place < CADRES, "cadre", office)
    silent = np.zeros(members, dtype=bool)
    silent[np.flatnonzero(branch == SILENT % len(branches))[-1]] = True
    exempt = np.full(members, "", dtype=object)
    exempt[np.flatnonzero((category == "retired") & ~silent)[:2]] = "rating"
    width = max(4, len(str(members)))
    return pd.DataFrame(
        {
            "member_id": [f"M{number:0{width}}" for number in range(1, members + 1)],
            "name": _names(members, rng),
            "unit_id": branches["unit_id"].to_numpy()[branch],
            "category": category,
            "exempt": exempt,
            "role": np.select([place == 0, place < CADRES], ["书记", "委员"], "党员"),
            "branch": branch,
            "circle": _circles(branch, place),
            "silent": silent,
        }
    )


def _circles(branch: Ints, place: Ints) -> Ints:
    """Number of the circle in which each member votes: his branch, or his group where the branch is large."""
    size = np.bincount(branch)[branch]
    groups = np.where(size > LARGEST, -(-size // GROUP), 1)
    group = place * groups // size
    return np.cumsum((np.diff(branch, prepend=0) != 0) | (np.diff(group, prepend=0) != 0)).astype(np.int64)


def _names(members: int, rng: Generator) -> list[str]:
    """Names that are all different as long as there are enough, one in eight with a rare given name."""
    short = [surname + given for surname in SURNAMES for given in RARE]
    names = [short[choice] for choice in rng.permutation(len(short))[: members // 8]]
    choices = rng.permutation(len(SURNAMES) * len(FIRST) * len(SECOND))
    for choice in choices[np.arange(members - len(names)) % len(choices)]:
        surname, given = divmod(int(choice), len(FIRST) * len(SECOND))
        names.append(SURNAMES[surname] + FIRST[given // len(SECOND)] + SECOND[given % len(SECOND)])
    return [names[place] for place in rng.permutation(members)]


def _quality(town: _Town, rounds: int, rng: Generator) -> Floats:
    """True quality (0-100) by round, member and indicator."""
    people, kinds = len(town.people), len(INDICATORS)
    general = rng.normal(81.8, 5, people) + 1.5 * (town.people["category"] == "cadre").to_numpy()
    general -= np.where(rng.random(people) > 1 - LAPSED, 8 + rng.exponential(7, people), 0)
    branch = rng.normal(0, 2.5, town.branches)[town.people["branch"].to_numpy()]
    specific = rng.normal(0, 3, (people, kinds)) + np.array([1, 0, 0.5, -0.5, -1.5, 2])
    growth = rng.normal(1, 1, people)[None, :, None] * np.arange(rounds)[:, None, None]
    quality: Floats = (general + branch)[None, :, None] + specific[None] + growth
    return quality


def _twins(town: _Town, quality: Floats) -> list[tuple[int, int]]:
    """Pairs of members about a third of the way down in some branches, where a quota of 1/3 would part them."""
    twins = []
    category = town.people["category"].to_numpy()
    for branch in TIED:
        ratees = town.ratees[(town.ratees["branch"] == branch) & ~town.ratees["silent"]]
        members = ratees["member"].to_numpy()
        members = members[np.argsort(-quality[:, members].mean(axis=(0, 2)), kind="stable")]
        third = len(members) // 3
        alike = [int(member) for member in members[max(third - 1, 0) :] if category[member] != "cadre"]
        pairs = [pair for pair in pairwise(alike) if category[pair[0]] == category[pair[1]]]
        twins += pairs[:1]
    return twins


# -------------------------------------------------------------------------------------------------------- the ratings


def _runs(counts: Ints) -> tuple[Ints, Ints]:
    """For each of `counts` things: which it belongs to, and its place there."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)


def _block(
    town: _Town, quality: Floats, twins: list[tuple[int, int]], *, turn: int, source: int, label: str, seed: int
) -> _Block:
    """Draw what one source says in one round."""
    rng = np.random.default_rng([seed, turn, source])
    ratee, person = _pairs(town, SOURCES[source], rng)
    rated = ~town.ratees["silent"].to_numpy()[ratee]
    ratee, person = ratee[rated], person[rated]
    member = town.ratees["member"].to_numpy()
    answers = _answers(quality[member[ratee]], person, SOURCES[source], rng)
    keep = _tie(ratee, answers, [(_place(member, one), _place(member, other)) for one, other in twins])
    ratee, person, answers = ratee[keep], person[keep], answers[keep]
    persons, place = np.unique(person, return_inverse=True)
    raters, order = np.unique(_pseudonyms(persons, f"{label} {SOURCES[source].name}", seed=seed), return_inverse=True)
    rater = order[place]
    # Sorted by pseudonym, the order of the rows says nothing of who a rater is.
    rows = np.lexsort((rater, ratee))
    return _Block(turn, source, ratee[rows], rater[rows], raters, answers[rows])


def _place(values: Ints, value: int) -> int:
    return int(np.flatnonzero(values == value)[0])


def _pairs(town: _Town, source: _Source, rng: Generator) -> tuple[Ints, Ints]:
    """Who is rated by whom: places among the ratees, and a number for each rater."""
    branch = town.ratees["branch"].to_numpy()
    everyone = np.arange(len(branch))
    match source.name:
        case "leader":
            return everyone, branch
        case "team":
            ratee, place = _runs(np.full(len(branch), TEAM))
            return ratee, branch[ratee] * TEAM + place
        case "peer":
            return _peers(town, rng)
        case "public":
            return _public(branch, town.branches, rng)
        case _:
            return everyone, everyone


def _peers(town: _Town, rng: Generator) -> tuple[Ints, Ints]:
    """Every member of a circle rates every other one."""
    size = np.bincount(town.people["circle"])
    circle = town.ratees["circle"].to_numpy()
    ratee, place = _runs(size[circle])
    person = (np.cumsum(size) - size)[circle[ratee]] + place
    ticks = rng.random(len(person)) < TICKS
    present = rng.random(len(town.people)) < ATTENDS
    keep = present[person] & ticks & (person != town.ratees["member"].to_numpy()[ratee])
    return ratee[keep], person[keep]


def _public(branch: Ints, branches: int, rng: Generator) -> tuple[Ints, Ints]:
    """Each ratee is rated by some of the public, each of whom rates one to three in the branch.

    In the last branch there are only as many raters as one ratee needs, and they rate everyone.
    """
    few = (branch == branches - 1) & (branches > 1)
    counts = np.where(few, _between(FEW, len(branch), rng), _between(PUBLIC, len(branch), rng))
    counts[(rng.random(len(branch)) < UNSEEN) & ~few] = 0
    ratee, place = _runs(counts)
    # The first rating of everyone in a branch, in random order, then the second, ...: neighbours are different ratees.
    order = np.lexsort((rng.random(len(ratee)), place, branch[ratee]))
    ratee, place = ratee[order], place[order]
    starts = (np.diff(branch[ratee], prepend=-1) != 0) | (np.diff(place, prepend=-1) != 0)
    turns = np.zeros(len(ratee), dtype=bool)
    ends = np.cumsum(_between((1, RATED_BY_ONE), len(ratee), rng))
    turns[ends[ends < len(ratee)]] = True
    return ratee, np.cumsum(starts | (turns & ~few[ratee]))


def _between(ends: tuple[int, int], count: int, rng: Generator) -> Ints:
    return rng.integers(ends[0], ends[1], count, endpoint=True)


def _answers(quality: Floats, person: Ints, source: _Source, rng: Generator) -> NDArray[np.int16]:
    """What each rater (row) ticks on each indicator that his source is asked."""
    view = quality[:, : source.asked]
    error = np.sqrt(NOISE) * rng.standard_normal(view.shape)
    error += np.sqrt(HALO) * rng.standard_normal(len(view))[:, None]
    error += np.sqrt(SEVERITY) * rng.standard_normal(int(person.max(initial=0)) + 1)[person][:, None]
    view = view + source.bias + source.spread * error
    answers = _tick(view, source.scale)
    blank = rng.random(answers.shape)
    for answer, share in zip(BLANK, (source.abstains, source.abstains / 2), strict=True):
        answers[blank > 1 - share] = VALUES.index(answer)
    answers[blank < source.skips] = -1
    return answers


def _tick(view: Floats, scale: _Scale) -> NDArray[np.int16]:
    """The answer nearest to a view, as its place in `VALUES`."""
    return (VALUES.index(scale.answers[0]) + np.searchsorted(scale.cuts, view, side="right")).astype(np.int16)


def _tie(ratee: Ints, answers: NDArray[np.int16], twins: list[tuple[int, int]]) -> NDArray[np.bool_]:
    """Give the second of each two ratees the answers of the first; mark the rows that are left of either."""
    keep = np.ones(len(ratee), dtype=bool)
    for one, other in twins:
        ones, others = np.flatnonzero(ratee == one), np.flatnonzero(ratee == other)
        shared = min(len(ones), len(others))
        answers[others[:shared]] = answers[ones[:shared]]
        keep[ones[shared:]] = keep[others[shared:]] = False
    return keep


def _pseudonyms(persons: Ints, context: str, *, seed: int) -> Ints:
    """Keyed pseudonyms of 48 bits that differ from round to round and from source to source."""
    key = hashlib.sha256(f"simulated raters {seed}".encode()).digest()
    digests = (hashlib.blake2b(f"{context} {person}".encode(), key=key, digest_size=6) for person in persons)
    return np.array([int.from_bytes(digest.digest()) for digest in digests], dtype=np.int64)


# --------------------------------------------------------------------------------------------------------- the tables


def _counts(town: _Town, blocks: list[_Block], rounds: Sequence[str], rng: Generator) -> dict[str, pd.DataFrame]:
    """The tables of ratings, ballots and turnout."""
    paper = (town.ratees["branch"] == BALLOTS).to_numpy()
    peer = [block for block in blocks if SOURCES[block.source].name == "peer"]
    single = [block.where(~paper[block.ratee]) if block in peer else block for block in blocks]
    turnout = [_turnout(town, block, rounds[block.turn], rng) for block in blocks]
    return {
        "ratings": _ratings(town, single, rounds),
        "ballots": _ballots(town, [block.where(paper[block.ratee]) for block in peer], rounds),
        "turnout": pd.concat(turnout, ignore_index=True),
    }


def _ratings(town: _Town, blocks: list[_Block], rounds: Sequence[str]) -> pd.DataFrame:
    raters = np.unique(np.concatenate([block.raters for block in blocks]))

    def column(categories: Sequence[str], parts: list[NDArray[np.integer]]) -> pd.Categorical[str]:
        return pd.Categorical.from_codes(np.concatenate(parts), categories=pd.Index(categories))

    def rater(block: _Block) -> NDArray[np.int32]:
        named = SOURCES[block.source].name != "self"
        places = np.searchsorted(raters, block.raters) if named else np.full(len(block.raters), -1)
        return np.repeat(places[block.rater].astype(np.int32), block.answers.shape[1])

    names = [source.name for source in SOURCES]
    shapes = [block.answers.shape for block in blocks]
    return pd.DataFrame(
        {
            "round": column(rounds, [np.full(b.answers.size, b.turn, np.int8) for b in blocks]),
            "ratee_id": column(
                list(town.ratees["ratee_id"]), [np.repeat(b.ratee.astype(np.int32), b.answers.shape[1]) for b in blocks]
            ),
            "source": column(names, [np.full(b.answers.size, b.source, np.int8) for b in blocks]),
            "rater_id": column([f"{number:012x}" for number in raters], [rater(block) for block in blocks]),
            "indicator": column(INDICATORS, [np.tile(np.arange(asked, dtype=np.int8), rows) for rows, asked in shapes]),
            "value": column(VALUES, [block.answers.ravel() for block in blocks]),
        }
    )


def _ballots(town: _Town, blocks: list[_Block], rounds: Sequence[str]) -> pd.DataFrame:
    """Counts of the answers in each cell, as they lie on the table."""
    columns = [*reversed(VOTE.answers), *BLANK]
    codes = [VALUES.index(answer) for answer in columns]
    tables = []
    for block in blocks:
        ratees = np.unique(block.ratee)
        cells = np.searchsorted(ratees, block.ratee)
        counts = np.zeros((len(ratees), len(INDICATORS), len(columns)), dtype=np.int64)
        for place, code in enumerate(codes):
            np.add.at(counts[:, :, place], cells, block.answers == code)
        ratee_ids = town.ratees["ratee_id"].to_numpy()[ratees]
        keys = pd.MultiIndex.from_product([[rounds[block.turn]], ratee_ids, ["peer"], INDICATORS])
        keys.names = ["round", "ratee_id", "source", "indicator"]
        tables.append(pd.DataFrame(counts.reshape(-1, len(columns)), keys, columns).reset_index())
    return pd.concat(tables, ignore_index=True)


def _turnout(town: _Town, block: _Block, label: str, rng: Generator) -> pd.DataFrame:
    """Forms by branch; and by ratee where who may rate depends on who is rated."""
    name = SOURCES[block.source].name
    ratees, branch = town.ratees, town.ratees["branch"].to_numpy()
    raters = pd.DataFrame({"branch": branch[block.ratee], "rater": block.rater}).drop_duplicates()
    valid = np.bincount(raters["branch"], minlength=town.branches)
    size = np.bincount(town.people["branch"])
    asked = np.bincount(branch, minlength=town.branches)
    ones = np.ones(town.branches, dtype=np.int64)
    eligible = {"leader": ones, "team": TEAM * ones, "peer": size, "public": PEOPLE_SERVED * size, "self": asked}[name]
    if name == "public":
        returned = valid + rng.binomial(valid, 0.03)
        issued = np.minimum(eligible, returned + rng.binomial(returned, 0.25))
    else:
        returned = valid + rng.binomial(eligible - valid, 0.3)
        issued = eligible
    forms = {"eligible": eligible, "issued": issued, "returned": returned, "valid": valid}
    table = pd.DataFrame({"unit_id": town.units["unit_id"].iloc[1:].to_numpy(), **forms, "ratee_id": ""})
    if name in {"peer", "leader"}:
        # Nobody votes on himself; whoever holds a second post is no member of that branch, so all of it may rate him.
        circle = ratees["circle"].to_numpy()
        home = town.people["circle"].to_numpy()[ratees["member"]] == circle
        may = np.bincount(town.people["circle"])[circle] - home if name == "peer" else np.ones(len(ratees), np.int64)
        count = np.bincount(block.ratee, minlength=len(ratees))
        forms = {"eligible": may, "issued": may, "returned": count, "valid": count}
        own = pd.DataFrame({"unit_id": table["unit_id"].to_numpy()[branch], **forms, "ratee_id": ratees["ratee_id"]})
        table = pd.concat([table, own], ignore_index=True)
    table.insert(0, "round", label)
    table.insert(2, "source", name)
    return table


# ---------------------------------------------------------------------------------------------------------- the truth


def _expected(view: Floats, scale: _Scale, spread: float) -> Floats:
    """Expected points of an answer whose view is normal about `view`: each cut passed adds the points between."""
    expected = np.full(view.shape, float(scale.points[0]))
    for cut, step in zip(scale.cuts, np.diff(scale.points), strict=True):
        expected += step * ndtr((view - cut) / spread)
    return expected


def _truth(town: _Town, quality: Floats, rounds: Sequence[str]) -> pd.DataFrame:
    parts = []
    for turn, label in enumerate(rounds):
        own = quality[turn][town.ratees["member"].to_numpy()]
        for source in SOURCES:
            expected = _expected(own[:, : source.asked] + source.bias, source.scale, source.spread)
            keys = pd.MultiIndex.from_product(
                [[label], town.ratees["ratee_id"], [source.name], INDICATORS[: source.asked]]
            )
            keys.names = ["round", "ratee_id", "source", "indicator"]
            parts.append(pd.DataFrame({"expected": expected.ravel()}, keys).reset_index())
    return pd.concat(parts, ignore_index=True)

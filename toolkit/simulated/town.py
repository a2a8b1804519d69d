"""Who there is in a made-up town: a committee, its branches, and members with names, offices and posts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

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
FEWEST = 4
"""Members per branch, at least, on average."""
LARGEST, GROUP = 50, 12
"""Above the one, a branch votes in groups of about the other (党小组)."""


@dataclass(frozen=True, eq=False)
class Town:
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
        """Number of branches; the committee above them is not one."""
        return len(self.units) - 1


def make_town(units: int, members: int, rng: Generator) -> Town:
    """Make up a town of `units` branches and `members` members."""
    branches = _branches(units)
    table = pd.DataFrame(
        {
            "unit_id": [ROOT, *branches["unit_id"]],
            "name": [TOWN, *branches["name"]],
            "parent_id": ["", *[ROOT] * units],
            "industry": ["", *branches["industry"]],
            "category": ["", *["branch"] * units],
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
    rated = rated[~rated["exempt"].str.contains("rating") & (rated["member"] != dual)]
    return Town(table, people, posts, pd.concat([rated[columns], held[columns]], ignore_index=True))


def _branches(units: int) -> pd.DataFrame:
    named = list(BRANCHES[:units])
    for extra in range(units - len(named)):
        place, (suffix, category, industry) = extra // len(KINDS), KINDS[extra % len(KINDS)]
        again, place = divmod(place, len(PLACES))  # where there are no more places they are numbered
        named.append((PLACES[place] + (f"第{again + 1}" if again else "") + suffix, category, industry))
    width = max(2, len(str(units)))
    ids = [f"B{number:0{width}}" for number in range(1, units + 1)]
    return pd.DataFrame(named, columns=["name", "category", "industry"]).assign(unit_id=ids)


def _people(branches: pd.DataFrame, members: int, rng: Generator) -> pd.DataFrame:
    """The members, branch by branch: first the secretary and two committee members, then the others."""
    size = rng.uniform(0.6, 1.6, len(branches))
    size[-1] = SMALLEST
    ends = np.round(np.cumsum(size) / size.sum() * members).astype(np.int64)
    branch, place = runs(np.diff(ends, prepend=0))
    office = np.where(rng.random(members) < PENSIONERS, "retired", branches["category"].to_numpy(dtype=object)[branch])
    category = np.where(place < CADRES, "cadre", office)
    silent = np.zeros(members, dtype=bool)
    silent[np.flatnonzero(branch == SILENT % len(branches))[-1]] = True
    exempt = np.full(members, "", dtype=object)
    old = np.flatnonzero((category == "retired") & ~silent)[:2]
    exempt[old] = ["rating", "rating|satisfaction"][: len(old)]
    exempt[CADRES - 1] = "satisfaction"  # he has only just taken office
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


def runs(counts: Ints) -> tuple[Ints, Ints]:
    """For each of `counts` things: which it belongs to, and its place there."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)

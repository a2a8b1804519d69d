"""A small study of two branches in which four sources rate, each on a scale of its own."""

import numpy as np
import pandas as pd
import pytest

SCHEME = """\
title: {zh: 民主评议, en: Appraisal}
rounds:
  2026H1: {from: 2026-01-01, to: 2026-06-30}
  2026H2: {from: 2026-07-01, to: 2026-12-31}
scales:
  vote: {levels: {优秀: 100, 合格: 80, 基本合格: 60, 不合格: 0}, codes: {4: 优秀, 3: 合格}, blank: [弃权]}
  star: {low: 1, high: 5}
  ten: {low: 0, high: 10}
  score: {low: 0, high: 100}
sources:
  superior: {label: 上级考核, weight: 0.3, scale: score, attributed: true}
  peer: {label: 党员互评, weight: 0.3, scale: vote}
  client: {label: 服务对象, weight: 0.2, scale: ten}
  public: {label: {zh: 群众评价, en: The public}, weight: 0.2, scale: star}
  self: {label: 自评, weight: 0, scale: vote, attributed: true}
indicators:
  virtue: {label: {zh: 德, en: Virtue}, weight: 0.5}
  results: {weight: 0.5, items: {delivery: {label: 任务完成, weight: 0.6}, service: {label: 服务群众, weight: 0.4}}}
  integrity: {label: 廉, weight: 0, sources: [superior, peer, self]}
categories:
  member: {}
  office: {ratee: unit}
labels: {优秀: {zh: 优秀, en: Excellent}, 合格: {zh: 合格, en: Qualified}, 弃权: {zh: 弃权, en: Abstained}}
"""
UNITS = "unit_id,name,parent_id,category\nP,镇党委,,\nB1,第一支部,P,\nB2,第二支部,P,office\n"
MEMBERS = """\
member_id,name,unit_id,category,exempt
M1,张三,B1,member,
M2,李四,B1,member,
M3,张三,B1,member,
M4,欧阳娜娜,B1,member,
党员-5,赵 五,B1,member,
M6,钱六,B1,member,rating
N1,孙七,B2,member,
N2,周八,B2,member,
"""
SCALES = {
    "superior": [0, 59.5, 73.25, 88, 100],
    "peer": ["优秀", "合格", "基本合格", "不合格", "弃权", ""],
    "client": [*range(11), ""],
    "public": [1, 2, 3, 4, 5, ""],
    "self": ["优秀", "合格", "弃权"],
}
ASKED = ["virtue", "delivery", "service", "integrity"]
RATEES = ["M1", "M2", "M3", "M4", "党员-5", "N1", "N2"]


def made_up(seed):
    """Ratings of a round: each rater leaves out some ratees; whom he rates he rates on everything that he is asked."""
    rng = np.random.default_rng(seed)
    rows = []
    for source, values in SCALES.items():
        asked = ASKED if source in {"superior", "peer", "self"} else ASKED[:3]
        for rater in range({"superior": 2, "self": 1}.get(source, 9)):
            for ratee in RATEES:
                ticked = [str(values[place]) for place in rng.integers(0, len(values), len(asked))]
                if rng.random() < 0.8 and any(ticked):
                    name = "" if source == "self" else f"old{source}{rater}"
                    rows += [
                        ("2026H2", ratee, source, name, indicator, value)
                        for indicator, value in zip(asked, ticked, strict=True)
                    ]
    return pd.DataFrame(rows, columns=["round", "ratee_id", "source", "rater_id", "indicator", "value"])


@pytest.fixture(scope="session")
def small_town(tmp_path_factory):
    """The folder of the study, and its ratings; nobody may write there."""
    folder = tmp_path_factory.mktemp("survey") / "town"
    folder.mkdir()
    for name, text in {"scheme.yaml": SCHEME, "units.csv": UNITS, "members.csv": MEMBERS}.items():
        (folder / name).write_text(text, encoding="utf-8")
    ratings = made_up(20260701)
    ratings.to_csv(folder / "ratings.csv", index=False)
    return folder, ratings


@pytest.fixture
def bare_town(small_town, tmp_path):
    """The same study without any ratings."""
    folder = tmp_path / "bare"
    folder.mkdir()
    for path in small_town[0].iterdir():
        if path.name != "ratings.csv":
            (folder / path.name).write_bytes(path.read_bytes())
    return folder

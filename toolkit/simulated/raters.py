"""Who rates in a made-up study, on which scale, and how far they are from the truth."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Answers from the lowest up, their points, and the views at which one gives way to the next."""

    answers: tuple[str, ...]
    points: tuple[float, ...]
    cuts: tuple[float, ...]


@dataclass(frozen=True)
class Source:
    """Who rates: how much higher than the truth, how widely about it, and how often without an answer."""

    name: str
    scale: Scale
    bias: float
    spread: float
    abstains: float = 0.0
    skips: float = 0.015
    asked: int = 6


VOTE = Scale(("不合格", "基本合格", "合格", "优秀"), (0, 60, 80, 100), (52, 66, 81))
STAR = Scale(tuple("12345"), (0, 25, 50, 75, 100), (12.5, 37.5, 62.5, 87.5))
SCORE = Scale(tuple(map(str, range(101))), tuple(range(101)), tuple(k + 0.5 for k in range(100)))
BLANK = ("弃权", "不了解")
VALUES = (*SCORE.answers, *VOTE.answers, *BLANK)
"""Every answer there is: the code of an answer is its place here (stars share theirs with the scores 1 to 5)."""

INDICATORS = ("virtue", "ability", "diligence", "delivery", "service", "integrity")
"""The last is not asked of the public."""
SOURCES = (
    Source("leader", SCORE, bias=0, spread=5, skips=0.005),
    Source("team", SCORE, bias=-1, spread=6),
    Source("peer", VOTE, bias=1, spread=11, abstains=0.04),
    Source("public", STAR, bias=-10, spread=18, asked=5),
    Source("self", VOTE, bias=4, spread=7, skips=0),
)

"""What is known of a platform's exports: which columns say who answered, and how headings and answers are set."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from toolkit.survey.questionnaire import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from toolkit.survey.questionnaire import Answers, Choice

BLANK = re.compile(r"(?<![0-9.])\s+|\s+(?![0-9.])")
"""Blanks, but those between digits: two numbers are not one."""
WHOLE = re.compile(r"([0-9]+)\.0+")
PERSONAL = (
    "ip", "openid", "unionid", "昵称", "nickname", "微信", "手机", "电话", "phone", "mobile", "身份证", "邮箱", "email",
    "用户标识", "地理位置", "location", "gps", "经度", "纬度", "latitude", "longitude", "省份", "城市", "姓名",
    "username", "submittedby", "submittername", "deviceid", "simserial", "subscriberid", "firstname", "lastname",
    "token",
)  # fmt: skip
"""What the heading of a column holds that may tell who somebody is, on whatever platform."""
SHORT = ("ip", "gps")
"""Marks that must be the whole heading or its end: `ip` ends 来自IP, and stands within `description`."""


def squeezed(answer: str) -> str:
    """An answer without blanks, in one width and case, 4.0 as 4: so it is compared. `1 0` stays what it is."""
    text = BLANK.sub("", unicodedata.normalize("NFKC", answer).casefold().strip())
    whole = WHOLE.fullmatch(text)
    return whole[1] if whole else text


def ticked(answers: Answers) -> dict[str, str]:
    """What an export may hold for each choice, its code, its label or its value, and what that is in ratings.csv."""
    return unambiguous(
        (text, choice) for choice in answers.choices for text in (choice.name, choice.label, choice.value)
    )


def unambiguous(pairs: Iterable[tuple[str, Choice]]) -> dict[str, str]:
    """Texts and the value that each stands for; what stands for two is left out, since nothing is guessed."""
    found: dict[str, set[str]] = {}
    for text, choice in pairs:
        found.setdefault(squeezed(text), set()).add(choice.value)
    return {text: next(iter(values)) for text, values in found.items() if len(values) == 1}


@dataclass(frozen=True)
class Platform:
    """How a platform exports answers.

    Attributes
    ----------
    title : str
        What people call it.
    ids : tuple of str
        Headings of what identifies a submission, the best first.
    about : tuple of str
        Headings of what else is said about a submission; left out.
    empty : tuple of str
        What a cell without an answer may hold, beside nothing.
    joins : str
        What stands between several answers.
    submitted : tuple of str
        Headings of a column that is blank where somebody left before the end.
    came, took, began, ended : tuple of str
        Headings of when a submission came in, how long it took, and from when to when it was filled in; the best first.
    bare : callable
        Heading -> the texts by which its question may be known.
    read : callable
        Answers -> what may stand in a cell, `squeezed`, and its value in ratings.csv.
    """

    title: str
    ids: tuple[str, ...]
    about: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    joins: str = ""
    submitted: tuple[str, ...] = ()
    came: tuple[str, ...] = ()
    took: tuple[str, ...] = ()
    began: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    bare: Callable[[str], list[str]] = field(default=lambda heading: [heading])
    read: Callable[[Answers], dict[str, str]] = ticked

    def is_personal(self, heading: str) -> bool:
        """Whether a column may tell who somebody is."""
        text = plain(heading)
        return any(text.endswith(mark) if mark in SHORT else mark in text for mark in PERSONAL)

    def says_about(self, heading: str) -> bool:
        """Whether a column is about the submission, not an answer."""
        return plain(heading) in self._known

    @cached_property
    def _known(self) -> frozenset[str]:
        times = (*self.submitted, *self.came, *self.took, *self.began, *self.ended)
        return frozenset(plain(name) for name in (*self.ids, *self.about, *times))

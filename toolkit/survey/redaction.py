"""What identifies a person is taken out of a text before anything is stored.

In doubt a text loses a word too many rather than a name too few: no count depends on the words that are lost.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Pattern(NamedTuple):
    """What is looked for: its kind, its form (a group `it` is what goes, else all), and what holds for it besides."""

    kind: str
    form: re.Pattern[str]
    holds: Callable[[str], bool] = lambda _: True


@dataclass(frozen=True)
class Redactor:
    """Takes names, numbers of telephones and identity cards, addresses of mail and of houses out of texts.

    Attributes
    ----------
    names : sequence of str
        Names of the persons whom a study knows; they are found with blanks between their characters too.
    language : str
        Of the marks that are put in their place, "zh" or "en".
    """

    names: Sequence[str] = ()
    language: str = "zh"

    def redact(self, text: str) -> tuple[str, Counter[str]]:
        """A text without what identifies a person.

        Parameters
        ----------
        text : str
            As it came in.

        Returns
        -------
        text : str
            With a mark such as [telephone] in the place of everything that was found.
        found : Counter
            How often each kind was: mail, identity, telephone, number, account, plate, house, name.

        Notes
        -----
        Full-width forms are read as plain ones, and blanks and dashes between the usual groups of digits, or between
        all of them, are read through. A number of 18 digits is that of an identity card if its check digit is right or
        if it holds a day of birth, one of 15 if it holds one. Any other number of 11 digits or more is taken out too,
        unless it is a day with its time. Dates, points, sums and public numbers such as 12345 stay. Of persons whom the
        study does not know only the usual forms are found: a surname with a title, after 老 or 小, with 某, and who
        says that he is called so.
        """
        found: Counter[str] = Counter()
        text = text.translate(UNSEEN)
        for pattern in self._patterns:
            plain = text.translate(PLAIN)
            part = "it" if "it" in pattern.form.groupindex else 0
            spans = [match.span(part) for match in pattern.form.finditer(plain) if pattern.holds(match[part])]
            found[pattern.kind] += len(spans)
            for start, end in reversed(spans):  # from behind, so that the places before stay what they are
                text = text[:start] + self.marks[pattern.kind] + text[end:]
        return text, +found

    @cached_property
    def marks(self) -> dict[str, str]:
        """What is put in the place of each kind."""
        _ = words(self.language)
        return {
            "mail": _("[mail]"), "identity": _("[identity number]"), "telephone": _("[telephone]"),
            "number": _("[number]"), "account": _("[account]"), "plate": _("[plate]"), "house": _("[house]"),
            "name": _("[name]"),
        }  # fmt: skip

    @cached_property
    def _patterns(self) -> list[Pattern]:
        names = {name.strip() for name in self.names if len(name.strip()) > 1}
        # of two names one of which begins the other the longer goes first
        forms = map(_spaced, sorted(names, key=lambda name: (-len(name), name)))
        known = [Pattern("name", re.compile("|".join(forms), re.IGNORECASE))] if names else []
        return [*NUMBERS, *known, *NAMES]


def _spaced(name: str) -> str:
    """A Chinese name with or without blanks between its characters; any other as words of their own."""
    if all("\u3400" <= letter <= "\U0003ffff" for letter in name):
        return " {0,2}".join(map(re.escape, name))
    return rf"(?<![^\W\d_]){re.escape(name)}(?![^\W\d_])"


# ------------------------------------------------------------------------------------------------------------- numbers

# Each a single character, so that places in a text stay what they are.
PLAIN = {0xFF01 + place: 0x21 + place for place in range(0x5E)} | dict.fromkeys(map(ord, "\u3000\u00a0"), " ")
PLAIN |= dict.fromkeys(map(ord, "‐‑‒–—−"), "-")

# Zero-width spaces and joiners, soft hyphens and marks of direction stand unseen within names and numbers.
UNSEEN = dict.fromkeys([0xAD, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF])

OLD, NEW = 15, 18
"""Digits of a number of an identity card, until and since 1999."""
FIRST_YEAR, LAST_YEAR = 1880, 2100
MOMENTS = (8, 12, 14)
"""Digits of a day, alone or with its time."""
YEAR = re.compile(r"(19|20)\d\d")


def is_identity(text: str) -> bool:
    """Whether a number is that of a citizen's identity card, of 18 characters or of 15.

    One of 18 is if its check digit is right, and also if that is wrong but the number holds a day of birth: who
    mistypes a digit can be recognised all the same.

    References
    ----------
    GB 11643-1999; ISO 7064:1983, MOD 11-2.
    """
    digits = re.sub(r"[^0-9X]", "", text.upper())
    if len(digits) == OLD:
        return _is_day(f"19{digits[6:12]}")
    if len(digits) != NEW:
        return False
    weighted = sum(int(digit) * 2 ** (NEW - 1 - place) for place, digit in enumerate(digits[:-1]))
    return "10X98765432"[weighted % 11] == digits[-1] or _is_day(digits[6:14])


def _is_day(digits: str) -> bool:
    try:
        return FIRST_YEAR <= dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])).year <= LAST_YEAR
    except ValueError:
        return False


def _is_no_time(text: str) -> bool:
    """Whether a number is no day (20260630), no day with its time (202606301430), and no list of years."""
    digits = re.sub(r"\D", "", text)
    years = all(map(YEAR.fullmatch, re.split(r"[ -]", text)))
    return not years and not (len(digits) in MOMENTS and _is_day(digits))


def _grouped(*groups: str) -> str:
    """Digits in groups with the same blank or dash between all of them."""
    name = f"s{len(groups)}{sum(map(len, groups))}"
    first, *rest = groups
    return f"{first}(?P<{name}>[ -]){f'(?P={name})'.join(rest)}"


_D4, _LAST = r"\d{4}", r"[\dXx]"
_IDENTITY = "|".join((
    r"[1-9]\d{16}[\dXx]", r"[1-9]\d{14}",
    _grouped(r"[1-9]\d{5}", r"\d{8}", r"\d{3}[\dXx]"), _grouped(r"[1-9]\d{5}", r"\d{6}", r"\d{3}"),
    _grouped(r"[1-9]\d{5}", _D4, _D4, r"\d{3}[\dXx]"), _grouped(r"[1-9]\d{3}", _D4, _D4, _D4, r"\d[\dXx]"),
    _grouped(r"[1-9]\d{2}", *[r"\d{3}"] * 4, r"\d{2}[\dXx]"), _grouped("[1-9]", *[r"\d"] * 16, _LAST),
))  # fmt: skip
_MOBILE = "|".join((
    r"1[3-9]\d[ -]?\d{4}[ -]?\d{4}", r"1[3-9]\d[./]\d{4}[./]\d{4}", r"1[3-9]\d{3}[ -]\d{6}",
    r"\(1[3-9]\d\)[ -]?\d{4}[ -]?\d{4}", _grouped(r"1[3-9]\d", *[r"\d{2}"] * 4),
    _grouped(r"1[3-9]\d{2}", r"\d{3}", _D4), _grouped(r"1[3-9]\d", r"\d{3}", r"\d{5}"),
    _grouped("1", "[3-9]", *[r"\d"] * 9),
))  # fmt: skip
_SAID = "〇零幺一二三四五六七八九壹贰叁肆伍陆柒捌玖"
_AREA, _LOCAL = r"(?:10|2\d|[3-9]\d{2})", r"[2-9]\d{2,3}[ -]?\d{4}(?:(?:转|-| ?ext\.? ?)\d{1,6})?"
_COUNTRY = r"(?:\+|00)86[ -]?"
_ASKED = "电话|手机|座机|号码|热线|联系方式|tel|phone|call"

_PLATES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_HOUSE = (
    r"(?<=[路街巷弄])\d{1,5}(?:-\d{1,4})?号(?!线|文)院?(?:\d{1,3}(?:栋|幢|号楼|单元))*(?:\d{2,4}室?)?"
    r"|(?<=大道)\d{1,5}号(?!线|文)|\d{1,3}(?:栋|幢|号楼)(?:\d{1,2}单元)?(?:\d{2,4}室?)?|\d{1,2}单元\d{3,4}室?"
)


def _pattern(kind: str, form: str, holds: Callable[[str], bool] = lambda _: True) -> Pattern:
    return Pattern(kind, re.compile(form, re.IGNORECASE), holds)


NUMBERS = [
    _pattern("mail", r"[a-z0-9._%+-]+ ?(?:@|[(\[]at[)\]]) ?[a-z0-9-]+(?:\.[a-z0-9-]+)+"),
    _pattern("identity", rf"(?<!\d)(?:{_IDENTITY})(?![\dx])", is_identity),
    _pattern("telephone", rf"(?<!\d)(?:(?:\+|00)?86[ -]?)?(?:{_MOBILE})(?!\d)"),
    _pattern("telephone", f"[一幺壹][{_SAID[5:12]}叁肆伍陆柒捌玖][{_SAID}]{{9}}(?![{_SAID}])"),
    _pattern("telephone", rf"{_COUNTRY}\(?0?{_AREA}\)?[ -]{{0,2}}{_LOCAL}(?!\d)"),
    # what stands behind the dash of a date is no area
    _pattern("telephone", rf"(?<!\d)(?<!\d[.-])\(?0{_AREA}\)?[ -]{{0,2}}{_LOCAL}(?!\d)"),
    _pattern("telephone", r"(?<!\d)[48]00(?:-\d{3}-?|\d{3})\d{4}(?!\d)"),
    _pattern("telephone", rf"(?:{_ASKED})\D{{0,6}}(?P<it>\d{{3,4}}[ -]?\d{{4}})(?!\d)", _is_no_time),
    _pattern("number", r"(?<!\d)(?:\d{11,}|\d{4}(?:[ -]\d{4}){3}(?:[ -]?\d{1,3})?)(?!\d)", _is_no_time),
    _pattern("account", r"(?:微信|QQ|WeChat)号?(?:是|为)?[: ]{0,2}(?P<it>[a-z0-9_-]{5,20})"),
    _pattern("plate", rf"[{_PLATES}][A-Z][· -]?[A-Z0-9]{{5,6}}(?![A-Z0-9])"),
    _pattern("house", _HOUSE),
]


# --------------------------------------------------------------------------------------------------------------- names

# The commonest surnames; left out are those that are mostly other words, such as 向 (to) and 和 (and).
_SURNAME = (
    "(?:欧阳|上官|司徒|慕容|诸葛|司马|皇甫|尉迟|夏侯|公孙|令狐|"
    "[王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任"
    "姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁"
    "葛伍韦申尤毕聂丛焦柳邢岳齐梅莫庄辛管祝左涂谷祁耿牟卜詹关苗凌费纪靳盛童甄项裴席屈鲍覃霍翁隋甘单柏宁柯阮桂闵柴])"
)
_OFFICE = (
    "支部书记|支书|书记|主任|主席|委员|[科处局部镇乡村校院所站队组市县厂]长|老师|医生|大夫|护士|师傅|会计|同志"
    "|阿姨|大爷|大妈|大姐|大哥|先生|女士"
)
_TITLE = rf"(?=副?(?:{_OFFICE})|总(?![\u4e00-\u9fff]))"
_BEFORE = {
    "任": "担现新兼离上历原前主责连接信就聘", "高": "提最较很不太", "于": "由对关至属位在等", "金": "资奖基现公",
    "方": "对地双官甲乙", "安": "公治保平", "文": "语中英作公", "关": "机海相有", "管": "城主保监", "程": "工课流教",
    "史": "历党", "常": "经正日平", "林": "森园", "武": "人", "康": "健", "余": "业其", "施": "措设", "江": "长",
    "易": "贸交容", "白": "明", "段": "工路", "田": "农", "石": "玉", "马": "人牛", "章": "文规", "季": "四",
}  # fmt: skip
"""What before a surname makes another word of it: 担任书记, 提高老师的待遇, 机关书记, 历史老师."""
# one assertion a surname: alternatives would be tried in all combinations
_NO_WORD = "".join(f"(?<![{before}](?={name}))" for name, before in _BEFORE.items()) + (
    "(?!高[中级等校层]|文[化艺明件体]|安[全排置]|石油|金[融额]|方[面便法]|常[务委]|任何|马上|于是|白天|江[苏西]|程序"
    "|严[格重]|温暖|康复|余下|许多|曾经|顾客|夏[天季]|钱款|龙头|武装|易于|万元|施工|洪水|管[理委]|田间|关[于心爱]"
    "|何[时人]|单位|齐心|林业|章程|季度|宁愿|盛大|童年)"
)
_GIVEN = r"[\u4e00-\u9fff]{1,2}"
# a number behind a name is a mark by now
_ENDS = r"(?=[,.;:!?()/\[［\s，。、；：！？]|电话|手机|$)"
_CALLED = "(?:我叫|我的名字|本人|我是|姓名|署名|联系人|举报人|反映人|投诉人)[是叫: ]{0,2}"
NAMES = [
    _pattern("name", rf"{_NO_WORD}{_SURNAME}{_TITLE}"),
    _pattern("name", rf"{_NO_WORD}{_SURNAME}{_GIVEN}{_TITLE}"),
    _pattern("name", rf"(?<=[老小]){_SURNAME}(?=说|讲|反映|家|同志|住|[,.;:!?，。、；：！？]|$)"),
    _pattern("name", rf"{_SURNAME}某{{1,2}}"),
    _pattern("name", rf"{_CALLED}{_NO_WORD}(?P<it>{_SURNAME} ?{_GIVEN}){_ENDS}"),
    Pattern("name", re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Dr|Comrade)\b\.? (?P<it>[A-Z][a-z]+(?: [A-Z][a-z]+)?)")),
]

"""What one source is asked about the ratees of one unit: whom, on which indicators, with which answers."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from toolkit.faults import UsageError, one_of
from toolkit.files import names_a_folder
from toolkit.scheme import ROOT_INDICATOR, SELF, said
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from toolkit.scheme import Scheme
    from toolkit.study import Study

CHOSEN = "?"
"""The ratee of a question whose ratee is whom the respondent chose in the first question."""
FEW = 10
"""A scale of whole numbers with more steps than this is typed in, not ticked."""
SHORT_ID = re.compile("[A-Za-z0-9]{1,12}")
CHOICE_CODE = 5
"""Characters that the code of a choice may have in LimeSurvey."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Choice:
    """An answer that can be ticked.

    Attributes
    ----------
    name : str
        Its code in exports: the place of a level (1, 2, ...), or the number of a scale of numbers.
    label : str
        What the respondent sees.
    value : str
        What stands in ratings.csv: a level, a number, a blank answer; of a list of people the id.
    points : float or None
        0-100; None for a blank answer.
    """

    name: str
    label: str
    value: str
    points: float | None = None


@dataclass(frozen=True)
class Answers:
    """What may be answered: one of `choices`, or, where there are none, a number from `low` to `high`."""

    choices: tuple[Choice, ...]
    low: float = 0
    high: float = 0


@dataclass(frozen=True)
class Question:
    """One cell to be rated: an indicator of the block's ratee."""

    name: str
    label: str
    indicator: str


@dataclass(frozen=True)
class Block:
    """The questions on one ratee; `ratee` is `CHOSEN` where the respondent says who it is."""

    name: str
    label: str
    ratee: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Questionnaire:
    """What one source is asked.

    Attributes
    ----------
    name : str
        Source and unit, `peer-B1`: the name of its file.
    title : str
        What the respondent sees above it.
    round, source, unit : str
        When, who rates, and whose ratees.
    language : str
        "zh" or "en".
    notes : tuple of str
        What the respondent is told first: how to answer, and who sees it.
    answers : Answers
        The same for every question.
    blocks : tuple of Block
        The ratees.
    ratees : tuple of Choice
        Whom the respondent can choose, where the one block has no ratee of its own.
    chooser : Question or None
        The question in which he does so.
    others : tuple of str
        Names of questions that rate nobody.
    """

    name: str
    title: str
    round: str
    source: str
    unit: str
    language: str
    notes: tuple[str, ...]
    answers: Answers
    blocks: tuple[Block, ...]
    ratees: tuple[Choice, ...] = ()
    chooser: Question | None = None
    others: tuple[str, ...] = ()


def draft(
    study: Study,
    source: str,
    unit: str,
    *,
    round: str = "",  # noqa: A002  (the contract's word)
    language: str = "",
    overall: bool = False,
    units: bool = False,
) -> Questionnaire:
    """Draw up what a source is asked about the ratees of a unit and of those below it.

    Parameters
    ----------
    study : Study
        Its scheme says which indicators the source rates and on which scale.
    source : str
        A source without items. `self` is asked once, and says first who answers.
    unit : str
        A unit_id.
    round : str
        `newest_round` by default.
    language : {"", "zh", "en"}
        The scheme's by default.
    overall : bool
        Ask once about each ratee, not on every indicator.
    units : bool
        Ask about the units themselves, those whose category says `ratee: unit`, not about their members.

    Raises
    ------
    UsageError
        If a name is unknown, or nobody is to be rated.
    """
    turn = round or newest_round(study)
    _one_of("round", turn, plain_rounds(study))
    scheme = study.schemes[turn]
    _one_of("source", source, scheme.leaf_sources)
    _one_of("unit", unit, study.units["unit_id"])
    if not names_a_folder(source):
        raise UsageError(f"source: {source!r}, must be able to name a file")
    spoken = language or scheme.language
    _ = words(spoken)
    people = _ratees(study, turn, unit, units=units)
    if not people:
        who = "unit whose category says ratee: unit" if units else "member or post"
        raise UsageError(f"unit {unit}: there is no {who} to be rated in round {turn}")
    asked = [ROOT_INDICATOR] if overall else asked_of(scheme, source)
    blocks, ratees = _blocks(scheme, spoken, people, asked, chosen=source == SELF)
    held = dict(zip(study.units["unit_id"], study.units["name"], strict=True))
    return Questionnaire(
        f"{source}-{unit}",
        f"{said(scheme.title, spoken)} · {scheme.label(source, spoken)} · {held[unit]}",
        turn,
        source,
        unit,
        spoken,
        notes_of(scheme, source, spoken),
        answers_of(scheme, source, spoken),
        blocks,
        ratees,
        Question("ratee", _("Your name"), "") if ratees else None,
    )


def plain_rounds(study: Study) -> list[str]:
    """Rounds that are no combination of others, the newest last; those without dates stand as in the scheme."""
    rounds = study.scheme.rounds
    plain = [name for name in rounds if rounds[name].combine is None]
    return sorted(plain, key=lambda name: str(rounds[name].end or ""))


def newest_round(study: Study) -> str:
    """The round that is asked about next: the last by date, though nobody may have rated in it yet."""
    return plain_rounds(study)[-1]


def answers_of(scheme: Scheme, source: str, language: str = "") -> Answers:
    """What a source may answer: levels and blank answers, a few whole numbers, or any number of its scale."""
    scale = scheme.scales[scheme.leaf_sources[source].scale or ""]
    if scale.levels is not None:
        named = [*scale.levels, *scale.blank]
        return Answers(
            tuple(
                Choice(str(place), scheme.label(level, language or None), level, scale.points(level))
                for place, level in enumerate(named, start=1)
            )
        )
    low, high = scale.low or 0.0, scale.high or 0.0
    if low >= 0 and low.is_integer() and high.is_integer() and high - low <= FEW:
        numbers = [str(number) for number in range(int(low), int(high) + 1)]
        return Answers(tuple(Choice(text, text, text, scale.points(text)) for text in numbers), low, high)
    return Answers((), low, high)


def asked_of(scheme: Scheme, source: str) -> list[str]:
    """The indicators without items that a source is asked."""
    tree = scheme.indicator_tree
    row = scheme.asked[list(scheme.leaf_sources).index(source)]
    return [tree.names[leaf] for leaf, is_asked in zip(tree.leaves, row, strict=True) if is_asked]


def notes_of(scheme: Scheme, source: str, language: str) -> tuple[str, ...]:
    """What a respondent is told first: how to answer, and who will see it."""
    _ = words(language)
    answers = answers_of(scheme, source, language)
    is_numbers = answers.choices and scheme.scales[scheme.leaf_sources[source].scale or ""].levels is None
    ends = _("{low} is the lowest, {high} the highest.").format(low=f"{answers.low:g}", high=f"{answers.high:g}")
    return (*((ends,) if is_numbers else ()), *_notes(scheme, source, language))


def _notes(scheme: Scheme, source: str, language: str) -> tuple[str, ...]:
    """Whom to rate, and who sees it."""
    _ = words(language)
    if source == SELF:
        return (_("Only you and the organisers see how you rate yourself."),)
    how = _("Rate everybody but yourself. Leave empty whom you cannot judge.")
    if scheme.leaf_sources[source].attributed:
        return how, _("This rating is attributed: whoever is rated can see which source it came from.")
    return how, _("Give no name: answers are kept without names and shown only together with those of others.")


@lru_cache(maxsize=65536)
def plain(text: str) -> str:
    """Letters and digits of a text alone: by these a heading is known, however a platform sets it."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())


def _one_of(what: str, name: str, known: Iterable[object]) -> None:
    names = [str(other) for other in known]
    if name not in names:
        raise UsageError(f"{what}: {name!r}, {one_of(name, names)}")


def _ratees(study: Study, turn: str, unit: str, *, units: bool) -> list[tuple[str, str]]:
    """Id and name of everybody in a unit and below it who is rated in a round; who holds posts is rated by them."""
    below = _subtree(study, unit)
    if units:
        categories = study.schemes[turn].categories
        bodies = {name for name, category in categories.items() if category.ratee == "unit"}
        listed = study.units[study.units["category"].isin(bodies) & study.units["unit_id"].isin(below)]
        return list(zip(listed["unit_id"], listed["name"], strict=True))
    rated = study.members[~study.members["exempt"].str.contains("rating", regex=False)]
    name = dict(zip(rated["member_id"], rated["name"], strict=True))
    posts = study.posts_in(turn)
    posts = posts[posts["member_id"].isin(list(name))]
    home = rated[rated["unit_id"].isin(below) & ~rated["member_id"].isin(posts["member_id"])]
    held = posts[posts["unit_id"].isin(below)]
    people = list(zip(home["member_id"], home["name"], strict=True))
    return people + [(post, name[member]) for post, member in zip(held["post_id"], held["member_id"], strict=True)]


def _subtree(study: Study, unit: str) -> set[str]:
    """A unit and every unit below it."""
    parent = dict(zip(study.units["unit_id"], study.units["parent_id"], strict=True))
    found = {unit}
    while more := {name for name, above in parent.items() if above in found} - found:
        found |= more
    return found


def units_with_ratees(study: Study, round: str = "", *, units: bool = False) -> list[str]:  # noqa: A002
    """Units that have ratees of their own, in the order of units.csv; those at the top where units are the ratees."""
    turn = round or newest_round(study)
    _one_of("round", turn, plain_rounds(study))
    if units:
        tops = study.units["unit_id"][~study.units["parent_id"].isin(study.units["unit_id"])]
        return [str(top) for top in tops if _ratees(study, turn, str(top), units=True)]
    rated = study.members[~study.members["exempt"].str.contains("rating", regex=False)]
    posts = study.posts_in(turn)
    posts = posts[posts["member_id"].isin(rated["member_id"])]
    own = {*rated["unit_id"][~rated["member_id"].isin(posts["member_id"])], *posts["unit_id"]}
    return [unit for unit in study.units["unit_id"] if unit in own]


def _blocks(
    scheme: Scheme, language: str, people: list[tuple[str, str]], asked: list[str], *, chosen: bool
) -> tuple[tuple[Block, ...], tuple[Choice, ...]]:
    """A block for every ratee; or one for whom the respondent chooses, and the people he can choose."""
    labels = {name: _indicator_label(scheme, name, language) for name in asked}
    codes = _codes([ratee for ratee, _ in people])
    times = Counter(plain(name) for _, name in people)
    shown = {ratee: name if times[plain(name)] == 1 else f"{name} ({ratee})" for ratee, name in people}

    def block(code: str, label: str, ratee: str) -> Block:
        questions = [Question(f"{code}q{place}", labels[name], name) for place, name in enumerate(asked, start=1)]
        return Block(code, label, ratee, tuple(questions))

    if not chosen:
        return tuple(block(codes[ratee], shown[ratee], ratee) for ratee, _ in people), ()
    _ = words(language)
    short = _short_codes([ratee for ratee, _ in people])
    choices = tuple(Choice(short[ratee], shown[ratee], ratee) for ratee, _name in people)
    return (block("own", _("Your own rating"), CHOSEN),), choices


def _indicator_label(scheme: Scheme, name: str, language: str) -> str:
    """Label of an indicator; of the root, which has none, that it is rated as a whole."""
    _ = words(language)
    return _("Overall rating") if name == ROOT_INDICATOR else scheme.label(name, language)


def _codes(ids: list[str]) -> dict[str, str]:
    """A short name of letters and digits for every ratee: his id where that is one, else a digest of it.

    No two differ in capital letters alone: LimeSurvey takes 20 characters, SPSS knows no capitals.
    """
    times = Counter(name.casefold() for name in ids)
    return {
        name: f"r{name}"
        if SHORT_ID.fullmatch(name) and times[name.casefold()] == 1
        else f"x{hashlib.sha256(name.encode()).hexdigest()[:10]}"
        for name in ids
    }


def _short_codes(ids: list[str]) -> dict[str, str]:
    """A name of five letters and digits at most for everybody who can be chosen: his id, or made of its digest."""
    times = Counter(name.casefold() for name in ids)
    codes = {
        name: name
        for name in ids
        if len(name) <= CHOICE_CODE and SHORT_ID.fullmatch(name) and times[name.casefold()] == 1
    }
    used = {code.casefold() for code in codes.values()}
    for name in ids:
        salt = 0
        while name not in codes:
            number = int.from_bytes(hashlib.sha256(f"{salt} {name}".encode()).digest()[:8])
            code = "".join(LETTERS[number // 26**place % 26] for place in range(CHOICE_CODE))
            if code not in used:
                codes[name] = code
                used.add(code)
            salt += 1
    return codes

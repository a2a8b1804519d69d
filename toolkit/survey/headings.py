"""Which column of an export is which question; what cannot be told is listed, never guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from toolkit.faults import Fault
from toolkit.survey.platforms.wjx import pages
from toolkit.survey.questionnaire import CHOSEN, plain
from toolkit.survey.times import Times

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from toolkit.survey.export import Export
    from toolkit.survey.mapping import Mapping
    from toolkit.survey.platform import Platform
    from toolkit.survey.questionnaire import Questionnaire

NUMBER = re.compile(r"\s*第?\s*([0-9]+)\s*[题、.．:：]")
BY_NUMBER = re.compile(r"\s*第\s*[0-9]+\s*题")
CHOOSER = (CHOSEN, "")
"""What stands for the column that says whom a row rates."""

Rated = tuple[str, str]
"""A ratee, or `CHOSEN`, and an indicator."""


@dataclass(frozen=True)
class Headings:
    """What the columns of an export are.

    Attributes
    ----------
    rated : dict
        Place of a column -> ratee and indicator.
    first : dict
        Ratee and indicator, or `CHOOSER` -> place and heading of the first column that is about it.
    identity, submitted : int or None
        Places of the columns that say who answered, and that he came to the end.
    times : Times
        Those that say when he did, and how long it took him.
    personal, about, unmatched : list of str
        Headings that are left out: they may tell who somebody is; they are about the submission, or questions that rate
        nobody; nobody knows what they are.
    absent : list of str
        Questions for which there is no column.
    faults : list of Fault
        Columns of which two claim to be the same.
    """

    rated: dict[int, Rated]
    first: dict[Rated, tuple[int, str]]
    identity: int | None
    submitted: int | None
    times: Times = field(default_factory=Times)
    personal: list[str] = field(default_factory=list)
    about: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def chooser(self) -> int | None:
        """Place of the column that says whom a row rates."""
        return self.first[CHOOSER][0] if CHOOSER in self.first else None


def keys_of(form: Questionnaire) -> dict[str, Rated]:
    """Every text by which a question may be known, `plain`; what two questions share is left out."""
    found: dict[str, set[Rated]] = {}
    for text, rated in _texts(form):
        found.setdefault(plain(text), set()).add(rated)
    return {text: next(iter(rated)) for text, rated in found.items() if len(rated) == 1 and text}


def _texts(form: Questionnaire) -> Iterator[tuple[str, Rated]]:
    where = {}
    for block in form.blocks:
        for question in block.questions:
            where[question.name] = rated = (block.ratee, question.indicator)
            yield from ((text, rated) for text in (question.name, block.name + question.name))
            yield from ((text, rated) for text in (block.label + question.label, question.label + block.label))
        if len(block.questions) == 1:
            yield block.label, (block.ratee, block.questions[0].indicator)
    if form.chooser:
        yield from ((text, CHOOSER) for text in (form.chooser.name, form.chooser.label))
        yield from ((question.label, (CHOSEN, question.indicator)) for question in form.blocks[0].questions)
    for place, (_, rows) in enumerate(pages(form), start=1 + bool(form.chooser)):
        yield from ((f"第{place}题{label}", where[question.name]) for label, question in rows)


def meaning(heading: str, label: str, keys: dict[str, Rated], platform: Platform) -> Rated | None:
    """The question that a heading stands for."""
    texts = [*platform.bare(heading), *(platform.bare(label) if label else [])]
    return next((keys[text] for text in map(plain, texts) if text in keys), None)


def is_known(heading: str, *, keys: dict[str, Rated], platform: Platform, mapping: Mapping) -> bool:
    """Whether a heading means something, so that the row in which most do is the header."""
    names = (*mapping.columns, mapping.id, mapping.ratee, mapping.submitted, mapping.seconds)
    own = {plain(name) for name in names if name}
    text = plain(heading)
    if not text:
        return False
    return text in own or platform.says_about(heading) or meaning(heading, "", keys, platform) is not None


def match(
    export: Export, keys: dict[str, Rated], platform: Platform, mapping: Mapping, form: Questionnaire
) -> Headings:
    """Say of every column what it is."""
    own = {plain(name): _rated(cell) for name, cell in mapping.columns.items()}
    own |= {plain(mapping.ratee): CHOOSER} if mapping.ratee else {}
    dropped, others = ({plain(name) for name in names} for names in (mapping.drop, form.others))
    identity = _place(export, (mapping.id,) if mapping.id else platform.ids)
    found = Headings({}, {}, identity, _place(export, platform.submitted), _times(export, platform, mapping))
    known = {found.identity, found.submitted, *found.times.places}
    for place, (heading, label) in enumerate(zip(export.headings, export.labels, strict=True)):
        if plain(heading) in dropped or place in known:
            continue
        rated = own.get(plain(heading)) or meaning(heading, label, keys, platform)
        if rated is None:
            _left_out(
                found, heading, platform, is_other=bool({plain(text) for text in platform.bare(heading)} & others)
            )
        elif rated in found.first:
            says = f"must not be there twice: {found.first[rated][1]} is the same question"
            found.faults.append(Fault(export.file, None, heading, "", says))
        else:
            found.first[rated] = (place, heading)
            if rated != CHOOSER:
                found.rated[place] = rated
    found.absent.extend(_absent(form, found))
    found.faults.extend(_shifted(export, found, form))
    return found


def _shifted(export: Export, found: Headings, form: Questionnaire) -> Iterator[Fault]:
    """Where somebody put a question of his own among ours, their numbers would name the wrong ratees."""
    headings = [export.headings[place] for place in found.rated]
    if not any(BY_NUMBER.match(heading) for heading in headings):
        return
    ours = range(1, 1 + len(pages(form)) + bool(form.chooser))
    chooser = [export.headings[found.chooser]] if found.chooser is not None else []
    taken = {_number(heading) for heading in [*headings, *chooser]}
    for heading in [*found.unmatched, *found.about, *found.personal]:
        number = _number(heading)
        if number in ours and number not in taken:
            says = (
                f"is not question {number} of {form.name}, so that numbers do not say whom the others are about; "
                "number them as the questionnaire does, or name the columns in a mapping"
            )
            yield Fault(export.file, None, heading, "", says)


def _number(heading: str) -> int:
    """The number that a heading begins with; 0 where it has none."""
    found = NUMBER.match(heading)
    return int(found[1]) if found else 0


def _rated(cell: object) -> Rated:
    return (CHOSEN, cell) if isinstance(cell, str) else (getattr(cell, "ratee", ""), getattr(cell, "indicator", ""))


def _times(export: Export, platform: Platform, mapping: Mapping) -> Times:
    return Times(
        _place(export, (mapping.submitted,) if mapping.submitted else platform.came),
        _place(export, (mapping.seconds,) if mapping.seconds else platform.took),
        _place(export, platform.began),
        _place(export, platform.ended),
    )


def _place(export: Export, names: Iterable[str]) -> int | None:
    """The first column that is called by the first of the names that any has."""
    headings = [plain(heading) for heading in export.headings]
    return next((headings.index(plain(name)) for name in names if plain(name) in headings), None)


def _left_out(found: Headings, heading: str, platform: Platform, *, is_other: bool) -> None:
    if not plain(heading):
        return
    if platform.is_personal(heading):
        found.personal.append(heading)
    elif is_other or platform.says_about(heading):
        found.about.append(heading)
    else:
        found.unmatched.append(heading)


def _absent(form: Questionnaire, found: Headings) -> list[str]:
    held = {*found.rated.values()}
    return [
        f"{block.label} {question.label}".strip()
        for block in form.blocks
        for question in block.questions
        if (block.ratee, question.indicator) not in held
    ]

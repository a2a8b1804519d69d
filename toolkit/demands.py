"""What the cells of every table must be, and what must hold between tables and between the cells of a row."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from toolkit import ballots as paper
from toolkit.belonging import upwards
from toolkit.contract import (
    DATE,
    EXEMPT,
    FREE,
    OPEN_DATE,
    REQUIRED,
    TEXT,
    UNIT_ID,
    Demand,
    check_cells,
    count,
    iso_date,
    known,
    number,
)
from toolkit.faults import Fault
from toolkit.rulebook.mentions import mentions
from toolkit.rules import STEPS, bounds, parts

if TYPE_CHECKING:
    from toolkit.files import Sheet
    from toolkit.scheme import Scheme

IDS = (("units", "unit_id"), ("members", "member_id"), ("posts", "post_id"))
MATTERS = ("grade", "stars", "registration", "remediation")
"""What people decide on."""
RECORDS = ("decisions", "evidence", "replies")
"""Tables of what people did about a result."""
REGISTRATIONS = ("admit", "defer", "deny")
REMEDIATIONS = ("order", "waive", "close", "reopen", "expel")
"""What is decided on a member who is to mend something: to order it, to let it be, to find it done or not done, ..."""
CHANNELS = {
    "meeting": "座谈会", "interview": "个别访谈", "questionnaire": "问卷", "box": "意见箱", "hotline": "热线",
    "web": "网络",
}  # fmt: skip
"""Ways by which opinions come in, and what an office calls them."""
BETWEEN_WORDS = "|"
"""What stands between the words of a theme."""


def ids_of(sheets: dict[str, Sheet], table: str, column: str) -> list[str]:
    """The ids in a column of a table, each once."""
    frame = sheets[table].frame if table in sheets else pd.DataFrame()
    return [name for name in frame[column].unique() if name] if column in frame else []


class _Named(NamedTuple):
    """Demands on cells that name something of the study, in whichever table they stand."""

    unit: Demand
    member: Demand
    subject: Demand
    category: Demand
    plain_round: Demand
    any_round: Demand
    source: Demand
    indicator: Demand


def demands_of(sheets: dict[str, Sheet], schemes: dict[str, Scheme]) -> dict[str, dict[str, Demand]]:
    """What the cells of every table must be."""
    named = _named(sheets, schemes)
    demands = {
        **_of_people(named, schemes),
        **_of_ratings(named, schemes),
        **_of_records(named, schemes),
        **_of_opinions(named, sheets),
    }
    unknown = _unknown(sheets, schemes)
    own = dict(IDS)
    return {
        table: {name: demand for name, demand in columns.items() if name not in unknown or name == own.get(table)}
        for table, columns in demands.items()
    }


def _unknown(sheets: dict[str, Sheet], schemes: dict[str, Scheme]) -> set[str]:
    """Columns whose names cannot be checked: that nothing they could name was read is a fault of its own."""
    unknown = {"round", "source", "category"} if not schemes else set()
    unknown |= {"unit_id", "parent_id"} if not ids_of(sheets, "units", "unit_id") else set()
    unknown |= {"member_id", "ratee_id", "subject_id"} if not ids_of(sheets, "members", "member_id") else set()
    return unknown


def _named(sheets: dict[str, Sheet], schemes: dict[str, Scheme]) -> _Named:
    """What may be named, by the tables and the schemes of all rounds."""
    units, members, posts = (ids_of(sheets, table, column) for table, column in IDS)
    everybody = [*members, *posts, *units]
    people = _categories(schemes, units=False)
    sources = sorted({name for scheme in schemes.values() for name in scheme.source_tree.names[1:]})
    indicators = sorted({name for scheme in schemes.values() for name in scheme.indicator_tree.names[1:]})
    return _Named(
        unit=known(units, "a unit_id"),
        member=known(members, "a member_id"),
        subject=known(everybody, "a member, post or unit"),
        category=known(people, "a category of members in the scheme of every round", blank=not people),
        plain_round=known([name for name in schemes if schemes[name].rounds[name].combine is None], "a round"),
        any_round=known([*schemes], "a round"),
        source=known(sources, "a source"),
        indicator=known(indicators, "an indicator"),
    )


def _of_people(named: _Named, schemes: dict[str, Scheme]) -> dict[str, dict[str, Demand]]:
    """Of the tables that say who is who."""
    bodies = known(_categories(schemes, units=True), "a category in the scheme of every round", blank=True)
    return {
        "units": {
            "unit_id": UNIT_ID, "name": TEXT, "parent_id": _or_blank(named.unit), "industry": FREE, "category": bodies,
        },
        "members": {
            "member_id": TEXT, "name": TEXT, "unit_id": named.unit, "category": named.category, "exempt": EXEMPT,
        },
        "posts": {
            "post_id": TEXT, "member_id": named.member, "unit_id": named.unit, "category": named.category,
            "from": OPEN_DATE, "to": OPEN_DATE, "share": number(above=0),
        },
    }  # fmt: skip


def _of_ratings(named: _Named, schemes: dict[str, Scheme]) -> dict[str, dict[str, Demand]]:
    """Of the tables that scores are made of; what else ballots hold is held against the scheme of their round."""
    return {
        "ballots": {},
        "turnout": {
            "round": named.plain_round, "unit_id": named.unit, "source": named.source,
            "ratee_id": _or_blank(named.subject), **dict.fromkeys(STEPS, count()),
        },
        "points": {
            "date": DATE, "subject_id": named.subject,
            "rule": _declared(schemes, "points", "rules", "a rule of points"), "quantity": number(), "evidence": FREE,
        },
        "satisfaction": {
            "round": named.plain_round, "subject_id": named.subject,
            "panel": _declared(schemes, "satisfaction", "panels", "a panel"),
            "topic": _declared(schemes, "satisfaction", "topics", "a topic"), "eligible": count(),
        },
        "measures": {
            "round": named.any_round, "subject_id": named.subject,
            "measure": _declared(schemes, "", "measures", "a measure"), "value": number(),
        },
    }  # fmt: skip


def _of_records(named: _Named, schemes: dict[str, Scheme]) -> dict[str, dict[str, Demand]]:
    """Of the criteria, and of the tables that tell what people did about a result."""
    about = {"round": named.any_round, "subject_id": named.subject}
    return {
        "criteria": {
            "layer": _declared(schemes, "", "layers", "a layer of criteria"), "criterion": TEXT, "text": TEXT,
            "unit_id": _or_blank(named.unit), "indicator": _or_blank(named.indicator),
        },
        "decisions": {
            **about, "matter": known(MATTERS, "a matter"), "decision": TEXT, "date": DATE, "decided_by": TEXT,
            "reason": FREE, "due": OPEN_DATE, "helper": _or_blank(named.member),
        },
        "evidence": {**about, "item": TEXT, "date": DATE},
        "replies": {**about, "date": DATE, "text": TEXT},
    }  # fmt: skip


def _of_opinions(named: _Named, sheets: dict[str, Sheet]) -> dict[str, dict[str, Demand]]:
    """Of opinions and their themes, and of what comes in while a round is in the field."""
    return {
        "themes": {"theme": TEXT, "label": TEXT, "words": FREE, "owner": FREE, "days": count()},
        "opinions": {
            "id": TEXT, "date": DATE, "channel": _channel(), "unit_id": named.unit, "text": TEXT,
            "source": _or_blank(named.source), "theme": _theme(sheets), "owner": FREE,
            "opened": OPEN_DATE, "closed": OPEN_DATE, "reply": FREE,
        },
        "submissions": {
            "round": named.plain_round, "source": named.source, "unit_id": named.unit, "submitted": DATE,
            "seconds": Demand(number(above=0).holds, "must be a number of seconds above 0", blank=True),
        },
    }  # fmt: skip


def _or_blank(demand: Demand) -> Demand:
    """A cell may be empty too."""
    return replace(demand, blank=True)


def _channel() -> Demand:
    """A cell must be a channel; its Chinese name is told its key."""
    keys = {label: key for key, label in CHANNELS.items()}
    holds = known(CHANNELS, "").holds
    return Demand(holds, "a channel", [*CHANNELS], hint=lambda text: f"{text} is {keys[text]}" if text in keys else "")


def _theme(sheets: dict[str, Sheet]) -> Demand:
    """A cell must be a theme of themes.csv or blank, or any text where there is no such table."""
    names = ids_of(sheets, "themes", "theme")
    return known(names, "a theme of themes.csv", blank=True) if "themes" in sheets else FREE


def _declared(schemes: dict[str, Scheme], section: str, part: str, what: str) -> Demand:
    """A cell must be a name that the scheme of some round declares, or any text where none declares any."""
    holders = [getattr(scheme, section) if section else scheme for scheme in schemes.values()]
    names = dict.fromkeys(name for holder in holders if holder for name in getattr(holder, part))
    return known([*names], what) if names else TEXT


def _categories(schemes: dict[str, Scheme], *, units: bool) -> list[str]:
    """Categories that the scheme of every round declares, those for units as well or for members alone."""
    return [
        name
        for name in (next(iter(schemes.values())).categories if schemes else ())
        if all(name in scheme.categories for scheme in schemes.values())
        and (units or all(scheme.categories[name].ratee == "member" for scheme in schemes.values()))
    ]


def cross_checks(sheets: dict[str, Sheet], schemes: dict[str, Scheme]) -> list[Fault]:
    """What is wrong between tables or between the cells of a row."""
    faults = _one_owner_of_an_id(sheets)
    checks = {"units": _circles, "posts": _post_order}
    faults += chain.from_iterable(check(sheets[table]) for table, check in checks.items() if table in sheets)
    if "turnout" in sheets:
        faults += _turnout_order(sheets["turnout"], schemes)
    if "members" in sheets:
        faults += _no_numbers(sheets["members"], schemes)
    for table in ("ballots", "satisfaction"):
        if table in sheets and schemes:
            faults += paper.check_counts(table, sheets[table], schemes)
    if schemes and "satisfaction" in sheets and set(REQUIRED["satisfaction"]) <= set(sheets["satisfaction"].frame):
        faults += paper.check_opinions(sheets["satisfaction"], schemes)
    for table in RECORDS:
        if schemes and table in sheets:
            faults += check_records(sheets[table], schemes)
    if "themes" in sheets:
        faults += _words_of_two(sheets["themes"])
    if "opinions" in sheets:
        faults += [*opinion_days(sheets["opinions"]), *_rounds_without_days(sheets["opinions"], schemes)]
    return faults


# ------------------------------------------------------------------------------------------- opinions and their themes


def words_of(cell: str) -> list[str]:
    """The words of a theme, each once, in the order in which they stand."""
    return [word for word in dict.fromkeys(part.strip() for part in cell.split(BETWEEN_WORDS)) if word]


def _words_of_two(sheet: Sheet) -> list[Fault]:
    """A word stands for one theme, or it would tell of none."""
    if not {"theme", "words"} <= set(sheet.frame):
        return []
    owner: dict[str, str] = {}
    faults = []
    for row, theme, cell in sheet.frame[["theme", "words"]].itertuples(name=None):
        for word in words_of(cell):
            other = owner.setdefault(word.casefold(), theme)
            if other != theme:
                faults.append(Fault(sheet.file, int(row), "words", word, f"must not be a word of theme {other} too"))
    return faults


def opinion_days(sheet: Sheet) -> list[Fault]:
    """Nothing is taken up before it was said, nor closed before it was taken up."""
    faults = []
    for early, late in (("date", "opened"), ("opened", "closed"), ("date", "closed")):
        if not {early, late} <= set(sheet.frame):
            continue
        first, last = (sheet.frame[name].map(iso_date) for name in (early, late))
        wrong = sheet.frame.index[(first > last) & (last != "")]
        faults += [
            Fault(sheet.file, int(row), late, last[row], f"must not be before {early}: {first[row]}") for row in wrong
        ]
    return faults


def _rounds_without_days(sheet: Sheet, schemes: dict[str, Scheme]) -> list[Fault]:
    """By its day an opinion belongs to a round, so that every round needs its first and its last."""
    if sheet.frame.empty:
        return []
    return [
        Fault("scheme.yaml", None, f"rounds.{name}", "", f"must have from and to, since {sheet.file} holds rows")
        for name, scheme in schemes.items()
        if (turn := scheme.rounds[name]).combine is None and not (turn.start and turn.end)
    ]


def _no_numbers(members: Sheet, schemes: dict[str, Scheme]) -> list[Fault]:
    """An attribute that rules compare with a bound, or reckon with, must be a number of everybody who has it."""
    asked: dict[str, str] = {}
    for mention in chain.from_iterable(map(mentions, schemes.values())):
        kind, part = parts(mention.of.removeprefix("members."))
        if kind == "attribute" and (mention.condition is None or bounds(mention.condition)):
            asked.setdefault(part, ".".join(mention.path))
    faults = []
    for name, path in asked.items():
        if name in members.frame:
            demand = Demand(number().holds, f"must be a number, since {path} asks for attribute.{name}", blank=True)
            faults += check_cells(members.file, name, members.frame[name], demand)
    return faults


# ----------------------------------------------------------------------------------- decisions, evidence and replies


def check_records(sheet: Sheet, schemes: dict[str, Scheme]) -> list[Fault]:
    """What is wrong between the cells of a row of decisions, evidence or replies, or with the scheme of its round."""
    return [
        *_decision_words(sheet, schemes),
        *_papers(sheet, schemes),
        *_record_days(sheet, schemes),
        *_due_days(sheet),
        *_helpers(sheet),
    ]


def _papers(sheet: Sheet, schemes: dict[str, Scheme]) -> list[Fault]:
    """A paper must be one that the scheme asks for, or it would change nothing and what is asked for be missing."""
    if not {"round", "item"} <= set(sheet.frame):
        return []
    faults = []
    for turn, rows in sheet.frame[sheet.frame["item"] != ""].groupby("round", sort=False):
        asked = papers_of(schemes[str(turn)]) if turn in schemes else []
        if asked:
            faults += check_cells(sheet.file, "item", rows["item"], known(asked, "a paper that the scheme asks for"))
    return faults


def papers_of(scheme: Scheme) -> list[str]:
    """The papers that a scheme asks for: what is to be handed in, and what is to be filed."""
    conduct = scheme.conduct
    papers = [*(conduct.remediation.evidence if conduct.remediation else [])]
    return [*dict.fromkeys([*papers, *chain.from_iterable(conduct.archive.values())])]


def _record_days(sheet: Sheet, schemes: dict[str, Scheme]) -> list[Fault]:
    """Nothing is decided, handed in or replied before its round begins."""
    if not {"round", "date"} <= set(sheet.frame):
        return []
    start = {turn: _first_day(scheme, turn) for turn, scheme in schemes.items()}
    cases = zip(sheet.frame.index, sheet.frame["round"], sheet.frame["date"], strict=True)
    return [
        Fault(sheet.file, int(row), "date", day, f"must not be before round {turn} begins: {start[turn]}")
        for row, turn, day in cases
        if "" < iso_date(day) < start.get(turn, "")
    ]


def _first_day(scheme: Scheme, turn: str) -> str:
    """The day on which a round begins, or the first of those that it combines; "" where it is not known."""
    combined = scheme.rounds[turn].combine
    days = [scheme.rounds[name].start for name in ([turn] if combined is None else combined) if name in scheme.rounds]
    return min((str(day or "") for day in days), default="")


def _due_days(sheet: Sheet) -> list[Fault]:
    """Nothing is to be mended before that is decided."""
    if not {"date", "due"} <= set(sheet.frame):
        return []
    day, due = (sheet.frame[name].map(iso_date) for name in ("date", "due"))
    wrong = sheet.frame[(due != "") & (due < day)]
    return [
        Fault(sheet.file, int(str(row)), "due", due[row], f"must not be before the decision, {day[row]}")
        for row in wrong.index
    ]


def _helpers(sheet: Sheet) -> list[Fault]:
    """Nobody helps himself."""
    if not {"subject_id", "helper"} <= set(sheet.frame):
        return []
    wrong = sheet.frame["helper"][(sheet.frame["helper"] != "") & (sheet.frame["helper"] == sheet.frame["subject_id"])]
    return [Fault(sheet.file, int(str(row)), "helper", name, "must be somebody else") for row, name in wrong.items()]


def _decision_words(sheet: Sheet, schemes: dict[str, Scheme]) -> list[Fault]:
    """A decision must be one that its matter has: a grade, so many stars, admit, order, ..."""
    if not {"round", "matter", "decision"} <= set(sheet.frame):
        return []
    faults, frame = [], sheet.frame[sheet.frame["decision"] != ""]  # a blank one is a fault of its own
    for (turn, matter), rows in frame.groupby(["round", "matter"], sort=False):
        if turn not in schemes or matter not in MATTERS:
            continue
        words = decisions_on(str(matter), schemes[str(turn)])
        faults += check_cells(sheet.file, "decision", rows["decision"], known(words, f"a decision on {matter}"))
    return faults


def decisions_on(matter: str, scheme: Scheme) -> list[str]:
    """What can be decided on a matter."""
    return {
        "grade": scheme.grades.order if scheme.grades else [],
        "stars": ["0", *(scheme.stars.names if scheme.stars else [])],
        "registration": [*REGISTRATIONS],
        "remediation": [*REMEDIATIONS],
    }[matter]


def _one_owner_of_an_id(sheets: dict[str, Sheet]) -> list[Fault]:
    """Ids of members, posts and units never collide; units differ in more than case, since Windows folders must."""
    owner: dict[str, str] = {}
    folders: dict[str, str] = {}
    faults = []
    for table, column in IDS:
        if table not in sheets or column not in sheets[table].frame:
            continue
        for row, name in sheets[table].frame[column].items():
            other = owner.setdefault(name, table)
            other = "" if other == table else other.removesuffix("s") + f" {name}"
            if table == "units" and folders.setdefault(name.casefold(), name) != name:
                other = f"unit {folders[name.casefold()]}, whose folder is the same on Windows,"
            if name and other:
                faults.append(
                    Fault(sheets[table].file, int(str(row)), column, name, f"must not be used; {other} has it")
                )
    return faults


def _circles(sheet: Sheet) -> list[Fault]:
    if not {"unit_id", "parent_id"} <= set(sheet.frame):
        return []
    parent = dict(zip(sheet.frame["unit_id"], sheet.frame["parent_id"], strict=True))
    faults = []
    told: set[str] = set()
    for row, unit in sheet.frame["unit_id"].items():
        line = upwards(unit, parent)
        if parent.get(line[-1]) == unit and unit not in told:
            told.update(line)
            expected = f"must not lead in a circle: {' -> '.join([*line, unit])}"
            faults.append(Fault(sheet.file, int(str(row)), "parent_id", parent[unit], expected))
    return faults


def _turnout_order(sheet: Sheet, schemes: dict[str, Scheme]) -> list[Fault]:
    """Nobody returns what was not issued, unless the rules of the source void such a box; a blank says nothing."""
    steps = [name for name in STEPS if name in sheet.frame]
    whole = sheet.frame[steps].apply(count().right)
    numbers = sheet.frame[steps].where(whole, "").apply(pd.to_numeric, errors="coerce").astype(float)
    before = numbers.ffill(axis=1).shift(1, axis=1)
    places = sheet.frame.reindex(columns=["round", "source"]).itertuples(index=False, name=None)
    void = [turn in schemes and _may_be_overfull(schemes[turn], source) for turn, source in places]
    faults = []
    for name in steps:
        wrong = numbers[name] > before[name]
        for row in sheet.frame.index[wrong & ~np.array(void, dtype=bool) if name == "returned" else wrong]:
            expected = f"must be at most what was {' or '.join(steps[: steps.index(name)])}: {before.loc[row, name]:g}"
            faults.append(Fault(sheet.file, int(row), name, str(sheet.frame.loc[row, name]), expected))
    return faults


def _may_be_overfull(scheme: Scheme, source: str) -> bool:
    """Whether more ballots than were issued are no fault but void."""
    rules = scheme.ballot_rules.get(source)
    return rules is not None and rules.overfull


def _post_order(sheet: Sheet) -> list[Fault]:
    """No post ends before it begins."""
    if not {"from", "to"} <= set(sheet.frame):
        return []
    start, end = (sheet.frame[name].map(iso_date) for name in ("from", "to"))
    wrong = sheet.frame[(start > end) & (end != "")]
    return [
        Fault(sheet.file, int(str(row)), "from", first, f"must not be after to: {last}")
        for row, first, last in zip(wrong.index, wrong["from"], wrong["to"], strict=True)
    ]

"""Points: a ledger of events against rules, and the balances to which its lines sum.

The balance is base + carry + what the events got, kept below ceiling and above floor; whoever has a veto has 0. What an
event asks and gets is told in `caps`. A window of a cap ends where the period does: a week in which one period follows
another is one window in each of them.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from toolkit.faults import UsageError
from toolkit.scoring.caps import LAST_DAY, enter
from toolkit.scoring.ranks import TOLERANCE
from toolkit.scoring.rounds import combined, in_time, last_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from toolkit.rules import Points
    from toolkit.scoring.caps import Whole
    from toolkit.study import Study

    Line = tuple[int, str, Fraction, Mapping[str, object]]  # turn, code, points, and what else it tells

LEDGER = {
    "round": "str", "ratee_id": "str", "date": "str", "rule": "str", "dimension": "str", "quantity": "float64",
    "evidence": "str", "times": "float64", "asked": "float64", "got": "float64", "code": "str", "bound": "float64",
}  # fmt: skip
BALANCES = {"round": "str", "ratee_id": "str", "dimension": "str", "points": "float64", "vetoes": "int64"}
CLOSING = ("base", "carry", "veto", "ceiling", "floor")
"""Codes of lines that are no events."""
BEFORE, EVENT, AFTER = range(3)
"""Turns of the lines of a subject."""


class Brought(NamedTuple):
    """What the last period leaves: its name, and every subject's balance at its end."""

    period: str
    balances: Mapping[str, Fraction]


class Book(NamedTuple):
    """The points of one period.

    Attributes
    ----------
    ledger : DataFrame
        By subject and date: `ratee_id, date, rule, dimension, quantity, evidence, times` (product of the multipliers),
        `asked, got` (points), `code` and `bound`. An event's `code` is blank where it got all that it asked, else the
        window of the rule's cap ("week", "month", "year") or "dimension", whichever took most, and `bound` is that
        cap; "unknown" is a rule that this scheme does not have, which is worth nothing. Other lines (`CLOSING`) are
        there where they change something: "base"; "carry" (`quantity` carried over `times`, from the period in
        `evidence`); "veto" (wherever there is one), with rule, date and evidence of the first; "ceiling" and "floor",
        with `bound`. What a line does not have is blank or NaN. The lines of a subject sum to his balance.
    balances : DataFrame
        `ratee_id, dimension, points, vetoes`: the balance of every subject (blank dimension) with the number of his
        vetoes, and what events of each dimension got (with 0 vetoes); all other lines are of no dimension.
    exact : dict
        The balances as fractions.
    """

    ledger: pd.DataFrame
    balances: pd.DataFrame
    exact: dict[str, Fraction]


def keep(study: Study, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep the points of a round, plain or combined.

    Parameters
    ----------
    study : Study
        Its `points` are the events. All its members and units are subjects, exempt or not; an event of a post is one
        of its holder's.
    name : str
        The round. Its scheme's rules hold for its whole period: from 1 January of the year of its last day to that day
        (`period: year`; the whole year of its first day where it has no last), or from its first day to its last
        (`period: round`). A combined round without days of its own lies between the first and the last of its rounds.
        A round without days holds all events.

    Returns
    -------
    ledger, balances : DataFrame
        See `Book`, with the column `round` before. Without rows where the scheme has no points.

    Notes
    -----
    What is carried over is a share of the balance at the end of the last period. For years that is the whole calendar
    year before, by the rules of the plain round that ended last in it (by the later rules where none keeps points by
    year), and so back to the year of the first event, to which nothing is carried. For rounds it is the plain round
    with points that ended last before this one begins, by its own rules.
    """
    made = _book_of(study, name, _events(study), _subjects(study))
    frames = (made.ledger, made.balances) if made else (_frame([], LEDGER), _frame([], BALANCES))
    ledger, balances = (frame.assign(round=pd.Series(name, frame.index, dtype="str")) for frame in frames)
    return ledger[[*LEDGER]], balances[[*BALANCES]]


def book(
    events: pd.DataFrame,
    rules: Points,
    subjects: pd.DataFrame,
    *,
    start: dt.date | None = None,
    end: dt.date | None = None,
    brought: Brought | None = None,
) -> Book:
    """Book the events of one period.

    Parameters
    ----------
    events : DataFrame
        `ratee_id, date` (ISO), `rule, quantity, evidence`; a quantity below 0 takes back.
    rules : Points
        What events are worth.
    subjects : DataFrame
        `ratee_id, category`: whose points are kept; bases and multipliers are those of the category.
    start, end : date, optional
        First and last day of the period; events of other days are left out.
    brought : Brought, optional
        Balances of which the share `rules.carry` is carried over; one below 0 is a debt.

    Returns
    -------
    Book

    Raises
    ------
    UsageError
        If an event is of nobody in `subjects`.

    Notes
    -----
    Sums and comparisons are of whole multiples of one fraction, so that ten times 0.1 is 1.
    """
    ratees = pd.Index(subjects["ratee_id"])
    lines = events[(events["date"] >= str(start or "")) & (events["date"] <= str(end or LAST_DAY))]
    lines = lines.assign(place=ratees.get_indexer(lines["ratee_id"]))
    if (lines["place"] < 0).any():
        stranger = lines["ratee_id"][lines["place"] < 0].iloc[0]
        raise UsageError(f"points: an event is of {stranger}, must be of one of the subjects")
    lines = lines.sort_values(["place", "date"], kind="stable", ignore_index=True)
    lines["category"] = subjects["category"].to_numpy()[lines["place"]]
    named = (rule.dimension for rule in rules.rules.values() if rule.dimension)
    dimensions = list(dict.fromkeys([*rules.dimensions, *named]))
    lines, got, unit = enter(lines, rules, dimensions)
    sums = np.zeros((len(ratees), len(dimensions) + 1), dtype=got.dtype)
    np.add.at(sums, (lines["place"].to_numpy(), lines["part"].to_numpy()), got)  # no dimension, -1, is the last column
    vetoes, first = _vetoes(lines, rules)
    totals = [Fraction(int(total), unit) for total in sums.sum(axis=1)]
    closing, exact = _close(subjects, rules, totals, first, brought)
    ledger = pd.concat([lines.assign(turn=EVENT), closing]).sort_values(["place", "turn"], kind="stable")
    ledger["ratee_id"] = ratees[ledger["place"].astype(int)].to_numpy()
    balances = _balances(ratees, dimensions, exact, sums[:, :-1] / unit, vetoes)
    return Book(_frame(ledger, LEDGER), balances, dict(zip(ratees, exact, strict=True)))


def _balances(
    ratees: pd.Index[str], dimensions: list[str], exact: list[Fraction], parts: Whole, vetoes: pd.Series[float]
) -> pd.DataFrame:
    rows = len(dimensions) + 1
    columns = [np.array([float(balance) for balance in exact]), parts.astype(float)]
    counts = np.zeros((len(ratees), rows), dtype=np.int64)
    counts[vetoes.index, 0] = vetoes
    table = {
        "ratee_id": np.repeat(ratees.to_numpy(), rows),
        "dimension": ["", *dimensions] * len(ratees),
        "points": np.column_stack(columns).ravel(),
        "vetoes": counts.ravel(),
    }
    return _frame(table, BALANCES)


def _frame(rows: Any, columns: Mapping[str, str]) -> pd.DataFrame:  # noqa: ANN401  (whatever makes a frame)
    """A frame with the columns of a ledger, or of balances, but for the round."""
    kept = {name: kind for name, kind in columns.items() if name != "round"}
    return pd.DataFrame(rows, columns=[*kept]).reset_index(drop=True).astype(kept)


# -------------------------------------------------------------------------------------------------------- closing


def _vetoes(lines: pd.DataFrame, rules: Points) -> tuple[pd.Series[float], pd.DataFrame]:
    """Number of vetoes by place of the subject, and the first of each: a rule's entries less those taken back."""
    entries = lines[lines["rule"].isin([name for name, rule in rules.rules.items() if rule.veto])]
    by = [entries["place"], entries["rule"]]
    entries = entries.assign(sign=np.sign(entries["quantity"]), sum=entries["quantity"].groupby(by).transform("sum"))
    entries = entries[entries["sum"] > TOLERANCE]
    number = entries.groupby(["place", "rule"])["sign"].sum().clip(lower=1)
    first = entries[entries["sign"] > 0].drop_duplicates("place").set_index("place")
    return number.groupby("place").sum(), first[["date", "rule", "evidence"]]


def _close(
    subjects: pd.DataFrame, rules: Points, totals: list[Fraction], vetoes: pd.DataFrame, brought: Brought | None
) -> tuple[pd.DataFrame, list[Fraction]]:
    """Lines that are no events, and the balance of every subject."""
    veto = {place: dict(zip(vetoes.columns, cells, strict=True)) for place, *cells in vetoes.itertuples(name=None)}
    base = {name: Fraction(str(rules.bases.get(name, rules.base))) for name in subjects["category"].unique()}
    ceiling, floor = (None if bound is None else Fraction(str(bound)) for bound in (rules.ceiling, rules.floor))
    rows, exact = [], []
    for place, (ratee, category) in enumerate(zip(subjects["ratee_id"], subjects["category"], strict=True)):
        lines = [*_opening(rules, base[category], ratee, brought)]
        balance = sum((got for _, _, got, _ in lines), start=totals[place])
        lines += _closing(balance, ceiling, floor, veto.get(place))
        rows += [(place, *line) for line in lines]
        exact.append(sum((got for turn, _, got, _ in lines if turn == AFTER), start=balance))
    return _lines(rows), exact


def _lines(rows: list[tuple[int, int, str, Fraction, Mapping[str, object]]]) -> pd.DataFrame:
    """Lines as a table; what a line does not tell is blank or NaN."""
    places, turns, codes, gots, told = (list(column) for column in zip(*rows, strict=True)) if rows else ([],) * 5
    got = np.array([float(value) for value in gots], dtype=float)
    blank: dict[str, object] = dict.fromkeys(("date", "rule", "dimension", "evidence"), "")
    blank |= dict.fromkeys(("quantity", "times", "bound"), np.nan)
    tells = {name: [line.get(name, lack) for line in told] for name, lack in blank.items()}
    return pd.DataFrame({"place": places, "turn": turns, **tells, "asked": got, "got": got, "code": codes})


def _opening(rules: Points, base: Fraction, ratee: str, brought: Brought | None) -> Iterator[Line]:
    """Base and carry."""
    if base:
        yield BEFORE, "base", base, {}
    left = brought.balances.get(ratee, Fraction(0)) if brought else Fraction(0)
    if brought and left and rules.carry:
        told = {"quantity": float(left), "times": float(rules.carry), "evidence": brought.period}
        yield BEFORE, "carry", left * rules.carry, told


def _closing(
    balance: Fraction, ceiling: Fraction | None, floor: Fraction | None, veto: Mapping[str, object] | None
) -> Iterator[Line]:
    """What a veto, the ceiling or the floor change."""
    if veto:
        yield AFTER, "veto", -balance, veto
    elif ceiling is not None and balance > ceiling:
        yield AFTER, "ceiling", ceiling - balance, {"bound": float(ceiling)}
    elif floor is not None and balance < floor:
        yield AFTER, "floor", floor - balance, {"bound": float(floor)}


# ------------------------------------------------------------------------------------------------ rounds and years


def _subjects(study: Study) -> pd.DataFrame:
    """`ratee_id, category` of all members and units."""
    people, bodies = study.members, study.units
    ids = [*people["member_id"], *bodies["unit_id"]]
    return pd.DataFrame({"ratee_id": ids, "category": [*people["category"], *bodies["category"]]}, dtype="str")


def _events(study: Study) -> pd.DataFrame:
    """All events, those of a post under its holder."""
    holder = dict(zip(study.posts["post_id"], study.posts["member_id"], strict=True))
    ratees = [holder.get(subject, subject) for subject in study.points["subject_id"]]
    return study.points.assign(ratee_id=pd.Series(ratees, study.points.index, dtype="str"))


def _book_of(study: Study, name: str, events: pd.DataFrame, subjects: pd.DataFrame) -> Book | None:
    """The book of a round whose scheme has points."""
    rules = study.schemes[name].points
    if rules is None:
        return None
    start, end = _period(study, name, rules)
    brought = None
    if start and rules.carry:
        if rules.period == "year":
            brought = _year_before(study, rules, start.year, events, subjects)
        else:
            brought = _round_before(study, start, events, subjects)
    return book(events, rules, subjects, start=start, end=end, brought=brought)


def _period(study: Study, name: str, rules: Points) -> tuple[dt.date | None, dt.date | None]:
    """First and last day of a round's period, None where it is open."""
    rounds = study.schemes[name].rounds
    days = [rounds[part].start for part in combined(study, name) or {}]
    start = rounds[name].start or min((day for day in days if day), default=None)
    end = last_day(study, name)
    if rules.period == "round":
        return start, end
    within = end or start
    return (dt.date(within.year, 1, 1), end or dt.date(within.year, 12, 31)) if within else (None, None)


def _round_before(study: Study, start: dt.date, events: pd.DataFrame, subjects: pd.DataFrame) -> Brought | None:
    """What the plain round with points leaves that ended last before a day."""
    plain = [name for name in in_time(study) if combined(study, name) is None and study.schemes[name].points]
    ended = [name for name in plain if (last_day(study, name) or start) < start]
    made = _book_of(study, ended[-1], events, subjects) if ended else None
    return Brought(ended[-1], made.exact) if made else None


def _year_before(
    study: Study, rules: Points, year: int, events: pd.DataFrame, subjects: pd.DataFrame
) -> Brought | None:
    """What the calendar year before a year leaves; years are booked from the first that has an event on."""
    first = int(min(events["date"], default=LAST_DAY)[:4])
    years = []
    for before in range(year - 1, first - 1, -1):
        rules = _rules_in(study, before) or rules
        years.append((before, rules))
        if not rules.carry:
            break
    brought = None
    for past, held in reversed(years):
        days = {"start": dt.date(past, 1, 1), "end": dt.date(past, 12, 31)}
        brought = Brought(str(past), book(events, held, subjects, **days, brought=brought).exact)
    return brought


def _rules_in(study: Study, year: int) -> Points | None:
    """The rules of the plain round that ended last in a year, of those that keep points by year."""
    found = None
    for name in in_time(study):
        rules, day = study.schemes[name].points, last_day(study, name)
        if rules and rules.period == "year" and combined(study, name) is None and day and day.year == year:
            found = rules
    return found

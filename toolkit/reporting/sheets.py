"""Cutting the sheets of a unit's members."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from math import isnan, nan
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toolkit.faults import UsageError, one_of
from toolkit.reporting.books import Books
from toolkit.reporting.explain import explain
from toolkit.reporting.frames import rounded, tabled
from toolkit.reporting.privacy import FEWEST, coarse
from toolkit.reporting.scope import Scope
from toolkit.reporting.secrecy import Secrecy
from toolkit.reporting.sheet import Sheet
from toolkit.reporting.standing import RESULT, Standing
from toolkit.reporting.workings import SHORT, Shown
from toolkit.scheme import PUBLIC, SELF, said
from toolkit.scoring.ranks import TOLERANCE
from toolkit.scoring.rounds import last_day
from toolkit.scoring.trend import slope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toolkit.reporting.books import Record
    from toolkit.scheme import Scheme
    from toolkit.scoring.scores import Scores
    from toolkit.study import Study

MATTERS = ("grade", "stars", "registration", "remediation")


class Sheets:
    """Cuts the sheets of one round; what members of a unit share is made once.

    Parameters
    ----------
    study, scores
        The study and its scores.
    round : str
        A round, plain or combined.
    language : str, optional
        Instead of the scheme's.

    Raises
    ------
    UsageError
        If the round is unknown.
    """

    def __init__(
        self,
        study: Study,
        scores: Scores,
        round: str,  # noqa: A002
        language: str | None = None,
    ) -> None:
        if round not in study.schemes:
            raise UsageError(f"round: {round!r}, {one_of(round, study.schemes)}")
        self.books, self.round = Books.of(study, scores), round
        self.language = language or study.schemes[round].language
        self._scopes: dict[tuple[str, str], Scope] = {}

    def scope(self, unit: str, turn: str) -> Scope:
        """What the report of a unit may show in a round."""
        if (unit, turn) not in self._scopes:
            self._scopes[unit, turn] = Scope(self.books, unit, turn, self.language)
        return self._scopes[unit, turn]

    def cut(self, member: str) -> Sheet:
        """Cut the sheet of one member.

        Raises
        ------
        UsageError
            If there is no such member.
        """
        if member not in self.books.members:
            raise UsageError(f"member: {member!r}, {one_of(member, self.books.members)}")
        return _Member(self, member).sheet()


class _Member:
    """Cuts one sheet; a class, since every part needs the same things."""

    def __init__(self, sheets: Sheets, member: str) -> None:
        self.sheets, self.books, self.round, self.language = sheets, sheets.books, sheets.round, sheets.language
        self.study, self.member = self.books.study, member
        person = self.books.members[member]
        self.unit, self.name, self.category = str(person["unit_id"]), str(person["name"]), str(person["category"])
        self.scope = sheets.scope(self.unit, self.round)
        self.scheme: Scheme = self.scope.scheme
        self.row, self.table = self._of_round(self.round), self.scope.book.table.of(member)
        self.open = self.scope.disclosure(member)
        self._secrecy: dict[str, Secrecy] = {}
        self.standing = self._standing(self.round)
        self.withheld = member in self.standing.withheld

    def secrecy(self, turn: str) -> Secrecy:
        """What he must not be told of a round: his own score only where it is what a few of one source have said."""
        if turn not in self._secrecy:
            found = self.sheets.scope(self.unit, turn).disclosure(self.member)
            withheld = {self.member} if "" in found.hidden else set()
            book = self.books.at(turn)
            self._secrecy[turn] = Secrecy(book, withheld, lambda _: found.secrets, self.secrecy, single=True)
        return self._secrecy[turn]

    def _standing(self, turn: str) -> Standing:
        return Standing(self.books.at(turn), self.language, self.secrecy(turn))

    def _of_round(self, turn: str) -> Record:
        """His row of `Scores.ratees` in a round."""
        return self.books.at(turn).ratees.of(self.member)[0]

    @cached_property
    def result(self) -> Record:
        """What became of his score, as his sheet tells it."""
        return self.standing.result(self.row)

    def sheet(self) -> Sheet:
        """Put the parts together."""
        turn = self.scheme.rounds[self.round]
        profile, by_source = self._profile()
        standing = self.standing
        return Sheet(
            language=self.language,
            title=said(self.scheme.title, self.language),
            round=self.scope.label(self.round),
            period=" – ".join(str(day) for day in (turn.start, turn.end) if day),
            member_id=self.member,
            name=self.name,
            unit=self.scope.unit_name,
            category=self.scope.label(self.category) if self.category else "",
            facts=self._facts(by_source),
            profile=profile,
            by_source=by_source,
            labels={name: self.scope.label(name) for name in by_source.columns},
            ledger=standing.ledger(self.member),
            balances=standing.balances(self.member),
            rounds=self.history,
            steps=self._steps(),
            replies=self._replies(),
            hidden=tabled(
                [
                    {"label": self.scope.label(name) if name else "", "reason": why}
                    for name, why in self.open.hidden.items()
                ],
                ["label", "reason"],
            ),
            results=tabled([self.row | self.result], ["ratee_id", "name", *RESULT]),
            components=standing.components(self.member),
            satisfaction=standing.satisfaction(self.member),
            targets=standing.targets([self.member]),
            models=standing.models([self.member]),
            proposals=self._proposals(),
            papers=standing.papers([self.member]),
            criteria=standing.criteria(self.unit),
        )

    # -------------------------------------------------------------------------------------------------- scores

    def _profile(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Scores by indicator: of all sources, the unit's mean, and of each source that is shown."""
        names, shown = self.scope.indicators, self.open.shown
        own = {row["indicator"]: row["score"] for row in self.table if row["source"] == SELF}
        by_source = {source: [shown(source, name) for name in names] for source in self.open.sources}
        if not all(map(isnan, own.values())):
            by_source[SELF] = [own.get(name, nan) for name in names]
        by_source = {source: scores for source, scores in by_source.items() if not all(map(isnan, scores))}
        scores = [nan if self.withheld else shown("", name) for name in names]
        return self.scope.profile({"score": scores, "unit": [self._of_unit(name) for name in names]}, by_source)

    def _of_unit(self, indicator: str) -> float:
        """Mean of the unit, where enough others stand behind it: one's own score would tell those of fewer."""
        mean, mine = self.scope.open.mean("", indicator), self.open.mean("", indicator)
        others = (mean["members"] if mean else 0) - bool(mine and self.row["counts"])
        adjusted = any(part.missing.rule == "adjusted" for part in self.scope.parts.values())
        # what was filled in is by how much a source differs from the others in the unit: with their mean it is found
        filled = adjusted and self.row["coverage"] < 1 - TOLERANCE and bool(self.scope.open.hidden)
        return np.nan if others < FEWEST or filled else self.scope.open.shown("", indicator)

    def _facts(self, by_source: pd.DataFrame) -> dict[str, Any]:
        result, keys = self.result, ("score", "low", "high", "index_low", "index_high")
        numbers = [self.row["score"], *_ends(self.row, "low", "high"), *_ends(self.row, "index_low", "index_high")]
        numbers = rounded(numbers if result["index"] is not None else [*numbers[:3], nan, nan])
        facts: dict[str, Any] = dict.fromkeys(keys) if self.withheld else dict(zip(keys, numbers, strict=True))
        facts |= {key: result[key] for key in ("points", "index", "level", "stars", "stars_before", "grade")}
        ranks = {row["ratee_id"]: row["rank"] for row in self.scope.staff}
        weights = self.scheme.source_weights(self.category)
        return facts | {
            "rank": None if self.withheld else _plain(ranks[self.member]),
            "ranked": sum(not isnan(place) for place in ranks.values()),
            "status": "withheld" if self.withheld else self.row["status"],
            "void": self.member in self.scope.book.silenced,
            "coverage": round(100 * float(self.row["coverage"])),
            "min_raters": self.open.min_raters,
            "min_votes": self.scheme.privacy.min_votes,
            "has_self": SELF in by_source,
            "weighs_self": bool(weights.get(SELF, 0)),
            "public": PUBLIC if PUBLIC in by_source else "",
            "trend": self._trend(),
            **self._dates(),
        }

    def _dates(self) -> dict[str, Any]:
        """When the result was told, how long that took, and until when a reply is due."""
        told, end = self.scheme.rounds[self.round].feedback, last_day(self.study, self.round)
        start = told or end
        until = start + dt.timedelta(days=self.scheme.conduct.reply_days) if start else None
        return {
            "feedback": str(told or ""),
            "feedback_days": (told - end).days if told and end else None,
            "reply_by": str(until or ""),
            "reply_days": self.scheme.conduct.reply_days,
        }

    # ------------------------------------------------------------------------------------------- over the rounds

    @cached_property
    def history(self) -> pd.DataFrame:
        """The rounds up to this one; a round in which the score is withheld shows none.

        Of the rounds that this one combines none does if one must not: it would follow from the others.
        """
        apart = self.standing.secrecy.apart(self.member)
        columns = ["round", "score", "low", "high", "index", "points", "stars", "grade"]
        rows: list[Record] = []
        for turn in self._turns():
            standing = self._standing(turn)
            row = self._row(turn) | standing.result(self._of_round(turn))
            if not apart or self.member in standing.withheld:
                row |= dict.fromkeys(["score", "low", "high", "index", "stars"], nan) | {"grade": ""}
            rows.append(row)
        return tabled(rows, columns)

    def _row(self, turn: str) -> Record:
        """His score in a round, with its interval as it is printed."""
        mine = self._of_round(turn)
        low, high = _ends(mine, "low", "high")
        return mine | {"round": self.scope.label(turn), "low": low, "high": high}

    def _turns(self) -> Iterator[str]:
        weights = self.scope.book.combined
        for turn in self.books.in_time:
            if weights is not None and turn in weights:
                yield turn
            if weights is None and self.books.at(turn).combined is None:
                yield turn
                if turn == self.round:
                    return

    def _trend(self) -> dict[str, Any] | None:
        """Slope of the scores over these rounds."""
        rounds, _, rise, low, high, way = slope(*self.history[["score", "low", "high"]].to_numpy(dtype=float).T)
        if isnan(rise):
            return None
        ends = {"low": _plain(round(low, 1)), "high": _plain(round(high, 1))}
        return {"slope": round(rise, 1), **ends, "way": way, "rounds": rounds}

    # -------------------------------------------------------------------------------------- why, and what he says

    def _steps(self) -> pd.DataFrame:
        """Why this score, with no more than the sheet may show."""
        unshown = set(self.open.unshown) | ({""} if self.withheld else set())
        shown = Shown(
            sources=frozenset(self.open.sources),
            min_votes=self.scheme.privacy.min_votes,
            unshown=frozenset(unshown),
            digits=SHORT,
            rounds=self.standing.secrecy.apart(self.member),
            hides=lambda of: self.standing.secrecy.hides(self.member, of),
            reason=self.standing.reason,
        )
        steps = explain(self.books, self.member, self.round, language=self.language, shown=shown)
        return tabled([{"title": step.title, "line": line} for step in steps for line in step.lines], ["title", "line"])

    def _proposals(self) -> pd.DataFrame:
        """What is proposed and decided on him; no colleague is named, not as a helper nor as the one who decided."""
        found = self.standing.proposals([self.member], MATTERS)
        named = ["" if self.books.is_another(who, self.member) else who for who in found["decided_by"]]
        return found.assign(helper="", decided_by=named)

    def _replies(self) -> pd.DataFrame:
        until = self._dates()["reply_by"]
        mine = [row for row in self.books.replies.of(self.member) if row["round"] == self.round]
        told = [row | {"in_time": not until or row["date"] <= until} for row in mine]
        return tabled(told, ["date", "text", "in_time"])


def _ends(row: Record, low: str, high: str) -> tuple[float, float]:
    """An interval as it is printed."""
    lows, highs = coarse([row[low]], [row[high]], [row["n"]])
    return float(lows[0]), float(highs[0])


def _plain(value: Any) -> Any:  # noqa: ANN401  (a number, a text, or neither)
    """A value that JSON knows; None for a missing one."""
    if isinstance(value, str):
        return value
    return None if value is None or pd.isna(value) else float(value)

"""What one member is handed: his own rows, the means of his unit, and no colleague."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toolkit.faults import UsageError, one_of
from toolkit.reporting.explain import explain
from toolkit.reporting.privacy import FEWEST, coarse, published
from toolkit.reporting.scope import Scope
from toolkit.reporting.secrecy import Secrecy
from toolkit.reporting.standing import Standing, follow
from toolkit.reporting.view import Results
from toolkit.reporting.workings import SHORT, Shown
from toolkit.scheme import PUBLIC, SELF, said
from toolkit.scoring.ranks import TOLERANCE
from toolkit.scoring.rounds import combined, in_time, last_day
from toolkit.scoring.scores import score
from toolkit.scoring.trend import trend
from toolkit.study import read_study

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toolkit.scheme import Scheme
    from toolkit.scoring.scores import Scores
    from toolkit.study import Study

FILE = "sheet.json"
MATTERS = ("grade", "stars", "registration", "remediation")


@dataclass(frozen=True)
class Sheet(Results):
    """Everything that a member's sheet may show.

    Attributes
    ----------
    title, round, period : str
        Of the appraisal.
    member_id, name, unit, category : str
        Of the member; the unit and the category by their names.
    facts : dict
        score, low, high, rank, ranked (how many are), status, coverage (percent), min_raters, min_votes, feedback
        (date), feedback_days (from the last day of the round), reply_by (date), trend (slope, low, high, way), index,
        index_low, index_high, points, level, grade, stars, stars_before, has_self, weighs_self.
    profile : DataFrame
        `indicator, label, depth, leaf, score, unit` (mean of the unit): what is hidden is missing.
    by_source : DataFrame
        A column of scores for each shown source, the member's own view among them; rows as in `profile`.
    labels : dict
        Labels of the shown sources.
    ledger, balances : DataFrame
        The points, line by line and by dimension.
    rounds : DataFrame
        `round, score, low, high, index, points, stars, grade` of every plain round up to this one, or of the parts of a
        combined one.
    steps : DataFrame
        `title, line`: why this score.
    replies : DataFrame
        `date, text, in_time`: what the member has replied.
    hidden : DataFrame
        `label, reason`: sources that are not shown.
    """

    title: str
    round: str
    period: str
    member_id: str
    name: str
    unit: str
    category: str
    facts: dict[str, Any]
    profile: pd.DataFrame
    by_source: pd.DataFrame
    labels: dict[str, str]
    ledger: pd.DataFrame
    balances: pd.DataFrame
    rounds: pd.DataFrame
    steps: pd.DataFrame
    replies: pd.DataFrame
    hidden: pd.DataFrame


def open_sheet(study: str | Path, member: str = "", round: str = "") -> Sheet:  # noqa: A002  (the contract's word)
    """Open the sheet that a notebook was handed, or cut it from a study folder.

    Parameters
    ----------
    study : path
        A sheet file, or a study folder.
    member : str
        A member's id; blank for the first member of the study.
    round : str
        Blank for the newest.
    """
    path = Path(study)
    if path.is_file():
        return Sheet.from_json(path.read_text(encoding="utf-8"))
    found = read_study(path)
    return Sheets(found, score(found), round or found.round).cut(member or str(found.members["member_id"].iloc[0]))


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

    def __init__(self, study: Study, scores: Scores, round: str, language: str | None = None) -> None:  # noqa: A002
        if round not in study.schemes:
            raise UsageError(f"round: {round!r}, {one_of(round, study.schemes)}")
        self.study, self.scores, self.round = study, scores, round
        self.language = language or study.schemes[round].language
        self.follow = follow(study, scores)
        self._scopes: dict[tuple[str, str], Scope] = {}

    def scope(self, unit: str, turn: str) -> Scope:
        """What the report of a unit may show in a round."""
        if (unit, turn) not in self._scopes:
            self._scopes[unit, turn] = Scope(self.study, self.scores, unit, turn, self.language, follows=self.follow)
        return self._scopes[unit, turn]

    def cut(self, member: str) -> Sheet:
        """Cut the sheet of one member.

        Raises
        ------
        UsageError
            If there is no such member.
        """
        known = self.study.members["member_id"].tolist()
        if member not in known:
            raise UsageError(f"member: {member!r}, {one_of(member, known)}")
        return _Member(self, member).sheet()


class _Member:
    """Cuts one sheet; a class, since every part needs the same things."""

    def __init__(self, sheets: Sheets, member: str) -> None:
        self.study, self.scores, self.round, self.language = sheets.study, sheets.scores, sheets.round, sheets.language
        self.sheets, self.member = sheets, member
        person = self.study.members.set_index("member_id").loc[member]
        self.unit, self.name, self.category = str(person["unit_id"]), str(person["name"]), str(person["category"])
        self.scope = sheets.scope(self.unit, self.round)
        self.scheme: Scheme = self.scope.scheme
        ratees = self.scores.ratees[self.scores.ratees["ratee_id"] == member].set_index("round")
        self.row: dict[Any, Any] = ratees.loc[self.round].to_dict()
        self.open = self.scope.disclosure(member)
        self._secrecy: dict[str, Secrecy] = {}
        self.standing = self._standing(self.round)
        self.withheld = member in self.standing.withheld

    def secrecy(self, turn: str) -> Secrecy:
        """What he must not be told of a round: his own score only where it is what a few of one source have said."""
        if turn not in self._secrecy:
            found = self.sheets.scope(self.unit, turn).disclosure(self.member)
            withheld = {self.member} if "" in found.hidden else set()
            self._secrecy[turn] = Secrecy(
                self.study, self.scores, turn, withheld, lambda _: found.secrets, self.secrecy, single=True
            )
        return self._secrecy[turn]

    def _standing(self, turn: str) -> Standing:
        return Standing(self.study, self.scores, turn, self.language, self.sheets.follow, self.secrecy(turn))

    def sheet(self) -> Sheet:
        """Put the parts together."""
        turn = self.scheme.rounds[self.round]
        profile, by_source = self._profile()
        names = self.study.units.set_index("unit_id")["name"]
        standing = self.standing
        return Sheet(
            language=self.language,
            title=said(self.scheme.title, self.language),
            round=self.scope.label(self.round),
            period=" – ".join(str(day) for day in (turn.start, turn.end) if day),
            member_id=self.member,
            name=self.name,
            unit=str(names[self.unit]),
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
            hidden=pd.DataFrame(
                [(self.scope.label(name) if name else "", reason) for name, reason in self.open.hidden.items()],
                columns=["label", "reason"],
            ),
            results=standing.results([self.member]),
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
        tree = self.scheme.indicator_tree
        names = ["", *tree.names[1:]]
        hide = self.withheld
        frame = pd.DataFrame(
            {
                "indicator": names,
                "label": ["", *map(self.scope.label, names[1:])],
                "depth": [len(tree.path(node)) - 1 for node in range(len(tree))],
                "leaf": [node in tree.leaves for node in range(len(tree))],
                "score": [np.nan if hide else self.open.shown("", name) for name in names],
                "unit": [self._of_unit(name) for name in names],
            }
        )
        own = self.scope.table[(self.scope.table["ratee_id"] == self.member) & (self.scope.table["source"] == SELF)]
        view = own.set_index(own["indicator"].astype(str))["score"]
        columns = {source: [self.open.shown(source, name) for name in names] for source in self.open.sources}
        if view.notna().any():
            columns[SELF] = [float(view.get(name, np.nan)) for name in names]
        by_source = pd.DataFrame(columns, index=frame.index)
        by_source = by_source.dropna(axis=1, how="all")
        kept = frame["score"].notna() | by_source.notna().any(axis=1) | (frame["indicator"] == "")
        return published(frame[kept].reset_index(drop=True)), published(by_source[kept].reset_index(drop=True))

    def _of_unit(self, indicator: str) -> float:
        """Mean of the unit, where enough others stand behind it: one's own score would tell those of fewer."""
        mean, mine = self.scope.open.mean("", indicator), self.open.mean("", indicator)
        others = (mean["members"] if mean else 0) - bool(mine and self.row["counts"])
        adjusted = any(part.missing.rule == "adjusted" for part in self.scope.parts.values())
        # what was filled in is by how much a source differs from the others in the unit: with their mean it is found
        filled = adjusted and self.row["coverage"] < 1 - TOLERANCE and bool(self.scope.open.hidden)
        return np.nan if others < FEWEST or filled else self.scope.open.shown("", indicator)

    def _facts(self, by_source: pd.DataFrame) -> dict[str, Any]:
        row = pd.DataFrame([{key: self.row[key] for key in ("score", "low", "high", "n")}]).astype(float)
        row["low"], row["high"] = coarse(row["low"], row["high"], row["n"])
        if self.withheld:
            row[["score", "low", "high"]] = np.nan
        result: dict[Any, Any] = self.standing.results([self.member]).iloc[0].to_dict()
        ends = ("index_low", "index_high") if not pd.isna(result["index"]) else ()
        index = pd.DataFrame([{key: self.row[key] for key in ends}], columns=["index_low", "index_high"]).astype(float)
        low, high = coarse(index["index_low"], index["index_high"], row["n"])
        shown = published(row[["score", "low", "high"]].assign(index_low=low, index_high=high)).iloc[0]
        facts: dict[str, Any] = {str(key): None if self.withheld else _plain(value) for key, value in shown.items()}
        facts |= {key: _plain(result[key]) for key in ("points", "index", "level", "stars", "stars_before", "grade")}
        ranks = self.scope.members[self.scope.members["unit_id"] == self.unit].set_index("ratee_id")["rank"]
        weights = self.scheme.source_weights(self.category)
        return facts | {
            "rank": None if self.withheld else _plain(ranks[self.member]),
            "ranked": int(ranks.notna().sum()),
            "status": "withheld" if self.withheld else self.row["status"],
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
        rows = []
        for turn in self._turns():
            standing = self._standing(turn)
            row = self._row(turn) | standing.results([self.member]).iloc[0].to_dict()
            if not apart or self.member in standing.withheld:
                row |= dict.fromkeys(["score", "low", "high", "index", "stars"], np.nan) | {"grade": ""}
            rows.append({key: row[key] for key in columns})
        return published(pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[1:-1], float)))

    def _row(self, turn: str) -> dict[Any, Any]:
        """His score in a round, with its interval as it is printed."""
        mine = self.scores.ratees
        mine = mine[(mine["round"] == turn) & (mine["ratee_id"] == self.member)]
        low, high = coarse(mine["low"], mine["high"], mine["n"])
        return mine.iloc[0].to_dict() | {"round": self.scope.label(turn), "low": low[0], "high": high[0]}

    def _turns(self) -> Iterator[str]:
        weights = combined(self.study, self.round)
        for turn in in_time(self.study):
            if weights is not None and turn in weights:
                yield turn
            if weights is None and combined(self.study, turn) is None:
                yield turn
                if turn == self.round:
                    return

    def _trend(self) -> dict[str, Any] | None:
        """Slope of the scores over these rounds."""
        found = trend(self.history.assign(ratee_id=self.member))
        if found.empty or np.isnan(found["slope"].iloc[0]):
            return None
        row = found.iloc[0].to_dict()
        ends = {key: _plain(round(float(row[name]), 1)) for key, name in (("low", "slope_low"), ("high", "slope_high"))}
        return {"slope": round(float(row["slope"]), 1), **ends, "way": row["way"], "rounds": int(row["rounds"])}

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
        steps = explain(self.study, self.scores, self.member, self.round, language=self.language, shown=shown)
        return pd.DataFrame([(step.title, line) for step in steps for line in step.lines], columns=["title", "line"])

    def _proposals(self) -> pd.DataFrame:
        """What is proposed and decided on him; no colleague is named, not as a helper nor as the one who decided."""
        found = self.standing.proposals([self.member], MATTERS)
        people = self.study.members[self.study.members["member_id"] != self.member]
        named = found["decided_by"].isin([*people["member_id"], *people["name"]])
        return found.assign(helper="", decided_by=found["decided_by"].mask(named, ""))

    def _replies(self) -> pd.DataFrame:
        rows = self.study.replies
        rows = rows[(rows["round"] == self.round) & (rows["subject_id"] == self.member)]
        until = self._dates()["reply_by"]
        return rows.assign(in_time=(rows["date"] <= until) | (not until))[["date", "text", "in_time"]].reset_index(
            drop=True
        )


def _plain(value: Any) -> Any:  # noqa: ANN401  (a number, a text, or neither)
    """A value that JSON knows; None for a missing one."""
    if isinstance(value, str):
        return value
    return None if value is None or pd.isna(value) else float(value)

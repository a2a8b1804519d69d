"""Cutting what one report is handed out of a study and its scores."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from math import isnan, nan
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from toolkit.faults import UsageError
from toolkit.reporting.books import Books
from toolkit.reporting.frames import grouped, highest, rounded, tabled
from toolkit.reporting.heard import heard
from toolkit.reporting.phrases import matter_label
from toolkit.reporting.privacy import FEWEST, coarse, published
from toolkit.reporting.scope import Scope
from toolkit.reporting.slices import Slice
from toolkit.scheme import SELF, said

if TYPE_CHECKING:
    from collections.abc import Iterable

    from toolkit.reporting.books import Record
    from toolkit.scoring.scores import Scores
    from toolkit.study import Study


class Outline(NamedTuple):
    """What the index of a run tells.

    `units` has the columns of `Slice.children` and `parent_id, category` (a label), `industry`, and `grade, stars` of
    units that are rated themselves, as their own reports tell them; `grades` are the labels of grades, best first.
    `members` and `scored` are numbers of members of the whole study.
    """

    language: str
    title: str
    round: str
    period: str
    units: pd.DataFrame
    members: int
    scored: int
    grades: list[str]


def cut(
    study: Study,
    scores: Scores,
    unit: str,
    round: str,  # noqa: A002
    language: str | None = None,
) -> Slice:
    """Cut the slice of one unit, or with a blank unit that of the overview.

    Parameters
    ----------
    study, scores
        The study and its scores.
    unit : str
        A unit's id.
    round : str
        A round, plain or combined.
    language : str, optional
        Instead of the scheme's.

    Raises
    ------
    ValueError
        If the round or the unit is unknown.
    """
    if round not in study.schemes:
        raise UsageError(f"round: {round!r}, must be one of {', '.join(study.schemes)}")
    books = Books.of(study, scores)
    if unit and unit not in books.unit_names:
        raise UsageError(f"unit: {unit!r}, must be one of {', '.join([*books.unit_names][:12])}")
    return Cutter(books, unit, round, language or study.schemes[round].language).slice()


def outline(books: Books, round: str, language: str) -> Outline:  # noqa: A002
    """Cut the outline of the whole study, of a slice only what an index needs."""
    cutter = Cutter(books, "", round, language)
    grades = [cutter.label(name) for name in cutter.scheme.grades.bands] if cutter.scheme.grades else []
    return Outline(language, *cutter.heading(), cutter.units_placed(), len(cutter.members), cutter.scored(), grades)


class Cutter(Scope):
    """Cuts one slice; a class, since every part needs the same things."""

    def slice(self) -> Slice:
        """Put the parts together."""
        title, name, period = self.heading()
        categories = list(dict.fromkeys(row["category"] for row in self.members))
        matrix, by_source = self._matrix()
        opinions, handling = heard(self.book, self.unit, self.language)
        return Slice(
            language=self.language,
            title=title,
            round=name,
            period=period,
            unit_id=self.unit,
            unit=self.unit_name,
            facts=self._facts() | {"opinions": handling},
            method=self.book.method(categories, self.language),
            turnout=self._turnout(),
            league=self._league(),
            units=self._units(),
            children=self.units_below(),
            matrix=matrix,
            by_source=by_source,
            selves=self._selves(),
            hidden=self._hidden_frame(),
            opinions=opinions,
            bottom=self._bottom(),
            **self._results(),
            labels={name: self.label(name) for name in self.open.sources},
        )

    def heading(self) -> tuple[str, str, str]:
        """Title, round and period."""
        turn = self.scheme.rounds[self.round]
        days = " – ".join(str(day) for day in (turn.start, turn.end) if day)
        return said(self.scheme.title, self.language), self.label(self.round), days

    def scored(self) -> int:
        """How many members count."""
        return sum(bool(row["counts"]) for row in self.members)

    def _facts(self) -> dict[str, Any]:
        status = Counter(row["status"] for row in self.members)
        counted = [row for row in self.members if row["counts"]]
        facts: dict[str, Any] = {
            "members": len(self.members),
            "scored": self.scored(),
            "partial": status["partial"],
            "thin": status["thin"] + status["incomplete"],
            "unrated": sum(row["status"] == "unrated" and not row["exempt"] for row in self.members),
            "exempt": sum(row["exempt"] for row in self.members),
            "min_raters": self.open.min_raters,
            "unshown": [self.label(name) for name in self.scheme.indicator_tree.names[1:] if name in self.open.unshown],
        }
        facts["void"] = self._void()
        facts["turnout_by_ratee"] = not self.book.told_by_ratee.isdisjoint(self.tree.below(self.scope))
        facts |= self._mean()
        grades = Counter(row["grade"] for row in counted)
        facts["grades"] = {name: grades[name] for name in (self.scheme.grades.bands if self.scheme.grades else {})}
        own = rounded([row["score"] for row in self.own])
        facts["own_score"] = own[0] if own else None
        mine = self.standing.result(self.own[0]) if self.own else {}
        keys = ("points", "index", "level", "stars", "stars_before")
        facts["admitted"] = len(self.standing.admitted(self._own_ids()))
        facts["own"] = {key: mine.get(key) for key in keys}
        return facts

    def _mean(self) -> dict[str, float | None]:
        """The unit's mean and its interval, as they are printed."""
        row = self.open.mean("", "")
        keys = ("score", "low", "high")
        if row is None or np.isnan(self.open.shown("", "")):
            return dict.fromkeys(keys)
        low, high = coarse([row["low"]], [row["high"]], [row["n"]])
        return dict(zip(keys, rounded([row["score"], low[0], high[0]]), strict=True))

    def _results(self) -> dict[str, pd.DataFrame]:
        """What became of scores: of the unit's members by name; the overview names nobody."""
        standing, unit, ids = self.standing, self.unit, self._own_ids()
        names = self.books.members
        everybody = ids if unit else [row["ratee_id"] for row in self.members]
        frames = {
            "targets": standing.targets(everybody),
            "models": standing.models([*ids, unit]),
            "proposals": standing.proposals([*ids, unit]),
            "papers": standing.papers(ids),
        }
        # who is to be registered as a matter of course is counted, not listed
        course = standing.admitted(ids)
        if course:
            matter = frames["proposals"]["matter"] == matter_label("registration", self.language)
            frames["proposals"] = frames["proposals"][~(matter & frames["proposals"]["ratee_id"].isin(course))]
        for frame in frames.values():
            called = [names[ratee]["name"] if ratee in names else self.unit_name for ratee in frame["ratee_id"]]
            frame.insert(len(frame.columns), "name", called)
        if not unit:
            frames["targets"] = _of_nobody(frames["targets"])
        return {
            **frames,
            "results": standing.results(ids),
            "components": standing.components(unit),
            "satisfaction": standing.satisfaction(unit),
            "criteria": standing.criteria(unit),
        }

    def _own_ids(self) -> list[str]:
        """The unit's own members in the order of the league; nobody in the overview."""
        return [row["ratee_id"] for row in self._own_rows]

    @cached_property
    def _own_rows(self) -> list[Record]:
        # the best first, without a score last
        return sorted(
            self.staff,
            key=lambda row: (not row["counts"], *highest(row["score"]), row["ratee_id"]),
        )

    def _bottom(self) -> pd.DataFrame:
        """Units that satisfy least, in the overview alone."""
        columns = ["name", "n", "dissatisfied", "low", "high", "others", "verdict"]
        if self.unit:
            return tabled([], columns)
        rows = self.book.scores.rungs[self.round].frames["bottom"]
        rows = rows[rows["kind"] == "unit"]
        if rows.empty:
            return tabled([], columns)
        rows = rows.assign(name=[self.books.unit_names[ratee] for ratee in rows["ratee_id"]])
        few = pd.Series(
            [self.secrecy.hides(ratee, "dissatisfied") for ratee in rows["ratee_id"]], rows.index, dtype=bool
        )
        # from the share of all others, and what is shown of them, a single one that is hidden could be found
        if few.any():
            rows["others"] = None
        for column in ("dissatisfied", "low", "high", "others"):
            rows[column] = [np.nan if share is None else 100 * float(share) for share in rows[column]]
            rows[column] = rows[column].mask(few)
        order = rows.sort_values(["dissatisfied", "ratee_id"], ascending=[False, True], kind="stable")
        return published(order[columns].reset_index(drop=True))

    def _turnout(self) -> pd.DataFrame:
        """Who took part, by source; how much was left blank only of sources that are shown."""
        steps = ("eligible", "issued", "returned", "valid")
        forms = grouped(self.book.turnout.of_all(self.tree.below(self.scope)), "source")
        answers, blanks = Counter[str](), Counter[str]()
        for row in self.book.answers.of_all(self.people):
            answers[row["source"]] += row["count"]
            blanks[row["source"]] += row["blank"]
        shown = set(self.open.sources)
        rows = [
            {
                "source": name,
                "label": self.label(name),
                **{step: _sum(row[step] for row in forms.get((name,), [])) for step in steps},
                "blank": 100 * blanks[name] / answers[name] if top in shown and answers[name] else nan,
            }
            for name, top in self.book.design.top_of.items()
            if (name,) in forms or name in answers
        ]
        return tabled(rows, ["source", "label", *steps, "blank"])

    def _void(self) -> list[dict[str, Any]]:
        """How many boxes and ballots do not count, by source and rule; small numbers of ballots are not told."""
        rows = self.book.void.of_all([*self.tree.below(self.scope), *([] if self.unit else [""])])
        found = Counter((row["source"], row["rule"], row["ballot"] == 0) for row in rows)
        few = self.open.min_raters
        return [
            {"label": self.label(source), "rule": rule, "box": box, "number": count if box or count >= few else None}
            for source in self.book.design.top_of
            for (name, rule, box), count in sorted(found.items())
            if name == source
        ]

    def _league(self) -> pd.DataFrame:
        own = self._own_rows
        low, high = coarse(*([row[name] for row in own] for name in ("low", "high", "n")))
        rows = [
            row | {
                "member_id": row["ratee_id"],
                "low": lower,
                "high": upper,
                "category": self.label(row["category"]),
                "coverage": np.round(row["coverage"] * 100, 0),
                "grade": row["grade"] if isinstance(row["grade"], str) else "",
            }
            for row, lower, upper in zip(own, low.tolist(), high.tolist(), strict=True)
        ]  # fmt: skip
        columns = ["member_id", "name", "category", "score", "low", "high", "coverage", "status", "rank", "grade"]
        return tabled(rows, [*columns, "places", "tied", "exempt"])

    def _units(self) -> pd.DataFrame:
        """Composites of the units of the same level, in order, without names; the overview has the names."""
        peers = self.book.peers(self.tree.depth[self.unit] if self.unit else None)
        # of ten thousand units no slice holds more rows than there are scores that can be printed
        counts = Counter((score, unit == self.unit) for unit, score in peers.items() if unit not in self.bare)
        few = self.unit and counts.total() < FEWEST
        rows = [{"score": score, "own": own, "count": n} for (score, own), n in counts.items()]
        return tabled([] if few else rows, ["score", "own", "count"])

    def units_below(self) -> pd.DataFrame:
        """The units below: a parent's own branches, or in the overview all units."""
        names = self.tree.children[self.unit] if self.unit else list(self.tree.depth)
        means = {row["unit_id"]: row for row in self.book.means.of_all(names)}
        rows = [self._child(name, means.get(name)) for name in names]
        columns = ["unit_id", "name", "depth", "members", "scored", "score", "low", "high", "coverage"]
        return tabled(rows, columns)

    def _child(self, name: str, mean: Record | None) -> Record:
        """A unit with its published mean, and with how many members it has."""
        told = dict.fromkeys(("score", "low", "high", "coverage"), nan)
        if mean and name not in self.bare:
            low, high = coarse([mean["low"]], [mean["high"]], [mean["n"]])
            told |= {"score": mean["score"], "low": low[0], "high": high[0]}
        if mean:
            told["coverage"] = np.round(mean["coverage"] * 100)
        return {
            **told,
            "unit_id": name,
            "name": self.books.unit_names[name],
            "depth": self.tree.depth[name],
            "members": len(self.books.people.get(name, ())),
            "scored": mean["members"] if mean else 0.0,
        }

    def units_placed(self) -> pd.DataFrame:
        """All units, with where they stand and what became of those that are rated themselves."""
        units = self.units_below()
        facts = {row["unit_id"]: row for row in self.study.units.to_dict("records")}
        units["parent_id"] = [self.tree.parent[unit] for unit in units["unit_id"]]
        units["category"] = [self.label(name) if (name := facts[unit]["category"]) else "" for unit in units["unit_id"]]
        units["industry"] = [facts[unit]["industry"] for unit in units["unit_id"]]
        results = [self._result(unit) for unit in units["unit_id"]]
        units["grade"] = [result.get("grade", "") for result in results]
        units["stars"] = [result.get("stars", nan) for result in results]
        return units

    def _result(self, unit: str) -> Record:
        """Grade and stars of a unit, as far as its own report tells them."""
        rows = [row for row in self.book.ratees.of(unit) if row["kind"] == "unit"]
        if not any(isinstance(row["grade"], str) or not isnan(row["stars"]) for row in rows):
            return {}
        own = Scope(self.books, unit, self.round, self.language)
        return own.standing.result(own.own[0])

    def _matrix(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Means by indicator: of all sources, and of each."""
        names, shown = self.indicators, self.open.shown
        by_source = {source: [shown(source, name) for name in names] for source in self.open.sources}
        return self.profile({"score": [shown("", name) for name in names]}, by_source)

    def _selves(self) -> pd.DataFrame:
        """Self beside others, for the mean of the unit only: a single self rating is for the member's own eyes."""
        rows = []
        tree = self.scheme.indicator_tree
        for place in [0, *tree.leaves] if len(tree) > 1 else [0]:
            indicator = tree.names[place] if place else ""
            own, others = self.open.mean(SELF, indicator), self.open.shown("", indicator)
            if own is None or np.isnan(own["score"]) or np.isnan(others):
                continue
            if SELF in self.open.hidden or own["members"] < self.open.min_raters:
                continue
            label = self.label(tree.names[place]) if place else ""
            rows.append({"label": label, "self": own["score"], "others": others, "gap": own["score"] - others})
        return tabled(rows, ["label", "self", "others", "gap"])

    def _hidden_frame(self) -> pd.DataFrame:
        rows = [
            {"label": self.label(name) if name else "", "reason": reason} for name, reason in self.open.hidden.items()
        ]
        return tabled(rows, ["label", "reason"])


def _of_nobody(targets: pd.DataFrame) -> pd.DataFrame:
    """Targets to be counted: who met what is told of nobody, nor by a value or by the order of the rows."""
    known = targets["value"].where(targets["value"].isna(), 0.0)
    rows = targets.assign(ratee_id="", name="", value=known, gap=np.nan, attainment=np.nan)
    order = {what: place for place, what in enumerate(dict.fromkeys(rows["what"]))}
    keys = ["what", "since", "target", "value", "met"]
    return rows.sort_values(
        keys, key=lambda cells: cells.map(order) if cells.name == "what" else cells, ignore_index=True
    )


def _sum(numbers: Iterable[float]) -> float:
    """Sum of what is known; NaN where nothing is."""
    known = [number for number in numbers if not isnan(number)]
    return float(sum(known)) if known else nan

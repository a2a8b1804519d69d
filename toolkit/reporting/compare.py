"""Two rounds of a unit side by side (回头看): what moved, why, and whether what was to be mended is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toolkit.conduct.calendar import calendar
from toolkit.conduct.conversion import conversion
from toolkit.faults import UsageError
from toolkit.reporting.books import Books
from toolkit.reporting.disclosure import Disclosure
from toolkit.reporting.privacy import DIGITS, settled
from toolkit.reporting.scope import Scope
from toolkit.reporting.view import View
from toolkit.scheme import said
from toolkit.scoring.bridge import FILLED, bridge, contributions
from toolkit.scoring.rounds import combined
from toolkit.scoring.scores import score
from toolkit.study import read_study
from toolkit.words import words

if TYPE_CHECKING:
    from toolkit.scoring.scores import Scores
    from toolkit.study import Study

FILE = "change.json"


@dataclass(frozen=True)
class Change(View):
    """Everything that a comparison of two rounds may show.

    Attributes
    ----------
    title, unit_id, unit, before, after : str
        Of the appraisal, the unit, and the labels of the rounds; `before` is blank for a first round.
    facts : dict
        before, after (mean of the unit), stayed (members whose score both rounds show), moved (points by which the mean
        of those moved; of it by_ratings and by_weights), others (points by which the mean moved since members came or
        left, or are not shown), as_of.
    members : DataFrame
        `name, before, after, change, grade_before, grade, stars_before, stars, points_before, points`.
    sources, indicators : DataFrame
        `label, ratings, weights`: points that other ratings, and other weights, moved the mean of those who stayed.
        What is not shown on its own stands in one row, without numbers where it is hidden; then `by_ratings` and
        `by_weights` are missing, and there is nothing by indicator.
    cases : DataFrame
        Remediation ordered in the round before: see `Standing.proposals`.
    conversion : DataFrame
        By round: `round, called, converted, rate` (percent), `days` (median).
    calendar : DataFrame
        `round, start, end, due, feedback, days, state`.
    """

    title: str
    unit_id: str
    unit: str
    before: str
    after: str
    facts: dict[str, Any]
    members: pd.DataFrame
    sources: pd.DataFrame
    indicators: pd.DataFrame
    cases: pd.DataFrame
    conversion: pd.DataFrame
    calendar: pd.DataFrame


def open_change(study: str | Path, unit: str = "", round: str = "") -> Change:  # noqa: A002  (the contract's word)
    """Open the comparison that a notebook was handed, or cut it from a study folder.

    Parameters
    ----------
    study : path
        A file that a run has written, or a study folder.
    unit : str
        Blank for the first unit.
    round : str
        The later round; blank for the newest. It is compared with the round of its kind before it.
    """
    path = Path(study)
    if path.is_file():
        return Change.from_json(path.read_text(encoding="utf-8"))
    found = read_study(path)
    return compare(found, score(found), unit or str(found.units["unit_id"].iloc[0]), round or found.round)


def compare(
    study: Study,
    scores: Scores,
    unit: str,
    round: str,  # noqa: A002
    *,
    language: str | None = None,
) -> Change:
    """Compare a round of a unit with the one before.

    Parameters
    ----------
    study, scores
        The study and its scores.
    unit, round : str
        Whose rounds; the later one.
    language : str, optional
        Instead of the scheme's.

    Raises
    ------
    UsageError
        If the unit or the round is unknown.
    """
    if round not in study.schemes:
        raise UsageError(f"round: {round!r}, must be one of {', '.join(study.schemes)}")
    spoken = language or study.schemes[round].language
    return _Comparer(Books.of(study, scores), unit, round, spoken).change()


class _Comparer:
    """Compares two rounds; a class, since every part needs the same things."""

    def __init__(self, books: Books, unit: str, turn: str, language: str) -> None:
        self.study, self.scores, self.unit, self.turn, self.language = books.study, books.scores, unit, turn, language
        self.now = Scope(books, unit, turn, language)
        self.last = self.now.book.before
        self.then = self.now.at(self.last) if self.last else None

    def change(self) -> Change:
        """Put the parts together."""
        members = self._members()
        sources, indicators, facts = self._bridges()
        months = calendar(self.study)
        return Change(
            language=self.language,
            title=said(self.now.scheme.title, self.language),
            unit_id=self.unit,
            unit=self.now.unit_name,
            before=self.now.label(self.last) if self.last else "",
            after=self.now.label(self.turn),
            facts={**facts, "as_of": str(months.attrs.get("as_of", ""))},
            members=members,
            sources=sources,
            indicators=indicators,
            cases=self._cases(),
            conversion=self._conversion(),
            calendar=months.assign(round=[self.now.label(name) for name in months["round"]]),
        )

    def _members(self) -> pd.DataFrame:
        """Members of the unit in both rounds; what is withheld in either is missing there."""
        columns = ["name", "before", "after", "change", "grade_before", "grade", "stars_before", "stars"]
        columns += ["points_before", "points"]
        if self.then is None:
            return pd.DataFrame(columns=columns)
        ids = [row["ratee_id"] for row in self.now.staff]
        now, then = (_results(scope, ids) for scope in (self.now, self.then))
        frame = pd.DataFrame({"name": now["name"], "before": then["score"], "after": now["score"]})
        frame["change"] = (now["score"] - then["score"]).round(DIGITS)
        for name in ("grade", "stars", "points"):
            frame[f"{name}_before"], frame[name] = then[name], now[name]
        kept = frame[["before", "after"]].notna().any(axis=1)
        return frame[kept].sort_values("change", ascending=False, kind="stable")[columns].reset_index(drop=True)

    # ------------------------------------------------------------------------------------------------- the bridge

    def _bridges(self) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
        """The change of the unit's mean, by source and by indicator."""
        empty = pd.DataFrame(columns=["label", "ratings", "weights"])
        names = ["before", "after", "stayed", "moved", "by_ratings", "by_weights", "others"]
        facts: dict[str, Any] = dict.fromkeys(names)
        if self.then is None:
            return empty, empty, facts
        means = [scope.open.shown("", "") for scope in (self.then, self.now)]
        stayed = sorted(_counted(self.then) & _counted(self.now))
        facts["stayed"] = len(stayed)
        if np.isnan(means).any() or not stayed:
            return empty, empty, facts
        table = self._table(stayed)
        cells = pd.concat([self._bridge(ratee, table) for ratee in stayed])
        cells[["ratings", "weights"]] /= len(stayed)
        by_ratings, by_weights = (float(cells[name].sum()) for name in ("ratings", "weights"))
        change = by_ratings + by_weights
        facts |= {
            "before": settled(means[0]),
            "after": settled(means[1]),
            "moved": settled(change),
            "by_ratings": settled(by_ratings),
            "by_weights": settled(by_weights),
            "others": settled(means[1] - means[0] - change),
        }
        opens = [_open(scope, stayed) for scope in (self.then, self.now)]
        if any(each.hides for each in opens):
            # a mixture of what is hidden, told twice over, comes apart: by ratings and by weights, or by indicators
            facts |= {"by_ratings": None, "by_weights": None}
            return self._by_source(cells, opens), empty, facts
        return self._by_source(cells, opens), self._by_indicator(cells), facts

    def _table(self, ratees: list[str]) -> pd.DataFrame:
        """The scores of some members and of their posts."""
        posts = self.study.posts
        held = posts.loc[posts["member_id"].isin(ratees), "post_id"]
        return self.scores.table[self.scores.table["ratee_id"].isin([*ratees, *held])]

    def _bridge(self, ratee: str, table: pd.DataFrame) -> pd.DataFrame:
        turns = (turn for turn in (self.last, self.turn) if turn)
        return bridge(*(contributions(self.study, table, ratee, turn) for turn in turns))

    def _by_source(self, cells: pd.DataFrame, opens: list[Disclosure]) -> pd.DataFrame:
        """Top sources that both rounds show; all others together."""
        tops: dict[str, str] = {}
        for scope in filter(None, (self.then, self.now)):
            for scheme in scope.parts.values():
                tree = scheme.source_tree
                tops |= {name: tree.names[tree.path(place)[-2]] for name, place in tree.position.items() if place}
        shown = set.intersection(*(set(each.sources) for each in opens))
        _ = words(self.language)
        top = cells["source"].map(tops).fillna("")
        label = [self.now.label(name) if name in shown else _("Other sources") for name in top]
        order = [*(self.now.label(name) for name in self.now.open.sources), _("Other sources")]
        found = self._summed(cells, label, order)
        gone = (found["label"] == _("Other sources")) & any(each.hides for each in opens)
        return found.assign(**{name: found[name].mask(gone) for name in ("ratings", "weights")})

    def _by_indicator(self, cells: pd.DataFrame) -> pd.DataFrame:
        """Leaf indicators."""
        _ = words(self.language)
        root = self.now.scheme.indicator_tree.names[0]
        label = [
            _("Filled in for missing sources") if name == FILLED else _("All indicators") if name == root
            else self.now.label(name)
            for name in cells["indicator"]
        ]  # fmt: skip
        order = [_("All indicators"), *map(self.now.label, self.now.scheme.indicator_tree.names[1:])]
        order += [name for name in dict.fromkeys(label) if name not in order]
        return self._summed(cells, label, order)

    @staticmethod
    def _summed(cells: pd.DataFrame, label: list[str], order: list[str]) -> pd.DataFrame:
        sums = cells.assign(label=label).groupby("label", sort=False)[["ratings", "weights"]].sum()
        sums = sums.reindex([name for name in order if name in sums.index])
        return sums.map(settled).reset_index()

    # -------------------------------------------------------------------------------------------- what was to be done

    def _cases(self) -> pd.DataFrame:
        if self.then is None:
            return pd.DataFrame(columns=["name", "matter", "why", "decision", "due", "state"])
        ids = [row["ratee_id"] for row in self.then.staff]
        names = self.now.books.members
        rows = self.then.standing.proposals([*ids, self.unit], ["remediation"])
        called = [names[ratee]["name"] if ratee in names else self.now.unit_name for ratee in rows["ratee_id"]]
        return rows.assign(name=called)

    def _conversion(self) -> pd.DataFrame:
        """Conversion over the rounds, of the unit's members whose score none of them withholds: few are called."""
        turns = [turn for turn in self.study.schemes if combined(self.study, turn) is None]
        gone = {ratee for turn in turns for ratee in self.now.at(turn).standing.withheld}
        found = conversion(self.study, self.scores, ratees=set(self.now.people) - gone)
        rate = [np.nan if value is None else settled(100 * float(value)) for value in found["rate"]]
        labels = [self.now.label(name) for name in found["round"]]
        return found.assign(rate=rate, round=labels)


def _counted(scope: Scope) -> set[str]:
    """Members who count, and whose score is shown."""
    return {row["ratee_id"] for row in scope.members if row["counts"] and not np.isnan(row["score"])}


def _results(scope: Scope, ratees: list[str]) -> pd.DataFrame:
    """What became of some members, by id, with the score of each as it is printed."""
    score = {row["ratee_id"]: row["score"] for row in scope.members}
    found = scope.standing.results(ratees).set_index("ratee_id")
    return found.assign(score=settled(pd.Series([score[ratee] for ratee in found.index], found.index, dtype=float)))


def _open(scope: Scope, ratees: list[str]) -> Disclosure:
    """What may be shown of the mean of some members; of all who count it is what is shown of the unit.

    How many persons have rated a part of the members is not known. They are no fewer than those of any one of them, and
    of the unit's at most as many are lacking as have rated the others.
    """
    rest = {row["ratee_id"] for row in scope.members if row["counts"]} - set(ratees)
    if not rest:
        return scope.open
    keys = ["source", "indicator"]
    rows = pd.DataFrame(scope.book.table.of_all([*ratees, *rest]))
    rows = rows[rows["score"].notna()]
    mine = rows[rows["ratee_id"].isin(ratees)].groupby(keys, sort=False)
    means = mine.agg(score=("score", "mean"), raters=("n", "max"), members=("n", "size")).reset_index()
    if len(scope.parts) == 1:  # in a combined round each of these is the least of several
        others = rows[rows["ratee_id"].isin(rest)].groupby(keys)["n"].sum()
        lacking = others.reindex(pd.MultiIndex.from_frame(means[keys]), fill_value=0).to_numpy()
        whole = [found["raters"] if (found := scope.open.mean(*key)) else 0 for key in means[keys].to_numpy()]
        means["raters"] = np.maximum(means["raters"], whole - lacking)
    categories = {ratee: scope.categories[ratee] for ratee in ratees}
    guarded = scope.book.guard.people(ratees)
    return Disclosure(scope.book.design, means.to_dict("records"), categories, guarded)  # type: ignore[arg-type]

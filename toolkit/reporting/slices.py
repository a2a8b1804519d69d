"""What one report is handed: a unit's own rows, anonymous distributions, and nothing else.

What is not in a slice cannot leak. Sources with too few raters are gone from it, and numbers have the digits that are
printed, so a slice may lie beside its report and the notebook can be run again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toolkit.faults import UsageError
from toolkit.reporting.method import method_facts
from toolkit.reporting.phrases import matter_label
from toolkit.reporting.privacy import DIGITS, FEWEST, coarse, published
from toolkit.reporting.scope import Scope
from toolkit.reporting.view import Results
from toolkit.scheme import SELF, said
from toolkit.scoring.scores import score
from toolkit.study import read_study

if TYPE_CHECKING:
    from toolkit.reporting.standing import Follow
    from toolkit.scheme import Scheme
    from toolkit.scoring.scores import Scores
    from toolkit.study import Study

FILE = "slice.json"


@dataclass(frozen=True)
class Slice(Results):
    """Everything that a unit's report, or the overview, may show.

    Attributes
    ----------
    language : str
        "zh" or "en".
    title, round, period : str
        Of the appraisal, in that language.
    unit_id, unit : str
        Id and name; blank in the overview.
    facts : dict
        Single numbers and words: score, low, high, members, scored, partial, thin, unrated, exempt, min_raters,
        own_score, grades (grade -> members), unshown (labels of indicators whose mean would give a source away),
        admitted (members to be registered as a matter of course), own (points, index, level, stars, stars_before of the
        unit itself).
    method : dict
        What the scheme says, see `method_facts`.
    turnout : DataFrame
        `source, label, eligible, issued, returned, valid, blank` (percent of the answers, of shown sources).
    league : DataFrame
        Members: `member_id, name, category, score, low, high, coverage, status, rank, grade, places, tied, exempt`.
    units : DataFrame
        Units of the same level without their names: `score, own`; none where they are too few. In the overview, the
        units without any below.
    children : DataFrame
        Units below, in the overview all units: `unit_id, name, depth, members, scored, score, low, high, coverage`.
    matrix : DataFrame
        `indicator, label, depth, leaf, score` (of all sources).
    by_source : DataFrame
        A column of scores for each shown source, row by row as in `matrix`.
    selves : DataFrame
        `label, self, others, gap` by indicator, where enough members rated themselves.
    hidden : DataFrame
        `label, reason`: sources that are not shown.
    bottom : DataFrame
        In the overview, who satisfies least: `name, n, dissatisfied, low, high, others` (percent), `verdict`.
    labels : dict
        Labels of the shown sources.
    """

    title: str
    round: str
    period: str
    unit_id: str
    unit: str
    facts: dict[str, Any]
    method: dict[str, Any]
    turnout: pd.DataFrame
    league: pd.DataFrame
    units: pd.DataFrame
    children: pd.DataFrame
    matrix: pd.DataFrame
    by_source: pd.DataFrame
    selves: pd.DataFrame
    hidden: pd.DataFrame
    bottom: pd.DataFrame
    labels: dict[str, str] = field(default_factory=dict)


def open_slice(study: str | Path, unit: str = "", round: str = "") -> Slice:  # noqa: A002  (the contract's word)
    """Open the slice that a report was handed, or cut it from a study folder.

    Parameters
    ----------
    study : path
        A slice file, or a study folder.
    unit : str
        Unit to cut from a folder; blank for the overview of the whole study.
    round : str
        Round to cut; blank for the newest.
    """
    path = Path(study)
    if path.is_file():
        return Slice.from_json(path.read_text(encoding="utf-8"))
    found = read_study(path)
    return cut(found, score(found), unit, round or found.round)


def cut(
    study: Study,
    scores: Scores,
    unit: str,
    round: str,  # noqa: A002
    language: str | None = None,
    *,
    follows: Follow | None = None,
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
    follows : callable, optional
        See `follow`; to be shared where many slices are cut.

    Raises
    ------
    ValueError
        If the round or the unit is unknown.
    """
    if round not in study.schemes:
        raise UsageError(f"round: {round!r}, must be one of {', '.join(study.schemes)}")
    known = study.units.set_index("unit_id")["name"]
    if unit and unit not in known.index:
        raise UsageError(f"unit: {unit!r}, must be one of {', '.join(known.index[:12])}")
    spoken = language or study.schemes[round].language
    return Cutter(study, scores, unit, round, spoken, follows=follows).slice()


class Cutter(Scope):
    """Cuts one slice; a class, since every part needs the same things."""

    def slice(self) -> Slice:
        """Put the parts together."""
        turn = self.scheme.rounds[self.round]
        categories = self.members["category"].unique().tolist()
        matrix, by_source = self._matrix()
        return Slice(
            language=self.language,
            title=said(self.scheme.title, self.language),
            round=self.label(self.round),
            period=" – ".join(str(day) for day in (turn.start, turn.end) if day),
            unit_id=self.unit,
            unit=self.unit_name,
            facts=self._facts(),
            method=method_facts(self.scheme, self.round, self.parts, categories, self.label),
            turnout=self._turnout(),
            league=self._league(),
            units=self._units(),
            children=self._children(),
            matrix=matrix,
            by_source=by_source,
            selves=self._selves(),
            hidden=self._hidden_frame(),
            bottom=self._bottom(),
            **self._results(),
            labels={name: self.label(name) for name in self.open.sources},
        )

    def _facts(self) -> dict[str, Any]:
        status = self.members["status"]
        facts: dict[str, Any] = {
            "members": len(self.members),
            "scored": int(self.members["counts"].sum()),
            "partial": int((status == "partial").sum()),
            "thin": int(status.isin(["thin", "incomplete"]).sum()),
            "unrated": int(((status == "unrated") & ~self.members["exempt"]).sum()),
            "exempt": int(self.members["exempt"].sum()),
            "min_raters": self.open.min_raters,
            "unshown": [self.label(name) for name in self.scheme.indicator_tree.names[1:] if name in self.open.unshown],
        }
        row = pd.DataFrame([self.open.mean("", "") or {}], columns=["score", "low", "high", "n"]).astype(float)
        row["low"], row["high"] = coarse(row["low"], row["high"], row["n"])
        shown = published(row).iloc[0]
        hide = np.isnan(self.open.shown("", ""))
        facts |= {key: None if hide or np.isnan(shown[key]) else float(shown[key]) for key in ("score", "low", "high")}
        facts["grades"] = {
            name: int((self.members.loc[self.members["counts"], "grade"] == name).sum())
            for name in (self.scheme.grades.bands if self.scheme.grades else {})
        }
        own = published(self.own)["score"]
        facts["own_score"] = float(own.iloc[0]) if len(own) and own.notna().all() else None
        mine = self.standing.results([self.unit]).to_dict("records")[0] if len(self.own) else {}
        keys = ("points", "index", "level", "stars", "stars_before")
        facts["admitted"] = len(self.standing.admitted(self._own_ids()))
        facts["own"] = {key: None if pd.isna(mine.get(key)) else mine[key] for key in keys}
        return facts

    def _results(self) -> dict[str, pd.DataFrame]:
        """What became of scores: of the unit's members by name; the overview names nobody."""
        standing, unit, ids = self.standing, self.unit, self._own_ids()
        names = dict(zip(self.study.members["member_id"], self.study.members["name"], strict=True))
        everybody = ids if unit else self.members["ratee_id"].tolist()
        frames = {
            "targets": standing.targets(everybody),
            "models": standing.models([*ids, unit]),
            "proposals": standing.proposals([*ids, unit]),
            "papers": standing.papers(ids),
        }
        # who is to be registered as a matter of course is counted, not listed
        course = standing.admitted(ids)
        matter = frames["proposals"]["matter"] == matter_label("registration", self.language)
        frames["proposals"] = frames["proposals"][~(matter & frames["proposals"]["ratee_id"].isin(course))]
        named = {
            name: frame.assign(name=[names.get(ratee, self.unit_name) for ratee in frame["ratee_id"]])
            for name, frame in frames.items()
        }
        if not unit:
            named["targets"] = _of_nobody(named["targets"])
        return {
            **named,
            "results": standing.results(ids),
            "components": standing.components(unit),
            "satisfaction": standing.satisfaction(unit),
            "criteria": standing.criteria(unit),
        }

    def _own_ids(self) -> list[str]:
        """The unit's own members in the order of the league; nobody in the overview."""
        own = self.members[self.members["unit_id"] == self.unit] if self.unit else self.members.iloc[:0]
        own = own.sort_values(["counts", "score", "ratee_id"], ascending=[False, False, True], kind="stable")
        return list(own["ratee_id"])

    def _bottom(self) -> pd.DataFrame:
        """Units that satisfy least, in the overview alone."""
        columns = ["name", "n", "dissatisfied", "low", "high", "others", "verdict"]
        rows = self.scores.bottom
        rows = rows[(rows["round"] == self.round) & (rows["kind"] == "unit")]
        if self.unit or rows.empty:
            return pd.DataFrame(columns=columns)
        names = self.study.units.set_index("unit_id")["name"]
        rows = rows.assign(name=names.reindex(rows["ratee_id"]).to_numpy())
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
        rows = self.study.turnout
        below = self.tree.below(self.scope)
        rows = rows[rows["round"].isin(self.parts) & (rows["ratee_id"] == "") & rows["unit_id"].isin(below)]
        numbers = rows.groupby("source")[["eligible", "issued", "returned", "valid"]].sum(min_count=1)
        counts = self.study.tally.counts
        counts = counts[counts["round"].isin(self.parts) & counts["ratee_id"].isin(self.people)]
        scales = [scale for scheme in self.parts.values() for scale in scheme.scales.values()]
        blank = counts["value"].isin({"", *(name for scale in scales for name in scale.blank)})
        answers = counts.groupby("source", observed=True)["count"].sum()
        blanks = counts[blank].groupby("source", observed=True)["count"].sum().reindex(answers.index, fill_value=0)
        tops = {name: top for scheme in self.parts.values() for name, top in _tops(scheme).items()}
        names = pd.Series([name for name in tops if name in numbers.index or name in answers.index], dtype=str)
        frame = pd.DataFrame({"source": names, "label": names.map(self.label).astype(str)}).join(numbers, on="source")
        shown = names.map(tops).isin(self.open.sources).to_numpy()
        shares = (100 * blanks / answers).round(DIGITS).reindex(names).to_numpy(dtype=float)
        return frame.assign(blank=np.where(shown, shares, np.nan))

    def _league(self) -> pd.DataFrame:
        own = self.members[self.members["unit_id"] == self.unit] if self.unit else self.members.iloc[:0]
        own = own.sort_values(["counts", "score", "ratee_id"], ascending=[False, False, True], kind="stable")
        low, high = coarse(own["low"], own["high"], own["n"])
        frame = own.assign(low=low, high=high, category=[self.label(name) for name in own["category"]])
        frame["member_id"] = frame["ratee_id"]
        frame["grade"] = frame["grade"].astype(object).fillna("")
        columns = [
            "member_id",
            "name",
            "category",
            "score",
            "low",
            "high",
            "coverage",
            "status",
            "rank",
            "grade",
            "places",
            "tied",
            "exempt",
        ]
        coverage = frame["coverage"]
        return published(frame[columns].drop(columns="coverage")).assign(coverage=(coverage * 100).round(0))[columns]

    def _units(self) -> pd.DataFrame:
        """Composites of the units of the same level, in order, without names; the overview has the names."""
        rows = self._unit_rows(self.tree.level(self.unit) if self.unit else self.tree.leaves)
        rows = rows[rows["score"].notna()].sort_values(["score", "unit_id"], ascending=[False, True])
        rows["own"] = rows["unit_id"] == self.unit
        if self.unit and len(rows) < FEWEST:
            rows = rows.iloc[:0]
        return rows[["score", "own"]].reset_index(drop=True)

    def _unit_rows(self, ids: list[str]) -> pd.DataFrame:
        """Published composite of some units, with how many members they have."""
        rows = self.means[self.means["unit_id"].isin(ids)]
        gone = rows["unit_id"].isin(self.bare)
        rows = rows.assign(**{name: rows[name].mask(gone) for name in ("score", "low", "high")})
        low, high = coarse(rows["low"], rows["high"], rows["n"])
        seen = (rows["coverage"] * 100).round()
        rows = published(rows[["unit_id", "score", "members"]].assign(low=low, high=high)).assign(coverage=seen)
        everybody = self.study.ancestors["unit_id"].value_counts()
        frame = (
            pd.DataFrame({"unit_id": pd.Series(ids, dtype=str)})
            .merge(rows, on="unit_id", how="left")
            .rename(columns={"members": "scored"})
        )
        names = self.study.units.set_index("unit_id")["name"]
        frame["name"] = names.reindex(frame["unit_id"]).to_numpy()
        frame["members"] = everybody.reindex(frame["unit_id"]).fillna(0).to_numpy()
        frame["scored"] = frame["scored"].fillna(0)
        return frame

    def _children(self) -> pd.DataFrame:
        """The units below: a parent's own branches, or in the overview all units."""
        frame = self._unit_rows(self.tree.children[self.unit] if self.unit else list(self.tree.depth))
        frame["depth"] = [self.tree.depth[name] for name in frame["unit_id"]]
        return frame[["unit_id", "name", "depth", "members", "scored", "score", "low", "high", "coverage"]]

    def _matrix(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Means by indicator: of all sources, and of each; sources stand apart, so that they may have any name."""
        tree = self.scheme.indicator_tree
        names = ["", *tree.names[1:]]
        frame = pd.DataFrame(
            {
                "indicator": names,
                "label": ["", *map(self.label, names[1:])],
                "depth": [len(tree.path(node)) - 1 for node in range(len(tree))],
                "leaf": [node in tree.leaves for node in range(len(tree))],
                "score": [self.open.shown("", name) for name in names],
            }
        )
        by_source = pd.DataFrame(
            {source: [self.open.shown(source, name) for name in names] for source in self.open.sources},
            index=frame.index,
        )
        kept = frame["score"].notna() | by_source.notna().any(axis=1) | (frame["indicator"] == "")
        return published(frame[kept].reset_index(drop=True)), published(by_source[kept].reset_index(drop=True))

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
        return published(pd.DataFrame(rows, columns=["label", "self", "others", "gap"]))

    def _hidden_frame(self) -> pd.DataFrame:
        rows = [
            {"label": self.label(name) if name else "", "reason": reason} for name, reason in self.open.hidden.items()
        ]
        return pd.DataFrame(rows, columns=["label", "reason"])


def _of_nobody(targets: pd.DataFrame) -> pd.DataFrame:
    """Targets to be counted: who met what is told of nobody, nor by a value or by the order of the rows."""
    known = targets["value"].where(targets["value"].isna(), 0.0)
    rows = targets.assign(ratee_id="", name="", value=known, gap=np.nan, attainment=np.nan)
    order = {what: place for place, what in enumerate(dict.fromkeys(rows["what"]))}
    keys = ["what", "since", "target", "value", "met"]
    return rows.sort_values(
        keys, key=lambda cells: cells.map(order) if cells.name == "what" else cells, ignore_index=True
    )


def _tops(scheme: Scheme) -> dict[str, str]:
    """Every source with the one that holds it right below the root."""
    tree = scheme.source_tree
    return {name: tree.names[tree.path(node)[-2]] for name, node in tree.position.items() if node}

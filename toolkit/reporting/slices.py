"""What one report is handed: a unit's own rows, anonymous distributions, and nothing else.

What is not in a slice cannot leak. Sources with too few raters are gone from it, and numbers have the digits that are
printed, so a slice may lie beside its report and the notebook can be run again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toolkit.reporting.disclosure import Disclosure
from toolkit.reporting.method import method_facts
from toolkit.reporting.privacy import coarse, published
from toolkit.scheme import SELF, said
from toolkit.scoring.scores import score
from toolkit.study import read_study

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toolkit.scheme import Scheme
    from toolkit.scoring.scores import Scores
    from toolkit.study import Study

FILE = "slice.json"


@dataclass(frozen=True)
class Slice:
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
        Single numbers and words: score, low, high, coverage, members, scored, partial, unrated, exempt, min_raters.
    method : dict
        What the scheme says, see `method_facts`.
    turnout : DataFrame
        `source, eligible, issued, returned, valid, answers, blank`.
    league : DataFrame
        Members: `name, category, score, low, high, coverage, status, rank, grade, band, places, tied, exempt`.
    units : DataFrame
        Units of the same level without their names: `score, own`.
    children : DataFrame
        Units below, in the overview all units: `unit_id, name, depth, members, scored, score, low, high, coverage`.
    matrix : DataFrame
        `indicator, label, depth, leaf`, then a column of scores for each shown source and `all`.
    sources : DataFrame
        `source, label, score, low, high, raters`: the unit's mean by source.
    selves : DataFrame
        `label, self, others, gap` by indicator, where enough members rated themselves.
    hidden : DataFrame
        `label, reason`: sources that are not shown.
    """

    language: str
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
    sources: pd.DataFrame
    selves: pd.DataFrame
    hidden: pd.DataFrame
    labels: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """The slice as text; the same slice gives the same text."""
        data = {
            part.name: _columns(value) if isinstance(value := getattr(self, part.name), pd.DataFrame) else value
            for part in fields(self)
        }
        return json.dumps(data, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Slice:
        """Read what `to_json` wrote."""
        data = json.loads(text)
        for name, kind in cls.__annotations__.items():
            if kind == "pd.DataFrame":
                data[name] = _frame(data[name])
        return cls(**data)


def _columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    return {str(name): [None if _null(value) else value for value in frame[name].tolist()] for name in frame}


def _null(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value))


def _frame(columns: Mapping[str, list[Any]]) -> pd.DataFrame:
    return pd.DataFrame({name: _series(cells) for name, cells in columns.items()})


def _series(cells: list[Any]) -> pd.Series:
    """A column; numbers some or all of which are missing are floats, as they were."""
    there = [cell for cell in cells if cell is not None]
    numbers = not any(isinstance(cell, bool | str) for cell in there)
    return pd.Series(cells, dtype=float if numbers and len(there) < len(cells) else None)


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


def cut(study: Study, scores: Scores, unit: str, round: str, language: str | None = None) -> Slice:  # noqa: A002
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
        raise ValueError(f"round: {round!r}, must be one of {', '.join(study.schemes)}")
    known = study.units.set_index("unit_id")["name"]
    if unit and unit not in known.index:
        raise ValueError(f"unit: {unit!r}, must be one of {', '.join(known.index[:12])}")
    return _Cutter(study, scores, unit, round, language or study.schemes[round].language).slice()


class _Cutter:
    """Cuts one slice; a class, since every part needs the same five things."""

    def __init__(self, study: Study, scores: Scores, unit: str, turn: str, language: str) -> None:
        self.study, self.scores, self.unit, self.round, self.language = study, scores, unit, turn, language
        self.scheme: Scheme = study.schemes[turn]
        self.scope = [unit or study.top]
        below = study.ancestors[study.ancestors["unit_id"].isin(self.scope)]["ratee_id"]
        ratees = scores.ratees
        self.members = ratees[(ratees["round"] == turn) & (ratees["kind"] == "member") & ratees["ratee_id"].isin(below)]
        units = scores.units[scores.units["round"] == turn].astype({"source": str, "indicator": str})
        self.open = Disclosure(self.scheme, units[units["unit_id"].isin(self.scope)], self.members)
        self.table = scores.table[scores.table["round"] == turn]
        self.members = self.open.members(self.members, self.table, unit)
        self.bare = self.open.bare_units(units) | (set(self.scope) if "" in self.open.hidden else set())

    def slice(self) -> Slice:
        turn = self.scheme.rounds[self.round]
        names = self.study.units.set_index("unit_id")["name"]
        return Slice(
            language=self.language,
            title=said(self.scheme.title, self.language),
            round=self.label(self.round),
            period=" – ".join(str(day) for day in (turn.start, turn.end) if day),
            unit_id=self.unit,
            unit=str(names[self.unit]) if self.unit else "",
            facts=self._facts(),
            method=method_facts(self.scheme, self.round, self.members["category"].unique().tolist(), self.language),
            turnout=self._turnout(),
            league=self._league(),
            units=self._units(),
            children=self._children(),
            matrix=self._matrix(),
            sources=self._sources(),
            selves=self._selves(),
            hidden=self._hidden_frame(),
            labels=self._labels(),
        )

    def label(self, name: str) -> str:
        """Label of a name of the scheme in the language of the slice."""
        return self.scheme.label(name, self.language)

    def _facts(self) -> dict[str, Any]:
        status = self.members["status"]
        mean = self.open.mean("", "")
        facts: dict[str, Any] = {
            "members": len(self.members),
            "scored": int(self.members["counts"].sum()),
            "partial": int((status == "partial").sum()),
            "thin": int(status.isin(["thin", "incomplete"]).sum()),
            "unrated": int(((status == "unrated") & ~self.members["exempt"]).sum()),
            "exempt": int(self.members["exempt"].sum()),
            "min_raters": self.scheme.privacy.min_raters,
        }
        row = pd.DataFrame([mean or {}], columns=["score", "low", "high", "n"]).astype(float)
        row["low"], row["high"] = coarse(row["low"], row["high"], row["n"])
        shown = published(row).iloc[0]
        hide = "" in self.open.hidden
        facts |= {key: None if hide or np.isnan(shown[key]) else float(shown[key]) for key in ("score", "low", "high")}
        facts["grades"] = {
            name: int((self.members.loc[self.members["counts"], "grade"] == name).sum())
            for name in (self.scheme.grades.bands if self.scheme.grades else {})
        }
        own = self.scores.ratees
        own = own[(own["round"] == self.round) & (own["kind"] == "unit") & (own["ratee_id"] == self.unit)]
        own = self.open.members(own, self.table, self.unit)
        facts["own_score"] = round(float(own["score"].iloc[0]), 1) if len(own) and own["score"].notna().all() else None
        return facts

    def _turnout(self) -> pd.DataFrame:
        tree = self.scheme.source_tree
        below = set(self._subtree())
        rows = self.study.turnout
        rounds = list(self.scheme.rounds[self.round].combine or [self.round])
        rows = rows[rows["round"].isin(rounds) & (rows["ratee_id"] == "") & rows["unit_id"].isin(below)]
        numbers = rows.groupby("source")[["eligible", "issued", "returned", "valid"]].sum(min_count=1)
        counts = self.study.tally.counts
        mine = set(self.study.ancestors[self.study.ancestors["unit_id"].isin(self.scope)]["ratee_id"])
        counts = counts[counts["round"].isin(rounds) & counts["ratee_id"].isin(mine)]
        blank = self._is_blank(counts)
        answers = counts.groupby("source", observed=True)["count"].sum()
        blanks = counts[blank].groupby("source", observed=True)["count"].sum()
        names = [name for name in tree.names[1:] if name in numbers.index or name in answers.index]
        frame = pd.DataFrame({"source": names, "label": [self.label(name) for name in names]})
        frame = frame.join(numbers, on="source")
        frame["answers"] = answers.reindex(names).to_numpy(dtype=float)
        frame["blank"] = blanks.reindex(names).fillna(0).to_numpy(dtype=float)
        return frame

    def _is_blank(self, counts: pd.DataFrame) -> pd.Series:
        blank = {name for scale in self.scheme.scales.values() for name in scale.blank} | {""}
        return counts["value"].isin(blank)

    def _subtree(self) -> list[str]:
        parent = dict(zip(self.study.units["unit_id"], self.study.units["parent_id"], strict=True))
        found = list(self.scope)
        for unit in found:
            found += [child for child, above in parent.items() if above == unit and child not in found]
        return found

    def _league(self) -> pd.DataFrame:
        own = self.members[self.members["unit_id"] == self.unit] if self.unit else self.members.iloc[:0]
        own = own.sort_values(["counts", "score", "ratee_id"], ascending=[False, False, True], kind="stable")
        low, high = coarse(own["low"], own["high"], own["n"])
        frame = own.assign(low=low, high=high, category=[self.label(name) for name in own["category"]])
        frame["member_id"] = frame["ratee_id"]
        frame[["grade", "band"]] = frame[["grade", "band"]].astype(object).fillna("")
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
            "band",
            "places",
            "tied",
            "exempt",
        ]
        coverage = frame["coverage"]
        return published(frame[columns].drop(columns="coverage")).assign(coverage=(coverage * 100).round(0))[columns]

    def _units(self) -> pd.DataFrame:
        """Composites of the units of the same level, in order, without names; the overview has the names."""
        rows = self._unit_rows(self._same_level())
        rows = rows[rows["score"].notna()].sort_values(["score", "unit_id"], ascending=[False, True])
        rows["own"] = rows["unit_id"] == self.unit
        return rows[["score", "own"]].reset_index(drop=True)

    def _same_level(self) -> list[str]:
        depth = self._depths()
        level = depth[self.unit] if self.unit else max(depth.values())
        return [name for name in depth if depth[name] == level]

    def _depths(self) -> dict[str, int]:
        parent = dict(zip(self.study.units["unit_id"], self.study.units["parent_id"], strict=True))

        def depth(unit: str) -> int:
            above = parent.get(unit, "")
            return 1 + depth(above) if above in parent else 0

        return {unit: depth(unit) for unit in parent}

    def _unit_rows(self, ids: list[str]) -> pd.DataFrame:
        """Published composite of some units, with how many members they have."""
        rows = self.scores.units
        rows = rows[
            (rows["round"] == self.round)
            & (rows["source"] == "")
            & (rows["indicator"] == "")
            & rows["unit_id"].isin(ids)
        ]
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
        depths = self._depths()
        parent = dict(zip(self.study.units["unit_id"], self.study.units["parent_id"], strict=True))
        ids = [name for name in depths if parent[name] == self.unit] if self.unit else _in_order(parent)
        frame = self._unit_rows(ids)
        frame["depth"] = [depths[name] for name in frame["unit_id"]]
        return frame[["unit_id", "name", "depth", "members", "scored", "score", "low", "high", "coverage"]]

    def _matrix(self) -> pd.DataFrame:
        tree = self.scheme.indicator_tree
        shown = [name for name in self.open.tops if name not in self.open.hidden and name != SELF]
        rows = []
        for place, name in enumerate(tree.names):
            indicator = "" if place == 0 else name
            cells = {source: self.open.shown(source, indicator) for source in shown}
            about: dict[str, Any] = {
                "indicator": indicator,
                "label": self.label(name) if place else "",
                "depth": len(tree.path(place)) - 1,
            }
            rows.append({**about, "leaf": place in tree.leaves, "all": self.open.shown("", indicator), **cells})
        frame = pd.DataFrame(rows)
        empty = frame[[*shown, "all"]].isna().all(axis=1) & (frame["indicator"] != "")
        return published(frame[~empty].reset_index(drop=True))

    def _sources(self) -> pd.DataFrame:
        rows = []
        for name in self.open.tops:
            mean = self.open.mean(name, "")
            if mean is None or name in self.open.hidden or name == SELF or np.isnan(mean["score"]):
                continue
            rows.append(
                {
                    "source": name,
                    "label": self.label(name),
                    "score": mean["score"],
                    "low": mean["low"],
                    "high": mean["high"],
                    "raters": mean["raters"],
                }
            )
        frame = pd.DataFrame(rows, columns=["source", "label", "score", "low", "high", "raters"])
        frame["low"], frame["high"] = coarse(frame["low"], frame["high"], frame["raters"])
        return published(frame.astype({"score": float, "low": float, "high": float, "raters": float}))

    def _selves(self) -> pd.DataFrame:
        """Self beside others, for the mean of the unit only: a single self rating is for the member's own eyes."""
        rows = []
        tree = self.scheme.indicator_tree
        for place in [0, *tree.leaves] if len(tree) > 1 else [0]:
            indicator = tree.names[place] if place else ""
            own, others = self.open.mean(SELF, indicator), self.open.shown("", indicator)
            if own is None or np.isnan(others) or own["members"] < self.scheme.privacy.min_raters:
                continue
            label = self.label(tree.names[place]) if place else ""
            rows.append({"label": label, "self": own["score"], "others": others, "gap": own["score"] - others})
        return published(pd.DataFrame(rows, columns=["label", "self", "others", "gap"]))

    def _hidden_frame(self) -> pd.DataFrame:
        rows = [
            {"label": self.label(name) if name else "", "reason": reason} for name, reason in self.open.hidden.items()
        ]
        return pd.DataFrame(rows, columns=["label", "reason"])

    def _labels(self) -> dict[str, str]:
        names = [*self.open.tops, *(self.scheme.grades.bands if self.scheme.grades else ())]
        return {name: self.label(name) for name in names}


def _in_order(parent: Mapping[str, str]) -> list[str]:
    """Units with every unit's children right below it."""
    found: list[str] = []

    def add(unit: str) -> None:
        found.append(unit)
        for child, above in parent.items():
            if above == unit:
                add(child)

    for unit, above in parent.items():
        if above not in parent:
            add(unit)
    return found

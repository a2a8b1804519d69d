"""What is odd in a study though nothing is wrong with it: warnings of one sentence each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from toolkit.lint.doubts import doubts, percent
from toolkit.lint.idle_weights import idle_weights, leaf_path
from toolkit.rulebook.mentions import mentions
from toolkit.rules import parts
from toolkit.scoring.evaluation import effective_weights
from toolkit.scoring.scores import score

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.rulebook.findings import Finding, Path
    from toolkit.rulebook.mentions import Mention
    from toolkit.rules import Quota
    from toolkit.scheme import Scheme
    from toolkit.scoring.scores import Scores
    from toolkit.study import Study

SCHEME = "scheme.yaml"


@dataclass(frozen=True)
class Doubt:
    """Something odd: no fault, but hardly meant.

    Attributes
    ----------
    file : str
        The scheme's file or a table.
    path : str
        Path in the scheme (`grades.quota.A`) or column of the table.
    value : str
        What stands there.
    says : str
        What is odd about it.
    """

    file: str
    path: str
    value: str
    says: str

    def __str__(self) -> str:
        place = f"{self.file}, {self.path}" if self.path else self.file
        return f"{place}: {self.value!r}: {self.says}" if self.value else f"{place}: {self.says}"


def lint(study: Study, scores: Scores | None = None) -> list[Doubt]:
    """Say what is odd in a study.

    Parameters
    ----------
    study : Study
        Without faults.
    scores : Scores, optional
        Of this study; scored here by default.

    Returns
    -------
    list of Doubt
        Rules without a consequence, indicators that nobody rates, weights that move nobody, thresholds that nothing
        can meet, bands with holes, quotas that contradict each other, more votes than ballots, opinions of no round;
        each once, of several rounds' schemes that of the first. What one round's rules ask has its consequence in all.
    """
    scores = score(study) if scores is None else scores
    asked = [*chain.from_iterable(mentions(scheme) for scheme in study.schemes.values())]
    found: dict[Finding, str] = {}
    for turn, scheme in study.schemes.items():
        for finding in (*doubts(scheme, asked), *_nobody_has(scheme, study)):
            found.setdefault(finding, turn)
    for turn, finding in (*_unrated(study), *idle_weights(study, scores), *_no_places(study, scores)):
        found.setdefault(finding, turn)
    files = {turn: scheme.rounds[turn].scheme or SCHEME for turn, scheme in study.schemes.items()}
    of_schemes = [Doubt(files[turn], ".".join(path), value, says) for (path, value, says), turn in found.items()]
    return [*of_schemes, *_unread(study, asked), *_too_many(study), *_of_no_round(study)]


# ------------------------------------------------------------------------------------------------------------ tables


def _nobody_has(scheme: Scheme, study: Study) -> Iterator[Finding]:
    """What rules ask of the tables, and no table holds."""
    measures, industries = set(study.measures["measure"]), set(study.units["industry"])
    for path, of, _, _ in mentions(scheme):
        kind, part = parts(of.removeprefix("members."))
        if kind == "measure" and part not in measures:
            yield path, of, "nobody has this measure: measures.csv does not hold it"
        if kind == "attribute" and part not in study.members:
            yield path, of, f"nobody has this attribute: members.csv has no column {part}"
    for number, target in enumerate(scheme.targets):
        for industry in target.industries or ():
            if industry not in industries:
                yield ("targets", str(number), "industries"), industry, "no unit is of this industry"
    layers = set(study.criteria["layer"])
    for name in scheme.layers:
        if name not in layers:
            yield ("layers", name), name, "criteria.csv holds no criterion of this layer"


def _unread(study: Study, asked: list[Mention]) -> Iterator[Doubt]:
    """Rows that no rule reads."""
    schemes = study.schemes.values()
    for table in ("points", "satisfaction"):
        rows = len(getattr(study, table))
        if rows and not any(getattr(scheme, table) for scheme in schemes):
            yield Doubt(f"{table}.csv", "", "", f"the scheme has no section {table}, so nothing follows from its rows")
    known = {name for scheme in schemes for name in scheme.measures}
    known |= {parts(of.removeprefix("members."))[1] for _, of, _, _ in asked if "measure." in of}
    for measure, count in study.measures["measure"].value_counts(sort=False).items():
        if measure not in known:
            yield Doubt("measures.csv", "measure", str(measure), f"no rule asks for it, so {count} rows change nothing")
    conduct = [scheme.conduct for scheme in schemes]
    if len(study.evidence) and not any(part.archive or part.remediation for part in conduct):
        says = "conduct has neither remediation nor archive, so nothing follows from its rows"
        yield Doubt("evidence.csv", "", "", says)


def _too_many(study: Study) -> Iterator[Doubt]:
    """More votes on somebody than turnout says that ballots were returned in his unit: counts that slipped."""
    keys = ["round", "unit_id", "source"]
    given = study.tally.counts.groupby(["round", "ratee_id", "source", "indicator"], observed=True)["count"].sum()
    most = given.groupby(["round", "ratee_id", "source"], observed=True).max().rename("votes").reset_index()
    members = study.members[["member_id", "unit_id"]].set_axis(["ratee_id", "unit_id"], axis=1)
    told = study.turnout
    box = told.loc[(told["ratee_id"] == "") & told["returned"].notna(), [*keys, "returned"]]
    own = told.loc[told["ratee_id"] != "", ["round", "ratee_id", "source"]].assign(own=True)
    rows = most.astype({"round": str, "ratee_id": str, "source": str}).merge(members, on="ratee_id")
    rows = rows.merge(own, on=["round", "ratee_id", "source"], how="left").merge(box, on=keys)
    wrong = rows[rows["own"].isna() & (rows["votes"] > rows["returned"])]
    for place, part in wrong.groupby(keys, sort=False):
        ratee, votes, returned = max(
            part[["ratee_id", "votes", "returned"]].to_numpy().tolist(), key=lambda row: row[1]
        )
        more = f", and {len(part) - 1} more have too many" if len(part) > 1 else ""
        says = f"{', '.join(map(str, place))}: {ratee} has {votes:.0f} votes{more}"
        yield Doubt("turnout.csv", "returned", f"{returned:.0f}", says)


def _of_no_round(study: Study) -> Iterator[Doubt]:
    """Opinions of a day that lies in no round, which no report counts."""
    rounds = study.scheme.rounds.values()
    there = study.opinions["date"].map(
        lambda day: any(str(turn.start) <= day <= str(turn.end) for turn in rounds if turn.start and turn.end)
    )
    stray = study.opinions[~there.astype(bool)]
    if len(stray):
        more = f", nor are {len(stray) - 1} more" if len(stray) > 1 else ""
        says = f"is in no round, so that no report counts opinion {stray['id'].iloc[0]}{more}"
        yield Doubt("opinions.csv", "date", str(stray["date"].iloc[0]), says)


# ----------------------------------------------------------------------------------------------------------- ratings


def _unrated(study: Study) -> Iterator[tuple[str, Finding]]:
    """Sources that rate nobody, and indicators that nobody who weighs rates, in no round that was rated."""
    found: dict[Path, list[tuple[str, Finding | None]]] = {}
    for turn, rows in study.tally.counts.groupby("round", observed=True, sort=False):
        for path, finding in _of_round(study.schemes[str(turn)], rows):
            found.setdefault(path, []).append((str(turn), finding))
    for findings in found.values():
        turn, finding = findings[0]
        if finding and all(other for _, other in findings):
            yield turn, finding


def _of_round(scheme: Scheme, rows: pd.DataFrame) -> Iterator[tuple[Path, Finding | None]]:
    """Every leaf of both trees that has a weight, and what is odd about it in a round, if anything."""
    sources, indicators = scheme.source_tree, scheme.indicator_tree
    each = np.array([effective_weights(scheme, name) for name in (None, *scheme.categories)])
    weights, of_source = each.max(axis=0), each.sum(axis=2).max(axis=0)
    pairs = rows[["source", "indicator"]].drop_duplicates().astype(str)
    seen = np.zeros_like(weights, dtype=bool)
    for source, indicator in pairs.itertuples(index=False, name=None):
        seen[list(scheme.leaf_sources).index(source)] |= indicators.below[indicators.position[indicator]]
    for place, leaf in enumerate(sources.leaves):
        path, value = leaf_path("sources", sources, int(leaf)), percent(of_source[place])
        if weights[place].any():
            yield path, None if seen[place].any() else (path, value, "has a weight, and rates nobody in any round")
    if len(indicators) == 1:
        return
    stated = _stated(scheme)
    for place, leaf in enumerate(indicators.leaves):
        path, value = leaf_path("indicators", indicators, int(leaf)), percent(stated[place])
        if stated[place] and not weights[:, place].any():
            yield path, (path, value, "has a weight, and no source that weighs is asked about it")
        elif stated[place]:
            unseen = not (seen & (weights > 0))[:, place].any()
            yield path, (path, value, "has a weight, and nobody rates it in any round") if unseen else None


def _stated(scheme: Scheme) -> NDArray[np.float64]:
    """The most that every leaf indicator weighs among all indicators, as it is stated."""
    tree = scheme.indicator_tree
    found = np.zeros(len(tree.leaves))
    for name in (None, *scheme.categories):
        weights = scheme.indicator_weights(name)
        lines = [[tree.names[node] for node in tree.path(int(leaf))[:-1]] for leaf in tree.leaves]
        found = np.maximum(found, [np.prod([float(weights[name]) for name in line]) for line in lines])
    return found


# ------------------------------------------------------------------------------------------------------------ places


def _no_places(study: Study, scores: Scores) -> Iterator[tuple[str, Finding]]:
    """Quotas that leave no place in any group of any round."""
    found: dict[tuple[Path, Quota], list[tuple[str, int]]] = {}
    for turn, scheme in study.schemes.items():
        people = scores.ratees[(scores.ratees["round"] == turn) & scores.ratees["counts"]]
        units = int((scores.ratees["kind"][scores.ratees["round"] == turn] == "unit").sum())
        for by, rules in (("grades", scheme.grades), ("stars", scheme.stars)):
            for name, quota in (rules.quota if rules and len(people) else {}).items():
                column = {"unit": "unit_id", "category": "category"}.get(quota.within)
                largest = int(people[column].value_counts().max()) if column else len(people)
                most = max(largest, units if by == "stars" else 0)
                found.setdefault(((by, "quota", name), quota), []).append((turn, most))
    for (path, quota), sizes in found.items():
        turn, most = sizes[0][0], max(size for _, size in sizes)
        if 0 < quota.max * most < 1:
            says = f"leaves nobody a place: of {most} members, the most in any {quota.within}, it is less than one"
            yield turn, ((*path, "max"), percent(quota.max), says)

"""From scores up the ladder: points, satisfaction, index, grades, stars, targets; round by round."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toolkit.scoring import combine
from toolkit.scoring.bands import locate, named
from toolkit.scoring.conditions import REASONS, numbers
from toolkit.scoring.grades import grade, vote_grades
from toolkit.scoring.index import COMPONENTS, compose
from toolkit.scoring.points import keep
from toolkit.scoring.quantities import gather
from toolkit.scoring.rounds import before, combined, in_time, last_day
from toolkit.scoring.satisfaction import satisfy
from toolkit.scoring.stars import Cuts, cut_points, star
from toolkit.scoring.targets import ATTAINED, MODELS, attain, role_models

if TYPE_CHECKING:
    from collections.abc import Iterable

    from toolkit.rules import Band, Composition
    from toolkit.scheme import Scheme
    from toolkit.study import Study

SEED = 0
"""Groups of `cut_points`: the same study has the same stars."""
INDEX = ["index", "index_low", "index_high", "index_coverage", "level"]
GRADE = ["grade", "band", "places", "tied"]
STARS = ["stars", "star_band", "star_places", "star_tied", "stars_before", "value_before"]


@dataclass
class Rung:
    """What one round has come to.

    Attributes
    ----------
    ratees : DataFrame
        Rows of `Scores.ratees`, by `ratee_id`; columns are added on the way.
    quantities : DataFrame
        What rules may ask of members and units that are rated; same index, without posts.
    frames : dict
        Tables of the round by name: ledger, points, satisfaction, bottom, components, attainment, models, reasons.
    cuts : dict
        Cut points of stars by kind of ratee, where they were found in the data.
    """

    ratees: pd.DataFrame
    quantities: pd.DataFrame
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    cuts: dict[str, Cuts] = field(default_factory=dict)


def climb(study: Study, ratees: pd.DataFrame, table: pd.DataFrame) -> dict[str, Rung]:
    """Make everything that rests on scores, in every round.

    Parameters
    ----------
    study : Study
        Rules and tables.
    ratees : DataFrame
        Composites of all rounds with their standing, see `composites`.
    table : DataFrame
        `Scores.table`.

    Notes
    -----
    The index of a combined round is the mean of its rounds' by weight, like its scores; grades, stars, targets and
    standards are then those of the combined round. Points are its balance on its last day, satisfaction pools its
    rounds, a measure is its own where the table holds it, else the mean, sum or last of its rounds as the scheme says.
    Stars are compared with those of the round of the same kind (plain or combined) that stands before it in time.
    """
    rungs: dict[str, Rung] = {}
    for name in in_time(study):
        rows = ratees[ratees["round"] == name].set_index("ratee_id", drop=False).rename_axis(None)
        rung = Rung(rows, gather(study, name, rows, table))
        rungs[name] = rung
        _points(study, name, rung)
        _satisfaction(study, name, rung)
        _index(study, name, rung, rungs)
        _grades(study, name, rung)
        _stars(study, name, rung, rungs)
        _aims(study, name, rung)
    return rungs


# ---------------------------------------------------------------------------------------- points and satisfaction


def _points(study: Study, name: str, rung: Rung) -> None:
    ledger, balances = keep(study, name)
    rung.frames |= {"ledger": ledger, "points": balances}
    for name_of, rows in balances.groupby("dimension"):
        dimension = str(name_of)
        column = f"points.{dimension}" if dimension else "points"
        rung.quantities[column] = rows.set_index("ratee_id")["points"].reindex(rung.quantities.index)
    whole = balances[balances["dimension"] == ""].set_index("ratee_id")
    if len(whole):
        rung.quantities["vetoes"] = whole["vetoes"].reindex(rung.quantities.index)
    for column in ("points", "vetoes"):
        rung.ratees[column] = _column(rung, column)


def _satisfaction(study: Study, name: str, rung: Rung) -> None:
    table, bottom = satisfy(study, name)
    rung.frames |= {"satisfaction": table, "bottom": bottom}
    for name_of, rows in table[table["panel"] == ""].groupby("topic"):
        topic = str(name_of)
        at = f".{topic}" if topic else ""
        of = rows.set_index("ratee_id")
        rung.quantities[f"satisfaction{at}"] = of["index"].reindex(rung.quantities.index)
        shares = of["dissatisfied"].astype(object).reindex(rung.quantities.index)
        rung.quantities[f"dissatisfied{at}"] = shares.where(shares.notna(), None)
        if not topic:
            rung.quantities["satisfied_coverage"] = of["coverage"].reindex(rung.quantities.index)
    rung.ratees["satisfaction"] = _column(rung, "satisfaction")
    shares = _column(rung, "dissatisfied")
    rung.ratees["dissatisfied"] = shares.map(lambda share: np.nan if share is None else float(share)).astype(float)


def _column(rung: Rung, name: str) -> pd.Series[float]:
    """A quantity of every ratee; a post has none."""
    if name not in rung.quantities:
        return pd.Series(np.nan, rung.ratees.index)
    return rung.quantities[name].reindex(rung.ratees.index)


# ----------------------------------------------------------------------------------------------------------- index


def _index(study: Study, name: str, rung: Rung, rungs: dict[str, Rung]) -> None:
    scheme, quantities = study.schemes[name], rung.quantities
    rung.frames["components"] = pd.DataFrame(columns=COMPONENTS)
    made = pd.DataFrame(np.nan, quantities.index, INDEX[:4])
    if scheme.index:
        weights = combined(study, name)
        for kind, composition in compositions(scheme):
            mine = quantities[quantities["kind"] == kind]
            if kind == "unit":
                mine = of_members(study, scheme, mine, quantities)
            if mine.empty:
                continue
            found, components = (
                compose(mine, composition, scheme) if weights is None else _mean_of_rounds(rungs, weights, mine, scheme)
            )
            made.loc[found.index] = found.to_numpy()
            rung.frames["components"] = pd.concat(
                [part for part in (rung.frames["components"], components) if len(part)] or [components],
                ignore_index=True,
            )
            quantities["index"] = made["index"]  # that of the members is what the index of a unit may ask
        for of in [f"index.{part}" for _, composition in compositions(scheme) for part in composition.components]:
            quantities[of] = _component(rung, of) if weights is None else _over_rounds(rungs, weights, rung, of)
        quantities["index_low"], quantities["index_high"] = made["index_low"], made["index_high"]
    for column in INDEX[:4]:
        rung.ratees[column] = made[column].reindex(rung.ratees.index)
    levels = scheme.index.bands if scheme.index else {}
    rung.ratees["level"] = _levels(rung.ratees["index"], levels)


def _component(rung: Rung, of: str) -> pd.Series[float]:
    """What a component of the index is, normalised, for everybody who has it."""
    rows = rung.frames["components"]
    rows = rows[rows["component"] == of.partition(".")[2]]
    return rows.set_index("ratee_id")["value"].reindex(rung.quantities.index)


def _over_rounds(rungs: dict[str, Rung], weights: dict[str, float], rung: Rung, of: str) -> pd.Series[float]:
    """Mean of a component of the index over the rounds that a round combines, by the weight of those that have it."""
    held = {part: rungs[part].quantities[of] for part in weights if of in rungs[part].quantities}
    values = pd.DataFrame(held, rung.quantities.index)
    weight = values.notna() * pd.Series(weights)
    return (values * weight).sum(axis=1) / weight.sum(axis=1).where(lambda total: total > 0)


def compositions(scheme: Scheme) -> Iterable[tuple[str, Composition]]:
    """How the index is made, by the kind of ratee; that of units may ask for that of members."""
    if scheme.index:
        yield "member", scheme.index
        if scheme.index.units:
            yield "unit", scheme.index.units


def _levels(index: pd.Series[float], bands: dict[str, Band]) -> list[str | None]:
    order = sorted(bands, key=lambda name: bands[name].start)
    return named(locate(index, bands), order)


def of_members(study: Study, scheme: Scheme, units: pd.DataFrame, quantities: pd.DataFrame) -> pd.DataFrame:
    """Units with the means of what their members, and those of the units below, have; exempt members do not count."""
    people = quantities[(quantities["kind"] == "member") & ~quantities["exempt"]]
    pairs = study.ancestors[study.ancestors["ratee_id"].isin(people.index)]
    result = units.copy()
    for of in scheme.quantities:
        if of.partition(".")[0] != "members":
            continue
        asked = of.partition(".")[2] or "index"
        if asked in people:
            values = numbers(people[asked]).reindex(pairs["ratee_id"]).to_numpy()
            result[of] = pd.Series(values).groupby(pairs["unit_id"].to_numpy()).mean().reindex(units.index)
    return result


def _mean_of_rounds(
    rungs: dict[str, Rung], weights: dict[str, float], ratees: pd.DataFrame, scheme: Scheme
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Index of a combined round, and its rounds as the components of it."""
    tables = {}
    for part in weights:
        rows = rungs[part].ratees.loc[rungs[part].ratees["ratee_id"].isin(ratees.index)]
        columns = dict(zip(INDEX[:4], ["score", "low", "high", "coverage"], strict=True))
        table = rows[["ratee_id", *INDEX[:4]]].rename(columns=columns).reset_index(drop=True)
        table = table.fillna({"coverage": 0.0}).assign(round=part, source="", indicator="", n=0)
        tables[part] = table.astype({"ratee_id": pd.CategoricalDtype(ratees.index)})
    made = combine.rounds(tables, weights, "", "ratee_id", scheme)
    made = made.set_index(made["ratee_id"].astype(str)).reindex(ratees.index)[["score", "low", "high", "coverage"]]
    parts = []
    for part, weight in weights.items():
        value = rungs[part].ratees["index"].reindex(ratees.index).to_numpy(dtype=float)
        row = {"ratee_id": ratees.index, "component": part, "of": "index", "raw": value, "value": value}
        parts.append(pd.DataFrame(row).assign(weight=np.where(np.isnan(value), 0.0, weight)))
    components = pd.concat(parts, ignore_index=True)
    total = components.groupby("ratee_id")["weight"].transform("sum")
    components["weight"] = components["weight"] / total.where(total > 0)
    return made, components.assign(adds=components["weight"] * components["value"])[COMPONENTS]


# ------------------------------------------------------------------------------------- grades, stars, targets


def _grades(study: Study, name: str, rung: Rung) -> None:
    scheme, quantities = study.schemes[name], rung.quantities
    rung.frames["reasons"] = pd.DataFrame(columns=REASONS)
    empty = pd.DataFrame({"grade": None, "band": None, "places": np.nan, "tied": False}, rung.ratees.index)
    if scheme.grades is None:
        rung.ratees[GRADE] = empty[GRADE]
        return
    value = numbers(_quantity(quantities, scheme.grades.of))
    people = quantities["kind"] == "member"
    ratees = quantities.assign(value=value, counts=quantities["counts"] & people)
    votes = None
    if scheme.grades.votes:
        votes = vote_grades(_ballots(study, name, ratees.index), scheme, scheme.grades.votes)
    found, reasons = grade(ratees, scheme.grades, quantities, votes)
    rung.ratees[GRADE] = found.reindex(rung.ratees.index)[GRADE].astype({"tied": object}).fillna({"tied": False})
    rung.ratees["tied"] = rung.ratees["tied"].astype(bool)
    quantities["grade"] = found["grade"].astype(object)
    rung.frames["reasons"] = reasons.assign(about="grade " + reasons["about"].astype(str))


def _ballots(study: Study, name: str, ratees: pd.Index[str]) -> pd.DataFrame:
    """Votes of a round, of a combined one those of its rounds; votes on a post are votes on its holder."""
    counts = study.tally.counts
    counts = counts[counts["round"].isin(combined(study, name) or {name: 1})]
    voted = counts["ratee_id"].astype(str)
    counts = counts.assign(
        ratee_id=voted.replace(dict(zip(study.posts["post_id"], study.posts["member_id"], strict=True)))
    )
    return counts[counts["ratee_id"].isin(ratees)]


def _quantity(quantities: pd.DataFrame, of: str) -> pd.Series[Any]:
    return quantities[of] if of in quantities else pd.Series(np.nan, quantities.index)


def _stars(study: Study, name: str, rung: Rung, rungs: dict[str, Rung]) -> None:
    scheme, quantities = study.schemes[name], rung.quantities
    blank = pd.DataFrame(np.nan, rung.ratees.index, STARS)
    rung.ratees[STARS] = blank.assign(star_tied=False)
    if scheme.stars is None:
        return
    last = rungs.get(before(study, name) or "")
    for kind in ("member", "unit"):
        mine = quantities[quantities["kind"] == kind]
        value = numbers(_quantity(mine, scheme.stars.of))
        ratees = mine.assign(value=value, counts=mine["counts"] & value.notna())
        cuts = None
        if scheme.stars.cluster:
            known = last.cuts[kind].held if last and kind in last.cuts else None
            of_base = value[ratees["counts"]]
            rung.cuts[kind] = cut_points(of_base, scheme.stars.cluster, seed=SEED, before=known)
            cuts = rung.cuts[kind].held
        found, reasons = star(ratees, scheme.stars, mine, categories=scheme.categories, cuts=cuts)
        columns = dict(zip(["stars", "band", "places", "tied"], STARS[:4], strict=True))
        rung.ratees.loc[found.index, STARS[:4]] = found.rename(columns=columns)[STARS[:4]]
        reasons = reasons.assign(about="stars " + reasons["about"].astype(str))
        held = [part for part in (rung.frames["reasons"], reasons) if len(part)]
        rung.frames["reasons"] = pd.concat(held or [reasons], ignore_index=True)
        quantities.loc[found.index, "star_value"] = value
    quantities["stars"] = rung.ratees["stars"].reindex(quantities.index)
    if last is not None:
        rung.ratees["stars_before"] = last.ratees["stars"].reindex(rung.ratees.index)
        if "star_value" in last.quantities:
            rung.ratees["value_before"] = last.quantities["star_value"].reindex(rung.ratees.index)


def _aims(study: Study, name: str, rung: Rung) -> None:
    scheme = study.schemes[name]
    rung.frames["attainment"] = attain(rung.quantities, scheme, last_day(study, name))[ATTAINED]
    rung.frames["models"] = role_models(rung.quantities, scheme)[MODELS]

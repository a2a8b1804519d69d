"""The raters of one source of a study, weighed to the margins of the population.

`raters.csv` says who the raters are (`round, source, rater_id` and a column for each variable), `margins.csv` how the
population is made up (`round, source, variable, level` and `share` or `count`). What comes of it is `weights.csv`,
which reading a study multiplies into the ratings; no table of the study is changed. Like ratings, raters and weights
stay with those who organise the appraisal.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import narwhals as nw
import numpy as np
import pandas as pd

from toolkit.contract import REQUIRED, check_cells, number
from toolkit.faults import Fault, StudyError, UsageError, one_of, several
from toolkit.files import Sheet, read_sheets
from toolkit.ratings import WEIGHED, WEIGHTS, Ratings, open_ratings, read_weights, strange_places
from toolkit.scoring.cells import worth
from toolkit.scoring.tally import answers, collected, same_engine, text
from toolkit.study import read_study
from toolkit.survey.raking import CROSS, Mean, Raked, crossed, mean_of, rake
from toolkit.validity import BOX, counted, find_void, stands
from toolkit.words import named, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from narwhals.typing import IntoFrame

    from toolkit.scheme import Scheme
    from toolkit.study import Study

RATERS = tuple(WEIGHED)
MARGINS = ("round", "source", "variable", "level")
AMOUNTS = ("share", "count")
TABLES = {"raters": RATERS, "margins": MARGINS}
ROUGHLY = 0.005
"""How far shares may be from summing to 1 (or 100 from 100): those that are published are rounded."""


@dataclass(frozen=True, eq=False)
class Weighing:
    """What weights do to a source.

    Attributes
    ----------
    scheme : Scheme
        Of the round.
    round, source : str
        Whose raters they are.
    raters : DataFrame
        `round, source, rater_id, weight`, for `weights.csv` alone; raters whose ballots are void have none.
    table : DataFrame
        `variable, level, population, raters, weighted`: shares, 0-1.
    raked : Raked
        Weights, design effect and effective number.
    before, after : Mean
        Mean points (0-100) that a rater gives over all he rates, without and with weights; the second knows that the
        margins are met.
    """

    scheme: Scheme
    round: str
    source: str
    raters: pd.DataFrame
    table: pd.DataFrame
    raked: Raked
    before: Mean
    after: Mean


def weigh(folder: str | Path, *, source: str, round: str = "", cap: float | None = None) -> Weighing:  # noqa: A002
    """Rake the raters of a source to the margins that `margins.csv` has for it.

    Parameters
    ----------
    folder : path
        The study's folder.
    source : str
        A source that rates, by plain means: trimmed means and medians have no weights.
    round : str
        A round that is no combination; the newest by default.
    cap : float, optional
        The largest weight, as a multiple of the mean weight.

    Raises
    ------
    StudyError
        If the study, its raters or its margins cannot be read, or a rater who counts is not in `raters.csv`.
    UsageError
        If the source cannot be weighed, or the margins cannot be met; see `rake`.
    """
    folder = Path(folder)
    study = read_study(folder, weighed=False)
    turn = round or study.round
    _can_be_weighed(study, turn, source)
    sheets, faults = read_sheets(folder, {**TABLES, "ratings": REQUIRED["ratings"]})
    faults += [Fault(f"{name}.csv", None, "", "", "must be there") for name in TABLES if name not in sheets]
    if faults:
        raise StudyError(str(folder), faults)
    margins, faults = _margins(sheets["margins"], turn, source)
    faults += strange_places(sheets["margins"].file, sheets["margins"].frame, study.schemes, blank=True)
    ratings, _ = open_ratings(folder, sheets.get("ratings"), weighed=False)
    given = _given(ratings, study, turn, source)
    variables, found = _variables(sheets["raters"], turn, source, given, margins)
    if faults + found:
        raise StudyError(str(folder), faults + found)
    raked = rake(variables, margins, cap=cap)
    levels = {name: pd.Series(crossed(variables, name)) for name in margins}
    raters = pd.DataFrame({"round": turn, "source": source, "rater_id": given["rater_id"], "weight": raked.weights})
    rated = given["points"].notna().to_numpy()
    if not rated.any():
        raise UsageError(f"--source: {source!r}: nobody has given points in {turn}, so there is nothing to weigh")
    points, weights = given.loc[rated, "points"].to_numpy(), raked.weights[rated]
    return Weighing(
        study.schemes[turn],
        turn,
        source,
        raters,
        _table(levels, margins, raked),
        raked,
        before=mean_of(points, np.ones(len(points))),
        after=mean_of(points, weights, {name: found[rated] for name, found in levels.items()}),
    )


def write_weights(folder: str | Path, weighing: Weighing) -> Path:
    """Write `weights.csv`: these weights in place of those that the source had in this round; others stay.

    Raises
    ------
    StudyError
        If the file is there and cannot be read; it stays as it is.
    """
    path = Path(folder) / WEIGHTS
    parts = [weighing.raters.assign(weight=weighing.raters["weight"].map("{:.12g}".format))]
    if path.is_file():
        there, faults = read_weights(path)
        if faults:
            raise StudyError(str(path), faults)
        there = there.assign(weight=there["raked"].map("{:.12g}".format)).drop(columns="raked")
        parts.insert(0, there[(there["round"] != weighing.round) | (there["source"] != weighing.source)])
    table = pd.concat(parts, ignore_index=True).sort_values(WEIGHED, kind="stable")
    table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8-sig")
    return path


def lines(weighing: Weighing) -> Iterator[str]:
    """What weights do, line by line, in the language of the scheme; tabs between, labels beside ids."""
    scheme, raked = weighing.scheme, weighing.raked
    _ = words(scheme.language)
    yield "\t".join(
        [_called(weighing.source, scheme), _("Round: {round}").format(round=_called(weighing.round, scheme))]
    )
    yield "\t".join(
        [_("Variable"), _("Group"), _("Of the population"), _("Of the raters"), _("Of the raters, weighted")]
    )
    for name, level, *shares in weighing.table.itertuples(index=False, name=None):
        yield "\t".join([_called(name, scheme), _called(level, scheme), *(f"{share:.1%}" for share in shares)])
    yield _("Weights: {low:.2f} to {high:.2f}, mean 1").format(low=raked.weights.min(), high=raked.weights.max())
    yield _("Raters: {n}, design effect {effect:.2f}, worth as many as {worth:.0f}").format(
        n=len(raked.weights), effect=raked.design_effect, worth=raked.effective_n
    )
    for title, mean in ((_("Without weights"), weighing.before), (_("With weights"), weighing.after)):
        yield _("{title}: mean points {mean:.2f}, 95% interval {low:.2f} to {high:.2f}").format(
            title=title, mean=mean.mean, low=mean.low, high=mean.high
        )


def _called(name: str, scheme: Scheme) -> str:
    """A label beside its id; of what is crossed, those of its parts."""
    return named(name, CROSS.join(map(scheme.label, name.split(CROSS))), scheme.language)


def _can_be_weighed(study: Study, turn: str, source: str) -> None:
    """Refuse a source or round that cannot."""
    plain = [name for name, scheme in study.schemes.items() if scheme.rounds[name].combine is None]
    if turn not in plain:
        raise UsageError(f"--round: {turn!r}, {one_of(turn, plain, 'a round that is no combination')}")
    scheme = study.schemes[turn]
    if source not in scheme.leaf_sources:
        raise UsageError(f"--source: {source!r}, {one_of(source, scheme.leaf_sources, 'a source that rates')}")
    held = scheme.leaf_sources[source]
    if held.trim or held.average == "median":
        raise UsageError(f"--source: {source!r} is trimmed or a median, which has no weights")


def _margins(sheet: Sheet, turn: str, source: str) -> tuple[dict[str, dict[str, float]], list[Fault]]:
    """The margins of a source; a row without a round holds in every round."""
    frame, file = sheet.frame, sheet.file
    amounts = [name for name in AMOUNTS if name in frame]
    faults = [Fault(file, 1, name, "", "column must be there") for name in MARGINS if name not in frame]
    if len(amounts) != 1:
        faults.append(Fault(file, 1, " or ".join(AMOUNTS), "", "one of the two columns must be there"))
    if faults:
        return {}, faults
    rows = frame[frame["round"].isin([turn, ""]) & (frame["source"] == source)]
    if rows.empty:
        expected = "must hold margins of this source and round (a blank round is every round)"
        return {}, [Fault(file, None, "source", source, expected)]
    faults += check_cells(file, amounts[0], rows[amounts[0]], number(least=0))
    again = rows[rows.duplicated(["variable", "level"])]
    faults += several(
        list(again[["variable", "level"]].itertuples(name=None)),
        lambda case: Fault(file, int(case[0]), "variable, level", f"{case[1]}, {case[2]}", "must not be there twice"),
    )
    if faults:
        return {}, faults
    margins = {
        str(name): dict(zip(part["level"], part[amounts[0]].astype(float), strict=True))
        for name, part in rows.groupby("variable", sort=False)
    }
    for name, margin in margins.items():
        total = sum(margin.values())
        if amounts[0] == "share" and min(abs(total - 1), abs(total / 100 - 1)) > ROUGHLY:
            faults.append(Fault(file, None, "share", name, f"shares sum to {total:.6g}, must be 1 (or 100)"))
        elif not total:
            faults.append(Fault(file, None, amounts[0], name, "must count somebody"))
    return margins, faults


def _given(ratings: Ratings | None, study: Study, turn: str, source: str) -> pd.DataFrame:
    """`rater_id, points` of every rater of a source who counts: mean points (0-100), NaN for a blank ballot."""
    if ratings is None:
        raise UsageError(f"--source: {source!r} has no single ratings; counted ballots cannot be weighed")
    frame = text(_cast(ratings, study)).filter(nw.col("round") == turn, nw.col("source") == source)
    if "weight" in frame.collect_schema().names():
        uneven = frame.filter(nw.col("weight").cast(nw.Float64).fill_null(1.0) != 1)
        if len(collected(uneven.select("round").head(1))):
            raise UsageError(f"{ratings.file}: ratings of {source} must have no weights of their own to be raked")
    told = (
        answers(frame.to_native())
        .astype(dict.fromkeys(["indicator", "value"], str))[["indicator", "value"]]
        .drop_duplicates()
    )
    told["points"] = [worth(study.schemes[turn], source, *case) for case in told.itertuples(index=False, name=None)]
    told = told.dropna(subset="points")
    everybody = collected(frame.select("rater_id").unique("rater_id")).astype(str)
    joined = frame.join(same_engine(told, frame), on=["indicator", "value"], how="inner").select("rater_id", "points")
    means = collected(joined.group_by("rater_id").agg(nw.col("points").mean())).astype({"rater_id": str})
    return everybody.merge(means, on="rater_id", how="left").sort_values("rater_id", ignore_index=True)


def _cast(ratings: Ratings, study: Study) -> IntoFrame:
    """The ratings that count."""
    cells = collected(text(ratings.frame).select(*BOX).unique(BOX)).astype(str)
    standing = stands(study.members, study.posts, study.units)
    return counted(ratings.frame, find_void(ratings.frame, cells, study.schemes, standing, study.turnout))


def _variables(
    sheet: Sheet, turn: str, source: str, given: pd.DataFrame, margins: Mapping[str, Mapping[str, float]]
) -> tuple[dict[str, pd.Series[str]], list[Fault]]:
    """The variables of every rater in `given`, in that order; no fault names one."""
    frame, file = sheet.frame, sheet.file
    asked = dict.fromkeys(part for name in margins for part in ([name] if name in frame else name.split(CROSS)))
    faults = [Fault(file, 1, name, "", "column must be there") for name in (*RATERS, *asked) if name not in frame]
    if faults:
        return {}, faults
    mine = frame[(frame["round"] == turn) & (frame["source"] == source)]
    again = mine.index[mine.duplicated("rater_id")]
    faults += several([*again], lambda row: Fault(file, int(row), "rater_id", "", "must not be there twice"))
    found = given[["rater_id"]].merge(mine.drop_duplicates("rater_id"), on="rater_id", how="left")
    lacking = int(found["round"].isna().sum())
    if lacking:
        expected = f"{lacking} of {len(found)} raters who count have no row; each must have one"
        faults.append(Fault(file, None, "round, source", f"{turn}, {source}", expected))
    return {name: found[name] for name in asked}, faults


def _table(
    levels: Mapping[str, pd.Series[str]], margins: Mapping[str, Mapping[str, float]], raked: Raked
) -> pd.DataFrame:
    """Shares of every level: of the population, of the raters, and with their weights."""
    rows = []
    for name, margin in margins.items():
        there = {level: (levels[name] == level).to_numpy() for level in margin}
        rows += [
            (name, level, share / sum(margin.values()), there[level].mean(), raked.weights[there[level]].sum())
            for level, share in margin.items()
        ]
    table = pd.DataFrame(rows, columns=["variable", "level", "population", "raters", "weighted"])
    return table.assign(weighted=table["weighted"] / raked.weights.sum())

"""Which answers came from one rater, without saying who he is: what redrawing the raters of a round needs.

A study keeps no rater, so the ratings are read again, and all that is kept of a rater is a column of a matrix.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import narwhals as nw
import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from toolkit.contract import REQUIRED
from toolkit.faults import StudyError, UsageError
from toolkit.files import read_sheets
from toolkit.ratings import NO_RATINGS, open_ratings
from toolkit.scoring.tally import collected, text
from toolkit.validity import BOX, counted, find_void, stands

if TYPE_CHECKING:
    from narwhals.typing import IntoFrame
    from numpy.typing import NDArray

    from toolkit.scheme import Scheme
    from toolkit.study import Study

KEYS = ["ratee_id", "source", "indicator"]
READ = [*KEYS, "rater_id", "value"]


@dataclass(frozen=True, eq=False)
class Voices:
    """Who gave which answers in a round, without names; it is held in memory and never written.

    Attributes
    ----------
    round : str
        The round.
    given : sparse array (answers, raters)
        1 where a rater gave an answer; an answer is a row of `Tally.counts` of the round, in its order. Rows of ballots
        are empty.
    weight : sparse array (answers, raters)
        The weight of his answer; `given` itself where every answer weighs 1.
    circle : ndarray (raters,)
        Raters of one source who rated the same people, directly or through each other: among them he is redrawn. A
        blank rater id is one rater of each ratee.
    """

    round: str
    given: csr_array = field(repr=False)
    weight: csr_array = field(repr=False)
    circle: NDArray[np.intp] = field(repr=False)

    @property
    def alone(self) -> int:
        """How many raters are the only one of their circle, so that nobody can stand in for them."""
        return int((np.bincount(self.circle) == 1).sum()) if len(self.circle) else 0


def read_voices(folder: str | Path, study: Study, name: str = "") -> Voices:
    """Read the ratings of a round once more, to see which came from one rater.

    Parameters
    ----------
    folder : path
        The study's folder.
    study : Study
        `read_study` of it.
    name : str
        The round; the newest plain one by default.

    Raises
    ------
    StudyError
        If the ratings cannot be read.
    UsageError
        If they are no longer those that the study counted.
    """
    sheets, faults = read_sheets(Path(folder), {"ratings": REQUIRED["ratings"]})
    ratings, found = open_ratings(Path(folder), sheets.get("ratings"))
    if faults + found:
        raise StudyError(str(folder), dict.fromkeys(faults + found))
    return voices_of(ratings.frame if ratings is not None else NO_RATINGS, study, name or study.round)


def voices_of(ratings: IntoFrame, study: Study, name: str) -> Voices:
    """Who gave which answers, from a table of ratings.

    Parameters
    ----------
    ratings : frame
        As `count` takes it; any engine.
    study : Study
        Made of these ratings.
    name : str
        The round.

    Raises
    ------
    UsageError
        If the study counted other ratings.
    """
    counts = study.tally.counts[study.tally.counts["round"] == name].reset_index(drop=True)
    frame = text(_cast(ratings, study)).filter(nw.col("round") == name)
    weighted = "weight" in frame.collect_schema().names()
    weight = nw.col("weight").cast(nw.Float64).fill_null(1.0) if weighted else nw.lit(1.0)
    rows = collected(frame.select(*READ, weight=weight))
    answer = _answers(rows, counts, study.schemes[name])
    counted = counts["count"].to_numpy() * ~counts["ballot"].to_numpy(dtype=bool)
    if (answer < 0).any() or (np.bincount(answer, minlength=len(counts)) != counted).any():
        raise UsageError(f"ratings of round {name}: must be those that the study was read from; read it again")
    rater, circle = _raters(rows)
    shape = (len(counts), len(circle))
    given = csr_array((np.ones(len(rows)), (answer, rater)), shape=shape)
    amount = rows["weight"].to_numpy(dtype=float)
    uneven = bool((amount != 1).any())
    return Voices(name, given, csr_array((amount, (answer, rater)), shape=shape) if uneven else given, circle)


def _cast(ratings: IntoFrame, study: Study) -> IntoFrame:
    """The ratings that count."""
    if study.void.empty:
        return ratings
    standing = stands(study.members, study.posts, study.units)
    cells = collected(text(ratings).select(*BOX).unique(BOX)).astype(str)
    return counted(ratings, find_void(ratings, cells, study.schemes, standing, study.turnout))


def _answers(rows: pd.DataFrame, counts: pd.DataFrame, scheme: Scheme) -> NDArray[np.intp]:
    """The row of `counts` in which each rating was counted, -1 for none; a code is counted as its level."""
    paper = counts["ballot"].to_numpy(dtype=bool)
    columns = {key: counts[key].astype("category") for key in (*KEYS, "value")}
    names = {key: pd.Index(column.cat.categories.astype(str)) for key, column in columns.items()}
    held = [column.cat.codes.to_numpy().astype(np.int64) for column in columns.values()]
    known = np.ravel_multi_index(held, [max(len(part), 1) for part in names.values()])
    pairs = rows[["source", "value"]].drop_duplicates().astype(str)
    scales = {source: scheme.scales[leaf.scale or ""] for source, leaf in scheme.leaf_sources.items()}
    level = [scales[source].level(value) for source, value in zip(pairs["source"], pairs["value"], strict=True)]
    levels = dict(
        zip(zip(pairs["source"], pairs["value"], strict=True), names["value"].get_indexer(level), strict=True)
    )
    sources, values = rows["source"].cat.categories, rows["value"].cat.categories
    table = np.array([[levels.get((source, value), -1) for value in values] for source in sources], dtype=np.intp)
    at = [names[key].get_indexer(rows[key].cat.categories)[rows[key].cat.codes] for key in KEYS]
    at.append(table[rows["source"].cat.codes, rows["value"].cat.codes] if len(rows) else np.zeros(0, dtype=np.intp))
    there = np.logical_and.reduce([part >= 0 for part in at])
    wanted = np.ravel_multi_index([np.maximum(part, 0) for part in at], [max(len(part), 1) for part in names.values()])
    order = np.flatnonzero(~paper)[np.argsort(known[~paper], kind="stable")]
    place = np.searchsorted(known[order], wanted)
    found = np.append(order, -1)[place]
    right = there & (found >= 0)
    right[right] = known[found[right]] == wanted[right]
    return np.where(right, found, -1)


def _raters(rows: pd.DataFrame) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rater of each rating as a number, and the circle of each rater."""
    source, ratee, name = (
        rows[key].cat.codes.to_numpy().astype(np.int64) for key in ("source", "ratee_id", "rater_id")
    )
    names = rows["rater_id"].cat.categories
    blank = names.get_loc("") if "" in names else -1
    who = np.where(name == blank, len(names) + ratee, name)
    people = len(rows["ratee_id"].cat.categories)
    _, rater = np.unique(source * (len(names) + people) + who, return_inverse=True)
    size = int(rater.max()) + 1 if len(rater) else 0
    rated = size + source * people + ratee
    nodes = size + len(rows["source"].cat.categories) * people
    joined = csr_array((np.ones(len(rows), dtype=np.int8), (rater, rated)), shape=(nodes, nodes))
    _, circle = connected_components(joined, directed=False)
    _, numbered = np.unique(circle[:size], return_inverse=True)
    return rater.astype(np.intp), numbered.astype(np.intp)

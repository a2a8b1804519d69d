"""Which ballots count: rules on turnout void whole boxes, rules on what one rater said void his ballot.

A box is what one source said of a unit, or of a ratee who has a row of his own in turnout.csv. A ballot is what one
rater of a source said of the ratees of one unit; units that are rated stand on the ballot of the unit above them.
Rules on single ballots need raters: they look at ratings, and counted ballots know rules on turnout alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pandas as pd

from toolkit.faults import Fault, several
from toolkit.rules import STEPS, bounds
from toolkit.scoring.conditions import TESTS, keeps, written
from toolkit.scoring.tally import collected, same_engine, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from narwhals.typing import IntoFrame
    from numpy.typing import NDArray

    from toolkit.files import Sheet
    from toolkit.rules import BallotRules, Limit, Quorum
    from toolkit.scheme import Scale, Scheme

VOID = ["round", "source", "unit_id", "ratee_id", "ballot", "rule", "found"]
RULES = ("quorum", "overfull", "once", "seconds", "alike", "limits")
BOX = ["round", "source", "ratee_id"]
CARD = [*BOX, "rater_id"]
ABSENT, BLANK = -1, 0
"""What stands for an indicator that a rater left out, and for a blank answer; levels are numbered from 1."""


@dataclass(frozen=True, eq=False)
class Void:
    """What does not count.

    Attributes
    ----------
    table : DataFrame
        `round, source, unit_id, ratee_id, ballot, rule, found`: a row for each rule that a box or a ballot breaks. A
        box has the ballot 0, and a ratee where turnout.csv has a row of his; a ballot is numbered within its source and
        unit, in the order of the ratings. No rater is in it.
    boxes : DataFrame
        `round, source, ratee_id` of the boxes.
    cards : DataFrame
        `round, source, ratee_id, rater_id` of the ballots; for counting alone, and never written.
    """

    table: pd.DataFrame
    boxes: pd.DataFrame
    cards: pd.DataFrame


NOTHING = Void(*(pd.DataFrame(columns=columns, dtype=str) for columns in (VOID, BOX, CARD)))


def stands(members: pd.DataFrame, posts: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """`ratee_id, unit_id` (whose raters rate), `form` (the unit on whose ballot the ratee stands) and `category`."""
    people = members.rename(columns={"member_id": "ratee_id"}).assign(form=members["unit_id"])
    held = posts.rename(columns={"post_id": "ratee_id"}).assign(form=posts["unit_id"])
    bodies = units.assign(ratee_id=units["unit_id"], form=units["parent_id"])
    return pd.concat([part[["ratee_id", "unit_id", "form", "category"]] for part in (people, held, bodies)])


def find_void(
    ratings: IntoFrame,
    cells: pd.DataFrame,
    schemes: Mapping[str, Scheme],
    standing: pd.DataFrame,
    turnout: pd.DataFrame,
) -> Void:
    """Find the boxes and ballots that the rules of the scheme void.

    Parameters
    ----------
    ratings : frame
        Columns of `ratings.csv` and `row`; any engine.
    cells : DataFrame
        `round, source, ratee_id` of everything that was rated or counted.
    schemes : mapping
        Scheme of each round.
    standing : DataFrame
        See `stands`.
    turnout : DataFrame
        The table, its counts as numbers; what is blank breaks no rule.

    Notes
    -----
    A ballot whose box is void is not looked at. A blank answer is none. The points of a ratee on a ballot are the mean
    of the answers on him, by the weights that the indicators have for his category; who got none is not counted. Shares
    of turnout and of ratees are compared as exact fractions.
    """
    if not any(scheme.ballot_rules for scheme in schemes.values()):
        return NOTHING
    shut, boxes = _boxes(cells, schemes, standing, turnout)
    frame = without(text(ratings), boxes, BOX)
    tables, cards = [shut], [NOTHING.cards]
    for turn, scheme in schemes.items():
        for source, rules in scheme.ballot_rules.items():
            if rules.single:
                pile = _pile(frame, turn, source, scheme, standing)
                broken = pile.broken(rules)
                tables.append(broken[VOID])
                cards.append(pile.cards.loc[pile.cards["ballot"].isin(broken["place"]), CARD])
    parts = [part for part in tables if len(part)]
    table = pd.concat(parts, ignore_index=True) if parts else NOTHING.table
    return Void(table, boxes, pd.concat(cards, ignore_index=True))


def counted(ratings: IntoFrame, void: Void) -> IntoFrame:
    """The ratings without what does not count, in their engine."""
    if void.boxes.empty and void.cards.empty:
        return ratings
    frame = without(without(text(ratings), void.boxes, BOX), void.cards, CARD)
    return frame.to_native()  # type: ignore[no-any-return]


def silenced(void: Void, counts: pd.DataFrame) -> pd.DataFrame:
    """`round, source, ratee_id` where there were ballots and none of them counts; `counts` are those that do."""
    if void.table.empty:
        return NOTHING.boxes.copy()
    gone = pd.concat([void.boxes, void.cards[BOX]]).drop_duplicates()
    return without_rows(gone, counts[BOX].drop_duplicates().astype(str), BOX).reset_index(drop=True)


def without(frame: nw.LazyFrame[Any], gone: pd.DataFrame, keys: Sequence[str]) -> nw.LazyFrame[Any]:
    """The rows of a frame whose keys are not among some."""
    return frame if gone.empty else frame.join(same_engine(gone[[*keys]], frame), on=[*keys], how="anti")


# -------------------------------------------------------------------------------------------------------------- boxes


def check_turnout(cells: pd.DataFrame, schemes: Mapping[str, Scheme], standing: pd.DataFrame, sheet: Sheet | None
) -> list[Fault]:  # fmt: skip
    """Turnout must tell what a quorum asks, of every box that holds anything."""
    if not any(rules.quorum for scheme in schemes.values() for rules in scheme.ballot_rules.values()):
        return []
    file = sheet.file if sheet else "turnout.csv"
    keys = ["round", "unit_id", "source", "ratee_id"]
    told = (sheet.frame if sheet else pd.DataFrame()).reindex(columns=[*keys, *STEPS], fill_value="").astype(str)
    asked = _asked(cells, schemes, standing, told).astype(object).fillna("")
    faults = []
    for (turn, source, unit), part in asked.groupby(["round", "source", "unit_id"], sort=False):
        needed = {step for rule in schemes[str(turn)].ballot_rules[str(source)].quorum for step in (rule.of, rule.over)}
        lacking = [step for step in STEPS if step in needed and (part[step] == "").any()]
        place = f"{turn}, {unit}, {source}"
        if lacking:
            faults.append((place, f"must tell {' and '.join(lacking)}: ballots.{source} asks for a quorum"))
    return several(faults, lambda case: Fault(file, None, "round, unit_id, source", *case))


def _asked(
    cells: pd.DataFrame, schemes: Mapping[str, Scheme], standing: pd.DataFrame, turnout: pd.DataFrame
) -> pd.DataFrame:
    """The boxes that rules on turnout are for, each with what turnout.csv says of it: `box` is its ratee, or blank."""
    ruled = {
        (turn, source)
        for turn, scheme in schemes.items()
        for source, rules in scheme.ballot_rules.items()
        if rules.quorum or rules.overfull
    }
    rated = cells[BOX].drop_duplicates().merge(standing[["ratee_id", "unit_id"]], on="ratee_id")
    pairs = zip(rated["round"], rated["source"], strict=True)
    rated = rated[np.array([pair in ruled for pair in pairs], dtype=bool)]
    keys = ["round", "source", "ratee_id"]
    own = turnout[turnout["ratee_id"] != ""].drop(columns="unit_id")
    alone = rated.merge(own, on=keys).assign(box=lambda frame: frame["ratee_id"])
    rest = without_rows(rated, alone, keys)
    whole = turnout[turnout["ratee_id"] == ""].drop(columns="ratee_id")
    return pd.concat([alone, rest.merge(whole, on=["round", "source", "unit_id"], how="left").assign(box="")])


def without_rows(frame: pd.DataFrame, gone: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """The rows of a small table whose keys are not among those of another."""
    return frame[~pd.MultiIndex.from_frame(frame[[*keys]]).isin(pd.MultiIndex.from_frame(gone[[*keys]]))]


def _boxes(
    cells: pd.DataFrame, schemes: Mapping[str, Scheme], standing: pd.DataFrame, turnout: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What is told of the boxes that do not count, and whose they are."""
    rows, boxes = [], [NOTHING.boxes]
    asked = _asked(cells, schemes, standing, turnout)
    for (turn, source, unit, box), part in asked.groupby(["round", "source", "unit_id", "box"], sort=True):
        rules = schemes[str(turn)].ballot_rules[str(source)]
        broken = list(_broken_by_turnout(rules, part.iloc[0]))
        rows += [(turn, source, unit, box, 0, rule, found) for rule, found in broken]
        boxes += [part[BOX]] if broken else []
    return pd.DataFrame(rows, columns=VOID), pd.concat(boxes, ignore_index=True)


def _broken_by_turnout(rules: BallotRules, row: pd.Series[Any]) -> Iterator[tuple[str, str]]:
    """Rules on turnout that a box breaks, with what was found."""
    for quorum in rules.quorum:
        number, base = row[quorum.of], row[quorum.over]
        if not (pd.isna(number) or pd.isna(base)) and not _reached(int(number), int(base), quorum):
            share = f"{quorum.of} {number:.0f} of {base:.0f} {quorum.over}"
            yield "quorum", f"{share}, must be at least {written(quorum.min)}"
    if rules.overfull and row["returned"] > row["issued"]:
        yield "overfull", f"{row['returned']:.0f} returned of {row['issued']:.0f} issued"


def _reached(number: int, base: int, quorum: Quorum) -> bool:
    """Whether a share is reached, exactly; of nobody there is none."""
    return base > 0 and Fraction(number, base) >= quorum.min


# ------------------------------------------------------------------------------------------------------------ ballots


@dataclass(frozen=True, eq=False)
class _Pile:
    """The ballots of one source in one round.

    Attributes
    ----------
    cards : DataFrame
        `round, source, ratee_id, rater_id, form, category, row, seconds, rows` and `ballot`, its place in `ballots`: a
        row for each rater and ratee.
    codes : ndarray of int (cards, K)
        Answers by number, on the K indicators that were rated.
    nodes : list of int
        Place of each indicator in the tree.
    levels : list of str
        What each number stands for; the first is a blank answer.
    points : ndarray (levels, K)
        Their points, 0-100; NaN for a blank answer.
    """

    cards: pd.DataFrame
    codes: NDArray[np.int64]
    nodes: list[int]
    levels: list[str]
    points: NDArray[np.float64]
    scheme: Scheme

    def broken(self, rules: BallotRules) -> pd.DataFrame:
        """The rows of `Void.table`, with `place`: of which ballot."""
        count = int(self.cards["ballot"].max()) + 1 if len(self.cards) else 0
        first = self.cards.drop_duplicates("ballot").set_index("ballot")
        number = first.groupby("form").cumcount() + 1
        found = [
            (place, rule, says)
            for rule, cases in (
                ("once", self._twice() if rules.once else {}),
                ("seconds", self._hasty(rules.seconds) if rules.seconds else {}),
                ("alike", self._alike(rules.alike, count) if rules.alike else {}),
                *(("limits", self._beyond(limit, count)) for limit in rules.limits),
            )
            for place, says in cases.items()
        ]
        table = pd.DataFrame(found, columns=["place", "rule", "found"]).sort_values("place", kind="stable")
        place = table["place"].to_numpy(dtype=np.intp)
        keys = {"round": first["round"], "source": first["source"], "unit_id": first["form"], "ballot": number}
        return table.assign(ratee_id="", **{name: values.to_numpy()[place] for name, values in keys.items()})

    def _twice(self) -> dict[int, str]:
        """Ballots on which a rater answers the same thing twice."""
        again = self.cards["rows"].to_numpy() > (self.codes != ABSENT).sum(axis=1)
        return dict.fromkeys(self.cards.loc[again, "ballot"], "handed in twice")

    def _hasty(self, least: float) -> dict[int, str]:
        """Ballots that were filled in too fast; a time that is not known is not too short."""
        taken = self.cards.groupby("ballot")["seconds"].max()
        return {int(place): f"{time:g} seconds, must be at least {least:g}" for place, time in taken.items()  # type: ignore[call-overload]
                if time < least}  # fmt: skip

    def _alike(self, least: int, count: int) -> dict[int, str]:
        """Ballots all of whose answers are the same, which need not be worth the same."""
        given = self.codes > BLANK
        answers = np.bincount(self.cards["ballot"], given.sum(axis=1), minlength=count).astype(int)
        lowest, highest = np.full(count, len(self.levels)), np.zeros(count, dtype=int)
        np.minimum.at(lowest, self.cards["ballot"], np.where(given, self.codes, len(self.levels)).min(axis=1))
        np.maximum.at(highest, self.cards["ballot"], np.where(given, self.codes, BLANK).max(axis=1))
        same = np.flatnonzero((answers >= least) & (lowest == highest))
        return {int(place): f"the same answer {answers[place]} times" for place in same}

    def _beyond(self, limit: Limit, count: int) -> dict[int, str]:
        """Ballots on which too many, or too few, ratees are given a level or points."""
        tree = self.scheme.indicator_tree
        at = tree.position[limit.indicator]
        kept = [k for k, node in enumerate(self.nodes) if at in tree.path(node)]
        codes = self.codes[:, kept]
        rated = (codes > BLANK).any(axis=1)
        if limit.levels is not None:
            wanted = np.array([name in limit.levels for name in self.levels])
            counts = rated & (wanted[np.maximum(codes, BLANK)] | (codes <= BLANK)).all(axis=1)
        else:
            score = self._points(kept, at)
            counts = np.logical_and.reduce([keeps(score, key, bound) for key, bound in bounds(limit)]) & rated
        base, number = (
            np.bincount(self.cards["ballot"], which, minlength=count).astype(int).tolist() for which in (rated, counts)
        )
        wrong = [place for place in range(count) if base[place] and not _kept(limit, number[place], base[place])]
        return {place: f"{number[place]} of {base[place]} {_asks(limit)}" for place in wrong}

    def _points(self, kept: list[int], at: int) -> NDArray[np.float64]:
        """Points (0-100) that each ratee was given: the mean by the weights below the node `at`; NaN for none."""
        names, tree = self.scheme.indicator_tree.names, self.scheme.indicator_tree
        kinds, categories = pd.factorize(self.cards["category"])
        weight = np.zeros((len(categories), len(kept)))
        for row, category in enumerate(categories):
            within = self.scheme.indicator_weights(str(category))
            for column, k in enumerate(kept):
                path = tree.path(self.nodes[k])
                weight[row, column] = float(np.prod([float(within[names[node]]) for node in path[: path.index(at)]]))
        codes = self.codes[:, kept]
        points = np.where(codes > BLANK, self.points[np.maximum(codes, BLANK), kept], np.nan)
        weights = np.where(np.isnan(points), 0.0, weight[kinds])
        total = weights.sum(axis=1)
        sums = np.nansum(weights * points, axis=1)
        score: NDArray[np.float64] = np.divide(sums, total, out=np.full(len(codes), np.nan), where=total > 0)
        return score


def _kept(limit: Limit, number: int, base: int) -> bool:
    """Whether a number of ratees keeps a limit; a bound below 1 is a share of those rated, exactly."""
    asked = [(key, bound) for key, bound in (("max", limit.most), ("min", limit.least)) if bound is not None]
    return all(TESTS[key](Fraction(number), bound if bound >= 1 else bound * base) for key, bound in asked)


def _asks(limit: Limit) -> str:
    """A limit in words: "given 优秀, must be at most 1/3 of them"."""
    signs = {"min": "at least", "above": "above", "max": "at most", "below": "below"}
    given = [f"{signs[key]} {written(bound)}" for key, bound in bounds(limit)] or ["/".join(limit.levels or ())]
    asked = [(word, bound) for word, bound in (("at most", limit.most), ("at least", limit.least)) if bound is not None]
    numbers = [f"{word} {written(bound)}{' of them' if bound < 1 else ''}" for word, bound in asked]
    return f"given {' and '.join(given)}, must be {' and '.join(numbers)}"


def _pile(frame: nw.LazyFrame[Any], turn: str, source: str, scheme: Scheme, standing: pd.DataFrame) -> _Pile:
    """Gather the ballots of one source in one round; what is brought up is a row for each rater and ratee."""
    mine = frame.filter(nw.col("round") == turn, nw.col("source") == source)
    given = collected(mine.select("indicator", "value").unique(["indicator", "value"])).astype(str)
    tree, scale = scheme.indicator_tree, scheme.scales[scheme.leaf_sources[source].scale or ""]
    names = sorted(given["indicator"].unique())
    given["level"] = [_level(scale, value) for value in given["value"]]
    levels = ["", *sorted(set(given["level"]) - {""})]
    given["code"] = [levels.index(level) for level in given["level"]]
    rows = mine.join(same_engine(given[["indicator", "value", "code"]], mine), on=["indicator", "value"], how="left")
    codes = {f"c{k}": nw.when(nw.col("indicator") == name).then(nw.col("code")).otherwise(ABSENT)
             for k, name in enumerate(names)}  # fmt: skip
    timed = "seconds" in rows.collect_schema().names()
    seconds = nw.col("seconds").cast(nw.Float64) if timed else nw.lit(None, nw.Float64)
    rows = rows.select("ratee_id", "rater_id", "row", seconds=seconds, **codes)
    ends = [nw.col("row").min(), *(nw.col(name).max() for name in ("seconds", *codes))]
    cards = collected(rows.group_by("ratee_id", "rater_id").agg(nw.len().alias("rows"), *ends))
    cards = cards.astype({"ratee_id": str, "rater_id": str}).merge(standing, on="ratee_id")
    cards = cards.sort_values("row", ignore_index=True).assign(round=turn, source=source)
    # a blank rater id stands for one rater of each ratee
    who = cards["rater_id"].where(cards["rater_id"] != "", "\0" + cards["ratee_id"])
    cards["ballot"] = pd.MultiIndex.from_arrays([cards["form"], who]).factorize()[0]
    points = np.full((len(levels), len(names)), np.nan)
    for k, name in enumerate(names):
        reverse = scheme.indicator(name).reverse
        points[1:, k] = [scale.points(level, reverse=reverse) for level in levels[1:]]
    nodes = [tree.position[name] for name in names]
    return _Pile(cards, cards[[*codes]].to_numpy(dtype=np.int64), nodes, levels, points, scheme)


def _level(scale: Scale, value: str) -> str:
    """The name of an answer, "" for a blank one; on a scale of numbers 3.50 is 3.5."""
    level = scale.level(value)
    if level in scale.blank:
        return ""
    return f"{float(level):.15g}" if level and scale.levels is None else level

"""What every reader knows before he reads: who was rated by how many, on which scale, and what means are made of."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from scipy.sparse import csr_array

from toolkit.audit.votes import Votes
from toolkit.fields import WHOLE
from toolkit.scheme import SELF
from toolkit.scoring.cells import worth
from toolkit.scoring.evaluation import compositions, lay_out
from toolkit.scoring.ranks import TOLERANCE
from toolkit.scoring.rounds import combined

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from toolkit.scheme import Scheme, Source
    from toolkit.scoring.scores import Scores
    from toolkit.study import Study

Row: TypeAlias = dict[int, float]
"""A mean as weights of cells."""
Secret: TypeAlias = tuple[str, str, str, str, Row]
"""A mean that few have given: round, ratee, source, indicator (blank: all), and the mean as weights of cells."""


class Cell(NamedTuple):
    """What one source has said of a ratee on one indicator (a leaf, or a node that was ticked)."""

    round: str
    ratee: str
    source: str
    indicator: str


class Turn:
    """One plain round, of some ratees or of all: its cells are numbered from `start`, ratee by ratee."""

    def __init__(self, study: Study, name: str, start: int, only: Collection[str] | None = None) -> None:
        self.name, self.start = name, start
        self.scheme: Scheme = study.schemes[name]
        laid = lay_out(study, name)
        self.laid = laid if only is None else laid.of(laid.ratees["ratee_id"].isin(set(only)).to_numpy())
        self.n = self.laid.cells.n
        self.shape = self.n.shape
        self.place = {ratee: row for row, ratee in enumerate(self.laid.ratees["ratee_id"])}
        self.ratees = list(self.place)
        self.sources = list(self.scheme.leaf_sources)
        self.nodes = self.scheme.indicator_tree.names
        self._counts = study.tally.counts[study.tally.counts["round"] == name]
        self.made = {
            key: csr_array(reach.reshape(len(reach), int(np.prod(reach.shape[1:]))))
            for key, reach in compositions(self.scheme, self.laid)
        }

    @property
    def size(self) -> int:
        """How many cells there could be."""
        return int(np.prod(self.shape))

    def row(self, ratee: str, source: str, indicator: str) -> Row:
        """The weights of a ratee's cells in a score; empty where there is none."""
        made, place = self.made.get((source, indicator)), self.place.get(ratee)
        if made is None or place is None or self.fills(ratee, source, indicator):
            return {}
        part = slice(made.indptr[place], made.indptr[place + 1])
        first = self.start + place * made.shape[1]
        return {int(first + at): float(w) for at, w in zip(made.indices[part], made.data[part], strict=True)}

    def fills(self, ratee: str, source: str, indicator: str) -> bool:
        """Whether the rule `adjusted` put something in the place of what is missing: then it is no mean of cells."""
        return self.scheme.missing.rule == "adjusted" and not source and (ratee, indicator) in self._partial

    @cached_property
    def _partial(self) -> set[tuple[str, str]]:
        """Ratees and indicators that a source lacks which was asked and weighs."""
        tops = [self.scheme.source_tree.names[node] for node in self.scheme.source_tree.children(0)]
        found: set[tuple[str, str]] = set()
        for ratee, category in zip(self.laid.ratees["ratee_id"], self.laid.ratees["category"], strict=True):
            weights = self.scheme.source_weights(category)
            asked = [key for key in self.made if key[0] in tops and weights.get(key[0], 0) > 0]
            found |= {(ratee, indicator) for source, indicator in asked if not self._sees(ratee, source, indicator)}
        return found

    def _sees(self, ratee: str, source: str, indicator: str) -> bool:
        made, place = self.made[source, indicator], self.place[ratee]
        return bool(made.indptr[place + 1] > made.indptr[place])

    def at(self, cell: int) -> tuple[int, int, int]:
        """Ratee, source and indicator of a cell, as places."""
        found = np.unravel_index(cell - self.start, self.shape)
        return int(found[0]), int(found[1]), int(found[2])

    def votes(self, cell: int) -> Votes:
        """The votes of which a cell's mean is made."""
        _, place, node = at = self.at(cell)
        source = self.scheme.leaf_sources[self.sources[place]]
        n = int(self.n[at])
        if source.average == "median" or self.sources[place] in self._uneven:
            return Votes(n)
        trimmed = n - 2 * source.trim.drop if source.trim and n > source.trim.above else n
        return Votes(trimmed, self._points(source, node))

    def _points(self, source: Source, node: int) -> tuple[float, ...]:
        scale = self.scheme.scales[source.scale or ""]
        if scale.levels is None:
            answers = [str(number) for number in range(int(np.ceil(scale.low or 0)), int(scale.high or 0) + 1)]
        else:
            answers = list(scale.levels)
        reverse = self.scheme.indicator(self.nodes[node]).reverse
        return tuple(sorted({float(scale.points(answer, reverse=reverse) or 0) for answer in answers}))

    @cached_property
    def _uneven(self) -> set[str]:
        """Sources whose votes are weighted, or numbers that are not whole."""
        rows = self._counts
        weighted = (rows["weight"] - rows["count"]).abs() > TOLERANCE
        values = rows[["source", "value"]].drop_duplicates().astype(str)
        numeric = {
            name
            for name, leaf in self.scheme.leaf_sources.items()
            if self.scheme.scales[leaf.scale or ""].levels is None
        }
        broken = {
            source
            for source, value in zip(values["source"], values["value"], strict=True)
            if source in numeric and _is_number(value) and not float(value).is_integer()
        }
        return broken | set(rows.loc[weighted, "source"].astype(str))

    @cached_property
    def _cast(self) -> Mapping[tuple[str, str, str], list[tuple[str, int]]]:
        keys = ["ratee_id", "source", "indicator"]
        found: dict[tuple[str, str, str], list[tuple[str, int]]] = {}
        for ratee, source, indicator, value, count in self._counts[[*keys, "value", "count"]].itertuples(index=False):
            found.setdefault((str(ratee), str(source), str(indicator)), []).append((str(value), int(count)))
        return found

    def cast(self, cell: int) -> list[float]:
        """Points of every vote of a cell: what each of its raters knows of himself."""
        row, place, node = self.at(cell)
        source, indicator = self.sources[place], self.nodes[node]
        rows = self._cast.get((self.ratees[row], source, indicator), [])
        points = [(worth(self.scheme, source, indicator, value), count) for value, count in rows]
        return sorted(value for value, count in points if not np.isnan(value) for _ in range(count))


class Ground:
    """The rounds of a study, as equations in the cells of its plain rounds.

    Parameters
    ----------
    study, scores
        The study and its scores; of the scores only who has any is used, never their values.
    only, rounds : collection of str, optional
        Ratees and plain rounds, where others are not asked for.
    """

    def __init__(
        self,
        study: Study,
        scores: Scores,
        only: Collection[str] | None = None,
        rounds: Collection[str] | None = None,
    ) -> None:
        self.study, self._ratees = study, scores.ratees
        self.turns: dict[str, Turn] = {}
        start = 0
        for name in study.schemes:
            if combined(study, name) is None and (rounds is None or name in rounds):
                self.turns[name] = Turn(study, name, start, only)
                start += self.turns[name].size
        self._starts = np.array([turn.start for turn in self.turns.values()])
        self._rows: dict[tuple[str, str, str, str], Row] = {}

    @cached_property
    def _counted(self) -> Mapping[str, set[str]]:
        """Who is scored and stands not outside, by round."""
        rows = self._ratees[self._ratees["counts"]]
        return {str(name): set(part["ratee_id"].astype(str)) for name, part in rows.groupby("round")}

    @cached_property
    def _people(self) -> Mapping[str, list[str]]:
        """Members of every unit and of those below it; blank for all."""
        people = {str(unit): list(part["ratee_id"]) for unit, part in self.study.ancestors.groupby("unit_id")}
        return people | {"": self.study.members["member_id"].tolist()}

    def turn_of(self, cell: int) -> Turn:
        """The round of a cell."""
        return list(self.turns.values())[int(np.searchsorted(self._starts, cell, side="right")) - 1]

    def cell(self, cell: int) -> Cell:
        """A cell by its names."""
        turn = self.turn_of(cell)
        row, source, node = turn.at(cell)
        return Cell(turn.name, turn.ratees[row], turn.sources[source], turn.nodes[node])

    def votes(self, cell: int) -> Votes:
        """The votes of a cell."""
        return self.turn_of(cell).votes(cell)

    def cast(self, cell: int) -> list[float]:
        """Points of every vote of a cell: what each of its raters knows of himself."""
        return self.turn_of(cell).cast(cell)

    def truth(self, cell: int) -> float:
        """The mean of a cell (0-100), which only the study knows."""
        turn = self.turn_of(cell)
        return float(turn.laid.cells.mean[turn.at(cell)])

    # ------------------------------------------------------------------------------------------------------- means

    def of_ratee(self, name: str, ratee: str, source: str = "", indicator: str = "") -> Row:
        """A ratee's score in a round, plain or combined; empty where there is none, or it is no mean of cells."""
        key = name, ratee, source, indicator
        if key not in self._rows:
            self._rows[key] = self._of_ratee(*key)
        return self._rows[key]

    def _of_ratee(self, name: str, ratee: str, source: str, indicator: str) -> Row:
        weights = combined(self.study, name)
        if weights is not None:
            return blend((self.of_ratee(part, ratee, source, indicator), weight) for part, weight in weights.items())
        turn = self.turns[name]
        held = turn.laid.ratees
        posts = held[(held["kind"] == "post") & (held["owner"] == ratee)]
        of_posts = blend(
            (turn.row(post, source, indicator), share)
            for post, share in zip(posts["ratee_id"], posts["share"], strict=True)
        )
        return of_posts or turn.row(ratee, source, indicator)

    def of_unit(self, name: str, unit: str, source: str = "", indicator: str = "") -> Row:
        """The mean of a unit's scored members who do not stand outside; blank for the whole study."""
        key = name, f"unit {unit}", source, indicator
        if key not in self._rows:
            self._rows[key] = self._of_unit(name, unit, source, indicator)
        return self._rows[key]

    def _of_unit(self, name: str, unit: str, source: str, indicator: str) -> Row:
        people = [ratee for ratee in self._people.get(unit, ()) if ratee in self._counted.get(name, ())]
        rows = [self.of_ratee(name, ratee, source, indicator) for ratee in people]
        if any(self._is_filled(name, ratee, source, indicator) for ratee in people):
            return {}
        return blend((row, 1.0) for row in rows)

    def _is_filled(self, name: str, ratee: str, source: str, indicator: str) -> bool:
        """Whether there is a score though it is no mean of cells: one that was filled in."""
        turns = [self.turns[part] for part in combined(self.study, name) or [name]]
        return any(turn.fills(ratee, source, indicator) for turn in turns)

    # ----------------------------------------------------------------------------------------------------- secrets

    def secrets(self) -> Iterator[Secret]:
        """Means that few have given.

        Few are less than `min_raters`; of a source whose raters are not known by name. Its mean over all indicators is
        one too where any of its cells is.
        """
        for turn in self.turns.values():
            least = turn.scheme.privacy.min_raters
            few = (turn.n > 0) & (turn.n < least) & ~np.isnan(turn.laid.cells.mean)
            for place, name in enumerate(turn.sources):
                if name == SELF or turn.scheme.leaf_sources[name].attributed:
                    continue
                for row in np.flatnonzero(few[:, place].any(axis=1)):
                    cells = [
                        int(np.ravel_multi_index((row, place, node), turn.shape))
                        for node in np.flatnonzero(few[row, place])
                    ]
                    for cell in cells:
                        at = turn.start + cell
                        yield turn.name, turn.ratees[row], name, self.cell(at).indicator, {at: 1.0}
                    whole = turn.row(turn.ratees[row], name, "")
                    if len(whole) > 1:
                        yield turn.name, turn.ratees[row], name, "", whole


def blend(parts: Iterable[tuple[Row, float]]) -> Row:
    """The mean by weight of those rows that hold anything."""
    held = [(row, weight) for row, weight in parts if row and weight > 0]
    total = sum(weight for _, weight in held)
    made: Row = {}
    for row, weight in held:
        for cell, share in row.items():
            made[cell] = made.get(cell, 0.0) + share * weight / total
    return made


def _is_number(text: str) -> bool:
    return bool(WHOLE.fullmatch(text)) or text.replace(".", "", 1).removeprefix("-").isdecimal()

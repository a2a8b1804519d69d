"""What the tables and sentences of reports state, as numbers between two ends."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from toolkit.audit.bounds import Claim
from toolkit.scheme import SELF
from toolkit.scoring.rounds import before
from toolkit.words import LANGUAGES, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from toolkit.audit.ground import Ground, Row
    from toolkit.audit.pages import Grid, Page
    from toolkit.scheme import Scheme

HALF = 0.05
"""Half of the last digit that is printed."""
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
OVERVIEW = "overview"
SILENT = (
    "Participation by source", "Weights of the sources", "Effective weights of the indicators",
    "Strongest and weakest indicators", "Points, line by line", "Proposed grades", "Rounds", "Self against others",
    "What the index is made of", "Targets",
)  # fmt: skip
"""Tables that say nothing of what raters have said, or the same as another table of the page.

The view of oneself is one's own; an index states its score as the page does, and what else it is made of."""


class Claims:
    """Reads pages of a study into claims.

    Parameters
    ----------
    ground : Ground
        What every reader knows.

    Attributes
    ----------
    found : list of Claim
        What was read.
    unread : Counter
        Captions of tables with numbers that nobody here knows how to read, and how often they were met.
    """

    def __init__(self, ground: Ground) -> None:
        self.ground, self.study = ground, ground.study
        self.found: list[Claim] = []
        self.unread: Counter[str] = Counter()
        self._units = dict(zip(self.study.units["unit_id"], self.study.units["name"], strict=True))
        members = self.study.members
        self._names = dict(zip(members["member_id"], members["name"], strict=True))
        self._home = dict(zip(members["member_id"], members["unit_id"], strict=True))

    def read(self, page: Page) -> None:
        """Read one page."""
        for grid in page.tables:
            self._table(page, grid)
        for row in page.scores:
            self._score(page, row)
        if page.name in self._home:
            for line in page.lines:
                self._line(page, line)

    def _state(self, row: Row, text: str, where: str, half: float = HALF) -> None:
        if row and NUMBER.fullmatch(text.strip()):
            value = float(text)
            self.found.append(Claim(row, value - half, value + half, where))

    # ------------------------------------------------------------------------------------------------------ tables

    def _table(self, page: Page, grid: Grid) -> None:
        kinds: dict[str, Callable[[Page, Grid, Callable[[str], str]], None]] = {
            "Indicators by source": self._matrix,
            "Your profile": self._profile,
            "Members in order of their score": self._league,
            "Units": self._children,
            "Round by round": self._rounds,
            "Members, round against round": self._change,
        }
        for language in LANGUAGES:
            _ = words(language)
            for caption, read in kinds.items():
                if _is_titled(grid.caption, _(caption)):
                    read(page, grid, _)
                    return
            if any(_is_titled(grid.caption, _(caption)) for caption in SILENT):
                return
        if any(NUMBER.fullmatch(cell) for row in grid.rows for cell in row):
            self.unread[_title(grid.caption)] += 1

    def _matrix(self, page: Page, grid: Grid, _: Callable[[str], str]) -> None:
        """Means of a unit by indicator and source."""
        unit = "" if page.name == OVERVIEW and page.name not in self._units else page.name
        of = lambda source, indicator: self.ground.of_unit(page.round, unit or self.study.top, source, indicator)  # noqa: E731
        self._by_source(page, grid, _, of)

    def _profile(self, page: Page, grid: Grid, _: Callable[[str], str]) -> None:
        """Scores of a member by indicator and source, and the mean of his unit."""
        self._by_source(page, grid, _, lambda *key: self.ground.of_ratee(page.round, page.name, *key))
        if _("Mean of the branch") in grid.titles:
            column = grid.titles.index(_("Mean of the branch"))
            for row, indicator in zip(grid.rows, self._indicators(page, grid, _), strict=True):
                made = self.ground.of_unit(page.round, self._home[page.name], "", indicator)
                self._state(made, row[column], f"{page.place}: {grid.caption}, {row[0]}, {grid.titles[column]}")

    def _by_source(self, page: Page, grid: Grid, _: Callable[[str], str], of: Callable[[str, str], Row]) -> None:
        sources = self._sources(page, grid, _)
        for row, indicator in zip(grid.rows, self._indicators(page, grid, _), strict=True):
            for column, source in sources.items():
                where = f"{page.place}: {grid.caption}, {row[0]}, {grid.titles[column]}"
                self._state(of(source, indicator), row[column], where)

    def _schemes(self, turn: str) -> list[Scheme]:
        scheme = self.study.schemes[turn]
        return [scheme, *(self.study.schemes[part] for part in scheme.rounds[turn].combine or {})]

    def _label(self, turn: str, name: str) -> set[str]:
        """What a name may be called on a page."""
        return {_flat(scheme.label(name, language)) for scheme in self._schemes(turn) for language in LANGUAGES}

    def _sources(self, page: Page, grid: Grid, _: Callable[[str], str]) -> dict[int, str]:
        """Source of every column, "" for all of them; those of the same label as they stand in the scheme."""
        trees = [scheme.source_tree for scheme in self._schemes(page.round)]
        tops = dict.fromkeys(tree.names[node] for tree in trees for node in tree.children(0))
        whole = grid.titles.index(_("All sources")) if _("All sources") in grid.titles else len(grid.titles)
        waiting, found = [name for name in tops if name != SELF], {}
        for column in range(1, whole):
            name = next((name for name in waiting if grid.titles[column] in self._label(page.round, name)), None)
            if name is not None:
                waiting.remove(name)
                found[column] = name
        return found | ({whole: ""} if whole < len(grid.titles) else {})

    def _indicators(self, page: Page, grid: Grid, _: Callable[[str], str]) -> list[str]:
        """Indicator of every row, in the order of the scheme; "" for all of them."""
        waiting = list(self.study.schemes[page.round].indicator_tree.names[1:])
        found = []
        for row in grid.rows:
            label = row[0].strip("　 ")
            if label == _("All indicators"):
                found.append("")
                continue
            name = next((name for name in waiting if label in self._label(page.round, name)), None)
            found.append(name if name is not None else "?")
            waiting = waiting[waiting.index(name) + 1 :] if name is not None else waiting
        return found

    def _league(self, page: Page, grid: Grid, _: Callable[[str], str]) -> None:
        """Composites of a unit's members; by name where it is one member's alone."""
        self._members(page, grid, {page.round: _("Score")}, _)

    def _members(self, page: Page, grid: Grid, columns: dict[str, str], _: Callable[[str], str]) -> None:
        called = Counter(self._names[ratee] for ratee, unit in self._home.items() if unit == page.name)
        ids = {_flat(self._names[ratee]): ratee for ratee, unit in self._home.items() if unit == page.name}
        name = grid.titles.index(_("Name"))
        for turn, title in columns.items():
            column = grid.titles.index(title)
            for row in grid.rows:
                ratee = ids.get(row[name])
                if ratee is not None and called[self._names[ratee]] == 1:
                    where = f"{page.place}: {grid.caption}, {row[name]}, {title}"
                    self._state(self.ground.of_ratee(turn, ratee), row[column], where)

    def _change(self, page: Page, grid: Grid, _: Callable[[str], str]) -> None:
        """Composites of a unit's members in two rounds: of each column after the name."""
        last = before(self.study, page.round)
        name = grid.titles.index(_("Name"))
        turns = [turn for turn in (last, page.round) if turn]
        columns = dict(zip(turns, grid.titles[name + 1 : name + 3], strict=False))
        self._members(page, grid, columns, _)

    def _children(self, page: Page, grid: Grid, _: Callable[[str], str]) -> None:
        """Composites of units, in the order of the study."""
        waiting = [unit for unit in self._units if page.name in {OVERVIEW, self._parents[unit]}]
        column = grid.titles.index(_("Score"))
        for row in grid.rows:
            label = row[0].strip("　 ")
            unit = next((unit for unit in waiting if _flat(self._units[unit]) == label), None)
            if unit is not None:
                waiting.remove(unit)
                self._state(
                    self.ground.of_unit(page.round, unit), row[column], f"{page.place}: {grid.caption}, {label}"
                )

    @property
    def _parents(self) -> dict[str, str]:
        units = self.study.units
        return dict(zip(units["unit_id"], units["parent_id"], strict=True))

    def _rounds(self, page: Page, grid: Grid, _: Callable[[str], str]) -> None:
        """Composites of a member in several rounds."""
        column = grid.titles.index(_("Score"))
        for row in grid.rows:
            turn = next((turn for turn in self.study.schemes if row[0] in self._label(turn, turn)), None)
            if turn is not None:
                self._state(
                    self.ground.of_ratee(turn, page.name), row[column], f"{page.place}: {grid.caption}, {row[0]}"
                )

    # --------------------------------------------------------------------------------------------- files and lines

    def _score(self, page: Page, row: Mapping[str, str]) -> None:
        """A row of the file of scores."""
        where = f"{page.place}/scores.csv: {row['ratee_id']}, {row['source'] or '-'}, {row['indicator'] or '-'}"
        ratee = row["ratee_id"].removeprefix("'")
        key = page.round, ratee, row["source"], row["indicator"]
        made = self.ground.of_ratee(*key) if ratee in self._home else self.ground.of_unit(*key)
        self._state(made, row["score"], where)

    def _line(self, page: Page, line: str) -> None:
        """A line of arithmetic of a member's sheet: the mean of a cell, from votes or without them."""
        told = next((cell for cell in self._cells(page) if line.startswith((f"{cell[0]}: ", f"{cell[0]}："))), None)
        if told is not None and page.round in self.ground.turns:
            cell, source, indicator = told
            made = self.ground.of_ratee(page.round, page.name, source, indicator)
            self._state(made, _value(line[len(cell) + 1 :].strip()), f"{page.place}: {line}")

    def _cells(self, page: Page) -> Iterator[tuple[str, str, str]]:
        """What the cells of a round are called, the longest first: one label may begin with another."""
        scheme = self.study.schemes[page.round]
        names = scheme.indicator_tree.names
        found = {
            (f"{source_label}{f' · {label}' if node else ''}", source, name if node else "")
            for source in scheme.leaf_sources
            for source_label in self._label(page.round, source)
            for node, name in enumerate(names)
            for label in (self._label(page.round, name) if node else {""})
        }
        yield from sorted(found, key=lambda each: (-len(each[0]), each))


def _value(text: str) -> str:
    """The mean in a line of arithmetic: `... = 82.5`, `7 raters, mean 82.5` or `median of ...: 82.5`; "" for none."""
    number = r"(\d+(?:\.\d+)?)"
    for language in LANGUAGES:
        _ = words(language)
        for phrase in (_("{cell}: {n} raters, mean {mean}"), _("median of {answers}: {mean}")):
            told = re.escape(re.sub(r"^\{cell\}[:：]\s*", "", phrase))
            told = told.replace(r"\{n\}", r"\d+").replace(r"\{answers\}", ".*").replace(r"\{mean\}", number)
            match = re.match(told, text)
            if match:
                return match[1]
    match = re.match(rf"[^=]*= {number}", text)
    return match[1] if match else ""


def _is_titled(caption: str, title: str) -> bool:
    """Whether a caption is this title, or the title and what the table finds."""
    return caption == title or caption.startswith((f"{title}. ", f"{title}: ", f"{title}："))


def _title(caption: str) -> str:
    """A caption without what the table finds."""
    return re.split(r"：|\. ", caption, maxsplit=1)[0]


def _flat(text: str) -> str:
    return " ".join(str(text).split())

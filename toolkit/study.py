"""The one way in: a study folder -> a validated Study, or every fault with its file, row and value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from toolkit import ballots as paper
from toolkit import ratings as single
from toolkit.contract import (
    DATE,
    EXEMPT,
    FREE,
    OPEN_DATE,
    OPTIONAL,
    REQUIRED,
    TEXT,
    UNIT_ID,
    Demand,
    check,
    check_rated,
    check_together,
    count,
    iso_date,
    known,
    number,
)
from toolkit.faults import Fault, StudyError
from toolkit.files import Sheet, digest, is_book, read_sheets
from toolkit.rulebook import read_rulebook
from toolkit.scoring.tally import CELL, COUNTS, Tally
from toolkit.scoring.tally import count as tally_up

if TYPE_CHECKING:
    from toolkit.scheme import Scheme

SCHEME = "scheme.yaml"
IDS = (("units", "unit_id"), ("members", "member_id"), ("posts", "post_id"))
STEPS = ["eligible", "issued", "returned", "valid"]
"""What happens to ballots, in the order in which their number can only fall."""


@dataclass(frozen=True)
class Study:
    """A validated study: the rules of every round, the tables, and the tally. No rater is in it.

    Attributes
    ----------
    name : str
        Name of the folder.
    schemes : dict
        The scheme of every round, in the order of scheme.yaml.
    units, members, posts, turnout, points, satisfaction, measures : DataFrame
        The tables of the contract; ids and names are text (`""` where blank), counts and values are numbers (NaN where
        blank), dates are text (ISO). Optional columns are always there. A table without a file is empty.
    tally : Tally
        Counts of all ratings and ballots.
    digests : dict
        SHA-256 of every file that was read.
    """

    name: str
    schemes: dict[str, Scheme]
    units: pd.DataFrame
    members: pd.DataFrame
    posts: pd.DataFrame
    turnout: pd.DataFrame
    points: pd.DataFrame
    satisfaction: pd.DataFrame
    measures: pd.DataFrame
    tally: Tally
    digests: dict[str, str]

    @property
    def round(self) -> str:
        """The newest round that is rated and no combination: the last by date, then by its place in the scheme."""
        plain = [name for name in self.schemes if self.schemes[name].rounds[name].combine is None]
        rated = set(self.tally.counts["round"].unique())  # a round may be declared before anybody rates in it
        plain = [name for name in plain if name in rated] or plain
        ends = {name: str(self.schemes[name].rounds[name].end or "") for name in plain}
        return max(plain, key=lambda name: (ends[name], plain.index(name)))

    @property
    def scheme(self) -> Scheme:
        """The scheme of the newest round."""
        return self.schemes[self.round]

    @cached_property
    def ancestors(self) -> pd.DataFrame:
        """`ratee_id, unit_id`: every member with his unit and every unit above it, up to the top."""
        return belonging(self.members, self.units)

    @property
    def top(self) -> str:
        """What holds everybody: the one unit above all others, or `""` where several stand at the top."""
        return top_of(self.units)

    def posts_in(self, name: str) -> pd.DataFrame:
        """Posts held at some time of a round; all posts where the round has no dates."""
        return posts_during(self.posts, self.schemes[name], name)


def read_study(folder: str | Path) -> Study:
    """Read a study folder.

    Parameters
    ----------
    folder : path
        Holds `scheme.yaml` and its tables (CSV in UTF-8 or gb18030, one workbook, or Parquet for ratings).

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        With every fault of every file.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise StudyError(str(folder), [Fault(str(folder), None, "", "", "must be a folder that holds scheme.yaml")])
    schemes, faults = read_rulebook(lambda file: (folder / file).read_text(encoding="utf-8-sig"), SCHEME)
    sheets, found = read_sheets(folder, REQUIRED)
    faults += found + _absent(sheets)
    for table, demands in _demands(sheets, schemes).items():
        if table in sheets and len(sheets[table].frame.columns):
            faults += check(table, sheets[table], demands)
    faults += _cross_checks(sheets, schemes)
    tables = {table: _typed(table, sheets.get(table)) for table in REQUIRED if table != "ratings"}
    ratings, found = single.open_ratings(folder, sheets.get("ratings"))
    faults += found
    points, found = _check_answers(sheets, schemes, tables, ratings)
    faults += found
    if faults or not schemes:
        raise StudyError(str(folder), dict.fromkeys(faults))
    return _counted(folder, schemes, tables, ratings, points)


def _absent(sheets: dict[str, Sheet]) -> list[Fault]:
    """The tables that every study must have, and some units in one of them."""
    expected = "must be there (or be a sheet of the workbook)"
    faults = [Fault(f"{table}.csv", None, "", "", expected) for table in ("units", "members") if table not in sheets]
    units = sheets.get("units")
    if units and len(units.frame.columns) and units.frame.empty:
        faults.append(Fault(units.file, 2, "", "", "must hold at least one unit"))
    members = sheets.get("members")
    bodies = units.frame["category"].any() if units and "category" in units.frame else False
    if members and len(members.frame.columns) and members.frame.empty and not bodies:
        faults.append(Fault(members.file, 2, "", "", "must hold at least one member, where no unit is rated"))
    return faults


def _check_answers(
    sheets: dict[str, Sheet],
    schemes: dict[str, Scheme],
    tables: dict[str, pd.DataFrame],
    ratings: single.Ratings | None,
) -> tuple[pd.DataFrame, list[Fault]]:
    """Check ratings and ballots; points of every distinct answer in the ratings."""
    points = pd.DataFrame(columns=["round", "source", "indicator", "value", "points"], dtype=object)
    if not schemes:
        return points, []
    faults: list[Fault] = []
    cells = []
    if ratings is not None:
        points, faults = single.check_ratings(ratings, schemes)
        cells.append(single.rated_cells(ratings))
    ballots = sheets.get("ballots")
    if ballots and set(CELL) <= set(ballots.frame):
        faults += paper.check_ballots(ballots, schemes)
        cells.append(paper.rated_cells(ballots))
    listed = _ids(sheets, "units", "unit_id") and "members" in sheets and "member_id" in sheets["members"].frame
    ratees = _ratees(tables, schemes) if listed else None
    for part in cells:
        faults += check_rated(part["file"].iloc[0] if len(part) else "", part, schemes, ratees)
    if cells:
        faults += check_together(pd.concat(cells, ignore_index=True), schemes, sheets.get("turnout"))
    return points, faults


def _counted(
    folder: Path,
    schemes: dict[str, Scheme],
    tables: dict[str, pd.DataFrame],
    ratings: single.Ratings | None,
    points: pd.DataFrame,
) -> Study:
    """Count a study without faults."""
    exempt = tables["members"]["exempt"].str.contains("rating", regex=False)
    members = belonging(tables["members"][~exempt], tables["units"])
    posts = tables["posts"].merge(members, left_on="member_id", right_on="ratee_id", suffixes=("_of_post", ""))
    of_posts = posts[["post_id", "unit_id"]].rename(columns={"post_id": "ratee_id"})
    belongs = pd.concat([members, of_posts], ignore_index=True).drop_duplicates()
    tally = tally_up(ratings.frame if ratings is not None else single.NO_RATINGS, points, belongs)
    counts = _by_level(tally.counts, paper.counted(tables["ballots"]), schemes)
    named = {f"{table}.csv" for table in REQUIRED} | {"ratings.parquet", SCHEME}
    named |= {turn.scheme for turn in next(iter(schemes.values())).rounds.values() if turn.scheme}
    read = [path for path in sorted(folder.iterdir()) if path.name in named or is_book(path)]
    return Study(
        folder.resolve().name,
        schemes,
        tally=replace(tally, counts=counts),
        digests={path.name: digest(path) for path in read},
        **{name: frame for name, frame in tables.items() if name != "ballots"},
    )


def _by_level(tallied: pd.DataFrame, ballots: pd.DataFrame, schemes: dict[str, Scheme]) -> pd.DataFrame:
    """One row for every answer of a cell: a code becomes its level, so that CSV, Excel and paper count alike."""
    answer = ["round", "source", "value"]
    distinct = pd.concat([part[answer].drop_duplicates().astype(str) for part in (tallied, ballots)]).drop_duplicates()
    distinct["level"] = [
        scheme.scales[scheme.leaf_sources[source].scale or ""].level(value)
        for scheme, source, value in zip(
            distinct["round"].map(schemes), distinct["source"], distinct["value"], strict=True
        )
    ]
    if ballots.empty and (distinct["level"] == distinct["value"]).all():
        return tallied  # millions of rows that are as they should be
    keys = [*CELL, "value"]
    counts = pd.concat([part.astype(dict.fromkeys(keys, str)) for part in (tallied, ballots)], ignore_index=True)
    counts["value"] = counts.merge(distinct, on=answer, how="left")["level"].to_numpy()
    counts = counts.astype(dict.fromkeys(keys, "category"))
    return counts.groupby([*keys, "ballot"], observed=True, as_index=False)[["count", "weight", "weight2"]].sum()[
        COUNTS
    ]


def belonging(members: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """`ratee_id, unit_id`: every member with his unit and every unit above it, up to `top_of` the units."""
    parent = dict(zip(units["unit_id"], units["parent_id"], strict=True))
    whole = [] if top_of(units) else [""]
    above = {unit: _upwards(unit, parent) + whole for unit in parent}
    pairs = pd.DataFrame({"ratee_id": members["member_id"], "unit_id": members["unit_id"].map(above)})
    return pairs.explode("unit_id", ignore_index=True).dropna()


def top_of(units: pd.DataFrame) -> str:
    """The one unit above all others, or `""`, the whole study, where several stand at the top."""
    tops = units["unit_id"][~units["parent_id"].isin(units["unit_id"])]
    return str(tops.iloc[0]) if len(tops) == 1 else ""


def _upwards(unit: str, parent: dict[str, str]) -> list[str]:
    """A unit and every unit above it, as far as that does not lead in a circle."""
    line = [unit]
    while (step := parent.get(line[-1], "")) and step not in line:
        line.append(step)
    return line


def posts_during(posts: pd.DataFrame, scheme: Scheme, name: str) -> pd.DataFrame:
    """Posts whose time overlaps a round's."""
    turn = scheme.rounds[name]
    begun = (posts["from"] == "") | (posts["from"] <= str(turn.end or "9999"))
    not_over = (posts["to"] == "") | (posts["to"] >= str(turn.start or ""))
    return posts[begun & not_over]


def _ids(sheets: dict[str, Sheet], table: str, column: str) -> list[str]:
    frame = sheets[table].frame if table in sheets else pd.DataFrame()
    return [name for name in frame[column].unique() if name] if column in frame else []


def _demands(sheets: dict[str, Sheet], schemes: dict[str, Scheme]) -> dict[str, dict[str, Demand]]:
    """What the cells of every table must be."""
    units, members, posts = (_ids(sheets, table, column) for table, column in IDS)
    everybody = [*members, *posts, *units]
    people, bodies = _categories(schemes, units=False), _categories(schemes, units=True)
    sources = sorted({name for scheme in schemes.values() for name in scheme.source_tree.names[1:]})
    turn = known([name for name in schemes if schemes[name].rounds[name].combine is None], "a round")
    unit, subject = known(units, "a unit_id"), known(everybody, "a member, post or unit")
    category = known(people, "a category of members in the scheme of every round", blank=not people)
    demands: dict[str, dict[str, Demand]] = {
        "units": {
            "unit_id": UNIT_ID, "name": TEXT, "parent_id": known(units, "a unit_id", blank=True), "industry": FREE,
            "category": known(bodies, "a category in the scheme of every round", blank=True),
        },
        "members": {"member_id": TEXT, "name": TEXT, "unit_id": unit, "category": category, "exempt": EXEMPT},
        "posts": {
            "post_id": TEXT, "member_id": known(members, "a member_id"), "unit_id": unit, "category": category,
            "from": OPEN_DATE, "to": OPEN_DATE, "share": number(above=0),
        },
        "ballots": {},
        "turnout": {
            "round": turn, "unit_id": unit, "source": known(sources, "a source"),
            "ratee_id": known(everybody, "a member, post or unit", blank=True), **dict.fromkeys(STEPS, count()),
        },
        "points": {"date": DATE, "subject_id": subject, "rule": TEXT, "quantity": number(), "evidence": FREE},
        "satisfaction": {"round": turn, "subject_id": subject, "panel": TEXT, "topic": TEXT},
        "measures": {"round": turn, "subject_id": subject, "measure": TEXT, "value": number()},
    }  # fmt: skip
    unknown = {"round", "source", "category"} if not schemes else set()
    unknown |= {"unit_id", "parent_id"} if not units else set()  # that no unit could be read is a fault of its own
    unknown |= {"member_id", "ratee_id", "subject_id"} if not members else set()
    own = dict(IDS)
    return {
        table: {name: demand for name, demand in columns.items() if name not in unknown or name == own.get(table)}
        for table, columns in demands.items()
    }


def _categories(schemes: dict[str, Scheme], *, units: bool) -> list[str]:
    """Categories that the scheme of every round declares, those for units as well or for members alone."""
    return [
        name
        for name in (next(iter(schemes.values())).categories if schemes else ())
        if all(name in scheme.categories for scheme in schemes.values())
        and (units or all(scheme.categories[name].ratee == "member" for scheme in schemes.values()))
    ]


def _cross_checks(sheets: dict[str, Sheet], schemes: dict[str, Scheme]) -> list[Fault]:
    """What is wrong between tables or between the cells of a row."""
    faults = _one_owner_of_an_id(sheets)
    checks = {"units": _circles, "turnout": _turnout_order, "posts": _post_order}
    faults += chain.from_iterable(check(sheets[table]) for table, check in checks.items() if table in sheets)
    for table in ("ballots", "satisfaction"):
        if table in sheets and schemes:
            faults += paper.check_counts(table, sheets[table], schemes)
    return faults


def _one_owner_of_an_id(sheets: dict[str, Sheet]) -> list[Fault]:
    """Ids of members, posts and units never collide; units differ in more than case, since Windows folders must."""
    owner: dict[str, str] = {}
    folders: dict[str, str] = {}
    faults = []
    for table, column in IDS:
        if table not in sheets or column not in sheets[table].frame:
            continue
        for row, name in sheets[table].frame[column].items():
            other = owner.setdefault(name, table)
            other = "" if other == table else other.removesuffix("s") + f" {name}"
            if table == "units" and folders.setdefault(name.casefold(), name) != name:
                other = f"unit {folders[name.casefold()]}, whose folder is the same on Windows,"
            if name and other:
                faults.append(
                    Fault(sheets[table].file, int(str(row)), column, name, f"must not be used; {other} has it")
                )
    return faults


def _circles(sheet: Sheet) -> list[Fault]:
    if not {"unit_id", "parent_id"} <= set(sheet.frame):
        return []
    parent = dict(zip(sheet.frame["unit_id"], sheet.frame["parent_id"], strict=True))
    faults = []
    told: set[str] = set()
    for row, unit in sheet.frame["unit_id"].items():
        line = _upwards(unit, parent)
        if parent.get(line[-1]) == unit and unit not in told:
            told.update(line)
            expected = f"must not lead in a circle: {' -> '.join([*line, unit])}"
            faults.append(Fault(sheet.file, int(str(row)), "parent_id", parent[unit], expected))
    return faults


def _turnout_order(sheet: Sheet) -> list[Fault]:
    """Nobody returns what was not issued; a blank says nothing."""
    steps = [name for name in STEPS if name in sheet.frame]
    whole = sheet.frame[steps].apply(count().right)
    numbers = sheet.frame[steps].where(whole, "").apply(pd.to_numeric, errors="coerce").astype(float)
    before = numbers.ffill(axis=1).shift(1, axis=1)
    faults = []
    for name in steps:
        for row in sheet.frame.index[numbers[name] > before[name]]:
            expected = f"must be at most what was {' or '.join(steps[: steps.index(name)])}: {before.loc[row, name]:g}"
            faults.append(Fault(sheet.file, int(row), name, str(sheet.frame.loc[row, name]), expected))
    return faults


def _post_order(sheet: Sheet) -> list[Fault]:
    """No post ends before it begins."""
    if not {"from", "to"} <= set(sheet.frame):
        return []
    start, end = (sheet.frame[name].map(iso_date) for name in ("from", "to"))
    wrong = sheet.frame[(start > end) & (end != "")]
    return [
        Fault(sheet.file, int(str(row)), "from", first, f"must not be after to: {last}")
        for row, first, last in zip(wrong.index, wrong["from"], wrong["to"], strict=True)
    ]


def _typed(table: str, sheet: Sheet | None) -> pd.DataFrame:
    """A table with all its columns; what must be a number is one, dates are ISO."""
    columns = [*REQUIRED[table], *OPTIONAL.get(table, ())]
    frame = pd.DataFrame(columns=columns, dtype=str) if sheet is None else sheet.frame.copy()
    for column in columns:
        if column not in frame:
            frame[column] = ""
    numeric = {"turnout": STEPS, "posts": ["share"], "points": ["quantity"], "measures": ["value"]}
    for column in numeric.get(table, []):
        frame[column] = pd.to_numeric(frame[column], errors="coerce").astype(float)
    for column in {"posts": ["from", "to"], "points": ["date"]}.get(table, []):
        frame[column] = frame[column].map(iso_date).astype(str)
    return frame


def _ratees(tables: dict[str, pd.DataFrame], schemes: dict[str, Scheme]) -> dict[str, dict[str, str]]:
    """For every round everybody there is, and why he cannot be rated ("" where he can)."""
    units, members, posts = (tables[table] for table, _ in IDS)
    ratees = {}
    for name, scheme in schemes.items():
        bodies = [key for key, category in scheme.categories.items() if category.ratee == "unit"]
        body = dict.fromkeys(units["unit_id"], "a unit that is rated must have a category with ratee: unit")
        body |= dict.fromkeys(units["unit_id"][units["category"].isin(bodies)], "")
        person = dict.fromkeys(members["member_id"], "")
        post = dict.fromkeys(posts["post_id"], f"is not held in round {name}")
        for key, member in posts_during(posts, scheme, name)[["post_id", "member_id"]].itertuples(
            index=False, name=None
        ):
            post[key] = ""
            person[member] = f"must be rated by his posts in round {name}, which posts.csv lists"
        ratees[name] = body | person | post
    return ratees

"""The one way in: a study folder -> a validated Study, or every fault with its file, row and value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from toolkit import ballots as paper
from toolkit import ratings as single
from toolkit.contract import (
    DATE,
    EXEMPT,
    OPEN_DATE,
    OPTIONAL,
    REQUIRED,
    TEXT,
    UNIT_ID,
    Demand,
    check,
    count,
    known,
    number,
)
from toolkit.faults import Fault, StudyError
from toolkit.files import Sheet, digest, read_sheets
from toolkit.rulebook import read_rulebook
from toolkit.scoring.tally import Tally
from toolkit.scoring.tally import count as tally_up

if TYPE_CHECKING:
    from toolkit.scheme import Scheme

SCHEME = "scheme.yaml"


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
        """The newest round that is not a combination: the last by date, then by its place in the scheme."""
        plain = [name for name in self.schemes if self.schemes[name].rounds[name].combine is None]
        ends = {name: str(self.schemes[name].rounds[name].end or "") for name in plain}
        return max(plain, key=lambda name: (ends[name], plain.index(name)))

    @property
    def scheme(self) -> Scheme:
        """The scheme of the newest round."""
        return self.schemes[self.round]

    @cached_property
    def ancestors(self) -> pd.DataFrame:
        """`ratee_id, unit_id`: every member with his unit and every unit above it."""
        return belonging(self.members, self.units)

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
    schemes, faults = read_rulebook(lambda file: _text(folder, file), SCHEME)
    sheets, found = read_sheets(folder, [table for table in REQUIRED if table != "ratings"])
    faults += found
    for table in ("units", "members"):
        if table not in sheets and not any(fault.file.startswith(table) for fault in faults):
            faults.append(Fault(f"{table}.csv", None, "", "", "must be there (or as a sheet of the workbook)"))
    for table, demands in _demands(sheets, schemes).items():
        if table in sheets and len(sheets[table].frame.columns):
            faults += check(table, sheets[table], demands)
    faults += _cross_checks(sheets, schemes)
    tables = {table: _typed(table, sheets.get(table)) for table in REQUIRED if table != "ratings"}
    ratings, found = single.open_ratings(folder)
    faults += found
    ratees = _ratees(tables, schemes)
    points = pd.DataFrame(columns=["round", "source", "indicator", "value", "points"], dtype=object)
    if ratings is not None and schemes:
        points, found = single.check_ratings(ratings, schemes, ratees)
        faults += found
    if "ballots" in sheets and schemes:
        faults += paper.check_ballots(sheets["ballots"], schemes, ratees)
    if faults or not schemes:
        raise StudyError(str(folder), faults)
    return _counted(folder, schemes, tables, ratings, points)


def _text(folder: Path, file: str) -> str:
    return (folder / file).read_text(encoding="utf-8-sig")


def _counted(
    folder: Path,
    schemes: dict[str, Scheme],
    tables: dict[str, pd.DataFrame],
    ratings: single.Ratings | None,
    points: pd.DataFrame,
) -> Study:
    """Count a study without faults, and check what only the counts can tell."""
    exempt = tables["members"]["exempt"].str.contains("rating", regex=False)
    members = belonging(tables["members"][~exempt], tables["units"])
    posts = tables["posts"].merge(members, left_on="member_id", right_on="ratee_id", suffixes=("_of_post", ""))
    of_posts = posts[["post_id", "unit_id"]].rename(columns={"post_id": "ratee_id"})
    belongs = pd.concat([members, of_posts], ignore_index=True).drop_duplicates()
    frame = ratings.frame if ratings is not None else single.NO_RATINGS
    tally = tally_up(frame, points, belongs)
    counted = paper.counted(tables["ballots"], schemes)
    faults = paper.check_cells(tally.counts, counted, schemes)
    both = pd.concat([tally.counts.astype({key: str for key in tally.counts if key not in paper.NUMBERS}), counted], ignore_index=True)
    faults += single.check_counts(both, schemes, tables["posts"], tables["turnout"])
    if faults:
        raise StudyError(str(folder), faults)
    text = [key for key in both if key not in paper.NUMBERS]
    tally = Tally(both.astype(dict.fromkeys(text, "category")), tally.ratees, tally.units)
    files = sorted(path for path in folder.iterdir() if path.suffix in {".csv", ".yaml", ".xlsx", ".parquet"})
    named = {f"{table}.csv" for table in REQUIRED} | {"ratings.parquet", SCHEME}
    named |= {turn.scheme for turn in next(iter(schemes.values())).rounds.values() if turn.scheme}
    read = [path for path in files if path.name in named or path.suffix == ".xlsx"]
    kept = {name: frame for name, frame in tables.items() if name != "ballots"}
    return Study(folder.resolve().name, schemes, tally=tally, digests={path.name: digest(path) for path in read}, **kept)


def belonging(members: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """`ratee_id, unit_id`: every member with his unit and every unit above it."""
    parent = dict(zip(units["unit_id"], units["parent_id"], strict=True))
    above = {}
    for unit in parent:
        chain, step = [unit], parent[unit]
        while step and step not in chain:
            chain.append(step)
            step = parent.get(step, "")
        above[unit] = chain
    pairs = pd.DataFrame({"ratee_id": members["member_id"], "unit_id": members["unit_id"].map(above)})
    return pairs.explode("unit_id", ignore_index=True).dropna()


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
    units, members = _ids(sheets, "units", "unit_id"), _ids(sheets, "members", "member_id")
    posts = _ids(sheets, "posts", "post_id")
    scheme = next(iter(schemes.values()), None)
    people = [name for name, rule in scheme.categories.items() if rule.ratee == "member"] if scheme else []
    bodies = list(scheme.categories) if scheme else []
    plain = [name for name in schemes if schemes[name].rounds[name].combine is None]
    sources = sorted({name for part in schemes.values() for name in part.source_tree.names[1:]})
    category = known(people, "a category of members of the scheme", blank=not people)
    subject = known([*members, *posts, *units], "a member, post or unit")
    demands: dict[str, dict[str, Demand]] = {
        "units": {
            "unit_id": UNIT_ID, "name": TEXT, "parent_id": known(units, "a unit_id", blank=True),
            "category": known(bodies, "a category of the scheme", blank=True),
        },
        "members": {"member_id": TEXT, "name": TEXT, "unit_id": known(units, "a unit_id"), "category": category, "exempt": EXEMPT},
        "posts": {
            "post_id": TEXT, "member_id": known(members, "a member_id"), "unit_id": known(units, "a unit_id"),
            "category": category, "from": OPEN_DATE, "to": OPEN_DATE, "share": number(above=0),
        },
        "turnout": {
            "round": known(plain, "a round"), "unit_id": known(units, "a unit_id"), "source": known(sources, "a source"),
            "ratee_id": known([*members, *posts, *units], "a ratee", blank=True),
            **{name: count(blank=True) for name in ("eligible", "issued", "returned", "valid")},
        },
        "points": {"date": DATE, "subject_id": subject, "rule": TEXT, "quantity": number()},
        "satisfaction": {"round": known(plain, "a round"), "subject_id": subject, "panel": TEXT, "topic": TEXT},
        "measures": {"round": known(plain, "a round"), "subject_id": subject, "measure": TEXT, "value": number()},
        "ballots": {},
    }  # fmt: skip
    if not schemes:  # without a scheme nothing is known of rounds, sources and categories
        for table in demands.values():
            for column in ("round", "source", "category"):
                table.pop(column, None)
    return demands


def _cross_checks(sheets: dict[str, Sheet], schemes: dict[str, Scheme]) -> list[Fault]:
    """What is wrong between tables or between the cells of a row."""
    faults = _one_owner_of_an_id(sheets)
    if "units" in sheets and {"unit_id", "parent_id"} <= set(sheets["units"].frame):
        faults += _circles(sheets["units"])
    if "turnout" in sheets:
        faults += _turnout_order(sheets["turnout"])
    if "satisfaction" in sheets and schemes:
        levels = paper.answer_columns(schemes)
        faults += paper.check_columns("satisfaction", sheets["satisfaction"], levels)
    return faults


def _one_owner_of_an_id(sheets: dict[str, Sheet]) -> list[Fault]:
    """Ids of members, posts and units never collide; units differ in more than case, since Windows folders must."""
    seen: dict[str, str] = {}
    faults = []
    for table, column in (("units", "unit_id"), ("members", "member_id"), ("posts", "post_id")):
        if table not in sheets or column not in sheets[table].frame:
            continue
        for row, name in sheets[table].frame[column].items():
            key = name.casefold() if table == "units" else name
            if name and seen.get(key, f"{table} {name}") != f"{table} {name}":
                faults.append(Fault(sheets[table].file, int(str(row)), column, name, f"must not be used twice; {seen[key]} has it"))
            seen.setdefault(key, f"{table} {name}")
            seen.setdefault(name, f"{table} {name}")
    return faults


def _circles(sheet: Sheet) -> list[Fault]:
    parent = dict(zip(sheet.frame["unit_id"], sheet.frame["parent_id"], strict=True))
    faults = []
    for row, unit in sheet.frame["unit_id"].items():
        chain = [unit]
        while (step := parent.get(chain[-1], "")) and step not in chain:
            chain.append(step)
        if step == unit:
            circle = " -> ".join([*chain, unit])
            faults.append(Fault(sheet.file, int(str(row)), "parent_id", parent[unit], f"must not lead in a circle: {circle}"))
    return faults


def _turnout_order(sheet: Sheet) -> list[Fault]:
    """Nobody returns what was not issued."""
    steps = ["eligible", "issued", "returned", "valid"]
    if not set(steps) <= set(sheet.frame):
        return []
    numbers = sheet.frame[steps].apply(pd.to_numeric, errors="coerce")
    faults = []
    for more, less in zip(steps, steps[1:], strict=False):
        for row in sheet.frame.index[numbers[less] > numbers[more]]:
            at_most = f"must be at most {more}, {sheet.frame.at[row, more]}"
            faults.append(Fault(sheet.file, int(row), less, sheet.frame.at[row, less], at_most))
    return faults


def _typed(table: str, sheet: Sheet | None) -> pd.DataFrame:
    """A table with all its columns; what must be a number is one."""
    columns = [*REQUIRED[table], *OPTIONAL.get(table, ())]
    frame = pd.DataFrame(columns=columns, dtype=str) if sheet is None else sheet.frame.copy()
    for column in columns:
        if column not in frame:
            frame[column] = ""
    numeric = {"turnout": ["eligible", "issued", "returned", "valid"], "posts": ["share"], "points": ["quantity"], "measures": ["value"]}
    for column in numeric.get(table, []):
        frame[column] = pd.to_numeric(frame[column], errors="coerce")
    return frame


def _ratees(tables: dict[str, pd.DataFrame], schemes: dict[str, Scheme]) -> dict[str, str]:
    """Kind of everybody who may be rated."""
    scheme = next(iter(schemes.values()), None)
    bodies = [name for name, rule in scheme.categories.items() if rule.ratee == "unit"] if scheme else []
    units = tables["units"]
    return (
        dict.fromkeys(units["unit_id"][~units["category"].isin(bodies)], "unit that is not rated")
        | dict.fromkeys(units["unit_id"][units["category"].isin(bodies)], "unit")
        | dict.fromkeys(tables["members"]["member_id"], "member")
        | dict.fromkeys(tables["posts"]["post_id"], "post")
    )

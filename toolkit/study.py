"""The one way in: a study folder -> a validated Study, or every fault with its file, row and value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from toolkit import ballots as paper
from toolkit import ratings as single
from toolkit.belonging import belonging, top_of
from toolkit.contract import OPTIONAL, REQUIRED, check, check_rated, check_together, iso_date
from toolkit.demands import IDS, cross_checks, demands_of, ids_of
from toolkit.faults import Fault, StudyError
from toolkit.files import Sheet, digest, is_book, read_sheets
from toolkit.rulebook import read_rulebook
from toolkit.rules import STEPS
from toolkit.scoring.tally import CELL, COUNTS, Tally
from toolkit.scoring.tally import count as tally_up
from toolkit.validity import NOTHING, Void, check_turnout, counted, find_void, silenced, stands, without_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from narwhals.typing import IntoFrame

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
    units, members, posts, turnout, points, measures, criteria, decisions, evidence, replies, themes, opinions, \
    submissions : DataFrame
        The tables of the contract; ids and names are text (`""` where blank), counts and values are numbers (NaN where
        blank), dates are text (ISO). Optional columns are always there. A table without a file is empty.
    satisfaction : DataFrame
        `round, subject_id, panel, topic, eligible, level, count`: a row for every answer that somebody gave.
    tally : Tally
        Counts of all ratings and ballots.
    digests : dict
        SHA-256 of every file that was read.
    void : DataFrame
        `round, source, unit_id, ratee_id, ballot, rule, found`: boxes and ballots that do not count, see `Void.table`.
    silenced : DataFrame
        `round, source, ratee_id`: of whom a source has handed in ballots none of which counts.
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
    criteria: pd.DataFrame
    decisions: pd.DataFrame
    evidence: pd.DataFrame
    replies: pd.DataFrame
    themes: pd.DataFrame
    opinions: pd.DataFrame
    submissions: pd.DataFrame
    tally: Tally
    digests: dict[str, str]
    void: pd.DataFrame = field(default_factory=NOTHING.table.copy)
    silenced: pd.DataFrame = field(default_factory=NOTHING.boxes.copy)

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


def read_study(folder: str | Path, *, void: bool = True, weighed: bool = True) -> Study:
    """Read a study folder.

    Parameters
    ----------
    folder : path
        Holds `scheme.yaml` and its tables (CSV in UTF-8 or gb18030, one workbook, or Parquet for ratings).
    void : bool
        Leave out what the scheme's rules on ballots void. False counts everything, to see what the rules do.
    weighed : bool
        Multiply ratings by the weights of their raters in `weights.csv`, if there is one.

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
    sheets, found = read_sheets(folder, REQUIRED, whole=True)
    faults += found + _absent(sheets)
    if "ballots" in sheets:
        sheets["ballots"], found = paper.without_names(sheets["ballots"], _names(sheets))
        faults += found
    for table, demands in demands_of(sheets, schemes).items():
        if table in sheets and len(sheets[table].frame.columns):
            faults += check(table, sheets[table], demands)
    faults += cross_checks(sheets, schemes)
    tables = {table: _typed(table, sheets.get(table)) for table in REQUIRED if table != "ratings"}
    ratings, found = single.open_ratings(folder, sheets.get("ratings"), weighed=weighed)
    faults += found
    points, cells, found = _check_answers(sheets, schemes, tables, ratings)
    faults += found
    if faults or not schemes:
        raise StudyError(str(folder), dict.fromkeys(faults))
    frame = ratings.frame if ratings is not None else single.NO_RATINGS
    standing = stands(tables["members"], tables["posts"], tables["units"])
    gone = find_void(frame, cells[cells["raters"] > 0], schemes, standing, tables["turnout"]) if void else NOTHING
    if ratings is not None and void and (lacking := single.unweighed(ratings, counted(frame, gone))):
        raise StudyError(str(folder), lacking)
    return _counted(folder, schemes, tables, ratings=frame, points=points, gone=gone)


def _names(sheets: dict[str, Sheet]) -> dict[str, str]:
    """Names of members, units and holders of posts, by their ids."""
    names: dict[str, str] = {}
    for table, key in (("units", "unit_id"), ("members", "member_id")):
        frame = sheets[table].frame if table in sheets else pd.DataFrame()
        names |= dict(zip(frame[key], frame["name"], strict=True)) if {key, "name"} <= set(frame) else {}
    posts = sheets["posts"].frame if "posts" in sheets else pd.DataFrame()
    if {"post_id", "member_id"} <= set(posts):
        names |= {
            post: names.get(member, "") for post, member in zip(posts["post_id"], posts["member_id"], strict=True)
        }
    return names


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
) -> tuple[pd.DataFrame, pd.DataFrame, list[Fault]]:
    """Check ratings and ballots; points of every distinct answer in the ratings, and every cell that was rated."""
    points = pd.DataFrame(columns=["round", "source", "indicator", "value", "points"], dtype=object)
    nothing = pd.DataFrame(columns=CELL, dtype=str).assign(raters=0)
    if not schemes:
        return points, nothing, []
    faults: list[Fault] = []
    cells = []
    if ratings is not None:
        points, faults = single.check_ratings(ratings, schemes)
        faults += single.untimed(ratings, schemes) + single.strange_weights(ratings, schemes)
        cells.append(single.rated_cells(ratings))
    ballots = sheets.get("ballots")
    if ballots and set(CELL) <= set(ballots.frame):
        faults += paper.check_ballots(ballots, schemes)
        cells.append(paper.rated_cells(ballots))
    listed = ids_of(sheets, "units", "unit_id") and "members" in sheets and "member_id" in sheets["members"].frame
    ratees = ratable(tables, schemes) if listed else None
    for part in cells:
        faults += check_rated(part["file"].iloc[0] if len(part) else "", part, schemes, ratees)
    rated = pd.concat(cells or [nothing], ignore_index=True)
    if cells:
        faults += check_together(rated, schemes, sheets.get("turnout"))
        standing = stands(tables["members"], tables["posts"], tables["units"]).drop_duplicates("ratee_id")
        faults += check_turnout(rated[rated["raters"] > 0], schemes, standing, sheets.get("turnout"))
    return points, rated, faults


def _counted(
    folder: Path,
    schemes: dict[str, Scheme],
    tables: dict[str, pd.DataFrame],
    *,
    ratings: IntoFrame,
    points: pd.DataFrame,
    gone: Void,
) -> Study:
    """Count a study without faults, but for what is void."""
    exempt = tables["members"]["exempt"].str.contains("rating", regex=False)
    members = belonging(tables["members"][~exempt], tables["units"])
    posts = tables["posts"].merge(members, left_on="member_id", right_on="ratee_id", suffixes=("_of_post", ""))
    of_posts = posts[["post_id", "unit_id"]].rename(columns={"post_id": "ratee_id"})
    belongs = pd.concat([members, of_posts], ignore_index=True).drop_duplicates()
    tally = tally_up(counted(ratings, gone), points, belongs)
    ballots = without_rows(tables["ballots"], gone.boxes, ["round", "source", "ratee_id"])
    counts = _by_level(tally.counts, paper.counted(ballots), schemes)
    named = {f"{table}.csv" for table in REQUIRED} | {"ratings.parquet", single.WEIGHTS, SCHEME}
    named |= {turn.scheme for turn in next(iter(schemes.values())).rounds.values() if turn.scheme}
    read = [path for path in sorted(folder.iterdir()) if path.name in named or is_book(path)]
    return Study(
        folder.resolve().name,
        schemes,
        tally=replace(tally, counts=counts),
        digests={path.name: digest(path) for path in read},
        void=gone.table,
        silenced=silenced(gone, counts),
        **{name: frame for name, frame in tables.items() if name not in {"ballots", "satisfaction"}},
        satisfaction=paper.opinions(tables["satisfaction"], schemes),
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


def posts_during(posts: pd.DataFrame, scheme: Scheme, name: str) -> pd.DataFrame:
    """Posts whose time overlaps a round's."""
    turn = scheme.rounds[name]
    begun = (posts["from"] == "") | (posts["from"] <= str(turn.end or "9999"))
    not_over = (posts["to"] == "") | (posts["to"] >= str(turn.start or ""))
    return posts[begun & not_over]


def _typed(table: str, sheet: Sheet | None) -> pd.DataFrame:
    """A table with all its columns; what must be a number is one, dates are ISO."""
    columns = [*REQUIRED[table], *OPTIONAL.get(table, ())]
    frame = pd.DataFrame(columns=columns, dtype=str) if sheet is None else sheet.frame.copy()
    for column in columns:
        if column not in frame:
            frame[column] = ""
    numeric = {"turnout": STEPS, "posts": ["share"], "points": ["quantity"], "measures": ["value"]}
    numeric |= {"satisfaction": ["eligible"], "themes": ["days"], "submissions": ["seconds"]}
    for column in numeric.get(table, []):
        frame[column] = pd.to_numeric(frame[column], errors="coerce").astype(float)
    if table == "turnout":
        frame = frame.dropna(how="all", subset=STEPS).reset_index(drop=True)  # rows that are yet to be filled in
    dates = {"posts": ["from", "to"], "points": ["date"], "decisions": ["date", "due"]}
    dates |= {"evidence": ["date"], "replies": ["date"], "submissions": ["submitted"]}
    dates["opinions"] = ["date", "opened", "closed"]
    for column in dates.get(table, []):
        frame[column] = frame[column].map(iso_date).astype(str)
    return frame


def ratable(tables: Mapping[str, pd.DataFrame], schemes: dict[str, Scheme]) -> dict[str, dict[str, str]]:
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

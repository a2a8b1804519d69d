"""A study whose truth is known: a made-up town, what its members are worth, and what raters say of them.

Every member has a true quality per indicator. A rater sees it through a severity of his own, a halo (his view of a
ratee moves all indicators together) and noise, and then ticks the nearest answer of his scale. What a cell would show
with endlessly many raters is therefore known exactly, and stands in `Simulated.truth`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtr

from toolkit.faults import UsageError
from toolkit.simulated.consequences import consequences
from toolkit.simulated.deeds import measures, points
from toolkit.simulated.halves import halves
from toolkit.simulated.opinions import satisfaction
from toolkit.simulated.raters import BLANK, INDICATORS, SOURCES, VALUES, VOTE
from toolkit.simulated.rules import MADE_UP, schemes_of
from toolkit.simulated.town import BALLOTS, FEWEST, LAPSED, TIED, Town, make_town, runs
from toolkit.simulated.voices import submissions, themes, voices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from toolkit.simulated.raters import Scale, Source

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

# Shares of a rater's error variance; what two indicators share, severity and halo, makes their correlation .7.
SEVERITY, HALO, NOISE = 0.2, 0.5, 0.3
ATTENDS, TICKS = 0.9, 0.95
"""Share of the peers who come to the meeting, and of the ratees whom one who came rates."""
TEAM = 3
PUBLIC, FEW = (8, 20), (2, 4)
"""Members of the public who rate a member, from and to; in the smallest branch."""
UNSEEN = 0.05
"""Share of the ratees whom the public does not rate."""
RATED_BY_ONE = 3
"""Members whom one of the public rates, at most."""
PEOPLE_SERVED = 25
"""The public of a branch, per member."""


@dataclass(frozen=True, eq=False)
class Simulated:
    """A study and its truth.

    Attributes
    ----------
    scheme : str
        Text of scheme.yaml.
    more_schemes : mapping of str to str
        Name and text of the files that hold what changes in later rounds.
    tables : mapping of str to DataFrame
        The tables of the study by name: all that a study may have.
    truth : DataFrame
        Columns round, ratee_id, source, indicator, expected: the expected score (0-100) of one rating in that cell,
        over all raters who might have given it.
    """

    scheme: str
    more_schemes: Mapping[str, str]
    tables: Mapping[str, pd.DataFrame]
    truth: pd.DataFrame


@dataclass(frozen=True, eq=False)
class _Block:
    """What one source says in one round: a row per pair of ratee and rater, a column of answers per indicator.

    `raters` are pseudonyms in order, `rater` a place among them; `answers` are places in `VALUES`, -1 where not ticked.
    """

    turn: int
    source: int
    ratee: Ints
    rater: Ints
    raters: Ints
    answers: NDArray[np.int16]

    def where(self, keep: NDArray[np.bool_]) -> _Block:
        return _Block(self.turn, self.source, self.ratee[keep], self.rater[keep], self.raters, self.answers[keep])


def simulate(
    *, units: int = 12, members: int = 240, rounds: Sequence[str] = ("2026H1", "2026H2"), seed: int = 2026
) -> Simulated:
    """Make up a study.

    Parameters
    ----------
    units : int
        Number of branches; the committee above them comes on top.
    members : int
        Number of members, at least 4 per branch.
    rounds : sequence of str
        Half-years such as 2026H1; where a year has both, they are also combined.
    seed : int
        Same seed, same study.

    Returns
    -------
    Simulated
        The study. The text columns of its ratings are categorical.

    Raises
    ------
    UsageError
        If there are no branch, too few members, or rounds that are not half-years.
    """
    if units < 1:
        raise UsageError(f"units: {units}, must be at least 1")
    if members < FEWEST * units:
        raise UsageError(f"members: {members}, must be at least {FEWEST} per unit, here {FEWEST * units}")
    schemes = schemes_of(rounds)
    rng = np.random.default_rng(seed)
    town = make_town(units, members, rng)
    quality = _quality(town, len(rounds), rng)
    twins = _twins(town, quality)
    for one, other in twins:
        quality[:, other] = quality[:, one]
    # Each source of each round has a stream of its own, so that a change in one leaves the others as they were.
    blocks = [
        _block(town, quality[turn], twins, turn=turn, source=source, label=label, seed=seed)
        for turn, label in enumerate(rounds)
        for source in range(len(SOURCES))
    ]
    members_table = town.people[["member_id", "name", "unit_id", "category", "exempt", "role"]]
    tables = {"units": town.units, "members": members_table, "posts": town.posts, **_counts(town, blocks, rounds, rng)}
    turns = halves(rounds)
    for make in (points, satisfaction, measures):
        tables[make.__name__] = make(town, quality, turns, np.random.default_rng([seed, *make.__name__.encode()]))
    tables |= consequences(town, quality, turns[0])
    tables["themes"] = themes()
    tables["opinions"] = voices(town, turns, np.random.default_rng([seed, *b"opinions"]))
    tables["submissions"] = submissions(tables["turnout"], turns, np.random.default_rng([seed, *b"submissions"]))
    return Simulated(schemes.pop("scheme.yaml"), schemes, tables, _truth(town, quality, rounds))


def write(simulated: Simulated, folder: str | Path, *, truth: bool = False) -> None:
    """Write a study folder, with truth.csv beside the tables if asked."""
    folder = Path(folder)
    there = folder / "scheme.yaml"
    if there.is_file() and MADE_UP not in there.read_text(encoding="utf-8", errors="replace"):
        raise FileExistsError(f"{folder}: holds a study that was not simulated; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {"scheme.yaml": simulated.scheme, **simulated.more_schemes}.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    for name, table in {**simulated.tables, **({"truth": simulated.truth} if truth else {})}.items():
        table.to_csv(folder / f"{name}.csv", index=False, encoding="utf-8", lineterminator="\n")


def _quality(town: Town, rounds: int, rng: Generator) -> Floats:
    """True quality (0-100) by round, member and indicator."""
    people, kinds = len(town.people), len(INDICATORS)
    general = rng.normal(81.8, 5, people) + 1.5 * (town.people["category"] == "cadre").to_numpy()
    general -= np.where(rng.random(people) > 1 - LAPSED, 8 + rng.exponential(7, people), 0)
    branch = rng.normal(0, 2.5, town.branches)[town.people["branch"].to_numpy()]
    specific = rng.normal(0, 3, (people, kinds)) + np.array([1, 0, 0.5, -0.5, -1.5, 2])
    growth = rng.normal(1, 1, people)[None, :, None] * np.arange(rounds)[:, None, None]
    quality: Floats = (general + branch)[None, :, None] + specific[None] + growth
    return quality


def _twins(town: Town, quality: Floats) -> list[tuple[int, int]]:
    """Pairs of members about a third of the way down in some branches, where a quota of 1/3 would part them."""
    twins = []
    category = town.people["category"].to_numpy()
    for branch in TIED:
        ratees = town.ratees[(town.ratees["branch"] == branch) & ~town.ratees["silent"]]
        members = ratees["member"].to_numpy()
        members = members[np.argsort(-quality[:, members].mean(axis=(0, 2)), kind="stable")]
        third = len(members) // 3
        alike = [int(member) for member in members[max(third - 1, 0) :] if category[member] != "cadre"]
        pairs = [pair for pair in pairwise(alike) if category[pair[0]] == category[pair[1]]]
        twins += pairs[:1]
    return twins


# -------------------------------------------------------------------------------------------------------- the ratings


def _block(
    town: Town, quality: Floats, twins: list[tuple[int, int]], *, turn: int, source: int, label: str, seed: int
) -> _Block:
    """Draw what one source says in one round."""
    rng = np.random.default_rng([seed, turn, source])
    ratee, person = _pairs(town, SOURCES[source], rng)
    rated = ~town.ratees["silent"].to_numpy()[ratee]
    ratee, person = ratee[rated], person[rated]
    member = town.ratees["member"].to_numpy()
    answers = _answers(quality[member[ratee]], person, SOURCES[source], rng)
    keep = _tie(ratee, answers, [(_place(member, one), _place(member, other)) for one, other in twins])
    ratee, person, answers = ratee[keep], person[keep], answers[keep]
    persons, place = np.unique(person, return_inverse=True)
    raters, order = np.unique(_pseudonyms(persons, f"{label} {SOURCES[source].name}", seed=seed), return_inverse=True)
    rater = order[place]
    # Sorted by pseudonym, the order of the rows says nothing of who a rater is.
    rows = np.lexsort((rater, ratee))
    return _Block(turn, source, ratee[rows], rater[rows], raters, answers[rows])


def _place(values: Ints, value: int) -> int:
    return int(np.flatnonzero(values == value)[0])


def _pairs(town: Town, source: Source, rng: Generator) -> tuple[Ints, Ints]:
    """Who is rated by whom: places among the ratees, and a number for each rater."""
    branch = town.ratees["branch"].to_numpy()
    everyone = np.arange(len(branch))
    match source.name:
        case "leader":
            return everyone, branch
        case "team":
            ratee, place = runs(np.full(len(branch), TEAM))
            return ratee, branch[ratee] * TEAM + place
        case "peer":
            return _peers(town, rng)
        case "public":
            return _public(branch, town.branches, rng)
        case _:
            return everyone, everyone


def _peers(town: Town, rng: Generator) -> tuple[Ints, Ints]:
    """Every member of a circle rates every other one."""
    size = np.bincount(town.people["circle"])
    circle = town.ratees["circle"].to_numpy()
    ratee, place = runs(size[circle])
    person = (np.cumsum(size) - size)[circle[ratee]] + place
    ticks = rng.random(len(person)) < TICKS
    present = rng.random(len(town.people)) < ATTENDS
    keep = present[person] & ticks & (person != town.ratees["member"].to_numpy()[ratee])
    return ratee[keep], person[keep]


def _public(branch: Ints, branches: int, rng: Generator) -> tuple[Ints, Ints]:
    """Each ratee is rated by some of the public, each of whom rates one to three in the branch.

    In the last branch there are only as many raters as one ratee needs, and they rate everyone.
    """
    few = (branch == branches - 1) & (branches > 1)
    counts = np.where(few, _between(FEW, len(branch), rng), _between(PUBLIC, len(branch), rng))
    counts[(rng.random(len(branch)) < UNSEEN) & ~few] = 0
    ratee, place = runs(counts)
    # The first rating of everyone in a branch, in random order, then the second, ...: neighbours are different ratees.
    order = np.lexsort((rng.random(len(ratee)), place, branch[ratee]))
    ratee, place = ratee[order], place[order]
    starts = (np.diff(branch[ratee], prepend=-1) != 0) | (np.diff(place, prepend=-1) != 0)
    turns = np.zeros(len(ratee), dtype=bool)
    ends = np.cumsum(_between((1, RATED_BY_ONE), len(ratee), rng))
    turns[ends[ends < len(ratee)]] = True
    return ratee, np.cumsum(starts | (turns & ~few[ratee]))


def _between(ends: tuple[int, int], count: int, rng: Generator) -> Ints:
    return rng.integers(ends[0], ends[1], count, endpoint=True)


def _answers(quality: Floats, person: Ints, source: Source, rng: Generator) -> NDArray[np.int16]:
    """What each rater (row) ticks on each indicator that his source is asked."""
    view = quality[:, : source.asked]
    error = np.sqrt(NOISE) * rng.standard_normal(view.shape)
    error += np.sqrt(HALO) * rng.standard_normal(len(view))[:, None]
    error += np.sqrt(SEVERITY) * rng.standard_normal(int(person.max(initial=0)) + 1)[person][:, None]
    view = view + source.bias + source.spread * error
    answers = _tick(view, source.scale)
    blank = rng.random(answers.shape)
    for answer, share in zip(BLANK, (source.abstains, source.abstains / 2), strict=True):
        answers[blank > 1 - share] = VALUES.index(answer)
    answers[blank < source.skips] = -1
    return answers


def _tick(view: Floats, scale: Scale) -> NDArray[np.int16]:
    """The answer nearest to a view, as its place in `VALUES`."""
    return (VALUES.index(scale.answers[0]) + np.searchsorted(scale.cuts, view, side="right")).astype(np.int16)


def _tie(ratee: Ints, answers: NDArray[np.int16], twins: list[tuple[int, int]]) -> NDArray[np.bool_]:
    """Give the second of each two ratees the answers of the first; mark the rows that are left of either."""
    keep = np.ones(len(ratee), dtype=bool)
    for one, other in twins:
        ones, others = np.flatnonzero(ratee == one), np.flatnonzero(ratee == other)
        shared = min(len(ones), len(others))
        answers[others[:shared]] = answers[ones[:shared]]
        keep[ones[shared:]] = keep[others[shared:]] = False
    return keep


def _pseudonyms(persons: Ints, context: str, *, seed: int) -> Ints:
    """Keyed pseudonyms of 48 bits that differ from round to round and from source to source."""
    key = hashlib.sha256(f"simulated raters {seed}".encode()).digest()
    digests = (hashlib.blake2b(f"{context} {person}".encode(), key=key, digest_size=6) for person in persons)
    return np.array([int.from_bytes(digest.digest()) for digest in digests], dtype=np.int64)


# --------------------------------------------------------------------------------------------------------- the tables


def _counts(town: Town, blocks: list[_Block], rounds: Sequence[str], rng: Generator) -> dict[str, pd.DataFrame]:
    """The tables of ratings, ballots and turnout."""
    paper = (town.ratees["branch"] == BALLOTS).to_numpy()
    peer = [block for block in blocks if SOURCES[block.source].name == "peer"]
    single = [block.where(~paper[block.ratee]) if block in peer else block for block in blocks]
    turnout = [_turnout(town, block, rounds[block.turn], rng) for block in blocks]
    return {
        "ratings": _ratings(town, single, rounds),
        "ballots": _ballots(town, [block.where(paper[block.ratee]) for block in peer], rounds),
        "turnout": pd.concat(turnout, ignore_index=True),
    }


def _ratings(town: Town, blocks: list[_Block], rounds: Sequence[str]) -> pd.DataFrame:
    raters = np.unique(np.concatenate([block.raters for block in blocks]))

    def column(categories: Sequence[str], parts: list[NDArray[np.integer]]) -> pd.Categorical[str]:
        return pd.Categorical.from_codes(np.concatenate(parts), categories=pd.Index(categories))

    def rater(block: _Block) -> NDArray[np.int32]:
        named = SOURCES[block.source].name != "self"
        places = np.searchsorted(raters, block.raters) if named else np.full(len(block.raters), -1)
        return np.repeat(places[block.rater].astype(np.int32), block.answers.shape[1])

    names = [source.name for source in SOURCES]
    shapes = [block.answers.shape for block in blocks]
    return pd.DataFrame(
        {
            "round": column(rounds, [np.full(b.answers.size, b.turn, np.int8) for b in blocks]),
            "ratee_id": column(
                list(town.ratees["ratee_id"]), [np.repeat(b.ratee.astype(np.int32), b.answers.shape[1]) for b in blocks]
            ),
            "source": column(names, [np.full(b.answers.size, b.source, np.int8) for b in blocks]),
            "rater_id": column([f"{number:012x}" for number in raters], [rater(block) for block in blocks]),
            "indicator": column(INDICATORS, [np.tile(np.arange(asked, dtype=np.int8), rows) for rows, asked in shapes]),
            "value": column(VALUES, [block.answers.ravel() for block in blocks]),
        }
    )


def _ballots(town: Town, blocks: list[_Block], rounds: Sequence[str]) -> pd.DataFrame:
    """Counts of the answers in each cell, as they lie on the table."""
    columns = [*reversed(VOTE.answers), *BLANK]
    codes = [VALUES.index(answer) for answer in columns]
    tables = []
    for block in blocks:
        ratees = np.unique(block.ratee)
        cells = np.searchsorted(ratees, block.ratee)
        counts = np.zeros((len(ratees), len(INDICATORS), len(columns)), dtype=np.int64)
        for place, code in enumerate(codes):
            np.add.at(counts[:, :, place], cells, block.answers == code)
        ratee_ids = town.ratees["ratee_id"].to_numpy()[ratees]
        keys = pd.MultiIndex.from_product([[rounds[block.turn]], ratee_ids, ["peer"], INDICATORS])
        keys.names = ["round", "ratee_id", "source", "indicator"]
        tables.append(pd.DataFrame(counts.reshape(-1, len(columns)), keys, columns).reset_index())
    return pd.concat(tables, ignore_index=True)


def _turnout(town: Town, block: _Block, label: str, rng: Generator) -> pd.DataFrame:
    """Forms by branch; and by ratee where who may rate depends on who is rated."""
    name = SOURCES[block.source].name
    ratees, branch = town.ratees, town.ratees["branch"].to_numpy()
    raters = pd.DataFrame({"branch": branch[block.ratee], "rater": block.rater}).drop_duplicates()
    valid = np.bincount(raters["branch"], minlength=town.branches)
    size = np.bincount(town.people["branch"])
    asked = np.bincount(branch, minlength=town.branches)
    ones = np.ones(town.branches, dtype=np.int64)
    eligible = {"leader": ones, "team": TEAM * ones, "peer": size, "public": PEOPLE_SERVED * size, "self": asked}[name]
    if name == "public":
        returned = valid + rng.binomial(valid, 0.03)
        issued = np.minimum(eligible, returned + rng.binomial(returned, 0.25))
    else:
        returned = valid + rng.binomial(eligible - valid, 0.3)
        issued = eligible
    forms = {"eligible": eligible, "issued": issued, "returned": returned, "valid": valid}
    table = pd.DataFrame({"unit_id": town.units["unit_id"].iloc[1:].to_numpy(), **forms, "ratee_id": ""})
    if name in {"peer", "leader"}:
        # Nobody votes on himself; whoever holds a second post is no member of that branch, so all of it may rate him.
        circle = ratees["circle"].to_numpy()
        home = town.people["circle"].to_numpy()[ratees["member"]] == circle
        may = np.bincount(town.people["circle"])[circle] - home if name == "peer" else np.ones(len(ratees), np.int64)
        count = np.bincount(block.ratee, minlength=len(ratees))
        forms = {"eligible": may, "issued": may, "returned": count, "valid": count}
        own = pd.DataFrame({"unit_id": table["unit_id"].to_numpy()[branch], **forms, "ratee_id": ratees["ratee_id"]})
        table = pd.concat([table, own], ignore_index=True)
    table.insert(0, "round", label)
    table.insert(2, "source", name)
    return table


# ---------------------------------------------------------------------------------------------------------- the truth


def _expected(view: Floats, scale: Scale, spread: float) -> Floats:
    """Expected points of an answer whose view is normal about `view`: each cut passed adds the points between."""
    expected = np.full(view.shape, float(scale.points[0]))
    for cut, step in zip(scale.cuts, np.diff(scale.points), strict=True):
        expected += step * ndtr((view - cut) / spread)
    return expected


def _truth(town: Town, quality: Floats, rounds: Sequence[str]) -> pd.DataFrame:
    parts = []
    for turn, label in enumerate(rounds):
        own = quality[turn][town.ratees["member"].to_numpy()]
        for source in SOURCES:
            expected = _expected(own[:, : source.asked] + source.bias, source.scale, source.spread)
            keys = pd.MultiIndex.from_product(
                [[label], town.ratees["ratee_id"], [source.name], INDICATORS[: source.asked]]
            )
            keys.names = ["round", "ratee_id", "source", "indicator"]
            parts.append(pd.DataFrame({"expected": expected.ravel()}, keys).reset_index())
    return pd.concat(parts, ignore_index=True)

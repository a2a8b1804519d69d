"""Which ballots count."""

import pandas as pd
from small_study import ratings_of, schemes_of, table_of

from toolkit.validity import find_void, stands
from worked.cases import member, names
from worked.table import rule

HEADER = ["round", "ratee_id", "source", "rater_id", "indicator", "value"]


def judged(row, ratings, turnout=()):
    """Whether each rater's ballot counts, in their order; raters are called r0, r1, ..."""
    frame = pd.DataFrame(ratings).assign(row=range(2, len(ratings) + 2))
    people = table_of("members", [member(name) for name in names(9)])
    standing = stands(people, table_of("posts", ()), table_of("units", [{"unit_id": "U"}]))
    cells = frame[["round", "source", "ratee_id"]].drop_duplicates()
    void = find_void(frame, cells, schemes_of(row.text()), standing, table_of("turnout", turnout))
    gone = set(void.cards["rater_id"]) | (set(frame["rater_id"]) if len(void.boxes) else set())
    return ["void" if rater in gone else "counts" for rater in frame["rater_id"].unique()]


def said(*ballots, indicators=("overall",)):
    """A row for each mark: a ballot holds a mark for each member, or for each indicator of one."""
    places = (
        [(name, "overall") for name in names(9)] if indicators == ("overall",) else [("m00", i) for i in indicators]
    )
    rows = [
        ("r", who, "peer", f"r{rater}", indicator, str(mark))
        for rater, ballot in enumerate(ballots)
        for (who, indicator), mark in zip(places, ballot, strict=False)
    ]
    return pd.DataFrame(rows, columns=HEADER, dtype=str)


def boxes(row, first, then):
    steps = [{first: base, then: number} for base, number in zip(row.given[::2], row.given[1::2], strict=True)]
    turnout = [{"round": "r", "unit_id": "U", "source": "peer", **counts} for counts in steps]
    return [judged(row, ratings_of({("m00", "peer", "overall"): [80]}), [box])[0] for box in turnout]


@rule("Quorum")
def quorum(row):
    return boxes(row, "eligible", "returned")


@rule("More than were issued")
def overfull(row):
    return boxes(row, "issued", "returned")


@rule("Handed in twice")
def once(row):
    first, other, second, again = row.given
    return judged(row, pd.concat([said([first, other], [second]), said([], [again])]))


@rule("Too fast")
def seconds(row):
    frame = said(*([80] for _ in range(len(row.given) + 1)))
    return judged(row, frame.assign(seconds=[*row.given, None]).astype({"seconds": float}))


@rule("All alike")
def alike(row):
    marks = row.given
    return judged(row, said(marks[:3], marks[3:6], marks[6:]))


@rule("Limits")
def limits(row):
    marks = row.given
    return judged(row, said(marks[:3], marks[3:6], marks[6:]))


@rule("Limits as shares")
def shares(row):
    return judged(row, said(row.given[:3], row.given[3:]))


@rule("Limits over indicators")
def indicators(row):
    return judged(row, said(row.given[:2], row.given[2:], indicators=("virtue", "results")))

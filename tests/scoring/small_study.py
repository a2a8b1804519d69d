"""Small studies in memory: a scheme as text, rows of ratings, and what else a test needs."""

import pandas as pd

from toolkit.ballots import counted, opinions
from toolkit.contract import OPTIONAL, REQUIRED
from toolkit.rulebook import read_rulebook
from toolkit.scoring.cells import worth
from toolkit.scoring.tally import CELL, Tally, answers, count
from toolkit.study import Study, belonging

RATINGS = ["round", "ratee_id", "source", "rater_id", "indicator", "value"]


def schemes_of(text):
    """Scheme of every round; `text` begins after the title, a round called r is added where there is none."""
    rounds = "" if "rounds:" in text else "rounds: {r: {}}\n"
    schemes, faults = read_rulebook(lambda _: f"title: Test\n{rounds}{text}")
    assert not faults, faults
    return schemes


def ratings_of(cells, name="r"):
    """Ratings from {(ratee, source, indicator): [one value per rater]}; rater k of a source is the same everywhere."""
    rows = [
        (name, ratee, source, f"{source}{k}", indicator, str(value))
        for (ratee, source, indicator), values in cells.items()
        for k, value in enumerate(values)
        if value is not None
    ]
    return pd.DataFrame(rows, columns=RATINGS, dtype=str)


def ballots_of(cells, name="r"):
    """Ballots from {(ratee, source, indicator): {level: count}}."""
    rows = [dict(zip(CELL, (name, *cell), strict=True)) | counts for cell, counts in cells.items()]
    return pd.DataFrame(rows).fillna(0).astype(str).replace(r"\.0$", "", regex=True)


def table_of(name, rows):
    """A table of the contract; columns that `rows` lacks are blank."""
    columns = [*REQUIRED[name], *OPTIONAL.get(name, ())]
    frame = pd.DataFrame(list(rows), columns=None if rows else columns)
    frame = frame.assign(**{column: "" for column in columns if column not in frame})
    counts = ("eligible", "issued", "returned", "valid", "share", "quantity", "value", "days", "seconds")
    numbers = [column for column in counts if column in frame and name != "ratings"]
    return frame.assign(**{name: pd.to_numeric(frame[name]) for name in numbers})


def points_of(frame, schemes):
    """What every distinct answer is worth."""
    found = answers(frame.assign(row=range(len(frame)))).astype(
        dict.fromkeys(["round", "source", "indicator", "value"], str)
    )
    key = found[["round", "source", "indicator", "value"]]
    return key.assign(points=[worth(schemes[name], *rest) for name, *rest in key.itertuples(index=False)])


def make(scheme, ratings=(), *, ballots=None, members=(), units=(), posts=(), turnout=(), **more):
    """A study of rows; members that are not given are those rated, all in unit U."""
    schemes = scheme if isinstance(scheme, dict) else schemes_of(scheme)
    frame = ratings if isinstance(ratings, pd.DataFrame) else pd.DataFrame(list(ratings), columns=RATINGS, dtype=str)
    paper = ballots if ballots is not None else pd.DataFrame(columns=CELL)
    rated = list(dict.fromkeys([*frame["ratee_id"], *paper["ratee_id"]]))
    people = members or [{"member_id": name, "name": name, "unit_id": "U"} for name in rated]
    people = table_of("members", people)
    bodies = table_of("units", units or [{"unit_id": name} for name in dict.fromkeys(people["unit_id"])])
    later = ("points", "satisfaction", "measures", "criteria", "decisions", "evidence", "replies")
    later += ("themes", "opinions", "submissions")
    tables = {name: table_of(name, more.get(name, [])) for name in later}
    tables["satisfaction"] = opinions(tables["satisfaction"], schemes)
    tables |= {"posts": table_of("posts", posts), "turnout": table_of("turnout", turnout)}
    home = people.set_index("member_id")["unit_id"]
    held = (
        tables["posts"]
        .assign(unit_id=tables["posts"]["member_id"].map(home))
        .rename(columns={"member_id": "owner", "post_id": "member_id"})
    )
    tally = count(frame, points_of(frame, schemes), belonging(pd.concat([people, held]), bodies))
    counts = pd.concat([tally.counts, counted(paper)], ignore_index=True) if len(paper) else tally.counts
    text = dict.fromkeys([*CELL, "value"], str)
    counts = counts.astype(text).astype(dict.fromkeys(text, "category"))
    tally = Tally(counts, tally.ratees, tally.units)
    return Study("test", schemes, units=bodies, members=people, tally=tally, digests={}, **tables)


def pick(scores, ratee, source="", indicator="", name="r"):
    """The row of the table for one ratee."""
    table = scores.table
    keys = {"round": name, "ratee_id": ratee, "source": source, "indicator": indicator}
    found = table.loc[(table[list(keys)].astype(str) == pd.Series(keys)).all(axis=1)]
    assert len(found) == 1, f"{keys}: {len(found)} rows"
    return found.iloc[0]

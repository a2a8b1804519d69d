"""What the examples need again and again: members, marks, events, answers, and what is scored of them."""

from small_study import ballots_of, make, ratings_of

from toolkit.scoring.scores import score


def member(name, unit="U", category="", **more):
    """A row of the members."""
    return {"member_id": name, "name": name, "unit_id": unit, "category": category, **more}


def names(count):
    """Names of so many members, in order: m00, m01, ..."""
    return [f"m{place:02}" for place in range(count)]


def marks(values, source="peer", name="r"):
    """One mark of a source for each member."""
    return ratings_of({(who, source, "overall"): [value] for who, value in values.items() if value is not None}, name)


def marked(row, *values, **tables):
    """Study and scores of members who have one mark each."""
    people = dict(zip(names(len(values)), values, strict=True))
    tables.setdefault("members", [member(name) for name in people])
    study = make(row.text(), marks(people), **tables)
    return study, score(study)


def voted(text, *counts, source="review"):
    """Scores of members on whom these ballots were counted."""
    cells = {(who, source, "overall"): found for who, found in zip(names(len(counts)), counts, strict=True)}
    return score(make(text, ballots=ballots_of(cells)))


def measured(*values, measure="hours", name="r"):
    """Rows of measures.csv; None is not handed in."""
    return [
        {"round": name, "subject_id": who, "measure": measure, "value": value}
        for who, value in zip(names(len(values)), values, strict=True)
        if value is not None
    ]


def events(*rows, who="m00"):
    """Rows of points.csv: (rule, quantity), (rule, quantity, date) or (rule, quantity, date, member)."""
    given = [(*row, *("2026-03-02", who)[len(row) - 2 :]) for row in rows]
    return [
        {"rule": rule, "quantity": quantity, "date": day, "subject_id": whose} for rule, quantity, day, whose in given
    ]


def booked(text, *rows, members=()):
    """Scores of members who have such events, of one if none is named."""
    return score(make(text, members=list(members) or [member("m00")], points=events(*rows)))


def of(frame, who="m00", name="r", **cells):
    """The one row of a frame about a ratee in a round."""
    found = frame[(frame["ratee_id"] == who) & (frame["round"] == name)]
    for column, cell in cells.items():
        found = found[found[column] == cell]
    assert len(found) == 1, (who, name, cells, len(found))
    return found.iloc[0]


def column(scores, name, turn="r"):
    """A column of the members' results in a round, in their order."""
    rows = scores.ratees[(scores.ratees["round"] == turn) & (scores.ratees["kind"] == "member")]
    return rows.sort_values("ratee_id")[name].tolist()

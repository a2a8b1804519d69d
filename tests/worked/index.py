"""Scores, the index, and where they are going."""

import pandas as pd
from small_study import make, ratings_of

from toolkit.scoring.bridge import bridge, contributions
from toolkit.scoring.scores import score
from toolkit.scoring.trend import trend
from worked.cases import column, marked, marks, measured, member, names, of, voted
from worked.table import rule

LEVELS = ["优秀", "合格", "基本合格", "不合格"]


def indices(row, *values, measure="hours", members=None):
    """Index of members who have nothing but one measure."""
    people = members or [member(name) for name in names(len(values))]
    return column(score(make(row.text(), members=people, measures=measured(*values, measure=measure))), "index")


def index_of(row, *, score_of=None, category="", **measures):
    """Index and its coverage of one member."""
    rows = [part for name, value in measures.items() for part in measured(value, measure=name)]
    found = score(make(row.text(), marks({"m00": score_of}), members=[member("m00", category=category)], measures=rows))
    return of(found.ratees)[["index", "index_coverage"]].tolist()


# -------------------------------------------------------------------------------------------------------------- scores


@rule("Votes")
def votes(row):
    return column(voted(row.text(), dict(zip(LEVELS, row.given, strict=True))), "score")


@rule("Trimming")
def trimming(row):
    return column(score(make(row.text(), ratings_of({("m00", "staff", "overall"): row.given}))), "score")


@rule("Weights of sources")
def sources(row):
    cells = {
        ("m00", name, "overall"): [value] for name, value in zip(("leaders", "staff", "team"), row.given, strict=True)
    }
    return column(score(make(row.text(), ratings_of(cells))), "score")


@rule("Combined round")
def combined(row):
    parts = [marks({"m00": value}, name=name) for name, value in zip(("H1", "H2"), row.given, strict=True)]
    return column(score(make(row.text(), pd.concat(parts))), "score", "2026")


# --------------------------------------------------------------------------------------------------------- normalising


@rule("Goalposts")
def goalposts(row):
    return indices(row, *row.given)


@rule("Target")
def target(row):
    return indices(row, *row.given)


@rule("Not capped")
def not_capped(row):
    hours, tasks = row.given
    rows = [*measured(hours), *measured(tasks, measure="tasks")]
    texts = [row.text(), row.text((", capped: false", ""))]
    return [column(score(make(text, members=[member("m00")], measures=rows)), "index")[0] for text in texts]


@rule("Less is better")
def less(row):
    return indices(row, *row.given, measure="absences")


@rule("Logarithms")
def logarithms(row):
    return indices(row, *row.given, measure="income")


@rule("Min-max")
def min_max(row):
    low, middle, high = indices(row, *row.given)
    return [low, high, middle]


@rule("Z-score")
def z_score(row):
    return indices(row, *row.given)


@rule("Percentile")
def percentile(row):
    found = indices(row, *row.given)
    assert found[1] == found[2]
    return [found[0], *found[2:]]


@rule("Within a unit")
def within(row):
    people = [member(name, unit) for name, unit in zip(names(4), "UUVV", strict=True)]
    return indices(row, *row.given, members=people)


# ----------------------------------------------------------------------------------------------------------- averaging


@rule("Arithmetic mean")
def arithmetic(row):
    daily, mark = row.given
    return index_of(row, score_of=mark, daily=daily)[:1]


@rule("Geometric mean")
def geometric(row):
    return index_of(row, **dict(zip(("health", "education", "income"), row.given, strict=True)))[:1]


@rule("Power mean")
def power(row):
    return index_of(row, **dict(zip(("hours", "tasks"), row.given, strict=True)))[:1]


@rule("Mazziotta and Pareto's mean")
def mpi(row):
    return index_of(row, **dict(zip("abc", row.given, strict=True)))[:1]


@rule("Extra")
def extra(row):
    mark, *bonuses = row.given
    return [index_of(row, score_of=mark, bonus=bonus)[0] for bonus in bonuses]


@rule("Missing component")
def missing(row):
    mark, hours, tasks = row.given
    return [*index_of(row, score_of=mark, hours=hours), index_of(row, tasks=tasks)[0]]


@rule("Weights of a category")
def category(row):
    daily, mark = row.given
    return index_of(row, score_of=mark, daily=daily, category="head")[:1]


@rule("Levels")
def levels(row):
    return column(marked(row, *row.given)[1], "level")


@rule("Index of a unit")
def unit(row):
    *values, meetings = row.given
    people = [member("m00"), member("m01"), member("m02", exempt="rating")]
    measures = [{"round": "r", "subject_id": "U", "measure": "meetings", "value": meetings}]
    units = [{"unit_id": "U", "category": "branch"}]
    _, found = marked(row, *values, members=people, units=units, measures=measures)
    return [of(found.ratees, "U")["index"]]


@rule("Index of a combined round")
def combined_index(row):
    one, hours, two, more = row.given
    rows = pd.concat([marks({"m00": one}, name="H1"), marks({"m00": two}, name="H2")])
    measures = [*measured(hours, name="H1"), *measured(more, name="H2")]
    return column(score(make(row.text(), rows, measures=measures)), "index", "2026")


# ----------------------------------------------------------------------------------------------- from round to round


def way(rows):
    (found,) = trend(rows).to_dict("records")
    return [found[name] for name in ("slope", "slope_low", "slope_high", "way")]


@rule("Trend (后劲)")
def three_rounds(row):
    parts = [marks({"m00": value}, name=name) for name, value in zip("abc", row.given, strict=True)]
    return way(score(make(row.text(), pd.concat(parts))).ratees)


@rule("Trend of two rounds")
def two_rounds(row):
    rows = [("m00", value, value - half, value + half) for value, half in (row.given[:2], row.given[2:])]
    return way(pd.DataFrame(rows, columns=["ratee_id", "score", "low", "high"]))


@rule("Bridge between rounds")
def moved(row):
    first, second, weight = row.given[:2], row.given[2:4], row.given[4]
    cells = [
        {("m00", "peer", "overall"): [peer], ("m00", "public", "overall"): [public]} for peer, public in (first, second)
    ]
    rows = pd.concat([ratings_of(part, name) for part, name in zip(cells, ("H1", "H2"), strict=True)])
    study = make(row.text(), rows)
    study.schemes["H2"] = study.schemes["H2"].reweighted(peer=weight)
    table = score(study).table
    found = bridge(*(contributions(study, table, "m00", name) for name in ("H1", "H2"))).set_index("source")
    ratings, weights = found["ratings"], found["weights"]
    total = ratings.sum() + weights.sum()
    return [ratings["peer"], ratings["public"], weights["peer"], weights["public"], total]

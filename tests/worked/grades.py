"""Grades and stars."""

import pandas as pd
from small_study import make

from toolkit.rulebook import read_rulebook
from toolkit.scoring.scores import score
from toolkit.scoring.stars import outer_fences
from worked.cases import column, events, marked, marks, measured, member, names, of, voted
from worked.table import rule


def grades(row, *values, **tables):
    return column(marked(row, *values, **tables)[1], "grade")


def stars(row, *values, **tables):
    return column(marked(row, *values, **tables)[1], "stars")


@rule("Bands")
def bands(row):
    return grades(row, *row.given)


@rule("Quota")
def quota(row):
    *sizes, least = row.given
    found = [grades(row, *(least + place / 10 for place in range(size))) for size in sizes]
    return [each.count("优秀") for each in found]


@rule("Tie at a quota")
def tie(row):
    _, found = marked(row, *row.given)
    return [column(found, "grade").count("优秀"), "tied" if column(found, "tied").count(True) == 2 else "not"]


@rule("Base of a quota")
def base(row):
    people = [member(name) for name in names(len(row.given))]
    people[-1]["exempt"] = "rating"
    *counted, exempt = grades(row, *row.given, members=people)
    return [counted.count("优秀"), exempt]


@rule("Conditions")
def conditions(row):
    mark, *hours = row.given
    return grades(row, *[mark] * 3, measures=measured(*hours, None))


@rule("min, above, max, below")
def bounds(row):
    found = score(make(row.text(), members=[member("m00")], measures=measured(*row.given, measure="x")))
    return found.models["standard"].tolist()


@rule("Shares of votes")
def votes(row):
    total, *best = row.given
    found = voted(row.text(), *({"优秀": number, "不合格": total - number} for number in best))
    given = column(found, "grade")
    return [given[0], column(found, "score")[0], *given[1:]]


@rule("Abstentions")
def abstentions(row):
    ballots = dict(zip(("优秀", "不合格", "弃权"), row.given, strict=True))
    texts = [row.text(), row.text(("blank: inside", "blank: outside"))]
    return [column(voted(text, ballots), "grade")[0] for text in texts]


@rule("Overlapping bands")
def overlap(row):
    _, faults = read_rulebook(lambda _: f"title: t\nrounds: {{r: {{}}}}\n{row.text()}")
    assert "where 优秀 begins, or priority must say which of the two holds" in str(faults[0])
    return ["refused"] * len(faults)


@rule("Priority")
def priority(row):
    people = dict.fromkeys(names(1), row.given[0])
    texts = [row.text(), row.text(("priority: high", "priority: low"))]
    return [column(score(make(text, marks(people))), "grade")[0] for text in texts]


@rule("Grades of points")
def of_points(row):
    return grades(row, 50, points=events(("help", row.given[0])))


# --------------------------------------------------------------------------------------------------------------- stars


@rule("Stars")
def plain(row):
    return stars(row, *row.given)


@rule("Stars of a category")
def category(row):
    return stars(row, *row.given * 2, members=[member("m00", category="elder"), member("m01", category="")])


@rule("Side conditions")
def side_conditions(row):
    mark, hours, raters, vetoes, few_hours, few_raters = row.given
    study = [hours, hours, few_hours, hours]
    asked = dict(zip(names(4), (raters, raters, raters, few_raters), strict=True))
    cells = [
        marks({name: mark for name, number in asked.items() if number > place}).assign(rater_id=f"p{place}")
        for place in range(raters)
    ]
    made = make(row.text(), pd.concat(cells), points=events(("crime", vetoes), who="m01"), measures=measured(*study))
    return column(score(made), "stars")


@rule("Quota of stars")
def quota_of_stars(row):
    return stars(row, *row.given)


def cuts(row, *values):
    return marked(row, *values)[1].rungs["r"].cuts["member"]


@rule("Clusters")
def clusters(row):
    return cuts(row, *row.given).held


@rule("Tukey's outer fences")
def fences(row):
    return [*outer_fences(row.given), *cuts(row, *row.given).held]


@rule("Groups")
def groups(row):
    return cuts(row, *row.given).held


def two_years(row, first, second):
    parts = [
        marks(dict(zip(names(len(part)), part, strict=True)), name=name)
        for part, name in ((first, "2025"), (second, "2026"))
    ]
    return score(make(row.text(), pd.concat(parts)))


@rule("Guardrail")
def guardrail(row):
    half = len(row.given) // 2
    found = two_years(row, row.given[:half], row.given[half:])
    assert found.rungs["2026"].cuts["member"].found.tolist() == [40, 80]
    return [*found.rungs["2025"].cuts["member"].held, *found.rungs["2026"].cuts["member"].held]


@rule("Up and down")
def up_and_down(row):
    found = two_years(row, row.given[::2], row.given[1::2])
    return [of(found.ratees, who, "2026")[name] for who in names(2) for name in ("stars_before", "stars")]

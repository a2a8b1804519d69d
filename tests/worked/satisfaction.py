"""Satisfaction: counts of answers, what they come to, and what follows."""

from small_study import make

from toolkit.scoring.satisfaction import satisfy
from worked.cases import member, names
from worked.table import rule

CONTENT = ["很满意", "满意", "一般", "不满意", "很不满意"]
OFFICES = [{"unit_id": "U"}, {"unit_id": "O", "category": "office"}, {"unit_id": "Q", "category": "office"}]


def answers(who, panel="A", topic="t", eligible="", **counts):
    return {"round": "r", "subject_id": who, "panel": panel, "topic": topic, "eligible": eligible} | {
        level: str(count) for level, count in counts.items()
    }


def of(bad, n, who="m00", **more):
    """So many of n are dissatisfied."""
    return answers(who, 满意=n - bad, 不满意=bad, **more)


def told(text, rows, **tables):
    """Table and bottom list of some answers."""
    known = {row["unit_id"] for row in tables.get("units", [])}
    people = dict.fromkeys(row["subject_id"] for row in rows if row["subject_id"] not in known)
    tables.setdefault("members", [member(name) for name in people or names(1)])
    return satisfy(make(text, satisfaction=rows, **tables), "r")


def whole(text, rows, who="m00", topic="", **tables):
    table, _ = told(text, rows, **tables)
    found = table[(table["ratee_id"] == who) & (table["topic"] == topic) & (table["panel"] == "")]
    assert len(found) == 1
    return found.iloc[0]


def follows(row):
    return row["follows"].replace("|", " and ") or "nothing"


@rule("Index and share")
def index(row):
    found = whole(row.text(), [answers("m00", **dict(zip(CONTENT, row.given, strict=True)))])
    return [found["index"], found["dissatisfied"]]


@rule("Don't know")
def blank(row):
    rows = [answers("m00", **dict(zip(("满意", "不满意", "不了解"), row.given, strict=True)))]
    found = [whole(text, rows) for text in (row.text(), row.text(("blank: outside", "blank: inside")))]
    return [cell for each in found for cell in (each["dissatisfied"], follows(each))]


def pairs(given):
    return list(zip(given[::2], given[1::2], strict=True))


@rule("Thresholds")
def thresholds(row):
    return [follows(whole(row.text(), [of(bad, n)])) for bad, n in pairs(row.given)]


@rule("Wilson's interval")
def wilson(row):
    return whole(row.text(), [of(*row.given)])[["low", "high"]]


@rule("Finite population")
def finite(row):
    bad, n, *populations = row.given
    found = [whole(row.text(), [of(bad, n, eligible=str(size))]) for size in populations]
    return [each[end] for each in found for end in ("low", "high")]


@rule("Panels")
def panels(row):
    rows = [of(bad, n, panel=panel) for panel, (bad, n) in zip("AB", pairs(row.given), strict=True)]
    return whole(row.text(), rows)[["dissatisfied", "coverage"]]


@rule("Panels without weights")
def added(row):
    rows = [of(bad, n, panel=panel) for panel, (bad, n) in zip("AB", pairs(row.given), strict=True)]
    return [whole(row.text(), rows)["dissatisfied"]]


@rule("Topics")
def topics(row):
    rows = [of(bad, n, topic=topic) for topic, (bad, n) in zip(("service", "style"), pairs(row.given), strict=True)]
    both = whole(row.text(), rows)
    return [both["dissatisfied"], follows(both), follows(whole(row.text(), rows, topic="service"))]


@rule("Units and directions")
def directions(row):
    firms, towns, alone = pairs(row.given)
    rows = [of(*firms, who="O", panel="firms"), of(*towns, who="O", panel="towns"), of(*alone, who="Q", panel="firms")]
    found = [whole(row.text(), rows, who, units=OFFICES) for who in "OQ"]
    return [found[0]["dissatisfied"], found[1]["dissatisfied"], found[1]["coverage"]]


@rule("Exempt")
def exempt(row):
    categories = {"m00": "worker", "m01": "retired"}
    people = [member(name, category=category) for name, category in categories.items()]
    table, _ = told(row.text(), [of(*row.given, who=name) for name in categories], members=people)
    return [categories[name] for name in table["ratee_id"].unique()]


def verdicts(row):
    rows = [of(bad, n, who=who) for who, (bad, n) in zip(names(len(row.given) // 2), pairs(row.given), strict=True)]
    _, bottom = told(row.text(), rows)
    return bottom.sort_values("ratee_id")["verdict"].tolist()


@rule("Bottom list")
def bottom_list(row):
    return verdicts(row)


@rule("Tie in the bottom list")
def tied(row):
    return verdicts(row)

"""Small tables of satisfaction: rows of counts, the study about them, and the row that a test is about."""

from small_study import make

from toolkit.scoring.satisfaction import satisfy

SCHEME = """
scales: {{vote: {{levels: {{S: 100, A: 80, B: 60, C: 30, D: 0}}, codes: {{1: S, 5: D}}, blank: [none, lost]}}}}
sources: {{a: {{scale: vote}}}}
categories: {{worker: {{}}, retired: {{}}, office: {{ratee: unit}}}}
satisfaction: {{scale: vote, dissatisfied: [C, D], {}}}
"""
PANELS = "panels: {A: {weight: 0.5}, B: {weight: 0.3}, C: {weight: 0.2}}"
RULES = "rules: {redo: {min: 30%}, again: {above: 50%}}"
UNITS = [
    {"unit_id": "U", "category": ""},
    {"unit_id": "O", "category": "office"},
    {"unit_id": "Q", "category": "office"},
]


def scheme(more="blank: outside", rounds=""):
    return rounds + SCHEME.format(more)


def row(who="m", panel="p", topic="t", round="r", eligible="", **counts):  # noqa: A002  (the column's name)
    """A row of satisfaction.csv; `bad=` counts answers D, `good=` answers S."""
    names = {"bad": "D", "good": "S", "one": "1", "five": "5"}
    answers = {names.get(level, level): str(count) for level, count in counts.items()}
    keys = {"round": round, "subject_id": who, "panel": panel, "topic": topic, "eligible": str(eligible)}
    return keys | answers


def of(bad, n, who="m", panel="p", **more):
    """So many of n are not satisfied."""
    return row(who, panel, bad=bad, good=n - bad, **more)


def study(rows, more="blank: outside", *, rounds="", **tables):
    """A study of such rows; those that no table names are members."""
    known = {key for name in ("units", "posts") for table in tables.get(name, []) for key in table.values()}
    names = dict.fromkeys(each["subject_id"] for each in rows if each["subject_id"] not in known)
    tables.setdefault("members", [{"member_id": name, "unit_id": "U"} for name in names])
    return make(scheme(more, rounds) if isinstance(more, str) else more, satisfaction=rows, **tables)


def table_of(rows, more="blank: outside", **tables):
    return satisfy(study(rows, more, **tables), "r")[0]


def bottom_of(rows, more="bottom: {min: 30, places: 2}", **tables):
    found = satisfy(study(rows, more, **tables), "r")[1]
    return found.set_index("ratee_id")


def pick(table, who="m", topic="", panel=""):
    found = table[(table["ratee_id"] == who) & (table["topic"] == topic) & (table["panel"] == panel)]
    assert len(found) == 1
    return found.iloc[0]

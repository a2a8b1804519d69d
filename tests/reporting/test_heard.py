"""Opinions in a unit's report: no small count is in it, nor can one be worked out of all that is told."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact
from small_study import make, ratings_of

import toolkit as tk
from toolkit.contract import OPTIONAL, REQUIRED
from toolkit.reporting import opinions
from toolkit.reporting.books import Books
from toolkit.reporting.cutting import cut
from toolkit.reporting.heard import heard
from toolkit.rulebook import read_rulebook

SCHEME = """title: t
language: en
rounds:
  h1: {from: 2026-01-01, to: 2026-06-30}
  h2: {from: 2026-07-01, to: 2026-12-31}
  year: {combine: {h1: 1/2, h2: 1/2}}
scales: {v: {low: 0, high: 100}}
sources: {s: {scale: v, attributed: true}}
privacy: {min_raters: 3}
"""
BLANK = dict.fromkeys([*REQUIRED["opinions"], *OPTIONAL["opinions"]], "")
DAYS = {"h1": "2026-02-01", "h2": "2026-08-01"}
THEMES = [{"theme": name, "label": name.upper(), "words": ""} for name in "abc"]


@pytest.fixture(scope="module")
def village():
    """A study of two units and its scores, on which no opinion has any influence."""
    schemes, faults = read_rulebook(lambda _: SCHEME)
    assert not faults
    units = [{"unit_id": "U", "name": "U"}, {"unit_id": "V", "name": "V"}]
    study = make(schemes, ratings_of({("m", "s", "overall"): [80]}, "h1"), units=units, themes=THEMES)
    return study, tk.score(study)


@pytest.fixture
def views(village):
    """Return a function that cuts every report of a unit, from {(round, theme): opinions}."""
    study, scores = village

    def cut_all(counts, closed="", themes=THEMES):
        rows = [
            BLANK | {"id": f"{turn}{theme}{place}", "date": DAYS[turn], "unit_id": "U", "theme": theme}
            | ({"closed": closed, "reply": "r"} if closed else {})
            for (turn, theme), n in counts.items()
            for place in range(n)
        ]  # fmt: skip
        rows.append(BLANK | {"id": "last", "date": "2026-12-31", "unit_id": "V"})  # so that all end on one day
        told = replace(study, opinions=pd.DataFrame(rows), themes=study.themes.head(len(themes)))
        return {(turn, unit): cut(told, scores, unit, turn) for turn in study.schemes for unit in ("U", "V", "")}

    return cut_all


@pytest.mark.parametrize(
    "large", [{}, {("h1", "a"): 4, ("h2", "a"): 9, ("h2", ""): 3}, {("h1", "a"): 7, ("h1", "b"): 3}]
)
def test_every_report_is_the_same_whatever_a_small_count_is(views, large):
    """The proof that no small count can be found: nothing that is told, in any report of any round, depends on it."""
    small = [cell for cell in product(DAYS, ["a", "b", "c", ""]) if cell not in large]
    rng = np.random.default_rng(7)
    told = set()
    for _ in range(6):
        counts = large | {cell: int(rng.integers(3)) for cell in small}
        told.add("".join(view.to_json() for view in views(counts, closed="2026-12-01").values()))
    assert len(told) == 1


def test_a_theme_is_told_from_the_fewest_on_and_of_a_year_in_both_halves(views):
    found = views({("h1", "a"): 3, ("h1", "b"): 3, ("h2", "a"): 4, ("h2", "b"): 2, ("h2", "c"): 3})
    tables = {turn: found[turn, "U"].opinions.set_index("label") for turn in ("h1", "h2", "year")}
    assert tables["h1"]["n"].to_dict() == {"A": 3, "B": 3}
    assert tables["h2"]["n"].to_dict() == {"A": 4, "C": 3}
    assert tables["h2"]["before"].fillna(-1).to_dict() == {"A": 3, "C": -1}
    assert tables["year"]["n"].to_dict() == {"A": 7}
    assert tables["h2"]["share"].to_dict() == pytest.approx({"A": 57.1, "C": 42.9})
    assert found["h2", "U"].facts["opinions"]["n"] == 7


def test_what_is_not_told_counts_against_a_rise(views):
    """Of a 8 now and 10 of 30 before; b and c are not told, so 2 of each may be now, and they are no help before."""
    counts = {("h1", "a"): 10, ("h1", "b"): 20, ("h2", "a"): 8}
    (p,) = views(counts)["h2", "U"].opinions["adjusted"]
    table = [[8, 4], [10, 20]]
    assert float(p) == pytest.approx(fisher_exact(table, alternative="greater").pvalue, abs=5e-4)
    (q,) = views({("h1", "b"): 20, ("h2", "a"): 20})["h2", "U"].opinions["adjusted"]
    assert fisher_exact([[20, 4], [2, 20]], alternative="greater").pvalue < 0.001
    assert q == "<0.001"
    (none,) = views({("h1", "b"): 20, ("h2", "a"): 20}, themes=[])["h2", "U"].opinions["adjusted"]
    assert none == ""  # nobody knows how many themes are not told


def test_counts_of_every_report_of_the_demo_are_large(study, scores):
    least, books = study.scheme.privacy.min_raters, Books.of(study, scores)
    shown = 0
    for unit in ["", *study.units["unit_id"]]:
        for turn in study.schemes:
            themes, handling = heard(books.at(turn), unit, "zh")
            counts = [*themes["n"], *themes["before"].dropna()]
            assert not [n for n in counts if n < least]
            shown += len(counts)
            assert bool(handling) == (len(themes) > 0)
    assert shown > 10


def test_no_text_of_an_opinion_leaves_the_study(study, scores):
    text = cut(study, scores, "B03", "2026H2").to_json()
    assert len(study.opinions) > 100
    assert not [said for said in study.opinions["text"].unique() if said in text]
    assert not [name for name in study.opinions["id"] if name in text]
    assert "已办结，结果已在公示栏公布" not in text


def test_a_report_counts_what_people_have_coded_on_that_unit(study, scores):
    view = cut(study, scores, "B03", "2026H2", "en")
    least = study.scheme.privacy.min_raters
    first, last = (str(day) for day in (study.scheme.rounds["2026H2"].start, study.scheme.rounds["2026H2"].end))
    rows = study.opinions[(study.opinions["unit_id"] == "B03") & study.opinions["date"].between(first, last)]
    counts = rows["theme"].value_counts()
    table = view.opinions.set_index("label")
    assert table.loc["Roads and lighting", "n"] == counts["roads"]
    assert view.opinions["n"].sum() == counts[counts >= least].sum() == view.facts["opinions"]["n"]
    assert table["rises"].to_dict() == {label: label == "Roads and lighting" for label in table.index}
    first = cut(study, scores, "B03", "2026H1", "en").opinions.set_index("label")
    year = cut(study, scores, "B03", "2026", "en").opinions.set_index("label")
    assert "Roads and lighting" not in year.index  # too few in the first half
    assert year["n"].to_dict() == (table["n"] + first["n"]).dropna().to_dict()
    assert year["before"].isna().all()


def test_the_overview_tells_no_sum_over_units(study, scores):
    assert cut(study, scores, "", "2026H2").opinions.empty


# What is shown of it --------------------------------------------------------------------------------------------


def test_the_table_marks_what_rises_and_says_what_is_not_coded(make_view):
    table = opinions.themes(make_view())
    assert table.rows == (
        ("Street lights", "20", "66.7%", "6", "25.0%", "rising (p = 0.004)"),
        ("Canteen", "10", "33.3%", "18", "75.0%", ""),
        ("not coded yet", "5", "—", "<5", "—", ""),
    )
    assert table.mark == (0,)
    assert "fewer than 5 opinions" in table.note


def test_without_a_round_before_no_trend_is_shown(make_view):
    view = make_view()
    rows = view.opinions.assign(before=float("nan"), share_before=float("nan"), rises=False)
    facts = view.facts | {"opinions": view.facts["opinions"] | {"before": False}}
    table = opinions.themes(make_view(opinions=rows, facts=facts))
    assert [title for title, _ in table.columns] == ["Theme", "Opinions", "Share"]
    assert "Fisher" not in table.note


def test_the_summary_and_the_times(make_view):
    assert opinions.summary(make_view()).markdown == (
        "Opinions on the themes below: 35; answered: 28. Settled by 2027-01-07: 30; overdue: 2. Half of them are"
        " settled within so many days: 14. Raised more often than in the round before: Street lights."
    )
    assert opinions.times(make_view()).rows == (
        ("a quarter", "9", "7–11"), ("half", "14", "11–21"), ("three quarters", "40", "28–—"),
    )  # fmt: skip


def test_where_little_is_settled_no_median_is_made_up(make_view):
    facts = make_view().facts
    none = [{"share": share, "days": None, "low": None, "high": None} for share in (0.25, 0.5, 0.75)]
    handling = facts["opinions"] | {"quartiles": none, "closed": 0}
    view = make_view(facts=facts | {"opinions": handling})
    assert "Fewer than half of them are settled so far." in opinions.summary(view).markdown
    assert opinions.times(view) is None


@pytest.mark.parametrize("shown", [opinions.summary, opinions.themes, opinions.times])
def test_both_languages_and_nothing_without_opinions(make_view, shown):
    view = make_view("zh")
    text = shown(view)
    text = text.markdown if isinstance(text, tk.prose.Text) else text.plain().replace("p = ", "")
    assert not any(letter.isascii() and letter.isalpha() for letter in text)
    empty = make_view(opinions=view.opinions.iloc[:0], facts=view.facts | {"opinions": {}})
    assert shown(empty) is None

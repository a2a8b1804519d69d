"""Outcomes under other weights are what scoring says of the study with its scheme reweighted, by whatever rules."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import toolkit as tk
from toolkit.faults import UsageError
from toolkit.rules import Condition
from toolkit.scheme import Missing
from toolkit.weighting.ladders import NO_VALUE, ladders

SURVEYS = Path(__file__).parents[2] / "surveys"
EXCELLENT = "优秀"


@cache
def read(name):
    study = tk.read_study(SURVEYS / name)
    return study, tk.score(study)


def changed(scheme, **sections):
    """A scheme with other sections, without what it has worked out."""
    return tk.Scheme.model_construct(**{key: getattr(scheme, key) for key in tk.Scheme.model_fields} | sections)


def asking(rules, band, of, **bounds):
    """Bands with one condition more."""
    more = Condition.model_validate({"of": of, **bounds})
    return rules.model_copy(update={"require": rules.require | {band: [*rules.require.get(band, []), more]}})


def under(study, turn, scheme):
    """The model of a round with this scheme, and what scoring says of it."""
    made = replace(study, schemes=study.schemes | {turn: scheme})
    scores = tk.score(made)
    return tk.model(made, scores, turn), scores.rungs[turn].ratees


def told(names, levels):
    return [names[level] if level >= 0 else None for level in levels]


def same(model, other, ratees):
    """Score, rank, grade and stars under the weights of another scheme are those of scoring."""
    found = tk.outcomes(model, model.weighting(other))
    ratees = ratees.loc[model.quantities.index]
    np.testing.assert_allclose(found.score[0], ratees["score"], atol=1e-9)
    np.testing.assert_allclose(found.coverage[0], ratees["coverage"], atol=1e-9)
    np.testing.assert_array_equal(found.rank(within="unit")[0], ratees["rank"])
    grades = [None if grade is None or grade != grade else grade for grade in ratees["grade"]]  # noqa: PLR0124
    assert told(found.grades, found.grade[0]) == grades
    stars = [np.nan if level == NO_VALUE else level + 1.0 for level in found.stars[0]]
    np.testing.assert_array_equal(stars, ratees["stars"])


@pytest.mark.parametrize(
    ("name", "turn", "source"),
    [
        ("demo", "2026H1", "superior"),
        ("demo", "2026H2", "public"),
        ("demo", "2026H2", "team"),  # below another source
        ("village", "2026H1", "villagers"),
        ("office", "2026", "leaders"),  # stars by clusters, units graded by their index
    ],
)
def test_other_weights_are_what_scoring_makes_of_them(name, turn, source):
    study, scores = read(name)
    model = tk.model(study, scores, turn)
    same(model, study.schemes[turn], scores.rungs[turn].ratees)
    other = study.schemes[turn].reweighted(**{source: 0.77})
    ratees = under(study, turn, other)[1]
    assert (ratees["score"] - scores.rungs[turn].ratees["score"]).abs().max() > 0.1
    same(model, other, ratees)


@pytest.mark.parametrize(
    "which", ["adjusted", "source first", "fail", "a source asked", "an indicator asked", "a grade asked"]
)
def test_rules_that_make_the_way_long(which):
    study, _ = read("demo")
    turn = "2026H2"
    scheme = study.schemes[turn]
    made = {
        "adjusted": lambda: changed(scheme, missing=Missing(rule="adjusted")),
        "fail": lambda: changed(scheme, missing=Missing(rule="fail")),
        "source first": lambda: changed(scheme, first="source"),
        "a source asked": lambda: changed(scheme, grades=asking(scheme.grades, EXCELLENT, "score.superior", min=85)),
        "an indicator asked": lambda: changed(scheme, grades=asking(scheme.grades, EXCELLENT, "score.virtue", min=88)),
        "a grade asked": lambda: changed(scheme, stars=asking(scheme.stars, "5", "grade", among=[EXCELLENT])),
    }[which]()
    model, before = under(study, turn, made)
    other = made.reweighted(public=0.62)
    after = under(study, turn, other)[1]
    assert (before["grade"].fillna("") != after["grade"].fillna("")).any()
    if "asked" in which:
        assert any(ladder.moving for ladder in ladders(model))
    same(model, other, after)


def test_a_model_is_of_a_plain_round():
    study, scores = read("demo")
    with pytest.raises(UsageError, match="round: '2026', must be a plain round"):
        tk.model(study, scores, "2026")


def test_levels_that_scoring_found_are_told_apart_from_none():
    study, scores = read("demo")
    model = tk.model(study, scores, "2026H2")
    for ladder in ladders(model):
        held = model.quantities[ladder.about].iloc[ladder.rows]
        none = held.isna().to_numpy()
        assert (ladder.own[none] == NO_VALUE).all()
        assert (ladder.own[~none] != NO_VALUE).all()

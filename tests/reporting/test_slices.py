"""A slice holds a unit's own people and nothing by which others, or what is hidden, could be found."""

import json
import re
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from toolkit.reporting.cutting import cut
from toolkit.reporting.export import unit_scores
from toolkit.reporting.slices import FILE, Slice

ROUNDS = ["2026H1", "2026H2", "2026"]
UNITS = ["P00", *(f"B{number:02}" for number in range(1, 13))]


@pytest.fixture(scope="module")
def texts(study, scores):
    """The JSON of every unit and round, and of the overview."""
    return {(unit, turn): cut(study, scores, unit, turn).to_json() for turn in ROUNDS for unit in ["", *UNITS]}


@pytest.fixture(scope="module")
def raters(study_folder):
    columns = pd.read_csv(study_folder / "ratings.csv", usecols=["rater_id"], dtype=str)["rater_id"].dropna()
    return set(columns.unique())


def strings(value):
    """Every text in a piece of JSON, keys included."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)
    elif isinstance(value, str):
        yield value


def frames(view):
    return {part.name: value for part in fields(view) if isinstance(value := getattr(view, part.name), pd.DataFrame)}


def test_these_are_all_units_and_rounds(study):
    assert study.units["unit_id"].tolist() == UNITS
    assert list(study.schemes) == ROUNDS


@pytest.mark.parametrize("turn", ROUNDS)
@pytest.mark.parametrize("unit", UNITS)
def test_no_member_of_another_unit_is_in_a_slice(study, texts, unit, turn):
    own = study.members["unit_id"] == unit
    others = set(study.members.loc[~own, "member_id"])
    assert not others & set(re.findall(r"M\d{4}", texts[unit, turn]))
    names = set(study.members.loc[~own, "name"]) - set(study.members.loc[own, "name"])
    assert not names & set(strings(json.loads(texts[unit, turn])))


@pytest.mark.parametrize("turn", ROUNDS)
@pytest.mark.parametrize("unit", UNITS)
def test_other_units_have_no_name_but_those_below(study, texts, unit, turn):
    kin = (study.units["unit_id"] == unit) | (study.units["parent_id"] == unit)
    for column in ("unit_id", "name"):
        assert not [name for name in study.units.loc[~kin, column] if name in texts[unit, turn]]


def test_a_parent_names_its_units_and_no_member_of_theirs(study, texts):
    view = Slice.from_json(texts["P00", "2026"])
    assert view.children["unit_id"].tolist() == UNITS[1:]
    assert view.league.empty
    assert not set(study.members["name"]) & set(strings(json.loads(texts["P00", "2026"])))


def test_the_overview_names_units_and_no_member(study, texts):
    for turn in ROUNDS:
        text = texts["", turn]
        assert not re.search(r"M\d{4}", text)
        assert not set(study.members["name"]) & set(strings(json.loads(text)))
        assert set(study.units["name"]) <= set(strings(json.loads(text)))


def test_no_rater_is_in_a_slice(texts, raters):
    assert len(raters) > 1000
    assert all(re.fullmatch(r"[0-9a-f]{12}", rater) for rater in raters)
    for text in texts.values():
        # the pseudonyms are as long as this: whatever is shorter cannot hold one
        assert not raters & set(re.findall(r"(?=([0-9a-f]{12}))", text))


def test_single_self_ratings_are_nowhere(study, scores, texts):
    """Only the unit's mean of enough members is there."""
    least = study.scheme.privacy.min_raters
    for (unit, turn), text in texts.items():
        view = Slice.from_json(text)
        assert "self" not in view.by_source
        assert not [name for name, frame in frames(view).items() if "self" in frame and name != "selves"]
        means = scores.units[(scores.units["round"] == turn) & (scores.units["unit_id"] == (unit or "P00"))]
        mean = means[(means["source"] == "self") & (means["indicator"] == "")].iloc[0]
        if mean["members"] < least:
            assert view.selves.empty
        else:
            assert view.selves["self"][0] == round(mean["score"], 1)


@pytest.mark.slow  # with 12 raters asked for, most are few, and all is held against them
def test_the_self_of_too_few_members_is_not_shown(study, scores):
    strict = study.scheme.model_copy(update={"privacy": study.scheme.privacy.model_copy(update={"min_raters": 12})})
    view = cut(replace(study, schemes={**study.schemes, "2026H2": strict}), scores, "B12", "2026H2")
    assert view.selves.empty


# The file -------------------------------------------------------------------------------------------------------


def test_a_slice_survives_its_file(texts):
    for text in texts.values():
        view = Slice.from_json(text)
        assert view.to_json() == text
        again = Slice.from_json(view.to_json())
        for name, frame in frames(view).items():
            pd.testing.assert_frame_equal(frame, frames(again)[name])


def test_a_slice_is_read_as_it_was_cut(study, scores):
    for unit in ("", "P00", "B02", "B12"):
        view = cut(study, scores, unit, "2026H2")
        again = Slice.from_json(view.to_json())
        for part in fields(view):
            if part.name not in frames(view):
                assert getattr(again, part.name) == getattr(view, part.name)
        for name, frame in frames(view).items():
            if len(frame):
                # text may be an object before, and is not after
                pd.testing.assert_frame_equal(frames(again)[name], frame.reset_index(drop=True), check_dtype=False)


def test_columns_keep_their_kind(study, scores):
    odd = pd.DataFrame(
        {
            "nothing": [np.nan, np.nan],
            "number": [None, 1.5],
            "zero": [0.0, None],
            "text": ["", None],
            "tied": [True, False],
            "whole": [0, 3],
        }
    )
    view = replace(cut(study, scores, "B12", "2026H2"), league=odd)
    league = Slice.from_json(view.to_json()).league
    assert [str(kind) for kind in league.dtypes] == ["float64", "float64", "float64", "str", "bool", "int64"]
    assert league["text"][0] == ""
    assert league.isna().sum().tolist() == [2, 1, 1, 1, 0, 0]


def test_the_same_study_gives_the_same_text(study, scores, texts):
    assert cut(study, scores, "B03", "2026").to_json() == texts["B03", "2026"]


def test_a_slice_opens_from_its_file_and_from_the_folder(study_folder, tmp_path, texts):
    (tmp_path / FILE).write_text(texts["B12", "2026H2"], encoding="utf-8")
    assert tk.open_slice(tmp_path / FILE).unit_id == "B12"
    assert tk.open_slice(study_folder, "B12").to_json() == texts["B12", "2026H2"]


@pytest.mark.parametrize(
    ("unit", "turn", "message"), [("B99", "2026", "unit: 'B99'"), ("B01", "2025", "round: '2025'")]
)
def test_an_unknown_unit_or_round_is_refused(study, scores, unit, turn, message):
    with pytest.raises(ValueError, match=message):
        cut(study, scores, unit, turn)


# Numbers --------------------------------------------------------------------------------------------------------


def test_a_slice_says_what_the_scores_say(study, scores, texts):
    view = Slice.from_json(texts["B05", "2026H1"])
    mine = scores.ratees[(scores.ratees["round"] == "2026H1") & (scores.ratees["unit_id"] == "B05")]
    mine = mine[mine["kind"] == "member"]
    assert view.facts["members"] == (study.members["unit_id"] == "B05").sum()
    assert view.facts["scored"] == mine["counts"].sum()
    assert view.facts["score"] == round(mine.loc[mine["counts"], "score"].mean(), 1)
    assert view.league["score"].dropna().tolist() == sorted(mine["score"].dropna().round(1), reverse=True)
    assert sum(view.facts["grades"].values()) == view.facts["scored"]


def test_every_number_has_one_digit_at_most(texts):
    for text in texts.values():
        view = Slice.from_json(text)
        for frame in frames(view).values():
            numbers = frame.select_dtypes("number")
            pd.testing.assert_frame_equal(numbers, numbers.round(1))
        assert view.facts["score"] == round(view.facts["score"], 1)


def test_intervals_of_few_raters_are_whole(texts):
    league = Slice.from_json(texts["B12", "2026H2"]).league  # nobody has more than 9 peers
    assert ((league[["low", "high"]] % 1) == 0).all(axis=None)


# What is hidden -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", ROUNDS)
def test_the_public_of_b12_is_hidden_and_the_peers_with_it(study, scores, texts, turn):
    view = Slice.from_json(texts["B12", turn])
    labels = {study.schemes[turn].label(name): name for name in ("public", "peer")}
    assert {labels[row["label"]]: row["reason"] for row in view.hidden.to_dict("records")} == {
        "public": "few",
        "peer": "complement",
    }
    for name, frame in frames(view).items():
        assert not {"public", "peer"} & set(frame.columns), name
        shown = set(frame["source"]) if "source" in frame and name != "turnout" else set()
        assert not {"public", "peer"} & shown, name
    assert not re.search("public|peer", unit_scores(view))
    means = scores.units[(scores.units["round"] == turn) & (scores.units["unit_id"] == "B12")]
    means = means[means["source"].isin(["public", "peer"]) & (means["indicator"] == "")]
    assert len(means) == 2
    assert not set(means["score"].round(1)) & set(view.matrix.select_dtypes("number").to_numpy().ravel())


@pytest.mark.parametrize("turn", ROUNDS)
def test_no_other_unit_hides_anything(texts, turn):
    assert [unit for unit in UNITS if len(Slice.from_json(texts[unit, turn]).hidden)] == ["B12"]


def test_an_indicator_that_one_hidden_source_was_asked_has_no_mean(texts):
    """The public is not asked of integrity: with the superiors' mean, that of all would give the peers'."""
    view = Slice.from_json(texts["B12", "2026H2"])
    indicators = view.matrix["indicator"]
    assert view.matrix["score"].isna().tolist() == [name == "integrity" for name in indicators]
    assert view.by_source.loc[indicators == "integrity", "superior"].notna().all()
    assert view.facts["unshown"] == ["廉"]


def test_a_slice_holds_no_answers_of_hidden_sources(texts):
    turnout = Slice.from_json(texts["B12", "2026"]).turnout.set_index("source")
    assert turnout["blank"].notna().to_dict() == {
        "leader": True, "team": True, "peer": False, "public": False, "self": False,
    }  # fmt: skip
    assert turnout["blank"].max() == 1.4


def test_the_method_has_no_more_digits_than_are_printed(texts):
    for text in texts.values():
        method = Slice.from_json(text).method
        for row in method["weights"]:
            assert row["weights"] == {name: float(f"{value:.4g}") for name, value in row["weights"].items()}
        for row in method["effective"]:
            assert row["weights"] == {name: round(value, 1) for name, value in row["weights"].items()}


# Small studies --------------------------------------------------------------------------------------------------

SCHEME = """
title: t
language: en
rounds: {r: {}}
scales: {s: {low: 0, high: 100}}
sources:
  all: {scale: s, attributed: true}
  label: {scale: s, attributed: true}
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Two units, whom nobody but two superiors have rated, and one whom nobody has; sources are named like columns."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "scheme.yaml").write_text(SCHEME, encoding="utf-8")
    (folder / "units.csv").write_text("unit_id,name\nu,U\nv,V\nw,W\n", encoding="utf-8")
    (folder / "members.csv").write_text("member_id,name,unit_id,category\na,A,u,\nb,B,v,\nc,C,w,\n", encoding="utf-8")
    rows = ["r,a,all,1,overall,60", "r,a,label,2,overall,80", "r,b,all,1,overall,50", "r,b,label,2,overall,50"]
    text = "\n".join(["round,ratee_id,source,rater_id,indicator,value", *rows, ""])
    (folder / "ratings.csv").write_text(text, encoding="utf-8")
    found = tk.read_study(folder)
    return found, tk.score(found)


def test_a_unit_without_answers_has_a_slice(small):
    view = cut(*small, "w", "r")
    assert view.turnout.empty
    assert tk.tables.turnout(view).rows == ()
    assert Slice.from_json(view.to_json()).to_json() == view.to_json()


def test_a_source_may_have_the_name_of_a_column(small):
    view = Slice.from_json(cut(*small, "u", "r").to_json())
    assert tk.tables.matrix(view).rows == (("All indicators", "60.0", "80.0", "70.0"),)
    lines = [line.split(",") for line in unit_scores(view).splitlines()[1:]]
    assert [(line[2], line[4]) for line in lines] == [("all", "60.0"), ("label", "80.0"), ("", "70.0"), ("", "70.0")]


def test_among_two_units_the_other_is_not_told(small):
    assert cut(*small, "u", "r").units.empty
    assert "its level" not in tk.prose.summary(cut(*small, "u", "r")).markdown
    assert cut(*small, "", "r").units["score"].tolist() == [70.0, 50.0]

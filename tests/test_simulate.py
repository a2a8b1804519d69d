"""A simulated study keeps the contract, holds the cases that it promises, and tells the truth."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from toolkit import simulate as module
from toolkit.contract import REQUIRED
from toolkit.rulebook import read_rulebook
from toolkit.simulate import SOURCES, VOTE, simulate, write
from toolkit.simulated import town
from toolkit.simulated.town import RARE

DEMO = Path(__file__).parents[1] / "surveys" / "demo"
COLUMNS = {
    "units": ["unit_id", "name", "parent_id", "industry", "category"],
    "members": ["member_id", "name", "unit_id", "category", "exempt", "role"],
    "posts": ["post_id", "member_id", "unit_id", "category", "from", "to", "share"],
    "ratings": ["round", "ratee_id", "source", "rater_id", "indicator", "value"],
    "ballots": ["round", "ratee_id", "source", "indicator", *reversed(VOTE.answers), "弃权", "不了解"],
    "turnout": ["round", "unit_id", "source", "eligible", "issued", "returned", "valid", "ratee_id"],
    "points": ["date", "subject_id", "rule", "quantity", "evidence"],
    "satisfaction": [
        *("round", "subject_id", "panel", "topic", "eligible"),
        *("满意", "基本满意", "不满意", "不了解"),
    ],
    "measures": ["round", "subject_id", "measure", "value"],
    "criteria": ["layer", "criterion", "text", "unit_id", "indicator"],
    "decisions": [
        *("round", "subject_id", "matter", "decision", "date", "decided_by"),
        *("reason", "due", "helper"),
    ],
    "evidence": ["round", "subject_id", "item", "date", "note"],
    "replies": ["round", "subject_id", "date", "text"],
    "themes": ["theme", "label", "words", "owner", "days"],
    "opinions": [
        *("id", "date", "channel", "source", "unit_id", "text"),
        *("theme", "owner", "opened", "closed", "reply"),
    ],
    "submissions": ["round", "source", "unit_id", "submitted", "seconds"],
}
DRAWN = {
    "ratings": "dbfed38a64387f92a7c59ce2a5d9939d3902d8721443b3ac2ec1303ca80064b6",
    "ballots": "872c88e909c11b362c089f4cc5887d6e23c047ce147067249baa598269e2c967",
    "turnout": "774b11363e951cf31c4bee79096b58fe5f06aea3c6572c1858eb319557846ad0",
}
"""SHA-256 of what raters said: whatever is made up beside it has a stream of its own."""
CELL = ["round", "ratee_id", "source", "indicator"]


@pytest.fixture(scope="module")
def study():
    return simulate()


@pytest.fixture(scope="module")
def tables(study):
    """The tables as text, as a reader finds them."""
    return {name: table.astype(object).fillna("").astype(str) for name, table in study.tables.items()}


@pytest.fixture(scope="module")
def ratees(tables):
    """Unit and category of everyone who may be rated."""
    posts = tables["posts"].rename(columns={"post_id": "ratee_id"})
    members = tables["members"].rename(columns={"member_id": "ratee_id"})
    return pd.concat([members, posts])[["ratee_id", "unit_id", "category"]].set_index("ratee_id")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def points(ratings):
    """Ratings with an answer, and the points of each."""
    scale = {source.name: dict(zip(source.scale.answers, source.scale.points, strict=True)) for source in SOURCES}
    value = [scale[source].get(value) for source, value in zip(ratings["source"], ratings["value"], strict=True)]
    return ratings.assign(points=pd.array(value, dtype="Float64").to_numpy(dtype=float, na_value=np.nan)).dropna()


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name, seed in (("one", 7), ("two", 7), ("three", 8)):
        write(simulate(units=3, members=30, seed=seed), tmp_path / name, truth=True)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert contents(tmp_path / "one")["ratings.csv"] != contents(tmp_path / "three")["ratings.csv"]


def test_the_demo_is_what_simulate_gives(study, tmp_path):
    write(study, tmp_path)
    demo = contents(DEMO)
    del demo["README.md"], demo["experiments.yaml"]
    made = contents(tmp_path)
    assert demo.keys() == made.keys()
    assert not [name for name in made if demo[name] != made[name]]
    assert not [name for name in made if b"\r" in made[name] or made[name].startswith(b"\xef\xbb\xbf")]
    assert sum(map(len, made.values())) < 5_000_000


def test_what_raters_say_does_not_depend_on_what_else_is_made_up():
    assert {name: hashlib.sha256((DEMO / f"{name}.csv").read_bytes()).hexdigest() for name in DRAWN} == DRAWN


def test_truth_is_written_only_if_asked(tmp_path):
    made = simulate(units=1, members=10)
    write(made, tmp_path / "plain")
    write(made, tmp_path / "known", truth=True)
    assert contents(tmp_path / "known").keys() - contents(tmp_path / "plain").keys() == {"truth.csv"}


def test_columns_stand_in_the_order_of_the_contract(study):
    assert {name: list(table.columns) for name, table in study.tables.items()} == COLUMNS
    assert list(study.truth.columns) == [*CELL, "expected"]
    assert set(COLUMNS) == set(REQUIRED)


def test_the_scheme_has_no_fault_and_two_languages():
    schemes, faults = read_rulebook(lambda name: (DEMO / name).read_text(encoding="utf-8"))
    assert faults == []
    assert {name: float(scheme.sources["public"].weight) for name, scheme in schemes.items()} == {
        "2026H1": 0.3,
        "2026H2": 0.4,
        "2026": 0.3,
    }

    def labels(node):
        for item in node if isinstance(node, list) else ():
            yield from labels(item)
        for key, value in node.items() if isinstance(node, dict) else ():
            if key in {"label", "title", "direction"} and value is not None:
                yield value
            elif key == "labels":
                yield from value.values()
            yield from labels(value)

    found = [label for scheme in schemes.values() for label in labels(scheme.model_dump())]
    assert len(found) > 220
    assert all(isinstance(label, dict) and set(label) == {"zh", "en"} for label in found)


def test_every_name_refers_to_something(tables, ratees):
    units, members, posts = (tables[name] for name in ("units", "members", "posts"))
    ids = [*units["unit_id"], *members["member_id"], *posts["post_id"]]
    assert len(set(ids)) == len(ids)
    assert set(units["parent_id"]) == {"", "P00"}
    assert set(ratees["unit_id"]) == set(units["unit_id"]) - {"P00"}
    assert set(posts["member_id"]) <= set(members["member_id"])
    for name in ("ratings", "ballots"):
        assert set(tables[name]["ratee_id"]) <= set(ratees.index)
    assert set(tables["turnout"]["ratee_id"]) <= {"", *ratees.index}
    assert not tables["ratings"].duplicated([*CELL, "rater_id"]).any()
    assert not tables["turnout"].duplicated(["round", "unit_id", "source", "ratee_id"]).any()
    assert not set(tables["ratings"].groupby(CELL).groups) & set(tables["ballots"].groupby(CELL).groups)


def test_answers_are_of_the_scale_and_only_of_what_was_asked(tables):
    ratings = tables["ratings"]
    for source in SOURCES:
        own = ratings[ratings["source"] == source.name]
        assert set(own["value"]) <= {"", "弃权", "不了解", *source.scale.answers}
        assert (
            (own["rater_id"] == "").all()
            if source.name == "self"
            else own["rater_id"].str.fullmatch("[0-9a-f]{12}").all()
        )
        assert ("integrity" in set(own["indicator"])) == (source.name != "public")


def test_a_pseudonym_belongs_to_one_round_and_source(tables):
    named = tables["ratings"].query("rater_id != ''")
    assert not named[["round", "source", "rater_id"]].drop_duplicates().duplicated("rater_id").any()


def test_nobody_is_his_own_peer(study, tables):
    peers = tables["ratings"].query("source == 'peer' and round == '2026H1'")
    members = study.tables["members"]["member_id"]
    number = module._pseudonyms(np.arange(len(members)), "2026H1 peer", seed=2026)
    rater = peers["rater_id"].map({f"{value:012x}": member for value, member in zip(number, members, strict=True)})
    assert rater.notna().all()
    assert (rater != peers["ratee_id"].replace(dict(study.tables["posts"][["post_id", "member_id"]].to_numpy()))).all()


def test_turnout_agrees_with_the_ratings(study, tables):
    turnout = study.tables["turnout"]
    forms = turnout[["valid", "returned", "issued", "eligible"]].to_numpy()
    assert (np.diff(forms, axis=1) >= 0).all()
    ratings = tables["ratings"]
    raters = ratings.groupby(["round", "source", "ratee_id"])["rater_id"].nunique()
    own = turnout[turnout["ratee_id"] != ""].set_index(["round", "source", "ratee_id"])["valid"]
    shared = own.index.intersection(raters.index)
    assert len(shared) > 800
    assert (own[shared] == raters[shared]).all()
    units = turnout[turnout["ratee_id"] == ""].set_index(["round", "source", "unit_id"])
    peers = turnout.query("source == 'peer' and ratee_id != ''").set_index(["round", "source", "unit_id"])
    assert (peers["returned"] <= units["returned"].reindex(peers.index)).all()
    size = study.tables["members"]["unit_id"].value_counts()
    at_home = peers[~peers["ratee_id"].str.startswith("POST")]
    assert (at_home["eligible"] == size[at_home.index.get_level_values("unit_id")].to_numpy() - 1).all()


def test_ballots_take_the_place_of_one_branch_s_peers(study, tables, ratees):
    ballots, ratings = study.tables["ballots"], tables["ratings"]
    assert set(ballots["ratee_id"].map(ratees["unit_id"])) == {"B05"}
    peers = ratings[(ratings["source"] == "peer") & (ratings["ratee_id"].map(ratees["unit_id"]) == "B05")]
    assert peers.empty
    votes = ballots.set_index(["round", "source", "ratee_id"])[COLUMNS["ballots"][4:]].sum(axis=1)
    valid = study.tables["turnout"].set_index(["round", "source", "ratee_id"])["valid"]
    assert (votes <= valid[votes.index].to_numpy()).all()


def test_the_promised_cases_are_there(tables, ratees):
    ratings, members, posts = tables["ratings"], tables["members"], tables["posts"]
    rated = set(ratings["ratee_id"])
    exempt = members[members["exempt"].str.contains("rating")]
    assert list(exempt["category"]) == ["retired", "retired"]
    assert list(exempt["exempt"]) == ["rating", "rating|satisfaction"]
    assert list(members.loc[members["exempt"] == "satisfaction", "category"]) == ["cadre"]
    dual = posts["member_id"].iloc[0]
    assert list(posts["share"]) == ["0.6", "0.4"]
    assert posts["category"].nunique() == posts["unit_id"].nunique() == 2
    silent = members[members["unit_id"] == "B02"]["member_id"].iloc[-1]
    assert set(ratees.index) - rated == {silent, dual, *exempt["member_id"]}
    assert set(members["category"]) == {"cadre", "office", "farmer", "retired"}
    public = set(ratings.query("source == 'public' and round == '2026H1'")["ratee_id"])
    assert 0.01 < 1 - len(public) / len(rated) < 0.1
    blank = ratings.groupby("source")["value"].agg(lambda values: (values == "").mean())
    assert blank["self"] == 0
    assert (blank.drop("self") > 0).all()
    assert {"弃权", "不了解"} <= set(ratings["value"])
    assert set(RARE) <= set("".join(members["name"]))


def test_the_smallest_branch_has_too_few_of_the_public(tables, ratees):
    assert tables["members"]["unit_id"].value_counts().idxmin() == "B12"
    public = tables["ratings"].query("source == 'public'")
    public = public.assign(unit_id=public["ratee_id"].map(ratees["unit_id"]))
    few = public[public["unit_id"] == "B12"]
    assert few.groupby("round")["rater_id"].nunique().max() < 5
    assert set(few.groupby(["round", "ratee_id"])["rater_id"].nunique()) <= {2, 3, 4}
    others = public[public["unit_id"] != "B12"]
    assert others.groupby(["round", "ratee_id"])["rater_id"].nunique().between(8, 20).all()
    assert others.groupby("rater_id")["ratee_id"].nunique().between(1, 3).all()
    assert not others[["rater_id", "unit_id"]].drop_duplicates().duplicated("rater_id").any()


def test_some_members_agree_in_everything(tables, ratees):
    answers = tables["ratings"].groupby("ratee_id")[["round", "source", "indicator", "value"]].agg(tuple)
    cells = [sorted(zip(*row, strict=True)) for row in answers.to_numpy()]
    alike = pd.Series([str(cell) for cell in cells], answers.index).pipe(
        lambda found: found[found.duplicated(keep=False)]
    )
    assert sorted(set(ratees.loc[alike.index, "unit_id"])) == ["B01", "B06", "B07", "B08", "B10"]
    assert len(alike) == 10
    assert len(ratees.loc[alike.index].assign(answers=alike).drop_duplicates()) == 5


def test_no_name_lies_within_another():
    made = simulate(units=50, members=3000, rounds=["2026H1"]).tables
    names = [*made["members"]["name"], *made["units"]["name"]]
    assert len(set(names)) == len(names)
    parts = {
        name[i:j] for name in names for i in range(len(name)) for j in range(i + 1, len(name) + 1) if j - i < len(name)
    }
    assert not parts & set(names)


def test_where_there_are_no_more_places_branches_are_numbered():
    names = town._branches(10_000)["name"]
    assert names.is_unique
    assert not names[:2000].str.contains("第[2-9]").any()
    assert names.iloc[-1] == "七店第5离退休党支部"


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_truth_is_the_mean_of_very_many_ratings(source):
    views = np.random.default_rng(1).normal(76 + source.bias, source.spread, 400_000)
    score = np.array(source.scale.points)[np.searchsorted(source.scale.cuts, views, side="right")]
    expected = module._expected(np.array([76.0 + source.bias]), source.scale, source.spread)[0]
    assert abs(score.mean() - expected) < 4 * score.std() / np.sqrt(len(score))


def test_truth_of_a_cell_is_the_mean_of_its_raters(monkeypatch):
    monkeypatch.setattr(town, "LARGEST", 1000)  # a branch of 300 that votes as one
    made = simulate(units=1, members=300, rounds=["2026H1"])
    cells = points(made.tables["ratings"].query("source == 'peer'").astype(str)).groupby(CELL)["points"]
    cells = cells.agg(["mean", "sem", "size"]).join(made.truth.set_index(CELL))
    error = (cells["mean"] - cells["expected"]) / cells["sem"]
    assert cells["size"].min() > 200
    assert abs(error.iloc[0]) < 4
    assert (error.abs() < 4).mean() > 0.995


def test_a_rater_s_errors_move_together():
    made = simulate(units=20, members=2000, rounds=["2026H1"])
    team = points(made.tables["ratings"].query("source == 'team'").astype(str)).merge(made.truth, on=CELL)
    error = team.assign(error=team["points"] - team["expected"])
    error = error.pivot_table("error", ["ratee_id", "rater_id"], "indicator", observed=True)
    between = error.corr().to_numpy()[np.triu_indices(6, 1)]
    assert between.mean() == pytest.approx(0.7, abs=0.05)


def test_the_public_is_harsher(study):
    means = study.truth.query("indicator != 'integrity'").groupby("source")["expected"].mean()
    assert 8 < means["team"] - means["public"] < 14
    assert means["self"] > means["peer"]


def test_large_branches_vote_in_groups():
    made = simulate(units=2, members=200, rounds=["2026H1"])
    peers = made.tables["turnout"].query("source == 'peer' and ratee_id != ''")
    assert peers["eligible"].between(6, 14).mean() > 0.9


def test_rounds_of_a_year_are_combined():
    scheme = simulate(units=1, members=10, rounds=["2025H2", "2026H1", "2026H2"]).scheme
    assert '"2026": {combine: {2026H1: 0.4, 2026H2: 0.6}, scheme: scheme-2026.yaml}' in scheme
    assert '"2025"' not in scheme
    assert scheme.count("scheme: scheme-2026H1.yaml") == 2


@pytest.mark.parametrize(
    "options",
    [
        {"units": 1, "members": 10, "rounds": ["2026H2"]},
        {"units": 1, "members": 10, "rounds": ["2025H2", "2026H1", "2026H2"]},
        {"units": 7, "members": 70, "rounds": ["2026H2", "2026H1"]},
        {"units": 30, "members": 300, "rounds": ["2026H1"]},
        {"units": 40, "members": 160, "rounds": ["2026H1", "2026H2"]},
    ],
)
def test_a_study_of_any_size_and_rounds_has_no_fault(options, tmp_path):
    write(simulate(seed=3, **options), tmp_path)
    study = tk.read_study(tmp_path)
    assert len(study.members) == options["members"]
    assert not any(getattr(study, name).empty for name in ("points", "satisfaction", "measures", "decisions"))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"units": 0}, "units: 0"),
        ({"units": 30, "members": 119}, "at least 4 per unit, here 120"),
        ({"rounds": ["spring"]}, "half-years such as 2026H1"),
        ({"rounds": []}, "half-years"),
    ],
)
def test_what_cannot_be_simulated_is_said(wrong, message):
    with pytest.raises(ValueError, match=message):
        simulate(**wrong)

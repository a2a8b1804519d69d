"""What is hidden cannot be computed from what a unit's own page shows: an attack by linear algebra.

A reader knows the scheme. He writes every shown number as a weighted sum of what he does not know, the mean that each
member has from each source on each indicator, and solves.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import toolkit as tk
from toolkit.reporting.cutting import cut

EXAMPLES = Path(__file__).parents[2] / "surveys"
TREE = {"": {"virtue": 0.4, "results": 0.4, "integrity": 0.2}, "results": {"delivery": 0.6, "service": 0.4}}
LEAVES = ("virtue", "delivery", "service", "integrity")
NODES = {"": LEAVES, **{leaf: (leaf,) for leaf in LEAVES}, "results": ("delivery", "service")}
ALL = frozenset(LEAVES)
SCHEME = """
title: t
language: en
rounds: {r: {}}
scales: {s: {low: 0, high: 100}}
sources: {%s}
indicators:
  virtue: {weight: 0.4, sources: [%s]}
  results:
    weight: 0.4
    items: {delivery: {weight: 0.6, sources: [%s]}, service: {weight: 0.4, sources: [%s]}}
  integrity: {weight: 0.2, sources: [%s]}
first: %s
missing: {min_coverage: 0}
"""


@dataclass(frozen=True)
class Source:
    weight: float
    raters: int
    asked: frozenset = ALL
    attributed: bool = False


SUPERIOR = Source(0.3, 1, attributed=True)
# every case has one source, or two, with fewer than 5 raters
CASES = {
    "public not asked everything": {
        "superior": SUPERIOR,
        "peer": Source(0.3, 6),
        "public": Source(0.4, 4, ALL - {"integrity"}),
    },
    "peers not asked everything": {
        "superior": SUPERIOR,
        "peer": Source(0.3, 6, ALL - {"service"}),
        "public": Source(0.4, 4),
    },
    "each asked something else": {
        "superior": SUPERIOR,
        "peer": Source(0.3, 6, frozenset({"virtue", "integrity"})),
        "public": Source(0.4, 4, frozenset({"virtue", "service"})),
    },
    "everybody asked everything": {"superior": SUPERIOR, "peer": Source(0.3, 6), "public": Source(0.4, 4)},
    "no superior": {"peer": Source(0.5, 6), "public": Source(0.5, 4, frozenset({"service"}))},
    "two with few raters": {"superior": SUPERIOR, "peer": Source(0.3, 3, ALL - {"virtue"}), "public": Source(0.4, 4)},
    "a fourth source": {
        "superior": SUPERIOR,
        "peer": Source(0.2, 6),
        "public": Source(0.3, 4, ALL - {"integrity"}),
        "panel": Source(0.2, 8),
    },
    "a source of no weight": {"superior": SUPERIOR, "public": Source(0.7, 4, ALL - {"virtue"}), "idle": Source(0, 9)},
    "a self that weighs": {"superior": SUPERIOR, "peer": Source(0.3, 6), "self": Source(0.4, 1, attributed=True)},
    "names of columns": {"label": SUPERIOR, "all": Source(0.3, 6), "score": Source(0.4, 4)},
    "a source alone": {"public": Source(1, 4)},
    "alone but for what weighs nothing": {"public": Source(1, 4), "idle": Source(0, 9)},
}
MEMBERS = [f"m{place}" for place in range(4)]


def make_study(folder, sources, first, skip=()):
    """Unit `u` of four members, every one of them rated by all the raters of every source but for (member, source)."""
    rng = np.random.default_rng(7)
    stated = (
        f"{name}: {{scale: s, weight: {one.weight}, attributed: {one.attributed}}}" for name, one in sources.items()
    )
    asked = [", ".join(name for name, one in sources.items() if leaf in one.asked) for leaf in LEAVES]
    (folder / "scheme.yaml").write_text(SCHEME % (", ".join(stated).lower(), *asked, first), encoding="utf-8")
    pd.DataFrame({"unit_id": ["u"], "name": ["U"]}).to_csv(folder / "units.csv", index=False)
    people = pd.DataFrame({"member_id": MEMBERS, "name": MEMBERS, "unit_id": "u", "category": ""})
    people.to_csv(folder / "members.csv", index=False)
    rows = [
        ("r", member, name, "" if name == "self" else f"{name}{rater}", leaf, rng.integers(0, 101))
        for name, source in sources.items()
        for member in MEMBERS
        for rater in range(source.raters)
        for leaf in sorted(source.asked)
        if (member, name) not in skip
    ]
    columns = ["round", "ratee_id", "source", "rater_id", "indicator", "value"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "ratings.csv", index=False)
    return tk.read_study(folder)


@dataclass(frozen=True)
class Attack:
    """The unknowns are the means of (member, source, leaf), in this order."""

    sources: dict
    first: str

    def unknown(self, member, source, leaf):
        place = (MEMBERS.index(member) * len(self.sources) + list(self.sources).index(source)) * len(LEAVES)
        row = np.zeros(len(MEMBERS) * len(self.sources) * len(LEAVES))
        row[place + LEAVES.index(leaf)] = 1
        return row

    def of_source(self, member, source, node):
        """A source's mean of a node, over what it was asked below."""
        if node not in TREE:
            return self.unknown(member, source, node)
        asked = [child for child in TREE[node] if self.sources[source].asked & set(NODES[child])]
        return self.mean([(TREE[node][child], self.of_source(member, source, child)) for child in asked])

    def of_all(self, member, node):
        """The mean of all sources, in the scheme's order."""
        if self.first == "indicator" or node not in TREE:
            asked = [name for name, source in self.sources.items() if source.asked & set(NODES[node])]
            return self.mean([(self.sources[name].weight, self.of_source(member, name, node)) for name in asked])
        seen = [child for child in TREE[node] if self.weighs(child)]
        return self.mean([(TREE[node][child], self.of_all(member, child)) for child in seen])

    def weighs(self, node):
        return any(source.weight and source.asked & set(NODES[node]) for source in self.sources.values())

    @staticmethod
    def mean(parts):
        return sum(weight * row for weight, row in parts) / sum(weight for weight, _ in parts)

    def of_unit(self, source, node):
        rows = [self.of_source(member, source, node) if source else self.of_all(member, node) for member in MEMBERS]
        return np.mean(rows, axis=0)

    def equations(self, view):
        """Every number of a slice that is made of ratings, as (row, number)."""
        for source, means in {"": view.matrix["score"], **view.by_source}.items():
            for indicator, mean in zip(view.matrix["indicator"], means, strict=True):
                if not np.isnan(mean):
                    yield self.of_unit(source, indicator), mean
        for row in view.league.dropna(subset="score").to_dict("records"):
            yield self.of_all(row["member_id"], ""), row["score"]
        if view.facts["score"] is not None:
            yield self.of_unit("", ""), view.facts["score"]
        for score in view.units.loc[view.units["own"].astype(bool), "score"]:
            yield self.of_unit("", ""), score

    def finds(self, rows, wanted):
        """Whether a weighted sum of the unknowns follows from others."""
        if not len(rows):
            return False
        weights, *_ = np.linalg.lstsq(np.array(rows).T, wanted, rcond=None)
        return bool(np.allclose(np.array(rows).T @ weights, wanted, atol=1e-9))


@pytest.fixture(scope="module", params=[(case, first) for case in CASES for first in ("indicator", "source")], ids=str)
def attack(request):
    case, first = request.param
    return Attack(CASES[case], first)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("study")


@pytest.fixture(scope="module")
def view(attack, folder):
    study = make_study(folder, attack.sources, attack.first)
    return cut(study, tk.score(study), "u", "r")


def test_the_attacker_knows_how_the_numbers_are_made(attack, view, folder):
    """His equations hold for the true means, to the digit that is printed."""
    ratings = pd.read_csv(folder / "ratings.csv").groupby(["ratee_id", "source", "indicator"])["value"].mean()
    truth = sum(
        ratings[member, name, leaf] * attack.unknown(member, name, leaf)
        for member in MEMBERS
        for name, source in attack.sources.items()
        for leaf in source.asked
    )
    for row, number in attack.equations(view):
        assert row @ truth == pytest.approx(number, abs=0.0501)


def test_what_few_have_said_is_not_found(attack, view):
    few = [name for name, one in attack.sources.items() if one.raters < 5 and (not one.attributed or name == "self")]
    assert set(few) <= set(view.hidden["label"])
    rows = [row for row, _ in attack.equations(view)]
    for source in few:
        nodes = [node for node, leaves in NODES.items() if attack.sources[source].asked & set(leaves)]
        for node in nodes:
            assert not attack.finds(rows, attack.of_unit(source, node)), f"{source} {node} of the unit"
            for member in MEMBERS:
                assert not attack.finds(rows, attack.of_source(member, source, node)), f"{source} {node} of {member}"


def test_one_number_more_and_the_public_is_found(folder):
    """The peers alone were asked of integrity; its mean would give theirs, and with the composite the public's."""
    attack = Attack(CASES["public not asked everything"], "indicator")
    study = make_study(folder, attack.sources, attack.first)
    rows = [row for row, _ in attack.equations(cut(study, tk.score(study), "u", "r"))]
    public = attack.of_unit("public", "")
    assert not attack.finds(rows, public)
    assert attack.finds([*rows, attack.of_unit("", "integrity")], public)


def test_what_is_shown_is_as_much_as_can_be(attack, view):
    """Where a second source protects the first, the composite stays."""
    if sum(source.weight > 0 for source in attack.sources.values()) > 1:
        assert view.facts["score"] > 0
        assert view.league["score"].notna().all()


def test_a_source_that_does_not_count_hides_no_mean_of_all(tmp_path):
    sources = {"superior": SUPERIOR, "peer": Source(0.7, 6), "idle": Source(0, 2, frozenset({"virtue"}))}
    study = make_study(tmp_path, sources, "indicator")
    view = cut(study, tk.score(study), "u", "r")
    assert view.hidden.to_dict("records") == [{"label": "idle", "reason": "few"}]
    assert view.matrix["score"].notna().all()


# A member whom a few raters of one source alone have rated ------------------------------------------------------

ENOUGH = {"superior": SUPERIOR, "peer": Source(0.3, 6), "public": Source(0.4, 5)}


@pytest.fixture(scope="module")
def lonely(tmp_path_factory):
    """Everybody is rated by everybody, but m1 by three of the peers alone."""
    folder = tmp_path_factory.mktemp("lonely")
    make_study(folder, ENOUGH, "indicator", skip=[("m1", "superior"), ("m1", "public")])
    ratings = pd.read_csv(folder / "ratings.csv")
    few = (ratings["ratee_id"] != "m1") | ratings["rater_id"].isin(["peer0", "peer1", "peer2"])
    ratings[few].to_csv(folder / "ratings.csv", index=False)
    study = tk.read_study(folder)
    return cut(study, tk.score(study), "u", "r")


def test_such_a_score_is_withheld_and_another_with_it(lonely):
    """The other (all have one superior: the first of them) keeps the unit's mean from giving the first away."""
    league = lonely.league.set_index("member_id")
    assert league["status"].to_dict() == {"m0": "withheld", "m1": "withheld", "m2": "scored", "m3": "scored"}
    assert league.loc[["m0", "m1"], ["score", "low", "high", "rank"]].isna().all(axis=None)
    assert league.loc[["m2", "m3"], "score"].notna().all()
    assert league.loc[["m2", "m3"], "rank"].tolist() == [2, 1]  # no place is left open for the others
    assert lonely.facts["scored"] == 4
    # the sheets of the others are shown: less what they say, the mean would be the score of the first
    assert lonely.facts["score"] is None


def test_it_is_in_no_table(lonely):
    rows = {row[1]: row for row in tk.tables.league(lonely).rows}
    assert rows["m1"] == (tk.tables.DASH, "m1", tk.tables.DASH, tk.tables.DASH, "not shown to protect raters")
    assert "what a few raters have said: 2." in tk.prose.hidden(lonely).markdown


def test_an_attributed_source_alone_may_be_shown(tmp_path):
    skip = [(member, source) for member in MEMBERS for source in ("peer", "public")]
    study = make_study(tmp_path, ENOUGH, "indicator", skip)
    view = cut(study, tk.score(study), "u", "r")
    assert view.league["score"].notna().all()
    assert view.hidden.empty


def test_a_unit_that_must_hide_its_mean_is_missing_from_the_other_reports(tmp_path):
    make_study(tmp_path, {"public": Source(1, 4)}, "indicator")
    units = pd.DataFrame({"unit_id": ["u", "v", "top"], "name": ["U", "V", "Top"], "parent_id": ["top", "top", None]})
    units.to_csv(tmp_path / "units.csv", index=False)
    people = pd.read_csv(tmp_path / "members.csv").assign(unit_id=["u", "u", "v", "v"])
    people.to_csv(tmp_path / "members.csv", index=False)
    ratings = pd.read_csv(tmp_path / "ratings.csv")
    more = ratings.assign(rater_id=ratings["rater_id"] + "x")[ratings["ratee_id"].isin(["m2", "m3"])]
    pd.concat([ratings, more]).to_csv(tmp_path / "ratings.csv", index=False)
    study = tk.read_study(tmp_path)
    scores = tk.score(study)
    assert cut(study, scores, "u", "r").facts["score"] is None
    assert cut(study, scores, "v", "r").units.empty
    for unit in ("top", ""):
        view = cut(study, scores, unit, "r")
        assert view.facts["score"] > 0
        # the top less the other would be it
        assert view.children.set_index("unit_id")["score"][["u", "v"]].isna().all()


# Units: what is hidden of one must not follow from the others ------------------------------------------------------


@pytest.fixture(scope="module")
def branches(tmp_path_factory):
    """Four branches of a member each; three peers alone have rated the first, and everybody the others."""
    folder = tmp_path_factory.mktemp("branches")
    make_study(folder, ENOUGH, "indicator", skip=[("m0", "superior"), ("m0", "public")])
    units = pd.DataFrame({"unit_id": ["top", *"abcd"], "name": ["Top", *"ABCD"], "parent_id": [None, *["top"] * 4]})
    units.to_csv(folder / "units.csv", index=False)
    pd.read_csv(folder / "members.csv").assign(unit_id=[*"abcd"]).to_csv(folder / "members.csv", index=False)
    ratings = pd.read_csv(folder / "ratings.csv")
    few = (ratings["ratee_id"] != "m0") | ratings["rater_id"].isin(["peer0", "peer1", "peer2"])
    ratings[few].to_csv(folder / "ratings.csv", index=False)
    study = tk.read_study(folder)
    return study, tk.score(study)


@pytest.mark.parametrize("unit", ["top", ""])
def test_a_hidden_unit_is_not_what_the_others_leave_of_their_parent(branches, unit):
    """Whoever has all reports has the other three: the mean of the four must go."""
    view = cut(*branches, unit, "r")
    assert view.facts["score"] is None
    shown = view.children.set_index("unit_id")["score"].notna()
    assert shown[[*"abcd"]].to_dict() == {"a": False, "b": True, "c": True, "d": True}
    hidden = int((~shown).sum())
    told = f"Units whose mean is not shown, since it would tell what a few raters have said: {hidden}."
    assert told in tk.prose.hidden(view).markdown


def test_the_other_units_have_their_mean_in_their_own_report(branches):
    assert [cut(*branches, unit, "r").facts["score"] is None for unit in "abcd"] == [True, False, False, False]


def test_the_overview_draws_the_units_without_others_below(branches):
    view = cut(*branches, "", "r")
    assert view.units["score"].tolist() == sorted(view.children["score"].dropna(), reverse=True)


# Rounds with schemes of their own -----------------------------------------------------------------------------------

YEAR = """
title: t
language: en
rounds: {one: {}, two: {scheme: two.yaml}, year: {combine: {one: 1/3, two: 2/3}}}
scales: {s: {low: 0, high: 100}}
sources:
  superior: {scale: s, weight: 0.5, attributed: true}
  peer: {scale: s, weight: 0.5}
"""
TWO = """
sources:
  superior: {scale: s, weight: 0.3, attributed: true}
  peer: {scale: s, weight: 0.3}
  panel: {label: The panel, scale: s, weight: 0.4}
"""


@pytest.fixture(scope="module")
def year(tmp_path_factory):
    """A panel of two joins in the second round."""
    folder = tmp_path_factory.mktemp("year")
    make_study(folder, ENOUGH, "indicator")
    (folder / "scheme.yaml").write_text(YEAR, encoding="utf-8")
    (folder / "two.yaml").write_text(TWO, encoding="utf-8")
    rng = np.random.default_rng(3)
    rows = [
        (turn, member, source, f"{source}{rater}", "overall", rng.integers(0, 101))
        for turn, sources in {"one": {"superior": 1, "peer": 6}, "two": {"superior": 1, "peer": 6, "panel": 2}}.items()
        for member in MEMBERS
        for source, raters in sources.items()
        for rater in range(raters)
    ]
    columns = ["round", "ratee_id", "source", "rater_id", "indicator", "value"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "ratings.csv", index=False)
    study = tk.read_study(folder)
    return cut(study, tk.score(study), "u", "year")


def test_a_source_of_one_round_is_hidden_in_the_year_too(year):
    assert year.hidden.to_dict("records") == [
        {"label": "The panel", "reason": "few"},
        {"label": "peer", "reason": "complement"},
    ]
    assert list(year.by_source) == ["superior"]


def test_every_round_of_a_year_has_its_weights(year):
    assert tk.tables.weights(year).plain().splitlines()[1:] == [
        "Round  Category     superior  peer  The panel",
        "one    All members       50%   50%          —",
        "two    All members       30%   30%        40%",
    ]
    assert tk.tables.effective(year) is None
    assert [row["percent"] for row in year.method["combine"]] == [33.33, 66.67]  # as printed


def test_without_indicators_grades_and_categories_nothing_is_said_of_them(year):
    assert [title for title, _ in tk.tables.league(year).columns] == [
        "Place",
        "Name",
        "Score",
        "95% interval",
        "Remark",
    ]
    assert tk.tables.league(year).note == "Equal scores share a place."
    assert tk.prose.method(year).markdown.startswith("- The sources are averaged by their weights.\n")


# A self that weighs -------------------------------------------------------------------------------------------------


def test_that_self_ratings_weigh_is_said(make_view):
    view = make_view()
    weights = [{"round": "", "category": "", "weights": {"superior": 60.0, "self": 40.0}}]
    assert tk.tables.selves(view).note.endswith("weigh nothing in the score.")
    weighing = make_view(method={**view.method, "weights": weights})
    assert tk.tables.selves(weighing).note.endswith("They weigh in the score, which stands here for the others.")


# A source that holds others -----------------------------------------------------------------------------------------


def test_superiors_known_by_name_do_not_hide_those_beside_them_in_a_source():
    """Three leaders, known by name, are no secret; six of the staff and five of the group are enough."""
    study = tk.read_study(EXAMPLES / "office")
    view = cut(study, tk.score(study), "G1", "2026")
    assert view.facts["score"] > 0
    assert view.hidden.empty
    assert set(view.league["status"]) == {"scored", "unrated"}

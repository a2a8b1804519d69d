"""What a scheme says: points, weights, who is asked what, labels, and other weights."""

from fractions import Fraction

import numpy as np
import pytest
from pydantic import ValidationError

from toolkit.faults import UsageError
from toolkit.fields import exact
from toolkit.scheme import Scale, Scheme

VOTE = {
    "levels": {"优秀": 100, "合格": 80, "基本合格": 60, "不合格": 10},
    "codes": {1: "优秀", 2: "合格", 9: "不了解"},
    "blank": ["弃权", "不了解"],
}


def scheme(**parts):
    plain = {
        "title": "t",
        "rounds": {"2026": {}},
        "scales": {"vote": VOTE},
        "sources": {
            "superior": {
                "weight": 0.3,
                "scale": "vote",
                "attributed": True,
                "trim": {"drop": 1, "above": 4},
                "items": {"leader": {"weight": 0.4}, "team": {"weight": 0.6, "attributed": False, "min": 2}},
            },
            "peer": {"weight": 0.3, "scale": "vote"},
            "public": {"weight": 0.4, "scale": "vote", "label": {"zh": "群众", "en": "The public"}},
        },
        "indicators": {
            "virtue": {"weight": 0.5, "label": "德"},
            "results": {
                "weight": 0.5,
                "sources": ["superior", "public"],
                "items": {"delivery": {"sources": ["leader", "peer", "public"]}, "service": {}},
            },
        },
        "categories": {
            "cadre": {"sources": {"superior": 0.5, "peer": 0.5}, "label": "干部"},
            "farmer": {"indicators": {"delivery": 1}, "sources": {"leader": 1}},
        },
    }
    return Scheme.model_validate(plain | parts)


@pytest.mark.parametrize(
    ("value", "fraction"),
    [
        (0.3, Fraction(3, 10)),
        ("1/3", Fraction(1, 3)),
        ("1 / 3", Fraction(1, 3)),
        ("30%", Fraction(3, 10)),
        ("12.5 %", Fraction(1, 8)),
        (40, Fraction(40)),
        (0, Fraction(0)),
        (1e-05, Fraction(1, 100_000)),
        (np.float64(0.6), Fraction(3, 5)),
        (Fraction(2, 3), Fraction(2, 3)),
    ],
)
def test_a_weight_is_the_number_that_was_written(value, fraction):
    assert exact(value) == fraction


@pytest.mark.parametrize(
    "value", ["", "x", "-0.1", -0.1, "1/0", True, None, float("nan"), float("inf"), "0,3", "３０%"]
)
def test_what_is_no_weight(value):
    with pytest.raises(ValueError, match="must be a number, fraction or percentage"):
        exact(value)


@pytest.mark.parametrize(
    ("value", "points", "reverse"),
    [
        ("优秀", 100, 10),
        ("不合格", 10, 100),
        ("合格", 80, 30),
        ("1", 100, 10),
        ("2.0", 80, 30),  # a code as Excel writes it
        (" 2.00 ", 80, 30),
        ("弃权", None, None),
        ("9", None, None),
        ("", None, None),
    ],
)
def test_points_of_levels(value, points, reverse):
    scale = Scale.model_validate(VOTE)
    assert scale.points(value) == points
    assert scale.points(value, reverse=True) == reverse


@pytest.mark.parametrize("value", ["3", "2.5", "良好", "100", "1.0x", "-1"])
def test_a_number_that_is_no_code_is_no_answer(value):
    with pytest.raises(
        ValueError, match=r"must be one of the levels 优秀, .* or a code: 1, 2, 9, or blank: 弃权, 不了解"
    ):
        Scale.model_validate(VOTE).points(value)


@pytest.mark.parametrize(
    ("scale", "value", "points"),
    [
        ({"low": 1, "high": 5}, "1", 0),
        ({"low": 1, "high": 5}, "4", 75),
        ({"low": 1, "high": 5}, "4.0", 75),
        ({"low": 1, "high": 5}, "3.5", 62.5),
        ({"low": 0, "high": 100}, "8.05", 8.05),
        ({"low": -2, "high": 2}, "-1", 25),
        ({"low": 1, "high": 5, "map": "share"}, "4", 80),
        ({"low": 0, "high": 10, "map": "share"}, ".5", 5),
        ({"low": 0, "high": 100, "blank": ["99"]}, "99", None),
    ],
)
def test_points_of_numbers(scale, value, points):
    assert Scale.model_validate(scale).points(value) == points


def test_reverse_mirrors_within_the_scale():
    assert Scale(low=1, high=5).points("4", reverse=True) == 25
    assert Scale(low=1, high=5, map="share").points("4", reverse=True) == 40


@pytest.mark.parametrize("value", ["0.9", "5.1", "x", "nan", "inf", "1_0", "1e0", "０", "85%", "1,5", "优秀"])
def test_what_is_no_number_of_a_scale(value):
    with pytest.raises(ValueError, match=r"must be a number from 1 to 5$"):
        Scale(low=1, high=5).points(value)


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        ({}, "either levels or both"),
        ({"low": 1}, "either levels or both"),
        ({"levels": {"a": 1}, "high": 5}, "either levels or both"),
        ({"levels": {"a": 1}, "low": 1, "high": 5}, "either levels or both"),
        ({"low": 5, "high": 5}, "low is 5, must be below high, 5"),
        ({"low": -1, "high": 5, "map": "share"}, "low is -1, must be at least 0 for map: share"),
        ({"levels": {}}, "must not be empty"),
        ({"levels": {"a": 101, "b": -1, "c": 5}}, "within 0-100: a = 101, b = -1"),
        ({"levels": {"a": 1}, "codes": {1: "b"}}, "levels that do not exist: b"),
        ({"levels": {"a": 1, "b": 2}, "blank": ["b"]}, "either a level, a code or a blank answer: b"),
        ({"levels": {"1": 1, "2": 2}, "codes": {1: "2"}}, "either a level, a code or a blank answer: 1"),
        ({"low": 0, "high": float("inf")}, "finite"),
    ],
)
def test_what_is_no_scale(scale, message):
    with pytest.raises(ValidationError, match=message):
        Scale.model_validate(scale)


def test_items_inherit_what_they_do_not_say():
    leaves = scheme().leaf_sources
    assert list(leaves) == ["leader", "team", "peer", "public"]
    leader, team = leaves["leader"], leaves["team"]
    assert (leader.scale, leader.attributed, leader.trim.above, leader.min) == ("vote", True, 4, None)
    assert (team.scale, team.attributed, team.trim.above, team.min) == ("vote", False, 4, 2)
    assert leaves["peer"].attributed is None


def test_weights_are_shares_of_the_parent():
    weights = scheme().source_weights()
    assert weights["public"] == Fraction(2, 5)
    assert weights["team"] == Fraction(3, 5)
    assert scheme().indicator_weights()["service"] == Fraction(1, 2)  # siblings without weights weigh the same
    thirds = {name: {"weight": "1/3", "scale": "vote"} for name in "abc"}
    assert set(scheme(sources=thirds).source_weights().values()) == {Fraction(1, 3)}
    hundred = {"a": {"weight": 30}, "b": {"weight": "70"}}
    assert scheme(indicators=hundred).indicator_weights() == {"a": Fraction(3, 10), "b": Fraction(7, 10)}


def test_an_override_replaces_a_whole_set_of_siblings():
    cadre, farmer = scheme().source_weights("cadre"), scheme().source_weights("farmer")
    assert (cadre["superior"], cadre["peer"], cadre["public"]) == (Fraction(1, 2), Fraction(1, 2), 0)
    assert (cadre["leader"], cadre["team"]) == (Fraction(2, 5), Fraction(3, 5))  # another set of siblings
    assert (farmer["leader"], farmer["team"], farmer["public"]) == (1, 0, Fraction(2, 5))
    indicators = scheme().indicator_weights("farmer")
    assert (indicators["delivery"], indicators["service"], indicators["virtue"]) == (1, 0, Fraction(1, 2))
    assert scheme().source_weights("unknown") == scheme().source_weights()


def test_who_is_asked_what():
    # leader, team, peer, public by virtue, delivery, service; what a parent is not asked its items are not either
    assert scheme().asked.astype(int).tolist() == [[1, 1, 1], [1, 0, 1], [1, 0, 0], [1, 1, 1]]


def test_labels_in_the_language_there_is():
    rules = scheme(labels={"优秀": {"zh": "优秀", "en": "Excellent"}}, rounds={"2026": {"label": {"en": "The year"}}})
    assert rules.label("public") == "群众"
    assert rules.label("public", "en") == "The public"
    assert rules.label("virtue", "en") == "德"
    assert rules.label("优秀", "en") == "Excellent"
    assert rules.label("2026") == "The year"
    assert rules.label("cadre") == "干部"
    assert rules.label("unheard of") == "unheard of"


def test_names_and_labels_may_be_written_as_numbers_and_dates():
    rules = scheme(title=2026, rounds={2026: {"label": 2026}})
    assert rules.title == "2026"
    assert list(rules.rounds) == ["2026"]
    assert rules.label("2026") == "2026"


def test_reweighted_keeps_proportions_and_the_sum_in_every_category():
    louder = scheme().reweighted(public=0.6)
    assert {name: louder.source_weights()[name] for name in ("superior", "peer", "public")} == {
        "superior": Fraction(1, 5),
        "peer": Fraction(1, 5),
        "public": Fraction(3, 5),
    }
    assert louder.source_weights()["leader"] == Fraction(2, 5)
    cadre = louder.source_weights("cadre")
    assert (cadre["superior"], cadre["peer"], cadre["public"]) == (Fraction(1, 5), Fraction(1, 5), Fraction(3, 5))
    farmer = louder.source_weights("farmer")
    assert (farmer["public"], farmer["leader"]) == (Fraction(3, 5), 1)
    assert scheme().reweighted(leader=1).source_weights("farmer")["leader"] == 1
    assert scheme().source_weights()["public"] == Fraction(2, 5)  # the scheme itself stays as it is


def test_reweighted_acts_on_several_in_turn():
    both = scheme().reweighted(public="1/2", peer=0.2).source_weights()
    assert both["peer"] == Fraction(1, 5)
    assert both["superior"] + both["public"] == Fraction(4, 5)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"publik": 0.5}, "'publik', must be one of superior, peer, public, leader, team .nearest: public."),
        ({"public": 1.5}, "public weighs 1.5, must be at most 1"),
        ({"public": -1}, "must be a number, fraction or percentage"),
        ({"leader": 0.5}, "leader weighs 0.5, must be 1: its siblings have no weight to share"),
    ],
)
def test_reweighted_says_what_it_cannot_do(weights, message):
    with pytest.raises(ValueError, match=message):
        scheme().reweighted(**weights)


def test_a_scheme_does_not_change():
    with pytest.raises(ValidationError):
        scheme().language = "en"


def test_what_is_given_stands_and_the_others_share_the_rest():
    found = scheme().reweighted({"public": 0.5, "superior": 0.2}, team=0.9).source_weights()
    assert {name: found[name] for name in ("superior", "peer", "public", "leader", "team")} == {
        "superior": Fraction(1, 5),
        "peer": Fraction(3, 10),
        "public": Fraction(1, 2),
        "leader": Fraction(1, 10),  # another set of siblings
        "team": Fraction(9, 10),
    }


def test_a_whole_set_of_siblings_is_given_as_shares_or_per_cent():
    shares = scheme().reweighted(superior=0.2, peer="30%", public="1/2")
    assert shares.source_weights() == scheme().reweighted(superior=20, peer=30, public=50).source_weights()
    assert shares.source_weights("cadre")["public"] == Fraction(1, 2)
    thirds = scheme().reweighted(superior=1 / 3, peer=1 / 3, public=1 / 3).source_weights()
    assert thirds["peer"] == Fraction(1, 3)  # as floats they sum to nearly 1


def test_weights_of_all_that_weigh_leave_nothing_to_a_sibling_without_weight():
    sources = {name: {"weight": weight, "scale": "vote"} for name, weight in {"a": 0.6, "b": 0.4, "self": 0}.items()}
    found = scheme(sources=sources, categories={}, indicators={}).reweighted(a=0.1 + 0.2, b=0.7).source_weights()
    assert (sum(found.values()), found["self"]) == (1, 0)


def test_indicators_are_reweighted_in_every_category():
    found = scheme().reweighted(indicators={"service": 0.25, "virtue": "30%"})
    assert found.indicator_weights()["delivery"] == Fraction(3, 4)
    assert found.indicator_weights()["results"] == Fraction(7, 10)
    assert found.indicator_weights("farmer")["service"] == Fraction(1, 4)
    assert found.source_weights() == scheme().source_weights()


def test_along_the_odds_categories_move_alike():
    rules = scheme(categories={"cadre": {"sources": {"superior": 0.5, "peer": 0.3, "public": 0.2}}})
    found = rules.reweighted(public=0.5, along="odds")  # the odds were 2/3 and are 1: one and a half times as much
    assert found.source_weights()["public"] == Fraction(1, 2)
    cadre = found.source_weights("cadre")
    assert cadre["public"] / (1 - cadre["public"]) == Fraction(1, 4) * Fraction(3, 2)
    assert cadre["superior"] / cadre["peer"] == Fraction(5, 3)
    assert sum(cadre[name] for name in ("superior", "peer", "public")) == 1


def test_along_the_odds_all_or_nothing_stays():
    found = scheme().reweighted(public=0.5, leader=0.5, along="odds")
    assert found.source_weights("cadre")["public"] == 0
    assert found.source_weights("farmer")["leader"] == 1
    ends = [scheme().reweighted(public=end, along="odds").source_weights()["public"] for end in (0, 1)]
    assert ends == [0, 1]


@pytest.mark.parametrize("along", ["weight", "odds"])
def test_a_weight_that_is_the_present_one_changes_nothing(along):
    same = scheme(categories={}).reweighted(public=0.4, along=along, indicators={"virtue": 0.5})
    assert same.source_weights() == scheme(categories={}).source_weights()
    assert same.indicator_weights() == scheme(categories={}).indicator_weights()


def test_a_reweighted_scheme_is_as_valid_as_the_one_it_was_made_of():
    found = scheme().reweighted(public=0.6)
    assert Scheme.model_validate(found.model_dump(by_alias=True)).source_weights() == found.source_weights()
    assert found.label("public") == "群众"
    assert found.leaf_sources["leader"].trim.above == 4
    assert list(found.source_tree.names) == list(scheme().source_tree.names)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"superior": 0.5, "peer": 0.3, "public": 0.15}, "superior, peer, public sum to 0.95, must be 1"),
        ({"superior": 0.7, "public": 0.5}, "superior, public sum to 1.2, must be at most 1"),
        ({"public": "much"}, "sources: public weighs 'much', must be a number"),
        ({"along": "odd"}, "along: 'odd', must be one of weight, odds"),
        ({"indicators": {"virtu": 1}}, "indicators: 'virtu', must be one of virtue, results, delivery, service"),
        ({"superior": 0.3, "public": 0.5, "along": "odds"}, "superior, public are siblings; along the odds only one"),
    ],
)
def test_reweighted_names_what_does_not_sum(weights, message):
    with pytest.raises(ValueError, match=message):
        scheme().reweighted(**weights)


def test_a_source_is_given_once():
    with pytest.raises(ValueError, match="public must not be given twice"):
        scheme().reweighted({"public": 0.5}, public=0.6)


def test_no_odds_of_all_or_nothing():
    sources = {"a": {"weight": 1, "scale": "vote"}, "b": {"weight": 0, "scale": "vote"}}
    for name, weight in (("a", 1), ("b", 0)):
        with pytest.raises(ValueError, match=f"{name} weighs {weight}, must lie between 0 and 1 to have odds"):
            scheme(sources=sources, categories={}, indicators={}).reweighted({name: 0.5}, along="odds")


def test_a_sibling_that_is_kept_keeps_what_it_has_in_each_category():
    kept = scheme().reweighted(public=0.1, keep=["peer"])
    assert kept.source_weights() == scheme().source_weights() | {
        "superior": Fraction(3, 5),
        "peer": Fraction(3, 10),
        "public": Fraction(1, 10),
    }
    cadre = kept.source_weights("cadre")  # superior and peer had one half each
    assert (cadre["superior"], cadre["peer"], cadre["public"]) == (Fraction(2, 5), Fraction(1, 2), Fraction(1, 10))
    assert scheme().reweighted(public=0.1, keep=["public", "virtue"]) == scheme().reweighted(public=0.1)


def test_what_is_given_and_kept_is_not_more_than_the_whole():
    with pytest.raises(UsageError, match=r"sources: weights of public, superior, peer sum to 1.1, must be at most 1"):
        scheme().reweighted(public=0.5, keep=["superior", "peer"])

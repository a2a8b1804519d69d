"""Redrawn raters: the same cells, scores and grades as when the ratings of those drawn are scored anew."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_study import RATINGS, ballots_of, make, schemes_of

from toolkit import read_study, score
from toolkit.faults import UsageError
from toolkit.scoring.evaluation import lay_out
from toolkit.voices import read_voices, voices_of
from toolkit.weighting.model import composites, model
from toolkit.weighting.outcomes import outcomes
from toolkit.weighting.redraw import _rows, cells_of, multiplicities, redraw

SCHEME = """
language: en
scales:
  five: {low: 1, high: 5}
  vote: {levels: {good: 100, fair: 60, poor: 0}, codes: {1: good}, blank: [none]}
sources:
  superior: {weight: 0.3, scale: five, attributed: true}
  peer: {weight: 0.3, scale: five, trim: {drop: 1, above: 3}}
  public: {weight: 0.3, scale: five, average: median, min: 2}
  mass: {weight: 0.1, scale: vote}
indicators:
  virtue: {weight: 0.5}
  results: {weight: 0.5, items: {delivery: {weight: 0.6}, service: {weight: 0.4}}}
missing: {rule: RULE, min_coverage: 0.5}
"""
MEMBERS = [f"M{number}" for number in range(6)]
PEOPLE = [{"member_id": name, "name": name, "unit_id": "UV"[number % 2]} for number, name in enumerate(MEMBERS)]


def rows_of(rng, *, weights=False):
    """Ratings with gaps: three raters or more, ticks above, blank answers, codes; a superior without an id."""
    rows = []
    for ratee, (source, raters) in product(MEMBERS, {"peer": 6, "public": 4, "mass": 5}.items()):
        for rater in range(raters):
            if rng.random() < 0.25:
                continue
            asked = ["overall"] if rng.random() < 0.3 else ["virtue", "delivery", "service"]
            for indicator in asked:
                answer = rng.choice(["good", "1", "fair", "poor", "none"]) if source == "mass" else rng.integers(1, 6)
                rows.append(("r", ratee, source, f"{source}{rater}", indicator, str(answer)))
    rows += [("r", ratee, "superior", "", "virtue", str(rng.integers(1, 6))) for ratee in MEMBERS[:4]]
    frame = pd.DataFrame(rows, columns=RATINGS, dtype=str)
    if weights:
        plain = frame["source"].isin(["superior", "mass"])
        frame["weight"] = np.where(plain, rng.choice(["", "0.5", "2"], len(frame)), "")
        frame["weight"] = pd.to_numeric(frame["weight"])
    return frame


def levelled(frame):
    return frame.assign(value=frame["value"].where((frame["source"] != "mass") | (frame["value"] != "1"), "good"))


def repeated(frame, often):
    """The ratings of raters who were drawn, as often as they were: {(source, rater or ratee): times}."""
    parts = []
    for (source, rater, ratee), rows in frame.groupby(["source", "rater_id", "ratee_id"]):
        times = int(often[source, rater or ratee])
        parts += [rows.assign(rater_id=f"{rater}#{copy}" if rater else f"{ratee}#{copy}") for copy in range(times)]
    return pd.concat(parts, ignore_index=True) if parts else frame.iloc[:0]


def raters_of(frame):
    """Raters in the order of the columns of `Voices`: by source, named ones before blank ones, by name."""
    pairs = {
        (source, not rater, rater or ratee)
        for source, rater, ratee in frame[["source", "rater_id", "ratee_id"]].to_numpy()
    }
    return [(source, who) for source, _, who in sorted(pairs)]


@settings(deadline=None, max_examples=6)
@given(st.integers(0, 10**6), st.sampled_from(["renormalise", "adjusted", "fail"]), st.booleans())
def test_a_redrawn_round_is_the_round_of_the_ratings_drawn(seed, rule, weights):
    rng = np.random.default_rng(seed)
    frame = levelled(rows_of(rng, weights=weights))
    schemes = schemes_of(SCHEME.replace("RULE", rule))
    study = make(schemes, frame, members=PEOPLE)
    found = model(study, score(study))
    voices = voices_of(frame, study, "r")
    often = multiplicities(voices.circle, 2, rng)
    counts = study.tally.counts.reset_index(drop=True)
    value = cells_of(found, _rows(counts, found), voices.given @ often, voices.weight @ often)
    made = composites(found, value=value)
    for draw, column in enumerate(often.T):
        again = make(schemes, repeated(frame, dict(zip(raters_of(frame), column, strict=True))), members=PEOPLE)
        np.testing.assert_allclose(value[draw], lay_out(again, "r").value, atol=1e-9)
        expected = score(again).ratees.set_index("ratee_id").loc[found.quantities.index]
        np.testing.assert_allclose(made.score[draw], expected["score"].to_numpy(float), atol=1e-9)


def test_everybody_drawn_once_is_the_round_itself():
    frame = rows_of(np.random.default_rng(1))
    study = make(schemes_of(SCHEME.replace("RULE", "renormalise")), levelled(frame), members=PEOPLE)
    voices = voices_of(frame, study, "r")  # codes are counted as levels
    counts = study.tally.counts
    assert (voices.given.sum(axis=1) == counts["count"]).all()
    assert voices.alone == 4  # the four superiors
    found = model(study, score(study))
    one = np.ones((len(voices.circle), 1))
    value = cells_of(found, _rows(counts.reset_index(drop=True), found), voices.given @ one, voices.weight @ one)
    np.testing.assert_allclose(value[0], found.value, atol=1e-12)


def test_circles_keep_their_number_of_raters():
    circle = np.array([0, 1, 0, 2, 1, 1])
    often = multiplicities(circle, 400, np.random.default_rng(3))
    assert (np.array([often[circle == one].sum(axis=0) for one in range(3)]).T == [2, 3, 1]).all()
    assert often[1].mean() == pytest.approx(1, abs=0.15)
    assert often[1].var() == pytest.approx(2 / 3, abs=0.15)  # binomial: 3 draws, each with probability 1/3


def test_raters_of_two_groups_do_not_stand_in_for_each_other():
    rows = [("r", ratee, "peer", rater, "virtue", "3") for ratee, rater in zip("AABBC", "pqrsp", strict=True)]
    study = make(schemes_of(SCHEME.replace("RULE", "renormalise")), rows, members=[])
    voices = voices_of(pd.DataFrame(rows, columns=RATINGS), study, "r")
    assert voices.circle.tolist() == [0, 0, 1, 1]  # p and q rated A and C, r and s rated B


def test_the_bootstrap_has_the_variance_of_a_mean():
    values = [1, 2, 2, 3, 5, 5, 4, 1]
    rows = [("r", "M0", "superior", f"s{k}", "virtue", str(value)) for k, value in enumerate(values)]
    study = make(schemes_of(SCHEME.replace("RULE", "renormalise")), rows)
    found = model(study, score(study))
    parts = list(redraw(found, voices_of(pd.DataFrame(rows, columns=RATINGS), study, "r"), draws=4000, seed=1))
    points = 25 * (np.array(values) - 1)
    drawn = np.concatenate([part.value for part in parts])[:, 0, 0, 0]
    assert drawn.mean() == pytest.approx(points.mean(), abs=0.7)
    assert drawn.var() == pytest.approx(points.var() / len(values), rel=0.08)


VOTES = """
language: en
scales: {vote: {levels: {good: 100, fair: 60, poor: 0}, blank: [none]}}
sources: {peer: {weight: 1, scale: vote}}
grades:
  bands: {excellent: 90, pass: 60, fail: 0}
  votes:
    source: peer
    rules:
      - {grade: fail, levels: [poor], min: 1/3}
      - {grade: excellent, levels: [good], above: 1/2}
      - {grade: pass}
"""


def test_grades_by_votes_are_voted_again():
    rng = np.random.default_rng(8)
    rows = [
        ("r", f"M{ratee}", "peer", f"p{rater}", "overall", rng.choice(["good", "fair", "poor", "none"]))
        for ratee, rater in product(range(5), range(6))
    ]
    frame, schemes = pd.DataFrame(rows, columns=RATINGS), schemes_of(VOTES)
    study = make(schemes, frame)
    found = model(study, score(study))
    voices = voices_of(frame, study, "r")
    part = next(redraw(found, voices, draws=10, seed=2))
    of_raters = np.random.default_rng(np.random.SeedSequence(2).spawn(2)[0])
    often = multiplicities(voices.circle, 10, of_raters)
    made = outcomes(found, value=part.value, fixed=part.fixed, kinds=("member",))
    for draw, column in enumerate(often.T):
        again = score(
            make(
                schemes,
                repeated(frame, dict(zip(raters_of(frame), column, strict=True))),
                members=[{"member_id": f"M{ratee}", "name": "", "unit_id": "U"} for ratee in range(5)],
            )
        )
        expected = again.ratees.set_index("ratee_id")["grade"].reindex(found.quantities.index).astype(object)
        named = [made.grades[level] if level >= 0 else None for level in made.grade[draw]]
        assert named == expected.where(expected.notna(), None).tolist()


def test_ballots_are_redrawn_within_their_cell():
    paper = ballots_of({("A", "mass", "overall"): {"good": 30, "poor": 10}, ("B", "mass", "overall"): {"fair": 9}})
    study = make(schemes_of(SCHEME.replace("RULE", "renormalise")), ballots=paper)
    found = model(study, score(study))
    voices = voices_of(pd.DataFrame(columns=RATINGS), study, "r")
    parts = list(redraw(found, voices, draws=3000, seed=4))
    value = np.concatenate([part.value for part in parts])[:, :, 3, 0]
    assert value[:, 0].mean() == pytest.approx(75, abs=0.6)
    assert value[:, 0].var() == pytest.approx(100**2 * 0.75 * 0.25 / 40, rel=0.1)
    assert (value[:, 1] == 60).all()


def test_draws_do_not_depend_on_how_many_are_held(monkeypatch):
    frame = levelled(rows_of(np.random.default_rng(5)))
    study = make(schemes_of(SCHEME.replace("RULE", "renormalise")), frame, members=PEOPLE)
    found, voices = model(study, score(study)), voices_of(frame, study, "r")
    whole = [part.value for part in redraw(found, voices, draws=7, seed=6)]
    monkeypatch.setattr("toolkit.weighting.redraw.HELD", 2 * len(study.tally.counts))
    parts = [part.value for part in redraw(found, voices, draws=7, seed=6)]
    assert [len(part) for part in parts] == [2, 2, 2, 1]
    np.testing.assert_array_equal(np.concatenate(whole), np.concatenate(parts))


def test_a_folder_is_read_again_and_keeps_no_name(make_study):
    folder = make_study()
    study = read_study(folder)
    voices = read_voices(folder, study)
    assert (voices.given.sum(axis=1) == study.tally.counts["count"]).all()
    assert voices.given.shape[1] == 4  # r1 and r2 of the peers, s1, and whoever rated B2 without an id
    assert "r1" not in repr(vars(voices))
    with pytest.raises(UsageError, match=r"must be those that the study was read from"):
        read_voices(make_study(ratings="round,ratee_id,source,rater_id,indicator,value\n"), study)


def test_voices_of_another_round_are_refused():
    frame = levelled(rows_of(np.random.default_rng(5)))
    study = make(schemes_of(SCHEME.replace("RULE", "renormalise")), frame, members=PEOPLE)
    found, voices = model(study, score(study)), voices_of(frame, study, "r")
    object.__setattr__(voices, "round", "s")
    with pytest.raises(UsageError, match="of round s, must be of r"):
        next(redraw(found, voices, draws=1, seed=1))

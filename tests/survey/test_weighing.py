"""Raters of a study are weighed to margins, and what comes of it reaches the scores."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import toolkit as tk
from toolkit.__main__ import app
from toolkit.faults import UsageError
from toolkit.survey.weighing import weigh, write_weights
from toolkit.voices import read_voices

SCHEME = """\
title: 群众评议
language: en
rounds: {R1: {to: 2026-06-30}, R2: {to: 2026-12-31}}
scales: {vote: {levels: {trust: 100, distrust: 0}, blank: [unknown]}, mark: {low: 0, high: 100}}
sources: {public: {scale: vote, label: Public, weight: 0.5}, peer: {scale: mark, weight: 0.5}}
categories: {member: {}}
grades: {bands: {good: 60, poor: 0}, votes: {source: public, rules: [{grade: poor, levels: [trust], below: 60%}]}}
privacy: {min_raters: 3}
"""
UNITS = "unit_id,name\nB1,Branch One\n"
MEMBERS = "member_id,name,unit_id,category\nM1,A,B1,member\n"
VOTES = ["trust"] * 6 + ["distrust"] * 4
SEX = ["f"] * 5 + ["m"] * 5
"""Of five women all trust, of five men one does."""
MARGINS = """\
round,source,variable,level,share
R1,public,sex,f,0.5
R1,public,sex,m,0.5
R2,public,sex,f,0.4
R2,public,sex,m,0.6
"""


def rows(turn="R2", votes=VOTES):
    return [f"{turn},M1,public,secret{k},overall,{vote}" for k, vote in enumerate(votes)]


def people(turn="R2", sex=SEX):
    return [f"{turn},public,secret{k},{level}" for k, level in enumerate(sex)]


@pytest.fixture
def folder(make_study):
    def make(scheme=SCHEME, more=(), **tables):
        ratings = ["round,ratee_id,source,rater_id,indicator,value", *rows(), *more]
        raters = ["round,source,rater_id,sex", *people()]
        files = {"raters.csv": "\n".join(raters) + "\n", "margins.csv": MARGINS} | tables
        return make_study(scheme=scheme, units=UNITS, members=MEMBERS, ratings="\n".join(ratings) + "\n", files=files)

    return make


def public(study):
    table = tk.score(study).table.astype({"source": str, "indicator": str})
    return table[(table["source"] == "public") & (table["indicator"] == "") & (table["round"] == "R2")].iloc[0]


def test_weights_reach_the_score_and_the_raw_tables_stay_as_they_are(folder):
    place = folder()
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    assert public(tk.read_study(place))["score"] == pytest.approx(60)
    found = weigh(place, source="public")
    assert found.round == "R2"
    # women weigh 0.4 / 0.5, men 0.6 / 0.5: (5 x 0.8 + 1 x 1.2) x 100 / 10 = 52
    np.testing.assert_allclose(found.raked.weights, [0.8] * 5 + [1.2] * 5)
    assert (found.before.mean, found.after.mean) == pytest.approx((60, 52))
    assert found.table.round(9).to_numpy().tolist() == [["sex", "f", 0.4, 0.5, 0.4], ["sex", "m", 0.6, 0.5, 0.6]]
    path = write_weights(place, found)
    after = {name: (place / name).read_bytes() for name in before}
    assert after == before
    study = tk.read_study(place)
    assert path.name in study.digests
    row = public(study)
    assert row["score"] == pytest.approx(52)
    assert row["n"] == 10  # privacy and thresholds of raters know heads, not weights
    raw = tk.read_study(place, weighed=False)
    assert public(raw)["score"] == pytest.approx(60)
    voices = read_voices(place, study)
    assert voices.weight.sum() == pytest.approx(10)
    assert (voices.weight != voices.given).nnz == 10


def test_shares_of_weighted_votes_are_numbers_and_those_of_whole_votes_fractions(folder):
    place = folder()
    whole = tk.score(tk.read_study(place))
    assert whole.ratees["grade"].iloc[-1] == "good"  # 6/10 is not below 60%
    write_weights(place, weigh(place, source="public"))
    scores = tk.score(tk.read_study(place))
    assert scores.ratees["grade"].iloc[-1] == "poor"  # 52% is
    reason = scores.reasons[scores.reasons["code"] == "votes"].iloc[0]
    assert isinstance(reason["value"], float)
    assert reason["value"] == pytest.approx(0.52)


def test_a_weighted_share_at_its_threshold_keeps_it(folder):
    margins = MARGINS.replace("f,0.4", "f,0.5").replace("m,0.6", "m,0.5")
    place = folder(**{"margins.csv": margins})
    write_weights(place, weigh(place, source="public"))
    (place / "weights.csv").write_text(
        (place / "weights.csv").read_text(encoding="utf-8-sig").replace(",1\n", ",0.1\n"), encoding="utf-8"
    )
    assert tk.score(tk.read_study(place)).ratees["grade"].iloc[-1] == "good"


def test_intervals_rest_on_kishs_effective_number(folder):
    votes = ["trust"] * 6 + ["distrust"] * 4
    place = folder(more=[row.replace("R2", "R1") for row in rows("R2", votes)])
    write_weights(place, weigh(place, source="public"))
    found = weigh(place, source="public")
    assert found.raked.design_effect == pytest.approx(10 * (5 * 0.64 + 5 * 1.44) / 100)  # 1.04
    table = tk.score(tk.read_study(place)).table.astype({"source": str, "indicator": str, "round": str})
    spans = table[(table["source"] == "public") & (table["indicator"] == "")].set_index("round")
    width = (spans["high"] - spans["low"]).to_dict()
    assert width["R2"] > width["R1"]


def test_who_has_no_weight_is_a_fault_that_names_nobody(folder):
    place = folder()
    write_weights(place, weigh(place, source="public"))
    with (place / "ratings.csv").open("a", encoding="utf-8") as file:
        file.write("R2,M1,public,secret77,overall,trust\n")
    with pytest.raises(tk.StudyError, match="'R2, public': 1 raters have no weight; run rake again") as error:
        tk.read_study(place)
    assert "secret" not in str(error.value)
    with pytest.raises(tk.StudyError, match="1 of 11 raters who count have no row; each must have one"):
        weigh(place, source="public")


def test_raters_whose_ballots_are_void_are_not_weighed(folder):
    rules = "ballots: {public: {once: true}}\n"
    place = folder(scheme=SCHEME + rules, more=["R2,M1,public,secret9,overall,trust"])
    found = weigh(place, source="public")
    assert len(found.raters) == 9
    write_weights(place, found)
    assert public(tk.read_study(place))["n"] == 9
    tk.read_study(place, void=False)  # counts the tenth with weight 1


def test_other_weights_stay_and_parquet_is_weighed_too(folder):
    place = folder(
        more=rows("R1"), **{"raters.csv": "\n".join(["round,source,rater_id,sex", *people(), *people("R1")])}
    )
    write_weights(place, weigh(place, source="public", round="R1"))
    write_weights(place, weigh(place, source="public"))
    first = (place / "weights.csv").read_bytes()
    write_weights(place, weigh(place, source="public"))
    assert (place / "weights.csv").read_bytes() == first
    table = pd.read_csv(place / "weights.csv", encoding="utf-8-sig")
    assert table.groupby("round")["weight"].agg(["size", "sum"]).to_numpy().tolist() == [[10, 10], [10, 10]]
    counts = tk.read_study(place).tally.counts
    pd.read_csv(place / "ratings.csv", dtype=str).to_parquet(place / "ratings.parquet")
    (place / "ratings.csv").unlink()
    again = tk.read_study(place).tally.counts
    pd.testing.assert_frame_equal(counts.astype({"round": str}), again.astype({"round": str}), check_categorical=False)


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        ({"margins.csv": None}, "margins.csv: must be there"),
        ({"raters.csv": None}, "raters.csv: must be there"),
        ({"margins.csv": "round,source,variable,level\nR2,public,sex,f\n"}, "share or count: one of the two columns"),
        ({"margins.csv": "round,source,variable,level,share\nR2,peer,sex,f,1\n"}, "must hold margins of this source"),
        ({"margins.csv": MARGINS.replace("0.6", "0.5")}, "share: 'sex': shares sum to 0.9, must be 1 (or 100)"),
        ({"margins.csv": MARGINS.replace("0.6", "x")}, "row 5, share: 'x': must be a number"),
        ({"margins.csv": MARGINS.replace("0.6", "-1")}, "row 5, share: '-1': must be a number, 0 or more"),
        ({"margins.csv": MARGINS.replace("m,0.6", "f,0.6")}, "'sex, f': must not be there twice"),
        ({"margins.csv": MARGINS.replace("sex", "age")}, "raters.csv, row 1, age: column must be there"),
        (
            {"raters.csv": "\n".join(["round,source,rater_id,sex", *people(), people()[3]])},
            "row 12, rater_id: must not",
        ),
        (
            {"raters.csv": "\n".join(["round,source,rater_id,sex", *people()[1:]])},
            "1 of 10 raters who count have no row",
        ),
        (
            {"weights.csv": "round,source,rater_id,weight\nR2,public,secret1,0\n"},
            "weight: '0': must be a number above 0",
        ),
        (
            {"weights.csv": "round,source,rater_id,weight\n" + "R2,public,secret1,1\n" * 2},
            "row 3, round, source, rater_id",
        ),
        ({"weights.csv": "round,source,rater_id\nR2,public,secret1\n"}, "row 1, weight: column must be there"),
        (
            {"weights.csv": "round,source,rater_id,weight\nR2,publik,secret1,1\n"},
            "weights.csv, row 2, source: 'publik': must be a source: one of",
        ),
        (
            {"weights.csv": "round,source,rater_id,weight\nR9,public,secret1,1\n"},
            "weights.csv, row 2, round: 'R9': must be a round: one of",
        ),
        ({"margins.csv": MARGINS + "R2,publik,sex,f,1\n"}, "row 6, source: 'publik': must be a source: one of"),
        ({"margins.csv": MARGINS + "R9,public,sex,f,1\n"}, "row 6, round: 'R9': must be a round: one of"),
    ],
)
def test_what_is_wrong_with_raters_margins_and_weights(folder, tables, says):
    place = folder(**tables)
    with pytest.raises(tk.StudyError) as error:
        (tk.read_study(place), weigh(place, source="public"))
    assert says in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        ({"source": "publc"}, "--source: 'publc', must be a source that rates: one of public, peer (nearest: public)"),
        ({"source": "public", "round": "R9"}, "--round: 'R9', must be a round that is no combination"),
    ],
)
def test_what_cannot_be_weighed(folder, ask, says):
    with pytest.raises(UsageError) as error:
        weigh(folder(), **ask)
    assert says in str(error.value)


def test_weights_of_a_trimmed_source_are_a_fault_of_the_file_that_holds_them(folder):
    scheme = SCHEME.replace("label: Public,", "label: Public, trim: {drop: 1, above: 5},")
    weights = "round,source,rater_id,weight\n" + "".join(f"R2,public,secret{k},2\n" for k in range(10))
    with pytest.raises(tk.StudyError) as error:
        tk.read_study(folder(scheme=scheme, **{"weights.csv": weights}))
    expected = "must not be there: source public is trimmed or a median, which has no weights"
    assert [str(fault) for fault in error.value.faults] == [f"weights.csv, round, source: 'R2, public': {expected}"]


def test_trimmed_sources_and_weights_of_their_own_are_refused(folder):
    place = folder(scheme=SCHEME.replace("label: Public,", "label: Public, trim: {drop: 1, above: 5},"))
    with pytest.raises(UsageError, match="is trimmed or a median, which has no weights"):
        weigh(place, source="public")
    place = folder()
    frame = pd.read_csv(place / "ratings.csv", dtype=str).assign(weight=2)
    frame.to_csv(place / "ratings.csv", index=False)
    with pytest.raises(UsageError, match="must have no weights of their own to be raked"):
        weigh(place, source="public")


def test_the_command_says_what_weights_do(folder):
    place = folder()
    dry = CliRunner().invoke(app, ["rake", str(place), "--source", "public", "--dry"])
    assert dry.exit_code == 0, dry.output
    assert not (place / "weights.csv").exists()
    assert dry.stdout.splitlines()[:6] == [
        "Public (public)\tRound: R2",
        "Variable\tGroup\tOf the population\tOf the raters\tOf the raters, weighted",
        "sex\tf\t40.0%\t50.0%\t40.0%",
        "sex\tm\t60.0%\t50.0%\t60.0%",
        "Weights: 0.80 to 1.20, mean 1",
        "Raters: 10, design effect 1.04, worth as many as 10",
    ]
    done = CliRunner().invoke(app, ["rake", str(place), "--source", "public", "--cap", "3"])
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == str(place / "weights.csv")
    assert "secret" not in done.output
    refused = CliRunner().invoke(app, ["rake", str(place), "--source", "public", "--cap", "1.1"])
    assert refused.exit_code == 1
    assert "a cap of 1.1 times the mean weight may be too low" in refused.stderr


def test_a_chinese_study_is_told_in_chinese(folder):
    """Women, all of whom trust, weigh 0.8 and men, of whom 1 of 5 does, 1.2: 50 * 0.8 + 10 * 1.2 of 100 points."""
    scheme = SCHEME.replace("language: en", "language: zh").replace("label: Public", "label: 群众")
    place = folder(scheme=scheme + "labels: {sex: 性别, f: 女, m: 男}\n")
    shown = CliRunner().invoke(app, ["rake", str(place), "--source", "public", "--dry"])
    assert shown.exit_code == 0, shown.output
    found = shown.stdout.splitlines()
    assert found[:6] == [
        "群众（public）\t考核周期：R2",
        "变量\t组别\t总体占比\t评价人占比\t加权后占比",
        "性别（sex）\t女（f）\t40.0%\t50.0%\t40.0%",
        "性别（sex）\t男（m）\t60.0%\t50.0%\t60.0%",
        "权数：0.80 至 1.20，均值为 1",
        "评价人：10 人，设计效应 1.04，相当于 10 人",
    ]
    assert [line.split("，")[0] for line in found[6:]] == ["加权前：平均分 60.00", "加权后：平均分 52.00"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "weights.csv"),
        ("a,b\n1,2\n", "column must be there"),
        ("round,source,rater_id,weight\nR1,public,x,-1\n", "weight"),
    ],
)
def test_weights_that_cannot_be_read_stay_as_they_are(folder, text, says):
    place = folder()
    weighing = weigh(place, source="public")
    path = place / "weights.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(tk.StudyError, match=says):
        write_weights(place, weighing)
    assert path.read_text(encoding="utf-8") == text


def test_weights_of_others_stay_however_the_file_was_saved(folder):
    place = folder()
    weighing = weigh(place, source="public")
    path = place / "weights.csv"
    path.write_bytes("权重表,,,\n round ,source,rater_id,weight\nR1,public,张,2\n".encode("gb18030"))
    write_weights(place, weighing)
    assert "R1,public,张,2" in path.read_text(encoding="utf-8-sig").splitlines()


def test_where_nobody_has_given_points_there_is_nothing_to_weigh(folder):
    ratings = "round,ratee_id,source,rater_id,indicator,value\n" + "".join(
        f"{row}\n" for row in rows(votes=["unknown"] * 10)
    )
    with pytest.raises(UsageError, match="nobody has given points"):
        weigh(folder(**{"ratings.csv": ratings}), source="public")

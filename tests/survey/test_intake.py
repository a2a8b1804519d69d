"""Whatever a file holds, every answer is taken or refused, and a second time nothing changes."""

import layouts
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import toolkit as tk
from toolkit.__main__ import app
from toolkit.survey.forms import write_form
from toolkit.survey.intake import import_answers
from toolkit.survey.questionnaire import draft

KEY = b"a key of the tests, long enough"
CELLS = st.sampled_from(
    ["优秀", "合格", " 合格 ", "1", "４", "9", "", "(跳过)", "-3", "优秀┋合格", "不合格", "x", "0", "优 秀"]
)
HEADS = ["第1题(德)", "第1题(任务完成)", "第2题(德)", "第2题(廉)", "第9题(德)"]
LINES = st.lists(st.tuples(st.sampled_from(["1", "2", "3", ""]), *[CELLS] * len(HEADS)), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def asked(small_town, tmp_path_factory):
    folder = tmp_path_factory.mktemp("asked") / "town"
    folder.mkdir()
    for path in small_town[0].iterdir():
        if path.name != "ratings.csv":
            (folder / path.name).write_bytes(path.read_bytes())
    study = tk.read_study(folder)
    write_form(folder, draft(study, "peer", "B1"))
    return folder, study


def rows_to_be_read(lines):
    """By hand: in each line, of each ratee about whom anything stands there, a cell for every question."""
    empty = {"", "(跳过)", "-3"}
    blocks = [[line[1:3], line[3:5]] for line in lines]
    return sum(len(block) for both in blocks for block in both if any(cell not in empty for cell in block))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES)
def test_read_is_taken_and_refused(asked, tmp_path, lines):
    folder, study = asked
    for path in [folder / "ratings.csv", *folder.glob("imports/*")]:
        path.unlink(missing_ok=True)
    path = layouts.text(tmp_path / "export.csv", [["序号", *HEADS], *lines])
    came = import_answers(folder, study, path, "wjx", key=KEY)
    assert came.read == came.taken + sum(came.refused.values()) == rows_to_be_read(lines)
    assert came.headings.unmatched == ["第9题(德)"]
    written = pd.read_csv(folder / "ratings.csv") if came.taken else []
    assert len(written) == came.taken
    held = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    fresh = tk.read_study(folder)
    again = import_answers(folder, fresh, path, "wjx", key=KEY)
    assert (again.read, again.taken, again.written) == (came.read, 0, [])
    assert held == {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


# --------------------------------------------------------------------------------------------------- command line


def run(*words):
    return CliRunner().invoke(app, list(map(str, words)))


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("TOOLKIT_KEY", KEY.decode())


@pytest.mark.usefixtures("key")
def test_from_questionnaire_to_scores(bare_town, tmp_path):
    made = run(
        "questionnaire", bare_town, "--source", "peer", "--unit", "B1", "--out", tmp_path / "out", "--to", "xlsform,wjx"
    )
    assert made.exit_code == 0, made.output
    names = {path.name for path in (tmp_path / "out" / "bare" / "questionnaires" / "2026H2").iterdir()}
    assert names == {"peer-B1.xlsx", "peer-B1.wjx.txt"}
    assert "checked by pyxform" in made.output
    study = tk.read_study(bare_town)
    answers = {("M1", "virtue"): "优秀", ("M1", "delivery"): "合格"}
    ratings = pd.DataFrame(
        [("2026H2", *cell[:1], "peer", "a", cell[1], value) for cell, value in answers.items()],
        columns=["round", "ratee_id", "source", "rater_id", "indicator", "value"],
    )
    path = layouts.xlsx(tmp_path / "答卷.xlsx", layouts.wjx_rows(layouts.Sheet(draft(study, "peer", "B1"), ratings)))
    came = run("import", bare_town, path, "--platform", "wjx")
    assert came.exit_code == 0, came.output
    assert "peer-B1, round 2026H2: 1 rows, 4 answers read: 4 taken, 0 refused" in came.output
    assert "left out, since they may tell who somebody is: 来自IP" in came.output
    again = run("import", bare_town, path, "--platform", "wjx")
    assert "refused 4: is there already" in again.output
    seen = tk.score(tk.read_study(bare_town)).cells.dropna(subset="score")
    scores = dict(zip(seen["indicator"], seen["score"], strict=True))
    assert (scores["virtue"], scores["delivery"]) == (100, 80)


@pytest.mark.usefixtures("key")
def test_edited_questionnaires_are_kept(bare_town, tmp_path):
    first = run("questionnaire", bare_town, "--source", "peer", "--out", tmp_path / "out", "--to", "codebook")
    assert first.output.count("kept as it is") == 0
    again = run("questionnaire", bare_town, "--source", "peer", "--out", tmp_path / "out", "--to", "codebook")
    assert again.output.count("peer-B1.md (kept as it is)") == 1


@pytest.mark.usefixtures("key")
def test_options_that_a_kept_questionnaire_does_not_follow_are_named(bare_town, tmp_path):
    ask = [
        *("questionnaire", bare_town, "--source", "peer", "--unit", "B1"),
        *("--out", tmp_path / "out", "--to", "codebook", "--language"),
    ]
    assert "not applied" not in run(*ask, "zh").output
    assert "not applied" not in run(*ask, "zh").output  # what is kept is in Chinese
    kept = run(*ask, "en", "--overall")
    assert "peer-B1.md: not applied: --language, --overall; delete the file to have it drawn up anew" in kept.stderr
    (bare_town / "questionnaires" / "2026H2" / "peer-B1.md").unlink()
    assert "not applied" not in run(*ask, "en", "--overall").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--source", "peers"], "source: 'peers'"),
        (["--to", "xls"], "--to: 'xls', must be one of xlsform"),
        (["--round", "2027"], "round: '2027'"),
    ],
)
def test_what_cannot_be_made(bare_town, tmp_path, words, said):
    made = run("questionnaire", bare_town, "--out", tmp_path, *words)
    assert made.exit_code == 1
    assert said in made.output

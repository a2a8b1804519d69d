"""The two ways of surveys/README.md, from an empty folder to a score, as they stand there."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import toolkit as tk
from toolkit.__main__ import app

MANUAL = (Path(__file__).parents[2] / "surveys" / "README.md").read_text(encoding="utf-8")
BY_WEB, ON_PAPER = re.search(r"### By 问卷星\n(.*?)### On paper\n(.*?)### What", MANUAL, flags=re.DOTALL).groups()
EXAMPLE = re.findall(r"```(?:yaml|csv)\n(.*?)```", MANUAL, flags=re.DOTALL)[:3]


def blocks(text):
    return re.findall(r"```text\n(.*?)```", text, flags=re.DOTALL)


def run(text, name):
    """Run the command of the manual that is called so."""
    (line,) = (line for line in text.splitlines() if line.startswith(f"    python -m toolkit {name} "))
    done = CliRunner().invoke(app, shlex.split(line, comments=True)[3:])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The empty study that `new` makes, filled in as the manual says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOOLKIT_KEY", "a key of the tests, long enough")
    intro = MANUAL.split("## From a questionnaire to ratings\n")[1].split("###")[0]
    run(intro, "new")
    for name, text in zip(("scheme.yaml", "units.csv", "members.csv"), EXAMPLE, strict=True):
        Path("surveys/mine", name).write_text(text, encoding="utf-8")
    Path("surveys/mine/ballots.csv").unlink()
    run(intro, "check")
    return Path("surveys/mine")


def scores(study):
    ratees = tk.score(tk.read_study(study)).ratees
    return dict(zip(ratees["ratee_id"], ratees["score"], strict=True))


def promised(text):
    return [float(number) for number in re.findall(r"\*\*([0-9.]+)\*\*", text)]


def test_by_wjx(mine):
    run(BY_WEB, "questionnaire")
    assert (mine / "questionnaires/2026H1/peer-B1.md").is_file()
    text = Path("reports/mine/questionnaires/2026H1/peer-B1.wjx.txt").read_text(encoding="utf-8")
    assert "1. 张三[矩阵单选题]\n优秀 合格 不合格 弃权\n德\n绩\n" in text
    Path("answers.csv").write_text(blocks(BY_WEB)[0], encoding="utf-8")
    said = run(BY_WEB, "import")
    assert "10 answers read: 10 taken, 0 refused" in said
    assert "来自IP" in said
    assert list(scores(mine).values()) == pytest.approx(promised(BY_WEB))


def test_on_paper(mine):
    run(ON_PAPER, "questionnaire")
    made = {path.name for path in Path("reports/mine/questionnaires/2026H1").iterdir()}
    assert made == {"peer-B1.pdf", "peer-B1.docx"}
    for name, text in zip(("ballots", "turnout"), blocks(ON_PAPER), strict=True):
        (mine / f"{name}.csv").write_text(text, encoding="utf-8")
    run(ON_PAPER, "check")
    assert list(scores(mine).values()) == pytest.approx(promised(ON_PAPER), abs=0.005)


def test_the_order_of_rows_does_not_tell_who_answered_first(mine):
    run(BY_WEB, "questionnaire")
    Path("answers.csv").write_text(blocks(BY_WEB)[0], encoding="utf-8")
    run(BY_WEB, "import")
    rows = [line.split(",") for line in (mine / "ratings.csv").read_text(encoding="utf-8-sig").splitlines()[1:]]
    assert [row[3] for row in rows] == sorted(row[3] for row in rows)

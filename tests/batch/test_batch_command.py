"""`python -m toolkit batch`: any notebook, a row of a table for each run."""

import nbformat
import pandas as pd
import pytest
from small_notebooks import forks, texts
from typer.testing import CliRunner

from toolkit.__main__ import app


def invoke(*arguments):
    return CliRunner().invoke(app, ["batch", *map(str, arguments)])


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "units.csv"
    pd.DataFrame({"branch": ["第一支部", "第二支部"], "x": [1, 2]}).to_csv(path, index=False)
    return path


@forks
def test_every_row_has_its_folder(make, table, tmp_path):
    notebook = make("print(x + 1)")
    out = tmp_path / "out"
    for outcome in ("done", "kept"):
        result = invoke(notebook, table, "--name", "branch", "--out", out, "--to", "toolkit-html", "--to", "markdown")
        assert result.exit_code == 0, result.stderr
        assert result.stdout.strip() == str(out / "manifest.jsonl")
        assert result.stderr.splitlines()[-1].split()[:2] == [outcome, "2"]
    for branch, told in (("第一支部", "2\n"), ("第二支部", "3\n")):
        assert {path.name for path in (out / branch).iterdir()} == {"notebook.ipynb", "report.html", "report.md"}
        assert told in texts(nbformat.read(out / branch / "notebook.ipynb", as_version=4))


@forks
def test_a_row_that_fails_is_told_and_the_exit_code_is_1(make, table, tmp_path):
    result = invoke(make("assert x != 2, 'no votes'"), table, "--name", "branch", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "第二支部: failed: " in result.stderr
    assert "no votes" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.ipynb", "{table}", "--name", "branch"], "nowhere.ipynb: no such file"),
        (["{notebook}", "nowhere.csv", "--name", "branch"], "nowhere.csv: no such file"),
        (["{notebook}", "{notebook}", "--name", "branch"], "'notebook.ipynb': must end in .csv or .parquet"),
        (
            ["{notebook}", "{table}", "--name", "branches"],
            "name: 'branches', must be one of branch, x (nearest: branch)",
        ),
        (["{notebook}", "{table}", "--name", "branch", "--to", "htm"], "--to: 'htm', must be one of"),
        (
            ["{notebook}", "{table}", "--name", "branch", "--to", "html", "--to", "toolkit-html"],
            "--to: 'toolkit-html' and 'html' would both write report.html",
        ),
        (["{other}", "{table}", "--name", "branch"], "columns branch, x, one must be a parameter: y"),
    ],
)
def test_a_mistake_is_told_in_a_line(make, table, tmp_path, arguments, message):
    paths = {"table": table, "notebook": make("1"), "other": make("1", parameters="y = 1", name="other.ipynb")}
    result = invoke(*[argument.format(**paths) for argument in arguments], "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert message in result.stderr
    assert not (tmp_path / "out").exists()

"""The command line: what it prints, what it writes, and how it ends."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from typer.testing import CliRunner

import toolkit as tk
from toolkit.__main__ import app
from toolkit.batch import perform
from toolkit.batch.units import Bounds
from toolkit.reporting import run
from toolkit.reporting.export import RESULTS

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "surveys" / "demo"


def invoke(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A study of two branches, read in no time."""
    folder = tmp_path_factory.mktemp("surveys") / "small"
    assert invoke("simulate", folder, "--units", 2, "--members", 20, "--seed", 1).exit_code == 0
    return folder


@pytest.fixture(scope="module")
def scored(small):
    study = tk.read_study(small)
    return study, tk.score(study)


@pytest.fixture
def broken(small, tmp_path):
    folder = shutil.copytree(small, tmp_path / "broken")
    members = (folder / "members.csv").read_text(encoding="utf-8")
    (folder / "members.csv").write_text(members.replace(",B01,", ",B99,", 1), encoding="utf-8")
    return folder


def test_help_names_every_command():
    shown = invoke("--help").output
    assert all(name in shown for name in ("check", "new", "score", "report", "simulate", "schema", "experiment"))


@pytest.mark.parametrize("command", ["check", "schema"])
def test_a_reader_who_has_gone_ends_a_command_quietly(small, command):
    """`check` catches faults of files while it prints; 141 is what a shell has for SIGPIPE."""
    arguments = [sys.executable, "-m", "toolkit", command, *([small] if command == "check" else [])]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        run.stdout.close()
        assert run.stderr.read() == ""
    assert run.returncode == 141


# check, new, simulate, schema -----------------------------------------------------------------------------------


def test_check_says_that_nothing_is_wrong(small):
    result = invoke("check", small)
    assert result.exit_code == 0
    assert "no faults. 3 units, 20 members" in result.output


def test_check_says_what_is_wrong_and_where(broken):
    result = invoke("check", broken)
    assert result.exit_code == 1
    assert "members.csv" in result.stderr
    assert "'B99'" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", [["check"], ["score", "--out", "x.csv"], ["report"]])
def test_a_folder_that_is_none_is_said_so(tmp_path, command):
    name, *options = command
    result = invoke(name, tmp_path / "nowhere", *options)
    assert result.exit_code == 1
    assert "nowhere" in result.stderr
    assert not isinstance(result.exception, FileNotFoundError)


@pytest.mark.parametrize("options", [[], ["--workbook"]])
def test_new_writes_a_study_to_begin_with(tmp_path, options):
    folder = tmp_path / "new"
    result = invoke("new", folder, *options)
    assert result.exit_code == 0
    assert {Path(line).name for line in result.stdout.split()} == {path.name for path in folder.iterdir()}
    assert (folder / "scheme.yaml").is_file()
    assert (folder / "study.xlsx").is_file() is bool(options)
    again = invoke("new", folder, *options)
    assert again.exit_code == 1
    assert "scheme.yaml" in again.stderr


def test_simulate_makes_the_same_study_of_the_same_seed(small, tmp_path):
    for seed, same in ((1, True), (2, False)):
        folder = tmp_path / str(seed)
        result = invoke("simulate", folder, "--units", 2, "--members", 20, "--seed", seed, "--truth")
        assert result.stdout.strip() == str(folder)
        assert (folder / "truth.csv").is_file()
        assert ((folder / "ratings.csv").read_bytes() == (small / "ratings.csv").read_bytes()) is same


def test_schema_of_experiments():
    assert set(json.loads(invoke("schema", "experiments").stdout)["properties"]) >= {"sweep", "variants"}


def test_an_experiment_is_a_page(small, tmp_path):
    folder = shutil.copytree(small, tmp_path / "tried")
    missing = invoke("experiment", folder, "--out", tmp_path / "out")
    assert missing.exit_code == 1
    assert "experiments.yaml: must be there" in missing.output
    text = "variants: {louder: {sources: {public: 0.6}}}\n"
    (folder / "experiments.yaml").write_text(text, encoding="utf-8")
    result = invoke("experiment", folder, "--out", tmp_path / "out", "--language", "en")
    assert result.exit_code == 0, result.output
    page = Path(result.stdout.strip())
    html = page.read_text(encoding="utf-8")
    assert page.is_relative_to(tmp_path / "out" / "tried")
    assert "Not for handing round" in html
    assert html.count("<table") == 5
    assert "kept" in invoke("experiment", folder, "--out", tmp_path / "out", "--language", "en").output


def test_schema_is_that_of_a_scheme():
    schema = json.loads(invoke("schema").stdout)
    assert set(schema["properties"]) >= {"title", "rounds", "scales", "sources", "indicators"}
    assert schema["additionalProperties"] is False


# score ----------------------------------------------------------------------------------------------------------


def read(path, name):
    """A table of the scores, from whatever it was written to."""
    if path.suffix == ".xlsx":
        return pd.read_excel(
            path, sheet_name=name, keep_default_na=False, na_values=[""], dtype={"round": str}, engine="calamine"
        )
    path = path if name == "scores" else path.with_suffix(f".{name}{path.suffix}")
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype={"round": str})


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
def test_score_writes_all_three_tables_with_every_digit(small, scored, tmp_path, suffix):
    out = tmp_path / "deep" / f"all{suffix}"
    result = invoke("score", small, "--out", out)
    assert result.exit_code == 0
    assert "not for handing round" in result.stderr
    written = [Path(line) for line in result.stdout.split()]
    assert all(path.is_file() for path in written)
    _, scores = scored
    filled = [name for name in RESULTS if len(getattr(scores, name))]
    assert len(filled) > 5
    assert len(written) == (1 if suffix == ".xlsx" else 3 + len(filled))
    for name in filled:
        assert len(read(out, name)) == len(getattr(scores, name))
    shares = [float(share) for share in scores.satisfaction["dissatisfied"]]
    np.testing.assert_allclose(read(out, "satisfaction")["dissatisfied"].astype(float), shares, rtol=1e-15)
    for name, frame in {"scores": scores.table, "ratees": scores.ratees, "units": scores.units}.items():
        found = read(out, name)
        assert list(found) == list(frame)
        assert found["round"].tolist() == frame["round"].astype(str).tolist()
        for column in frame.select_dtypes("float"):
            np.testing.assert_allclose(found[column].astype(float), frame[column], rtol=1e-15, err_msg=column)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_score_writes_no_formula(small, tmp_path, suffix):
    folder = shutil.copytree(small, tmp_path / "hostile")
    members = pd.read_csv(folder / "members.csv", dtype=str, keep_default_na=False)
    members["name"] = ["=HYPERLINK(1)", "+1", "-1", "@x", "＝1", *members["name"][5:]]
    members.to_csv(folder / "members.csv", index=False)
    out = tmp_path / f"all{suffix}"
    assert invoke("score", folder, "--out", out).exit_code == 0
    assert read(out, "ratees")["name"].tolist()[:5] == ["'=HYPERLINK(1)", "'+1", "'-1", "'@x", "'＝1"]


def test_score_refuses_a_format_it_cannot_write(small, tmp_path):
    result = invoke("score", small, "--out", tmp_path / "all.sav")
    assert result.exit_code == 1
    assert "'all.sav', must end in one of .csv, .parquet, .xlsx" in result.stderr


# report ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def perform_here(monkeypatch, scored):
    """Reports are made in this process without a kernel: in English B02 fails, below `stop` somebody stops it."""

    def write(unit, work, _engine):
        if unit.name == "B02" and unit.metadata["toolkit"]["language"] == "en":
            raise RuntimeError("no votes")
        for name in unit.exporters:
            (work / name).write_text(unit.metadata["title"], encoding="utf-8")

    def perform_all(planned, workers, *, executor, bounds, keep):
        assert workers >= 1
        assert executor is None
        told.append((bounds, keep))
        for unit in planned:
            if unit.name == "B02" and "stop" in unit.folder:
                raise KeyboardInterrupt
            yield perform.perform_stock(unit, Bounds())

    study, scores = scored
    told = []
    monkeypatch.setattr("toolkit.study.read_study", lambda _: study)
    monkeypatch.setattr("toolkit.scoring.scores.score", lambda _: scores)
    monkeypatch.setattr(perform, "_execute", write)
    monkeypatch.setattr(run, "perform_all", perform_all)
    return told


@pytest.mark.usefixtures("perform_here")
def test_report_prints_where_the_index_is(small, tmp_path):
    result = invoke("report", small, "--out", tmp_path)
    assert result.exit_code == 0
    index = tmp_path / "small" / "2026H2" / "index.html"
    assert result.stdout.strip() == str(index)
    assert sorted(path.name for path in index.parent.iterdir()) == [
        "B01",
        "B02",
        "P00",
        "index.html",
        "manifest.jsonl",
        "overview",
    ]


def test_report_takes_bounds_and_a_record(small, tmp_path, perform_here):
    options = ["--unit", "B01", "--seconds", "60", "--memory", "500", "--afresh", "--record"]
    result = invoke("report", small, "--out", tmp_path, *options)
    assert result.exit_code == 0
    assert perform_here == [(Bounds(60, 500), False)]
    folder = tmp_path / "small" / "2026H2" / "B01"
    assert sorted(path.name for path in folder.iterdir()) == ["record.html", "report.html"]
    assert result.stderr.splitlines()[-1].split()[:2] == ["done", "1"]


@pytest.mark.usefixtures("perform_here")
@pytest.mark.parametrize(
    ("formats", "files"),
    [
        ("docx", ["report.docx"]),
        ("html, pdf,docx", ["report.docx", "report.html", "report.pdf"]),
        ("pdf,pdf", ["report.pdf"]),
    ],
)
def test_report_writes_the_formats_that_are_asked_for(small, tmp_path, formats, files):
    result = invoke("report", small, "--out", tmp_path, "--unit", "B01", "--format", formats)
    assert result.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "small" / "2026H2" / "B01").iterdir()) == files


@pytest.mark.usefixtures("perform_here")
def test_report_names_a_scheduler_that_does_not_answer(small, tmp_path):
    result = invoke("report", small, "--out", tmp_path, "--dask", "tcp://127.0.0.1:9")
    assert result.exit_code == 1
    assert "--dask: 'tcp://127.0.0.1:9', no scheduler answers" in result.stderr


@pytest.mark.usefixtures("perform_here")
def test_report_takes_units_and_a_round(small, tmp_path):
    options = ["--unit", "B01", "--unit", "B02", "--round", "2026"]
    assert invoke("report", small, "--out", tmp_path, *options).exit_code == 0
    folder = tmp_path / "small" / "2026"
    assert sorted(path.name for path in folder.iterdir()) == ["B01", "B02", "index.html", "manifest.jsonl"]


@pytest.mark.usefixtures("perform_here")
def test_report_ends_with_1_if_a_report_failed(small, tmp_path):
    result = invoke("report", small, "--out", tmp_path, "--language", "en")
    assert result.exit_code == 1
    assert "B02: failed: RuntimeError: no votes" in result.stderr
    folder = tmp_path / "small" / "2026H2"
    assert result.stdout.strip() == str(folder / "index.html")
    assert (folder / "B01" / run.PAGE).is_file()
    assert "Reports that failed: 1" in (folder / "index.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("perform_here")
def test_who_stops_a_report_keeps_what_is_finished(small, tmp_path):
    out = tmp_path / "stop"
    result = invoke("report", small, "--out", out)
    assert result.exit_code == 1
    assert "stopped: 3 of 4 reports are finished and kept" in result.stderr
    folder = out / "small" / "2026H2"
    assert (folder / "B01" / run.PAGE).is_file()
    assert not (folder / "B02").exists()
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert 'href="B01/report.html"' in page
    assert 'href="B02/report.html"' not in page


@pytest.mark.usefixtures("perform_here")
def test_who_stops_at_once_has_an_index_all_the_same(small, tmp_path):
    result = invoke("report", small, "--out", tmp_path / "stop", "--unit", "B02")
    assert result.exit_code == 1
    assert "stopped: 0 of 1" in result.stderr
    assert Path(result.stdout.strip()).is_file()


@pytest.mark.usefixtures("perform_here")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--unit", "B1"], "unit: 'B1'"),
        (["--round", "2027"], "round: '2027'"),
        (["--language", "fr"], "language: 'fr', must be one of zh, en"),
        (["--notebooks", "nowhere"], "no such notebook"),
        (["--format", "html,word"], "--format: 'word', must be one of html, docx, pdf"),
        (["--template", "nowhere.docx"], "template: only reports in Word have one, --format must hold docx"),
        (["--template", "nowhere.docx", "--format", "docx"], "nowhere.docx: no such file"),
        (["--format", ""], "--format: '', must be one of html, docx, pdf"),
    ],
)
def test_report_refuses_what_it_does_not_know(small, tmp_path, options, message):
    result = invoke("report", small, "--out", tmp_path, *options)
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_report_refuses_a_notebook_without_parameters(small, tmp_path):
    cells = [new_code_cell("study = unit = round = ''")]
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), tmp_path / "unit_report.ipynb")
    result = invoke("report", small, "--out", tmp_path / "out", "--unit", "B01", "--notebooks", tmp_path)
    assert result.exit_code == 1
    assert "unit_report.ipynb: must set study, unit, round in a cell tagged `parameters`" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("jobs", ["0", "-1", "many"])
def test_report_needs_a_process(small, jobs):
    assert invoke("report", small, "--jobs", jobs).exit_code == 2


def test_the_demo_is_what_simulate_makes(tmp_path):
    """So that its README tells the truth."""
    assert invoke("simulate", tmp_path / "demo").exit_code == 0
    for path in (tmp_path / "demo").iterdir():
        assert path.read_bytes() == (DEMO / path.name).read_bytes(), path.name


def test_simulate_replaces_no_study_of_somebody_else(tmp_path):
    own = tmp_path / "scheme.yaml"
    own.write_text("title: ours\n", encoding="utf-8")
    result = invoke("simulate", tmp_path, "--units", 2, "--members", 20)
    assert result.exit_code == 1
    assert "holds a study that was not simulated" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["scheme.yaml"]
    assert own.read_text(encoding="utf-8") == "title: ours\n"

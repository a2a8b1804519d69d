"""A run: a folder for every unit, an index over them, and no trace of what went wrong but where it is told."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from hashlib import sha256
from html import unescape
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from toolkit.batch import perform
from toolkit.batch.manifest import FILE as MANIFEST
from toolkit.batch.units import Bounds, Outcome
from toolkit.documents.exporters import ReportExporter
from toolkit.reporting import edition, run
from toolkit.reporting.edition import OVERVIEW, Edition
from toolkit.reporting.run import INDEX, PAGE

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
FILES = {
    "B12": {PAGE, run.RECORD, "scores.csv", "slice.json", "unit_report.ipynb"},
    "B03": {PAGE, run.RECORD, "scores.csv", "slice.json", "unit_report.ipynb"},
    OVERVIEW: {PAGE, run.RECORD, "scores.csv", "slice.json", "overview.ipynb"},
}
LEADS_OUT = re.compile(r"\.\./|\bfile:|(?<![<\w/*.])/(?:tmp|home|root|usr|var|work|Users)/|\b[A-Z]:\\+Users")
WITH_RECORD = run.EXPORTERS | {run.RECORD: "toolkit-record"}


def plan(study, scores, out, *names, **options):
    """A run of some units and, by its name, of the overview."""
    options = {"notebooks": NOTEBOOKS, "exporters": WITH_RECORD, **options}
    return replace(run.plan(study, scores, out, **options), names=names)


def manifest(folder):
    first, *others = map(json.loads, (folder / MANIFEST).read_text(encoding="utf-8").splitlines())
    return first, {line["name"]: line for line in others}


def index(folder):
    return (folder / INDEX).read_text(encoding="utf-8")


def linked(folder, ending=PAGE):
    """Files of an ending to which the index leads."""
    return [link for link in re.findall(r'href="([^"]+)"', index(folder)) if link.endswith(ending)]


# Through papermill ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(study, scores, tmp_path_factory):
    """Two units and the overview, in parallel."""
    folder = tmp_path_factory.mktemp("run")
    outcomes = list(run.perform_all(plan(study, scores, folder, *FILES), 2))
    return run.finish(study, scores, folder, outcomes, turn="2026H2", language="zh")


def test_every_unit_has_its_folder_and_nothing_else_is_there(finished):
    assert [outcome.outcome for outcome in finished.outcomes] == ["done"] * 3
    assert {path.name for path in finished.folder.iterdir()} == {INDEX, MANIFEST, *FILES}
    for name, files in FILES.items():
        assert {path.name for path in (finished.folder / name).iterdir()} == files


def test_no_file_of_a_unit_names_another_or_its_people(study, finished):
    for unit in ("B12", "B03"):
        own = study.members["unit_id"] == unit
        foreign = set(study.members.loc[~own, "name"]) - set(study.members.loc[own, "name"])
        foreign |= set(study.units.loc[study.units["unit_id"] != unit, "name"])
        ids = set(study.members.loc[~own, "member_id"]) | set(study.units["unit_id"]) - {unit}
        for file in FILES[unit]:
            text = text_of(finished.folder / unit / file)
            # a name of two characters may by chance stand in prose; a cell or label would hold it alone
            shown = set(re.findall(r"[\u4e00-\u9fff]+", text))
            assert not foreign & shown, file
            assert not ids & set(re.findall(r"\b[A-Z]\w+", text)), file


def test_no_file_of_a_unit_leads_out_of_its_folder(finished):
    for name in FILES:
        assert_knows_no_place(finished.folder / name)


def assert_knows_no_place(folder):
    """No file of a folder holds a path of this machine, or one that leads out of the folder."""
    places = [str(place) for place in (NOTEBOOKS.parent, folder.parent, Path(sys.prefix), Path.home())]
    for file in folder.iterdir():
        text = text_of(file)
        assert not [place for place in places if place in text], file
        assert not LEADS_OUT.search(text), file
        links = re.findall(r'href="([^"]*)"', text) if file.suffix == ".html" else []
        assert not [link for link in links if not link.startswith("#")], file


def test_a_path_would_be_noticed(tmp_path):
    for text in ("see ../B02", "<a href='x' href=\"B02/report.html\">", "at /home/me/x.py", str(tmp_path), "C:\\Users"):
        folder = tmp_path / str(len(text))
        folder.mkdir()
        (folder / "report.html").write_text(text, encoding="utf-8")
        with pytest.raises(AssertionError):
            assert_knows_no_place(folder)


def text_of(file):
    """What a file says, without the fonts and hashes that by chance could say anything."""
    return re.sub(r"base64,[\w+/=]+|[0-9a-f]{64}", "", unescape(file.read_text(encoding="utf-8-sig")))


def test_no_file_holds_a_rater(study_folder, finished):
    raters = set(pd.read_csv(study_folder / "ratings.csv", dtype=str)["rater_id"].dropna())
    files = [path for path in finished.folder.rglob("*") if path.is_file()]
    assert len(files) == 17
    for file in files:
        # \b: an id of twelve digits inside a longer one is none
        assert not raters & set(re.findall(r"\b[0-9a-f]{12}\b", text_of(file))), file


def test_the_report_shows_what_the_notebook_shows(finished):
    page = text_of(finished.folder / "B12" / PAGE)
    notebook = nbformat.read(finished.folder / "B12" / "unit_report.ipynb", as_version=4)
    kinds = [kind for cell in notebook.cells for output in cell.get("outputs", ()) for kind in output.get("data", ())]
    assert page.count("<table>") == kinds.count("application/vnd.dataresource+json") >= 7
    assert page.count("<figure>") == kinds.count("image/svg+xml") == 5
    assert "stderr" not in json.dumps(notebook)
    assert "Traceback" not in page


def test_the_notebook_gives_its_page_once_more(finished):
    for folder in (finished.folder / "B12", finished.folder / OVERVIEW):
        (notebook,) = folder.glob("*.ipynb")
        page, _ = ReportExporter().from_filename(str(notebook))
        assert page == (folder / PAGE).read_text(encoding="utf-8")


def test_the_page_carries_its_font_and_loads_nothing(finished):
    for name in FILES:
        page = (finished.folder / name / PAGE).read_text(encoding="utf-8")
        assert "font/woff;base64,d09GR" in page
        assert not re.search(r"https?://|<script [^>]|<link|src=\"(?!data:)", page)


def test_the_manifest_holds_the_hash_of_every_file(study, finished):
    first, units = manifest(finished.folder)
    assert first["study"] == "demo"
    assert first["round"] == "2026H2"
    assert first["inputs"] == study.digests
    assert set(first["versions"]) == {*run.PACKAGES, "python"}
    assert list(units) == [OVERVIEW, "B03", "B12"]
    for name, line in units.items():
        files = {path.name: sha256(path.read_bytes()).hexdigest() for path in (finished.folder / name).iterdir()}
        assert line["files"] == files
        assert line["outcome"] == "done"
        assert line["error"] == ""
        assert 0 < line["seconds"] < 600


def test_the_index_leads_to_what_is_there(study, finished):
    page = index(finished.folder)
    assert linked(finished.folder) == ["overview/report.html", "B03/report.html", "B12/report.html"]
    assert linked(finished.folder, ".csv") == ["overview/scores.csv", "B03/scores.csv", "B12/scores.csv"]
    assert all((finished.folder / link).is_file() for link in linked(finished.folder, ""))
    assert page.count(">未生成<") == len(study.units) - 2
    assert not [name for name in study.members["name"] if f">{name}<" in page]


@pytest.mark.slow
def test_another_folder_and_number_of_processes_give_the_same_bytes(study, scores, finished, tmp_path):
    (outcome,) = run.perform_all(plan(study, scores, tmp_path / "else where", "B12"), 1)
    assert outcome.files == manifest(finished.folder)[1]["B12"]["files"]
    assert set(outcome.files) == FILES["B12"]


@pytest.mark.slow
def test_stock_kernels_give_the_same_bytes(study, scores, finished, tmp_path, monkeypatch):
    """As on Windows and macOS, where no process can be forked."""
    monkeypatch.setenv("TOOLKIT_FORK", "0")
    (outcome,) = run.perform_all(plan(study, scores, tmp_path, "B12"), 1)
    assert outcome.files == manifest(finished.folder)[1]["B12"]["files"]


def test_a_second_run_keeps_what_the_first_has_made(study, scores, finished):
    before = {name: line["files"] for name, line in manifest(finished.folder)[1].items()}
    outcomes = list(run.perform_all(plan(study, scores, finished.folder, *FILES), 2))
    assert {outcome.name: outcome.files for outcome in outcomes} == before
    assert {outcome.outcome for outcome in outcomes} == {"kept"}
    run.finish(study, scores, finished.folder, outcomes, turn="2026H2", language="zh")
    assert {line["outcome"] for line in manifest(finished.folder)[1].values()} == {"done"}
    assert index(finished.folder).count(">沿用已有<") == 2


def notebooks(folder, source, tags=("parameters",), parameters='study = ""\nunit = ""\nround = ""'):
    """A folder with both notebooks, of one cell after the parameters."""
    folder.mkdir()
    cells = [new_code_cell(parameters, metadata={"tags": list(tags)}), new_code_cell(source)]
    for name in ("unit_report.ipynb", "overview.ipynb"):
        kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
        nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / name)
    return folder


def test_a_unit_that_fails_stops_no_other(study, scores, tmp_path):
    source = "if unit == 'B02':\n    raise RuntimeError('no votes <b>')\nprint(unit)"
    folder = notebooks(tmp_path / "notebooks", source)
    out = tmp_path / "out"
    outcomes = list(run.perform_all(plan(study, scores, out, "B01", "B02", notebooks=folder), 2))
    done = run.finish(study, scores, out, outcomes, turn="2026H2", language="zh")
    assert {outcome.name: outcome.outcome for outcome in outcomes} == {"B01": "done", "B02": "failed"}
    assert [outcome.name for outcome in done.failed] == ["B02"]
    failed = manifest(out)[1]["B02"]
    assert "RuntimeError: no votes <b>" in failed["error"]
    assert set(failed["files"]) == {"scores.csv", "slice.json", "unit_report.ipynb"}  # what is needed to see why
    page = index(out)
    assert "RuntimeError: no votes &lt;b&gt;" in page
    assert linked(out, "") == ["../index.html", *(f"B01/{file}" for file in (PAGE, run.RECORD, "scores.csv"))]
    assert "生成失败的报告：1 份" in page
    assert {path.name for path in out.iterdir()} == {INDEX, MANIFEST, "B01", "B02"}


# Without a kernel -----------------------------------------------------------------------------------------------


def write_page(unit, work, _engine):
    """Stands for papermill."""
    (work / PAGE).write_text(unit.metadata["title"], encoding="utf-8")


@pytest.fixture
def instant(monkeypatch):
    monkeypatch.setattr(perform, "_execute", write_page)


def performed(planned):
    return [perform.perform_stock(unit, Bounds()) for unit in planned]


@pytest.mark.usefixtures("instant")
def test_a_partial_run_keeps_the_pages_of_the_others(study, scores, tmp_path):
    for names in ([OVERVIEW, "B01", "B02"], ["B02"]):
        outcomes = performed(plan(study, scores, tmp_path, *names))
        run.finish(study, scores, tmp_path, outcomes, turn="2026H2", language="en")
    page = index(tmp_path)
    assert linked(tmp_path) == ["overview/report.html", "B01/report.html", "B02/report.html"]
    assert page.count(">done<") == 2
    assert page.count(">not run<") == len(study.units) - 2


@pytest.mark.usefixtures("instant")
def test_a_report_takes_the_place_of_the_last_as_a_whole(study, scores, tmp_path):
    for old in (tmp_path / "B01" / "old.txt", tmp_path / ".B01.partial" / "old.txt"):
        old.parent.mkdir()
        old.touch()
    assert performed(plan(study, scores, tmp_path, "B01"))[0].outcome == "done"
    assert [path.name for path in tmp_path.iterdir()] == ["B01"]
    assert [path.name for path in (tmp_path / "B01").iterdir()] == [PAGE]


def test_a_failure_takes_the_old_page_away(study, scores, tmp_path, monkeypatch):
    """Beside a failure the page of an earlier run would pass for the report."""
    planned = plan(study, scores, tmp_path, "B01")
    monkeypatch.setattr(perform, "_execute", write_page)
    performed(planned)

    def fail(unit, work, engine):
        write_page(unit, work, engine)
        raise OSError("disk full")

    monkeypatch.setattr(perform, "_execute", fail)
    (outcome,) = performed(planned)
    assert outcome.outcome == "failed"
    assert outcome.error.endswith("OSError: disk full\n")
    assert not (tmp_path / "B01" / PAGE).exists()


def test_a_unit_whose_slice_cannot_be_cut_stops_no_other(study, scores, tmp_path, monkeypatch):
    whole = edition.cut

    def cut(study, scores, unit, *rest, **options):
        if unit == "B02":
            raise RuntimeError("no slice")
        return whole(study, scores, unit, *rest, **options)

    monkeypatch.setattr(edition, "cut", cut)
    units = {unit.name: unit for unit in plan(study, scores, tmp_path, "B01", "B02")}
    assert units["B01"].error == ""
    assert "RuntimeError: no slice" in units["B02"].error
    outcome = perform.perform_stock(units["B02"], Bounds())
    assert outcome.outcome == "failed"
    assert "RuntimeError: no slice" in outcome.error


def test_a_unit_asked_for_twice_is_reported_once(study, scores, tmp_path):
    jobs = run.plan(study, scores, tmp_path, notebooks=NOTEBOOKS, units=["B01", "B01"])
    assert jobs.names == ("B01",)


@pytest.mark.usefixtures("instant")
def test_the_index_remembers_an_earlier_failure(study, scores, tmp_path):
    failed = Outcome("B01", "failed", 0.1, error="Traceback\nValueError: as it was")
    run.finish(study, scores, tmp_path, [failed], turn="2026H2", language="en")
    outcomes = performed(plan(study, scores, tmp_path, "B02"))
    run.finish(study, scores, tmp_path, outcomes, turn="2026H2", language="en")
    assert "ValueError: as it was" in index(tmp_path)
    lines = [json.loads(line) for line in (tmp_path / MANIFEST).read_text(encoding="utf-8").splitlines()]
    assert [line.get("name", "run") for line in lines] == ["run", "B01", "B02"]


def test_the_executed_notebook_says_not_where_or_when_it_ran(finished):
    notebook = nbformat.read(finished.folder / "B12" / "unit_report.ipynb", as_version=4)
    assert not any("papermill" in part.metadata for part in (notebook, *notebook.cells))


def test_who_is_stopped_leaves_no_half_of_a_folder(study, scores, tmp_path, monkeypatch):

    def stop(unit, work, engine):
        write_page(unit, work, engine)
        raise KeyboardInterrupt

    monkeypatch.setattr(perform, "_execute", stop)
    with pytest.raises(KeyboardInterrupt):
        performed(plan(study, scores, tmp_path, "B01"))
    assert list(tmp_path.iterdir()) == []


def test_the_index_tells_how_reports_were_made(study, scores, tmp_path):
    outcomes = [Outcome("B01", "done", 1.25), Outcome("B02", "kept", 0.0), Outcome("B03", "done", 0.5)]
    page = index(run.finish(study, scores, tmp_path / "2026H2", outcomes, turn="2026H2", language="en").folder)
    first, _ = manifest(tmp_path / "2026H2")
    told = dict(re.findall(r'<tr><th scope="row">([^<]+)</th><td>([^<]+)</td></tr>', page))
    assert told["Seconds for all reports"] == "1.8"
    assert told["Seconds for the slowest"] == "1.2"
    assert told["Finished"] == first["finished"][:16].replace("T", " ")
    assert told["Fingerprint of the code"] == first["code"]
    assert study.digests.items() | first["versions"].items() <= told.items()


def test_the_index_of_a_study_lists_its_runs(study, scores, tmp_path):
    folder = tmp_path / "demo"
    for made in (Edition(), Edition("change"), Edition("member_feedback", "member")):
        place = made.folder(folder, "2026H2")
        failed = [Outcome("M0001" if made.per == "member" else "B01", "failed", 0.1)]
        run.finish(study, scores, place, failed, turn="2026H2", language="en", edition=made)
    other = replace(study, name="other")
    run.finish(other, scores, folder / "strange", [], turn="2026H2", language="en")
    run.finish(study, scores, folder / "2026H1", [Outcome("B01", "done", 0.1)], turn="2026H1", language="en")
    for name, text in (("empty", ""), ("broken", "{"), ("list", "[]")):
        (folder / name).mkdir()
        (folder / name / MANIFEST).write_text(text, encoding="utf-8")
    rows = re.findall(r"<tr><th.*?</tr>", index(folder))
    told = [re.findall(r'href="[^"]+"|(?<=>)[^<>]+', row)[:5] for row in rows]
    assert told == [
        ['href="2026H1/index.html"', "Assessment report", "2026H1", "1", "0"],
        ['href="2026H2/index.html"', "Assessment report", "2026H2", "0", "1"],
        ['href="2026H2.change/index.html"', "Change between rounds", "2026H2", "0", "1"],
        ['href="2026H2.member_feedback/index.html"', "Personal feedback", "2026H2", "0", "1"],
    ]


def test_an_index_can_be_written_before_anything_is_finished(study, scores, tmp_path):
    done = run.finish(study, scores, tmp_path / "new", [], turn="2026", language="zh")
    assert done.index.is_file()
    assert done.outcomes == ()
    assert linked(done.folder, "") == ["../index.html"]


def test_outcomes_are_told_in_the_order_of_the_study(study, scores, tmp_path):
    outcomes = [Outcome(name, "failed", 0.0, error="x") for name in ("B07", "B01", OVERVIEW)]
    run.finish(study, scores, tmp_path, outcomes, turn="2026", language="zh")
    assert list(manifest(tmp_path)[1]) == [OVERVIEW, "B01", "B07"]


# The plan -------------------------------------------------------------------------------------------------------


def test_a_plan_has_the_overview_and_every_unit(study, scores, tmp_path):
    jobs = list(run.plan(study, scores, tmp_path, notebooks=NOTEBOOKS))
    assert [job.name for job in jobs] == [OVERVIEW, *study.units["unit_id"]]
    assert jobs[0].metadata["title"] == "总体情况"
    assert jobs[2].metadata["title"] == "机关第一党支部考核评价报告"
    assert [Path(job.folder) for job in jobs] == [tmp_path.resolve() / job.name for job in jobs]


def test_a_plan_of_some_units_has_no_overview(study, scores, tmp_path):
    options = {"notebooks": NOTEBOOKS, "units": ["B02", "B01"], "language": "en", "round": "2026H1"}
    jobs = list(run.plan(study, scores, tmp_path, **options))
    assert [job.name for job in jobs] == ["B02", "B01"]
    assert jobs[1].metadata["title"] == "机关第一党支部 Assessment report"
    assert json.loads(jobs[0].files["slice.json"])["round"] == "2026H1"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": ["B1"]}, "unit: 'B1', must be one of"),
        ({"round": "2027"}, "round: '2027', must be one of 2026H1, 2026H2, 2026"),
        ({"language": "fr"}, "language: 'fr', must be one of zh, en"),
        ({"notebooks": Path("nowhere")}, "no such notebook"),
    ],
)
def test_what_is_unknown_is_refused_by_name(study, scores, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        run.plan(study, scores, tmp_path, **{"notebooks": NOTEBOOKS, **options})


@pytest.mark.parametrize(
    ("edits", "lacking"),
    [
        ({"tags": ()}, "study, unit, round"),
        ({"tags": ("Parameters",)}, "study, unit, round"),
        ({"parameters": "study = ''\nrounds = ''"}, "unit, round"),
        ({"parameters": "study = ''\nunit = ''\n# round = ''"}, "round"),
    ],
)
def test_a_notebook_that_cannot_take_the_parameters_is_refused(tmp_path, edits, lacking, caplog):
    notebook = notebooks(tmp_path / "notebooks", "1", **edits) / "unit_report.ipynb"
    message = f"unit_report.ipynb: must set {lacking} in a cell tagged `parameters`"
    with pytest.raises(ValueError, match=re.escape(message)):
        run.require_parameters(notebook)
    assert not caplog.records


def test_a_notebook_may_say_more(tmp_path):
    folder = notebooks(tmp_path / "n", "1", parameters="study = ''\nunit: str = ''\nround = ''\nextra = 1")
    notebook = nbformat.read(folder / "overview.ipynb", as_version=4)
    notebook.cells.insert(0, new_markdown_cell("# prose"))
    nbformat.write(notebook, folder / "overview.ipynb")
    run.require_parameters(folder / "overview.ipynb")


def test_no_unit_takes_the_folder_of_the_overview(study, scores, tmp_path):
    units = study.units.replace({"unit_id": {"B01": "Overview"}})
    with pytest.raises(ValueError, match="unit_id: must not be 'overview'"):
        run.plan(replace(study, units=units), scores, tmp_path, notebooks=NOTEBOOKS)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal for a group of processes that Python can send")
def test_ctrl_c_keeps_what_has_begun_and_tells_of_it(tmp_path):
    """The signal of a terminal, which reaches the workers too."""
    command = [sys.executable, "-m", "toolkit", "report", "surveys/demo", "--out", str(tmp_path)]
    running = subprocess.Popen(
        command, cwd=NOTEBOOKS.parent, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, process_group=0
    )
    folder = tmp_path / "demo" / "2026H2"
    while not list(folder.glob("[!.]*/report.html")):
        time.sleep(0.2)
        assert running.poll() is None
    os.killpg(running.pid, signal.SIGINT)
    assert running.wait(60) == 1
    _, told = manifest(folder)
    made = {path.name for path in folder.iterdir() if path.is_dir()}
    assert made == set(told)
    assert 0 < len(made) < 14
    assert all((folder / name / PAGE).is_file() for name in made)


# Other notebooks, and members ----------------------------------------------------------------------------------


def test_a_run_for_members_has_a_folder_for_each_and_stands_beside_the_round(study, scores, tmp_path):
    sheets = Edition("member_feedback", "member")
    folder = sheets.folder(tmp_path, "2026H2")
    assert folder == tmp_path / "2026H2.member_feedback"
    jobs = list(run.plan(study, scores, folder, notebooks=NOTEBOOKS, edition=sheets, units=["B12"]))
    own = study.members.loc[study.members["unit_id"] == "B12", "member_id"].tolist()
    assert [job.name for job in jobs] == own
    names = {*study.members["name"]}
    for job in jobs:
        mine = study.members.set_index("member_id").loc[job.name, "name"]
        assert job.metadata["title"] == f"{mine}个人反馈单"
        told = {name for name in names if f'"{name}"' in job.files["slice.json"]}
        assert told == {mine}


def test_a_notebook_for_members_must_take_a_member(study, scores, tmp_path):
    with pytest.raises(ValueError, match=r"unit_report.ipynb: must set member in a cell tagged"):
        run.plan(study, scores, tmp_path, notebooks=NOTEBOOKS, edition=Edition("unit_report", "member"))
    with pytest.raises(ValueError, match=r"nothing.ipynb: no such notebook"):
        run.plan(study, scores, tmp_path, notebooks=NOTEBOOKS, edition=Edition("nothing"))


def test_members_whose_ids_cannot_name_a_folder_are_refused(study, scores, tmp_path):
    members = study.members.replace({"member_id": {"M0001": "M/1"}})
    people = replace(study, members=members)
    with pytest.raises(ValueError, match=r"member_id: 'M/1', must be able to name a folder"):
        run.plan(people, scores, tmp_path, notebooks=NOTEBOOKS, edition=Edition("member_feedback", "member"))


def test_sheets_and_comparisons_through_papermill(study, scores, tmp_path):
    """One member's sheet and one comparison, with their index."""
    for made, name in ((Edition("member_feedback", "member"), "M0231"), (Edition("change"), "B12")):
        folder = made.folder(tmp_path, "2026H2")
        (outcome,) = run.perform_all(plan(study, scores, folder, name, edition=made), 1)
        assert outcome.outcome == "done", outcome.error
        assert {path.name for path in (folder / name).iterdir()} == {
            PAGE,
            run.RECORD,
            "slice.json",
            f"{made.notebook}.ipynb",
        }
        assert_knows_no_place(folder / name)
        done = run.finish(study, scores, folder, [outcome], turn="2026H2", language="zh", edition=made)
        page = index(done.folder)
        assert f'href="{name}/{PAGE}"' in page
        assert manifest(done.folder)[0]["notebook"] == made.notebook
        others = {f'href="{unit}/{PAGE}"' for unit in study.units["unit_id"]} - {f'href="{name}/{PAGE}"'}
        assert not [link for link in others if link in page]


def test_the_index_of_sheets_tells_no_score(study, scores, tmp_path):
    made = Edition("member_feedback", "member")
    done = run.finish(study, scores, tmp_path / "2026H2", [], turn="2026H2", language="zh", edition=made)
    table = re.search(r'<table class="own">(.*?)</table>', index(done.folder), flags=re.DOTALL)[1]
    heads = re.findall(r'<th scope="col"[^>]*>([^<]*)<', table)
    assert heads == ["党员", "报告"]
    assert table.count('class="name"') == len(study.units) + len(study.members)
    assert table.index(">机关第一党支部<") < table.index(">唐泽涛<") < table.index(">机关第二党支部<")
    assert set(re.findall(r"<td[^>]*>([^<]*)</td>", table)) == {"", "未生成"}


@pytest.mark.parametrize(
    ("notebook", "per", "chosen"),
    [
        ("", None, Edition()),
        ("", "member", Edition("member_feedback", "member")),
        ("member_feedback", None, Edition("member_feedback", "member")),
        ("change.ipynb", None, Edition("change", "unit")),
    ],
)
def test_a_notebook_says_itself_for_whom_it_is(notebook, per, chosen):
    assert run.choose(NOTEBOOKS, notebook, per) == chosen


def test_a_notebook_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"nobody.ipynb: no such notebook"):
        run.choose(NOTEBOOKS, "nobody", None)

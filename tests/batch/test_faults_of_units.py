"""Whatever happens to a unit stays in that unit: nothing half written, nobody left behind, the others unharmed."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from uuid import uuid4

import pytest
from small_notebooks import executed, forks, gone_within, templates, texts

from toolkit.batch import manifest

pytestmark = forks


def others_done(outcomes, but=1):
    assert [outcome.outcome for outcome in outcomes] == ["failed" if i == but else "done" for i in range(len(outcomes))]
    return outcomes[but]


@pytest.fixture
def mark(monkeypatch):
    """An environment of its own, and so a template of its own, whose processes can be found."""
    mark = f"batch-{uuid4().hex}"
    monkeypatch.setenv("TEST_MARK", mark)
    monkeypatch.setenv("TOOLKIT_TEMPLATE_LINGER", "1.5")
    return mark


def test_a_unit_that_raises_leaves_its_notebook_and_no_page(make, batch, tmp_path):
    failed = others_done(
        batch(make("print('before')", "1 / (x - 1)", "print('after')"), exporters={"page.py": "python"})
    )
    assert "ZeroDivisionError" in failed.error
    assert sorted(path.name for path in (tmp_path / "out" / "u1").iterdir()) == ["notebook.ipynb"]
    assert sorted(path.name for path in (tmp_path / "out" / "u0").iterdir()) == ["notebook.ipynb", "page.py"]
    found = texts(executed(tmp_path, "u1"))
    assert "before\n" in found
    assert "after\n" not in found


def test_an_endless_loop_is_interrupted_and_its_notebook_survives(make, batch, tmp_path):
    notebook = make("print('before')", "while x == 1: pass")
    failed = others_done(batch(notebook, seconds=8))
    assert failed.error.startswith("took longer than 8 s")
    found = texts(executed(tmp_path, "u1"))
    assert "before\n" in found
    assert "KeyboardInterrupt" in found


def test_a_unit_that_ignores_the_interrupt_is_killed(make, batch, tmp_path):
    stubborn = "import signal, time\nif x == 1:\n    signal.signal(signal.SIGINT, signal.SIG_IGN)\n    time.sleep(100)"
    began = time.monotonic()
    failed = others_done(batch(make(stubborn), seconds=6))
    assert failed.error.startswith("took longer than 6 s")
    assert "SIGKILL" in failed.error
    assert time.monotonic() - began < 40
    assert not (tmp_path / "out" / "u1").exists()
    assert not list((tmp_path / "out").glob(".*.partial"))


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("import os\nif x == 1: os._exit(7)", "exit code 7"),
        ("import os, signal\nif x == 1: os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("import ctypes\nif x == 1: ctypes.string_at(0)", "SIGSEGV"),
        ("import os, signal\nif x == 1: os.kill(os.getpid(), signal.SIGTERM)", "SIGTERM"),
    ],
)
def test_a_process_that_dies_is_tried_again_and_then_told(make, batch, tmp_path, cell, told):
    failed = others_done(batch(make(cell)))
    assert told in failed.error
    assert failed.attempts == 2
    assert not (tmp_path / "out" / "u1").exists()
    assert not list((tmp_path / "out").glob(".*.partial"))


def test_a_process_that_dies_once_succeeds_at_the_second_attempt(make, batch, tmp_path):
    flag = tmp_path / "flag"
    cell = "if x == 1 and not os.path.exists(flag):\n    open(flag, 'w').close()\n    os._exit(1)"
    outcomes = batch(make(cell, before=(f"import os\nflag = {str(flag)!r}",)))
    assert [(outcome.outcome, outcome.attempts) for outcome in outcomes] == [("done", 1), ("done", 2), ("done", 1)]


def test_more_memory_than_allowed_is_an_error_of_that_cell(make, batch, tmp_path):
    failed = others_done(batch(make("block = bytearray((600 if x == 1 else 1) << 20)"), memory=300))
    assert "MemoryError" in failed.error
    assert "MemoryError" in texts(executed(tmp_path, "u1"))


def test_processes_that_a_unit_leaves_behind_end_with_it(make, batch, mark):
    cells = ("import subprocess\nsubprocess.Popen(['sleep', '300'])", "subprocess.Popen(['setsid', 'sleep', '300'])")
    assert all(outcome.outcome == "done" for outcome in batch(make(*cells)))
    assert gone_within(10, mark) is True


def test_a_disk_that_is_full_fails_the_unit_and_leaves_no_half_report(make, batch, tmp_path):
    """A bound on the size of files raises where a full disk would."""
    cell = "import resource\nif x == 1: resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))"
    failed = others_done(batch(make(cell), retries=0))
    assert "File too large" in failed.error or "SIGXFSZ" in failed.error
    left = tmp_path / "out" / "u1" / "notebook.ipynb"
    assert not left.exists() or json.loads(left.read_text())
    assert not list((tmp_path / "out").glob(".*.partial"))


RUN = """
import sys
from pathlib import Path
from toolkit.batch.runner import run_units
from toolkit.batch.units import Unit
out = Path(sys.argv[2])
units = [Unit(f"u{x}", sys.argv[1], str(out / f"u{x}"), {"x": x}) for x in range(int(sys.argv[3]))]
for outcome in run_units(units, out / "manifest.jsonl"):
    print(outcome.name, outcome.error.replace("\\n", " | "), outcome.outcome, flush=True)
"""


@contextmanager
def running(notebook, out, units=200):
    """A run in a process of its own that has finished three units."""
    command = [sys.executable, "-c", RUN, str(notebook), str(out), str(units)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for _ in range(3):
            process.stdout.readline()
        yield process


def all_whole(out, notebook="notebook.ipynb"):
    """Every folder that is there is whole."""
    folders = [folder for folder in out.iterdir() if folder.is_dir() and not folder.name.startswith(".")]
    for folder in folders:
        assert json.loads((folder / notebook).read_text())["nbformat"] == 4
    return len(folders)


SLOW = "import time; time.sleep(0.3)"


def test_when_the_run_is_killed_its_processes_end_and_what_is_finished_stays(make, mark, tmp_path):
    out = tmp_path / "out"
    with running(make(SLOW), out) as process:
        process.kill()
    assert gone_within(10, mark) is True
    assert 3 <= all_whole(out) < 200
    assert len(manifest.read(out / manifest.FILE)) >= 3


def test_when_the_template_is_killed_another_takes_its_place(make, mark, tmp_path):
    with running(make(SLOW), tmp_path / "out", units=12) as process:
        killed = templates(mark)
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        told = process.stdout.read().splitlines()
    assert process.returncode == 0
    assert killed
    assert [line for line in told if not line.endswith(" done")] == []
    assert all_whole(tmp_path / "out") == 12
    assert gone_within(10, mark) is True


def test_ctrl_c_stops_within_two_seconds_and_a_second_run_goes_on(make, batch, mark, tmp_path):
    notebook = make(SLOW)
    with running(notebook, tmp_path / "out") as process:
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
    assert time.monotonic() - began < 2
    assert process.returncode != 0
    assert not list((tmp_path / "out").glob(".*.partial"))
    done = all_whole(tmp_path / "out")
    assert 3 <= done < 200
    again = batch(notebook, range(done + 2))
    kept = [outcome.outcome for outcome in again].count("kept")
    assert done - 2 <= kept <= done
    assert {outcome.outcome for outcome in again} == {"kept", "done"}
    assert gone_within(10, mark) is True


def test_the_folder_of_the_templates_must_be_ours_alone(make, batch, tmp_path, monkeypatch):
    runtime = tmp_path / "runtime"
    (runtime / f"toolkit-batch-{os.getuid()}").mkdir(parents=True, mode=0o777)
    (runtime / f"toolkit-batch-{os.getuid()}").chmod(0o777)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    outcomes = batch(make("1"), range(1))
    assert "must belong to us alone" in outcomes[0].error

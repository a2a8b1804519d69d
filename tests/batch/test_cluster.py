"""The same batch on a real Dask scheduler with two worker processes, over TCP, one of which is killed on the way."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from small_notebooks import forks

from toolkit.batch import manifest
from toolkit.batch.cluster import cluster
from toolkit.batch.runner import run_units
from toolkit.batch.units import Unit
from toolkit.faults import UsageError

pytestmark = forks
QUIET = {"DASK_LOGGING__DISTRIBUTED": "error"}


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def started(*command):
    process = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli." + command[0], *command[1:]],
        env=os.environ | QUIET,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def office(tmp_path):
    """A scheduler and two workers; gives its address and the worker processes."""
    address = f"tcp://127.0.0.1:{free_port()}"
    port = address.rpartition(":")[2]
    worker = ("dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "20")
    with (
        started("dask_scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"),
        started(*worker, "--local-directory", str(tmp_path / "one")) as one,
        started(*worker, "--local-directory", str(tmp_path / "two")) as two,
    ):
        until = time.monotonic() + 40
        while True:
            try:
                with cluster(address, patience=5) as (_, threads):
                    if threads == 2:
                        break
            except UsageError:
                pass
            assert time.monotonic() < until, "the workers did not come"
            time.sleep(0.2)
        yield address, (one, two)


# Dask's own warnings and sockets are not ours to mend.
@pytest.mark.filterwarnings(
    "default::ResourceWarning", "default::DeprecationWarning", "default::pytest.PytestUnraisableExceptionWarning"
)
def test_when_a_worker_is_killed_every_unit_is_finished_once(office, make, tmp_path):
    address, (one, _) = office
    notebook = make("import time; time.sleep(0.5)", "print(x * x)")
    out = tmp_path / "out"
    units = [
        Unit(f"u{x}", str(notebook), str(out / f"u{x}"), {"x": x}, exporters={"page.py": "python"}) for x in range(12)
    ]
    outcomes = []
    with cluster(address) as (executor, workers):
        for outcome in run_units(units, out / manifest.FILE, executor=executor, workers=workers):
            outcomes.append(outcome)
            if len(outcomes) == 2:
                one.send_signal(signal.SIGKILL)
    assert sorted(outcome.name for outcome in outcomes) == sorted(unit.name for unit in units)
    assert {outcome.outcome for outcome in outcomes} == {"done"}
    assert sorted(folder.name for folder in out.iterdir() if folder.is_dir()) == sorted(unit.name for unit in units)
    for unit in units:
        assert {path.name for path in (out / unit.name).iterdir()} == {"notebook.ipynb", "page.py"}
    assert set(manifest.read(out / manifest.FILE)) == {unit.name for unit in units}


def test_a_scheduler_that_is_not_there_is_named():
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(UsageError, match=f"{address}.*no scheduler answers"), cluster(address, patience=0.5):
        pass

"""Through papermill's command line and Jupyter's own clients, which know nothing of us but two names."""

import os
import signal
import subprocess
import sys
import time
from uuid import uuid4

import nbformat
import papermill
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from small_notebooks import forks, gone_within, templates, texts

pytestmark = [
    forks,
    pytest.mark.filterwarnings("ignore:Kernel is running over TCP:UserWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # jupyter_client leaves sockets to the collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
WARM = "toolkit-warm"


@pytest.fixture
def mark(monkeypatch):
    mark = f"batch-{uuid4().hex}"
    monkeypatch.setenv("TEST_MARK", mark)
    monkeypatch.setenv("TOOLKIT_TEMPLATE_LINGER", "1.5")
    return mark


# papermill -----------------------------------------------------------------------------------------------------------


def test_the_command_line_of_papermill(make, tmp_path):
    notebook, out = make("print(x)"), tmp_path / "b.ipynb"
    command = [sys.executable, "-m", "papermill", "--engine", "toolkit-fork", str(notebook), str(out), "-p", "x", "7"]
    told = subprocess.run([*command, "--progress-bar"], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert "Executing" in told.stderr
    executed = nbformat.read(out, as_version=4)
    assert "7\n" in texts(executed)
    assert executed.metadata.papermill["duration"] > 0


def test_papermill_tells_of_an_error_as_it_does(make, tmp_path):
    out = tmp_path / "b.ipynb"
    with pytest.raises(papermill.PapermillExecutionError, match="no votes") as raised:
        papermill.execute_notebook(
            make("raise ValueError('no votes')", "print('after')"), out, engine_name="toolkit-fork", progress_bar=False
        )
    assert raised.value.cell_index == 1
    executed = nbformat.read(out, as_version=4)
    assert "papermill-error-cell-tag" in executed.cells[0].metadata.tags
    assert "after\n" not in texts(executed)


def test_the_kernel_of_a_notebook_may_be_ours_too(make):
    executed = papermill.execute_notebook(
        make("print(x)"), None, {"x": 3}, engine_name="toolkit-fork", kernel_name=WARM, progress_bar=False
    )
    assert "3\n" in texts(executed)


# Kernels -------------------------------------------------------------------------------------------------------------


def client(*cells, **options):
    notebook = new_notebook(cells=[new_code_cell(source) for source in cells])
    return NotebookClient(notebook, kernel_name=WARM, **options)


def test_a_kernel_is_forked_and_ends(tmp_path, mark):
    running = client("import os\nprint(os.getcwd(), os.getppid(), os.environ['TEST_MARK'])", "1 + 1")
    running.resources = {"metadata": {"path": str(tmp_path)}}
    notebook = running.execute()
    folder, parent, told = notebook.cells[0].outputs[0].text.split()
    assert folder == str(tmp_path)
    assert int(parent) in templates(mark)
    assert told == mark
    assert notebook.cells[1].outputs[0].data["text/plain"] == "2"
    assert gone_within(10, mark) is True


def test_a_second_kernel_finds_the_first_ones_template(mark):
    client("1").execute()
    before = templates(mark)
    client("2").execute()
    assert len(before) == 1
    assert templates(mark) == before


def test_a_kernel_is_interrupted_and_restarted(mark):
    manager, kernel = start_new_kernel(kernel_name=WARM)
    try:
        asked = kernel.execute("import time\nfor _ in range(300): time.sleep(0.1)")
        time.sleep(1)
        manager.interrupt_kernel()
        until = time.monotonic() + 20
        while (reply := kernel.get_shell_msg(timeout=20))["parent_header"]["msg_id"] != asked:
            assert time.monotonic() < until
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        first = manager.provisioner.pid
        manager.restart_kernel(now=True)
        kernel.wait_for_ready(timeout=30)
        assert manager.provisioner.pid != first
        assert kernel.execute_interactive("1", timeout=20)["content"]["status"] == "ok"
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)
    assert gone_within(10, mark) is True


def test_a_kernel_that_dies_is_noticed(mark):
    with pytest.raises(Exception, match="Kernel died"):
        client("import os", "os._exit(5)", "1").execute()
    assert gone_within(10, mark) is True


RUN = """
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
cells = [new_code_cell("print('there')"), new_code_cell("import time; time.sleep(300)")]
tell = lambda **_: print("there", flush=True)
NotebookClient(new_notebook(cells=cells), kernel_name="toolkit-warm", on_cell_executed=tell).execute()
"""


def test_a_kernel_ends_with_the_one_who_asked_for_it(mark):
    with subprocess.Popen([sys.executable, "-c", RUN], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as owner:
        assert owner.stdout.readline() == b"there\n"
        owner.kill()
    assert gone_within(10, mark) is True


def test_a_kernel_ends_with_its_template(mark):
    with subprocess.Popen([sys.executable, "-c", RUN], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as owner:
        assert owner.stdout.readline() == b"there\n"
        for pid in templates(mark):
            os.kill(pid, signal.SIGKILL)
        assert owner.wait(30) != 0
    assert gone_within(10, mark) is True


@pytest.mark.parametrize(
    "tool", [("--nbval-lax", "--nbval-kernel-name", WARM), ("--nbmake", f"--nbmake-kernel={WARM}")]
)
def test_nbval_and_nbmake_by_the_name_of_the_kernel(make, mark, tool, tmp_path):
    warm = "import os, psutil\nassert 'toolkit.batch.template' in psutil.Process(os.getppid()).cmdline()"
    notebook = make("assert x == 0", warm)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tool, str(notebook)]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout
    assert gone_within(10, mark) is True

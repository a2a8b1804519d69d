"""A forked kernel does what a stock one does: odd cells are run by both, and what they leave is compared.

Where the two differ, `toolkit/batch/README.md` says why, and the last tests here assert it.
"""

import logging
import os
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from multiprocessing import get_context

import pytest
from both_ways import ENGINES, KERNELSPEC, ODD, notebook_of, noted, odd_cells, plain, run, seen
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from small_notebooks import forks

pytestmark = forks

ROOMS = sorted(path.stem for path in ODD.glob("*.txt") if path.stem != "differences")
CELLS = [(room, number, name) for room in ROOMS for number, (name, *_) in enumerate(odd_cells(room))]
ENDINGS = {  # cells, and settings of papermill
    "exit that keeps the kernel": (["exit(keep_kernel=True)", "2"], {}),
    "os._exit": (["1", "import os; os._exit(3)", "2"], {}),
    "segmentation fault": (["1", "import ctypes; ctypes.string_at(0)", "2"], {}),
    "SIGTERM": (["1", "import os, signal; os.kill(os.getpid(), signal.SIGTERM); import time; time.sleep(5)", "2"], {}),
    "error": (["1", "print('before'); 1 / 0", "2"], {}),
    "SystemExit with 0": (["1", "import sys; sys.exit(0)", "2"], {}),
    "SystemExit with a text": (["raise SystemExit('a text')", "2"], {}),
    "KeyboardInterrupt": (["raise KeyboardInterrupt", "2"], {}),
    "time limit": (["1", "import time; print('begun', flush=True); time.sleep(30)", "2"], {"execution_timeout": 1}),
    "errors allowed": (["1 / 0", "2"], {"allow_errors": True, "record_timing": False}),
    "told": (
        ["print('out'); import sys; print('err', file=sys.stderr); 5", "display('shown'); print('more')", "1 +"],
        {"log_output": True, "stdout_file": "out.txt", "stderr_file": "err.txt"},
    ),
    "parameters": (
        ["x, y", *["import time; time.sleep(0.7)"] * 2],
        {"report_mode": True, "execution_timeout": 1, "parameters": {"x": 5, "y": "text"}},
    ),
}


def ending(name):
    """A small notebook with cells of every kind around those in question."""
    stale = new_code_cell("'ran'", outputs=[new_output("stream", text="of an older run")], execution_count=77)
    around = [
        new_markdown_cell("# Head"),
        new_raw_cell("raw"),
        new_code_cell("  \n"),
        new_code_cell("1 / 0", metadata={"tags": ["skip-execution"]}),
        new_code_cell("x = y = 0", metadata={"tags": ["parameters"], "own": [1]}),
        stale,
    ]
    cells, settings = ENDINGS[name]
    notebook = new_notebook(cells=[*around, *map(new_code_cell, cells)], metadata={"kernelspec": KERNELSPEC, "own": 1})
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"c{number}"
    return notebook, settings


def run_room(folder, room, engine):
    """In a process of its own: the cells of a room, and what the notebook notes of itself."""
    notebook, raised = run(notebook_of(room), folder, engine, request_save_on_cell_execute=room == "differences")
    kernel = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [seen(cell, folder) for cell in kernel], noted(notebook, folder), type(raised).__name__


def run_ending(folder, name, engine):
    """In a process of its own: everything that can be seen of a run."""
    notebook, settings = ending(name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    paths = {key: folder.parent / value for key, value in settings.items() if key in {"stdout_file", "stderr_file"}}
    with ExitStack() as stack:
        files = {key: stack.enter_context(path.open("w")) for key, path in paths.items()}
        records = stack.enter_context(listening()) if "log_output" in settings else []
        notebook, raised = run(notebook, folder, engine, request_save_on_cell_execute=True, **(settings | files))
    return {
        "sources": [(cell.cell_type, plain(cell.source, folder)) for cell in notebook.cells],
        "cells": [seen(cell, folder) for cell in notebook.cells],
        "raised": (type(raised).__name__, plain(str(raised), folder)),
        "noted": noted(notebook, folder),
        "told": [path.read_text() for path in paths.values()],
        "logged": [record for record in records if not record[1].startswith(ASIDE)],
        "papermill": {key: notebook.metadata.papermill[key] for key in ("exception", "parameters", "version")},
    }


ASIDE = ("Input Notebook", "Output Notebook", "Executing", "Ending", "Working", "Skipping", "Cells before")


@contextmanager
def listening():
    """What papermill logs."""
    records = []
    handler = logging.Handler()
    handler.emit = lambda record: records.append((record.levelname, record.getMessage()))
    logger = logging.getLogger("papermill")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield records


def silence():
    """A stock kernel repeats on the terminal what comes to its file descriptors."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """What a room or an ending has left, run by one of the engines; all of them are begun at once."""
    root = tmp_path_factory.mktemp("parity")
    jobs = [(run_room, room) for room in (*ROOMS, "differences")] + [(run_ending, name) for name in ENDINGS]
    with ProcessPoolExecutor(3, mp_context=get_context("spawn"), initializer=silence) as pool:

        def begin(job, name, engine, turn=1):
            return pool.submit(job, root / f"{engine}{turn}" / name.replace(" ", "-"), name, engine)

        begun = {(name, engine, 1): begin(job, name, engine) for job, name in jobs for engine in ENGINES}
        by_name = {name: job for job, name in jobs}

        @cache
        def result(name, engine, turn=1):
            if (name, engine, turn) not in begun:
                begun[name, engine, turn] = begin(by_name[name], name, engine, turn)
            return begun[name, engine, turn].result()

        yield result


@pytest.mark.parametrize(("room", "number", "name"), CELLS, ids=[f"{room}: {name}" for room, _, name in CELLS])
def test_a_cell_leaves_the_same(ran, room, number, name):
    """A stock kernel reads its descriptors in a thread: where the two differ on a busy machine both are asked again."""
    stock, ours = (ran(room, engine)[0][number] for engine in ENGINES)
    if ours != stock:
        stock, ours = (ran(room, engine, 2)[0][number] for engine in ENGINES)
    assert ours == stock, name


@pytest.mark.parametrize("room", ROOMS)
def test_a_notebook_notes_the_same(ran, room):
    stock, ours = (ran(room, engine) for engine in ENGINES)
    assert ours[1:] == stock[1:]
    assert len(ours[0]) == len(stock[0])


def test_widgets_were_noted(ran):
    assert len(ran("widgets", "forks")[1]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]) > 10


def died(stock, ours):
    """A stock kernel may have told the number of the cell; ours tells when a cell has ended."""
    assert ours["count"] is None
    assert stock["outputs"] == ours["outputs"] == []
    assert ours["metadata"]["papermill"] == stock["metadata"]["papermill"]


@pytest.mark.parametrize("name", ENDINGS)
def test_a_notebook_ends_the_same(ran, name):
    stock, ours = (ran(name, engine) for engine in ENGINES)
    if name in DYING:
        died(stock["cells"].pop(ENDS), ours["cells"].pop(ENDS))
        assert ours["raised"][1].startswith(stock["raised"][1])
        ours["raised"] = stock["raised"]
    if name == "time limit":  # ours comes to an end when it is interrupted; nobody waits for that of a stock kernel
        ours["cells"][ENDS]["metadata"]["execution"].remove("shell.execute_reply")
    for part, expected in stock.items():
        assert ours[part] == expected, part


ENDS = 7  # the second of the cells in question
DYING = ("os._exit", "segmentation fault", "SIGTERM")


DIFFERENT = {  # what a stock kernel puts out, if that is always the same, and what ours does
    "stdout before stderr": ("err\n|out\n", "out\n|err\n"),
    "print, descriptor, print": (None, "printed\nwritten\nprinted again\n"),
    "half a character at a time": ("caf\ufffd\ufffd\n", "caf\u00e9\n"),
    "threads of the kernel": (None, "1"),
    "hash of a text": ("1", "0"),
    "connection file": ("True", "OSError"),
    "faulthandler": ("Thread\n", "Current\n"),
    "exit": ("", ""),
    "a later cell": (None, ""),
    "the last cell": ("", ""),
    "the cell after exit": (None, ""),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_a_cell_differs_as_the_readme_says(ran, name):
    number = [cell for cell, *_ in odd_cells("differences")].index(name)
    for expected, engine in zip(DIFFERENT[name], ENGINES, strict=True):
        found = "|".join(map(told, ran("differences", engine)[0][number]["outputs"]))
        assert expected in {found, None}, engine


def told(output):
    return output.get("text") or output.get("data", {}).get("text/plain") or output["ename"]


def test_the_kernel_is_gone_after_exit(ran):
    assert [ran("differences", engine)[2] for engine in ENGINES] == ["DeadKernelError"] * 2

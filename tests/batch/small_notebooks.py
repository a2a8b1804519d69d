"""Small notebooks, and a look at what a run leaves behind."""

import os
import time
from contextlib import suppress
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from toolkit.batch import manifest
from toolkit.batch.link import can_fork
from toolkit.batch.runner import run_units
from toolkit.batch.units import Bounds, Unit

forks = pytest.mark.skipif(not can_fork(), reason="processes can be forked on Linux alone")


def pytest_collection_modifyitems(items):
    """Templates are processes of one machine: what a test leaves behind is counted, so these run in one worker."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.xdist_group("batch"))


@pytest.fixture
def make(tmp_path):
    """A notebook of some cells; the one given as `parameters` is tagged so."""

    def make(*cells, parameters="x = 0", before=(), name="notebook.ipynb", tags=()):
        nodes = [new_code_cell(source) for source in before]
        nodes.append(new_code_cell(parameters, metadata={"tags": ["parameters"]}))
        nodes += [new_code_cell(source, metadata={"tags": list(tags)}) for source in cells]
        nodes.append(new_markdown_cell("The end."))
        for number, node in enumerate(nodes):
            node["id"] = f"c{number}"
        spec = {"name": "python3", "language": "python", "display_name": "Python 3"}
        path = tmp_path / name
        nbformat.write(new_notebook(cells=nodes, metadata={"kernelspec": spec}), path)
        return path

    return make


@pytest.fixture
def batch(tmp_path):
    """Run a notebook for some values of `x`; gives the outcomes in the order of the units."""

    def batch(notebook, values=range(3), **options):
        bounds = Bounds(**{name: options.pop(name) for name in ("seconds", "memory", "retries") if name in options})
        extra = {name: options.pop(name) for name in ("exporters", "files", "metadata", "settings") if name in options}
        out = tmp_path / options.pop("out", "out")
        units = [Unit(f"u{value}", str(notebook), str(out / f"u{value}"), {"x": value}, **extra) for value in values]
        found = {outcome.name: outcome for outcome in run_units(units, out / manifest.FILE, bounds=bounds, **options)}
        return [found[unit.name] for unit in units]

    return batch


def executed(tmp_path, unit="u0", out="out", name="notebook.ipynb"):
    return nbformat.read(tmp_path / out / unit / name, as_version=4)


def texts(notebook):
    """What the cells of a notebook have put out, cell by cell."""
    return [
        "".join(
            output.get("text") or output.get("data", {}).get("text/plain") or output.get("ename", "")
            for output in cell.outputs
        )
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def processes(mark):
    """Processes whose environment holds a mark."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and int(folder.name) != os.getpid():
                environ = (folder / "environ").read_bytes()
                command = (folder / "cmdline").read_bytes()
                if mark.encode() in environ + command:
                    found.append((int(folder.name), command.replace(b"\0", b" ").decode(errors="replace")))
        except OSError:
            continue
    return found


def templates(mark):
    """Warm processes with a mark; what they have forked looks the same, but for its parent."""
    found = {pid for pid, command in processes(mark) if "toolkit.batch.template" in command}
    parents = {}
    for pid in found:
        with suppress(psutil.NoSuchProcess):
            parents[pid] = psutil.Process(pid).ppid()
    return [pid for pid, parent in parents.items() if parent not in found]


def gone_within(seconds, mark):
    until = time.monotonic() + seconds
    while (left := processes(mark)) and time.monotonic() < until:
        time.sleep(0.1)
    return left == [] or left

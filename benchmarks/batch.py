"""A report for every unit: our batch beside a loop of papermill and nbconvert, and others; see README.md.

    python benchmarks/batch.py                 # all notebooks, 5 rounds: about 15 minutes
    python benchmarks/batch.py --rounds 1      # a first look
    python benchmarks/batch.py --kernels       # nbval and nbmake with a warm kernel
    python benchmarks/batch.py --units 10000   # a study of so many units, from reading it to the index

`pip install ploomber-engine` adds that engine to the comparison.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Self

import nbformat
import papermill
import psutil
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).parents[1]
SPEC = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}

HEAVY = [
    "import matplotlib.pyplot as plt\nimport numpy as np\nimport pandas as pd\nimport statsmodels.formula.api as smf",
    "rng = np.random.default_rng(int(unit))\nframe = pd.DataFrame({'x': rng.normal(size=20_000)})",
    "frame['group'] = rng.integers(0, 8, len(frame))",
    "frame['y'] = 2 * frame.x + frame.group + rng.normal(size=len(frame))",
    "model = smf.ols('y ~ x * C(group)', frame).fit(cov_type='HC1')\nmodel.summary()",
    "smf.mixedlm('y ~ x', frame, groups='group').fit().params",
    "plt.scatter(frame.x, frame.y, s=2);",
    "frame.groupby('group').y.plot.kde();",
    "axes = plt.subplots(2, 2)[1].flat\nfor axis, (_, part) in zip(axes, frame.groupby('group')):\n axis.hist(part.y)",
    "frame.groupby('group').y.describe()",
]
TRIVIAL = ["import math", "print('hello', unit)", "math.sqrt(2)"]


# The notebooks ------------------------------------------------------------------------------------------------------


def prepare(which: str, folder: Path, n: int) -> tuple[Path, list[dict], str]:
    """A notebook, what each of n units is handed, and the exporter of our batch."""
    if which == "report":
        return ROOT / "notebooks" / "unit_report.ipynb", slices(folder, n), "toolkit-html"
    first, *others = HEAVY if which == "heavy" else TRIVIAL
    cells = [new_code_cell(first), new_code_cell("unit = '0'", metadata={"tags": ["parameters"]})]
    cells += [new_code_cell(source) for source in others]
    path = folder / f"{which}.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata=SPEC), path)
    return path, [{"parameters": {"unit": str(i)}, "files": {}} for i in range(n)], "toolkit-html"


def slices(folder: Path, n: int) -> list[dict]:
    """What the branches of the demo are handed, cut once and used again."""
    stored = folder / "slices.json"
    if not stored.exists():
        import toolkit as tk
        from toolkit.reporting import run

        study = tk.read_study(ROOT / "surveys" / "demo")
        planned = run.plan(study, tk.score(study), folder, notebooks=ROOT / "notebooks")
        units = [unit for unit in planned if unit.name.startswith("B")]
        stored.write_text(json.dumps([{"parameters": unit.parameters, "files": unit.files} for unit in units]))
    units = json.loads(stored.read_text())
    return [units[i % len(units)] for i in range(n)]


# The ways -----------------------------------------------------------------------------------------------------------


def one_plainly(notebook: str, handed: dict, folder: str) -> None:
    """Papermill and nbconvert as everybody uses them."""
    from nbconvert.exporters import HTMLExporter

    here = Path(folder)
    here.mkdir(parents=True)
    for name, text in handed["files"].items():
        (here / name).write_text(text, encoding="utf-8")
    executed = papermill.execute_notebook(
        notebook, here / "out.ipynb", handed["parameters"], kernel_name="python3", cwd=here, progress_bar=False
    )
    (here / "report.html").write_text(HTMLExporter().from_notebook_node(executed)[0], encoding="utf-8")


def plainly(notebook: Path, units: list[dict], out: Path, **_: object) -> dict:
    for number, handed in enumerate(units):
        one_plainly(str(notebook), handed, str(out / str(number)))
    return {}


def in_two_processes(notebook: Path, units: list[dict], out: Path, **_: object) -> dict:
    folders = [str(out / str(number)) for number in range(len(units))]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(one_plainly, [str(notebook)] * len(units), units, folders))
    return {}


def by_ploomber(notebook: Path, units: list[dict], out: Path, **_: object) -> dict:
    """Its engine runs cells in the process that calls it: no isolation, and imports are paid once."""
    import os

    from nbconvert.exporters import HTMLExporter
    from ploomber_engine import execute_notebook

    for number, handed in enumerate(units):
        here = out / str(number)
        here.mkdir(parents=True)
        for name, text in handed["files"].items():
            (here / name).write_text(text, encoding="utf-8")
        os.chdir(here)
        executed = execute_notebook(str(notebook), str(here / "out.ipynb"), parameters=handed["parameters"])
        (here / "report.html").write_text(HTMLExporter().from_notebook_node(executed)[0], encoding="utf-8")
    return {}


def ours(notebook: Path, units: list[dict], out: Path, *, workers: int, exporter: str) -> dict:
    from toolkit.batch.runner import run_units
    from toolkit.batch.units import Unit

    batch = [
        Unit(str(number), str(notebook), str(out / str(number)), exporters={"report.html": exporter}, **handed)
        for number, handed in enumerate(units)
    ]
    ends, cpu = [], []
    with Memory() as memory:
        for outcome in run_units(batch, out / "manifest.jsonl", workers=workers):
            if outcome.outcome != "done":
                raise SystemExit(outcome.error)
            ends.append(time.perf_counter())
            cpu.append(all_cpu())
    # the first units teach the template what to import; the rest is what each of many costs
    first = 2 + workers
    steady = (ends[-1] - ends[first]) / (len(ends) - 1 - first)
    used = (cpu[-1] - cpu[first]) / (len(ends) - 1 - first)
    return {"steady": steady, "cpu": used, "memory": memory.most}


def all_cpu() -> float:
    """CPU seconds of this process and of templates, with those of their children that have ended."""
    return sum(sum(process.cpu_times()[:4]) for process in (psutil.Process(), *templates()))


def templates() -> list[psutil.Process]:
    """Warm processes; one may have been there before we were."""
    found = psutil.process_iter(["cmdline"])
    return [process for process in found if "toolkit.batch.template" in (process.info["cmdline"] or ())]


class Memory:
    """The most that a unit's process holds alone, in MB, looked at every 10 ms."""

    def __enter__(self) -> Self:
        self.most, self._over = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.2):
            for template in templates():
                try:  # whoever is looked at may be gone
                    for child in template.children():
                        self.most = max(self.most, child.memory_full_info().uss / 1e6)
                except psutil.Error:
                    continue


def cells_alone(notebook: Path, units: list[dict], out: Path, **_: object) -> dict:
    """What the cells themselves cost, in one warm process without isolation and without a report."""
    import os

    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    shell = InteractiveShell.instance()
    spent = []
    for number, handed in enumerate(units):
        here = out / str(number)
        here.mkdir(parents=True)
        for name, text in handed["files"].items():
            (here / name).write_text(text, encoding="utf-8")
        os.chdir(here)
        began = time.perf_counter(), time.process_time()
        for cell in nbformat.read(notebook, as_version=4).cells:
            if cell.cell_type != "code":
                continue
            with capture_output():
                shell.run_cell(cell.source).raise_error()
            if "parameters" in cell.metadata.get("tags", ()):
                shell.user_ns.update(handed["parameters"])
        spent.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    wall, cpu = zip(*spent[2:], strict=True)
    return {"steady": statistics.mean(wall), "cpu": statistics.mean(cpu)}


WAYS = {
    "plain": (plainly, {}, 3),
    "plain, 2 processes": (in_two_processes, {}, 6),
    "ploomber-engine": (by_ploomber, {}, 6),
    "ours, 1 worker": (ours, {"workers": 1}, 60),
    "ours, 2 workers": (ours, {"workers": 2}, 120),
    "cells alone": (cells_alone, {}, 22),
}


def one_way(which: str, way: str, folder: str) -> None:
    """Run in a process of its own; prints the numbers."""
    act, options, n = WAYS[way]
    n = n if which != "heavy" or n < 20 else n // 3
    notebook, units, exporter = prepare(which, Path(folder), n)
    out = Path(folder) / f"{which} {way}"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    if act is ours:
        options = options | {"exporter": exporter}
    began = time.perf_counter()
    found = act(notebook, units, out, **options)
    whole = time.perf_counter() - began
    print(json.dumps({"seconds": whole / n, "whole": whole, "units": n} | found))


def compare(rounds: int, notebooks: list[str]) -> None:
    """All ways in turn, so that what else the machine does falls on all of them."""
    ways = [way for way in WAYS if way != "ploomber-engine" or find_spec("ploomber_engine")]
    with tempfile.TemporaryDirectory() as folder:
        slices(Path(folder), 1)
        for which in notebooks:
            found: dict[str, list[dict]] = {way: [] for way in ways}
            for _ in range(rounds):
                for way in ways:
                    command = [sys.executable, __file__, "--way", way, "--folder", folder, "--notebooks", which]
                    told = subprocess.run(command, capture_output=True, text=True, check=False)
                    if told.returncode:
                        print(f"{which}, {way}: failed: {told.stderr.strip().splitlines()[-1]}")
                        continue
                    found[way].append(json.loads(told.stdout.splitlines()[-1]))
            show(which, found)


def show(which: str, found: dict[str, list[dict]]) -> None:
    def middle(way: str, *names: str) -> float | None:
        for name in names:
            if values := [each[name] for each in found[way] if name in each]:
                return statistics.median(values)
        return None

    fastest = middle("ours, 2 workers", "steady") or 1.0
    print(
        f"\n{which}\n\n| way | s a unit | CPU s a unit | of 10,000 units, min | way / ours with 2 | MB of a process |"
    )
    print("|---|--:|--:|--:|--:|--:|")
    for way in found:
        seconds, cpu, memory = middle(way, "steady", "seconds") or 0.0, middle(way, "cpu"), middle(way, "memory")
        shown = ["" if x is None else f"{x:.{digits}f}" for x, digits in ((cpu, 3), (memory, 0))]
        minutes, ratio = seconds * 1e4 / 60, seconds / fastest
        print(f"| {way} | {seconds:.3f} | {shown[0]} | {minutes:.1f} | {ratio:.2f} | {shown[1]} |", flush=True)


# Kernels and a whole study ------------------------------------------------------------------------------------------


def kernels(rounds: int) -> None:
    """Pytest over our notebooks with nbval and nbmake, by the stock kernelspec and by ours."""
    notebooks = sorted(map(str, (ROOT / "notebooks").glob("*.ipynb")))
    tools = {
        "nbval": ["--nbval-lax", "--nbval-kernel-name"],
        "nbmake": ["--nbmake", "--nbmake-kernel"],
    }
    found: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for tool, (switch, kernel) in tools.items():
            for name in ("python3", "toolkit-warm"):
                command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", switch]
                command += [f"{kernel}={name}" if tool == "nbmake" else kernel, *([name] if tool == "nbval" else [])]
                began = time.perf_counter()
                subprocess.run([*command, *notebooks], cwd=ROOT, check=True, capture_output=True)
                found.setdefault((tool, name), []).append(time.perf_counter() - began)
    print("\n| tool | stock kernel, s | warm kernel, s | stock / warm |\n|---|--:|--:|--:|")
    for tool in tools:
        stock, warm = (statistics.median(found[tool, name]) for name in ("python3", "toolkit-warm"))
        print(f"| {tool} | {stock:.1f} | {warm:.1f} | {stock / warm:.1f} |")


def whole_study(units: int, workers: int) -> None:
    """A simulated study, from its folder to the index of its reports; is the last thousand as fast as the first?"""
    import toolkit as tk
    from toolkit.batch.units import summary
    from toolkit.reporting import run

    with tempfile.TemporaryDirectory() as folder:
        study_folder = Path(folder) / "study"
        simulate_units(study_folder, units)
        marks = [("", time.perf_counter())]
        study = tk.read_study(study_folder)
        marks.append(("read", time.perf_counter()))
        scores = tk.score(study)
        marks.append(("score", time.perf_counter()))
        out = Path(folder) / "out"
        planned = run.plan(study, scores, out, notebooks=ROOT / "notebooks")
        ends, outcomes = [], []
        with Memory() as memory:
            for outcome in run.perform_all(planned, workers):
                ends.append(time.perf_counter())
                outcomes.append(outcome)
        marks.append(("reports", time.perf_counter()))
        run.finish(study, scores, out, outcomes, turn=study.round, language="zh")
        marks.append(("index", time.perf_counter()))
        for (_, before), (name, after) in pairwise(marks):
            print(f"{name}: {(after - before) / 60:.2f} min")
        print(f"all: {(marks[-1][1] - marks[0][1]) / 60:.2f} min, peak of this process {peak():.0f} MB")
        print(f"most that one unit held alone: {memory.most:.0f} MB")
        thousand = max(1, min(1000, units // 3))
        print(f"first {thousand}: {ends[thousand] - ends[0]:.1f} s, last: {ends[-1] - ends[-1 - thousand]:.1f} s")
        print(summary(outcomes).to_string(index=False))


def simulate_units(folder: Path, units: int) -> None:
    size = ["--units", str(units), "--members", str(4 * units)]
    command = [sys.executable, "-m", "toolkit", "simulate", str(folder), *size]
    subprocess.run(command, check=True, cwd=ROOT)


def peak() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--notebooks", nargs="+", default=["report", "heavy", "trivial"])
    parser.add_argument("--kernels", action="store_true")
    parser.add_argument("--units", type=int)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way:
        one_way(asked.notebooks[0], asked.way, asked.folder)
    elif asked.kernels:
        kernels(asked.rounds)
    elif asked.units:
        whole_study(asked.units, asked.workers)
    else:
        compare(asked.rounds, asked.notebooks)

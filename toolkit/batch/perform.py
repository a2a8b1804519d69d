"""One unit: its notebook executed by papermill in a folder of its own, exported, and moved into place when whole."""

from __future__ import annotations

import logging
import shutil
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from papermill.engines import Engine, NBClientEngine, papermill_engines

from toolkit.batch.link import Ending, Link, Process, TemplateError, can_fork, open_template
from toolkit.batch.preamble import preamble_of
from toolkit.batch.requests import Request, Spec, spec_of
from toolkit.batch.units import Bounds, Outcome, Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbformat import NotebookNode

    from toolkit.batch.cells import Recorded
    from toolkit.batch.kernel import InnerKernel

MEGABYTE = 1 << 20
GRACE = 5.0
LATE = "took longer than"
QUIET = ["--Application.log_level=50", "--HistoryManager.hist_file=:memory:"]
"""Kernels warn of local sockets and of their own shutdown."""


class Stopped(RuntimeError):  # noqa: N818  (nothing has gone wrong)
    """The run was stopped while the unit was under way."""


# In the process that runs it --------------------------------------------------------------------------------------


def perform_here(unit: Unit, kernel: InnerKernel, recorded: Sequence[Recorded]) -> Outcome:
    """Run a unit in this process, which was forked for it."""
    from toolkit.batch.cells import CellClient  # noqa: PLC0415

    class Here(Engine):
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **_: object) -> None:  # noqa: ANN401, ARG003
            CellClient(nb_man, kernel, recorded, record_timing=False).execute()

    papermill_engines.register("toolkit-here", Here)
    return _perform(unit, engine_name="toolkit-here")


def perform_stock(unit: Unit, bounds: Bounds) -> Outcome:
    """Run a unit with a stock kernel; the process that calls is that of a pool."""
    arguments = list(QUIET)
    if bounds.memory is not None:
        limit = bounds.memory * MEGABYTE
        limiting = f"__import__('toolkit.batch.limits', fromlist=['']).limit_memory({limit})"
        arguments.append(f"--IPKernelApp.exec_lines={limiting}")
    papermill_engines.register("toolkit-stock", _stock(bounds.seconds))
    outcome = _perform(unit, engine_name="toolkit-stock", record_timing=False, extra_arguments=arguments)
    late = bounds.seconds is not None and outcome.error and outcome.seconds > bounds.seconds
    return _late(outcome, bounds) if late else outcome


def _stock(seconds: float | None) -> type[Engine]:
    """Papermill's own engine with a time limit for all cells together."""
    until = None if seconds is None else time.monotonic() + seconds

    class Stock(NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **settings: Any) -> None:  # noqa: ANN401
            if until is None:
                super().execute_managed_notebook(nb_man, kernel_name, **settings)
                return
            watch = threading.Timer(until + GRACE - time.monotonic(), _kill_kernels)
            watch.start()
            try:
                super().execute_managed_notebook(
                    nb_man,
                    kernel_name,
                    timeout_func=lambda _: max(until - time.monotonic(), 0.1),
                    interrupt_on_timeout=True,
                    **settings,
                )
            finally:
                watch.cancel()

    return Stock


def _late(outcome: Outcome, bounds: Bounds) -> Outcome:
    return replace(outcome, outcome="failed", error=f"{LATE} {bounds.seconds:g} s\n{outcome.error}")


def _kill_kernels() -> None:
    """Kill the kernels that this process has started, when they do not heed an interrupt."""
    import psutil  # noqa: PLC0415  (ipykernel brings it)

    for process in psutil.Process().children():
        with suppress(psutil.Error):
            process.kill()


def _perform(unit: Unit, **engine: Any) -> Outcome:  # noqa: ANN401
    began = time.perf_counter()
    final = Path(unit.folder)
    work = partial(unit)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    error = ""
    try:
        try:
            _execute(unit, work, engine)
        except Exception:  # noqa: BLE001  (whatever a notebook raises belongs to its unit alone)
            error = traceback.format_exc()
            for name in unit.exporters:
                (work / name).unlink(missing_ok=True)
        files = {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(work.iterdir()) if path.is_file()}
        shutil.rmtree(final, ignore_errors=True)
        work.replace(final)
    finally:
        shutil.rmtree(work, ignore_errors=True)  # only there if something is in the way
    return Outcome(unit.name, "failed" if error else "done", round(time.perf_counter() - began, 3), files, error)


def partial(unit: Unit) -> Path:
    """Where the files of a unit lie until all of them are there."""
    final = Path(unit.folder)
    return final.with_name(f".{final.name}.partial")


def _execute(unit: Unit, work: Path, engine: dict[str, Any]) -> None:
    import nbformat  # noqa: PLC0415
    import papermill  # noqa: PLC0415

    if unit.error:
        raise RuntimeError(unit.error)
    logging.getLogger("papermill").setLevel(logging.ERROR)
    for name, text in unit.files.items():
        _write(work / name, text)
    target = work / Path(unit.notebook).name
    try:
        papermill.execute_notebook(
            unit.notebook,
            target,
            parameters=dict(unit.parameters),
            kernel_name="python3",
            cwd=work,
            progress_bar=False,
            request_save_on_cell_execute=False,
            autosave_cell_every=0,
            **engine,
        )
    finally:
        text = target.read_text(encoding="utf-8") if target.is_file() else ""
        target.unlink(missing_ok=True)  # half of it, where the disk is full
        if text:
            executed = settled(nbformat.reads(text, as_version=4), unit)
            _write(target, nbformat.writes(executed) + "\n")
    for name, exporter in unit.exporters.items():
        _write(work / name, export(executed, exporter))


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError:
        path.unlink(missing_ok=True)
        raise


def settled(notebook: NotebookNode, unit: Unit) -> NotebookNode:
    """A notebook without what differs between two runs: times, paths of the organiser's machine, random ids."""
    for part in (notebook, *notebook.cells):
        part.metadata.pop("papermill", None)
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", ()):
            cell["id"] = "injected-parameters"
    notebook.metadata.update(unit.metadata)
    return notebook


@cache
def _exporter(name: str) -> Any:  # noqa: ANN401
    from nbconvert.exporters import get_exporter  # noqa: PLC0415

    return get_exporter(name)()


def export(notebook: NotebookNode, exporter: str) -> str:
    """A notebook in another format, by the name of an nbconvert exporter."""
    text, _ = _exporter(exporter).from_notebook_node(notebook)
    return str(text)


def warm_exporters(unit: Unit) -> None:
    """Export a unit that is done, for nothing but what the exporters then have ready."""
    import nbformat  # noqa: PLC0415

    executed = Path(unit.folder) / Path(unit.notebook).name
    if executed.is_file():
        notebook = nbformat.read(executed, as_version=4)
        for exporter in unit.exporters.values():
            with suppress(Exception):
                export(notebook, exporter)


# In the process that asks for it ----------------------------------------------------------------------------------


class Crew:
    """The forked processes of one worker, so that a run that stops can end them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._links: dict[Spec, Link] = {}
        self._running: set[Process] = set()
        self._stopping = False

    def perform(self, unit: Unit, bounds: Bounds, key: str = "") -> Outcome:
        """Run a unit in a process of its own; again, if that process dies."""
        began = time.perf_counter()
        outcome = Outcome(unit.name, "failed", 0.0)
        for attempt in range(1, bounds.retries + 2):
            outcome = replace(self._attempt(unit, bounds), attempts=attempt, key=key)
            if outcome.files or outcome.error.startswith(LATE):
                break
        return replace(outcome, seconds=round(time.perf_counter() - began, 3))

    def _attempt(self, unit: Unit, bounds: Bounds) -> Outcome:
        """One attempt; its outcome has no files if the process died."""
        memory = None if bounds.memory is None else bounds.memory * MEGABYTE
        process = self._started(
            unit, Request("unit", unit, str(Path(unit.folder).anchor), seconds=bounds.seconds, memory=memory)
        )
        try:
            found = list(process.events())
        finally:
            with self._lock:
                self._running.discard(process)
            process.close()
        ending = process.ending or Ending(0, error="no word from it")
        outcome: Outcome | None = found[0] if found else None
        if outcome is None:
            shutil.rmtree(partial(unit), ignore_errors=True)
            if self._stopping:
                raise Stopped(unit.name)
            shutil.rmtree(unit.folder, ignore_errors=True)  # what lies there is of an older run
            outcome = Outcome(unit.name, "failed", 0.0, error=ending.told)
        outcome = _late(outcome, bounds) if ending.late else outcome
        return replace(outcome, cpu=round(ending.cpu, 3), memory=ending.memory // MEGABYTE)

    def _started(self, unit: Unit, request: Request) -> Process:
        spec = spec_of(_preamble(unit.notebook, Path(unit.notebook).stat().st_mtime_ns))
        with self._lock:
            if self._stopping:
                raise Stopped(unit.name)
            if spec not in self._links:
                self._links[spec] = open_template(spec)
            try:
                process = self._links[spec].start(request)
            except TemplateError:  # it has left, or was killed
                self._links[spec].close()
                self._links[spec] = open_template(spec)
                process = self._links[spec].start(request)
            self._running.add(process)
        return process

    def stop(self) -> None:
        """End what is under way, and begin no more."""
        with self._lock:
            self._stopping = True
            for process in self._running:
                process.kill()

    def close(self) -> None:
        """Let the templates go."""
        with self._lock:
            for link in self._links.values():
                link.close()
            self._links.clear()


@cache
def _preamble(notebook: str, changed: int) -> list[str]:  # noqa: ARG001  (a notebook that was changed is read again)
    import nbformat  # noqa: PLC0415

    return preamble_of(nbformat.read(notebook, as_version=4))


@cache
def crew() -> Crew:
    """That of this process, where a worker is not one of our own threads."""
    return Crew()


def perform(unit: Unit, bounds: Bounds, key: str = "") -> Outcome:
    """Run a unit wherever a worker is: in a forked process, or with a stock kernel where none can be forked."""
    if can_fork():
        return crew().perform(unit, bounds, key)
    return replace(perform_stock(unit, bounds), key=key)

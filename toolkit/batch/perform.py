"""One unit: its notebook executed by papermill in a folder of its own, exported, and moved into place when whole."""

from __future__ import annotations

import ast
import json
import logging
import shutil
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from papermill.engines import Engine, NBClientEngine, papermill_engines

from toolkit.batch.link import Ending, Link, Process, TemplateError, can_fork, open_template
from toolkit.batch.preamble import preamble_of
from toolkit.batch.requests import Request, Spec, spec_of
from toolkit.batch.units import Bounds, Outcome, Unit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from nbformat import NotebookNode

    from toolkit.batch.kernel import InnerKernel, Recorded

Execute = Callable[[Any, str, dict[str, Any]], None]
"""What runs the cells: it is handed papermill's manager, the name of the kernel, and settings."""
MEGABYTE = 1 << 20
RANDOM_IDS = {"injected-parameters", "papermill-error-cell-tag"}
"""Cells that papermill adds, each with a new id."""
GRACE = 5.0
FALLS = 3
"""Templates that a unit may lose."""
LATE = "took longer than"
QUIET = ["--Application.log_level=50", "--HistoryManager.hist_file=:memory:"]
"""Kernels warn of local sockets and of their own shutdown."""


class Stopped(RuntimeError):  # noqa: N818  (nothing has gone wrong)
    """The run was stopped while the unit was under way."""


# In the process that runs it --------------------------------------------------------------------------------------


def perform_here(unit: Unit, kernel: InnerKernel, recorded: Sequence[Recorded]) -> Outcome:
    """Run a unit in this process, which was forked for it."""
    from toolkit.batch.cells import CellClient  # noqa: PLC0415

    def execute(manager: Any, _kernel_name: str, _settings: dict[str, Any]) -> None:  # noqa: ANN401
        CellClient(manager, kernel, recorded, record_timing=False).execute()

    return _perform(unit, execute)


def perform_stock(unit: Unit, bounds: Bounds) -> Outcome:
    """Run a unit with a stock kernel; the process that calls is that of a pool."""
    arguments = list(QUIET)
    if bounds.memory is not None:
        limiting = f"__import__('toolkit.batch.limits', fromlist=['']).limit_memory({bounds.memory * MEGABYTE})"
        arguments.append(f"--IPKernelApp.exec_lines={limiting}")
    until = None if bounds.seconds is None else time.monotonic() + bounds.seconds

    def execute(manager: Any, kernel_name: str, settings: dict[str, Any]) -> None:  # noqa: ANN401
        settings |= {"record_timing": False, "extra_arguments": arguments}
        with _time_limit(until) as limits:
            NBClientEngine.execute_managed_notebook(manager, kernel_name, **settings, **limits)

    outcome = _perform(unit, execute)
    late = bounds.seconds is not None and outcome.error and outcome.seconds > bounds.seconds
    return _late(outcome, bounds) if late else outcome


@contextmanager
def _time_limit(until: float | None) -> Iterator[dict[str, Any]]:
    """Settings of nbclient that end all cells together in time; a kernel that does not heed them is killed."""
    if until is None:
        yield {}
        return
    watch = threading.Timer(until + GRACE - time.monotonic(), _kill_kernels)
    watch.start()
    try:
        yield {"timeout_func": lambda _: max(until - time.monotonic(), 0.1), "interrupt_on_timeout": True}
    finally:
        watch.cancel()


def _late(outcome: Outcome, bounds: Bounds) -> Outcome:
    return replace(outcome, outcome="failed", error=f"{LATE} {bounds.seconds:g} s\n{outcome.error}")


def _kill_kernels() -> None:
    """Kill the kernels that this process has started, when they do not heed an interrupt."""
    import psutil  # noqa: PLC0415  (ipykernel brings it)

    for process in psutil.Process().children():
        with suppress(psutil.Error):
            process.kill()


def _perform(unit: Unit, execute: Execute) -> Outcome:
    began = time.perf_counter()
    final = Path(unit.folder)
    work = partial(unit)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    error = ""
    try:
        try:
            _execute(unit, work, execute)
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


def _execute(unit: Unit, work: Path, execute: Execute) -> None:
    import papermill  # noqa: PLC0415

    if unit.error:
        raise RuntimeError(unit.error)
    logging.getLogger("papermill").setLevel(logging.ERROR)
    for name, text in unit.files.items():
        _write(work / name, text)
    target = work / Path(unit.notebook).name
    try:
        executed = papermill.execute_notebook(
            unit.notebook,
            target,
            parameters=dict(unit.parameters),
            engine_name=_engine(unit, execute),
            kernel_name="python3",
            cwd=work,
            progress_bar=False,
            request_save_on_cell_execute=False,
            autosave_cell_every=0,
        )
    except BaseException:
        _settle_file(target, unit)
        raise
    for name, exporter in unit.exporters.items():
        _write(work / name, export(executed, exporter, unit.settings))


def _engine(unit: Unit, execute: Execute) -> str:
    """Name of an engine of papermill that executes so, and gives the notebook settled, to be written once."""

    class Settling(Engine):
        @classmethod
        def execute_notebook(cls, nb: NotebookNode, kernel_name: str, **settings: Any) -> NotebookNode:  # noqa: ANN401
            done = super().execute_notebook(nb, kernel_name, **settings)
            return done if done.metadata.papermill["exception"] else settled(done, unit)  # papermill looks for errors

        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **settings: Any) -> None:  # noqa: ANN401
            execute(nb_man, kernel_name, settings)

    name = f"toolkit-{threading.get_ident()}"
    papermill_engines.register(name, Settling)
    return name


def _settle_file(path: Path, unit: Unit) -> None:
    """What papermill has written before it raised: settled, or taken away where the disk was full."""
    import nbformat  # noqa: PLC0415

    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    path.unlink(missing_ok=True)
    with suppress(nbformat.reader.NotJSONError):
        if text:
            _write(path, nbformat.writes(settled(nbformat.reads(text, as_version=4), unit)))


def _write(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all."""
    try:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def settled(notebook: NotebookNode, unit: Unit) -> NotebookNode:
    """A notebook without what differs between two runs, and without what is another's.

    The first are times, paths of the organiser's machine and random ids; the second is whom the notebook was written
    with: its defaults name a study and a unit.
    """
    for part in (notebook, *notebook.cells):
        part.metadata.pop("papermill", None)
    for place, cell in enumerate(notebook.cells):
        tags = set(cell.metadata.get("tags", ()))
        for tag in RANDOM_IDS & tags:
            cell["id"] = f"{tag}-{place}"
        if "parameters" in tags:
            cell["source"] = without(cell["source"], unit.parameters)
    notebook.metadata.update(unit.metadata)
    return notebook


def without(source: str, names: Collection[str]) -> str:
    """The lines of a cell but for those that do nothing else than give these names a value."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # a magic, perhaps; papermill has run it as it stands
        return source
    gone: set[int] = set()
    kept: set[int] = set()
    for part in statements:
        targets = part.targets if isinstance(part, ast.Assign) else []
        targets = [part.target] if isinstance(part, ast.AnnAssign) else targets
        goes = bool(targets) and all(isinstance(target, ast.Name) and target.id in names for target in targets)
        (gone if goes else kept).update(range(part.lineno, (part.end_lineno or part.lineno) + 1))
    gone -= kept
    return "\n".join(line for number, line in enumerate(source.splitlines(), start=1) if number not in gone)


@cache
def _exporter(name: str, settings: str) -> Any:  # noqa: ANN401
    from nbconvert.exporters import get_exporter  # noqa: PLC0415
    from traitlets.config import Config  # noqa: PLC0415

    return get_exporter(name)(config=Config(json.loads(settings)))


def export(notebook: NotebookNode, exporter: str, settings: Mapping[str, Any] = MappingProxyType({})) -> str | bytes:
    """A notebook in another format, by the name of an nbconvert exporter, which may be given settings of nbconvert."""
    found = _exporter(exporter, json.dumps(dict(settings), sort_keys=True))
    content: str | bytes = found.from_notebook_node(notebook)[0]
    return content


def warm_exporters(unit: Unit) -> None:
    """Have the exporters ready: by exporting a unit that is done, unless they know what a fork would not survive."""
    import nbformat  # noqa: PLC0415

    executed = Path(unit.folder) / Path(unit.notebook).name
    if executed.is_file():
        notebook = nbformat.read(executed, as_version=4)
        settings = json.dumps(dict(unit.settings), sort_keys=True)
        for name in unit.exporters.values():
            with suppress(Exception):
                exporter = _exporter(name, settings)
                getattr(exporter, "warm", exporter.from_notebook_node)(notebook)


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
        attempts = falls = 0
        while attempts <= bounds.retries and falls < FALLS:
            outcome, fell = self._attempt(unit, bounds)
            attempts, falls = attempts + (not fell), falls + fell
            if outcome.files or outcome.error.startswith(LATE):
                break
        outcome = replace(outcome, attempts=attempts, key=key)
        return replace(outcome, seconds=round(time.perf_counter() - began, 3))

    def _attempt(self, unit: Unit, bounds: Bounds) -> tuple[Outcome, bool]:
        """One attempt; its outcome has no files if the process died. Also whether that was the template's fault."""
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
        return replace(outcome, cpu=round(ending.cpu, 3), memory=ending.memory // MEGABYTE), ending.fell

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

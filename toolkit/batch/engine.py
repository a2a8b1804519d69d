"""Papermill's engine `toolkit-fork`: a notebook's cells in a process forked from one that is warm.

Everything else is papermill's: parameters, metadata, progress, saving, the cell that tells of an error.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from papermill.engines import Engine, NBClientEngine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    from nbformat import NotebookNode

    from toolkit.batch.kernel import InnerKernel, Recorded

OURS = ("execution_timeout", "timeout", "interrupt_on_timeout", "allow_errors", "force_raise_errors", "record_timing")
"""Settings of nbclient that reach the cells."""
TELL = 1.0
"""Seconds between two reports of a cell that is running."""


class ForkEngine(Engine):
    """Runs cells in a forked process; where none can be forked, as papermill does."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **settings: Any) -> None:  # noqa: ANN401
        """Run the cells of a notebook that papermill has prepared."""
        from toolkit.batch.link import can_fork  # noqa: PLC0415  (papermill imports this module whenever it is imported)

        if can_fork() and is_own_kernel(kernel_name):
            _execute(nb_man, settings)
        else:
            NBClientEngine.execute_managed_notebook(nb_man, kernel_name, **settings)


def is_own_kernel(name: str) -> bool:
    """Whether a kernelspec stands for IPython under the Python that is running."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel  # noqa: PLC0415

    try:
        command = KernelSpecManager().get_kernel_spec(name).argv
    except NoSuchKernel:
        return False
    return "ipykernel_launcher" in command and command[0] in {sys.executable, "python", "python3", "{python}"}


def _execute(manager: Any, settings: dict[str, Any]) -> None:  # noqa: ANN401
    from nbclient.exceptions import DeadKernelError  # noqa: PLC0415
    from papermill.clientwrap import PapermillNotebookClient  # noqa: PLC0415
    from papermill.log import logger  # noqa: PLC0415

    from toolkit.batch.link import open_template  # noqa: PLC0415
    from toolkit.batch.preamble import preamble_of  # noqa: PLC0415
    from toolkit.batch.requests import Request, spec_of  # noqa: PLC0415

    told = {name: settings.get(name) for name in ("log_output", "stdout_file", "stderr_file")}
    work = {
        "notebook": manager.nb,
        "settings": {name: settings[name] for name in OURS if name in settings},
        "told": any(told.values()),
    }
    link = open_template(spec_of(preamble_of(manager.nb)))
    if link.reason:
        logger.info(f"Cells before the parameters are run in every process of its own: {link.reason}")
    process = link.start(Request("cells", work))
    listener = PapermillNotebookClient(manager, log=logger, **told)
    ended: Any = None
    running: int | None = None
    try:
        for event, *facts in process.events():
            if event == "ended":
                ended = facts[0]
            else:
                _take(manager, listener, event, facts)
                running = None if event == "complete" else facts[0]
    finally:
        process.close()
        link.close()
    if ended is None:
        if running is not None:
            manager.cell_complete(manager.nb.cells[running], cell_index=running)
        raise DeadKernelError(f"Kernel died: {process.ending.told if process.ending else 'no word from it'}")
    if isinstance(ended, BaseException):
        raise ended
    manager.nb.metadata.update(ended)


def _take(manager: Any, listener: Any, event: str, facts: list[Any]) -> None:  # noqa: ANN401
    """Do with what a forked process tells what papermill does with it."""
    index, *rest = facts
    if event == "output":
        listener.log_output_message(rest[0])
        return
    for number, told in rest[0].items() if rest else ():
        cell = manager.nb.cells[number]
        cell.update({name: told[name] for name in ("outputs", "execution_count") if name in told})
        cell.metadata.update({name: value for name, value in told.metadata.items() if name != "papermill"})
    cell = manager.nb.cells[index]
    if event == "start":
        manager.cell_start(cell, index)
    elif event == "exception":
        manager.cell_exception(cell, cell_index=index)
    elif event == "complete":
        manager.cell_complete(cell, cell_index=index)
    else:
        manager.autosave_cell()


class Teller:
    """What papermill's client takes for papermill's manager, in a process that can only tell."""

    def __init__(self, notebook: NotebookNode, results: Connection) -> None:
        self.nb, self._results = notebook, results
        self._running, self._told = 0, time.monotonic()
        self.changed: set[int] = set()
        """Cells before the one that runs whose outputs were updated."""

    def cell_start(self, _cell: NotebookNode, cell_index: int) -> None:
        """Before a cell."""
        self._running = cell_index
        self._results.send(("start", cell_index))

    def cell_exception(self, _cell: NotebookNode, cell_index: int, **_: object) -> None:
        """When a cell has failed."""
        self._results.send(("exception", cell_index))

    def cell_complete(self, _cell: NotebookNode, cell_index: int) -> None:
        """After a cell."""
        self._results.send(("complete", cell_index, self._news(cell_index)))

    def _news(self, index: int) -> dict[int, NotebookNode]:
        """The cell that runs, and those that have changed."""
        news = {number: self.nb.cells[number] for number in sorted(self.changed | {index})}
        self.changed.clear()
        return news

    def autosave_cell(self) -> None:
        """While a cell runs, if the last report is some time ago."""
        if time.monotonic() - self._told > TELL:
            self._told = time.monotonic()
            self._results.send(("sofar", self._running, self._news(self._running)))

    def output(self, output: NotebookNode) -> None:
        """An output, for the log."""
        self._results.send(("output", self._running, output))


def tell_cells(work: dict[str, Any], results: Connection, kernel: InnerKernel, recorded: Sequence[Recorded]) -> None:
    """Run cells in this process and tell each step; the last word is the notebook's metadata, or what was raised."""
    from toolkit.batch.cells import CellClient  # noqa: PLC0415

    teller = Teller(work["notebook"], results)
    settings = dict(work["settings"])
    limit = settings.pop("execution_timeout", None) or settings.pop("timeout", None)
    client = CellClient(teller, kernel, recorded, timeout=limit, **settings)
    client.changed = teller.changed
    if work["told"]:
        client.log_output_message, client.log_output = teller.output, True
    try:
        notebook = client.execute()
    except Exception as fault:  # noqa: BLE001  (it belongs to the one who asked)
        results.send(("ended", fault))
        return
    found = {name: notebook.metadata[name] for name in ("language_info", "widgets") if name in notebook.metadata}
    results.send(("ended", found))

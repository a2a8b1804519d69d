"""The cells before `parameters`: they cannot depend on a unit, so they may be run once for all of them.

Whether they may is found out by a rehearsal in a process that is thrown away.
"""

from __future__ import annotations

import asyncio
import importlib
import io
import os
import random
import sys
import threading
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.batch.kernel import Recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nbformat import NotebookNode

    from toolkit.batch.kernel import InnerKernel

LOOKS = "looks at the folder where it runs"
PROCESSES = {"subprocess.Popen", "os.fork", "os.forkpty", "os.system", "os.posix_spawn", "os.exec"}
PARAMETERS = {"parameters", "injected-parameters"}


def preamble_of(notebook: NotebookNode) -> list[str]:
    """Sources of the code cells before the cell tagged `parameters`; none where no cell is.

    Cells that nbclient would not run (blank, or tagged `skip-execution`) are left out.
    """
    before: list[str] = []
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", ()))
        if tags & PARAMETERS:
            return before
        if cell.cell_type == "code" and cell.source.strip() and "skip-execution" not in tags:
            before.append(cell.source)
    return []


def run(kernel: InnerKernel, sources: Sequence[str]) -> tuple[list[Recorded], str]:
    """Run cells and record what they caused.

    Returns
    -------
    recorded : list of Recorded
        Cell by cell.
    fault : str
        Blank, or what went wrong in the last of them.
    """
    recorded: list[Recorded] = []

    async def execute() -> str:
        for number, source in enumerate(sources, start=1):
            kernel.published.clear()
            kernel.replied.clear()
            await kernel.execute(source)
            recorded.append(Recorded(source, tuple(kernel.published), tuple(kernel.replied)))
            content = kernel.replied[-1]["content"]
            if content["status"] != "ok":
                return f"cell {number} raises {content['ename']}: {content['evalue']}"
            if kernel.left:
                return f"cell {number} ends the kernel"
            if len(asyncio.all_tasks()) > 1:
                return "a task is left, which another loop cannot go on with"
        return ""

    # a loop of its own: whoever is forked afterwards must not share it
    loop = asyncio.new_event_loop()
    try:
        fault = loop.run_until_complete(execute())
    finally:
        loop.close()
        asyncio.set_event_loop(None)
    kernel.published.clear()
    kernel.replied.clear()
    return recorded, fault


def rehearse(kernel: InnerKernel, sources: Sequence[str]) -> str:
    """Why the cells cannot be run once for all, or blank; only to be called in a process that is thrown away.

    They run twice: the first time they may import what they like, the second time all that they do is their own.
    """
    _, fault = run(kernel, sources)
    if fault:
        return fault
    watch = Watch()
    _, fault = run(kernel, sources)
    return fault or watch.reason()


class Watch:
    """What cells do from now on that a fork would not survive, or that would be the same in every unit."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.state = _random_state()
        self.folder = Path.cwd()
        self.sockets = _sockets()
        sys.addaudithook(self._hook)
        for module, name in ((os, "urandom"), (random, "_urandom")):
            setattr(module, name, self._counting(getattr(module, name), "draws random numbers"))
        for name in ("getcwd", "getcwdb"):
            setattr(os, name, self._counting(getattr(os, name), LOOKS))

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in PROCESSES:
            self.seen["starts a process"] += 1
        elif event == "os.chdir":
            self.seen["changes its folder"] += 1
        elif event == "open" and _relative(arguments[0]):
            self.seen[f"opens {os.fsdecode(arguments[0])!r} in the folder where it runs"] += 1
        elif event in {"os.listdir", "os.scandir"} and (arguments[0] is None or _relative(arguments[0])):
            self.seen[LOOKS] += 1

    def _counting(self, function: Callable[..., Any], reason: str) -> Callable[..., Any]:
        def counted(*arguments: Any) -> Any:  # noqa: ANN401
            self.seen[reason] += 1
            return function(*arguments)

        return counted

    def reason(self) -> str:
        """The first reason, or blank."""
        if threading.active_count() > 1 or threads() > 1:
            return "a thread is running, which a fork does not survive"
        if _sockets() - self.sockets:
            return "a socket is open, which a fork does not survive"
        if _drawn(self.state):
            return "draws random numbers, which would be the same in every unit"
        return next(iter(self.seen), "")


def unnoticed(names: Sequence[str]) -> list[str]:
    """Import modules; gives those whose import nobody notices.

    A module that prints, warns, draws random numbers or starts a thread when it is imported must do so in every unit.
    To be called in a process that is thrown away, and again with what it gives, until it gives all of them: one that
    imports another that is noticed may be quiet only because that was imported before.
    """
    found: list[str] = []
    loud: set[str] = set()
    for name in names:
        before, running, state, said = set(sys.modules), threads(), _random_state(), io.StringIO()
        with redirect_stdout(said), redirect_stderr(said), suppress(Exception):
            importlib.import_module(name)
        if said.getvalue() or threads() > running or _drawn(state):
            loud |= {name} | (set(sys.modules) - before)
        elif name not in loud:
            found.append(name)
    return found


def _relative(path: object) -> bool:
    return isinstance(path, str | bytes) and not Path(os.fsdecode(path)).is_absolute()


def threads() -> int:
    """Threads of this process, also of those libraries that Python does not know of."""
    return len(list(Path("/proc/self/task").iterdir()))


def _sockets() -> set[int]:
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        try:
            if str(link.readlink()).startswith("socket:"):
                found.add(int(link.name))
        except OSError:  # it was that of the listing itself
            continue
    return found


def _drawn(before: tuple[object, object]) -> bool:
    """Whether random numbers were drawn; that NumPy was imported does not count."""
    now = _random_state()
    return now[0] != before[0] or (before[1] is not None and now[1] != before[1])


def _random_state() -> tuple[object, object]:
    numpy = sys.modules.get("numpy.random")
    state = None if numpy is None else numpy.get_state()
    return random.getstate(), state and (state[1].tobytes(), state[2:])

"""Papermill's and nbclient's own code over a kernel of this process: cells, outputs, widgets, errors, tags.

Nothing of what they do is done again here: they are handed a client whose channels are lists.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Iterator, Sequence

    from nbformat import NotebookNode

    from toolkit.batch.kernel import InnerKernel, Message


@dataclass(frozen=True)
class Recorded:
    """A cell that was run before, and the messages that it caused."""

    source: str
    published: tuple[Message, ...] = ()
    replied: tuple[Message, ...] = ()


@dataclass
class Channel:
    """One direction of messages."""

    messages: deque[Message]

    async def get_msg(self, timeout: float | None = None) -> Message:  # noqa: ASYNC109, ARG002  (nbclient's word)
        """The oldest message; whatever a cell causes is there when it has ended, so nobody waits."""
        if not self.messages:
            raise Empty
        return self.messages.popleft()


@dataclass
class InnerClient:
    """What nbclient takes for its connection to a kernel; cells that were run before are told again."""

    kernel: InnerKernel
    recorded: list[Recorded] = field(default_factory=list)
    allow_stdin: bool = False

    def __post_init__(self) -> None:
        self.iopub_channel = Channel(self.kernel.published)
        self.shell_channel = Channel(self.kernel.replied)

    async def execute(self, source: str, *, store_history: bool = True, stop_on_error: bool = True) -> str:
        """Run a cell to its end and give the id of the request."""
        if self.kernel.left:  # as after exit(), which ends a stock kernel
            raise DeadKernelError("Kernel died")
        self.kernel.published.clear()
        self.kernel.replied.clear()
        if self.recorded:
            return self._tell_again(source)
        request = await self.kernel.execute(source, store_history=store_history, stop_on_error=stop_on_error)
        return str(request["msg_id"])

    def _tell_again(self, source: str) -> str:
        before = self.recorded.pop(0)
        if before.source != source:
            raise RuntimeError(f"a process that is warm for another notebook: {before.source!r}, must be {source!r}")
        request = self.kernel.requester.msg("execute_request", {})
        for told, messages in ((before.published, self.kernel.published), (before.replied, self.kernel.replied)):
            messages.extend(message | {"parent_header": request["header"]} for message in told)
        return str(request["msg_id"])

    async def is_alive(self) -> bool:
        """It lives as long as we do."""
        return True


class CellClient(PapermillNotebookClient):
    """Papermill's client, without a kernel of its own to start and to stop."""

    def __init__(
        self, manager: Any, kernel: InnerKernel, recorded: Sequence[Recorded] = (), **settings: Any  # noqa: ANN401
    ) -> None:
        super().__init__(manager, km=object(), **settings)
        self.kernel = kernel
        self.kc = InnerClient(kernel, list(recorded))

    km = None  # there is nothing to interrupt from outside

    def execute(self, **_: object) -> NotebookNode:
        """Run all cells; the notebook is changed in place."""
        self.reset_execution_trackers()
        self.papermill_execute_cells()
        self.nb.metadata["language_info"] = self.kernel.language_info
        self.set_widgets_metadata()
        return self.nb

    async def async_execute_cell(self, cell: NotebookNode, cell_index: int, **options: Any) -> NotebookNode:  # noqa: ANN401
        """Run a cell within nbclient's time limit for it."""
        limit = self._get_timeout(cell)
        with _alarm(limit) as rung:
            try:
                return await super().async_execute_cell(cell, cell_index, **options)
            finally:
                if rung and not self.interrupt_on_timeout:
                    raise CellTimeoutError.error_from_timeout_and_cell("Cell execution timed out", limit, cell)

    execute_cell = run_sync(async_execute_cell)


@contextmanager
def _alarm(seconds: float | None) -> Iterator[list[int]]:
    """Interrupt the cell after so many seconds; what is yielded holds something once that has happened."""
    rung: list[int] = []

    def ring(signum: int, frame: object) -> None:  # noqa: ARG001
        rung.append(signum)
        signal.raise_signal(signal.SIGINT)

    if not seconds:
        yield rung
        return
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield rung
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

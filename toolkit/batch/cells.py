"""Papermill's and nbclient's own code over a kernel of this process: cells, outputs, widgets, errors, tags.

Nothing of what they do is done again here: they are handed a client whose channels are lists.
"""

from __future__ import annotations

import math
import signal
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.v4 import nbbase
from papermill.clientwrap import PapermillNotebookClient

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nbformat import NotebookNode

    from toolkit.batch.kernel import InnerKernel, Message, Recorded


@dataclass
class Channel:
    """One direction of messages, and those that go the other way."""

    messages: deque[Message]
    sent: deque[Message] = field(default_factory=deque)

    async def get_msg(self, timeout: float | None = None) -> Message:  # noqa: ASYNC109, ARG002  (nbclient's word)
        """The oldest message; whatever a cell causes is there when it has ended, so nobody waits."""
        if not self.messages:
            raise Empty
        return self.messages.popleft()

    def send(self, message: Message) -> None:
        """Send the kernel a message, which it reads before the next cell."""
        self.sent.append(message)


@dataclass
class InnerClient:
    """What nbclient takes for its connection to a kernel; cells that were run before are told again."""

    kernel: InnerKernel
    recorded: list[Recorded] = field(default_factory=list)
    allow_stdin: bool = False

    def __post_init__(self) -> None:
        self.iopub_channel = Channel(self.kernel.published)
        self.shell_channel = Channel(self.kernel.replied)
        self.session = self.kernel.requester

    async def execute(self, source: str, *, store_history: bool = True, stop_on_error: bool = True) -> str:
        """Run a cell to its end and give the id of the request."""
        if self.kernel.left:  # as after exit(), which ends a stock kernel
            raise DeadKernelError("Kernel died")
        while self.shell_channel.sent:
            await self.kernel.take(self.shell_channel.sent.popleft())
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
        self.kernel.published.extend(before.published)
        self.kernel.replied.extend(before.replied)
        return str(before.replied[-1]["parent_header"]["msg_id"])

    async def is_alive(self) -> bool:
        """It lives as long as we do."""
        return True


class CellClient(PapermillNotebookClient):
    """Papermill's client, without a kernel of its own to start and to stop."""

    def __init__(
        self,
        manager: Any,  # noqa: ANN401
        kernel: InnerKernel,
        recorded: Sequence[Recorded] = (),
        **settings: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(manager, km=object(), **settings)
        self.kernel = kernel
        self.kc = InnerClient(kernel, list(recorded))
        self.changed: set[int] = set()
        """Cells with a display that was updated, maybe by another cell."""

    km = None  # there is nothing to interrupt from outside

    def execute(self, **_: object) -> NotebookNode:
        """Run all cells; the notebook is changed in place."""
        self.reset_execution_trackers()
        self.kernel.arrive()
        self.papermill_execute_cells()
        self.nb.metadata["language_info"] = self.kernel.language_info
        self.set_widgets_metadata()
        notebook: NotebookNode = self.nb
        return notebook

    def output(self, *arguments: Any) -> NotebookNode | None:  # noqa: ANN401
        """Add an output; nbformat validates all of them when the notebook is written, and not each beforehand."""
        validate = nbbase.validate
        nbbase.validate = _nothing
        try:
            made: NotebookNode | None = super().output(*arguments)
        finally:
            nbbase.validate = validate
        return made

    def _update_display_id(self, display_id: str, message: Message) -> None:
        super()._update_display_id(display_id, message)
        self.changed.update(self._display_id_map.get(display_id, ()))

    async def async_execute_cell(self, cell: NotebookNode, cell_index: int, **options: Any) -> NotebookNode:  # noqa: ANN401
        """Run a cell within nbclient's time limit for it."""
        limit = self._get_timeout(cell)
        due = time.monotonic() + (limit or math.inf)
        with _alarm(limit):
            try:
                await super().async_execute_cell(cell, cell_index, **options)
            finally:
                if time.monotonic() >= due and not self.interrupt_on_timeout:
                    raise CellTimeoutError.error_from_timeout_and_cell("Cell execution timed out", limit, cell)
        return cell

    execute_cell = run_sync(async_execute_cell)


def _nothing(*_: object, **__: object) -> None:
    pass


@contextmanager
def _alarm(seconds: float | None) -> Iterator[None]:
    """Interrupt the cell after so many seconds; no function of ours stands in its traceback."""
    if not seconds:
        yield
        return
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

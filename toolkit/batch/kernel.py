"""The IPython kernel without its sockets: the same code runs the cells, its messages are handed over in memory.

A stock kernel spends seconds on processes, sockets and threads, none of which a forked process can inherit. Here
`IPKernelApp` is started as ever, with its configuration, magics, display hooks and shell, but its messages go into a
list. What a cell prints to the file descriptors themselves is caught in a file in memory and told at the next flush.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ipykernel.iostream import IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from ipykernel.utils import _async_in_context
from jupyter_client.session import Session
from jupyter_core.utils import ensure_event_loop
from tornado.ioloop import IOLoop
from traitlets import Any as AnyTrait

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


Message = dict[str, Any]

DESCRIPTORS = {"stdout": 1, "stderr": 2}


PLAIN = {"status", "execute_input"}
"""Messages that hold nothing that a cell has made."""


class Wire(Session):
    """A session that hands its messages over; what a user has put into one becomes JSON and is read again, as ever."""

    def send(  # type: ignore[override]  # noqa: PLR0917
        self,
        stream: Socket | Publisher | None,
        msg_or_type: Message | str,
        content: Message | None = None,
        parent: Message | None = None,
        ident: object = None,  # noqa: ARG002  (there is one receiver)
        buffers: list[Any] | None = None,
        track: bool = False,  # noqa: ARG002, FBT001, FBT002
        header: Message | None = None,
        metadata: Message | None = None,
    ) -> Message | None:
        """Hand over a message."""
        message = msg_or_type
        if isinstance(message, str):
            message = self.msg(message, content=content, parent=parent, header=header, metadata=metadata)
        if stream is not None and os.getpid() == self.pid:
            content = message["content"]
            if message["msg_type"] not in PLAIN:
                content = self.unpack(self.pack(content))
            buffers = [memoryview(part) for part in buffers or message.get("buffers") or ()]
            stream.take(message | {"content": content, "buffers": buffers})
        return message

    def feed_identities(self, msg_list: Any, copy: bool = True) -> tuple[list[bytes], Any]:  # noqa: ANN401, ARG002, FBT001, FBT002
        """There are none."""
        return [], msg_list

    def deserialize(self, msg_list: Any, *_: object, **__: object) -> Message:  # noqa: ANN401
        """The message that `InnerKernel.take` was given."""
        message: Message = msg_list[0]
        return message


class Socket:
    """What a kernel takes for its socket: whatever is sent to it stands in `messages`."""

    def __init__(self) -> None:
        self.messages: deque[Message] = deque()

    def take(self, message: Message) -> None:
        """Take a message."""
        self.messages.append(message)

    def flush(self, *_: object) -> None:
        """Nothing is held back."""


class Publisher(IOPubThread):
    """The publishing side of a kernel without the thread that IPython has for it."""

    def __init__(self, session: Session) -> None:  # the thread and its sockets are left out
        self.session = session
        self.socket = Socket()
        self.thread = None  # type: ignore[assignment]
        self.io_loop = None  # type: ignore[assignment]

    def schedule(self, f: Callable[[], object]) -> None:
        """Do it here and now."""
        f()

    def take(self, message: Message) -> None:
        """Publish a message."""
        self.socket.take(message)


class Stream(OutStream):
    """Standard output or error of a notebook, with what is written to its file descriptor.

    IPython has a thread for the latter and for time-outs; here both are done at every write and flush, so the order of
    outputs does not depend on time.
    """

    def __init__(self, session: Session, publisher: Publisher, name: str) -> None:
        super().__init__(session, publisher, name, watchfd=False)
        self._original_stdstream_copy = os.open(os.devnull, os.O_WRONLY)  # the terminal, where nobody sits
        self.catch()

    def _is_ours(self) -> bool:
        return os.getpid() == self._master_pid

    def catch(self) -> None:
        """Catch what this process, and those that it starts, write to the descriptor."""
        self._master_pid = os.getpid()
        self._seen = 0
        file = os.memfd_create(self.name)
        os.dup2(file, DESCRIPTORS[self.name])
        os.close(file)

    def write(self, string: str) -> int:
        """Write a text; a process that was forked by a cell writes to the descriptor, where its parent looks."""
        if not isinstance(string, str):
            raise TypeError(f"write() argument must be str, not {type(string)}")
        if not self._is_ours():
            os.write(DESCRIPTORS[self.name], string.encode())
            return len(string)
        self._look()
        return super().write(string) or 0

    def _look(self) -> None:
        """Take over what has come to the descriptor."""
        descriptor = DESCRIPTORS[self.name]
        size = os.fstat(descriptor).st_size
        if size > self._seen and self._is_ours():
            found = os.pread(descriptor, size - self._seen, self._seen)
            self._seen += len(found)
            super().write(found.decode(errors="replace"))

    def _schedule_flush(self) -> None:
        """Outputs are flushed at the end of a cell and before every display."""

    def _flush(self) -> None:
        if self._is_ours():
            self._look()
            super()._flush()


class Kernel(IPythonKernel):
    """The stock kernel."""

    shell_stream = AnyTrait()  # a socket of zmq elsewhere
    # it would ask whether the current thread is that of the shell
    shell_channel_thread = SimpleNamespace(parent_thread=threading.main_thread())

    @property
    def _supports_kernel_subshells(self) -> bool:
        return False

    def _abort_queues(self, subshell_id: str | None = None) -> None:
        """No request waits behind another."""

    def start(self) -> None:
        """Start without registering sockets, on a loop of this process."""
        self.io_loop = IOLoop.current()
        self.saved_sigint_handler = signal.getsignal(signal.SIGINT)


class App(IPKernelApp):
    """The stock application, with all its configuration, around a kernel without sockets."""

    name = "ipython-kernel"
    kernel_class = Kernel

    def init_connection_file(self) -> None:
        """There is none."""

    log_connection_info = init_poller = init_heartbeat = init_connection_file
    write_connection_file = init_connection_file  # type: ignore[assignment]

    def init_sockets(self) -> None:
        """Lists instead of sockets."""
        self.session = Wire(parent=self, key=b"")  # nobody is between us
        self.publisher = Publisher(self.session)
        self.replies = Socket()
        self.iopub_thread, self.iopub_socket = self.publisher, self.publisher.socket

    def init_io(self) -> None:
        """Put the streams of the notebook in place of those of the process."""
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = (Stream(self.session, self.publisher, name) for name in DESCRIPTORS)
        self.displayhook = SimpleNamespace()
        self.patch_io()

    def init_kernel(self) -> None:
        """Make the kernel itself."""
        self.kernel = Kernel.instance(
            parent=self,
            session=self.session,
            shell_stream=self.replies,
            iopub_thread=self.publisher,
            iopub_socket=self.iopub_socket,
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
            _execute_sleep=0.0,
        )


@dataclass(frozen=True)
class Recorded:
    """A cell that was run before, and the messages that it caused."""

    source: str
    published: tuple[Message, ...] = ()
    replied: tuple[Message, ...] = ()


def start_kernel() -> InnerKernel:
    """Start the kernel of this process; once, since IPython's shell is the only one of its process."""
    app = App.instance()
    app.initialize(["--HistoryManager.hist_file=:memory:", "--Application.log_level=50"])
    app.log.setLevel(50)  # traitlets makes every record of debugging first and then drops it
    return InnerKernel(app)


class InnerKernel:
    """A kernel in this process, as one who sends it requests and reads its messages sees it."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.session = app.session
        self.requester = Wire(key=b"", username=app.session.username)
        self.rebind()

    def rebind(self) -> None:
        """Belong to this process, which may have been forked from that of before."""
        self.session.pid = self.requester.pid = os.getpid()
        ensure_event_loop()  # the one on which nbclient will run the cells
        self.app.kernel.start()
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, Stream):
                stream.catch()
        self._handle: Callable[..., Coroutine[Any, Any, None]] = _async_in_context(self.app.kernel.shell_main)

    async def execute(self, code: str, *, store_history: bool = True, stop_on_error: bool = True) -> Message:
        """Run a cell to its end and give the request; the messages it caused are in `published` and `replied`."""
        content = {
            "code": code,
            "silent": False,
            "store_history": store_history,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": stop_on_error,
        }
        request: Message = self.requester.msg("execute_request", content)
        await self.take(request)
        return request

    async def take(self, request: Message) -> None:
        """Handle a request, or a message to a widget."""
        await self._handle(None, [request | {"buffers": request.get("buffers", [])}, b""])

    def arrive(self) -> None:
        """Have the notebook begin in the folder where we are; the shell was started in another."""
        shell = self.app.kernel.shell
        shell.starting_dir = Path.cwd().as_posix()
        shell.user_ns["_dh"][:1] = [Path.cwd()]

    @property
    def published(self) -> deque[Message]:
        """Messages for everybody, oldest first."""
        messages: deque[Message] = self.app.publisher.socket.messages
        return messages

    @property
    def replied(self) -> deque[Message]:
        """Replies to requests, oldest first."""
        return self.app.replies.messages

    @property
    def language_info(self) -> dict[str, Any]:
        """What a notebook notes of its language."""
        return dict(self.app.kernel.language_info)

    @property
    def left(self) -> bool:
        """Whether a cell has called `exit()`."""
        return bool(self.app.kernel.shell.exit_now)

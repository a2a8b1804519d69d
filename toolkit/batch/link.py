"""The other end of a template: find the one that fits or start it, ask it for processes, and hear of them."""

from __future__ import annotations

import fcntl
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Client, Connection, Pipe, wait
from multiprocessing.reduction import send_handle
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toolkit.batch.requests import Request, Spec

SINGLE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "RAYON_NUM_THREADS")
"""Libraries that start a thread for every core when they are imported, unless they are told not to."""
QUIET = {
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # a debugger that nobody attaches would warn
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # it would clean up in a thread of its own
}
START = 120.0
"""Seconds that a template has to get warm."""


class TemplateError(RuntimeError):
    """A template could not be started, or is gone."""


@dataclass(frozen=True)
class Ending:
    """How a process ended.

    Attributes
    ----------
    code : int
        Its exit code; minus the number of the signal that killed it.
    late : bool
        Whether it had taken too long.
    cpu : float
        Seconds of CPU.
    memory : int
        Bytes that it held at the most, those shared with the template included.
    error : str
        Traceback, where it failed before it could tell.
    fell : bool
        Whether it fell with its template, through no fault of its own.
    """

    code: int
    late: bool = False
    cpu: float = 0.0
    memory: int = 0
    error: str = ""
    fell: bool = False

    @property
    def told(self) -> str:
        """In words."""
        if self.code < 0:
            return f"the process was ended by {signal.Signals(-self.code).name}"
        return self.error or f"the process ended with exit code {self.code}"


@dataclass(eq=False)
class Process:
    """A process that a template has forked for us; it is killed when we close it or die."""

    control: Connection
    results: Connection
    pid: int = 0
    ending: Ending | None = None
    stdin: None = None  # as `subprocess.Popen` has them
    stdout: None = None
    stderr: None = None

    def events(self) -> Iterator[Any]:
        """What it tells, as it comes; ends with the process."""
        ends = [self.control, self.results]
        while ends:
            there = wait(ends)
            for end in [end for end in ends if end in there]:
                try:
                    message = end.recv()
                except (EOFError, OSError, pickle.UnpicklingError):
                    ends.remove(end)
                    if end is self.control:  # the template is gone, and our process with it
                        self._fell_with_template()
                        return
                    continue
                if end is self.results:
                    yield message
                elif self._hear(message):
                    yield from self._rest()
                    return

    def _rest(self) -> Iterator[Any]:
        """What stood in the pipe when the process ended."""
        with suppress(EOFError, OSError, pickle.UnpicklingError):
            while self.results.poll():
                yield self.results.recv()

    def _hear(self, message: tuple[Any, ...]) -> bool:
        """Take news from the template; whether it is the last."""
        if message[0] == "began":
            self.pid = message[1]
            return False
        _, code, late, (cpu, memory), error = message
        self.ending = Ending(code, late, cpu, memory, error)
        return True

    def _fell_with_template(self) -> None:
        if self.pid:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self.ending = Ending(-signal.SIGKILL, fell=True)

    def begun(self) -> int:
        """Its number, once it is there.

        Raises
        ------
        TemplateError
            If the template has gone before.
        """
        while not self.pid and self.ending is None:
            self.control.poll(None)
            self.poll(first=True)
        if not self.pid:
            raise TemplateError("the template is gone")
        return self.pid

    def poll(self, *, first: bool = False) -> int | None:
        """Its exit code, None while it runs."""
        while self.ending is None and self.control.poll():
            try:
                self._hear(self.control.recv())
            except (EOFError, OSError):
                self._fell_with_template()
            if first:
                break
        return None if self.ending is None else self.ending.code

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, as `subprocess.Popen` does."""
        until = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            self.control.poll(left)
        return self.ending.code if self.ending else 0

    def send_signal(self, number: int) -> None:
        """Signal it and what it has started."""
        with suppress(OSError):
            self.control.send(int(number))

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """Let go; if it still runs, the template kills it."""
        self.control.close()
        self.results.close()


@dataclass
class Link:
    """A template that we hold: as long as we do, it stays."""

    address: str
    hold: Connection
    pid: int
    reason: str = field(default="")

    def start(self, request: Request) -> Process:
        """Have a process forked.

        Raises
        ------
        TemplateError
            If the template is gone.
        """
        try:
            control = Client(self.address, "AF_UNIX")
            results, inlet = Pipe(duplex=False)
            control.send(request)
            send_handle(control, inlet.fileno(), self.pid)
        except OSError as fault:
            raise TemplateError(f"template {self.pid} is gone: {fault}") from fault
        inlet.close()
        return Process(control, results)

    def close(self) -> None:
        """Let it go."""
        self.hold.close()


def can_fork() -> bool:
    """Whether processes can be forked safely here: Linux has what it takes; others run stock kernels.

    `TOOLKIT_FORK=0` in the environment does without, as on Windows.
    """
    there = all(hasattr(os, name) for name in ("fork", "pidfd_open", "memfd_create"))
    return sys.platform == "linux" and there and os.environ.get("TOOLKIT_FORK") != "0"


def open_template(spec: Spec) -> Link:
    """Find the template of a spec, or start it.

    Raises
    ------
    TemplateError
        If it cannot be started.
    """
    address = _folder() / f"{spec.key}.socket"
    link = _held(address)
    if link is None:
        with _locked(address.with_suffix(".lock")):
            link = _held(address) or _started(spec, address)
    return link


def _folder() -> Path:
    """Where templates are found: a folder of ours alone."""
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    folder = Path(base, f"toolkit-batch-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise TemplateError(f"{folder}: must belong to us alone")
    return folder


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _held(address: Path) -> Link | None:
    """A hold on a template that is there and rests on the files as they are now."""
    try:
        hold = Client(str(address), "AF_UNIX")
        hold.send("state")
        pid, reason, fresh = hold.recv()
    except (OSError, EOFError):
        return None
    if not fresh:
        hold.close()
        return None
    return Link(str(address), hold, pid, reason)


def _started(spec: Spec, address: Path) -> Link:
    address.unlink(missing_ok=True)
    environment = dict(spec.environment) | dict.fromkeys(SINGLE, "1") | QUIET
    environment.setdefault("PYTHONHASHSEED", "0")  # the same bytes from the same inputs, sets included
    home = address.with_suffix(".home")
    home.mkdir(exist_ok=True)
    log = address.with_suffix(".log")
    with log.open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603  (ourselves)
            [sys.executable, "-m", "toolkit.batch.template", str(address)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            cwd=home,
            start_new_session=True,
        )
    told, asked = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
    with suppress(BrokenPipeError), told:
        told.write(pickle.dumps(spec))
    with asked:
        ready = bool(wait([asked.fileno()], START)) and asked.readline() == b"ready\n"
    link = _held(address) if ready else None
    process.wait()  # the template itself is a child of it
    if link is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        raise TemplateError(f"no template: {log.read_text(errors='replace')[-2000:]}")
    return link

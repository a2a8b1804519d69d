"""The warm process: it imports what a notebook imports, runs the cells before `parameters`, and forks one child each.

It has a single thread, which is what makes forking safe, and serves until nobody has asked for anything for a while.
It is started by `link`, as `python -m toolkit.batch.template SOCKET`, and reads its `Spec` from standard input.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import pickle
import signal
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Listener, wait
from multiprocessing.reduction import recv_handle
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import entrypoints
from jupyter_core.paths import jupyter_runtime_dir

from toolkit.batch import children
from toolkit.batch.preamble import rehearse, run, threads, unnoticed
from toolkit.batch.requests import Request, Spec

if TYPE_CHECKING:
    from collections.abc import Callable

    from toolkit.batch.kernel import InnerKernel, Recorded

Found = TypeVar("Found")

LINGER = float(os.environ.get("TOOLKIT_TEMPLATE_LINGER", "5"))
"""Seconds that a template waits for someone to ask again."""
GRACE = 5.0
"""Seconds between the first interrupt of a child that takes too long and its end."""
TRIAL = 120
"""Seconds after which something that is tried has failed."""
LESSONS = 2
"""Children from which a template learns what to import."""
AGAIN = 0.5
"""Seconds between one interrupt and the next."""


@dataclass(eq=False)
class Child:
    """A forked process and the one who asked for it."""

    pid: int
    descriptor: int
    asker: Connection
    began: float
    seconds: float | None
    lessons: int
    request: Request
    interrupted: float = 0.0
    late: bool = False

    @property
    def due(self) -> float:
        """When to look after it: to interrupt it, again, or to kill it."""
        if self.seconds is None:
            return float("inf")
        return max(self.began + self.seconds, self.interrupted + AGAIN)


@dataclass(eq=False)
class Template:
    """The server; `serve` ends when nobody needs it any more."""

    spec: Spec
    listener: Listener
    kernel: InnerKernel | None = None
    recorded: list[Recorded] = field(default_factory=list)
    reason: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    modules: set[str] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    files: dict[str, int] = field(default_factory=dict)
    lessons: int = 0
    retired: bool = False
    children: dict[int, Child] = field(default_factory=dict)
    askers: set[Connection] = field(default_factory=set)
    waiting: list[tuple[Connection, Request, int]] = field(default_factory=list)

    @property
    def ready(self) -> InnerKernel:
        """The kernel of a notebook's template."""
        if self.kernel is None:
            raise RuntimeError(f"a template of kind {self.spec.kind!r} runs no cells")
        return self.kernel

    # Getting warm -------------------------------------------------------------------------------------------------

    def warm(self) -> None:
        """Import and run what can be shared."""
        before = dict(os.environ)
        if self.spec.kind == "notebook":
            from toolkit.batch.kernel import start_kernel  # noqa: PLC0415  (a stock kernel makes its own)

            self.kernel = kernel = start_kernel()
            _import_papermill()
            preamble = self.spec.preamble
            self.reason = self._in_trial(lambda: rehearse(kernel, preamble), "the rehearsal did not end well")
            if not self.reason:
                sys.addaudithook(self._note_opened)
                self.recorded, self.reason = run(kernel, preamble)
                self.recorded = [] if self.reason else self.recorded
        self._learn(list(self.spec.modules))
        self.environment = {name: value for name, value in os.environ.items() if before.get(name) != value}
        self._settle()

    def _note_opened(self, event: str, arguments: tuple[Any, ...]) -> None:
        """What the preamble has read must be as it was for whoever asks later; the settled template notes no more."""
        if event == "open" and not self.files and isinstance(arguments[0], str):
            self.opened.add(arguments[0])

    def _settle(self) -> None:
        """What is there now stays: children need neither look through it for garbage nor copy it."""
        self.modules = set(sys.modules)
        self.files = self._changed_at() | self.files  # what is loaded is what was there when it was loaded
        gc.collect()
        gc.freeze()

    def _changed_at(self) -> dict[str, int]:
        """When the files that we rest on were last changed."""
        files = {getattr(sys.modules.get(name), "__file__", None) for name in self.modules} | self.opened
        found: dict[str, int] = {}
        for file in filter(None, files):
            with suppress(OSError):
                found[file] = os.stat(file).st_mtime_ns  # noqa: PTH116  (a thousand of them)
        return found

    def _learn(self, names: list[str], *, more: Callable[[], object] | None = None) -> None:
        """Import modules that no unit would miss importing, and do something more, if that can be forked."""
        fit = names

        def study() -> list[str] | None:
            found = unnoticed(fit)
            if found == fit and more is not None:
                more()
            return None if found == fit and threads() > 1 else found

        while (found := self._in_trial(study, None)) != fit:
            if not fit:  # more than an import leaves a thread, or does not end well
                return
            fit = found or []
        study()

    def _in_trial(self, attempt: Callable[[], Found], otherwise: Found) -> Found:
        """What comes of something in a process that is thrown away; something else if it dies."""
        notes = os.memfd_create("trial")
        pid = os.fork()
        if pid == 0:
            signal.alarm(TRIAL)
            with suppress(BaseException):
                if self.kernel is not None:
                    self.kernel.rebind()
                os.write(notes, json.dumps(attempt()).encode())
            os._exit(0)
        os.waitpid(pid, 0)
        told = os.pread(notes, 1 << 20, 0)
        os.close(notes)
        found: Found = json.loads(told) if told else otherwise
        return found

    # Serving ------------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Answer until nobody asks any more."""
        quiet_since = time.monotonic()
        listening = _socket_of(self.listener)
        while self.askers or self.children or (time.monotonic() - quiet_since < LINGER and not self.retired):
            if self.askers or self.children:
                quiet_since = time.monotonic()
            by_descriptor = {child.descriptor: child for child in self.children.values()}
            patience = min([LINGER, *(child.due - time.monotonic() for child in self.children.values())])
            doors = [] if self.retired else [listening]
            for ready in wait([*doors, *self.askers, *by_descriptor], max(0.0, patience)):
                if isinstance(ready, Connection):
                    self._hear(ready)
                elif isinstance(ready, int):
                    self._bury(by_descriptor[ready])
                else:
                    with suppress(OSError, EOFError):
                        self.askers.add(self.listener.accept())
            self._hurry()
            self._begin()

    def _hear(self, asker: Connection) -> None:
        """Take a request or a signal, or notice that somebody has left."""
        try:
            message = asker.recv()
            if isinstance(message, Request):
                self.waiting.append((asker, message, recv_handle(asker)))
            elif message == "state":
                fresh = self.files == self._changed_at()
                asker.send((os.getpid(), self.reason, fresh))
                if not fresh:
                    self._retire()
            else:
                self._signal(asker, int(message))
        except (EOFError, OSError, pickle.PickleError):
            self._part(asker)

    def _retire(self) -> None:
        """Finish what has begun, and leave the address to a newer one."""
        self.retired = True
        self.listener.close()

    def _signal(self, asker: Connection, number: int) -> None:
        for child in self.children.values():
            if child.asker is asker:
                _signal_group(child.pid, number)

    def _part(self, asker: Connection) -> None:
        """Whoever asked has left or died, and with him goes what he asked for."""
        self._signal(asker, signal.SIGKILL)
        for one in [one for one in self.waiting if one[0] is asker]:
            os.close(one[2])
            self.waiting.remove(one)
        self.askers.discard(asker)
        asker.close()

    def _hurry(self) -> None:
        """Interrupt who takes too long, more than once, since it may be caught; then kill."""
        now = time.monotonic()
        for child in self.children.values():
            if child.due <= now and child.seconds is not None:
                over = now - child.began - child.seconds
                child.interrupted, child.late = now, True
                _signal_group(child.pid, signal.SIGKILL if over > GRACE else signal.SIGINT)

    def _begin(self) -> None:
        """Fork for those who wait; until one unit has taught us what it imports it is the only one."""
        while self.waiting and (self.lessons or self.spec.kind == "kernel" or not self.children):
            asker, request, results = self.waiting.pop(0)
            lessons = os.memfd_create("lessons")
            pid = os.fork()
            if pid == 0:
                self._become(request, results, lessons)
            os.close(results)
            began = time.monotonic()
            child = Child(pid, os.pidfd_open(pid), asker, began, request.seconds, lessons, request)
            self.children[pid] = child
            with suppress(OSError):
                asker.send(("began", pid))

    def _become(self, request: Request, results: int, lessons: int) -> NoReturn:
        """Be the child: forget the template, do what is asked, and end."""
        code = 1
        try:
            for asker in self.askers:
                asker.close()
            for child in self.children.values():
                os.close(child.descriptor)
            if not self.retired:
                _socket_of(self.listener).close()
            children.enter(request, self.environment, self.kernel)
            code = children.DO[request.kind](request.work, Connection(results, readable=False), self)
            children.leave()
            names = [name for name in list(sys.modules) if name not in self.modules]
            os.pwrite(lessons, json.dumps(names).encode(), 0)
        except BaseException:  # noqa: BLE001  (nothing may come back into the loop of the template)
            with suppress(BaseException):
                os.pwrite(lessons, json.dumps({"failed": traceback.format_exc()}).encode(), 0)
        finally:
            os._exit(code)

    def _bury(self, child: Child) -> None:
        """Tell how a child ended, kill what it has left behind, and learn from it."""
        _signal_group(child.pid, signal.SIGKILL)  # while its number is still its own
        _, status, usage = os.wait4(child.pid, 0)
        del self.children[child.pid]
        os.close(child.descriptor)
        self._kill_strays()
        told = os.pread(child.lessons, 1 << 22, 0)
        os.close(child.lessons)
        lessons = json.loads(told) if told else []
        failed = lessons["failed"] if isinstance(lessons, dict) else ""
        with suppress(OSError):
            child.asker.send(("ended", os.waitstatus_to_exitcode(status), child.late, _used(usage), failed))
        self.askers.discard(child.asker)  # there is nothing more to say, and who asked may forget to hang up
        child.asker.close()
        if self.lessons < LESSONS and isinstance(lessons, list):
            self.lessons += 1
            self._learn([name for name in lessons if _is_installed(name)], more=lambda: children.warm(child.request))
            self._settle()

    def _kill_strays(self) -> None:
        """Processes that a child started and that outlived it were given to us: see `PR_SET_CHILD_SUBREAPER`."""
        ours = set(self.children)
        for pid in map(int, Path("/proc/self/task").joinpath(str(os.getpid()), "children").read_text().split()):
            with suppress(ProcessLookupError):
                if pid not in ours and os.getsid(pid) not in ours:
                    os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            while (dead := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and dead.si_pid not in ours:
                os.waitpid(dead.si_pid, 0)


def _import_papermill() -> None:
    """Import papermill without the engines of others: one may start a thread, or look for a shell once and for all."""
    everything = entrypoints.get_group_all
    entrypoints.get_group_all = lambda group, path=None: [] if group == "papermill.engine" else everything(group, path)
    try:
        importlib.import_module("toolkit.batch.perform")
    finally:
        entrypoints.get_group_all = everything


def _socket_of(listener: Listener) -> Any:  # noqa: ANN401
    """What it listens on; the library has no other way to wait for two things at once."""
    return listener._listener._socket  # type: ignore[attr-defined]  # noqa: SLF001


def _signal_group(pid: int, number: int) -> None:
    """Signal a child and all that it has started; it leads a group of its own, unless it has not yet come so far."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
        return
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _used(usage: Any) -> tuple[float, int]:  # noqa: ANN401
    """Seconds of CPU, and bytes of memory at the most."""
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def _is_installed(name: str) -> bool:
    """Whether a module is found in every folder alike; a module beside a notebook is not."""
    return importlib.util.find_spec(name.partition(".")[0]) is not None


def _look_like_a_kernel() -> None:
    """Have the arguments and paths with which IPython's launcher is started."""
    if not sys.flags.safe_path:
        del sys.path[0]  # IPython puts "" where it wants it
    launcher = importlib.util.find_spec("ipykernel_launcher")
    file = str(Path(jupyter_runtime_dir(), "kernel.json"))  # there is none, but whoever parses arguments meets it
    sys.argv = [str(launcher and launcher.origin), "-f", file, "--HistoryManager.hist_file=:memory:"]


def main(address: str) -> None:
    """Be a template at an address; the first line of standard output tells when it can be asked."""
    if os.fork():  # whoever starts us need not wait for our end
        os._exit(0)
    spec = pickle.load(sys.stdin.buffer)  # noqa: S301  (from the one who started us)
    ready = os.dup(1)
    for descriptor, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY)):
        os.dup2(os.open(os.devnull, mode), descriptor)
    _look_like_a_kernel()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    children.adopt_orphans()
    listener = Listener(address, "AF_UNIX", backlog=64)
    template = Template(spec, listener)
    template.warm()
    if threads() > 1:
        raise SystemExit("a thread is running, which a fork does not survive; TOOLKIT_FORK=0 does without forks")
    os.write(ready, b"ready\n")
    os.close(ready)
    try:
        template.serve()
    finally:
        listener.close()
        if not template.retired:  # else they are another's by now
            Path(address).with_suffix(".log").unlink(missing_ok=True)
            with suppress(OSError):
                Path(address).with_suffix(".home").rmdir()


if __name__ == "__main__":
    main(sys.argv[1])

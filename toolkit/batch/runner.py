"""A batch: units streamed through any executor, what was done before kept, outcomes given as they come."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import traceback
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from typing import TYPE_CHECKING

from toolkit.batch import manifest
from toolkit.batch.link import can_fork
from toolkit.batch.perform import Crew, Stopped, partial, perform
from toolkit.batch.units import Bounds, Outcome, Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from pathlib import Path

GLANCE = 0.2
"""Seconds between two looks whether somebody has pressed Ctrl-C."""
AHEAD = 2
"""Units that wait for each worker, so that none of them is idle while the next is prepared."""


def run_units(
    units: Iterable[Unit],
    record: Path,
    *,
    executor: Executor | None = None,
    workers: int = 2,
    bounds: Bounds = Bounds(),  # noqa: B008  (frozen)
    fingerprint: str = "",
    keep: bool = True,
) -> Generator[Outcome]:
    """Run units and give the outcome of each as it comes.

    Interrupted, it ends what is under way, keeps what is finished, and raises again.

    Parameters
    ----------
    units : iterable of Unit
        Taken one by one, so that they may be prepared while others run.
    record : path
        The manifest: outcomes are added to it, and units that it holds from the same inputs are not run again.
    executor : Executor, optional
        Where units run, such as that of a Dask client. By default `workers` of this machine.
    workers : int
        How many units run at once; with an executor of your own, how many it runs.
    bounds : Bounds
        What each unit may take.
    fingerprint : str
        Of code and versions, see `fingerprint`; a unit done under another is run again.
    keep : bool
        Whether to keep what was done before; else everything is run again.

    Yields
    ------
    Outcome
        "done", "failed" or "kept".
    """
    before = manifest.read(record) if keep else {}
    with _interrupts() as heed, _labour(executor, workers) as labour:
        pending: dict[Future[Outcome], tuple[Unit, str]] = {}
        for unit in units:
            heed()
            key = unit.key(fingerprint)
            if unit.name in before and manifest.holds(before[unit.name], unit, key):
                yield replace(before[unit.name], outcome="kept", seconds=0.0, cpu=0.0)
                continue
            pending[labour(unit, bounds, key)] = (unit, key)
            if len(pending) >= workers * (1 + AHEAD):
                yield from _finished(pending, record, heed)
        while pending:
            yield from _finished(pending, record, heed)


def _finished(
    pending: dict[Future[Outcome], tuple[Unit, str]], record: Path, heed: Callable[[], None]
) -> Iterator[Outcome]:
    """Outcomes of those that are done, at least one of them."""
    while not (done := wait(pending, GLANCE, FIRST_COMPLETED).done):
        heed()
    for future in done:
        unit, key = pending.pop(future)
        try:
            outcome = future.result()
        except Stopped:
            continue
        except Exception:  # noqa: BLE001  (a worker died, or a file of the old report is open in Excel)
            outcome = Outcome(unit.name, "failed", 0.0, error=traceback.format_exc(), key=key)
        manifest.append(record, outcome)
        yield outcome
        heed()


@contextmanager
def _interrupts() -> Iterator[Callable[[], None]]:
    """Take Ctrl-C where we ask for it: raised in the midst of the pool's own locks it would leave them locked."""
    pressed: list[int] = []

    def heed() -> None:
        if pressed:
            raise KeyboardInterrupt

    ours = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT) if ours else None
    if before is not signal.default_int_handler:
        yield heed
        return
    signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield heed
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _labour(executor: Executor | None, workers: int) -> Iterator[Callable[[Unit, Bounds, str], Future[Outcome]]]:
    """Whoever takes a unit and gives its future; ended with the run, unless it was handed to us."""
    if executor is not None:
        with _foreign(executor) as labour:
            yield labour
    elif can_fork():
        with _threads(workers) as labour:
            yield labour
    else:
        with _processes(workers) as labour:
            yield labour


@contextmanager
def _foreign(executor: Executor) -> Iterator[Callable[[Unit, Bounds, str], Future[Outcome]]]:
    futures: set[Future[Outcome]] = set()

    def labour(unit: Unit, bounds: Bounds, key: str) -> Future[Outcome]:
        future = executor.submit(perform, unit, bounds, key)
        futures.add(future)
        future.add_done_callback(futures.discard)
        return future

    try:
        yield labour
    finally:
        for future in list(futures):
            future.cancel()


@contextmanager
def _threads(workers: int) -> Iterator[Callable[[Unit, Bounds, str], Future[Outcome]]]:
    """A thread waits for each forked process."""
    crew = Crew()
    pool = ThreadPoolExecutor(workers, "batch")
    try:
        yield lambda unit, bounds, key: pool.submit(crew.perform, unit, bounds, key)
    except BaseException:
        crew.stop()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        crew.close()


@contextmanager
def _processes(workers: int) -> Iterator[Callable[[Unit, Bounds, str], Future[Outcome]]]:
    """A process for each stock kernel; it is started afresh, so Windows and Linux behave alike."""
    # numerical libraries of two workers on two cores would only wait for each other's threads
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    os.environ.setdefault("PYTHONHASHSEED", "0")
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_be_deaf)
    begun: dict[Future[Outcome], Unit] = {}

    def labour(unit: Unit, bounds: Bounds, key: str) -> Future[Outcome]:
        future = pool.submit(perform, unit, bounds, key)
        begun[future] = unit
        future.add_done_callback(begun.pop)
        return future

    try:
        yield labour
    except BaseException:
        halted = list(begun.values())
        for process in list((pool._processes or {}).values()):  # noqa: SLF001  (a method for it comes with Python 3.14)
            process.kill()
        pool.shutdown(wait=True, cancel_futures=True)
        for unit in halted:
            shutil.rmtree(partial(unit), ignore_errors=True)
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _be_deaf() -> None:
    """Ctrl-C reaches every process of a terminal; the run itself ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

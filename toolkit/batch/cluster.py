"""A Dask cluster as an executor: the same units on the machines of an office."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from toolkit.faults import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor


@contextmanager
def cluster(address: str, *, patience: float = 10.0) -> Iterator[tuple[Executor, int]]:
    """Connect to a scheduler.

    Parameters
    ----------
    address : str
        Such as `tcp://HOST:8786`.
    patience : float
        Seconds that it has to answer.

    Yields
    ------
    executor : Executor
        `Client.get_executor()`: a unit whose worker dies is sent to another.
    workers : int
        Threads of all workers together.

    Raises
    ------
    UsageError
        If Dask is not installed, nobody answers, or there are no workers.
    """
    try:
        from distributed import Client  # noqa: PLC0415  (an extra)
    except ImportError as fault:
        raise UsageError("--dask: needs the extra `dask`: pip install 'toolkit[dask]'") from fault
    try:
        client = Client(address, timeout=patience)
    except (OSError, TimeoutError, ValueError) as fault:
        raise UsageError(f"--dask: {address!r}, no scheduler answers: {fault}") from fault
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise UsageError(f"--dask: {address!r}, the scheduler has no workers; start some with `dask worker`")
        with client.get_executor(pure=False, retries=2) as executor:
            yield executor, threads

"""A bound on the memory of this process, where the system has one."""

from __future__ import annotations

from pathlib import Path


def limit_memory(allowance: int) -> None:
    """Let this process use so many bytes beyond what it holds now; Linux alone keeps to it.

    Raises
    ------
    OSError
        If the system knows no such bound.
    """
    try:
        import resource  # noqa: PLC0415  (not on Windows)

        held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (ImportError, FileNotFoundError) as fault:
        raise OSError("a bound on memory needs Linux") from fault
    resource.setrlimit(resource.RLIMIT_AS, (held + allowance, held + allowance))

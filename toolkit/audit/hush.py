"""Nothing of what compiled code prints by itself reaches a terminal or a notebook."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STDOUT = 1
"""The process's own output, whatever `sys.stdout` is."""


@contextmanager
def hushed() -> Iterator[None]:
    """Send the process's own output nowhere for a while.

    The HiGHS of SciPy 1.17 prints a line whenever a solution that it has found must be repaired, though it is told to
    say nothing.
    """
    library = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
    library.fflush(None)
    try:
        kept = os.dup(STDOUT)
    except OSError:  # a program without a window has none
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, STDOUT)
        yield
    finally:
        library.fflush(None)
        os.dup2(kept, STDOUT)
        os.close(nowhere)
        os.close(kept)

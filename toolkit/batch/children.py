"""What a forked process does: shed what it has inherited, then run cells, a whole unit, or a stock kernel."""

from __future__ import annotations

import asyncio
import atexit
import ctypes
import gc
import logging
import multiprocessing.util
import os
import random
import signal
import sys
import time
import weakref
from typing import TYPE_CHECKING, Any

import jupyter_core.utils

from toolkit.batch.limits import limit_memory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection

    from toolkit.batch.kernel import InnerKernel
    from toolkit.batch.requests import Request
    from toolkit.batch.template import Template

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def adopt_orphans() -> None:
    """Whatever outlives the child that started it becomes a child of this process."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def enter(request: Request, changed: Mapping[str, str], kernel: InnerKernel | None) -> None:
    """Be a process of one's own: own session, environment, folder, bounds, chance, loop and streams."""
    template = os.getppid()
    os.setsid()
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != template:
        os._exit(1)
    _forget_exit_handlers()
    os.environ.clear()
    os.environ.update(request.environment)
    os.environ.update(changed)
    time.tzset()
    os.chdir(request.folder)
    if request.memory is not None:
        limit_memory(request.memory)
    random.seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    jupyter_core.utils._loop.set(None)  # noqa: SLF001  (the loop of the template, whose descriptors all children share)
    asyncio.set_event_loop(None)
    if kernel is not None:
        kernel.rebind()
    gc.enable()


def _forget_exit_handlers() -> None:
    """What the template does when it ends is not for its children to do."""
    atexit._clear()  # noqa: SLF001
    weakref.finalize._registry.clear()  # type: ignore[attr-defined]  # noqa: SLF001
    weakref.finalize._registered_with_atexit = False  # type: ignore[attr-defined]  # noqa: SLF001
    multiprocessing.util._finalizer_registry.clear()  # type: ignore[attr-defined]  # noqa: SLF001
    atexit.register(logging.shutdown)
    atexit.register(multiprocessing.util._exit_function)  # type: ignore[attr-defined]  # noqa: SLF001


def leave() -> None:
    """Do what the unit has asked to be done when its process ends."""
    atexit._run_exitfuncs()  # noqa: SLF001


def cells(work: dict[str, Any], results: Connection, template: Template) -> int:
    """Run the cells of a notebook and tell each step."""
    from toolkit.batch.engine import tell_cells  # noqa: PLC0415

    tell_cells(work, results, template.ready, template.recorded)
    return 0


def unit(work: Any, results: Connection, template: Template) -> int:  # noqa: ANN401
    """Run a whole unit and tell what became of it."""
    from toolkit.batch.perform import perform_here  # noqa: PLC0415

    results.send(perform_here(work, template.ready, template.recorded))
    results.close()
    return 0


def kernel(work: list[str], results: Connection, template: Template) -> int:  # noqa: ARG001
    """Be a stock kernel, with sockets and all, until it is told to end."""
    from ipykernel.kernelapp import IPKernelApp  # noqa: PLC0415

    # it looks whether the process that started it is still there, and that is the template
    os.environ["JPY_PARENT_PID"] = str(os.getppid())
    results.close()
    sys.argv = ["ipykernel_launcher", *work]
    IPKernelApp.launch_instance(argv=work)
    return 0


DO = {"cells": cells, "unit": unit, "kernel": kernel}


def warm(request: Request) -> None:
    """Do once what need not be done in every child."""
    if request.kind == "unit":
        from toolkit.batch.perform import warm_exporters  # noqa: PLC0415

        warm_exporters(request.work)

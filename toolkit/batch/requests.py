"""What is asked of a template, and what it is asked to be."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

# They differ from call to call and mean nothing to a notebook, so a template serves whatever they are.
FLEETING = ("PYTEST_", "JPY_", "SSH_", "WINDOWID", "COLUMNS", "LINES", "SHLVL", "PWD", "OLDPWD", "_")
PACKAGES = ("ipykernel", "ipython", "jupyter_client", "nbclient", "nbformat", "papermill")


@dataclass(frozen=True)
class Spec:
    """What a template has ready.

    Attributes
    ----------
    kind : str
        "notebook", with a kernel that has run `preamble`; or "kernel", for stock kernels that Jupyter talks to.
    preamble : tuple of str
        Sources of the cells before `parameters`.
    modules : tuple of str
        To be imported in advance, where they are installed.
    environment : tuple of (str, str)
        Its environment, and so that of everything that it imports.
    """

    kind: str
    preamble: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """A name under which the same template is found again: the same code, versions, paths and environment."""
        facts = (
            self,
            sys.executable,
            sys.version,
            [version(name) for name in PACKAGES],
            [(path.name, path.stat().st_mtime_ns) for path in sorted(Path(__file__).parent.glob("*.py"))],
        )
        return sha256(repr(facts).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Request:
    """What a forked process is to do, and within which bounds.

    Attributes
    ----------
    kind : str
        A function of `children`.
    work : object
        Its argument.
    folder : str
        Where it runs.
    environment : dict
        Its environment.
    seconds : float, optional
        After so long it is interrupted, and killed when it does not end.
    memory : int, optional
        Bytes that it may use beyond what the template holds.
    """

    kind: str
    work: Any
    folder: str = field(default_factory=os.getcwd)
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    seconds: float | None = None
    memory: int | None = None


def lasting(environment: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """The part of an environment that may make a difference to a notebook."""
    return tuple(
        sorted(
            (name, value)
            for name, value in environment.items()
            if not any(
                name == part or (part.endswith("_") and part != "_" and name.startswith(part)) for part in FLEETING
            )
        )
    )


def spec_of(preamble: list[str], modules: tuple[str, ...] = ()) -> Spec:
    """The template of a notebook, in the environment of this process."""
    return Spec("notebook", tuple(preamble), modules, lasting(dict(os.environ)))

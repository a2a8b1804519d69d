"""A rater's pseudonym: keyed, so that nobody without the key can find out who is behind it."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from typing import TYPE_CHECKING

from toolkit.faults import UsageError

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = "TOOLKIT_KEY"
SHORTEST = 16
"""Characters that a key must have at least."""
SEPARATOR = "\x1f"
DIGITS = 16
"""Hexadecimal digits of a pseudonym: 64 bits, so that among a million raters two share one once in 37 million times."""


def pseudonym(key: bytes, round: str, source: str, identity: str) -> str:  # noqa: A002  (the contract's word)
    """Pseudonym of a rater: one for each round and source, so that his roles and rounds cannot be joined.

    HMAC-SHA-256 (RFC 2104) of round, source and identity. It begins with a letter: Excel would take some for numbers.
    """
    text = SEPARATOR.join((round, source, identity))
    return "r" + hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:DIGITS]


def read_key(folder: Path, path: Path) -> bytes:
    """The key: that of the environment, else that of a file outside the study, made on first use.

    Parameters
    ----------
    folder : Path
        The study, in which no key may lie.
    path : Path
        The key's file; who creates it alone may read it.

    Raises
    ------
    UsageError
        If the key is short, lies in the study, is empty, or others may read its file.
    """
    given = os.environ.get(VARIABLE)
    if given is not None:
        return _long_enough(given.strip(), VARIABLE)
    if path.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{path}: the key must lie outside the study, or who has the study has the raters")
    if not path.is_file():
        _create(path)
    if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(f"{path}: must be readable by its owner alone: chmod 600 {path}")
    try:
        return _long_enough(path.read_text(encoding="utf-8-sig").strip(), str(path))
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: must be UTF-8 text") from error


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as target:
        target.write(secrets.token_hex(32) + "\n")


def _long_enough(key: str, place: str) -> bytes:
    if len(key) < SHORTEST:
        raise UsageError(f"{place}: the key must have at least {SHORTEST} characters")
    return key.encode()

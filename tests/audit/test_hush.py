"""What compiled code prints goes nowhere, and what others print does not."""

import ctypes
import os
import sys

from toolkit.audit.hush import hushed


def test_only_what_is_printed_meanwhile_is_lost(capfd):
    library = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
    library.puts(b"before")
    with hushed():
        library.puts(b"meanwhile")
        os.write(1, b"meanwhile")
    library.puts(b"after")
    library.fflush(None)
    assert capfd.readouterr().out.split() == ["before", "after"]

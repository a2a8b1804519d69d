"""What one unit does is not seen by the next; what all share is run once, and only if that can make no difference."""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import nbformat
import pytest
from small_notebooks import executed, forks, texts

from toolkit.batch.link import SINGLE, open_template
from toolkit.batch.preamble import preamble_of
from toolkit.batch.requests import spec_of

pytestmark = forks


def last(tmp_path, unit, out="out"):
    return texts(executed(tmp_path, unit, out))[-1]


LEAKS = {  # what a unit sets, and what shows whether another has set it
    "pandas options": (
        "import pandas as pd; pd.set_option('display.max_rows', 7)",
        "pd.get_option('display.max_rows')",
    ),
    "environment": ("import os; os.environ['LEAK'] = '1'", "os.environ.get('LEAK')"),
    "module attribute": ("import json; json.leak = 1", "hasattr(json, 'leak')"),
    "patched function": ("import math; math.sqrt = len", "math.sqrt is len"),
    "patched builtin": ("import builtins; builtins.leak = 1", "hasattr(builtins, 'leak')"),
    "module": ("import sys, types; sys.modules['leak'] = types.ModuleType('leak')", "'leak' in sys.modules"),
    "name": ("leak = 1", "'leak' in globals()"),
    "folder": ("import os; os.mkdir('below'); os.chdir('below')", "os.path.basename(os.getcwd()) == 'below'"),
    "path": ("import sys; sys.path.insert(0, '/leak')", "'/leak' in sys.path"),
    "warnings": ("import warnings; warnings.simplefilter('error', FutureWarning)", "warnings.filters[0][0] == 'error'"),
    "locale": (
        "import locale; locale.setlocale(locale.LC_ALL, 'C.UTF-8')",
        "locale.setlocale(locale.LC_ALL) == 'C.UTF-8'",
    ),
    "open file": (
        "import os, sys; leak = os.open(sys.executable, 0); os.dup2(leak, 77)",
        "os.path.exists('/proc/self/fd/77')",
    ),
    "history": ("12345", "'12345' in In[:-2]"),
    "event": (
        "get_ipython().events.register('post_run_cell', lambda result: None)",
        "len(get_ipython().events.callbacks['post_run_cell'])",
    ),
    "magic": (
        "get_ipython().register_magic_function(len, 'line', 'leak')",
        "'leak' in get_ipython().magics_manager.magics['line']",
    ),
    "figure": ("import matplotlib.pyplot as plt; plt.rcParams['figure.dpi'] = 7.0", "plt.rcParams['figure.dpi']"),
    "signal": ("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)", "signal.getsignal(signal.SIGTERM).name"),
    "umask": ("import os; os.umask(0o077)", "os.umask(0o077) == 0o077"),
    "limit": ("import sys; sys.setrecursionlimit(5000)", "sys.getrecursionlimit()"),
    "logging": ("import logging; logging.getLogger().setLevel(1)", "logging.getLogger().level"),
    "at exit": ("import atexit; atexit.register(print)", "atexit._ncallbacks() > 20"),
    "thread": (
        "import threading; threading.Thread(target=__import__('time').sleep, args=(9,), daemon=True).start()",
        "threading.active_count()",
    ),
    "context variable": ("import decimal; decimal.getcontext().prec = 3", "decimal.getcontext().prec"),
    "time zone": ("import os, time; os.environ['TZ'] = 'Asia/Tokyo'; time.tzset()", "time.tzname"),
    "frozen": ("import numpy as np; np.set_printoptions(precision=1)", "np.get_printoptions()['precision']"),
}
READ = "import atexit, builtins, decimal, json, locale, logging, math, os, signal, sys, threading, time, warnings\n"


def test_nothing_leaks(make, batch, tmp_path):
    """The even units set everything, the odd ones look; each is run by one worker after the other."""
    sets = "\n".join(line for line, _ in LEAKS.values())
    looks = (
        READ
        + "import matplotlib.pyplot as plt, numpy as np, pandas as pd\n"
        + "\n".join(f"print({look})" for _, look in LEAKS.values())
    )
    notebook = make(f"if x % 2 == 0:\n    exec({sets!r}, globals())", looks)
    assert {outcome.outcome for outcome in batch(notebook, range(6), workers=1)} == {"done"}
    assert {outcome.outcome for outcome in batch(notebook, [11], workers=1, out="alone")} == {"done"}
    alone = last(tmp_path, "u11", "alone").splitlines()
    for unit in ("u1", "u3", "u5"):
        assert dict(zip(LEAKS, last(tmp_path, unit).splitlines(), strict=True)) == dict(zip(LEAKS, alone, strict=True))
    setter = last(tmp_path, "u4").splitlines()
    assert [name for name, seen, clean in zip(LEAKS, setter, alone, strict=True) if seen == clean] == [
        "history",
        "at exit",
    ]


NUMBERS = "random.random(), np.random.random(), np.random.default_rng({}).random()"
DRAW = f"import random, uuid, numpy as np\nprint({NUMBERS.format('')}, uuid.uuid4())"
SEEDED = f"random.seed(1); np.random.seed(1)\nprint({NUMBERS.format(1)})"


def test_units_draw_differently_unless_they_are_seeded(make, batch, tmp_path):
    batch(make(DRAW, SEEDED), range(5))
    drawn = [texts(executed(tmp_path, f"u{unit}"))[-2:] for unit in range(5)]
    free = [value for one, _ in drawn for value in one.split()]
    assert len(set(free)) == 5 * 4
    assert len({seeded for _, seeded in drawn}) == 1


def test_objects_of_the_preamble_are_each_units_own(make, batch, tmp_path):
    before = (
        "import pandas as pd\ntable = pd.DataFrame({'n': [0, 0]})\nseen = []\nclass Box: held = 0",
        "def add(box=[]):\n    box.append(1); return len(box)",
    )
    notebook = make(
        "seen.append(x); table.loc[0, 'n'] += 1; Box.held += 1\nseen, int(table['n'].sum()), Box.held, add(), add()",
        before=before,
    )
    batch(notebook, range(4), workers=1)
    assert [last(tmp_path, f"u{unit}") for unit in range(4)] == [f"([{unit}], 1, 1, 1, 2)" for unit in range(4)]


@contextmanager
def template(notebook):
    link = open_template(spec_of(preamble_of(nbformat.read(notebook, as_version=4))))
    try:
        yield link
    finally:
        link.close()


def test_a_preamble_that_imports_and_defines_is_run_once(make, batch, tmp_path):
    """It is rehearsed twice in a process that is thrown away, and then run for all."""
    mark = tmp_path / "pids.txt"
    before = (
        "import os\nimport json",
        f"with open({str(mark)!r}, 'a') as file: print(os.getpid(), file=file)\nprint('told'); 5",
    )
    notebook = make("x", before=before)
    with template(notebook) as link:
        assert link.reason == ""
        assert mark.read_text().split().count(str(link.pid)) == 1
        assert len(set(mark.read_text().split())) == 2
        already = mark.read_text()
        batch(notebook, range(3))
        assert mark.read_text() == already
    for unit in range(3):
        cells = [cell for cell in executed(tmp_path, f"u{unit}").cells if cell.cell_type == "code"]
        assert [cell.execution_count for cell in cells] == [1, 2, 3, 4, 5]
        assert [output.get("text") or output.data["text/plain"] for output in cells[1].outputs] == ["told\n", "5"]
        assert cells[-1].outputs[0].data["text/plain"] == str(unit)


REFUSED = {
    "random.random()": ("import random; random.random()", "draws random numbers"),
    "a seed": ("import random; random.seed(4)", ""),
    "numpy's legacy generator": ("import numpy as np; np.random.random()", "draws random numbers"),
    "unseeded default_rng": ("import numpy as np; rng = np.random.default_rng()", "draws random numbers"),
    "seeded default_rng": ("import numpy as np; rng = np.random.default_rng(1); rng.random()", ""),
    "uuid4": ("import uuid; uuid.uuid4()", "draws random numbers"),
    "os.urandom": ("import os; os.urandom(4)", "draws random numbers"),
    "from os import urandom": ("from os import urandom; urandom(4)", "draws random numbers"),
    "secrets": ("import secrets; secrets.token_hex(4)", "draws random numbers"),
    "a file beside the notebook": ("open('near.txt', 'w').close()", "opens 'near.txt' in the folder where it runs"),
    "a listing": ("import os; os.listdir()", "looks at the folder where it runs"),
    "the folder": ("from pathlib import Path; here = Path.cwd()", "looks at the folder where it runs"),
    "a thread": (
        "import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        "a thread is running",
    ),
    "a socket": ("import socket; s = socket.socket()", "a socket is open"),
    "a process": ("import subprocess; subprocess.run(['true'])", "starts a process"),
    "a shell": ("!true", "starts a process"),
    "an error": ("1 / 0", "cell 1 raises ZeroDivisionError"),
    "another folder": ("import os; os.chdir('/')", "changes its folder"),
    "the end": ("exit()", "cell 1 ends the kernel"),
    "a background task": ("import asyncio\ntask = asyncio.create_task(asyncio.sleep(60))", "a task is left"),
    "death": ("import os; os._exit(1)", "it died"),
}


REHEARSE = """
import json, sys
from toolkit.batch.kernel import start_kernel
from toolkit.batch.preamble import rehearse
from toolkit.batch.requests import Spec
from toolkit.batch.template import Template
template = Template(Spec("notebook"), None, start_kernel())
reasons = [template._in_trial(lambda: rehearse(template.kernel, [cell]), "it died") for cell in json.load(sys.stdin)]
json.dump(reasons, open(sys.argv[1], "w"))
"""


@pytest.fixture(scope="module")
def reasons(tmp_path_factory):
    """Why each of the cells is refused: rehearsed as a template does, in one process for all."""
    folder = tmp_path_factory.mktemp("rehearsals")
    cells = json.dumps([cell for cell, _ in REFUSED.values()])
    command = [sys.executable, "-c", REHEARSE, "reasons.json"]
    single = os.environ | dict.fromkeys(SINGLE, "1")  # as `link` starts a template
    subprocess.run(command, input=cells, text=True, cwd=folder, check=True, timeout=60, capture_output=True, env=single)
    return dict(zip(REFUSED, json.loads((folder / "reasons.json").read_text()), strict=True))


@pytest.mark.parametrize("name", REFUSED)
def test_a_preamble_that_would_make_a_difference_is_refused(reasons, name):
    _, reason = REFUSED[name]
    assert reasons[name].startswith(reason)
    assert bool(reasons[name]) == bool(reason)


def test_cells_that_were_refused_are_run_in_every_unit(make, batch, tmp_path):
    before = ("import random\nn = random.random()\nprint('drawn')", "open('near.txt', 'w').write('x')")
    notebook = make("n", before=before)
    with template(notebook) as link:
        assert link.reason == "draws random numbers, which would be the same in every unit"
    outcomes = batch(notebook, range(3))
    assert [outcome.outcome for outcome in outcomes] == ["done"] * 3
    assert len({last(tmp_path, f"u{unit}") for unit in range(3)}) == 3
    for unit in range(3):
        cells = [cell for cell in executed(tmp_path, f"u{unit}").cells if cell.cell_type == "code"]
        assert [cell.execution_count for cell in cells] == [1, 2, 3, 4, 5]
        assert cells[0].outputs[0].text == "drawn\n"
        assert (tmp_path / "out" / f"u{unit}" / "near.txt").read_text() == "x"


def test_a_template_that_rests_on_a_changed_file_is_replaced(make, batch, tmp_path, monkeypatch):
    module, data = tmp_path / "resting.py", tmp_path / "data.txt"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]))
    module.write_text("value = 'old'\n")
    data.write_text("old data")
    notebook = make("resting.value, data", before=(f"import resting\ndata = open({str(data)!r}).read()",))
    pids = []
    for out, code, text in (
        ("a", "old", "old data"),
        ("b", "old", "old data"),
        ("c", "fresh", "old data"),
        ("d", "fresh", "new data"),
    ):
        module.write_text(f"value = {code!r}\n") if code not in module.read_text() else None
        data.write_text(text) if data.read_text() != text else None
        with template(notebook) as link:
            assert link.reason == ""
            pids.append(link.pid)
            batch(notebook, range(1), out=out)
        assert last(tmp_path, "u0", out) == repr((code, text))
    assert pids[0] == pids[1]
    assert len(set(pids)) == 3


def test_what_a_module_says_when_it_is_imported_is_said_in_every_unit(make, batch, tmp_path, monkeypatch):
    """A template imports what the first units have imported, but nothing that can be noticed."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "loud.py").write_text("print('imported')\n")
    (tmp_path / "site" / "louder.py").write_text("import loud\n")
    (tmp_path / "site" / "drawing.py").write_text("import random\nnumber = random.random()\n")
    (tmp_path / "site" / "quiet.py").write_text("value = 1\n")
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(tmp_path / "site"), *filter(None, [os.environ.get("PYTHONPATH")])])
    )
    look = "import sys; [name for name in ('loud', 'louder', 'drawing', 'quiet') if name in sys.modules]"
    batch(make(look, "import louder, quiet, loud, drawing", "drawing.number"), range(4), workers=1)
    found = [texts(executed(tmp_path, f"u{unit}"))[-3:] for unit in range(4)]
    assert [one[1] for one in found] == ["imported\n"] * 4
    assert len({one[2] for one in found}) == 4
    assert found[0][0] == "[]"
    assert found[3][0] == "['quiet']"


def test_what_is_running_here_does_not_matter(make, batch):
    """The template is a process of its own: threads and modules of the one who asks stay with him."""
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        outcomes = batch(make("import sys; assert 'pytest' not in sys.modules"), range(2))
    finally:
        stop.set()
        thread.join()
    assert [outcome.outcome for outcome in outcomes] == ["done"] * 2
    assert "pytest" in sys.modules
    assert time.monotonic() > 0


def test_a_template_has_its_shell_before_it_imports_what_papermill_brings():
    """An engine of somebody else that imports pyplot would find no shell, and figures would be lost in every unit."""
    told = "import sys, toolkit.batch.template\nprint({'papermill', 'matplotlib'} & {*sys.modules})"
    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"

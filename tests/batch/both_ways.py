"""Notebooks of odd cells, run by a stock kernel and by a forked one, and what of a run can be compared."""

import json
import os
import re
import shutil
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

ODD = Path(__file__).with_name("odd_cells")
ENGINES = ("stock", "forks")
KERNELSPEC = {"name": "python3", "language": "python", "display_name": "Python 3"}

MASKS = (  # what differs between any two runs
    (r"0x[0-9a-f]{6,}", "ADDRESS"),
    (r"ipykernel_\d+", "ipykernel_PID"),
    (r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", "ID"),
    (r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", "ID"),
    (r"[\d.]+(?:e[+-]?\d+)? (?:ns|μs|µs|us|ms|s)\b", "TIME"),
    (r"'-f', '[^']*\.json'", "'-f', FILE"),
    (r"Thread-\d+", "Thread-N"),  # a stock kernel has some of its own
    (r"<dc:date>.*?</dc:date>", "DATE"),
    (r"(?:TIME ± TIME|(?:user|sys|total): TIME.*)", "TIME"),
)


def odd_cells(room):
    """Names, sources and tags of the cells of a file: each begins with a line `#%% name | tags`."""
    _, *parts = re.split(r"^#%% (.*)\n", (ODD / f"{room}.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)
    for head, source in zip(parts[::2], parts[1::2], strict=True):
        name, _, tags = head.partition(" | ")
        yield name, source.removesuffix("\n"), tags.split()


def notebook_of(room):
    """A notebook that goes on whatever its cells do."""
    cells = [
        new_code_cell(source, metadata={"tags": ["raises-exception", *tags]}) for _, source, tags in odd_cells(room)
    ]
    return new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC})


def run(notebook, folder, engine, **settings):
    """Run a notebook in a folder; gives what papermill has saved, and what it has raised.

    A message of a stock kernel may be lost on a machine that is busy, and nbclient waits for it: then it is run again.
    """
    if engine == "forks" or "execution_timeout" in settings:
        return run_once(notebook, folder, engine, **settings)
    for _ in range(3):
        saved, raised = run_once(deepcopy(notebook), folder, engine, execution_timeout=45, **settings)
        if not isinstance(raised, TimeoutError):
            break
        shutil.rmtree(folder)
    return saved, raised


def run_once(notebook, folder, engine, **settings):
    """Run a notebook in a folder."""
    import papermill  # noqa: PLC0415  (in a process of its own, too)
    from papermill.engines import papermill_engines  # noqa: PLC0415

    from toolkit.batch.engine import ForkEngine  # noqa: PLC0415

    os.environ.pop("PYTEST_CURRENT_TEST", None)  # a stock kernel would leave file descriptors alone
    papermill_engines.register("toolkit-fork", ForkEngine)
    folder.mkdir(parents=True)
    given, saved = folder.parent / f"{folder.name}.ipynb", folder.parent / f"{folder.name}-{engine}.ipynb"
    nbformat.write(notebook, given)
    raised = None
    try:
        papermill.execute_notebook(
            given,
            saved,
            cwd=folder,
            engine_name={"stock": "nbclient", "forks": "toolkit-fork"}[engine],
            progress_bar=False,
            **{"request_save_on_cell_execute": False, "autosave_cell_every": 0} | settings,
        )
    except Exception as fault:  # noqa: BLE001
        raised = fault
    return nbformat.read(saved, as_version=4), raised


def plain(value, folder, more=()):
    """A part of a notebook without what differs between any two runs."""
    if isinstance(value, dict):
        return {plain(key, folder, more): plain(part, folder, more) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part, folder, more) for part in value]
    if not isinstance(value, str):
        return value
    if len(value) > 100_000:  # numbers of a loop
        return value
    text = value.replace(str(folder), "FOLDER")
    for pattern, mask in (*MASKS, *more):
        text = re.sub(pattern, mask, text)
    return text


def pieced(outputs):
    """Outputs; what a stock kernel has split since a fifth of a second had passed is put together again."""
    found = []
    for output in map(dict, outputs):
        if found and output["output_type"] == "stream" and output["name"] == found[-1].get("name"):
            found[-1]["text"] += output["text"]
        else:
            found.append(output)
    return found


def joined(outputs):
    """Each stream in one piece, before everything else."""
    texts = {}
    for output in outputs:
        if output["output_type"] == "stream":
            texts[output["name"]] = texts.get(output["name"], "") + output["text"]
    return [sorted(texts.items()), *(output for output in outputs if output["output_type"] != "stream")]


def noted(notebook, folder):
    """What a notebook has noted of itself; widgets are known by what they are, not by their numbers."""
    found = {name: part for name, part in json.loads(json.dumps(notebook.metadata)).items() if name != "papermill"}
    for kind in found.get("widgets", {}).values():
        kind["state"] = sorted(kind["state"].values(), key=lambda state: json.dumps(plain(state, folder, NUMBERS)))
    return plain(found, folder, NUMBERS)


NUMBERS = ((r"[?\d][\d.:]*|[█▏▎▍▌▋▊▉#]+ *", "N"),)


def seen(cell, folder):
    """What a cell has left: outputs, count, metadata."""
    tags = cell.metadata.get("tags", [])
    outputs = pieced(cell.get("outputs", ()))
    if "by-time" in tags:  # a stock kernel splits and mixes these as its threads run
        outputs = joined(outputs)
    if "by-depth" in tags:  # how deep a cell may go depends on what has called it
        outputs = [{**output, "traceback": output["traceback"][-1:]} for output in outputs]
    metadata = json.loads(json.dumps(cell.metadata))
    metadata["execution"] = sorted(metadata.get("execution", {}))
    for name in ("start_time", "end_time", "duration"):
        metadata.get("papermill", {}).pop(name, None)
    found = {"outputs": outputs, "count": cell.get("execution_count"), "metadata": metadata}
    return plain(found, folder, NUMBERS if "masked-numbers" in tags else ())

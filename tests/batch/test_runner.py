"""A batch as a whole: what is kept, what is run again, in which order, by whom, and that the bytes are the same."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import nbformat
import pandas as pd
import pytest
from small_notebooks import executed, forks, gone_within, templates, texts

from toolkit.batch import manifest
from toolkit.batch.runner import AHEAD, run_units
from toolkit.batch.tables import units_of
from toolkit.batch.units import Bounds, Outcome, Unit, fingerprint, summary

CELLS = ("print(x)", "import pandas as pd\npd.DataFrame({'x': [x]})", "{'a', 'b', 'c', str(x)}")


def outcomes(found):
    return [outcome.outcome for outcome in found]


# What is kept ------------------------------------------------------------------------------------------------------


@forks
def test_what_was_done_from_the_same_inputs_is_kept(make, batch):
    notebook = make(*CELLS)
    first = batch(notebook, range(2))
    assert outcomes(first) == ["done", "done"]
    again = batch(notebook, range(3))
    assert outcomes(again) == ["kept", "kept", "done"]
    assert [outcome.files for outcome in again[:2]] == [outcome.files for outcome in first]
    assert outcomes(batch(notebook, range(3), keep=False)) == ["done"] * 3


@forks
def test_a_unit_that_failed_is_run_again(make, batch):
    notebook = make("assert x != 1")
    assert outcomes(batch(notebook)) == ["done", "failed", "done"]
    assert outcomes(batch(notebook)) == ["kept", "failed", "kept"]


@forks
@pytest.mark.parametrize("change", ["page", "notebook", "gone"])
def test_files_that_are_not_as_they_were_are_made_again(make, batch, tmp_path, change):
    notebook = make(*CELLS)
    batch(notebook, [0], exporters={"page.py": "python"})
    page = tmp_path / "out" / "u0" / "page.py"
    if change == "page":
        page.write_text("something else")
    elif change == "notebook":
        (tmp_path / "out" / "u0" / "notebook.ipynb").write_text("{}")
    else:
        page.unlink()
    assert outcomes(batch(notebook, [0], exporters={"page.py": "python"})) == ["done"]
    assert page.read_text() != "something else"


@pytest.fixture
def unit(make, tmp_path):
    notebook = make("1")
    return Unit("u", str(notebook), str(tmp_path / "u"), {"x": 1}, {"data.csv": "1"}, {"title": "t"}, {"p": "python"})


@pytest.mark.parametrize(
    "change",
    [
        {"parameters": {"x": 2}},
        {"parameters": {"x": "1"}},
        {"files": {"data.csv": "2"}},
        {"files": {"other.csv": "1"}},
        {"metadata": {"title": "u"}},
        {"exporters": {"p": "html"}},
        {"exporters": {}},
    ],
)
def test_the_key_of_a_unit_changes_with_everything_it_rests_on(unit, change):
    assert replace(unit, **change).key("f") != unit.key("f") == unit.key("f")


def test_the_key_changes_with_the_notebook_and_the_code_but_not_with_the_folder(unit, tmp_path, make):
    before = unit.key("f")
    assert unit.key("g") != before
    assert replace(unit, folder=str(tmp_path / "elsewhere")).key("f") == before
    make("2")
    assert unit.key("f") != before


def test_the_fingerprint_tells_versions_and_code_apart(monkeypatch):
    assert fingerprint(["pandas"]) != fingerprint(["pandas", "toolkit"]) != fingerprint(["toolkit"])
    before = fingerprint(["toolkit"])
    assert fingerprint(["toolkit"]) == before
    monkeypatch.setattr("toolkit.batch.units.python_version", lambda: "3.99")
    assert fingerprint(["toolkit"]) != before


def test_a_manifest_with_a_torn_last_line_is_read(tmp_path):
    path = tmp_path / manifest.FILE
    manifest.append(path, {"study": "s"})
    manifest.append(path, Outcome("a", "failed", 1.0))
    manifest.append(path, Outcome("a", "done", 1.0, {"f": "0"}, key="k"))
    with path.open("a") as file:
        file.write('{"name": "b", "outc')
    found = manifest.read(path)
    assert found == {"a": Outcome("a", "done", 1.0, {"f": "0"}, key="k")}


# The same bytes ----------------------------------------------------------------------------------------------------


@forks
def test_bytes_do_not_depend_on_workers_nor_on_the_way(make, batch, monkeypatch):
    notebook = make(*CELLS, before=("import random", "greeting = 'hello'"))
    options = {"exporters": {"page.py": "python", "page.md": "markdown"}, "metadata": {"title": "标题"}}
    one = batch(notebook, range(4), workers=1, out="one", **options)
    two = batch(notebook, range(4), workers=2, out="two", **options)
    part = batch(notebook, range(2), out="part", **options) and batch(notebook, range(4), out="part", **options)
    assert outcomes(part) == ["kept", "kept", "done", "done"]
    monkeypatch.setenv("TOOLKIT_FORK", "0")
    stock = batch(notebook, range(4), out="stock", **options)
    expected = [outcome.files for outcome in one]
    assert len({tuple(files.items()) for files in expected}) == 4
    for others in (two, part, stock):
        assert [outcome.files for outcome in others] == expected


@forks
def test_a_failure_gives_the_same_bytes_and_a_valid_notebook(make, batch, tmp_path):
    notebook = make("print(x)", "assert not x")
    one, two = (batch(notebook, [1], out=out)[0] for out in ("one", "two"))
    assert one.files == two.files
    assert set(one.files) == {"notebook.ipynb"}
    nbformat.validate(executed(tmp_path, "u1", "one"))


# Without forks, as on Windows --------------------------------------------------------------------------------------


@pytest.fixture
def stock(monkeypatch):
    monkeypatch.setenv("TOOLKIT_FORK", "0")


@pytest.mark.usefixtures("stock")
def test_a_stock_kernel_fails_runs_out_of_time_and_of_memory_as_a_forked_one(make, batch, tmp_path):
    cell = (
        "import time\n"
        "if x == 1: raise RuntimeError('no votes')\n"
        "if x == 2: time.sleep(100)\n"
        "if x == 3: block = bytearray(4 << 30)\n"
        "if x == 4:\n    import os\n    os._exit(3)"
    )
    found = batch(make("print('before')", cell), range(5), seconds=20, memory=2000)
    assert outcomes(found) == ["done", "failed", "failed", "failed", "failed"]
    for outcome, told in zip(found[1:], ("no votes", "KeyboardInterrupt", "MemoryError", "Kernel died"), strict=True):
        assert told in outcome.error
    assert found[2].error.startswith("took longer than 20 s")
    assert "before\n" in texts(executed(tmp_path, "u2"))
    assert not list((tmp_path / "out").glob(".*.partial"))


# Order, executors, tables ------------------------------------------------------------------------------------------


@forks
def test_units_are_prepared_while_others_run(make, tmp_path):
    """The first outcome is there before the last unit is asked for, and no more are asked for than can wait."""
    notebook, asked = make("1"), []

    def units():
        for x in range(30):
            asked.append(x)
            yield Unit(f"u{x}", str(notebook), str(tmp_path / "out" / f"u{x}"), {"x": x})

    running = run_units(units(), tmp_path / "out" / manifest.FILE, workers=2)
    assert next(running).outcome == "done"
    assert len(asked) <= 2 * (1 + AHEAD)
    running.close()
    assert len(manifest.read(tmp_path / "out" / manifest.FILE)) >= 1


@forks
def test_any_executor_will_do(make, batch):
    with ThreadPoolExecutor(3) as executor:
        assert outcomes(batch(make("print(x)"), range(5), executor=executor)) == ["done"] * 5


@forks
def test_a_table_names_units_and_their_parameters(make, tmp_path):
    notebook = make("print(x, label)", parameters="x = 0\nlabel = ''")
    table = pd.DataFrame({"label": ["甲", "b c"], "x": [1, 2]})
    found = list(run_units(units_of(table, notebook, tmp_path / "out", name="label"), tmp_path / "out" / manifest.FILE))
    assert sorted(outcome.name for outcome in found) == ["b c", "甲"]
    assert "1 甲\n" in texts(executed(tmp_path, "甲"))


def test_a_table_whose_names_are_not_unique_or_no_folders_is_refused(tmp_path):
    for labels, message in (
        (["a", "a"], "label: 'a' stands twice"),
        (["../b"], r"label: '\.\./b', must be able to name"),
    ):
        table = pd.DataFrame({"label": labels, "x": range(len(labels))})
        with pytest.raises(ValueError, match=message):
            units_of(table, tmp_path / "n.ipynb", tmp_path, name="label")
    with pytest.raises(ValueError, match="name: 'unit', must be one of label, x"):
        units_of(table, tmp_path / "n.ipynb", tmp_path, name="unit")


def test_a_summary_counts_outcomes():
    found = [Outcome("a", "done", 2.0, cpu=1.0, memory=5), Outcome("b", "done", 1.0, cpu=2.0, memory=7)]
    table = summary([*found, Outcome("c", "failed", 9.0)])
    assert table.to_dict("records") == [
        {"outcome": "done", "units": 2, "seconds": 2.0, "cpu": 3.0, "memory": 7},
        {"outcome": "failed", "units": 1, "seconds": 9.0, "cpu": 0.0, "memory": 0},
    ]


@forks
def test_a_template_leaves_when_nobody_asks(make, batch, monkeypatch):
    mark = uuid4().hex
    monkeypatch.setenv("TEST_MARK", mark)
    batch(make("1"), range(1))
    before = templates(mark)
    assert len(before) == 1
    batch(make("2"), range(1), out="again")
    assert templates(mark) == before  # found again
    assert gone_within(10, mark) is True


def test_bounds_are_none_by_default():
    assert Bounds() == Bounds(None, None, 1)


def test_a_notebook_keeps_its_metadata_and_gets_what_the_unit_says(make, batch, tmp_path):
    batch(make("1"), [0], metadata={"title": "t", "toolkit": {"language": "zh"}})
    found = nbformat.read(tmp_path / "out" / "u0" / "notebook.ipynb", as_version=4)
    assert found.metadata["title"] == "t"
    assert found.metadata["toolkit"] == {"language": "zh"}
    assert found.metadata["kernelspec"]["name"] == "python3"
    assert not any("papermill" in part.metadata for part in (found, *found.cells))

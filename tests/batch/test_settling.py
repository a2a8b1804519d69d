"""What an executed notebook no longer says: whom it was written with, and when and where it was run."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from toolkit.batch.perform import settled, without
from toolkit.batch.units import Unit

NAMES = {"study", "unit"}


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ('study = "../demo"\nunit = "B03"\nlevel = 0.95', "level = 0.95"),
        ('unit: str = "B03"  # for one\nlevel: float = 0.95', "level: float = 0.95"),
        ('# whom\nunit = (\n    "B03"\n)\n', "# whom"),
        ("study = unit = ''", ""),
        ("unit = 'a'; level = 1", "unit = 'a'; level = 1"),
        ("unit = level = 1", "unit = level = 1"),
        ("for unit in (1, 2):\n    pass", "for unit in (1, 2):\n    pass"),
        ("units = ['B03']\nunit.x = 1\nunit += 1", "units = ['B03']\nunit.x = 1\nunit += 1"),
        ("%time\nunit = 1", "%time\nunit = 1"),
        ("", ""),
    ],
)
def test_defaults_go_and_all_else_stays(source, left):
    assert without(source, NAMES) == left


def test_only_the_cell_of_the_defaults_is_changed():
    cells = [
        new_code_cell("unit = 'B03'\nlevel = 1", metadata={"tags": ["parameters"], "papermill": {"duration": 1}}),
        new_code_cell("unit = 'B12'", metadata={"tags": ["injected-parameters"]}),
        new_code_cell("unit = unit.lower()"),
    ]
    notebook = new_notebook(cells=cells, metadata={"papermill": {"input_path": "/home/me/x.ipynb"}})
    unit = Unit("B12", "x.ipynb", "B12", parameters={"unit": "B12"}, metadata={"title": "B12"})
    done = settled(notebook, unit)
    assert [cell.source for cell in done.cells] == ["level = 1", "unit = 'B12'", "unit = unit.lower()"]
    assert done.metadata == {"title": "B12"}
    assert done.cells[1].id == "injected-parameters-1"
    assert "papermill" not in nbformat.writes(done)

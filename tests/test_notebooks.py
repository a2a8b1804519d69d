"""The notebooks are thin: whatever thinks is in the package, where it is tested.

That they run alone, on the parameters they hold, and show what they showed is left to nbval.
"""

import ast
from pathlib import Path

import nbformat
import pytest

from toolkit.reporting.edition import OVERVIEW, Edition
from toolkit.reporting.trial_run import PARAMETERS

FOLDER = Path(__file__).parents[1] / "notebooks"
NAMES = sorted(path.name for path in FOLDER.glob("*.ipynb"))
TAGS = {"parameters", "remove_cell", "nbval-check-output", "nbval-skip"}
LINES = 15


@pytest.fixture(params=NAMES)
def notebook(request):
    return nbformat.read(FOLDER / request.param, as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tags(cell):
    return set(cell.metadata.get("tags", ()))


def parameters(notebook):
    """The position of the cell of parameters among the cells with code, and that cell."""
    ((place, cell),) = [(place, cell) for place, cell in enumerate(code(notebook)) if "parameters" in tags(cell)]
    return place, cell


def names(source, context):
    """The names that a piece of code reads (ast.Load) or sets (ast.Store)."""
    return {
        node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name) and isinstance(node.ctx, context)
    }


def test_the_notebooks_of_a_run_are_there():
    assert {Edition().file("B01"), Edition().file(OVERVIEW)} <= set(NAMES)


def test_a_notebook_is_valid(notebook):
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


def test_one_cell_sets_plain_parameters(notebook):
    _, cell = parameters(notebook)
    statements = ast.parse(cell.source).body
    assert len(statements) <= 3
    assert all(isinstance(one, ast.Assign) and isinstance(one.value, ast.Constant) for one in statements)
    found = names(cell.source, ast.Store)
    runs = [set(Edition(per=per).parameters) for per in ("unit", "member")]
    assert found in [
        *runs,
        set(PARAMETERS),
        {"study", "round"},
        {"study", "round", "as_of"},
    ]  # the last two are opened, not run


def test_every_parameter_is_used(notebook):
    place, cell = parameters(notebook)
    read = set().union(*(names(later.source, ast.Load) for later in code(notebook)[place + 1 :]))
    assert names(cell.source, ast.Store) <= read


def test_what_comes_before_the_parameters_does_not_depend_on_them(notebook):
    place, cell = parameters(notebook)
    before = [names(earlier.source, ast.Load) | names(earlier.source, ast.Store) for earlier in code(notebook)[:place]]
    assert not names(cell.source, ast.Store) & set().union(*before)


def test_cells_are_short_and_define_nothing(notebook):
    for cell in code(notebook):
        assert len(cell.source.splitlines()) <= LINES
        thinking = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.If, ast.Try)
        assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, thinking)], cell.source


def test_only_the_package_is_imported(notebook):
    nodes = [node for cell in code(notebook) for node in ast.walk(ast.parse(cell.source))]
    imported = {name.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module).split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
    assert imported == {"toolkit"}
    assert not [line for cell in code(notebook) for line in cell.source.splitlines() if line[:1] in {"%", "!"}]


def test_tags_are_known(notebook):
    assert set().union(*(tags(cell) for cell in notebook.cells)) <= TAGS


def test_prose_for_the_reader_of_the_notebook_stays_out_of_the_report(notebook):
    """A report has one language, and the notebook's own prose is English."""
    assert all("remove_cell" in tags(cell) for cell in notebook.cells if cell.cell_type == "markdown")


def test_what_is_text_is_compared_and_figures_are_not_kept(notebook):
    for cell in code(notebook):
        figures = ("tk.plots.", "tk.experiment_plots.", "tk.member.outline", "tk.member.line", "tk.change.slope")
        figures += ("tk.explore", "tk.fieldwork.course")
        shows = cell.source.startswith("tk.") and not cell.source.startswith(figures)
        assert ("nbval-check-output" in tags(cell)) == shows, cell.source
        kinds = {kind for output in cell.outputs for kind in output.get("data", ())}
        assert not kinds & {"image/svg+xml", "image/png"}, cell.source


def test_outputs_are_those_of_one_run_from_top_to_bottom(notebook):
    counts = [cell.execution_count for cell in code(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    assert not [
        output for cell in code(notebook) for output in cell.outputs if output.output_type in {"error", "stream"}
    ]


def test_what_is_shown_is_of_the_demo(notebook):
    _, cell = parameters(notebook)
    values = {one.targets[0].id: one.value.value for one in ast.parse(cell.source).body}
    folder = (FOLDER / values["study"]).resolve()
    assert folder == FOLDER.parent / "surveys" / "demo"
    units = (folder / "units.csv").read_text(encoding="utf-8").splitlines()[1:]
    members = (folder / "members.csv").read_text(encoding="utf-8").splitlines()[1:]
    known = {"unit": units, "member": members}
    assert all(values[name] in {"", *(line.split(",")[0] for line in known[name])} for name in known if name in values)

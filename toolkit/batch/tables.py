"""Units from a table: a row for each run of a notebook."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.batch.units import Unit
from toolkit.faults import UsageError, one_of
from toolkit.files import NAMES_A_FOLDER, names_a_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def read_units(path: Path, notebook: Path) -> pd.DataFrame:
    """Read a table whose columns are parameters of a notebook; a column that is none of them may name the runs.

    Parameters
    ----------
    path : path
        `.csv` (UTF-8; numbers stay numbers, everything else is text) or `.parquet`.
    notebook : path
        A notebook with a cell tagged `parameters`.

    Raises
    ------
    UsageError
        If a file is not there or of another kind, the table is empty, or no column is a parameter.
    """
    import papermill  # noqa: PLC0415  (slow to import)

    for file in (path, notebook):
        if not file.is_file():
            raise UsageError(f"{file}: no such file")
    if path.suffix not in {".csv", ".parquet"}:
        raise UsageError(f"{path.name!r}: must end in .csv or .parquet")
    table = pd.read_csv(path, keep_default_na=False) if path.suffix == ".csv" else pd.read_parquet(path)
    logging.getLogger("papermill").setLevel(logging.ERROR)  # it would warn of what is said below
    known = list(papermill.inspect_notebook(str(notebook)))
    if not known:
        raise UsageError(f"{notebook}: must set its parameters in a cell tagged `parameters`")
    if not set(known) & set(table):
        raise UsageError(f"{path}: columns {', '.join(map(str, table))}, one must be a parameter: {', '.join(known)}")
    if table.empty:
        raise UsageError(f"{path}: must have a row for each run")
    return table


def units_of(table: pd.DataFrame, notebook: Path, out: Path, *, name: str, **settings: Any) -> list[Unit]:  # noqa: ANN401
    """Give a unit for every row of a table, whose columns are handed to the notebook as parameters.

    Parameters
    ----------
    table : DataFrame
        A row for each unit.
    notebook, out : path
        The notebook, and the folder that gets one for each unit.
    name : str
        The column that names units and folders; must be unique.
    **settings
        Other attributes of `Unit`.

    Raises
    ------
    UsageError
        If there is no such column, or a name stands twice or cannot name a folder.
    """
    if name not in table:
        raise UsageError(f"name: {name!r}, {one_of(name, map(str, table))}")
    return list(_units(table, notebook, out, name, settings))


def _units(table: pd.DataFrame, notebook: Path, out: Path, name: str, settings: dict[str, Any]) -> Iterator[Unit]:
    taken: set[str] = set()
    for row in table.to_dict("records"):
        label = str(row[name])
        if label.casefold() in taken:
            raise UsageError(f"{name}: {label!r} stands twice")
        if not names_a_folder(label):
            raise UsageError(f"{name}: {label!r}, {NAMES_A_FOLDER}")
        taken.add(label.casefold())
        parameters = {str(key): value for key, value in row.items()}
        yield Unit(label, str(notebook.resolve()), str((out / label).resolve()), parameters, **settings)


def exporters_of(names: Sequence[str]) -> dict[str, str]:
    """Exporters of nbconvert by the files that they write: `report` with the ending of each.

    Raises
    ------
    UsageError
        If there is no such exporter, or two would write the same file.
    """
    from nbconvert.exporters import get_export_names, get_exporter  # noqa: PLC0415  (slow to import)

    found: dict[str, str] = {}
    for name in names:
        known = get_export_names()
        if name not in known:
            raise UsageError(f"--to: {name!r}, {one_of(name, known)}")
        file = f"{'record' if name == 'toolkit-record' else 'report'}{get_exporter(name)().file_extension}"
        if file in found:
            raise UsageError(f"--to: {name!r} and {found[file]!r} would both write {file}")
        found[file] = name
    return found

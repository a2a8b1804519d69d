"""A new study folder: a scheme whose comments explain every option, and empty tables to fill in."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font

from toolkit.ballots import answer_columns
from toolkit.contract import OPTIONAL, REQUIRED
from toolkit.rulebook import read_rulebook
from toolkit.scheme import Scheme

SCHEMA = "scheme.schema.json"
TABLES = ("units", "members", "posts", "ratings", "ballots", "turnout")
"""What a score is made of; the other tables are for sections that the starter leaves commented out."""
NUMBERS = {"share", "weight", "seconds", "eligible", "issued", "returned", "valid"}
"""Columns that Excel may take for numbers; it spoils ids and rounds if it may guess."""


def new_study(folder: str | Path, *, workbook: bool = False) -> list[Path]:
    """Write a study to begin with: `scheme.yaml` and its tables, which hold nothing but their headers.

    Parameters
    ----------
    folder : path
        Made if it is not there.
    workbook : bool
        Put the tables into the sheets of one `study.xlsx` rather than into CSV files.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    FileExistsError
        If one of the files is there already; then nothing is written.
    """
    folder = Path(folder)
    scheme = folder / "scheme.yaml"
    tables = [folder / "study.xlsx"] if workbook else [folder / f"{table}.csv" for table in TABLES]
    there = [path.name for path in (scheme, *tables) if path.exists()]
    if there:
        raise FileExistsError(f"{folder}: holds {', '.join(there)} already; a new study needs another folder")
    folder.mkdir(parents=True, exist_ok=True)
    rules = _rules(folder)
    scheme.write_text(rules, encoding="utf-8", newline="\n")
    headers = _headers(rules)
    if workbook:
        _write_workbook(tables[0], headers)
    else:
        for path, header in zip(tables, headers.values(), strict=True):
            # with its byte order mark Excel takes the file for UTF-8
            path.write_text(",".join(header) + "\n", encoding="utf-8-sig", newline="\n")
    return [scheme, *tables]


def scheme_schema() -> dict[str, Any]:
    """JSON Schema of a scheme, by which an editor completes and checks it."""
    schema = Scheme.model_json_schema(by_alias=True)
    del schema["required"]  # the file of a single round holds some sections only
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def write_schema(path: str | Path) -> Path:
    """Write the JSON Schema of a scheme to a file."""
    path = Path(path)
    text = json.dumps(scheme_schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def _rules(folder: Path) -> str:
    rules = files("toolkit").joinpath("starter.yaml").read_text(encoding="utf-8")
    if (folder.resolve().parent / SCHEMA).is_file():
        return f"# yaml-language-server: $schema=../{SCHEMA}\n{rules}"
    return rules


def _headers(rules: str) -> dict[str, list[str]]:
    schemes, _ = read_rulebook(lambda _: rules)
    headers = {table: [*REQUIRED[table], *OPTIONAL.get(table, ())] for table in TABLES}
    headers["ballots"] += answer_columns(schemes)
    return headers


def _write_workbook(path: Path, headers: dict[str, list[str]]) -> None:
    book = Workbook()
    book.remove(book.worksheets[0])
    for table, header in headers.items():
        sheet = book.create_sheet(table)
        sheet.append(header)
        sheet.freeze_panes = "A2"
        for cell, name in zip(sheet[1], header, strict=True):
            cell.font = Font(bold=True)
            column = sheet.column_dimensions[cell.column_letter]
            column.width = max(12, 2 * len(name))
            is_count = name in NUMBERS or (table == "ballots" and name not in REQUIRED[table])
            column.number_format = "General" if is_count else "@"
    book.save(path)

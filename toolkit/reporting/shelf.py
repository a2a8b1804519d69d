"""The shelf of a study: the runs of all its rounds and kinds of reports, as they lie side by side in a folder."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from toolkit.batch import manifest
from toolkit.reporting.contents import INDEX, PAGE, moment
from toolkit.reporting.edition import kind
from toolkit.reporting.site import RunRow, href

if TYPE_CHECKING:
    from pathlib import Path

EXPERIMENT = "experiment"
PAGES = ((INDEX,), (EXPERIMENT, PAGE))
"""What leads into a run."""


def shelf(folder: Path, study: str, language: str) -> tuple[RunRow, ...]:
    """List the runs in a folder, in the order of their names.

    Parameters
    ----------
    folder : path
        Holds a folder for each run. Those without a manifest, and those of another study, are passed over.
    study : str
        Name of the study.
    language : str
        "zh" or "en".
    """
    runs = []
    for place in sorted(folder.iterdir()):
        first = _first_line(place / manifest.FILE)
        page = next((file for file in PAGES if place.joinpath(*file).is_file()), None)
        if page and first.get("study") == study:
            runs.append(_run(place, page, first, language))
    return tuple(runs)


def _run(place: Path, page: tuple[str, ...], first: dict[str, Any], language: str) -> RunRow:
    outcomes = Counter(outcome.outcome for outcome in manifest.read(place / manifest.FILE).values())
    return RunRow(
        round=first["round"],
        reports=kind(first["notebook"], language),
        href=href(place.name, *page),
        finished=moment(first["finished"]),
        done=outcomes["done"] + outcomes["kept"],
        failed=outcomes["failed"],
    )


def _first_line(path: Path) -> dict[str, Any]:
    """What a manifest tells of its run, if it is there and tells of it."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8") as lines:
        line = lines.readline()
    try:
        found = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}

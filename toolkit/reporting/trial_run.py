"""The run of the page on experiments: one notebook, which reads the study itself, for those who organise it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.batch.units import Unit
from toolkit.faults import UsageError
from toolkit.files import digest
from toolkit.reporting.run import EXPORTERS, note, require_parameters, shelve
from toolkit.reporting.shelf import EXPERIMENT
from toolkit.weighting.experiment import FILE
from toolkit.words import LANGUAGES, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from toolkit.batch.units import Outcome
    from toolkit.study import Study
    from toolkit.weighting.experiment import Experiments

NOTEBOOK = "weighting_experiment"
NAME = EXPERIMENT
PARAMETERS = ("study", "round", "language")


def place(out: Path, study: Study, plan: Experiments) -> Path:
    """Where its manifest stands, beside the reports of the round."""
    return out / study.name / f"{plan.round}.{NOTEBOOK}"


def unit_of(
    folder: Path,
    study: Study,
    plan: Experiments,
    out: Path,
    *,
    notebooks: Path,
    language: str = "",
    exporters: Mapping[str, str] = EXPORTERS,
) -> Unit:
    """What the batch runs.

    Parameters
    ----------
    folder : path
        The study's.
    study, plan
        Read from it.
    out : path
        Gets a folder with the page.
    notebooks : path
        Folder that holds the notebooks.
    language : str
        "zh" or "en"; blank for that of the scheme.
    exporters : mapping
        Names of nbconvert exporters by the file that each writes.

    Raises
    ------
    UsageError
        If there is no such language, or the notebook cannot take the parameters.
    """
    if language not in {"", *LANGUAGES}:
        raise UsageError(f"language: {language!r}, must be one of {', '.join(LANGUAGES)}")
    notebook = notebooks / f"{NOTEBOOK}.ipynb"
    require_parameters(notebook, PARAMETERS)
    turn = plan.round or study.round
    spoken = language or study.schemes[turn].language
    _ = words(spoken)
    return Unit(
        NAME,
        str(notebook.resolve()),
        str((out / NAME).resolve()),
        parameters={"study": str(folder.resolve()), "round": turn, "language": spoken},
        metadata={
            "title": _("Weighting experiments"),
            "toolkit": {"language": spoken},
            # the notebook reads files of which the batch knows nothing: where one has changed, it runs again
            "inputs": {**study.digests, FILE: digest(folder / FILE)},
        },
        exporters=exporters,
    )


def finish(study: Study, plan: Experiments, out: Path, outcomes: Iterable[Outcome], *, language: str = "") -> None:
    """Write the manifest, and the index of the study, which leads to the page."""
    turn = plan.round or study.round
    spoken = language or study.schemes[turn].language
    note(study, out, outcomes, turn=turn, language=spoken, notebook=NOTEBOOK, order={NAME: 0})
    shelve(study, out.parent, turn=turn, language=spoken)

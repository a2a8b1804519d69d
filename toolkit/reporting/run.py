"""A run: every unit's notebook executed by papermill on its own slice, in parallel, and the index over them."""

from __future__ import annotations

import logging
import platform
import time
import traceback
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

from toolkit.batch import manifest
from toolkit.batch.units import Bounds, Outcome, Unit, fingerprint
from toolkit.documents.font import with_font
from toolkit.faults import UsageError, one_of
from toolkit.files import digest
from toolkit.reporting import slices
from toolkit.reporting.books import Books
from toolkit.reporting.contents import INDEX, PAGE, contents
from toolkit.reporting.cutting import outline
from toolkit.reporting.edition import FEEDBACK, OVERVIEW, UNIT_REPORT, Edition, Views
from toolkit.reporting.export import unit_scores
from toolkit.reporting.shelf import shelf
from toolkit.reporting.site import index_html, study_html
from toolkit.scheme import said
from toolkit.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from toolkit.scoring.scores import Scores
    from toolkit.study import Study

RECORD = "record.html"
EXPORTERS = {PAGE: "toolkit-html"}
FORMATS = {
    "html": (PAGE, "toolkit-html"),
    "docx": ("report.docx", "toolkit.documents.papers.WordExporter"),
    "pdf": ("report.pdf", "toolkit.documents.papers.PdfExporter"),
}
"""The file of every format, and its exporter; by the path of a class, which an older installation finds too."""
MAIN = Edition()
PACKAGES = ("toolkit", "pandas", "numpy", "scipy", "narwhals", "duckdb", "papermill", "nbclient", "nbconvert")


@dataclass(frozen=True)
class Plan:
    """The units of a run; each is cut when it is asked for, so that the first run while the last are not yet cut."""

    views: Views
    out: Path
    notebooks: Path
    names: tuple[str, ...]
    exporters: Mapping[str, str]
    template: Path | None = None

    def __len__(self) -> int:
        """How many reports there will be."""
        return len(self.names)

    def __iter__(self) -> Iterator[Unit]:
        """What the batch runs, one by one."""
        return map(self.unit, self.names)

    def unit(self, name: str) -> Unit:
        """What one unit or member is handed; one that cannot be cut does not stop the others."""
        edition = self.views.edition
        notebook = str((self.notebooks / edition.file(name)).resolve())
        folder = str((self.out / name).resolve())
        try:
            view = self.views.view(name)
            files = {slices.FILE: view.to_json()}
            if isinstance(view, slices.Slice) and edition.main:
                files["scores.csv"] = "\ufeff" + unit_scores(view)  # Excel takes a CSV for UTF-8 only with a mark
            title = edition.title(name, view)
        except Exception:  # noqa: BLE001
            return Unit(name, notebook, folder, error=traceback.format_exc())
        return Unit(
            name,
            notebook,
            folder,
            parameters={"study": slices.FILE, edition.per: "" if name == OVERVIEW else name, "round": ""},
            files=files,
            metadata={
                "title": title,
                "toolkit": {"language": self.views.spoken, "compact": edition.per == "member", **self._template_noted},
            },
            exporters=self.exporters,
            settings={"WordExporter": {"template": str(self.template.resolve())}} if self.template else {},
        )

    @property
    def _template_noted(self) -> dict[str, str]:
        """Which template it was, so that reports are made again when it is another."""
        return {"template": digest(self.template)} if self.template else {}


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, and what became of every unit."""

    folder: Path
    outcomes: tuple[Outcome, ...]

    @property
    def index(self) -> Path:
        """The page that leads to all others."""
        return self.folder / INDEX

    @property
    def failed(self) -> list[Outcome]:
        """Units that failed."""
        return [outcome for outcome in self.outcomes if outcome.outcome == "failed"]


def plan(
    study: Study,
    scores: Scores,
    out: Path,
    *,
    notebooks: Path,
    edition: Edition = MAIN,
    round: str = "",  # noqa: A002  (the contract's word)
    units: Sequence[str] = (),
    language: str | None = None,
    exporters: Mapping[str, str] = EXPORTERS,
    template: Path | None = None,
) -> Plan:
    """Plan a run.

    Parameters
    ----------
    study, scores
        Read and scored once.
    out : path
        Folder of the reports, see `Edition.folder`.
    notebooks : path
        Folder that holds the notebooks.
    edition : Edition
        Which notebook, and for whom; by default the report of every unit.
    round : str
        Blank for the newest.
    units : sequence of str
        Units to report on, or whose members; empty for all, and the overview.
    language : str, optional
        Instead of the scheme's.
    exporters : mapping
        Names of nbconvert exporters by the file that each writes.
    template : path, optional
        A Word file by which reports in Word are made, see `toolkit.documents.letterhead`.

    Raises
    ------
    UsageError
        If a unit or the round is unknown, or a notebook cannot take the parameters.
    """
    turn = round or study.round
    if turn not in study.schemes:
        raise UsageError(f"round: {turn!r}, {one_of(turn, study.schemes)}")
    wanted = edition.wanted(study, list(units))
    for file in dict.fromkeys(map(edition.file, wanted)):
        require_parameters(notebooks / file, edition.parameters)
    if language not in {None, *LANGUAGES}:
        raise UsageError(f"language: {language!r}, must be one of {', '.join(LANGUAGES)}")
    if template is not None:
        _require_template(template, exporters)
    views = Views(study, scores, edition, turn, language)
    return Plan(views, out, notebooks, tuple(wanted), exporters, template)


def _require_template(template: Path, exporters: Mapping[str, str]) -> None:
    from toolkit.documents.letterhead import require_template  # noqa: PLC0415  (only some runs have one)

    if FORMATS["docx"][0] not in exporters:
        raise UsageError("template: only reports in Word have one, --format must hold docx")
    require_template(template)


def exporters_of(formats: str) -> dict[str, str]:
    """Exporters by the files that they write, for formats that a user lists with commas between them.

    Raises
    ------
    UsageError
        If there is no such format, or none is named.

    Examples
    --------
    >>> list(exporters_of("html, pdf"))
    ['report.html', 'report.pdf']
    """
    names = [name.strip() for name in formats.split(",")]
    for name in names:
        if name not in FORMATS:
            raise UsageError(f"--format: {name!r}, {one_of(name, FORMATS)}")
    return dict(FORMATS[name] for name in names)


def parameters_of(notebook: Path) -> list[str]:
    """Names that a notebook sets in its cell tagged `parameters`; papermill would only warn of none.

    Raises
    ------
    UsageError
        If the notebook is not there.
    """
    import papermill  # noqa: PLC0415  (slow to import, and only runs need it)

    if not notebook.is_file():
        raise UsageError(f"{notebook}: no such notebook")
    logging.getLogger("papermill").setLevel(logging.ERROR)  # it would warn of what is said below
    return list(papermill.inspect_notebook(str(notebook)))


def require_parameters(notebook: Path, parameters: Sequence[str] = MAIN.parameters) -> None:
    """Check that a notebook takes what a run hands it.

    Raises
    ------
    UsageError
        If it is not there, has no cell tagged `parameters`, or one that does not set all of them.
    """
    known = parameters_of(notebook)
    lacking = [name for name in parameters if name not in known]
    if lacking:
        raise UsageError(f"{notebook}: must set {', '.join(lacking)} in a cell tagged `parameters`")


def choose(notebooks: Path, notebook: str, per: Literal["unit", "member"] | None) -> Edition:
    """The edition that a user asks for: whom a notebook is for it says itself, by its parameters.

    Parameters
    ----------
    notebooks : path
        Folder that holds the notebooks.
    notebook : str
        Its name, with or without ending; blank for the report of every unit, or the feedback of every member.
    per : {"unit", "member"}, optional
        For whom it is run.
    """
    name = notebook.removesuffix(".ipynb") or (FEEDBACK if per == "member" else UNIT_REPORT)
    if per is None:
        per = "member" if "member" in parameters_of(notebooks / f"{name}.ipynb") else "unit"
    return Edition(name, per)


def perform_all(
    planned: Plan,
    workers: int,
    *,
    executor: Executor | None = None,
    bounds: Bounds = Bounds(),  # noqa: B008  (frozen)
    keep: bool = True,
) -> Generator[Outcome]:
    """Run what is planned, several at a time, and give each outcome as it comes; see `run_units`."""
    from toolkit.batch.runner import run_units  # noqa: PLC0415  (papermill is slow to import)

    record = planned.out / manifest.FILE
    now = fingerprint(PACKAGES)
    return run_units(planned, record, executor=executor, workers=workers, bounds=bounds, fingerprint=now, keep=keep)


def finish(
    study: Study,
    scores: Scores,
    out: Path,
    outcomes: Sequence[Outcome],
    *,
    turn: str,
    language: str,
    edition: Edition = MAIN,
) -> Run:
    """Write the manifest and the index of a run, and beside its folder the index of all runs of the study.

    The manifest holds a line for the run and one for each of its jobs. A run of some units adds its lines to what is
    there: the last line of a unit is the one that holds.
    """
    order = {name: place for place, name in enumerate(edition.everybody(study))}
    run, last = note(study, out, outcomes, turn=turn, language=language, notebook=edition.notebook, order=order)
    view = outline(Books.of(study, scores), turn, language)
    now = last | {outcome.name: outcome for outcome in outcomes}
    _write(out / INDEX, with_font(index_html(contents(study, view, out, now, edition=edition, run=run))))
    shelve(study, out.parent, turn=turn, language=language)
    return Run(out, tuple(sorted(outcomes, key=lambda outcome: order[outcome.name])))


def note(
    study: Study,
    out: Path,
    outcomes: Iterable[Outcome],
    *,
    turn: str,
    language: str,
    notebook: str,
    order: Mapping[str, int],
) -> tuple[dict[str, Any], dict[str, Outcome]]:
    """Write the manifest of a run; its first line and the last outcome of everybody in `order` are returned."""
    run = {
        "study": study.name,
        "round": turn,
        "notebook": notebook,
        "language": language,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "inputs": study.digests,
        "versions": {name: version(name) for name in PACKAGES} | {"python": platform.python_version()},
        "code": fingerprint(PACKAGES),
    }
    record = out / manifest.FILE
    last = {name: outcome for name, outcome in manifest.read(record).items() if name in order}
    last |= {outcome.name: outcome for outcome in outcomes if outcome.outcome != "kept"}  # they stand there already
    out.mkdir(parents=True, exist_ok=True)
    manifest.rewrite(record, run, sorted(last.values(), key=lambda outcome: order[outcome.name]))
    return run, last


def shelve(study: Study, folder: Path, *, turn: str, language: str) -> None:
    """Write the index of all runs of a study that lie in a folder."""
    title = said(study.schemes[turn].title, language)
    _write(folder / INDEX, with_font(study_html(title, language, shelf(folder, study.name, language))))


def _write(path: Path, text: str) -> None:
    """Write a file so that nobody ever reads half of it."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8", newline="\n")
    partial.replace(path)

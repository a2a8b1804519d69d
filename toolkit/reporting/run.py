"""A run: every unit's notebook executed by papermill on its own slice, in parallel, and the index over them."""

from __future__ import annotations

import json
import logging
import os
import platform
import shutil
import signal
import time
import traceback
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from toolkit.faults import UsageError, one_of
from toolkit.reporting import slices
from toolkit.reporting.documents import read, to_html
from toolkit.reporting.edition import FEEDBACK, OVERVIEW, UNIT_REPORT, Edition, Views
from toolkit.reporting.export import unit_scores
from toolkit.reporting.font import page_font
from toolkit.reporting.site import IndexPage, IndexRow, href, index_html
from toolkit.reporting.table import points, span, whole
from toolkit.words import LANGUAGES, words

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from concurrent.futures import Future

    from toolkit.scoring.scores import Scores
    from toolkit.study import Study

PAGE = "report.html"
INDEX = "index.html"
MANIFEST = "manifest.jsonl"
MAIN = Edition()
PACKAGES = ("toolkit", "pandas", "numpy", "scipy", "narwhals", "duckdb", "papermill", "nbclient")


@dataclass(frozen=True)
class Job:
    """One notebook to run: for whom, where, on which slice, and what its page is called; `error` if it had no slice."""

    name: str
    notebook: str
    folder: str
    language: str
    per: str = "unit"
    slice: str = ""
    title: str = ""
    scores: str = ""
    error: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes
    ----------
    name : str
        The unit or member, or "overview".
    outcome : str
        "done" or "failed".
    seconds : float
        Wall time.
    files : dict
        SHA-256 of every file written, by name.
    error : str
        Traceback of a failure.
    """

    name: str
    outcome: str
    seconds: float
    files: dict[str, str] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, and what became of every job."""

    folder: Path
    outcomes: tuple[Outcome, ...]

    @property
    def index(self) -> Path:
        """The page that leads to all others."""
        return self.folder / INDEX

    @property
    def failed(self) -> list[Outcome]:
        """Jobs that failed."""
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
) -> list[Job]:
    """Cut the slices of a run.

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
    views = Views(study, scores, edition, turn, language)
    return [_job(views, out, notebooks, name) for name in wanted]


def _job(views: Views, out: Path, notebooks: Path, name: str) -> Job:
    edition = views.edition
    job = Job(
        name=name,
        notebook=str((notebooks / edition.file(name)).resolve()),
        folder=str((out / name).resolve()),
        language=views.language or views.study.schemes[views.turn].language,
        per=edition.per,
    )
    try:
        view = views.view(name)
        table = unit_scores(view) if isinstance(view, slices.Slice) and edition.main else ""
        return replace(job, slice=view.to_json(), title=edition.title(name, view), scores=table)
    except Exception:  # noqa: BLE001  (one whose slice cannot be cut must not stop the others)
        return replace(job, error=traceback.format_exc())


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


def perform(job: Job) -> Outcome:
    """Run one job in a folder of its own and move it into place when it is whole."""
    began = time.perf_counter()
    final = Path(job.folder)
    work = final.with_name(f".{final.name}.partial")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    error = ""
    try:
        try:
            _execute(job, work)
        except Exception:  # noqa: BLE001  (whatever a notebook raises belongs to its unit alone)
            error = traceback.format_exc()
            (work / PAGE).unlink(missing_ok=True)
        shutil.rmtree(final, ignore_errors=True)
        work.replace(final)
    finally:
        shutil.rmtree(work, ignore_errors=True)  # only there if someone has stopped us
    files = {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(final.iterdir())}
    seconds = round(time.perf_counter() - began, 3)
    return Outcome(job.name, "failed" if error else "done", seconds, files, error)


def _execute(job: Job, work: Path) -> None:
    import nbformat  # noqa: PLC0415  (only workers need papermill, which is slow to import)
    import papermill  # noqa: PLC0415

    if job.error:
        raise RuntimeError(job.error)
    (work / slices.FILE).write_text(job.slice, encoding="utf-8", newline="\n")
    notebook = work / Path(job.notebook).name
    name = "" if job.name == OVERVIEW else job.name
    try:
        papermill.execute_notebook(
            job.notebook,
            notebook,
            parameters={"study": slices.FILE, job.per: name, "round": ""},
            kernel_name="python3",
            cwd=work,
            progress_bar=False,
            log_output=False,
            request_save_on_cell_execute=False,
            autosave_cell_every=0,
            extra_arguments=["--Application.log_level=50"],  # kernels warn of local sockets and of their own shutdown
        )
    finally:
        executed = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
        # papermill notes when it ran and where the files lay on the organiser's machine; the manifest has the times
        for part in (executed, *executed.cells):
            part.metadata.pop("papermill", None)
        nbformat.write(executed, notebook)  # type: ignore[no-untyped-call]
    document = read(executed)
    write = partial(to_html, document, title=job.title, language=job.language, compact=job.per == "member")
    page = write(font=page_font(write()))
    (work / PAGE).write_text(page, encoding="utf-8", newline="\n")
    if job.scores:
        (work / "scores.csv").write_text(job.scores, encoding="utf-8-sig", newline="\n")


def perform_all(jobs: Sequence[Job], processes: int) -> Generator[Outcome]:
    """Run jobs in parallel processes and give each outcome as it comes.

    A process is started afresh for each worker, so Windows and Linux behave alike. Interrupted, it gives the outcomes
    of the jobs that have begun, drops the others and raises again.
    """
    # numerical libraries of two workers on two cores would only wait for each other's threads
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    # Ctrl-C reaches every process of a terminal; a worker finishes the report that it has begun
    deaf = (signal.SIGINT, signal.SIG_IGN)
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=signal.signal, initargs=deaf)
    futures = {pool.submit(perform, job): job for job in jobs}
    told = set()
    try:
        for future in as_completed(futures):
            told.add(future)
            yield _outcome(future, futures[future])
    except KeyboardInterrupt:
        pool.shutdown(wait=True, cancel_futures=True)
        for future in futures.keys() - told:
            if not future.cancelled():
                yield _outcome(future, futures[future])
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _outcome(future: Future[Outcome], job: Job) -> Outcome:
    try:
        return future.result()
    except Exception:  # noqa: BLE001  (a worker died, or a file of the old report is open in Excel)
        return Outcome(job.name, "failed", 0.0, error=traceback.format_exc())


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
    """Write the manifest and the index of a run.

    The manifest holds a line for the run and one for each of its jobs. A run of some units adds its lines to what is
    there: the last line of a unit is the one that holds.
    """
    run = {
        "study": study.name,
        "round": turn,
        "notebook": edition.notebook,
        "language": language,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "inputs": study.digests,
        "versions": {name: version(name) for name in PACKAGES} | {"python": platform.python_version()},
    }
    order = edition.everybody(study)
    outcomes = sorted(outcomes, key=lambda outcome: order.index(outcome.name))
    lines = [json.dumps(part, ensure_ascii=False) for part in (run, *map(asdict, outcomes))]
    out.mkdir(parents=True, exist_ok=True)
    everybody = set(order) <= {outcome.name for outcome in outcomes}
    manifest = out / MANIFEST
    before = manifest.read_text(encoding="utf-8") if manifest.is_file() and not everybody else ""
    _write(manifest, before + "\n".join(lines) + "\n")
    view = slices.cut(study, scores, "", turn, language)
    page = _index(study, view, out, _last(manifest), edition)
    font = page_font(index_html(page))
    _write(out / INDEX, index_html(page, font=font))
    return Run(out, tuple(outcomes))


def _last(manifest: Path) -> dict[str, Outcome]:
    """What became last of every job in a manifest."""
    lines = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    return {line["name"]: Outcome(**line) for line in lines if "outcome" in line}


def _write(path: Path, text: str) -> None:
    """Write a file so that nobody ever reads half of it."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8", newline="\n")
    partial.replace(path)


def _index(study: Study, view: slices.Slice, out: Path, outcomes: Mapping[str, Outcome], edition: Edition) -> IndexPage:
    _ = words(view.language)
    rows: list[IndexRow] = []
    people = study.members.groupby("unit_id")[["member_id", "name"]] if edition.per == "member" else None
    for unit in view.children.to_dict("records"):
        name = unit["unit_id"]
        rows.append(_unit_row(unit, out, outcomes if edition.per == "unit" else {}, told=edition.per == "unit"))
        if people is not None and name in people.groups:
            members = people.get_group(name).itertuples(index=False, name=None)
            rows += [_member_row(member, who, int(unit["depth"]) + 1, out, outcomes) for member, who in members]
    overview = outcomes.get(OVERVIEW)
    if overview and overview.error:
        rows.append(IndexRow("", _("Overview of the study"), 0, "", "", "", "", overview.outcome, "", overview.error))
    facts = [
        (_("Units"), str(len(view.children))),
        (_("Members"), str(view.facts["members"])),
        (_("Scored members"), str(view.facts["scored"])),
        (_("Rounds"), str(len(study.schemes))),
    ]
    return IndexPage(
        title=view.title,
        period=f"{view.round} {view.period}".strip(),
        language=view.language,
        rows=tuple(rows),
        overview_href=href(OVERVIEW, PAGE) if (out / OVERVIEW / PAGE).is_file() else "",
        facts=tuple(facts),
        failures=sum(row.status == "failed" for row in rows),
    )


def _unit_row(unit: Mapping[Any, Any], out: Path, outcomes: Mapping[str, Outcome], *, told: bool) -> IndexRow:
    """A unit in the index; where the reports are its members' it has none of its own to tell of."""
    name = unit["unit_id"]
    outcome = outcomes.get(name, Outcome(name, "not run" if told else "", 0.0))
    return IndexRow(
        unit_id=name,
        name=unit["name"],
        depth=int(unit["depth"]),
        members=whole(unit["members"]),
        scored=whole(unit["scored"]),
        score=points(unit["score"]),
        interval=span(unit["low"], unit["high"]),
        status=outcome.outcome,
        href=href(name, PAGE) if (out / name / PAGE).is_file() else "",
        error=outcome.error,
        coverage=f"{whole(unit['coverage'])}%" if unit["scored"] else "",
    )


def _member_row(member: str, name: str, depth: int, out: Path, outcomes: Mapping[str, Outcome]) -> IndexRow:
    """A member in the index: his name and his sheet, and no score; that is for his own eyes."""
    outcome = outcomes.get(member, Outcome(member, "not run", 0.0))
    link = href(member, PAGE) if (out / member / PAGE).is_file() else ""
    return IndexRow(member, name, depth, "", "", "", "", outcome.outcome, link, outcome.error)

"""Appraise people and organisations from many sources: `python -m toolkit COMMAND --help` tells of each."""

from __future__ import annotations

import datetime as dt
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer
from typer.core import TyperGroup

from toolkit.faults import StudyError, UsageError
from toolkit.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Executor

    import pandas as pd

    from toolkit.batch.units import Outcome
    from toolkit.study import Study

T = TypeVar("T")
CLOSED = 128 + 13
"""How a command ends whose reader has gone: as if by the signal SIGPIPE."""


class _Commands(TyperGroup):
    """Commands that end quietly when whoever reads what they print has gone, as `head` does."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  (a context of the click that Typer brings along)
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would flush what is left
            raise SystemExit(CLOSED) from None


app = typer.Typer(
    cls=_Commands, help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
Folder = Annotated[Path, typer.Argument(help="study folder", show_default=False)]
Subject = Annotated[str, typer.Argument(help="id of a member, post or unit", show_default=False)]


@app.command()
def check(study: Folder) -> None:
    """Say everything that is wrong with a study, and exit 1 if anything is; else what is odd about it, as warnings."""
    from toolkit.lint import lint
    from toolkit.study import read_study
    from toolkit.survey.workbook import clear_faults

    with _plainly():
        try:
            found = read_study(study)
        except StudyError as error:
            _paint(study, error)
            raise
    with _plainly():
        if gone := clear_faults(study):
            typer.echo(f"{gone}: taken away, since there are no faults", err=True)
    rounds = ", ".join(found.schemes)
    print(f"{study}: no faults. {len(found.units)} units, {len(found.members)} members, rounds {rounds}.")
    with _plainly():
        for doubt in lint(found):
            print(f"warning: {doubt}")


@app.command()
def new(
    folder: Folder,
    workbook: Annotated[bool, typer.Option(help="one Excel workbook instead of CSV tables")] = False,
) -> None:
    """Start a study: a scheme with comments and empty tables."""
    from toolkit.starter import new_study

    with _plainly():
        for path in new_study(folder, workbook=workbook):
            print(path)


@app.command()
def score(study: Folder, out: Annotated[Path, typer.Option(help=".csv, .parquet or .xlsx")]) -> None:
    """Write every score of every round; the file is unsuppressed, for those who organise the appraisal."""
    from toolkit.reporting.export import write_scores
    from toolkit.scoring.scores import score as score_study

    found = _read(study)
    with _plainly():
        for path in write_scores(score_study(found), out):
            print(path)
    typer.echo(
        "These files hold every score, also of sources with few raters: they are not for handing round.", err=True
    )


@app.command()
def ballots(
    study: Folder,
    out: Annotated[Path | None, typer.Option(help="write a .csv or .xlsx instead of printing")] = None,
) -> None:
    """List the ballots that do not count, and scores with and without them; for the organisers only."""
    from toolkit.reporting.void_ballots import beside, lines, write_void
    from toolkit.scoring.scores import score as score_study
    from toolkit.study import read_study

    found = _read(study)
    with _plainly():
        both = beside(score_study(read_study(study, void=False)), score_study(found))
        typer.echo(f"{len(found.void)} rules broken, {len(both)} scores touched; not for handing round", err=True)
        for line in write_void(found.void, both, out) if out else lines(found, both):
            print(line)


@app.command()
def rake(
    study: Folder,
    source: Annotated[str, typer.Option(help="the source whose raters are weighed")],
    round: Annotated[str, typer.Option(help="round; the newest by default")] = "",  # noqa: A002
    cap: Annotated[
        float | None, typer.Option(help="largest weight, as a multiple of the mean; none by default")
    ] = None,
    dry: Annotated[bool, typer.Option("--dry", help="only say what it would do")] = False,
) -> None:
    """Weigh raters to the margins of the population (raters.csv, margins.csv), and write weights.csv."""
    from toolkit.survey.weighing import lines, weigh, write_weights

    with _plainly():
        found = weigh(study, source=source, round=round, cap=cap)
        for line in lines(found):
            print(line)
        if not dry:
            print(write_weights(study, found))
            typer.echo("weights.csv holds raters' pseudonyms: keep it with the ratings.", err=True)


@app.command()
def workbook(
    study: Folder,
    out: Annotated[Path, typer.Argument(help="an .xlsx file outside the study's folder", show_default=False)],
    round: Annotated[str, typer.Option(help="round to be filled in; the newest by default")] = "",  # noqa: A002
    source: Annotated[list[str] | None, typer.Option(help="who votes on paper; may be given several times")] = None,
    overall: Annotated[bool, typer.Option("--overall", help="one vote on each, not one on every indicator")] = False,
) -> None:
    """Write one Excel workbook of a study to be filled in: drop-downs, ballots to be counted, live checks."""
    from toolkit.survey.workbook import write_workbook

    with _plainly():
        print(write_workbook(study, out, round=round, sources=source or [], overall=overall))


@app.command()
def report(  # noqa: PLR0917  (Typer makes options of them)
    study: Folder,
    out: Annotated[Path, typer.Option(help="folder for reports")] = Path("reports"),
    unit: Annotated[list[str] | None, typer.Option(help="unit_id; may be given several times")] = None,
    notebook: Annotated[str, typer.Option(help="name of another notebook, such as change or member_feedback")] = "",
    per: Annotated[Literal["unit", "member"] | None, typer.Option(help="for whom; the notebook says it itself")] = None,
    round: Annotated[str, typer.Option(help="round; the newest by default")] = "",  # noqa: A002
    language: Annotated[str | None, typer.Option(help="zh or en, instead of the scheme's")] = None,
    format: Annotated[str, typer.Option(help="html, docx, pdf, or several with commas between them")] = "html",  # noqa: A002
    template: Annotated[Path | None, typer.Option(help="a Word file with {{ body }} where the report goes")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="how many run at once")] = 2,
    record: Annotated[bool, typer.Option("--record", help="a page with the code too, as a record of the work")] = False,
    afresh: Annotated[bool, typer.Option("--afresh", help="also what is there from the same data and code")] = False,
    seconds: Annotated[float | None, typer.Option(min=1, help="stop a report that takes longer")] = None,
    memory: Annotated[int | None, typer.Option(min=1, help="megabytes that a report may use (Linux)")] = None,
    dask: Annotated[str, typer.Option(help="address of a Dask scheduler, such as tcp://HOST:8786")] = "",
    notebooks: Annotated[Path, typer.Option(help="folder of the notebooks")] = Path(__file__).parent.parent
    / "notebooks",
) -> None:
    """Run the report of every unit, and print the path of the index; what is there from the same inputs is kept."""
    from toolkit.batch.units import Bounds
    from toolkit.reporting import run
    from toolkit.scoring.scores import score as score_study

    found = _read(study)
    with _plainly():
        if language not in {None, *LANGUAGES}:
            raise UsageError(f"--language: {language!r}, must be one of {', '.join(LANGUAGES)}")
        edition = run.choose(notebooks, notebook, per)
        scores = score_study(found)
        turn = round or found.round
        folder = edition.folder(out / found.name, turn)
        planned = run.plan(
            found,
            scores,
            folder,
            notebooks=notebooks,
            edition=edition,
            round=turn,
            units=unit or [],
            language=language,
            exporters=run.exporters_of(format) | ({run.RECORD: "toolkit-record"} if record else {}),
            template=template,
        )
        with _executor(dask, jobs) as (executor, workers):
            bounds = Bounds(seconds, memory)
            running = run.perform_all(planned, workers, executor=executor, bounds=bounds, keep=not afresh)
            outcomes = _followed(running, len(planned))
        spoken = language or found.schemes[turn].language
        done = run.finish(found, scores, folder, outcomes, turn=turn, language=spoken, edition=edition)
    print(done.index)
    _end(outcomes, len(planned))


@app.command()
def audit(
    reports: Annotated[Path, typer.Argument(help="folder of finished reports: of a study, a run, a unit")],
    study: Annotated[Path | None, typer.Option(help="study folder; surveys/NAME of reports/NAME by default")] = None,
    out: Annotated[Path | None, typer.Option(help="also write every finding as .csv; for the organisers only")] = None,
) -> None:
    """Say what readers of all these reports together can find out of what is hidden, and exit 1 if it is too much."""
    from toolkit.audit.bounds import Contradiction
    from toolkit.audit.examine import examine
    from toolkit.audit.findings import frame
    from toolkit.audit.pages import read_pages
    from toolkit.scoring.scores import score as score_study

    found = _read(study or Path("surveys") / reports.resolve().name)
    with _plainly():
        from tqdm import tqdm

        pages = tqdm(read_pages(reports, found.schemes), desc="reports", unit="report")
        try:
            seen = examine(found, score_study(found), pages)
            findings = [each for every in tqdm(seen.audit, desc="hidden means", unit="mean") for each in every]
        except Contradiction as fault:
            raise UsageError(f"{reports}: {fault}; are these reports of other data than {found.name}?") from None
        table = frame(findings)
        if out:
            table.to_csv(out, index=False, lineterminator="\n", encoding="utf-8-sig")
            print(out)
    _tell(table, seen.pages, seen.claims, seen.unread)


def _tell(table: pd.DataFrame, pages: int, claims: int, unread: Mapping[str, int]) -> None:
    """Say what an audit has found, and exit 1 where something can be found out; whoever reads it must keep it."""
    failed = table[table["verdict"].isin(["exact", "tight"])]
    if len(failed):
        print(failed.to_string(index=False))
    hidden = table[table["reader"] == ""]
    typer.echo(f"{pages} reports, {claims} printed means, {len(hidden)} hidden means of few raters:", err=True)
    for who, rows in (("whoever reads all reports", hidden), ("one of the raters", table[table["reader"] != ""])):
        counts = (
            ", ".join(f"{n} {verdict}" for verdict, n in rows["verdict"].value_counts().items()) or "nothing to find"
        )
        typer.echo(f"  {who}: {counts}", err=True)
    for caption, n in unread.items():
        typer.echo(f"  not read: {caption!r} ({n})", err=True)
    if len(failed):
        typer.echo("These reports are not to be handed round together.", err=True)
        raise typer.Exit(1)


@app.command()
def experiment(  # noqa: PLR0917
    study: Folder,
    out: Annotated[Path, typer.Option(help="folder for reports")] = Path("reports"),
    round: Annotated[str, typer.Option(help="round; that of experiments.yaml or the newest by default")] = "",  # noqa: A002
    language: Annotated[str, typer.Option(help="zh or en, instead of the scheme's")] = "",
    format: Annotated[str, typer.Option(help="html, docx, pdf, or several with commas between them")] = "html",  # noqa: A002
    afresh: Annotated[bool, typer.Option("--afresh", help="also what is there from the same data and code")] = False,
    notebooks: Annotated[Path, typer.Option(help="folder of the notebooks")] = Path(__file__).parent.parent
    / "notebooks",
) -> None:
    """Try out the weights and rules that experiments.yaml lists, and print the path of the page; organisers only."""
    from toolkit.batch import manifest
    from toolkit.batch.runner import run_units
    from toolkit.batch.units import fingerprint
    from toolkit.reporting.run import PACKAGES, exporters_of
    from toolkit.reporting.trial import read_plan
    from toolkit.reporting.trial_run import finish, place, unit_of

    found = _read(study)
    with _plainly():
        exporters = exporters_of(format)
        plan = read_plan(study, found, round)
        folder = place(out, found, plan)
        unit = unit_of(study, found, plan, folder, notebooks=notebooks, language=language, exporters=exporters)
        running = run_units(
            [unit], folder / manifest.FILE, workers=1, fingerprint=fingerprint(PACKAGES), keep=not afresh
        )
        outcomes = _followed(running, 1)
        finish(found, plan, folder, outcomes, language=language)
    _end(outcomes, 1)
    for file in exporters:
        print(Path(unit.folder) / file)
    typer.echo("This page names members: it is not for handing round.", err=True)


@app.command()
def batch(  # noqa: PLR0917
    notebook: Annotated[Path, typer.Argument(help="any notebook with a cell tagged `parameters`", show_default=False)],
    units: Annotated[Path, typer.Argument(help=".csv or .parquet: a row for each run", show_default=False)],
    name: Annotated[str, typer.Option(help="column that names the runs and their folders")],
    out: Annotated[Path, typer.Option(help="folder that gets one for each run")] = Path("reports"),
    to: Annotated[list[str] | None, typer.Option(help="exporter of nbconvert; may be given several times")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="how many run at once")] = 2,
    afresh: Annotated[bool, typer.Option("--afresh", help="also what is there from the same inputs")] = False,
    seconds: Annotated[float | None, typer.Option(min=1, help="stop a run that takes longer")] = None,
    memory: Annotated[int | None, typer.Option(min=1, help="megabytes that a run may use (Linux)")] = None,
    dask: Annotated[str, typer.Option(help="address of a Dask scheduler, such as tcp://HOST:8786")] = "",
) -> None:
    """Run any notebook once for every row of a table: columns are parameters of the same name."""
    from toolkit.batch import manifest
    from toolkit.batch.runner import run_units
    from toolkit.batch.tables import exporters_of, read_units, units_of
    from toolkit.batch.units import Bounds, fingerprint

    with _plainly():
        table = read_units(units, notebook)
        rows = units_of(table, notebook, out, name=name, exporters=exporters_of(to or ["toolkit-html"]))
        with _executor(dask, jobs) as (executor, workers):
            running = run_units(
                rows,
                out / manifest.FILE,
                executor=executor,
                workers=workers,
                bounds=Bounds(seconds, memory),
                fingerprint=fingerprint(["toolkit", "papermill", "nbclient", "nbconvert"]),
                keep=not afresh,
            )
            outcomes = _followed(running, len(table))
    print(out / manifest.FILE)
    _end(outcomes, len(table))


def _counted(items: list[T], what: str) -> Iterator[T]:
    """Items one by one, with a bar where they are many."""
    from tqdm import tqdm

    yield from tqdm(items, desc=what, unit="file", disable=len(items) < 5)  # noqa: PLR2004


def _followed(running: Iterator[Outcome], total: int) -> list[Outcome]:
    """Outcomes, with a bar that shows the rate and the time left; those that have come, when somebody stops it."""
    from tqdm import tqdm

    outcomes: list[Outcome] = []
    try:
        for outcome in tqdm(running, total=total, desc="reports", unit="report"):
            outcomes.append(outcome)  # noqa: PERF402  (what has come must be kept when we are stopped)
    except KeyboardInterrupt:
        typer.echo(f"stopped: {len(outcomes)} of {total} reports are finished and kept", err=True)
    return outcomes


def _end(outcomes: list[Outcome], total: int) -> None:
    """Say what became of all, and exit 1 unless all are done."""
    from toolkit.batch.units import summary

    failed = [outcome for outcome in outcomes if outcome.outcome == "failed"]
    for outcome in failed:
        typer.echo(f"{outcome.name}: failed: {outcome.error.strip().splitlines()[-1]}", err=True)
    typer.echo(summary(outcomes).to_string(index=False), err=True)
    if failed or len(outcomes) < total:
        raise typer.Exit(1)


@contextmanager
def _executor(dask: str, jobs: int) -> Iterator[tuple[Executor | None, int]]:
    """Where reports run, and how many at once: on this machine, or on a cluster."""
    if not dask:
        yield None, jobs
        return
    from toolkit.batch.cluster import cluster

    with cluster(dask) as found:
        yield found


@app.command()
def archive(
    reports: Annotated[Path, typer.Argument(help="folder of a run, such as reports/demo/2026H2", show_default=False)],
    passwords: Annotated[Path, typer.Option(help=".csv outside that folder: unit_id,password")],
    out: Annotated[Path | None, typer.Option(help="folder for archives; beside that of the run by default")] = None,
    unit: Annotated[list[str] | None, typer.Option(help="unit_id; may be given several times")] = None,
) -> None:
    """Pack the reports of every unit into an encrypted archive (ZIP, AES-256) with a password of its own."""
    from tqdm import tqdm

    from toolkit.reporting.parcels import pack, parcels

    folder = out or reports.with_name(f"{reports.resolve().name}.archives")
    with _plainly():
        planned = parcels(reports, passwords, folder, units=unit or [])
    failed = 0
    for parcel in tqdm(planned, desc="archives", unit="archive"):
        try:
            pack(parcel)
        except (UsageError, OSError) as fault:
            failed += 1
            typer.echo(str(fault), err=True)
    print(folder)
    typer.echo(f"{len(planned) - failed} of {len(planned)} archives are written and were read back", err=True)
    if failed:
        raise typer.Exit(1)


@app.command()
def explain(
    study: Folder,
    ratee: Annotated[str, typer.Argument(help="id of a member, post or unit", show_default=False)],
    round: Annotated[str, typer.Option(help="round; the newest by default")] = "",  # noqa: A002
    language: Annotated[str | None, typer.Option(help="zh or en, instead of the scheme's")] = None,
) -> None:
    """Say why somebody has this score: from votes to stars, every step with its numbers; for the organisers only."""
    from toolkit.reporting.explain import explanation
    from toolkit.scoring.scores import score as score_study

    found = _read(study)
    with _plainly():
        print(explanation(found, score_study(found), ratee, round or found.round, language=language))


@app.command()
def proposals(
    study: Folder,
    round: Annotated[str, typer.Option(help="round; the newest by default")] = "",  # noqa: A002
    out: Annotated[Path | None, typer.Option(help="write a .csv or .xlsx instead of printing")] = None,
    as_of: Annotated[str, typer.Option(help="day as of which states are told; the last one known by default")] = "",
) -> None:
    """Show what the rules propose, why, and what people decided; for the organisers only."""
    from toolkit.conduct.proposals import propose
    from toolkit.reporting.listing import lines, write_proposals
    from toolkit.scoring.scores import score as score_study

    found = _read(study)
    with _plainly():
        day = _day("--as-of", as_of) if as_of else None
        made = propose(found, score_study(found), round or found.round, as_of=day)
        typer.echo(f"round {made.round}, as of {made.as_of}; not for handing round", err=True)
        for line in [write_proposals(made, out)] if out else lines(made):
            print(line)


@app.command()
def decide(  # noqa: PLR0917
    study: Folder,
    member: Subject,
    matter: Annotated[str, typer.Argument(help="grade, stars, registration or remediation", show_default=False)],
    decision: Annotated[str, typer.Argument(help="a grade, a number of stars, admit, order, ...", show_default=False)],
    by: Annotated[str, typer.Option(help="who decided")],
    round: Annotated[str, typer.Option(help="round; the newest by default")] = "",  # noqa: A002
    date: Annotated[str, typer.Option(help="day of the decision; today by default")] = "",
    reason: Annotated[str, typer.Option(help="why")] = "",
    due: Annotated[str, typer.Option(help="day by which something is to be mended; by default as the rules say")] = "",
    helper: Annotated[str, typer.Option(help="member_id of who helps (1+1)")] = "",
) -> None:
    """Record what people decided, beside the proposal; earlier decisions stay."""
    from toolkit.record import record_decision

    about = {"round": round, "subject": member, "date": date or _today(), "reason": reason, "due": due}
    with _plainly():
        print(record_decision(study, matter=matter, decision=decision, by=by, helper=helper, **about))


@app.command()
def evidence(  # noqa: PLR0917
    study: Folder,
    member: Subject,
    item: Annotated[str, typer.Argument(help="a paper that the scheme asks for", show_default=False)],
    round: Annotated[str, typer.Option(help="round; the newest by default")] = "",  # noqa: A002
    date: Annotated[str, typer.Option(help="day on which it came; today by default")] = "",
    note: Annotated[str, typer.Option(help="a remark")] = "",
) -> None:
    """Record a paper that was handed in or filed."""
    from toolkit.record import record_evidence

    with _plainly():
        print(record_evidence(study, round=round, subject=member, item=item, date=date or _today(), note=note))


@app.command()
def reply(
    study: Folder,
    member: Subject,
    text: Annotated[str, typer.Argument(help="what the member says", show_default=False)],
    round: Annotated[str, typer.Option(help="round; the newest by default")] = "",  # noqa: A002
    date: Annotated[str, typer.Option(help="day of the reply; today by default")] = "",
) -> None:
    """Record what a member replied to his result."""
    from toolkit.record import record_reply

    with _plainly():
        print(record_reply(study, round=round, subject=member, text=text, date=date or _today()))


@app.command()
def questionnaire(  # noqa: PLR0917
    study: Folder,
    source: Annotated[list[str] | None, typer.Option(help="who answers; every source by default")] = None,
    unit: Annotated[
        list[str] | None, typer.Option(help="whose ratees, those below it among them; by default every unit by itself")
    ] = None,
    out: Annotated[Path, typer.Option(help="folder for what is made of the questionnaires")] = Path("reports"),
    to: Annotated[
        list[str] | None, typer.Option(help="xlsform, wjx, limesurvey, ballot, codebook; all by default")
    ] = None,
    round: Annotated[str, typer.Option(help="round; the newest by default")] = "",  # noqa: A002
    language: Annotated[Literal["zh", "en"] | None, typer.Option(help="instead of the scheme's")] = None,
    overall: Annotated[
        bool, typer.Option("--overall", help="ask once about each ratee, not on every indicator")
    ] = False,
    units: Annotated[bool, typer.Option("--units", help="ask about the units themselves, not about members")] = False,
) -> None:
    """Write a questionnaire for each source and unit into the study, and what is handed out; edited ones are kept."""
    from toolkit.survey.forms import FOLDER, departures, read_form, write_form
    from toolkit.survey.outputs import OUTPUTS, write_outputs
    from toolkit.survey.questionnaire import draft, newest_round, units_with_ratees
    from toolkit.survey.xlsform import checked

    found = _read(study)
    with _plainly():
        turn = round or newest_round(found)
        kinds = [kind.strip() for kind in ",".join(to or []).split(",") if kind.strip()] or [*OUTPUTS]
        drafts = [
            draft(found, name, place, round=turn, language=language or "", overall=overall, units=units)
            for name in source or found.schemes.get(turn, found.scheme).leaf_sources
            for place in unit or units_with_ratees(found, turn, units=units)
        ]
        if not drafts:
            raise UsageError(f"--round: in {turn} no {'unit' if units else 'member'} can be rated")
        folder = out / found.name / FOLDER / turn
        given = [name for name, is_given in
                 (("--language", language), ("--overall", overall), ("--units", units)) if is_given]  # fmt: skip
        for made in _counted(drafts, "questionnaires"):
            path, is_new = write_form(study, made)
            text, form = _edited(path), read_form(path, found)
            print(path if is_new else f"{path} (kept as it is)")
            if idle := [option for option in departures(form, made) if option in given]:
                typer.echo(
                    f"{path}: not applied: {', '.join(idle)}; delete the file to have it drawn up anew", err=True
                )
            for written in write_outputs(form, text, folder, kinds):
                print(written)
        if "xlsform" in kinds:
            typer.echo(f"XLSForm of {drafts[-1].name}: {checked(text)}", err=True)


@app.command("import")
def import_(  # noqa: PLR0917
    study: Folder,
    file: Annotated[Path, typer.Argument(help="export of a platform: .xlsx, .csv or .sav", show_default=False)],
    platform: Annotated[str, typer.Option(help="wjx, txwj, kobo, odk, limesurvey, spss or table")],
    round: Annotated[str, typer.Option(help="round; the newest by default")] = "",  # noqa: A002
    source: Annotated[str, typer.Option(help="who answered, where several questionnaires fit")] = "",
    unit: Annotated[str, typer.Option(help="whose ratees, where several questionnaires fit")] = "",
    sheet: Annotated[str, typer.Option(help="which sheet of a workbook, where several hold cells")] = "",
    mapping: Annotated[Path | None, typer.Option(help="YAML file that says what headings and answers mean")] = None,
) -> None:
    """Add the answers of an export to ratings.csv, and say what became of every one; twice the same changes nothing."""
    from toolkit.survey.account import lines
    from toolkit.survey.intake import import_answers
    from toolkit.survey.mapping import read_mapping
    from toolkit.survey.pseudonyms import read_key

    found = _read(study)
    with _plainly():
        meant = read_mapping(mapping) if mapping else None
        key = read_key(study, Path(typer.get_app_dir("toolkit")) / "key")
        about = {"round": round, "source": source, "unit": unit, "sheet": sheet}
        for line in lines(import_answers(study, found, file, platform, key=key, mapping=meant, **about)):
            print(line)


@app.command()
def opinions(  # noqa: PLR0917  (Typer makes options of them)
    study: Folder,
    round: Annotated[str, typer.Option(help="round; the newest by default")] = "",  # noqa: A002
    out: Annotated[Path | None, typer.Option(help="write the working list as .csv or .xlsx")] = None,
    bring: Annotated[
        Path | None, typer.Option("--import", help=".csv or .xlsx of raw opinions, which are redacted and added")
    ] = None,
    sheet: Annotated[str, typer.Option(help="which sheet of --import's workbook, where several hold cells")] = "",
    as_of: Annotated[str, typer.Option(help="day as of which states are told; the last one known by default")] = "",
) -> None:
    """Show opinions by theme, how long they take and what is overdue; or bring in raw ones; for the organisers only."""
    from toolkit.record import record_opinions
    from toolkit.reporting.worklist import lines, worklist, write_worklist
    from toolkit.survey.inbox import open_inbox

    found = _read(study)
    with _plainly():
        if bring:
            inbox = open_inbox(bring, found, sheet)
            if len(inbox.rows):
                print(record_opinions(study, inbox.rows))
            typer.echo(f"read {inbox.read}, added {len(inbox.rows)}, there already {inbox.again}", err=True)
            taken = ", ".join(f"{kind} {n}" for kind, n in sorted(inbox.redacted.items()))
            typer.echo(
                f"taken out: {taken or 'nothing'}; columns left out: {', '.join(inbox.left_out) or 'none'}", err=True
            )
            return
        day = _day("--as-of", as_of) if as_of else None
        turn = round or found.round
        typer.echo(f"round {turn}, unsuppressed; not for handing round", err=True)
        for line in lines(found, turn, as_of=day):
            print(line)
        if out:
            table = worklist(found, turn, as_of=day)
            print(write_worklist(table, out))
            bare = table.loc[table["unredacted"] != "", "id"].tolist()
            if bare:
                typer.echo(f"opinions.csv holds what identifies a person in {', '.join(bare)}", err=True)


@app.command()
def progress(
    study: Folder,
    round: Annotated[str, typer.Option(help="round; the newest by default")] = "",  # noqa: A002
    as_of: Annotated[str, typer.Option(help="the day; the last on which something was handed in by default")] = "",
) -> None:
    """Show how far a round in the field has come: who took part, what is missing, and how many are to be expected."""
    from toolkit.reporting import fieldwork
    from toolkit.reporting.prose import Text

    found = _read(study)
    with _plainly():
        field = fieldwork.open_fieldwork(found, round, as_of)
        print(fieldwork.title(field).markdown)
        for show in (fieldwork.sources, fieldwork.units, fieldwork.missing, fieldwork.speeders, fieldwork.outlook):
            shown = show(field)
            if shown is not None:
                print("\n" + (shown.markdown if isinstance(shown, Text) else shown.plain()))


@app.command()
def simulate(
    folder: Folder,
    units: Annotated[int, typer.Option(min=1, help="branches")] = 12,
    members: Annotated[int, typer.Option(min=1, help="members")] = 240,
    seed: Annotated[int, typer.Option(help="the same seed gives the same study")] = 2026,
    truth: Annotated[bool, typer.Option(help="also write truth.csv, the expected rating of every cell")] = False,
) -> None:
    """Make up a study with known truth."""
    from toolkit.simulate import simulate as make
    from toolkit.simulate import write

    with _plainly():
        write(make(units=units, members=members, seed=seed), folder, truth=truth)
    print(folder)


@app.command()
def schema(of: Annotated[Literal["scheme", "experiments"], typer.Argument(help="which file")] = "scheme") -> None:
    """Print the JSON Schema of scheme.yaml, or of experiments.yaml, by which editors complete it."""
    import json

    from toolkit.starter import scheme_schema
    from toolkit.weighting.experiment import experiments_schema

    made = scheme_schema() if of == "scheme" else experiments_schema()
    print(json.dumps(made, ensure_ascii=False, indent=2, sort_keys=True))


def _paint(folder: Path, error: StudyError) -> None:
    """Where the tables stand in a workbook, paint what is wrong into a copy."""
    from toolkit.survey.workbook import paint_faults

    try:
        path = paint_faults(folder, error.faults) if folder.is_dir() else None
    except (OSError, TypeError, ValueError, KeyError) as problem:  # open in Excel; what openpyxl cannot read
        typer.echo(f"{folder}: no copy with its faults painted could be written: {problem}", err=True)
    else:
        if path:
            typer.echo(f"{path}: a copy with its faults painted; mend the workbook itself", err=True)


def _read(folder: Path) -> Study:
    from toolkit.study import read_study

    with _plainly():
        return read_study(folder)


def _edited(path: Path) -> str:
    """The text of a questionnaire, which somebody may have saved anew."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: must be saved as UTF-8 text") from None


def _today() -> str:
    return dt.datetime.now().astimezone().date().isoformat()


def _day(option: str, text: str) -> dt.date:
    from toolkit.contract import iso_date

    if not iso_date(text):
        raise UsageError(f"{option}: {text!r}, must be a date such as 2026-06-30")
    return dt.date.fromisoformat(iso_date(text))


class _plainly:  # noqa: N801  (reads as a word)
    """Show a user's mistake as a message, not as a traceback."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, UsageError | OSError) and not isinstance(error, BrokenPipeError):
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None


if __name__ == "__main__":
    app()

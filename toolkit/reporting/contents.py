"""The contents of a run: who has which reports, and how they were made, as its index shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolkit.batch.units import Outcome
from toolkit.reporting.books import Rows
from toolkit.reporting.edition import OVERVIEW, kind
from toolkit.reporting.site import IndexPage, IndexRow, href
from toolkit.reporting.table import points, span, whole
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from toolkit.reporting.cutting import Outline
    from toolkit.reporting.edition import Edition
    from toolkit.reporting.site import Facts, Links
    from toolkit.scheme import Scheme
    from toolkit.study import Study

INDEX = "index.html"
PAGE = "report.html"
Record = dict[Any, Any]


def contents(
    study: Study, view: Outline, out: Path, outcomes: Mapping[str, Outcome], *, edition: Edition, run: Mapping[str, Any]
) -> IndexPage:
    """What the index of a run shows.

    Parameters
    ----------
    study : Study
        Its members are listed where the reports are theirs; then no score is told, of units neither.
    view : Outline
        The units.
    out : path
        Folder of the run: of its files those are linked that are there.
    outcomes : mapping
        What became of everybody, as far as it is known.
    edition : Edition
        Which reports they are.
    run : mapping
        The first line of the manifest.
    """
    _ = words(view.language)
    of_units = edition.per == "unit"
    scheme = study.schemes[run["round"]]
    rows = _unit_rows(view, out, outcomes) if of_units else _member_rows(study, scheme, view, out, outcomes)
    overview = outcomes.get(OVERVIEW) if edition.main else None
    failed = [overview] if overview and overview.error else []
    facts = [
        (_("Units"), str(len(view.units))),
        (_("Members"), str(view.members)),
        (_("Scored members"), str(view.scored)),
        (_("Rounds"), str(len(study.schemes))),
    ]
    return IndexPage(
        title=view.title,
        period=f"{view.round} {view.period}".strip(),
        language=view.language,
        rows=(*rows, *(IndexRow("", _("Overview of the study"), status="failed", error=each.error) for each in failed)),
        caption=kind(edition.notebook, view.language),
        of_units=of_units,
        overview=_files(out / OVERVIEW, view.language) if edition.main else (),
        facts=tuple(facts),
        made=_made(run, outcomes, view.language),
        grades=tuple(view.grades),
        up_href=f"../{INDEX}",
    )


def _unit_rows(view: Outline, out: Path, outcomes: Mapping[str, Outcome]) -> Iterator[IndexRow]:
    """Units with their results."""
    for unit, row in _placed(view):
        name = unit["unit_id"]
        yield IndexRow(
            **row,
            **_outcome(name, out, outcomes, view.language),
            score=points(unit["score"]),
            interval=span(unit["low"], unit["high"]),
            members=whole(unit["members"]),
            scored=whole(unit["scored"]),
            coverage=f"{whole(unit['coverage'])}%" if unit["scored"] else "",
            grade=unit["grade"],
            stars=f"{unit['stars']:.0f} ★" if unit["stars"] == unit["stars"] else "",
        )


def _member_rows(
    study: Study, scheme: Scheme, view: Outline, out: Path, outcomes: Mapping[str, Outcome]
) -> Iterator[IndexRow]:
    """Members below their units, and no score: that is for their own eyes."""
    people = Rows(study.members, "unit_id")
    for unit, row in _placed(view):
        within = (*dict.fromkeys((*row["within"], unit["unit_id"])),)
        yield IndexRow(unit["unit_id"], unit["name"], row["depth"], within=within)
        for member in people.of(unit["unit_id"]):
            name = member["member_id"]
            yield IndexRow(
                unit_id=name,
                name=member["name"],
                depth=row["depth"] + 1,
                within=within,
                parent=unit["name"],
                category=scheme.label(member["category"], view.language),
                industry=unit["industry"],
                **_outcome(name, out, outcomes, view.language),
            )


def _placed(view: Outline) -> Iterator[tuple[Record, Record]]:
    """Every unit of the outline, and what its row tells of where it stands."""
    units = {unit["unit_id"]: unit for unit in view.units.to_dict("records")}
    above: dict[str, tuple[str, ...]] = {"": ()}
    parents = {unit["parent_id"] for unit in units.values()}
    for name, unit in units.items():  # in the order of the tree, every unit comes after the one above it
        above[name] = (*above[unit["parent_id"]], name)
        yield (
            unit,
            {
                "unit_id": name,
                "name": unit["name"],
                "depth": int(unit["depth"]),
                "within": above[name] if name in parents else above[unit["parent_id"]],
                "parent": units[unit["parent_id"]]["name"] if unit["parent_id"] else "",
                "category": unit["category"],
                "industry": unit["industry"],
            },
        )


def _outcome(name: str, out: Path, outcomes: Mapping[str, Outcome], language: str) -> Record:
    """What became of a report, and its files; what a failure has left is for those who mend it."""
    outcome = outcomes.get(name, Outcome(name, "not run", 0.0))
    files = _files(out / name, language) if outcome.outcome != "failed" else ()
    report = [link for _, link in files if link.endswith(f"/{PAGE}")]
    return {
        "status": outcome.outcome,
        "error": outcome.error,
        "href": report[0] if report else "",
        "files": files[len(report) :],
    }


def _files(folder: Path, language: str) -> Links:
    """The files of a folder that a person opens, the page first."""
    _ = words(language)
    labels = {
        PAGE: _("Report"), "report.docx": "Word", "report.pdf": "PDF", "record.html": _("Record"), "scores.csv": "CSV"
    }  # fmt: skip
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return tuple((label, href(folder.name, file)) for file, label in labels.items() if file in there)


def _made(run: Mapping[str, Any], outcomes: Mapping[str, Outcome], language: str) -> tuple[tuple[str, Facts], ...]:
    """What the manifest tells: when and by what the reports were made, and from which files."""
    _ = words(language)
    seconds = [outcome.seconds for outcome in outcomes.values()]
    facts = (
        (_("Finished"), moment(run["finished"])),
        (_("Seconds for all reports"), f"{sum(seconds):.1f}"),
        (_("Seconds for the slowest"), f"{max(seconds, default=0):.1f}"),
        (_("Fingerprint of the code"), run["code"]),
    )
    return (
        (_("Run"), facts),
        (_("Versions"), tuple(run["versions"].items())),
        (_("Inputs (SHA-256)"), tuple(run["inputs"].items())),
    )


def moment(text: str) -> str:
    """A time of the manifest as it is read: day and minute."""
    return text[:16].replace("T", " ")

"""The pages that lead to reports, for those who organise the appraisal: the index of a run, and that of a study."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from toolkit.documents.pages import SORTING, page
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Links = tuple[tuple[str, str], ...]
"""Labels and hrefs, see `href`."""
Facts = tuple[tuple[str, str], ...]
"""Labels and values, in the language of the page."""


@dataclass(frozen=True)
class IndexRow:
    """A unit or member in the index: display strings, rounded already, blank for what there is not.

    Attributes
    ----------
    unit_id, name : str
        Of the unit or member.
    depth : int
        Place in the hierarchy; 0 is the top.
    status : str
        "done", "kept", "failed" or "not run"; blank for a row that only stands above others.
    href : str
        Leads to its report.
    files : tuple of (label, href)
        Its other files.
    error : str
        Traceback of a failure.
    within : tuple of str
        Ids of the rows above it, and its own if there are any below.
    parent, category, industry : str
        Labels, by which it is found.
    score, interval, members, scored, coverage, grade, stars : str
        What is known of it; `coverage` is the share of the weights that was seen.
    """

    unit_id: str
    name: str
    depth: int = 0
    status: str = ""
    href: str = ""
    files: Links = ()
    error: str = ""
    within: tuple[str, ...] = ()
    parent: str = ""
    category: str = ""
    industry: str = ""
    score: str = ""
    interval: str = ""
    members: str = ""
    scored: str = ""
    coverage: str = ""
    grade: str = ""
    stars: str = ""

    @property
    def about(self) -> list[str]:
        """What stands below its name."""
        return [text for text in (self.parent, self.category, self.industry) if text]


@dataclass(frozen=True)
class IndexPage:
    """What the index of a run shows.

    Attributes
    ----------
    title, period, language : str
        Of the study and the round.
    rows : tuple of IndexRow
        In the order of the tree.
    caption : str
        What the reports are.
    of_units : bool
        Whether they are those of units, not of members.
    overview : tuple of (label, href)
        Files of the overview.
    facts : tuple of (label, value)
        Of the study.
    made : tuple of (label, facts)
        How the reports were made.
    grades : tuple of str
        Labels of grades, best first.
    up_href : str
        Leads to the index of the study.
    """

    title: str
    period: str
    language: str
    rows: tuple[IndexRow, ...]
    caption: str = ""
    of_units: bool = True
    overview: Links = ()
    facts: Facts = ()
    made: tuple[tuple[str, Facts], ...] = ()
    grades: tuple[str, ...] = ()
    up_href: str = ""


@dataclass(frozen=True)
class Column:
    """A column of the index: an attribute of its rows."""

    name: str
    title: str
    align: str = "right"


@dataclass(frozen=True)
class Facet:
    """What rows can be filtered by: its labels by the class that marks a row, and the classes of every row."""

    title: str
    choices: Mapping[str, str]
    keys: Sequence[Sequence[str]]


@dataclass(frozen=True)
class RunRow:
    """A run in the index of a study: labels of its round and reports, and how many were made and failed."""

    round: str
    reports: str
    href: str
    finished: str
    done: int
    failed: int


def href(*parts: str) -> str:
    """Return the relative URL of a file below the index, each part of its path percent-encoded.

    Examples
    --------
    >>> href("第一支部 #1", "report.html")
    '%E7%AC%AC%E4%B8%80%E6%94%AF%E9%83%A8%20%231/report.html'
    """
    return "/".join(quote(part, safe="") for part in parts)


def index_html(index: IndexPage) -> str:
    """Write the index of a run as one self-contained page of HTML; see `toolkit.documents.font.with_font`.

    It is complete without its scripts, which search, filter and sort.

    Parameters
    ----------
    index
        What to show.

    Raises
    ------
    ValueError
        If a link is not a percent-encoded relative URL.
    """
    links = [index.up_href, *(link for _, link in index.overview)]
    _require_relative(links + [link for row in index.rows for link in (row.href, *(to for _, to in row.files))])
    _ = words(index.language)
    columns = _columns(index, _)
    facets = _facets(index, _)
    keys = [" ".join(key for facet in facets for key in facet.keys[place]) for place in range(len(index.rows))]
    return page(
        "index.html.j2",
        package="toolkit.reporting",
        scripts=(SORTING, "index.js"),
        language=index.language,
        title=index.title,
        index=index,
        columns=columns,
        facets=facets,
        rows=list(zip(index.rows, keys, strict=True)),
        failures=sum(row.status == "failed" for row in index.rows),
        files=any(row.files for row in index.rows),
    )


def _columns(index: IndexPage, _: Callable[[str], str]) -> list[Column]:
    """The columns that have something to show."""
    columns = (
        Column("score", _("Score")),
        Column("interval", _("Interval")),
        Column("members", _("Members")),
        Column("scored", _("Scored members")),
        Column("coverage", _("Coverage")),
        Column("grade", _("Grade"), "left"),
        Column("stars", _("Stars"), "left"),
    )
    return [column for column in columns if any(getattr(row, column.name) for row in index.rows)]


def _facets(index: IndexPage, _: Callable[[str], str]) -> list[Facet]:
    """What rows can be filtered by, where there is a choice."""
    names = {row.unit_id: row.name for row in index.rows}
    starred = sorted({row.stars for row in index.rows}, reverse=True)
    facets = (
        _facet("w", _("Within"), [row.within for row in index.rows], names.__getitem__),
        _facet("c", _("Category"), [(row.category,) for row in index.rows]),
        _facet("i", _("Industry"), [(row.industry,) for row in index.rows]),
        _facet("g", _("Grade"), [(row.grade,) for row in index.rows], order=index.grades),
        _facet("s", _("Stars"), [(row.stars,) for row in index.rows], order=starred),
        _facet("r", _("Report"), [(row.status,) for row in index.rows], _),
    )
    return [facet for facet in facets if len(facet.choices) > 1]


def _facet(
    letter: str,
    title: str,
    values: Sequence[tuple[str, ...]],
    label: Callable[[str], str] = str,
    *,
    order: Iterable[str] = (),
) -> Facet:
    """Make a facet of the values of every row; those not in `order` come as they stand."""
    counts = Counter(value for of_row in values for value in of_row if value)
    places = dict.fromkeys([*(value for value in order if value in counts), *counts])
    keys = {value: f"{letter}{place}" for place, value in enumerate(places)}
    return Facet(
        title,
        {key: f"{label(value)} ({counts[value]})" for value, key in keys.items()},
        [[keys[value] for value in of_row if value] for of_row in values],
    )


def study_html(title: str, language: str, runs: Sequence[RunRow]) -> str:
    """Write the index of a study, over the runs of all its rounds, as one self-contained page of HTML.

    Raises
    ------
    ValueError
        If a link is not a percent-encoded relative URL.
    """
    _require_relative(run.href for run in runs)
    return page("study.html.j2", package="toolkit.reporting", language=language, title=title, runs=runs)


def _require_relative(links: Iterable[str]) -> None:
    for link in links:
        if urlsplit(link).scheme or link.startswith("/") or quote(link, safe="/%") != link:
            raise ValueError(f"href: {link!r}, must be a percent-encoded relative URL, see href()")

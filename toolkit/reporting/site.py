"""The index of a run: one page that leads to the report of every unit, for those who organise the appraisal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from toolkit.documents.pages import page

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class IndexRow:
    """A unit in the index: display strings, rounded already.

    `depth` is its place in the hierarchy (0 is the top); `href` leads to its report, "" where there is none;
    `status` is "done" or "failed", and `error` the traceback of a failure; `coverage` marks a score to which not
    every source contributed.
    """

    unit_id: str
    name: str
    depth: int
    members: str
    scored: str
    score: str
    interval: str
    status: str
    href: str
    error: str = ""
    coverage: str = ""


@dataclass(frozen=True)
class IndexPage:
    """What the index of a run shows; `facts` are labels and values in the language of the page."""

    title: str
    period: str
    language: str
    rows: tuple[IndexRow, ...]
    overview_href: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    failures: int = 0


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

    Parameters
    ----------
    index
        What to show.

    Raises
    ------
    ValueError
        If a link is not a percent-encoded relative URL.
    """
    _require_relative([index.overview_href, *(row.href for row in index.rows)])
    return page("index.html.j2", package="toolkit.reporting", language=index.language, title=index.title, index=index)


def _require_relative(links: Iterable[str]) -> None:
    for link in links:
        if urlsplit(link).scheme or link.startswith("/") or quote(link, safe="/%") != link:
            raise ValueError(f"href: {link!r}, must be a percent-encoded relative URL, see href()")

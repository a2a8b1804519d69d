"""What a unit's report may tell of the opinions on it: counts of which none is small, and how they were settled."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.reporting.frames import missing, rounded, typed
from toolkit.scheme import said
from toolkit.survey.opinions import exact_rise, holm, last_known, settled, states
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from toolkit.reporting.books import Book, Record
    from toolkit.study import Study

COLUMNS = ["label", "n", "before", "share", "share_before", "adjusted", "rises"]
SMALLEST = 0.001
"""The smallest p that is told as a number."""
ALPHA = 0.05


def heard(book: Book, unit: str, language: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Opinions on a unit in a round, by theme, and how they were settled.

    Parameters
    ----------
    book : Book
        The round.
    unit : str
        A unit; blank for the overview, which tells nothing: a sum over units would, with the reports of all but one of
        them, give away what that one must not show.
    language : str
        Of the labels.

    Returns
    -------
    themes : DataFrame
        `label` (that of what nobody has coded stands last), `n` and `before` (opinions in the round and in the one
        before; missing where that must not be told), `share` and `share_before` (0-100, of the coded opinions that are
        told), `adjusted` (p as it is read, see below; blank without one) and `rises`. No rows where nothing may be
        told.
    handling : dict
        `least` (see below), `before` (whether there is a round before), `n, closed, overdue, replied, as_of`, and
        `quartiles`: for each `share` the `days, low, high`. Empty where nothing may be told.

    Notes
    -----
    A theme is told of where it has at least `least` opinions, the strictest `privacy.min_raters` of all rounds; in a
    combined round it must have them in each of its rounds. No number here depends on any other: neither sums nor shares
    nor times hold an opinion on a theme that is not told, so that all of its counts from 0 to `least` - 1 give the same
    reports, whatever is subtracted from what. No text leaves the study.

    Whether a theme rises is told by the largest p that is possible with what is told: of a theme that is not told as
    many as can be are counted against it. Without themes.csv nobody knows how many there are, and nothing rises.
    `as_of` is the last day of the whole table.
    """
    schemes = book.study.schemes
    least = max(scheme.privacy.min_raters for scheme in schemes.values())
    now = _told(book, unit, least)
    if not now:
        return typed({name: [] for name in COLUMNS}), {}
    before = _told(book.books.at(book.before), unit, least) if book.before else None
    return _frame(now, before, book, language, least), _handling(book, unit, now, least)


def _told(book: Book, unit: str, least: int) -> dict[str, int]:
    """Opinions by theme, "" for those that nobody has coded, of the themes that may be told of."""
    if not unit:
        return {}
    parts = [_themes(book.books.at(part).opinions.of(unit)) for part in book.parts]
    return {
        theme: sum(part[theme] for part in parts)
        for theme in sorted(set().union(*parts))
        if all(part[theme] >= least for part in parts)
    }


def _themes(rows: Iterable[Record]) -> Counter[str]:
    return Counter(str(row["theme"]) for row in rows)


def _frame(
    now: Mapping[str, int], before: Mapping[str, int] | None, book: Book, language: str, least: int
) -> pd.DataFrame:
    order = sorted(now, key=lambda theme: (theme == "", -now[theme], theme))
    coded = [theme for theme in order if theme]
    themes = set(book.study.themes["theme"])
    p = _risen(coded, now, before, hidden=least - 1, themes=themes) if before and themes else {}
    base, earlier = (sum(n for theme, n in (part or {}).items() if theme) for part in (now, before))
    shares = [100 * now[theme] / base if theme else None for theme in order]
    known = [before.get(theme) if before else None for theme in order]
    columns: dict[str, list[Any]] = {
        "label": [theme_label(theme, book.study, book.round, language) for theme in order],
        "n": [now[theme] for theme in order],
        "before": known,
        "share": missing(rounded(shares)),
        "share_before": missing(
            rounded([100 * n / earlier if theme and n else None for theme, n in zip(order, known, strict=True)])
        ),
        "adjusted": [_written(p[theme]) if theme in p else "" for theme in order],
        "rises": [p.get(theme, 1.0) <= ALPHA for theme in order],
    }
    return typed(columns)


def _written(p: float) -> str:
    """A p as it is read: it follows from counts that are told, and so may have more digits than they."""
    return f"{p:.3f}" if p >= SMALLEST else f"<{SMALLEST}"


def _risen(
    coded: list[str], now: Mapping[str, int], before: Mapping[str, int], *, hidden: int, themes: set[str]
) -> dict[str, float]:
    """The largest p, adjusted, that each theme's larger share is chance, if of none that is not told there are more."""
    others = len(themes - set(now)) * hidden
    base, earlier = (sum(n for theme, n in part.items() if theme) for part in (now, before))
    rises = [now[theme] for theme in coded]
    p = exact_rise(
        rises,
        [base - n + others for n in rises],
        [before.get(theme, hidden) for theme in coded],
        [earlier - before.get(theme, 0) for theme in coded],
    )
    return dict(zip(coded, holm(p), strict=True))


def theme_label(theme: str, study: Study, turn: str, language: str) -> str:
    """What a theme is called: by the labels of the scheme of a round, else by themes.csv."""
    _ = words(language)
    if not theme:
        return _("not coded yet")
    called = dict(zip(study.themes["theme"], study.themes["label"], strict=True))
    labels = study.schemes[turn].labels
    return said(labels[theme], language) if theme in labels else called.get(theme, theme)


def _handling(book: Book, unit: str, told: Iterable[str], least: int) -> dict[str, Any]:
    study, day = book.study, last_known(book.study.opinions, book.study.schemes)
    rows = pd.DataFrame(book.opinions.of(unit))
    rows = rows[rows["theme"].isin(list(told))]
    if day is None:
        return {}
    found, state = settled(rows, day), states(rows, study.themes, day)
    return {
        "least": least, "before": book.before is not None, "n": found.n, "closed": found.closed,
        "overdue": int((state == "overdue").sum()), "replied": int((rows["reply"] != "").sum()), "as_of": str(day),
        "quartiles": [
            {"share": float(part.share), "days": part.days, "low": part.low, "high": part.high}
            for part in found.quartiles
        ],
    }  # fmt: skip

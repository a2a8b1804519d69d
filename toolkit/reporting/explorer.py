"""What the explorer shows of a league, as HTML; it names members and is for the organisers."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.reporting.slopes import Slopes, slope
from toolkit.reporting.table import DASH, gap, points, whole
from toolkit.weighting.league import changed
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from toolkit.scheme import Scheme

ABOUT = ("grade", "stars")
STILL = 0.05
"""A change of a score, in points, that is printed as none."""
NEAREST = 2
"""How many breakpoints on each side are put in words."""


def level(scheme: Scheme, about: str, name: object) -> str:
    """A grade or stars as they are read; a dash for none."""
    if name is None or pd.isna(name):  # type: ignore[call-overload]
        return DASH
    return f"{name} ★" if about == "stars" else scheme.label(str(name))


def change(scheme: Scheme, about: str, before: object, after: object) -> str:
    """From what to what a grade or stars change."""
    _ = words(scheme.language)
    title = _("Grade") if about == "grade" else _("Stars")
    return f"{title} {level(scheme, about, before)} → {level(scheme, about, after)}"


def joined(parts: list[str], scheme: Scheme) -> str:
    """Parts of a line in the scheme's language."""
    return ("；" if scheme.language == "zh" else "; ").join(parts)


def summary(table: pd.DataFrame, scheme: Scheme) -> str:
    """How many members have another grade, other stars and another rank."""
    _ = words(scheme.language)
    counts = {about: int((table[about].fillna("") != table[f"{about}_before"].fillna("")).sum()) for about in ABOUT}
    ranks = int((table["rank"].fillna(0) != table["rank_before"].fillna(0)).sum())
    told = _("Changed against the scheme: grades {grades}, stars {stars}, ranks {ranks}; members listed: {members}.")
    return f"<p>{told.format(grades=counts['grade'], stars=counts['stars'], ranks=ranks, members=len(table))}</p>"


def standings(table: pd.DataFrame, scheme: Scheme, units: Mapping[str, str], most: int) -> str:
    """The first rows of a league as a table; `units` are named where there are several."""
    _ = words(scheme.language)
    several = len(table["unit_id"].unique()) > 1
    kept = [about for about in ABOUT if table[[about, f"{about}_before"]].notna().any(axis=None)]
    titles = {"grade": _("Grade"), "stars": _("Stars")}
    heads = [
        (_("Rank"), "n"), ("", "n"), (_("Name"), ""), *([(_("Unit"), "")] if several else []),
        (_("Score"), "n"), (_("Change"), "n"), *((titles[about], "") for about in kept),
    ]  # fmt: skip
    head = "".join(f'<th scope="col" class="{style}">{escape(title)}</th>' for title, style in heads)
    body = []
    for row in table.head(most).to_dict("records"):
        cells = [
            (whole(row["rank"]), "n"), _shift(row["rank_before"], row["rank"]), (escape(str(row["name"])), "name"),
            *([(escape(units.get(row["unit_id"], "")), "unit")] if several else []),
            (points(row["score"]), "n"), (_step(row["score_before"], row["score"]), "n soft"),
            *(_held(scheme, about, row[f"{about}_before"], row[about]) for about in kept),
        ]  # fmt: skip
        body.append("<tr>" + "".join(f'<td class="{style}">{text}</td>' for text, style in cells) + "</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def _shift(before: float, after: float) -> tuple[str, str]:
    """By how many places a rank rose or fell."""
    if pd.isna(before) or pd.isna(after) or before == after:
        return "", "n"
    step = before - after
    return f"{'↑' if step > 0 else '↓'}{abs(step):.0f}", "n up" if step > 0 else "n down"


def _step(before: float, after: float) -> str:
    return "" if not abs(after - before) >= STILL else gap(after - before)


def _held(scheme: Scheme, about: str, before: object, after: object) -> tuple[str, str]:
    """A level, with what it was where that was another."""
    old, new = (escape(level(scheme, about, name)) for name in (before, after))
    return (new, "") if old == new else (f"<s>{old}</s> <span>{new}</span>", "changed")


def changes(table: pd.DataFrame, scheme: Scheme) -> str:
    """Who has another grade or other stars, by name."""
    _ = words(scheme.language)
    lines = []
    for row in changed(table).to_dict("records"):
        sides = {about: (row[f"{about}_before"], row[about]) for about in ABOUT}
        parts = [
            change(scheme, about, *pair)
            for about, pair in sides.items()
            if level(scheme, about, pair[0]) != level(scheme, about, pair[1])
        ]
        lines.append(f"<li><b>{escape(str(row['name']))}</b> {escape(joined(parts, scheme))}</li>")
    none = escape(_("No grade and no stars change."))
    return f"<ul>{''.join(lines)}</ul>" if lines else f"<p>{none}</p>"


def figure(table: pd.DataFrame, scheme: Scheme, most: int) -> str:
    """Ranks before and after of the first rows of a league, as SVG; members with another grade or stars in red."""
    _ = words(scheme.language)
    rows = table.head(most)
    start = rows["rank_before"].rank(method="first", na_option="bottom").astype(int) - 1
    moved = rows.index.isin(changed(rows).index).tolist()
    slopes = [
        slope(str(name), (whole(before), whole(after)), (left, place), marked=marked)
        for place, (name, before, after, left, marked) in enumerate(
            zip(rows["name"], rows["rank_before"], rows["rank"], start, moved, strict=True)
        )
    ]
    return Slopes(slopes, (_("By the scheme"), _("Now"))).svg()


def nearest(found: pd.DataFrame, now: float, say: Callable[[Mapping[Hashable, Any]], str], scheme: Scheme) -> str:
    """The breakpoints next to a weight on both sides, each in words, as HTML."""
    _ = words(scheme.language)
    sides = [found[found["weight"] < now].tail(NEAREST), found[found["weight"] > now].head(NEAREST)]
    lines = [f"<li>{escape(say(row))}</li>" for side in sides for row in side.to_dict("records")]
    none = escape(_("Wherever it is moved, no grade and no stars change."))
    return f"<ul>{''.join(lines)}</ul>" if lines else f"<p>{none}</p>"

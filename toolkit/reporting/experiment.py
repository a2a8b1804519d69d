"""The tables on experiments. They name members: for organisers and researchers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.reporting.captions import experiment as captions
from toolkit.reporting.captions.rules import titled
from toolkit.reporting.table import Column, Table, coefficient, made, share, weigh, whole
from toolkit.weighting.departures import list_nearest
from toolkit.words import words

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.reporting.trial import Trial
    from toolkit.weighting.comparison import Comparison

MANY = 8
"""How many of those nearest to a change a sweep tells by name."""


def comparison(view: Trial) -> Table | None:
    """The variants beside the scheme, a row each; None without any."""
    if not view.comparisons:
        return None
    _ = words(view.language)
    columns: list[Column] = [
        (_("Variant"), "left", True), (_("What is changed"), "left", True), (_("Kendall's tau"), "right", True),
        (_("Greatest shift"), "right", True), (_("Other grade"), "right", view.model.scheme.grades),
        (_("Other stars"), "right", view.model.scheme.stars),
    ]  # fmt: skip
    rows = [
        [
            view.variant(found.name), _changed(view, found.name), coefficient(found.tau),
            whole(found.shift.abs().max()), *(whole(found.differ(about)[0]) for about in ("grade", "stars")),
        ]
        for found in view.comparisons
    ]  # fmt: skip
    note = _("Of the members. Tau is 1 where their order is the same, -1 where it is reversed; a shift is in places.")
    taus = [(view.variant(found.name), found.tau) for found in view.comparisons]
    caption = titled(_("Variants beside the scheme"), captions.order(taus, view.language), view.language)
    return made(columns, rows, caption, note=note)


def _changed(view: Trial, name: str) -> str:
    """What a variant changes: weights with what they were, sections by name."""
    _ = words(view.language)
    sections = {
        "scales": _("scales"), "sources": _("sources"), "indicators": _("indicators"), "categories": _("categories"),
        "first": _("order of the means"), "missing": _("rule for what is missing"), "grades": _("rules of the grades"),
        "index": _("rules of the index"), "stars": _("rules of the stars"),
    }  # fmt: skip
    weights = [f"{view.label(part)} {weigh(old)} → {weigh(new)}" for part, old, new in view.reweighted(name)]
    replaced = [sections[part] for part in view.plan.variants[name].sections if part in sections]
    return (", " if view.language == "en" else "、").join([*weights, *replaced])


def moves(view: Trial) -> Table | None:
    """How many members go from which grade, or stars, to which, by variant; None where nobody does."""
    _ = words(view.language)
    rows = [
        [view.variant(found.name), _counted(view, found, "grade"), _counted(view, found, "stars")]
        for found in view.comparisons
    ]
    rows = [row for row in rows if row[1] or row[2]]
    if not rows:
        return None
    kept = [any(row[place] for row in rows) for place in (1, 2)]
    columns: list[Column] = [
        (_("Variant"), "left", True), (_("Grade"), "left", kept[0]), (_("Stars"), "left", kept[1]),
    ]  # fmt: skip
    note = _("Members: from what they have by the scheme itself to what they have under the variant; a dash: none.")
    changed = {found.name: set(found.changes["ratee_id"]) & set(view.members) for found in view.comparisons}
    counts = [(view.variant(name), len(ratees)) for name, ratees in changed.items()]
    caption = titled(_("From which grade and stars to which"), captions.moves(counts, view.language), view.language)
    return made(columns, rows, caption, note=note)


def _counted(view: Trial, found: Comparison, about: str) -> str:
    """Moves with how many members make them."""
    mine = found.changes[found.changes["ratee_id"].isin(view.members) & (found.changes["about"] == about)]
    pairs = mine[["before", "after"]].value_counts(dropna=False).reset_index()
    told = [
        f"{whole(n)}:\u00a0{view.level(about, before)}\u00a0→ {view.level(about, after)}"
        for before, after, n in pairs.itertuples(index=False, name=None)
    ]
    return _listed(view, told)


def people(view: Trial) -> Table | None:
    """Whose grade or stars differ under any variant, and how; None where nobody's do."""
    _ = words(view.language)
    if not view.changed:
        return None
    told = _told(view)
    units = dict(zip(view.model.study.units["unit_id"], view.model.study.units["name"], strict=True))
    first = view.comparisons[0].everybody[["grade_before", "stars_before"]]
    rows = [
        [name, units.get(unit, ""), view.levels(*first.loc[ratee]), _listed(view, told[ratee])]
        for ratee, name, unit in view.model.quantities[["name", "unit_id"]].itertuples(name=None)
        if ratee in told
    ]
    columns: list[Column] = [
        (_("Name"), "left", True), (_("Unit"), "left", True), (_("By the scheme itself"), "left", True),
        (_("Under the variants"), "left", True),
    ]  # fmt: skip
    finding = captions.people(len(view.changed & set(view.members)), len(view.members), view.language)
    caption = titled(_("Whose grade or stars differ"), finding, view.language)
    return made(columns, rows, caption, note=_("A dash: none."))


def _told(view: Trial) -> dict[str, list[str]]:
    """Under which variants grade or stars differ, and what they are there, by ratee."""
    told: dict[str, list[str]] = {}
    for found in view.comparisons:
        changed = found.everybody.loc[found.changes["ratee_id"].unique(), ["grade", "stars"]]
        for ratee, grade, stars in changed.itertuples(name=None):
            told.setdefault(ratee, []).append(f"{view.variant(found.name)}\u00a0→ {view.levels(grade, stars)}")
    return told


def _listed(view: Trial, parts: list[str]) -> str:
    return ("; " if view.language == "en" else "；").join(parts)


def nearest(view: Trial) -> Table | None:
    """Members whose grade or stars change nearest to the present weight, by sweep; None where nobody's do."""
    _ = words(view.language)
    names = view.model.quantities["name"].to_dict()
    rows, near = [], list[tuple[str, float]]()
    for step, found in zip(view.plan.sweep, view.sweeps, strict=True):
        for row in list_nearest(found, view.members).head(MANY).to_dict("records"):
            weight, about = row["weight"], row["about"]
            near.append((str(names[row["ratee_id"]]), float(row["distance"])))
            beyond = _("below {weight}") if weight < found.now else _("above {weight}")
            rows.append(
                [
                    f"{view.moved(step)} ({weigh(found.now)})", str(names[row["ratee_id"]]),
                    view.level(about, row["present"]), beyond.format(weight=share(100 * weight)),
                    view.level(about, row["then"]),
                ]
            )  # fmt: skip
    if not rows:
        return None
    columns: list[Column] = [
        (_("Weight that is moved (now)"), "left", True), (_("Name"), "left", True), (_("At present"), "left", True),
        (_("At a weight"), "right", True), (_("Then"), "left", True),
    ]  # fmt: skip
    finding = captions.nearest(near, view.language)
    return made(columns, _once(rows), titled(_("Who is nearest to a change"), finding, view.language))


def _once(rows: list[list[str]]) -> list[list[str]]:
    """Rows in which the first column does not repeat what stands above."""
    new = [place == 0 or row[0] != rows[place - 1][0] for place, row in enumerate(rows)]
    return [row if first else ["", *row[1:]] for first, row in zip(new, rows, strict=True)]


def carried(view: Trial) -> Table | None:
    """Weight and share in the variance of every source and indicator under the scheme; None where none weighs."""
    _ = words(view.language)
    rows = view.weighing
    if rows.empty:
        return None
    columns: list[Column] = [
        (_("Source or indicator"), "left", True), (_("Weight by the scheme"), "right", True),
        (_("Weight in use"), "right", True), (_("Carried"), "right", True),
    ]  # fmt: skip
    cells = [
        [view.label(row["name"]), *(share(100 * row[name]) for name in ("nominal", "used", "carried"))]
        for row in rows.to_dict("records")
    ]
    note = [
        _("Means over the scored members; in use: once the weight of what is missing has been shared out."),
        _("Carried: how much of the variance of the scores comes from this part, cov(part, score) / var(score)."),
    ]
    finding = captions.carried([row[0] for row in cells], rows, view.language)
    caption = titled(_("What sources and indicators weigh, and what they carry"), finding, view.language)
    return made(columns, cells, caption, note=(" " if view.language == "en" else "").join(note))


def carried_by(view: Trial) -> Table | None:
    """Weight and share of every source under every variant; None without variants or with one source."""
    _ = words(view.language)
    names = view.weighing.loc[view.weighing["tree"] == "sources", "name"].tolist()
    if not view.comparisons or len(names) < 2:  # noqa: PLR2004  (one carries all)
        return None
    rows = [[_("The scheme"), *_shares(view.carried, names)]]
    rows += [[view.variant(found.name), *_shares(found.carried, names)] for found in view.comparisons]
    columns: list[Column] = [(_("Variant"), "left", True), *((view.label(name), "right", True) for name in names)]
    note = _("Weight by the scheme or variant / share of the variance that is carried.")
    tables = [view.carried, *(found.carried for found in view.comparisons)]
    shares = {view.label(name): [_of_source(table, name) for table in tables] for name in names}
    finding = captions.range_carried(shares, view.language)
    caption = titled(_("What sources carry under the variants"), finding, view.language)
    return made(columns, rows, caption, note=note, mark=(0,))


def _of_source(table: pd.DataFrame, name: str) -> float:
    """What a source carries; NaN where there is none such."""
    mine = table.loc[(table["tree"] == "sources") & (table["name"] == name), "carried"]
    return float(mine.iloc[0]) if len(mine) else float("nan")


def _shares(table: pd.DataFrame, names: list[str]) -> list[str]:
    """Weight and share of some sources; one that a variant does not have has neither."""
    mine = table[table["tree"] == "sources"].set_index("name")[["nominal", "carried"]].reindex(names)
    return [
        f"{share(100 * nominal)} / {share(100 * part)}" for nominal, part in mine.itertuples(index=False, name=None)
    ]

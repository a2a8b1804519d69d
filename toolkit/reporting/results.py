"""Tables and sentences of what became of scores: points, index, stars, satisfaction, targets, proposals.

Every function takes the view of a unit or of a member, which hold the same frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.reporting.captions import results as captions
from toolkit.reporting.captions.rules import titled
from toolkit.reporting.frames import records
from toolkit.reporting.prose import Text, plain
from toolkit.reporting.table import (
    DASH,
    Column,
    Table,
    amount,
    gap,
    made,
    points,
    share,
    span,
    stars,
    whole,
)
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Callable

    from toolkit.reporting.slices import Slice
    from toolkit.reporting.view import Results


def moved(now: float | None, before: float | None, _: Callable[[str], str]) -> str:
    """Whether stars went up or down since the round before."""
    if now is None or before is None or pd.isna(now) or pd.isna(before):
        return ""
    step = now - before
    return _("same") if step == 0 else f"{'↑' if step > 0 else '↓'} {abs(step):.0f}"


def standing(view: Results) -> Table | None:
    """Points, index, stars and grade of every member, and why not more; None where there is nothing."""
    rows = view.results
    if rows.empty or rows[["points", "index", "stars"]].isna().all(axis=None):
        return None
    _ = words(view.language)
    columns: list[Column] = [
        (_("Name"), "left", True),
        (_("Points"), "right", rows["points"].notna().any()),
        (_("Index"), "right", rows["index"].notna().any()),
        (_("Level"), "left", (rows["level"] != "").any()),
        (_("Stars"), "right", rows["stars"].notna().any()),
        (_("Change"), "right", rows["stars_before"].notna().any()),
        (_("Proposed grade"), "left", (rows["grade"] != "").any()),
        (_("Why not more"), "left", (rows["why"] != "").any()),
    ]
    cells = [
        [
            row["name"], amount(row["points"]), points(row["index"]), row["level"] or DASH, stars(row["stars"]),
            moved(row["stars"], row["stars_before"], _), row["grade"] or DASH, row["why"],
        ]
        for row in records(rows)
    ]  # fmt: skip
    note = _("Stars and grades are proposals by the rules; people decide. Change is against the round before.")
    caption = titled(_("Points, index and stars of the members"), captions.standing(rows, view.language), view.language)
    return made(columns, cells, caption, note=note)


def index(view: Results) -> Table | None:
    """What the index of the unit or member is made of; None where there is none."""
    rows = view.components
    if rows.empty:
        return None
    _ = words(view.language)
    columns: list[Column] = [
        (_("Component"), "left", True), (_("Value"), "right", True), (_("On 0-100"), "right", True),
        (_("Weight"), "right", True), (_("Adds"), "right", rows["adds"].notna().any()),
    ]  # fmt: skip
    cells = [
        [row["label"], points(row["raw"]), points(row["value"]), share(row["weight"]), points(row["adds"])]
        for row in records(rows)
    ]
    note = _("A dash: not known, so that its weight went to the others; what has no weight is added to their mean.")
    caption = titled(_("What the index is made of"), captions.index(rows, view.language), view.language)
    return made(columns, cells, caption, note=note)


def satisfaction(view: Results) -> Table | None:
    """Satisfaction by topic and panel; None where nobody was asked, or nothing can be shown."""
    rows = view.satisfaction
    if rows.empty:
        return None
    _ = words(view.language)
    columns: list[Column] = [
        (_("Topic"), "left", (rows["topic"] != "").any()), (_("Panel"), "left", (rows["panel"] != "").any()),
        (_("Direction"), "left", (rows["direction"] != "").any()), (_("Answers"), "right", True),
        (_("Satisfaction (0-100)"), "right", True), (_("Dissatisfied"), "right", True),
        (_("95% interval"), "right", True), (_("Coverage"), "right", (rows["coverage"] < 100).any()),  # noqa: PLR2004
        (_("What follows"), "left", (rows["follows"] != "").any()),
    ]  # fmt: skip
    cells = [
        [
            row["topic"] or _("All topics"), row["panel"] or _("All panels"), row["direction"], whole(row["n"]),
            points(row["index"]), share(row["dissatisfied"]),
            DASH if pd.isna(row["low"]) else f"{row['low']:.1f}–{row['high']:.1f}%",
            share(row["coverage"]), row["follows"],
        ]
        for row in records(rows)
    ]  # fmt: skip
    whole_rows = tuple(place for place, row in enumerate(records(rows)) if not row["topic"] and not row["panel"])
    note = _("Shares are compared with their thresholds as exact fractions, before they are rounded here.")
    caption = titled(_("Satisfaction"), captions.satisfaction(rows, view.language), view.language)
    return made(columns, cells, caption, note=note, mark=whole_rows)


def targets(view: Results) -> Table | None:
    """Targets, what was reached, and the gap; None where there are none."""
    rows = view.targets
    if rows.empty:
        return None
    _ = words(view.language)
    named = "name" in rows
    columns: list[Column] = [
        (_("Name"), "left", named), (_("What"), "left", True), (_("Target"), "right", True),
        (_("Reached"), "right", True), (_("Gap"), "right", True), (_("Attainment"), "right", True),
        (_("Met"), "left", True),
        (_("Target in force since"), "left", (rows["since"] != "").any()),
    ]  # fmt: skip
    cells = [
        [
            row.get("name", ""), row["what"], amount(row["target"]), points(row["value"]),
            DASH if pd.isna(row["gap"]) else gap(row["gap"]), share(row["attainment"]),
            _("yes") if row["met"] else _("no"), row["since"] or DASH,
        ]
        for row in records(rows)
    ]  # fmt: skip
    return made(columns, cells, titled(_("Targets"), captions.targets(rows, view.language), view.language))


def target_counts(view: Results) -> Table | None:
    """How many members met each of their targets; None where there are none."""
    rows = view.targets
    if rows.empty:
        return None
    _ = words(view.language)
    cells = []
    for what, those in _by(rows, "what").items():
        n, met = len(those), sum(bool(row["met"]) for row in those)
        known = sum(not pd.isna(row["value"]) for row in those)
        cells.append([what, whole(n), whole(known), whole(met), share(100 * met / n)])
    columns: list[Column] = [
        (_("What"), "left", True), (_("Members with a target"), "right", True), (_("Known"), "right", True),
        (_("Met"), "right", True), (_("Share"), "right", True),
    ]  # fmt: skip
    finding = captions.target_counts(rows, view.language)
    return made(columns, cells, titled(_("Members who met their targets"), finding, view.language))


def shortfalls(view: Results) -> Table | None:
    """Who falls short of which targets, a line each; None where nobody does."""
    short = {name: [row for row in those if not row["met"]] for name, those in _by(view.targets, "name").items()}
    if not any(short.values()):
        return None
    _ = words(view.language)
    between = "；" if view.language == "zh" else "; "
    cells = [[name, between.join(_short(row, _) for row in those)] for name, those in short.items() if those]
    columns: list[Column] = [(_("Name"), "left", True), (_("Reached / target"), "left", True)]
    finding = captions.shortfalls(view.targets, view.language)
    return made(columns, cells, titled(_("Targets that were not met"), finding, view.language))


def _by(rows: pd.DataFrame, column: str) -> dict[str, list[dict[str, Any]]]:
    """Rows by the text of a column, in the order in which each first stands."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in records(rows):
        found.setdefault(str(row[column]), []).append(row)
    return found


def _short(row: dict[Any, Any], _: Callable[[str], str]) -> str:
    reached = points(row["value"]).removesuffix(".0") if pd.notna(row["value"]) else _("not known")
    return f"{row['what']} {reached}/{amount(row['target'])}"


def models(view: Results) -> Table | None:
    """Role models with the standard that each met; None where there are none."""
    rows = view.models
    if rows.empty:
        return None
    _ = words(view.language)
    columns: list[Column] = [
        (_("Name"), "left", "name" in rows), (_("Standard"), "left", True), (_("Met by"), "left", True),
    ]  # fmt: skip
    cells = [[row.get("name", ""), row["standard"], row["why"]] for row in records(rows)]
    finding = captions.models(rows, view.language)
    return made(columns, cells, titled(_("Role models and the standard that each met"), finding, view.language))


def proposals(view: Results) -> Table | None:
    """What is proposed, why, and what people decided; None where there is nothing."""
    rows = view.proposals
    if rows.empty:
        return None
    _ = words(view.language)
    columns: list[Column] = [
        (_("Name"), "left", "name" in rows), (_("Matter"), "left", True), (_("Proposed"), "left", True),
        (_("Reasons"), "left", True), (_("Decided"), "left", True), (_("State"), "left", (rows["state"] != "").any()),
        (_("Due"), "left", (rows["due"] != "").any()), (_("Helper"), "left", (rows["helper"] != "").any()),
    ]  # fmt: skip
    cells = [
        [
            row.get("name", ""), row["matter"], row["proposal"] or DASH, row["why"] or DASH,
            _decided(row, view.language), row["state"], row["due"], row["helper"],
        ]
        for row in records(rows)
    ]  # fmt: skip
    note = _("The rules propose and give their reasons. People decide; what they decided stands beside the proposal.")
    finding = captions.proposals(rows, view.language)
    return made(columns, cells, titled(_("What is proposed, and what was decided"), finding, view.language), note=note)


def admitted(view: Slice) -> Text | None:
    """How many are to be registered as a matter of course; None where nobody is."""
    _ = words(view.language)
    n = view.facts["admitted"]
    text = _("To be registered, with nothing said against it: {n}. They are not listed below.")
    return Text(text.format(n=n)) if n else None


def _decided(row: dict[Any, Any], language: str) -> str:
    if not row["decision"]:
        return words(language)("not yet")
    parts = [row["decision"], row["date"], row["decided_by"], row["decision_reason"]]
    return ("，" if language == "zh" else ", ").join(part for part in parts if part)


def papers(view: Results) -> Table | None:
    """Papers that grades call for, and which are not filed; None where there are none."""
    rows = view.papers
    if rows.empty:
        return None
    _ = words(view.language)
    columns: list[Column] = [
        (_("Name"), "left", "name" in rows), (_("Grade"), "left", True), (_("Filed"), "left", True),
        (_("Missing"), "left", True),
    ]  # fmt: skip
    cells = [[row.get("name", ""), row["grade"], row["filed"] or DASH, row["missing"] or DASH]
             for row in records(rows)]  # fmt: skip
    return made(columns, cells, titled(_("Papers to be filed"), captions.papers(rows, view.language), view.language))


def criteria(view: Results) -> Table | None:
    """Criteria in their layers, with their origin; None where there are none."""
    rows = view.criteria
    if rows.empty:
        return None
    _ = words(view.language)
    columns: list[Column] = [
        (_("Criterion"), "left", True), (_("What it asks"), "left", True), (_("Origin"), "left", True),
    ]  # fmt: skip
    cells = [[row["criterion"], row["text"], row["origin"]] for row in records(rows)]
    note = _("The last origin named is the one whose words hold.")
    caption = titled(_("Criteria that hold here"), captions.criteria(rows, view.language), view.language)
    return made(columns, cells, caption, note=note)


def own(view: Any) -> Text | None:  # noqa: ANN401  (the view of a unit)
    """What the unit itself has come to, in a paragraph; None where there is nothing."""
    _ = words(view.language)
    facts = view.facts["own"]
    says = {
        "points": _("The unit itself has {value} points."),
        "index": _("Its index is {value}."),
        "level": _("That is the level {value}."),
        "stars": _("It is proposed for {value}."),
    }
    shown: dict[str, Callable[[Any], str]] = {"points": amount, "index": points, "level": plain, "stars": stars}
    sentences = [says[key].format(value=shown[key](facts[key])) for key in says if facts.get(key) not in {None, ""}]
    if facts.get("stars") is not None and facts.get("stars_before") is not None:
        change = moved(facts["stars"], facts["stars_before"], _)
        sentences.append(_("Against the round before: {change}.").format(change=change))
    return Text(("" if view.language == "zh" else " ").join(sentences)) if sentences else None


def dissatisfied(view: Results) -> Text | None:
    """What satisfaction comes to, in a sentence; None where nobody was asked."""
    rows = view.satisfaction
    rows = rows[(rows["topic"] == "") & (rows["panel"] == "")]
    if rows.empty:
        return None
    _ = words(view.language)
    row = rows.iloc[0]
    text = _("Of {n} answers {share} are dissatisfied (95% interval {span}).").format(
        n=whole(row["n"]), share=share(row["dissatisfied"]), span=f"{span(row['low'], row['high'])}%"
    )
    if row["follows"]:
        text += _(" By the rules this calls for: {follows}.").format(follows=plain(row["follows"]))
    return Text(text)


def bottom(view: Slice) -> Table | None:
    """Units that satisfy least, and whether that can be said; None where nobody was asked."""
    if view.bottom.empty:
        return None
    _ = words(view.language)
    verdicts = {
        "few": _("not enough data"), "unsupported": _("not shown to be worse"), "bottom": _("among the least"),
        "tied": _("tied across the last place"), "other": _("worse, beyond the places"),
    }  # fmt: skip
    columns: list[Column] = [
        (_("Unit"), "left", True), (_("Answers"), "right", True), (_("Dissatisfied"), "right", True),
        (_("95% interval"), "right", True), (_("All others"), "right", True), (_("What can be said"), "left", True),
    ]  # fmt: skip
    cells = [
        [
            row["name"], whole(row["n"]), share(row["dissatisfied"]),
            DASH if pd.isna(row["low"]) else f"{row['low']:.1f}–{row['high']:.1f}%", share(row["others"]),
            verdicts[row["verdict"]],
        ]
        for row in records(view.bottom)
    ]  # fmt: skip
    listed = tuple(place for place, verdict in enumerate(view.bottom["verdict"]) if verdict == "bottom")
    note = _("A unit is listed only where enough have answered and its interval lies above the share of all others.")
    caption = titled(_("Units by dissatisfaction"), captions.bottom(view.bottom, view.language), view.language)
    return made(columns, cells, caption, note=note, mark=listed)

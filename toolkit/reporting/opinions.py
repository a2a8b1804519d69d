"""Opinions on a unit: how many, on what, which themes rise, and how long it takes until they are settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.reporting.frames import records
from toolkit.reporting.prose import Text, joined, plain
from toolkit.reporting.table import DASH, Column, Table, made, share, whole
from toolkit.words import words

if TYPE_CHECKING:
    from toolkit.reporting.slices import Slice


def summary(view: Slice) -> Text | None:
    """How many came in and what became of them; None where too few did."""
    facts = view.facts.get("opinions")
    if not facts:
        return None
    _ = words(view.language)
    _quarter, median, _most = facts["quartiles"]
    sentences = [
        _("Opinions on the themes below: {n}; answered: {replied}.").format(n=facts["n"], replied=facts["replied"]),
        _("Settled by {day}: {closed}; overdue: {overdue}.").format(
            day=facts["as_of"], closed=facts["closed"], overdue=facts["overdue"]
        ),
        _("Half of them are settled within so many days: {n}.").format(n=median["days"])
        if median["days"] is not None
        else _("Fewer than half of them are settled so far."),
    ]
    rises = [plain(row["label"]) for row in records(view.opinions) if row["rises"]]
    if rises:
        between = "、" if view.language == "zh" else ", "
        sentences.append(_("Raised more often than in the round before: {themes}.").format(themes=between.join(rises)))
    return Text(joined(sentences, view.language))


def themes(view: Slice) -> Table | None:
    """Opinions by theme in this round and the one before; None where there are too few."""
    rows = view.opinions
    if rows.empty:
        return None
    _ = words(view.language)
    earlier, least = view.facts["opinions"]["before"], view.facts["opinions"]["least"]
    columns: list[Column] = [
        (_("Theme"), "left", True), (_("Opinions"), "right", True), (_("Share"), "right", True),
        (_("Round before"), "right", earlier), (_("Share before"), "right", earlier), (_("Trend"), "left", earlier),
    ]  # fmt: skip

    def before(n: float) -> str:
        return f"<{least}" if n != n else whole(n)  # noqa: PLR0124  (what is not told)

    cells = [
        [
            row["label"], whole(row["n"]), share(row["share"]), before(row["before"]),
            share(row["share_before"]), _trend(row["rises"], row["adjusted"], _("rising")),
        ]
        for row in records(rows)
    ]  # fmt: skip
    notes = [
        _("Other themes have fewer than {n} opinions in a round; they are in none of these numbers.").format(n=least),
        _("Shares are of what people have coded."),
    ]
    notes += [
        _("A theme is rising where its larger share is no matter of chance: Fisher's exact test, adjusted by Holm.")
    ] * bool(earlier)
    note = joined(notes, view.language)
    return made(columns, cells, _("Opinions by theme"), note=note, mark=tuple(rows.index[rows["rises"].astype(bool)]))


def _trend(rises: object, adjusted: str, rising: str) -> str:
    if not rises:
        return ""
    return f"{rising} (p {adjusted})" if adjusted.startswith("<") else f"{rising} (p = {adjusted})"


def times(view: Slice) -> Table | None:
    """How long it takes until matters are settled; None where none is, or too few came in."""
    facts = view.facts.get("opinions")
    if not facts or not facts["closed"]:
        return None
    _ = words(view.language)
    names = {0.25: _("a quarter"), 0.5: _("half"), 0.75: _("three quarters")}
    columns: list[Column] = [
        (_("Settled"), "left", True), (_("Days"), "right", True), (_("95% interval"), "right", True),
    ]  # fmt: skip
    cells = [
        [names[part["share"]], whole(part["days"]), _ends(part["low"], part["high"])] for part in facts["quartiles"]
    ]
    note = _("Open matters are counted with the days that they have lasted (Kaplan-Meier). A dash: not reached yet.")
    return made(columns, cells, _("Days until a matter is settled"), note=note)


def _ends(low: float | None, high: float | None) -> str:
    return DASH if low is None and high is None else f"{whole(low)}–{whole(high)}"

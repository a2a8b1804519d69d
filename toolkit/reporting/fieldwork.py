"""Field control for those who organise a round: tables and a figure of what has come in and what is missing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.contract import iso_date
from toolkit.faults import UsageError
from toolkit.reporting.chart import COLOURS, Columns
from toolkit.reporting.frames import records
from toolkit.reporting.plots import Plot
from toolkit.reporting.prose import Text, joined, plain
from toolkit.reporting.table import DASH, Column, Table, made, percent, points, whole
from toolkit.survey.progress import by_day, forecasts, hasty, last_day, participation, returns
from toolkit.words import words

if TYPE_CHECKING:
    from pathlib import Path

    from toolkit.study import Study


@dataclass(frozen=True, eq=False)
class Fieldwork:
    """A round in the field on a day.

    Attributes
    ----------
    study : Study
        The study; no rater is in it.
    round : str
        A plain round.
    as_of : date or None
        The day; None where no day is known.
    language : str
        Of what is shown.
    """

    study: Study
    round: str
    as_of: dt.date | None
    language: str

    @property
    def sources(self) -> pd.DataFrame:
        """`participation` by unit and source."""
        return participation(self.study, self.round)

    @property
    def rows(self) -> pd.DataFrame:
        """Submissions up to the day."""
        return returns(self.study, self.round, self.as_of)

    @property
    def by_ratee(self) -> bool:
        """Whether turnout tells of single ratees, which `sources` leaves out."""
        rows = self.study.turnout
        return bool(((rows["round"] == self.round) & (rows["ratee_id"] != "")).any())

    def label(self, name: str) -> str:
        """Label of a source."""
        return self.study.schemes[self.round].label(name, self.language)


def open_fieldwork(study: str | Path | Study, round: str = "", as_of: str = "") -> Fieldwork:  # noqa: A002
    """Open the field control of a study.

    Parameters
    ----------
    study : path or Study
        A study folder.
    round : str
        A plain round; blank for the newest.
    as_of : str
        The day, such as 2026-06-20; blank for the last on which something was handed in.

    Raises
    ------
    UsageError
        If the day is none, or the round is unknown or a combined one.
    """
    from toolkit.study import Study, read_study  # noqa: PLC0415

    found = study if isinstance(study, Study) else read_study(study)
    turn = round or found.round
    participation(found, turn)  # says what is wrong with the round
    if as_of and not iso_date(as_of):
        raise UsageError(f"as_of: {as_of!r}, must be a date such as 2026-06-30")
    days = found.submissions.loc[found.submissions["round"] == turn, "submitted"]
    day = iso_date(as_of) or max(days, default="")
    return Fieldwork(found, turn, dt.date.fromisoformat(day) if day else None, found.schemes[turn].language)


def title(field: Fieldwork) -> Text:
    """What is controlled, as of which day, and how many days are left."""
    _ = words(field.language)
    last = last_day(field.study, field.round)
    sentences = [_("Round: {round}").format(round=plain(field.label(field.round)))]
    if field.as_of:
        sentences.append(_("As of {date}.").format(date=field.as_of))
    if field.as_of and last:
        left = max((last - field.as_of).days, 0)
        sentences.append(_("Ratings are due on {day}; days left: {n}.").format(day=last, n=left))
    else:
        sentences.append(_("How many days are left is not known."))
    head = _("Field control")
    return Text(f"# {head}\n\n{sentences[0]}\n\n{joined(sentences[1:], field.language)}")


def sources(field: Fieldwork) -> Table | Text:
    """Participation by source; in words where turnout tells of no unit as a whole."""
    _ = words(field.language)
    if field.sources.empty:
        by_ratee = _(
            "Turnout is told for single ratees only, so that no participation of sources and units can be shown."
        )
        return Text(by_ratee if field.by_ratee else _("The study states no turnout of this round."))
    steps = ["eligible", "issued", "returned", "valid", "missing"]
    rows = field.sources.groupby("source", sort=False)[steps].sum(min_count=1).reset_index()
    titles = [_("Eligible"), _("Issued"), _("Returned"), _("Valid"), _("Not handed in")]
    columns: list[Column] = [
        (_("Source"), "left", True), *((title, "right", True) for title in titles),
        (_("Participation rate"), "right", True),
    ]  # fmt: skip
    cells = [
        [field.label(row["source"]), *(whole(row[step]) for step in steps), percent(row["valid"], row["eligible"])]
        for row in records(rows)
    ]
    notes = [
        _("As turnout stands in the study, on whatever day."),
        _("Turnout that is told for single ratees is left out.") * field.by_ratee,
    ]
    return made(columns, cells, _("Participation by source"), note=joined(notes, field.language))


def units(field: Fieldwork) -> Table | None:
    """Participation by unit and source, valid of eligible in percent; None where turnout tells of no unit."""
    rows = field.sources
    if rows.empty:
        return None
    _ = words(field.language)
    names = dict(zip(field.study.units["unit_id"], field.study.units["name"], strict=True))
    asked = list(dict.fromkeys(rows["source"]))
    shares = {(row["unit_id"], row["source"]): percent(row["valid"], row["eligible"]) for row in records(rows)}
    columns: list[Column] = [(_("Unit"), "left", True), *((field.label(name), "right", True) for name in asked)]
    cells = [[names[unit], *(shares[unit, name] for name in asked)] for unit in dict.fromkeys(rows["unit_id"])]
    return made(columns, cells, _("Participation rate by unit and source"))


def missing(field: Fieldwork) -> Table | None:
    """Where nothing, or less than half, has come in, and where it is not known; None where that is nowhere."""
    _ = words(field.language)
    rows = field.sources
    behind = rows[rows["state"].isin(["none", "unknown"]) | (2 * rows["returned"] < rows["eligible"])]
    if behind.empty:
        return None
    names = dict(zip(field.study.units["unit_id"], field.study.units["name"], strict=True))
    told = {"none": _("nothing handed in"), "unknown": _("not known"), "part": _("less than half")}
    columns: list[Column] = [
        (_("Unit"), "left", True), (_("Source"), "left", True), (_("State"), "left", True),
        (_("Not handed in"), "right", True),
    ]  # fmt: skip
    cells = [
        [names[row["unit_id"]], field.label(row["source"]), told[row["state"]], whole(row["missing"])]
        for row in records(behind.sort_values("missing", ascending=False, kind="stable"))
    ]
    note = _("Units and sources of which less than half has come in, or it is not known; nobody who rates is named.")
    return made(columns, cells, _("What is still to be handed in"), note=note)


def speeders(field: Fieldwork) -> Table | None:
    """Submissions that were filled in far too fast, by source; None where no times are known."""
    rows = hasty(field.rows)
    if rows.empty:
        return None
    _ = words(field.language)
    summed = rows.groupby("source", sort=False).agg(
        timed=("timed", "sum"), usual=("usual", "first"), n=("hasty", "sum")
    )
    columns: list[Column] = [
        (_("Source"), "left", True), (_("With a known time"), "right", True), (_("Median seconds"), "right", True),
        (_("Too fast"), "right", True), (_("Share"), "right", True),
    ]  # fmt: skip
    cells = [
        [
            field.label(row["source"]), whole(row["timed"]), whole(row["usual"]), whole(row["n"]),
            percent(row["n"], row["timed"]),
        ]
        for row in records(summed.reset_index())
    ]  # fmt: skip
    note = _("Too fast: in less than half of the median time of the source.")
    return made(columns, cells, _("Submissions filled in too fast"), note=note)


def outlook(field: Fieldwork) -> Table | Text:
    """How many will have answered in the end; in words where nothing can be said."""
    _ = words(field.language)
    rows = forecasts(field.study, field.round, field.as_of) if field.as_of else pd.DataFrame()
    if rows.empty:
        return Text(_("There is no forecast: it takes days on which submissions came in, and a last day of the round."))
    columns: list[Column] = [
        (_("Source"), "left", True), (_("Eligible"), "right", True), (_("Handed in"), "right", True),
        (_("Per day of late"), "right", True), (_("Expected in the end"), "right", True),
        (_("95% interval"), "right", True), (_("Expected rate"), "right", True),
    ]  # fmt: skip
    cells = [_forecast(field, row) for row in records(rows)]
    note = _(
        "As if whoever has not answered yet did so on any day with the same probability, judged from the last week."
        " The willing answer first: without reminders it is rather less."
    )
    return made(columns, cells, _("Forecast of the final response"), note=note)


def _forecast(field: Fieldwork, row: dict[str, Any]) -> list[str]:
    known = not pd.isna(row["expected"])
    return [
        field.label(row["source"]), whole(row["eligible"]), whole(row["returned"]), points(row["recent"] / row["days"]),
        whole(row["expected"]), f"{whole(row['low'])}–{whole(row['high'])}" if known else DASH,
        percent(row["expected"], row["eligible"]),
    ]  # fmt: skip


def course(field: Fieldwork) -> Plot | None:
    """Submissions so far by day, in percent of those eligible, a line for each source; None where no days are known."""
    days = by_day(field.rows)
    eligible = field.sources.groupby("source")["eligible"].sum()
    days = days[days["source"].map(eligible).fillna(0) > 0]
    if days.empty or days["day"].min() == days["day"].max():
        return None
    _ = words(field.language)
    names = [str(day.date()) for day in pd.date_range(days["day"].min(), days["day"].max())]
    shares = {
        str(source): (100 * part.set_index("day")["total"].reindex(names).ffill() / eligible[source]).tolist()
        for source, part in days.groupby("source", sort=False)
    }
    most = max(max(share for share in line if share == share) for line in shares.values())  # noqa: PLR0124
    colours = [COLOURS[place % len(COLOURS)] for place in range(len(shares))]
    labels = [field.label(source) for source in shares]
    told = [
        (line[-1], f"{label} {points(line[-1])}%", colour)
        for label, line, colour in zip(labels, shares.values(), colours, strict=True)
    ]
    chart = Columns([name[5:] for name in names], (0, max(5, 5 * -(-most // 5))), told, height=170)
    for line, colour in zip(shares.values(), colours, strict=True):
        chart.trail(line, colour)
    caption = _("Handed in so far, in percent of the eligible")
    return Plot(chart.svg(), f"{caption}: {', '.join(text for _value, text, _colour in told)}", caption)

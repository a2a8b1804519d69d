"""The working list of opinions: what people have coded, what is proposed and suggested beside it; for organisers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.demands import CHANNELS
from toolkit.faults import UsageError, one_of
from toolkit.reporting.heard import theme_label
from toolkit.reporting.privacy import safe
from toolkit.reporting.table import percent, points
from toolkit.scoring.rounds import before
from toolkit.survey.opinions import due, during, last_known, overdue, rising, settled, states
from toolkit.survey.redaction import Redactor
from toolkit.survey.themes import code, suggest
from toolkit.words import named, words

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from toolkit.study import Study
    from toolkit.survey.opinions import Quartile

FORMATS = (".csv", ".xlsx")


def worklist(study: Study, turn: str, *, as_of: dt.date | None = None) -> pd.DataFrame:
    """Every opinion of a round with what the program would make of it.

    Parameters
    ----------
    study : Study
        With opinions and, for what is proposed, themes.
    turn : str
        A round, plain or combined.
    as_of : date, optional
        The day on which matters stand as `state` says; the last one known by default.

    Returns
    -------
    DataFrame
        `id, date, channel, source, unit_id, text`, `theme` (a person's), `proposed` and `why` (by the words of the
        themes), `suggested`, `after` and `likely` (learned from all coded opinions; only where there is neither a theme
        nor a proposal), `owner, opened, due, closed, state, reply`. Those without a theme stand first. Texts that hold
        what identifies a person, since somebody typed them into the table, are redacted here, and `unredacted` says so.

    Raises
    ------
    UsageError
        If the round is unknown, or the extra `survey` is not installed.
    """
    rows = _rows(study, turn)
    everything = study.opinions
    texts, coded = everything["text"].tolist(), everything["theme"].tolist()
    proposed = code(texts, study.themes).set_index(everything.index)
    open_ones = (
        (everything["theme"] == "") & (proposed["proposed"] == "") & everything.index.isin(rows.index)
    ).tolist()
    suggested = suggest(texts, coded, among=open_ones).set_index(everything.index)
    when = due(rows, study.themes)
    state = states(rows, study.themes, as_of) if (as_of := as_of or last_known(everything, study.schemes)) else ""
    redactor = Redactor(study.members["name"].tolist(), study.scheme.language)
    clean = {name: [redactor.redact(text)[0] for text in rows[name]] for name in ("text", "reply")}
    touched = (pd.DataFrame(clean, rows.index) != rows[["text", "reply"]]).any(axis=1)
    table = rows.assign(**clean, unredacted=touched.map({True: "yes", False: ""}), state=state, **when)
    table = table.join(proposed).join(suggested)
    columns = [
        *("id", "date", "channel", "source", "unit_id", "text", "theme", "proposed", "why", "suggested", "after"),
        *("likely", "owner", "opened", "due", "closed", "state", "reply", "unredacted"),
    ]
    return table.sort_values("theme", key=lambda themes: themes != "", kind="stable", ignore_index=True)[columns]


def _rows(study: Study, turn: str) -> pd.DataFrame:
    if turn not in study.schemes:
        raise UsageError(f"round: {turn!r}, {one_of(turn, study.schemes)}")
    return during(study.opinions, study.schemes, turn)


def write_worklist(table: pd.DataFrame, path: Path) -> Path:
    """Write the working list as `.csv` or `.xlsx`, texts safe from being taken for formulas; UsageError for another."""
    if path.suffix not in FORMATS:
        raise UsageError(f"--out: {path.name!r}, must end in one of {', '.join(FORMATS)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    table = safe(table.assign(likely=table["likely"].round(0)))
    if path.suffix == ".csv":
        table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8-sig")
    else:
        with pd.ExcelWriter(path, engine="openpyxl") as book:
            table.to_excel(book, sheet_name="opinions", index=False, freeze_panes=(1, 0))
    return path


def lines(study: Study, turn: str, *, as_of: dt.date | None = None) -> Iterator[str]:
    """What all opinions of a round come to, unsuppressed, a line each; tabs between.

    In the language of the study, labels and names beside ids.
    """
    language = study.scheme.language
    _ = words(language)
    rows, last = _rows(study, turn), before(study, turn)
    day = as_of or last_known(study.opinions, study.schemes)
    called = _("Round: {round}").format(round=_round(study, turn))
    if rows.empty or day is None:
        yield "\t".join([called, _("no opinions")])
        return
    earlier = during(study.opinions, study.schemes, last) if last else rows.iloc[:0]
    was = _("Round before: {round}").format(round=_round(study, last)) if last else _("no round before")
    yield "\t".join([_("Theme"), called, was, _("adjusted p")])
    found = rising(_themes(rows), _themes(earlier)).to_dict("records")
    for row in found:
        theme = named(row["theme"], theme_label(row["theme"], study, turn, language), language)
        yield _theme_line(row, theme, _("rising"))
    yield "\t".join([_("not coded yet"), *(str(int((part["theme"] == "").sum())) for part in (rows, earlier))])
    for title, column, names in (
        (_("Channel"), "channel", _channel_names(language)), (_("Unit"), "unit_id", _unit_names(study)),
    ):  # fmt: skip
        counts = Counter(rows[column]).most_common()
        yield f"{title}\t" + _between(language).join(f"{names.get(name, name)} {n}" for name, n in counts)
    yield _settled_line(rows, day, language)
    for late in overdue(rows, study.themes, day).to_dict("records"):
        longest = _("{n}; days overdue at most: {days}").format(n=late["n"], days=late["longest"])
        yield "\t".join([_("overdue"), late["owner"] or _("nobody"), longest])


def _round(study: Study, turn: str) -> str:
    language = study.scheme.language
    return named(turn, study.schemes[turn].label(turn, language), language)


def _channel_names(language: str) -> dict[str, str]:
    """Channels are words in English already."""
    return {key: named(key, name, language) for key, name in CHANNELS.items()} if language == "zh" else {}


def _unit_names(study: Study) -> dict[str, str]:
    units = zip(study.units["unit_id"], study.units["name"], strict=True)
    return {unit: named(unit, name, study.scheme.language) for unit, name in units}


def _between(language: str) -> str:
    return "、" if language == "zh" else ", "


def _settled_line(rows: pd.DataFrame, day: dt.date, language: str) -> str:
    """How many matters are settled by a day, and how long that took."""
    _ = words(language)
    found = settled(rows, day)
    counts = _("Settled by {day}: {closed} of {n}").format(day=day, closed=found.closed, n=found.n)
    return f"{counts}\t" + ("；" if language == "zh" else "; ").join(_quartile(part, _) for part in found.quartiles)


def _themes(rows: pd.DataFrame) -> dict[str, int]:
    """Opinions by the theme that people gave them, the most frequent first; what nobody has coded is left out."""
    return dict(Counter(filter(None, rows["theme"])).most_common())


def _theme_line(row: dict[Any, Any], name: str, rises: str) -> str:
    told = "" if pd.isna(row["p"]) else f"{row['adjusted']:.3f}{f' {rises}' if row['rises'] else ''}"
    shares = (f"{row[n]} ({points(row[share])}%)" for n, share in (("n", "share"), ("before", "share_before")))
    return "\t".join([name, *shares, told]).rstrip()


def _quartile(found: Quartile, _: Callable[[str], str]) -> str:
    share = percent(float(found.share), 1).replace(".0%", "%")
    if found.days is None:
        return _("{share} not reached").format(share=share)
    interval = f"{found.low or 0}-{'' if found.high is None else found.high}"
    return _("{share} within {days} days ({interval})").format(share=share, days=found.days, interval=interval)

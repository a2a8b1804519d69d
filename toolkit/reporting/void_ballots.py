"""Void ballots as a list, and scores with and without them side by side: for the organisers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.faults import UsageError
from toolkit.reporting.privacy import safe
from toolkit.reporting.prose import broken_rules
from toolkit.words import named, words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from toolkit.scheme import Scheme
    from toolkit.scoring.scores import Scores
    from toolkit.study import Study

FORMATS = (".csv", ".xlsx")
KEYS = ["round", "ratee_id", "source"]
BOTH = [*KEYS, "all", "counted", "change", "n_all", "n_counted"]


def beside(everything: Scores, counted: Scores) -> pd.DataFrame:
    """Scores made of every ballot beside those made of the ballots that count.

    Parameters
    ----------
    everything, counted : Scores
        Of the study read with `void=False`, and as its rules have it.

    Returns
    -------
    DataFrame
        `round, ratee_id, source` (blank: all sources), `all` and `counted` (scores over all indicators, 0-100, NaN for
        none), `change` and the raters `n_all` and `n_counted`: a row for everything that the void ballots touch, in the
        order of the scores.
    """
    parts = []
    for scores in (everything, counted):
        table = scores.table.astype({"indicator": str})
        rows = table.loc[table["indicator"] == "", [*KEYS, "score", "n"]]
        parts.append(rows.astype(dict.fromkeys(KEYS, str)))
    found = parts[0].merge(parts[1], on=KEYS, how="left", suffixes=("_all", "_counted"))
    found = found.rename(columns={"score_all": "all", "score_counted": "counted"})
    found["change"] = found["counted"] - found["all"]
    same = (found["all"].fillna(-1) == found["counted"].fillna(-1)) & (found["n_all"] == found["n_counted"])
    return found.loc[~same, BOTH].reset_index(drop=True)


def lines(study: Study, both: pd.DataFrame) -> Iterator[str]:
    """A line for every rule that a ballot breaks, then one for every score that changes; tabs between.

    In the language of the study, labels and names beside ids.
    """
    language, names = study.scheme.language, _names(study)
    _, reasons = words(language), broken_rules(study.scheme.language)

    def called(turn: str, name: str) -> str:
        return named(name, names.get(name) or study.schemes[turn].label(name, language), language)

    for row in study.void.to_dict("records"):
        turn = row["round"]
        ballot = _("ballot {n}").format(n=row["ballot"]) if row["ballot"] else _("every ballot")
        place = "/".join(called(turn, name) for name in (row["unit_id"], row["ratee_id"]) if name)
        why = dict.fromkeys([reasons[row["rule"]], _retold(row["found"], study.schemes[turn], language)])
        yield "\t".join([called(turn, turn), called(turn, row["source"]), place, ballot, *why])
    for row in both.to_dict("records"):
        turn = row["round"]
        source = called(turn, row["source"]) if row["source"] else _("All sources")
        scores = f"{_written(row['all'])} -> {_written(row['counted'])}"
        raters = _("raters: {before} -> {after}").format(before=f"{row['n_all']:.0f}", after=f"{row['n_counted']:.0f}")
        yield "\t".join([called(turn, turn), source, called(turn, row["ratee_id"]), scores, raters])


def _names(study: Study) -> dict[str, str]:
    """What units and members are called, by id."""
    tables = ((study.units, "unit_id"), (study.members, "member_id"))
    return {key: name for table, ids in tables for key, name in zip(table[ids], table["name"], strict=True)}


def _phrases(language: str) -> list[str]:
    """What `found` may say, and of what it is made: a longer phrase before a shorter one that it holds."""
    _ = words(language)
    return [
        _("{n} of {base} given {level}, must be {limit}"), _("{what} {n} of {base} {over}, must be at least {least}"),
        _("{n} returned of {base} issued"), _("handed in twice"), _("{n} seconds, must be at least {least}"),
        _("the same answer {n} times"), _("{bound} and {other}"), _("{bound} of them"), _("at least {n}"),
        _("above {n}"), _("at most {n}"), _("below {n}"), _("eligible"), _("issued"), _("returned"), _("valid"),
    ]  # fmt: skip


def _retold(found: str, scheme: Scheme, language: str, gap: str = "") -> str:
    """What was found, part by part, in `language`; levels by their labels."""
    for phrase, told in zip(_phrases("en"), _phrases(language), strict=True):
        match = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>.+?)", phrase), found)
        if match:
            return told.format(**{gap: _retold(part, scheme, language, gap) for gap, part in match.groupdict().items()})
    if gap != "level":  # a number, which may be the name of a level too
        return found
    return "/".join(scheme.label(level, language) for level in found.split("/"))


def write_void(void: pd.DataFrame, both: pd.DataFrame, path: Path) -> list[Path]:
    """Write the void ballots and the scores side by side, unsuppressed: the organisers' file.

    Parameters
    ----------
    void : DataFrame
        `Study.void`.
    both : DataFrame
        See `beside`.
    path : path
        `.csv` holds the ballots, and `NAME.scores.csv` beside it the scores; a workbook has a sheet for each.

    Raises
    ------
    UsageError
        If the format is neither.
    """
    if path.suffix not in FORMATS:
        raise UsageError(f"--out: {path.name!r}, must end in one of {', '.join(FORMATS)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".xlsx":
        with pd.ExcelWriter(path, engine="openpyxl") as book:
            for name, frame in (("ballots", void), ("scores", both)):
                safe(frame).to_excel(book, sheet_name=name, index=False, freeze_panes=(1, 0))
        return [path]
    scores = path.with_suffix(".scores.csv")
    for target, frame in ((path, void), (scores, both)):
        safe(frame).to_csv(target, index=False, lineterminator="\n", encoding="utf-8-sig")
    return [path, scores]


def _written(score: float) -> str:
    return "-" if pd.isna(score) else f"{score:.2f}"

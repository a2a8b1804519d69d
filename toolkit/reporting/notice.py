"""A notice for the public board: counts of grades and stars, no cell of few, and only role models by name."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from toolkit.reporting.captions.results import models as by_standard
from toolkit.reporting.captions.rules import titled
from toolkit.reporting.captions.scores import shares as most_frequent
from toolkit.reporting.frames import records
from toolkit.reporting.prose import Text, joined, plain
from toolkit.reporting.table import Column, Table, made, percent, points, share
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from toolkit.reporting.slices import Slice

FEWEST = 3
"""A count below it would point at persons: such cells are taken together with their neighbours."""


def gathered(
    counts: Mapping[str, int], least: int = FEWEST, lines: Collection[int] = ()
) -> list[tuple[list[str], int]]:
    """Neighbouring cells taken together until none holds fewer than `least`.

    Parameters
    ----------
    counts : mapping
        Members by grade or stars, in order.
    least : int
        Fewest members of a cell; empty cells join their neighbours.
    lines : collection of int
        How many members stand above each line of another table of the same members, in the same order: between a line
        of the one and a line of the other there must not be fewer than `least` either.

    Returns
    -------
    list of (names, count)
        In the same order; a single cell of fewer than `least` where all together are no more.
    """
    cells: list[tuple[list[str], int]] = []
    names, total, above = list[str](), 0, 0
    for name, count in counts.items():
        names, total, above = [*names, name], total + count, above + count
        if total >= least and not any(0 < abs(above - line) < least for line in lines):
            cells.append((names, total))
            names, total = [], 0
    if names and cells and total < least:
        last, held = cells.pop()
        names, total = [*last, *names], held + total
    return [*cells, (names, total)] if names else cells


def title(view: Slice) -> Text:
    """What is announced, by whom."""
    _ = words(view.language)
    space = "" if view.language == "zh" else " "
    period = _("Round: {round}").format(round=plain(view.round)) + (f" ({plain(view.period)})" if view.period else "")
    return Text(f"# {plain(view.unit)}{space}{_('Public notice')}\n\n{plain(view.title)}\n\n{period}")


def summary(view: Slice) -> Text:
    """How many were appraised, by how many, and the mean."""
    _ = words(view.language)
    facts = view.facts
    sentences = [_("Members: {members}; scored: {scored}.").format(members=facts["members"], scored=facts["scored"])]
    # the mean of one is his score, and of two each finds the other's
    if facts["score"] is not None and facts["scored"] >= FEWEST:
        sentences.append(_("Their mean score is {score} of 100.").format(score=points(facts["score"])))
    rows = view.turnout[view.turnout["eligible"].notna() & view.turnout["valid"].notna()]
    eligible, valid = rows["eligible"].sum(), rows["valid"].sum()
    if eligible:
        took = _("Of those who could vote {share} did.")
        sentences.append(took.format(share=percent(valid, eligible)))
    sentences.append(_("Whoever sees it otherwise may say so to the branch; it will be looked into."))
    return Text(joined(sentences, view.language))


def grades(view: Slice) -> Table | None:
    """Members by proposed grade, small cells together; None where nobody is graded, or all are too few."""
    _ = words(view.language)
    return _counts(view, gathered(_graded(view)), _("Proposed grade"), _("Members by proposed grade"))


def _graded(view: Slice) -> dict[str, int]:
    """Members by grade, from the best down."""
    labels, counts = view.method["grade_labels"], view.facts["grades"]
    order = sorted(counts, key=lambda name: view.method["bands"].get(name, 0), reverse=True)
    return {labels.get(name, name): counts[name] for name in order}


def stars(view: Slice) -> Table | None:
    """Members by proposed stars, small cells together; None where there are none, or all are too few.

    Exempt members do not count, as they do not for grades: who is in one table alone would be found from the other.
    """
    _ = words(view.language)
    if view.results.empty:
        return None
    exempt = set(view.league.loc[view.league["exempt"].astype(bool), "member_id"])
    held = [int(star) for star in view.results.loc[~view.results["ratee_id"].isin(exempt), "stars"].dropna()]
    counts = {f"{star} ★": held.count(star) for star in range(max(held, default=-1), -1, -1)}
    graded = gathered(_graded(view)) if grades(view) else []
    *lines, total = [0, *accumulate(count for _, count in graded)]
    if 0 < abs(total - len(held)) < FEWEST and graded:
        return None
    return _counts(view, gathered(counts, lines=lines), _("Proposed stars"), _("Members by proposed stars"))


def models(view: Slice) -> Table | None:
    """Role models by name and standard; their values stay within the branch. None where there are none."""
    if view.models.empty:
        return None
    _ = words(view.language)
    columns: list[Column] = [(_("Name"), "left", True), (_("Standard"), "left", True)]
    rows = [[row["name"], row["standard"]] for row in records(view.models)]
    finding = by_standard(view.models, view.language)
    return made(columns, rows, titled(_("Role models and the standard that each met"), finding, view.language))


def _counts(view: Slice, cells: list[tuple[list[str], int]], head: str, caption: str) -> Table | None:
    total = sum(count for _, count in cells)
    if total < FEWEST:
        return None
    _ = words(view.language)
    between = "、" if view.language == "zh" else ", "
    columns: list[Column] = [
        (head, "left", True),
        (_("Members"), "right", True),
        (_("Share"), "right", True),
    ]
    rows = [[between.join(names), str(count), share(100 * count / total)] for names, count in cells]
    note = _("Where fewer than {n} members would stand alone, neighbouring lines are taken together.").format(n=FEWEST)
    finding = most_frequent([(between.join(names), count) for names, count in cells], view.language)
    return made(columns, rows, titled(caption, finding, view.language), note=note)

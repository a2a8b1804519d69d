"""A notice for the public board: counts of grades and stars, no cell of few, and only role models by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.reporting.prose import Text, joined, plain
from toolkit.reporting.table import Column, Table, made, percent, points, share
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toolkit.reporting.slices import Slice

FEWEST = 3
"""A count below it would point at persons: such cells are taken together with their neighbours."""


def gathered(counts: Mapping[str, int], least: int = FEWEST) -> list[tuple[list[str], int]]:
    """Neighbouring cells taken together until none holds fewer than `least`.

    Parameters
    ----------
    counts : mapping
        Members by grade or stars, in order.
    least : int
        Fewest members of a cell; empty cells join their neighbours.

    Returns
    -------
    list of (names, count)
        In the same order; a single cell of fewer than `least` where all together are no more.
    """
    cells: list[tuple[list[str], int]] = []
    names, total = list[str](), 0
    for name, count in counts.items():
        names, total = [*names, name], total + count
        if total >= least:
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
    if facts["score"] is not None:
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
    labels = view.method["grade_labels"]
    counts = {labels.get(name, name): count for name, count in view.facts["grades"].items()}
    return _counts(view, counts, _("Proposed grade"), _("Members by proposed grade"))


def stars(view: Slice) -> Table | None:
    """Members by proposed stars, small cells together; None where there are none, or all are too few."""
    _ = words(view.language)
    there = view.results["stars"].dropna() if len(view.results) else view.results
    if not len(there):
        return None
    held = [int(star) for star in there.to_numpy(dtype=float)]
    counts = {f"{star} ★": held.count(star) for star in range(max(held), -1, -1)}
    return _counts(view, counts, _("Proposed stars"), _("Members by proposed stars"))


def _counts(view: Slice, counts: Mapping[str, int], head: str, caption: str) -> Table | None:
    cells = gathered(counts)
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
    return made(columns, rows, caption, note=note)

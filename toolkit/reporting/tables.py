"""The tables of a unit's report and of the overview."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.reporting.captions import scores as captions
from toolkit.reporting.captions.rules import titled
from toolkit.reporting.frames import records
from toolkit.reporting.table import DASH, Align, Table, gap, percent, points, share, span, whole
from toolkit.scheme import SELF
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from toolkit.reporting.slices import Slice

FEWEST = 4
"""With fewer indicators the strongest and the weakest would say what the matrix says."""


def _table(
    columns: Iterable[tuple[str, Align]],
    rows: Iterable[Iterable[str]],
    caption: str,
    **more: Any,  # noqa: ANN401
) -> Table:
    return Table(tuple(columns), tuple(tuple(row) for row in rows), caption, **more)


def turnout(view: Slice) -> Table:
    """Who could vote, who did, and how many answers were left blank, by source."""
    _ = words(view.language)
    counts = ("eligible", "issued", "returned", "valid")
    rows = [
        [
            row["label"],
            *(whole(row[name]) for name in counts),
            percent(row["valid"], row["eligible"]),
            share(row["blank"]),
        ]
        for row in records(view.turnout)
    ]
    titles = [_("Eligible"), _("Issued"), _("Returned"), _("Valid"), _("Participation rate"), _("Blank answers")]
    columns: list[tuple[str, Align]] = [
        (_("Source"), "left"),
        *((title, "right") for title in titles),
    ]
    note = _(
        "Participation is valid over eligible. Blank answers (abstentions and the like) are left out of every mean."
    )
    caption = titled(_("Participation by source"), captions.turnout(view.turnout, view.language), view.language)
    return _table(columns, rows, caption, note=note)


def league(view: Slice) -> Table | None:
    """Members of the unit in order, with interval and proposed grade; None where there are none."""
    if view.league.empty:
        return None
    _ = words(view.language)
    marks = {
        "partial": _("part missing"),
        "thin": _("too little seen"),
        "incomplete": _("incomplete"),
        "unrated": _("no valid rating"),
        "withheld": _("not shown to protect raters"),
    }
    rows = []
    for row in records(view.league):
        remarks = [marks[row["status"]]] if row["status"] in marks else []
        if row["status"] == "partial":
            remarks = [_("part missing, {share}% seen").format(share=whole(row["coverage"]))]
        remarks += [_("exempt")] if row["exempt"] else []
        remarks += [_quota_remark(row, _)] if not pd.isna(row["places"]) else []
        grade = view.method["grade_labels"].get(row["grade"], row["grade"]) if row["grade"] else DASH
        remark = "; ".join(remarks) if view.language == "en" else "；".join(remarks)
        score = (points(row["score"]), span(row["low"], row["high"]))
        rows.append([whole(row["rank"]), row["name"], row["category"], *score, grade, remark])
    columns: list[tuple[str, Align]] = [
        (_("Place"), "right"), (_("Name"), "left"), (_("Category"), "left"), (_("Score"), "right"),
        (_("95% interval"), "right"), (_("Proposed grade"), "left"), (_("Remark"), "left"),
    ]  # fmt: skip
    graded = bool(view.method["grade_labels"])
    kept = [True, True, (view.league["category"] != "").any(), True, True, graded, True]
    notes = [_("Equal scores share a place."), _("The grade is a proposal by the rules; people decide.") * graded]
    return _table(
        compress(columns, kept),
        (compress(row, kept) for row in rows),
        titled(_("Members in order of their score"), captions.league(view.league, view.language), view.language),
        note=(" " if view.language == "en" else "").join(filter(None, notes)),
    )


def _quota_remark(row: Mapping[Any, Any], _: Callable[[str], str]) -> str:
    if row["tied"]:
        return _("tied across the quota of {n}").format(n=whole(row["places"]))
    return _("beyond the quota of {n}").format(n=whole(row["places"]))


def matrix(view: Slice) -> Table:
    """Mean of the unit by indicator and source."""
    _ = words(view.language)
    labels = [
        "　" * max(int(depth) - 1, 0) + (label or _("All indicators"))
        for label, depth in zip(view.matrix["label"], view.matrix["depth"], strict=True)
    ]
    scores = [*(view.by_source[name] for name in view.by_source.columns), view.matrix["score"]]
    rows = list(zip(labels, *(map(points, column) for column in scores), strict=True))
    columns: list[tuple[str, Align]] = [
        (_("Indicator"), "left"), *((view.labels[name], "right") for name in view.by_source.columns),
        (_("All sources"), "right"),
    ]  # fmt: skip
    note = _("Means of the scored members, 0-100. A dash: not asked, not rated, or not shown to protect raters.")
    finding = captions.gaps(view.matrix, view.by_source, view.labels, view.language)
    caption = titled(_("Indicators by source"), finding, view.language)
    return _table(columns, rows, caption, note=note, mark=(0,) if rows else ())


def selves(view: Slice) -> Table | None:
    """The members' view of themselves beside the view of others; None where there are none."""
    if view.selves.empty:
        return None
    _ = words(view.language)
    rows = [
        [row["label"] or _("All indicators"), points(row["self"]), points(row["others"]), gap(row["gap"])]
        for row in records(view.selves)
    ]
    columns: list[tuple[str, Align]] = [
        (_("Indicator"), "left"), (_("Self"), "right"), (_("Others"), "right"), (_("Gap"), "right"),
    ]  # fmt: skip
    note = (
        _(
            "Means of the unit. Single self ratings are for the member's own eyes. They weigh in the score,"
            " which stands here for the others."
        )
        if any(row["weights"].get(SELF) for row in view.method["weights"])
        else _("Means of the unit. Single self ratings are for the member's own eyes and weigh nothing in the score.")
    )
    caption = titled(_("Self against others"), captions.selves(view.selves, view.language), view.language)
    return _table(columns, rows, caption, note=note)


def extremes(view: Slice) -> Table | None:
    """The strongest and the weakest indicators of the unit; None where there are none."""
    leaves = view.matrix[view.matrix["leaf"] & view.matrix["score"].notna() & (view.matrix["indicator"] != "")]
    if len(leaves) < FEWEST:
        return None
    _ = words(view.language)
    ordered = leaves.sort_values("score", ascending=False, kind="stable")
    each = 2
    picked = [(_("Strongest"), row) for row in records(ordered.head(each))]
    picked += [(_("Weakest"), row) for row in records(ordered.tail(each).iloc[::-1])]
    rows = [[kind, row["label"], points(row["score"])] for kind, row in picked]
    columns: list[tuple[str, Align]] = [
        ("", "left"),
        (_("Indicator"), "left"),
        (_("Score"), "right"),
    ]
    finding = captions.extremes(view.matrix, view.language)
    return _table(columns, rows, titled(_("Strongest and weakest indicators"), finding, view.language))


def children(view: Slice) -> Table | None:
    """Units with their means: all in the overview, those below in a parent's report; None where there are none."""
    if view.children.empty:
        return None
    _ = words(view.language)
    rows = [
        [
            "　" * int(row["depth"]) + row["name"],
            whole(row["members"]),
            whole(row["scored"]),
            points(row["score"]),
            span(row["low"], row["high"]),
        ]
        for row in records(view.children)
    ]
    columns: list[tuple[str, Align]] = [
        (_("Unit"), "left"), (_("Members"), "right"), (_("Scored members"), "right"), (_("Score"), "right"),
        (_("95% interval"), "right"),
    ]  # fmt: skip
    return _table(columns, rows, titled(_("Units"), captions.units(view.children, view.language), view.language))


def grades(view: Slice) -> Table | None:
    """How many members each grade is proposed for; None where there are none."""
    if not any(view.facts["grades"].values()):
        return None
    _ = words(view.language)
    counts = view.facts["grades"]
    total = sum(counts.values())
    rows = [
        [view.method["grade_labels"].get(name, name), str(count), percent(count, total)]
        for name, count in counts.items()
    ]
    columns: list[tuple[str, Align]] = [
        (_("Proposed grade"), "left"),
        (_("Members"), "right"),
        (_("Share"), "right"),
    ]
    cells = list(zip((row[0] for row in rows), counts.values(), strict=True))
    return _table(columns, rows, titled(_("Proposed grades"), captions.shares(cells, view.language), view.language))


def weights(view: Slice) -> Table:
    """Weights of the sources by category, as the scheme states them."""
    _ = words(view.language)
    return _weights(view, "weights", _("Weights of the sources"), names=view.method["source_labels"], digits=".4g")


def effective(view: Slice) -> Table | None:
    """What every indicator weighs in the end; None where there is but one."""
    names = view.method["indicator_labels"]
    if len(names) <= 1:
        return None
    _ = words(view.language)
    note = _(
        "A source that is not asked an indicator leaves its share to its other indicators,"
        " so these differ from the weights of the scheme."
    )
    return _weights(view, "effective", _("Effective weights of the indicators"), names=names, digits=".1f", note=note)


def _weights(view: Slice, facts: str, caption: str, *, names: Mapping[str, str], digits: str, note: str = "") -> Table:
    """A row for each category, and for each round where their schemes differ."""
    _ = words(view.language)
    turns = any(row["round"] for row in view.method[facts])
    rows = [
        [
            *([row["round"]] if turns else []),
            row["category"] or _("All members"),
            *(f"{row['weights'][name]:{digits}}%" if name in row["weights"] else DASH for name in names),
        ]
        for row in view.method[facts]
    ]
    finding = captions.weights(view.method[facts], names, digits, view.language)
    columns: list[tuple[str, Align]] = [
        *((title, "left") for title in ([_("Round")] if turns else []) + [_("Category")]),
        *((label, "right") for label in names.values()),
    ]
    return _table(columns, rows, titled(caption, finding, view.language), note=note)

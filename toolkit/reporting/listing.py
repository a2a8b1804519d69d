"""Proposals beside decisions as a list: for the terminal, and as a file for those who decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit.faults import UsageError
from toolkit.reporting.privacy import safe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from toolkit.conduct.proposals import Proposals

FORMATS = (".csv", ".xlsx")
PLAIN = {"none": "no condition is against it", "exempt": "exempt from rating"}
"""Reasons that are no conditions."""


def listed(found: Proposals) -> pd.DataFrame:
    """`Proposals.proposals` with all reasons of a row in one more column, `reasons`, after the proposal."""
    by_case = {
        key: "; ".join(map(_reason, rows.to_dict("records")))
        for key, rows in found.reasons.groupby(["ratee_id", "matter"], sort=False)
    }
    table = found.proposals.copy()
    keys = zip(table["ratee_id"], table["matter"], strict=True)
    table.insert(list(table).index("proposal") + 1, "reasons", [by_case.get(key, "") for key in keys])
    table["agrees"] = [{True: "yes", False: "no"}.get(agrees, "") for agrees in table["agrees"]]
    return table


def lines(found: Proposals) -> Iterator[str]:
    """A line for every ratee and matter: what is proposed and why, what was decided, where it stands; tabs between."""
    for row in listed(found).to_dict("records"):
        why = f" ({row['reasons']})" if row["reasons"] else ""
        parts = [row["date"], row["decided_by"], row["decision_reason"]]
        decided = f"decided: {row['decision']} ({', '.join(filter(None, parts))})" if row["decision"] else ""
        told = {"state": row["state"], "due": row["due"], "helper": row["helper"]}
        rest = ", ".join(f"{name} {text}" for name, text in told.items() if text)
        yield "\t".join([row["ratee_id"], row["matter"], f"{row['proposal'] or '-'}{why}", decided, rest]).rstrip()


def write_proposals(found: Proposals, path: Path) -> Path:
    """Write proposals, their reasons and what was decided.

    Parameters
    ----------
    found : Proposals
        See `propose`.
    path : path
        `.csv` holds `listed`; a workbook has the sheets `reasons`, `cases`, `decisions` and `replies` besides.

    Raises
    ------
    UsageError
        If the format is neither.
    """
    if path.suffix not in FORMATS:
        raise UsageError(f"--out: {path.name!r}, must end in one of {', '.join(FORMATS)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    table = safe(listed(found))
    if path.suffix == ".csv":
        table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8-sig")
        return path
    reasons = found.reasons.assign(value=found.reasons["value"].map(_written))
    sheets = {"reasons": reasons, "cases": found.cases, "decisions": found.history, "replies": found.replies}
    with pd.ExcelWriter(path, engine="openpyxl") as book:
        for name, frame in {"proposals": table, **sheets}.items():
            safe(frame).to_excel(book, sheet_name=name, index=False, freeze_panes=(1, 0))
    return path


def _reason(row: dict[Any, Any]) -> str:
    if row["code"] in PLAIN:
        return PLAIN[row["code"]]
    bound = f" ({row['bound']})" if row["bound"] else ""
    return f"{row['of']} {'not known' if row['code'] == 'unknown' else _written(row['value'])}{bound}"


def _written(value: object) -> str:
    """A value with all its digits: 3, 88.25, 2/7."""
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)

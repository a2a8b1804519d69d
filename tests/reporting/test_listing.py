"""Proposals as a list and as files."""

from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest

from toolkit.conduct.proposals import PROPOSALS, WHY, Proposals
from toolkit.conduct.remediation import CASES
from toolkit.conduct.replies import REPLIES
from toolkit.contract import OPTIONAL, REQUIRED
from toolkit.faults import UsageError
from toolkit.reporting.listing import lines, listed, write_proposals


@pytest.fixture
def found():
    """One branch and two members."""
    blank = dict.fromkeys(PROPOSALS, "")
    rows = [
        {"ratee_id": "a", "matter": "grade", "proposal": "A", "decision": "B", "date": "2026-07-20",
         "decided_by": "=meeting", "decision_reason": "why", "agrees": False},
        {"ratee_id": "a", "matter": "registration", "proposal": "admit", "agrees": None},
        {"ratee_id": "b", "matter": "registration", "proposal": "none", "agrees": None},
        {"ratee_id": "b", "matter": "remediation", "decision": "order", "date": "2026-07-20", "decided_by": "office",
         "agrees": True, "due": "2026-10-18", "helper": "a", "state": "open"},
        {"ratee_id": "U", "matter": "remediation", "proposal": "order", "agrees": None, "state": "proposed"},
    ]  # fmt: skip
    reasons = [
        ("r", "a", "registration", "none", "", None, ""),
        ("r", "a", "registration", "unknown", "measure.hours", None, "< 12"),
        ("r", "b", "registration", "exempt", "", None, ""),
        ("r", "U", "remediation", "met", "dissatisfied", Fraction(50, 150), "≥ 0.3"),
        ("r", "U", "remediation", "met", "score", 59.25, "< 60"),
    ]
    return Proposals(
        "r", "2026-07-31",
        pd.DataFrame([{**blank, "round": "r", **row} for row in rows], columns=PROPOSALS),
        pd.DataFrame(reasons, columns=WHY).astype({"value": object}),
        pd.DataFrame(columns=[*REQUIRED["decisions"], *OPTIONAL["decisions"]]),
        pd.DataFrame(columns=CASES), pd.DataFrame(columns=REPLIES),
    )  # fmt: skip


def test_all_reasons_of_a_proposal_stand_beside_it(found):
    table = listed(found)
    assert list(table["reasons"]) == [
        "", "no condition is against it; measure.hours not known (< 12)", "exempt from rating", "",
        "dissatisfied 1/3 (≥ 0.3); score 59.25 (< 60)",
    ]  # fmt: skip
    assert list(table["agrees"]) == ["no", "", "", "yes", ""]


def test_a_line_says_what_is_proposed_and_decided_and_where_it_stands(found):
    assert list(lines(found)) == [
        "a\tgrade\tA\tdecided: B (2026-07-20, =meeting, why)",
        "a\tregistration\tadmit (no condition is against it; measure.hours not known (< 12))",
        "b\tregistration\tnone (exempt from rating)",
        "b\tremediation\t-\tdecided: order (2026-07-20, office)\tstate open, due 2026-10-18, helper a",
        "U\tremediation\torder (dissatisfied 1/3 (≥ 0.3); score 59.25 (< 60))\t\tstate proposed",
    ]


def test_a_csv_holds_the_list_and_no_formula(found, tmp_path):
    path = write_proposals(found, tmp_path / "new" / "list.csv")
    back = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert list(back) == list(listed(found))
    assert len(back) == 5
    assert not back["decided_by"].str.startswith("=").any()


def test_a_workbook_holds_what_the_list_rests_on_as_well(found, tmp_path):
    book = pd.read_excel(
        write_proposals(found, tmp_path / "list.xlsx"),
        engine="openpyxl",
        sheet_name=None,
        dtype=str,
        keep_default_na=False,
    )
    assert list(book) == ["proposals", "reasons", "cases", "decisions", "replies"]
    assert list(book["reasons"]["value"]) == ["", "", "", "1/3", "59.25"]


def test_another_format_is_refused(found):
    with pytest.raises(UsageError, match=r"--out: 'list\.pdf', must end in one of \.csv, \.xlsx"):
        write_proposals(found, Path("list.pdf"))

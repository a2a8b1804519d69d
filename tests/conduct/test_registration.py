"""Who is rated enough to be admitted."""

import numpy as np
import pandas as pd

from toolkit.conduct.registration import register
from toolkit.rules import Registration


def people(**columns):
    """Two members who are not exempt."""
    return pd.DataFrame({"kind": "member", "exempt": False, **columns}, index=["a", "b"])


def test_a_grade_by_votes_or_a_score_alone_is_enough():
    found, _ = register(people(score=[np.nan, 80.0], grade=["B", None]), Registration())
    assert found.to_dict() == {"a": "admit", "b": "admit"}


def test_where_the_scheme_has_no_grades_a_score_is_enough():
    found, reasons = register(people(score=[80.0, np.nan]), Registration())
    assert found.to_dict() == {"a": "admit", "b": "none"}
    assert reasons[["ratee_id", "code", "of"]].to_numpy().tolist() == [["a", "none", ""], ["b", "unknown", "score"]]


def test_without_rules_nothing_is_proposed():
    found, reasons = register(people(score=[80.0, np.nan]), None)
    assert found.empty
    assert reasons.empty

"""Appraise people and organisations from many sources, and study the appraisal.

>>> import toolkit as tk
>>> study = tk.read_study("surveys/demo")
>>> scores = tk.score(study)
>>> scores.ratees  # composite, interval, coverage, rank and proposed grade of everybody
"""

from toolkit.faults import Fault, StudyError
from toolkit.reporting import change, member, notice, plots, prose, results, tables
from toolkit.reporting.compare import open_change
from toolkit.reporting.sheet import open_sheet
from toolkit.reporting.slices import open_slice
from toolkit.scheme import Scheme
from toolkit.scoring.evaluation import effective_weights
from toolkit.scoring.scores import Scores, score
from toolkit.study import Study, read_study

__all__ = [
    "Fault",
    "Scheme",
    "Scores",
    "Study",
    "StudyError",
    "change",
    "effective_weights",
    "member",
    "notice",
    "open_change",
    "open_sheet",
    "open_slice",
    "plots",
    "prose",
    "read_study",
    "results",
    "score",
    "tables",
]

"""Appraise people and organisations from many sources, and study the appraisal.

>>> import toolkit as tk
>>> study = tk.read_study("surveys/demo")
>>> scores = tk.score(study)
>>> scores.ratees  # composite, interval, coverage, rank and proposed grade of everybody
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit.faults import Fault, StudyError
    from toolkit.reporting import (
        change,
        experiment,
        experiment_plots,
        fieldwork,
        findings,
        member,
        notice,
        opinions,
        plots,
        prose,
        results,
        tables,
    )
    from toolkit.reporting.compare import open_change
    from toolkit.reporting.fieldwork import open_fieldwork
    from toolkit.reporting.sheet import open_sheet
    from toolkit.reporting.slices import open_slice
    from toolkit.reporting.trial import open_experiment
    from toolkit.scheme import Scheme
    from toolkit.scoring.evaluation import effective_weights
    from toolkit.scoring.scores import Scores, score
    from toolkit.study import Study, read_study
    from toolkit.weighting.model import model
    from toolkit.weighting.outcomes import outcomes
    from toolkit.weighting.sweep import sweep
    from toolkit.widgets import explore

__all__ = [
    "Fault",
    "Scheme",
    "Scores",
    "Study",
    "StudyError",
    "change",
    "effective_weights",
    "experiment",
    "experiment_plots",
    "explore",
    "fieldwork",
    "findings",
    "member",
    "model",
    "notice",
    "open_change",
    "open_experiment",
    "open_fieldwork",
    "open_sheet",
    "open_slice",
    "opinions",
    "outcomes",
    "plots",
    "prose",
    "read_study",
    "results",
    "score",
    "sweep",
    "tables",
]

# Everything that starts a kernel asks this package what it offers, so a name is loaded when it is first used.
_HOMES = {
    "toolkit.faults": ("Fault", "StudyError"),
    "toolkit.reporting.compare": ("open_change",),
    "toolkit.reporting.fieldwork": ("open_fieldwork",),
    "toolkit.reporting.sheet": ("open_sheet",),
    "toolkit.reporting.slices": ("open_slice",),
    "toolkit.reporting.trial": ("open_experiment",),
    "toolkit.scheme": ("Scheme",),
    "toolkit.scoring.evaluation": ("effective_weights",),
    "toolkit.scoring.scores": ("Scores", "score"),
    "toolkit.study": ("Study", "read_study"),
    "toolkit.weighting.model": ("model",),
    "toolkit.weighting.outcomes": ("outcomes",),
    "toolkit.weighting.sweep": ("sweep",),
    "toolkit.widgets": ("explore",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in __all__:
        raise AttributeError(f"module 'toolkit' has no attribute {name!r}")
    found = getattr(import_module(_HOME[name]), name) if name in _HOME else import_module(f"toolkit.reporting.{name}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

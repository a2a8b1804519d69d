"""A reader who knows the scheme, as a machine: he learns how every number on a page moves with what he does not know.

Every cell of a study (round, ratee, source, indicator) is moved in turn, the study is scored and the page cut again.
What moves on the page, and how far, are his equations; what follows from them by addition and subtraction he has found.
Pages are made with all digits here, so that rounding protects nobody, and their intervals are left out.
"""

import json
import re

import numpy as np
from small_study import make

from toolkit.reporting import compare, cutting, phrases, privacy, sheets
from toolkit.scoring.scores import score

STEP, DIGITS = 0.02, 9
NUMBER = re.compile(r"(?<![\w.])-?\d+\.?\d*")
ASIDE = {"rank", "ranked", "places", "low", "high", "coverage", "trend", "method"}
"""What does not move evenly with the ratings, or not at all."""


def all_digits(patch):
    """Print every digit, and no interval."""
    for module in (privacy, compare):
        patch.setattr(module, "DIGITS", DIGITS)
    patch.setattr(sheets, "SHORT", DIGITS)
    patch.setattr(phrases, "value_text", lambda _of, value, *_: value if isinstance(value, str) else f"{value:.9f}")
    for module in (sheets, cutting):
        patch.setattr(module, "coarse", lambda low, *_: (np.full(len(low), np.nan),) * 2)
    patch.setattr(sheets, "slope", lambda *_: (0, np.nan, np.nan, np.nan, np.nan, "unknown"))


def numbers(view):
    """Every number of a page by its place, those in texts too."""
    found = {}

    def walk(place, part):
        if isinstance(part, dict):
            for name, inner in part.items():
                if name not in ASIDE:
                    walk((*place, name), inner)
        elif isinstance(part, list):
            for name, inner in enumerate(part):
                walk((*place, name), inner)
        elif isinstance(part, str):
            walk(place, [float(text) for text in NUMBER.findall(part)])
        elif part is not None and not isinstance(part, bool):
            found[place] = part

    walk((), json.loads(view.to_json()))
    return found


class Reader:
    """A reader of one page of a study whose cells hold so many ratings.

    `raters` is {(round, ratee, source, indicator): how many}; `page` cuts the page from a study and its scores; `knows`
    are cells that he knows beforehand.
    """

    def __init__(self, scheme, raters, page, *, knows=(), **tables):
        rng = np.random.default_rng(1)
        self.cells = list(raters)
        ratings = {cell: rng.uniform(35, 65, n).round(3) for cell, n in raters.items()}

        def view(moved=None):
            rows = [
                (
                    *cell[:3],
                    "" if cell[2] == "self" else f"{cell[2]}{rater}",
                    cell[3],
                    repr(float(value + (cell == moved) * STEP)),
                )
                for cell, values in ratings.items()
                for rater, value in enumerate(values)
            ]
            study = make(scheme, rows, **tables)
            scores = score(study)
            return numbers(page(study, scores)), scores.table, scores.units

        start = view()
        moved = [view(cell) for cell in self.cells]
        assert all(page.keys() == start[0].keys() for page, _, _ in moved)
        shown = np.array([[page[place] - value for page, _, _ in moved] for place, value in start[0].items()]) / STEP
        self.rows = np.vstack(
            [
                shown[np.abs(shown).max(axis=1) > 1e-6],
                np.eye(len(self.cells))[[self.cells.index(cell) for cell in knows]],
            ]
        )
        self.of_ratees, self.of_units = (
            _moves([frames[place] for frames in (start, *moved)], key)
            for place, key in ((1, "ratee_id"), (2, "unit_id"))
        )

    def finds(self, wanted):
        """Whether a mean, as a weighted sum of cells, follows from what he reads."""
        if not len(self.rows) or np.abs(wanted).max() < 1e-9:
            return False
        weights, *_ = np.linalg.lstsq(self.rows.T, wanted, rcond=1e-7)
        return bool(np.abs(self.rows.T @ weights - wanted).max() < 1e-4)

    def found(self, *, sources=None, ratees=None, units=None):
        """Means that he finds: (round, ratee or unit, source, indicator), of some sources, ratees or units."""
        of = self.of_units if units else self.of_ratees
        wanted = {key: row for key, row in of.items() if key[1] in (units or ratees)}
        return [key for key, row in wanted.items() if (sources is None or key[2] in sources) and self.finds(row)]


def _moves(frames, key):
    """How every mean moves with every cell."""
    keys = ["round", key, "source", "indicator"]
    first, *rest = (frame.astype(dict.fromkeys(keys, str)).set_index(keys)["score"].dropna() for frame in frames)
    return {place: np.array([frame[place] - first[place] for frame in rest]) / STEP for place in first.index}

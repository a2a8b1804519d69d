"""Which notebook a run is of, for whom, and what each of them is handed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from toolkit.faults import UsageError, one_of
from toolkit.files import NAMES_A_FOLDER, names_a_folder
from toolkit.reporting.compare import compare
from toolkit.reporting.cutting import cut
from toolkit.reporting.sheets import Sheets
from toolkit.words import words

if TYPE_CHECKING:
    from pathlib import Path

    from toolkit.reporting.view import View
    from toolkit.scoring.scores import Scores
    from toolkit.study import Study

OVERVIEW = "overview"
UNIT_REPORT, CHANGE, FEEDBACK = "unit_report", "change", "member_feedback"


@dataclass(frozen=True)
class Edition:
    """A notebook that is run once for every unit, or once for every member.

    Attributes
    ----------
    notebook : str
        Name of the notebook's file, without its ending.
    per : {"unit", "member"}
        For whom: the notebook has a parameter of this name.
    """

    notebook: str = UNIT_REPORT
    per: Literal["unit", "member"] = "unit"

    @property
    def main(self) -> bool:
        """Whether this is the assessment report, beside which stands the overview."""
        return self.notebook == UNIT_REPORT and self.per == "unit"

    @property
    def parameters(self) -> tuple[str, ...]:
        """What the notebook's cell of parameters must set."""
        return ("study", self.per, "round")

    def file(self, name: str) -> str:
        """The notebook for one of those for whom it is run."""
        return f"{OVERVIEW if name == OVERVIEW and self.main else self.notebook}.ipynb"

    def folder(self, out: Path, turn: str) -> Path:
        """Where reports go: those of another notebook, or of members, stand beside the round's own."""
        return out / (turn if self.main else f"{turn}.{self.notebook}")

    def everybody(self, study: Study) -> list[str]:
        """Folders of all for whom it is run, in the order of the index."""
        if self.per == "member":
            order = {unit: place for place, unit in enumerate(study.units["unit_id"])}
            members = study.members.sort_values("unit_id", key=lambda ids: ids.map(order), kind="stable")
            return members["member_id"].tolist()
        units = study.units["unit_id"].tolist()
        return [OVERVIEW, *units] if self.main else units

    def wanted(self, study: Study, units: list[str]) -> list[str]:
        """Those for whom it is run, of some units or of all.

        Raises
        ------
        UsageError
            If a unit is unknown, or an id cannot name a folder.
        """
        known = dict.fromkeys(study.units["unit_id"])
        for unit in units:
            if unit not in known:
                raise UsageError(f"unit: {unit!r}, {one_of(unit, known)}")
        if self.main and OVERVIEW in map(str.casefold, known):
            raise UsageError(f"unit_id: must not be {OVERVIEW!r}, which is the folder of the overview")
        if self.per == "unit":
            return list(dict.fromkeys(units)) or self.everybody(study)
        home = dict(zip(study.members["member_id"], study.members["unit_id"], strict=True))
        asked = set(units) or set(known)
        names = [name for name in self.everybody(study) if home[name] in asked]
        taken: dict[str, str] = {}
        for name in names:
            if not names_a_folder(name) or taken.setdefault(name.casefold(), name) != name:
                raise UsageError(f"member_id: {name!r}, {NAMES_A_FOLDER}, nor differ from another in capitals only")
        return names

    def title(self, name: str, view: View) -> str:
        """What a page is called."""
        _ = words(view.language)
        if name == OVERVIEW and self.main:
            return _("Overview of the study")
        who = getattr(view, "name", "") or getattr(view, "unit", "")
        return f"{who}{'' if view.language == 'zh' else ' '}{kind(self.notebook, view.language)}"


def kind(notebook: str, language: str) -> str:
    """What the reports of a notebook are called; by its name, if it is not one of ours."""
    _ = words(language)
    kinds = {
        UNIT_REPORT: _("Assessment report"), CHANGE: _("Change between rounds"),
        FEEDBACK: _("Personal feedback"), "public_notice": _("Public notice"),
        "weighting_experiment": _("Weighting experiments"),
    }  # fmt: skip
    return kinds.get(notebook, notebook)


class Views:
    """Cuts what every job of a run is handed."""

    def __init__(self, study: Study, scores: Scores, edition: Edition, turn: str, language: str | None) -> None:
        self.study, self.scores, self.edition, self.turn, self.language = study, scores, edition, turn, language
        self._sheets = Sheets(study, scores, turn, language) if edition.per == "member" else None

    @property
    def spoken(self) -> str:
        """The language of the run."""
        return self.language or self.study.schemes[self.turn].language

    def view(self, name: str) -> View:
        """What the notebook of one unit or member is handed."""
        if self._sheets:
            return self._sheets.cut(name)
        if self.edition.notebook == CHANGE:
            return compare(self.study, self.scores, name, self.turn, language=self.language)
        unit = "" if name == OVERVIEW and self.edition.main else name
        return cut(self.study, self.scores, unit, self.turn, self.language)

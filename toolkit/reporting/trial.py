"""What a study tried out with its scheme, worked out for the page on it; it names members and hides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from tqdm import tqdm

from toolkit.faults import UsageError
from toolkit.reporting.table import DASH
from toolkit.scheme import said
from toolkit.scoring.scores import score
from toolkit.study import read_study
from toolkit.voices import read_voices
from toolkit.weighting.acceptability import ranked
from toolkit.weighting.carried import carried
from toolkit.weighting.comparison import compare
from toolkit.weighting.draws import draw
from toolkit.weighting.experiment import FILE, read_experiments
from toolkit.weighting.model import model
from toolkit.weighting.noise import noise
from toolkit.weighting.robustness import robustness
from toolkit.weighting.sweep import sweep
from toolkit.weighting.tenths import list_ends, share_out
from toolkit.words import LANGUAGES, words

if TYPE_CHECKING:
    from toolkit.study import Study
    from toolkit.voices import Voices
    from toolkit.weighting.comparison import Comparison
    from toolkit.weighting.experiment import Experiments, Step
    from toolkit.weighting.experiment import Robustness as Asked
    from toolkit.weighting.model import Model
    from toolkit.weighting.noise import Noise
    from toolkit.weighting.robustness import Robustness
    from toolkit.weighting.sweep import Sweep


@dataclass(frozen=True)
class Trial:
    """What came of the experiments of a study.

    Attributes
    ----------
    language : str
        "zh" or "en".
    model : Model
        The round under its scheme.
    plan : Experiments
        What was asked.
    comparisons : tuple of Comparison
        A variant each.
    sweeps : tuple of Sweep
        A weight that is moved each, in the order of the plan.
    carried : DataFrame
        See `carried`, under the scheme.
    robustness : Robustness or None
        Ranks, grades and stars under weights that were drawn; None where none were to be.
    noise : Noise or None
        Grades and stars with other raters; None where nobody was to be redrawn, or there are neither.
    """

    language: str
    model: Model
    plan: Experiments
    comparisons: tuple[Comparison, ...]
    sweeps: tuple[Sweep, ...]
    carried: pd.DataFrame
    robustness: Robustness | None
    noise: Noise | None

    @property
    def members(self) -> pd.Index[str]:
        """Ids of the members."""
        return self.model.quantities.index[self.model.quantities["kind"] == "member"]

    @property
    def tenths(self) -> pd.DataFrame:
        """How often each member has a rank of each tenth, see `share_out`; empty where no weights were drawn."""
        if self.robustness is None:
            return pd.DataFrame()
        table = self.robustness.acceptability
        return share_out(table[table["within"] == ""])

    @property
    def floor(self) -> dict[str, tuple[float, float, float]]:
        """By "grade" and "stars": how many change when raters alone are redrawn, mean, low and high."""
        if self.noise is None:
            return {}
        rows = self.noise.table[["about", "mean", "low", "high"]].itertuples(index=False, name=None)
        return {str(about): (float(mean), float(low), float(high)) for about, mean, low, high in rows}

    @property
    def changed(self) -> set[str]:
        """Ids of those whose grade or stars differ under any variant."""
        return {ratee for found in self.comparisons for ratee in found.changes["ratee_id"]}

    def standing(self, found: Sweep, about: str) -> pd.DataFrame:
        """The rows of `Sweep.standing` of the members who have a grade, or stars, at present."""
        mine = found.standing[(found.standing["about"] == about) & found.standing["ratee_id"].isin(self.members)]
        return mine[mine["level"].notna()]

    @property
    def weighing(self) -> pd.DataFrame:
        """The rows of `carried` that weigh anything."""
        return self.carried[(self.carried["nominal"] > 0) | (self.carried["used"] > 0)]

    def label(self, name: str) -> str:
        """Label of whatever the scheme names."""
        return self.model.scheme.label(name, self.language)

    def variant(self, name: str) -> str:
        """Label of a variant."""
        return said(self.plan.variants[name].label or name, self.language)

    def level(self, about: str, name: object) -> str:
        """A grade or stars as they are read; a dash for none."""
        if name is None or pd.isna(name):  # type: ignore[call-overload]
            return DASH
        return f"{name} ★" if about == "stars" else self.label(str(name))

    def levels(self, grade: object, stars: object) -> str:
        """Grade and stars as they are read, where the scheme has them."""
        scheme = self.model.scheme
        told = [self.level("grade", grade)] * bool(scheme.grades) + [self.level("stars", stars)] * bool(scheme.stars)
        return (", " if self.language == "en" else "，").join(told)

    def moved(self, step: Step) -> str:
        """The weight that a sweep moves."""
        _ = words(self.language)
        name = self.label(step.source)
        return name if step.along == "weight" else _("{source} (by odds)").format(source=name)

    def reweighted(self, name: str) -> list[tuple[str, float, float]]:
        """Sources and indicators to which a variant gives another weight, with what they weigh by default and then."""
        variant = self.plan.variants[name]
        before, after = variant.replaced(self.model.scheme), variant.applied(self.model.scheme)
        weights = [
            (before.source_weights(), after.source_weights(), variant.weights("sources")),
            (before.indicator_weights(), after.indicator_weights(), variant.weights("indicators")),
        ]
        return [
            (part, float(old[part]), float(new[part]))
            for old, new, given in weights
            for part in given
            if old[part] != new[part]
        ]


def open_experiment(study: str | Path, round: str = "", language: str = "") -> Trial:  # noqa: A002
    """Try out what the experiments.yaml of a study folder lists.

    Parameters
    ----------
    study : path
        A study folder.
    round : str
        A plain round; blank for that of the file, or the newest.
    language : str
        "zh" or "en"; blank for that of the scheme.

    Raises
    ------
    StudyError
        With everything that is wrong with the study, or with the file.
    UsageError
        If there is no such language.
    """
    if language not in {"", *LANGUAGES}:
        raise UsageError(f"language: {language!r}, must be one of {', '.join(LANGUAGES)}")
    found = read_study(study)
    plan = read_plan(study, found, round)
    asked = plan.robustness
    voices = read_voices(study, found, plan.round or "") if asked and asked.raters else None
    return try_out(found, plan, language, voices=voices)


def read_plan(folder: str | Path, study: Study, round: str = "") -> Experiments:  # noqa: A002
    """What the experiments.yaml of a study folder lists; see `read_experiments`."""
    return read_experiments(lambda file: (Path(folder) / file).read_text(encoding="utf-8-sig"), study, round)


def try_out(study: Study, plan: Experiments, language: str = "", *, voices: Voices | None = None) -> Trial:
    """Work out what a plan asks; a bar shows how far it is where somebody watches."""
    own = model(study, score(study), plan.round or "")
    with tqdm(total=len(plan.variants) + len(plan.sweep) + 2, desc=FILE, disable=None, leave=False) as bar:

        def compared(name: str) -> Comparison:
            bar.update()
            return compare(own, name, plan.variants[name])

        def swept(step: Step) -> Sweep:
            bar.update()
            return sweep(own, step.source, along=step.along, kinds=("member",))

        return Trial(
            language=language or own.scheme.language,
            model=own,
            plan=plan,
            comparisons=tuple(map(compared, plan.variants)),
            sweeps=tuple(map(swept, plan.sweep)),
            carried=carried(own),
            robustness=_drawn(own, plan.robustness) if plan.robustness else None,
            noise=_redrawn(own, plan.robustness, voices) if plan.robustness and voices else None,
        )


def _drawn(own: Model, asked: Asked) -> Robustness:
    """What becomes of everybody under weights drawn at random."""
    weights = draw(own, draws=asked.draws, concentration=asked.concentration, order=asked.order, seed=asked.seed)
    return robustness(own, weights, best=list_ends(len(ranked(own))), progress=False)


def _redrawn(own: Model, asked: Asked, voices: Voices) -> Noise | None:
    """How many grades and stars change with other raters."""
    if own.scheme.grades is None and own.scheme.stars is None:
        return None
    return noise(own, voices, draws=asked.raters, seed=asked.seed, progress=False)

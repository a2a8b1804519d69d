"""The sentences on experiments, one for each finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.reporting.prose import Text, joined, plain
from toolkit.reporting.table import share, weigh, whole
from toolkit.scheme import said
from toolkit.scoring.ranks import TOLERANCE
from toolkit.weighting.departures import list_nearest
from toolkit.words import words

if TYPE_CHECKING:
    from toolkit.reporting.trial import Trial
    from toolkit.weighting.comparison import Comparison
    from toolkit.weighting.experiment import Step
    from toolkit.weighting.sweep import Sweep

AROUND = 0.1
"""How far below and above the present weight it is asked what stands."""


def title(view: Trial) -> Text:
    """What the page is, and for whom."""
    _ = words(view.language)
    name = view.model.name
    turn = view.label(name) if view.model.scheme.rounds[name].label else name
    heading = _("Weighting experiments")
    warning = [
        _("Not for handing round: this page names members, and is for those who organise or study the appraisal."),
        _("Nothing in it changes a result."),
    ]
    head = [
        f"# {heading}",
        plain(said(view.model.scheme.title, view.language)),
        _("Round: {round}").format(round=plain(turn)),
        f"> {joined(warning, view.language)}",
    ]
    return Text("\n\n".join(head))


def variants(view: Trial) -> Text | None:
    """A sentence for each variant; None without any."""
    if not view.comparisons:
        return None
    return Text("\n".join(f"- {_of_variant(view, found)}" for found in view.comparisons))


def _of_variant(view: Trial, found: Comparison) -> str:
    _ = words(view.language)
    phrases = {
        "grade": _("the grade differs for {n} of {total} members"),
        "stars": _("the stars differ for {n} of {total} members"),
    }
    counts = {about: found.differ(about) for about in phrases}
    told = [phrase.format(n=counts[about][0], total=counts[about][1]) for about, phrase in phrases.items()]
    told = [phrase for phrase, (_n, total) in zip(told, counts.values(), strict=True) if total]
    shift = found.shift.abs()
    if len(shift):
        greatest = _("of {total} who are ranked under both the greatest shift in rank is {n}")
        told.append(greatest.format(n=whole(shift.max()), total=len(shift)))
    comma, between, end = (", ", "; ", ".") if view.language == "en" else ("，", "；", "。")
    return f"{_lead(view, found)}{comma}{between.join(told)}{end}"


def _lead(view: Trial, found: Comparison) -> str:
    """Under which weight, or which variant."""
    _ = words(view.language)
    weights = view.reweighted(found.name)
    if len(weights) != 1 or view.plan.variants[found.name].sections:
        return _('Under the variant "{name}"').format(name=plain(view.variant(found.name)))
    ((part, before, after),) = weights
    return _('With "{name}" at {after} instead of {before}').format(
        name=plain(view.label(part)), after=weigh(after), before=weigh(before)
    )


def sweeps(view: Trial) -> Text | None:
    """What stands as a weight moves, a paragraph for each; None where no weight is moved."""
    if not view.sweeps:
        return None
    found = zip(view.plan.sweep, view.sweeps, strict=True)
    return Text("\n\n".join(joined(_of_sweep(view, step, part), view.language) for step, part in found))


def _of_sweep(view: Trial, step: Step, found: Sweep) -> list[str]:
    _ = words(view.language)
    near = list_nearest(found, view.members)
    low, high = max(found.now - AROUND, 0), min(found.now + AROUND, 1)
    names = {"source": plain(view.moved(step)), "now": weigh(found.now), "low": weigh(low), "high": weigh(high)}
    told = []
    for about, (stand, change) in _standing_phrases(view).items():
        mine = view.standing(found, about)
        within = (mine["low"] <= low + TOLERANCE) & (mine["high"] >= high - TOLERANCE)
        counts = {"n": int(within.sum()), "total": len(mine), "ever": int(mine["nearest"].isna().sum())}
        told += [stand.format(**names, **counts)] if len(mine) else []
        told += [change.format(weight=share(100 * at)) for at in near.loc[near["about"] == about, "weight"].head(1)]
    if found.swaps is not None:
        swaps = _('From 0% to 100% of "{source}" members change places in rank, two at a time: {n}; within units: {m}.')
        told.append(swaps.format(n=found.swaps, m=len(found.pairs), **names))
    return told


def _standing_phrases(view: Trial) -> dict[str, tuple[str, str]]:
    """Whose grade, and whose stars, stand near the present weight and at any, and where the first changes."""
    _ = words(view.language)
    return {
        "grade": (
            _(
                'At any weight of "{source}" from {low} to {high} (now {now}) {n} of {total} members keep their grade,'
                " and {ever} at any weight from 0% to 100%."
            ),
            _("The nearest weight at which a grade changes is {weight}."),
        ),
        "stars": (
            _(
                'At any weight of "{source}" from {low} to {high} (now {now}) {n} of {total} members keep their stars,'
                " and {ever} at any weight from 0% to 100%."
            ),
            _("The nearest weight at which stars change is {weight}."),
        ),
    }


def weights(view: Trial) -> Text | None:
    """What every source carries beside its weight; None where there is but one, or nothing to tell."""
    _ = words(view.language)
    rows = view.weighing
    rows = rows[(rows["tree"] == "sources") & rows["carried"].notna()]
    if len(rows) < 2:  # noqa: PLR2004  (one carries all)
        return None
    phrase = _('"{source}" {carried} (weight {nominal})')
    parts = [
        phrase.format(source=plain(view.label(name)), carried=share(100 * part), nominal=share(100 * weight))
        for name, weight, part in rows[["name", "nominal", "carried"]].itertuples(index=False, name=None)
    ]
    listed = (", " if view.language == "en" else "，").join(parts)
    return Text(_("Of the variance of the members' scores the sources carry: {listed}.").format(listed=listed))

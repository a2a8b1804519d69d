"""The sentences on experiments, one for each finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.reporting.prose import Text, joined, plain
from toolkit.reporting.table import share, weigh, whole
from toolkit.scheme import said
from toolkit.scoring.ranks import TOLERANCE, rank
from toolkit.weighting.departures import list_nearest
from toolkit.words import words

if TYPE_CHECKING:
    from toolkit.reporting.trial import Trial
    from toolkit.weighting.comparison import Comparison
    from toolkit.weighting.experiment import Step
    from toolkit.weighting.sweep import Sweep

AROUND = 0.1
"""How far below and above the present weight it is asked what stands."""
SHOWN = 0.001
"""Points of a weight below which nobody asks."""
OFTEN = 0.95
"""Share of the draws from which a place is called safe."""


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
    if found.notes:
        told.append(_inexact(view, found, names["source"]))
    return told


def _inexact(view: Trial, found: Sweep, source: str) -> str:
    """What is not exact about a sweep: weights that were bracketed, swaps that were not counted."""
    _ = words(view.language)
    told = []
    within = 100 * float(found.changes["within"].max()) if len(found.changes) else 0.0
    if within > 0:
        phrase = _('Changes along "{source}" follow from no formula here: each was bracketed, to {within} points.')
        told.append(phrase.format(source=source, within=f"{max(within, SHOWN):.2g}"))
    if found.swaps is None:
        told.append(_('Places that are changed along "{source}" were not counted.').format(source=source))
    return joined(told, view.language)


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


def raters(view: Trial) -> Text | None:
    """How many grades and stars change when the raters alone are redrawn; None where they were not."""
    if view.noise is None:
        return None
    _ = words(view.language)
    phrases = {
        "grade": _("Grades that change where raters alone are redrawn: {mean} (95% of {draws} draws: {low}–{high})."),
        "stars": _("Stars that change where raters alone are redrawn: {mean} (95% of {draws} draws: {low}–{high})."),
    }
    draws = len(view.noise.changed)
    told = [
        phrases[about].format(mean=whole(mean), low=whole(low), high=whole(high), draws=draws)
        for about, (mean, low, high) in view.floor.items()
    ]
    if view.noise.alone:
        told.append(_("Raters for whom nobody can stand in, so that they stay: {n}.").format(n=view.noise.alone))
    return Text(joined(told, view.language))


def draws(view: Trial) -> Text | None:
    """What stands under weights drawn at random; None where none were drawn."""
    asked = view.plan.robustness
    if asked is None or view.tenths.empty:
        return None
    _ = words(view.language)
    order = " ≥ ".join(plain(view.label(name)) for name in asked.order)
    ways = {
        "uniform": _("every set of weights that sums to 100% is equally likely"),
        "around": _("they lie around the scheme's own, concentration {n}").format(n=f"{asked.concentration or 0:g}"),
        "order": _("they keep the order {order}").format(order=order),
    }
    told = [_("Weights were drawn {draws} times; {way}.").format(draws=asked.draws, way=ways[asked.weights])]
    return Text(joined([*told, *_best(view), *_kept(view)], view.language))


def _best(view: Trial) -> list[str]:
    """Who stays in the best tenth of the ranks, and who never comes there."""
    _ = words(view.language)
    best = int(view.tenths.columns[0])
    shares = view.tenths[best].to_numpy(dtype=float)
    there = rank(view.model.quantities.loc[view.tenths.index, "score"]) <= best
    now = _("Of the {total} members on ranks 1 to {best} now, {n} are there under at least {often} of the sets.")
    never = _("Members who are there under none: {n} of {total}.")
    return [
        now.format(total=int(there.sum()), best=best, n=int((shares[there] >= OFTEN).sum()), often=weigh(OFTEN)),
        never.format(n=int((shares == 0).sum()), total=len(shares)),
    ]


def _kept(view: Trial) -> list[str]:
    """Who has the present grade, or stars, under most of the weights drawn."""
    if view.robustness is None:
        return []
    _ = words(view.language)
    phrases = {
        "grade": _("Under at least {often} of the sets {n} of {total} members have the grade that they have now."),
        "stars": _("Under at least {often} of the sets {n} of {total} members have the stars that they have now."),
    }
    rows = view.robustness.chances
    rows = rows[rows["now"].astype(bool) & (rows["place"] >= 0)]
    held = {about: rows.loc[rows["about"] == about, "share"].to_numpy(dtype=float) for about in phrases}
    return [
        phrases[about].format(n=int((shares >= OFTEN).sum()), total=len(shares), often=weigh(OFTEN))
        for about, shares in held.items()
        if len(shares)
    ]

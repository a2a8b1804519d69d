"""What a scheme says, as facts that a report can put into words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolkit.reporting.design import tops
from toolkit.reporting.privacy import DIGITS
from toolkit.scoring.evaluation import effective_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from fractions import Fraction

    from toolkit.scheme import Scheme


def method_facts(
    scheme: Scheme, name: str, parts: Mapping[str, Scheme], categories: Sequence[str], label: Callable[[str], str]
) -> dict[str, Any]:
    """Weights, rules and cuts of a round for the categories that a report holds; names are labelled where printed.

    Parameters
    ----------
    scheme : Scheme
        The round's scheme.
    name : str
        The round.
    parts : mapping
        The scheme of every round that it combines, or its own.
    categories : sequence of str
        Categories of the ratees.
    label : callable
        Name -> label.

    Returns
    -------
    dict
        `combine` (rows of label and percent), `order` (blank where there are no indicators), `missing`, `min_coverage`
        (percent), `weights` and `effective` (rows of round, category and percents by source or indicator; the round is
        blank where all have the same), `source_labels`, `indicator_labels`, `grade_labels`, `bands` (grade -> cut),
        `graded_by` (kind of quantity), `voted_by` (label of the source whose votes decide), `required` (grades with
        conditions), `quotas` (grade, percent as text, within), `trimmed`, `attributed`, `medians`, `minima` (source
        label, raters).
    """
    leaves = [leaf for part in parts.values() for leaf in part.leaf_sources.items()]
    asked = [part.indicator_tree.names[leaf] for part in parts.values() for leaf in part.indicator_tree.leaves]
    grades = scheme.grades

    def rows(weights: Callable[[Scheme, str], dict[str, float]]) -> list[dict[str, Any]]:
        by_round = {
            turn: [
                {"category": label(key) if key else "", "weights": weights(part, key)}
                for key in [known for known in part.categories if known in set(categories)] or [""]
            ]
            for turn, part in parts.items()
        }
        first, *others = by_round.values()
        return [
            {"round": label(turn) if turn else "", **row}
            for turn, found in ({"": first} if all(other == first for other in others) else by_round).items()
            for row in found
        ]

    return {
        "combine": [
            {"label": label(part), "percent": _percent(weight)}
            for part, weight in (scheme.rounds[name].combine or {}).items()
        ],
        "order": scheme.first if len(set(asked)) > 1 else "",
        "missing": scheme.missing.rule,
        "min_coverage": _percent(scheme.missing.min_coverage),
        "weights": rows(_stated),
        "effective": rows(_effective),
        "source_labels": {key: label(key) for key in tops(parts.values())},
        "indicator_labels": {key: label(key) for key in asked},
        "grade_labels": {grade: label(grade) for grade in (grades.bands if grades else {})},
        "bands": grades.cuts if grades else {},
        "graded_by": grades.of.partition(".")[0] if grades else "",
        "voted_by": label(grades.votes.source) if grades and grades.votes else "",
        "required": [label(grade) for grade in (grades.require if grades else {})],
        "quotas": [
            {"label": label(grade), "max": str(quota.max), "within": quota.within}
            for grade, quota in (grades.quota if grades else {}).items()
        ],
        "trimmed": _once(
            {"label": label(key), "drop": source.trim.drop, "above": source.trim.above}
            for key, source in leaves
            if source.trim
        ),
        "attributed": _once(label(key) for key, source in leaves if source.attributed),
        "medians": _once(label(key) for key, source in leaves if source.average == "median"),
        "minima": _once({"label": label(key), "min": source.min} for key, source in leaves if source.min),
    }


def _stated(scheme: Scheme, category: str) -> dict[str, float]:
    """What every top source weighs, as the scheme states it."""
    weights = scheme.source_weights(category)
    return {name: _percent(weights[name]) for name in tops([scheme])}


def _effective(scheme: Scheme, category: str) -> dict[str, float]:
    """What every indicator weighs in the end: sources that are not asked leave their share to the others."""
    weights = effective_weights(scheme, category).sum() * 100
    return {str(name): round(float(weight), DIGITS) for name, weight in weights.items()}


def _percent(share: Fraction) -> float:
    """A share in percent, with the four digits that are printed."""
    return float(f"{float(share) * 100:.4g}")


def _once(facts: Iterable[Any]) -> list[Any]:
    """Facts in order, each of them once."""
    found: list[Any] = []
    for fact in facts:
        if fact not in found:
            found.append(fact)
    return found

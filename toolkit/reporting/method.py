"""What a scheme says, as facts that a report can put into words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolkit.scoring.scores import effective_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.scheme import Scheme


def method_facts(scheme: Scheme, name: str, categories: Sequence[str], language: str) -> dict[str, Any]:
    """Weights, rules and cuts of a scheme for the categories that a report holds.

    Parameters
    ----------
    scheme : Scheme
        The round's scheme.
    name : str
        The round.
    categories : sequence of str
        Categories of the ratees.
    language : str
        Language of the labels.

    Returns
    -------
    dict
        `combine` (round label -> percent), `order`, `missing`, `min_coverage` (percent), `weights` (a row for each
        category: its label and a percent for each top source), `effective` (indicator label -> percent, by category),
        `grade_labels`, `bands`, `quotas` (grade label, percent as text, within), `trimmed`, `attributed`,
        `medians`, `minima` (source label, raters).
    """
    tree = scheme.source_tree
    tops = [tree.names[place] for place in tree.children(0)]
    known = [category for category in scheme.categories if category in set(categories)] or [""]

    def label(key: str) -> str:
        return scheme.label(key, language)

    return {
        "combine": {label(part): float(weight) * 100 for part, weight in (scheme.rounds[name].combine or {}).items()},
        "order": scheme.first,
        "missing": scheme.missing.rule,
        "min_coverage": float(scheme.missing.min_coverage) * 100,
        "weights": [
            {"label": label(key) if key else "", **{top: float(scheme.source_weights(key)[top]) * 100 for top in tops}}
            for key in known
        ],
        "effective": [_effective(scheme, key, language) for key in known],
        "grade_labels": {grade: label(grade) for grade in (scheme.grades.bands if scheme.grades else {})},
        "bands": {label(grade): cut for grade, cut in (scheme.grades.bands if scheme.grades else {}).items()},
        "quotas": [
            {"label": label(grade), "max": str(quota.max), "within": quota.within}
            for grade, quota in (scheme.grades.quota if scheme.grades else {}).items()
        ],
        "trimmed": [
            {"label": label(key), "drop": source.trim.drop, "above": source.trim.above}
            for key, source in scheme.leaf_sources.items()
            if source.trim
        ],
        "attributed": [label(key) for key, source in scheme.leaf_sources.items() if source.attributed],
        "medians": [label(key) for key, source in scheme.leaf_sources.items() if source.average == "median"],
        "minima": [
            {"label": label(key), "min": source.min} for key, source in scheme.leaf_sources.items() if source.min
        ],
    }


def _effective(scheme: Scheme, category: str, language: str) -> dict[str, Any]:
    """What every indicator weighs in the end: sources that are not asked leave their share to the others."""
    weights = effective_weights(scheme, category).sum() * 100
    return {
        "label": scheme.label(category, language) if category else "",
        "weights": {scheme.label(str(name), language): float(weight) for name, weight in weights.items()},
    }

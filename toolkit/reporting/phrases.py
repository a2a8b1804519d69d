"""Quantities, bounds and reasons in words, in the language of a report."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from toolkit.rules import parts
from toolkit.scoring.conditions import written
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toolkit.scheme import Scheme

SHARES = ("dissatisfied", "coverage")
"""Quantities that are printed in percent."""


def quantity_label(scheme: Scheme, of: str, language: str) -> str:
    """What a quantity is called: "Score", "Points: study"."""
    _ = words(language)
    kind, part = parts(of)
    labels = {
        "score": _("Score"), "raters": _("Raters"), "coverage": _("Coverage"), "points": _("Points"),
        "vetoes": _("Vetoes"), "satisfaction": _("Satisfaction"), "dissatisfied": _("Share of dissatisfied answers"),
        "members": _("Mean of the members"), "index": _("Index"), "grade": _("Grade"), "stars": _("Stars"),
    }  # fmt: skip
    if kind in {"measure", "attribute"}:
        return scheme.label(part, language)
    if not part:
        return labels[kind]
    inner = quantity_label(scheme, part, language) if kind == "members" else scheme.label(part, language)
    return f"{labels[kind]}（{inner}）" if language == "zh" else f"{labels[kind]} ({inner})"


def value_text(of: str, value: object, scheme: Scheme, language: str) -> str:
    """A value as it is printed: a share in percent, a number with one decimal at most, a grade by its label."""
    _ = words(language)
    if value is None or value != value:  # noqa: PLR0124
        return _("not known")
    if isinstance(value, str):
        return scheme.label(value, language)
    if parts(of)[0] in SHARES or isinstance(value, Fraction):
        return f"{100 * float(value):.1f}%"  # type: ignore[arg-type]
    return f"{float(value):.1f}".removesuffix(".0")  # type: ignore[arg-type]


def bound_text(bound: Any) -> str:  # noqa: ANN401  (a Fraction, or what becomes one)
    """A bound or weight as a person writes it: 45, 0.3, 1/3."""
    return written(bound if isinstance(bound, Fraction) else Fraction(str(bound)))


def reason_text(scheme: Scheme, reason: Mapping[Any, Any], language: str) -> str:
    """A reason as it is read: "Hours of study 40, asked: at least 45"."""
    _ = words(language)
    if reason["code"] == "votes":
        levels = "/".join(scheme.label(level, language) for level in str(reason["of"]).split("/") if level)
        if not levels:
            return _("by the votes, since no other rule holds")
        share = value_text(SHARES[0], reason["value"], scheme, language)
        bound = _bound_words(str(reason["bound"]), SHARES[0], scheme, language)
        text = _("votes for {levels}: {share} ({bound})")
        return text.format(levels=levels, share=share, bound=bound)
    label = quantity_label(scheme, reason["of"], language)
    bound = _bound_words(str(reason["bound"]), reason["of"], scheme, language)
    if reason["code"] == "unknown":
        return _("{what} is not known, asked: {bound}").format(what=label, bound=bound)
    value = value_text(reason["of"], reason["value"], scheme, language)
    if reason["code"] == "met" and bound == value:
        return f"{label} {value}"
    if reason["code"] == "met":
        return f"{label} {value} ({bound})" if language == "en" else f"{label} {value}（{bound}）"
    return _("{what} is {value}, asked: {bound}").format(what=label, value=value, bound=bound)


def _bound_words(bound: str, of: str, scheme: Scheme, language: str) -> str:
    """Bounds with shares in percent and grades by their labels."""
    found = []
    for part in bound.split(", "):
        sign, _, number = part.partition(" ")
        if sign in {"≥", ">", "≤", "<"}:
            found.append(f"{sign} {_percent(Fraction(number)) if parts(of)[0] in SHARES else number}")
        else:
            found.append("/".join(scheme.label(name, language) for name in part.split("/")))
    return ", ".join(found)


def _percent(share: Fraction) -> str:
    """A share in percent where that is short, else as a fraction: 30%, 1/3."""
    text = written(100 * share)
    return str(share) if "/" in text else f"{text}%"


def matter_label(matter: str, language: str) -> str:
    """What is decided on."""
    _ = words(language)
    return {
        "grade": _("Grade"), "stars": _("Stars"), "registration": _("Registration"), "remediation": _("Remediation"),
    }.get(matter, matter)  # fmt: skip


def decision_label(scheme: Scheme, matter: str, decision: str, language: str) -> str:
    """A proposal or decision in words."""
    _ = words(language)
    said = {
        "admit": _("admit"), "defer": _("defer"), "deny": _("deny"), "order": _("mend by a date"), "waive": _("waived"),
        "close": _("found mended"), "reopen": _("reopened"), "expel": _("expelled"), "none": _("none"),
    }  # fmt: skip
    if matter == "stars" and decision:
        return f"{decision} ★"
    return scheme.label(decision, language) if matter == "grade" and decision else said.get(decision, decision)


def state_label(state: str, language: str) -> str:
    """Where a case stands."""
    _ = words(language)
    return {
        "proposed": _("proposed"), "open": _("under way"), "overdue": _("overdue"), "handed in": _("papers handed in"),
        "closed": _("mended"), "reopened": _("reopened"), "waived": _("waived"), "expelled": _("expelled"),
    }.get(state, state)  # fmt: skip

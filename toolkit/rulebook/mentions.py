"""Every quantity that the rules of a scheme name, with its place, and what is wrong with it there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pydantic import TypeAdapter, ValidationError

from toolkit.faults import one_of
from toolkit.fields import KINDS, NAMED, Quantity
from toolkit.rulebook.findings import lacking, unknown
from toolkit.rules import Condition, bounds, parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from toolkit.rulebook.findings import Finding, Path
    from toolkit.rules import Composition
    from toolkit.scheme import Scheme

QUANTITY: TypeAdapter[str] = TypeAdapter(Quantity)
SECTIONS = {
    "points": "points", "vetoes": "points", "satisfaction": "satisfaction", "dissatisfied": "satisfaction",
    "index": "index", "grade": "grades", "stars": "stars",
}  # fmt: skip
"""The section that makes a quantity; the others are there without one."""
OWN = {"index": "index", "units": "index", "grades": "grade", "stars": "stars"}
"""What a part of the scheme makes."""
LATER = {
    "index": ("grade", "stars"), "units": ("grade", "stars"), "grades": ("stars",), "stars": (),
}  # fmt: skip
"""What comes after it, and cannot be asked by it."""
CALLED = {"index": "the index", "units": "the index", "grades": "grades", "stars": "stars"}


class Mention(NamedTuple):
    """A quantity where a rule names it.

    Attributes
    ----------
    path : tuple of str
        Where it stands.
    of : str
        The quantity.
    by : str
        What asks for it: "index", "units" (the index of units), "grades", "stars", "models", "conduct" or "targets".
    condition : Condition or None
        What it must be, where that is asked.
    """

    path: Path
    of: str
    by: str
    condition: Condition | None = None


def mentions(scheme: Scheme) -> Iterator[Mention]:
    """Every quantity that a rule names."""
    for path, made in compositions(scheme):
        for section, pieces in (("components", made.components), ("extras", made.extras)):
            for name, piece in pieces.items():
                place = (*path, section, name)
                yield Mention((*place, "of") if piece.of else place, piece.of or name, path[-1])
    for by, rules in (("grades", scheme.grades), ("stars", scheme.stars)):
        if rules:
            yield Mention((by, "of"), rules.of, by)
            for name, asked in rules.require.items():
                yield from _conditions((by, "require", name), asked, by)
    yield from _consequences(scheme)
    for number, target in enumerate(scheme.targets):
        yield from (Mention(("targets", str(number), "reach", of), of, "targets") for of in target.reach)
    for name, category in scheme.categories.items():
        yield from (Mention(("categories", name, "targets", of), of, "targets") for of in category.targets)


def compositions(scheme: Scheme) -> Iterator[tuple[Path, Composition]]:
    """The index of members and that of units."""
    if scheme.index:
        yield ("index",), scheme.index
        if scheme.index.units:
            yield ("index", "units"), scheme.index.units


def _consequences(scheme: Scheme) -> Iterator[Mention]:
    remediation, registration = scheme.conduct.remediation, scheme.conduct.registration
    for name, standard in scheme.models.items():
        yield from _conditions(("models", name, "require"), standard.require, "models")
    if remediation:
        yield from _conditions(("conduct", "remediation", "when"), remediation.when, "conduct")
    if registration:
        yield from _conditions(("conduct", "registration", "deny"), registration.deny, "conduct")
        yield from _conditions(("conduct", "registration", "defer"), registration.defer, "conduct")


def _conditions(path: Path, asked: Iterable[Condition], by: str) -> Iterator[Mention]:
    for place, condition in enumerate(asked):
        yield Mention((*path, str(place), "of"), condition.of, by, condition)


def misnamed(scheme: Scheme) -> Iterator[Finding]:
    """Quantities that are none, are not there, or are not there yet; conditions that do not fit theirs."""
    for mention in mentions(scheme):
        found = list(_quantity(mention, scheme))
        yield from found
        if mention.condition and not found:
            yield from _condition(mention, mention.condition, scheme)


def _quantity(mention: Mention, scheme: Scheme) -> Iterator[Finding]:
    path, of, by, _ = mention
    of_members = of.partition(".")[0] == "members"
    if of_members and by != "units":
        yield path, of, "must not be asked here: members.NAME stands in index.units only"
        return
    asked = (of.partition(".")[2] or "index") if of_members else of
    if not _is_quantity(asked):
        says = one_of(asked, [f"{kind}.NAME" if kind in NAMED else kind for kind in KINDS], "a quantity")
        unsaid = "without of its name " if path[-2] in {"components", "extras"} else ""
        yield path, of, f"what follows members. {says}" if of_members else unsaid + says
        return
    kind, part = parts(asked)
    if kind == "members" or (kind == OWN.get(by) and not of_members):
        yield path, of, "must not be made of itself"
    elif kind in LATER.get(by, ()):
        yield path, of, f"must not be {kind}, which comes after {CALLED[by]}"
    elif SECTIONS.get(kind) and getattr(scheme, SECTIONS[kind]) is None:
        yield path, of, f"needs a section {SECTIONS[kind]}"
    elif kind == "grade" and mention.condition is None:
        yield path, of, "must be a number, and a grade is none"
    elif part:
        known = _named(kind, scheme)
        yield from unknown(path, [part], [part] if known is None else known, KINDS[kind])


def _is_quantity(text: str) -> bool:
    try:
        QUANTITY.validate_python(text)
    except ValidationError:
        return False
    return True


def _named(kind: str, scheme: Scheme) -> list[str] | None:
    """What may stand after the dot; None where any name may."""
    if kind == "score":
        return [*scheme.source_tree.names[1:], *scheme.indicator_tree.names[1:]]
    if kind == "points":
        return [*scheme.points.dimensions] if scheme.points else None
    if kind in {"satisfaction", "dissatisfied"}:
        return [*scheme.satisfaction.topics] or None if scheme.satisfaction else None
    if kind == "measure":
        return [*scheme.measures] or None
    return [name for _, made in compositions(scheme) for name in made.components] if kind == "index" else None


def _condition(mention: Mention, condition: Condition, scheme: Scheme) -> Iterator[Finding]:
    """A grade is one of some, a number lies within bounds, an attribute may be either."""
    place, kind = mention.path[:-1], parts(mention.of)[0]
    if kind == "grade":
        for key, bound in bounds(condition):
            yield (*place, key), str(bound), "must be among: [...], since a grade is no number"
        bands = scheme.grades.bands if scheme.grades else {}
        yield from unknown((*place, "among"), condition.among, bands, "a grade")
    elif kind != "attribute" and condition.among is not None:
        yield (*place, "among"), "", f"must be min, above, max or below, since {mention.of} is a number"
    yield from lacking((*place, "among"), condition.among)

"""What is odd in a scheme though nothing is wrong with it: what changes nothing, can never be, or leaves a gap."""

from __future__ import annotations

from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

from toolkit.lint.limits import highest, lowest
from toolkit.rulebook.mentions import compositions, mentions
from toolkit.rules import Stars, bounds, parts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from fractions import Fraction

    from toolkit.rulebook.findings import Finding, Path
    from toolkit.rulebook.mentions import Mention
    from toolkit.rules import Band, Grades, Points
    from toolkit.scheme import Scheme

NOBODY = "no index, grade, star, target or condition asks for it"
WORDS = {"min": "at least", "above": "more than", "max": "at most", "below": "less than"}
UP, DOWN = ("min", "above"), ("max", "below")
CLOSE = 1e-9
"""Numbers closer than this are equal."""
MAKES_INDEX = {"index", "units"}


def doubts(scheme: Scheme, asked: Collection[Mention]) -> Iterator[Finding]:
    """Everything that is odd in a scheme, with its place, the value and what is odd about it.

    Parameters
    ----------
    scheme : Scheme
        Without faults.
    asked : collection of Mention
        What the rules of all rounds ask; what one of them asks has its consequence.
    """
    yield from _idle(scheme, asked)
    yield from _idle_parts(scheme)
    if scheme.points:
        yield from _idle_points(scheme.points)
    yield from _never(scheme)
    yield from _unreachable(scheme)
    yield from _gaps(scheme)
    for by, rules in (("grades", scheme.grades), ("stars", scheme.stars)):
        if rules:
            yield from _quotas(by, rules)
    yield from _half_used(scheme)


# ------------------------------------------------------------------------------------------------ without consequence


def _idle(scheme: Scheme, asked: Collection[Mention]) -> Iterator[Finding]:
    """Sections from which nothing follows."""
    # an index of units that rests on that of their members is still an index, and nothing may follow from both
    used = [parts(of.removeprefix("members.")) for _, of, by, _ in asked if by not in MAKES_INDEX or "index" not in of]
    kinds = {kind for kind, _ in used}
    if scheme.points and not kinds & {"points", "vetoes"}:
        yield ("points",), "", f"nothing follows from points: {NOBODY}"
    opinions = scheme.satisfaction
    if opinions and not (opinions.rules or opinions.bottom or kinds & {"satisfaction", "dissatisfied"}):
        yield ("satisfaction",), "", f"nothing follows from satisfaction: {NOBODY}, and it has no rules and no bottom"
    if scheme.index and "index" not in kinds and not scheme.index.bands:
        yield ("index",), "", f"nothing follows from the index: {NOBODY}, and it has no bands"
    for name in scheme.measures:
        if ("measure", name) not in used:
            yield ("measures", name), name, NOBODY


def _idle_parts(scheme: Scheme) -> Iterator[Finding]:
    """Single rules that change nothing."""
    for path, made in compositions(scheme):
        for name, extra in made.extras.items():
            if extra.times == 0 or extra.max == 0:
                yield (*path, "extras", name), name, "adds 0, whatever it is"
    for grade, papers in scheme.conduct.archive.items():
        if not papers:
            yield ("conduct", "archive", grade), grade, "names no papers: nothing is to be filed"
    for by, rules in (("grades", scheme.grades), ("stars", scheme.stars)):
        if rules and rules.priority and not _overlap(rules.bands):
            yield (by, "priority"), rules.priority, "no two bands overlap, so it decides nothing"


def _overlap(bands: Mapping[str, Band]) -> bool:
    order = sorted(bands.values(), key=lambda band: band.start)
    return any(low.end is not None and low.end > high.start for low, high in pairwise(order))


def _idle_points(points: Points) -> Iterator[Finding]:
    """Rules of points that are worth nothing."""
    for name, rule in points.rules.items():
        if rule.points == 0 and not rule.veto:
            yield ("points", "rules", name), name, "is worth 0 points and is no veto: its events change nothing"
    used = {rule.dimension for rule in points.rules.values()}
    for name in points.dimensions:
        if name not in used:
            yield ("points", "dimensions", name), name, "no rule gives points of this dimension"
    for place, multiplier in enumerate(points.multipliers):
        if multiplier.times == 1:
            yield ("points", "multipliers", str(place), "times"), "1", "changes nothing"


# -------------------------------------------------------------------------------------------------------- never met


def _never(scheme: Scheme) -> Iterator[Finding]:
    """Conditions, rules over votes and thresholds of satisfaction that nothing can meet."""
    share = 0.0, 1.0
    for path, of, _, condition in mentions(scheme):
        if condition:
            yield from _empty(path[:-1], of, dict(bounds(condition)), (lowest(of, scheme), highest(of, scheme)))
    votes = scheme.grades.votes if scheme.grades else None
    for place, rule in enumerate(votes.rules if votes else ()):
        yield from _empty(("grades", "votes", "rules", str(place)), "a share", dict(bounds(rule)), share)
    for name, threshold in (scheme.satisfaction.rules if scheme.satisfaction else {}).items():
        yield from _empty(("satisfaction", "rules", name), "a share", dict(bounds(threshold)), share)


def _empty(
    path: Path, of: str, asked: Mapping[str, Fraction], limits: tuple[float | None, float | None]
) -> Iterator[Finding]:
    """Bounds that leave no number between each other, or none that the quantity can be."""
    least, most = limits
    for key, bound in asked.items():
        short = f"{float(bound):.10g}"
        if most is not None and key in UP and (bound > most + CLOSE or (key == "above" and bound >= most - CLOSE)):
            yield (*path, key), short, f"can never be met: {of} is at most {most:.10g}"
        if least is not None and key in DOWN and (bound < least - CLOSE or (key == "below" and bound <= least + CLOSE)):
            yield (*path, key), short, f"can never be met: {of} is at least {least:.10g}"
    for up in UP:
        for down in DOWN:
            strict = up == "above" or down == "below"
            if up in asked and down in asked and (asked[up] > asked[down] or (strict and asked[up] == asked[down])):
                both = f"{WORDS[up]} {float(asked[up]):.10g} and {WORDS[down]} {float(asked[down]):.10g}"
                yield path, "", f"can never be met: no number is {both}"


def _unreachable(scheme: Scheme) -> Iterator[Finding]:
    """Bands and targets beyond the most that there can be."""
    for by, rules in (("grades", scheme.grades), ("stars", scheme.stars)):
        if rules:
            for name, band in rules.bands.items():
                yield from _beyond((by, "bands", name), rules.of, band.start, highest(rules.of, scheme))
    for number, target in enumerate(scheme.targets):
        for of, reach in target.reach.items():
            whose: list[str | None] = [*target.categories] if target.categories else [None]
            tops = [highest(of, scheme, category) for category in whose]
            top = None if None in tops else max(top for top in tops if top is not None)
            yield from _beyond(("targets", str(number), "reach", of), of, reach, top)
    for name, category in scheme.categories.items():
        for of, reach in category.targets.items():
            yield from _beyond(("categories", name, "targets", of), of, reach, highest(of, scheme, name))
        of = scheme.stars.of if scheme.stars else ""
        for star, cut in category.stars.items():
            yield from _beyond(("categories", name, "stars", star), of, cut, highest(of, scheme, name))


def _beyond(path: Path, of: str, value: float | Fraction, top: float | None) -> Iterator[Finding]:
    if top is not None and value > top + CLOSE:
        yield path, f"{float(value):.10g}", f"can never be reached: {of} is at most {top:.10g}"


# ------------------------------------------------------------------------------------------------------------- gaps


def _gaps(scheme: Scheme) -> Iterator[Finding]:
    """Values that lie in no band."""
    if scheme.grades:
        yield from _holes(("grades", "bands"), scheme.grades.bands, scheme.grades.of, "no grade", scheme)
    if scheme.index:
        yield from _holes(("index", "bands"), scheme.index.bands, "index", "no level", scheme)
    if scheme.stars:
        yield from _holes(("stars", "bands"), scheme.stars.bands, scheme.stars.of, "0 stars", scheme)


def _holes(path: Path, bands: Mapping[str, Band], of: str, none: str, scheme: Scheme) -> Iterator[Finding]:
    order = sorted(bands, key=lambda name: bands[name].start)
    least, most = lowest(of, scheme), highest(of, scheme)
    start = bands[order[0]].start if order else 0
    if order and least is not None and start > least and none != "0 stars":  # below the first star is where 0 stars are
        yield (*path, order[0]), f"{start:g}", f"leaves a hole: {of} below {start:g} has {none}"
    for low, high in pairwise(order):
        end, start = bands[low].end, bands[high].start
        if end is not None and end < start:
            yield (*path, low, "to"), f"{end:g}", f"leaves a hole: {of} from {end:g} to below {start:g} has {none}"
    end = bands[order[-1]].end if order else None
    if end is not None:
        end = max(end, *(band.end or end for band in bands.values()))
        if most is None or end < most:
            yield (*path, order[-1], "to"), f"{end:g}", f"leaves a hole: {of} from {end:g} up has {none}"


# ----------------------------------------------------------------------------------------------------------- quotas


def percent(share: float | Fraction) -> str:
    """A share as a person reads it: 33.3%."""
    return f"{100 * float(share):.3g}%"


def _quotas(by: str, rules: Grades | Stars) -> Iterator[Finding]:
    """Quotas that keep nobody out, or everybody, or that press some down whatever they score."""
    names = rules.names if isinstance(rules, Stars) else rules.order
    for name, quota in rules.quota.items():
        if quota.max == 0:
            yield (by, "quota", name, "max"), "0", f"lets nobody have {name}"
        elif quota.max == 1:
            yield (by, "quota", name, "max"), "1", "keeps nobody out: it is as large as the whole"
    best = [*takewhile(lambda name: name in rules.quota, reversed(names))]
    taken = sum(rules.quota[name].max for name in best)
    if len(best) > 1 and taken < 1:
        says = f"leave places for {percent(taken)}: at least {percent(1 - taken)} stay below {best[-1]}"
        yield (by, "quota"), ", ".join(best), f"{says}, whatever they score"


def _half_used(scheme: Scheme) -> Iterator[Finding]:
    """A quota of stars is not used up where they ask for a grade that fewer can have."""
    if scheme.stars is None or scheme.grades is None:
        return
    for name, quota in scheme.stars.quota.items():
        for condition in scheme.stars.require.get(name, []):
            grades = condition.among or []
            if condition.of != "grade" or not set(grades) <= set(scheme.grades.quota):
                continue
            share = sum(scheme.grades.quota[grade].max for grade in set(grades))
            if share < quota.max:
                says = (
                    f"is never used up: {name} stars ask for {'/'.join(grades)}, which only {percent(share)} may have"
                )
                yield ("stars", "quota", name, "max"), percent(quota.max), says

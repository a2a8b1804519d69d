"""What is wrong with bands and what goes with them: quotas, votes, stars of categories, targets, conduct."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from toolkit.rulebook.findings import lacking, share, unknown, unknown_keys
from toolkit.rules import bounds, parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from toolkit.rulebook.findings import Finding, Path
    from toolkit.rules import Band, Grades, Stars, VoteRule, Votes
    from toolkit.scheme import Scale, Scheme

TOP = 100
UNLIMITED = ("points", "vetoes", "raters", "measure", "attribute")
"""Quantities that may be beyond 100; of them bands may begin anywhere."""


def misplaced(scheme: Scheme) -> Iterator[Finding]:
    """Everything that is wrong with the thresholds of a scheme."""
    if scheme.grades:
        yield from _grades(scheme.grades, scheme)
    if scheme.index:
        yield from _bands(("index", "bands"), scheme.index.bands, limited=True, priority=None)
    if scheme.stars:
        yield from _stars(scheme.stars, scheme)
    yield from _categories(scheme)
    yield from _targets(scheme)
    yield from _conduct(scheme)


def _grades(rules: Grades, scheme: Scheme) -> Iterator[Finding]:
    path, limited = ("grades", "bands"), parts(rules.of)[0] not in UNLIMITED
    if not rules.bands:
        yield path, "", "must hold at least one grade"
    yield from _bands(path, rules.bands, limited=limited, priority=rules.priority)
    lowest = min(rules.cuts.values(), default=0)
    if limited and lowest > 0:
        yield path, f"{lowest:g}", "must be 0 for the lowest band, or low scores have no grade"
    yield from _kept_out("grades", rules, [*rules.bands], rules.order[:1])
    if rules.votes:
        yield from _votes(rules.votes, rules, scheme)


def _stars(rules: Stars, scheme: Scheme) -> Iterator[Finding]:
    if bool(rules.bands) == (rules.cluster is not None):
        yield ("stars",), "", "must have either bands or cluster"
        return
    found = list(_star_bands(("stars", "bands"), rules))
    yield from found
    # whoever misses a condition of the lowest band, or finds no place in it, has 0 stars
    yield from _kept_out("stars", rules, rules.names, [])
    for name, category in scheme.categories.items():
        if category.stars and not found:
            yield from _own_stars(("categories", name, "stars"), category.stars, rules)


def _star_bands(path: Path, rules: Stars) -> Iterator[Finding]:
    """Stars are numbers, and more of them begin higher."""
    yield from _bands(path, rules.bands, limited=parts(rules.of)[0] not in UNLIMITED, priority=rules.priority)
    numbers = {name: int(name) if name.isdecimal() and name.isascii() else 0 for name in rules.order}
    for name, number in numbers.items():
        if number < 1 or str(number) != name:
            yield (*path, name), name, "must be a number of stars: 1, 2, 3, ..."
    for low, high in pairwise(numbers):
        if 0 < numbers[high] < numbers[low]:
            cuts = rules.cuts
            yield (*path, high), f"{cuts[high]:g}", f"must be below {cuts[low]:g}, where {low} stars begin"


def _own_stars(path: Path, own: Mapping[str, float], rules: Stars) -> Iterator[Finding]:
    """Where stars begin for a category: those of the scheme at other scores, in the same order."""
    if rules.cluster:
        yield path, "", "must not stand beside stars.cluster, which finds where stars begin"
        return
    yield from unknown_keys(path, own, rules.bands, "one of the stars")
    limited = parts(rules.of)[0] not in UNLIMITED
    for name, cut in own.items():
        if limited and not 0 <= cut <= TOP:
            yield (*path, name), f"{cut:g}", "must lie within 0-100"
    starts = {name: own.get(name, rules.cuts[name]) for name in rules.order}
    for low, high in pairwise(starts):
        if starts[low] >= starts[high] and {low, high} & set(own):
            wrong, at = high if high in own else low, f"{starts[low]:g}"
            yield (*path, wrong), f"{starts[wrong]:g}", f"must leave {high} stars above {low}, which begin at {at}"


def _bands(path: Path, bands: Mapping[str, Band], *, limited: bool, priority: str | None) -> Iterator[Finding]:
    """Bands lie within their scale, begin at different scores, end above their start and do not overlap unasked."""
    begun: dict[float, str] = {}
    for name, band in bands.items():
        for place, cut in (((*path, name), band.start), ((*path, name, "to"), band.end)):
            if limited and cut is not None and not 0 <= cut <= TOP:
                yield place, f"{cut:g}", "must lie within 0-100"
        if begun.setdefault(band.start, name) != name:
            yield path, f"{band.start:g}", f"must not be the beginning of both {begun[band.start]} and {name}"
        if band.end is not None and band.end <= band.start:
            yield (*path, name, "to"), f"{band.end:g}", f"must be above from: {band.start:g}"
    order = sorted(bands, key=lambda name: bands[name].start)
    open_ended = all(band.end is None for band in bands.values())
    if path[0] != "stars" and open_ended and len(begun) == len(bands) and list(bands) not in (order, order[::-1]):
        # the scores alone say which band is better, so a slip would make a bad one the best
        yield path, "", f"must stand from the best down, or up; by their scores they are {', '.join(order[::-1])}"
    for low, high in pairwise(order):
        end, start = bands[low].end, bands[high].start
        apart = end is None or end <= start or bands[low].start == start or (limited and end > TOP)
        if priority is None and not apart:
            stated = "" if path[0] == "index" else ", or priority must say which of the two holds: high or low"
            yield (*path, low, "to"), f"{end:g}", f"must be at most {start:g}, where {high} begins{stated}"


def _kept_out(by: str, rules: Grades | Stars, names: list[str], lowest: list[str]) -> Iterator[Finding]:
    """Quotas and conditions are those of bands, and whoever is kept out of one has a lower one."""
    for section, kept in (("quota", rules.quota), ("require", rules.require)):
        for name in kept:
            yield from unknown_keys((by, section), [name], names, "a band")
            if name in lowest:
                yield (by, section, name), name, "must not be the lowest band: there is no grade below it"
    for name, quota in rules.quota.items():
        yield from share((by, "quota", name, "max"), quota.max)


# ----------------------------------------------------------------------------------------------------------- votes


def _votes(votes: Votes, rules: Grades, scheme: Scheme) -> Iterator[Finding]:
    path = ("grades", "votes")
    source, tree = scheme.leaf_sources.get(votes.source), scheme.indicator_tree
    yield from unknown((*path, "source"), [votes.source], scheme.leaf_sources, "a source that rates")
    yield from unknown((*path, "indicator"), [votes.indicator], tree.names, "an indicator")
    scale = scheme.scales.get(source.scale or "") if source else None
    if scale and scale.levels is None:
        yield (*path, "source"), votes.source, f"must have a scale of levels; {source.scale if source else ''} has none"
    if source and votes.indicator in tree.names:
        below = tree.below[tree.position[votes.indicator]]
        if not scheme.asked[list(scheme.leaf_sources).index(votes.source)][below].any():
            yield (*path, "indicator"), votes.indicator, f"must be one that {votes.source} is asked"
    always = None
    for place, rule in enumerate(votes.rules):
        if always is not None:
            yield (*path, "rules", str(place)), rule.grade, f"is never asked: rule {always + 1}, without levels, holds"
        always = place if always is None and not rule.levels else always
        yield from _vote_rule((*path, "rules", str(place)), rule, rules, scale)


def _vote_rule(path: Path, rule: VoteRule, rules: Grades, scale: Scale | None) -> Iterator[Finding]:
    yield from unknown((*path, "grade"), [rule.grade], rules.bands, "a grade")
    if scale and scale.levels is not None:
        yield from unknown((*path, "levels"), rule.levels, scale.levels, "a level")
    for key, bound in bounds(rule):
        yield from share((*path, key), bound)


# --------------------------------------------------------------------------------------- categories, targets, conduct


def _categories(scheme: Scheme) -> Iterator[Finding]:
    for name, category in scheme.categories.items():
        if category.stars and scheme.stars is None:
            yield ("categories", name, "stars"), "", "needs a section stars"


def _targets(scheme: Scheme) -> Iterator[Finding]:
    for place, target in enumerate(scheme.targets):
        path = ("targets", str(place))
        yield from unknown((*path, "categories"), target.categories, scheme.categories, "a category")
        yield from lacking((*path, "categories"), target.categories)
        yield from lacking((*path, "industries"), target.industries)
        if not target.reach:
            yield (*path, "reach"), "", "must name at least one quantity"


def _conduct(scheme: Scheme) -> Iterator[Finding]:
    names = scheme.grades.bands if scheme.grades else {}
    remediation = scheme.conduct.remediation
    if remediation:
        yield from unknown(("conduct", "remediation", "helpers"), remediation.helpers, names, "a grade")
    yield from unknown_keys(("conduct", "archive"), scheme.conduct.archive, names, "a grade")

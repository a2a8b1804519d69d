"""The rules of an appraisal, as data: scales, sources, indicators, categories, grades.

A scheme is one YAML file (`scheme.yaml`); `toolkit.rulebook` reads it, and says everything that is wrong with it.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import numpy as np
from pydantic import Field, model_validator

from toolkit.faults import UsageError
from toolkit.fields import NUMBER, WHOLE, Bound, Day, Label, Name, Quantity, Rule, Weight
from toolkit.reweighting import rebuilt, reweight
from toolkit.rules import (
    BallotRules,
    Conduct,
    Grades,
    Index,
    Layer,
    Measure,
    Points,
    Satisfaction,
    Standard,
    Stars,
    Target,
)
from toolkit.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.reweighting import Along
    from toolkit.rules import Composition

ROOT_INDICATOR = "overall"
"""The root of the indicator tree: what a rater ticks who ticks once."""
ROOT_SOURCE = ""
"""The root of the source tree: all sources together."""
SELF = "self"
"""The source that holds a ratee's rating of himself; its rater id is blank, and only he sees it."""
PUBLIC = "public"
"""The source that holds the public's ratings, beside which a member's sheet sets his view of himself."""


class Round(Rule):
    """A round of the appraisal, or several rounds combined."""

    label: Label | None = None
    start: Day | None = Field(default=None, alias="from", description="first day")
    end: Day | None = Field(default=None, alias="to", description="last day")
    scheme: Annotated[str, Field(pattern=r"^[^/\\]+$")] | None = Field(
        default=None, description="file beside scheme.yaml whose sections replace those of scheme.yaml"
    )
    combine: dict[Name, Weight] | None = Field(default=None, description="rounds and their weights")
    due: Day | None = Field(default=None, description="day by which its ratings are to be in")
    feedback: Day | None = Field(default=None, description="day on which members are told their results")


class Scale(Rule):
    """What a rater may answer: named levels with their points, or numbers from low to high."""

    levels: dict[Name, float] | None = Field(default=None, description="points (0-100) of every level")
    codes: dict[Name, Name] = Field(default_factory=dict, description="what stands for a level or a blank answer")
    blank: list[Name] = Field(default_factory=list, description="answers that leave the base and are counted")
    low: float | None = Field(default=None, description="lowest number")
    high: float | None = Field(default=None, description="highest number")
    map: Literal["min-max", "share"] = Field(
        default="min-max", description="min-max: low gives 0 points and high 100; share: value / high"
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Scale:
        if (self.levels is None) == (self.low is None) or (self.low is None) != (self.high is None):
            raise ValueError("must have either levels or both low and high")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low is {self.low:g}, must be below high, {self.high:g}")
        if self.map == "share" and self.low is not None and not self.low >= 0:
            raise ValueError(f"low is {self.low:g}, must be at least 0 for map: share")
        levels = self.levels or {}
        if self.levels is not None and not levels:
            raise ValueError("levels must not be empty")
        outside = [f"{name} = {points:g}" for name, points in levels.items() if not 0 <= points <= 100]  # noqa: PLR2004
        if outside:
            raise ValueError(f"points of levels must lie within 0-100: {', '.join(outside)}")
        unknown = [name for name in dict.fromkeys(self.codes.values()) if name not in {*levels, *self.blank}]
        if unknown:
            raise ValueError(f"codes name levels that do not exist: {', '.join(unknown)}")
        twice = sorted({*levels, *self.blank} & set(self.codes) | set(levels) & set(self.blank))
        if twice:
            raise ValueError(f"must be either a level, a code or a blank answer: {', '.join(twice)}")
        return self

    def level(self, value: str) -> str:
        """The name of the answer `value`: a code becomes its level, and Excel's 2.0 is 2."""
        value = value.strip()
        whole = WHOLE.fullmatch(value)
        value = whole[1] if whole else value
        return self.codes.get(value, value)

    def points(self, value: str, *, reverse: bool = False) -> float | None:
        """Points (0-100) of an answer, None for a blank answer.

        Level points stand as written; a number is mapped by min-max or by its share of `high` (OECD 2008, Handbook
        on Constructing Composite Indicators, step 5). `reverse` mirrors within the range of the scale.

        Raises
        ------
        ValueError
            If `value` is no answer of this scale.
        """
        name = self.level(value)
        if not name or name in self.blank:
            return None
        if self.levels is not None:
            if name not in self.levels:
                raise ValueError(self.answers)
            points, ends = self.levels[name], (min(self.levels.values()), max(self.levels.values()))
            return ends[0] + ends[1] - points if reverse else points
        number = float(name) if NUMBER.fullmatch(name) else float("nan")
        low, high = self.low or 0.0, self.high or 0.0
        if not low <= number <= high:
            raise ValueError(self.answers)
        number = low + high - number if reverse else number
        return 100 * number / high if self.map == "share" else 100 * (number - low) / (high - low)

    @property
    def answers(self) -> str:
        """What an answer must be, for an error message."""
        blank = f", or blank: {', '.join(self.blank)}" if self.blank else ""
        if self.levels is None:
            return f"must be a number from {self.low:g} to {self.high:g}{blank}"
        codes = f" or a code: {', '.join(self.codes)}" if self.codes else ""
        return f"must be one of the levels {', '.join(self.levels)}{codes}{blank}"


class Trim(Rule):
    """Drop the `drop` highest and lowest ratings of a cell that has more than `above` raters."""

    drop: Annotated[int, Field(ge=1)] = Field(default=1, description="ratings to drop at either end")
    above: Annotated[int, Field(ge=0)] = Field(default=5, description="cells with this many raters or fewer stay whole")

    @model_validator(mode="after")
    def _something_left(self) -> Trim:
        if self.above < 2 * self.drop:
            raise ValueError(f"above is {self.above}, must be at least {2 * self.drop} to leave a rating")
        return self


class Source(Rule):
    """Who rates: a node of the source tree. What a parent says of scale, trim, ... its items inherit."""

    label: Label | None = None
    weight: Weight | None = Field(default=None, description="share within the parent; siblings sum to 1 or to 100")
    scale: str | None = Field(default=None, description="name of a scale")
    attributed: bool | None = Field(default=None, description="raters are known by name, and know it")
    trim: Trim | None = None
    average: Literal["mean", "median"] | None = Field(default=None, description="mean of a cell's ratings, or median")
    min: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="with fewer raters of a ratee the source is missing"
    )
    adds: bool | None = Field(default=None, description="ballots add to ratings of the same cell")
    items: dict[Name, Source] = Field(default_factory=dict, description="sources below this one")


class Indicator(Rule):
    """What is rated: a node of the indicator tree."""

    label: Label | None = None
    weight: Weight | None = Field(default=None, description="share within the parent; siblings sum to 1 or to 100")
    sources: list[Name] | None = Field(default=None, description="the only sources asked")
    reverse: bool = Field(default=False, description="much is bad: answers are mirrored within their scale")
    items: dict[Name, Indicator] = Field(default_factory=dict, description="indicators below this one")


class Category(Rule):
    """A category of ratees, with weights that replace a whole set of siblings."""

    label: Label | None = None
    ratee: Literal["member", "unit"] = Field(default="member", description="who is rated in this category")
    sources: dict[Name, Weight] = Field(default_factory=dict, description="weights that replace a set of siblings")
    indicators: dict[Name, Weight] = Field(default_factory=dict, description="weights that replace a set of siblings")
    index: dict[Name, Weight] = Field(default_factory=dict, description="other weights of the index's components")
    stars: dict[Name, float] = Field(default_factory=dict, description="other scores at which stars begin")
    targets: dict[Quantity, Bound] = Field(default_factory=dict, description="points, index, stars to be reached")


class Missing(Rule):
    """What happens when a source or indicator has no ratings."""

    rule: Literal["renormalise", "adjusted", "fail"] = Field(
        default="renormalise", description="share the missing weight out, fill the gap, or give no score"
    )
    min_coverage: Weight = Field(
        default=Fraction(1, 2), description="share of the weight below which no score is given"
    )


class Privacy(Rule):
    """How few raters are too few to be shown."""

    min_raters: Annotated[int, Field(ge=3)] = Field(default=5, description="a source with fewer raters is not shown")
    min_votes: Annotated[int, Field(ge=3)] = Field(
        default=10, description="with fewer raters no counts of single votes are shown, only their mean"
    )


class Scheme(Rule):
    """The rules of one round of an appraisal."""

    title: Label
    language: Literal["zh", "en"] = Field(default="zh", description="language of reports")
    rounds: dict[Name, Round] = Field(description="when is rated")
    scales: dict[Name, Scale] = Field(description="what raters may answer")
    sources: dict[Name, Source] = Field(description="who rates")
    indicators: dict[Name, Indicator] = Field(default_factory=dict, description="what is rated")
    categories: dict[Name, Category] = Field(default_factory=dict, description="kinds of ratees")
    ballots: dict[Name, BallotRules] = Field(default_factory=dict, description="which ballots of a source are void")
    first: Literal["indicator", "source"] = Field(default="indicator", description="over which the first mean is taken")
    missing: Missing = Missing()
    grades: Grades | None = None
    measures: dict[Name, Measure] = Field(default_factory=dict, description="columns of numbers")
    points: Points | None = None
    satisfaction: Satisfaction | None = None
    index: Index | None = None
    stars: Stars | None = None
    targets: list[Target] = Field(default_factory=list, description="what is to be reached, by date")
    models: dict[Name, Standard] = Field(default_factory=dict, description="standards of role models")
    layers: dict[Name, Layer] = Field(default_factory=dict, description="layers of criteria, the highest first")
    conduct: Conduct = Conduct()
    privacy: Privacy = Privacy()
    labels: dict[Name, Label] = Field(
        default_factory=dict, description="labels of levels, grades, criteria, themes and papers"
    )

    @cached_property
    def source_tree(self) -> Tree:
        """The sources below their root, `""`."""
        return _tree(ROOT_SOURCE, self.sources)

    @cached_property
    def indicator_tree(self) -> Tree:
        """The indicators below their root, `overall`."""
        return _tree(ROOT_INDICATOR, self.indicators)

    @cached_property
    def leaf_sources(self) -> dict[str, Source]:
        """The sources that rate, each with what it inherits from its parents."""
        return dict(_inherit(self.sources, Source()))

    @cached_property
    def ballot_rules(self) -> dict[str, BallotRules]:
        """What makes ballots void, by the source that rates; items have the rules of the nearest source above them."""
        tree = self.source_tree
        found: dict[str, BallotRules] = {}
        for leaf in self.leaf_sources:
            path = [tree.names[node] for node in tree.path(tree.position[leaf])]
            rules = next((self.ballots[name] for name in path if name in self.ballots), None)
            found |= {leaf: rules} if rules else {}
        return found

    def source_weights(self, category: str | None = None) -> dict[str, Fraction]:
        """Weight of every source within its parent, for a category."""
        return dict(self._source_weights.get(category or "") or self._source_weights[""])

    @cached_property
    def _source_weights(self) -> dict[str, dict[str, Fraction]]:
        own = {name: category.sources for name, category in self.categories.items()}
        return {name: _weights(self.sources, own.get(name, {})) for name in ("", *own)}

    def indicator_weights(self, category: str | None = None) -> dict[str, Fraction]:
        """Weight of every indicator within its parent, for a category."""
        return dict(self._indicator_weights.get(category or "") or self._indicator_weights[""])

    @cached_property
    def _indicator_weights(self) -> dict[str, dict[str, Fraction]]:
        own = {name: category.indicators for name, category in self.categories.items()}
        return {name: _weights(self.indicators, own.get(name, {})) for name in ("", *own)}

    def index_weights(self, composition: Composition, category: str | None = None) -> dict[str, Fraction]:
        """Weight of every component of an index, for a category; those without weights weigh the same."""
        override = self.categories[category].index if category in self.categories else {}
        given = {name: part.weight for name, part in composition.components.items()}
        if set(given) & set(override):
            given = {name: override.get(name) for name in given}
        if all(weight is None for weight in given.values()):
            return dict.fromkeys(given, Fraction(1, len(given)))
        total = sum(weight or 0 for weight in given.values())
        return {name: Fraction(weight or 0) / (total or 1) for name, weight in given.items()}

    @cached_property
    def asked(self) -> NDArray[np.bool_]:
        """Matrix (leaf sources, leaf indicators): which source is asked which indicator."""
        tree = self.source_tree
        asked = np.ones((len(tree.leaves), len(self.indicator_tree.leaves)), dtype=bool)
        for column, leaf in enumerate(self.indicator_tree.leaves):
            for node in self.indicator_tree.path(int(leaf))[:-1]:
                only = self.indicator(self.indicator_tree.names[node]).sources
                if only is not None:
                    below = [tree.below[tree.position[name]] for name in only if name in tree.position]
                    asked[:, column] &= np.any(below, axis=0)
        return asked

    def indicator(self, name: str) -> Indicator:
        """The indicator called `name`, anywhere in the tree; the root is an indicator without a label."""
        return dict(_walk(self.indicators)).get(name, Indicator())

    def source(self, name: str) -> Source:
        """The source called `name`, anywhere in the tree."""
        return dict(_walk(self.sources)).get(name, Source())

    @cached_property
    def quantities(self) -> frozenset[str]:
        """Every quantity that some rule asks."""
        return frozenset(_asked(self))

    def label(self, name: str, language: str | None = None) -> str:
        """Label of anything that the scheme names, in `language`; of two things with one name the more particular."""
        return said(self._label_of.get(name, name), language or self.language)

    @cached_property
    def _label_of(self) -> dict[str, Label]:
        found: dict[str, Label] = dict(self.labels)
        for part in self._labelled:
            found |= {name: label for name, item in part.items() if (label := getattr(item, "label", None))}
        return found

    @property
    def _labelled(self) -> list[Mapping[str, object]]:
        """Everything that may have a label, what stands last holds."""
        points, satisfaction, index = self.points, self.satisfaction, self.index
        parts: list[Mapping[str, object]] = [self.measures, self.layers, self.models]
        if satisfaction:
            parts += [satisfaction.topics, satisfaction.panels, satisfaction.rules]
        if points:
            parts += [points.dimensions, points.rules]
        for made in (index, index.units if index else None):
            parts += [made.components, made.extras] if made else []
        return [*parts, self.categories, self.rounds, dict(_walk(self.indicators)), dict(_walk(self.sources))]

    def reweighted(
        self,
        sources: Mapping[str, Any] | pd.Series[float] | None = None,
        /,
        *,
        indicators: Mapping[str, Any] | pd.Series[float] | None = None,
        along: Along = "weight",
        keep: Collection[str] = (),
        **named: float | str | Fraction,
    ) -> Scheme:
        """The same scheme with other weights for some sources or indicators; their siblings keep their proportions.

        Parameters
        ----------
        sources, indicators : mapping or Series, optional
            Name -> weight within its parent, 0-1, as a number, "1/3" or "30%". Where all siblings are given they sum to
            1, or to 100.
        along : {"weight", "odds"}
            `weight`: the change acts in every category alike. `odds`: the weight is that of the scheme, and where a
            category has weights of its own the odds w / (1 - w) change by the same factor; one of siblings alone.
        keep : collection of str
            Siblings of theirs that keep their weight, in each category the one they have there.
        **named
            Further sources: `scheme.reweighted(public=0.6)`.

        Raises
        ------
        UsageError
            If a name is unknown, a weight lies outside 0-1, siblings that are all given do not sum to 1, the others
            have no weight to share the rest by, what is given and kept sums to more than 1, or the scheme gives 0 or 1
            where odds are to change.
        """
        own = {} if sources is None else dict(sources)
        twice = own.keys() & named.keys()
        if twice:
            raise UsageError(f"sources: {min(twice)} must not be given twice")
        scheme = _reweight(self, "sources", own | named, along, keep)
        return _reweight(scheme, "indicators", {} if indicators is None else dict(indicators), along, keep)


def said(label: Label, language: str) -> str:
    """A label in `language`, or in the language it has."""
    if isinstance(label, str):
        return label
    return label.get(language) or next(iter(label.values()))  # type: ignore[call-overload]


def _asked(scheme: Scheme) -> Iterator[str]:
    """Quantities that components, conditions, bands and targets name."""
    compositions = [part for part in (scheme.index, scheme.index.units if scheme.index else None) if part]
    for made in compositions:
        for parts in (made.components, made.extras):
            yield from (part.of or name for name, part in parts.items())
    banded: list[Grades | Stars] = [part for part in (scheme.grades, scheme.stars) if part]
    for bands in banded:
        yield bands.of
        yield from (condition.of for conditions in bands.require.values() for condition in conditions)
    yield from (condition.of for standard in scheme.models.values() for condition in standard.require)
    yield from (of for target in scheme.targets for of in target.reach)
    yield from (of for category in scheme.categories.values() for of in category.targets)
    remediation, registration = scheme.conduct.remediation, scheme.conduct.registration
    asked = [
        *(remediation.when if remediation else []),
        *(registration.deny + registration.defer if registration else []),
    ]
    yield from (condition.of for condition in asked)


N = TypeVar("N", Source, Indicator)


def _walk(nodes: Mapping[str, N]) -> Iterator[tuple[str, N]]:
    """Every node of a tree with its name, parents first."""
    for name, node in nodes.items():
        yield name, node
        yield from _walk(node.items)


def _tree(root: str, nodes: Mapping[str, Any]) -> Tree:
    names, parents = [root], [-1]

    def add(items: Mapping[str, Any], parent: int) -> None:
        for name, node in items.items():
            names.append(name)
            parents.append(parent)
            add(node.items, len(names) - 1)

    add(nodes, 0)
    return Tree(tuple(names), tuple(parents))


def _inherit(nodes: Mapping[str, Source], parent: Source) -> Iterator[tuple[str, Source]]:
    passed = ("scale", "attributed", "trim", "average", "min", "adds")
    for name, node in nodes.items():
        full = node.model_copy(
            update={key: getattr(parent, key) for key in passed if getattr(node, key) is None},
        )
        if node.items:
            yield from _inherit(node.items, full)
        else:
            yield name, full


def siblings(nodes: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every set of siblings of a tree, the topmost first."""
    if nodes:
        yield dict(nodes)
        for node in nodes.values():
            yield from siblings(node.items)


def _weights(nodes: Mapping[str, Any], override: Mapping[str, Fraction]) -> dict[str, Fraction]:
    weights: dict[str, Fraction] = {}
    for group in siblings(nodes):
        replaced = bool(set(group) & set(override))
        given = {name: override.get(name) if replaced else node.weight for name, node in group.items()}
        if all(weight is None for weight in given.values()):
            given = dict.fromkeys(group, Fraction(1, len(group)))
        total = sum(weight or 0 for weight in given.values())
        weights |= {name: Fraction(weight or 0) / (total or 1) for name, weight in given.items()}
    return weights


def _reweight(
    scheme: Scheme,
    section: Literal["sources", "indicators"],
    given: Mapping[str, Any],
    along: Along,
    keep: Collection[str],
) -> Scheme:
    nodes: Mapping[str, Any] = getattr(scheme, section)
    weights_of = scheme.source_weights if section == "sources" else scheme.indicator_weights
    weights = {name: weights_of(name) for name in (None, *scheme.categories)}
    changed, categories = reweight(section, given, siblings(nodes), weights, scheme.categories, along=along, keep=keep)
    data = {key: getattr(scheme, key) for key in Scheme.model_fields}
    data |= {section: rebuilt(nodes, changed), "categories": categories}
    return Scheme.model_construct(set(scheme.model_fields_set), **data)

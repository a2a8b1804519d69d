"""What is made of scores, as data: points, index, grades, stars, satisfaction, targets, and what follows from them."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from toolkit.fields import Bound, Day, Label, Name, Quantity, Rule, Weight

Windows = dict[Literal["week", "month", "year"], Annotated[float, Field(ge=0)]]
"""The most that calendar weeks (Monday to Sunday), months and years may hold."""


STEPS = ["eligible", "issued", "returned", "valid"]
"""What happens to ballots, in the order in which their number can only fall."""


class Condition(Rule):
    """What a quantity must be; a quantity that is not known meets no condition."""

    of: Quantity
    min: Bound | None = Field(default=None, description="at least")
    above: Bound | None = Field(default=None, description="more than")
    max: Bound | None = Field(default=None, description="at most")
    below: Bound | None = Field(default=None, description="less than")
    among: list[Name] | None = Field(default=None, description="grades or values of an attribute")

    @model_validator(mode="after")
    def _asks_something(self) -> Condition:
        if all(value is None for value in (self.min, self.above, self.max, self.below, self.among)):
            raise ValueError("must have min, above, max, below or among")
        return self


# ---------------------------------------------------------------------------------------------------------- points


class PointRule(Rule):
    """What an event is worth."""

    label: Label | None = None
    points: float = Field(default=0, description="for a quantity of 1; below 0 it is a deduction")
    dimension: Name | None = Field(default=None, description="one of the dimensions")
    cap: Windows = Field(default_factory=dict, description="most points, or most deducted, by week, month and year")
    veto: bool = Field(default=False, description="一票否决: whoever has one such event has a balance of 0")


class Dimension(Rule):
    """A part of the balance."""

    label: Label | None = None
    cap: Windows = Field(default_factory=dict, description="most points by week, month and year")


class Multiplier(Rule):
    """Events that count more, or less; where several hold they multiply each other."""

    label: Label | None = None
    times: Weight
    rules: list[Name] | None = Field(default=None, description="the only rules that it is for")
    categories: list[Name] | None = Field(default=None, description="the only categories that it is for")
    start: Day | None = Field(default=None, alias="from", description="first day")
    end: Day | None = Field(default=None, alias="to", description="last day")


class Points(Rule):
    """A ledger of events against rules."""

    period: Literal["year", "round"] = Field(default="year", description="when a balance begins anew")
    base: Annotated[float, Field(ge=0)] = Field(default=0, description="what every balance begins with")
    bases: dict[Name, float] = Field(default_factory=dict, description="other bases, by category")
    carry: Weight = Field(default=Fraction(0), description="share of the last period's balance that is added")
    floor: float | None = Field(default=0, description="no balance is below it")
    ceiling: float | None = Field(default=None, description="no balance is above it")
    dimensions: dict[Name, Dimension] = Field(default_factory=dict, description="parts of the balance")
    multipliers: list[Multiplier] = Field(default_factory=list)
    rules: dict[Name, PointRule] = Field(description="what events are worth")


# ----------------------------------------------------------------------------------------------------------- index


class Measure(Rule):
    """A column of numbers in measures.csv."""

    label: Label | None = None
    combine: Literal["mean", "sum", "last"] = Field(default="mean", description="its value in a combined round")


class Component(Rule):
    """A part of an index, normalised to 0-100."""

    label: Label | None = None
    of: Quantity | None = Field(default=None, description="what it is made of; by default what it is called")
    weight: Weight | None = Field(default=None, description="share; all sum to 1 or to 100")
    normalise: Literal["goalposts", "min-max", "z-score", "percentile", "none"] = Field(
        default="goalposts", description="how it becomes 0-100"
    )
    low: float = Field(default=0, description="goalpost that gives 0")
    high: float = Field(default=100, description="goalpost, or target, that gives 100; below `low` less is better")
    log: bool = Field(default=False, description="take logarithms first, as for incomes")
    capped: bool = Field(default=True, description="beyond the goalposts no more than 100 and no less than 0")
    within: Literal["study", "unit", "category"] = Field(
        default="study", description="whose values make minimum and maximum, mean, or percentiles"
    )

    @model_validator(mode="after")
    def _apart(self) -> Component:
        if self.low == self.high:
            raise ValueError(f"low and high are both {self.low:g}, must differ")
        if self.log and self.normalise == "goalposts" and min(self.low, self.high) <= 0:
            raise ValueError(f"low is {min(self.low, self.high):g}, must be above 0 where log is true")
        return self


class Extra(Rule):
    """What is added to the mean of the components."""

    label: Label | None = None
    of: Quantity | None = Field(default=None, description="what it is made of; by default what it is called")
    times: float = Field(default=1, description="what one of it adds")
    max: Annotated[float, Field(ge=0)] | None = Field(default=None, description="most that it adds, or takes away")


class Composition(Rule):
    """A mean of components."""

    mean: Literal["arithmetic", "geometric", "power", "mpi"] = Field(
        default="arithmetic", description="mpi: Mazziotta and Pareto's mean, which takes off for imbalance"
    )
    power: float | None = Field(default=None, description="exponent of the power mean")
    components: dict[Name, Component]
    extras: dict[Name, Extra] = Field(default_factory=dict, description="added to the mean")

    @model_validator(mode="after")
    def _exponent(self) -> Composition:
        if (self.mean == "power") != (self.power is not None):
            raise ValueError("power must stand beside mean: power, and nowhere else")
        if self.power == 0:
            raise ValueError("power is 0, must be another number (mean: geometric is its limit)")
        return self


class Band(Rule):
    """Scores from `start` (included) up to `end` (not included, unless it is 100), or to the next band."""

    start: float = Field(alias="from")
    end: float | None = Field(default=None, alias="to")


def _band(value: object) -> object:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number and not isinstance(value, dict | Band):
        raise ValueError("must be the score at which it begins, such as 85, or {from: 85, to: 100}")
    return {"from": value} if number else value


Begin = Annotated[
    Band,
    BeforeValidator(_band),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number"},
                {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"from": {"type": "number"}, "to": {"type": "number"}},
                    "required": ["from"],
                },
            ]
        }
    ),
]


class Quota(Rule):
    """At most this share of the scored, non-exempt members, or of the units, may hold a grade or so many stars."""

    max: Weight = Field(description="largest share")
    within: Literal["unit", "study", "category"] = Field(default="unit", description="who is the base")


class Bands(Rule):
    """Bands of scores, each beginning at its cut; conditions and quotas keep some out of the better ones."""

    bands: dict[Name, Begin] = Field(description="where each band begins (score >= cut)")
    priority: Literal["high", "low"] | None = Field(default=None, description="which of two overlapping bands holds")
    quota: dict[Name, Quota] = Field(default_factory=dict, description="bands that only some may hold")
    require: dict[Name, list[Condition]] = Field(default_factory=dict, description="conditions of a band, all of them")

    @property
    def cuts(self) -> dict[str, float]:
        """Where each band begins."""
        return {name: band.start for name, band in self.bands.items()}

    @property
    def order(self) -> list[str]:
        """The bands from the lowest up."""
        return sorted(self.bands, key=lambda name: self.bands[name].start)


class Index(Composition):
    """A 0-100 index of every member, and of every unit."""

    bands: dict[Name, Begin] = Field(default_factory=dict, description="levels of the index")
    units: Composition | None = Field(default=None, description="the index of a unit")


# -------------------------------------------------------------------------------------------------- grades and stars


class VoteRule(Rule):
    """A grade by the share of the votes for some levels."""

    grade: Name
    levels: list[Name] = Field(default_factory=list, description="levels whose votes count; none: it always holds")
    min: Weight | None = Field(default=None, description="at least this share")
    above: Weight | None = Field(default=None, description="more than this share")
    max: Weight | None = Field(default=None, description="at most this share")
    below: Weight | None = Field(default=None, description="less than this share")

    @model_validator(mode="after")
    def _asks_something(self) -> VoteRule:
        if self.levels and all(value is None for value in (self.min, self.above, self.max, self.below)):
            raise ValueError("must have min, above, max or below beside levels")
        return self


class Votes(Rule):
    """Rules over shares of votes; the first that holds decides, whatever the score is."""

    source: Name = Field(description="whose votes")
    indicator: Name = Field(default="overall", description="on what; with one that has items, votes on all of them")
    blank: Literal["outside", "inside"] = Field(default="outside", description="whether blank votes are in the base")
    rules: list[VoteRule] = Field(min_length=1)


class Grades(Bands):
    """Grades by score, index or points, or by votes."""

    of: Quantity = Field(default="score", description="what the bands are of")
    votes: Votes | None = Field(default=None, description="grades by shares of votes")


class Cluster(Rule):
    """Cut points that are found in the data."""

    stars: Annotated[int, Field(ge=2, le=10)] = Field(default=5, description="how many clusters")
    guardrail: Annotated[float, Field(gt=0)] | None = Field(
        default=5, description="most that a cut point may move from one round to the next"
    )
    groups: Annotated[int, Field(ge=1)] = Field(
        default=10, description="mean of the cut points found without one of so many groups; 1: of all at once"
    )


class Stars(Bands):
    """Stars by bands, or by cut points found in the data."""

    of: Quantity = Field(default="index", description="what the bands are of")
    bands: dict[Name, Begin] = Field(default_factory=dict, description="stars and where each begins")
    cluster: Cluster | None = Field(default=None, description="in place of bands")

    @property
    def names(self) -> list[str]:
        """Stars from the fewest up."""
        return [str(star) for star in range(1, self.cluster.stars + 1)] if self.cluster else self.order


# ------------------------------------------------------------------------------------------------------ satisfaction


class Panel(Rule):
    """A group that is asked how satisfied it is."""

    label: Label | None = None
    weight: Weight | None = Field(default=None, description="share of the panel; all sum to 1 or to 100")
    direction: Label | None = Field(default=None, description="who looks at whom, such as 下评上 or 企业评机关")


class Topic(Rule):
    """What a panel is asked about."""

    label: Label | None = None


class Threshold(Rule):
    """What follows from a share of dissatisfied answers."""

    label: Label | None = None
    min: Weight | None = Field(default=None, description="at least this share")
    above: Weight | None = Field(default=None, description="more than this share")

    @model_validator(mode="after")
    def _one_bound(self) -> Threshold:
        if (self.min is None) == (self.above is None):
            raise ValueError("must have either min or above")
        return self


class Bottom(Rule):
    """Who is listed as least satisfactory."""

    min: Annotated[int, Field(ge=1)] = Field(default=30, description="with fewer answers there is not enough data")
    places: Annotated[int, Field(ge=1)] = Field(default=3, description="most that are listed")


class Satisfaction(Rule):
    """Levels of satisfaction: shares, index, thresholds."""

    scale: Name = Field(description="a scale of levels")
    dissatisfied: list[Name] = Field(min_length=1, description="levels of those who are not satisfied")
    blank: Literal["outside", "inside"] = Field(
        default="outside", description="whether blank answers (don't know) are in the base of shares"
    )
    panels: dict[Name, Panel] = Field(default_factory=dict, description="who is asked")
    topics: dict[Name, Topic] = Field(default_factory=dict, description="what is asked")
    exempt: list[Name] = Field(default_factory=list, description="categories that are not measured")
    rules: dict[Name, Threshold] = Field(default_factory=dict, description="what follows from dissatisfaction")
    bottom: Bottom | None = None


# ---------------------------------------------------------------------------------------- targets and what follows


class Target(Rule):
    """What is to be reached; of several in force the most particular holds, then the newest."""

    start: Day | None = Field(default=None, alias="from", description="first day on which it is in force")
    categories: list[Name] | None = Field(default=None, description="the only categories that it is for")
    industries: list[Name] | None = Field(default=None, description="the only industries that it is for")
    reach: dict[Quantity, Bound] = Field(description="quantities and what they are to reach")


class Standard(Rule):
    """What makes a role model."""

    label: Label | None = None
    ratee: Literal["member", "unit"] = Field(default="member", description="who can meet it")
    require: list[Condition] = Field(min_length=1, description="conditions, all to be met")


class Layer(Rule):
    """A layer of criteria; a lower one restates or adds to those above it."""

    label: Label | None = None


class Remediation(Rule):
    """Who is to mend something: any condition calls for it."""

    when: list[Condition] = Field(min_length=1, description="any of these calls for it")
    days: Annotated[int, Field(ge=1)] = Field(default=90, description="days to mend it, from the decision")
    evidence: list[Name] = Field(default_factory=list, description="what is to be handed in")
    helpers: list[Name] = Field(default_factory=list, description="grades whose holders help (1+1); none: no pairing")


class Registration(Rule):
    """Whether a member is registered; who meets neither list is admitted."""

    deny: list[Condition] = Field(default_factory=list, description="any of these")
    defer: list[Condition] = Field(default_factory=list, description="any of these")


class Conduct(Rule):
    """What follows from a result. The program proposes, people decide."""

    remediation: Remediation | None = None
    registration: Registration | None = None
    archive: dict[Name, list[Name]] = Field(default_factory=dict, description="grade and the papers to be filed")
    reply_days: Annotated[int, Field(ge=1)] = Field(default=10, description="days in which a member may reply")


# ----------------------------------------------------------------------------------------------------------- ballots


class Quorum(Rule):
    """A step that enough of a vote must have reached, by turnout.csv: exactly, and the bound itself is enough."""

    of: Literal["issued", "returned", "valid"] = Field(description="the step")
    over: Literal["eligible", "issued", "returned"] = Field(default="eligible", description="a step before it")
    min: Weight = Field(description="least share")


class Limit(Rule):
    """How many of the ratees on a ballot may be given a level, or points (0-100) within bounds."""

    indicator: Name = Field(default="overall", description="in what; with one that has items, in all of them together")
    levels: list[Name] | None = Field(default=None, description="given nothing but these levels")
    min: Bound | None = Field(default=None, description="points of at least")
    above: Bound | None = Field(default=None, description="points of more than")
    max: Bound | None = Field(default=None, description="points of at most")
    below: Bound | None = Field(default=None, description="points of less than")
    most: Weight | None = Field(default=None, description="at most so many ratees; below 1 a share of those rated")
    least: Weight | None = Field(default=None, description="at least so many; likewise")

    @model_validator(mode="after")
    def _counts_something(self) -> Limit:
        if (self.levels is None) == (not bounds(self)):
            raise ValueError("must have either levels, or bounds of points: min, above, max or below")
        if self.most is None and self.least is None:
            raise ValueError("must have most or least")
        for key, number in (("most", self.most), ("least", self.least)):
            if number is not None and number > 1 and number.denominator > 1:
                raise ValueError(f"{key} is {float(number):g}, must be a whole number of ratees, or a share below 1")
        return self


class BallotRules(Rule):
    """What makes the ballots of a source void."""

    quorum: list[Quorum] = Field(default_factory=list, description="shares of turnout below which no ballot counts")
    overfull: bool = Field(default=False, description="no ballot counts where more came back than were issued")
    once: bool = Field(default=False, description="who answers twice answers not at all; else that is a fault")
    seconds: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="a ballot filled in within fewer seconds is void"
    )
    alike: Annotated[int, Field(ge=2)] | None = Field(
        default=None, description="a ballot with so many answers, or more, that are all the same is void"
    )
    limits: list[Limit] = Field(default_factory=list, description="a ballot that breaks one of them is void")

    @property
    def single(self) -> bool:
        """Whether any rule looks at what one rater said."""
        return bool(self.once or self.seconds or self.alike or self.limits)


def parts(quantity: str) -> tuple[str, str]:
    """Kind of a quantity and the name after its dot."""
    kind, _, name = quantity.partition(".")
    return kind, name


def bounds(rule: Any) -> list[tuple[str, Fraction]]:  # noqa: ANN401  (Condition, Threshold or VoteRule)
    """The bounds that a rule has, by their key: min, above, max, below."""
    found = ((key, getattr(rule, key, None)) for key in ("min", "above", "max", "below"))
    return [(key, value) for key, value in found if value is not None]

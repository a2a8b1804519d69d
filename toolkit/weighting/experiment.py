"""experiments.yaml: what a study tries out with its scheme, read and held against the scheme of a round."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Discriminator, Field, Tag, ValidationError, model_validator

from toolkit.faults import Fault, StudyError, UsageError, one_of
from toolkit.fields import Label, Name, Rule, Weight
from toolkit.reweighting import Along
from toolkit.rulebook.contradictions import contradictions
from toolkit.rulebook.document import fault_of, findings_of, plain, read_document
from toolkit.rules import Grades, Index, Stars
from toolkit.scheme import Category, Indicator, Missing, Scale, Scheme, Source, siblings
from toolkit.scoring.cells import worth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd

    from toolkit.rulebook.findings import Finding, Path
    from toolkit.study import Study

FILE = "experiments.yaml"
Section = Literal["sources", "indicators"]
FOLLOWS = {"conduct", "models", "targets"}
"""Sections that say what follows from a result, which is not tried out."""
TREES: tuple[Section, ...] = ("sources", "indicators")

M = TypeVar("M", bound=BaseModel)
N = TypeVar("N")


def _kind(value: object) -> str:
    """What stands for a source or an indicator: all that is said of it, or its weight alone."""
    return "[node]" if isinstance(value, dict | BaseModel) else "[weight]"


Given = Annotated[Annotated[Weight, Tag("[weight]")] | Annotated[N, Tag("[node]")], Discriminator(_kind)]


class Step(Rule):
    """A weight that is moved from 0 to 1."""

    source: Name = Field(description="whose weight; its siblings keep their proportions")
    along: Along = Field(default="weight", description="the weight in every category, or the odds of each")


class Variant(Rule):
    """Another scheme: weights by name, and sections that replace those of the scheme as a whole."""

    label: Label | None = None
    scales: dict[Name, Scale] | None = None
    sources: dict[Name, Given[Source]] | None = Field(
        default=None, description="weights by name, the others keep their proportions; or the whole section"
    )
    indicators: dict[Name, Given[Indicator]] | None = Field(
        default=None, description="weights by name, the others keep their proportions; or the whole section"
    )
    categories: dict[Name, Category] | None = None
    first: Literal["indicator", "source"] | None = None
    missing: Missing | None = None
    grades: Grades | None = None
    index: Index | None = None
    stars: Stars | None = None
    labels: dict[Name, Label] | None = None

    @model_validator(mode="after")
    def _changes(self) -> Variant:
        if not (self.sources or self.indicators or self.sections.keys() - {"labels"}):
            raise ValueError("must change a weight or a section")
        for name in TREES:
            if len({_kind(part) for part in (getattr(self, name) or {}).values()}) > 1:
                raise ValueError(f"{name} must either be weights alone or the whole section")
        return self

    def weights(self, tree: Section) -> dict[str, Fraction]:
        """Weights by name; empty where a tree stays, or is replaced."""
        given = getattr(self, tree) or {}
        return {name: weight for name, weight in given.items() if isinstance(weight, Fraction)}

    @property
    def sections(self) -> dict[str, Any]:
        """The sections that are replaced."""
        names = [
            name for name in Variant.model_fields if name != "label" and not (name in TREES and self.weights(name))
        ]
        return {name: part for name in names if (part := getattr(self, name)) is not None}

    def replaced(self, scheme: Scheme) -> Scheme:
        """The scheme with the sections of the variant, and not yet its weights."""
        held = {name: getattr(scheme, name) for name in Scheme.model_fields}
        return Scheme.model_construct(scheme.model_fields_set | self.sections.keys(), **held | self.sections)

    def applied(self, scheme: Scheme) -> Scheme:
        """The scheme with all that the variant changes.

        Raises
        ------
        UsageError
            If weights cannot be given so, see `Scheme.reweighted`.
        """
        return self.replaced(scheme).reweighted(self.weights("sources"), indicators=self.weights("indicators"))


class Robustness(Rule):
    """Weights that are drawn, many times, and raters who are redrawn."""

    draws: Annotated[int, Field(ge=1, le=1_000_000)] = Field(default=1000, description="how many")
    weights: Literal["uniform", "around", "order"] = Field(
        default="uniform", description="any weights, weights around the scheme's, or those in an order"
    )
    concentration: Annotated[float, Field(ge=1)] | None = Field(
        default=None, description="how near they keep to the scheme's; for weights: around"
    )
    order: list[Name] = Field(
        default_factory=list, description="sources whose weights do not rise from one to the next; for weights: order"
    )
    raters: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=200, description="how often raters are redrawn under the scheme's own weights"
    )
    seed: Annotated[int, Field(ge=0)] = Field(default=1, description="the same seed draws the same")

    @model_validator(mode="after")
    def _fits(self) -> Robustness:
        if (self.weights == "order") != bool(self.order):
            raise ValueError("weights: order and order: [...] must be given together")
        if (self.weights == "around") != (self.concentration is not None):
            raise ValueError("weights: around and concentration must be given together")
        return self


class Experiments(Rule):
    """What a study tries out."""

    round: Name | None = Field(default=None, description="a plain round; the newest by default")
    sweep: list[Step] = Field(default_factory=list, description="weights that are moved from 0 to 1")
    variants: dict[Name, Variant] = Field(default_factory=dict, description="other schemes")
    robustness: Robustness | None = None


# ----------------------------------------------------------------------------------------------------------- reading


def experiments_schema() -> dict[str, Any]:
    """JSON Schema of experiments.yaml, by which an editor completes and checks it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Experiments.model_json_schema(by_alias=True),
    }


def read_experiments(read: Callable[[str], str], study: Study, round: str = "") -> Experiments:  # noqa: A002
    """Read what a study tries out, and hold it against the scheme of a round.

    Parameters
    ----------
    read : callable
        Returns the text of a file of the study folder, by name; raises `OSError` where there is none.
    study : Study
        Its schemes, and the answers that were given.
    round : str
        A plain round; by default that of the file, or the newest.

    Returns
    -------
    Experiments
        With its round.

    Raises
    ------
    StudyError
        With everything that is wrong.
    UsageError
        If there is no such plain round.
    """
    if round and round not in _plain_rounds(study):
        raise UsageError(f"round: {round!r}, {one_of(round, _plain_rounds(study), 'a plain round')}")
    document, faults = read_document(read, FILE, "must be a YAML mapping of round, sweep, variants and robustness")
    held = {**plain(document), **({"round": round} if round else {})}
    try:
        found, findings = Experiments.model_validate(held), {}
    except ValidationError as error:
        found, findings = None, findings_of(Experiments, error.errors())
    rest = list(_misfits(held, findings, study)) if document else []
    faults += [fault_of(document, FILE, finding) for finding in [*findings.values(), *rest]]
    if faults or found is None:
        order = sorted(dict.fromkeys(faults), key=lambda fault: fault.row or 0)
        raise StudyError(study.name, order or [Fault(FILE, None, "", "", "must not be empty")])
    return found.model_copy(update={"round": found.round or study.round})


def _plain_rounds(study: Study) -> list[str]:
    return [name for name, scheme in study.schemes.items() if scheme.rounds[name].combine is None]


def _misfits(held: Mapping[str, Any], wrong: Mapping[Path, Finding], study: Study) -> Iterator[Finding]:
    """What does not fit the scheme; of what is `wrong` already the rest is looked at."""
    rounds = _plain_rounds(study)
    name = str(held.get("round") or study.round)
    if name not in rounds and ("round",) not in wrong:
        yield ("round",), name, one_of(name, rounds, "a plain round")
    name = name if name in rounds else study.round
    scheme, counts = study.schemes[name], study.tally.counts[study.tally.counts["round"] == name]
    for place, item in enumerate(held["sweep"] if isinstance(held.get("sweep"), list) else ()):
        at = ("sweep", str(place))
        step = _sound(Step, item, at, wrong)
        if step:
            yield from _misfit_step(at, step, scheme)
    for key, item in (held["variants"] if isinstance(held.get("variants"), dict) else {}).items():
        at = ("variants", key)
        variant = _sound(Variant, item, at, wrong)
        if variant:
            yield from _misfit_variant(at, variant, scheme, counts)
    robustness = _sound(Robustness, held.get("robustness"), ("robustness",), wrong)
    if robustness:
        yield from _misfit_order(robustness.order, scheme)


def _sound(model: type[M], item: object, at: Path, wrong: Mapping[Path, Finding]) -> M | None:
    """A part without those of its keys that are wrong; None where nothing is left of it."""
    if not isinstance(item, dict):
        return None
    kept = dict(item)
    for key, *inner in (path[len(at) :] for path in wrong if path[: len(at)] == at and len(path) > len(at)):
        held = kept.pop(key, None)
        if key in TREES and len(inner) == 1 and isinstance(held, dict):  # one weight of several
            kept |= {key: rest} if (rest := {name: part for name, part in held.items() if name != inner[0]}) else {}
    try:
        return model.model_validate(kept)
    except ValidationError:
        return None


def _misfit_step(at: Path, step: Step, scheme: Scheme) -> Iterator[Finding]:
    known = scheme.source_tree.names[1:]
    if step.source not in known:
        yield (*at, "source"), step.source, one_of(step.source, known)
        return
    try:
        scheme.reweighted({step.source: Fraction(1, 2)}, along=step.along)
    except UsageError as error:
        yield (*at, "source"), step.source, _bare(error)


def _misfit_variant(at: Path, variant: Variant, scheme: Scheme, counts: pd.DataFrame) -> Iterator[Finding]:
    sections = variant.sections
    made = variant.replaced(scheme)
    found = [finding for finding in contradictions(made) if finding[0][0] not in FOLLOWS]
    for path, value, expected in found:
        inside = path[0] in sections
        place = (*at, *path) if inside else at
        where = "" if inside else f" ({'.'.join(path)} in the scheme, which this variant changes)"
        yield place, value, f"{expected}{where}"
    for tree in TREES:
        yield from _misfit_weights((*at, tree), tree, variant.weights(tree), made)
    if not found and sections.keys() & {"scales", "sources", "indicators"}:
        yield from _misfit_answers(at, made, counts)


def _misfit_weights(at: Path, tree: Section, given: Mapping[str, Fraction], scheme: Scheme) -> Iterator[Finding]:
    nodes: Mapping[str, Any] = getattr(scheme, tree)
    sets = list(siblings(nodes))
    known = [name for group in sets for name in group]
    for name in given:
        if name not in known:
            yield (*at, name), name, one_of(name, known)
    for group in sets:
        own = {name: weight for name, weight in given.items() if name in group}
        try:
            scheme.reweighted(own if tree == "sources" else None, indicators=own if tree == "indicators" else None)
        except UsageError as error:
            yield (*at, next(iter(own))), "", _bare(error)


def _misfit_answers(at: Path, scheme: Scheme, counts: pd.DataFrame) -> Iterator[Finding]:
    """Answers that were given and would mean nothing."""
    keys = ["source", "indicator", "value"]
    given = counts[keys].astype(str).drop_duplicates()
    for source in given["source"].unique():
        if source not in scheme.leaf_sources:
            yield (*at, "sources"), source, "has rated, must be a source that rates"
    for indicator in given["indicator"].unique():
        if indicator not in scheme.indicator_tree.position:
            yield (*at, "indicators"), indicator, "was rated, must be an indicator"
    known = given["source"].isin(scheme.leaf_sources) & given["indicator"].isin(scheme.indicator_tree.position)
    for source, indicator, value in given[known].itertuples(index=False, name=None):
        try:
            worth(scheme, source, indicator, value)
        except (ValueError, KeyError) as error:
            expected = str(error) if isinstance(error, ValueError) else "must be an answer of a scale that there is"
            yield (*at, "scales"), value, f"was answered by {source}, {expected}"


def _misfit_order(order: list[str], scheme: Scheme) -> Iterator[Finding]:
    known = [scheme.source_tree.names[node] for node in scheme.source_tree.children(0)]
    for place, name in enumerate(order):
        if name not in known:
            yield ("robustness", "order", str(place)), name, one_of(name, known)
        elif name in order[:place]:
            yield ("robustness", "order", str(place)), name, "must not be there twice"


def _bare(error: UsageError) -> str:
    """What an error expects, without the section that its path names already."""
    return str(error).partition(": ")[2]

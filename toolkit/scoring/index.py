"""An index: components normalised to 0-100 and averaged, with the missing rule of the scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from toolkit.faults import UsageError
from toolkit.scoring.conditions import numbers
from toolkit.scoring.ranks import TOLERANCE
from toolkit.scoring.rollup import roll_up
from toolkit.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from toolkit.rules import Component, Composition, Extra
    from toolkit.scheme import Scheme
    from toolkit.scoring.rollup import Missing

    Floats = NDArray[np.float64]

MIDDLE, STEP = 50, 10
"""Mean and standard deviation of a z-score on the way to 0-100."""
COMPONENTS = ["ratee_id", "component", "of", "raw", "value", "weight", "adds"]
COVERED = {"score": "coverage", "satisfaction": "satisfied_coverage"}
"""Quantities that rest on a part of what was asked, and what says how much: `coverage.peer` that of `score.peer`."""
FILLED = "filled"
"""Component of the row that holds what the rule `adjusted` filled in for missing components."""


def normalise(raw: pd.Series[float], component: Component, groups: pd.Series[str]) -> pd.Series[float]:
    """Bring a quantity to 0-100.

    Parameters
    ----------
    raw : Series
        The quantity, NaN where missing; its name is that of the quantity.
    component : Component
        `goalposts`: 0 at `low`, 100 at `high`, straight between them (after logarithms where it says `log`). `min-max`:
        0 for the lowest of a group, 100 for the highest. `z-score`: 50 for the mean of a group, 10 for each of its
        standard deviations (n - 1). `percentile`: share of the group that lies below, ties counted by half. `none`: as
        it is. Where `high` lies below `low`, less is better. A group without spread has 50.
    groups : Series
        Group of each ratee; same index.

    Returns
    -------
    Series
        0-100 where `capped`; NaN where missing.

    Raises
    ------
    UsageError
        If a logarithm is asked of a value that is not above 0, unless the goalposts cap it.

    References
    ----------
    OECD (2008), Handbook on Constructing Composite Indicators, step 5, doi:10.1787/9789264043466-en.
    """
    values = raw.astype(float)
    ends = np.array([component.low, component.high], dtype=float)
    if component.log:
        values, ends = _logarithm(values, component), np.log(ends) if component.normalise == "goalposts" else ends
    sign = np.sign(ends[1] - ends[0])
    if component.normalise == "none":
        result = values
    elif component.normalise == "goalposts":
        result = 100 * (values - ends[0]) / (ends[1] - ends[0])
    else:
        by = {"min-max": _stretch, "z-score": _standardise, "percentile": _percentile}[component.normalise]
        result = (sign * values).groupby(groups, observed=True).transform(by)
    return result.clip(0, 100) if component.capped and component.normalise != "none" else result


def _logarithm(values: pd.Series[float], component: Component) -> pd.Series[float]:
    floor = component.capped and component.normalise == "goalposts"
    wrong = values[values <= 0]
    if len(wrong) and not floor:
        raise UsageError(
            f"index: {values.name} of {wrong.index[0]} is {wrong.iloc[0]:g}, must be above 0 for log: true"
        )
    with np.errstate(divide="ignore"):
        return pd.Series(np.log(values.clip(lower=0)), values.index)


def _stretch(values: pd.Series[float]) -> pd.Series[float]:
    low, high = values.min(), values.max()
    return 100 * (values - low) / (high - low) if high - low > TOLERANCE else values * 0 + MIDDLE


def _standardise(values: pd.Series[float]) -> pd.Series[float]:
    spread = values.std(ddof=1)
    return MIDDLE + STEP * (values - values.mean()) / spread if spread > TOLERANCE else values * 0 + MIDDLE


def _percentile(values: pd.Series[float]) -> pd.Series[float]:
    there = values.dropna()
    share = 100 * (rankdata(there) - 0.5) / len(there)
    return pd.Series(share, there.index).reindex(values.index)


def average(
    values: Floats,
    weights: Floats,
    composition: Composition,
    *,
    rule: Missing = "renormalise",
    coverage: Floats | None = None,
    groups: NDArray[np.intp] | None = None,
) -> tuple[Floats, Floats, Floats]:
    """Average components.

    Parameters
    ----------
    values : ndarray (ratees, components)
        Normalised; NaN where missing.
    weights : ndarray (ratees, components)
        Share of each; what weighs 0 is never missing.
    composition : Composition
        `arithmetic`; `geometric` and `power` take what is below 0 for 0; `mpi` is mean x (1 - cv^2), cv with n - 1 over
        the components that are there.
    rule : {"renormalise", "adjusted", "fail"}
        As for scores, see `roll_up`.
    coverage : ndarray (ratees, components), optional
        How much of itself each component rests on, 0-1; 1 by default.
    groups : ndarray (ratees,), optional
        For `adjusted`.

    Returns
    -------
    mean, coverage : ndarray (ratees,)
        NaN where nothing was seen; share (0-1) of the weight that was seen.
    share : ndarray (ratees, components)
        Weight of each component in the mean after renormalising.

    References
    ----------
    UNDP (2020), Human Development Report, technical note 1 (geometric). De Muro, Mazziotta & Pareto (2011), Social
    Indicators Research 104:1-18, doi:10.1007/s11205-010-9675-z (mpi).
    """
    there, back = _scale_of(composition)
    count = values.shape[1]
    tree = Tree(("", *map(str, range(count))), (-1, *[0] * count))
    whole = np.hstack([np.ones((len(values), 1)), weights])
    seen = np.where(np.isnan(values), 0.0, 1.0 if coverage is None else coverage)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        means = roll_up(tree, there(values), seen, weights > 0, weights=whole, rule=rule, groups=groups)
        mean = back(means.value[:, 0])
    if composition.mean == "mpi":
        mean *= 1 - _variation(np.where(weights > 0, values, np.nan)) ** 2
    return mean, means.coverage[:, 0], means.share[:, 1:]


def _scale_of(composition: Composition) -> tuple[Callable[[Floats], Floats], Callable[[Floats], Floats]]:
    """What is averaged in place of the values, and the way back: every mean is f^-1(mean of f)."""
    if composition.mean == "geometric":
        return lambda x: np.log(np.clip(x, 0, None)), np.exp
    if composition.mean == "power":
        power = composition.power or 1.0
        return lambda x: np.clip(x, 0, None) ** power, lambda x: x ** (1 / power)
    return lambda x: x, lambda x: x


def _variation(values: Floats) -> Floats:
    """Coefficient of variation over what is there, 0 for a single component or a mean of 0."""
    there = ~np.isnan(values)
    n = there.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(there, values, 0.0).sum(axis=1) / n
        squares = np.where(there, (values - mean[:, None]) ** 2, 0.0).sum(axis=1)
        return np.where((n > 1) & (mean != 0), np.sqrt(squares / (n - 1)) / mean, 0.0)


def compose(quantities: pd.DataFrame, composition: Composition, scheme: Scheme) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the index of some ratees.

    Parameters
    ----------
    quantities : DataFrame
        Index: the ratee. A column for each quantity, and `kind, unit_id, category`; `low` and `high`, the ends of the
        score's interval.
    composition : Composition
        Components, how they are averaged, and what is added.
    scheme : Scheme
        For the weights of categories and the missing rule.

    Returns
    -------
    index : DataFrame
        Same index: `index` (0-100; NaN below `min_coverage`), `low, high` (the index at the ends of the score's 95%
        interval; NaN where no score is in it, or one without an interval, and for `mpi`) and `coverage` (0-1).
    components : DataFrame
        `ratee_id, component, of, raw, value` (0-100), `weight` (in the mean, after renormalising), `adds` (points that
        the component, in an arithmetic mean, or the extra adds to the index; NaN in other means). Under the rule
        `adjusted` a component "filled" without a value makes good the difference.

    Raises
    ------
    UsageError
        If a quantity is text, or not above 0 where it is to have a logarithm.

    Notes
    -----
    An extra that is not known adds nothing. The sum is kept within 0-100.
    """
    names = list(composition.components)
    raw = {name: _raw(quantities, part, name) for name, part in composition.components.items()}
    values = _normalised(quantities, composition, raw)
    weights = _weights(quantities, composition, scheme)
    covered = np.column_stack([_covered(quantities, composition.components[name], name) for name in names])
    groups = pd.factorize(quantities["unit_id"])[0].astype(np.intp)
    rule = scheme.missing.rule
    mean, coverage, share = average(values, weights, composition, rule=rule, coverage=covered, groups=groups)
    extras = [_extra(quantities, part, name) for name, part in composition.extras.items()]
    added = sum((extra["adds"].to_numpy() for extra in extras), start=np.zeros(len(quantities)))
    thin = coverage < float(scheme.missing.min_coverage) - TOLERANCE
    low, high = (mean + shift for shift in _shifts(quantities, composition, raw, weights, share))
    # where a low score is a good one the ends change places
    found = {"index": mean, "low": np.minimum(low, high), "high": np.maximum(low, high)}
    kept = {name: np.where(thin, np.nan, np.clip(value + added, 0, 100)) for name, value in found.items()}
    adds = share * values if composition.mean == "arithmetic" else np.full_like(values, np.nan)
    rows = [
        _rows(quantities, name, composition.components[name].of or name).assign(
            raw=raw[name].to_numpy(), value=values[:, place], weight=share[:, place], adds=adds[:, place]
        )
        for place, name in enumerate(names)
    ]
    if rule == "adjusted":
        filled = _rows(quantities, FILLED, "index").assign(adds=mean - np.nansum(adds, axis=1))
        extras.append(filled[filled["adds"].abs() > TOLERANCE])
    components = pd.concat([*rows, *extras], ignore_index=True)[COMPONENTS]
    return pd.DataFrame({**kept, "coverage": coverage}, quantities.index), components


def _rows(quantities: pd.DataFrame, name: str, of: str) -> pd.DataFrame:
    """A row of `components` for everybody; what is not assigned to it later is blank."""
    return pd.DataFrame({"ratee_id": quantities.index, "component": name, "of": of})


def _raw(quantities: pd.DataFrame, part: Component | Extra, name: str) -> pd.Series[float]:
    """The quantity behind a component as numbers, NaN where nobody knows it."""
    of = part.of or name
    return numbers(quantities[of] if of in quantities else pd.Series(np.nan, quantities.index, name=of))


def _normalised(quantities: pd.DataFrame, composition: Composition, raw: dict[str, pd.Series[float]]) -> Floats:
    columns = []
    for name, part in composition.components.items():
        groups = {"unit": quantities["unit_id"], "category": quantities["category"]}.get(part.within)
        everybody = pd.Series("", quantities.index)
        columns.append(normalise(raw[name], part, everybody if groups is None else groups).to_numpy(dtype=float))
    return np.column_stack(columns)


def _weights(quantities: pd.DataFrame, composition: Composition, scheme: Scheme) -> Floats:
    categories, codes = np.unique(quantities["category"].astype(str), return_inverse=True)
    weights = [scheme.index_weights(composition, name) for name in categories]
    return np.array([[float(row[name]) for name in composition.components] for row in weights])[codes]


def _covered(quantities: pd.DataFrame, part: Component, name: str) -> Floats:
    kind, dot, of = (part.of or name).partition(".")
    column = COVERED.get(kind, "") + dot + of
    return quantities[column].to_numpy(dtype=float) if column in quantities else np.ones(len(quantities))


def _extra(quantities: pd.DataFrame, extra: Extra, name: str) -> pd.DataFrame:
    raw = _raw(quantities, extra, name)
    most = np.inf if extra.max is None else extra.max
    adds = (raw * extra.times).clip(-most, most).fillna(0.0)
    return _rows(quantities, name, extra.of or name).assign(raw=raw.to_numpy(), adds=adds.to_numpy())


def _shifts(
    quantities: pd.DataFrame,
    composition: Composition,
    raw: dict[str, pd.Series[float]],
    weights: Floats,
    share: Floats,
) -> Iterator[Floats]:
    """How far the mean moves with the score to either end of its interval; NaN where it rests on no score."""
    straight = [
        place
        for place, (name, part) in enumerate(composition.components.items())
        if (part.of or name) == "score" and part.normalise in {"goalposts", "none"} and composition.mean != "mpi"
    ]
    here, _, _ = average(_normalised(quantities, composition, raw), weights, composition)
    for end in ("low", "high"):
        at_end = numbers(quantities[end])
        moved = {name: at_end for place, name in enumerate(raw) if place in straight}
        there, _, _ = average(_normalised(quantities, composition, raw | moved), weights, composition)
        carried = (share[:, straight] > 0).any(axis=1)
        yield np.where(at_end.notna().to_numpy() & carried, there - here, np.nan)

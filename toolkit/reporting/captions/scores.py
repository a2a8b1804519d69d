"""Captions of what a unit's report, or the overview, says of scores."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import isnan
from statistics import median
from typing import TYPE_CHECKING, Any

from toolkit.reporting.captions.rules import apart, counted, highest, lowest, named
from toolkit.reporting.frames import picked
from toolkit.reporting.prose import joined
from toolkit.reporting.table import gap, percent, points, span
from toolkit.scoring.ranks import TOLERANCE
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

MANY = 2
"""So many are compared at least."""
# what it takes to say who comes first
FIRST = ("name", "score", "low", "high")


def turnout(rows: pd.DataFrame, language: str) -> str:
    """Which sources took part least and most, by exact shares of those who could vote (see `Slice.turnout`)."""
    known = [
        row for row in picked(rows, "label", "eligible", "valid") if row["eligible"] > 0 and not isnan(row["valid"])
    ]
    if not known:
        return ""
    _ = words(language)
    shares = [Fraction(row["valid"]) / Fraction(row["eligible"]) for row in known]
    ends = [[place for place, share in enumerate(shares) if share == end] for end in (min(shares), max(shares))]
    low, high = (percent(known[places[0]]["valid"], known[places[0]]["eligible"]) for places in ends)
    least, most = (named([known[place]["label"] for place in places], language) for places in ends)
    if low == high:
        return _("Of those who could vote {share} did.").format(share=low)
    text = _("It is lowest for {lowest} ({low}) and highest for {highest} ({high}).")
    return text.format(lowest=least, low=low, highest=most, high=high)


def league(rows: pd.DataFrame, language: str) -> str:
    """Who comes first, and from how many others that is a difference (see `Slice.league`); of those who are ranked."""
    ranked = [row for row in picked(rows, *FIRST, "rank") if not (isnan(row["rank"]) or isnan(row["score"]))]
    return _first(ranked, lowest([row["rank"] for row in ranked]), language)


def units(rows: pd.DataFrame, language: str) -> str:
    """Which unit comes first, of those without any below (see `Slice.children`), and how many it is told from."""
    found = picked(rows, *FIRST, "depth")
    below = [row["depth"] for row in found[1:]] + [0]
    leaves = [row for row, deeper in zip(found, below, strict=False) if deeper <= row["depth"]]
    shown = [row for row in leaves if not isnan(row["score"])]
    return _first(shown, highest([float(points(row["score"])) for row in shown]), language)


def _first(rows: Sequence[Mapping[str, Any]], first: Sequence[int], language: str) -> str:
    """Who has the highest of some scores with intervals."""
    if not rows:
        return ""
    _ = words(language)
    top = points(rows[first[0]]["score"])
    if len(rows) == 1:
        return _("{name} has {score}.").format(name=rows[0]["name"], score=top)
    if len(first) == len(rows):
        return _("All {n} share the first place with {score}.").format(n=len(rows), score=top)
    text = _("{name} comes first with {score}.") if len(first) == 1 else _("{name} share the first place with {score}.")
    told = text.format(name=named([rows[place]["name"] for place in first], language), score=top)
    sure = apart([row["low"] for row in rows], [row["high"] for row in rows], first, language)
    return joined([told, sure or _("Without intervals no difference is shown.")], language)


def cutoffs(rows: pd.DataFrame, cuts: Sequence[tuple[str, float]], language: str) -> str:
    """Whose intervals include the cut-off of a grade.

    Parameters
    ----------
    rows : DataFrame
        `score, low, high`; rows without a score are left out.
    cuts : sequence of (str, float)
        Labels of the grades, and their cuts on the scale of the scores.
    language : str
        "zh" or "en".
    """
    shown = [row for row in picked(rows, "score", "low", "high") if not isnan(row["score"])]
    known = [row for row in shown if not (isnan(row["low"]) or isnan(row["high"]))]
    if not shown:
        return ""
    _ = words(language)
    if not cuts or not known:
        low, high = (points(end(row["score"] for row in shown)) for end in (min, max))
        return _("Scores run from {low} to {high}.").format(low=low, high=high)
    held = [[_within(cut, row) for _name, cut in cuts] for row in known]
    n = sum(map(any, held))
    if not n:
        return _("No interval includes the cut-off of a grade.")
    text = _(
        "The interval includes the cut-off of a grade for {n} of {total} members ({counts}):"
        " other raters could have moved them across it."
    )
    counts = [(name, sum(row[place] for row in held)) for place, (name, _cut) in enumerate(cuts)]
    return text.format(n=n, total=len(known), counts=counted([pair for pair in counts if pair[1]], language))


def _within(value: float, row: Mapping[str, Any]) -> bool:
    return bool(row["low"] - TOLERANCE <= value <= row["high"] + TOLERANCE)


def distribution(units: pd.DataFrame, interval: tuple[float | None, float | None], language: str) -> str:
    """Where a unit stands among the others of its level, or how the means of all lie where none is its own.

    Parameters
    ----------
    units : DataFrame
        `score, own, count`, see `Slice.units`.
    interval : tuple
        Of the unit's own mean; those within it are not called lower or higher.
    language : str
        "zh" or "en".
    """
    _ = words(language)
    rows = picked(units, "score", "own", "count")
    own = [row["score"] for row in rows if row["own"]]
    others = [row["score"] for row in rows if not row["own"] for _again in range(int(row["count"]))]
    if not own:
        text = _("The means run from {low} to {high}; the median is {median}.")
        return text.format(low=points(min(others)), high=points(max(others)), median=points(median(others)))
    if not others:
        return ""
    low, high = (own[0] if end is None else end for end in interval)
    lower = sum(score < low - TOLERANCE for score in others)
    higher = sum(score > high + TOLERANCE for score in others)
    same, n = len(others) - lower - higher, len(others)
    if interval[0] is None:
        told = [_("By the means it stands above {lower} and below {higher} of the {n} others.")]
        told += [_("Others with the same mean: {same}.")] if same else []
        told.append(_("Without intervals no difference is shown."))
    else:
        told = [_("By its 95% interval ({span}) it stands above {lower} and below {higher} of the {n} others.")]
        told += [_("Others within the interval, from which no difference is shown: {same}.")] if same else []
    facts = {"lower": lower, "higher": higher, "n": n, "same": same, "span": span(*interval)}
    return joined([text.format(**facts) for text in told], language)


# -------------------------------------------------------------------------------------------- indicators and sources


def gaps(matrix: pd.DataFrame, by_source: pd.DataFrame, labels: Mapping[str, str], language: str) -> str:
    """Between which sources, on which indicator, the gap is widest; with one source the highest and lowest indicator.

    Parameters
    ----------
    matrix, by_source : DataFrame
        See `Slice`; what is missing is not compared.
    labels : mapping
        Labels of the sources.
    language : str
        "zh" or "en".
    """
    found = []
    for name, seen in _seen(matrix, by_source, language):
        values = list(seen.values())
        if len(values) >= MANY:
            found.append((float(points(max(values) - min(values))), name, seen))
    if not found:
        return peaks(matrix, by_source, language)
    _ = words(language)
    widest = highest([wide for wide, *_rest in found])
    wide, name, seen = found[widest[0]]
    if wide == 0:
        return _("On no indicator is there a gap between the sources.")
    low, high = ([labels[key] for key in end(seen)] for end in (_lowest, _highest))
    if len(widest) > 1 or len(low) > 1 or len(high) > 1:
        text = _("The widest gap between two sources is {gap} points, on {indicators}.")
        return text.format(gap=points(wide), indicators=named([found[place][1] for place in widest], language))
    text = _("{low} is {gap} points below {high} on {indicator}, the widest gap between two sources.")
    return text.format(low=low[0], gap=points(wide), high=high[0], indicator=name)


def order(matrix: pd.DataFrame, by_source: pd.DataFrame, labels: Mapping[str, str], language: str) -> str:
    """Which source is lowest, and which highest, on how many indicators; with one source as `peaks`."""
    seen = [values for _name, values in _seen(matrix, by_source, language) if len(values) >= MANY]
    if not seen:
        return peaks(matrix, by_source, language)
    _ = words(language)
    text = {
        _("Most often lowest: {sources}, on {n} of {total} indicators."): _lowest,
        _("Most often highest: {sources}, on {n} of {total} indicators."): _highest,
    }
    told = []
    for phrase, end in text.items():
        ends = [found for values in seen if len(found := end(values)) < len(values)]
        counts = [sum(source in found for found in ends) for source in by_source.columns]
        if max(counts):
            sources = named([labels[by_source.columns[place]] for place in highest(counts)], language)
            told.append(phrase.format(sources=sources, n=max(counts), total=len(seen)))
    return joined(told, language) or _("On no indicator is there a gap between the sources.")


def cells(matrix: pd.DataFrame, by_source: pd.DataFrame, labels: Mapping[str, str], language: str) -> str:
    """The highest and the lowest mean that a single source gave on an indicator, that of all indicators aside."""
    _ = words(language)
    where = _("{source} on {indicator}")
    inner = [name != "" for name in matrix["indicator"].tolist()]
    found = [
        (value, where.format(source=labels[source], indicator=name))
        for name, seen in _seen(matrix, by_source, language, inner if any(inner) else None)
        for source, value in seen.items()
    ]
    return _ends(found, language)


def peaks(matrix: pd.DataFrame, by_source: pd.DataFrame, language: str) -> str:
    """The highest and the lowest indicator: of all sources, or of the only one that is shown."""
    if matrix["score"].isna().all() and len(by_source.columns) == 1:
        matrix = matrix.assign(score=by_source.iloc[:, 0].to_numpy())
    return extremes(matrix, language)


def extremes(matrix: pd.DataFrame, language: str) -> str:
    """The highest and the lowest indicator, of those without others below."""
    found = zip(matrix["score"].tolist(), matrix["label"].tolist(), _asked(matrix), strict=True)
    everything = words(language)("All indicators")
    return _ends([(score, label or everything) for score, label, keep in found if keep and not isnan(score)], language)


def _ends(found: Sequence[tuple[float, str]], language: str) -> str:
    """Highest and lowest of some values by name."""
    if not found:
        return ""
    _ = words(language)
    values = [float(points(value)) for value, _name in found]
    top, bottom = highest(values), lowest(values)
    if len(found) == 1:
        return _("{name} has {score}.").format(name=found[0][1], score=points(values[0]))
    if len(top) == len(found):
        return _("All stand at {score}.").format(score=points(values[0]))
    text = _("Highest: {high}, {most}; lowest: {low}, {least}.")
    high, low = (named([found[place][1] for place in places], language) for places in (top, bottom))
    return text.format(high=high, most=points(values[top[0]]), low=low, least=points(values[bottom[0]]))


def _asked(matrix: pd.DataFrame) -> list[bool]:
    """Rows to speak of: indicators without others below; where there are none, that of all indicators."""
    pairs = zip(matrix["leaf"].tolist(), matrix["indicator"].tolist(), strict=True)
    leaves = [bool(leaf) and name != "" for leaf, name in pairs]
    return leaves if any(leaves) else [True] * len(leaves)


def _seen(
    matrix: pd.DataFrame, by_source: pd.DataFrame, language: str, kept: Sequence[bool] | None = None
) -> list[tuple[str, dict[str, float]]]:
    """What each source gave on each indicator of which is spoken, as it is printed."""
    everything = words(language)("All indicators")
    columns = {name: by_source[name].tolist() for name in by_source.columns}
    rows = zip(matrix["label"].tolist(), kept or _asked(matrix), strict=True)
    return [
        (
            label or everything,
            {name: float(points(value[place])) for name, value in columns.items() if not isnan(value[place])},
        )
        for place, (label, keep) in enumerate(rows)
        if keep
    ]


def _lowest(seen: Mapping[str, float]) -> list[str]:
    return [name for name, value in seen.items() if value == min(seen.values())]


def _highest(seen: Mapping[str, float]) -> list[str]:
    return [name for name, value in seen.items() if value == max(seen.values())]


def selves(rows: pd.DataFrame, language: str) -> str:
    """On which indicator the members' view of themselves is furthest from that of others (see `Slice.selves`)."""
    found = list(zip(rows["label"].tolist(), rows["gap"].tolist(), strict=True))
    found = [pair for pair in found if pair[0]] or found
    return furthest([label for label, _gap in found], [value for _label, value in found], language, you=False)


def furthest(labels: Sequence[str], found: Sequence[float], language: str, *, you: bool) -> str:
    """Where a view of oneself is furthest from that of others; those who are spoken of are you, or the members.

    Gaps are self minus others in points; what is not a number is left out.
    """
    _ = words(language)
    told = [(label or _("All indicators"), float(points(value))) for label, value in zip(labels, found, strict=True)
            if not isnan(value)]  # fmt: skip
    if not told:
        return ""
    wide = highest([abs(value) for _label, value in told])
    value = told[wide[0]][1]
    if value == 0:
        return _("You see yourself as others do.") if you else _("They see themselves as others do.")
    names = named([told[place][0] for place in wide], language)
    if len({told[place][1] for place in wide}) > 1:
        return _("The widest gap is {gap} points, on {indicators}.").format(gap=points(abs(value)), indicators=names)
    text = {
        (True, True): _("You see yourself {gap} points higher than others do on {indicators}, the widest gap."),
        (True, False): _("You see yourself {gap} points lower than others do on {indicators}, the widest gap."),
        (False, True): _("They see themselves {gap} points higher than others do on {indicators}, the widest gap."),
        (False, False): _("They see themselves {gap} points lower than others do on {indicators}, the widest gap."),
    }  # fmt: skip
    return text[you, value > 0].format(gap=points(abs(value)), indicators=names)


def sides(rows: pd.DataFrame, language: str) -> str:
    """On how many indicators the members see themselves higher, and lower, than others do (see `Slice.selves`)."""
    found = [float(gap(row["gap"])) for row in picked(rows, "label", "gap") if row["label"]]
    _ = words(language)
    text = _("Indicators on which they see themselves higher than others do: {higher} of {total}; lower: {lower}.")
    higher, lower = sum(value > 0 for value in found), sum(value < 0 for value in found)
    return text.format(total=len(found), higher=higher, lower=lower)


# --------------------------------------------------------------------------------------------------- counts and weights


def shares(cells: Sequence[tuple[str, int]], language: str) -> str:
    """Which of some cells, by name and members, holds the most; ties are named together."""
    total = sum(n for _name, n in cells)
    if not total:
        return ""
    _ = words(language)
    most = max(n for _name, n in cells)
    names = [name for name, n in cells if n == most]
    text = _("Most frequent: {names}, {n} of {total} members.")
    tie = _("Most frequent: {names}, each with {n} of {total} members.")
    return (text if len(names) == 1 else tie).format(names=named(names, language), n=most, total=total)


def weights(rows: Sequence[Mapping[str, Any]], labels: Mapping[str, str], digits: str, language: str) -> str:
    """What weighs most in every row, or what differs most between them.

    Parameters
    ----------
    rows : sequence of mapping
        `weights`: percents by name, see `method_facts`; who is not asked is not in it.
    labels : mapping
        Of the names.
    digits : str
        How percents are printed.
    language : str
        "zh" or "en".
    """
    printed = [
        {name: float(f"{row['weights'][name]:{digits}}") for name in labels if name in row["weights"]} for row in rows
    ]
    printed = [row for row in printed if row]
    if not printed:
        return ""
    _ = words(language)
    if len(labels) > 1 and all(len(row) == len(labels) and len(set(row.values())) == 1 for row in printed):
        return _("All weigh the same.")
    common = [name for name in labels if all(row.get(name) == max(row.values()) for row in printed)]
    one, every = (
        _("The greatest weight is that of {names}, {weight}."),
        _("The greatest weight in every row is that of {names}, from {low} to {high}."),
    )
    if not common:
        common = _most_varied(printed)
        every = _("What differs most between the rows is the weight of {names}, from {low} to {high}.")
    weights = [row[common[0]] for row in printed if common[0] in row]
    low, high = (f"{end(weights):{digits}}%" for end in (min, max))
    names = named([labels[name] for name in common], language)
    return (one if low == high else every).format(names=names, weight=low, low=low, high=high)


def _most_varied(rows: Sequence[Mapping[str, float]]) -> list[str]:
    """Names whose weights range widest, all over the same range."""
    known: dict[str, list[float]] = {}
    for row in rows:
        for name, weight in row.items():
            known.setdefault(name, []).append(weight)
    ends = {name: (min(weights), max(weights)) for name, weights in known.items()}
    widest = max(ends.values(), key=lambda pair: pair[1] - pair[0])
    return [name for name, pair in ends.items() if pair == widest]


def states(labels: Sequence[str], language: str) -> str:
    """How many rows are in which state, in the order in which each first stands."""
    counts = Counter(label for label in labels if label)
    if not counts:
        return ""
    _ = words(language)
    return _("By state: {counts}.").format(counts=counted(counts.items(), language))

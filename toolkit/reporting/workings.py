"""From votes to a composite, every step with its numbers, so that a pocket calculator can follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from toolkit.reporting.frames import grouped
from toolkit.reporting.phrases import bound_text
from toolkit.scheme import SELF
from toolkit.scoring.cells import worth
from toolkit.scoring.ranks import TOLERANCE
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from toolkit.reporting.books import Books, Record
    from toolkit.scheme import Scheme

EXACT, SHORT = 4, 1
"""Decimals for those who organise the appraisal, and in a member's own sheet."""
Words = Callable[[str], str]
Weights: TypeAlias = Mapping[str, Fraction]


def _nothing(_: str) -> bool:
    """Nothing is hidden from those who organise the appraisal."""
    return False


@dataclass(frozen=True)
class Step:
    """A step of the way: what it is about, and its lines; a line of arithmetic reads `2 × 3 + 4 = 10`."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Shown:
    """What of a ratee's sources a page may show.

    Attributes
    ----------
    sources : frozenset of str or None
        Sources whose means are shown; None for all.
    min_votes : int
        Fewest raters whose single votes are counted up.
    unshown : frozenset of str
        Indicators ("" for the composite) whose mean of all sources is not shown.
    digits : int
        Decimals.
    rounds : bool
        Whether the rounds that a combined one is made of are shown.
    hides : callable
        Quantity -> whether its value is not shown.
    reason : callable, optional
        Words a reason; in place of `reason_text`, which tells every value.
    """

    sources: frozenset[str] | None = None
    min_votes: int = 0
    unshown: frozenset[str] = field(default_factory=frozenset)
    digits: int = EXACT
    rounds: bool = True
    hides: Callable[[str], bool] = _nothing
    reason: Callable[[Mapping[Any, Any]], str] | None = None


class Workings:
    """Writes the steps from votes to the composite of one ratee in one round.

    A class, since every step needs the same things.
    """

    def __init__(self, books: Books, ratee: str, turn: str, *, language: str, shown: Shown) -> None:
        self.books, self.book, self.ratee, self.round, self.language = books, books.at(turn), ratee, turn, language
        self.shown = shown
        self.scheme: Scheme = self.book.scheme
        self.value = {
            (row["source"], row["indicator"]): row["score"]
            for row in self.book.table.of(ratee)
            if not np.isnan(row["score"])
        }
        self.row = self.book.ratees.of(ratee)[0]
        self._: Words = words(language)

    # ------------------------------------------------------------------------------------------------ numbers

    def number(self, value: float) -> str:
        """A number with the decimals of the page, none of them a needless 0."""
        text = f"{value:.{self.shown.digits}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text == "-0" else text

    def mean(self, label: str, parts: Iterable[tuple[str, float, float]], result: float, adds: str = "") -> str:
        """Weighted mean as a line: parts are written weight, weight, value; `adds` is what is added to it."""
        parts = list(parts)
        total = sum(weight for _, weight, _ in parts)
        product = " + ".join(f"{written} × {self.number(value)}" for written, _, value in parts)
        if abs(total - 1) > TOLERANCE:
            product = f"({product}) / ({' + '.join(written for written, _, _ in parts)})"
        return f"{label}: {product}{adds} = {self.number(result)}"

    def label(self, name: str) -> str:
        """Label of a name of the scheme."""
        return self.scheme.label(name, self.language)

    # -------------------------------------------------------------------------------------------------- votes

    def votes(self) -> Iterator[Step]:
        """What was ticked in every cell, and its mean."""
        cells = grouped(self.book.votes.of(self.ratee), "source", "indicator")
        lines: list[str] = []
        for source in filter(self._is_shown, self.scheme.leaf_sources):
            for node in self.scheme.indicator_tree.names:
                cell = cells.get((source, node))
                if cell:
                    lines += self._cell(source, node, cell)
        yield Step(self._("From votes to means"), tuple(lines))

    def _is_shown(self, source: str) -> bool:
        if self.shown.sources is None:
            return True
        tree = self.scheme.source_tree
        line = {tree.names[node] for node in tree.path(tree.position[source])}
        return bool(line & self.shown.sources) or source == SELF

    def _cell(self, source: str, node: str, cell: list[Record]) -> list[str]:
        """The line of one cell: answers by points, how many gave them, and their mean."""
        label = f"{self.label(source)}{'' if node == 'overall' else ' · ' + self.label(node)}"
        rows = [
            (worth(self.scheme, source, node, str(row["value"])), int(row["count"]), float(row["weight"]))
            for row in cell
        ]
        blank = sum(count for points, count, _ in rows if np.isnan(points))
        answers = sorted(((p, n, w) for p, n, w in rows if not np.isnan(p)), reverse=True)
        n = sum(count for _, count, _ in answers)
        known_by_name = bool(self.scheme.leaf_sources[source].attributed) or source == SELF
        told = known_by_name or n + blank >= self.shown.min_votes
        note = self._(" ({n} blank)").format(n=blank) if blank and told else ""
        if not n:
            return [self._("{cell}: no answer{note}").format(cell=label, note=note)]
        mean = self.value.get((source, "" if node == "overall" else node))
        if mean is None and n < (self.scheme.leaf_sources[source].min or 1):
            return [self._("{cell}: {n} raters are too few, so the source counts as missing").format(cell=label, n=n)]
        if mean is None:
            return [self._("{cell}: counts as missing").format(cell=label)]
        # a weight of his own would point at a rater
        weighted = self.shown.min_votes > 0 and any(abs(weight - count) > TOLERANCE for _, count, weight in answers)
        if (n < self.shown.min_votes or weighted) and not known_by_name:
            few = self._("{cell}: {n} raters, mean {mean}")
            return [few.format(cell=label, n=n, mean=self.number(mean))]
        return [f"{label}: {self._arithmetic(source, answers, mean)}{note}"]

    def _arithmetic(self, source: str, answers: list[tuple[float, int, float]], mean: float) -> str:
        rule = self.scheme.leaf_sources[source]
        n = sum(count for _, count, _ in answers)
        if rule.average == "median":
            ordered = ", ".join(f"{count} × {self.number(points)}" for points, count, _ in answers)
            return self._("median of {answers}: {mean}").format(answers=ordered, mean=self.number(mean))
        note = ""
        if rule.trim and n > rule.trim.above:
            note = self._(" (without the {drop} highest and the {drop} lowest of {n})").format(drop=rule.trim.drop, n=n)
            answers = _trimmed(answers, rule.trim.drop)
            n = sum(count for _, count, _ in answers)
        if any(abs(weight - count) > TOLERANCE for _, count, weight in answers):
            parts = " + ".join(f"{self.number(weight)} × {self.number(points)}" for points, _, weight in answers)
            total = sum(weight for _, _, weight in answers)
            return f"({parts}) / {self.number(total)} = {self.number(mean)}{note}"
        parts = " + ".join(f"{count} × {self.number(points)}" for points, count, _ in answers)
        return f"({parts}) / {n} = {self.number(mean)}{note}" if n > 1 else f"{parts} = {self.number(mean)}{note}"

    # -------------------------------------------------------------------------------------------------- means

    def means(self) -> Iterator[Step]:
        """Up both trees, in the order of the scheme."""
        sources, indicators = self.scheme.source_tree, self.scheme.indicator_tree
        by_source = self.scheme.source_weights(self.row["category"])
        by_indicator = self.scheme.indicator_weights(self.row["category"])
        leaves = [sources.names[leaf] for leaf in sources.leaves]
        bottom = [self._key(indicators.names[leaf]) for leaf in indicators.leaves]
        lines: list[str] = []
        if self.scheme.first == "indicator":
            for source in filter(self._is_shown, leaves):
                for node in indicators.inner:
                    below = [indicators.names[child] for child in indicators.children(node)]
                    weights = {name: by_indicator[name] for name in below}
                    name = self._key(indicators.names[node])
                    lines += self._up(source, name, weights, partial(_pair, source), self.label(source))
            yield Step(self._("Over indicators, by source"), tuple(lines))
            yield Step(self._("Over sources"), tuple(self._over_sources("", by_source)))
            return
        for indicator in bottom:
            lines += self._over_sources(indicator, by_source)
        yield Step(self._("Over sources, by indicator"), tuple(lines))
        if len(indicators) > 1:
            over: list[str] = []
            for node in indicators.inner:
                weights = {indicators.names[c]: by_indicator[indicators.names[c]] for c in indicators.children(node)}
                name = self._key(indicators.names[node])
                over += self._up("", name, weights, lambda child: ("", child), self._("All sources"))
            yield Step(self._("Over indicators"), tuple(over))

    def _key(self, indicator: str) -> str:
        return "" if indicator == self.scheme.indicator_tree.names[0] else indicator

    def _over_sources(self, indicator: str, by_source: Weights) -> list[str]:
        sources = self.scheme.source_tree
        lines = []
        for node in sources.inner:
            name = sources.names[node]
            if name and not self._is_shown(sources.names[sources.leaves[sources.below[node]][0]]):
                continue
            weights = {sources.names[child]: by_source[sources.names[child]] for child in sources.children(node)}
            title = self.label(name) if name else self._("Composite")
            title += f" · {self.label(indicator)}" if indicator else ""
            if not name and self._has_hidden(weights, indicator):
                if indicator in self.shown.unshown or (name, indicator) not in self.value:
                    lines.append(self._("{what}: not shown to protect raters").format(what=title))
                else:
                    told = self._("{what}: {value}, of all sources, some of which are not shown to protect raters")
                    lines.append(told.format(what=title, value=self.number(self.value[name, indicator])))
                continue
            lines += self._up(name, indicator, weights, lambda child: (child, indicator), title, named=True)
        return lines

    def _has_hidden(self, weights: Weights, indicator: str) -> bool:
        """Whether a source that is not shown is part of the mean."""
        shown = self.shown.sources
        return shown is not None and any(
            weight > 0 and name not in shown and name != SELF and (name, indicator) in self.value
            for name, weight in weights.items()
        )

    def _up(
        self,
        source: str,
        indicator: str,
        weights: Weights,
        at: Callable[[str], tuple[str, str]],
        title: str,
        *,
        named: bool = False,
    ) -> list[str]:
        """The line of one inner node: the mean of what was seen, and what is missing."""
        result = self.value.get((source, indicator))
        if any(key[0] == "" and key[1] in self.shown.unshown for key in ((source, indicator), *map(at, weights))):
            result = None
        seen = [(name, weight) for name, weight in weights.items() if weight > 0 and at(name) in self.value]
        if result is None or not seen:
            return []
        label = title if named else f"{title}{' · ' + self.label(indicator) if indicator else ''}"
        parts = [(written(weight), float(weight), self.value[at(name)]) for name, weight in seen]
        missing = [name for name, weight in weights.items() if weight > 0 and at(name) not in self.value]
        missing = [name for name in missing if self._is_asked(source or name, indicator if source else "", name)]
        if missing and self.scheme.missing.rule == "adjusted" and not source:
            parts += self._filled(weights, missing, parts, result)
        elif len(parts) == 1 and abs(parts[0][2] - result) < TOLERANCE:
            return [f"{label}: {self.number(result)}{self._lacking(missing)}"]
        return [self.mean(label, parts, result) + self._lacking(missing)]

    def _is_asked(self, source: str, indicator: str, child: str) -> bool:
        """Whether what is missing was asked at all."""
        sources, indicators = self.scheme.source_tree, self.scheme.indicator_tree
        name = child if child in indicators.position else indicator
        rows = sources.below[sources.position[source]] if source in sources.position else slice(None)
        columns = indicators.below[indicators.position.get(name, 0)]
        return bool(self.scheme.asked[rows][:, columns].any())

    def _filled(
        self,
        weights: Weights,
        missing: list[str],
        parts: list[tuple[str, float, float]],
        result: float,
    ) -> list[tuple[str, float, float]]:
        """What the rule `adjusted` put in the place of the missing sources, worked back from the mean."""
        weight = sum(float(weights[name]) for name in missing)
        total = sum(part for _, part, _ in parts) + weight
        value = (result * total - sum(part * score for _, part, score in parts)) / weight
        return [(" + ".join(written(weights[name]) for name in missing), weight, value)]

    def _lacking(self, missing: list[str]) -> str:
        if not missing:
            return ""
        names = ("、" if self.language == "zh" else ", ").join(map(self.label, missing))
        return self._(" ({names}: missing)").format(names=names)

    def none(self) -> Step:
        """Why there is no composite."""
        seen, least = float(self.row["coverage"]), float(self.scheme.missing.min_coverage)
        if ("", "") in self.value or not seen > 0:
            return Step(self._("Composite"), ())
        if self.scheme.missing.rule == "fail":
            return Step(
                self._("Composite"), (self._("None: something is missing, and the scheme allows nothing to be."),)
            )
        why = self._("None: {seen}% of the weight was seen, {least}% must be.")
        return Step(self._("Composite"), (why.format(seen=f"{100 * seen:.4g}", least=f"{100 * least:.4g}"),))

    def rounds(self, weights: dict[str, float]) -> Step:
        """A combined round: the mean of its rounds."""
        score = {part: self._composite(part, self.ratee) for part in weights if part in self.books.scores.rungs}
        known = [(part, weight) for part, weight in weights.items() if not np.isnan(score.get(part, np.nan))]
        if not known or ("", "") not in self.value or "" in self.shown.unshown or not self.shown.rounds:
            return Step(self._("Over rounds"), ())
        stated = self.scheme.rounds[self.round].combine or {}
        parts = [(written(stated[part]), float(stated[part]), float(score[part])) for part, _ in known]
        names = " + ".join(self.label(part) for part, _ in known)
        return Step(self._("Over rounds"), (self.mean(names, parts, self.value["", ""]),))

    def posts(self, shares: dict[str, float]) -> Step:
        """A holder of posts: the mean over them by share."""
        score = {post: self._composite(self.round, post) for post in shares}
        known = [(post, share) for post, share in shares.items() if not np.isnan(score[post])]
        parts = [(self.number4(share), share, float(score[post])) for post, share in known]
        tops = self.scheme.source_tree
        every = {tops.names[node]: Fraction(1) for node in tops.children(0)}
        # where a source has few raters on some post, the score there may be all that they have said
        if "" in self.shown.unshown or not parts or self._has_hidden(every, ""):
            return Step(self._("Over posts"), ())
        return Step(self._("Over posts"), (self.mean(" + ".join(shares), parts, self.value["", ""]),))

    def _composite(self, turn: str, ratee: str) -> float:
        rows = self.books.at(turn).table.of(ratee)
        return next((row["score"] for row in rows if not row["source"] and not row["indicator"]), np.nan)

    @staticmethod
    def number4(value: float) -> str:
        """A weight that is no fraction of the scheme."""
        return f"{value:.4f}".rstrip("0").rstrip(".")


def _pair(source: str, indicator: str) -> tuple[str, str]:
    return source, indicator


def _trimmed(answers: list[tuple[float, int, float]], drop: int) -> list[tuple[float, int, float]]:
    """Answers, highest first, without `drop` at either end."""
    left = list(answers)
    for _ in range(2):
        rest, kept = drop, []
        for points, count, weight in left:
            gone = min(rest, count)
            rest -= gone
            if count > gone:
                kept.append((points, count - gone, weight - gone))
        left = kept[::-1]
    return left


def written(weight: object) -> str:
    """A weight as a person writes it: 0.3, or 1/3."""
    return bound_text(weight)

"""Why this score? The workings of a composite, and of the points, index, grade and stars that are made of it."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit.faults import UsageError, one_of
from toolkit.reporting.books import Books
from toolkit.reporting.frames import grouped
from toolkit.reporting.phrases import quantity_label, reason_text
from toolkit.reporting.workings import Shown, Step, Workings, written
from toolkit.scoring.ranks import TOLERANCE
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction

    from toolkit.rules import Component, Composition, Extra
    from toolkit.scoring.scores import Scores
    from toolkit.study import Study


def explain(
    books: Books,
    ratee: str,
    round: str,  # noqa: A002  (the contract's word)
    *,
    language: str | None = None,
    shown: Shown | None = None,
) -> list[Step]:
    """Explain the score of a ratee in a round, and what came of it.

    Parameters
    ----------
    books : Books
        The study and its scores.
    ratee : str
        A member, a post or a rated unit.
    round : str
        A round, plain or combined.
    language : str, optional
        Instead of the scheme's.
    shown : Shown, optional
        What may be shown; everything by default: a page for those who organise the appraisal.

    Returns
    -------
    list of Step
        Votes, sources, composite; points, index, grade, stars.
    """
    spoken = language or books.study.schemes[round].language
    page = _Page(books, ratee, round, language=spoken, shown=shown or Shown())
    return [step for step in page.steps() if step.lines]


def explanation(study: Study, scores: Scores, ratee: str, round: str, *, language: str | None = None) -> str:  # noqa: A002
    """The whole page as plain text, for a terminal or a printer.

    Raises
    ------
    UsageError
        If the round is unknown, or nobody of this id could be rated in it.
    """
    if round not in study.schemes:
        raise UsageError(f"round: {round!r}, {one_of(round, study.schemes)}")
    ratees = scores.ratees[scores.ratees["round"] == round].set_index("ratee_id")
    if ratee not in ratees.index:
        raise UsageError(f"ratee: {ratee!r}, {one_of(ratee, ratees.index, 'a member, post or rated unit')}")
    spoken = language or study.schemes[round].language
    steps = explain(Books.of(study, scores), ratee, round, language=spoken)
    _ = words(spoken)
    title = _("Why this score: {name} ({id}), {round}")
    label = study.schemes[round].label(round, spoken)
    blocks = [title.format(name=ratees.loc[ratee, "name"], id=ratee, round=label)]
    blocks += ["\n".join([step.title, *(f"  {line}" for line in step.lines)]) for step in steps]
    return "\n\n".join(blocks)


class _Page(Workings):
    """Writes all steps of one ratee in one round."""

    def steps(self) -> Iterator[Step]:
        weights = self.book.combined
        held = self.book.posts.of(self.ratee)
        if weights is not None:
            yield self.rounds(weights)
        elif len(held) and ("", "") in self.value:
            yield self.posts({post["post_id"]: post["share"] for post in held})
        else:
            yield from self.votes()
            yield from self.means()
            yield self.none()
        yield self.points()
        yield self.index()
        yield self.grade()
        yield self.stars()

    # ------------------------------------------------------------------------- points, index, grade and stars

    def points(self) -> Step:
        """The ledger, summed."""
        mine = self.book.frame("ledger").of(self.ratee)
        if not mine or np.isnan(self.row["points"]):
            return Step(self._("Points"), ())
        names = {"base": self._("base"), "carry": self._("carried over"), "floor": self._("floor"),
                 "ceiling": self._("ceiling"), "veto": self._("veto")}  # fmt: skip
        got = {names[row["code"]]: row["got"] for row in mine if not row["rule"]}
        lines = [f"{name}: {self.number4(amount)}" for name, amount in got.items()]
        amounts = [*got.values()]
        for (rule,), rows in grouped((row for row in mine if row["rule"]), "rule").items():
            asked, amount = (fsum(row[key] for row in rows) for key in ("asked", "got"))
            less = self._(" (asked {n}, less by a cap or a veto)").format(n=self.number4(asked))
            lines.append(f"{self.label(rule)}: {self.number4(amount)}{less if abs(asked - amount) > TOLERANCE else ''}")
            amounts.append(amount)
        total = " + ".join(_signed(self.number4(amount)) for amount in amounts)
        return Step(self._("Points"), (*lines, f"{self._('Balance')}: {total} = {self.number4(self.row['points'])}"))

    def index(self) -> Step:
        """Components of the index and their mean."""
        mine = self.book.frame("components").of(self.ratee)
        if not mine or np.isnan(self.row["index"]) or self.shown.hides("index") or not self.shown.rounds:
            return Step(self._("Index"), ())
        made = self.scheme.index.units if self.row["kind"] == "unit" and self.scheme.index else self.scheme.index
        used = [row for row in mine if row["weight"] > 0]
        extras = [row for row in mine if np.isnan(row["weight"]) and row["adds"] != 0]
        lines = []
        if made and self.book.combined is None:
            lines = [self._component(row, made.components[row["component"]]) for row in used]
            lines += [
                self._extra(row, made.extras[row["component"]]) for row in extras if row["component"] in made.extras
            ]
        title = self._("Index")
        weights = self._index_weights(made)
        parts = [(written(weights[row["component"]]), float(weights[row["component"]]), row["value"]) for row in used]
        if made is None or made.mean == "arithmetic" or self.book.combined is not None:
            adds = "".join(f" + {_signed(self.number(row['adds']))}" for row in extras)
            lines.append(self.mean(title, parts, self.row["index"], adds))
        else:
            lines.append(self._other_mean(made.mean, made.power, parts, title, extras))
        if self.row["level"]:
            lines.append(f"{self._('Level')}: {self.label(self.row['level'])}")
        return Step(title, tuple(lines))

    def _named(self, row: dict[Any, Any]) -> str:
        """A component by its label and by what it is of, each where it says something."""
        of, name = quantity_label(self.scheme, row["of"], self.language), self.label(row["component"])
        if name == row["component"]:
            return of
        if name == of:
            return name
        return f"{name}（{of}）" if self.language == "zh" else f"{name} ({of})"

    def _component(self, row: dict[Any, Any], part: Component) -> str:
        """How a component came to 0-100."""
        if part.normalise != "goalposts" or part.log or abs(row["raw"] - row["value"]) <= TOLERANCE:
            return f"{self._named(row)}: {self.number(row['raw'])} → {self.number(row['value'])}"
        raw = 100 * (row["raw"] - part.low) / (part.high - part.low)
        below = f"({part.high:g} - {part.low:g})" if part.low else f"{part.high:g}"
        above = f"({self.number(row['raw'])} - {part.low:g})" if part.low else self.number(row["raw"])
        text = f"{self._named(row)}: 100 × {above} / {below} = {self.number(raw)}"
        if abs(raw - row["value"]) > TOLERANCE:
            text += self._(", kept within 0-100: {value}").format(value=self.number(row["value"]))
        return text

    def _extra(self, row: dict[Any, Any], extra: Extra) -> str:
        """What an extra adds, and its bound."""
        full = row["raw"] * extra.times
        text = f"{self._named(row)}: {self.number(row['raw'])} × {extra.times:g} = {self.number(full)}"
        if abs(full - row["adds"]) > TOLERANCE:
            text += self._(", at most {n}").format(n=self.number(row["adds"]))
        return text

    def _index_weights(self, made: Composition | None) -> Mapping[str, Fraction]:
        """Weights of the components as the scheme states them, in a combined round of its rounds."""
        weights = self.scheme.rounds[self.round].combine
        return weights or (self.scheme.index_weights(made, self.row["category"]) if made else {})

    def _other_mean(
        self, mean: str, power: float | None, parts: list[tuple[str, float, float]], title: str, extras: list[Any]
    ) -> str:
        result = self.number(self.row["index"])
        adds = "".join(f" + {_signed(self.number(row['adds']))}" for row in extras)
        whole = sum(weight for _, weight, _ in parts)
        total = "" if abs(whole - 1) <= TOLERANCE else f"({' + '.join(weight for weight, _, _ in parts)})"
        if mean == "geometric":
            product = " × ".join(f"{self.number(v)}^{bracketed(w)}" for w, _, v in parts)
            return f"{title}: {f'({product})^(1/{total})' if total else product}{adds} = {result}"
        if mean == "power":
            inner = " + ".join(f"{w} × {self.number(v)}^{power:g}" for w, _, v in parts)
            inner = f"(({inner}) / {total})" if total else f"({inner})"
            return f"{title}: {inner}^(1/{power:g}){adds} = {result}"
        values = ", ".join(self.number(v) for _, _, v in parts)
        return self._("{index}: mean × (1 − cv²) of {values}: {result}").format(
            index=title, values=values, result=result
        )

    def grade(self) -> Step:
        """Band, conditions and quota."""
        grades = self.scheme.grades
        if grades is None or not isinstance(self.row["grade"], str) or self.shown.hides("grade"):
            return Step(self._("Grade"), ())
        order = grades.order
        value = self._of(grades.of)
        voted = any(row["code"] == "votes" for row in self.book.frame("reasons").of(self.ratee))
        lines = [] if voted else self._band_lines(grades.of, value, grades.cuts, order, self.row["band"])
        lines += self._reasons("grade")
        if not np.isnan(self.row["places"]):
            lines.append(self._quota(self.row["places"], bool(self.row["tied"]), self.row["band"]))
        lines.append(self._("Proposed grade: {grade}").format(grade=self.label(self.row["grade"])))
        return Step(self._("Grade"), tuple(lines))

    def _of(self, of: str) -> float:
        quantities = self.books.scores.rungs[self.round].quantities
        value = quantities[of].get(self.ratee) if of in quantities else None
        return np.nan if value is None else float(value)

    def _band_lines(self, of: str, value: float, cuts: dict[str, float], order: list[str], band: object) -> list[str]:
        if np.isnan(value) or not isinstance(band, str) or band not in cuts or self.shown.hides(of):
            return []
        label, place = quantity_label(self.scheme, of, self.language), order.index(band)
        parts = [f"{self.number(value)} ≥ {cuts[band]:g}: {self.label(band)}"] if np.isfinite(cuts[band]) else []
        if place + 1 < len(order) and value < cuts[order[place + 1]]:
            missed = self._("not {band}").format(band=self.label(order[place + 1]))
            parts.append(f"{self.number(value)} < {cuts[order[place + 1]]:g}: {missed}")
        return [f"{label} {'; '.join(parts)}"]

    def _reasons(self, about: str) -> list[str]:
        reasons = self.book.frame("reasons").of(self.ratee)
        mine = [row for row in reasons if row["about"].startswith(about + " ")]
        tell = self.shown.reason or (lambda row: reason_text(self.scheme, row, self.language))
        return [f"{self.label(str(row['about']).partition(' ')[2])}: {tell(row)}" for row in mine]

    def _quota(self, places: float, tied: bool, band: object) -> str:  # noqa: FBT001
        text = (
            self._("{band}: tied across the quota, which has {n} places")
            if tied
            else self._("{band}: beyond the quota, which has {n} places")
        )
        return text.format(band=self.label(str(band)), n=f"{places:.0f}")

    def stars(self) -> Step:
        """Where the stars begin, conditions, quota, and the round before."""
        rules = self.scheme.stars
        if rules is None or np.isnan(self.row["stars"]) or self.shown.hides("stars"):
            return Step(self._("Stars"), ())
        own = (
            self.scheme.categories[self.row["category"]].stars if self.row["category"] in self.scheme.categories else {}
        )
        cuts = rules.cuts | own if not rules.cluster else self._found_cuts()
        order = sorted(cuts, key=cuts.__getitem__)
        band = f"{self.row['star_band']:.0f}"
        lines = self._band_lines(rules.of, self._of(rules.of), cuts, order, band) + self._reasons("stars")
        if not np.isnan(self.row["star_places"]):
            lines.append(self._quota(self.row["star_places"], bool(self.row["star_tied"]), band))
        lines.append(self._("Proposed stars: {stars}").format(stars=f"{self.row['stars']:.0f}"))
        if not np.isnan(self.row["stars_before"]) and not self.shown.hides("stars_before"):
            lines.append(self._("Stars in the round before: {stars}").format(stars=f"{self.row['stars_before']:.0f}"))
        return Step(self._("Stars"), tuple(lines))

    def _found_cuts(self) -> dict[str, float]:
        found = self.books.scores.rungs[self.round].cuts.get(self.row["kind"])
        # such a cut is the value of somebody, or a mean of a few
        starts = [-np.inf, *(np.round(found.held, self.shown.digits).tolist() if found else [])]
        return dict(zip(self.scheme.stars.names if self.scheme.stars else [], starts, strict=False))


def bracketed(weight: str) -> str:
    """A weight as an exponent: 0.5, (1/3)."""
    return f"({weight})" if "/" in weight else weight


def _signed(text: str) -> str:
    """An amount in a sum; one below 0 in brackets."""
    return f"({text})" if text.startswith("-") else text

"""What became of scores, as far as a report may show it: points, index, stars, satisfaction, targets, proposals."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan
from typing import TYPE_CHECKING, Any

from toolkit.reporting.frames import grouped, missing, rounded, tabled, typed
from toolkit.reporting.phrases import (
    decision_label,
    matter_label,
    quantity_label,
    reason_text,
    state_label,
)
from toolkit.reporting.secrecy import BEFORE
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd

    from toolkit.reporting.books import Book, Record
    from toolkit.reporting.secrecy import Secrecy
    from toolkit.scheme import Scheme


RESULT = ("points", "index", "level", "stars", BEFORE, "grade", "why")


@dataclass(frozen=True)
class Standing:
    """Cuts what one round's report may show of results.

    Attributes
    ----------
    book : Book
        The round's tables.
    language : str
        "zh" or "en".
    secrecy : Secrecy
        What the report's readers must not be told.
    """

    book: Book
    language: str
    secrecy: Secrecy

    @property
    def withheld(self) -> Collection[str]:
        """Ratees whose score is not shown."""
        return self.secrecy.withheld

    @property
    def scheme(self) -> Scheme:
        """The round's scheme."""
        return self.book.scheme

    def label(self, name: str) -> str:
        """Label of a name of the scheme."""
        return self.scheme.label(name, self.language)

    def _labelled(self, name: object) -> str:
        """Label of a name, "" where there is none."""
        return self.label(name) if isinstance(name, str) and name else ""

    def _listed(self, texts: list[str]) -> str:
        return ("；" if self.language == "zh" else "; ").join(text for text in texts if text)

    # ------------------------------------------------------------------------------------------------ results

    def results(self, ids: list[str]) -> pd.DataFrame:
        """Points, index, level, stars and grade of some ratees, in this order, and why not more.

        Returns
        -------
        DataFrame
            `ratee_id, name, points, index, level, stars, stars_before, grade, why`.
        """
        rows = [row for ratee in ids for row in self.book.ratees.of(ratee)]
        return tabled([row | self.result(row) for row in rows], ["ratee_id", "name", *RESULT])

    def result(self, row: Record) -> Record:
        """What `results` tells of a ratee, by his row of `Scores.ratees`; its numbers as they are printed."""
        ratee = row["ratee_id"]
        hidden = {of for of in ("index", "stars", BEFORE, "grade") if self.secrecy.hides(ratee, of)}
        told = row | dict.fromkeys(hidden, nan)
        numbers = ("points", "index", "stars", BEFORE)
        return {
            **dict(zip(numbers, rounded([told[name] for name in numbers]), strict=True)),
            "level": self._labelled(row["level"]) if "index" not in hidden else "",
            "grade": self._labelled(told["grade"]),
            "why": self._why(row),
        }

    def _why(self, row: dict[Any, Any]) -> str:
        """Conditions not met and quotas, of grade and of stars; nothing of what is hidden itself."""
        ratee = str(row["ratee_id"])
        open_ = [kind for kind in ("grade", "stars") if not self.secrecy.hides(ratee, kind)]
        told = [
            f"{self._about(str(reason['about']))}: {self.reason(reason)}"
            for reason in self.book.frame("reasons").of(ratee)
            if str(reason["about"]).partition(" ")[0] in open_
        ]
        return self._listed([*told, *(self._quota(row, kind) for kind in open_)])

    def _quota(self, row: dict[Any, Any], kind: str) -> str:
        """The quota that took a grade or stars away. A tie with one who is withheld would tell his score."""
        places, tied, band = (
            ("places", "tied", "band") if kind == "grade" else ("star_places", "star_tied", "star_band")
        )
        if isnan(row[places]):
            return ""
        _ = words(self.language)
        name = row[band] if isinstance(row[band], str) else _("{n} stars").format(n=f"{row[band]:.0f}")
        gone = self.book.ratees.of_all(self.withheld) if row[tied] else []
        alone = any(other[tied] and other[band] == row[band] for other in gone)
        text = _("{band}: beyond the quota of {n}")
        if row[tied] and not alone:
            text = _("{band}: tied across the quota of {n}")
        return text.format(band=self.label(name), n=f"{row[places]:.0f}")

    def _about(self, about: str) -> str:
        kind, _, name = about.partition(" ")
        return f"{name} ★" if kind == "stars" else self.label(name)

    def reason(self, reason: Mapping[Any, Any]) -> str:
        """A reason in words, without the value where that would tell what a few raters have said."""
        ratee, of, votes = str(reason["ratee_id"]), str(reason["of"]), reason["code"] == "votes"
        told = not of or (self.secrecy.tells_votes(ratee) if votes else self.secrecy.tells(ratee, of))
        if told:
            return reason_text(self.scheme, reason, self.language)
        source = self.scheme.grades.votes.source if self.scheme.grades and self.scheme.grades.votes else ""
        what = self.label(source) if votes else self._of(of)
        return words(self.language)("{what} decides; its value is not shown to protect raters").format(what=what)

    # ----------------------------------------------------------------------------------- points, index, satisfaction

    def ledger(self, ratee: str) -> pd.DataFrame:
        """The ledger of one ratee: `date, rule, dimension, quantity, evidence, asked, got, why`."""
        lines = [
            row | {"why": self._line(row), "rule": self._labelled(row["rule"])}
            | {"dimension": self._labelled(row["dimension"])}
            for row in self.book.frame("ledger").of(ratee)
        ]  # fmt: skip
        columns = ["date", "rule", "dimension", "quantity", "evidence", "asked", "got", "why"]
        return typed({name: missing([line[name] for line in lines]) for name in columns})

    def _line(self, row: dict[Any, Any]) -> str:
        _ = words(self.language)
        bound = "" if row["bound"] is None or row["bound"] != row["bound"] else f"{float(row['bound']):g}"
        texts = {
            "base": _("base"), "carry": _("carried over"), "floor": _("raised to the floor of {n}"),
            "ceiling": _("lowered to the ceiling of {n}"), "veto": _("veto: the balance is 0"),
            "week": _("capped at {n} a week"), "month": _("capped at {n} a month"), "year": _("capped at {n} a year"),
            "dimension": _("capped at {n} for {dimension}"),
        }  # fmt: skip
        text = texts.get(str(row["code"]), "").format(n=bound, dimension=self.label(row["dimension"] or ""))
        times = f"× {row['times']:g}" if row["rule"] and row["times"] != 1 else ""
        return self._listed([times, text])

    def balances(self, ratee: str) -> pd.DataFrame:
        """Balance by dimension: `dimension` (its label, "" for all), `points`."""
        rows = self.book.frame("points").of(ratee)
        columns = {"dimension": [self._labelled(row["dimension"]) for row in rows]}
        return typed(columns | {"points": missing([row["points"] for row in rows])})

    def components(self, ratee: str) -> pd.DataFrame:
        """What an index is made of: `label, raw, value, weight` (percent), `adds`; none where that tells a secret."""
        hide = self.secrecy.hides(ratee, "index") or not self.secrecy.apart(ratee)
        rows = [] if hide else self.book.frame("components").of(ratee)
        told = [
            row | {
                "label": name if (name := self.label(row["component"])) != row["component"] else self._of(row["of"]),
                "raw": row["raw"] * (100 if "dissatisfied" in row["of"] else 1),
                "weight": 100 * row["weight"],
            }
            for row in rows
        ]  # fmt: skip
        return tabled(told, ["label", "raw", "value", "weight", "adds"])

    def _of(self, of: str) -> str:
        return quantity_label(self.scheme, of, self.language)

    def satisfaction(self, ratee: str) -> pd.DataFrame:
        """Satisfaction with one ratee, by topic and panel, as far as it may be shown.

        Returns
        -------
        DataFrame
            `topic, panel, direction` (labels, "" for all), `n, index, dissatisfied` (percent), `low, high` (percent),
            `coverage` (percent), `follows` (labels).
        """
        columns = ["topic", "panel", "direction", "n", "index", "dissatisfied", "low", "high", "coverage", "follows"]
        if self.scheme.satisfaction is None:
            return typed({name: [] for name in columns})
        return tabled(map(self._answered, self.secrecy.answers(ratee)), columns)

    def _answered(self, row: Record) -> Record:
        rules = self.scheme.satisfaction.rules if self.scheme.satisfaction else ()
        panels = self.scheme.satisfaction.panels if self.scheme.satisfaction else {}
        shares = {name: row[name] for name in ("dissatisfied", "low", "high", "coverage")}
        percent = {name: nan if share is None else 100 * float(share) for name, share in shares.items()}
        return row | percent | {
            "direction": self._direction(panels.get(row["panel"])),
            "topic": self._labelled(row["topic"]),
            "panel": self._labelled(row["panel"]),
            "follows": self._listed([self.label(name) for name in rules if name in row["follows"].split("|")]),
        }  # fmt: skip

    def _direction(self, panel: Any) -> str:  # noqa: ANN401  (a Panel, or None)
        if panel is None or panel.direction is None:
            return ""
        label = panel.direction
        return label if isinstance(label, str) else label.get(self.language) or next(iter(label.values()))

    # ------------------------------------------------------------------------------------------ targets, models

    def targets(self, ids: list[str]) -> pd.DataFrame:
        """Targets of some ratees: `ratee_id, what, target, value, gap, attainment` (percent), `met, since`."""
        columns = ["ratee_id", "what", "target", "value", "gap", "attainment", "met", "since"]
        told = [
            row | {"what": self._of(row["of"]), "attainment": 100 * row["attainment"]}
            for row in self.book.frame("attainment").of_all(ids)
            if self.secrecy.tells(row["ratee_id"], row["of"])
        ]
        return tabled(told, columns)

    def models(self, ids: list[str]) -> pd.DataFrame:
        """Role models among some ratees: `ratee_id, standard, why`; those withheld are not named."""
        rows = self.book.frame("models").of_all([name for name in ids if name not in self.withheld])
        made = [
            {
                "ratee_id": ratee,
                "standard": self.label(str(standard)),
                "why": self._listed([self.reason(row | {"code": "met"}) for row in group]),
            }
            for (ratee, standard), group in grouped(rows, "ratee_id", "standard").items()
        ]
        return tabled(made, ["ratee_id", "standard", "why"])

    # ------------------------------------------------------------------------------------------- what follows

    def admitted(self, ids: list[str]) -> list[str]:
        """Who of some ratees is to be registered: no condition speaks against it, and nobody decided otherwise.

        Of those withheld nothing is said: who is not counted here, nor listed, would have a score that is against it.
        """
        rows = self.book.proposals.of_all([ratee for ratee in ids if ratee not in self.withheld])
        return [
            row["ratee_id"]
            for row in rows
            if (row["matter"], row["proposal"]) == ("registration", "admit") and row["decision"] in {"", "admit"}
        ]

    def proposals(self, ids: list[str], matters: Collection[str] = ("registration", "remediation")) -> pd.DataFrame:
        """What is proposed and what people decided: a row for each ratee and matter.

        Returns
        -------
        DataFrame
            `ratee_id, matter, proposal, why, decision, date, decided_by, decision_reason, due, helper, state` (labels);
            of those withheld only what people decided, nor are they proposed as helpers.
        """
        columns = ["ratee_id", "matter", "proposal", "why", "decision", "date", "decided_by", "decision_reason", "due"]
        reasons = grouped(self.book.grounds.of_all(ids), "ratee_id", "matter")
        made = []
        for row in self.book.proposals.of_all(ids):
            hide = self._hides(row)
            if row["matter"] not in matters or (hide and not row["decision"]):
                continue
            spoken = {
                "matter": matter_label(row["matter"], self.language),
                "proposal": "" if hide else decision_label(self.scheme, row["matter"], row["proposal"], self.language),
                "decision": decision_label(self.scheme, row["matter"], row["decision"], self.language),
                "state": state_label(row["state"], self.language),
                "helper": self._helper(row),
                "why": "" if hide else self._grounds(reasons.get((row["ratee_id"], row["matter"]), [])),
            }
            made.append(row | spoken)
        return tabled(made, [*columns, "helper", "state"])

    def papers(self, ids: list[str]) -> pd.DataFrame:
        """Papers that the grades of some ratees call for: `ratee_id, grade, filed, missing`; of none hidden."""
        rows = [row for row in self.book.papers.of_all(ids) if not self.secrecy.hides(row["ratee_id"], "grade")]
        made = [
            {
                "ratee_id": ratee,
                "grade": self.label(grade),
                "filed": self._listed([f"{row['item']} {row['filed']}" for row in group if row["filed"]]),
                "missing": self._listed([row["item"] for row in group if not row["filed"]]),
            }
            for (ratee, grade), group in grouped(rows, "ratee_id", "grade").items()
        ]
        return tabled(made, ["ratee_id", "grade", "filed", "missing"])

    def _grounds(self, reasons: list[Record]) -> str:
        """Conditions that were met, and what is not known of those that could have been."""
        _ = words(self.language)
        told = [
            _("{what} is not known").format(what=self._of(row["of"])) if row["code"] == "unknown" else self.reason(row)
            for row in reasons
            if row["of"]
        ]
        return self._listed(list(dict.fromkeys(told)))

    def _hides(self, row: dict[Any, Any]) -> bool:
        """Whether a proposal would tell what is hidden."""
        ratee, matter = str(row["ratee_id"]), str(row["matter"])
        return ratee in self.withheld or (matter in {"grade", "stars"} and self.secrecy.hides(ratee, matter))

    def _helper(self, row: dict[Any, Any]) -> str:
        """Name of the helper: people may choose anybody, the rules propose by a grade that may be hidden."""
        helper = str(row["helper"])
        if helper != row["helper_decided"] and self.secrecy.hides(helper, "grade"):
            return ""
        member = self.book.books.members.get(helper)
        return str(member["name"]) if member else helper

    def criteria(self, unit: str) -> pd.DataFrame:
        """Criteria that hold for a unit: `criterion, text, layer, origin`, criteria and layers by their labels."""
        told = [
            row | {
                "criterion": self.label(row["criterion"]),
                "layer": self.label(row["layer"]),
                "origin": " > ".join(map(self.label, row["origin"].split(" > "))),
            }
            for row in self.book.criteria(unit)
        ]  # fmt: skip
        return tabled(told, ["criterion", "text", "layer", "origin"])

"""What became of scores, as far as a report may show it: points, index, stars, satisfaction, targets, proposals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toolkit.conduct.archive import archive
from toolkit.conduct.criteria import merge
from toolkit.conduct.proposals import propose
from toolkit.reporting.phrases import (
    decision_label,
    matter_label,
    quantity_label,
    reason_text,
    state_label,
)
from toolkit.reporting.privacy import published
from toolkit.reporting.secrecy import BEFORE
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from toolkit.conduct.proposals import Proposals
    from toolkit.reporting.secrecy import Secrecy
    from toolkit.scheme import Scheme
    from toolkit.scoring.scores import Scores
    from toolkit.study import Study

    Follow = Callable[[str], Proposals]


def follow(study: Study, scores: Scores) -> Follow:
    """Return what follows from the results of a round, worked out once for all who ask."""
    return cache(lambda turn: propose(study, scores, turn))


@dataclass(frozen=True)
class Standing:
    """Cuts what one round's report may show of results.

    Attributes
    ----------
    study, scores
        The study and its scores.
    round : str
        The round.
    language : str
        "zh" or "en".
    follow : callable
        Round -> what follows from its results, see `follow`.
    secrecy : Secrecy
        What the report's readers must not be told.
    """

    study: Study
    scores: Scores
    round: str
    language: str
    follow: Follow
    secrecy: Secrecy

    @property
    def withheld(self) -> Collection[str]:
        """Ratees whose score is not shown."""
        return self.secrecy.withheld

    @property
    def scheme(self) -> Scheme:
        """The round's scheme."""
        return self.study.schemes[self.round]

    def label(self, name: str) -> str:
        """Label of a name of the scheme."""
        return self.scheme.label(name, self.language)

    @property
    def proposed(self) -> Proposals:
        """What follows from the results of the round."""
        return self.follow(self.round)

    def _mine(self, frame: pd.DataFrame, ids: Collection[str]) -> pd.DataFrame:
        return frame[(frame["round"] == self.round) & frame["ratee_id"].isin(list(ids))]

    def _of_round(self, name: str, ids: Collection[str]) -> pd.DataFrame:
        frame = self.scores.rungs[self.round].frames[name]
        return frame[frame["ratee_id"].isin(list(ids))]

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
        rows = self._mine(self.scores.ratees, ids).set_index("ratee_id", drop=False).reindex(ids)
        rows["why"] = [self._why(row) for row in rows.to_dict("records")]
        for column in ("index", "level", "stars", BEFORE, "grade"):
            of = "index" if column == "level" else column
            rows[column] = rows[column].mask(rows["ratee_id"].map(partial(self.secrecy.hides, of=of)).astype(bool))
        for column in ("level", "grade"):
            rows[column] = [self.label(name) if isinstance(name, str) else "" for name in rows[column]]
        columns = ["ratee_id", "name", "points", "index", "level", "stars", "stars_before", "grade", "why"]
        return published(rows[columns].reset_index(drop=True))

    def _why(self, row: dict[Any, Any]) -> str:
        """Conditions not met and quotas, of grade and of stars; nothing of what is hidden itself."""
        ratee = str(row["ratee_id"])
        open_ = [kind for kind in ("grade", "stars") if not self.secrecy.hides(ratee, kind)]
        reasons = self._of_round("reasons", [ratee])
        told = [
            f"{self._about(str(reason['about']))}: {self.reason(reason)}"
            for reason in reasons.to_dict("records")
            if str(reason["about"]).partition(" ")[0] in open_
        ]
        return self._listed([*told, *(self._quota(row, kind) for kind in open_)])

    def _quota(self, row: dict[Any, Any], kind: str) -> str:
        """The quota that took a grade or stars away. A tie with one who is withheld would tell his score."""
        places, tied, band = (
            ("places", "tied", "band") if kind == "grade" else ("star_places", "star_tied", "star_band")
        )
        if np.isnan(row[places]):
            return ""
        _ = words(self.language)
        name = row[band] if isinstance(row[band], str) else _("{n} stars").format(n=f"{row[band]:.0f}")
        gone = self._mine(self.scores.ratees, self.withheld)
        alone = (gone[tied].astype(bool) & (gone[band] == row[band])).any()
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
        lines = self._of_round("ledger", [ratee])
        lines = lines.assign(
            why=[self._line(row) for row in lines.to_dict("records")],
            rule=[self.label(name) if name else "" for name in lines["rule"]],
            dimension=[self.label(name) if name else "" for name in lines["dimension"]],
        )
        columns = ["date", "rule", "dimension", "quantity", "evidence", "asked", "got", "why"]
        return lines[columns].reset_index(drop=True)

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
        rows = self._of_round("points", [ratee])
        rows = rows.assign(dimension=[self.label(name) if name else "" for name in rows["dimension"]])
        return rows[["dimension", "points"]].reset_index(drop=True)

    def components(self, ratee: str) -> pd.DataFrame:
        """What an index is made of: `label, raw, value, weight` (percent), `adds`; none where that tells a secret."""
        hide = self.secrecy.hides(ratee, "index") or not self.secrecy.apart(ratee)
        rows = self._of_round("components", [] if hide else [ratee])
        label = [
            name if (name := self.label(row["component"])) != row["component"] else self._of(row["of"])
            for row in rows.to_dict("records")
        ]
        share = ["dissatisfied" in of for of in rows["of"]]
        raw = rows["raw"] * np.where(share, 100, 1)
        frame = rows.assign(label=pd.Series(label, rows.index, dtype=str), raw=raw, weight=100 * rows["weight"])
        return published(frame[["label", "raw", "value", "weight", "adds"]].reset_index(drop=True))

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
        rows = self.secrecy.answers(ratee)
        if rows.empty or self.scheme.satisfaction is None:
            return pd.DataFrame(columns=columns)
        panels, rules = self.scheme.satisfaction.panels, self.scheme.satisfaction.rules
        percent = {name: [100 * float(share) if share is not None else np.nan for share in rows[name]]
                   for name in ("dissatisfied", "low", "high", "coverage")}  # fmt: skip
        made = rows.assign(
            **percent,
            direction=[self._direction(panels.get(name)) for name in rows["panel"]],
            topic=[self.label(name) if name else "" for name in rows["topic"]],
            panel=[self.label(name) if name else "" for name in rows["panel"]],
            follows=[
                self._listed([self.label(name) for name in rules if name in told.split("|")])
                for told in rows["follows"]
            ],
        )
        return published(made[columns].reset_index(drop=True))

    def _direction(self, panel: Any) -> str:  # noqa: ANN401  (a Panel, or None)
        if panel is None or panel.direction is None:
            return ""
        label = panel.direction
        return label if isinstance(label, str) else label.get(self.language) or next(iter(label.values()))

    # ------------------------------------------------------------------------------------------ targets, models

    def targets(self, ids: list[str]) -> pd.DataFrame:
        """Targets of some ratees: `ratee_id, what, target, value, gap, attainment` (percent), `met, since`."""
        columns = ["ratee_id", "what", "target", "value", "gap", "attainment", "met", "since"]
        rows = self._of_round("attainment", ids)
        kept = [self.secrecy.tells(ratee, of) for ratee, of in zip(rows["ratee_id"], rows["of"], strict=True)]
        rows = rows[np.array(kept, dtype=bool)]
        frame = rows.assign(what=[self._of(of) for of in rows["of"]], attainment=100 * rows["attainment"])
        return published(frame[columns].reset_index(drop=True))

    def models(self, ids: list[str]) -> pd.DataFrame:
        """Role models among some ratees: `ratee_id, standard, why`; those withheld are not named."""
        rows = self._of_round("models", [name for name in ids if name not in self.withheld]).assign(code="met")
        made = [
            (
                ratee,
                self.label(str(standard)),
                self._listed(list(map(self.reason, group.to_dict("records")))),
            )
            for (ratee, standard), group in rows.groupby(["ratee_id", "standard"], sort=False)
        ]
        return pd.DataFrame(made, columns=["ratee_id", "standard", "why"])

    # ------------------------------------------------------------------------------------------- what follows

    def admitted(self, ids: list[str]) -> list[str]:
        """Who of some ratees is to be registered: no condition speaks against it, and nobody decided otherwise.

        Of those withheld nothing is said: who is not counted here, nor listed, would have a score that is against it.
        """
        rows = self._mine(self.proposed.proposals, [ratee for ratee in ids if ratee not in self.withheld])
        plain = (rows["matter"] == "registration") & (rows["proposal"] == "admit")
        return rows.loc[plain & rows["decision"].isin(["", "admit"]), "ratee_id"].tolist()

    def proposals(self, ids: list[str], matters: Collection[str] = ("registration", "remediation")) -> pd.DataFrame:
        """What is proposed and what people decided: a row for each ratee and matter.

        Returns
        -------
        DataFrame
            `ratee_id, matter, proposal, why, decision, date, decided_by, decision_reason, due, helper, state` (labels);
            of those withheld only what people decided, nor are they proposed as helpers.
        """
        columns = ["ratee_id", "matter", "proposal", "why", "decision", "date", "decided_by", "decision_reason", "due"]
        rows = self._mine(self.proposed.proposals, ids)
        rows = rows[rows["matter"].isin(list(matters))]
        rows = rows.assign(hide=[self._hides(row) for row in rows.to_dict("records")])
        rows = rows[~rows["hide"].astype(bool) | (rows["decision"] != "")]
        reasons = self._mine(self.proposed.reasons, ids)
        made = []
        for row in rows.to_dict("records"):
            mine = reasons[(reasons["ratee_id"] == row["ratee_id"]) & (reasons["matter"] == row["matter"])]
            hide = row["hide"]
            why = "" if hide else self._grounds(mine)
            spoken = {
                "matter": matter_label(row["matter"], self.language),
                "proposal": "" if hide else decision_label(self.scheme, row["matter"], row["proposal"], self.language),
                "decision": decision_label(self.scheme, row["matter"], row["decision"], self.language),
                "state": state_label(row["state"], self.language),
                "helper": self._helper(row),
            }
            made.append(dict(row) | spoken | {"why": why})
        return pd.DataFrame(made, columns=[*columns, "helper", "state"])

    def papers(self, ids: list[str]) -> pd.DataFrame:
        """Papers that the grades of some ratees call for: `ratee_id, grade, filed, missing`; of none hidden."""
        rows = self._mine(archive(self.study, self.scores, self.round), ids)
        kept = [not self.secrecy.hides(str(ratee), "grade") for ratee in rows["ratee_id"]]
        rows = rows[np.array(kept, dtype=bool)]
        made = [
            (
                ratee,
                self.label(str(grade)),
                self._listed([f"{item} {day}" for item, day in zip(group["item"], group["filed"], strict=True) if day]),
                self._listed(group.loc[group["filed"] == "", "item"].tolist()),
            )
            for (ratee, grade), group in rows.groupby(["ratee_id", "grade"], sort=False)
        ]
        return pd.DataFrame(made, columns=["ratee_id", "grade", "filed", "missing"])

    def _grounds(self, reasons: pd.DataFrame) -> str:
        """Conditions that were met, and what is not known of those that could have been."""
        _ = words(self.language)
        told = [
            _("{what} is not known").format(what=self._of(row["of"])) if row["code"] == "unknown" else self.reason(row)
            for row in reasons.to_dict("records")
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
        names = self.study.members.set_index("member_id")["name"]
        return str(names.get(helper, helper))

    def criteria(self, unit: str) -> pd.DataFrame:
        """Criteria that hold for a unit: `criterion, text, layer, origin`, layers by their labels."""
        rows = merge(self.study, unit, self.scheme)
        origin = [" > ".join(map(self.label, text.split(" > "))) for text in rows["origin"]]
        layers = [self.label(name) for name in rows["layer"]]
        return rows.assign(origin=origin, layer=layers)[["criterion", "text", "layer", "origin"]].reset_index(drop=True)

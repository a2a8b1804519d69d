"""The sentences of a report, made from its numbers."""

from __future__ import annotations

import re
from collections.abc import Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.reporting.frames import records
from toolkit.reporting.table import percent, points, span, whole
from toolkit.words import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from toolkit.reporting.slices import Slice
    from toolkit.reporting.table import Table

MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!<>|~&$])")
# At the beginning of a line these make a list or a heading.
BEGINNING = re.compile(r"^(\d+(?=\.)|(?=[-=]))")


@dataclass(frozen=True)
class Text:
    """Markdown that Jupyter shows and `documents` carries into a report."""

    markdown: str

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {"text/markdown": self.markdown, "text/plain": self.markdown}


def plain(text: object) -> str:
    """A text from the data, so that Markdown reads nothing into it."""
    return BEGINNING.sub(r"\1\\", MARKDOWN.sub(r"\\\1", " ".join(str(text).split())))


def joined(sentences: list[str], language: str) -> str:
    """Sentences as a paragraph."""
    return (" " if language == "en" else "").join(sentence for sentence in sentences if sentence)


def title(view: Slice) -> Text:
    """Title of the appraisal, the unit, and the period."""
    _ = words(view.language)
    name = plain(view.unit) if view.unit else _("Overview of the study")
    what = _("Assessment report") if view.unit else ""
    period = _("Round: {round}").format(round=plain(view.round)) + (f" ({plain(view.period)})" if view.period else "")
    head = f"{name} {what}" if view.language == "en" else f"{name}{what}"
    return Text(f"# {head.strip()}\n\n{plain(view.title)}\n\n{period}")


def section(view: Slice, heading: str, *parts: Sized | Text | Table | None) -> Text | None:
    """A heading, by its English words; None where parts are given, and all of them are None or hold nothing."""
    if parts and not any(len(part) if isinstance(part, Sized) else part is not None for part in parts):
        return None
    return Text(f"## {words(view.language)(heading)}")


def summary(view: Slice) -> Text:
    """The result in a paragraph."""
    _ = words(view.language)
    facts = view.facts
    sentences = [
        _("Members: {members}; scored, so that they count: {scored}.").format(
            members=facts["members"], scored=facts["scored"]
        )
    ]
    if facts["score"] is not None:
        sentences.append(
            _("Their mean score is {score} of 100 (95% interval {interval}).").format(
                score=points(facts["score"]), interval=span(facts["low"], facts["high"])
            )
            if facts["low"] is not None
            else _("Their mean score is {score} of 100.").format(score=points(facts["score"]))
        )
        sentences.append(_standing(view, _))
    else:
        sentences.append(_("No mean score can be shown."))
    # a number stands last, where it needs neither singular nor plural
    lacking = {
        _("Members with a part of the ratings missing: {n}."): facts["partial"],
        _("Members without a score, since too little was rated: {n}."): facts["unrated"] + facts["thin"],
        _("Exempt members, who do not count: {n}."): facts["exempt"],
    }
    sentences += [sentence.format(n=n) for sentence, n in lacking.items() if n]
    if facts["own_score"] is not None:
        sentences.append(
            _("The unit itself was rated {score}; this stands beside the mean of its members.").format(
                score=points(facts["own_score"])
            )
        )
    return Text(joined(sentences, view.language))


def _standing(view: Slice, _: Callable[[str], str]) -> str:
    others = view.units[~view.units["own"].astype(bool)]
    n = int(others["count"].sum())
    if not view.unit or not n:
        return ""
    lower = int(others.loc[others["score"] < view.facts["score"], "count"].sum())
    if lower == n:
        return _("It is the highest of the {n} units at its level.").format(n=n + 1)
    if lower == 0:
        return _("None of the {n} other units at its level has a lower one.").format(n=n)
    return _("It is higher than that of {lower} of the {n} other units at its level.").format(lower=lower, n=n)


def grades(view: Slice) -> Text | None:
    """What is proposed for how many; None where nobody is graded."""
    _ = words(view.language)
    counts = view.facts["grades"]
    if not any(counts.values()):
        return None
    labels = view.method["grade_labels"]
    listed = ("，" if view.language == "zh" else ", ").join(
        f"{plain(labels[name])} {count}" for name, count in counts.items()
    )
    return Text(_("Proposed grades: {listed}.").format(listed=listed))


def hidden(view: Slice) -> Text:
    """What is not shown, and why."""
    _ = words(view.language)
    least = view.facts["min_raters"]
    reasons = {
        "few": _("{source}: fewer than {n} persons rated, so they could be recognised."),
        "members": _("{source}: too few rated a member, and what they said could be found from the mean."),
        "complement": _("{source}: otherwise the source above could be found by subtraction."),
    }
    lines = [
        "- " + reasons[row["reason"]].format(source=plain(row["label"]) or _("Mean of the unit"), n=least)
        for row in records(view.hidden.sort_values("reason", ascending=False, kind="stable"))
    ]
    counts = {
        _("Members whose score is not shown, since it would tell what a few raters have said: {n}."): (
            view.league["status"] == "withheld"
        ).sum(),
        _("Units whose mean is not shown, since it would tell what a few raters have said: {n}."): (
            view.children["score"].isna() & (view.children["scored"] > 0)
        ).sum(),
    }
    blocks = [sentence.format(n=n) for sentence, n in counts.items() if n]
    if view.facts["unshown"]:
        names = _listed([plain(label) for label in view.facts["unshown"]], view.language)
        why = _("Indicators without a mean of all sources, since a hidden source could be found from it: {names}.")
        blocks.append(why.format(names=names))
    if lines:
        head = _("These sources are part of the score and are not shown on their own:")
        blocks.insert(0, "\n".join([head, "", *lines]))
    if not blocks:
        blocks = [
            # of a box that is void as a whole fewer ballots, or none, are left
            _("No source had to be hidden.")
            if any(row["box"] for row in view.facts["void"])
            else _(
                "No source had to be hidden: every source shown that is not attributed has at least {n} raters."
            ).format(n=least)
        ]
    return Text("\n\n".join(blocks))


def method(view: Slice) -> Text:
    """How the numbers came about, a rule a line."""
    _ = words(view.language)
    rules = [*_rules_of_means(view, _), *_rules_of_sources(view, _), *_rules_of_grades(view, _)]
    return Text("\n".join(f"- {rule}" for rule in rules))


def _rules_of_means(view: Slice, _: Callable[[str], str]) -> list[str]:
    orders = {
        "indicator": _("Within each source the indicators are averaged by their weights, then the sources by theirs."),
        "source": _("For each indicator the sources are averaged by their weights, then the indicators by theirs."),
        "": _("The sources are averaged by their weights."),
    }
    missing = {
        "renormalise": _("Where a source is missing, the weights of the others are scaled up."),
        "adjusted": _(
            "Where a source is missing, it is filled by the mean of the others"
            " plus the usual gap between them in the unit."
        ),
        "fail": _("Where anything is missing, no score is given."),
    }
    cover = _("A score that rests on less than {cover}% of the weight is not given.")
    rounds = _listed([f"{plain(row['label'])} {row['percent']:.4g}%" for row in view.method["combine"]], view.language)
    return [
        orders[view.method["order"]],
        missing[view.method["missing"]],
        cover.format(cover=f"{view.method['min_coverage']:.4g}"),
        *([_("This round combines others: {rounds}.").format(rounds=rounds)] if rounds else []),
        _(
            "The 95% interval says how far other raters of the same kind could have moved the score; it says "
            "nothing of whether they are right."
        )
        + _(
            " Where all who may rate are listed by ratee it answers what the score would be had everyone voted; "
            "where ballots were counted, or rounds are combined, it is an upper bound."
        ),
        _("Intervals that few raters stand behind are printed in whole points."),
    ]  # fmt: skip


def _rules_of_sources(view: Slice, _: Callable[[str], str]) -> list[str]:
    facts = view.method
    trimmed = _("{source}: with more than {above} raters the {drop} highest and {drop} lowest ratings are dropped.")
    named = _("Known by name, and told so before they rated, are the raters of: {names}.")
    names = _listed([plain(label) for label in facts["attributed"]], view.language)
    return [
        *(trimmed.format(**{**row, "source": plain(row["label"])}) for row in facts["trimmed"]),
        *(_("{source}: the median is taken.").format(source=plain(label)) for label in facts["medians"]),
        *(
            _("{source}: with fewer than {n} raters it counts as missing.").format(
                source=plain(row["label"]), n=row["min"]
            )
            for row in facts["minima"]
        ),
        *([named.format(names=names)] if names else []),
    ]


def _rules_of_grades(view: Slice, _: Callable[[str], str]) -> list[str]:
    facts = view.method
    if not facts["bands"]:
        return []
    band = _("{grade} from {cut}")
    cuts = _listed(
        [band.format(grade=plain(facts["grade_labels"][name]), cut=f"{cut:g}") for name, cut in facts["bands"].items()],
        view.language,
    )
    within = {
        "unit": _("of the scored members of a unit"), "study": _("of all scored members"),
        "category": _("of the scored members of a category"),
    }  # fmt: skip
    by = {"score": _("Grades by score: {cuts}."), "index": _("Grades by index: {cuts}.")}
    votes = _("Shares of the votes of {source} decide a grade before that, where a rule over them holds.")
    beside = _("Further conditions have to be met for: {grades}.")
    required = _listed([plain(label) for label in facts["required"]], view.language)
    quota = _("At most {max} {base} may be graded {grade}; a tie that straddles the last place stays out whole.")
    return [
        by.get(facts["graded_by"], _("Grades by points: {cuts}.")).format(cuts=cuts),
        *([votes.format(source=plain(facts["voted_by"]))] if facts["voted_by"] else []),
        *([beside.format(grades=required)] if required else []),
        *(
            quota.format(max=row["max"], base=within[row["within"]], grade=plain(row["label"]))
            for row in facts["quotas"]
        ),
    ]


def _listed(items: list[str], language: str) -> str:
    return (", " if language == "en" else "、").join(items)


def participation(view: Slice) -> Text:
    """Participation in a sentence."""
    _ = words(view.language)
    void = list(_void(view))
    rows = view.turnout[view.turnout["eligible"].notna() & view.turnout["valid"].notna()]
    shares = [(row["valid"] / row["eligible"], row["label"], row) for row in records(rows) if row["eligible"] > 0]
    if not shares:
        none = (
            _("Turnout is told for single ratees only, not for the unit as a whole.")
            if view.facts["turnout_by_ratee"]
            else _("The study states no turnout of the unit.")
        )
        return Text(joined([none, *void], view.language))
    _share, label, row = min(shares, key=lambda part: part[:2])
    lowest = (
        _("The lowest participation is that of {source}, {share}.")
        if len(shares) > 1
        else _("Participation of {source}: {share}.")
    ).format(source=plain(label), share=percent(row["valid"], row["eligible"]))
    return Text(joined([lowest, *void], view.language))


def broken_rules(language: str) -> dict[str, str]:
    """What is wrong with a ballot, or with all of a source, that breaks each of the rules on ballots."""
    _ = words(language)
    return {
        "quorum": _("too few took part"),
        "overfull": _("more came back than were issued"),
        "once": _("handed in twice"),
        "seconds": _("filled in too fast"),
        "alike": _("the same answer everywhere"),
        "limits": _("more or fewer at a level than the rules allow"),
    }


def _void(view: Slice) -> Iterator[str]:
    """How many ballots do not count, and why."""
    _ = words(view.language)
    reasons = broken_rules(view.language)
    for row in view.facts["void"]:
        told = {"source": plain(row["label"]), "number": whole(row["number"]), "reason": reasons[row["rule"]]}
        if row["box"]:
            yield _("Votes of {source} of which no ballot counts: {number} ({reason}).").format(**told)
        elif row["number"] is None:
            few = view.facts["min_raters"]
            yield _("Void ballots of {source}: fewer than {few} ({reason}).").format(few=few, **told)
        else:
            yield _("Void ballots of {source}: {number} ({reason}).").format(**told)

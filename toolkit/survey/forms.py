"""The questionnaires of a study: `questionnaires/ROUND/SOURCE-UNIT.md`, and which of them a file answers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from toolkit.faults import Fault, StudyError, UsageError, one_of
from toolkit.scheme import ROOT_INDICATOR
from toolkit.study import ratable
from toolkit.survey.export import headed
from toolkit.survey.headings import is_known, keys_of, meaning
from toolkit.survey.questionnaire import CHOSEN, Block, Question, Questionnaire, answers_of, plain_rounds
from toolkit.survey.xlsform import parsed, written

if TYPE_CHECKING:
    from pathlib import Path

    from toolkit.study import Study
    from toolkit.survey.export import Raw
    from toolkit.survey.headings import Rated
    from toolkit.survey.mapping import Mapping
    from toolkit.survey.platform import Platform

FOLDER = "questionnaires"


def write_form(folder: Path, form: Questionnaire) -> tuple[Path, bool]:
    """Write a questionnaire into its study, unless it is there: who has edited it keeps what he wrote.

    Returns
    -------
    path : Path
    is_new : bool
    """
    path = folder / FOLDER / form.round / f"{form.name}.md"
    if path.exists():
        return path, False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(written(form), encoding="utf-8", newline="\n")
    return path, True


def departures(kept: Questionnaire, drawn: Questionnaire) -> list[str]:
    """Options of the command by which a questionnaire that was kept differs from the one that would be drawn up."""
    differs = {
        "--language": kept.language != drawn.language,
        "--overall": _is_overall(kept) != _is_overall(drawn),
        "--units": _ratees(kept).isdisjoint(_ratees(drawn)),
    }
    return [option for option, is_other in differs.items() if is_other]


def _is_overall(form: Questionnaire) -> bool:
    return {question.indicator for block in form.blocks for question in block.questions} == {ROOT_INDICATOR}


def _ratees(form: Questionnaire) -> set[str]:
    return {*(block.ratee for block in form.blocks), *(choice.value for choice in form.ratees)} - {CHOSEN}


def read_form(path: Path, study: Study) -> Questionnaire:
    """Read a questionnaire of a study.

    Raises
    ------
    StudyError
        With everything that is wrong with it.
    """
    tables = {name: getattr(study, name) for name in ("units", "members", "posts")}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise StudyError(path.name, [Fault(path.name, None, "", "", "must be UTF-8 text")]) from None
    return parsed(text, path.name, study.schemes, ratable(tables, study.schemes))


def newest_asked(folder: Path, study: Study) -> str:
    """The newest round that has questionnaires; the newest of all where none has any."""
    rounds = plain_rounds(study)
    asked = [turn for turn in rounds if any((folder / FOLDER / turn).glob("*.md"))]
    return (asked or rounds)[-1]


def read_forms(folder: Path, study: Study, turn: str) -> list[Questionnaire]:
    """Every questionnaire of a round, by name."""
    return [read_form(path, study) for path in sorted((folder / FOLDER / turn).glob("*.md"))]


def choose(
    forms: list[Questionnaire],
    study: Study,
    raw: Raw,
    platform: Platform,
    mapping: Mapping,
    *,
    source: str,
    unit: str,
    turn: str,
) -> tuple[Questionnaire, dict[str, Rated]]:
    """The questionnaire that a file answers, and the texts by which its questions are known.

    Raises
    ------
    UsageError
        If none fits, or several fit equally well.
    """
    if mapping.columns and mapping.ratee and source:
        form = _of_a_table(study, source, turn, mapping)
        return form, {}
    forms = [form for form in forms if source in {"", form.source} and unit in {"", form.unit}]
    if not forms:
        expected = f"python -m toolkit questionnaire {study.name} --round {turn}"
        raise UsageError(f"{FOLDER}/{turn}: holds no questionnaire that is asked for; make it first: {expected}")
    keys = {form.name: keys_of(form) for form in forms}
    known = {text: rated for held in keys.values() for text, rated in held.items()}
    export = headed(raw, partial(is_known, keys=known, platform=platform, mapping=mapping))
    pairs = list(zip(export.headings, export.labels, strict=True))
    fits = {name: sum(meaning(*pair, held, platform) is not None for pair in pairs) for name, held in keys.items()}
    if mapping.columns:
        fits = {name: count + 1 for name, count in fits.items()}
    best = [form for form in forms if fits[form.name] == max(fits.values())]
    if not max(fits.values()):
        raise UsageError(f"{raw.file}: no heading is a question of {', '.join(keys)}")
    if len(best) > 1:
        names = ", ".join(form.name for form in best)
        raise UsageError(f"{raw.file}: fits {names} equally well; say which it answers by --source and --unit")
    return best[0], keys[best[0].name]


def _of_a_table(study: Study, source: str, turn: str, mapping: Mapping) -> Questionnaire:
    """What a table asks whose rows name the ratee: the mapping says it, no questionnaire is needed."""
    scheme = study.schemes.get(turn)
    if scheme is None or source not in scheme.leaf_sources:
        raise UsageError(f"source: {source!r}, must be a source of round {turn}")
    indicators = [cell for cell in mapping.columns.values() if isinstance(cell, str)]
    unknown = [name for name in indicators if name not in scheme.indicator_tree.names]
    if unknown:
        known = scheme.indicator_tree.names
        raise UsageError("\n".join(f"columns: {name!r}, {one_of(name, known)}" for name in dict.fromkeys(unknown)))
    asked = tuple(Question(name, scheme.label(name), name) for name in indicators)
    block = Block("row", "", CHOSEN, asked)
    chooser = Question("ratee", "", "")
    return Questionnaire(
        f"{source}", "", turn, source, "", scheme.language, (), answers_of(scheme, source), (block,), (), chooser
    )

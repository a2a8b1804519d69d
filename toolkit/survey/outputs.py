"""The files that are made of a questionnaire: a name of `OUTPUTS`, the endings, and what writes each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.faults import UsageError, one_of
from toolkit.survey import ballot_paper, codebook, xlsform
from toolkit.survey.platforms import limesurvey, wjx

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from toolkit.survey.questionnaire import Questionnaire

OUTPUTS: dict[str, dict[str, Callable[[Questionnaire, str], bytes]]] = {
    "xlsform": {".xlsx": lambda _, text: xlsform.workbook(text)},
    "wjx": {".wjx.txt": lambda form, _: wjx.written(form).encode()},
    "limesurvey": {".limesurvey.txt": lambda form, _: limesurvey.written(form)},
    "ballot": {
        ".pdf": lambda form, _: ballot_paper.as_pdf(ballot_paper.ballot_paper(form)),
        ".docx": lambda form, _: ballot_paper.as_word(ballot_paper.ballot_paper(form)),
    },
    "codebook": {
        ".codebook.md": lambda form, _: codebook.as_page(form).encode(),
        ".sav": lambda form, _: codebook.as_sav(form),
    },
}


def write_outputs(form: Questionnaire, text: str, folder: Path, kinds: Collection[str]) -> list[Path]:
    """Write what is asked for of a questionnaire.

    Parameters
    ----------
    form : Questionnaire
    text : str
        Its Markdown, of which the XLSForm is made whole, with questions that rate nobody.
    folder : Path
        Made if it is not there.
    kinds : collection of str
        Names of `OUTPUTS`.

    Raises
    ------
    UsageError
        If a kind is unknown, or needs a package that is not installed.
    """
    unknown = [kind for kind in kinds if kind not in OUTPUTS]
    if unknown:
        raise UsageError(f"--to: {unknown[0]!r}, {one_of(unknown[0], OUTPUTS)}")
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for ending, write in ((ending, write) for kind in kinds for ending, write in OUTPUTS[kind].items()):
        path = folder / f"{form.name}{ending}"
        path.write_bytes(write(form, text))
        paths.append(path)
    return paths

"""The words of a report, in the language of its scheme.

English is the source; every other language is one gettext catalogue in `toolkit/locale/`, read as text, so
that no compiled file can fall behind it.
"""

from __future__ import annotations

import gettext
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

if TYPE_CHECKING:
    from collections.abc import Callable

LANGUAGES = ("zh", "en")


@cache
def words(language: str) -> Callable[[str], str]:
    """Return the function that turns an English phrase into `language` ("zh" or "en").

    Raises
    ------
    ValueError
        If there is no catalogue for `language`.
    """
    if language == "en":
        return gettext.NullTranslations().gettext
    if language not in LANGUAGES:
        raise ValueError(f"language: {language!r}, must be one of {', '.join(LANGUAGES)}")
    with files("toolkit").joinpath("locale", f"{language}.po").open("rb") as source:
        catalogue = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled).gettext


def named(name: str, label: str, language: str) -> str:
    """A label with its id in brackets; the id alone of what has no label."""
    if label == name:
        return name
    return f"{label} ({name})" if language == "en" else f"{label}（{name}）"

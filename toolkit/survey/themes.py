"""What opinions are about: proposed by a dictionary of themes, suggested after what people have coded.

A theme that a person has given an opinion stands; nothing here is ever written over it, or counted in its place.
"""

from __future__ import annotations

import re
from collections import Counter
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toolkit.demands import words_of
from toolkit.faults import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

LIKELY = 50
"""How likely at least a theme must be (0-100) to be suggested: more than all others together."""
FILLERS = frozenset("的了是在不有我他她你们也和就都很能会要把被给到上下里个着没吗呢吧啊这那一")
"""Characters that stand in any text."""
LEARNED_FROM = 5
"""Opinions that people must have given a theme before any is suggested after them."""
REASONS = 3
"""Words that are told as the reason of a suggestion."""
HAN = re.compile("[\u3400-\u9fff]")
WORD = re.compile(r"\w\w+|[\u3400-\u9fff]")


def code(texts: Sequence[str], themes: pd.DataFrame) -> pd.DataFrame:
    """Propose a theme for every text by the words of themes.csv.

    Parameters
    ----------
    texts : sequence of str
        Opinions.
    themes : DataFrame
        `theme, words` (the words of a theme with | between them).

    Returns
    -------
    DataFrame
        A row for each text: `proposed` (the theme whose words occur most often; blank where none does, and where
        several do equally often, since then nothing speaks for one of them) and `why` (the words that were found, by
        theme, each with how often where that is more than once).

    Raises
    ------
    UsageError
        If the extra `survey` is not installed.

    Notes
    -----
    A word of a theme is found where a segmenter of Chinese that knows it takes it for a word, or for the beginning or
    the end of a longer one: 公交 in 公交车, but not 中国 in 发展中国家. Words without Chinese characters are found as
    words of their own, in capitals or not.
    """
    cells = zip(themes["theme"], themes["words"], strict=True)
    owner = {word.casefold(): str(theme) for theme, cell in cells for word in words_of(cell)}
    cut = _segmenter([word for word in owner if HAN.search(word)])
    forms = [
        rf"(?<!\w){re.escape(word)}(?!\w)" for word in sorted(owner, key=len, reverse=True) if not HAN.search(word)
    ]
    latin = re.compile("|".join(forms) or r"(?!)", re.IGNORECASE)
    rows = []
    for text in texts:
        found = Counter(word for token in cut(text) if (word := _within(token, owner)))
        found.update(latin.findall(text.casefold()))
        rows.append((_most(found, owner), _why(found, owner)))
    return pd.DataFrame(rows, columns=["proposed", "why"], dtype=object)


def _within(token: str, owner: Mapping[str, str]) -> str:
    """The longest word that a Chinese token is, begins or ends with; "" for none. Of one character only itself."""
    if not HAN.search(token):
        return ""
    parts = [part for n in range(len(token), 1, -1) for part in (token[:n], token[-n:])]
    return next((part for part in [token, *parts] if part in owner), "")


def _most(found: Counter[str], owner: dict[str, str]) -> str:
    times: Counter[str] = Counter()
    for word, n in found.items():
        times[owner[word]] += n
    leading = [theme for theme, n in times.items() if n == max(times.values())]
    return leading[0] if len(leading) == 1 else ""


def _why(found: Counter[str], owner: dict[str, str]) -> str:
    by_theme: dict[str, list[str]] = {}
    for word, n in found.items():
        by_theme.setdefault(owner[word], []).append(f"{word} ×{n}" if n > 1 else word)
    return "; ".join(f"{theme}: {', '.join(words)}" for theme, words in by_theme.items())


def suggest(texts: Sequence[str], coded: Sequence[str], *, among: Sequence[bool] | None = None) -> pd.DataFrame:
    """Suggest a theme for texts without one after those to which people have given theirs.

    Parameters
    ----------
    texts : sequence of str
        Opinions.
    coded : sequence of str
        The theme that a person gave each, blank where nobody did.
    among : sequence of bool, optional
        Which texts are to get a suggestion; all without a theme by default.

    Returns
    -------
    DataFrame
        A row for each text: `suggested` (blank where there is a theme or nothing to go by), `after` (the words that
        speak most for it, the reason) and `likely` (how likely it is by the model, 0-100; NaN without a suggestion).

    Raises
    ------
    UsageError
        If the extra `survey` is not installed.

    Notes
    -----
    Words and pairs of words are weighed by TF-IDF (Salton and Buckley 1988) and themes told apart by logistic
    regression, all themes of at least `LEARNED_FROM` coded opinions with the same weight; with fewer than two of these
    nothing is suggested. Nor is a theme that is less likely than `LIKELY`, or for which no word of the text speaks.

    References
    ----------
    Salton, G., Buckley, C. (1988). Term-weighting approaches in automatic text retrieval. Information Processing and
    Management 24(5), 513-523. doi:10.1016/0306-4573(88)90021-0
    """
    blank = pd.DataFrame({"suggested": "", "after": "", "likely": np.nan}, index=range(len(texts))).astype(
        {"suggested": object, "after": object}
    )
    enough = [theme for theme, n in Counter(coded).items() if theme and n >= LEARNED_FROM]
    wanted = [True] * len(texts) if among is None else among
    asked = [place for place, theme in enumerate(coded) if not theme and wanted[place]]
    known = [place for place, theme in enumerate(coded) if theme in enough]
    if len(enough) < 2 or not asked:  # noqa: PLR2004  (to be told apart it takes two)
        return blank
    found = _learned([texts[place] for place in known], [coded[place] for place in known], [texts[p] for p in asked])
    for place, row in zip(asked, found, strict=True):
        blank.loc[place] = row
    return blank


def _learned(known: list[str], themes: list[str], asked: list[str]) -> Iterator[tuple[str, str, float]]:
    """Theme, reason and likelihood for each of the texts that are asked."""
    cut = _segmenter([])
    text = _extra("sklearn.feature_extraction.text")
    vectors = text.TfidfVectorizer(
        tokenizer=lambda each: [
            token.casefold() for token in cut(each) if WORD.fullmatch(token) and token not in FILLERS
        ],
        token_pattern=None, lowercase=False, ngram_range=(1, 2), sublinear_tf=True,
    )  # fmt: skip
    model = _extra("sklearn.linear_model").LogisticRegression(C=10, class_weight="balanced", max_iter=1000)
    model.fit(vectors.fit_transform(known), themes)
    # with two themes there is one row of weights, which speaks for the second
    weights = model.coef_ if len(model.classes_) > 2 else np.vstack([-model.coef_, model.coef_])  # noqa: PLR2004
    names, rows = vectors.get_feature_names_out(), vectors.transform(asked)
    for row, shares in zip(rows, model.predict_proba(rows), strict=True):
        best = int(shares.argmax())
        reasons = _reasons(row.toarray()[0] * weights[best], names)
        likely = float(100 * shares[best])
        yield (str(model.classes_[best]), reasons, likely) if reasons and likely >= LIKELY else ("", "", np.nan)


def _reasons(speaks: NDArray[np.float64], names: NDArray[Any]) -> str:
    order = [place for place in np.argsort(-speaks, kind="stable")[:REASONS] if speaks[place] > 0]
    return ", ".join(str(names[place]) for place in order)


def _segmenter(words: Sequence[str]) -> Callable[[str], list[str]]:
    """What cuts a text into words, and knows some words besides."""
    jieba = _extra("rjieba").Jieba()
    for word in words:
        jieba.add_word(word, jieba.suggest_freq(word), "n")
    cut: Callable[[str], list[str]] = jieba.cut
    return cut


def _extra(module: str) -> Any:  # noqa: ANN401  (a module)
    """A module that comes with the extra `survey`."""
    try:
        return import_module(module)
    except ImportError:
        package = {"rjieba": "rjieba"}.get(module, "scikit-learn")
        raise UsageError(f'{package} is needed: install the extra survey, pip install "toolkit[survey]"') from None

"""A document as a page of HTML."""

from __future__ import annotations

from base64 import b64encode
from functools import cache, partial
from hashlib import sha256
from typing import get_args

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from toolkit.documents.blocks import Block, Document, Heading
from toolkit.documents.markdown import inline_html
from toolkit.documents.svg import inline_svg
from toolkit.words import words

LOCALES = {"zh": "zh-CN", "en": "en"}
SORTING = "sorting.js"


def to_html(document: Document, *, title: str, language: str, compact: bool = False) -> str:
    """Write a document as one self-contained HTML page: no outside resource, no time stamp.

    Its one script sorts tables, and the page is complete without it: a policy names it by its hash and keeps any other
    from running.

    It relies on the reader's fonts until `toolkit.documents.font.with_font` gives it one of its own.

    Parameters
    ----------
    document
        The blocks to write.
    title
        The title of the page; a first heading that only repeats it is left out.
    language
        "zh" or "en".
    compact
        Print it small, the last section on a page of its own.
    """
    match document.blocks:
        case (Heading(text=text), *rest) if text == title:
            blocks = tuple(rest)
        case blocks:
            pass
    return page("report.html.j2", language=language, title=title, blocks=blocks, compact=compact)


def page(
    template: str,
    *,
    language: str,
    compact: bool = False,
    package: str = "toolkit.documents",
    scripts: tuple[str, ...] = (SORTING,),
    **content: object,
) -> str:
    """Fill a template of a package, which may extend one of this package; every text in `content` is escaped.

    The scripts lie beside the templates, and run in this order.
    """
    texts = [_script(package, name) for name in scripts]
    content |= {"_": words(language), "locale": LOCALES[language], "compact": compact}
    content |= {"scripts": texts, "hashes": [_base64(sha256(text.encode()).digest()) for text in texts]}
    return _templates(package).get_template(template).render(content)


@cache
def _script(package: str, name: str) -> str:
    source, *_ = _loader(package).get_source(_templates(package), name)
    return source.replace("\r\n", "\n")  # as a browser reads and hashes it, however git wrote the file


@cache
def _loader(package: str) -> ChoiceLoader:
    return ChoiceLoader([PackageLoader(package), PackageLoader(__package__)])


@cache
def _templates(package: str) -> Environment:
    environment = Environment(
        loader=_loader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests.update({kind.__name__.lower(): partial(_is_instance, kind) for kind in get_args(Block)})
    environment.filters.update(inline=inline_html, svg=inline_svg, base64=_base64)
    return environment


def _is_instance(kind: type, value: object) -> bool:
    return isinstance(value, kind)


def _base64(data: bytes) -> str:
    return b64encode(data).decode()

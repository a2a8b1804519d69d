"""A document as PDF: tagged, with bookmarks, its fonts inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.documents.blocks import DocumentError
from toolkit.documents.layout import layout_of
from toolkit.documents.paper import blame, lay_out
from toolkit.documents.press import set_pdf

if TYPE_CHECKING:
    from toolkit.documents.blocks import Document
    from toolkit.documents.paper import Data


def to_pdf(document: Document, *, title: str, language: str, compact: bool = False) -> bytes:
    """Write a document as PDF/UA-1: tagged, with bookmarks and embedded fonts, and without a time stamp.

    The page is that of GB/T 9704 for Chinese, a plain A4 for English. Typst itself refuses what is not accessible, and
    counts what stands on the pages.

    Parameters
    ----------
    document
        The blocks to write.
    title
        The title of the document; a first heading that only repeats it is left out.
    language
        "zh" or "en".
    compact
        Set it small, the last section on a page of its own.

    Raises
    ------
    DocumentError
        If it holds what cannot be set (the message names the cell), or if something of it is not on the pages.
    """
    data = lay_out(document, title=title, layout=layout_of(language, compact=compact))
    try:
        return _set(data)
    except DocumentError as fault:
        raise blame(data, _set, fault) from fault


def _set(data: Data) -> bytes:
    return set_pdf("paper.typ", data)

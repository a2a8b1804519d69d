"""The press: Typst, which sets documents as PDF and draws pictures, with fonts that come with the packages.

It starts threads when it first compiles, and these do not survive a fork: a process that will be forked may call
`make_ready`, and leaves the rest to its children.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import typst

from toolkit.documents.blocks import DocumentError
from toolkit.documents.font import font_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RESOLUTION = 220.0
"""Dots per inch of a picture, enough for an office printer."""


def set_pdf(template: str, data: Mapping[str, Any]) -> bytes:
    """Set data by a template of this package as a PDF that screen readers can follow (PDF/UA-1).

    Data are handed over as JSON, which the template reads: nothing in them is ever taken for Typst's markup.

    Raises
    ------
    DocumentError
        If the document is not accessible, holds a character that no font has, or fails a check of the template.
    """
    return _compiled(template, data, format="pdf", pdf_standards=["ua-1"], timestamp=0)[0]


def draw(svgs: Sequence[str], widths: Sequence[float]) -> list[bytes]:
    """Draw figures as PNG, with the same fonts everywhere.

    Parameters
    ----------
    svgs
        Clean SVG, see `toolkit.documents.svg`.
    widths
        Of the pictures, in pt.
    """
    if not svgs:
        return []
    figures = [{"svg": svg, "width": width} for svg, width in zip(svgs, widths, strict=True)]
    return _compiled("pictures.typ", {"figures": figures}, format="png", ppi=RESOLUTION)


def make_ready() -> None:
    """Load what can be loaded without starting a thread."""
    _fonts(system=False)


def _compiled(template: str, data: Mapping[str, Any], **options: Any) -> list[bytes]:  # noqa: ANN401
    source = files(__package__).joinpath("templates", template).read_bytes()
    inputs = {"data": json.dumps(data, ensure_ascii=False, default=vars)}
    try:
        made = _compile(source, inputs, options, system=False)
    except typst.TypstError as fault:
        if "could not be displayed" not in fault.message:
            raise DocumentError(fault.message) from fault
        # A rare character that is in none of the packages' fonts: the machine may have one for it.
        try:
            made = _compile(source, inputs, options, system=True)
        except typst.TypstError as again:
            raise DocumentError(again.message) from again
    return made if isinstance(made, list) else [made]


def _compile(source: bytes, inputs: dict[str, str], options: dict[str, Any], *, system: bool) -> bytes | list[bytes]:
    compiler = typst.Compiler(font_paths=_fonts(system=system), ignore_system_fonts=not system)
    made = compiler.compile(source, sys_inputs=inputs, **options)
    if made is None:
        raise AssertionError("Typst writes a file only where it is named one")
    return made


@cache
def _fonts(*, system: bool) -> typst.Fonts:
    return typst.Fonts(include_system_fonts=system, font_paths=[str(font_path().parent)])

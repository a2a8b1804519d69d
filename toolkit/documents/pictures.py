"""How large a figure is on paper."""

from __future__ import annotations

import re
from base64 import b64encode
from struct import unpack
from typing import TYPE_CHECKING

from toolkit.documents.blocks import DocumentError

if TYPE_CHECKING:
    from toolkit.documents.blocks import Figure
    from toolkit.documents.layout import Layout

PX = 0.75
"""Points in a pixel of CSS."""
HEAD = 24
"""Bytes with which a PNG begins, its width and height being the last of them."""
_SIDE = re.compile(r"([\d.]+)(pt|px|)")
_ROOT = re.compile(r"<svg\b[^>]*>")
_ATTRIBUTE = re.compile(r'\s(width|height|viewBox)="([^"]*)"')


def figure_size(figure: Figure, layout: Layout, width: float) -> tuple[float, float]:
    """Width and height of a figure in pt: its own, or as much as there is room for.

    An SVG that has no width of its own takes that of the text. The caption must find room on the same page.
    """
    own, height = svg_size(figure.svg, width) if figure.svg else png_size(figure.png)
    scale = min(1.0, width / own, layout.tallest / height)
    return round(own * scale, 2), round(height * scale, 2)


def svg_size(svg: str, width: float) -> tuple[float, float]:
    """Width and height of clean SVG in pt, `width` where it has none of its own."""
    root = _ROOT.match(svg)
    attributes = dict(_ATTRIBUTE.findall(root[0])) if root else {}
    try:
        _, _, across, down = map(float, re.split(r"[\s,]+", attributes["viewBox"].strip()))
        shape = down / across
    except (KeyError, ValueError, ZeroDivisionError) as fault:
        raise DocumentError("an SVG whose viewBox does not say how large it is") from fault
    if not shape > 0:
        raise DocumentError(f"an SVG of {across:g} by {down:g}")
    side = _SIDE.fullmatch(attributes.get("width", ""))
    own = float(side[1]) * (1.0 if side[2] == "pt" else PX) if side else width
    return own or width, (own or width) * shape


def png_size(png: bytes) -> tuple[float, float]:
    """Width and height of a PNG in pt, at 96 dots per inch."""
    if len(png) < HEAD or png[12:16] != b"IHDR":
        raise DocumentError("a PNG that does not say how large it is")
    across, down = unpack(">II", png[16:HEAD])
    if not across or not down:
        raise DocumentError(f"a PNG of {across} by {down}")
    return across * PX, down * PX


def as_svg(figure: Figure) -> str:
    """A figure as SVG, around its PNG where it has nothing else."""
    if figure.svg:
        return figure.svg
    width, height = png_size(figure.png)
    data = b64encode(figure.png).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}">'
        f'<image width="{width:g}" height="{height:g}" href="data:image/png;base64,{data}"/></svg>'
    )

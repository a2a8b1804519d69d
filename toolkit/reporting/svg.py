"""Figures as SVG that stands on any page: it loads nothing, runs nothing and touches nothing beside it."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from toolkit.reporting.blocks import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

_SVG = "http://www.w3.org/2000/svg"
_XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_SVG_ELEMENTS = frozenset(
    {"svg", "g", "a", "defs", "symbol", "use", "title", "desc", "style", "text", "tspan", "textPath", "image"}
    | {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "clipPath", "mask", "pattern", "marker"}
    | {"linearGradient", "radialGradient", "stop"}
)
# What would load or run something: a backslash could spell the rest past this list.
_UNSAFE = re.compile(r"\\|@|javascript:|expression\(|(?:image-set|image|src)\(|url\(\s*+['\"]?+(?!#)", re.IGNORECASE)
_LENGTH = re.compile(r"\d+(?:\.\d+)?")
_PICTURE = re.compile(r"data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=\s]*")
_LOCAL_URL = re.compile(r"url\(\s*['\"]?#([^'\")]+)['\"]?\s*\)")
_RULE = re.compile(r"([^{}@<]+)\{([^{}@<]*)\}")


def clean_svg(text: str, prefix: str) -> str:
    """A figure as the one form that documents carry.

    No declaration, metadata, script or outside reference is left; ids and style rules hold inside this figure only,
    so that figures can stand on one page.
    """
    try:
        source = ET.fromstring(text)  # noqa: S314 -- opens no outside entity, and expat stops those that explode
    except ET.ParseError as fault:
        raise DocumentError(f"an SVG that is not well formed ({fault})") from fault
    if _tag(source) != "svg":
        raise DocumentError("an SVG without an svg element")
    clean = _clean_element(source, prefix)
    attributes = dict(clean.attrib)
    if "viewBox" not in attributes:
        sides = [attributes.get(side, "").removesuffix("px") for side in ("width", "height")]
        if not all(map(_LENGTH.fullmatch, sides)):
            raise DocumentError("an SVG without viewBox cannot be scaled")
        attributes["viewBox"] = f"0 0 {sides[0]} {sides[1]}"
    attributes["class"] = f"{attributes.get('class', '')} {prefix}".strip()
    clean.attrib.clear()
    clean.attrib.update({"xmlns": _SVG, **attributes})
    return ET.tostring(clean, encoding="unicode")


def _tag(element: ET.Element) -> str:
    return element.tag.removeprefix(f"{{{_SVG}}}")


def _clean_element(element: ET.Element, prefix: str) -> ET.Element:
    clean = ET.Element(_tag(element), dict(_clean_attributes(element, prefix)))
    clean.text = _scoped(element.text or "", prefix) if clean.tag == "style" else element.text
    clean.tail = element.tail
    for inner in element:
        if _tag(inner) in _SVG_ELEMENTS:
            clean.append(_clean_element(inner, prefix))
    return clean


def _clean_attributes(element: ET.Element, prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in element.attrib.items():
        plain = name.lower()  # HTML, where the figure will stand, does not tell onload from OnLoad
        if name == _XLINK_HREF or plain == "href":
            if value.startswith("#"):
                yield "href", f"#{prefix}-{value[1:]}"
            elif _PICTURE.fullmatch(value):
                yield "href", value
        elif name == "id":
            yield "id", f"{prefix}-{value}"
        elif name == _XML_SPACE or not (plain.startswith(("{", "on", "aria-", "role")) or _UNSAFE.search(value)):
            yield name, _local_urls(value, prefix)


def _local_urls(value: str, prefix: str) -> str:
    return _LOCAL_URL.sub(rf"url(#{prefix}-\1)", value)


def _scoped(css: str, prefix: str) -> str:
    """The rules of a style sheet, held inside the figure whose class is `prefix`."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    if _UNSAFE.search(css) or _RULE.sub("", css).strip():
        raise DocumentError("an SVG with a style sheet that cannot be carried")
    rules = []
    for selectors, declarations in _RULE.findall(css):
        own = [re.sub(r"#(?=[\w-])", f"#{prefix}-", selector.strip()) for selector in selectors.split(",")]
        scoped = ",".join(selector if selector.startswith("#") else f".{prefix} {selector}" for selector in own)
        rules.append(f"{scoped}{{{_local_urls(declarations.strip(), prefix)}}}")
    return "".join(rules)


def inline_svg(svg: str, label: str) -> str:
    """An SVG for a page of HTML, where it needs no namespace but a name for those who cannot see it."""
    return svg.replace(f'<svg xmlns="{_SVG}"', f'<svg role="img" aria-label="{escape(label)}"', 1)

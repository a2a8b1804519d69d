"""Figures as SVG that stands on any page: it loads nothing, runs nothing and touches nothing beside it."""

from __future__ import annotations

import re
from copy import deepcopy
from html import escape
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from toolkit.documents.blocks import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
_TELLING = re.compile(r"[\\@(:]")  # without one of these a value is safe; most values are, and some are very long
_LENGTH = re.compile(r"\d+(?:\.\d+)?")
_PICTURE = re.compile(r"data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=\s]*")
_LOCAL_URL = re.compile(r"url\(\s*['\"]?#([^'\")]+)['\"]?\s*\)")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#09;"}
_MARKUP = re.compile(r'[&<>"\r\n\t]')
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
    inside = _content(source, prefix)
    attributes = dict(_clean_attributes(source, prefix))
    if "viewBox" not in attributes:
        sides = [attributes.get(side, "").removesuffix("px") for side in ("width", "height")]
        if not all(map(_LENGTH.fullmatch, sides)):
            raise DocumentError("an SVG without viewBox cannot be scaled")
        attributes["viewBox"] = f"0 0 {sides[0]} {sides[1]}"
    attributes["class"] = f"{attributes.get('class', '')} {prefix}".strip()
    return _written("svg", {"xmlns": _SVG, **attributes}, inside)


def _tag(element: ET.Element) -> str:
    return element.tag.removeprefix(f"{{{_SVG}}}")


# Written as it is cleaned: a second tree, and ElementTree's way of writing it, would take twice as long as the rest.


def _content(element: ET.Element, prefix: str) -> str:
    """The cleaned inside of an element, as XML."""
    text = element.text or ""
    parts = [_text(_scoped(text, prefix) if _tag(element) == "style" else text)]
    for inner in element:
        tag = _tag(inner)
        if tag in _SVG_ELEMENTS:
            parts.append(_written(tag, dict(_clean_attributes(inner, prefix)), _content(inner, prefix)))
            parts.append(_text(inner.tail or ""))
    return "".join(parts)


def _written(tag: str, attributes: Mapping[str, str], inside: str) -> str:
    start = "".join([f"<{tag}", *(f' {name}="{_escaped(value)}"' for name, value in attributes.items())])
    return f"{start}>{inside}</{tag}>" if inside else f"{start} />"


def _text(text: str) -> str:
    return escape(text, quote=False)


def _escaped(value: str) -> str:
    return _MARKUP.sub(lambda found: _ENTITIES[found[0]], value) if _MARKUP.search(value) else value


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
        elif name == _XML_SPACE:
            yield "xml:space", _local_urls(value, prefix)
        elif not plain.startswith(("{", "on", "aria-", "role")):
            if not _TELLING.search(value):
                yield name, value
            elif not _UNSAFE.search(value):
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


def plain_svg(svg: str) -> str:
    """Clean SVG for programs that know SVG 1.1 only, such as Word: what is outlined first is drawn twice."""
    ET.register_namespace("", _SVG)
    root = ET.fromstring(svg)  # noqa: S314 -- our own
    for parent in list(root.iter()):
        for place, element in reversed(list(enumerate(parent))):
            if element.attrib.pop("paint-order", "").startswith("stroke"):
                inner = deepcopy(element)
                for name in [name for name in inner.attrib if name.startswith("stroke")]:
                    del inner.attrib[name]
                parent.insert(place + 1, inner)
    for element in root.iter():
        if "href" in element.attrib:
            element.set(_XLINK_HREF, element.attrib.pop("href"))
    return ET.tostring(root, encoding="unicode")

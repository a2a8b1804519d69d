"""From a scheme back to text: sections that stand in for those of scheme.yaml."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from toolkit.faults import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

    from toolkit.scheme import Scheme

Section = Literal["sources", "indicators", "categories"]
SECTIONS: tuple[Section, ...] = ("sources", "indicators", "categories")
WIDTH = 120


def write_sections(scheme: Scheme, sections: Collection[Section] = SECTIONS) -> str:
    """Sections of a scheme as YAML, to be pasted into scheme.yaml or to be the file that a round names as its `scheme`.

    Parameters
    ----------
    scheme : Scheme
        For example a reweighted one.
    sections : collection of {"sources", "indicators", "categories"}
        Which of them; one that the scheme has not is left out.

    Returns
    -------
    str
        Each section whole, since a section replaces that of scheme.yaml whole: labels, scales and targets too. Weights
        are exact: a decimal where it ends, else a fraction such as 1/3.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_unicode, yaml.sort_base_mapping_type_on_output, yaml.width = True, False, WIDTH  # type: ignore[assignment]
    text = io.StringIO()
    for name in sections:
        if getattr(scheme, name):
            yaml.dump({name: _plain(getattr(scheme, name))}, text)
    return text.getvalue()


def replace_sections(text: str, scheme: Scheme, sections: Collection[Section] = SECTIONS) -> str:
    """The file that a round names as its `scheme`, with sections of another scheme; the rest stays as it is written.

    Parameters
    ----------
    text : str
        What the file says now; "" for a round without one.
    scheme : Scheme
        For example a reweighted one.
    sections : collection of {"sources", "indicators", "categories"}
        Which stand in the place of those in the file, or behind them.

    Raises
    ------
    UsageError
        If the text is no block of sections.
    """
    held = YAML().load(text) if text.strip() else CommentedMap()
    if not isinstance(held, CommentedMap) or held.fa.flow_style():
        raise UsageError("the round's scheme file must hold its sections one below the other")
    lines = text.splitlines(keepends=True)
    starts = [held.lc.key(name)[0] for name in held] + [len(lines)]
    parts = ["".join(lines[: starts[0]])]
    for name, start, end in zip(held, starts, starts[1:], strict=False):
        last = end
        while last > start + 1 and lines[last - 1].strip()[:1] in {"", "#"}:
            last -= 1  # a comment stands above what it is about
        old = "".join(lines[start:last])
        parts.append(write_sections(scheme, [name]) if name in sections else old)
        parts.append("".join(lines[last:end]))
    whole = "".join(parts)
    new = [name for name in sections if name not in held]
    return (whole if whole.endswith("\n") or not whole else whole + "\n") + write_sections(scheme, new)


def _plain(value: Any) -> Any:  # noqa: ANN401  (whatever stands in a section)
    """What YAML has a word for; of a rule what it says, not what it leaves to its default."""
    if isinstance(value, BaseModel):
        return {
            field.alias or name: _plain(getattr(value, name))
            for name, field in type(value).model_fields.items()
            if name in value.model_fields_set and getattr(value, name) is not None
        }
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return _number(value) if isinstance(value, Fraction) else value


def _number(value: Fraction) -> int | float | str:
    """A number that is read as exactly this one."""
    if value.denominator == 1:
        return value.numerator
    return float(value) if Fraction(str(float(value))) == value else f"{value.numerator}/{value.denominator}"

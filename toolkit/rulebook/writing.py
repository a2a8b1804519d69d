"""From a scheme back to text: sections that stand in for those of scheme.yaml."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Collection

    from toolkit.scheme import Scheme

Section = Literal["sources", "indicators", "categories"]
WIDTH = 120


def write_sections(scheme: Scheme, sections: Collection[Section] = ("sources", "indicators", "categories")) -> str:
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

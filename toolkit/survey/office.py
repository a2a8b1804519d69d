"""Workbooks and Word files whose bytes depend on nothing but what is in them."""

from __future__ import annotations

import re
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

BEGINNING = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip archive can hold."""
STAMP = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


def settled(raw: bytes) -> bytes:
    """An Office file without the times at which it was written."""
    target = BytesIO()
    with ZipFile(BytesIO(raw)) as source, ZipFile(target, "w", ZIP_DEFLATED) as parts:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = STAMP.sub(rb"\g<1>1980-01-01T00:00:00Z", content)
            parts.writestr(ZipInfo(name, BEGINNING), content, ZIP_DEFLATED)
    return target.getvalue()

"""How a document lies on paper: page, sizes and fonts, the same for Word and PDF."""

from __future__ import annotations

from dataclasses import dataclass, replace

PAGE = (210.0, 297.0)
"""Width and height of A4 in mm."""
MM = 72 / 25.4
"""Points in a millimetre."""
EMU = 12700
"""English metric units, in which Word measures pictures, in a point."""
GUTTER = 20.0
"""Space between two columns in pt."""


@dataclass(frozen=True)
class Layout:
    """A page of A4 and what stands on it.

    Attributes
    ----------
    language : str
        "zh" or "en".
    margins : tuple of float
        Top, right, bottom and left, in mm.
    title, body, pitch, table, small, note : float
        In pt: size of the title and of the text, distance of its lines, size in tables, in those that are wide,
        and in notes and captions.
    headings : tuple of float
        Sizes in pt by level; the last one holds for all that are lower.
    indent : float
        First line of a paragraph, in em.
    tracking : float
        What is added between the characters of a paragraph, in pt.
    gap : float
        Space after a paragraph, in pt.
    tallest : float
        Height of a figure at the most, in pt.
    edges : bool
        Whether page numbers stand at the outer edge, right on odd pages; in the middle otherwise.
    last_apart : bool
        Whether the last section begins a page, in two columns if it is nothing but text.
    turns : bool
        Whether a page may be turned for a wide table.
    """

    language: str
    margins: tuple[float, float, float, float]
    title: float
    body: float
    pitch: float
    headings: tuple[float, ...]
    table: float
    small: float
    note: float
    indent: float
    tracking: float
    gap: float
    tallest: float
    edges: bool
    last_apart: bool = False
    turns: bool = True

    @property
    def width(self) -> float:
        """Width of the text in pt."""
        return (PAGE[0] - self.margins[1] - self.margins[3]) * MM

    @property
    def turned(self) -> float:
        """Width of the text in pt on a page that is turned."""
        return (PAGE[1] - self.margins[1] - self.margins[3]) * MM

    @property
    def column(self) -> float:
        """Width in pt of one of two columns."""
        return (self.width - GUTTER) / 2

    def heading(self, level: int) -> float:
        """Size of a heading in pt."""
        return self.headings[min(level, len(self.headings)) - 1]


# GB/T 9704-2012, 5.2 and 7: 22 lines of 28 characters on 156 by 225 mm; the title in size 2 (22 pt), the text in size 3
# (16 pt, drawn together a little, or 28 of them would take 158 mm), the number of the page in size 4 at the outer edge.
# Tables are left to the office; these are of size 5.
OFFICIAL = Layout(
    "zh", (37, 26, 35, 28), title=22, body=16, pitch=28.95, headings=(16,), table=10.5, small=9, note=9,
    indent=2, tracking=-0.25, gap=0, tallest=480, edges=True,
)  # fmt: skip
PLAIN = Layout(
    "en", (25, 25, 25, 25), title=20, body=11, pitch=15.5, headings=(14, 12, 11), table=9.5, small=8, note=8.5,
    indent=0, tracking=0, gap=6, tallest=480, edges=False,
)  # fmt: skip


def layout_of(language: str, *, compact: bool = False) -> Layout:
    """The layout of a language; a compact one is small, with its last section on a page of its own.

    What is handed to a person on a sheet or two is no official letter: compact Chinese keeps the page's numbers and
    fonts, not its sizes.
    """
    layout = OFFICIAL if language == "zh" else PLAIN
    if not compact:
        return layout
    return replace(
        layout, margins=(16, 17, 16, 17), title=17, body=9.5, pitch=13.5, headings=(11.5, 9.5), table=8.5, small=7.5,
        note=7.5, gap=layout.gap / 2, tracking=0, tallest=130, last_apart=True,
    )  # fmt: skip

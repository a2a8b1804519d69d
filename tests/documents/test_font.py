"""A page carries the characters that stand on it, and draws them as the whole font does."""

import sys
from io import BytesIO

from fontTools.ttLib import TTFont

from toolkit.documents.font import _noto_sans, page_font

RARE = "垚镕喆堃赟珺玥昇旸祎"


def characters(font):
    return {chr(code) for code in TTFont(BytesIO(font)).getBestCmap()}


def test_a_font_holds_the_characters_of_the_page_and_ascii():
    held = characters(page_font(f"{RARE}𬭎\U0010fffd"))
    assert held == {*RARE, "𬭎", *map(chr, range(0x20, 0x7F))}


def test_a_font_draws_what_its_source_draws():
    font, source = TTFont(BytesIO(page_font("党A"))), _noto_sans()
    for character in "党A":
        own, theirs = font.getBestCmap()[ord(character)], source.getBestCmap()[ord(character)]
        assert font["hmtx"][own] == source["hmtx"][theirs]
        assert font["glyf"][own].getCoordinates(font["glyf"]) == source["glyf"][theirs].getCoordinates(source["glyf"])


def test_a_font_is_small_and_the_same_every_time():
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 500)))
    font = page_font(text)
    assert page_font(text[::-1] * 2) == font
    assert len(font) < 160_000


def test_no_glyph_of_the_font_is_made_of_others():
    data = (glyph.data for glyph in _noto_sans()["glyf"].glyphs.values() if hasattr(glyph, "data"))
    assert not [glyph for glyph in data if glyph[:2] == b"\xff\xff"]


def test_the_font_is_found_without_importing_its_package(monkeypatch):
    monkeypatch.delitem(sys.modules, "zhplot", raising=False)
    _noto_sans.__wrapped__()
    assert "zhplot" not in sys.modules

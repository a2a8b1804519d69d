"""What is drawn lies where its value is, and no text covers another or is cut."""

import re
from dataclasses import replace
from itertools import combinations, pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from toolkit.documents.font import _noto_sans
from toolkit.documents.svg import clean_svg
from toolkit.reporting import change, member, plots
from toolkit.reporting.cells import Cells
from toolkit.reporting.chart import (
    COLOURS,
    GREY,
    INK,
    MARKS,
    RAMP,
    RED,
    SOFT,
    WIDTH,
    Columns,
    Rows,
    Scale,
    apart,
    ems,
    folded,
    limits,
    shade,
    shortened,
    spread,
)
from toolkit.reporting.compare import compare
from toolkit.reporting.piles import Piles
from toolkit.reporting.sheets import Sheets
from toolkit.reporting.stacks import Stacks

NAN = float("nan")
SVG = "{http://www.w3.org/2000/svg}"
LONG = "尼玛才让·买买提·阿卜杜拉·很长很长的名字"
WIDE = "WWWWWWWWWWWWWWWWWWWWWWWWWWWW"


class Drawn:
    """A figure as a reader finds it: marks by colour, lines by colour, texts with their places."""

    def __init__(self, svg):
        self.root = ET.fromstring(svg)  # noqa: S314
        self.height = float(self.root.get("height").removesuffix("pt"))
        self.texts, self.marks, self.lines = [], {}, {}
        for group in self.root:
            for text in group.iter(f"{SVG}text"):
                self.texts.append((group, float(text.get("x")), float(text.get("y")), text.text))
            for path in group.iter(f"{SVG}path"):
                self._path(group, path.get("d"))

    def _path(self, group, path):
        starts = [tuple(map(float, pair)) for pair in re.findall(r"M([-\d.]+) ([-\d.]+)", path)]
        if group.get("fill") == "none":
            ends = [tuple(map(float, pair)) for pair in re.findall(r"L([-\d.]+) ([-\d.]+)", path)]
            self.lines.setdefault(group.get("stroke"), []).extend(zip(starts, ends, strict=True))
        elif path != self.root[0].get("d"):
            fill = group.get("fill")
            self.marks.setdefault(group.get("stroke") if fill == "#fff" else fill, []).extend(starts)

    def place(self, text):
        """Where a text stands."""
        ((x, y),) = [(x, y) for _, x, y, found in self.texts if found == text]
        return x, y

    def value(self, place, axis):
        """The value that the labels of the scale give to a place on its axis, 0 or 1."""
        labels = [(float(t[3]), t[1 + axis]) for t in self.texts if t[0].get("fill") == SOFT and t[3].isdigit()]
        (low, start), *_, (high, end) = labels
        shift = 3.2 if axis else 0  # a text stands on its line
        return low + (place[axis] - start + shift) / (end - start) * (high - low)

    def under(self, text):
        """The colour of the box on which a text stands, the last that was drawn there."""
        x, y = self.place(text)
        found = ""
        for path in self.root.findall(f"{SVG}path"):
            for left, top, right, foot in re.findall(r"M([-\d.]+) ([-\d.]+)H([-\d.]+)V([-\d.]+)H", path.get("d")):
                if float(left) <= x <= float(right) and float(top) <= y - 2.8 <= float(foot):
                    found = path.get("fill")
        return found

    def boxes(self):
        """What the texts cover: left, top, right, bottom, as wide as they are in the font."""
        for group, x, y, text in self.texts:
            size = float(group.get("font-size"))
            width = real_ems(text) * size
            left = x - width * {"start": 0, "middle": 0.5, "end": 1}[group.get("text-anchor")]
            yield left, y - 0.74 * size, left + width, y, text


def real_ems(text):
    font = _noto_sans()
    names = font.getBestCmap()
    return sum(font["hmtx"][names[ord(letter)]][0] for letter in text) / font["head"].unitsPerEm


def assert_readable(plot):
    drawn = Drawn(plot.svg)
    boxes = list(drawn.boxes())
    for left, top, right, bottom, text in boxes:
        assert left >= 0, text
        assert top >= 0, text
        assert right <= WIDTH, text
        assert bottom <= drawn.height, text
    for one, other in combinations(boxes, 2):
        apart_x = one[2] <= other[0] or other[2] <= one[0]
        assert apart_x or one[3] <= other[1] or other[3] <= one[1], (one, other)


def values(drawn, colour, axis=0):
    return [round(drawn.value(place, axis), 1) for place in drawn.marks[colour]]


@pytest.fixture(scope="module")
def sheet(study, scores):
    return Sheets(study, scores, "2026H2", "en").cut("M0001")


def rounds(sheet, number):
    """The sheet of somebody with so many rounds."""
    rows = pd.concat([sheet.rounds.iloc[[0]]] * number, ignore_index=True)
    score = 70 + np.arange(number) % 7 * 1.5
    named = [f"{2001 + place}H1" for place in range(number)]
    return replace(
        sheet, rounds=rows.assign(round=named, score=score, low=score - 4, high=score + 3, index=score + 0.3)
    )


# Values ---------------------------------------------------------------------------------------------------------------


def test_a_league_is_drawn_at_its_scores(make_view):
    view = make_view()
    drawn = Drawn(plots.league(view).svg)
    rows = view.league[view.league["score"].notna()]
    counted = rows["rank"].notna()
    assert values(drawn, RED) == rows.loc[counted, "score"].round(1).tolist()
    ends = [[round(drawn.value(end, 0), 1) for end in line] for line in drawn.lines[GREY][1:]]
    known = rows[["low", "high"]].dropna()
    assert ends == known.round(1).to_numpy().tolist()
    assert [y for _, y in drawn.marks[RED]] == sorted(y for _, y in drawn.marks[RED])


def test_who_is_not_counted_is_a_ring(make_view):
    view = make_view()
    drawn = Drawn(plots.league(make_view(league=view.league.assign(rank=np.nan))).svg)
    assert RED not in drawn.marks
    assert values(drawn, GREY) == view.league["score"].dropna().round(1).tolist()


def test_a_profile_is_drawn_at_its_means(make_view):
    view = make_view()
    drawn = Drawn(plots.profile(view).svg)
    rows = view.matrix[view.matrix["indicator"] != ""]
    for source, colour in zip(view.by_source, COLOURS, strict=False):
        means = view.by_source.loc[rows.index, source].dropna().round(1).tolist()
        assert values(drawn, colour)[1:] == means  # the first says what it stands for
    assert values(drawn, INK)[1:] == rows["score"].round(1).tolist()
    for (_, y), name in zip(drawn.marks[INK][1:], rows["label"], strict=True):
        assert drawn.place(name)[1] == pytest.approx(y + 3.2)


def test_selves_and_a_distribution_are_drawn_at_their_values(make_view):
    view = make_view()
    rows = view.selves[view.selves["label"] != ""]
    drawn = Drawn(plots.selves(view).svg)
    assert values(drawn, COLOURS[0])[1:] == rows["self"].tolist()
    assert values(drawn, RED)[1:] == rows["others"].tolist()
    drawn = Drawn(plots.distribution(view).svg)
    own = view.units["own"].astype(bool)
    assert values(drawn, RED) == view.units.loc[own, "score"].round(1).tolist()
    assert values(drawn, GREY) == view.units.loc[~own, "score"].round(1).tolist()


def test_an_outline_is_drawn_at_its_scores(sheet):
    rows = sheet.profile[(sheet.profile["indicator"] != "") & sheet.profile["score"].notna()]
    drawn = Drawn(member.outline(sheet).svg)
    assert values(drawn, RED)[1:] == rows["score"].round(1).tolist()
    assert values(drawn, GREY)[1:] == rows["unit"].round(1).tolist()
    assert values(drawn, COLOURS[0])[1:] == sheet.by_source.loc[rows.index, "self"].round(1).tolist()
    alone = member.outline(replace(sheet, by_source=sheet.by_source[[]]))
    assert "Self" not in [text for *_, text in Drawn(alone.svg).texts]


def test_a_line_is_drawn_at_its_scores(sheet):
    assert member.line(sheet) is None  # of two rounds
    many = rounds(sheet, 5)
    drawn = Drawn(member.line(many).svg)
    assert values(drawn, RED, axis=1) == many.rounds["score"].round(1).tolist()
    assert values(drawn, COLOURS[0], axis=1) == many.rounds["index"].round(1).tolist()
    ends = [[round(drawn.value(end, 1), 1) for end in line] for line in drawn.lines[GREY][1:]]
    assert ends == many.rounds[["low", "high"]].round(1).to_numpy().tolist()
    gone = replace(many, rounds=many.rounds.assign(index=np.nan))
    assert "Index" not in [text for *_, text in Drawn(member.line(gone).svg).texts]


def test_a_slope_is_drawn_at_its_scores(study, scores):
    view = compare(study, scores, "B01", "2026H2", language="en")
    rows = view.members.dropna(subset=["before", "after"])
    drawn = Drawn(change.slope(view).svg)
    found = values(drawn, RED, axis=1) + values(drawn, GREY, axis=1)
    assert sorted(found) == sorted(rows[["before", "after"]].round(1).to_numpy().ravel().tolist())
    assert len(drawn.marks[RED]) == 6
    assert_readable(change.slope(view))


def test_what_is_not_a_number_is_left_out_and_breaks_a_line():
    chart = Columns(["a", "b", "c", "d"], (0, 100), [], height=100)
    chart.trail([1, 2, NAN, 4], RED)
    chart.marks([1, 2, NAN, 4], "circle", RED)
    drawn = Drawn(chart.svg())
    assert len(drawn.lines[RED]) == 1
    assert len(drawn.marks[RED]) == 3
    assert "nan" not in chart.svg()


# Texts ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["张三", LONG, WIDE, "mmm mmm mmm mmm mmm mmm mmm", "Ü" * 40, "Ab 中" * 20])
@pytest.mark.parametrize("members", [1, 60])
def test_texts_neither_meet_nor_are_cut(make_view, name, members):
    view = make_view()
    league = pd.concat([view.league.iloc[[0]]] * members, ignore_index=True).assign(name=name)
    bands = {"a": 89.9, "b": 90.0, "c": 90.0, "d": 91.0, "e": 94.0, "f": 94.6}
    method = {**view.method, "bands": bands, "grade_labels": dict.fromkeys(bands, name)}
    many = [f"s{place}" for place in range(9)]
    by_source = pd.DataFrame(80.0, index=view.matrix.index, columns=many)
    hard = make_view(
        league=league,
        method=method,
        by_source=by_source,
        labels=dict.fromkeys(many, name),
        matrix=view.matrix.assign(label=name),
        selves=view.selves.assign(label=name),
    )
    for draw in (plots.league, plots.profile, plots.heat, plots.stars, plots.selves, plots.distribution):
        found = draw(hard)
        for plot in getattr(found, "plots", (found,)):
            assert_readable(plot)
    assert [text for *_, text in Drawn(plots.profile(hard).svg).texts].count(shortened(name)) == 4 + 9


@pytest.mark.parametrize("own", [0.0, 30.0, 100.0])
def test_a_unit_at_the_end_of_the_scale_is_named_within_the_figure(make_view, own):
    units = make_view().units.assign(score=[own, 20.0, 50.0, 70.0], own=[True, False, False, False])
    assert_readable(plots.distribution(make_view("zh", units=units)))


@pytest.mark.parametrize("number", [3, 5, 12, 40])
def test_rounds_that_would_meet_are_left_out_but_never_the_last(sheet, number):
    many = rounds(sheet, number)
    plot = member.line(many)
    assert_readable(plot)
    assert_readable(member.line(replace(many, rounds=many.rounds.assign(round=LONG))))
    assert many.rounds["round"].iloc[-1] in [text for *_, text in Drawn(plot.svg).texts]


def test_a_width_is_rather_too_wide():
    font = _noto_sans().getBestCmap()
    for letter in [*map(chr, range(0x20, 0x7F)), *"éüñ…·—–→（）“”一垚"]:
        assert ord(letter) in font
        assert real_ems(letter) <= ems(letter) <= real_ems(letter) + 0.5, letter


def test_a_label_is_shortened_to_its_room():
    assert shortened("第一支部") == "第一支部"
    assert shortened("长" * 30) == "长" * 16 + "…"
    assert ems(shortened("W" * 60)) <= 17
    assert shortened("ab cd", 2) == "a…"
    assert shortened(shortened(LONG)) == shortened(LONG)


def test_labels_are_set_apart_and_stay_above_the_bottom():
    assert apart([60, 80, 80.1], 10, 200) == [60, 80, 90]
    assert apart([80.1, 60, 80], 10, 95) == [90, 60, 80]
    assert apart([95, 95, 94], 10, 95) == [85, 95, 75]
    assert apart([], 10, 95) == []


@pytest.mark.parametrize("name", ["<b>&amp;</b>", 'a"b', "a\x0bb\x00c", "]]>"])
def test_any_text_is_text(name):
    chart = Rows([name], (0, 100), name, keys=[(name, "circle", RED, 5)])
    chart.marks([5], "circle", RED)
    expected = name.translate(dict.fromkeys(range(32), " "))
    assert [text for *_, text in Drawn(chart.svg()).texts].count(expected) == 3


# Scale and form -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("series", "ends"),
    [
        ([80.0], (75, 85)), ([80.0, 80.0, NAN], (75, 85)), ([100.0], (95, 100)), ([0.0], (0, 5)), ([NAN], (0, 100)),
        ([], (0, 100)), ([62.0, 96.0], (60, 100)), ([50.0, 120.0], (45, 125)), ([-3.0, 50.0], (-5, 55)),
    ],
)  # fmt: skip
def test_the_scale_holds_all_values(series, ends):
    assert limits(series) == ends


@pytest.mark.parametrize(
    ("ends", "least", "ticks"),
    [
        ((75, 80), 24, [75, 76, 77, 78, 79, 80]),
        ((75, 95), 24, [75, 80, 85, 90, 95]),
        ((0, 100), 24, list(range(0, 101, 10))),
        ((0, 100), 60, list(range(0, 101, 20))),
        ((-10, 20), 60, [-10, -5, 0, 5, 10, 15, 20]),
        ((0, 90_000), 24, [0, 90_000]),
    ],
)
def test_ticks_are_round(ends, least, ticks):
    assert Scale(*ends, 0, 400).ticks(least) == ticks


def test_coordinates_are_short_and_a_document_takes_them_as_they_are(make_view):
    for name in ("distribution", "league", "profile", "heat", "stars", "selves"):
        svg = getattr(plots, name)(make_view("zh")).svg
        paths = re.findall(r' (?:d|x|y)="([^"]*)"', svg)
        numbers = re.findall(r"-?\d+(?:\.\d+)?", " ".join(paths))
        assert not [number for number in numbers if re.search(r"\.\d{3}|\.\d*0$|^-0$", number)]
        assert not re.search(r" (?:id|class|style)=|<style|url\(", svg)
        clean = clean_svg(svg, "c1")
        assert [text for *_, text in Drawn(clean).texts] == [text for *_, text in Drawn(svg).texts]
        assert Drawn(clean).marks == Drawn(svg).marks
        assert len(clean) == pytest.approx(len(svg), rel=0.05)


# What the marks stand for --------------------------------------------------------------------------------------------


def test_what_marks_stand_for_is_told_beside_the_first_row_or_below(make_view):
    view = make_view()
    drawn = Drawn(plots.profile(view).svg)
    first = drawn.place("Virtue")[1]
    assert all(drawn.place(name)[1] < first for name in ("Superiors", "Peers", "All sources"))
    ends = [end for colour in (*COLOURS[:2], INK) for _, end in drawn.lines[colour]]
    marks = [drawn.marks[colour][1] for colour in (*COLOURS[:2], INK)]
    assert ends == marks  # a line leads to each mark of the first row
    by_source = view.by_source.assign(peer=[NAN, NAN, 1.0, 1.0, 1.0])
    drawn = Drawn(plots.profile(make_view(by_source=by_source)).svg)
    assert drawn.place("Peers")[1] > drawn.place("Results")[1]


@pytest.mark.parametrize(
    ("centres", "widths", "starts"),
    [
        ([50, 20], [10, 10], [45, 15]),
        ([50, 52], [10, 10], [45, 55]),
        ([0, 100], [10, 10], [0, 90]),
        ([98, 99, 97], [10, 10, 10], [80, 90, 70]),
        ([], [], []),
    ],
)
def test_texts_stand_side_by_side_near_their_places(centres, widths, starts):
    assert spread(centres, widths, (0, 100)) == starts


def test_a_label_is_folded_between_words_or_where_it_must():
    assert folded("Peers", 5) == ["Peers"]
    assert folded("Peers in the branch", 6.5) == ["Peers in the", "branch"]
    assert folded("支部党员民主评议", 4) == ["支部党员", "民主评议"]
    assert folded("长" * 30, 4) == ["长" * 4, "长" * 3 + "…"]


# Cells, stacks and piles ---------------------------------------------------------------------------------------------


def test_a_cell_is_as_dark_as_its_value_is_high():
    drawn = Drawn(heat_of([[60, 70, 80], [90, NAN, 100]]))
    shades = {drawn.under(text): text for text in ("60", "70", "80", "90", "100")}
    assert [shades[colour] for colour in RAMP if colour in shades] == ["60", "70", "80", "90", "100"]
    assert drawn.under("—") == "#fff"


def heat_of(rows):
    chart = Cells(["a", "b"], ["x", "y", "z"], (60, 100))
    chart.fill(rows, [["—" if np.isnan(value) else f"{value:g}" for value in row] for row in rows])
    return chart.svg()


def test_parts_of_a_stack_are_as_wide_as_their_counts():
    chart = Stacks(["all", "some"], ["", "↑ 1"])
    counts = [[3, 1], [0, 4]]
    chart.part(counts, 0, RED, "#fff", "first")
    chart.part(counts, 1, GREY, INK, "second")
    one, two = ((chart.at(0, share)[0] - chart.at(0, 0)[0]) for share in (0.75, 1))
    drawn = Drawn(chart.svg())
    assert one == pytest.approx(0.75 * two)
    assert [text for *_, text in drawn.texts] == ["all", "some", "↑ 1", "3", "1", "4", "first", "second"]
    assert drawn.under("3") == RED
    assert drawn.under("1") == drawn.under("4") == GREY


def test_a_part_too_narrow_for_its_count_goes_without():
    chart = Stacks(["all"], [""])
    chart.part([[1, 149]], 0, RED, "#fff", "first")
    assert [text for *_, text in Drawn(chart.svg()).texts] == ["all", "first"]


def test_marks_pile_up_where_they_would_meet_and_none_is_lost():
    few = Piles([(80.0, 3), (80.1, 1), (85.0, 1)], (75, 90), "t", own=85.0, name="own")
    marks = Drawn(few.svg()).marks[GREY]
    assert len(marks) == 5
    assert all(np.hypot(a - x, b - y) >= 2 * Piles.SIZE - 0.01 for (a, b), (x, y) in combinations(marks, 2))
    assert_drawn_within(few)


def test_many_values_are_bars_with_their_counts():
    values = [(70 + place / 10, 5) for place in range(100)]
    svg = Piles(values, (70, 80), "t", own=74.96, name="own").svg()
    drawn = Drawn(svg)
    counts = [int(text) for group, *_, text in drawn.texts if group.get("font-size") == "7"]
    assert sum(counts) == 500
    assert set(counts) == {25}  # half a point, five values each
    assert len(drawn.marks[RED]) == 1
    assert len(svg) < 10_000


def assert_drawn_within(chart):
    drawn = Drawn(chart.svg())
    places = [place for marks in drawn.marks.values() for place in marks]
    assert all(0 <= x <= WIDTH and 0 <= y <= drawn.height for x, y in places)


# Colours --------------------------------------------------------------------------------------------------------------


def linear(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    channels = np.array([int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def luminance(colour):
    """Relative luminance (WCAG 2.2)."""
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    """Contrast ratio (WCAG 2.2)."""
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def lab(channels):
    """CIE 1976 L*a*b* of linear sRGB under D65."""
    x, y, z = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ channels
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x / 0.95047, y, z / 1.08883))
    return np.array([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)])


# Machado, Oliveira & Fernandes (2009), A physiologically-based model for simulation of color vision deficiency,
# doi:10.1109/TVCG.2009.113, table 1: severity 1.0.
SEEN = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "all colours": np.eye(3),
}


@pytest.mark.parametrize("colour", [*COLOURS, RED, GREY, INK, SOFT])
def test_what_is_drawn_can_be_seen_on_white(colour):
    assert contrast(colour, "#fff") >= 3  # WCAG 2.2, 1.4.11


@pytest.mark.parametrize("colour", [INK, SOFT, RED])
def test_what_is_written_can_be_read_on_white(colour):
    assert contrast(colour, "#fff") >= 4.5  # WCAG 2.2, 1.4.3


@pytest.mark.parametrize("eyes", SEEN)
def test_sources_are_told_apart_by_colour_and_without_it_by_mark(eyes):
    seen = [lab(np.clip(np.array(SEEN[eyes]) @ linear(colour), 0, 1)) for colour in COLOURS]
    assert min(np.linalg.norm(one - other) for one, other in combinations(seen, 2)) >= 19
    assert len(set(MARKS)) == len(MARKS) >= len(COLOURS)


def test_shades_darken_in_a_grey_print_and_are_written_on_readably():
    grey = [lab(np.full(3, luminance(colour)))[0] for colour in RAMP]
    assert all(one - other >= 5 for one, other in pairwise(grey))
    ends = (0, len(RAMP))
    for place, colour in enumerate(RAMP):
        found, ink = shade(place + 0.5, ends)
        assert found == colour
        assert contrast(colour, ink) >= 4.5
    assert shade(0, ends)[0] == RAMP[0]
    assert shade(len(RAMP), ends)[0] == RAMP[-1]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_text_is_smaller_than_seven_points_in_print(make_view, language):
    for draw in (plots.league, plots.profile, plots.heat, plots.stars, plots.selves, plots.distribution):
        sizes = [float(group.get("font-size")) for group, *_ in Drawn(draw(make_view(language)).svg).texts]
        assert min(sizes) >= 7
    assert pytest.approx(156 / 25.4 * 72, abs=0.1) == WIDTH  # 156 mm: what a figure fills in an official document

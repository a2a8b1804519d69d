"""What is drawn lies where its value is, and no text covers another or is cut."""

import re
from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from toolkit.documents.font import _noto_sans
from toolkit.documents.svg import clean_svg
from toolkit.reporting import change, member, plots
from toolkit.reporting.chart import (
    COLOURS,
    GREY,
    INK,
    RED,
    SOFT,
    WIDTH,
    Columns,
    Rows,
    Scale,
    apart,
    ems,
    limits,
    shortened,
)
from toolkit.reporting.compare import compare
from toolkit.reporting.sheets import Sheets

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
        assert values(drawn, colour)[:-1] == means  # the last is the legend's
    assert values(drawn, INK)[:-1] == rows["score"].round(1).tolist()
    for (_, y), name in zip(drawn.marks[INK], rows["label"], strict=False):
        assert drawn.place(name)[1] == pytest.approx(y + 3.2)


def test_selves_and_a_distribution_are_drawn_at_their_values(make_view):
    view = make_view()
    rows = view.selves[view.selves["label"] != ""]
    drawn = Drawn(plots.selves(view).svg)
    assert values(drawn, COLOURS[0])[:-1] == rows["self"].tolist()
    assert values(drawn, RED)[:-1] == rows["others"].tolist()
    drawn = Drawn(plots.distribution(view).svg)
    own = view.units["own"].astype(bool)
    assert values(drawn, RED) == view.units.loc[own, "score"].round(1).tolist()
    assert values(drawn, GREY) == view.units.loc[~own, "score"].round(1).tolist()


def test_an_outline_is_drawn_at_its_scores(sheet):
    rows = sheet.profile[(sheet.profile["indicator"] != "") & sheet.profile["score"].notna()]
    drawn = Drawn(member.outline(sheet).svg)
    assert values(drawn, RED)[:-1] == rows["score"].round(1).tolist()
    assert values(drawn, GREY)[:-1] == rows["unit"].round(1).tolist()
    assert values(drawn, COLOURS[0])[:-1] == sheet.by_source.loc[rows.index, "self"].round(1).tolist()
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
    for draw in (plots.league, plots.profile, plots.selves, plots.distribution):
        assert_readable(draw(hard))
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
    chart = Rows([name], (0, 100), name)
    chart.marks([5], "circle", RED, name=name)
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
    for name in ("distribution", "league", "profile", "selves"):
        svg = getattr(plots, name)(make_view("zh")).svg
        paths = re.findall(r' (?:d|x|y)="([^"]*)"', svg)
        numbers = re.findall(r"-?\d+(?:\.\d+)?", " ".join(paths))
        assert not [number for number in numbers if re.search(r"\.\d{3}|\.\d*0$|^-0$", number)]
        assert not re.search(r" (?:id|class|style)=|<style|url\(", svg)
        clean = clean_svg(svg, "c1")
        assert [text for *_, text in Drawn(clean).texts] == [text for *_, text in Drawn(svg).texts]
        assert Drawn(clean).marks == Drawn(svg).marks
        assert len(clean) == pytest.approx(len(svg), rel=0.05)

"""A document is laid out the same for Word and PDF: outline, pages, texts that can be printed."""

import itertools

import pytest
from every_block import CELLS, document, shows, table, wide
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_markdown_cell

from toolkit.documents.blocks import Column, Document, DocumentError, Figure, Heading, ListBlock, Note, Paragraph, Table
from toolkit.documents.layout import MM, OFFICIAL, PLAIN, layout_of
from toolkit.documents.outline import outlined, tally
from toolkit.documents.paper import lay_out
from toolkit.documents.pictures import figure_size
from toolkit.documents.widths import fit, length, monospaced_size

LAYOUTS = [layout_of(language, compact=compact) for language in ("zh", "en") for compact in (False, True)]


def headings(*levels):
    return Document(tuple(Heading(level, str(level)) for level in levels))


def pages(*cells, layout=OFFICIAL):
    laid = lay_out(document(*cells), title="题", layout=layout)
    return [(page["landscape"], [block["kind"] for block in page["blocks"]]) for page in laid["pages"]]


# The outline ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((2, 3, 3, 2), [1, 2, 2, 1]),
        ((3, 2, 4, 6, 3), [1, 1, 2, 3, 2]),
        ((1, 6, 2), [1, 2, 2]),
        ((6, 5, 4), [1, 1, 1]),
    ],
)
def test_headings_go_down_one_by_one(levels, expected):
    assert [block.level for _, block in outlined(headings(*levels), title="")] == expected


@given(st.lists(st.integers(1, 6)))
def test_no_level_is_skipped_whatever_the_notebook_says(levels):
    made = [0, *(block.level for _, block in outlined(headings(*levels), title=""))]
    assert all(after <= before + 1 for before, after in itertools.pairwise(made))


def test_a_first_heading_that_repeats_the_title_is_left_out():
    assert [block.text for _, block in outlined(headings(1, 2, 1), title="1")] == ["2", "1"]
    assert len(outlined(headings(1, 2), title="2")) == 2


def test_a_block_knows_its_cell():
    made = document(new_markdown_cell("一\n\n二"), new_markdown_cell(""), table())
    assert made.cells == (1, 1, 3)
    assert [cell for cell, _ in outlined(made, title="")] == [1, 1, 3]


def test_everything_is_counted_also_inside_lists_and_notes():
    inner = (Paragraph("a"), Table((Column("x"), Column("y")), (("1", "2"),)), Figure("<svg/>"))
    counts = tally([ListBlock(ordered=True, items=(inner, inner)), Note(inner)])
    assert counts == {"paragraph": 3, "table": 3, "cell": 12, "figure": 3}


def test_titles_that_are_blank_are_no_row():
    assert tally([Table((Column(""),), (("1",),))])["cell"] == 1


# Pages ----------------------------------------------------------------------------------------------------------


def test_a_wide_table_takes_a_turned_page_and_its_headings_with_it():
    cells = (new_markdown_cell("文\n\n## 甲\n\n### 乙"), wide(), wide(), new_markdown_cell("尾"))
    assert pages(*cells) == [
        (False, ["paragraph"]), (True, ["heading", "heading", "table", "table"]), (False, ["paragraph"])
    ]  # fmt: skip


def test_a_table_inside_a_list_stays_there():
    columns = tuple(Column(f"指标{number}", "right") for number in range(40))
    block = ListBlock(ordered=False, items=((Table(columns, (("100.00",) * 40,)),),))
    laid = lay_out(Document((block,)), title="题", layout=OFFICIAL)
    assert [page["landscape"] for page in laid["pages"]] == [False]
    (item,) = laid["pages"][0]["blocks"][0]["items"]
    assert sum(item[0]["widths"]) <= OFFICIAL.width - 2 * OFFICIAL.body + 1


def columns(*cells, layout):
    laid = lay_out(document(*cells), title="题", layout=layout)
    return [(page["columns"], len(page["blocks"])) for page in laid["pages"]]


def test_the_last_section_of_what_is_compact_stands_apart_in_columns_if_it_is_text():
    compact = layout_of("zh", compact=True)
    two = new_markdown_cell("## 甲\n\n文\n\n## 乙\n\n文\n\n### 丙")
    assert columns(two, layout=compact) == [(1, 2), (2, 3)]
    assert columns(two, table(), layout=compact) == [(1, 2), (1, 4)]
    assert columns(new_markdown_cell("## 甲\n\n文"), layout=compact) == [(1, 2)]
    assert columns(two, layout=OFFICIAL) == [(1, 5)]


# Texts ----------------------------------------------------------------------------------------------------------


def test_what_no_page_can_hold_is_left_out_and_white_space_is_a_space():
    laid = lay_out(
        Document((Paragraph("a\x08b\x0bc\ud800"), Heading(1, "x\n y\t z"), Table((Column("t\x00"),), (("p\r\nq",),)))),
        title="\x01题",
        layout=PLAIN,
    )
    paragraph, heading, made = laid["pages"][0]["blocks"]
    assert (laid["title"], paragraph["spans"][0]["text"], heading["text"]) == ("题", "ab c", "x y z")
    assert (made["head"], made["rows"]) == (["t"], [["p q"]])


def test_a_line_break_between_chinese_characters_is_no_space():
    (block,) = lay_out(Document((Paragraph("一\n二\na\nb"),)), title="题", layout=OFFICIAL)["pages"][0]["blocks"]
    assert "".join(span["text"] for span in block["spans"]) == "一二 a b"


def test_what_cannot_be_laid_out_names_its_cell():
    with pytest.raises(DocumentError, match=r"^cell 2: a table without columns"):
        lay_out(document(new_markdown_cell("一"), shows("text/html", "<table></table>")), title="题", layout=PLAIN)
    broken = Document((Figure('<svg viewBox="0 0 0 9"/>'),), cells=(7,))
    with pytest.raises(DocumentError, match=r"^cell 7: an SVG"):
        lay_out(broken, title="题", layout=PLAIN)


# Widths ---------------------------------------------------------------------------------------------------------

texts = st.text(st.characters(categories=("L", "N", "P", "Zs")), max_size=40)


@given(
    st.integers(1, 40).flatmap(
        lambda n: st.tuples(
            st.lists(st.tuples(texts, st.sampled_from(["left", "right", "center"])), min_size=n, max_size=n),
            st.lists(st.lists(texts, min_size=n, max_size=n), max_size=4),
        )
    ),
    st.sampled_from(LAYOUTS),
)
def test_a_table_fills_the_width_and_never_runs_over(content, layout):
    columns, rows = content
    made = fit(Table(tuple(Column(*each) for each in columns), tuple(map(tuple, rows))), layout)
    room = layout.turned if made.landscape else layout.width
    assert sum(made.widths) == pytest.approx(room, abs=0.01 * len(columns))
    assert min(made.widths) > 0
    assert made.size in {layout.table, layout.small}


def test_a_number_stands_in_one_line_where_there_is_room():
    rows = (("姓名很长很长很长很长很长很长很长很长很长很长很长很长很长很长的人", "77.0–81.5", "100.00"),)
    made = fit(Table((Column("姓名"), Column("区间", "right"), Column("得分", "right")), rows), OFFICIAL)
    assert [width / made.size > length(text) for width, text in zip(made.widths[1:], rows[0][1:], strict=True)] == [
        True
    ] * 2
    assert made.widths[0] > 2 * made.widths[1]


@pytest.mark.parametrize(("columns", "size", "landscape"), [(8, 10.5, False), (10, 9, False), (11, 9, True)])
def test_a_table_is_smaller_before_it_is_turned(columns, size, landscape):
    titles = tuple(Column("指标", "right") for _ in range(columns))
    made = fit(Table(titles, (("1234.56",) * columns,)), OFFICIAL)
    # A column takes 7 characters of 0.58 em and 0.7 em beside them: 4.76 of 42.1 em, or of 49.1 em where it is small.
    assert (made.size, made.landscape) == (size, landscape)


def test_only_a_row_that_could_fill_a_page_is_divided():
    made = fit(Table((Column("a"),), (("短",), ("长" * 2000,))), OFFICIAL)
    assert made.whole == (True, False)


def test_the_text_of_gb_t_9704_is_156_by_225_mm():
    top, _right, bottom, left = OFFICIAL.margins
    assert OFFICIAL.width == pytest.approx(156 * MM)
    assert 297 - top - bottom == 225
    assert (top, left) == (37, 28)
    assert 225 * MM / OFFICIAL.pitch == pytest.approx(22, abs=0.05)  # lines
    assert int(OFFICIAL.width / (OFFICIAL.body + OFFICIAL.tracking)) == 28  # characters in a line


@pytest.mark.parametrize(
    ("text", "size"), [("x" * 20, OFFICIAL.note), ("x" * 90, 7.73), ("x" * 500, 6), ("", OFFICIAL.note)]
)
def test_a_text_as_it_stands_is_as_small_as_its_longest_line_asks(text, size):
    assert monospaced_size(text, OFFICIAL, OFFICIAL.width) == size


# Figures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ('width="300pt" height="60pt" viewBox="0 0 300 60"', (300, 60)),
        ('width="200" viewBox="0 0 100 50"', (150, 75)),
        ('width="2000px" viewBox="0 0 4 1"', (442.2, 110.55)),
        ('viewBox="0 0 9 9"', (442.2, 442.2)),
        ('viewBox="0 0 1 10"', (48, 480)),
        ('width="100%" viewBox="0,0,2,1"', (442.2, 221.1)),
    ],
)
def test_a_figure_is_as_large_as_it_says_or_as_there_is_room(head, expected):
    size = figure_size(Figure(f"<svg {head}/>"), OFFICIAL, 442.2)
    assert size == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("head", ['viewBox="0 0 0 9"', 'viewBox="a b c d"', 'viewBox="0 0 9 -9"', ""])
def test_a_figure_of_no_size_is_refused(head):
    with pytest.raises(DocumentError, match="SVG"):
        figure_size(Figure(f"<svg {head}/>"), OFFICIAL, 442.2)


def test_all_cells_of_the_example_are_laid_out():
    laid = lay_out(document(*CELLS), title="题", layout=OFFICIAL)
    assert {block["cell"] for page in laid["pages"] for block in page["blocks"]} == set(range(1, len(CELLS) + 1))

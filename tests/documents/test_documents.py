"""What a notebook shows reaches the page whole, and nothing else does."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from io import StringIO
from xml.etree import ElementTree as ET

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from toolkit.documents.blocks import (
    Column,
    DocumentError,
    Figure,
    Heading,
    ListBlock,
    Note,
    Paragraph,
    Preformatted,
    Table,
)
from toolkit.documents.font import with_font
from toolkit.documents.notebook import read
from toolkit.documents.pages import to_html

TABLE_SCHEMA = "application/vnd.dataresource+json"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0L9 9"/></svg>'
PNG = b"\x89PNG\r\n\x1a\nrest"
RARE = "垚镕喆堃赟珺玥昇旸祎"
HOSTILE = ["<script>alert(1)</script>", "=cmd()", "]]>", "'\"&", "<img src=x onerror=alert(1)>", "长" * 400, RARE]


def shown(mime, content, **metadata):
    """A cell that displays one thing."""
    return new_code_cell(outputs=[new_output("display_data", {mime: content}, metadata={mime: metadata})])


def resource(rows=(("张三", "88.2"),), **extra):
    fields = [{"name": "name", "title": "姓名", "type": "string"}, {"name": "score", "title": "得分", "type": "number"}]
    data = [dict(zip(("name", "score"), row, strict=True)) for row in rows]
    return {"schema": {"fields": fields, "primaryKey": ["name"]}, "data": data, **extra}


def blocks(*cells):
    return read(new_notebook(cells=list(cells))).blocks


def html(*cells, language="zh", **options):
    return to_html(read(new_notebook(cells=list(cells))), title="报告", language=language, **options)


class Page(HTMLParser):
    """The tags and the visible text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def test_code_and_hidden_cells_are_never_shown():
    cells = [
        new_code_cell("secret = 1"),
        *(
            new_code_cell(outputs=[new_output("stream", name="stdout", text="hidden")], metadata={"tags": [tag]})
            for tag in ("remove_cell", "parameters", "injected-parameters")
        ),
        new_markdown_cell("hidden", metadata={"tags": ["remove_cell"]}),
    ]
    assert blocks(*cells) == ()


def test_prose_becomes_headings_paragraphs_lists_and_notes():
    prose = "## 一、*总体*\n\n共 **28** 名。\n\n- 优秀\n  1. 其一\n\n> 含本数\n\n```\na  b\n```\n\n---\n"
    expected = (
        Heading(2, "一、总体"),
        Paragraph("共 **28** 名。"),
        ListBlock(ordered=False, items=((Paragraph("优秀"), ListBlock(ordered=True, items=((Paragraph("其一"),),))),)),
        Note((Paragraph("含本数"),)),
        Preformatted("a  b"),
    )
    assert blocks(new_markdown_cell(prose)) == expected
    assert blocks(shown("text/markdown", prose)) == expected


def test_a_markdown_table_is_a_table():
    (table,) = blocks(new_markdown_cell("|a|b|\n|--|-:|\n|x|1|"))
    assert table == Table((Column("a"), Column("b", "right")), (("x", "1"),))


def test_a_table_schema_keeps_its_strings_as_they_are():
    (table,) = blocks(
        shown(TABLE_SCHEMA, resource([("张三", "88.20"), ("李四", None)], caption="表", note="注", mark=[1]))
    )
    assert table == Table(
        (Column("姓名", header=True), Column("得分", "right")),
        (("张三", "88.20"), ("李四", "")),
        caption="表",
        note="注",
        marked=frozenset({1}),
    )


@pytest.mark.parametrize("key", ["name", ["name"]])
def test_a_primary_key_is_a_name_or_names(key):
    table = resource()
    table["schema"]["primaryKey"] = key
    assert [column.header for column in blocks(shown(TABLE_SCHEMA, table))[0].columns] == [True, False]


def test_streams_are_preformatted_and_warnings_are_counted():
    streams = [("stdout", "\x1b[31mn = 27\x1b[0m\n"), ("stderr", "a warning"), ("stderr", "another"), ("stdout", " \n")]
    outputs = [new_output("stream", name=name, text=text) for name, text in streams]
    document = read(new_notebook(cells=[new_code_cell(outputs=outputs)]))
    assert document.blocks == (Preformatted("n = 27"),)
    assert document.warnings == 2


PANDAS = """<div><style scoped>td { color: red }</style>
<table border="1" class="dataframe"><thead>
<tr><th></th><th colspan="2">得分</th></tr><tr><th>id</th><th>low</th><th>high</th></tr></thead>
<tbody><tr><th rowspan="2">a</th><td>1.5</td><td>x &lt; y</td></tr><tr><td>-20</td><td>z<br>z</td></tr></tbody>
</table><p>2 rows × 2 columns</p></div>"""


def test_a_table_that_is_only_html_is_read():
    output = new_output("execute_result", {"text/html": PANDAS, "text/plain": "..."}, execution_count=1)
    (table,) = blocks(new_code_cell(outputs=[output]))
    assert [column.title for column in table.columns] == ["id", "得分 / low", "得分 / high"]
    assert [column.align for column in table.columns] == ["left", "right", "left"]
    assert [column.header for column in table.columns] == [True, False, False]
    assert table.rows == (("a", "1.5", "x < y"), ("", "-20", "zz"))
    assert table.note == "2 rows × 2 columns"


def test_html_tables_without_heads_or_closed_cells_are_read():
    first, second = blocks(shown("text/html", "<table><tr><td>a<td>1<tr><td>b</table><table></table>"))
    assert first.rows == (("a", "1"), ("b", ""))
    assert second.rows == ()
    assert "<thead>" not in html(shown("text/html", "<table><tr><td>a</table>"))


def test_a_huge_span_does_not_fill_the_memory():
    (table,) = blocks(shown("text/html", '<table><tr><td colspan="999999999" rowspan="999999999">a</td></tr></table>'))
    assert len(table.columns) == 1000
    assert len(table.rows) == 1


def test_a_span_that_is_no_number_is_one():
    (table,) = blocks(shown("text/html", "<table><tr><th colspan='x'>a<td>1</table>"))
    assert [column.header for column in table.columns] == [True, False]


def test_a_png_stands_in_where_there_is_no_svg():
    encoded = b64encode(PNG).decode() + "\n"
    (figure,) = blocks(shown("image/png", encoded, alt="得分", caption="图 1"))
    assert figure == Figure(png=PNG, alt="得分", caption="图 1")
    page = html(shown("image/png", encoded, alt='"><b>'))
    assert f'src="data:image/png;base64,{b64encode(PNG).decode()}" alt="&#34;&gt;&lt;b&gt;"' in page


def test_a_figure_keeps_both_forms_and_shows_the_svg():
    data = {"image/svg+xml": SVG, "image/png": b64encode(PNG).decode()}
    cell = new_code_cell(outputs=[new_output("display_data", data)])
    (figure,) = blocks(cell)
    assert figure.png == PNG
    assert "<svg" in figure.svg
    assert "data:image/png" not in html(cell)


# Refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (shown("application/javascript", "alert(1)"), "application/javascript"),
        (shown("text/html", "<script>alert(1)</script>"), "text/html without a table"),
        (shown("image/jpeg", "..."), "image/jpeg"),
        (shown("image/png", "%%%"), "PNG"),
        (shown("image/png", b64encode(b"GIF89a").decode()), "PNG"),
        (shown("image/svg+xml", "<svg"), "not well formed"),
        (shown("image/svg+xml", "<html/>"), "without an svg element"),
        (shown("image/svg+xml", '<svg xmlns="http://www.w3.org/2000/svg" width="50%" height="9"/>'), "viewBox"),
        (shown("text/markdown", "![a](http://example.org/a.png)"), "picture"),
        (shown(TABLE_SCHEMA, {"data": []}), "not a Table Schema"),
        (shown(TABLE_SCHEMA, {**resource(), "data": [{"name": "张三"}]}), "score"),
        (shown(TABLE_SCHEMA, resource(mark=[5])), "marks row 5"),
        (shown("text/html", "<table><tr><td><table></table></td></tr></table>"), "table in a table"),
        (new_code_cell(outputs=[new_output("error", ename="ValueError", evalue="no votes")]), "ValueError: no votes"),
    ],
)
def test_what_cannot_be_carried_is_refused_by_cell(cell, reason):
    with pytest.raises(DocumentError, match=rf"^cell 2: .*{re.escape(reason)}"):
        blocks(new_markdown_cell("# 报告"), cell)


def test_a_widget_is_refused_although_it_has_a_plain_text():
    data = {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "IntSlider()"}
    with pytest.raises(DocumentError, match=r"cell 1: .*widget"):
        blocks(new_code_cell(outputs=[new_output("display_data", data)]))


def test_a_plain_text_beside_an_unknown_type_is_no_stand_in():
    data = {"text/latex": "$x$", "text/plain": "<IPython.core.display.Latex object>"}
    with pytest.raises(DocumentError, match="text/latex"):
        blocks(new_code_cell(outputs=[new_output("display_data", data)]))


def test_a_failure_in_a_hidden_cell_is_a_failure():
    failure = new_output("error", ename="KeyError", evalue="'x'")
    with pytest.raises(DocumentError, match="cell 1: failed with KeyError"):
        blocks(new_code_cell(outputs=[failure], metadata={"tags": ["remove_cell"]}))


def test_a_lost_table_is_noticed(monkeypatch):
    monkeypatch.setattr("toolkit.documents.notebook.blocks_of", lambda part, prefix: ())  # noqa: ARG005
    with pytest.raises(DocumentError, match="tables: 1 in the notebook, 0 in the document"):
        blocks(shown(TABLE_SCHEMA, resource()))


# The page -------------------------------------------------------------------------------------------------------


def page_full_of(text):
    """A page that shows a text in every place that a text can have."""
    cells = [
        new_markdown_cell(f"## x {text}\n\nx {text}\n\n- x {text}"),
        shown("text/plain", text),
        shown(TABLE_SCHEMA, resource([(text, text)], caption=text, note=text)),
        shown("image/svg+xml", SVG, alt=text, caption=text),
    ]
    return Page(to_html(read(new_notebook(cells=cells)), title=text, language="zh"))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_only_text_wherever_it_stands(text):
    hostile, harmless = page_full_of(text), page_full_of("甲乙丙")
    assert hostile.tags == harmless.tags
    assert [name for name, _ in hostile.attributes] == [name for name, _ in harmless.attributes]
    assert hostile.text.count(text) == harmless.text.count("甲乙丙")
    assert ("aria-label", text) in hostile.attributes


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_loads_nothing_and_runs_only_what_its_policy_names(language):
    page = with_font(html(shown("image/svg+xml", SVG), shown("text/html", PANDAS), language=language))
    assert not re.search(r"https?://|<script [^>]|<link|@import", page)
    (script,) = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    hashed = b64encode(sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; script-src 'sha256-{hashed}'; style-src 'unsafe-inline'; font-src data:;" in page
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in page


def test_a_javascript_link_stays_text():
    assert "<a " not in html(new_markdown_cell("[x](javascript:alert(1))"))


def test_the_same_notebook_gives_the_same_bytes():
    cells = [shown("image/svg+xml", SVG), shown(TABLE_SCHEMA, resource())]
    assert with_font(html(*cells)) == with_font(html(*cells))


def test_a_table_says_what_its_heads_belong_to():
    page = html(shown(TABLE_SCHEMA, resource([("张三", "88.2"), ("李四", "79.5")], caption="表 1", mark=[1])))
    assert "<caption>表 1</caption>" in page
    assert page.count('scope="col"') == 2
    assert page.count('scope="row"') == 2
    assert '<tr class="marked"><th scope="row" class="left">李四</th><td class="right">79.5</td></tr>' in page


def test_rows_are_named_by_their_first_words():
    rows = [("1", "张三", "党员", "88.2"), ("2", "李四", "党员", "79.5")]
    fields = [("place", "right"), ("name", "left"), ("kind", "left"), ("score", "right")]
    schema = {"fields": [{"name": name, "type": "string", "align": align} for name, align in fields]}
    data = [dict(zip(("place", "name", "kind", "score"), row, strict=True)) for row in rows]
    page = html(shown(TABLE_SCHEMA, {"schema": schema, "data": data}))
    assert re.findall(r'<th scope="row"[^>]*>([^<]+)<', page) == ["张三", "李四"]


def test_a_head_without_words_is_none():
    fields = [{"name": "a", "title": ""}, {"name": "b", "title": "得分"}]
    page = html(shown(TABLE_SCHEMA, {"schema": {"fields": fields}, "data": [{"a": "强", "b": "1"}]}))
    assert re.findall(r"<thead>(.*?)</thead>", page, flags=re.DOTALL)[0].count("<th ") == 1


def test_a_page_embeds_its_font():
    assert "src: url(data:font/woff;base64,d09GR" in with_font(html())
    assert "url(data:" not in html()


def test_a_heading_that_repeats_the_title_is_left_out():
    assert html(new_markdown_cell("# 报告\n\n## 一")).count("报告") == 2  # <title> and <h1>
    assert "<h2>别的</h2>" in html(new_markdown_cell("# 别的"))


def test_a_language_without_words_is_refused():
    with pytest.raises(ValueError, match="language: 'fr'"):
        html(language="fr")


# Figures --------------------------------------------------------------------------------------------------------

DANGEROUS = """<?xml version="1.0"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="8px" onload="a()">
 <metadata>made by</metadata><script>a()</script><style>/* all */ *{fill: url(#g)} #dot, .x{stroke: red}</style>
 <defs><linearGradient id="g"/><path id="dot" d="M0 0"/></defs>
 <foreignObject><p xmlns="http://www.w3.org/1999/xhtml">html</p></foreignObject>
 <a xlink:href="javascript:a()"><text OnClick="a()" style="fill: url( 'http://e.org/x')">甲 &lt;b&gt; ]]&gt;</text></a>
 <use xlink:href="#dot" style="fill: url(#g)" clip-path="url('#g')"/><use xlink:href="http://e.org/x.svg#y"/>
 <image href="data:image/png;base64,AAAA"/><image href="http://e.org/x.png"/>
 <rect style="fill: u\\72l(http://e.org)" fill="red"/><animate attributeName="href" to="javascript:a()"/>
</svg>"""


def figure(text=DANGEROUS, position=0):
    return blocks(*(shown("image/svg+xml", text) for _ in range(position + 1)))[position]


def test_a_figure_carries_nothing_that_loads_or_runs():
    svg = figure().svg.replace('xmlns="http://www.w3.org/2000/svg"', "")
    forbidden = ("http:", "script", "metadata", "made by", "html", "onload", "onclick", "animate", "DOCTYPE", "?xml")
    assert not [word for word in forbidden if word in svg.lower() or word in svg]
    root = ET.fromstring(figure().svg)  # noqa: S314
    assert root.get("viewBox") == "0 0 9 8"
    assert "".join(root.itertext()).count("甲 <b> ]]>") == 1
    assert 'href="data:image/png;base64,AAAA"' in svg


def test_ids_and_styles_hold_in_one_figure_only():
    first, second = figure(position=0).svg, figure(position=1).svg
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (first, second)]
    assert ids == [{"c1o1-g", "c1o1-dot"}, {"c2o1-g", "c2o1-dot"}]
    assert ".c1o1 *{fill: url(#c1o1-g)}#c1o1-dot,.c1o1 .x{stroke: red}" in first
    assert 'href="#c1o1-dot" style="fill: url(#c1o1-g)" clip-path="url(#c1o1-g)"' in first
    assert 'class="c1o1"' in first


@pytest.mark.parametrize("css", ["@import 'x';", "a{b:c} } body{display:none", "*{fill:url(http://e.org)}", "<b>"])
def test_a_style_sheet_that_could_leave_its_figure_is_refused(css):
    text = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><style><![CDATA[{css}]]></style></svg>'
    with pytest.raises(DocumentError, match="cell 1: an SVG with a style sheet"):
        figure(text)


def test_entities_that_explode_are_refused():
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha" * 50}">' for n in range(9))
    with pytest.raises(DocumentError, match="cell 1: an SVG that is not well formed"):
        figure(f'<!DOCTYPE svg [{entities}]><svg xmlns="http://www.w3.org/2000/svg">&e8;</svg>')


def test_a_figure_of_matplotlib_stands_on_the_page():
    from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: PLC0415
    from matplotlib.figure import Figure as Drawing  # noqa: PLC0415

    drawing = Drawing()
    drawing.subplots().barh(["a", "b"], [1, 2], hatch="//")
    target = StringIO()
    FigureCanvasSVG(drawing).print_svg(target, metadata={"Date": None})
    page = html(*(shown("image/svg+xml", target.getvalue(), alt="bars") for _ in range(2)))
    assert page.count('<svg role="img" aria-label="bars"') == 2
    assert "http://" not in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:url\(|href=")#([^)"]+)', page)) <= set(ids)

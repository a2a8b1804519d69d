"""A notebook with everything that a document can hold, and what is hard about it."""

from base64 import b64encode
from struct import pack
from zlib import compress, crc32

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from toolkit.documents.notebook import read

TABLE_SCHEMA = "application/vnd.dataresource+json"
RARE = "垚镕喆堃赟珺玥昇旸祎"
HOSTILE = [
    "#panic(1)",
    "= 题",
    "$x$ _y_ *z*",
    "`c` @ref <lab>",
    "\\u{61} \\n",
    "</w:t>&amp;",
    "{{ 7*7 }} {% x %}",
    "]]>",
    "\"'",
    RARE,
]
TITLES = {"zh": "第一支部考核评价报告", "en": "Assessment report of the First Branch"}
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="300pt" height="60pt" viewBox="0 0 300 60" '
    'font-family="Noto Sans SC"><path d="M0 0L300 60" stroke="#000"/>'
    '<g stroke="#fff" stroke-width="3" paint-order="stroke"><text x="9" y="30">平均分</text></g></svg>'
)


def png(width=4, height=2):
    """A picture of one colour."""
    rows = b"".join(b"\0" + b"\x9e\x1b\x1b" * width for _ in range(height))
    parts = [(b"IHDR", pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", compress(rows)), (b"IEND", b"")]
    chunks = (pack(">I", len(data)) + name + data + pack(">I", crc32(name + data)) for name, data in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def shows(mime, content, **metadata):
    """A cell that displays one thing."""
    return new_code_cell(outputs=[new_output("display_data", {mime: content}, metadata={mime: metadata})])


def resource(rows, titles=("姓名", "得分"), **extra):
    """A table whose first column names the rows and whose others are numbers."""
    names = [f"c{place}" for place, _ in enumerate(titles)]
    fields = [
        {"name": name, "title": title, "type": "number" if place else "string"}
        for place, (name, title) in enumerate(zip(names, titles, strict=True))
    ]
    data = [dict(zip(names, row, strict=True)) for row in rows]
    return {"schema": {"fields": fields, "primaryKey": ["c0"]}, "data": data, **extra}


def table(rows=(("张三", "88.2"), ("李四", "9.5")), **extra):
    return shows(TABLE_SCHEMA, resource(rows, **extra))


def wide(columns=26):
    """A table that no upright page holds."""
    titles = ["单位", *(f"指标{number:02}" for number in range(1, columns))]
    return table([["第一支部", *["100.00"] * (columns - 1)]] * 2, titles=titles, caption="宽表")


CELLS = (
    new_markdown_cell(
        "## 一、总体\n\n共 **28** 名，*其中*一名 `免评`，见[说明](https://example.org/a?b=1&c=2)。\n\n### 细目"
    ),
    new_markdown_cell("- 优秀\n- 合格\n  1. 其一\n  2. 其二\n\n     续\n\n> 含本数。\n\n```\na  b\n  c\n```"),
    table(caption="党员得分", note="注：满分 100。", mark=[1]),
    shows("image/svg+xml", SVG, alt="一条线", caption="平均分"),
    shows("image/png", b64encode(png()).decode(), caption="色块"),
    new_markdown_cell("## 二、名单\n\n" + RARE),
    table([(text, "1") for text in HOSTILE]),
    wide(),
    new_markdown_cell("## 三、回执\n\n1. 甲\n\n文\n\n1. 乙"),
)


def document(*cells):
    """The document of a notebook of these cells; of one with everything by default."""
    return read(new_notebook(cells=list(cells or CELLS)))

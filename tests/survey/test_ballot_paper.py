"""What is handed out: ballots on paper, text for platforms, codebooks; the same every time it is made."""

import io
import zipfile
from dataclasses import replace

import pyreadstat
import pytest
from docx import Document
from pypdf import PdfReader

import toolkit as tk
from toolkit.faults import UsageError
from toolkit.survey import xlsform
from toolkit.survey.ballot_paper import as_pdf, as_word, ballot_paper
from toolkit.survey.codebook import as_page, as_sav
from toolkit.survey.outputs import OUTPUTS, write_outputs
from toolkit.survey.platforms import limesurvey, wjx
from toolkit.survey.questionnaire import Answers, draft


@pytest.fixture(scope="module")
def study(small_town):
    return tk.read_study(small_town[0])


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """A branch of sixty members."""
    folder = tmp_path_factory.mktemp("crowd")
    (folder / "scheme.yaml").write_text(
        "title: 测评\nrounds: {2026H1: {}}\n"
        "scales: {vote: {levels: {优秀: 100, 不合格: 0}}}\nsources: {peer: {scale: vote}}\n",
        encoding="utf-8",
    )
    (folder / "units.csv").write_text("unit_id,name\nB1,一支部\n", encoding="utf-8")
    members = "".join(f"M{number},党员{number},B1,\n" for number in range(60))
    (folder / "members.csv").write_text("member_id,name,unit_id,category\n" + members, encoding="utf-8")
    return tk.read_study(folder)


def text_of(pdf):
    return [page.extract_text().replace(" ", "").replace("\n", "") for page in PdfReader(io.BytesIO(pdf)).pages]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "zh",
            [
                "应到",
                "实到",
                "发出",
                "收回",
                "有效",
                "优秀",
                "基本合格",
                "弃权",
                "主要问题和建议",
                "请勿署名",
                "张三(M1)",
            ],
        ),
        (
            "en",
            ["Toattend", "Attended", "Issued", "Returned", "Valid", "Excellent", "Problems", "Givenoname", "张三(M1)"],
        ),
    ],
)
def test_what_stands_on_a_ballot(study, language, words):
    paper = ballot_paper(draft(study, "peer", "B1", language=language))
    page = "".join(text_of(as_pdf(paper)))
    document = Document(io.BytesIO(as_word(paper)))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    written = "".join([*(line.text for line in document.paragraphs), *cells]).replace(" ", "")
    assert [word for word in words if word not in page] == []
    assert [word for word in words if word not in written] == []


def test_a_scale_of_numbers_says_which_end_is_the_best(study):
    paper = ballot_paper(draft(study, "client", "B1", language="en"))
    assert "0 is the lowest, 10 the highest." in paper.notes
    assert (paper.number, paper.about.split(" · ")[-1]) == ("#", draft(study, "client", "B1").round)


def test_the_header_stands_on_every_page_of_many_ratees(crowd):
    paper = ballot_paper(draft(crowd, "peer", "B1"))
    pages = text_of(as_pdf(paper))
    assert len(pages) > 1
    assert all("序号姓名优秀不合格主要问题和建议" in page for page in pages)
    assert [f"第{number}页，共{len(pages)}页" in page for number, page in enumerate(pages, start=1)] == [True] * len(
        pages
    )
    assert all(f"党员{number}" in "".join(pages) for number in range(60))
    table = Document(io.BytesIO(as_word(paper))).tables[1]
    assert "tblHeader" in table.rows[0]._tr.xml
    assert all("cantSplit" in row._tr.xml for row in table.rows)


@pytest.mark.parametrize(
    ("source", "boxes"), [("peer", 5 * 4 * 5), ("client", 5 * 3 * 11), ("superior", 0), ("self", 4 * 5)]
)
def test_a_box_for_every_answer(study, source, boxes):
    """Five ratees; four or three indicators; so many levels. The number of a wide scale is written in."""
    table = Document(io.BytesIO(as_word(ballot_paper(draft(study, source, "B1"))))).tables[-1]
    assert sum(cell.text == "□" for row in table.rows for cell in row.cells) == boxes


def test_a_page_that_is_too_narrow_lies_on_its_side(study):
    form = draft(study, "peer", "B1")
    wordy = tuple(replace(choice, label="Unsatisfactory") for choice in form.answers.choices)
    for shown, lying in ((form, False), (replace(form, answers=Answers(wordy)), True)):
        paper = ballot_paper(shown)
        assert (paper.lying, sum(paper.widths)) == (lying, pytest.approx(261 if lying else 174))
        box = PdfReader(io.BytesIO(as_pdf(paper))).pages[0].mediabox
        assert (box.width > box.height) == lying
        section = Document(io.BytesIO(as_word(paper))).sections[0]
        assert (section.page_width > section.page_height) == lying


def test_whoever_rates_himself_needs_no_tellers(study):
    paper = ballot_paper(draft(study, "self", "B1"))
    assert (paper.counts, paper.sign) == ((), "您的姓名")
    assert [row.name for row in paper.rows] == ["德", "任务完成", "服务群众", "廉"]


@pytest.mark.parametrize("source", ["peer", "superior", "client", "self"])
def test_the_same_bytes_every_time(study, source, tmp_path):
    form = draft(study, source, "B1")
    text = xlsform.written(form)
    first = {path.name: path.read_bytes() for path in write_outputs(form, text, tmp_path / "a", OUTPUTS)}
    again = {path.name: path.read_bytes() for path in write_outputs(form, text, tmp_path / "b", OUTPUTS)}
    assert len(first) == 7
    assert first == again
    for name in (name for name in first if name.endswith(("xlsx", "docx"))):
        with zipfile.ZipFile(io.BytesIO(first[name])) as parts:
            assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_an_output_that_nobody_knows(study, tmp_path):
    with pytest.raises(UsageError, match=r"'xlsforms', must be one of xlsform.*nearest: xlsform"):
        write_outputs(draft(study, "peer", "B1"), "", tmp_path, ["xlsforms"])


def test_text_for_wjx(study):
    lines = wjx.written(draft(study, "peer", "B1")).splitlines()
    assert lines[0] == "民主评议 · 党员互评 · 第一支部"
    assert lines[5:11] == [
        "1. 张三 (M1)[矩阵单选题]",
        "优秀 合格 基本合格 不合格 弃权",
        "德",
        "任务完成",
        "服务群众",
        "廉",
    ]
    once = wjx.written(draft(study, "peer", "B1", overall=True))
    assert "1. 总体评价[矩阵单选题]\n优秀 合格 基本合格 不合格 弃权\n张三 (M1)\n李四\n" in once
    typed = wjx.written(draft(study, "superior", "B1"))
    assert "1. 张三 (M1)：德[填空题]\n" in typed
    assert "0分 1分 2分" in wjx.written(draft(study, "client", "B1"))


def test_structure_for_limesurvey(study):
    raw = limesurvey.written(draft(study, "peer", "B1"))
    assert raw.startswith(b"\xef\xbb\xbf")
    header, *lines = raw.decode("utf-8-sig").splitlines()
    rows = [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]
    kinds = [row["class"] for row in rows]
    assert {kind: kinds.count(kind) for kind in ("G", "Q", "SQ", "A")} == {"G": 5, "Q": 5, "SQ": 20, "A": 25}
    assert next(row for row in rows if row["name"] == "anonymized")["text"] == "Y"
    assert all(len(row["name"]) <= 20 for row in rows if row["class"] in {"Q", "SQ"})
    assert all(len(row["name"]) <= 5 for row in rows if row["class"] == "A")


def test_a_codebook_to_read(study):
    page = as_page(draft(study, "peer", "B1"))
    assert "| rM2q1 | 李四: 德 | M2 | virtue |" in page
    assert "| 2 | 合格 | 合格 | 80 |" in page
    assert "| 5 | 弃权 | 弃权 |  |" in page
    assert "每个答案为 0 到 100 之间的数。" in as_page(draft(study, "superior", "B1"))


def test_a_codebook_in_spss(study, tmp_path):
    path = tmp_path / "codebook.sav"
    path.write_bytes(as_sav(draft(study, "peer", "B1")))
    _, about = pyreadstat.read_sav(str(path))
    assert about.number_rows == 0
    assert about.column_names_to_labels["rM2q1"] == "李四: 德"
    assert about.variable_value_labels["rM2q1"] == {
        1: "优秀", 2: "合格", 3: "基本合格", 4: "不合格", 5: "弃权", -3: "skipped", -2: "empty",
    }  # fmt: skip

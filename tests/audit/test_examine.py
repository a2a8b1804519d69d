"""Finished reports of a study are read as pages and held against what they hide."""

import re

import pandas as pd
import pytest
from docx import Document
from random_studies import draw, pages
from small_study import make, ratings_of
from typer.testing import CliRunner

import toolkit as tk
from toolkit.__main__ import app
from toolkit.audit.bounds import Claim
from toolkit.audit.claims import HALF, Claims
from toolkit.audit.findings import Audit, frame
from toolkit.audit.ground import Ground
from toolkit.audit.pages import Grid, Page, read_pages
from toolkit.faults import UsageError
from toolkit.scoring.scores import score

SCHEME = """scales: {s: {low: 1, high: 5}}
sources: {superior: {scale: s, weight: 0.2, attributed: true}, peer: {scale: s, weight: 0.4}, public: {scale: s, weight: 0.4}}
indicators: {virtue: {weight: 0.5}, results: {weight: 0.5}}
privacy: {min_raters: 3}
"""  # noqa: E501


@pytest.fixture
def ground():
    """Two have rated a for the public, who alone are few."""
    cells = {
        (member, source, indicator): values
        for member, public in (("a", [5, 3]), ("b", [4, 4, 2, 5]))
        for source, values in (("superior", [4]), ("peer", [3, 4, 5]), ("public", public))
        for indicator in ("virtue", "results")
    }
    study = make(SCHEME, ratings_of(cells))
    return Ground(study, score(study))


def claim(ground, value, *key):
    return Claim(ground.of_ratee("r", *key), value - HALF, value + HALF)


def verdicts(ground, *claims):
    """What is known of (a, public) on virtue by whoever reads, and by raters by their vote: verdict, least, most.

    What is safe is looked at no further than it must be.
    """
    found = [each for every in Audit(ground, claims) for each in every if each.indicator == "virtue"]
    return {each.reader: (each.verdict, round(each.low, 2), round(each.high, 2)) for each in found}


def test_what_few_have_given_is_a_secret(ground):
    found = [(ratee, source, indicator) for _, ratee, source, indicator, _ in ground.secrets()]
    assert found == [("a", "public", "virtue"), ("a", "public", "results"), ("a", "public", "")]


def test_by_subtraction_a_hidden_mean_is_found(ground):
    """5 and 3 of 1 to 5 are 100 and 50, mean 75; superiors 75, peers 75."""
    parts = [claim(ground, 75, "a", source, "virtue") for source in ("superior", "peer", "")]
    assert verdicts(ground, *parts) == {"": ("exact", 75, 75), "50": ("exact", 100, 100), "100": ("exact", 50, 50)}


def test_what_nothing_is_said_of_is_safe(ground):
    assert verdicts(ground)[""] == ("safe", 0, 100)


def test_a_rater_takes_off_his_own_vote(ground):
    """Whoever gave 100 knows that the mean is 50 at least, and the other's vote as little as before."""
    assert verdicts(ground)["100"][0] == "safe"
    top = Claim(ground.of_ratee("r", "a", "public", "virtue"), 70, 100)
    found = verdicts(ground, top)
    assert found[""] == ("safe", 75, 100)
    assert found["50"] == ("exact", 100, 100)
    assert found["100"][:2] == ("safe", 50)


def test_closer_than_ten_points_is_tight(ground):
    """The mean of two votes on each of two indicators moves by 6.25."""
    row = ground.of_ratee("r", "a", "public", "")
    found = [each for every in Audit(ground, [Claim(row, 68, 80)]) for each in every if not each.indicator]
    assert [(each.verdict, each.low, each.high) for each in found] == [("tight", 68.75, 75)]


def test_findings_stand_in_the_order_of_what_they_tell(ground):
    parts = [claim(ground, 75, "a", source, "virtue") for source in ("superior", "peer", "")]
    table = frame(each for every in Audit(ground, parts) for each in every)
    assert table["width"].is_monotonic_increasing
    assert table["verdict"].iloc[0] == "exact"


@pytest.mark.parametrize("seed", [1, 3, 5])
def test_everything_that_is_read_is_true(seed):
    """Held against the study itself: a table that were misread would state what is not."""
    study, scores = draw(seed)
    claims = Claims(Ground(study, scores))
    for page in pages(study, scores):
        claims.read(page)
    assert len(claims.found) > 100
    for each in claims.found:
        mean = sum(weight * claims.ground.truth(cell) for cell, weight in each.row.items())
        assert each.low - 1e-6 <= mean <= each.high + 1e-6, each.where


def test_a_table_that_nobody_knows_is_listed(ground):
    claims = Claims(ground)
    claims.read(Page("x", "r", "", "U", (Grid("Of my own", ("who", "mean"), (("a", "71.3"),)),)))
    claims.read(Page("x", "r", "", "U", (Grid("In words", ("who", "what"), (("a", "b"),)),)))
    assert claims.unread == {"Of my own": 1}
    assert claims.found == []


# Finished reports ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """The reports of a small study in Chinese, as they are handed round."""
    folder = tmp_path_factory.mktemp("made")
    runner = CliRunner()
    study = folder / "surveys" / "tiny"
    assert runner.invoke(app, ["simulate", str(study), "--units", "2", "--members", "24"]).exit_code == 0
    for more in ([], ["--notebook", "member_feedback"]):
        result = runner.invoke(app, ["report", str(study), "--out", str(folder / "reports"), *more])
        assert result.exit_code == 0, result.output
    return study, folder / "reports" / "tiny"


def audit(study, folder, *more):
    return CliRunner().invoke(app, ["audit", str(folder), "--study", str(study), *map(str, more)])


def test_pages_are_read_and_all_that_they_state_is_true(reports):
    study, folder = tk.read_study(reports[0]), reports[1]
    claims = Claims(Ground(study, tk.score(study)))
    seen = list(read_pages(folder, study.schemes))
    for page in seen:
        claims.read(page)
    assert {page.notebook for page in seen} == {"", "member_feedback"}
    assert len(claims.found) > 300
    for each in claims.found:
        mean = sum(weight * claims.ground.truth(cell) for cell, weight in each.row.items())
        assert each.low - 1e-6 <= mean <= each.high + 1e-6, each.where


def test_the_command_says_how_much_it_has_read_and_writes_its_findings(reports, tmp_path):
    study, folder = reports
    result = audit(study, folder, "--out", tmp_path / "audit.csv")
    assert re.search(r"\d+ reports, \d+ printed means, \d+ hidden means", result.output), result.output
    table = pd.read_csv(tmp_path / "audit.csv", keep_default_na=False)
    failed = table["verdict"].isin(["exact", "tight"]).any()
    assert result.exit_code == int(failed)
    assert ("not to be handed round" in result.output) == failed


def test_reports_of_other_data_are_refused(reports, tmp_path):
    study, folder = reports
    page = next(
        path for path in sorted(folder.rglob("report.html")) if "scores.csv" in {p.name for p in path.parent.iterdir()}
    )
    other = tmp_path / folder.name / page.parent.parent.name / page.parent.name
    other.mkdir(parents=True)
    text = page.read_text(encoding="utf-8")
    other.joinpath("report.html").write_text(text, encoding="utf-8")
    rows = page.with_name("scores.csv").read_text(encoding="utf-8-sig").splitlines()
    cells = rows[1].split(",")
    cells[4] = "1.5"
    other.joinpath("scores.csv").write_text("\n".join([rows[0], ",".join(cells)]), encoding="utf-8")
    result = audit(study, other.parent.parent)
    assert result.exit_code == 1
    assert "of other data" in result.output


def test_where_there_is_no_report_it_says_so(reports, tmp_path):
    result = audit(reports[0], tmp_path)
    assert result.exit_code == 1
    assert "no report.html" in result.output


def test_a_run_of_no_round_is_named(tmp_path):
    tmp_path.joinpath("other", "U").mkdir(parents=True)
    tmp_path.joinpath("other", "U", "report.html").write_text("<p>x</p>", encoding="utf-8")
    with pytest.raises(UsageError, match="'other' is the run of no round"):
        list(read_pages(tmp_path, ["r"]))


def test_a_word_document_holds_the_tables_of_its_page(tmp_path):
    folder = tmp_path / "r" / "U"
    folder.mkdir(parents=True)
    table = "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>71.3</td></tr></tbody></table>"
    folder.joinpath("report.html").write_text(table, encoding="utf-8")
    word = Document()
    cells = word.add_table(2, 1).columns[0].cells
    cells[0].text, cells[1].text = "a", "71.3"
    word.save(str(folder / "report.docx"))
    [page] = read_pages(tmp_path, ["r"])
    assert page.tables == (Grid("", ("a",), (("71.3",),)),)
    cells[1].text = "71.4"
    word.save(str(folder / "report.docx"))
    with pytest.raises(UsageError, match=r"is not in report\.html"):
        list(read_pages(tmp_path, ["r"]))

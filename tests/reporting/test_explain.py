"""Why this score: the page's arithmetic is worked out again from its own text."""

import ast
import operator
import re

import numpy as np
import pytest
from small_study import ballots_of, make, ratings_of

from toolkit.faults import UsageError
from toolkit.reporting.books import Books
from toolkit.reporting.explain import explain, explanation
from toolkit.reporting.workings import Shown
from toolkit.scoring.scores import score

SUM = re.compile(r"(?<![\w.])([-(]?[(]*\d[-\d.()×+/^ ]*[×+/^-][-\d.()×+/^ ]*) = (-?\d[\d.]*)")
COMPARED = re.compile(r"(-?\d[\d.]*) ([≥<]) (-?\d[\d.]*)")
OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}  # fmt: skip


def worked_out(text):
    """The value of a line of arithmetic, by a calculator that knows + - × / ^ and brackets."""

    def value(node):
        if isinstance(node, ast.BinOp):
            return OPERATORS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.UnaryOp):
            return -value(node.operand)
        return node.value

    return value(ast.parse(text.strip().replace("×", "*").replace("^", "**"), mode="eval").body)


def sums(steps):
    """Every line of arithmetic of a page: what stands before the equals sign, and after it."""
    lines = [line for step in steps for line in step.lines]
    return [found for line in lines for found in SUM.findall(line)]


def check(steps, tolerance):
    """Work out every line and every comparison."""
    found = sums(steps)
    for expression, result in found:
        assert worked_out(expression) == pytest.approx(float(result), abs=tolerance), expression
    for one, sign, other in COMPARED.findall("\n".join(line for step in steps for line in step.lines)):
        assert float(one) >= float(other) if sign == "≥" else float(one) < float(other)
    return len(found)


def test_the_calculator_knows_what_it_is_given():
    assert worked_out("(2 × 100 + 3 × 80) / 5") == 88
    assert worked_out("60 + (-2) + 7.5") == 65.5
    assert SUM.findall("德: (2 × 100 + 3 × 80) / 5 = 88（9 个）") == [("(2 × 100 + 3 × 80) / 5", "88")]
    assert SUM.findall("Base: 60") == []
    assert SUM.findall("Index: 85.3^0.5 × 82.5^0.5 = 83.888") == [("85.3^0.5 × 82.5^0.5", "83.888")]


@pytest.mark.parametrize("turn", ["2026H1", "2026H2", "2026"])
def test_every_page_of_the_demo_adds_up(study, scores, turn):
    ratees = scores.ratees[(scores.ratees["round"] == turn)]
    lines, books = 0, Books.of(study, scores)
    for row in ratees.to_dict("records"):
        steps = explain(books, row["ratee_id"], turn)
        lines += check(steps, 2e-4)
        text = "\n".join(line for step in steps for line in step.lines)
        for key in ("score", "index", "points"):
            # what the page comes to is what the tables hold
            if row["kind"] == "member" and not np.isnan(row[key]) and row["coverage"] > 0:
                number = f"{row[key]:.4f}".rstrip("0").rstrip(".")
                assert re.search(rf"(= |: |→ ){re.escape(number)}(?!\d)", text), (row["ratee_id"], key)
    assert lines > 10 * len(ratees) if turn != "2026" else lines > len(ratees)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_of_a_member_in_words(study, scores, language):
    page = explanation(study, scores, "M0006", "2026H2", language=language)
    heads = {"zh": ("从票数到平均分", "按主体汇总", "积分", "指数", "等次", "星级"),
             "en": ("From votes to means", "Over sources", "Points", "Index", "Grade", "Stars")}[language]  # fmt: skip
    places = [page.index(f"\n\n{head}\n") for head in heads]
    assert places == sorted(places)
    assert not re.search("nan|None", page)


def test_nobody_is_refused_by_name(study, scores):
    with pytest.raises(UsageError, match=r"ratee: 'M9', must be a member, post or rated unit: one of"):
        explanation(study, scores, "M9", "2026H2")
    with pytest.raises(UsageError, match=r"round: '2027', must be one of 2026H1, 2026H2, 2026"):
        explanation(study, scores, "M0001", "2027")


# Rules of counting ---------------------------------------------------------------------------------------------

VOTES = """
scales: {vote: {levels: {A: 100, B: 80, C: 60}, blank: [none]}, score: {low: 0, high: 100}}
sources:
  peer: {weight: 0.6, scale: vote%s}
  leader: {weight: 0.4, scale: score, attributed: true}
"""


def page_of(text, cells, **more):
    study = make(text, ratings_of(cells), **more)
    return study, score(study)


def lines_of(study, scores, ratee="m", **options):
    return [
        line for step in explain(Books.of(study, scores), ratee, "r", language="en", **options) for line in step.lines
    ]


def test_trimmed_votes_are_counted_without_the_ends():
    cells = {("m", "peer", "overall"): ["A", "A", "B", "B", "C", "none"], ("m", "leader", "overall"): [90]}
    study, scores = page_of(VOTES % ", trim: {drop: 1, above: 4}", cells)
    lines = lines_of(study, scores)
    # 100 and 60 are dropped: 100, 80, 80
    assert lines[0] == "peer: (1 × 100 + 2 × 80) / 3 = 86.6667 (without the 1 highest and the 1 lowest of 5) (1 blank)"
    assert "Composite: 0.6 × 86.6667 + 0.4 × 90 = 88" in lines


def test_a_median_and_too_few_raters_are_said_in_words():
    cells = {("m", "peer", "overall"): ["A", "B", "C"], ("m", "leader", "overall"): [90]}
    study, scores = page_of(VOTES % ", average: median", cells)
    assert lines_of(study, scores)[0] == "peer: median of 1 × 100, 1 × 80, 1 × 60: 80"
    study, scores = page_of(VOTES % ", min: 4", cells)
    lines = lines_of(study, scores)
    assert lines[0] == "peer: 3 raters are too few, so the source counts as missing"
    assert lines[-1] == "None: 40% of the weight was seen, 50% must be."
    study, scores = page_of(VOTES % ", min: 4" + "missing: {min_coverage: 0.4}\n", cells)
    assert lines_of(study, scores)[-1] == "Composite: 90 (peer: missing)"


def test_what_the_rule_adjusted_fills_in_stands_in_the_line():
    text = VOTES % "" + "missing: {rule: adjusted, min_coverage: 0.2}\n"
    cells = {(f"k{n}", "peer", "overall"): ["A", "B"] for n in range(5)}  # 90
    cells |= {(f"k{n}", "leader", "overall"): [80] for n in range(5)}  # the leader is 10 below
    cells |= {("m", "peer", "overall"): ["B", "B"]}
    study, scores = page_of(text, cells)
    # the leader is taken to say 80 - 10 = 70: 0.6 x 80 + 0.4 x 70 = 76
    assert "Composite: 0.6 × 80 + 0.4 × 70 = 76 (leader: missing)" in lines_of(study, scores)


def test_ballots_are_counted_like_single_votes():
    text = VOTES.replace("A: 100, B: 80, C: 60", "A: 100, B: 85, C: 70, D: 50") % ""
    study = make(text, ballots=ballots_of({("m", "peer", "overall"): {"A": 21, "B": 7, "C": 1, "D": 1}}))
    lines = lines_of(study, score(study))
    assert lines[0] == "peer: (21 × 100 + 7 × 85 + 1 × 70 + 1 × 50) / 30 = 93.8333"


# What a member's own page may show -----------------------------------------------------------------------------


def test_the_votes_of_few_are_not_counted_up():
    cells = {("m", "peer", "overall"): ["A", "B", "C"], ("m", "leader", "overall"): [90]}
    study, scores = page_of(VOTES % "", cells)
    shown = Shown(sources=frozenset({"peer", "leader"}), min_votes=5, digits=1)
    lines = lines_of(study, scores, shown=shown)
    assert lines[0] == "peer: 3 raters, mean 80"
    assert lines[1] == "leader: 1 × 90 = 90"  # known by name, and told so


def test_a_hidden_source_stands_in_no_line():
    cells = {("m", "peer", "overall"): ["A", "B", "C"], ("m", "leader", "overall"): [90]}
    study, scores = page_of(VOTES % "", cells)
    lines = lines_of(study, scores, shown=Shown(sources=frozenset({"leader"}), digits=1))
    assert not [line for line in lines if line.startswith("peer") or "80" in line]
    assert "Composite: 84, of all sources, some of which are not shown to protect raters" in lines
    lines = lines_of(study, scores, shown=Shown(sources=frozenset({"leader"}), unshown=frozenset({""}), digits=1))
    assert "Composite: not shown to protect raters" in lines
    assert not [line for line in lines if "84" in line]

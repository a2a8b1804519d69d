"""Every row of the worked examples in surveys/README.md is read as it stands there, and computed."""

import re

import pytest
import worked  # noqa: F401  (its modules hold the test of every row)
from worked.table import MANUAL, WORKED, calculated, common, rows, says, sections_of

from toolkit.fields import KINDS
from toolkit.rules import Condition
from toolkit.scheme import Scheme

ROWS = rows()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.rule)
def test_what_a_row_says_in_bold_is_what_comes_of_its_scheme(row):
    assert row.rule in WORKED, f"no test for the row {row.rule!r}: write one in tests/worked"
    values = list(WORKED[row.rule](row))
    assert row.results, "a row says in bold what comes of it"
    assert len(row.results) == len(values), values
    assert all(map(says, row.results, values)), (row.results, values)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.rule)
def test_the_sums_of_a_row_are_right(row):
    for expression, result in row.sums:
        assert says(result, calculated(expression)), f"{expression} = {result}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.rule)
def test_a_fragment_is_one_section_of_a_scheme(row):
    assert row.fragments
    for fragment in row.fragments:
        (section,) = sections_of(fragment)
        assert section in Scheme.model_fields, fragment


def test_every_test_has_its_row_and_every_rule_its_own():
    named = [row.rule for row in ROWS]
    assert sorted(named) == sorted(set(named))
    assert set(WORKED) == set(named)
    assert [part.partition(":")[0] for part in common()] == ["scales", "sources"]


def test_the_reader_of_the_manual_tells_right_from_wrong():
    assert sum(len(row.sums) for row in ROWS) > 60
    assert calculated("(2 × 100 + 3 × 80) / 5") == 88
    assert says("93.8333", 2815 / 30)
    assert not says("93.8334", 2815 / 30)
    assert says("20", 20.0)
    assert not says("20", 20.4)  # a whole number is exact
    assert says("29/90", 29 / 90) is False  # a share must be one
    assert says("none", float("nan"))
    assert says("none", None)
    assert not says("none", 0.0)
    assert not says("80", float("nan"))
    assert not says("redo", "redo and rectify")


# ------------------------------------------------------------------------------------------ lists that are to be whole


def part_of(heading):
    """The text below a heading, up to the next one."""
    return MANUAL.read_text(encoding="utf-8").partition(f"\n{heading}\n")[2].partition("\n##")[0]


def test_the_manual_names_every_section_of_a_scheme_and_every_key():
    text = part_of("## Scheme")
    assert set(re.findall(r"`(\w+):`", text)) == set(Scheme.model_fields)
    keys = {key for part in Scheme.model_json_schema()["$defs"].values() for key in part.get("properties", {})}
    bounds = {"above", "max", "below", "among"}  # of conditions, below
    assert keys - set(re.findall(r"`(\w+)[:`]", text)) <= bounds


def test_the_manual_names_every_quantity_and_every_bound():
    text = part_of("### What rules can ask")
    assert [kind for kind in KINDS if not re.search(rf"^- .*`{kind}[`.]", text, flags=re.MULTILINE)] == []
    assert [key for key in Condition.model_fields if f"`{key}`" not in text] == []

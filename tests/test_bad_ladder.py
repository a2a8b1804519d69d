"""Slips of an office in points, satisfaction, decisions and the sections above the scores: one clear fault for each."""

import pytest

from toolkit.faults import UsageError
from toolkit.record import record_decision, record_evidence

MORE = """\
points:
  base: 40
  carry: 20%
  rules: {help: {points: 3}, crime: {veto: true}}
measures: {hours: {}}
index:
  components: {score: {weight: 0.6}, hours: {of: measure.hours, weight: 0.4}}
grades:
  bands: {A: 90, B: 60, C: 0}
  require: {A: [{of: measure.hours, min: 45}]}
stars: {bands: {2: 80, 1: 0}}
satisfaction:
  scale: vote
  dissatisfied: [不合格]
  panels: {towns: {}, firms: {}}
  topics: {service: {}}
  rules: {redo: {min: 30%}}
conduct:
  remediation: {when: [{of: grade, among: [C]}], evidence: [plan, summary]}
  archive: {A: [form]}
"""
TABLES = {
    "members": "member_id,name,unit_id,category,age\nM1,张三,B1,member,40\nM2,李四,B1,member,\nM3,王五,B2,member,60\n",
    "points": "date,subject_id,rule,quantity\n2026-03-01,M1,help,1\n",
    "satisfaction": "round,subject_id,panel,topic,eligible,优秀,合格,不合格,弃权\n2026H1,B2,towns,service,20,6,5,4,1\n",
    "measures": "round,subject_id,measure,value\n2026H1,M1,hours,50\n",
    "decisions": (
        "round,subject_id,matter,decision,date,decided_by,due,helper\n"
        "2026H1,M1,remediation,order,2026-07-06,meeting,2026-10-04,M2\n"
    ),
    "evidence": "round,subject_id,item,date\n2026H1,M1,plan,2026-07-20\n",
    "replies": "round,subject_id,date,text\n2026H1,M1,2026-07-10,see you\n",
}


@pytest.fixture
def slips(faults_of, plain_scheme):
    """Return a function that reads the study with slips `(file, old, new)`, and gives its faults as text."""

    def read(*changes):
        texts = {"scheme": plain_scheme + MORE, **TABLES}
        for table, old, new in changes:
            assert texts[table].count(old) == 1, (table, old)
            texts[table] = texts[table].replace(old, new)
        return [str(fault) for fault in faults_of(**texts)]

    return read


def test_the_study_that_every_slip_below_changes_has_none(slips):
    assert slips() == []


@pytest.mark.parametrize(
    ("table", "old", "new", "fault"),
    [
        ("points", "2026-03-01", "2026-02-30", "row 2, date: '2026-02-30': .* 2026-06-30 (there is no such day)"),
        ("points", "2026-03-01", "46082", "row 2, date: '46082': .*(46082 is how Excel keeps 2026-03-01; format"),
        ("points", "2026-03-01", "二〇二六年三月一日", "row 2, date: '二〇二六年三月一日': must be a date such as"),
        ("points", "help,1", "help,两", "row 2, quantity: '两': must be a number"),
        ("satisfaction", ",优秀,", ",优,", "row 1, 优: '优': unknown column; .* eligible, 优秀, .* (nearest: 优秀)"),
        ("satisfaction", ",20,6", ",-5,6", "row 2, eligible: '-5': must be a whole number, 0 or more"),
        ("satisfaction", ",20,6", ",15,6", "row 2, eligible: '15': must be at least the answers given: 16"),
        ("decisions", "order", "", "row 2, decision: must not be blank"),
        ("decisions", "meeting", "", "row 2, decided_by: must not be blank"),
        ("decisions", "2026-07-06", "2025-07-06", "row 2, date: '2025-07-06': must not be before round 2026H1 begins"),
        ("decisions", "2026-10-04", "2026-7-5", "row 2, due: '2026-07-05': must not be before the decision"),
        ("decisions", ",M2\n", ",M1\n", "row 2, helper: 'M1': must be somebody else"),
        ("evidence", "plan", "plans", "row 2, item: 'plans': must be a paper that .*(nearest: plan)"),
        ("evidence", "2026-07-20", "2019-07-20", "row 2, date: '2019-07-20': must not be before round 2026H1 begins"),
        ("replies", "2026-07-10", "2016-07-10", "row 2, date: '2016-07-10': must not be before round 2026H1 begins"),
        ("scheme", "{of: measure.hours, min", "{of: measre.hours, min", "A.0.of: 'measre.hours': .*(nearest: measure)"),
        ("scheme", "{A: 90, B: 60, C: 0}", "{A: 60, B: 90, C: 0}", "must stand from the best down, or up; .* B, A, C"),
        ("scheme", "\ngrades:", "\ngradez:", "gradez: 'gradez': unknown key; .* (nearest: grades)"),
        ("scheme", "  base: 40", "  base：40", "row 17: must be YAML: .*a full-width mark stands here"),
        ("scheme", "  base: 40", "\tbase: 40", "row 17: must be YAML: .*indent by blanks, not by tabs"),
        ("scheme", "scale: vote\n  diss", "scale: score\n  diss", "scale: 'score': must be a scale of levels"),
    ],
)  # fmt: skip
def test_a_slip_is_one_fault_with_its_place_and_what_was_meant(slips, table, old, new, fault):
    (found,) = slips((table, old, new))
    assert found.startswith(f"{table}.{'yaml' if table == 'scheme' else 'csv'}, ")
    assert all(part.strip() in found for part in fault.split(".*")), found


def test_a_level_without_a_column_is_told_since_nobody_there_would_seem_dissatisfied(slips):
    cells = "round,subject_id,panel,topic,优秀,2,弃权\n2026H1,B2,towns,service,6,5,1\n"  # 2 is the code of 合格
    (found,) = slips(("satisfaction", TABLES["satisfaction"], cells))
    assert found == "satisfaction.csv, row 1, 不合格: column must be there: a count for every level"


def test_answers_of_another_scale_are_told_once_for_all_rows(slips):
    head = "round,subject_id,panel,topic,优秀,合格,不合格,5\n"
    cells = head + "2026H1,B2,towns,service,1,1,1,2\n2026H1,B2,firms,service,1,1,1,3\n"
    (found,) = slips(("satisfaction", TABLES["satisfaction"], cells))
    assert found.startswith("satisfaction.csv, row 2, 5: '2': must be 0 or blank: an answer about satisfaction must be")
    assert found.endswith("(and 1 more row)")


def test_full_width_digits_in_a_scheme_are_read_as_digits_as_in_tables(slips):
    assert slips(("scheme", "base: 40", "base: ４０"), ("scheme", "carry: 20%", "carry: 20％")) == []


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("{of: measure.hours, min: 45}", "{of: attribute.age, min: 45}", "grades.require.A.0.of"),
        ("{of: measure.hours, weight: 0.4}", "{of: attribute.age, weight: 0.4}", "index.components.hours.of"),
        ("stars: {bands", "stars: {of: attribute.age, bands", "stars.of"),
    ],
)
def test_text_in_an_attribute_that_a_rule_reckons_with_is_a_fault_of_its_cell(slips, old, new, path):
    changes = [("scheme", old, new), ("members", ",60\n", ",六十\n")]
    says = f"must be a number, since {path} asks for attribute.age"
    assert slips(*changes) == [f"members.csv, row 4, age: '六十': {says}"]
    assert slips(changes[0]) == []  # a blank is not known, and no fault


def test_text_in_an_attribute_is_right_where_a_rule_asks_for_one_of_some(slips):
    among = ("scheme", "{of: measure.hours, min: 45}", "{of: attribute.age, among: [六十]}")
    assert slips(among, ("members", ",60\n", ",六十\n")) == []


def test_a_file_of_a_round_without_sections_says_what_it_must_hold(faults_of, plain_scheme):
    scheme = plain_scheme.replace("to: 2026-06-30}", "to: 2026-06-30, scheme: own.yaml}")
    (fault,) = faults_of(scheme=scheme, files={"own.yaml": "# nothing\n"})
    assert str(fault) == "own.yaml, row 1: must be a YAML mapping of the sections that it changes"


def test_ten_slips_at_once_are_ten_faults(slips):
    faults = slips(
        ("scheme", "base: 40", "base: -1"),
        ("scheme", "{of: measure.hours, min", "{of: points.study, min"),
        ("scheme", "redo: {min: 30%}", "redo: {min: 30%, above: 20%}"),
        ("points", "help", "hlep"),
        ("satisfaction", "towns", "town"),
        ("measures", ",50", ",#REF!"),
        ("decisions", "2026-07-06", "2026年13月1日"),
        ("evidence", "plan", ""),
        ("replies", "see you", ""),
        ("members", "M3,王五,B2", "M3,王五,B9"),
    )
    places = [text.split(": ")[0].partition(", row ")[::2] for text in faults]
    assert [(file, where.partition(", ")[2]) for file, where in places] == [
        ("scheme.yaml", "points.base"),
        ("scheme.yaml", "grades.require.A.0.of"),
        ("scheme.yaml", "satisfaction.rules.redo"),
        ("members.csv", "unit_id"),
        ("points.csv", "rule"),
        ("satisfaction.csv", "panel"),
        ("measures.csv", "value"),
        ("decisions.csv", "date"),
        ("evidence.csv", "item"),
        ("replies.csv", "text"),
    ]


def test_what_a_command_writes_can_be_read_again_so_it_refuses_what_reading_refuses(make_study, plain_scheme):
    folder = make_study(scheme=plain_scheme + MORE, **TABLES)
    about = {"subject": "M1", "date": "2025-12-31"}
    with pytest.raises(UsageError, match="date: '2025-12-31', must not be before round 2026H1 begins: 2026-01-01"):
        record_decision(folder, matter="grade", decision="A", by="meeting", **about)
    with pytest.raises(UsageError, match=r"item: 'plans', must be a paper .*nearest: plan"):
        record_evidence(folder, item="plans", **about)

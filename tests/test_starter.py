"""A new study needs nothing but its tables to be filled."""

import json
from pathlib import Path

import jsonschema
import pytest
from openpyxl import load_workbook
from ruamel.yaml import YAML

import toolkit as tk
from toolkit.contract import REQUIRED
from toolkit.rulebook import read_rulebook
from toolkit.starter import TABLES, new_study, scheme_schema, write_schema

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT / "surveys" / "scheme.schema.json"
ROWS = {
    "units": [["B1", "第一支部"]],
    "members": [["M1", "张三", "B1", "cadre"], ["M2", "李四", "B1", "member"]],
    "ratings": [["2026H1", "M1", "superior", "", "virtue", "85"], ["2026H1", "M2", "superior", "", "overall", "85"]],
    "ballots": [["2026H1", "M2", "peer", "overall", "3", "2"]],
}


def test_a_new_study_is_right_once_its_tables_are_filled(tmp_path):
    paths = new_study(tmp_path / "new")
    assert [path.name for path in paths] == ["scheme.yaml", *(f"{table}.csv" for table in TABLES)]
    for table, rows in ROWS.items():
        with (tmp_path / "new" / f"{table}.csv").open("a", encoding="utf-8") as file:
            width = len((tmp_path / "new" / f"{table}.csv").read_text(encoding="utf-8").partition("\n")[0].split(","))
            file.writelines(",".join(row + [""] * (width - len(row))) + "\n" for row in rows)
    study = tk.read_study(tmp_path / "new")
    assert study.members["name"].tolist() == ["张三", "李四"]
    assert tk.score(study).ratees["score"].notna().tolist() == [False, True]  # M1: coverage below the minimum


def test_an_empty_study_says_what_it_lacks(tmp_path):
    new_study(tmp_path / "new")
    with pytest.raises(tk.StudyError) as error:
        tk.read_study(tmp_path / "new")
    assert [fault.file for fault in error.value.faults] == ["units.csv", "members.csv"]


def test_tables_open_rightly_in_excel(tmp_path):
    folder = tmp_path / "new"
    new_study(folder)
    for table in TABLES:
        raw = (folder / f"{table}.csv").read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf" + ",".join(REQUIRED[table]).encode())
        assert b"\r" not in raw
    assert (
        (folder / "ballots.csv")
        .read_text(encoding="utf-8-sig")
        .strip()
        .endswith("优秀,合格,基本合格,不合格,弃权,不了解")
    )


def test_a_workbook_to_fill_in(tmp_path):
    folder = tmp_path / "new"
    assert [path.name for path in new_study(folder, workbook=True)] == ["scheme.yaml", "study.xlsx"]
    book = load_workbook(folder / "study.xlsx")
    assert book.sheetnames == list(TABLES)
    for sheet in book:
        header = [cell.value for cell in sheet[1]]
        assert header[: len(REQUIRED[sheet.title])] == list(REQUIRED[sheet.title])
        assert sheet.freeze_panes == "A2"
        formats = {name: sheet.column_dimensions[sheet.cell(1, place).column_letter].number_format
                   for place, name in enumerate(header, start=1)}  # fmt: skip
        assert all(formats[name] == "@" for name in header if name.endswith("_id") or name == "round")
        assert formats.get("eligible", "General") == formats.get("优秀", "General") == "General"
    for table, rows in ROWS.items():
        for row in rows:
            book[table].append(row)
    book.save(folder / "study.xlsx")
    assert tk.read_study(folder).name == "new"


@pytest.mark.parametrize(("there", "workbook"), [("scheme.yaml", False), ("members.csv", False), ("study.xlsx", True)])
def test_nothing_is_written_over(tmp_path, there, workbook):
    (tmp_path / there).write_text("mine")
    with pytest.raises(FileExistsError, match=f"holds {there} already"):
        new_study(tmp_path, workbook=workbook)
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "mine"


def test_the_starter_names_every_option(tmp_path):
    text = new_study(tmp_path / "new")[0].read_text(encoding="utf-8")
    definitions = scheme_schema()["$defs"].values()
    options = {name for part in definitions for name in part["properties"]} | set(scheme_schema()["properties"])
    assert [name for name in sorted(options) if f"{name}:" not in text] == []


def uncommented(text):
    """The starter with every option in use."""
    live = []
    for line in text.splitlines():
        first = line.split()[1] if line.lstrip().startswith("# ") else ""
        is_option = (first.endswith(":") or first == "-") and first not in {"average:", "cluster:"}
        live.append(line.replace("# ", "", 1) if is_option else line)
    return "\n".join(live)


def test_what_is_commented_out_is_right_too(tmp_path):
    text = uncommented(new_study(tmp_path / "new")[0].read_text(encoding="utf-8"))
    assert text.count("# average") == 1  # it excludes trim
    texts = {"scheme.yaml": text, "scheme-2026H2.yaml": "privacy: {min_raters: 6}\n"}
    schemes, faults = read_rulebook(lambda name: texts[name])
    assert faults == []
    assert list(schemes) == ["2026H1", "2026H2", "2026"]
    assert schemes["2026"].categories["office"].ratee == "unit"
    whole = schemes["2026H2"].model_dump()
    assert [name for name, part in whole.items() if not part] == []
    assert len(whole["points"]["rules"]) == 4


def test_stars_by_clusters_stand_in_place_of_bands(tmp_path):
    text = uncommented(new_study(tmp_path / "new")[0].read_text(encoding="utf-8"))
    cluster = next(line.removeprefix("# ") for line in text.splitlines() if line.startswith("# cluster:"))
    lines = [line for line in text.splitlines() if "stars: {5: 92" not in line]
    text = "\n".join(f"  {cluster}" if line.startswith("  bands: {1: 0") else line for line in lines)
    schemes, faults = read_rulebook({"scheme.yaml": text, "scheme-2026H2.yaml": "first: source\n"}.__getitem__)
    assert faults == []
    assert schemes["2026H1"].stars.names == ["1", "2", "3", "4", "5"]


def test_the_schema_is_named_where_there_is_one(tmp_path):
    first = new_study(tmp_path / "plain")[0].read_text(encoding="utf-8")
    assert "$schema" not in first
    write_schema(tmp_path / "scheme.schema.json")
    second = new_study(tmp_path / "other")[0].read_text(encoding="utf-8")
    assert second == "# yaml-language-server: $schema=../scheme.schema.json\n" + first


def test_the_committed_schema_is_current(tmp_path):
    assert SCHEMA.read_bytes() == write_schema(tmp_path / "schema.json").read_bytes()
    assert b"\r" not in SCHEMA.read_bytes()


def test_schemes_follow_the_schema(tmp_path, plain_scheme):
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    starter = new_study(tmp_path / "new")[0].read_text(encoding="utf-8")
    demo = [path.read_text(encoding="utf-8") for path in (ROOT / "surveys" / "demo").glob("scheme*.yaml")]
    assert len(demo) >= 2

    def as_json(text):
        document = YAML(typ="safe").load(text)
        return json.loads(json.dumps(document, default=str))

    for text in (starter, plain_scheme, *demo):
        assert list(validator.iter_errors(as_json(text))) == []
    for wrong in ("titel: t", "sources: {a: {weight: -1}}", "missing: {rule: guess}", "sources: {a: {weight: 1 / x}}"):
        assert list(validator.iter_errors(as_json(wrong)))

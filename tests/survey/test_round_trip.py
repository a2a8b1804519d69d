"""From a scheme to a questionnaire, to answers as a platform exports them, to the same scores as without all that."""

import shutil

import layouts
import pandas as pd
import pytest

import toolkit as tk
from toolkit.survey.forms import write_form
from toolkit.survey.intake import import_answers
from toolkit.survey.mapping import Mapping
from toolkit.survey.questionnaire import draft

KEY = b"a key of the tests, long enough"


@pytest.fixture
def emptied(small_town, tmp_path):
    """The scores of a study, the same study without the ratings of one of its units, and these, by source."""
    original, ratings = small_town
    folder = tmp_path / "town"
    shutil.copytree(original, folder)
    gone = ratings["ratee_id"].isin(["M1", "M2", "M3", "M4", "党员-5"])
    ratings[~gone].to_csv(folder / "ratings.csv", index=False)
    return tk.score(tk.read_study(original)), folder, "B1", dict(list(ratings[gone].groupby("source", sort=False)))


EXPORTS = {
    "wjx": lambda sheet, path: layouts.xlsx(path.with_suffix(".xlsx"), layouts.wjx_rows(sheet)),
    "wjx codes": lambda sheet, path: layouts.text(
        path.with_suffix(".csv"),
        layouts.wjx_rows(sheet, of=layouts.place_of(sheet.form), empty="-3"),
        encoding="gb18030",
    ),
    "txwj": lambda sheet, path: layouts.text(path.with_suffix(".csv"), layouts.txwj_rows(sheet)),
    "kobo": lambda sheet, path: layouts.text(path.with_suffix(".csv"), layouts.kobo_rows(sheet), delimiter=";"),
    "kobo labels": lambda sheet, path: layouts.xlsx(
        path.with_suffix(".xlsx"), layouts.kobo_rows(sheet, of=layouts.label)
    ),
    "odk": lambda sheet, path: layouts.text(
        path.with_suffix(".csv"), layouts.kobo_rows(sheet, mark="-", last=("KEY",))
    ),
    "limesurvey": lambda sheet, path: layouts.text(path.with_suffix(".csv"), layouts.limesurvey_rows(sheet)),
    "limesurvey texts": lambda sheet, path: layouts.xlsx(
        path.with_suffix(".xlsx"), layouts.limesurvey_rows(sheet, of=layouts.label, texts=True)
    ),
    "spss": lambda sheet, path: layouts.sav(path.with_suffix(".sav"), sheet),
    "table": lambda sheet, path: layouts.xlsx(path.with_suffix(".xlsx"), layouts.table_rows(sheet)),
}
"""Each platform's file; of some platforms two kinds, by texts and by codes."""


def mapping_of(platform, form):
    if platform != "table":
        return None
    indicators = {question.indicator for block in form.blocks for question in block.questions}
    columns = {f"指标 {name}": name for name in indicators}
    return Mapping(id="工号", ratee="被评人", columns=columns, drop=["手机"])


@pytest.mark.parametrize("platform", EXPORTS)
def test_the_same_scores_to_the_last_digit(platform, emptied, tmp_path):
    wanted, folder, unit, parts = emptied
    study = tk.read_study(folder)
    assert set(parts) == set(study.scheme.leaf_sources)
    for source, ratings in parts.items():
        form = draft(study, source, unit)
        write_form(folder, form)
        sheet = layouts.Sheet(form, ratings)
        path = EXPORTS[platform](sheet, tmp_path / source)
        about = {"source": source, "unit": unit, "mapping": mapping_of(platform, form)}
        came = import_answers(folder, tk.read_study(folder), path, platform.split()[0], key=KEY, **about)
        assert came.refused == {}
        assert came.headings.unmatched == came.headings.absent == []
        assert came.taken == came.read == len(ratings)
    again = import_answers(folder, tk.read_study(folder), path, platform.split()[0], key=KEY, **about)
    assert (again.taken, again.written) == (0, [])
    assert again.refused == {"is there already": len(ratings)}
    found = tk.score(tk.read_study(folder))
    for name in ("cells", "sources", "indicators", "ratees"):
        pd.testing.assert_frame_equal(getattr(found, name), getattr(wanted, name), check_exact=True)


def test_no_name_comes_into_the_study(emptied, tmp_path):
    """Neither addresses and nicknames nor the running numbers of submissions."""
    _, folder, unit, parts = emptied
    study = tk.read_study(folder)
    form = draft(study, "peer", unit)
    write_form(folder, form)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    path = EXPORTS["txwj"](layouts.Sheet(form, parts["peer"]), tmp_path / "小明的导出")
    came = import_answers(folder, study, path, "txwj", key=KEY)
    assert {"用户标识", "昵称", "地理位置省"} <= set(came.headings.personal)
    added = b"".join(
        file.read_bytes()[len(before.get(file, b"")) :] for file in folder.rglob("*") if file.is_file()
    ).decode("utf-8-sig")
    assert "openid" not in added
    assert "小明" not in added
    raters = pd.read_csv(folder / "ratings.csv", dtype=str)["rater_id"].dropna()
    fresh = raters[raters.str.startswith("r")]
    assert fresh.str.fullmatch("r[0-9a-f]{16}").all()
    assert fresh.nunique() == parts["peer"]["rater_id"].nunique()


def test_what_comes_later_is_added(emptied, tmp_path):
    """An export of the first days, and one of all days, which holds the former."""
    _, folder, unit, parts = emptied
    study = tk.read_study(folder)
    form = draft(study, "public", unit)
    write_form(folder, form)
    rows = list(layouts.wjx_rows(layouts.Sheet(form, parts["public"])))
    early = layouts.xlsx(tmp_path / "early.xlsx", rows[:4])
    late = layouts.xlsx(tmp_path / "late.xlsx", rows)
    first = import_answers(folder, study, early, "wjx", key=KEY)
    then = import_answers(folder, tk.read_study(folder), late, "wjx", key=KEY)
    assert first.taken + then.taken == len(parts["public"])
    assert then.refused == {"is there already": first.taken}
    log = (folder / "imports" / "log.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(log) == 3

"""The page on experiments: its figures, sentences and tables, of a small study and of none."""

import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

import toolkit as tk
from toolkit.faults import UsageError
from toolkit.reporting import experiment, experiment_plots, findings
from toolkit.reporting.chart import WIDTH
from toolkit.reporting.trial import read_plan, try_out
from toolkit.reporting.trial_run import place, unit_of
from toolkit.simulate import simulate, write
from toolkit.voices import read_voices

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SVG = "{http://www.w3.org/2000/svg}"
PLAN = """\
sweep: [{source: public}]
variants:
  louder: {label: {zh: 群众<六成>, en: "*Loud*"}, sources: {public: 0.6}}
  first: {first: source}
robustness: {draws: 40, weights: order, order: [superior, public], raters: 30, seed: 3}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    write(simulate(units=2, members=24, seed=1), folder)
    (folder / "experiments.yaml").write_text(PLAN, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def study(folder):
    return tk.read_study(folder)


@pytest.fixture(scope="module")
def trials(study, folder):
    made = try_out(study, read_plan(folder, study), "en", voices=read_voices(folder, study))
    return {"en": made, "zh": replace(made, language="zh")}


@pytest.fixture(params=["en", "zh"])
def view(trials, request):
    return trials[request.param]


@pytest.fixture(scope="module")
def bare(trials):
    """A trial that asked for nothing."""
    plan = trials["en"].plan.model_copy(update={"variants": {}, "sweep": [], "robustness": None})
    nothing = trials["en"].carried.iloc[:0]
    return replace(trials["en"], plan=plan, comparisons=(), sweeps=(), robustness=None, noise=None, carried=nothing)


def texts(plot):
    return ["".join(element.itertext()) for element in ET.fromstring(plot.svg).iter(f"{SVG}text")]  # noqa: S314


def figures(view):
    made = [*experiment_plots.slopes(view).plots, *experiment_plots.drifts(view).plots, experiment_plots.tenths(view)]
    assert len(made) == 4
    return made


# ----------------------------------------------------------------------------------------------------------- figures


def test_figures_are_svg_and_say_in_words_what_they_show(view):
    for plot in figures(view):
        root = ET.fromstring(plot.svg)  # noqa: S314
        assert root.get("width") == f"{WIDTH:g}pt"
        assert root.get("font-family").startswith("Noto Sans SC, ")
        assert plot.alt.startswith(plot.caption)
        assert len(plot.alt) > len(plot.caption)
        assert len(plot.svg) < 60_000


def test_a_slope_names_only_those_who_move(trials):
    (found, _) = trials["en"].comparisons
    plot = experiment_plots.slope(trials["en"], found)
    told = [text for text in texts(plot) if "↑" in text or "↓" in text]
    moved = found.shift[found.shift != 0]
    assert len(told) == min(len(moved), experiment_plots.NAMED)
    names = found.everybody["name"][moved.index]
    assert all(any(name in text for name in names) for text in told)
    step = moved.abs().max()
    assert any(text.endswith(f"{step:.0f}") for text in told)


def test_a_slope_of_nobody_who_moves_is_none(trials):
    (found, _) = trials["en"].comparisons
    same = found.everybody.assign(rank=found.everybody["rank_before"], score=found.everybody["score_before"])
    assert experiment_plots.slope(trials["en"], replace(found, everybody=same)) is None


def test_a_drift_marks_the_present_weight_and_begins_there_with_nobody(trials):
    view = trials["en"]
    plot = experiment_plots.drift(view, view.plan.sweep[0], view.sweeps[0])
    now = view.sweeps[0].now
    assert f"now {100 * now:g}%" in texts(plot)
    assert {"0%", "50%", "100%"} <= set(texts(plot))
    assert f"Another grade than now, {100 * now:g}%: 0" in plot.alt


def test_a_drift_without_grades_and_stars_is_none(trials):
    view = trials["en"]
    scheme = view.model.scheme.model_copy(update={"grades": None, "stars": None})
    plain = replace(view, model=replace(view.model, scheme=scheme))
    assert experiment_plots.drift(plain, view.plan.sweep[0], view.sweeps[0]) is None
    assert experiment_plots.drifts(plain).plots == ()


def test_a_band_shows_what_redrawn_raters_alone_would_change():
    chart = experiment_plots.Drift("weight", 12, ["high"])
    before = len(chart._parts)
    chart.band(2, 6, "#9e1b1b", "raters alone")
    (box, text) = chart._parts[before:]
    assert 'fill-opacity="0.13"' in box
    assert "raters alone" in text


def test_curves_are_told_apart_by_their_marks():
    """3 from a weight of 0% and 5 from 50%: five marks on either height, circles on one curve, squares on the other."""
    chart = experiment_plots.Drift("weight", 12, ["high"])
    shapes = set()
    for about, shape in experiment_plots.SHAPES.items():
        chart.stairs([0, 50], [3, 5], experiment_plots.HUES[about], about, shape)
        starts, outlines = zip(*(mark.get("d").split("m") for mark in ET.fromstring(chart._parts[-1])), strict=True)  # noqa: S314
        heights = [float(start.split()[1]) for start in starts]
        assert heights == pytest.approx([chart.count.at(3)] * 5 + [chart.count.at(5)] * 5, abs=0.01)
        shapes |= set(outlines)
    assert len(shapes) == 2
    assert [mark for _name, mark, _colour in chart._key] == ["circle", "square"]


def test_tenths_are_shaded_by_fifths(trials):
    view = trials["en"]
    ids = view.tenths.index[:3]
    cells = [(ratee, "", best, share) for ratee, upto in zip(ids, [(1, 1), (0.2, 1), (0, 0)], strict=True)
             for best, share in zip((1, 2), upto, strict=True)]  # fmt: skip
    table = pd.DataFrame(cells, columns=["ratee_id", "within", "best", "share"])
    plot = experiment_plots.tenths(replace(view, robustness=replace(view.robustness, acceptability=table)))
    root = ET.fromstring(plot.svg)  # noqa: S314
    boxes = {path.get("fill"): path.get("d").count("M") for path in root.iter(f"{SVG}path") if "H" in path.get("d")}
    assert [boxes.get(shade, 0) for shade in experiment_plots.SHADES] == [1, 0, 0, 1, 1]


def test_the_heat_of_many_stays_small():
    chart = experiment_plots.Heat([f"member {number}" for number in range(10_000)], list("abcdefghij"))
    assert chart.height < 10_000
    told = "".join(chart._parts).count("member")
    assert 100 < told < 1000


# --------------------------------------------------------------------------------------------------------- sentences


def test_the_page_says_for_whom_it_is(view):
    told = findings.title(view).markdown
    assert ("Not for handing round" if view.language == "en" else "请勿传阅") in told


def test_a_variant_is_a_sentence_and_its_label_is_no_markup(view):
    lines = findings.variants(view).markdown.split("\n")
    assert len(lines) == 2
    assert "60%" in lines[0]
    found = view.comparisons[0]
    assert str(found.differ("grade")[0]) in lines[0]
    assert "first" in lines[1]


def test_a_sweep_tells_how_many_stand(trials):
    view = trials["en"]
    told = findings.sweeps(view).markdown
    standing = view.standing(view.sweeps[0], "grade")
    ever = standing["nearest"].isna().sum()
    assert f"of {len(standing)} members keep their grade, and {ever} at any weight" in told


def test_draws_say_how_they_were_made(view):
    assert "≥" in findings.draws(view).markdown
    assert "40" in findings.draws(view).markdown


def test_raters_alone_are_told_beside_the_variants(view):
    mean, low, high = view.floor["grade"]
    assert f"{mean:.0f}" in findings.raters(view).markdown
    assert f"{low:.0f}–{high:.0f}" in findings.raters(view).markdown


def test_what_was_not_asked_is_not_told(bare):
    told = [findings.variants, findings.sweeps, findings.draws, findings.weights, findings.raters]
    shown = [experiment.comparison, experiment.moves, experiment.people, experiment.nearest]
    more = [experiment.carried, experiment.carried_by, experiment_plots.tenths]
    assert [tell(bare) for tell in told + shown + more] == [None] * 12
    assert experiment_plots.slopes(bare).plots == experiment_plots.drifts(bare).plots == ()


# ------------------------------------------------------------------------------------------------------------ tables


def test_tables_have_a_row_for_each_variant(view):
    assert [row[0] for row in experiment.comparison(view).rows] == [view.variant(name) for name in view.plan.variants]
    assert len(experiment.carried_by(view).rows) == 1 + len(view.comparisons)


def test_whoever_differs_is_listed_once(view):
    table = experiment.people(view)
    assert len(table.rows) == len(view.changed)
    names = view.model.quantities["name"]
    assert sorted(row[0] for row in table.rows) == sorted(names[list(view.changed)])


def test_moves_add_up_to_what_differs(trials):
    view = trials["en"]
    found = view.comparisons[0]
    row = next(row for row in experiment.moves(view).rows if row[0] == view.variant("louder"))
    counted = sum(int(part.partition(":")[0]) for part in row[1].split("; ") if part)
    assert counted == found.differ("grade")[0]


def test_shares_are_printed_beside_weights(trials):
    rows = {row[0]: row[1:] for row in experiment.carried(trials["en"]).rows}
    own = trials["en"].carried.set_index("name")
    label = trials["en"].label("public")
    assert rows[label][0] == f"{100 * own.at['public', 'nominal']:.1f}%"
    assert rows[label][2] == f"{100 * own.at['public', 'carried']:.1f}%"


# ------------------------------------------------------------------------------------------------------------- a run


def test_the_run_knows_when_what_it_reads_has_changed(study, folder, tmp_path):
    moved = shutil.copytree(folder, tmp_path / "small")
    plan = read_plan(moved, study)
    out = place(tmp_path / "out", study, plan)
    assert out.name == f"{study.round}.weighting_experiment"
    first = unit_of(moved, study, plan, out, notebooks=NOTEBOOKS)
    assert first.parameters["language"] == "zh"
    (moved / "experiments.yaml").write_text(PLAN.replace("0.6", "0.7"), encoding="utf-8")
    second = unit_of(moved, study, plan, out, notebooks=NOTEBOOKS)
    assert first.key("") != second.key("")
    with pytest.raises(UsageError, match="language"):
        unit_of(moved, study, plan, out, notebooks=NOTEBOOKS, language="fr")

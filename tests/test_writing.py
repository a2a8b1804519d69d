"""What is written of a scheme is read as the same."""

import re
from fractions import Fraction
from pathlib import Path

import pytest

import toolkit as tk
from toolkit.faults import UsageError
from toolkit.rulebook import read_rulebook
from toolkit.rulebook.writing import replace_sections, write_sections

SURVEYS = Path(__file__).parents[1] / "surveys"
SECTIONS = ["sources:", "indicators:", "categories:"]


def copy_of(folder, target, **files):
    """The tables and schemes of a study, some schemes replaced."""
    target.mkdir()
    for path in sorted(SURVEYS.joinpath(folder).iterdir()):
        if path.suffix in {".csv", ".yaml"}:
            (target / path.name).write_bytes(path.read_bytes())
    for name, text in files.items():
        (target / f"{name}.yaml").write_text(text, encoding="utf-8")
    return target


def weights_of(scheme):
    return {name: (scheme.source_weights(name), scheme.indicator_weights(name)) for name in (None, *scheme.categories)}


@pytest.mark.parametrize(
    "changes",
    [
        {"public": 0.5},
        {"public": "1/3", "leader": 0.25, "indicators": {"virtue": 0.3, "service": "2/7"}},
        {"public": 0.123456789, "along": "odds"},
    ],
)
def test_a_reweighted_scheme_becomes_the_file_of_a_round(tmp_path, changes):
    before = tk.read_study(SURVEYS / "demo").schemes["2026H2"]
    reweighted = before.reweighted(**changes)
    folder = copy_of("demo", tmp_path / "copy", **{"scheme-2026H2": write_sections(reweighted)})
    after = tk.read_study(folder).schemes["2026H2"]
    assert weights_of(after) == weights_of(reweighted)
    assert (after.sources, after.indicators, after.categories) == (
        reweighted.sources,
        reweighted.indicators,
        reweighted.categories,
    )


@pytest.mark.parametrize("name", ["demo", "village", "office"])
def test_sections_pasted_into_the_scheme_say_the_same(name):
    text = (SURVEYS / name / "scheme.yaml").read_text(encoding="utf-8")
    before = read_rulebook(lambda _: text)[0]
    first = next(scheme for label, scheme in before.items() if not scheme.rounds[label].scheme)
    kept = [part for part in re.split(r"^(?=\w+:)", text, flags=re.MULTILINE) if not part.startswith(tuple(SECTIONS))]
    pasted = "".join(kept) + write_sections(first)
    after, faults = read_rulebook(lambda file: pasted if file == "scheme.yaml" else "title: t")
    assert not faults
    again = next(scheme for label, scheme in after.items() if not scheme.rounds[label].scheme)
    for section in ("sources", "indicators", "categories", "missing"):
        assert getattr(again, section) == getattr(first, section)


def test_a_weight_is_written_as_exactly_what_it_is():
    scheme = tk.read_study(SURVEYS / "demo").scheme.reweighted(public="1/3")
    text = write_sections(scheme, ["sources"])
    assert "weight: 1/3" in text
    assert "leader: {" not in text
    assert text.startswith("sources:\n")
    assert "indicators" not in text
    assert "weight: 0\n" in text
    assert scheme.source_weights()["public"] == Fraction(1, 3)


@pytest.mark.parametrize(("name", "turn"), [("demo", "2026H2"), ("demo", "2026H1"), ("village", "2026H2")])
def test_sections_take_the_place_of_those_in_the_file_of_a_round(tmp_path, name, turn):
    before = tk.read_study(SURVEYS / name)
    scheme = before.schemes[turn]
    file = scheme.rounds[turn].scheme
    text = (SURVEYS / name / file).read_text(encoding="utf-8") if file else ""
    first = scheme.source_tree.names[1]
    reweighted = scheme.reweighted({first: "1/7"})
    written = replace_sections(text, reweighted)
    folder = copy_of(name, tmp_path / "copy", explored=written)
    main = folder / "scheme.yaml"
    old, new = (
        (f"scheme: {file}", "scheme: explored.yaml") if file else (f"{turn}: {{", f"{turn}: {{scheme: explored.yaml, ")
    )
    main.write_text(main.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    after = tk.read_study(folder).schemes[turn]
    assert after.rounds[turn].scheme == "explored.yaml"
    assert weights_of(after) == weights_of(reweighted)
    ignored = {"rounds"}
    for section in type(after).model_fields.keys() - ignored:
        assert getattr(after, section) == getattr(reweighted, section), section


def test_what_is_not_replaced_stays_as_it_is_written():
    text = (
        "# why\nmissing: {rule: fail} # all\n\n# who\nsources:\n  a: {weight: 1, scale: s}\n\n# how\nfirst:   source\n"
    )
    scheme = tk.read_study(SURVEYS / "demo").scheme
    parts = replace_sections(text, scheme).split(write_sections(scheme, ["sources"]))
    assert parts[0] == "# why\nmissing: {rule: fail} # all\n\n# who\n"
    assert parts[1] == "\n# how\nfirst:   source\n" + write_sections(scheme, ["indicators", "categories"])
    assert replace_sections("first: source", scheme, []) == "first: source\n"


@pytest.mark.parametrize("text", ["{first: source}", "- first", "source"])
def test_a_file_without_sections_is_refused(text):
    with pytest.raises(UsageError, match="must hold its sections one below the other"):
        replace_sections(text, tk.read_study(SURVEYS / "village").scheme)

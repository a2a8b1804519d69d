"""Targets, role models and layers of criteria."""

from small_study import make

from toolkit.conduct.criteria import merge
from toolkit.scoring.scores import score
from worked.cases import booked, events, marked, measured, member, of
from worked.table import rule

STEEL = [{"unit_id": "U"}, {"unit_id": "V", "industry": "steel"}]


@rule("Target in force")
def in_force(row):
    people = [member("m00"), member("m01", category="office"), member("m02", "V", "office")]
    found = score(make(row.text(), members=people, units=STEEL)).attainment
    aims = {name: [of(found, who, name)["target"] for who in ("m00", "m01", "m02")] for name in ("H1", "H2")}
    return [*aims["H1"], aims["H2"][0], of(found, "m00", "H2")["since"], *aims["H2"][1:]]


@rule("Gap and attainment")
def gap(row):
    rows = [("help", number, "2026-03-02", who) for number, who in zip(row.given, ("m00", "m01"), strict=True)]
    found = booked(row.text(), *rows, members=[member("m00"), member("m01")]).attainment
    aims = [of(found, who) for who in ("m00", "m01")]
    return [cell for aim in aims for cell in (aim["gap"], aim["attainment"], "yes" if aim["met"] else "no")]


@rule("Role model")
def model(row):
    _, found = marked(row, *row.given[::2], measures=measured(*row.given[1::2]))
    models = found.models
    assert models["ratee_id"].tolist() == ["m00", "m00"]
    (standard,) = models["standard"].unique()
    return [standard, *(cell for line in models[["value", "bound"]].to_numpy().tolist() for cell in line)]


@rule("Layers")
def layers(row):
    words = {
        ("own", "study"): "own",
        ("constitution", "study"): "constitution",
        ("constitution", "faith"): "constitution",
    }
    criteria = [{"layer": layer, "criterion": name, "text": text} for (layer, name), text in words.items()]
    study = make(row.text(), members=[member("m00")], criteria=criteria, points=events())
    found = merge(study, "U", study.schemes["r"]).set_index("criterion")
    assert found.loc["faith", "origin"] == found.loc["faith", "text"]
    return [found.loc["study", "text"], found.loc["study", "origin"], found.loc["faith", "origin"]]

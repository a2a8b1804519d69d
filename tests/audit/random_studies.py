"""Small studies drawn at random, all their reports as a reader sees them, and a suppressor that hides few alone.

The reports are the notebooks' own cells, run in this process: what they show are the tables and sentences of the pages.
"""

import csv
import json
import re
from functools import cache
from io import StringIO
from pathlib import Path

import numpy as np
from small_study import make

import toolkit as tk
from toolkit.audit.bounds import Claim
from toolkit.audit.claims import HALF
from toolkit.audit.pages import Grid, Page
from toolkit.reporting.compare import compare
from toolkit.reporting.cutting import cut
from toolkit.reporting.export import unit_scores
from toolkit.reporting.prose import Text
from toolkit.reporting.sheets import Sheets
from toolkit.reporting.table import Table
from toolkit.scheme import SELF
from toolkit.scoring.scores import score

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SCALES = "scales: {vote: {levels: {a: 100, b: 80, c: 60, d: 0}}, star: {low: 1, high: 5}, mark: {low: 0, high: 100}}\n"
LEVELS = ("a", "b", "c", "d")
LEAVES = ("virtue", "results", "clean")


def draw(seed):
    """A study of two branches of a parent: superiors, peers, public, at times a panel; one round, or two and a year."""
    rng = np.random.default_rng(seed)
    leaves = LEAVES[: rng.integers(1, 4)]
    panel = rng.random() < 0.4
    least = int(rng.integers(3, 6))
    weights = [3, 4, 3] if not panel else [2, 3, 3, 2]
    names = ["superior", "peer", "public", "panel"][: len(weights)]
    scales = {"superior": "mark, attributed: true", "peer": "vote", "public": "star", "panel": "vote"}
    sources = "".join(
        f"  {name}: {{weight: 0.{w}, scale: {scales[name]}}}\n" for name, w in zip(names, weights, strict=True)
    )
    asked = {leaf: [name for name in names if name != "public" or leaf != "clean"] for leaf in leaves}
    shares = {1: ["1"], 2: ["0.6", "0.4"], 3: ["0.5", "0.3", "0.2"]}[len(leaves)]
    indicators = "".join(
        f"  {leaf}: {{weight: {share}, sources: [{', '.join(asked[leaf])}]}}\n"
        for leaf, share in zip(leaves, shares, strict=True)
    )
    turns = ["r"] if rng.random() < 0.7 else ["r", "q"]
    rounds = "rounds: {r: {from: 2026-01-01, to: 2026-06-30}"
    if len(turns) > 1:
        rounds += ", q: {from: 2026-07-01, to: 2026-12-31}, y: {combine: {r: 0.4, q: 0.6}}"
    scheme = f"language: en\n{rounds}}}\n{SCALES}sources:\n{sources}indicators:\n{indicators}"
    scheme += f"first: {rng.choice(['indicator', 'source'])}\nmissing: {{min_coverage: 0.3}}\n"
    scheme += "grades: {bands: {good: 80, fair: 60, poor: 0}}\n"
    scheme += f"privacy: {{min_raters: {least}, min_votes: {least + 5}}}\n"
    members, rows = [], []
    for unit in "AB":
        for place in range(int(rng.integers(3, 6))):
            member = f"{unit}{place}"
            members.append({"member_id": member, "name": f"name of {member}", "unit_id": unit})
    for turn in turns:
        for member in (row["member_id"] for row in members):
            rows += _ratings(rng, turn, member, asked, names)
    units = [{"unit_id": "P", "name": "Parent"}] + [
        {"unit_id": unit, "name": f"Branch {unit}", "parent_id": "P"} for unit in "AB"
    ]
    study = make(scheme, rows, members=members, units=units)
    return study, score(study)


def _ratings(rng, turn, member, asked, names):
    """Everybody's peers are many, and of the public and the panel few or none have rated some."""
    spread = {"superior": [1], "peer": [4, 5, 6, 7, 8], "public": [0, 1, 2, 3, 4, 6, 9, 12], "panel": [2, 3, 6, 8]}
    skew = rng.dirichlet([4, 2, 1, 0.5])
    for source in names:
        n = int(rng.choice(spread[source]))
        for leaf, sources in asked.items():
            for rater in range(n if source in sources else 0):
                level = int(rng.choice(4, p=skew))
                value = {"superior": str(rng.integers(55, 101)), "public": str(5 - level)}.get(source, LEVELS[level])
                yield turn, member, source, f"{member}{source}{rater}", leaf, value


@cache
def _cells(notebook):
    """The cells of a notebook that show something, as code."""
    found = json.loads((NOTEBOOKS / f"{notebook}.ipynb").read_text(encoding="utf-8"))
    sources = ["".join(cell["source"]) for cell in found["cells"] if cell["cell_type"] == "code"]
    told = re.compile(r"tk\.(?!plots)\w+\.\w+\((view|sheet)")  # figures draw what tables say
    return [compile(text, notebook, "eval") for text in sources if told.match(text)]


def page_of(notebook, view, turn, name, *, scores=""):
    """What a notebook shows of a view."""
    tables, lines = [], []
    for code in _cells(notebook):
        shown = eval(code, {"tk": tk, "view": view, "sheet": view})  # noqa: S307  (our own notebooks)
        if isinstance(shown, Table):
            rows = tuple(tuple(" ".join(cell.split()) for cell in row) for row in shown.rows)
            tables.append(Grid(shown.caption, tuple(title for title, _ in shown.columns), rows))
        elif isinstance(shown, Text):
            texts = (line.removeprefix("- ").replace("\\", "") for line in shown.markdown.split("\n"))
            lines += [" ".join(text.split()) for text in texts if text]
    kind = "" if notebook in {"unit_report", "overview"} else notebook
    beside = tuple(csv.DictReader(StringIO(scores)))
    return Page(f"{turn}.{kind}/{name}", turn, kind, name, tuple(tables), tuple(lines), beside)


def pages(study, scores):
    """Every report of every round of a study: units, overview, members, comparisons and notices."""
    for turn in study.schemes:
        sheets = Sheets(study, scores, turn, "en")
        for unit in ["", *study.units["unit_id"]]:
            view = cut(study, scores, unit, turn, "en")
            yield page_of(
                "unit_report" if unit else "overview", view, turn, unit or "overview", scores=unit_scores(view)
            )
            if unit:
                yield page_of("change", compare(study, scores, unit, turn, language="en"), turn, unit)
                yield page_of("public_notice", view, turn, unit)
        for member in study.members["member_id"]:
            yield page_of("member_feedback", sheets.cut(member), turn, member)


def naive(study, scores, ground):
    """Claims of a suppressor that prints all but what fewer than `min_raters` have given."""
    for frame, key, of in ((scores.table, "ratee_id", ground.of_ratee), (scores.units, "unit_id", ground.of_unit)):
        for row in frame[frame["score"].notna() & (frame["source"] != SELF)].to_dict("records"):
            turn = study.schemes[row["round"]]
            source = turn.leaf_sources.get(row["source"])
            n = row["n"] if key == "ratee_id" else row["raters"]
            if source is None or source.attributed or n >= turn.privacy.min_raters:
                made = of(row["round"], row[key], row["source"], row["indicator"])
                value = round(row["score"], 1)
                yield Claim(made, value - HALF, value + HALF, f"{row['round']} {row[key]}")


def share_hidden(scores, shown):
    """Share of the means of a member by one source, and of all sources, that no sheet shows, in plain rounds.

    `shown` tells, for a row of the scores, whether it is.
    """
    rows = scores.table[scores.table["score"].notna() & (scores.table["source"] != SELF)].to_dict("records")
    told = [bool(shown(row)) for row in rows if row["round"] in {"r", "q"}]
    return told.count(False), len(told)

"""Research on weights, at ten thousand members: what it costs in units of one sort, beside programs that do the same.

    python benchmarks/weighting.py                       # every part
    python benchmarks/weighting.py --part acceptability

The unit U is the CPU seconds of `np.sort` on 1,000 x 10,000 numbers, measured in the same run. Every way runs in a
process of its own; CPU seconds are those of all its threads, memory is what Python and NumPy allocate, traced in
another run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import tracemalloc
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scale import INDICATORS, SOURCES, make

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from toolkit.weighting.model import Model

MEMBERS = 10_000
PER_UNIT = 50
DRAWS = 1_000
BEST = (1, 3, 10)
DECILES = (*BEST, *range(1_000, 10_000, 1_000))
RUNS = 5

# ----------------------------------------------------------------------------------------------------------- the round


def round_of_arrays(members: int = MEMBERS, *, lacking: float = 0, **sections: Any) -> Model:
    """A round without files: members, 4 sources, 5 dimensions; a share of the sources may be missing."""
    from scipy.sparse import csr_array

    from toolkit.scheme import Scheme
    from toolkit.scoring.conditions import REASONS
    from toolkit.weighting.model import Model

    rng = np.random.default_rng(2026)
    shape = (members, len(SOURCES), len(INDICATORS))
    value = np.clip(rng.normal(75, 8, (members, 1, 1)) + rng.normal(0, 10, shape), 0, 100)
    value[rng.random(shape[:2]) < lacking] = np.nan
    rules = {
        **sections,
        "title": "Benchmark",
        "rounds": {"r": {}},
        "scales": {"points": {"low": 0, "high": 100}},
        "sources": {name: {"weight": weight, "scale": "points"} for name, weight in SOURCES.items()},
        "indicators": {name: {"weight": weight} for name, weight in INDICATORS.items()},
    }
    ids = pd.Index([f"M{number:05}" for number in range(members)])
    columns = {"kind": "member", "exempt": False, "category": "", "unit_id": np.arange(members) // PER_UNIT}
    columns |= {"grade": None, "stars": np.nan}
    each = np.arange(members)
    return Model(
        study=None,
        name="r",
        scheme=Scheme.model_validate(rules),
        quantities=pd.DataFrame(columns, index=ids),
        value=value,
        categories=("",),
        kind=np.zeros(members, dtype=np.intp),
        groups=np.zeros(members, dtype=np.intp),
        share=csr_array((np.ones(members), (each, each)), shape=(members, members)),
        reasons=pd.DataFrame(columns=REASONS),
        cuts_before={},
    )


def seconds(work: Callable[[], Any], runs: int = RUNS) -> float:
    """CPU seconds of the median run; the first, which warms caches, does not count."""
    work()
    return median(_once(work) for _ in range(runs))


def _once(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def traced(work: Callable[[], Any]) -> float:
    """Most memory that is allocated at a time on the way, in MB."""
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6


def unit() -> float:
    """CPU seconds of the sort."""
    numbers = np.random.default_rng(1).random((1_000, 10_000))
    return seconds(lambda: np.sort(numbers))


# ------------------------------------------------------------------------------------------------- rank acceptability


def acceptability(way: str) -> dict[str, Any]:
    """How often everybody has rank 1, 3, 10 or better in 1,000 weightings.

    The others get the same scores by source as a matrix, and rank it once for each weighting.
    """
    from toolkit.weighting.draws import draw
    from toolkit.weighting.pairs import by_source

    model = round_of_arrays()
    weights = draw(model, draws=DRAWS, seed=1)
    matrix, each = by_source(model)[0], weights.sources[:, 0, 1:]
    work = {
        "toolkit": lambda: _ours(model, weights, BEST, ""),
        "toolkit, within units": lambda: _ours(model, weights, BEST, "unit"),
        "toolkit, 12 ranks": lambda: _ours(model, weights, DECILES, ""),
        "pymcdm": lambda: _pymcdm(matrix, each),
        "scikit-criteria": lambda: _skcriteria(matrix, each),
    }[way]
    check = work()[: len(BEST), ::97].tolist() if "within" not in way else None
    return {"cpu": seconds(work, RUNS if way.startswith("toolkit") else 1), "peak": traced(work), "check": check}


def _ours(model: Model, weights: Any, best: tuple[int, ...], within: str) -> np.ndarray:
    from toolkit.weighting.acceptability import acceptability as accept

    return accept(model, weights, best=best, within=within, progress=False).count


def _pymcdm(matrix: np.ndarray, weights: np.ndarray) -> np.ndarray:
    from pymcdm.helpers import rrankdata
    from pymcdm.methods import WSM

    method, types = WSM(normalization_function=lambda x, cost: x), np.ones(matrix.shape[1])  # noqa: ARG005
    count = np.zeros((len(BEST), len(matrix)), dtype=np.int64)
    for row in weights:
        count += rrankdata(method(matrix, row, types, validation=False)) <= np.array(BEST)[:, None]
    return count


def _skcriteria(matrix: np.ndarray, weights: np.ndarray) -> np.ndarray:
    from skcriteria import mkdm
    from skcriteria.agg.simple import WeightedSumModel

    data, method = mkdm(matrix, [max] * matrix.shape[1]), WeightedSumModel()
    count = np.zeros((len(BEST), len(matrix)), dtype=np.int64)
    for row in weights:
        count += method.evaluate(data.replace(weights=row)).rank_ <= np.array(BEST)[:, None]
    return count


# -------------------------------------------------------------------------------------------------- choices and raters

RULES = """
grades:
  bands: {excellent: 70, good: 60, pass: 50, fail: 0}
  quota: {excellent: {max: 1/3, within: unit}}
stars: {of: score, bands: {5: 75, 4: 70, 3: 60, 2: 50, 1: 40}, quota: {5: {max: 1/10, within: study}}}
"""
AVERAGES = [f"average {source}" for source in ("superior", "peer", "public")]


def choices(way: str) -> dict[str, Any]:
    """4,096 scorings of 2 million ratings over 6 choices; or the noise floor of 100 redraws of the raters."""
    from toolkit import read_study, score
    from toolkit.voices import read_voices
    from toolkit.weighting.choices import effects
    from toolkit.weighting.model import model
    from toolkit.weighting.noise import noise

    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "study"
        make(folder, MEMBERS)
        scheme = folder / "scheme.yaml"
        scheme.write_text(scheme.read_text(encoding="utf-8") + RULES, encoding="utf-8")
        study = read_study(folder)
        made, voices = model(study, score(study)), read_voices(folder, study)
    plain = [*AVERAGES, "average service", "first", "weights"]
    work = {
        "6 choices": lambda: effects(made, only=plain, base=512, seed=1),
        "6 choices, raters one": lambda: effects(
            made, only=[*AVERAGES, "first", "weights", "raters"], base=512, voices=voices, seed=1
        ),
        "100 redraws of raters": lambda: noise(made, voices, draws=100, seed=1),
    }[way]
    return {"cpu": _once(work), "peak": traced(work), "check": None}


# ----------------------------------------------------------------------------------------------------------- the sweep


def sweep(way: str) -> dict[str, Any]:
    """Every grade (a quota within units), star (a quota within the study) and swap as the public's weight moves."""
    from toolkit.weighting.sweep import sweep as move

    size, lacking = {"10,000": (10_000, 0), "10,000, a tenth missing": (10_000, 0.1), "100,000": (100_000, 0)}[way]
    grades = {"bands": {"A": 85, "B": 75, "C": 60, "D": 0}, "quota": {"A": {"max": "1/3", "within": "unit"}}}
    stars = {"of": "score", "bands": {"5": 88, "4": 82, "3": 75, "2": 65, "1": 0}}
    stars["quota"] = {"5": {"max": "10%", "within": "study"}}
    model = round_of_arrays(size, lacking=lacking, grades=grades, stars=stars)
    source = list(SOURCES)[-1]
    return {"cpu": seconds(lambda: move(model, source), 3), "peak": traced(lambda: move(model, source)), "check": None}


WAYS = {
    "sweep": ["10,000", "10,000, a tenth missing", "100,000"],
    "acceptability": ["toolkit", "toolkit, within units", "toolkit, 12 ranks", "pymcdm", "scikit-criteria"],
    "choices": ["6 choices", "6 choices, raters one", "100 redraws of raters"],
}
PARTS = {"sweep": sweep, "acceptability": acceptability, "choices": choices}

# --------------------------------------------------------------------------------------------------------- the table


def fresh(part: str, way: str) -> dict[str, Any]:
    """Run one way of a part in a process of its own."""
    command = [sys.executable, __file__, "--part", part, "--way", way]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def rows(part: str, sort: float) -> Iterator[str]:
    """Rows of the table of a part; exits where ways that do the same disagree."""
    checks = {}
    for way in WAYS[part]:
        found = fresh(part, way)
        checks |= {way: found["check"]} if found["check"] else {}
        yield f"| {part} | {way} | {found['cpu']:.3f} | {found['cpu'] / sort:.2f} | {found['peak']:,.0f} |"
    if len({json.dumps(check) for check in checks.values()}) > 1:
        sys.exit(f"{part}: {', '.join(checks)} disagree")


def facts() -> str:
    names = ("numpy", "scipy", "pymcdm", "scikit-criteria")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {versions}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=list(PARTS), help="only this one")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        print(json.dumps(PARTS[given.part](given.way)))
        return
    sort = unit()
    print(f"{facts()}; U = {sort:.4f} CPU seconds\n")
    print("| part | way | CPU seconds | U | peak extra MB |")
    print("|---|---|--:|--:|--:|")
    for part in [given.part] if given.part else PARTS:
        for row in rows(part, sort):
            print(row, flush=True)


if __name__ == "__main__":
    main()

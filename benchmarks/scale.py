"""Two and twenty million ratings, from a study folder to scores, against plain pandas.

    python benchmarks/scale.py          # 2 million ratings
    python benchmarks/scale.py --big    # 20 million too

Every way runs in a fresh process, in turn, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet
from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALL, BIG = 10_000, 100_000
"""Members; each has 200 ratings."""
PER_UNIT = 50
RATERS = 10
"""Per member and source; a rater rates ten members."""
SOURCES = {"superior": 0.3, "peer": 0.3, "public": 0.3, "service": 0.1}
INDICATORS = {"virtue": 0.25, "ability": 0.2, "diligence": 0.15, "results": 0.3, "integrity": 0.1}
CHUNK = 1_000
"""Members whose ratings are made, and stand in the file, together."""
SCHEME = f"""\
title: Benchmark
language: en
rounds: {{"2026": {{}}}}
scales: {{star: {{low: 1, high: 5}}}}
sources: {{{", ".join(f"{name}: {{weight: {weight}, scale: star}}" for name, weight in SOURCES.items())}}}
indicators: {{{", ".join(f"{name}: {{weight: {weight}}}" for name, weight in INDICATORS.items())}}}
"""
CELL = ["ratee_id", "source", "indicator"]
TOLERANCE = 1e-9

Clock = dict[str, float]

# --------------------------------------------------------------------------------------------------------- the study


def make(folder: Path, members: int) -> None:
    """Write a study in which everybody is rated by ten raters of every source on every indicator."""
    rng = np.random.default_rng(2026)
    ids = [f"M{number:06}" for number in range(members)]
    home = [f"U{number // PER_UNIT:04}" for number in range(members)]
    units = sorted(set(home))
    folder.mkdir()
    (folder / "scheme.yaml").write_text(SCHEME, encoding="utf-8")
    pd.DataFrame({"unit_id": units, "name": units}).to_csv(folder / "units.csv", index=False)
    people = pd.DataFrame({"member_id": ids, "name": ids, "unit_id": home, "category": ""})
    people.to_csv(folder / "members.csv", index=False)
    columns = ["round", "ratee_id", "source", "rater_id", "indicator"]
    schema = pa.schema([*((name, pa.string()) for name in columns), ("value", pa.int8())])
    with parquet.ParquetWriter(folder / "ratings.parquet", schema) as file:
        for start in range(0, members, CHUNK):
            file.write_table(_ratings(ids[start : start + CHUNK], start, schema, rng))


def _ratings(ids: list[str], start: int, schema: pa.Schema, rng: np.random.Generator) -> pa.Table:
    """Ratings of some members, questionnaire after questionnaire, in no order, as an online survey delivers them."""
    shape = (len(ids), len(SOURCES), RATERS)
    ratee, source, slot = np.unravel_index(rng.permutation(np.prod(shape)), shape)
    quality = rng.normal(3.5, 0.6, shape[:2])[ratee, source]
    halo = rng.normal(0, 0.7, len(ratee))
    view = (quality + halo)[:, None] + rng.normal(0, 0.5, (len(ratee), len(INDICATORS)))
    rater = (((start + ratee) // RATERS) * len(SOURCES) + source) * RATERS + slot
    raters, rater = np.unique(rater, return_inverse=True)
    pseudonyms = [hashlib.blake2b(str(number).encode(), digest_size=6).hexdigest() for number in raters]

    def text(codes: np.ndarray, names: list[str]) -> pa.Array:
        return pa.DictionaryArray.from_arrays(codes.astype("int32"), names).cast(pa.string())

    each = len(INDICATORS)
    arrays = [
        text(np.zeros(len(ratee) * each), ["2026"]),
        text(np.repeat(ratee, each), ids),
        text(np.repeat(source, each), list(SOURCES)),
        text(np.repeat(rater, each), pseudonyms),
        text(np.tile(np.arange(each), len(ratee)), list(INDICATORS)),
        pa.array(np.clip(np.rint(view), 1, 5).astype("int8").ravel()),
    ]
    return pa.table(arrays, schema=schema)


# ---------------------------------------------------------------------------------------------------------- the ways


@contextmanager
def timed(clock: Clock, name: str) -> Iterator[None]:
    start, busy = time.perf_counter(), time.process_time()
    yield
    clock[name] = time.perf_counter() - start
    clock[f"{name} cpu"] = time.process_time() - busy  # of all threads


def toolkit(folder: Path, clock: Clock) -> pd.DataFrame:
    """Every check, the tally, and scores with interval, n and coverage of ratees and units."""
    from toolkit import read_study, score, study

    study.tally_up = timed(clock, "tally")(study.tally_up)  # the rest of reading is checking
    with timed(clock, "all"):
        with timed(clock, "check"):
            whole = read_study(folder)
        with timed(clock, "scores"):
            scores = score(whole)
    clock["check"] -= clock["tally"]
    return scores.table[[*CELL, "score"]].astype(dict.fromkeys(CELL, str))


def pandas(folder: Path, clock: Clock, **options: object) -> pd.DataFrame:
    """Means of means and nothing else: no check, no interval, and no regard for what is missing."""
    with timed(clock, "all"):
        ratings = pd.read_parquet(folder / "ratings.parquet", columns=[*CELL, "value"], **options)
        # every cell is there; told so, pandas is twice as quick with categories
        cells = (ratings.groupby(CELL, observed=False)["value"].mean() - 1) * 25
        sources = (cells.unstack("indicator") * pd.Series(INDICATORS)).sum(axis=1)  # noqa: PD010
        composite = (sources.unstack("source") * pd.Series(SOURCES)).sum(axis=1)  # noqa: PD010
    parts = [part.rename("score").reset_index().astype(object) for part in (cells, sources, composite)]
    return pd.concat(parts).astype({"score": float}).fillna("")


def categories(folder: Path, clock: Clock) -> pd.DataFrame:
    """The same with text read as categories."""
    return pandas(folder, clock, read_dictionary=CELL)


WAYS = {"toolkit": toolkit, "pandas": pandas, "pandas, categories": categories}


# -------------------------------------------------------------------------------------------------- in fresh processes


def work(task: str, home: Path, members: int) -> dict[str, Any]:
    """Make the study, score it in one way, or compare what was scored."""
    if task == "make":
        make(home / "study", members)
        return {}
    if task == "compare":
        ours = pd.read_parquet(home / "toolkit.parquet").set_index(CELL)["score"]
        others = pd.concat(pd.read_parquet(home / f"{way}.parquet") for way in WAYS).set_index(CELL)["score"]
        # a score that is missing leaves NaN, which is not below any tolerance
        return {"difference": (others - ours.reindex(others.index)).abs().max(skipna=False)}
    clock: Clock = {}
    scores = WAYS[task](home / "study", clock)
    used = peak()
    scores.to_parquet(home / f"{task}.parquet", index=False)
    return {"clock": clock, "peak": used}


def peak() -> float | None:
    """Most memory that this process held, in MB; None where the system does not tell."""
    try:
        import resource
    except ModuleNotFoundError:
        return None
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1024**2 if sys.platform == "darwin" else 1024)


def fresh(task: str, home: Path, members: int) -> dict[str, Any]:
    """Run a task in a process of its own."""
    command = [sys.executable, __file__, "--task", task, "--home", str(home), "--members", str(members)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


# --------------------------------------------------------------------------------------------------------- the table


def measure(members: int, repeats: int) -> dict[str, list[dict[str, Any]]]:
    """All runs of every way, in turn; exits where the ways disagree."""
    runs: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        for task in tqdm(["make", *list(WAYS) * repeats, "compare"], desc=f"{members:,} members", unit="run"):
            found = fresh(task, Path(folder), members)
            if task in runs:
                runs[task].append(found)
    if not found["difference"] <= TOLERANCE:  # NaN where a score is missing
        sys.exit(f"{members:,} members: scores differ by {found['difference']:g}, must agree to {TOLERANCE:g}")
    return runs


def rows(members: int, runs: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """Rows of the table for one size."""
    ratings = members * len(SOURCES) * RATERS * len(INDICATORS)
    seconds = {way: median(run["clock"]["all"] for run in found) for way, found in runs.items()}
    cpu = {way: median(run["clock"]["all cpu"] for run in found) for way, found in runs.items()}
    memory = {way: median(run["peak"] or math.nan for run in found) for way, found in runs.items()}
    for way in runs:
        measured = f"{seconds[way]:.2f} | {cpu[way]:.2f} | {memory[way]:,.0f}"
        ratios = f"{seconds['toolkit'] / seconds[way]:.1f} | {memory['toolkit'] / memory[way]:.1f}"
        yield f"| {ratings:,} | {way} | {measured} | {ratios} |".replace("nan", "n/a")


def parts(runs: dict[str, list[dict[str, Any]]]) -> str:
    """Where the toolkit's time goes."""
    clocks = [run["clock"] for run in runs["toolkit"]]
    return ", ".join(f"{part} {median(clock[part] for clock in clocks):.2f} s" for part in ("check", "tally", "scores"))


def facts() -> str:
    names = ("pandas", "duckdb", "pyarrow", "narwhals")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {versions}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--big", action="store_true", help="20 million ratings too")
    parser.add_argument("--repeats", type=int, help="runs of every way (3 for the small size, 1 for the big one)")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--members", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.task:
        print(json.dumps(work(given.task, given.home, given.members)))
        return
    sizes = [(SMALL, given.repeats or 3)] + ([(BIG, given.repeats or 1)] if given.big else [])
    found = [(members, measure(members, repeats)) for members, repeats in sizes]
    print(facts() + "\n")
    print("| ratings | way | seconds | CPU seconds | peak MB | toolkit / way, time | toolkit / way, memory |")
    print("|--:|---|--:|--:|--:|--:|--:|")
    for members, runs in found:
        print(*rows(members, runs), sep="\n")
    print()
    for members, runs in found:
        print(f"The toolkit, {members:,} members: {parts(runs)}")


if __name__ == "__main__":
    main()

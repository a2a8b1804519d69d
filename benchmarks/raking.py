"""Raking of 100,000 raters to four margins: ours against svy (if it is there) or a plain loop over numpy arrays.

    python benchmarks/raking.py
    python benchmarks/raking.py --raters 1000000 --repeats 3

Every way takes the same table of text and gives the same weights (to 1e-6, or the benchmark fails); the ways take turns
and the median counts.
"""

import argparse
import statistics
import time
from importlib.util import find_spec

import numpy as np
import pandas as pd

from toolkit.survey.raking import rake

LEVELS = (2, 5, 8, 4)


def made(raters, seed):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame()
    margins = {}
    for place, size in enumerate(LEVELS):
        names = np.array([f"level{level}" for level in range(size)], dtype=object)
        table[f"v{place}"] = rng.choice(names, raters, p=rng.dirichlet(np.full(size, 20.0)))
        share = rng.dirichlet(np.full(size, 20.0))
        margins[f"v{place}"] = dict(zip(names.tolist(), share.tolist(), strict=True))
    return table, margins


def ours(table, margins):
    return rake({name: table[name] for name in margins}, margins).weights


def loop(table, margins):
    """Textbook raking: a weight for each rater, a sweep over all raters for each margin."""
    codes = {name: pd.Categorical(table[name], categories=list(margin)).codes for name, margin in margins.items()}
    shares = {name: np.array(list(margin.values())) for name, margin in margins.items()}
    weight = np.full(len(table), 1 / len(table))
    for _ in range(100):
        before = weight
        for name, code in codes.items():
            weight = weight * (shares[name] / np.bincount(code, weight))[code]
        if np.abs(weight - before).max() * len(table) < 1e-9:
            break
    return weight * len(table)


def svy(table, margins):
    import polars as pl
    import svy as peer

    sample = peer.Sample(pl.from_pandas(table.assign(one=1.0)), peer.Design(wgt="one"))
    found = sample.weighting.rake(shares=margins, wgt_name="raked", tol=1e-9, max_iter=1000)
    weight = found.data["raked"].to_numpy()
    return weight / weight.mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--raters", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    table, margins = made(options.raters, options.seed)
    ways = {"toolkit": ours, "loop over raters": loop} | ({"svy": svy} if find_spec("svy") else {})
    took = {name: [] for name in ways}
    found = {}
    for _ in range(options.repeats):
        for name, way in ways.items():
            start = time.perf_counter()
            found[name] = way(table, margins)
            took[name].append(time.perf_counter() - start)
    print("| way | ms | way / toolkit | largest difference of a weight |\n|---|--:|--:|--:|")
    base = statistics.median(took["toolkit"])
    for name, times in took.items():
        gap = np.abs(found[name] - found["toolkit"]).max()
        print(f"| {name} | {1000 * statistics.median(times):.0f} | {statistics.median(times) / base:.1f} | {gap:.0e} |")
        if gap > 1e-6:
            raise SystemExit(f"{name}: other weights")


if __name__ == "__main__":
    main()

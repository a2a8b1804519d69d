"""Reports in Word and PDF beside the page alone, in the batch; see README.md.

python benchmarks/papers.py                # 60 units, 3 rounds: about three minutes
python benchmarks/papers.py --units 20 --rounds 1
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import toolkit as tk
from toolkit.reporting import run

ROOT = Path(__file__).parents[1]
FORMATS = ("html", "docx", "pdf", "html,docx,pdf")
FIRST = 6
"""Units that are not counted: from them a template learns what to have ready."""


def measure(study: tk.Study, scores: tk.Scores, formats: str, workers: int) -> tuple[float, float]:
    """Seconds of CPU in the process of a unit, and of the clock for each, the first units left out."""
    with tempfile.TemporaryDirectory() as folder:
        exporters = run.exporters_of(formats)
        planned = run.plan(study, scores, Path(folder), notebooks=ROOT / "notebooks", exporters=exporters)
        outcomes, ends = [], []
        for outcome in run.perform_all(planned, workers):
            outcomes.append(outcome)
            ends.append(time.perf_counter())
    failed = [outcome.error for outcome in outcomes if outcome.outcome != "done"]
    if failed:
        raise SystemExit(failed[0])
    cpu = statistics.median(outcome.cpu for outcome in outcomes[FIRST:])
    return cpu, (ends[-1] - ends[FIRST - 1]) / (len(ends) - FIRST)


def compare(study: tk.Study, scores: tk.Scores, rounds: int, workers: int) -> None:
    """All formats in turn, so that what else the machine does falls on all of them."""
    found: dict[str, list[tuple[float, float]]] = {formats: [] for formats in FORMATS}
    for _ in range(rounds):
        for formats, times in found.items():
            times.append(measure(study, scores, formats, workers))
    cpu = {formats: statistics.median(each[0] for each in times) for formats, times in found.items()}
    clock = {formats: statistics.median(each[1] for each in times) for formats, times in found.items()}
    print("\n| formats | CPU s a unit | as a ratio to HTML | s a unit | as a ratio to HTML |\n|---|--:|--:|--:|--:|")
    for formats in FORMATS:
        ratios = cpu[formats] / cpu["html"], clock[formats] / clock["html"]
        print(f"| {formats} | {cpu[formats]:.3f} | {ratios[0]:.2f} | {clock[formats]:.3f} | {ratios[1]:.2f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        size = ["--units", str(asked.units), "--members", str(12 * asked.units)]
        made = Path(place) / "study"
        subprocess.run([sys.executable, "-m", "toolkit", "simulate", str(made), *size], check=True, capture_output=True)
        read = tk.read_study(made)
        compare(read, tk.score(read), asked.rounds, asked.workers)

"""What it costs to import 20,000 answered questionnaires of 36 columns, beside what it costs pandas to read the file.

Raking, `raking.py`, is measured after it in the same run.

The ways take turns in processes of their own; the median of the runs counts. Pandas only reads the cells, with openpyxl
by default; `calamine` is pandas with the reader that we use. Ours reads, matches headings and answers, makes
pseudonyms, checks every answer against the scheme and all of them together, and writes ratings.csv.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCHEME = """\
title: 群众评价
rounds: {2026H1: {}}
scales: {star: {low: 1, high: 5}}
sources: {public: {label: 群众评价, scale: star}}
indicators: {v: {label: 德}, a: {label: 能}, d: {label: 勤}, r: {label: 绩}, i: {label: 廉}}
"""
MEMBERS, COLUMNS = 6, 36
WAYS = ("toolkit", "pandas, openpyxl", "pandas, calamine")


def make(folder, rows):
    """A study of six members, and an export of 问卷星: six columns about the submission and thirty answers."""
    import numpy as np
    from openpyxl import Workbook

    from toolkit.study import read_study
    from toolkit.survey.forms import write_form
    from toolkit.survey.questionnaire import draft

    study = folder / "study"
    study.mkdir()
    (study / "scheme.yaml").write_text(SCHEME, encoding="utf-8")
    (study / "units.csv").write_text("unit_id,name\nB1,第一支部\n", encoding="utf-8")
    members = "".join(f"M{number},党员{number},B1,\n" for number in range(MEMBERS))
    (study / "members.csv").write_text("member_id,name,unit_id,category\n" + members, encoding="utf-8")
    form = draft(read_study(study), "public", "B1")
    write_form(study, form)
    heads = [f"第{place}题({q.label})" for place, block in enumerate(form.blocks, start=1) for q in block.questions]
    about = ["序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP"]
    ticks = np.random.default_rng(1).integers(1, 6, (rows, len(heads)))
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(about + heads)
    for number, line in enumerate(ticks.tolist(), start=1):
        sheet.append([number, "2026/7/1 9:05:00", "61秒", "微信", "N/A", "10.0.0.1", *line])
    book.save(folder / "export.xlsx")
    if len(about + heads) != COLUMNS:
        raise SystemExit(f"{len(about + heads)} columns, must be {COLUMNS}")


def run(way, folder):
    """Seconds and CPU seconds of one way, and how many answers it found."""
    import pandas as pd

    from toolkit.study import read_study
    from toolkit.survey.intake import import_answers

    path, study = folder / "export.xlsx", folder / "study"
    (study / "ratings.csv").unlink(missing_ok=True)
    read = read_study(study)
    start, cpu = time.perf_counter(), time.process_time()
    if way == "toolkit":
        found = import_answers(study, read, path, "wjx", key=b"a key of the benchmark").taken
    else:
        found = int(pd.read_excel(path, engine=way.split(", ")[1]).iloc[:, 6:].size)
    return {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu, "answers": found}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.way:
        print(json.dumps(run(given.way, given.folder)))
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make(folder, given.rows)
        times = {way: [] for way in WAYS}
        for _ in range(given.rounds):
            for way in WAYS:
                words = [sys.executable, __file__, "--way", way, "--folder", str(folder)]
                out = subprocess.run(words, check=True, capture_output=True, text=True, env=os.environ).stdout
                times[way].append(json.loads(out))
    answers = {taken["answers"] for found in times.values() for taken in found}
    if answers != {given.rows * (COLUMNS - 6)}:
        raise SystemExit(f"the ways found {answers} answers, must be {given.rows * (COLUMNS - 6)}")
    medians = {
        way: [statistics.median(taken[what] for taken in found) for what in ("seconds", "cpu")]
        for way, found in times.items()
    }
    print(f"{given.rows:,} rows x {COLUMNS} columns, {answers.pop():,} answers, {given.rounds} rounds\n")
    print("| way | seconds | CPU seconds | way / toolkit, CPU |\n|---|--:|--:|--:|")
    for way, (seconds, cpu) in medians.items():
        print(f"| {way} | {seconds:.2f} | {cpu:.2f} | {cpu / medians['toolkit'][1]:.2f} |")
    print("\nRaking\n", flush=True)
    subprocess.run([sys.executable, str(Path(__file__).with_name("raking.py"))], check=True)


if __name__ == "__main__":
    main()

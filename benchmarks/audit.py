"""How much readers find out of what is hidden, in all reports of small random studies, and beside a naive suppressor.

    python benchmarks/audit.py [STUDIES] [FIRST]

The naive one prints every mean but those that fewer than `min_raters` have given, and no more. Every number that is
read is held against the study, so that a page misread does not pass for a page that tells nothing.
"""

import sys
import time
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(TESTS / "audit"), str(TESTS / "scoring")]


def main(studies=1000, first=0):
    from random_studies import draw, naive, pages, share_hidden
    from tqdm import tqdm

    from toolkit.audit.claims import Claims
    from toolkit.audit.findings import Audit
    from toolkit.audit.ground import Ground

    told, found, shares, seconds = Counter(), Counter(), Counter(), Counter()
    try:
        for seed in tqdm(range(first, first + studies), unit="study"):
            start = time.process_time()
            study, scores = draw(seed)
            claims = Claims(Ground(study, scores))
            for page in pages(study, scores):
                claims.read(page)
            for claim in claims.found:
                mean = sum(weight * claims.ground.truth(cell) for cell, weight in claim.row.items())
                if not claim.low - 1e-6 <= mean <= claim.high + 1e-6:
                    raise SystemExit(f"study {seed}: {claim.where} was misread")
            read = time.process_time()
            every = {
                "ours": claims.found,
                "naive": list(naive(study, scores, claims.ground)),
            }
            for name, stated in every.items():
                findings = [each for some in Audit(claims.ground, stated) for each in some]
                if name == "ours" and any(each.verdict != "safe" for each in findings):
                    tqdm.write(f"study {seed}: {[each for each in findings if each.verdict != 'safe']}")
                found.update((name, "a rater" if each.reader else "anybody", each.verdict) for each in findings)
                told[name, "studies with an exact mean"] += any(each.verdict == "exact" for each in findings)
                hidden, whole = share_hidden(scores, shown_by(stated, claims.ground))
                shares[name, "hidden"] += hidden
                shares[name, "of"] += whole
            told["studies"] += 1
            seconds["making and reading"] += read - start
            seconds["both audits"] += time.process_time() - read
    except KeyboardInterrupt:
        pass
    print(f"{told.pop('studies', 0)} studies; " + "; ".join(f"{key[0]}: {n} {key[1]}" for key, n in told.items()))
    for (name, reader, verdict), n in sorted(found.items()):
        print(f"{name:6} {reader:8} {verdict:9} {n}")
    for name in ("ours", "naive"):
        print(f"{name:6} hides {100 * shares[name, 'hidden'] / max(shares[name, 'of'], 1):.1f}% of the members' means")
    print({key: round(value) for key, value in seconds.items()}, "CPU seconds")


def shown_by(claims, ground):
    """Whether a row of the scores is stated."""
    stated = {frozenset(claim.row.items()) for claim in claims}
    keys = ("round", "ratee_id", "source", "indicator")
    return lambda row: frozenset(ground.of_ratee(*(row[key] for key in keys)).items()) in stated


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

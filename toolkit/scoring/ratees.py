"""Who is rated: members, posts and units, with what their scores depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.scoring.grades import grade
from toolkit.scoring.ranks import rank

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.scheme import Scheme
    from toolkit.study import Study

COLUMNS = ["ratee_id", "name", "kind", "unit_id", "category", "exempt", "owner", "share"]


def list_ratees(study: Study, name: str) -> pd.DataFrame:
    """Everybody who is, or could have been, rated in a round.

    Returns
    -------
    DataFrame
        `ratee_id, name, kind` ("member", "post" or "unit"), `unit_id` (a post's is its holder's home unit), `category,
        exempt` (from rating), `owner` (holder of a post, else the ratee) and `share` (of a post, else 1).
    """
    people = study.members.rename(columns={"member_id": "ratee_id"}).assign(kind="member", share=1.0)
    people["exempt"] = people["exempt"].str.contains("rating", regex=False)
    people["owner"] = people["ratee_id"]
    home = people.set_index("ratee_id")
    posts = study.posts_in(name).rename(columns={"post_id": "ratee_id", "member_id": "owner"}).assign(kind="post")
    for column in ("name", "unit_id", "exempt"):
        posts[column] = home[column].reindex(posts["owner"]).to_numpy()
    categories = study.schemes[name].categories
    rated = {key for key, category in categories.items() if category.ratee == "unit"}
    bodies = study.units[study.units["category"].isin(rated)].assign(kind="unit", exempt=False, share=1.0)
    bodies = bodies.assign(ratee_id=bodies["unit_id"], owner=bodies["unit_id"])
    parts = [part[COLUMNS] for part in (people, posts, bodies) if len(part)]
    return pd.concat(parts, ignore_index=True).astype({"exempt": bool, "share": float})


def unseen_share(
    study: Study, name: str, scheme: Scheme, ratees: pd.DataFrame, n: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Share of each ratee's eligible raters who did not rate, 1 where turnout does not give them.

    Parameters
    ----------
    n : ndarray (ratees, leaf sources, nodes)
        Raters of every cell.
    """
    turnout = study.turnout[(study.turnout["round"] == name) & (study.turnout["ratee_id"] != "")]
    eligible = np.full(n.shape[:2], np.inf)
    rows = pd.Index(ratees["ratee_id"]).get_indexer(turnout["ratee_id"])
    columns = pd.Index(list(scheme.leaf_sources)).get_indexer(turnout["source"])
    known = (rows >= 0) & (columns >= 0) & turnout["eligible"].notna().to_numpy()
    eligible[rows[known], columns[known]] = turnout["eligible"].to_numpy(dtype=float)[known]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = 1 - n / eligible[..., None]
    return np.clip(np.nan_to_num(share, nan=1.0), 0.0, 1.0)


def composites(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The composite of every ratee with its standing: status, rank within the unit, proposed grade.

    Notes
    -----
    `status` is "scored", "partial" (something is missing), "thin" (coverage below the scheme's minimum), "incomplete"
    (the rule `fail`), or "unrated". Ranks and quotas are taken over the scored, non-exempt members of a unit; a post or
    an exempt member has no rank.
    """
    rows = table[(table["source"] == "") & (table["indicator"] == "")].drop(columns=["source", "indicator"])
    rows = rows.astype({"round": str, "ratee_id": str})
    parts = []
    for name, part in rows.groupby("round", sort=False):
        scheme = study.schemes[str(name)]
        found = part.merge(list_ratees(study, str(name)).drop(columns=["owner", "share"]), on="ratee_id", how="left")
        found["counts"] = (found["kind"] == "member") & ~found["exempt"] & found["score"].notna()
        found["status"] = _status(found, scheme)
        ranked = found["score"].where(found["counts"])
        found["rank"] = ranked.groupby(found["unit_id"]).transform(lambda scores: pd.Series(rank(scores), scores.index))
        graded = found.assign(score=found["score"].where(found["kind"] != "post"))
        if scheme.grades:
            found = found.join(grade(graded, scheme.grades))
        else:
            found = found.assign(grade=None, band=None, places=np.nan, tied=False)
        parts.append(found)
    return pd.concat(parts, ignore_index=True)


def _status(found: pd.DataFrame, scheme: Scheme) -> NDArray[np.str_]:
    coverage = found["coverage"].to_numpy()
    null = found["score"].isna().to_numpy()
    lacking = "incomplete" if scheme.missing.rule == "fail" else "thin"
    conditions = [coverage == 0, null, coverage < 1 - 1e-9]
    return np.select(conditions, ["unrated", lacking, "partial"], "scored")

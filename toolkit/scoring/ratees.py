"""Who is rated: members, posts and units, with what their scores depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.scoring.ranks import TOLERANCE, rank

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.scheme import Scheme
    from toolkit.study import Study

COLUMNS = ["ratee_id", "name", "kind", "unit_id", "where", "category", "exempt", "owner", "share"]


def list_ratees(study: Study, name: str) -> pd.DataFrame:
    """Everybody who is, or could have been, rated in a round.

    Returns
    -------
    DataFrame
        `ratee_id, name, kind` ("member", "post" or "unit"), `unit_id` (to which the score counts: a post's is its
        holder's home unit), `where` (the unit whose raters rate: a post's own), `category, exempt` (from rating),
        `owner` (holder of a post, else the ratee) and `share` (of a post, else 1).
    """
    people = study.members.rename(columns={"member_id": "ratee_id"}).assign(kind="member", share=1.0)
    people["exempt"] = people["exempt"].str.contains("rating", regex=False)
    people["owner"], people["where"] = people["ratee_id"], people["unit_id"]
    home = people.set_index("ratee_id")
    posts = study.posts_in(name).rename(columns={"post_id": "ratee_id", "member_id": "owner"}).assign(kind="post")
    posts["where"] = posts["unit_id"]
    for column in ("name", "unit_id", "exempt"):
        posts[column] = home[column].reindex(posts["owner"]).to_numpy()
    categories = study.schemes[name].categories
    rated = {key for key, category in categories.items() if category.ratee == "unit"}
    bodies = study.units[study.units["category"].isin(rated)].assign(kind="unit", exempt=False, share=1.0)
    bodies = bodies.assign(**dict.fromkeys(["ratee_id", "owner", "where"], bodies["unit_id"]))
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

    Notes
    -----
    A row of a whole unit does not give them: peers do not rate themselves, and few of the public rate one member.
    """
    turnout = study.turnout[(study.turnout["round"] == name) & study.turnout["eligible"].notna()]
    own = turnout[turnout["ratee_id"] != ""].pivot_table("eligible", "ratee_id", "source", "sum")
    known = own.reindex(index=ratees["ratee_id"], columns=list(scheme.leaf_sources)).fillna(np.inf)
    eligible = known.to_numpy(dtype=float)[..., None]
    rated: NDArray[np.float64] = np.divide(n, eligible, out=np.zeros_like(n), where=eligible > 0)
    return 1 - np.minimum(rated, 1)


def composites(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The composite of every ratee with its standing: status, and rank within the unit.

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
        ratees = list_ratees(study, str(name)).drop(columns=["where", "owner", "share"])
        found = part.merge(ratees, on="ratee_id", how="left")
        found["counts"] = (found["kind"] == "member") & ~found["exempt"] & found["score"].notna()
        found["status"] = _status(found, scheme)
        ranked = found["score"].where(found["counts"])
        found["rank"] = rank(ranked, pd.factorize(found["unit_id"])[0])
        parts.append(found)
    return pd.concat(parts, ignore_index=True)


def _status(found: pd.DataFrame, scheme: Scheme) -> NDArray[np.str_]:
    coverage = found["coverage"].to_numpy()
    null = found["score"].isna().to_numpy()
    lacking = "incomplete" if scheme.missing.rule == "fail" else "thin"
    conditions = [coverage == 0, null, coverage < 1 - TOLERANCE]
    return np.select(conditions, ["unrated", lacking, "partial"], "scored")

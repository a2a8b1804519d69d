"""Opinions by theme: how many, which themes rise, how long it takes until a matter is settled, what is overdue."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import hypergeom
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.multitest import multipletests

from toolkit.conduct.conversion import quantile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from toolkit.scheme import Scheme

ALPHA = 0.05
QUARTILES = (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4))


def during(opinions: pd.DataFrame, schemes: Mapping[str, Scheme], turn: str) -> pd.DataFrame:
    """Opinions that came in during a round, from its first day to its last; of a combined one those of its rounds."""
    rounds = schemes[turn].rounds
    days = [(str(rounds[part].start), str(rounds[part].end)) for part in rounds[turn].combine or [turn]]
    there = np.zeros(len(opinions), dtype=bool)
    for first, last in days:
        there |= opinions["date"].between(first, last).to_numpy()
    return opinions[there]


def last_known(opinions: pd.DataFrame, schemes: Mapping[str, Scheme]) -> dt.date | None:
    """The last day of which opinions of any round tell; None where there are none. A mistyped year is of no round."""
    told = pd.concat([during(opinions, schemes, turn) for turn in schemes])
    days = [day for column in ("date", "opened", "closed") for day in told[column] if day]
    return dt.date.fromisoformat(max(days)) if days else None


def rising(now: Mapping[str, int], before: Mapping[str, int], *, alpha: float = ALPHA) -> pd.DataFrame:
    """Which themes have a larger share of the opinions than in the round before.

    Parameters
    ----------
    now, before : mapping of str to int
        Opinions by theme; a theme that one of them lacks has none there.
    alpha : float
        How likely at most any theme may be called rising though none does.

    Returns
    -------
    DataFrame
        A row for each theme, in the order of `now` and then of `before`: `theme, n, before`, `share` and
        `share_before` (0-100, NaN where a round has no opinions), `p` (one-sided, exact), `adjusted` (for all themes
        together) and `rises`. Where one of the rounds has no opinions `p` and `adjusted` are NaN and nothing rises.

    Notes
    -----
    How many opinions come in depends on how many were asked for, so shares are compared: Fisher's exact test of the
    theme against all others in both rounds, that the share is not larger now. As one theme's share rises others must
    fall, so that the tests depend on each other; Holm's adjustment holds all the same. Opinions are taken as
    independent: where many say the same together, it calls a theme rising too easily.

    References
    ----------
    Fisher, R. A. (1935). The logic of inductive inference. Journal of the Royal Statistical Society 98(1), 39-82.
    doi:10.2307/2342435
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6(2),
    65-70.
    """
    themes = [*dict.fromkeys([*now, *before])]
    n, earlier = ([counts.get(theme, 0) for theme in themes] for counts in (now, before))
    total, total_before = sum(n), sum(earlier)
    known = total > 0 and total_before > 0
    p = np.full(len(themes), np.nan)
    adjusted = p
    if known:
        rest, rest_before = total - np.array(n), total_before - np.array(earlier)
        p = np.array(exact_rise(n, rest, earlier, rest_before))
        adjusted = np.array(holm(p.tolist()))
    return pd.DataFrame(
        {
            "theme": pd.Series(themes, dtype=object), "n": n, "before": earlier, "share": _share(n, total),
            "share_before": _share(earlier, total_before), "p": p, "adjusted": adjusted, "rises": adjusted <= alpha,
        }
    )  # fmt: skip


def exact_rise(now: ArrayLike, others: ArrayLike, before: ArrayLike, others_before: ArrayLike) -> list[float]:
    """P of Fisher's exact test that a theme's share is not larger now: its opinions and all others, now and before."""
    a, b, c, d = (np.asarray(counts) for counts in (now, others, before, others_before))
    p: list[float] = hypergeom.sf(a - 1, a + b + c + d, a + c, a + b).tolist()
    return p


def holm(p: Sequence[float]) -> list[float]:
    """P of several tests, adjusted by Holm so that of all true hypotheses together hardly one is rejected."""
    adjusted: list[float] = multipletests(p, method="holm")[1].tolist() if p else []
    return adjusted


def _share(counts: Sequence[int], total: int) -> list[float]:
    return [100 * count / total if total else np.nan for count in counts]


class Quartile(NamedTuple):
    """Days until so many are settled, and the ends of their 95% interval; None where not enough are settled."""

    share: Fraction
    days: int | None
    low: int | None
    high: int | None


class Settled(NamedTuple):
    """How many matters there are, how many of them are settled, and how long that took."""

    n: int
    closed: int
    quartiles: tuple[Quartile, ...]


def settled(opinions: pd.DataFrame, as_of: dt.date) -> Settled:
    """How long it takes until a matter is settled, those that are still open included.

    Parameters
    ----------
    opinions : DataFrame
        `date, opened, closed` (ISO, blank where not known).
    as_of : date
        Up to which day is looked; what was closed later was open then, and what came in later is left out.

    Returns
    -------
    Settled
        With a quarter, half and three quarters. Time runs from `opened`, without it from `date`, to `closed`; of open
        matters it is known only that they have lasted up to `as_of` (Kaplan and Meier). A quartile is the first day by
        which as large a share is settled, worked out in exact fractions. The ends of its interval are Brookmeyer and
        Crowley's on the scale of logarithms, as those of R's survfit; None where an end is not reached.

    References
    ----------
    Kaplan, E. L., Meier, P. (1958). Nonparametric estimation from incomplete observations. JASA 53, 457-481.
    doi:10.2307/2281868
    Brookmeyer, R., Crowley, J. (1982). A confidence interval for the median survival time. Biometrics 38, 29-41.
    doi:10.2307/2530286
    """
    rows = opinions[opinions["date"] <= str(as_of)]
    done = (rows["closed"] != "") & (rows["closed"] <= str(as_of))
    start = rows["opened"].where(rows["opened"] != "", rows["date"])
    end = rows["closed"].where(done, str(as_of))
    days = [max((dt.date.fromisoformat(b) - dt.date.fromisoformat(a)).days, 0) for a, b in zip(start, end, strict=True)]
    return Settled(len(rows), int(done.sum()), quartiles(days, done.tolist()))


def quartiles(days: Sequence[int], closed: Sequence[bool]) -> tuple[Quartile, ...]:
    """Quartiles of times some of which have only lasted so long; see `settled`."""
    if not any(closed):
        return tuple(Quartile(share, None, None, None) for share in QUARTILES)
    curve = SurvfuncRight(np.array(days, dtype=float), np.array(closed, dtype=int))
    return tuple(Quartile(share, quantile(days, closed, share), *_ends(curve, float(share))) for share in QUARTILES)


def _ends(curve: SurvfuncRight, share: float) -> tuple[int | None, int | None]:
    # without a limit of error, as where all end on one day, the scale of logarithms has none either
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = curve.quantile_ci(share, method="log")
    return _whole(low), _whole(high)


def _whole(days: float) -> int | None:
    return int(days) if np.isfinite(days) else None


def due(opinions: pd.DataFrame, themes: pd.DataFrame) -> pd.DataFrame:
    """Who is to settle every opinion, and by when.

    Parameters
    ----------
    opinions : DataFrame
        As in a study.
    themes : DataFrame
        `theme, owner, days`: who settles what belongs to a theme, and within how many days.

    Returns
    -------
    DataFrame
        The index of `opinions`, `owner` (its own, else that of its theme, else blank) and `due` (ISO; blank where its
        theme gives no days, or it has none). Days run from `opened`, without it from `date`.
    """
    owners, allowances = (dict(zip(themes["theme"], themes[name], strict=True)) for name in ("owner", "days"))
    days = [allowances.get(theme, np.nan) for theme in opinions["theme"]]
    start = opinions["opened"].where(opinions["opened"] != "", opinions["date"])
    last = [
        "" if np.isnan(allowed) else (dt.date.fromisoformat(day) + dt.timedelta(int(allowed))).isoformat()
        for day, allowed in zip(start, days, strict=True)
    ]
    pairs = zip(opinions["owner"], opinions["theme"], strict=True)
    owner = [own or owners.get(theme, "") for own, theme in pairs]
    return pd.DataFrame({"owner": owner, "due": last}, index=opinions.index, dtype=object)


def states(opinions: pd.DataFrame, themes: pd.DataFrame, as_of: dt.date) -> pd.Series[str]:
    """Where every matter stands on a day: `settled`, `late` (settled after its day), `overdue`, or `open`."""
    until, today = due(opinions, themes)["due"], str(as_of)
    closed = opinions["closed"].where(opinions["closed"] <= today, "")
    missed = (until != "") & (closed.where(closed != "", today) > until)
    state = np.where(closed != "", np.where(missed, "late", "settled"), np.where(missed, "overdue", "open"))
    return pd.Series(state, opinions.index, dtype=object)


def overdue(opinions: pd.DataFrame, themes: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """Who has what overdue.

    Returns
    -------
    DataFrame
        `owner, n, longest` (days past the day by which it was due), who has most first; a blank owner is nobody.
    """
    when = due(opinions, themes)[states(opinions, themes, as_of) == "overdue"]
    late = [(as_of - dt.date.fromisoformat(day)).days for day in when["due"]]
    found = (
        when.assign(late=np.array(late, dtype=int)).groupby("owner")["late"].agg(n="size", longest="max").reset_index()
    )
    return found.sort_values(["n", "longest", "owner"], ascending=[False, False, True], ignore_index=True)

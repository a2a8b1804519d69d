"""The rounds of a study in time: which comes before which, and what a combined one is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

    from toolkit.study import Study


def in_time(study: Study) -> list[str]:
    """Rounds in order of their last day (those without one as they stand), the combined ones last."""
    order = list(study.schemes)

    def key(name: str) -> tuple[bool, str, int]:
        return combined(study, name) is not None, str(last_day(study, name) or ""), order.index(name)

    return sorted(order, key=key)


def combined(study: Study, name: str) -> dict[str, float] | None:
    """Weights of the rounds that a round combines, None for a plain one."""
    parts = study.schemes[name].rounds[name].combine
    return {part: float(weight / sum(parts.values())) for part, weight in parts.items()} if parts else None


def last_day(study: Study, name: str) -> dt.date | None:
    """Last day of a round; of a combined one without dates that of its rounds."""
    rounds = study.schemes[name].rounds
    days = [rounds[part].end for part in rounds[name].combine or {}]
    return rounds[name].end or max((day for day in days if day), default=None)


def before(study: Study, name: str) -> str | None:
    """The round of the same kind before this one in time."""
    alike = [other for other in in_time(study) if (combined(study, other) is None) == (combined(study, name) is None)]
    place = alike.index(name)
    return alike[place - 1] if place else None

"""The tests of the worked examples in surveys/README.md, a function for each row."""

from worked import ballots, conduct, grades, index, points, satisfaction, targets, warnings

__all__ = ["ballots", "conduct", "grades", "index", "points", "satisfaction", "targets", "warnings"]

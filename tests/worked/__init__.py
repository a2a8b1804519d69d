"""The tests of the worked examples in surveys/README.md, a function for each row."""

from worked import conduct, grades, index, points, satisfaction, targets, warnings

__all__ = ["conduct", "grades", "index", "points", "satisfaction", "targets", "warnings"]

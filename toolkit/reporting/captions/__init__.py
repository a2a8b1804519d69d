"""Captions: the finding of every table and figure as a sentence made from its numbers.

They are pure functions of what is shown, and say nothing that is not. Means that no interval stands behind are compared
as means; where there are intervals, those that overlap are told apart by nobody, and the caption says so. Numbers are
equal where they are printed alike; ties are named together.
"""

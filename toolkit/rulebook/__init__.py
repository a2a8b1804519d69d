"""From the text of scheme.yaml to the scheme of every round, or to everything that is wrong with it."""

from toolkit.rulebook.reading import read_rulebook

__all__ = ["read_rulebook"]

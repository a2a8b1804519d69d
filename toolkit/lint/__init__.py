"""What is odd about a study though nothing is wrong with it."""

from toolkit.lint.linting import Doubt, lint

__all__ = ["Doubt", "lint"]

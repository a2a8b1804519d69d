"""Fixtures of this room."""

from small_notebooks import batch, make, pytest_collection_modifyitems  # noqa: F401

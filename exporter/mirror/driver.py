"""The driver of PostgreSQL, which is an extra: whether it is here, and what to install where it is not."""

from __future__ import annotations

from importlib.util import find_spec

DRIVER = "asyncpg"
NEEDS_EXTRA = "needs the extra mirror: pip install 'netledger[mirror]'"
"""A predicate."""


def has_driver() -> bool:
    """True where the driver is installed; it is not loaded."""
    return find_spec(DRIVER) is not None

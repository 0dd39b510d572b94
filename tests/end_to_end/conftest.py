"""Worlds for the end-to-end tests: network namespaces of their own, with real kernel counters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.world import World
from tests.privileges import reason_against_namespaces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def _namespaces_work() -> None:
    if reason := reason_against_namespaces():
        pytest.skip(reason)


@pytest.fixture
def world(_namespaces_work: None, tmp_path: Path) -> Iterator[World]:
    """A machine with one uplink, quiet until a test moves something."""
    with World(tmp_path) as made:
        yield made

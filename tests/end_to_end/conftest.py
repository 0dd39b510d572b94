"""Worlds for the end-to-end tests: network namespaces of their own, with real kernel counters."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def _namespaces_work() -> None:
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    if shutil.which("ip") is None:
        pytest.skip("network namespaces need ip (Debian package iproute2)")


@pytest.fixture
def world(_namespaces_work: None, tmp_path: Path) -> Iterator[World]:
    """A machine with one uplink, quiet until a test moves something."""
    with World(tmp_path) as made:
        yield made

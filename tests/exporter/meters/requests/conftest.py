"""Worlds of the request meter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.worlds.request_world import RequestWorld

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.worlds.fake_machine import Machine


@pytest.fixture
def open_requests(machine: Machine, empty_ledger: Path, tmp_path: Path) -> Iterator[Callable[[], RequestWorld]]:
    """Start worlds, each with a ledger of its own."""
    made: list[RequestWorld] = []

    def make() -> RequestWorld:
        made.append(RequestWorld(machine, tmp_path / f"ledger-{len(made)}.db", empty_ledger))
        made[-1].start()
        return made[-1]

    yield make
    for world in made:
        world.writer.close()


@pytest.fixture
def world(open_requests: Callable[[], RequestWorld]) -> RequestWorld:
    """One world."""
    return open_requests()

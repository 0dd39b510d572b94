"""REST, command line, /metrics, page and files give the same numbers: each is compared with the history's own rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.exporter import places_of_plans, places_of_usage
from tests.exporter.one_history import COUNTED, DEVICES, PERIODS
from tests.exporter.told_numbers import MACHINE, all_numbers
from tests.exporter.told_world import ToldWorld

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tests.exporter.told_numbers import Forms

    Place = Callable[[ToldWorld], Awaitable[dict[str, Any]]]

EVERYTHING = {f"{period} {whose} {part}" for period in PERIODS for whose in (MACHINE, *DEVICES) for part in ("total",)}
"""What a place for people and programs alike must have, at least."""


@pytest.fixture
async def world(empty_ledger: Path, tmp_path: Path) -> AsyncIterator[ToldWorld]:
    made = ToldWorld(empty_ledger, tmp_path)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory, empty_ledger: Path) -> dict[str, Forms]:
    return all_numbers(ToldWorld(empty_ledger, tmp_path_factory.mktemp("numbers")).history)


USAGE: dict[str, Place] = {
    place.__name__: place
    for place in (
        places_of_usage.rest,
        places_of_usage.rest_interfaces,
        places_of_usage.rest_series,
        places_of_usage.command_json,
        places_of_usage.command_tables,
        places_of_usage.command_of_interfaces,
        places_of_usage.metrics,
        places_of_usage.export_json,
        places_of_usage.export_toon,
        places_of_usage.export_csv,
        places_of_usage.export_slots_csv,
        places_of_usage.export_slots_json,
        places_of_usage.export_llm,
        places_of_usage.export_markdown,
        places_of_usage.export_html,
        places_of_usage.page,
        places_of_usage.backfill,
    )
}


@pytest.mark.parametrize("name", USAGE)
async def test_usage(name: str, world: ToldWorld, numbers: dict[str, Forms]) -> None:
    assert_same(await USAGE[name](world), numbers)


def assert_same(told: dict[str, Any], numbers: dict[str, Forms]) -> None:
    """Every number that the place tells is one of the forms of the true one."""
    assert len(told) > 5
    assert {name: (value, set(numbers[name])) for name, value in told.items() if value not in numbers[name]} == {}

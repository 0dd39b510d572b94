"""REST, command line, /metrics, page and files give the same numbers: each is compared with the history's own rows."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from reports.formats.registry import FORMATS
from tests.exporter.places import (
    places_of_applications,
    places_of_files,
    places_of_plans,
    places_of_records,
    places_of_usage,
)
from tests.worlds.one_history import HOSTILE
from tests.worlds.told_applications import application_numbers
from tests.worlds.told_numbers import all_numbers
from tests.worlds.told_world import ToldWorld

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tests.worlds.told_numbers import Forms

    Place = Callable[[ToldWorld], Awaitable[dict[str, Any]]]

FEWEST = 6
"""Numbers that every place has; a reader that finds none would agree with everything."""


@asynccontextmanager
async def telling(world: ToldWorld) -> AsyncIterator[ToldWorld]:
    try:
        await world.start()
        yield world
    finally:
        await world.stop()


@pytest.fixture
async def world(empty_ledger: Path, tmp_path: Path) -> AsyncIterator[ToldWorld]:
    async with telling(ToldWorld(empty_ledger, tmp_path)) as started:
        yield started


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory, empty_ledger: Path) -> dict[str, Forms]:
    history = ToldWorld(empty_ledger, tmp_path_factory.mktemp("numbers")).history
    return all_numbers(history) | application_numbers(history)


PLACES: dict[str, Place] = {
    "usage: REST": places_of_usage.rest,
    "usage: REST, interfaces": places_of_usage.rest_interfaces,
    "usage: REST, series": places_of_usage.rest_series,
    "usage: commands, JSON": places_of_usage.command_json,
    "usage: commands, tables": places_of_usage.command_tables,
    "usage: commands, table of interfaces": places_of_usage.command_of_interfaces,
    "usage: /metrics": places_of_usage.metrics,
    "usage: export as JSON": places_of_files.export_json,
    "usage: export as TOON": places_of_files.export_toon,
    "usage: export as CSV": places_of_files.export_csv,
    "usage: export of slots as CSV": places_of_files.export_slots_csv,
    "usage: export of slots as JSON": places_of_files.export_slots_json,
    "usage: export for models": places_of_files.export_llm,
    "usage: export as Markdown": places_of_files.export_markdown,
    "usage: export as HTML, the wrap-up": places_of_files.export_html,
    "usage: page": places_of_usage.page,
    "usage: backfill": places_of_files.backfill,
    "plans: REST": places_of_plans.rest_plans,
    "plans: REST by name": places_of_plans.rest_plans_by_name,
    "plans: REST, forecast": places_of_plans.rest_forecast,
    "plans: command, JSON": places_of_plans.command_plan_json,
    "plans: command, table": places_of_plans.command_plan,
    "plans: forecast command, JSON": places_of_plans.command_forecast_json,
    "plans: forecast command, table": places_of_plans.command_forecast,
    "plans: /metrics": places_of_plans.metrics,
    "plans: page": places_of_plans.page,
    "plans: wrap-up": places_of_plans.wrap_up_of_cycles,
    "plans: money of every stretch, REST and commands": places_of_plans.prices,
    "plans: money on the page": places_of_plans.page_of_money,
    "records: REST": places_of_records.rest_records,
    "records: command, JSON": places_of_records.command_records_json,
    "records: command, table": places_of_records.command_records,
    "records: page": places_of_records.page_of_records,
    "records: exports": places_of_records.records_of_exports,
    "hours: REST": places_of_records.rest_hours,
    "hours: command, JSON": places_of_records.command_hours_json,
    "hours: command, table": places_of_records.command_hours,
    "hours: wrap-up": places_of_records.wrap_up_of_hours,
    "percentiles: REST": places_of_records.rest_percentiles,
    "applications: REST": places_of_applications.rest,
    "applications: REST by day": places_of_applications.rest_by_day,
    "applications: REST by scope": places_of_applications.rest_of_scopes,
    "applications: commands by scope": places_of_applications.commands_of_scopes,
    "applications: page": places_of_applications.page,
    "applications: export as JSON": places_of_applications.export_json,
    "applications: export as TOON": places_of_applications.export_toon,
    "applications: export as CSV": places_of_applications.export_csv,
    "applications: export for models": places_of_applications.export_llm,
    "applications: export as Markdown": places_of_applications.export_markdown,
    "applications: export as HTML, the wrap-up": places_of_applications.export_html,
}


@pytest.mark.parametrize("name", PLACES)
async def test_it_tells_the_numbers_of_the_history(name: str, world: ToldWorld, numbers: dict[str, Forms]) -> None:
    assert_true(await PLACES[name](world), numbers)


def assert_true(told: dict[str, Any], numbers: dict[str, Forms]) -> None:
    wrong = [name for name, value in told.items() if not is_true(name, value, numbers)]
    assert {name: (told[name], *numbers[true_name(name)]) for name in wrong} == {}
    assert len(told) >= FEWEST


def is_true(name: str, value: object, numbers: dict[str, Forms]) -> bool:
    return value in numbers[true_name(name)]


def true_name(name: str) -> str:
    """What stands behind the bar tells apart where a place says it several times."""
    return name.partition("|")[0]


@pytest.mark.parametrize("name", [name for name in PLACES if name.startswith("plans")])
async def test_plans_whose_free_hours_are_no_longer_kept_are_told_alike(
    name: str, empty_ledger: Path, tmp_path: Path
) -> None:
    """In the middle of the last cycle: what it left is not known, and does not roll over."""
    async with telling(ToldWorld(empty_ledger, tmp_path, date(2026, 10, 21))) as world:
        told, numbers = await PLACES[name](world), all_numbers(world.history)

    assert_true(told, numbers)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "more",
    [("--range", "year"), ("--range", "month", "--plan", HOSTILE), ("--range", "month", "--scope", "internet")],
    ids=["year", "plan", "scope"],
)
async def test_a_file_of_the_command_is_the_download(form: str, more: tuple[str, ...], world: ToldWorld) -> None:
    query = f"format={form}&range={more[1]}" + (f"&{more[2].removeprefix('--')}={quote(more[3])}" if more[2:] else "")

    # Bytes, since a line of CSV ends with CR LF.
    done = await world.run("export", "--format", form, *more)

    assert done.stdout_bytes.decode() == await world.text(f"/api/export?{query}")


async def test_a_report_of_the_command_is_the_page_of_the_api(world: ToldWorld) -> None:
    assert await world.printed("report", "--year", "2026", "--output", "-") == await world.text(
        "/api/export/wrapup?year=2026"
    )


@pytest.mark.parametrize("name", ["usage: commands, JSON", "plans: command, table", "usage: /metrics"])
async def test_a_byte_more_or_less_is_seen(name: str, world: ToldWorld, numbers: dict[str, Forms]) -> None:
    """The comparison itself can fail, in numbers and in words."""
    world.machine.move("eth0", 50_000_000, 1)
    world.machine.wait(2)
    await world.get("/api/live")

    told = await PLACES[name](world)

    assert not all(is_true(one, value, numbers) for one, value in told.items())

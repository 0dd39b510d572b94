"""A new meter through the whole service: no file of the product knows it, and it is on every surface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.meters.kinds import MeterKind
from exporter.meters.registry import OpenedMeter
from exporter.web.server import RESOURCES
from tests.exporter.web.running_service import RunningService, new_ledger, running
from tests.meters.parcels import PARCEL, ParcelMeter, Parcels, ParcelStore
from tests.meters.parcels_api import TABLE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.worlds.fake_machine import Machine


def _build(source: object, _environment: object) -> ParcelMeter:
    assert isinstance(source, Parcels)
    return ParcelMeter(source)


KIND = MeterKind(
    PARCEL,
    ParcelStore,
    lambda _: Parcels(),
    _build,
    lambda _: (TABLE,),
)
PATHS = {"tests.meters.parcels_api": ("/api/parcels", "/api/parcels/export")}


@pytest.fixture
def source() -> Parcels:
    return Parcels()


@pytest.fixture
async def service(
    machine: Machine, source: Parcels, empty_ledger: Path, tmp_path: Path
) -> AsyncIterator[RunningService]:
    made = RunningService(machine, new_ledger(empty_ledger, tmp_path))
    made.more_meters, made.resources = [OpenedMeter(KIND, source)], {**RESOURCES, **PATHS}
    async with running(made):
        yield made


async def test_rest_metrics_and_export_answer_for_it(
    service: RunningService, source: Parcels, machine: Machine
) -> None:
    for size in (10, 30, 20):
        source.move("shop", size)
        service.pass_time()
        await service.get("/api/live")
    machine.move("eth0", 500)
    service.pass_time()

    (shop,) = await service.get("/api/parcels")
    page = (await service.ask("/metrics")).text
    export = (await service.ask("/api/parcels/export")).text

    assert (shop["sender"], shop["bytes_received"], shop["parcels"], shop["largest_bytes"]) == ("shop", 60, 3, 30)
    assert shop["median_bytes"] == pytest.approx(20, rel=0.02)
    assert 'netledger_parcels_total{sender="shop"} 3' in page
    assert 'netledger_meter_up{meter="parcel"} 1' in page
    assert export.endswith("shop,internet,tcp,60,3\r\n")
    assert (await service.get("/api/today"))["total_bytes"] == 500


async def test_its_answers_are_the_same_before_and_after_a_commit_and_a_restart(
    service: RunningService, source: Parcels
) -> None:
    source.move("shop", 10)
    service.pass_time()
    before = await service.get("/api/parcels")
    await service.ask("/api/commit", "POST")
    committed = await service.get("/api/parcels")
    await service.restart()

    assert before == committed == await service.get("/api/parcels") != []


async def test_while_it_fails_the_others_go_on_and_metrics_say_so(
    service: RunningService, source: Parcels, machine: Machine
) -> None:
    source.problem = "the counter broke"
    machine.move("eth0", 700)
    service.pass_time()

    page = (await service.ask("/metrics")).text

    assert 'netledger_meter_up{meter="parcel"} 0' in page
    assert 'netledger_meter_up{meter="interface"} 1' in page
    assert (await service.get("/api/today"))["total_bytes"] == 700
    health = await service.ask("/api/health")
    assert "the parcel meter fails: the counter broke" in health.text


async def test_while_it_fails_the_page_names_it_and_its_numbers_are_not_late(
    service: RunningService, source: Parcels
) -> None:
    source.problem = "the counter broke"
    service.pass_time()

    page = (await service.ask("/")).text

    assert 'data-state="degraded"' in page
    assert "Counting, but the parcel meter fails" in page
    assert "the parcel meter fails: the counter broke" in page
    assert "Late" not in page


async def test_its_operations_are_in_the_openapi_document(service: RunningService) -> None:
    assert "/api/parcels" in (await service.get("/api/openapi.json"))["paths"]

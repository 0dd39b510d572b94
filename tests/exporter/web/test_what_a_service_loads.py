"""What a service never loads: Babel, unless a plan has a price that is not in rupees."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SERVICE = """
import asyncio, sys
from decimal import Decimal
from pathlib import Path

from reports.billing.plans import Plan
from reports.billing.prices import one_price
from tests.worlds.fake_machine import Machine
from tests.exporter.web.running_service import RunningService, running

async def main():
    machine = Machine()
    machine.create("eth0", is_uplink=True)
    service = RunningService(machine, Path(sys.argv[1]))
    if sys.argv[2]:
        service.plans = (Plan(currency=sys.argv[2], price_steps=one_price(Decimal(5))),)
    async with running(service):
        machine.move("eth0", 10**9)
        service.pass_time()
        for path in ("/metrics", "/api/today", "/api/summary", "/api/cost", "/api/plans", "/api/forecast"):
            assert (await service.ask(path)).status == 200
            print(path, "babel" in sys.modules)

asyncio.run(main())
"""


@pytest.mark.parametrize(("currency", "is_loaded"), [("", False), ("INR", False), ("EUR", True)])
def test_only_a_price_in_another_currency_loads_babel(tmp_path: Path, currency: str, *, is_loaded: bool) -> None:
    command = [sys.executable, "-c", SERVICE, str(tmp_path / "ledger.db"), currency]
    shown = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, timeout=60).stdout

    told = dict(line.split() for line in shown.splitlines())
    assert (len(told), told.pop("/metrics")) == (6, "False")
    assert set(told.values()) == {str(is_loaded)}


LOADING = """
import asyncio, sys
from pathlib import Path
from tests.worlds.fake_machine import Machine
from tests.exporter.web.running_service import RunningService, running

async def main():
    machine = Machine()
    machine.create("eth0", is_uplink=True)
    async with running(RunningService(machine, Path(sys.argv[1]))) as service:
        assert (await service.ask("/metrics")).status == 200
        print(*sys.modules)
        paths = ("/", "/api/today", "/api/export", "/api/export/wrapup", "/api/docs")
        answers = await asyncio.gather(*(service.ask(path) for path in paths for _ in range(4)))
        assert {answer.status for answer in answers} == {200}, answers

asyncio.run(main())
"""


def test_a_resource_is_loaded_when_it_is_first_asked_also_by_several_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOADING, str(tmp_path / "ledger.db")]
    loaded = set(
        subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, timeout=60).stdout.split()
    )

    assert "exporter.web.api.prometheus" in loaded
    assert not loaded & {"jinja2", "exporter.web.page.view", "exporter.web.api.usage", "reports.export.export"}

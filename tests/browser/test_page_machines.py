"""The machines of a mirror on the page: a card of them, and a switch from this machine's usage to that of all."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from exporter.metering.counters.readings import Counts
from exporter.metering.postings import Usage
from exporter.meters.interfaces.state import interface
from exporter.mirror.settings import Mirror
from reports.billing.plans import Plan
from tests.browser.test_page_looks import CUT_OFF, MOST_SHIFT, OVERFLOWING, PHONE, SIDEWAYS, WIDE
from tests.exporter.web.running_service import INDIA, running
from tests.exporter.web.test_rest_hosts import send
from tests.worlds.written_ledger import WrittenLedger

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.lively_service import LivelyService
    from tests.worlds.postgresql import Database

GIGA = 10**9
DAY = 86_400
PICTURES = os.environ.get("NETLEDGER_TEST_PICTURES")
"""A folder for pictures to look at; none are made without it."""

HOSTILE = ("nas", "\"'><script>document.title='owned'</script>", "\u202egnp.exe\u200f", "x" * 100, "🦜 übergröße")


@pytest.fixture
def family(unstarted: LivelyService, template: Path, tmp_path: Path, fresh_database: Database) -> Callable[..., Any]:
    """Make a service of three machines, or of more: some sent a minute ago, one days ago."""

    async def make(*names: str) -> LivelyService:
        now = unstarted.machine.seconds
        for number, name in enumerate(names, start=1):
            folder = tmp_path / f"machine-{number}"
            folder.mkdir()
            ledger = WrittenLedger(folder, template, INDIA)
            day = {now // 900 * 900 - back * DAY: (number * back * GIGA // 7 + GIGA, GIGA // 2) for back in range(25)}
            ledger.write(day)
            await send(fresh_database, ledger, now - (3 * DAY if number == 2 else 60), name)
        own = {
            (now // 900 * 900 - back * DAY, interface("eth0")): Usage(Counts(5 * GIGA, GIGA)) for back in range(1, 9)
        }
        unstarted.write_before(slots=own)
        unstarted.mirror = Mirror(url=fresh_database.url, name="desk")
        unstarted.plans = (Plan("home", hosts=("all",), cap_bytes=10**12),)
        return unstarted

    return make


async def picture(tab: Any, name: str) -> None:
    if PICTURES:
        await tab.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


async def read(service: LivelyService) -> None:
    """Until the mirror was read."""
    for _ in range(100):
        told = await service.ask("/api/today?hosts=all")
        plan = (await service.get("/api/plans"))["plans"][0]
        if told.status == 200 and plan["sharing"]["read_at"]:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(told.text)


async def test_the_switch_shows_what_all_machines_have_moved(family: Any, visit: Any) -> None:
    service = await family("nas", "laptop")
    async with running(service):
        await read(service)
        async with visit(service.url) as tab:
            alone = await tab.text("#lifetime .big")
            names = await tab.page.locator("#machines .device").all_text_contents()
            await tab.page.get_by_role("link", name="All").click()
            await tab.live()
            both, day = await tab.text("#lifetime .big"), await tab.text("#today .big")
            await picture(tab, "machines-all")
            await tab.frames(3)

            assert names == ["nas", "laptop", "desk"] or set(names) == {"nas", "laptop", "desk"}
            assert "this machine" in await tab.text("#machines")
            assert "3 d" in await tab.text("#machines")
            assert (alone, both) != (both, alone)
            assert "all machines" in await tab.text("#today .when")
            assert await tab.text("#today .big") == day  # no frame of this machine changes it
            assert "Shared by 3 machines" in await tab.text(".cycle")
            await tab.page.locator("#month-before").click()
            await tab.page.wait_for_url("**hosts=all**")
            assert tab.complaints == []


@pytest.mark.parametrize("names", [("nas", "laptop"), HOSTILE, tuple(f"machine-{n:02}" for n in range(30))], ids=len)
async def test_machines_fit_at_any_width(family: Any, visit: Any, names: tuple[str, ...]) -> None:
    service = await family(*names)
    async with running(service):
        await read(service)
        for query in ("", "?hosts=all"):
            async with visit(f"{service.url}/{query}") as tab:
                for width in (1440, 1241, 1024, 720, 561, 390, 320):
                    await tab.page.set_viewport_size({"width": width, "height": 844})

                    assert await tab.page.evaluate(SIDEWAYS) == 0, width
                    assert await tab.page.evaluate(OVERFLOWING) == [], width
                    assert await tab.page.evaluate(CUT_OFF) == [], width
                    await picture(tab, f"machines-{len(names)}-{query.removeprefix('?')}-{width}")
                assert tab.complaints == []


async def test_what_is_wanted_first_is_still_seen_first(family: Any, visit: Any) -> None:
    service = await family("nas", "laptop")
    async with running(service):
        await read(service)
        for width, height in (WIDE, PHONE):
            async with visit(service.url, width=width, height=height) as tab:
                await tab.frames(3)

                assert await tab.bottom("#month") <= height
                assert await tab.shifted() < MOST_SHIFT
                assert await tab.violations_in_both_themes() == []


async def test_without_a_mirror_there_is_no_word_of_machines(service: LivelyService, visit: Any) -> None:
    async with visit(service.url) as tab:
        assert await tab.page.locator(".choice").count() == 0
        assert await tab.page.locator(".machines").count() == 0

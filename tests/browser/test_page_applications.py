"""In a real browser: applications by their name as text, their speeds move, and the section fits every width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from exporter.meters.applications.traffic import Backend
from exporter.meters.registry import METERS, OpenedMeter
from tests.browser.test_page_looks import CUT_OFF, HOSTILE, MOST_SHIFT, OVERFLOWING, SIDEWAYS
from tests.exporter.web.running_service import running
from tests.meters.applications import FakeSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.lively_service import LivelyService

NAMES = (
    *HOSTILE,
    "firefox",
    "constructor",
    "__proto__",
    "(unknown)",
    "kube-system/coredns-7db6d8ff4d-x2x7q",
    "qbittorrent",
)


class Applications:
    """Applications of a service that is not started yet."""

    def __init__(self, service: LivelyService) -> None:
        self.service, self.source = service, FakeSource()
        service.more_meters = [OpenedMeter(METERS[1], self.source)]

    async def move(self, *names: str, receive: int = 1_000_000, transmit: int = 50_000) -> None:
        """Two seconds of traffic of each, the first one most."""
        for number, name in enumerate(names):
            self.source.move(name, receive // (number + 1), transmit)
            self.source.move(name, receive // 10, 0, scope="lan")
            self.source.move(name, 0, receive // 20, scope="a-network-with-a-long-name")
            self.service.machine.move("eth0", 2 * receive, 2 * transmit)
        self.service.pass_time(2)
        await self.service.get("/api/live")


@pytest.fixture
def applications(unstarted: LivelyService) -> Applications:
    return Applications(unstarted)


async def test_every_name_is_text_and_the_section_fits_every_width(
    applications: Applications, visit: Callable[..., Any]
) -> None:
    service = applications.service
    applications.source.backend = Backend("sock_diag", "", ("UDP and QUIC are not seen",))
    async with running(service):
        await service.get("/api/live")
        await applications.move(*NAMES)
        async with visit(service.url) as tab:
            names = await tab.page.locator("[data-application]").evaluate_all("rows => rows.map(row => row.innerText)")
            assert len(names) == 10
            for width in (1440, 1240, 760, 560, 375, 320):
                await tab.page.set_viewport_size({"width": width, "height": 812})
                assert await tab.page.evaluate(SIDEWAYS) == 0
                assert await tab.page.evaluate(OVERFLOWING) == []
                assert await tab.page.evaluate(CUT_OFF) == []
            assert await tab.violations_in_both_themes() == []
            assert await tab.page.title() != "owned"
            assert await tab.page.locator("#applications img, #applications script").count() == 0
            assert tab.complaints == []


async def test_its_speeds_move_and_rest(applications: Applications, visit: Callable[..., Any]) -> None:
    service = applications.service
    async with running(service):
        await service.get("/api/live")
        await applications.move("firefox", "constructor")
        async with visit(service.url) as tab:
            firefox, other = (
                tab.page.locator(f'[data-application="{name}"] [data-cell="0"]') for name in ("firefox", "constructor")
            )
            await expect(firefox).to_have_text("4.40 Mbit/s")
            await applications.move("firefox", receive=4_000_000)
            await expect(firefox).to_have_text("17.60 Mbit/s")
            await expect(other).to_have_text("0 bit/s")
            assert await tab.shifted() < MOST_SHIFT
            assert tab.complaints == []


async def test_without_the_meter_there_is_no_section_and_no_room_for_it(
    service: LivelyService, visit: Callable[..., Any]
) -> None:
    async with visit(service.url) as tab:
        await expect(tab.page.locator("#applications")).to_be_hidden()
        assert await tab.page.locator("#applications-title").count() == 0


async def test_it_comes_with_the_first_applications(applications: Applications, visit: Callable[..., Any]) -> None:
    service = applications.service
    # The constant is 60_000, of which this is 1_000.
    async with running(service), visit(service.url, hurry={"REFRESH_MS": 1, "LEAST_PAUSE_MS": 100}) as tab:
        await expect(tab.page.locator("#applications")).to_be_hidden()
        await applications.move("firefox")

        await tab.until_text("#applications .device", "firefox")

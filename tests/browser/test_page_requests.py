"""In a real browser: services and routes by their names as text, requests per second move, every width is fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.async_api import expect

from exporter.meters.requests.events import Batch
from tests.browser.test_page_looks import CUT_OFF, HOSTILE, MOST_SHIFT, OVERFLOWING, SIDEWAYS
from tests.exporter.web.running_service import running
from tests.meters.requests import event

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.lively_service import LivelyService

NAMES = (*HOSTILE, "shop", "constructor", "__proto__", "a-service-with-a-long-name", "netledger")


async def ask(service: LivelyService, *names: str, requests: int = 30, **parts: Any) -> None:
    """Requests to each of these services, the last one most, and a sample of them."""
    for number, name in enumerate(names, start=1):
        events = [event(service.machine.seconds, service=name, **parts) for _ in range(number * requests)]
        service.intake.add_soon(Batch(events, service=name))
    service.pass_time(2)
    await service.get("/api/live")


async def test_every_name_is_text_and_the_section_fits_every_width(
    unstarted: LivelyService, visit: Callable[..., Any]
) -> None:
    async with running(unstarted):
        await unstarted.get("/api/live")
        await ask(unstarted, *NAMES, route=f"/{HOSTILE[1]}", duration=412_345, code=503)
        await ask(unstarted, *NAMES, route="/items/{id}/" + "x" * 400, requests=12_345)
        async with visit(unstarted.url) as tab:
            names = await tab.page.locator("[data-service]").evaluate_all(
                "rows => rows.map(row => row.dataset.service)"
            )
            assert set(names) == set(NAMES)
            for width in (1440, 1240, 760, 560, 390, 320):
                await tab.page.set_viewport_size({"width": width, "height": 812})
                assert await tab.page.evaluate(SIDEWAYS) == 0
                assert await tab.page.evaluate(OVERFLOWING) == []
                assert await tab.page.evaluate(CUT_OFF) == []
            assert await tab.violations_in_both_themes() == []
            assert await tab.page.title() != "owned"
            assert await tab.page.locator("#requests img, #requests script").count() == 0
            assert tab.complaints == []


async def test_requests_per_second_move_and_rest(unstarted: LivelyService, visit: Callable[..., Any]) -> None:
    async with running(unstarted):
        await unstarted.get("/api/live")
        unstarted.pass_time(60)
        await ask(unstarted, "constructor", "shop", requests=60)
        async with visit(unstarted.url) as tab:
            other, shop = (
                tab.page.locator(f'[data-service="{name}"] [data-cell="0"]') for name in ("constructor", "shop")
            )
            await expect(shop).to_have_text("2")
            await ask(unstarted, "shop", requests=690)
            await expect(shop).to_have_text("13.5")
            unstarted.pass_time(57)
            await ask(unstarted, "shop", requests=60)
            await expect(other).to_have_text("0")
            assert await tab.shifted() < MOST_SHIFT
            assert tab.complaints == []


async def test_of_netledgers_own_requests_there_is_no_section_and_no_room_for_it(
    unstarted: LivelyService, visit: Callable[..., Any]
) -> None:
    async with running(unstarted):
        await unstarted.get("/api/live")
        await ask(unstarted, "netledger")
        async with visit(unstarted.url) as tab:
            await expect(tab.page.locator("#requests")).to_be_hidden()
            assert await tab.page.locator("#requests-title").count() == 0

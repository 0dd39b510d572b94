"""In a real browser: numbers appear, move while bytes flow, and months follow keys, buttons and fingers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from exporter.metering.counters.readings import Counts
from exporter.metering.postings import Usage
from exporter.meters.interfaces.state import interface
from tests.exporter.web.running_service import running

if TYPE_CHECKING:
    from tests.browser.lively_service import LivelyService

INDIA = ZoneInfo("Asia/Kolkata")
INKED = """
() => {
  const canvas = document.querySelector("#chart canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let inked = 0;
  for (let place = 3; place < data.length; place += 4) if (data[place]) inked += 1;
  return inked;
}
"""


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=INDIA).timestamp())


@pytest.fixture
def with_history(unstarted: LivelyService) -> LivelyService:
    """Eth0 moved something on days of May and June, and in every one of the last minutes."""
    now = unstarted.machine.seconds
    days = {"2026-05-09T12:00": 3_000_000_000, "2026-05-10T12:00": 1_000_000_000, "2026-06-10T12:00": 7_000_000_000}
    unstarted.write_before(
        slots={(at(day), interface("eth0")): Usage(Counts(amount)) for day, amount in days.items()},
        minutes={(now - 60 * back, interface("eth0")): Usage(Counts(60_000_000)) for back in range(1, 15)},
    )
    return unstarted


async def test_numbers_are_there_before_any_script_runs(with_history: LivelyService, visit: Any) -> None:
    async with running(with_history), visit(with_history.url, is_live=False, java_script_enabled=False) as tab:
        assert await tab.text("#month-head h2") == "June 2026"
        assert await tab.text("#month-head .total") == "7.00 GB"
        assert await tab.text("#cycle .big") == "7.00 GB"


async def test_numbers_move_while_bytes_flow(service: LivelyService, visit: Any) -> None:
    async with service.flowing(receive=125_000, transmit=12_500), visit(service.url) as tab:
        await tab.until_text('[data-live="receive"]', "1.00 Mbit/s")
        await tab.until_text('[data-live="transmit"]', "100.00 kbit/s")
        before = await tab.text('[data-live="today"]')
        await expect(tab.page.locator('[data-live="today"]')).not_to_have_text(before)
        await tab.until_text('[data-interface="eth0"] [data-cell="0"]', "1.00 Mbit/s")

        assert tab.complaints == []


async def test_what_stands_on_the_page_is_what_the_api_says(service: LivelyService, visit: Any) -> None:
    async with visit(service.url) as tab:
        service.machine.move("eth0", 4_321_000, 1_234_000)
        service.pass_time()
        await tab.until_text('[data-live="today"]', "5.56")

        today = await service.get("/api/today")

        assert await tab.text('[data-live="today"]') == today["human_readable"]["total"]
        assert await tab.text('[data-live="today-received"]') == today["human_readable"]["received"]


async def test_the_chart_is_not_empty_when_the_page_comes(with_history: LivelyService, visit: Any) -> None:
    async with running(with_history), visit(with_history.url) as tab:
        times = await tab.page.evaluate("JSON.parse(document.getElementById('chart').dataset.history)[0].length")
        inked = await tab.page.evaluate(INKED)

    assert times >= 14
    assert inked > 20_000


async def test_the_chart_tells_the_speed_under_the_pointer(with_history: LivelyService, visit: Any) -> None:
    async with running(with_history), visit(with_history.url) as tab:
        await tab.page.locator("#chart .u-over").hover(position={"x": 200, "y": 60})
        await tab.until_text("#chart .readout", "↓ 8.00 Mbit/s")


async def test_arrow_keys_go_from_month_to_month(with_history: LivelyService, visit: Any) -> None:
    async with running(with_history), visit(with_history.url) as tab:
        await tab.page.keyboard.press("ArrowLeft")
        await tab.until_text("#month-title", "May 2026")
        may, address = await tab.text("#month-head .total"), tab.page.url
        await tab.page.keyboard.press("ArrowRight")
        await tab.until_text("#month-title", "June 2026")

        assert (may, address.rpartition("?")[2]) == ("4.00 GB", "month=2026-05")
        assert "?" not in tab.page.url
        assert await tab.text("#whispered") == "June 2026: 7.00 GB"


async def test_at_the_ends_of_the_ledger_arrow_keys_stay(service: LivelyService, visit: Any) -> None:
    async with visit(service.url) as tab:
        for key in ("ArrowRight", "ArrowLeft"):
            await tab.page.keyboard.press(key)
        await tab.page.wait_for_timeout(300)

        assert await tab.text("#month-title") == "June 2026"


async def test_buttons_go_from_month_to_month_and_keep_the_focus(with_history: LivelyService, visit: Any) -> None:
    async with running(with_history), visit(with_history.url) as tab:
        await tab.page.click("#month-before")
        await tab.until_text("#month-title", "May 2026")

        assert await tab.page.evaluate("document.activeElement.id") == "month-before"


@pytest.mark.parametrize(("fingers", "shows"), [((100, 300), "May 2026"), ((300, 280), "June 2026")])
async def test_a_swipe_turns_the_month(
    with_history: LivelyService, visit: Any, fingers: tuple[int, int], shows: str
) -> None:
    async with running(with_history), visit(with_history.url, width=390, height=844, has_touch=True) as tab:
        await tab.page.evaluate(
            """([from, to]) => {
              const plot = document.getElementById("month-plot");
              const touch = (x) => new Touch({ identifier: 1, target: plot, clientX: x, clientY: 600 });
              const send = (name, touches, changed) => plot.dispatchEvent(new TouchEvent(name, {
                bubbles: true, touches: touches.map(touch), changedTouches: changed.map(touch) }));
              send("touchstart", [from], [from]);
              send("touchend", [], [to]);
            }""",
            list(fingers),
        )
        await tab.until_text("#month-title", shows)


async def test_a_new_interface_gets_its_row_without_reload(service: LivelyService, visit: Any) -> None:
    async with visit(service.url, hurry={"LEAST_PAUSE_MS": 1}) as tab:
        await tab.page.evaluate("globalThis.stays = true")
        service.machine.create("wlan0", is_uplink=True)
        service.pass_time()
        await tab.page.locator('[data-interface="wlan0"]').wait_for()

        assert await tab.page.evaluate("globalThis.stays")

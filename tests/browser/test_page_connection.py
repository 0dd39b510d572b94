"""In a real browser: a lost connection is said with the age of what is shown, and found again without a reload."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from exporter.web.page import live
from exporter.web.page.live import FEED, LiveFeed
from tests.exporter.web.running_service import running

if TYPE_CHECKING:
    import pytest

    from tests.browser.lively_service import LivelyService

HIDE = """
(isHidden) => {
  Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}
"""


def feed_of(service: LivelyService) -> LiveFeed:
    server = service.service._server
    assert server is not None
    app: Any = server._runner.app
    return app[FEED]  # type: ignore[no-any-return]


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.02)


async def test_a_lost_connection_is_said_and_found_again(unstarted: LivelyService, visit: Any) -> None:
    await unstarted.start()
    unstarted.server = replace(unstarted.server, port=unstarted.port)
    try:
        async with visit(unstarted.url) as tab:
            await tab.page.evaluate("globalThis.stays = true")
            await unstarted.stop()
            await tab.until_text("#state", "Connection lost: shown is")
            await tab.until_text("#notice", "What you see is 2 s old")
            lost = await tab.violations()
            await unstarted.start()
            unstarted.machine.move("eth0", 1_000_000)
            unstarted.pass_time()
            await tab.until_text("#state", "Live")
            await tab.until_text('[data-live="today"]', "1.00 MB")
            await tab.page.locator("#notice").wait_for(state="hidden")

            assert await tab.page.evaluate("globalThis.stays")
            assert lost == []
    finally:
        await unstarted.stop()


async def test_a_stream_that_falls_silent_is_lost(
    service: LivelyService, visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with visit(service.url, hurry={"SILENCE_MS": 1000}) as tab:
        monkeypatch.setattr(live, "FRAME_SECONDS", 60.0)
        await tab.until_text("#state", "Connection lost: shown is 1 s old")


async def test_a_hidden_tab_rests_and_catches_up(service: LivelyService, visit: Any) -> None:
    async with visit(service.url) as tab:
        feed = feed_of(service)
        await tab.page.evaluate(HIDE, True)  # noqa: FBT003 - what the script takes
        await until(lambda: feed.listener_count == 0)
        service.machine.move("eth0", 3_000_000)
        service.pass_time()
        await tab.page.evaluate(HIDE, False)  # noqa: FBT003 - as above
        await tab.until_text('[data-live="today"]', "3.00 MB")

        assert feed.listener_count == 1
        assert await tab.text("#state") == "Live"


async def test_too_many_clients_are_told_so(
    unstarted: LivelyService, visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_LISTENERS", 0)
    async with running(unstarted), visit(unstarted.url, is_live=False) as tab:
        await tab.until_text("#notice", "0 clients listen already, and no more may")

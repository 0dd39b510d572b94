"""In a real browser: the key is asked for once a tab, the password by the browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import bcrypt
import pytest
from msgspec.structs import replace

from exporter.tls.web_config import WatchedWebConfig
from tests.exporter.web.running_service import running

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.lively_service import LivelyService
    from tests.browser.visitor import Visitor

KEY = "a-key-for-the-page"


@pytest.fixture
def locked(unstarted: LivelyService) -> LivelyService:
    """A service that wants a key."""
    unstarted.auth = replace(unstarted.auth, api_keys=(KEY,))
    return unstarted


async def give(tab: Visitor, key: str) -> None:
    await tab.page.get_by_label("API key").fill(key)
    await tab.page.keyboard.press("Enter")


async def test_a_wrong_key_is_said_and_the_right_one_opens_the_page(locked: LivelyService, visit: Any) -> None:
    async with running(locked), locked.flowing(), visit(locked.url, is_live=False) as tab:
        await give(tab, "a-wrong-key")
        await tab.until_text("#key-error", "This key is wrong. Try another one.")
        await give(tab, KEY)
        await tab.live()

        await tab.until_text('[data-live="receive"]', "1.00 Mbit/s")
        assert await tab.page.title() != "netledger"
        assert KEY not in tab.page.url
        assert not [url for url in tab.asked if KEY in url]


async def test_the_key_opens_the_page_and_not_the_json_of_its_path(locked: LivelyService, visit: Any) -> None:
    async with running(locked), visit(f"{locked.url}/dashboard", is_live=False) as tab:
        await give(tab, KEY)
        await tab.live()

        assert await tab.page.title() != "netledger"


async def test_the_key_is_kept_for_the_tab_alone(locked: LivelyService, visit: Any) -> None:
    async with running(locked), visit(locked.url, is_live=False) as tab:
        await give(tab, KEY)
        await tab.live()
        await tab.page.reload()
        await tab.live()
        other = await tab.page.context.new_page()
        await other.goto(locked.url)
        await other.get_by_label("API key").wait_for()

        assert await tab.page.evaluate("localStorage.length + document.cookie.length") == 0


async def test_a_key_that_has_become_wrong_is_asked_for_again(locked: LivelyService, visit: Any) -> None:
    async with running(locked), visit(locked.url, is_live=False) as tab:
        await tab.page.evaluate("sessionStorage.setItem('netledger-key', 'the key of last year')")
        await tab.page.reload()
        await tab.until_text("#key-error", "This key is wrong. Try another one.")
        await give(tab, KEY)
        await tab.live()


async def test_months_and_downloads_take_the_key_along(locked: LivelyService, visit: Any, tmp_path: Path) -> None:
    async with running(locked), visit(f"{locked.url}/?month=2026-05", is_live=False) as tab:
        await give(tab, KEY)
        await tab.live()
        await tab.page.keyboard.press("ArrowRight")
        await tab.until_text("#month-title", "June 2026")
        async with tab.page.expect_download() as started:
            await tab.page.locator("button[value=json]").click()
        download = await started.value
        await download.save_as(tmp_path / "told.json")

        assert download.suggested_filename.endswith(".json")
        assert json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))
        assert [text for text in tab.complaints if "401" not in text] == []


async def test_what_a_link_leads_to_is_shown_here(locked: LivelyService, visit: Any) -> None:
    async with running(locked), visit(locked.url, is_live=False) as tab:
        await give(tab, KEY)
        await tab.live()
        await tab.page.get_by_role("link", name="/api/summary").click()
        await tab.until_text("#shown pre", "total_bytes")
        await tab.page.keyboard.press("Escape")
        await tab.page.get_by_role("link", name="/api/docs").click()
        await tab.until_text("#shown h1", "netledger's API")


async def test_behind_a_password_the_browser_asks(unstarted: LivelyService, visit: Any, tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text(
        f"basic_auth_users:\n  ann: {bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}\n", encoding="utf-8"
    )
    unstarted.web_config = WatchedWebConfig(file)
    credentials = {"username": "ann", "password": "secret"}
    async with running(unstarted), visit(unstarted.url, http_credentials=credentials) as tab:
        assert await tab.text("#state") == "Live"


async def test_behind_a_password_and_a_key_the_password_is_enough(
    locked: LivelyService, visit: Any, tmp_path: Path
) -> None:
    file = tmp_path / "web.yml"
    file.write_text(
        f"basic_auth_users:\n  ann: {bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}\n", encoding="utf-8"
    )
    locked.web_config = WatchedWebConfig(file)
    credentials = {"username": "ann", "password": "secret"}
    async with running(locked), visit(locked.url, http_credentials=credentials) as tab:
        assert await tab.text("#state") == "Live"

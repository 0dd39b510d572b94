"""A real browser, Debian's chromium, which finds no host but this machine."""

from __future__ import annotations

import os
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from exporter.ledger.schema import migrate
from exporter.web.page import live
from tests.browser.lively_service import LivelyService, lively
from tests.browser.visitor import Visitor
from tests.exporter.web.running_service import running
from tests.worlds.fake_machine import Machine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from playwright.async_api import Browser

ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
HERE = os.path.dirname(__file__)  # noqa: PTH120 - compared with the texts of paths


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One browser serves all tests of this folder, so they share its event loop."""
    for item in items:
        if str(item.path).startswith(HERE):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The one browser."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed (Debian package chromium)")
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=program, args=arguments)
        yield launched
        await launched.close()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated ledger without a row, to be copied."""
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    migrate(path)
    return path


@pytest.fixture
def unstarted(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LivelyService:
    """A service that can be given settings and history before it starts; a frame comes five times a second."""
    monkeypatch.setattr(live, "FRAME_SECONDS", 0.2)
    machine = Machine()
    machine.create("eth0", is_uplink=True)
    return lively(machine, template, tmp_path)


@pytest_asyncio.fixture(loop_scope="session")
async def service(unstarted: LivelyService) -> AsyncIterator[LivelyService]:
    """A service with the settings that nobody changed."""
    async with running(unstarted):
        yield unstarted


@pytest.fixture
def visit(browser: Browser) -> Callable[..., AbstractAsyncContextManager[Visitor]]:
    """Make visitors: `visit(url, width=390, height=844, theme="dark", wait=...)`."""

    @asynccontextmanager
    async def visiting(
        url: str,
        *,
        width: int = 1440,
        height: int = 900,
        theme: str = "light",
        is_live: bool = True,
        has_touch: bool = False,
        reduced_motion: bool = False,
        hurry: dict[str, int] | None = None,
        **more: object,
    ) -> AsyncIterator[Visitor]:
        context = await browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            has_touch=has_touch,
            reduced_motion="reduce" if reduced_motion else "no-preference",
            **more,  # type: ignore[arg-type]  # what else Playwright knows
        )
        visitor = Visitor(await context.new_page(), url)
        try:
            if hurry is not None:
                await visitor.hurry(**hurry)
            await visitor.open(is_live=is_live)
            yield visitor
        finally:
            await context.close()

    return visiting

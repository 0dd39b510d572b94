"""Somebody who looks at the page, and notes whatever the browser complains about."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import ConsoleMessage, Page, Request, Route

PATIENCE_MS = 15_000
WATCH_SHIFTS = """
globalThis.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


class Visitor:
    """One tab."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfailed", self._note_failure)
        page.on("request", lambda request: self.asked.append(request.url))

    async def hurry(self, **constants: int) -> None:
        """Let the page's scripts have other numbers than these: their patience is measured for people."""

        async def answer(route: Route) -> None:
            told = await route.fetch()
            text = await told.text()
            for name, value in constants.items():
                text = re.sub(rf"(const {name}) = \d+", rf"\1 = {value}", text)
            await route.fulfill(response=told, body=text)

        await self.page.route("**/*.js", answer)

    async def open(self, *, is_live: bool = True) -> None:
        """Go there; a live page is there when frames move it."""
        await self.page.add_init_script(WATCH_SHIFTS)
        await self.page.goto(self.url)
        if is_live:
            await self.live()

    async def live(self) -> None:
        """Until the first frame is shown."""
        # Not by a condition in JavaScript: Playwright would evaluate a text, and the page forbids that.
        await self.page.locator("html[data-frames]").wait_for(state="attached")

    async def frames(self, count: int) -> None:
        """Until so many frames have been shown."""
        while int(await self.page.locator("html").get_attribute("data-frames") or 0) < count:
            await self.page.wait_for_timeout(50)

    async def text(self, selector: str) -> str:
        """What is read there."""
        return " ".join((await self.page.locator(selector).first.inner_text()).split())

    async def until_text(self, selector: str, text: str) -> None:
        """Wait until it can be read there."""
        await self.page.locator(selector, has_text=text).first.wait_for()

    async def bottom(self, selector: str) -> float:
        """How far down an element reaches."""
        box = await self.page.locator(selector).bounding_box()
        assert box is not None, f"{selector} is not shown"
        return box["y"] + box["height"]

    async def shifted(self) -> float:
        """The layout shift until now, as browsers measure it."""
        return float(await self.page.evaluate("globalThis.shifted"))

    async def violations(self) -> list[str]:
        """What axe-core finds wrong; its script comes with a wheel, so that nothing is fetched."""
        script = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
        await self.page.evaluate(script)
        found: list[dict[str, Any]] = await self.page.evaluate("async () => (await axe.run()).violations")
        return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]

    async def violations_in_both_themes(self) -> list[str]:
        """The same, and then of the colours of the other theme."""
        found = []
        for theme in ("light", "dark"):
            await self.page.emulate_media(color_scheme=theme)
            found += [f"{theme}: {one}" for one in await self.violations()]
        return found

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _note_failure(self, request: Request) -> None:
        # A stream that the page itself has let go of is no failure.
        if not request.url.endswith("/api/live/stream"):
            self.complaints.append(f"{request.url}: {request.failure}")

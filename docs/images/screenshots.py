"""Take pictures of the live page: the real service over a household's ledger, in a real browser (`make pictures`).

The household has a shop, which a small web server at home answers.
"""

from __future__ import annotations

import asyncio
import math
import os
import random
import shutil
import socket
import sys
import tempfile
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from playwright.async_api import async_playwright

from exporter.ledger.schema import migrate
from exporter.metering.clock import SECOND
from exporter.metering.counters.readings import Counts
from exporter.metering.counters.speeds import Speeds
from exporter.metering.postings import Usage
from exporter.meters.interfaces.state import interface
from exporter.meters.requests.events import Batch, Event
from exporter.web.page import live
from reports.billing.plans import CycleRule, Plan
from tests.exporter.web.running_service import RunningService, running
from tests.worlds.fake_machine import Machine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import Literal

    from playwright.async_api import Browser

    from exporter.metering.subjects import Subject

    Theme = Literal["dark", "light"]

HERE = Path(__file__).parent
ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 20, 41, 7, tzinfo=ZONE)
HISTORY_DAYS = 400
SLOTS_OF_A_DAY = {7: 0.06, 9: 0.05, 12: 0.08, 14: 0.06, 17: 0.12, 19: 0.2, 20: 0.26, 21: 0.17}
"""Which hours a household is on the line, and how much of the day's bytes they have."""

EARLIER_MINUTES, WATCHED_SECONDS = 20, 606
SIZES = {"wide": (1440, 900, 1.0), "phone": (390, 844, 2.0)}
REQUESTS = {("dark", "wide"), ("light", "phone")}
MEGABIT = 125_000

PATHS = {
    ("shop", "GET", "/items/{id}"): (40, 9),
    ("shop", "GET", "/search"): (9, 84),
    ("shop", "POST", "/orders"): (4, 31),
    ("photos", "GET", "/albums/{id}"): (14, 22),
    ("photos", "POST", "/upload"): (3, 410),
    ("feeds", "GET", "/feed.xml"): (2, 3),
}
"""Routes of services, how often each is asked for beside the others, and its usual milliseconds."""

REQUESTS_A_SECOND = 26
FAILED = 0.004


def main() -> int:
    """Every theme at every size; returns the exit code."""
    program = shutil.which("chromium")
    if program is None:
        sys.stderr.write("chromium is not installed: the pictures of the page stay as they are\n")
        return 1
    socket.gethostname = lambda: "atlas"
    live.FRAME_SECONDS = 0.02
    asyncio.run(take(program))
    return 0


async def take(program: str) -> None:
    """One service, one browser."""
    arguments = ["--disable-background-networking", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with tempfile.TemporaryDirectory() as folder:
        async with (
            running(household(Path(folder))) as service,
            async_playwright() as playwright,
            await playwright.chromium.launch(executable_path=program, args=arguments) as browser,
        ):
            async with listening(service):
                for second in range(WATCHED_SECONDS):
                    await pass_second(service, second)
            themes: tuple[Theme, ...] = ("dark", "light")
            for theme in themes:
                for size in SIZES:
                    await picture(browser, service, theme, size)


async def picture(browser: Browser, service: RunningService, theme: Theme, size: str) -> None:
    """docs/images/page-THEME-SIZE.png: what is seen without scrolling; page-requests-THEME-SIZE.png: its section."""
    width, height, scale = SIZES[size]
    context = await browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=scale, color_scheme=theme
    )
    page = await context.new_page()
    await page.goto(service.url)
    await page.locator("html[data-frames]").wait_for(state="attached")
    await page.wait_for_timeout(300)
    await page.screenshot(path=HERE / f"page-{theme}-{size}.png")
    if (theme, size) in REQUESTS:
        await page.locator("#requests").screenshot(path=HERE / f"page-requests-{theme}-{size}.png")
    await context.close()


def household(folder: Path) -> RunningService:
    """A home line with a plan: quiet weekdays, film nights at the weekend."""
    ledger = folder / "ledger.db"
    migrate(ledger)
    machine = Machine(wall=int(NOW.timestamp()) * SECOND)
    machine.create("eth0", is_uplink=True)
    for name in ("wg0", "docker0", "veth1a2b"):
        machine.create(name, is_physical=False, speed=None)
    service = RunningService(machine, ledger, ZONE)
    service.plans = (Plan(name="home", cap_bytes=10**12, cycle=CycleRule(day=7)),)
    now, chance = int(NOW.timestamp()), random.Random(7)  # noqa: S311 - the pictures must be the same each time
    service.write_before(slots=_slots(now, chance), minutes=_minutes(now))
    return service


def _slots(now: int, chance: random.Random) -> dict[tuple[int, Subject], Usage]:
    made: dict[tuple[int, Subject], Usage] = {}
    for back in range(HISTORY_DAYS):
        day = (NOW - timedelta(days=back)).replace(hour=0, minute=0, second=0)
        weekend = 1.9 if day.weekday() >= 5 else 1.0  # noqa: PLR2004 - Saturday and Sunday
        moved = weekend * 17e9 * math.exp(chance.gauss(0, 0.42))
        for hour, share in SLOTS_OF_A_DAY.items():
            at = int(day.timestamp()) + 3600 * hour
            received = int(moved * share * chance.uniform(0.7, 1.3))
            if at < now:
                made[at, interface("eth0")] = _usage(received, int(received * chance.uniform(0.06, 0.16)), chance)
    return made


def _usage(received: int, sent: int, chance: random.Random) -> Usage:
    speed = chance.randrange(60 * MEGABIT, 240 * MEGABIT)
    return Usage(Counts(received, sent), 0, Speeds(speed, speed // 6, speed + speed // 9))


def _minutes(now: int) -> dict[tuple[int, Subject], Usage]:
    first = now // 60 * 60 - 60 * EARLIER_MINUTES
    return {
        (first + 60 * number, interface("eth0")): Usage(
            Counts(*map(sum, zip(*SPEEDS[60 * number :][:60], strict=True)))
        )
        for number in range(EARLIER_MINUTES)
    }


def _speeds(seconds: int) -> Iterator[tuple[int, int]]:
    """Bytes received and sent in each second: films, downloads, and somebody who sends photos for a while."""
    chance = random.Random(11)  # noqa: S311 - as above
    level = target = 18.0
    photos = 0.0
    for second in range(seconds):
        if chance.random() < 1 / 40:
            target = chance.choice((7, 12, 18, 26, 34, 58))
        level += (target - level) * 0.14 + chance.gauss(0, 0.9)
        photos += ((15 if second % 700 > 470 else 0) - photos) * 0.2  # noqa: PLR2004 - seconds of a stretch
        received = max(level, 1) * chance.uniform(0.94, 1.06)
        yield int(received * MEGABIT), int((1 + received / 30 + photos * chance.uniform(0.93, 1.04)) * MEGABIT)


SPEEDS = list(_speeds(60 * EARLIER_MINUTES + WATCHED_SECONDS))


async def pass_second(service: RunningService, second: int) -> None:
    """The machine's clock goes on, bytes flow, and a frame is told."""
    received, sent = SPEEDS[60 * EARLIER_MINUTES + second]
    service.machine.move("eth0", received, sent)
    service.machine.move("wg0", received // 14, sent // 9)
    service.machine.move("docker0", sent // 5, received // 30)
    service.intake.add_soon(_asked(service.machine.seconds, random.Random(second)))  # noqa: S311 - as above
    service.machine.wait(1)
    service.service._parts.sampler.sample()  # type: ignore[union-attr]  # noqa: SLF001 - a second has passed
    await asyncio.sleep(live.FRAME_SECONDS * 1.3)


def _asked(at: int, chance: random.Random) -> Batch:
    """The requests of a second."""
    weights = [often for often, _ in PATHS.values()]
    asked = chance.choices(list(PATHS.items()), weights, k=chance.randrange(REQUESTS_A_SECOND * 2))
    events = [
        Event(
            service,
            at * 1_000_000,
            method,
            route,
            503 if chance.random() < FAILED else 200,
            int(milliseconds * 1000 * chance.lognormvariate(0, 0.4)),
        )
        for (service, method, route), (_, milliseconds) in asked
    ]
    return Batch(events)


@asynccontextmanager
async def listening(service: RunningService) -> AsyncIterator[None]:
    """Somebody watches, so that the chart remembers every second."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(b"GET /api/live/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
    taking = asyncio.create_task(_take_all(reader))
    yield
    taking.cancel()
    writer.close()


async def _take_all(reader: asyncio.StreamReader) -> None:
    while await reader.read(1 << 16):
        pass


if __name__ == "__main__":
    sys.exit(main())

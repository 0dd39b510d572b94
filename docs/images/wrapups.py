"""Take pictures of a wrap-up: a household's year, in a real browser (`make pictures`)."""

from __future__ import annotations

import math
import os
import random
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from exporter.ledger.files import connect_to_read
from exporter.ledger.schema import migrate
from reports.billing.plans import Plan
from reports.billing.prices import one_price
from reports.calendar.period import Period
from reports.formats.html import write
from reports.ledger.host import Host
from reports.ledger.reader import LedgerReader
from reports.wrapup.context import WrapUpContext
from reports.wrapup.wrapup import wrapup

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from playwright.sync_api import Browser

    Theme = Literal["dark", "light"]

HERE = Path(__file__).parent
NOW = int(datetime(2027, 1, 2, 12, tzinfo=UTC).timestamp())
DAYS, SLOT_DAYS, DAY, SLOT = 733, 368, 86_400, 900
HOURS = (5, 3, 2, 1, 1, 1, 3, 8, 10, 10, 11, 12, 13, 12, 11, 12, 15, 20, 25, 32, 40, 46, 35, 15)
"""How a household's bytes are spread over a day of UTC."""

DEVICES = {"eth0": 0.8, "wlan0": 0.2, "wg0": 0.24}
SIZES = {"wide": (1440, 900, 0.7, "#calendar"), "phone": (390, 844, 1.2, "#over-time")}
"""Width, height, scale, and the chapter that is the last in the picture."""

HOME = Plan("home", cap_bytes=10**12, price_steps=one_price(Decimal("0.02")), currency="EUR", gigabyte_bytes=10**9)


def main() -> int:
    """Every theme at every size; returns the exit code."""
    program = shutil.which("chromium")
    if program is None:
        sys.stderr.write("chromium is not installed: the pictures of the wrap-up stay as they are\n")
        return 1
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = Path(folder) / "2026.html"
        page.write_bytes(_page(Path(folder) / "ledger.db"))
        arguments = ["--disable-background-networking", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        with playwright.chromium.launch(executable_path=program, args=arguments) as browser:
            themes: tuple[Theme, ...] = ("dark", "light")
            for theme in themes:
                for size in SIZES:
                    _picture(browser, page, theme, size)
    return 0


def _picture(browser: Browser, file: Path, theme: Theme, size: str) -> None:
    """docs/images/wrapup-THEME-SIZE.png: from the top to the end of a chapter."""
    width, height, scale, last = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=scale, color_scheme=theme
    )
    page = context.new_page()
    page.goto(file.as_uri())
    box = page.locator(last).bounding_box()
    assert box is not None  # noqa: S101 - a year has a calendar
    clip = {"x": 0, "y": 0, "width": width, "height": box["y"] + box["height"] + 24}
    page.screenshot(path=HERE / f"wrapup-{theme}-{size}.png", full_page=True, clip=clip)  # type: ignore[arg-type]
    context.close()


def _page(ledger: Path) -> bytes:
    _fill(ledger)
    with closing(connect_to_read(ledger)) as connection, LedgerReader(connection).at_one_moment() as reader:
        told = wrapup(
            reader,
            Period.year(2026, reader.zone),
            NOW,
            Host("atlas", "0123abcd", "Linux", "1.0.0"),
            context=WrapUpContext((HOME,)),
        )
    return b"".join(write(told))


def _fill(ledger: Path) -> None:
    migrate(ledger)
    chance = random.Random(5)  # noqa: S311 - the pictures must be the same each time
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.executemany(
            "INSERT INTO subject (id, meter, key, first_seen, last_seen) VALUES (?, 'interface', ?, ?, ?)",
            [(number, name, NOW - DAYS * DAY, NOW) for number, name in enumerate(DEVICES, start=1)],
        )
        connection.execute(
            "INSERT INTO interface_subject SELECT id, key, key <> 'wg0', key <> 'wg0' FROM subject",
        )
        connection.execute("INSERT INTO state (name, value) VALUES ('timezone', 'UTC')")
        for day in range(NOW // DAY - DAYS, NOW // DAY):
            for number, (received, sent) in enumerate(_day(day, chance), start=1):
                _write_day(connection, day, number, (received, sent), chance)


def _day(day: int, chance: random.Random) -> Iterator[tuple[int, int]]:
    """Bytes of each device: more in winter, at weekends, and every year; a fortnight away in summer."""
    date = datetime.fromtimestamp(day * DAY, UTC)
    season = 1 + 0.35 * math.cos(date.timetuple().tm_yday / 365 * math.tau)
    weekend = 1.7 if date.weekday() >= 5 else 1.0  # noqa: PLR2004 - Saturday and Sunday
    moved = 14e9 * season * weekend * 1.14 ** (date.year - 2024) * chance.lognormvariate(0, 0.5)
    if 195 <= date.timetuple().tm_yday <= 208:  # noqa: PLR2004 - two weeks in July
        moved *= 0.02
    for share in DEVICES.values():
        yield int(moved * share), int(moved * share * chance.uniform(0.1, 0.28))


def _write_day(
    connection: sqlite3.Connection, day: int, number: int, moved: tuple[int, int], chance: random.Random
) -> None:
    speed = chance.randrange(20_000_000, 112_000_000)
    row = "(?, ?, ?, ?, ?, ?, ?)"
    columns = "subject, receive_bytes, transmit_bytes, peak_receive_speed, peak_transmit_speed, peak_speed"
    connection.execute(
        f"INSERT INTO interface_day (day, {columns}) VALUES {row}",  # noqa: S608 - names of our schema
        (day, number, *moved, speed, speed // 6, speed + speed // 9),
    )
    if day < NOW // DAY - SLOT_DAYS:
        return
    slots = [
        (
            day * DAY + hour * 3600 + quarter * SLOT,
            number,
            *(part * share // sum(HOURS) // 4 for part in moved),
            0,
            0,
            0,
        )
        for hour, share in enumerate(HOURS)
        for quarter in range(4)
    ]
    connection.executemany(f"INSERT INTO interface_slot (slot, {columns}) VALUES {row}", slots)  # noqa: S608 - as above


if __name__ == "__main__":
    sys.exit(main())

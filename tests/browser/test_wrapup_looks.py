"""In a real browser: a wrap-up fits a sheet and a phone, can be read by everybody, runs nothing and asks nobody."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from exporter.archive.folder import archive_folder
from exporter.metering.counters.readings import Counts
from exporter.metering.postings import Usage
from exporter.meters.interfaces.state import interface
from exporter.settings.tree import Grafana
from reports.billing.plans import CycleRule, Plan
from reports.wrapup.chapters.chapter import bidi_text
from tests.browser.long_ledgers import ten_years_of
from tests.exporter.web.running_service import running

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.lively_service import LivelyService

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "\"'><script>document.title='owned'</script>",
    "\u202egnp.exe\u2069\u2069",
    "🦜🏴‍☠️ übergröße",
    "x" * 200,
)
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WIDER_THAN_THEIR_PLACE = """
() => [...document.querySelectorAll("section, .opening, .inside, dl > div, li")]
  .filter((one) => one.scrollWidth > one.clientWidth + 1)
  .map((one) => `${one.tagName} ${one.textContent.slice(0, 60)}`)
"""


def ten_years(service: LivelyService) -> None:
    service.ledger.path.unlink()
    shutil.copyfile(ten_years_of(("eth0", "wlan0"), service.machine.seconds), service.ledger.path)
    service.plans = (Plan(cap_bytes=4 * 10**11, rollover=True),)
    service.grafana = Grafana(url="http://127.0.0.1:3000")


def nothing(_service: LivelyService) -> None:
    """A ledger of one minute."""


def many_interfaces(service: LivelyService) -> None:
    names = [f"veth{number:02}" for number in range(38)]
    for name in names:
        service.machine.create(name, is_physical=False)
    slot = service.machine.seconds // 900 * 900 - 900
    service.write_before(slots={(slot, interface(name)): Usage(Counts(10**9, 10**8)) for name in [*names, "eth0"]})


WORLDS: dict[str, Callable[[LivelyService], None]] = {
    "ten years": ten_years,
    "one minute": nothing,
    "many interfaces": many_interfaces,
}
PERIODS = {"ten years": "range=all", "one minute": "range=today", "many interfaces": "range=month"}


@pytest.mark.parametrize("world", WORLDS)
async def test_it_fits_and_everybody_can_read_it(
    world: str, unstarted: LivelyService, visit: Callable[..., Any]
) -> None:
    WORLDS[world](unstarted)
    async with running(unstarted):
        url = f"{unstarted.url}/api/export/wrapup?{PERIODS[world]}"
        for width, height in ((1440, 900), (390, 844)):
            async with visit(url, width=width, height=height, is_live=False) as visitor:
                assert await visitor.page.evaluate(SIDEWAYS) == 0
                assert await visitor.page.evaluate(WIDER_THAN_THEIR_PLACE) == []
                assert await visitor.violations_in_both_themes() == []
                assert visitor.complaints == []
                assert visitor.asked == [url]


@pytest.mark.parametrize("name", HOSTILE)
async def test_names_are_shown_and_run_nothing(
    name: str, unstarted: LivelyService, visit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    unstarted.plans = (Plan(name, cap_bytes=10**9),)
    monkeypatch.setattr("socket.gethostname", lambda: name)
    async with running(unstarted):
        url = f"{unstarted.url}/api/export/wrapup?cycle=current"
        async with visit(url, width=390, height=844, is_live=False) as visitor:
            shown = await visitor.page.locator("bdi").all_inner_texts()
            assert shown.count(name) >= 3
            assert (await visitor.page.title()).endswith(bidi_text(name))
            assert await visitor.page.evaluate(SIDEWAYS) == 0
            assert await visitor.page.evaluate(WIDER_THAN_THEIR_PLACE) == []
            assert visitor.complaints == []
            assert visitor.asked == [url]


BROKEN_RECORDS = """
() => [...document.querySelectorAll(".records .facts dd")].filter((one) => {
  const text = document.createRange();
  text.selectNodeContents(one.firstChild);
  return new Set([...text.getClientRects()].map((line) => line.top)).size > 1;
}).map((one) => one.textContent)
"""


@pytest.mark.parametrize("width", [320, 390, 768, 1000, 1440])
async def test_no_record_is_broken_into_lines(width: int, unstarted: LivelyService, visit: Callable[..., Any]) -> None:
    ten_years(unstarted)
    async with running(unstarted):
        url = f"{unstarted.url}/api/export/wrapup?range=year"
        async with visit(url, width=width, is_live=False) as visitor:
            assert await visitor.page.locator(".records .facts dd").count() > 2
            assert await visitor.page.evaluate(BROKEN_RECORDS) == []


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
async def test_the_longest_amount_fits(width: int, unstarted: LivelyService, visit: Callable[..., Any]) -> None:
    slot = unstarted.machine.seconds // 900 * 900 - 900
    unstarted.write_before(slots={(slot, interface("eth0")): Usage(Counts(888_880_000_000, 0))})
    async with running(unstarted):
        url = f"{unstarted.url}/api/export/wrapup?range=today"
        async with visit(url, width=width, is_live=False) as visitor:
            assert "888.88" in await visitor.text("h1")
            assert await visitor.page.evaluate(WIDER_THAN_THEIR_PLACE) == []


@pytest.mark.parametrize(("world", "fewest", "most"), [("one minute", 2, 3), ("ten years", 6, 10)])
async def test_it_prints_on_sheets(
    world: str, fewest: int, most: int, unstarted: LivelyService, visit: Callable[..., Any]
) -> None:
    WORLDS[world](unstarted)
    async with running(unstarted):
        url = f"{unstarted.url}/api/export/wrapup?{PERIODS[world]}"
        async with visit(url, theme="dark", is_live=False) as visitor:
            sheets = await visitor.page.pdf(prefer_css_page_size=True, print_background=True)

    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", sheets)
    assert fewest <= len(boxes) <= most
    assert {(round(float(width)), round(float(height))) for width, height in boxes} == {(595, 842)}  # A4


CYCLES = """
() => [...document.querySelectorAll(".bars.wide li")].map((line) => {
  const [name, bar] = line.children;
  return [name.getClientRects().length, Math.round(bar.getBoundingClientRect().width)];
})
"""


async def test_on_paper_no_cycles_name_breaks_and_their_bars_have_one_length(
    unstarted: LivelyService, visit: Callable[..., Any]
) -> None:
    weekly = Plan("mobile", cycle=CycleRule("weekly"), cap_bytes=10**9, rollover=True)
    unstarted.plans = (weekly,)
    start = unstarted.machine.seconds // 900 * 900 - 80 * 86_400
    moved = {number: Usage(Counts(10**9 * number, 7**number)) for number in range(20)}
    slots = {(start + number * 86_400, interface("eth0")): usage for number, usage in moved.items()}
    unstarted.write_before(slots=slots)
    async with running(unstarted):
        url = f"{unstarted.url}/api/export/wrapup?range=year"
        async with visit(url, width=688, is_live=False) as visitor:
            await visitor.page.emulate_media(media="print")
            lines = await visitor.page.evaluate(CYCLES)

    assert len(lines) == 13
    assert {rows for rows, _ in lines} == {1}
    assert len({width for _, width in lines}) == 1


@pytest.fixture
def kept(unstarted: LivelyService) -> None:
    """A report of the archive that somebody has put a script into."""
    folder = archive_folder(unstarted.ledger.path)
    folder.mkdir()
    (folder / "2025-12.html").write_text(
        "<!doctype html><title>t</title><p>kept<script>document.title='ran'</script>", encoding="utf-8"
    )


@pytest.mark.usefixtures("kept")
async def test_the_archive_leads_to_its_reports(service: LivelyService, visit: Callable[..., Any]) -> None:
    async with visit(f"{service.url}/reports", is_live=False) as visitor:
        assert await visitor.violations() == []
        await visitor.page.get_by_role("link", name="December 2025").click()
        await visitor.until_text("p", "kept")

        assert await visitor.page.title() == "t"
        assert "script" in " ".join(visitor.complaints).lower()

"""In a real browser: what is wanted first is seen first, nothing shifts, nobody else is asked, whatever the data."""

from __future__ import annotations

import shutil
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from exporter.metering.counters.readings import Counts
from exporter.metering.postings import Usage
from exporter.meters.interfaces.state import interface
from exporter.settings.tree import Grafana
from reports.billing.plans import CycleRule, FreeHours, Plan, PriceStep
from tests.browser.long_ledgers import ten_years_of
from tests.exporter.web.running_service import running

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.lively_service import LivelyService

WIDE, PHONE = (1440, 900), (390, 844)
MOST_SHIFT = 0.02
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "\"'><script>document.title='owned'</script>",
    "\u202egnp.exe\u200f",
    "🦜🏴‍☠️ übergröße",
    "x" * 200,
)
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
OVERFLOWING = """
() => [...document.querySelectorAll(".card")].filter((card) => card.scrollHeight > card.clientHeight + 1
  || card.scrollWidth > card.clientWidth + 1).map((card) => card.className)
"""

CUT_OFF = """
() => [...document.querySelectorAll(".main, .sides, .totals, .note, td, .total, .amount")].filter((one) =>
  one.getClientRects().length && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== "inline")
  .map((one) => `${one.className} ${one.textContent}`)
"""


def nothing(_service: LivelyService) -> None:
    """A ledger of one minute: nobody has moved a byte."""


def ten_years(service: LivelyService) -> None:
    service.ledger.path.unlink()
    shutil.copyfile(ten_years_of(("eth0",), service.machine.seconds), service.ledger.path)
    service.plans = (Plan(cap_bytes=4 * 10**12),)


def everything_of_a_plan(service: LivelyService) -> None:
    ten_years(service)
    price = (PriceStep(None, Decimal("0.10")),)
    plan = Plan("home", cycle=CycleRule(day=7), cap_bytes=88 * 10**10, price_steps=price, currency="EUR", rollover=True)
    plan = plan._replace(free_hours=(FreeHours(18 * 60, 15 * 60),))
    service.plans = tuple(plan._replace(name=name) for name in ("home", "guest"))


def forty_interfaces(service: LivelyService) -> None:
    for number in range(39):
        service.machine.create(f"veth{number:02}", is_physical=False)


def no_interface(service: LivelyService) -> None:
    service.machine.interfaces.clear()
    service.machine.uplinks.clear()


def a_cap_of_nothing(service: LivelyService) -> None:
    service.plans = (Plan(cap_bytes=0),)
    service.write_before(slots={(service.machine.seconds - 9000, interface("eth0")): Usage(Counts(5_000_000))})


def many_plans(service: LivelyService) -> None:
    names = ("home", "guest", "mobile", "backup")
    service.plans = tuple(Plan(name=name, cap_bytes=10**12) for name in names)


def hostile_names(service: LivelyService) -> None:
    for name in HOSTILE:
        service.machine.create(name, is_uplink=True)
    service.plans = tuple(Plan(name=name, cap_bytes=10**9) for name in HOSTILE)


def huge_numbers(service: LivelyService) -> None:
    at = service.machine.seconds - 9000
    service.write_before(slots={(at, interface("eth0")): Usage(Counts(888_888_888_888_888_888, 88_888_888_888_888))})
    service.plans = (Plan(cap_bytes=888_888_888_888_888),)


WORLDS = pytest.mark.parametrize(
    "world",
    [nothing, ten_years, forty_interfaces, no_interface, a_cap_of_nothing, many_plans, hostile_names, huge_numbers],
    ids=lambda world: world.__name__,
)


@WORLDS
async def test_the_page_keeps_its_layout(
    unstarted: LivelyService, visit: Any, world: Callable[[LivelyService], None]
) -> None:
    world(unstarted)
    async with running(unstarted):
        for width, height in (WIDE, PHONE):
            async with visit(unstarted.url, width=width, height=height) as tab:
                await tab.frames(3)

                assert await tab.bottom("#month") <= height
                assert await tab.page.evaluate(SIDEWAYS) == 0
                assert await tab.page.evaluate(OVERFLOWING) == []
                assert await tab.shifted() < MOST_SHIFT
                assert tab.complaints == []


@pytest.mark.parametrize("world", [ten_years, hostile_names, everything_of_a_plan], ids=lambda world: world.__name__)
async def test_nothing_is_cut_off_at_any_width(
    unstarted: LivelyService, visit: Any, world: Callable[[LivelyService], None]
) -> None:
    world(unstarted)
    unstarted.grafana = Grafana(url="https://grafana.example")
    async with running(unstarted), visit(unstarted.url) as tab:
        for width in (1440, 1241, 1240, 1024, 720, 561, 390, 320):  # 720 is 1440 at 200 %
            await tab.page.set_viewport_size({"width": width, "height": 800})

            assert await tab.page.evaluate(SIDEWAYS) == 0, width
            assert await tab.page.evaluate(OVERFLOWING) == [], width
            assert await tab.page.evaluate(CUT_OFF) == [], width


@pytest.mark.parametrize("world", [ten_years, hostile_names], ids=lambda world: world.__name__)
async def test_contrast_and_labels_are_for_everybody(
    unstarted: LivelyService, visit: Any, world: Callable[[LivelyService], None]
) -> None:
    world(unstarted)
    unstarted.grafana = Grafana(url="https://grafana.example")
    async with running(unstarted):
        for width, height in (WIDE, PHONE):
            async with visit(unstarted.url, width=width, height=height) as tab:
                assert await tab.violations_in_both_themes() == []


async def test_contrast_and_labels_of_what_is_wrong(service: LivelyService, visit: Any) -> None:
    async with visit(service.url) as tab:
        service.meter.problem = "the kernel is busy"
        service.pass_time(30)
        await tab.until_text("#state", "Late")

        assert await tab.violations_in_both_themes() == []


async def test_with_colours_of_the_system_what_is_chosen_is_seen(service: LivelyService, visit: Any) -> None:
    async with visit(service.url, forced_colors="active") as tab:
        chosen, other = [
            await tab.page.evaluate(f"getComputedStyle(document.querySelector('.ranges label{which}')).backgroundColor")
            for which in (":has(:checked)", ":not(:has(:checked))")
        ]
        borders = await tab.page.evaluate("getComputedStyle(document.querySelector('.button')).borderTopWidth")

    assert chosen != other
    assert borders == "1px"


async def test_without_scripts_nothing_says_that_it_lives(service: LivelyService, visit: Any) -> None:
    async with visit(service.url, is_live=False, java_script_enabled=False) as tab:
        assert not await tab.page.locator("#state").is_visible()
        assert await tab.text(".now noscript") == (
            "Numbers are those of 14:30:00: the chart, and numbers that move, need JavaScript. "
            "Load the page again for newer ones."
        )


async def test_hostile_names_are_shown_as_they_are(
    unstarted: LivelyService, visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: HOSTILE[1])
    hostile_names(unstarted)
    async with running(unstarted), visit(unstarted.url) as tab:
        rows = tab.page.locator("tbody .device")
        shown = [await row.text_content() for row in await rows.all()]

        assert set(HOSTILE) <= set(shown)
        assert await tab.page.title() == f"{HOSTILE[1]} · netledger"
        assert await tab.page.locator(".host").text_content() == HOSTILE[1]


async def test_nothing_is_fetched_from_anywhere_else(service: LivelyService, visit: Any) -> None:
    async with visit(service.url) as tab:
        await tab.page.wait_for_timeout(500)

        assert tab.asked
        assert not [url for url in tab.asked if not url.startswith((service.url, "data:"))]
        assert tab.complaints == []


async def test_numbers_that_move_shift_nothing(service: LivelyService, visit: Any) -> None:
    async with service.flowing(receive=9_876_543, transmit=123), visit(service.url) as tab:
        await tab.until_text('[data-live="receive"]', "Mbit/s")
        service.meter.problem = "the kernel is busy"
        await tab.until_text("#state", "Late")
        service.meter.problem = ""
        await tab.until_text("#state", "Live")

        assert await tab.shifted() < MOST_SHIFT


async def test_colours_are_chosen_once(service: LivelyService, visit: Any) -> None:
    async with visit(service.url, theme="light") as tab:
        paper = "getComputedStyle(document.documentElement).backgroundColor"
        light = await tab.page.evaluate(paper)
        await tab.page.locator("input[name=theme][value=dark]").check()
        dark = await tab.page.evaluate(paper)
        await tab.page.reload()
        reloaded = await tab.page.evaluate(paper)
        await tab.page.locator("input[name=theme][value=system]").check()

        assert light != dark == reloaded
        assert await tab.page.evaluate(paper) == light


async def test_the_local_time_zone_is_stated(service: LivelyService, visit: Any) -> None:
    async with visit(service.url, timezone_id="America/New_York") as tab:
        assert await tab.text(".clock") == "14:30:00 Asia/Kolkata (UTC+05:30)"
    async with visit(service.url, width=PHONE[0], height=PHONE[1]) as tab:
        assert await tab.text("#today .when") == "12 Jun, Asia/Kolkata"


async def test_the_keyboard_reaches_everything_and_shows_where_it_is(service: LivelyService, visit: Any) -> None:
    async with visit(service.url) as tab:
        reached = []
        for _ in range(40):
            await tab.page.keyboard.press("Tab")
            reached.append(
                await tab.page.evaluate(
                    """() => {
                      const here = document.activeElement;
                      const marked = here.closest("label") ?? here;
                      return [here.id || here.name || here.className || here.tagName,
                        getComputedStyle(marked).outlineStyle];
                    }"""
                )
            )
            if reached[-1][0] == "BODY":
                break

        names = [name for name, _ in reached]
        assert names[0] == "skip"
        assert {"theme", "month-before", "scroll", "range", "format"} - {*names} == {"month-before"}  # no earlier month
        assert all(outline != "none" for name, outline in reached if name != "BODY")


async def test_the_first_tab_skips_to_the_numbers(service: LivelyService, visit: Any) -> None:
    async with visit(service.url) as tab:
        await tab.page.keyboard.press("Tab")
        await tab.page.keyboard.press("Enter")

        assert tab.page.url.endswith("#main")


async def test_an_export_is_one_press_away(service: LivelyService, visit: Any) -> None:
    async with visit(service.url) as tab:
        await tab.page.locator("input[name=range][value=all]").check()
        async with tab.page.expect_download() as started:
            await tab.page.locator("button[value=csv]").click()
        download = await started.value

        assert download.suggested_filename.endswith(".csv")
        assert "range=all&format=csv" in download.url


async def test_with_reduced_motion_nothing_fades(service: LivelyService, visit: Any) -> None:
    async with visit(service.url, reduced_motion=True) as tab:
        still = await tab.page.evaluate("getComputedStyle(document.querySelector('.dot')).transitionDuration")

    assert still == "0s"


async def test_a_first_visit_is_small(service: LivelyService, visit: Any) -> None:
    async with visit(service.url) as tab:
        sizes = await tab.page.evaluate(
            """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
              .filter((entry) => !entry.name.includes("/stream")).map((entry) => entry.encodedBodySize)"""
        )

    assert 20_000 < sum(sizes) <= 120_000


async def test_a_service_behind_a_key_file_is_reached_as_before(unstarted: LivelyService, visit: Any) -> None:
    unstarted.auth = replace(unstarted.auth, api_keys=("a-key-for-the-page",))
    async with running(unstarted), visit(unstarted.url, is_live=False) as tab:
        assert await tab.violations() == []

"""The page says where history is imported, with the same amounts as the API."""

from __future__ import annotations

import html
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from reports.billing.plans import CycleRule, Plan
from reports.billing.prices import one_price
from reports.text.amounts import human_bytes
from tests.exporter.web.reported import new_keys, report
from tests.exporter.web.test_rest_past_requests import event, opened, step

if TYPE_CHECKING:
    from tests.exporter.web.running_service import RunningService

YESTERDAY = date(2026, 6, 11)
ROWS = (["eth0", "2026-05-01", "2026-05-31", 70_000, 7_000], ["eth0", str(YESTERDAY), str(YESTERDAY), 500, 50])
"""A month whose days are not known, and a day."""


def card(page: str, name: str) -> str:
    return page.partition(f'id="{name}"')[2].partition("</section>")[0]


def mark(amount: int, word: str = "partly imported") -> str:
    return f'title="{human_bytes(amount)} of it imported from another program">{word}</span>'


async def test_the_page_says_where_history_is_imported(service: RunningService) -> None:
    service.machine.move("eth0", 1000, 100)
    service.pass_time()
    without = (await service.ask("/")).text
    document = {"source": "vnstat", "past": ["vnstat", "since then", 2**33, ROWS, [], [], []]}
    assert (await service.ask("/api/imports", "POST", json=document)).status == 200

    page, may = [(await service.ask(f"/{query}")).text for query in ("", "?month=2026-05")]

    assert "imported" not in without
    assert (await service.get("/api/summary"))["imported_bytes"] == 77_550
    for name in ("lifetime", "interfaces"):
        assert mark(77_550) in card(page, name)
    assert mark(550, "imported") in card(page, "today")
    assert mark(550) in card(page, "month")
    assert "550 B (500 B received, 50 B sent, 550 B imported)" in card(page, "month")
    assert mark(77_000, "imported") in card(may, "month")
    assert card(may, "month").count("imported without its days") == 31
    assert mark(77_000, "imported") in card(page, "records")


async def test_a_plan_of_the_page_says_what_is_left_out(service: RunningService) -> None:
    """Of May, which reaches over the begin of the cycle, none is in it."""
    service.plans = (Plan(cycle=CycleRule(day=15), price_steps=one_price(Decimal(1))),)
    await service.restart()
    service.machine.move("eth0", 1000, 100)
    service.pass_time()
    document = {"source": "vnstat", "past": ["vnstat", "since then", 2**33, ROWS, [], [], []]}
    assert (await service.ask("/api/imports", "POST", json=document)).status == 200

    cycle = card((await service.ask("/")).text, "cycle")
    (plan,) = (await service.get("/api/plans"))["plans"]

    assert (plan["imported_bytes"], plan["imported_bytes_across"]) == (550, 77_000)
    assert plan["last_cycle"]["imported_bytes_across"] == 77_000
    assert "77.00 kB imported across its ends are not in it" in cycle
    assert mark(550) in cycle
    assert "without 77.00 kB imported across cycles" in card((await service.ask("/")).text, "lifetime")


async def test_the_page_marks_imported_requests(service: RunningService) -> None:
    """Two services of today: of one another program has counted all, of the other none."""
    await report(service, await new_keys(service, "blog"), {})
    number = (await opened(service, services=["shop"]))["number"]
    await step(service, "add", number=number, part=0, events=[event(service, 0), event(service, 0)])
    service.pass_time()
    without = card((await service.ask("/")).text, "requests")
    await step(service, "finish", number=number)

    requests = card((await service.ask("/")).text, "requests")

    marked = '2<span class="imported muted" title="2 of them imported from another program">*</span></td>'
    assert requests.count(marked) == 2  # the service, and its route
    assert requests.count('class="imported') == 2
    assert "* 2 of today's requests imported from another program." in html.unescape(requests)
    assert "blog" in without
    assert "imported" not in without

"""The chapter of requests: only where services had some, names unharmed, no address, the numbers of the ledger."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from reports.calendar.days import day_of
from reports.calendar.period import Period
from reports.formats.html import write
from reports.ledger.shape import OTHER, OWN_SERVICE
from reports.templates.environment import style
from reports.usage.requests.report import MOST_LISTED, request_report
from reports.wrapup.wrapup import wrapup
from tests.meters.request_ledgers import RequestLedger
from tests.meters.requests import event
from tests.reports.export.example_exports import HOSTILE_NAMES, den_host
from tests.reports.wrapup.read_page import Page
from tests.worlds.fake_machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from exporter.meters.requests.events import Event
    from tests.conftest import Golden

ANCHOR = 'id="requests"'


@pytest.fixture
def ledger(template: Path, tmp_path: Path) -> Iterator[RequestLedger]:
    """A day of one interface, and no request."""
    machine = Machine()
    machine.create("eth0", is_uplink=True)
    with closing(RequestLedger(machine, tmp_path / "requests.db", template)) as made:
        machine.move("eth0", 9_000_000, 1_000_000)
        yield made


def page_of(ledger: RequestLedger) -> str:
    with ledger.read() as reader:
        today = Period.day(day_of(ledger.now, reader.zone), reader.zone)
        return b"".join(write(wrapup(reader, today, ledger.now, den_host()))).decode()


def some_events(at: int) -> list[Event]:
    """A shop with a slow checkout, a blog with errors, and netledger."""
    shop = [event(at, duration=2_000 + 100 * number, request_bytes=120, response_bytes=4_800) for number in range(60)]
    slow = [event(at, method="POST", route="/checkout", code=201, duration=1_500_000) for _ in range(12)]
    once = event(at, route="/report", duration=60_000_000)
    blog = [event(at, service="blog", route="/", code=500 if number < 7 else 200) for number in range(20)]
    rest = [event(at, service="blog", route=OTHER, code=404, duration=None) for _ in range(40)]
    own = [event(at, service=OWN_SERVICE, route="/metrics") for _ in range(500)]
    return [*shop, *slow, once, *blog, *rest, *own]


@pytest.mark.parametrize("services", [(), (OWN_SERVICE,)], ids=["none", "netledger alone"])
def test_without_a_service_there_is_no_chapter(ledger: RequestLedger, services: Sequence[str]) -> None:
    ledger.give([event(ledger.machine.seconds, service=service) for service in services])

    assert ANCHOR not in page_of(ledger)


def test_the_chapter_is_as_promised(ledger: RequestLedger, golden: Golden) -> None:
    ledger.give(some_events(ledger.machine.seconds))
    page = page_of(ledger).replace(str(style()), "")

    golden("wrapup-requests.html", page[page.index(f"<section {ANCHOR}") :].partition("</section>")[0])


def test_the_chapter_has_the_numbers_of_the_ledger(ledger: RequestLedger) -> None:
    ledger.give(some_events(ledger.machine.seconds))
    text = Page(page_of(ledger)).text

    assert "shop answered most: 73 requests, 55 % of all." in text
    assert "Requests133 to 2 services" in text
    assert "Errors47 35 % of all requests" in text
    assert "netledger's own requests are left out" in text
    assert "/metrics" not in text
    assert "POST /checkout shop120 %1.50 s1.50 s0 B" in text


def test_routes_that_stand_out_are_single_routes(ledger: RequestLedger) -> None:
    ledger.give(some_events(ledger.machine.seconds))
    ledger.give([event(ledger.machine.seconds, route=f"/{number}") for number in range(20)])
    with ledger.read() as reader:
        found = request_report(reader, Period.day(day_of(ledger.now, reader.zone), reader.zone).span)

    assert found is not None
    assert [row.route for row in found.busiest][:3] == ["/items/{id}", "/", "/checkout"]
    assert [row.route for row in found.slowest] == ["/checkout", "/items/{id}", "/"]
    assert [(row.route, row.figures.errors) for row in found.failing] == [("/", 7)]
    assert len(found.busiest) == MOST_LISTED
    assert all((row.quantiles is not None) == (row in found.listed) for row in found.routes)
    assert found.figures.requests == 153


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_that_a_stranger_chose_is_text(ledger: RequestLedger, name: str) -> None:
    ledger.give([event(ledger.machine.seconds, service=name, route=name) for _ in range(10)])
    page = Page(page_of(ledger))

    assert page.dangers == []
    assert "http://evil" not in [element.attributes.get("href") for element in page.elements]
    assert "requests" in {element.attributes.get("id") for element in page.all("section")}


def test_no_address_of_a_client_is_on_the_page(ledger: RequestLedger) -> None:
    ledger.give([event(ledger.machine.seconds, client="198.51.100.77", user="ann") for _ in range(9)])
    page = page_of(ledger)

    assert ANCHOR in page
    assert "198.51.100" not in page
    assert "ann" not in Page(page).text.split()

"""The chapter of applications: only where some were measured, names unharmed, and the same numbers as elsewhere."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from reports.calendar.period import Period
from reports.formats.html import write
from reports.templates.environment import style
from reports.usage.applications import applications
from reports.wrapup.wrapup import wrapup
from tests.reports.export.example_exports import HOSTILE_NAMES, den_host
from tests.reports.wrapup.read_page import Page
from tests.worlds.application_rows import amounts, post_applications

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Golden
    from tests.worlds.written_ledger import WrittenLedger

ZONE = ZoneInfo("Asia/Kolkata")
NOW = int(datetime(2026, 6, 12, 14, 30, tzinfo=ZONE).timestamp())
DAY, SLOT = 86_400, 900
MONTH = Period.month(2026, 6, ZONE)
ANCHOR = 'id="applications"'


@pytest.fixture
def ledger(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> WrittenLedger:
    """Twelve days of one interface."""
    made = new_ledger(ZONE)
    first = NOW - 12 * DAY
    made.write({first + number * DAY: (10**9 * (number + 1), 10**8) for number in range(13)}, seen=first)
    return made


def page_of(ledger: WrittenLedger) -> str:
    with ledger.reading() as reader:
        return b"".join(write(wrapup(reader, MONTH, NOW, den_host()))).decode()


def post_some(ledger: WrittenLedger, names: list[str], *, scope: str = "internet") -> None:
    slot = (NOW - 2 * DAY) // SLOT * SLOT
    post_applications(
        ledger,
        {
            (slot, (name, scope, "tcp")): amounts(10**9 // (place + 1), 10**6 * place, (10**6 if place == 1 else 0, 0))
            for place, name in enumerate(names)
        },
    )


def test_a_ledger_without_applications_has_no_chapter_of_them(ledger: WrittenLedger) -> None:
    assert ANCHOR not in page_of(ledger)


def test_applications_that_never_left_the_machine_are_no_chapter(ledger: WrittenLedger) -> None:
    post_some(ledger, ["postgres"], scope="loopback")

    assert ANCHOR not in page_of(ledger)


def test_the_chapter_is_as_promised(ledger: WrittenLedger, golden: Golden) -> None:
    post_some(ledger, ["firefox", "wireguard", *(f"default/web-{number}" for number in range(10))])
    post_some(ledger, ["postgres"], scope="loopback")
    page = page_of(ledger).replace(str(style()), "")

    golden("wrapup-applications.html", page[page.index(f"<section {ANCHOR}") :].partition("</section>")[0])


def test_the_chapter_has_the_numbers_of_the_ledger(ledger: WrittenLedger) -> None:
    post_some(ledger, ["firefox", "curl"])
    with ledger.reading() as reader:
        found = applications(reader, Period.days(date(2026, 6, 1), date(2026, 6, 12), ZONE), NOW)

    text = page_of(ledger).replace("\N{NO-BREAK SPACE}", " ")

    assert found.whole.total == 1_501_000_000
    assert "firefox</bdi> moved most: 1.00 GB, 67 % of what applications moved." in text
    assert f"{found.account.unattributed.total / 1e9:.2f} GB of the counted interfaces" in text
    assert "1.00 MB went through a tunnel" in text
    assert "Applications are measured since 10 June 2026" in text


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_that_a_stranger_chose_is_text(ledger: WrittenLedger, name: str) -> None:
    post_some(ledger, [name, "plain"])
    page = page_of(ledger)

    assert "<script" not in page
    assert "http://evil" not in [element.attributes.get("href") for element in Page(page).elements]
    assert ANCHOR in page

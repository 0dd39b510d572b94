"""Exports and a wrap-up of several machines: each of them is named with its part where interfaces of one would be."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from reports.billing.plans import Plan
from reports.billing.prices import one_price
from reports.calendar.period import Period
from reports.export.export import InterfaceTotal
from reports.formats.html import write
from reports.ledger.host import Host
from reports.ledger.reader import Bytes
from reports.templates.environment import style
from reports.wrapup.context import WrapUpContext
from reports.wrapup.wrapup import wrapup
from tests.reports.export.example_exports import year_end
from tests.reports.export.test_export_formats import OF_AN_EXPORT, parsed, written
from tests.reports.wrapup.read_page import Page

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.export.export import Export
    from reports.wrapup.wrapup import WrapUp
    from tests.conftest import Golden
    from tests.worlds.written_ledger import WrittenLedger

INDIA = ZoneInfo("Asia/Kolkata")
DAY, GIGA = 86_400, 10**9
NOW = int(datetime(2026, 6, 12, 14, 30, tzinfo=INDIA).astimezone(UTC).timestamp())
ALL = Host("all machines", "", "Linux", "1.0.0", ("all",))
HOME = Plan("home", cap_bytes=400 * GIGA, price_steps=one_price(Decimal("0.1")), currency="EUR", hosts=("all",))
OWN = Plan("own", cap_bytes=GIGA)


def family() -> Export:
    interfaces = [
        InterfaceTotal("laptop", is_counted=True, bytes=Bytes(7_917_288_424, 979_322_855, 1_500)),
        InterfaceTotal("<nas>", is_counted=True, bytes=Bytes(20_000_000_000, 6_000_000_000)),
    ]
    return year_end()._replace(host=ALL, interfaces=interfaces)


def wrapup_of(ledger: WrittenLedger, host: Host = ALL) -> WrapUp:
    """June until now: three machines, as the ledger of several has them."""
    for number, name in enumerate(("eth-desk", "eth-nas", "eth-<phone>"), start=1):
        slots = {NOW - back * DAY: (number * back * GIGA // 3, GIGA // number) for back in range(40)}
        ledger.write(slots, device=name, seen=NOW - 39 * DAY)
    with ledger.reading() as reader:
        return wrapup(reader, Period.month(2026, 6, INDIA), NOW, host, context=WrapUpContext((OWN, HOME)))


@pytest.mark.parametrize("name", OF_AN_EXPORT)
def test_an_export_of_a_family_is_as_promised(name: str, golden: Golden) -> None:
    golden(f"exports/family.{name}", written(name, family()))


@pytest.mark.parametrize("name", ["json", "toon"])
def test_an_export_says_whose_it_is(name: str) -> None:
    found = parsed(name, family())

    assert found["metadata"]["hosts"] == ["all"]
    assert found["metadata"]["device"]["hostname"] == "all machines"
    assert [each["interface"] for each in found["interfaces"]] == ["laptop", "<nas>"]
    assert "hosts" not in parsed(name, year_end())["metadata"]


def test_a_wrap_up_of_a_family_is_as_promised(new_ledger: Callable[[ZoneInfo], WrittenLedger], golden: Golden) -> None:
    page = b"".join(write(wrapup_of(new_ledger(INDIA)))).decode()

    golden("wrapup-family.html", page.replace(str(style()), ""))


def test_a_wrap_up_of_a_family_names_its_machines_with_their_parts(
    new_ledger: Callable[[ZoneInfo], WrittenLedger],
) -> None:
    found = wrapup_of(new_ledger(INDIA))
    page = Page(b"".join(write(found)).decode())
    text = " ".join(page.all("body")[0].text.split())

    assert found.file_name == "netledger_all-machines_2026-06.html"
    assert "All machines moved" in text
    assert "interface" not in text.replace("counted interface of every machine", "")
    assert page.dangers == []


@pytest.mark.parametrize(("host", "plans"), [(ALL, ["home"]), (ALL._replace(hosts=()), ["own"])], ids=["all", "this"])
def test_plans_are_those_of_the_machines(
    new_ledger: Callable[[ZoneInfo], WrittenLedger], host: Host, plans: list[str]
) -> None:
    found = wrapup_of(new_ledger(INDIA), host)

    assert [each.plan.name for each in found.plans] == plans

"""An export of scopes is of what applications moved in them, in every format."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from reports.billing.plans import Plan, PlanError
from reports.calendar.period import Period
from reports.export.export import SelectionError, export
from reports.export.file_selection import file_selection
from reports.export.slots import slot_export
from reports.formats.registry import BY_APPLICATION, FORMATS
from reports.ledger.selection import MACHINE
from reports.usage.scopes import ScopeError, UsageFilter, of_scopes
from reports.wrapup.wrapup import wrapup
from tests.reports.export.example_exports import den_host
from tests.worlds.application_rows import amounts, post_applications

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.export.export import Export
    from tests.worlds.written_ledger import WrittenLedger

ZONE = ZoneInfo("Asia/Kathmandu")
NOW = int(datetime(2026, 8, 12, 18, 0, tzinfo=ZONE).timestamp())
DAY, SLOT = 86_400, NOW // 900 * 900
MONTH = Period.month(2026, 8, ZONE)


@pytest.fixture
def ledger(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> WrittenLedger:
    """Two days of an interface, and of applications in three scopes."""
    found = new_ledger(ZONE)
    found.write({SLOT - 3 * DAY: (5000, 700), SLOT: (1, 1)})
    rows: dict[tuple[int, tuple[str, ...]], tuple[int, ...]] = {
        (SLOT - 3 * DAY, ("firefox", "internet", "tcp")): amounts(4000, 500, (1000, 100)),
        (SLOT - DAY, ("curl", "internet", "udp")): amounts(30, 20),
        (SLOT, ("sshd", "lan", "tcp")): amounts(9, 9),
        (SLOT, ("postgres", "loopback", "tcp")): amounts(77, 77),
    }
    post_applications(found, rows)
    return found


def of_internet(ledger: WrittenLedger) -> Export:
    with ledger.reading() as reader:
        return export(reader, MONTH, NOW, den_host(), of_scopes(reader, ("internet",)))


def test_its_days_are_the_bytes_of_the_scopes(ledger: WrittenLedger) -> None:
    found = of_internet(ledger)

    assert list(found.days.received) == [3000, 0, 30, 0]
    assert list(found.days.sent) == [400, 0, 20, 0]
    assert (found.scopes, found.interfaces, found.device, found.plan) == (("internet",), (), None, None)
    assert found.applications is not None
    assert [row.name for row in found.applications.applications] == ["firefox", "curl"]
    assert found.applications.total == found.days.total


@pytest.mark.parametrize("name", ["json", "toon", "llm", "markdown", "csv"])
def test_every_format_says_which_scopes(ledger: WrittenLedger, name: str) -> None:
    found = of_internet(ledger)
    text = b"".join(FORMATS[name].write(found)).decode()

    assert name == "csv" or "internet" in text.partition("firefox")[0]
    assert "eth0" not in text
    if name == "json":
        assert json.loads(text)["metadata"]["scope"] == ["internet"]
        assert json.loads(text)["summary"]["totals"]["total_bytes"] == 3450


def test_the_csv_of_applications_is_of_the_scopes(ledger: WrittenLedger) -> None:
    text = b"".join(BY_APPLICATION.write(of_internet(ledger))).decode()

    assert [line.partition(",")[0] for line in text.splitlines()[1:]] == ["firefox", "curl", "(unattributed)"]


def test_a_wrap_up_of_scopes_is_of_applications(ledger: WrittenLedger) -> None:
    with ledger.reading() as reader:
        found = wrapup(reader, MONTH, NOW, den_host(), of_scopes(reader, ("internet", "lan")))
    page = b"".join(FORMATS["html"].write(found)).decode()

    assert "Your applications moved" in page
    assert "scope internet + lan" in page
    assert 'id="applications"' in page
    assert found.file_name == "netledger_den_internet_lan_2026-08.html"


def test_quarter_hours_are_of_interfaces_alone(ledger: WrittenLedger) -> None:
    with ledger.reading() as reader, pytest.raises(SelectionError, match="resolution: quarter hours"):
        slot_export(reader, MONTH, NOW, den_host(), of_scopes(reader, ("lan",)))


def test_a_file_is_of_one_thing(ledger: WrittenLedger) -> None:
    plans = [Plan("home")]
    with ledger.reading() as reader:
        assert file_selection(reader, plans, None, UsageFilter()) == MACHINE
        assert file_selection(reader, plans, None, UsageFilter((), ("office",)), ("office",)).where == {
            "scope": ("office",)
        }
        with pytest.raises(PlanError, match="plan: 'home' and scope exclude each other"):
            file_selection(reader, plans, "home", UsageFilter((), ("lan",)))
        with pytest.raises(ScopeError, match="scope: 'lan' and interface exclude each other"):
            file_selection(reader, plans, None, UsageFilter(("eth0",), ("lan",)))

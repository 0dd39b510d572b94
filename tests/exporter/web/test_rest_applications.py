"""Applications over HTTP: their sums are the ledger's, in every answer that takes a scope."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
import pytest

from exporter.ledger.files import connect_to_read
from exporter.metering.postings import ClockState, Usage
from exporter.meters.applications.kind import APPLICATIONS
from exporter.meters.interfaces.state import interface
from exporter.meters.registry import OpenedMeter
from exporter.web.api.applications import routes
from tests.exporter.web.running_service import RunningService, running
from tests.meters.applications import FakeSource
from tests.worlds.application_rows import amounts, application_posting, post

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.worlds.fake_machine import Machine

MIDNIGHT = 1_781_202_600
"""2026-06-12T00:00 in India, a Friday; the tests begin at 14:30."""
HOUR, DAY = 3600, 86_400
BEGAN = MIDNIGHT - 20 * DAY
ODD = 'a/b\n?&%2F "é" <x>'
ROWS: dict[tuple[int, tuple[str, ...]], tuple[int, ...]] = {
    (MIDNIGHT - 6 * DAY, ("firefox", "internet", "tcp")): amounts(4000, 400),
    (MIDNIGHT - 6 * DAY, ("firefox", "loopback", "tcp")): amounts(9999, 9999),
    (MIDNIGHT - 2 * DAY, ("firefox", "internet", "udp")): amounts(5000, 500, (1000, 100)),
    (MIDNIGHT - 2 * DAY, ("wireguard", "office", "udp")): amounts(1200, 120),
    (MIDNIGHT + HOUR, ("sshd.service", "lan", "tcp")): amounts(700, 7000),
    (MIDNIGHT + HOUR, (ODD, "internet", "tcp")): amounts(1, 2),
}


@pytest.fixture
async def service(machine: Machine, unstarted: RunningService) -> AsyncIterator[RunningService]:
    """Applications of three weeks, and bytes of one that no commit has taken."""
    eth0 = interface("eth0")
    unstarted.write_before(
        slots={(MIDNIGHT + shift, eth0): Usage((9000, 8000, *[0] * 6)) for shift in (-6 * DAY, -2 * DAY, HOUR)}
    )
    clock = ClockState(machine.boot_id, machine.wall, machine.elapsed)
    post(unstarted.ledger.path, unstarted.zone, application_posting(2, ROWS, seen=BEGAN, clock=clock))
    source = FakeSource()
    unstarted.more_meters = (OpenedMeter(APPLICATIONS, source),)
    async with running(unstarted) as started:
        source.move("curl", 60, 40)
        started.pass_time()
        yield started


def parts(table: dict[str, Any]) -> dict[str, int]:
    return {name: part["total_bytes"] for name, part in table.items()}


async def test_applications_are_those_of_the_ledger_and_of_no_commit_yet(service: RunningService) -> None:
    told = await service.get("/api/applications?range=month")

    assert [(row["application"], row["total_bytes"]) for row in told["applications"]] == [
        ("firefox", 9900),
        ("sshd.service", 7700),
        ("wireguard", 1320),
        ("curl", 100),
        (ODD, 3),
    ]
    firefox = told["applications"][0]
    assert parts(firefox["scopes"]) == {"loopback": 19_998, "internet": 9900}
    assert parts(firefox["protocols"]) == {"udp": 5500, "tcp": 4400}
    assert firefox["share"] == round(9900 / 19_023, 6)
    assert (told["from"], told["to"], told["total"]) == ("2026-06-01", "2026-06-30", 5)
    assert told["summary"] == told["attributed"]
    assert told["summary"]["total_bytes"] + told["tunnel"]["total_bytes"] == 19_023
    assert told["tunnel"]["total_bytes"] == 1100
    assert told["interfaces"]["total_bytes"] == 3 * 17_000
    assert told["unattributed"]["total_bytes"] == 3 * 17_000 - 19_023 + 1100
    assert told["counting_since"].startswith("2026-05-23")


async def test_the_answer_is_the_sums_of_the_ledger(service: RunningService) -> None:
    assert (await service.ask("/api/commit", "POST")).status == 200
    told = await service.get("/api/applications?range=all&sort=name")

    query = """
        SELECT application, sum(receive_bytes), sum(transmit_bytes) FROM application_by_day
        WHERE scope <> 'loopback' GROUP BY application
    """
    with closing(connect_to_read(service.ledger.path)) as connection:
        held = connection.execute(query).fetchall()
    rows = [(row["application"], row["bytes_received"], row["bytes_sent"]) for row in told["applications"]]
    assert sorted(rows) == sorted(held)


async def test_rows_are_sorted_and_limited(service: RunningService) -> None:
    every = await service.get("/api/applications?range=month&sort=sent")
    some = await service.get("/api/applications?range=month&sort=sent&limit=2&offset=1")

    assert [row["application"] for row in some["applications"]] == ["firefox", "wireguard"]
    assert some["applications"] == every["applications"][1:3]
    assert {**some, "applications": [], "limit": None, "offset": 0} == {**every, "applications": []}


@pytest.mark.parametrize("range_name", ["today", "week", "month", "year", "all"])
async def test_an_application_has_days_that_add_up_to_its_row(service: RunningService, range_name: str) -> None:
    rows = (await service.get(f"/api/applications?range={range_name}"))["applications"]
    for row in rows:
        path = f"/api/applications/{quote(row['application'], safe='')}?range={range_name}"

        told = await service.get(path)

        days = told.pop("days")
        assert {name: value for name, value in row.items() if name != "share"}.items() <= told.items()
        assert sum(day["total_bytes"] or 0 for day in days) == row["total_bytes"]


async def test_a_name_with_slashes_needs_no_encoding(service: RunningService) -> None:
    plain = await service.get(f"/api/applications/{quote(ODD, safe='/')}")

    assert plain["application"] == ODD


async def test_a_week_begins_on_monday(service: RunningService) -> None:
    told = await service.get("/api/applications/firefox?range=week")

    assert date.fromisoformat(told["from"]).isoweekday() == 1
    assert [day["total_bytes"] for day in told["days"]] == [0, 0, 5500, 0, 0]


@pytest.mark.parametrize(
    ("scopes", "total"),
    [("scope=internet", 8903), ("scope=lan&scope=office", 9020), ("scope=loopback", 19_998)],
)
async def test_every_usage_answer_takes_scopes(service: RunningService, scopes: str, total: int) -> None:
    listed = await service.get(f"/api/applications?range=year&{scopes}")
    month = await service.get(f"/api/month?{scopes}")
    days = await service.get(f"/api/range?from=2026-06-01&to=2026-06-12&{scopes}")
    year = await service.get(f"/api/year?{scopes}")
    ever = await service.get(f"/api/summary?{scopes}")
    hours = await service.get(f"/api/hours?{scopes}")
    series = await service.get(f"/api/series?range=month&{scopes}")
    records = await service.get(f"/api/records?{scopes}")

    assert [each["summary"]["total_bytes"] for each in (listed, month, days, year, hours, series)] == [total] * 6
    assert ever["total_bytes"] == total
    assert ever["counting_since"] == month["counting_since"] == listed["counting_since"]
    assert sum(day["total_bytes"] for day in records["busiest_days"]) == total
    assert records["peak_speeds"] == {}


async def test_today_and_this_week_of_a_scope(service: RunningService) -> None:
    today = await service.get("/api/today?scope=internet")
    week = await service.get("/api/week?scope=internet")

    assert today["total_bytes"] == 103
    assert [day["total_bytes"] for day in week["days"]] == [0, 0, 4400, 0, 103]


async def refusal(service: RunningService, path: str) -> str:
    told = await service.ask(path)
    assert told.status == 400, told.text
    return str(told.json["error"])


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/api/applications?sort=size", "sort: 'size' is refused; use total, received, sent, name"),
        ("/api/applications?limit=0", "limit: '0' is refused; write a whole number from 1 to 10000"),
        ("/api/applications?offset=-1", "offset: '-1' is refused; write a whole number from 0 to 10000"),
        ("/api/applications?scope=wan", "scope: 'wan' is unknown; use loopback, lan, internet, office"),
        ("/api/month?scope=", "scope: '' is unknown; use loopback, lan, internet, office"),
        (
            "/api/today?scope=lan&interface=eth0",
            "scope: 'lan' and interface exclude each other; a scope is of applications, whatever interface they used",
        ),
        ("/api/live?scope=lan", "scope: unknown parameter; use interface"),
        (
            "/api/series?scope=lan&step=1m",
            "step: '1m' is of interfaces alone, and scopes are kept by quarter hours: use 15m, 1h, 1d",
        ),
        ("/api/applications/fierfox", "application: the ledger knows no 'fierfox'"),
        ("/api/applications/firebox", "application: the ledger knows no 'firebox'; near are firefox"),
        ("/api/applications/firefox?name=curl", "name: unknown parameter; use range, from, to, scope, hosts"),
    ],
)
async def test_what_cannot_be_answered_is_refused_with_the_rule(service: RunningService, path: str, error: str) -> None:
    assert await refusal(service, path) == error


async def test_a_percentile_of_a_scope_is_of_quarter_hours(service: RunningService) -> None:
    told = await service.get("/api/percentile?scope=lan&p=100")

    assert "five_minutes" not in told
    assert told["quarter_hours"]["total_bytes_per_second"] == round(7700 / 900)


async def test_answers_have_the_shapes_of_the_document(service: RunningService) -> None:
    for route, path in zip(routes, ("/api/applications", "/api/applications/firefox"), strict=True):
        text = (await service.ask(path)).text
        (shape,) = route.answers

        assert msgspec.to_builtins(msgspec.json.decode(text, type=shape)) == msgspec.json.decode(text)

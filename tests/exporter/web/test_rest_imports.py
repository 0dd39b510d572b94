"""Imports over HTTP: what a service adds to its ledger while it counts."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from exporter.web.page.live_frame import live_frame
from reports.calendar.days import day_of
from reports.text.amounts import human_bytes

if TYPE_CHECKING:
    from datetime import date

    from tests.exporter.web.running_service import RunningService


@pytest.fixture
def today(service: RunningService) -> date:
    return day_of(service.machine.seconds, service.zone)


def past(*rows: tuple[str, date, date, int, int], source: str = "vnstat", until: int = 2**33) -> dict[str, Any]:
    """As `netledger import` sends it: a list of fields in the order of the types."""
    listed = [[name, str(first), str(last), received, sent] for name, first, last, received, sent in rows]
    return {"source": source, "past": ["vnstat", "eth0 since then", until, listed, [], [], []]}


async def put(service: RunningService, document: dict[str, Any], status: int = 200) -> Any:
    answer = await service.ask("/api/imports", "POST", json=document)
    assert answer.status == status, answer.text
    return answer.json


def days_ago(today: date, *numbers: int) -> list[tuple[str, date, date, int, int]]:
    days = [today - timedelta(days=number) for number in numbers]
    return [("eth0", day, day, 10, 1) for day in days]


async def test_an_import_is_in_every_answer_and_leaves_with_its_source(service: RunningService, today: date) -> None:
    service.machine.move("eth0", 1000, 100)
    service.pass_time()
    before = await service.get("/api/summary")

    done = await put(service, past(*days_ago(today, *range(1, 40))))
    added = await service.get("/api/summary")
    again = await put(service, past(*days_ago(today, *range(1, 40))))

    assert (done["bytes_received"], done["bytes_sent"], done["is_same"]) == (390, 39, False)
    assert added["bytes_received"] - before["bytes_received"] == 390
    assert again["is_same"] is True
    (source,) = (await service.get("/api/imports"))["imports"]
    assert (source["source"], source["days"], source["interfaces"]) == ("vnstat", 39, ["eth0"])
    path = "/api/imports/remove?source=vnstat"
    removed = await service.ask(path, "POST")
    assert removed.json == {"source": "vnstat", "rows": 39}
    assert (await service.get("/api/summary"))["bytes_received"] == before["bytes_received"]


async def test_the_day_that_netledger_counts_itself_is_not_added(service: RunningService, today: date) -> None:
    service.machine.move("eth0", 1000, 100)
    service.pass_time()

    done = await put(service, past(("eth0", today, today, 1000, 100), *days_ago(today, 1)))

    assert (done["bytes_received"], done["bytes_sent"], done["bytes_counted_here"]) == (10, 1, 1100)


async def test_counting_goes_on_after_an_import(service: RunningService, today: date) -> None:
    """An interface that was only imported is met: what it moves is added to what it has."""
    await put(service, past(("wlan9", today - timedelta(days=3), today - timedelta(days=3), 7, 7)))
    service.machine.create("wlan9")
    service.pass_time()
    await service.get("/api/live")
    service.machine.move("wlan9", 1000, 100)
    service.pass_time()

    ever = await service.get("/api/summary?interface=wlan9")
    await service.restart()

    assert (ever["bytes_received"], ever["bytes_sent"]) == (1007, 107)
    assert (await service.get("/api/summary?interface=wlan9"))["bytes_received"] == 1007


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("eth0", "2026-01-02", "2026-01-01", 1, 1), "is reversed"),
        (("eth0", "2026-01-02", "2026-01-02", -1, 1), "-1 bytes received cannot be"),
        (("eth0", "2026-01-02", "2026-01-02", 1, 2**63), "cannot be"),
        (("eth0", "2026-02-30", "2026-02-30", 1, 1), "date"),
        (("eth0", "9999-12-31", "9999-12-31", 1, 1), "use 1970 to 2199"),
        (("eth0", "1969-12-31", "1970-01-01", 1, 1), "use 1970 to 2199"),
        (("", "2026-01-02", "2026-01-02", 1, 1), "names no interface"),
    ],
)
async def test_a_row_that_cannot_be_is_refused_with_all_others(
    row: tuple[Any, ...], reason: str, service: RunningService, today: date
) -> None:
    document = past(*days_ago(today, 1, 2))
    document["past"][3].append(list(row))

    assert reason in (await put(service, document, 400))["error"]
    assert (await service.get("/api/imports"))["imports"] == []


async def test_a_span_that_comes_twice_is_refused(service: RunningService, today: date) -> None:
    assert "twice" in (await put(service, past(*days_ago(today, 1, 1)), 400))["error"]


async def test_spans_that_begin_alike_are_kept_apart(service: RunningService, today: date) -> None:
    rows = [("eth0", today - timedelta(days=400), today - timedelta(days=400 - length), 10, 1) for length in range(50)]

    done = await put(service, past(*((*row[:3], 10 * number + 10, number + 1) for number, row in enumerate(rows))))

    assert (done["bytes_received"], done["bytes_sent"]) == (500, 50)


async def test_years_of_many_interfaces_do_not_hold_the_ledger_up(service: RunningService, today: date) -> None:
    rows = [
        (f"eth{number}", today - timedelta(days=ago), today - timedelta(days=ago), 10, 1)
        for number in range(10)
        for ago in range(1, 2000)
    ]
    await put(service, past(*rows))
    began = time.perf_counter()

    other = await put(service, {**past(*rows), "source": "another"})

    assert time.perf_counter() - began < 10
    assert other["months"] == []


async def test_a_file_of_no_time_is_refused(service: RunningService, today: date) -> None:
    assert "since 1970" in (await put(service, past(*days_ago(today, 1), until=2**40), 400))["error"]


@pytest.mark.parametrize("source", ["", "a/b", "x" * 65, "a\nb"])
async def test_a_source_has_a_plain_name(source: str, service: RunningService, today: date) -> None:
    assert "source" in (await put(service, past(*days_ago(today, 1), source=source), 400))["error"]


async def test_an_import_needs_a_key(service: RunningService, today: date) -> None:
    answer = await service.ask("/api/imports", "POST", json=past(*days_ago(today, 1)), headers={})

    assert answer.status == 401


async def in_every_place(service: RunningService) -> dict[str, tuple[int, ...]]:
    """This month and this year, as REST, /metrics and the page have them."""
    month, year = await service.get("/api/month"), await service.get("/api/year")
    page = (await service.ask("/metrics")).text
    found: dict[str, tuple[int, ...]] = {
        "REST": (month["summary"]["total_bytes"], year["summary"]["total_bytes"]),
        "/metrics": tuple(
            sum(
                int(value)
                for value in re.findall(
                    rf'^netledger_machine_period_\w+_bytes{{period="{period}"}} (\d+)\.0$', page, re.MULTILINE
                )
            )
            for period in ("month", "year")
        ),
    }
    months = re.findall(
        rf'^netledger_machine_monthly_\w+_bytes{{month="{month["month"]}"}} (\d+)\.0$', page, re.MULTILINE
    )
    assert sum(map(int, months)) == found["REST"][0]
    assert service.service._parts
    context = service.service._parts.context
    frame = live_frame(context, context.fresh_snapshot())
    assert frame.texts["month"] == human_bytes(found["REST"][0])
    return found


async def test_every_place_has_what_was_imported_and_has_it_no_more(service: RunningService, today: date) -> None:
    """Days and spans, of an interface that counts, and of one that netledger has never met."""
    service.machine.move("eth0", 1000, 100)
    service.pass_time()
    before = await in_every_place(service)
    month_ago = today.replace(day=1) - timedelta(days=20)
    rows = [
        *days_ago(today, *range(1, 60)),
        ("wlan9", today.replace(day=1), today - timedelta(days=1), 7_000, 3),
        ("wlan9", month_ago.replace(day=1), month_ago, 90_000, 5),
        ("wlan9", today.replace(month=1, day=1), today - timedelta(days=1), 900_000, 8),
        ("docker0", today, today, 5_000_000, 8),
    ]

    await put(service, past(*rows))
    added = await in_every_place(service)
    await service.restart()
    after = await in_every_place(service)
    await service.ask("/api/imports/remove?source=vnstat", "POST")

    assert added["REST"] == added["/metrics"] == after["REST"] == after["/metrics"]
    assert added["REST"][0] > before["REST"][0]
    assert await in_every_place(service) == before
    interfaces = (await service.get("/api/interfaces"))["interfaces"]
    assert {each["interface"] for each in interfaces} >= {"eth0"}


async def test_applications_are_imported_apart_from_the_machine(service: RunningService, today: date) -> None:
    day = today - timedelta(days=3)
    document = past(("browser", day, day, 700, 7))
    document["past"].append("application")
    before = await service.get("/api/summary")

    done = await put(service, document)
    await service.restart()
    found = await service.get(f"/api/applications?from={day}&to={day}")
    (source,) = (await service.get("/api/imports"))["imports"]

    assert (done["months"][0]["application"], done["bytes_received"]) == ("browser", 700)
    assert (source["applications"], source["interfaces"]) == (["browser"], [])
    (row,) = found["applications"]
    assert (row["total_bytes"], row["estimated_bytes"], row["imported_bytes"]) == (707, 707, 707)
    assert found["attributed"]["total_bytes"] == 0
    assert await service.get("/api/summary") == before
    assert (await service.ask("/api/imports/remove?source=vnstat", "POST")).json == {"source": "vnstat", "rows": 1}
    assert (await service.get(f"/api/applications?from={day}&to={day}"))["applications"] == []


async def test_nothing_else_is_imported_so(service: RunningService, today: date) -> None:
    document = past(*days_ago(today, 1))
    document["past"].append("request")

    assert "'request' is refused" in (await put(service, document, 400))["error"]

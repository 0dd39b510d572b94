"""Imported history over HTTP: every answer has the same bytes of a month, a year and all time, and says how many."""

from __future__ import annotations

import csv
import io
import re
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.archive.calendar import counted_periods
from exporter.ledger.files import connect_to_read
from reports.ledger.reader import LedgerReader
from reports.text.amounts import human_bytes

if TYPE_CHECKING:
    from tests.exporter.web.running_service import RunningService

ROWS = (
    ["eth0", "2025-02-10", "2025-12-31", 900_000_000, 90_000_000],
    ["eth0", "2026-03-01", "2026-03-31", 300_000_000, 30_000_000],
    ["eth0", "2026-04-01", "2026-04-30", 400_000_000, 40_000_000],
    *(["eth0", f"2026-05-{day:02}", f"2026-05-{day:02}", day * 1_000_000, day] for day in range(1, 32)),
    ["eth9", "2026-04-01", "2026-04-30", 7_000_000, 0],
)
"""A year and two months of which no day is known, and the days of May; an interface that netledger has never met."""

WITHIN = {"2026-03": 330_000_000, "2026-04": 447_000_000, "2026-05": 496_000_496, "2026": 1_273_000_496}
MONTHS = ("2026-03", "2026-04", "2026-05")


@pytest.fixture
async def imported(service: RunningService) -> RunningService:
    service.machine.move("eth0", 1000, 100)
    service.pass_time()
    document = {"source": "vnstat", "past": ["vnstat", "since then", 2**33, ROWS, [], [], []]}
    assert (await service.ask("/api/imports", "POST", json=document)).status == 200
    return service


def of(document: Any) -> tuple[int, int]:
    return document["total_bytes"], document.get("imported_bytes", 0)


async def exported(service: RunningService, query: str) -> tuple[int, int]:
    totals = (await service.get(f"/api/export?{query}"))["summary"]["totals"]
    text = (await service.ask(f"/api/export?{query}&format=csv")).text
    lines = list(csv.DictReader(io.StringIO(text, newline="")))
    sums = tuple(sum(int(line.get(name, 0)) for line in lines) for name in ("total_bytes", "imported_bytes"))
    assert sums == of(totals)
    return of(totals)


def gauges(text: str, name: str, label: str) -> dict[str, int]:
    families = {family.name: family.samples for family in text_string_to_metric_families(text)}
    sums: dict[str, int] = {}
    for way in ("receive", "transmit"):
        for sample in families[f"netledger_machine_{name}_{way}_bytes"]:
            sums[sample.labels[label]] = sums.get(sample.labels[label], 0) + int(sample.value)
    return sums


@pytest.mark.parametrize("month", MONTHS)
async def test_a_month_has_the_same_bytes_everywhere(month: str, imported: RunningService) -> None:
    last = {"2026-03": 31, "2026-04": 30, "2026-05": 31}[month]
    between = f"from={month}-01&to={month}-{last}"
    expected = (WITHIN[month], WITHIN[month])

    assert of((await imported.get(f"/api/month?month={month}"))["summary"]) == expected
    assert of((await imported.get(f"/api/range?{between}"))["summary"]) == expected
    (of_year,) = [row for row in (await imported.get("/api/year?year=2026"))["months"] if row["month"] == month]
    assert of(of_year) == expected
    listed = await imported.get(f"/api/periods?unit=months&{between}")
    assert [of(row) for row in listed["periods"]] == [expected]
    assert of(listed["summary"]) == expected
    assert await exported(imported, between) == expected
    metrics = (await imported.ask("/metrics")).text
    assert gauges(metrics, "monthly", "month")[month] == WITHIN[month]
    amount = human_bytes(WITHIN[month])
    page = (await imported.ask(f"/?month={month}")).text.partition('id="month"')[2].partition("</section>")[0]
    assert f">{amount}</strong>" in page
    assert f'title="{amount} of it imported from another program">imported<' in page
    wrapup = (await imported.ask(f"/api/export/wrapup?month={month}")).text.replace("\u00a0", " ")
    assert re.search(f"moved <span class=.much.>{amount}</span>", wrapup)
    assert ("days not known" in wrapup) == (month != "2026-05")


async def test_a_year_and_all_time_have_the_same_bytes_everywhere(imported: RunningService) -> None:
    counted = 1100
    year, past = WITHIN["2026"], WITHIN["2026"] + 990_000_000

    for path in ("/api/year?year=2026", "/api/range?from=2026-01-01&to=2026-06-12"):
        assert of((await imported.get(path))["summary"]) == (year + counted, year)
    years = await imported.get("/api/periods?unit=years")
    assert [of(row) for row in years["periods"]] == [(990_000_000, 990_000_000), (year + counted, year)]
    assert await exported(imported, "range=year") == (year + counted, year)
    assert await exported(imported, "range=all") == of(await imported.get("/api/summary")) == (past + counted, past)
    interfaces = (await imported.get("/api/interfaces"))["interfaces"]
    assert sum(row["lifetime"].get("imported_bytes", 0) for row in interfaces) == past
    metrics = (await imported.ask("/metrics")).text
    assert gauges(metrics, "period", "period")["year"] == year + counted
    records = await imported.get("/api/records")
    assert (records["busiest_month"]["month"], of(records["busiest_month"])) == ("2026-05", (496_000_496, 496_000_496))


async def test_a_month_before_is_in_the_last_cycle_of_a_plan(imported: RunningService) -> None:
    (plan,) = (await imported.get("/api/plans"))["plans"]
    cost = await imported.get("/api/cost?period=year&cost_per_gb=1")

    assert plan["last_cycle"]["used_bytes"] == WITHIN["2026-05"]
    assert plan.get("imported_bytes", 0) == 0
    assert cost["usage"]["total_bytes"] == WITHIN["2026"] + 1100


async def test_taken_back_nothing_is_left(imported: RunningService) -> None:
    assert (await imported.ask("/api/imports/remove?source=vnstat", "POST")).status == 200

    for path in ("/api/month?month=2026-04", "/api/year?year=2026", "/api/periods?unit=months"):
        assert "imported_bytes" not in (await imported.get(path))["summary"]
    assert await exported(imported, "range=all") == (1100, 0)
    assert "imported" not in (await imported.ask("/")).text


APPLICATIONS = (
    ["browser", "2026-01-05", "2026-01-05", 3_000, 300],
    ["browser", "2026-01-10", "2026-01-20", 600, 60],
    ["sync", "2026-01-05", "2026-01-05", 40, 4],
)
"""Of January, of which no bytes of the machine are known."""
JANUARY = "from=2026-01-01&to=2026-01-31"


@pytest.fixture
async def beside(imported: RunningService) -> RunningService:
    """With applications and requests of January."""
    document = {"source": "airtraffic", "past": ["airtraffic", "it", 2**33, APPLICATIONS, [], [], [], "application"]}
    assert (await imported.ask("/api/imports", "POST", json=document)).status == 200
    first = int(datetime(2026, 1, 7, 12, tzinfo=UTC).timestamp())
    events = [
        ["shop", (first + number) * 1_000_000, "GET", "/items/{id}", 200, 1_000, 0, 0, "/items/7", "192.0.2.1", "", ""]
        for number in range(5)
    ]
    begun = {"step": "open", "source": "old", "kind": "kind", "identity": "", "digest": "d", "services": ["shop"]}
    opened = await imported.ask("/api/imports/requests", "POST", json=begun)
    number = opened.json["number"]
    for step in ({"step": "add", "number": number, "part": 0, "events": events}, {"step": "finish", "number": number}):
        assert (await imported.ask("/api/imports/requests", "POST", json=step)).status == 200
    return imported


async def test_applications_of_days_without_bytes_are_the_same_everywhere(beside: RunningService) -> None:
    answer = await beside.get(f"/api/applications?{JANUARY}")
    document = await beside.get(f"/api/export?{JANUARY}")
    text = (await beside.ask(f"/api/export?{JANUARY}&format=csv&table=applications")).text
    lines = [line for line in csv.DictReader(io.StringIO(text, newline="")) if line["scope"]]

    rows = {row["application"]: of(row) for row in answer["applications"]}
    assert rows == {"browser": (3_960, 3_960), "sync": (44, 44)}
    assert document["applications"] == answer["applications"]
    assert {row["imported_from"][0] for row in answer["applications"]} == {"airtraffic"}
    assert {line["application"]: (int(line["total_bytes"]), int(line["imported_bytes"])) for line in lines} == rows
    wrapup = (await beside.ask("/api/export/wrapup?month=2026-01")).text.replace("\u00a0", " ")
    assert re.search(r"Your applications moved <span class=.much.>4.00 kB</span> in January 2026", wrapup)
    assert "3.96 kB · 99 %, imported" in wrapup


async def test_requests_of_days_without_bytes_are_the_same_everywhere(beside: RunningService) -> None:
    (service,) = (await beside.get(f"/api/requests/services?{JANUARY}"))["services"]
    (route,) = (await beside.get(f"/api/requests/routes?{JANUARY}&service=shop"))["routes"]
    found = (await beside.get(f"/api/export?{JANUARY}"))["requests"]
    text = (await beside.ask(f"/api/export?{JANUARY}&format=csv&table=requests")).text
    (line,) = csv.DictReader(io.StringIO(text, newline=""))

    assert (service["requests"], service["imported_requests"]) == (5, 5)
    assert (route["requests"], route["imported_requests"]) == (5, 5)
    assert (found["services"], found["busiest_routes"], found["imported_requests"]) == ([service], [route], 5)
    assert (line["requests"], line["imported_requests"]) == ("5", "5")
    wrapup = (await beside.ask("/api/export/wrapup?month=2026-01")).text
    assert "<td>5, imported</td>" in wrapup


async def test_months_of_which_no_bytes_are_known_are_in_the_archive(beside: RunningService) -> None:
    with closing(connect_to_read(beside.ledger.path)) as connection:
        reader = LedgerReader(connection)
        names = [period.name for period in counted_periods(reader, beside.machine.seconds)]

    assert "2026-01" in names
    assert "2026-02" not in names


async def test_metrics_say_until_when_history_is_imported_and_count_none_of_it(beside: RunningService) -> None:
    metrics = (await beside.ask("/metrics")).text

    assert "netledger_application_receive_bytes_total{" not in metrics
    families = {family.name: family.samples for family in text_string_to_metric_families(metrics)}
    (until,) = families["netledger_imported_until_timestamp_seconds"]
    assert (until.labels, until.value) == ({}, datetime(2026, 6, 1, tzinfo=beside.zone).timestamp())


async def test_where_nothing_is_imported_no_metric_says_until_when(service: RunningService) -> None:
    service.machine.move("eth0", 1000, 100)
    service.pass_time()

    assert "netledger_imported_until" not in (await service.ask("/metrics")).text

"""Exports over HTTP: each format as a download, tags, nonsense, and ten years while the service answers others."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import sqlite3
import tomllib
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
import msgspec
import pytest
import toon_format

from exporter.metering.counters.readings import Counts
from exporter.metering.counters.speeds import Speeds
from exporter.metering.postings import Usage
from exporter.meters.interfaces.state import interface
from exporter.web.api.export import disposition
from exporter.web.http.documents import SHORT_BYTES
from reports.billing.plans import Plan
from reports.formats.document import ExportDocument
from reports.formats.json.slots import SlotDocument
from reports.formats.registry import FORMATS, SLOT_FORMATS
from tests.exporter.web.running_service import RunningService, running
from tests.reports.export.example_exports import HOSTILE_NAMES, export_with, year_end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.worlds.fake_machine import Machine

JUNE_1, TODAY = 1_780_290_000, 1_781_253_900
"""2026-06-01T05:00Z, 2026-06-12T08:45Z; the tests begin at 09:00Z."""
FIRST_OF_MANY = date(2000, 1, 1)
CONTENT_TYPES = {
    "json": "application/json",
    "csv": "text/csv",
    "llm": "text/plain",
    "toon": "text/toon",
    "markdown": "text/markdown",
    "html": "text/html",
}


@pytest.fixture
async def known(unstarted: RunningService, machine: Machine) -> AsyncIterator[RunningService]:
    """Two days of eth0, which counts, and one of tun0, which does not."""
    machine.create("tun0", is_physical=False)
    unstarted.write_before(
        slots={
            (JUNE_1, interface("eth0")): Usage(Counts(5_000, 1_000), 0, Speeds(40, 20, 60)),
            (TODAY, interface("eth0")): Usage(Counts(20_000, 3_000), 500, Speeds(50, 30, 80)),
            (TODAY, interface("tun0")): Usage(Counts(400, 100), 0, Speeds(5, 4, 9)),
        }
    )
    plans = (Plan("home"), Plan("tun, nel", ("tun*",)))
    unstarted.plans = plans
    async with running(unstarted) as started:
        yield started


@pytest.fixture
async def long(unstarted: RunningService) -> AsyncIterator[RunningService]:
    """More days than are sent at once: eth0 since 2000."""
    unstarted.write_before(slots={(JUNE_1, interface("eth0")): Usage(Counts(1, 1), 0, Speeds())})
    first = (FIRST_OF_MANY - date(1970, 1, 1)).days
    rows = ((day, 10**9 + day, 10**8 + day, 10**6) for day in range(first, JUNE_1 // 86_400))
    with contextlib.closing(sqlite3.connect(unstarted.ledger.path)) as connection, connection:
        connection.executemany(
            "INSERT INTO interface_day (day, subject, receive_bytes, transmit_bytes, peak_speed) "
            "SELECT ?, id, ?, ?, ? FROM subject WHERE key = 'eth0'",
            rows,
        )
    async with running(unstarted) as started:
        yield started


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize("name", FORMATS)
async def test_each_format_is_a_download_with_its_type_and_name(name: str, known: RunningService) -> None:
    answer = await known.ask(f"/api/export?format={name}&from=2026-06-01")

    assert answer.status == 200
    assert answer.headers["Content-Type"] == FORMATS[name].content_type
    assert answer.headers["Content-Type"].startswith(CONTENT_TYPES[name])
    assert f'_2026-06-01_2026-06-12.{FORMATS[name].suffix}"' in answer.headers["Content-Disposition"]
    kind = "inline" if name == "json" else "attachment"
    assert answer.headers["Content-Disposition"].startswith(f'{kind}; filename="netledger_')
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_every_format_has_the_numbers_of_the_ledger(known: RunningService) -> None:
    total = (await known.get("/api/summary"))["total_bytes"]

    document = await known.get("/api/export")
    sections = tomllib.loads((await known.ask("/api/export/llm")).text)
    rows = rows_of((await known.ask("/api/export?format=csv")).text)
    toon: Any = toon_format.decode((await known.ask("/api/export?format=toon")).text)
    report = (await known.ask("/api/export?format=markdown")).text

    assert document["summary"]["totals"]["total_bytes"] == total == 29_000
    assert sections["totals"]["total_bytes"] == sum(int(row["total_bytes"]) for row in rows) == total
    assert {**toon, "metadata": None} == {**document, "metadata": None}
    assert "(29,000 bytes)" in report
    assert msgspec.to_builtins(msgspec.convert(document, ExportDocument)) == document
    assert [(row["interface"], row["counted"], row["total_bytes"]) for row in document["interfaces"]] == [
        ("eth0", True, 29_000),
        ("tun0", False, 500),
    ]


async def test_what_is_not_posted_yet_is_exported_too(known: RunningService, machine: Machine) -> None:
    machine.move("eth0", 700, 50)
    known.pass_time()

    assert (await known.get("/api/export"))["summary"]["totals"]["total_bytes"] == 29_750


SPANS = {
    "range=today": ["2026-06-12"],
    "range=week": [f"2026-06-{day:02}" for day in range(8, 13)],
    "from=2026-06-01&to=2026-06-02": ["2026-06-01", "2026-06-02"],
    "range=custom&from=2026-06-11": ["2026-06-11", "2026-06-12"],
    "range=custom&from=2020-01-01&to=2020-01-31": [],
    "interface=tun0&range=today": ["2026-06-12"],
}


@pytest.mark.parametrize("query", SPANS)
async def test_a_range_is_its_days(query: str, known: RunningService) -> None:
    rows = rows_of((await known.ask(f"/api/export?format=csv&{query}")).text)

    assert [row["date"] for row in rows] == SPANS[query]


async def test_one_interface_is_exported_alone(known: RunningService) -> None:
    document = await known.get("/api/export?interface=tun0")

    assert document["metadata"]["interface"] == "tun0"
    assert document["summary"]["totals"]["total_bytes"] == 500
    assert [row["interface"] for row in document["interfaces"]] == ["tun0"]


@pytest.mark.parametrize(("plan", "total", "names"), [("home", 29_000, ["eth0"]), ("tun, nel", 500, ["tun0"])])
async def test_a_plan_is_exported_alone(plan: str, total: int, names: list[str], known: RunningService) -> None:
    document = await known.get(f"/api/export?plan={quote(plan)}")
    sections = tomllib.loads((await known.ask(f"/api/export/llm?plan={quote(plan)}")).text)

    assert (document["metadata"]["plan"], document["metadata"]["interface"]) == (plan, None)
    assert document["summary"]["totals"]["total_bytes"] == sections["totals"]["total_bytes"] == total
    assert [row["interface"] for row in document["interfaces"]] == names
    assert sections["meta"]["plan"] == plan


@pytest.fixture
async def of_slots(unstarted: RunningService) -> AsyncIterator[RunningService]:
    """Every quarter hour of 200 days of eth0."""
    slots = {(JUNE_1 - 900 * number, interface("eth0")): Usage(Counts(10**9 + number, 5), 0, Speeds(9, 9, 9))
             for number in range(96 * 200)}  # fmt: skip
    unstarted.write_before(slots=slots)
    async with running(unstarted) as started:
        yield started


@pytest.mark.parametrize("name", SLOT_FORMATS)
async def test_slots_are_a_download_of_their_own(name: str, known: RunningService) -> None:
    answer = await known.ask(f"/api/export?format={name}&resolution=slot&from=2026-06-01")
    head = await known.ask(f"/api/export?format={name}&resolution=slot&from=2026-06-01", "HEAD")
    again = await known.ask(
        f"/api/export?format={name}&resolution=slot&from=2026-06-01",
        headers={"If-None-Match": answer.headers["ETag"]},
    )
    by_day = await known.ask(f"/api/export?format={name}&from=2026-06-01")

    assert (answer.status, head.status, head.text, again.status) == (200, 200, "", 304)
    assert answer.headers["Content-Type"] == by_day.headers["Content-Type"]
    assert f'_2026-06-01_2026-06-12.slots.{name}"' in answer.headers["Content-Disposition"]
    assert answer.headers["ETag"] == head.headers["ETag"] != by_day.headers["ETag"]


async def test_slots_have_the_sum_of_their_days_and_what_waits_once(known: RunningService, machine: Machine) -> None:
    machine.move("eth0", 700, 50)
    known.pass_time()

    document = await known.get("/api/export?resolution=slot")
    rows = rows_of((await known.ask("/api/export?resolution=slot&format=csv")).text)

    total = document["summary"]["totals"]["total_bytes"]
    assert total == (await known.get("/api/summary"))["total_bytes"] == 29_750
    assert sum(row["total_bytes"] for row in document["slot_data"]) == total
    assert [row["total_bytes"] for row in rows] == [str(row["total_bytes"]) for row in document["slot_data"]]
    assert [(row["start"], row["interface"]) for row in document["slot_data"]] == [
        ("2026-06-01T10:30:00+05:30", "eth0"),
        ("2026-06-12T14:15:00+05:30", "eth0"),
        ("2026-06-12T14:30:00+05:30", "eth0"),
    ]
    assert msgspec.to_builtins(msgspec.convert(document, SlotDocument)) == document


async def test_slots_are_written_while_others_are_counted_and_answered(
    of_slots: RunningService, machine: Machine
) -> None:
    expected = (await of_slots.get("/api/export?resolution=slot&range=custom&from=2026-06-01"))["summary"]["totals"]
    async with (
        aiohttp.ClientSession(read_bufsize=4096) as session,
        session.get(of_slots.url + "/api/export?resolution=slot") as slow,
    ):
        begun = await slow.content.readexactly(1000)
        machine.move("eth0", 700, 50)
        of_slots.pass_time()
        for _ in range(3):
            assert await asyncio.wait_for(of_slots.get("/api/today"), 5)
        document = msgspec.json.decode(begun + await slow.content.read(), type=SlotDocument)

    assert "Content-Length" not in slow.headers
    assert expected["total_bytes"] < document.summary.totals.total_bytes
    assert sum(row.total_bytes for row in document.slot_data) == document.summary.totals.total_bytes
    assert {row.resolution for row in document.slot_data} == {"slot"}
    assert len(document.slot_data) >= 96 * 200


async def test_an_export_that_cannot_go_on_is_broken_off(of_slots: RunningService) -> None:
    async with (
        aiohttp.ClientSession(read_bufsize=4096) as session,
        session.get(of_slots.url + "/api/export?resolution=slot") as slow,
    ):
        await slow.content.readexactly(1000)
        with without_table(of_slots.ledger.path, "interface_slot"), pytest.raises(aiohttp.ClientPayloadError):
            await slow.content.read()

    assert (await of_slots.ask("/api/export?resolution=slot", "HEAD")).status == 200


@contextlib.contextmanager
def without_table(path: Path, table: str) -> Iterator[None]:
    """While the block runs, a table of the ledger has another name."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA legacy_alter_table = ON")
        connection.execute(f"ALTER TABLE {table} RENAME TO taken_away")
        try:
            yield
        finally:
            connection.execute(f"ALTER TABLE taken_away RENAME TO {table}")


NONSENSE = {
    "resolution=minute": "resolution: 'minute' is refused; use day, slot",
    "resolution=slot&format=toon": "resolution: 'slot' is for json, csv; toon tells of days",
    "resolution=slot&format=llm": "resolution: 'slot' is for json, csv; llm tells of days",
    "resolution=slot&format=markdown": "resolution: 'slot' is for json, csv; markdown tells of days",
    "resolution=slot&interface=eth7": "interface: the ledger knows no 'eth7'",
    "plan=office": "plan: there is no 'office'; use home, tun, nel",
    "plan=home&interface=eth0": "plan: 'home' and interface exclude each other; a plan has its own interfaces",
    "format=xlsx": "format: 'xlsx' is refused; use json, csv, llm, toon, markdown",
    "format=pdf": "format: 'pdf' is refused; use json, csv, llm, toon, markdown, html",
    "range=decade": "range: 'decade'",
    "range=custom": "range: 'custom' needs from and to",
    "from=2026-02-30": "from: '2026-02-30' is not a date",
    "to=x": "to: 'x' is not a date",
    "from=2026-06-02&to=2026-06-01": "from: '2026-06-02' is not before",
    "range=week&from=2026-06-01": "range: 'week' and from or to",
    "interface=eth7": "interface: the ledger knows no 'eth7'",
    "colour=red": "colour: unknown parameter",
    "first=2026-06-01": "first: unknown parameter",
    "range=week&range=year": "range: given more than once",
}


@pytest.mark.parametrize("query", NONSENSE)
async def test_nonsense_is_400_with_the_rule(query: str, known: RunningService) -> None:
    answer = await known.ask(f"/api/export?{query}")

    assert answer.status == 400
    assert answer.json["error"].startswith(NONSENSE[query])


async def test_an_unchanged_export_is_not_sent_again(known: RunningService, machine: Machine) -> None:
    path = "/api/export?range=custom&from=2026-06-01&to=2026-06-05"
    tag = (await known.ask(path)).headers["ETag"]
    known.pass_time(3)

    again = await known.ask(path, headers={"If-None-Match": f'"other", {tag}'})
    machine.move("eth0", 700, 50)
    known.pass_time()
    of_other_days = await known.ask(path, headers={"If-None-Match": tag})
    everything = await known.ask("/api/export", headers={"If-None-Match": tag})

    assert tag.startswith('W/"')
    assert (again.status, again.text, again.headers["ETag"]) == (304, "", tag)
    assert of_other_days.status == 304
    assert everything.status == 200


async def test_a_tag_is_of_a_format_a_range_an_interface_and_a_plan(known: RunningService) -> None:
    paths = (
        "",
        "?format=csv",
        "?format=toon",
        "?range=year",
        "?interface=eth0",
        "?interface=tun0",
        "?plan=home",
        "/llm",
    )

    tags = {(await known.ask(f"/api/export{path}")).headers["ETag"] for path in paths}

    assert len(tags) == len(paths)


async def test_a_head_has_the_headers_and_no_body(known: RunningService) -> None:
    answer = await known.ask("/api/export?format=csv", "HEAD")

    assert (answer.status, answer.text) == (200, "")
    assert "ETag" in answer.headers
    assert "attachment" in answer.headers["Content-Disposition"]


async def test_an_empty_ledger_is_exported_as_such(service: RunningService) -> None:
    answer = await service.ask("/api/export?range=custom&from=2020-01-01&to=2020-02-01&format=markdown")

    assert "Nothing is counted in this range yet" in answer.text


async def test_a_long_export_is_complete_and_comes_in_chunks(long: RunningService) -> None:
    told_all = await long.ask("/api/export")

    assert "Content-Length" not in told_all.headers
    assert len(told_all.text) > 2 * SHORT_BYTES
    days = told_all.json["daily_data"]
    assert len(days) == (date(2026, 6, 12) - FIRST_OF_MANY).days + 1
    assert (days[0]["date"], days[-1]["date"]) == ("2000-01-01", "2026-06-12")
    assert sum(day["total_bytes"] for day in days) == (await long.get("/api/summary"))["total_bytes"]


async def test_the_service_answers_while_somebody_reads_slowly(long: RunningService) -> None:
    async with (
        aiohttp.ClientSession(read_bufsize=4096) as session,
        session.get(long.url + "/api/export?format=toon") as slow,
    ):
        await slow.content.readexactly(1000)

        for _ in range(3):
            assert await asyncio.wait_for(long.get("/api/today"), 5)
        assert (await long.ask("/metrics")).status == 200
        rest = await slow.content.read()

    assert rest.endswith(b"\n")


async def test_a_client_that_goes_away_leaves_nothing_behind(long: RunningService) -> None:
    async with aiohttp.ClientSession(read_bufsize=4096) as session:
        for _ in range(5):
            async with session.get(long.url + "/api/export?format=toon") as response:
                await response.content.readexactly(1000)
                response.close()

    assert (await long.ask("/api/export?format=csv")).status == 200


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_file_name_is_safe_ascii_whatever_the_host_is_called(name: str) -> None:
    export = year_end()
    header = disposition(export._replace(host=export.host._replace(name=name)), FORMATS["csv"])

    plain, _, extended = header.partition("; filename*=UTF-8''")
    assert plain.startswith('attachment; filename="netledger_')
    assert plain.endswith('_2025-12-30_2026-01-02.csv"')
    assert set(plain[len('attachment; filename="') : -1]) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
    )
    assert extended.isascii()
    assert not set(extended) & set(' "\\;\r\n/')


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_files_of_two_interfaces_have_two_names(name: str) -> None:
    header = disposition(year_end()._replace(device=name or None), FORMATS["csv"])

    assert ("netledger_den_2025-12-30_" in header) is not bool(name)
    assert header.startswith('attachment; filename="netledger_den_')
    assert header.isascii()
    assert header.isprintable()


def test_a_file_of_nothing_says_so_in_its_name() -> None:
    assert disposition(export_with(), FORMATS["csv"]) == 'attachment; filename="netledger_den_empty.csv"'


async def test_a_csv_of_five_columns_is_as_packetbuddys_readers_count_them(known: RunningService) -> None:
    basic = await known.ask("/api/export?format=csv&columns=basic&range=today")
    whole = await known.ask("/api/export?format=csv&columns=all&range=today")

    assert basic.text == "date,bytes_sent,bytes_received,total_bytes,peak_speed\r\n2026-06-12,3000,20000,23000,80\r\n"
    assert [line.split(",")[:5] for line in whole.text.splitlines()] == [
        line.split(",") for line in basic.text.splitlines()
    ]
    assert whole.headers["ETag"] != basic.headers["ETag"]


@pytest.mark.parametrize(
    "query", ["format=json&columns=basic", "format=csv&resolution=slot&columns=basic", "columns=five"]
)
async def test_columns_are_chosen_for_a_csv_of_days_alone(known: RunningService, query: str) -> None:
    told = await known.ask(f"/api/export?{query}")

    assert told.status == 400
    assert told.json["error"].startswith("columns: ")


async def test_html_is_the_wrap_up_of_this_year(known: RunningService) -> None:
    exported = await known.ask("/api/export?format=html")
    year = await known.ask("/api/export/wrapup")

    assert exported.text == year.text
    assert "in 2026 so far" in exported.text
